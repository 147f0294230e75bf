/* SPDX-License-Identifier: ISC */
/*
 * claim.c: whose the addresses are that another server gives out, as far as
 * the machines that boot from us say so.  A table of fixed size, found by
 * address and by MAC; an address has one claim and a MAC has one address.
 */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define BUCKETS		(2 * CLAIMS_MAX)
#define KNOWN_ROOM	(CLAIMS_MAX / 4)	/* not for strangers */
#define SWEEP		64	/* looked at to find those that are over */

enum claim_key { CLAIM_ADDR, CLAIM_MAC, CLAIM_KEYS };

struct claims {
	uint64_t	 seed[2];
	size_t		 n;
	uint32_t	 hand;			/* where the sweep goes on */
	uint32_t	 spare[CLAIMS_MAX];	/* those not in use */
	uint32_t	 bucket[CLAIM_KEYS][BUCKETS];	/* index + 1 */
	uint32_t	 next[CLAIM_KEYS][CLAIMS_MAX];
	struct claim	 claim[CLAIMS_MAX];
};

struct claims *
claims_new(void)
{
	struct claims	*cs = xcalloc(1, sizeof(*cs));
	uint32_t	 i;

	if (getrandom(cs->seed, sizeof(cs->seed), 0) != sizeof(cs->seed))
		fatal("getrandom");
	for (i = 0; i < CLAIMS_MAX; i++)
		cs->spare[i] = CLAIMS_MAX - 1 - i;
	return (cs);
}

static uint32_t
bucket_of(const struct claims *cs, enum claim_key key, const void *data,
    size_t len)
{
	uint64_t	h = siphash(cs->seed, data, len);

	return ((uint32_t)(key == CLAIM_ADDR ? h : h >> 32) & (BUCKETS - 1));
}

static uint32_t
bucket_of_claim(const struct claims *cs, enum claim_key key,
    const struct claim *c)
{
	if (key == CLAIM_ADDR)
		return (bucket_of(cs, key, &c->addr, sizeof(c->addr)));
	return (bucket_of(cs, key, c->mac.b, sizeof(c->mac.b)));
}

static int
claim_is_over(const struct claim *c, mono_t now)
{
	return (c->expire_us <= now.us);
}

static uint32_t
claim_find(const struct claims *cs, uint32_t addr)
{
	uint32_t	i;

	i = cs->bucket[CLAIM_ADDR][bucket_of(cs, CLAIM_ADDR, &addr,
	    sizeof(addr))];
	while (i != 0 && cs->claim[i - 1].addr != addr)
		i = cs->next[CLAIM_ADDR][i - 1];
	return (i);
}

const struct claim *
claim_of_addr(const struct claims *cs, uint32_t addr, mono_t now)
{
	uint32_t	i = cs != NULL ? claim_find(cs, addr) : 0;

	return (i == 0 || claim_is_over(&cs->claim[i - 1], now) ? NULL :
	    &cs->claim[i - 1]);
}

/* What is disputed is no claim of its MAC's any more. */
const struct claim *
claim_of_mac(const struct claims *cs, struct mac mac, mono_t now)
{
	const struct claim	*c;
	uint32_t		 i;

	if (cs == NULL)
		return (NULL);
	i = cs->bucket[CLAIM_MAC][bucket_of(cs, CLAIM_MAC, mac.b,
	    sizeof(mac.b))];
	for (; i != 0; i = cs->next[CLAIM_MAC][i - 1]) {
		c = &cs->claim[i - 1];
		if (mac_equal(c->mac, mac) && !c->disputed &&
		    !claim_is_over(c, now))
			return (c);
	}
	return (NULL);
}

static void
claim_link(struct claims *cs, enum claim_key key, uint32_t i)
{
	uint32_t	*head;

	head = &cs->bucket[key][bucket_of_claim(cs, key, &cs->claim[i])];
	cs->next[key][i] = *head;
	*head = i + 1;
}

static void
claim_unlink(struct claims *cs, enum claim_key key, uint32_t i)
{
	uint32_t	*at;

	at = &cs->bucket[key][bucket_of_claim(cs, key, &cs->claim[i])];
	while (*at != i + 1)
		at = &cs->next[key][*at - 1];
	*at = cs->next[key][i];
}

static void
claim_remove(struct claims *cs, uint32_t i)
{
	claim_unlink(cs, CLAIM_ADDR, i);
	claim_unlink(cs, CLAIM_MAC, i);
	memset(&cs->claim[i], 0, sizeof(cs->claim[i]));
	cs->n--;
	cs->spare[CLAIMS_MAX - 1 - cs->n] = i;
}

void
claim_drop(struct claims *cs, uint32_t addr)
{
	uint32_t	i = claim_find(cs, addr);

	if (i != 0)
		claim_remove(cs, i - 1);
}

/* A few of those that are over make room. */
static void
claim_sweep(struct claims *cs, mono_t now)
{
	struct claim	*c;
	int		 n;

	for (n = 0; n < SWEEP; n++) {
		cs->hand = (cs->hand + 1) % CLAIMS_MAX;
		c = &cs->claim[cs->hand];
		if (c->addr != 0 && claim_is_over(c, now))
			claim_remove(cs, cs->hand);
	}
}

int
claim_put(struct claims *cs, const struct claim *new, mono_t now)
{
	size_t		room = new->known ? CLAIMS_MAX :
			    CLAIMS_MAX - KNOWN_ROOM;
	uint32_t	i;

	claim_drop(cs, new->addr);
	if (cs->n >= room)
		claim_sweep(cs, now);
	if (cs->n >= room)
		return (-1);
	i = cs->spare[CLAIMS_MAX - 1 - cs->n];
	cs->n++;
	cs->claim[i] = *new;
	claim_link(cs, CLAIM_ADDR, i);
	claim_link(cs, CLAIM_MAC, i);
	return (0);
}

void
claim_grant(const struct claim *c, struct msg_grant *g)
{
	memset(g, 0, sizeof(*g));
	g->addr = c->addr;
	g->mac = c->mac;
	g->state = c->disputed ? LEASE_FREE : LEASE_BOUND;
	g->expire_us = c->expire_us;
	memcpy(g->host, c->host, sizeof(g->host));
}

size_t
claim_grants(const struct claims *cs, mono_t now, uint32_t *cursor,
    struct msg_grant *g, size_t max)
{
	const struct claim	*c;
	size_t			 n = 0;

	for (; *cursor < CLAIMS_MAX && n < max; ++*cursor) {
		c = &cs->claim[*cursor];
		if (c->addr != 0 && !c->disputed && !claim_is_over(c, now))
			claim_grant(c, &g[n++]);
	}
	return (n);
}
