/* SPDX-License-Identifier: ISC */
/*
 * control_test.c: what sessions of bootwardctl ask about leases, against a
 * back end in memory that can be told to fail: imports that are whole, in
 * part, refused, and made of any octets; releases; explanations.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"
#include "unit.h"

#define A(x)		(0x0a4d0000U + (x))	/* 10.77.0.0/16 */
#define RESERVED	A(0x201)
#define DISK_MAX	65536
#define TURNS		2000		/* of the loop, 5 ms each at most */

static struct msg_lease	*disk[DISK_MAX];	/* by the end of the address */
static size_t		 ndisk, nstores, fail_from = SIZE_MAX;
static int		 ntold;

/* The store. */

static int
fake_lease(uint32_t addr, struct msg_lease *l)
{
	const struct msg_lease	*have = disk[addr % DISK_MAX];

	if (have == NULL || have->addr != addr)
		return (0);
	*l = *have;
	return (1);
}

static const struct backend fake = { .name = "fake", .lease = fake_lease };

const struct backend	*db = &fake;
struct ctl_counter	 store_counters[COUNT_MAX];

int
store_flush(void)
{
	return (0);
}

void
store_flush_soon(void)
{
}

void
store_event(struct msg_event *event, mono_t now)
{
	(void)now;
	ntold += event->step == STEP_NOTE;
}

void
store_clock_now(struct store_clock *clock, mono_t now)
{
	clock->boot_id = "";
	clock->boot_us = now.us;
	clock->wall_us = clock_wall() * 1000000;
}

int
store_leases(const struct msg_lease *l, size_t n, mono_t now)
{
	struct msg_lease	**at;
	size_t			  i;

	(void)now;
	if (nstores++ >= fail_from)
		return (ENOSPC);
	for (i = 0; i < n; i++) {
		at = &disk[l[i].addr % DISK_MAX];
		if (*at == NULL) {
			*at = xcalloc(1, sizeof(**at));
			ndisk++;
		}
		**at = l[i];
	}
	return (0);
}

static void
disk_clear(void)
{
	size_t	i;

	for (i = 0; i < DISK_MAX; i++) {
		free(disk[i]);
		disk[i] = NULL;
	}
	ndisk = nstores = 0;
	fail_from = SIZE_MAX;
}

static const struct msg_lease *
on_disk(uint32_t addr)
{
	return (disk[addr % DISK_MAX]);
}

/* A client. */

static struct imsgbuf	client;
static char		said[PATH_LEN], text[4096];
static int		code;

static void
loop(void)
{
	(void)event_base_loop(child.base, EVLOOP_NONBLOCK);
}

static void
begin(int admin)
{
	const struct msg_ctl_conn	conn = { .admin = (uint32_t)admin };
	int				pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		fatal("socketpair");
	imsg_init(&client, pair[0], PROC_CTL, PROC_STORE);
	control_accept(&conn, pair[1]);
}

static void
end(void)
{
	imsg_clear(&client);
	loop();
	loop();
}

/* Until it is answered: the code, -1 when the session is closed, -2 never. */
static int
answer(void)
{
	const struct ctl_end	*e;
	struct pollfd		 pfd = { .fd = client.fd, .events = POLLIN };
	struct imsg		 msg;
	int			 got, turns;

	said[0] = text[0] = '\0';
	for (turns = 0; turns < TURNS; turns++) {
		(void)imsg_flush(&client);
		loop();
		while ((got = imsg_get(&client, &msg)) == 1) {
			if (msg.type == MSG_CTL_TEXT &&
			    strlen(text) + msg.len + 2 < sizeof(text)) {
				(void)strncat(text, msg.data, msg.len);
				(void)strcat(text, "\n");
			}
			if (msg.type != MSG_CTL_END)
				continue;
			e = msg.data;
			(void)snprintf(said, sizeof(said), "%s", e->text);
			return (code = e->code);
		}
		if (got == -1)
			return (code = -1);
		(void)poll(&pfd, 1, 5);
	}
	return (code = -2);
}

static int
says(const char *what)
{
	if (strcmp(said, what) == 0)
		return (1);
	printf("# said: %s\n", said);
	return (0);
}

/* Imports. */

static struct ctl_import
lease(uint32_t addr, int64_t left)
{
	struct ctl_import	l;
	struct wbuf		w;

	memset(&l, 0, sizeof(l));
	l.version = MSG_VERSION;
	l.addr = addr;
	l.line = addr & 0xffff;
	l.start_wall = clock_wall() - 100;
	l.expire_wall = left == INT64_MAX ? left : clock_wall() + left;
	wbuf_init(&w, l.mac.b, sizeof(l.mac.b));
	wbuf_u16(&w, 0x0200);
	wbuf_u32(&w, addr);
	wbuf_init(&w, l.id, sizeof(l.id));
	wbuf_printf(&w, "id %u", addr);
	l.id_len = (uint8_t)w.len;
	(void)snprintf(l.hostname, sizeof(l.hostname), "h%u", addr);
	return (l);
}

static void
send_leases(const struct ctl_import *l, size_t n)
{
	if (imsg_send_many(&client, MSG_CTL_IMPORT, 0, l, sizeof(*l), n) == -1)
		printf("# the session does not listen\n");
}

static void
send_range(uint32_t first, uint32_t n, int64_t left, int last)
{
	struct ctl_import	*l = xcalloc(n, sizeof(*l));
	uint32_t		 i;

	for (i = 0; i < n; i++)
		l[i] = lease(first + i, left);
	l[n - 1].last = (uint32_t)last;
	send_leases(l, n);
	free(l);
}

static void
test_import(void)
{
	const mono_t		 now = clock_now();
	const struct msg_lease	*l;
	struct ctl_import	 one;

	begin(1);
	send_range(A(0x1000), 3000, 3600, 1);
	CHECK(answer() == 0 && says("imported 3000, expired 0, skipped 0"));
	CHECK_NAMED(ndisk == 3000 && nstores > 3, "in several pieces");
	l = on_disk(A(0x1abc));
	CHECK(l != NULL && l->addr == A(0x1abc) && l->state == LEASE_BOUND);
	CHECK(l->id_len > 3 && memcmp(l->id, "id ", 3) == 0 &&
	    l->hostname[0] == 'h' && l->mac.b[0] == 2);
	CHECK(l->expire_us > mono_add_s(now, 3590).us &&
	    l->expire_us < mono_add_s(now, 3660).us);
	CHECK(l->start_us < mono_add_s(now, -90).us);
	/* The same session again: all have them. */
	send_range(A(0x1000), 3, 3600, 1);
	CHECK(answer() == 0 && says("imported 0, expired 0, skipped 3 "
	    "(10.77.16.0: already leased)"));
	CHECK(strstr(text, "line 4097: 10.77.16.1: already leased\n") != NULL);
	one = lease(A(5), INT64_MAX);
	one.last = 1;
	send_leases(&one, 1);
	CHECK(answer() == 0 && on_disk(A(5))->expire_us == INT64_MAX);
	end();
}

static void
test_judged(void)
{
	struct ctl_import	l[6];

	disk_clear();
	begin(1);
	l[0] = lease(A(1), -100);		/* over */
	l[1] = lease(RESERVED, 100);		/* of web1, whose MAC is 2 */
	l[2] = lease(RESERVED + 1, 100);
	memcpy(l[2].mac.b, "\x52\x54\0\0\0\2", 6);
	l[3] = lease(0x0b000001, 100);		/* no subnet */
	l[4] = lease(A(2), 100);
	l[4].start_wall = clock_wall() + 1000;	/* begins later than now */
	l[5] = lease(A(3), 100);
	l[5].start_wall = 0;			/* nobody knows since when */
	l[5].last = 1;
	send_leases(l, 6);
	CHECK(answer() == 0 && says("imported 3, expired 1, skipped 2 "
	    "(10.77.2.1: reserved for another host)"));
	CHECK(strstr(text, "11.0.0.1: in no subnet") != NULL);
	CHECK(on_disk(A(1))->state == LEASE_FREE);
	CHECK(strcmp(on_disk(RESERVED + 1)->host, "web1") == 0);
	CHECK(on_disk(A(2))->start_us <= clock_now().us);
	CHECK(on_disk(A(3))->start_us <= clock_now().us);
	/* What is over does not take the place of what came after it. */
	l[0] = lease(A(1), -200);
	l[0].last = 1;
	send_leases(l, 1);
	CHECK(answer() == 0 && says("imported 0, expired 0, skipped 1 "
	    "(10.77.0.1: a later client of it is known)"));
	/* But a lease that lasts does. */
	l[0] = lease(A(1), 200);
	l[0].last = 1;
	send_leases(l, 1);
	CHECK(answer() == 0 && on_disk(A(1))->state == LEASE_BOUND);
	end();
}

static void
test_failures(void)
{
	disk_clear();
	fail_from = 2;
	begin(1);
	send_range(A(0x1000), 3000, 3600, 1);
	CHECK(answer() == 1);
	CHECK(strstr(said, "then the store could not write: No space") != NULL);
	CHECK(ndisk > 0 && ndisk < 3000);
	fail_from = SIZE_MAX;
	send_range(A(0x1000), 3000, 3600, 1);
	CHECK_NAMED(answer() == 0 && ndisk == 3000, "the rest, later");
	end();

	disk_clear();
	begin(1);
	send_range(A(0x1000), 3000, 3600, 0);
	end();
	CHECK_NAMED(ndisk == 0, "half of it is nothing");
	begin(0);
	send_range(A(0x1000), 100, 3600, 1);
	CHECK(answer() == 1 && strstr(said, "only root") != NULL);
	end();
	CHECK(ndisk == 0);
	/* Whoever hangs up after the last one has said all. */
	begin(1);
	send_range(A(0x1000), 3000, 3600, 1);
	while (imsg_flush(&client) == 0)
		loop();
	end();
	while (ndisk < 3000 && nstores < 1000)
		loop();
	CHECK(ndisk == 3000);
}

/* Records of any octets: closed, or taken as far as they make sense. */
static void
test_octets(void)
{
	struct ctl_import	l[8];
	uint8_t			octets[sizeof(l)];
	unsigned int		seed = 3, sane = 0;
	size_t			i, run;

	for (run = 0; run < 3000; run++) {
		for (i = 0; i < 8; i++)
			l[i] = lease(A(0x4000 + (uint32_t)i), 3600);
		memcpy(octets, l, sizeof(l));
		for (i = 0; i <= run % 7; i++) {
			seed = seed * 1103515245 + 12345;
			octets[(seed >> 8) % sizeof(octets)] =
			    (uint8_t)(seed >> 24);
		}
		memcpy(l, octets, sizeof(l));
		l[0].version = MSG_VERSION;
		l[7].last = 1;
		begin(1);
		send_leases(l, 8);
		sane += answer() == 0;
		end();
	}
	CHECK_NAMED(sane > 100 && sane < run, "some were still leases");
	begin(1);
	send_range(A(0x5000), 1, 3600, 1);
	CHECK_NAMED(answer() == 0, "and all goes on");
	end();
}

/* Releases. */

static void
ask(enum msg_type type, const char *name)
{
	struct ctl_request	req = { .version = MSG_VERSION };

	(void)snprintf(req.name, sizeof(req.name), "%s", name);
	(void)imsg_send(&client, type, 0, -1, &req, sizeof(req));
}

static void
test_release(void)
{
	struct ctl_import	l = lease(A(7), 3600);

	disk_clear();
	begin(1);
	l.last = 1;
	send_leases(&l, 1);
	CHECK(answer() == 0);
	ask(MSG_CTL_RELEASE, "10.77.0.8");
	CHECK(answer() == 1 && says("nobody has a lease of it"));
	ask(MSG_CTL_RELEASE, "10.77.0.7x");
	CHECK(answer() == 1 && says("this is not an address"));
	fail_from = 0;
	ask(MSG_CTL_RELEASE, "10.77.0.7");
	CHECK(answer() == 1 && strncmp(said, "the store cannot write", 22) == 0);
	CHECK(on_disk(A(7))->state == LEASE_BOUND && ntold == 0);
	fail_from = SIZE_MAX;
	ask(MSG_CTL_RELEASE, "10.77.0.7");
	CHECK(answer() == 0 && says("is free") && ntold == 1);
	CHECK(on_disk(A(7))->state == LEASE_FREE &&
	    on_disk(A(7))->expire_us <= clock_now().us &&
	    on_disk(A(7))->id_len > 3);
	ask(MSG_CTL_RELEASE, "10.77.0.7");
	CHECK(answer() == 1 && says("nobody has a lease of it now"));
	end();
	begin(0);
	ask(MSG_CTL_RELEASE, "10.77.0.7");
	CHECK(answer() == 1 && strstr(said, "only root") != NULL);
	end();
}

/* Explanations. */

static struct imsgbuf	ours, dhcpd;

static void
dhcpd_link(void)
{
	int	pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		fatal("socketpair");
	imsg_init(&ours, pair[0], PROC_STORE, PROC_DHCPD);
	imsg_init(&dhcpd, pair[1], PROC_DHCPD, PROC_STORE);
	child.link[PROC_DHCPD] = &ours;
}

/* What dhcpd is asked: whose explanation, or 0. */
static uint32_t
asked(void)
{
	struct imsg	msg;
	int		turns;

	for (turns = 0; turns < TURNS; turns++) {
		loop();
		if (imsg_get(&dhcpd, &msg) == 1)
			return (msg.type == MSG_EXPLAIN ? msg.id : 0);
		(void)poll(NULL, 0, 5);
	}
	return (0);
}

static void
explain_ask(uint8_t first)
{
	struct ctl_explain	e = { .version = MSG_VERSION, .arch = NONE };

	e.mac.b[0] = first;
	e.mac.b[5] = 1;
	(void)imsg_send(&client, MSG_CTL_EXPLAIN, 0, -1, &e, sizeof(e));
}

static void
test_explain(void)
{
	static const char	much[8192];
	uint32_t		id;
	int			i;

	begin(0);
	explain_ask(2);
	CHECK(answer() == 1 && says("dhcpd does not run"));
	explain_ask(1);
	CHECK_NAMED(answer() == 1, "no machine has a group address");
	dhcpd_link();
	explain_ask(2);
	CHECK((id = asked()) != 0);
	control_explained(id + 1, "lies\n", 5);
	control_explained(0, "lies\n", 5);
	control_explained(id, "a\tb\t\n", 5);
	control_explained(id, "c\td\t\n", 5);
	control_explained(id, "", 0);
	CHECK(answer() == 0 && strcmp(text, "a\tb\t\n\nc\td\t\n\n") == 0);
	control_explained(id, "after the end\n", 14);
	explain_ask(2);
	CHECK((id = asked()) != 0);
	for (i = 0; i < 1000; i++)
		control_explained(id, much, sizeof(much));
	CHECK(answer() == 1 && says("dhcpd says too much"));
	explain_ask(2);
	CHECK((id = asked()) != 0);
	child.link[PROC_DHCPD] = NULL;
	control_link_down(PROC_DHCPD);
	CHECK(answer() == 1 && says("dhcpd does not run"));
	dhcpd_link();
	explain_ask(2);
	CHECK((id = asked()) != 0);
	end();
	control_explained(id, "nobody is there\n", 16);
	begin(0);
	explain_ask(2);
	CHECK_NAMED(answer() == 1 && says("dhcpd does not answer"),
	    "it has some seconds");
	end();
}

int
main(void)
{
	struct conf		*conf = conf_new();
	struct conf_segment	*s = conf_add_segment(conf);
	struct conf_host	*h = conf_add_host(conf);
	struct conf_hostid	*id = conf_add_hostid(conf);

	s->net = A(0);
	s->prefix = 16;
	s->shared = NONE;
	memcpy(h->name, "web1", 5);
	h->addr = RESERVED;
	h->group = NONE;
	id->kind = HOSTID_ETHERNET;
	id->len = 6;
	memcpy(id->data, "\x52\x54\0\0\0\2", 6);
	child.id = PROC_STORE;
	child.conf = conf;
	if ((child.base = event_base_new()) == NULL ||
	    event_base_priority_init(child.base, PRIO_COUNT) == -1)
		fatalx("no event base");
	log_init("control_test", -1, 1);
	log_verbose(0);
	test_import();
	test_judged();
	test_failures();
	test_octets();
	test_release();
	test_explain();
	disk_clear();
	return (unit_done());
}
