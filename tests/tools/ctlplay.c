/* SPDX-License-Identifier: ISC */
/*
 * ctlplay: a bootwardctl that does what no bootwardctl does: half imports,
 * leases that cannot be, requests where none is due, floods.  For each thing
 * that it tries it says how the store took it.
 *
 *	ctlplay [-s socket] WHAT [N]
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"

#define CHUNK	32
#define WAIT_MS	10000

static const char	*path = CTL_SOCKET;

struct talk {
	struct imsgbuf	 ib;
};

static struct talk *
talk_begin(void)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };
	struct talk		*t = xcalloc(1, sizeof(*t));
	int			 fd;

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
	imsg_init(&t->ib, fd, PROC_CTL, PROC_STORE);
	return (t);
}

static void
talk_end(struct talk *t)
{
	imsg_clear(&t->ib);
	free(t);
}

static void
talk_send(struct talk *t, enum msg_type type, const void *data, size_t len)
{
	struct pollfd	pfd = { .fd = t->ib.fd, .events = POLLOUT };

	(void)imsg_send(&t->ib, type, 0, -1, data, len);
	while (imsg_flush(&t->ib) == 0)
		(void)poll(&pfd, 1, WAIT_MS);
}

/* What the store says at the end. */
static void
talk_result(struct talk *t, const char *what)
{
	struct pollfd		 pfd = { .fd = t->ib.fd, .events = POLLIN };
	const struct ctl_end	*end;
	struct imsg		 msg;
	int			 got;

	for (;;) {
		if ((got = imsg_get(&t->ib, &msg)) == -1) {
			printf("%s: closed\n", what);
			return;
		}
		if (got == 0 && poll(&pfd, 1, WAIT_MS) < 1) {
			printf("%s: nothing\n", what);
			return;
		}
		if (got == 1 && msg.type == MSG_CTL_END)
			break;
	}
	end = msg.data;
	printf("%s: %d %.*s\n", what, end->code, (int)sizeof(end->text),
	    end->text);
}

/* The nth lease of 10.77.64.0 and on. */
static void
lease_make(struct ctl_import *l, unsigned int n)
{
	struct wbuf	w;

	memset(l, 0, sizeof(*l));
	l->version = MSG_VERSION;
	l->addr = 0x0a4d4000 + n;
	l->line = n + 1;
	l->start_wall = clock_wall() - 100;
	l->expire_wall = l->start_wall + 3600;
	wbuf_init(&w, l->mac.b, sizeof(l->mac.b));
	wbuf_u16(&w, 0x0200);
	wbuf_u32(&w, n);
	memcpy(l->id, "\1\2\3", 3);
	l->id_len = 3;
	memcpy(l->hostname, "host", 5);
}

static void
leases_send(struct talk *t, unsigned int first, unsigned int n, int last)
{
	static struct ctl_import	l[CHUNK];
	unsigned int			i, part;

	for (; n > 0; n -= part, first += part) {
		part = n < CHUNK ? n : CHUNK;
		for (i = 0; i < part; i++)
			lease_make(&l[i], first + i);
		l[part - 1].last = (uint32_t)(last && part == n);
		talk_send(t, MSG_CTL_IMPORT, l, part * sizeof(l[0]));
	}
}

/* What may not be in a lease. */

static void
bad_addr(struct ctl_import *l)
{
	l->addr = 0;
}

static void
bad_name_end(struct ctl_import *l)
{
	memset(l->hostname, 'a', sizeof(l->hostname));
}

static void
bad_name(struct ctl_import *l)
{
	memcpy(l->hostname, "a\nb", 4);
}

static void
bad_owner(struct ctl_import *l)
{
	memset(&l->mac, 0, sizeof(l->mac));
	l->id_len = 0;
}

static void
bad_start(struct ctl_import *l)
{
	l->start_wall = INT64_MIN;
}

static void
bad_end(struct ctl_import *l)
{
	l->expire_wall = INT64_MAX - 1;
}

static const struct {
	const char	*name;
	void		(*spoil)(struct ctl_import *);
} spoilers[] = {
	{ "address", bad_addr }, { "owner", bad_owner },
	{ "name", bad_name }, { "endless name", bad_name_end },
	{ "start", bad_start }, { "end", bad_end },
};

static void
play_bad(unsigned int n)
{
	struct ctl_import	l;
	struct talk		*t;
	size_t			 i;

	for (i = 0; i < nitems(spoilers); i++) {
		t = talk_begin();
		leases_send(t, 0, n, 0);
		lease_make(&l, n);
		spoilers[i].spoil(&l);
		talk_send(t, MSG_CTL_IMPORT, &l, sizeof(l));
		talk_result(t, spoilers[i].name);
		talk_end(t);
	}
}

/* It hangs up before the end. */
static void
play_half(unsigned int n)
{
	struct talk	*t = talk_begin();

	leases_send(t, 0, n, 0);
	talk_end(t);
	printf("half: done\n");
}

static void
play_version(unsigned int n)
{
	struct talk		*t = talk_begin();
	struct ctl_import	 l;

	lease_make(&l, n);
	l.version = MSG_VERSION + 1;
	talk_send(t, MSG_CTL_IMPORT, &l, sizeof(l));
	talk_result(t, "version");
	/* The rest of the file is thrown away; then it may try again. */
	leases_send(t, 0, 1, 1);
	leases_send(t, 0, 1, 1);
	talk_result(t, "again");
	talk_end(t);
}

static void
play_mix(unsigned int n)
{
	struct ctl_request	 req = { .version = MSG_VERSION };
	struct ctl_explain	 ask = { .version = MSG_VERSION };
	struct talk		*t = talk_begin();

	leases_send(t, 0, n, 0);
	talk_send(t, MSG_CTL_SHOW_STATUS, &req, sizeof(req));
	talk_result(t, "status within");
	talk_end(t);
	t = talk_begin();
	leases_send(t, 0, n, 0);
	talk_send(t, MSG_CTL_EXPLAIN, &ask, sizeof(ask));
	talk_result(t, "explain within");
	talk_end(t);
}

/* It goes on after the last one. */
static void
play_late(unsigned int n)
{
	struct talk	*t = talk_begin();

	leases_send(t, 0, n, 1);
	leases_send(t, 0, n, 1);
	talk_result(t, "late");
	talk_end(t);
}

static void
play_two(unsigned int n)
{
	struct talk	*a = talk_begin(), *b = talk_begin();

	leases_send(a, 0, n, 0);
	(void)usleep(200000);
	leases_send(b, 0, 2 * CHUNK, 1);
	talk_result(b, "the second");
	leases_send(a, n, 1, 1);
	talk_result(a, "the first");
	leases_send(b, 0, 1, 1);
	talk_result(b, "then the second");
	talk_end(a);
	talk_end(b);
}

static const struct {
	const char	*name;
	void		(*play)(unsigned int);
} plays[] = {
	{ "bad", play_bad }, { "half", play_half }, { "late", play_late },
	{ "version", play_version }, { "mix", play_mix }, { "two", play_two },
};

int
main(int argc, char **argv)
{
	size_t	i;
	int	ch;

	log_init("ctlplay", -1, 1);
	while ((ch = getopt(argc, argv, "s:")) != -1)
		if (ch == 's')
			path = optarg;
		else
			errx(2, "usage: ctlplay [-s socket] what [n]");
	argc -= optind;
	argv += optind;
	for (i = 0; argc > 0 && i < nitems(plays); i++)
		if (strcmp(argv[0], plays[i].name) == 0) {
			plays[i].play(argc > 1 ?
			    (unsigned int)atoi(argv[1]) : 1);
			return (0);
		}
	errx(2, "usage: ctlplay [-s socket] what [n]");
}
