/* SPDX-License-Identifier: ISC */
/*
 * net_test.c: Ethernet, IPv4 and UDP headers: round trips, and everything
 * that a frame can lie about.
 */
#include <stdlib.h>
#include <string.h>

#include "lib.h"
#include "unit.h"

static const struct frame	sample = {
	.dst_mac = { { 0x52, 0x54, 0, 0, 0, 1 } },
	.src_mac = { { 0x52, 0x54, 0, 0, 0, 2 } },
	.src = 0x0a4d0001, .dst = 0x0a4d0201, .sport = 67, .dport = 68
};

static uint8_t	octets[2048];

static size_t
build(const void *payload, size_t len)
{
	struct wbuf	b;

	memset(octets, 0, sizeof(octets));
	wbuf_init(&b, octets, sizeof(octets));
	frame_build(&b, &sample, payload, len);
	wbuf_copy(&b, payload, len);
	return (b.err ? 0 : b.len);
}

static int
parse(size_t len, struct frame *f, int csum_valid)
{
	/* A block of exactly this size: reading past it is seen by tools. */
	static uint8_t	*copy;
	struct buf	 in;

	free(copy);
	copy = malloc(len == 0 ? 1 : len);
	memcpy(copy, octets, len);
	buf_init(&in, copy, len);
	return (frame_parse(&in, f, csum_valid));
}

static void
test_round_trip(void)
{
	uint8_t		payload[1400];
	struct frame	f;
	size_t		len, n, bad = 0;

	for (n = 0; n < sizeof(payload); n++)
		payload[n] = (uint8_t)(n * 7 + 3);
	for (n = 0; n < sizeof(payload); n += 13) {
		len = build(payload, n);
		if (len != FRAME_HDRLEN + n || parse(len, &f, 1) == -1 ||
		    f.payload.len != n || f.src != sample.src ||
		    f.dst != sample.dst || f.sport != 67 || f.dport != 68 ||
		    !mac_equal(f.src_mac, sample.src_mac) ||
		    !mac_equal(f.dst_mac, sample.dst_mac) ||
		    (n > 0 && memcmp(f.payload.data, payload, n) != 0))
			bad++;
	}
	CHECK_NAMED(bad == 0, "what is built parses to the same:");
	len = build(payload, 300);
	CHECK_NAMED(parse(len + 18, &f, 1) == 0 && f.payload.len == 300,
	    "padding of the link is cut off:");
}

/* Every frame that is cut short is refused, whatever is left of it. */
static void
test_truncated(void)
{
	uint8_t		payload[64] = { 1 };
	struct frame	f;
	size_t		len = build(payload, sizeof(payload)), n, taken = 0;

	for (n = 0; n < len; n++)
		if (parse(n, &f, 1) == 0)
			taken++;
	CHECK(taken == 0);
}

/* One octet that is wrong anywhere is noticed, or does not matter. */
static void
test_flipped(void)
{
	uint8_t		payload[64] = { 1, 2, 3 };
	struct frame	f;
	size_t		len = build(payload, sizeof(payload)), i, taken = 0;

	for (i = 14; i < len; i++) {
		octets[i] ^= 0x40;
		if (parse(len, &f, 1) == 0)
			taken++;
		octets[i] ^= 0x40;
	}
	CHECK(taken == 0);
}

static void
set_ip_csum(void)
{
	uint16_t	csum;

	octets[24] = octets[25] = 0;
	csum = csum_fold(csum_add(0, octets + 14, (octets[14] & 0xfU) * 4));
	octets[24] = (uint8_t)(csum >> 8);
	octets[25] = (uint8_t)csum;
}

struct lie {
	const char	*name;
	size_t		 at;
	uint8_t		 value;
	int		 want;
};

/* Headers whose checksum is right and whose content is not. */
static void
test_lies(void)
{
	static const struct lie	lies[] = {
		{ "nothing", 15, 0, 0 },
		{ "ARP", 13, 6, -1 },
		{ "VLAN tag", 12, 0x81, -1 },
		{ "IP version 6", 14, 0x65, -1 },
		{ "header of 16 octets", 14, 0x44, -1 },
		{ "header longer than the packet", 14, 0x4f, -1 },
		{ "total length too long", 16, 0x40, -1 },
		{ "total length below the header", 17, 19, -1 },
		{ "more fragments", 20, 0x20, -1 },
		{ "fragment offset", 21, 1, -1 },
		{ "TCP", 23, 6, -1 },
		{ "UDP length too long", 38, 0x40, -1 },
		{ "UDP length below its header", 39, 7, -1 },
	};
	uint8_t			payload[40] = { 9 };
	struct frame		f;
	size_t			i, len;

	for (i = 0; i < nitems(lies); i++) {
		len = build(payload, sizeof(payload));
		octets[lies[i].at] = lies[i].value;
		set_ip_csum();
		CHECK_NAMED(parse(len, &f, 0) == lies[i].want, lies[i].name);
	}
}

static void
test_checksums(void)
{
	uint8_t		payload[33] = { 5, 6, 7 };
	struct frame	f;
	size_t		len = build(payload, sizeof(payload));

	octets[40] ^= 1;
	CHECK(parse(len, &f, 1) == -1);
	CHECK(parse(len, &f, 0) == 0);
	octets[40] = octets[41] = 0;
	CHECK(parse(len, &f, 1) == 0);
	CHECK(csum_fold(0) == 0xffff);
	CHECK(csum_fold(csum_add(0, (const uint8_t *)"\x00\x01\xf2\x03\xf4"
	    "\xf5\xf6\xf7", 8)) == (uint16_t)~0xddf2);
}

/* An IP header with options is longer; the payload is found all the same. */
static void
test_ip_options(void)
{
	uint8_t		payload[20] = { 1, 2, 3, 4 };
	struct frame	f;
	size_t		len = build(payload, sizeof(payload));

	memmove(octets + 38, octets + 34, len - 34);
	memset(octets + 34, 1, 4);
	octets[14] = 0x46;
	octets[17] = (uint8_t)(octets[17] + 4);
	set_ip_csum();
	CHECK(parse(len + 4, &f, 1) == 0 && f.payload.len == sizeof(payload) &&
	    memcmp(f.payload.data, payload, sizeof(payload)) == 0);
}

static void
test_no_room(void)
{
	uint8_t		small[FRAME_HDRLEN - 1];
	struct wbuf	b;

	wbuf_init(&b, small, sizeof(small));
	frame_build(&b, &sample, small, 0);
	CHECK(b.err);
	wbuf_init(&b, octets, sizeof(octets));
	frame_build(&b, &sample, octets, 65535);
	CHECK(b.err);
}

int
main(void)
{
	test_round_trip();
	test_truncated();
	test_flipped();
	test_lies();
	test_checksums();
	test_ip_options();
	test_no_room();
	return (unit_done());
}
