/* SPDX-License-Identifier: ISC */
/*
 * ticket.c: the install ticket as a pure state machine.  One table says what
 * every input does in every state, so that dhcpd, tftpd, ksd and the store
 * can never disagree about where a machine is sent.
 *
 * What the table is careful about:
 * - A machine that shows its firmware while it was installing has rebooted
 *   without saying done: it failed, and boots its own disk.  Firmware that
 *   asks twice before its installer ran (retries, iPXE after the ROM) is the
 *   same boot, and changes nothing.
 * - An image without an answer file is never seen asking for it, so done and
 *   failed also count from a machine that is booting.  From one that is only
 *   armed they are left over from an earlier ticket.
 * - An armed machine may ask for its answer without a loader of ours, from a
 *   USB stick for example: it is installing all the same.
 * - Only install leads out of the rest and end states into armed.
 */
#include "bootward.h"

/* Inputs that a state does not mention leave it as it is. */
#define SAME	TICKET_MAX

#define STAYS								\
	[INPUT_FIRMWARE] = SAME, [INPUT_BOOT] = SAME,			\
	[INPUT_ANSWER] = SAME, [INPUT_DONE] = SAME,			\
	[INPUT_FAILED] = SAME, [INPUT_TIMEOUT] = SAME,			\
	[INPUT_INSTALL] = TICKET_ARMED, [INPUT_CANCEL] = TICKET_LOCAL

static const enum ticket_state moves[TICKET_MAX][INPUT_MAX] = {
	[TICKET_LOCAL] = { STAYS },
	[TICKET_ARMED] = {
		[INPUT_FIRMWARE] = SAME,
		[INPUT_BOOT] = TICKET_BOOTING,
		[INPUT_ANSWER] = TICKET_INSTALLING,
		[INPUT_DONE] = SAME,
		[INPUT_FAILED] = SAME,
		[INPUT_INSTALL] = TICKET_ARMED,
		[INPUT_CANCEL] = TICKET_LOCAL,
		[INPUT_TIMEOUT] = TICKET_EXPIRED,
	},
	[TICKET_BOOTING] = {
		[INPUT_FIRMWARE] = SAME,
		[INPUT_BOOT] = SAME,
		[INPUT_ANSWER] = TICKET_INSTALLING,
		[INPUT_DONE] = TICKET_INSTALLED,
		[INPUT_FAILED] = TICKET_FAILED,
		[INPUT_INSTALL] = TICKET_ARMED,
		[INPUT_CANCEL] = TICKET_LOCAL,
		[INPUT_TIMEOUT] = TICKET_EXPIRED,
	},
	[TICKET_INSTALLING] = {
		[INPUT_FIRMWARE] = TICKET_FAILED,
		[INPUT_BOOT] = SAME,
		[INPUT_ANSWER] = SAME,
		[INPUT_DONE] = TICKET_INSTALLED,
		[INPUT_FAILED] = TICKET_FAILED,
		[INPUT_INSTALL] = TICKET_ARMED,
		[INPUT_CANCEL] = TICKET_LOCAL,
		[INPUT_TIMEOUT] = TICKET_EXPIRED,
	},
	[TICKET_INSTALLED] = { STAYS },
	[TICKET_FAILED] = { STAYS },
	[TICKET_EXPIRED] = { STAYS },
};

enum ticket_state
ticket_next(enum ticket_state state, enum ticket_input input)
{
	if (state >= TICKET_MAX || input >= INPUT_MAX ||
	    moves[state][input] == SAME)
		return (state);
	return (moves[state][input]);
}

int
ticket_installs(enum ticket_state state)
{
	return (state == TICKET_ARMED || state == TICKET_BOOTING);
}

int
ticket_answers(enum ticket_state state)
{
	return (ticket_installs(state) || state == TICKET_INSTALLING);
}
