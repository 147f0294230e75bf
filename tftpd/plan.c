/* SPDX-License-Identifier: ISC */
/*
 * plan.c: what a name means for the machine that asks for it: part of its
 * boot, a menu that is rendered for it, or just a file.  Pure.
 *
 * Loaders look for their menu under many names, from the most particular to
 * the most general.  The one that holds the machine's own MAC address is
 * rendered, and the last one; all between are not found, at once.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tftpd.h"

static int
path_equal(const char *path, const char *name)
{
	return (strcmp(path[0] == '/' ? path + 1 : path, name) == 0);
}

/* Both cases, and a ':' or '-' between, as loaders write it. */
static int
mac_is_own(const struct conf *conf, const struct machine *m, struct mac mac)
{
	const struct conf_hostid	*id;
	size_t				 i;

	if (m->lease != NULL && mac_equal(mac, m->mac))
		return (1);
	for (i = 0; m->host != NULL && i < conf->nhostid; i++) {
		id = &conf->hostid[i];
		if (&conf->host[id->host] == m->host &&
		    id->kind == HOSTID_ETHERNET &&
		    memcmp(id->data, mac.b, sizeof(mac.b)) == 0)
			return (1);
	}
	return (0);
}

/* "01-52-54-...": the ARP hardware type and the address; or without a type. */
static int
menu_mac(const char *text, struct mac *mac)
{
	if (strncmp(text, "01-", 3) == 0 && strlen(text) > MAC_STRLEN)
		text += 3;
	return (mac_parse(text, mac));
}

/* The menu of one machine, asked for by its name. */
static void
plan_machine_menu(const struct conf *conf, const struct machine *m,
    struct mac mac, enum menu_kind menu, struct plan *plan)
{
	/* In a conflict it is nobody's, and said to be so. */
	if (mac_is_own(conf, m, mac) || m->doubt == DOUBT_CONFLICT) {
		plan->kind = PLAN_MENU;
		plan->menu = menu;
	} else if (m->lease != NULL)
		plan->foreign = 1;
}

static void
plan_menu(enum menu_kind menu, struct plan *plan)
{
	plan->kind = PLAN_MENU;
	plan->menu = menu;
}

/* <dir>/pxelinux.cfg/NAME */
static void
plan_pxelinux(const struct conf *conf, const struct machine *m,
    const char *base, struct plan *plan)
{
	struct mac	mac;

	if (strcmp(base, "default") == 0)
		plan_menu(MENU_PXELINUX, plan);
	else if (menu_mac(base, &mac) == 0)
		plan_machine_menu(conf, m, mac, MENU_PXELINUX, plan);
}

/* <dir>/grub.cfg or grub.cfg-WHO */
static void
plan_grub(const struct conf *conf, const struct machine *m, const char *who,
    struct plan *plan)
{
	struct mac	mac;
	char		hex[9];

	(void)snprintf(hex, sizeof(hex), "%08X", m->addr);
	if (who[0] == '\0' || (who[0] == '-' && strcmp(who + 1, hex) == 0))
		plan_menu(MENU_GRUB, plan);
	else if (who[0] == '-' && menu_mac(who + 1, &mac) == 0)
		plan_machine_menu(conf, m, mac, MENU_GRUB, plan);
}

static int
is_loader_name(const char *name)
{
	static const char *const suffixes[] = {
		".0", ".efi", ".kpxe", ".pxe", ".n12"
	};
	size_t	i, len, have = strlen(name);

	for (i = 0; i < nitems(suffixes); i++) {
		len = strlen(suffixes[i]);
		if (have > len &&
		    strcasecmp(name + have - len, suffixes[i]) == 0)
			return (1);
	}
	return (0);
}

static int
is_configured_loader(const struct conf *conf, const char *name)
{
	size_t	i;

	for (i = 0; i < conf->nloader; i++)
		if (path_equal(conf->loader[i].path, name))
			return (1);
	return (0);
}

static int
is_initrd(const struct conf *conf, const struct machine *m, const char *name)
{
	size_t	i;

	for (i = 0; i < conf->ninitrd; i++)
		if (&conf->image[conf->initrd[i].image] == m->image &&
		    path_equal(conf->initrd[i].path, name))
			return (1);
	return (0);
}

void
plan_name(const struct conf *conf, const struct machine *m, const char *name,
    struct plan *plan)
{
	const char	*base = strrchr(name, '/');
	const char	 dir[] = "pxelinux.cfg";
	size_t		 len = base == NULL ? 0 : (size_t)(base - name);

	memset(plan, 0, sizeof(*plan));
	base = base == NULL ? name : base + 1;
	if (m->installs && path_equal(m->image->kernel, name)) {
		plan->kind = PLAN_KERNEL;
		plan->needed = 1;
	} else if (m->installs && is_initrd(conf, m, name)) {
		plan->kind = PLAN_INITRD;
		plan->needed = 1;
	} else if (is_configured_loader(conf, name)) {
		plan->kind = PLAN_LOADER;
		plan->needed = 1;
	} else if (is_loader_name(base))
		plan->kind = PLAN_LOADER;
	else if (strncmp(base, "grub.cfg", 8) == 0)
		plan_grub(conf, m, base + 8, plan);
	else if (len + 1 >= sizeof(dir) &&
	    memcmp(name + len - (sizeof(dir) - 1), dir, sizeof(dir) - 1) == 0 &&
	    (len + 1 == sizeof(dir) || name[len - sizeof(dir)] == '/'))
		plan_pxelinux(conf, m, base, plan);
	plan->contested = plan->kind == PLAN_MENU &&
	    m->doubt == DOUBT_CONFLICT;
}
