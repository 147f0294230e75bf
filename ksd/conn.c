/* SPDX-License-Identifier: ISC */
/*
 * conn.c: the table of connections, made once, and who of them has to go when
 * it is full or when one source has too many: whoever has been silent for
 * longest.  So slow clients cost each other, and never those who just want a
 * file.
 */
#include <sys/resource.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ksd.h"

#define CONN_MAX	4096
#define SOURCE_CONNS	1024		/* of one address */
#define SOURCE_BUCKETS	1024		/* a power of two */
#define VICTIM_LOOK	256		/* how far for one that waits */
#define STALL_MS	1000		/* so silent a sender has to go, too */

struct source {
	SLIST_ENTRY(source) entry;
	struct conn_list conns;
	uint32_t	 addr;
	unsigned int	 n;
};

struct conn_list		 conns = TAILQ_HEAD_INITIALIZER(conns);
struct conn_list		 conns_held =
				    TAILQ_HEAD_INITIALIZER(conns_held);

static struct conn		*table;		/* nconns of them */
static size_t			 nconns, fresh;	/* never used from there on */
static struct conn_list		 unused = TAILQ_HEAD_INITIALIZER(unused);
static SLIST_HEAD(source_list, source) source_of[SOURCE_BUCKETS];
static struct source_list	 sources_unused;
static struct log_limit		 limit_full;

static struct source_list *
source_chain(uint32_t addr)
{
	return (&source_of[addr * 2654435761U >> 16 & (SOURCE_BUCKETS - 1)]);
}

static struct source *
source_find(uint32_t addr)
{
	struct source	*s;

	SLIST_FOREACH(s, source_chain(addr), entry)
		if (s->addr == addr)
			return (s);
	return (NULL);
}

/* There are as many sources as connections: this cannot fail. */
static struct source *
source_get(uint32_t addr)
{
	struct source	*s;

	if ((s = source_find(addr)) != NULL)
		return (s);
	s = SLIST_FIRST(&sources_unused);
	SLIST_REMOVE_HEAD(&sources_unused, entry);
	s->addr = addr;
	s->n = 0;
	TAILQ_INIT(&s->conns);
	SLIST_INSERT_HEAD(source_chain(addr), s, entry);
	return (s);
}

static void
source_put(struct source *s)
{
	if (--s->n > 0)
		return;
	SLIST_REMOVE(source_chain(s->addr), s, source, entry);
	SLIST_INSERT_HEAD(&sources_unused, s, entry);
}

void
conn_touch(struct conn *c, mono_t now)
{
	c->touched = now;
	TAILQ_REMOVE(&conns, c, lru);
	TAILQ_INSERT_TAIL(&conns, c, lru);
	TAILQ_REMOVE(&c->source->conns, c, mine);
	TAILQ_INSERT_TAIL(&c->source->conns, c, mine);
}

void
conn_release(struct conn *c)
{
	if (c->file != -1)
		(void)close(c->file);
	c->file = -1;
	blob_unref(c->blob);
	c->blob = NULL;
}

void
conn_close(struct conn *c)
{
	if (c->state == CONN_HELD)
		TAILQ_REMOVE(&conns_held, c, held);
	if (c->watch != 0)
		(void)event_del(&c->ev);
	conn_release(c);
	(void)close(c->fd);
	TAILQ_REMOVE(&conns, c, lru);
	TAILQ_REMOVE(&c->source->conns, c, mine);
	source_put(c->source);
	TAILQ_INSERT_HEAD(&unused, c, lru);
	COUNT(OPEN)--;
}

/*
 * Who has to go: the longest silent one that is not being answered, else one
 * that does not take its answer; of a single source any, as it has plenty.
 */
static struct conn *
conn_victim(struct conn_list *list, int mine, mono_t now)
{
	struct conn	*c, *first = TAILQ_FIRST(list);
	int		 look = VICTIM_LOOK;

	for (c = first; c != NULL && look-- > 0;
	    c = mine ? TAILQ_NEXT(c, mine) : TAILQ_NEXT(c, lru))
		if (c->state != CONN_SEND && c->state != CONN_HELD)
			return (c);
	if (first == NULL || first->state != CONN_SEND || (!mine &&
	    mono_diff_ms(now, first->touched) < STALL_MS))
		return (NULL);
	return (first);
}

static int
make_room(struct conn_list *list, int mine, mono_t now)
{
	struct conn	*c = conn_victim(list, mine, now);

	COUNT(DROPPED)++;
	log_limit(&limit_full, "too many connections: %s",
	    c == NULL ? "a new one is turned away" :
	    "the longest silent one is dropped");
	if (c == NULL)
		return (-1);
	conn_close(c);
	return (0);
}

int
conn_make_room(mono_t now)
{
	return (make_room(&conns, 0, now));
}

static struct conn *
conn_take(uint32_t addr, mono_t now)
{
	struct source	*s = source_find(addr);
	struct conn	*c;

	if (s != NULL && s->n >= SOURCE_CONNS &&
	    make_room(&s->conns, 1, now) == -1)
		return (NULL);
	if (TAILQ_EMPTY(&unused) && fresh == nconns &&
	    make_room(&conns, 0, now) == -1)
		return (NULL);
	if ((c = TAILQ_FIRST(&unused)) != NULL)
		TAILQ_REMOVE(&unused, c, lru);
	else
		c = &table[fresh++];
	return (c);
}

/* A place for a connection of this address; NULL when nobody gives way. */
struct conn *
conn_new(int fd, uint32_t addr, mono_t now)
{
	struct conn	*c;

	if ((c = conn_take(addr, now)) == NULL)
		return (NULL);
	memset(c, 0, offsetof(struct conn, outbuf));
	c->fd = fd;
	c->file = -1;
	c->addr = addr;
	c->touched = now;
	c->source = source_get(addr);
	c->source->n++;
	TAILQ_INSERT_TAIL(&conns, c, lru);
	TAILQ_INSERT_TAIL(&c->source->conns, c, mine);
	COUNT(CONNECTIONS)++;
	COUNT(OPEN)++;
	return (c);
}

/*
 * Two descriptors a connection, its socket and its file; what is left is for
 * links and listening sockets.
 */
void
conn_init(void)
{
	struct rlimit	 rl;
	struct source	*sources;
	size_t		 i;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	nconns = CONN_MAX;
	if (rl.rlim_cur < 2 * CONN_MAX + 256)
		nconns = rl.rlim_cur < 512 ? 64 : (rl.rlim_cur - 256) / 2;
	table = xcalloc(nconns, sizeof(*table));
	sources = xcalloc(nconns, sizeof(*sources));
	for (i = 0; i < nconns; i++)
		SLIST_INSERT_HEAD(&sources_unused, &sources[i], entry);
}
