/* SPDX-License-Identifier: ISC */
/*
 * staged.c: promises that wait for the disk.  What one turn of the loop
 * grants goes to the store as batches; when the store says that a batch is
 * durable its leases come into force, the other daemons learn of them, and
 * only then the ACKs leave.  Until that moment nothing here has changed, so
 * that a batch which fails has nothing to be undone.
 *
 * A lease may be given up while a grant of it is at the store.  That follows
 * the grant, whose answer is not sent any more; a second grant, or a second
 * end, does not: it comes out as if the disk had been faster.
 */
#include <stdio.h>
#include <string.h>

#include "dhcpd.h"

#define STAGED_MAX	2048
#define BATCH_MAX	MSG_FITS(struct msg_lease)
static_assert(BATCH_MAX <= 64, "what is kept is bits");

/* What follows when a lease is stored. */
struct sequel {
	struct letter	 letter;	/* port NULL: no answer */
	struct story	 story;
	uint8_t		 booting;
	uint8_t		 sends_loader;	/* the ticket goes on with this */
	uint8_t		 takeover;
	uint8_t		 octets[DHCP_PAYLOAD_MAX];
};

struct batch {
	uint32_t	 id;
	uint32_t	 first, n;	/* in the ring, in one piece */
};

/* A ring: [head, head + sent) is at the store, then come this turn's. */
static struct leases		*leases;
static struct msg_lease		 ring[STAGED_MAX];
static struct sequel		 sequels[STAGED_MAX];
static uint32_t			 head, nsent, nnew;
static struct batch		 batches[STAGED_MAX];	/* a ring too */
static uint32_t			 batch_head, nbatches, batch_id;
static struct log_limit		 refused;

void
staged_init(struct leases *ls)
{
	leases = ls;
}

static uint32_t
staged_next(void)
{
	return ((head + nsent + nnew) % STAGED_MAX);
}

/* May this follow what is under way? */
static int
staged_may(const struct lease *l, enum staged what)
{
	return (what == STAGED_END ? (l->staged & STAGED_END) == 0 :
	    l->staged == 0);
}

/* One more change of a record is under way; it is not touched meanwhile. */
static uint32_t
staged_add(struct lease *l, enum staged what)
{
	uint32_t	at = staged_next();

	memset(&ring[at], 0, sizeof(ring[at]));
	memset(&sequels[at], 0, offsetof(struct sequel, octets));
	sequels[at].story.step = STEP_MAX;
	l->staged |= (uint8_t)what;
	nnew++;
	return (at);
}

/* One less, whatever came of it; NULL when there is no record any more. */
static struct lease *
staged_over(const struct msg_lease *m)
{
	struct lease	*l = lease_by_addr(leases, m->addr);

	if (l != NULL)
		l->staged &= (uint8_t)~(m->state == LEASE_BOUND ?
		    STAGED_GRANT : STAGED_END);
	return (l);
}

/* A renewal that comes straight from the client keeps what its relay said. */
static void
fill_relay(struct msg_lease *m, const struct dhcp_msg *req,
    const struct lease *l)
{
	const uint8_t	*relay = req->relay.data;
	size_t		 len = req->giaddr != 0 ? req->relay.len : 0;

	if (req->giaddr == 0 && mac_equal(l->mac, req->mac))
		relay = lease_relay(l, &len);
	if (len == 0 || len > sizeof(m->relay))
		return;
	memcpy(m->relay, relay, len);
	m->relay_len = (uint8_t)len;
}

static void
fill_owner(struct msg_lease *m, const struct dhcp_msg *req,
    const struct lease *l)
{
	m->mac = req->mac;
	if (req->id.len > 0)
		memcpy(m->id, req->id.data, req->id.len);
	m->id_len = (uint8_t)req->id.len;
	if (req->hostname[0] != '\0')
		memcpy(m->hostname, req->hostname, sizeof(m->hostname));
	else if (mac_equal(l->mac, req->mac))
		(void)lease_hostname(l, m->hostname);
	fill_relay(m, req, l);
}

/* What an address is when its client gives it up. */
static void
fill_end(struct msg_lease *m, mono_t now)
{
	struct mac	foe;

	m->state = LEASE_FREE;
	m->expire_us = now.us;
	if (!lease_rests(leases, m->addr, now, &foe))
		return;
	m->state = LEASE_DECLINED;
	m->expire_us = mono_add_s(now, DECLINED_S).us;
	m->mac = foe;
	m->id_len = m->relay_len = 0;
	memset(m->hostname, 0, sizeof(m->hostname));
}

/* The client's other lease on the link: it has a new one now. */
static void
staged_drop_other(struct lease *l, mono_t now)
{
	struct msg_lease	*m;

	if (l == NULL || !staged_may(l, STAGED_END))
		return;
	if (l->state != HOLD_BOUND && !l->staged) {
		if (l->state != HOLD_DECLINED)
			lease_free(leases, l, now);
		return;
	}
	m = &ring[staged_add(l, STAGED_END)];
	lease_message(l, m);
	fill_end(m, now);
}

/* The record that stands for the address until the store has answered. */
static struct lease *
staged_record(const struct verdict *v, const struct dhcp_msg *req, mono_t now)
{
	struct owner	owner;

	if (v->lease != NULL && (v->lease->state == HOLD_BOUND ||
	    v->lease->state == HOLD_OFFERED || v->lease->staged))
		return (v->lease);
	policy_owner(req, &owner);
	owner.known = v->host != NONE;
	return (lease_hold(leases, v->addr, &owner, HOLD_OFFERED, now,
	    mono_add_s(now, OFFER_HOLD_S)));
}

static void
staged_answer(struct sequel *s, const struct verdict *v,
    const struct dhcp_msg *req, const struct conf *conf, struct port *port)
{
	letter_address(&s->letter, port, req, v);
	s->letter.len = (uint16_t)reply_build(s->octets, conf, req, v,
	    port->mtu);
	story_answer(&s->story, conf, req, v);
	s->booting = (uint8_t)v->booting;
	s->takeover = (uint8_t)v->takeover;
	s->sends_loader = v->loader != NULL && v->ticket != NULL &&
	    v->ticket->state == TICKET_ARMED;
}

int
staged_put(const struct verdict *v, const struct dhcp_msg *req,
    const struct conf *conf, struct port *port, mono_t now)
{
	enum staged		 what = v->kind == V_ACK ? STAGED_GRANT :
				    STAGED_END;
	struct lease		*l;
	struct msg_lease	*m;
	uint32_t		 at;

	/* Two may be needed: the lease, and the one that is given up. */
	if (nsent + nnew + 2 > STAGED_MAX)
		return (-1);
	if ((l = staged_record(v, req, now)) == NULL)
		return (-1);
	if (!staged_may(l, what))
		return (0);	/* its answer is coming, or it asks again */
	at = staged_add(l, what);
	m = &ring[at];
	m->start_us = m->expire_us = now.us;
	m->addr = v->addr;
	if (v->host != NONE)
		memcpy(m->host, conf->host[v->host].name, sizeof(m->host));
	if (v->kind == V_ACK) {
		m->state = LEASE_BOUND;
		m->expire_us = mono_add_s(now, v->seconds).us;
		fill_owner(m, req, l);
		staged_answer(&sequels[at], v, req, conf, port);
		staged_drop_other(v->drop, now);
	} else if (v->kind == V_DECLINE) {
		m->state = v->doubted ? LEASE_FREE : LEASE_DECLINED;
		if (!v->doubted)
			m->expire_us = mono_add_s(now, DECLINED_S).us;
	} else {
		fill_owner(m, req, l);
		fill_end(m, now);
	}
	return (0);
}

/* These will not be kept: their records are as they were. */
static void
staged_undo(uint32_t first, uint32_t n)
{
	uint32_t	i;

	for (i = 0; i < n; i++)
		(void)staged_over(&ring[(first + i) % STAGED_MAX]);
}

void
staged_flush(void)
{
	struct batch	*b;
	uint32_t	 first, n;

	while (nnew > 0) {
		first = (head + nsent) % STAGED_MAX;
		n = nnew < BATCH_MAX ? nnew : (uint32_t)BATCH_MAX;
		if (n > STAGED_MAX - first)
			n = STAGED_MAX - first;
		b = &batches[(batch_head + nbatches) % STAGED_MAX];
		b->id = ++batch_id;
		b->first = first;
		b->n = n;
		if (proc_send(PROC_STORE, MSG_COMMIT, b->id, -1, &ring[first],
		    n * sizeof(ring[0])) == -1) {
			staged_undo(first, nnew);
			figures[FIG_LOST].value += nnew;
			nnew = 0;
			return;
		}
		figure_add(FIG_BATCHES);
		nbatches++;
		nsent += n;
		nnew -= n;
	}
}

/* Whoever decides by leases is told before the client is. */
static void
staged_push(const struct batch *b, uint64_t kept)
{
	uint32_t	i;

	for (i = 0; i < b->n; i++)
		if ((kept >> i & 1) != 0)
			push_lease(&ring[b->first + i],
			    sequels[b->first + i].booting);
	push_flush();
}

static void
staged_boot(const struct sequel *s)
{
	struct msg_input	input;

	if (!s->sends_loader)
		return;
	memset(&input, 0, sizeof(input));
	input.input = INPUT_BOOT;
	memcpy(input.host, s->story.host, sizeof(input.host));
	(void)proc_send(PROC_STORE, MSG_INPUT, 0, -1, &input, sizeof(input));
}

/* It is on disk: from now on it is true. */
static void
staged_commit(const struct msg_lease *m, const struct sequel *s, mono_t now)
{
	struct lease	*l = staged_over(m);
	int		 ends = l != NULL && (l->staged & STAGED_END) != 0;

	l = lease_apply(leases, m);
	if (m->state != LEASE_BOUND || s->letter.port == NULL || ends)
		return;
	if (l == NULL) {
		figure_add(FIG_LOST);
		return;
	}
	if (s->booting)
		l->boot_s = (uint32_t)(now.us / 1000000) + 1;
	if (s->takeover)
		figure_add(FIG_TAKEOVER);
	figure_add(FIG_ACK);
	outbox_put(&s->letter, s->octets);
	/* What the client does with its ACK is a later chapter. */
	story_tell(&s->story, now);
	story_flush();
	staged_boot(s);
}

/* A batch is over, whatever came of it. */
static void
staged_shift(uint32_t n)
{
	head = (head + n) % STAGED_MAX;
	nsent -= n;
	batch_head = (batch_head + 1) % STAGED_MAX;
	nbatches--;
	/* A quiet server stays with the first few pages of the ring. */
	if (nsent + nnew == 0)
		head = 0;
}

int
staged_done(uint32_t id, const struct msg_committed *done, mono_t now)
{
	struct batch	*b = &batches[batch_head];
	uint32_t	 i, lost = 0;

	if (nbatches == 0 || b->id != id || b->n != done->count)
		return (-1);
	staged_push(b, done->kept);
	for (i = 0; i < b->n; i++) {
		if ((done->kept >> i & 1) != 0) {
			staged_commit(&ring[b->first + i],
			    &sequels[b->first + i], now);
			continue;
		}
		staged_undo(b->first + i, 1);
		lost++;
	}
	figures[FIG_REFUSED].value += lost;
	if (lost > 0)
		log_limit(&refused, "the store could not keep %u leases: %s; "
		    "they are not granted", lost, strerror(done->error));
	staged_shift(b->n);
	return (0);
}

void
staged_drop(void)
{
	staged_undo(head, nsent + nnew);
	figures[FIG_LOST].value += nsent + nnew;
	head = nsent = nnew = 0;
	batch_head = nbatches = 0;
}

void
staged_forget(const struct port *port)
{
	uint32_t	i, at;

	for (i = 0; i < nsent + nnew; i++) {
		at = (head + i) % STAGED_MAX;
		if (sequels[at].letter.port == port)
			sequels[at].letter.port = NULL;
	}
}
