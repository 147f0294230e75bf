/* SPDX-License-Identifier: ISC */
/*
 * pool_test.c: the addresses that there are: sets of numbers, many ranges of
 * many segments, and what it costs to find the next one.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dhcpd/dhcpd.h"
#include "unit.h"

#define NET	0x0a000000U
#define NOW	((mono_t){ 1000000000 })

/* Against a plain array, for sizes around those of words and levels. */
static void
test_bitset(void)
{
	static const uint32_t	sizes[] = { 1, 63, 64, 65, 4095, 4096, 4097,
				    262144, 262145, 300001 };
	struct bitset		b;
	uint8_t			*plain;
	uint32_t		 i, k, n, want, wrong = 0;
	size_t			 s;

	srandom(7);
	for (s = 0; s < nitems(sizes); s++) {
		n = sizes[s];
		plain = calloc(n, 1);
		bitset_init(&b, n);
		for (i = 0; i < n; i++) {
			wrong += bitset_next(&b, 0) != i;
			wrong += bitset_has(&b, i) != 0;
			bitset_add(&b, i);
			plain[i] = 1;
		}
		wrong += bitset_next(&b, 0) != NONE;
		for (k = 0; k < 3000; k++) {
			i = (uint32_t)random() % n;
			if (random() % 2) {
				bitset_add(&b, i);
				plain[i] = 1;
			} else {
				bitset_remove(&b, i);
				plain[i] = 0;
			}
			i = (uint32_t)random() % n;
			if (k % 30 != 0 && n > 5000)
				continue;
			for (want = i; want < n && plain[want]; want++)
				;
			wrong += bitset_next(&b, i) !=
			    (want == n ? NONE : want);
		}
		wrong += bitset_next(&b, n) != NONE;
		bitset_free(&b);
		free(plain);
	}
	CHECK(wrong == 0);
	bitset_init(&b, 0);
	CHECK(bitset_next(&b, 0) == NONE);
	bitset_free(&b);
}

/* Segments of 256 addresses with ranges of 8, every second 8 left out. */
static struct conf *
many_ranges(uint32_t segments)
{
	struct conf		*conf = conf_new();
	struct conf_segment	*s;
	struct conf_range	*r;
	uint32_t		 i, k;

	for (i = 0; i < segments; i++) {
		s = conf_add_segment(conf);
		s->net = NET + i * 256;
		s->prefix = 24;
		s->shared = NONE;
		s->lease = 3600;
	}
	/* In an order that is not that of addresses. */
	for (k = 0; k < 16; k++)
		for (i = segments; i-- > 0;) {
			r = conf_add_range(conf);
			r->segment = i;
			r->first = NET + i * 256 + k * 16 + 4;
			r->last = r->first + 7;
		}
	return (conf);
}

static void
link_to(struct link *link, const struct conf *conf, uint32_t segment)
{
	struct msg_iface	iface = { .index = 1, .naddrs = 1 };

	iface.addr[0] = conf->segment[segment].net + 1;
	iface.prefix[0] = 24;
	link_of_iface(link, conf, &iface);
}

static struct owner
stranger(uint32_t n)
{
	struct owner	o = { .hostname = "" };

	o.mac.b[0] = 2;
	memcpy(o.mac.b + 2, &n, sizeof(n));
	return (o);
}

/* Every address of a segment once, none of another; then what is blocked. */
static void
test_ranges(void)
{
	struct conf	*conf = many_ranges(300);
	struct leases	*ls = leases_new();
	const uint32_t	 blocked[] = { NET + 77 * 256 + 4, NET + 77 * 256 + 5,
			    NET + 77 * 256 + 5, NET + 77 * 256 + 1,
			    NET + 77 * 256 + 251 };
	struct link	 link;
	struct owner	 o;
	struct stock	*st;
	uint8_t		 seen[256] = { 0 };
	uint32_t	 addr, n, wrong = 0;

	leases_configure(ls, conf, blocked, nitems(blocked));
	link_to(&link, conf, 77);
	st = pool_stock_of(leases_pool(ls), 77);
	CHECK(st->size == 128 - 3 && st->nrange == 16);
	CHECK(pool_stock(leases_pool(ls), NET + 77 * 256 + 6) == st);
	CHECK(pool_stock(leases_pool(ls), NET + 77 * 256 + 5) == NULL);
	CHECK(pool_stock(leases_pool(ls), NET + 77 * 256 + 12) == NULL);
	CHECK(pool_stock_of(leases_pool(ls), 300) == NULL);
	for (n = 0; n < 300 && lease_candidates(ls, &link, NOW, 0, &addr,
	    1) == 1; n++) {
		o = stranger(n);
		wrong += addr / 256 != NET / 256 + 77 || seen[addr % 256]++ ||
		    addr % 16 < 4 || addr % 16 > 11;
		(void)lease_hold(ls, addr, &o, HOLD_OFFERED, NOW,
		    mono_add_s(NOW, 120));
	}
	CHECK(n == 125 && wrong == 0);
	CHECK(st->used == 125 && st->known == 0);
	CHECK(lease_expire(ls, mono_add_s(NOW, 121), 1000) == 125);
	CHECK_NAMED(st->used == 0 && lease_first(ls, &(uint32_t){ 0 }) == NULL,
	    "nobody came back for them:");

	/* The next ones are others, until all had their turn. */
	CHECK(lease_candidates(ls, &link, NOW, 0, &addr, 1) == 1);
	(void)lease_hold(ls, addr, &o, HOLD_OFFERED, NOW, NOW);
	lease_free(ls, lease_by_addr(ls, addr), NOW);
	CHECK(lease_candidates(ls, &link, NOW, 0, &n, 1) == 1 && n != addr);
	conf_free(conf);
}

static double
seconds(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* What ten thousand more clients cost at the end of the largest segment. */
static double
cost(struct leases *ls, const struct link *link, uint32_t who)
{
	uint32_t	addr, i, wrong = 0;
	struct owner	o;
	double		begin = seconds();

	for (i = 0; i < 10000; i++) {
		o = stranger(who + i);
		if (lease_candidates(ls, link, NOW, 0, &addr, 1) != 1) {
			wrong++;
			continue;
		}
		(void)lease_hold(ls, addr, &o, HOLD_BOUND, NOW,
		    mono_add_s(NOW, 3600 + i % 100));
		wrong += lease_by_mac(ls, link, o.mac, 1) == NULL;
	}
	CHECK(wrong == 0);
	return (seconds() - begin);
}

/*
 * With all but the last addresses of 12 million gone a new client costs about
 * what the first one did.  The limit is far from what a search through
 * addresses or ranges would take.
 */
static void
test_cost(void)
{
	struct conf		*conf = many_ranges(4000);
	struct leases		*ls = leases_new();
	struct conf_segment	*s = conf_add_segment(conf);
	struct conf_range	*r;
	struct link		 link;
	uint32_t		 i, first = 0x0b000000U;
	double			 empty, full;

	s->net = first;
	s->prefix = 8;
	s->shared = NONE;
	/* 1,000 ranges in one segment, each with a gap after it. */
	for (i = 0; i < 1000; i++) {
		r = conf_add_range(conf);
		r->segment = (uint32_t)conf->nsegment - 1;
		r->first = first + i * 16384;
		r->last = r->first + 12287;
	}
	leases_configure(ls, conf, NULL, 0);
	link_to(&link, conf, (uint32_t)conf->nsegment - 1);
	empty = cost(ls, &link, 0);
	for (i = 0; i < 1000 * 12288 - 20000; i++)
		pool_taken(leases_pool(ls), first + i / 12288 * 16384 +
		    i % 12288);
	full = cost(ls, &link, 10000);
	printf("# 10,000 clients: %.1f ms, then %.1f ms\n", empty * 1e3,
	    full * 1e3);
	CHECK(full < 20 * empty + 0.2);
	conf_free(conf);
}

/* The longest free is given first, also after the configuration changed. */
static void
test_order(void)
{
	struct conf	*conf = many_ranges(3);
	struct leases	*ls = leases_new();
	struct link	 link;
	struct owner	 o;
	uint32_t	 addr, order[128], i, wrong = 0;

	leases_configure(ls, conf, NULL, 0);
	link_to(&link, conf, 1);
	for (i = 0; i < 128; i++) {
		(void)lease_candidates(ls, &link, NOW, 0, &addr, 1);
		o = stranger(i);
		(void)lease_hold(ls, addr, &o, HOLD_BOUND, NOW,
		    mono_add_s(NOW, 100 + i * 37 % 128));
		order[i * 37 % 128] = addr;
	}
	CHECK(lease_candidates(ls, &link, NOW, 0, &addr, 1) == 0);
	CHECK(lease_expire(ls, mono_add_s(NOW, 1000), 1000) == 128);
	leases_configure(ls, conf, NULL, 0);
	for (i = 0; i < 128; i++) {
		wrong += lease_candidates(ls, &link, NOW, 0, &addr, 1) != 1 ||
		    addr != order[i];
		o = stranger(i);
		(void)lease_hold(ls, addr, &o, HOLD_BOUND, NOW,
		    mono_add_s(NOW, 5000));
	}
	CHECK(wrong == 0);
	conf_free(conf);
}

static void
test_tally(void)
{
	static const uint8_t	port1[] = { 1, 2, 'p', '1', 2, 1, 'x' };
	static const uint8_t	same[] = { 151, 1, 0, 1, 2, 'p', '1', 2, 1,
				    'x' };
	static const uint8_t	port2[] = { 1, 2, 'p', '2', 2, 1, 'x' };
	static const uint8_t	far[] = { 1, 2, 'p', '1', 2, 1, 'y' };
	static const uint8_t	remote[] = { 2, 1, 'x' };
	static const uint8_t	broken[] = { 1, 200, 'p' };
	const uint64_t		seed[2] = { 1, 2 };
	struct tally		t;
	uint64_t		a;
	uint32_t		i, k, wrong = 0, counts[500] = { 0 };

	memset(&t, 0, sizeof(t));
	a = tally_key(seed, port1, sizeof(port1));
	CHECK(tally_key(seed, same, sizeof(same)) == a);
	CHECK(tally_key(seed, port2, sizeof(port2)) != a);
	CHECK_NAMED(tally_key(seed, far, sizeof(far)) != a,
	    "a port of one name at another switch:");
	CHECK(tally_key(seed, remote, sizeof(remote)) != a);
	CHECK(tally_key(seed, broken, sizeof(broken)) != 0);
	tally_add(&t, a, 1);
	CHECK_NAMED(tally_count(&t, a) == 0, "nobody wants to know:");
	tally_reset(&t, 1);
	tally_add(&t, a, -1);
	CHECK(tally_count(&t, a) == 0);
	srandom(3);
	for (i = 0; i < 200000; i++) {
		k = (uint32_t)random() % 500;
		a = siphash(seed, &k, sizeof(k)) | 0xffffff;
		if (counts[k] == 0 || random() % 2) {
			counts[k]++;
			tally_add(&t, a, 1);
		} else {
			counts[k]--;
			tally_add(&t, a, -1);
		}
		wrong += tally_count(&t, a) != counts[k];
	}
	for (k = 0; k < 500; k++) {
		a = siphash(seed, &k, sizeof(k)) | 0xffffff;
		wrong += tally_count(&t, a) != counts[k];
		while (counts[k]-- > 0)
			tally_add(&t, a, -1);
		wrong += tally_count(&t, a) != 0;
	}
	CHECK(wrong == 0 && t.used == 0);
	tally_reset(&t, 0);
}

int
main(void)
{
	test_bitset();
	test_ranges();
	test_order();
	test_cost();
	test_tally();
	return (unit_done());
}
