/* SPDX-License-Identifier: ISC */
/*
 * bench.h: what load generators have in common: times as a histogram, the
 * processor time of a server, words of the command line, packet sockets, and
 * the MACs of clients.
 */
#ifndef BENCH_H
#define BENCH_H

#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

#define RCVBUF		(32 * 1024 * 1024)

/* Times as a histogram: 64 steps to each power of two of microseconds. */
#define TIMES		(64 * 32)
struct times {
	uint64_t	 n, count[TIMES];
};

static inline size_t
times_place(uint64_t us)
{
	size_t	shift = 0;

	while (us >> shift >= 128)
		shift++;
	return (shift == 0 ? (size_t)us : (size_t)(shift * 64 + (us >> shift)));
}

static inline void
times_add(struct times *t, int64_t us)
{
	size_t	place = times_place(us < 0 ? 0 : (uint64_t)us);

	t->n++;
	t->count[place < TIMES ? place : TIMES - 1]++;
}

static inline uint64_t
times_quantile(const struct times *t, double q)
{
	uint64_t	below = 0, want = (uint64_t)(q * (double)t->n);
	size_t		i;

	for (i = 0; i < TIMES - 1; i++)
		if ((below += t->count[i]) > want)
			break;
	if (i < 128)
		return (i);
	return ((i - (i / 64 - 1) * 64) << (i / 64 - 1));
}

/* Processor time of the server's processes, in microseconds. */
static inline uint64_t
cpu_us(const char *pids)
{
	char		 path[64], line[1024], *list, *last, *word, *p;
	uint64_t	 ticks = 0;
	unsigned long	 u, s, cu, cs;
	FILE		*f;

	if (pids == NULL)
		return (0);
	list = xstrdup(pids);
	for (word = strtok_r(list, ", ", &last); word != NULL;
	    word = strtok_r(NULL, ", ", &last)) {
		(void)snprintf(path, sizeof(path), "/proc/%s/stat", word);
		if ((f = fopen(path, "re")) == NULL)
			err(1, "%s", path);
		if (fgets(line, sizeof(line), f) == NULL ||
		    (p = strrchr(line, ')')) == NULL ||
		    sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
		    "%*u %lu %lu %lu %lu", &u, &s, &cu, &cs) != 4)
			errx(1, "%s makes no sense", path);
		ticks += u + s + cu + cs;
		(void)fclose(f);
	}
	free(list);
	return (ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static inline uint32_t
number(const char *text, uint32_t least, uint32_t most)
{
	char		*end;
	unsigned long	 n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < least || n > most)
		errx(2, "%s: not a number from %u to %u", text, least, most);
	return ((uint32_t)n);
}

static inline uint32_t
address(const char *text)
{
	uint32_t	addr;

	if (addr_parse(text, &addr) == -1)
		errx(2, "%s: not an address", text);
	return (addr);
}

#define CLIENT_FACTOR	0x9e3779b1U
#define CLIENT_INVERSE	0x8b2f51U	/* modulo 2^24 */

/* Locally administered; neighbours in number are not neighbours in value. */
static inline struct mac
client_mac(uint32_t client)
{
	uint32_t	v = client * CLIENT_FACTOR & 0xffffff;

	return ((struct mac){ { 0x02, 0xb0, 0x07,
	    (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v } });
}

static inline uint32_t
client_of_mac(const uint8_t mac[6])
{
	uint32_t	v = (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 |
			    mac[5];

	return (v * CLIENT_INVERSE & 0xffffff);
}

static inline void
option_set(int sock, int level, int name, int value)
{
	if (setsockopt(sock, level, name, &value, sizeof(value)) == -1)
		err(1, "setsockopt");
}

static inline int
open_packet(const char *ifname, uint16_t protocol)
{
	struct sockaddr_ll	sll = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(protocol) };
	int			sock;

	if ((sll.sll_ifindex = (int)if_nametoindex(ifname)) == 0)
		err(1, "%s", ifname);
	if ((sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	option_set(sock, SOL_SOCKET, SO_RCVBUFFORCE, RCVBUF);
	option_set(sock, SOL_PACKET, PACKET_AUXDATA, 1);
	option_set(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	option_set(sock, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
	if (bind(sock, (const struct sockaddr *)(const void *)&sll,
	    sizeof(sll)) == -1)
		err(1, "bind");
	return (sock);
}

#endif
