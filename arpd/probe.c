/* SPDX-License-Identifier: ISC */
/*
 * probe.c: address conflict detection (RFC 5227) as a state machine without
 * sockets and timers: an input and the time go in, what to do comes out.
 *
 *	idle -prove-> queued -> sending -> waiting -> proven <-> renewing
 *	  ^             |          |          |          |          |
 *	  '--time-- taken <------------- heard ---------------------'
 *
 *	idle -own-> announcing -> owned -heard-> defended -time-> owned
 *
 *	every state -stop-> idle
 */
#include "arpd.h"

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
	[PROBE_IN_OWN] = "own",
	[PROBE_IN_TIMER] = "timer",
	[PROBE_IN_HEARD] = "heard",
	[PROBE_IN_STOP] = "stop",
};

/*
 * How long a state lasts.  It is the same for all probes in the state, so
 * that the queue of a state is in order of time by itself.
 */
static const struct {
	int64_t	ms;		/* -1: until an input */
	int	sends;		/* a packet leaves when it ends */
} probe_time[PROBE_STATES] = {
	[PROBE_IDLE] = { -1, 0 },
	[PROBE_QUEUED] = { 0, 1 },
	[PROBE_SENDING] = { PROVE_GAP_MS, 1 },
	[PROBE_WAITING] = { PROVE_WAIT_MS, 0 },
	[PROBE_PROVEN] = { PROVE_RENEW_MS, 1 },
	[PROBE_RENEWING] = { PROVE_RENEW_GAP_MS, 1 },
	[PROBE_TAKEN] = { PROVE_TAKEN_MS, 0 },
	[PROBE_ANNOUNCING] = { ANNOUNCE_INTERVAL_MS, 0 },
	[PROBE_OWNED] = { -1, 0 },
	[PROBE_DEFENDED] = { DEFEND_INTERVAL_MS, 0 },
};

int
probe_state_sends(enum probe_state state)
{
	return (probe_time[state].sends);
}

int
probe_state_ends(enum probe_state state)
{
	return (probe_time[state].ms >= 0);
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
	p->due = probe_state_ends(state) ?
	    mono_add_ms(now, probe_time[state].ms) : MONO_NEVER;
	return (act);
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
		return (probe_enter(p, p->sent + 1 < PROVE_NUM ?
		    PROBE_SENDING : PROBE_WAITING, in, now, PROBE_DO_PROBE));
	case PROBE_WAITING:
		return (probe_enter(p, PROBE_PROVEN, in, now,
		    PROBE_DO_PROVEN));
	case PROBE_PROVEN:
		return (probe_enter(p, PROBE_RENEWING, in, now,
		    PROBE_DO_PROBE));
	case PROBE_RENEWING:
		if (p->sent < PROVE_NUM)
			return (probe_enter(p, PROBE_RENEWING, in, now,
			    PROBE_DO_PROBE));
		return (probe_enter(p, PROBE_PROVEN, in, now,
		    PROBE_DO_PROVEN));
	case PROBE_TAKEN:
		return (probe_enter(p, PROBE_IDLE, in, now, 0));
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

unsigned int
probe_event(struct probe *p, enum probe_input in, mono_t now)
{
	switch (in) {
	case PROBE_IN_PROVE:
		if (p->state != PROBE_IDLE)
			return (0);
		return (probe_enter(p, PROBE_QUEUED, in, now, 0));
	case PROBE_IN_OWN:
		return (probe_enter(p, PROBE_ANNOUNCING, in, now,
		    PROBE_DO_ANNOUNCE));
	case PROBE_IN_TIMER:
		return (probe_timer(p, now));
	case PROBE_IN_HEARD:
		return (probe_heard(p, now));
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
