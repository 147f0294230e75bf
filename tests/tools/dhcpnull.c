/* SPDX-License-Identifier: ISC */
/*
 * dhcpnull: a DHCP server that does nothing: for dhcpbench only, whose clients
 * have addresses by their number.  What it needs is what the machine and the
 * load need; no server can be faster.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <unistd.h>

#include "bench.h"

#define BATCH	64
#define SIZE	1024

static uint8_t		 in[BATCH][SIZE], out[BATCH][SIZE];
static struct mmsghdr	 in_msgs[BATCH], out_msgs[BATCH];
static struct iovec	 in_iov[BATCH], out_iov[BATCH];
static uint32_t		 server, first;

/* An OFFER or an ACK as a frame; its length, or 0. */
static size_t
answer(const uint8_t *packet, size_t len, uint8_t *octets)
{
	struct frame	 f, reply = { .sport = 67, .dport = 68 };
	struct buf	 b;
	struct wbuf	 w, head;
	uint8_t		 req[243];

	buf_init(&b, packet, len);
	if (frame_parse(&b, &f, 0) == -1 || f.dport != 67)
		return (0);
	buf_copy(&f.payload, req, sizeof(req));
	if (f.payload.err)
		return (0);
	reply.src = server;
	reply.dst = first + client_of_mac(req + 28);
	reply.dst_mac = f.src_mac;
	wbuf_init(&w, octets + FRAME_HDRLEN, SIZE - FRAME_HDRLEN);
	wbuf_u32(&w, 0x02010600);
	wbuf_copy(&w, req + 4, 12);
	wbuf_u32(&w, reply.dst);
	wbuf_copy(&w, req + 20, 220);
	/* The type is the first option. */
	wbuf_copy(&w, (uint8_t []){ 53, 1, 0, 54, 4 }, 5);
	w.data[242] = req[242] == 1 ? 2 : 5;
	wbuf_u32(&w, server);
	wbuf_copy(&w, (uint8_t []){ 51, 4, 0, 0, 3600 >> 8, 3600 & 0xff, 1, 4,
	    255, 192, 0, 0, 255 }, 13);
	wbuf_zero(&w, 300 - w.len);
	wbuf_init(&head, octets, SIZE);
	frame_build(&head, &reply, w.data, w.len);
	return (w.err || head.err ? 0 : FRAME_HDRLEN + w.len);
}

static void
turn(int fd)
{
	unsigned int	replies = 0;
	int		i, n;

	n = recvmmsg(fd, in_msgs, BATCH, MSG_DONTWAIT, NULL);
	for (i = 0; i < n; i++) {
		out_iov[replies].iov_len = answer(in[i], in_msgs[i].msg_len,
		    out[replies]);
		replies += out_iov[replies].iov_len > 0;
	}
	if (replies > 0 && sendmmsg(fd, out_msgs, replies, 0) == -1)
		err(1, "send");
}

int
main(int argc, char **argv)
{
	struct epoll_event	ev = { .events = EPOLLIN };
	int			fd, ep, i;

	if (argc != 4)
		errx(2, "usage: dhcpnull interface server first-address");
	server = address(argv[2]);
	first = address(argv[3]);
	fd = open_packet(argv[1], ETH_P_IP);
	for (i = 0; i < BATCH; i++) {
		in_iov[i] = (struct iovec){ in[i], SIZE };
		out_iov[i] = (struct iovec){ out[i], 0 };
		in_msgs[i].msg_hdr.msg_iov = &in_iov[i];
		out_msgs[i].msg_hdr.msg_iov = &out_iov[i];
		in_msgs[i].msg_hdr.msg_iovlen = 1;
		out_msgs[i].msg_hdr.msg_iovlen = 1;
	}
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll");
	while (epoll_wait(ep, &ev, 1, -1) == 1)
		turn(fd);
	err(1, "epoll_wait");
}
