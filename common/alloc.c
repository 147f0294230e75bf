/* SPDX-License-Identifier: ISC */
/*
 * alloc.c: allocation for start-up and for tables, where failure is fatal.
 */
#include <stdlib.h>
#include <string.h>

#include "lib.h"

void *
xcalloc(size_t n, size_t size)
{
	void	*p = calloc(n == 0 ? 1 : n, size);

	if (p == NULL)
		fatal("calloc %zu x %zu", n, size);
	return (p);
}

void *
xreallocarray(void *old, size_t n, size_t size)
{
	void	*p = reallocarray(old, n == 0 ? 1 : n, size);

	if (p == NULL)
		fatal("reallocarray %zu x %zu", n, size);
	return (p);
}

char *
xstrdup(const char *s)
{
	char	*p = strdup(s);

	if (p == NULL)
		fatal("strdup");
	return (p);
}
