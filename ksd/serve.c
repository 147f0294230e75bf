/* SPDX-License-Identifier: ISC */
/*
 * serve.c: connections.  Each goes round
 *
 *	idle -> head -> [body] -> [held] -> send -> idle
 *	                                     `-> linger -> closed
 *
 * and every state has a deadline that the client cannot move but by taking
 * what it asked for.
 */
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ksd.h"

#define LISTEN_MAX	64
#define ACCEPT_TURN	64		/* of one socket, before others */
#define RUN_TURN	8		/* steps of one connection, likewise */
#define SEND_CHUNK	(512 * 1024)
#define RATE_MS		30000		/* after this, at least RATE_MIN */
#define RATE_MIN	512		/* octets a second */
#define LINGER_MAX	(256 * 1024)	/* octets read for nothing */
#define OPEN_MS		3000		/* so long we wait for serve_open() */

static const struct {
	short	watch;
	int	seconds;
} states[] = {
	[CONN_IDLE]	= { EV_READ,  60 },
	[CONN_HEAD]	= { EV_READ,  10 },
	[CONN_BODY]	= { EV_READ,  10 },
	[CONN_HELD]	= { 0,	       5 },
	[CONN_SEND]	= { EV_WRITE, 30 },
	[CONN_LINGER]	= { EV_READ,   2 },
};

static struct sock		*listening[LISTEN_MAX];
static int			 paused = 1;	/* nobody is accepted */
static mono_t			 open_at;	/* all the same */
static struct event		*sweep_timer;
static struct log_limit		 limit_accept;

static void	conn_run(struct conn *, mono_t);

static void
conn_enter(struct conn *c, enum conn_state state, mono_t now)
{
	c->state = state;
	c->deadline = mono_add_s(now, states[state].seconds);
}

static void
conn_event(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_run(arg, clock_now());
}

/* Watch what the state waits for; nothing to do in a usual request. */
static int
conn_watch(struct conn *c)
{
	short	what = states[c->state].watch;

	if (c->watch == what)
		return (0);
	if (c->watch != 0)
		(void)event_del(&c->ev);
	c->watch = 0;
	if (what == 0)
		return (0);
	if (event_assign(&c->ev, child.base, c->fd, (short)(what | EV_PERSIST),
	    conn_event, c) == -1 ||
	    event_priority_set(&c->ev, PRIO_NETWORK) == -1 ||
	    event_add(&c->ev, NULL) == -1)
		return (-1);
	c->watch = what;
	return (0);
}

static void
serve_new(const struct sock *sock, int fd, uint32_t addr, mono_t now)
{
	const struct msg_iface	*iface;
	struct conn		*c;

	if ((c = conn_new(fd, addr, now)) == NULL) {
		(void)close(fd);
		return;
	}
	c->status = sock->kind == SOCK_STATUS;
	c->server = proc_own_addr(addr, NULL);
	if (c->server == 0 && (iface = proc_iface(sock->ifname)) != NULL)
		c->server = iface->addr[0];	/* it is behind a router */
	conn_enter(c, CONN_HEAD, now);
	conn_run(c, now);
}

/* Listening. */

static void
listen_all(int on)
{
	size_t	i;

	paused = !on;
	for (i = 0; i < nitems(listening); i++) {
		if (listening[i] == NULL)
			continue;
		if (on)
			(void)event_add(listening[i]->ev, NULL);
		else
			(void)event_del(listening[i]->ev);
	}
}

/* Out of descriptors or memory: drop somebody, else wait for the next sweep. */
static void
listen_short(mono_t now)
{
	log_limit(&limit_accept, "accept: %s", strerror(errno));
	if (conn_make_room(now) == -1)
		listen_all(0);
}

static void
listen_event(int fd, short what, void *arg)
{
	const struct sock	*sock = arg;
	struct sockaddr_in	 sin = { .sin_family = AF_UNSPEC };
	socklen_t		 len;
	mono_t			 now = clock_now();
	int			 i, new;

	(void)what;
	for (i = 0; i < ACCEPT_TURN; i++) {
		len = sizeof(sin);
		new = accept4(fd, (struct sockaddr *)(void *)&sin, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (new == -1) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM)
				listen_short(now);
			return;
		}
		if (len != sizeof(sin) || sin.sin_family != AF_INET)
			(void)close(new);
		else
			serve_new(sock, new, ntohl(sin.sin_addr.s_addr), now);
	}
}

/* Connections inherit TCP_NODELAY: what is sent is complete, or corked. */
void
serve_listen(struct sock *sock)
{
	const int	on = 1;
	size_t		i;

	for (i = 0; i < nitems(listening) && listening[i] != NULL; i++)
		;
	if (i == nitems(listening)) {
		log_warnx("more than %d listening sockets", LISTEN_MAX);
		return;
	}
	(void)setsockopt(sock->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listening[i] = sock;
	sock->ev = proc_event(sock->fd, EV_READ | EV_PERSIST, listen_event,
	    sock);
	if (paused)
		(void)event_del(sock->ev);
}

void
serve_open(void)
{
	if (paused)
		listen_all(1);
}

void
serve_unlisten(struct sock *sock)
{
	size_t	i;

	for (i = 0; i < nitems(listening); i++)
		if (listening[i] == sock)
			listening[i] = NULL;
}

/* Input. */

/* Whatever the client still says: its refusal is said, and read by it. */
static int
conn_linger(struct conn *c)
{
	ssize_t	n;

	n = recv(c->fd, c->buf, sizeof(c->buf), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0 || (c->off += (uint64_t)n) > LINGER_MAX)
		return (-1);
	return (1);
}

static int
conn_read(struct conn *c, mono_t now)
{
	ssize_t	n;

	n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (0);
	if (n <= 0)
		return (-1);
	c->len += (size_t)n;
	if (c->state == CONN_IDLE)
		conn_enter(c, CONN_HEAD, now);
	return (1);
}

static void
conn_refuse(struct conn *c, int status, mono_t now)
{
	COUNT(BAD)++;
	memset(&c->req, 0, offsetof(struct http_req, path));
	c->req.close = 1;
	c->refused = 1;
	respond_status(c, status, now);
}

/* A head is complete: parse it, and answer when its content is here, too. */
static int
conn_request(struct conn *c, mono_t now)
{
	static const char	go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct buf		in;
	int			status;

	buf_init(&in, c->buf + c->scan.start, c->head - c->scan.start);
	if ((status = http_parse(&in, &c->req)) != 0) {
		conn_refuse(c, status, now);
		return (1);
	}
	COUNT(REQUESTS)++;
	conn_touch(c, now);
	if (c->len - c->head < c->req.body) {
		if (c->req.expect && c->len == c->head)
			(void)send(c->fd, go_on, sizeof(go_on) - 1,
			    MSG_NOSIGNAL);
		conn_enter(c, CONN_BODY, now);
		return (conn_read(c, now));
	}
	respond(c, now);
	return (1);
}

static int
conn_input(struct conn *c, mono_t now)
{
	int	n;

	if (c->state == CONN_BODY) {
		if (c->len - c->head < c->req.body)
			return (conn_read(c, now));
		respond(c, now);
		return (1);
	}
	if (c->len == 0)
		return (conn_read(c, now));
	if ((n = http_scan(&c->scan, c->buf, c->len)) == 0)
		return (conn_read(c, now));
	if (n < 0) {
		conn_refuse(c, -n, now);
		return (1);
	}
	c->head = (size_t)n;
	return (conn_request(c, now));
}

/* Output. */

/* What is sent next from memory; how many parts. */
static int
output_parts(const struct conn *c, struct iovec iov[2])
{
	size_t	blob = c->blob == NULL ? 0 : c->blob->len, off;
	int	n = 0;

	if (c->sent < c->out.len)
		iov[n++] = (struct iovec){ c->out.data + c->sent,
		    c->out.len - c->sent };
	off = c->sent < c->out.len ? 0 : c->sent - c->out.len;
	if (off < blob)
		iov[n++] = (struct iovec){ c->blob->data + off, blob - off };
	return (n);
}

/* The next piece: octets sent, 0 when there is nothing left, -1. */
static ssize_t
output_piece(struct conn *c)
{
	struct iovec	iov[2];
	struct msghdr	msg = { .msg_iov = iov };
	uint64_t	left = c->end - c->off;
	off_t		off = (off_t)c->off;
	ssize_t		n;

	if ((msg.msg_iovlen = (size_t)output_parts(c, iov)) > 0) {
		n = sendmsg(c->fd, &msg, MSG_NOSIGNAL |
		    (c->file != -1 ? MSG_MORE : 0));
		c->sent += n > 0 ? (size_t)n : 0;
		return (n);
	}
	if (c->file == -1 || left == 0)
		return (0);
	n = sendfile(c->fd, c->file, &off, left < SEND_CHUNK ? (size_t)left :
	    SEND_CHUNK);
	if (n == 0) {
		errno = EIO;		/* the file has become shorter */
		return (-1);
	}
	c->off += n > 0 ? (uint64_t)n : 0;
	return (n);
}

/* The response is out: the next request, or the end. */
static int
conn_sent(struct conn *c, mono_t now)
{
	size_t	used = c->head + c->req.body;

	if (c->step != STEP_MAX)
		respond_progress(c, 1);
	conn_release(c);
	if (c->close) {
		if (!c->refused || shutdown(c->fd, SHUT_WR) == -1)
			return (-1);
		c->off = 0;
		conn_enter(c, CONN_LINGER, now);
		return (1);
	}
	memmove(c->buf, c->buf + used, c->len - used);
	c->len -= used;
	c->head = 0;
	memset(&c->scan, 0, sizeof(c->scan));
	c->committed = 0;
	conn_enter(c, c->len > 0 ? CONN_HEAD : CONN_IDLE, now);
	return (c->len > 0);
}

static int
conn_output(struct conn *c, mono_t now)
{
	ssize_t	n;

	if ((n = output_piece(c)) == -1)
		return (errno == EAGAIN || errno == EINTR ? 0 : -1);
	if (n == 0)
		return (conn_sent(c, now));
	COUNT(SENT) += (uint64_t)n;
	conn_enter(c, CONN_SEND, now);
	conn_touch(c, now);
	return (1);
}

/* As far as it goes without waiting: 1 again, 0 not now, -1 it is over. */
static int
conn_step(struct conn *c, mono_t now)
{
	switch (c->state) {
	case CONN_IDLE:
	case CONN_HEAD:
	case CONN_BODY:
		return (conn_input(c, now));
	case CONN_HELD:
		return (0);
	case CONN_SEND:
		return (conn_output(c, now));
	case CONN_LINGER:
		return (conn_linger(c));
	}
	return (-1);
}

static void
conn_run(struct conn *c, mono_t now)
{
	int	turn, go = 1;

	for (turn = 0; turn < RUN_TURN && go == 1; turn++)
		go = conn_step(c, now);
	if (go == -1 || conn_watch(c) == -1) {
		conn_close(c);
		return;
	}
	/* What is in the buffer already wakes nobody up. */
	if (go == 1 && c->watch != 0)
		event_active(&c->ev, c->watch, 0);
}

void
serve_send(struct conn *c, mono_t now)
{
	if (c->state == CONN_HELD)
		TAILQ_REMOVE(&conns_held, c, held);
	c->looking = 0;
	c->sent = 0;
	c->since = now;
	conn_enter(c, CONN_SEND, now);
}

void
serve_hold(struct conn *c, const char *host, mono_t now)
{
	const int	looking = host == NULL;

	/* Its time does not begin anew while it waits for the same. */
	if (c->state == CONN_HELD && c->looking == looking)
		return;
	if (c->state != CONN_HELD) {
		COUNT(HELD)++;
		TAILQ_INSERT_TAIL(&conns_held, c, held);
	}
	c->looking = looking;
	(void)snprintf(c->host, sizeof(c->host), "%s", looking ? "" : host);
	conn_enter(c, CONN_HELD, now);
}

void
serve_seen(void)
{
	struct conn	*c, *next;
	mono_t		 now = clock_now();

	for (c = TAILQ_FIRST(&conns_held); c != NULL; c = next) {
		next = TAILQ_NEXT(c, held);
		if (!c->looking || !ksd_is_seen(c, now))
			continue;
		respond(c, now);
		conn_run(c, now);
	}
}

void
serve_wake(const char *host)
{
	struct conn	*c, *next;
	mono_t		 now = clock_now();

	for (c = TAILQ_FIRST(&conns_held); c != NULL; c = next) {
		next = TAILQ_NEXT(c, held);
		if (c->looking ||
		    (host != NULL && strcmp(c->host, host) != 0))
			continue;
		if (host == NULL)
			respond_status(c, 503, now);
		else
			respond(c, now);
		conn_run(c, now);
	}
}

/* A deadline has passed. */
static void
conn_timeout(struct conn *c, mono_t now)
{
	COUNT(TIMEOUTS) += c->state != CONN_IDLE;
	if (c->state == CONN_HELD)
		respond_status(c, 503, now);
	else if ((c->state == CONN_HEAD && c->len > 0) ||
	    c->state == CONN_BODY)
		conn_refuse(c, 408, now);
	else {
		conn_close(c);
		return;
	}
	conn_run(c, now);
}

/* Does it take its answer so slowly that it only holds a place? */
static int
conn_too_slow(const struct conn *c, mono_t now)
{
	int64_t	ms = mono_diff_ms(now, c->since);

	return (ms > RATE_MS && (int64_t)(c->off - c->first + c->sent) * 1000 <
	    ms * RATE_MIN);
}

static void
sweep(int fd, short what, void *arg)
{
	struct conn	*c, *next;
	mono_t		 now = clock_now();

	(void)fd;
	(void)what;
	(void)arg;
	if (!mono_before(now, open_at))
		serve_open();
	for (c = TAILQ_FIRST(&conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, lru);
		if (mono_before(c->deadline, now))
			conn_timeout(c, now);
		else if (c->state == CONN_HELD && c->looking) {
			/* The question may have been lost, or its answer. */
			respond(c, now);
			conn_run(c, now);
		} else if (c->state == CONN_SEND && conn_too_slow(c, now)) {
			COUNT(TIMEOUTS)++;
			conn_close(c);
		} else if (c->state == CONN_SEND && c->step != STEP_MAX)
			respond_progress(c, 0);
	}
	proc_timer_set(sweep_timer, 1000);
}

void
serve_init(void)
{
	conn_init();
	open_at = mono_add_ms(clock_now(), OPEN_MS);
	sweep_timer = proc_timer(sweep, NULL);
	proc_timer_set(sweep_timer, 1000);
}
