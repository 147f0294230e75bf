/* SPDX-License-Identifier: ISC */
/*
 * candidate.c: the next addresses to give out: those that arpd has proven
 * free, then those that nobody ever had, then the longest free ones.
 */
#include "dhcpd.h"

/* The free addresses of one range, in the order they are to be given. */
static size_t
range_candidates(struct leases *ls, struct range *r, mono_t now,
    int proven_only, uint32_t *addr, size_t max)
{
	uint32_t	off, i;
	size_t		n = 0;

	if ((addr[0] = pool_proven_first(leases_pool(ls), r, now)) != 0)
		return (1);
	if (proven_only)
		return (0);
	for (off = pool_fresh(r, 0); n < max && off != NONE;
	    off = pool_fresh(r, off + 1))
		addr[n++] = r->first + off;
	for (i = r->free_head; n < max && i != NONE;
	    i = lease_at(ls, i)->next_free)
		addr[n++] = lease_at(ls, i)->addr;
	return (n);
}

size_t
lease_candidates(struct leases *ls, const struct link *link, mono_t now,
    int proven_only, uint32_t *addr, size_t max)
{
	struct pool	*pool = leases_pool(ls);
	struct range	*r;
	size_t		 i, s, n = 0;

	for (s = 0; s < link->n; s++) {
		for (i = 0; i < pool->nrange && n < max; i++) {
			r = &pool->range[i];
			if (r->segment != link->seg[s].segment)
				continue;
			n += range_candidates(ls, r, now, proven_only,
			    addr + n, max - n);
		}
	}
	return (n);
}
