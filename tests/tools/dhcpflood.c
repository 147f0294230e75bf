/* SPDX-License-Identifier: ISC */
/*
 * dhcpflood: made-up clients, as many as the wire takes, for tests:
 *
 *	dhcpflood [-r rate] [-s server] [-t seconds] IFACE KIND
 *
 * Sends and never listens; says how many packets it sent.  KINDs are in a
 * table below.  Made-up addresses are of 10.77.1.0/24, and of 10.99.0.0/16
 * behind a relay agent.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define BATCH		64
#define MAGIC		0x63825363
#define POOL		0x0a4d0100U		/* 10.77.1.0 */
#define FAR		0x0a630000U		/* 10.99.0.0 */
#define RELAY		0x0a4d0032U		/* 10.77.0.50 */

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, RELEASE = 7, INFORM };

/* What of a message is made up anew each time. */
#define NEW_MAC		0x001		/* chaddr and the frame's source */
#define NEW_CHADDR	0x002		/* chaddr only */
#define NEW_ID		0x004		/* client id */
#define SAME_ID		0x008
#define CIADDR		0x010		/* of the pool */
#define ASKS		0x020		/* option 50, of the pool */
#define SERVER		0x040		/* option 54 */
#define GIADDR		0x080		/* of a relay agent */
#define NEW_GIADDR	0x100		/* any */
#define NEW_PORT	0x200		/* option 82 */
#define NOISE		0x400
#define REPLY		0x800
#define BOOTS		0x1000		/* options 60 and 93 */
#define PXE_PORT	0x2000		/* to UDP 4011 */

static const struct kind {
	const char	*name;
	uint8_t		 type;		/* 0: BOOTP */
	unsigned int	 how;
} kinds[] = {
	{ "discover",	DISCOVER,	NEW_MAC },
	{ "request",	REQUEST,	NEW_MAC | ASKS | SERVER },
	{ "reboot",	REQUEST,	NEW_MAC | ASKS },
	{ "renew",	REQUEST,	NEW_MAC | CIADDR },
	{ "other",	REQUEST,	NEW_MAC | ASKS | SERVER | NEW_ID },
	{ "bootp",	0,		NEW_MAC },
	{ "inform",	INFORM,		NEW_MAC | CIADDR },
	{ "decline",	DECLINE,	NEW_CHADDR | ASKS | SERVER },
	{ "release",	RELEASE,	NEW_CHADDR | CIADDR },
	{ "same-id",	DISCOVER,	NEW_MAC | SAME_ID },
	{ "same-mac",	DISCOVER,	NEW_ID },
	{ "relayed",	DISCOVER,	NEW_CHADDR | GIADDR | NEW_PORT },
	{ "one-port",	DISCOVER,	NEW_CHADDR | GIADDR },
	{ "giaddr",	DISCOVER,	NEW_CHADDR | NEW_GIADDR | NEW_PORT },
	{ "offer",	OFFER,		NEW_MAC | SERVER | REPLY },
	{ "boot",	DISCOVER,	NEW_MAC | BOOTS },
	{ "pxe",	REQUEST,	NEW_MAC | BOOTS | PXE_PORT | CIADDR },
	{ "noise",	DISCOVER,	NEW_MAC | NOISE },
};

static uint8_t		packets[BATCH][FRAME_HDRLEN + 600];
static struct iovec	iovs[BATCH];
static struct mmsghdr	msgs[BATCH];
static uint32_t		server = 0x0a4d0001U;
static uint64_t		state = UINT64_C(0x9e3779b97f4a7c15);

/* xorshift64: the same flood each time. */
static uint32_t
number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((uint32_t)(state >> 16));
}

static struct mac
make_mac(void)
{
	uint32_t	a = number(), b = number();

	return ((struct mac){ { 0x02, (uint8_t)b, (uint8_t)(a >> 24),
	    (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a } });
}

static void
put_addr(struct wbuf *w, uint8_t code, uint32_t addr)
{
	wbuf_u8(w, code);
	wbuf_u8(w, 4);
	wbuf_u32(w, addr);
}

static void
put_id(struct wbuf *w, uint32_t n)
{
	put_addr(w, 61, n);
}

/* Circuit id and remote id, RFC 3046. */
static void
put_port(struct wbuf *w, uint32_t n)
{
	wbuf_copy(w, (uint8_t []){ 82, 13, 1, 4 }, 4);
	wbuf_u32(w, n);
	wbuf_copy(w, (uint8_t []){ 2, 5, 's', 'w', '-', '0', '1' }, 7);
}

static void
put_options(struct wbuf *w, const struct kind *k)
{
	wbuf_u32(w, MAGIC);
	if (k->type != 0)
		wbuf_copy(w, (uint8_t []){ 53, 1, k->type }, 3);
	if (k->how & ASKS)
		put_addr(w, 50, POOL + number() % 256);
	if (k->how & SERVER)
		put_addr(w, 54, strcmp(k->name, "other") == 0 ||
		    (k->how & REPLY) ? 0x0a4d0000U + number() % 65536 :
		    server);
	if (k->how & NEW_ID)
		put_id(w, number());
	if (k->how & SAME_ID)
		put_id(w, 7);
	if (k->how & BOOTS) {
		wbuf_copy(w, (uint8_t []){ 93, 2, 0, 7, 60, 20 }, 6);
		wbuf_str(w, "PXEClient:Arch:00007");
	}
	if (k->how & NEW_PORT)
		put_port(w, number());
	else if (k->how & GIADDR)
		put_port(w, 1);
	wbuf_u8(w, 255);
}

static void
put_message(struct wbuf *w, const struct kind *k, struct mac mac)
{
	wbuf_u32(w, k->how & REPLY ? 0x02010600 : 0x01010600);
	wbuf_u32(w, number());
	wbuf_u32(w, 0);				/* secs, flags */
	wbuf_u32(w, k->how & CIADDR ? POOL + number() % 256 : 0);
	wbuf_zero(w, 8);
	wbuf_u32(w, k->how & NEW_GIADDR ? number() : k->how & GIADDR ?
	    FAR + 1 : 0);
	wbuf_copy(w, mac.b, sizeof(mac.b));
	wbuf_zero(w, 10 + 64 + 128);
	put_options(w, k);
	if (w->len < 300)
		wbuf_zero(w, 300 - w->len);
}

static void
packet_make(unsigned int i, const struct kind *k)
{
	const struct mac	us = { { 2, 0, 0, 0, 0xf1, 0x00 } };
	struct frame		f = { .dst = UINT32_MAX, .sport = 68,
				    .dport = 67, .src_mac = us };
	struct mac		mac = us;
	struct wbuf		msg, frame;
	uint8_t			space[600];
	size_t			at;

	if (k->how & (NEW_MAC | NEW_CHADDR))
		mac = make_mac();
	if (k->how & NEW_MAC)
		f.src_mac = mac;
	if (k->how & (GIADDR | NEW_GIADDR)) {
		f.src = RELAY;
		f.dst = server;
		f.sport = 67;
	}
	if (k->how & PXE_PORT) {
		f.src = POOL + number() % 256;
		f.dst = server;
		f.dport = 4011;
	}
	if (k->how & REPLY) {
		f.src = POOL + number() % 256;
		f.sport = 67;
		f.dport = 68;
	}
	memset(f.dst_mac.b, 0xff, sizeof(f.dst_mac.b));
	wbuf_init(&msg, space, sizeof(space));
	put_message(&msg, k, mac);
	for (at = 0; (k->how & NOISE) && at < 8; at++)
		space[number() % msg.len] = (uint8_t)number();
	wbuf_init(&frame, packets[i], sizeof(packets[i]));
	frame_build(&frame, &f, msg.data, msg.len);
	wbuf_copy(&frame, msg.data, msg.len);
	if (msg.err || frame.err)
		errx(1, "a packet does not fit");
	iovs[i] = (struct iovec){ packets[i], frame.len };
	msgs[i].msg_hdr.msg_iov = &iovs[i];
	msgs[i].msg_hdr.msg_iovlen = 1;
}

static int
open_socket(const char *ifname)
{
	struct sockaddr_ll	sll = { .sll_family = AF_PACKET };
	int			fd;

	if ((sll.sll_ifindex = (int)if_nametoindex(ifname)) == 0)
		err(1, "%s", ifname);
	/* Protocol 0: nothing is received. */
	if ((fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	if (bind(fd, (const struct sockaddr *)(const void *)&sll,
	    sizeof(sll)) == -1)
		err(1, "bind");
	return (fd);
}

static uint64_t
flood(int fd, const struct kind *k, int64_t rate, int64_t seconds)
{
	mono_t		begin = clock_now(), now = begin;
	uint64_t	sent = 0;
	unsigned int	i;
	int		n;

	while (mono_before(now, mono_add_s(begin, seconds))) {
		now = clock_now();
		if ((int64_t)sent * 1000 > mono_diff_ms(now, begin) * rate) {
			(void)nanosleep(&(struct timespec){ 0, 200000 }, NULL);
			continue;
		}
		for (i = 0; i < BATCH; i++)
			packet_make(i, k);
		n = sendmmsg(fd, msgs, BATCH, 0);
		if (n == -1 && errno != ENOBUFS && errno != EAGAIN)
			err(1, "sendmmsg");
		if (n > 0)
			sent += (uint64_t)n;
	}
	return (sent);
}

static int64_t
number_of(const char *text)
{
	char	*end;
	long	 n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < 1 || n > 10000000)
		errx(2, "%s: not a number from 1 to 10,000,000", text);
	return (n);
}

int
main(int argc, char **argv)
{
	const struct kind	*k;
	int64_t			 rate = 100000, seconds = 3;
	uint64_t		 sent;
	int			 c;

	while ((c = getopt(argc, argv, "r:s:t:")) != -1)
		if (c == 'r')
			rate = number_of(optarg);
		else if (c == 't')
			seconds = number_of(optarg);
		else if (c != 's' || addr_parse(optarg, &server) == -1)
			optind = argc;
	if (argc - optind != 2)
		errx(2, "usage: dhcpflood [-r rate] [-s server] [-t seconds] "
		    "interface kind");
	for (k = kinds; k < kinds + nitems(kinds); k++)
		if (strcmp(k->name, argv[optind + 1]) == 0)
			break;
	if (k == kinds + nitems(kinds))
		errx(2, "%s: no such flood", argv[optind + 1]);
	sent = flood(open_socket(argv[optind]), k, rate, seconds);
	printf("%llu packets, %llu a second\n", (unsigned long long)sent,
	    (unsigned long long)sent / (unsigned long long)seconds);
	return (0);
}
