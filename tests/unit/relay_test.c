/* SPDX-License-Identifier: ISC */
/*
 * relay_test.c: option 82 as tables: what counts of it, that all of it comes
 * back, and where it does not count at all.
 */
#include "request.h"
#include "unit.h"

#define GIADDR	0x0a630001U

#define LINK	"\005\004\012\143\001\000"	/* 10.99.1.0 */
#define SERVER	"\013\004\012\143\001\001"	/* 10.99.1.1 */

struct row {
	const char	*name;
	const char	*octets;
	size_t		 len;
	const char	*circuit, *remote;
	uint32_t	 link_addr, server_addr;
	int		 port;
};

#define SAYS(octets)	octets, sizeof(octets) - 1
#define NOTHING		"", "", 0, 0, 0

static const struct row rows[] = {
	{ "circuit and remote", SAYS("\001\002ab\002\003xyz"), "ab", "xyz",
	    0, 0, 0 },
	{ "the other way round", SAYS("\002\003xyz\001\002ab"), "ab", "xyz",
	    0, 0, 0 },
	{ "an empty circuit", SAYS("\001\000\002\001x"), "", "x", 0, 0, 0 },
	{ "link selection", SAYS(LINK), "", "", 0x0a630100, 0, 0 },
	{ "server-id override", SAYS(SERVER), "", "", 0, 0x0a630101, 0 },
	{ "source port", SAYS("\001\001a\023\000"), "a", "", 0, 0, 1 },
	{ "flags", SAYS("\012\001\200\001\001a"), "a", "", 0, 0, 0 },
	{ "all of them", SAYS("\001\001a\002\001b" LINK "\012\001\000" SERVER
	    "\023\000"), "a", "b", 0x0a630100, 0x0a630101, 1 },
	{ "unknown ones between", SAYS("\006\003sub\001\001a\227\005\000vrf1"
	    "\002\001b"), "a", "b", 0, 0, 0 },
	{ "an unknown one alone", SAYS("\377\000"), NOTHING },
	{ "two circuits: the first", SAYS("\001\001a\001\001b"), "a", "", 0,
	    0, 0 },

	{ "a code without a length", SAYS("\001\001a\002"), NOTHING },
	{ "longer than the option", SAYS("\001\001a\002\005b"), NOTHING },
	{ "a length of 255", SAYS("\001\377a"), NOTHING },
	{ "an END in it", SAYS("\001\001a\377"), NOTHING },
	{ "a pad in it", SAYS("\001\001a\000"), NOTHING },
	{ "link too short", SAYS("\001\001a\005\003\012\143\001"), NOTHING },
	{ "link too long", SAYS("\005\005\012\143\001\000\000"), NOTHING },
	{ "override too short", SAYS("\001\001a\013\001\012"), NOTHING },
	{ "no flags", SAYS("\001\001a\012\000"), NOTHING },
	{ "a port with a value", SAYS("\001\001a\023\002\000\103"), NOTHING },
	{ "good, then bad", SAYS(LINK SERVER "\023\000\005\000"), NOTHING },
};

static int
buf_is(const struct buf *b, const char *text)
{
	return (b->len == strlen(text) && (b->len == 0 ||
	    memcmp(b->data, text, b->len) == 0));
}

/* A DISCOVER with this option 82. */
static int
parse_relayed(struct dhcp_msg *m, const char *option, size_t len,
    uint32_t giaddr)
{
	begin();
	opt_type(DHCP_DISCOVER);
	opt(OPT_RELAY, option, len);
	wbuf_u8(&w, OPT_END);
	octets[24] = (uint8_t)(giaddr >> 24);
	octets[25] = (uint8_t)(giaddr >> 16);
	octets[26] = (uint8_t)(giaddr >> 8);
	octets[27] = (uint8_t)giaddr;
	return (parse(m));
}

static size_t
build(uint8_t out[DHCP_PAYLOAD_MAX], const struct dhcp_msg *m)
{
	const struct reply_head	head = { .type = DHCP_OFFER };
	struct reply		r;

	dhcp_begin(&r, out, m, &head, 1500);
	dhcp_put_u32(&r, OPT_SERVER, 0x0a4d0001);
	return (dhcp_finish(&r, m));
}

/* The last option before END, and nothing but padding behind it. */
static int
ends_with(const uint8_t *reply, size_t len, const char *option, size_t n)
{
	while (len > 0 && reply[len - 1] == 0)
		len--;
	return (len > n + 3 && reply[len - 1] == OPT_END &&
	    reply[len - 1 - n - 2] == OPT_RELAY &&
	    reply[len - 1 - n - 1] == n &&
	    memcmp(&reply[len - 1 - n], option, n) == 0);
}

static void
test_rows(void)
{
	uint8_t			 out[DHCP_PAYLOAD_MAX];
	const struct row	*r;
	struct dhcp_msg		 m;
	size_t			 len;

	for (r = rows; r < rows + nitems(rows); r++) {
		CHECK_NAMED(parse_relayed(&m, r->octets, r->len, GIADDR) == 0,
		    r->name);
		CHECK_NAMED(buf_is(&m.circuit, r->circuit), r->name);
		CHECK_NAMED(buf_is(&m.remote, r->remote), r->name);
		CHECK_NAMED(m.link_addr == r->link_addr, r->name);
		CHECK_NAMED(m.server_addr == r->server_addr, r->name);
		CHECK_NAMED(m.relay_port == r->port, r->name);
		/* RFC 3046 2.2: whatever it is, it comes back. */
		len = build(out, &m);
		CHECK_NAMED(ends_with(out, len, r->octets, r->len), r->name);
	}
}

/* Without a relay agent somebody else has put it there. */
static void
test_not_relayed(void)
{
	static const char	option[] = "\001\001a" LINK SERVER "\023\000";
	uint8_t			out[DHCP_PAYLOAD_MAX];
	struct dhcp_msg		m;
	size_t			len;

	CHECK(parse_relayed(&m, option, sizeof(option) - 1, 0) == 0);
	CHECK(m.circuit.len == 0 && m.link_addr == 0 && m.server_addr == 0 &&
	    !m.relay_port && m.relay.len == 0);
	len = build(out, &m);
	CHECK(len > 0 && memchr(out + DHCP_HDRLEN, OPT_RELAY,
	    len - DHCP_HDRLEN) == NULL);
}

/* The longest there is comes back entire; other options make room for it. */
static void
test_longest(void)
{
	const struct reply_head	head = { .type = DHCP_OFFER };
	static const uint8_t	stuffing[300];
	uint8_t			out[DHCP_PAYLOAD_MAX];
	char			option[255];
	struct dhcp_msg		m;
	struct reply		r;
	size_t			len;

	memset(option, 'x', sizeof(option));
	option[0] = 1;
	option[1] = (char)(sizeof(option) - 2);
	CHECK(parse_relayed(&m, option, sizeof(option), GIADDR) == 0);
	CHECK(m.circuit.len == sizeof(option) - 2);
	dhcp_begin(&r, out, &m, &head, 1500);
	dhcp_put_u32(&r, OPT_SERVER, 0x0a4d0001);
	dhcp_put(&r, OPT_VENDOR, stuffing, sizeof(stuffing));
	CHECK_NAMED(r.full, "there is no room for both:");
	len = dhcp_finish(&r, &m);
	CHECK(len > 0 && len <= DHCP_MIN_SIZE - DHCP_IP_UDP);
	CHECK(ends_with(out, len, option, sizeof(option)));
}

/* It came in two pieces, RFC 3396: they are one. */
static void
test_pieces(void)
{
	struct dhcp_msg	m;

	begin();
	opt_type(DHCP_DISCOVER);
	opt(OPT_RELAY, "\001\004ab", 4);
	opt(OPT_RELAY, "cd\002\001x", 5);
	wbuf_u8(&w, OPT_END);
	octets[24] = 10;
	CHECK(parse(&m) == 0);
	CHECK(buf_is(&m.circuit, "abcd") && buf_is(&m.remote, "x"));
}

int
main(void)
{
	test_rows();
	test_not_relayed();
	test_longest();
	test_pieces();
	return (unit_done());
}
