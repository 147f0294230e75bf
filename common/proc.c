/* SPDX-License-Identifier: ISC */
/*
 * proc.c: the life of a child, the same for every daemon.  It starts with two
 * descriptors, the parent's link and the log, and everything else is given to
 * it by message.  It ends when its parent does.
 */
#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"

#define TURN_MESSAGES	64	/* of one link, before others have their turn */

struct child	 child;

static const struct daemon	*self;
static struct msg_start		 start;
static struct imsgbuf		 parent_link;
static int			 running;
static TAILQ_HEAD(, sock)	 socks = TAILQ_HEAD_INITIALIZER(socks);

static void	proc_readable(int, short, void *);

/* Events and timers. */

struct event *
proc_event(int fd, short what, event_callback_fn fn, void *arg)
{
	struct event	*ev;

	if ((ev = event_new(child.base, fd, what, fn, arg)) == NULL ||
	    event_priority_set(ev, PRIO_NETWORK) == -1 ||
	    event_add(ev, NULL) == -1)
		fatalx("no event for descriptor %d", fd);
	return (ev);
}

struct event *
proc_timer(event_callback_fn fn, void *arg)
{
	struct event	*ev;

	if ((ev = evtimer_new(child.base, fn, arg)) == NULL ||
	    event_priority_set(ev, PRIO_NETWORK) == -1)
		fatalx("no timer");
	return (ev);
}

void
proc_timer_set(struct event *timer, int64_t ms)
{
	struct timeval	tv = { ms / 1000, ms % 1000 * 1000 };

	if (ms < 0)
		tv = (struct timeval){ 0, 0 };
	if (event_add(timer, &tv) == -1)
		fatalx("timer of %lld ms", (long long)ms);
}

/* Links. */

/* The link cannot go on; its reader drops it, and a new one starts afresh. */
static void
link_fail(struct imsgbuf *ib)
{
	ib->failed = 1;
	if (ib->ev_read != NULL)
		event_active(ib->ev_read, EV_READ, 0);
}

/* A message that is lost in the middle makes what follows wrong. */
static int
link_sent(struct imsgbuf *ib, int error)
{
	if (error == -1 && errno == ENOBUFS && !ib->failed) {
		log_warnx("%s does not read; its link is dropped",
		    proc_names[ib->peer]);
		link_fail(ib);
	}
	return (error);
}

int
proc_send(enum proc to, enum msg_type type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (child.link[to] == NULL)
		return (-1);
	return (link_sent(child.link[to], imsg_send(child.link[to], type, id,
	    fd, data, len)));
}

int
proc_send_many(enum proc to, enum msg_type type, uint32_t id,
    const void *data, size_t size, size_t count)
{
	if (child.link[to] == NULL)
		return (-1);
	return (link_sent(child.link[to], imsg_send_many(child.link[to], type,
	    id, data, size, count)));
}

void
proc_hostile(struct imsgbuf *ib, const char *why)
{
	log_warnx("%s: %s; its link is dropped", proc_names[ib->peer], why);
	link_fail(ib);
}

/* A sibling is gone or not to be trusted: forget it, ask for a new link. */
static void
link_lost(struct imsgbuf *ib, int tell)
{
	struct msg_peer	lost = { .proc = ib->peer };
	enum proc	peer = ib->peer;

	child.link[peer] = NULL;
	imsg_clear(ib);
	free(ib);
	if (running && self->link_down != NULL)
		self->link_down(peer);
	if (tell)
		(void)imsg_send(&parent_link, MSG_PEER_LOST, 0, -1, &lost,
		    sizeof(lost));
}

static void
link_up(enum proc peer)
{
	if (child.link[peer] == NULL)
		return;
	imsg_watch(child.link[peer], child.base, proc_readable);
	if (self->link_up != NULL)
		self->link_up(peer);
}

static void
proc_got_peer(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_peer	*peer = msg->data;
	struct imsgbuf		*new;

	(void)ib;
	if (peer->proc >= PROC_MAX ||
	    (proc_links(child.id) & 1U << peer->proc) == 0)
		fatalx("a link to process %u", peer->proc);
	if (child.link[peer->proc] != NULL)
		link_lost(child.link[peer->proc], 0);
	new = xcalloc(1, sizeof(*new));
	imsg_init(new, msg->fd, child.id, peer->proc);
	child.link[peer->proc] = new;
	if (running)
		link_up(peer->proc);
}

/* Configuration, interfaces and sockets from the parent. */

static int
iface_is_served(const char *name)
{
	size_t	i;

	for (i = 0; i < child.conf->niface; i++)
		if (strcmp(child.conf->iface[i].name, name) == 0)
			return (1);
	return (0);
}

static void
proc_got_conf(struct imsgbuf *ib, const struct imsg *msg)
{
	struct conf	*new, *old = child.conf;
	size_t		 i, n;

	(void)ib;
	if ((new = conf_receive(msg)) == NULL)
		return;
	child.conf = new;
	for (i = n = 0; i < child.nifaces; i++)
		if (iface_is_served(child.ifaces[i].name))
			child.ifaces[n++] = child.ifaces[i];
	child.nifaces = n;
	if (running && self->configured != NULL)
		self->configured(old);
	conf_free(old);
}

static void
proc_got_iface(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_iface	*iface = msg->data;
	size_t			 i;

	(void)ib;
	for (i = 0; i < child.nifaces; i++)
		if (strcmp(child.ifaces[i].name, iface->name) == 0)
			break;
	if (i == child.nifaces)
		child.ifaces = xreallocarray(child.ifaces, ++child.nifaces,
		    sizeof(*child.ifaces));
	child.ifaces[i] = *iface;
	if (running && self->iface != NULL)
		self->iface(&child.ifaces[i]);
}

static void
proc_got_sock(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_sock	*given = msg->data;
	struct sock		*sock = xcalloc(1, sizeof(*sock));

	(void)ib;
	sock->id = given->id;
	sock->kind = given->kind;
	memcpy(sock->ifname, given->ifname, sizeof(sock->ifname));
	sock->fd = msg->fd;
	TAILQ_INSERT_TAIL(&socks, sock, entry);
	if (running && self->sock_up != NULL)
		self->sock_up(sock);
}

static void
proc_got_sock_close(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_sock	*given = msg->data;
	struct sock		*sock;

	(void)ib;
	TAILQ_FOREACH(sock, &socks, entry)
		if (sock->id == given->id)
			break;
	if (sock == NULL)
		return;
	if (running && self->sock_down != NULL)
		self->sock_down(sock);
	TAILQ_REMOVE(&socks, sock, entry);
	if (sock->ev != NULL)
		event_free(sock->ev);
	(void)close(sock->fd);
	free(sock);
}

static void
proc_got_verbose(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_flag	*flag = msg->data;

	log_verbose(flag->on != 0);
	if (ib->peer == PROC_STORE)
		(void)imsg_send(&parent_link, MSG_VERBOSE, 0, -1, flag,
		    sizeof(*flag));
}

/*
 * The store passes a "reload" on to the parents of the others; it says which
 * parent has done it already.
 */
static void
proc_got_reload(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	if (msg->id != child.parent_pid)
		(void)imsg_send(&parent_link, MSG_RELOAD, 0, -1, NULL, 0);
}

static void
proc_got_reloaded(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	if (msg->id != 0)
		log_warnx("the configuration has errors and was not taken");
}

static void
proc_got_status_ask(struct imsgbuf *ib, const struct imsg *msg)
{
	struct ctl_status	status;

	proc_status(&status);
	(void)imsg_send(ib, MSG_STATUS, msg->id, -1, &status, sizeof(status));
}

static void
proc_got_run(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	(void)msg;
	running = 1;
}

static void
proc_got_start(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	start = *(const struct msg_start *)msg->data;
	if (!MSG_STRING_OK(start.root) || start.root[0] == '\0')
		fatalx("START without a root");
	if (!MSG_STRING_OK(start.boot_id))
		fatalx("START with a boot id that does not end");
	memcpy(child.boot_id, start.boot_id, sizeof(child.boot_id));
	child.parent_pid = (uint32_t)start.parent;
}

/* What every daemon understands; its own table is asked first. */
static const struct handler common_handlers[] = {
	{ MSG_START,	   PROC_PARENT, proc_got_start },
	{ MSG_CONF_BEGIN,  PROC_PARENT, proc_got_conf },
	{ MSG_CONF_END,	   PROC_PARENT, proc_got_conf },
#define T(tag, member, row, to)						\
	{ MSG_CONF_##tag,  PROC_PARENT, proc_got_conf },
	CONF_LIST(T)
#undef T
	{ MSG_IFACE,	   PROC_PARENT, proc_got_iface },
	{ MSG_SOCK,	   PROC_PARENT, proc_got_sock },
	{ MSG_SOCK_CLOSE,  PROC_PARENT, proc_got_sock_close },
	{ MSG_PEER,	   PROC_PARENT, proc_got_peer },
	{ MSG_RUN,	   PROC_PARENT, proc_got_run },
	{ MSG_VERBOSE,	   PROC_PARENT, proc_got_verbose },
	{ MSG_VERBOSE,	   PROC_STORE,	proc_got_verbose },
	{ MSG_RELOAD,	   PROC_STORE,	proc_got_reload },
	{ MSG_RELOADED,	   PROC_PARENT, proc_got_reloaded },
	{ MSG_STATUS_ASK,  PROC_STORE,	proc_got_status_ask },
	{ MSG_ZERO,	   PROC_MAX,	NULL }
};

static int
proc_handle(const struct handler *table, struct imsgbuf *ib,
    const struct imsg *msg)
{
	for (; table->type != MSG_ZERO; table++) {
		if (table->type != msg->type || table->from != ib->peer)
			continue;
		table->fn(ib, msg);
		return (1);
	}
	return (0);
}

static void
proc_dispatch(struct imsgbuf *ib, const struct imsg *msg)
{
	if (proc_handle(self->handlers, ib, msg) ||
	    proc_handle(common_handlers, ib, msg))
		return;
	log_debug("%s from %s has no use here", msg_name(msg->type),
	    proc_names[ib->peer]);
	if (msg->fd != -1)
		(void)close(msg->fd);
}

/* A link can be read: take a bounded number of its messages. */
static void
proc_readable(int fd, short what, void *arg)
{
	struct imsgbuf	*ib = arg;
	struct imsg	 msg;
	int		 i, got = 0;

	(void)fd;
	(void)what;
	for (i = 0; i < TURN_MESSAGES && !ib->failed &&
	    (got = imsg_get(ib, &msg)) == 1; i++)
		proc_dispatch(ib, &msg);
	if (got != -1 && !ib->failed)
		return;
	if (ib == &parent_link) {
		if (self->stop != NULL)
			self->stop();
		_exit(0);	/* no parent, no service */
	}
	link_lost(ib, 1);
}

/* Before the loop: everything the parent says until RUN. */
static void
proc_wait(int *flag)
{
	struct pollfd	pfd = { .fd = FD_PARENT, .events = POLLIN };
	struct imsg	msg;
	int		got;

	while (!*flag) {
		if ((got = imsg_get(&parent_link, &msg)) == -1)
			_exit(errno == EPIPE ? 0 : 1);
		if (got == 1) {
			if (msg.type == MSG_START || start.parent != 0)
				proc_dispatch(&parent_link, &msg);
			continue;
		}
		if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			fatal("poll");
	}
}

static void
proc_begin(void)
{
	int		type;
	socklen_t	len = sizeof(type);

	if (getsockopt(FD_PARENT, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_SEQPACKET) {
		(void)fprintf(stderr, "%s: is started by bootward(8)\n",
		    proc_names[child.id]);
		exit(2);
	}
	(void)prctl(PR_SET_NAME, proc_names[child.id]);
	log_init(proc_names[child.id], FD_LOG, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	imsg_init(&parent_link, FD_PARENT, child.id, PROC_PARENT);
	child.parent = &parent_link;
}

static void
proc_open(void)
{
	struct sock	*sock;
	size_t		 i;
	enum proc	 p;

	if (self->configured != NULL)
		self->configured(NULL);
	for (i = 0; self->iface != NULL && i < child.nifaces; i++)
		self->iface(&child.ifaces[i]);
	if (self->sock_up != NULL)
		TAILQ_FOREACH(sock, &socks, entry)
			self->sock_up(sock);
	for (p = PROC_PARENT; p < PROC_MAX; p++)
		link_up(p);
	imsg_watch(&parent_link, child.base, proc_readable);
}

void
proc_main(const struct daemon *daemon)
{
	self = daemon;
	child.id = daemon->id;
	proc_begin();
	proc_wait(&start.parent);

	log_verbose(start.verbose != 0);
	child.sandbox = sandbox_jail(child.id, &start);
	child.restarts = start.restarts;
	child.started = clock_now();
	if ((child.base = event_base_new()) == NULL ||
	    event_base_priority_init(child.base, PRIO_COUNT) == -1)
		fatalx("no event base");
	proc_wait(&running);

	if (child.conf == NULL)
		fatalx("RUN without a configuration");
	if (daemon->setup != NULL)
		daemon->setup();
	child.sandbox |= sandbox_lock(child.id, (int)start.sandbox_optional);
	proc_open();
	(void)imsg_send(&parent_link, MSG_READY, 0, -1, NULL, 0);
	(void)event_base_dispatch(child.base);
	fatalx("the event loop has ended");
}

/* What daemons ask about themselves. */

void
proc_status(struct ctl_status *status)
{
	size_t	i;

	memset(status, 0, sizeof(*status));
	status->proc = child.id;
	status->pid = getpid();
	status->restarts = child.restarts;
	status->sandbox = child.sandbox;
	status->uptime_s = mono_diff_us(clock_now(), child.started) / 1000000;
	for (i = 0; i < PROC_MAX; i++)
		if (child.link[i] != NULL)
			status->links |= 1U << i;
	for (i = 0; i < self->ncounters && i < CTL_COUNTERS; i++)
		status->counter[i] = self->counters[i];
	status->ncounters = (uint32_t)i;
}

void
proc_step(enum step step, uint32_t addr, struct mac mac, const char *host,
    unsigned int percent, uint64_t bytes, const char *fmt, ...)
{
	struct msg_event	event;
	va_list			ap;
	char			*c;

	memset(&event, 0, sizeof(event));
	event.when_us = clock_now().us;
	event.bytes = bytes;
	event.addr = addr;
	event.step = (uint8_t)step;
	event.percent = (uint8_t)percent;
	event.mac = mac;
	(void)snprintf(event.host, sizeof(event.host), "%s", host);
	va_start(ap, fmt);
	(void)vsnprintf(event.text, sizeof(event.text), fmt, ap);
	va_end(ap);
	for (c = event.text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '?';
	(void)proc_send(PROC_STORE, MSG_EVENT, 0, -1, &event, sizeof(event));
}

const struct msg_iface *
proc_iface(const char *name)
{
	size_t	i;

	for (i = 0; i < child.nifaces; i++)
		if (strcmp(child.ifaces[i].name, name) == 0)
			return (&child.ifaces[i]);
	return (NULL);
}

uint32_t
proc_own_addr(uint32_t addr, const struct msg_iface **found)
{
	const struct msg_iface	*iface;
	size_t			 i, j;

	for (i = 0; i < child.nifaces; i++) {
		iface = &child.ifaces[i];
		for (j = 0; iface->index != 0 && j < iface->naddrs; j++) {
			if (((iface->addr[j] ^ addr) &
			    prefix_mask(iface->prefix[j])) != 0)
				continue;
			if (found != NULL)
				*found = iface;
			return (iface->addr[j]);
		}
	}
	return (0);
}
