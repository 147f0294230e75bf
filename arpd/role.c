/* SPDX-License-Identifier: ISC */
/*
 * role.c: the addresses that the configuration names: routers, name servers
 * and the like.  Clients are sent there, and in normal life they stay with one
 * machine.
 */
#include <stdio.h>
#include <stdlib.h>

#include "arpd.h"

static const char *const	 role_name[ROLES] = {
	[ROLE_ROUTER] = "router",
	[ROLE_DNS] = "name server",
	[ROLE_NEXT_SERVER] = "next-server",
	[ROLE_RELAY] = "relay",
	[ROLE_SERVER] = "DHCP server",
};

static struct role	*roles;
static size_t		 nroles;

/* By address; of one address what counts most comes first. */
static int
role_compare(const void *a, const void *b)
{
	const struct role	*x = a, *y = b;

	if (x->addr != y->addr)
		return (x->addr < y->addr ? -1 : 1);
	return ((int)x->kind - (int)y->kind);
}

static void
role_add(const uint32_t *addr, size_t n, uint32_t segment, enum role_kind kind)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (addr[i] != 0)
			roles[nroles++] = (struct role){ .addr = addr[i],
			    .segment = segment, .kind = (uint8_t)kind };
}

void
role_configure(const struct conf *conf)
{
	const struct conf_segment	*seg;
	uint32_t			 i;

	free(roles);
	nroles = 0;
	roles = xcalloc(SERVER_ADDRS + conf->nsegment *
	    (3 * SEGMENT_ADDRS + 1), sizeof(*roles));
	for (i = 0; i < conf->nsegment; i++) {
		seg = &conf->segment[i];
		role_add(seg->router, seg->nrouters, i, ROLE_ROUTER);
		role_add(seg->dns, seg->ndns, i, ROLE_DNS);
		role_add(&seg->next_server, 1, i, ROLE_NEXT_SERVER);
		role_add(seg->relay, seg->nrelays, i, ROLE_RELAY);
	}
	role_add(conf->global->other, conf->global->nothers, NONE,
	    ROLE_SERVER);
	qsort(roles, nroles, sizeof(*roles), role_compare);
}

const struct role *
role_find(uint32_t addr)
{
	size_t	low = 0, high = nroles, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (roles[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return (low < nroles && roles[low].addr == addr ? &roles[low] : NULL);
}

const char *
role_str(const struct role *role, const struct conf *conf,
    char text[ROLE_STRLEN])
{
	char	addr[ADDR_STRLEN], net[ADDR_STRLEN];

	(void)addr_str(role->addr, addr);
	if (role->segment >= conf->nsegment)
		(void)snprintf(text, ROLE_STRLEN, "the %s %s",
		    role_name[role->kind], addr);
	else
		(void)snprintf(text, ROLE_STRLEN, "the %s %s of %s/%u",
		    role_name[role->kind], addr,
		    addr_str(conf->segment[role->segment].net, net),
		    conf->segment[role->segment].prefix);
	return (text);
}
