/* SPDX-License-Identifier: ISC */
/*
 * facts.c: leases, tickets and what ARP shows of addresses, as they were
 * pushed to us, and the one join that turns an address into a machine.  Two
 * hash tables with chains: leases by address, tickets by host with a second
 * chain by token.  Entries never move, so that a pointer stays good until its
 * entry is taken out.
 *
 * What comes from a sibling is bounded: beyond FACTS_LEASES, FACTS_TICKETS and
 * FACTS_STRAYS (addresses that arpd speaks of before dhcpd does) new entries
 * are refused, and a sibling that lies cannot use up our memory.
 */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include "bootward.h"

#define FACTS_LEASES	(1U << 20)
#define FACTS_TICKETS	(1U << 16)
#define FACTS_STRAYS	(1U << 16)
#define FACTS_BUCKETS	256		/* at first; a power of two */

struct lease_fact {
	SLIST_ENTRY(lease_fact) entry;
	struct lessee		lease;
	struct mac		owner;		/* of whom the stand is */
	struct mac		other;
	uint8_t			stand;		/* enum stand */
	uint8_t			stray;		/* no lease is known */
};

struct ticket_fact {
	SLIST_ENTRY(ticket_fact) entry;
	SLIST_ENTRY(ticket_fact) token_entry;
	struct msg_ticket	ticket;
};

SLIST_HEAD(lease_chain, lease_fact);
SLIST_HEAD(ticket_chain, ticket_fact);

struct facts {
	struct lease_chain	*leases;	/* by address */
	size_t			 nbuckets;
	size_t			 nleases;
	size_t			 nstrays;	/* of them */
	struct ticket_chain	 hosts[FACTS_BUCKETS];
	struct ticket_chain	 tokens[FACTS_BUCKETS];
	size_t			 ntickets;
	uint64_t		 seed;		/* of the string hash */
	mono_t			 arpd_until;	/* it is waited for */
	int			 arpd;		/* it was there */
	int			 alone;		/* that it was not is said */
	struct log_limit	 full;
};

struct facts *
facts_new(void)
{
	struct facts	*f;

	f = xcalloc(1, sizeof(*f));
	f->nbuckets = FACTS_BUCKETS;
	f->leases = xcalloc(f->nbuckets, sizeof(*f->leases));
	if (getrandom(&f->seed, sizeof(f->seed), 0) != sizeof(f->seed))
		fatal("getrandom");
	return (f);
}

static struct lease_chain *
lease_chain_of(struct facts *f, uint32_t addr)
{
	/* Fibonacci hashing spreads neighbouring addresses. */
	return (&f->leases[(addr * 2654435761U >> 8) & (f->nbuckets - 1)]);
}

static struct lease_fact *
lease_fact_find(struct facts *f, uint32_t addr)
{
	struct lease_fact	*l;

	SLIST_FOREACH(l, lease_chain_of(f, addr), entry)
		if (l->lease.addr == addr)
			return (l);
	return (NULL);
}

static void
lease_grow(struct facts *f)
{
	struct lease_chain	*old = f->leases;
	struct lease_fact	*l;
	size_t			 i, n = f->nbuckets;

	f->nbuckets = n * 2;
	f->leases = xcalloc(f->nbuckets, sizeof(*f->leases));
	for (i = 0; i < n; i++)
		while ((l = SLIST_FIRST(&old[i])) != NULL) {
			SLIST_REMOVE_HEAD(&old[i], entry);
			SLIST_INSERT_HEAD(lease_chain_of(f, l->lease.addr), l,
			    entry);
		}
	free(old);
}

int
facts_lease_ok(const struct msg_lease *lease)
{
	return (lease->addr != 0 && lease->state <= LEASE_DECLINED &&
	    lease->relay_len <= sizeof(lease->relay) &&
	    MSG_STRING_OK(lease->host) && MSG_STRING_OK(lease->hostname));
}

int
facts_grant_ok(const struct msg_grant *grant)
{
	return (grant->addr != 0 && grant->state <= LEASE_DECLINED &&
	    MSG_STRING_OK(grant->host));
}

int
facts_ticket_ok(const struct msg_ticket *ticket)
{
	return (ticket->state < TICKET_MAX && MSG_STRING_OK(ticket->host) &&
	    MSG_STRING_OK(ticket->image) && MSG_STRING_OK(ticket->token));
}

static void
lease_fact_free(struct facts *f, struct lease_fact *l)
{
	SLIST_REMOVE(lease_chain_of(f, l->lease.addr), l, lease_fact, entry);
	f->nleases--;
	f->nstrays -= l->stray;
	free(l->lease.host);
	free(l);
}

static struct lease_fact *
lease_fact_new(struct facts *f, uint32_t addr)
{
	struct lease_fact	*l;

	if (f->nleases - f->nstrays >= FACTS_LEASES) {
		log_limit(&f->full, "more than %u leases: not kept",
		    FACTS_LEASES);
		return (NULL);
	}
	if (f->nleases >= f->nbuckets)
		lease_grow(f);
	l = xcalloc(1, sizeof(*l));
	l->lease.addr = addr;
	SLIST_INSERT_HEAD(lease_chain_of(f, addr), l, entry);
	f->nleases++;
	return (l);
}

/* Only what is bound makes an address somebody's. */
void
facts_grant(struct facts *f, const struct msg_grant *grant)
{
	struct lease_fact	*l = lease_fact_find(f, grant->addr);

	if (grant->state != LEASE_BOUND) {
		if (l != NULL)
			lease_fact_free(f, l);
		return;
	}
	if (l == NULL && (l = lease_fact_new(f, grant->addr)) == NULL)
		return;
	f->nstrays -= l->stray;
	l->stray = 0;
	l->lease.expire_us = grant->expire_us;
	l->lease.mac = grant->mac;
	if (strcmp(l->lease.host != NULL ? l->lease.host : "",
	    grant->host) == 0)
		return;
	free(l->lease.host);
	l->lease.host = grant->host[0] != '\0' ? xstrdup(grant->host) : NULL;
}

int
facts_stand_ok(const struct msg_stand *stand)
{
	return (stand->addr != 0 && stand->stand < STAND_MAX);
}

/* The lease may come later: its arrival wakes two siblings, arpd first. */
void
facts_stand(struct facts *f, const struct msg_stand *stand)
{
	struct lease_fact	*l = lease_fact_find(f, stand->addr);

	if (stand->stand == STAND_UNSEEN && (l == NULL || l->stray)) {
		if (l != NULL)
			lease_fact_free(f, l);
		return;
	}
	if (l == NULL) {
		if (f->nstrays >= FACTS_STRAYS ||
		    (l = lease_fact_new(f, stand->addr)) == NULL)
			return;
		l->stray = 1;
		f->nstrays++;
	}
	l->stand = stand->stand;
	l->owner = stand->owner;
	l->other = stand->other;
}

const struct lessee *
facts_lessee_of(struct facts *f, uint32_t addr, mono_t now)
{
	struct lease_fact	*l = lease_fact_find(f, addr);

	if (l == NULL || !mono_before(now, (mono_t){ l->lease.expire_us }))
		return (NULL);
	return (&l->lease);
}

/*
 * The seed keeps the chain that a guessed token falls into unknown, so that
 * the time of a look-up tells nothing about the tokens that exist.
 */
static size_t
text_bucket(const struct facts *f, const char *text)
{
	uint64_t	h = f->seed ^ 14695981039346656037U;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211U;
	return ((size_t)(h >> 32 ^ h) & (FACTS_BUCKETS - 1));
}

static struct ticket_fact *
ticket_fact_find(struct facts *f, const char *host)
{
	struct ticket_fact	*t;

	SLIST_FOREACH(t, &f->hosts[text_bucket(f, host)], entry)
		if (strcmp(t->ticket.host, host) == 0)
			return (t);
	return (NULL);
}

void
facts_ticket(struct facts *f, const struct msg_ticket *ticket)
{
	struct ticket_fact	*t = ticket_fact_find(f, ticket->host);

	if (t == NULL) {
		if (f->ntickets >= FACTS_TICKETS) {
			log_limit(&f->full, "more than %u tickets: not kept",
			    FACTS_TICKETS);
			return;
		}
		t = xcalloc(1, sizeof(*t));
		SLIST_INSERT_HEAD(&f->hosts[text_bucket(f, ticket->host)], t,
		    entry);
		f->ntickets++;
	} else if (t->ticket.token[0] != '\0')
		SLIST_REMOVE(&f->tokens[text_bucket(f, t->ticket.token)], t,
		    ticket_fact, token_entry);
	t->ticket = *ticket;
	if (t->ticket.token[0] != '\0')
		SLIST_INSERT_HEAD(&f->tokens[text_bucket(f, t->ticket.token)],
		    t, token_entry);
}

const struct msg_ticket *
facts_ticket_of(struct facts *f, const char *host)
{
	struct ticket_fact	*t = ticket_fact_find(f, host);

	return (t == NULL ? NULL : &t->ticket);
}

/* Takes the same time wherever the tokens differ. */
static int
token_equal(const char *a, const char *b, size_t len)
{
	unsigned char	diff = 0;
	size_t		i;

	for (i = 0; i < len; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);
	return (diff == 0);
}

const struct msg_ticket *
facts_ticket_by_token(struct facts *f, const char *token)
{
	struct ticket_fact	*t;
	size_t			 len = strlen(token);

	if (len == 0 || len >= TOKEN_LEN)
		return (NULL);
	SLIST_FOREACH(t, &f->tokens[text_bucket(f, token)], token_entry)
		if (strlen(t->ticket.token) == len &&
		    token_equal(t->ticket.token, token, len))
			return (&t->ticket);
	return (NULL);
}

static const struct conf_host *
machine_host(const struct conf *conf, const struct lessee *lease)
{
	uint32_t	i = NONE;

	if (lease->host != NULL)
		i = conf_host_by_name(conf, lease->host);
	if (i == NONE)
		i = conf_host_by_mac(conf, lease->mac);
	return (i == NONE ? NULL : &conf->host[i]);
}

/* The name of the image that this machine is to install now, or NULL. */
static const char *
machine_image(const struct conf *conf, const struct machine *m, mono_t now)
{
	if (m->host == NULL)
		return (conf->global->unknown == UNKNOWN_INSTALL ?
		    conf->global->unknown_image : NULL);
	if (m->ticket == NULL ||
	    !ticket_installs((enum ticket_state)m->ticket->state) ||
	    !mono_before(now, (mono_t){ m->ticket->expire_us }))
		return (NULL);
	return (m->ticket->image[0] != '\0' ? m->ticket->image :
	    m->host->image);
}

void
facts_arpd_until(struct facts *f, mono_t until)
{
	f->arpd_until = until;
}

void
facts_arpd_came(struct facts *f)
{
	f->arpd = 1;
}

/* Is arpd there to say who is, or to come? */
static int
facts_has_arpd(struct facts *f, mono_t now)
{
	if (f->arpd || mono_before(now, f->arpd_until))
		return (1);
	if (!f->alone)
		log_warnx("without arpd: who has an address is known by its "
		    "lease alone");
	f->alone = 1;
	return (0);
}

/*
 * Can the address be heard?  It is in a segment that is not behind a relay,
 * and we have an address there, or in another segment of the same network.
 */
static int
facts_is_near(const struct conf *conf, uint32_t addr)
{
	const struct conf_segment	*s;
	const uint32_t			 at = conf_segment_of(conf, addr);
	size_t				 i;

	if (at == NONE || (s = &conf->segment[at])->nrelays > 0)
		return (0);
	if (proc_own_addr(addr, NULL) != 0)
		return (1);
	for (i = 0; s->shared != NONE && i < conf->nsegment; i++)
		if (conf->segment[i].shared == s->shared &&
		    proc_own_addr(conf->segment[i].net, NULL) != 0)
			return (1);
	return (0);
}

/*
 * A lease says who should have an address, and ARP who has it; where ARP does
 * not reach, the lease is all there is.  So it is for what is not Ethernet.
 */
static int
facts_is_heard(struct facts *f, const struct conf *conf,
    const struct lessee *lease, mono_t now)
{
	return (conf->global->access != ACCESS_ANY &&
	    mac_is_unicast(lease->mac) &&
	    facts_is_near(conf, lease->addr) && facts_has_arpd(f, now));
}

static enum doubt
facts_doubt(const struct lease_fact *l)
{
	/* What was said of another owner is not about this one. */
	if (l->stand == STAND_UNSEEN || !mac_equal(l->owner, l->lease.mac))
		return (DOUBT_UNSEEN);
	return (l->stand == STAND_OWNER ? DOUBT_NONE : DOUBT_CONFLICT);
}

static void
machine_conflict(struct machine *m, struct mac other)
{
	m->doubt = DOUBT_CONFLICT;
	m->other = other;
	m->lease = NULL;
	m->host = NULL;
	m->ticket = NULL;
	m->image = NULL;
	m->installs = 0;
}

/* One that is the machine by all that was heard; but who would be answered? */
void
facts_hop(const struct conf *conf, struct machine *m, const struct mac *hop)
{
	uint32_t	host;

	if (!m->hops || m->doubt != DOUBT_NONE || m->lease == NULL)
		return;
	if (hop == NULL) {
		m->doubt = DOUBT_UNSEEN;
		return;
	}
	host = conf_host_by_mac(conf, *hop);
	if (!mac_equal(*hop, m->mac) && (host == NONE || m->host == NULL ||
	    &conf->host[host] != m->host))
		machine_conflict(m, *hop);
}

/*
 * Only a lease makes an address a machine: without one there is no MAC, and
 * what asks gets nothing that is meant for somebody.
 */
void
facts_machine(struct facts *f, const struct conf *conf, uint32_t addr,
    uint32_t server, mono_t now, struct machine *m)
{
	const struct lease_fact	*l = lease_fact_find(f, addr);
	const char		*image;

	memset(m, 0, sizeof(*m));
	m->addr = addr;
	m->server = server;
	if (l == NULL || facts_lessee_of(f, addr, now) == NULL)
		return;
	m->mac = l->lease.mac;
	m->whose = machine_host(conf, &l->lease);
	if (facts_is_heard(f, conf, &l->lease, now)) {
		m->doubt = facts_doubt(l);
		/* In another subnet of its network we may have a router. */
		m->hops = proc_own_addr(addr, NULL) != 0;
	}
	if (m->doubt == DOUBT_CONFLICT) {
		machine_conflict(m, l->other);
		return;
	}
	m->lease = &l->lease;
	m->host = m->whose;
	if (m->host != NULL)
		m->ticket = facts_ticket_of(f, m->host->name);
	if (m->ticket != NULL && m->ticket->state == TICKET_LOCAL)
		m->ticket = NULL;
	if ((image = machine_image(conf, m, now)) != NULL)
		m->image = conf_image(conf, image);
	m->installs = m->image != NULL;
}

int
facts_take_grants(struct facts *f, const struct imsg *msg)
{
	const struct msg_grant	*grant = msg->data;
	size_t			 i;

	for (i = 0; i < msg->count; i++) {
		if (!facts_grant_ok(&grant[i]))
			return (-1);
		facts_grant(f, &grant[i]);
	}
	return (0);
}

int
facts_take_tickets(struct facts *f, const struct imsg *msg)
{
	const struct msg_ticket	*ticket = msg->data;
	size_t			 i;

	for (i = 0; i < msg->count; i++) {
		if (!facts_ticket_ok(&ticket[i]))
			return (-1);
		facts_ticket(f, &ticket[i]);
	}
	return (0);
}

int
facts_take_stands(struct facts *f, const struct imsg *msg)
{
	const struct msg_stand	*stand = msg->data;
	size_t			 i;

	for (i = 0; i < msg->count; i++) {
		if (!facts_stand_ok(&stand[i]))
			return (-1);
		facts_stand(f, &stand[i]);
	}
	return (0);
}
