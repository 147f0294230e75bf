/* SPDX-License-Identifier: ISC */
/*
 * pxe.c: what the boot stages of a machine say about themselves (PXE 2.1,
 * RFC 4578, UEFI HTTP boot, iPXE), and the options that make them boot.
 */
#include <stdio.h>
#include <string.h>

#include "dhcpd.h"

#define CLASS_PXE	"PXEClient"
#define CLASS_HTTP	"HTTPClient"

/* Architectures of option 93 (RFC 4578, IANA) that we have loaders for. */
static const struct {
	uint16_t	arch;
	uint8_t		loader;		/* enum loader_arch */
} arches[] = {
	{ 0,  LOADER_BIOS },
	{ 6,  LOADER_EFI32 },
	{ 7,  LOADER_EFI64 },
	/* The RFC had 7 and 9 the wrong way round; machines send both. */
	{ 9,  LOADER_EFI64 },
	{ 11, LOADER_ARM64 },
	{ 16, LOADER_EFI64_HTTP },
	{ 19, LOADER_ARM64_HTTP },
};

static int
starts_with(const struct buf *b, const char *text)
{
	return (b->len >= strlen(text) &&
	    memcmp(b->data, text, strlen(text)) == 0);
}

/* User class: the bare text, or a list of counted texts (RFC 3004). */
static int
is_ipxe(const struct buf *option)
{
	struct buf	list, item;

	if (option->len == 4 && starts_with(option, "iPXE"))
		return (1);
	buf_init(&list, option->data, option->len);
	while (buf_left(&list) > 0) {
		if (buf_sub(&list, &item, buf_u8(&list)) == -1)
			return (0);
		if (item.len == 4 && starts_with(&item, "iPXE"))
			return (1);
	}
	return (0);
}

/* The class may say it too: PXEClient:Arch:00007:UNDI:003016. */
static uint16_t
arch_of_class(const struct buf *class)
{
	const size_t	at = sizeof(CLASS_PXE ":Arch:") - 1;
	uint32_t	arch = 0;
	size_t		i;

	if (class->len < at + 5 || !starts_with(class, CLASS_PXE ":Arch:"))
		return (ARCH_UNKNOWN);
	for (i = at; i < at + 5; i++) {
		if (class->data[i] < '0' || class->data[i] > '9')
			return (ARCH_UNKNOWN);
		arch = arch * 10 + class->data[i] - '0';
	}
	return (arch < ARCH_UNKNOWN ? (uint16_t)arch : ARCH_UNKNOWN);
}

void
pxe_classify(const struct dhcp_msg *m, struct pxe *p)
{
	struct buf	arch = m->arch;

	memset(p, 0, sizeof(*p));
	p->pxe = starts_with(&m->class, CLASS_PXE);
	p->http = starts_with(&m->class, CLASS_HTTP);
	p->ipxe = is_ipxe(&m->user_class) || m->ipxe.len > 0;
	p->arch = arch.len > 0 ? buf_u16(&arch) : arch_of_class(&m->class);
}

int
pxe_boots(const struct pxe *p)
{
	return (p->pxe || p->http || p->ipxe);
}

const struct conf_loader *
pxe_loader(const struct conf *conf, const struct pxe *p)
{
	const struct conf_loader	*found = NULL;
	uint32_t			 want = LOADER_MAX;
	size_t				 i;

	for (i = 0; i < nitems(arches); i++)
		if (arches[i].arch == p->arch)
			want = arches[i].loader;
	for (i = 0; i < conf->nloader; i++) {
		if (p->ipxe && conf->loader[i].arch == LOADER_IPXE)
			return (&conf->loader[i]);
		if (conf->loader[i].arch == want)
			found = &conf->loader[i];
	}
	return (found);
}

/* HTTP firmware and whoever is given a URL fetch by it; others by TFTP. */
void
pxe_file(const struct conf_loader *loader, const struct pxe *p,
    uint32_t server, char file[PATH_LEN])
{
	char	addr[ADDR_STRLEN];
	int	n;

	if (!p->http || strstr(loader->path, "://") != NULL)
		n = snprintf(file, PATH_LEN, "%s", loader->path);
	else
		n = snprintf(file, PATH_LEN, "http://%s/boot/%s",
		    addr_str(server, addr), loader->path);
	if (n < 0 || n >= PATH_LEN)
		file[0] = '\0';
}

void
pxe_put_boot(struct reply *r, const struct dhcp_msg *m, const struct pxe *p,
    const char *file, uint32_t next_server)
{
	/* Discovery control 8: take the boot file of this packet, no menu. */
	static const uint8_t	control[] = { 6, 1, 8, OPT_END };
	char			addr[ADDR_STRLEN];

	if (p->http)
		dhcp_put_str(r, OPT_CLASS, CLASS_HTTP);
	else if (p->pxe) {
		dhcp_put_str(r, OPT_CLASS, CLASS_PXE);
		dhcp_put(r, OPT_VENDOR, control, sizeof(control));
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

	if (p->ipxe)
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
