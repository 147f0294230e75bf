/* SPDX-License-Identifier: ISC */
/*
 * squat: machines that use addresses which nobody gave them: every so manieth
 * of a range, from the first, each with a MAC of its own.  They answer ARP
 * and, with -p, pings.  At its end (SIGTERM) it prints what it has seen of
 * others' looking for addresses of the range, in frames.
 *
 *	squat [-p] [-x STEP] INTERFACE FIRST-ADDRESS LAST-ADDRESS
 */
#include <sys/socket.h>

#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arpd/arpd.h"
#include "bench.h"

#define FRAME_MAX	2048
#define ADDRS_AT	26		/* in a frame */
#define ICMP_AT		34
#define PROTO_ICMP	1
#define ECHO_REPLY	0
#define ECHO		8

static int			 arp_fd, ip_fd, pings;
static uint32_t			 range_first, range_last, step;
static unsigned long long	 probes, requests, echoes, answers;
static volatile sig_atomic_t	 ended;

static void
end(int sig)
{
	(void)sig;
	ended = 1;
}

static int
in_range(uint32_t addr)
{
	return (addr >= range_first && addr <= range_last);
}

static int
is_squatted(uint32_t addr)
{
	return (step != 0 && in_range(addr) && (addr - range_first) % step == 0);
}

static struct mac
squatter(uint32_t addr)
{
	return ((struct mac){ { 0x02, 0x5a, (uint8_t)(addr >> 24),
	    (uint8_t)(addr >> 16), (uint8_t)(addr >> 8), (uint8_t)addr } });
}

static void
take_arp(uint8_t *octets, size_t len)
{
	struct arp_msg	ask;
	struct buf	b;
	struct wbuf	w;
	struct mac	mac;

	buf_init(&b, octets, len);
	if (arp_parse(&b, &ask) == -1 || ask.op != ARP_REQUEST ||
	    !in_range(ask.tpa))
		return;
	if (ask.spa == 0)
		probes++;
	else
		requests++;
	if (!is_squatted(ask.tpa))
		return;
	answers++;
	mac = squatter(ask.tpa);
	wbuf_init(&w, octets, ARP_FRAME_LEN);
	wbuf_copy(&w, ask.sha.b, sizeof(ask.sha.b));
	wbuf_copy(&w, mac.b, sizeof(mac.b));
	wbuf_u16(&w, ETH_P_ARP);
	wbuf_u32(&w, 0x00010800);
	wbuf_u32(&w, 0x06040000 | ARP_REPLY);
	wbuf_copy(&w, mac.b, sizeof(mac.b));
	wbuf_u32(&w, ask.tpa);
	wbuf_copy(&w, ask.sha.b, sizeof(ask.sha.b));
	wbuf_u32(&w, ask.spa);
	wbuf_zero(&w, ARP_FRAME_LEN - w.len);
	(void)send(arp_fd, octets, w.len, 0);
}

/* An echo goes back as it came, but for who is who and what it is. */
static void
answer_ping(uint8_t *octets, size_t len, struct mac asker, uint32_t src,
    uint32_t dst)
{
	const struct mac	mac = squatter(dst);
	struct wbuf		w;

	answers++;
	wbuf_init(&w, octets, len);
	wbuf_copy(&w, asker.b, sizeof(asker.b));
	wbuf_copy(&w, mac.b, sizeof(mac.b));
	wbuf_init(&w, octets + ADDRS_AT, len - ADDRS_AT);
	wbuf_u32(&w, dst);
	wbuf_u32(&w, src);
	wbuf_u16(&w, ECHO_REPLY << 8);
	wbuf_u16(&w, 0);
	wbuf_set_u16(&w, 10, csum_fold(csum_add(0, octets + ICMP_AT,
	    len - ICMP_AT)));
	(void)send(ip_fd, octets, len, 0);
}

static void
take_ip(uint8_t *octets, size_t len)
{
	struct buf	b;
	struct mac	asker;
	uint32_t	src, dst;
	uint16_t	total;

	buf_init(&b, octets, len);
	buf_skip(&b, 6);
	buf_copy(&b, asker.b, sizeof(asker.b));
	buf_skip(&b, 2);
	if (buf_u16(&b) != 0x4500)
		return;
	total = buf_u16(&b);
	buf_skip(&b, 5);
	if (buf_u8(&b) != PROTO_ICMP)
		return;
	buf_skip(&b, 2);
	src = buf_u32(&b);
	dst = buf_u32(&b);
	if (buf_u8(&b) != ECHO || b.err || !in_range(dst) ||
	    total < 28 || (size_t)total + 14 > len)
		return;
	echoes++;
	if (pings && is_squatted(dst))
		answer_ping(octets, (size_t)total + 14, asker, src, dst);
}

static void
take_all(int sock, void (*take)(uint8_t *, size_t))
{
	uint8_t	octets[FRAME_MAX];
	ssize_t	n;

	while ((n = recv(sock, octets, sizeof(octets), MSG_DONTWAIT)) > 0)
		take(octets, (size_t)n);
}

int
main(int argc, char **argv)
{
	struct pollfd	pfd[2];
	int		c;

	while ((c = getopt(argc, argv, "px:")) != -1) {
		if (c == 'p')
			pings = 1;
		else if (c == 'x')
			step = number(optarg, 0, UINT32_MAX);
		else
			errx(2, "usage: squat [-p] [-x step] interface "
			    "first-address last-address");
	}
	argv += optind;
	if (argc - optind != 3)
		errx(2, "interface, first and last address, please");
	range_first = address(argv[1]);
	range_last = address(argv[2]);
	pfd[0].fd = arp_fd = open_packet(argv[0], ETH_P_ARP);
	pfd[1].fd = ip_fd = open_packet(argv[0], ETH_P_IP);
	pfd[0].events = pfd[1].events = POLLIN;
	if (signal(SIGTERM, end) == SIG_ERR)
		err(1, "signal");
	/* An interface that goes away is an event for ever. */
	while (!ended && poll(pfd, 2, 200) != -1 &&
	    ((pfd[0].revents | pfd[1].revents) & POLLERR) == 0) {
		take_all(arp_fd, take_arp);
		take_all(ip_fd, take_ip);
	}
	printf("probes=%llu requests=%llu echoes=%llu answers=%llu\n", probes,
	    requests, echoes, answers);
	return (0);
}
