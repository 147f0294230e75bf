/* SPDX-License-Identifier: ISC */
/*
 * facts_test.c: the tables of leases and tickets, and who a machine is.
 */
#include <sys/socket.h>

#include <string.h>

#include "bootward.h"
#include "unit.h"

#define SERVER		0x0a4d0001
#define ADDR		0x0a4d0201
#define STRANGER	0x0a4d0301
#define TOKEN		"00112233445566778899aabbccddeeff"

static const mono_t	 now = { 1000000 };
static const mono_t	 later = { 9000000 };
static const struct mac	 mac_web = { { 0x52, 0x54, 0, 0, 0, 1 } };
static const struct mac	 mac_other = { { 0x52, 0x54, 0, 0, 0, 9 } };
static struct conf	*conf;

static void
make_conf(void)
{
	struct conf_image	*image;
	struct conf_host	*host;
	struct conf_hostid	*id;
	struct conf_segment	*s;

	conf = conf_new();
	s = conf_add_segment(conf);
	s->net = 0x0a4d0000;
	s->prefix = 16;
	s->shared = NONE;
	image = conf_add_image(conf);
	strcpy(image->name, "debian12");
	image = conf_add_image(conf);
	strcpy(image->name, "rocky9");
	host = conf_add_host(conf);
	strcpy(host->name, "db1");
	host = conf_add_host(conf);
	strcpy(host->name, "web1");
	strcpy(host->image, "debian12");
	id = conf_add_hostid(conf);
	id->host = 1;
	id->kind = HOSTID_ETHERNET;
	id->len = sizeof(mac_web.b);
	memcpy(id->data, mac_web.b, sizeof(mac_web.b));
}

static void
push_lease(struct facts *f, uint32_t addr, struct mac mac, const char *host,
    enum lease_state state, mono_t expire)
{
	struct msg_grant	lease;

	memset(&lease, 0, sizeof(lease));
	lease.addr = addr;
	lease.mac = mac;
	lease.state = (uint8_t)state;
	lease.expire_us = expire.us;
	strcpy(lease.host, host);
	facts_grant(f, &lease);
}

static void
push_ticket(struct facts *f, const char *host, enum ticket_state state,
    const char *image, const char *token, mono_t expire)
{
	struct msg_ticket	ticket;

	memset(&ticket, 0, sizeof(ticket));
	ticket.state = state;
	ticket.expire_us = expire.us;
	strcpy(ticket.host, host);
	strcpy(ticket.image, image);
	strcpy(ticket.token, token);
	facts_ticket(f, &ticket);
}

static void
test_leases(void)
{
	struct facts	*f = facts_new();
	uint32_t	 i, found = 0, wrong = 0;

	CHECK(facts_lessee_of(f, ADDR, now) == NULL);
	push_lease(f, ADDR, mac_web, "", LEASE_BOUND, later);
	CHECK(facts_lessee_of(f, ADDR, now) != NULL);
	CHECK(facts_lessee_of(f, ADDR, later) == NULL);
	CHECK(facts_lessee_of(f, ADDR + 1, now) == NULL);
	push_lease(f, ADDR, mac_web, "", LEASE_DECLINED, later);
	CHECK(facts_lessee_of(f, ADDR, now) == NULL);
	push_lease(f, ADDR, mac_other, "", LEASE_BOUND, MONO_NEVER);
	CHECK(mac_equal(facts_lessee_of(f, ADDR, later)->mac, mac_other));
	push_lease(f, ADDR, mac_other, "", LEASE_FREE, later);
	CHECK(facts_lessee_of(f, ADDR, now) == NULL);
	push_lease(f, ADDR, mac_other, "", LEASE_FREE, later);
	/* Grows, and loses nothing while it does. */
	for (i = 0; i < 20000; i++)
		push_lease(f, ADDR + i, mac_web, "", LEASE_BOUND, later);
	for (i = 0; i < 20000; i += 2)
		push_lease(f, ADDR + i, mac_web, "", LEASE_FREE, later);
	for (i = 0; i < 20000; i++)
		if (facts_lessee_of(f, ADDR + i, now) != NULL) {
			found++;
			if (i % 2 == 0 ||
			    facts_lessee_of(f, ADDR + i, now)->addr != ADDR + i)
				wrong++;
		}
	CHECK(found == 10000);
	CHECK(wrong == 0);
}

/* A sibling that lies about millions of leases cannot fill our memory. */
static void
test_bounded(void)
{
	struct facts	*f = facts_new();
	uint32_t	 i, found = 0;
	int		 fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) == 0);
	log_init("facts_test", fds[0], 0);	/* nobody reads its warnings */
	for (i = 1; i <= 1100000; i++)
		push_lease(f, i, mac_web, "", LEASE_BOUND, later);
	for (i = 1; i <= 1100000; i++)
		found += facts_lessee_of(f, i, now) != NULL;
	CHECK(found == 1U << 20);
	/* What is known still changes. */
	push_lease(f, 1, mac_web, "", LEASE_FREE, later);
	push_lease(f, 1099999, mac_web, "", LEASE_BOUND, later);
	CHECK(facts_lessee_of(f, 1, now) == NULL);
	CHECK(facts_lessee_of(f, 1099999, now) != NULL);
}

static void
test_tickets(void)
{
	struct facts	*f = facts_new();
	char		 host[NAME_LEN], token[TOKEN_LEN];
	int		 i, bad = 0;

	CHECK(facts_ticket_of(f, "web1") == NULL);
	CHECK(facts_ticket_by_token(f, "") == NULL);
	push_ticket(f, "web1", TICKET_LOCAL, "", "", MONO_NEVER);
	CHECK(facts_ticket_of(f, "web1")->state == TICKET_LOCAL);
	CHECK(facts_ticket_by_token(f, "") == NULL);
	push_ticket(f, "web1", TICKET_ARMED, "", TOKEN, MONO_NEVER);
	CHECK(facts_ticket_by_token(f, TOKEN) == facts_ticket_of(f, "web1"));
	CHECK(facts_ticket_by_token(f, "00112233445566778899aabbccddeefe") ==
	    NULL);
	CHECK(facts_ticket_by_token(f, "0011223344556677") == NULL);
	CHECK(facts_ticket_by_token(f, TOKEN "0") == NULL);
	CHECK(facts_ticket_by_token(f, TOKEN TOKEN TOKEN) == NULL);
	/* A new token takes the old one's place. */
	push_ticket(f, "web1", TICKET_ARMED, "", "ff" TOKEN, MONO_NEVER);
	CHECK(facts_ticket_by_token(f, TOKEN) == NULL);
	CHECK(facts_ticket_by_token(f, "ff" TOKEN) != NULL);
	push_ticket(f, "web1", TICKET_LOCAL, "", "", MONO_NEVER);
	CHECK(facts_ticket_by_token(f, "ff" TOKEN) == NULL);
	for (i = 0; i < 2000; i++) {
		(void)snprintf(host, sizeof(host), "host%d", i);
		(void)snprintf(token, sizeof(token), "%032x", i);
		push_ticket(f, host, TICKET_ARMED, "", token, MONO_NEVER);
	}
	for (i = 0; i < 2000; i++) {
		(void)snprintf(host, sizeof(host), "host%d", i);
		(void)snprintf(token, sizeof(token), "%032x", i);
		if (facts_ticket_of(f, host) == NULL ||
		    facts_ticket_of(f, host) != facts_ticket_by_token(f, token))
			bad++;
	}
	CHECK(bad == 0);
}

/* Who web1 is, in every state of its ticket. */
static void
test_states(void)
{
	struct facts	*f = facts_new();
	struct machine	 m;
	int		 i;

	push_lease(f, ADDR, mac_web, "web1", LEASE_BOUND, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.host == &conf->host[1] && m.ticket == NULL && !m.installs);
	CHECK(m.addr == ADDR && m.server == SERVER);
	CHECK(mac_equal(m.mac, mac_web));
	for (i = 0; i < TICKET_MAX; i++) {
		push_ticket(f, "web1", (enum ticket_state)i, "", TOKEN,
		    MONO_NEVER);
		facts_machine(f, conf, ADDR, SERVER, now, &m);
		CHECK_NAMED(m.installs ==
		    (ticket_installs((enum ticket_state)i) != 0),
		    ticket_names[i]);
		CHECK_NAMED((m.image != NULL) == m.installs, ticket_names[i]);
		CHECK_NAMED((m.ticket != NULL) == (i != TICKET_LOCAL),
		    ticket_names[i]);
	}
	push_ticket(f, "web1", TICKET_ARMED, "", TOKEN, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.image == &conf->image[0]);
	/* The ticket names another image than the host. */
	push_ticket(f, "web1", TICKET_ARMED, "rocky9", TOKEN, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.image == &conf->image[1]);
	push_ticket(f, "web1", TICKET_ARMED, "gone", TOKEN, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(!m.installs && m.image == NULL);
	/* A ticket whose time is over, while the store is away. */
	push_ticket(f, "web1", TICKET_ARMED, "", TOKEN, now);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(!m.installs);
}

static void
test_identity(void)
{
	struct facts	*f = facts_new();
	struct machine	 m;

	push_ticket(f, "web1", TICKET_ARMED, "", TOKEN, later);
	/* No lease: nobody, whatever tickets there are. */
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.lease == NULL && m.host == NULL && !m.installs);
	/* By MAC when the lease names no host. */
	push_lease(f, ADDR, mac_web, "", LEASE_BOUND, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.host == &conf->host[1] && m.installs);
	/* The lease's host goes before its MAC's. */
	push_lease(f, ADDR, mac_web, "db1", LEASE_BOUND, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.host == &conf->host[0] && !m.installs);
	/* A host that the configuration lost. */
	push_lease(f, ADDR, mac_other, "gone", LEASE_BOUND, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.lease != NULL && m.host == NULL && !m.installs);
	/* A host without an image. */
	push_lease(f, ADDR, mac_other, "db1", LEASE_BOUND, later);
	push_ticket(f, "db1", TICKET_ARMED, "", "11" TOKEN, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.host == &conf->host[0] && m.ticket != NULL && !m.installs);
}

static void
test_unknown(void)
{
	struct facts	*f = facts_new();
	struct machine	 m;

	push_lease(f, STRANGER, mac_other, "", LEASE_BOUND, later);
	facts_machine(f, conf, STRANGER, SERVER, now, &m);
	CHECK(m.host == NULL && !m.installs);
	strcpy(conf->global->unknown_image, "rocky9");
	conf->global->unknown = UNKNOWN_IGNORE;
	facts_machine(f, conf, STRANGER, SERVER, now, &m);
	CHECK(!m.installs);
	conf->global->unknown = UNKNOWN_INSTALL;
	facts_machine(f, conf, STRANGER, SERVER, now, &m);
	CHECK(m.installs && m.image == &conf->image[1] && m.ticket == NULL);
	/* Not for known machines, and not without a lease. */
	push_lease(f, ADDR, mac_web, "web1", LEASE_BOUND, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(!m.installs);
	facts_machine(f, conf, STRANGER + 1, SERVER, now, &m);
	CHECK(!m.installs);
}

/* What ARP shows, and what becomes of a machine that has a lease. */

static struct msg_iface	here = { .index = 3, .naddrs = 1,
    .addr = { SERVER }, .prefix = { 16 } };

static void
push_stand(struct facts *f, uint32_t addr, enum stand stand, struct mac owner,
    struct mac other)
{
	const struct msg_stand	m = { .addr = addr, .stand = (uint8_t)stand,
				    .owner = owner, .other = other };

	CHECK(facts_stand_ok(&m));
	facts_stand(f, &m);
}

static const struct mac	nobody;

static int
doubt_at(struct facts *f, uint32_t addr)
{
	struct machine	m;

	facts_machine(f, conf, addr, SERVER, now, &m);
	/* In a conflict it is nobody, but it is known whose it is. */
	CHECK((m.lease == NULL) == (m.doubt == DOUBT_CONFLICT));
	CHECK((m.host == NULL) == (m.doubt == DOUBT_CONFLICT));
	CHECK(m.doubt != DOUBT_CONFLICT || (!m.installs && m.image == NULL &&
	    m.ticket == NULL && mac_equal(m.other, mac_other)));
	CHECK(m.whose == &conf->host[1] && mac_equal(m.mac, mac_web));
	return ((int)m.doubt);
}

static struct facts *
stands_new(void)
{
	struct facts	*f = facts_new();

	push_lease(f, ADDR, mac_web, "web1", LEASE_BOUND, later);
	push_ticket(f, "web1", TICKET_ARMED, "", TOKEN, later);
	facts_arpd_came(f);
	return (f);
}

static void
test_stands(void)
{
	struct facts	*f = stands_new();
	struct machine	 m;

	CHECK(doubt_at(f, ADDR) == DOUBT_UNSEEN);
	push_stand(f, ADDR, STAND_OWNER, mac_web, nobody);
	CHECK(doubt_at(f, ADDR) == DOUBT_NONE);
	push_stand(f, ADDR, STAND_OTHER, mac_web, mac_other);
	CHECK(doubt_at(f, ADDR) == DOUBT_CONFLICT);
	push_stand(f, ADDR, STAND_UNSEEN, mac_web, nobody);
	CHECK(doubt_at(f, ADDR) == DOUBT_UNSEEN);
	/* What was heard of an earlier owner does not count for a later. */
	push_stand(f, ADDR, STAND_OWNER, mac_other, nobody);
	CHECK(doubt_at(f, ADDR) == DOUBT_UNSEEN);
	push_stand(f, ADDR, STAND_OTHER, mac_other, mac_web);
	CHECK(doubt_at(f, ADDR) == DOUBT_UNSEEN);
	push_stand(f, ADDR, STAND_OWNER, mac_web, nobody);
	push_lease(f, ADDR, mac_other, "web1", LEASE_BOUND, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.doubt == DOUBT_UNSEEN);
	/* A renewal changes nothing, the end of the lease all. */
	push_lease(f, ADDR, mac_web, "web1", LEASE_BOUND, MONO_NEVER);
	CHECK(doubt_at(f, ADDR) == DOUBT_NONE);
	push_lease(f, ADDR, mac_web, "", LEASE_FREE, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK(m.lease == NULL && m.doubt == DOUBT_NONE && m.whose == NULL);
	push_lease(f, ADDR, mac_web, "web1", LEASE_BOUND, later);
	CHECK(doubt_at(f, ADDR) == DOUBT_UNSEEN);
	push_stand(f, ADDR, STAND_OTHER, mac_web, mac_other);
	conf->global->access = ACCESS_ANY;
	CHECK_NAMED(doubt_at(f, ADDR) == DOUBT_NONE, "any");
	conf->global->access = ACCESS_TOKEN;
	CHECK_NAMED(doubt_at(f, ADDR) == DOUBT_CONFLICT, "token");
	conf->global->access = ACCESS_LEASE;
}

/* What was heard is one thing, where the kernel would send another. */
static void
test_hop(void)
{
	const struct mac	 card2 = { { 0x52, 0x54, 0, 0, 0, 2 } };
	struct facts		*f = stands_new();
	struct conf_hostid	*id = conf_add_hostid(conf);
	struct machine		 m;

	id->host = 1;
	id->kind = HOSTID_ETHERNET;
	id->len = sizeof(card2.b);
	memcpy(id->data, card2.b, sizeof(card2.b));
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	facts_hop(conf, &m, &mac_other);
	CHECK_NAMED(m.doubt == DOUBT_UNSEEN, "first it has to be heard");
	push_stand(f, ADDR, STAND_OWNER, mac_web, nobody);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	facts_hop(conf, &m, &mac_web);
	CHECK(m.doubt == DOUBT_NONE && m.installs);
	facts_hop(conf, &m, &card2);
	CHECK_NAMED(m.doubt == DOUBT_NONE && m.installs, "its second card");
	facts_hop(conf, &m, NULL);
	CHECK_NAMED(m.doubt == DOUBT_UNSEEN, "the kernel has to ask");
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	facts_hop(conf, &m, &mac_other);
	CHECK(m.doubt == DOUBT_CONFLICT && m.lease == NULL && !m.installs &&
	    m.image == NULL && m.ticket == NULL && m.host == NULL);
	CHECK(m.whose == &conf->host[1] && mac_equal(m.other, mac_other));
	facts_hop(conf, &m, &mac_web);
	CHECK_NAMED(m.doubt == DOUBT_CONFLICT, "that stays");
	/* Behind a relay it is the router. */
	conf->segment[0].nrelays = 1;
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	facts_hop(conf, &m, &mac_other);
	CHECK(m.doubt == DOUBT_NONE && m.installs);
	conf->segment[0].nrelays = 0;
	/* A stranger's lease: nobody but its own card. */
	push_lease(f, STRANGER, mac_other, "", LEASE_BOUND, later);
	push_stand(f, STRANGER, STAND_OWNER, mac_other, nobody);
	facts_machine(f, conf, STRANGER, SERVER, now, &m);
	facts_hop(conf, &m, &mac_other);
	CHECK(m.doubt == DOUBT_NONE);
	facts_hop(conf, &m, &mac_web);
	CHECK(m.doubt == DOUBT_CONFLICT);
}

/* Where ARP reaches, and where a lease is all there is. */
static void
test_near(void)
{
	struct facts		*f = stands_new();
	struct conf_segment	*s = &conf->segment[0];
	struct conf_segment	*far;
	struct machine		 m;

	s->nrelays = 1;
	CHECK_NAMED(doubt_at(f, ADDR) == DOUBT_NONE, "behind a relay");
	s->nrelays = 0;
	here.addr[0] = 0x0a630001;
	CHECK_NAMED(doubt_at(f, ADDR) == DOUBT_NONE, "no address there");
	far = conf_add_segment(conf);
	far->net = 0x0a630000;
	far->prefix = 16;
	far->shared = NONE;
	CHECK_NAMED(doubt_at(f, ADDR) == DOUBT_NONE, "nor with it");
	conf->segment[0].shared = far->shared = 0;
	CHECK_NAMED(doubt_at(f, ADDR) == DOUBT_UNSEEN, "one network");
	push_stand(f, ADDR, STAND_OWNER, mac_web, nobody);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	facts_hop(conf, &m, NULL);
	CHECK_NAMED(m.doubt == DOUBT_NONE, "there may be a router between");
	here.index = 0;
	CHECK_NAMED(doubt_at(f, ADDR) == DOUBT_NONE, "the interface is gone");
	here.index = 3;
	here.addr[0] = SERVER;
	push_lease(f, ADDR, nobody, "web1", LEASE_BOUND, later);
	facts_machine(f, conf, ADDR, SERVER, now, &m);
	CHECK_NAMED(m.doubt == DOUBT_NONE, "not Ethernet");
}

/* Without arpd a lease is believed, but not before it had time to come. */
static void
test_arpd(void)
{
	struct facts	*f = facts_new();

	push_lease(f, ADDR, mac_web, "web1", LEASE_BOUND, later);
	facts_arpd_until(f, mono_add_ms(now, 1));
	CHECK(doubt_at(f, ADDR) == DOUBT_UNSEEN);
	facts_arpd_until(f, now);
	CHECK(doubt_at(f, ADDR) == DOUBT_NONE);
	facts_arpd_came(f);
	CHECK(doubt_at(f, ADDR) == DOUBT_UNSEEN);
}

/* arpd may know of a lease before we do; but it cannot fill our memory. */
static void
test_strays(void)
{
	struct facts	*f = facts_new();
	struct msg_stand m = { .addr = 0, .stand = STAND_OWNER,
			    .owner = mac_web };
	uint32_t	 i, n = 0;

	facts_arpd_came(f);
	push_stand(f, ADDR, STAND_OWNER, mac_web, nobody);
	CHECK(facts_lessee_of(f, ADDR, now) == NULL);
	push_lease(f, ADDR, mac_web, "web1", LEASE_BOUND, later);
	CHECK(doubt_at(f, ADDR) == DOUBT_NONE);
	for (i = 1; i <= 100000; i++) {
		m.addr = i;
		facts_stand(f, &m);
	}
	for (i = 1; i <= 1000000; i++)
		push_lease(f, 0x40000000 + i, mac_web, "", LEASE_BOUND, later);
	for (i = 1; i <= 1000000; i++)
		n += facts_lessee_of(f, 0x40000000 + i, now) != NULL;
	CHECK_NAMED(n == 1000000, "leases have room all the same");
	/* They go as they came. */
	m.stand = STAND_UNSEEN;
	for (i = 1; i <= 100000; i++) {
		m.addr = i;
		facts_stand(f, &m);
	}
	push_stand(f, ADDR + 1, STAND_OWNER, mac_web, nobody);
	push_lease(f, ADDR + 1, mac_web, "web1", LEASE_BOUND, later);
	CHECK(doubt_at(f, ADDR + 1) == DOUBT_NONE);
	m.addr = 0;
	CHECK(!facts_stand_ok(&m));
	m.addr = 1;
	m.stand = STAND_MAX;
	CHECK(!facts_stand_ok(&m));
}

int
main(void)
{
	make_conf();
	test_leases();
	test_bounded();
	test_tickets();
	test_states();
	test_identity();
	test_unknown();
	conf->global->unknown = UNKNOWN_LOCAL;
	child.ifaces = &here;
	child.nifaces = 1;
	test_stands();
	test_arpd();
	test_strays();
	test_hop();
	test_near();
	conf_free(conf);
	return (unit_done());
}
