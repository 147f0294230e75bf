/* SPDX-License-Identifier: ISC */
/*
 * watch_test.c: whose the addresses are, and what a frame with one means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

#define NET	0x0a4d0000		/* 10.77.0.0/16 */
#define SERVER	(NET + 1)
#define FIRST	(NET + 0x100)		/* 10.77.1.0 */
#define LAST	(NET + 0x107)
#define HOST	(NET + 0x200)		/* reserved, in no range */
#define NOMAC	(NET + 0x201)		/* reserved by UUID */

static const struct mac	us = { { 2, 0, 0, 0, 0, 1 } };
static const struct mac	ann = { { 2, 0, 0, 0, 0, 0xa } };
static const struct mac	ann2 = { { 2, 0, 0, 0, 0, 0xc } };
static const struct mac	bob = { { 2, 0, 0, 0, 0, 0xb } };
static const mono_t	t0 = { 1000000000 };

static struct watch	w;
static struct port	port;
static struct conf	*conf;
static int		dropped;

static void
drop(struct entry *e)
{
	(void)probe_event(&e->probe, PROBE_IN_STOP, t0);
	dropped++;
}

static void
add_ethernet(struct conf *c, uint32_t host, struct mac mac)
{
	struct conf_hostid	*id = conf_add_hostid(c);

	id->host = host;
	id->kind = HOSTID_ETHERNET;
	id->len = sizeof(mac.b);
	memcpy(id->data, mac.b, sizeof(mac.b));
}

static struct conf *
make_conf(uint32_t first, uint32_t last)
{
	struct conf		*c = conf_new();
	struct conf_segment	*seg;
	struct conf_range	*r;
	struct conf_host	*h;

	seg = conf_add_segment(c);
	seg->net = 0x0a630000;			/* 10.99.0.0/16 */
	seg->prefix = 16;
	seg->shared = NONE;
	seg = conf_add_segment(c);
	seg->net = NET;
	seg->prefix = 16;
	seg->shared = NONE;
	r = conf_add_range(c);
	r->segment = 0;
	r->first = r->last = 0x0a630005;
	r = conf_add_range(c);
	r->segment = 1;
	r->first = first;
	r->last = last;
	h = conf_add_host(c);
	(void)snprintf(h->name, sizeof(h->name), "ann");
	h->group = NONE;
	h->addr = HOST;
	h = conf_add_host(c);
	(void)snprintf(h->name, sizeof(h->name), "noname");
	h->group = NONE;
	h->addr = NOMAC;
	add_ethernet(c, 0, ann);
	add_ethernet(c, 0, ann2);
	return (c);
}

static void
begin(void)
{
	size_t	i;

	memset(&port, 0, sizeof(port));
	port.iface.index = 7;
	port.iface.up = 1;
	port.iface.mac = us;
	port.iface.naddrs = 1;
	port.iface.addr[0] = SERVER;
	watch_init(&w);
	conf = make_conf(FIRST, LAST);
	watch_configure(&w, conf, drop);
	for (i = 0; i < w.nsegs; i++)
		w.segs[i].wire = w.segs[i].port = i == 1 ? &port : NULL;
}

static struct entry *
lease(uint32_t addr, struct mac mac, enum lease_state state, int64_t s,
    int fresh)
{
	struct msg_grant	l;

	memset(&l, 0, sizeof(l));
	l.addr = addr;
	l.mac = mac;
	l.state = (uint8_t)state;
	l.expire_us = mono_add_s(t0, s).us;
	return (watch_lease(&w, &l, fresh));
}

static enum verdict_kind
judge_on(const struct msg_iface *in, struct mac sha, uint32_t spa,
    uint32_t tpa, mono_t now)
{
	const struct arp_msg	msg = {
		.op = ARP_REQUEST, .sha = sha, .spa = spa, .tpa = tpa
	};
	struct verdict		v;

	watch_decide(&v, &w, &msg, in, &port.iface, 1, now);
	return (v.kind);
}

static enum verdict_kind
judge(struct mac sha, uint32_t spa, uint32_t tpa, mono_t now)
{
	return (judge_on(&port.iface, sha, spa, tpa, now));
}

static void
test_enter(void)
{
	CHECK(watch_find(&w, HOST) != NULL && watch_find(&w, NOMAC) != NULL);
	CHECK(watch_find(&w, HOST)->host == 0);
	CHECK(mac_equal(watch_find(&w, HOST)->owner, ann));
	CHECK(w.nentries == 2);
	CHECK_NAMED(watch_enter(&w, NET + 0x300) == NULL, "in no range");
	CHECK_NAMED(watch_enter(&w, 0x08080808) == NULL, "no segment");
	CHECK(watch_enter(&w, FIRST) != NULL && watch_enter(&w, LAST) != NULL);
	CHECK(watch_enter(&w, FIRST) == watch_find(&w, FIRST));
	CHECK(w.nentries == 4);
	watch_release(&w, watch_find(&w, FIRST), t0);
	watch_release(&w, watch_find(&w, LAST), t0);
	watch_release(&w, watch_find(&w, HOST), t0);
	CHECK_NAMED(w.nentries == 2, "reservations stay");
}

static void
test_free(void)
{
	struct segment	*seg = &w.segs[1];
	struct entry	*e;
	uint32_t	 addr, i;

	for (i = 0; i <= LAST - FIRST; i++) {
		addr = watch_next_free(&w, seg, t0);
		if (addr != FIRST + i)
			break;
	}
	CHECK_NAMED(i == LAST - FIRST + 1, "each in order");
	CHECK_NAMED(watch_next_free(&w, seg, t0) == FIRST, "and again");
	(void)lease(FIRST + 1, bob, LEASE_BOUND, 60, 0);
	(void)lease(FIRST + 2, bob, LEASE_DECLINED, 60, 0);
	(void)lease(FIRST + 3, bob, LEASE_FREE, 60, 0);
	e = watch_enter(&w, FIRST + 4);
	(void)probe_event(&e->probe, PROBE_IN_PROVE, t0);
	CHECK(watch_next_free(&w, seg, t0) == FIRST + 3);
	CHECK(watch_next_free(&w, seg, t0) == FIRST + 5);
	seg->next = 0;
	CHECK_NAMED(watch_next_free(&w, seg, mono_add_s(t0, 61)) == FIRST + 1,
	    "an expired lease");
	for (addr = FIRST; addr <= LAST; addr++)
		(void)lease(addr, bob, LEASE_BOUND, 60, 0);
	CHECK_NAMED(watch_next_free(&w, seg, t0) == 0, "full");
	CHECK(watch_next_free(&w, &w.segs[0], t0) == 0x0a630005);
	for (addr = FIRST; addr <= LAST; addr++) {
		e = lease(addr, bob, LEASE_FREE, 60, 0);
		(void)probe_event(&e->probe, PROBE_IN_STOP, t0);
		watch_release(&w, e, t0);
	}
	CHECK(w.nentries == 2);
}

/* A leased address: its owner, another machine, before and after the end. */
static void
test_leased(void)
{
	struct entry	*e = lease(FIRST, bob, LEASE_BOUND, 60, 1);
	const mono_t	 late = mono_add_s(t0, 61);
	const struct msg_iface elsewhere = { .index = 9, .up = 1 };

	CHECK(judge(ann, SERVER + 5, FIRST, t0) == VERDICT_NOTHING);
	CHECK_NAMED(judge(ann, 0, FIRST, t0) == VERDICT_NOTHING,
	    "a probe is no claim");
	CHECK(judge(ann, FIRST, SERVER, t0) == VERDICT_CONFLICT);
	CHECK(judge(bob, FIRST, SERVER, t0) == VERDICT_SEEN);
	CHECK_NAMED(judge(bob, 0, FIRST, t0) == VERDICT_SEEN, "its own probe");
	e->unseen = 0;
	CHECK(judge(bob, FIRST, SERVER, t0) == VERDICT_NOTHING);
	e->quiet = mono_add_s(t0, WATCH_QUIET_S);
	CHECK(judge(ann, FIRST, SERVER, t0) == VERDICT_NOTHING);
	CHECK(judge(ann, FIRST, SERVER, mono_add_s(t0, 11)) ==
	    VERDICT_CONFLICT);
	CHECK_NAMED(judge(ann, FIRST, SERVER, late) == VERDICT_NOTHING,
	    "after the lease");
	CHECK(lease(FIRST, bob, LEASE_BOUND, 60, 1)->unseen == 0);
	CHECK_NAMED(lease(FIRST, bob, LEASE_BOUND, 90, 1)->unseen == 1,
	    "a new ACK");
	CHECK(lease(FIRST, bob, LEASE_FREE, 0, 1)->unseen == 0);
	CHECK_NAMED(lease(FIRST, bob, LEASE_BOUND, 95, 0)->unseen == 0,
	    "an ACK of long ago");
	CHECK_NAMED(judge(ann, FIRST, SERVER, mono_add_s(t0, 20)) ==
	    VERDICT_CONFLICT, "on its segment");
	CHECK_NAMED(judge_on(&elsewhere, ann, FIRST, SERVER,
	    mono_add_s(t0, 20)) == VERDICT_NOTHING, "on another interface");
	w.segs[1].wire = NULL;
	CHECK_NAMED(judge(ann, FIRST, SERVER, mono_add_s(t0, 20)) ==
	    VERDICT_NOTHING, "behind a relay");
	w.segs[1].wire = &port;
	(void)lease(FIRST, bob, LEASE_FREE, 0, 0);
}

static void
test_reserved(void)
{
	struct entry	*e = watch_find(&w, HOST);

	CHECK(judge(ann, HOST, SERVER, t0) == VERDICT_NOTHING);
	CHECK(judge(ann2, HOST, SERVER, t0) == VERDICT_NOTHING);
	CHECK(judge(bob, HOST, SERVER, t0) == VERDICT_CONFLICT);
	CHECK_NAMED(judge(bob, NOMAC, SERVER, t0) == VERDICT_NOTHING,
	    "whose is it");
	/* Leased to the host's second card: the first one is no stranger. */
	(void)lease(HOST, ann2, LEASE_BOUND, 60, 1);
	CHECK(judge(ann, HOST, SERVER, t0) == VERDICT_SEEN);
	CHECK(judge(bob, HOST, SERVER, t0) == VERDICT_CONFLICT);
	(void)lease(HOST, ann2, LEASE_FREE, 0, 1);
	CHECK(mac_equal(e->owner, ann));
	/* Being probed: silence of all but the host itself is what counts. */
	(void)probe_event(&e->probe, PROBE_IN_PROVE, t0);
	CHECK(judge(ann, HOST, SERVER, t0) == VERDICT_NOTHING);
	e->quiet = mono_add_s(t0, WATCH_QUIET_S);
	CHECK(judge(bob, HOST, SERVER, t0) == VERDICT_TAKEN);
	(void)probe_event(&e->probe, PROBE_IN_STOP, t0);
	e->quiet = t0;
}

static void
test_probed(void)
{
	struct entry	*e = watch_enter(&w, FIRST + 2);

	CHECK(judge(bob, FIRST + 2, SERVER, t0) == VERDICT_NOTHING);
	(void)probe_event(&e->probe, PROBE_IN_PROVE, t0);
	CHECK(judge(bob, FIRST + 2, SERVER, t0) == VERDICT_TAKEN);
	CHECK_NAMED(judge(bob, 0, FIRST + 2, t0) == VERDICT_TAKEN,
	    "another's probe");
	CHECK_NAMED(judge(bob, SERVER + 9, FIRST + 2, t0) == VERDICT_NOTHING,
	    "somebody looks for it");
	CHECK_NAMED(judge(us, 0, FIRST + 2, t0) == VERDICT_OURS, "ours");
	(void)probe_event(&e->probe, PROBE_IN_STOP, t0);
	watch_release(&w, e, t0);
}

static void
test_own(void)
{
	CHECK(judge(bob, SERVER, SERVER, t0) == VERDICT_OWN_CLAIMED);
	CHECK(judge(us, SERVER, SERVER, t0) == VERDICT_OURS);
	CHECK_NAMED(judge(bob, 0, SERVER, t0) == VERDICT_NOTHING,
	    "the kernel answers a probe");
	CHECK(judge(bob, NET + 0x300, SERVER, t0) == VERDICT_NOTHING);
}

static void
test_reload(void)
{
	struct conf	*old = conf;

	(void)lease(FIRST, bob, LEASE_BOUND, 60, 0);
	(void)lease(LAST, bob, LEASE_BOUND, 60, 0);
	(void)lease(LAST - 1, bob, LEASE_DECLINED, 60, 0);
	conf = make_conf(FIRST, FIRST + 3);
	conf->host[0].addr = FIRST + 1;
	dropped = 0;
	watch_configure(&w, conf, drop);
	conf_free(old);
	CHECK_NAMED(dropped == 2, "a rest and a reservation are dropped");
	CHECK(watch_find(&w, LAST - 1) == NULL && watch_find(&w, HOST) == NULL);
	CHECK_NAMED(watch_is_leased(watch_find(&w, LAST), t0),
	    "a lease is somebody's until it ends");
	CHECK_NAMED(lease(LAST, bob, LEASE_FREE, 0, 0) != NULL, "ends");
	watch_release(&w, watch_find(&w, LAST), t0);
	CHECK(watch_find(&w, LAST) == NULL);
	CHECK_NAMED(lease(LAST, bob, LEASE_DECLINED, 60, 0) == NULL,
	    "nothing else makes it one");
	CHECK(watch_is_leased(watch_find(&w, FIRST), t0));
	CHECK(watch_find(&w, FIRST)->probe.seg == &w.segs[1]);
	CHECK(watch_find(&w, FIRST + 1)->host == 0);
	CHECK(watch_next_free(&w, &w.segs[1], t0) == FIRST + 2);
	old = conf;
	conf = conf_new();
	watch_configure(&w, conf, drop);
	conf_free(old);
	CHECK(w.nentries == 0 && w.nsegs == 0);
	CHECK(watch_enter(&w, FIRST) == NULL);
}

int
main(void)
{
	begin();
	test_enter();
	test_free();
	test_leased();
	test_reserved();
	test_probed();
	test_own();
	test_reload();
	conf_free(conf);
	free(w.buckets);
	free(w.segs);
	return (unit_done());
}
