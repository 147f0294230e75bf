/* SPDX-License-Identifier: ISC */
/*
 * tftp_test.c: packets that come and go, and what is agreed.
 */
#include <string.h>

#include "tftpd/tftpd.h"
#include "unit.h"

#define BIT(o)	(1U << TFTP_O_##o)
#define P(s)	(const uint8_t *)(s), sizeof(s) - 1	/* without C's NUL */

static const struct parse_case {
	const char	*what;
	const uint8_t	*data;
	size_t		 len;
	int		 op;			/* 0: not answered */
	const char	*name;
	enum tftp_mode	 mode;
	unsigned int	 asked;
} parses[] = {
	{ "plain", P("\0\1a/b\0octet\0"), TFTP_RRQ, "a/b", TFTP_OCTET, 0 },
	{ "upper case", P("\0\1a\0OcTeT\0BLKSIZE\0" "1468\0"), TFTP_RRQ, "a",
	    TFTP_OCTET, BIT(BLKSIZE) },
	{ "iPXE", P("\0\1pxelinux.0\0octet\0blksize\0" "1432\0tsize\0" "0\0"),
	    TFTP_RRQ, "pxelinux.0", TFTP_OCTET, BIT(BLKSIZE) | BIT(TSIZE) },
	{ "all four", P("\0\1a\0octet\0tsize\0" "0\0windowsize\0" "4\0"
	    "timeout\0" "3\0blksize\0" "512\0"), TFTP_RRQ, "a", TFTP_OCTET,
	    BIT(BLKSIZE) | BIT(TSIZE) | BIT(TIMEOUT) | BIT(WINDOWSIZE) },
	{ "write", P("\0\2a\0octet\0"), TFTP_WRQ, "a", TFTP_OCTET, 0 },
	{ "netascii", P("\0\1a\0netascii\0"), TFTP_RRQ, "a", TFTP_NETASCII, 0 },
	{ "mail", P("\0\1a\0mail\0"), TFTP_RRQ, "a", TFTP_MAIL, 0 },
	{ "slashes", P("\0\1//a//b\0octet\0"), TFTP_RRQ, "a/b", TFTP_OCTET, 0 },
	{ "backslashes", P("\0\1\\Boot\\BCD\0octet\0"), TFTP_RRQ, "Boot/BCD",
	    TFTP_OCTET, 0 },
	{ "newline", P("\0\1a\nb\0octet\0"), TFTP_RRQ, "", TFTP_OCTET, 0 },
	{ "empty name", P("\0\1\0octet\0"), TFTP_RRQ, "", TFTP_OCTET, 0 },
	{ "padding", P("\0\1a\0octet\0\0\0\0\0\0"), TFTP_RRQ, "a", TFTP_OCTET,
	    0 },
	{ "unknown options", P("\0\1a\0octet\0blksize2\0" "512\0multicast\0\0"
	    "tsize\0" "0\0"), TFTP_RRQ, "a", TFTP_OCTET, BIT(TSIZE) },
	{ "twice", P("\0\1a\0octet\0blksize\0" "600\0blksize\0" "700\0"),
	    TFTP_RRQ, "a", TFTP_OCTET, BIT(BLKSIZE) },
	{ "-1", P("\0\1a\0octet\0blksize\0-1\0tsize\0-1\0"), TFTP_RRQ, "a",
	    TFTP_OCTET, 0 },
	{ "space", P("\0\1a\0octet\0blksize\0 512\0"), TFTP_RRQ, "a",
	    TFTP_OCTET, 0 },
	{ "hex", P("\0\1a\0octet\0blksize\0" "0x200\0"), TFTP_RRQ, "a",
	    TFTP_OCTET, 0 },
	{ "no number", P("\0\1a\0octet\0blksize\0\0"), TFTP_RRQ, "a",
	    TFTP_OCTET, 0 },
	{ "2^32+512", P("\0\1a\0octet\0blksize\0" "4294967808\0"), TFTP_RRQ,
	    "a", TFTP_OCTET, 0 },
	{ "2^64", P("\0\1a\0octet\0tsize\0" "18446744073709551616\0"),
	    TFTP_RRQ, "a", TFTP_OCTET, 0 },
	{ "least", P("\0\1a\0octet\0blksize\0" "8\0timeout\0" "1\0"
	    "windowsize\0" "1\0"), TFTP_RRQ, "a", TFTP_OCTET,
	    BIT(BLKSIZE) | BIT(TIMEOUT) | BIT(WINDOWSIZE) },
	{ "too small", P("\0\1a\0octet\0blksize\0" "7\0timeout\0" "0\0"
	    "windowsize\0" "0\0"), TFTP_RRQ, "a", TFTP_OCTET, 0 },
	{ "too large", P("\0\1a\0octet\0blksize\0" "65465\0timeout\0" "256\0"
	    "windowsize\0" "65536\0"), TFTP_RRQ, "a", TFTP_OCTET, 0 },
	/* What gets no answer. */
	{ "empty", P(""), 0, NULL, 0, 0 },
	{ "one octet", P("\0"), 0, NULL, 0, 0 },
	{ "opcode only", P("\0\1"), 0, NULL, 0, 0 },
	{ "name without end", P("\0\1abc"), 0, NULL, 0, 0 },
	{ "no mode", P("\0\1abc\0"), 0, NULL, 0, 0 },
	{ "mode without end", P("\0\1abc\0octet"), 0, NULL, 0, 0 },
	{ "odd mode", P("\0\1abc\0binary\0"), 0, NULL, 0, 0 },
	{ "option without value", P("\0\1abc\0octet\0tsize\0"), 0, NULL, 0,
	    0 },
	{ "value without end", P("\0\1abc\0octet\0tsize\0" "0"), 0, NULL, 0,
	    0 },
	{ "DATA", P("\0\3\0\1abc\0octet\0"), 0, NULL, 0, 0 },
	{ "ACK", P("\0\4\0\1"), 0, NULL, 0, 0 },
	{ "ERROR", P("\0\5\0\1no\0"), 0, NULL, 0, 0 },
	{ "OACK", P("\0\6blksize\0" "512\0"), 0, NULL, 0, 0 },
	{ "opcode 0", P("\0\0a\0octet\0"), 0, NULL, 0, 0 },
	{ "opcode 256", P("\1\0a\0octet\0"), 0, NULL, 0, 0 },
	{ "opcode 257", P("\1\1a\0octet\0"), 0, NULL, 0, 0 },
};

static void
test_parse(void)
{
	const struct parse_case	*c;
	struct tftp_request	 req;
	struct buf		 in;
	size_t			 i;
	int			 rv;

	for (i = 0; i < nitems(parses); i++) {
		c = &parses[i];
		buf_init(&in, c->data, c->len);
		rv = tftp_parse_request(&in, &req);
		if (c->op == 0) {
			CHECK_NAMED(rv == -1, c->what);
			continue;
		}
		CHECK_NAMED(rv == 0 && (int)req.op == c->op, c->what);
		CHECK_NAMED(strcmp(req.name, c->name) == 0, c->what);
		CHECK_NAMED(req.mode == c->mode, c->what);
		CHECK_NAMED(req.asked == c->asked, c->what);
	}
}

/* The first of two equal options counts; the longest request, and longer. */
static void
test_parse_limits(void)
{
	struct tftp_request	req;
	struct buf		in;
	uint8_t			data[600];
	size_t			i, bad = 0;

	buf_init(&in, P("\0\1a\0octet\0blksize\0" "600\0blksize\0" "700\0"));
	CHECK(tftp_parse_request(&in, &req) == 0 &&
	    req.value[TFTP_O_BLKSIZE] == 600);
	memset(data, 'x', sizeof(data));
	memcpy(data, "\0\1", 2);
	memcpy(data + 2 + 255, "\0octet\0", 7);
	buf_init(&in, data, 2 + 255 + 7);
	CHECK(tftp_parse_request(&in, &req) == 0 && strlen(req.name) == 255);
	memset(data + 2, 'x', 300);
	memcpy(data + 2 + 256, "\0octet\0", 7);
	buf_init(&in, data, 2 + 256 + 7);
	CHECK(tftp_parse_request(&in, &req) == 0 && req.name[0] == '\0');
	memset(data + 2 + 256 + 7, 0, sizeof(data) - 2 - 256 - 7);
	buf_init(&in, data, TFTP_REQ_MAX);
	CHECK(tftp_parse_request(&in, &req) == 0);
	buf_init(&in, data, TFTP_REQ_MAX + 1);
	CHECK(tftp_parse_request(&in, &req) == -1);
	/* Every length of a good request: never beyond its end. */
	for (i = 0; i < nitems(parses); i++) {
		size_t	len;

		for (len = 0; len < parses[i].len; len++) {
			buf_init(&in, parses[i].data, len);
			(void)tftp_parse_request(&in, &req);
			bad += in.off > len;
		}
	}
	CHECK(bad == 0);
}

static void
test_reply(void)
{
	struct tftp_reply	rep;
	struct buf		in;

	buf_init(&in, P("\0\4\1\2"));
	CHECK(tftp_parse_reply(&in, &rep) == 0 && rep.op == TFTP_ACK &&
	    rep.number == 0x102);
	buf_init(&in, P("\0\5\0\10aborted\0"));
	CHECK(tftp_parse_reply(&in, &rep) == 0 && rep.op == TFTP_ERROR &&
	    rep.number == 8);
	buf_init(&in, P("\0\4\1"));
	CHECK(tftp_parse_reply(&in, &rep) == -1);
	buf_init(&in, P("\0\3\0\1"));
	CHECK(tftp_parse_reply(&in, &rep) == -1);
	buf_init(&in, P("\0\1a\0octet\0"));
	CHECK(tftp_parse_reply(&in, &rep) == -1);
	buf_init(&in, P(""));
	CHECK(tftp_parse_reply(&in, &rep) == -1);
}

static const struct agree_case {
	unsigned int	asked;
	uint64_t	blksize, window, timeout;
	uint32_t	mtu;
	uint32_t	want_blksize, want_window, want_timeout;
} agrees[] = {
	{ 0, 0, 0, 0, 1500, 512, 1, 0 },
	{ BIT(BLKSIZE), 1468, 0, 0, 1500, 1468, 1, 0 },
	{ BIT(BLKSIZE), 1469, 0, 0, 1500, 1468, 1, 0 },
	{ BIT(BLKSIZE), 65464, 0, 0, 1500, 1468, 1, 0 },
	{ BIT(BLKSIZE), 65464, 0, 0, 65536, 65464, 1, 0 },
	{ BIT(BLKSIZE), 8, 0, 0, 1500, 8, 1, 0 },
	{ BIT(BLKSIZE), 1468, 0, 0, 0, 512, 1, 0 },
	{ BIT(BLKSIZE), 1468, 0, 0, 576, 544, 1, 0 },
	{ BIT(WINDOWSIZE), 0, 4, 0, 1500, 512, 4, 0 },
	{ BIT(WINDOWSIZE), 0, 65535, 0, 1500, 512, 64, 0 },
	{ BIT(TIMEOUT), 0, 0, 30, 1500, 512, 1, 30 },
};

static void
test_agree(void)
{
	const struct agree_case	*c;
	struct tftp_request	 req;
	struct tftp_terms	 terms;
	size_t			 i;

	for (i = 0; i < nitems(agrees); i++) {
		c = &agrees[i];
		memset(&req, 0, sizeof(req));
		req.asked = c->asked;
		req.value[TFTP_O_BLKSIZE] = c->blksize;
		req.value[TFTP_O_WINDOWSIZE] = c->window;
		req.value[TFTP_O_TIMEOUT] = c->timeout;
		tftp_agree(&req, 77, c->mtu, &terms);
		CHECK(terms.blksize == c->want_blksize);
		CHECK(terms.window == c->want_window);
		CHECK(terms.timeout == c->want_timeout);
		CHECK(terms.agreed == c->asked && terms.size == 77);
	}
}

static int
built(const struct wbuf *out, const uint8_t *want, size_t len)
{
	return (!out->err && out->len == len &&
	    memcmp(out->data, want, len) == 0);
}

static void
test_build(void)
{
	const struct tftp_terms	terms = {
		.agreed = BIT(BLKSIZE) | BIT(TSIZE), .blksize = 1408,
		.window = 1, .size = 5000000000
	};
	const struct tftp_terms	none = { .blksize = 512, .window = 1 };
	uint8_t			data[128];
	struct wbuf		out;

	wbuf_init(&out, data, sizeof(data));
	tftp_build_oack(&out, &terms);
	CHECK(built(&out, P("\0\6blksize\0" "1408\0tsize\0" "5000000000\0")));
	wbuf_init(&out, data, sizeof(data));
	tftp_build_oack(&out, &none);
	CHECK(built(&out, P("\0\6")));
	wbuf_init(&out, data, sizeof(data));
	tftp_build_error(&out, TFTP_E_TID, "unknown");
	CHECK(built(&out, P("\0\5\0\5unknown\0")));
	wbuf_init(&out, data, sizeof(data));
	tftp_build_data(&out, 65535);
	tftp_build_data(&out, 65536);
	tftp_build_data(&out, 65537);
	CHECK(built(&out, P("\0\3\377\377\0\3\0\0\0\3\0\1")));
}

int
main(void)
{
	test_parse();
	test_parse_limits();
	test_reply();
	test_agree();
	test_build();
	return (unit_done());
}
