/* SPDX-License-Identifier: ISC */
/*
 * outbox.c: the only file of dhcpd that sends to the network.  Clients that
 * have no address yet get whole frames by the packet socket, everybody else
 * UDP; what a turn of the loop has to say leaves in few system calls.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "dhcpd.h"

#define OUT_MAX	64

struct out {
	int			 fd;
	struct iovec		 iov;
	struct sockaddr_in	 to;
	uint8_t			 octets[FRAME_HDRLEN + DHCP_PAYLOAD_MAX];
	union {
		struct cmsghdr	 align;
		char		 space[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control;
};

static struct out		outs[OUT_MAX];
static struct mmsghdr		msgs[OUT_MAX];
static unsigned int		nouts;
static struct log_limit		unsent;

static const struct mac		everybody = { { 0xff, 0xff, 0xff, 0xff, 0xff,
				    0xff } };

/*
 * To a machine on our link an answer goes back as the request came: nobody
 * can make us, or the kernel, look for machines that are not there.
 */
static void
letter_back(struct letter *l, const struct dhcp_msg *req)
{
	if (link_find(&l->port->link, l->dst) == -1 ||
	    !mac_is_unicast(req->l2_src))
		return;
	l->dst_mac = req->l2_src;
	l->raw = 1;
}

/* RFC 2131 4.1, in its order. */
void
letter_address(struct letter *l, struct port *port, const struct dhcp_msg *req,
    const struct verdict *v)
{
	memset(l, 0, sizeof(*l));
	l->port = port;
	/* RFC 5107: for whom the client takes us is not who we are. */
	l->src = req->server_addr != 0 ? v->own : v->server;
	l->sport = DHCP_PORT_SERVER;
	l->dport = DHCP_PORT_CLIENT;
	if (req->dport == DHCP_PORT_PXE) {
		l->dst = req->src;
		l->dport = req->sport;
		l->sport = DHCP_PORT_PXE;
		letter_back(l, req);
	} else if (req->giaddr != 0) {
		l->dst = req->giaddr;
		/* RFC 8357 5.2: a relay agent may want it elsewhere. */
		l->dport = req->relay_port ? req->sport : DHCP_PORT_SERVER;
	} else if (v->kind != V_NAK && v->kind != V_OFFER &&
	    req->ciaddr != 0 && req->ciaddr == v->addr) {
		l->dst = req->ciaddr;
		letter_back(l, req);
	} else if (v->kind == V_NAK || v->kind == V_PROXY ||
	    !mac_is_unicast(req->mac) ||
	    (req->flags & DHCP_FLAG_BROADCAST) != 0) {
		l->dst = INADDR_BROADCAST;
		l->dst_mac = everybody;
		l->raw = 1;
	} else {
		l->dst = v->addr;
		l->dst_mac = req->mac;
		l->raw = 1;
	}
}

static const struct sock *
letter_socket(const struct letter *l)
{
	if (l->raw)
		return (l->port->packet);
	return (l->sport == DHCP_PORT_PXE ? l->port->pxe : l->port->udp);
}

static void
out_frame(struct out *o, const struct letter *l, const uint8_t *octets)
{
	const struct frame	f = {
		.dst_mac = l->dst_mac, .src_mac = l->port->mac,
		.src = l->src, .dst = l->dst,
		.sport = l->sport, .dport = l->dport
	};
	struct wbuf		b;

	o->fd = letter_socket(l)->fd;
	wbuf_init(&b, o->octets, sizeof(o->octets));
	frame_build(&b, &f, octets, l->len);
	wbuf_copy(&b, octets, l->len);
	o->iov.iov_len = b.len;
}

/* The source address is ours to choose; the route is the kernel's. */
static void
out_datagram(struct out *o, struct msghdr *msg, const struct letter *l,
    const uint8_t *octets)
{
	struct in_pktinfo	 info;
	struct cmsghdr		*cmsg;

	o->fd = letter_socket(l)->fd;
	memset(&o->to, 0, sizeof(o->to));
	o->to.sin_family = AF_INET;
	o->to.sin_addr.s_addr = htonl(l->dst);
	o->to.sin_port = htons(l->dport);
	msg->msg_name = &o->to;
	msg->msg_namelen = sizeof(o->to);

	memset(&info, 0, sizeof(info));
	info.ipi_ifindex = (int)l->port->ifindex;
	info.ipi_spec_dst.s_addr = htonl(l->src);
	memset(&o->control, 0, sizeof(o->control));
	msg->msg_control = &o->control;
	msg->msg_controllen = sizeof(o->control.space);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = IPPROTO_IP;
	cmsg->cmsg_type = IP_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cmsg), &info, sizeof(info));

	memcpy(o->octets, octets, l->len);
	o->iov.iov_len = l->len;
}

void
outbox_put(const struct letter *l, const uint8_t *octets)
{
	struct out	*o;
	struct msghdr	*msg;

	if (l->len == 0 || l->len > DHCP_PAYLOAD_MAX ||
	    letter_socket(l) == NULL) {
		figure_add(FIG_UNSENT);
		return;
	}
	if (nouts == OUT_MAX)
		outbox_flush();
	o = &outs[nouts];
	msg = &msgs[nouts].msg_hdr;
	memset(msg, 0, sizeof(*msg));
	if (l->raw)
		out_frame(o, l, octets);
	else
		out_datagram(o, msg, l, octets);
	o->iov.iov_base = o->octets;
	msg->msg_iov = &o->iov;
	msg->msg_iovlen = 1;
	nouts++;
}

/* All that goes out by one socket; what cannot is lost, as on any network. */
static void
outbox_send(unsigned int first, unsigned int n)
{
	int	sent;

	while (n > 0) {
		sent = sendmmsg(outs[first].fd, &msgs[first], n,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent == -1) {
			if (errno == EINTR)
				continue;
			log_limit(&unsent, "an answer was not sent: %s",
			    strerror(errno));
			figure_add(FIG_UNSENT);
			sent = 1;
		}
		first += (unsigned int)sent;
		n -= (unsigned int)sent;
	}
}

void
outbox_flush(void)
{
	unsigned int	first = 0, n;

	for (; first < nouts; first += n) {
		for (n = 1; first + n < nouts &&
		    outs[first + n].fd == outs[first].fd; n++)
			;
		outbox_send(first, n);
	}
	nouts = 0;
}
