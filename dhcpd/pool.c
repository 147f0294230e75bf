/* SPDX-License-Identifier: ISC */
/*
 * pool.c: the ranges: which addresses may be given out, which of them nobody
 * ever had, and which arpd has just proven free.  An address is found in
 * constant time: fresh ones only ever become fewer, so that a cursor that
 * moves one way finds the next, and proofs queue up in the order they came.
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

void
pool_taken(struct pool *p, uint32_t addr)
{
	struct range	*r = pool_range(p, addr);
	uint32_t	 off;
	uint64_t	 bit;

	if (r == NULL)
		return;
	off = addr - r->first;
	bit = UINT64_C(1) << off % 64;
	if ((r->fresh[off / 64] & bit) == 0)
		return;
	r->fresh[off / 64] &= ~bit;
	r->nfresh--;
}

uint32_t
pool_fresh(struct range *r, uint32_t from)
{
	uint32_t	off = from > r->cursor ? from : r->cursor;
	uint32_t	words = (r->last - r->first) / 64 + 1, w = off / 64;
	uint64_t	word;

	if (r->nfresh == 0 || w >= words)
		return (NONE);
	word = r->fresh[w] & UINT64_MAX << off % 64;
	while (word == 0 && ++w < words)
		word = r->fresh[w];
	if (word == 0)
		return (NONE);
	off = w * 64 + (uint32_t)__builtin_ctzll(word);
	if (from <= r->cursor)
		r->cursor = off;
	return (off);
}

static void
range_init(struct range *r, const struct conf_range *conf)
{
	uint32_t	n = conf->last - conf->first + 1;
	uint32_t	words = (n + 63) / 64;

	memset(r, 0, sizeof(*r));
	r->first = conf->first;
	r->last = conf->last;
	r->segment = conf->segment;
	r->nfresh = n;
	r->fresh = xcalloc(words, sizeof(*r->fresh));
	memset(r->fresh, 0xff, words * sizeof(*r->fresh));
	if (n % 64 != 0)
		r->fresh[words - 1] = (UINT64_C(1) << n % 64) - 1;
	r->free_head = r->free_tail = NONE;
}

/* Proofs: a hash by address, and a queue for each range. */

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
	uint32_t	*link;

	for (link = proof_chain(p, proof->addr); *link != at;
	    link = &p->proof[*link].chain)
		;
	*link = proof->chain;
	if (proof->prev != NONE)
		p->proof[proof->prev].next = proof->next;
	else
		p->proof_head[proof->range] = proof->next;
	if (proof->next != NONE)
		p->proof[proof->next].prev = proof->prev;
	else
		p->proof_tail[proof->range] = proof->prev;
	proof->addr = 0;
	proof->chain = p->proof_spare;
	p->proof_spare = at;
}

static void
proof_add(struct pool *p, uint32_t addr, mono_t until, uint32_t range)
{
	uint32_t	 at = p->proof_spare, *link = proof_chain(p, addr);
	struct proof	*proof;

	if (at == NONE)
		return;
	proof = &p->proof[at];
	p->proof_spare = proof->chain;
	proof->addr = addr;
	proof->until_us = until.us;
	proof->range = range;
	proof->chain = *link;
	*link = at;
	proof->next = NONE;
	proof->prev = p->proof_tail[range];
	if (proof->prev != NONE)
		p->proof[proof->prev].next = at;
	else
		p->proof_head[range] = at;
	p->proof_tail[range] = at;
}

void
pool_prove(struct pool *p, uint32_t addr, mono_t until)
{
	struct range	*r = pool_range(p, addr);

	pool_disprove(p, addr);
	if (r != NULL && !pool_is_blocked(p, addr))
		proof_add(p, addr, until, (uint32_t)(r - p->range));
}

void
pool_disprove(struct pool *p, uint32_t addr)
{
	uint32_t	at = proof_find(p, addr);

	if (at != NONE)
		proof_remove(p, at);
}

int
pool_proven(const struct pool *p, uint32_t addr, mono_t now)
{
	uint32_t	at = proof_find(p, addr);

	return (at != NONE && now.us < p->proof[at].until_us);
}

uint32_t
pool_proven_first(struct pool *p, const struct range *r, mono_t now)
{
	uint32_t	range = (uint32_t)(r - p->range), at;

	while ((at = p->proof_head[range]) != NONE) {
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
	free(p->proof_head);
	free(p->proof_tail);
	p->proof_head = xcalloc(p->nrange, sizeof(*p->proof_head));
	p->proof_tail = xcalloc(p->nrange, sizeof(*p->proof_tail));
	for (i = 0; i < p->nrange; i++)
		p->proof_head[i] = p->proof_tail[i] = NONE;
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

void
pool_configure(struct pool *p, const struct conf *conf,
    const uint32_t *blocked, size_t n)
{
	size_t	i;

	for (i = 0; i < p->nrange; i++)
		free(p->range[i].fresh);
	free(p->range);
	free(p->blocked);
	p->nrange = conf->nrange;
	p->range = xcalloc(p->nrange, sizeof(*p->range));
	for (i = 0; i < p->nrange; i++)
		range_init(&p->range[i], &conf->range[i]);
	qsort(p->range, p->nrange, sizeof(*p->range), range_order);
	p->nblocked = n;
	p->blocked = xcalloc(n, sizeof(*p->blocked));
	if (n > 0)
		memcpy(p->blocked, blocked, n * sizeof(*p->blocked));
	qsort(p->blocked, n, sizeof(*p->blocked), addr_order);
	for (i = 0; i < n; i++)
		pool_taken(p, p->blocked[i]);
	proofs_rebuild(p);
}
