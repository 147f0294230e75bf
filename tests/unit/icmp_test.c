/* SPDX-License-Identifier: ISC */
/*
 * icmp_test.c: our own echo requests as RFC 792 has them, and which answers
 * are taken for one to them.
 */
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

#define ADDR	0x0a630064		/* 10.99.0.100 */
#define IP_LEN	20

static const struct echo_key	key = { { 0x0123456789abcdef, 42 }, 0x1234 };

/* What a raw socket gives when the machine at src returns the question. */
static size_t
answer(uint8_t data[128], const struct echo_key *of, uint32_t asked,
    uint32_t src)
{
	struct wbuf	out;

	wbuf_init(&out, data, 128);
	wbuf_u8(&out, 0x45);
	wbuf_u8(&out, 0);
	wbuf_u16(&out, IP_LEN + ICMP_ECHO_LEN);
	wbuf_u16(&out, 0);
	wbuf_u16(&out, 0x4000);		/* don't fragment */
	wbuf_u8(&out, 64);
	wbuf_u8(&out, 1);
	wbuf_u16(&out, 0);
	wbuf_u32(&out, src);
	wbuf_u32(&out, 0x0a4d0001);
	icmp_build_echo(&out, of, asked, 7);
	data[IP_LEN] = 0;		/* the answer's type, and its sum */
	data[IP_LEN + 2] = data[IP_LEN + 3] = 0;
	wbuf_set_u16(&out, IP_LEN + 2, csum_fold(csum_add(0, data + IP_LEN,
	    ICMP_ECHO_LEN)));
	return (out.len);
}

static int
parse(const uint8_t *data, size_t len, uint32_t *addr)
{
	struct buf	in;

	buf_init(&in, data, len);
	return (icmp_parse_reply(&in, &key, addr));
}

static void
test_build(void)
{
	uint8_t		data[64], other[64];
	struct wbuf	out;

	wbuf_init(&out, data, sizeof(data));
	icmp_build_echo(&out, &key, ADDR, 7);
	CHECK(!out.err && out.len == ICMP_ECHO_LEN);
	CHECK_NAMED(data[0] == 8 && data[1] == 0, "type and code:");
	CHECK_NAMED(data[4] == 0x12 && data[5] == 0x34 && data[6] == 0 &&
	    data[7] == 7, "identifier and sequence:");
	CHECK_NAMED(csum_fold(csum_add(0, data, ICMP_ECHO_LEN)) == 0,
	    "checksum:");
	wbuf_init(&out, other, sizeof(other));
	icmp_build_echo(&out, &key, ADDR + 1, 7);
	CHECK_NAMED(memcmp(data + 8, other + 8, 16) != 0,
	    "the data is of whom it asks:");
	CHECK(memcmp(data + 8, data + 16, 8) != 0);
	wbuf_init(&out, other, ICMP_ECHO_LEN - 1);
	icmp_build_echo(&out, &key, ADDR, 7);
	CHECK(out.err);
}

/* One octet of an answer that is wrong; sums are made right again. */
static const struct {
	const char	*name;
	size_t		 at;
	uint8_t		 octet;
	int		 resum;
} wrongs[] = {
	{ "IPv6", 0, 0x65, 0 },
	{ "a header of 16 octets", 0, 0x44, 0 },
	{ "a header beyond the end", 0, 0x4f, 0 },
	{ "a length beyond the end", 3, 200, 0 },
	{ "a length below the header", 3, 19, 0 },
	{ "a fragment", 7, 1, 0 },
	{ "more fragments", 6, 0x20, 0 },
	{ "UDP", 9, 17, 0 },
	{ "another sender", 15, 0x65, 0 },
	{ "a question", IP_LEN, 8, 1 },
	{ "unreachable", IP_LEN, 3, 1 },
	{ "a code", IP_LEN + 1, 1, 1 },
	{ "a wrong sum", IP_LEN + 2, 0xff, 0 },
	{ "another identifier", IP_LEN + 4, 0x13, 1 },
	{ "another sequence", IP_LEN + 7, 8, 1 },
	{ "other data", IP_LEN + 8, 0xee, 1 },
	{ "other data at the end", IP_LEN + 23, 0xee, 1 },
};

static void
test_parse(void)
{
	struct echo_key	other = key;
	uint8_t		data[128];
	uint32_t	addr = 0;
	size_t		len, i;
	uint16_t	sum;

	len = answer(data, &key, ADDR, ADDR);
	CHECK(parse(data, len, &addr) == 0 && addr == ADDR);
	CHECK_NAMED(parse(data, len + 10, &addr) == 0, "padding:");
	for (i = 0; i < len; i++)
		if (parse(data, i, &addr) == 0)
			break;
	CHECK_NAMED(i == len, "cut off:");
	for (i = 0; i < nitems(wrongs); i++) {
		len = answer(data, &key, ADDR, ADDR);
		data[wrongs[i].at] = wrongs[i].octet;
		if (wrongs[i].resum) {
			data[IP_LEN + 2] = data[IP_LEN + 3] = 0;
			sum = csum_fold(csum_add(0, data + IP_LEN,
			    ICMP_ECHO_LEN));
			data[IP_LEN + 2] = (uint8_t)(sum >> 8);
			data[IP_LEN + 3] = (uint8_t)sum;
		}
		CHECK_NAMED(parse(data, len, &addr) == -1, wrongs[i].name);
	}
	len = answer(data, &key, ADDR, ADDR + 1);
	CHECK_NAMED(parse(data, len, &addr) == -1, "asked of another one:");
	other.key[1]++;
	len = answer(data, &other, ADDR, ADDR);
	CHECK_NAMED(parse(data, len, &addr) == -1, "made up:");
}

int
main(void)
{
	test_build();
	test_parse();
	return (unit_done());
}
