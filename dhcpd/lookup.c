/* SPDX-License-Identifier: ISC */
/*
 * lookup.c: finding leases: by address, by client id and by MAC.  The hash is
 * keyed, so that nobody can fill one chain with made-up clients; and chains of
 * one client, who can, are followed for a bounded length only.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define CHAIN_LOOK	(2 * LEASES_PER_MAC)

/* Ends a chain: no record has this index, and empty tables cost no memory. */
#define CHAIN_END	0

/* Only addresses that we give out are in it: nobody chooses their hash. */
static uint32_t *
bucket_of_addr(const struct leases *ls, uint32_t addr)
{
	const struct table	*t = &ls->table[BY_ADDR];

	return (&t->bucket[addr * UINT64_C(0x9e3779b97f4a7c15) >> 32 &
	    t->mask]);
}

static uint32_t *
bucket_of(const struct leases *ls, enum lease_key by, const void *key,
    size_t len)
{
	const struct table	*t = &ls->table[by];

	return (&t->bucket[siphash(ls->seed, key, len) & t->mask]);
}

static uint32_t *
lease_bucket(const struct leases *ls, const struct lease *l, enum lease_key by)
{
	if (by == BY_ADDR)
		return (bucket_of_addr(ls, l->addr));
	if (by == BY_ID)
		return (bucket_of(ls, by, l->text, l->id_len));
	return (bucket_of(ls, by, l->mac.b, sizeof(l->mac.b)));
}

static uint32_t *
lease_chain(struct lease *l, enum lease_key by)
{
	if (by == BY_ADDR)
		return (&l->next_addr);
	return (by == BY_ID ? &l->next_id : &l->next_mac);
}

/* Not every record has a client id or a MAC to be found by. */
static int
lease_has_key(const struct lease *l, enum lease_key by)
{
	if (by == BY_ADDR)
		return (1);
	if (by == BY_ID)
		return (l->id_len > 0);
	return (mac_is_unicast(l->mac));
}

static int
same_key(const struct lease *a, const struct lease *b, enum lease_key by)
{
	if (by == BY_ID)
		return (a->id_len == b->id_len &&
		    memcmp(a->text, b->text, a->id_len) == 0);
	return (mac_equal(a->mac, b->mac));
}

/*
 * A client with too many addresses is not found by the last of them: clones
 * with one client id make no long chain.
 */
static int
chain_is_full(const struct leases *ls, const struct lease *l,
    enum lease_key by, uint32_t i)
{
	struct lease	*other;
	uint32_t	 at;
	int		 n = 0;

	for (at = i; at != CHAIN_END && n < CHAIN_LOOK;
	    at = *lease_chain(lease_at(ls, at), by))
		n++;
	if (n < CHAIN_LOOK)
		return (0);
	for (n = 0; i != CHAIN_END && n < CHAIN_LOOK;
	    i = *lease_chain(other, by)) {
		other = lease_at(ls, i);
		n += same_key(other, l, by);
	}
	return (n == CHAIN_LOOK);
}

void
lookup_insert(struct leases *ls, struct lease *l, enum lease_key by)
{
	uint32_t	*head;

	if (!lease_has_key(l, by))
		return;
	head = lease_bucket(ls, l, by);
	if (by != BY_ADDR && chain_is_full(ls, l, by, *head))
		return;
	l->listed |= (uint8_t)(1U << by);
	*lease_chain(l, by) = *head;
	*head = l->self;
}

void
lookup_remove(struct leases *ls, struct lease *l, enum lease_key by)
{
	uint32_t	*at;

	if ((l->listed & 1U << by) == 0)
		return;
	l->listed &= (uint8_t)~(1U << by);
	at = lease_bucket(ls, l, by);
	while (*at != l->self)
		at = lease_chain(lease_at(ls, *at), by);
	*at = *lease_chain(l, by);
}

int
lookup_resize(struct leases *ls, uint32_t buckets)
{
	uint32_t	*bucket[BY_MAX], i;
	struct lease	*l;
	enum lease_key	 key;
	int		 by;

	for (by = 0; by < BY_MAX; by++) {
		bucket[by] = calloc(buckets, sizeof(uint32_t));
		if (bucket[by] == NULL) {
			while (--by >= 0)
				free(bucket[by]);
			return (-1);
		}
	}
	for (by = 0; by < BY_MAX; by++) {
		free(ls->table[by].bucket);
		ls->table[by].bucket = bucket[by];
		ls->table[by].mask = buckets - 1;
	}
	for (i = 0; (l = lease_first(ls, &i)) != NULL;) {
		l->listed = 0;
		for (key = BY_ADDR; key < BY_MAX; key++)
			lookup_insert(ls, l, key);
	}
	return (0);
}

struct lease *
lease_first(const struct leases *ls, uint32_t *cursor)
{
	struct lease	*l;

	while (*cursor < ls->used)
		if ((l = lease_at(ls, (*cursor)++))->addr != 0)
			return (l);
	return (NULL);
}

size_t
lease_count(const struct leases *ls, enum hold_state state)
{
	return (ls->count[state]);
}

struct lease *
lease_by_addr(const struct leases *ls, uint32_t addr)
{
	struct lease	*l;
	uint32_t	 i;

	for (i = *bucket_of_addr(ls, addr); i != CHAIN_END;
	    i = l->next_addr)
		if ((l = lease_at(ls, i))->addr == addr)
			return (l);
	return (NULL);
}

static int
lease_worth(const struct lease *l)
{
	static const int	worth[HOLD_MAX] = {
		[HOLD_BOUND] = 5, [HOLD_OFFERED] = 4, [HOLD_WAIT] = 3,
		[HOLD_FREE] = 1,
	};

	return (l->contested ? 2 : worth[l->state]);
}

/* Of two leases of one client on a link, the one that it rather has. */
static struct lease *
lease_better(struct lease *a, struct lease *b)
{
	return (a == NULL || lease_worth(b) > lease_worth(a) ? b : a);
}

struct lease *
lease_by_id(const struct leases *ls, const struct link *link,
    const uint8_t *id, size_t len)
{
	struct lease	*l, *best = NULL;
	uint32_t	 i;

	for (i = *bucket_of(ls, BY_ID, id, len); i != CHAIN_END;
	    i = l->next_id) {
		l = lease_at(ls, i);
		if (l->id_len == len && memcmp(l->text, id, len) == 0 &&
		    l->state != HOLD_DECLINED && link_find(link, l->addr) != -1)
			best = lease_better(best, l);
	}
	return (best);
}

struct lease *
lease_by_mac(const struct leases *ls, const struct link *link, struct mac mac,
    int any_id)
{
	struct lease	*l, *best = NULL;
	uint32_t	 i;

	if (!mac_is_unicast(mac))
		return (NULL);
	for (i = *bucket_of(ls, BY_MAC, mac.b, sizeof(mac.b)); i != CHAIN_END;
	    i = l->next_mac) {
		l = lease_at(ls, i);
		if (!mac_equal(l->mac, mac))
			continue;
		if ((any_id || l->id_len == 0) && l->state != HOLD_DECLINED &&
		    link_find(link, l->addr) != -1)
			best = lease_better(best, l);
	}
	return (best);
}

size_t
lease_count_mac(const struct leases *ls, struct mac mac, struct lease **freed)
{
	struct lease	*l;
	uint32_t	 i;
	size_t		 n = 0;

	*freed = NULL;
	if (!mac_is_unicast(mac))
		return (0);
	for (i = *bucket_of(ls, BY_MAC, mac.b, sizeof(mac.b)); i != CHAIN_END;
	    i = l->next_mac) {
		l = lease_at(ls, i);
		if (!mac_equal(l->mac, mac))
			continue;
		n++;
		if (l->queue == QUEUE_FREE && (*freed == NULL ||
		    l->expire_us < (*freed)->expire_us))
			*freed = l;
	}
	return (n);
}

size_t
lease_all_by_id(const struct leases *ls, const uint8_t *id, size_t len,
    struct lease **found, size_t max)
{
	struct lease	*l;
	uint32_t	 i;
	size_t		 n = 0;

	for (i = *bucket_of(ls, BY_ID, id, len); i != CHAIN_END && n < max;
	    i = l->next_id) {
		l = lease_at(ls, i);
		if (l->id_len == len && memcmp(l->text, id, len) == 0)
			found[n++] = l;
	}
	return (n);
}

size_t
lease_all_by_mac(const struct leases *ls, struct mac mac,
    struct lease **found, size_t max)
{
	struct lease	*l;
	uint32_t	 i;
	size_t		 n = 0;

	if (!mac_is_unicast(mac))
		return (0);
	for (i = *bucket_of(ls, BY_MAC, mac.b, sizeof(mac.b)); i != CHAIN_END &&
	    n < max; i = l->next_mac) {
		l = lease_at(ls, i);
		if (mac_equal(l->mac, mac))
			found[n++] = l;
	}
	return (n);
}

int
lease_is_of(const struct lease *l, const struct owner *o)
{
	if (o->id != NULL)
		return (l->id_len == o->id_len &&
		    memcmp(l->text, o->id, o->id_len) == 0);
	return (l->id_len == 0 && mac_equal(l->mac, o->mac));
}

const char *
lease_hostname(const struct lease *l, char name[NAME_LEN])
{
	if (l->name_len > 0)
		memcpy(name, l->text + l->id_len, l->name_len);
	name[l->name_len] = '\0';
	return (name);
}

const uint8_t *
lease_relay(const struct lease *l, size_t *len)
{
	if ((*len = l->relay_len) == 0)
		return (NULL);
	return (l->text + l->id_len + l->name_len);
}
