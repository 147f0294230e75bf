/* SPDX-License-Identifier: ISC */
/*
 * ksdplay: plays the parent and the store of one ksd: ksdplay KSD UID ROOT
 * ADDRESS PORT STATUS-PORT ACCESS.  What the store knows comes as commands on
 * standard input; what ksd says goes to standard output, a line each.
 *
 *	lease ADDRESS HOST		the address is leased to the host
 *	ticket HOST STATE TOKEN		"-" for no token
 *	answer HOST TOKEN NAME FILE	"-" for a file that answers to any name
 *	sync				that was all
 *	mute, talk			whether inputs move tickets
 *	part, meet			take the store away, and bring it back
 *	pid				print "pid N"
 *
 * It ends with ksd.  Runs as root.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"

#define HOSTS	16

static struct imsgbuf	 parent, store, dhcpd;
static struct msg_ticket tickets[HOSTS];
static size_t		 ntickets;
static int		 mute, linked;
static pid_t		 ksd_pid;

static int
listen_on(const char *address, uint16_t port)
{
	struct sockaddr_in	sin;
	const int		on = 1;
	int			fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(port);
	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1 ||
	    (fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)(void *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 1024) == -1)
		err(1, "listen on %s %u", address, port);
	return (fd);
}

static void
give_sock(enum sock_kind kind, const char *address, const char *port)
{
	struct msg_sock	sock;
	int		fd;

	memset(&sock, 0, sizeof(sock));
	sock.id = kind + 1;
	sock.kind = kind;
	(void)snprintf(sock.ifname, sizeof(sock.ifname), "%s",
	    kind == SOCK_HTTP ? "bw0" : "");
	fd = listen_on(address, (uint16_t)atoi(port));
	(void)imsg_send(&parent, MSG_SOCK, 0, fd, &sock, sizeof(sock));
	(void)close(fd);
}

/* A new link to a sibling, which is us. */
static void
give_link(struct imsgbuf *ib, enum proc who)
{
	struct msg_peer	peer = { .proc = who };
	int		fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		err(1, "socketpair");
	imsg_init(ib, fds[0], who, PROC_KSD);
	(void)imsg_send(&parent, MSG_PEER, 0, fds[1], &peer, sizeof(peer));
	(void)close(fds[1]);
}

static void
give_store(void)
{
	give_link(&store, PROC_STORE);
	linked = 1;
}

static struct conf *
make_conf(const char *root, const char *access)
{
	struct conf		*conf = conf_new();
	struct conf_host	*host;
	struct conf_image	*image;
	struct conf_initrd	*initrd;
	struct conf_loader	*loader;
	int			 i;

	(void)snprintf(conf->global->root, PATH_LEN, "%s", root);
	conf->global->access = strcmp(access, "lease") == 0 ? ACCESS_LEASE :
	    strcmp(access, "token") == 0 ? ACCESS_TOKEN : ACCESS_ANY;
	image = conf_add_image(conf);
	(void)snprintf(image->name, NAME_LEN, "tiny");
	(void)snprintf(image->kernel, PATH_LEN, "tiny/linux");
	(void)snprintf(image->append, TEXT_LEN, "ks=$answer/ks.cfg");
	(void)snprintf(image->answer, NAME_LEN, "tiny");
	(void)snprintf(image->packages, PATH_LEN, "tiny");
	initrd = conf_add_initrd(conf);
	(void)snprintf(initrd->path, PATH_LEN, "tiny/initrd");
	loader = conf_add_loader(conf);
	loader->arch = LOADER_EFI64_HTTP;
	(void)snprintf(loader->path, PATH_LEN, "snponly.efi");
	for (i = 1; i <= 2; i++) {
		host = conf_add_host(conf);
		(void)snprintf(host->name, NAME_LEN, "web%d", i);
		(void)snprintf(host->image, NAME_LEN, "tiny");
		host->group = NONE;
	}
	return (conf);
}

static void
play_start(char **argv)
{
	struct msg_start	 start;
	struct msg_iface	 iface;
	struct conf		*conf = make_conf(argv[3], argv[7]);

	memset(&start, 0, sizeof(start));
	start.uid = start.gid = (uint32_t)strtoul(argv[2], NULL, 10);
	start.parent = getpid();
	start.verbose = 1;
	(void)snprintf(start.root, sizeof(start.root), "%s", argv[3]);
	memset(&iface, 0, sizeof(iface));
	(void)snprintf(iface.name, sizeof(iface.name), "bw0");
	iface.index = iface.up = iface.naddrs = 1;
	iface.prefix[0] = 8;
	if (addr_parse(argv[4], &iface.addr[0]) == -1)
		errx(2, "address %s", argv[4]);
	(void)imsg_send(&parent, MSG_START, 0, -1, &start, sizeof(start));
	(void)conf_send(&parent, conf);
	(void)imsg_send(&parent, MSG_IFACE, 0, -1, &iface, sizeof(iface));
	give_sock(SOCK_HTTP, argv[4], argv[5]);
	give_sock(SOCK_STATUS, argv[4], argv[6]);
	give_store();
	give_link(&dhcpd, PROC_DHCPD);
	(void)imsg_send(&parent, MSG_RUN, 0, -1, NULL, 0);
	conf_free(conf);
}

/* Commands. */

static void
do_lease(char **word)
{
	struct msg_grant	lease;

	memset(&lease, 0, sizeof(lease));
	lease.state = LEASE_BOUND;
	lease.expire_us = mono_add_s(clock_now(), 3600).us;
	lease.mac = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
	(void)snprintf(lease.host, sizeof(lease.host), "%s", word[2]);
	if (addr_parse(word[1], &lease.addr) == 0)
		(void)imsg_send(&dhcpd, MSG_GRANT, 0, -1, &lease,
		    sizeof(lease));
}

static struct msg_ticket *
ticket_of(const char *host)
{
	size_t	i;

	for (i = 0; i < ntickets; i++)
		if (strcmp(tickets[i].host, host) == 0)
			return (&tickets[i]);
	if (ntickets == HOSTS)
		errx(1, "too many hosts");
	(void)snprintf(tickets[ntickets].host, NAME_LEN, "%s", host);
	(void)snprintf(tickets[ntickets].image, NAME_LEN, "tiny");
	return (&tickets[ntickets++]);
}

static void
do_ticket(char **word)
{
	struct msg_ticket	*t = ticket_of(word[1]);
	uint32_t		 state;

	for (state = 0; state < TICKET_MAX; state++)
		if (strcmp(ticket_names[state], word[2]) == 0)
			t->state = state;
	t->expire_us = INT64_MAX;
	(void)snprintf(t->token, sizeof(t->token), "%s",
	    strcmp(word[3], "-") == 0 ? "" : word[3]);
	(void)imsg_send(&store, MSG_TICKET, 0, -1, t, sizeof(*t));
}

static void
do_answer(char **word)
{
	struct msg_answer	answer;
	char			data[4096];
	ssize_t			n;
	int			from, fd;

	memset(&answer, 0, sizeof(answer));
	(void)snprintf(answer.host, sizeof(answer.host), "%s", word[1]);
	(void)snprintf(answer.token, sizeof(answer.token), "%s", word[2]);
	(void)snprintf(answer.name, sizeof(answer.name), "%s",
	    strcmp(word[3], "-") == 0 ? "" : word[3]);
	if ((from = open(word[4], O_RDONLY)) == -1 ||
	    (fd = memfd_create("answer", MFD_CLOEXEC)) == -1)
		err(1, "%s", word[4]);
	for (; (n = read(from, data, sizeof(data))) > 0;
	    answer.size += (uint32_t)n)
		if (write(fd, data, (size_t)n) != n)
			err(1, "write");
	(void)imsg_send(&store, MSG_ANSWER, 0, fd, &answer, sizeof(answer));
	(void)close(from);
	(void)close(fd);
}

static void
do_sync(char **word)
{
	(void)word;
	(void)imsg_send(&dhcpd, MSG_GRANT_SYNC, 0, -1, NULL, 0);
	(void)imsg_send(&store, MSG_TICKET_SYNC, 0, -1, NULL, 0);
}

static void
do_mute(char **word)
{
	mute = strcmp(word[0], "mute") == 0;
}

static void
do_part(char **word)
{
	(void)word;
	imsg_clear(&store);
	linked = 0;
}

static void
do_meet(char **word)
{
	(void)word;
	give_store();
}

static void
do_pid(char **word)
{
	(void)word;
	printf("pid %d\n", ksd_pid);
}

static void
command(char *line)
{
	static const struct {
		const char	*name;
		int		 words;
		void		(*fn)(char **);
	} commands[] = {
		{ "lease", 3, do_lease }, { "ticket", 4, do_ticket },
		{ "answer", 5, do_answer }, { "sync", 1, do_sync },
		{ "mute", 1, do_mute }, { "talk", 1, do_mute },
		{ "part", 1, do_part }, { "meet", 1, do_meet },
		{ "pid", 1, do_pid }
	};
	char	*word[6], *last, *w;
	size_t	 i;
	int	 n = 0;

	for (w = strtok_r(line, " \n", &last); w != NULL && n < 6;
	    w = strtok_r(NULL, " \n", &last))
		word[n++] = w;
	for (i = 0; n > 0 && i < nitems(commands); i++)
		if (strcmp(word[0], commands[i].name) == 0 &&
		    n == commands[i].words) {
			commands[i].fn(word);
			printf("ok %s\n", word[0]);
			return;
		}
	errx(2, "bad command");
}

/* What ksd says. */

static void
got_event(const struct imsg *msg)
{
	const struct msg_event	*e = msg->data;
	char			 addr[ADDR_STRLEN];
	size_t			 i;

	for (i = 0; i < msg->count; i++)
		printf("event %s %s %s %u %llu %s\n", step_names[e[i].step],
		    addr_str(e[i].addr, addr),
		    e[i].host[0] == '\0' ? "-" : e[i].host, e[i].percent,
		    (unsigned long long)e[i].bytes, e[i].text);
}

static void
got_input(const struct imsg *msg)
{
	const struct msg_input	*in = msg->data;
	struct msg_ticket	*t = ticket_of(in->host);

	printf("input %u %s\n", in->input, in->host);
	if (mute)
		return;
	t->state = ticket_next((enum ticket_state)t->state,
	    (enum ticket_input)in->input);
	(void)imsg_send(&store, MSG_TICKET, 0, -1, t, sizeof(*t));
}

static void
got_from(struct imsgbuf *ib, const char *name)
{
	struct imsg	msg;
	int		got;

	while ((got = imsg_get(ib, &msg)) == 1) {
		if (msg.type == MSG_EVENT)
			got_event(&msg);
		else if (msg.type == MSG_INPUT)
			got_input(&msg);
		else if (msg.type == MSG_READY)
			printf("ready\n");
	}
	if (got == -1 && ib == &parent)
		exit(0);
	if (got == -1) {
		printf("%s lost\n", name);
		do_part(NULL);
	}
}

static void
got_log(int fd)
{
	char	line[LOG_LINE_MAX];
	ssize_t	n;

	while ((n = recv(fd, line, sizeof(line), MSG_DONTWAIT)) > 0)
		printf("log %c %.*s\n", line[0], (int)n - 1, line + 1);
}

static void
loop(int logger)
{
	struct pollfd	pfd[4];
	char		line[1024];

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	for (;;) {
		pfd[0] = (struct pollfd){ .fd = 0, .events = POLLIN };
		pfd[1] = (struct pollfd){ .fd = parent.fd, .events = POLLIN };
		pfd[2] = (struct pollfd){ .fd = logger, .events = POLLIN };
		pfd[3] = (struct pollfd){ .fd = linked ? store.fd : -1,
		    .events = POLLIN };
		if (poll(pfd, 4, -1) == -1)
			err(1, "poll");
		if (pfd[2].revents != 0)
			got_log(logger);
		if (pfd[1].revents != 0)
			got_from(&parent, "ksd");
		if (pfd[3].revents != 0)
			got_from(&store, "link");
		if (pfd[0].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			exit(0);
		command(line);
	}
}

static void
run_ksd(const char *program, int link, int logger)
{
	/* The capabilities stay when the uid changes, as with our parent's. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == -1)
		_exit(126);
	if (dup2(link, 101) == -1 || dup2(logger, 102) == -1 ||
	    dup2(101, FD_PARENT) == -1 || dup2(102, FD_LOG) == -1)
		_exit(126);
	(void)close_range(FD_LOG + 1, ~0U, 0);
	(void)execl(program, "ksd", (char *)NULL);
	_exit(126);
}

int
main(int argc, char **argv)
{
	int	link[2], logger[2];

	if (argc != 8)
		errx(2, "usage: ksdplay KSD UID ROOT ADDRESS PORT "
		    "STATUS-PORT lease|token|any");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, link) == -1 ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, logger) == -1)
		err(1, "socketpair");
	(void)signal(SIGPIPE, SIG_IGN);
	if ((ksd_pid = fork()) == -1)
		err(1, "fork");
	if (ksd_pid == 0)
		run_ksd(argv[1], link[1], logger[1]);
	(void)close(link[1]);
	(void)close(logger[1]);
	imsg_init(&parent, link[0], PROC_PARENT, PROC_KSD);
	play_start(argv);
	loop(logger[0]);
	return (0);
}
