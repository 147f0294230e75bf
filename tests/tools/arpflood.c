/* SPDX-License-Identifier: ISC */
/*
 * arpflood: ARP frames of made-up machines, as many as the wire takes:
 *
 *	arpflood [-a first] [-n addresses] [-o own] [-r rate] [-t seconds]
 *	    IFACE KIND
 *
 * Sends and never listens; says how many frames it sent.  KINDs are in a
 * table below.  The addresses are of -a and -n (default: 10.77.1.0, 65536);
 * "own" claims are of -o (default: 10.77.0.1).
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

#include "arpd/arpd.h"

#define BATCH		64
#define ROOM		128
#define TAG		0x8100

enum what {
	CLAIM,		/* "this is mine" */
	PROBE,		/* "is this free?" */
	REPLY,
	ASK,		/* for one, from another */
	OWN,		/* claims of the server's address */
	OUTSIDE,	/* claims of addresses of nobody */
	BROKEN,		/* fields that no ARP for IPv4 has */
	SHORT,		/* not all of it */
	NOISE		/* any octets */
};

static const struct kind {
	const char	*name;
	enum what	 what;
	int		 tag;		/* -1: none; else the VLAN */
	int		 same_mac;
} kinds[] = {
	{ "claim",	CLAIM,		-1,	0 },
	{ "one-mac",	CLAIM,		-1,	1 },
	{ "probe",	PROBE,		-1,	0 },
	{ "reply",	REPLY,		-1,	0 },
	{ "ask",	ASK,		-1,	0 },
	{ "own",	OWN,		-1,	0 },
	{ "outside",	OUTSIDE,	-1,	0 },
	{ "broken",	BROKEN,		-1,	0 },
	{ "short",	SHORT,		-1,	0 },
	{ "noise",	NOISE,		-1,	0 },
	{ "priority",	CLAIM,		0,	0 },
	{ "vlan",	CLAIM,		7,	0 },
};

static uint8_t		frames[BATCH][ROOM];
static struct iovec	iovs[BATCH];
static struct mmsghdr	msgs[BATCH];
static uint32_t		first = 0x0a4d0100U, naddrs = 65536;
static uint32_t		own = 0x0a4d0001U;
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
make_mac(const struct kind *k)
{
	const uint32_t	a = k->same_mac ? 1 : number();

	return ((struct mac){ { 0x02, 0xf1, (uint8_t)(a >> 24),
	    (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a } });
}

static void
put_head(struct wbuf *w, const struct kind *k, struct mac mac)
{
	const int	broken = k->what == BROKEN ? (int)(number() % 5) : -1;

	wbuf_copy(w, "\377\377\377\377\377\377", 6);
	wbuf_copy(w, mac.b, sizeof(mac.b));
	if (k->tag >= 0) {
		wbuf_u16(w, TAG);
		wbuf_u16(w, (uint16_t)k->tag);
	}
	wbuf_u16(w, ETH_P_ARP);
	wbuf_u16(w, broken == 0 ? 6 : 1);
	wbuf_u16(w, broken == 1 ? ETH_P_IPV6 : ETH_P_IP);
	wbuf_u8(w, broken == 2 ? 255 : 6);
	wbuf_u8(w, broken == 3 ? 16 : 4);
	wbuf_u16(w, broken == 4 ? (uint16_t)(3 + number() % 65000) :
	    k->what == REPLY ? ARP_REPLY : ARP_REQUEST);
}

static void
put_body(struct wbuf *w, const struct kind *k, struct mac mac)
{
	uint32_t	spa = first + number() % naddrs, tpa = spa;

	if (k->what == OWN)
		spa = tpa = own;
	else if (k->what == OUTSIDE)
		spa = tpa = number();
	else if (k->what == PROBE)
		spa = 0;
	else if (k->what == ASK)
		tpa = first + number() % naddrs;
	wbuf_copy(w, mac.b, sizeof(mac.b));
	wbuf_u32(w, spa);
	wbuf_zero(w, sizeof(mac.b));
	wbuf_u32(w, tpa);
	if (k->what == SHORT)
		w->len = ETH_HLEN + number() % 28;
	else if (w->len < ARP_FRAME_LEN)
		wbuf_zero(w, ARP_FRAME_LEN - w->len);
}

static void
frame_make(unsigned int i, const struct kind *k)
{
	const struct mac	mac = make_mac(k);
	struct wbuf		w;

	wbuf_init(&w, frames[i], ROOM);
	put_head(&w, k, mac);
	if (k->what == NOISE)
		while (w.len < ARP_FRAME_LEN + number() % 32)
			wbuf_u8(&w, (uint8_t)number());
	else
		put_body(&w, k, mac);
	if (w.err)
		errx(1, "a frame does not fit");
	iovs[i] = (struct iovec){ frames[i], w.len };
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

/* A link that is down for a moment is part of some tests. */
static int
may_pass(int error)
{
	return (error == ENOBUFS || error == EAGAIN || error == ENETDOWN);
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
			frame_make(i, k);
		n = sendmmsg(fd, msgs, BATCH, 0);
		if (n == -1 && !may_pass(errno))
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
main(int argc, char *argv[])
{
	const struct kind	*k;
	int64_t			 rate = 100000, seconds = 3;
	uint64_t		 sent;
	int			 c;

	while ((c = getopt(argc, argv, "a:n:o:r:t:")) != -1)
		if (c == 'r')
			rate = number_of(optarg);
		else if (c == 't')
			seconds = number_of(optarg);
		else if (c == 'n')
			naddrs = (uint32_t)number_of(optarg);
		else if ((c != 'a' || addr_parse(optarg, &first) == -1) &&
		    (c != 'o' || addr_parse(optarg, &own) == -1))
			optind = argc;
	if (argc - optind != 2)
		errx(2, "usage: arpflood [-a first] [-n addresses] [-o own] "
		    "[-r rate] [-t seconds] interface kind");
	for (k = kinds; k < kinds + nitems(kinds); k++)
		if (strcmp(k->name, argv[optind + 1]) == 0)
			break;
	if (k == kinds + nitems(kinds))
		errx(2, "%s: no such flood", argv[optind + 1]);
	sent = flood(open_socket(argv[optind]), k, rate, seconds);
	printf("%llu frames, %llu a second\n", (unsigned long long)sent,
	    (unsigned long long)sent / (unsigned long long)seconds);
	return (0);
}
