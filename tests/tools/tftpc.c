/* SPDX-License-Identifier: ISC */
/*
 * tftpc: a TFTP client that can also behave badly.
 *
 *	tftpc [-d] [-b blksize] [-l loss] [-w window] get ADDRESS NAME
 *		the file on standard output, what it took on standard error;
 *		-l loses that many packets in 1000, -d doubles every ACK
 *	tftpc probe ADDRESS NAME	asks, then breaks off as UEFI does
 *	tftpc tid ADDRESS NAME		meddles from a second port
 *	tftpc raw ADDRESS TEXT...	datagrams to port 69 (with \0, \1 ...)
 *	tftpc half ADDRESS NAME N	N requests, and never an ACK
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tftpd/tftpd.h"

#define PACKET_MAX	66000
#define PATIENCE_MS	1000
#define TRIES		8

static unsigned int	 blksize = 512, window = 1, loss;
static int		 doubled;
static struct sockaddr_in server;
static struct sockaddr_in from;		/* of the last packet */
static uint8_t		 packet[PACKET_MAX];
static unsigned long	 received, octets, duplicates, lost;
static uint32_t		 seed = 1;

static int
unlucky(void)
{
	seed = seed * 1664525 + 1013904223;
	return ((seed >> 8) % 1000 < loss);
}

static int
client_socket(void)
{
	int	fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd == -1)
		err(1, "socket");
	return (fd);
}

static void
send_to(int fd, const struct sockaddr_in *to, const void *data, size_t len)
{
	if (sendto(fd, data, len, 0, (const struct sockaddr *)to,
	    sizeof(*to)) == -1)
		err(1, "sendto");
}

/* A packet into "packet", its length; -1 after that time. */
static ssize_t
receive(int fd, int ms)
{
	struct pollfd	pfd = { .fd = fd, .events = POLLIN };
	socklen_t	len = sizeof(from);
	ssize_t		n;

	if (poll(&pfd, 1, ms) <= 0)
		return (-1);
	if ((n = recvfrom(fd, packet, sizeof(packet), 0,
	    (struct sockaddr *)&from, &len)) != -1) {
		received++;
		octets += (unsigned long)n;
	}
	return (n);
}

static void
request(int fd, const char *name, int options)
{
	uint8_t		data[TFTP_REQ_MAX];
	struct wbuf	out;

	wbuf_init(&out, data, sizeof(data));
	wbuf_u16(&out, TFTP_RRQ);
	wbuf_printf(&out, "%s%coctet%c", name, 0, 0);
	if (options)
		wbuf_printf(&out, "tsize%c0%cblksize%c%u%cwindowsize%c%u%c", 0,
		    0, 0, blksize, 0, 0, window, 0);
	if (out.err)
		errx(1, "the name is too long");
	send_to(fd, &server, data, out.len);
}

static void
reply(int fd, const struct sockaddr_in *to, enum tftp_op op, uint16_t number)
{
	uint8_t		data[8];
	struct wbuf	out;

	wbuf_init(&out, data, sizeof(data));
	wbuf_u16(&out, (uint16_t)op);
	wbuf_u16(&out, number);
	if (op == TFTP_ERROR)
		wbuf_u8(&out, '\0');
	if (unlucky()) {
		lost++;
		return;
	}
	send_to(fd, to, data, out.len);
	if (doubled && op == TFTP_ACK)
		send_to(fd, to, data, out.len);
}

/* One line for a packet: what it is, with text as text. */
static void
show(ssize_t n)
{
	static const char *const names[] = {
		"?", "RRQ", "WRQ", "DATA", "ACK", "ERROR", "OACK"
	};
	struct buf	in;
	unsigned int	op, c;

	if (n == -1) {
		printf("silence\n");
		return;
	}
	buf_init(&in, packet, (size_t)n);
	op = buf_u16(&in);
	printf("%s", names[op < nitems(names) ? op : 0]);
	if (op == TFTP_DATA || op == TFTP_ERROR)
		printf(" %u", buf_u16(&in));
	if (op == TFTP_DATA)
		printf(" %zu octets", buf_left(&in));
	else if (buf_left(&in) > 0)
		putchar(' ');
	while (op != TFTP_DATA && buf_left(&in) > 0) {
		c = buf_u8(&in);
		putchar(c >= 0x20 && c < 0x7f ? (int)c : '|');
	}
	putchar('\n');
}

/*
 * One transfer.  A block that is not the next one is answered with the last
 * good one, but not each of a series (RFC 7440).
 */
struct get {
	int			 fd;
	struct sockaddr_in	 peer;		/* port 0: not known yet */
	uint64_t		 have;		/* blocks in order */
	unsigned int		 in_window;
	int			 complained;
	int			 done;
};

static void
get_data(struct get *g, uint16_t block, const uint8_t *data, size_t len)
{
	if (block != (uint16_t)(g->have + 1)) {
		duplicates++;
		g->in_window = 0;
		if (!g->complained || window == 1)
			reply(g->fd, &g->peer, TFTP_ACK, (uint16_t)g->have);
		g->complained = 1;
		return;
	}
	if (fwrite(data, 1, len, stdout) != len)
		err(1, "standard output");
	g->have++;
	g->complained = 0;
	g->done = len < blksize;
	if (++g->in_window == window || g->done) {
		g->in_window = 0;
		reply(g->fd, &g->peer, TFTP_ACK, block);
	}
}

/* The server may agree to less than was asked. */
static void
get_oack(struct buf *in)
{
	const char	*name, *value;

	while (buf_left(in) > 0) {
		name = (const char *)in->data + in->off;
		buf_skip(in, strnlen(name, buf_left(in)) + 1);
		value = (const char *)in->data + in->off;
		buf_skip(in, strnlen(value, buf_left(in)) + 1);
		if (in->err)
			errx(1, "an OACK without end");
		if (strcmp(name, "blksize") == 0)
			blksize = (unsigned int)strtoul(value, NULL, 10);
		if (strcmp(name, "windowsize") == 0)
			window = (unsigned int)strtoul(value, NULL, 10);
	}
}

static void
get_packet(struct get *g, ssize_t n)
{
	struct buf	in;
	unsigned int	op, block;

	if (unlucky()) {
		lost++;
		return;
	}
	if (g->peer.sin_port == 0)
		g->peer = from;
	else if (g->peer.sin_port != from.sin_port)
		errx(1, "a packet from another port");
	buf_init(&in, packet, (size_t)n);
	op = buf_u16(&in);
	if (op == TFTP_OACK) {
		get_oack(&in);
		if (g->have == 0)
			reply(g->fd, &g->peer, TFTP_ACK, 0);
	} else if (op == TFTP_DATA) {
		block = buf_u16(&in);
		get_data(g, (uint16_t)block, packet + in.off, buf_left(&in));
	} else {
		show(n);
		exit(1);
	}
}

/* Until all is there; silence is answered with the last ACK. */
static void
get_run(struct get *g, const char *name, int options)
{
	ssize_t	n;
	int	tries = 0;

	while (!g->done) {
		if ((n = receive(g->fd, PATIENCE_MS)) != -1) {
			get_packet(g, n);
			tries = 0;
			continue;
		}
		if (++tries > TRIES)
			errx(1, "silence after %llu blocks",
			    (unsigned long long)g->have);
		g->complained = 0;
		if (g->peer.sin_port == 0)
			request(g->fd, name, options);
		else
			reply(g->fd, &g->peer, TFTP_ACK, (uint16_t)g->have);
	}
}

static int
do_get(int argc, char **argv)
{
	struct get	g;
	const int	options = blksize != 512 || window != 1;

	(void)argc;
	memset(&g, 0, sizeof(g));
	g.fd = client_socket();
	request(g.fd, argv[0], options);
	get_run(&g, argv[0], options);
	fprintf(stderr, "blocks %llu duplicates %lu lost %lu blksize %u "
	    "window %u\n", (unsigned long long)g.have, duplicates, lost,
	    blksize, window);
	return (0);
}

static int
do_probe(int argc, char **argv)
{
	const int	fd = client_socket();

	(void)argc;
	request(fd, argv[0], 1);
	show(receive(fd, PATIENCE_MS));
	reply(fd, &from, TFTP_ERROR, TFTP_E_OPTION);
	show(receive(fd, PATIENCE_MS * 2));
	return (0);
}

/* An ACK from a stranger gets ERROR 5, his ERROR nothing; all goes on. */
static int
do_tid(int argc, char **argv)
{
	const int	other = client_socket();
	struct get	g;
	ssize_t		n;

	(void)argc;
	memset(&g, 0, sizeof(g));
	g.fd = client_socket();
	request(g.fd, argv[0], 1);
	if ((n = receive(g.fd, PATIENCE_MS)) == -1)
		errx(1, "no answer");
	get_packet(&g, n);
	reply(other, &g.peer, TFTP_ACK, 0);
	n = receive(other, PATIENCE_MS);
	fflush(stdout);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	show(n);
	reply(other, &g.peer, TFTP_ERROR, 0);
	show(receive(other, PATIENCE_MS));
	fflush(stdout);
	if (freopen("/dev/null", "w", stdout) == NULL)
		err(1, "/dev/null");
	get_run(&g, argv[0], 1);
	fprintf(stderr, "complete\n");
	return (0);
}

/* \N octal as in C, everything else as it is. */
static size_t
unescape(const char *text, uint8_t *data, size_t size)
{
	size_t	n = 0;
	char	*end;

	while (*text != '\0' && n < size) {
		if (*text == '\\') {
			data[n++] = (uint8_t)strtoul(text + 1, &end, 8);
			text = end;
			if (*text == '&')	/* ends a number */
				text++;
		} else
			data[n++] = (uint8_t)*text++;
	}
	return (n);
}

static int
do_raw(int argc, char **argv)
{
	uint8_t	data[2048];
	int	i, fd;

	for (i = 0; i < argc; i++) {
		fd = client_socket();
		send_to(fd, &server, data,
		    unescape(argv[i], data, sizeof(data)));
		show(receive(fd, 300));
		(void)close(fd);
	}
	return (0);
}

static int
do_half(int argc, char **argv)
{
	const int	n = argc > 1 ? atoi(argv[1]) : 1;
	int		i, fd;

	for (i = 0; i < n; i++) {
		if (i % 200 == 199)
			usleep(10000);
		fd = client_socket();
		request(fd, argv[0], n > 1);
		if (n == 1)
			while (receive(fd, 8000) != -1)
				;
		(void)close(fd);
	}
	printf("packets %lu octets %lu\n", received, octets);
	return (0);
}

static const struct command {
	const char	*name;
	int		(*fn)(int, char **);
} commands[] = {
	{ "get",	do_get },
	{ "probe",	do_probe },
	{ "tid",	do_tid },
	{ "raw",	do_raw },
	{ "half",	do_half },
};

int
main(int argc, char **argv)
{
	uint32_t	addr;
	size_t		i;
	int		ch;

	while ((ch = getopt(argc, argv, "b:dl:w:")) != -1)
		switch (ch) {
		case 'b':
			blksize = (unsigned int)atoi(optarg);
			break;
		case 'd':
			doubled = 1;
			break;
		case 'l':
			loss = (unsigned int)atoi(optarg);
			break;
		case 'w':
			window = (unsigned int)atoi(optarg);
			break;
		default:
			return (2);
		}
	argc -= optind;
	argv += optind;
	if (argc < 3 || addr_parse(argv[1], &addr) == -1)
		errx(2, "usage: tftpc [options] COMMAND ADDRESS NAME ...");
	server.sin_family = AF_INET;
	server.sin_port = htons(TFTP_PORT);
	server.sin_addr.s_addr = htonl(addr);
	for (i = 0; i < nitems(commands); i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return (commands[i].fn(argc - 2, argv + 2));
	errx(2, "no such command: %s", argv[0]);
}
