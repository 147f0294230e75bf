/* SPDX-License-Identifier: ISC */
/*
 * lease_test.c: the lease tables and pools: full and empty, large, and never
 * one address for two.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "dhcpd/dhcpd.h"
#include "unit.h"

#define NET	0x0a000000U
#define NOW	((mono_t){ 1000000000 })

static struct conf *
make_conf(uint32_t prefix, uint32_t first, uint32_t last)
{
	struct conf		*conf = conf_new();
	struct conf_segment	*s = conf_add_segment(conf);
	struct conf_range	*r = conf_add_range(conf);

	s->net = NET;
	s->prefix = prefix;
	s->shared = NONE;
	s->lease = 3600;
	r->first = first;
	r->last = last;
	return (conf);
}

static void
make_link(struct link *link, const struct conf *conf)
{
	struct msg_iface	iface = { .index = 1, .naddrs = 1 };

	iface.addr[0] = NET + 1;
	iface.prefix[0] = (uint8_t)conf->segment[0].prefix;
	link_of_iface(link, conf, &iface);
}

static void
make_owner(struct owner *o, uint32_t n, uint8_t id[9])
{
	memset(o, 0, sizeof(*o));
	o->hostname = "";
	o->mac.b[0] = 2;
	memcpy(o->mac.b + 2, &n, sizeof(n));
	if (id != NULL) {
		memset(id, 0xff, 9);
		memcpy(id + 1, &n, sizeof(n));
		o->id = id;
		o->id_len = 9;
	}
}

/* The address that the next client would be given, or 0. */
static uint32_t
next_addr(struct leases *ls, const struct link *link, mono_t now)
{
	uint32_t	addr;

	return (lease_candidates(ls, link, now, 0, &addr, 1) == 1 ? addr : 0);
}

/* As the store would say it. */
static void
bound(struct msg_lease *m, uint32_t addr, const struct owner *o, mono_t until)
{
	memset(m, 0, sizeof(*m));
	m->addr = addr;
	m->state = LEASE_BOUND;
	m->start_us = NOW.us;
	m->expire_us = until.us;
	m->mac = o->mac;
	if (o->id != NULL) {
		memcpy(m->id, o->id, o->id_len);
		m->id_len = (uint8_t)o->id_len;
	}
}

/* A pool is used up to its last address, each is given once, then none. */
static void
test_exhaustion(void)
{
	struct conf		*conf = make_conf(24, NET + 10, NET + 209);
	struct leases		*ls = leases_new();
	const uint32_t		 blocked[] = { NET + 10, NET + 100, NET + 209 };
	struct link		 link;
	struct owner		 o;
	uint8_t			 seen[256] = { 0 }, id[9];
	uint32_t		 addr, n, twice = 0;

	make_link(&link, conf);
	leases_configure(ls, conf, blocked, nitems(blocked));
	for (n = 0; (addr = next_addr(ls, &link, NOW)) != 0 && n < 300; n++) {
		twice += seen[addr - NET]++;
		make_owner(&o, n, id);
		(void)lease_hold(ls, addr, &o, HOLD_BOUND, NOW,
		    mono_add_s(NOW, 120 + n));
	}
	CHECK(n == 197 && twice == 0);
	CHECK(!seen[10] && !seen[100] && !seen[209]);
	CHECK(lease_count(ls, HOLD_BOUND) == 197);
	CHECK(lease_expire(ls, mono_add_s(NOW, 119), 1000) == 0);
	CHECK(lease_next_end(ls).us == mono_add_s(NOW, 120).us);
	CHECK(lease_expire(ls, mono_add_s(NOW, 120), 1000) == 1);
	CHECK(lease_expire(ls, mono_add_s(NOW, 317), 1000) == 196);
	CHECK(lease_count(ls, HOLD_FREE) == 197);
	CHECK(lease_next_end(ls).us == MONO_NEVER.us);
	/* The longest free address is given again first. */
	CHECK(next_addr(ls, &link, NOW) == NET + 11);
	make_owner(&o, 1000, NULL);
	(void)lease_hold(ls, NET + 11, &o, HOLD_OFFERED, NOW,
	    mono_add_s(NOW, 120));
	CHECK(next_addr(ls, &link, NOW) == NET + 12);
	lease_free(ls, lease_by_addr(ls, NET + 11), NOW);
	CHECK(next_addr(ls, &link, NOW) == NET + 12);
	conf_free(conf);
}

static void
test_find(void)
{
	struct conf		*conf = make_conf(16, NET + 256, NET + 511);
	struct leases		*ls = leases_new();
	struct link		 link, elsewhere;
	struct msg_lease	 m;
	struct owner		 o, other;
	struct lease		*l, *freed;
	uint8_t			 id[9], id2[9];
	char			 name[NAME_LEN];

	make_link(&link, conf);
	memset(&elsewhere, 0, sizeof(elsewhere));
	leases_configure(ls, conf, NULL, 0);
	make_owner(&o, 1, id);
	o.hostname = "web1";
	l = lease_hold(ls, NET + 300, &o, HOLD_OFFERED, NOW,
	    mono_add_s(NOW, 120));
	CHECK(l != NULL && lease_by_addr(ls, NET + 300) == l);
	CHECK(lease_by_addr(ls, NET + 301) == NULL);
	CHECK(lease_by_id(ls, &link, id, 9) == l);
	CHECK(lease_by_id(ls, &link, id, 8) == NULL);
	CHECK(lease_by_id(ls, &elsewhere, id, 9) == NULL);
	CHECK(lease_by_mac(ls, &link, o.mac, 1) == l);
	CHECK(lease_by_mac(ls, &link, o.mac, 0) == NULL);
	CHECK(strcmp(lease_hostname(l, name), "web1") == 0);
	CHECK(lease_is_of(l, &o));

	/* A new client id takes the record over; the old one finds nothing. */
	make_owner(&other, 2, id2);
	other.mac = o.mac;
	bound(&m, NET + 300, &other, mono_add_s(NOW, 3600));
	CHECK(lease_apply(ls, &m) == l && l->state == HOLD_BOUND);
	CHECK(lease_by_id(ls, &link, id, 9) == NULL);
	CHECK(lease_by_id(ls, &link, id2, 9) == l);
	CHECK(!lease_is_of(l, &o) && lease_is_of(l, &other));
	CHECK(lease_hostname(l, name)[0] == '\0');

	/* Of a bound and an offered address of one MAC the bound one is it. */
	make_owner(&o, 3, id);
	o.mac = other.mac;
	(void)lease_hold(ls, NET + 301, &o, HOLD_OFFERED, NOW,
	    mono_add_s(NOW, 120));
	CHECK(lease_by_mac(ls, &link, o.mac, 1) == l);
	CHECK(lease_count_mac(ls, o.mac, &freed) == 2 && freed == NULL);
	(void)lease_hold(ls, NET + 301, &o, HOLD_BOUND, NOW,
	    mono_add_s(NOW, 120));
	lease_free(ls, lease_by_addr(ls, NET + 301), NOW);
	CHECK(lease_count_mac(ls, o.mac, &freed) == 2 &&
	    freed == lease_by_addr(ls, NET + 301));

	/* After a reboot a lease may have ended before time began. */
	make_owner(&o, 9, NULL);
	(void)lease_hold(ls, NET + 303, &o, HOLD_BOUND, NOW,
	    (mono_t){ INT64_C(-3600000000) });
	CHECK(lease_expire(ls, (mono_t){ 30 }, 100) == 1);
	CHECK(lease_by_addr(ls, NET + 303)->state == HOLD_FREE);
	o.mac = other.mac;

	/* What is declined is nobody's. */
	(void)lease_quarantine(ls, NET + 302, o.mac, NOW, mono_add_s(NOW, 60));
	CHECK(lease_by_addr(ls, NET + 302)->state == HOLD_DECLINED);
	CHECK(lease_by_mac(ls, &link, o.mac, 1) == l);
	CHECK(lease_expire(ls, mono_add_s(NOW, 61), 100) == 1);
	CHECK(lease_by_addr(ls, NET + 302)->state == HOLD_FREE);
	conf_free(conf);
}

/* What its relay agent said is kept with a lease, and told to the store. */
static void
test_relay(void)
{
	struct conf		*conf = make_conf(16, NET + 256, NET + 511);
	struct leases		*ls = leases_new();
	static const uint8_t	 said[RELAY_LEN + 1] = { 1, 4, 'p', '/', '1' };
	struct msg_lease	 m;
	struct owner		 o;
	struct lease		*l;
	uint8_t			 id[9];
	size_t			 len;
	char			 name[NAME_LEN];

	leases_configure(ls, conf, NULL, 0);
	make_owner(&o, 1, id);
	o.hostname = "web1";
	l = lease_hold(ls, NET + 300, &o, HOLD_OFFERED, NOW,
	    mono_add_s(NOW, 120));
	CHECK(lease_relay(l, &len) == NULL && len == 0);
	o.relay = said;
	o.relay_len = 6;
	(void)lease_hold(ls, NET + 300, &o, HOLD_OFFERED, NOW,
	    mono_add_s(NOW, 120));
	CHECK(lease_relay(l, &len) != NULL && len == 6);
	CHECK(memcmp(lease_relay(l, &len), said, 6) == 0);
	CHECK(strcmp(lease_hostname(l, name), "web1") == 0);
	CHECK(lease_is_of(l, &o));
	lease_message(l, &m);
	CHECK(m.relay_len == 6 && memcmp(m.relay, said, 6) == 0);
	CHECK(m.id_len == 9 && strcmp(m.hostname, "web1") == 0);
	m.state = LEASE_BOUND;
	m.relay_len = RELAY_LEN;
	memcpy(m.relay, said, RELAY_LEN);
	CHECK(lease_apply(ls, &m) == l);
	CHECK(lease_relay(l, &len) != NULL && len == RELAY_LEN);
	o.relay_len = sizeof(said);
	(void)lease_hold(ls, NET + 300, &o, HOLD_BOUND, NOW,
	    mono_add_s(NOW, 120));
	CHECK_NAMED(lease_relay(l, &len) == NULL, "more than is kept:");
	conf_free(conf);
}

/* 20,000 clones with one client id, or one MAC: every one has its address. */
static void
test_clones(void)
{
	struct conf		*conf = make_conf(8, NET + 65536, NET + 131071);
	struct leases		*ls = leases_new();
	struct link		 link;
	struct owner		 o;
	struct lease		*l, *freed;
	uint8_t			 id[9];
	uint32_t		 i, wrong = 0;

	make_link(&link, conf);
	leases_configure(ls, conf, NULL, 0);
	for (i = 0; i < 40000; i++) {
		make_owner(&o, i / 2, id);
		if (i % 2 == 0)
			memset(id, 7, sizeof(id));
		else
			memset(o.mac.b + 2, 7, 4);
		l = lease_hold(ls, NET + 65536 + i, &o, HOLD_OFFERED, NOW,
		    mono_add_s(NOW, 120));
		wrong += l == NULL || !lease_is_of(l, &o) ||
		    lease_by_addr(ls, NET + 65536 + i) != l;
	}
	CHECK(wrong == 0);
	CHECK(lease_by_id(ls, &link, id, 9) == l);
	CHECK(lease_by_mac(ls, &link, o.mac, 1) != NULL);
	CHECK(lease_count_mac(ls, o.mac, &freed) > LEASES_PER_MAC);
	while (lease_expire(ls, mono_add_s(NOW, 121), 1000) > 0)
		;
	CHECK(lease_first(ls, &(uint32_t){ 0 }) == NULL);
	conf_free(conf);
}

/* The vectors of its authors, and Python's, whose strings it hashes. */
static void
test_siphash(void)
{
	const uint64_t	counting[2] = { UINT64_C(0x0706050403020100),
			    UINT64_C(0x0f0e0d0c0b0a0908) };
	const uint64_t	zero[2] = { 0, 0 };

	CHECK(siphash(counting, "", 0) == UINT64_C(0xabac0158050fc4dc));
	CHECK(siphash(zero, "abc", 3) == (uint64_t)-4594863902769663758);
	CHECK(siphash(zero, "abcdefgh", 8) == UINT64_C(4574395652268504554));
	CHECK(siphash(zero, "abcdefghijklm", 13) ==
	    (uint64_t)-7689147164244908826);
}

/* A lease whose change is at the store neither ends nor goes away. */
static void
test_staged(void)
{
	struct conf	*conf = make_conf(16, NET + 256, NET + 511);
	struct leases	*ls = leases_new();
	struct owner	 o;
	struct lease	*l;

	leases_configure(ls, conf, NULL, 0);
	make_owner(&o, 1, NULL);
	l = lease_hold(ls, NET + 300, &o, HOLD_OFFERED, NOW,
	    mono_add_s(NOW, 120));
	l->staged = 1;
	(void)lease_expire(ls, mono_add_s(NOW, 200), 10);
	CHECK(l->state == HOLD_OFFERED);
	lease_free(ls, l, NOW);
	CHECK(l->state == HOLD_OFFERED);
	l->staged = 0;
	(void)lease_expire(ls, mono_add_s(NOW, 400), 10);
	CHECK(lease_by_addr(ls, NET + 300) == NULL);
	conf_free(conf);
}

/* Ranges come and go, leases stay until they end. */
static void
test_reload(void)
{
	struct conf		*a = make_conf(16, NET + 256, NET + 511);
	struct conf		*b = make_conf(16, NET + 1024, NET + 1279);
	struct leases		*ls = leases_new();
	struct link		 link;
	struct owner		 o;
	struct msg_lease	 m;

	make_link(&link, a);
	leases_configure(ls, a, NULL, 0);
	make_owner(&o, 1, NULL);
	bound(&m, NET + 256, &o, mono_add_s(NOW, 3600));
	(void)lease_apply(ls, &m);
	make_owner(&o, 2, NULL);
	(void)lease_hold(ls, NET + 257, &o, HOLD_BOUND, NOW, NOW);
	(void)lease_expire(ls, NOW, 10);
	CHECK(lease_by_addr(ls, NET + 257)->state == HOLD_FREE);
	leases_configure(ls, b, NULL, 0);
	CHECK(lease_by_addr(ls, NET + 256)->state == HOLD_BOUND);
	CHECK(lease_by_addr(ls, NET + 257) == NULL);
	CHECK(next_addr(ls, &link, NOW) == NET + 1024);
	CHECK(lease_expire(ls, mono_add_s(NOW, 3600), 10) == 1);
	CHECK(lease_by_addr(ls, NET + 256) == NULL);
	leases_configure(ls, a, NULL, 0);
	CHECK(next_addr(ls, &link, NOW) == NET + 256);
	conf_free(a);
	conf_free(b);
}

static void
test_proofs(void)
{
	struct conf	*conf = make_conf(16, NET + 256, NET + 511);
	struct leases	*ls = leases_new();
	const uint32_t	 blocked[] = { NET + 400 };
	struct link	 link;
	struct owner	 o;
	uint32_t	 addr, i;
	mono_t		 later = mono_add_s(NOW, 60);

	make_link(&link, conf);
	leases_configure(ls, conf, blocked, 1);
	CHECK(lease_candidates(ls, &link, NOW, 1, &addr, 1) == 0);
	lease_proven(ls, NET + 300, later);
	lease_proven(ls, NET + 301, later);
	lease_proven(ls, NET + 400, later);
	lease_proven(ls, NET + 5000, later);
	lease_proven(ls, NET + 300, later);	/* goes to the end */
	CHECK(pool_proven(leases_pool(ls), NET + 301, NOW));
	CHECK(!pool_proven(leases_pool(ls), NET + 400, NOW));
	CHECK(next_addr(ls, &link, NOW) == NET + 301);
	make_owner(&o, 1, NULL);
	(void)lease_hold(ls, NET + 301, &o, HOLD_OFFERED, NOW, later);
	lease_proven(ls, NET + 301, later);
	CHECK(!pool_proven(leases_pool(ls), NET + 301, NOW));
	CHECK(next_addr(ls, &link, NOW) == NET + 300);
	leases_configure(ls, conf, blocked, 1);
	CHECK_NAMED(next_addr(ls, &link, NOW) == NET + 300,
	    "proofs survive a reload:");
	CHECK(lease_candidates(ls, &link, later, 1, &addr, 1) == 0);
	CHECK(next_addr(ls, &link, later) == NET + 256);

	/* Its client waits for this one: it is offered to nobody else. */
	(void)lease_hold(ls, NET + 310, &o, HOLD_WAIT, NOW, later);
	lease_proven(ls, NET + 310, (mono_t){ 0 });
	CHECK_NAMED(lease_by_addr(ls, NET + 310)->state == HOLD_WAIT,
	    "a proof taken back is none:");
	lease_proven(ls, NET + 310, later);
	CHECK(lease_by_addr(ls, NET + 310)->state == HOLD_OFFERED);
	CHECK(lease_candidates(ls, &link, NOW, 1, &addr, 1) == 0);
	for (i = 0; i < 3 * PROOFS_MAX; i++)
		lease_proven(ls, NET + 256 + i % 256, later);
	CHECK(lease_candidates(ls, &link, NOW, 1, &addr, 1) == 1);
	conf_free(conf);
}

/* 100,000 clients with client ids: all different, all found, all ended. */
static void
test_many(void)
{
	const uint32_t		 n = 100000;
	struct conf		*conf = make_conf(8, NET + 65536,
				    NET + 65536 + n - 1);
	struct leases		*ls = leases_new();
	struct link		 link;
	struct msg_lease	 m;
	struct owner		 o;
	struct lease		*l;
	uint8_t			 id[9], *seen = calloc(n, 1);
	uint32_t		 i, addr, wrong = 0;
	size_t			 before;

	make_link(&link, conf);
	leases_configure(ls, conf, NULL, 0);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (i = 0; i < n; i++) {
		addr = next_addr(ls, &link, NOW);
		make_owner(&o, i, id);
		o.hostname = "host-with-name";
		if (addr == 0 || seen[addr - NET - 65536]++) {
			wrong++;
			continue;
		}
		(void)lease_hold(ls, addr, &o, HOLD_OFFERED, NOW,
		    mono_add_s(NOW, 120));
		bound(&m, addr, &o, mono_add_s(NOW, 600 + random() % 3000));
		memcpy(m.hostname, o.hostname, 15);
		if (lease_apply(ls, &m) == NULL)
			wrong++;
	}
	before = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	CHECK(wrong == 0 && next_addr(ls, &link, NOW) == 0);
	CHECK(lease_count(ls, HOLD_BOUND) == n);
	/* Tools that watch memory have their own allocator: then it is 0. */
	CHECK_NAMED(before / n < 150, "octets a lease:");
	printf("# %zu octets a lease\n", before / n);
	for (i = 0; i < n; i++) {
		make_owner(&o, i, id);
		l = lease_by_id(ls, &link, id, 9);
		if (l == NULL || l != lease_by_mac(ls, &link, o.mac, 1) ||
		    lease_by_addr(ls, l->addr) != l)
			wrong++;
	}
	CHECK(wrong == 0);
	for (i = 600; i < 3700; i += 50)
		while (lease_expire(ls, mono_add_s(NOW, i), 128) > 0)
			;
	CHECK(lease_count(ls, HOLD_BOUND) == 0);
	CHECK(lease_count(ls, HOLD_FREE) == n);
	for (i = 0; i < n; i++) {
		addr = next_addr(ls, &link, NOW);
		make_owner(&o, n + i, id);
		if (addr == 0 || lease_hold(ls, addr, &o, HOLD_OFFERED, NOW,
		    mono_add_s(NOW, 120)) == NULL)
			wrong++;
	}
	CHECK(wrong == 0 && next_addr(ls, &link, NOW) == 0);
	free(seen);
	conf_free(conf);
}

/* Random changes; after each the tables agree with a plain list. */
static void
test_random(void)
{
	struct conf		*conf = make_conf(24, NET + 16, NET + 47);
	struct leases		*ls = leases_new();
	struct link		 link;
	struct msg_lease	 m;
	struct owner		 o;
	struct lease		*l;
	mono_t			 now = NOW;
	uint8_t			 id[9];
	uint32_t		 i, k, addr, wrong = 0, used, busy, offers;
	struct pool		*pool = leases_pool(ls);

	make_link(&link, conf);
	leases_configure(ls, conf, NULL, 0);
	srandom(11);
	for (i = 0; i < 200000; i++) {
		k = (uint32_t)random();
		make_owner(&o, k % 40, k % 3 == 0 ? NULL : id);
		addr = NET + 16 + k / 64 % 34;
		now.us += k % 100000;
		l = lease_by_addr(ls, addr);
		switch (k / 4096 % 6) {
		case 0:
			(void)lease_hold(ls, addr, &o, HOLD_OFFERED, now,
			    mono_add_s(now, 5));
			break;
		case 1:
			bound(&m, addr, &o, mono_add_s(now, k % 20));
			(void)lease_apply(ls, &m);
			break;
		case 2:
			if (l != NULL)
				lease_free(ls, l, now);
			break;
		case 3:
			(void)lease_quarantine(ls, addr, o.mac, now,
			    mono_add_s(now, 3));
			break;
		case 4:
			(void)lease_expire(ls, now, 3);
			break;
		case 5:
			if ((addr = next_addr(ls, &link, now)) != 0 &&
			    (l = lease_by_addr(ls, addr)) != NULL &&
			    l->state != HOLD_FREE)
				wrong++;
			break;
		}
		if (i % 1000 == 0)
			leases_configure(ls, conf, NULL, 0);
		used = busy = offers = 0;
		for (k = 0; (l = lease_first(ls, &k)) != NULL;) {
			used++;
			if (pool_has(pool, l->addr) && l->state != HOLD_FREE)
				busy++;
			if (pool_has(pool, l->addr) &&
			    l->state == HOLD_OFFERED)
				offers++;
			if (lease_by_addr(ls, l->addr) != l)
				wrong++;
		}
		if (pool->stock->used != busy || ls->strangers != offers)
			wrong++;
		if (used != lease_count(ls, HOLD_FREE) +
		    lease_count(ls, HOLD_BOUND) +
		    lease_count(ls, HOLD_OFFERED) +
		    lease_count(ls, HOLD_DECLINED))
			wrong++;
	}
	CHECK(wrong == 0);
	conf_free(conf);
}

int
main(void)
{
	test_exhaustion();
	test_find();
	test_relay();
	test_clones();
	test_siphash();
	test_staged();
	test_reload();
	test_proofs();
	test_many();
	test_random();
	return (unit_done());
}
