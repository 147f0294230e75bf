/* SPDX-License-Identifier: ISC */
/*
 * request.h: a DHCP request built octet by octet, and parsed.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdlib.h>
#include <string.h>

#include "dhcpd/dhcpd.h"

static uint8_t		octets[4096];
static struct wbuf	w;
static const uint8_t	mac[6] = { 0x52, 0x54, 0, 0, 0, 1 };

/* A request up to and with its magic cookie. */
static void
begin(void)
{
	wbuf_init(&w, octets, sizeof(octets));
	memset(octets, 0, sizeof(octets));
	wbuf_u8(&w, 1);
	wbuf_u8(&w, 1);
	wbuf_u8(&w, 6);
	wbuf_u8(&w, 0);
	wbuf_u32(&w, 0x12345678);
	wbuf_u16(&w, 4);
	wbuf_u16(&w, 0x8000);
	wbuf_zero(&w, 16);
	wbuf_copy(&w, mac, 6);
	wbuf_zero(&w, 10 + 64 + 128);
	wbuf_u32(&w, DHCP_MAGIC);
}

static void
opt(uint8_t code, const void *data, size_t len)
{
	wbuf_u8(&w, code);
	wbuf_u8(&w, (uint8_t)len);
	wbuf_copy(&w, data, len);
}

static void
opt_type(uint8_t type)
{
	opt(OPT_TYPE, &type, 1);
}

static int
parse_len(size_t len, struct dhcp_msg *m)
{
	static uint8_t	*copy;
	struct buf	 in;

	free(copy);
	copy = malloc(len == 0 ? 1 : len);
	memcpy(copy, octets, len);
	buf_init(&in, copy, len);
	return (dhcp_parse(&in, m));
}

static int
parse(struct dhcp_msg *m)
{
	return (parse_len(w.len, m));
}

#endif
