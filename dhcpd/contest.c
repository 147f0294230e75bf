/* SPDX-License-Identifier: ISC */
/*
 * contest.c: leased addresses that another machine claims, too.  One claim may
 * be forged, or a machine that answers for all of its addresses on all of its
 * cards: so its holder keeps what it has, and finds out by itself (RFC 5227).
 * But when it begins anew it gets another address, and when the lease ends
 * nobody else is given this one before it has rested.
 *
 * A table of a fixed size, by address; who has too many neighbours in it gives
 * up the oldest of them.
 */
#include <string.h>

#include "dhcpd.h"

#define WAYS	8

static struct contest *
contest_row(struct leases *ls, uint32_t addr)
{
	const uint32_t	n = CONTESTS / WAYS;

	return (&ls->contest[(addr * 2654435761U >> 8) % n * WAYS]);
}

const struct contest *
lease_contested(struct leases *ls, uint32_t addr, mono_t now)
{
	const struct contest	*row = contest_row(ls, addr);
	size_t			 i;

	for (i = 0; i < WAYS; i++)
		if (row[i].addr == addr && now.us < row[i].until_us)
			return (&row[i]);
	return (NULL);
}

int
lease_contest(struct leases *ls, struct lease *l, struct mac foe, mono_t now)
{
	struct contest	*row = contest_row(ls, l->addr), *c = &row[0];
	const int	 new = lease_contested(ls, l->addr, now) == NULL;
	size_t		 i;

	for (i = 1; i < WAYS && c->addr != l->addr; i++)
		if (row[i].addr == l->addr || row[i].until_us < c->until_us)
			c = &row[i];
	c->addr = l->addr;
	c->foe = foe;
	c->until_us = mono_add_s(now, CONTEST_S).us;
	l->contested = 1;
	return (new);
}

/*
 * Linux answers for all addresses of a machine on all of its cards.  Two cards
 * with leases of one host name are one machine; who pretends to be gains that
 * the holder keeps its address.
 */
int
lease_is_same_machine(const struct leases *ls, const struct lease *l,
    struct mac mac)
{
	struct lease	*found[LEASES_PER_MAC];
	char		 name[NAME_LEN], other[NAME_LEN];
	size_t		 i, n;

	if (lease_hostname(l, name)[0] == '\0')
		return (0);
	n = lease_all_by_mac(ls, mac, found, nitems(found));
	for (i = 0; i < n; i++)
		if (found[i]->state == HOLD_BOUND &&
		    strcmp(lease_hostname(found[i], other), name) == 0)
			return (1);
	return (0);
}

int
lease_rests(struct leases *ls, uint32_t addr, mono_t now, struct mac *foe)
{
	const struct contest	*c = lease_contested(ls, addr, now);

	if (c == NULL || !pool_has(&ls->pool, addr))
		return (0);
	*foe = c->foe;
	return (1);
}
