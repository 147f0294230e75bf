/* SPDX-License-Identifier: ISC */
/*
 * Boot stages: what they say about themselves, what they boot, and the
 * options that tell them, octet by octet.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd/dhcpd.h"
#include "unit.h"

#define A(text)		text, sizeof(text) - 1
#define PXE0		"PXEClient:Arch:00000:UNDI:002001"
#define PXE7		"PXEClient:Arch:00007:UNDI:003016"
#define HTTP16		"HTTPClient:Arch:00016:UNDI:003001"
#define FEATURES	"\x13\1\1\x24\1\1"	/* of iPXE: HTTP, EFI */
#define NO_HTTP		"\x15\1\1\x24\1\1"	/* TFTP, EFI */

static struct conf	*conf;

/* One row a kind, with the kind's name for a path. */
static void
make_conf(void)
{
	struct conf_loader	*l;
	uint32_t		 kind;

	conf = conf_new();
	for (kind = 0; kind < LOADER_MAX; kind++) {
		if (kind == LOADER_ARM32_HTTP || kind == LOADER_RPI)
			continue;
		l = conf_add_loader(conf);
		l->arch = kind;
		memcpy(l->path, loader_names[kind],
		    strlen(loader_names[kind]) + 1);
	}
}

static const struct stage {
	const char	*name;
	const char	*class;
	const char	*arch;
	size_t		 arch_len;
	const char	*user;
	size_t		 user_len;
	const char	*encap;		/* option 175 */
	size_t		 encap_len;
	int		 boots, ipxe, number;
	enum pxe_profile profile;
	const char	*loader;	/* NULL: none */
} stages[] = {
	{ "BIOS", PXE0, A("\0\0"), A(""), A(""), 1, 0, 0, PROFILE_PXE,
	    "bios" },
	{ "BIOS without 93", PXE0, A(""), A(""), A(""), 1, 0, 0, PROFILE_PXE,
	    "bios" },
	{ "only PXEClient", "PXEClient", A(""), A(""), A(""), 1, 0,
	    ARCH_UNKNOWN, PROFILE_PXE, NULL },
	{ "ia32", PXE0, A("\0\6"), A(""), A(""), 1, 0, 6, PROFILE_PLAIN,
	    "efi32" },
	{ "x64", PXE7, A("\0\7"), A(""), A(""), 1, 0, 7, PROFILE_PLAIN,
	    "efi64" },
	{ "x64 without 93", PXE7, A(""), A(""), A(""), 1, 0, 7,
	    PROFILE_PLAIN, "efi64" },
	{ "x64 as 9", PXE0, A("\0\11"), A(""), A(""), 1, 0, 9,
	    PROFILE_PLAIN, "efi64" },
	{ "arm32", PXE0, A("\0\12"), A(""), A(""), 1, 0, 10, PROFILE_PLAIN,
	    "arm32" },
	{ "arm64", PXE0, A("\0\13"), A(""), A(""), 1, 0, 11, PROFILE_PLAIN,
	    "arm64" },
	{ "riscv64", PXE0, A("\0\33"), A(""), A(""), 1, 0, 27, PROFILE_PLAIN,
	    "riscv64" },
	{ "loong64", PXE0, A("\0\47"), A(""), A(""), 1, 0, 39, PROFILE_PLAIN,
	    "loong64" },
	{ "x64 by HTTP", HTTP16, A("\0\20"), A(""), A(""), 1, 0, 16,
	    PROFILE_HTTP, "efi64-http" },
	{ "x64 by HTTP without 93", HTTP16, A(""), A(""), A(""), 1, 0, 16,
	    PROFILE_HTTP, "efi64-http" },
	{ "HTTP by its class alone", "HTTPClient", A("\0\7"), A(""), A(""), 1,
	    0, 7, PROFILE_HTTP, "efi64-http" },
	{ "an HTTP number of PXE", PXE7, A("\0\20"), A(""), A(""), 1, 0, 16,
	    PROFILE_PLAIN, "efi64" },
	{ "ia32 by HTTP", "HTTPClient", A("\0\17"), A(""), A(""), 1, 0, 15,
	    PROFILE_HTTP, "efi32-http" },
	{ "arm64 by HTTP", "HTTPClient", A("\0\23"), A(""), A(""), 1, 0, 19,
	    PROFILE_HTTP, "arm64-http" },
	{ "riscv64 by HTTP", "HTTPClient", A("\0\34"), A(""), A(""), 1, 0, 28,
	    PROFILE_HTTP, "riscv64-http" },
	{ "loong64 by HTTP", "HTTPClient", A("\0\50"), A(""), A(""), 1, 0, 40,
	    PROFILE_HTTP, "loong64-http" },
	{ "arm32 by HTTP has no loader", "HTTPClient", A("\0\22"), A(""),
	    A(""), 1, 0, 18, PROFILE_HTTP, NULL },
	{ "BIOS by HTTP has none", "HTTPClient", A("\0\0"), A(""), A(""), 1,
	    0, 0, PROFILE_HTTP, NULL },
	{ "PowerPC", PXE0, A("\0\14"), A(""), A(""), 1, 0, 12, PROFILE_PLAIN,
	    NULL },
	{ "a number that nobody knows", PXE0, A("\x12\x34"), A(""), A(""), 1,
	    0, 0x1234, PROFILE_PLAIN, NULL },
	{ "93 is unknown, 60 is not", PXE0, A("\x12\x34"), A(""), A(""), 1, 0,
	    0x1234, PROFILE_PLAIN, NULL },
	{ "a list", PXE7, A("\0\14\0\7\0\0"), A(""), A(""), 1, 0, 7,
	    PROFILE_PLAIN, "efi64" },
	{ "a list of what nobody knows", PXE7, A("\0\14\0\15"), A(""), A(""),
	    1, 0, 12, PROFILE_PLAIN, NULL },
	{ "a list whose first has no loader", "HTTPClient",
	    A("\0\22\0\23"), A(""), A(""), 1, 0, 18, PROFILE_HTTP,
	    "arm64-http" },
	{ "iPXE, raw", PXE0, A("\0\0"), A("iPXE"), A(FEATURES), 1, 1, 0,
	    PROFILE_PLAIN, "ipxe" },
	{ "iPXE, RFC 3004", PXE0, A("\0\0"), A("\4iPXE"), A(""), 1, 1, 0,
	    PROFILE_PLAIN, "ipxe" },
	{ "iPXE, second of a list", PXE7, A("\0\7"), A("\3abc\4iPXE"), A(""),
	    1, 1, 7, PROFILE_PLAIN, "ipxe" },
	{ "iPXE by 175 alone", PXE7, A("\0\7"), A(""), A(FEATURES), 1, 1, 7,
	    PROFILE_PLAIN, "ipxe" },
	{ "iPXE without a class", "", A("\0\7"), A("iPXE"), A(""), 1, 1, 7,
	    PROFILE_PLAIN, "ipxe" },
	{ "xNBA", PXE0, A("\0\0"), A("xNBA"), A(""), 1, 1, 0, PROFILE_PLAIN,
	    "ipxe" },
	{ "gPXE is firmware", PXE0, A("\0\0"), A("gPXE"), A(FEATURES), 1, 0,
	    0, PROFILE_PLAIN, "bios" },
	{ "not quite iPXE", PXE0, A("\0\0"), A("iPXEx"), A(""), 1, 0, 0,
	    PROFILE_PXE, "bios" },
	{ "a list that lies", PXE0, A("\0\0"), A("\11iPXE"), A(""), 1, 0, 0,
	    PROFILE_PXE, "bios" },
	{ "a system", "MSFT 5.0", A(""), A(""), A(""), 0, 0, ARCH_UNKNOWN,
	    PROFILE_PLAIN, NULL },
	{ "an installer", "d-i", A(""), A(""), A(""), 0, 0, ARCH_UNKNOWN,
	    PROFILE_PLAIN, NULL },
	{ "a class that is too short", "PXEClient:Arch:0000", A(""), A(""),
	    A(""), 1, 0, ARCH_UNKNOWN, PROFILE_PXE, NULL },
	{ "a class that is no number", "PXEClient:Arch:0000x:UNDI", A(""),
	    A(""), A(""), 1, 0, ARCH_UNKNOWN, PROFILE_PXE, NULL },
	{ "a class with too large a number", "PXEClient:Arch:99999:UNDI",
	    A(""), A(""), A(""), 1, 0, ARCH_UNKNOWN, PROFILE_PXE, NULL },
};

static void
set_buf(struct buf *b, const char *data, size_t len)
{
	buf_init(b, len > 0 ? data : NULL, len);
}

static void
make_request(const struct stage *s, struct dhcp_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, 1 } };
	set_buf(&m->class, s->class, strlen(s->class));
	set_buf(&m->arch, s->arch, s->arch_len);
	set_buf(&m->user_class, s->user, s->user_len);
	set_buf(&m->ipxe, s->encap, s->encap_len);
}

static void
test_stages(void)
{
	const struct conf_loader	*l;
	struct dhcp_msg			 m;
	struct pxe			 p;
	size_t				 i;

	for (i = 0; i < nitems(stages); i++) {
		make_request(&stages[i], &m);
		pxe_classify(&m, &p);
		l = pxe_loader(conf, &p);
		CHECK_NAMED(pxe_boots(&p) == stages[i].boots &&
		    p.ipxe == stages[i].ipxe && p.arch == stages[i].number &&
		    p.profile == stages[i].profile, stages[i].name);
		CHECK_NAMED(stages[i].loader == NULL ? l == NULL : l != NULL &&
		    strcmp(l->path, stages[i].loader) == 0, stages[i].name);
	}
}

/* What a Raspberry Pi is known by, and what it is not taken for. */
static void
test_rpi(void)
{
	static const struct stage	bios = { "", PXE0, A("\0\0"), A(""),
					    A(""), 1, 0, 0, PROFILE_RPI, "" };
	static const struct stage	uefi = { "", PXE0, A("\0\13"), A(""),
					    A(""), 1, 0, 0, PROFILE_RPI, "" };
	static const struct stage	ipxe = { "", PXE0, A("\0\0"), A("iPXE"),
					    A(""), 1, 0, 0, PROFILE_RPI, "" };
	static const struct stage	rpiboot = { "", PXE0, A("\0\51"), A(""),
					    A(""), 1, 0, 0, PROFILE_RPI, "" };
	static const uint8_t		makers[][6] = {
		{ 0xb8, 0x27, 0xeb, 1 }, { 0xdc, 0xa6, 0x32, 1 },
		{ 0xe4, 0x5f, 0x01, 1 }, { 0x28, 0xcd, 0xc1, 1 },
		{ 0xd8, 0x3a, 0xdd, 1 }, { 0x2c, 0xcf, 0x67, 1 }
	};
	const struct conf_loader	*l;
	struct dhcp_msg			 m;
	struct pxe			 p;
	char				 file[PATH_LEN];
	size_t				 i;

	for (i = 0; i < nitems(makers); i++) {
		make_request(&bios, &m);
		memcpy(m.mac.b, makers[i], 6);
		pxe_classify(&m, &p);
		l = pxe_loader(conf, &p);
		CHECK(p.rpi && p.profile == PROFILE_RPI && l != NULL);
		pxe_file(l, &p, 0x0a4d0001, file);
		CHECK(file[0] == '\0' && l->arch == LOADER_RPI &&
		    pxe_loader_row(conf, l) == NONE);
	}
	make_request(&bios, &m);
	buf_init(&m.uuid, "\0RPi4\0\0\0\0\0\0\0\0\0\0\0\0", 17);
	pxe_classify(&m, &p);
	CHECK(p.rpi);
	make_request(&rpiboot, &m);
	pxe_classify(&m, &p);
	CHECK(p.rpi && p.profile == PROFILE_RPI);
	make_request(&uefi, &m);
	memcpy(m.mac.b, makers[1], 6);
	pxe_classify(&m, &p);
	CHECK(!p.rpi && strcmp(pxe_loader(conf, &p)->path, "arm64") == 0);
	make_request(&ipxe, &m);
	memcpy(m.mac.b, makers[1], 6);
	pxe_classify(&m, &p);
	CHECK(!p.rpi && strcmp(pxe_loader(conf, &p)->path, "ipxe") == 0);
	make_request(&bios, &m);
	pxe_classify(&m, &p);
	CHECK(!p.rpi);
}

static void
test_no_loader(void)
{
	struct dhcp_msg	m;
	struct pxe	p;
	char		why[64];
	size_t		i;

	for (i = 0; i < nitems(stages); i++) {
		if (stages[i].loader != NULL || !stages[i].boots)
			continue;
		make_request(&stages[i], &m);
		pxe_classify(&m, &p);
		(void)pxe_no_loader(&p, why);
		CHECK_NAMED(strlen(why) > 10 &&
		    (p.arch == ARCH_UNKNOWN || strstr(why, "architecture") !=
		    NULL), why);
		if (p.arch == 18)
			CHECK(strcmp(why, "there is no loader arm32-http for "
			    "architecture 18") == 0);
	}
}

/* An iPXE without HTTP cannot fetch a URL; its architecture's file it can. */
static void
test_no_http(void)
{
	static const struct stage	old = { "", PXE0, A("\0\0"), A("iPXE"),
					    A(NO_HTTP), 1, 1, 0,
					    PROFILE_PLAIN, "" };
	struct dhcp_msg			 m;
	struct pxe			 p;
	size_t				 i;

	make_request(&old, &m);
	pxe_classify(&m, &p);
	CHECK(p.ipxe && p.no_http);
	CHECK(strcmp(pxe_loader(conf, &p)->path, "ipxe") == 0);
	for (i = 0; i < conf->nloader; i++)
		if (conf->loader[i].arch == LOADER_IPXE)
			memcpy(conf->loader[i].path, "http://10.77.0.1/ipxe",
			    22);
	CHECK(strcmp(pxe_loader(conf, &p)->path, "bios") == 0);
	buf_init(&m.ipxe, A(FEATURES));
	pxe_classify(&m, &p);
	CHECK(!p.no_http);
	CHECK(strcmp(pxe_loader(conf, &p)->path, "http://10.77.0.1/ipxe") == 0);
	/* Broken encapsulation is no reason to fall over it. */
	buf_init(&m.ipxe, A("\x13\x40\1"));
	pxe_classify(&m, &p);
	CHECK(p.ipxe && p.no_http);
}

static void
test_names(void)
{
	CHECK(pxe_is_ipxe_file("undionly.kpxe"));
	CHECK(pxe_is_ipxe_file("/efi/snponly.efi"));
	CHECK(pxe_is_ipxe_file("x/ipxe-x86_64.efi"));
	CHECK(pxe_is_ipxe_file("IPXE.EFI"));
	CHECK(pxe_is_ipxe_file("ipxe.pxe"));
	CHECK(!pxe_is_ipxe_file("ipxe"));
	CHECK(!pxe_is_ipxe_file("boot.ipxe"));
	CHECK(!pxe_is_ipxe_file("ipxe/menu.cfg"));
	CHECK(!pxe_is_ipxe_file("pxelinux.0"));
	CHECK(!pxe_is_ipxe_file("bootx64.efi"));
	CHECK(!pxe_is_ipxe_file(""));
}

static void
test_files(void)
{
	struct conf_loader	l = { .arch = LOADER_EFI64_HTTP };
	struct pxe		p = { .pxe = 1, .own = 0x0a4d0001 };
	char			file[PATH_LEN];

	memcpy(l.path, "a/b.efi", 8);
	pxe_file(&l, &p, 0x0a4d0002, file);
	CHECK(strcmp(file, "a/b.efi") == 0);
	p.http = 1;
	pxe_file(&l, &p, 0x0a4d0002, file);
	CHECK(strcmp(file, "http://10.77.0.2/boot/a/b.efi") == 0);
	/* Never a doubled slash. */
	memcpy(l.path, "/b.efi", 7);
	pxe_file(&l, &p, 0x0a4d0002, file);
	CHECK(strcmp(file, "http://10.77.0.2/boot/b.efi") == 0);
	memcpy(l.path, "http://x/y", 11);
	pxe_file(&l, &p, 0x0a4d0002, file);
	CHECK(strcmp(file, "http://x/y") == 0);
	/* ksd's script is where we are, not where the files are. */
	pxe_file(&pxe_script, &p, 0x0a4d0002, file);
	CHECK(strcmp(file, "http://10.77.0.1/ipxe") == 0);
	memset(l.path, 'x', sizeof(l.path) - 1);
	pxe_file(&l, &p, 0x0a4d0002, file);
	CHECK(file[0] == '\0');
}

/* The value of an option of what was put; -1 when it is not there. */
static int
option(const uint8_t *octets, size_t len, uint8_t code, const uint8_t **value)
{
	size_t	at;

	for (at = DHCP_HDRLEN + 4; at + 1 < len && octets[at] != OPT_END;) {
		if (octets[at] == OPT_PAD) {
			at++;
			continue;
		}
		if (octets[at] == code) {
			*value = octets + at + 2;
			return (octets[at + 1]);
		}
		at += 2U + octets[at + 1];
	}
	return (-1);
}

static const struct {
	const char	*name;
	enum pxe_profile profile;
	uint16_t	 dport;
	const char	*item;		/* option 43 of the request */
	size_t		 item_len;
	const char	*class;		/* of the answer, or NULL */
	const char	*vendor;
	int		 vendor_len;	/* -1: none */
} answers[] = {
	{ "plain", PROFILE_PLAIN, 67, A(""), NULL, "", -1 },
	{ "BIOS", PROFILE_PXE, 67, A(""), "PXEClient", "\6\1\10\377", 4 },
	{ "BINL", PROFILE_BINL, 67, A(""), "PXEClient", "", -1 },
	{ "HTTP", PROFILE_HTTP, 67, A(""), "HTTPClient", "", -1 },
	{ "Raspberry Pi", PROFILE_RPI, 67, A(""), "PXEClient",
	    "\6\1\3\12\4\0PXE\11\24\0\0\21Raspberry Pi Boot\377", 32 },
	{ "BIOS, boot item", PROFILE_PXE, 4011, A("\107\4\0\1\0\0\377"),
	    "PXEClient", "\6\1\10\107\4\0\1\0\0\377", 10 },
	{ "BINL, boot item", PROFILE_BINL, 4011, A("\6\1\10\107\4\1\2\0\0"),
	    "PXEClient", "\107\4\1\2\0\0\377", 7 },
	{ "a boot item is for port 4011", PROFILE_BINL, 67,
	    A("\107\4\0\1\0\0\377"), "PXEClient", "", -1 },
	{ "a boot item that is too short", PROFILE_BINL, 4011,
	    A("\107\3\0\1\0\377"), "PXEClient", "", -1 },
	{ "a boot item that is cut off", PROFILE_BINL, 4011,
	    A("\107\4\0\1"), "PXEClient", "", -1 },
};

static void
test_answers(void)
{
	struct dhcp_msg		 m;
	struct pxe		 p;
	struct reply		 r;
	struct reply_head	 head = { .type = DHCP_OFFER };
	uint8_t			 octets[DHCP_PAYLOAD_MAX];
	const uint8_t		*value = octets;
	size_t			 i, len;
	int			 n;

	for (i = 0; i < nitems(answers); i++) {
		memset(&m, 0, sizeof(m));
		memset(&p, 0, sizeof(p));
		m.type = DHCP_DISCOVER;
		m.dport = answers[i].dport;
		buf_init(&m.uuid, "\0abcdefghijklmnop", 17);
		set_buf(&m.vendor, answers[i].item, answers[i].item_len);
		p.profile = answers[i].profile;
		p.http = p.profile == PROFILE_HTTP;
		dhcp_begin(&r, octets, &m, &head, 1500);
		pxe_put_boot(&r, &m, &p, "file", 0x0a4d0001);
		len = dhcp_finish(&r, &m);
		n = option(octets, len, OPT_CLASS, &value);
		CHECK_NAMED(answers[i].class == NULL ? n == -1 :
		    n == (int)strlen(answers[i].class) &&
		    memcmp(value, answers[i].class, (size_t)n) == 0,
		    answers[i].name);
		n = option(octets, len, OPT_VENDOR, &value);
		CHECK_NAMED(n == answers[i].vendor_len && (n == -1 ||
		    memcmp(value, answers[i].vendor, (size_t)n) == 0),
		    answers[i].name);
		CHECK(option(octets, len, OPT_UUID, &value) == 17);
		n = option(octets, len, OPT_TFTP_NAME, &value);
		CHECK(n == (p.http ? -1 : 9));
		CHECK(option(octets, len, OPT_BOOT_FILE, &value) == 4 &&
		    memcmp(value, "file\0\377", 6) == 0);
	}
}

static void
test_no_proxy(void)
{
	static const uint8_t	want[] = { OPT_IPXE, 3, 0xb0, 1, 1, OPT_END };
	struct dhcp_msg		m;
	struct pxe		p;
	struct reply		r;
	struct reply_head	head = { .type = DHCP_OFFER };
	uint8_t			octets[DHCP_PAYLOAD_MAX];
	const uint8_t		*value = octets;
	size_t			len;

	memset(&m, 0, sizeof(m));
	memset(&p, 0, sizeof(p));
	m.type = DHCP_DISCOVER;
	p.etherboot = 1;
	dhcp_begin(&r, octets, &m, &head, 1500);
	pxe_put_ipxe(&r, &p);
	len = dhcp_finish(&r, &m);
	CHECK(option(octets, len, OPT_IPXE, &value) == 3 &&
	    memcmp(value - 2, want, sizeof(want)) == 0);
	p.etherboot = 0;
	dhcp_begin(&r, octets, &m, &head, 1500);
	pxe_put_ipxe(&r, &p);
	len = dhcp_finish(&r, &m);
	CHECK(option(octets, len, OPT_IPXE, &value) == -1);
}

int
main(void)
{
	make_conf();
	test_stages();
	test_rpi();
	test_no_loader();
	test_names();
	test_files();
	test_answers();
	test_no_proxy();
	test_no_http();
	return (unit_done());
}
