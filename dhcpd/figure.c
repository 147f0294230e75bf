/* SPDX-License-Identifier: ISC */
/*
 * figure.c: what is counted, for "bootwardctl show status".
 */
#include "dhcpd.h"

struct ctl_counter figures[FIG_MAX] = {
#define F(tag, name)	[FIG_##tag] = { name, 0 },
	FIGURE_LIST(F)
#undef F
};
static_assert(FIG_MAX <= CTL_COUNTERS, "figures");
