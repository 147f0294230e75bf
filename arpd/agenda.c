/* SPDX-License-Identifier: ISC */
/*
 * agenda.c: probes by the time that they are due at: a heap in an array, the
 * soonest on top, four below each.  It has its own copy of the time, so that
 * probes need not be looked at.  dhcpd's leases are in a heap, too, but of
 * 8 octets each and by the second: there may be millions of them.
 */
#include "arpd.h"

#define AGENDA_MIN	64

struct appointment {
	mono_t		 due;
	struct probe	*probe;
};

static void
agenda_set(struct agenda *a, uint32_t at, struct appointment x)
{
	a->at[at] = x;
	x.probe->place = at + 1;
}

/* The soonest of those below, or what is beyond the end. */
static uint32_t
agenda_below(const struct agenda *a, uint32_t at)
{
	uint32_t	first = 4 * at + 1, best = first, i;

	for (i = first + 1; i < first + 4 && i < a->n; i++)
		if (mono_before(a->at[i].due, a->at[best].due))
			best = i;
	return (best);
}

/* Move one to where its time puts it. */
static void
agenda_settle(struct agenda *a, uint32_t at)
{
	const struct appointment	x = a->at[at];
	uint32_t			below;

	for (; at > 0 && mono_before(x.due, a->at[(at - 1) / 4].due);
	    at = (at - 1) / 4)
		agenda_set(a, at, a->at[(at - 1) / 4]);
	while ((below = agenda_below(a, at)) < a->n &&
	    mono_before(a->at[below].due, x.due)) {
		agenda_set(a, at, a->at[below]);
		at = below;
	}
	agenda_set(a, at, x);
}

void
agenda_put(struct agenda *a, struct probe *p)
{
	if (a->n == a->size) {
		a->size = a->size == 0 ? AGENDA_MIN : 2 * a->size;
		a->at = xreallocarray(a->at, a->size, sizeof(*a->at));
	}
	a->at[a->n] = (struct appointment){ .due = p->due, .probe = p };
	agenda_settle(a, a->n++);
}

void
agenda_remove(struct agenda *a, struct probe *p)
{
	const uint32_t	at = p->place - 1;

	p->place = 0;
	if (at == --a->n)
		return;
	agenda_set(a, at, a->at[a->n]);
	agenda_settle(a, at);
}

struct probe *
agenda_first(const struct agenda *a)
{
	return (agenda_at(a, 0));
}

struct probe *
agenda_at(const struct agenda *a, uint32_t i)
{
	return (i < a->n ? a->at[i].probe : NULL);
}
