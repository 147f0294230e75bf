/* SPDX-License-Identifier: ISC */
/*
 * query.c: who has an address, and which addresses somebody has: DHCP
 * leasequery (RFC 4388), for access routers that ask.  Changes nothing.
 */
#include <string.h>

#include "dhcpd.h"

#define FOUND_MAX	(2 * LEASES_PER_MAC)
#define ASSOCIATED_MAX	32	/* addresses of one client in an answer */

/* What a query asks by; it must be exactly one of them. */
enum { BY_IP = 1, BY_HARDWARE = 2, BY_CLIENT_ID = 4 };

static int
is_querier(const struct conf_global *g, uint32_t addr)
{
	uint32_t	i;

	for (i = 0; i < g->nqueriers && i < SERVER_ADDRS; i++)
		if (g->querier[i] == addr)
			return (1);
	return (0);
}

static int
asks_by(const struct dhcp_msg *req)
{
	static const uint8_t	nobody[sizeof(req->chaddr)];
	int			by = 0;

	if (req->ciaddr != 0)
		by |= BY_IP;
	if (memcmp(req->chaddr, nobody, sizeof(nobody)) != 0)
		by |= BY_HARDWARE;
	if (req->id.len > 0)
		by |= BY_CLIENT_ID;
	return (by);
}

static int
is_active(const struct lease *l, mono_t now)
{
	return (l != NULL && l->state == HOLD_BOUND && l->expire_us > now.us);
}

/* The leases of the client that is asked about, as they were found. */
static size_t
leases_asked(const struct view *view, const struct dhcp_msg *req,
    struct lease *found[FOUND_MAX])
{
	if (req->id.len > 0)
		return (lease_all_by_id(view->leases, req->id.data,
		    req->id.len, found, FOUND_MAX));
	return (lease_all_by_mac(view->leases, req->mac, found, FOUND_MAX));
}

/* RFC 4388 6.4.1: of several leases the one that was granted last. */
static struct lease *
lease_asked(const struct view *view, const struct dhcp_msg *req, mono_t now)
{
	struct lease	*found[FOUND_MAX], *last = NULL;
	size_t		 i, n;

	if (req->ciaddr != 0) {
		last = lease_by_addr(view->leases, req->ciaddr);
		return (is_active(last, now) ? last : NULL);
	}
	n = leases_asked(view, req, found);
	for (i = 0; i < n; i++)
		if (is_active(found[i], now) &&
		    (last == NULL || found[i]->start_us > last->start_us))
			last = found[i];
	return (last);
}

/* Is it an address that we would give to somebody? */
static int
is_managed(const struct view *view, uint32_t addr)
{
	return (pool_has(leases_pool(view->leases), addr) ||
	    lease_by_addr(view->leases, addr) != NULL ||
	    conf_host_by_addr(view->conf, addr) != NONE);
}

/*
 * Who may ask is a matter of where the answer goes, giaddr; who sends it must
 * be one of them too, so that nobody else makes us talk to them.
 */
static const char *
query_refuses(const struct view *view, const struct link *link,
    const struct dhcp_msg *req)
{
	const struct conf_global	*g = view->conf->global;
	int				 by = asks_by(req);

	if (req->giaddr == 0 || link->own == 0)
		return ("a query without a relay agent");
	if (!is_querier(g, req->giaddr) || !is_querier(g, req->src))
		return ("a query by somebody who may not ask");
	if (req->server != 0 && req->server != link->own)
		return ("a query for another server");
	if (by != BY_IP && by != BY_HARDWARE && by != BY_CLIENT_ID)
		return ("a query for nothing, or too much");
	return (NULL);
}

static uint32_t
seconds_of(int64_t us)
{
	if (us < 0)
		return (0);
	return (us / 1000000 < UINT32_MAX ? (uint32_t)(us / 1000000) :
	    UINT32_MAX);
}

void
query_decide(struct verdict *v, const struct view *view,
    const struct link *link, const struct dhcp_msg *req, mono_t now)
{
	struct lease	*l;

	memset(v, 0, sizeof(*v));
	v->host = v->segment = NONE;
	v->kind = V_SILENT;
	if ((v->why = query_refuses(view, link, req)) != NULL)
		return;
	v->kind = V_QUERY;
	v->server = v->own = link->own;
	l = lease_asked(view, req, now);
	if (l == NULL) {
		if (req->ciaddr != 0 && is_managed(view, req->ciaddr))
			v->addr = req->ciaddr;
		return;
	}
	v->lease = l;
	v->addr = l->addr;
	v->segment = reach_segment(view->conf, l->addr);
	v->seconds = seconds_of(l->expire_us - now.us);
	v->idle = seconds_of(now.us - l->start_us);
}

/* T1 or T2 as it is configured for all or for the subnet, or this. */
static uint64_t
timer_of(const struct conf *conf, uint32_t segment, uint8_t code,
    uint64_t seconds)
{
	static const enum option_level	 levels[] = { OPTION_ALL,
					     OPTION_SUBNET };
	const struct conf_option	*o;
	struct buf			 value;
	size_t				 i, k, n;

	for (k = 0; k < nitems(levels); k++) {
		o = conf_options(conf, levels[k],
		    levels[k] == OPTION_ALL ? NONE : segment, &n);
		for (i = 0; i < n; i++)
			if (o[i].code == code && !o[i].more &&
			    o[i].len == 4) {
				buf_init(&value, o[i].data, o[i].len);
				seconds = buf_u32(&value);
			}
	}
	return (seconds);
}

/* T1 and T2 only while they are still to come; an endless lease has none. */
static void
put_times(struct reply *r, const struct conf *conf, const struct verdict *v)
{
	uint64_t	whole = (uint64_t)v->seconds + v->idle;
	uint64_t	t1 = timer_of(conf, v->segment, OPT_T1, whole / 2);
	uint64_t	t2 = timer_of(conf, v->segment, OPT_T2, whole * 7 / 8);

	dhcp_put_u32(r, OPT_LEASE_TIME, v->seconds);
	if (v->seconds != UINT32_MAX && t1 > v->idle && t1 < whole)
		dhcp_put_u32(r, OPT_T1, (uint32_t)(t1 - v->idle));
	if (v->seconds != UINT32_MAX && t2 > v->idle && t2 < whole)
		dhcp_put_u32(r, OPT_T2, (uint32_t)(t2 - v->idle));
	dhcp_put_u32(r, OPT_LAST_SEEN, v->idle);
}

/* RFC 4388 6.4.2: when there is more than the one address. */
static void
put_associated(struct reply *r, const struct view *view,
    const struct dhcp_msg *req, const struct verdict *v)
{
	struct lease	*found[FOUND_MAX];
	uint8_t		 octets[4 * ASSOCIATED_MAX];
	struct wbuf	 b;
	size_t		 i, n;

	if (req->ciaddr != 0)
		return;
	wbuf_init(&b, octets, sizeof(octets));
	n = leases_asked(view, req, found);
	for (i = 0; i < n && b.len < sizeof(octets); i++)
		if (found[i] != v->lease && found[i]->state == HOLD_BOUND)
			wbuf_u32(&b, found[i]->addr);
	dhcp_put(r, OPT_ASSOCIATED, octets, b.len);
}

/* What the client was told of its network, as far as it is asked for. */
static void
put_wanted(struct reply *r, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v)
{
	const struct conf_segment	*s = &conf->segment[v->segment];
	char				 name[NAME_LEN];

	if (dhcp_wants(req, OPT_MASK))
		dhcp_put_u32(r, OPT_MASK, prefix_mask(s->prefix));
	if (dhcp_wants(req, OPT_ROUTER))
		dhcp_put_addrs(r, OPT_ROUTER, s->router, s->nrouters);
	if (dhcp_wants(req, OPT_DNS))
		dhcp_put_addrs(r, OPT_DNS, s->dns, s->ndns);
	if (dhcp_wants(req, OPT_HOST_NAME))
		dhcp_put_str(r, OPT_HOST_NAME, lease_hostname(v->lease, name));
	if (dhcp_wants(req, OPT_DOMAIN))
		dhcp_put_str(r, OPT_DOMAIN, s->domain);
	if (dhcp_wants(req, OPT_BROADCAST))
		dhcp_put_u32(r, OPT_BROADCAST, s->net |
		    ~prefix_mask(s->prefix));
}

/*
 * An answer is about its client: hardware address, client id and option 82
 * are that one's, where an ACK would repeat those of who asked.
 */
static void
about(struct dhcp_msg *as, const struct lease *l)
{
	const uint8_t	*relay;
	size_t		 len;

	as->htype = as->hlen = 0;
	memset(as->chaddr, 0, sizeof(as->chaddr));
	if (mac_is_unicast(l->mac)) {
		as->htype = HTYPE_ETHERNET;
		as->hlen = sizeof(l->mac.b);
		memcpy(as->chaddr, l->mac.b, sizeof(l->mac.b));
	}
	buf_init(&as->id, l->text, l->id_len);
	relay = lease_relay(l, &len);
	buf_init(&as->relay, relay, len);
}

size_t
query_build(uint8_t octets[DHCP_PAYLOAD_MAX], const struct view *view,
    const struct dhcp_msg *req, const struct verdict *v, uint32_t mtu)
{
	struct reply		r;
	struct reply_head	head = { .type = DHCP_LEASEUNKNOWN };
	struct dhcp_msg		as = *req;

	buf_init(&as.relay, NULL, 0);
	if (v->lease != NULL) {
		head.type = DHCP_LEASEACTIVE;
		about(&as, v->lease);
	} else if (v->addr != 0)
		head.type = DHCP_LEASEUNASSIGNED;
	head.ciaddr = v->addr != 0 ? v->addr : req->ciaddr;
	dhcp_begin(&r, octets, &as, &head, mtu);
	dhcp_put_u32(&r, OPT_SERVER, v->server);
	dhcp_put(&r, OPT_CLIENT_ID, as.id.data, as.id.len);
	if (v->lease != NULL) {
		put_times(&r, view->conf, v);
		put_associated(&r, view, req, v);
		if (v->segment != NONE)
			put_wanted(&r, view->conf, req, v);
	}
	return (dhcp_finish(&r, &as));
}
