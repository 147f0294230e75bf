/* SPDX-License-Identifier: ISC */
/*
 * confwarn.c: what a configuration may say, but hardly means.  It is read as
 * it is; "bootward -n" tells.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bootward.h"

#define CODE_ROUTER	3
#define CODE_DNS	6

struct warner {
	const struct conf	*conf;
	void			(*fn)(const char *, void *);
	void			*arg;
	size_t			 n;
};

static void
warn_at(struct warner *w, enum where_kind kind, uint32_t row,
    const char *text)
{
	const struct conf_where	*at = conf_where(w->conf, kind, row);
	char			 line[PATH_LEN + 256];

	if (at == NULL)
		return;
	(void)snprintf(line, sizeof(line), "%s:%u: warning: %s",
	    w->conf->file[at->file].path, at->line, text);
	w->fn(line, w->arg);
	w->n++;
}

static int
level_has(const struct conf *conf, enum option_level level, uint32_t index,
    uint8_t code)
{
	const struct conf_option	*o;
	size_t				 n;

	o = conf_options(conf, level, index, &n);
	for (; n > 0; n--, o++)
		if (o->code == code && !o->more)
			return (1);
	return (0);
}

static int
host_has(const struct conf *conf, uint32_t host, uint8_t code)
{
	uint32_t	group = conf->host[host].group;

	return (level_has(conf, OPTION_HOST, host, code) ||
	    (group != NONE && level_has(conf, OPTION_GROUP, group, code)));
}

/* What machines that are installed need of a subnet. */
#define NEED_ROUTER	0x01
#define NEED_DNS	0x02

/* Into all subnets that give addresses to anybody. */
static void
need_anywhere(const struct conf *conf, uint8_t *needs, uint8_t what)
{
	size_t	i;

	for (i = 0; what != 0 && i < conf->nrange; i++)
		needs[conf->range[i].segment] |= what;
}

static void
needs_find(const struct conf *conf, uint8_t *needs)
{
	const struct conf_host	*h;
	uint32_t		 i, s;
	uint8_t			 what, any = 0;

	if (conf->global->unknown == UNKNOWN_INSTALL)
		any = NEED_ROUTER | NEED_DNS;
	for (i = 0; i < conf->nhost; i++) {
		h = &conf->host[i];
		if (h->image[0] == '\0')
			continue;
		what = host_has(conf, i, CODE_ROUTER) ? 0 : NEED_ROUTER;
		what |= host_has(conf, i, CODE_DNS) ? 0 : NEED_DNS;
		if (h->addr == 0)
			any |= what;
		else if ((s = conf_segment_of(conf, h->addr)) != NONE)
			needs[s] |= what;
	}
	need_anywhere(conf, needs, any);
}

/* debian-installer stops to ask a person when one of these is missing. */
static void
warn_needs(struct warner *w)
{
	static const char *const	 texts[] = {
		[NEED_ROUTER] = "machines are installed here, but are given "
		    "no router",
		[NEED_DNS] = "machines are installed here, but are given no "
		    "dns",
		[NEED_ROUTER | NEED_DNS] = "machines are installed here, but "
		    "are given neither router nor dns",
	};
	const struct conf		*conf = w->conf;
	const struct conf_segment	*seg;
	uint8_t				*needs, what;
	uint32_t			 i;

	needs = xcalloc(conf->nsegment + 1, 1);
	needs_find(conf, needs);
	for (i = 0; i < conf->nsegment; i++) {
		seg = &conf->segment[i];
		what = needs[i];
		if (seg->nrouters > 0 ||
		    level_has(conf, OPTION_ALL, 0, CODE_ROUTER))
			what &= (uint8_t)~NEED_ROUTER;
		if (seg->ndns > 0 || level_has(conf, OPTION_ALL, 0, CODE_DNS))
			what &= (uint8_t)~NEED_DNS;
		if (what != 0)
			warn_at(w, WHERE_SEGMENT, i, texts[what]);
	}
	free(needs);
}

static int
has_default_route(const uint8_t *octets, size_t len)
{
	struct buf	value;
	uint32_t	prefix;

	buf_init(&value, octets, len);
	while (buf_left(&value) > 0 && !value.err) {
		if ((prefix = buf_u8(&value)) == 0)
			return (1);
		buf_skip(&value, (prefix + 7) / 8 + 4);
	}
	return (0);
}

/* May machines with this option be given a router? */
static int
has_router(const struct conf *conf, const struct conf_option *o)
{
	uint32_t	i;

	for (i = 0; i < conf->nsegment; i++)
		if (conf->segment[i].nrouters > 0 &&
		    (o->level != OPTION_SUBNET || o->segment == i))
			return (1);
	return (0);
}

/* RFC 3442: who knows option 121 must ignore option 3. */
static void
warn_routes(struct warner *w)
{
	const struct conf_option	*o;
	uint8_t				 octets[OPTION_VALUE_MAX];
	size_t				 row, first, len;

	for (row = 0; row < w->conf->noption;) {
		first = row;
		o = &w->conf->option[first];
		len = conf_option_value(w->conf, &row, octets);
		if (o->code == 121 && !has_default_route(octets, len) &&
		    has_router(w->conf, o))
			warn_at(w, WHERE_OPTION, (uint32_t)first, "machines "
			    "that know option 121 ignore the router, and this "
			    "has no default route");
	}
}

size_t
conf_warn(const struct conf *conf, void (*fn)(const char *, void *),
    void *arg)
{
	struct warner	w = { conf, fn, arg, 0 };

	warn_needs(&w);
	warn_routes(&w);
	return (w.n);
}
