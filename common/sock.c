/* SPDX-License-Identifier: ISC */
/*
 * sock.c: every socket of bootward is opened, bound and held here, by the
 * parent, and given to the one child that may use it.  A child that starts
 * again gets the same sockets, with what was queued meanwhile.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/udp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define PORT_DHCP	67
#define PORT_DHCP_CLIENT 68
#define PORT_TFTP	69
#define PORT_HTTP	80
#define PORT_PXE	4011
#define HTTP_BACKLOG	1024
#define PACKET_RCVBUF	(8 * 1024 * 1024)
#define UDP_RCVBUF	(2 * 1024 * 1024)
#define UDP_SNDBUF	(4 * 1024 * 1024)

/* What the kernel knows besides the frame: to whom it was. */
#define PKTTYPE		((uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE))

enum scope { SCOPE_IFACE, SCOPE_HOST, SCOPE_POOL };

static const struct {
	enum proc	 owner;
	enum scope	 scope;
} kinds[SOCK_MAX] = {
#define S(tag, owner, scope)	[SOCK_##tag] = { PROC_##owner, SCOPE_##scope },
	SOCK_LIST(S)
#undef S
};

static TAILQ_HEAD(, held)	 helds = TAILQ_HEAD_INITIALIZER(helds);
static uint32_t			 held_ids;

/*
 * IPv4, UDP, not a fragment, to port 67 or 4011, or what other servers say
 * (from 67 to 68), to us or to all.  The packet socket sees whole frames; a
 * VLAN tag has been taken off by then, but the kernel tells that it was there.
 */
static struct sock_filter filter_dhcp[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 14, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 12),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 10),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HLEN + 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 8, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETH_HLEN),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETH_HLEN + 2),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT_DHCP, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT_PXE, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT_DHCP_CLIENT, 0, 3),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETH_HLEN),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT_DHCP, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0xffff),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* ARP to us or to all. */
static struct sock_filter filter_arp[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 3, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 128),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/*
 * What machines and IPv6 routers ask and tell each other: ICMPv6 of type 133
 * or 134 that no router has passed on, right after the IPv6 header.
 */
static struct sock_filter filter_nd[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, PACKET_MULTICAST, 8, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HLEN + 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6 << 8 | 255, 0, 4),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 40),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_ROUTER_SOLICIT, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_ROUTER_ADVERT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0xffff),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Echo replies, in one piece; a raw socket sees the IPv4 header, too. */
static struct sock_filter filter_icmp[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHOREPLY << 8, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 128),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* For sockets that only send: nothing is ever queued on them. */
static struct sock_filter filter_none[] = {
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Which kinds are packet sockets, and what they let in. */
static const struct {
	struct sock_filter	*code;
	size_t			 n;
} filters[SOCK_MAX] = {
	[SOCK_DHCP_PACKET] = { filter_dhcp, nitems(filter_dhcp) },
	[SOCK_ARP_PACKET] = { filter_arp, nitems(filter_arp) },
	[SOCK_ND_PACKET] = { filter_nd, nitems(filter_nd) },
};

static int
option(int fd, int level, int name, int value)
{
	return (setsockopt(fd, level, name, &value, sizeof(value)));
}

/* A filter that nobody can take off again. */
static int
filter(int fd, struct sock_filter *code, size_t n)
{
	struct sock_fprog	prog = { (unsigned short)n, code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
	    sizeof(prog)) == -1)
		return (-1);
	return (option(fd, SOL_SOCKET, SO_LOCK_FILTER, 1));
}

/* As large as we may; as root without the administrator's limit. */
static void
rcvbuf(int fd, int size)
{
	if (option(fd, SOL_SOCKET, SO_RCVBUFFORCE, size) == -1)
		(void)option(fd, SOL_SOCKET, SO_RCVBUF, size);
}

static int
bind_addr(int fd, uint32_t addr, uint16_t port)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };

	sin.sin_addr.s_addr = htonl(addr);
	sin.sin_port = htons(port);
	return (bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
}

static int
bind_packet(int fd, uint16_t protocol, uint32_t ifindex)
{
	struct sockaddr_ll	sll = { .sll_family = AF_PACKET };

	sll.sll_protocol = htons(protocol);
	sll.sll_ifindex = (int)ifindex;
	return (bind(fd, (struct sockaddr *)&sll, sizeof(sll)));
}

static int
bind_device(int fd, const char *ifname)
{
	return (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname,
	    (socklen_t)strlen(ifname) + 1));
}

/*
 * Routers, and who looks for one, speak to these groups.  Whoever destroys the
 * interface takes the membership with it.
 */
static int
join_nd(int fd, uint32_t ifindex)
{
	struct packet_mreq	mreq = {
		.mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_MULTICAST,
		.mr_alen = ETH_ALEN, .mr_address = { 0x33, 0x33, 0, 0, 0, 1 }
	};

	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq,
	    sizeof(mreq)) == -1)
		return (-1);
	mreq.mr_address[5] = 2;
	return (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq,
	    sizeof(mreq)));
}

/*
 * One function a family of kinds.  A packet socket starts with protocol 0,
 * takes its filter and only then is bound: nothing unfiltered gets in.
 */
static int
open_packet(struct held *h)
{
	if ((h->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1)
		return (-1);
	rcvbuf(h->fd, PACKET_RCVBUF);
	if (filter(h->fd, filters[h->kind].code, filters[h->kind].n) == -1)
		return (-1);
	(void)option(h->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	if (option(h->fd, SOL_PACKET, PACKET_AUXDATA, 1) == -1 ||
	    option(h->fd, SOL_SOCKET, SO_RXQ_OVFL, h->kind ==
	    SOCK_ARP_PACKET) == -1)
		return (-1);
	h->ifindex = 0;			/* sock_follow() binds it */
	return (0);
}

static int
open_udp(struct held *h)
{
	const int	sends_only = h->kind == SOCK_DHCP_UDP ||
			    h->kind == SOCK_PXE_UDP;

	if ((h->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1)
		return (-1);
	if (option(h->fd, SOL_SOCKET, SO_REUSEADDR, h->port != 0) == -1 ||
	    option(h->fd, SOL_SOCKET, SO_BROADCAST, sends_only) == -1 ||
	    option(h->fd, IPPROTO_IP, IP_PKTINFO, 1) == -1 ||
	    (h->ifname[0] != '\0' && bind_device(h->fd, h->ifname) == -1) ||
	    (sends_only && filter(h->fd, filter_none, 1) == -1))
		return (-1);
	if (!sends_only)
		rcvbuf(h->fd, UDP_RCVBUF);
	/*
	 * What waits for a relay agent that is not there, up to 208 KiB each,
	 * must not keep the answers to others.
	 */
	else if (option(h->fd, SOL_SOCKET, SO_SNDBUFFORCE, UDP_SNDBUF) == -1)
		(void)option(h->fd, SOL_SOCKET, SO_SNDBUF, UDP_SNDBUF);
	return (bind_addr(h->fd, 0, h->port));
}

static int
open_tcp(struct held *h)
{
	if ((h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		return (-1);
	if (option(h->fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1 ||
	    (h->ifname[0] != '\0' && bind_device(h->fd, h->ifname) == -1) ||
	    bind_addr(h->fd, h->addr, h->port) == -1)
		return (-1);
	return (listen(h->fd, HTTP_BACKLOG));
}

static int
open_icmp(struct held *h)
{
	if ((h->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    IPPROTO_ICMP)) == -1)
		return (-1);
	rcvbuf(h->fd, UDP_RCVBUF);
	return (filter(h->fd, filter_icmp, nitems(filter_icmp)));
}

static const struct {
	int		(*open)(struct held *);
	uint16_t	  port;		/* or the protocol of a packet socket */
	const char	 *what;
} openers[SOCK_MAX] = {
	[SOCK_DHCP_PACKET] = { open_packet, ETH_P_IP, "a packet socket" },
	[SOCK_DHCP_UDP] = { open_udp, PORT_DHCP, "UDP port 67" },
	[SOCK_PXE_UDP] = { open_udp, PORT_PXE, "UDP port 4011" },
	[SOCK_ARP_PACKET] = { open_packet, ETH_P_ARP, "a packet socket" },
	[SOCK_ND_PACKET] = { open_packet, ETH_P_IPV6, "a packet socket" },
	[SOCK_ICMP] = { open_icmp, 0, "an ICMP socket" },
	[SOCK_TFTP] = { open_udp, PORT_TFTP, "UDP port 69" },
	[SOCK_TFTP_XFER] = { open_udp, 0, "a UDP port" },
	[SOCK_HTTP] = { open_tcp, PORT_HTTP, "TCP port 80" },
	[SOCK_STATUS] = { open_tcp, 0, "the status port" },
};

static void
held_msg(const struct held *h, struct msg_sock *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->id = h->id;
	msg->kind = h->kind;
	memcpy(msg->ifname, h->ifname, sizeof(msg->ifname));
}

static void
held_give(const struct held *h)
{
	struct kid	*kid = &parent.kids[kinds[h->kind].owner];
	struct msg_sock	 msg;

	if (kid->ib == NULL)
		return;
	held_msg(h, &msg);
	(void)imsg_send(kid->ib, MSG_SOCK, 0, h->fd, &msg, sizeof(msg));
}

static void
held_close(struct held *h)
{
	struct kid	*kid = &parent.kids[kinds[h->kind].owner];
	struct msg_sock	 msg;

	held_msg(h, &msg);
	if (kid->ib != NULL)
		(void)imsg_send(kid->ib, MSG_SOCK_CLOSE, 0, -1, &msg,
		    sizeof(msg));
	TAILQ_REMOVE(&helds, h, entry);
	(void)close(h->fd);
	free(h);
}

static const struct msg_iface *
held_iface(const struct held *h)
{
	size_t	i;

	for (i = 0; i < parent.nifaces; i++)
		if (strcmp(parent.ifaces[i].name, h->ifname) == 0)
			return (&parent.ifaces[i]);
	return (NULL);
}

/*
 * An interface that was destroyed and made again has a new index: bind the
 * same socket to it, so that its child need not notice.
 */
static int
held_follow(struct held *h)
{
	const struct msg_iface	*iface = held_iface(h);
	int			 error = 0;

	if (iface == NULL || iface->index == h->ifindex)
		return (0);
	if (iface->index != 0) {
		if (filters[h->kind].code != NULL)
			error = bind_packet(h->fd, openers[h->kind].port,
			    iface->index);
		else
			error = bind_device(h->fd, h->ifname);
		if (error == 0 && h->kind == SOCK_ND_PACKET)
			error = join_nd(h->fd, iface->index);
	}
	if (error == 0)
		h->ifindex = iface->index;
	return (error);
}

/* Make one socket; it is given to its child when it could be had. */
static int
held_open(const struct held *want, char *why, size_t size)
{
	struct held	*h = xcalloc(1, sizeof(*h));

	*h = *want;
	h->fd = -1;
	if (openers[h->kind].open(h) == -1 || held_follow(h) == -1) {
		(void)snprintf(why, size, "%s needs %s%s%s: %s%s",
		    proc_names[kinds[h->kind].owner], openers[h->kind].what,
		    h->ifname[0] != '\0' ? " on " : "", h->ifname,
		    strerror(errno), errno == EADDRINUSE ?
		    " (another server has it)" : "");
		if (h->fd != -1)
			(void)close(h->fd);
		free(h);
		return (-1);
	}
	h->id = ++held_ids;
	TAILQ_INSERT_TAIL(&helds, h, entry);
	held_give(h);
	return (0);
}

/* What the configuration asks for, as rows to compare with what we hold. */
struct wants {
	struct held	*rows;
	size_t		 n;
};

static void
want(struct wants *w, enum sock_kind kind, const struct msg_iface *iface,
    uint32_t slot, uint32_t addr, uint16_t port)
{
	struct held	*h;

	if ((parent.runs & 1U << kinds[kind].owner) == 0)
		return;
	w->rows = xreallocarray(w->rows, w->n + 1, sizeof(*w->rows));
	h = &w->rows[w->n++];
	memset(h, 0, sizeof(*h));
	h->kind = kind;
	if (iface != NULL) {
		memcpy(h->ifname, iface->name, sizeof(h->ifname));
		h->ifindex = iface->index;
	}
	h->slot = slot;
	h->addr = addr;
	h->port = port;
}

static void
wants_fill(struct wants *w)
{
	const struct conf_global	*g = parent.conf->global;
	int				 relayed = 0, kind;
	size_t				 i;

	for (i = 0; i < parent.conf->nsegment; i++)
		relayed |= parent.conf->segment[i].nrelays > 0;
	for (kind = 0; kind < SOCK_MAX; kind++) {
		if (kinds[kind].scope != SCOPE_IFACE ||
		    (kind == SOCK_ND_PACKET && g->ipv6_quiet))
			continue;
		for (i = 0; i < parent.nifaces; i++)
			want(w, (enum sock_kind)kind, &parent.ifaces[i], 0, 0,
			    openers[kind].port);
	}
	for (i = 0; i < TFTP_POOL; i++)
		want(w, SOCK_TFTP_XFER, NULL, (uint32_t)i, 0, 0);
	if (relayed)
		want(w, SOCK_ICMP, NULL, 0, 0, 0);
	if (g->status_addr != 0)
		want(w, SOCK_STATUS, NULL, 0, g->status_addr,
		    (uint16_t)g->status_port);
}

static int
held_same(const struct held *a, const struct held *b)
{
	return (a->kind == b->kind && strcmp(a->ifname, b->ifname) == 0 &&
	    a->addr == b->addr && a->port == b->port && a->slot == b->slot);
}

/* Must this socket wait for its interface to exist? */
static int
want_waits(const struct held *h)
{
	return (h->ifname[0] != '\0' && h->ifindex == 0 &&
	    filters[h->kind].code == NULL);
}

int
sock_sync(char *why, size_t size)
{
	struct wants	 w = { NULL, 0 };
	struct held	*h, *next;
	size_t		 i;
	int		 error = 0;

	wants_fill(&w);
	for (h = TAILQ_FIRST(&helds); h != NULL; h = next) {
		next = TAILQ_NEXT(h, entry);
		for (i = 0; i < w.n && !held_same(h, &w.rows[i]); i++)
			;
		if (i == w.n) {
			held_close(h);
		} else if (held_follow(h) == -1) {
			(void)snprintf(why, size, "%s: binding again: %s",
			    h->ifname, strerror(errno));
			error = -1;
		}
	}
	for (i = 0; i < w.n; i++) {
		TAILQ_FOREACH(h, &helds, entry)
			if (held_same(h, &w.rows[i]))
				break;
		if (h == NULL && !want_waits(&w.rows[i]) &&
		    held_open(&w.rows[i], why, size) == -1)
			error = -1;
	}
	free(w.rows);
	return (error);
}

void
sock_give(struct kid *kid)
{
	struct held	*h;

	TAILQ_FOREACH(h, &helds, entry)
		if (kinds[h->kind].owner == kid->id)
			held_give(h);
}

void
sock_close_all(void)
{
	while (!TAILQ_EMPTY(&helds))
		held_close(TAILQ_FIRST(&helds));
}
