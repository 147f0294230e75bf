/* SPDX-License-Identifier: ISC */
/*
 * ticket_test.c: every state with every input, and what the states permit.
 */
#include "bootward.h"
#include "unit.h"

#define L	TICKET_LOCAL
#define A	TICKET_ARMED
#define B	TICKET_BOOTING
#define I	TICKET_INSTALLING
#define D	TICKET_INSTALLED
#define F	TICKET_FAILED
#define E	TICKET_EXPIRED

/* Columns: firmware boot answer done failed install cancel timeout. */
static const enum ticket_state expected[TICKET_MAX][INPUT_MAX] = {
	[L] = { L, L, L, L, L, A, L, L },
	[A] = { A, B, I, A, A, A, L, E },
	[B] = { B, B, I, D, F, A, L, E },
	[I] = { F, I, I, D, F, A, L, E },
	[D] = { D, D, D, D, D, A, L, D },
	[F] = { F, F, F, F, F, A, L, F },
	[E] = { E, E, E, E, E, A, L, E },
};

static const char *const input_names[INPUT_MAX] = {
	[INPUT_FIRMWARE] = "firmware", [INPUT_BOOT] = "boot",
	[INPUT_ANSWER] = "answer", [INPUT_DONE] = "done",
	[INPUT_FAILED] = "failed", [INPUT_INSTALL] = "install",
	[INPUT_CANCEL] = "cancel", [INPUT_TIMEOUT] = "timeout",
};

/* Without the operator's install nothing ever leads back to the installer. */
static int
installs_again(enum ticket_state state)
{
	enum ticket_input	a, b, c;
	enum ticket_state	next;

	for (a = 0; a < INPUT_MAX; a++)
		for (b = 0; b < INPUT_MAX; b++)
			for (c = 0; c < INPUT_MAX; c++) {
				if (a == INPUT_INSTALL || b == INPUT_INSTALL ||
				    c == INPUT_INSTALL)
					continue;
				next = ticket_next(ticket_next(ticket_next(
				    state, a), b), c);
				if (ticket_installs(next))
					return (1);
			}
	return (0);
}

int
main(void)
{
	enum ticket_state	state;
	enum ticket_input	input;
	char			name[64];

	for (state = 0; state < TICKET_MAX; state++)
		for (input = 0; input < INPUT_MAX; input++) {
			(void)snprintf(name, sizeof(name), "%s x %s",
			    ticket_names[state], input_names[input]);
			CHECK_NAMED(ticket_next(state, input) ==
			    expected[state][input], name);
		}
	for (state = 0; state < TICKET_MAX; state++) {
		CHECK_NAMED(ticket_installs(state) ==
		    (state == A || state == B), ticket_names[state]);
		CHECK_NAMED(ticket_answers(state) ==
		    (state == A || state == B || state == I),
		    ticket_names[state]);
		if (state != A && state != B)
			CHECK_NAMED(!installs_again(state),
			    ticket_names[state]);
	}
	CHECK(ticket_next(TICKET_ARMED, INPUT_MAX) == TICKET_ARMED);
	CHECK(ticket_next(TICKET_MAX, INPUT_INSTALL) == TICKET_MAX);
	return (unit_done());
}
