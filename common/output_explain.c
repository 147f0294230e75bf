/* SPDX-License-Identifier: ISC */
/*
 * output_explain.c: the lines in which dhcpd explains itself, out of the
 * pieces in which they came.  dhcpd may be anyone by now: lines and fields
 * have a bound, and what is shown of them is made harmless later.
 */
#include <string.h>

#include "output.h"

#define EXPLAINED_LINE	8192

static char	line[EXPLAINED_LINE];
static size_t	used;

static void
line_done(const struct output *out)
{
	char	*field[EXPLAINED_FIELDS], *next = line;
	size_t	 n = 0;

	line[used] = '\0';
	used = 0;
	while (next != NULL && n < EXPLAINED_FIELDS) {
		field[n++] = next;
		if ((next = strchr(next, '\t')) != NULL)
			*next++ = '\0';
	}
	if (n >= 3)
		out->explained(field, n);
}

void
explained_take(const struct output *out, const char *text, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if (text[i] == '\n')
			line_done(out);
		else if (text[i] != '\0' && used < sizeof(line) - 1)
			line[used++] = text[i];
}

void
explained_end(const struct output *out)
{
	if (used > 0)
		line_done(out);
	out->explained(NULL, 0);
}
