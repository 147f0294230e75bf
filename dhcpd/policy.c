/* SPDX-License-Identifier: ISC */
/*
 * policy.c: what a request gets, RFC 2131 4.3 and DESIGN's "who is who".
 * A function of the configuration, the leases, the tickets, the request and
 * the time; it changes nothing and speaks to nobody.
 */
#include <string.h>

#include "dhcpd.h"

#define T_MIN_S		60	/* a client may ask for less than we give */

static void
silent(struct verdict *v, const char *why)
{
	v->kind = V_SILENT;
	v->why = why;
}

/* RFC 5107: the relay agent may want to be taken for the server. */
static uint32_t
server_as(const struct asker *a, uint32_t own)
{
	return (a->req->server_addr != 0 ? a->req->server_addr : own);
}

static void
nak(struct asker *a, const char *why)
{
	a->v->kind = V_NAK;
	a->v->why = why;
	a->v->server = server_as(a, a->link->own);
}

/* The address is decided: who we are there, and for how long. */
static void
give(struct asker *a, enum verdict_kind kind, uint32_t addr)
{
	const struct conf_segment	*seg;
	struct verdict			*v = a->v;
	int				 at = link_find(a->link, addr);

	v->kind = kind;
	v->addr = addr;
	v->segment = a->link->seg[at].segment;
	v->server = server_as(a, a->link->seg[at].own);
	v->by_subnet = a->req->subnet != 0 && a->req->link_addr == 0 &&
	    link_find(a->link, a->req->subnet) != -1;
	seg = &a->view->conf->segment[v->segment];
	v->next_server = seg->next_server != 0 ? seg->next_server :
	    a->link->seg[at].own;
	v->seconds = seg->lease;
	if (a->req->lease_time != 0 && a->req->lease_time < v->seconds)
		v->seconds = a->req->lease_time < T_MIN_S ? T_MIN_S :
		    a->req->lease_time;
	v->lease = lease_by_addr(a->view->leases, addr);
	if (a->own != NULL && a->own->addr != addr)
		v->drop = a->own;
}

/* DHCPDISCOVER, RFC 2131 4.3.1. */

static enum probe_mode
probe_mode(const struct asker *a, uint32_t addr)
{
	int	at = link_find(a->link, addr);

	return ((enum probe_mode)a->view->conf->segment[
	    a->link->seg[at].segment].probe);
}

/* May the address be offered now as far as its being free is known? */
static int
is_checked(const struct asker *a, uint32_t addr)
{
	enum probe_mode	mode = probe_mode(a, addr);

	return (mode == PROBE_OFF ||
	    pool_proven(leases_pool(a->view->leases), addr, a->now) ||
	    (mode == PROBE_BACKGROUND && !a->view->arpd));
}

static void
offer(struct asker *a, uint32_t addr)
{
	a->v->nprobe = 0;
	a->v->unproven = probe_mode(a, addr) != PROBE_OFF &&
	    !pool_proven(leases_pool(a->view->leases), addr, a->now);
	give(a, V_OFFER, addr);
}

/*
 * An address that is the asker's by right.  "probe always" doubts it first;
 * else it is looked at meanwhile, for somebody may have come to sit on it.
 */
static void
offer_own(struct asker *a, uint32_t addr)
{
	const struct lease	*l = lease_by_addr(a->view->leases, addr);
	enum verdict_kind	 kind = V_OFFER;

	if (!is_checked(a, addr) && (l == NULL ||
	    (l->state != HOLD_BOUND && l->state != HOLD_OFFERED))) {
		if (probe_mode(a, addr) == PROBE_ALWAYS)
			kind = V_PROBE;
		a->v->probe[0] = addr;
		a->v->nprobe = 1;
	}
	give(a, kind, addr);
}

/* A quota says no. */
static void
refuse(struct asker *a, const char *why)
{
	silent(a->v, why);
	a->v->refused = 1;
}

/* Would this be one more address for a stranger?  Then it may be too much. */
static const char *
refusal(const struct asker *a, uint32_t addr)
{
	const struct lease	*l = lease_by_addr(a->view->leases, addr);

	if (addr == a->reserved || (l != NULL && l->state != HOLD_FREE))
		return (NULL);
	return (quota_refuses(a->view, a->link, a->req, a->v->host, a->now));
}

/* Nothing is left but what strangers were offered and did not come for. */
static void
offer_reclaimed(struct asker *a, const char *why)
{
	const struct lease	*l;
	int			 checked;

	l = quota_reclaim(a->view, a->link, a->req, a->v->host, a->now);
	if (l == NULL) {
		refuse(a, why);
		return;
	}
	a->v->reclaimed = 1;
	a->v->probe[0] = l->addr;
	a->v->nprobe = 1;
	checked = l->state == HOLD_OFFERED || is_checked(a, l->addr);
	if (!checked && probe_mode(a, l->addr) == PROBE_ALWAYS) {
		give(a, V_PROBE, l->addr);
		return;
	}
	offer(a, l->addr);
	a->v->unproven = !checked;
}

/* Nothing is proven: offer unproven after a while, else have it proven. */
static void
offer_unproven(struct asker *a)
{
	struct verdict	*v = a->v;
	uint32_t	 addr;
	int		 waited = 0;

	if (a->own != NULL && a->own->state == HOLD_WAIT) {
		v->probe[0] = a->own->addr;
		v->nprobe = 1;
		waited = a->now.us - a->own->start_us >= WAIT_FIRST_MS * 1000;
	} else
		v->nprobe = lease_candidates(a->view->leases, a->link, a->now,
		    0, v->probe, PROBE_AHEAD);
	if (v->nprobe == 0) {
		offer_reclaimed(a, "no address is free");
		return;
	}
	addr = v->probe[0];
	if (is_checked(a, addr) ||
	    (waited && probe_mode(a, addr) == PROBE_BACKGROUND))
		offer(a, addr);
	else
		give(a, V_PROBE, addr);
}

static void
offer_from_pool(struct asker *a)
{
	struct leases	*ls = a->view->leases;
	struct lease	*freed;
	const char	*why = NULL;
	uint32_t	 addr = a->req->requested;

	if (a->own == NULL || a->own->state != HOLD_WAIT)
		why = quota_refuses(a->view, a->link, a->req, a->v->host,
		    a->now);
	if (why != NULL)
		offer_reclaimed(a, why);
	else if (lease_count_mac(ls, a->req->mac, &freed) >=
	    quota_mac(a->view, a->link)) {
		if (freed == NULL || asker_standing(a, freed->addr) != OPEN)
			refuse(a, "too many client ids of one MAC");
		else
			offer(a, freed->addr);
	} else if (addr != 0 && asker_standing(a, addr) == OPEN &&
	    is_checked(a, addr))
		offer(a, addr);
	else if (lease_candidates(ls, a->link, a->now, 1, &addr, 1) == 1)
		offer(a, addr);
	else
		offer_unproven(a);
}

/*
 * RFC 4039: two messages instead of four.  Not for machines that boot: they
 * are to see what others offer, and their firmware does not know it.
 */
static void
commit_rapidly(struct asker *a)
{
	struct verdict	*v = a->v;

	if (v->kind != V_OFFER || !a->req->rapid || v->booting ||
	    !a->view->conf->segment[v->segment].rapid)
		return;
	v->kind = V_ACK;
	v->rapid = 1;
}

/* Another machine uses its address of the pool, too: a new one, if any. */
static int
is_contested(const struct asker *a, uint32_t addr)
{
	return (addr != a->reserved &&
	    lease_contested(a->view->leases, addr, a->now) != NULL);
}

static void
offer_uncontested(struct asker *a)
{
	offer_from_pool(a);
	if (a->v->kind != V_SILENT)
		return;
	a->v->refused = 0;
	offer_own(a, a->own->addr);
}

static void
decide_discover(struct asker *a)
{
	enum standing	s;

	a->v->firmware = (a->v->pxe.pxe || a->v->pxe.http) &&
	    asker_ticket(a) == TICKET_INSTALLING;
	if (a->reserved != 0) {
		s = asker_standing(a, a->reserved);
		if (s == MINE || s == OPEN) {
			offer_own(a, a->reserved);
			commit_rapidly(a);
			return;
		}
		a->v->skipped = 1;
	}
	if (a->own != NULL && a->own->state != HOLD_WAIT &&
	    asker_standing(a, a->own->addr) == MINE &&
	    refusal(a, a->own->addr) == NULL) {
		if (is_contested(a, a->own->addr))
			offer_uncontested(a);
		else
			offer_own(a, a->own->addr);
	} else
		offer_from_pool(a);
	commit_rapidly(a);
}

/*
 * Old BOOTP, RFC 951 and 1542: no lease, no renewal, no end.  So it is for
 * hosts with an address of their own, which nobody else ever gets.
 */
static void
decide_bootp(struct asker *a)
{
	enum standing	s;

	if (a->req->bootp_server) {
		silent(a->v, "BOOTP for a server of another name");
		return;
	}
	if (a->reserved == 0) {
		silent(a->v, "BOOTP is for hosts with an address");
		return;
	}
	s = asker_standing(a, a->reserved);
	if (s != MINE && s != OPEN) {
		silent(a->v, "the reserved address is in use");
		return;
	}
	give(a, V_ACK, a->reserved);
	a->v->seconds = UINT32_MAX;
}

/* DHCPREQUEST, RFC 2131 4.3.2. */

/* It has another address of right here: it should come and get that one. */
static int
belongs_elsewhere(const struct asker *a, uint32_t addr)
{
	enum standing	s;

	if (a->reserved == 0 || a->reserved == addr)
		return (0);
	s = asker_standing(a, a->reserved);
	return (s == MINE || s == OPEN);
}

/* Granted, unless it is one address too many: nobody gets by an OFFER. */
static void
grant(struct asker *a, uint32_t addr)
{
	const char	*why = refusal(a, addr);

	if (why == NULL) {
		give(a, V_ACK, addr);
		return;
	}
	nak(a, why);
	a->v->refused = 1;
}

static void
decide_selecting(struct asker *a, uint32_t addr)
{
	switch (asker_standing(a, addr)) {
	case MINE:
	case OPEN:
		grant(a, addr);
		break;
	case ELSEWHERE:
		nak(a, "this address is of another network");
		break;
	case TAKEN:
	case OUTSIDE:
		nak(a, "this address is not available");
		break;
	}
}

/* A client comes back: INIT-REBOOT, and with renews RENEWING, REBINDING. */
static void
decide_return(struct asker *a, uint32_t addr, int renews)
{
	enum standing	s = asker_standing(a, addr);

	if (s == ELSEWHERE)
		nak(a, "this address is of another network");
	else if (s == TAKEN)
		nak(a, "this address is somebody else's");
	else if (belongs_elsewhere(a, addr))
		nak(a, "another address is reserved for this host");
	else if (!renews && s == MINE && is_contested(a, addr))
		nak(a, "another machine uses this address");
	else if (s == MINE || addr == a->reserved || (renews && s == OPEN))
		grant(a, addr);
	else if (a->own != NULL)
		nak(a, "this client has another address");
	else
		/* RFC 2131 4.3.2: no record of the client, MUST be silent. */
		silent(a->v, "no record of this client");
}

static void
decide_request(struct asker *a)
{
	const struct dhcp_msg	*req = a->req;
	uint32_t		 addr;

	if (req->server != 0) {
		addr = req->requested != 0 ? req->requested : req->ciaddr;
		if (!asker_names_us(a, req->server)) {
			silent(a->v, "the client chose another server");
			a->v->other_server = 1;
			if (a->link->relayed ||
			    mac_equal(req->l2_src, req->mac))
				a->v->drop = a->own;
		} else if (addr == 0)
			silent(a->v, "a request for no address");
		else
			decide_selecting(a, addr);
	} else if (req->requested != 0)
		decide_return(a, req->requested, 0);
	else if (req->ciaddr != 0)
		decide_return(a, req->ciaddr, 1);
	else
		silent(a->v, "a request for no address");
}

/* DHCPDECLINE, DHCPRELEASE, DHCPINFORM, RFC 2131 4.3.3 to 4.3.5. */

/* Both take an address away: only its holder may, by MAC and by client id. */
static void
decide_giving_up(struct asker *a, uint32_t addr, enum verdict_kind kind)
{
	const struct dhcp_msg	*req = a->req;
	struct lease		*l = lease_by_addr(a->view->leases, addr);

	if (!a->link->relayed && mac_is_unicast(req->mac) &&
	    !mac_equal(req->l2_src, req->mac))
		silent(a->v, "sent by another machine than it says");
	else if (req->server != 0 ? !asker_names_us(a, req->server) :
	    kind == V_DECLINE)
		silent(a->v, "meant for another server");
	else if (link_find(a->link, addr) == -1 || l == NULL ||
	    (l->state != HOLD_BOUND &&
	    (kind == V_RELEASE || l->state != HOLD_OFFERED)) ||
	    !lease_is_of(l, &a->owner) || !mac_equal(l->mac, req->mac))
		silent(a->v, "not this client's address");
	else
		give(a, kind, addr);
}

static void
decide_decline(struct asker *a)
{
	decide_giving_up(a, a->req->requested, V_DECLINE);
	if (a->v->kind == V_DECLINE)
		a->v->doubted = quota_doubts(a->view, a->v->addr, a->req->mac,
		    a->now);
}

static void
decide_release(struct asker *a)
{
	decide_giving_up(a, a->req->ciaddr, V_RELEASE);
}

static void
decide_inform(struct asker *a)
{
	if (link_find(a->link, a->req->ciaddr) == -1)
		silent(a->v, "an address of another network");
	else
		give(a, V_INFORM, a->req->ciaddr);
}

static void (*const decisions[])(struct asker *) = {
	[DHCP_BOOTP] = decide_bootp,
	[DHCP_DISCOVER] = decide_discover,
	[DHCP_REQUEST] = decide_request,
	[DHCP_DECLINE] = decide_decline,
	[DHCP_RELEASE] = decide_release,
	[DHCP_INFORM] = decide_inform,
};

void
policy_decide(struct verdict *v, const struct view *view,
    const struct link *link, const struct dhcp_msg *req, mono_t now)
{
	struct asker	a = { .view = view, .link = link, .req = req, .v = v,
			    .now = now };

	memset(v, 0, sizeof(*v));
	v->host = v->segment = NONE;
	v->own = link->own;
	if (req->type == DHCP_LEASEQUERY) {
		query_decide(v, view, link, req, now);
		return;
	}
	if (req->type >= nitems(decisions) || decisions[req->type] == NULL) {
		silent(v, "a message that servers send");
		return;
	}
	if (link->n == 0 || link->own == 0) {
		silent(v, "no segment of ours");
		return;
	}
	asker_identify(&a);
	if (pxe_boots(&v->pxe) && v->host == NONE &&
	    view->conf->global->unknown == UNKNOWN_IGNORE) {
		silent(v, "an unknown machine that boots is ignored");
		return;
	}
	if (req->dport == DHCP_PORT_PXE ||
	    view->conf->segment[link->seg[0].segment].proxy) {
		proxy_decide(&a);
		return;
	}
	decisions[req->type](&a);
	if (v->kind == V_OFFER || v->kind == V_ACK)
		boot_decide(&a);
}
