/* SPDX-License-Identifier: ISC */
/*
 * stock.c: which addresses are proven before anybody asks for one, and how
 * many: enough for a rack, more while they are used up quickly.  Reserved
 * addresses that nobody has a lease of are looked after, too, so that it is
 * known when another machine sits on one.
 */
#include "arpd.h"

#define TICK_MS		1000		/* how often it is looked at */
#define GROW_MS		500		/* how often it may grow */
#define SHRINK_S	300		/* half as many when it is idle */
#define DRY_S		1		/* how long dhcpd's word holds */
#define BARREN_S	10		/* between searches in vain */
#define HOSTS_TICK	64		/* hosts looked at in one tick */

/* How many proofs a segment has at rest, at least and at most. */
static const struct {
	size_t	rest, least, most;
} stock_size[] = {
	{ 256, 16, 4096 },		/* by ARP */
	{ 16, 4, 256 },			/* by echo: caches of relays fill up */
};

static struct watch	*stock_watch;
static mono_t		 stock_ticked, stock_looked;
static size_t		 stock_segs;	/* that have a stock */
static size_t		 stock_host;	/* where the next look begins */

void
stock_init(struct watch *w)
{
	stock_watch = w;
}

void
stock_wake(void)
{
	stock_ticked = (mono_t){ 0 };
}

/* What is proven at rest: all segments together leave room for bursts. */
static size_t
stock_rest(const struct segment *seg)
{
	const size_t	share = PROVE_ACTIVE_MAX / 2 / (stock_segs + 1);
	const size_t	echo = seg->echo != 0;

	if (share < stock_size[echo].least)
		return (stock_size[echo].least);
	return (share < stock_size[echo].rest ? share : stock_size[echo].rest);
}

void
stock_segments(void)
{
	const struct conf		*conf = stock_watch->conf;
	const struct conf_segment	*c;
	struct segment			*seg;
	size_t				 i;
	int				 proves;

	stock_segs = 0;
	for (i = 0; i < stock_watch->nsegs; i++) {
		c = &conf->segment[i];
		seg = &stock_watch->segs[i];
		proves = c->probe != PROBE_OFF && !c->proxy;
		seg->wire = port_of_segment(conf, (uint32_t)i);
		seg->port = proves ? seg->wire : NULL;
		seg->echo = proves && c->nrelays > 0 && echo_is_open();
		stock_segs += c->probe == PROBE_BACKGROUND &&
		    (seg->port != NULL || seg->echo);
	}
	for (i = 0; i < stock_watch->nsegs; i++) {
		seg = &stock_watch->segs[i];
		seg->barren = (mono_t){ 0 };
		if (conf->segment[i].probe != PROBE_BACKGROUND)
			seg->wanted = 0;
		else if (seg->wanted == 0)
			seg->wanted = stock_rest(seg);
	}
	stock_wake();
}

/*
 * Is a new one needed soon?  Half of the stock is there at once when we start,
 * and in a burst, the rest in its time.
 */
static int
stock_is_low(const struct segment *seg, mono_t now)
{
	size_t	have = seg->hurried;

	/* What dhcpd has offered is proven, but not there for others. */
	if (!mono_before(now, mono_add_s(seg->dry, DRY_S)))
		have += seg->proven;
	return (have < seg->wanted / 2);
}

static void
stock_fill(struct segment *seg, mono_t now)
{
	struct entry	*e;
	uint32_t	 addr;

	if ((seg->port == NULL && !seg->echo) ||
	    mono_before(now, seg->barren))
		return;
	while (seg->active < seg->wanted &&
	    prove_active() < PROVE_ACTIVE_MAX) {
		addr = watch_next_free(stock_watch, seg, now);
		if (addr == 0 || (e = watch_enter(stock_watch, addr)) == NULL) {
			seg->barren = mono_add_s(now, BARREN_S);
			return;
		}
		prove_begin(e, stock_is_low(seg, now) ? PROBE_IN_HURRY :
		    PROBE_IN_PROVE, now);
	}
}

/* A reserved address that nobody has now: see that nobody else uses it. */
static void
stock_look_after(uint32_t addr, mono_t now)
{
	struct entry	*e = watch_find(stock_watch, addr);

	if (e == NULL || e->host == NONE || e->probe.state != PROBE_IDLE ||
	    e->probe.seg->wanted == 0 || watch_is_leased(e, now) ||
	    mono_before(now, e->probe.seg->barren) ||
	    (e->probe.seg->port == NULL && !e->probe.seg->echo))
		return;
	prove_begin(e, PROBE_IN_PROVE, now);
}

static void
stock_hosts(mono_t now)
{
	const struct conf	*conf = stock_watch->conf;
	size_t			 i;

	for (i = 0; i < HOSTS_TICK && i < conf->nhost; i++) {
		stock_host = (stock_host + 1) % conf->nhost;
		if (conf->host[stock_host].addr != 0)
			stock_look_after(conf->host[stock_host].addr, now);
	}
}

void
stock_tick(mono_t now)
{
	struct segment	*seg;
	size_t		 i;

	if (stock_watch->nsegs == 0 ||
	    mono_before(now, mono_add_ms(stock_ticked, TICK_MS)))
		return;
	stock_ticked = now;
	if (!mono_before(now, mono_add_ms(stock_looked, TICK_MS))) {
		stock_looked = now;
		stock_hosts(now);
	}
	for (i = 0; i < stock_watch->nsegs; i++) {
		seg = &stock_watch->segs[i];
		if (seg->wanted > stock_rest(seg) &&
		    mono_before(mono_add_s(seg->changed, SHRINK_S), now)) {
			seg->wanted /= 2;
			if (seg->wanted < stock_rest(seg))
				seg->wanted = stock_rest(seg);
			seg->changed = now;
		}
		stock_fill(seg, now);
	}
}

void
stock_demand(struct segment *seg, int asked, mono_t now)
{
	const size_t	most = stock_size[seg->echo != 0].most;

	if (asked)
		seg->dry = now;
	stock_wake();
	if ((!asked && seg->proven >= seg->wanted / 2) ||
	    mono_before(now, mono_add_ms(seg->changed, GROW_MS)))
		return;
	seg->changed = now;
	seg->wanted = 2 * seg->wanted < most ? 2 * seg->wanted : most;
}
