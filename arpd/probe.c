/* SPDX-License-Identifier: ISC */
/*
 * probe.c: address conflict detection (RFC 5227) as a state machine without
 * sockets and timers: an input and the time go in, what to do comes out.
 *
 *	idle -prove-> queued -> sending -> waiting -> proven <-> renewing
 *	             ^     |       |          |          |          |
 *	             |     v       v          v          v          v
 *	             '- taken <------------- heard -----------------'
 *
 *	idle -own-> announcing -> owned -heard-> defended -time-> owned
 *
 *	every state -stop-> idle; -hurry- as -prove-, or faster from there on
 */
#include "arpd.h"

#define TAKES_MAX	6	/* after these it is PROVE_TAKEN_MAX_MS */

const char *const probe_statename[PROBE_STATES] = {
	[PROBE_IDLE] = "idle",
	[PROBE_QUEUED] = "queued",
	[PROBE_SENDING] = "sending",
	[PROBE_WAITING] = "waiting",
	[PROBE_PROVEN] = "proven",
	[PROBE_RENEWING] = "renewing",
	[PROBE_TAKEN] = "taken",
	[PROBE_ANNOUNCING] = "announcing",
	[PROBE_OWNED] = "owned",
	[PROBE_DEFENDED] = "defended",
};

static const char *const probe_inputname[PROBE_INPUTS] = {
	[PROBE_IN_PROVE] = "prove",
	[PROBE_IN_HURRY] = "hurry",
	[PROBE_IN_OWN] = "own",
	[PROBE_IN_TIMER] = "timer",
	[PROBE_IN_HEARD] = "heard",
	[PROBE_IN_DOUBT] = "doubt",
	[PROBE_IN_USED] = "used",
	[PROBE_IN_STOP] = "stop",
};

/*
 * The calm pace is RFC 5227's, 1.1: PROBE_WAIT, PROBE_NUM, PROBE_MIN to
 * PROBE_MAX, ANNOUNCE_WAIT.  It has to do for radio links and for machines
 * that boot; on a wire an answer takes less than a millisecond, and 150 of
 * them even when the other machine has to be woken.  So who is in a hurry
 * asks twice, for a frame may be lost; what is proven like this is asked for
 * once more, calmly, unless it is somebody's by then.  2000 broadcasts of 60
 * octets a second are a hundredth of 100 Mbit/s, and 1000 addresses; calm
 * work never needs more than a tenth of that.
 *
 * An echo goes through routers, each of which has to find the address by ARP
 * first, and remembers for some seconds that it could not: so there are fewer
 * of them, and a second is left for the answer (RFC 792, RFC 1122 3.2.2.6).
 */
const struct pace probe_pace[PACES] = {
	[PACE_CALM] = {
		.first_ms = 1000, .num = 3, .gap_ms = 1000, .gap_max_ms = 2000,
		.wait_ms = 2000, .rate = 200, .burst = 20
	},
	[PACE_HURRIED] = {
		.first_ms = 0, .num = 2, .gap_ms = 100, .gap_max_ms = 100,
		.wait_ms = 150, .rate = 2000, .burst = 100
	},
	[PACE_ECHO] = {
		.first_ms = 1000, .num = 2, .gap_ms = 1000, .gap_max_ms = 2000,
		.wait_ms = 2000, .rate = 10, .burst = 5
	},
	[PACE_ECHO_HURRIED] = {
		.first_ms = 0, .num = 2, .gap_ms = 300, .gap_max_ms = 300,
		.wait_ms = 700, .rate = 50, .burst = 20
	},
};

/* How long a state lasts, where that is the same at every pace. */
static const struct {
	uint32_t	min_ms, max_ms;		/* 0: until an input */
	int		sends;		/* a question leaves at its end */
} probe_time[PROBE_STATES] = {
	[PROBE_QUEUED] = { 0, 0, 1 },
	[PROBE_SENDING] = { 0, 0, 1 },
	[PROBE_PROVEN] = { PROVE_RENEW_MS, PROVE_RENEW_MAX_MS, 1 },
	[PROBE_RENEWING] = { PROVE_SILENCE_MS, PROVE_SILENCE_MS, 0 },
	[PROBE_ANNOUNCING] = { ANNOUNCE_INTERVAL_MS, ANNOUNCE_INTERVAL_MS, 0 },
	[PROBE_DEFENDED] = { DEFEND_INTERVAL_MS, DEFEND_INTERVAL_MS, 0 },
};

static uint64_t	probe_lots = 1;

/* Servers that start together must not ask together; no more hangs on it. */
void
probe_seed(uint64_t seed)
{
	probe_lots = seed | 1;
}

/* Some time from min to max on; the lots are George Marsaglia's xorshift64. */
static mono_t
probe_after(mono_t now, uint32_t min_ms, uint32_t max_ms)
{
	probe_lots ^= probe_lots << 13;
	probe_lots ^= probe_lots >> 7;
	probe_lots ^= probe_lots << 17;
	return (mono_add_ms(now, min_ms +
	    (int64_t)(probe_lots % (max_ms - min_ms + 1))));
}

/*
 * How long a taken address is left alone.  One forged frame says that it is in
 * use, and a few hundred that all are: so it is asked for again soon.  Who
 * really is there answers, each time, and is asked ever more rarely.
 */
static int64_t
probe_taken_ms(const struct probe *p)
{
	const int64_t	ms = (int64_t)PROVE_TAKEN_MS << p->takes;

	return (ms < PROVE_TAKEN_MAX_MS ? ms : PROVE_TAKEN_MAX_MS);
}

/* When the state's time is over that begins now. */
static mono_t
probe_end(const struct probe *p, mono_t now)
{
	const struct pace	*pace = &probe_pace[p->pace];

	switch (p->state) {
	case PROBE_QUEUED:
		return (probe_after(now, 0, pace->first_ms));
	case PROBE_SENDING:
		return (probe_after(now, pace->gap_ms, pace->gap_max_ms));
	case PROBE_WAITING:
		return (mono_add_ms(now, pace->wait_ms));
	case PROBE_TAKEN:
		return (mono_add_ms(now, probe_taken_ms(p)));
	default:
		if (probe_time[p->state].max_ms == 0)
			return (MONO_NEVER);
		return (probe_after(now, probe_time[p->state].min_ms,
		    probe_time[p->state].max_ms));
	}
}

int
probe_state_sends(enum probe_state state)
{
	return (probe_time[state].sends);
}

int
probe_is_proven(const struct probe *p)
{
	return (p->state == PROBE_PROVEN || p->state == PROBE_RENEWING);
}

int
probe_is_wanted(const struct probe *p)
{
	return (p->state >= PROBE_QUEUED && p->state <= PROBE_RENEWING);
}

int
probe_is_hurried(const struct probe *p)
{
	return (p->pace & PACE_HURRIED);
}

/* The only place that changes the state; act is passed through. */
static unsigned int
probe_enter(struct probe *p, enum probe_state state, enum probe_input input,
    mono_t now, unsigned int act)
{
	char	text[ADDR_STRLEN];

	if (state != p->state) {
		log_debug("%s: %s -> %s, reason %s", addr_str(p->addr, text),
		    probe_statename[p->state], probe_statename[state],
		    probe_inputname[input]);
		p->state = (uint8_t)state;
		p->sent = 0;
	}
	if (act & (PROBE_DO_PROBE | PROBE_DO_ANNOUNCE))
		p->sent++;
	if (act & PROBE_DO_PROVEN)
		p->until = mono_add_ms(now, PROVE_VALID_MS);
	p->due = probe_end(p, now);
	return (act);
}

static unsigned int
probe_begin(struct probe *p, enum probe_input in, mono_t now)
{
	p->pace &= (uint8_t)~PACE_HURRIED;
	if (in == PROBE_IN_HURRY)
		p->pace |= PACE_HURRIED;
	return (probe_enter(p, PROBE_QUEUED, in, now, 0));
}

/* What was proven in a hurry is asked for again soon; the rest can wait. */
static unsigned int
probe_proven(struct probe *p, mono_t now)
{
	const int	hurried = probe_is_hurried(p);

	p->pace &= (uint8_t)~PACE_HURRIED;
	p->takes = 0;
	(void)probe_enter(p, PROBE_PROVEN, PROBE_IN_TIMER, now,
	    PROBE_DO_PROVEN);
	if (hurried)
		p->due = probe_after(now, PROVE_CONFIRM_MS,
		    PROVE_CONFIRM_MAX_MS);
	return (PROBE_DO_PROVEN);
}

static unsigned int
probe_timer(struct probe *p, mono_t now)
{
	const enum probe_input	in = PROBE_IN_TIMER;

	switch ((enum probe_state)p->state) {
	case PROBE_QUEUED:
		return (probe_enter(p, PROBE_SENDING, in, now,
		    PROBE_DO_PROBE));
	case PROBE_SENDING:
		/* RFC 5227 2.1.1: PROBE_NUM probes, then ANNOUNCE_WAIT. */
		return (probe_enter(p, p->sent + 1U <
		    probe_pace[p->pace].num ? PROBE_SENDING : PROBE_WAITING,
		    in, now, PROBE_DO_PROBE));
	case PROBE_WAITING:
	case PROBE_RENEWING:
		return (probe_proven(p, now));
	case PROBE_PROVEN:
		/*
		 * RFC 5227 2.1: no probing as a routine.  We hear all claims;
		 * this is for the one that was lost.
		 */
		return (probe_enter(p, PROBE_RENEWING, in, now,
		    PROBE_DO_PROBE));
	case PROBE_TAKEN:
		return (probe_begin(p, in, now));
	case PROBE_ANNOUNCING:
		/* RFC 5227 2.3: ANNOUNCE_NUM, ANNOUNCE_INTERVAL apart. */
		return (probe_enter(p, p->sent + 1 < ANNOUNCE_NUM ?
		    PROBE_ANNOUNCING : PROBE_OWNED, in, now,
		    PROBE_DO_ANNOUNCE));
	case PROBE_DEFENDED:
		return (probe_enter(p, PROBE_OWNED, in, now, 0));
	default:
		break;
	}
	log_warnx("timer in probe state %s", probe_statename[p->state]);
	return (0);
}

static unsigned int
probe_heard(struct probe *p, mono_t now)
{
	const enum probe_input	in = PROBE_IN_HEARD;
	const int		answers = p->state == PROBE_SENDING ||
				    p->state == PROBE_WAITING;

	p->takes = (uint8_t)(p->takes + (answers && p->takes < TAKES_MAX));
	switch ((enum probe_state)p->state) {
	case PROBE_QUEUED:
	case PROBE_SENDING:
	case PROBE_WAITING:
	case PROBE_PROVEN:
	case PROBE_RENEWING:
		return (probe_enter(p, PROBE_TAKEN, in, now,
		    PROBE_DO_CONFLICT));
	case PROBE_TAKEN:
		/* As long as it is heard it stays away from the stock. */
		return (probe_enter(p, PROBE_TAKEN, in, now, 0));
	case PROBE_ANNOUNCING:
	case PROBE_OWNED:
		/* RFC 5227 2.4 (c): defend, never give up. */
		return (probe_enter(p, PROBE_DEFENDED, in, now,
		    PROBE_DO_ANNOUNCE | PROBE_DO_CONFLICT));
	case PROBE_DEFENDED:
		/* RFC 5227 2.4: not again within DEFEND_INTERVAL. */
	default:
		return (0);
	}
}

/* It cannot wait for what was calmly begun: go on from there, faster. */
static unsigned int
probe_hurry(struct probe *p, mono_t now)
{
	mono_t	end;

	switch ((enum probe_state)p->state) {
	case PROBE_IDLE:
		return (probe_begin(p, PROBE_IN_HURRY, now));
	case PROBE_TAKEN:
		/* Who was heard just now needs not be asked for. */
		if (mono_before(now, mono_add_ms(p->due,
		    PROVE_FRESH_MS - probe_taken_ms(p))))
			return (0);
		return (probe_begin(p, PROBE_IN_HURRY, now));
	case PROBE_QUEUED:
	case PROBE_SENDING:
	case PROBE_WAITING:
		p->pace |= PACE_HURRIED;
		end = probe_end(p, now);
		if (mono_before(end, p->due))
			p->due = end;
		return (0);
	default:
		return (0);
	}
}

unsigned int
probe_event(struct probe *p, enum probe_input in, mono_t now)
{
	switch (in) {
	case PROBE_IN_PROVE:
		if (p->state != PROBE_IDLE)
			return (0);
		return (probe_begin(p, in, now));
	case PROBE_IN_HURRY:
		return (probe_hurry(p, now));
	case PROBE_IN_OWN:
		return (probe_enter(p, PROBE_ANNOUNCING, in, now,
		    PROBE_DO_ANNOUNCE));
	case PROBE_IN_TIMER:
		return (probe_timer(p, now));
	case PROBE_IN_HEARD:
		return (probe_heard(p, now));
	case PROBE_IN_DOUBT:
		if (p->state == PROBE_PROVEN)
			p->due = probe_after(now, 0, PROVE_CONFIRM_MS);
		return (0);
	case PROBE_IN_USED:
		if (!probe_is_proven(p))
			return (0);
		(void)probe_enter(p, PROBE_PROVEN, in, now, 0);
		p->due = mono_add_ms(now, PROVE_USED_MS);
		return (0);
	case PROBE_IN_STOP:
		return (probe_enter(p, PROBE_IDLE, in, now,
		    probe_is_proven(p) ? PROBE_DO_WITHDRAW : 0));
	default:
		log_warnx("no probe input %d", (int)in);
		return (0);
	}
}

int
bucket_take(struct bucket *b, uint32_t rate, uint32_t burst, mono_t now)
{
	int64_t	us = mono_diff_us(now, b->filled);
	int64_t	more = us / (1000000 / rate);

	if (b->filled.us == 0 || more >= burst) {
		b->tokens = burst;
		b->filled = now;
	} else if (more > 0) {
		b->tokens += (uint32_t)more;
		if (b->tokens > burst)
			b->tokens = burst;
		b->filled.us += more * (1000000 / rate);
	}
	if (b->tokens == 0)
		return (0);
	b->tokens--;
	return (1);
}
