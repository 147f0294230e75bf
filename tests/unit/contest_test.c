/* SPDX-License-Identifier: ISC */
/*
 * contest_test.c: an address that its holder has to share with a stranger:
 * what the holder gets when it renews and when it begins anew, what others
 * get, and what becomes of the address.
 */
#include "policy.h"
#include "unit.h"

#define MINE_ADDR	(POOL + 3)
#define FOE		7

static struct lease	*held;

/* Client 9 holds an address of the pool, and somebody else claims it. */
static void
contest(void)
{
	setup();
	held = have(MINE_ADDR, 9, NULL, HOLD_BOUND);
	CHECK(lease_contest(view.leases, held, mac_of(FOE), NOW) == 1);
	CHECK_NAMED(lease_contest(view.leases, held, mac_of(FOE), NOW) == 0,
	    "told once");
}

static void
ask(uint8_t n, uint8_t type, uint32_t requested, uint32_t ciaddr,
    uint32_t server)
{
	static struct dhcp_msg	m;

	req_init(&m, type, n);
	m.requested = requested;
	m.ciaddr = ciaddr;
	m.server = server;
	decide(&m);
}

static void
test_holder(void)
{
	contest();
	ask(9, DHCP_REQUEST, 0, MINE_ADDR, 0);
	CHECK_NAMED(v.kind == V_ACK && v.addr == MINE_ADDR, "it renews");
	ask(9, DHCP_REQUEST, MINE_ADDR, 0, 0);
	CHECK_NAMED(v.kind == V_NAK, "INIT-REBOOT");
	ask(9, DHCP_DISCOVER, MINE_ADDR, 0, 0);
	CHECK_NAMED(v.kind == V_OFFER && v.addr == POOL, "a new one");
	CHECK(v.drop == held);
	/* It takes that one; the record of the other is still there. */
	(void)have(POOL, 9, NULL, HOLD_OFFERED);
	ask(9, DHCP_REQUEST, POOL, 0, ME);
	CHECK_NAMED(v.kind == V_ACK && v.addr == POOL, "and has it");
	(void)have(POOL, 9, NULL, HOLD_BOUND);
	ask(9, DHCP_REQUEST, POOL, 0, 0);
	CHECK_NAMED(v.kind == V_ACK && v.addr == POOL, "and keeps it");
	ask(9, DHCP_REQUEST, MINE_ADDR, 0, 0);
	CHECK(v.kind == V_NAK);
	ask(9, DHCP_DISCOVER, 0, 0, 0);
	CHECK(v.kind == V_OFFER && v.addr == POOL);
}

static void
test_others(void)
{
	contest();
	ask(FOE, DHCP_DISCOVER, MINE_ADDR, 0, 0);
	CHECK_NAMED(v.kind == V_OFFER && v.addr == POOL, "not to the other");
	ask(FOE, DHCP_REQUEST, MINE_ADDR, 0, ME);
	CHECK(v.kind == V_NAK);
	ask(8, DHCP_REQUEST, 0, MINE_ADDR, 0);
	CHECK_NAMED(v.kind == V_NAK, "nor to a third");
}

/* One forged claim is no way to keep a machine of a full pool out. */
static void
test_full(void)
{
	uint8_t	n;

	contest();
	for (n = 0; n < 15; n++)
		if (n != 3)
			(void)have(POOL + n, (uint8_t)(100 + n), NULL,
			    HOLD_BOUND);
	ask(9, DHCP_DISCOVER, 0, 0, 0);
	CHECK(v.kind == V_OFFER && v.addr == MINE_ADDR && !v.refused);
	ask(8, DHCP_DISCOVER, 0, 0, 0);
	CHECK(v.kind == V_SILENT);
}

static void
test_reserved(void)
{
	setup();
	held = have(RESERVED, 2, NULL, HOLD_BOUND);
	(void)lease_contest(view.leases, held, mac_of(FOE), NOW);
	ask(2, DHCP_DISCOVER, 0, 0, 0);
	CHECK(v.kind == V_OFFER && v.addr == RESERVED);
	ask(2, DHCP_REQUEST, RESERVED, 0, 0);
	CHECK(v.kind == V_ACK && v.addr == RESERVED);
	lease_free(view.leases, held, NOW);
	held = lease_by_addr(view.leases, RESERVED);
	CHECK_NAMED(held == NULL || held->state == HOLD_FREE,
	    "it is for nobody else anyway");
}

/* However the lease ends, its address rests. */
static void
test_end(void)
{
	contest();
	lease_free(view.leases, held, NOW);
	CHECK(held->state == HOLD_DECLINED && !held->contested);
	CHECK(mac_equal(held->mac, mac_of(FOE)));
	CHECK(held->expire_us == mono_add_s(NOW, DECLINED_S).us);
	ask(9, DHCP_DISCOVER, MINE_ADDR, 0, 0);
	CHECK(v.kind == V_OFFER && v.addr == POOL);
	ask(9, DHCP_REQUEST, MINE_ADDR, 0, 0);
	CHECK_NAMED(v.kind != V_ACK, "its holder has lost it");

	contest();
	CHECK(lease_expire(view.leases, mono_add_s(NOW, 999), 10) == 0);
	(void)lease_contest(view.leases, held, mac_of(FOE),
	    mono_add_s(NOW, 500));
	CHECK(lease_expire(view.leases, mono_add_s(NOW, 1000), 10) == 1);
	CHECK_NAMED(held->state == HOLD_DECLINED, "expired");

	contest();
	CHECK(lease_expire(view.leases, mono_add_s(NOW, 1000), 10) == 1);
	CHECK_NAMED(held->state == HOLD_FREE, "long after the claim");
}

/* After a while without claims all is as it was. */
static void
test_over(void)
{
	const mono_t	later = mono_add_s(NOW, CONTEST_S);
	struct mac	foe;

	contest();
	CHECK(lease_contested(view.leases, MINE_ADDR, later) == NULL);
	CHECK(!lease_rests(view.leases, MINE_ADDR, later, &foe));
	CHECK_NAMED(lease_contest(view.leases, held, mac_of(FOE), later) == 1,
	    "a new one is told");
	CHECK(lease_contested(view.leases, MINE_ADDR, later) != NULL);
}

/* Two cards of one machine, as far as their names tell. */
static void
test_cards(void)
{
	static const struct {
		const char	*one, *two;
		enum hold_state	 state;
		int		 same;
	} rows[] = {
		{ "web", "web", HOLD_BOUND, 1 },
		{ "web", "web", HOLD_FREE, 0 },
		{ "web", "db", HOLD_BOUND, 0 },
		{ "", "", HOLD_BOUND, 0 },
	};
	struct owner	o = { .mac = mac_of(FOE) };
	struct lease	*l;
	size_t		i;

	for (i = 0; i < nitems(rows); i++) {
		setup();
		o.hostname = rows[i].two;
		o.mac = mac_of(FOE);
		l = lease_hold(view.leases, POOL + 1, &o, HOLD_BOUND, NOW,
		    mono_add_s(NOW, 1000));
		if (rows[i].state == HOLD_FREE)
			lease_free(view.leases, l, NOW);
		o.hostname = rows[i].one;
		o.mac = mac_of(9);
		held = lease_hold(view.leases, MINE_ADDR, &o, HOLD_BOUND, NOW,
		    mono_add_s(NOW, 1000));
		CHECK_NAMED(lease_is_same_machine(view.leases, held,
		    mac_of(FOE)) == rows[i].same, rows[i].two);
		CHECK(!lease_is_same_machine(view.leases, held, mac_of(5)));
	}
}

/* More than there is room for: the last ones are known. */
static void
test_many(void)
{
	struct lease	l;
	uint32_t	i, known = 0, lost = 0;

	contest();
	memset(&l, 0, sizeof(l));
	for (i = 0; i < 100000; i++) {
		l.addr = 0x0b000000 + i;
		(void)lease_contest(view.leases, &l, mac_of(FOE),
		    mono_add_s(NOW, i / 1000));
		lost += lease_contested(view.leases, l.addr,
		    mono_add_s(NOW, i / 1000)) == NULL;
	}
	CHECK(lost == 0);
	for (i = 0; i < 100000; i++)
		known += lease_contested(view.leases, 0x0b000000 + i,
		    mono_add_s(NOW, 100)) != NULL;
	CHECK(known > CONTESTS / 2 && known <= CONTESTS);
}

int
main(void)
{
	test_holder();
	test_others();
	test_full();
	test_reserved();
	test_end();
	test_over();
	test_cards();
	test_many();
	return (unit_done());
}
