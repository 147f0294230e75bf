/* SPDX-License-Identifier: ISC */
/*
 * lease.c: who has, or had, which address.  Records never move, take some
 * 130 octets with everything, and are found by address, by client id and by
 * MAC through hash tables.  Those that end are in a heap, those that are free
 * in a queue of their range, the longest free first.
 */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define CHUNK		4096		/* records that are allocated at once */
#define BUCKETS_MIN	1024
#define BUCKETS_MAX	(1U << 20)	/* at start; tables grow when full */
#define CHAIN_LOOK	(2 * LEASES_PER_MAC)

struct table {
	uint32_t	*bucket;
	uint32_t	 mask;
};

enum { BY_ADDR, BY_ID, BY_MAC, BY_MAX };

struct leases {
	struct pool	 pool;
	struct table	 table[BY_MAX];
	struct lease	**chunk;
	uint32_t	 nchunk;
	uint32_t	 used;		/* records that were ever in use */
	uint32_t	 spare;		/* list of those given back */
	uint32_t	 live;
	uint32_t	*heap;
	uint32_t	 nheap, heapsize;
	size_t		 count[HOLD_MAX];
	uint64_t	 seed[2];
};

struct lease *
lease_at(const struct leases *ls, uint32_t i)
{
	return (&ls->chunk[i / CHUNK][i % CHUNK]);
}

/* Hash tables.  The seed is secret, so that nobody can fill one chain. */

static uint64_t
hash_octets(const struct leases *ls, const uint8_t *p, size_t n)
{
	uint64_t	h = ls->seed[0] ^ n, word;
	size_t		i, part;

	for (i = 0; i < n; i += part) {
		part = n - i > sizeof(word) ? sizeof(word) : n - i;
		word = 0;
		memcpy(&word, p + i, part);
		h = (h ^ word) * (ls->seed[1] | 1);
		h ^= h >> 29;
	}
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return (h ^ h >> 32);
}

static uint32_t *
bucket_of(const struct leases *ls, int by, const void *key, size_t len)
{
	const struct table	*t = &ls->table[by];

	return (&t->bucket[hash_octets(ls, key, len) & t->mask]);
}

static uint32_t *
lease_bucket(const struct leases *ls, const struct lease *l, int by)
{
	if (by == BY_ADDR)
		return (bucket_of(ls, by, &l->addr, sizeof(l->addr)));
	if (by == BY_ID)
		return (bucket_of(ls, by, l->text, l->id_len));
	return (bucket_of(ls, by, l->mac.b, sizeof(l->mac.b)));
}

static uint32_t *
lease_chain(struct lease *l, int by)
{
	if (by == BY_ADDR)
		return (&l->next_addr);
	return (by == BY_ID ? &l->next_id : &l->next_mac);
}

/* Not every record has a client id or a MAC to be found by. */
static int
lease_has_key(const struct lease *l, int by)
{
	if (by == BY_ADDR)
		return (1);
	if (by == BY_ID)
		return (l->text != NULL && l->id_len > 0);
	return (mac_is_unicast(l->mac));
}

static void
table_insert(struct leases *ls, struct lease *l, int by)
{
	uint32_t	*head;

	if (!lease_has_key(l, by))
		return;
	head = lease_bucket(ls, l, by);
	*lease_chain(l, by) = *head;
	*head = l->self;
}

static void
table_remove(struct leases *ls, struct lease *l, int by)
{
	uint32_t	*at;

	if (!lease_has_key(l, by))
		return;
	at = lease_bucket(ls, l, by);
	while (*at != l->self)
		at = lease_chain(lease_at(ls, *at), by);
	*at = *lease_chain(l, by);
}

static int
tables_resize(struct leases *ls, uint32_t buckets)
{
	uint32_t	*bucket[BY_MAX], i;
	struct lease	*l;
	int		 by;

	for (by = 0; by < BY_MAX; by++) {
		bucket[by] = malloc(buckets * sizeof(uint32_t));
		if (bucket[by] == NULL) {
			while (--by >= 0)
				free(bucket[by]);
			return (-1);
		}
	}
	for (by = 0; by < BY_MAX; by++) {
		memset(bucket[by], 0xff, buckets * sizeof(uint32_t));
		free(ls->table[by].bucket);
		ls->table[by].bucket = bucket[by];
		ls->table[by].mask = buckets - 1;
	}
	for (i = 0; (l = lease_first(ls, &i)) != NULL;)
		for (by = 0; by < BY_MAX; by++)
			table_insert(ls, l, by);
	return (0);
}

/* The heap of what ends, the soonest on top. */

static void
heap_set(struct leases *ls, uint32_t at, uint32_t index)
{
	ls->heap[at] = index;
	lease_at(ls, index)->heap = at;
}

static int
heap_less(const struct leases *ls, uint32_t a, uint32_t b)
{
	return (lease_at(ls, ls->heap[a])->expire_us <
	    lease_at(ls, ls->heap[b])->expire_us);
}

static void
heap_swap(struct leases *ls, uint32_t a, uint32_t b)
{
	uint32_t	index = ls->heap[a];

	heap_set(ls, a, ls->heap[b]);
	heap_set(ls, b, index);
}

/* Move an entry to where its time puts it. */
static void
heap_settle(struct leases *ls, uint32_t at)
{
	uint32_t	down;

	for (; at > 0 && heap_less(ls, at, (at - 1) / 2); at = (at - 1) / 2)
		heap_swap(ls, at, (at - 1) / 2);
	while ((down = 2 * at + 1) < ls->nheap) {
		if (down + 1 < ls->nheap && heap_less(ls, down + 1, down))
			down++;
		if (!heap_less(ls, down, at))
			break;
		heap_swap(ls, at, down);
		at = down;
	}
}

static void
heap_remove(struct leases *ls, struct lease *l)
{
	uint32_t	at = l->heap;

	if (!l->in_heap)
		return;
	l->in_heap = 0;
	if (at != --ls->nheap) {
		heap_set(ls, at, ls->heap[ls->nheap]);
		heap_settle(ls, at);
	}
}

/* There is room: the heap grows with the records. */
static void
heap_put(struct leases *ls, struct lease *l)
{
	if (!l->in_heap) {
		l->in_heap = 1;
		heap_set(ls, ls->nheap++, l->self);
	}
	heap_settle(ls, l->heap);
}

/* The queue of a range's free addresses. */

static void
queue_remove(struct leases *ls, struct lease *l)
{
	struct range	*r = pool_range(&ls->pool, l->addr);

	if (!l->in_free)
		return;
	l->in_free = 0;
	if (l->prev_free != NONE)
		lease_at(ls, l->prev_free)->next_free = l->next_free;
	else
		r->free_head = l->next_free;
	if (l->next_free != NONE)
		lease_at(ls, l->next_free)->prev_free = l->prev_free;
	else
		r->free_tail = l->prev_free;
}

static void
queue_put(struct leases *ls, struct lease *l)
{
	struct range	*r = pool_range(&ls->pool, l->addr);

	if (r == NULL || l->in_free || pool_is_blocked(&ls->pool, l->addr))
		return;
	l->in_free = 1;
	l->next_free = NONE;
	l->prev_free = r->free_tail;
	if (r->free_tail != NONE)
		lease_at(ls, r->free_tail)->next_free = l->self;
	else
		r->free_head = l->self;
	r->free_tail = l->self;
}

/* Records. */

static int
leases_grow(struct leases *ls)
{
	struct lease	**chunk;
	uint32_t	 *heap;

	if (ls->used == ls->heapsize) {
		heap = reallocarray(ls->heap, ls->heapsize + CHUNK,
		    sizeof(*heap));
		if (heap == NULL)
			return (-1);
		ls->heap = heap;
		ls->heapsize += CHUNK;
	}
	if (ls->used < ls->nchunk * CHUNK)
		return (0);
	chunk = reallocarray(ls->chunk, ls->nchunk + 1, sizeof(*chunk));
	if (chunk == NULL)
		return (-1);
	ls->chunk = chunk;
	chunk[ls->nchunk] = calloc(CHUNK, sizeof(**chunk));
	if (chunk[ls->nchunk] == NULL)
		return (-1);
	ls->nchunk++;
	return (0);
}

static struct lease *
lease_new(struct leases *ls, uint32_t addr)
{
	struct lease	*l;
	uint32_t	 i;

	if (ls->spare != NONE) {
		l = lease_at(ls, i = ls->spare);
		ls->spare = l->next_addr;
	} else {
		if (leases_grow(ls) == -1)
			return (NULL);
		l = lease_at(ls, i = ls->used++);
	}
	if (ls->live++ > 2 * ls->table[BY_ADDR].mask)
		(void)tables_resize(ls, 4 * (ls->table[BY_ADDR].mask + 1));
	memset(l, 0, sizeof(*l));
	l->self = i;
	l->addr = addr;
	table_insert(ls, l, BY_ADDR);
	ls->count[HOLD_FREE]++;
	pool_taken(&ls->pool, addr);
	return (l);
}

static void
lease_delete(struct leases *ls, struct lease *l)
{
	int	by;

	heap_remove(ls, l);
	queue_remove(ls, l);
	for (by = 0; by < BY_MAX; by++)
		table_remove(ls, l, by);
	free(l->text);
	ls->count[l->state]--;
	ls->live--;
	l->addr = 0;
	l->text = NULL;
	l->next_addr = ls->spare;
	ls->spare = l->self;
}

/* The only assignment to a record's state. */
static void
lease_enter(struct leases *ls, struct lease *l, enum hold_state state,
    mono_t until)
{
	ls->count[l->state]--;
	ls->count[state]++;
	l->state = (uint8_t)state;
	l->expire_us = until.us;
	if (state == HOLD_FREE) {
		heap_remove(ls, l);
		queue_put(ls, l);
		return;
	}
	queue_remove(ls, l);
	pool_disprove(&ls->pool, l->addr);
	heap_put(ls, l);
}

/* Give a record to an owner: client id, MAC and name. */
static int
lease_own(struct leases *ls, struct lease *l, const struct owner *o)
{
	size_t	 id_len = o->id == NULL ? 0 : o->id_len;
	size_t	 name_len = strlen(o->hostname);
	uint8_t	*text = NULL;

	if (l->id_len == id_len && l->name_len == name_len &&
	    mac_equal(l->mac, o->mac) && (id_len == 0 ||
	    memcmp(l->text, o->id, id_len) == 0) && (name_len == 0 ||
	    memcmp(l->text + id_len, o->hostname, name_len) == 0))
		return (0);
	if (id_len + name_len > 0) {
		if ((text = malloc(id_len + name_len)) == NULL)
			return (-1);
		if (id_len > 0)
			memcpy(text, o->id, id_len);
		memcpy(text + id_len, o->hostname, name_len);
	}
	table_remove(ls, l, BY_ID);
	table_remove(ls, l, BY_MAC);
	if (!mac_equal(l->mac, o->mac))
		l->boot_s = 0;
	free(l->text);
	l->text = text;
	l->id_len = (uint8_t)id_len;
	l->name_len = (uint8_t)name_len;
	l->mac = o->mac;
	table_insert(ls, l, BY_ID);
	table_insert(ls, l, BY_MAC);
	return (0);
}

struct leases *
leases_new(void)
{
	struct leases	*ls = xcalloc(1, sizeof(*ls));

	if (getrandom(ls->seed, sizeof(ls->seed), 0) != sizeof(ls->seed))
		fatal("getrandom");
	ls->spare = NONE;
	pool_init(&ls->pool);
	if (tables_resize(ls, BUCKETS_MIN) == -1)
		fatal("lease tables");
	return (ls);
}

struct pool *
leases_pool(struct leases *ls)
{
	return (&ls->pool);
}

void
leases_configure(struct leases *ls, const struct conf *conf,
    const uint32_t *blocked, size_t n)
{
	uint64_t	 wanted = conf->nhost;
	uint32_t	 i, buckets = BUCKETS_MIN;
	struct lease	*l;

	for (i = 0; i < conf->nrange; i++)
		wanted += conf->range[i].last - conf->range[i].first;
	while (buckets < wanted && buckets < BUCKETS_MAX)
		buckets *= 2;
	if (buckets > ls->table[BY_ADDR].mask + 1)
		(void)tables_resize(ls, buckets);
	for (i = 0; (l = lease_first(ls, &i)) != NULL;)
		queue_remove(ls, l);
	pool_configure(&ls->pool, conf, blocked, n);
	for (i = 0; (l = lease_first(ls, &i)) != NULL;) {
		pool_taken(&ls->pool, l->addr);
		if (l->state != HOLD_FREE)
			continue;
		if (!l->staged && !pool_has(&ls->pool, l->addr))
			lease_delete(ls, l);
		else
			queue_put(ls, l);
	}
}

/* Looking up. */

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

	for (i = *bucket_of(ls, BY_ADDR, &addr, sizeof(addr)); i != NONE;
	    i = l->next_addr)
		if ((l = lease_at(ls, i))->addr == addr)
			return (l);
	return (NULL);
}

/* Of two leases of one client on a link, the one that it rather has. */
static struct lease *
lease_better(struct lease *a, struct lease *b)
{
	static const int	worth[HOLD_MAX] = {
		[HOLD_BOUND] = 4, [HOLD_OFFERED] = 3, [HOLD_WAIT] = 2,
		[HOLD_FREE] = 1,
	};

	if (a == NULL || worth[b->state] > worth[a->state])
		return (b);
	return (a);
}

struct lease *
lease_by_id(const struct leases *ls, const struct link *link,
    const uint8_t *id, size_t len)
{
	struct lease	*l, *best = NULL;
	uint32_t	 i;

	for (i = *bucket_of(ls, BY_ID, id, len); i != NONE; i = l->next_id) {
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
	int		 looked = 0;

	if (!mac_is_unicast(mac))
		return (NULL);
	for (i = *bucket_of(ls, BY_MAC, mac.b, sizeof(mac.b)); i != NONE &&
	    looked < CHAIN_LOOK; i = l->next_mac) {
		l = lease_at(ls, i);
		if (!mac_equal(l->mac, mac))
			continue;
		looked++;
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
	for (i = *bucket_of(ls, BY_MAC, mac.b, sizeof(mac.b)); i != NONE &&
	    n < CHAIN_LOOK; i = l->next_mac) {
		l = lease_at(ls, i);
		if (!mac_equal(l->mac, mac))
			continue;
		n++;
		if (l->in_free && (*freed == NULL ||
		    l->expire_us < (*freed)->expire_us))
			*freed = l;
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

/* Changing. */

struct lease *
lease_hold(struct leases *ls, uint32_t addr, const struct owner *o,
    enum hold_state state, mono_t now, mono_t until)
{
	struct lease	*l = lease_by_addr(ls, addr);

	if (l == NULL && (l = lease_new(ls, addr)) == NULL)
		return (NULL);
	if (lease_own(ls, l, o) == -1)
		return (NULL);
	if (l->state != state)
		l->start_us = now.us;
	lease_enter(ls, l, state, until);
	return (l);
}

/* A record that no range wants any more is gone with this. */
void
lease_free(struct leases *ls, struct lease *l, mono_t now)
{
	if (l->staged)
		return;
	lease_enter(ls, l, HOLD_FREE, now);
	if (!pool_has(&ls->pool, l->addr))
		lease_delete(ls, l);
}

void
lease_proven(struct leases *ls, uint32_t addr, mono_t until)
{
	struct lease	*l = lease_by_addr(ls, addr);

	if (l == NULL || l->state == HOLD_FREE)
		pool_prove(&ls->pool, addr, until);
	else if (l->state == HOLD_WAIT && until.us != 0)
		lease_enter(ls, l, HOLD_OFFERED, (mono_t){ l->expire_us });
}

struct lease *
lease_quarantine(struct leases *ls, uint32_t addr, struct mac mac, mono_t now,
    mono_t until)
{
	const struct owner	stranger = { .mac = mac, .hostname = "" };

	return (lease_hold(ls, addr, &stranger, HOLD_DECLINED, now, until));
}

struct lease *
lease_apply(struct leases *ls, const struct msg_lease *m)
{
	const struct owner	o = { .mac = m->mac, .hostname = m->hostname,
				    .id = m->id_len > 0 ? m->id : NULL,
				    .id_len = m->id_len };
	struct lease		*l = lease_by_addr(ls, m->addr);

	if (l == NULL && (l = lease_new(ls, m->addr)) == NULL)
		return (NULL);
	if (lease_own(ls, l, &o) == -1)
		return (NULL);
	l->start_us = m->start_us;
	lease_enter(ls, l, (enum hold_state)m->state, (mono_t){ m->expire_us });
	if (l->state == HOLD_FREE && !l->staged &&
	    !pool_has(&ls->pool, l->addr)) {
		lease_delete(ls, l);
		return (NULL);
	}
	return (l);
}

size_t
lease_expire(struct leases *ls, mono_t now, size_t max)
{
	struct lease	*l;
	size_t		 n;

	for (n = 0; n < max && ls->nheap > 0; n++) {
		l = lease_at(ls, ls->heap[0]);
		if (l->expire_us > now.us)
			break;
		if (l->staged) {
			/* It is being renewed: decided when that is done. */
			l->expire_us = mono_add_s(now, 5).us;
			heap_put(ls, l);
		} else
			lease_free(ls, l, (mono_t){ l->expire_us });
	}
	return (n);
}

mono_t
lease_next_end(const struct leases *ls)
{
	if (ls->nheap == 0)
		return (MONO_NEVER);
	return ((mono_t){ lease_at(ls, ls->heap[0])->expire_us });
}

void
lease_message(const struct lease *l, struct msg_lease *m)
{
	memset(m, 0, sizeof(*m));
	m->start_us = l->start_us;
	m->expire_us = l->expire_us;
	m->addr = l->addr;
	m->state = l->state;
	m->id_len = l->id_len;
	m->mac = l->mac;
	if (l->id_len > 0)
		memcpy(m->id, l->text, l->id_len);
	(void)lease_hostname(l, m->hostname);
}

void
grant_of(const struct msg_lease *m, struct msg_grant *g)
{
	memset(g, 0, sizeof(*g));
	g->expire_us = m->expire_us;
	g->addr = m->addr;
	g->state = m->state;
	g->mac = m->mac;
	memcpy(g->host, m->host, sizeof(g->host));
}
