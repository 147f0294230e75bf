/* SPDX-License-Identifier: ISC */
/*
 * echo.c: questions to addresses behind relays, by the one ICMP socket that
 * the parent opened, whose filter lets in nothing but echo replies.
 */
#include <sys/random.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "arpd.h"

#define BATCH		32
#define ROUNDS		8
#define PACKET_MAX	128

static struct sock	*echo_sock;
static struct echo_key	 echo_key;
static uint16_t		 echo_seq;

void
echo_init(void)
{
	if (getrandom(&echo_key, sizeof(echo_key), 0) != sizeof(echo_key))
		fatal("getrandom");
}

int
echo_is_open(void)
{
	return (echo_sock != NULL);
}

int
echo_send(uint32_t addr)
{
	struct sockaddr_in	to = { .sin_family = AF_INET };
	uint8_t			data[ICMP_ECHO_LEN];
	struct wbuf		out;

	to.sin_addr.s_addr = htonl(addr);
	wbuf_init(&out, data, sizeof(data));
	icmp_build_echo(&out, &echo_key, addr, ++echo_seq);
	if (echo_sock == NULL || sendto(echo_sock->fd, data, out.len,
	    MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) !=
	    (ssize_t)out.len) {
		count_up(COUNT_SEND_FAILED);
		return (-1);
	}
	count_up(COUNT_ECHOES);
	return (0);
}

static void
echo_read(int fd, short what, void *arg)
{
	static uint8_t	data[BATCH][PACKET_MAX];
	struct mmsghdr	msg[BATCH];
	struct iovec	iov[BATCH];
	struct buf	in;
	uint32_t	addr;
	int		i, n = BATCH, round;
	const mono_t	now = clock_now();

	(void)what;
	(void)arg;
	for (round = 0; round < ROUNDS && n == BATCH; round++) {
		memset(msg, 0, sizeof(msg));
		for (i = 0; i < BATCH; i++) {
			iov[i].iov_base = data[i];
			iov[i].iov_len = sizeof(data[i]);
			msg[i].msg_hdr.msg_iov = &iov[i];
			msg[i].msg_hdr.msg_iovlen = 1;
		}
		n = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
		for (i = 0; i < n; i++) {
			buf_init(&in, data[i], msg[i].msg_len);
			if (icmp_parse_reply(&in, &echo_key, &addr) == -1)
				continue;
			count_up(COUNT_ECHOED);
			prove_echoed(addr, now);
		}
	}
	prove_settle(now);
}

void
echo_open(struct sock *sock)
{
	echo_sock = sock;
	sock->ev = proc_event(sock->fd, EV_READ | EV_PERSIST, echo_read, NULL);
}

void
echo_close(struct sock *sock)
{
	if (echo_sock == sock)
		echo_sock = NULL;
}
