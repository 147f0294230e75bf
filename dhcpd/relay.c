/* SPDX-License-Identifier: ISC */
/*
 * relay.c: what a relay agent says of a request in option 82 (RFC 3046).
 * Touches only buffers.
 */
#include <string.h>

#include "dhcpd.h"

/* What is kept of it, until all of it is known to make sense. */
struct relay {
	struct buf	circuit, remote;
	uint32_t	link_addr, server_addr;
	uint8_t		port, flags;
};

static void
sub_circuit(struct relay *r, struct buf *v)
{
	r->circuit = *v;
}

static void
sub_remote(struct relay *r, struct buf *v)
{
	r->remote = *v;
}

static void
sub_link(struct relay *r, struct buf *v)
{
	r->link_addr = buf_u32(v);
}

/*
 * RFC 5010: whether the client's message came to the relay agent by unicast.
 * A server MAY decide by it; here RENEWING and REBINDING get the same answer,
 * so it only has to be well-formed.
 */
static void
sub_flags(struct relay *r, struct buf *v)
{
	r->flags = buf_u8(v);
}

static void
sub_server(struct relay *r, struct buf *v)
{
	r->server_addr = buf_u32(v);
}

static void
sub_port(struct relay *r, struct buf *v)
{
	(void)v;
	r->port = 1;
}

static const struct sub {
	uint8_t		code, min, max;
	void		(*set)(struct relay *, struct buf *);
} subs[] = {
	{ 1,  0, 255, sub_circuit },
	{ 2,  0, 255, sub_remote },
	{ 5,  4, 4,   sub_link },	/* RFC 3527 */
	{ 10, 1, 1,   sub_flags },
	{ 11, 4, 4,   sub_server },	/* RFC 5107 */
	{ 19, 0, 0,   sub_port },	/* RFC 8357 */
};

/* One sub-option; of two with one code the first counts. */
static int
sub_take(struct relay *r, uint32_t *seen, uint8_t code, struct buf *value)
{
	size_t	i;

	for (i = 0; i < nitems(subs); i++)
		if (subs[i].code == code)
			break;
	if (i == nitems(subs))
		return (0);
	if (value->len < subs[i].min || value->len > subs[i].max)
		return (-1);
	if ((*seen & 1U << i) == 0)
		subs[i].set(r, value);
	*seen |= 1U << i;
	return (0);
}

/*
 * All of it, or nothing: a half of what an agent says would put a client on
 * the wrong subnet.  There is neither padding nor an end in it (RFC 3046 2.0).
 */
void
relay_parse(struct dhcp_msg *m, struct buf *option)
{
	struct relay	r;
	struct buf	value;
	uint32_t	seen = 0;
	uint8_t		code;

	memset(&r, 0, sizeof(r));
	while (buf_left(option) > 0) {
		code = buf_u8(option);
		if (buf_sub(option, &value, buf_u8(option)) == -1 ||
		    sub_take(&r, &seen, code, &value) == -1)
			return;
	}
	m->circuit = r.circuit;
	m->remote = r.remote;
	m->link_addr = r.link_addr;
	m->server_addr = r.server_addr;
	m->relay_port = r.port;
}
