/* SPDX-License-Identifier: ISC */
/*
 * arp_said.h: what arpd sends, and says to its siblings, held against what an
 * outsider knows of each address.  It stands in one file with arp_fuzz.c.
 */
#ifndef ARP_SAID_H
#define ARP_SAID_H

#include "arp_world.h"

static void
count_in_second(unsigned int *what, unsigned int max)
{
	if (mono_diff_us(now, second) >= 1000000) {
		second = now;
		frames = events = conflicts = stands = lines = 0;
	}
	MUST(++*what <= max);
}

/* RFC 5227 2.3, 2.4: two at first, later one in ten seconds. */
static void
look_at_announcement(const struct msg_iface *iface, uint32_t addr)
{
	struct known	*k = know(addr);
	size_t		 i;

	MUST(is_ours(iface, addr));
	MUST(k->announced[0].us == 0 ||
	    mono_diff_ms(now, k->announced[0]) >= 10000);
	for (i = 0; i + 1 < nitems(k->announced); i++)
		k->announced[i] = k->announced[i + 1];
	k->announced[i] = now;
}

static void
look_at_probe(const struct msg_iface *iface, uint32_t addr)
{
	struct known	*k = know(addr);

	MUST(reaches((size_t)(iface - ifaces), addr));
	k->asked = now;
	k->probes++;
}

/* Every octet: a question to all, as ourselves or as nobody. */
static void
look_at_arp(const struct msg_iface *iface, struct buf *in)
{
	struct mac	dst, src;
	struct arp_msg	m;

	MUST(buf_left(in) == ARP_FRAME_LEN);
	buf_copy(in, dst.b, sizeof(dst.b));
	buf_copy(in, src.b, sizeof(src.b));
	MUST(memcmp(dst.b, "\377\377\377\377\377\377", 6) == 0);
	MUST(buf_u16(in) == ETHERTYPE_ARP);
	MUST(buf_u16(in) == 1 && buf_u16(in) == ETHERTYPE_IP);
	MUST(buf_u8(in) == 6 && buf_u8(in) == 4);
	MUST(buf_u16(in) == ARP_REQUEST);
	buf_copy(in, m.sha.b, sizeof(m.sha.b));
	m.spa = buf_u32(in);
	buf_copy(in, m.tha.b, sizeof(m.tha.b));
	m.tpa = buf_u32(in);
	MUST(mac_equal(src, iface->mac) && mac_equal(m.sha, iface->mac));
	MUST(memcmp(m.tha.b, "\0\0\0\0\0\0", 6) == 0);
	while (buf_left(in) > 0)
		MUST(buf_u8(in) == 0);
	if (m.spa == 0)
		look_at_probe(iface, m.tpa);
	else if (m.spa == m.tpa)
		look_at_announcement(iface, m.tpa);
	else
		MUST(is_ours(iface, m.spa) &&
		    reaches((size_t)(iface - ifaces), m.tpa));
}

/* "Is there a router?", or "we are none": nothing else is ever said. */
static void
look_at_nd(const struct msg_iface *iface, struct buf *in)
{
	struct mac	dst, src;
	size_t		left;
	uint8_t		type;

	MUST(buf_left(in) <= ROUTER_FRAME_LEN);
	buf_copy(in, dst.b, sizeof(dst.b));
	buf_copy(in, src.b, sizeof(src.b));
	MUST(mac_equal(src, iface->mac) && !mac_equal(dst, iface->mac));
	MUST(buf_u16(in) == ETHERTYPE_IPV6 && buf_u32(in) == 6U << 28);
	left = buf_u16(in);
	MUST(left == buf_left(in) - 34);
	MUST(buf_u8(in) == 58 && buf_u8(in) == 255);
	buf_skip(in, 32);
	type = buf_u8(in);
	MUST(buf_u8(in) == 0);
	buf_skip(in, 2);
	MUST(type == 133 || type == 134);
	MUST((type == 133) == (dst.b[0] == 0x33));
	while (buf_left(in) > 0)
		MUST(buf_u8(in) == 0);
	MUST(!in->err);
}

ssize_t
__wrap_send(int fd, const void *data, size_t len, int flags)
{
	const size_t	 n = (size_t)(fd - FD_FIRST);
	struct buf	 in;

	(void)flags;
	if (fd == log_fd) {
		count_in_second(&lines, LINES_MAX);
		return ((ssize_t)len);
	}
	MUST(n < ICMP && sock_open[n % IFACES]);
	if (n < IFACES)
		MUST(ifaces[n].index != 0 && ifaces[n].up);
	buf_init(&in, data, len);
	if (send_fails) {
		errno = ENOBUFS;
		return (-1);
	}
	count_in_second(&frames, FRAMES_MAX);
	if (n < IFACES)
		look_at_arp(&ifaces[n], &in);
	else
		look_at_nd(&ifaces[n % IFACES], &in);
	return ((ssize_t)len);
}

/* An echo request: for nobody but those behind relays. */
ssize_t
__wrap_sendto(int fd, const void *data, size_t len, int flags,
    const struct sockaddr *to, socklen_t tolen)
{
	const struct sockaddr_in	*sin = (const void *)to;
	struct known			*k = know(ntohl(sin->sin_addr.s_addr));
	struct echo			*e = &echoes[nechoes++ % ECHOES];
	const uint8_t			*octet = data;

	(void)flags;
	MUST(fd == FD_FIRST + ICMP && tolen == sizeof(*sin) &&
	    sin->sin_family == AF_INET && sock_open[0]);
	MUST(len <= sizeof(e->data) && len >= 8 && octet[0] == 8);
	MUST(csum_fold(csum_add(0, data, len)) == 0);
	MUST(reaches_far(k->addr) && !is_leased(k));
	if (send_fails) {
		errno = EHOSTUNREACH;
		return (-1);
	}
	count_in_second(&frames, FRAMES_MAX);
	e->addr = k->addr;
	e->len = len;
	memcpy(e->data, data, len);
	k->asked = now;
	k->probes++;
	return ((ssize_t)len);
}

/* Only what was asked since it was last claimed, and after some silence. */
static void
look_at_proof(const struct msg_proof *p)
{
	struct known	*k = know(p->addr);
	const mono_t	 until = { p->until_us };

	if (!mono_before(now, until)) {
		k->proven = (mono_t){ 0 };
		k->held = 0;
		return;
	}
	MUST(reaches(0, p->addr) || reaches(1, p->addr) ||
	    reaches_far(p->addr));
	MUST(!is_leased(k));
	MUST(mono_diff_us(until, now) <= INT64_C(2) * 3600 * 1000000);
	MUST(k->probes > 0);
	MUST(k->held || mono_diff_ms(now, k->asked) >= 50);
	k->held = 1;
	k->proven = until;
}

static void
look_at_conflict(const struct msg_conflict *c)
{
	const struct mac	nobody = { { 0 } };
	size_t			i;

	count_in_second(&conflicts, CONFLICTS_MAX);
	/* Behind a relay nobody's is known. */
	MUST(mac_is_unicast(c->mac) || (mac_equal(c->mac, nobody) &&
	    reaches_far(c->addr)));
	/* It may be ours by now, if that changes. */
	for (i = 0; i < IFACES; i++)
		MUST(other_macs || !mac_equal(c->mac, ifaces[i].mac));
	know(c->addr)->proven = (mono_t){ 0 };
}

static void
look_at_stand(const struct msg_stand *st)
{
	const struct mac	nobody = { { 0 } };

	count_in_second(&stands, STANDS_MAX);
	MUST(st->stand < STAND_MAX);
	MUST((st->stand == STAND_OTHER) == !mac_equal(st->other, nobody));
	MUST(st->stand != STAND_OTHER || !mac_equal(st->other, st->owner));
}

static struct msg_cursor	told;		/* where the table goes on */
static size_t			rows;		/* of it */

static void
look_at_row(const struct ctl_arp *row)
{
	MUST(MSG_STRING_OK(row->ifname) && MSG_STRING_OK(row->host));
	MUST(row->addr != 0 && row->stand < STAND_MAX);
	MUST(row->last_s >= -1 && row->first_s >= 0);
	MUST(row->last_s == -1 || row->first_s >= row->last_s);
	rows++;
}

int
__wrap_proc_send(enum proc to, enum msg_type type, uint32_t id, int fd,
    const void *data, size_t len)
{
	const struct msg_proof		*p = data;
	const struct msg_conflict	*c = data;
	const struct msg_stand		*st = data;
	const struct ctl_arp		*row = data;
	size_t				 i;

	(void)id;
	MUST(msg_allowed(type, PROC_ARPD, to));
	MUST(fd == -1 && len + sizeof(struct imsg_hdr) <= MSG_SIZE);
	if (type == MSG_PROVEN)
		for (i = 0; i < len / sizeof(*p); i++)
			look_at_proof(&p[i]);
	if (type == MSG_CONFLICT && to == PROC_DHCPD)
		for (i = 0; i < len / sizeof(*c); i++)
			look_at_conflict(&c[i]);
	if (type == MSG_STAND)
		for (i = 0; i < len / sizeof(*st); i++)
			look_at_stand(&st[i]);
	if (type == MSG_ARP)
		for (i = 0; i < len / sizeof(*row); i++)
			look_at_row(&row[i]);
	if (type == MSG_ARP_END)
		memcpy(&told, data, sizeof(told));
	return (0);
}

int
__wrap_proc_send_many(enum proc to, enum msg_type type, uint32_t id,
    const void *data, size_t size, size_t count)
{
	const size_t	 fits = (MSG_SIZE - sizeof(struct imsg_hdr)) / size;
	const uint8_t	*rows = data;
	size_t		 n;

	for (; count > 0; count -= n, rows += n * size) {
		n = count < fits ? count : fits;
		(void)__wrap_proc_send(to, type, id, -1, rows, n * size);
	}
	return (0);
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
	count_in_second(&events, EVENTS_MAX);
}

#endif
