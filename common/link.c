/* SPDX-License-Identifier: ISC */
/*
 * link.c: interfaces and their addresses, through rtnetlink (libnl).  A
 * notification says only that something has changed; what is true is then
 * read afresh, so an overrun of the queue costs nothing.
 */
#include <net/if.h>

#include <errno.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent.h"

#define SETTLE_MS	20	/* changes come in groups */

static struct nl_sock	*link_news;	/* notifications */
static struct nl_sock	*link_ask;	/* dumps */
static struct event	*link_ev;
static struct event	*link_timer;

void
link_open(void)
{
	if ((link_ask = nl_socket_alloc()) == NULL ||
	    (link_news = nl_socket_alloc()) == NULL)
		fatalx("netlink: no memory");
	if (nl_connect(link_ask, NETLINK_ROUTE) < 0)
		fatal("netlink");
	nl_socket_disable_seq_check(link_news);
	if (nl_connect(link_news, NETLINK_ROUTE) < 0 ||
	    nl_socket_add_memberships(link_news, RTNLGRP_LINK,
	    RTNLGRP_IPV4_IFADDR, 0) < 0)
		fatal("netlink");
	(void)nl_socket_set_nonblocking(link_news);
}

static void
iface_addresses(struct msg_iface *iface, struct nl_cache *addrs)
{
	struct nl_object	*obj;
	struct nl_addr		*local;
	uint32_t		 be;

	for (obj = nl_cache_get_first(addrs); obj != NULL;
	    obj = nl_cache_get_next(obj)) {
		struct rtnl_addr	*addr = (struct rtnl_addr *)obj;

		if (rtnl_addr_get_ifindex(addr) != (int)iface->index ||
		    rtnl_addr_get_family(addr) != AF_INET ||
		    (local = rtnl_addr_get_local(addr)) == NULL ||
		    iface->naddrs == IFACE_ADDRS)
			continue;
		memcpy(&be, nl_addr_get_binary_addr(local), sizeof(be));
		iface->addr[iface->naddrs] = ntohl(be);
		iface->prefix[iface->naddrs++] =
		    (uint8_t)rtnl_addr_get_prefixlen(addr);
	}
}

static void
iface_fill(struct msg_iface *iface, struct nl_cache *links,
    struct nl_cache *addrs)
{
	struct rtnl_link	*link;
	struct nl_addr		*lladdr;
	unsigned int		 flags;

	if ((link = rtnl_link_get_by_name(links, iface->name)) == NULL)
		return;
	flags = rtnl_link_get_flags(link);
	iface->index = (uint32_t)rtnl_link_get_ifindex(link);
	iface->mtu = rtnl_link_get_mtu(link);
	iface->up = (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0;
	if ((lladdr = rtnl_link_get_addr(link)) != NULL &&
	    nl_addr_get_len(lladdr) == sizeof(iface->mac.b))
		memcpy(iface->mac.b, nl_addr_get_binary_addr(lladdr),
		    sizeof(iface->mac.b));
	iface_addresses(iface, addrs);
	rtnl_link_put(link);
}

/* The interfaces that a configuration names, as they are now. */
static struct msg_iface *
link_read(const struct conf *conf, size_t *n)
{
	struct nl_cache		*links = NULL, *addrs = NULL;
	struct msg_iface	*ifaces = NULL;
	size_t			 i;

	*n = 0;
	if (rtnl_link_alloc_cache(link_ask, AF_UNSPEC, &links) < 0 ||
	    rtnl_addr_alloc_cache(link_ask, &addrs) < 0) {
		log_warnx("netlink: the kernel's answer could not be read");
		goto out;
	}
	ifaces = xcalloc(conf->niface, sizeof(*ifaces));
	for (i = 0; i < conf->niface; i++) {
		memcpy(ifaces[i].name, conf->iface[i].name,
		    sizeof(ifaces[i].name));
		iface_fill(&ifaces[i], links, addrs);
	}
	*n = conf->niface;
out:
	if (links != NULL)
		nl_cache_free(links);
	if (addrs != NULL)
		nl_cache_free(addrs);
	return (ifaces);
}

void
link_refresh(void)
{
	struct msg_iface	*ifaces;
	size_t			 n;

	if ((ifaces = link_read(parent.conf, &n)) == NULL)
		return;
	free(parent.ifaces);
	parent.ifaces = ifaces;
	parent.nifaces = n;
}

int
link_check(const struct conf *conf, char *why, size_t size)
{
	char			 addr[ADDR_STRLEN];
	struct msg_iface	*ifaces;
	size_t			 n, i, j, k;
	int			 found = 0;

	if ((ifaces = link_read(conf, &n)) == NULL)
		return (0);
	for (i = 0; i < n && !found; i++)
		for (j = 0; j < ifaces[i].naddrs && !found; j++)
			for (k = 0; k < conf->nrange && !found; k++)
				found = ifaces[i].addr[j] >=
				    conf->range[k].first &&
				    ifaces[i].addr[j] <= conf->range[k].last;
	if (found)
		(void)snprintf(why, size, "a range holds %s, our own address "
		    "on %s", addr_str(ifaces[i - 1].addr[j - 1], addr),
		    ifaces[i - 1].name);
	free(ifaces);
	return (found);
}

static void
link_log(const struct msg_iface *old, const struct msg_iface *new)
{
	char	addr[ADDR_STRLEN];

	if (new->index == 0) {
		log_warnx("%s: there is no such interface%s", new->name,
		    old != NULL && old->index != 0 ? " any more" : " yet");
		return;
	}
	log_info("%s: %s, %s%s", new->name, new->up ? "up" : "down",
	    new->naddrs == 0 ? "no IPv4 address" :
	    addr_str(new->addr[0], addr), new->naddrs > 1 ? " and others" : "");
}

/* Read again, bind again, and tell the children what is different. */
static void
link_settled(int fd, short what, void *arg)
{
	const struct timeval	 later = { 1, 0 };
	struct msg_iface	*old;
	char			 why[256];
	size_t			 nold, i, j;
	int			 changed = 0;

	(void)fd;
	(void)what;
	(void)arg;
	old = parent.ifaces;
	nold = parent.nifaces;
	parent.ifaces = NULL;
	parent.nifaces = 0;
	link_refresh();
	if (parent.ifaces == NULL) {
		parent.ifaces = old;
		parent.nifaces = nold;
		(void)event_add(link_timer, &later);
		return;
	}
	for (i = 0; i < parent.nifaces; i++) {
		for (j = 0; j < nold; j++)
			if (strcmp(old[j].name, parent.ifaces[i].name) == 0)
				break;
		if (j < nold && memcmp(&old[j], &parent.ifaces[i],
		    sizeof(old[j])) == 0)
			continue;
		link_log(j < nold ? &old[j] : NULL, &parent.ifaces[i]);
		changed = 1;
	}
	free(old);
	if (!changed)
		return;
	if (sock_sync(why, sizeof(why)) == -1)
		log_warnx("%s", why);
	for (i = 0; i < PROC_MAX; i++)
		for (j = 0; j < parent.nifaces; j++)
			if (parent.kids[i].ib != NULL)
				(void)imsg_send(parent.kids[i].ib, MSG_IFACE, 0,
				    -1, &parent.ifaces[j],
				    sizeof(parent.ifaces[j]));
}

static void
link_readable(int fd, short what, void *arg)
{
	const struct timeval	 soon = { 0, SETTLE_MS * 1000 };
	struct sockaddr_nl	 from;
	unsigned char		*data;

	(void)fd;
	(void)what;
	(void)arg;
	/* What it says does not matter; an overrun is news as well. */
	while (nl_recv(link_news, &from, &data, NULL) > 0)
		free(data);
	/* Not put off by what follows, or a flapping link is never settled. */
	if (!evtimer_pending(link_timer, NULL))
		(void)event_add(link_timer, &soon);
}

void
link_watch(void)
{
	link_timer = evtimer_new(parent.base, link_settled, NULL);
	link_ev = event_new(parent.base, nl_socket_get_fd(link_news),
	    EV_READ | EV_PERSIST, link_readable, NULL);
	if (link_timer == NULL || link_ev == NULL ||
	    event_add(link_ev, NULL) == -1)
		fatalx("no event for netlink");
}
