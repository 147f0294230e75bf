/* SPDX-License-Identifier: ISC */
/*
 * names.c: the names that follow from the lists in bootward.h.
 */
#include <string.h>

#include "bootward.h"

const char *const proc_names[PROC_MAX] = {
#define P(tag, name, user, what)	[PROC_##tag] = name,
	PROC_LIST(P)
#undef P
};

const char *const proc_users[PROC_MAX] = {
#define P(tag, name, user, what)	[PROC_##tag] = user,
	PROC_LIST(P)
#undef P
};

const char *const step_names[STEP_MAX] = {
#define S(tag, name)	[STEP_##tag] = name,
	STEP_LIST(S)
#undef S
};

const char *const sandbox_names[SANDBOX_LAYERS] = {
#define S(tag, name)	[SANDBOX_BIT_##tag] = name,
	SANDBOX_LIST(S)
#undef S
};

const char *const ticket_names[TICKET_MAX] = {
	[TICKET_LOCAL] = "local",
	[TICKET_ARMED] = "armed",
	[TICKET_BOOTING] = "booting",
	[TICKET_INSTALLING] = "installing",
	[TICKET_INSTALLED] = "installed",
	[TICKET_FAILED] = "failed",
	[TICKET_EXPIRED] = "expired",
};

const char *const loader_names[LOADER_MAX] = {
	[LOADER_BIOS] = "bios",
	[LOADER_EFI32] = "efi32",
	[LOADER_EFI64] = "efi64",
	[LOADER_ARM32] = "arm32",
	[LOADER_ARM64] = "arm64",
	[LOADER_RISCV64] = "riscv64",
	[LOADER_LOONG64] = "loong64",
	[LOADER_EFI32_HTTP] = "efi32-http",
	[LOADER_EFI64_HTTP] = "efi64-http",
	[LOADER_ARM32_HTTP] = "arm32-http",
	[LOADER_ARM64_HTTP] = "arm64-http",
	[LOADER_RISCV64_HTTP] = "riscv64-http",
	[LOADER_LOONG64_HTTP] = "loong64-http",
	[LOADER_RPI] = "rpi",
	[LOADER_IPXE] = "ipxe",
};

int
proc_by_name(const char *name)
{
	int	i;

	for (i = 0; i < PROC_MAX; i++)
		if (strcmp(proc_names[i], name) == 0)
			return (i);
	return (-1);
}

unsigned int
proc_links(enum proc p)
{
	unsigned int	set = 0;

#define L(a, b)								\
	if (p == PROC_##a)						\
		set |= TO(b);						\
	if (p == PROC_##b)						\
		set |= TO(a);
	LINK_LIST(L)
#undef L
	return (set);
}
