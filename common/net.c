/* SPDX-License-Identifier: ISC */
/*
 * net.c: Ethernet, IPv4 and UDP headers around a payload, read and written
 * field by field (RFC 894, 791, 768).  Touches only buffers.
 */
#include <sys/socket.h>

#include <endian.h>
#include <linux/if_packet.h>
#include <string.h>

#include "lib.h"

#define ETHERTYPE_IPV4	0x0800
#define IPV4_MIN	20
#define IPV4_PROTO_UDP	17
#define IPV4_DONT_FRAG	0x4000
#define IPV4_FRAGMENT	0x3fff		/* more fragments, or an offset */
#define UDP_HDRLEN	8
#define TTL		64

/* Sums of 32-bit words fold to the same as those of 16, RFC 1071 section 2. */
uint32_t
csum_add(uint32_t sum, const uint8_t *p, size_t n)
{
	uint64_t	wide = sum;
	uint32_t	word;
	size_t		i;

	for (i = 0; i + 3 < n; i += 4) {
		memcpy(&word, p + i, sizeof(word));
		wide += be32toh(word);
	}
	for (; i + 1 < n; i += 2)
		wide += (uint32_t)p[i] << 8 | p[i + 1];
	if (i < n)
		wide += (uint32_t)p[i] << 8;
	while (wide >> 32 != 0)
		wide = (wide & 0xffffffff) + (wide >> 32);
	return ((uint32_t)wide);
}

uint16_t
csum_fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

/* The sum of the pseudo header that UDP's checksum covers, RFC 768. */
static uint32_t
csum_pseudo(const struct frame *f, size_t udp_len)
{
	uint8_t		bytes[12];
	struct wbuf	b;

	wbuf_init(&b, bytes, sizeof(bytes));
	wbuf_u32(&b, f->src);
	wbuf_u32(&b, f->dst);
	wbuf_u16(&b, IPV4_PROTO_UDP);
	wbuf_u16(&b, (uint16_t)udp_len);
	return (csum_add(0, bytes, sizeof(bytes)));
}

/* The IPv4 header; body becomes what it carries, without link padding. */
static int
ipv4_parse(struct buf *in, struct frame *f, struct buf *body)
{
	const uint8_t	*start = in->data + in->off;
	size_t		 left = buf_left(in), hlen, total;
	uint8_t		 version, proto;
	uint16_t	 fragment;

	version = buf_u8(in);
	buf_skip(in, 1);			/* type of service */
	total = buf_u16(in);
	buf_skip(in, 2);			/* identification */
	fragment = buf_u16(in);
	buf_skip(in, 1);			/* time to live */
	proto = buf_u8(in);
	buf_skip(in, 2);			/* checksum */
	f->src = buf_u32(in);
	f->dst = buf_u32(in);
	hlen = (size_t)(version & 0xf) * 4;
	if (in->err || version >> 4 != 4 || hlen < IPV4_MIN || total < hlen ||
	    total > left || proto != IPV4_PROTO_UDP ||
	    (fragment & IPV4_FRAGMENT) != 0)
		return (-1);
	if (csum_fold(csum_add(0, start, hlen)) != 0)
		return (-1);
	buf_skip(in, hlen - IPV4_MIN);
	return (buf_sub(in, body, total - hlen));
}

int
frame_parse(struct buf *in, struct frame *f, int csum_valid)
{
	struct buf	 udp;
	const uint8_t	*start;
	size_t		 len;
	uint16_t	 csum;

	memset(f, 0, sizeof(*f));
	buf_copy(in, f->dst_mac.b, sizeof(f->dst_mac.b));
	buf_copy(in, f->src_mac.b, sizeof(f->src_mac.b));
	if (buf_u16(in) != ETHERTYPE_IPV4 || ipv4_parse(in, f, &udp) == -1)
		return (-1);
	start = udp.data;
	f->sport = buf_u16(&udp);
	f->dport = buf_u16(&udp);
	len = buf_u16(&udp);
	csum = buf_u16(&udp);
	if (udp.err || len < UDP_HDRLEN || len > udp.len)
		return (-1);
	if (csum_valid && csum != 0 &&
	    csum_fold(csum_add(csum_pseudo(f, len), start, len)) != 0)
		return (-1);
	return (buf_sub(&udp, &f->payload, len - UDP_HDRLEN));
}

void
frame_build(struct wbuf *out, const struct frame *f, const uint8_t *payload,
    size_t len)
{
	size_t		 ip = out->len + 14, udp = ip + IPV4_MIN;
	uint32_t	 sum;
	uint16_t	 csum;

	if (len > UINT16_MAX - IPV4_MIN - UDP_HDRLEN) {
		out->err = 1;
		return;
	}
	wbuf_copy(out, f->dst_mac.b, sizeof(f->dst_mac.b));
	wbuf_copy(out, f->src_mac.b, sizeof(f->src_mac.b));
	wbuf_u16(out, ETHERTYPE_IPV4);
	wbuf_u8(out, 4 << 4 | IPV4_MIN / 4);
	wbuf_u8(out, 0);
	wbuf_u16(out, (uint16_t)(IPV4_MIN + UDP_HDRLEN + len));
	wbuf_u16(out, 0);
	wbuf_u16(out, IPV4_DONT_FRAG);
	wbuf_u8(out, TTL);
	wbuf_u8(out, IPV4_PROTO_UDP);
	wbuf_u16(out, 0);
	wbuf_u32(out, f->src);
	wbuf_u32(out, f->dst);
	wbuf_u16(out, f->sport);
	wbuf_u16(out, f->dport);
	wbuf_u16(out, (uint16_t)(UDP_HDRLEN + len));
	wbuf_u16(out, 0);
	if (out->err)
		return;
	wbuf_set_u16(out, ip + 10,
	    csum_fold(csum_add(0, out->data + ip, IPV4_MIN)));
	sum = csum_pseudo(f, UDP_HDRLEN + len);
	sum = csum_add(sum, out->data + udp, UDP_HDRLEN);
	csum = csum_fold(csum_add(sum, payload, len));
	/* A sum of zero would mean "none", RFC 768. */
	wbuf_set_u16(out, udp + 6, csum == 0 ? 0xffff : csum);
}

int
frame_has_csum(struct msghdr *msg)
{
	struct tpacket_auxdata	 aux;
	struct cmsghdr		*c;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA ||
		    c->cmsg_len < CMSG_LEN(sizeof(aux)))
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return ((aux.tp_status & TP_STATUS_CSUMNOTREADY) == 0);
	}
	return (1);
}
