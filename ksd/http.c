/* SPDX-License-Identifier: ISC */
/*
 * http.c: the heads of requests, read strictly (RFC 9112).  What two readers
 * could take for two different requests is refused, and a refusal ends the
 * connection.  Touches nothing but the buffer.
 */
#include <string.h>

#include "ksd.h"

struct head {
	struct http_req	*req;
	unsigned int	 hosts;
	int		 has_length;
	int		 has_coding;
	int		 bad_expect;
	uint64_t	 length;
};

static const struct {
	const char	*name;
	enum http_method method;
} methods[] = {
	{ "GET",	HTTP_GET },
	{ "HEAD",	HTTP_HEAD },
	{ "POST",	HTTP_POST },
	{ "PUT",	HTTP_OTHER },
	{ "DELETE",	HTTP_OTHER },
	{ "OPTIONS",	HTTP_OTHER },
	{ "PATCH",	HTTP_OTHER },
	{ "TRACE",	HTTP_OTHER },
	{ "CONNECT",	HTTP_OTHER },
};

static int
is_alnum(uint8_t c)
{
	return ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z'));
}

/* RFC 9110 5.6.2 */
static int
is_tchar(uint8_t c)
{
	return (is_alnum(c) || (c != '\0' &&
	    strchr("!#$%&'*+-.^_`|~", c) != NULL));
}

/* RFC 3986: unreserved, reserved but for '#', and '%'. */
static int
is_uri(uint8_t c)
{
	return (is_alnum(c) || (c != '\0' &&
	    strchr("-._~:/?[]@!$&'()*+,;=%", c) != NULL));
}

/* A host and a port; what else stands there is looked at by nobody. */
static int
is_authority(uint8_t c)
{
	return (is_uri(c) && c != '/' && c != '?' && c != '@');
}

/* RFC 9110 5.5: what a field's value may hold. */
static int
is_value(uint8_t c)
{
	return (c == '\t' || (c >= 0x20 && c != 0x7f));
}

static int
buf_all(const struct buf *b, int (*is)(uint8_t))
{
	size_t	i;

	for (i = 0; i < b->len; i++)
		if (!is(b->data[i]))
			return (0);
	return (1);
}

static uint8_t
lower(uint8_t c)
{
	return (c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
}

int
buf_is(const struct buf *b, const char *s)
{
	size_t	i;

	for (i = 0; i < b->len; i++)
		if (s[i] == '\0' || lower(b->data[i]) != lower((uint8_t)s[i]))
			return (0);
	return (s[i] == '\0');
}

/* How many bytes stand before the next c; all when there is none. */
static size_t
buf_before(const struct buf *in, uint8_t c)
{
	const uint8_t	*p;

	if (buf_left(in) == 0 ||
	    (p = memchr(in->data + in->off, c, buf_left(in))) == NULL)
		return (buf_left(in));
	return ((size_t)(p - (in->data + in->off)));
}

/* The bytes before the next c, which is skipped; -1 when there is no c. */
static int
buf_until(struct buf *in, uint8_t c, struct buf *out)
{
	size_t	n = buf_before(in, c);

	if (n == buf_left(in))
		return (-1);
	(void)buf_sub(in, out, n);
	buf_skip(in, 1);
	return (0);
}

static void
buf_rest(struct buf *in, struct buf *out)
{
	(void)buf_sub(in, out, buf_left(in));
}

/* Without the spaces and tabs around it. */
static void
buf_trim(struct buf *b)
{
	struct buf	out;
	size_t		first = 0, end = b->len;

	while (first < end && (b->data[first] == ' ' || b->data[first] == '\t'))
		first++;
	while (end > first && (b->data[end - 1] == ' ' ||
	    b->data[end - 1] == '\t'))
		end--;
	buf_skip(b, first);
	(void)buf_sub(b, &out, end - first);
	*b = out;
}

int
http_scan(struct http_scan *s, const uint8_t *data, size_t len)
{
	const uint8_t	*nl;
	size_t		 end;

	while (len > s->line &&
	    (nl = memchr(data + s->line, '\n', len - s->line)) != NULL) {
		end = (size_t)(nl - data) + 1;
		if (end - s->line < 2 || nl[-1] != '\r')
			return (-400);
		if (end - s->line > 2) {
			s->lines++;
			if (s->lines == 1 && end - s->start > HTTP_LINE_MAX)
				return (-414);
		} else if (s->lines > 0) {
			return (end - s->start > HTTP_HEAD_MAX ? -431 :
			    (int)end);
		} else if (s->start > 0) {
			return (-400);
		} else {
			/* RFC 9112 2.2: one empty line before it is ignored. */
			s->start = end;
		}
		s->line = end;
		if (s->lines > HTTP_FIELD_MAX + 1)
			return (-431);
	}
	if (s->lines == 0 && len - s->start > HTTP_LINE_MAX)
		return (-414);
	return (len - s->start > HTTP_HEAD_MAX ? -431 : 0);
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (lower(c) >= 'a' && lower(c) <= 'f')
		return (lower(c) - 'a' + 10);
	return (-1);
}

/* The octet of the two digits after a '%', or -1. */
static int
hex_octet(struct buf *in)
{
	const uint8_t	*p = buf_ptr(in, 2);

	if (p == NULL || hex_digit(p[0]) == -1 || hex_digit(p[1]) == -1)
		return (-1);
	return (hex_digit(p[0]) << 4 | hex_digit(p[1]));
}

/* One decoded octet of a path, or -1. */
static int
path_octet(struct buf *in)
{
	int	c = buf_u8(in);

	if (c == '%' && (c = hex_octet(in)) == '/')
		return (-1);
	return (c < 0x20 || c == 0x7f ? -1 : c);
}

int
http_path(struct buf *in, char *path, size_t size)
{
	size_t	 len = 0, seg = 0;	/* seg: after the last '/' */
	int	 c, end;

	if (buf_u8(in) != '/')
		return (400);
	path[len++] = '/';
	seg = len;
	do {
		end = buf_left(in) == 0;
		c = end ? '/' : path_octet(in);
		if (c == -1)
			return (400);
		/* A slash that was not decoded ends a segment. */
		if (c == '/') {
			if (len - seg == 2 && memcmp(path + seg, "..", 2) == 0)
				return (400);
			if (len - seg == 1 && path[seg] == '.')
				len = seg;
			if (end || len == seg)
				continue;
		}
		if (len + 1 >= size)
			return (414);
		path[len++] = (char)c;
		if (c == '/')
			seg = len;
	} while (!end);
	path[len] = '\0';
	return (0);
}

void
http_text(struct buf in, char *out, size_t size)
{
	size_t	len;
	uint8_t	c;

	buf_trim(&in);
	for (len = 0; len + 1 < size && buf_left(&in) > 0; len++) {
		c = buf_u8(&in);
		out[len] = (char)(c < 0x20 || c > 0x7e ? '?' : c);
	}
	out[len] = '\0';
}

int
http_form(struct buf in, const char *name, char *out, size_t size)
{
	struct buf	pair, key, value;
	size_t		len = 0;
	int		c;

	for (;;) {
		if (buf_left(&in) == 0)
			return (-1);
		if (buf_until(&in, '&', &pair) == -1)
			buf_rest(&in, &pair);
		if (buf_until(&pair, '=', &key) == 0 &&
		    key.len == strlen(name) &&
		    memcmp(key.data, name, key.len) == 0)
			break;
	}
	buf_rest(&pair, &value);
	while (len + 1 < size && buf_left(&value) > 0 && !value.err) {
		c = buf_u8(&value);
		if (c == '+')
			c = ' ';
		else if (c == '%')
			c = hex_octet(&value);
		out[len++] = (char)(c < 0x20 || c > 0x7e ? '?' : c);
	}
	out[len] = '\0';
	return (0);
}

/* RFC 9112 2.3; another major version is 505 (RFC 9110 15.6.6). */
static int
parse_version(const struct buf *b, struct http_req *req)
{
	if (b->len != 8 || memcmp(b->data, "HTTP/", 5) != 0 ||
	    b->data[5] < '0' || b->data[5] > '9' || b->data[6] != '.' ||
	    b->data[7] < '0' || b->data[7] > '9')
		return (400);
	if (b->data[5] != '1')
		return (505);
	req->minor = b->data[7] == '0' ? 0 : 1;
	return (0);
}

/* RFC 9112 3.2: origin-form, or absolute-form that names any host. */
static int
parse_target(struct buf *target, struct http_req *req)
{
	static const char scheme[] = "http://";
	struct buf	 part, path, host;

	if (req->method == HTTP_OTHER)
		return (0);
	if (buf_until(target, '?', &path) == 0)
		buf_rest(target, &req->query);
	else
		buf_rest(target, &path);
	if (path.len > 0 && path.data[0] != '/') {
		if (buf_sub(&path, &part, sizeof(scheme) - 1) == -1 ||
		    !buf_is(&part, scheme))
			return (400);
		(void)buf_sub(&path, &host, buf_before(&path, '/'));
		if (host.len == 0 || !buf_all(&host, is_authority))
			return (400);
		if (buf_left(&path) == 0)
			return (0);		/* the path is "/" */
	}
	return (http_path(&path, req->path, sizeof(req->path)));
}

static int
parse_line(struct buf *line, struct http_req *req)
{
	struct buf	method, target, version;
	size_t		i;
	int		status;

	if (buf_until(line, ' ', &method) == -1 || method.len == 0 ||
	    !buf_all(&method, is_tchar) ||
	    buf_until(line, ' ', &target) == -1 || target.len == 0 ||
	    !buf_all(&target, is_uri))
		return (400);
	buf_rest(line, &version);
	if ((status = parse_version(&version, req)) != 0)
		return (status);
	for (i = 0; i < nitems(methods); i++)
		if (method.len == strlen(methods[i].name) &&
		    memcmp(method.data, methods[i].name, method.len) == 0)
			break;
	if (i == nitems(methods))
		return (501);
	req->method = methods[i].method;
	return (parse_target(&target, req));
}

static int
field_host(struct head *h, struct buf *value)
{
	h->hosts++;
	return (buf_all(value, is_authority) &&
	    (value->len > 0 || h->req->minor == 0) ? 0 : 400);
}

/* RFC 9110 8.6: digits only, and once; a list of equal ones is refused, too. */
static int
field_length(struct head *h, struct buf *value)
{
	uint8_t	c;

	if (h->has_length || value->len == 0)
		return (400);
	h->has_length = 1;
	while (buf_left(value) > 0) {
		c = buf_u8(value);
		if (c < '0' || c > '9')
			return (400);
		if (h->length <= UINT32_MAX)
			h->length = h->length * 10 + (c - '0');
	}
	return (0);
}

static int
field_coding(struct head *h, struct buf *value)
{
	(void)value;
	h->has_coding = 1;
	return (0);
}

static int
field_connection(struct head *h, struct buf *value)
{
	struct buf	item;

	while (buf_left(value) > 0) {
		if (buf_until(value, ',', &item) == -1)
			buf_rest(value, &item);
		buf_trim(&item);
		if (buf_is(&item, "close"))
			h->req->close = 1;
	}
	return (0);
}

static int
field_expect(struct head *h, struct buf *value)
{
	if (buf_is(value, "100-continue"))
		h->req->expect = h->req->minor > 0;
	else
		h->bad_expect = 1;
	return (0);
}

static int
field_agent(struct head *h, struct buf *value)
{
	static const char	name[] = "UefiHttpBoot/";
	struct buf		first;

	if (buf_sub(value, &first, sizeof(name) - 1) == 0)
		h->req->uefi = buf_is(&first, name);
	return (0);
}

/* Fields that we understand: by a function, or kept as a view. */
static const struct {
	const char	*name;
	int		(*fn)(struct head *, struct buf *);
	size_t		 view;
} fields[] = {
	{ "host",		field_host,		0 },
	{ "content-length",	field_length,		0 },
	{ "transfer-encoding",	field_coding,		0 },
	{ "connection",		field_connection,	0 },
	{ "expect",		field_expect,		0 },
	{ "user-agent",		field_agent,		0 },
	{ "range",		NULL, offsetof(struct http_req, range) },
	{ "if-match",		NULL, offsetof(struct http_req, if_match) },
	{ "if-none-match",	NULL,
	    offsetof(struct http_req, if_none_match) },
	{ "if-range",		NULL, offsetof(struct http_req, if_range) },
	{ "if-modified-since",	NULL,
	    offsetof(struct http_req, if_modified_since) },
	{ "if-unmodified-since", NULL,
	    offsetof(struct http_req, if_unmodified_since) },
};

/* RFC 9112 5: no space before the colon, no line that continues another. */
static int
parse_field(struct head *h, struct buf *line)
{
	struct buf	 name, value, *view;
	size_t		 i;

	if (buf_until(line, ':', &name) == -1 || name.len == 0 ||
	    !buf_all(&name, is_tchar))
		return (400);
	buf_rest(line, &value);
	if (!buf_all(&value, is_value))
		return (400);
	for (i = 0; i < nitems(fields); i++)
		if (buf_is(&name, fields[i].name))
			break;
	if (i == nitems(fields))
		return (0);
	buf_trim(&value);
	if (fields[i].fn != NULL)
		return (fields[i].fn(h, &value));
	view = (struct buf *)(void *)((char *)h->req + fields[i].view);
	if (view->data != NULL)
		return (400);
	*view = value;
	return (0);
}

/* RFC 9112 6.3: is there a body, and is its length beyond doubt? */
static int
parse_body(const struct head *h)
{
	struct http_req	*req = h->req;

	if (h->has_coding) {
		if (h->has_length || req->minor == 0 ||
		    req->method == HTTP_GET || req->method == HTTP_HEAD)
			return (400);
		req->close = 1;
		return (req->method == HTTP_POST ? 411 : 0);
	}
	if (h->length == 0)
		return (0);
	switch (req->method) {
	case HTTP_POST:
		if (h->length > HTTP_BODY_MAX)
			return (413);
		req->body = (uint32_t)h->length;
		return (0);
	case HTTP_OTHER:
		req->close = 1;		/* nobody will read the body */
		return (0);
	default:
		return (400);
	}
}

int
http_parse(struct buf *in, struct http_req *req)
{
	struct head	h = { .req = req };
	struct buf	line;
	int		status;

	memset(req, 0, offsetof(struct http_req, path));
	(void)memcpy(req->path, "/", 2);
	if (buf_until(in, '\r', &line) == -1 || buf_u8(in) != '\n')
		return (400);
	if ((status = parse_line(&line, req)) != 0)
		return (status);
	for (;;) {
		if (buf_until(in, '\r', &line) == -1 || buf_u8(in) != '\n')
			return (400);
		if (line.len == 0)
			break;
		if ((status = parse_field(&h, &line)) != 0)
			return (status);
	}
	if (h.hosts > 1 || (h.hosts == 0 && req->minor > 0))
		return (400);
	if (req->minor == 0)
		req->close = 1;
	if ((status = parse_body(&h)) != 0)
		return (status);
	return (h.bad_expect ? 417 : 0);
}
