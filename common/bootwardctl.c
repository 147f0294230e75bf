/* SPDX-License-Identifier: ISC */
/*
 * bootwardctl: asks the store and shows what it says.  Runs as whoever calls
 * it, holding one connection to the control socket; what it may do is decided
 * at the other end of that.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

enum { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE };

/* What stands behind the words of a command. */
enum args { ARGS_NONE, ARGS_HOST, ARGS_HOSTS, ARGS_INSTALL };

static const char *const args_text[] = {
	[ARGS_NONE] = "",
	[ARGS_HOST] = " HOST",
	[ARGS_HOSTS] = " HOST...",
	[ARGS_INSTALL] = " [-f] HOST... [image NAME]",
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
	{ "trace",	 ARGS_HOST,    MSG_CTL_TRACE,	    0 },
	{ "monitor",	 ARGS_NONE,    MSG_CTL_MONITOR,	    LIVE },
	{ "install",	 ARGS_INSTALL, MSG_CTL_INSTALL,	    CHANGE },
	{ "cancel",	 ARGS_HOSTS,   MSG_CTL_CANCEL,	    CHANGE },
	{ "reload",	 ARGS_NONE,    MSG_CTL_RELOAD,	    CHANGE },
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
		    args_text[commands[i].args]);
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
	if ((cmd->args == ARGS_NONE && argc != 0) ||
	    (cmd->args == ARGS_HOST && argc != 1) ||
	    (cmd->args >= ARGS_HOSTS && argc == 0))
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

/* One request and all that is said to it; the exit code. */
static int
ctl_ask(const struct command *cmd, const char *host, const char *image,
    int force)
{
	struct ctl_request	 req;
	const struct ctl_end	*end;
	struct imsg		 msg;

	memset(&req, 0, sizeof(req));
	req.version = MSG_VERSION;
	req.force = (uint32_t)(force || (cmd->flags & FLAG) != 0);
	name_copy(req.name, host);
	name_copy(req.image, image);
	/* If it does not arrive, reading says so. */
	(void)imsg_send(&ib, cmd->type, 0, -1, &req, sizeof(req));
	for (;;) {
		ctl_get(&msg);
		if (msg.type == MSG_CTL_STATUS)
			out->status(msg.data);
		else if (msg.type == MSG_CTL_HOST)
			out->host(msg.data);
		else if (msg.type == MSG_CTL_LEASE)
			out->lease(msg.data);
		else if (msg.type == MSG_CTL_EVENT)
			out->event(msg.data);
		else if (msg.type == MSG_CTL_TEXT)
			ctl_text(msg.data, msg.len);
		else
			break;
	}
	end = msg.data;
	if (end->code != 0 || (cmd->flags & CHANGE) != 0)
		out->result(host, end);
	return (end->code == 0 ? EXIT_DONE : EXIT_REFUSED);
}

int
main(int argc, char **argv)
{
	const struct command	*cmd;
	const char		*path = CTL_SOCKET, *image;
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

	ctl_connect(path);
	out->begin((cmd->flags & LIVE) != 0);
	if (argc == 0)
		code = ctl_ask(cmd, "", "", 0);
	for (i = 0; i < argc; i++)
		code |= ctl_ask(cmd, argv[i], image, force);
	out->end();
	return (code);
}
