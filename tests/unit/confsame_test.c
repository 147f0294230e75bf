/* SPDX-License-Identifier: ISC */
/*
 * confsame_test: the rows that are like another are those that a comparison
 * of each with each finds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"
#include "unit.h"

#define ROWS	60

static uint32_t	seed = 1;

static uint32_t
dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return ((seed >> 8) % n);
}

static int
ranges_overlap(const struct conf *conf, uint32_t row)
{
	const struct conf_range	*r = &conf->range[row], *o;
	uint32_t		 i;

	for (i = 0; i < conf->nrange; i++) {
		o = &conf->range[i];
		if (i != row && r->first <= o->last && o->first <= r->last)
			return (1);
	}
	return (0);
}

static int
segments_overlap(const struct conf *conf, uint32_t row)
{
	const struct conf_segment	*s = &conf->segment[row], *o;
	uint32_t			 i, mask;

	for (i = 0; i < conf->nsegment; i++) {
		o = &conf->segment[i];
		mask = prefix_mask(s->prefix) & prefix_mask(o->prefix);
		if (i != row && (s->net & mask) == (o->net & mask))
			return (1);
	}
	return (0);
}

static int
names_repeat(const struct conf *conf, uint32_t row)
{
	uint32_t	i;

	for (i = 0; i < conf->ngroup; i++)
		if (i != row && strcmp(conf->group[i].name,
		    conf->group[row].name) == 0)
			return (1);
	return (0);
}

static void
fill(struct conf *conf, uint32_t space)
{
	struct conf_segment	*s;
	struct conf_range	*r;
	uint32_t		 i;

	for (i = 0; i < ROWS; i++) {
		r = conf_add_range(conf);
		r->first = dice(space);
		r->last = r->first + dice(dice(4) == 0 ? space : 8);
		s = conf_add_segment(conf);
		s->prefix = 30 - dice(dice(4) == 0 ? 24 : 4);
		s->net = dice(space) << 4 & prefix_mask(s->prefix);
		(void)snprintf(conf_add_group(conf)->name, NAME_LEN, "g%u",
		    dice(space));
	}
}

int
main(void)
{
	static struct parse	p;
	uint32_t		round, i, bad = 0, like = 0, unlike = 0;
	const uint8_t		*range, *segment, *group;

	for (round = 0; round < 2000; round++) {
		conf_set_init(&p);
		fill(p.conf, 20U << dice(8));
		conf_same_find(&p);
		range = p.same[FIELD_RANGE];
		segment = p.same[FIELD_SEGMENT];
		group = p.same[FIELD_GROUP];
		for (i = 0; i < ROWS; i++) {
			bad += range[i] != ranges_overlap(p.conf, i);
			bad += segment[i] != segments_overlap(p.conf, i);
			bad += group[i] != names_repeat(p.conf, i);
			like += range[i] + segment[i] + group[i];
			unlike += 3U - range[i] - segment[i] - group[i];
		}
		conf_same_free(&p);
		conf_free(p.conf);
	}
	CHECK(bad == 0);
	CHECK_NAMED(like > 10000 && unlike > 10000, "both were tried");
	conf_set_init(&p);
	conf_same_find(&p);
	conf_same_free(&p);
	conf_free(p.conf);
	return (unit_done());
}
