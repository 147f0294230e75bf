/* SPDX-License-Identifier: ISC */
/*
 * intake.c: the interfaces that we serve, and reading what comes in by them:
 * many packets in one system call, each looked at as a frame until it is a
 * datagram for this server.
 */
#include <sys/socket.h>

#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>

#include "dhcpd.h"

#define BATCH		64	/* packets that one system call may bring */
#define TURN_BATCHES	4	/* before messages have their turn */
#define FRAME_MAX	2048
#define PORTS_MAX	64

struct arrival {
	struct iovec		 iov;
	struct sockaddr_ll	 from;
	uint8_t			 octets[FRAME_MAX];
	union {
		struct cmsghdr	 align;
		char		 space[CMSG_SPACE(sizeof(
				     struct tpacket_auxdata))];
	} control;
};

static struct port	 ports[PORTS_MAX];
static size_t		 nports;
static struct arrival	 arrivals[BATCH];
static struct mmsghdr	 msgs[BATCH];
static struct log_limit	 unread;

static struct port *
port_find(const char *ifname, int make)
{
	size_t	i;

	for (i = 0; i < nports; i++)
		if (strcmp(ports[i].ifname, ifname) == 0)
			return (&ports[i]);
	if (!make)
		return (NULL);
	if (nports == PORTS_MAX) {
		log_warnx("more than %d interfaces", PORTS_MAX);
		return (NULL);
	}
	memcpy(ports[nports].ifname, ifname, sizeof(ports[nports].ifname));
	return (&ports[nports++]);
}

void
intake_iface(const struct msg_iface *iface)
{
	struct port	*port = port_find(iface->name, 1);

	if (port == NULL)
		return;
	port->ifindex = iface->index;
	port->mtu = iface->mtu;
	port->mac = iface->mac;
	link_of_iface(&port->link, child.conf, iface);
}

void
intake_configure(void)
{
	const struct msg_iface	*iface;
	size_t			 i;

	reach_configure(child.conf);
	for (i = 0; i < nports; i++) {
		if ((iface = proc_iface(ports[i].ifname)) != NULL)
			intake_iface(iface);
		else
			memset(&ports[i].link, 0, sizeof(ports[i].link));
	}
}

/* Is it addressed to us, or to everybody on the link? */
static int
is_for_us(const struct port *port, uint32_t dst)
{
	size_t	i, j;

	if (dst == INADDR_BROADCAST)
		return (1);
	for (i = 0; i < port->link.n; i++)
		if (dst == (port->link.seg[i].net | ~port->link.seg[i].mask))
			return (1);
	for (i = 0; i < child.nifaces; i++)
		for (j = 0; j < child.ifaces[i].naddrs && j < IFACE_ADDRS; j++)
			if (child.ifaces[i].addr[j] == dst)
				return (1);
	return (0);
}

const struct link *
intake_link(const struct port *port, const struct dhcp_msg *req,
    struct link *far)
{
	const struct link	*link;

	link = link_of_request(far, &port->link, child.conf, req);
	if (link == NULL)
		figure_add(FIG_BAD_RELAY);
	return (link != NULL ? link : far);
}

static void
intake_frame(struct port *port, struct arrival *a, struct msghdr *msg,
    size_t len, mono_t now)
{
	struct frame	f;
	struct buf	in;

	if ((msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    (uint32_t)a->from.sll_ifindex != port->ifindex ||
	    (a->from.sll_pkttype != PACKET_HOST &&
	    a->from.sll_pkttype != PACKET_BROADCAST)) {
		figure_add(FIG_NOT_OURS);
		return;
	}
	buf_init(&in, a->octets, len);
	if (frame_parse(&in, &f, frame_has_csum(msg)) == -1 ||
	    !mac_is_unicast(f.src_mac)) {
		figure_add(FIG_MALFORMED);
		return;
	}
	if (f.dport == DHCP_PORT_CLIENT) {
		rogue_reply(port, &f, now);
		return;
	}
	if ((f.dport != DHCP_PORT_SERVER && f.dport != DHCP_PORT_PXE) ||
	    !is_for_us(port, f.dst)) {
		figure_add(FIG_NOT_OURS);
		return;
	}
	turn_request(port, &f, now);
}

/*
 * Room for as many packets as the last call brought, which has written over
 * it.  That is mostly one: what is never used is not touched either.
 */
static void
intake_room(int n)
{
	struct arrival	*a;
	int		 i;

	for (i = 0; i < n; i++) {
		a = &arrivals[i];
		a->iov = (struct iovec){ a->octets, sizeof(a->octets) };
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &a->from, .msg_namelen = sizeof(a->from),
			.msg_iov = &a->iov, .msg_iovlen = 1,
			.msg_control = &a->control,
			.msg_controllen = sizeof(a->control.space)
		};
	}
}

static int
intake_batch(struct port *port, mono_t now)
{
	static int	used = BATCH;
	int		i, n;

	intake_room(used);
	n = recvmmsg(port->packet->fd, msgs, BATCH, MSG_DONTWAIT, NULL);
	used = n > 0 ? n : 0;
	if (n == -1) {
		/* An interface that goes down says so here, too. */
		if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			log_limit(&unread, "%s: %s", port->ifname,
			    strerror(errno));
		return (0);
	}
	for (i = 0; i < n; i++)
		intake_frame(port, &arrivals[i], &msgs[i].msg_hdr,
		    msgs[i].msg_len, now);
	return (n);
}

static void
intake_readable(int fd, short what, void *arg)
{
	struct port	*port = arg;
	mono_t		 now = clock_now();
	int		 i;

	(void)fd;
	(void)what;
	turn_begin(now);
	for (i = 0; i < TURN_BATCHES && intake_batch(port, now) == BATCH; i++)
		;
	turn_end();
}

void
intake_sock_up(struct sock *sock)
{
	struct port	*port;

	if ((port = port_find(sock->ifname, 1)) == NULL)
		return;
	sock->arg = port;
	if (sock->kind == SOCK_DHCP_UDP)
		port->udp = sock;
	else if (sock->kind == SOCK_PXE_UDP)
		port->pxe = sock;
	if (sock->kind != SOCK_DHCP_PACKET)
		return;
	port->packet = sock;
	sock->ev = proc_event(sock->fd, EV_READ | EV_PERSIST, intake_readable,
	    port);
}

void
intake_sock_down(struct sock *sock)
{
	struct port	*port = sock->arg;

	if (port == NULL)
		return;
	staged_forget(port);
	if (port->packet == sock)
		port->packet = NULL;
	if (port->udp == sock)
		port->udp = NULL;
	if (port->pxe == sock)
		port->pxe = NULL;
}
