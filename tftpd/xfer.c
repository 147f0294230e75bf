/* SPDX-License-Identifier: ISC */
/*
 * xfer.c: one read transfer as a state machine.  It is told of packets and of
 * time and says what to send; it has no socket, no file and no clock.
 *
 *	         options agreed            ACK 0
 *	IDLE ---------------------> OACK --------> DATA --ACK of the last--.
 *	  |      none agreed        ACK 1           ^                      v
 *	  '-----------------------> FIRST ----------'                    ENDED
 *	any: ERROR, too many timeouts, file broken, dropped -------------> ENDED
 *
 * Until the first ACK nobody has shown that he is where he says he is: what
 * is sent until then is small against the request (amplification).
 */
#include <string.h>

#include "tftpd.h"

#define FIRST_WAIT_MS	1000		/* then 2 s, then 4 s */
#define FIRST_TRIES	2
#define FIRST_FACTOR	10		/* octets sent for each octet asked */
#define FRAME_COST	42		/* Ethernet, IP and UDP headers */

#define DATA_TRIES	5
#define RTO_MIN_US	50000
#define RTO_MAX_US	2000000
#define RTO_SLACK_US	50000		/* RFC 6298's G: a busy client */
#define BACKOFF_US	500000		/* 1, 2, 4, 8, 16 s from the second */

static const char *const state_names[XFER_STATE_MAX] = {
	[XFER_IDLE] = "idle",	[XFER_OACK] = "oack",
	[XFER_FIRST] = "first",	[XFER_DATA] = "data",
	[XFER_ENDED] = "ended"
};

static const char *const event_names[] = {
	[XFER_EV_ACK] = "ack",		[XFER_EV_ERROR] = "error",
	[XFER_EV_TIMER] = "timer",	[XFER_EV_WRITABLE] = "writable",
	[XFER_EV_BROKEN] = "broken",	[XFER_EV_DROP] = "drop"
};

/*
 * RFC 1123 4.2.3.2 (MUST): adaptive.  The first repetition comes fast, as a
 * lost packet is likelier than a slow client; after that the client has time
 * to come back from whatever holds it up.
 */
static int64_t
xfer_wait_us(const struct xfer *x)
{
	int64_t	rto;

	if (x->terms.timeout != 0)	/* RFC 2349: as the client asked */
		return ((int64_t)x->terms.timeout * 1000000);
	if (x->state != XFER_DATA)
		return ((int64_t)FIRST_WAIT_MS * 1000 << x->tries);
	rto = x->srtt + (4 * x->rttvar > RTO_SLACK_US ? 4 * x->rttvar :
	    RTO_SLACK_US);
	if (x->srtt == 0)
		rto = RTO_MAX_US / 2;
	if (rto < RTO_MIN_US)
		rto = RTO_MIN_US;
	if (rto > RTO_MAX_US)
		rto = RTO_MAX_US;
	if (x->tries == 0)
		return (rto);
	return ((rto > BACKOFF_US ? rto : BACKOFF_US) << x->tries);
}

static void
xfer_arm(struct xfer *x, mono_t now)
{
	x->deadline = (mono_t){ now.us + xfer_wait_us(x) };
}

static void
xfer_enter(struct xfer *x, enum xfer_state state, const char *why, mono_t now)
{
	log_debug("transfer %s -> %s, %s", state_names[x->state],
	    state_names[state], why);
	x->state = state;
	x->tries = 0;
	if (state == XFER_ENDED)
		x->deadline = MONO_NEVER;
	else
		xfer_arm(x, now);
}

static void
xfer_finish(struct xfer *x, enum xfer_end end, const char *why, mono_t now)
{
	x->end = end;
	xfer_enter(x, XFER_ENDED, why, now);
}

/* Everything that the window still has room for. */
static void
xfer_fill(struct xfer *x, mono_t now, struct xfer_send *send)
{
	uint64_t	last = x->acked + x->terms.window;

	if (last > x->nblocks)
		last = x->nblocks;
	if (x->next > last)
		return;
	send->first = x->next;
	send->count = (uint32_t)(last - x->next + 1);
	if (x->next <= x->high) {
		x->resent += (last < x->high ? last : x->high) - x->next + 1;
		x->timed = 0;	/* Karn: an ACK may be of either copy */
	}
	if (last > x->high)
		x->high = last;
	x->next = last + 1;
	x->sent_at = now;
}

/* RFC 7440: after a gap go on behind the last block that arrived. */
static void
xfer_go_back(struct xfer *x, mono_t now, struct xfer_send *send)
{
	x->next = x->acked + 1;
	xfer_fill(x, now, send);
	xfer_arm(x, now);
}

/* OACK or DATA 1, once more. */
static void
xfer_send_first(struct xfer *x, struct xfer_send *send)
{
	x->budget -= x->budget < x->first_cost ? x->budget : x->first_cost;
	if (x->state == XFER_OACK)
		send->oack = 1;
	else {
		send->first = 1;
		send->count = 1;
	}
}

void
xfer_start(struct xfer *x, const struct tftp_terms *terms, size_t req_len,
    size_t first_len, mono_t now, struct xfer_send *send)
{
	memset(x, 0, sizeof(*x));
	memset(send, 0, sizeof(*send));
	x->terms = *terms;
	x->nblocks = terms->size / terms->blksize + 1;
	x->next = 1;
	x->sent_at = now;
	x->timed = 1;
	x->first_cost = first_len + FRAME_COST;
	x->budget = (req_len + FRAME_COST) * FIRST_FACTOR;
	if (terms->agreed != 0)
		xfer_enter(x, XFER_OACK, "options", now);
	else {
		xfer_enter(x, XFER_FIRST, "no options", now);
		x->next = 2;
		x->high = 1;
	}
	xfer_send_first(x, send);
}

/* RFC 6298 2. */
static void
xfer_measure(struct xfer *x, mono_t now)
{
	int64_t	r = mono_diff_us(now, x->sent_at), err;

	if (r < 1)
		r = 1;
	if (x->srtt == 0) {
		x->srtt = r;
		x->rttvar = r / 2;
		return;
	}
	err = r - x->srtt;
	x->rttvar += ((err < 0 ? -err : err) - x->rttvar) / 4;
	x->srtt += err / 8;
	if (x->srtt < 1)
		x->srtt = 1;
}

/*
 * The block number on the wire has 16 bits: its distance from the last
 * acknowledged block tells a new one from one of the past.
 */
static void
xfer_ack(struct xfer *x, uint16_t block, mono_t now, struct xfer_send *send)
{
	uint16_t	ahead = (uint16_t)(block - (uint16_t)x->acked);
	uint64_t	flying = x->next - 1 - x->acked;
	mono_t		soon;

	if (ahead == 0) {
		/*
		 * RFC 1123 4.2.3.1 (MUST): a duplicate ACK repeats nothing.
		 * In a window it may mean that its first block was lost; if
		 * it was only a copy, the window's own ACK comes soon.
		 */
		soon = (mono_t){ now.us + 2 * x->srtt + 1000 };
		if (x->terms.window > 1 && flying > 0 && !x->backed &&
		    mono_before(soon, x->deadline)) {
			x->backed = 1;
			x->deadline = soon;
		}
		return;
	}
	if (ahead > flying)
		return;
	if (ahead == flying && x->timed)
		xfer_measure(x, now);
	x->acked += ahead;
	x->tries = 0;
	x->backed = 0;
	x->timed = 1;
	if (x->acked == x->nblocks)
		xfer_finish(x, XFER_END_DONE, "all acknowledged", now);
	else
		xfer_go_back(x, now, send);
}

/* The first ACK: the client is real. */
static void
xfer_first_ack(struct xfer *x, uint16_t block, mono_t now,
    struct xfer_send *send)
{
	if (block != (x->state == XFER_OACK ? 0 : 1))
		return;
	if (x->tries == 0)
		xfer_measure(x, now);
	if (x->state == XFER_FIRST)
		x->acked = 1;
	xfer_enter(x, XFER_DATA, "first ACK", now);
	if (x->acked == x->nblocks)
		xfer_finish(x, XFER_END_DONE, "all acknowledged", now);
	else
		xfer_go_back(x, now, send);
}

static void
xfer_timer(struct xfer *x, mono_t now, struct xfer_send *send)
{
	unsigned int	max;

	if (mono_before(now, x->deadline))
		return;
	max = x->state == XFER_DATA ? DATA_TRIES : FIRST_TRIES;
	if (++x->tries > max) {
		xfer_finish(x, XFER_END_TIMEOUT, "timeout", now);
		return;
	}
	if (x->state == XFER_DATA) {
		xfer_go_back(x, now, send);
		return;
	}
	if (x->budget >= x->first_cost) {
		xfer_send_first(x, send);
		x->resent++;
	}
	xfer_arm(x, now);
}

void
xfer_event(struct xfer *x, enum xfer_event ev, uint16_t number, mono_t now,
    struct xfer_send *send)
{
	memset(send, 0, sizeof(*send));
	if (!xfer_is_open(x))
		return;			/* late packets of what has ended */
	switch (ev) {
	case XFER_EV_ACK:
		if (x->state == XFER_DATA)
			xfer_ack(x, number, now, send);
		else
			xfer_first_ack(x, number, now, send);
		break;
	case XFER_EV_ERROR:
		xfer_finish(x, x->state == XFER_OACK ? XFER_END_PROBE :
		    XFER_END_ERROR, event_names[ev], now);
		break;
	case XFER_EV_TIMER:
		xfer_timer(x, now, send);
		break;
	case XFER_EV_WRITABLE:
		if (x->state == XFER_DATA)
			xfer_fill(x, now, send);
		break;
	case XFER_EV_BROKEN:
		xfer_finish(x, XFER_END_BROKEN, event_names[ev], now);
		break;
	case XFER_EV_DROP:
		xfer_finish(x, XFER_END_DROPPED, event_names[ev], now);
		break;
	}
}

/* Asking again pays for another answer. */
void
xfer_again(struct xfer *x, mono_t now, struct xfer_send *send)
{
	memset(send, 0, sizeof(*send));
	if (!xfer_is_open(x) || xfer_is_proven(x))
		return;
	x->tries = 1;			/* whose ACK it will be is not known */
	x->resent++;
	xfer_send_first(x, send);
	xfer_arm(x, now);
}

/* They go out when the socket has room again. */
void
xfer_unsent(struct xfer *x, uint32_t n)
{
	x->next -= n;
	if (x->high >= x->next)
		x->high = x->next - 1;
}

int
xfer_is_open(const struct xfer *x)
{
	return (x->state != XFER_IDLE && x->state != XFER_ENDED);
}

int
xfer_is_proven(const struct xfer *x)
{
	return (x->state == XFER_DATA);
}

uint64_t
xfer_bytes(const struct xfer *x)
{
	uint64_t	bytes = x->acked * x->terms.blksize;

	return (bytes < x->terms.size ? bytes : x->terms.size);
}
