/* SPDX-License-Identifier: ISC */
/*
 * policy_test.c: what a request gets, as tables: what is known of the client
 * and the address, what it asks, what it must be told (RFC 2131 4.3).
 */
#include "policy.h"
#include "unit.h"

/* What an ordinary client has, what it asks, and what becomes of it. */
enum form { DISCOVER, SELECTING, OTHER, REBOOT, RENEW, DECLINE, RELEASE,
	INFORM };

struct row {
	const char		*name;
	uint32_t		 held;		/* address of a record */
	int			 state;		/* -1: no record */
	uint8_t			 holder;	/* MAC; the client is 9 */
	const char		*held_id;
	enum form		 form;
	uint32_t		 addr;
	const char		*id;
	enum verdict_kind	 want;
	uint32_t		 want_addr;
};

#define NOREC	0, -1, 0, NULL

static const struct row rows[] = {
	/* DISCOVER, 4.3.1 */
	{ "new", NOREC, DISCOVER, 0, NULL, V_OFFER, POOL },
	{ "new, with client id", NOREC, DISCOVER, 0, "x1", V_OFFER, POOL },
	{ "asks for a free one", NOREC, DISCOVER, POOL + 5, NULL, V_OFFER,
	    POOL + 5 },
	{ "asks for a taken one", POOL + 5, HOLD_BOUND, 8, NULL, DISCOVER,
	    POOL + 5, NULL, V_OFFER, POOL },
	{ "asks for an offered one", POOL + 5, HOLD_OFFERED, 8, NULL, DISCOVER,
	    POOL + 5, NULL, V_OFFER, POOL },
	{ "asks for one of a host", NOREC, DISCOVER, RESERVED, NULL, V_OFFER,
	    POOL },
	{ "asks for a blocked one", NOREC, DISCOVER, ME, NULL, V_OFFER, POOL },
	{ "asks for one elsewhere", NOREC, DISCOVER, FAR, NULL, V_OFFER, POOL },
	{ "asks for one of no range", NOREC, DISCOVER, A(0x900), NULL, V_OFFER,
	    POOL },
	{ "has a lease", POOL + 3, HOLD_BOUND, 9, NULL, DISCOVER, 0, NULL,
	    V_OFFER, POOL + 3 },
	{ "has an offer", POOL + 3, HOLD_OFFERED, 9, NULL, DISCOVER, 0, NULL,
	    V_OFFER, POOL + 3 },
	{ "had a lease", POOL + 3, HOLD_FREE, 9, NULL, DISCOVER, 0, NULL,
	    V_OFFER, POOL + 3 },
	{ "had one, asks for another", POOL + 3, HOLD_FREE, 9, NULL, DISCOVER,
	    POOL + 4, NULL, V_OFFER, POOL + 3 },
	{ "same id, new MAC", POOL + 3, HOLD_BOUND, 8, "x1", DISCOVER, 0, "x1",
	    V_OFFER, POOL + 3 },
	{ "same MAC, new id: a new client", POOL + 3, HOLD_BOUND, 9, "x1",
	    DISCOVER, 0, "x2", V_OFFER, POOL },
	{ "same MAC, now with id", POOL + 3, HOLD_BOUND, 9, NULL, DISCOVER, 0,
	    "x2", V_OFFER, POOL },

	/* SELECTING, 4.3.2 */
	{ "takes its offer", POOL + 3, HOLD_OFFERED, 9, NULL, SELECTING,
	    POOL + 3, NULL, V_ACK, POOL + 3 },
	{ "takes its lease again", POOL + 3, HOLD_BOUND, 9, "x1", SELECTING,
	    POOL + 3, "x1", V_ACK, POOL + 3 },
	{ "takes an offer that we forgot", NOREC, SELECTING, POOL + 3, NULL,
	    V_ACK, POOL + 3 },
	{ "takes another's offer", POOL + 3, HOLD_OFFERED, 8, NULL, SELECTING,
	    POOL + 3, NULL, V_NAK, 0 },
	{ "takes another's lease", POOL + 3, HOLD_BOUND, 8, NULL, SELECTING,
	    POOL + 3, NULL, V_NAK, 0 },
	{ "takes a declined one", POOL + 3, HOLD_DECLINED, 8, NULL, SELECTING,
	    POOL + 3, NULL, V_NAK, 0 },
	{ "takes one of a host", NOREC, SELECTING, RESERVED, NULL, V_NAK, 0 },
	{ "takes ours", NOREC, SELECTING, ME, NULL, V_NAK, 0 },
	{ "takes one elsewhere", NOREC, SELECTING, FAR, NULL, V_NAK, 0 },
	{ "takes one of no range", NOREC, SELECTING, A(0x900), NULL, V_NAK,
	    0 },
	{ "takes nothing", NOREC, SELECTING, 0, NULL, V_SILENT, 0 },
	{ "takes another server's", POOL + 3, HOLD_OFFERED, 9, NULL, OTHER,
	    POOL + 3, NULL, V_SILENT, 0 },

	/* INIT-REBOOT, 4.3.2 */
	{ "reboots", POOL + 3, HOLD_BOUND, 9, NULL, REBOOT, POOL + 3, NULL,
	    V_ACK, POOL + 3 },
	{ "reboots after its end", POOL + 3, HOLD_FREE, 9, NULL, REBOOT,
	    POOL + 3, NULL, V_ACK, POOL + 3 },
	{ "reboots, no record", NOREC, REBOOT, POOL + 3, NULL, V_SILENT, 0 },
	{ "reboots with another address", POOL + 3, HOLD_BOUND, 9, NULL,
	    REBOOT, POOL + 4, NULL, V_NAK, 0 },
	{ "reboots with another's", POOL + 3, HOLD_BOUND, 8, NULL, REBOOT,
	    POOL + 3, NULL, V_NAK, 0 },
	{ "reboots elsewhere", NOREC, REBOOT, FAR, NULL, V_NAK, 0 },
	{ "reboots, no range, no record", NOREC, REBOOT, A(0x900), NULL,
	    V_SILENT, 0 },

	/* RENEWING, REBINDING, 4.3.2 */
	{ "renews", POOL + 3, HOLD_BOUND, 9, NULL, RENEW, POOL + 3, NULL,
	    V_ACK, POOL + 3 },
	{ "renews what we forgot", NOREC, RENEW, POOL + 3, NULL, V_ACK,
	    POOL + 3 },
	{ "renews another's", POOL + 3, HOLD_BOUND, 8, NULL, RENEW, POOL + 3,
	    NULL, V_NAK, 0 },
	{ "renews with another id", POOL + 3, HOLD_BOUND, 9, "x1", RENEW,
	    POOL + 3, "x2", V_NAK, 0 },
	{ "renews elsewhere", NOREC, RENEW, FAR, NULL, V_NAK, 0 },
	{ "renews, no range", NOREC, RENEW, A(0x900), NULL, V_SILENT, 0 },
	{ "renews, address of a host", NOREC, RENEW, RESERVED, NULL, V_NAK,
	    0 },
	{ "renews nothing", NOREC, RENEW, 0, NULL, V_SILENT, 0 },

	/* DECLINE, RELEASE, INFORM, 4.3.3 to 4.3.5 */
	{ "declines", POOL + 3, HOLD_BOUND, 9, NULL, DECLINE, POOL + 3, NULL,
	    V_DECLINE, POOL + 3 },
	{ "declines an offer", POOL + 3, HOLD_OFFERED, 9, "x1", DECLINE,
	    POOL + 3, "x1", V_DECLINE, POOL + 3 },
	{ "declines another's", POOL + 3, HOLD_BOUND, 8, NULL, DECLINE,
	    POOL + 3, NULL, V_SILENT, 0 },
	{ "declines, wrong id", POOL + 3, HOLD_BOUND, 9, "x1", DECLINE,
	    POOL + 3, "x2", V_SILENT, 0 },
	{ "declines, id of another MAC", POOL + 3, HOLD_BOUND, 8, "x1",
	    DECLINE, POOL + 3, "x1", V_SILENT, 0 },
	{ "declines a free one", NOREC, DECLINE, POOL + 3, NULL, V_SILENT, 0 },
	{ "releases", POOL + 3, HOLD_BOUND, 9, "x1", RELEASE, POOL + 3, "x1",
	    V_RELEASE, POOL + 3 },
	{ "releases another's", POOL + 3, HOLD_BOUND, 8, NULL, RELEASE,
	    POOL + 3, NULL, V_SILENT, 0 },
	{ "releases, wrong id", POOL + 3, HOLD_BOUND, 9, "x1", RELEASE,
	    POOL + 3, "x2", V_SILENT, 0 },
	{ "releases, id left out", POOL + 3, HOLD_BOUND, 9, "x1", RELEASE,
	    POOL + 3, NULL, V_SILENT, 0 },
	{ "releases, id of another MAC", POOL + 3, HOLD_BOUND, 8, "x1",
	    RELEASE, POOL + 3, "x1", V_SILENT, 0 },
	{ "releases an offer", POOL + 3, HOLD_OFFERED, 9, NULL, RELEASE,
	    POOL + 3, NULL, V_SILENT, 0 },
	{ "releases twice", POOL + 3, HOLD_FREE, 9, NULL, RELEASE, POOL + 3,
	    NULL, V_SILENT, 0 },
	{ "informs", NOREC, INFORM, A(0x900), NULL, V_INFORM, A(0x900) },
	{ "informs from elsewhere", NOREC, INFORM, FAR, NULL, V_SILENT, 0 },
	{ "informs without an address", NOREC, INFORM, 0, NULL, V_SILENT, 0 },
};

static void
row_request(struct dhcp_msg *m, const struct row *r)
{
	static const uint8_t	types[] = {
		[DISCOVER] = DHCP_DISCOVER, [SELECTING] = DHCP_REQUEST,
		[OTHER] = DHCP_REQUEST, [REBOOT] = DHCP_REQUEST,
		[RENEW] = DHCP_REQUEST, [DECLINE] = DHCP_DECLINE,
		[RELEASE] = DHCP_RELEASE, [INFORM] = DHCP_INFORM
	};

	req_init(m, types[r->form], 9);
	req_id(m, r->id);
	if (r->form == RENEW || r->form == RELEASE || r->form == INFORM)
		m->ciaddr = r->addr;
	else
		m->requested = r->addr;
	if (r->form == SELECTING || r->form == DECLINE)
		m->server = ME;
	if (r->form == OTHER)
		m->server = A(7);
}

static void
test_rows(void)
{
	struct dhcp_msg	m;
	size_t		i;

	for (i = 0; i < nitems(rows); i++) {
		setup();
		if (rows[i].state != -1)
			(void)have(rows[i].held, rows[i].holder,
			    rows[i].held_id, (enum hold_state)rows[i].state);
		row_request(&m, &rows[i]);
		decide(&m);
		CHECK_NAMED(v.kind == rows[i].want &&
		    (rows[i].want_addr == 0 || v.addr == rows[i].want_addr),
		    rows[i].name);
		if (v.kind == V_SILENT || v.kind == V_NAK)
			CHECK(v.why != NULL);
		if (v.kind != V_SILENT)
			CHECK(v.server == ME);
	}
}

/* Requests that a client sends, and servers' messages that it does not. */
static void
test_types(void)
{
	struct dhcp_msg	m;
	unsigned int	type;

	setup();
	for (type = 0; type < 256; type++) {
		if (type == DHCP_DISCOVER || type == DHCP_REQUEST ||
		    type == DHCP_DECLINE || type == DHCP_RELEASE ||
		    type == DHCP_INFORM)
			continue;
		req_init(&m, (uint8_t)type, 9);
		decide(&m);
		if (v.kind != V_SILENT)
			break;
	}
	CHECK(type == 256);
}

static void
test_spoofed(void)
{
	struct dhcp_msg	m;

	setup();
	(void)have(POOL + 3, 9, NULL, HOLD_BOUND);
	req_init(&m, DHCP_RELEASE, 9);
	m.ciaddr = POOL + 3;
	m.l2_src = mac_of(8);
	decide(&m);
	CHECK(v.kind == V_SILENT);
	link_here.relayed = 1;
	decide(&m);
	CHECK(v.kind == V_RELEASE);
	req_init(&m, DHCP_DECLINE, 9);
	m.requested = POOL + 3;
	decide(&m);
	CHECK_NAMED(v.kind == V_SILENT, "a DECLINE must name its server:");
	m.server = A(7);
	decide(&m);
	CHECK(v.kind == V_SILENT);
}

/* A link where we have no address: not a word. */
static void
test_no_address(void)
{
	struct msg_iface	iface = { .index = 1, .naddrs = 1 };
	struct dhcp_msg		m;

	setup();
	iface.addr[0] = FAR;
	iface.prefix[0] = 24;
	link_of_iface(&link_here, conf, &iface);
	req_init(&m, DHCP_DISCOVER, 9);
	decide(&m);
	CHECK(v.kind == V_SILENT);
	iface.addr[0] = ME;
	iface.index = 0;
	link_of_iface(&link_here, conf, &iface);
	decide(&m);
	CHECK(v.kind == V_SILENT);
}

/* Reserved addresses. */
static void
test_hosts(void)
{
	struct dhcp_msg	m;
	struct lease	*l;

	setup();
	req_init(&m, DHCP_DISCOVER, 2);
	req_id(&m, "any");
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == RESERVED && v.host == 0);
	CHECK(!v.unproven && v.loader == NULL);

	/* It holds an address of the pool: it is to come for its own. */
	l = have(POOL + 2, 2, "any", HOLD_BOUND);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == RESERVED && v.drop == l);
	req_init(&m, DHCP_REQUEST, 2);
	m.ciaddr = POOL + 2;
	decide(&m);
	CHECK(v.kind == V_NAK);
	req_init(&m, DHCP_REQUEST, 2);
	m.requested = RESERVED;
	decide(&m);
	CHECK_NAMED(v.kind == V_ACK && v.addr == RESERVED && v.drop == l,
	    "its reservation is a record of it:");

	/* Somebody uses it: an address of the pool, and we say so. */
	setup();
	(void)have(RESERVED, 8, NULL, HOLD_DECLINED);
	req_init(&m, DHCP_DISCOVER, 2);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL && v.skipped);
	setup();
	(void)have(RESERVED, 2, NULL, HOLD_DECLINED);
	decide(&m);
	CHECK_NAMED(v.addr == RESERVED && !v.skipped, "it is itself:");
	setup();
	(void)have(RESERVED, 8, NULL, HOLD_BOUND);
	decide(&m);
	CHECK_NAMED(v.addr == POOL && v.skipped, "leased before:");
	req_init(&m, DHCP_REQUEST, 8);
	m.ciaddr = RESERVED;
	decide(&m);
	CHECK_NAMED(v.kind == V_NAK, "its holder is sent away:");

	/* One in a range is nobody else's, also when it is the last one. */
	setup();
	req_init(&m, DHCP_DISCOVER, 4);
	decide(&m);
	CHECK(v.addr == A(0x10f));
}

/* Hosts that are known by something else than their MAC. */
static void
test_known(void)
{
	static const uint8_t	uuid[] = "\x00\x11\x22\x33\x44\x55\x66\x77"
				    "\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
	static const uint8_t	wire[] = "\0\x33\x22\x11\x00\x55\x44\x77\x66"
				    "\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
	struct conf_hostid	*id;
	struct dhcp_msg		 m;
	uint8_t			 option[17] = { 0 };

	setup();
	id = conf_add_hostid(conf);
	id->host = 1;
	id->kind = HOSTID_UUID;
	id->len = 16;
	memcpy(id->data, uuid, 16);
	id = conf_add_hostid(conf);
	id->host = 2;
	id->kind = HOSTID_CLIENT_ID;
	id->len = 4;
	id->text = 1;
	memcpy(id->data, "name", 4);
	req_init(&m, DHCP_DISCOVER, 9);
	CHECK(policy_host(conf, &m) == NONE);
	buf_init(&m.uuid, wire, 17);
	CHECK(policy_host(conf, &m) == 1);
	memcpy(option + 1, uuid, 16);
	buf_init(&m.uuid, option, 17);
	CHECK(policy_host(conf, &m) == 1);
	option[16] ^= 1;
	CHECK(policy_host(conf, &m) == NONE);
	req_id(&m, "name");
	CHECK(policy_host(conf, &m) == 2);
	buf_init(&m.id, "\0name", 5);
	CHECK(policy_host(conf, &m) == 2);
	buf_init(&m.id, "\1name", 5);
	CHECK(policy_host(conf, &m) == NONE);
	m.mac = mac_of(2);
	CHECK(policy_host(conf, &m) == 0);
	CHECK(conf_host_by_addr(conf, RESERVED) == 0);
	CHECK(conf_host_by_addr(conf, RESERVED + 1) == NONE);
	CHECK(conf_host_by_addr(conf, 0) == NONE);
}

/* One machine, five client ids, one address. */
static void
test_chain(void)
{
	static const char *const	ids[] = { NULL, "iPXE-id", "initrd-id",
					    "installer-id", "system-duid" };
	struct dhcp_msg			m;
	struct lease			*l;
	size_t				i;

	/* Known host without a reservation: always one lease. */
	setup();
	l = have(POOL + 4, 3, "other", HOLD_BOUND);
	for (i = 0; i < nitems(ids); i++) {
		req_init(&m, DHCP_DISCOVER, 3);
		req_id(&m, ids[i]);
		decide(&m);
		CHECK_NAMED(v.kind == V_OFFER && v.addr == POOL + 4 &&
		    v.takeover && v.lease == l, "known host");
		m.type = DHCP_REQUEST;
		m.requested = POOL + 4;
		m.server = ME;
		decide(&m);
		CHECK(v.kind == V_ACK && v.addr == POOL + 4);
	}

	/* Unknown machine: its boot stages, and what comes after them. */
	setup();
	l = have(POOL + 4, 9, NULL, HOLD_BOUND);
	req_init(&m, DHCP_DISCOVER, 9);
	req_id(&m, ids[1]);
	req_pxe(&m);
	decide(&m);
	CHECK_NAMED(v.addr == POOL + 4 && v.takeover, "unknown, boot stage");
	req_init(&m, DHCP_DISCOVER, 9);
	req_id(&m, ids[2]);
	decide(&m);
	CHECK_NAMED(v.addr != POOL + 4, "unknown, never booted");
	l->boot_s = (uint32_t)(NOW.us / 1000000) - 60;
	decide(&m);
	CHECK_NAMED(v.addr == POOL + 4 && v.takeover, "unknown, has booted");
	l->boot_s = (uint32_t)(NOW.us / 1000000) - BOOT_CHAIN_S - 1;
	decide(&m);
	CHECK_NAMED(v.addr != POOL + 4, "unknown, booted long ago");

	/* And when the configuration says so, RFC 2131 for all. */
	conf->global->identify = IDENTIFY_CLIENT_ID;
	l->boot_s = (uint32_t)(NOW.us / 1000000);
	req_pxe(&m);
	decide(&m);
	CHECK_NAMED(v.addr != POOL + 4, "identify by client-id");
	/* Somebody else on the same id is not the machine. */
	conf->global->identify = IDENTIFY_MACHINE;
	req_init(&m, DHCP_DISCOVER, 8);
	req_pxe(&m);
	decide(&m);
	CHECK(v.addr != POOL + 4 && !v.takeover);
}

struct boot_row {
	const char		*name;
	uint8_t			 n;		/* MAC: 3 is web3, 9 unknown */
	int			 state;		/* ticket; -1 none */
	enum unknown		 unknown;
	int			 pxe;
	int			 arch;
	enum verdict_kind	 want;
	int			 boots, firmware, no_loader;
};

static void
test_boot(void)
{
	static const struct boot_row	boots[] = {
		{ "no ticket", 3, -1, UNKNOWN_LOCAL, 1, 0, V_OFFER, 0, 0, 0 },
		{ "local", 3, TICKET_LOCAL, UNKNOWN_LOCAL, 1, 0, V_OFFER, 0, 0,
		    0 },
		{ "armed", 3, TICKET_ARMED, UNKNOWN_LOCAL, 1, 0, V_OFFER, 1, 0,
		    0 },
		{ "booting", 3, TICKET_BOOTING, UNKNOWN_LOCAL, 1, 0, V_OFFER,
		    1, 0, 0 },
		{ "installing", 3, TICKET_INSTALLING, UNKNOWN_LOCAL, 1, 0,
		    V_OFFER, 0, 1, 0 },
		{ "installing, its installer asks", 3, TICKET_INSTALLING,
		    UNKNOWN_LOCAL, 0, 0, V_OFFER, 0, 0, 0 },
		{ "installed", 3, TICKET_INSTALLED, UNKNOWN_LOCAL, 1, 0,
		    V_OFFER, 0, 0, 0 },
		{ "failed", 3, TICKET_FAILED, UNKNOWN_LOCAL, 1, 0, V_OFFER, 0,
		    0, 0 },
		{ "expired", 3, TICKET_EXPIRED, UNKNOWN_LOCAL, 1, 0, V_OFFER,
		    0, 0, 0 },
		{ "armed, does not boot", 3, TICKET_ARMED, UNKNOWN_LOCAL, 0, 0,
		    V_OFFER, 0, 0, 0 },
		{ "armed, no loader for it", 3, TICKET_ARMED, UNKNOWN_LOCAL, 1,
		    7, V_OFFER, 0, 0, 1 },
		{ "unknown local", 9, -1, UNKNOWN_LOCAL, 1, 0, V_OFFER, 0, 0,
		    0 },
		{ "unknown install", 9, -1, UNKNOWN_INSTALL, 1, 0, V_OFFER, 1,
		    0, 0 },
		{ "unknown ignore", 9, -1, UNKNOWN_IGNORE, 1, 0, V_SILENT, 0,
		    0, 0 },
		{ "unknown ignore, no boot", 9, -1, UNKNOWN_IGNORE, 0, 0,
		    V_OFFER, 0, 0, 0 },
		{ "known, no ticket, unknown install", 3, -1, UNKNOWN_INSTALL,
		    1, 0, V_OFFER, 0, 0, 0 },
		{ "known, unknown ignore", 3, TICKET_ARMED, UNKNOWN_IGNORE, 1,
		    0, V_OFFER, 1, 0, 0 },
	};
	const struct boot_row		*b;
	struct dhcp_msg			 m;
	size_t				 i;

	for (i = 0; i < nitems(boots); i++) {
		b = &boots[i];
		setup();
		conf->global->unknown = b->unknown;
		if (b->state != -1)
			ticket("web3", (enum ticket_state)b->state);
		req_init(&m, DHCP_DISCOVER, b->n);
		if (b->pxe) {
			req_pxe(&m);
			if (b->arch != 0)
				buf_init(&m.arch, "\0\7", 2);
		}
		decide(&m);
		CHECK_NAMED(v.kind == b->want &&
		    (v.loader != NULL) == b->boots &&
		    v.firmware == b->firmware && v.no_loader == b->no_loader,
		    b->name);
		if (b->boots)
			CHECK(v.next_server == ME);
	}

	/* A ticket whose time is over boots nobody. */
	setup();
	ticket("web3", TICKET_ARMED);
	req_init(&m, DHCP_DISCOVER, 3);
	req_pxe(&m);
	policy_decide(&v, &view, &link_here, &m, mono_add_s(NOW, 3600));
	CHECK(v.kind == V_OFFER && v.loader == NULL);
	conf->segment[0].next_server = A(0x42);
	decide(&m);
	CHECK(v.loader != NULL && v.next_server == A(0x42));
}

/* Proving addresses free, in all three modes. */
static void
test_probe(void)
{
	struct dhcp_msg	m;
	mono_t		later = mono_add_s(NOW, 60);
	struct lease	*l;

	setup();
	req_init(&m, DHCP_DISCOVER, 9);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.unproven);	/* nobody there to prove */
	view.arpd = 1;
	decide(&m);
	CHECK(v.kind == V_PROBE && v.addr == POOL &&
	    v.nprobe == PROBE_AHEAD && v.probe[0] == POOL);

	/* It waits for its address, but not for ever. */
	l = have(POOL, 9, NULL, HOLD_WAIT);
	decide(&m);
	CHECK(v.kind == V_PROBE && v.addr == POOL && v.nprobe == 1);
	policy_decide(&v, &view, &link_here, &m,
	    mono_add_ms(NOW, WAIT_FIRST_MS));
	CHECK(v.kind == V_OFFER && v.addr == POOL && v.unproven);
	/* Nor for what arpd says that it cannot do. */
	CHECK(lease_unprovable(view.leases, POOL));
	CHECK(!lease_unprovable(view.leases, POOL + 1));
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL && v.unproven);
	lease_proven(view.leases, POOL, later);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL && !v.unproven);
	lease_free(view.leases, l, NOW);

	/* Proven ones first, whatever it would rather have. */
	setup();
	view.arpd = 1;
	lease_proven(view.leases, POOL + 7, later);
	m.requested = POOL + 9;
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL + 7 && !v.unproven);
	lease_proven(view.leases, POOL + 9, later);
	decide(&m);
	CHECK(v.addr == POOL + 9 && !v.unproven);
	/* While one waits another is proven: that is taken, the first not. */
	l = have(POOL + 1, 9, NULL, HOLD_WAIT);
	m.requested = 0;
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL + 7 && v.drop == l);

	/* What is its own is looked at meanwhile, but with "probe always". */
	setup();
	view.arpd = 1;
	(void)have(POOL + 3, 9, NULL, HOLD_FREE);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL + 3 && v.nprobe == 1 &&
	    v.probe[0] == POOL + 3);
	lease_proven(view.leases, POOL + 3, later);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL + 3 && v.nprobe == 0);
	lease_proven(view.leases, POOL + 3, (mono_t){ 0 });
	conf->segment[0].probe = PROBE_ALWAYS;
	decide(&m);
	CHECK(v.kind == V_PROBE && v.addr == POOL + 3);
	(void)have(POOL + 3, 9, NULL, HOLD_WAIT);
	policy_decide(&v, &view, &link_here, &m, mono_add_ms(NOW, 5000));
	CHECK(v.kind == V_PROBE);
	(void)have(POOL + 3, 9, NULL, HOLD_BOUND);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL + 3);
	req_init(&m, DHCP_DISCOVER, 2);
	decide(&m);
	CHECK(v.kind == V_PROBE && v.addr == RESERVED);
	view.arpd = 0;
	req_init(&m, DHCP_DISCOVER, 8);
	decide(&m);
	CHECK(v.kind == V_PROBE);

	view.arpd = 1;
	link_here.relayed = 1;
	conf->segment[0].probe = PROBE_BACKGROUND;
	decide(&m);
	CHECK_NAMED(v.kind == V_PROBE, "behind a relay agent, too:");
	link_here.relayed = 0;

	conf->segment[0].probe = PROBE_OFF;
	decide(&m);
	CHECK(v.kind == V_OFFER && !v.unproven);
}

/* A pool that is full is silent; one MAC does not fill it by client ids. */
static void
test_full(void)
{
	struct dhcp_msg	m;
	uint32_t	i;
	char		id[8] = "id-a";

	setup();
	for (i = 0; i < 15; i++)
		(void)have(POOL + i, (uint8_t)(100 + i), NULL, HOLD_BOUND);
	req_init(&m, DHCP_DISCOVER, 9);
	decide(&m);
	CHECK(v.kind == V_SILENT);
	req_init(&m, DHCP_DISCOVER, 2);
	decide(&m);
	CHECK_NAMED(v.kind == V_OFFER && v.addr == RESERVED,
	    "a full pool is not full for hosts:");
	req_init(&m, DHCP_DISCOVER, 103);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL + 3);

	setup();
	conf->range[0].last = POOL + 200;
	leases_configure(view.leases, conf, NULL, 0);
	for (i = 0; i < LEASES_PER_MAC; i++) {
		id[3] = (char)('0' + i);
		(void)have(POOL + i, 9, id, HOLD_BOUND);
	}
	req_init(&m, DHCP_DISCOVER, 9);
	req_id(&m, "one-more");
	decide(&m);
	CHECK(v.kind == V_SILENT);
	lease_free(view.leases, lease_by_addr(view.leases, POOL + 7), NOW);
	decide(&m);
	CHECK(v.kind == V_OFFER && v.addr == POOL + 7);
}

/* A burst: nobody is offered what another was offered. */
static void
test_burst(void)
{
	struct dhcp_msg	m;
	struct owner	o;
	uint8_t		seen[2048] = { 0 };
	uint32_t	i, twice = 0, offers = 0;

	setup();
	conf->range[0].last = POOL + 2047;
	leases_configure(view.leases, conf, NULL, 0);
	for (i = 0; i < 2048; i++) {
		req_init(&m, DHCP_DISCOVER, (uint8_t)i);
		m.mac.b[4] = (uint8_t)(i / 256 + 1);
		m.requested = POOL + 100;	/* they all want this one */
		decide(&m);
		if (v.kind != V_OFFER)
			continue;
		offers++;
		twice += seen[v.addr - POOL]++;
		policy_owner(&m, &o);
		(void)lease_hold(view.leases, v.addr, &o, HOLD_OFFERED, NOW,
		    mono_add_s(NOW, OFFER_HOLD_S));
	}
	CHECK(offers == 2048 && twice == 0);
}

int
main(void)
{
	test_rows();
	test_types();
	test_spoofed();
	test_no_address();
	test_hosts();
	test_known();
	test_chain();
	test_boot();
	test_probe();
	test_full();
	test_burst();
	return (unit_done());
}
