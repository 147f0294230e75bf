/* SPDX-License-Identifier: ISC */
/*
 * asker_test.c: who is who: the five client ids of one machine, hosts by the
 * port of their relay agent; and what is special about BOOTP and rapid commit.
 */
#include "policy.h"
#include "unit.h"

#define RELAY_ADDR	A(0xfe)
#define PORT7		"\x01\x05" "port7"	/* as option 82 */
#define FAR_HOST	0x0a630007U		/* 10.99.0.7 */

/* A lease as it is once the store has it. */
static struct lease *
bound(const struct dhcp_msg *m, uint32_t addr)
{
	struct owner	 o;
	struct lease	*l;

	policy_owner(m, &o);
	l = lease_hold(view.leases, addr, &o, HOLD_BOUND, NOW,
	    mono_add_s(NOW, 3600));
	if (v.booting)
		l->boot_s = (uint32_t)(NOW.us / 1000000) + 1;
	return (l);
}

/*
 * DISCOVER and REQUEST of one stage; the address that it gets.  What firmware
 * says of itself is the same for all machines, what systems say is not.
 */
static uint32_t
stage(uint8_t n, const char *id, size_t len, int pxe)
{
	struct dhcp_msg	m;
	uint32_t	addr;
	char		own[32];

	req_init(&m, DHCP_DISCOVER, n);
	if (len > 0) {
		memcpy(own, id, len);
		own[len] = (char)n;
		buf_init(&m.id, own, pxe ? len : len + 1);
	}
	if (pxe)
		req_pxe(&m);
	decide(&m);
	if (v.kind != V_OFFER)
		return (0);
	addr = v.addr;
	(void)bound(&m, addr);
	m.type = DHCP_REQUEST;
	m.server = ME;
	m.requested = addr;
	decide(&m);
	if (v.kind != V_ACK || v.addr != addr)
		return (0);
	(void)bound(&m, addr);
	return (addr);
}

/* Firmware, iPXE, initrd, installer, system: one machine, one address. */
static void
test_chain(void)
{
	uint32_t	addr, wrong = 0;
	uint8_t		n;

	setup();
	addr = stage(9, "\0abcdefghijklmnop", 17, 1);
	CHECK(addr != 0);
	CHECK(stage(9, NULL, 0, 1) == addr);
	CHECK(stage(9, "\x01\x52\x54\0\0\0\x09", 7, 1) == addr);
	CHECK(stage(9, "\xff\1\2\3\4\0\2initrd", 14, 0) == addr);
	CHECK(stage(9, "\xff\5\6\7\x08\0\1system", 14, 0) == addr);
	CHECK(lease_count(view.leases, HOLD_BOUND) == 1);

	/* Fifteen such machines have room in fifteen addresses. */
	for (n = 10; n < 24; n++)
		if ((addr = stage(n, "\0uuid", 5, 1)) == 0 ||
		    stage(n, NULL, 0, 1) != addr ||
		    stage(n, "\x01mac", 4, 1) != addr ||
		    stage(n, "\xffinitrd", 7, 0) != addr)
			wrong++;
	CHECK(wrong == 0);
	CHECK(lease_count(view.leases, HOLD_BOUND) == 15);

	/* Whoever does not boot is what RFC 2131 4.2 says. */
	setup();
	addr = stage(9, "\x01mac", 4, 0);
	CHECK(addr != 0 && stage(9, "\xffother", 6, 0) != addr);
	conf->global->identify = IDENTIFY_CLIENT_ID;
	CHECK(stage(9, "\0uuid", 5, 1) != addr);
}

/* A relayed segment with a host that is known by its port. */
static void
setup_port(struct link *far)
{
	struct conf_segment	*s;
	struct conf_range	*r;
	struct conf_hostid	*id;
	const uint32_t		 blocked[] = { FAR_HOST };

	setup();
	s = conf_add_segment(conf);
	s->net = 0x0a630000;
	s->prefix = 24;
	s->shared = NONE;
	s->lease = 3600;
	s->nrelays = 1;
	s->relay[0] = RELAY_ADDR;
	r = conf_add_range(conf);
	r->segment = 1;
	r->first = 0x0a630010;
	r->last = 0x0a63001f;
	add_host("port7", 77, FAR_HOST);
	id = conf_add_hostid(conf);
	id->host = (uint32_t)conf->nhost - 1;
	id->kind = HOSTID_CIRCUIT_ID;
	id->len = 5;
	memcpy(id->data, "port7", 5);
	leases_configure(view.leases, conf, blocked, nitems(blocked));
	reach_configure(conf);
	link_of_addr(far, conf, RELAY_ADDR, ME);
}

static void
req_port(struct dhcp_msg *m, const char *option, size_t len)
{
	struct buf	b;

	m->giaddr = RELAY_ADDR;
	buf_init(&m->relay, option, len);
	buf_init(&b, option, len);
	relay_parse(m, &b);
}

static void
test_port(void)
{
	struct dhcp_msg	m;
	struct link	far;

	setup_port(&far);
	req_init(&m, DHCP_DISCOVER, 9);
	req_port(&m, PORT7, 7);
	policy_decide(&v, &view, &far, &m, NOW);
	CHECK(v.kind == V_OFFER && v.addr == FAR_HOST);
	(void)bound(&m, FAR_HOST);

	/* The renewal comes straight, without option 82. */
	req_init(&m, DHCP_REQUEST, 9);
	m.ciaddr = m.src = FAR_HOST;
	policy_decide(&v, &view, &far, &m, NOW);
	CHECK(v.kind == V_ACK && v.addr == FAR_HOST);
	CHECK(v.host != NONE && strcmp(conf->host[v.host].name, "port7") == 0);

	/* Another machine at the same port: the port's address. */
	req_init(&m, DHCP_DISCOVER, 10);
	req_port(&m, PORT7, 7);
	policy_decide(&v, &view, &far, &m, NOW);
	CHECK(v.kind == V_OFFER && v.addr == FAR_HOST);

	/* Another port, and nobody's option 82 without a relay agent. */
	req_init(&m, DHCP_DISCOVER, 11);
	req_port(&m, "\x01\x05" "port8", 7);
	policy_decide(&v, &view, &far, &m, NOW);
	CHECK(v.kind == V_OFFER && v.addr != FAR_HOST);
	req_init(&m, DHCP_DISCOVER, 12);
	req_port(&m, PORT7, 7);
	m.giaddr = 0;
	decide(&m);
	CHECK(v.kind == V_OFFER && v.host == NONE);
}

/* RFC 5107: the relay agent is the server, as far as the client knows. */
static void
test_override(void)
{
	struct dhcp_msg	m;
	struct link	far;

	setup_port(&far);
	req_init(&m, DHCP_DISCOVER, 9);
	req_port(&m, "\x0b\x04\x0a\x63\0\x01", 6);
	policy_decide(&v, &view, &far, &m, NOW);
	CHECK(v.kind == V_OFFER && v.server == 0x0a630001);
	CHECK(v.next_server == ME);
	m.type = DHCP_REQUEST;
	m.requested = v.addr;
	m.server = 0x0a630001;
	policy_decide(&v, &view, &far, &m, NOW);
	CHECK(v.kind == V_ACK && v.server == 0x0a630001);
	m.server = 0x0a630002;
	policy_decide(&v, &view, &far, &m, NOW);
	CHECK(v.kind == V_SILENT);
}

/* RFC 951, for hosts with an address of their own. */
static void
test_bootp(void)
{
	struct dhcp_msg	m;

	setup();
	req_init(&m, DHCP_BOOTP, 2);
	decide(&m);
	CHECK(v.kind == V_ACK && v.addr == RESERVED);
	CHECK(v.seconds == UINT32_MAX);
	m.bootp_server = 1;
	decide(&m);
	CHECK_NAMED(v.kind == V_SILENT, "for another server");
	req_init(&m, DHCP_BOOTP, 3);
	decide(&m);
	CHECK_NAMED(v.kind == V_SILENT, "a host without an address");
	req_init(&m, DHCP_BOOTP, 9);
	decide(&m);
	CHECK_NAMED(v.kind == V_SILENT, "nobody we know");
	(void)have(RESERVED, 9, NULL, HOLD_BOUND);
	req_init(&m, DHCP_BOOTP, 2);
	decide(&m);
	CHECK_NAMED(v.kind == V_SILENT, "somebody else has it");
}

/* RFC 4039 3.1, where it is allowed, and never for a machine that boots. */
static void
test_rapid(void)
{
	struct dhcp_msg	m;

	setup();
	req_init(&m, DHCP_DISCOVER, 9);
	m.rapid = 1;
	decide(&m);
	CHECK(v.kind == V_OFFER && !v.rapid);
	conf->segment[0].rapid = 1;
	decide(&m);
	CHECK(v.kind == V_ACK && v.rapid);
	req_pxe(&m);
	decide(&m);
	CHECK(v.kind == V_OFFER && !v.rapid);
	req_init(&m, DHCP_DISCOVER, 9);
	decide(&m);
	CHECK(v.kind == V_OFFER && !v.rapid);
}

int
main(void)
{
	test_chain();
	test_port();
	test_override();
	test_bootp();
	test_rapid();
	return (unit_done());
}
