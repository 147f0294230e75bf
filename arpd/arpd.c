/* SPDX-License-Identifier: ISC */
/*
 * arpd: announces and defends our own addresses, proves free what dhcpd may
 * offer, and tells who uses an address that is not his (RFC 826, 5227).
 * Runs as _arpd, chrooted to an empty directory, in an empty network
 * namespace.  Holds fd 3 (parent), fd 4 (log), its links, and one packet
 * socket for ARP on each interface, which it was given.  It never answers an
 * ARP request and never speaks for an address that is not ours.
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
#define TOLD_RATE	50		/* conflicts a second */
#define TOLD_BURST	100

static struct watch	 watch;
static int		 arpd_synced;	/* the leases are known */
static struct bucket	 arpd_told;
static struct log_limit	 arpd_conflict_limit, arpd_read_limit;

/* Returns -1 when there have been too many: another time, then. */
static int
arpd_tell_conflict(const struct entry *e, struct mac mac, struct mac owner,
    mono_t now)
{
	const struct msg_conflict	 msg = {
		.addr = e->addr, .mac = mac, .owner = owner
	};

	if (!bucket_take(&arpd_told, TOLD_RATE, TOLD_BURST, now)) {
		count_up(COUNT_UNTOLD);
		return (-1);
	}
	(void)proc_send(PROC_DHCPD, MSG_CONFLICT, 0, -1, &msg, sizeof(msg));
	(void)proc_send(PROC_KSD, MSG_CONFLICT, 0, -1, &msg, sizeof(msg));
	return (0);
}

static void
arpd_taken(struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	const struct mac	 nobody = { { 0 } };
	struct probe		*p = &v->entry->probe;
	const int		 known = p->state == PROBE_TAKEN;
	char			 addr[ADDR_STRLEN], mac[MAC_STRLEN];

	(void)port;
	prove_feed(p, PROBE_IN_HEARD, now);
	p->foe = msg->sha;
	if (known)
		return;
	count_up(COUNT_TAKEN);
	(void)addr_str(v->addr, addr);
	(void)mac_str(msg->sha, mac);
	log_debug("%s is not free: %s uses it", addr, mac);
	if (arpd_tell_conflict(v->entry, msg->sha, nobody, now) == 0)
		proc_step(STEP_CONFLICT, v->addr, msg->sha, "", 100, 0,
		    "%s uses %s, which it was not given", mac, addr);
}

static void
arpd_conflict(struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	struct entry	*e = v->entry;
	char		 addr[ADDR_STRLEN], mac[MAC_STRLEN], own[MAC_STRLEN];

	count_up(COUNT_CONFLICTS);
	if (arpd_tell_conflict(e, msg->sha, e->owner, now) == -1)
		return;
	e->quiet = mono_add_s(now, WATCH_QUIET_S);
	(void)addr_str(v->addr, addr);
	(void)mac_str(msg->sha, mac);
	(void)mac_str(e->owner, own);
	log_limit(&arpd_conflict_limit, "%s: %s of %s is claimed by %s",
	    port->sock->ifname, addr, own, mac);
	proc_step(STEP_CONFLICT, v->addr, e->owner, "", 100, 0,
	    "%s of %s is claimed by %s", addr, own, mac);
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
	if (v.entry != NULL)
		stand_heard(v.entry, v.owner, msg.sha, now);
	if (verdict_fn[v.kind] != NULL)
		verdict_fn[v.kind](port, &v, &msg, now);
}

struct batch {
	struct mmsghdr		msg[BATCH];
	struct iovec		iov[BATCH];
	struct sockaddr_ll	from[BATCH];
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
			.msg_namelen = sizeof(b->from[i])
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
			if (!arpd_is_for_us(port, &b.from[i]))
				continue;
			buf_init(&in, b.data[i], b.msg[i].msg_len);
			arpd_frame(port, &in, now);
		}
	}
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
	stand_look_around();
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

/* The last one goes first: each goes to the head of the queue. */
static void
arpd_probe(struct imsgbuf *link, const struct imsg *imsg)
{
	const struct msg_addr	*want = imsg->data;
	const struct mac	 nobody = { { 0 } };
	const mono_t		 now = clock_now();
	struct entry		*e;
	size_t			 i;

	(void)link;
	for (i = imsg->count; i > 0; i--) {
		count_up(COUNT_LATE);
		if (prove_wanted(want[i - 1].addr, now) == -1)
			count_up(COUNT_REFUSED);
		else if ((e = watch_find(&watch, want[i - 1].addr)) != NULL &&
		    e->probe.state == PROBE_TAKEN)
			(void)arpd_tell_conflict(e, e->probe.foe, nobody, now);
	}
	prove_settle(now);
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
	prove_segments(now);
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
	prove_settle(now);
	stand_look_around();
}

static void
arpd_sock_up(struct sock *sock)
{
	const struct msg_iface	*iface;

	if (sock->kind == SOCK_ND_PACKET)
		quiet_open(sock, clock_now());
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
	stand_link_up(peer);
}

static void
arpd_setup(void)
{
	watch_init(&watch);
	prove_init(&watch);
	stand_init(&watch);
}

static const struct handler arpd_handlers[] = {
	{ MSG_GRANT,		PROC_DHCPD,	arpd_grant },
	{ MSG_GRANT_SYNC,	PROC_DHCPD,	arpd_grant_sync },
	{ MSG_PROBE,		PROC_DHCPD,	arpd_probe },
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
