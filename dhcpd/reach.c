/* SPDX-License-Identifier: ISC */
/*
 * reach.c: which segments a request may get an address of: those whose
 * network our interface has an address in, or that its relay agent serves,
 * with all segments of their shared networks.  There may be thousands of
 * them, so each question is a binary search in a sorted table.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define LOOPBACK	127

/* One row of a table: what is looked for, and whose it is. */
struct place {
	uint32_t	key;		/* network, relay agent, shared */
	uint32_t	last;		/* of the network */
	uint32_t	segment;
};

struct places {
	struct place	*row;
	size_t		 n;
};

/* Made for one configuration, of which it keeps nothing but numbers. */
static struct {
	const struct conf_segment *made_of;
	size_t		 nsegment;
	struct places	 net, relay, shared;
} reach;

static struct log_limit	crowded;

static int
place_order(const void *pa, const void *pb)
{
	const struct place	*a = pa, *b = pb;

	if (a->key != b->key)
		return (a->key < b->key ? -1 : 1);
	return (a->segment < b->segment ? -1 : a->segment > b->segment);
}

static void
places_add(struct places *p, uint32_t key, uint32_t last, uint32_t segment)
{
	p->row[p->n++] = (struct place){ key, last, segment };
}

static void
places_init(struct places *p, size_t max)
{
	free(p->row);
	p->row = xcalloc(max > 0 ? max : 1, sizeof(*p->row));
	p->n = 0;
}

/* The first row whose key is not below this one. */
static size_t
places_from(const struct places *p, uint32_t key)
{
	size_t	low = 0, high = p->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (p->row[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

void
reach_configure(const struct conf *conf)
{
	const struct conf_segment	*s;
	uint32_t			 i, j;

	places_init(&reach.net, conf->nsegment);
	places_init(&reach.relay, conf->nsegment * SEGMENT_ADDRS);
	places_init(&reach.shared, conf->nsegment);
	for (i = 0; i < conf->nsegment; i++) {
		s = &conf->segment[i];
		places_add(&reach.net, s->net, s->net |
		    ~prefix_mask(s->prefix), i);
		if (s->shared != NONE)
			places_add(&reach.shared, s->shared, 0, i);
		for (j = 0; j < s->nrelays && j < SEGMENT_ADDRS; j++)
			places_add(&reach.relay, s->relay[j], 0, i);
	}
	qsort(reach.net.row, reach.net.n, sizeof(struct place), place_order);
	qsort(reach.relay.row, reach.relay.n, sizeof(struct place),
	    place_order);
	qsort(reach.shared.row, reach.shared.n, sizeof(struct place),
	    place_order);
	reach.made_of = conf->segment;
	reach.nsegment = conf->nsegment;
}

/* A configuration that was not announced: made by hand, or grown since. */
static void
reach_ready(const struct conf *conf)
{
	if (reach.made_of != conf->segment || reach.nsegment != conf->nsegment)
		reach_configure(conf);
}

/* Networks do not overlap; the one that holds addr, or NULL. */
static const struct place *
net_of(uint32_t addr)
{
	size_t	i = places_from(&reach.net, addr);

	if (i < reach.net.n && reach.net.row[i].key == addr)
		return (&reach.net.row[i]);
	if (i == 0 || reach.net.row[i - 1].last < addr)
		return (NULL);
	return (&reach.net.row[i - 1]);
}

uint32_t
reach_segment(const struct conf *conf, uint32_t addr)
{
	const struct place	*net;

	reach_ready(conf);
	net = net_of(addr);
	return (net != NULL ? net->segment : NONE);
}

/* Add a segment once; own is our address in it, or 0.  -1: no room. */
static int
link_add(struct link *link, const struct conf *conf, uint32_t segment,
    uint32_t own)
{
	const struct conf_segment	*s = &conf->segment[segment];
	size_t				 i;

	for (i = 0; i < link->n; i++)
		if (link->seg[i].segment == segment)
			break;
	if (i == LINK_SEGMENTS) {
		log_limit(&crowded, "more than %d segments on one link",
		    LINK_SEGMENTS);
		return (-1);
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
	return (0);
}

/* The other segments of the shared networks that are on the link. */
static void
link_complete(struct link *link, const struct conf *conf)
{
	const struct places	*p = &reach.shared;
	size_t			 i, j, n = link->n;
	uint32_t		 shared;

	for (i = 0; i < n; i++) {
		shared = conf->segment[link->seg[i].segment].shared;
		if (shared == NONE)
			continue;
		for (j = places_from(p, shared); j < p->n &&
		    p->row[j].key == shared; j++)
			if (link_add(link, conf, p->row[j].segment, 0) == -1)
				break;
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
	const struct place	*net;
	uint32_t		 i;

	memset(link, 0, sizeof(*link));
	if (iface->index == 0)
		return;
	reach_ready(conf);
	for (i = 0; i < iface->naddrs && i < IFACE_ADDRS; i++)
		if ((net = net_of(iface->addr[i])) != NULL)
			(void)link_add(link, conf, net->segment,
			    iface->addr[i]);
	link_complete(link, conf);
}

/* Only a segment that is said to have relay agents is reached through one. */
void
link_of_addr(struct link *link, const struct conf *conf, uint32_t addr,
    uint32_t own)
{
	const struct places	*p = &reach.relay;
	const struct place	*net;
	size_t			 i;

	memset(link, 0, sizeof(*link));
	link->relayed = 1;
	link->own = own;
	reach_ready(conf);
	net = net_of(addr);
	if (net != NULL && conf->segment[net->segment].nrelays > 0)
		(void)link_add(link, conf, net->segment, own);
	for (i = places_from(p, addr); i < p->n && p->row[i].key == addr; i++)
		if (link_add(link, conf, p->row[i].segment, own) == -1)
			break;
	link_complete(link, conf);
}

/*
 * Could it be the address of another machine at all?  An answer to anything
 * else would come back to us, or go to a whole network.
 */
static int
is_somebody(const struct conf *conf, uint32_t addr)
{
	const struct place	*net;
	size_t			 i, j;

	if (addr >> 24 == 0 || addr >> 24 == LOOPBACK || addr >> 28 >= 0xe)
		return (0);
	for (i = 0; i < child.nifaces; i++)
		for (j = 0; j < child.ifaces[i].naddrs && j < IFACE_ADDRS; j++)
			if (child.ifaces[i].addr[j] == addr)
				return (0);
	reach_ready(conf);
	net = net_of(addr);
	return (net == NULL || (addr != net->key && addr != net->last));
}

static int
is_broadcast(const struct link *link, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < link->n; i++)
		if (addr == (link->seg[i].net | ~link->seg[i].mask))
			return (1);
	return (addr == UINT32_MAX);
}

const struct link *
link_of_request(struct link *far, const struct link *here,
    const struct conf *conf, const struct dhcp_msg *req)
{
	int		to_us = !is_broadcast(here, req->dst);
	uint32_t	own = to_us ? req->dst : here->own, addr = 0;

	/*
	 * RFC 3527 3: the subnet that the relay agent names, and then giaddr
	 * is only where the answer goes; RFC 3011: or that the client names.
	 */
	if (req->giaddr != 0)
		addr = req->link_addr != 0 ? req->link_addr :
		    req->subnet != 0 ? req->subnet : req->giaddr;
	/* RENEWING comes straight to us, also from behind a relay agent. */
	else if (req->ciaddr != 0 && req->src == req->ciaddr && to_us &&
	    link_find(here, req->ciaddr) == -1)
		addr = req->ciaddr;
	if (addr == 0)
		return (here);
	if (!is_somebody(conf, req->giaddr != 0 ? req->giaddr : addr)) {
		memset(far, 0, sizeof(*far));
		return (NULL);
	}
	link_of_addr(far, conf, addr, own);
	return (far);
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
