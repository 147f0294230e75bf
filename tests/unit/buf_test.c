/* SPDX-License-Identifier: ISC */
/*
 * buf_test: reading and writing never leave their bounds, and errors stick.
 */
#include <string.h>

#include "lib.h"
#include "unit.h"

static void
reading(void)
{
	static const uint8_t	bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	uint8_t			copy[4] = { 9, 9, 9, 9 };
	struct buf		b, sub;

	buf_init(&b, bytes, sizeof(bytes));
	CHECK(buf_u8(&b) == 1);
	CHECK(buf_u16(&b) == 0x0203);
	CHECK(buf_u32(&b) == 0x04050607);
	CHECK(buf_left(&b) == 3 && !b.err);
	CHECK(buf_sub(&b, &sub, 2) == 0);
	CHECK(buf_left(&b) == 1 && buf_left(&sub) == 2);
	CHECK(buf_u8(&sub) == 8 && buf_u8(&sub) == 9);
	CHECK(buf_u8(&sub) == 0 && sub.err && !b.err);
	CHECK(buf_u16(&b) == 0 && b.err);
	/* The last octet would fit, but the error stays. */
	CHECK(buf_u8(&b) == 0);
	buf_copy(&b, copy, sizeof(copy));
	CHECK(memcmp(copy, "\0\0\0\0", 4) == 0);
	CHECK(buf_sub(&b, &sub, 0) == -1 && buf_left(&sub) == 0);

	buf_init(&b, bytes, sizeof(bytes));
	CHECK(buf_ptr(&b, SIZE_MAX) == NULL && b.err);
	buf_init(&b, bytes, sizeof(bytes));
	buf_skip(&b, sizeof(bytes));
	CHECK(!b.err && buf_left(&b) == 0);
	buf_skip(&b, 1);
	CHECK(b.err);
	buf_init(&b, NULL, 0);
	CHECK(buf_u32(&b) == 0 && b.err);
}

static void
writing(void)
{
	uint8_t		room[10];
	struct wbuf	b;

	memset(room, 0xee, sizeof(room));
	wbuf_init(&b, room, 8);
	wbuf_u8(&b, 1);
	wbuf_u16(&b, 0x0203);
	wbuf_u32(&b, 0x04050607);
	CHECK(!b.err && b.len == 7);
	CHECK(memcmp(room, "\1\2\3\4\5\6\7", 7) == 0);
	wbuf_u16(&b, 0xffff);
	CHECK(b.err && b.len == 7);
	wbuf_u8(&b, 8);
	CHECK(b.len == 7 && room[7] == 0xee && room[8] == 0xee);

	wbuf_init(&b, room, sizeof(room));
	wbuf_str(&b, "ab");
	wbuf_zero(&b, 2);
	wbuf_set_u16(&b, 2, 0x4142);
	CHECK(!b.err && memcmp(room, "abAB", 4) == 0);
	wbuf_set_u16(&b, 3, 0);
	CHECK(b.err);
	wbuf_init(&b, room, sizeof(room));
	wbuf_set_u16(&b, 0, 0);
	CHECK(b.err);

	wbuf_init(&b, room, sizeof(room));
	wbuf_printf(&b, "%d-%s", 12, "x");
	CHECK(!b.err && b.len == 4 && memcmp(room, "12-x", 4) == 0);
	wbuf_printf(&b, "%s", "too long for it");
	CHECK(b.err && b.len == 4);
}

static void
texts(void)
{
	static const char *const	bad_macs[] = { "", "52:54:00:00:00",
	    "52:54:00:00:00:0g", "52:54:00:00:00:01:", "525400000001",
	    "52.54.00.00.00.01", "52:54:00:00:00:0" };
	static const char *const	bad_addrs[] = { "", "10.77.0", "10.77.0.256",
	    "10.77.0.1 ", "010.1.1.1.1", "10.77.0.1/8", "a" };
	char				text[MAC_STRLEN], addr[ADDR_STRLEN], hex[9];
	struct mac			mac;
	uint32_t			a;
	size_t				i;

	CHECK(mac_parse("52:54:00:AB:cd:01", &mac) == 0);
	CHECK(strcmp(mac_str(mac, text), "52:54:00:ab:cd:01") == 0);
	CHECK(mac_parse("52-54-00-ab-cd-01", &mac) == 0);
	CHECK(mac_is_unicast(mac));
	for (i = 0; i < nitems(bad_macs); i++)
		CHECK_NAMED(mac_parse(bad_macs[i], &mac) == -1, bad_macs[i]);
	CHECK(mac_parse("01:00:5e:00:00:01", &mac) == 0 && !mac_is_unicast(mac));
	CHECK(mac_parse("00:00:00:00:00:00", &mac) == 0 && !mac_is_unicast(mac));
	CHECK(addr_parse("10.77.2.1", &a) == 0 && a == 0x0a4d0201);
	CHECK(strcmp(addr_str(a, addr), "10.77.2.1") == 0);
	for (i = 0; i < nitems(bad_addrs); i++)
		CHECK_NAMED(addr_parse(bad_addrs[i], &a) == -1, bad_addrs[i]);
	CHECK(prefix_mask(0) == 0 && prefix_mask(32) == UINT32_MAX);
	CHECK(prefix_mask(16) == 0xffff0000);
	CHECK(name_is_ldh("web-1.example"));
	CHECK(!name_is_ldh("") && !name_is_ldh("-a") && !name_is_ldh("a b"));
	CHECK(!name_is_ldh("a\nb") && !name_is_ldh("a$b") && !name_is_ldh(".a"));
	CHECK(name_is_ldh("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	CHECK(!name_is_ldh("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	hex_encode((const uint8_t *)"\x00\xff\x1a\xb2", 4, hex);
	CHECK(strcmp(hex, "00ff1ab2") == 0);
}

static void
clocks(void)
{
	mono_t	a = clock_now(), b = mono_add_ms(a, 1500);

	CHECK(mono_before(a, b) && !mono_before(b, a) && !mono_before(a, a));
	CHECK(mono_diff_ms(b, a) == 1500 && mono_diff_us(a, b) == -1500000);
	CHECK(mono_add_s(a, 2).us == a.us + 2000000);
	CHECK(clock_wall_of(MONO_NEVER) == INT64_MAX);
	CHECK(clock_wall_of(clock_now()) - clock_wall() <= 1);
	CHECK(!mono_before(clock_now(), a));
}

int
main(void)
{
	reading();
	writing();
	texts();
	clocks();
	return (unit_done());
}
