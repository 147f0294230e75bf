/* SPDX-License-Identifier: ISC */
/*
 * quota.c: how much of a pool one client, one relay port, or all strangers
 * together may have.  Machines with a host entry are no strangers: nothing
 * here keeps an address from them, and some addresses are kept for them.
 */
#include <string.h>

#include "dhcpd.h"

#define STRANGERS_MAX	32768	/* unconfirmed offers at a time */
#define RECLAIM_S	5	/* longer than firmware collects offers */
#define RECLAIM_LOOK	8	/* offers that are just being confirmed */
#define DECLINES_MAX	4	/* of one client, in an hour */
#define DECLINERS	256
#define ALARM_S		60

struct decliner {
	int64_t		since_us;
	struct mac	mac;
	uint8_t		count;
};

static struct decliner	decliners[DECLINERS];

/* The free addresses of a link, and how many of them are kept for hosts. */
static uint32_t
link_room(const struct view *view, const struct link *link, uint32_t *keep)
{
	const struct leases	*ls = view->leases;
	const struct stock	*st;
	uint32_t		 room = 0, known = 0, eighth = 0, kept = 0;
	uint32_t		 roaming, conf_keep;
	size_t			 i;

	for (i = 0; i < link->n; i++) {
		st = pool_stock_of(&ls->pool, link->seg[i].segment);
		if (st == NULL)
			continue;
		room += st->size - st->used;
		known += st->known;
		conf_keep = view->conf->segment[link->seg[i].segment].keep;
		if (conf_keep == NONE)
			eighth += st->size / 8;
		else
			kept += conf_keep;
	}
	roaming = ls->roaming > known ? ls->roaming - known : 0;
	*keep = roaming < eighth ? roaming : eighth;
	*keep += kept > known ? kept - known : 0;
	return (room);
}

/* The smallest limit of the segments of a link; 0: none. */
static uint32_t
link_limit(const struct view *view, const struct link *link, int by_port)
{
	const struct conf_segment	*s;
	uint32_t			 limit = 0, this;
	size_t				 i;

	for (i = 0; i < link->n; i++) {
		s = &view->conf->segment[link->seg[i].segment];
		this = by_port ? s->limit_port : s->limit_mac;
		if (this != 0 && (limit == 0 || this < limit))
			limit = this;
	}
	return (limit);
}

uint32_t
quota_mac(const struct view *view, const struct link *link)
{
	uint32_t	limit = link_limit(view, link, 0);

	return (limit == 0 || limit > LEASES_PER_MAC ? LEASES_PER_MAC : limit);
}

/* Option 82 counts only where a relay agent may have put it in. */
static int
port_is_full(const struct view *view, const struct link *link,
    const struct dhcp_msg *req)
{
	const struct leases	*ls = view->leases;
	uint32_t		 limit = link_limit(view, link, 1);

	if (limit == 0 || req->giaddr == 0 || req->relay.len == 0)
		return (0);
	/* What is not kept with a lease could not be counted. */
	return (req->relay.len > RELAY_LEN || tally_count(&ls->ports,
	    tally_key(ls->seed, req->relay.data, req->relay.len)) >= limit);
}

const char *
quota_refuses(const struct view *view, const struct link *link,
    const struct dhcp_msg *req, uint32_t host, mono_t now)
{
	uint32_t	room, keep;

	(void)now;
	if (host != NONE)
		return (NULL);
	if (port_is_full(view, link, req))
		return ("too many leases of one relay port");
	room = link_room(view, link, &keep);
	if (room == 0)
		return ("no address is free");
	if (room <= keep)
		return ("the last addresses are kept for hosts");
	if (view->leases->strangers >= STRANGERS_MAX)
		return ("too many offers are under way");
	return (NULL);
}

/* The oldest of a segment that is not just being confirmed. */
static struct lease *
oldest_offer(const struct leases *ls, const struct stock *st)
{
	struct lease	*l;
	uint32_t	 i;
	int		 n = 0;

	for (i = st->offers.head; i != NONE && n < RECLAIM_LOOK;
	    i = l->next, n++)
		if (!(l = lease_at(ls, i))->staged)
			return (l);
	return (NULL);
}

struct lease *
quota_reclaim(const struct view *view, const struct link *link,
    const struct dhcp_msg *req, uint32_t host, mono_t now)
{
	const struct leases	*ls = view->leases;
	const struct stock	*st;
	struct lease		*l, *oldest = NULL;
	size_t			 i;

	if (host == NONE && port_is_full(view, link, req))
		return (NULL);
	for (i = 0; i < link->n; i++) {
		st = pool_stock_of(&ls->pool, link->seg[i].segment);
		if (st != NULL && (l = oldest_offer(ls, st)) != NULL &&
		    (oldest == NULL || l->start_us < oldest->start_us))
			oldest = l;
	}
	if (oldest == NULL || (host == NONE &&
	    now.us - oldest->start_us < RECLAIM_S * INT64_C(1000000)))
		return (NULL);
	return (oldest);
}

/* Declines. */

static struct decliner *
decliner_of(struct mac mac)
{
	return (&decliners[(mac.b[3] * 31U + mac.b[4] * 7U + mac.b[5]) %
	    DECLINERS]);
}

static int
decliner_is(const struct decliner *d, struct mac mac, mono_t now)
{
	return (d->count > 0 && mac_equal(d->mac, mac) &&
	    now.us - d->since_us < DECLINED_S * INT64_C(1000000));
}

void
quota_declined(struct mac mac, mono_t now)
{
	struct decliner	*d = decliner_of(mac);

	if (!decliner_is(d, mac, now))
		*d = (struct decliner){ .since_us = now.us, .mac = mac };
	if (d->count < UINT8_MAX)
		d->count++;
}

int
quota_doubts(const struct view *view, uint32_t addr, struct mac mac,
    mono_t now)
{
	const struct decliner	*d = decliner_of(mac);
	const struct stock	*st = pool_stock(&view->leases->pool, addr);

	if (decliner_is(d, mac, now) && d->count >= DECLINES_MAX)
		return (1);
	return (st != NULL && st->declined > 0 &&
	    st->declined >= st->size / 4);
}

void
quota_alarm(const struct view *view, const struct link *link,
    const char *why, mono_t now)
{
	static int64_t			 next_us;
	static uint32_t			 refused;
	const struct conf_segment	*s;
	char				 net[ADDR_STRLEN];

	refused++;
	if (now.us < next_us || link->n == 0)
		return;
	next_us = mono_add_s(now, ALARM_S).us;
	s = &view->conf->segment[link->seg[0].segment];
	log_warnx("%s/%u: %s (%u requests refused)", addr_str(s->net, net),
	    s->prefix, why, refused);
	refused = 0;
}
