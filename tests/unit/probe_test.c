/* SPDX-License-Identifier: ISC */
/*
 * probe_test.c: conflict detection: every state with every input, a proof at
 * every pace, a defence, the agenda, and the bound on packets.
 */
#include <stdlib.h>
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

#define SEND	PROBE_DO_PROBE
#define ANN	PROBE_DO_ANNOUNCE
#define YES	PROBE_DO_PROVEN
#define BACK	PROBE_DO_WITHDRAW
#define FOE	PROBE_DO_CONFLICT

/* The next state and what is to be done: one row a state, all inputs. */
struct want {
	enum probe_state	state;
	unsigned int		act;
};

#define TO_STATE(name)	{ PROBE_##name, 0 }
#define DOES(name, act)	{ PROBE_##name, (act) }

static const struct want wants[PROBE_STATES][PROBE_INPUTS] = {
	[PROBE_IDLE] = {
		[PROBE_IN_PROVE] = TO_STATE(QUEUED),
		[PROBE_IN_HURRY] = TO_STATE(QUEUED),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = TO_STATE(IDLE),
		[PROBE_IN_HEARD] = TO_STATE(IDLE),
		[PROBE_IN_DOUBT] = TO_STATE(IDLE),
		[PROBE_IN_USED] = TO_STATE(IDLE),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
	[PROBE_QUEUED] = {
		[PROBE_IN_PROVE] = TO_STATE(QUEUED),
		[PROBE_IN_HURRY] = TO_STATE(QUEUED),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = DOES(SENDING, SEND),
		[PROBE_IN_HEARD] = DOES(TAKEN, FOE),
		[PROBE_IN_DOUBT] = TO_STATE(QUEUED),
		[PROBE_IN_USED] = TO_STATE(QUEUED),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
	[PROBE_SENDING] = {
		[PROBE_IN_PROVE] = TO_STATE(SENDING),
		[PROBE_IN_HURRY] = TO_STATE(SENDING),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = DOES(SENDING, SEND),
		[PROBE_IN_HEARD] = DOES(TAKEN, FOE),
		[PROBE_IN_DOUBT] = TO_STATE(SENDING),
		[PROBE_IN_USED] = TO_STATE(SENDING),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
	[PROBE_WAITING] = {
		[PROBE_IN_PROVE] = TO_STATE(WAITING),
		[PROBE_IN_HURRY] = TO_STATE(WAITING),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = DOES(PROVEN, YES),
		[PROBE_IN_HEARD] = DOES(TAKEN, FOE),
		[PROBE_IN_DOUBT] = TO_STATE(WAITING),
		[PROBE_IN_USED] = TO_STATE(WAITING),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
	[PROBE_PROVEN] = {
		[PROBE_IN_PROVE] = TO_STATE(PROVEN),
		[PROBE_IN_HURRY] = TO_STATE(PROVEN),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = DOES(RENEWING, SEND),
		[PROBE_IN_HEARD] = DOES(TAKEN, FOE),
		[PROBE_IN_DOUBT] = TO_STATE(PROVEN),
		[PROBE_IN_USED] = TO_STATE(PROVEN),
		[PROBE_IN_STOP] = DOES(IDLE, BACK),
	},
	[PROBE_RENEWING] = {
		[PROBE_IN_PROVE] = TO_STATE(RENEWING),
		[PROBE_IN_HURRY] = TO_STATE(RENEWING),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = DOES(PROVEN, YES),
		[PROBE_IN_HEARD] = DOES(TAKEN, FOE),
		[PROBE_IN_DOUBT] = TO_STATE(RENEWING),
		[PROBE_IN_USED] = TO_STATE(PROVEN),
		[PROBE_IN_STOP] = DOES(IDLE, BACK),
	},
	[PROBE_TAKEN] = {
		[PROBE_IN_PROVE] = TO_STATE(TAKEN),
		[PROBE_IN_HURRY] = TO_STATE(TAKEN),	/* just heard */
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = TO_STATE(QUEUED),
		[PROBE_IN_HEARD] = TO_STATE(TAKEN),
		[PROBE_IN_DOUBT] = TO_STATE(TAKEN),
		[PROBE_IN_USED] = TO_STATE(TAKEN),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
	[PROBE_ANNOUNCING] = {
		[PROBE_IN_PROVE] = TO_STATE(ANNOUNCING),
		[PROBE_IN_HURRY] = TO_STATE(ANNOUNCING),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = DOES(OWNED, ANN),
		[PROBE_IN_HEARD] = DOES(DEFENDED, ANN | FOE),
		[PROBE_IN_DOUBT] = TO_STATE(ANNOUNCING),
		[PROBE_IN_USED] = TO_STATE(ANNOUNCING),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
	[PROBE_OWNED] = {
		[PROBE_IN_PROVE] = TO_STATE(OWNED),
		[PROBE_IN_HURRY] = TO_STATE(OWNED),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = TO_STATE(OWNED),
		[PROBE_IN_HEARD] = DOES(DEFENDED, ANN | FOE),
		[PROBE_IN_DOUBT] = TO_STATE(OWNED),
		[PROBE_IN_USED] = TO_STATE(OWNED),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
	[PROBE_DEFENDED] = {
		[PROBE_IN_PROVE] = TO_STATE(DEFENDED),
		[PROBE_IN_HURRY] = TO_STATE(DEFENDED),
		[PROBE_IN_OWN] = DOES(ANNOUNCING, ANN),
		[PROBE_IN_TIMER] = TO_STATE(OWNED),
		[PROBE_IN_HEARD] = TO_STATE(DEFENDED),
		[PROBE_IN_DOUBT] = TO_STATE(DEFENDED),
		[PROBE_IN_USED] = TO_STATE(DEFENDED),
		[PROBE_IN_STOP] = TO_STATE(IDLE),
	},
};

static const mono_t	t0 = { 1000000000 };

/* A probe in a state that began at t0, one packet sent. */
static void
put(struct probe *p, enum probe_state state)
{
	memset(p, 0, sizeof(*p));
	p->state = (uint8_t)state;
	p->sent = 1;
	p->due = mono_add_ms(t0, state == PROBE_TAKEN ? PROVE_TAKEN_MS : 5000);
}

static void
test_table(void)
{
	struct probe	p;
	unsigned int	act;
	int		state, in;

	for (state = 0; state < PROBE_STATES; state++)
		for (in = 0; in < PROBE_INPUTS; in++) {
			put(&p, (enum probe_state)state);
			act = probe_event(&p, (enum probe_input)in, t0);
			CHECK_NAMED(p.state == wants[state][in].state &&
			    act == wants[state][in].act,
			    probe_statename[state]);
		}
	put(&p, PROBE_SENDING);
	p.sent = 2;
	CHECK(probe_event(&p, PROBE_IN_TIMER, t0) == SEND &&
	    p.state == PROBE_WAITING);
	put(&p, PROBE_SENDING);
	p.pace = PACE_HURRIED;
	CHECK_NAMED(probe_event(&p, PROBE_IN_TIMER, t0) == SEND &&
	    p.state == PROBE_WAITING, "hurried:");
	put(&p, PROBE_TAKEN);
	(void)probe_event(&p, PROBE_IN_HURRY,
	    mono_add_ms(t0, PROVE_FRESH_MS));
	CHECK_NAMED(p.state == PROBE_QUEUED && probe_is_hurried(&p),
	    "taken, but not heard for a while:");
}

/* Claimed once, and then silent; or there, and answering each time. */
static void
test_taken(void)
{
	struct probe	p;
	int64_t		wait = PROVE_TAKEN_MS;
	int		i;

	put(&p, PROBE_PROVEN);
	(void)probe_event(&p, PROBE_IN_HEARD, t0);
	CHECK(mono_diff_ms(p.due, t0) == PROVE_TAKEN_MS);
	for (i = 0; i < 20; i++) {
		(void)probe_event(&p, PROBE_IN_TIMER, t0);
		(void)probe_event(&p, PROBE_IN_TIMER, t0);
		CHECK(p.state == PROBE_SENDING);
		(void)probe_event(&p, PROBE_IN_HEARD, t0);
		wait = wait * 2 < PROVE_TAKEN_MAX_MS ? wait * 2 :
		    PROVE_TAKEN_MAX_MS;
		CHECK(mono_diff_ms(p.due, t0) == wait);
		/* Its chatter is no answer. */
		(void)probe_event(&p, PROBE_IN_HEARD, t0);
		CHECK(mono_diff_ms(p.due, t0) == wait);
	}
	for (i = 0; i < 5; i++)
		(void)probe_event(&p, PROBE_IN_TIMER, t0);
	CHECK(p.state == PROBE_PROVEN);
	(void)probe_event(&p, PROBE_IN_HEARD, t0);
	CHECK_NAMED(mono_diff_ms(p.due, t0) == PROVE_TAKEN_MS,
	    "it was free in between:");
}

/* Feed the timer when it is due; what was done, and how much later in ms. */
static unsigned int
tick(struct probe *p, int64_t *ms)
{
	static mono_t	last;
	mono_t		now = p->due;

	*ms = mono_diff_ms(now, last);
	last = now;
	return (probe_event(p, PROBE_IN_TIMER, now));
}

/* RFC 5227 1.1, and that the times are at random between its bounds. */
static void
test_calm(void)
{
	struct probe	p;
	int64_t		ms, min = 9999, max = 0, first_max = 0;
	int		i, ok = 1;

	for (i = 0; i < 1000; i++) {
		memset(&p, 0, sizeof(p));
		(void)probe_event(&p, PROBE_IN_PROVE, t0);
		ms = mono_diff_ms(p.due, t0);
		ok &= ms >= 0 && ms <= 1000;
		first_max = ms > first_max ? ms : first_max;
		ok &= tick(&p, &ms) == SEND;
		ok &= tick(&p, &ms) == SEND && ms >= 1000 && ms <= 2000;
		min = ms < min ? ms : min;
		max = ms > max ? ms : max;
		ok &= tick(&p, &ms) == SEND && ms >= 1000 && ms <= 2000;
		ok &= !probe_is_proven(&p) && probe_is_wanted(&p);
		ok &= tick(&p, &ms) == YES && ms == 2000;
		ok &= probe_is_proven(&p) && probe_is_wanted(&p);
	}
	CHECK_NAMED(ok, "a calm proof is RFC 5227's:");
	CHECK(first_max > 900 && min < 1100 && max > 1900);
}

static void
test_renewal(void)
{
	struct probe	p;
	int64_t		ms;
	mono_t		proven;

	put(&p, PROBE_WAITING);
	(void)tick(&p, &ms);
	proven = p.until;
	CHECK(tick(&p, &ms) == SEND && ms >= PROVE_RENEW_MS &&
	    ms <= PROVE_RENEW_MAX_MS);
	CHECK_NAMED(probe_is_proven(&p) && mono_before(p.due, proven),
	    "renewed before it ends:");
	CHECK_NAMED(tick(&p, &ms) == YES && ms == PROVE_SILENCE_MS,
	    "by one question:");
	CHECK(mono_before(proven, p.until) && p.state == PROBE_PROVEN);
	/* 256 of them: less than a frame in two seconds. */
	CHECK(256 * 2000 < PROVE_RENEW_MS);
	(void)probe_event(&p, PROBE_IN_DOUBT, t0);
	CHECK(mono_diff_ms(p.due, t0) <= PROVE_CONFIRM_MS);
	/* One that is offered is told again when the offer is over. */
	(void)probe_event(&p, PROBE_IN_USED, t0);
	CHECK(mono_diff_ms(p.due, t0) > 120 * 1000);
	CHECK(tick(&p, &ms) == SEND && tick(&p, &ms) == YES);
	CHECK(probe_event(&p, PROBE_IN_HEARD, p.due) == FOE);
	CHECK(!probe_is_wanted(&p));
	/* It is tried again later, calmly, and may be proven then. */
	CHECK(tick(&p, &ms) == 0 && p.state == PROBE_QUEUED &&
	    !probe_is_hurried(&p));
	CHECK(tick(&p, &ms) == SEND);
}

static void
test_hurried(void)
{
	struct probe	p;
	int64_t		ms, sum = 0;

	memset(&p, 0, sizeof(p));
	(void)probe_event(&p, PROBE_IN_HURRY, t0);
	CHECK(mono_diff_ms(p.due, t0) == 0);
	CHECK(tick(&p, &ms) == SEND);
	CHECK(tick(&p, &ms) == SEND);
	sum += ms;
	CHECK(tick(&p, &ms) == YES);
	sum += ms;
	CHECK_NAMED(sum <= 300, "in a third of a second:");
	CHECK(!probe_is_hurried(&p));
	CHECK_NAMED(tick(&p, &ms) == SEND && ms >= PROVE_CONFIRM_MS &&
	    ms <= PROVE_CONFIRM_MAX_MS, "and once more soon:");
	CHECK(tick(&p, &ms) == YES);
	CHECK(tick(&p, &ms) == SEND && ms >= PROVE_RENEW_MS);

	/* Somebody comes to wait for what was calmly begun. */
	memset(&p, 0, sizeof(p));
	(void)probe_event(&p, PROBE_IN_PROVE, t0);
	(void)probe_event(&p, PROBE_IN_HURRY, t0);
	CHECK(mono_diff_ms(p.due, t0) == 0);
	memset(&p, 0, sizeof(p));
	(void)probe_event(&p, PROBE_IN_PROVE, t0);
	CHECK(tick(&p, &ms) == SEND);
	p.due = t0;
	CHECK(probe_event(&p, PROBE_IN_HURRY, t0) == 0);
	CHECK_NAMED(mono_diff_ms(p.due, t0) == 0, "never later than it was:");
	CHECK(tick(&p, &ms) == SEND && p.state == PROBE_WAITING);
	CHECK(tick(&p, &ms) == YES && ms < 300);
	put(&p, PROBE_WAITING);
	(void)probe_event(&p, PROBE_IN_HURRY, t0);
	CHECK(mono_diff_ms(p.due, t0) < 300);
}

static void
test_echo(void)
{
	struct probe	p;
	int64_t		ms;

	memset(&p, 0, sizeof(p));
	p.pace = PACE_ECHO;
	(void)probe_event(&p, PROBE_IN_HURRY, t0);
	CHECK(p.pace == PACE_ECHO_HURRIED);
	CHECK(tick(&p, &ms) == SEND);
	CHECK(tick(&p, &ms) == SEND);
	CHECK(tick(&p, &ms) == YES && ms >= 500);
	CHECK(p.pace == PACE_ECHO);
	(void)probe_event(&p, PROBE_IN_STOP, t0);
	CHECK(p.pace == PACE_ECHO);
}

static void
test_own(void)
{
	struct probe	p;
	int64_t		ms;
	mono_t		t;

	memset(&p, 0, sizeof(p));
	CHECK(probe_event(&p, PROBE_IN_OWN, t0) == ANN);
	CHECK(mono_diff_ms(p.due, t0) == ANNOUNCE_INTERVAL_MS);
	CHECK(tick(&p, &ms) == ANN);
	CHECK(p.state == PROBE_OWNED && p.due.us == MONO_NEVER.us);
	t = mono_add_s(t0, 100);
	CHECK(probe_event(&p, PROBE_IN_HEARD, t) == (ANN | FOE));
	t = mono_add_ms(t, DEFEND_INTERVAL_MS - 1);
	CHECK(probe_event(&p, PROBE_IN_HEARD, t) == 0);
	/* A second claim does not put off the time of the next defence. */
	CHECK(mono_diff_ms(p.due, t) == 1);
	CHECK(tick(&p, &ms) == 0 && p.state == PROBE_OWNED);
	CHECK(probe_event(&p, PROBE_IN_HEARD, t) == (ANN | FOE));
}

static void
test_bucket(void)
{
	struct bucket	b = { { 0 }, 0 };
	mono_t		t = t0;
	int		i, n;

	for (n = 0; bucket_take(&b, 100, 10, t); n++)
		;
	CHECK(n == 10);
	t = mono_add_ms(t, 9);
	CHECK(!bucket_take(&b, 100, 10, t));
	t = mono_add_ms(t, 1);
	CHECK(bucket_take(&b, 100, 10, t) && !bucket_take(&b, 100, 10, t));
	/* Calls that come in between lose nothing of the time. */
	for (i = n = 0; i < 3000; i++) {
		t = mono_add_ms(t, 1);
		n += bucket_take(&b, 100, 10, t);
	}
	CHECK(n == 300);
	t = mono_add_s(t, 3600);
	for (n = 0; bucket_take(&b, 100, 10, t); n++)
		;
	CHECK_NAMED(n == 10, "a rest saves up one burst");
}

/* Beside a plain array: whatever is put and removed, the first is first. */
static void
test_agenda(void)
{
	static struct agenda	a;
	static struct probe	p[500];
	unsigned int		seed = 7, i, j, k, n = 0, wrong = 0;
	const struct probe	*first;

	for (i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		j = (seed >> 8) % nitems(p);
		if (p[j].place != 0) {
			agenda_remove(&a, &p[j]);
			n--;
		} else {
			p[j].due.us = seed >> 16;
			agenda_put(&a, &p[j]);
			n++;
		}
		first = NULL;
		for (k = 0; k < nitems(p); k++)
			if (p[k].place != 0 && (first == NULL ||
			    mono_before(p[k].due, first->due)))
				first = &p[k];
		wrong += a.n != n || (agenda_first(&a) == NULL) !=
		    (first == NULL) || (first != NULL &&
		    agenda_first(&a)->due.us != first->due.us);
	}
	CHECK(wrong == 0);
	for (k = 0; agenda_first(&a) != NULL; k++)
		agenda_remove(&a, agenda_first(&a));
	CHECK(k == n && agenda_at(&a, 0) == NULL);
	free(a.at);
}

int
main(void)
{
	test_table();
	test_taken();
	test_calm();
	test_renewal();
	test_hurried();
	test_echo();
	test_own();
	test_bucket();
	test_agenda();
	return (unit_done());
}
