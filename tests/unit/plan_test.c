/* SPDX-License-Identifier: ISC */
/*
 * plan_test.c: names that loaders really ask for, and what they mean for this
 * machine and for others.
 */
#include <string.h>

#include "tftpd/tftpd.h"
#include "unit.h"

static struct conf	*conf;
static struct lessee	 lease;

enum who { INSTALLS, LOCAL, STRANGER, NO_LEASE, UNSEEN, CONTESTED };

static const struct plan_case {
	enum who	 who;
	const char	*name;
	enum plan_kind	 kind;
	int		 menu;		/* if kind is PLAN_MENU */
	int		 needed, foreign;
} cases[] = {
	/* The image of a machine that installs. */
	{ INSTALLS, "debian12/linux", PLAN_KERNEL, 0, 1, 0 },
	{ INSTALLS, "debian12/initrd.gz", PLAN_INITRD, 0, 1, 0 },
	{ INSTALLS, "debian12/firmware.cpio", PLAN_INITRD, 0, 1, 0 },
	{ INSTALLS, "other/initrd.gz", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "debian12/linux2", PLAN_OTHER, 0, 0, 0 },
	{ LOCAL, "debian12/linux", PLAN_OTHER, 0, 0, 0 },
	/* Loaders. */
	{ LOCAL, "pxelinux.0", PLAN_LOADER, 0, 1, 0 },
	{ NO_LEASE, "efi/bootx64.efi", PLAN_LOADER, 0, 1, 0 },
	{ LOCAL, "bootx64.efi", PLAN_LOADER, 0, 0, 0 },
	{ LOCAL, "grubx64.efi", PLAN_LOADER, 0, 0, 0 },
	{ LOCAL, "Boot/WDSNBP.N12", PLAN_LOADER, 0, 0, 0 },
	{ LOCAL, "undionly.kpxe", PLAN_LOADER, 0, 0, 0 },
	{ LOCAL, "revocations_sbat.efi", PLAN_LOADER, 0, 0, 0 },
	{ LOCAL, "ldlinux.c32", PLAN_OTHER, 0, 0, 0 },
	{ LOCAL, ".efi", PLAN_OTHER, 0, 0, 0 },
	{ LOCAL, "", PLAN_OTHER, 0, 0, 0 },
	/* pxelinux's way from particular to general. */
	{ INSTALLS, "pxelinux.cfg/33221100-5544-6677-8899-aabbccddeeff",
	    PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/01-52-54-00-00-00-0a", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/01-52-54-00-00-00-0A", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },
	{ INSTALLS, "some/dir/pxelinux.cfg/01-52-54-00-00-00-0a", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/01-52-54-00-00-00-0b", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },		/* its second card */
	{ INSTALLS, "pxelinux.cfg/01-52-54-00-00-00-ff", PLAN_OTHER, 0, 0, 1 },
	{ STRANGER, "pxelinux.cfg/01-52-54-00-00-00-0b", PLAN_OTHER, 0, 0, 1 },
	{ STRANGER, "pxelinux.cfg/01-52-54-00-00-00-0a", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },
	{ NO_LEASE, "pxelinux.cfg/01-52-54-00-00-00-0a", PLAN_OTHER, 0, 0, 0 },
	{ NO_LEASE, "pxelinux.cfg/01-00-00-00-00-00-00", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/0A4D0201", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/0", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/default", PLAN_MENU, MENU_PXELINUX, 0, 0 },
	{ NO_LEASE, "pxelinux.cfg/default", PLAN_MENU, MENU_PXELINUX, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/01-52-54-00-00-00-0a-00", PLAN_OTHER, 0, 0,
	    0 },
	{ INSTALLS, "pxelinux.cfg/01-52-54-00-00-00-0", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "xpxelinux.cfg/default", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "pxelinux.cfg/x/default", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "default", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "cfg/default", PLAN_OTHER, 0, 0, 0 },
	/* GRUB. */
	{ INSTALLS, "grub.cfg", PLAN_MENU, MENU_GRUB, 0, 0 },
	{ INSTALLS, "debian-installer/amd64/grub/grub.cfg", PLAN_MENU,
	    MENU_GRUB, 0, 0 },
	{ NO_LEASE, "grub/grub.cfg", PLAN_MENU, MENU_GRUB, 0, 0 },
	{ INSTALLS, "grub/grub.cfg-01-52-54-00-00-00-0a", PLAN_MENU, MENU_GRUB,
	    0, 0 },
	{ INSTALLS, "grub/grub.cfg-52:54:00:00:00:0a", PLAN_MENU, MENU_GRUB,
	    0, 0 },
	{ INSTALLS, "grub/grub.cfg-01-52-54-00-00-00-ff", PLAN_OTHER, 0, 0,
	    1 },
	{ INSTALLS, "grub/grub.cfg-0A4D0201", PLAN_MENU, MENU_GRUB, 0, 0 },
	{ INSTALLS, "grub/grub.cfg-0A4D0202", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "grub/grub.cfg-0A4D", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "grub/grub.cfg-33221100-5544-6677-8899-aabbccddeeff",
	    PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "grub/grub.cfgx", PLAN_OTHER, 0, 0, 0 },
	{ INSTALLS, "grub/x86_64-efi/command.lst", PLAN_OTHER, 0, 0, 0 },
	/* Not heard yet: what everybody may have is as it was. */
	{ UNSEEN, "debian12/linux", PLAN_KERNEL, 0, 1, 0 },
	{ UNSEEN, "pxelinux.cfg/01-52-54-00-00-00-0a", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },
	/* Two machines: no menu, whosoever it is; nothing else changes. */
	{ CONTESTED, "pxelinux.cfg/01-52-54-00-00-00-0a", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },
	{ CONTESTED, "pxelinux.cfg/01-52-54-00-00-00-ff", PLAN_MENU,
	    MENU_PXELINUX, 0, 0 },
	{ CONTESTED, "pxelinux.cfg/default", PLAN_MENU, MENU_PXELINUX, 0, 0 },
	{ CONTESTED, "pxelinux.cfg/0A4D0201", PLAN_OTHER, 0, 0, 0 },
	{ CONTESTED, "grub/grub.cfg", PLAN_MENU, MENU_GRUB, 0, 0 },
	{ CONTESTED, "grub/grub.cfg-0A4D0201", PLAN_MENU, MENU_GRUB, 0, 0 },
	{ CONTESTED, "debian12/linux", PLAN_OTHER, 0, 0, 0 },
	{ CONTESTED, "pxelinux.0", PLAN_LOADER, 0, 1, 0 },
};

static void
add_ethernet(uint32_t host, uint8_t last)
{
	const uint8_t		 mac[] = { 0x52, 0x54, 0, 0, 0, last };
	struct conf_hostid	*id = conf_add_hostid(conf);

	id->host = host;
	id->kind = HOSTID_ETHERNET;
	id->len = sizeof(mac);
	memcpy(id->data, mac, sizeof(mac));
}

static void
add_initrd(uint32_t image, const char *path)
{
	struct conf_initrd	*initrd = conf_add_initrd(conf);

	initrd->image = image;
	strcpy(initrd->path, path);
}

static void
add_loader(enum loader_arch arch, const char *path)
{
	struct conf_loader	*loader = conf_add_loader(conf);

	loader->arch = arch;
	strcpy(loader->path, path);
}

static void
make_conf(void)
{
	conf = conf_new();
	(void)conf_add_image(conf);
	strcpy(conf_add_image(conf)->name, "debian12");
	strcpy(conf->image[1].kernel, "/debian12/linux");
	add_initrd(0, "other/initrd.gz");
	add_initrd(1, "debian12/initrd.gz");
	add_initrd(1, "debian12/firmware.cpio");
	strcpy(conf_add_host(conf)->name, "other");
	strcpy(conf_add_host(conf)->name, "web1");
	add_ethernet(0, 0xff);
	add_ethernet(1, 0x0a);
	add_ethernet(1, 0x0b);
	add_loader(LOADER_BIOS, "pxelinux.0");
	add_loader(LOADER_EFI64, "/efi/bootx64.efi");
}

static void
make_machine(enum who who, struct machine *m)
{
	memset(m, 0, sizeof(*m));
	m->addr = 0x0a4d0201;
	m->server = 0x0a4d0001;
	if (who == NO_LEASE)
		return;
	if (who == CONTESTED) {
		m->doubt = DOUBT_CONFLICT;
		m->whose = &conf->host[1];
		return;
	}
	if (who == UNSEEN) {
		m->doubt = DOUBT_UNSEEN;
		who = INSTALLS;
	}
	m->lease = &lease;
	m->mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, 0x0a } };
	if (who == STRANGER)
		return;
	m->host = &conf->host[1];
	m->installs = who == INSTALLS;
	m->image = m->installs ? &conf->image[1] : NULL;
}

int
main(void)
{
	const struct plan_case	*c;
	struct machine		 m;
	struct plan		 plan;
	size_t			 i;

	make_conf();
	for (i = 0; i < nitems(cases); i++) {
		c = &cases[i];
		make_machine(c->who, &m);
		plan_name(conf, &m, c->name, &plan);
		CHECK_NAMED(plan.kind == c->kind, c->name);
		CHECK_NAMED(plan.kind != PLAN_MENU || (int)plan.menu == c->menu,
		    c->name);
		CHECK_NAMED(plan.needed == c->needed, c->name);
		CHECK_NAMED(plan.foreign == c->foreign, c->name);
		CHECK_NAMED(plan.contested == (c->who == CONTESTED &&
		    c->kind == PLAN_MENU), c->name);
	}
	conf_free(conf);
	return (unit_done());
}
