/* SPDX-License-Identifier: ISC */
/*
 * store_flush.c: what waits for the disk, and how it gets there: leases of
 * dhcpd, tickets and events in one transaction, or in pieces when there is no
 * room for all; and the word to dhcpd of what is on disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store.h"

#define BATCH_LEASES	8192	/* waiting; then the disk has its turn */
#define EVENTS_MAX	1024	/* waiting; more are lost */
#define EVENTS_MS	1000	/* events alone can wait that long */
#define RETRY_MS	1000	/* inputs that could not be stored */
#define WELL_MS		3000	/* without an error */
#define UNHEARD_S	30	/* dhcpd has heard of a change in that time */

/* A COMMIT of dhcpd that waits for the disk. */
struct batch {
	TAILQ_ENTRY(batch) entry;
	uint32_t	 id;
	size_t		 n;
	uint64_t	 renews;	/* bit set: these take no room */
	uint64_t	 refused;	/* bit set: somebody else has them */
	struct msg_lease lease[];
};

#define BIT(i)	(UINT64_C(1) << (i))
static_assert(LEASE_ROWS <= 64, "bits of a batch");

static TAILQ_HEAD(, batch)	 batches = TAILQ_HEAD_INITIALIZER(batches);
static size_t			 batch_leases;
static struct ctl_event		 events[EVENTS_MAX];
static size_t			 nevents;
static struct event		*flush_soon, *flush_later;
static mono_t			 unheard_until;	/* of leases of ours */
static int			 failing;
static mono_t			 failed_last;
static struct log_limit		 errors_limit;

void
store_clock_now(struct store_clock *clock, mono_t now)
{
	struct timespec	ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		fatal("clock_gettime");
	clock->boot_id = child.boot_id;
	clock->boot_us = now.us;
	clock->wall_us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Committing. */

/* Only batches of dhcpd, which are short, have bits. */
static int
is_refused(const struct batch *b, size_t i)
{
	return (i < 8 * sizeof(b->refused) && (b->refused & BIT(i)) != 0);
}

static int
put_batch(mono_t now, const struct batch *b)
{
	size_t	i;
	int	error;

	(void)now;
	for (i = 0; i < b->n; i++)
		if (!is_refused(b, i) &&
		    (error = db->put_lease(&b->lease[i])) != 0)
			return (error);
	return (0);
}

/* Of all batches those that only renew what is on disk, or the others. */
static int
put_leases(uint64_t renew)
{
	const struct batch	*b;
	size_t			 i;
	int			 error;

	TAILQ_FOREACH(b, &batches, entry)
		for (i = 0; i < b->n; i++)
			if ((b->renews >> i & 1) == renew &&
			    !is_refused(b, i) &&
			    (error = db->put_lease(&b->lease[i])) != 0)
				return (error);
	return (0);
}

static int
put_renewals(mono_t now, const struct batch *none)
{
	(void)now;
	(void)none;
	return (put_leases(1));
}

static int
put_new(mono_t now, const struct batch *none)
{
	(void)now;
	(void)none;
	return (put_leases(0));
}

static int
put_tickets(mono_t now, const struct batch *none)
{
	(void)none;
	return (tickets_stage(now));
}

static void
events_lose(void)
{
	store_counters[COUNT_EVENTS_LOST].value += nevents;
	nevents = 0;
}

static int
put_all(mono_t now, const struct batch *none)
{
	const struct batch	*b;
	size_t			 i;
	int			 error;

	TAILQ_FOREACH(b, &batches, entry)
		if ((error = put_batch(now, b)) != 0)
			return (error);
	if ((error = put_tickets(now, none)) != 0)
		return (error);
	if (db->is_tight())
		events_lose();
	for (i = 0; i < nevents; i++)
		if ((error = db->put_event(&events[i])) != 0)
			return (error);
	return (0);
}

static int
transaction(int (*put)(mono_t, const struct batch *), mono_t now,
    const struct batch *b)
{
	struct store_clock	clock;
	int			error;

	store_clock_now(&clock, now);
	if ((error = db->begin(&clock)) != 0 || (error = put(now, b)) != 0 ||
	    (error = db->commit()) != 0)
		db->rollback();
	if (error == 0)
		store_counters[COUNT_COMMITS].value++;
	else
		store_counters[COUNT_COMMIT_ERRORS].value++;
	if (error == EUCLEAN)
		fatalx("the database was damaged while it was in use; "
		    "starting again to repair it");
	return (error);
}

/*
 * They are on disk, or they are not; only now dhcpd may say so to anyone.
 * error is of those that are not.
 */
static void
batch_answer(struct batch *b, uint64_t kept, int error, mono_t now)
{
	struct msg_committed	reply;
	size_t			i;

	memset(&reply, 0, sizeof(reply));
	for (i = 0; i < b->n; i++) {
		if ((kept & BIT(i)) == 0 || is_refused(b, i)) {
			reply.error = error != 0 ? error : EADDRINUSE;
			continue;
		}
		reply.kept |= BIT(i);
		tickets_card(&b->lease[i], now);
		tickets_lease(&b->lease[i]);
		store_counters[COUNT_LEASES].value++;
	}
	reply.count = (uint32_t)b->n;
	(void)proc_send(PROC_DHCPD, MSG_COMMITTED, b->id, -1, &reply,
	    sizeof(reply));
	store_counters[COUNT_BATCHES].value++;
	batch_leases -= b->n;
	TAILQ_REMOVE(&batches, b, entry);
	free(b);
}

/*
 * What is given up, so that its client can have a new one, stays if that is
 * refused: both count as new.
 */
static void
batch_look(struct batch *b)
{
	struct msg_lease	old;
	size_t			i;

	for (i = 0; i < b->n; i++)
		if (b->lease[i].state != LEASE_FREE &&
		    db->lease(b->lease[i].addr, &old) == 1)
			b->renews |= BIT(i);
}

/*
 * There is no room for all of it.  A renewal or a ticket that changes needs
 * none, and must not fail because of the new lease beside it.
 */
static int
flush_pieces(mono_t now)
{
	struct batch	*b;
	int		 renewed, new;

	events_lose();
	TAILQ_FOREACH(b, &batches, entry)
		batch_look(b);
	renewed = transaction(put_renewals, now, NULL);
	new = transaction(put_new, now, NULL);
	while ((b = TAILQ_FIRST(&batches)) != NULL)
		batch_answer(b, (renewed == 0 ? b->renews : 0) |
		    (new == 0 ? ~b->renews : 0), new != 0 ? new : renewed,
		    now);
	return (tickets_waiting() ? transaction(put_tickets, now, NULL) : 0);
}

static void
flush_failed(int error, mono_t now)
{
	struct batch	*b;

	events_lose();
	while ((b = TAILQ_FIRST(&batches)) != NULL)
		batch_answer(b, 0, error, now);
	if (tickets_revert())
		proc_timer_set(flush_later, RETRY_MS);
}

static void
flush_done(mono_t now)
{
	struct batch	*b;

	/* A lease may be an event, which then is of the next commit. */
	nevents = 0;
	while ((b = TAILQ_FIRST(&batches)) != NULL)
		batch_answer(b, UINT64_MAX, 0, now);
	tickets_publish(now);
}

/* The end of trouble is told when it has been over for a while. */
static void
flush_told(int error, mono_t now)
{
	if (error != 0) {
		failing = 1;
		failed_last = now;
	} else if (failing && mono_diff_ms(now, failed_last) > WELL_MS) {
		failing = 0;
		log_info("commits succeed again");
	}
}

int
store_flush(void)
{
	mono_t	now = clock_now();
	int	error;

	if (TAILQ_EMPTY(&batches) && nevents == 0 && !tickets_waiting())
		return (0);
	if ((error = transaction(put_all, now, NULL)) != 0)
		log_limit(&errors_limit, "commit of %zu leases: %s",
		    batch_leases, strerror(error));
	flush_told(error, now);
	if (error == ENOSPC)
		error = flush_pieces(now);
	if (error == 0)
		flush_done(now);
	else
		flush_failed(error, now);
	return (error);
}

int
store_leases(const struct msg_lease *leases, size_t n, mono_t now)
{
	struct batch	*b;
	size_t		 i;
	int		 error;

	(void)store_flush();
	if ((b = calloc(1, sizeof(*b) + n * sizeof(*leases))) == NULL)
		return (ENOMEM);
	b->n = n;
	unheard_until = mono_add_s(now, UNHEARD_S);
	memcpy(b->lease, leases, n * sizeof(*leases));
	error = transaction(put_batch, now, b);
	free(b);
	if (error != 0)
		return (error);
	for (i = 0; i < n; i++)
		tickets_lease(&leases[i]);
	/* Without a link it learns of them when it is there. */
	(void)proc_send_many(PROC_DHCPD, MSG_LEASE, 0, leases,
	    sizeof(*leases), n);
	store_counters[COUNT_LEASES].value += n;
	return (0);
}

static void
flush_event(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	(void)store_flush();
}

/*
 * Links are read at a higher priority: whatever else has come by now is in
 * the same transaction.
 */
void
store_flush_soon(void)
{
	event_active(flush_soon, EV_TIMEOUT, 1);
}

/*
 * dhcpd has granted this, or its client has given it up, before dhcpd heard
 * that somebody else has the address: an import brought that lease in the
 * meantime.  Who declines an address is not told.
 */
static int
is_anothers(const struct msg_lease *l, mono_t now)
{
	struct msg_lease	have;
	int			nobodys = !mac_is_unicast(l->mac) &&
				    l->id_len == 0;

	if ((l->state != LEASE_BOUND && nobodys) ||
	    db->lease(l->addr, &have) != 1 ||
	    have.state != LEASE_BOUND || have.expire_us <= now.us)
		return (0);
	if (mac_is_unicast(l->mac) && mac_equal(l->mac, have.mac))
		return (0);
	return (l->id_len == 0 || l->id_len != have.id_len ||
	    memcmp(l->id, have.id, l->id_len) != 0);
}

void
flush_batch(uint32_t id, const struct msg_lease *leases, size_t n, mono_t now)
{
	struct batch	*b = xcalloc(1, sizeof(*b) + n * sizeof(*leases));
	size_t		 i;

	b->id = id;
	b->n = n;
	memcpy(b->lease, leases, n * sizeof(*leases));
	if (mono_before(now, unheard_until))
		for (i = 0; i < n; i++)
			if (is_anothers(&leases[i], now))
				b->refused |= BIT(i);
	TAILQ_INSERT_TAIL(&batches, b, entry);
	if ((batch_leases += n) >= BATCH_LEASES)
		(void)store_flush();
	else
		store_flush_soon();
}

void
flush_keep(const struct ctl_event *event)
{
	if (nevents == EVENTS_MAX) {
		store_counters[COUNT_EVENTS_LOST].value++;
		return;
	}
	events[nevents++] = *event;
	if (nevents == EVENTS_MAX)
		store_flush_soon();
	else if (!evtimer_pending(flush_later, NULL))
		proc_timer_set(flush_later, EVENTS_MS);
}

void
flush_init(void)
{
	flush_soon = proc_event(-1, 0, flush_event, NULL);
	flush_later = proc_timer(flush_event, NULL);
}
