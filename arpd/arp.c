/* SPDX-License-Identifier: ISC */
/*
 * arp.c: ARP packets for IPv4 on Ethernet, read from and written to buffers.
 */
#include <net/ethernet.h>

#include <string.h>

#include "arpd.h"

#define ARP_ETHERNET	1
#define ARP_HLEN	6
#define ARP_PLEN	4

static struct mac
arp_read_mac(struct buf *in)
{
	struct mac	mac = { { 0 } };

	buf_copy(in, mac.b, sizeof(mac.b));
	return (mac);
}

/* 0.0.0.0/8 but for itself, loopback, multicast and above are no sender. */
static int
arp_may_send(uint32_t addr)
{
	return (addr == 0 || (addr >= 0x01000000 && addr < 0xe0000000 &&
	    addr >> 24 != 127));
}

int
arp_parse(struct buf *in, struct arp_msg *msg)
{
	uint16_t	ether, hrd, pro;
	uint8_t		hln, pln;

	buf_skip(in, sizeof(struct mac));
	msg->from = arp_read_mac(in);
	/* No tag is seen: the kernel takes off all those of VLAN 0. */
	ether = buf_u16(in);
	hrd = buf_u16(in);
	pro = buf_u16(in);
	hln = buf_u8(in);
	pln = buf_u8(in);
	msg->op = buf_u16(in);
	msg->sha = arp_read_mac(in);
	msg->spa = buf_u32(in);
	msg->tha = arp_read_mac(in);
	msg->tpa = buf_u32(in);
	if (in->err || ether != ETHERTYPE_ARP || hrd != ARP_ETHERNET ||
	    pro != ETHERTYPE_IP || hln != ARP_HLEN || pln != ARP_PLEN)
		return (-1);
	if (msg->op != ARP_REQUEST && msg->op != ARP_REPLY)
		return (-1);
	/* Nobody replies as 0.0.0.0: only a question may come from there. */
	if (msg->op == ARP_REPLY && msg->spa == 0)
		return (-1);
	if (!mac_is_unicast(msg->sha) || !arp_may_send(msg->spa))
		return (-1);
	return (0);
}

static void
arp_build(struct wbuf *out, struct mac sha, uint32_t spa, uint32_t tpa)
{
	static const struct mac	everyone = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }
	};

	wbuf_copy(out, everyone.b, sizeof(everyone.b));
	wbuf_copy(out, sha.b, sizeof(sha.b));
	wbuf_u16(out, ETHERTYPE_ARP);
	wbuf_u16(out, ARP_ETHERNET);
	wbuf_u16(out, ETHERTYPE_IP);
	wbuf_u8(out, ARP_HLEN);
	wbuf_u8(out, ARP_PLEN);
	wbuf_u16(out, ARP_REQUEST);
	wbuf_copy(out, sha.b, sizeof(sha.b));
	wbuf_u32(out, spa);
	wbuf_zero(out, sizeof(struct mac));
	wbuf_u32(out, tpa);
	if (out->len < ARP_FRAME_LEN)
		wbuf_zero(out, ARP_FRAME_LEN - out->len);
}

/* RFC 5227 2.1.1: the sender's address MUST be all zero. */
void
arp_build_probe(struct wbuf *out, struct mac mac, uint32_t addr)
{
	arp_build(out, mac, 0, addr);
}

/* RFC 5227 2.3: both addresses are the one that is announced. */
void
arp_build_announce(struct wbuf *out, struct mac mac, uint32_t addr)
{
	arp_build(out, mac, addr, addr);
}

/* RFC 826: the target's Ethernet address is what is asked for. */
void
arp_build_request(struct wbuf *out, struct mac mac, uint32_t own,
    uint32_t addr)
{
	arp_build(out, mac, own, addr);
}
