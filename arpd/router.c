/* SPDX-License-Identifier: ISC */
/*
 * router.c: machines that look for an IPv6 router where there is none.  Many
 * boot ROMs wait a quarter of a minute for one; they are told that we are none
 * (RFC 4861 6.2.6, a Router Lifetime of 0), unless a router is heard, which
 * may have more to say.
 *
 *	down --up--> asked --a second-> none <-.
 *	  ^            |  ^               | '--' asks twice more
 *	  |    heard   |  | timer         | heard
 *	  '--down      '--+--> heard <----'
 */
#include <net/ethernet.h>

#include <string.h>

#include "arpd.h"

#define IPV6_HDRLEN	40
#define IPV6_ADDRS	8		/* where its addresses begin */
#define PROTO_ICMP6	58
#define HOP_LIMIT	255		/* comes from this link */
#define SOLICIT_LEN	8
#define ADVERT_LEN	16

#define OPTION_SOURCE	1		/* link-layer address */
#define OPTION_MTU	5

#define HAS_SOURCE	0x01		/* among the options */
#define HAS_MORE	0x02		/* than source and MTU */

#define FLAGS_DHCPV6	0xc0		/* managed, other */

static const uint8_t	nobody[ROUTER_ADDR_LEN];
static const uint8_t	all_nodes[ROUTER_ADDR_LEN] = {
	0xff, 0x02, [15] = 1
};
static const uint8_t	all_routers[ROUTER_ADDR_LEN] = {
	0xff, 0x02, [15] = 2
};

/* Reading ----------------------------------------------------------------- */

static int
router_is_link_local(const uint8_t addr[ROUTER_ADDR_LEN])
{
	return (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80);
}

/* The sum of the pseudo header, RFC 8200 8.1; addrs are both of them. */
static uint32_t
router_csum_pseudo(const uint8_t *addrs, size_t len)
{
	return (csum_add((uint32_t)len + PROTO_ICMP6, addrs,
	    2 * ROUTER_ADDR_LEN));
}

/* The headers before the ICMPv6 message, which body becomes. */
static int
router_parse_ipv6(struct buf *in, struct router_msg *msg, struct buf *body)
{
	const uint8_t	*addrs;
	uint16_t	 ether, len;
	uint8_t		 version, next, hops;

	buf_skip(in, sizeof(struct mac));
	buf_copy(in, msg->mac.b, sizeof(msg->mac.b));
	ether = buf_u16(in);
	version = buf_u8(in) >> 4;
	buf_skip(in, 3);
	len = buf_u16(in);
	next = buf_u8(in);
	hops = buf_u8(in);
	addrs = in->data + in->off;
	buf_copy(in, msg->src, sizeof(msg->src));
	buf_skip(in, ROUTER_ADDR_LEN);
	if (buf_sub(in, body, len) == -1 || ether != ETHERTYPE_IPV6 ||
	    version != 6 || next != PROTO_ICMP6 || hops != HOP_LIMIT ||
	    !mac_is_unicast(msg->mac))
		return (-1);
	if (csum_fold(csum_add(router_csum_pseudo(addrs, len), body->data,
	    len)) != 0)
		return (-1);
	return (0);
}

static int
router_options(struct buf *in, unsigned int *has)
{
	uint8_t	type, len;

	*has = 0;
	while (!in->err && buf_left(in) > 0) {
		type = buf_u8(in);
		len = buf_u8(in);
		if (len == 0)
			return (-1);
		buf_skip(in, len * 8U - 2);
		if (type == OPTION_SOURCE)
			*has |= HAS_SOURCE;
		else if (type != OPTION_MTU)
			*has |= HAS_MORE;
	}
	return (in->err ? -1 : 0);
}

/* RFC 4861 6.1.1. */
static int
router_parse_solicit(struct buf *in, const struct router_msg *msg)
{
	unsigned int	has;

	buf_skip(in, 4);
	if (router_options(in, &has) == -1 || msg->src[0] == 0xff)
		return (-1);
	if ((has & HAS_SOURCE) != 0 &&
	    memcmp(msg->src, nobody, sizeof(nobody)) == 0)
		return (-1);
	return (0);
}

/*
 * RFC 4861 6.1.2.  It serves when it says anything of use: that it routes, a
 * prefix, that there is DHCPv6, a name server.  One like ours does not.
 */
static int
router_parse_advert(struct buf *in, struct router_msg *msg)
{
	unsigned int	has;
	uint8_t		flags;

	buf_skip(in, 1);		/* hop limit */
	flags = buf_u8(in);
	msg->lifetime = buf_u16(in);
	buf_skip(in, 8);		/* reachable time, retransmissions */
	if (router_options(in, &has) == -1 || !router_is_link_local(msg->src))
		return (-1);
	msg->serves = msg->lifetime > 0 || (flags & FLAGS_DHCPV6) != 0 ||
	    (has & HAS_MORE) != 0;
	return (0);
}

int
router_parse(struct buf *in, struct router_msg *msg)
{
	struct buf	body;
	uint8_t		type, code;

	memset(msg, 0, sizeof(*msg));
	if (router_parse_ipv6(in, msg, &body) == -1)
		return (-1);
	type = buf_u8(&body);
	code = buf_u8(&body);
	buf_skip(&body, 2);
	if (body.err || code != 0)
		return (-1);
	msg->type = type;
	if (type == ROUTER_SOLICIT)
		return (router_parse_solicit(&body, msg));
	return (type == ROUTER_ADVERT ? router_parse_advert(&body, msg) : -1);
}

/* Writing ----------------------------------------------------------------- */

/*
 * All up to ICMPv6, whose len octets are all zero but for the type: that is
 * what a solicitation without options is, and an advertisement that neither
 * routes nor knows anything.
 */
static void
router_build(struct wbuf *out, struct mac dst_mac, struct mac src_mac,
    const uint8_t *src, const uint8_t *dst, enum router_type type, size_t len)
{
	const size_t	ip = out->len + ETHER_HDR_LEN;
	uint32_t	sum;

	wbuf_copy(out, dst_mac.b, sizeof(dst_mac.b));
	wbuf_copy(out, src_mac.b, sizeof(src_mac.b));
	wbuf_u16(out, ETHERTYPE_IPV6);
	wbuf_u32(out, 6U << 28);
	wbuf_u16(out, (uint16_t)len);
	wbuf_u8(out, PROTO_ICMP6);
	wbuf_u8(out, HOP_LIMIT);
	wbuf_copy(out, src, ROUTER_ADDR_LEN);
	wbuf_copy(out, dst, ROUTER_ADDR_LEN);
	wbuf_u8(out, type);
	wbuf_zero(out, len - 1);
	if (out->err)
		return;
	sum = router_csum_pseudo(out->data + ip + IPV6_ADDRS, len);
	sum = csum_add(sum, out->data + ip + IPV6_HDRLEN, len);
	wbuf_set_u16(out, ip + IPV6_HDRLEN + 2, csum_fold(sum));
}

/*
 * A source of "::" obliges routers to answer to all nodes (RFC 4861 6.2.6),
 * where we hear it, and leaves no trace in anybody's neighbour cache.
 */
void
router_build_ask(struct wbuf *out, struct mac ours)
{
	static const struct mac	routers = { { 0x33, 0x33, 0, 0, 0, 2 } };

	router_build(out, routers, ours, nobody, all_routers, ROUTER_SOLICIT,
	    SOLICIT_LEN);
}

/*
 * Our link-local address is the one that RFC 4291 appendix A makes of the
 * Ethernet address.  The kernel may use another one, or none; but nobody has
 * anything to send there: a lifetime of 0 makes no route.
 *
 * The answer is for the machine that asked and goes to it alone: to all nodes
 * at its Ethernet address (RFC 6085) when it has no address of its own yet.
 */
void
router_build_none(struct wbuf *out, struct mac ours,
    const struct router_msg *asked)
{
	const uint8_t	 us[ROUTER_ADDR_LEN] = {
		0xfe, 0x80, 0, 0, 0, 0, 0, 0,
		ours.b[0] ^ 0x02, ours.b[1], ours.b[2], 0xff,
		0xfe, ours.b[3], ours.b[4], ours.b[5]
	};

	router_build(out, asked->mac, ours, us,
	    router_is_link_local(asked->src) ? asked->src : all_nodes,
	    ROUTER_ADVERT, ADVERT_LEN);
}

/* Deciding ---------------------------------------------------------------- */

/*
 * RFC 4861 6.3.7: three times, 4 seconds apart.  A router answers within half
 * a second, so that after one we may speak; the others are for questions that
 * were lost, as they are while a switch learns of the link.
 */
static int
router_ask(struct router *r, mono_t now)
{
	r->due = MONO_NEVER;
	if (r->asked == ROUTER_ASK_NUM)
		return (0);
	r->asked++;
	r->due = mono_add_ms(now, ROUTER_ASK_MS);
	return (1);
}

int
router_link(struct router *r, int up, mono_t now)
{
	r->state = up ? ROUTER_ASKED : ROUTER_DOWN;
	r->asked = up ? 1 : 0;
	r->due = up ? mono_add_ms(now, ROUTER_WAIT_MS) : MONO_NEVER;
	return (up);
}

int
router_timer(struct router *r, mono_t now)
{
	if (mono_before(now, r->due))
		return (0);
	switch (r->state) {
	case ROUTER_ASKED:
		r->state = ROUTER_NONE;
		r->due = mono_add_ms(r->due, ROUTER_ASK_MS - ROUTER_WAIT_MS);
		return (0);
	case ROUTER_NONE:
		return (router_ask(r, now));
	case ROUTER_HEARD:
		return (router_link(r, 1, now));
	}
	return (0);
}

void
router_heard(struct router *r, const struct router_msg *msg, mono_t now)
{
	const uint32_t	s = msg->lifetime > ROUTER_HEARD_S ? msg->lifetime :
			    ROUTER_HEARD_S;
	const mono_t	until = mono_add_s(now, s);

	if (r->state == ROUTER_DOWN || !msg->serves)
		return;
	if (r->state != ROUTER_HEARD || mono_before(r->due, until))
		r->due = until;
	r->state = ROUTER_HEARD;
}

/*
 * A slot for each of many MACs: two that share one may be answered more often,
 * but all of them together never more often than their bucket allows.
 */
int
router_rate_take(struct router_rate *rate, struct mac mac, mono_t now)
{
	const size_t	slot = (mac.b[3] * 31U + mac.b[4] * 7U + mac.b[5]) %
			    ROUTER_MACS;
	struct bucket	own = { { 0 }, 0 };

	if (mac_equal(rate->machine[slot].mac, mac))
		own = rate->machine[slot].answers;
	if (!bucket_take(&own, ROUTER_MAC_RATE, ROUTER_MAC_BURST, now) ||
	    !bucket_take(&rate->all, ROUTER_RATE, ROUTER_RATE, now))
		return (0);
	rate->machine[slot].mac = mac;
	rate->machine[slot].answers = own;
	return (1);
}
