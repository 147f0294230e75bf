/* SPDX-License-Identifier: ISC */
/*
 * arpplay: other machines on the network, as far as ARP goes.
 *
 *	arpplay IFACE listen MILLISECONDS	print every ARP frame
 *	arpplay IFACE record MILLISECONDS	print all of every ARP frame
 *	arpplay IFACE claim ADDRESS MAC COUNT	announce it
 *	arpplay IFACE probe ADDRESS MAC COUNT	ask whether it is free
 *	arpplay IFACE ask ADDRESS MAC COUNT SENDER	as the kernel asks
 *	arpplay IFACE forge ADDRESS MAC COUNT SOURCE	claim it in the frame
 *						of another machine
 *	arpplay IFACE flood ADDRESS COUNT	claims of this and following
 *						addresses by ever new machines
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
#include <unistd.h>

#include "arpd/arpd.h"

/* Only who takes all protocols is shown what the machine itself sends. */
static struct mac	play_source;	/* of forged frames */

static int
play_open(const char *ifname, int protocol)
{
	struct sockaddr_ll	sll = { .sll_family = AF_PACKET };
	int			fd;

	sll.sll_protocol = htons((uint16_t)protocol);
	sll.sll_ifindex = (int)if_nametoindex(ifname);
	if (sll.sll_ifindex == 0)
		err(1, "%s", ifname);
	if ((fd = socket(AF_PACKET, SOCK_RAW, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		err(1, "packet socket on %s", ifname);
	return (fd);
}

/* One line: ms since the start, what, sender's addresses, target, length. */
static void
play_print(const uint8_t *data, size_t len, int64_t ms)
{
	char		sha[MAC_STRLEN], spa[ADDR_STRLEN], tpa[ADDR_STRLEN];
	struct arp_msg	msg;
	struct buf	in;

	buf_init(&in, data, len);
	if (arp_parse(&in, &msg) == -1) {
		printf("%lld malformed\n", (long long)ms);
		return;
	}
	printf("%lld %s %s %s %s %zu\n", (long long)ms,
	    msg.op == ARP_REPLY ? "reply" : msg.spa == 0 ? "probe" :
	    msg.spa == msg.tpa ? "announce" : "request",
	    mac_str(msg.sha, sha), addr_str(msg.spa, spa),
	    addr_str(msg.tpa, tpa), len);
}

static const char *
play_mac(struct buf *in, char text[MAC_STRLEN])
{
	struct mac	mac = { { 0 } };

	buf_copy(in, mac.b, sizeof(mac.b));
	return (mac_str(mac, text));
}

static const char *
play_addr(struct buf *in, char text[ADDR_STRLEN])
{
	return (addr_str(buf_u32(in), text));
}

/*
 * One line, whatever it is: ms since the machine's start, then as on the wire:
 * Ethernet's destination, source and type, hardware and protocol and their
 * lengths, operation, sender's and target's addresses; padding; length.
 */
static void
play_record(const uint8_t *data, size_t len, int64_t ms)
{
	char		mac[MAC_STRLEN], addr[ADDR_STRLEN];
	int		padding = 0;
	struct buf	in;

	buf_init(&in, data, len);
	buf_skip(&in, 2 * sizeof(struct mac));
	if (buf_u16(&in) != ETHERTYPE_ARP)
		return;
	buf_init(&in, data, len);
	printf("%lld", (long long)ms);
	printf(" %s", play_mac(&in, mac));
	printf(" %s", play_mac(&in, mac));
	printf(" %04x", (unsigned int)buf_u16(&in));
	printf(" %u", (unsigned int)buf_u16(&in));
	printf(" %04x", (unsigned int)buf_u16(&in));
	printf(" %u", (unsigned int)buf_u8(&in));
	printf(" %u", (unsigned int)buf_u8(&in));
	printf(" %u", (unsigned int)buf_u16(&in));
	printf(" %s", play_mac(&in, mac));
	printf(" %s", play_addr(&in, addr));
	printf(" %s", play_mac(&in, mac));
	printf(" %s", play_addr(&in, addr));
	while (buf_left(&in) > 0)
		padding |= buf_u8(&in);
	printf(" %s %zu\n", in.err ? "short" : padding != 0 ? "nonzero" :
	    "zero", len);
}

static void
play_listen(int fd, int64_t ms, int all)
{
	const mono_t	start = clock_now();
	const mono_t	zero = all ? (mono_t){ 0 } : start;
	void		(*print)(const uint8_t *, size_t, int64_t) =
			    all ? play_record : play_print;
	struct pollfd	pfd = { .fd = fd, .events = POLLIN };
	uint8_t		data[256];
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
		print(data, (size_t)n, mono_diff_ms(clock_now(), zero));
	}
}

static void
play_send(int fd, const char *what, uint32_t addr, struct mac mac,
    uint32_t from)
{
	uint8_t		data[ARP_FRAME_LEN];
	struct wbuf	out;

	wbuf_init(&out, data, sizeof(data));
	if (strcmp(what, "probe") == 0)
		arp_build_probe(&out, mac, addr);
	else if (strcmp(what, "ask") == 0)
		arp_build_request(&out, mac, from, addr);
	else
		arp_build_announce(&out, mac, addr);
	if (strcmp(what, "forge") == 0)
		memcpy(&data[6], play_source.b, sizeof(play_source.b));
	while (send(fd, data, out.len, 0) == -1)
		if (errno != ENOBUFS && errno != EINTR)
			err(1, "send");
}

static void
play_flood(int fd, uint32_t addr, uint32_t count)
{
	struct mac	mac = { { 2, 0xf1 } };
	uint32_t	i;

	for (i = 0; i < count; i++) {
		mac.b[3] = (uint8_t)(i >> 16);
		mac.b[4] = (uint8_t)(i >> 8);
		mac.b[5] = (uint8_t)i;
		play_send(fd, "claim", addr + i % 65536, mac, 0);
	}
}

int
main(int argc, char *argv[])
{
	struct mac	mac;
	uint32_t	addr, from = 0;
	int		fd, i, ask, forge;

	if (argc < 4)
		errx(2, "usage: arpplay IFACE listen|record|claim|probe|ask|"
		    "flood ...");
	fd = play_open(argv[1], strcmp(argv[2], "record") == 0 ? ETH_P_ALL :
	    ETH_P_ARP);
	if (strcmp(argv[2], "listen") == 0 || strcmp(argv[2], "record") == 0) {
		play_listen(fd, atoi(argv[3]), *argv[2] == 'r');
		return (0);
	}
	if (argc < 5 || addr_parse(argv[3], &addr) == -1)
		errx(2, "%s: an address and more, please", argv[2]);
	if (strcmp(argv[2], "flood") == 0) {
		play_flood(fd, addr, (uint32_t)atoi(argv[4]));
		return (0);
	}
	ask = strcmp(argv[2], "ask") == 0;
	forge = strcmp(argv[2], "forge") == 0;
	if (argc != 6 + ask + forge || mac_parse(argv[4], &mac) == -1 ||
	    (ask && addr_parse(argv[6], &from) == -1) ||
	    (forge && mac_parse(argv[6], &play_source) == -1) ||
	    (!ask && !forge && strcmp(argv[2], "claim") != 0 &&
	    strcmp(argv[2], "probe") != 0))
		errx(2, "%s: ADDRESS MAC COUNT", argv[2]);
	for (i = 0; i < atoi(argv[5]); i++)
		play_send(fd, argv[2], addr, mac, from);
	return (0);
}
