/* SPDX-License-Identifier: ISC */
/*
 * bench.h: what load generators have in common: times as a histogram, the
 * processor time of a server, words of the command line, packet checksums.
 */
#ifndef BENCH_H
#define BENCH_H

#include <sys/socket.h>

#include <err.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

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

/* 1 if the kernel says that the UDP checksum is good or worth checking. */
static inline int
csum_valid(struct msghdr *msg)
{
	struct tpacket_auxdata	 aux;
	struct cmsghdr		*c;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return ((aux.tp_status & TP_STATUS_CSUMNOTREADY) == 0);
	}
	return (1);
}

#endif
