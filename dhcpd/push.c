/* SPDX-License-Identifier: ISC */
/*
 * push.c: what the other daemons know of the leases.  They decide by it and
 * never ask, so that a lease which changes what a machine may have is told
 * before its answer leaves.  One that changes nothing, a stranger's that does
 * not boot, is told soon, with others of its kind: not all need wake for each
 * of them.  But arpd is always told at once: the client may be heard as soon
 * as it is answered.  All go by one queue, in order.
 */
#include <string.h>

#include "dhcpd.h"

#define QUEUE_MAX	MSG_FITS(struct msg_grant)
#define SOON_MS		50
#define STREAM_SLICE	512		/* leases to a new sibling in one go */
#define STREAM_BACKLOG	(1024 * 1024)
#define STREAM_MS	10

static const enum proc	peers[] = { PROC_ARPD, PROC_TFTPD, PROC_KSD };

static const struct view	*view;
static struct msg_grant		 queue[QUEUE_MAX];
static size_t			 nqueue, ntold;	/* so many are known to arpd */
static int			 urgent;
static struct event		*later, *streamer;
static struct {
	int		 on;
	uint32_t	 cursor;
} streams[PROC_MAX];
static int			 ready;	/* all leases are known */
static struct log_limit		 unpushed;

static void
queue_tell(enum proc to, size_t from)
{
	if (child.link[to] != NULL && from < nqueue &&
	    proc_send(to, MSG_GRANT, 0, -1, &queue[from],
	    (nqueue - from) * sizeof(queue[0])) == -1)
		log_limit(&unpushed, "%s does not learn of %zu leases",
		    proc_names[to], nqueue - from);
}

static void
queue_send(void)
{
	queue_tell(PROC_ARPD, ntold);
	queue_tell(PROC_TFTPD, 0);
	queue_tell(PROC_KSD, 0);
	nqueue = ntold = 0;
	urgent = 0;
}

static void
queue_later(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	queue_send();
}

void
push_grant(const struct msg_grant *g, int now)
{
	if (nqueue == 0 && !now)
		proc_timer_set(later, SOON_MS);
	queue[nqueue++] = *g;
	urgent |= now;
	if (nqueue == QUEUE_MAX)
		queue_send();
}

void
push_flush(void)
{
	if (urgent) {
		queue_send();
		return;
	}
	queue_tell(PROC_ARPD, ntold);
	ntold = nqueue;
}

/* Does it change what anybody may have?  l is the record before. */
static int
is_urgent(const struct msg_lease *m, const struct lease *l, int matters)
{
	return (matters || m->host[0] != '\0' || m->state != LEASE_BOUND ||
	    (l != NULL && (l->boot_s != 0 || (l->state == HOLD_BOUND &&
	    !mac_equal(l->mac, m->mac)))));
}

void
push_lease(const struct msg_lease *m, int matters)
{
	struct msg_grant	g;

	grant_of(m, &g);
	push_grant(&g, is_urgent(m, lease_by_addr(view->leases, m->addr),
	    matters));
}

/* A sibling that is new knows no lease: tell it all, bit by bit. */

static void
stream_lease(const struct lease *l, struct msg_grant *g)
{
	uint32_t	host = conf_host_by_addr(view->conf, l->addr);

	if (host == NONE)
		host = conf_host_by_mac(view->conf, l->mac);
	memset(g, 0, sizeof(*g));
	g->expire_us = l->expire_us;
	g->addr = l->addr;
	g->state = l->state;
	g->mac = l->mac;
	if (host != NONE)
		memcpy(g->host, view->conf->host[host].name, sizeof(g->host));
}

static void
stream_slice(enum proc to)
{
	static struct msg_grant	slice[STREAM_SLICE];
	struct lease		*l = NULL;
	size_t			 n = 0;

	if (child.link[to]->queued > STREAM_BACKLOG)
		return;
	while (n < STREAM_SLICE && (l = lease_first(view->leases,
	    &streams[to].cursor)) != NULL)
		if (l->state == HOLD_BOUND)
			stream_lease(l, &slice[n++]);
	if (n > 0)
		(void)proc_send_many(to, MSG_GRANT, 0, slice,
		    sizeof(slice[0]), n);
	if (l == NULL) {
		streams[to].on = 0;
		proxy_tell(view->claims, to, clock_now());
		(void)proc_send(to, MSG_GRANT_SYNC, 0, -1, NULL, 0);
	}
}

static void
stream_all(int fd, short what, void *arg)
{
	enum proc	p;
	int		more = 0;

	(void)fd;
	(void)what;
	(void)arg;
	for (p = 0; p < PROC_MAX && ready; p++) {
		if (streams[p].on && child.link[p] != NULL)
			stream_slice(p);
		more |= streams[p].on && child.link[p] != NULL;
	}
	if (more)
		proc_timer_set(streamer, STREAM_MS);
}

static void
stream_start(enum proc to)
{
	streams[to].on = 1;
	streams[to].cursor = 0;
	proc_timer_set(streamer, 0);
}

void
push_init(const struct view *v)
{
	view = v;
	later = proc_timer(queue_later, NULL);
	streamer = proc_timer(stream_all, NULL);
}

void
push_link_up(enum proc p)
{
	size_t	i;

	for (i = 0; i < nitems(peers); i++)
		if (peers[i] == p)
			stream_start(p);
}

void
push_link_down(enum proc p)
{
	streams[p].on = 0;
}

void
push_synced(int on)
{
	enum proc	p;

	ready = on;
	for (p = 0; on && p < PROC_MAX; p++)
		if (streams[p].on)
			stream_start(p);
}
