/* SPDX-License-Identifier: ISC */
/*
 * trail.c: what machines that boot were given a moment ago, so that those
 * that go in circles are stopped, and firmware that does not take an offer
 * gets another one.  A table of fixed size in sets of four: a flood of
 * made-up machines can only make it forget.
 *
 * Retransmissions are no circles: only a request that follows a DHCPACK (or,
 * next to another server, the choice of an address) is a round.  Nor is it
 * one when another stage, or a system, was heard in between.
 */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define SETS		1024		/* a power of two */
#define WAYS		4
#define TOKEN_BEGIN	16
#define CHAIN_S		600		/* from firmware to the iPXE of it */
#define CHAIN_ROUNDS	2		/* of an iPXE that is iPXE itself */
#define SCHEDULE_S	120		/* four tries: 4, 8, 16, 32 seconds */
#define LATE_S		20
#define LATE_MAX_S	600		/* beyond this it is no such time */

enum stage { STAGE_FIRMWARE, STAGE_HTTP, STAGE_IPXE };

struct trail {
	int64_t		seen_us;
	int64_t		given_us;	/* 0: not since its last request */
	int64_t		rest_us;	/* gets nothing until then */
	int64_t		before_us;	/* firmware was given a loader */
	uint32_t	xid;
	uint32_t	loader;		/* loader_id() of what it was given */
	uint32_t	before;		/* of what its firmware was given */
	struct mac	mac;
	uint8_t		used;
	uint8_t		stage;		/* enum stage */
	uint8_t		rounds;
	uint8_t		unheard;
	uint8_t		taken;		/* enum pxe_profile + 1 */
	uint8_t		scripted;	/* gets its script, not a file */
	char		ticket[TOKEN_BEGIN];
};

struct trails {
	uint64_t	 seed[2];
	size_t		 used;
	struct trail	 set[SETS][WAYS];
};

struct trails *
trails_new(void)
{
	struct trails	*ts = xcalloc(1, sizeof(*ts));

	if (getrandom(ts->seed, sizeof(ts->seed), 0) != sizeof(ts->seed))
		fatal("getrandom");
	return (ts);
}

/* With a new configuration everybody begins anew. */
void
trails_clear(struct trails *ts)
{
	if (ts->used > 0)
		memset(ts->set, 0, sizeof(ts->set));
	ts->used = 0;
}

static size_t
trail_set(const struct trails *ts, struct mac mac)
{
	return (siphash(ts->seed, mac.b, sizeof(mac.b)) & (SETS - 1));
}

static int
trail_is_of(const struct trail *t, struct mac mac)
{
	return (t->used && mac_equal(t->mac, mac));
}

static const struct trail *
trail_find(const struct trails *ts, struct mac mac)
{
	const struct trail	*set;
	size_t			 i;

	if (ts == NULL || ts->used == 0)
		return (NULL);
	set = ts->set[trail_set(ts, mac)];
	for (i = 0; i < WAYS; i++)
		if (trail_is_of(&set[i], mac))
			return (&set[i]);
	return (NULL);
}

/* The machine's own, or the one that was not heard of for the longest. */
static struct trail *
trail_make(struct trails *ts, struct mac mac)
{
	struct trail	*set = ts->set[trail_set(ts, mac)], *oldest = set;
	size_t		 i;

	for (i = 0; i < WAYS; i++) {
		if (trail_is_of(&set[i], mac))
			return (&set[i]);
		if (set[i].seen_us < oldest->seen_us)
			oldest = &set[i];
	}
	ts->used += !oldest->used;
	memset(oldest, 0, sizeof(*oldest));
	oldest->used = 1;
	oldest->mac = mac;
	return (oldest);
}

static void
trail_forget(struct trails *ts, struct mac mac)
{
	struct trail	*set;
	size_t		 i;

	if (ts->used == 0)
		return;
	set = ts->set[trail_set(ts, mac)];
	for (i = 0; i < WAYS; i++)
		if (trail_is_of(&set[i], mac)) {
			memset(&set[i], 0, sizeof(set[i]));
			ts->used--;
		}
}

static enum stage
stage_of(const struct pxe *p)
{
	if (p->ipxe)
		return (STAGE_IPXE);
	return (p->http ? STAGE_HTTP : STAGE_FIRMWARE);
}

/* A file, whatever row of the configuration it stands in. */
static uint32_t
loader_id(const struct conf_loader *loader)
{
	const char	*c;
	uint32_t	 h = 2166136261U;

	if (loader == NULL)
		return (0);
	for (c = loader->path; *c != '\0'; c++)
		h = (h ^ (unsigned char)*c) * 16777619U;
	return (h | 1);
}

static int
within(int64_t since_us, int64_t seconds, mono_t now)
{
	return (since_us != 0 && now.us - since_us < seconds * 1000000);
}

/* The beginning of a token: who is armed again begins anew. */
static int
ticket_is(const struct trail *t, const struct verdict *v)
{
	static const char	none[TOKEN_BEGIN];

	return (memcmp(t->ticket, v->ticket != NULL ? v->ticket->token : none,
	    sizeof(t->ticket)) == 0);
}

/* The rounds that this request makes. */
static unsigned int
rounds_with(const struct trail *t, const struct dhcp_msg *req,
    const struct verdict *v, mono_t now)
{
	if (t->stage != stage_of(&v->pxe) ||
	    (t->rest_us != 0 && now.us >= t->rest_us))
		return (0);
	if (req->type != DHCP_DISCOVER || t->given_us == 0)
		return (t->rounds);
	if (!within(t->given_us, TRAIL_GAP_S, now) ||
	    (v->loader != NULL && t->loader != loader_id(v->loader)))
		return (0);
	return (t->rounds < UINT8_MAX ? t->rounds + 1U : t->rounds);
}

void
trail_look(const struct trails *ts, const struct dhcp_msg *req,
    const struct verdict *v, mono_t now, struct trail_advice *advice)
{
	const struct trail	*t = trail_find(ts, req->mac);

	memset(advice, 0, sizeof(*advice));
	if (t == NULL || !ticket_is(t, v))
		return;
	advice->circles = rounds_with(t, req, v, now) >= TRAIL_ROUNDS;
	advice->taken = t->taken;
	if (within(t->seen_us, SCHEDULE_S, now))
		advice->unheard = t->unheard;
}

int
trail_made_ipxe(const struct trails *ts, const struct dhcp_msg *req,
    const struct verdict *v, mono_t now)
{
	const struct trail	*t = trail_find(ts, req->mac);

	if (t == NULL || v->loader == NULL || !v->pxe.ipxe)
		return (0);
	if (t->before == loader_id(v->loader) &&
	    within(t->before_us, CHAIN_S, now))
		return (1);
	/* A card that is iPXE says nothing else before and after. */
	return (ticket_is(t, v) && within(t->seen_us, CHAIN_S, now) &&
	    (t->scripted || rounds_with(t, req, v, now) >= CHAIN_ROUNDS));
}

/*
 * The "secs" of the first request that reaches us: a switch port that is not
 * forwarding yet loses those before it.  Some write it the wrong way round.
 */
unsigned int
trail_late(const struct trails *ts, const struct dhcp_msg *req, mono_t now)
{
	const struct trail	*t = trail_find(ts, req->mac);
	unsigned int		 secs = req->secs;

	if (req->type != DHCP_DISCOVER || (t != NULL && (t->xid == req->xid ||
	    within(t->seen_us, SCHEDULE_S, now))))
		return (0);
	if (secs > UINT8_MAX && (secs & UINT8_MAX) == 0)
		secs >>= 8;
	return (secs >= LATE_S && secs <= LATE_MAX_S ? secs : 0);
}

static void
note_discover(struct trail *t, const struct dhcp_msg *req,
    const struct verdict *v, mono_t now)
{
	unsigned int	rounds = rounds_with(t, req, v, now);

	if (t->rest_us != 0 && now.us >= t->rest_us)
		t->rest_us = 0;
	if (v->circles && t->rest_us == 0)
		t->rest_us = mono_add_s(now, TRAIL_REST_S).us;
	t->rounds = (uint8_t)rounds;
	t->given_us = 0;
	if (!within(t->seen_us, SCHEDULE_S, now))
		t->unheard = 0;
	/* One that two relay agents bring is one. */
	if (t->unheard < UINT8_MAX && !v->circles &&
	    (t->unheard == 0 || !within(t->seen_us, 1, now)))
		t->unheard++;
	t->xid = req->xid;
}

static void
note_given(struct trail *t, const struct verdict *v, mono_t now)
{
	t->given_us = now.us;
	t->loader = loader_id(v->loader);
	t->unheard = 0;
	if (v->kind == V_ACK)
		t->taken = (uint8_t)(v->pxe.profile + 1);
	if (!v->pxe.ipxe) {
		t->before = t->loader;
		t->before_us = now.us;
	}
}

void
trail_note(struct trails *ts, const struct dhcp_msg *req,
    const struct verdict *v, mono_t now)
{
	struct trail	*t;
	int		 offered, given;

	if (ts == NULL)
		return;
	/* It has come to an installer, or to a system. */
	if (!pxe_boots(&v->pxe)) {
		trail_forget(ts, req->mac);
		return;
	}
	offered = req->type == DHCP_DISCOVER &&
	    (v->circles || (v->loader != NULL &&
	    (v->kind == V_OFFER || v->kind == V_PROXY)));
	given = v->loader != NULL && (v->kind == V_ACK || v->claim);
	if (!offered && !given)
		return;
	t = trail_make(ts, req->mac);
	if (!ticket_is(t, v)) {
		trail_forget(ts, req->mac);
		t = trail_make(ts, req->mac);
		if (v->ticket != NULL)
			memcpy(t->ticket, v->ticket->token, sizeof(t->ticket));
	}
	if (offered)
		note_discover(t, req, v, now);
	else
		note_given(t, v, now);
	t->stage = (uint8_t)stage_of(&v->pxe);
	t->scripted |= v->loader == &pxe_script;
	t->seen_us = now.us;
}
