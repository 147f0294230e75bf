/* SPDX-License-Identifier: ISC */
/*
 * ksd: HTTP/1.1 origin server (RFC 9110, 9112): answer files, boot files,
 * packages, and the installers' reports.
 * Runs as _ksd, chrooted to ROOT, in an empty network namespace.  Holds fd 3
 * (parent), fd 4 (log), links to store, dhcpd and arpd, and the listening TCP
 * sockets that it was given.  Opens files read-only beneath ROOT/www and
 * ROOT/boot, opens no sockets.  It decides by what is pushed to it: leases,
 * tickets, and who was heard at which address.
 *
 * Two things wait for a sibling, and not for long.  A request that moves a
 * ticket is answered when the store says that it has: an answer file that was
 * served is always on record.  And what is for one machine is held until arpd
 * has heard it there, should it not have been.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ksd.h"

#define ANSWER_MAX	(1024 * 1024)
#define ARPD_WAIT_MS	3000		/* after a start */

struct ctl_counter ksd_counters[COUNT_MAX] = {
	[COUNT_CONNECTIONS] =	{ .name = "connections" },
	[COUNT_OPEN] =		{ .name = "open" },
	[COUNT_DROPPED] =	{ .name = "dropped" },
	[COUNT_REQUESTS] =	{ .name = "requests" },
	[COUNT_BAD] =		{ .name = "bad_requests" },
	[COUNT_NOT_FOUND] =	{ .name = "not_found" },
	[COUNT_REFUSED] =	{ .name = "refused" },
	[COUNT_SENT] =		{ .name = "sent_bytes" },
	[COUNT_ANSWERS] =	{ .name = "answers" },
	[COUNT_HELD] =		{ .name = "held" },
	[COUNT_LOOKS] =		{ .name = "looks" },
	[COUNT_TIMEOUTS] =	{ .name = "timeouts" },
	[COUNT_CONFLICTS] =	{ .name = "conflicts" },
};

static struct facts	*facts;
static struct log_limit	 limit_hop;
static int		 leases_synced, tickets_synced;

/* What is for one machine goes to no other, whatever was heard so far. */
static void
ksd_hop(const struct conn *c, struct machine *m)
{
	struct mac	mac;
	int		known;

	if (!m->hops || m->doubt != DOUBT_NONE)
		return;
	known = nexthop(c->fd, c->addr, &mac);
	if (known != -1)
		facts_hop(child.conf, m, known ? &mac : NULL);
	else
		log_limit(&limit_hop, "the kernel's neighbour table: %s",
		    strerror(errno));
}

/* Who asks, and about which ticket. */
void
ksd_asker(const struct conn *c, const struct route *r, mono_t now,
    struct machine *m, struct asker *who)
{
	memset(who, 0, sizeof(*who));
	who->conf = child.conf;
	who->machine = m;
	who->tickets = tickets_synced;
	who->leases = leases_synced;
	who->committed = c->committed;
	/* Plain files are everybody's, unless there is somebody to watch. */
	if (r->kind == ROUTE_WWW && grant_count() == 0)
		memset(m, 0, sizeof(*m));
	else
		facts_machine(facts, child.conf, c->addr, c->server, now, m);
	if (r->token[0] != '\0' || r->kind == ROUTE_IPXE)
		ksd_hop(c, m);
	if (r->token[0] == '\0')
		return;
	who->ticket = facts_ticket_by_token(facts, r->token);
	if (who->ticket != NULL &&
	    !mono_before(now, (mono_t){ who->ticket->expire_us }))
		who->ticket = NULL;
	who->answer = who->ticket != NULL &&
	    grant_find(who->ticket, r->name) != NULL;
}

int
ksd_is_seen(const struct conn *c, mono_t now)
{
	struct machine	m;

	facts_machine(facts, child.conf, c->addr, c->server, now, &m);
	return (m.doubt != DOUBT_UNSEEN);
}

/* OpenMetrics: a counter's sample is called NAME_total, a gauge's NAME. */
struct blob *
ksd_metrics(void)
{
	uint8_t		 text[4096];
	struct wbuf	 w;
	struct blob	*blob;
	size_t		 i;

	wbuf_init(&w, text, sizeof(text));
	for (i = 0; i < COUNT_MAX; i++)
		wbuf_printf(&w, "# TYPE bootward_ksd_%s %s\n"
		    "bootward_ksd_%s%s %llu\n", ksd_counters[i].name,
		    i == COUNT_OPEN ? "gauge" : "counter",
		    ksd_counters[i].name, i == COUNT_OPEN ? "" : "_total",
		    (unsigned long long)ksd_counters[i].value);
	wbuf_printf(&w, "# TYPE bootward_ksd_answer_bytes gauge\n"
	    "bootward_ksd_answer_bytes %zu\n# EOF\n", grant_bytes());
	if (w.err || (blob = blob_new((uint32_t)w.len)) == NULL)
		return (NULL);
	memcpy(blob->data, text, w.len);
	return (blob);
}

/* Messages. */

static void
got_lease(struct imsgbuf *ib, const struct imsg *msg)
{
	if (facts_take_grants(facts, msg) == -1)
		proc_hostile(ib, "a lease that makes no sense");
}

static void
got_lease_sync(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	(void)msg;
	leases_synced = 1;
	if (tickets_synced)
		serve_open();
}

static void
got_ticket(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_ticket	*ticket = msg->data;
	size_t			 i;

	if (facts_take_tickets(facts, msg) == -1) {
		proc_hostile(ib, "a ticket that makes no sense");
		return;
	}
	for (i = 0; i < msg->count; i++) {
		grant_ticket(&ticket[i]);
		serve_wake(ticket[i].host);
	}
}

static void
got_ticket_sync(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	(void)msg;
	tickets_synced = 1;
	if (leases_synced)
		serve_open();
}

/* All of the file; it is copied because the sender could still change it. */
static struct blob *
answer_read(int fd, uint32_t size)
{
	struct blob	*blob;
	uint32_t	 len;
	ssize_t		 n;

	if ((blob = blob_new(size)) == NULL)
		return (NULL);
	for (len = 0; len < size; len += (uint32_t)n) {
		n = pread(fd, blob->data + len, size - len, (off_t)len);
		if (n <= 0) {
			blob_unref(blob);
			return (NULL);
		}
	}
	return (blob);
}

static void
got_answer(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_answer	*answer = msg->data;
	struct blob		*blob = NULL;

	if (!MSG_STRING_OK(answer->host) || !MSG_STRING_OK(answer->token) ||
	    !MSG_STRING_OK(answer->name) || answer->token[0] == '\0' ||
	    answer->size > ANSWER_MAX)
		proc_hostile(ib, "an answer that makes no sense");
	else if ((blob = answer_read(msg->fd, answer->size)) == NULL ||
	    grant_add(answer, blob) == -1)
		log_warnx("%s: its answer \"%s\" could not be kept",
		    answer->host, answer->name);
	blob_unref(blob);
	(void)close(msg->fd);
}

static void
got_stand(struct imsgbuf *ib, const struct imsg *msg)
{
	if (facts_take_stands(facts, msg) == -1)
		proc_hostile(ib, "a stand that makes no sense");
	serve_seen();
}

static const struct handler handlers[] = {
	{ MSG_GRANT,	   PROC_DHCPD, got_lease },
	{ MSG_GRANT_SYNC,  PROC_DHCPD, got_lease_sync },
	{ MSG_TICKET,	   PROC_STORE, got_ticket },
	{ MSG_TICKET_SYNC, PROC_STORE, got_ticket_sync },
	{ MSG_ANSWER,	   PROC_STORE, got_answer },
	{ MSG_STAND,	   PROC_ARPD,  got_stand },
	{ MSG_ZERO,	   PROC_MAX,   NULL }
};

/* Everything that the C library opens or reads once, it does here. */
static void
ksd_setup(void)
{
	char	date[HTTP_DATE_LEN];

	http_date(0, date);
	facts = facts_new();
	facts_arpd_until(facts, mono_add_ms(clock_now(), ARPD_WAIT_MS));
	serve_init();
}

static void
ksd_configured(const struct conf *old)
{
	(void)old;
	respond_dirs();
}

static void
ksd_link_up(enum proc peer)
{
	if (peer == PROC_ARPD)
		facts_arpd_came(facts);
}

static void
ksd_link_down(enum proc peer)
{
	if (peer == PROC_STORE)
		serve_wake(NULL);
}

static const struct daemon ksd = {
	.id = PROC_KSD,
	.handlers = handlers,
	.setup = ksd_setup,
	.configured = ksd_configured,
	.sock_up = serve_listen,
	.sock_down = serve_unlisten,
	.link_up = ksd_link_up,
	.link_down = ksd_link_down,
	.counters = ksd_counters,
	.ncounters = COUNT_MAX,
};

int
main(void)
{
	proc_main(&ksd);
}
