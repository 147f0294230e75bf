/* SPDX-License-Identifier: ISC */
/*
 * lease.c: who has, or had, which address.  Records never move, and take some
 * 130 octets with everything.  Those that end are in a heap, those that are
 * free in a queue of their range, the longest free first.  Memory is asked
 * for when an address has its first owner, and when an owner's names change.
 */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define CHUNK		4096		/* records that are allocated at once */
#define BUCKETS_MIN	1024
#define BUCKETS_MAX	(1U << 20)	/* at start; tables grow when full */
#define TEXT_MAX	(UINT8_MAX + NAME_LEN + RELAY_LEN)

struct lease *
lease_at(const struct leases *ls, uint32_t i)
{
	return (&ls->chunk[i / CHUNK][i % CHUNK]);
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
		(void)lookup_resize(ls, 4 * (ls->table[BY_ADDR].mask + 1));
	memset(l, 0, sizeof(*l));
	l->self = i;
	l->addr = addr;
	lookup_insert(ls, l, BY_ADDR);
	ls->count[HOLD_FREE]++;
	pool_taken(&ls->pool, addr);
	return (l);
}

static void
lease_delete(struct leases *ls, struct lease *l)
{
	enum lease_key	by;

	heap_remove(ls, l);
	queue_remove(ls, l);
	for (by = BY_ADDR; by < BY_MAX; by++)
		lookup_remove(ls, l, by);
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

/* What is kept of an owner besides its MAC, in one piece. */
static size_t
owner_text(const struct owner *o, uint8_t text[TEXT_MAX], struct lease *shape)
{
	struct wbuf	w;

	wbuf_init(&w, text, TEXT_MAX);
	if (o->id != NULL)
		wbuf_copy(&w, o->id, o->id_len);
	shape->id_len = (uint8_t)w.len;
	wbuf_str(&w, o->hostname);
	shape->name_len = (uint8_t)(w.len - shape->id_len);
	shape->relay_len = 0;
	if (o->relay != NULL && o->relay_len <= RELAY_LEN) {
		wbuf_copy(&w, o->relay, o->relay_len);
		shape->relay_len = (uint8_t)o->relay_len;
	}
	return (w.len);
}

/* Give a record to an owner: client id, MAC, name, and its relay's word. */
static int
lease_own(struct leases *ls, struct lease *l, const struct owner *o)
{
	struct lease	 shape;
	uint8_t		 octets[TEXT_MAX], *text = NULL;
	size_t		 len = owner_text(o, octets, &shape);

	if (mac_equal(l->mac, o->mac) && l->id_len == shape.id_len &&
	    l->name_len == shape.name_len && l->relay_len == shape.relay_len &&
	    (len == 0 || memcmp(l->text, octets, len) == 0))
		return (0);
	if (len > 0) {
		if ((text = malloc(len)) == NULL)
			return (-1);
		memcpy(text, octets, len);
	}
	lookup_remove(ls, l, BY_ID);
	lookup_remove(ls, l, BY_MAC);
	if (!mac_equal(l->mac, o->mac))
		l->boot_s = 0;
	free(l->text);
	l->text = text;
	l->id_len = shape.id_len;
	l->name_len = shape.name_len;
	l->relay_len = shape.relay_len;
	l->mac = o->mac;
	lookup_insert(ls, l, BY_ID);
	lookup_insert(ls, l, BY_MAC);
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
	if (lookup_resize(ls, BUCKETS_MIN) == -1)
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
		(void)lookup_resize(ls, buckets);
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
				    .id_len = m->id_len, .relay = m->relay,
				    .relay_len = m->relay_len };
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
	const uint8_t	*relay;
	size_t		 len;

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
	if ((relay = lease_relay(l, &len)) != NULL) {
		memcpy(m->relay, relay, len);
		m->relay_len = (uint8_t)len;
	}
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
