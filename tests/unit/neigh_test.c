/* SPDX-License-Identifier: ISC */
/*
 * neigh_test.c: who was heard at an address, what is news, what is forgotten,
 * and what the configuration names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

#define NET	0x0a4d0000		/* 10.77.0.0/16 */
#define ROUTER	(NET + 1)
#define HOST	(NET + 0x105)
#define ETH0	7
#define ETH1	8

static const struct mac	ann = { { 2, 0, 0, 0, 0, 0xa } };
static const struct mac	bob = { { 2, 0, 0, 0, 0, 0xb } };
static const struct mac	cid = { { 2, 0, 0, 0, 0, 0xc } };
static const struct mac	vrrp = { { 0x00, 0x00, 0x5e, 0x00, 0x01, 5 } };
static const struct mac	nobody;

static struct neighs	 ns;

static mono_t
at(int64_t s)
{
	return ((mono_t){ (1000 + s) * 1000000 });
}

static enum neigh_news
hear(uint16_t op, struct mac mac, uint32_t spa, uint32_t tpa, int64_t s)
{
	const struct arp_msg	msg = {
		.from = mac, .sha = mac, .spa = spa, .tpa = tpa, .op = op
	};

	return (neigh_heard(&ns, &msg, ETH0, 0, at(s)));
}

static enum neigh_news
claim(struct mac mac, uint32_t addr, int64_t s)
{
	return (hear(ARP_REQUEST, mac, addr, ROUTER, s));
}

static void
begin(void)
{
	free(ns.row);
	free(ns.bucket);
	neigh_init(&ns);
}

static void
test_row(void)
{
	const struct neigh	*n;

	begin();
	CHECK_NAMED(neigh_find(&ns, HOST) == NULL, "nothing is known");
	CHECK(claim(ann, HOST, 0) == NEIGH_SAME);
	CHECK(claim(ann, HOST, 9) == NEIGH_SAME);
	n = neigh_find(&ns, HOST);
	CHECK(n != NULL && ns.n == 1);
	CHECK(n->addr == HOST && mac_equal(n->mac, ann));
	CHECK(mac_equal(n->before, nobody) && n->flips == 0);
	CHECK_NAMED(n->first == 1000 && n->last == 1009, "the times");
	CHECK(n->ifindex == ETH0 && n->source == ARP_SOURCE_REQUEST);
	(void)hear(ARP_REPLY, ann, HOST, ROUTER, 10);
	CHECK_NAMED(n->source == ARP_SOURCE_REPLY, "a reply");
	(void)hear(ARP_REQUEST, ann, HOST, HOST, 10);
	CHECK_NAMED(n->source == ARP_SOURCE_ANNOUNCE, "an announcement");
	(void)hear(ARP_REPLY, ann, HOST, HOST, 10);
	CHECK_NAMED(n->source == ARP_SOURCE_ANNOUNCE, "by a reply");
	CHECK_NAMED(hear(ARP_REQUEST, bob, HOST, HOST, 11) == NEIGH_MOVED,
	    "another machine");
	CHECK(mac_equal(n->mac, bob) && mac_equal(n->before, ann));
	CHECK(n->flips == 1 && ns.flips == 1 && ns.n == 1);
	CHECK_NAMED(n->first == 1000, "it is the address that is known");
}

/* RFC 5227 2.1.1: who probes does not use the address yet. */
static void
test_probe(void)
{
	const struct neigh	*n;

	begin();
	(void)hear(ARP_REQUEST, ann, 0, HOST, 0);
	n = neigh_find(&ns, HOST);
	CHECK_NAMED(n != NULL && n->source == ARP_SOURCE_PROBE, "a probe");
	CHECK(mac_equal(n->mac, ann));
	(void)hear(ARP_REQUEST, bob, 0, HOST, 1);
	CHECK_NAMED(mac_equal(n->mac, bob) && n->flips == 0,
	    "two that probe: none of them is there");
	CHECK_NAMED(claim(cid, HOST, 2) == NEIGH_SAME && n->flips == 0,
	    "the first to use it takes it from nobody");
	CHECK(mac_equal(n->mac, cid) && n->source == ARP_SOURCE_REQUEST);
	CHECK_NAMED(hear(ARP_REQUEST, ann, 0, HOST, 5) == NEIGH_SAME &&
	    mac_equal(n->mac, cid) && n->last == 1002,
	    "a probe takes nothing from who is there");
	(void)hear(ARP_REQUEST, cid, 0, HOST, 6);
	CHECK_NAMED(n->last == 1006 && n->source == ARP_SOURCE_REQUEST,
	    "its own probe shows that it is there");
}

static void
test_turns(void)
{
	int	i, told = 0, moved = 0;

	begin();
	(void)claim(ann, HOST, 0);
	CHECK(claim(bob, HOST, 1) == NEIGH_MOVED);
	CHECK(claim(ann, HOST, 2) == NEIGH_MOVED);
	CHECK(claim(bob, HOST, 3) == NEIGH_MOVED);
	CHECK_NAMED(claim(ann, HOST, 4) == NEIGH_BY_TURNS, "by turns");
	for (i = 5; i < 4 + NEIGH_QUIET_S; i++)
		moved += claim(i % 2 ? bob : ann, HOST, i) != NEIGH_SAME;
	CHECK_NAMED(moved == 0, "nothing is said again for a while");
	CHECK_NAMED(neigh_find(&ns, HOST)->flips == NEIGH_QUIET_S + 3,
	    "but all are counted");
	for (; i < 4 + 2 * NEIGH_QUIET_S; i++)
		told += claim(i % 2 ? bob : ann, HOST, i) == NEIGH_BY_TURNS;
	CHECK_NAMED(told == 1, "then once more");

	begin();
	(void)claim(ann, HOST, 0);
	for (told = 0, i = 1; i < 20; i++)
		told += claim(i % 2 ? bob : ann, HOST, i * (NEIGH_TURN_S /
		    (NEIGH_TURNS - 2))) == NEIGH_BY_TURNS;
	CHECK_NAMED(told == 0, "a change now and then is none");
}

/* Many machines at one address take one row. */
static void
test_many_macs(void)
{
	struct mac	mac = { { 2, 0xf1 } };
	uint32_t	i;
	int		news = 0;

	begin();
	for (i = 0; i < 200000; i++) {
		mac.b[3] = (uint8_t)(i >> 16);
		mac.b[4] = (uint8_t)(i >> 8);
		mac.b[5] = (uint8_t)i;
		news += claim(mac, HOST, i / 10000) != NEIGH_SAME;
	}
	CHECK_NAMED(ns.n == 1 && ns.used == 1, "one row");
	CHECK_NAMED(news == NEIGH_TURNS, "little to say");
	CHECK(ns.flips == 199999);
}

static void
test_virtual(void)
{
	begin();
	CHECK(neigh_virtual(ann) == NULL);
	CHECK(strcmp(neigh_virtual(vrrp), "VRRP") == 0);
	CHECK(strcmp(neigh_virtual((struct mac){ { 0, 0, 0x0c, 0x07, 0xac,
	    1 } }), "HSRP") == 0);
	CHECK(strcmp(neigh_virtual((struct mac){ { 0, 0, 0x0c, 0x9f, 0xf1,
	    1 } }), "HSRP") == 0);
	CHECK(neigh_virtual((struct mac){ { 0, 0, 0x0c, 0x9f, 0xe1, 1 } }) ==
	    NULL);
	(void)claim(ann, ROUTER, 0);
	CHECK_NAMED(claim(vrrp, ROUTER, 1) == NEIGH_VIRTUAL, "it is shared");
	CHECK_NAMED(claim(ann, ROUTER, 2) == NEIGH_SAME &&
	    claim(vrrp, ROUTER, 3) == NEIGH_SAME &&
	    claim(ann, ROUTER, 4) == NEIGH_SAME &&
	    claim(vrrp, ROUTER, 5) == NEIGH_SAME, "told once");
	CHECK_NAMED(claim(bob, ROUTER, 6) == NEIGH_VIRTUAL,
	    "a third one is new");
	CHECK_NAMED(claim(ann, ROUTER, 7) == NEIGH_MOVED,
	    "from a machine to a machine");
}

static void
fill(uint32_t first, uint32_t n, int64_t s)
{
	uint32_t	i;

	for (i = 0; i < n; i++)
		(void)claim(ann, first + i, s);
}

static void
test_room(void)
{
	const struct arp_msg	known = {
		.from = bob, .sha = bob, .spa = HOST, .tpa = HOST,
		.op = ARP_REQUEST
	};
	uint32_t		i, left = 0;

	begin();
	(void)neigh_heard(&ns, &known, ETH0, 1, at(0));
	fill(0x0b000000, NEIGH_MAX - 1, 1);
	CHECK_NAMED(ns.n == NEIGH_MAX && ns.evicted == 0, "it is full");
	(void)claim(ann, 0x0b000000, 2);
	fill(0x0c000000, 10, 3);
	CHECK(ns.n == NEIGH_MAX && ns.evicted == 10);
	CHECK_NAMED(neigh_find(&ns, 0x0b000000) != NULL,
	    "who spoke again stays");
	for (i = 1; i <= 11; i++)
		left += neigh_find(&ns, 0x0b000000 + i) != NULL;
	CHECK_NAMED(left == 1, "the longest silent went");
	fill(0x0d000000, 3 * NEIGH_MAX, 4);
	CHECK_NAMED(neigh_find(&ns, HOST) != NULL, "what we know stays");
	CHECK(ns.n == NEIGH_MAX && ns.used == NEIGH_MAX);
	(void)neigh_heard(&ns, &known, ETH0, 0, at(5));
	fill(0x0e000000, NEIGH_MAX, 6);
	CHECK_NAMED(neigh_find(&ns, HOST) == NULL,
	    "unless it is known no longer");

	begin();
	for (i = 0; i < NEIGH_MAX + 5; i++) {
		const struct arp_msg	msg = {
			.from = bob, .sha = bob, .spa = 0x0b000000 + i,
			.tpa = HOST, .op = ARP_REQUEST
		};

		(void)neigh_heard(&ns, &msg, ETH0, 1, at(i));
	}
	CHECK_NAMED(ns.n == NEIGH_MAX && ns.evicted == 5 &&
	    neigh_find(&ns, 0x0b000004) == NULL &&
	    neigh_find(&ns, 0x0b000005) != NULL, "all are known");
}

static enum neigh_fate
fate(uint32_t addr, uint32_t ifindex)
{
	if (ifindex != ETH0)
		return (NEIGH_GONE);
	return (addr == HOST ? NEIGH_KEEP : NEIGH_FORGET);
}

static void
test_review(void)
{
	const struct arp_msg	there = {
		.from = bob, .sha = bob, .spa = HOST + 2, .tpa = HOST,
		.op = ARP_REQUEST
	};

	begin();
	(void)claim(ann, HOST, 0);
	(void)claim(ann, HOST + 1, 0);
	(void)neigh_heard(&ns, &there, ETH1, 0, at(0));
	neigh_review(&ns, fate);
	CHECK(ns.n == 2 && neigh_find(&ns, HOST)->ifindex == ETH0);
	CHECK_NAMED(neigh_find(&ns, HOST + 1) == NULL,
	    "of no network any more");
	CHECK_NAMED(neigh_find(&ns, HOST + 2)->ifindex == 0,
	    "an interface that is gone");
	(void)claim(bob, HOST + 2, 1);
	CHECK_NAMED(neigh_find(&ns, HOST + 2)->ifindex == ETH0,
	    "heard elsewhere");
	(void)claim(cid, HOST + 3, 1);
	CHECK_NAMED(ns.used == 3, "a row that was left is used again");
}

static void
test_role(void)
{
	struct conf		*conf = conf_new();
	struct conf_segment	*seg = conf_add_segment(conf);
	char			 text[ROLE_STRLEN];

	seg->net = NET;
	seg->prefix = 16;
	seg->nrouters = seg->ndns = 2;
	seg->router[0] = ROUTER;
	seg->router[1] = NET + 2;
	seg->dns[0] = ROUTER;
	seg->dns[1] = NET + 3;
	seg->next_server = NET + 4;
	conf->global->nothers = 1;
	conf->global->other[0] = NET + 5;
	role_configure(conf);
	CHECK(role_find(NET) == NULL && role_find(NET + 6) == NULL);
	CHECK(role_find(0) == NULL && role_find(UINT32_MAX) == NULL);
	CHECK_NAMED(strcmp(role_str(role_find(ROUTER), conf, text),
	    "the router 10.77.0.1 of 10.77.0.0/16") == 0,
	    "what counts most");
	CHECK(role_find(NET + 2)->kind == ROLE_ROUTER);
	CHECK(role_find(NET + 3)->kind == ROLE_DNS);
	CHECK(role_find(NET + 4)->kind == ROLE_NEXT_SERVER);
	CHECK_NAMED(strcmp(role_str(role_find(NET + 5), conf, text),
	    "the DHCP server 10.77.0.5") == 0, "of no subnet");
	conf_free(conf);
	conf = conf_new();
	role_configure(conf);
	CHECK_NAMED(role_find(ROUTER) == NULL, "another configuration");
	conf_free(conf);
}

int
main(void)
{
	test_row();
	test_probe();
	test_turns();
	test_many_macs();
	test_virtual();
	test_room();
	test_review();
	test_role();
	return (unit_done());
}
