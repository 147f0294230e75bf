/* SPDX-License-Identifier: ISC */
/*
 * port.c: the interfaces that we were given a socket for, our own addresses
 * there, and the one function of arpd that puts a frame on the wire.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arpd.h"

static TAILQ_HEAD(, port) ports = TAILQ_HEAD_INITIALIZER(ports);

static struct port *
port_by_name(const char *name)
{
	struct port	*port;

	TAILQ_FOREACH(port, &ports, entry)
		if (strcmp(port->sock->ifname, name) == 0)
			return (port);
	return (NULL);
}

/* The only speaker.  The socket is bound to its interface and to ARP. */
static int
port_send(struct port *port, const struct wbuf *frame)
{
	if (port->iface.index != 0 && !frame->err &&
	    send(port->sock->fd, frame->data, frame->len, MSG_DONTWAIT) ==
	    (ssize_t)frame->len)
		return (0);
	count_up(COUNT_SEND_FAILED);
	return (-1);
}

int
port_probe(struct port *port, uint32_t addr)
{
	uint8_t		data[ARP_FRAME_LEN];
	struct wbuf	frame;

	wbuf_init(&frame, data, sizeof(data));
	arp_build_probe(&frame, port->iface.mac, addr);
	if (port_send(port, &frame) == -1)
		return (-1);
	count_up(COUNT_PROBES);
	return (0);
}

int
port_announce(struct port *port, uint32_t addr)
{
	uint8_t		data[ARP_FRAME_LEN];
	struct wbuf	frame;

	wbuf_init(&frame, data, sizeof(data));
	arp_build_announce(&frame, port->iface.mac, addr);
	if (port_send(port, &frame) == -1)
		return (-1);
	count_up(COUNT_ANNOUNCES);
	return (0);
}

/* Our address in the same subnet, or the first that we have. */
static uint32_t
port_own_addr(const struct port *port, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < port->iface.naddrs && i < IFACE_ADDRS; i++)
		if (((port->iface.addr[i] ^ addr) &
		    prefix_mask(port->iface.prefix[i])) == 0)
			return (port->iface.addr[i]);
	return (port->iface.naddrs > 0 ? port->iface.addr[0] : 0);
}

int
port_ask(struct port *port, uint32_t addr)
{
	const uint32_t	own = port_own_addr(port, addr);
	uint8_t		data[ARP_FRAME_LEN];
	struct wbuf	frame;

	if (own == 0)
		return (-1);
	wbuf_init(&frame, data, sizeof(data));
	arp_build_request(&frame, port->iface.mac, own, addr);
	if (port_send(port, &frame) == -1)
		return (-1);
	count_up(COUNT_QUESTIONS);
	return (0);
}

static int
port_iface_has(const struct msg_iface *iface, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < iface->naddrs && i < IFACE_ADDRS; i++)
		if (iface->addr[i] == addr)
			return (1);
	return (0);
}

static struct probe *
port_own(struct port *port, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < nitems(port->own); i++)
		if (port->own[i].addr == addr)
			return (&port->own[i]);
	return (NULL);
}

/* Forget our addresses that the interface has not got (any more). */
static void
port_disown(struct port *port, const struct msg_iface *iface, mono_t now)
{
	struct probe	*own;
	size_t		 i;

	for (i = 0; i < nitems(port->own); i++) {
		own = &port->own[i];
		if (own->addr != 0 && (iface == NULL ||
		    !port_iface_has(iface, own->addr))) {
			prove_feed(own, PROBE_IN_STOP, now);
			own->addr = 0;
		}
	}
}

/* Announce what the interface has and we did not know. */
static void
port_adopt(struct port *port, mono_t now)
{
	struct probe	*own;
	size_t		 i;

	for (i = 0; i < port->iface.naddrs && i < IFACE_ADDRS; i++) {
		if (port_own(port, port->iface.addr[i]) != NULL ||
		    (own = port_own(port, 0)) == NULL)
			continue;
		own->port = port;
		own->addr = port->iface.addr[i];
		port->claim[own - port->own] = (struct claim){ .n = 0 };
		prove_feed(own, PROBE_IN_OWN, now);
	}
}

static void
port_set(struct port *port, const struct msg_iface *iface, mono_t now)
{
	const int	usable = iface->index != 0 && iface->up;
	const int	same = usable && port->iface.index == iface->index &&
			    mac_equal(port->iface.mac, iface->mac);

	/* After a link change nobody need remember us: announce all anew. */
	port_disown(port, same ? iface : NULL, now);
	if (usable)
		port->iface = *iface;
	else
		memset(&port->iface, 0, sizeof(port->iface));
	port_adopt(port, now);
}

void
port_open(struct sock *sock, event_callback_fn fn)
{
	struct port	*port = xcalloc(1, sizeof(*port));

	port->sock = sock;
	sock->arg = port;
	sock->ev = proc_event(sock->fd, EV_READ | EV_PERSIST, fn, port);
	TAILQ_INSERT_TAIL(&ports, port, entry);
}

void
port_close(struct sock *sock, mono_t now)
{
	struct port	*port = sock->arg;

	port_disown(port, NULL, now);
	TAILQ_REMOVE(&ports, port, entry);
	/* Probes on it end before it is gone: no segment has it now. */
	prove_segments(now);
	sock->arg = NULL;
	free(port);
}

void
port_update(const struct msg_iface *iface, mono_t now)
{
	struct port	*port = port_by_name(iface->name);

	if (port != NULL)
		port_set(port, iface, now);
}

static int
port_is_on(const struct port *port, const struct conf_segment *seg)
{
	const uint32_t	mask = prefix_mask(seg->prefix);
	size_t		i;

	for (i = 0; i < port->iface.naddrs && i < IFACE_ADDRS; i++)
		if ((port->iface.addr[i] & mask) == seg->net)
			return (1);
	return (0);
}

/*
 * The interface of a segment: where we have an address in it, or in another
 * segment of the same shared network.  None behind a relay.
 */
struct port *
port_of_segment(const struct conf *conf, uint32_t segment)
{
	const struct conf_segment	*seg = &conf->segment[segment];
	struct port			*port;
	size_t				 i;

	if (seg->nrelays > 0)
		return (NULL);
	TAILQ_FOREACH(port, &ports, entry) {
		if (port_is_on(port, seg))
			return (port);
		for (i = 0; seg->shared != NONE && i < conf->nsegment; i++)
			if (conf->segment[i].shared == seg->shared &&
			    port_is_on(port, &conf->segment[i]))
				return (port);
	}
	return (NULL);
}

void
port_claimed(struct port *port, const struct arp_msg *msg, mono_t now)
{
	struct probe	*own = port_own(port, msg->spa);

	if (own == NULL)
		return;
	count_up(COUNT_CLAIMS);
	if (own->state != PROBE_DEFENDED) {
		prove_feed(own, PROBE_IN_HEARD, now);
		count_up(COUNT_DEFENDED);
	}
	conflict_own(port, &port->claim[own - port->own], msg, now);
}
