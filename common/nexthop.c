/* SPDX-License-Identifier: ISC */
/*
 * nexthop.c: which machine would get what is sent to an address now?  arpd
 * hears most of what there is, but later than the kernel, and in a flood not
 * all of it; the kernel's own neighbour table is where the answer goes.
 */
#include <sys/ioctl.h>

#include <arpa/inet.h>
#include <net/if_arp.h>
#include <netinet/in.h>

#include <errno.h>
#include <string.h>

#include "bootward.h"

/* 1 and its Ethernet address, 0 when there is none, -1 with errno. */
static int
nexthop_on(int fd, const char *ifname, uint32_t addr, struct mac *mac)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	struct arpreq		req;

	memset(&req, 0, sizeof(req));
	sin.sin_addr.s_addr = htonl(addr);
	memcpy(&req.arp_pa, &sin, sizeof(sin));
	memcpy(req.arp_dev, ifname, strnlen(ifname, sizeof(req.arp_dev) - 1));
	if (ioctl(fd, SIOCGARP, &req) == -1)
		return (errno == ENXIO || errno == ENODEV ? 0 : -1);
	/* While the kernel asks itself there is no address in it. */
	if ((req.arp_flags & ATF_COM) == 0)
		return (0);
	memcpy(mac->b, req.arp_ha.sa_data, sizeof(mac->b));
	return (1);
}

static int
nexthop_reaches(const struct msg_iface *iface, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < iface->naddrs && i < IFACE_ADDRS; i++)
		if (((iface->addr[i] ^ addr) &
		    prefix_mask(iface->prefix[i])) == 0)
			return (iface->index != 0);
	return (0);
}

/* Two interfaces may be in one subnet; only one of them is used. */
int
nexthop(int fd, uint32_t addr, struct mac *mac)
{
	size_t	i;
	int	found = 0;

	for (i = 0; i < child.nifaces && found == 0; i++)
		if (nexthop_reaches(&child.ifaces[i], addr))
			found = nexthop_on(fd, child.ifaces[i].name, addr,
			    mac);
	return (found);
}
