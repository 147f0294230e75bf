/* SPDX-License-Identifier: ISC */
/*
 * dhcp_test.c: DHCP messages as octets: what is read from a request, however
 * odd.
 */
#include "request.h"
#include "unit.h"

static void
test_read(void)
{
	struct dhcp_msg	m;

	begin();
	opt_type(DHCP_REQUEST);
	opt(OPT_REQUESTED, "\x0a\x4d\x02\x01", 4);
	opt(OPT_SERVER, "\x0a\x4d\x00\x01", 4);
	opt(OPT_LEASE_TIME, "\x00\x00\x0e\x10", 4);
	opt(OPT_MAX_SIZE, "\x05\xc0", 2);
	opt(OPT_CLIENT_ID, "\x01\x52\x54\x00\x00\x00\x01", 7);
	opt(OPT_HOST_NAME, "web1", 4);
	opt(OPT_WANTED, "\x01\x03\x06\x42\x43", 5);
	opt(OPT_CLASS, "PXEClient:Arch:00007:UNDI:003016", 32);
	opt(OPT_USER_CLASS, "iPXE", 4);
	opt(OPT_ARCH, "\x00\x07", 2);
	wbuf_u8(&w, OPT_END);
	CHECK(parse(&m) == 0);
	CHECK(m.type == DHCP_REQUEST && m.xid == 0x12345678 && m.secs == 4);
	CHECK(m.flags == 0x8000 && memcmp(m.mac.b, mac, 6) == 0);
	CHECK(m.requested == 0x0a4d0201 && m.server == 0x0a4d0001);
	CHECK(m.lease_time == 3600 && m.max_size == 1472);
	CHECK(m.id.len == 7 && m.id.data[0] == 1);
	CHECK(strcmp(m.hostname, "web1") == 0);
	CHECK(dhcp_wants(&m, 66) && !dhcp_wants(&m, 12));
	CHECK(m.class.len == 32 && m.user_class.len == 4 && m.arch.len == 2);
}

struct shape {
	const char	*name;
	int		 want;
	void		(*make)(void);
};

static void
make_no_end(void)
{
	opt_type(DHCP_DISCOVER);
}

static void
make_no_type(void)
{
	opt(OPT_HOST_NAME, "x", 1);
}

static void
make_type_0(void)
{
	opt_type(0);
}

static void
make_type_14(void)
{
	opt_type(14);
}

static void
make_long_type(void)
{
	opt(OPT_TYPE, "\x01\x01", 2);
}

static void
make_short_requested(void)
{
	opt_type(DHCP_REQUEST);
	opt(OPT_REQUESTED, "\x0a\x4d\x02", 3);
}

static void
make_cut_option(void)
{
	opt_type(DHCP_DISCOVER);
	wbuf_u8(&w, 12);
	wbuf_u8(&w, 9);
	wbuf_str(&w, "short");
}

static void
make_code_only(void)
{
	opt_type(DHCP_DISCOVER);
	wbuf_u8(&w, 12);
}

static void
make_behind_end(void)
{
	opt_type(DHCP_DISCOVER);
	wbuf_u8(&w, OPT_END);
	wbuf_u8(&w, 12);
	wbuf_u8(&w, 200);
}

static void
make_reply(void)
{
	opt_type(DHCP_DISCOVER);
	octets[0] = 2;
}

static void
make_hlen_17(void)
{
	opt_type(DHCP_DISCOVER);
	octets[2] = 17;
}

static void
make_group_mac(void)
{
	opt_type(DHCP_DISCOVER);
	octets[28] = 1;
}

static void
make_zero_mac(void)
{
	opt_type(DHCP_DISCOVER);
	memset(octets + 28, 0, 6);
}

static void
make_bootp(void)
{
	wbuf_zero(&w, 60);
}

static void
make_no_magic(void)
{
	wbuf_zero(&w, 60);
	memset(octets + DHCP_HDRLEN, 0, 64);
}

static void
make_magic(void)
{
	opt_type(DHCP_DISCOVER);
	octets[DHCP_HDRLEN] ^= 1;
}

static void
make_infiniband(void)
{
	opt_type(DHCP_DISCOVER);
	opt(OPT_CLIENT_ID, "\xff\x01\x02\x03\x04\x05", 6);
	octets[1] = HTYPE_INFINIBAND;
	octets[2] = 0;
}

static void
make_infiniband_anonymous(void)
{
	opt_type(DHCP_DISCOVER);
	octets[1] = HTYPE_INFINIBAND;
	octets[2] = 0;
}

/* Options in every field, and each field says that the other has more. */
static void
make_overload_loop(void)
{
	opt_type(DHCP_DISCOVER);
	opt(OPT_OVERLOAD, "\x03", 1);
	memcpy(octets + 108, "\x34\x01\x03\x0c\x01" "a", 6);
	memcpy(octets + 44, "\x34\x01\x03\x0c\x01" "b", 6);
}

static void
make_flood(void)
{
	int	i;

	opt_type(DHCP_DISCOVER);
	for (i = 0; i < 10; i++)
		opt(OPT_CLASS, octets, 200);
}

static void
test_shapes(void)
{
	static const struct shape	shapes[] = {
		{ "no END", 0, make_no_end },
		{ "no type: BOOTP", 0, make_bootp },
		{ "type 0", -1, make_type_0 },
		{ "type 14", -1, make_type_14 },
		{ "type of two octets", -1, make_long_type },
		{ "address of three octets", -1, make_short_requested },
		{ "option longer than the packet", -1, make_cut_option },
		{ "option without a length", -1, make_code_only },
		{ "rubbish behind END", 0, make_behind_end },
		{ "a reply", -1, make_reply },
		{ "hardware address too long", -1, make_hlen_17 },
		{ "group address", -1, make_group_mac },
		{ "no address", -1, make_zero_mac },
		{ "another magic", -1, make_magic },
		{ "no magic: BOOTP", 0, make_no_magic },
		{ "BOOTP cut short", -1, make_no_type },
		{ "InfiniBand", 0, make_infiniband },
		{ "InfiniBand, client unknown", -1, make_infiniband_anonymous },
		{ "overload in a circle", 0, make_overload_loop },
		{ "more than fits when joined", -1, make_flood },
	};
	struct dhcp_msg			m;
	size_t				i;

	for (i = 0; i < nitems(shapes); i++) {
		begin();
		shapes[i].make();
		CHECK_NAMED(parse(&m) == shapes[i].want, shapes[i].name);
	}
}

/* RFC 3396: values in pieces, also in the other fields, in this order. */
static void
test_join(void)
{
	struct dhcp_msg	m;

	begin();
	opt(OPT_CLASS, "PXE", 3);
	opt_type(DHCP_DISCOVER);
	opt(OPT_USER_CLASS, "iP", 2);
	opt(OPT_CLASS, "Cli", 3);
	opt(OPT_USER_CLASS, "XE", 2);
	opt(OPT_OVERLOAD, "\x03", 1);
	memcpy(octets + 108, "\x3c\x02" "en", 4);
	memcpy(octets + 44, "\x3c\x01" "t", 3);
	CHECK(parse(&m) == 0);
	CHECK(m.class.len == 9 && memcmp(m.class.data, "PXEClient", 9) == 0);
	CHECK(m.user_class.len == 4 &&
	    memcmp(m.user_class.data, "iPXE", 4) == 0);
}

/* Every known option with every length: never an error that crashes. */
static void
test_lengths(void)
{
	static const uint8_t	codes[] = { 12, 43, 50, 51, 52, 53, 54, 55, 57,
				    60, 61, 77, 82, 93, 94, 97, 175, 255 };
	uint8_t			data[255];
	struct dhcp_msg		m;
	size_t			i, len, wrong = 0;

	memset(data, 'a', sizeof(data));
	for (i = 0; i < nitems(codes); i++)
		for (len = 0; len <= sizeof(data); len++) {
			begin();
			opt_type(DHCP_DISCOVER);
			opt(codes[i], data, len);
			(void)parse(&m);
			if (strlen(m.hostname) > 63 ||
			    m.id.len > CLIENT_ID_LEN || m.id.len == 1 ||
			    m.arch.len % 2 != 0 || m.uuid.len % 17 != 0)
				wrong++;
		}
	CHECK(wrong == 0);
}

static void
test_hostnames(void)
{
	static const struct {
		const char	*text;
		size_t		 len;
		const char	*want;
	} names[] = {
		{ "a", 1, "a" }, { "web-1.lab", 9, "web-1.lab" },
		{ "web1\0", 5, "" }, { "a b", 3, "" }, { "-x", 2, "" },
		{ "$(id)", 5, "" }, { "a\nb", 3, "" }, { "\xc3\xa4", 2, "" },
	};
	struct dhcp_msg	m;
	size_t		i;

	for (i = 0; i < nitems(names); i++) {
		begin();
		opt_type(DHCP_DISCOVER);
		opt(OPT_HOST_NAME, names[i].text, names[i].len);
		CHECK_NAMED(parse(&m) == 0 &&
		    strcmp(m.hostname, names[i].want) == 0, "host name");
	}
}

/* Option 54 of nobody is there all the same, RFC 2131 4.3.2. */
static void
test_no_server(void)
{
	struct dhcp_msg	m;

	begin();
	opt_type(DHCP_REQUEST);
	opt(OPT_SERVER, "\0\0\0\0", 4);
	CHECK(parse(&m) == 0 && m.server != 0);
}

/* Cut at every octet, and 200,000 times changed at random. */
static void
test_mutants(void)
{
	struct dhcp_msg	m;
	uint8_t		good[512];
	size_t		len, i, k, n, accepted = 0;

	begin();
	opt_type(DHCP_REQUEST);
	opt(OPT_CLIENT_ID, "\x01\x52\x54\x00\x00\x00\x01", 7);
	opt(OPT_WANTED, "\x01\x03\x06\x42\x43", 5);
	opt(OPT_OVERLOAD, "\x03", 1);
	opt(OPT_CLASS, "PXEClient:Arch:00000", 20);
	opt(OPT_CLASS, ":UNDI:002001", 12);
	wbuf_u8(&w, OPT_END);
	len = w.len;
	memcpy(good, octets, len);
	for (n = 0; n < len; n++)
		if (parse_len(n, &m) == 0 && n < DHCP_HDRLEN + 4 + 3)
			accepted++;
	CHECK(accepted == 0);
	srandom(7);
	for (i = 0; i < 200000; i++) {
		memcpy(octets, good, len);
		for (k = (size_t)random() % 8 + 1; k > 0; k--)
			octets[(size_t)random() % len] = (uint8_t)random();
		if (parse_len(len, &m) == 0)
			accepted++;
	}
	CHECK(accepted > 1000);
}

int
main(void)
{
	test_read();
	test_shapes();
	test_join();
	test_lengths();
	test_hostnames();
	test_no_server();
	test_mutants();
	return (unit_done());
}
