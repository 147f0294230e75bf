/* SPDX-License-Identifier: ISC */
/*
 * siphash.c: SipHash-1-3 (Aumasson and Bernstein, 2012): short and fast, and
 * for who does not know the key no two inputs are more likely than others to
 * have one hash.
 */
#include <string.h>

#include "lib.h"

static inline uint64_t
rotate(uint64_t x, int n)
{
	return (x << n | x >> (64 - n));
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t
siphash(const uint64_t key[2], const void *data, size_t len)
{
	const uint8_t	*p = data;
	uint64_t	 v[4] = {
		key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573)
	};
	uint64_t	 word, last = (uint64_t)len << 56;
	size_t		 left;

	for (left = len; left >= sizeof(word); left -= sizeof(word)) {
		memcpy(&word, p + (len - left), sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	if (left > 0)
		memcpy(&word, p + (len - left), left);
	sip_word(v, last | word);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return (v[0] ^ v[1] ^ v[2] ^ v[3]);
}
