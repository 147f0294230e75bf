/* SPDX-License-Identifier: ISC */
/*
 * dhcp.c: the DHCP message (RFC 2131, 2132, 3396) as octets: reading requests
 * and writing replies.  Touches only buffers.
 */
#include <netinet/in.h>
#include <string.h>

#include "dhcpd.h"

/*
 * Options that we read.  One whose length cannot be right is passed over, as
 * if it were not there; a strict one makes the whole message malformed.
 */
struct option_rule {
	uint8_t		code;
	uint8_t		strict;
	uint16_t	min, max;
	uint8_t		step;		/* the length is a multiple of it */
	void		(*set)(struct dhcp_msg *, struct buf *);
};

static void
set_type(struct dhcp_msg *m, struct buf *v)
{
	m->type = buf_u8(v);
	/* There, but none of the known ones: it is not BOOTP either. */
	if (m->type == DHCP_BOOTP)
		m->type = DHCP_MAX;
}

static void
set_requested(struct dhcp_msg *m, struct buf *v)
{
	m->requested = buf_u32(v);
}

static void
set_server(struct dhcp_msg *m, struct buf *v)
{
	m->server = buf_u32(v);
	/* There, but nobody: it is not as if it were not there. */
	if (m->server == 0)
		m->server = INADDR_NONE;
}

static void
set_lease_time(struct dhcp_msg *m, struct buf *v)
{
	m->lease_time = buf_u32(v);
}

static void
set_max_size(struct dhcp_msg *m, struct buf *v)
{
	m->max_size = buf_u16(v);
}

/* A name that is more than letters, digits and hyphens is nobody's name. */
static void
set_hostname(struct dhcp_msg *m, struct buf *v)
{
	size_t	len = buf_left(v);

	buf_copy(v, m->hostname, len);
	m->hostname[len] = '\0';
	if (strlen(m->hostname) != len || !name_is_ldh(m->hostname))
		m->hostname[0] = '\0';
}

/* RFC 4039: there or not; it has no value. */
static void
set_rapid(struct dhcp_msg *m, struct buf *v)
{
	(void)v;
	m->rapid = 1;
}

static void
set_subnet(struct dhcp_msg *m, struct buf *v)
{
	m->subnet = buf_u32(v);
}

#define SET_VIEW(member)						\
static void								\
set_##member(struct dhcp_msg *m, struct buf *v)				\
{									\
	m->member = *v;							\
}
SET_VIEW(wanted)
SET_VIEW(class)
SET_VIEW(id)
SET_VIEW(user_class)
SET_VIEW(arch)
SET_VIEW(uuid)
SET_VIEW(ipxe)
SET_VIEW(vendor)

/* Nobody relayed what has no giaddr, RFC 3046 2.1. */
static void
set_relay(struct dhcp_msg *m, struct buf *v)
{
	if (m->giaddr == 0)
		return;
	m->relay = *v;
	relay_parse(m, v);
}

static const struct option_rule rules[] = {
	{ OPT_TYPE,	  1, 1, 1, 1, set_type },
	{ OPT_REQUESTED,  1, 4, 4, 4, set_requested },
	{ OPT_SERVER,	  1, 4, 4, 4, set_server },
	{ OPT_CLIENT_ID,  0, 2, CLIENT_ID_LEN, 1, set_id },
	{ OPT_WANTED,	  0, 1, 255, 1, set_wanted },
	{ OPT_MAX_SIZE,	  0, 2, 2, 2, set_max_size },
	{ OPT_LEASE_TIME, 0, 4, 4, 4, set_lease_time },
	{ OPT_HOST_NAME,  0, 1, NAME_LEN - 1, 1, set_hostname },
	{ OPT_CLASS,	  0, 1, 255, 1, set_class },
	{ OPT_VENDOR,	  0, 1, 255, 1, set_vendor },
	{ OPT_USER_CLASS, 0, 1, 255, 1, set_user_class },
	{ OPT_RAPID,	  0, 0, 0, 1, set_rapid },
	{ OPT_SUBNET,	  0, 4, 4, 4, set_subnet },
	{ OPT_ARCH,	  0, 2, 64, 2, set_arch },
	{ OPT_UUID,	  0, 17, 17, 1, set_uuid },
	{ OPT_RELAY,	  0, 1, 255, 1, set_relay },
	{ OPT_IPXE,	  0, 1, 255, 1, set_ipxe },
};

/* The value of each option of the rules, put together (RFC 3396). */
struct options {
	struct buf	value[nitems(rules)];
	uint8_t		overload;
	struct wbuf	join;		/* in the message's scratch */
};

/* The value goes on in another option of the same code. */
static int
option_join(struct options *o, struct buf *whole, const struct buf *more)
{
	const uint8_t	*end = o->join.data + o->join.len;
	size_t		 start = o->join.len;

	if (whole->data + whole->len == end && whole->data >= o->join.data)
		start -= whole->len;
	else
		wbuf_copy(&o->join, whole->data, whole->len);
	wbuf_copy(&o->join, more->data, more->len);
	if (o->join.err)
		return (-1);
	buf_init(whole, o->join.data + start, o->join.len - start);
	return (0);
}

static int
option_take(struct options *o, uint8_t code, const struct buf *value)
{
	size_t	i;

	for (i = 0; i < nitems(rules); i++)
		if (rules[i].code == code)
			break;
	if (i == nitems(rules))
		return (0);
	if (o->value[i].data != NULL)
		return (option_join(o, &o->value[i], value));
	o->value[i] = *value;
	return (0);
}

/* One field of options; only the first may say that there are more fields. */
static int
options_scan(struct options *o, struct buf *in, int first)
{
	struct buf	value;
	uint8_t		code;

	while (buf_left(in) > 0) {
		code = buf_u8(in);
		if (code == OPT_PAD)
			continue;
		if (code == OPT_END)
			return (0);
		if (buf_sub(in, &value, buf_u8(in)) == -1)
			return (-1);
		if (code == OPT_OVERLOAD) {
			if (first && value.len == 1)
				o->overload = value.data[0];
		} else if (option_take(o, code, &value) == -1)
			return (-1);
	}
	return (0);
}

static int
options_parse(struct dhcp_msg *m, struct buf *in, struct buf *sname,
    struct buf *file)
{
	struct options	o;
	struct buf	*v;
	size_t		 i;
	int		 ok;

	memset(&o, 0, sizeof(o));
	wbuf_init(&o.join, m->scratch, sizeof(m->scratch));
	/* RFC 3396 5: the options field, then file, then sname. */
	if (options_scan(&o, in, 1) == -1 ||
	    ((o.overload & 1) != 0 && options_scan(&o, file, 0) == -1) ||
	    ((o.overload & 2) != 0 && options_scan(&o, sname, 0) == -1))
		return (-1);
	for (i = 0; i < nitems(rules); i++) {
		v = &o.value[i];
		if (v->data == NULL)
			continue;
		ok = v->len >= rules[i].min && v->len <= rules[i].max &&
		    v->len % rules[i].step == 0;
		if (!ok && rules[i].strict)
			return (-1);
		if (ok)
			rules[i].set(m, v);
	}
	return (0);
}

/* A sender that can be answered: its MAC is one, or its client id is. */
static int
sender_ok(struct dhcp_msg *m)
{
	if (m->hlen > sizeof(m->chaddr))
		return (0);
	if (m->htype == HTYPE_ETHERNET && m->hlen == sizeof(m->mac.b)) {
		memcpy(m->mac.b, m->chaddr, sizeof(m->mac.b));
		/* RFC 2131 4.2: the client id is enough, if it has one. */
		return (mac_is_unicast(m->mac) ||
		    m->type == DHCP_LEASEQUERY ||
		    ((m->mac.b[0] & 1) == 0 && m->id.len > 0));
	}
	/* RFC 4388 6.2: who asks is giaddr, not chaddr. */
	if (m->type == DHCP_LEASEQUERY)
		return (1);
	return ((m->htype == HTYPE_INFINIBAND || m->htype == HTYPE_IEEE1394) &&
	    m->hlen == 0 && m->id.len > 0);
}

int
dhcp_parse(struct buf *in, struct dhcp_msg *m)
{
	struct buf	sname, file;
	uint32_t	magic;
	uint8_t		op;

	memset(m, 0, offsetof(struct dhcp_msg, scratch));
	op = buf_u8(in);
	m->htype = buf_u8(in);
	m->hlen = buf_u8(in);
	m->hops = buf_u8(in);
	m->xid = buf_u32(in);
	m->secs = buf_u16(in);
	m->flags = buf_u16(in);
	m->ciaddr = buf_u32(in);
	buf_skip(in, 8);			/* yiaddr, siaddr */
	m->giaddr = buf_u32(in);
	buf_copy(in, m->chaddr, sizeof(m->chaddr));
	if (buf_sub(in, &sname, DHCP_SNAME_LEN) == -1 ||
	    buf_sub(in, &file, DHCP_FILE_LEN) == -1 || op != 1)
		return (-1);
	magic = buf_left(in) < 4 ? 0 : buf_u32(in);
	/* RFC 951: old BOOTP has nothing there, or something of its own. */
	if (magic == DHCP_MAGIC &&
	    options_parse(m, in, &sname, &file) == -1)
		return (-1);
	if ((magic != DHCP_MAGIC && magic != 0) || !sender_ok(m))
		return (-1);
	/* RFC 951 3: it has one length, and is not cut short. */
	if (m->type == DHCP_BOOTP && in->len < DHCP_MIN_LEN)
		return (-1);
	m->bootp_server = m->type == DHCP_BOOTP && sname.data[0] != '\0';
	return (m->type < DHCP_MAX ? 0 : -1);
}

int
dhcp_wants(const struct dhcp_msg *m, uint8_t code)
{
	return (m->wanted.len > 0 &&
	    memchr(m->wanted.data, code, m->wanted.len) != NULL);
}

/* Replies. */

#define OVERLOAD_ROOM	3		/* option 52 itself */

/* What the relay agent is to find again, with its code and length. */
static size_t
relay_room(const struct dhcp_msg *req)
{
	return (req->giaddr != 0 && req->relay.len > 0 ?
	    req->relay.len + 2 : 0);
}

/* How long the reply may be: RFC 2131 2, option 57, and what the link takes. */
static size_t
reply_limit(const struct dhcp_msg *req, uint32_t mtu)
{
	size_t	size = DHCP_MIN_SIZE;

	/* RFC 951: 64 octets of options, unless it says that it takes more. */
	if (req->type == DHCP_BOOTP && req->max_size < size)
		return (DHCP_MIN_LEN + relay_room(req));
	if (req->max_size > size)
		size = req->max_size;
	if (mtu >= DHCP_MIN_SIZE && size > mtu)
		size = mtu;
	if (size > DHCP_MAX_SIZE)
		size = DHCP_MAX_SIZE;
	return (size - DHCP_IP_UDP);
}

void
dhcp_begin(struct reply *r, uint8_t octets[DHCP_PAYLOAD_MAX],
    const struct dhcp_msg *req, const struct reply_head *head, uint32_t mtu)
{
	size_t	size = reply_limit(req, mtu), relay = relay_room(req), len = 0;

	memset(r, 0, sizeof(*r));
	wbuf_init(&r->out, octets, size);
	/* RFC 3046 2.2: left out when what comes with it would have no room. */
	r->without_relay = DHCP_HDRLEN + DHCP_OPTIONS_MIN + relay > size;
	r->limit = size - 1 - (r->without_relay ? 0 : relay);
	wbuf_u8(&r->out, 2);
	wbuf_u8(&r->out, req->htype);
	wbuf_u8(&r->out, req->hlen);
	wbuf_u8(&r->out, 0);
	wbuf_u32(&r->out, req->xid);
	wbuf_u16(&r->out, 0);
	wbuf_u16(&r->out, head->flags);
	wbuf_u32(&r->out, head->ciaddr);
	wbuf_u32(&r->out, head->yiaddr);
	wbuf_u32(&r->out, head->siaddr);
	wbuf_u32(&r->out, req->giaddr);
	wbuf_copy(&r->out, req->chaddr, sizeof(req->chaddr));
	wbuf_zero(&r->out, DHCP_SNAME_LEN);
	if (head->file != NULL && (len = strlen(head->file)) >= DHCP_FILE_LEN)
		len = 0;
	wbuf_copy(&r->out, head->file, len);
	wbuf_zero(&r->out, DHCP_FILE_LEN - len);
	wbuf_u32(&r->out, DHCP_MAGIC);
	if (head->type != DHCP_BOOTP)
		dhcp_put_u8(r, OPT_TYPE, head->type);
	if (!head->overload)
		return;
	/* RFC 2131 4.1: file, then sname, may hold what has no room. */
	wbuf_init(&r->field[0], octets + DHCP_FILE_AT, DHCP_FILE_LEN);
	wbuf_init(&r->field[1], octets + DHCP_SNAME_AT, DHCP_SNAME_LEN);
	r->limit -= OVERLOAD_ROOM;
}

int
dhcp_has(const struct reply *r, uint8_t code)
{
	return ((r->have[code / 8] & 1 << code % 8) != 0);
}

/* Where these octets and their headers have room, or NULL. */
static struct wbuf *
reply_place(struct reply *r, size_t len)
{
	size_t	i, room = len + 2 * ((len + 254) / 255);

	if (r->out.len + room <= r->limit)
		return (&r->out);
	/* Each field ends with an END of its own. */
	for (i = 0; i < nitems(r->field); i++)
		if (r->field[i].len + room + 1 <= r->field[i].size)
			return (&r->field[i]);
	return (NULL);
}

/* Longer values go into several options of one code, RFC 3396. */
void
dhcp_put(struct reply *r, uint8_t code, const void *data, size_t len)
{
	struct wbuf	*out;
	const uint8_t	*p = data;
	size_t		 i, part;

	if (dhcp_has(r, code) || len == 0)
		return;
	if ((out = reply_place(r, len)) == NULL) {
		r->full = 1;
		return;
	}
	r->have[code / 8] |= (uint8_t)(1 << code % 8);
	for (i = 0; i < len; i += part) {
		part = len - i > 255 ? 255 : len - i;
		wbuf_u8(out, code);
		wbuf_u8(out, (uint8_t)part);
		wbuf_copy(out, p + i, part);
	}
}

/* An option that has no value. */
void
dhcp_put_flag(struct reply *r, uint8_t code)
{
	if (dhcp_has(r, code) || r->out.len + 2 > r->limit)
		return;
	r->have[code / 8] |= (uint8_t)(1 << code % 8);
	wbuf_u8(&r->out, code);
	wbuf_u8(&r->out, 0);
}

void
dhcp_put_u8(struct reply *r, uint8_t code, uint8_t v)
{
	dhcp_put(r, code, &v, 1);
}

void
dhcp_put_u32(struct reply *r, uint8_t code, uint32_t v)
{
	uint8_t		octets[4];
	struct wbuf	b;

	wbuf_init(&b, octets, sizeof(octets));
	wbuf_u32(&b, v);
	dhcp_put(r, code, octets, sizeof(octets));
}

void
dhcp_put_addrs(struct reply *r, uint8_t code, const uint32_t *addr, size_t n)
{
	uint8_t		octets[4 * SEGMENT_ADDRS];
	struct wbuf	b;
	size_t		i;

	wbuf_init(&b, octets, sizeof(octets));
	for (i = 0; i < n && i < SEGMENT_ADDRS; i++)
		wbuf_u32(&b, addr[i]);
	dhcp_put(r, code, octets, b.len);
}

void
dhcp_put_str(struct reply *r, uint8_t code, const char *text)
{
	dhcp_put(r, code, text, strlen(text));
}

/* Which of the two fields hold options, as option 52 says it. */
static uint8_t
reply_overload(struct reply *r)
{
	uint8_t	which = 0;
	size_t	i;

	for (i = 0; i < nitems(r->field); i++)
		if (r->field[i].len > 0) {
			wbuf_u8(&r->field[i], OPT_END);
			which |= (uint8_t)(1 << i);
		}
	return (which);
}

size_t
dhcp_finish(struct reply *r, const struct dhcp_msg *req)
{
	struct wbuf	*out = &r->out;
	uint8_t		 overload = reply_overload(r);

	if (overload != 0) {
		r->limit += OVERLOAD_ROOM;
		dhcp_put_u8(r, OPT_OVERLOAD, overload);
	}
	/* RFC 3046 2.2: entire, unmodified, and the last one. */
	if (relay_room(req) > 0 && !r->without_relay) {
		wbuf_u8(out, OPT_RELAY);
		wbuf_u8(out, (uint8_t)req->relay.len);
		wbuf_copy(out, req->relay.data, req->relay.len);
	}
	wbuf_u8(out, OPT_END);
	if (out->len < DHCP_MIN_LEN)
		wbuf_zero(out, DHCP_MIN_LEN - out->len);
	return (out->err ? 0 : out->len);
}
