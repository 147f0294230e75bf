/* SPDX-License-Identifier: ISC */
/*
 * dhcpmodel: more clients than there are addresses do what they like, and a
 * model of RFC 2131 says after each message what its answer may have been:
 *
 *	dhcpmodel [-s SEED] [-n MESSAGES] [-c COMMAND] [-v] IFACE SERVER FIRST
 *	    LAST
 *
 * No address is anybody's but its owner's; an owner renews it, always; what
 * was declined is given to nobody; nobody is refused while an address is
 * left.  After each message one client renews its lease: when that is
 * answered, so has been what came before it, and no answer is silence.
 * COMMAND is run now and then (it kills the server, say): offers are
 * forgotten then, leases are not.  Prints what was wrong, and exits 1.
 */
#include <unistd.h>

#include "tests/tools/dhcpwire.h"

#define CLIENTS		48
#define ADDRS		64
#define NOBODY		(-1)

static struct client {
	struct mac	 mac;
	uint8_t		 id[8];
	size_t		 id_len;	/* 0: known by its MAC */
	uint32_t	 lease, offer;
	int		 declined;	/* how often */
} clients[CLIENTS];

/* The last client has an address from the start, and keeps it. */
static struct client	*const keeper = &clients[CLIENTS - 1];

static struct {
	int	owner, offered, declined;
} addrs[ADDRS];

/* What an answer was; none: type 0. */
static struct {
	int		type;
	uint32_t	addr;
} answer;

static uint32_t		first, naddrs, ndeclined, server;
static struct out	out;
static uint8_t		opts[128];
static unsigned long	step;
static int		wrong, verbose;
static const char	*doing;
static uint32_t		wanted;		/* the address that it is about */
static int		asking;

static unsigned int
pick(unsigned int n)
{
	return ((unsigned int)random() % n);
}

/* An address that anybody could have been given, or 0. */
static uint32_t
one_left(void)
{
	uint32_t	i;

	for (i = 0; i < naddrs; i++)
		if (addrs[i].owner == NOBODY && addrs[i].offered == NOBODY &&
		    !addrs[i].declined)
			return (first + i);
	return (0);
}

static void
complain(const struct client *c, const char *what)
{
	char	a[ADDR_STRLEN], b[ADDR_STRLEN], o[ADDR_STRLEN];

	printf("message %lu, %s by client %ld with %s: %s %s: %s\n", step,
	    doing, (long)(c - clients), addr_str(c->lease, a),
	    answer.type == 0 ? "silence" : type_names[answer.type],
	    addr_str(answer.addr, b), what);
	printf("\toffered: %s; left: %s\n", addr_str(c->offer, o),
	    addr_str(one_left(), a));
	wrong++;
}

static int
place(uint32_t addr)
{
	return (addr >= first && addr - first < naddrs ?
	    (int)(addr - first) : -1);
}

static int
number_of(const struct client *c)
{
	return ((int)(c - clients));
}

/* The wire ---------------------------------------------------------------- */

static void
begin(const struct client *c)
{
	if (c != keeper) {
		asking = (int)(c - clients);
		wanted = 0;
	}
	memset(&out, 0, sizeof(out));
	wbuf_init(&out.opts, opts, sizeof(opts));
	memset(&out.frame.dst_mac, 0xff, sizeof(out.frame.dst_mac));
	out.frame.src_mac = c->mac;
	out.frame.dst = UINT32_MAX;
	out.frame.sport = 68;
	out.frame.dport = 67;
	out.op = out.htype = 1;
	out.hlen = 6;
	out.magic = MAGIC;
	out.xid = ++xid;
	out.fragment = 0x4000;
	out.cut = -1;
	out.pad = 300;
	memcpy(out.chaddr, c->mac.b, sizeof(c->mac.b));
	if (c->id_len > 0) {
		wbuf_u8(&out.opts, 61);
		wbuf_u8(&out.opts, (uint8_t)c->id_len);
		wbuf_copy(&out.opts, c->id, c->id_len);
	}
}

static void
put_addr(uint8_t code, uint32_t addr)
{
	wbuf_u8(&out.opts, code);
	wbuf_u8(&out.opts, 4);
	wbuf_u32(&out.opts, addr);
	if (code == 50)
		wanted = addr;
}

static void
emit(int type)
{
	struct wbuf	b;
	uint8_t		packet[2048];
	size_t		len;

	len = out_payload(&out, out.octets, sizeof(out.octets), type);
	wbuf_init(&b, packet, sizeof(packet));
	frame_build(&b, &out.frame, out.octets, len);
	wbuf_copy(&b, out.octets, len);
	if (b.err || send(ports[0].fd, packet, b.len, 0) == -1)
		err(2, "send");
}

static void
renewal(const struct client *c)
{
	begin(c);
	out.ciaddr = out.frame.src = c->lease;
	emit(3);
}

/* What was sent last by whom, and its answer. */
static void
tell(void)
{
	char	a[ADDR_STRLEN], b[ADDR_STRLEN];

	printf("%lu: %s by %d for %s: %s %s\n", step, doing, asking,
	    addr_str(wanted, a), answer.type == 0 ? "silence" :
	    type_names[answer.type], addr_str(answer.addr, b));
}

/* Send it, then have the keeper renew; what comes for it before counts. */
static void
ask(int type)
{
	struct pollfd	pfd = { .fd = ports[0].fd, .events = POLLIN };
	uint32_t	mine = out.xid;
	ssize_t		n;
	int		tries;

	answer.type = 0;
	answer.addr = 0;
	emit(type);
	for (tries = 0; tries < 40; tries++) {
		renewal(keeper);
		while (poll(&pfd, 1, 250) == 1) {
			n = recv(pfd.fd, in.data, sizeof(in.data), 0);
			if (n <= 0)
				continue;
			if (in_parse(&in, (size_t)n, mine) == 0) {
				answer.type = in.type;
				answer.addr = in.octets == NULL ? 0 :
				    (uint32_t)in.octets[16] << 24 |
				    (uint32_t)in.octets[17] << 16 |
				    (uint32_t)in.octets[18] << 8 |
				    in.octets[19];
			} else if (in_parse(&in, (size_t)n, xid) == 0) {
				if (in.type != 5)
					complain(keeper, "not renewed");
				if (verbose)
					tell();
				return;
			}
		}
	}
	errx(1, "message %lu, %s: the server does not answer any more", step,
	    doing);
}

/* The model ---------------------------------------------------------------- */

static void
withdraw(struct client *c)
{
	int	i = place(c->offer);

	if (i != -1 && addrs[i].offered == number_of(c))
		addrs[i].offered = NOBODY;
	c->offer = 0;
}

/* It has no address any more. */
static void
leave(struct client *c, int declined)
{
	int	i = place(c->lease);

	if (i != -1) {
		addrs[i].owner = NOBODY;
		addrs[i].declined = declined;
	}
	if (c->offer == c->lease)
		withdraw(c);
	c->lease = 0;
}

static void
granted(struct client *c)
{
	int	i = place(answer.addr);

	if (i == -1) {
		complain(c, "an address of no pool");
		return;
	}
	if (addrs[i].declined)
		complain(c, "it was declined");
	if (addrs[i].owner != NOBODY && addrs[i].owner != number_of(c)) {
		complain(c, "it is another's");
		return;
	}
	if (c->lease != 0 && c->lease != answer.addr)
		leave(c, 0);
	withdraw(c);
	addrs[i].owner = number_of(c);
	addrs[i].offered = NOBODY;
	c->lease = answer.addr;
}

static void
offered(struct client *c)
{
	int	i = place(answer.addr);

	if (i == -1 || addrs[i].declined)
		complain(c, "an offer of what is nobody's to give");
	else if (c->lease != 0 && answer.addr != c->lease)
		complain(c, "not its own address");
	else if (addrs[i].owner != NOBODY && addrs[i].owner != number_of(c))
		complain(c, "an offer of another's address");
	else if (addrs[i].offered != NOBODY && addrs[i].offered !=
	    number_of(c) && one_left() != 0)
		complain(c, "it was offered to another");
	else {
		if (addrs[i].offered != NOBODY)
			clients[addrs[i].offered].offer = 0;
		withdraw(c);
		addrs[i].offered = number_of(c);
		c->offer = answer.addr;
	}
}

static void
do_discover(struct client *c)
{
	doing = "DISCOVER";
	begin(c);
	if (pick(2) == 0)
		put_addr(50, first + pick(naddrs));
	ask(1);
	if (answer.type == 2)
		offered(c);
	else if (answer.type != 0)
		complain(c, "no OFFER");
	else if (c->lease != 0 || c->offer != 0 || one_left() != 0)
		complain(c, "there was an address");
}

static void
do_select(struct client *c)
{
	int	i = place(c->offer);

	if (i == -1)
		return;
	doing = "SELECTING";
	begin(c);
	put_addr(50, c->offer);
	put_addr(54, server);
	ask(3);
	if (answer.type == 5 && answer.addr == c->offer)
		granted(c);
	else
		complain(c, "its offer is not kept");
}

static void
do_other(struct client *c)
{
	doing = "REQUEST to another server";
	begin(c);
	put_addr(50, first + pick(naddrs));
	put_addr(54, server + 7);
	ask(3);
	if (answer.type != 0)
		complain(c, "it was not for us");
	withdraw(c);
}

static void
do_renew(struct client *c)
{
	if (c->lease == 0)
		return;
	doing = "RENEWING";
	withdraw(c);
	renewal(c);
	ask(3);
	if (answer.type != 5 || answer.addr != c->lease)
		complain(c, "it is its own");
}

static void
do_reboot(struct client *c)
{
	uint32_t	addr = c->lease;

	doing = "INIT-REBOOT";
	if (addr == 0 || pick(3) == 0)
		addr = first + pick(naddrs);
	begin(c);
	put_addr(50, addr);
	ask(3);
	if (answer.type == 5 && answer.addr != addr)
		complain(c, "another address than it asked for");
	else if (answer.type == 5 && c->lease != 0 && addr != c->lease)
		complain(c, "it has another one");
	else if (answer.type == 5)
		granted(c);
	else if (c->lease != 0 && addr == c->lease)
		complain(c, "it is its own");
}

static void
do_steal(struct client *c)
{
	uint32_t	addr = first + pick(naddrs);

	if (addr == c->lease || addr == c->offer)
		return;
	doing = "RENEWING of another's";
	begin(c);
	out.ciaddr = out.frame.src = wanted = addr;
	ask(3);
	if (answer.type == 5)
		granted(c);
}

static void
do_release(struct client *c)
{
	uint32_t	addr = pick(3) == 0 ? first + pick(naddrs) : c->lease;

	if (addr == 0)
		return;
	doing = "RELEASE";
	begin(c);
	out.ciaddr = out.frame.src = wanted = addr;
	put_addr(54, server);
	ask(7);
	if (answer.type != 0)
		complain(c, "an answer to a RELEASE");
	if (addr == c->lease)
		leave(c, 0);
}

static void
do_decline(struct client *c)
{
	uint32_t	addr = pick(2) == 0 ? first + pick(naddrs) : c->lease;

	/* Who declines too often, or too much of the pool, is not believed. */
	if (addr == 0 || addr == c->offer || (addr == c->lease &&
	    (c->declined > 0 || ndeclined >= naddrs / 4 || pick(10) != 0)))
		return;
	doing = "DECLINE";
	begin(c);
	put_addr(50, addr);
	put_addr(54, server);
	ask(4);
	if (answer.type != 0)
		complain(c, "an answer to a DECLINE");
	if (addr == c->lease) {
		leave(c, 1);
		c->declined++;
		ndeclined++;
	}
}

/* Something was done to the server: offers are gone, it is back soon. */
static void
disturb(const char *command)
{
	size_t	i;
	int	tries;

	for (i = 0; i < CLIENTS; i++)
		withdraw(&clients[i]);
	if (system(command) != 0)
		errx(2, "%s: it fails", command);
	for (tries = 0; tries < 80; tries++) {
		renewal(keeper);
		if (await(250) && in.type == 5)
			return;
	}
	errx(1, "message %lu: the server does not come back", step);
}

static void (*const deeds[])(struct client *) = {
	do_discover, do_discover, do_discover, do_discover, do_select,
	do_select, do_select, do_other, do_renew, do_renew, do_reboot,
	do_reboot, do_steal, do_release, do_release, do_decline,
};

static void
people(void)
{
	struct client	*c;
	unsigned int	 i;

	for (i = 0; i < CLIENTS; i++) {
		c = &clients[i];
		/* Some cards have two clients, one of them with an id. */
		c->mac = (struct mac){ { 2, 0xd0, 0, 0, 0,
		    (uint8_t)(i % (CLIENTS * 3 / 4)) } };
		if (i >= CLIENTS / 2) {
			c->id_len = sizeof(c->id);
			memcpy(c->id, "\0client", 7);
			c->id[7] = (uint8_t)i;
		}
	}
	for (i = 0; i < ADDRS; i++)
		addrs[i].owner = addrs[i].offered = NOBODY;
}

/* It gets its address when everything else still works. */
static void
keeper_moves_in(void)
{
	int	i;

	doing = "moving in";
	begin(keeper);
	emit(1);
	if (!await(5000) || in.type != 2)
		errx(1, "no OFFER for the first client");
	keeper->lease = (uint32_t)in.octets[16] << 24 |
	    (uint32_t)in.octets[17] << 16 | (uint32_t)in.octets[18] << 8 |
	    in.octets[19];
	begin(keeper);
	put_addr(50, keeper->lease);
	put_addr(54, server);
	emit(3);
	if ((i = place(keeper->lease)) == -1 || !await(5000) || in.type != 5)
		errx(1, "no ACK for the first client");
	addrs[i].owner = CLIENTS - 1;
}

int
main(int argc, char *argv[])
{
	const char	*command = NULL;
	uint32_t	 last;
	unsigned long	 n = 2000;
	int		 ch;

	while ((ch = getopt(argc, argv, "c:n:s:v")) != -1)
		if (ch == 'c')
			command = optarg;
		else if (ch == 'n')
			n = strtoul(optarg, NULL, 10);
		else if (ch == 'v')
			verbose = 1;
		else
			srandom((unsigned int)strtoul(optarg, NULL, 10));
	argv += optind;
	if (argc - optind != 4)
		errx(2, "usage: dhcpmodel [-s SEED] [-n MESSAGES] [-c COMMAND]"
		    " [-v] IFACE SERVER FIRST LAST");
	server = word_addr(argv[1]);
	first = word_addr(argv[2]);
	last = word_addr(argv[3]);
	naddrs = last - first + 1;
	if (naddrs > ADDRS)
		errx(2, "too many addresses");
	ports_open(argv[0]);
	xid = (uint32_t)clock_now().us << 8;
	people();
	keeper_moves_in();
	for (step = 1; step <= n && wrong < 10; step++) {
		if (command != NULL && step % (n / 5 + 1) == 0)
			disturb(command);
		deeds[pick(nitems(deeds))](&clients[pick(CLIENTS - 1)]);
	}
	printf("%lu messages, %d wrong\n", step - 1, wrong);
	return (wrong != 0);
}
