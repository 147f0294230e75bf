/* SPDX-License-Identifier: ISC */
/*
 * menu.c: boot menus for pxelinux, GRUB and iPXE as pure functions of the
 * machine.  A menu has no choice in it: it starts the installer of the
 * machine's image, or sends the machine on to its own disk.
 *
 * Kernel arguments come from the configuration with addresses and the token
 * put in; control bytes become spaces, so that no value can begin a line.
 */
#include <string.h>

#include "bootward.h"

/* Kernel arguments with everything put in, before a loader's quoting. */
#define ARGS_SIZE	(TEXT_LEN * 2)

static void
put_char(struct wbuf *out, char c)
{
	wbuf_u8(out, (unsigned char)c < 0x20 || c == 0x7f ? ' ' : (uint8_t)c);
}

static void
put_text(struct wbuf *out, const char *text)
{
	for (; *text != '\0'; text++)
		put_char(out, *text);
}

static const char *
machine_token(const struct machine *m)
{
	return (m->ticket == NULL ? "" : m->ticket->token);
}

static void
put_server(const struct machine *m, struct wbuf *out)
{
	char	text[ADDR_STRLEN];

	put_text(out, addr_str(m->server, text));
}

static void
put_url(const struct machine *m, const char *dir, const char *path,
    struct wbuf *out)
{
	put_text(out, "http://");
	put_server(m, out);
	put_text(out, dir);
	put_text(out, path[0] == '/' ? path + 1 : path);
}

static void
put_answer(const struct machine *m, struct wbuf *out)
{
	put_url(m, "/a/", machine_token(m), out);
}

static void
put_event(const struct machine *m, struct wbuf *out)
{
	put_url(m, "/e/", machine_token(m), out);
}

static void
put_packages(const struct machine *m, struct wbuf *out)
{
	put_url(m, "/", m->image == NULL ? "" : m->image->packages, out);
}

static void
put_host(const struct machine *m, struct wbuf *out)
{
	put_text(out, m->host == NULL ? "" : m->host->name);
}

static void
put_ethernet(const struct machine *m, struct wbuf *out)
{
	char	text[MAC_STRLEN];

	put_text(out, mac_str(m->mac, text));
}

static void
put_address(const struct machine *m, struct wbuf *out)
{
	char	text[ADDR_STRLEN];

	put_text(out, addr_str(m->addr, text));
}

static void
put_image(const struct machine *m, struct wbuf *out)
{
	put_text(out, m->image == NULL ? "" : m->image->name);
}

static void
put_token(const struct machine *m, struct wbuf *out)
{
	put_text(out, machine_token(m));
}

static const struct menu_var {
	const char	*name;
	void		(*put)(const struct machine *, struct wbuf *);
} menu_vars[] = {
	{ "answer",	put_answer },
	{ "event",	put_event },
	{ "packages",	put_packages },
	{ "server",	put_server },
	{ "host",	put_host },
	{ "ethernet",	put_ethernet },
	{ "address",	put_address },
	{ "image",	put_image },
	{ "token",	put_token },
};

static size_t
var_len(const char *name)
{
	return (strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"));
}

static const struct menu_var *
var_find(const char *name, size_t len)
{
	size_t	i;

	for (i = 0; i < nitems(menu_vars); i++)
		if (strlen(menu_vars[i].name) == len &&
		    memcmp(menu_vars[i].name, name, len) == 0)
			return (&menu_vars[i]);
	return (NULL);
}

/* A name that is not ours stays: it may mean something to the loader. */
void
menu_expand(const struct conf *conf, const struct machine *m,
    const char *text, struct wbuf *out)
{
	const struct menu_var	*var;
	size_t			 len;

	(void)conf;
	while (*text != '\0') {
		len = *text == '$' ? var_len(text + 1) : 0;
		var = len > 0 ? var_find(text + 1, len) : NULL;
		if (var == NULL)
			put_char(out, *text++);
		else {
			var->put(m, out);
			text += 1 + len;
		}
	}
}

/* The n-th initrd of the machine's image, or NULL. */
static const char *
menu_initrd(const struct conf *conf, const struct machine *m, size_t n)
{
	uint32_t	image = (uint32_t)(m->image - conf->image);
	size_t		i;

	for (i = 0; i < conf->ninitrd; i++)
		if (conf->initrd[i].image == image && n-- == 0)
			return (conf->initrd[i].path);
	return (NULL);
}

static void
put_path(struct wbuf *out, const char *prefix, const char *path)
{
	put_text(out, prefix);
	put_text(out, path[0] == '/' ? path + 1 : path);
}

/* BOOTIF tells the installer which of its cards it came by (as pxelinux). */
static void
put_bootif(const struct machine *m, struct wbuf *out)
{
	char	text[MAC_STRLEN];
	size_t	i;

	(void)mac_str(m->mac, text);
	for (i = 0; text[i] != '\0'; i++)
		if (text[i] == ':')
			text[i] = '-';
	put_text(out, "BOOTIF=01-");
	put_text(out, text);
}

/*
 * "::" makes a name start at the root of the server whatever directory
 * pxelinux itself came from.  IPAPPEND 2 adds BOOTIF.
 *
 * LOCALBOOT -1 reports a failure to boot to the BIOS (INT 18h), which then
 * takes the next device of its order; 0 would return to the network card's
 * ROM, which may just begin again.
 */
static void
menu_pxelinux(const struct conf *conf, const struct machine *m,
    const char *args, struct wbuf *out)
{
	const char	*path;
	size_t		 i;

	wbuf_str(out, "DEFAULT bootward\nPROMPT 0\nTIMEOUT 0\n\n"
	    "LABEL bootward\n");
	if (!m->installs) {
		wbuf_str(out, "\tLOCALBOOT -1\n");
		return;
	}
	wbuf_str(out, "\tKERNEL ");
	put_path(out, "::", m->image->kernel);
	for (i = 0; (path = menu_initrd(conf, m, i)) != NULL; i++) {
		wbuf_str(out, i == 0 ? "\n\tINITRD " : ",");
		put_path(out, "::", path);
	}
	if (args[0] != '\0') {
		wbuf_str(out, "\n\tAPPEND ");
		wbuf_str(out, args);
	}
	wbuf_str(out, "\n\tIPAPPEND 2\n");
}

/*
 * GRUB's shell would read ; $ { and the like, and expand *: everything but
 * plain characters is escaped.
 */
static void
grub_char(struct wbuf *out, char c)
{
	static const char	plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./:=,+@%^~-";

	if ((unsigned char)c < 0x80 && strchr(plain, c) == NULL)
		wbuf_u8(out, '\\');
	put_char(out, c);
}

static void
grub_path(struct wbuf *out, const char *path)
{
	wbuf_str(out, " /");
	for (path += path[0] == '/'; *path != '\0'; path++)
		grub_char(out, *path);
}

/*
 * Words as the kernel splits them, where '"' keeps spaces together: GRUB puts
 * quotes round a word with spaces again when it makes the command line.
 */
static void
grub_args(struct wbuf *out, const char *args)
{
	int	quoted = 0;

	for (; *args != '\0'; args++) {
		if (*args == '"')
			quoted = !quoted;
		else if (*args == ' ' && !quoted)
			wbuf_u8(out, ' ');
		else
			grub_char(out, *args);
	}
}

/*
 * To the own disk.  Firmware that a plain "exit" gives success to shows its
 * set-up screen and stays there (UEFI 3.1.2), so GRUB itself looks for what
 * systems and Windows put on the disk's EFI partition.  Only when there is
 * none, "exit 1" lets the firmware go on, where GRUB knows a status.  With a
 * BIOS, exit means the next device.
 */
static const char	grub_local[] =
    "if [ \"$grub_platform\" = efi ]; then\n"
    "\tset arch=x64\n"
    "\tif [ \"$grub_cpu\" = arm64 ]; then set arch=aa64; fi\n"
    "\tif [ \"$grub_cpu\" = i386 ]; then set arch=ia32; fi\n"
    "\tfor name in debian/shim$arch debian/grub$arch ubuntu/shim$arch \\\n"
    "\t    redhat/shim$arch fedora/shim$arch centos/shim$arch \\\n"
    "\t    rocky/shim$arch almalinux/shim$arch opensuse/shim \\\n"
    "\t    sles/shim Microsoft/Boot/bootmgfw BOOT/boot$arch; do\n"
    "\t\tif search --no-floppy --file --set=disk /EFI/$name.efi; then\n"
    "\t\t\tif chainloader ($disk)/EFI/$name.efi; then boot; fi\n"
    "\t\tfi\n"
    "\tdone\n"
    "fi\n"
    "exit 1\n";

/*
 * No menu entry: a list that waits for a key would stop an unattended
 * machine.  One that could not get its kernel tries again from the start, for
 * as long as it is armed.
 */
static void
menu_grub(const struct conf *conf, const struct machine *m, const char *args,
    struct wbuf *out)
{
	const char	*path;
	size_t		 i;

	if (!m->installs) {
		wbuf_str(out, grub_local);
		return;
	}
	wbuf_str(out, "set timeout=0\nif linux");
	grub_path(out, m->image->kernel);
	wbuf_u8(out, ' ');
	put_bootif(m, out);
	if (args[0] != '\0')
		wbuf_u8(out, ' ');
	grub_args(out, args);
	wbuf_str(out, "\nthen\n");
	for (i = 0; (path = menu_initrd(conf, m, i)) != NULL; i++) {
		if (i == 0)
			wbuf_str(out, "\tif initrd");
		grub_path(out, path);
	}
	wbuf_str(out, i > 0 ? "\n\tthen\n\t\tboot\n\tfi\nfi\n" :
	    "\tboot\nfi\n");
	wbuf_str(out, "sleep 10\nreboot\n");
}

/*
 * Each initrd is given a name, and the kernel is told of it: a kernel started
 * by UEFI loads only what its arguments name.
 */
static void
menu_ipxe(const struct conf *conf, const struct machine *m, const char *args,
    struct wbuf *out)
{
	const char	*path;
	size_t		 i;

	wbuf_str(out, "#!ipxe\n");
	if (!m->installs) {
		/* As with GRUB, UEFI wants to hear of a failure. */
		wbuf_str(out, "iseq ${platform} efi && goto efi || exit\n"
		    ":efi\nexit 1\n");
		return;
	}
	wbuf_str(out, "kernel ");
	put_url(m, "/boot/", m->image->kernel, out);
	for (i = 0; menu_initrd(conf, m, i) != NULL; i++)
		wbuf_printf(out, " initrd=initrd%zu", i);
	wbuf_u8(out, ' ');
	put_bootif(m, out);
	wbuf_u8(out, ' ');
	wbuf_str(out, args);
	for (i = 0; (path = menu_initrd(conf, m, i)) != NULL; i++) {
		wbuf_printf(out, "\ninitrd --name initrd%zu ", i);
		put_url(m, "/boot/", path, out);
	}
	wbuf_str(out, "\nboot\n");
}

static void	(*const menu_fn[])(const struct conf *, const struct machine *,
    const char *, struct wbuf *) = {
	[MENU_PXELINUX]	= menu_pxelinux,
	[MENU_GRUB]	= menu_grub,
	[MENU_IPXE]	= menu_ipxe,
};

void
menu_render(enum menu_kind kind, const struct conf *conf,
    const struct machine *m, struct wbuf *out)
{
	char		args[ARGS_SIZE];
	struct wbuf	w;

	wbuf_init(&w, args, sizeof(args));
	if (m->installs)
		menu_expand(conf, m, m->image->append, &w);
	wbuf_u8(&w, '\0');
	if (w.err) {
		out->err = 1;
		return;
	}
	menu_fn[kind](conf, m, args, out);
}
