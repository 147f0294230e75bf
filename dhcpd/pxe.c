/* SPDX-License-Identifier: ISC */
/*
 * pxe.c: what the boot stages of a machine say about themselves (PXE 2.1,
 * RFC 4578, UEFI HTTP boot, iPXE), and the options that make them boot.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dhcpd.h"

#define CLASS_PXE	"PXEClient"
#define CLASS_HTTP	"HTTPClient"
#define CLASS_ARCH	":Arch:"

#define PXE_CONTROL	6		/* of option 43: discovery control */
#define PXE_BOOT_ITEM	71		/* of option 43 */
#define IPXE_HTTP	0x13		/* of option 175: it has HTTP */
#define ARCH_RPI	41

/* A script of ksd's own; there is no file of that name. */
const struct conf_loader	pxe_script = { .arch = LOADER_IPXE };
/* A Raspberry Pi knows by itself which files it wants. */
static const struct conf_loader	rpi_files = { .arch = LOADER_RPI };

/*
 * Architectures of option 93 (RFC 4578, IANA), and what they boot by PXE and
 * by HTTP: the class of the request says which, for some firmware sends the
 * number of one with the class of the other.
 */
static const struct arch {
	uint16_t	arch;
	uint8_t		loader, http;	/* enum loader_arch, or LOADER_MAX */
} arches[] = {
	{ 0,  LOADER_BIOS, LOADER_MAX },
	{ 6,  LOADER_EFI32, LOADER_EFI32_HTTP },
	{ 7,  LOADER_EFI64, LOADER_EFI64_HTTP },
	/* The RFC had 7 and 9 the wrong way round; machines send both. */
	{ 9,  LOADER_EFI64, LOADER_EFI64_HTTP },
	{ 10, LOADER_ARM32, LOADER_ARM32_HTTP },
	{ 11, LOADER_ARM64, LOADER_ARM64_HTTP },
	{ 15, LOADER_EFI32, LOADER_EFI32_HTTP },
	{ 16, LOADER_EFI64, LOADER_EFI64_HTTP },
	{ 18, LOADER_ARM32, LOADER_ARM32_HTTP },
	{ 19, LOADER_ARM64, LOADER_ARM64_HTTP },
	{ 27, LOADER_RISCV64, LOADER_RISCV64_HTTP },
	{ 28, LOADER_RISCV64, LOADER_RISCV64_HTTP },
	{ 39, LOADER_LOONG64, LOADER_LOONG64_HTTP },
	{ 40, LOADER_LOONG64, LOADER_LOONG64_HTTP },
	{ ARCH_RPI, LOADER_RPI, LOADER_MAX },
};

static const struct arch *
arch_find(uint16_t arch)
{
	size_t	i;

	for (i = 0; i < nitems(arches); i++)
		if (arches[i].arch == arch)
			return (&arches[i]);
	return (NULL);
}

static int
starts_with(const struct buf *b, const char *text)
{
	return (b->len >= strlen(text) &&
	    memcmp(b->data, text, strlen(text)) == 0);
}

static int
is_text(const struct buf *b, const char *text)
{
	return (b->len == strlen(text) && starts_with(b, text));
}

/* User class: the bare text, or a list of counted texts (RFC 3004). */
static int
user_class_has(const struct buf *option, const char *text)
{
	struct buf	list, item;

	if (is_text(option, text))
		return (1);
	buf_init(&list, option->data, option->len);
	while (buf_left(&list) > 0) {
		if (buf_sub(&list, &item, buf_u8(&list)) == -1)
			return (0);
		if (is_text(&item, text))
			return (1);
	}
	return (0);
}

/* One of the options in an option: its value, or -1. */
static int
encapsulated(const struct buf *option, uint8_t code, struct buf *value)
{
	struct buf	list;
	uint8_t		c;

	buf_init(&list, option->data, option->len);
	while (buf_left(&list) > 0 && (c = buf_u8(&list)) != OPT_END) {
		if (c == OPT_PAD)
			continue;
		if (buf_sub(&list, value, buf_u8(&list)) == -1)
			return (-1);
		if (c == code)
			return (0);
	}
	return (-1);
}

/*
 * iPXE, and xCAT's xNBA which is one, read "#!ipxe"; gPXE, their ancestor,
 * does not, and is firmware to us.  Cards with an iPXE of their vendor's may
 * say it by option 175 alone.
 */
static void
classify_ipxe(const struct dhcp_msg *m, struct pxe *p)
{
	struct buf	value;
	int		gpxe = user_class_has(&m->user_class, "gPXE");

	p->etherboot = gpxe || m->ipxe.len > 0 ||
	    user_class_has(&m->user_class, "iPXE") ||
	    user_class_has(&m->user_class, "xNBA");
	p->ipxe = p->etherboot && !gpxe;
	p->no_http = p->ipxe && m->ipxe.len > 0 &&
	    encapsulated(&m->ipxe, IPXE_HTTP, &value) == -1;
}

/* The class may say it too: PXEClient:Arch:00007:UNDI:003016. */
static uint16_t
arch_of_class(const struct buf *class, const char *name)
{
	struct buf	in;
	uint32_t	arch = 0;
	int		i, digit;

	buf_init(&in, class->data, class->len);
	buf_skip(&in, strlen(name));
	if (buf_left(&in) < sizeof(CLASS_ARCH) - 1 + 5 ||
	    memcmp(buf_ptr(&in, sizeof(CLASS_ARCH) - 1), CLASS_ARCH,
	    sizeof(CLASS_ARCH) - 1) != 0)
		return (ARCH_UNKNOWN);
	for (i = 0; i < 5; i++) {
		digit = buf_u8(&in) - '0';
		if (digit < 0 || digit > 9)
			return (ARCH_UNKNOWN);
		arch = arch * 10 + (uint32_t)digit;
	}
	return (arch < ARCH_UNKNOWN ? (uint16_t)arch : ARCH_UNKNOWN);
}

/* RFC 4578 2.1: a list, of which we take the first that we know. */
static void
classify_arch(const struct dhcp_msg *m, struct pxe *p)
{
	struct buf	list;
	uint16_t	arch = ARCH_UNKNOWN;
	size_t		i;

	buf_init(&list, m->arch.data, m->arch.len);
	while (buf_left(&list) >= 2 && p->narch < PXE_ARCHS)
		p->archs[p->narch++] = buf_u16(&list);
	if (p->narch == 0) {
		if (p->pxe)
			arch = arch_of_class(&m->class, CLASS_PXE);
		else if (p->http)
			arch = arch_of_class(&m->class, CLASS_HTTP);
		if (arch != ARCH_UNKNOWN)
			p->archs[p->narch++] = arch;
	}
	p->arch = p->narch > 0 ? p->archs[0] : ARCH_UNKNOWN;
	for (i = p->narch; i > 0; i--)
		if (arch_find(p->archs[i - 1]) != NULL)
			p->arch = p->archs[i - 1];
}

/*
 * A Raspberry Pi says that it is a PC.  Its own boot loader is known by its
 * maker's MAC addresses, or by the UUID that it makes up; with UEFI or U-Boot
 * on it it says what it is.
 */
static int
is_rpi(const struct dhcp_msg *m, const struct pxe *p)
{
	static const uint8_t	makers[][3] = {
		{ 0xb8, 0x27, 0xeb }, { 0xdc, 0xa6, 0x32 },
		{ 0xe4, 0x5f, 0x01 }, { 0x28, 0xcd, 0xc1 },
		{ 0xd8, 0x3a, 0xdd }, { 0x2c, 0xcf, 0x67 }
	};
	size_t			i;

	if (!p->pxe || p->etherboot)
		return (0);
	if (p->arch == ARCH_RPI)
		return (1);
	if (p->arch != 0 && p->arch != ARCH_UNKNOWN)
		return (0);
	if (m->uuid.len == 17 && memcmp(m->uuid.data + 1, "RPi", 3) == 0)
		return (1);
	for (i = 0; i < nitems(makers); i++)
		if (memcmp(m->mac.b, makers[i], sizeof(makers[i])) == 0)
			return (1);
	return (0);
}

static enum pxe_profile
profile_of(const struct pxe *p)
{
	if (p->http)
		return (PROFILE_HTTP);
	if (p->rpi)
		return (PROFILE_RPI);
	/* What else says PXEClient without an architecture is an old BIOS. */
	if (p->pxe && !p->etherboot && (p->arch == 0 ||
	    p->arch == ARCH_UNKNOWN))
		return (PROFILE_PXE);
	return (PROFILE_PLAIN);
}

void
pxe_classify(const struct dhcp_msg *m, struct pxe *p)
{
	memset(p, 0, sizeof(*p));
	p->pxe = starts_with(&m->class, CLASS_PXE);
	p->http = starts_with(&m->class, CLASS_HTTP);
	classify_ipxe(m, p);
	classify_arch(m, p);
	p->rpi = is_rpi(m, p);
	p->profile = profile_of(p);
}

int
pxe_boots(const struct pxe *p)
{
	return (p->pxe || p->http || p->ipxe);
}

static const struct conf_loader *
loader_row(const struct conf *conf, uint32_t kind)
{
	size_t	i;

	for (i = 0; i < conf->nloader; i++)
		if (conf->loader[i].arch == kind)
			return (&conf->loader[i]);
	return (NULL);
}

static uint32_t
loader_kind(const struct pxe *p, uint16_t arch)
{
	const struct arch	*a = arch_find(arch);

	if (a == NULL)
		return (LOADER_MAX);
	return (p->http ? a->http : a->loader);
}

const struct conf_loader *
pxe_loader(const struct conf *conf, const struct pxe *p)
{
	const struct conf_loader	*found = NULL;
	size_t				 i;

	if (p->rpi) {
		found = loader_row(conf, LOADER_RPI);
		return (found != NULL ? found : &rpi_files);
	}
	if (p->ipxe)
		found = loader_row(conf, LOADER_IPXE);
	/* It could not fetch that; its architecture's may be a better iPXE. */
	if (found != NULL && p->no_http && strstr(found->path, "://") != NULL)
		found = NULL;
	for (i = 0; found == NULL && i < p->narch; i++)
		found = loader_row(conf, loader_kind(p, p->archs[i]));
	return (found);
}

uint32_t
pxe_loader_row(const struct conf *conf, const struct conf_loader *loader)
{
	size_t	i;

	for (i = 0; i < conf->nloader; i++)
		if (&conf->loader[i] == loader)
			return ((uint32_t)i);
	return (NONE);
}

const char *
pxe_no_loader(const struct pxe *p, char text[64])
{
	uint32_t	kind = loader_kind(p, p->arch);

	if (p->arch == ARCH_UNKNOWN)
		(void)snprintf(text, 64, "it does not say its architecture");
	else if (kind == LOADER_MAX)
		(void)snprintf(text, 64, "no loader is known for "
		    "architecture %u", p->arch);
	else
		(void)snprintf(text, 64, "there is no loader %s for "
		    "architecture %u", loader_names[kind], p->arch);
	return (text);
}

/* As they are named where they come from: ipxe.org, and Debian's ipxe. */
int
pxe_is_ipxe_file(const char *path)
{
	static const char *const	names[] = { "ipxe", "undionly.",
		"snponly", "snp." };
	static const char *const	suffixes[] = { ".efi", ".pxe", ".kpxe",
		".kkpxe", ".kkkpxe", ".0", ".lkrn" };
	const char			*base = strrchr(path, '/');
	size_t				 i, j, len;

	base = base != NULL ? base + 1 : path;
	len = strlen(base);
	for (i = 0; i < nitems(names); i++) {
		if (strncasecmp(base, names[i], strlen(names[i])) != 0)
			continue;
		for (j = 0; j < nitems(suffixes); j++)
			if (len > strlen(suffixes[j]) && strcasecmp(base + len -
			    strlen(suffixes[j]), suffixes[j]) == 0)
				return (1);
	}
	return (0);
}

/* HTTP firmware and whoever is given a URL fetch by it; others by TFTP. */
void
pxe_file(const struct conf_loader *loader, const struct pxe *p,
    uint32_t server, char file[PATH_LEN])
{
	char	addr[ADDR_STRLEN];
	int	n;

	if (loader == &pxe_script)
		n = snprintf(file, PATH_LEN, "http://%s/ipxe",
		    addr_str(p->own, addr));
	else if (!p->http || strstr(loader->path, "://") != NULL)
		n = snprintf(file, PATH_LEN, "%s", loader->path);
	else
		n = snprintf(file, PATH_LEN, "http://%s/boot/%s",
		    addr_str(server, addr), loader->path +
		    (loader->path[0] == '/'));
	if (n < 0 || n >= PATH_LEN)
		file[0] = '\0';
}

/* The boot item of a request to a boot server is said back, PXE 2.1. */
static void
put_boot_item(struct wbuf *vendor, const struct dhcp_msg *m)
{
	struct buf	item;

	if (m->dport != DHCP_PORT_PXE ||
	    encapsulated(&m->vendor, PXE_BOOT_ITEM, &item) == -1 ||
	    item.len != 4)
		return;
	wbuf_u8(vendor, PXE_BOOT_ITEM);
	wbuf_u8(vendor, 4);
	wbuf_copy(vendor, item.data, 4);
}

/* Option 43, PXE 2.1 table 2-1; a Raspberry Pi looks for this one menu. */
static void
put_vendor(struct reply *r, const struct dhcp_msg *m, enum pxe_profile profile)
{
	/* Control 8: take the boot file of this packet, no menu. */
	static const uint8_t	boot_file[] = { PXE_CONTROL, 1, 8 };
	/* No broadcast, no multicast; a prompt of no time; one boot service. */
	static const uint8_t	rpi[] = "\6\1\3\12\4\0PXE\11\24\0\0\21"
				    "Raspberry Pi Boot";
	uint8_t			octets[64];
	struct wbuf		vendor;

	wbuf_init(&vendor, octets, sizeof(octets));
	if (profile == PROFILE_PXE)
		wbuf_copy(&vendor, boot_file, sizeof(boot_file));
	else if (profile == PROFILE_RPI)
		wbuf_copy(&vendor, rpi, sizeof(rpi) - 1);
	put_boot_item(&vendor, m);
	if (vendor.len == 0)
		return;
	wbuf_u8(&vendor, OPT_END);
	dhcp_put(r, OPT_VENDOR, octets, vendor.len);
}

void
pxe_put_boot(struct reply *r, const struct dhcp_msg *m, const struct pxe *p,
    const char *file, uint32_t next_server)
{
	static const char *const	class[PROFILE_MAX] = {
		[PROFILE_PXE] = CLASS_PXE, [PROFILE_BINL] = CLASS_PXE,
		[PROFILE_HTTP] = CLASS_HTTP, [PROFILE_RPI] = CLASS_PXE,
	};
	char				addr[ADDR_STRLEN];

	if (class[p->profile] != NULL) {
		dhcp_put_str(r, OPT_CLASS, class[p->profile]);
		put_vendor(r, m, p->profile);
	}
	dhcp_put(r, OPT_UUID, m->uuid.data, m->uuid.len);
	if (!p->http)
		dhcp_put_str(r, OPT_TFTP_NAME, addr_str(next_server, addr));
	/*
	 * The last option before END: some firmware reads it as a C string, or
	 * writes a NUL behind it, and is to meet a pad there.
	 */
	dhcp_put_str(r, OPT_BOOT_FILE, file);
	if (r->out.len < r->limit)
		wbuf_u8(&r->out, OPT_PAD);
}

/* "no-pxedhcp": saves iPXE two seconds of waiting for a proxy server. */
void
pxe_put_ipxe(struct reply *r, const struct pxe *p)
{
	static const uint8_t	no_proxy[] = { 0xb0, 1, 1 };

	if (p->etherboot)
		dhcp_put(r, OPT_IPXE, no_proxy, sizeof(no_proxy));
}

int
pxe_is_boot_option(uint8_t code)
{
	return (code == OPT_VENDOR || code == OPT_CLASS ||
	    code == OPT_TFTP_NAME || code == OPT_BOOT_FILE ||
	    code == OPT_TFTP_LIST ||
	    (code >= OPT_PXE_FIRST && code <= OPT_PXE_LAST));
}
