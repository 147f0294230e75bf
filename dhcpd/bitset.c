/* SPDX-License-Identifier: ISC */
/*
 * bitset.c: a set of small numbers in which the next one that is missing is
 * found in a few steps, however many there are: each word of a level is one
 * bit of the level above, set when the word is full.  What was never touched
 * takes no memory.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

static uint64_t
bit_of(uint32_t i)
{
	return (UINT64_C(1) << i % 64);
}

void
bitset_init(struct bitset *b, uint32_t n)
{
	uint32_t	words, i;

	memset(b, 0, sizeof(*b));
	b->n = n;
	do {
		words = n / 64 + (n % 64 != 0);
		b->level[b->levels] = xcalloc(words, sizeof(uint64_t));
		/* What is beyond the end is not missing. */
		for (i = n % 64; n % 64 != 0 && i < 64; i++)
			b->level[b->levels][words - 1] |= bit_of(i);
		b->levels++;
		n = words;
	} while (words > 1);
}

void
bitset_free(struct bitset *b)
{
	while (b->levels > 0)
		free(b->level[--b->levels]);
}

int
bitset_has(const struct bitset *b, uint32_t i)
{
	return ((b->level[0][i / 64] & bit_of(i)) != 0);
}

void
bitset_add(struct bitset *b, uint32_t i)
{
	unsigned int	level;

	for (level = 0; level < b->levels; level++, i /= 64) {
		b->level[level][i / 64] |= bit_of(i);
		if (b->level[level][i / 64] != UINT64_MAX)
			break;
	}
}

void
bitset_remove(struct bitset *b, uint32_t i)
{
	unsigned int	level;

	for (level = 0; level < b->levels; level++, i /= 64)
		b->level[level][i / 64] &= ~bit_of(i);
}

/* The missing bits of a word, from one of them on. */
static uint64_t
missing(const struct bitset *b, unsigned int level, uint32_t from)
{
	return (~b->level[level][from / 64] & UINT64_MAX << from % 64);
}

uint32_t
bitset_next(const struct bitset *b, uint32_t from)
{
	unsigned int	level = 0;
	uint32_t	size = b->n;
	uint64_t	word = 0;

	/* Up, until a word has one at or after this place. */
	for (; level < b->levels; level++) {
		if (from >= size)
			return (NONE);
		if ((word = missing(b, level, from)) != 0)
			break;
		from = from / 64 + 1;
		size = size / 64 + (size % 64 != 0);
	}
	if (word == 0)
		return (NONE);
	from = from / 64 * 64 + (uint32_t)__builtin_ctzll(word);
	/* And down again, to the first that is below it. */
	while (level-- > 0)
		from = from * 64 + (uint32_t)__builtin_ctzll(
		    missing(b, level, from * 64));
	return (from);
}
