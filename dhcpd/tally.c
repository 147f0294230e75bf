/* SPDX-License-Identifier: ISC */
/*
 * tally.c: how many leases each port of each relay agent has.  An entry is
 * 40 bits of a keyed hash and a count of 24, so that a million ports take
 * 16 MiB at most; counted only where a limit is configured.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define COUNT_BITS	24
#define COUNT_MASK	((UINT64_C(1) << COUNT_BITS) - 1)
#define ENTRIES_MIN	256

enum { RELAY_CIRCUIT = 1, RELAY_REMOTE = 2 };

uint64_t
tally_key(const uint64_t seed[2], const uint8_t *relay, size_t len)
{
	struct buf	in, value;
	struct wbuf	w;
	uint8_t		code, key[2 * UINT8_MAX];
	int		has_circuit = 0;

	wbuf_init(&w, key, sizeof(key));
	buf_init(&in, relay, len);
	while (buf_left(&in) > 0) {
		code = buf_u8(&in);
		if (buf_sub(&in, &value, buf_u8(&in)) == -1)
			break;
		if (code != RELAY_CIRCUIT && code != RELAY_REMOTE)
			continue;
		has_circuit |= code == RELAY_CIRCUIT;
		wbuf_u8(&w, code);
		wbuf_u8(&w, (uint8_t)value.len);
		wbuf_copy(&w, value.data, value.len);
	}
	if (has_circuit && !w.err)
		return (siphash(seed, w.data, w.len) | COUNT_MASK);
	return (siphash(seed, relay, len) | COUNT_MASK);
}

/* Where a port is, or would be: linear probing. */
static uint32_t
tally_find(const struct tally *t, uint64_t key)
{
	uint32_t	i = (uint32_t)(key >> 32) & t->mask;

	while (t->entry[i] != 0 && (t->entry[i] | COUNT_MASK) != key)
		i = (i + 1) & t->mask;
	return (i);
}

static int
tally_grow(struct tally *t)
{
	struct tally	 old = *t;
	uint32_t	 i, n;

	if (old.entry != NULL && old.used < old.mask / 4 * 3)
		return (0);
	n = old.entry == NULL ? ENTRIES_MIN : 2 * (old.mask + 1);
	if ((t->entry = calloc(n, sizeof(*t->entry))) == NULL) {
		t->entry = old.entry;
		return (-1);
	}
	t->mask = n - 1;
	for (i = 0; old.entry != NULL && i <= old.mask; i++)
		if (old.entry[i] != 0)
			t->entry[tally_find(t, old.entry[i] | COUNT_MASK)] =
			    old.entry[i];
	free(old.entry);
	return (0);
}

/* Take an entry out, and let those that follow it close the gap. */
static void
tally_remove(struct tally *t, uint32_t gap)
{
	uint32_t	i = gap, home;

	t->used--;
	t->entry[gap] = 0;
	while (t->entry[i = (i + 1) & t->mask] != 0) {
		home = (uint32_t)(t->entry[i] >> 32) & t->mask;
		if (((i - home) & t->mask) < ((i - gap) & t->mask))
			continue;
		t->entry[gap] = t->entry[i];
		t->entry[i] = 0;
		gap = i;
	}
}

void
tally_add(struct tally *t, uint64_t key, int sign)
{
	uint32_t	i;

	if (!t->on || (sign > 0 && tally_grow(t) == -1) || t->entry == NULL)
		return;
	i = tally_find(t, key);
	if (sign < 0) {
		if (t->entry[i] == 0)
			return;
		if ((--t->entry[i] & COUNT_MASK) == 0)
			tally_remove(t, i);
		return;
	}
	if (t->entry[i] == 0) {
		t->entry[i] = key & ~COUNT_MASK;
		t->used++;
	}
	if ((t->entry[i] & COUNT_MASK) < COUNT_MASK)
		t->entry[i]++;
}

uint32_t
tally_count(const struct tally *t, uint64_t key)
{
	if (t->entry == NULL)
		return (0);
	return ((uint32_t)(t->entry[tally_find(t, key)] & COUNT_MASK));
}

void
tally_reset(struct tally *t, int on)
{
	free(t->entry);
	memset(t, 0, sizeof(*t));
	t->on = on;
}
