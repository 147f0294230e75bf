/* SPDX-License-Identifier: ISC */
/*
 * conflict.c: what is told when an address is claimed by whom it is not, or
 * moves from one machine to another: an event that names both, a line in the
 * log, and word to dhcpd.  All of it within bounds, however many frames come
 * in.
 */
#include <stdio.h>
#include <string.h>

#include "arpd.h"

#define TOLD_RATE	50		/* conflicts a second */
#define TOLD_BURST	100
#define TURNS_RATE	5		/* of addresses that nobody leased */
#define TURNS_BURST	20

static struct bucket	 conflict_bucket, conflict_turns;
static struct log_limit	 conflict_limit, conflict_own_limit;

/* Returns -1 when there have been too many: another time, then. */
static int
conflict_may_tell(struct bucket *b, uint32_t rate, uint32_t burst, mono_t now)
{
	if (bucket_take(b, rate, burst, now))
		return (0);
	count_up(COUNT_UNTOLD);
	return (-1);
}

static int
conflict_send(uint32_t addr, struct mac mac, struct mac owner, mono_t now)
{
	const struct msg_conflict	 msg = {
		.addr = addr, .mac = mac, .owner = owner
	};

	if (conflict_may_tell(&conflict_bucket, TOLD_RATE, TOLD_BURST,
	    now) == -1)
		return (-1);
	(void)proc_send(PROC_DHCPD, MSG_CONFLICT, 0, -1, &msg, sizeof(msg));
	return (0);
}

/* Who claims it; and whose frame that was, if another's (RFC 826 has none). */
static const char *
conflict_who(const struct arp_msg *msg, char text[64])
{
	char	mac[MAC_STRLEN], from[MAC_STRLEN];

	(void)mac_str(msg->sha, mac);
	if (mac_equal(msg->from, msg->sha))
		(void)snprintf(text, 64, "%s", mac);
	else
		(void)snprintf(text, 64, "%s (sent by %s)", mac,
		    mac_str(msg->from, from));
	return (text);
}

/* dhcpd hears of it as of all that it may have heard to be proven: prove.c. */
void
conflict_taken(const struct verdict *v, const struct arp_msg *msg, mono_t now)
{
	char	addr[ADDR_STRLEN], who[64];

	count_up(COUNT_TAKEN);
	(void)addr_str(v->addr, addr);
	(void)conflict_who(msg, who);
	log_debug("%s is not free: %s uses it", addr, who);
	if (conflict_may_tell(&conflict_bucket, TOLD_RATE, TOLD_BURST,
	    now) == 0)
		proc_step(STEP_CONFLICT, v->addr, msg->sha, "", 100, 0,
		    "%s uses %s, which it was not given", who, addr);
}

void
conflict_lease(const struct port *port, const struct verdict *v,
    const struct arp_msg *msg, mono_t now)
{
	struct entry	*e = v->entry;
	char		 addr[ADDR_STRLEN], own[MAC_STRLEN], who[64];

	count_up(COUNT_CONFLICTS);
	if (conflict_send(v->addr, msg->sha, e->owner, now) == -1)
		return;
	e->quiet = mono_add_s(now, WATCH_QUIET_S);
	(void)addr_str(v->addr, addr);
	(void)conflict_who(msg, who);
	(void)mac_str(e->owner, own);
	log_limit(&conflict_limit, "%s: %s of %s is claimed by %s",
	    port->sock->ifname, addr, own, who);
	proc_step(STEP_CONFLICT, v->addr, e->owner, "", 100, 0,
	    "%s of %s is claimed by %s", addr, own, who);
}

/* A named address has moved, or any address is claimed again and again. */
void
conflict_moved(const struct port *port, const struct arp_msg *msg,
    const struct neigh *n, enum neigh_news news, const struct conf *conf,
    mono_t now)
{
	const struct mac	nobody = { { 0 } };
	const struct role	*role = role_find(n->addr);
	char			what[ROLE_STRLEN], before[MAC_STRLEN], who[64];
	char			text[PATH_LEN];

	if (role == NULL && news != NEIGH_BY_TURNS)
		return;
	/* Whoever forges these must not use up what leases need. */
	if (role == NULL && conflict_may_tell(&conflict_turns, TURNS_RATE,
	    TURNS_BURST, now) == -1)
		return;
	if (role == NULL)
		(void)addr_str(n->addr, what);
	else
		(void)role_str(role, conf, what);
	(void)conflict_who(msg, who);
	(void)mac_str(n->before, before);
	if (news == NEIGH_VIRTUAL) {
		proc_step(STEP_NOTE, n->addr, n->mac, "", 100, 0,
		    "%s has moved to %s, from %s (%s)", what, who, before,
		    neigh_virtual(n->mac) != NULL ? neigh_virtual(n->mac) :
		    neigh_virtual(n->before));
		return;
	}
	if (conflict_send(n->addr, n->mac, nobody, now) == -1)
		return;
	(void)snprintf(text, sizeof(text), news == NEIGH_BY_TURNS ?
	    "%s is claimed in turns by %s and %s" :
	    "%s is claimed by %s now, before by %s", what, who, before);
	log_limit(&conflict_limit, "%s: %s", port->sock->ifname, text);
	proc_step(STEP_CONFLICT, n->addr, n->mac, "", 100, 0, "%s", text);
}

/*
 * An address of our own.  A machine that goes on claiming it is told of less
 * and less often, with the number of its claims.
 */
void
conflict_own(const struct port *port, struct claim *c,
    const struct arp_msg *msg, mono_t now)
{
	char	addr[ADDR_STRLEN], who[64], more[48] = "";

	if (mono_before(mono_add_s(c->last, CLAIM_QUIET_MAX_S), now))
		c->pause_s = 0;
	c->last = now;
	c->n++;
	if (c->pause_s != 0 && mono_before(now, c->next))
		return;
	if (c->pause_s != 0)
		(void)snprintf(more, sizeof(more), ", %u times since then",
		    c->n);
	c->n = 0;
	c->pause_s = c->pause_s == 0 ? CLAIM_QUIET_S : 2 * c->pause_s;
	if (c->pause_s > CLAIM_QUIET_MAX_S)
		c->pause_s = CLAIM_QUIET_MAX_S;
	c->next = mono_add_s(now, c->pause_s);
	(void)addr_str(msg->spa, addr);
	(void)conflict_who(msg, who);
	log_limit(&conflict_own_limit, "%s: our address %s is claimed by %s%s",
	    port->sock->ifname, addr, who, more);
	proc_step(STEP_CONFLICT, msg->spa, msg->sha, "", 100, 0,
	    "our own address %s is claimed by %s%s, defended", addr, who,
	    more);
}
