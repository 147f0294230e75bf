/* SPDX-License-Identifier: ISC */
/*
 * quiet.c: the sockets on which machines look for an IPv6 router, and what we
 * say there.  There is none of them where the configuration says "ipv6 quiet".
 */
#include <sys/socket.h>

#include <linux/if_packet.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arpd.h"

#define QUIET_FRAMES	64		/* before others have a turn */
#define QUIET_FRAME_MAX	2048		/* no router says more */

struct quiet {
	TAILQ_ENTRY(quiet) entry;
	struct sock	*sock;
	struct event	*timer;
	struct mac	 mac;
	uint32_t	 index;		/* 0: not there, or down */
	struct router	 router;
};

static TAILQ_HEAD(, quiet)	quiets = TAILQ_HEAD_INITIALIZER(quiets);
static struct router_rate	quiet_rate;
static struct log_limit		quiet_read_limit;

static int
quiet_send(const struct quiet *q, const struct wbuf *frame)
{
	if (!frame->err && send(q->sock->fd, frame->data, frame->len,
	    MSG_DONTWAIT) == (ssize_t)frame->len)
		return (0);
	count_up(COUNT_SEND_FAILED);
	return (-1);
}

static void
quiet_ask(const struct quiet *q)
{
	uint8_t		data[ROUTER_FRAME_LEN];
	struct wbuf	frame;

	wbuf_init(&frame, data, sizeof(data));
	router_build_ask(&frame, q->mac);
	(void)quiet_send(q, &frame);
}

static void
quiet_answer(const struct quiet *q, const struct router_msg *msg, mono_t now)
{
	uint8_t		data[ROUTER_FRAME_LEN];
	struct wbuf	frame;

	count_up(COUNT_SOLICITS);
	if (q->router.state != ROUTER_NONE ||
	    !router_rate_take(&quiet_rate, msg->mac, now))
		return;
	wbuf_init(&frame, data, sizeof(data));
	router_build_none(&frame, q->mac, msg);
	if (quiet_send(q, &frame) == 0)
		count_up(COUNT_ADVERTS);
}

static void
quiet_heard(struct quiet *q, const struct router_msg *msg, mono_t now)
{
	const uint8_t	was = q->router.state;
	char		mac[MAC_STRLEN];

	router_heard(&q->router, msg, now);
	if (q->router.state != was)
		log_info("%s: %s is an IPv6 router: it answers those who look "
		    "for one", q->sock->ifname, mac_str(msg->mac, mac));
}

static void
quiet_frame(struct quiet *q, struct buf *in, mono_t now)
{
	struct router_msg	msg;

	if (router_parse(in, &msg) == -1)
		count_up(COUNT_MALFORMED);
	else if (mac_equal(msg.mac, q->mac))
		return;
	else if (msg.type == ROUTER_SOLICIT)
		quiet_answer(q, &msg, now);
	else
		quiet_heard(q, &msg, now);
}

/* The timer follows the router's state. */
static void
quiet_settle(struct quiet *q, mono_t now)
{
	if (q->router.due.us == MONO_NEVER.us)
		(void)event_del(q->timer);
	else	/* rounded up: an early timer would find nothing due */
		proc_timer_set(q->timer,
		    mono_diff_ms(q->router.due, now) + 1);
}

static void
quiet_read(int fd, short what, void *arg)
{
	static uint8_t		 data[QUIET_FRAME_MAX];
	struct quiet		*q = arg;
	const mono_t		 now = clock_now();
	struct sockaddr_ll	 from;
	struct iovec		 iov = { data, sizeof(data) };
	struct msghdr		 msg;
	struct buf		 in;
	ssize_t			 n = 0;
	int			 i;

	(void)what;
	for (i = 0; i < QUIET_FRAMES; i++) {
		msg = (struct msghdr){
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_name = &from, .msg_namelen = sizeof(from)
		};
		if ((n = recvmsg(fd, &msg, MSG_DONTWAIT)) == -1)
			break;
		/* What was queued before the interface was another one. */
		if ((uint32_t)from.sll_ifindex != q->index)
			continue;
		buf_init(&in, data, (size_t)n);
		quiet_frame(q, &in, now);
	}
	/* An interface that goes down says so here. */
	if (n == -1 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		log_limit(&quiet_read_limit, "recvmsg: %s", strerror(errno));
	quiet_settle(q, now);
}

static void
quiet_wake(int fd, short what, void *arg)
{
	struct quiet	*q = arg;
	const mono_t	 now = clock_now();
	const uint8_t	 was = q->router.state;

	(void)fd;
	(void)what;
	if (router_timer(&q->router, now))
		quiet_ask(q);
	if (q->router.state == ROUTER_NONE && was != ROUTER_NONE)
		log_info("%s: no IPv6 router is heard: who looks for one is "
		    "told so", q->sock->ifname);
	quiet_settle(q, now);
}

static void
quiet_set(struct quiet *q, const struct msg_iface *iface, mono_t now)
{
	const uint32_t	index = iface->up ? iface->index : 0;

	if (index == q->index && mac_equal(iface->mac, q->mac))
		return;
	q->index = index;
	q->mac = iface->mac;
	if (router_link(&q->router, index != 0, now))
		quiet_ask(q);
	quiet_settle(q, now);
}

void
quiet_open(struct sock *sock, mono_t now)
{
	const struct msg_iface	*iface = proc_iface(sock->ifname);
	struct quiet		*q = xcalloc(1, sizeof(*q));

	q->sock = sock;
	q->router.due = MONO_NEVER;
	q->timer = proc_timer(quiet_wake, q);
	sock->arg = q;
	sock->ev = proc_event(sock->fd, EV_READ | EV_PERSIST, quiet_read, q);
	TAILQ_INSERT_TAIL(&quiets, q, entry);
	if (iface != NULL)
		quiet_set(q, iface, now);
}

void
quiet_close(struct sock *sock)
{
	struct quiet	*q = sock->arg;

	TAILQ_REMOVE(&quiets, q, entry);
	event_free(q->timer);
	free(q);
	sock->arg = NULL;
}

void
quiet_update(const struct msg_iface *iface, mono_t now)
{
	struct quiet	*q;

	TAILQ_FOREACH(q, &quiets, entry)
		if (strcmp(q->sock->ifname, iface->name) == 0)
			quiet_set(q, iface, now);
}
