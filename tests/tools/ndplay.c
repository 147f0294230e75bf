/* SPDX-License-Identifier: ISC */
/*
 * ndplay: other machines on the network, as far as IPv6 routers go.
 *
 *	ndplay IFACE listen MILLISECONDS	print what is for and from routers
 *	ndplay IFACE solicit MAC COUNT		look for one
 *	ndplay IFACE nobody MAC COUNT		the same, from "::"
 *	ndplay IFACE broken MAC COUNT		in all ways that are not valid
 *	ndplay IFACE flood COUNT		as ever new machines
 *	ndplay IFACE advertise MAC SECONDS [OPTION UNITS]	be one
 */
#include <sys/socket.h>

#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arpd/arpd.h"

#define ICMP		54		/* where ICMPv6 begins */
#define FRAME_MAX	512

static int
play_open(const char *ifname)
{
	struct sockaddr_ll	sll = { .sll_family = AF_PACKET };
	struct packet_mreq	all = { .mr_type = PACKET_MR_ALLMULTI };
	int			fd;

	sll.sll_protocol = htons(ETH_P_IPV6);
	sll.sll_ifindex = (int)if_nametoindex(ifname);
	all.mr_ifindex = sll.sll_ifindex;
	if (sll.sll_ifindex == 0)
		err(1, "%s", ifname);
	if ((fd = socket(AF_PACKET, SOCK_RAW, 0)) == -1 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
	    sizeof(all)) == -1 ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		err(1, "packet socket on %s", ifname);
	return (fd);
}

static void
play_mac(const uint8_t *at, char text[MAC_STRLEN])
{
	struct mac	mac;

	memcpy(mac.b, at, sizeof(mac.b));
	(void)mac_str(mac, text);
}

/*
 * One line: ms since the start, what, from where, to where (both as Ethernet
 * and IPv6 address), all from the flags on as hex digits.
 */
static void
play_print(const uint8_t *data, size_t len, int64_t ms)
{
	char		from[MAC_STRLEN], to[MAC_STRLEN];
	char		src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char		rest[2 * FRAME_MAX + 1];

	if (len < ICMP + 8 || data[20] != 58 ||
	    (data[ICMP] != ROUTER_SOLICIT && data[ICMP] != ROUTER_ADVERT))
		return;
	play_mac(data + 6, from);
	play_mac(data, to);
	(void)inet_ntop(AF_INET6, data + 22, src, sizeof(src));
	(void)inet_ntop(AF_INET6, data + 38, dst, sizeof(dst));
	hex_encode(data + ICMP + 4, len - ICMP - 4, rest);
	printf("%lld %s %s %s %s %s %d %s\n", (long long)ms,
	    data[ICMP] == ROUTER_SOLICIT ? "solicit" : "advert", from, src,
	    to, dst, data[21], rest);
}

static void
play_listen(int fd, int64_t ms)
{
	const mono_t	start = clock_now();
	struct pollfd	pfd = { .fd = fd, .events = POLLIN };
	uint8_t		data[FRAME_MAX];
	int64_t		left;
	ssize_t		n;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	printf("listening\n");
	while ((left = ms - mono_diff_ms(clock_now(), start)) > 0) {
		if (poll(&pfd, 1, (int)left) <= 0)
			continue;
		if ((n = recv(fd, data, sizeof(data), 0)) == -1) {
			if (errno == ENETDOWN)
				continue;
			err(1, "recv");
		}
		play_print(data, (size_t)n, mono_diff_ms(clock_now(), start));
	}
}

/* Put the checksum in and send. */
static void
play_send(int fd, uint8_t *frame, size_t len)
{
	uint32_t	sum;
	uint16_t	csum;

	frame[ICMP + 2] = frame[ICMP + 3] = 0;
	sum = csum_add((uint32_t)(len - ICMP) + 58, frame + 22, 32);
	csum = csum_fold(csum_add(sum, frame + ICMP, len - ICMP));
	frame[ICMP + 2] = (uint8_t)(csum >> 8);
	frame[ICMP + 3] = (uint8_t)csum;
	while (send(fd, frame, len, 0) == -1)
		if (errno != ENOBUFS && errno != EINTR)
			err(1, "send");
}

/* To all routers or all nodes, from the link-local address of the MAC. */
static void
play_header(uint8_t frame[FRAME_MAX], struct mac mac, uint8_t group,
    uint8_t type, size_t len)
{
	memset(frame, 0, FRAME_MAX);
	frame[0] = frame[1] = 0x33;
	frame[5] = group;
	memcpy(frame + 6, mac.b, sizeof(mac.b));
	frame[12] = 0x86;
	frame[13] = 0xdd;
	frame[14] = 0x60;
	frame[19] = (uint8_t)len;
	frame[20] = 58;
	frame[21] = 255;
	frame[22] = 0xfe;
	frame[23] = 0x80;
	memcpy(frame + 30, mac.b, 3);
	frame[30] ^= 2;
	frame[33] = 0xff;
	frame[34] = 0xfe;
	memcpy(frame + 35, mac.b + 3, 3);
	frame[38] = 0xff;
	frame[39] = 0x02;
	frame[53] = group;
	frame[ICMP] = type;
}

/* With the source's Ethernet address as an option; returns the length. */
static size_t
play_solicitation(uint8_t frame[FRAME_MAX], struct mac mac)
{
	play_header(frame, mac, 2, ROUTER_SOLICIT, 16);
	frame[ICMP + 8] = 1;
	frame[ICMP + 9] = 1;
	memcpy(frame + ICMP + 10, mac.b, sizeof(mac.b));
	return (ICMP + 16);
}

static void
play_solicit(int fd, struct mac mac, int nobody)
{
	uint8_t	frame[FRAME_MAX];
	size_t	len = play_solicitation(frame, mac);

	if (nobody) {
		memset(frame + 22, 0, 16);
		frame[19] = 8;
		len = ICMP + 8;
	}
	play_send(fd, frame, len);
}

/* What RFC 4861 6.1.1 has a router drop, as far as bridges pass it on. */
static void
play_broken(int fd, struct mac mac)
{
	static const struct {
		size_t	off;
		uint8_t	value;
	} changes[] = {
		{ 19, 7 },		/* length */
		{ 21, 254 },		/* hop limit */
		{ 22, 0xff },		/* source is a group */
		{ ICMP + 1, 1 },	/* code */
		{ ICMP + 9, 0 },	/* an option of no length */
		{ ICMP + 9, 2 },	/* an option too long */
	};
	uint8_t		frame[FRAME_MAX];
	size_t		i, len;

	for (i = 0; i < nitems(changes); i++) {
		len = play_solicitation(frame, mac);
		frame[changes[i].off] = changes[i].value;
		play_send(fd, frame, len);
	}
	/* Nobody with an address; then a wrong checksum. */
	len = play_solicitation(frame, mac);
	memset(frame + 22, 0, 16);
	play_send(fd, frame, len);
	len = play_solicitation(frame, mac);
	if (send(fd, frame, len, 0) == -1)
		err(1, "send");
}

static void
play_advertise(int fd, struct mac mac, long seconds, int option, int units)
{
	uint8_t	frame[FRAME_MAX];
	size_t	len = 16 + (size_t)units * 8;

	play_header(frame, mac, 1, ROUTER_ADVERT, len);
	frame[ICMP + 6] = (uint8_t)(seconds >> 8);
	frame[ICMP + 7] = (uint8_t)seconds;
	frame[ICMP + 16] = (uint8_t)option;
	frame[ICMP + 17] = (uint8_t)units;
	play_send(fd, frame, ICMP + len);
}

int
main(int argc, char *argv[])
{
	struct mac	mac = { { 2, 0xf6 } };
	int		fd, i, flood, count;

	if (argc < 4)
		errx(2, "usage: ndplay IFACE listen|solicit|advertise ...");
	fd = play_open(argv[1]);
	if (strcmp(argv[2], "listen") == 0) {
		play_listen(fd, atoi(argv[3]));
		return (0);
	}
	flood = strcmp(argv[2], "flood") == 0;
	if (!flood && mac_parse(argv[3], &mac) == -1)
		errx(2, "%s: not a MAC", argv[3]);
	if (strcmp(argv[2], "advertise") == 0 && (argc == 5 || argc == 7)) {
		play_advertise(fd, mac, atol(argv[4]),
		    argc == 7 ? atoi(argv[5]) : 0,
		    argc == 7 ? atoi(argv[6]) & 31 : 0);
		return (0);
	}
	count = atoi(argv[argc - 1]);
	for (i = 0; i < count; i++) {
		if (flood) {
			mac.b[3] = (uint8_t)(i >> 16);
			mac.b[4] = (uint8_t)(i >> 8);
			mac.b[5] = (uint8_t)i;
		}
		if (strcmp(argv[2], "broken") == 0)
			play_broken(fd, mac);
		else
			play_solicit(fd, mac, strcmp(argv[2], "nobody") == 0);
	}
	return (0);
}
