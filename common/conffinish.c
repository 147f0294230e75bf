/* SPDX-License-Identifier: ISC */
/*
 * conffinish.c: the last touches to a configuration without errors: what hosts
 * have from their group, and rows in the order in which they are printed, so
 * that what is printed parses back to equal tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

/* A row that is sorted by two numbers, and else keeps its place. */
struct place {
	uint32_t	first, second;
	uint32_t	row;
};

static int
place_cmp(const void *va, const void *vb)
{
	const struct place	*a = va, *b = vb;

	if (a->first != b->first)
		return (a->first < b->first ? -1 : 1);
	if (a->second != b->second)
		return (a->second < b->second ? -1 : 1);
	return (a->row < b->row ? -1 : a->row > b->row);
}

/*
 * Sort n rows by their places.  Returns where each of the old rows is now,
 * for the caller to free.
 */
static uint32_t *
rows_order(void *rows, size_t size, struct place *place, size_t n)
{
	uint32_t	*moved = xcalloc(n + 1, sizeof(*moved));
	char		*old = xcalloc(n + 1, size), *new = rows;
	size_t		 i;

	if (n > 0) {
		memcpy(old, new, n * size);
		qsort(place, n, sizeof(*place), place_cmp);
	}
	for (i = 0; i < n; i++) {
		moved[place[i].row] = (uint32_t)i;
		memcpy(new + i * size, old + place[i].row * size, size);
	}
	free(old);
	return (moved);
}

static uint32_t *
loaders_order(struct conf *conf)
{
	struct place	*place = xcalloc(conf->nloader + 1, sizeof(*place));
	uint32_t	*moved, i;

	for (i = 0; i < conf->nloader; i++)
		place[i] = (struct place){ conf->loader[i].arch, 0, i };
	moved = rows_order(conf->loader, sizeof(*conf->loader), place,
	    conf->nloader);
	free(place);
	return (moved);
}

/* The order that conf_options() relies on. */
static uint32_t *
options_order(struct conf *conf)
{
	struct place			*place;
	const struct conf_option	*o;
	uint32_t			*moved, i;

	place = xcalloc(conf->noption + 1, sizeof(*place));
	for (i = 0; i < conf->noption; i++) {
		o = &conf->option[i];
		place[i] = (struct place){ o->level, o->level == OPTION_SUBNET ?
		    o->segment : o->owner, i };
	}
	moved = rows_order(conf->option, sizeof(*conf->option), place,
	    conf->noption);
	free(place);
	return (moved);
}

/* Settings ----------------------------------------------------------------- */

/* Where one is printed: those of a group before its first host. */
struct var_place {
	uint32_t	host, of_host, group;
	size_t		row;
};

static int
var_cmp(const void *va, const void *vb)
{
	const struct var_place	*a = va, *b = vb;

	if (a->host != b->host)
		return (a->host < b->host ? -1 : 1);
	if (a->of_host != b->of_host)
		return (a->of_host < b->of_host ? -1 : 1);
	if (a->group != b->group)
		return (a->group < b->group ? -1 : 1);
	return (a->row < b->row ? -1 : a->row > b->row);
}

/*
 * The first host that is printed with this group or after it; hosts and
 * settings both come in the order of groups.
 */
static uint32_t
group_place(const struct conf *conf, uint32_t group, uint32_t from)
{
	uint32_t	i;

	for (i = from; i < conf->nhost; i++)
		if (conf->host[i].group != NONE &&
		    conf->host[i].group >= group)
			break;
	return (i);
}

static void
vars_order(struct conf *conf)
{
	struct var_place	*place;
	struct conf_var		*rows;
	uint32_t		 group = NONE, first = 0;
	size_t			 i;

	place = xcalloc(conf->nvar, sizeof(*place));
	rows = xcalloc(conf->nvar, sizeof(*rows));
	for (i = 0; i < conf->nvar; i++) {
		rows[i] = conf->var[i];
		if (rows[i].host == NONE && rows[i].group != group) {
			group = rows[i].group;
			first = group_place(conf, group, first);
		}
		place[i] = (struct var_place){ rows[i].host, 1, 0, i };
		if (rows[i].host == NONE)
			place[i] = (struct var_place){ first, 0, group, i };
	}
	qsort(place, conf->nvar, sizeof(*place), var_cmp);
	for (i = 0; i < conf->nvar; i++)
		conf->var[i] = rows[place[i].row];
	free(place);
	free(rows);
}

/* Statements --------------------------------------------------------------- */

static int
where_cmp(const void *va, const void *vb)
{
	const struct conf_where	*a = va, *b = vb;

	if (a->kind != b->kind)
		return (a->kind < b->kind ? -1 : 1);
	return (a->row < b->row ? -1 : a->row > b->row);
}

/* The notes that are of use when all is checked, as tables for others. */
static void
where_fill(struct parse *p, const uint32_t *loaders, const uint32_t *options)
{
	static const struct {
		enum field	field;
		enum where_kind	kind;
	} kinds[] = {
		{ FIELD_SEGMENT, WHERE_SEGMENT }, { FIELD_RANGE, WHERE_RANGE },
		{ FIELD_OPTION, WHERE_OPTION }, { FIELD_LOADER, WHERE_LOADER },
		{ FIELD_IMAGE, WHERE_IMAGE }, { FIELD_HOST, WHERE_HOST },
		{ FIELD_UNKNOWN, WHERE_UNKNOWN },
	};
	struct conf		*conf = p->conf;
	struct conf_where	*w;
	const struct note	*n;
	size_t			 i, k;

	for (i = 0; i < p->nnames; i++)
		(void)snprintf(conf_add_file(conf)->path, PATH_LEN, "%s",
		    p->names[i]);
	for (i = 0; i < p->nnotes; i++) {
		n = &p->notes[i];
		for (k = 0; k < nitems(kinds); k++)
			if (kinds[k].field == n->field)
				break;
		if (k == nitems(kinds))
			continue;
		w = conf_add_where(conf);
		*w = (struct conf_where){ kinds[k].kind, n->row, n->at.src,
		    n->at.line };
		if (n->field == FIELD_LOADER)
			w->row = loaders[n->row];
		else if (n->field == FIELD_OPTION)
			w->row = options[n->row];
	}
	if (conf->nwhere > 0)
		qsort(conf->where, conf->nwhere, sizeof(*conf->where),
		    where_cmp);
}

void
conf_finish(struct parse *p)
{
	struct conf	*conf = p->conf;
	const char	*image;
	uint32_t	*loaders, *options;
	size_t		 i;

	for (i = 0; i < conf->nhost; i++) {
		if (conf->host[i].group == NONE ||
		    conf->host[i].image[0] != '\0')
			continue;
		image = conf->group[conf->host[i].group].image;
		(void)conf_copy(p, conf->host[i].image, NAME_LEN, image,
		    "the image");
	}
	loaders = loaders_order(conf);
	options = options_order(conf);
	if (conf->nvar > 0)
		vars_order(conf);
	where_fill(p, loaders, options);
	free(loaders);
	free(options);
}
