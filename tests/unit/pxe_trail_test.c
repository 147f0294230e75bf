/* SPDX-License-Identifier: ISC */
/*
 * Machines that boot in circles, and those that only seem to: whole boots as
 * rows of requests at times, decided and noted as dhcpd does it.
 */
#include "policy.h"
#include "unit.h"

#define FIRMWARE	2	/* the host web1 */
#define HTTP		"HTTPClient:Arch:00016:UNDI:003001"

static struct trails	*trails;
static mono_t		 clock_at;
static uint32_t		 xid;

static void
begin(void)
{
	setup();
	trails = trails_new();
	view.trails = trails;
	clock_at = NOW;
	xid = 100;
	ticket("web1", TICKET_ARMED);
}

static void
loader(enum loader_arch arch, const char *path)
{
	struct conf_loader	*l = conf_add_loader(conf);

	l->arch = arch;
	memcpy(l->path, path, strlen(path) + 1);
}

enum who { PLAIN, IPXE, UEFI, HTTP_BOOT, SYSTEM };

static void
make(struct dhcp_msg *m, uint8_t type, enum who who)
{
	req_init(m, type, FIRMWARE);
	m->xid = xid;
	m->dport = DHCP_PORT_SERVER;
	if (who == SYSTEM)
		return;
	req_pxe(m);
	if (who == UEFI || who == HTTP_BOOT)
		buf_init(&m->arch, "\0\7", 2);
	if (who == HTTP_BOOT)
		buf_init(&m->class, HTTP, sizeof(HTTP) - 1);
	if (who == IPXE)
		buf_init(&m->user_class, "iPXE", 4);
}

static void
play(const struct dhcp_msg *m)
{
	policy_decide(&v, &view, &link_here, m, clock_at);
	trail_note(trails, m, &v, clock_at);
}

static void
discover(enum who who)
{
	struct dhcp_msg	m;

	make(&m, DHCP_DISCOVER, who);
	play(&m);
}

static void
request(enum who who)
{
	struct dhcp_msg	m;

	make(&m, DHCP_REQUEST, who);
	m.server = ME;
	m.requested = RESERVED;
	play(&m);
}

static void
wait(int seconds)
{
	clock_at = mono_add_s(clock_at, seconds);
}

/* Power-on to loader, and what comes after; 1 when it got the loader. */
static int
boot(enum who who, int seconds)
{
	int	got;

	xid++;
	discover(who);
	got = v.loader != NULL;
	wait(1);
	request(who);
	if ((v.loader != NULL) != got)
		return (-1);
	wait(seconds - 1);
	return (got);
}

/* The same stage again and again: stopped, and only for a while. */
static void
test_circles(void)
{
	int	i, got = 0;

	begin();
	for (i = 0; i < TRAIL_ROUNDS; i++)
		got += boot(PLAIN, 10) == 1;
	CHECK(got == TRAIL_ROUNDS);
	for (i = 0; i < 5; i++)
		CHECK(boot(PLAIN, 10) == 0);
	discover(PLAIN);
	CHECK(v.circles && v.kind == V_OFFER && v.loader == NULL);
	wait(TRAIL_REST_S);
	for (i = 0; i < TRAIL_ROUNDS; i++)
		CHECK(boot(PLAIN, 10) == 1);
	CHECK(boot(PLAIN, 10) == 0);
	trails_clear(trails);
	CHECK(boot(PLAIN, 10) == 1);
}

/* Three times off and on again, as fast as a machine comes back. */
static void
test_power_cycles(void)
{
	int	i;

	begin();
	for (i = 0; i < 4; i++)
		CHECK(boot(PLAIN, 15) == 1);
	/* Slower than a minute it may go on for ever. */
	begin();
	for (i = 0; i < 12; i++)
		CHECK(boot(PLAIN, TRAIL_GAP_S + 5) == 1);
}

/* No REQUEST ever comes: it tries for hours, and is answered for hours. */
static void
test_retries(void)
{
	static const int	pause[] = { 4, 8, 16, 32 };
	int			i, j, got = 0;

	begin();
	for (i = 0; i < 20; i++) {
		xid++;
		for (j = 0; j < 4; j++) {
			discover(PLAIN);
			got += v.loader != NULL;
			wait(pause[j]);
		}
	}
	CHECK(got == 80);
	/* A lost ACK: the REQUEST is sent again, and is one boot. */
	begin();
	for (i = 0; i < 3; i++) {
		discover(PLAIN);
		wait(1);
		for (j = 0; j < 4; j++) {
			request(PLAIN);
			wait(4);
		}
		xid++;
	}
	discover(PLAIN);
	CHECK(v.loader != NULL);
}

/* Every stage once a boot: however often, somebody makes progress. */
static void
test_chain(void)
{
	int	i;

	begin();
	loader(LOADER_IPXE, "http://10.77.0.1/ipxe");
	for (i = 0; i < 10; i++) {
		CHECK(boot(PLAIN, 5) == 1);
		CHECK(boot(IPXE, 10) == 1);
	}
	/* And so does a system that comes up in between. */
	begin();
	for (i = 0; i < 10; i++) {
		CHECK(boot(PLAIN, 10) == 1);
		xid++;
		discover(SYSTEM);
		wait(5);
	}
}

/* An iPXE that is sent in circles by its script. */
static void
test_ipxe_circles(void)
{
	int	i;

	begin();
	loader(LOADER_IPXE, "http://10.77.0.1/ipxe");
	CHECK(boot(PLAIN, 5) == 1);
	for (i = 0; i < TRAIL_ROUNDS; i++)
		CHECK(boot(IPXE, 5) == 1);
	CHECK(boot(IPXE, 5) == 0);
	/* Its firmware is another stage. */
	CHECK(boot(PLAIN, 5) == 1);
}

static int
is_script(void)
{
	return (v.loader == &pxe_script);
}

/* iPXE that would be given iPXE. */
static void
test_chainload(void)
{
	static struct dhcp_msg	m;

	/* By the name of the file. */
	begin();
	loader(LOADER_IPXE, "undionly.kpxe");
	discover(IPXE);
	CHECK(is_script());
	begin();
	memcpy(conf->loader[0].path, "undionly.kpxe", 14);
	CHECK(boot(PLAIN, 5) == 1 && v.loader == &conf->loader[0]);
	CHECK(boot(IPXE, 5) == 1 && is_script());
	/* By what became of it, whatever its name. */
	begin();
	memcpy(conf->loader[0].path, "boot.bin", 9);
	CHECK(boot(PLAIN, 5) == 1 && v.loader == &conf->loader[0]);
	CHECK(boot(IPXE, 5) == 1 && is_script());
	/* A card that is iPXE itself gets what the others get, but not often. */
	begin();
	CHECK(boot(IPXE, 5) == 1 && v.loader == &conf->loader[0]);
	CHECK(boot(IPXE, 5) == 1 && v.loader == &conf->loader[0]);
	CHECK(boot(IPXE, 5) == 1 && is_script());
	CHECK(boot(IPXE, 5) == 1 && is_script());
	CHECK(boot(IPXE, 5) == 1 && is_script());
	CHECK(boot(IPXE, 5) == 1 && is_script());
	CHECK(boot(IPXE, 5) == 0);
	begin();
	CHECK(boot(IPXE, 5) == 1 && boot(IPXE, 90) == 1);
	CHECK(boot(IPXE, 5) == 1 && v.loader == &conf->loader[0]);
	/* Nothing for its architecture: the script is for all. */
	begin();
	make(&m, DHCP_DISCOVER, IPXE);
	buf_init(&m.arch, "\0\13", 2);
	play(&m);
	CHECK(is_script() && !v.no_loader);
	/* Without HTTP: a better one, but not itself. */
	begin();
	memcpy(conf->loader[0].path, "undionly.kpxe", 14);
	make(&m, DHCP_DISCOVER, IPXE);
	buf_init(&m.ipxe, "\x15\1\1", 3);
	play(&m);
	CHECK(v.loader == &conf->loader[0]);
	CHECK(boot(PLAIN, 5) == 1);
	play(&m);
	CHECK(v.loader == NULL && v.no_loader);
	/* Somebody who is not armed gets nothing, whatever it is. */
	begin();
	ticket("web1", TICKET_LOCAL);
	discover(IPXE);
	CHECK(v.loader == NULL && !v.no_loader && !v.circles);
}

/* Armed again, it begins anew. */
static void
test_new_ticket(void)
{
	struct msg_ticket	t = { .state = TICKET_ARMED,
				    .expire_us = INT64_MAX, .host = "web1",
				    .token = "00112233445566778899aabbccddeeff" };
	int			i;

	begin();
	facts_ticket(view.facts, &t);
	for (i = 0; i < TRAIL_ROUNDS; i++)
		CHECK(boot(PLAIN, 10) == 1);
	CHECK(boot(PLAIN, 10) == 0);
	t.token[0] = 'f';
	facts_ticket(view.facts, &t);
	CHECK(boot(PLAIN, 10) == 1);
}

/* UEFI that does not take what it is offered. */
static void
test_profiles(void)
{
	static const enum pxe_profile	want[] = {
		PROFILE_PLAIN, PROFILE_PLAIN, PROFILE_PXE, PROFILE_PXE,
		PROFILE_BINL, PROFILE_BINL, PROFILE_PLAIN
	};
	size_t				i;

	begin();
	loader(LOADER_EFI64, "bootx64.efi");
	loader(LOADER_EFI64_HTTP, "bootx64.efi");
	for (i = 0; i < nitems(want); i++) {
		discover(UEFI);
		CHECK(v.pxe.profile == want[i]);
		wait(4);
	}
	/* It takes the third kind, and is met with it the next time. */
	begin();
	loader(LOADER_EFI64, "bootx64.efi");
	for (i = 0; i < 3; i++) {
		discover(UEFI);
		wait(4);
	}
	request(UEFI);
	CHECK(v.kind == V_ACK && v.loader != NULL);
	wait(300);
	xid++;
	discover(UEFI);
	CHECK(v.pxe.profile == PROFILE_PXE);
	/* An ACK is as its offer was. */
	begin();
	loader(LOADER_EFI64, "bootx64.efi");
	discover(UEFI);
	wait(4);
	discover(UEFI);
	wait(4);
	request(UEFI);
	CHECK(v.kind == V_ACK && v.pxe.profile == PROFILE_PLAIN);
	/* Two relay agents bring it twice at once. */
	begin();
	loader(LOADER_EFI64, "bootx64.efi");
	discover(UEFI);
	discover(UEFI);
	wait(4);
	discover(UEFI);
	CHECK(v.pxe.profile == PROFILE_PLAIN);
	/* Others have one way only. */
	begin();
	loader(LOADER_EFI64_HTTP, "bootx64.efi");
	for (i = 0; i < 4; i++) {
		discover(PLAIN);
		CHECK(v.pxe.profile == PROFILE_PXE);
		wait(4);
	}
	for (i = 0; i < 4; i++) {
		discover(HTTP_BOOT);
		CHECK(v.pxe.profile == PROFILE_HTTP);
		wait(4);
	}
}

static const struct {
	uint16_t	secs;
	unsigned int	late;
} lates[] = {
	{ 0, 0 }, { 4, 0 }, { 19, 0 }, { 20, 20 }, { 48, 48 },
	{ 0x1e00, 30 }, { 0x0400, 0 }, { 600, 600 }, { 601, 0 },
	{ 0xffff, 0 },
};

static void
test_late(void)
{
	struct dhcp_msg	m;
	size_t		i;

	for (i = 0; i < nitems(lates); i++) {
		begin();
		make(&m, DHCP_DISCOVER, PLAIN);
		m.secs = lates[i].secs;
		play(&m);
		CHECK(v.late_s == lates[i].late);
	}
	/* What follows is late by our own doing, or by its own. */
	begin();
	discover(PLAIN);
	wait(28);
	make(&m, DHCP_DISCOVER, PLAIN);
	m.secs = 28;
	play(&m);
	CHECK(v.late_s == 0);
}

/* A flood of made-up machines: nothing grows, and nobody else is refused. */
static void
test_flood(void)
{
	struct dhcp_msg	m;
	uint32_t	i;
	int		refused = 0;

	begin();
	conf->global->unknown = UNKNOWN_INSTALL;
	for (i = 0; i < 100000; i++) {
		make(&m, DHCP_DISCOVER, PLAIN);
		m.mac = m.l2_src = (struct mac){ { 2, 0, (uint8_t)(i >> 24),
		    (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
		m.xid = i;
		v = (struct verdict){ .kind = V_OFFER, .host = NONE,
		    .loader = &conf->loader[0] };
		pxe_classify(&m, &v.pxe);
		trail_note(trails, &m, &v, clock_at);
	}
	for (i = 0; i < TRAIL_ROUNDS; i++)
		refused += boot(PLAIN, 10) != 1;
	CHECK(refused == 0);
	CHECK(boot(PLAIN, 10) == 0);
}

int
main(void)
{
	test_circles();
	test_power_cycles();
	test_retries();
	test_chain();
	test_ipxe_circles();
	test_chainload();
	test_new_ticket();
	test_profiles();
	test_late();
	test_flood();
	return (unit_done());
}
