/* SPDX-License-Identifier: ISC */
/*
 * unit.h: what a unit test needs: CHECK(), one TAP line each, and the end.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>

static int	unit_n, unit_failed;

#define CHECK(e)	unit_check((e) != 0, __FILE__, __LINE__, #e, "")
#define CHECK_NAMED(e, name)						\
	unit_check((e) != 0, __FILE__, __LINE__, #e, (name))

static inline void
unit_check(int ok, const char *file, int line, const char *expr,
    const char *name)
{
	unit_n++;
	if (!ok)
		unit_failed++;
	printf("%sok %d - %s %s\n", ok ? "" : "not ", unit_n, name, expr);
	if (!ok)
		printf("# failed at %s:%d\n", file, line);
}

static inline int
unit_done(void)
{
	printf("1..%d\n", unit_n);
	return (unit_failed != 0);
}

#endif
