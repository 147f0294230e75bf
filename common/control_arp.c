/* SPDX-License-Identifier: ISC */
/*
 * control_arp.c: "show arp".  arpd is asked for a part of its table, which
 * goes to the reader, and for the next part when he has read it: nobody keeps
 * the whole table, and a reader who takes his time holds up himself.
 */
#include "control.h"

#define ARP_MS		3000		/* for a part */
#define ARP_PART_MAX	65536		/* rows; arpd sends a few hundred */
#define ARP_ROWS_MAX	(1U << 21)	/* more than arpd can have */

/* Ask for the next part, which sends the session on when it comes. */
static int
arp_ask(struct session *s)
{
	const struct msg_cursor	from = { .next = (uint32_t)s->cursor };

	s->more = NULL;
	s->part = 0;
	s->deadline = mono_add_ms(clock_now(), ARP_MS);
	if (proc_send(PROC_ARPD, MSG_ARP_ASK, s->id, -1, &from,
	    sizeof(from)) == -1)
		session_refuse(s, "arpd does not run");
	return (1);
}

void
ctl_show_arp(struct session *s)
{
	s->busy = ARP;
	s->cursor = 0;
	s->rows = 0;
	(void)arp_ask(s);
}

void
arp_lost(struct session *s)
{
	if (s->more != NULL)
		s->gone = 1;		/* it is the reader who does not read */
	else
		session_refuse(s, child.link[PROC_ARPD] == NULL ?
		    "arpd does not run" : "arpd does not answer");
}

void
control_arp(uint32_t id, const struct ctl_arp *rows, size_t n)
{
	struct session	*s = session_find(id, ARP);

	if (id == 0 || s == NULL || s->more != NULL)
		return;
	s->rows += n;
	s->part += n;
	if (s->part > ARP_PART_MAX || s->rows > ARP_ROWS_MAX)
		session_refuse(s, "arpd says too much");
	else
		session_send(s, MSG_CTL_ARP, rows, n * sizeof(*rows));
}

/* The end of a part, and where the next one begins; 0: it was the last. */
void
control_arp_end(uint32_t id, uint32_t next)
{
	struct session	*s = session_find(id, ARP);

	if (id == 0 || s == NULL || s->more != NULL)
		return;
	if (next == 0)
		session_end(s, 0, "");
	else if (next <= s->cursor)
		session_refuse(s, "arpd says the same again");
	else {
		s->cursor = next;
		session_go_on(s, arp_ask);
	}
}
