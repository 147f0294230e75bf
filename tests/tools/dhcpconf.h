/* SPDX-License-Identifier: ISC */
/*
 * dhcpconf.h: one DHCP message as dhcpconf makes it, right or wrong, and one
 * as a server answered, with every field under a name.
 */
#ifndef DHCPCONF_H
#define DHCPCONF_H

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

#define MAGIC		0x63825363
#define OPT_TYPE	53
#define PAYLOAD_MAX	1472
#define VALUE_MAX	4096

static const char *const type_names[] = { "bootp", "discover", "offer",
	"request", "decline", "ack", "nak", "release", "inform", "forcerenew",
	"leasequery", "leaseunassigned", "leaseunknown", "leaseactive" };

/* What is to be sent. */
struct out {
	struct frame	 frame;
	uint32_t	 ciaddr, yiaddr, siaddr, giaddr, xid, magic;
	uint16_t	 flags, secs, fragment;
	uint8_t		 op, htype, hlen, hops;
	uint8_t		 chaddr[16], sname[64], file[128];
	uint8_t		 typed;		/* option 53 was given */
	uint8_t		 noend, badip, badudp;
	int		 cut, pad, iplen, udplen;
	char		 payload[256];	/* the octets are in this file */
	struct wbuf	 opts, in_sname, in_file;
	uint8_t		 octets[PAYLOAD_MAX];
};

enum kind { KIND_ADDR, KIND_MAC, KIND_U8, KIND_U16, KIND_HEX16, KIND_HEX32,
	KIND_INT, KIND_HEX, KIND_TEXT, KIND_NAME };

#define OFF(member)	offsetof(struct out, member), \
	sizeof(((struct out *)NULL)->member)

static const struct word {
	const char	*name;
	enum kind	 kind;
	size_t		 off, size;
} out_words[] = {
	{ "op", KIND_U8, OFF(op) },
	{ "htype", KIND_U8, OFF(htype) },
	{ "hlen", KIND_U8, OFF(hlen) },
	{ "hops", KIND_U8, OFF(hops) },
	{ "xid", KIND_HEX32, OFF(xid) },
	{ "magic", KIND_HEX32, OFF(magic) },
	{ "secs", KIND_U16, OFF(secs) },
	{ "flags", KIND_HEX16, OFF(flags) },
	{ "ciaddr", KIND_ADDR, OFF(ciaddr) },
	{ "yiaddr", KIND_ADDR, OFF(yiaddr) },
	{ "siaddr", KIND_ADDR, OFF(siaddr) },
	{ "giaddr", KIND_ADDR, OFF(giaddr) },
	{ "chaddr", KIND_HEX, OFF(chaddr) },
	{ "sname", KIND_TEXT, OFF(sname) },
	{ "file", KIND_TEXT, OFF(file) },
	{ "l2src", KIND_MAC, OFF(frame.src_mac) },
	{ "l2dst", KIND_MAC, OFF(frame.dst_mac) },
	{ "src", KIND_ADDR, OFF(frame.src) },
	{ "dst", KIND_ADDR, OFF(frame.dst) },
	{ "sport", KIND_U16, OFF(frame.sport) },
	{ "dport", KIND_U16, OFF(frame.dport) },
	/* What makes it a wrong one. */
	{ "noend", KIND_U8, OFF(noend) },
	{ "badip", KIND_U8, OFF(badip) },
	{ "badudp", KIND_U8, OFF(badudp) },
	{ "fragment", KIND_HEX16, OFF(fragment) },
	{ "cut", KIND_INT, OFF(cut) },		/* octets of payload */
	{ "pad", KIND_INT, OFF(pad) },
	{ "iplen", KIND_INT, OFF(iplen) },	/* added to the length */
	{ "udplen", KIND_INT, OFF(udplen) },
	{ "payload", KIND_NAME, OFF(payload) },
};

static inline uint32_t
word_addr(const char *text)
{
	uint32_t	addr;

	if (addr_parse(text, &addr) == -1)
		errx(2, "%s: not an address", text);
	return (addr);
}

/* Hex digits, a dotted address, or text after a comma. */
static inline size_t
word_octets(const char *text, uint8_t *octets, size_t size)
{
	struct wbuf	b;
	char		hex[3] = "", *end;
	uint32_t	addr;

	wbuf_init(&b, octets, size);
	if (*text == ',')
		wbuf_str(&b, text + 1);
	else if (addr_parse(text, &addr) == 0)
		wbuf_u32(&b, addr);
	else
		for (; text[0] != '\0'; text += 2) {
			if (text[1] == '\0')
				errx(2, "an odd number of hex digits");
			memcpy(hex, text, 2);
			wbuf_u8(&b, (uint8_t)strtoul(hex, &end, 16));
			if (end != hex + 2)
				errx(2, "%s: not hex digits", text);
		}
	if (b.err)
		errx(2, "a value that is too long");
	return (b.len);
}

/* RFC 3396: what is too long for one option goes on in the next. */
static inline void
out_option(struct wbuf *b, unsigned long code, const char *text)
{
	uint8_t	octets[1200];
	size_t	len = word_octets(text, octets, sizeof(octets)), off = 0, n;

	do {
		n = len - off < 255 ? len - off : 255;
		wbuf_u8(b, (uint8_t)code);
		wbuf_u8(b, (uint8_t)n);
		wbuf_copy(b, octets + off, n);
		off += n;
	} while (off < len);
	if (b->err)
		errx(2, "options that are too long");
}

static inline void
out_field(struct out *out, const struct word *w, const char *text)
{
	void	*value = (uint8_t *)out + w->off;
	size_t	 len = strlen(text);

	switch (w->kind) {
	case KIND_ADDR:
		*(uint32_t *)value = word_addr(text);
		break;
	case KIND_MAC:
		if (mac_parse(text, value) == -1)
			errx(2, "%s: not a MAC", text);
		break;
	case KIND_U8:
		*(uint8_t *)value = (uint8_t)atoi(text);
		break;
	case KIND_U16:
		*(uint16_t *)value = (uint16_t)atoi(text);
		break;
	case KIND_HEX16:
		*(uint16_t *)value = (uint16_t)strtoul(text, NULL, 16);
		break;
	case KIND_HEX32:
		*(uint32_t *)value = (uint32_t)strtoul(text, NULL, 16);
		break;
	case KIND_INT:
		*(int *)value = atoi(text);
		break;
	case KIND_HEX:
		memset(value, 0, w->size);
		(void)word_octets(text, value, w->size);
		break;
	case KIND_TEXT:
	case KIND_NAME:
		if (len > w->size)
			errx(2, "%s: too long", w->name);
		memset(value, 0, w->size);
		memcpy(value, text, len);
		break;
	}
}

/*
 * NAME=VALUE: a field; N=VALUE, s:N=VALUE, f:N=VALUE: an option in its own
 * field, in sname, in file; raw=VALUE, s:raw=, f:raw=: octets put there.
 */
static inline void
out_word(struct out *out, const char *word)
{
	const char	*value = strchr(word, '='), *name = word;
	struct wbuf	*b = &out->opts;
	size_t		 i, n, len;
	uint8_t		 octets[1200];

	if (value == NULL)
		errx(2, "%s: no value", word);
	if (strncmp(name, "s:", 2) == 0 || strncmp(name, "f:", 2) == 0) {
		b = *name == 's' ? &out->in_sname : &out->in_file;
		name += 2;
	}
	n = (size_t)(value++ - name);
	if (isdigit((unsigned char)*name)) {
		if (atoi(name) == OPT_TYPE)
			out->typed = 1;
		out_option(b, strtoul(name, NULL, 10), value);
		return;
	}
	if (strncmp(name, "raw=", 4) == 0) {
		len = word_octets(value, octets, sizeof(octets));
		wbuf_copy(b, octets, len);
		return;
	}
	for (i = 0; i < nitems(out_words); i++)
		if (strlen(out_words[i].name) == n &&
		    strncmp(out_words[i].name, name, n) == 0) {
			out_field(out, &out_words[i], value);
			return;
		}
	errx(2, "%s: unknown", word);
}

static inline size_t
out_from_file(const struct out *out, uint8_t *octets, size_t size)
{
	FILE	*f = fopen(out->payload, "r");
	size_t	 n;

	if (f == NULL)
		err(2, "%s", out->payload);
	n = fread(octets, 1, size, f);
	(void)fclose(f);
	return (n);
}

static inline size_t
out_payload(const struct out *out, uint8_t *octets, size_t size, int type)
{
	struct wbuf	b;

	if (out->payload[0] != '\0')
		return (out_from_file(out, octets, size));
	wbuf_init(&b, octets, size);
	wbuf_u8(&b, out->op);
	wbuf_u8(&b, out->htype);
	wbuf_u8(&b, out->hlen);
	wbuf_u8(&b, out->hops);
	wbuf_u32(&b, out->xid);
	wbuf_u16(&b, out->secs);
	wbuf_u16(&b, out->flags);
	wbuf_u32(&b, out->ciaddr);
	wbuf_u32(&b, out->yiaddr);
	wbuf_u32(&b, out->siaddr);
	wbuf_u32(&b, out->giaddr);
	wbuf_copy(&b, out->chaddr, sizeof(out->chaddr));
	wbuf_copy(&b, out->sname, sizeof(out->sname));
	wbuf_copy(&b, out->file, sizeof(out->file));
	wbuf_u32(&b, out->magic);
	if (type != 0 && !out->typed) {
		wbuf_u8(&b, OPT_TYPE);
		wbuf_u8(&b, 1);
		wbuf_u8(&b, (uint8_t)type);
	}
	wbuf_copy(&b, out->opts.data, out->opts.len);
	if (!out->noend)
		wbuf_u8(&b, 255);
	if (b.len < (size_t)out->pad)
		wbuf_zero(&b, (size_t)out->pad - b.len);
	if (b.err)
		errx(2, "a message that is too long");
	return (out->cut >= 0 && (size_t)out->cut < b.len ?
	    (size_t)out->cut : b.len);
}

/* Lengths that lie and sums that are wrong are put in afterwards. */
static inline void
out_spoil(const struct out *out, struct wbuf *p)
{
	const uint8_t	*ip = p->data + 14;
	uint16_t	 iplen = (uint16_t)(ip[2] << 8 | ip[3]);
	uint16_t	 udplen = (uint16_t)(ip[24] << 8 | ip[25]);

	wbuf_set_u16(p, 16, (uint16_t)(iplen + out->iplen));
	wbuf_set_u16(p, 20, out->fragment);
	wbuf_set_u16(p, 38, (uint16_t)(udplen + out->udplen));
	if (out->udplen != 0)
		wbuf_set_u16(p, 40, 0);
	wbuf_set_u16(p, 24, 0);
	wbuf_set_u16(p, 24, (uint16_t)(csum_fold(csum_add(0, ip, 20)) ^
	    (out->badip ? 0x5555 : 0)));
	if (out->badudp)
		wbuf_set_u16(p, 40, (uint16_t)((ip[26] << 8 | ip[27]) ^
		    0x5555));
}

/* What came back. */
struct in {
	struct frame	frame;
	const char	*iface;
	const uint8_t	*octets;	/* from op on */
	size_t		len;
	int		type;
	int		bad;		/* its options end badly */
	uint8_t		over;		/* what they go on in */
	uint8_t		code[256];	/* in order, once each */
	size_t		ncode;
	uint8_t		value[256][2048];
	size_t		value_len[256];
	uint8_t		data[2048];
};

#define OVER_FILE	1		/* RFC 2132 9.3 */
#define OVER_SNAME	2

/* The options of one field; -1 when it has no end. */
static inline int
in_options(struct in *in, struct buf *b)
{
	struct buf	v;
	uint8_t		code = 0;

	while (buf_left(b) > 0 && (code = buf_u8(b)) != 255) {
		if (code == 0)
			continue;
		if (buf_sub(b, &v, buf_u8(b)) == -1)
			break;
		if (memchr(in->code, code, in->ncode) == NULL)
			in->code[in->ncode++] = code;
		memcpy(in->value[code] + in->value_len[code], v.data, v.len);
		in->value_len[code] += v.len;
	}
	return (code == 255 ? 0 : -1);
}

static inline void
in_all_options(struct in *in, struct buf *b)
{
	struct buf	field;

	in->bad = in_options(in, b) == -1;
	in->over = in->value_len[52] == 1 ? in->value[52][0] : 0;
	if ((in->over & OVER_FILE) != 0) {
		buf_init(&field, in->octets + 108, 128);
		in->bad |= in_options(in, &field) == -1;
	}
	if ((in->over & OVER_SNAME) != 0) {
		buf_init(&field, in->octets + 44, 64);
		in->bad |= in_options(in, &field) == -1;
	}
	in->type = in->value_len[OPT_TYPE] == 1 ? in->value[OPT_TYPE][0] : 0;
}

/* An answer to this transaction, or not: -1. */
static inline int
in_parse(struct in *in, size_t n, uint32_t xid)
{
	struct buf	b;

	in->ncode = 0;
	in->bad = 0;
	in->type = 0;
	in->over = 0;
	memset(in->value_len, 0, sizeof(in->value_len));
	buf_init(&b, in->data, n);
	if (frame_parse(&b, &in->frame, 0) == -1)
		return (-1);
	b = in->frame.payload;
	in->octets = b.data;
	in->len = b.len;
	if (b.len < 240 || buf_u8(&b) != 2)
		return (-1);
	buf_skip(&b, 3);
	if (buf_u32(&b) != xid)
		return (-1);
	buf_skip(&b, 228);
	if (buf_u32(&b) == MAGIC)
		in_all_options(in, &b);
	return (0);
}

/* The fixed fields of an answer. */
static const struct place {
	const char	*name;
	size_t		 off, len;
	enum kind	 kind;
} in_places[] = {
	{ "op", 0, 1, KIND_INT },
	{ "htype", 1, 1, KIND_INT },
	{ "hlen", 2, 1, KIND_INT },
	{ "hops", 3, 1, KIND_INT },
	{ "secs", 8, 2, KIND_INT },
	{ "flags", 10, 2, KIND_HEX },
	{ "ciaddr", 12, 4, KIND_ADDR },
	{ "yiaddr", 16, 4, KIND_ADDR },
	{ "siaddr", 20, 4, KIND_ADDR },
	{ "giaddr", 24, 4, KIND_ADDR },
	{ "chaddr", 28, 16, KIND_HEX },
	{ "sname", 44, 64, KIND_TEXT },
	{ "file", 108, 128, KIND_TEXT },
	{ "magic", 236, 4, KIND_HEX },
};

static inline void
in_place(const struct in *in, const struct place *p, char text[VALUE_MAX])
{
	const uint8_t	*at = in->octets + p->off;
	uint32_t	 n = 0;
	size_t		 i;

	for (i = 0; i < p->len && i < 4; i++)
		n = n << 8 | at[i];
	if (p->kind == KIND_ADDR)
		(void)addr_str(n, text);
	else if (p->kind == KIND_HEX)
		hex_encode(at, p->len, text);
	else if (p->kind == KIND_TEXT && (in->over & (p->off == 44 ?
	    OVER_SNAME : OVER_FILE)) != 0)
		text[0] = '\0';
	else if (p->kind == KIND_TEXT)
		(void)snprintf(text, VALUE_MAX, "%.*s", (int)p->len,
		    (const char *)at);
	else
		(void)snprintf(text, VALUE_MAX, "%u", n);
}

static inline void
in_codes(const struct in *in, char text[VALUE_MAX])
{
	size_t	i, len = 0;

	text[0] = '\0';
	for (i = 0; i < in->ncode; i++)
		len += (size_t)snprintf(text + len, VALUE_MAX - len, "%s%u",
		    i == 0 ? "" : ",", in->code[i]);
}

/* A field or an option by its name, as text; -1 when it is not there. */
static inline int
in_field(const struct in *in, const char *name, char text[VALUE_MAX])
{
	size_t	i;

	text[0] = '\0';
	/* The boot file, wherever it stands. */
	if (strcmp(name, "boot") == 0 && in->value_len[67] > 0) {
		(void)snprintf(text, VALUE_MAX, "%.*s",
		    (int)in->value_len[67], (const char *)in->value[67]);
		return (0);
	}
	if (strcmp(name, "boot") == 0)
		name = "file";
	if (isdigit((unsigned char)*name)) {
		i = strtoul(name, NULL, 10) & 255;
		hex_encode(in->value[i], in->value_len[i], text);
		return (memchr(in->code, (int)i, in->ncode) == NULL ? -1 : 0);
	}
	for (i = 0; i < nitems(in_places); i++)
		if (strcmp(in_places[i].name, name) == 0) {
			in_place(in, &in_places[i], text);
			return (0);
		}
	if (strcmp(name, "l2dst") == 0)
		(void)mac_str(in->frame.dst_mac, text);
	else if (strcmp(name, "l2src") == 0)
		(void)mac_str(in->frame.src_mac, text);
	else if (strcmp(name, "dst") == 0)
		(void)addr_str(in->frame.dst, text);
	else if (strcmp(name, "src") == 0)
		(void)addr_str(in->frame.src, text);
	else if (strcmp(name, "dport") == 0)
		(void)snprintf(text, VALUE_MAX, "%u", in->frame.dport);
	else if (strcmp(name, "sport") == 0)
		(void)snprintf(text, VALUE_MAX, "%u", in->frame.sport);
	else if (strcmp(name, "len") == 0)
		(void)snprintf(text, VALUE_MAX, "%zu", in->len);
	else if (strcmp(name, "iface") == 0)
		(void)snprintf(text, VALUE_MAX, "%s", in->iface);
	else if (strcmp(name, "codes") == 0)
		in_codes(in, text);
	else if (strcmp(name, "last") == 0)
		(void)snprintf(text, VALUE_MAX, "%u",
		    in->ncode == 0 ? 0 : in->code[in->ncode - 1]);
	else
		errx(2, "%s: no such field", name);
	return (0);
}

#endif
