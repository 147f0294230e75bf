/* SPDX-License-Identifier: ISC */
/*
 * rogue.c: other DHCP servers on our segments, which nobody wants there: their
 * OFFERs, ACKs and NAKs as far as they are broadcast, and REQUESTs of clients
 * that chose one of them.  We only look, never ask, and believe nothing: the
 * table is small, and what it says is told seldom.
 */
#include <stdio.h>
#include <string.h>

#include "dhcpd.h"

#define ROGUES		32
#define ROGUE_S		3600		/* without a sign: it is gone */
#define TELL_S		60		/* between two words about one */
#define TELL_MAX	6		/* words about all, in that time */
#define BOOTREPLY	2

struct rogue {
	int64_t		 seen_us, told_us;
	const struct port *port;		/* NULL: empty */
	uint32_t	 server;
	struct mac	 mac;		/* all zero until it spoke itself */
	uint32_t	 offers;	/* since it was told of */
};

static struct rogue	rogues[ROGUES];
static unsigned int	ntold;
static int64_t		told_since_us;
static struct log_limit	loud;

/* The one, or the one to be forgotten for it. */
static struct rogue *
rogue_find(const struct port *port, uint32_t server, mono_t now)
{
	struct rogue	*r, *oldest = &rogues[0];

	for (r = rogues; r < rogues + ROGUES; r++) {
		if (r->port == port && r->server == server)
			return (r);
		if (r->port == NULL ||
		    (oldest->port != NULL && r->seen_us < oldest->seen_us))
			oldest = r;
	}
	*oldest = (struct rogue){ .port = port, .server = server,
	    .told_us = now.us - TELL_S * INT64_C(1000000) };
	return (oldest);
}

static int
is_welcome(const struct port *port, uint32_t server)
{
	const struct conf	*conf = child.conf;
	size_t			 i, j;

	for (i = 0; i < child.nifaces; i++)
		for (j = 0; j < child.ifaces[i].naddrs && j < IFACE_ADDRS; j++)
			if (child.ifaces[i].addr[j] == server)
				return (1);
	for (i = 0; i < conf->global->nothers && i < SERVER_ADDRS; i++)
		if (conf->global->other[i] == server)
			return (1);
	/* In a segment where we only say what to boot there has to be one. */
	return (port->link.n == 0 ||
	    conf->segment[port->link.seg[0].segment].proxy);
}

/* Not often, whoever sends how much under how many names. */
static int
may_tell(const struct rogue *r, mono_t now)
{
	if (now.us - r->told_us < TELL_S * INT64_C(1000000))
		return (0);
	if (now.us - told_since_us >= TELL_S * INT64_C(1000000)) {
		told_since_us = now.us;
		ntold = 0;
	}
	return (ntold++ < TELL_MAX);
}

static void
rogue_note(const struct port *port, uint32_t server, struct mac mac,
    struct mac client, mono_t now)
{
	struct rogue	*r = rogue_find(port, server, now);
	char		 addr[ADDR_STRLEN], text[MAC_STRLEN], who[64];

	r->seen_us = now.us;
	r->offers++;
	figure_add(FIG_ROGUE_OFFERS);
	if (mac_is_unicast(mac))
		r->mac = mac;
	if (!may_tell(r, now))
		return;
	if (mac_is_unicast(r->mac))
		(void)snprintf(who, sizeof(who), "%s", mac_str(r->mac, text));
	else
		(void)snprintf(who, sizeof(who), "chosen by %s",
		    mac_str(client, text));
	log_limit(&loud, "another DHCP server on %s: %s (%s), %u messages",
	    port->ifname, addr_str(server, addr), who, r->offers);
	proc_step(STEP_ERROR, server, r->mac, "", 100, 0,
	    "another DHCP server on %s: %s (%s)", port->ifname, addr, who);
	r->told_us = now.us;
	r->offers = 0;
}

/* The options that tell a server's word; -1 when it is none. */
static int
reply_parse(struct buf *in, uint8_t *type, uint32_t *server)
{
	struct buf	value;
	uint8_t		code;

	if (buf_u8(in) != BOOTREPLY)
		return (-1);
	buf_skip(in, DHCP_HDRLEN - 1);
	if (buf_u32(in) != DHCP_MAGIC)
		return (-1);
	while (buf_left(in) > 0 && (code = buf_u8(in)) != OPT_END) {
		if (code == OPT_PAD)
			continue;
		if (buf_sub(in, &value, buf_u8(in)) == -1)
			return (-1);
		if (code == OPT_TYPE)
			*type = buf_u8(&value);
		else if (code == OPT_SERVER)
			*server = buf_u32(&value);
	}
	return (in->err ? -1 : 0);
}

void
rogue_reply(const struct port *port, struct frame *f, mono_t now)
{
	static const struct mac	nobody;
	uint32_t		server = f->src;
	uint8_t			type = 0;

	if (reply_parse(&f->payload, &type, &server) == -1) {
		figure_add(FIG_MALFORMED);
		return;
	}
	if ((type != DHCP_OFFER && type != DHCP_ACK && type != DHCP_NAK) ||
	    is_welcome(port, server) || is_welcome(port, f->src))
		return;
	rogue_note(port, server, f->src_mac, nobody, now);
}

void
rogue_request(const struct port *port, const struct dhcp_msg *req, mono_t now)
{
	static const struct mac	nobody;

	/* What no host can have is a mistake of the client. */
	if (req->server >> 24 != 0 && req->server >> 28 < 0xe &&
	    !is_welcome(port, req->server))
		rogue_note(port, req->server, nobody, req->mac, now);
}

size_t
rogue_count(mono_t now)
{
	size_t	i, n = 0;

	for (i = 0; i < ROGUES; i++)
		n += rogues[i].port != NULL &&
		    now.us - rogues[i].seen_us < ROGUE_S * INT64_C(1000000);
	return (n);
}
