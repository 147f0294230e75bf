/* SPDX-License-Identifier: ISC */
/*
 * dhcpreply.h: what load generators send as DHCP clients that have nothing
 * yet, and what they look at in an answer.
 */
#ifndef DHCPREPLY_H
#define DHCPREPLY_H

#include <string.h>

#include "lib.h"

#define DHCP_MAGIC	0x63825363

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK };

struct reply {
	struct mac	 mac;
	uint32_t	 xid, yiaddr, server, lease, mask;
	uint8_t		 type;
};

/* All in front of the options. */
static inline void
put_head(struct wbuf *msg, uint32_t xid, uint16_t flags, uint32_t ciaddr,
    uint32_t relay, struct mac mac)
{
	wbuf_u32(msg, 0x01010600U | (relay != 0));
	wbuf_u32(msg, xid);
	wbuf_u16(msg, 0);
	wbuf_u16(msg, flags);
	wbuf_u32(msg, ciaddr);
	wbuf_zero(msg, 8);
	wbuf_u32(msg, relay);
	wbuf_copy(msg, mac.b, sizeof(mac.b));
	wbuf_zero(msg, 10 + 64 + 128);
	wbuf_u32(msg, DHCP_MAGIC);
}

/* What UEFI says of itself, RFC 4578. */
static inline void
put_pxe(struct wbuf *msg)
{
	static const char	class[] = "PXEClient:Arch:00007:UNDI:003016";

	wbuf_u16(msg, 60 << 8 | (sizeof(class) - 1));
	wbuf_str(msg, class);
	wbuf_copy(msg, (uint8_t []){ 93, 2, 0, 7, 94, 3, 1, 3, 16 }, 9);
}

static inline void
reply_option(uint8_t code, struct buf *value, struct reply *r)
{
	if (code == 53)
		r->type = buf_u8(value);
	else if (code == 54)
		r->server = buf_u32(value);
	else if (code == 51)
		r->lease = buf_u32(value);
	else if (code == 1)
		r->mask = buf_u32(value);
}

/* -1 unless it is an answer to a client on Ethernet, or behind that relay. */
static inline int
reply_parse(struct buf *b, uint32_t relay, struct reply *r)
{
	struct buf	 value;
	uint8_t		 code;

	memset(r, 0, sizeof(*r));
	if ((buf_u32(b) & 0xffffff00U) != 0x02010600)
		return (-1);
	r->xid = buf_u32(b);
	buf_skip(b, 8);
	r->yiaddr = buf_u32(b);
	buf_skip(b, 4);
	if (buf_u32(b) != relay)
		return (-1);
	buf_copy(b, r->mac.b, sizeof(r->mac.b));
	buf_skip(b, 10 + 64 + 128);
	if (buf_u32(b) != DHCP_MAGIC)
		return (-1);
	while (buf_left(b) > 0 && (code = buf_u8(b)) != 255) {
		if (code == 0)
			continue;
		if (buf_sub(b, &value, buf_u8(b)) == -1)
			return (-1);
		reply_option(code, &value, r);
	}
	return (b->err ? -1 : 0);
}

#endif
