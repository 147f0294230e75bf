/* SPDX-License-Identifier: ISC */
/*
 * probe_test.c: conflict detection: every state with every input, a proof
 * and a defence from beginning to end, and the bound on packets.
 */
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

#define SEND	PROBE_DO_PROBE
#define ANN	PROBE_DO_ANNOUNCE
#define YES	PROBE_DO_PROVEN
#define BACK	PROBE_DO_WITHDRAW
#define FOE	PROBE_DO_CONFLICT

/* The state and what is to be done, with "sent" packets so far. */
static const struct {
	enum probe_state	state;
	uint8_t			sent;
	enum probe_input	input;
	enum probe_state	want;
	unsigned int		act;
} cases[] = {
	{ PROBE_IDLE, 0, PROBE_IN_PROVE, PROBE_QUEUED, 0 },
	{ PROBE_IDLE, 0, PROBE_IN_OWN, PROBE_ANNOUNCING, ANN },
	{ PROBE_IDLE, 0, PROBE_IN_TIMER, PROBE_IDLE, 0 },
	{ PROBE_IDLE, 0, PROBE_IN_HEARD, PROBE_IDLE, 0 },
	{ PROBE_IDLE, 0, PROBE_IN_STOP, PROBE_IDLE, 0 },
	{ PROBE_QUEUED, 0, PROBE_IN_PROVE, PROBE_QUEUED, 0 },
	{ PROBE_QUEUED, 0, PROBE_IN_TIMER, PROBE_SENDING, SEND },
	{ PROBE_QUEUED, 0, PROBE_IN_HEARD, PROBE_TAKEN, FOE },
	{ PROBE_QUEUED, 0, PROBE_IN_STOP, PROBE_IDLE, 0 },
	{ PROBE_SENDING, 1, PROBE_IN_PROVE, PROBE_SENDING, 0 },
	{ PROBE_SENDING, 1, PROBE_IN_TIMER, PROBE_SENDING, SEND },
	{ PROBE_SENDING, 2, PROBE_IN_TIMER, PROBE_WAITING, SEND },
	{ PROBE_SENDING, 1, PROBE_IN_HEARD, PROBE_TAKEN, FOE },
	{ PROBE_SENDING, 1, PROBE_IN_STOP, PROBE_IDLE, 0 },
	{ PROBE_WAITING, 0, PROBE_IN_PROVE, PROBE_WAITING, 0 },
	{ PROBE_WAITING, 0, PROBE_IN_TIMER, PROBE_PROVEN, YES },
	{ PROBE_WAITING, 0, PROBE_IN_HEARD, PROBE_TAKEN, FOE },
	{ PROBE_WAITING, 0, PROBE_IN_STOP, PROBE_IDLE, 0 },
	{ PROBE_PROVEN, 0, PROBE_IN_PROVE, PROBE_PROVEN, 0 },
	{ PROBE_PROVEN, 0, PROBE_IN_TIMER, PROBE_RENEWING, SEND },
	{ PROBE_PROVEN, 0, PROBE_IN_HEARD, PROBE_TAKEN, FOE },
	{ PROBE_PROVEN, 0, PROBE_IN_STOP, PROBE_IDLE, BACK },
	{ PROBE_RENEWING, 1, PROBE_IN_PROVE, PROBE_RENEWING, 0 },
	{ PROBE_RENEWING, 1, PROBE_IN_TIMER, PROBE_RENEWING, SEND },
	{ PROBE_RENEWING, 3, PROBE_IN_TIMER, PROBE_PROVEN, YES },
	{ PROBE_RENEWING, 2, PROBE_IN_HEARD, PROBE_TAKEN, FOE },
	{ PROBE_RENEWING, 2, PROBE_IN_STOP, PROBE_IDLE, BACK },
	{ PROBE_TAKEN, 0, PROBE_IN_PROVE, PROBE_TAKEN, 0 },
	{ PROBE_TAKEN, 0, PROBE_IN_TIMER, PROBE_IDLE, 0 },
	{ PROBE_TAKEN, 0, PROBE_IN_HEARD, PROBE_TAKEN, 0 },
	{ PROBE_TAKEN, 0, PROBE_IN_STOP, PROBE_IDLE, 0 },
	{ PROBE_ANNOUNCING, 1, PROBE_IN_TIMER, PROBE_OWNED, ANN },
	{ PROBE_ANNOUNCING, 1, PROBE_IN_HEARD, PROBE_DEFENDED, ANN | FOE },
	{ PROBE_ANNOUNCING, 1, PROBE_IN_PROVE, PROBE_ANNOUNCING, 0 },
	{ PROBE_ANNOUNCING, 1, PROBE_IN_STOP, PROBE_IDLE, 0 },
	{ PROBE_OWNED, 1, PROBE_IN_OWN, PROBE_ANNOUNCING, ANN },
	{ PROBE_OWNED, 1, PROBE_IN_TIMER, PROBE_OWNED, 0 },
	{ PROBE_OWNED, 1, PROBE_IN_HEARD, PROBE_DEFENDED, ANN | FOE },
	{ PROBE_OWNED, 1, PROBE_IN_STOP, PROBE_IDLE, 0 },
	{ PROBE_DEFENDED, 1, PROBE_IN_TIMER, PROBE_OWNED, 0 },
	{ PROBE_DEFENDED, 1, PROBE_IN_HEARD, PROBE_DEFENDED, 0 },
	{ PROBE_DEFENDED, 1, PROBE_IN_STOP, PROBE_IDLE, 0 },
};

static const mono_t	t0 = { 1000000000 };

static void
test_table(void)
{
	struct probe	p;
	unsigned int	act;
	size_t		i;

	for (i = 0; i < nitems(cases); i++) {
		memset(&p, 0, sizeof(p));
		p.state = (uint8_t)cases[i].state;
		p.sent = cases[i].sent;
		act = probe_event(&p, cases[i].input, t0);
		CHECK_NAMED(p.state == cases[i].want && act == cases[i].act,
		    probe_statename[cases[i].state]);
	}
}

/* Feed the timer when it is due; what was done, and when after t0 in ms. */
static unsigned int
tick(struct probe *p, int64_t *ms)
{
	mono_t	now = p->due;

	*ms = mono_diff_ms(now, t0);
	return (probe_event(p, PROBE_IN_TIMER, now));
}

static void
test_proof(void)
{
	struct probe	p;
	int64_t		ms;

	memset(&p, 0, sizeof(p));
	(void)probe_event(&p, PROBE_IN_PROVE, t0);
	CHECK(tick(&p, &ms) == SEND && ms == 0);
	CHECK(tick(&p, &ms) == SEND && ms == PROVE_GAP_MS);
	CHECK(tick(&p, &ms) == SEND && ms == 2 * PROVE_GAP_MS);
	CHECK(!probe_is_proven(&p) && probe_is_wanted(&p));
	CHECK(tick(&p, &ms) == YES && ms == 2 * PROVE_GAP_MS + PROVE_WAIT_MS);
	CHECK_NAMED(ms < 1000, "a first proof within a second");
	CHECK(probe_is_proven(&p) && probe_is_wanted(&p));
	CHECK(mono_diff_ms(p.until, t0) == ms + PROVE_VALID_MS);
	/* Renewal has RFC 5227's pace, and ends before the proof does. */
	CHECK(tick(&p, &ms) == SEND && probe_is_proven(&p));
	CHECK(tick(&p, &ms) == SEND && probe_is_proven(&p));
	CHECK(tick(&p, &ms) == SEND && probe_is_proven(&p));
	CHECK(mono_before(p.due, p.until));
	CHECK(tick(&p, &ms) == YES && p.state == PROBE_PROVEN);
	CHECK(mono_diff_ms(p.until, t0) == ms + PROVE_VALID_MS);
	CHECK(probe_event(&p, PROBE_IN_HEARD, p.due) == FOE);
	CHECK(!probe_is_wanted(&p));
	CHECK(tick(&p, &ms) == 0 && p.state == PROBE_IDLE);
	CHECK(p.due.us == MONO_NEVER.us);
}

static void
test_own(void)
{
	struct probe	p;
	int64_t		ms;
	mono_t		t;

	memset(&p, 0, sizeof(p));
	CHECK(probe_event(&p, PROBE_IN_OWN, t0) == ANN);
	CHECK(tick(&p, &ms) == ANN && ms == ANNOUNCE_INTERVAL_MS);
	CHECK(p.state == PROBE_OWNED && !probe_state_ends(p.state));
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

int
main(void)
{
	test_table();
	test_proof();
	test_own();
	test_bucket();
	return (unit_done());
}
