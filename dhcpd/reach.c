/* SPDX-License-Identifier: ISC */
/*
 * reach.c: which segments a request may get an address of: those whose
 * network our interface has an address in, or that its relay agent serves,
 * with all segments of their shared networks.
 */
#include <string.h>

#include "dhcpd.h"

static int
segment_has(const struct conf_segment *s, uint32_t addr)
{
	return (((s->net ^ addr) & prefix_mask(s->prefix)) == 0);
}

/* Add a segment once; own is our address in it, or 0. */
static void
link_add(struct link *link, const struct conf *conf, uint32_t segment,
    uint32_t own)
{
	const struct conf_segment	*s = &conf->segment[segment];
	size_t				 i;

	for (i = 0; i < link->n; i++)
		if (link->seg[i].segment == segment)
			break;
	if (i == LINK_SEGMENTS) {
		log_warnx("more than %d segments on one link", LINK_SEGMENTS);
		return;
	}
	if (i == link->n) {
		link->n++;
		link->seg[i].segment = segment;
		link->seg[i].mask = prefix_mask(s->prefix);
		link->seg[i].net = s->net;
		link->seg[i].own = 0;
	}
	if (link->seg[i].own == 0)
		link->seg[i].own = own;
	if (link->own == 0)
		link->own = own;
}

/* The other segments of the shared networks that are on the link. */
static void
link_complete(struct link *link, const struct conf *conf)
{
	size_t		i, n = link->n;
	uint32_t	j, shared;

	for (i = 0; i < n; i++) {
		shared = conf->segment[link->seg[i].segment].shared;
		for (j = 0; shared != NONE && j < conf->nsegment; j++)
			if (conf->segment[j].shared == shared)
				link_add(link, conf, j, 0);
	}
	/* Where we have no address we are known by another one of ours. */
	for (i = 0; i < link->n; i++)
		if (link->seg[i].own == 0)
			link->seg[i].own = link->own;
}

void
link_of_iface(struct link *link, const struct conf *conf,
    const struct msg_iface *iface)
{
	uint32_t	i, j;

	memset(link, 0, sizeof(*link));
	if (iface->index == 0)
		return;
	for (i = 0; i < iface->naddrs && i < IFACE_ADDRS; i++)
		for (j = 0; j < conf->nsegment; j++)
			if (segment_has(&conf->segment[j], iface->addr[i]))
				link_add(link, conf, j, iface->addr[i]);
	link_complete(link, conf);
}

static int
segment_has_relay(const struct conf_segment *s, uint32_t addr)
{
	uint32_t	i;

	for (i = 0; i < s->nrelays && i < SEGMENT_ADDRS; i++)
		if (s->relay[i] == addr)
			return (1);
	return (0);
}

/* Only a segment that is said to have relay agents is reached through one. */
void
link_of_addr(struct link *link, const struct conf *conf, uint32_t addr,
    uint32_t own)
{
	uint32_t	j;

	memset(link, 0, sizeof(*link));
	link->relayed = 1;
	for (j = 0; j < conf->nsegment; j++)
		if (segment_has_relay(&conf->segment[j], addr) ||
		    (conf->segment[j].nrelays > 0 &&
		    segment_has(&conf->segment[j], addr)))
			link_add(link, conf, j, own);
	link_complete(link, conf);
}

int
link_find(const struct link *link, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < link->n; i++)
		if (((addr ^ link->seg[i].net) & link->seg[i].mask) == 0)
			return ((int)i);
	return (-1);
}
