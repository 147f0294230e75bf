/* SPDX-License-Identifier: ISC */
/*
 * count.c: arpd's figures for "show status".
 */
#include "arpd.h"

struct ctl_counter arpd_counter[COUNT_MAX] = {
#define C(tag, text)	[COUNT_##tag] = { .name = text },
	ARPD_COUNTERS(C)
#undef C
};

void
count_up(enum arpd_counter which)
{
	arpd_counter[which].value++;
}

void
count_set(enum arpd_counter which, uint64_t value)
{
	arpd_counter[which].value = value;
}
