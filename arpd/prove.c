/* SPDX-License-Identifier: ISC */
/*
 * prove.c: the timers of all probes, the questions that they send, within
 * bounds, and what dhcpd is told of them.
 */
#include <sys/random.h>

#include <stdlib.h>

#include "arpd.h"

#define TICK_MS		1000		/* how often the stock is looked at */
#define BUSY_MS		10		/* until the packet bound is tried */
#define ASKED_MS	10000		/* age of a proof, "probe always" */
#define FAILED_S	5		/* until more of the segment is tried */
#define DOUBT_S		30		/* between two doubts of everything */

/* Who may send next: who has begun, who is waited for, the others. */
enum rank { RANK_BEGUN, RANK_ASKED, RANK_STOCK, RANKS };

TAILQ_HEAD(probe_queue, probe);

static struct agenda		 prove_agenda;
static struct probe_queue	 prove_ready[PACES * RANKS];
static struct bucket		 prove_bucket[PACES];
static struct watch		*prove_watch;
static struct event		*prove_timer;
static mono_t			 prove_told, prove_doubted;
static int			 prove_started;
static size_t			 prove_nactive, prove_nproven;

static struct msg_proof		 proofs[256];	/* to be told */
static struct msg_conflict	 claims[256];
static size_t			 nproofs, nclaims;

static void
prove_flush(void)
{
	if (nproofs > 0)
		(void)proc_send_many(PROC_DHCPD, MSG_PROVEN, 0, proofs,
		    sizeof(proofs[0]), nproofs);
	if (nclaims > 0)
		(void)proc_send_many(PROC_DHCPD, MSG_CONFLICT, 0, claims,
		    sizeof(claims[0]), nclaims);
	nproofs = nclaims = 0;
}

/* An end in the past takes a proof back. */
static void
prove_tell(uint32_t addr, mono_t until, uint32_t unable)
{
	if (nproofs == nitems(proofs))
		prove_flush();
	proofs[nproofs++] = (struct msg_proof){
		.until_us = until.us, .addr = addr, .unable = unable
	};
}

static void
prove_tell_unable(uint32_t addr)
{
	count_up(COUNT_REFUSED);
	prove_tell(addr, (mono_t){ 0 }, 1);
}

/* There is no bound on these but that of what we ask for. */
static void
prove_tell_taken(const struct probe *p)
{
	if (nclaims == nitems(claims))
		prove_flush();
	claims[nclaims++] = (struct msg_conflict){
		.addr = p->addr, .mac = p->foe
	};
}

/* How long dhcpd may rely on it: with "probe always" for one offer only. */
static mono_t
prove_until(const struct probe *p)
{
	return (p->seg->wanted != 0 ? p->until :
	    mono_add_ms(p->until, ASKED_MS - PROVE_VALID_MS));
}

size_t
prove_active(void)
{
	return (prove_nactive);
}

static void
prove_count(struct probe *p, int sign)
{
	struct segment	*seg = p->seg;

	if (seg == NULL || p->reserved || p->offered || !probe_is_wanted(p))
		return;
	seg->active += (size_t)sign;
	prove_nactive += (size_t)sign;
	if (probe_is_proven(p)) {
		seg->proven += (size_t)sign;
		prove_nproven += (size_t)sign;
	} else if (probe_is_hurried(p))
		seg->hurried += (size_t)sign;
}

/* Take it off all lists and figures while its state changes. */
static void
prove_unlist(struct probe *p)
{
	if (p->place != 0)
		agenda_remove(&prove_agenda, p);
	if (p->queue != 0)
		TAILQ_REMOVE(&prove_ready[p->queue - 1], p, ready);
	p->queue = 0;
	prove_count(p, -1);
}

static void
prove_list(struct probe *p)
{
	prove_count(p, 1);
	if (p->due.us != MONO_NEVER.us)
		agenda_put(&prove_agenda, p);
}

/* Its time has come, but it may have to wait for its turn to send. */
static void
prove_queue(struct probe *p)
{
	enum rank	rank = RANK_BEGUN;

	if (p->state == PROBE_QUEUED)
		rank = p->asked ? RANK_ASKED : RANK_STOCK;
	agenda_remove(&prove_agenda, p);
	p->queue = (uint8_t)(p->pace * RANKS + rank + 1);
	TAILQ_INSERT_TAIL(&prove_ready[p->queue - 1], p, ready);
}

static int
prove_ask(struct probe *p)
{
	if (p->pace & PACE_ECHO)
		return (echo_send(p->addr));
	return (port_probe(p->port, p->addr));
}

/* Returns -1 when a question could not leave. */
static int
prove_act(struct probe *p, unsigned int act)
{
	if (act & PROBE_DO_PROVEN) {
		count_up(COUNT_PROVEN);
		prove_tell(p->addr, prove_until(p), 0);
	}
	if (act & PROBE_DO_WITHDRAW)
		prove_tell(p->addr, (mono_t){ 0 }, 0);
	if ((act & PROBE_DO_CONFLICT) && p->seg != NULL)
		prove_tell_taken(p);
	if ((act & PROBE_DO_PROBE) && prove_ask(p) == -1)
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

	prove_unlist(p);
	act = probe_event(p, in, now);
	/* Nobody will need it later where each offer is proven anew. */
	if ((act & PROBE_DO_PROVEN) && p->seg->wanted == 0)
		p->due = mono_add_ms(now, ASKED_MS);
	p->offered = in == PROBE_IN_USED ||
	    (p->offered && probe_is_proven(p) && !(act & PROBE_DO_PROVEN));
	prove_list(p);
	/* What was not asked cannot be proven by silence; nor the next one. */
	if (prove_act(p, act) == -1) {
		p->seg->barren = mono_add_s(now, FAILED_S);
		prove_feed(p, PROBE_IN_STOP, now);
		return;
	}
	/* Whoever waits for it is told how it ended, also when by nothing. */
	if (p->asked && p->state == PROBE_IDLE)
		prove_tell_unable(p->addr);
	if (p->state < PROBE_QUEUED || p->state > PROBE_WAITING)
		p->asked = 0;
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

void
prove_begin(struct entry *e, enum probe_input in, mono_t now)
{
	struct probe	*p = &e->probe;

	if (p->state == PROBE_IDLE || p->state == PROBE_TAKEN) {
		p->port = p->seg->port;
		p->pace = p->seg->echo ? PACE_ECHO : PACE_CALM;
		p->reserved = e->host != NONE;
	}
	prove_feed(p, in, now);
}

/* A proof that is not wanted any more, or a taken address that never is. */
static int
prove_is_surplus(const struct probe *p)
{
	if (p->seg == NULL)
		return (0);
	if (p->state == PROBE_TAKEN)
		return (p->seg->wanted == 0);
	return (p->state == PROBE_PROVEN && (p->seg->wanted == 0 ||
	    (!p->reserved && p->seg->active > p->seg->wanted)));
}

/* All that is due: what sends gets into a queue, the rest is done. */
static void
prove_due(mono_t now)
{
	struct probe	*p;

	while ((p = agenda_first(&prove_agenda)) != NULL &&
	    !mono_before(now, p->due)) {
		if (prove_is_surplus(p)) {
			prove_feed(p, PROBE_IN_STOP, now);
			prove_release(p, now);
		} else if (probe_state_sends((enum probe_state)p->state))
			prove_queue(p);
		else
			prove_feed(p, PROBE_IN_TIMER, now);
	}
}

/* Send what may be sent at a pace; 1 when its bound stopped that. */
static int
prove_send(size_t pace, mono_t now)
{
	struct probe	*p;
	size_t		 rank;

	for (rank = 0; rank < RANKS; rank++)
		while ((p = TAILQ_FIRST(&prove_ready[pace * RANKS + rank])) !=
		    NULL) {
			if (!bucket_take(&prove_bucket[pace],
			    probe_pace[pace].rate, probe_pace[pace].burst,
			    now))
				return (1);
			prove_feed(p, PROBE_IN_TIMER, now);
			prove_release(p, now);
		}
	return (0);
}

void
prove_settle(mono_t now)
{
	mono_t		 next = mono_add_ms(now, TICK_MS);
	struct probe	*first;
	size_t		 pace;
	int		 busy = 0;

	if (prove_started)
		stock_tick(now);
	prove_due(now);
	for (pace = 0; pace < PACES; pace++)
		busy |= prove_send(pace, now);
	prove_flush();
	count_set(COUNT_IN_STOCK, prove_nproven);
	count_set(COUNT_ENTRIES, prove_watch->nentries);
	first = agenda_first(&prove_agenda);
	if (first != NULL && mono_before(first->due, next))
		next = first->due;
	if (busy && mono_before(mono_add_ms(now, BUSY_MS), next))
		next = mono_add_ms(now, BUSY_MS);
	/* Round up: an early timer would find nothing due. */
	proc_timer_set(prove_timer, mono_diff_us(next, now) / 1000 + 1);
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
	uint64_t	seed;
	size_t		i;

	for (i = 0; i < nitems(prove_ready); i++)
		TAILQ_INIT(&prove_ready[i]);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		fatal("getrandom");
	probe_seed(seed);
	prove_watch = w;
	prove_timer = proc_timer(prove_wake, NULL);
	stock_init(w);
}

/* Each probe that waits for something, whatever becomes of it. */
static void
prove_each(void (*fn)(struct probe *, mono_t), mono_t now)
{
	struct probe	**all, *p;
	size_t		  i, n = 0;

	all = xcalloc(prove_agenda.n + 1, sizeof(*all));
	while ((p = agenda_at(&prove_agenda, (uint32_t)n)) != NULL)
		all[n++] = p;
	for (i = 0; i < nitems(prove_ready); i++)
		TAILQ_FOREACH(p, &prove_ready[i], ready) {
			all = xreallocarray(all, n + 1, sizeof(*all));
			all[n++] = p;
		}
	for (i = 0; i < n; i++)
		fn(all[i], now);
	free(all);
}

/*
 * Stop what cannot go on: another way to its segment, or none, or a segment
 * where nothing is proven beforehand.
 */
static void
prove_check(struct probe *p, mono_t now)
{
	if (p->seg == NULL || (p->port == p->seg->port &&
	    !(p->pace & PACE_ECHO) == !p->seg->echo &&
	    (p->seg->wanted != 0 || !probe_is_proven(p))))
		return;
	prove_feed(p, PROBE_IN_STOP, now);
	prove_release(p, now);
}

static void
prove_recount(struct probe *p, mono_t now)
{
	(void)now;
	prove_count(p, 1);
}

void
prove_segments(mono_t now)
{
	size_t	i;

	if (prove_watch->conf == NULL)
		return;
	stock_segments();
	/* Count anew: a configuration brings new segments. */
	for (i = 0; i < prove_watch->nsegs; i++)
		prove_watch->segs[i].active = prove_watch->segs[i].proven =
		    prove_watch->segs[i].hurried = 0;
	prove_nactive = prove_nproven = 0;
	prove_each(prove_recount, now);
	prove_each(prove_check, now);
}

void
prove_start(mono_t now)
{
	prove_started = 1;
	stock_wake();
	prove_settle(now);
}

/* It was told and forgotten: then the others are forgotten, too. */
static void
prove_retell(const struct probe *p, mono_t now)
{
	prove_tell(p->addr, prove_until(p), 0);
	if (!p->reserved &&
	    mono_before(mono_add_ms(prove_told, TICK_MS), now))
		prove_tell_all(now);
}

void
prove_wanted(uint32_t addr, int waits, mono_t now)
{
	struct entry	*e = watch_enter(prove_watch, addr);
	struct probe	*p;

	count_up(waits ? COUNT_LATE : COUNT_PASSING);
	if (e == NULL || (e->probe.seg->port == NULL &&
	    !e->probe.seg->echo) || prove_nactive >= PROVE_ACTIVE_MAX) {
		prove_tell_unable(addr);
		return;
	}
	/* dhcpd knows better than we who has a lease. */
	e->lease = LEASE_FREE;
	p = &e->probe;
	if (p->seg->wanted != 0 && waits)
		stock_demand(p->seg, 1, now);
	else if (p->seg->wanted == 0 && probe_is_proven(p) &&
	    !mono_before(now, prove_until(p)))
		prove_feed(p, PROBE_IN_STOP, now);
	if (probe_is_proven(p)) {
		prove_retell(p, now);
		return;
	}
	prove_begin(e, PROBE_IN_HURRY, now);
	p->asked |= waits && p->state != PROBE_TAKEN;
	if (p->state == PROBE_TAKEN)
		prove_tell_taken(p);
}

void
prove_used(uint32_t addr, mono_t now)
{
	struct entry	*e = watch_find(prove_watch, addr);

	if (e == NULL || e->probe.reserved || !probe_is_proven(&e->probe))
		return;
	prove_feed(&e->probe, PROBE_IN_USED, now);
	if (e->probe.seg->wanted != 0)
		stock_demand(e->probe.seg, 0, now);
}

void
prove_leased(struct entry *e, mono_t now)
{
	struct segment	*seg = e->probe.seg;

	if (e->probe.state == PROBE_IDLE)
		return;
	e->probe.asked = 0;
	prove_feed(&e->probe, PROBE_IN_STOP, now);
	if (seg->wanted != 0)
		stock_demand(seg, 0, now);
}

static void
prove_tell_one(struct probe *p, mono_t now)
{
	if (p->seg == NULL)
		return;
	if (probe_is_proven(p) && mono_before(now, prove_until(p)))
		prove_tell(p->addr, prove_until(p), 0);
	else if (p->state == PROBE_TAKEN)
		prove_tell_taken(p);
}

void
prove_tell_all(mono_t now)
{
	prove_told = now;
	prove_each(prove_tell_one, now);
	prove_flush();
}

/* At which interface frames were lost, for the next function. */
static const struct port	*prove_doubtful;

static void
prove_doubt_one(struct probe *p, mono_t now)
{
	if (p->seg != NULL && p->port == prove_doubtful)
		prove_feed(p, PROBE_IN_DOUBT, now);
}

void
prove_doubt(const struct port *port, uint32_t frames, mono_t now)
{
	arpd_counter[COUNT_MISSED].value += frames;
	if (prove_doubted.us != 0 &&
	    mono_before(now, mono_add_s(prove_doubted, DOUBT_S)))
		return;
	prove_doubted = now;
	prove_doubtful = port;
	prove_each(prove_doubt_one, now);
}

void
prove_echoed(uint32_t addr, mono_t now)
{
	const struct mac	 nobody = { { 0 } };
	struct entry		*e = watch_find(prove_watch, addr);
	struct probe		*p;
	char			 text[ADDR_STRLEN];

	if (e == NULL || e->probe.state == PROBE_IDLE ||
	    !(e->probe.pace & PACE_ECHO))
		return;
	p = &e->probe;
	p->foe = nobody;
	if (p->state != PROBE_TAKEN) {
		count_up(COUNT_TAKEN);
		proc_step(STEP_CONFLICT, addr, nobody, "", 100, 0,
		    "somebody answers an echo for %s, which nobody was given",
		    addr_str(addr, text));
	}
	prove_feed(p, PROBE_IN_HEARD, now);
}
