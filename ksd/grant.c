/* SPDX-License-Identifier: ISC */
/*
 * grant.c: what a live ticket gives its machine: the rendered answer files,
 * in memory.  A grant goes when its ticket leaves the live states, and when a
 * newer token takes its place.  All of them together are bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ksd.h"

#define GRANT_BUCKETS	1024		/* a power of two */
#define GRANT_FILES	16		/* of one ticket */
#define GRANT_BYTES	(128 * 1024 * 1024)
#define GRANT_MAX	65536

struct grant {
	SLIST_ENTRY(grant) entry;
	char		 host[NAME_LEN];
	char		 token[TOKEN_LEN];
	int		 packages;	/* its first package was reported */
	size_t		 nfiles;
	struct {
		char		 name[NAME_LEN];	/* "": any */
		struct blob	*blob;
	} file[GRANT_FILES];
};

static SLIST_HEAD(, grant)	grants[GRANT_BUCKETS];
static size_t			ngrants, bytes;

struct blob *
blob_new(uint32_t len)
{
	struct blob	*b;

	if ((b = malloc(sizeof(*b) + len)) == NULL)
		return (NULL);
	b->refs = 1;
	b->len = len;
	return (b);
}

struct blob *
blob_ref(struct blob *b)
{
	b->refs++;
	return (b);
}

void
blob_unref(struct blob *b)
{
	if (b != NULL && --b->refs == 0)
		free(b);
}

static size_t
grant_bucket(const char *host)
{
	uint32_t	h = 2166136261U;

	for (; *host != '\0'; host++)
		h = (h ^ (unsigned char)*host) * 16777619U;
	return ((h ^ h >> 16) & (GRANT_BUCKETS - 1));
}

static struct grant *
grant_of(const char *host)
{
	struct grant	*g;

	SLIST_FOREACH(g, &grants[grant_bucket(host)], entry)
		if (strcmp(g->host, host) == 0)
			return (g);
	return (NULL);
}

static void
grant_empty(struct grant *g)
{
	size_t	i;

	for (i = 0; i < g->nfiles; i++) {
		bytes -= g->file[i].blob->len;
		blob_unref(g->file[i].blob);
	}
	g->nfiles = 0;
	g->packages = 0;
}

static void
grant_free(struct grant *g)
{
	grant_empty(g);
	SLIST_REMOVE(&grants[grant_bucket(g->host)], g, grant, entry);
	ngrants--;
	free(g);
}

/* The grant of this token; an older one of the same host is over. */
static struct grant *
grant_make(const char *host, const char *token)
{
	struct grant	*g;

	if ((g = grant_of(host)) == NULL) {
		if (ngrants >= GRANT_MAX ||
		    (g = calloc(1, sizeof(*g))) == NULL) {
			errno = ENOSPC;
			return (NULL);
		}
		memcpy(g->host, host, strnlen(host, NAME_LEN - 1));
		SLIST_INSERT_HEAD(&grants[grant_bucket(host)], g, entry);
		ngrants++;
	} else if (strcmp(g->token, token) != 0)
		grant_empty(g);
	memset(g->token, 0, sizeof(g->token));
	memcpy(g->token, token, strnlen(token, TOKEN_LEN - 1));
	return (g);
}

int
grant_add(const struct msg_answer *answer, struct blob *blob)
{
	struct grant	*g;
	size_t		 i;

	if (blob->len > GRANT_BYTES - bytes) {
		errno = ENOSPC;
		return (-1);
	}
	if ((g = grant_make(answer->host, answer->token)) == NULL)
		return (-1);
	for (i = 0; i < g->nfiles; i++)
		if (strcmp(g->file[i].name, answer->name) == 0)
			break;
	if (i == GRANT_FILES) {
		errno = ENOSPC;
		return (-1);
	}
	if (i == g->nfiles) {
		memcpy(g->file[i].name, answer->name, NAME_LEN);
		g->nfiles++;
	} else {
		bytes -= g->file[i].blob->len;
		blob_unref(g->file[i].blob);
	}
	g->file[i].blob = blob_ref(blob);
	bytes += blob->len;
	return (0);
}

void
grant_ticket(const struct msg_ticket *ticket)
{
	struct grant	*g;

	if (ticket_answers((enum ticket_state)ticket->state) &&
	    ticket->token[0] != '\0')
		(void)grant_make(ticket->host, ticket->token);
	else if ((g = grant_of(ticket->host)) != NULL)
		grant_free(g);
}

struct blob *
grant_find(const struct msg_ticket *ticket, const char *name)
{
	struct grant	*g;
	struct blob	*any = NULL;
	size_t		 i;

	if ((g = grant_of(ticket->host)) == NULL ||
	    strcmp(g->token, ticket->token) != 0)
		return (NULL);
	for (i = 0; i < g->nfiles; i++) {
		if (strcmp(g->file[i].name, name) == 0)
			return (g->file[i].blob);
		if (g->file[i].name[0] == '\0')
			any = g->file[i].blob;
	}
	return (any);
}

int
grant_packages(const struct msg_ticket *ticket)
{
	struct grant	*g;

	if ((g = grant_of(ticket->host)) == NULL || g->packages ||
	    strcmp(g->token, ticket->token) != 0)
		return (0);
	g->packages = 1;
	return (1);
}

size_t
grant_bytes(void)
{
	return (bytes);
}

size_t
grant_count(void)
{
	return (ngrants);
}
