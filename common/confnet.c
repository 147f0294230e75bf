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
	char	*name = conf_add_shared(p->conf)->name;

	p->shared = (uint32_t)p->conf->nshared - 1;
	(void)conf_note(p, FIELD_SHARED, p->shared);
	conf_enter(p);
	return (conf_block_name(p, name, args, "a name"));
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
	uint32_t	net, prefix;

	if (args.n > 1)
		return (conf_say(p, "expected \"{\" after \"%.80s\"",
		    args.text));
	if (args.n == 0 || conf_prefix(args.text, &net, &prefix) == -1)
		return (conf_say(p, "expected a network such as 10.77.0.0/16, "
		    "found \"%.60s\"", args.n == 0 ? "{" : args.text));
	if (prefix < 1 || prefix > 30)
		return (conf_say(p, "expected a network of length 1 to 30, "
		    "found \"%.60s\"", args.text));
	if ((net & ~prefix_mask(prefix)) != 0 || net >> 24 == 0 ||
	    net >> 28 >= 14)
		return (conf_say(p, "expected the address of a network, found "
		    "\"%.60s\"", args.text));
	seg->net = net;
	seg->prefix = prefix;
	return (NULL);
}

const char *
conf_open_segment(struct parse *p, struct args args)
{
	struct conf_segment	*seg = conf_add_segment(p->conf);
	const char		*why;

	seg->shared = p->shared;
	seg->lease = CONF_LEASE;
	seg->keep = NONE;
	seg->limit_mac = CONF_LIMIT_MAC;
	p->segment = (uint32_t)p->conf->nsegment - 1;
	(void)conf_note(p, FIELD_SEGMENT, p->segment);
	conf_enter(p);
	if ((why = set_network(p, seg, args)) != NULL)
		p->lost |= LOST_SEGMENTS;
	return (why);
}

const char *
conf_close_segment(struct parse *p)
{
	p->segment = NONE;
	(void)conf_leave(p);
	return (NULL);
}

static struct conf_segment *
open_segment(const struct parse *p)
{
	return (&p->conf->segment[p->segment]);
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
	struct conf_range	 range = { .segment = p->segment };
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
add_router(struct parse *p, const char *text)
{
	struct conf_segment	*seg = open_segment(p);
	const char		*why;
	uint32_t		 addr;

	if ((why = set_member(p, text, &addr)) != NULL)
		return (why);
	(void)conf_note(p, FIELD_ROUTER, p->segment);
	return (conf_add_addr(p, seg->router, &seg->nrouters, SEGMENT_ADDRS,
	    "router", text));
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

	return (conf_add_addr(p, seg->dns, &seg->ndns, SEGMENT_ADDRS, "dns",
	    text));
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

	return (conf_add_addr(p, seg->relay, &seg->nrelays, SEGMENT_ADDRS,
	    "relay", text));
}

const char *
conf_set_relay(struct parse *p, const char *text)
{
	return (conf_each(p, text, add_relay));
}

const char *
conf_set_next(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_NEXT, p->segment);

	return (why != NULL ? why : conf_addr(p, text,
	    &open_segment(p)->next_server));
}

const char *
conf_set_domain(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_DOMAIN, p->segment);

	if (why != NULL)
		return (why);
	if (!conf_domain_ok(text))
		return (conf_say(p, "expected a domain name, found \"%.80s\"",
		    text));
	return (conf_copy(p, open_segment(p)->domain, PATH_LEN, text,
	    "the domain"));
}

const char *
conf_set_lease(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_LEASE, p->segment);

	return (why != NULL ? why : conf_time(p, text,
	    &open_segment(p)->lease));
}

const char *
conf_set_probe(struct parse *p, const char *text)
{
	static const char *const kinds[] = { "background", "always", "off",
	    NULL };
	const char	*why = conf_note(p, FIELD_PROBE, p->segment);

	return (why != NULL ? why : conf_choice(p, kinds, "background, always "
	    "or off", text, &open_segment(p)->probe));
}

const char *
conf_set_proxy(struct parse *p)
{
	open_segment(p)->proxy = 1;
	return (conf_note(p, FIELD_PROXY, p->segment));
}

const char *
conf_set_rapid(struct parse *p)
{
	open_segment(p)->rapid = 1;
	return (conf_note(p, FIELD_RAPID, p->segment));
}

static const char *
set_number(struct parse *p, enum field field, const char *text, uint32_t min,
    uint32_t max, uint32_t *to)
{
	const char	*why = conf_note(p, field, p->segment);
	int64_t		 n = conf_number(text, max);

	if (why != NULL)
		return (why);
	if (n < min)
		return (conf_say(p, "expected a number from %u to %u, found "
		    "\"%.60s\"", min, max, text));
	*to = (uint32_t)n;
	return (NULL);
}

/* At most all addresses that machines can have. */
const char *
conf_set_keep(struct parse *p, const char *text)
{
	struct conf_segment	*seg = open_segment(p);

	return (set_number(p, FIELD_KEEP, text, 0, ~prefix_mask(seg->prefix) -
	    1, &seg->keep));
}

const char *
conf_set_limit_port(struct parse *p, const char *text)
{
	return (set_number(p, FIELD_LIMIT_PORT, text, 0, 1000000,
	    &open_segment(p)->limit_port));
}

const char *
conf_set_limit_mac(struct parse *p, const char *text)
{
	return (set_number(p, FIELD_LIMIT_MAC, text, 1, 64,
	    &open_segment(p)->limit_mac));
}
