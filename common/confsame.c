/* SPDX-License-Identifier: ISC */
/*
 * confsame.c: which rows have a name, or addresses, that another row of their
 * table has, too.  Only those are worth a search for the other one: a site
 * may have tens of thousands of each.
 */
#include <stdlib.h>
#include <string.h>

#include "parse.h"

struct named {
	const char	*name;
	uint32_t	 row;
};

static int
named_cmp(const void *va, const void *vb)
{
	const struct named	*a = va, *b = vb;

	return (strcmp(a->name, b->name));
}

/* Rows that begin with their names. */
static uint8_t *
same_names(const void *rows, size_t size, size_t n)
{
	struct named	*list = xcalloc(n + 1, sizeof(*list));
	uint8_t		*same = xcalloc(n + 1, 1);
	const char	*at = rows;
	size_t		 i;

	for (i = 0; i < n; i++)
		list[i] = (struct named){ at + i * size, (uint32_t)i };
	if (n > 0)
		qsort(list, n, sizeof(*list), named_cmp);
	for (i = 1; i < n; i++)
		if (named_cmp(&list[i - 1], &list[i]) == 0)
			same[list[i - 1].row] = same[list[i].row] = 1;
	free(list);
	return (same);
}

struct span {
	uint32_t	first, last;
	uint32_t	row;
};

static int
span_cmp(const void *va, const void *vb)
{
	const struct span	*a = va, *b = vb;

	if (a->first != b->first)
		return (a->first < b->first ? -1 : 1);
	return (0);
}

/* Spans that begin before the end of an earlier one, and the earlier ones. */
static uint8_t *
same_spans(struct span *list, size_t n)
{
	uint8_t		*same = xcalloc(n + 1, 1);
	uint32_t	 edge = 0;
	size_t		 i;

	if (n > 0)
		qsort(list, n, sizeof(*list), span_cmp);
	for (i = 0; i < n; i++) {
		if (i > 0 && list[i].first <= edge)
			same[list[i].row] = 1;
		if (list[i].last > edge)
			edge = list[i].last;
	}
	for (i = n; i-- > 1;)
		if (list[i - 1].last >= list[i].first)
			same[list[i - 1].row] = 1;
	return (same);
}

static uint8_t *
same_segments(const struct conf *conf)
{
	struct span			*list;
	const struct conf_segment	*seg;
	uint8_t				*same;
	uint32_t			 i;

	list = xcalloc(conf->nsegment + 1, sizeof(*list));
	for (i = 0; i < conf->nsegment; i++) {
		seg = &conf->segment[i];
		list[i] = (struct span){ seg->net, seg->net, i };
		if (seg->prefix != 0)
			list[i].last |= ~prefix_mask(seg->prefix);
	}
	same = same_spans(list, conf->nsegment);
	free(list);
	return (same);
}

static uint8_t *
same_ranges(const struct conf *conf)
{
	struct span	*list = xcalloc(conf->nrange + 1, sizeof(*list));
	uint8_t		*same;
	uint32_t	 i;

	for (i = 0; i < conf->nrange; i++)
		list[i] = (struct span){ conf->range[i].first,
		    conf->range[i].last, i };
	same = same_spans(list, conf->nrange);
	free(list);
	return (same);
}

static_assert(offsetof(struct conf_shared, name) == 0 &&
    offsetof(struct conf_image, name) == 0 &&
    offsetof(struct conf_group, name) == 0, "rows begin with their names");

void
conf_same_find(struct parse *p)
{
	const struct conf	*conf = p->conf;

	p->same[FIELD_SEGMENT] = same_segments(conf);
	p->same[FIELD_RANGE] = same_ranges(conf);
	p->same[FIELD_SHARED] = same_names(conf->shared,
	    sizeof(*conf->shared), conf->nshared);
	p->same[FIELD_IMAGE] = same_names(conf->image, sizeof(*conf->image),
	    conf->nimage);
	p->same[FIELD_GROUP] = same_names(conf->group, sizeof(*conf->group),
	    conf->ngroup);
}

void
conf_same_free(struct parse *p)
{
	size_t	i;

	for (i = 0; i < FIELD_MAX; i++) {
		free(p->same[i]);
		p->same[i] = NULL;
	}
}
