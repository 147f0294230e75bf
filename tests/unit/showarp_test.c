/* SPDX-License-Identifier: ISC */
/*
 * showarp_test.c: "show arp" in the store, with an arpd that answers, lies or
 * is gone, and readers who read or do not; and the order that it is shown in.
 */
#include <sys/socket.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "store.h"
#include "unit.h"

#define TURNS		2000		/* of the loop, 5 ms each at most */
#define ROWS		MSG_FITS(struct ctl_arp)

/* What store.c has for control.c. */

static const struct backend fake = { .name = "fake" };

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
	(void)event;
	(void)now;
}

void
store_clock_now(struct store_clock *clock, mono_t now)
{
	memset(clock, 0, sizeof(*clock));
	clock->boot_us = now.us;
}

int
store_leases(const struct msg_lease *l, size_t n, mono_t now)
{
	(void)l;
	(void)n;
	(void)now;
	return (0);
}

/* Both ends. */

static struct imsgbuf	client, ours, arpd;
static char		said[PATH_LEN];
static size_t		got_rows;

static void
loop(void)
{
	(void)event_base_loop(child.base, EVLOOP_NONBLOCK);
}

static void
arpd_link(void)
{
	int	pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		fatal("socketpair");
	imsg_init(&ours, pair[0], PROC_STORE, PROC_ARPD);
	imsg_init(&arpd, pair[1], PROC_ARPD, PROC_STORE);
	child.link[PROC_ARPD] = &ours;
}

static void
arpd_unlink(void)
{
	child.link[PROC_ARPD] = NULL;
	imsg_clear(&ours);
	imsg_clear(&arpd);
	control_link_down(PROC_ARPD);
}

static void
begin(void)
{
	const struct msg_ctl_conn	conn = { .admin = 0 };
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

static void
ask(void)
{
	const struct ctl_request	req = { .version = MSG_VERSION };

	(void)imsg_send(&client, MSG_CTL_SHOW_ARP, 0, -1, &req, sizeof(req));
	loop();
}

/* Where arpd is asked to begin, and for whom; NONE when it is not asked. */
static uint32_t
asked(uint32_t *id)
{
	struct imsg	msg;

	loop();
	if (imsg_get(&arpd, &msg) != 1 || msg.type != MSG_ARP_ASK)
		return (NONE);
	*id = msg.id;
	return (((const struct msg_cursor *)msg.data)->next);
}

/* What the session says in the end: the code; -1: it is closed; -2: never. */
static int
answer(void)
{
	const struct ctl_end	*e;
	struct pollfd		 pfd = { .fd = client.fd, .events = POLLIN };
	struct imsg		 msg;
	int			 got, turns;

	got_rows = 0;
	for (turns = 0; turns < TURNS; turns++) {
		loop();
		while ((got = imsg_get(&client, &msg)) == 1) {
			if (msg.type == MSG_CTL_ARP)
				got_rows += msg.count;
			if (msg.type != MSG_CTL_END)
				continue;
			e = msg.data;
			(void)snprintf(said, sizeof(said), "%s", e->text);
			return (e->code);
		}
		if (got == -1)
			return (-1);
		(void)poll(&pfd, 1, 5);
	}
	return (-2);
}

static void
test_session(void)
{
	static const struct ctl_arp	rows[ROWS];
	uint32_t			id = 0, other;

	begin();
	ask();
	CHECK(answer() == 1 && strcmp(said, "arpd does not run") == 0);
	arpd_link();
	ask();
	CHECK_NAMED(asked(&id) == 0 && id != 0, "from the beginning");
	control_arp(id + 1, rows, 1);
	control_arp(0, rows, 1);
	control_arp(id, rows, 5);
	control_arp(id, rows, ROWS);
	control_arp_end(id + 1, 0);
	control_arp_end(0, 0);
	CHECK_NAMED(asked(&other) == NONE, "one part at a time");
	control_arp_end(id, 77);
	CHECK_NAMED(asked(&other) == 77 && other == id, "the next part");
	control_arp(id, rows, 1);
	control_arp_end(id, 0);
	CHECK(answer() == 0 && got_rows == ROWS + 6);
	control_arp(id, rows, 1);
	control_arp_end(id, 99);
	CHECK_NAMED(asked(&other) == NONE, "it is over");
	ask();
	CHECK(asked(&id) == 0);
	control_arp_end(id, 5);
	CHECK(asked(&id) == 5);
	control_arp_end(id, 5);
	CHECK(answer() == 1 && strcmp(said, "arpd says the same again") == 0);
	ask();
	CHECK(asked(&id) == 0);
	arpd_unlink();
	CHECK(answer() == 1 && strcmp(said, "arpd does not run") == 0);
	arpd_link();
	ask();
	CHECK(asked(&id) == 0);
	CHECK_NAMED(answer() == 1 &&
	    strcmp(said, "arpd does not answer") == 0, "it has some seconds");
	end();
}

/* It is asked for the next part when the last one was read, never before. */
static void
test_slow_reader(void)
{
	static const struct ctl_arp	rows[ROWS];
	uint32_t			id, other, at = 0;
	size_t				sent = 0;
	int				part, i;

	begin();
	ask();
	CHECK(asked(&id) == 0);
	for (part = 1; part < 1000; part++) {
		for (i = 0; i < 4; i++, sent += ROWS)
			control_arp(id, rows, ROWS);
		control_arp_end(id, (uint32_t)part);
		if ((at = asked(&other)) == NONE)
			break;
	}
	CHECK_NAMED(part > 1 && part < 100, "a reader who does not read");
	control_arp(id, rows, ROWS);
	control_arp_end(id, 5000);
	CHECK_NAMED(asked(&other) == NONE, "what nobody asked for is nothing");
	for (i = 0; i < 100 && (at = asked(&other)) == NONE; i++) {
		struct imsg	msg;

		while (imsg_get(&client, &msg) == 1)
			sent -= msg.count;
	}
	CHECK_NAMED(at == (uint32_t)part && other == id, "he goes on");
	control_arp_end(id, 0);
	CHECK(answer() == 0);
	CHECK_NAMED(got_rows == sent, "nothing is lost");

	ask();
	CHECK(asked(&id) == 0);
	for (i = 0; i < 1000; i++)
		control_arp(id, rows, ROWS);
	CHECK_NAMED(answer() == 1 && strcmp(said, "arpd says too much") == 0,
	    "more than can be");
	end();
}

/* The order. */

static struct ctl_arp	shown[8];
static size_t		nshown;

static void
show(const struct ctl_arp *row)
{
	if (nshown < nitems(shown))
		shown[nshown] = *row;
	nshown++;
}

static void
test_order(void)
{
	static const struct output	out = { .arp = show };
	const struct ctl_arp		first[] = {
		{ .addr = 0xc0a80001, .last_s = 1 },
		{ .addr = 0x0a000002, .last_s = -1 },
		{ .addr = 0x0a000001, .last_s = 9 },
	}, second[] = {
		{ .addr = 0x0a000002, .last_s = 3 },
		{ .addr = 0x0a000001, .last_s = 10 },
	};
	struct ctl_arp			many = { .addr = 1 };
	uint32_t			i;

	arp_end(&out);
	CHECK(nshown == 0);
	arp_take(first, nitems(first));
	arp_take(second, nitems(second));
	arp_end(&out);
	CHECK_NAMED(nshown == 3, "each address once");
	CHECK(shown[0].addr == 0x0a000001 && shown[1].addr == 0x0a000002 &&
	    shown[2].addr == 0xc0a80001);
	CHECK_NAMED(shown[0].last_s == 9 && shown[1].last_s == 3,
	    "as it was heard last");
	for (i = 0; i < 5000; i++) {
		many.addr = 5000 - i;
		arp_take(&many, 1);
	}
	nshown = 0;
	arp_end(&out);
	CHECK(nshown == 5000 && shown[0].addr == 1 && shown[7].addr == 8);
}

int
main(void)
{
	child.id = PROC_STORE;
	child.conf = conf_new();
	if ((child.base = event_base_new()) == NULL ||
	    event_base_priority_init(child.base, PRIO_COUNT) == -1)
		fatalx("no event base");
	log_init("showarp_test", -1, 1);
	log_verbose(0);
	test_session();
	test_slow_reader();
	test_order();
	return (unit_done());
}
