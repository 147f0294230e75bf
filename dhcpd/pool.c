/* SPDX-License-Identifier: ISC */
/*
 * pool.c: the ranges: which addresses may be given out, which of them nobody
 * has had, and which arpd has just proven free.  The ranges of a segment are
 * one row of addresses, its stock; whatever is looked for in it is found in a
 * few steps, with any number of ranges of any size.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

static int
range_order(const void *a, const void *b)
{
	const struct range	*x = a, *y = b;

	return (x->first < y->first ? -1 : x->first > y->first);
}

static int
addr_order(const void *a, const void *b)
{
	const uint32_t	*x = a, *y = b;

	return (*x < *y ? -1 : *x > *y);
}

struct range *
pool_range(const struct pool *p, uint32_t addr)
{
	size_t	lo = 0, hi = p->nrange, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (addr < p->range[mid].first)
			hi = mid;
		else if (addr > p->range[mid].last)
			lo = mid + 1;
		else
			return (&p->range[mid]);
	}
	return (NULL);
}

int
pool_is_blocked(const struct pool *p, uint32_t addr)
{
	return (p->nblocked > 0 && bsearch(&addr, p->blocked, p->nblocked,
	    sizeof(addr), addr_order) != NULL);
}

int
pool_has(const struct pool *p, uint32_t addr)
{
	return (pool_range(p, addr) != NULL && !pool_is_blocked(p, addr));
}

struct stock *
pool_stock(const struct pool *p, uint32_t addr)
{
	struct range	*r = pool_range(p, addr);

	if (r == NULL || pool_is_blocked(p, addr))
		return (NULL);
	return (&p->stock[r->segment]);
}

struct stock *
pool_stock_of(const struct pool *p, uint32_t segment)
{
	return (segment < p->nstock ? &p->stock[segment] : NULL);
}

/* The address at a place of a segment's row. */
static uint32_t
stock_addr(const struct pool *p, const struct stock *st, uint32_t at)
{
	const struct range	*r = p->range + st->range;
	size_t			 lo = 0, hi = st->nrange, mid;

	while (hi - lo > 1) {
		mid = lo + (hi - lo) / 2;
		if (at < r[mid].base)
			hi = mid;
		else
			lo = mid;
	}
	return (r[lo].first + (at - r[lo].base));
}

void
pool_taken(struct pool *p, uint32_t addr)
{
	struct range	*r = pool_range(p, addr);
	struct stock	*st;
	uint32_t	 at;

	if (r == NULL)
		return;
	st = &p->stock[r->segment];
	at = r->base + (addr - r->first);
	bitset_add(&st->taken, at);
	if (at == st->cursor)
		st->cursor++;
}

void
pool_untaken(struct pool *p, uint32_t addr)
{
	struct range	*r = pool_range(p, addr);

	if (r != NULL && !pool_is_blocked(p, addr))
		bitset_remove(&p->stock[r->segment].taken,
		    r->base + (addr - r->first));
}

/* Looks once around, from where the last one was found. */
size_t
pool_fresh(struct pool *p, struct stock *st, uint32_t *addr, size_t max)
{
	const uint32_t	begin = st->cursor;
	uint32_t	from = begin, at;
	size_t		n = 0;
	int		wrapped = 0;

	while (n < max) {
		at = bitset_next(&st->taken, from);
		if (at == NONE && !wrapped) {
			wrapped = 1;
			from = 0;
			continue;
		}
		if (at == NONE || (wrapped && at >= begin))
			break;
		if (n == 0)
			st->cursor = at;
		addr[n++] = stock_addr(p, st, at);
		from = at + 1;
	}
	return (n);
}

/* Proofs: a hash by address, and a queue for each segment. */

static uint32_t *
proof_chain(const struct pool *p, uint32_t addr)
{
	return (&p->proof_bucket[(addr * 2654435761U >> 8) % PROOFS_MAX]);
}

static uint32_t
proof_find(const struct pool *p, uint32_t addr)
{
	uint32_t	i;

	for (i = *proof_chain(p, addr); i != NONE; i = p->proof[i].chain)
		if (p->proof[i].addr == addr)
			break;
	return (i);
}

static void
proof_remove(struct pool *p, uint32_t at)
{
	struct proof	*proof = &p->proof[at];
	struct queue	*q = &p->stock[proof->segment].proofs;
	uint32_t	*link;

	for (link = proof_chain(p, proof->addr); *link != at;
	    link = &p->proof[*link].chain)
		;
	*link = proof->chain;
	if (proof->prev != NONE)
		p->proof[proof->prev].next = proof->next;
	else
		q->head = proof->next;
	if (proof->next != NONE)
		p->proof[proof->next].prev = proof->prev;
	else
		q->tail = proof->prev;
	proof->addr = 0;
	proof->chain = p->proof_spare;
	p->proof_spare = at;
}

static void
proof_add(struct pool *p, uint32_t addr, mono_t until, uint32_t segment)
{
	struct queue	*q = &p->stock[segment].proofs;
	uint32_t	 at = p->proof_spare, *link = proof_chain(p, addr);
	struct proof	*proof;

	if (at == NONE)
		return;
	proof = &p->proof[at];
	p->proof_spare = proof->chain;
	proof->addr = addr;
	proof->until_us = until.us;
	proof->segment = segment;
	proof->chain = *link;
	*link = at;
	proof->next = NONE;
	proof->prev = q->tail;
	if (proof->prev != NONE)
		p->proof[proof->prev].next = at;
	else
		q->head = at;
	q->tail = at;
}

void
pool_prove(struct pool *p, uint32_t addr, mono_t until)
{
	struct range	*r = pool_range(p, addr);

	pool_disprove(p, addr);
	if (r != NULL && until.us != 0 && !pool_is_blocked(p, addr))
		proof_add(p, addr, until, r->segment);
}

void
pool_disprove(struct pool *p, uint32_t addr)
{
	uint32_t	at = proof_find(p, addr);

	if (at != NONE)
		proof_remove(p, at);
}

void
pool_doubt(struct pool *p, mono_t until)
{
	uint32_t	i;

	for (i = 0; i < PROOFS_MAX; i++)
		if (p->proof[i].addr != 0 && p->proof[i].until_us > until.us)
			p->proof[i].until_us = until.us;
}

int
pool_proven(const struct pool *p, uint32_t addr, mono_t now)
{
	uint32_t	at = proof_find(p, addr);

	return (at != NONE && now.us < p->proof[at].until_us);
}

uint32_t
pool_proven_first(struct pool *p, struct stock *st, mono_t now)
{
	uint32_t	at;

	while ((at = st->proofs.head) != NONE) {
		if (now.us < p->proof[at].until_us)
			return (p->proof[at].addr);
		proof_remove(p, at);
	}
	return (0);
}

static void
proofs_reset(struct pool *p)
{
	uint32_t	i;

	for (i = 0; i < PROOFS_MAX; i++) {
		p->proof_bucket[i] = NONE;
		p->proof[i].chain = i + 1 < PROOFS_MAX ? i + 1 : NONE;
		p->proof[i].addr = 0;
	}
	p->proof_spare = 0;
}

void
pool_init(struct pool *p)
{
	memset(p, 0, sizeof(*p));
	p->proof = xcalloc(PROOFS_MAX, sizeof(*p->proof));
	p->proof_bucket = xcalloc(PROOFS_MAX, sizeof(*p->proof_bucket));
	proofs_reset(p);
}

/* What is proven stays so under another configuration. */
static void
proofs_rebuild(struct pool *p)
{
	struct proof	*old = xcalloc(PROOFS_MAX, sizeof(*old));
	uint32_t	 i;

	memcpy(old, p->proof, PROOFS_MAX * sizeof(*old));
	proofs_reset(p);
	for (i = 0; i < PROOFS_MAX; i++)
		if (old[i].addr != 0)
			pool_prove(p, old[i].addr,
			    (mono_t){ old[i].until_us });
	free(old);
}

/*
 * The ranges of each segment in one row: segments do not overlap, so that in
 * the order of addresses those of a segment follow each other.
 */
static void
pool_stocks(struct pool *p, const struct conf *conf)
{
	struct stock	*st;
	uint32_t	 i;

	p->nstock = conf->nsegment;
	p->stock = xcalloc(p->nstock, sizeof(*p->stock));
	for (i = 0; i < p->nstock; i++)
		p->stock[i].free = p->stock[i].offers = p->stock[i].proofs =
		    (struct queue){ NONE, NONE };
	for (i = 0; i < p->nrange; i++) {
		st = &p->stock[p->range[i].segment];
		if (st->nrange++ == 0)
			st->range = i;
		p->range[i].base = st->size;
		st->size += p->range[i].last - p->range[i].first + 1;
	}
	for (i = 0; i < p->nstock; i++)
		bitset_init(&p->stock[i].taken, p->stock[i].size);
}

/* Addresses that are never given out do not count as room. */
static void
pool_block(struct pool *p, const uint32_t *blocked, size_t n)
{
	struct range	*r;
	size_t		 i;

	p->nblocked = n;
	p->blocked = xcalloc(n, sizeof(*p->blocked));
	if (n > 0)
		memcpy(p->blocked, blocked, n * sizeof(*p->blocked));
	qsort(p->blocked, n, sizeof(*p->blocked), addr_order);
	for (i = 0; i < n; i++) {
		if ((i > 0 && p->blocked[i] == p->blocked[i - 1]) ||
		    (r = pool_range(p, p->blocked[i])) == NULL)
			continue;
		pool_taken(p, p->blocked[i]);
		p->stock[r->segment].size--;
	}
}

void
pool_configure(struct pool *p, const struct conf *conf,
    const uint32_t *blocked, size_t n)
{
	size_t	i;

	for (i = 0; i < p->nstock; i++)
		bitset_free(&p->stock[i].taken);
	free(p->stock);
	free(p->range);
	free(p->blocked);
	p->nrange = conf->nrange;
	p->range = xcalloc(p->nrange, sizeof(*p->range));
	for (i = 0; i < p->nrange; i++) {
		p->range[i].first = conf->range[i].first;
		p->range[i].last = conf->range[i].last;
		p->range[i].segment = conf->range[i].segment;
	}
	qsort(p->range, p->nrange, sizeof(*p->range), range_order);
	pool_stocks(p, conf);
	pool_block(p, blocked, n);
	proofs_rebuild(p);
}
