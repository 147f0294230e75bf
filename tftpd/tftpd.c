/* SPDX-License-Identifier: ISC */
/*
 * tftpd: read-only TFTP (RFC 1350, 2347-2349, 7440) and rendered boot menus.
 * Runs as _tftpd, chrooted to the boot directory, in empty namespaces.  Holds
 * fd 3 (parent), fd 4 (log), links to store, dhcpd and arpd, the root
 * directory, and the UDP sockets that it was given.  Opens regular files
 * beneath "/" for reading, and no sockets.
 *
 * What a machine is comes from the leases and tickets that dhcpd and store
 * push, and from arpd, which has heard it there or another one.  No request
 * waits for another process: while a machine is unseen, what is for it alone
 * is not answered, and its loader asks again.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tftpd.h"

#define TURN_REQUESTS	32		/* of one socket at a time */
#define PROGRESS_US	250000		/* between two of one transfer */
#define ARPD_WAIT_MS	3000		/* after a start */
#define OPEN_MS		3000		/* so long we wait for the facts */
#define LISTEN_MAX	64
#define LOOKS		256		/* that are remembered for this: */
#define LOOK_MS		250		/* between two for one address */

struct ctl_counter counters[COUNT_MAX] = {
#define C(tag, name)	[COUNT_##tag] = { name, 0 },
	COUNTER_LIST(C)
#undef C
};

static struct facts	*facts;
static struct sock	*listening[LISTEN_MAX];
static int		 leases_synced, tickets_synced;
static int		 is_open;	/* requests are read */
static struct event	*open_timer;
static int		 root_fd;
static struct log_limit	 limit_error;

/* 1. Facts. */

static void
got_lease(struct imsgbuf *ib, const struct imsg *msg)
{
	if (facts_take_grants(facts, msg) == -1)
		proc_hostile(ib, "a lease that makes no sense");
}

static void
got_ticket(struct imsgbuf *ib, const struct imsg *msg)
{
	if (facts_take_tickets(facts, msg) == -1)
		proc_hostile(ib, "a ticket that makes no sense");
}

/*
 * What we have to know is known: requests are read.  Until then they wait in
 * the kernel; a machine that asks while we are started again is not told that
 * there is no menu for it.
 */
static void
tftpd_open(void)
{
	size_t	i;

	for (i = 0; i < nitems(listening) && !is_open; i++)
		if (listening[i] != NULL)
			(void)event_add(listening[i]->ev, NULL);
	is_open = 1;
}

static void
open_late(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	tftpd_open();
}

static void
got_lease_sync(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	(void)msg;
	leases_synced = 1;
	if (tickets_synced)
		tftpd_open();
}

static void
got_ticket_sync(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	(void)msg;
	tickets_synced = 1;
	if (leases_synced)
		tftpd_open();
}

static void
got_stand(struct imsgbuf *ib, const struct imsg *msg)
{
	if (facts_take_stands(facts, msg) == -1)
		proc_hostile(ib, "a stand that makes no sense");
}

/* 2. The timeline. */

/*
 * How many entries the network can cause.  The limits are far above what a
 * room full of machines does, and keep a flood out of the store.
 */
static int
step_allowed(enum step step, unsigned int percent, mono_t now)
{
	static struct { int64_t second; unsigned int count; } seen[3];
	static const unsigned int	most[nitems(seen)] = { 1000, 400, 10 };
	const size_t			i = step == STEP_REFUSED ||
					    step == STEP_ERROR ? 2 :
					    percent < 100;

	if (seen[i].second != now.us / 1000000) {
		seen[i].second = now.us / 1000000;
		seen[i].count = 0;
	}
	return (seen[i].count++ < most[i]);
}

static enum step
plan_step(const struct plan *plan)
{
	static const enum step	steps[] = {
		[PLAN_LOADER] = STEP_LOADER,	[PLAN_MENU] = STEP_MENU,
		[PLAN_KERNEL] = STEP_KERNEL,	[PLAN_INITRD] = STEP_INITRD
	};

	return (steps[plan->kind]);
}

static void
slot_step(const struct slot *s, enum step step, unsigned int percent,
    const char *why, mono_t now)
{
	if (step_allowed(step, percent, now))
		proc_step(step, s->peer.addr, s->mac, s->host, percent,
		    xfer_bytes(&s->x), "%s%s", s->name, why);
}

/* Only what takes long is worth more than one line. */
void
timeline_progress(struct slot *s, mono_t now)
{
	const uint64_t	size = s->x.terms.size;
	unsigned int	percent;

	if ((s->plan.kind != PLAN_KERNEL && s->plan.kind != PLAN_INITRD) ||
	    mono_diff_us(now, s->told_at) < PROGRESS_US || size == 0)
		return;
	percent = (unsigned int)(xfer_bytes(&s->x) * 100 / size);
	s->told_at = now;
	if (percent < 100)
		slot_step(s, plan_step(&s->plan), percent, "", now);
}

static void
timeline_menu(const struct slot *s, mono_t now)
{
	char	where[NAME_LEN + 16];

	if (!s->plan.rendered)
		(void)snprintf(where, sizeof(where), ": as it is on disk");
	else if (s->image[0] == '\0')
		(void)snprintf(where, sizeof(where), ": boots its own disk");
	else
		(void)snprintf(where, sizeof(where), ": installs %s",
		    s->image);
	slot_step(s, STEP_MENU, 100, where, now);
}

void
timeline_end(struct slot *s, mono_t now)
{
	static const struct {
		enum counter	 counter;
		const char	*trouble;	/* NULL: none */
	} ends[] = {
		[XFER_END_DONE]	   = { COUNT_COMPLETED, NULL },
		[XFER_END_PROBE]   = { COUNT_PROBES, NULL },
		[XFER_END_ERROR]   = { COUNT_ABORTED,
		    ": the machine broke it off" },
		[XFER_END_TIMEOUT] = { COUNT_TIMEOUTS,
		    ": the machine does not answer any more" },
		[XFER_END_BROKEN]  = { COUNT_ABORTED,
		    ": the file changed while it was sent" },
		[XFER_END_DROPPED] = { COUNT_DROPPED, NULL },
	};

	counters[ends[s->x.end].counter].value++;
	if (s->plan.kind == PLAN_OTHER)
		return;
	if (s->x.end == XFER_END_DONE) {
		if (s->plan.kind == PLAN_MENU)
			timeline_menu(s, now);
		else
			slot_step(s, plan_step(&s->plan), 100, "", now);
	} else if (ends[s->x.end].trouble != NULL && s->x.acked > 0)
		slot_step(s, STEP_ERROR, 100, ends[s->x.end].trouble, now);
}

/* 3. Requests. */

/* What will be sent: a file, or a menu in memory. */
struct source {
	int		 fd;			/* -1: text */
	uint64_t	 size;
	uint8_t		 text[MENU_SIZE];
};

/* A real file goes before a rendered menu. */
static int
source_open(const struct machine *m, const char *name, struct plan *plan,
    struct source *src)
{
	struct file_info	info;
	struct wbuf		out;

	if ((src->fd = file_open(root_fd, name, &info)) != -1) {
		src->size = info.size;
		return (0);
	}
	if (errno != ENOENT || plan->kind != PLAN_MENU)
		return (-1);
	if (plan->contested) {
		errno = EACCES;
		return (-1);
	}
	if (m->doubt == DOUBT_UNSEEN && m->installs) {
		errno = EAGAIN;
		return (-1);
	}
	wbuf_init(&out, src->text, sizeof(src->text));
	menu_render(plan->menu, child.conf, m, &out);
	if (out.err) {
		errno = EOVERFLOW;
		return (-1);
	}
	src->size = out.len;
	plan->rendered = 1;
	return (0);
}

/*
 * It has the lease, but was not heard at its address: find out.  Whoever says
 * to be it a thousand times causes this once.
 */
static void
request_look(const struct peer *peer, mono_t now)
{
	static struct { uint32_t addr; mono_t next; } last[LOOKS];
	const struct msg_addr	look = { .addr = peer->addr };
	const size_t		i = (peer->addr ^ peer->addr >> 8) % LOOKS;

	if (last[i].addr == peer->addr && mono_before(now, last[i].next))
		return;
	last[i].addr = peer->addr;
	last[i].next = mono_add_ms(now, LOOK_MS);
	counters[COUNT_LOOKS].value++;
	slot_nudge(peer);
	(void)proc_send(PROC_ARPD, MSG_LOOK, 0, -1, &look, sizeof(look));
}

/* Two machines at one address, and one of them asks for a menu. */
static void
conflict_step(const struct machine *m, const struct peer *peer,
    const struct tftp_request *req, mono_t now)
{
	const char	*host = m->whose == NULL ? "" : m->whose->name;
	char		 addr[ADDR_STRLEN], is[MAC_STRLEN], other[MAC_STRLEN];

	counters[COUNT_CONFLICTS].value++;
	if (step_allowed(STEP_REFUSED, 100, now))
		proc_step(STEP_REFUSED, 0, m->mac, host, 100, 0,
		    "%s was asked for by %s, which is of %s and used by %s",
		    req->name, addr_str(peer->addr, addr),
		    mac_str(m->mac, is), mac_str(m->other, other));
}

/* What is for one machine goes to no other, whatever was heard so far. */
static void
request_hop(const struct sock *sock, struct machine *m, struct plan *plan)
{
	int	known;

	if (!m->hops || m->doubt != DOUBT_NONE)
		return;
	known = nexthop(sock->fd, m->addr, &m->hop);
	if (known == -1)
		log_limit(&limit_error, "the kernel's neighbour table: %s",
		    strerror(errno));
	else
		facts_hop(child.conf, m, known ? &m->hop : NULL);
	plan->contested |= m->doubt == DOUBT_CONFLICT;
}

/* Why there is nothing to send, to the client and to those who watch. */
static void
request_refuse(const struct machine *m, const struct peer *peer,
    const struct tftp_request *req, const struct plan *plan, int error,
    mono_t now)
{
	const char	*host = m->host == NULL ? "" : m->host->name;

	if (error == EAGAIN) {
		request_look(peer, now);
		return;
	}
	if (error == ENOENT) {
		counters[COUNT_NOTFOUND].value++;
		slot_refuse(peer, TFTP_E_NOTFOUND, "file not found");
	} else if (error == EACCES) {
		counters[COUNT_REFUSED].value++;
		slot_refuse(peer, TFTP_E_ACCESS, "access denied");
	} else {
		counters[COUNT_REFUSED].value++;
		errno = error;
		log_limit(&limit_error, "%s: %s", req->name,
		    strerror(error));
		slot_refuse(peer, TFTP_E_UNDEF, "cannot be read now");
	}
	if (plan->needed && step_allowed(STEP_ERROR, 100, now))
		proc_step(STEP_ERROR, peer->addr, m->mac, host, 100, 0,
		    "%s: %s", req->name, strerror(error));
	if (plan->contested && error == EACCES)
		conflict_step(m, peer, req, now);
	if (plan->foreign && step_allowed(STEP_REFUSED, 100, now))
		proc_step(STEP_REFUSED, peer->addr, m->mac, host, 100, 0,
		    "%s: another machine's menu", req->name);
}

static uint32_t
sock_mtu(const struct sock *sock)
{
	const struct msg_iface	*iface = proc_iface(sock->ifname);

	return (iface == NULL ? 1500 : iface->mtu);
}

static void
request_start(const struct sock *sock, const struct machine *m,
    const struct peer *peer, const struct tftp_request *req, size_t req_len,
    const struct plan *plan, const struct source *src, mono_t now)
{
	struct tftp_terms	 terms;
	struct slot		*s;

	if ((s = slot_take(peer)) == NULL) {
		/* Silence: the client asks again, an ERROR would stop it. */
		counters[COUNT_DROPPED].value++;
		if (src->fd != -1)
			(void)close(src->fd);
		return;
	}
	s->peer = *peer;
	s->plan = *plan;
	s->mac = m->mac;
	s->told_at = now;
	memset(s->host, 0, sizeof(s->host));
	memset(s->image, 0, sizeof(s->image));
	if (m->host != NULL)
		memcpy(s->host, m->host->name, sizeof(s->host));
	if (m->image != NULL)
		memcpy(s->image, m->image->name, sizeof(s->image));
	memcpy(s->name, req->name, sizeof(s->name));
	s->guarded = plan->rendered && m->hops && m->installs;
	s->hop = m->hop;
	if (src->fd == -1)
		memcpy(s->text, src->text, src->size);
	else if (slot_file(s, src->fd) == -1) {
		slot_release(s);
		return;
	}
	tftp_agree(req, src->size, sock_mtu(sock), &terms);
	slot_start(s, &terms, req_len, now);
}

/* What is never served, whatever its name. */
static int
request_is_served(const struct peer *peer, const struct tftp_request *req)
{
	if (req->op == TFTP_WRQ)
		slot_refuse(peer, TFTP_E_ACCESS, "nothing can be written");
	else if (req->mode != TFTP_OCTET)
		slot_refuse(peer, TFTP_E_ILLEGAL, "only mode octet is served");
	else
		return (1);
	counters[COUNT_REFUSED].value++;
	return (0);
}

/* One request: parse, find out who asks for what, then send or refuse it. */
static void
request_input(const struct sock *sock, struct buf *in, const struct peer *peer,
    mono_t now)
{
	static struct source	 src;
	struct tftp_request	 req;
	struct machine		 m;
	struct plan		 plan;
	struct slot		*s;

	if (tftp_parse_request(in, &req) == -1) {
		counters[COUNT_MALFORMED].value++;
		return;
	}
	counters[COUNT_REQUESTS].value++;
	if (!request_is_served(peer, &req))
		return;
	if ((s = slot_of(peer, req.name)) != NULL) {
		slot_again(s, now);
		return;
	}
	facts_machine(facts, child.conf, peer->addr, peer->local, now, &m);
	plan_name(child.conf, &m, req.name, &plan);
	if (plan.kind == PLAN_MENU)
		request_hop(sock, &m, &plan);
	if (source_open(&m, req.name, &plan, &src) == -1)
		request_refuse(&m, peer, &req, &plan, errno, now);
	else
		request_start(sock, &m, peer, &req, in->len, &plan, &src, now);
}

/*
 * Who sent it, and to which of our addresses; -1 if it is not to be answered:
 * sent to a broadcast address (RFC 1123 4.2.3.5) or from where no client is.
 */
static int
request_peer(struct msghdr *msg, const struct sockaddr_in *from,
    struct peer *peer)
{
	struct in_pktinfo	 info;
	struct cmsghdr		*c;

	memset(&info, 0, sizeof(info));
	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
		    c->cmsg_len == CMSG_LEN(sizeof(info)))
			memcpy(&info, CMSG_DATA(c), sizeof(info));
	if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr ||
	    info.ipi_addr.s_addr == 0)
		return (-1);
	peer->addr = ntohl(from->sin_addr.s_addr);
	peer->port = ntohs(from->sin_port);
	peer->local = ntohl(info.ipi_spec_dst.s_addr);
	peer->ifindex = (uint32_t)info.ipi_ifindex;
	if (peer->addr == 0 || peer->addr >> 28 >= 0xe || peer->port == 0 ||
	    peer->port == TFTP_PORT)
		return (-1);
	return (0);
}

static void
listener_readable(int fd, short what, void *arg)
{
	/* One octet more than a request may have, to see that it has. */
	static uint8_t		data[TURN_REQUESTS][TFTP_REQ_MAX + 1];
	static union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control[TURN_REQUESTS];
	struct mmsghdr		msgs[TURN_REQUESTS];
	struct iovec		iov[TURN_REQUESTS];
	struct sockaddr_in	from[TURN_REQUESTS];
	struct peer		peer;
	struct buf		in;
	const mono_t		now = clock_now();
	int			i, n;

	(void)what;
	memset(msgs, 0, sizeof(msgs));
	for (i = 0; i < TURN_REQUESTS; i++) {
		iov[i] = (struct iovec){ data[i], sizeof(data[i]) };
		msgs[i].msg_hdr.msg_name = &from[i];
		msgs[i].msg_hdr.msg_namelen = sizeof(from[i]);
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
		msgs[i].msg_hdr.msg_control = control[i].buf;
		msgs[i].msg_hdr.msg_controllen = sizeof(control[i].buf);
	}
	n = recvmmsg(fd, msgs, TURN_REQUESTS, MSG_DONTWAIT, NULL);
	for (i = 0; i < n; i++) {
		if (request_peer(&msgs[i].msg_hdr, &from[i], &peer) == -1) {
			counters[COUNT_MALFORMED].value++;
			continue;
		}
		buf_init(&in, data[i], msgs[i].msg_len);
		request_input(arg, &in, &peer, now);
	}
}

/* 4. The daemon. */

static void
tftpd_setup(void)
{
	facts = facts_new();
	facts_arpd_until(facts, mono_add_ms(clock_now(), ARPD_WAIT_MS));
	open_timer = proc_timer(open_late, NULL);
	proc_timer_set(open_timer, OPEN_MS);
	if ((root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		fatal("the boot directory");
}

static void
tftpd_link_up(enum proc peer)
{
	if (peer == PROC_ARPD)
		facts_arpd_came(facts);
}

static void
tftpd_listen(struct sock *sock)
{
	size_t	i;

	for (i = 0; i < nitems(listening) && listening[i] != NULL; i++)
		;
	if (i == nitems(listening)) {
		log_warnx("more than %d sockets for requests", LISTEN_MAX);
		return;
	}
	listening[i] = sock;
	sock->ev = proc_event(sock->fd, EV_READ | EV_PERSIST,
	    listener_readable, sock);
	if (!is_open)
		(void)event_del(sock->ev);
}

static void
tftpd_sock_up(struct sock *sock)
{
	if (sock->kind == SOCK_TFTP_XFER)
		slot_add(sock);
	else if (sock->kind == SOCK_TFTP)
		tftpd_listen(sock);
}

static void
tftpd_sock_down(struct sock *sock)
{
	size_t	i;

	if (sock->kind == SOCK_TFTP_XFER)
		slot_remove(sock);
	for (i = 0; i < nitems(listening); i++)
		if (listening[i] == sock)
			listening[i] = NULL;
}

static const struct handler handlers[] = {
	{ MSG_GRANT,	PROC_DHCPD,	got_lease },
	{ MSG_GRANT_SYNC, PROC_DHCPD,	got_lease_sync },
	{ MSG_TICKET,	PROC_STORE,	got_ticket },
	{ MSG_TICKET_SYNC, PROC_STORE,	got_ticket_sync },
	{ MSG_STAND,	PROC_ARPD,	got_stand },
	{ MSG_ZERO,	PROC_MAX,	NULL }
};

static const struct daemon tftpd = {
	.id = PROC_TFTPD,
	.handlers = handlers,
	.setup = tftpd_setup,
	.sock_up = tftpd_sock_up,
	.sock_down = tftpd_sock_down,
	.link_up = tftpd_link_up,
	.counters = counters,
	.ncounters = COUNT_MAX,
};

int
main(void)
{
	proc_main(&tftpd);
}
