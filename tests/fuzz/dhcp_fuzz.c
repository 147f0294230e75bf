/* SPDX-License-Identifier: ISC */
/*
 * dhcp_fuzz.c: all of dhcpd but its sockets under libFuzzer: what comes in is
 * parsed, decided, kept and answered as in the daemon, and what goes out is
 * looked at.  An input is a few messages, one after the other:
 *
 *	way, flags, octets ["NEXT" way, flags, octets]...
 *
 * Every input begins with the same leases: none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int	 dhcpd_main(void);
#define main	dhcpd_main
#include "dhcpd/dhcpd.c"
#undef main

#define IP(a, b, c, d)	((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define ME		IP(10, 77, 0, 1)
#define PROXY_ME	IP(10, 55, 0, 1)
#define QUERIER		IP(192, 0, 2, 5)
#define SESSION_MAX	12
#define HOURS_2		7200

/* An assertion that also says what it saw. */
#define MUST(e)	do {							\
	if (!(e)) {							\
		(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
		    __LINE__, #e);					\
		abort();						\
	}								\
} while (0)

/* How a message comes in. */
enum { NEIGHBOUR, RENEWING, RELAYED, FRAME, PXE, ASKING, PROXY, PROXY_PXE,
	BY_ANOTHER, WAYS };

enum {
	FLAG_BATCH = 1,		/* the turn goes on with the next */
	FLAG_REFUSE = 2,	/* the store cannot keep it */
	FLAG_ARPD = 4,
	FLAG_MINUTE = 8,	/* time goes by before it */
	FLAG_HOURS = 16,
	FLAG_SLOW = 32,		/* the store answers later */
	FLAG_PROVEN = 64,	/* what was to be proven is */
	FLAG_CONFLICT = 128	/* the last address offered is in use */
};

/* What was asked, to hold the answers against; by transaction. */
struct asked {
	uint32_t	xid, giaddr;
	uint8_t		relay_len, type;
	uint8_t		relay[255];
	size_t		size;		/* the longest answer it takes */
};

int	 LLVMFuzzerInitialize(int *, char ***);
int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int	 __wrap_proc_send(enum proc, enum msg_type, uint32_t, int,
	    const void *, size_t);
int	 __wrap_proc_send_many(enum proc, enum msg_type, uint32_t,
	    const void *, size_t, size_t);
void	 __wrap_proc_step(enum step, uint32_t, struct mac, const char *,
	    unsigned int, uint64_t, const char *, ...);
void	 __wrap_fatal(const char *, ...) __attribute__((__noreturn__));
void	 __wrap_fatalx(const char *, ...) __attribute__((__noreturn__));
void	 __wrap_outbox_put(const struct letter *, const uint8_t *);

static struct conf	*conf;
static struct msg_iface	 ifaces[2];
static struct port	 ports[2];
static mono_t		 now = { INT64_C(1000000000000) };
static struct asked	 asked[SESSION_MAX];
static size_t		 nasked;
static uint32_t		 batch[SESSION_MAX * 2], batch_n[SESSION_MAX * 2];
static size_t		 nbatch;
static uint32_t		 to_prove[PROBE_AHEAD], last_offer;
static size_t		 nprove;

/* 1. The world. */

static struct conf_segment *
world_segment(uint32_t net, uint32_t prefix, uint32_t shared, uint32_t relay)
{
	struct conf_segment	*s = conf_add_segment(conf);

	s->net = net;
	s->prefix = prefix;
	s->shared = shared;
	s->lease = 3600;
	s->keep = NONE;
	s->limit_mac = 16;
	s->router[s->nrouters++] = net + 1;
	s->dns[s->ndns++] = net + 2;
	memcpy(s->domain, "lab.example", 12);
	if (relay != 0)
		s->relay[s->nrelays++] = relay;
	return (s);
}

static void
world_range(uint32_t first, uint32_t n)
{
	struct conf_range	*r = conf_add_range(conf);

	r->segment = (uint32_t)conf->nsegment - 1;
	r->first = first;
	r->last = first + n - 1;
}

static void
world_host(const char *name, uint32_t addr, enum hostid_kind kind,
    const char *id, size_t len)
{
	struct conf_host	*h = conf_add_host(conf);
	struct conf_hostid	*i = conf_add_hostid(conf);

	memcpy(h->name, name, strlen(name) + 1);
	h->addr = addr;
	h->group = NONE;
	memcpy(h->image, "tiny", 5);
	i->host = (uint32_t)conf->nhost - 1;
	i->kind = (uint8_t)kind;
	i->len = (uint8_t)len;
	i->text = kind == HOSTID_CLIENT_ID;
	memcpy(i->data, id, len);
}

static void
world_option(uint32_t segment, uint8_t code, size_t len, int more)
{
	struct conf_option	*o = conf_add_option(conf);

	o->level = OPTION_SUBNET;
	o->segment = segment;
	o->owner = NONE;
	o->code = code;
	o->kind = OPTION_HEX;
	o->len = (uint8_t)len;
	o->more = (uint8_t)more;
	memset(o->data, code, len);
}

static void
world_loaders(void)
{
	struct conf_loader	*l;
	uint32_t		 arch;

	for (arch = 0; arch < LOADER_MAX; arch++) {
		l = conf_add_loader(conf);
		l->arch = arch;
		(void)snprintf(l->path, sizeof(l->path), "%s/loader.%u",
		    arch % 2 ? "dir" : "boot/a-name-that-is-rather-long",
		    arch);
	}
}

static void
world_conf(void)
{
	struct conf_segment	*s;
	struct conf_image	*image;

	conf = conf_new();
	conf->global->querier[conf->global->nqueriers++] = QUERIER;
	image = conf_add_image(conf);
	memcpy(image->name, "tiny", 5);
	memcpy(image->kernel, "linux", 6);
	s = world_segment(IP(10, 77, 0, 0), 16, 0, 0);
	s->probe = PROBE_BACKGROUND;
	s->rapid = 1;
	world_range(IP(10, 77, 1, 0), 6);
	s = world_segment(IP(10, 78, 0, 0), 24, 0, 0);
	s->probe = PROBE_ALWAYS;
	world_range(IP(10, 78, 0, 10), 2);
	world_range(IP(10, 78, 0, 20), 2);
	/* In a range, and nobody's to have. */
	s->router[s->nrouters++] = IP(10, 78, 0, 21);
	s = world_segment(IP(10, 99, 0, 0), 24, 1, IP(10, 99, 0, 1));
	s->limit_port = 2;
	s->limit_mac = 2;
	s->keep = 1;
	world_range(IP(10, 99, 0, 10), 5);
	s = world_segment(IP(10, 98, 0, 0), 24, 1, 0);
	s->probe = PROBE_OFF;
	world_range(IP(10, 98, 0, 10), 3);
	s = world_segment(IP(10, 97, 0, 0), 24, NONE, IP(10, 97, 0, 1));
	s->probe = PROBE_BACKGROUND;
	world_range(IP(10, 97, 0, 10), 4);
	s = world_segment(IP(10, 55, 0, 0), 24, NONE, 0);
	s->proxy = 1;
	world_option(0, 42, 4, 0);
	world_option(0, 119, 200, 0);
	world_option(0, 119, 150, 1);
	world_option(0, 121, 40, 0);
	world_option(0, 209, 20, 0);
	world_option(0, 210, 20, 0);
	world_option(2, 43, 250, 0);
	world_option(2, 125, 252, 0);
	world_option(2, 125, 252, 1);
	world_loaders();
	world_host("armed", IP(10, 77, 2, 1), HOSTID_ETHERNET,
	    "\x52\x54\0\0\0\1", 6);
	world_host("rest", IP(10, 77, 2, 2), HOSTID_ETHERNET,
	    "\x52\x54\0\0\0\2", 6);
	world_host("pooled", 0, HOSTID_ETHERNET, "\x52\x54\0\0\0\3", 6);
	world_host("inrange", IP(10, 77, 1, 3), HOSTID_CLIENT_ID, "pc", 2);
	world_host("uuid", IP(10, 78, 0, 9), HOSTID_UUID,
	    "0123456789abcdef", 16);
	world_host("port", IP(10, 99, 0, 50), HOSTID_CIRCUIT_ID, "port1", 5);
	world_host("remote", IP(10, 99, 0, 51), HOSTID_REMOTE_ID, "modem", 5);
}

static void
world_iface(size_t i, const char *name, uint32_t addr)
{
	memcpy(ifaces[i].name, name, strlen(name) + 1);
	memcpy(ports[i].ifname, name, strlen(name) + 1);
	ifaces[i].index = (uint32_t)i + 1;
	ifaces[i].mtu = 1500;
	ifaces[i].up = 1;
	ifaces[i].naddrs = 1;
	ifaces[i].addr[0] = addr;
	ports[i].ifindex = ifaces[i].index;
	ports[i].mtu = ifaces[i].mtu;
	ports[i].mac.b[0] = 2;
}

static void
world_ticket(const char *host, enum ticket_state state)
{
	struct msg_ticket	t;

	memset(&t, 0, sizeof(t));
	t.state = state;
	t.expire_us = INT64_MAX;
	memcpy(t.host, host, strlen(host) + 1);
	memcpy(t.image, "tiny", 5);
	facts_ticket(view.facts, &t);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t	i;

	(void)argc;
	(void)argv;
	log_init("fuzz", open("/dev/null", O_WRONLY), 0);
	world_conf();
	world_iface(0, "bw0", ME);
	world_iface(1, "bw1", PROXY_ME);
	child.base = event_base_new();
	MUST(event_base_priority_init(child.base, PRIO_COUNT) == 0);
	child.conf = conf;
	child.ifaces = ifaces;
	child.nifaces = nitems(ifaces);
	dhcpd_setup();
	dhcpd_configured(NULL);
	for (i = 0; i < nitems(ports); i++)
		link_of_iface(&ports[i].link, conf, &ifaces[i]);
	synced = 1;
	world_ticket("armed", TICKET_ARMED);
	world_ticket("pooled", TICKET_ARMED);
	world_ticket("uuid", TICKET_INSTALLING);
	world_ticket("port", TICKET_BOOTING);
	return (0);
}

/* A lease that was never on disk is forgotten when it is given back. */
static void
world_reset(void)
{
	struct lease	*l;
	struct pool	*pool = leases_pool(view.leases);
	uint32_t	 cursor = 0, addr;
	size_t		 i;

	staged_drop();
	while ((l = lease_first(view.leases, &cursor)) != NULL) {
		l->durable = 0;
		lease_free(view.leases, l, now);
	}
	MUST(lease_count(view.leases, HOLD_FREE) == 0 &&
	    lease_count(view.leases, HOLD_BOUND) == 0);
	for (i = 0; i < pool->nrange; i++)
		for (addr = pool->range[i].first; addr <= pool->range[i].last;
		    addr++)
			pool_disprove(pool, addr);
	for (i = 0; i < pool->nstock; i++)
		pool->stock[i].cursor = 0;
	trails_clear(view.trails);
	now = mono_add_s(now, HOURS_2);
	nasked = nbatch = nprove = 0;
	last_offer = 0;
}

/* 2. What it says. */

int
__wrap_proc_send(enum proc to, enum msg_type type, uint32_t id, int fd,
    const void *data, size_t len)
{
	const struct msg_lease	*m = data;
	const struct msg_grant	*g = data;
	size_t			 i;

	(void)fd;
	if (type == MSG_PROBE) {
		MUST(to == PROC_ARPD && len <= sizeof(to_prove));
		memcpy(to_prove, data, len);
		nprove = len / sizeof(to_prove[0]);
	} else if (type == MSG_GRANT) {
		for (i = 0; i < len / sizeof(*g); i++)
			MUST(facts_grant_ok(&g[i]));
	} else if (type == MSG_COMMIT) {
		MUST(to == PROC_STORE && len > 0 && len % sizeof(*m) == 0);
		for (i = 0; i < len / sizeof(*m); i++)
			MUST(facts_lease_ok(&m[i]));
		MUST(nbatch < nitems(batch));
		batch[nbatch] = id;
		batch_n[nbatch++] = (uint32_t)i;
	}
	return (0);
}

int
__wrap_proc_send_many(enum proc to, enum msg_type type, uint32_t id,
    const void *data, size_t size, size_t count)
{
	return (__wrap_proc_send(to, type, id, -1, data, size * count));
}

void
__wrap_proc_step(enum step step, uint32_t addr, struct mac mac,
    const char *host, unsigned int percent, uint64_t bytes,
    const char *fmt, ...)
{
	(void)addr;
	(void)mac;
	(void)fmt;
	MUST(step < STEP_MAX && percent <= 100 && bytes == 0);
	MUST(strlen(host) < NAME_LEN);
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

/* Codes and lengths up to an END, then nothing but padding. */
static void
look_at_options(struct buf *in, struct buf value[256])
{
	struct buf	v;
	uint8_t		code = 0;

	while (buf_left(in) > 0 && (code = buf_u8(in)) != OPT_END) {
		if (code == OPT_PAD)
			continue;
		MUST(buf_sub(in, &v, buf_u8(in)) == 0);
		if (value[code].data == NULL)
			value[code] = v;
	}
	MUST(code == OPT_END);
	while (buf_left(in) > 0)
		MUST(buf_u8(in) == 0);
}

/* Option 82 is what came in, and it is the last one. */
static int
has_its_relay(const struct buf *whole, const struct asked *a)
{
	size_t	end = whole->len;

	if (a->giaddr == 0 || a->relay_len == 0)
		return (1);
	while (end > 0 && whole->data[end - 1] == 0)
		end--;
	if (end < DHCP_HDRLEN + 3U + a->relay_len)
		return (0);
	end -= 1 + a->relay_len;
	return (whole->data[end - 2] == OPT_RELAY &&
	    whole->data[end - 1] == a->relay_len &&
	    memcmp(whole->data + end, a->relay, a->relay_len) == 0);
}

/* Is it an answer to one of the messages?  Clients repeat their xid. */
static int
answers_one(const struct buf *whole, uint32_t xid, uint32_t giaddr,
    int of_query)
{
	const struct asked	*a;

	for (a = asked; a < asked + nasked; a++)
		if (a->xid == xid && a->giaddr == giaddr &&
		    whole->len <= a->size &&
		    of_query == (a->type == DHCP_LEASEQUERY) &&
		    (of_query || has_its_relay(whole, a)))
			return (1);
	return (0);
}

/* Nobody is told of an address that is ours, or not there to give. */
static void
look_at_address(uint32_t addr, uint8_t type, const uint8_t *chaddr)
{
	const struct lease	*l = lease_by_addr(view.leases, addr);

	if (addr == 0)
		return;
	MUST(type == DHCP_OFFER || type == DHCP_ACK || type == DHCP_BOOTP);
	MUST(pool_has(leases_pool(view.leases), addr) ||
	    conf_host_by_addr(conf, addr) != NONE);
	MUST(l != NULL);
	if (type == DHCP_OFFER)
		MUST(l->state == HOLD_OFFERED || l->state == HOLD_BOUND);
	else
		MUST(l->state == HOLD_BOUND && (!mac_is_unicast(l->mac) ||
		    memcmp(l->mac.b, chaddr, 6) == 0));
	last_offer = addr;
}

void
__wrap_outbox_put(const struct letter *l, const uint8_t *octets)
{
	struct buf	in, value[256];
	uint32_t	xid, yiaddr, giaddr;
	uint8_t		type = DHCP_BOOTP;
	int		of_query;

	MUST(l->port != NULL && l->dst != 0 && l->src != 0);
	MUST(l->len <= DHCP_PAYLOAD_MAX && l->len >= DHCP_MIN_LEN);
	buf_init(&in, octets, l->len);
	MUST(buf_u8(&in) == 2);
	buf_skip(&in, 3);
	xid = buf_u32(&in);
	buf_skip(&in, 8);
	yiaddr = buf_u32(&in);
	buf_skip(&in, 4);
	giaddr = buf_u32(&in);
	buf_skip(&in, DHCP_HDRLEN - 28);
	MUST(buf_u32(&in) == DHCP_MAGIC && !in.err);
	memset(value, 0, sizeof(value));
	look_at_options(&in, value);
	if (value[OPT_TYPE].len == 1)
		type = value[OPT_TYPE].data[0];
	of_query = type >= DHCP_LEASEUNASSIGNED && type <= DHCP_LEASEACTIVE;
	MUST(answers_one(&in, xid, giaddr, of_query));
	MUST(!of_query || l->dst == QUERIER);
	look_at_address(yiaddr, type, octets + 28);
}

/* 3. What it is told. */

/* The same that dhcpd reads, to remember it. */
static void
remember(const uint8_t *octets, size_t len)
{
	struct asked	*a = &asked[nasked];
	struct dhcp_msg	 m;
	struct buf	 in;

	buf_init(&in, octets, len);
	if (dhcp_parse(&in, &m) == -1)
		return;
	a->xid = m.xid;
	a->giaddr = m.giaddr;
	a->type = m.type;
	a->relay_len = (uint8_t)m.relay.len;
	if (m.relay.len > 0)
		memcpy(a->relay, m.relay.data, m.relay.len);
	a->size = m.max_size < DHCP_MIN_SIZE ? DHCP_MIN_SIZE : m.max_size;
	a->size -= DHCP_IP_UDP;
	nasked++;
}

static uint32_t
word_of(const uint8_t *octets, size_t len, size_t at)
{
	struct buf	in;

	buf_init(&in, octets, len);
	buf_skip(&in, at);
	return (buf_u32(&in));
}

/* The addresses that a message of this kind comes with. */
static void
address(struct frame *f, int way, const uint8_t *octets, size_t len)
{
	memset(f, 0, sizeof(*f));
	f->sport = way == PXE || way == PROXY_PXE ? 1234 : DHCP_PORT_CLIENT;
	f->dport = way == PXE || way == PROXY_PXE ? DHCP_PORT_PXE :
	    DHCP_PORT_SERVER;
	f->dst = way == PROXY_PXE ? PROXY_ME : ME;
	if (way == NEIGHBOUR || way == PROXY || way == BY_ANOTHER)
		f->dst = UINT32_MAX;
	else if (way == RELAYED || way == ASKING) {
		f->src = way == ASKING ? QUERIER : word_of(octets, len, 24);
		f->sport = DHCP_PORT_SERVER;
	} else
		f->src = word_of(octets, len, 12);
	f->src_mac.b[0] = 2;
	if (way != BY_ANOTHER && len >= 34)
		memcpy(f->src_mac.b, octets + 28, sizeof(f->src_mac.b));
}

static void
tell_one(int way, const uint8_t *octets, size_t len)
{
	struct port	*port = &ports[way == PROXY || way == PROXY_PXE];
	struct frame	 f;
	struct buf	 in;

	buf_init(&in, octets, len);
	if (way != FRAME) {
		address(&f, way, octets, len);
		f.payload = in;
	} else if (frame_parse(&in, &f, 1) == -1 ||
	    !mac_is_unicast(f.src_mac) ||
	    (f.dport != DHCP_PORT_SERVER && f.dport != DHCP_PORT_PXE) ||
	    (f.dst != ME && f.dst != UINT32_MAX))
		return;
	remember(f.payload.data + f.payload.off, buf_left(&f.payload));
	turn_request(port, &f, now);
}

static void
store_answers(int refuses)
{
	struct msg_committed	done;
	size_t			i;

	for (i = 0; i < nbatch; i++) {
		done.count = batch_n[i];
		done.error = refuses ? ENOSPC : 0;
		done.kept = refuses ? 0 : UINT64_MAX;
		MUST(staged_done(batch[i], &done, now) == 0);
	}
	nbatch = 0;
}

static void
arpd_says(int flags)
{
	struct msg_conflict	c;
	size_t			i;

	for (i = 0; i < nprove && (flags & FLAG_PROVEN) != 0; i++)
		lease_proven(view.leases, to_prove[i], mono_add_s(now, 60));
	if ((flags & FLAG_CONFLICT) == 0 || last_offer == 0)
		return;
	memset(&c, 0, sizeof(c));
	c.addr = last_offer;
	c.mac.b[0] = 2;
	c.mac.b[5] = 66;
	conflict(&c, now);
}

/* One message; a copy, so that one octet too many is noticed. */
static void
tell(const uint8_t *octets, size_t len)
{
	uint8_t	*copy;
	int	 way, flags;

	if (len < 2)
		return;
	way = octets[0] % WAYS;
	flags = octets[1];
	if ((flags & FLAG_MINUTE) != 0)
		now = mono_add_s(now, 70);
	if ((flags & FLAG_HOURS) != 0)
		now = mono_add_s(now, HOURS_2);
	view.arpd = (flags & FLAG_ARPD) != 0;
	if ((copy = malloc(len - 2)) == NULL)
		return;
	memcpy(copy, octets + 2, len - 2);
	turn_begin(now);
	tell_one(way, copy, len - 2);
	free(copy);
	if ((flags & FLAG_BATCH) == 0)
		turn_end();
	arpd_says(flags);
	if ((flags & FLAG_SLOW) == 0)
		store_answers(flags & FLAG_REFUSE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t	*next;
	size_t		 n;
	int		 i;

	world_reset();
	for (i = 0; i < SESSION_MAX && len > 0; i++) {
		next = memmem(data, len, "NEXT", 4);
		n = next == NULL ? len : (size_t)(next - data);
		tell(data, n);
		data += next == NULL ? n : n + 4;
		len -= next == NULL ? n : n + 4;
	}
	turn_end();
	store_answers(0);
	return (0);
}
