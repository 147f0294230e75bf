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

#include <stdio.h>
#include <string.h>

#include "store.h"

#define TIME_SANE	(1LL << 60)
#define EVENT_AGE_US	(60 * 1000000LL)

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

static int64_t			 leases_told;	/* to dhcpd: this far */
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

static void
got_commit(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_lease	*leases = msg->data;
	size_t			 i;

	for (i = 0; i < msg->count; i++)
		if (!lease_ok(&leases[i])) {
			proc_hostile(ib, "a lease that cannot be");
			return;
		}
	flush_batch(msg->id, leases, msg->count, clock_now());
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
	if (event->percent == 100)
		flush_keep(&ctl);
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

static void
got_arp(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct ctl_arp	*row = msg->data;
	size_t			 i;

	for (i = 0; i < msg->count; i++)
		if (row[i].source >= ARP_SOURCES ||
		    row[i].stand >= STAND_MAX || !TEXT_OK(row[i].ifname) ||
		    !TEXT_OK(row[i].host)) {
			proc_hostile(ib, "an ARP row that cannot be");
			return;
		}
	control_arp(msg->id, row, msg->count);
}

static void
got_arp_end(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_cursor	*next = msg->data;

	(void)ib;
	control_arp_end(msg->id, next->next);
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
	struct msg_lease	rows[LEASE_ROWS];
	int			n = LEASE_ROWS;

	while (n == LEASE_ROWS && TAILQ_EMPTY(&ib->queue)) {
		if ((n = db->leases(leases_told, rows, LEASE_ROWS)) == -1)
			fatalx("the leases cannot be read");
		if (n == 0)
			break;
		leases_told = rows[n - 1].addr;
		if (imsg_send_many(ib, MSG_LEASE, 0, rows, sizeof(rows[0]),
		    (size_t)n) == -1)
			return;		/* it is gone, and will be told anew */
	}
	if (n == LEASE_ROWS)
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
	struct msg_lease	rows[LEASE_ROWS];
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
	flush_init();
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
	{ MSG_ARP,	PROC_ARPD,   got_arp },
	{ MSG_ARP_END,	PROC_ARPD,   got_arp_end },
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
