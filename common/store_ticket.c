/* SPDX-License-Identifier: ISC */
/*
 * store_ticket.c: hosts and their tickets in the store.  Inputs wait in a
 * queue; one transaction stages what they do, and only when that is on disk
 * it becomes the state of the hosts and is pushed to the daemons.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"

#define INPUTS_MAX	8192		/* that wait for the disk */
#define TIMER_MOST_MS	60000
#define ROWS		32		/* read at a time */

/* A host that has a ticket or had a lease. */
struct host {
	struct msg_ticket ticket;	/* on disk, and known to the daemons */
	struct msg_ticket staged;	/* in the open transaction */
	int64_t		 card_us;	/* when it came with its card */
	uint32_t	 addr;		/* leased, or 0 */
	struct mac	 card;		/* that its last lease is of */
	struct mac	 card_before;	/* and before; or zero */
};

/* A step of a ticket that is on its way to disk. */
struct change {
	TAILQ_ENTRY(change) entry;
	struct host	*host;
	struct msg_ticket ticket;
	enum ticket_state before;
};

TAILQ_HEAD(inputs, input);
TAILQ_HEAD(changes, change);

static struct host	**hosts;	/* sorted by name */
static size_t		 nhosts;
static struct inputs	 inputs = TAILQ_HEAD_INITIALIZER(inputs);
static struct changes	 changes = TAILQ_HEAD_INITIALIZER(changes);
static size_t		 ninputs;
static struct event	*timer;
static mono_t		 timer_at = MONO_NEVER;
static size_t		 ksd_next = SIZE_MAX;	/* ksd has those before */

/* The place of a name among the hosts, where it is or should be. */
static size_t
host_index(const char *name)
{
	size_t	low = 0, high = nhosts, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (strcmp(hosts[mid]->ticket.host, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

static struct host *
host_find(const char *name)
{
	size_t	i = host_index(name);

	if (i == nhosts || strcmp(hosts[i]->ticket.host, name) != 0)
		return (NULL);
	return (hosts[i]);
}

static struct host *
host_get(const char *name)
{
	struct host	*h;
	size_t		 i;

	if ((h = host_find(name)) != NULL)
		return (h);
	h = xcalloc(1, sizeof(*h));
	(void)snprintf(h->ticket.host, sizeof(h->ticket.host), "%s", name);
	h->ticket.expire_us = INT64_MAX;
	h->card_us = INT64_MIN;
	h->staged = h->ticket;
	i = host_index(name);
	hosts = xreallocarray(hosts, nhosts + 1, sizeof(struct host *));
	memmove(hosts + i + 1, hosts + i, (nhosts - i) * sizeof(struct host *));
	hosts[i] = h;
	nhosts++;
	return (h);
}

void
tickets_get(const char *name, struct msg_ticket *ticket)
{
	const struct host	*h;

	if ((h = host_find(name)) != NULL) {
		*ticket = h->ticket;
		return;
	}
	memset(ticket, 0, sizeof(*ticket));
	(void)snprintf(ticket->host, sizeof(ticket->host), "%s", name);
	ticket->expire_us = INT64_MAX;
}

/*
 * The newest bound lease of a host is its address.  Only of hosts that there
 * are: dhcpd must not be able to fill our memory with names.
 */
void
tickets_lease(const struct msg_lease *lease)
{
	struct host	*h;

	if (lease->host[0] == '\0' ||
	    conf_host_by_name(child.conf, lease->host) == NONE)
		return;
	h = host_get(lease->host);
	if (lease->state == LEASE_BOUND)
		h->addr = lease->addr;
	else if (h->addr == lease->addr)
		h->addr = 0;
	/* Who has it is known longer than he has it. */
	if (lease->state != LEASE_DECLINED && mac_is_unicast(lease->mac) &&
	    lease->start_us >= h->card_us) {
		h->card_us = lease->start_us;
		if (!mac_equal(h->card, lease->mac))
			h->card_before = h->card;
		h->card = lease->mac;
	}
}

/* Of the two cards one was there before, or both belong to the host. */
static int
card_is_known(const struct host *h, uint32_t host, struct mac mac)
{
	return (!mac_is_unicast(h->card) || mac_equal(h->card, mac) ||
	    mac_equal(h->card_before, mac) ||
	    (conf_host_by_mac(child.conf, h->card) == host &&
	    conf_host_by_mac(child.conf, mac) == host));
}

void
tickets_card(const struct msg_lease *lease, mono_t now)
{
	const uint32_t		 host = conf_host_by_name(child.conf,
				    lease->host);
	const struct host	*h = host_find(lease->host);
	struct msg_event	 event;
	char			 mac[MAC_STRLEN], before[MAC_STRLEN];

	if (h == NULL || host == NONE || lease->state != LEASE_BOUND ||
	    card_is_known(h, host, lease->mac))
		return;
	memset(&event, 0, sizeof(event));
	event.when_us = now.us;
	event.addr = lease->addr;
	event.mac = lease->mac;
	event.step = STEP_NOTE;
	event.percent = 100;
	memcpy(event.host, lease->host, sizeof(event.host));
	(void)snprintf(event.text, sizeof(event.text),
	    "%s came with a new network card: %s, before %s", lease->host,
	    mac_str(lease->mac, mac), mac_str(h->card, before));
	log_info("%s", event.text);
	store_event(&event, now);
}

uint32_t
tickets_addr(const char *name)
{
	const struct host	*h = host_find(name);

	return (h == NULL ? 0 : h->addr);
}

/* Tickets that run out. */

static void
tickets_expired(int fd, short what, void *arg)
{
	struct input	 in;
	mono_t		 now = clock_now();
	size_t		 i;

	(void)fd;
	(void)what;
	(void)arg;
	timer_at = MONO_NEVER;
	for (i = 0; i < nhosts; i++) {
		if (hosts[i]->ticket.expire_us > now.us)
			continue;
		memset(&in, 0, sizeof(in));
		in.what = INPUT_TIMEOUT;
		in.from = PROC_STORE;
		memcpy(in.host, hosts[i]->ticket.host, sizeof(in.host));
		(void)tickets_input(&in);
	}
	(void)store_flush();
	tickets_timer(now);
}

/* The clock may be ahead of the loop's after a suspend: look now and then. */
static void
timer_set(mono_t when, mono_t now)
{
	int64_t	ms;

	if (timer == NULL)
		timer = proc_timer(tickets_expired, NULL);
	if (!mono_before(when, timer_at))
		return;
	timer_at = when;
	ms = mono_diff_ms(when, now) + 1;
	proc_timer_set(timer, ms > TIMER_MOST_MS ? TIMER_MOST_MS :
	    ms < 1000 ? 1000 : ms);
}

void
tickets_timer(mono_t now)
{
	mono_t	next = MONO_NEVER;
	size_t	i;

	for (i = 0; i < nhosts; i++)
		if (hosts[i]->ticket.expire_us < next.us)
			next.us = hosts[i]->ticket.expire_us;
	timer_set(next, now);
}

/* Staging. */

int
tickets_input(struct input *in)
{
	struct input	*queued;

	if (ninputs >= INPUTS_MAX ||
	    (queued = malloc(sizeof(*queued))) == NULL) {
		answers_free(&in->answers);
		return (ENOBUFS);
	}
	*queued = *in;
	memset(&in->answers, 0, sizeof(in->answers));
	TAILQ_INSERT_TAIL(&inputs, queued, entry);
	ninputs++;
	return (0);
}

int
tickets_waiting(void)
{
	return (!TAILQ_EMPTY(&inputs));
}

static void
input_free(struct input *in)
{
	TAILQ_REMOVE(&inputs, in, entry);
	ninputs--;
	answers_free(&in->answers);
	free(in);
}

/* The ticket as it is in its new state. */
static void
ticket_enter(struct msg_ticket *ticket, enum ticket_state next,
    const struct input *in, mono_t now)
{
	ticket->state = next;
	ticket->since_us = now.us;
	if (in->what == INPUT_INSTALL) {
		memcpy(ticket->image, in->image, sizeof(ticket->image));
		memcpy(ticket->token, in->token, sizeof(ticket->token));
		ticket->expire_us = mono_add_s(now,
		    child.conf->global->install_timeout).us;
	}
	/* Its disk has been written over, or has its system now. */
	if (next == TICKET_INSTALLING)
		ticket->seen_system = 0;
	if (next == TICKET_INSTALLED)
		ticket->seen_system = 1;
	if (!ticket_answers(next))
		ticket->expire_us = INT64_MAX;
	if (next == TICKET_LOCAL) {
		memset(ticket->image, 0, sizeof(ticket->image));
		memset(ticket->token, 0, sizeof(ticket->token));
	}
}

static int
input_stage(const struct input *in, mono_t now)
{
	struct host		*h = host_get(in->host);
	struct change		*change;
	enum ticket_state	 before = h->staged.state;
	enum ticket_state	 next = ticket_next(before, in->what);
	int			 error;

	if (next == before && in->what != INPUT_INSTALL)
		return (0);
	ticket_enter(&h->staged, next, in, now);
	if ((error = db->put_ticket(&h->staged)) != 0)
		return (error);
	if ((in->what == INPUT_INSTALL || !ticket_answers(next)) &&
	    (error = db->put_answers(in->host, &in->answers)) != 0)
		return (error);
	change = xcalloc(1, sizeof(*change));
	change->host = h;
	change->ticket = h->staged;
	change->before = before;
	TAILQ_INSERT_TAIL(&changes, change, entry);
	return (0);
}

/* What was staged did not get to disk; the inputs are as they were. */
static void
unstage(void)
{
	struct change		*change;
	const struct input	*in;
	struct host		*h;

	while ((change = TAILQ_FIRST(&changes)) != NULL) {
		TAILQ_REMOVE(&changes, change, entry);
		free(change);
	}
	TAILQ_FOREACH(in, &inputs, entry)
		if ((h = host_find(in->host)) != NULL)
			h->staged = h->ticket;
}

int
tickets_stage(mono_t now)
{
	const struct input	*in;
	int			 error;

	unstage();
	TAILQ_FOREACH(in, &inputs, entry)
		if ((error = input_stage(in, now)) != 0)
			return (error);
	return (0);
}

/* Pushing. */

/* A rendered file in a descriptor that nobody can change any more. */
static int
answer_memfd(const struct answer *a)
{
	size_t	off = 0;
	ssize_t	n;
	int	fd;

	if ((fd = memfd_create("answer",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING)) == -1)
		return (-1);
	for (; off < a->len; off += (size_t)n)
		if ((n = pwrite(fd, a->data + off, a->len - off,
		    (off_t)off)) <= 0)
			goto fail;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE | F_SEAL_SEAL) != -1)
		return (fd);
fail:
	(void)close(fd);
	return (-1);
}

static void
push_answers(const struct msg_ticket *ticket)
{
	struct msg_answer	msg;
	struct answers		all;
	size_t			i;
	int			fd;

	if (db->answers(ticket->host, &all) == -1)
		log_warnx("%s: its answer cannot be read", ticket->host);
	for (i = 0; i < all.n; i++) {
		if ((fd = answer_memfd(&all.file[i])) == -1) {
			log_warn("%s: its answer cannot be sent", ticket->host);
			break;
		}
		memset(&msg, 0, sizeof(msg));
		msg.size = (uint32_t)all.file[i].len;
		memcpy(msg.host, ticket->host, sizeof(msg.host));
		memcpy(msg.token, ticket->token, sizeof(msg.token));
		memcpy(msg.name, all.file[i].name, sizeof(msg.name));
		(void)proc_send(PROC_KSD, MSG_ANSWER, 0, fd, &msg, sizeof(msg));
		(void)close(fd);
	}
	answers_free(&all);
}

/* ksd has the answers of a ticket before it has the ticket. */
static void
push_ksd(const struct msg_ticket *ticket, int answers)
{
	if (child.link[PROC_KSD] == NULL)
		return;
	if (answers)
		push_answers(ticket);
	(void)proc_send(PROC_KSD, MSG_TICKET, 0, -1, ticket, sizeof(*ticket));
}

static void
change_publish(const struct change *change, mono_t now)
{
	const struct msg_ticket	*t = &change->ticket;
	struct msg_event	 event;

	change->host->ticket = *t;
	(void)proc_send(PROC_DHCPD, MSG_TICKET, 0, -1, t, sizeof(*t));
	(void)proc_send(PROC_TFTPD, MSG_TICKET, 0, -1, t, sizeof(*t));
	push_ksd(t, t->state == TICKET_ARMED);
	if (t->expire_us != INT64_MAX)
		timer_set((mono_t){ t->expire_us }, now);

	memset(&event, 0, sizeof(event));
	event.when_us = now.us;
	event.step = STEP_TICKET;
	event.percent = 100;
	memcpy(event.host, t->host, sizeof(event.host));
	(void)snprintf(event.text, sizeof(event.text), "%s%s%s (was %s)",
	    ticket_names[t->state], t->image[0] == '\0' ? "" : ", image ",
	    t->image, ticket_names[change->before]);
	log_info("%s: %s", t->host, event.text);
	store_event(&event, now);
}

void
tickets_publish(mono_t now)
{
	struct change	*change;
	struct input	*in;
	struct host	*h;

	while ((change = TAILQ_FIRST(&changes)) != NULL) {
		TAILQ_REMOVE(&changes, change, entry);
		change_publish(change, now);
		free(change);
	}
	while ((in = TAILQ_FIRST(&inputs)) != NULL) {
		/* ksd waits for the ticket even if it knew it wrongly. */
		if (in->from == PROC_KSD && (h = host_find(in->host)) != NULL)
			push_ksd(&h->ticket, 0);
		input_free(in);
	}
}

int
tickets_revert(void)
{
	struct input	*in, *next;

	unstage();
	for (in = TAILQ_FIRST(&inputs); in != NULL; in = next) {
		next = TAILQ_NEXT(in, entry);
		if (in->from == PROC_CTL || in->from == PROC_STORE)
			input_free(in);
	}
	return (!TAILQ_EMPTY(&inputs));
}

/*
 * All tickets to ksd, as many at a time as it reads: the answers are
 * descriptors, and only so many can be on their way.  A host that is new
 * meanwhile is sent, at worst another one twice.
 */
static void
ksd_continue(struct imsgbuf *ib)
{
	const struct msg_ticket	*t;

	while (ksd_next < nhosts && TAILQ_EMPTY(&ib->queue)) {
		t = &hosts[ksd_next++]->ticket;
		push_ksd(t, ticket_answers(t->state));
	}
	if (ksd_next < nhosts)
		return;
	ksd_next = SIZE_MAX;
	ib->drained = NULL;
	(void)proc_send(PROC_KSD, MSG_TICKET_SYNC, 0, -1, NULL, 0);
}

void
tickets_link_up(enum proc peer)
{
	size_t	i;

	if (peer == PROC_KSD) {
		ksd_next = 0;
		child.link[PROC_KSD]->drained = ksd_continue;
		ksd_continue(child.link[PROC_KSD]);
		return;
	}
	for (i = 0; i < nhosts; i++)
		(void)proc_send(peer, MSG_TICKET, 0, -1, &hosts[i]->ticket,
		    sizeof(hosts[i]->ticket));
	(void)proc_send(peer, MSG_TICKET_SYNC, 0, -1, NULL, 0);
}

void
tickets_load(void)
{
	struct msg_ticket	 rows[ROWS];
	struct host		*h;
	char			 after[NAME_LEN] = "";
	int			 i, n;

	do {
		if ((n = db->tickets(after, rows, nitems(rows))) == -1)
			fatalx("the tickets cannot be read");
		for (i = 0; i < n; i++) {
			h = host_get(rows[i].host);
			h->ticket = h->staged = rows[i];
			memcpy(after, rows[i].host, sizeof(after));
		}
	} while (n == (int)nitems(rows));
}
