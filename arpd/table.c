/* SPDX-License-Identifier: ISC */
/*
 * table.c: all that is known of addresses, for "show arp": our own, those
 * that were heard, and those that somebody has and nobody was heard at.  It is
 * told a part at a time, whenever the reader asks for the next one, in no
 * order; what changes meanwhile may be in two parts, or in none.
 */
#include <string.h>

#include "arpd.h"

#define ROWS		MSG_FITS(struct ctl_arp)
#define PART		512		/* rows of a part, about */
#define LOOKS		8192		/* places looked at for a part */
#define US_PER_S	1000000

struct part {
	struct ctl_arp	 row[ROWS];	/* not sent yet */
	size_t		 n;
	size_t		 told;		/* of this part */
	uint32_t	 id;		/* who asks */
	int64_t		 now_s;
};

static void
part_flush(struct part *part)
{
	if (part->n > 0)
		(void)proc_send(PROC_STORE, MSG_ARP, part->id, -1, part->row,
		    part->n * sizeof(part->row[0]));
	part->n = 0;
}

static struct ctl_arp *
part_row(struct part *part)
{
	struct ctl_arp	*row;

	if (part->n == ROWS)
		part_flush(part);
	row = &part->row[part->n++];
	memset(row, 0, sizeof(*row));
	row->last_s = -1;
	part->told++;
	return (row);
}

static void
table_heard(struct ctl_arp *row, const struct neigh *n, int64_t now_s)
{
	size_t	i;

	row->first_s = now_s - n->first;
	row->last_s = now_s - n->last;
	row->flips = n->flips;
	row->mac = n->mac;
	row->before = n->before;
	row->source = n->source;
	for (i = 0; i < child.nifaces && n->ifindex != 0; i++)
		if (child.ifaces[i].index == n->ifindex)
			memcpy(row->ifname, child.ifaces[i].name,
			    sizeof(row->ifname));
}

/* Whose it is, by lease or host entry. */
static void
table_owner(struct ctl_arp *row, const struct entry *e, const struct conf *conf)
{
	uint32_t	host = e->host;

	row->owner = e->owner;
	row->stand = e->stance.stand;
	if (host == NONE && mac_is_unicast(e->owner))
		host = conf_host_by_mac(conf, e->owner);
	if (host != NONE)
		memcpy(row->host, conf->host[host].name, sizeof(row->host));
}

static int
table_is_owned(const struct entry *e, mono_t now)
{
	return (e->host != NONE || watch_is_leased(e, now));
}

static void
table_neigh(struct part *part, const struct watch *w, const struct neigh *n,
    mono_t now)
{
	const struct entry	*e = watch_find(w, n->addr);
	struct ctl_arp		*row = part_row(part);

	row->addr = n->addr;
	table_heard(row, n, part->now_s);
	if (e != NULL && table_is_owned(e, now))
		table_owner(row, e, w->conf);
}

static void
table_unheard(struct part *part, const struct watch *w,
    const struct neighs *ns, size_t bucket, mono_t now)
{
	const struct entry	*e;
	struct ctl_arp		*row;

	LIST_FOREACH(e, &w->buckets[bucket], bucket) {
		if (!table_is_owned(e, now) || neigh_find(ns, e->addr) != NULL)
			continue;
		row = part_row(part);
		row->addr = e->addr;
		row->source = watch_is_leased(e, now) ? ARP_SOURCE_LEASE :
		    ARP_SOURCE_HOST;
		table_owner(row, e, w->conf);
	}
}

static int
table_is_own(uint32_t addr)
{
	size_t	i, j;

	for (i = 0; i < child.nifaces; i++)
		for (j = 0; j < child.ifaces[i].naddrs && j < IFACE_ADDRS; j++)
			if (child.ifaces[i].addr[j] == addr)
				return (1);
	return (0);
}

/* Ours; whoever was heard there claimed it. */
static void
table_own(struct part *part, const struct neighs *ns)
{
	const struct msg_iface	*iface;
	const struct neigh	*n;
	struct ctl_arp		*row;
	size_t			 i, j;

	for (i = 0; i < child.nifaces; i++) {
		iface = &child.ifaces[i];
		for (j = 0; j < iface->naddrs && j < IFACE_ADDRS; j++) {
			row = part_row(part);
			row->addr = iface->addr[j];
			row->stand = STAND_OWNER;
			n = neigh_find(ns, row->addr);
			if (n != NULL && n->source != ARP_SOURCE_PROBE) {
				table_heard(row, n, part->now_s);
				row->before = n->mac;
				if (row->last_s < STAND_OTHER_S)
					row->stand = STAND_OTHER;
			}
			row->mac = row->owner = iface->mac;
			row->source = ARP_SOURCE_OWN;
			memcpy(row->ifname, iface->name, sizeof(row->ifname));
		}
	}
}

/*
 * Places: the rows of what was heard, then the buckets of what should be.  The
 * cursor is the next place; 0 is the beginning, where our own addresses come
 * first, and the end.
 */
struct msg_cursor
table_send(const struct watch *w, const struct neighs *ns, uint32_t id,
    struct msg_cursor from, mono_t now)
{
	static struct part	 part;
	const size_t		 end = NEIGH_MAX + w->nbuckets;
	size_t			 at = from.next, looks;

	part.n = part.told = 0;
	part.id = id;
	part.now_s = now.us / US_PER_S;
	if (at == 0)
		table_own(&part, ns);
	for (looks = 0; at < end && looks < LOOKS && part.told < PART;
	    looks++, at++) {
		if (at >= ns->used && at < NEIGH_MAX)
			at = NEIGH_MAX;
		if (at >= NEIGH_MAX)
			table_unheard(&part, w, ns, at - NEIGH_MAX, now);
		else if (ns->row[at].addr != 0 &&
		    !table_is_own(ns->row[at].addr))
			table_neigh(&part, w, &ns->row[at], now);
	}
	part_flush(&part);
	return ((struct msg_cursor){ at < end ? (uint32_t)at : 0 });
}
