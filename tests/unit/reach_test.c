/* SPDX-License-Identifier: ISC */
/*
 * reach_test.c: which segments a request is for, as tables: what it came
 * through, what the relay agent and the client say, and who lies.
 */
#include <string.h>

#include "dhcpd/dhcpd.h"
#include "unit.h"

#define IP(a, b, c, d)	((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define ME		IP(10, 77, 0, 1)
#define OTHER_ME	IP(192, 0, 2, 1)
#define ALL		UINT32_MAX
#define NOWHERE		(-1)

enum { HOME, FLOOR1, FLOOR2A, FLOOR2B, HALL, PAIR, PLAIN };

static struct conf	*conf;
static struct link	 here;
static struct msg_iface	 ifaces[2];

static uint32_t
segment(uint32_t net, uint32_t prefix, uint32_t shared, uint32_t relay)
{
	struct conf_segment	*s = conf_add_segment(conf);

	s->net = net;
	s->prefix = prefix;
	s->shared = shared;
	if (relay != 0)
		s->relay[s->nrelays++] = relay;
	return ((uint32_t)conf->nsegment - 1);
}

/* In no order at all. */
static void
setup(void)
{
	uint32_t	addr;

	conf = conf_new();
	segment(IP(10, 77, 0, 0), 16, NONE, 0);
	segment(IP(10, 1, 0, 0), 24, NONE, IP(10, 1, 0, 1));
	segment(IP(172, 16, 2, 0), 24, 0, IP(172, 16, 2, 1));
	segment(IP(10, 2, 0, 0), 24, 0, 0);
	segment(IP(10, 3, 0, 0), 20, NONE, IP(198, 51, 100, 9));
	segment(IP(10, 0, 8, 0), 24, NONE, IP(198, 51, 100, 9));
	segment(IP(10, 9, 0, 0), 16, NONE, 0);
	ifaces[0].index = 1;
	ifaces[0].naddrs = 2;
	ifaces[0].addr[0] = ME;
	ifaces[0].addr[1] = OTHER_ME;
	child.ifaces = ifaces;
	child.nifaces = 1;
	reach_configure(conf);
	link_of_iface(&here, conf, &ifaces[0]);
	addr = IP(10, 77, 9, 9);
	CHECK(here.n == 1 && here.own == ME && !here.relayed &&
	    link_find(&here, addr) == 0);
}

struct row {
	const char	*name;
	uint32_t	 giaddr, link_addr, subnet, ciaddr, src, dst;
	int		 first, n;	/* segments of the link */
};

#define LOCAL	0, 0, 0

static const struct row rows[] = {
	{ "a neighbour", LOCAL, 0, 0, ALL, HOME, 1 },
	{ "a neighbour with an address", LOCAL, IP(10, 77, 1, 1),
	    IP(10, 77, 1, 1), ME, HOME, 1 },
	{ "a neighbour lost from elsewhere", LOCAL, IP(10, 1, 0, 9), 0, ALL,
	    HOME, 1 },
	{ "rebinding with an address of elsewhere", LOCAL, IP(10, 1, 0, 9),
	    IP(10, 1, 0, 9), ALL, HOME, 1 },
	{ "the same to the subnet's broadcast", LOCAL, IP(10, 1, 0, 9),
	    IP(10, 1, 0, 9), IP(10, 77, 255, 255), HOME, 1 },
	{ "renewing from behind a relay agent", LOCAL, IP(10, 1, 0, 9),
	    IP(10, 1, 0, 9), ME, FLOOR1, 1 },
	{ "renewing, but of another address", LOCAL, IP(10, 1, 0, 9),
	    IP(10, 1, 0, 8), ME, HOME, 1 },
	{ "renewing where nobody relays", LOCAL, IP(10, 9, 0, 9),
	    IP(10, 9, 0, 9), ME, NOWHERE, 0 },
	{ "renewing from a broadcast address", LOCAL, IP(10, 1, 0, 255),
	    IP(10, 1, 0, 255), ME, NOWHERE, -1 },

	{ "giaddr of a subnet", IP(10, 1, 0, 1), 0, 0, 0, 0, ME, FLOOR1, 1 },
	{ "another address of the subnet", IP(10, 1, 0, 77), 0, 0, 0, 0, ME,
	    FLOOR1, 1 },
	{ "relayed by broadcast", IP(10, 1, 0, 1), 0, 0, 0, 0, ALL, FLOOR1,
	    1 },
	{ "to our other address", IP(10, 1, 0, 1), 0, 0, 0, 0, OTHER_ME,
	    FLOOR1, 1 },
	{ "a shared network", IP(172, 16, 2, 1), 0, 0, 0, 0, ME, FLOOR2A, 2 },
	{ "its other half has no relay agent", IP(10, 2, 0, 1), 0, 0, 0, 0, ME,
	    NOWHERE, 0 },
	{ "a relay agent with two subnets", IP(198, 51, 100, 9), 0, 0, 0, 0,
	    ME, HALL, 2 },
	{ "one of them", IP(10, 3, 15, 254), 0, 0, 0, 0, ME, HALL, 1 },
	{ "behind the end of it", IP(10, 3, 16, 0), 0, 0, 0, 0, ME, NOWHERE,
	    0 },
	{ "nobody relays there", IP(10, 9, 0, 1), 0, 0, 0, 0, ME, NOWHERE, 0 },
	{ "nor here", IP(10, 77, 0, 9), 0, 0, 0, 0, ME, NOWHERE, 0 },
	{ "unknown", IP(1, 2, 3, 4), 0, 0, 0, 0, ME, NOWHERE, 0 },
	{ "ciaddr does not count", IP(10, 1, 0, 1), 0, 0, IP(10, 3, 0, 5),
	    IP(10, 3, 0, 5), ME, FLOOR1, 1 },

	/* RFC 3527, RFC 3011 */
	{ "link selection", IP(203, 0, 113, 5), IP(10, 1, 0, 0), 0, 0, 0, ME,
	    FLOOR1, 1 },
	{ "before giaddr", IP(10, 1, 0, 1), IP(10, 3, 1, 1), 0, 0, 0, ME, HALL,
	    1 },
	{ "before the client's wish", IP(10, 1, 0, 1), IP(10, 3, 1, 1),
	    IP(172, 16, 2, 0), 0, 0, ME, HALL, 1 },
	{ "no segment of ours", IP(10, 1, 0, 1), IP(1, 2, 3, 4), 0, 0, 0, ME,
	    NOWHERE, 0 },
	{ "a segment that is not relayed", IP(10, 1, 0, 1), IP(10, 77, 0, 0),
	    0, 0, 0, ME, NOWHERE, 0 },
	{ "subnet selection", IP(10, 1, 0, 1), 0, IP(172, 16, 2, 0), 0, 0, ME,
	    FLOOR2A, 2 },
	{ "of no subnet of ours", IP(10, 1, 0, 1), 0, IP(1, 2, 3, 0), 0, 0, ME,
	    NOWHERE, 0 },
	{ "by a neighbour: not heard", 0, 0, IP(10, 1, 0, 0), 0, 0, ALL, HOME,
	    1 },

	/* n of -1: these are no relay agents. */
	{ "our address", ME, 0, 0, 0, 0, ME, NOWHERE, -1 },
	{ "our other address", OTHER_ME, IP(10, 1, 0, 0), 0, 0, 0, ME, NOWHERE,
	    -1 },
	{ "everybody", ALL, IP(10, 1, 0, 0), 0, 0, 0, ME, NOWHERE, -1 },
	{ "a group", IP(224, 0, 0, 1), IP(10, 1, 0, 0), 0, 0, 0, ME, NOWHERE,
	    -1 },
	{ "class E", IP(240, 0, 0, 1), IP(10, 1, 0, 0), 0, 0, 0, ME, NOWHERE,
	    -1 },
	{ "loopback", IP(127, 0, 0, 1), IP(10, 1, 0, 0), 0, 0, 0, ME, NOWHERE,
	    -1 },
	{ "this network", IP(0, 0, 0, 1), IP(10, 1, 0, 0), 0, 0, 0, ME,
	    NOWHERE, -1 },
	{ "a subnet's broadcast address", IP(10, 1, 0, 255), 0, 0, 0, 0, ME,
	    NOWHERE, -1 },
	{ "a subnet's own address", IP(10, 3, 0, 0), 0, 0, 0, 0, ME, NOWHERE,
	    -1 },
	{ "our broadcast address", IP(10, 77, 255, 255), IP(10, 1, 0, 0), 0, 0,
	    0, ME, NOWHERE, -1 },
};

static void
test_rows(void)
{
	const struct row	*r;
	const struct link	*link;
	struct dhcp_msg		 m;
	struct link		 far;
	uint32_t		 own;

	for (r = rows; r < rows + nitems(rows); r++) {
		memset(&m, 0, sizeof(m));
		m.giaddr = r->giaddr;
		m.link_addr = r->link_addr;
		m.subnet = r->subnet;
		m.ciaddr = r->ciaddr;
		m.src = r->src;
		m.dst = r->dst;
		link = link_of_request(&far, &here, conf, &m);
		if (r->n == -1) {
			CHECK_NAMED(link == NULL && far.n == 0 &&
			    far.own == 0, r->name);
			continue;
		}
		CHECK_NAMED(link != NULL && (int)link->n == r->n, r->name);
		if (link == NULL || link->n == 0)
			continue;
		CHECK_NAMED((int)link->seg[0].segment == r->first, r->name);
		own = r->dst == OTHER_ME ? OTHER_ME : ME;
		CHECK_NAMED(link->own == own && link->seg[0].own == own,
		    r->name);
		CHECK_NAMED((link == &here) == (r->first == HOME), r->name);
		CHECK_NAMED(link->relayed == (r->first != HOME), r->name);
	}
}

/* A link with more segments than there is room for keeps the first ones. */
static void
test_crowded(void)
{
	struct link	link;
	uint32_t	i;

	for (i = 0; i < LINK_SEGMENTS + 8; i++)
		segment(IP(100, i, 0, 0), 16, 7, IP(100, i, 0, 1));
	link_of_addr(&link, conf, IP(100, 5, 0, 1), ME);
	CHECK(link.n == LINK_SEGMENTS);
	CHECK(link_find(&link, IP(100, 5, 0, 9)) == 0);
	CHECK(link_find(&link, IP(10, 1, 0, 9)) == -1);
}

/* Thousands: each is found, by its network and by its relay agent. */
static void
test_many(void)
{
	struct link	link;
	uint32_t	i, s, bad = 0;
	const uint32_t	n = 20000;

	for (i = 0; i < n; i++) {
		s = i * 7919 % n;
		segment(IP(20, 0, 0, 0) + s * 16, 28, NONE,
		    IP(30, 0, 0, 0) + s);
	}
	reach_configure(conf);
	for (i = 0; i < n; i++) {
		link_of_addr(&link, conf, IP(20, 0, 0, 0) + i * 16 + 5, ME);
		if (link.n != 1 || link.seg[0].net != IP(20, 0, 0, 0) + i * 16)
			bad++;
		link_of_addr(&link, conf, IP(30, 0, 0, 0) + i, ME);
		if (link.n != 1 || link.seg[0].net != IP(20, 0, 0, 0) + i * 16)
			bad++;
	}
	CHECK(bad == 0);
	CHECK(reach_segment(conf, IP(20, 0, 0, 0) + 16 * 7 + 15) ==
	    reach_segment(conf, IP(20, 0, 0, 0) + 16 * 7));
	CHECK(reach_segment(conf, IP(10, 77, 5, 5)) == HOME);
	CHECK(reach_segment(conf, IP(9, 9, 9, 9)) == NONE);
}

/* A new configuration at the place of the old one. */
static void
test_reload(void)
{
	struct link	link;

	link_of_addr(&link, conf, IP(10, 1, 0, 1), ME);
	CHECK(link.n == 1);
	conf->segment[FLOOR1].net = IP(10, 200, 0, 0);
	conf->segment[FLOOR1].relay[0] = IP(10, 200, 0, 1);
	reach_configure(conf);
	link_of_addr(&link, conf, IP(10, 1, 0, 1), ME);
	CHECK(link.n == 0);
	link_of_addr(&link, conf, IP(10, 200, 0, 1), ME);
	CHECK(link.n == 1 && link.seg[0].segment == FLOOR1);
}

/* What is there on a link: shared networks, and what only relay agents reach. */
static void
test_links(void)
{
	struct msg_iface	 iface = { .index = 1, .naddrs = 1 };
	struct link		 l;

	conf_free(conf);
	conf = conf_new();
	(void)conf_add_shared(conf);
	(void)segment(IP(10, 77, 0, 0), 16, 0, 0);
	(void)segment(IP(192, 168, 1, 0), 24, 0, 0);
	(void)segment(IP(172, 16, 0, 0), 12, NONE, IP(10, 99, 0, 1));
	iface.addr[0] = ME;
	iface.prefix[0] = 16;
	link_of_iface(&l, conf, &iface);
	CHECK(l.n == 2 && l.own == ME && l.seg[1].own == ME && !l.relayed);
	CHECK(link_find(&l, IP(192, 168, 1, 5)) == 1);
	CHECK(link_find(&l, IP(172, 16, 0, 1)) == -1);
	link_of_addr(&l, conf, IP(10, 99, 0, 1), ME);
	CHECK(l.n == 1 && l.own == ME && l.relayed);
	CHECK(link_find(&l, IP(172, 16, 0, 1)) == 0);
	link_of_addr(&l, conf, IP(172, 16, 0, 1), ME);
	CHECK(l.n == 1);
	link_of_addr(&l, conf, IP(10, 77, 0, 9), ME);
	CHECK_NAMED(l.n == 0, "no relay agent is known there:");
	link_of_addr(&l, conf, IP(1, 2, 3, 4), ME);
	CHECK(l.n == 0);
}

int
main(void)
{
	setup();
	test_rows();
	test_crowded();
	test_many();
	test_reload();
	test_links();
	return (unit_done());
}
