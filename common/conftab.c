/* SPDX-License-Identifier: ISC */
/*
 * conftab.c: the configuration as tables: made, grown, compared, sent by the
 * parent and received by the children.  No table is special here.
 */
#include <stdlib.h>
#include <string.h>

#include "bootward.h"

/* One table of a struct conf, whatever its rows are. */
struct table {
	void		**rows;
	size_t		 *n;
	size_t		  size;
	enum msg_type	  type;
	unsigned int	  to;
};

enum {
#define T(tag, member, row, to)	TABLE_##tag,
	CONF_LIST(T)
#undef T
	TABLE_MAX
};

static void
conf_tables(struct conf *conf, struct table tables[TABLE_MAX])
{
#define T(tag, member, row, dest)					\
	tables[TABLE_##tag] = (struct table){ (void **)&conf->member,	\
	    &conf->n##member, sizeof(row), MSG_CONF_##tag, dest };
	CONF_LIST(T)
#undef T
}

/* Room for n more zeroed rows; tables grow by doubling. */
static void *
table_add(struct table *t, size_t n)
{
	size_t	 old = *t->n, cap;
	char	*rows;

	for (cap = 8; cap < old; cap *= 2)
		;
	if (old == 0 || old + n > cap) {
		while (cap < old + n)
			cap *= 2;
		*t->rows = xreallocarray(*t->rows, cap, t->size);
	}
	rows = *t->rows;
	memset(rows + old * t->size, 0, n * t->size);
	*t->n += n;
	return (rows + old * t->size);
}

#define T(tag, member, row, to)						\
row *									\
conf_add_##member(struct conf *conf)					\
{									\
	struct table	tables[TABLE_MAX];				\
									\
	conf_tables(conf, tables);					\
	return (table_add(&tables[TABLE_##tag], 1));			\
}
CONF_LIST(T)
#undef T

/* An empty configuration: not even the global row. */
static struct conf *
conf_empty(void)
{
	struct conf	*conf = xcalloc(1, sizeof(*conf));

	conf->index = conf_index_new();
	return (conf);
}

struct conf *
conf_new(void)
{
	struct conf		*conf = conf_empty();
	struct conf_global	*g = conf_add_global(conf);

	memcpy(g->root, ROOT_DIR, sizeof(ROOT_DIR));
	g->install_timeout = CONF_INSTALL_TIMEOUT;
	return (conf);
}

void
conf_free(struct conf *conf)
{
	struct table	tables[TABLE_MAX];
	size_t		i;

	if (conf == NULL)
		return;
	conf_tables(conf, tables);
	for (i = 0; i < TABLE_MAX; i++)
		free(*tables[i].rows);
	conf_index_free(conf->index);
	free(conf);
}

int
conf_equal(const struct conf *a, const struct conf *b)
{
	struct conf	ca = *a, cb = *b;
	struct table	ta[TABLE_MAX], tb[TABLE_MAX];
	size_t		i;

	conf_tables(&ca, ta);
	conf_tables(&cb, tb);
	for (i = 0; i < TABLE_MAX; i++)
		if (i != TABLE_FILE && i != TABLE_WHERE &&
		    (*ta[i].n != *tb[i].n || (*ta[i].n > 0 &&
		    memcmp(*ta[i].rows, *tb[i].rows,
		    *ta[i].n * ta[i].size) != 0)))
			return (0);
	return (1);
}

int
conf_send(struct imsgbuf *ib, const struct conf *conf)
{
	struct conf	copy = *conf;
	struct table	tables[TABLE_MAX];
	size_t		i;

	conf_tables(&copy, tables);
	if (imsg_send(ib, MSG_CONF_BEGIN, 0, -1, NULL, 0) == -1)
		return (-1);
	for (i = 0; i < TABLE_MAX; i++) {
		if ((tables[i].to & 1U << ib->peer) == 0 || *tables[i].n == 0)
			continue;
		if (imsg_send_many(ib, tables[i].type, 0, *tables[i].rows,
		    tables[i].size, *tables[i].n) == -1)
			return (-1);
	}
	return (imsg_send(ib, MSG_CONF_END, 0, -1, NULL, 0));
}

struct conf *
conf_receive(const struct imsg *msg)
{
	static struct conf	*next;
	struct table		 tables[TABLE_MAX];
	struct conf		*done;
	size_t			 i;

	if (msg->type == MSG_CONF_BEGIN) {
		conf_free(next);
		next = conf_empty();
		return (NULL);
	}
	if (next == NULL)
		fatalx("%s without CONF_BEGIN", msg_name(msg->type));
	if (msg->type == MSG_CONF_END) {
		if (next->nglobal != 1)
			fatalx("configuration with %zu global rows",
			    next->nglobal);
		done = next;
		next = NULL;
		return (done);
	}
	conf_tables(next, tables);
	for (i = 0; i < TABLE_MAX && tables[i].type != msg->type; i++)
		;
	if (i == TABLE_MAX)
		fatalx("%s is no table", msg_name(msg->type));
	memcpy(table_add(&tables[i], msg->count), msg->data, msg->len);
	return (NULL);
}
