/* SPDX-License-Identifier: ISC */
/*
 * flush_test.c: how leases get to disk, against a back end that can be told to
 * fail: in which order, what dhcpd is told of them, and what an import has
 * given to somebody else in the meantime.
 */
#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "store.h"
#include "unit.h"

#define ADDR(n)	(0x0a4d0100U + (n))
#define ROWS	16

static struct msg_lease	disk[ROWS], opened[ROWS];	/* by address */
static int		begin_error, commit_error;
static int		room = ROWS;	/* new rows that still fit */
static int		room_left;
static struct imsgbuf	dhcpd_end;
static mono_t		now;

static int
fake_begin(const struct store_clock *clock)
{
	(void)clock;
	memcpy(opened, disk, sizeof(opened));
	room_left = room;
	return (begin_error);
}

static int
fake_commit(void)
{
	if (commit_error == 0)
		memcpy(disk, opened, sizeof(disk));
	return (commit_error);
}

static void
fake_rollback(void)
{
	memcpy(opened, disk, sizeof(opened));
}

static int
fake_put_lease(const struct msg_lease *l)
{
	struct msg_lease	*row = &opened[l->addr - ADDR(0)];

	if (row->addr == 0 && room_left-- == 0)
		return (ENOSPC);
	*row = *l;
	return (0);
}

static int
fake_lease(uint32_t addr, struct msg_lease *out)
{
	*out = disk[addr - ADDR(0)];
	return (out->addr != 0);
}

static int
fake_is_tight(void)
{
	return (0);
}

static const struct backend fake = {
	.name = "fake",
	.begin = fake_begin,
	.commit = fake_commit,
	.rollback = fake_rollback,
	.put_lease = fake_put_lease,
	.lease = fake_lease,
	.is_tight = fake_is_tight,
};

/* What store.c has for them. */
const struct backend	*db = &fake;
struct ctl_counter	 store_counters[COUNT_MAX];

void
store_event(struct msg_event *event, mono_t when)
{
	(void)event;
	(void)when;
}

static struct msg_lease
lease(unsigned int n, uint8_t client, enum lease_state state)
{
	struct msg_lease	l = { .addr = ADDR(n), .state = state,
				    .expire_us = mono_add_s(now, 600).us };

	if (client != 0)
		l.mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, client } };
	return (l);
}

static void
start(void)
{
	memset(disk, 0, sizeof(disk));
	begin_error = commit_error = 0;
	room = ROWS;
}

/* What dhcpd is told of a batch. */
static struct msg_committed
told(uint32_t id)
{
	struct msg_committed	reply = { .count = UINT32_MAX };
	struct imsg		msg;

	while (imsg_get(&dhcpd_end, &msg) == 1)
		if (msg.type == MSG_COMMITTED && msg.id == id) {
			memcpy(&reply, msg.data, sizeof(reply));
			break;
		}
	return (reply);
}

/* A renewal, and its end in the next batch, are one transaction. */
static void
test_order(void)
{
	struct msg_lease	l[2];
	struct msg_committed	reply;

	start();
	l[0] = lease(1, 1, LEASE_BOUND);
	l[1] = lease(2, 2, LEASE_BOUND);
	flush_batch(1, l, 2, now);
	l[0].state = LEASE_FREE;
	flush_batch(2, l, 1, now);
	CHECK(store_counters[COUNT_COMMITS].value == 0);
	CHECK(store_flush() == 0);
	CHECK(store_counters[COUNT_COMMITS].value == 1);
	CHECK(disk[1].state == LEASE_FREE && disk[2].state == LEASE_BOUND);
	reply = told(1);
	CHECK(reply.count == 2 && reply.kept == 3);
	reply = told(2);
	CHECK(reply.count == 1 && reply.kept == 1);
}

static void
test_failure(void)
{
	struct msg_lease	l = lease(1, 1, LEASE_BOUND);
	struct msg_committed	reply;

	start();
	commit_error = EIO;
	flush_batch(3, &l, 1, now);
	CHECK(store_flush() == EIO);
	reply = told(3);
	CHECK(reply.count == 1 && reply.kept == 0 && reply.error == EIO);
	CHECK(disk[1].addr == 0);
	/* It does not come back by itself. */
	commit_error = 0;
	CHECK(store_flush() == 0);
	CHECK(disk[1].addr == 0);
	begin_error = EIO;
	flush_batch(4, &l, 1, now);
	CHECK(store_flush() == EIO);
	reply = told(4);
	CHECK(reply.count == 1 && reply.kept == 0 && reply.error == EIO);
}

/* What needs no room is kept though something new beside it is not. */
static void
test_full(void)
{
	struct msg_lease	l[3];
	struct msg_committed	reply;

	start();
	disk[1] = lease(1, 1, LEASE_BOUND);
	room = 1;
	l[0] = lease(2, 2, LEASE_BOUND);
	l[1] = disk[1];
	l[1].expire_us++;
	l[2] = lease(3, 3, LEASE_BOUND);
	flush_batch(5, l, 3, now);
	(void)store_flush();
	reply = told(5);
	CHECK(reply.count == 3 && reply.kept == 2 && reply.error == ENOSPC);
	CHECK(disk[1].expire_us == l[1].expire_us);
	CHECK(disk[2].addr == 0 && disk[3].addr == 0);
}

/* What an import brought is not undone by what dhcpd said before. */
static void
test_import(void)
{
	static const struct {
		const char	*name;
		uint8_t		 mac;
		enum lease_state state;
		int		 kept;
	} cases[] = {
		{ "another's grant",	1, LEASE_BOUND,		0 },
		{ "another's end",	1, LEASE_FREE,		0 },
		{ "its own grant",	2, LEASE_BOUND,		1 },
		{ "its own end",	2, LEASE_FREE,		1 },
		{ "a decline",		0, LEASE_DECLINED,	1 },
		{ "a doubted decline",	0, LEASE_FREE,		1 },
	};
	struct msg_lease	imported, l;
	struct msg_committed	reply;
	uint32_t		id;
	size_t			i;

	for (i = 0; i < nitems(cases); i++) {
		start();
		imported = lease(1, 2, LEASE_BOUND);
		CHECK(store_leases(&imported, 1, now) == 0);
		id = 100 + (uint32_t)i;
		l = lease(1, cases[i].mac, cases[i].state);
		flush_batch(id, &l, 1, now);
		CHECK(store_flush() == 0);
		reply = told(id);
		CHECK_NAMED(reply.count == 1 &&
		    (int)reply.kept == cases[i].kept, cases[i].name);
		CHECK_NAMED(mac_equal(disk[1].mac, imported.mac) ==
		    (!cases[i].kept || cases[i].mac == 2), cases[i].name);
		CHECK_NAMED(disk[1].state ==
		    (cases[i].kept ? cases[i].state : LEASE_BOUND),
		    cases[i].name);
	}
	/* Somebody else's when its time is over, or dhcpd has heard of it. */
	start();
	imported = lease(1, 2, LEASE_BOUND);
	imported.expire_us = now.us;
	CHECK(store_leases(&imported, 1, now) == 0);
	l = lease(1, 1, LEASE_BOUND);
	flush_batch(200, &l, 1, now);
	CHECK(store_flush() == 0);
	CHECK(told(200).kept == 1);
	imported.expire_us = l.expire_us;
	CHECK(store_leases(&imported, 1, now) == 0);
	flush_batch(201, &l, 1, mono_add_s(now, 60));
	CHECK(store_flush() == 0);
	CHECK(told(201).kept == 1);
}

int
main(void)
{
	static struct imsgbuf	ours;
	int			pair[2];

	log_init("flush_test", -1, 1);
	if (freopen("/dev/null", "w", stderr) == NULL)
		return (1);
	if ((child.base = event_base_new()) == NULL ||
	    event_base_priority_init(child.base, PRIO_COUNT) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		return (1);
	child.conf = conf_new();
	imsg_init(&ours, pair[0], PROC_STORE, PROC_DHCPD);
	imsg_init(&dhcpd_end, pair[1], PROC_DHCPD, PROC_STORE);
	child.link[PROC_DHCPD] = &ours;
	now = clock_now();
	flush_init();
	test_order();
	test_failure();
	test_full();
	test_import();
	return (unit_done());
}
