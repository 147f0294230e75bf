/* SPDX-License-Identifier: ISC */
/*
 * dhcpstorm: many DHCP clients at once, for tests.  Each has a MAC of its own
 * and goes through DISCOVER, OFFER, REQUEST, ACK with retries; every lease
 * that was acknowledged is written out, as it comes, as "MAC ADDRESS".
 * With -e the clients are those of such a file, and ask for what they have
 * (INIT-REBOOT).  With -d they only DISCOVER, and never take what is offered.
 * Exits 0 if all clients got addresses, no two the same.  How many addresses
 * were offered to two is told: a server that is killed forgets its offers.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <assert.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

#define MAX_CLIENTS	100000
#define MAX_FIRST	16000000	/* of three octets */
#define FIRST_RETRY_MS	500
#define LAST_RETRY_MS	4000
#define DHCP_MAGIC	0x63825363

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK };

enum state { IDLE, SELECTING, REQUESTING, REBOOTING, BOUND };

struct client {
	struct mac	 mac;
	enum state	 state;
	uint32_t	 addr, server;
	int64_t		 wait_ms;
	mono_t		 retry;
};

/* What we read of a reply. */
struct reply {
	struct mac	 mac;
	uint32_t	 xid, yiaddr, server, lease;
	uint8_t		 type;
};

/* Who was offered what, ever: two must not be offered the same. */
struct offer {
	uint32_t	 addr;
	unsigned int	 client;
};

static struct client	*clients;
static struct offer	*offers;
static size_t		 noffers;
static unsigned int	 nclients = 100, window = 32, started, bound;
static unsigned int	 rate = MAX_CLIENTS;	/* new clients a second */
static unsigned int	 naks, retries, wrong, first;
static int		 rebooting, discover_only;
static uint16_t		 flags;
static int		 fd;
static FILE		*out;

/* Locally administered, unicast, and its number in the last octets. */
static struct mac
storm_mac(unsigned int i)
{
	i += first;
	return ((struct mac){ { 0x02, 0xb0, 0x07,
	    (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } });
}

static int
by_mac(const void *a, const void *b)
{
	return (memcmp(((const struct client *)a)->mac.b,
	    ((const struct client *)b)->mac.b, sizeof(struct mac)));
}

/* Whose MAC it is: they are in order. */
static int
storm_index(struct mac mac, unsigned int *i)
{
	const struct client	 key = { .mac = mac }, *found;

	found = bsearch(&key, clients, started, sizeof(key), by_mac);
	if (found == NULL)
		return (-1);
	*i = (unsigned int)(found - clients);
	return (0);
}

static void
storm_send(unsigned int i, uint8_t type)
{
	const struct client	*c = &clients[i];
	struct frame		 f = { .dst = UINT32_MAX, .sport = 68,
				    .dport = 67 };
	struct mac		 mac = c->mac;
	struct wbuf		 msg, frame;
	uint8_t			 space[600], packet[700];

	wbuf_init(&msg, space, sizeof(space));
	wbuf_u32(&msg, 0x01010600);		/* request, Ethernet */
	wbuf_u32(&msg, i + 1);			/* xid */
	wbuf_u16(&msg, 0);			/* secs */
	wbuf_u16(&msg, flags);
	wbuf_zero(&msg, 16);			/* four addresses */
	wbuf_copy(&msg, mac.b, sizeof(mac.b));
	wbuf_zero(&msg, 10 + 64 + 128);		/* rest, sname, file */
	wbuf_u32(&msg, DHCP_MAGIC);
	wbuf_copy(&msg, (uint8_t []){ 53, 1, type }, 3);
	if (type == REQUEST) {
		wbuf_u16(&msg, 50 << 8 | 4);
		wbuf_u32(&msg, c->addr);
	}
	if (type == REQUEST && c->state != REBOOTING) {
		wbuf_u16(&msg, 54 << 8 | 4);
		wbuf_u32(&msg, c->server);
	}
	wbuf_copy(&msg, (uint8_t []){ 55, 3, 1, 3, 51, 255 }, 6);
	if (msg.len < 300)			/* BOOTP's minimum */
		wbuf_zero(&msg, 300 - msg.len);

	memset(f.dst_mac.b, 0xff, sizeof(f.dst_mac.b));
	f.src_mac = mac;
	wbuf_init(&frame, packet, sizeof(packet));
	frame_build(&frame, &f, msg.data, msg.len);
	wbuf_copy(&frame, msg.data, msg.len);
	if (msg.err || frame.err)
		errx(1, "the request does not fit");
	if (send(fd, packet, FRAME_HDRLEN + msg.len, 0) == -1)
		warn("send");
}

static void
client_enter(unsigned int i, enum state state, mono_t now)
{
	struct client	*c = &clients[i];

	if (c->state != state)
		c->wait_ms = FIRST_RETRY_MS;
	else if ((c->wait_ms *= 2) > LAST_RETRY_MS)
		c->wait_ms = LAST_RETRY_MS;
	c->state = state;
	c->retry = mono_add_ms(now, c->wait_ms);
	if (state == SELECTING)
		storm_send(i, DISCOVER);
	else
		storm_send(i, REQUEST);
}

static int
reply_parse(struct buf *in, struct reply *r)
{
	struct buf	 value;
	uint8_t		 code;

	memset(r, 0, sizeof(*r));
	if (buf_u32(in) != 0x02010600)
		return (-1);
	r->xid = buf_u32(in);
	buf_skip(in, 8);			/* secs, flags, ciaddr */
	r->yiaddr = buf_u32(in);
	buf_skip(in, 8);			/* siaddr, giaddr */
	buf_copy(in, r->mac.b, sizeof(r->mac.b));
	buf_skip(in, 10 + 64 + 128);
	if (buf_u32(in) != DHCP_MAGIC)
		return (-1);
	while (buf_left(in) > 0 && (code = buf_u8(in)) != 255) {
		if (code == 0)
			continue;
		if (buf_sub(in, &value, buf_u8(in)) == -1)
			return (-1);
		if (code == 53)
			r->type = buf_u8(&value);
		else if (code == 54)
			r->server = buf_u32(&value);
		else if (code == 51)
			r->lease = buf_u32(&value);
	}
	return (in->err ? -1 : 0);
}

static void
client_bound(unsigned int i)
{
	char	 addr[ADDR_STRLEN], mac[MAC_STRLEN];

	clients[i].state = BOUND;
	bound++;
	if (fprintf(out, "%s %s\n", mac_str(clients[i].mac, mac),
	    addr_str(clients[i].addr, addr)) < 0 || fflush(out) == EOF)
		err(1, "cannot write");
}

static void
client_offered(unsigned int i, const struct reply *r, mono_t now)
{
	struct client	*c = &clients[i];

	c->addr = r->yiaddr;
	c->server = r->server;
	if (noffers % MAX_CLIENTS == 0)
		offers = xreallocarray(offers, noffers + MAX_CLIENTS,
		    sizeof(*offers));
	offers[noffers++] = (struct offer){ r->yiaddr, i };
	if (discover_only)
		client_bound(i);
	else
		client_enter(i, REQUESTING, now);
}

static void
client_reply(unsigned int i, const struct reply *r, mono_t now)
{
	struct client	*c = &clients[i];

	if (r->type == OFFER && c->state == SELECTING) {
		if (r->yiaddr == 0 || r->server == 0) {
			wrong++;
			return;
		}
		client_offered(i, r, now);
	} else if (r->type == ACK && (c->state == REQUESTING ||
	    c->state == REBOOTING)) {
		if (r->yiaddr != c->addr || r->lease == 0 ||
		    (c->state == REQUESTING && r->server != c->server)) {
			wrong++;
			return;
		}
		client_bound(i);
	} else if (r->type == NAK && (c->state == REQUESTING ||
	    c->state == REBOOTING)) {
		naks++;
		client_enter(i, SELECTING, now);
	} else if (r->type == ACK && c->state == BOUND && r->yiaddr != c->addr)
		wrong++;
}

static int
storm_receive(mono_t now)
{
	uint8_t		 packet[2048], control[128];
	struct iovec	 iov = { packet, sizeof(packet) };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct frame	 f;
	struct reply	 r;
	struct buf	 in;
	ssize_t		 n;
	unsigned int	 i;

	if ((n = recvmsg(fd, &msg, MSG_DONTWAIT)) == -1)
		return (-1);
	buf_init(&in, packet, (size_t)n);
	if (frame_parse(&in, &f, frame_has_csum(&msg)) == -1 || f.sport != 67 ||
	    f.dport != 68 || reply_parse(&f.payload, &r) == -1)
		return (0);
	if (storm_index(r.mac, &i) == -1)
		return (0);
	if (r.xid != i + 1)
		wrong++;
	else
		client_reply(i, &r, now);
	return (0);
}

/* May another client begin?  Not above the rate, nor outside the window. */
static int
storm_next(mono_t begin, mono_t now)
{
	return (started < nclients && started - bound < window &&
	    started <= mono_diff_ms(now, begin) * rate / 1000);
}

static void
storm_run(mono_t begin, mono_t end)
{
	struct pollfd	 pfd = { .fd = fd, .events = POLLIN };
	mono_t		 now = begin;
	unsigned int	 i;

	while (bound < nclients && mono_before(now, end)) {
		while (storm_next(begin, now))
			client_enter(started++, rebooting ? REBOOTING :
			    SELECTING, now);
		if (poll(&pfd, 1, 10) == -1)
			err(1, "poll");
		now = clock_now();
		while (storm_receive(now) == 0)
			continue;
		for (i = 0; i < started; i++) {
			if (clients[i].state == BOUND ||
			    mono_before(now, clients[i].retry))
				continue;
			retries++;
			client_enter(i, clients[i].state, now);
		}
	}
}

static void
storm_open(const char *ifname)
{
	struct sockaddr_ll	 sll = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IP) };
	int			 on = 1, size = 4 * 1024 * 1024;

	if ((sll.sll_ifindex = (int)if_nametoindex(ifname)) == 0)
		err(1, "%s", ifname);
	if ((fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == -1)
		err(1, "setsockopt");
	if (bind(fd, (const struct sockaddr *)(const void *)&sll,
	    sizeof(sll)) == -1)
		err(1, "bind");
}

static int
by_addr(const void *a, const void *b)
{
	uint32_t	x = ((const struct client *)a)->addr;
	uint32_t	y = ((const struct client *)b)->addr;

	return ((x > y) - (x < y));
}

/* How many clients have an address that another one has, too. */
static unsigned int
storm_duplicates(void)
{
	unsigned int	 i, n = 0;

	qsort(clients, nclients, sizeof(*clients), by_addr);
	for (i = 1; i < nclients; i++)
		if (clients[i].state == BOUND &&
		    clients[i - 1].state == BOUND &&
		    clients[i].addr == clients[i - 1].addr)
			n++;
	return (n);
}

static int
by_offer(const void *a, const void *b)
{
	const struct offer	*x = a, *y = b;

	if (x->addr != y->addr)
		return (x->addr > y->addr ? 1 : -1);
	return ((x->client > y->client) - (x->client < y->client));
}

static unsigned int
storm_double_offers(void)
{
	unsigned int	 n = 0;
	size_t		 i;

	if (noffers > 0)
		qsort(offers, noffers, sizeof(*offers), by_offer);
	for (i = 1; i < noffers; i++)
		if (offers[i].addr == offers[i - 1].addr &&
		    offers[i].client != offers[i - 1].client)
			n++;
	return (n);
}

/* The clients of a file that an earlier run wrote, one after the other. */
static void
storm_read(const char *name)
{
	FILE		*in = fopen(name, "re");
	char		 mac[MAC_STRLEN], addr[ADDR_STRLEN];
	unsigned int	 i;

	static_assert(MAC_STRLEN == 18 && ADDR_STRLEN == 16, "scanf");
	if (in == NULL)
		err(1, "%s", name);
	for (i = 0; i < MAX_CLIENTS; i++) {
		if (fscanf(in, "%17s %15s", mac, addr) != 2)
			break;
		if (mac_parse(mac, &clients[i].mac) == -1 ||
		    addr_parse(addr, &clients[i].addr) == -1)
			errx(1, "%s: %s %s", name, mac, addr);
	}
	(void)fclose(in);
	nclients = i;
	qsort(clients, nclients, sizeof(*clients), by_mac);
	rebooting = 1;
}

static unsigned int
number(const char *text, unsigned int max)
{
	char		*end;
	unsigned long	 n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n == 0 || n > max)
		errx(2, "%s: not a number from 1 to %u", text, max);
	return ((unsigned int)n);
}

int
main(int argc, char **argv)
{
	mono_t		 begin;
	unsigned int	 seconds = 60, duplicates, doubles, i;
	const char	*file = NULL;
	int		 c;

	out = stdout;
	while ((c = getopt(argc, argv, "bde:f:n:o:r:t:w:")) != -1)
		switch (c) {
		case 'b':
			flags = 0x8000;		/* answer me by broadcast */
			break;
		case 'd':
			discover_only = 1;
			break;
		case 'e':
			file = optarg;
			break;
		case 'f':
			first = number(optarg, MAX_FIRST);
			break;
		case 'n':
			nclients = number(optarg, MAX_CLIENTS);
			break;
		case 'o':
			if ((out = fopen(optarg, "we")) == NULL)
				err(1, "%s", optarg);
			break;
		case 'r':
			rate = number(optarg, MAX_CLIENTS);
			break;
		case 't':
			seconds = number(optarg, MAX_CLIENTS);
			break;
		case 'w':
			window = number(optarg, MAX_CLIENTS);
			break;
		default:
			optind = argc;
		}
	if (argc - optind != 1)
		errx(2, "usage: dhcpstorm [-bd] [-e file] [-f first] "
		    "[-n clients] [-o file] [-r rate] [-t seconds] "
		    "[-w window] interface");
	storm_open(argv[optind]);
	clients = xcalloc(MAX_CLIENTS, sizeof(*clients));
	for (i = 0; i < nclients; i++)
		clients[i].mac = storm_mac(i);
	if (file != NULL)
		storm_read(file);
	begin = clock_now();
	storm_run(begin, mono_add_s(begin, seconds));
	duplicates = storm_duplicates();
	doubles = storm_double_offers();
	(void)fprintf(stderr, "dhcpstorm: %u clients, %u bound, %u naks, "
	    "%u retries, %u wrong, %u duplicates, %u double offers, %lld ms\n",
	    nclients, bound, naks, retries, wrong, duplicates, doubles,
	    (long long)mono_diff_ms(clock_now(), begin));
	return (bound != nclients || wrong > 0 || duplicates > 0);
}
