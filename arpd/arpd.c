/* SPDX-License-Identifier: ISC */
/*
 * arpd: announces and defends our own addresses, proves free what dhcpd may
 * offer, and tells who uses an address that is not his (RFC 826, 5227); says
 * that there is no IPv6 router where none is (RFC 4861).
 * Runs as _arpd, chrooted to an empty directory, in an empty network
 * namespace.  Holds fd 3 (parent), fd 4 (log), its links, and the sockets that
 * it was given: for ARP and for ICMPv6 of routers on each interface, one for
 * ICMP echo.  It never answers an ARP request and never speaks for an address
 * that is not ours.
 */
#include <sys/socket.h>

#include <net/ethernet.h>
#include <netpacket/packet.h>

#include <errno.h>
#include <string.h>

#include "arpd.h"

#define BATCH		32		/* frames that one call reads */
#define ROUNDS		8		/* calls before others have a turn */
#define FRAME_MAX	128		/* ARP ends long before */
#define CONTROL_LEN	128		/* what the kernel says of a frame */

static struct watch	 watch;
static struct neighs	 neighs;
static int		 arpd_synced;	/* the leases are known */
static struct log_limit	 arpd_read_limit;

static void
arpd_taken(struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	struct probe	*p = &v->entry->probe;
	/* Who is still there when it is tried again is no news. */
	const int	 known = p->state == PROBE_TAKEN ||
			    (!probe_is_proven(p) &&
			    mac_equal(p->foe, msg->sha));

	p->foe = msg->sha;
	prove_feed(p, PROBE_IN_HEARD, now);
	if (known)
		return;
	if (v->entry->host != NONE && v->owner == 0)
		conflict_lease(port, v, msg, now);
	else
		conflict_taken(v, msg, now);
}

static void
arpd_conflict(struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	conflict_lease(port, v, msg, now);
}

static void
arpd_seen(struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	char	 addr[ADDR_STRLEN];

	(void)port;
	(void)now;
	v->entry->unseen = 0;
	count_up(COUNT_SEEN);
	(void)addr_str(msg->tpa, addr);
	if (msg->op == ARP_REPLY)
		proc_step(STEP_ARP, v->addr, msg->sha, "", 100, 0,
		    "answers ARP");
	else if (msg->spa == 0)
		proc_step(STEP_ARP, v->addr, msg->sha, "", 100, 0,
		    "probes its address");
	else if (msg->spa == msg->tpa)
		proc_step(STEP_ARP, v->addr, msg->sha, "", 100, 0,
		    "announces itself");
	else
		proc_step(STEP_ARP, v->addr, msg->sha, "", 100, 0,
		    "asks for %s", addr);
}

static void
arpd_own_claimed(struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	(void)v;
	port_claimed(port, msg, now);
}

static void (*const verdict_fn[VERDICTS])(struct port *,
    const struct verdict *, const struct arp_msg *, mono_t) = {
	[VERDICT_OWN_CLAIMED] = arpd_own_claimed,
	[VERDICT_TAKEN] = arpd_taken,
	[VERDICT_CONFLICT] = arpd_conflict,
	[VERDICT_SEEN] = arpd_seen,
};

/* Note who is there; a change is news where nobody is known to be right. */
static void
arpd_neighbour(struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	const struct entry	*e = v->entry;
	const int		 held = role_find(v->addr) != NULL ||
				    (e != NULL && (e->host != NONE ||
				    watch_is_leased(e, now)));
	enum neigh_news		 news;

	if (!mac_equal(msg->from, msg->sha))
		count_up(COUNT_PROXIED);
	if (!watch_is_local(&watch, &port->iface, v->addr))
		return;
	news = neigh_heard(&neighs, msg, port->iface.index, held, now);
	if (news == NEIGH_SAME || v->kind == VERDICT_OWN_CLAIMED ||
	    v->owner != -1)
		return;
	if (news == NEIGH_BY_TURNS)
		count_up(COUNT_BY_TURNS);
	conflict_moved(port, msg, neigh_find(&neighs, v->addr), news,
	    child.conf, now);
}

/* One frame, one pass: parse, decide what it means, act on it. */
static void
arpd_frame(struct port *port, struct buf *in, mono_t now)
{
	struct arp_msg	msg;
	struct verdict	v;

	count_up(COUNT_FRAMES);
	if (arp_parse(in, &msg) == -1) {
		count_up(COUNT_MALFORMED);
		return;
	}
	watch_decide(&v, &watch, &msg, &port->iface, child.ifaces,
	    child.nifaces, now);
	if (v.kind == VERDICT_OURS)
		return;
	arpd_neighbour(port, &v, &msg, now);
	if (v.entry != NULL)
		stand_heard(v.entry, v.owner, msg.sha, now);
	if (verdict_fn[v.kind] != NULL)
		verdict_fn[v.kind](port, &v, &msg, now);
}

struct batch {
	struct mmsghdr		msg[BATCH];
	struct iovec		iov[BATCH];
	struct sockaddr_ll	from[BATCH];
	uint8_t			control[BATCH][CONTROL_LEN]
				    __attribute__((aligned(8)));
	uint8_t			data[BATCH][FRAME_MAX];
};

/* The number of frames in the batch; 0 when there are none. */
static int
arpd_receive(int fd, struct batch *b)
{
	int	i, n;

	for (i = 0; i < BATCH; i++) {
		b->iov[i].iov_base = b->data[i];
		b->iov[i].iov_len = sizeof(b->data[i]);
		b->msg[i].msg_hdr = (struct msghdr){
			.msg_iov = &b->iov[i], .msg_iovlen = 1,
			.msg_name = &b->from[i],
			.msg_namelen = sizeof(b->from[i]),
			.msg_control = b->control[i],
			.msg_controllen = sizeof(b->control[i])
		};
	}
	n = recvmmsg(fd, b->msg, BATCH, MSG_DONTWAIT, NULL);
	if (n == -1) {
		/* An interface that goes down says so here. */
		if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			log_limit(&arpd_read_limit, "recvmmsg: %s",
			    strerror(errno));
		return (0);
	}
	return (n);
}

/* Not what we sent ourselves, nor what was for other machines. */
static int
arpd_is_for_us(const struct port *port, const struct sockaddr_ll *from)
{
	return (from->sll_pkttype <= PACKET_MULTICAST &&
	    port->iface.index == (uint32_t)from->sll_ifindex);
}

/* Frames for which there was no room before this one: of claims, perhaps. */
static void
arpd_missed(struct port *port, struct msghdr *msg, mono_t now)
{
	struct cmsghdr	*c;
	uint32_t	 missed = port->missed;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SO_RXQ_OVFL &&
		    c->cmsg_len == CMSG_LEN(sizeof(missed)))
			memcpy(&missed, CMSG_DATA(c), sizeof(missed));
	if (missed != port->missed)
		prove_doubt(port, missed - port->missed, now);
	port->missed = missed;
}

static void
arpd_read(int fd, short what, void *arg)
{
	static struct batch	 b;
	struct port		*port = arg;
	const mono_t		 now = clock_now();
	struct buf		 in;
	int			 i, n = BATCH, round;

	(void)what;
	for (round = 0; round < ROUNDS && n == BATCH; round++) {
		n = arpd_receive(fd, &b);
		for (i = 0; i < n; i++) {
			arpd_missed(port, &b.msg[i].msg_hdr, now);
			if (!arpd_is_for_us(port, &b.from[i]))
				continue;
			buf_init(&in, b.data[i], b.msg[i].msg_len);
			arpd_frame(port, &in, now);
		}
	}
	count_set(COUNT_FLIPS, neighs.flips);
	count_set(COUNT_HEARD, neighs.n);
	count_set(COUNT_EVICTED, neighs.evicted);
	stand_settle();
	prove_settle(now);
}

static void
arpd_grant(struct imsgbuf *link, const struct imsg *imsg)
{
	const struct msg_grant	*lease = imsg->data;
	const mono_t		 now = clock_now();
	struct entry		*e;
	size_t			 i;

	for (i = 0; i < imsg->count; i++) {
		if (lease[i].state > LEASE_DECLINED) {
			proc_hostile(link, "a lease in no known state");
			return;
		}
		e = watch_lease(&watch, &lease[i], arpd_synced);
		if (e == NULL)
			continue;
		stand_leased(e, now);
		if (watch_is_leased(e, now))
			prove_leased(e, now);
		else
			watch_release(&watch, e, now);
	}
	stand_settle();
	prove_settle(now);
}

/* Before the leases are known nothing can be said to be free. */
static void
arpd_grant_sync(struct imsgbuf *link, const struct imsg *imsg)
{
	(void)link;
	(void)imsg;
	arpd_synced = 1;
	prove_start(clock_now());
	stand_look_around(clock_now());
}

/* tftpd or ksd has heard of a machine that we have not. */
static void
arpd_look(struct imsgbuf *link, const struct imsg *imsg)
{
	const struct msg_addr	*want = imsg->data;
	const mono_t		 now = clock_now();
	size_t			 i;

	(void)link;
	for (i = 0; i < imsg->count; i++)
		stand_look(want[i].addr, now);
	stand_settle();
}

static void
arpd_probe(struct imsgbuf *link, const struct imsg *imsg)
{
	const struct msg_addr	*want = imsg->data;
	const mono_t		 now = clock_now();
	size_t			 i;

	(void)link;
	for (i = 0; i < imsg->count; i++)
		if (imsg->id == PROBE_USED)
			prove_used(want[i].addr, now);
		else
			prove_wanted(want[i].addr, imsg->id == PROBE_WAITS,
			    now);
	prove_settle(now);
}

/* A part of the table, and where the next one begins. */
static void
arpd_ask(struct imsgbuf *link, const struct imsg *imsg)
{
	const struct msg_cursor	*from = imsg->data;
	struct msg_cursor	 next;

	(void)link;
	next = table_send(&watch, &neighs, imsg->id, *from, clock_now());
	(void)proc_send(PROC_STORE, MSG_ARP_END, imsg->id, -1, &next,
	    sizeof(next));
}

static enum neigh_fate
arpd_review(uint32_t addr, uint32_t ifindex)
{
	size_t	i;

	for (i = 0; i < child.nifaces; i++)
		if (child.ifaces[i].index == ifindex)
			return (!child.ifaces[i].up || watch_is_local(&watch,
			    &child.ifaces[i], addr) ? NEIGH_KEEP :
			    NEIGH_FORGET);
	return (NEIGH_GONE);
}

static void
arpd_dropped(struct entry *e)
{
	prove_feed(&e->probe, PROBE_IN_STOP, clock_now());
	stand_forget(e);
}

static void
arpd_configured(const struct conf *old)
{
	const mono_t	now = clock_now();

	(void)old;
	watch_configure(&watch, child.conf, arpd_dropped);
	role_configure(child.conf);
	prove_segments(now);
	neigh_review(&neighs, arpd_review);
	prove_tell_all(now);
	prove_settle(now);
	stand_configured(now);
}

static void
arpd_iface(const struct msg_iface *iface)
{
	const mono_t	now = clock_now();

	port_update(iface, now);
	quiet_update(iface, now);
	prove_segments(now);
	neigh_review(&neighs, arpd_review);
	prove_settle(now);
	stand_look_around(now);
}

static void
arpd_sock_up(struct sock *sock)
{
	const struct msg_iface	*iface;

	if (sock->kind == SOCK_ND_PACKET)
		quiet_open(sock, clock_now());
	if (sock->kind == SOCK_ICMP) {
		echo_open(sock);
		prove_segments(clock_now());
	}
	if (sock->kind != SOCK_ARP_PACKET)
		return;
	port_open(sock, arpd_read);
	if ((iface = proc_iface(sock->ifname)) != NULL)
		arpd_iface(iface);
}

static void
arpd_sock_down(struct sock *sock)
{
	const mono_t	now = clock_now();

	if (sock->kind == SOCK_ND_PACKET)
		quiet_close(sock);
	if (sock->kind == SOCK_ICMP) {
		echo_close(sock);
		prove_segments(now);
	}
	if (sock->kind != SOCK_ARP_PACKET)
		return;
	port_close(sock, now);
	prove_settle(now);
}

static void
arpd_link_up(enum proc peer)
{
	if (peer == PROC_DHCPD)
		prove_tell_all(clock_now());
	stand_link_up(peer, clock_now());
}

static void
arpd_setup(void)
{
	watch_init(&watch);
	neigh_init(&neighs);
	prove_init(&watch);
	echo_init();
	stand_init(&watch);
}

static const struct handler arpd_handlers[] = {
	{ MSG_GRANT,		PROC_DHCPD,	arpd_grant },
	{ MSG_GRANT_SYNC,	PROC_DHCPD,	arpd_grant_sync },
	{ MSG_PROBE,		PROC_DHCPD,	arpd_probe },
	{ MSG_ARP_ASK,		PROC_STORE,	arpd_ask },
	{ MSG_LOOK,		PROC_TFTPD,	arpd_look },
	{ MSG_LOOK,		PROC_KSD,	arpd_look },
	{ MSG_ZERO,		PROC_MAX,	NULL }
};

static const struct daemon arpd = {
	.id = PROC_ARPD,
	.handlers = arpd_handlers,
	.setup = arpd_setup,
	.configured = arpd_configured,
	.iface = arpd_iface,
	.sock_up = arpd_sock_up,
	.sock_down = arpd_sock_down,
	.link_up = arpd_link_up,
	.counters = arpd_counter,
	.ncounters = COUNT_MAX,
};

int
main(void)
{
	proc_main(&arpd);
}
