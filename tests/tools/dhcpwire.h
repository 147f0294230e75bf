/* SPDX-License-Identifier: ISC */
/*
 * dhcpwire.h: the interfaces of dhcpconf, and the neighbour that it is there:
 * it answers ARP for the addresses that its clients and relay agents have.
 */
#ifndef DHCPWIRE_H
#define DHCPWIRE_H

#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>

#include "tests/tools/dhcpconf.h"

static struct port {
	char		 name[IFNAMSIZ];
	int		 fd;
} ports[8];
static size_t		nports;

static struct owned {
	uint32_t	 addr;
	struct mac	 mac;
} owned[2048];
static size_t		nowned;

static struct in	in;
static uint32_t		xid;

static inline void
own(uint32_t addr, struct mac mac)
{
	size_t	i;

	for (i = 0; i < nowned && owned[i].addr != addr; i++)
		;
	if (i == nitems(owned))
		errx(2, "too many addresses");
	if (i == nowned)
		nowned++;
	owned[i].addr = addr;
	owned[i].mac = mac;
}

static inline void
disown(uint32_t addr)
{
	size_t	i;

	for (i = 0; i < nowned; i++)
		if (owned[i].addr == addr)
			owned[i--] = owned[--nowned];
}

static inline void
ports_open(char *names)
{
	struct packet_mreq	 promisc = { .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll	 sll = { .sll_family = AF_PACKET };
	char			*name;
	struct port		*p;

	while ((name = strsep(&names, ",")) != NULL) {
		if (nports == nitems(ports))
			errx(2, "too many interfaces");
		p = &ports[nports++];
		(void)snprintf(p->name, sizeof(p->name), "%s", name);
		promisc.mr_ifindex = sll.sll_ifindex =
		    (int)if_nametoindex(name);
		sll.sll_protocol = htons(ETH_P_ALL);
		if ((p->fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))) ==
		    -1 || bind(p->fd, (struct sockaddr *)&sll, sizeof(sll)) ==
		    -1 || setsockopt(p->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
		    &promisc, sizeof(promisc)) == -1)
			err(2, "%s", name);
	}
}

static inline void
arp_answer(const struct port *p, const uint8_t *ask, size_t len)
{
	struct buf	b;
	struct wbuf	w;
	struct mac	asker;
	uint8_t		reply[60];
	uint32_t	sender, target;
	size_t		i;

	buf_init(&b, ask, len);
	buf_skip(&b, 12);
	if (buf_u16(&b) != ETH_P_ARP || buf_u32(&b) != 0x00010800 ||
	    buf_u32(&b) != 0x06040001)
		return;
	buf_copy(&b, asker.b, sizeof(asker.b));
	sender = buf_u32(&b);
	buf_skip(&b, 6);
	target = buf_u32(&b);
	for (i = 0; i < nowned && owned[i].addr != target; i++)
		;
	if (i == nowned || b.err)
		return;
	wbuf_init(&w, reply, sizeof(reply));
	wbuf_copy(&w, asker.b, sizeof(asker.b));
	wbuf_copy(&w, owned[i].mac.b, sizeof(owned[i].mac.b));
	wbuf_u16(&w, ETH_P_ARP);
	wbuf_u32(&w, 0x00010800);
	wbuf_u32(&w, 0x06040002);
	wbuf_copy(&w, owned[i].mac.b, sizeof(owned[i].mac.b));
	wbuf_u32(&w, target);
	wbuf_copy(&w, asker.b, sizeof(asker.b));
	wbuf_u32(&w, sender);
	(void)send(p->fd, reply, w.len, 0);
}

/* One frame of a port: -1 none, 1 it is the answer that we wait for. */
static inline int
port_read(struct port *p)
{
	struct sockaddr_ll	 from;
	socklen_t		 fromlen = sizeof(from);
	ssize_t			 n;

	n = recvfrom(p->fd, in.data, sizeof(in.data), MSG_DONTWAIT,
	    (struct sockaddr *)&from, &fromlen);
	if (n <= 0)
		return (-1);
	if (from.sll_pkttype == PACKET_OUTGOING)
		return (0);
	arp_answer(p, in.data, (size_t)n);
	in.iface = p->name;
	return (in_parse(&in, (size_t)n, xid) == 0);
}

/* What came so far is of no interest. */
static inline void
drain(void)
{
	size_t	i;

	for (i = 0; i < nports; i++)
		while (port_read(&ports[i]) != -1)
			;
}

/* 1 when there is an answer, 0 when there is none in that time. */
static inline int
await(int ms)
{
	struct pollfd	pfd[nitems(ports)];
	mono_t		end = mono_add_ms(clock_now(), ms);
	int64_t		left;
	size_t		i;

	for (i = 0; i < nports; i++) {
		pfd[i].fd = ports[i].fd;
		pfd[i].events = POLLIN;
	}
	while ((left = mono_diff_ms(end, clock_now())) > 0) {
		if (poll(pfd, nports, (int)left + 1) <= 0)
			continue;
		for (i = 0; i < nports; i++)
			if (pfd[i].revents != 0 && port_read(&ports[i]) == 1)
				return (1);
	}
	return (0);
}

#endif
