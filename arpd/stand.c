/* SPDX-License-Identifier: ISC */
/*
 * stand.c: where the owner of each leased address stands, as far as ARP shows
 * it: tftpd and ksd decide by it who gets what is meant for one machine.
 *
 *	           owner heard
 *	UNSEEN ------------------> OWNER
 *	   ^  \                      |
 *	   |   '-- another heard --. | another heard
 *	   |                       v v
 *	   '-- STAND_OTHER_S without OTHER
 *
 * A new owner begins at UNSEEN, but with another machine there that stays
 * OTHER.  So an address changes its stand a few times a minute at most,
 * however many frames come in: no flood of them becomes one of messages.
 *
 * Who was not heard since we run can be asked for: an ordinary ARP request
 * from our own address, as the kernel sends it to whom it talks to.
 */
#include <string.h>

#include "arpd.h"

#define TICK_MS		100
#define SLICE		512		/* stands to a new sibling in one go */
#define SLICE_BUCKETS	4096		/* looked at meanwhile */
#define BACKLOG		(1024 * 1024)

TAILQ_HEAD(stance_queue, entry);

/* A walk through all entries, bit by bit. */
struct walk {
	int		 on;
	size_t		 bucket;
};

static const enum proc		 stand_peers[] = { PROC_TFTPD, PROC_KSD };
static struct watch		*stand_watch;
static struct event		*stand_timer;
static struct stance_queue	 stand_others;	/* the longest quiet first */
static struct bucket		 stand_asks, stand_sweep_asks;
static struct walk		 stand_sweep;	/* asks */
static struct walk		 stand_stream[nitems(stand_peers)];
static struct msg_stand		 stand_news[256];
static size_t			 stand_nnews;

static void
stand_message(const struct entry *e, struct msg_stand *m)
{
	*m = (struct msg_stand){ .addr = e->addr, .stand = e->stance.stand,
	    .owner = e->stance.owner };
	if (m->stand == STAND_OTHER)
		m->other = e->stance.other;
}

static void
stand_flush(void)
{
	size_t	i;

	for (i = 0; i < nitems(stand_peers) && stand_nnews > 0; i++)
		(void)proc_send_many(stand_peers[i], MSG_STAND, 0, stand_news,
		    sizeof(stand_news[0]), stand_nnews);
	stand_nnews = 0;
}

static void
stand_tell(const struct entry *e)
{
	if (stand_nnews == nitems(stand_news))
		stand_flush();
	stand_message(e, &stand_news[stand_nnews++]);
}

/* The only assignment to a stand; tells nothing. */
static void
stand_enter(struct entry *e, enum stand stand, mono_t now)
{
	if (e->stance.stand == STAND_OTHER)
		TAILQ_REMOVE(&stand_others, e, others);
	e->stance.stand = (uint8_t)stand;
	if (stand == STAND_OTHER) {
		e->stance.other_s = (uint32_t)(now.us / 1000000);
		TAILQ_INSERT_TAIL(&stand_others, e, others);
	}
}

static void
stand_change(struct entry *e, enum stand stand, mono_t now)
{
	if (e->stance.stand == stand)
		return;
	stand_enter(e, stand, now);
	stand_tell(e);
}

void
stand_forget(struct entry *e)
{
	if (e->stance.stand == STAND_OTHER)
		TAILQ_REMOVE(&stand_others, e, others);
	e->stance.stand = STAND_UNSEEN;
}

static int
stand_is_leased(const struct entry *e, mono_t now)
{
	return (e->lease == LEASE_BOUND && watch_is_leased(e, now));
}

/* Nobody can be heard behind a relay. */
static int
stand_applies(const struct entry *e)
{
	return (e->probe.seg != NULL && e->probe.seg->wire != NULL);
}

void
stand_heard(struct entry *e, int owner, struct mac mac, mono_t now)
{
	struct stance	*st = &e->stance;

	if (owner == -1 || !stand_applies(e))
		return;
	if (owner == 1) {
		if (st->stand == STAND_UNSEEN)
			stand_change(e, STAND_OWNER, now);
		return;
	}
	if (st->stand != STAND_OTHER) {
		st->other = mac;
		stand_change(e, STAND_OTHER, now);
	} else if (st->other_s != (uint32_t)(now.us / 1000000))
		/* It is there still: to the end of the queue. */
		stand_enter(e, STAND_OTHER, now);
}

void
stand_leased(struct entry *e, mono_t now)
{
	struct stance	*st = &e->stance;

	if (e->host == NONE && !stand_is_leased(e, now)) {
		stand_change(e, STAND_UNSEEN, now);
		memset(st->owner.b, 0, sizeof(st->owner.b));
		return;
	}
	if (mac_equal(st->owner, e->owner))
		return;
	st->owner = e->owner;
	st->asked_s = 0;
	if (st->stand == STAND_UNSEEN)
		return;
	/* Who was the other may have become the owner, and be alone. */
	if (st->stand == STAND_OWNER || mac_equal(st->other, e->owner))
		stand_enter(e, STAND_UNSEEN, now);
	stand_tell(e);
}

/* Ask the network; -1 when too much was asked already. */
static int
stand_ask(struct entry *e, struct bucket *bucket, uint32_t pps, mono_t now)
{
	const uint32_t	now_s = (uint32_t)(now.us / 1000000);

	if (e->stance.asked_s == now_s)
		return (0);
	if (!bucket_take(bucket, pps, STAND_BURST, now))
		return (-1);
	e->stance.asked_s = now_s;
	(void)port_ask(e->probe.seg->wire, e->addr);
	return (0);
}

void
stand_look(uint32_t addr, mono_t now)
{
	struct entry	*e = watch_find(stand_watch, addr);

	count_up(COUNT_LOOKS);
	if (e == NULL || !stand_is_leased(e, now) || !stand_applies(e))
		return;
	/* Who asks has not heard of it, whatever we said. */
	if (e->stance.stand != STAND_UNSEEN)
		stand_tell(e);
	else
		(void)stand_ask(e, &stand_asks, STAND_PPS, now);
}

/* The others that are gone; their addresses' owners are asked for at once. */
static void
stand_expire(mono_t now)
{
	const uint32_t	 now_s = (uint32_t)(now.us / 1000000);
	struct entry	*e;

	while ((e = TAILQ_FIRST(&stand_others)) != NULL &&
	    now_s - e->stance.other_s > STAND_OTHER_S) {
		stand_change(e, STAND_UNSEEN, now);
		if (stand_is_leased(e, now) && stand_applies(e))
			(void)stand_ask(e, &stand_asks, STAND_PPS, now);
		else
			watch_release(stand_watch, e, now);
	}
}

/* The next entries of a walk; fn says -1 to have this bucket again. */
static void
stand_walk(struct walk *walk, int (*fn)(struct entry *, mono_t), mono_t now)
{
	struct entry	*e;
	size_t		 n;

	for (n = 0; walk->on && n < SLICE_BUCKETS; n++) {
		if (walk->bucket >= stand_watch->nbuckets) {
			walk->on = 0;
			return;
		}
		LIST_FOREACH(e, &stand_watch->buckets[walk->bucket], bucket)
			if (fn(e, now) == -1)
				return;
		walk->bucket++;
	}
}

/* Asks for an owner of whom nothing is known. */
static int
stand_sweep_entry(struct entry *e, mono_t now)
{
	if (e->stance.stand != STAND_UNSEEN || e->stance.asked_s != 0 ||
	    !stand_is_leased(e, now) || !stand_applies(e))
		return (0);
	return (stand_ask(e, &stand_sweep_asks, STAND_SWEEP_PPS, now));
}

static struct msg_stand	slice[SLICE];
static size_t		nslice;

static int
stand_slice_entry(struct entry *e, mono_t now)
{
	if (e->stance.stand == STAND_UNSEEN || !stand_is_leased(e, now))
		return (0);
	if (nslice == nitems(slice))
		return (-1);
	stand_message(e, &slice[nslice++]);
	return (0);
}

/* A sibling that is new knows nothing: tell it all, bit by bit. */
static void
stand_slice(size_t peer, mono_t now)
{
	const enum proc	to = stand_peers[peer];

	if (child.link[to] == NULL) {
		stand_stream[peer].on = 0;
		return;
	}
	if (child.link[to]->queued > BACKLOG)
		return;
	nslice = 0;
	stand_walk(&stand_stream[peer], stand_slice_entry, now);
	if (nslice > 0)
		(void)proc_send_many(to, MSG_STAND, 0, slice,
		    sizeof(slice[0]), nslice);
}

void
stand_settle(void)
{
	size_t	i;
	int	busy = stand_sweep.on;

	stand_flush();
	for (i = 0; i < nitems(stand_peers); i++)
		busy |= stand_stream[i].on;
	if (!event_pending(stand_timer, EV_TIMEOUT, NULL) &&
	    (busy || !TAILQ_EMPTY(&stand_others)))
		proc_timer_set(stand_timer, TICK_MS);
}

void
stand_run(mono_t now)
{
	size_t	i;

	stand_expire(now);
	stand_walk(&stand_sweep, stand_sweep_entry, now);
	for (i = 0; i < nitems(stand_peers); i++)
		if (stand_stream[i].on)
			stand_slice(i, now);
	stand_settle();
}

static void
stand_tick(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	stand_run(clock_now());
}

void
stand_look_around(mono_t now)
{
	stand_sweep = (struct walk){ .on = 1 };
	stand_run(now);
}

void
stand_link_up(enum proc peer, mono_t now)
{
	size_t	i;

	for (i = 0; i < nitems(stand_peers); i++)
		if (stand_peers[i] == peer)
			stand_stream[i] = (struct walk){ .on = 1 };
	stand_run(now);
}

/* The entries stand in other buckets now. */
void
stand_configured(mono_t now)
{
	struct entry	*e, *next;
	size_t		 i;

	stand_sweep.bucket = 0;
	for (i = 0; i < nitems(stand_peers); i++)
		stand_stream[i].bucket = 0;
	for (e = TAILQ_FIRST(&stand_others); e != NULL; e = next) {
		next = TAILQ_NEXT(e, others);
		stand_leased(e, now);
	}
	stand_look_around(now);
}

void
stand_init(struct watch *w)
{
	stand_watch = w;
	TAILQ_INIT(&stand_others);
	stand_timer = proc_timer(stand_tick, NULL);
}
