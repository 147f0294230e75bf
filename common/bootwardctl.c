/* SPDX-License-Identifier: ISC */
/*
 * bootwardctl: asks the store and shows what it says.  Runs as whoever calls
 * it, holding one connection to the control socket; what it may do is decided
 * at the other end of that.  Files to be imported it reads itself.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"
#include "output.h"

enum { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE };

/* What stands behind the words of a command. */
enum args {
	ARGS_NONE, ARGS_HOST, ARGS_HOSTS, ARGS_INSTALL, ARGS_ADDRESS,
	ARGS_EXPLAIN, ARGS_IMPORT
};

/* How they are written, and how many there may be. */
static const struct {
	const char	*text;
	int		 min, max;
} args[] = {
	[ARGS_NONE] = { "", 0, 0 },
	[ARGS_HOST] = { " HOST", 1, 1 },
	[ARGS_HOSTS] = { " HOST...", 1, INT_MAX },
	[ARGS_INSTALL] = { " [-f] HOST... [image NAME]", 1, INT_MAX },
	[ARGS_ADDRESS] = { " ADDRESS", 1, 1 },
	[ARGS_EXPLAIN] = { " MAC [arch N] [stage ipxe] [relay ADDRESS]", 1, 7 },
	[ARGS_IMPORT] = { " isc|kea|dnsmasq FILE", 2, 2 },
};

enum flags {
	LIVE = 0x1,		/* has no end */
	FLAG = 0x2,		/* sets the flag of the request */
	CHANGE = 0x4		/* the end says what became of it */
};

static const struct command {
	const char	*words;
	enum args	 args;
	enum msg_type	 type;
	int		 flags;
} commands[] = {
	{ "show status", ARGS_NONE,    MSG_CTL_SHOW_STATUS, 0 },
	{ "show hosts",	 ARGS_NONE,    MSG_CTL_SHOW_HOSTS,  0 },
	{ "show leases", ARGS_NONE,    MSG_CTL_SHOW_LEASES, 0 },
	{ "show arp",	 ARGS_NONE,    MSG_CTL_SHOW_ARP,    0 },
	{ "trace",	 ARGS_HOST,    MSG_CTL_TRACE,	    0 },
	{ "monitor",	 ARGS_NONE,    MSG_CTL_MONITOR,	    LIVE },
	{ "install",	 ARGS_INSTALL, MSG_CTL_INSTALL,	    CHANGE },
	{ "cancel",	 ARGS_HOSTS,   MSG_CTL_CANCEL,	    CHANGE },
	{ "reload",	 ARGS_NONE,    MSG_CTL_RELOAD,	    CHANGE },
	{ "explain",	 ARGS_EXPLAIN, MSG_CTL_EXPLAIN,	    0 },
	{ "release",	 ARGS_ADDRESS, MSG_CTL_RELEASE,	    CHANGE },
	{ "import leases", ARGS_IMPORT, MSG_CTL_IMPORT,	    CHANGE },
	{ "log brief",	 ARGS_NONE,    MSG_CTL_VERBOSE,	    CHANGE },
	{ "log verbose", ARGS_NONE,    MSG_CTL_VERBOSE,	    CHANGE | FLAG },
};

static const struct output	*out = &output_text;
static struct imsgbuf		 ib;

/* Finding the command. */

static void __attribute__((__noreturn__))
usage(const char *why, const char *what)
{
	size_t	i;

	if (why != NULL)
		(void)fprintf(stderr, "bootwardctl: %s%s\n", why, what);
	(void)fprintf(stderr, "usage: bootwardctl [-j] [-s socket] command\n");
	for (i = 0; i < nitems(commands); i++)
		(void)fprintf(stderr, "\t%s%s\n", commands[i].words,
		    args[commands[i].args].text);
	exit(EXIT_USAGE);
}

/*
 * Do the arguments begin with these words or beginnings of them?  Returns how
 * many words there are, 0, or -1 when some are missing.  exact counts those
 * that are complete.
 */
static int
words_match(const char *words, int argc, char **argv, int *exact)
{
	size_t	len, given;
	int	n;

	*exact = 0;
	for (n = 0; *words != '\0'; n++) {
		if (n >= argc)
			return (-1);
		len = strcspn(words, " ");
		given = strlen(argv[n]);
		if (given == 0 || given > len ||
		    strncmp(words, argv[n], given) != 0)
			return (0);
		*exact += given == len;
		words += len + (words[len] == ' ');
	}
	return (n);
}

static const struct command *
command_find(int argc, char **argv, int *nwords)
{
	const struct command	*found = NULL;
	size_t			 i;
	int			 n, exact, best = -1, same = 0, missing = 0;

	if (argc == 0)
		usage(NULL, NULL);
	for (i = 0; i < nitems(commands); i++) {
		n = words_match(commands[i].words, argc, argv, &exact);
		missing |= n == -1;
		if (n <= 0 || exact < best)
			continue;
		same = exact == best;
		best = exact;
		found = &commands[i];
		*nwords = n;
	}
	if (found == NULL && missing)
		usage("what is to follow? ", argv[0]);
	if (found == NULL)
		usage("no such command: ", argv[0]);
	if (same)
		usage("more than one command begins so: ", argv[0]);
	return (found);
}

/* "image NAME" at the end is not two hosts. */
static const char *
args_image(const struct command *cmd, int *argc, char **argv)
{
	if (cmd->args != ARGS_INSTALL || *argc < 3 ||
	    strcmp(argv[*argc - 2], "image") != 0)
		return ("");
	*argc -= 2;
	return (argv[*argc + 1]);
}

static void
args_check(const struct command *cmd, int argc)
{
	if (argc < args[cmd->args].min || argc > args[cmd->args].max)
		usage("wrong number of arguments for ", cmd->words);
}

/* Talking to the store. */

static void
ctl_connect(const char *path)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	int			fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		usage("the name of the socket is too long: ", path);
	memcpy(sun.sun_path, path, strlen(path));
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		(void)fprintf(stderr, "bootwardctl: %s: %s%s\n", path,
		    strerror(errno), errno == EACCES ?
		    "; only root and the socket's group may talk to bootward" :
		    "; is bootward running?");
		exit(EXIT_REFUSED);
	}
	imsg_init(&ib, fd, PROC_CTL, PROC_STORE);
}

static void
name_copy(char name[NAME_LEN], const char *text)
{
	if (strlen(text) >= NAME_LEN)
		usage("too long a name: ", text);
	memcpy(name, text, strlen(text));
}

static void
ctl_get(struct imsg *msg)
{
	struct pollfd	pfd = { .fd = ib.fd, .events = POLLIN };
	int		got;

	while ((got = imsg_get(&ib, msg)) == 0)
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			fatal("poll");
	if (got == -1) {
		out->explained(NULL, 0);
		out->end();
		(void)fprintf(stderr, "bootwardctl: the store has closed the "
		    "connection\n");
		exit(EXIT_REFUSED);
	}
}

/* Lines from the parent: errors of a configuration, a script's last words. */
static void
ctl_text(const char *text, size_t len)
{
	size_t	i;
	int	c = '\n';

	for (i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		(void)fputc(c == '\n' || (c >= 0x20 && c <= 0x7e) ? c : '?',
		    stderr);
	}
	if (c != '\n')
		(void)fputc('\n', stderr);
}

/* Send one message; if it does not arrive, reading says so. */
static void
ctl_send(enum msg_type type, const void *data, size_t len)
{
	struct pollfd	pfd = { .fd = ib.fd, .events = POLLOUT };

	(void)imsg_send(&ib, type, 0, -1, data, len);
	while (imsg_flush(&ib) == 0)
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			fatal("poll");
}

/* All that is said to a request about something; the exit code. */
static int
ctl_answer(const struct command *cmd, const char *kind, const char *name)
{
	const struct ctl_end	*end;
	struct imsg		 msg;

	for (;;) {
		ctl_get(&msg);
		if (msg.type == MSG_CTL_STATUS)
			out->status(msg.data);
		else if (msg.type == MSG_CTL_HOST)
			out->host(msg.data);
		else if (msg.type == MSG_CTL_LEASE)
			out->lease(msg.data);
		else if (msg.type == MSG_CTL_ARP)
			arp_take(msg.data, msg.count);
		else if (msg.type == MSG_CTL_EVENT)
			out->event(msg.data);
		else if (msg.type == MSG_CTL_TEXT &&
		    cmd->type == MSG_CTL_EXPLAIN)
			explained_take(out, msg.data, msg.len);
		else if (msg.type == MSG_CTL_TEXT)
			ctl_text(msg.data, msg.len);
		else
			break;
	}
	if (cmd->type == MSG_CTL_EXPLAIN)
		explained_end(out);
	if (cmd->type == MSG_CTL_SHOW_ARP)
		arp_end(out);
	end = msg.data;
	if (end->code != 0 || (cmd->flags & CHANGE) != 0)
		out->result(kind, name, end);
	return (end->code == 0 ? EXIT_DONE : EXIT_REFUSED);
}

static int
ctl_ask(const struct command *cmd, const char *name, const char *image,
    int force)
{
	struct ctl_request	 req;

	memset(&req, 0, sizeof(req));
	req.version = MSG_VERSION;
	req.force = (uint32_t)(force || (cmd->flags & FLAG) != 0);
	name_copy(req.name, name);
	name_copy(req.image, image);
	ctl_send(cmd->type, &req, sizeof(req));
	return (ctl_answer(cmd, cmd->args == ARGS_ADDRESS ? "address" : "host",
	    name));
}

/* "MAC [arch N] [stage ipxe] [relay ADDRESS]" */
static void
explain_words(struct ctl_explain *ask, int argc, char **argv)
{
	int64_t	n;
	int	i;

	memset(ask, 0, sizeof(*ask));
	ask->version = MSG_VERSION;
	ask->arch = NONE;
	if (mac_parse(argv[0], &ask->mac) == -1 ||
	    !mac_is_unicast(ask->mac))
		usage("not an Ethernet address of a machine: ", argv[0]);
	if (argc % 2 == 0)
		usage("what is to follow? ", argv[argc - 1]);
	for (i = 1; i < argc; i += 2)
		if (strcmp(argv[i], "arch") == 0) {
			if (import_number(argv[i + 1], UINT16_MAX - 1, &n) ==
			    -1)
				usage("not a number of option 93: ",
				    argv[i + 1]);
			ask->arch = (uint32_t)n;
		} else if (strcmp(argv[i], "relay") == 0) {
			if (addr_parse(argv[i + 1], &ask->relay) == -1)
				usage("not an address: ", argv[i + 1]);
		} else if (strcmp(argv[i], "stage") == 0 &&
		    strcmp(argv[i + 1], "ipxe") == 0)
			ask->ipxe = 1;
		else
			usage("arch N, stage ipxe or relay ADDRESS, not ",
			    argv[i]);
}

static void
import_say(const char *line, void *arg)
{
	(void)arg;
	ctl_text(line, strlen(line));
}

static enum import_format
import_format(const char *name)
{
	enum import_format	f;

	for (f = 0; f < IMPORT_MAX; f++)
		if (strcmp(name, import_names[f]) == 0)
			return (f);
	usage("not isc, kea or dnsmasq: ", name);
}

/* The whole file is understood, or nothing of it is sent. */
static void
import_load(struct import *im, char **argv)
{
	static const struct ctl_end	wrong = { .code = 1,
	    .text = "nothing has been imported" };
	static const struct ctl_end	none = {
	    .text = "there is no lease in it" };
	const enum import_format	format = import_format(argv[0]);

	memset(im, 0, sizeof(*im));
	im->say = import_say;
	if (import_read(im, format, argv[1]) == 0 && im->n > 0)
		return;
	out->begin(0);
	out->result("file", argv[1], im->errors > 0 ? &wrong : &none);
	out->end();
	exit(im->errors > 0 ? EXIT_REFUSED : EXIT_DONE);
}

static int
ctl_import(const struct command *cmd, struct import *im, const char *file)
{
	const size_t	most = MSG_FITS(struct ctl_import);
	size_t		i, n;

	for (i = 0; i < im->n; i++)
		im->lease[i].version = MSG_VERSION;
	im->lease[im->n - 1].last = 1;
	for (i = 0; i < im->n; i += n) {
		n = im->n - i < most ? im->n - i : most;
		ctl_send(cmd->type, &im->lease[i], n * sizeof(im->lease[0]));
	}
	import_free(im);
	return (ctl_answer(cmd, "file", file));
}

int
main(int argc, char **argv)
{
	const struct command	*cmd;
	const char		*path = CTL_SOCKET, *image;
	struct ctl_explain	 explain;
	struct import		 im;
	int			 ch, i, n = 0, force = 0, code = EXIT_DONE;

	log_init("bootwardctl", -1, 1);
	while ((ch = getopt(argc, argv, "fjs:")) != -1)
		if (ch == 'f')
			force = 1;
		else if (ch == 'j')
			out = &output_json;
		else if (ch == 's')
			path = optarg;
		else
			usage(NULL, NULL);
	argc -= optind;
	argv += optind;
	cmd = command_find(argc, argv, &n);
	argc -= n;
	argv += n;
	image = args_image(cmd, &argc, argv);
	args_check(cmd, argc);
	if (force && cmd->args != ARGS_INSTALL)
		usage("-f is for ", "install");

	if (cmd->args == ARGS_EXPLAIN)
		explain_words(&explain, argc, argv);
	if (cmd->args == ARGS_IMPORT)
		import_load(&im, argv);

	ctl_connect(path);
	out->begin((cmd->flags & LIVE) != 0);
	if (cmd->args == ARGS_IMPORT)
		code = ctl_import(cmd, &im, argv[1]);
	else if (cmd->args == ARGS_EXPLAIN) {
		ctl_send(cmd->type, &explain, sizeof(explain));
		code = ctl_answer(cmd, "mac", argv[0]);
	} else if (argc == 0)
		code = ctl_ask(cmd, "", "", 0);
	else
		for (i = 0; i < argc; i++)
			code |= ctl_ask(cmd, argv[i], image, force);
	out->end();
	return (code);
}
