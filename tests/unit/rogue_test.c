/* SPDX-License-Identifier: ISC */
/*
 * rogue_test.c: which words on the wire are those of another DHCP server, and
 * how often that is told.
 */
#include "request.h"
#include "unit.h"

#define ME	0x0a4d0001U		/* 10.77.0.1 */
#define OTHER	0x0a4d0063U		/* 10.77.0.99 */
#define GOOD	0x0a4d0002U
#define NOW	((mono_t){ 9000000000 })

static struct port	port = { .ifname = "eth0" };
static struct port	port2 = { .ifname = "eth1" };
static struct msg_iface	iface = { .naddrs = 1, .addr = { ME } };
static struct frame	f;

/* A reply of a server, up to and with its type. */
static void
reply(uint8_t type)
{
	begin();
	octets[0] = 2;
	opt_type(type);
}

static void
reply_server(uint8_t type, uint32_t server)
{
	const uint8_t	addr[] = { (uint8_t)(server >> 24),
			    (uint8_t)(server >> 16), (uint8_t)(server >> 8),
			    (uint8_t)server };

	reply(type);
	opt(OPT_SERVER, addr, 4);
	wbuf_u8(&w, OPT_END);
}

/* Was it taken for a word of a rogue? */
static int
hear(const struct port *at, uint32_t src, mono_t now)
{
	uint64_t	before = figures[FIG_ROGUE_OFFERS].value;

	f.src = src;
	f.src_mac = (struct mac){ { 2, 0, 0, 0, 0, 9 } };
	buf_init(&f.payload, octets, w.len);
	rogue_reply(at, &f, now);
	return (figures[FIG_ROGUE_OFFERS].value != before);
}

static void
test_replies(void)
{
	struct dhcp_msg	req;
	size_t		len;

	reply_server(DHCP_OFFER, ME);
	CHECK_NAMED(!hear(&port, ME, NOW), "ours:");
	CHECK(!hear(&port, OTHER, NOW));
	reply_server(DHCP_OFFER, GOOD);
	CHECK_NAMED(!hear(&port, GOOD, NOW), "one that is welcome:");
	reply_server(DHCP_OFFER, OTHER);
	CHECK_NAMED(!hear(&port, GOOD, NOW), "by its address, too:");
	CHECK(rogue_count(NOW) == 0);
	CHECK_NAMED(parse(&req) == -1, "no request to us:");
	CHECK(hear(&port, OTHER, NOW));
	CHECK(rogue_count(NOW) == 1);
	reply_server(DHCP_ACK, OTHER);
	CHECK(hear(&port, OTHER, NOW) && rogue_count(NOW) == 1);
	CHECK(hear(&port2, OTHER, NOW) && rogue_count(NOW) == 2);
	reply(DHCP_NAK);
	CHECK_NAMED(hear(&port, OTHER, NOW), "without a server id:");
	reply_server(DHCP_LEASEACTIVE, OTHER);
	CHECK(!hear(&port, OTHER, NOW));
	reply_server(DHCP_OFFER, OTHER);
	octets[0] = 1;
	CHECK_NAMED(!hear(&port, OTHER, NOW), "a request:");
	octets[0] = 2;
	for (len = 0; len < w.len; len++) {
		f.src = OTHER;
		buf_init(&f.payload, octets, len);
		rogue_reply(&port, &f, NOW);
	}
	CHECK(rogue_count(NOW) == 2);
	CHECK(figures[FIG_MALFORMED].value > 200);

	memset(&req, 0, sizeof(req));
	req.server = OTHER + 1;
	req.mac = (struct mac){ { 2, 0, 0, 0, 0, 7 } };
	rogue_request(&port, &req, NOW);
	CHECK_NAMED(rogue_count(NOW) == 3, "a client chose it:");
	req.server = GOOD;
	rogue_request(&port, &req, NOW);
	CHECK(rogue_count(NOW) == 3);
	CHECK_NAMED(rogue_count(mono_add_s(NOW, 3700)) == 0, "gone:");
}

/* In a segment where another one gives the addresses it is no rogue. */
static void
test_proxy(void)
{
	reply_server(DHCP_OFFER, OTHER + 2);
	child.conf->segment[0].proxy = 1;
	CHECK(!hear(&port, OTHER + 2, NOW));
	child.conf->segment[0].proxy = 0;
	CHECK(hear(&port, OTHER + 2, NOW));
}

/* However many there are said to be, the table has an end. */
static void
test_flood(void)
{
	uint32_t	i;

	for (i = 0; i < 5000; i++) {
		reply_server(DHCP_OFFER, 0x0b000000U + i);
		(void)hear(&port, 0x0b000000U + i, mono_add_ms(NOW, i));
	}
	CHECK(rogue_count(mono_add_s(NOW, 5)) == 32);
	reply_server(DHCP_OFFER, OTHER);
	CHECK(hear(&port, OTHER, mono_add_s(NOW, 6)));
}

int
main(void)
{
	struct conf_segment	*s;

	child.conf = conf_new();
	s = conf_add_segment(child.conf);
	s->net = 0x0a4d0000U;
	s->prefix = 16;
	s->shared = NONE;
	child.conf->global->nothers = 1;
	child.conf->global->other[0] = GOOD;
	child.ifaces = &iface;
	child.nifaces = 1;
	port.link.n = port2.link.n = 1;
	test_replies();
	test_proxy();
	test_flood();
	return (unit_done());
}
