/* SPDX-License-Identifier: ISC */
/*
 * store: durable state.  Runs as _bwstore, chrooted to /var/lib/bootward, in
 * empty namespaces.  Holds fd 3 (parent), fd 4 (log), the database, links to
 * the other daemons and the connections of bootwardctl that it is handed.
 * The only process that writes to disk; it never sees a network packet.
 *
 * Leases, inputs and events that the links bring wait until they have been
 * read as far as they go; then one transaction takes all of them, and what it
 * made durable is answered: COMMITTED to dhcpd, TICKET to everyone.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store.h"

#define BATCH_LEASES	8192	/* waiting; then the disk has its turn */
#define EVENTS_MAX	1024	/* waiting; more are lost */
#define EVENTS_MS	1000	/* events alone can wait that long */
#define RETRY_MS	1000	/* inputs that could not be stored */
#define WELL_MS		3000	/* without an error */
#define ROWS	((int)((MSG_SIZE - sizeof(struct imsg_hdr)) /	\
		sizeof(struct msg_lease)))	/* in a message */
#define TIME_SANE	(1LL << 60)
#define EVENT_AGE_US	(60 * 1000000LL)
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
static_assert(ROWS <= 64, "bits of a batch");

const struct backend	*db = &backend_sqlite;
struct ctl_counter	 store_counters[COUNT_MAX] = {
	[COUNT_COMMITS] = { "commits", 0 },
	[COUNT_COMMIT_ERRORS] = { "commit errors", 0 },
	[COUNT_BATCHES] = { "lease batches", 0 },
	[COUNT_LEASES] = { "leases stored", 0 },
	[COUNT_INPUTS] = { "ticket inputs", 0 },
	[COUNT_EVENTS] = { "events", 0 },
	[COUNT_EVENTS_LOST] = { "events lost", 0 },
	[COUNT_SESSIONS] = { "control sessions", 0 },
	[COUNT_BAD_ROWS] = { "bad rows", 0 },
};

static TAILQ_HEAD(, batch)	 batches = TAILQ_HEAD_INITIALIZER(batches);
static size_t			 batch_leases;
static struct ctl_event		 events[EVENTS_MAX];
static size_t			 nevents;
static struct event		*flush_soon, *flush_later;
static mono_t			 unheard_until;	/* of leases of ours */
static int64_t			 leases_told;	/* to dhcpd: this far */
static int			 failing;
static mono_t			 failed_last;
static struct log_limit		 errors_limit;

/* Which daemon may say what of a machine. */
static const enum proc input_from[INPUT_MAX] = {
	[INPUT_FIRMWARE] = PROC_DHCPD,
	[INPUT_BOOT] = PROC_DHCPD,
	[INPUT_ANSWER] = PROC_KSD,
	[INPUT_DONE] = PROC_KSD,
	[INPUT_FAILED] = PROC_KSD,
	[INPUT_INSTALL] = PROC_CTL,
	[INPUT_CANCEL] = PROC_CTL,
	[INPUT_TIMEOUT] = PROC_STORE,
};

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
batch_answer(struct batch *b, uint64_t kept, int error)
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
		    (new == 0 ? ~b->renews : 0), new != 0 ? new : renewed);
	return (tickets_waiting() ? transaction(put_tickets, now, NULL) : 0);
}

static void
flush_failed(int error)
{
	struct batch	*b;

	events_lose();
	while ((b = TAILQ_FIRST(&batches)) != NULL)
		batch_answer(b, 0, error);
	if (tickets_revert())
		proc_timer_set(flush_later, RETRY_MS);
}

static void
flush_done(mono_t now)
{
	struct batch	*b;

	while ((b = TAILQ_FIRST(&batches)) != NULL)
		batch_answer(b, UINT64_MAX, 0);
	nevents = 0;
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
		flush_failed(error);
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

/* Messages of dhcpd and the others, who may be anyone by now. */

static int
text_ok(const char *text, size_t size)
{
	if (msg_string_ok(text, size) == -1)
		return (0);
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return (0);
	return (1);
}
#define TEXT_OK(field)	text_ok((field), sizeof(field))

static int
lease_ok(const struct msg_lease *l)
{
	return (facts_lease_ok(l) && TEXT_OK(l->host) &&
	    TEXT_OK(l->hostname) && l->start_us > -TIME_SANE &&
	    l->start_us < TIME_SANE && l->expire_us > -TIME_SANE &&
	    (l->expire_us < TIME_SANE || l->expire_us == INT64_MAX));
}

/*
 * dhcpd has granted this before it heard that somebody else has the address:
 * an import brought that lease in the meantime.
 */
static int
is_anothers(const struct msg_lease *l, mono_t now)
{
	struct msg_lease	have;

	if (l->state != LEASE_BOUND || db->lease(l->addr, &have) != 1 ||
	    have.state != LEASE_BOUND || have.expire_us <= now.us)
		return (0);
	if (mac_is_unicast(l->mac) && mac_equal(l->mac, have.mac))
		return (0);
	return (l->id_len == 0 || l->id_len != have.id_len ||
	    memcmp(l->id, have.id, l->id_len) != 0);
}

static void
got_commit(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_lease	*leases = msg->data;
	struct batch		*b;
	mono_t			 now = clock_now();
	size_t			 i;

	for (i = 0; i < msg->count; i++)
		if (!lease_ok(&leases[i])) {
			proc_hostile(ib, "a lease that cannot be");
			return;
		}
	b = xcalloc(1, sizeof(*b) + msg->count * sizeof(*leases));
	b->id = msg->id;
	b->n = msg->count;
	memcpy(b->lease, leases, msg->count * sizeof(*leases));
	if (mono_before(now, unheard_until))
		for (i = 0; i < b->n; i++)
			if (is_anothers(&leases[i], now))
				b->refused |= BIT(i);
	TAILQ_INSERT_TAIL(&batches, b, entry);
	if ((batch_leases += b->n) >= BATCH_LEASES)
		(void)store_flush();
	else
		store_flush_soon();
}

static void
got_input(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_input	*got = msg->data;
	struct input		 in;

	if (got->input >= INPUT_MAX || input_from[got->input] != ib->peer ||
	    !TEXT_OK(got->host)) {
		proc_hostile(ib, "an input that it may not give");
		return;
	}
	/* A reload may have taken the host away meanwhile. */
	if (conf_host_by_name(child.conf, got->host) == NONE)
		return;
	memset(&in, 0, sizeof(in));
	in.what = got->input;
	in.from = ib->peer;
	memcpy(in.host, got->host, sizeof(in.host));
	store_counters[COUNT_INPUTS].value++;
	if (tickets_input(&in) != 0) {
		log_limit(&errors_limit, "%s: input is lost, too many wait",
		    got->host);
		return;
	}
	store_flush_soon();
}

/* Whose event it is, by the name, the MAC or the address that it has. */
static void
event_fill(struct msg_event *event)
{
	const struct conf	*conf = child.conf;
	struct msg_lease	 lease;
	uint32_t		 host = NONE;

	if (event->host[0] != '\0' &&
	    conf_host_by_name(conf, event->host) != NONE)
		return;
	memset(event->host, 0, sizeof(event->host));
	if (mac_is_unicast(event->mac))
		host = conf_host_by_mac(conf, event->mac);
	if (host == NONE && event->addr != 0) {
		if (db->lease(event->addr, &lease) == 1 &&
		    lease.state == LEASE_BOUND) {
			if (!mac_is_unicast(event->mac))
				event->mac = lease.mac;
			memcpy(event->host, lease.host, sizeof(event->host));
			return;
		}
		host = conf_host_by_addr(conf, event->addr);
	}
	if (host != NONE)
		memcpy(event->host, conf->host[host].name,
		    sizeof(event->host));
}

void
store_event(struct msg_event *event, mono_t now)
{
	struct store_clock	clock;
	struct ctl_event	ctl;

	if (event->when_us > now.us || event->when_us < now.us - EVENT_AGE_US)
		event->when_us = now.us;
	event_fill(event);
	store_clock_now(&clock, now);
	memset(&ctl, 0, sizeof(ctl));
	ctl.event = *event;
	ctl.wall_us = clock.wall_us - (now.us - event->when_us);
	store_counters[COUNT_EVENTS].value++;
	control_event(&ctl);
	if (event->percent < 100)
		return;
	if (nevents == EVENTS_MAX) {
		store_counters[COUNT_EVENTS_LOST].value++;
		return;
	}
	events[nevents++] = ctl;
	if (nevents == EVENTS_MAX)
		store_flush_soon();
	else if (!evtimer_pending(flush_later, NULL))
		proc_timer_set(flush_later, EVENTS_MS);
}

static void
got_event(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_event	*got = msg->data;
	struct msg_event	 event;
	mono_t			 now = clock_now();
	size_t			 i;

	for (i = 0; i < msg->count; i++) {
		event = got[i];
		if (event.step >= STEP_MAX || event.percent > 100 ||
		    !TEXT_OK(event.host) || !TEXT_OK(event.text)) {
			proc_hostile(ib, "an event that cannot be");
			return;
		}
		store_event(&event, now);
	}
}

static void
got_status(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct ctl_status	*status = msg->data;
	size_t			 i;
	int			 ok;

	ok = status->proc == (uint32_t)ib->peer &&
	    status->ncounters <= CTL_COUNTERS;
	for (i = 0; ok && i < status->ncounters; i++)
		ok = TEXT_OK(status->counter[i].name);
	if (!ok)
		proc_hostile(ib, "a status that cannot be");
	else
		control_status(msg->id, status);
}

static void
got_explained(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	control_explained(msg->id, msg->data, msg->len);
}

/* From the parent. */

static void
got_ctl_conn(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	control_accept(msg->data, msg->fd);
}

static void
got_rendered(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_rendered	*rendered = msg->data;

	(void)ib;
	if (!MSG_STRING_OK(rendered->text))
		fatalx("RENDERED without an end");
	control_rendered(msg->id, rendered, msg->fd);
}

static void
got_reloaded(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	control_reloaded(msg->id != 0, msg->data, msg->len);
}

/* Links. */

/*
 * Every lease, as many at a time as dhcpd reads, and only then the word that
 * these are all: half of them would let dhcpd give away what someone has.
 */
static void
leases_continue(struct imsgbuf *ib)
{
	struct msg_lease	rows[ROWS];
	int			n = ROWS;

	while (n == ROWS && TAILQ_EMPTY(&ib->queue)) {
		if ((n = db->leases(leases_told, rows, ROWS)) == -1)
			fatalx("the leases cannot be read");
		if (n == 0)
			break;
		leases_told = rows[n - 1].addr;
		if (imsg_send_many(ib, MSG_LEASE, 0, rows, sizeof(rows[0]),
		    (size_t)n) == -1)
			return;		/* it is gone, and will be told anew */
	}
	if (n == ROWS)
		return;
	ib->drained = NULL;
	(void)imsg_send(ib, MSG_LEASE_SYNC, 0, -1, NULL, 0);
}

/* Tickets first: dhcpd answers as soon as it has all leases. */
static void
store_link_up(enum proc peer)
{
	(void)store_flush();
	if ((TO_BOOT & 1U << peer) != 0)
		tickets_link_up(peer);
	if (peer != PROC_DHCPD)
		return;
	leases_told = -1;
	child.link[peer]->drained = leases_continue;
	leases_continue(child.link[peer]);
}

/* What a daemon that is gone has said counts; its batches are not answered. */
static void
store_link_down(enum proc peer)
{
	(void)store_flush();
	control_link_down(peer);
}

/* Events may have waited for company. */
static void
store_stop(void)
{
	(void)store_flush();
}

/* Starting. */

static void
store_load(void)
{
	struct msg_lease	rows[ROWS];
	int64_t			after = -1;
	size_t			leases = 0;
	int			i, n;

	do {
		if ((n = db->leases(after, rows, nitems(rows))) == -1)
			fatalx("the leases cannot be read");
		for (i = 0; i < n; i++, leases++) {
			after = rows[i].addr;
			tickets_lease(&rows[i]);
		}
	} while (n == (int)nitems(rows));
	tickets_load();
	store_counters[COUNT_BAD_ROWS].value = *db->bad;
	log_info("%zu leases on disk", leases);
	if (*db->bad > 0)
		log_warnx("%llu rows of the database make no sense and are "
		    "left out", (unsigned long long)*db->bad);
}

static void
store_setup(void)
{
	struct store_clock	clock;
	mono_t			now = clock_now();
	char			why[LOG_LINE_MAX];

	(void)umask(077);
	if (child.conf->global->store != STORE_SQLITE)
		fatalx("this bootward has no PostgreSQL store");
	flush_soon = proc_event(-1, 0, flush_event, NULL);
	flush_later = proc_timer(flush_event, NULL);
	store_clock_now(&clock, now);
	if (db->open(STORE_FILE, &clock, why, sizeof(why)) == -1)
		fatalx("%s", why);
	store_load();
	tickets_timer(now);
}

static const struct handler handlers[] = {
	{ MSG_COMMIT,	PROC_DHCPD,  got_commit },
	{ MSG_INPUT,	PROC_DHCPD,  got_input },
	{ MSG_INPUT,	PROC_KSD,    got_input },
	{ MSG_EVENT,	PROC_DHCPD,  got_event },
	{ MSG_EVENT,	PROC_ARPD,   got_event },
	{ MSG_EVENT,	PROC_TFTPD,  got_event },
	{ MSG_EVENT,	PROC_KSD,    got_event },
	{ MSG_STATUS,	PROC_DHCPD,  got_status },
	{ MSG_STATUS,	PROC_ARPD,   got_status },
	{ MSG_STATUS,	PROC_TFTPD,  got_status },
	{ MSG_STATUS,	PROC_KSD,    got_status },
	{ MSG_EXPLAINED, PROC_DHCPD, got_explained },
	{ MSG_CTL_CONN,	PROC_PARENT, got_ctl_conn },
	{ MSG_RENDERED,	PROC_PARENT, got_rendered },
	{ MSG_RELOADED,	PROC_PARENT, got_reloaded },
	{ MSG_ZERO,	PROC_MAX,    NULL }
};

static const struct daemon store = {
	.id = PROC_STORE,
	.handlers = handlers,
	.setup = store_setup,
	.link_up = store_link_up,
	.link_down = store_link_down,
	.stop = store_stop,
	.counters = store_counters,
	.ncounters = nitems(store_counters),
};

int
main(void)
{
	proc_main(&store);
}
