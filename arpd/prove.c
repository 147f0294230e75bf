/* SPDX-License-Identifier: ISC */
/*
 * prove.c: the timers of all probes, and the stock of addresses that are
 * proven free before anybody asks for one.  dhcpd hears of each change.
 */
#include "arpd.h"

#define TICK_MS		1000		/* how often the stock is looked at */
#define BUSY_MS		10		/* until the packet bound is tried */
#define GROW_MS		500		/* how often it may grow */
#define ASKED_MS	10000		/* age of a proof, "probe always" */

TAILQ_HEAD(probe_queue, probe);

static struct probe_queue	 prove_queue[PROBE_STATES];
static struct watch		*prove_watch;
static struct event		*prove_timer;
static struct bucket		 prove_bucket;
static mono_t			 prove_ticked, prove_told;
static int			 prove_started;
static size_t			 prove_active, prove_stock;

static struct msg_proof		 proofs[256];	/* to be told */
static size_t			 nproofs;

static void
prove_flush(void)
{
	if (nproofs > 0)
		(void)proc_send_many(PROC_DHCPD, MSG_PROVEN, 0, proofs,
		    sizeof(proofs[0]), nproofs);
	nproofs = 0;
}

/* An end in the past takes a proof back. */
static void
prove_tell(uint32_t addr, mono_t until)
{
	if (nproofs == nitems(proofs))
		prove_flush();
	proofs[nproofs++] = (struct msg_proof){
		.until_us = until.us, .addr = addr
	};
}

/* How long dhcpd may rely on it: with "probe always" for one offer only. */
static mono_t
prove_until(const struct probe *p)
{
	return (p->seg->wanted != 0 ? p->until :
	    mono_add_ms(p->until, ASKED_MS - PROVE_VALID_MS));
}

/* Keep the figures and the queues in step with the state. */
static void
prove_account(struct probe *p, int sign)
{
	if (probe_state_ends(p->state)) {
		if (sign > 0)
			TAILQ_INSERT_TAIL(&prove_queue[p->state], p, queue);
		else
			TAILQ_REMOVE(&prove_queue[p->state], p, queue);
	}
	if (p->seg == NULL)
		return;
	if (probe_is_wanted(p)) {
		p->seg->active += (size_t)sign;
		prove_active += (size_t)sign;
	}
	if (probe_is_proven(p)) {
		p->seg->proven += (size_t)sign;
		prove_stock += (size_t)sign;
	}
}

/* Returns -1 when a packet could not leave. */
static int
prove_act(struct probe *p, unsigned int act)
{
	if (act & PROBE_DO_PROVEN) {
		count_up(COUNT_PROVEN);
		prove_tell(p->addr, prove_until(p));
	}
	if (act & PROBE_DO_WITHDRAW)
		prove_tell(p->addr, (mono_t){ 0 });
	if ((act & PROBE_DO_PROBE) && port_probe(p->port, p->addr) == -1)
		return (-1);
	/* A lost announcement is made good by the next one. */
	if (act & PROBE_DO_ANNOUNCE)
		(void)port_announce(p->port, p->addr);
	return (0);
}

void
prove_feed(struct probe *p, enum probe_input in, mono_t now)
{
	unsigned int	act;

	prove_account(p, -1);
	act = probe_event(p, in, now);
	prove_account(p, 1);
	/* What was not asked cannot be proven by silence. */
	if (prove_act(p, act) == -1)
		prove_feed(p, PROBE_IN_STOP, now);
}

/* Nothing is left to be done for it: neither has it to be remembered. */
static void
prove_release(struct probe *p, mono_t now)
{
	struct entry	*e;

	if (p->seg != NULL && p->state == PROBE_IDLE &&
	    (e = watch_find(prove_watch, p->addr)) != NULL)
		watch_release(prove_watch, e, now);
}

/* The end of a state; whether a proof is still wanted is seen here. */
static void
prove_due(struct probe *p, mono_t now)
{
	if (p->state == PROBE_PROVEN && p->seg->active > p->seg->wanted)
		prove_feed(p, PROBE_IN_STOP, now);
	else
		prove_feed(p, PROBE_IN_TIMER, now);
	prove_release(p, now);
}

/* Feed all timers that are due; 1 when the packet bound stopped it. */
static int
prove_run(mono_t now)
{
	struct probe	*p;
	int		 state, busy = 0;

	for (state = PROBE_STATES - 1; state >= 0; state--)
		while ((p = TAILQ_FIRST(&prove_queue[state])) != NULL &&
		    !mono_before(now, p->due)) {
			if (probe_state_sends(state) &&
			    !bucket_take(&prove_bucket, PROVE_PPS,
			    PROVE_BURST, now)) {
				busy = 1;
				break;
			}
			prove_due(p, now);
		}
	return (busy);
}

static void
prove_fill(struct segment *seg, mono_t now)
{
	struct entry	*e;
	uint32_t	 addr;

	while (seg->port != NULL && seg->active < seg->wanted &&
	    prove_active < PROVE_ACTIVE_MAX) {
		addr = watch_next_free(prove_watch, seg, now);
		if (addr == 0 || (e = watch_enter(prove_watch, addr)) == NULL)
			return;
		e->probe.port = seg->port;
		prove_feed(&e->probe, PROBE_IN_PROVE, now);
	}
}

/* The stock grows fast when it is half used up, and shrinks slowly. */
static void
prove_grow(struct segment *seg, mono_t now)
{
	if (seg->proven >= seg->wanted / 2 ||
	    mono_before(now, mono_add_ms(seg->asked, GROW_MS)))
		return;
	seg->asked = now;
	seg->wanted *= 2;
	if (seg->wanted > PROVE_WANTED_MAX)
		seg->wanted = PROVE_WANTED_MAX;
}

static void
prove_tick(mono_t now)
{
	struct segment	*seg;
	size_t		 i;

	if (!prove_started || prove_watch->nsegs == 0 ||
	    mono_before(now, mono_add_ms(prove_ticked, TICK_MS)))
		return;
	prove_ticked = now;
	for (i = 0; i < prove_watch->nsegs; i++) {
		seg = &prove_watch->segs[i];
		if (seg->wanted > PROVE_WANTED &&
		    mono_before(mono_add_s(seg->asked, PROVE_SHRINK_S), now)) {
			seg->wanted /= 2;
			seg->asked = now;
		}
		prove_fill(seg, now);
	}
}

static mono_t
prove_next(mono_t now, int busy)
{
	mono_t		 next = mono_add_ms(now, TICK_MS);
	struct probe	*p;
	int		 state;

	for (state = 0; state < PROBE_STATES; state++) {
		p = TAILQ_FIRST(&prove_queue[state]);
		if (p != NULL && !(busy && probe_state_sends(state)) &&
		    mono_before(p->due, next))
			next = p->due;
	}
	if (busy && mono_before(mono_add_ms(now, BUSY_MS), next))
		next = mono_add_ms(now, BUSY_MS);
	return (next);
}

void
prove_settle(mono_t now)
{
	int	busy;

	prove_tick(now);
	busy = prove_run(now);
	prove_flush();
	count_set(COUNT_IN_STOCK, prove_stock);
	count_set(COUNT_ENTRIES, prove_watch->nentries);
	/* Round up: an early timer would find nothing due. */
	proc_timer_set(prove_timer,
	    mono_diff_us(prove_next(now, busy), now) / 1000 + 1);
}

static void
prove_wake(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	prove_settle(clock_now());
}

void
prove_init(struct watch *w)
{
	int	state;

	for (state = 0; state < PROBE_STATES; state++)
		TAILQ_INIT(&prove_queue[state]);
	prove_watch = w;
	prove_timer = proc_timer(prove_wake, NULL);
}

/*
 * Stop what cannot go on: another way to its segment, or none, or a segment
 * where nothing is proven beforehand.
 */
static void
prove_check(int state, mono_t now)
{
	struct probe	*p, *next;

	for (p = TAILQ_FIRST(&prove_queue[state]); p != NULL; p = next) {
		next = TAILQ_NEXT(p, queue);
		if (p->seg != NULL && (p->port != p->seg->port ||
		    (p->seg->wanted == 0 && probe_is_proven(p)))) {
			prove_feed(p, PROBE_IN_STOP, now);
			prove_release(p, now);
		}
	}
}

/* Count anew: a configuration brings new segments. */
static void
prove_recount(void)
{
	struct probe	*p;
	size_t		 i;
	int		 state;

	for (i = 0; i < prove_watch->nsegs; i++)
		prove_watch->segs[i].active = prove_watch->segs[i].proven = 0;
	for (state = PROBE_QUEUED; state <= PROBE_RENEWING; state++)
		TAILQ_FOREACH(p, &prove_queue[state], queue) {
			p->seg->active++;
			if (probe_is_proven(p))
				p->seg->proven++;
		}
}

void
prove_segments(mono_t now)
{
	const struct conf	*conf = prove_watch->conf;
	struct segment		*seg;
	size_t			 i;
	int			 state;

	if (conf == NULL)
		return;
	for (i = 0; i < prove_watch->nsegs; i++) {
		seg = &prove_watch->segs[i];
		seg->wire = port_of_segment(conf, (uint32_t)i);
		seg->port = conf->segment[i].probe == PROBE_OFF ||
		    conf->segment[i].proxy ? NULL : seg->wire;
		if (conf->segment[i].probe != PROBE_BACKGROUND)
			seg->wanted = 0;
		else if (seg->wanted == 0)
			seg->wanted = PROVE_WANTED;
	}
	prove_recount();
	for (state = 0; state < PROBE_STATES; state++)
		prove_check(state, now);
	prove_ticked = (mono_t){ 0 };
}

void
prove_start(mono_t now)
{
	prove_started = 1;
	prove_ticked = (mono_t){ 0 };
	prove_settle(now);
}

/* It waits for an answer: to the head of those who wait for their turn. */
static void
prove_hurry(struct probe *p, mono_t now)
{
	prove_feed(p, PROBE_IN_PROVE, now);
	if (p->state == PROBE_QUEUED) {
		TAILQ_REMOVE(&prove_queue[PROBE_QUEUED], p, queue);
		TAILQ_INSERT_HEAD(&prove_queue[PROBE_QUEUED], p, queue);
	}
}

int
prove_wanted(uint32_t addr, mono_t now)
{
	struct entry	*e = watch_enter(prove_watch, addr);
	struct probe	*p;
	struct segment	*seg;

	if (e == NULL || e->probe.seg->port == NULL ||
	    prove_active >= PROVE_ACTIVE_MAX)
		return (-1);
	/* dhcpd knows better than we who has a lease. */
	e->lease = LEASE_FREE;
	p = &e->probe;
	seg = p->seg;
	if (seg->wanted != 0)
		prove_grow(seg, now);
	else if (probe_is_proven(p) && !mono_before(now, prove_until(p)))
		prove_feed(p, PROBE_IN_STOP, now);
	/* It was told and forgotten: then the others are forgotten, too. */
	if (probe_is_proven(p)) {
		prove_tell(addr, prove_until(p));
		if (mono_before(mono_add_ms(prove_told, TICK_MS), now))
			prove_tell_all(now);
	}
	p->port = seg->port;
	prove_hurry(p, now);
	return (0);
}

void
prove_leased(struct entry *e, mono_t now)
{
	struct segment	*seg = e->probe.seg;

	if (e->probe.state == PROBE_IDLE)
		return;
	prove_feed(&e->probe, PROBE_IN_STOP, now);
	if (seg->wanted != 0)
		prove_grow(seg, now);
	prove_ticked = (mono_t){ 0 };
}

void
prove_tell_all(mono_t now)
{
	struct probe	*p;
	int		 state;

	prove_told = now;
	for (state = PROBE_PROVEN; state <= PROBE_RENEWING; state++)
		TAILQ_FOREACH(p, &prove_queue[state], queue)
			if (mono_before(now, prove_until(p)))
				prove_tell(p->addr, prove_until(p));
	prove_flush();
}
