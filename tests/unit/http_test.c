/* SPDX-License-Identifier: ISC */
/*
 * http_test.c: requests that ksd takes and requests that it does not, the
 * latter chosen so that two readers could disagree about them.
 */
#include <string.h>

#include "ksd/ksd.h"
#include "unit.h"

#define H	"Host: a\r\n"
#define G	"GET / HTTP/1.1\r\n"
#define P	"POST /e/0/done HTTP/1.1\r\n" H

/* status: 0 a good one, -1 not complete, else its refusal. */
static const struct {
	const char	*name;
	const char	*text;
	size_t		 len;		/* 0: of the string */
	int		 status;
	const char	*path;		/* NULL: whatever */
	int		 close;
	uint32_t	 body;
} cases[] = {
	/* Good ones. */
	{ "plain", G H "\r\n", 0, 0, "/", 0, 0 },
	{ "HEAD", "HEAD /x HTTP/1.1\r\n" H "\r\n", 0, 0, "/x", 0, 0 },
	{ "query", "GET /x?y=%00 HTTP/1.1\r\n" H "\r\n", 0, 0, "/x", 0, 0 },
	{ "port", G "Host: a:80\r\n\r\n", 0, 0, "/", 0, 0 },
	{ "IPv6 host", G "Host: [::1]:80\r\n\r\n", 0, 0, "/", 0, 0 },
	{ "no space after the colon", G "Host:a\r\n\r\n", 0, 0, "/", 0, 0 },
	{ "tabs around", G "Host: \t a\t \r\n\r\n", 0, 0, "/", 0, 0 },
	{ "any case", G "hOsT: a\r\ncONNECTION: cLOSE\r\n\r\n", 0, 0, "/", 1,
	    0 },
	{ "close in a list", G H "Connection: x , close\r\n\r\n", 0, 0, "/", 1,
	    0 },
	{ "closed is not close", G H "Connection: closed\r\n\r\n", 0, 0, "/",
	    0, 0 },
	{ "absolute-form", "GET http://b/x HTTP/1.1\r\n" H "\r\n", 0, 0, "/x",
	    0, 0 },
	{ "absolute-form, case", "GET HTTP://b:80/x?http://c/ HTTP/1.1\r\n" H
	    "\r\n", 0, 0, "/x", 0, 0 },
	{ "absolute-form, no path", "GET http://b HTTP/1.1\r\n" H "\r\n", 0, 0,
	    "/", 0, 0 },
	{ "absolute-form, query only", "GET http://b?x HTTP/1.1\r\n" H "\r\n",
	    0, 0, "/", 0, 0 },
	{ "an empty line before", "\r\n" G H "\r\n", 0, 0, "/", 0, 0 },
	{ "HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0, 0, "/", 1, 0 },
	{ "HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n"
	    "\r\n", 0, 0, "/", 1, 0 },
	{ "HTTP/1.9 is 1.1", "GET / HTTP/1.9\r\n" H "\r\n", 0, 0, "/", 0, 0 },
	{ "Latin-1 in a value", G H "X: \xe4\r\n\r\n", 0, 0, "/", 0, 0 },
	{ "empty value", G H "X:\r\n\r\n", 0, 0, "/", 0, 0 },
	{ "no content by length", G H "Content-Length: 0\r\n\r\n", 0, 0, "/",
	    0, 0 },
	{ "POST", P "Content-Length: 5\r\n\r\nabcde", 0, 0, "/e/0/done", 0, 5 },
	{ "POST without content", P "\r\n", 0, 0, "/e/0/done", 0, 0 },
	{ "POST, zeros before", P "Content-Length: 0005\r\n\r\nabcde", 0, 0,
	    "/e/0/done", 0, 5 },
	{ "PUT with content: 405 and close", "PUT /x HTTP/1.1\r\n" H
	    "Content-Length: 3\r\n\r\nabc", 0, 0, NULL, 1, 0 },
	{ "OPTIONS *", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, 0, NULL, 0, 0 },
	{ "CONNECT", "CONNECT a:80 HTTP/1.1\r\n" H "\r\n", 0, 0, NULL, 0, 0 },

	/* Not complete. */
	{ "nothing", "", 0, -1, NULL, 0, 0 },
	{ "half a line", "GET / HT", 0, -1, NULL, 0, 0 },
	{ "no end", G H, 0, -1, NULL, 0, 0 },
	{ "half an end", G H "\r", 0, -1, NULL, 0, 0 },
	{ "only an empty line", "\r\n", 0, -1, NULL, 0, 0 },

	/* Lines. */
	{ "bare LF at the end", G H "\n", 0, 400, NULL, 0, 0 },
	{ "bare LF in the line", "GET / HTTP/1.1\n" H "\r\n", 0, 400, NULL, 0,
	    0 },
	{ "bare LF after a field", G "Host: a\n\r\n", 0, 400, NULL, 0, 0 },
	{ "LF alone", "\n", 0, 400, NULL, 0, 0 },
	{ "two empty lines before", "\r\n\r\n" G H "\r\n", 0, 400, NULL, 0, 0 },
	{ "bare CR in a value", G H "X: a\rb\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "bare CR hides a field", G H "X: a\rContent-Length: 5\r\n\r\n", 0,
	    400, NULL, 0, 0 },
	{ "CR CR LF", G H "\r\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "bare CR in the line", "GET /\rHTTP/1.1\r\n" H "\r\n", 0, 400, NULL,
	    0, 0 },
	{ "folded", G H "X: a\r\n b\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "folded with a tab", G H "X: a\r\n\tb\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "folded first", G " Host: a\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "line of a space", G H " \r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "NUL in a value", G H "X: a\0b\r\n\r\n", sizeof(G H
	    "X: a\0b\r\n\r\n") - 1, 400, NULL, 0, 0 },
	{ "NUL in a name", G H "X\0: a\r\n\r\n", sizeof(G H
	    "X\0: a\r\n\r\n") - 1, 400, NULL, 0, 0 },
	{ "NUL in the path", "GET /\0 HTTP/1.1\r\n" H "\r\n",
	    sizeof("GET /\0 HTTP/1.1\r\n" H "\r\n") - 1, 400, NULL, 0, 0 },
	{ "DEL in a value", G H "X: a\x7f\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "ESC in a value", G H "X: \x1b[0m\r\n\r\n", 0, 400, NULL, 0, 0 },

	/* Names. */
	{ "space before the colon", G "Host : a\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "tab before the colon", G H "Content-Length\t: 5\r\n\r\n", 0, 400,
	    NULL, 0, 0 },
	{ "no colon", G H "X\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "no name", G H ": a\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "space in a name", G H "X Y: a\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "quotes in a name", G H "\"X\": a\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "8 bits in a name", G H "X\xe4: a\r\n\r\n", 0, 400, NULL, 0, 0 },

	/* Host. */
	{ "no Host", G "\r\n", 0, 400, NULL, 0, 0 },
	{ "two Hosts", G H H "\r\n", 0, 400, NULL, 0, 0 },
	{ "two Hosts, HTTP/1.0", "GET / HTTP/1.0\r\n" H H "\r\n", 0, 400, NULL,
	    0, 0 },
	{ "empty Host", G "Host:\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "list in Host", G "Host: a b\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "path in Host", G "Host: a/b\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "user in Host", G "Host: u@a\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "absolute-form, no Host", "GET http://b/ HTTP/1.1\r\n\r\n", 0, 400,
	    NULL, 0, 0 },

	/* The line. */
	{ "unknown method", "BREW / HTTP/1.1\r\n" H "\r\n", 0, 501, NULL, 0,
	    0 },
	{ "methods have a case", "get / HTTP/1.1\r\n" H "\r\n", 0, 501, NULL,
	    0, 0 },
	{ "no method", " / HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "bad method", "G@T / HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "HTTP/0.9", "GET /\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "two spaces later", "GET /  HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0,
	    0 },
	{ "tab", "GET\t/ HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "space at the end", "GET / HTTP/1.1 \r\n" H "\r\n", 0, 400, NULL, 0,
	    0 },
	{ "space in the path", "GET /a b HTTP/1.1\r\n" H "\r\n", 0, 400, NULL,
	    0, 0 },
	{ "8 bits in the path", "GET /\xe4 HTTP/1.1\r\n" H "\r\n", 0, 400,
	    NULL, 0, 0 },
	{ "fragment", "GET /#x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "backslash", "GET /..\\x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "no slash", "GET x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "asterisk", "GET * HTTP/1.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "other scheme", "GET https://a/ HTTP/1.1\r\n" H "\r\n", 0, 400, NULL,
	    0, 0 },
	{ "no host in it", "GET http:///x HTTP/1.1\r\n" H "\r\n", 0, 400, NULL,
	    0, 0 },
	{ "user in it", "GET http://u:p@a/ HTTP/1.1\r\n" H "\r\n", 0, 400,
	    NULL, 0, 0 },
	{ "lower-case version", "GET / http/1.1\r\n" H "\r\n", 0, 400, NULL, 0,
	    0 },
	{ "HTTP/1", "GET / HTTP/1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "HTTP/1.10", "GET / HTTP/1.10\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "HTTP/01.1", "GET / HTTP/01.1\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "HTTP/1.x", "GET / HTTP/1.x\r\n" H "\r\n", 0, 400, NULL, 0, 0 },
	{ "HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 0, 505, NULL, 0, 0 },
	{ "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 0, 505, NULL, 0, 0 },
	{ "TLS", "\x16\x03\x01\x02\r\n\x01\r\n\r\n", 0, 400, NULL, 0, 0 },

	/* Content. */
	{ "GET with content", G H "Content-Length: 1\r\n\r\nx", 0, 400, NULL,
	    0, 0 },
	{ "HEAD with content", "HEAD / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
	    "\r\nx", 0, 400, NULL, 0, 0 },
	{ "GET, chunked", G H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
	    400, NULL, 0, 0 },
	{ "GET, coding unknown", G H "Transfer-Encoding: x\r\n\r\n", 0, 400,
	    NULL, 0, 0 },
	{ "POST, chunked", P "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
	    411, NULL, 0, 0 },
	{ "POST, both", P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n", 0, 400, NULL, 0, 0 },
	{ "POST, both the other way", P "Transfer-Encoding: chunked\r\n"
	    "Content-Length: 5\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "POST, HTTP/1.0 chunked", "POST /e/0/x HTTP/1.0\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "two lengths", P "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 0,
	    400, NULL, 0, 0 },
	{ "two equal lengths", P "Content-Length: 5\r\nContent-Length: 5\r\n"
	    "\r\n", 0, 400, NULL, 0, 0 },
	{ "list of lengths", P "Content-Length: 5, 5\r\n\r\n", 0, 400, NULL, 0,
	    0 },
	{ "length: sign", P "Content-Length: +5\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "length: minus", P "Content-Length: -1\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "length: hex", P "Content-Length: 0x5\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "length: underscore", P "Content-Length: 1_0\r\n\r\n", 0, 400, NULL,
	    0, 0 },
	{ "length: empty", P "Content-Length:\r\n\r\n", 0, 400, NULL, 0, 0 },
	{ "length: inner space", P "Content-Length: 1 0\r\n\r\n", 0, 400, NULL,
	    0, 0 },
	{ "length: too much", P "Content-Length: 8193\r\n\r\n", 0, 413, NULL,
	    0, 0 },
	{ "length: 2^32 + 5", P "Content-Length: 4294967301\r\n\r\n", 0, 413,
	    NULL, 0, 0 },
	{ "length: 2^64 + 5", P "Content-Length: 18446744073709551621\r\n\r\n",
	    0, 413, NULL, 0, 0 },
	{ "expects something", P "Expect: 200-ok\r\nContent-Length: 5\r\n\r\n",
	    0, 417, NULL, 0, 0 },
	{ "two Ranges", G H "Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n", 0,
	    400, NULL, 0, 0 },
};

static int
take(const char *text, size_t len, struct http_req *req)
{
	struct http_scan	scan;
	struct buf		in;
	int			n;

	memset(&scan, 0, sizeof(scan));
	if ((n = http_scan(&scan, (const uint8_t *)text, len)) <= 0)
		return (n == 0 ? -1 : -n);
	buf_init(&in, text + scan.start, (size_t)n - scan.start);
	return (http_parse(&in, req));
}

static void
test_cases(void)
{
	struct http_req	 req;
	size_t		 i, len;
	int		 status;

	for (i = 0; i < nitems(cases); i++) {
		len = cases[i].len > 0 ? cases[i].len : strlen(cases[i].text);
		status = take(cases[i].text, len, &req);
		CHECK_NAMED(status == cases[i].status, cases[i].name);
		if (status != 0 || cases[i].status != 0)
			continue;
		CHECK_NAMED(req.close == cases[i].close, cases[i].name);
		CHECK_NAMED(req.body == cases[i].body, cases[i].name);
		CHECK_NAMED(cases[i].path == NULL ||
		    strcmp(req.path, cases[i].path) == 0, cases[i].name);
	}
}

/* One octet at a time: nothing is decided early, and then the same. */
static void
test_slowly(void)
{
	struct http_scan	scan;
	size_t			i, len, all;
	int			n, same = 1;

	for (i = 0; i < nitems(cases); i++) {
		all = cases[i].len > 0 ? cases[i].len : strlen(cases[i].text);
		memset(&scan, 0, sizeof(scan));
		for (len = 0, n = 0; len <= all && n == 0; len++)
			n = http_scan(&scan, (const uint8_t *)cases[i].text,
			    len);
		if (n == 0)
			same &= cases[i].status == -1;
		else if (n < 0)
			same &= -n == cases[i].status;
		else
			same &= cases[i].status != -1;
	}
	CHECK(same);
}

/* A line or a head of n octets, of fields of which each has as many. */
static int
status_of_long(size_t line, size_t fields, size_t each)
{
	static char	text[4 * HTTP_HEAD_MAX];
	struct http_req	req;
	struct wbuf	w;
	size_t		i;

	wbuf_init(&w, text, sizeof(text));
	wbuf_str(&w, "GET /");
	while (w.len < line - 11)
		wbuf_u8(&w, w.len % 200 == 0 ? '?' : 'x');
	wbuf_str(&w, " HTTP/1.1\r\n" H);
	for (i = 0; i < fields; i++) {
		wbuf_str(&w, "X: ");
		while ((w.len - line - 9) % each != each - 2)
			wbuf_u8(&w, 'y');
		wbuf_str(&w, "\r\n");
	}
	wbuf_str(&w, "\r\n");
	return (w.err ? -2 : take(text, w.len, &req));
}

static void
test_limits(void)
{
	char	text[HTTP_HEAD_MAX + 64];
	struct http_req	req;

	CHECK(status_of_long(100, 0, 1) == 0);
	CHECK(status_of_long(HTTP_LINE_MAX, 0, 1) == 0);
	CHECK(status_of_long(HTTP_LINE_MAX + 1, 0, 1) == 414);
	CHECK(status_of_long(100, HTTP_FIELD_MAX - 1, 10) == 0);
	CHECK(status_of_long(100, HTTP_FIELD_MAX, 10) == 431);
	CHECK(status_of_long(100, 8, 1000) == 0);
	CHECK(status_of_long(100, 9, 1000) == 431);
	/* Without an end, too. */
	memset(text, 'x', sizeof(text));
	CHECK(take(text, HTTP_LINE_MAX, &req) == -1);
	CHECK(take(text, HTTP_LINE_MAX + 1, &req) == 414);
	memcpy(text, G, strlen(G));
	CHECK(take(text, HTTP_HEAD_MAX, &req) == -1);
	CHECK(take(text, HTTP_HEAD_MAX + 1, &req) == 431);
}

static const struct {
	const char	*in;
	int		 status;
	const char	*out;
} paths[] = {
	{ "/", 0, "/" },
	{ "/a/b", 0, "/a/b" },
	{ "/a/", 0, "/a/" },
	{ "//a///b//", 0, "/a/b/" },
	{ "/./a/./b/.", 0, "/a/b/" },
	{ "/.a/..b/c..", 0, "/.a/..b/c.." },
	{ "/...", 0, "/..." },
	{ "/%61%2B%2b%7e", 0, "/a++~" },
	{ "/a+b", 0, "/a+b" },
	{ "/%e4%bd%a0", 0, "/\xe4\xbd\xa0" },
	{ "/%2561", 0, "/%61" },
	{ "/%252e%252e/", 0, "/%2e%2e/" },
	{ "/..", 400, NULL },
	{ "/../etc/passwd", 400, NULL },
	{ "/a/../b", 400, NULL },
	{ "/a/..", 400, NULL },
	{ "/%2e%2e/x", 400, NULL },
	{ "/.%2E/x", 400, NULL },
	{ "/%2E./x", 400, NULL },
	{ "/..%2fx", 400, NULL },
	{ "/a%2Fb", 400, NULL },
	{ "/%00", 400, NULL },
	{ "/a%0ab", 400, NULL },
	{ "/%7f", 400, NULL },
	{ "/%", 400, NULL },
	{ "/%4", 400, NULL },
	{ "/%zz", 400, NULL },
	{ "/%4z", 400, NULL },
	{ "a", 400, NULL },
	{ "", 400, NULL },
};

static void
test_paths(void)
{
	char		out[16], longer[64];
	struct buf	in;
	size_t		i;
	int		status;

	for (i = 0; i < nitems(paths); i++) {
		buf_init(&in, paths[i].in, strlen(paths[i].in));
		status = http_path(&in, out, sizeof(out));
		CHECK_NAMED(status == paths[i].status, paths[i].in);
		if (status == 0)
			CHECK_NAMED(strcmp(out, paths[i].out) == 0,
			    paths[i].in);
	}
	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	buf_init(&in, longer, sizeof(out) - 1);
	CHECK(http_path(&in, out, sizeof(out)) == 0);
	buf_init(&in, longer, sizeof(out));
	CHECK(http_path(&in, out, sizeof(out)) == 414);
}

static const struct {
	const char	*form;
	const char	*text;		/* NULL: there is none */
} forms[] = {
	{ "text=a", "a" },
	{ "x=y&text=a+b%21", "a b!" },
	{ "text=", "" },
	{ "text=a&text=b", "a" },
	{ "text=%0a%1b%e4", "???" },
	{ "text=a%", "a?" },
	{ "text=a%4", "a?" },
	{ "text=0123456789012345678901234567890123456789",
	    "0123456789012345678" },
	{ "", NULL },
	{ "text", NULL },
	{ "atext=b", NULL },
	{ "TEXT=b", NULL },
	{ "&&=&x", NULL },
};

static void
test_forms(void)
{
	char		out[20];
	struct buf	in;
	size_t		i;
	int		found;

	for (i = 0; i < nitems(forms); i++) {
		buf_init(&in, forms[i].form, strlen(forms[i].form));
		found = http_form(in, "text", out, sizeof(out)) == 0;
		CHECK_NAMED(found == (forms[i].text != NULL), forms[i].form);
		if (found && forms[i].text != NULL)
			CHECK_NAMED(strcmp(out, forms[i].text) == 0,
			    forms[i].form);
	}
	buf_init(&in, " a\r\nb\0c ", 8);
	http_text(in, out, sizeof(out));
	CHECK(strcmp(out, "a??b?c") == 0);
}

/* What is remembered of a request, and what of the one before is not. */
static void
test_fields(void)
{
	static const char	first[] = G H "Range: bytes=1-2\r\n"
				    "User-Agent: UefiHttpBoot/1.0\r\n"
				    "If-None-Match: \"x\"\r\n"
				    "Expect: 100-Continue\r\n\r\n";
	static const char	second[] = G H "User-Agent: Uefi\r\n\r\n";
	struct http_req		req;

	CHECK(take(first, sizeof(first) - 1, &req) == 0);
	CHECK(buf_is(&req.range, "bytes=1-2"));
	CHECK(buf_is(&req.if_none_match, "\"x\""));
	CHECK(req.if_match.data == NULL);
	CHECK(req.uefi && req.expect && req.minor == 1);
	CHECK(take(second, sizeof(second) - 1, &req) == 0);
	CHECK(req.range.data == NULL && req.if_none_match.data == NULL);
	CHECK(!req.uefi && !req.expect);
}

int
main(void)
{
	test_cases();
	test_slowly();
	test_limits();
	test_paths();
	test_forms();
	test_fields();
	return (unit_done());
}
