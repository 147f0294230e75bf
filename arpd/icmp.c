/* SPDX-License-Identifier: ISC */
/*
 * icmp.c: ICMP echo (RFC 792), written to and read from buffers.  The data of
 * a question is a keyed hash of whom it asks, and comes back with the answer
 * (RFC 1122 3.2.2.6): nobody who does not see the question can forge one.
 */
#include <string.h>

#include "arpd.h"

#define ICMP_ECHO_REPLY		0
#define ICMP_ECHO_REQUEST	8
#define ICMP_PROTOCOL		1
#define ICMP_CHECKSUM_AT	2
#define IP_HDRLEN		20
#define IP_FRAGMENT		0x3fff		/* offset, or more to come */
#define COOKIE_LEN		16

static void
icmp_cookie(const struct echo_key *key, uint32_t addr, uint16_t seq,
    uint8_t cookie[COOKIE_LEN])
{
	uint32_t	said[3] = { addr, seq, 0 };
	struct wbuf	out;
	uint64_t	h;

	wbuf_init(&out, cookie, COOKIE_LEN);
	for (; said[2] < 2; said[2]++) {
		h = siphash(key->key, said, sizeof(said));
		wbuf_u32(&out, (uint32_t)(h >> 32));
		wbuf_u32(&out, (uint32_t)h);
	}
}

void
icmp_build_echo(struct wbuf *out, const struct echo_key *key, uint32_t addr,
    uint16_t seq)
{
	const size_t	at = out->len;
	uint8_t		cookie[COOKIE_LEN];

	icmp_cookie(key, addr, seq, cookie);
	wbuf_u8(out, ICMP_ECHO_REQUEST);
	wbuf_u8(out, 0);
	wbuf_u16(out, 0);
	wbuf_u16(out, key->id);
	wbuf_u16(out, seq);
	wbuf_copy(out, cookie, sizeof(cookie));
	if (!out->err)
		wbuf_set_u16(out, at + ICMP_CHECKSUM_AT,
		    csum_fold(csum_add(0, out->data + at, ICMP_ECHO_LEN)));
}

/* The header of IPv4 that raw sockets give, too; 0 and the sender, or -1. */
static int
icmp_parse_ip(struct buf *in, uint32_t *src, struct buf *body)
{
	const uint8_t	vhl = buf_u8(in);
	const size_t	hlen = (size_t)(vhl & 0x0f) * 4;
	uint16_t	len, fragment;
	uint8_t		protocol;

	buf_skip(in, 1);
	len = buf_u16(in);
	buf_skip(in, 2);
	fragment = buf_u16(in);
	buf_skip(in, 1);
	protocol = buf_u8(in);
	buf_skip(in, 2);
	*src = buf_u32(in);
	buf_skip(in, 4);
	if (in->err || vhl >> 4 != 4 || hlen < IP_HDRLEN || len < hlen ||
	    (fragment & IP_FRAGMENT) != 0 || protocol != ICMP_PROTOCOL)
		return (-1);
	buf_skip(in, hlen - IP_HDRLEN);
	return (buf_sub(in, body, len - hlen));
}

int
icmp_parse_reply(struct buf *in, const struct echo_key *key, uint32_t *addr)
{
	uint8_t		cookie[COOKIE_LEN], got[COOKIE_LEN];
	struct buf	body;
	uint16_t	id, seq;
	uint8_t		type, code;

	if (icmp_parse_ip(in, addr, &body) == -1 ||
	    body.len != ICMP_ECHO_LEN ||
	    csum_fold(csum_add(0, body.data, body.len)) != 0)
		return (-1);
	type = buf_u8(&body);
	code = buf_u8(&body);
	buf_skip(&body, 2);
	id = buf_u16(&body);
	seq = buf_u16(&body);
	buf_copy(&body, got, sizeof(got));
	if (body.err || type != ICMP_ECHO_REPLY || code != 0 || id != key->id)
		return (-1);
	icmp_cookie(key, *addr, seq, cookie);
	return (memcmp(got, cookie, sizeof(got)) == 0 ? 0 : -1);
}
