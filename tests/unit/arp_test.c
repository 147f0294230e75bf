/* SPDX-License-Identifier: ISC */
/*
 * arp_test.c: what is an ARP packet, and what ours look like octet for octet.
 */
#include <string.h>

#include "arpd/arpd.h"
#include "unit.h"

static const struct mac us = { { 0x52, 0x54, 0, 0, 0, 1 } };

/* A request of 10.0.0.9 for 10.0.0.1. */
static const uint8_t request[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff,	/* 0: to all */
	0x52, 0x54, 0, 0, 0, 9,			/* 6 */
	0x08, 0x06,				/* 12 */
	0, 1, 0x08, 0, 6, 4,			/* 14: Ethernet, IPv4 */
	0, 1,					/* 20: request */
	0x52, 0x54, 0, 0, 0, 9, 10, 0, 0, 9,	/* 22: sender */
	0, 0, 0, 0, 0, 0, 10, 0, 0, 1,		/* 32: target */
};

/* One octet changed, and whether it is still a packet for us. */
static const struct {
	const char	*name;
	size_t		 off;
	uint8_t		 value;
	int		 want;
} cases[] = {
	{ "as it is",			0,  0xff, 0 },
	{ "unicast",			0,  0x52, 0 },
	{ "reply",			21, 2, 0 },
	{ "another target",		41, 77, 0 },
	{ "not ARP",			13, 0, -1 },
	{ "reverse ARP",		13, 0x35, -1 },
	{ "not Ethernet",		15, 6, -1 },
	{ "not IPv4",			17, 1, -1 },
	{ "hardware length",		18, 8, -1 },
	{ "protocol length",		19, 16, -1 },
	{ "operation 0",		21, 0, -1 },
	{ "operation 3",		21, 3, -1 },
	{ "operation 257",		20, 1, -1 },
	{ "sender is a group",		22, 0x53, -1 },
	{ "sender is loopback",		28, 127, -1 },
	{ "sender is multicast",	28, 224, -1 },
	{ "sender is broadcast",	28, 255, -1 },
	{ "sender is 0.0.0.9",		28, 0, -1 },
};

static int
parse(const uint8_t *data, size_t len, struct arp_msg *msg)
{
	struct buf	in;

	buf_init(&in, data, len);
	return (arp_parse(&in, msg));
}

static void
test_parse(void)
{
	uint8_t		frame[sizeof(request)];
	struct arp_msg	msg;
	size_t		i;

	memcpy(frame, request, sizeof(frame));
	frame[11] = 7;
	CHECK(parse(frame, sizeof(frame), &msg) == 0);
	CHECK_NAMED(msg.from.b[5] == 7 && msg.sha.b[5] == 9,
	    "sent by another than its sender");
	for (i = 0; i < nitems(cases); i++) {
		memcpy(frame, request, sizeof(frame));
		frame[cases[i].off] = cases[i].value;
		CHECK_NAMED(parse(frame, sizeof(frame), &msg) ==
		    cases[i].want, cases[i].name);
	}
	for (i = 0; i < sizeof(request); i++)
		if (parse(request, i, &msg) != -1)
			break;
	CHECK_NAMED(i == sizeof(request), "every shorter one");
	CHECK(parse(request, sizeof(request), &msg) == 0);
	CHECK(msg.op == ARP_REQUEST);
	CHECK(msg.spa == 0x0a000009 && msg.tpa == 0x0a000001);
	CHECK(msg.sha.b[5] == 9 && msg.tha.b[5] == 0);
}

static void
test_nobody(void)
{
	uint8_t		frame[sizeof(request)];
	struct arp_msg	msg;

	memcpy(frame, request, sizeof(frame));
	memset(frame + 28, 0, 4);
	CHECK_NAMED(parse(frame, sizeof(frame), &msg) == 0, "probe");
	CHECK(msg.spa == 0 && msg.tpa == 0x0a000001);
	frame[21] = ARP_REPLY;
	CHECK_NAMED(parse(frame, sizeof(frame), &msg) == -1, "reply of 0");
	frame[21] = ARP_REQUEST;
	memset(frame + 22, 0, 6);
	CHECK_NAMED(parse(frame, sizeof(frame), &msg) == -1, "no sender");
}

static void
test_build(void)
{
	static const uint8_t	probe[ARP_FRAME_LEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 1,
		0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1,
		0x52, 0x54, 0, 0, 0, 1, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 10, 0, 0, 7,
	};
	static const uint8_t	announce[ARP_FRAME_LEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 1,
		0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1,
		0x52, 0x54, 0, 0, 0, 1, 10, 0, 0, 7,
		0, 0, 0, 0, 0, 0, 10, 0, 0, 7,
	};
	uint8_t			data[ARP_FRAME_LEN], small[40];
	struct wbuf		out;

	memset(data, 0xaa, sizeof(data));
	wbuf_init(&out, data, sizeof(data));
	arp_build_probe(&out, us, 0x0a000007);
	CHECK(!out.err && out.len == ARP_FRAME_LEN);
	CHECK(memcmp(data, probe, sizeof(probe)) == 0);
	wbuf_init(&out, data, sizeof(data));
	arp_build_announce(&out, us, 0x0a000007);
	CHECK(!out.err && out.len == ARP_FRAME_LEN);
	CHECK(memcmp(data, announce, sizeof(announce)) == 0);
	wbuf_init(&out, small, sizeof(small));
	arp_build_probe(&out, us, 0x0a000007);
	CHECK_NAMED(out.err, "no room");
}

int
main(void)
{
	test_parse();
	test_nobody();
	test_build();
	return (unit_done());
}
