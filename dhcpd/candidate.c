/* SPDX-License-Identifier: ISC */
/*
 * candidate.c: the next addresses to give out: those that arpd has proven
 * free, then those that nobody has had, then the longest free ones.
 */
#include "dhcpd.h"

/* The free addresses of one segment, in the order they are to be given. */
static size_t
segment_candidates(struct leases *ls, struct stock *st, mono_t now,
    int proven_only, uint32_t *addr, size_t max)
{
	struct pool	*pool = leases_pool(ls);
	uint32_t	 i;
	size_t		 n;

	if ((addr[0] = pool_proven_first(pool, st, now)) != 0)
		return (1);
	if (proven_only)
		return (0);
	n = pool_fresh(pool, st, addr, max);
	for (i = st->free.head; n < max && i != NONE;
	    i = lease_at(ls, i)->next)
		addr[n++] = lease_at(ls, i)->addr;
	return (n);
}

size_t
lease_candidates(struct leases *ls, const struct link *link, mono_t now,
    int proven_only, uint32_t *addr, size_t max)
{
	struct stock	*st;
	size_t		 s, n = 0;

	for (s = 0; s < link->n && n < max; s++)
		if ((st = pool_stock_of(leases_pool(ls),
		    link->seg[s].segment)) != NULL)
			n += segment_candidates(ls, st, now, proven_only,
			    addr + n, max - n);
	return (n);
}
