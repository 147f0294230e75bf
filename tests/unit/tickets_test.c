/* SPDX-License-Identifier: ISC */
/*
 * tickets_test.c: tickets in the store, against a back end that can be told
 * to fail: nothing is pushed before it is stored, nothing is left of what was
 * not, and ksd has the answers before the ticket.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "store.h"
#include "unit.h"

static struct msg_ticket	disk, open_disk;	/* one host is enough */
static struct answers		disk_answers;
static int			fail_put, nevents;
static char			note[PATH_LEN];
static struct imsgbuf		ksd_end, dhcpd_end;
static mono_t			now = { 1000000 };

static int
fake_put_ticket(const struct msg_ticket *t)
{
	if (fail_put)
		return (fail_put);
	open_disk = *t;
	return (0);
}

static int
fake_put_answers(const char *host, const struct answers *all)
{
	size_t	i;

	(void)host;
	answers_free(&disk_answers);
	for (i = 0; i < all->n; i++)
		(void)answers_add(&disk_answers, all->file[i].name,
		    all->file[i].data, all->file[i].len);
	return (0);
}

static int
fake_answers(const char *host, struct answers *all)
{
	size_t	i;

	(void)host;
	memset(all, 0, sizeof(*all));
	for (i = 0; i < disk_answers.n; i++)
		(void)answers_add(all, disk_answers.file[i].name,
		    disk_answers.file[i].data, disk_answers.file[i].len);
	return (0);
}

static int
fake_tickets(const char *after, struct msg_ticket *out, size_t max)
{
	if (after[0] != '\0' || max == 0 || disk.host[0] == '\0')
		return (0);
	*out = disk;
	return (1);
}

static const struct backend fake = {
	.name = "fake",
	.put_ticket = fake_put_ticket,
	.put_answers = fake_put_answers,
	.answers = fake_answers,
	.tickets = fake_tickets,
};

/* What store.c has for them. */
const struct backend	*db = &fake;

void
store_event(struct msg_event *event, mono_t when)
{
	(void)when;
	nevents += event->step == STEP_TICKET;
	if (event->step == STEP_NOTE)
		memcpy(note, event->text, sizeof(note));
}

int
store_flush(void)
{
	int	error;

	if ((error = tickets_stage(now)) != 0) {
		(void)tickets_revert();
		return (error);
	}
	disk = open_disk;
	tickets_publish(now);
	return (0);
}

static void
link_make(enum proc peer, struct imsgbuf *end)
{
	static struct imsgbuf	ours[PROC_MAX];
	int			pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		fatal("socketpair");
	imsg_init(&ours[peer], pair[0], PROC_STORE, peer);
	imsg_init(end, pair[1], peer, PROC_STORE);
	child.link[peer] = &ours[peer];
}

static int
input(enum ticket_input what, enum proc from, const char *answer)
{
	struct input	in;

	memset(&in, 0, sizeof(in));
	in.what = what;
	in.from = from;
	(void)snprintf(in.host, sizeof(in.host), "web1");
	if (what == INPUT_INSTALL) {
		(void)snprintf(in.image, sizeof(in.image), "debian12");
		(void)snprintf(in.token, sizeof(in.token), "secret");
		(void)answers_split((const uint8_t *)answer, strlen(answer),
		    &in.answers);
	}
	if (tickets_input(&in) != 0)
		return (-1);
	return (store_flush());
}

/* The state in the next message, which is a TICKET; or -1. */
static int
next_ticket(struct imsgbuf *end)
{
	struct imsg	msg;

	if (imsg_get(end, &msg) != 1 || msg.type != MSG_TICKET)
		return (-1);
	return ((int)((const struct msg_ticket *)msg.data)->state);
}

/* Does the next message bring an answer that says this, and cannot change? */
static int
next_answer(struct imsgbuf *end, const char *name, const char *text)
{
	const struct msg_answer	*a;
	struct imsg		 msg;
	char			 data[64];
	int			 ok;

	if (imsg_get(end, &msg) != 1 || msg.type != MSG_ANSWER)
		return (0);
	a = msg.data;
	ok = a->size == strlen(text) && strcmp(a->name, name) == 0 &&
	    strcmp(a->token, "secret") == 0 &&
	    pread(msg.fd, data, sizeof(data), 0) == (ssize_t)a->size &&
	    memcmp(data, text, a->size) == 0 &&
	    pwrite(msg.fd, "x", 1, 0) == -1 && ftruncate(msg.fd, 0) == -1;
	(void)close(msg.fd);
	return (ok);
}

static int
quiet(struct imsgbuf *end)
{
	struct imsg	msg;

	return (imsg_get(end, &msg) == 0);
}

static void
test_life(void)
{
	struct msg_ticket	t;

	CHECK(input(INPUT_INSTALL, PROC_CTL,
	    "### file a\none\n### file b\ntwo\n") == 0);
	CHECK(disk.state == TICKET_ARMED && disk.expire_us ==
	    now.us + child.conf->global->install_timeout * 1000000LL);
	CHECK(next_answer(&ksd_end, "a", "one\n"));
	CHECK(next_answer(&ksd_end, "b", "two\n"));
	CHECK(next_ticket(&ksd_end) == TICKET_ARMED && quiet(&ksd_end));
	CHECK(next_ticket(&dhcpd_end) == TICKET_ARMED && quiet(&dhcpd_end));
	CHECK(nevents == 1);

	/* What changes nothing is not told, except to ksd, which waits. */
	CHECK(input(INPUT_FIRMWARE, PROC_DHCPD, NULL) == 0);
	CHECK(quiet(&ksd_end) && quiet(&dhcpd_end) && nevents == 1);
	CHECK(input(INPUT_DONE, PROC_KSD, NULL) == 0);
	CHECK(next_ticket(&ksd_end) == TICKET_ARMED && quiet(&dhcpd_end));

	CHECK(input(INPUT_ANSWER, PROC_KSD, NULL) == 0);
	CHECK(disk.state == TICKET_INSTALLING && disk_answers.n == 2);
	CHECK(next_ticket(&dhcpd_end) == TICKET_INSTALLING);
	CHECK(next_ticket(&ksd_end) == TICKET_INSTALLING);
	CHECK(next_ticket(&ksd_end) == TICKET_INSTALLING && quiet(&ksd_end));

	/* The end: no answer, no timeout, and it has a system. */
	CHECK(input(INPUT_DONE, PROC_KSD, NULL) == 0);
	tickets_get("web1", &t);
	CHECK(t.state == TICKET_INSTALLED && t.seen_system == 1);
	CHECK(t.expire_us == INT64_MAX && disk_answers.n == 0);
	CHECK(next_ticket(&dhcpd_end) == TICKET_INSTALLED);
	while (!quiet(&ksd_end))
		;
}

static void
test_failure(void)
{
	struct msg_ticket	t;
	int			before = nevents;

	/* An operator is told; nothing of it stays. */
	fail_put = ENOSPC;
	CHECK(input(INPUT_INSTALL, PROC_CTL, "x\n") == ENOSPC);
	tickets_get("web1", &t);
	CHECK(t.state == TICKET_INSTALLED && !tickets_waiting());
	CHECK(quiet(&ksd_end) && quiet(&dhcpd_end) && nevents == before);

	/* A daemon's input is tried again, in its order. */
	fail_put = 0;
	CHECK(input(INPUT_INSTALL, PROC_CTL, "x\n") == 0);
	while (!quiet(&ksd_end) || !quiet(&dhcpd_end))
		;
	fail_put = EIO;
	CHECK(input(INPUT_BOOT, PROC_DHCPD, NULL) == EIO);
	CHECK(input(INPUT_ANSWER, PROC_KSD, NULL) == EIO);
	tickets_get("web1", &t);
	CHECK(t.state == TICKET_ARMED && tickets_waiting());
	CHECK(quiet(&ksd_end) && quiet(&dhcpd_end));
	fail_put = 0;
	CHECK(store_flush() == 0 && !tickets_waiting());
	CHECK(next_ticket(&dhcpd_end) == TICKET_BOOTING);
	CHECK(next_ticket(&dhcpd_end) == TICKET_INSTALLING);
	CHECK(disk.state == TICKET_INSTALLING && disk.seen_system == 0);
	while (!quiet(&ksd_end))
		;

	/* It rebooted: failed, and cancelled it is as if never armed. */
	CHECK(input(INPUT_FIRMWARE, PROC_DHCPD, NULL) == 0);
	CHECK(next_ticket(&dhcpd_end) == TICKET_FAILED);
	CHECK(input(INPUT_CANCEL, PROC_CTL, NULL) == 0);
	CHECK(next_ticket(&dhcpd_end) == TICKET_LOCAL);
	CHECK(disk.state == TICKET_LOCAL && disk.token[0] == '\0');
	while (!quiet(&ksd_end))
		;
}

/* A daemon that is linked gets all there is, answers first, then the SYNC. */
static void
test_link_up(void)
{
	struct imsg	msg;

	CHECK(input(INPUT_INSTALL, PROC_CTL, "text\n") == 0);
	while (!quiet(&ksd_end) || !quiet(&dhcpd_end))
		;
	tickets_link_up(PROC_KSD);
	CHECK(next_answer(&ksd_end, "", "text\n"));
	CHECK(next_ticket(&ksd_end) == TICKET_ARMED);
	CHECK(imsg_get(&ksd_end, &msg) == 1 && msg.type == MSG_TICKET_SYNC);
	tickets_link_up(PROC_DHCPD);
	CHECK(next_ticket(&dhcpd_end) == TICKET_ARMED);
	CHECK(imsg_get(&dhcpd_end, &msg) == 1 && msg.type == MSG_TICKET_SYNC);
}

static void
test_leases(void)
{
	struct msg_lease	lease;

	(void)snprintf(conf_add_host(child.conf)->name, NAME_LEN, "web1");
	memset(&lease, 0, sizeof(lease));
	(void)snprintf(lease.host, sizeof(lease.host), "nobody");
	lease.addr = 7;
	lease.state = LEASE_BOUND;
	tickets_lease(&lease);
	CHECK(tickets_addr("nobody") == 0);
	(void)snprintf(lease.host, sizeof(lease.host), "web1");
	lease.addr = 5;
	lease.state = LEASE_BOUND;
	tickets_lease(&lease);
	CHECK(tickets_addr("web1") == 5 && tickets_addr("web2") == 0);
	lease.addr = 6;
	lease.state = LEASE_FREE;
	tickets_lease(&lease);
	CHECK(tickets_addr("web1") == 5);
	lease.addr = 5;
	tickets_lease(&lease);
	CHECK(tickets_addr("web1") == 0);
}

static void
add_card(uint32_t host, uint8_t last)
{
	struct conf_hostid	*id = conf_add_hostid(child.conf);

	id->host = host;
	id->kind = HOSTID_ETHERNET;
	id->len = 6;
	id->data[0] = 2;
	id->data[5] = last;
}

/* What is noted when the host gets a lease by this card, at that time. */
static const char *
card(const char *host, uint8_t last, int64_t start)
{
	struct msg_lease	lease;

	memset(&lease, 0, sizeof(lease));
	(void)snprintf(lease.host, sizeof(lease.host), "%s", host);
	lease.addr = 0x0a4d0100 + last;
	lease.state = LEASE_BOUND;
	lease.start_us = start;
	lease.mac = (struct mac){ { 2, 0, 0, 0, 0, last } };
	note[0] = '\0';
	tickets_card(&lease, now);
	tickets_lease(&lease);
	return (note);
}

static void
test_cards(void)
{
	const uint32_t	 host = (uint32_t)child.conf->nhost;

	(void)snprintf(conf_add_host(child.conf)->name, NAME_LEN, "swap");
	(void)snprintf(conf_add_host(child.conf)->name, NAME_LEN, "both");
	add_card(host + 1, 0x21);
	add_card(host + 1, 0x22);

	CHECK_NAMED(card("swap", 0x11, 10)[0] == '\0', "the first card");
	CHECK(card("swap", 0x11, 20)[0] == '\0');
	CHECK_NAMED(strcmp(card("swap", 0x12, 30), "swap came with a new "
	    "network card: 02:00:00:00:00:12, before 02:00:00:00:00:11") == 0,
	    "another one");
	CHECK_NAMED(card("swap", 0x12, 40)[0] == '\0', "told once");
	CHECK_NAMED(card("swap", 0x11, 50)[0] == '\0' &&
	    card("swap", 0x12, 60)[0] == '\0', "two that take turns");
	CHECK_NAMED(card("swap", 0x13, 70)[0] != '\0', "a third one");
	CHECK_NAMED(card("both", 0x21, 10)[0] == '\0' &&
	    card("both", 0x22, 20)[0] == '\0' &&
	    card("both", 0x21, 30)[0] == '\0', "both are its own");
	CHECK_NAMED(card("both", 0x23, 40)[0] != '\0', "this one is not");
	CHECK_NAMED(card("nobody", 0x31, 10)[0] == '\0' &&
	    card("nobody", 0x32, 20)[0] == '\0' &&
	    card("", 0x33, 30)[0] == '\0', "not a host that we know");
}

/* What is on disk comes in order of addresses, and not of time. */
static void
test_cards_loaded(void)
{
	struct msg_lease	lease;

	(void)snprintf(conf_add_host(child.conf)->name, NAME_LEN, "moved");
	memset(&lease, 0, sizeof(lease));
	(void)snprintf(lease.host, sizeof(lease.host), "moved");
	lease.mac = (struct mac){ { 2, 0, 0, 0, 0, 0x42 } };
	lease.start_us = -10;		/* before this boot */
	tickets_lease(&lease);
	lease.mac.b[5] = 0x41;
	lease.start_us = -20;
	tickets_lease(&lease);
	lease.state = LEASE_DECLINED;
	lease.mac.b[5] = 0x66;
	lease.start_us = 30;
	tickets_lease(&lease);
	CHECK_NAMED(card("moved", 0x42, 40)[0] == '\0', "its last one");
	CHECK_NAMED(strstr(card("moved", 0x43, 50), ":43, before "
	    "02:00:00:00:00:42") != NULL, "a new one, after a restart");
}

int
main(void)
{
	log_init("tickets_test", -1, 1);
	if (freopen("/dev/null", "w", stderr) == NULL)
		return (1);
	if ((child.base = event_base_new()) == NULL ||
	    event_base_priority_init(child.base, PRIO_COUNT) == -1)
		return (1);
	child.conf = conf_new();
	link_make(PROC_KSD, &ksd_end);
	link_make(PROC_DHCPD, &dhcpd_end);
	(void)snprintf(disk.host, sizeof(disk.host), "web1");
	disk.expire_us = INT64_MAX;
	open_disk = disk;
	tickets_load();
	test_life();
	test_failure();
	test_link_up();
	test_leases();
	test_cards();
	test_cards_loaded();
	answers_free(&disk_answers);
	return (unit_done());
}
