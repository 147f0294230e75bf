/* SPDX-License-Identifier: ISC */
/*
 * output_arp.c: arpd's table comes in no order, and what changes meanwhile may
 * come twice; it is shown by address, each address once.
 */
#include <stdlib.h>
#include <string.h>

#include "output.h"

const char *const arp_source_names[ARP_SOURCES] = {
#define A(tag, name)	[ARP_SOURCE_##tag] = name,
	ARP_SOURCE_LIST(A)
#undef A
};

const char *const stand_names[STAND_MAX] = {
	[STAND_UNSEEN] = "unseen",
	[STAND_OWNER] = "owner",
	[STAND_OTHER] = "other",
};

static struct ctl_arp	*rows;
static size_t		 nrows, room;

void
arp_take(const struct ctl_arp *row, size_t n)
{
	while (room - nrows < n) {
		room = room == 0 ? 1024 : 2 * room;
		rows = xreallocarray(rows, room, sizeof(*rows));
	}
	memcpy(&rows[nrows], row, n * sizeof(*row));
	nrows += n;
}

/* Of one address what was heard last comes first. */
static int
arp_compare(const void *a, const void *b)
{
	const struct ctl_arp	*x = a, *y = b;
	const int64_t		 xs = x->last_s == -1 ? INT64_MAX : x->last_s;
	const int64_t		 ys = y->last_s == -1 ? INT64_MAX : y->last_s;

	if (x->addr != y->addr)
		return (x->addr < y->addr ? -1 : 1);
	return (xs < ys ? -1 : xs > ys);
}

void
arp_end(const struct output *out)
{
	size_t	i;

	if (nrows > 0)
		qsort(rows, nrows, sizeof(*rows), arp_compare);
	for (i = 0; i < nrows; i++)
		if (i == 0 || rows[i].addr != rows[i - 1].addr)
			out->arp(&rows[i]);
	free(rows);
	rows = NULL;
	nrows = room = 0;
}
