/* SPDX-License-Identifier: ISC */
/*
 * clock.c: one clock for decisions (CLOCK_BOOTTIME), one for people.
 */
#include <time.h>

#include "lib.h"

static int64_t
clock_read(clockid_t id)
{
	struct timespec	ts;

	if (clock_gettime(id, &ts) == -1)
		fatal("clock_gettime");
	return ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

mono_t
clock_now(void)
{
	return ((mono_t){ clock_read(CLOCK_BOOTTIME) });
}

int64_t
clock_wall(void)
{
	return (clock_read(CLOCK_REALTIME) / 1000000);
}

int64_t
clock_wall_of(mono_t t)
{
	if (t.us == INT64_MAX)
		return (INT64_MAX);
	return ((clock_read(CLOCK_REALTIME) +
	    mono_diff_us(t, clock_now())) / 1000000);
}

mono_t
mono_add_ms(mono_t t, int64_t ms)
{
	return ((mono_t){ t.us + ms * 1000 });
}

mono_t
mono_add_s(mono_t t, int64_t s)
{
	return ((mono_t){ t.us + s * 1000000 });
}

int64_t
mono_diff_us(mono_t a, mono_t b)
{
	return (a.us - b.us);
}

int64_t
mono_diff_ms(mono_t a, mono_t b)
{
	return ((a.us - b.us) / 1000);
}

int
mono_before(mono_t a, mono_t b)
{
	return (a.us < b.us);
}
