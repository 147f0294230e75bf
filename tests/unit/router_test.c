/* SPDX-License-Identifier: ISC */
/*
 * router_test.c: which ICMPv6 of routers, and to them, is valid; what ours
 * looks like octet for octet; who is answered, and how often.
 */
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

#define ICMP		54		/* where ICMPv6 begins */
#define FIXED		1		/* the checksum is right again */
#define ROOM		256

static const struct mac us = { { 0x52, 0x54, 0, 0, 0, 1 } };

/* A solicitation of 52:54:00:00:00:09, with that as an option. */
static const uint8_t solicit[] = {
	0x33, 0x33, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 9, 0x86, 0xdd,
	0x60, 0, 0, 0, 0, 16, 58, 255,				/* 14 */
	0xfe, 0x80, 0, 0, 0, 0, 0, 0,				/* 22 */
	0x50, 0x54, 0, 0xff, 0xfe, 0, 0, 9,
	0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,	/* 38 */
	133, 0, 0xda, 0x73, 0, 0, 0, 0,				/* 54 */
	1, 1, 0x52, 0x54, 0, 0, 0, 9,				/* 62 */
};

/* One octet changed, and whether it is still a solicitation. */
static const struct {
	const char	*name;
	size_t		 off;
	uint8_t		 value;
	int		 fixed;
	int		 want;
} solicits[] = {
	{ "as it is",			0,  0x33, 0, 0 },
	{ "to us alone",		0,  0x52, 0, 0 },
	{ "from a group",		6,  0x53, 0, -1 },
	{ "not IPv6",			12, 0x08, 0, -1 },
	{ "version 4",			14, 0x40, 0, -1 },
	{ "version 7",			14, 0x70, 0, -1 },
	{ "a traffic class",		14, 0x6c, 0, 0 },
	{ "longer than it is",		19, 17, FIXED, -1 },
	{ "much longer than it is",	18, 1, FIXED, -1 },
	{ "half an option",		19, 12, FIXED, -1 },
	{ "an octet of an option",	19, 9, FIXED, -1 },
	{ "no option",			19, 8, FIXED, 0 },
	{ "too short",			19, 7, FIXED, -1 },
	{ "no more than a type",	19, 1, FIXED, -1 },
	{ "nothing",			19, 0, 0, -1 },
	{ "a fragment",			20, 44, 0, -1 },
	{ "hop-by-hop options",		20, 0, 0, -1 },
	{ "UDP",			20, 17, FIXED, -1 },
	{ "from elsewhere",		21, 254, 0, -1 },
	{ "hop limit 0",		21, 0, 0, -1 },
	{ "a global source",		22, 0x20, FIXED, 0 },
	{ "a group as source",		22, 0xff, FIXED, -1 },
	{ "another type",		54, 135, FIXED, -1 },
	{ "type 0",			54, 0, FIXED, -1 },
	{ "a code",			55, 1, FIXED, -1 },
	{ "a wrong checksum",		57, 0x76, 0, -1 },
	{ "a wrong octet",		69, 8, 0, -1 },
	{ "reserved bits",		58, 0xff, FIXED, 0 },
	{ "another option",		62, 14, FIXED, 0 },
	{ "an option of no length",	63, 0, FIXED, -1 },
	{ "an option too long",		63, 2, FIXED, -1 },
};

/* An advertisement of 52:54:00:00:00:05 up to its options. */
static const uint8_t advert[] = {
	0x33, 0x33, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 5, 0x86, 0xdd,
	0x60, 0, 0, 0, 0, 16, 58, 255,				/* 14 */
	0xfe, 0x80, 0, 0, 0, 0, 0, 0,				/* 22 */
	0x50, 0x54, 0, 0xff, 0xfe, 0, 0, 5,
	0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,	/* 38 */
	134, 0, 0, 0, 64, 0, 0, 0,				/* 54 */
	0, 0, 0, 0, 0, 0, 0, 0,					/* 62 */
};

/* One octet changed, options added, and what then is made of it. */
static const struct {
	const char	*name;
	size_t		 off;
	uint8_t		 value;
	uint8_t		 option, units;
	int		 want;
	int		 serves;
	uint16_t	 lifetime;
} adverts[] = {
	{ "no router",		0, 0x33, 0, 0,		0, 0, 0 },
	{ "a router",		61, 30, 0, 0,		0, 1, 30 },
	{ "for 18 hours",	60, 0xff, 0, 0,		0, 1, 0xff00 },
	{ "managed",		59, 0x80, 0, 0,		0, 1, 0 },
	{ "other",		59, 0x40, 0, 0,		0, 1, 0 },
	{ "a preference",	59, 0x08, 0, 0,		0, 0, 0 },
	{ "its address",	0, 0x33, 1, 1,		0, 0, 0 },
	{ "an MTU",		0, 0x33, 5, 1,		0, 0, 0 },
	{ "a prefix",		0, 0x33, 3, 4,		0, 1, 0 },
	{ "a route",		0, 0x33, 24, 2,		0, 1, 0 },
	{ "a name server",	0, 0x33, 25, 3,		0, 1, 0 },
	{ "a router's address",	61, 30, 1, 1,		0, 1, 30 },
	{ "no length",		0, 0x33, 3, 0,		-1, 0, 0 },
	{ "another source",	22, 0x20, 0, 0,		-1, 0, 0 },
	{ "nearly link-local",	23, 0xc0, 0, 0,		-1, 0, 0 },
	{ "all of link-local",	23, 0xbf, 0, 0,		0, 0, 0 },
	{ "from elsewhere",	21, 64, 0, 0,		-1, 0, 0 },
	{ "a code",		55, 1, 0, 0,		-1, 0, 0 },
	{ "too short",		19, 15, 0, 0,		-1, 0, 0 },
	{ "a solicitation's",	19, 8, 0, 0,		-1, 0, 0 },
};

/* Make the checksum right for what the header says is the length. */
static void
fix(uint8_t *frame, size_t len)
{
	const size_t	n = (size_t)frame[18] << 8 | frame[19];
	uint32_t	sum;

	if (ICMP + n > len)
		return;
	frame[ICMP + 2] = frame[ICMP + 3] = 0;
	sum = csum_add((uint32_t)n + frame[20], frame + 22, 32);
	sum = csum_fold(csum_add(sum, frame + ICMP, n));
	frame[ICMP + 2] = (uint8_t)(sum >> 8);
	frame[ICMP + 3] = (uint8_t)sum;
}

static int
parse(const uint8_t *data, size_t len, struct router_msg *msg)
{
	struct buf	in;

	buf_init(&in, data, len);
	return (router_parse(&in, msg));
}

static void
test_solicit(void)
{
	uint8_t			frame[sizeof(solicit) + 8];
	struct router_msg	msg;
	size_t			i;

	for (i = 0; i < nitems(solicits); i++) {
		memset(frame, 0, sizeof(frame));
		memcpy(frame, solicit, sizeof(solicit));
		frame[solicits[i].off] = solicits[i].value;
		if (solicits[i].fixed)
			fix(frame, sizeof(solicit));
		CHECK_NAMED(parse(frame, sizeof(solicit), &msg) ==
		    solicits[i].want, solicits[i].name);
	}
	for (i = 0; i < sizeof(solicit); i++)
		if (parse(solicit, i, &msg) != -1)
			break;
	CHECK_NAMED(i == sizeof(solicit), "every shorter one");
	memcpy(frame, solicit, sizeof(solicit));
	memset(frame + sizeof(solicit), 0xaa, 8);
	CHECK_NAMED(parse(frame, sizeof(frame), &msg) == 0, "padding");
	CHECK(msg.type == ROUTER_SOLICIT);
	CHECK(msg.mac.b[5] == 9 && msg.src[0] == 0xfe && msg.src[15] == 9);
}

/* RFC 4861 6.1.1: from nobody there is no option with an address. */
static void
test_nobody(void)
{
	uint8_t			frame[sizeof(solicit)];
	struct router_msg	msg;

	memcpy(frame, solicit, sizeof(frame));
	memset(frame + 22, 0, 16);
	fix(frame, sizeof(frame));
	CHECK_NAMED(parse(frame, sizeof(frame), &msg) == -1, "with option");
	frame[62] = 14;
	fix(frame, sizeof(frame));
	CHECK_NAMED(parse(frame, sizeof(frame), &msg) == 0, "another option");
	frame[19] = 8;
	fix(frame, sizeof(frame));
	CHECK_NAMED(parse(frame, sizeof(frame), &msg) == 0, "no option");
}

static void
test_advert(void)
{
	uint8_t			frame[ROOM];
	struct router_msg	msg;
	size_t			i, len;

	for (i = 0; i < nitems(adverts); i++) {
		memset(frame, 0, sizeof(frame));
		memcpy(frame, advert, sizeof(advert));
		len = sizeof(advert) + adverts[i].units * 8U;
		if (adverts[i].option != 0 && adverts[i].units == 0)
			len += 8;
		frame[19] = (uint8_t)(len - ICMP);
		frame[sizeof(advert)] = adverts[i].option;
		frame[sizeof(advert) + 1] = adverts[i].units;
		frame[adverts[i].off] = adverts[i].value;
		fix(frame, len);
		CHECK_NAMED(parse(frame, len, &msg) == adverts[i].want,
		    adverts[i].name);
		if (adverts[i].want == 0)
			CHECK_NAMED(msg.type == ROUTER_ADVERT &&
			    msg.serves == adverts[i].serves &&
			    msg.lifetime == adverts[i].lifetime,
			    adverts[i].name);
	}
}

static void
test_build(void)
{
	static const uint8_t	ask[] = {
		0x33, 0x33, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 0x86, 0xdd,
		0x60, 0, 0, 0, 0, 8, 58, 255,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		133, 0, 0x7b, 0xb8, 0, 0, 0, 0,
	};
	static const uint8_t	none[] = {
		0x52, 0x54, 0, 0, 0, 9, 0x52, 0x54, 0, 0, 0, 1, 0x86, 0xdd,
		0x60, 0, 0, 0, 0, 16, 58, 255,
		0xfe, 0x80, 0, 0, 0, 0, 0, 0,
		0x50, 0x54, 0, 0xff, 0xfe, 0, 0, 1,
		0xfe, 0x80, 0, 0, 0, 0, 0, 0,
		0x50, 0x54, 0, 0xff, 0xfe, 0, 0, 9,
		134, 0, 0xde, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	uint8_t			data[ROUTER_FRAME_LEN], small[69];
	struct router_msg	msg;
	struct wbuf		out;

	wbuf_init(&out, data, sizeof(data));
	router_build_ask(&out, us);
	CHECK(!out.err && out.len == sizeof(ask));
	CHECK(memcmp(data, ask, sizeof(ask)) == 0);
	CHECK_NAMED(parse(data, out.len, &msg) == 0, "ours is valid");

	CHECK(parse(solicit, sizeof(solicit), &msg) == 0);
	wbuf_init(&out, data, sizeof(data));
	router_build_none(&out, us, &msg);
	CHECK(!out.err && out.len == sizeof(none));
	CHECK(memcmp(data, none, sizeof(none)) == 0);
	CHECK_NAMED(parse(data, out.len, &msg) == 0 && !msg.serves,
	    "ours is valid, and silences nobody");
	wbuf_init(&out, small, sizeof(small));
	router_build_none(&out, us, &msg);
	CHECK_NAMED(out.err, "no room");
}

/* To all nodes, but at the one Ethernet address. */
static void
test_build_nobody(void)
{
	static const uint8_t	all[16] = { 0xff, 0x02, [15] = 1 };
	uint8_t			data[ROUTER_FRAME_LEN];
	struct router_msg	msg;
	struct wbuf		out;

	CHECK(parse(solicit, sizeof(solicit), &msg) == 0);
	memset(msg.src, 0, sizeof(msg.src));
	wbuf_init(&out, data, sizeof(data));
	router_build_none(&out, us, &msg);
	CHECK(memcmp(data, solicit + 6, 6) == 0);
	CHECK(memcmp(data + 38, all, sizeof(all)) == 0);
	CHECK_NAMED(data[56] == 0x2c && data[57] == 0xdb, "checksum");
	CHECK(parse(data, out.len, &msg) == 0);
}

/* What happens in each state, and when; times are in seconds. */
enum input { UP, DOWN, TIMER, HEARD };

static const struct {
	const char	*name;
	int		 state;
	int		 asked;
	int		 due;		/* -1: never */
	enum input	 input;
	int		 now;
	int		 value;		/* HEARD: lifetime, -1: none */
	int		 want_state, want_asked, want_due, asks;
} steps[] = {
	{ "a link comes up", ROUTER_DOWN, 0, -1, UP, 100, 0,
	    ROUTER_ASKED, 1, 101, 1 },
	{ "again", ROUTER_NONE, 3, -1, UP, 100, 0, ROUTER_ASKED, 1, 101, 1 },
	{ "with a router", ROUTER_HEARD, 1, 500, UP, 100, 0,
	    ROUTER_ASKED, 1, 101, 1 },
	{ "it goes down", ROUTER_ASKED, 1, 101, DOWN, 100, 0,
	    ROUTER_DOWN, 0, -1, 0 },
	{ "with a router", ROUTER_HEARD, 1, 500, DOWN, 100, 0,
	    ROUTER_DOWN, 0, -1, 0 },
	{ "down: a timer", ROUTER_DOWN, 0, -1, TIMER, 100, 0,
	    ROUTER_DOWN, 0, -1, 0 },
	{ "down: a router", ROUTER_DOWN, 0, -1, HEARD, 100, 1800,
	    ROUTER_DOWN, 0, -1, 0 },
	{ "asked: too early", ROUTER_ASKED, 1, 101, TIMER, 100, 0,
	    ROUTER_ASKED, 1, 101, 0 },
	{ "asked: no answer", ROUTER_ASKED, 1, 101, TIMER, 101, 0,
	    ROUTER_NONE, 1, 104, 0 },
	{ "asked: a router", ROUTER_ASKED, 1, 101, HEARD, 100, 1800,
	    ROUTER_HEARD, 1, 1900, 0 },
	{ "asked: one like us", ROUTER_ASKED, 1, 101, HEARD, 100, -1,
	    ROUTER_ASKED, 1, 101, 0 },
	{ "none: the second", ROUTER_NONE, 1, 104, TIMER, 104, 0,
	    ROUTER_NONE, 2, 108, 1 },
	{ "none: too early", ROUTER_NONE, 2, 108, TIMER, 107, 0,
	    ROUTER_NONE, 2, 108, 0 },
	{ "none: asks again", ROUTER_NONE, 2, 108, TIMER, 108, 0,
	    ROUTER_NONE, 3, 112, 1 },
	{ "none: not for ever", ROUTER_NONE, 3, 112, TIMER, 112, 0,
	    ROUTER_NONE, 3, -1, 0 },
	{ "none: a router", ROUTER_NONE, 3, -1, HEARD, 200, 1800,
	    ROUTER_HEARD, 3, 2000, 0 },
	{ "none: a short one", ROUTER_NONE, 2, 108, HEARD, 106, 1,
	    ROUTER_HEARD, 2, 706, 0 },
	{ "none: a prefix alone", ROUTER_NONE, 3, -1, HEARD, 200, 0,
	    ROUTER_HEARD, 3, 800, 0 },
	{ "none: one like us", ROUTER_NONE, 3, -1, HEARD, 200, -1,
	    ROUTER_NONE, 3, -1, 0 },
	{ "heard: its time", ROUTER_HEARD, 3, 800, TIMER, 799, 0,
	    ROUTER_HEARD, 3, 800, 0 },
	{ "heard: is over", ROUTER_HEARD, 3, 800, TIMER, 800, 0,
	    ROUTER_ASKED, 1, 801, 1 },
	{ "heard: again", ROUTER_HEARD, 3, 800, HEARD, 790, 1800,
	    ROUTER_HEARD, 3, 2590, 0 },
	{ "heard: a shorter one", ROUTER_HEARD, 3, 2590, HEARD, 800, 900,
	    ROUTER_HEARD, 3, 2590, 0 },
	{ "heard: one like us", ROUTER_HEARD, 3, 2590, HEARD, 800, -1,
	    ROUTER_HEARD, 3, 2590, 0 },
};

static mono_t
at(int s)
{
	return (s == -1 ? MONO_NEVER : mono_add_s((mono_t){ 0 }, s));
}

static void
test_steps(void)
{
	struct router_msg	msg = { .type = ROUTER_ADVERT };
	struct router		r;
	size_t			i;
	int			asks;

	for (i = 0; i < nitems(steps); i++) {
		r.state = (uint8_t)steps[i].state;
		r.asked = (uint8_t)steps[i].asked;
		r.due = at(steps[i].due);
		asks = 0;
		if (steps[i].input == TIMER) {
			asks = router_timer(&r, at(steps[i].now));
		} else if (steps[i].input == HEARD) {
			msg.serves = steps[i].value != -1;
			msg.lifetime = (uint16_t)(steps[i].value == -1 ? 0 :
			    steps[i].value);
			router_heard(&r, &msg, at(steps[i].now));
		} else
			asks = router_link(&r, steps[i].input == UP,
			    at(steps[i].now));
		CHECK_NAMED(r.state == steps[i].want_state &&
		    r.asked == steps[i].want_asked &&
		    r.due.us == at(steps[i].want_due).us &&
		    asks == steps[i].asks, steps[i].name);
	}
}

static struct mac
machine(unsigned int n)
{
	return ((struct mac){ { 0x52, 0x54, 0, (uint8_t)(n >> 16),
	    (uint8_t)(n >> 8), (uint8_t)n } });
}

static void
test_rate(void)
{
	static struct router_rate	rate;
	mono_t				now = at(1000);
	unsigned int			i, n = 0;

	for (i = 0; i < 10; i++)
		n += (unsigned)router_rate_take(&rate, machine(1), now);
	CHECK_NAMED(n == ROUTER_MAC_BURST, "three at once");
	CHECK_NAMED(router_rate_take(&rate, machine(2), now), "another");
	CHECK_NAMED(!router_rate_take(&rate, machine(1),
	    mono_add_ms(now, 999)), "too early");
	CHECK_NAMED(router_rate_take(&rate, machine(1),
	    mono_add_ms(now, 1000)), "a second later");
	CHECK_NAMED(!router_rate_take(&rate, machine(1),
	    mono_add_ms(now, 1000)), "once");

	now = at(2000);
	for (n = i = 0; i < 100000; i++)
		n += (unsigned)router_rate_take(&rate, machine(i), now);
	CHECK_NAMED(n == ROUTER_RATE, "100 of 100,000 at once");
	now = mono_add_ms(now, 100);
	for (n = i = 0; i < 100000; i++)
		n += (unsigned)router_rate_take(&rate, machine(i + 500), now);
	CHECK_NAMED(n == ROUTER_RATE / 10, "and 10 in the next tenth");

	now = at(3000);
	for (n = i = 0; i < 96; i++)
		n += (unsigned)router_rate_take(&rate, machine(i % 32), now);
	CHECK_NAMED(n == 96, "a rack, three times each");
	now = mono_add_ms(now, 999);
	for (n = i = 0; i < 32; i++)
		n += (unsigned)router_rate_take(&rate, machine(i), now);
	CHECK_NAMED(n == 0, "no more, though there is room for others");
	CHECK(router_rate_take(&rate, machine(50), now));
}

int
main(void)
{
	test_solicit();
	test_nobody();
	test_advert();
	test_build();
	test_build_nobody();
	test_steps();
	test_rate();
	return (unit_done());
}
