/* SPDX-License-Identifier: ISC */
/*
 * query_test.c: leasequery (RFC 4388): who may ask, what is known, and every
 * field of the answer.
 */
#include "policy.h"
#include "unit.h"

#define ASKER	0xc0000205U		/* 192.0.2.5 */
#define STRANGER 0xc0000206U

static uint8_t		reply[DHCP_PAYLOAD_MAX];
static size_t		reply_len;
static struct link	far;		/* giaddr is no segment of ours */

static void
ask(struct dhcp_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->type = DHCP_LEASEQUERY;
	m->xid = 0x1234;
	m->giaddr = m->src = ASKER;
	m->dst = ME;
}

static void
ask_mac(struct dhcp_msg *m, uint8_t n)
{
	ask(m);
	m->htype = HTYPE_ETHERNET;
	m->hlen = 6;
	m->mac = mac_of(n);
	memcpy(m->chaddr, m->mac.b, 6);
}

static void
answer(const struct dhcp_msg *m)
{
	mono_t	later = mono_add_s(NOW, 100);

	policy_decide(&v, &view, &far, m, later);
	reply_len = v.kind != V_QUERY ? 0 :
	    query_build(reply, &view, m, &v, 1500);
}

/* An option's value, and its length; NULL when it is not there. */
static const uint8_t *
option(uint8_t code, size_t *len)
{
	size_t	at = DHCP_HDRLEN + 4;

	while (at + 1 < reply_len && reply[at] != OPT_END) {
		*len = reply[at + 1];
		if (reply[at] == code)
			return (&reply[at + 2]);
		at += 2 + *len;
	}
	*len = 0;
	return (NULL);
}

static int
option_is(uint8_t code, const void *octets, size_t n)
{
	size_t		 len;
	const uint8_t	*p = option(code, &len);

	return (p != NULL && len == n && memcmp(p, octets, n) == 0);
}

static uint32_t
word_at(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]);
}

/* A value of four octets, or 0xdead. */
static uint32_t
option_u32(uint8_t code)
{
	size_t		 len;
	const uint8_t	*p = option(code, &len);

	return (p != NULL && len == 4 ? word_at(p) : 0xdead);
}

static int
has_option(uint8_t code)
{
	size_t	len;

	return (option(code, &len) != NULL);
}

static int
type_is(uint8_t type)
{
	return (option_is(OPT_TYPE, &type, 1));
}

/* 1,000 seconds long, what a relay agent said of it, 100 seconds ago. */
static struct lease *
grant(uint32_t addr, uint8_t n, const char *id, int64_t age_s)
{
	struct msg_lease	m;

	memset(&m, 0, sizeof(m));
	m.start_us = NOW.us - age_s * 1000000;
	m.expire_us = NOW.us + 900 * 1000000LL;
	m.addr = addr;
	m.state = LEASE_BOUND;
	m.mac = mac_of(n);
	if (id != NULL) {
		m.id_len = (uint8_t)strlen(id);
		memcpy(m.id, id, m.id_len);
	}
	memcpy(m.hostname, "pc7", 4);
	memcpy(m.relay, "\001\003one", m.relay_len = 5);
	return (lease_apply(view.leases, &m));
}

static void
start(void)
{
	setup();
	conf->global->querier[0] = 0xc0000299U;
	conf->global->querier[1] = ASKER;
	conf->global->nqueriers = 2;
	conf->segment[0].router[0] = ME;
	conf->segment[0].nrouters = 1;
	memcpy(conf->segment[0].domain, "lab.example", 12);
	memset(&far, 0, sizeof(far));
	far.own = ME;
	far.relayed = 1;
}

/* Who may not ask, and what is no question. */
static void
test_refused(void)
{
	struct dhcp_msg	m;

	start();
	grant(POOL + 3, 9, "x1", 100);
	ask(&m);
	m.ciaddr = POOL + 3;
	answer(&m);
	CHECK(v.kind == V_QUERY);
	m.giaddr = 0;
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "no giaddr:");
	m.giaddr = STRANGER;
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "an answer to a stranger:");
	m.giaddr = ASKER;
	m.src = STRANGER;
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "asked by a stranger:");
	m.src = 0xc0000299U;
	answer(&m);
	CHECK_NAMED(v.kind == V_QUERY, "by another of those who may:");
	m.server = STRANGER;
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "another server:");
	m.server = ME;
	answer(&m);
	CHECK_NAMED(v.kind == V_QUERY, "this server:");
	req_id(&m, "x1");
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "two keys:");
	ask_mac(&m, 9);
	req_id(&m, "x1");
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "two others:");
	ask(&m);
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "no key:");
	conf->global->nqueriers = 0;
	m.ciaddr = POOL + 3;
	answer(&m);
	CHECK_NAMED(v.kind == V_SILENT, "nobody may ask:");
}

static void
test_by_address(void)
{
	struct dhcp_msg	m;
	uint8_t		zeros[16] = { 0 };

	start();
	grant(POOL + 3, 9, "x1", 100);
	ask(&m);
	m.ciaddr = POOL + 3;
	answer(&m);
	CHECK(type_is(DHCP_LEASEACTIVE));
	CHECK(reply[0] == 2 && word_at(&reply[4]) == 0x1234);
	CHECK(word_at(&reply[12]) == POOL + 3);
	CHECK(word_at(&reply[16]) == 0 && word_at(&reply[20]) == 0);
	CHECK(word_at(&reply[24]) == ASKER);
	CHECK(reply[1] == 1 && reply[2] == 6 &&
	    memcmp(&reply[28], mac_of(9).b, 6) == 0);
	CHECK(option_u32(OPT_SERVER) == ME);
	CHECK(option_is(OPT_CLIENT_ID, "x1", 2));
	CHECK(option_is(OPT_RELAY, "\001\003one", 5));
	/* Of 1,000 seconds 200 are over. */
	CHECK(option_u32(OPT_LEASE_TIME) == 800);
	CHECK(option_u32(OPT_T1) == 300 && option_u32(OPT_T2) == 675);
	CHECK(option_u32(OPT_LAST_SEEN) == 200);
	CHECK(!has_option(OPT_ASSOCIATED) && !has_option(OPT_MASK));

	buf_init(&m.wanted, "\001\003\014\017\063", 5);
	answer(&m);
	CHECK(option_u32(OPT_MASK) == 0xffff0000 &&
	    option_u32(OPT_ROUTER) == ME);
	CHECK(option_is(OPT_DOMAIN, "lab.example", 11) &&
	    option_is(OPT_HOST_NAME, "pc7", 3));

	m.ciaddr = POOL + 4;
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNASSIGNED), "free:");
	CHECK(word_at(&reply[12]) == POOL + 4 && reply[1] == 0 &&
	    reply[2] == 0 && memcmp(&reply[28], zeros, 16) == 0);
	CHECK(!has_option(OPT_LEASE_TIME) && !has_option(OPT_RELAY) &&
	    option_u32(OPT_SERVER) == ME);
	have(POOL + 4, 8, NULL, HOLD_OFFERED);
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNASSIGNED), "offered:");
	have(POOL + 5, 8, NULL, HOLD_FREE);
	m.ciaddr = POOL + 5;
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNASSIGNED), "given back:");
	m.ciaddr = RESERVED;
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNASSIGNED), "reserved:");
	m.ciaddr = A(0x900);
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNKNOWN), "of no range:");
	CHECK(word_at(&reply[12]) == A(0x900));
	m.ciaddr = ME;
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNKNOWN), "ours:");
	m.ciaddr = FAR;
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNKNOWN), "elsewhere:");
}

/* Of several leases the last one granted; the others are associated. */
static void
test_by_client(void)
{
	struct dhcp_msg	m;
	uint8_t		both[8];
	struct wbuf	b;

	start();
	grant(POOL + 3, 9, "x1", 100);
	grant(POOL + 4, 9, "x2", 50);
	grant(POOL + 5, 9, "x3", 70);
	grant(POOL + 6, 8, "x1", 10);
	have(POOL + 7, 9, "x4", HOLD_FREE);
	have(POOL + 8, 9, "x5", HOLD_OFFERED);
	ask_mac(&m, 9);
	answer(&m);
	CHECK(type_is(DHCP_LEASEACTIVE) && word_at(&reply[12]) == POOL + 4);
	CHECK(option_is(OPT_CLIENT_ID, "x2", 2) &&
	    option_u32(OPT_LAST_SEEN) == 150);
	wbuf_init(&b, both, sizeof(both));
	wbuf_u32(&b, POOL + 5);
	wbuf_u32(&b, POOL + 3);
	if (!option_is(OPT_ASSOCIATED, both, sizeof(both))) {
		wbuf_init(&b, both, sizeof(both));
		wbuf_u32(&b, POOL + 3);
		wbuf_u32(&b, POOL + 5);
	}
	CHECK(option_is(OPT_ASSOCIATED, both, sizeof(both)));

	ask(&m);
	req_id(&m, "x1");
	answer(&m);
	CHECK(type_is(DHCP_LEASEACTIVE) && word_at(&reply[12]) == POOL + 6);
	CHECK(memcmp(&reply[28], mac_of(8).b, 6) == 0);
	CHECK(option_u32(OPT_ASSOCIATED) == POOL + 3);
	req_id(&m, "x3");
	answer(&m);
	CHECK(type_is(DHCP_LEASEACTIVE) && !has_option(OPT_ASSOCIATED));
	req_id(&m, "x4");
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNKNOWN), "no lease now:");
	CHECK(word_at(&reply[12]) == 0 && option_is(OPT_CLIENT_ID, "x4", 2));
	req_id(&m, "nobody");
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNKNOWN), "never seen:");
	ask_mac(&m, 77);
	answer(&m);
	CHECK(type_is(DHCP_LEASEUNKNOWN) &&
	    memcmp(&reply[28], mac_of(77).b, 6) == 0);
	m.htype = HTYPE_INFINIBAND;
	memset(&m.mac, 0, sizeof(m.mac));
	answer(&m);
	CHECK_NAMED(type_is(DHCP_LEASEUNKNOWN), "no Ethernet:");
}

/* Times at the ends: over, past T1, and without an end. */
static void
test_times(void)
{
	struct msg_lease	m;
	struct dhcp_msg		q;
	struct lease		*l = NULL;

	start();
	grant(POOL + 3, 9, NULL, 2000);
	ask(&q);
	q.ciaddr = POOL + 3;
	answer(&q);
	CHECK(option_u32(OPT_LEASE_TIME) == 800 && !has_option(OPT_T1) &&
	    option_u32(OPT_T2) == 437);
	l = lease_by_addr(view.leases, POOL + 3);
	lease_message(l, &m);
	m.expire_us = NOW.us + 100 * 1000000LL;
	lease_apply(view.leases, &m);
	answer(&q);
	CHECK_NAMED(type_is(DHCP_LEASEUNASSIGNED), "over just now:");
	m.expire_us = INT64_MAX;
	lease_apply(view.leases, &m);
	answer(&q);
	CHECK(option_u32(OPT_LEASE_TIME) == UINT32_MAX &&
	    !has_option(OPT_T1) && !has_option(OPT_T2));
	CHECK(option_u32(OPT_LAST_SEEN) == 2100);
}

/* T1 and T2 as they are configured, the subnet's before everybody's. */
static void
test_configured_times(void)
{
	static const struct {
		enum option_level	level;
		uint8_t			code;
		const char		*value;
	} options[] = {
		{ OPTION_SUBNET, OPT_T1, "\0\0\1\364" },	/* 500 */
		{ OPTION_ALL, OPT_T1, "\0\0\0\144" },		/* 100 */
		{ OPTION_ALL, OPT_T2, "\0\0\0\226" },		/* 150 */
	};
	struct conf_option	*o;
	struct dhcp_msg		 q;
	size_t			 i;

	start();
	for (i = 0; i < nitems(options); i++) {
		o = conf_add_option(conf);
		o->level = (uint8_t)options[i].level;
		o->segment = o->owner = NONE;
		if (options[i].level == OPTION_SUBNET)
			o->segment = 0;
		o->code = options[i].code;
		o->kind = OPTION_U32;
		o->len = 4;
		memcpy(o->data, options[i].value, 4);
	}
	grant(POOL + 3, 9, NULL, 100);
	ask(&q);
	q.ciaddr = POOL + 3;
	answer(&q);
	CHECK(option_u32(OPT_LEASE_TIME) == 800);
	CHECK_NAMED(option_u32(OPT_T1) == 300, "500, of which 200 are over:");
	CHECK_NAMED(!has_option(OPT_T2), "150 are over:");
}

/* However many a client has: bounded, and nothing changes. */
static void
test_many(void)
{
	struct dhcp_msg	m;
	size_t		len, i, before;
	char		id[4];

	start();
	for (i = 0; i < 16; i++) {
		(void)snprintf(id, sizeof(id), "i%zu", i);
		grant(POOL + (uint32_t)i, 9, id, (int64_t)i);
	}
	for (; i < 50; i++) {
		(void)snprintf(id, sizeof(id), "i%zu", i);
		grant(A(0x800) + (uint32_t)i, 9, id, (int64_t)i);
	}
	before = lease_count(view.leases, HOLD_BOUND);
	ask_mac(&m, 9);
	answer(&m);
	CHECK(type_is(DHCP_LEASEACTIVE) && word_at(&reply[12]) == POOL);
	CHECK(option(OPT_ASSOCIATED, &len) != NULL && len == 4 * 32);
	CHECK(reply_len <= DHCP_MIN_SIZE - DHCP_IP_UDP);
	CHECK(lease_count(view.leases, HOLD_BOUND) == before);
}

int
main(void)
{
	test_refused();
	test_by_address();
	test_by_client();
	test_times();
	test_configured_times();
	test_many();
	return (unit_done());
}
