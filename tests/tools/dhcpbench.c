/* SPDX-License-Identifier: ISC */
/*
 * dhcpbench: a load of DHCP clients, for measuring servers.  A closed loop:
 * so many clients at a time have a request under way, and whoever is done
 * makes room for the next.  Each has a MAC of its own; every reply is checked
 * as a client would, and against all leases that were ever acknowledged.
 * One line of figures is the result.  Reads without sleeping, so that what is
 * measured is the server; give it a processor of its own.
 *
 *	-s	sleep until there is something to read, as clients do
 *	-w	wait until an OFFER comes; print when that was
 *	-R	renew the leases that the file of -l has, instead of new ones
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "dhcpreply.h"

#define CLIENTS_MAX	(1U << 21)
#define SLOT_BITS	12
#define SLOTS_MAX	(1U << SLOT_BITS)
#define BATCH		64
#define PACKET_MAX	2048
#define TIMEOUTS_US	10000		/* between looks at who waits */
#define DRAIN_MS	1500

enum state { IDLE, SELECTING, REQUESTING };

/* One of the clients that have a request under way. */
struct slot {
	enum state	 state;
	uint32_t	 client, xid, addr;
	mono_t		 sent, retry;
};

struct packet {
	uint8_t		 octets[PACKET_MAX];
	union {
		struct cmsghdr	 align;
		char		 space[128];
	} control;
	struct iovec	 iov;
};

static struct slot	 slots[SLOTS_MAX];
static uint32_t		*addr_of;	/* by client; 0: none */
static uint32_t		*owner;		/* by address: client + 1 */
static struct packet	 in[BATCH], out[BATCH];
static struct mmsghdr	 in_msgs[BATCH], out_msgs[BATCH];
static unsigned int	 nout;
static struct times	 offer_times, ack_times;
static uint64_t		 done, offers, fresh, lost, naks, wrong, stale;
static uint32_t		 serial;
static int		 fd, arp_fd = -1;

static uint32_t		 first, nclients = 1024, next;
static unsigned int	 outstanding = 1, run_ms = 1000, timeout_ms = 1000;
static unsigned int	 lease_time = 3600;
static unsigned int	 rate;		/* of new clients a second; 0: any */
static unsigned int	 started;	/* slots */
static uint32_t		 pool_first, pool_last, server, relay;
static struct mac	 server_mac;
static uint16_t		 flags;
static int		 once, renewing, waiting, pxe, sleeping;
static const char	*leases_file;
static char		*pids;

/* Sending. */

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

/* The DHCP message of a client as it is now. */
static void
put_message(struct wbuf *msg, const struct slot *s, uint8_t type)
{
	put_head(msg, s->xid, flags, renewing ? s->addr : 0, relay,
	    client_mac(s->client));
	wbuf_copy(msg, (uint8_t []){ 53, 1, type }, 3);
	if (type == REQUEST && !renewing) {
		wbuf_u16(msg, 50 << 8 | 4);
		wbuf_u32(msg, s->addr);
		wbuf_u16(msg, 54 << 8 | 4);
		wbuf_u32(msg, server);
	}
	if (pxe)
		put_pxe(msg);
	wbuf_copy(msg, (uint8_t []){ 57, 2, 5, 0xdc }, 4);
	wbuf_copy(msg, (uint8_t []){ 55, 6, 1, 3, 6, 15, 28, 51, 255 }, 9);
	if (msg->len < 300)
		wbuf_zero(msg, 300 - msg->len);
}

static void
slot_send(struct slot *s, uint8_t type, mono_t now)
{
	struct frame	 f = { .dst = UINT32_MAX, .sport = 68, .dport = 67 };
	struct packet	*p = &out[nout];
	struct wbuf	 msg, frame;
	size_t		 head = relay != 0 ? 0 : FRAME_HDRLEN;

	s->xid = ++serial << SLOT_BITS | (uint32_t)(s - slots);
	s->sent = now;
	s->retry = mono_add_ms(now, timeout_ms * 3 / 4 +
	    (uint32_t)random() % (timeout_ms / 2 + 1));
	s->state = type == DISCOVER ? SELECTING : REQUESTING;
	wbuf_init(&msg, p->octets + head, sizeof(p->octets) - head);
	put_message(&msg, s, type);
	if (relay == 0) {
		memset(f.dst_mac.b, 0xff, sizeof(f.dst_mac.b));
		f.src_mac = client_mac(s->client);
		if (renewing) {
			f.dst_mac = server_mac;
			f.src = s->addr;
			f.dst = server;
		}
		wbuf_init(&frame, p->octets, sizeof(p->octets));
		frame_build(&frame, &f, msg.data, msg.len);
	}
	p->iov = (struct iovec){ p->octets, head + msg.len };
	out_msgs[nout].msg_hdr = (struct msghdr){ .msg_iov = &p->iov,
	    .msg_iovlen = 1 };
	if (++nout == BATCH)
		flush();
}

/* The next client that has something to ask, if any. */
static int
client_next(uint32_t *client)
{
	uint32_t	tried;

	for (tried = 0; tried < nclients; tried++) {
		if (next == nclients) {
			if (once)
				return (-1);
			next = 0;
		}
		*client = first + next++;
		if (!renewing || addr_of[*client] != 0)
			return (0);
	}
	return (-1);
}

/* Its client is done; another one's turn, unless all is to come to an end. */
static void
slot_next(struct slot *s, mono_t now, int stop)
{
	s->state = IDLE;
	if (stop || client_next(&s->client) == -1)
		return;
	s->addr = renewing ? addr_of[s->client] : 0;
	slot_send(s, renewing ? REQUEST : DISCOVER, now);
}

static void
slot_again(struct slot *s, mono_t now)
{
	slot_send(s, renewing ? REQUEST : DISCOVER, now);
}

/* Receiving. */

static void
complain(const struct slot *s, const struct reply *r, const char *what)
{
	char	mac[MAC_STRLEN], addr[ADDR_STRLEN];

	if (wrong++ < 5)
		warnx("%s: type %u, address %s for %s", what, r->type,
		    addr_str(r->yiaddr, addr),
		    mac_str(client_mac(s->client), mac));
}

static const char *
reply_fault(const struct slot *s, const struct reply *r)
{
	if (!mac_equal(r->mac, client_mac(s->client)))
		return ("somebody else's chaddr");
	if (r->server != server)
		return ("another server's identifier");
	if (r->type == NAK)
		return (NULL);
	if (r->yiaddr < pool_first || r->yiaddr > pool_last)
		return ("an address out of the range");
	if (r->lease != lease_time)
		return ("another lease time");
	if (r->mask == 0)
		return ("no subnet mask");
	if (owner[r->yiaddr - pool_first] != 0 &&
	    owner[r->yiaddr - pool_first] != s->client + 1)
		return ("somebody else's address");
	if (r->type == ACK && r->yiaddr != s->addr)
		return ("not the address that was asked for");
	return (NULL);
}

static void
client_bound(struct slot *s, mono_t now)
{
	uint32_t	*addr = &addr_of[s->client];

	times_add(&ack_times, mono_diff_us(now, s->sent));
	if (*addr == 0)
		fresh++;
	else if (*addr != s->addr)
		owner[*addr - pool_first] = 0;
	*addr = s->addr;
	owner[s->addr - pool_first] = s->client + 1;
	done++;
}

static void
take_reply(struct buf *b, mono_t now, int stop)
{
	struct reply	 r;
	struct slot	*s;
	const char	*fault;

	if (reply_parse(b, relay, &r) == -1)
		return;
	s = &slots[r.xid & (SLOTS_MAX - 1)];
	if (s->state == IDLE || r.xid != s->xid ||
	    (s->state == SELECTING) != (r.type == OFFER)) {
		stale++;
		return;
	}
	if ((fault = reply_fault(s, &r)) != NULL) {
		complain(s, &r, fault);
		slot_next(s, now, stop);
	} else if (r.type == OFFER) {
		times_add(&offer_times, mono_diff_us(now, s->sent));
		offers++;
		s->addr = r.yiaddr;
		slot_send(s, REQUEST, now);
	} else if (r.type == NAK) {
		naks++;
		slot_again(s, now);
	} else {
		client_bound(s, now);
		slot_next(s, now, stop);
	}
}

static int
receive(mono_t *now, int stop)
{
	struct frame	 f;
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
	*now = clock_now();
	for (i = 0; i < n; i++) {
		buf_init(&b, in[i].octets, in_msgs[i].msg_len);
		if (relay != 0)
			take_reply(&b, *now, stop);
		else if (frame_parse(&b, &f,
		    frame_has_csum(&in_msgs[i].msg_hdr)) == 0 &&
		    f.sport == 67 && f.dport == 68)
			take_reply(&f.payload, *now, stop);
	}
	return (n);
}

/* A client that has an address says so to who wants to send to it. */
static void
answer_arp(void)
{
	uint8_t		 q[64], a[42];
	struct buf	 b;
	struct wbuf	 w;
	struct mac	 mac;
	uint8_t		 asker[10];
	uint32_t	 target;

	while (recv(arp_fd, q, sizeof(q), MSG_DONTWAIT) >= 42) {
		buf_init(&b, q, 42);
		buf_skip(&b, 20);
		if (buf_u16(&b) != 1)
			continue;
		buf_copy(&b, asker, sizeof(asker));
		buf_skip(&b, 6);
		target = buf_u32(&b);
		if (target < pool_first || target > pool_last ||
		    owner[target - pool_first] == 0)
			continue;
		mac = client_mac(owner[target - pool_first] - 1);
		wbuf_init(&w, a, sizeof(a));
		wbuf_copy(&w, asker, 6);
		wbuf_copy(&w, mac.b, sizeof(mac.b));
		wbuf_copy(&w, (uint8_t []){ 8, 6, 0, 1, 8, 0, 6, 4, 0, 2 }, 10);
		wbuf_copy(&w, mac.b, sizeof(mac.b));
		wbuf_u32(&w, target);
		wbuf_copy(&w, asker, sizeof(asker));
		(void)send(arp_fd, a, w.len, 0);
	}
}

/* Everybody at once, or not faster than in real life. */
static void
start_slots(mono_t begin, mono_t now)
{
	while (started < outstanding && (rate == 0 ||
	    started <= mono_diff_us(now, begin) * rate / 1000000))
		slot_next(&slots[started++], now, 0);
}

/*
 * What was not answered in time is lost, and asked again; not by all in the
 * same moment, RFC 2131 4.1.
 */
static void
timeouts(mono_t now, int stop)
{
	static mono_t	looked;
	unsigned int	i;

	if (mono_diff_us(now, looked) < TIMEOUTS_US)
		return;
	looked = now;
	for (i = 0; i < started; i++) {
		if (slots[i].state == IDLE || mono_before(now, slots[i].retry))
			continue;
		lost++;
		if (stop)
			slots[i].state = IDLE;
		else
			slot_again(&slots[i], now);
	}
}

/* Has everybody who began come to an end? */
static int
all_idle(int stop)
{
	unsigned int	i;

	for (i = 0; i < started; i++)
		if (slots[i].state != IDLE)
			return (0);
	return (stop || (once && started == outstanding));
}

static mono_t
loop(mono_t now, mono_t end, int stop)
{
	struct pollfd	pfd = { .fd = fd, .events = POLLIN };
	const mono_t	begin = now;

	while (mono_before(now, end)) {
		if (!stop && started < outstanding)
			start_slots(begin, now);
		else if ((stop || once) && all_idle(stop))
			break;
		flush();
		if (sleeping && poll(&pfd, 1, 10) == -1)
			err(1, "poll");
		(void)receive(&now, stop);
		if (arp_fd != -1)
			answer_arp();
		timeouts(now, stop);
	}
	return (now);
}

static void
run(void)
{
	mono_t		now = clock_now(), begin = now;
	uint64_t	cpu = cpu_us(pids), in_time;
	double		s;

	now = loop(now, mono_add_ms(begin, run_ms), 0);
	cpu = cpu_us(pids) - cpu;
	in_time = done;
	s = (double)mono_diff_us(now, begin) / 1e6;
	(void)loop(now, mono_add_ms(now, DRAIN_MS), 1);
	printf("outstanding=%u done=%llu fresh=%llu rate=%.1f cpu_us=%.2f "
	    "offer50=%llu offer99=%llu ack50=%llu ack99=%llu lost=%llu "
	    "naks=%llu wrong=%llu stale=%llu seconds=%.3f\n", outstanding,
	    (unsigned long long)in_time, (unsigned long long)fresh,
	    (double)in_time / s,
	    in_time == 0 ? 0 : (double)cpu / (double)in_time,
	    (unsigned long long)times_quantile(&offer_times, .5),
	    (unsigned long long)times_quantile(&offer_times, .99),
	    (unsigned long long)times_quantile(&ack_times, .5),
	    (unsigned long long)times_quantile(&ack_times, .99),
	    (unsigned long long)lost, (unsigned long long)naks,
	    (unsigned long long)wrong, (unsigned long long)stale, s);
}

/* Ask until somebody offers; when that was, by the wall clock. */
static int
wait_offer(void)
{
	struct timespec	ts;
	mono_t		now = clock_now(), end = mono_add_ms(now, run_ms);
	mono_t		ask = now;

	while (offers == 0 && mono_before(now, end)) {
		if (!mono_before(now, ask)) {
			slots[0].client = first;
			slot_send(&slots[0], DISCOVER, now);
			ask = mono_add_ms(now, 5);
		}
		flush();
		(void)receive(&now, 1);
		(void)usleep(100);
	}
	if (offers == 0)
		return (1);
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	printf("%lld\n", (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
	return (0);
}

/* What earlier runs got: "CLIENT ADDRESS" a line. */
static void
leases_load(void)
{
	FILE		*f;
	unsigned int	 client, addr;

	if (leases_file == NULL || (f = fopen(leases_file, "re")) == NULL)
		return;
	while (fscanf(f, "%u %u\n", &client, &addr) == 2) {
		if (client >= CLIENTS_MAX || addr < pool_first ||
		    addr > pool_last)
			errx(1, "%s: not leases of this pool", leases_file);
		addr_of[client] = addr;
		owner[addr - pool_first] = client + 1;
	}
	(void)fclose(f);
}

static void
leases_save(void)
{
	FILE		*f;
	uint32_t	 i;

	if (leases_file == NULL)
		return;
	if ((f = fopen(leases_file, "we")) == NULL)
		err(1, "%s", leases_file);
	for (i = 0; i < CLIENTS_MAX; i++)
		if (addr_of[i] != 0)
			(void)fprintf(f, "%u %u\n", i, addr_of[i]);
	if (fclose(f) == EOF)
		err(1, "%s", leases_file);
}

/* A relay agent is a UDP socket. */
static int
open_relay(void)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET,
				    .sin_port = htons(67) };
	int			sock;

	if ((sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	option_set(sock, SOL_SOCKET, SO_RCVBUFFORCE, RCVBUF);
	sin.sin_addr.s_addr = htonl(relay);
	if (bind(sock, (const struct sockaddr *)(const void *)&sin,
	    sizeof(sin)) == -1)
		err(1, "bind");
	sin.sin_addr.s_addr = htonl(server);
	if (connect(sock, (const struct sockaddr *)(const void *)&sin,
	    sizeof(sin)) == -1)
		err(1, "connect");
	return (sock);
}

static void
usage(void)
{
	(void)fprintf(stderr, "usage: dhcpbench [-1bRswx] [-c clients] "
	    "[-f first] [-g relay]\n    [-l leases] [-L seconds] [-m mac] "
	    "[-o outstanding] [-p pids] [-r rate]\n    [-t ms] [-T timeout-ms] "
	    "interface server first-address last-address\n");
	exit(2);
}

static void
options(int argc, char **argv)
{
	int	c;

	while ((c = getopt(argc, argv, "1bc:f:g:l:L:m:o:p:r:Rst:T:wx")) != -1) {
		if (c == '1')
			once = 1;
		else if (c == 'b')
			flags = 0x8000;
		else if (c == 'r')
			rate = number(optarg, 1, 1000000);
		else if (c == 'R')
			renewing = 1;
		else if (c == 's')
			sleeping = 1;
		else if (c == 'w')
			waiting = 1;
		else if (c == 'x')
			pxe = 1;
		else if (c == 'c')
			nclients = number(optarg, 1, CLIENTS_MAX);
		else if (c == 'f')
			first = number(optarg, 0, CLIENTS_MAX - 1);
		else if (c == 'g')
			relay = address(optarg);
		else if (c == 'l')
			leases_file = optarg;
		else if (c == 'L')
			lease_time = number(optarg, 1, UINT32_MAX);
		else if (c == 'm' && mac_parse(optarg, &server_mac) == 0)
			continue;
		else if (c == 'o')
			outstanding = number(optarg, 1, SLOTS_MAX);
		else if (c == 'p')
			pids = optarg;
		else if (c == 't')
			run_ms = number(optarg, 1, 3600000);
		else if (c == 'T')
			timeout_ms = number(optarg, 1, 60000);
		else
			usage();
	}
}

int
main(int argc, char **argv)
{
	options(argc, argv);
	argc -= optind;
	argv += optind;
	if (argc != 4 || nclients > CLIENTS_MAX - first)
		usage();
	server = address(argv[1]);
	pool_first = address(argv[2]);
	pool_last = address(argv[3]);
	if (pool_last < pool_first)
		usage();
	addr_of = xcalloc(CLIENTS_MAX, sizeof(*addr_of));
	owner = xcalloc((size_t)pool_last - pool_first + 1, sizeof(*owner));
	leases_load();
	fd = relay != 0 ? open_relay() : open_packet(argv[0], ETH_P_IP);
	if (renewing)
		arp_fd = open_packet(argv[0], ETH_P_ARP);
	if (waiting)
		return (wait_offer());
	run();
	leases_save();
	return (wrong > 0);
}
