/* SPDX-License-Identifier: ISC */
/*
 * stand_test.c: where addresses stand as frames, leases and time go by; what
 * ksd is told of it, and what is asked on the wire.  The clock is ours.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arpd/arpd.h"
#include "unit.h"

#define NET	0x0a4d0000		/* 10.77.0.0/16 */
#define SERVER	(NET + 1)
#define FIRST	(NET + 0x100)
#define HOST	(NET + 0x200)		/* reserved for ann */
#define OUTSIDE	(NET + 0x300)		/* in no range */
#define FAR	0x0a630005		/* behind a relay */

static const struct mac	us = { { 2, 0, 0, 0, 0, 1 } };
static const struct mac	ann = { { 2, 0, 0, 0, 0, 0xa } };
static const struct mac	ann2 = { { 2, 0, 0, 0, 0, 0xc } };
static const struct mac	bob = { { 2, 0, 0, 0, 0, 0xb } };
static const struct mac	eve = { { 2, 0, 0, 0, 0, 0xe } };

static struct watch	w;
static struct port	port;
static struct sock	wire;
static int		wire_other;
static struct imsgbuf	to_ksd, at_ksd;
static struct conf	*conf;
static mono_t		now = { 1000000000 };

static void
add_host(const char *name, uint32_t addr, struct mac one, struct mac two)
{
	struct conf_host	*h = conf_add_host(conf);
	struct conf_hostid	*id;
	int			 i;

	memcpy(h->name, name, strlen(name) + 1);
	h->group = NONE;
	h->addr = addr;
	for (i = 0; i < 2; i++) {
		id = conf_add_hostid(conf);
		id->host = (uint32_t)conf->nhost - 1;
		id->kind = HOSTID_ETHERNET;
		id->len = sizeof(one.b);
		memcpy(id->data, i == 0 ? one.b : two.b, sizeof(one.b));
	}
}

static void
make_conf(void)
{
	struct conf_segment	*seg;
	struct conf_range	*r;
	int			 i;

	conf = conf_new();
	for (i = 0; i < 2; i++) {
		seg = conf_add_segment(conf);
		seg->net = i == 0 ? NET : FAR - 5;
		seg->prefix = 16;
		seg->shared = NONE;
		r = conf_add_range(conf);
		r->segment = (uint32_t)i;
		r->first = i == 0 ? FIRST : FAR;
		r->last = i == 0 ? FIRST + 255 : FAR;
	}
	add_host("ann", HOST, ann, ann2);
}

static void
drop(struct entry *e)
{
	stand_forget(e);
}

static void
begin(void)
{
	int	fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) == -1)
		abort();
	wire.fd = fds[0];
	wire_other = fds[1];
	port.sock = &wire;
	port.iface.index = 7;
	port.iface.up = 1;
	port.iface.mac = us;
	port.iface.naddrs = 1;
	port.iface.addr[0] = SERVER;
	port.iface.prefix[0] = 16;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == -1)
		abort();
	imsg_init(&to_ksd, fds[0], PROC_ARPD, PROC_KSD);
	imsg_init(&at_ksd, fds[1], PROC_KSD, PROC_ARPD);
	child.base = event_base_new();
	(void)event_base_priority_init(child.base, PRIO_COUNT);
	child.link[PROC_KSD] = &to_ksd;
	make_conf();
	watch_init(&w);
	stand_init(&w);
	watch_configure(&w, conf, drop);
	w.segs[0].wire = w.segs[0].port = &port;
}

static void
later(int64_t s)
{
	now = mono_add_s(now, s);
	stand_run(now);
}

static struct entry *
lease(uint32_t addr, struct mac mac, enum lease_state state)
{
	struct msg_grant	 g = { .addr = addr, .mac = mac,
				    .state = (uint8_t)state };
	struct entry		*e;

	g.expire_us = mono_add_s(now, 3600).us;
	if ((e = watch_lease(&w, &g, 1)) != NULL)
		stand_leased(e, now);
	stand_settle();
	return (e);
}

/* A machine says: it is me who has addr. */
static void
claim(uint32_t addr, struct mac sha)
{
	const struct arp_msg	msg = { .from = sha, .sha = sha, .spa = addr,
				    .tpa = SERVER, .op = ARP_REQUEST };
	struct verdict		v;

	watch_decide(&v, &w, &msg, &port.iface, &port.iface, 1, now);
	if (v.entry != NULL)
		stand_heard(v.entry, v.owner, sha, now);
	stand_settle();
}

/* How many stands ksd is told; the last one is in told. */
static struct msg_stand	told;

static size_t
news(void)
{
	const struct msg_stand	*m;
	struct imsg		 imsg;
	size_t			 n = 0;

	while (imsg_get(&at_ksd, &imsg) == 1) {
		if (imsg.type != MSG_STAND)
			abort();
		m = imsg.data;
		told = m[imsg.count - 1];
		n += imsg.count;
	}
	return (n);
}

static int
is_told(uint32_t addr, enum stand stand)
{
	return (news() == 1 && told.addr == addr && told.stand == stand);
}

/* How many questions are on the wire; the last one's target in asked. */
static uint32_t	asked;

static size_t
questions(void)
{
	uint8_t		data[128];
	struct arp_msg	msg;
	struct buf	in;
	ssize_t		n;
	size_t		count = 0;

	while ((n = recv(wire_other, data, sizeof(data), 0)) > 0) {
		buf_init(&in, data, (size_t)n);
		CHECK(arp_parse(&in, &msg) == 0 && msg.op == ARP_REQUEST &&
		    msg.spa == SERVER && mac_equal(msg.sha, us));
		asked = msg.tpa;
		count++;
	}
	return (count);
}

static enum stand
stand_of(uint32_t addr)
{
	return ((enum stand)watch_find(&w, addr)->stance.stand);
}

static void
test_owner(void)
{
	claim(FIRST, bob);
	CHECK_NAMED(news() == 0, "nobody's address");
	(void)lease(FIRST, bob, LEASE_BOUND);
	CHECK(stand_of(FIRST) == STAND_UNSEEN && news() == 0);
	claim(FIRST, bob);
	CHECK(is_told(FIRST, STAND_OWNER) && mac_equal(told.owner, bob));
	claim(FIRST, bob);
	CHECK_NAMED(news() == 0, "known already");
	(void)lease(FIRST, bob, LEASE_BOUND);
	CHECK_NAMED(stand_of(FIRST) == STAND_OWNER && news() == 0,
	    "a renewal changes nothing");
	(void)lease(FIRST, ann, LEASE_BOUND);
	CHECK_NAMED(is_told(FIRST, STAND_UNSEEN) &&
	    mac_equal(told.owner, ann), "a new owner has to be heard");
	claim(FIRST, ann2);
	CHECK_NAMED(is_told(FIRST, STAND_OWNER), "the host's other card");
	(void)lease(FIRST, ann, LEASE_FREE);
	CHECK(is_told(FIRST, STAND_UNSEEN));
	claim(FIRST, ann);
	CHECK(news() == 0);
}

/* Another one is there: with the owner, and until a minute after it went. */
static void
test_other(void)
{
	(void)lease(FIRST, bob, LEASE_BOUND);
	claim(FIRST, eve);
	CHECK(is_told(FIRST, STAND_OTHER) && mac_equal(told.other, eve) &&
	    mac_equal(told.owner, bob));
	claim(FIRST, bob);
	CHECK_NAMED(news() == 0 && stand_of(FIRST) == STAND_OTHER,
	    "the owner besides is no help");
	later(STAND_OTHER_S);
	CHECK(news() == 0 && questions() == 0);
	claim(FIRST, eve);
	later(STAND_OTHER_S);
	CHECK_NAMED(news() == 0, "it was there again");
	later(1);
	CHECK(is_told(FIRST, STAND_UNSEEN));
	CHECK_NAMED(questions() == 1 && asked == FIRST, "who is there now?");
	claim(FIRST, bob);
	CHECK(is_told(FIRST, STAND_OWNER));
	claim(FIRST, eve);
	CHECK(is_told(FIRST, STAND_OTHER));
	/* The lease goes on to somebody who was not the other. */
	(void)lease(FIRST, ann, LEASE_BOUND);
	CHECK(is_told(FIRST, STAND_OTHER) && mac_equal(told.owner, ann) &&
	    mac_equal(told.other, eve));
	/* And to the other: is somebody else there, too? */
	(void)lease(FIRST, eve, LEASE_BOUND);
	CHECK(is_told(FIRST, STAND_UNSEEN));
	claim(FIRST, bob);
	CHECK_NAMED(is_told(FIRST, STAND_OTHER) && mac_equal(told.other, bob),
	    "the earlier owner stays");
	(void)lease(FIRST, eve, LEASE_FREE);
	CHECK(is_told(FIRST, STAND_UNSEEN));
	later(STAND_OTHER_S + 1);
	CHECK_NAMED(news() == 0 && questions() == 0, "no timer is left");
}

/* A reserved address is its host's before it has a lease. */
static void
test_reserved(void)
{
	claim(HOST, eve);
	CHECK(is_told(HOST, STAND_OTHER) && mac_equal(told.other, eve));
	(void)lease(HOST, ann, LEASE_BOUND);
	CHECK(stand_of(HOST) == STAND_OTHER);
	(void)news();
	later(STAND_OTHER_S + 1);
	CHECK(is_told(HOST, STAND_UNSEEN));
	(void)questions();
	claim(HOST, ann2);
	CHECK(is_told(HOST, STAND_OWNER));
	(void)lease(HOST, ann, LEASE_FREE);
	(void)news();
}

/* Leases that nobody can hear, and those that are in no range. */
static void
test_where(void)
{
	(void)lease(FAR, bob, LEASE_BOUND);
	claim(FAR, eve);
	stand_look(FAR, now);
	stand_settle();
	CHECK_NAMED(news() == 0 && questions() == 0, "behind a relay");
	(void)lease(FAR, bob, LEASE_FREE);
	(void)lease(OUTSIDE, bob, LEASE_BOUND);
	claim(OUTSIDE, bob);
	CHECK_NAMED(is_told(OUTSIDE, STAND_OWNER), "of another server");
	(void)lease(OUTSIDE, bob, LEASE_FREE);
	CHECK(news() == 1);
	watch_release(&w, watch_find(&w, OUTSIDE), now);
	CHECK(watch_find(&w, OUTSIDE) == NULL);
}

static void
test_look(void)
{
	size_t	i, n;

	stand_look(FIRST + 5, now);
	CHECK_NAMED(questions() == 0, "nobody's");
	(void)lease(FIRST + 5, bob, LEASE_BOUND);
	for (i = 0; i < 100; i++)
		stand_look(FIRST + 5, now);
	CHECK_NAMED(questions() == 1 && asked == FIRST + 5, "once a second");
	later(1);
	stand_look(FIRST + 5, now);
	CHECK(questions() == 1);
	claim(FIRST + 5, bob);
	CHECK(is_told(FIRST + 5, STAND_OWNER));
	later(1);
	stand_look(FIRST + 5, now);
	stand_settle();
	CHECK_NAMED(is_told(FIRST + 5, STAND_OWNER) && questions() == 0,
	    "known: told again");
	/* However many are asked for, the wire has so many a second. */
	for (i = 0; i < 200; i++)
		(void)lease(FIRST + 20 + (uint32_t)i, bob, LEASE_BOUND);
	for (i = 0; i < 200; i++)
		stand_look(FIRST + 20 + (uint32_t)i, now);
	n = questions();
	CHECK(n > 0 && n <= STAND_BURST);
	for (i = 0; i < 200; i++)
		(void)lease(FIRST + 20 + (uint32_t)i, bob, LEASE_FREE);
	(void)lease(FIRST + 5, bob, LEASE_FREE);
	(void)news();
}

/* After a start: all that were not heard are asked for, by and by. */
static void
test_around(void)
{
	uint32_t	i;
	size_t		n, most, q;

	for (i = 0; i < 250; i++)
		(void)lease(FIRST + i, bob, LEASE_BOUND);
	claim(FIRST, bob);
	(void)lease(FIRST + 1, bob, LEASE_FREE);
	(void)questions();
	stand_look_around(now);
	n = most = questions();
	CHECK_NAMED(n == STAND_BURST, "some at once");
	for (i = 0; i < 50; i++) {
		now = mono_add_ms(now, 100);
		stand_run(now);
		q = questions();
		most = q > most ? q : most;
		n += q;
	}
	CHECK_NAMED(n == 248, "each once, but for who is known or free");
	CHECK(most <= STAND_BURST);
	(void)news();
	/* A sibling that comes is told of all that were heard. */
	for (i = 2; i < 250; i++)
		claim(FIRST + i, i == 100 ? eve : bob);
	(void)news();
	stand_link_up(PROC_KSD, now);
	stand_link_up(PROC_TFTPD, now);
	later(0);
	later(0);
	CHECK(news() == 249);
	later(1);
	CHECK(news() == 0);
}

/* Another configuration: entries go, or lie elsewhere. */
static void
test_configure(void)
{
	struct conf	*old = conf;

	make_conf();
	conf->range[0].last = FIRST + 127;
	watch_configure(&w, conf, drop);
	w.segs[0].wire = w.segs[0].port = &port;
	stand_configured(now);
	conf_free(old);
	later(0);
	CHECK(stand_of(FIRST + 100) == STAND_OTHER &&
	    stand_of(FIRST + 200) == STAND_OWNER);
	(void)news();
	old = conf;
	conf = conf_new();
	watch_configure(&w, conf, drop);
	stand_configured(now);
	conf_free(old);
	CHECK(w.nentries == 0);
	later(STAND_OTHER_S + 1);
	CHECK_NAMED(news() == 0, "none is left in a queue");
}

/*
 * However many frames there are, each address has two changes a minute: a
 * flood of claims is no flood of messages.
 */
static void
test_flood(void)
{
	struct mac	mac = eve;
	uint32_t	i;
	size_t		n = 0;

	(void)lease(FIRST, bob, LEASE_BOUND);
	for (i = 0; i < 200000; i++) {
		mac.b[3] = (uint8_t)(i >> 8);
		mac.b[4] = (uint8_t)i;
		claim(FIRST, i % 2 == 0 ? mac : bob);
		if (i % 1000 == 0)
			later(1);
		n += news();
	}
	/* 200 seconds. */
	CHECK_NAMED(n == 1, "it was never quiet");
	(void)lease(FIRST, bob, LEASE_FREE);
	(void)news();
}

int
main(void)
{
	begin();
	test_owner();
	test_other();
	test_reserved();
	test_where();
	test_look();
	test_flood();
	test_around();
	test_configure();
	conf_free(conf);
	return (unit_done());
}
