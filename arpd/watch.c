/* SPDX-License-Identifier: ISC */
/*
 * watch.c: the addresses that the configuration lets us give away: who has
 * which, and what a frame with one of them means.  Entries are made for
 * leases, reservations and probes only, never because of a frame.
 */
#include <stdlib.h>
#include <string.h>

#include "arpd.h"

#define BUCKETS_MIN	64
#define BUCKETS_MAX	65536
#define SCAN_MAX	4096		/* addresses looked at in one search */

void
watch_init(struct watch *w)
{
	memset(w, 0, sizeof(*w));
}

static struct entry_list *
watch_bucket(const struct watch *w, uint32_t addr)
{
	/* Addresses of a range follow each other: the low bits spread them. */
	return (&w->buckets[(addr ^ addr >> 16) & (w->nbuckets - 1)]);
}

struct entry *
watch_find(const struct watch *w, uint32_t addr)
{
	struct entry	*e;

	if (w->nbuckets == 0)
		return (NULL);
	LIST_FOREACH(e, watch_bucket(w, addr), bucket)
		if (e->addr == addr)
			return (e);
	return (NULL);
}

static int
watch_in_range(const struct watch *w, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < w->conf->nrange; i++)
		if (addr >= w->conf->range[i].first &&
		    addr <= w->conf->range[i].last)
			return (1);
	return (0);
}

struct segment *
watch_segment(const struct watch *w, uint32_t addr)
{
	struct entry	*e = watch_find(w, addr);
	uint32_t	 seg;

	if (w->conf == NULL || ((e == NULL || (e->host == NONE &&
	    e->lease != LEASE_BOUND)) && !watch_in_range(w, addr)))
		return (NULL);
	seg = conf_segment_of(w->conf, addr);
	return (seg < w->nsegs ? &w->segs[seg] : NULL);
}

static struct entry *
watch_add(struct watch *w, uint32_t addr, struct segment *seg)
{
	struct entry	*e;

	if (w->nentries >= WATCH_MAX)
		return (NULL);
	e = xcalloc(1, sizeof(*e));
	e->addr = addr;
	e->host = NONE;
	e->probe.addr = addr;
	e->probe.seg = seg;
	e->probe.state = PROBE_IDLE;
	LIST_INSERT_HEAD(watch_bucket(w, addr), e, bucket);
	w->nentries++;
	return (e);
}

struct entry *
watch_enter(struct watch *w, uint32_t addr)
{
	struct entry	*e = watch_find(w, addr);
	struct segment	*seg;

	if (e != NULL || (seg = watch_segment(w, addr)) == NULL)
		return (e);
	return (watch_add(w, addr, seg));
}

static void
watch_remove(struct watch *w, struct entry *e)
{
	LIST_REMOVE(e, bucket);
	w->nentries--;
	free(e);
}

int
watch_is_leased(const struct entry *e, mono_t now)
{
	return (e->lease != LEASE_FREE && mono_before(now, e->expire));
}

void
watch_release(struct watch *w, struct entry *e, mono_t now)
{
	if (e->host == NONE && e->probe.state == PROBE_IDLE &&
	    !watch_is_leased(e, now) && !mono_before(now, e->quiet) &&
	    e->stance.stand != STAND_OTHER)
		watch_remove(w, e);
}

/* Enough buckets for all addresses that may get an entry, within reason. */
static size_t
watch_size(const struct conf *conf)
{
	uint64_t	want = conf->nhost;
	size_t		i, n;

	for (i = 0; i < conf->nrange; i++)
		want += (uint64_t)conf->range[i].last -
		    conf->range[i].first + 1;
	for (n = BUCKETS_MIN; n < want && n < BUCKETS_MAX;)
		n *= 2;
	return (n);
}

static void
watch_reserve(struct watch *w, uint32_t host)
{
	const uint32_t	 addr = w->conf->host[host].addr;
	const uint32_t	 seg = conf_segment_of(w->conf, addr);
	const struct mac mac = conf_host_mac(w->conf, host);
	struct entry	*e;

	if (addr == 0 || seg >= w->nsegs)
		return;
	if ((e = watch_find(w, addr)) == NULL &&
	    (e = watch_add(w, addr, &w->segs[seg])) == NULL)
		return;
	e->host = host;
	e->named = mac_is_unicast(mac);
	if (e->lease == LEASE_FREE)
		e->owner = mac;
}

/* Into the new table, without what the last configuration said of them. */
static void
watch_rehash(struct watch *w, struct entry_list *old, size_t nold)
{
	struct entry	*e;
	size_t		 i;

	for (i = 0; i < nold; i++)
		while ((e = LIST_FIRST(&old[i])) != NULL) {
			LIST_REMOVE(e, bucket);
			e->host = NONE;
			e->named = 0;
			LIST_INSERT_HEAD(watch_bucket(w, e->addr), e, bucket);
		}
}

/* Away with what is in no range any more; the rest gets its new segment. */
static void
watch_sweep(struct watch *w, void (*dropped)(struct entry *))
{
	struct segment	*seg;
	struct entry	*e, *next;
	size_t		 i;

	for (i = 0; i < w->nbuckets; i++)
		for (e = LIST_FIRST(&w->buckets[i]); e != NULL; e = next) {
			next = LIST_NEXT(e, bucket);
			seg = watch_segment(w, e->addr);
			if (seg == NULL) {
				dropped(e);
				watch_remove(w, e);
			} else
				e->probe.seg = seg;
		}
}

void
watch_configure(struct watch *w, const struct conf *conf,
    void (*dropped)(struct entry *))
{
	struct entry_list	*old = w->buckets;
	struct segment		*oldsegs = w->segs;
	const size_t		 nold = w->nbuckets;
	size_t			 i;

	w->conf = conf;
	w->nsegs = conf->nsegment;
	w->segs = xcalloc(w->nsegs + 1, sizeof(*w->segs));
	for (i = 0; i < w->nsegs; i++) {
		w->segs[i].index = (uint32_t)i;
		w->segs[i].range = NONE;
	}
	w->nbuckets = watch_size(conf);
	w->buckets = xcalloc(w->nbuckets, sizeof(*w->buckets));
	watch_rehash(w, old, nold);
	for (i = 0; i < conf->nhost; i++)
		watch_reserve(w, (uint32_t)i);
	watch_sweep(w, dropped);
	free(old);
	free(oldsegs);
}

/*
 * The entry of a lease.  One may be outside of all ranges: it was given before
 * they changed, or by another server (proxy).
 */
static struct entry *
watch_enter_lease(struct watch *w, const struct msg_grant *lease)
{
	struct entry	*e = watch_enter(w, lease->addr);
	uint32_t	 seg;

	if (e != NULL || lease->state != LEASE_BOUND || w->conf == NULL)
		return (e);
	seg = conf_segment_of(w->conf, lease->addr);
	return (seg < w->nsegs ? watch_add(w, lease->addr, &w->segs[seg]) :
	    NULL);
}

struct entry *
watch_lease(struct watch *w, const struct msg_grant *lease, int fresh)
{
	struct entry	*e = watch_enter_lease(w, lease);

	if (e == NULL)
		return (NULL);
	if (lease->state == LEASE_BOUND && fresh &&
	    (e->expire.us != lease->expire_us || !mac_equal(e->owner,
	    lease->mac)))
		e->unseen = 1;
	e->lease = lease->state;
	e->expire = (mono_t){ lease->expire_us };
	e->owner = lease->mac;
	if (lease->state == LEASE_FREE) {
		e->unseen = 0;
		if (e->host != NONE)
			e->owner = conf_host_mac(w->conf, e->host);
	}
	return (e);
}

static int
watch_may_offer(const struct watch *w, uint32_t addr, mono_t now)
{
	const struct entry	*e = watch_find(w, addr);

	return (e == NULL || (e->host == NONE &&
	    e->probe.state == PROBE_IDLE && !watch_is_leased(e, now)));
}

/* The position after this one in the segment's ranges; -1 if it has none. */
static int
watch_step(const struct conf *conf, struct segment *seg)
{
	const struct conf_range	*r;
	size_t			 i, from = conf->nrange - 1;

	if (seg->range < conf->nrange) {
		from = seg->range;
		r = &conf->range[seg->range];
		if (r->segment == seg->index &&
		    seg->next < r->last - r->first) {
			seg->next++;
			return (0);
		}
	}
	for (i = 1; i <= conf->nrange; i++) {
		r = &conf->range[(from + i) % conf->nrange];
		if (r->segment == seg->index) {
			seg->range = (uint32_t)((from + i) % conf->nrange);
			seg->next = 0;
			return (0);
		}
	}
	return (-1);
}

uint32_t
watch_next_free(struct watch *w, struct segment *seg, mono_t now)
{
	const struct conf	*conf = w->conf;
	uint32_t		 addr, first = 0;
	size_t			 i;

	for (i = 0; i < SCAN_MAX; i++) {
		if (watch_step(conf, seg) == -1)
			return (0);
		addr = conf->range[seg->range].first + seg->next;
		if (watch_may_offer(w, addr, now))
			return (addr);
		/* A small segment is searched once, not again and again. */
		if (addr == first)
			return (0);
		if (i == 0)
			first = addr;
	}
	return (0);
}

static int
watch_is_ours(const struct msg_iface *ifaces, size_t n, struct mac mac)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (mac_equal(ifaces[i].mac, mac))
			return (1);
	return (0);
}

static int
watch_has_addr(const struct msg_iface *iface, uint32_t addr)
{
	size_t	i;

	for (i = 0; i < iface->naddrs && i < IFACE_ADDRS; i++)
		if (iface->addr[i] == addr)
			return (1);
	return (0);
}

/* Its host entry: by reservation, or that of the card that has the lease. */
static uint32_t
watch_host_of(const struct watch *w, const struct entry *e, int leased)
{
	if (e->host != NONE || !leased)
		return (e->host);
	return (conf_host_by_mac(w->conf, e->owner));
}

/*
 * 1: the one whose address it is, by any card of its host entry; 0: another;
 * -1: nobody can tell.
 */
static int
watch_owner(const struct watch *w, const struct entry *e, struct mac mac,
    mono_t now)
{
	const int	leased = e->lease == LEASE_BOUND &&
			    watch_is_leased(e, now);
	uint32_t	host;

	if (leased && mac_equal(e->owner, mac))
		return (1);
	host = watch_host_of(w, e, leased);
	if (host != NONE && conf_host_by_mac(w->conf, mac) == host)
		return (1);
	/* Whose card is not Ethernet cannot be told from others by ARP. */
	if (leased && !mac_is_unicast(e->owner))
		return (-1);
	return (leased || e->named ? 0 : -1);
}

int
watch_is_local(const struct watch *w, const struct msg_iface *iface,
    uint32_t addr)
{
	uint32_t	seg, i;

	if (addr == 0 || w->conf == NULL)
		return (0);
	for (i = 0; i < iface->naddrs && i < IFACE_ADDRS; i++)
		if (((addr ^ iface->addr[i]) &
		    prefix_mask(iface->prefix[i])) == 0)
			return (1);
	/* Its segment may be another one of our shared network. */
	seg = conf_segment_of(w->conf, addr);
	return (seg < w->nsegs && w->segs[seg].wire != NULL &&
	    w->segs[seg].wire->iface.index == iface->index);
}

static enum verdict_kind
watch_judge(const struct entry *e, const struct arp_msg *msg, int owner,
    mono_t now)
{
	if (owner == 1)
		return (e->unseen ? VERDICT_SEEN : VERDICT_NOTHING);
	/* RFC 5227 2.1.1: another's probe counts as much as another's use. */
	if (e->probe.state != PROBE_IDLE)
		return (VERDICT_TAKEN);
	/* But whoever only asks for an address in use does not claim it. */
	if (owner == 0 && msg->spa != 0 && !mono_before(now, e->quiet))
		return (VERDICT_CONFLICT);
	return (VERDICT_NOTHING);
}

void
watch_decide(struct verdict *v, const struct watch *w,
    const struct arp_msg *msg, const struct msg_iface *in,
    const struct msg_iface *ifaces, size_t nifaces, mono_t now)
{
	v->kind = VERDICT_NOTHING;
	v->addr = msg->spa != 0 ? msg->spa : msg->tpa;
	v->entry = NULL;
	v->owner = -1;
	if (watch_is_ours(ifaces, nifaces, msg->sha)) {
		v->kind = VERDICT_OURS;
		return;
	}
	if (watch_has_addr(in, v->addr)) {
		/* Probes for our own address are the kernel's to answer. */
		if (msg->spa != 0)
			v->kind = VERDICT_OWN_CLAIMED;
		return;
	}
	v->entry = watch_find(w, v->addr);
	if (v->entry == NULL || v->entry->probe.seg->wire == NULL ||
	    v->entry->probe.seg->wire->iface.index != in->index)
		return;
	v->owner = watch_owner(w, v->entry, msg->sha, now);
	v->kind = watch_judge(v->entry, msg, v->owner, now);
}
