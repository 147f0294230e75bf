/* SPDX-License-Identifier: ISC */
/*
 * quota_test.c: how much strangers may have, and what is left for hosts.
 */
#include "policy.h"
#include "unit.h"

#define LATER(s)	mono_add_s(NOW, (s))
#define WEB3		3		/* a host without an address */

static int	now_s;			/* seconds after NOW */

/* A DISCOVER or REQUEST of machine n, and what it is told. */
static enum verdict_kind
ask(uint8_t type, uint8_t n, uint32_t addr, const char *relay)
{
	struct dhcp_msg	m;

	req_init(&m, type, n);
	if (type == DHCP_REQUEST) {
		m.server = ME;
		m.requested = addr;
	}
	if (relay != NULL) {
		m.giaddr = ME;
		buf_init(&m.relay, relay, strlen(relay));
	}
	policy_decide(&v, &view, &link_here, &m, LATER(now_s));
	return (v.kind);
}

/* What dhcpd does with an OFFER or an ACK. */
static struct lease *
take(uint8_t n, enum hold_state state, const char *relay)
{
	struct owner	o = { .mac = mac_of(n), .hostname = "",
			    .known = v.host != NONE };

	if (relay != NULL) {
		o.relay = (const uint8_t *)relay;
		o.relay_len = strlen(relay);
	}
	return (lease_hold(view.leases, v.addr, &o, state, LATER(now_s),
	    LATER(now_s + 120)));
}

/* Strangers ask until they are refused; how many were not. */
static int
exhaust(uint8_t first, enum hold_state state)
{
	int	n;

	for (n = 0; n < 100; n++) {
		if (ask(DHCP_DISCOVER, (uint8_t)(first + n), 0, NULL) !=
		    V_OFFER || v.reclaimed)
			break;
		(void)take((uint8_t)(first + n), state, NULL);
	}
	return (n);
}

/* 15 addresses, one host without its own: an eighth is one. */
static void
test_keep_default(void)
{
	setup();
	conf->segment[0].keep = NONE;
	CHECK(exhaust(100, HOLD_BOUND) == 14);
	CHECK(v.kind == V_SILENT && v.refused && v.why != NULL);
	CHECK(ask(DHCP_REQUEST, 200, POOL + 14, NULL) == V_NAK && v.refused);
	CHECK_NAMED(ask(DHCP_DISCOVER, WEB3, 0, NULL) == V_OFFER,
	    "the host has the last:");
	(void)take(WEB3, HOLD_BOUND, NULL);
	CHECK(ask(DHCP_DISCOVER, WEB3, 0, NULL) == V_OFFER);
	CHECK(ask(DHCP_DISCOVER, 200, 0, NULL) == V_SILENT);
	CHECK_NAMED(ask(DHCP_DISCOVER, 2, 0, NULL) == V_OFFER &&
	    v.addr == RESERVED, "a reserved address:");
	/* It has its lease, so that nothing more need be kept. */
	lease_free(view.leases, lease_by_addr(view.leases, POOL), NOW);
	CHECK(ask(DHCP_DISCOVER, 200, 0, NULL) == V_OFFER);
	CHECK(ask(DHCP_DISCOVER, 100, 0, NULL) == V_OFFER && v.addr == POOL);
}

static void
test_keep_words(void)
{
	setup();
	conf->segment[0].keep = 5;
	CHECK(exhaust(100, HOLD_BOUND) == 10);
	CHECK(ask(DHCP_DISCOVER, WEB3, 0, NULL) == V_OFFER);
	(void)take(WEB3, HOLD_OFFERED, NULL);
	CHECK_NAMED(ask(DHCP_DISCOVER, 200, 0, NULL) == V_SILENT,
	    "it was one of the five:");

	/* Who had an address once has it no more when it is kept for hosts. */
	(void)lease_expire(view.leases, LATER(500), 100);
	CHECK(ask(DHCP_DISCOVER, 103, 0, NULL) == V_OFFER &&
	    v.addr == POOL + 3);
	CHECK(exhaust(150, HOLD_BOUND) == 10);
	conf->segment[0].keep = 15;
	CHECK(ask(DHCP_DISCOVER, 103, 0, NULL) == V_SILENT && v.refused);
	CHECK(ask(DHCP_REQUEST, 103, POOL + 3, NULL) == V_NAK && v.refused);
	/* But who has one keeps it. */
	(void)ask(DHCP_DISCOVER, 150, 0, NULL);
	CHECK(v.kind == V_OFFER);
	CHECK(ask(DHCP_REQUEST, 150, v.addr, NULL) == V_ACK);

	setup();
	conf->segment[0].keep = 0;
	CHECK_NAMED(exhaust(100, HOLD_BOUND) == 15, "nothing is kept:");
	CHECK(ask(DHCP_DISCOVER, WEB3, 0, NULL) == V_SILENT);
}

/* Offers that strangers did not come for go to others, old ones first. */
static void
test_reclaim(void)
{
	struct lease	*l;
	uint32_t	 oldest;

	setup();
	conf->segment[0].keep = 0;
	now_s = 0;
	(void)ask(DHCP_DISCOVER, 100, 0, NULL);
	oldest = v.addr;
	(void)take(100, HOLD_OFFERED, NULL);
	now_s = 2;
	CHECK(exhaust(101, HOLD_OFFERED) == 14);
	CHECK(view.leases->strangers == 15);
	CHECK(ask(DHCP_DISCOVER, 200, 0, NULL) == V_SILENT && v.refused);
	CHECK_NAMED(ask(DHCP_DISCOVER, 100, 0, NULL) == V_OFFER &&
	    v.addr == oldest && !v.reclaimed, "who asks again has its own:");
	(void)take(100, HOLD_OFFERED, NULL);
	now_s = 6;
	CHECK(ask(DHCP_DISCOVER, 200, 0, NULL) == V_OFFER && v.reclaimed &&
	    v.addr == oldest && !v.unproven);
	l = take(200, HOLD_OFFERED, NULL);
	CHECK(l->start_us == LATER(6).us);
	CHECK_NAMED(ask(DHCP_DISCOVER, 201, 0, NULL) == V_SILENT,
	    "the others are not old:");
	CHECK(ask(DHCP_REQUEST, 100, oldest, NULL) == V_NAK);
	CHECK(ask(DHCP_REQUEST, 200, oldest, NULL) == V_ACK);

	/* A host waits for nobody; and nobody has a host's offer. */
	now_s = 3;
	CHECK(ask(DHCP_DISCOVER, WEB3, 0, NULL) == V_OFFER && v.reclaimed);
	l = take(WEB3, HOLD_OFFERED, NULL);
	CHECK(l->known && view.leases->strangers == 14);
	now_s = 100;
	CHECK(exhaust(120, HOLD_OFFERED) == 0 && v.reclaimed);
	CHECK(v.addr != l->addr && v.addr != oldest);
	/* What is being confirmed is not taken. */
	lease_by_addr(view.leases, v.addr)->staged = 1;
	oldest = v.addr;
	CHECK(ask(DHCP_DISCOVER, 120, 0, NULL) == V_OFFER && v.reclaimed &&
	    v.addr != oldest);
	now_s = 0;
}

static void
test_port(void)
{
	static const char	p1[] = "\1\2p1\2\3sw1", p2[] = "\1\2p2\2\3sw1";
	static const char	far[] = "\1\2p1\2\3sw2";
	char			huge[RELAY_LEN + 2];
	struct msg_lease	m;
	struct lease		*l;

	setup();
	conf->segment[0].limit_port = 2;
	leases_configure(view.leases, conf, NULL, 0);
	CHECK(ask(DHCP_DISCOVER, 100, 0, p1) == V_OFFER);
	l = take(100, HOLD_OFFERED, p1);
	CHECK(ask(DHCP_DISCOVER, 101, 0, p1) == V_OFFER);
	(void)take(101, HOLD_BOUND, p1);
	CHECK(ask(DHCP_DISCOVER, 102, 0, p1) == V_SILENT && v.refused);
	CHECK(ask(DHCP_REQUEST, 102, POOL + 9, p1) == V_NAK && v.refused);
	now_s = 100;
	CHECK_NAMED(ask(DHCP_DISCOVER, 102, 0, p1) == V_SILENT,
	    "nothing is reclaimed for it:");
	now_s = 0;
	CHECK(ask(DHCP_DISCOVER, 101, 0, p1) == V_OFFER);
	CHECK(ask(DHCP_DISCOVER, 102, 0, p2) == V_OFFER);
	CHECK(ask(DHCP_DISCOVER, 102, 0, far) == V_OFFER);
	CHECK(ask(DHCP_DISCOVER, 102, 0, NULL) == V_OFFER);
	CHECK_NAMED(ask(DHCP_DISCOVER, WEB3, 0, p1) == V_OFFER, "a host:");
	/* A lease that moves to another port, is told by the store, or ends. */
	lease_message(l, &m);
	m.state = LEASE_BOUND;
	m.expire_us = LATER(120).us;
	m.relay_len = sizeof(p2) - 1;
	memcpy(m.relay, p2, sizeof(p2) - 1);
	CHECK(lease_apply(view.leases, &m) == l);
	CHECK(ask(DHCP_DISCOVER, 102, 0, p1) == V_OFFER);
	(void)take(102, HOLD_OFFERED, p1);
	CHECK(ask(DHCP_DISCOVER, 103, 0, p1) == V_SILENT);
	leases_configure(view.leases, conf, NULL, 0);
	CHECK_NAMED(ask(DHCP_DISCOVER, 103, 0, p1) == V_SILENT,
	    "counted again after a reload:");
	(void)lease_expire(view.leases, LATER(121), 10);
	CHECK(ask(DHCP_DISCOVER, 103, 0, p1) == V_OFFER);
	CHECK(view.leases->ports.used == 0);
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	CHECK(ask(DHCP_DISCOVER, 103, 0, huge) == V_SILENT);
}

static void
test_mac(void)
{
	struct dhcp_msg	m;
	char		id[9];
	int		n;

	setup();
	CHECK(quota_mac(&view, &link_here) == LEASES_PER_MAC);
	conf->segment[0].limit_mac = 3;
	CHECK(quota_mac(&view, &link_here) == 3);
	for (n = 0; n < 9; n++) {
		req_init(&m, DHCP_DISCOVER, 100);
		(void)snprintf(id, sizeof(id), "client%d", n);
		req_id(&m, id);
		decide(&m);
		if (v.kind != V_OFFER)
			break;
		(void)have(v.addr, 100, id, HOLD_BOUND);
	}
	CHECK(n == 3 && v.kind == V_SILENT && v.refused);
}

static void
test_declines(void)
{
	struct dhcp_msg	m;
	int		n, doubted = 0;

	setup();
	for (n = 0; n < 6; n++) {
		(void)have(POOL + 8, 50, NULL, HOLD_BOUND);
		req_init(&m, DHCP_DECLINE, 50);
		m.server = ME;
		m.requested = POOL + 8;
		decide(&m);
		CHECK(v.kind == V_DECLINE);
		doubted += v.doubted;
		quota_declined(mac_of(50), NOW);
	}
	CHECK_NAMED(doubted == 2, "four of one client are believed:");
	CHECK(!quota_doubts(&view, POOL, mac_of(51), NOW));
	CHECK(quota_doubts(&view, POOL, mac_of(50), NOW));
	CHECK(!quota_doubts(&view, POOL, mac_of(50), LATER(DECLINED_S)));

	/* Of all clients together, a quarter of the addresses. */
	for (n = 0; n < 3; n++)
		(void)lease_quarantine(view.leases, POOL + 1 + (uint32_t)n,
		    mac_of((uint8_t)(60 + n)), NOW, LATER(DECLINED_S));
	CHECK(quota_doubts(&view, POOL, mac_of(70), NOW));
	(void)lease_expire(view.leases, LATER(DECLINED_S), 100);
	CHECK(!quota_doubts(&view, POOL, mac_of(70), NOW));
}

int
main(void)
{
	test_keep_default();
	test_keep_words();
	test_reclaim();
	test_port();
	test_mac();
	test_declines();
	return (unit_done());
}
