/* SPDX-License-Identifier: ISC */
/*
 * cond_test.c: dates, conditions and ranges of ksd, and the heads that say
 * what came of them.
 */
#include <string.h>

#include "ksd/ksd.h"
#include "unit.h"

#define FRIDAY	784111777	/* Sun, 06 Nov 1994 08:49:37 GMT */

static struct buf
view(const char *text)
{
	struct buf	b;

	buf_init(&b, text, text == NULL ? 0 : strlen(text));
	return (b);
}

static const struct {
	const char	*text;
	int64_t		 wall;		/* -1: it is none */
} dates[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", FRIDAY },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", FRIDAY },
	{ "Sun Nov  6 08:49:37 1994", FRIDAY },
	{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "Tue, 29 Feb 2000 23:59:59 GMT", 951868799 },
	{ "Wed, 01 Mar 2000 00:00:00 GMT", 951868800 },
	{ "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 },
	{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
	{ "Thursday, 01-Jan-70 00:00:01 GMT", 1 },
	{ "Monday, 01-Jan-24 00:00:00 GMT", 1704067200 },
	{ "Sat, 30 Jun 2012 23:59:60 GMT", 1341100800 },
	{ "Sun, 06 Nov 1994 08:49:37", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 CET", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
	{ "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
	{ "Sun, 06 nov 1994 08:49:37 GMT", -1 },
	{ "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
	{ "Sun, 32 Nov 1994 08:49:37 GMT", -1 },
	{ "Sun, 06 Nov 1994 24:00:00 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:60:37 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:49:61 GMT", -1 },
	{ "Sun, 06 Nov 199408:49:37 GMT", -1 },
	{ "784111777", -1 },
	{ "0", -1 },
	{ "", -1 },
};

static void
test_dates(void)
{
	char	text[HTTP_DATE_LEN];
	size_t	i;
	int64_t	wall;
	int	error;

	for (i = 0; i < nitems(dates); i++) {
		error = http_date_parse(view(dates[i].text), &wall);
		CHECK_NAMED(dates[i].wall == -1 ? error == -1 :
		    error == 0 && wall == dates[i].wall, dates[i].text);
	}
	http_date(FRIDAY, text);
	CHECK(strcmp(text, "Sun, 06 Nov 1994 08:49:37 GMT") == 0);
	http_date(253402300799, text);
	CHECK(strcmp(text, "Fri, 31 Dec 9999 23:59:59 GMT") == 0);
	http_date(INT64_MAX, text);
	CHECK(strlen(text) == 29);
}

/* There and back, over every month and leap year that matters. */
static void
test_dates_round(void)
{
	char	text[HTTP_DATE_LEN];
	int64_t	wall, back;
	int	same = 1;

	for (wall = 0; wall < 8000000000; wall += 86400 * 13 + 3607) {
		http_date(wall, text);
		same &= http_date_parse(view(text), &back) == 0 &&
		    back == wall;
	}
	CHECK(same);
}

static const struct {
	const char	*range;
	uint64_t	 size;
	int		 status;
	uint64_t	 first, len;
} ranges[] = {
	{ "bytes=0-0", 10, 206, 0, 1 },
	{ "bytes=0-9", 10, 206, 0, 10 },
	{ "bytes=3-", 10, 206, 3, 7 },
	{ "bytes=9-", 10, 206, 9, 1 },
	{ "bytes=2-99", 10, 206, 2, 8 },
	{ "BYTES=2-3", 10, 206, 2, 2 },
	{ "bytes=-3", 10, 206, 7, 3 },
	{ "bytes=-10", 10, 206, 0, 10 },
	{ "bytes=-99", 10, 206, 0, 10 },
	{ "bytes=0-18446744073709551615", 10, 206, 0, 10 },
	{ "bytes=0-99999999999999999999999", 10, 206, 0, 10 },
	{ "bytes=4294967296-", 4294967300, 206, 4294967296, 4 },
	{ "bytes=10-", 10, 416, 0, 10 },
	{ "bytes=10-20", 10, 416, 0, 10 },
	{ "bytes=99999999999999999999999-", 10, 416, 0, 10 },
	{ "bytes=-0", 10, 416, 0, 10 },
	{ "bytes=0-", 0, 416, 0, 0 },
	{ "bytes=-1", 0, 200, 0, 0 },
	/* Not understood: all of it. */
	{ "bytes=5-4", 10, 200, 0, 10 },
	{ "bytes=", 10, 200, 0, 10 },
	{ "bytes=-", 10, 200, 0, 10 },
	{ "bytes=1", 10, 200, 0, 10 },
	{ "bytes=0-1,3-4", 10, 200, 0, 10 },
	{ "bytes=0-1 ", 10, 200, 0, 10 },
	{ "bytes= 0-1", 10, 200, 0, 10 },
	{ "bytes=+0-1", 10, 200, 0, 10 },
	{ "bytes=0x0-1", 10, 200, 0, 10 },
	{ "bytes=--1", 10, 200, 0, 10 },
	{ "lines=0-1", 10, 200, 0, 10 },
	{ "", 10, 200, 0, 10 },
};

static void
test_ranges(void)
{
	struct file_info	file = { 0, FRIDAY, 7 };
	struct http_req		req;
	struct http_part	part;
	size_t			i;

	for (i = 0; i < nitems(ranges); i++) {
		memset(&req, 0, sizeof(req));
		req.range = view(ranges[i].range);
		file.size = ranges[i].size;
		http_conditions(&req, &file, &part);
		CHECK_NAMED(part.status == ranges[i].status, ranges[i].range);
		CHECK_NAMED(part.first == ranges[i].first &&
		    part.len == ranges[i].len, ranges[i].range);
	}
	req.range = view("bytes=0-0");
	req.method = HTTP_HEAD;
	http_conditions(&req, &file, &part);
	CHECK(part.status == 200);
}

/* Of a file of 10 octets with mtime FRIDAY, inode 7: its tag is TAG. */
#define TAG	"\"a-2ebc98a1-7\""
#define BEFORE	"Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME	"Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER	"Sun, 06 Nov 1994 08:49:38 GMT"

static const struct {
	const char	*name;
	const char	*match, *none_match, *modified, *unmodified;
	const char	*if_range;	/* with a Range of 2 octets */
	int		 status;
} conditions[] = {
	{ "none", NULL, NULL, NULL, NULL, NULL, 200 },
	{ "If-Match", TAG, NULL, NULL, NULL, NULL, 200 },
	{ "If-Match *", "*", NULL, NULL, NULL, NULL, 200 },
	{ "If-Match list", "\"x\", " TAG, NULL, NULL, NULL, NULL, 200 },
	{ "If-Match another", "\"x\"", NULL, NULL, NULL, NULL, 412 },
	{ "If-Match weak", "W/" TAG, NULL, NULL, NULL, NULL, 412 },
	{ "If-Match nonsense", "x", NULL, NULL, NULL, NULL, 412 },
	{ "If-Match open", "\"x", NULL, NULL, NULL, NULL, 412 },
	{ "If-None-Match", NULL, TAG, NULL, NULL, NULL, 304 },
	{ "If-None-Match weak", NULL, "W/" TAG, NULL, NULL, NULL, 304 },
	{ "If-None-Match *", NULL, "*", NULL, NULL, NULL, 304 },
	{ "If-None-Match another", NULL, "\"x\"", NULL, NULL, NULL, 200 },
	{ "If-None-Match beginning", NULL, "\"a-2ebc98a1-70\"", NULL, NULL,
	    NULL, 200 },
	{ "If-None-Match list", NULL, "W/\"x\",\t" TAG, NULL, NULL, NULL,
	    304 },
	{ "If-None-Match before dates", NULL, "\"x\"", SAME, NULL, NULL, 200 },
	{ "If-Modified-Since same", NULL, NULL, SAME, NULL, NULL, 304 },
	{ "If-Modified-Since after", NULL, NULL, AFTER, NULL, NULL, 304 },
	{ "If-Modified-Since before", NULL, NULL, BEFORE, NULL, NULL, 200 },
	{ "If-Modified-Since nonsense", NULL, NULL, "x", NULL, NULL, 200 },
	{ "If-Unmodified-Since same", NULL, NULL, NULL, SAME, NULL, 200 },
	{ "If-Unmodified-Since before", NULL, NULL, NULL, BEFORE, NULL, 412 },
	{ "If-Unmodified-Since nonsense", NULL, NULL, NULL, "x", NULL, 200 },
	{ "If-Match before dates", TAG, NULL, NULL, BEFORE, NULL, 200 },
	{ "If-Match before If-None-Match", "\"x\"", TAG, NULL, NULL, NULL,
	    412 },
	{ "If-Range tag", NULL, NULL, NULL, NULL, TAG, 206 },
	{ "If-Range another", NULL, NULL, NULL, NULL, "\"x\"", 200 },
	{ "If-Range weak", NULL, NULL, NULL, NULL, "W/" TAG, 200 },
	{ "If-Range date", NULL, NULL, NULL, NULL, SAME, 206 },
	{ "If-Range earlier", NULL, NULL, NULL, NULL, BEFORE, 200 },
	{ "If-Range later", NULL, NULL, NULL, NULL, AFTER, 200 },
	{ "If-Range nonsense", NULL, NULL, NULL, NULL, "x", 200 },
	{ "304 before Range", NULL, TAG, NULL, NULL, TAG, 304 },
};

static void
test_conditions(void)
{
	const struct file_info	file = { 10, FRIDAY, 7 };
	char			etag[HTTP_ETAG_LEN];
	struct http_req		req;
	struct http_part	part;
	size_t			i;

	http_etag(&file, etag);
	CHECK(strcmp(etag, TAG) == 0);
	for (i = 0; i < nitems(conditions); i++) {
		memset(&req, 0, sizeof(req));
		req.if_match = view(conditions[i].match);
		req.if_none_match = view(conditions[i].none_match);
		req.if_modified_since = view(conditions[i].modified);
		req.if_unmodified_since = view(conditions[i].unmodified);
		req.if_range = view(conditions[i].if_range);
		if (conditions[i].if_range != NULL)
			req.range = view("bytes=0-1");
		http_conditions(&req, &file, &part);
		CHECK_NAMED(part.status == conditions[i].status,
		    conditions[i].name);
	}
}

static const struct file_info	some = { 10, FRIDAY, 7 };

#define DATE	"Date: x\r\n"
#define VALID	"Last-Modified: " SAME "\r\nETag: " TAG "\r\n"

static const struct {
	struct reply_head head;
	const char	*text;
} heads[] = {
	{ { .status = 200, .type = "a/b", .len = 10, .file = &some },
	    "HTTP/1.1 200 OK\r\n" DATE VALID "Accept-Ranges: bytes\r\n"
	    "Content-Type: a/b\r\nContent-Length: 10\r\n\r\n" },
	{ { .status = 206, .type = "a/b", .first = 2, .len = 3,
	    .file = &some }, "HTTP/1.1 206 Partial Content\r\n" DATE VALID
	    "Accept-Ranges: bytes\r\nContent-Range: bytes 2-4/10\r\n"
	    "Content-Type: a/b\r\nContent-Length: 3\r\n\r\n" },
	{ { .status = 304, .len = 10, .file = &some },
	    "HTTP/1.1 304 Not Modified\r\n" DATE VALID "\r\n" },
	{ { .status = 416, .len = 10, .file = &some },
	    "HTTP/1.1 416 Range Not Satisfiable\r\n" DATE VALID
	    "Content-Range: bytes */10\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 26\r\n\r\n416 Range Not Satisfiable\n" },
	{ { .status = 204, .no_store = 1 },
	    "HTTP/1.1 204 No Content\r\n" DATE "Cache-Control: no-store\r\n"
	    "\r\n" },
	{ { .status = 404, .head_only = 1 },
	    "HTTP/1.1 404 Not Found\r\n" DATE "Content-Type: text/plain\r\n"
	    "Content-Length: 14\r\n\r\n" },
	{ { .status = 405, .close = 1, .allow = HTTP_ALLOW(GET) |
	    HTTP_ALLOW(POST) }, "HTTP/1.1 405 Method Not Allowed\r\n" DATE
	    "Connection: close\r\nAllow: GET, POST\r\n"
	    "Content-Type: text/plain\r\nContent-Length: 23\r\n\r\n"
	    "405 Method Not Allowed\n" },
	{ { .status = 503 }, "HTTP/1.1 503 Service Unavailable\r\n" DATE
	    "Retry-After: 2\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 24\r\n\r\n503 Service Unavailable\n" },
};

static void
test_heads(void)
{
	char		text[HTTP_REPLY_MAX];
	struct wbuf	w;
	size_t		i;

	for (i = 0; i < nitems(heads); i++) {
		wbuf_init(&w, text, sizeof(text));
		reply_head(&heads[i].head, "x", &w);
		CHECK(!w.err && w.len == strlen(heads[i].text) &&
		    memcmp(text, heads[i].text, w.len) == 0);
	}
	CHECK(strcmp(reply_type("x/boot.efi", 0), "application/efi") == 0);
	CHECK(strcmp(reply_type("a.iso", 1), "application/vnd.efi-iso") == 0);
	CHECK(strcmp(reply_type("a.iso", 0), "application/octet-stream") == 0);
	CHECK(strcmp(reply_type("linux", 0), "application/octet-stream") == 0);
	CHECK(strcmp(reply_type("ks.cfg", 0), "text/plain") == 0);
	CHECK(strcmp(reply_type("", 0), "application/octet-stream") == 0);
}

int
main(void)
{
	test_dates();
	test_dates_round();
	test_ranges();
	test_conditions();
	test_heads();
	return (unit_done());
}
