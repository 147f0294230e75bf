/* SPDX-License-Identifier: ISC */
/*
 * confopt.c: the meaning of "option", at the file's top, in a subnet, a group
 * or a host.  A value is gathered word by word; when its statement is whole,
 * it becomes rows.
 */
#include <stdio.h>
#include <string.h>

#include "parse.h"

/* Options with a statement of their own. */
static const struct {
	uint8_t		 code;
	uint8_t		 subnet;	/* ... which only subnets have */
	const char	*instead;
} own_statements[] = {
	{ 1, 0, "subnet" },
	{ 3, 1, "router" },
	{ 6, 1, "dns" },
	{ 15, 1, "domain" },
	{ 51, 0, "lease" },
	{ 80, 0, "rapid commit" },
};

static const char *const option_kinds[] = {
	[OPTION_ADDRESS] = "address",
	[OPTION_TEXT] = "text",
	[OPTION_HEX] = "hex",
	[OPTION_U8] = "u8",
	[OPTION_U16] = "u16",
	[OPTION_U32] = "u32",
	[OPTION_ROUTE] = "route",
	[OPTION_DOMAIN] = "domain",
	NULL
};

/* How long a value is, by RFC 2132: so many octets, or a multiple of that. */
static const struct {
	uint8_t	first, last, octets, many;
} shapes[] = {
	{ 2, 2, 4, 0 }, { 3, 11, 4, 1 }, { 13, 13, 2, 0 }, { 16, 16, 4, 0 },
	{ 19, 20, 1, 0 }, { 21, 21, 8, 1 }, { 22, 22, 2, 0 }, { 23, 23, 1, 0 },
	{ 24, 24, 4, 0 }, { 25, 25, 2, 1 }, { 26, 26, 2, 0 }, { 27, 27, 1, 0 },
	{ 28, 28, 4, 0 }, { 29, 31, 1, 0 }, { 32, 32, 4, 0 }, { 33, 33, 8, 1 },
	{ 34, 34, 1, 0 }, { 35, 35, 4, 0 }, { 36, 37, 1, 0 }, { 38, 38, 4, 0 },
	{ 39, 39, 1, 0 }, { 41, 42, 4, 1 }, { 44, 45, 4, 1 }, { 46, 46, 1, 0 },
	{ 48, 49, 4, 1 }, { 58, 59, 4, 0 }, { 65, 65, 4, 1 }, { 68, 76, 4, 1 },
	{ 85, 85, 4, 1 }, { 108, 108, 4, 0 }, { 116, 116, 1, 0 },
	{ 211, 211, 4, 0 },
};

/* Where the statement stands: the innermost open block. */
static enum option_level
option_level(const struct parse *p)
{
	if (p->host != NONE)
		return (OPTION_HOST);
	if (p->group != NONE)
		return (OPTION_GROUP);
	return (p->segment != NONE ? OPTION_SUBNET : OPTION_ALL);
}

static const char *
option_refused(struct parse *p, uint8_t code)
{
	size_t	i;

	for (i = 0; i < nitems(own_statements); i++)
		if (own_statements[i].code == code &&
		    (!own_statements[i].subnet ||
		    option_level(p) == OPTION_SUBNET))
			return (conf_say(p, "expected \"%s\" instead of option "
			    "%u", own_statements[i].instead, code));
	if (conf_option_is_own(code))
		return (conf_say(p, "option %u belongs to the protocol", code));
	return (NULL);
}

static const char *
option_code(struct parse *p, const char *text, uint8_t *code)
{
	int64_t		 n = conf_number(text, 254);
	uint8_t		*seen;
	const char	*why;

	if (n <= 0)
		return (conf_say(p, "expected the number of an option, 1 to "
		    "254, found \"%.60s\"", text));
	*code = (uint8_t)n;
	if ((why = option_refused(p, *code)) != NULL)
		return (why);
	seen = &p->options[p->level][*code / 8];
	if ((*seen & 1U << *code % 8) != 0)
		return (conf_say(p, "option %u is here twice", *code));
	*seen |= (uint8_t)(1U << *code % 8);
	return (NULL);
}

static const char *
option_bytes(struct parse *p, const void *data, size_t len)
{
	struct option	*o = &p->option;

	if (len > sizeof(o->data) - o->len)
		return (conf_say(p, "option %u is longer than %zu octets",
		    o->code, sizeof(o->data)));
	memcpy(o->data + o->len, data, len);
	o->len += len;
	return (NULL);
}

/* An address or a number, in network byte order. */
static const char *
option_number(struct parse *p, const char *text)
{
	static const uint8_t	 width[] = {
		[OPTION_ADDRESS] = 4, [OPTION_U8] = 1, [OPTION_U16] = 2,
		[OPTION_U32] = 4
	};
	uint8_t			 kind = p->option.kind;
	uint8_t			 data[4];
	uint32_t		 n, max = UINT32_MAX >> (32 - 8 * width[kind]);
	struct wbuf		 w;

	if (kind == OPTION_ADDRESS && addr_parse(text, &n) == -1)
		return (conf_say(p, "expected an address, found \"%.60s\"",
		    text));
	if (kind != OPTION_ADDRESS) {
		if (conf_number(text, max) == -1)
			return (conf_say(p, "expected a number from 0 to %u, "
			    "found \"%.60s\"", max, text));
		n = (uint32_t)conf_number(text, max);
	}
	wbuf_init(&w, data, sizeof(data));
	wbuf_u32(&w, n);
	return (option_bytes(p, data + sizeof(data) - width[kind],
	    width[kind]));
}

static const char *
option_text(struct parse *p, const char *text)
{
	if (p->option.len > 0)
		return (conf_say(p, "expected the end of the line after the "
		    "value, found \"%.60s\"", text));
	if (text[0] == '\0')
		return (conf_say(p, "expected a text that is not empty"));
	return (option_bytes(p, text, strlen(text)));
}

static const char *
option_hex(struct parse *p, const char *text)
{
	uint8_t	data[2 * OPTION_VALUE_MAX];
	int	n;

	if (p->option.len > 0)
		return (conf_say(p, "expected the end of the line after the "
		    "value, found \"%.60s\"", text));
	if (strlen(text) > 3 * OPTION_VALUE_MAX)
		return (conf_say(p, "option %u is longer than %u octets",
		    p->option.code, OPTION_VALUE_MAX));
	if ((n = conf_hex(text, data, sizeof(data))) == -1)
		return (conf_say(p, "expected octets such as 0a:0b:0c, found "
		    "\"%.60s\"", text));
	return (option_bytes(p, data, (size_t)n));
}

/* Routes ------------------------------------------------------------------ */

/* RFC 3442: the length of the network, and no more of it than that. */
static const char *
route_network(struct parse *p, const char *text)
{
	uint32_t	net = 0, prefix = 0;
	uint8_t		data[5];
	char		addr[ADDR_STRLEN];
	struct wbuf	w;

	if (strcmp(text, "default") != 0 &&
	    conf_prefix(text, &net, &prefix) == -1)
		return (conf_say(p, "expected a network such as 10.77.0.0/16, "
		    "or default, found \"%.60s\"", text));
	if ((net & ~prefix_mask(prefix)) != 0)
		return (conf_say(p, "expected the network %s/%u, found "
		    "\"%.60s\"", addr_str(net & prefix_mask(prefix), addr),
		    prefix, text));
	wbuf_init(&w, data, sizeof(data));
	wbuf_u8(&w, (uint8_t)prefix);
	wbuf_u32(&w, net);
	p->option.gateway = 1;
	return (option_bytes(p, data, 1 + (prefix + 7) / 8));
}

/* The gateway 0.0.0.0 is for networks on the same wire, RFC 3442. */
static const char *
route_gateway(struct parse *p, const char *text)
{
	uint32_t	 addr;
	uint8_t		 data[4];
	const char	*why;
	struct wbuf	 w;

	if ((addr_parse(text, &addr) == -1 || addr != 0) &&
	    (why = conf_addr(p, text, &addr)) != NULL)
		return (why);
	wbuf_init(&w, data, sizeof(data));
	wbuf_u32(&w, addr);
	p->option.gateway = 0;
	return (option_bytes(p, data, sizeof(data)));
}

static const char *
option_route(struct parse *p, const char *text)
{
	return (p->option.gateway ? route_gateway(p, text) :
	    route_network(p, text));
}

/* Domain names ------------------------------------------------------------- */

/* Is the rest of a name what stands at an offset of the value? */
static int
name_is_at(const struct option *o, size_t at, const char *name)
{
	size_t	len;

	while (at < o->len && o->data[at] != 0) {
		len = o->data[at];
		if (len >= 0xc0) {
			at = (len & 0x3f) << 8 | o->data[at + 1];
			continue;
		}
		if (strlen(name) < len ||
		    memcmp(o->data + at + 1, name, len) != 0 ||
		    (name[len] != '.' && name[len] != '\0'))
			return (0);
		name += len + (name[len] == '.');
		at += 1 + len;
	}
	return (at < o->len && name[0] == '\0');
}

/* Where the rest of a name stands already (RFC 1035 4.1.4), or -1. */
static int
name_find(const struct option *o, const char *name)
{
	size_t	at = 0, len;

	while (at < o->len) {
		len = o->data[at];
		if (len > 0 && len < 0xc0 && name_is_at(o, at, name))
			return ((int)at);
		at += len == 0 ? 1 : len >= 0xc0 ? 2 : 1 + len;
	}
	return (-1);
}

/*
 * Labels with their lengths, RFC 1035 3.1.  Search lists are compressed (RFC
 * 3397); clients need not understand that in other options.
 */
static const char *
option_domain(struct parse *p, const char *text)
{
	const char	*rest = text;
	uint8_t		 name[256];
	struct wbuf	 w;
	size_t		 len;
	int		 at = -1;

	if (!conf_domain_ok(text))
		return (conf_say(p, "expected a domain name, found \"%.80s\"",
		    text));
	wbuf_init(&w, name, sizeof(name));
	while (*rest != '\0') {
		if (p->option.code == 119 &&
		    (at = name_find(&p->option, rest)) != -1)
			break;
		len = strcspn(rest, ".");
		wbuf_u8(&w, (uint8_t)len);
		wbuf_copy(&w, rest, len);
		rest += len + (rest[len] == '.');
	}
	if (at != -1)
		wbuf_u16(&w, (uint16_t)(0xc000 | at));
	else
		wbuf_u8(&w, 0);
	return (option_bytes(p, name, w.len));
}

/* The statement ------------------------------------------------------------ */

const char *
conf_set_option(struct parse *p, const char *code, const char *kind,
    const char *value)
{
	const char	*why;
	uint32_t	 kindno;
	uint8_t		 codeno = 0;

	memset(&p->option, 0, sizeof(p->option));
	if ((why = option_code(p, code, &codeno)) != NULL ||
	    (why = conf_choice(p, option_kinds, "address, text, hex, u8, u16, "
	    "u32, route or domain", kind, &kindno)) != NULL)
		return (why);
	p->option.open = 1;
	p->option.code = codeno;
	p->option.kind = (uint8_t)kindno;
	return (conf_set_option_more(p, value));
}

const char *
conf_set_option_more(struct parse *p, const char *value)
{
	static const char	*(*const each[])(struct parse *,
				    const char *) = {
		[OPTION_ADDRESS] = option_number,
		[OPTION_U8] = option_number,
		[OPTION_U16] = option_number,
		[OPTION_U32] = option_number,
		[OPTION_ROUTE] = option_route,
		[OPTION_DOMAIN] = option_domain,
	};
	uint8_t			 kind = p->option.kind;
	const char		*why;

	if (!p->option.open)
		return (NULL);		/* its error is told already */
	if (kind == OPTION_TEXT)
		why = option_text(p, value);
	else if (kind == OPTION_HEX)
		why = option_hex(p, value);
	else
		why = conf_each(p, value, each[kind]);
	if (why != NULL)
		p->option.open = 0;
	return (why);
}

/* A value that clients would throw away, or worse, is not meant. */
static const char *
option_wrong(struct parse *p)
{
	const struct option	*o = &p->option;
	size_t			 i;

	if (o->gateway)
		return ("expected a gateway after the last network");
	if (o->code == 119 && o->kind != OPTION_DOMAIN && o->kind != OPTION_HEX)
		return ("expected domain or hex for option 119");
	if ((o->code == 121 || o->code == 249) && o->kind != OPTION_ROUTE &&
	    o->kind != OPTION_HEX)
		return (conf_say(p, "expected route or hex for option %u",
		    o->code));
	for (i = 0; i < nitems(shapes); i++)
		if (o->code >= shapes[i].first && o->code <= shapes[i].last)
			break;
	if (i == nitems(shapes))
		return (NULL);
	if (o->kind == OPTION_TEXT)
		return (conf_say(p, "option %u is no text", o->code));
	if (shapes[i].many && o->len % shapes[i].octets != 0)
		return (conf_say(p, "option %u has octets by %u, found %zu",
		    o->code, shapes[i].octets, o->len));
	if (!shapes[i].many && o->len != shapes[i].octets)
		return (conf_say(p, "option %u has %u octet%s, found %zu",
		    o->code, shapes[i].octets, shapes[i].octets == 1 ? "" : "s",
		    o->len));
	return (NULL);
}

const char *
conf_close_option(struct parse *p)
{
	const struct option	*o = &p->option;
	enum option_level	 level = option_level(p);
	uint32_t		 first = (uint32_t)p->conf->noption;
	struct conf_option	*row;
	const char		*why;
	size_t			 done, n;

	if (!o->open)
		return (NULL);
	if ((why = option_wrong(p)) != NULL)
		return (why);
	for (done = 0; done < o->len; done += n) {
		row = conf_add_option(p->conf);
		n = o->len - done;
		if (n > sizeof(row->data))
			n = sizeof(row->data);
		row->segment = level == OPTION_SUBNET ? p->segment : NONE;
		row->owner = level == OPTION_HOST ? p->host :
		    level == OPTION_GROUP ? p->group : 0;
		row->level = (uint8_t)level;
		row->code = o->code;
		row->kind = o->kind;
		row->len = (uint8_t)n;
		row->more = done > 0;
		memcpy(row->data, o->data + done, n);
	}
	return (conf_note(p, FIELD_OPTION, first));
}
