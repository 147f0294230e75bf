/* SPDX-License-Identifier: ISC */
/*
 * table_test.c: arpd's table as it is told: every address once, whatever is
 * known of it, in parts that are small however much there is.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

#define NET	0x0a000000		/* 10.0.0.0/8 */
#define SERVER	(NET + 1)
#define FIRST	(NET + 0x10000)
#define LEASES	200000
#define RESERVED (NET + 0x100)
#define STRANGER (NET + 0x200)
#define PROBED	(FIRST + LEASES + 5)
#define PART_MAX 1200			/* rows: what a part may have */

static const struct mac	ann = { { 2, 0, 0, 0, 0, 0xa } };
static const struct mac	bob = { { 2, 0, 0, 0, 0, 0xb } };
static const struct mac	us = { { 2, 0, 0, 0, 0, 1 } };
static const mono_t	t0 = { 1000000000 };

static struct watch	 w;
static struct neighs	 ns;
static struct imsgbuf	 ours, theirs;
static uint8_t		*seen;		/* how often, by address */
static size_t		 nseen, most;
static struct ctl_arp	 last[5];	/* rows of addresses of interest */

static void
nothing(struct entry *e)
{
	(void)e;
}

static void
make_world(void)
{
	static struct msg_iface	 iface;
	struct conf		*conf = conf_new();
	struct conf_segment	*seg = conf_add_segment(conf);
	struct conf_range	*r = conf_add_range(conf);
	struct conf_host	*h = conf_add_host(conf);
	int			 pair[2];

	seg->net = NET;
	seg->prefix = 8;
	seg->shared = NONE;
	r->first = FIRST;
	r->last = FIRST + 2 * LEASES;
	(void)snprintf(h->name, sizeof(h->name), "web1");
	h->group = NONE;
	h->addr = RESERVED;
	iface.index = 7;
	iface.up = iface.naddrs = 1;
	iface.mac = us;
	iface.addr[0] = SERVER;
	iface.prefix[0] = 8;
	(void)snprintf(iface.name, sizeof(iface.name), "eth7");
	child.conf = conf;
	child.ifaces = &iface;
	child.nifaces = 1;
	watch_init(&w);
	watch_configure(&w, conf, nothing);
	neigh_init(&ns);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		fatal("socketpair");
	imsg_init(&ours, pair[0], PROC_ARPD, PROC_STORE);
	imsg_init(&theirs, pair[1], PROC_STORE, PROC_ARPD);
	child.link[PROC_STORE] = &ours;
	seen = xcalloc(1 << 24, 1);
}

static void
lease(uint32_t addr, struct mac mac)
{
	struct msg_grant	g;

	memset(&g, 0, sizeof(g));
	g.addr = addr;
	g.mac = mac;
	g.state = LEASE_BOUND;
	g.expire_us = mono_add_s(t0, 3600).us;
	(void)watch_lease(&w, &g, 0);
}

static void
hear(uint32_t addr, struct mac mac, int64_t s)
{
	const struct arp_msg	msg = {
		.from = mac, .sha = mac, .spa = addr, .tpa = SERVER,
		.op = ARP_REQUEST
	};

	(void)neigh_heard(&ns, &msg, 7, 0, mono_add_s(t0, s));
}

static void
take(const struct ctl_arp *row)
{
	static const uint32_t	of[] = { SERVER, RESERVED, STRANGER, FIRST,
				    FIRST + 1 };
	size_t			i;

	nseen++;
	if (row->addr >> 24 == NET >> 24)
		seen[row->addr & 0xffffff]++;
	for (i = 0; i < nitems(of); i++)
		if (of[i] == row->addr)
			last[i] = *row;
}

/* One part; where the next one begins. */
static struct msg_cursor
part(struct msg_cursor from)
{
	const size_t		 before = nseen;
	struct msg_cursor	 next;
	struct imsg		 msg;
	size_t			 i;

	next = table_send(&w, &ns, 42, from, mono_add_s(t0, 100));
	for (;;) {
		(void)imsg_flush(&ours);
		if (imsg_get(&theirs, &msg) != 1)
			break;
		if (msg.type != MSG_ARP || msg.id != 42)
			fatalx("not a row for who asked");
		for (i = 0; i < msg.count; i++)
			take(&((const struct ctl_arp *)msg.data)[i]);
	}
	if (nseen - before > most)
		most = nseen - before;
	return (next);
}

/* All of it; how many parts that were. */
static int
tell(void)
{
	struct msg_cursor	at = { 0 };
	uint32_t		before;
	int			n = 0;

	memset(seen, 0, 1 << 24);
	memset(last, 0, sizeof(last));
	nseen = most = 0;
	do {
		before = at.next;
		at = part(at);
		n++;
	} while (at.next > before);
	return (at.next == 0 ? n : -1);
}

static void
test_small(void)
{
	CHECK_NAMED(tell() > 0 && nseen == 2, "ours, and a reserved one");
	CHECK(last[0].source == ARP_SOURCE_OWN && last[0].last_s == -1 &&
	    mac_equal(last[0].mac, us) && last[0].stand == STAND_OWNER &&
	    strcmp(last[0].ifname, "eth7") == 0);
	CHECK(last[1].source == ARP_SOURCE_HOST && last[1].last_s == -1 &&
	    strcmp(last[1].host, "web1") == 0);
	hear(STRANGER, ann, 0);
	hear(STRANGER, bob, 60);
	hear(RESERVED, ann, 70);
	hear(SERVER, bob, 80);
	(void)watch_enter(&w, PROBED);
	CHECK(tell() > 0 && nseen == 3);
	CHECK(last[2].first_s == 100 && last[2].last_s == 40 &&
	    last[2].flips == 1 && mac_equal(last[2].mac, bob) &&
	    mac_equal(last[2].before, ann) && last[2].host[0] == '\0');
	CHECK(last[1].source == ARP_SOURCE_REQUEST && last[1].last_s == 30 &&
	    strcmp(last[1].host, "web1") == 0);
	CHECK_NAMED(last[0].source == ARP_SOURCE_OWN &&
	    last[0].stand == STAND_OTHER && mac_equal(last[0].before, bob) &&
	    mac_equal(last[0].mac, us), "who claimed ours");
	CHECK_NAMED(seen[PROBED & 0xffffff] == 0, "one that nobody has");
}

static void
test_large(void)
{
	uint32_t	i;
	size_t		bad = 0;

	for (i = 0; i < LEASES; i++)
		lease(FIRST + i, ann);
	for (i = 0; i < LEASES; i += 4)
		hear(FIRST + i, ann, 90);
	CHECK(tell() > 1);
	for (i = 0; i < LEASES; i++)
		bad += seen[(FIRST + i) & 0xffffff] != 1;
	CHECK_NAMED(bad == 0 && nseen == LEASES + 3, "every address once");
	CHECK_NAMED(most <= PART_MAX, "in small parts");
	CHECK(last[3].source == ARP_SOURCE_REQUEST && last[3].last_s == 10 &&
	    mac_equal(last[3].owner, ann));
	CHECK(last[4].source == ARP_SOURCE_LEASE && last[4].last_s == -1 &&
	    mac_equal(last[4].owner, ann) && !mac_is_unicast(last[4].mac));
}

int
main(void)
{
	make_world();
	test_small();
	test_large();
	CHECK_NAMED(part((struct msg_cursor){ UINT32_MAX }).next == 0,
	    "after the end there is nothing");
	return (unit_done());
}
