/* SPDX-License-Identifier: ISC */
/*
 * dhcpoffer: how long clients wait for an OFFER that they can use.  So many
 * DISCOVER in one moment, and again as RFC 2131 4.1 says; when all have their
 * OFFERs, the next such burst, of other clients, may follow.  Who is offered
 * an address that somebody else uses takes it, finds that out, declines it,
 * and begins again after ten seconds (3.1, 5): its time runs on.  Every OFFER
 * is checked as a client would, and against all others.  One line of figures,
 * in microseconds, is the result; nobody there to answer is one, too.
 *
 *	-k	bursts, -g milliseconds after the end of the one before
 *	-P	they are firmware that boots from the network
 *	-x	every so manieth address of the range is in use, from the first
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "dhcpreply.h"

#define CLIENTS_MAX	4096		/* at a time */
#define BURSTS_MAX	1000
#define BATCH		64
#define PACKET_MAX	1024
#define RETRY_MS	4000		/* then 8, 16, 32, 64 s */
#define RETRY_MAX_MS	64000
#define RANDOM_MS	1000		/* more or less than that */
#define DECLINED_MS	10000
#define AGAIN_MS	100		/* REQUESTs */

enum state { SELECTING, REQUESTING, DECLINED, SERVED };

struct client {
	enum state	 state;
	mono_t		 begun, retry;
	uint32_t	 number, xid, addr, wait_ms;
};

struct packet {
	uint8_t		 octets[PACKET_MAX];
	union {
		struct cmsghdr	 align;
		char		 space[128];
	} control;
	struct iovec	 iov;
};

static struct client	 clients[CLIENTS_MAX];
static struct packet	 in[BATCH], out[BATCH];
static struct mmsghdr	 in_msgs[BATCH], out_msgs[BATCH];
static unsigned int	 nout;
static int64_t		*times;		/* of those who were served */
static size_t		 nserved;
static uint32_t		*owner;		/* by address: client + 1 */
static uint64_t		 asked, again, taken, naks, wrong, twice;
static int		 fd, pxe;

static uint32_t		 first, nclients = 1, bursts = 1, gap_ms = 100;
static uint32_t		 limit_ms = 60000, lease_time = 3600, taken_step;
static uint32_t		 pool_first, pool_last, server;

static void
flush(void)
{
	unsigned int	i = 0;
	int		n;

	while (i < nout) {
		n = sendmmsg(fd, out_msgs + i, nout - i, 0);
		if (n == -1 && errno != EINTR && errno != EAGAIN &&
		    errno != ENOBUFS)
			err(1, "send");
		if (n > 0)
			i += (unsigned int)n;
	}
	nout = 0;
}

static void
client_send(const struct client *c, uint8_t type)
{
	struct frame	 f = { .dst = UINT32_MAX, .sport = 68, .dport = 67 };
	struct packet	*p = &out[nout];
	struct wbuf	 msg, frame;

	wbuf_init(&msg, p->octets + FRAME_HDRLEN,
	    sizeof(p->octets) - FRAME_HDRLEN);
	put_head(&msg, c->xid, 0, 0, 0, client_mac(c->number));
	wbuf_copy(&msg, (uint8_t []){ 53, 1, type }, 3);
	if (type != DISCOVER) {
		wbuf_u16(&msg, 50 << 8 | 4);
		wbuf_u32(&msg, c->addr);
		wbuf_u16(&msg, 54 << 8 | 4);
		wbuf_u32(&msg, server);
	}
	if (pxe)
		put_pxe(&msg);
	if (type != DECLINE)
		wbuf_copy(&msg, (uint8_t []){ 55, 5, 1, 3, 6, 15, 51 }, 7);
	wbuf_copy(&msg, (uint8_t []){ 255 }, 1);
	wbuf_zero(&msg, msg.len < 300 ? 300 - msg.len : 0);
	memset(f.dst_mac.b, 0xff, sizeof(f.dst_mac.b));
	f.src_mac = client_mac(c->number);
	wbuf_init(&frame, p->octets, sizeof(p->octets));
	frame_build(&frame, &f, msg.data, msg.len);
	p->iov = (struct iovec){ p->octets, FRAME_HDRLEN + msg.len };
	out_msgs[nout].msg_hdr = (struct msghdr){ .msg_iov = &p->iov,
	    .msg_iovlen = 1 };
	if (++nout == BATCH)
		flush();
}

static void
client_discover(struct client *c, mono_t now)
{
	c->state = SELECTING;
	c->xid = (uint32_t)random() << 12 | (uint32_t)(c - clients);
	c->wait_ms = RETRY_MS;
	c->retry = mono_add_ms(now, RETRY_MS - RANDOM_MS +
	    random() % (2 * RANDOM_MS));
	client_send(c, DISCOVER);
}

/* Its time has come and nothing else has. */
static void
client_late(struct client *c, mono_t now)
{
	if (c->state == DECLINED) {
		client_discover(c, now);
		return;
	}
	again++;
	client_send(c, c->state == SELECTING ? DISCOVER : REQUEST);
	if (c->wait_ms < RETRY_MAX_MS)
		c->wait_ms *= 2;
	c->retry = c->state == REQUESTING ? mono_add_ms(now, AGAIN_MS) :
	    mono_add_ms(now, c->wait_ms - RANDOM_MS +
	    random() % (2 * RANDOM_MS));
}

static const char *
offer_fault(const struct client *c, const struct reply *r)
{
	if (!mac_equal(r->mac, client_mac(c->number)))
		return ("somebody else's chaddr");
	if (r->server != server)
		return ("another server's identifier");
	if (r->yiaddr < pool_first || r->yiaddr > pool_last)
		return ("an address out of the range");
	if (r->lease != lease_time)
		return ("another lease time");
	if (r->mask == 0)
		return ("no subnet mask");
	return (NULL);
}

static int
is_taken(uint32_t addr)
{
	return (taken_step != 0 && (addr - pool_first) % taken_step == 0);
}

static void
client_offered(struct client *c, const struct reply *r, mono_t now)
{
	const char	*fault = offer_fault(c, r);
	char		 addr[ADDR_STRLEN];
	uint32_t	*who;

	if (fault != NULL) {
		if (wrong++ < 5)
			warnx("%s: %s", addr_str(r->yiaddr, addr), fault);
		return;
	}
	c->addr = r->yiaddr;
	if (is_taken(c->addr)) {
		taken++;
		c->state = REQUESTING;
		c->retry = mono_add_ms(now, AGAIN_MS);
		client_send(c, REQUEST);
		return;
	}
	who = &owner[c->addr - pool_first];
	if (*who != 0 && *who != c->number + 1)
		twice++;
	*who = c->number + 1;
	c->state = SERVED;
	times[nserved++] = mono_diff_us(now, c->begun);
}

static void
client_reply(const struct reply *r, mono_t now)
{
	struct client	*c = &clients[r->xid & (CLIENTS_MAX - 1)];

	if (r->xid != c->xid)
		return;
	if (c->state == SELECTING && r->type == OFFER)
		client_offered(c, r, now);
	else if (c->state == REQUESTING && r->type == ACK) {
		client_send(c, DECLINE);
		c->state = DECLINED;
		c->retry = mono_add_ms(now, DECLINED_MS);
	} else if (c->state == REQUESTING && r->type == NAK) {
		naks++;
		client_discover(c, now);
	}
}

static void
receive(mono_t now)
{
	struct frame	 f;
	struct reply	 r;
	struct buf	 b;
	int		 i, n;

	for (i = 0; i < BATCH; i++) {
		in[i].iov = (struct iovec){ in[i].octets, PACKET_MAX };
		in_msgs[i].msg_hdr = (struct msghdr){
			.msg_iov = &in[i].iov, .msg_iovlen = 1,
			.msg_control = &in[i].control,
			.msg_controllen = sizeof(in[i].control)
		};
	}
	n = recvmmsg(fd, in_msgs, BATCH, MSG_DONTWAIT, NULL);
	for (i = 0; i < n; i++) {
		buf_init(&b, in[i].octets, in_msgs[i].msg_len);
		if (frame_parse(&b, &f,
		    frame_has_csum(&in_msgs[i].msg_hdr)) == 0 &&
		    f.sport == 67 && f.dport == 68 &&
		    reply_parse(&f.payload, 0, &r) == 0)
			client_reply(&r, now);
	}
}

/* How many are not served yet; what is due is done. */
static uint32_t
timeouts(mono_t now, mono_t *next)
{
	struct client	*c;
	uint32_t	 waiting = 0;

	for (c = clients; c < &clients[nclients]; c++) {
		if (c->state == SERVED)
			continue;
		waiting++;
		if (!mono_before(now, c->retry))
			client_late(c, now);
		if (mono_before(c->retry, *next))
			*next = c->retry;
	}
	return (waiting);
}

static void
burst(uint32_t number)
{
	struct pollfd	 pfd = { .fd = fd, .events = POLLIN };
	mono_t		 now = clock_now(), end = mono_add_ms(now, limit_ms);
	mono_t		 next;
	struct client	*c;

	for (c = clients; c < &clients[nclients]; c++) {
		c->number = number++;
		c->begun = now;
		client_discover(c, now);
		asked++;
	}
	for (;;) {
		next = end;
		if (timeouts(now, &next) == 0 || !mono_before(now, end))
			break;
		flush();
		if (poll(&pfd, 1, (int)mono_diff_ms(next, now) + 1) == -1)
			err(1, "poll");
		now = clock_now();
		receive(now);
	}
	nout = 0;
}

static int
times_order(const void *a, const void *b)
{
	const int64_t	x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y ? -1 : x > y);
}

/* Of all that asked: who was not served is later than anybody. */
static void
print_time(const char *name, uint64_t place)
{
	if (place < nserved)
		printf(" %s=%lld", name, (long long)times[place]);
}

static void
print_result(void)
{
	size_t	i;
	int64_t	sum = 0;

	qsort(times, nserved, sizeof(*times), times_order);
	for (i = 0; i < nserved; i++)
		sum += times[i];
	printf("asked=%llu served=%zu", (unsigned long long)asked, nserved);
	print_time("p50", asked / 2);
	print_time("p99", asked * 99 / 100);
	print_time("last", asked - 1);
	if (nserved > 0)
		printf(" mean=%lld", (long long)sum / (long long)nserved);
	printf(" again=%llu taken=%llu naks=%llu wrong=%llu twice=%llu\n",
	    (unsigned long long)again, (unsigned long long)taken,
	    (unsigned long long)naks, (unsigned long long)wrong,
	    (unsigned long long)twice);
}

static void
usage(void)
{
	(void)fprintf(stderr, "usage: dhcpoffer [-P] [-f first] [-g gap-ms] "
	    "[-k bursts] [-L seconds]\n    [-n clients] [-t ms] [-x step] "
	    "interface server first-address last-address\n");
	exit(2);
}

static void
options(int argc, char **argv)
{
	int	c;

	while ((c = getopt(argc, argv, "f:g:k:L:n:Pt:x:")) != -1) {
		if (c == 'f')
			first = number(optarg, 0, 1U << 23);
		else if (c == 'g')
			gap_ms = number(optarg, 0, 60000);
		else if (c == 'k')
			bursts = number(optarg, 1, BURSTS_MAX);
		else if (c == 'L')
			lease_time = number(optarg, 1, UINT32_MAX);
		else if (c == 'n')
			nclients = number(optarg, 1, CLIENTS_MAX);
		else if (c == 'P')
			pxe = 1;
		else if (c == 't')
			limit_ms = number(optarg, 1, 3600000);
		else if (c == 'x')
			taken_step = number(optarg, 0, UINT32_MAX);
		else
			usage();
	}
}

int
main(int argc, char **argv)
{
	uint32_t	i;

	options(argc, argv);
	argc -= optind;
	argv += optind;
	if (argc != 4)
		usage();
	server = address(argv[1]);
	pool_first = address(argv[2]);
	pool_last = address(argv[3]);
	if (pool_last < pool_first)
		usage();
	times = xcalloc((size_t)nclients * bursts, sizeof(*times));
	owner = xcalloc((size_t)pool_last - pool_first + 1, sizeof(*owner));
	fd = open_packet(argv[0], ETH_P_IP);
	srandom((unsigned int)clock_now().us);
	for (i = 0; i < bursts; i++) {
		if (i > 0)
			(void)usleep(gap_ms * 1000);
		burst(first + i * nclients);
	}
	print_result();
	return (wrong > 0 || twice > 0);
}
