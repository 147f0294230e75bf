/* SPDX-License-Identifier: ISC */
/*
 * neigh.c: who was heard at each address of our networks, and who before.
 * Rows are by address: a flood of made-up MACs fills none, and one of made-up
 * addresses makes others go, the longest silent first, but those of addresses
 * that we know (leased, reserved, named in the configuration) last.  Nothing
 * is allocated after the start.
 */
#include <string.h>

#include "arpd.h"

#define BUCKETS		32768		/* a power of two */
#define US_PER_S	1000000

void
neigh_init(struct neighs *ns)
{
	memset(ns, 0, sizeof(*ns));
	/* Memory that was never written to costs nothing yet. */
	ns->row = xcalloc(NEIGH_MAX, sizeof(*ns->row));
	ns->bucket = xcalloc(BUCKETS, sizeof(*ns->bucket));
	SLIST_INIT(&ns->free);
	TAILQ_INIT(&ns->age[0]);
	TAILQ_INIT(&ns->age[1]);
}

static struct neigh_list *
neigh_bucket(const struct neighs *ns, uint32_t addr)
{
	return (&ns->bucket[(addr ^ addr >> 15) & (BUCKETS - 1)]);
}

struct neigh *
neigh_find(const struct neighs *ns, uint32_t addr)
{
	struct neigh	*n;

	SLIST_FOREACH(n, neigh_bucket(ns, addr), bucket)
		if (n->addr == addr)
			return (n);
	return (NULL);
}

static void
neigh_remove(struct neighs *ns, struct neigh *n)
{
	SLIST_REMOVE(neigh_bucket(ns, n->addr), n, neigh, bucket);
	TAILQ_REMOVE(&ns->age[n->held], n, age);
	memset(n, 0, sizeof(*n));
	SLIST_INSERT_HEAD(&ns->free, n, bucket);
	ns->n--;
}

static void
neigh_evict(struct neighs *ns)
{
	struct neigh	*n = TAILQ_FIRST(&ns->age[0]);

	neigh_remove(ns, n != NULL ? n : TAILQ_FIRST(&ns->age[1]));
	ns->evicted++;
}

/* An empty row; there always is one in the end. */
static struct neigh *
neigh_row(struct neighs *ns)
{
	struct neigh	*n;

	if (SLIST_EMPTY(&ns->free) && ns->used < NEIGH_MAX)
		return (&ns->row[ns->used++]);
	if (SLIST_EMPTY(&ns->free))
		neigh_evict(ns);
	n = SLIST_FIRST(&ns->free);
	SLIST_REMOVE_HEAD(&ns->free, bucket);
	return (n);
}

static struct neigh *
neigh_add(struct neighs *ns, uint32_t addr, uint32_t now_s)
{
	struct neigh	*n = neigh_row(ns);

	*n = (struct neigh){ .addr = addr, .first = now_s };
	SLIST_INSERT_HEAD(neigh_bucket(ns, addr), n, bucket);
	TAILQ_INSERT_TAIL(&ns->age[0], n, age);
	ns->n++;
	return (n);
}

const char *
neigh_virtual(struct mac mac)
{
	static const struct {
		uint8_t		 prefix[4];
		uint8_t		 next, mask;	/* of the fifth octet */
		const char	*name;
	} shared[] = {
		/* RFC 9568 7.3, RFC 2281 5.1, and HSRP's second version. */
		{ { 0x00, 0x00, 0x5e, 0x00 }, 0x01, 0xff, "VRRP" },
		{ { 0x00, 0x00, 0x0c, 0x07 }, 0xac, 0xff, "HSRP" },
		{ { 0x00, 0x00, 0x0c, 0x9f }, 0xf0, 0xf0, "HSRP" },
	};
	size_t	i;

	for (i = 0; i < nitems(shared); i++)
		if (memcmp(mac.b, shared[i].prefix,
		    sizeof(shared[i].prefix)) == 0 &&
		    (mac.b[4] & shared[i].mask) == shared[i].next)
			return (shared[i].name);
	return (NULL);
}

/*
 * Another machine than before.  Routers that share an address speak with the
 * MAC that they share and with their own: this is told once for each pair.
 */
static enum neigh_news
neigh_change(struct neigh *n, struct mac mac, uint32_t now_s)
{
	const struct mac	left = n->mac;
	const int		back = mac_equal(mac, n->before);
	const int		virtual = neigh_virtual(mac) != NULL ||
				    neigh_virtual(left) != NULL;

	n->before = left;
	n->mac = mac;
	n->flips++;
	if ((virtual && back) || now_s < n->since)
		return (NEIGH_SAME);
	if (now_s - n->since > NEIGH_TURN_S) {
		n->since = now_s;
		n->changes = 0;
	}
	if (++n->changes < NEIGH_TURNS)
		return (virtual ? NEIGH_VIRTUAL : NEIGH_MOVED);
	n->since = now_s + NEIGH_QUIET_S;
	n->changes = 0;
	return (NEIGH_BY_TURNS);
}

/* It is the latest again, among those of its kind. */
static void
neigh_touch(struct neighs *ns, struct neigh *n, int held, uint32_t now_s)
{
	TAILQ_REMOVE(&ns->age[n->held], n, age);
	n->held = held != 0;
	n->last = now_s;
	TAILQ_INSERT_TAIL(&ns->age[n->held], n, age);
}

static enum arp_source
neigh_source(const struct arp_msg *msg)
{
	if (msg->spa == 0)
		return (ARP_SOURCE_PROBE);
	if (msg->spa == msg->tpa)
		return (ARP_SOURCE_ANNOUNCE);
	return (msg->op == ARP_REPLY ? ARP_SOURCE_REPLY : ARP_SOURCE_REQUEST);
}

/*
 * Who probes an address does not use it yet (RFC 5227 2.1.1): it takes it from
 * nobody, and is no one from whom it could be taken.
 */
enum neigh_news
neigh_heard(struct neighs *ns, const struct arp_msg *msg, uint32_t ifindex,
    int held, mono_t now)
{
	const enum arp_source	 source = neigh_source(msg);
	const uint32_t		 addr = msg->spa != 0 ? msg->spa : msg->tpa;
	const uint32_t		 now_s = (uint32_t)(now.us / US_PER_S);
	struct neigh		*n = neigh_find(ns, addr);
	enum neigh_news		 news = NEIGH_SAME;

	if (n == NULL) {
		n = neigh_add(ns, addr, now_s);
		n->mac = msg->sha;
		n->source = (uint8_t)source;
	} else if (source == ARP_SOURCE_PROBE &&
	    n->source != ARP_SOURCE_PROBE && !mac_equal(n->mac, msg->sha)) {
		return (NEIGH_SAME);
	} else if (n->source == ARP_SOURCE_PROBE)
		n->mac = msg->sha;
	else if (!mac_equal(n->mac, msg->sha)) {
		news = neigh_change(n, msg->sha, now_s);
		ns->flips++;
	}
	if (source != ARP_SOURCE_PROBE)
		n->source = (uint8_t)source;
	n->ifindex = ifindex;
	neigh_touch(ns, n, held, now_s);
	return (news);
}

void
neigh_review(struct neighs *ns,
    enum neigh_fate (*fn)(uint32_t addr, uint32_t ifindex))
{
	struct neigh	*n;
	enum neigh_fate	 fate;
	size_t		 i;

	for (i = 0; i < ns->used; i++) {
		n = &ns->row[i];
		if (n->addr == 0 || n->ifindex == 0 ||
		    (fate = fn(n->addr, n->ifindex)) == NEIGH_KEEP)
			continue;
		if (fate == NEIGH_GONE)
			n->ifindex = 0;
		else
			neigh_remove(ns, n);
	}
}
