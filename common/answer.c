/* SPDX-License-Identifier: ISC */
/*
 * answer.c: the output of an answer script as files.  A line "### file NAME"
 * starts the file NAME; output without such a line is one file that answers
 * to any name.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

#define MARKER		"### file"
#define MARKER_LEN	(sizeof(MARKER) - 1)

/* One line and what follows it. */
struct line {
	const uint8_t	*text;
	size_t		 len;		/* without the newline */
	size_t		 size;		/* with it */
};

int
answers_name_ok(const char *name, size_t len)
{
	size_t	i;

	if (len == 0 || len >= NAME_LEN || name[0] == '.')
		return (0);
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '.' &&
		    name[i] != '_' && name[i] != '-')
			return (0);
	return (1);
}

int
answers_add(struct answers *all, const char *name, const uint8_t *data,
    size_t len)
{
	struct answer	*a;

	if (all->n == ANSWER_FILES)
		return (-1);
	a = &all->file[all->n];
	memset(a, 0, sizeof(*a));
	if ((a->data = malloc(len == 0 ? 1 : len)) == NULL)
		return (-1);
	if (len > 0)
		memcpy(a->data, data, len);
	a->len = len;
	memcpy(a->name, name, strnlen(name, NAME_LEN - 1));
	all->n++;
	return (0);
}

void
answers_free(struct answers *all)
{
	size_t	i;

	for (i = 0; i < all->n; i++)
		free(all->file[i].data);
	memset(all, 0, sizeof(*all));
}

static int
line_next(struct buf *in, struct line *line)
{
	const uint8_t	*end;

	if (buf_left(in) == 0)
		return (0);
	line->text = in->data + in->off;
	end = memchr(line->text, '\n', buf_left(in));
	line->len = end == NULL ? buf_left(in) : (size_t)(end - line->text);
	line->size = line->len + (end != NULL);
	buf_skip(in, line->size);
	return (1);
}

static int
line_is_marker(const struct line *line)
{
	return (line->len >= MARKER_LEN &&
	    memcmp(line->text, MARKER, MARKER_LEN) == 0 &&
	    (line->len == MARKER_LEN || isspace(line->text[MARKER_LEN])));
}

/* The name on a marker line: exactly one word. */
static const char *
marker_name(const struct line *line, char name[NAME_LEN])
{
	const uint8_t	*from = line->text + MARKER_LEN;
	const uint8_t	*to = line->text + line->len;

	while (from < to && isspace(*from))
		from++;
	while (to > from && isspace(to[-1]))
		to--;
	if (!answers_name_ok((const char *)from, (size_t)(to - from)))
		return ("a \"### file\" line needs one name of letters, "
		    "digits, '.', '_' and '-'");
	memset(name, 0, NAME_LEN);
	memcpy(name, from, (size_t)(to - from));
	return (NULL);
}

static int
text_is_blank(const uint8_t *text, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if (!isspace(text[i]))
			return (0);
	return (1);
}

/* The file that ends before a marker or at the end of the output. */
static const char *
file_end(struct answers *all, const char *name, int marked,
    const uint8_t *text, size_t len)
{
	size_t	i;

	if (!marked && text_is_blank(text, len))
		return (NULL);
	for (i = 0; i < all->n; i++)
		if (strcmp(all->file[i].name, name) == 0)
			return ("two files have the same name");
	if (all->n == ANSWER_FILES)
		return ("more than 16 files");
	if (answers_add(all, name, text, len) == -1)
		return ("no memory");
	return (NULL);
}

const char *
answers_split(const uint8_t *data, size_t len, struct answers *all)
{
	struct buf	 in;
	struct line	 line;
	char		 name[NAME_LEN] = "";
	const char	*why;
	size_t		 begin = 0;
	int		 marked = 0;

	memset(all, 0, sizeof(*all));
	if (len > ANSWER_BYTES)
		return ("more than 1 MiB");
	buf_init(&in, data, len);
	while (line_next(&in, &line)) {
		if (!line_is_marker(&line))
			continue;
		why = file_end(all, name, marked, data + begin,
		    in.off - line.size - begin);
		if (why != NULL)
			return (why);
		if (!marked && all->n > 0)
			return ("text before the first \"### file\" line");
		if ((why = marker_name(&line, name)) != NULL)
			return (why);
		marked = 1;
		begin = in.off;
	}
	if ((why = file_end(all, name, marked, data + begin,
	    len - begin)) != NULL)
		return (why);
	return (all->n == 0 ? "it printed nothing" : NULL);
}
