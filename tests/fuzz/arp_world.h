/* SPDX-License-Identifier: ISC */
/*
 * arp_world.h: what arp_fuzz.c makes for arpd to live in: a configuration,
 * interfaces, sockets, a clock and timers.  It stands in one file with arpd.c.
 */
#ifndef ARP_WORLD_H
#define ARP_WORLD_H

#define IP(a, b, c, d)	((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define FD_FIRST	1000		/* descriptors that are none */
#define IFACES		2
#define SOCKS		(2 * IFACES + 1)
#define ICMP		(2 * IFACES)	/* the socket for echo */
#define ECHOES		16		/* the last ones are remembered */
#define TIMERS		32
#define PENDING		256		/* frames that wait to be read */
#define FRAME_ROOM	256
/* What may leave in a second, in all. */
#define FRAMES_MAX	4000
#define EVENTS_MAX	2000
#define CONFLICTS_MAX	400
#define STANDS_MAX	4000
#define LINES_MAX	200
#define ROWS_MAX	200000		/* of the table */

/* An assertion that also says what it saw. */
#define MUST(e)	do {							\
	if (!(e)) {							\
		(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
		    __LINE__, #e);					\
		abort();						\
	}								\
} while (0)

struct timer {
	event_callback_fn	 fn;
	void			*arg;
	mono_t			 due;
	unsigned int		 fired;		/* at this very time */
};

struct listener {
	event_callback_fn	 fn;
	void			*arg;
};

struct pending {
	uint8_t		data[FRAME_ROOM];
	size_t		len;
	int		ifindex;
	uint8_t		pkttype;
	uint16_t	vlan;			/* 0: no tag */
};

/* What an outsider knows of one address. */
struct known {
	uint32_t	addr;
	mono_t		lease;			/* its end */
	mono_t		asked;			/* last probe */
	mono_t		proven;			/* told to dhcpd, until */
	mono_t		announced[4];		/* the last ones, if ours */
	int		probes;			/* since it was last claimed */
	int		held;			/* as far as arpd has said */
	struct mac	owner;
};

mono_t	 __wrap_clock_now(void);
struct event *__wrap_proc_event(int, short, event_callback_fn, void *);
struct event *__wrap_proc_timer(event_callback_fn, void *);
void	 __wrap_proc_timer_set(struct event *, int64_t);
int	 __wrap_event_pending(const struct event *, short, struct timeval *);
int	 __wrap_event_del(struct event *);
void	 __wrap_event_free(struct event *);
ssize_t	 __wrap_recvmsg(int, struct msghdr *, int);
void	 __wrap_proc_hostile(struct imsgbuf *, const char *);
int	 __wrap_proc_send(enum proc, enum msg_type, uint32_t, int,
	    const void *, size_t);
int	 __wrap_proc_send_many(enum proc, enum msg_type, uint32_t,
	    const void *, size_t, size_t);
void	 __wrap_proc_step(enum step, uint32_t, struct mac, const char *,
	    unsigned int, uint64_t, const char *, ...);
void	 __wrap_fatal(const char *, ...) __attribute__((__noreturn__));
void	 __wrap_fatalx(const char *, ...) __attribute__((__noreturn__));
ssize_t	 __wrap_send(int, const void *, size_t, int);
ssize_t	 __wrap_sendto(int, const void *, size_t, int,
	    const struct sockaddr *, socklen_t);
ssize_t	 __wrap_getrandom(void *, size_t, unsigned int);
int	 __wrap_recvmmsg(int, struct mmsghdr *, unsigned int, int,
	    struct timespec *);
uint32_t __wrap_arc4random(void);
uint32_t __wrap_arc4random_uniform(uint32_t);

static struct conf	*confs[2];
static struct msg_iface	 ifaces[IFACES], whole[IFACES];
static struct sock	 socks[SOCKS];	/* ARP, then IPv6 */
static int		 sock_open[IFACES];
static struct imsgbuf	 links[PROC_MAX];
static struct timer	 timers[TIMERS];
static struct listener	 listeners[SOCKS];
static struct pending	 pendings[PENDING];
static size_t		 npendings, next_pending;
/* An echo request that was sent. */
static struct echo {
	uint32_t	addr;
	uint8_t		data[64];
	size_t		len;
} echoes[ECHOES];
static size_t		 nechoes;
static struct known	 known[512];
static size_t		 nknown;
static mono_t		 now = { INT64_C(1000000000000) };
static uint32_t		 lots = 1;		/* the state of arc4random() */
static int		 send_fails, hostile;
static int		 other_macs;		/* of ours, in this input */
static mono_t		 second;		/* in which this is counted: */
static unsigned int	 frames, events, conflicts, stands, lines;
static int		 log_fd;
/* The world --------------------------------------------------------------- */

static struct conf_segment *
world_segment(struct conf *c, uint32_t net, uint32_t prefix, uint32_t mode)
{
	struct conf_segment	*s = conf_add_segment(c);

	s->net = net;
	s->prefix = prefix;
	s->shared = NONE;
	s->lease = 3600;
	s->keep = NONE;
	s->probe = mode;
	s->router[s->nrouters++] = net + 2;
	s->dns[s->ndns++] = net + 3;
	return (s);
}

static void
world_range(struct conf *c, uint32_t first, uint32_t n)
{
	struct conf_range	*r = conf_add_range(c);

	r->segment = (uint32_t)c->nsegment - 1;
	r->first = first;
	r->last = first + n - 1;
}

static void
world_host(struct conf *c, const char *name, uint32_t addr, uint8_t last)
{
	struct conf_host	*h = conf_add_host(c);
	struct conf_hostid	*i = conf_add_hostid(c);

	memcpy(h->name, name, strlen(name) + 1);
	h->addr = addr;
	h->group = NONE;
	i->host = (uint32_t)c->nhost - 1;
	i->kind = last == 0 ? HOSTID_UUID : HOSTID_ETHERNET;
	i->len = last == 0 ? 16 : 6;
	i->data[0] = 0x52;
	i->data[5] = last;
}

static struct conf *
world_conf(int other)
{
	struct conf		*c = conf_new();
	struct conf_segment	*s;

	s = world_segment(c, IP(10, 77, 0, 0), 16,
	    other ? PROBE_ALWAYS : PROBE_BACKGROUND);
	s->next_server = IP(10, 77, 0, 9);
	world_range(c, IP(10, 77, 1, 0), other ? 10 : 40);
	s = world_segment(c, IP(10, 78, 0, 0), 24,
	    other ? PROBE_BACKGROUND : PROBE_ALWAYS);
	world_range(c, IP(10, 78, 0, 10), 5);
	world_range(c, IP(10, 78, 0, 20), 3);
	s = world_segment(c, IP(10, 99, 0, 0), 24, PROBE_BACKGROUND);
	s->relay[s->nrelays++] = IP(10, 99, 0, 1);
	world_range(c, IP(10, 99, 0, 10), 12);
	s = world_segment(c, IP(10, 79, 0, 0), 24,
	    other ? PROBE_BACKGROUND : PROBE_OFF);
	world_range(c, IP(10, 79, 0, 10), 4);
	s = world_segment(c, IP(10, 55, 0, 0), 24, PROBE_BACKGROUND);
	s->proxy = !other;
	world_host(c, "one", IP(10, 77, 2, 1), 0x11);
	world_host(c, "inrange", IP(10, 77, 1, 3), 0x12);
	world_host(c, "uuid", IP(10, 77, 2, 5), 0);
	world_host(c, "far", IP(10, 99, 0, 50), 0x13);
	if (!other)
		world_host(c, "second", IP(10, 78, 0, 12), 0x14);
	return (c);
}

static void
world_iface(size_t i, const char *name, uint32_t addr, uint8_t prefix)
{
	struct msg_iface	*p = &whole[i];
	size_t			 n;

	memcpy(p->name, name, strlen(name) + 1);
	for (n = i; n < ICMP; n += IFACES) {
		memcpy(socks[n].ifname, name, strlen(name) + 1);
		socks[n].fd = FD_FIRST + (int)n;
		socks[n].kind = n < IFACES ? SOCK_ARP_PACKET : SOCK_ND_PACKET;
	}
	p->index = (uint32_t)i + 1;
	p->mtu = 1500;
	p->up = 1;
	p->mac.b[0] = 2;
	p->mac.b[5] = (uint8_t)i;
	p->naddrs = 1;
	p->prefix[0] = prefix;
	p->addr[0] = addr;
}

static struct known *
know(uint32_t addr)
{
	struct known	*k;

	for (k = known; k < known + nknown; k++)
		if (k->addr == addr)
			return (k);
	MUST(nknown < nitems(known));
	memset(k, 0, sizeof(*k));
	k->addr = addr;
	nknown++;
	return (k);
}

/* Has this interface an address in the segment of that one, as it looks? */
static int
reaches(size_t i, uint32_t addr)
{
	const uint32_t	seg = conf_segment_of(child.conf, addr);
	size_t		j;

	if (seg == NONE || child.conf->segment[seg].nrelays > 0 ||
	    !sock_open[i] || ifaces[i].index == 0 || !ifaces[i].up)
		return (0);
	for (j = 0; j < ifaces[i].naddrs; j++)
		if (conf_segment_of(child.conf, ifaces[i].addr[j]) == seg)
			return (1);
	return (0);
}

/* Is it behind a relay, and can it be asked there? */
static int
reaches_far(uint32_t addr)
{
	const uint32_t	seg = conf_segment_of(child.conf, addr);

	return (seg != NONE && child.conf->segment[seg].nrelays > 0 &&
	    sock_open[0]);
}

static int
is_ours(const struct msg_iface *iface, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < iface->naddrs; i++)
		if (iface->addr[i] == addr)
			return (1);
	return (0);
}

static int
may_be_given(uint32_t addr)
{
	const struct conf_range	*r;

	for (r = child.conf->range; r < child.conf->range +
	    child.conf->nrange; r++)
		if (addr >= r->first && addr <= r->last)
			return (1);
	return (conf_host_by_addr(child.conf, addr) != NONE);
}

static int
is_leased(const struct known *k)
{
	return (mono_before(now, k->lease));
}

/* What arpd has of the system ---------------------------------------------- */

mono_t
__wrap_clock_now(void)
{
	return (now);
}

uint32_t
__wrap_arc4random(void)
{
	lots = lots * 1664525U + 1013904223U;
	return (lots ^ lots >> 16);
}

uint32_t
__wrap_arc4random_uniform(uint32_t below)
{
	return (below == 0 ? 0 : __wrap_arc4random() % below);
}

ssize_t
__wrap_getrandom(void *data, size_t len, unsigned int flags)
{
	uint8_t	*octet = data;
	size_t	 i;

	(void)flags;
	for (i = 0; i < len; i++)
		octet[i] = (uint8_t)__wrap_arc4random();
	return ((ssize_t)len);
}

struct event *
__wrap_proc_event(int fd, short what, event_callback_fn fn, void *arg)
{
	const size_t	i = (size_t)(fd - FD_FIRST);

	(void)what;
	MUST(i < nitems(listeners));
	listeners[i] = (struct listener){ fn, arg };
	return ((struct event *)&listeners[i]);
}

struct event *
__wrap_proc_timer(event_callback_fn fn, void *arg)
{
	struct timer	*t = timers;

	while (t < timers + TIMERS && t->fn != NULL)
		t++;
	MUST(t < timers + TIMERS);
	*t = (struct timer){ fn, arg, MONO_NEVER, 0 };
	return ((struct event *)t);
}

static struct timer *
timer_of(const struct event *ev)
{
	struct timer	*t = timers;

	while (t < timers + TIMERS && (const void *)t != (const void *)ev)
		t++;
	MUST(t < timers + TIMERS && t->fn != NULL);
	return (t);
}

void
__wrap_proc_timer_set(struct event *ev, int64_t ms)
{
	timer_of(ev)->due = mono_add_ms(now, ms < 0 ? 0 : ms);
}

int
__wrap_event_pending(const struct event *ev, short what, struct timeval *tv)
{
	(void)tv;
	return (timer_of(ev)->due.us != MONO_NEVER.us ? what & EV_TIMEOUT : 0);
}

int
__wrap_event_del(struct event *ev)
{
	timer_of(ev)->due = MONO_NEVER;
	return (0);
}

void
__wrap_event_free(struct event *ev)
{
	timer_of(ev)->fn = NULL;
}

void
__wrap_proc_hostile(struct imsgbuf *link, const char *why)
{
	(void)link;
	(void)why;
	hostile++;
}

/* Nothing that comes from the network may end the daemon. */
void
__wrap_fatal(const char *fmt, ...)
{
	(void)fprintf(stderr, "fatal: %s\n", fmt);
	abort();
}

void
__wrap_fatalx(const char *fmt, ...)
{
	(void)fprintf(stderr, "fatalx: %s\n", fmt);
	abort();
}

/* The tag as the kernel tells of it (packet(7)), where there is room. */
static void
give_tag(struct msghdr *m, const struct pending *p)
{
	struct {
		uint32_t	status, len, snaplen;
		uint16_t	mac, net, tci, tpid;
	} aux = { .tci = p->vlan, .tpid = 0x8100 };
	struct cmsghdr	*c;

	if (m->msg_control == NULL ||
	    m->msg_controllen < CMSG_SPACE(sizeof(aux))) {
		m->msg_controllen = 0;
		return;
	}
	if (p->vlan != 0)
		aux.status = 1 << 4 | 1 << 6;
	m->msg_controllen = CMSG_SPACE(sizeof(aux));
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_PACKET;
	c->cmsg_type = PACKET_AUXDATA;
	c->cmsg_len = CMSG_LEN(sizeof(aux));
	memcpy(CMSG_DATA(c), &aux, sizeof(aux));
}

/* The next frame that waits; -1 when there is none. */
ssize_t
__wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
	struct sockaddr_ll	 from = { .sll_family = AF_PACKET };
	const struct pending	*p;
	size_t			 len;

	(void)flags;
	MUST(fd >= FD_FIRST && fd < FD_FIRST + (int)SOCKS);
	if (next_pending == npendings) {
		errno = EAGAIN;
		return (-1);
	}
	p = &pendings[next_pending++];
	from.sll_protocol = htons(ETH_P_ARP);
	from.sll_ifindex = p->ifindex;
	from.sll_pkttype = p->pkttype;
	MUST(m->msg_iovlen == 1);
	len = p->len < m->msg_iov->iov_len ? p->len : m->msg_iov->iov_len;
	memcpy(m->msg_iov->iov_base, p->data, len);
	if (m->msg_name != NULL) {
		MUST(m->msg_namelen >= sizeof(from));
		memcpy(m->msg_name, &from, sizeof(from));
	}
	give_tag(m, p);
	return ((ssize_t)len);
}

int
__wrap_recvmmsg(int fd, struct mmsghdr *msg, unsigned int n, int flags,
    struct timespec *wait)
{
	unsigned int	i;
	ssize_t		len;

	(void)wait;
	for (i = 0; i < n; i++) {
		if ((len = __wrap_recvmsg(fd, &msg[i].msg_hdr, flags)) == -1)
			break;
		msg[i].msg_len = (unsigned int)len;
	}
	return (i > 0 ? (int)i : -1);
}

#endif
