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
#define NEVER_S		UINT32_MAX
#define TEXT_MAX	(UINT8_MAX + NAME_LEN + RELAY_LEN)

struct lease *
lease_at(const struct leases *ls, uint32_t i)
{
	return (&ls->chunk[i / CHUNK][i % CHUNK]);
}

/*
 * The heap of what ends, the soonest on top, four below each.  It has its own
 * copy of the time, in whole seconds and rounded up, so that records need not
 * be looked at.
 */

static void
heap_set(struct leases *ls, uint32_t at, struct due due)
{
	ls->heap[at] = due;
	lease_at(ls, due.index)->heap = at;
}

/* The soonest of those below, or what is beyond the end. */
static uint32_t
heap_below(const struct leases *ls, uint32_t at)
{
	uint32_t	first = 4 * at + 1, best = first, i;

	for (i = first + 1; i < first + 4 && i < ls->nheap; i++)
		if (ls->heap[i].second < ls->heap[best].second)
			best = i;
	return (best);
}

/* Move an entry to where its time puts it. */
static void
heap_settle(struct leases *ls, uint32_t at)
{
	const struct due	due = ls->heap[at];
	uint32_t		below;

	for (; at > 0 && due.second < ls->heap[(at - 1) / 4].second;
	    at = (at - 1) / 4)
		heap_set(ls, at, ls->heap[(at - 1) / 4]);
	while ((below = heap_below(ls, at)) < ls->nheap &&
	    ls->heap[below].second < due.second) {
		heap_set(ls, at, ls->heap[below]);
		at = below;
	}
	heap_set(ls, at, due);
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

/* Its whole second, rounded up; what ended before this boot is due at once. */
static uint32_t
due_second(int64_t us)
{
	int64_t	second = us / 1000000 + (us % 1000000 != 0);

	if (us <= 0)
		return (0);
	return (second < NEVER_S ? (uint32_t)second : NEVER_S);
}

/* There is room: the heap grows with the records. */
static void
heap_put(struct leases *ls, struct lease *l)
{
	if (!l->in_heap) {
		l->in_heap = 1;
		l->heap = ls->nheap++;
	}
	ls->heap[l->heap] = (struct due){ .index = l->self,
	    .second = due_second(l->expire_us) };
	heap_settle(ls, l->heap);
}

/*
 * The queues of a segment: its free addresses, and those that are offered to
 * strangers who have not come back for them.
 */

static struct queue *
stock_queue(struct stock *st, uint8_t queue)
{
	return (queue == QUEUE_FREE ? &st->free : &st->offers);
}

static void
queue_remove(struct leases *ls, struct lease *l)
{
	struct queue	*q;

	if (l->queue == QUEUE_NONE)
		return;
	q = stock_queue(pool_stock(&ls->pool, l->addr), l->queue);
	ls->strangers -= l->queue == QUEUE_OFFERS;
	l->queue = QUEUE_NONE;
	if (l->prev != NONE)
		lease_at(ls, l->prev)->next = l->next;
	else
		q->head = l->next;
	if (l->next != NONE)
		lease_at(ls, l->next)->prev = l->prev;
	else
		q->tail = l->prev;
}

/* Where it belongs by its state; who is in the right one stays in place. */
static void
queue_put(struct leases *ls, struct lease *l)
{
	struct stock	*st = pool_stock(&ls->pool, l->addr);
	struct queue	*q;
	uint8_t		 queue = QUEUE_NONE;

	if (l->state == HOLD_FREE)
		queue = QUEUE_FREE;
	else if (!l->known &&
	    (l->state == HOLD_OFFERED || l->state == HOLD_WAIT))
		queue = QUEUE_OFFERS;
	if (queue == l->queue)
		return;
	queue_remove(ls, l);
	if (st == NULL || queue == QUEUE_NONE)
		return;
	q = stock_queue(st, queue);
	l->queue = queue;
	ls->strangers += queue == QUEUE_OFFERS;
	l->next = NONE;
	l->prev = q->tail;
	if (q->tail != NONE)
		lease_at(ls, q->tail)->next = l->self;
	else
		q->head = l->self;
	q->tail = l->self;
}

/* Add a record to what is counted, or take it off before it changes. */
static void
lease_account(struct leases *ls, const struct lease *l, int sign)
{
	struct stock	*st;
	const uint8_t	*relay;
	size_t		 len;

	ls->count[l->state] += (size_t)sign;
	if (l->state == HOLD_FREE)
		return;
	if ((st = pool_stock(&ls->pool, l->addr)) != NULL) {
		st->used += (uint32_t)sign;
		if (l->known)
			st->known += (uint32_t)sign;
		if (l->state == HOLD_DECLINED)
			st->declined += (uint32_t)sign;
	}
	if (ls->ports.on && !l->known && (relay = lease_relay(l, &len)) != NULL)
		tally_add(&ls->ports, tally_key(ls->seed, relay, len), sign);
}

/* Records. */

static int
leases_grow(struct leases *ls)
{
	struct lease	**chunk;
	struct due	 *heap;

	if (ls->used >= ls->heapsize) {
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
	lease_account(ls, l, 1);
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
	lease_account(ls, l, -1);
	pool_untaken(&ls->pool, l->addr);
	free(l->text);
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
	lease_account(ls, l, -1);
	l->state = (uint8_t)state;
	lease_account(ls, l, 1);
	l->expire_us = until.us;
	l->durable |= state == HOLD_BOUND || state == HOLD_DECLINED;
	l->contested &= state == HOLD_BOUND;
	queue_put(ls, l);
	if (state == HOLD_FREE) {
		heap_remove(ls, l);
		return;
	}
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

	if (l->known == (o->known != 0) && mac_equal(l->mac, o->mac) &&
	    l->id_len == shape.id_len && l->name_len == shape.name_len &&
	    l->relay_len == shape.relay_len && (len == 0 ||
	    memcmp(l->text, octets, len) == 0))
		return (0);
	if (len > 0) {
		if ((text = malloc(len)) == NULL)
			return (-1);
		memcpy(text, octets, len);
	}
	lease_account(ls, l, -1);
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
	l->known = o->known != 0;
	lookup_insert(ls, l, BY_ID);
	lookup_insert(ls, l, BY_MAC);
	lease_account(ls, l, 1);
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
	/* Record 0 is nobody's: in a chain it is the end. */
	if (leases_grow(ls) == -1 || lookup_resize(ls, BUCKETS_MIN) == -1)
		fatal("lease tables");
	ls->used = 1;
	return (ls);
}

struct pool *
leases_pool(struct leases *ls)
{
	return (&ls->pool);
}

/* Take all records out of their queues; in the order that they were in. */
static uint32_t *
queues_take(struct leases *ls, size_t *n)
{
	struct pool	*p = &ls->pool;
	uint32_t	*order = xcalloc(ls->live, sizeof(*order)), i;
	struct lease	*l;
	size_t		 s, k;

	*n = 0;
	for (s = 0; s < p->nstock; s++) {
		for (i = p->stock[s].free.head; i != NONE;
		    i = lease_at(ls, i)->next)
			order[(*n)++] = i;
		for (i = p->stock[s].offers.head; i != NONE;
		    i = lease_at(ls, i)->next)
			order[(*n)++] = i;
	}
	for (k = 0; k < *n; k++) {
		l = lease_at(ls, order[k]);
		l->queue = QUEUE_NONE;
	}
	ls->strangers = 0;
	return (order);
}

/* Has a host of the configuration this lease? */
static int
lease_of_host(const struct conf *conf, const struct lease *l)
{
	return (conf->nhost > 0 && (conf_host_by_mac(conf, l->mac) != NONE ||
	    conf_host_by_addr(conf, l->addr) != NONE ||
	    (l->id_len > 0 && conf_host_by_id(conf, HOSTID_CLIENT_ID, l->text,
	    l->id_len) != NONE)));
}

/* Another configuration: what it has room for, and who its hosts are. */
static void
leases_recount(struct leases *ls, const struct conf *conf)
{
	struct lease	*l;
	uint32_t	 i;
	int		 limits = 0;

	ls->roaming = 0;
	for (i = 0; i < conf->nhost; i++)
		ls->roaming += conf->host[i].addr == 0;
	for (i = 0; i < conf->nsegment; i++)
		limits |= conf->segment[i].limit_port != 0;
	tally_reset(&ls->ports, limits);
	memset(ls->count, 0, sizeof(ls->count));
	for (i = 0; (l = lease_first(ls, &i)) != NULL;) {
		pool_taken(&ls->pool, l->addr);
		l->known = (uint8_t)lease_of_host(conf, l);
		lease_account(ls, l, 1);
	}
}

void
leases_configure(struct leases *ls, const struct conf *conf,
    const uint32_t *blocked, size_t nblocked)
{
	uint64_t	 wanted = conf->nhost;
	uint32_t	 i, buckets = BUCKETS_MIN, *order;
	struct lease	*l;
	size_t		 k, n;

	for (i = 0; i < conf->nrange; i++)
		wanted += conf->range[i].last - conf->range[i].first;
	while (buckets < wanted && buckets < BUCKETS_MAX)
		buckets *= 2;
	if (buckets > ls->table[BY_ADDR].mask + 1)
		(void)lookup_resize(ls, buckets);
	order = queues_take(ls, &n);
	pool_configure(&ls->pool, conf, blocked, nblocked);
	leases_recount(ls, conf);
	for (k = 0; k < n; k++)
		queue_put(ls, lease_at(ls, order[k]));
	free(order);
	for (i = 0; (l = lease_first(ls, &i)) != NULL;) {
		if (l->state == HOLD_FREE && !l->staged &&
		    !pool_has(&ls->pool, l->addr))
			lease_delete(ls, l);
		else
			queue_put(ls, l);
	}
}

struct lease *
lease_hold(struct leases *ls, uint32_t addr, const struct owner *o,
    enum hold_state state, mono_t now, mono_t until)
{
	struct lease	*l = lease_by_addr(ls, addr);

	if (l == NULL && (l = lease_new(ls, addr)) == NULL)
		return (NULL);
	/* Another client's, or another state: it begins now. */
	if (l->state != state || !lease_is_of(l, o) ||
	    !mac_equal(l->mac, o->mac)) {
		l->start_us = now.us;
		queue_remove(ls, l);
	}
	if (lease_own(ls, l, o) == -1) {
		queue_put(ls, l);
		return (NULL);
	}
	lease_enter(ls, l, state, until);
	return (l);
}

/*
 * A record that no range wants any more is gone with this.  So is an offer
 * that nobody came back for: a flood of made-up clients leaves nothing.
 */
void
lease_free(struct leases *ls, struct lease *l, mono_t now)
{
	struct mac	foe;

	if (l->staged)
		return;
	if (l->state == HOLD_BOUND && lease_rests(ls, l->addr, now, &foe)) {
		(void)lease_quarantine(ls, l->addr, foe, now,
		    mono_add_s(now, DECLINED_S));
		return;
	}
	lease_enter(ls, l, HOLD_FREE, now);
	if (!l->durable || !pool_has(&ls->pool, l->addr))
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
	else if (l->state == HOLD_DECLINED && until.us != 0 && !l->staged) {
		/* arpd found it in use once; whoever that was is gone. */
		lease_free(ls, l, (mono_t){ l->expire_us });
		pool_prove(&ls->pool, addr, until);
	}
}

int
lease_unprovable(struct leases *ls, uint32_t addr)
{
	struct lease	*l = lease_by_addr(ls, addr);

	if (l == NULL || l->state != HOLD_WAIT)
		return (0);
	l->start_us = 0;
	return (1);
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
				    .relay_len = m->relay_len,
				    .known = m->host[0] != '\0' };
	struct lease		*l = lease_by_addr(ls, m->addr);
	int			 error;

	if (l == NULL && (l = lease_new(ls, m->addr)) == NULL)
		return (NULL);
	/* Without memory for its owner it is nobody else's all the same. */
	error = lease_own(ls, l, &o);
	l->start_us = m->start_us;
	l->durable = 1;
	lease_enter(ls, l, (enum hold_state)m->state, (mono_t){ m->expire_us });
	if (l->state == HOLD_FREE && !l->staged &&
	    !pool_has(&ls->pool, l->addr)) {
		lease_delete(ls, l);
		return (NULL);
	}
	return (error == -1 ? NULL : l);
}

/* When the soonest end is due, by its whole second. */
mono_t
lease_next_end(const struct leases *ls)
{
	if (ls->nheap == 0 || ls->heap[0].second == NEVER_S)
		return (MONO_NEVER);
	return ((mono_t){ ls->heap[0].second * INT64_C(1000000) });
}

size_t
lease_expire(struct leases *ls, mono_t now, size_t max)
{
	struct lease	*l;
	size_t		 n;

	for (n = 0; n < max && lease_next_end(ls).us <= now.us; n++) {
		l = lease_at(ls, ls->heap[0].index);
		if (l->staged) {
			/* It is being renewed: decided when that is done. */
			l->expire_us = mono_add_s(now, 5).us;
			heap_put(ls, l);
		} else
			lease_free(ls, l, (mono_t){ l->expire_us });
	}
	return (n);
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
