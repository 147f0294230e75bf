/* SPDX-License-Identifier: ISC */
/*
 * Next to another server, and on port 4011: who is answered, how, and whose
 * the addresses are that others give out.
 */
#include "policy.h"
#include "unit.h"

#define THEIRS		A(2)		/* the other server */
#define ARMED		2		/* the host web1 */
#define OTHER		3		/* the host web3, not armed */
#define STRANGER	9

static struct claims	*claims;

static void
begin(int proxy)
{
	setup();
	conf->segment[0].proxy = (uint32_t)proxy;
	claims = claims_new();
	view.claims = claims;
	ticket("web1", TICKET_ARMED);
}

static void
uefi(struct dhcp_msg *m)
{
	struct conf_loader	*l = conf_add_loader(conf);

	l->arch = LOADER_EFI64;
	memcpy(l->path, "bootx64.efi", 12);
	req_pxe(m);
	buf_init(&m->arch, "\0\7", 2);
}

/* What it sends to port 4011 once it has an address. */
static void
req_4011(struct dhcp_msg *m, uint8_t n, uint32_t addr)
{
	req_init(m, DHCP_REQUEST, n);
	req_pxe(m);
	m->ciaddr = m->src = addr;
	m->dst = ME;
	m->sport = 68;
	m->dport = DHCP_PORT_PXE;
}

/* What it tells everybody when it takes an address of the other server. */
static void
req_choice(struct dhcp_msg *m, uint8_t n, uint32_t addr)
{
	req_init(m, DHCP_REQUEST, n);
	req_pxe(m);
	m->server = THEIRS;
	m->requested = addr;
	m->dport = DHCP_PORT_SERVER;
}

static void
learn(const struct dhcp_msg *m)
{
	decide(m);
	if (v.claim)
		proxy_learn(claims, conf, m, &v, NOW);
}

static int
is_of(uint32_t addr, uint8_t n)
{
	const struct claim	*c = claim_of_addr(claims, addr, NOW);

	return (c != NULL && !c->disputed && mac_equal(c->mac, mac_of(n)));
}

static void
test_offers(void)
{
	struct dhcp_msg	m;

	begin(1);
	req_init(&m, DHCP_DISCOVER, ARMED);
	req_pxe(&m);
	decide(&m);
	CHECK(v.kind == V_PROXY && v.addr == 0 && v.server == ME &&
	    v.next_server == ME && v.loader == &conf->loader[0] &&
	    v.pxe.profile == PROFILE_PXE && !v.claim);
	uefi(&m);
	decide(&m);
	CHECK(v.kind == V_PROXY && v.pxe.profile == PROFILE_BINL);
	buf_init(&m.user_class, "iPXE", 4);
	decide(&m);
	CHECK(v.kind == V_PROXY && v.pxe.profile == PROFILE_PXE);
	/* Not armed, not known, not booting: nothing of ours. */
	req_init(&m, DHCP_DISCOVER, OTHER);
	req_pxe(&m);
	decide(&m);
	CHECK(v.kind == V_SILENT && v.not_ours && v.loader == NULL);
	req_init(&m, DHCP_DISCOVER, STRANGER);
	req_pxe(&m);
	decide(&m);
	CHECK(v.kind == V_SILENT && v.not_ours);
	req_init(&m, DHCP_DISCOVER, ARMED);
	decide(&m);
	CHECK(v.kind == V_SILENT && v.not_ours);
	conf->global->unknown = UNKNOWN_INSTALL;
	req_init(&m, DHCP_DISCOVER, STRANGER);
	req_pxe(&m);
	decide(&m);
	CHECK(v.kind == V_PROXY && v.loader != NULL);
	/* A machine that we have nothing for: that is no ordinary silence. */
	buf_init(&m.arch, "\0\14", 2);
	decide(&m);
	CHECK(v.kind == V_SILENT && !v.not_ours && v.no_loader);
}

static void
test_others(void)
{
	static const uint8_t	types[] = { DHCP_DECLINE, DHCP_RELEASE,
		DHCP_INFORM, DHCP_BOOTP };
	struct dhcp_msg		m;
	size_t			i;

	for (i = 0; i < nitems(types); i++) {
		begin(1);
		req_init(&m, types[i], ARMED);
		req_pxe(&m);
		m.ciaddr = m.requested = POOL;
		decide(&m);
		CHECK(v.kind == V_SILENT && v.not_ours && !v.claim);
	}
	/* A plain REQUEST, and one that comes back, are the other server's. */
	begin(1);
	req_init(&m, DHCP_REQUEST, ARMED);
	req_pxe(&m);
	m.requested = POOL;
	decide(&m);
	CHECK(v.kind == V_SILENT && !v.claim);
	/* One that names us is a request to a boot server. */
	m.server = ME;
	m.requested = 0;
	m.ciaddr = m.src = POOL;
	decide(&m);
	CHECK(v.kind == V_PROXY && v.addr == POOL && v.claim);
}

static void
test_choice(void)
{
	struct dhcp_msg	m;

	begin(1);
	req_choice(&m, ARMED, POOL);
	learn(&m);
	CHECK(v.kind == V_SILENT && v.not_ours && v.claim && is_of(POOL,
	    ARMED));
	CHECK(strcmp(claim_of_addr(claims, POOL, NOW)->host, "web1") == 0);
	/* It takes another one: the first is nobody's. */
	req_choice(&m, ARMED, POOL + 1);
	learn(&m);
	CHECK(is_of(POOL + 1, ARMED) && claim_of_addr(claims, POOL, NOW) ==
	    NULL);
	/* The installer of an armed machine does not say PXEClient. */
	req_choice(&m, ARMED, POOL + 1);
	buf_init(&m.class, "d-i", 3);
	buf_init(&m.arch, NULL, 0);
	learn(&m);
	CHECK(v.claim && is_of(POOL + 1, ARMED));
	/* Of those who get nothing from us nothing is remembered. */
	req_choice(&m, OTHER, POOL + 2);
	learn(&m);
	CHECK(!v.claim && claim_of_addr(claims, POOL + 2, NOW) == NULL);
	req_choice(&m, STRANGER, POOL + 2);
	learn(&m);
	CHECK(!v.claim);
}

/* What cannot be true. */
static void
test_lies(void)
{
	struct dhcp_msg	m;

	begin(1);
	req_choice(&m, ARMED, FAR);
	learn(&m);
	CHECK(!v.claim);
	req_choice(&m, ARMED, ME);
	learn(&m);
	CHECK(!v.claim);
	req_choice(&m, ARMED, A(0x10f));	/* of web4 */
	learn(&m);
	CHECK(!v.claim);
	req_choice(&m, ARMED, POOL);
	m.l2_src = mac_of(STRANGER);
	learn(&m);
	CHECK(!v.claim && claim_of_addr(claims, POOL, NOW) == NULL);
	req_4011(&m, ARMED, POOL);
	m.src = POOL + 1;
	learn(&m);
	CHECK(v.kind == V_SILENT);
	req_4011(&m, ARMED, POOL);
	m.src = 0;
	learn(&m);
	CHECK(v.kind == V_SILENT);
	req_4011(&m, ARMED, POOL);
	m.l2_src = mac_of(STRANGER);
	learn(&m);
	CHECK(v.kind == V_SILENT && !v.claim);
	req_4011(&m, ARMED, POOL);
	m.type = DHCP_DISCOVER;
	learn(&m);
	CHECK(v.kind == V_SILENT && !v.claim);
	req_4011(&m, ARMED, FAR);
	learn(&m);
	CHECK(v.kind == V_SILENT && !v.claim);
}

/* Two machines, one address: neither is believed, and it rests. */
static void
test_dispute(void)
{
	struct dhcp_msg		 m;
	const struct claim	*c;

	begin(1);
	req_choice(&m, ARMED, POOL);
	learn(&m);
	req_choice(&m, STRANGER, POOL);
	learn(&m);
	c = claim_of_addr(claims, POOL, NOW);
	CHECK(v.claim && c != NULL && c->disputed);
	CHECK(claim_of_mac(claims, mac_of(ARMED), NOW) == NULL);
	/* Neither may have it again before its time. */
	req_4011(&m, ARMED, POOL);
	learn(&m);
	CHECK(v.kind == V_SILENT && !is_of(POOL, ARMED));
	CHECK(claim_of_addr(claims, POOL, NOW)->expire_us ==
	    mono_add_s(NOW, DISPUTE_S).us);
	CHECK(claim_of_addr(claims, POOL, mono_add_s(NOW, DISPUTE_S)) == NULL);
	/* Another address is another matter. */
	req_choice(&m, ARMED, POOL + 1);
	learn(&m);
	CHECK(is_of(POOL + 1, ARMED));
	CHECK(claim_of_addr(claims, POOL, NOW)->disputed);
}

static void
test_4011(void)
{
	struct dhcp_msg	m;

	/* Next to another server. */
	begin(1);
	req_4011(&m, ARMED, POOL);
	learn(&m);
	CHECK(v.kind == V_PROXY && v.addr == POOL && v.loader != NULL &&
	    v.claim && is_of(POOL, ARMED));
	m.type = DHCP_INFORM;
	learn(&m);
	CHECK(v.kind == V_PROXY);
	m.ciaddr = 0;				/* its source is enough */
	learn(&m);
	CHECK(v.kind == V_PROXY && v.addr == POOL);
	req_4011(&m, OTHER, POOL + 1);
	learn(&m);
	CHECK(v.kind == V_SILENT && v.not_ours && !v.claim);
	/* With leases of ours: for who has the lease. */
	begin(0);
	req_4011(&m, ARMED, RESERVED);
	decide(&m);
	CHECK(v.kind == V_SILENT && !v.claim);
	(void)have(RESERVED, ARMED, NULL, HOLD_BOUND);
	decide(&m);
	CHECK(v.kind == V_PROXY && v.addr == RESERVED && !v.claim);
	(void)have(POOL, STRANGER, NULL, HOLD_BOUND);
	req_4011(&m, ARMED, POOL);
	decide(&m);
	CHECK(v.kind == V_SILENT);
	(void)have(POOL + 1, ARMED, NULL, HOLD_OFFERED);
	req_4011(&m, ARMED, POOL + 1);
	decide(&m);
	CHECK(v.kind == V_SILENT);
	/* Who does not boot has no business there. */
	req_4011(&m, ARMED, RESERVED);
	buf_init(&m.class, NULL, 0);
	decide(&m);
	CHECK(v.kind == V_SILENT);
}

/* The octets. */
static const uint8_t *
find(const uint8_t *octets, size_t len, uint8_t code, int *n)
{
	size_t	at;

	for (at = DHCP_HDRLEN + 4; at + 1 < len && octets[at] != OPT_END;) {
		if (octets[at] == OPT_PAD) {
			at++;
			continue;
		}
		if (octets[at] == code) {
			*n = octets[at + 1];
			return (octets + at + 2);
		}
		at += 2U + octets[at + 1];
	}
	*n = -1;
	return (octets);
}

static int
has(const uint8_t *octets, size_t len, uint8_t code, const char *value,
    int want)
{
	const uint8_t	*p;
	int		 n;

	p = find(octets, len, code, &n);
	return (n == want && (n < 1 || memcmp(p, value, (size_t)n) == 0));
}

static void
test_octets(void)
{
	static const uint8_t	absent[] = { OPT_LEASE_TIME, OPT_T1, OPT_T2,
		OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_DOMAIN, OPT_HOST_NAME,
		OPT_REQUESTED, OPT_IPXE };
	struct dhcp_msg		m;
	struct conf_option	*o;
	uint8_t			octets[DHCP_PAYLOAD_MAX];
	size_t			i, len;
	int			n;

	begin(1);
	conf->segment[0].nrouters = 1;
	conf->segment[0].router[0] = ME;
	o = conf_add_option(conf);
	o->level = OPTION_SUBNET;
	o->code = 209;
	o->len = 3;
	memcpy(o->data, "cfg", 3);
	req_init(&m, DHCP_DISCOVER, ARMED);
	m.xid = 7;
	req_pxe(&m);
	buf_init(&m.uuid, "\0abcdefghijklmnop", 17);
	buf_init(&m.id, "\1xyz", 4);
	decide(&m);
	len = reply_build(octets, conf, &m, &v, 1500);
	CHECK(len >= DHCP_MIN_LEN && octets[0] == 2);
	CHECK(memcmp(octets + 12, "\0\0\0\0\0\0\0\0\12\115\0\1", 12) == 0);
	CHECK(strcmp((char *)octets + 108, "pxelinux.0") == 0);
	CHECK(has(octets, len, OPT_TYPE, "\2", 1));
	CHECK(has(octets, len, OPT_SERVER, "\12\115\0\1", 4));
	CHECK(has(octets, len, OPT_CLASS, "PXEClient", 9));
	CHECK(has(octets, len, OPT_VENDOR, "\6\1\10\377", 4));
	CHECK(has(octets, len, OPT_UUID, "\0abcdefghijklmnop", 17));
	CHECK(has(octets, len, OPT_BOOT_FILE, "pxelinux.0", 10));
	CHECK(has(octets, len, OPT_CLIENT_ID, "\1xyz", 4));
	CHECK(has(octets, len, 208, "\xf1\0\x74\x7e", 4));
	CHECK(has(octets, len, 209, "cfg", 3));
	CHECK(find(octets, len, 208, &n) < find(octets, len, 209, &n));
	for (i = 0; i < nitems(absent); i++)
		CHECK(has(octets, len, absent[i], "", -1));

	req_4011(&m, ARMED, POOL);
	uefi(&m);
	buf_init(&m.vendor, "\107\4\0\1\0\0\377", 7);
	decide(&m);
	len = reply_build(octets, conf, &m, &v, 1500);
	CHECK(has(octets, len, OPT_TYPE, "\5", 1));
	CHECK(has(octets, len, OPT_CLASS, "PXEClient", 9));
	CHECK(has(octets, len, OPT_VENDOR, "\107\4\0\1\0\0\377", 7));
	CHECK(strcmp((char *)octets + 108, "bootx64.efi") == 0);
	/* Its own address in ciaddr; but it is given none. */
	CHECK(memcmp(octets + 12, "\12\115\1\0\0\0\0\0\12\115\0\1", 12) == 0);
	CHECK(has(octets, len, OPT_LEASE_TIME, "", -1));
}

static struct claim
claim_of(uint32_t addr, uint32_t n, int known)
{
	struct claim	c = { .addr = addr, .known = (uint8_t)known,
			    .expire_us = mono_add_s(NOW, 60).us };

	c.mac = (struct mac){ { 2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
	    (uint8_t)(n >> 8), (uint8_t)n } };
	return (c);
}

/* Full of strangers, there is room for hosts; what is over makes room. */
static void
test_room(void)
{
	struct claims		*cs = claims_new();
	struct msg_grant	 g[100];
	struct claim		 c;
	uint32_t		 i, n = 0, cursor = 0, lost = 0;
	size_t			 k;

	for (i = 1; i <= 2 * CLAIMS_MAX; i++) {
		c = claim_of(i, i, 0);
		n += claim_put(cs, &c, NOW) == 0;
	}
	CHECK(n > CLAIMS_MAX / 2 && n < CLAIMS_MAX);
	c = claim_of(A(5), 1000000, 1);
	CHECK(claim_put(cs, &c, NOW) == 0);
	for (i = 1; i <= n; i++) {
		c = claim_of(i, i, 0);
		lost += claim_of_addr(cs, i, NOW) == NULL ||
		    claim_of_mac(cs, c.mac, NOW) !=
		    claim_of_addr(cs, i, NOW);
	}
	CHECK(lost == 0);
	for (i = 0; (k = claim_grants(cs, NOW, &cursor, g, nitems(g))) > 0;)
		i += (uint32_t)k;
	CHECK(i == n + 1);
	/* A minute later all of them are over. */
	CHECK(claim_of_addr(cs, 1, mono_add_s(NOW, 60)) == NULL);
	c = claim_of(A(6), 2000000, 0);
	c.expire_us = mono_add_s(NOW, 120).us;
	CHECK(claim_put(cs, &c, mono_add_s(NOW, 61)) == 0);
	for (i = 1; i <= CLAIMS_MAX / 2; i++) {
		c = claim_of(i, i + CLAIMS_MAX, 0);
		c.expire_us = mono_add_s(NOW, 120).us;
		lost += claim_put(cs, &c, mono_add_s(NOW, 61)) == -1;
	}
	CHECK(lost == 0);
	claim_drop(cs, A(6));
	claim_drop(cs, A(6));
	CHECK(claim_of_addr(cs, A(6), NOW) == NULL);
	free(cs);
}

int
main(void)
{
	test_offers();
	test_others();
	test_choice();
	test_lies();
	test_dispute();
	test_4011();
	test_octets();
	test_room();
	return (unit_done());
}
