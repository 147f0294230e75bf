/* SPDX-License-Identifier: ISC */
/*
 * dhcpplay: one DHCP client of any kind, for tests.  Sends one message that
 * is made as it is told, and prints what comes back:
 *
 *	dhcpplay IFACE MAC TYPE [NAME=VALUE...]
 *	dhcpplay IFACE MAC noise [N]
 *
 * TYPE is a message's name, or a number.  NAMEs are the fields of the header
 * (op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr,
 * chaddr, sname, file), of the frame (l2src, l2dst, src, dst, sport, dport),
 * wait (milliseconds), or option numbers with a value of hex digits, a dotted
 * address, or text after a comma.  A value of more than 255 octets goes in
 * pieces.  xid, flags and chaddr are hex digits, sname and file are text.
 * "noise" sends N broken messages.  Exits 0 with an answer, 1 without.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <ctype.h>
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

#define MAGIC		0x63825363
#define OPT_TYPE	53

static const char *const types[] = { "none", "discover", "offer", "request",
	"decline", "ack", "nak", "release", "inform", "forcerenew",
	"leasequery", "leaseunassigned", "leaseunknown", "leaseactive" };

static struct frame	frame = { .dst = UINT32_MAX, .sport = 68, .dport = 67,
	.dst_mac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } };
static struct mac	mac;
static uint32_t		ciaddr, yiaddr, siaddr, giaddr, xid;
static uint16_t		flags, secs;
static uint8_t		op = 1, htype = 1, hlen = 6, hops;
static uint8_t		chaddr[16], sname[64], file[128];
static int		wait_ms = 500;
static uint8_t		options[1200];
static struct wbuf	opts;

enum kind { KIND_ADDR, KIND_MAC, KIND_U8, KIND_U16, KIND_HEX16, KIND_HEX32,
	KIND_INT, KIND_HEX, KIND_TEXT };

static const struct word {
	const char	*name;
	enum kind	 kind;
	void		*value;
	size_t		 size;
} words[] = {
	{ "op", KIND_U8, &op, 0 },
	{ "htype", KIND_U8, &htype, 0 },
	{ "hlen", KIND_U8, &hlen, 0 },
	{ "hops", KIND_U8, &hops, 0 },
	{ "xid", KIND_HEX32, &xid, 0 },
	{ "secs", KIND_U16, &secs, 0 },
	{ "flags", KIND_HEX16, &flags, 0 },
	{ "ciaddr", KIND_ADDR, &ciaddr, 0 },
	{ "yiaddr", KIND_ADDR, &yiaddr, 0 },
	{ "siaddr", KIND_ADDR, &siaddr, 0 },
	{ "giaddr", KIND_ADDR, &giaddr, 0 },
	{ "chaddr", KIND_HEX, chaddr, sizeof(chaddr) },
	{ "sname", KIND_TEXT, sname, sizeof(sname) },
	{ "file", KIND_TEXT, file, sizeof(file) },
	{ "l2src", KIND_MAC, &frame.src_mac, 0 },
	{ "l2dst", KIND_MAC, &frame.dst_mac, 0 },
	{ "src", KIND_ADDR, &frame.src, 0 },
	{ "dst", KIND_ADDR, &frame.dst, 0 },
	{ "sport", KIND_U16, &frame.sport, 0 },
	{ "dport", KIND_U16, &frame.dport, 0 },
	{ "wait", KIND_INT, &wait_ms, 0 },
};

static uint32_t
word_addr(const char *text)
{
	uint32_t	addr;

	if (addr_parse(text, &addr) == -1)
		errx(2, "%s: not an address", text);
	return (addr);
}

/* The octets of an option. */
static size_t
word_octets(const char *text, uint8_t *octets, size_t size)
{
	struct wbuf	b;
	char		hex[3] = "";
	uint32_t	addr;

	wbuf_init(&b, octets, size);
	if (*text == ',')
		wbuf_str(&b, text + 1);
	else if (addr_parse(text, &addr) == 0)
		wbuf_u32(&b, addr);
	else
		for (; text[0] != '\0' && text[1] != '\0'; text += 2) {
			memcpy(hex, text, 2);
			wbuf_u8(&b, (uint8_t)strtoul(hex, NULL, 16));
		}
	if (b.err)
		errx(2, "an option that is too long");
	return (b.len);
}

/* RFC 3396: what is too long for one option goes on in the next. */
static void
take_option(unsigned long code, const char *text)
{
	uint8_t	octets[1024];
	size_t	len = word_octets(text, octets, sizeof(octets)), off = 0, n;

	do {
		n = len - off < 255 ? len - off : 255;
		wbuf_u8(&opts, (uint8_t)code);
		wbuf_u8(&opts, (uint8_t)n);
		wbuf_copy(&opts, octets + off, n);
		off += n;
	} while (off < len);
	if (opts.err)
		errx(2, "options that are too long");
}

static void
take_field(const struct word *w, const char *text)
{
	size_t	len;

	switch (w->kind) {
	case KIND_ADDR:
		*(uint32_t *)w->value = word_addr(text);
		break;
	case KIND_MAC:
		if (mac_parse(text, w->value) == -1)
			errx(2, "%s: not a MAC", text);
		break;
	case KIND_U8:
		*(uint8_t *)w->value = (uint8_t)atoi(text);
		break;
	case KIND_U16:
		*(uint16_t *)w->value = (uint16_t)atoi(text);
		break;
	case KIND_HEX16:
		*(uint16_t *)w->value = (uint16_t)strtoul(text, NULL, 16);
		break;
	case KIND_HEX32:
		*(uint32_t *)w->value = (uint32_t)strtoul(text, NULL, 16);
		break;
	case KIND_INT:
		*(int *)w->value = atoi(text);
		break;
	case KIND_HEX:
		memset(w->value, 0, w->size);
		(void)word_octets(text, w->value, w->size);
		break;
	case KIND_TEXT:
		if ((len = strlen(text)) > w->size)
			errx(2, "%s: too long", w->name);
		memcpy(w->value, text, len);
		break;
	}
}

static void
take_word(char *word)
{
	char	*value = strchr(word, '=');
	size_t	 i;

	if (value == NULL)
		errx(2, "%s: no value", word);
	*value++ = '\0';
	if (isdigit((unsigned char)word[0])) {
		take_option(strtoul(word, NULL, 10), value);
		return;
	}
	for (i = 0; i < nitems(words); i++)
		if (strcmp(words[i].name, word) == 0) {
			take_field(&words[i], value);
			return;
		}
	errx(2, "%s: unknown", word);
}

static size_t
make_message(uint8_t *octets, size_t size, unsigned int type)
{
	struct wbuf	b;

	wbuf_init(&b, octets, size);
	wbuf_u8(&b, op);
	wbuf_u8(&b, htype);
	wbuf_u8(&b, hlen);
	wbuf_u8(&b, hops);
	wbuf_u32(&b, xid);
	wbuf_u16(&b, secs);
	wbuf_u16(&b, flags);
	wbuf_u32(&b, ciaddr);
	wbuf_u32(&b, yiaddr);
	wbuf_u32(&b, siaddr);
	wbuf_u32(&b, giaddr);
	wbuf_copy(&b, chaddr, sizeof(chaddr));
	wbuf_copy(&b, sname, sizeof(sname));
	wbuf_copy(&b, file, sizeof(file));
	wbuf_u32(&b, MAGIC);
	if (type != 0) {
		wbuf_u8(&b, OPT_TYPE);
		wbuf_u8(&b, 1);
		wbuf_u8(&b, (uint8_t)type);
	}
	wbuf_copy(&b, options, opts.len);
	wbuf_u8(&b, 255);
	if (b.len < 300)
		wbuf_zero(&b, 300 - b.len);
	if (b.err)
		errx(2, "a message that is too long");
	return (b.len);
}

static int
open_socket(const char *ifname)
{
	struct sockaddr_ll	sll = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IP) };
	struct packet_mreq	promisc = { .mr_type = PACKET_MR_PROMISC };
	int			fd;

	sll.sll_ifindex = (int)if_nametoindex(ifname);
	promisc.mr_ifindex = sll.sll_ifindex;
	if ((fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP))) == -1 ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc,
	    sizeof(promisc)) == -1)
		err(2, "%s", ifname);
	return (fd);
}

static void
send_frame(int fd, const uint8_t *octets, size_t len)
{
	uint8_t		packet[2048];
	struct wbuf	b;

	wbuf_init(&b, packet, sizeof(packet));
	frame_build(&b, &frame, octets, len);
	wbuf_copy(&b, octets, len);
	if (b.err || send(fd, packet, b.len, 0) == -1)
		err(2, "send");
}

static void
print_addr(const char *name, uint32_t addr)
{
	char	text[ADDR_STRLEN];

	printf(" %s=%s", name, addr_str(addr, text));
}

static void
print_options(struct buf *in)
{
	struct buf	value;
	char		hex[2 * 255 + 1];
	uint8_t		code;

	while (buf_left(in) > 0 && (code = buf_u8(in)) != 255) {
		if (code == 0)
			continue;
		if (buf_sub(in, &value, buf_u8(in)) == -1)
			break;
		hex_encode(value.data, value.len, hex);
		printf(" %u=%s", code, hex);
	}
}

/* One line for a reply to our message; 0 when it is something else. */
static int
print_reply(struct buf *packet)
{
	struct frame	f;
	struct buf	in, scan;
	char		boot[129] = "", text[MAC_STRLEN];
	uint32_t	yi, si, ci, gi;
	uint16_t	fl;
	uint8_t		code, type = 0, len;

	if (frame_parse(packet, &f, 0) == -1 ||
	    (f.sport != 67 && f.sport != 4011))
		return (0);
	in = f.payload;
	if (buf_u8(&in) != 2)
		return (0);
	buf_skip(&in, 3);
	if (buf_u32(&in) != xid)
		return (0);
	buf_skip(&in, 2);
	fl = buf_u16(&in);
	ci = buf_u32(&in);
	yi = buf_u32(&in);
	si = buf_u32(&in);
	gi = buf_u32(&in);
	buf_skip(&in, 16 + 64);
	buf_copy(&in, boot, 128);
	buf_skip(&in, 4);
	scan = in;
	while (buf_left(&scan) > 0 && (code = buf_u8(&scan)) != 255) {
		if (code == 0)
			continue;
		len = buf_u8(&scan);
		if (code == OPT_TYPE)
			type = buf_u8(&scan);
		else
			buf_skip(&scan, len);
	}
	printf("%s", type < nitems(types) ? types[type] : "unknown");
	print_addr("yiaddr", yi);
	print_addr("siaddr", si);
	print_addr("ciaddr", ci);
	print_addr("giaddr", gi);
	printf(" flags=%04x file=%s l2dst=%s", fl, boot,
	    mac_str(f.dst_mac, text));
	print_addr("dst", f.dst);
	print_addr("src", f.src);
	printf(" dport=%u len=%zu", f.dport, f.payload.len);
	print_options(&in);
	printf("\n");
	return (1);
}

static int
await_reply(int fd)
{
	struct pollfd	pfd = { .fd = fd, .events = POLLIN };
	uint8_t		packet[2048];
	struct buf	in;
	mono_t		end = mono_add_ms(clock_now(), wait_ms);
	int64_t		left;
	ssize_t		n;

	while ((left = mono_diff_ms(end, clock_now())) > 0) {
		if (poll(&pfd, 1, (int)left + 1) != 1)
			continue;
		if ((n = recv(fd, packet, sizeof(packet), 0)) <= 0)
			continue;
		buf_init(&in, packet, (size_t)n);
		if (print_reply(&in))
			return (0);
	}
	return (1);
}

/* Messages with some octets changed, cut off, or both. */
static void
send_noise(int fd, unsigned long n)
{
	uint8_t		octets[1400];
	size_t		len, k;
	unsigned long	i;

	srandom(5);
	for (i = 0; i < n; i++) {
		opts.len = 0;
		take_option(61, "0102030405");
		take_option(55, "0103060f2c2e2f42439697afcbd0d1d2d3fc");
		take_option(60, ",PXEClient:Arch:00000:UNDI:002001");
		take_option(52, "03");
		xid = (uint32_t)random();
		len = make_message(octets, sizeof(octets),
		    (unsigned int)(random() % 10));
		for (k = (size_t)(random() % 12); k > 0; k--)
			octets[(size_t)random() % len] = (uint8_t)random();
		if (random() % 4 == 0)
			len = (size_t)random() % len;
		send_frame(fd, octets, len);
		if (i % 64 == 0)
			(void)usleep(200);
	}
}

int
main(int argc, char *argv[])
{
	uint8_t		octets[1400];
	unsigned int	type;
	int		fd, i;

	if (argc < 4 || mac_parse(argv[2], &mac) == -1)
		errx(2, "usage: dhcpplay IFACE MAC TYPE [NAME=VALUE...]");
	wbuf_init(&opts, options, sizeof(options));
	frame.src_mac = mac;
	memcpy(chaddr, mac.b, sizeof(mac.b));
	xid = (uint32_t)clock_now().us ^ (uint32_t)getpid() << 16;
	fd = open_socket(argv[1]);
	if (strcmp(argv[3], "noise") == 0) {
		send_noise(fd, argc > 4 ? strtoul(argv[4], NULL, 10) : 1000);
		return (0);
	}
	for (type = 0; type < nitems(types); type++)
		if (strcmp(argv[3], types[type]) == 0)
			break;
	if (type == nitems(types))
		type = (unsigned int)atoi(argv[3]);
	for (i = 4; i < argc; i++)
		take_word(argv[i]);
	send_frame(fd, octets, make_message(octets, sizeof(octets), type));
	return (await_reply(fd));
}
