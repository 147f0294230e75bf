/* SPDX-License-Identifier: ISC */
/*
 * confnet.c: the meaning of each statement of a subnet.
 */
#include <stdio.h>
#include <string.h>

#include "parse.h"

const char *
conf_open_shared(struct parse *p, struct args args)
{
	struct conf	*conf = p->conf;
	const char	*why;
	char		*name = conf_add_shared(conf)->name;
	size_t		 i;

	p->shared = (uint32_t)conf->nshared - 1;
	(void)conf_note(p, FIELD_SHARED, p->shared);
	conf_enter(p);
	if ((why = conf_block_name(p, name, args, "a name")) != NULL)
		return (why);
	for (i = 0; i < p->shared; i++)
		if (strcmp(conf->shared[i].name, name) == 0)
			return (conf_say(p, "there is already a shared network "
			    "\"%s\"", name));
	return (NULL);
}

const char *
conf_close_shared(struct parse *p)
{
	p->shared = NONE;
	(void)conf_leave(p);
	return (NULL);
}

static const char *
set_network(struct parse *p, struct conf_segment *seg, struct args args)
{
	char		 text[80];
	char		*slash;
	uint32_t	 net;
	int64_t		 prefix;

	if (args.n > 1)
		return (conf_say(p, "expected \"{\" after \"%.80s\"",
		    args.text));
	(void)snprintf(text, sizeof(text), "%s", args.n == 0 ? "{" :
	    args.text);
	if ((slash = strchr(text, '/')) != NULL)
		*slash = '\0';
	if (slash == NULL || addr_parse(text, &net) == -1 ||
	    (prefix = conf_number(slash + 1, 32)) == -1)
		return (conf_say(p, "expected a network such as 10.77.0.0/16, "
		    "found \"%.60s\"", args.n == 0 ? "{" : args.text));
	if (prefix < 1 || prefix > 30)
		return (conf_say(p, "expected a network of length 1 to 30, "
		    "found \"%.60s\"", args.text));
	if ((net & ~prefix_mask((unsigned int)prefix)) != 0 ||
	    net >> 24 == 0 || net >> 28 >= 14)
		return (conf_say(p, "expected the address of a network, found "
		    "\"%.60s\"", args.text));
	seg->net = net;
	seg->prefix = (uint32_t)prefix;
	return (NULL);
}

const char *
conf_open_segment(struct parse *p, struct args args)
{
	struct conf_segment	*seg = conf_add_segment(p->conf);
	const char		*why;

	seg->shared = p->shared;
	seg->lease = CONF_LEASE;
	(void)conf_note(p, FIELD_SEGMENT, (uint32_t)p->conf->nsegment - 1);
	conf_enter(p);
	if ((why = set_network(p, seg, args)) != NULL)
		p->lost |= LOST_SEGMENTS;
	return (why);
}

const char *
conf_close_segment(struct parse *p)
{
	(void)conf_leave(p);
	return (NULL);
}

/* The row of the open subnet, which is the last. */
static uint32_t
open_row(const struct parse *p)
{
	return ((uint32_t)p->conf->nsegment - 1);
}

static struct conf_segment *
open_segment(const struct parse *p)
{
	return (&p->conf->segment[p->conf->nsegment - 1]);
}

/* An address that a machine in this subnet can have. */
static const char *
set_member(struct parse *p, const char *text, uint32_t *addr)
{
	const struct conf_segment	*seg = open_segment(p);
	const char			*why = conf_addr(p, text, addr);
	uint32_t			 mask = prefix_mask(seg->prefix);
	char				 net[ADDR_STRLEN];

	if (why != NULL || seg->prefix == 0)
		return (why);
	if ((*addr & mask) != seg->net)
		return (conf_say(p, "%s is outside of %s/%u", text,
		    addr_str(seg->net, net), seg->prefix));
	if (*addr == seg->net || *addr == (seg->net | ~mask))
		return (conf_say(p, "%s is the network or broadcast address "
		    "of %s/%u", text, addr_str(seg->net, net), seg->prefix));
	return (NULL);
}

const char *
conf_set_range(struct parse *p, const char *first, const char *last)
{
	struct conf_range	 range = { .segment = open_row(p) };
	char			 text[80];
	const char		*why;
	size_t			 n;

	if (last == NULL && (last = strchr(first, '-')) != NULL) {
		n = (size_t)(last - first);
		(void)snprintf(text, sizeof(text), "%.*s",
		    n < sizeof(text) ? (int)n : 0, first);
		text[strcspn(text, " ")] = '\0';
		first = text;
		last += 1 + strspn(last + 1, " ");
	}
	if (last == NULL)
		return (conf_say(p, "expected FIRST - LAST, found \"%.60s\"",
		    first));
	if ((why = set_member(p, first, &range.first)) != NULL ||
	    (why = set_member(p, last, &range.last)) != NULL)
		return (why);
	if (range.first > range.last)
		return (conf_say(p, "the range ends before it begins"));
	*conf_add_range(p->conf) = range;
	return (conf_note(p, FIELD_RANGE, (uint32_t)p->conf->nrange - 1));
}

static const char *
add_address(struct parse *p, uint32_t list[SEGMENT_ADDRS], uint32_t *n,
    const char *what, uint32_t addr)
{
	char		text[ADDR_STRLEN];
	uint32_t	i;

	for (i = 0; i < *n; i++)
		if (list[i] == addr)
			return (conf_say(p, "the %s %s is here twice", what,
			    addr_str(addr, text)));
	if (*n == SEGMENT_ADDRS)
		return (conf_say(p, "a subnet can have %d %s addresses, here "
		    "is one more", SEGMENT_ADDRS, what));
	list[(*n)++] = addr;
	return (NULL);
}

static const char *
add_router(struct parse *p, const char *text)
{
	struct conf_segment	*seg = open_segment(p);
	const char		*why;
	uint32_t		 addr;

	if ((why = set_member(p, text, &addr)) != NULL)
		return (why);
	(void)conf_note(p, FIELD_ROUTER, open_row(p));
	return (add_address(p, seg->router, &seg->nrouters, "router", addr));
}

const char *
conf_set_router(struct parse *p, const char *text)
{
	return (conf_each(p, text, add_router));
}

static const char *
add_dns(struct parse *p, const char *text)
{
	struct conf_segment	*seg = open_segment(p);
	const char		*why;
	uint32_t		 addr;

	why = conf_addr(p, text, &addr);
	return (why != NULL ? why : add_address(p, seg->dns, &seg->ndns, "dns",
	    addr));
}

const char *
conf_set_dns(struct parse *p, const char *text)
{
	return (conf_each(p, text, add_dns));
}

static const char *
add_relay(struct parse *p, const char *text)
{
	struct conf_segment	*seg = open_segment(p);
	const char		*why;
	uint32_t		 addr;

	why = conf_addr(p, text, &addr);
	return (why != NULL ? why : add_address(p, seg->relay, &seg->nrelays,
	    "relay", addr));
}

const char *
conf_set_relay(struct parse *p, const char *text)
{
	return (conf_each(p, text, add_relay));
}

const char *
conf_set_next(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_NEXT, open_row(p));

	return (why != NULL ? why : conf_addr(p, text,
	    &open_segment(p)->next_server));
}

const char *
conf_set_domain(struct parse *p, const char *text)
{
	const char	*why, *label = text;
	size_t		 len;

	if ((why = conf_note(p, FIELD_DOMAIN, open_row(p))) != NULL)
		return (why);
	do {
		len = strspn(label, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
		if (len == 0 || len > 63 || strlen(text) > 253 ||
		    (label[len] != '.' && label[len] != '\0'))
			return (conf_say(p, "expected a domain name, found "
			    "\"%.80s\"", text));
		label += len + 1;
	} while (label[-1] == '.');
	return (conf_copy(p, open_segment(p)->domain, PATH_LEN, text,
	    "the domain"));
}

const char *
conf_set_lease(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_LEASE, open_row(p));

	return (why != NULL ? why : conf_time(p, text,
	    &open_segment(p)->lease));
}

const char *
conf_set_probe(struct parse *p, const char *text)
{
	static const char *const kinds[] = { "background", "always", "off",
	    NULL };
	const char	*why = conf_note(p, FIELD_PROBE, open_row(p));

	return (why != NULL ? why : conf_choice(p, kinds, "background, always "
	    "or off", text, &open_segment(p)->probe));
}

const char *
conf_set_proxy(struct parse *p)
{
	open_segment(p)->proxy = 1;
	return (conf_note(p, FIELD_PROXY, open_row(p)));
}

/* Options ----------------------------------------------------------------- */

/* The protocol's own options, and those with a statement of their own. */
static const struct {
	uint8_t		 first, last;
	const char	*instead;
} own_options[] = {
	{ 1, 1, "subnet" },
	{ 3, 3, "router" },
	{ 6, 6, "dns" },
	{ 15, 15, "domain" },
	{ 50, 50, NULL },
	{ 51, 51, "lease" },
	{ 52, 59, NULL },
	{ 61, 61, NULL },
	{ 82, 82, NULL },
};

static const char *const option_kinds[] = {
	[OPTION_ADDRESS] = "address",
	[OPTION_TEXT] = "text",
	[OPTION_HEX] = "hex",
	[OPTION_U8] = "u8",
	[OPTION_U16] = "u16",
	[OPTION_U32] = "u32",
	NULL
};

static const char *
option_code(struct parse *p, const char *text, uint8_t *code)
{
	int64_t	n = conf_number(text, 254);
	size_t	i;

	if (n <= 0)
		return (conf_say(p, "expected the number of an option, 1 to "
		    "254, found \"%.60s\"", text));
	*code = (uint8_t)n;
	for (i = 0; i < nitems(own_options); i++) {
		if (*code < own_options[i].first || *code > own_options[i].last)
			continue;
		if (own_options[i].instead == NULL)
			return (conf_say(p, "option %u belongs to the "
			    "protocol", *code));
		return (conf_say(p, "expected \"%s\" instead of option %u",
		    own_options[i].instead, *code));
	}
	for (i = 0; i < p->conf->noption; i++)
		if (p->conf->option[i].segment == open_row(p) &&
		    p->conf->option[i].code == *code)
			return (conf_say(p, "option %u is here twice", *code));
	return (NULL);
}

static const char *
option_bytes(struct parse *p, const void *data, size_t len)
{
	struct conf_option	*o = &p->conf->option[p->option];

	if (len > sizeof(o->data) - o->len)
		return (conf_say(p, "option %u is longer than %zu octets",
		    o->code, sizeof(o->data)));
	memcpy(o->data + o->len, data, len);
	o->len = (uint8_t)(o->len + len);
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
	uint8_t			 kind = p->conf->option[p->option].kind;
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

/* The one value of a text or hex option, or the next of the others. */
static const char *
option_value(struct parse *p, const char *text)
{
	const struct conf_option	*o = &p->conf->option[p->option];
	uint8_t				 data[256];
	int				 n;

	if (o->kind != OPTION_TEXT && o->kind != OPTION_HEX)
		return (conf_each(p, text, option_number));
	if (o->len > 0)
		return (conf_say(p, "expected the end of the line after the "
		    "value, found \"%.60s\"", text));
	if (o->kind == OPTION_TEXT && text[0] != '\0')
		return (option_bytes(p, text, strlen(text)));
	if (o->kind == OPTION_TEXT)
		return (conf_say(p, "expected a text that is not empty"));
	if ((n = conf_hex(text, data, sizeof(data))) == -1)
		return (conf_say(p, "expected octets such as 0a:0b:0c, found "
		    "\"%.60s\"", text));
	return (option_bytes(p, data, (size_t)n));
}

const char *
conf_set_option(struct parse *p, const char *code, const char *kind,
    const char *value)
{
	struct conf_option	*o;
	const char		*why;
	uint32_t		 kindno;
	uint8_t			 codeno = 0;

	p->option = NONE;
	if ((why = option_code(p, code, &codeno)) != NULL ||
	    (why = conf_choice(p, option_kinds, "address, text, hex, u8, u16 "
	    "or u32", kind, &kindno)) != NULL)
		return (why);
	o = conf_add_option(p->conf);
	o->segment = open_row(p);
	o->code = codeno;
	o->kind = (uint8_t)kindno;
	p->option = (uint32_t)p->conf->noption - 1;
	return (conf_set_option_more(p, value));
}

const char *
conf_set_option_more(struct parse *p, const char *value)
{
	const char	*why;

	if (p->option == NONE)
		return (NULL);		/* its error is told already */
	if ((why = option_value(p, value)) != NULL)
		p->option = NONE;
	return (why);
}
