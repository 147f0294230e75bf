/* SPDX-License-Identifier: ISC */
/*
 * arp_fuzz.c: all of arpd under libFuzzer.  Its sockets, clock, timers and
 * siblings are made here; an input is a list of things that happen: frames,
 * leases, questions, interfaces that come and go, time.  What arpd sends and
 * says is held against a plain model of what it may know.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int	 arpd_main(void);
#define main	arpd_main
#include "arpd/arpd.c"
#undef main

#include "arp_said.h"

#define STEPS_MAX	400		/* things that happen in an input */
#define SETTLE_S	2400		/* twice: no proof holds for longer */
#define ENTRIES_MAX	512		/* all that there is to watch */

/* What happens; the first octet of each step. */
enum happening {
	FRAME_MADE,	/* fields of it are chosen */
	FRAME_RAW,	/* octets as they come */
	FLOOD,		/* a few hundred of them */
	TIME_MS, TIME_S, TIME_JUMP,
	GRANT, ASK, LOOK, TABLE, LINK_UP, IFACE, CONFIGURE, SEND_FAILS, SOCKET,
	ND_MADE, ND_RAW, ECHO_MADE, ECHO_RAW,
	HAPPENINGS
};

int	 LLVMFuzzerInitialize(int *, char ***);
int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t	i;

	(void)argc;
	(void)argv;
	log_fd = open("/dev/null", O_WRONLY);
	log_init("fuzz", log_fd, 0);
	confs[0] = world_conf(0);
	confs[1] = world_conf(1);
	world_iface(0, "bw0", IP(10, 77, 0, 1), 16);
	world_iface(1, "bw1", IP(10, 78, 0, 1), 24);
	socks[ICMP].fd = FD_FIRST + ICMP;
	socks[ICMP].kind = SOCK_ICMP;
	child.ifaces = ifaces;
	child.nifaces = nitems(ifaces);
	memcpy(ifaces, whole, sizeof(ifaces));
	for (i = 0; i < PROC_MAX; i++) {
		links[i].peer = (enum proc)i;
		links[i].fd = -1;
		child.link[i] = &links[i];
	}
	arpd.setup();
	child.conf = confs[0];
	arpd.configured(NULL);
	return (0);
}

static struct timer *
next_timer(mono_t until)
{
	struct timer	*t, *next = NULL;

	for (t = timers; t < timers + TIMERS; t++)
		if (t->fn != NULL && !mono_before(until, t->due) &&
		    (next == NULL || mono_before(t->due, next->due)))
			next = t;
	return (next);
}

/* Time goes by, and timers fire; none may fire without end. */
static void
pass(int64_t ms)
{
	const mono_t	 until = mono_add_ms(now, ms);
	struct timer	*t;

	for (t = timers; t < timers + TIMERS; t++)
		t->fired = 0;
	while ((t = next_timer(until)) != NULL) {
		if (mono_before(now, t->due)) {
			now = t->due;
			t->fired = 0;
		}
		MUST(++t->fired < 16);
		t->due = MONO_NEVER;
		t->fn(-1, EV_TIMEOUT, t->arg);
	}
	now = until;
}

/* The machine slept: it is late for everything. */
static void
jump(int64_t s)
{
	now = mono_add_s(now, s);
	pass(1);
}

static void
deliver(enum proc from, enum msg_type type, const void *data, size_t count,
    size_t size)
{
	const struct imsg	 imsg = { .type = type, .data = data,
				    .len = count * size, .count = count,
				    .fd = -1 };
	const struct handler	*h;

	for (h = arpd_handlers; h->type != MSG_ZERO; h++)
		if (h->type == type && h->from == from) {
			h->fn(&links[from], &imsg);
			return;
		}
}

/* Addresses of every sort, and a few around them. */
static uint32_t
pick_addr(struct buf *in)
{
	static const uint32_t	others[] = {
		0, UINT32_MAX, IP(127, 0, 0, 1), IP(224, 0, 0, 1),
		IP(10, 77, 0, 1), IP(10, 78, 0, 1), IP(10, 77, 0, 2),
		IP(10, 77, 0, 9), IP(10, 77, 0, 3), IP(10, 77, 2, 1),
		IP(10, 77, 2, 5), IP(10, 99, 0, 50), IP(10, 99, 0, 1),
		IP(10, 77, 0, 0), IP(10, 77, 255, 255), IP(10, 76, 0, 1),
		IP(0, 1, 2, 3), IP(10, 77, 0, 7), IP(192, 0, 2, 1)
	};
	const uint8_t	c = buf_u8(in);

	if (c < 0x40)
		return (IP(10, 77, 1, 0) + c);
	if (c < 0x58)
		return (IP(10, 78, 0, 10) + (c & 0x1fU));
	if (c < 0x68)
		return (IP(10, 79, 0, 8) + (c & 0x0fU));
	if (c < 0x78)
		return (IP(10, 99, 0, 8) + (c & 0x0fU));
	return (others[(c - 0x78U) % nitems(others)]);
}

static struct mac
pick_mac(struct buf *in)
{
	const uint8_t	c = buf_u8(in);
	struct mac	mac = { { 0x52, 0, 0, 0, 0, c } };

	if (c < IFACES)
		return (whole[c].mac);
	if (c == 2)
		memset(mac.b, 0, sizeof(mac.b));
	else if (c == 3)
		memset(mac.b, 0xff, sizeof(mac.b));
	else if (c == 4)
		mac.b[0] = 1;
	return (mac);
}

static void
queue_frame(struct pending *p, struct mac dst, struct mac src,
    const struct arp_msg *m, uint8_t twist)
{
	struct wbuf	out;

	wbuf_init(&out, p->data, sizeof(p->data));
	wbuf_copy(&out, dst.b, sizeof(dst.b));
	wbuf_copy(&out, src.b, sizeof(src.b));
	/* A tag that the kernel has left in its place. */
	if (twist == 1 || twist == 2) {
		wbuf_u16(&out, 0x8100);
		wbuf_u16(&out, twist == 1 ? 0 : 7);
	}
	wbuf_u16(&out, twist == 3 ? ETHERTYPE_IP : ETHERTYPE_ARP);
	wbuf_u16(&out, twist == 4 ? 6 : 1);
	wbuf_u16(&out, twist == 5 ? 0x86dd : ETHERTYPE_IP);
	wbuf_u8(&out, twist == 6 ? 8 : 6);
	wbuf_u8(&out, twist == 7 ? 16 : 4);
	wbuf_u16(&out, m->op);
	wbuf_copy(&out, m->sha.b, sizeof(m->sha.b));
	wbuf_u32(&out, m->spa);
	wbuf_copy(&out, m->tha.b, sizeof(m->tha.b));
	wbuf_u32(&out, m->tpa);
	p->len = twist >= 8 && twist < 42 ? twist : out.len;
}

static int
hears(size_t i)
{
	return (sock_open[i] && ifaces[i].index != 0);
}

/* Claimed on its own network by somebody else: no proof is left of it. */
static void
claim(size_t i, const struct arp_msg *m)
{
	const uint32_t	 addr = m->spa != 0 ? m->spa : m->tpa;
	struct known	*k;
	size_t		 j;

	for (j = 0; j < IFACES; j++)
		if (mac_equal(m->sha, ifaces[j].mac))
			return;
	if (!may_be_given(addr) || !reaches(i, addr) || reaches(!i, addr) ||
	    is_ours(&ifaces[i], addr))
		return;
	k = know(addr);
	if (mono_before(now, k->proven)) {
		(void)fprintf(stderr, "%x is claimed and proven\n", k->addr);
		abort();
	}
	k->probes = k->held = 0;
}

/* arpd reads what is queued; what counts as a claim is known before. */
static void
read_frames(size_t i)
{
	struct arp_msg	m;
	struct buf	in;
	size_t		j;

	if (!hears(i)) {
		npendings = 0;
		return;
	}
	next_pending = 0;
	while (next_pending < npendings)
		listeners[i].fn(socks[i].fd, EV_READ, listeners[i].arg);
	for (j = 0; j < npendings; j++) {
		if (pendings[j].pkttype > PACKET_MULTICAST ||
		    pendings[j].vlan % 4096 != 0 ||
		    pendings[j].ifindex != (int)ifaces[i].index)
			continue;
		buf_init(&in, pendings[j].data, pendings[j].len);
		if (arp_parse(&in, &m) == 0)
			claim(i, &m);
	}
	npendings = 0;
}

static struct pending *
new_pending(size_t i)
{
	struct pending	*p = &pendings[npendings++];

	memset(p, 0, sizeof(*p));
	p->ifindex = (int)whole[i].index;
	return (p);
}

static void
frame_made(struct buf *in)
{
	const uint8_t	 how = buf_u8(in), twist = buf_u8(in);
	const size_t	 i = how & 1;
	struct pending	*p = new_pending(i);
	struct mac	 dst = { { 255, 255, 255, 255, 255, 255 } };
	struct arp_msg	 m;

	m.op = (how & 2) != 0 ? ARP_REPLY : ARP_REQUEST;
	m.sha = pick_mac(in);
	m.spa = (how & 4) != 0 ? 0 : pick_addr(in);
	m.tpa = (how & 8) != 0 ? m.spa : pick_addr(in);
	m.tha = (how & 16) != 0 ? whole[i].mac : (struct mac){ { 0 } };
	if ((how & 32) != 0)
		p->vlan = twist;
	if ((how & 64) != 0)
		p->pkttype = twist % 5;
	if (twist == 255)
		p->ifindex = 3;
	queue_frame(p, dst, m.sha, &m, (how & 96) != 0 ? 0 : twist);
	read_frames(i);
}

static void
frame_raw(struct buf *in)
{
	const uint8_t	 len = buf_u8(in);
	struct pending	*p = new_pending(len & 1);

	p->len = len < buf_left(in) ? len : buf_left(in);
	buf_copy(in, p->data, p->len);
	read_frames(len & 1);
}

static void
read_nd(size_t i)
{
	next_pending = 0;
	while (hears(i) && next_pending < npendings)
		listeners[IFACES + i].fn(socks[IFACES + i].fd, EV_READ,
		    listeners[IFACES + i].arg);
	npendings = 0;
}

/* An IPv6 packet of chosen options, with the right sum unless it is not. */
static void
nd_made(struct buf *in)
{
	const uint8_t	 how = buf_u8(in), room = buf_u8(in) & 0x7f;
	const struct mac mac = pick_mac(in);
	struct pending	*p = new_pending(how & 1);
	const size_t	 body = room < buf_left(in) ? room : buf_left(in);
	struct wbuf	 out;
	uint32_t	 sum;
	uint8_t		 octets[128];

	buf_copy(in, octets, body);
	wbuf_init(&out, p->data, sizeof(p->data));
	wbuf_copy(&out, "\x33\x33\0\0\0\2", 6);
	wbuf_copy(&out, mac.b, sizeof(mac.b));
	wbuf_u16(&out, ETHERTYPE_IPV6);
	wbuf_u32(&out, (how & 2) != 0 ? 4U << 28 : 6U << 28);
	wbuf_u16(&out, (uint16_t)((how & 4) != 0 ? how : body + 4));
	wbuf_u8(&out, 58);
	wbuf_u8(&out, 255);
	wbuf_copy(&out, (how & 8) != 0 ? "\0\0\0\0\0\0\0\0" :
	    "\xfe\x80\0\0\0\0\0\0", 8);
	wbuf_zero(&out, 8);
	wbuf_copy(&out, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	wbuf_u8(&out, (how & 16) != 0 ? 134 : 133);
	wbuf_u8(&out, 0);
	wbuf_u16(&out, 0);
	wbuf_copy(&out, octets, body);
	sum = csum_add(58 + (uint32_t)body + 4, p->data + 22, body + 36);
	wbuf_set_u16(&out, 56, (how & 32) != 0 ? how : csum_fold(sum));
	p->len = out.len;
	read_nd(how & 1);
}

static void
nd_raw(struct buf *in)
{
	const uint8_t	 len = buf_u8(in);
	struct pending	*p = new_pending(len & 1);

	p->len = len < buf_left(in) ? len : buf_left(in);
	buf_copy(in, p->data, p->len);
	read_nd(len & 1);
}

static void
read_icmp(void)
{
	next_pending = 0;
	while (sock_open[0] && next_pending < npendings)
		listeners[ICMP].fn(socks[ICMP].fd, EV_READ,
		    listeners[ICMP].arg);
	npendings = 0;
}

/* The answer to one that was sent, as it should be but for one octet. */
static void
echo_made(struct buf *in)
{
	const uint8_t		 n = buf_u8(in), at = buf_u8(in);
	const uint8_t		 twist = buf_u8(in);
	const struct echo	*e = &echoes[n % ECHOES];
	struct pending		*p;
	struct wbuf		 out;

	if (!sock_open[0] || e->len == 0)
		return;
	p = new_pending(0);
	wbuf_init(&out, p->data, sizeof(p->data));
	wbuf_u32(&out, 0x45000000U + 20 + (uint32_t)e->len);
	wbuf_u32(&out, 0);
	wbuf_u32(&out, 0x40010000);
	wbuf_u32(&out, e->addr);
	wbuf_u32(&out, IP(10, 77, 0, 1));
	wbuf_copy(&out, e->data, e->len);
	p->data[20] = 0;
	wbuf_set_u16(&out, 22, 0);
	if (at >= 20 && at < out.len)
		p->data[at] ^= twist;
	wbuf_set_u16(&out, 22, csum_fold(csum_add(0, p->data + 20, e->len)));
	if (at < 20)
		p->data[at] ^= twist;
	p->len = out.len;
	read_icmp();
	if (twist == 0 && reaches_far(e->addr) && may_be_given(e->addr)) {
		MUST(!mono_before(now, know(e->addr)->proven));
		know(e->addr)->probes = know(e->addr)->held = 0;
	}
}

static void
echo_raw(struct buf *in)
{
	const uint8_t	 len = buf_u8(in);
	struct pending	*p = new_pending(0);

	p->len = len < buf_left(in) ? len : buf_left(in);
	buf_copy(in, p->data, p->len);
	read_icmp();
}

/* Ever new machines, and addresses one after the other. */
static void
flood(struct buf *in)
{
	const uint8_t	 how = buf_u8(in), n = buf_u8(in);
	const uint32_t	 first = pick_addr(in);
	const struct mac dst = { { 255, 255, 255, 255, 255, 255 } };
	struct arp_msg	 m = { .op = ARP_REQUEST };
	uint32_t	 i;

	m.sha.b[0] = 0x52;
	for (i = 0; i < n; i++) {
		m.sha.b[3] = how;
		m.sha.b[4] = (uint8_t)i;
		m.spa = (how & 2) != 0 ? 0 : first + ((how & 4) != 0 ? i : 0);
		m.tpa = (how & 8) != 0 ? first : m.spa;
		if ((m.spa | m.tpa) == 0)
			m.tpa = first + i;
		queue_frame(new_pending(how & 1), dst, m.sha, &m, 0);
	}
	read_frames(how & 1);
}

static void
grant(struct buf *in)
{
	const uint8_t	 how = buf_u8(in);
	struct msg_grant g = { .addr = pick_addr(in) };
	struct known	*k = know(g.addr);

	g.state = how & 3;		/* 3 is none */
	g.mac = pick_mac(in);
	g.expire_us = mono_add_s(now, how & 0xf0).us;
	if ((how & 0x0c) == 0x0c)
		g.expire_us = INT64_MAX;
	deliver(PROC_DHCPD, MSG_GRANT, &g, 1, sizeof(g));
	if (g.state > LEASE_DECLINED || !may_be_given(g.addr))
		return;
	k->lease = g.state == LEASE_FREE ? (mono_t){ 0 } :
	    (mono_t){ g.expire_us };
	k->owner = g.mac;
	if (is_leased(k))
		k->proven = (mono_t){ 0 };
}

/* dhcpd asks only for what it has not given away. */
static void
ask(struct buf *in)
{
	struct msg_addr	want[8];
	size_t		i, n = 1 + buf_u8(in) % nitems(want);

	for (i = 0; i < n; i++) {
		want[i].addr = pick_addr(in);
		know(want[i].addr)->lease = (mono_t){ 0 };
	}
	deliver(PROC_DHCPD, MSG_PROBE, want, n, sizeof(want[0]));
}

static void
look(struct buf *in)
{
	const uint8_t	how = buf_u8(in);
	struct msg_addr	want[8];
	size_t		i, n = 1 + (how >> 1) % nitems(want);

	for (i = 0; i < n; i++)
		want[i].addr = pick_addr(in);
	deliver((how & 1) != 0 ? PROC_TFTPD : PROC_KSD, MSG_LOOK, want, n,
	    sizeof(want[0]));
}

/* All of the table, part by part, or from anywhere. */
static void
table(struct buf *in)
{
	const uint8_t		how = buf_u8(in);
	struct msg_cursor	from = { how < 0xc0 ? 0 : buf_u32(in) };
	size_t			parts = 0;

	rows = 0;
	do {
		told = (struct msg_cursor){ 0 };
		deliver(PROC_STORE, MSG_ARP_ASK, &from, 1, sizeof(from));
		from = told;
		MUST(++parts < 64 && rows <= ROWS_MAX);
	} while (from.next != 0);
}

/* What was asked on a wire that is gone says nothing of the next one. */
static void
forget_questions(void)
{
	struct known	*k;

	for (k = known; k < known + nknown; k++) {
		if (!reaches(0, k->addr) && !reaches(1, k->addr) &&
		    !reaches_far(k->addr))
			k->probes = k->held = 0;
		memset(k->announced, 0, sizeof(k->announced));
	}
}

static void
iface(struct buf *in)
{
	const uint8_t	 how = buf_u8(in);
	struct msg_iface *p = &ifaces[how & 1];

	*p = whole[how & 1];
	if ((how & 2) != 0)
		p->up = 0;
	if ((how & 4) != 0)
		p->index = 0;
	if ((how & 8) != 0)
		p->addr[p->naddrs++] = pick_addr(in) | 1;
	if ((how & 16) != 0) {
		p->mac.b[4] = how;
		other_macs = 1;
	}
	if ((how & 32) != 0)
		p->addr[0] = pick_addr(in) | 1;
	if ((how & 64) != 0)
		p->naddrs = 0;
	arpd.iface(p);
	forget_questions();
}

/* Both sockets of an interface come (1), go (0), or do what they did not. */
static void
socket_set(size_t i, int on)
{
	if (on == sock_open[i])
		return;
	if (sock_open[i]) {
		arpd.sock_down(&socks[i]);
		arpd.sock_down(&socks[IFACES + i]);
		if (i == 0)
			arpd.sock_down(&socks[ICMP]);
	}
	sock_open[i] = !sock_open[i];
	if (sock_open[i]) {
		arpd.sock_up(&socks[i]);
		arpd.sock_up(&socks[IFACES + i]);
		if (i == 0)
			arpd.sock_up(&socks[ICMP]);
	}
}

static void
socket_turn(struct buf *in)
{
	socket_set(buf_u8(in) % IFACES, -1);
	forget_questions();
}

static void
configure(int other)
{
	struct conf	*old = child.conf;
	struct known	*k;

	conflicts = 0;
	child.conf = confs[other];
	arpd.configured(old);
	for (k = known; k < known + nknown; k++)
		if (!may_be_given(k->addr))
			k->lease = (mono_t){ 0 };
}

static void
step(struct buf *in)
{
	static const enum proc	linked[] = {
		PROC_DHCPD, PROC_TFTPD, PROC_KSD, PROC_STORE
	};

	switch ((enum happening)(buf_u8(in) % HAPPENINGS)) {
	case FRAME_MADE:
		frame_made(in);
		break;
	case FRAME_RAW:
		frame_raw(in);
		break;
	case FLOOD:
		flood(in);
		break;
	case TIME_MS:
		pass(buf_u8(in));
		break;
	case TIME_S:
		pass(INT64_C(100) * buf_u8(in));
		break;
	case TIME_JUMP:
		jump(INT64_C(10) * buf_u8(in));
		break;
	case GRANT:
		grant(in);
		break;
	case ASK:
		ask(in);
		break;
	case LOOK:
		look(in);
		break;
	case TABLE:
		table(in);
		break;
	case LINK_UP:
		conflicts = 0;		/* all of them are told anew */
		arpd.link_up(linked[buf_u8(in) % nitems(linked)]);
		break;
	case IFACE:
		iface(in);
		break;
	case CONFIGURE:
		configure(buf_u8(in) & 1);
		break;
	case SEND_FAILS:
		send_fails = buf_u8(in) & 1;
		break;
	case SOCKET:
		socket_turn(in);
		break;
	case ND_MADE:
		nd_made(in);
		break;
	case ND_RAW:
		nd_raw(in);
		break;
	case ECHO_MADE:
		echo_made(in);
		break;
	case ECHO_RAW:
		echo_raw(in);
		break;
	default:
		break;
	}
}

/* Everything is given back, and time heals the rest. */
static void
world_end(void)
{
	size_t	i;

	send_fails = 0;
	for (i = 0; i < nknown; i++) {
		const struct msg_grant g = { .addr = known[i].addr };

		known[i].lease = (mono_t){ 0 };
		deliver(PROC_DHCPD, MSG_GRANT, &g, 1, sizeof(g));
	}
	for (i = 0; i < IFACES; i++)
		socket_set(i, 0);
	configure(0);
	jump(SETTLE_S);
	jump(SETTLE_S);
	MUST(watch.nentries <= ENTRIES_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf	in;
	size_t		i;

	nknown = 0;
	npendings = next_pending = 0;
	lots = 1;
	other_macs = 0;
	nechoes = 0;
	memset(echoes, 0, sizeof(echoes));
	memcpy(ifaces, whole, sizeof(ifaces));
	for (i = 0; i < IFACES; i++)
		socket_set(i, 1);
	deliver(PROC_DHCPD, MSG_GRANT_SYNC, NULL, 0, 0);
	buf_init(&in, data, len);
	for (i = 0; i < STEPS_MAX && buf_left(&in) > 0 &&
	    nknown < nitems(known) - 64; i++)
		step(&in);
	world_end();
	return (0);
}
