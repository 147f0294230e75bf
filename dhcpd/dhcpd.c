/* SPDX-License-Identifier: ISC */
/*
 * dhcpd: the DHCP server (RFC 2131) of machines that boot from the network,
 * and of everybody else on their segments.
 * Runs as _dhcpd, chrooted to an empty directory, in empty namespaces.  Holds
 * fd 3 (parent), fd 4 (log), the links to its siblings and, for each
 * interface, a packet socket and UDP sockets that it was given.  Opens
 * nothing, writes no file: what must last it gives to the store.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define EXPIRE_TURN	128	/* leases that end in one turn */
#define EXPIRE_TICK	4096	/* at once without requests */
#define TICK_MS		1000
#define BUSY_MS		10	/* while there are more that end */
#define UNPROVEN_S	60	/* between two warnings */
#define DOUBT_S		30	/* for proofs that nobody watches */

static struct view	 view;
static int		 synced;	/* the store has told us all leases */
static struct event	*ticker;	/* expiry while nothing is asked */
static struct log_limit	 loud;
static struct msg_addr	 used[128];	/* proven ones that are offered */
static size_t		 nused;
static unsigned int	 unproven;	/* offers, not told yet */
static mono_t		 unproven_told;

/* 1. One request. */

/* For who waits for it; or in passing, for an offer that is not kept back. */
static void
turn_probe(const struct verdict *v)
{
	struct msg_addr	ask[PROBE_AHEAD];
	size_t		i;

	for (i = 0; i < v->nprobe; i++)
		ask[i].addr = v->probe[i];
	(void)proc_send(PROC_ARPD, MSG_PROBE, v->kind == V_PROBE ?
	    PROBE_WAITS : PROBE_PASSING, -1, ask, v->nprobe * sizeof(ask[0]));
}

/* Once the answers have left: what of the stock is not there any more. */
static void
turn_used(void)
{
	if (nused > 0)
		(void)proc_send(PROC_ARPD, MSG_PROBE, PROBE_USED, -1, used,
		    nused * sizeof(used[0]));
	nused = 0;
}

static void
turn_use(uint32_t addr)
{
	if (nused == nitems(used))
		turn_used();
	used[nused++].addr = addr;
}

/* An offer is kept for the one client; nobody else is offered the address. */
static int
turn_hold(const struct verdict *v, const struct dhcp_msg *req,
    enum hold_state state, mono_t now)
{
	struct owner	owner;
	int		seconds = state == HOLD_WAIT ? WAIT_HOLD_S :
			    OFFER_HOLD_S;

	if (v->drop != NULL && (v->drop->state == HOLD_OFFERED ||
	    v->drop->state == HOLD_WAIT))
		lease_free(view.leases, v->drop, now);
	if (v->kind == V_SILENT || (v->lease != NULL &&
	    (v->lease->state == HOLD_BOUND || v->lease->staged)))
		return (0);
	policy_owner(req, &owner);
	owner.known = v->host != NONE;
	return (lease_hold(view.leases, v->addr, &owner, state, now,
	    mono_add_s(now, seconds)) == NULL ? -1 : 0);
}

/* What needs no disk: offers, refusals, and silence. */
static void
turn_answer(struct port *port, const struct verdict *v,
    const struct dhcp_msg *req, mono_t now)
{
	static const enum figure	count[V_MAX] = {
		[V_SILENT] = FIG_SILENT, [V_PROBE] = FIG_PROBING,
		[V_OFFER] = FIG_OFFER, [V_NAK] = FIG_NAK,
		[V_INFORM] = FIG_ACK, [V_QUERY] = FIG_QUERY,
		[V_PROXY] = FIG_PROXY,
	};
	uint8_t				octets[DHCP_PAYLOAD_MAX];
	struct letter			letter;
	struct story			story;

	figure_add(count[v->kind]);
	if (v->circles)
		figure_add(FIG_CIRCLES);
	if (v->kind == V_OFFER &&
	    pool_proven(leases_pool(view.leases), v->addr, now))
		turn_use(v->addr);
	if (v->kind == V_SILENT || v->kind == V_OFFER || v->kind == V_PROBE) {
		if (turn_hold(v, req, v->kind == V_PROBE ? HOLD_WAIT :
		    HOLD_OFFERED, now) == -1)
			return;
	}
	if (v->nprobe > 0)
		turn_probe(v);
	if (v->kind == V_SILENT || v->kind == V_PROBE)
		return;
	letter_address(&letter, port, req, v);
	letter.len = (uint16_t)(v->kind == V_QUERY ?
	    query_build(octets, &view, req, v, port->mtu) :
	    reply_build(octets, view.conf, req, v, port->mtu));
	outbox_put(&letter, octets);
	if (v->unproven) {
		figure_add(FIG_UNPROVEN);
		unproven += view.arpd;
	}
	story_answer(&story, view.conf, req, v);
	story_tell(&story, now);
}

/* What the request itself tells: to the timeline, the ticket, the log. */
static void
turn_note(const struct verdict *v, const struct dhcp_msg *req, mono_t now)
{
	static const enum figure	count[] = {
		[DHCP_BOOTP] = FIG_BOOTP,
		[DHCP_DISCOVER] = FIG_DISCOVER, [DHCP_REQUEST] = FIG_REQUEST,
		[DHCP_DECLINE] = FIG_DECLINE, [DHCP_RELEASE] = FIG_RELEASE,
		[DHCP_INFORM] = FIG_INFORM,
	};
	struct msg_input		input;
	struct story			story;
	char				mac[MAC_STRLEN], addr[ADDR_STRLEN];

	if (req->type < nitems(count) && (req->type == DHCP_DISCOVER ||
	    count[req->type] != FIG_DISCOVER))
		figure_add(count[req->type]);
	story_request(&story, view.conf, req, v);
	story_tell(&story, now);
	if (v->firmware) {
		/* What the ticket makes of it is a later chapter. */
		story_flush();
		memset(&input, 0, sizeof(input));
		input.input = INPUT_FIRMWARE;
		memcpy(input.host, view.conf->host[v->host].name,
		    sizeof(input.host));
		(void)proc_send(PROC_STORE, MSG_INPUT, 0, -1, &input,
		    sizeof(input));
	}
	if (v->skipped)
		log_limit(&loud, "%s does not get its reserved address: "
		    "somebody else uses it", view.conf->host[v->host].name);
	if (v->kind == V_DECLINE)
		log_limit(&loud, "%s declined %s: somebody else uses it",
		    mac_str(req->mac, mac), addr_str(v->addr, addr));
}

/* What the quotas had to say; and who else serves here. */
static void
turn_quota(const struct port *port, const struct link *link,
    const struct verdict *v, const struct dhcp_msg *req, mono_t now)
{
	if (v->refused) {
		figure_add(FIG_QUOTA);
		quota_alarm(&view, link, v->why, now);
	}
	if (v->reclaimed)
		figure_add(FIG_RECLAIMED);
	if (v->kind == V_DECLINE)
		quota_declined(req->mac, now);
	if (v->doubted)
		figure_add(FIG_DOUBTED);
	if (v->other_server)
		rogue_request(port, req, now);
}

/* One request, one pass: parse, decide, then answer now or once it is kept. */
static void
turn_play(struct port *port, struct frame *f, mono_t now, int again)
{
	struct dhcp_msg		 req;
	struct verdict		 v;
	struct link		 far;
	const struct link	*link;

	if (dhcp_parse(&f->payload, &req) == -1) {
		figure_add(FIG_MALFORMED);
		return;
	}
	if (!synced) {
		figure_add(FIG_NO_STORE);
		return;
	}
	req.l2_src = f->src_mac;
	req.src = f->src;
	req.dst = f->dst;
	req.sport = f->sport;
	req.dport = f->dport;
	link = intake_link(port, &req, &far);
	policy_decide(&v, &view, link, &req, now);
	boot_note(&view, &req, &v, now);
	if (!again) {
		turn_note(&v, &req, now);
		turn_quota(port, link, &v, &req, now);
	}
	if (v.kind == V_PROBE)
		waiting_keep(port, f, v.addr, now);
	if (v.kind == V_ACK || v.kind == V_RELEASE || v.kind == V_DECLINE) {
		if (staged_put(&v, &req, view.conf, port, now) == -1)
			figure_add(FIG_LOST);
	} else
		turn_answer(port, &v, &req, now);
}

void
turn_request(struct port *port, struct frame *f, mono_t now)
{
	turn_play(port, f, now, 0);
}

/* 2. One turn of the loop. */

void
turn_begin(mono_t now)
{
	(void)lease_expire(view.leases, now, EXPIRE_TURN);
}

void
turn_end(void)
{
	staged_flush();
	outbox_flush();
	story_flush();
	turn_used();
	figures[FIG_LEASED].value = lease_count(view.leases, HOLD_BOUND);
	figures[FIG_OFFERED].value = lease_count(view.leases, HOLD_OFFERED);
}

/* Once a minute, for it may go on for a while. */
static void
tell_unproven(mono_t now)
{
	if (unproven == 0 || (unproven_told.us != 0 &&
	    mono_before(now, mono_add_s(unproven_told, UNPROVEN_S))))
		return;
	log_warnx("%u offers without a proof that nobody has the address: "
	    "more are asked for than can be proven in time", unproven);
	unproven = 0;
	unproven_told = now;
}

static void
dhcpd_tick(int fd, short what, void *arg)
{
	static struct waiting	 waiting;
	unsigned int		 cursor = 0;
	mono_t			 now = clock_now();
	size_t			 ended;

	(void)fd;
	(void)what;
	(void)arg;
	ended = lease_expire(view.leases, now, EXPIRE_TICK);
	/* No proof has come: policy says whether they get one without. */
	while (waiting_late(now, &cursor, &waiting))
		turn_play(waiting.port, &waiting.frame, now, 1);
	figures[FIG_ROGUES].value = rogue_count(now);
	tell_unproven(now);
	turn_end();
	proc_timer_set(ticker, ended == EXPIRE_TICK ? BUSY_MS : TICK_MS);
}

/* 3. Siblings. */

static void
got_lease(struct imsgbuf *ib, const struct imsg *msg)
{
	const struct msg_lease	*m = msg->data;
	size_t			 i;

	for (i = 0; i < msg->count; i++) {
		if (!facts_lease_ok(&m[i])) {
			proc_hostile(ib, "a lease that makes no sense");
			return;
		}
		/* Somebody changed it by hand: the others are to know, too. */
		if (synced)
			push_lease(&m[i], 1);
		(void)lease_apply(view.leases, &m[i]);
	}
	push_flush();
}

static void
got_lease_sync(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	(void)msg;
	synced = 1;
	log_debug("%zu leases; serving",
	    lease_count(view.leases, HOLD_BOUND));
	push_synced(1);
}

static void
got_committed(struct imsgbuf *ib, const struct imsg *msg)
{
	if (staged_done(msg->id, msg->data, clock_now()) == -1)
		proc_hostile(ib, "an answer to no batch of ours");
	outbox_flush();
}

static void
got_ticket(struct imsgbuf *ib, const struct imsg *msg)
{
	if (facts_take_tickets(view.facts, msg) == -1)
		proc_hostile(ib, "a ticket that makes no sense");
}

static void
got_ticket_sync(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	(void)msg;
}

static void
got_explain(struct imsgbuf *ib, const struct imsg *msg)
{
	(void)ib;
	explain(msg->id, msg->data, &view, synced, clock_now());
}

/* arpd cannot prove it; with "probe always" that is no reason to offer it. */
static int
may_go_without(uint32_t addr)
{
	uint32_t	segment = reach_segment(view.conf, addr);

	return (segment != NONE &&
	    view.conf->segment[segment].probe == PROBE_BACKGROUND &&
	    lease_unprovable(view.leases, addr));
}

static void
got_proven(struct imsgbuf *ib, const struct imsg *msg)
{
	static struct waiting	 waiting;
	const struct msg_proof	*p = msg->data;
	mono_t			 now = clock_now();
	unsigned int		 told;
	size_t			 i;

	(void)ib;
	for (i = 0; i < msg->count; i++) {
		lease_proven(view.leases, p[i].addr, (mono_t){ p[i].until_us });
		if (p[i].unable ? !may_go_without(p[i].addr) :
		    p[i].until_us <= now.us)
			continue;
		if (!waiting_take(p[i].addr, now, &waiting))
			continue;
		if (!p[i].unable)
			figure_add(FIG_ON_PROOF);
		told = unproven;
		turn_play(waiting.port, &waiting.frame, now, 1);
		if (p[i].unable)
			unproven = told;
	}
	turn_end();
}

/* Two machines at a leased address: see contest.c. */
static void
contested(const struct msg_conflict *c, struct lease *l, mono_t now)
{
	const uint32_t	host = conf_host_by_addr(view.conf, l->addr);
	char		addr[ADDR_STRLEN], mac[MAC_STRLEN];

	if (lease_is_same_machine(view.leases, l, c->mac) ||
	    !lease_contest(view.leases, l, c->mac, now))
		return;
	(void)addr_str(l->addr, addr);
	(void)mac_str(c->mac, mac);
	if (host != NONE)
		proc_step(STEP_CONFLICT, l->addr, l->mac,
		    view.conf->host[host].name, 100, 0,
		    "%s stays with it although %s uses it: it is reserved",
		    addr, mac);
	else
		proc_step(STEP_CONFLICT, l->addr, l->mac, "", 100, 0,
		    "%s is used by %s, too: it gets another one when it "
		    "begins anew", addr, mac);
}

/*
 * Somebody uses an address.  Its client may; an address that nobody has, or
 * that is only offered, is not given out for a while.
 */
static void
conflict(const struct msg_conflict *c, mono_t now)
{
	struct lease	*l = lease_by_addr(view.leases, c->addr);
	/* Behind a relay nobody sees who it is: a lease's own client, then. */
	const int	 named = mac_is_unicast(c->mac);
	char		 addr[ADDR_STRLEN], mac[MAC_STRLEN];

	if (l != NULL && (l->staged || (!named && l->state == HOLD_BOUND) ||
	    (mac_equal(l->mac, c->mac) &&
	    (named || l->state == HOLD_DECLINED))))
		return;
	if (l == NULL &&
	    pool_range(leases_pool(view.leases), c->addr) == NULL &&
	    conf_host_by_addr(view.conf, c->addr) == NONE)
		return;
	figure_add(FIG_CONFLICT);
	log_limit(&loud, "%s is used by %s", addr_str(c->addr, addr),
	    named ? mac_str(c->mac, mac) : "a machine behind a relay");
	if (l != NULL && l->state == HOLD_BOUND) {
		contested(c, l, now);
		return;
	}
	(void)lease_quarantine(view.leases, c->addr, c->mac, now,
	    mono_add_s(now, DECLINED_S));
}

static void
got_conflict(struct imsgbuf *ib, const struct imsg *msg)
{
	static struct waiting		 waiting;
	const struct msg_conflict	*c = msg->data;
	mono_t				 now = clock_now();
	size_t				 i;

	(void)ib;
	for (i = 0; i < msg->count; i++) {
		conflict(&c[i], now);
		/* Who waits for it gets another one. */
		if (waiting_take(c[i].addr, now, &waiting))
			turn_play(waiting.port, &waiting.frame, now, 1);
	}
	turn_end();
}

static void
dhcpd_link_up(enum proc p)
{
	view.arpd = child.link[PROC_ARPD] != NULL;
	push_link_up(p);
}

/* Without the store nothing can be promised, so nothing is said at all. */
static void
dhcpd_link_down(enum proc p)
{
	view.arpd = child.link[PROC_ARPD] != NULL;
	push_link_down(p);
	if (p == PROC_ARPD)
		pool_doubt(leases_pool(view.leases),
		    mono_add_s(clock_now(), DOUBT_S));
	if (p == PROC_STORE) {
		synced = 0;
		push_synced(0);
		staged_drop();
	}
}

/* 4. What the parent says. */

/* Addresses that are somebody's already: reserved, ours, or of the network. */
static void
configure_pool(const struct conf *conf)
{
	uint32_t	*blocked = NULL;
	size_t		 i, j, n = 0, max;

	max = conf->nhost + child.nifaces * IFACE_ADDRS +
	    conf->nsegment * (2 * SEGMENT_ADDRS + 3);
	blocked = xcalloc(max, sizeof(*blocked));
	for (i = 0; i < conf->nhost; i++)
		if (conf->host[i].addr != 0)
			blocked[n++] = conf->host[i].addr;
	for (i = 0; i < child.nifaces; i++)
		for (j = 0; j < child.ifaces[i].naddrs && j < IFACE_ADDRS; j++)
			blocked[n++] = child.ifaces[i].addr[j];
	for (i = 0; i < conf->nsegment; i++) {
		const struct conf_segment	*s = &conf->segment[i];

		blocked[n++] = s->net;
		blocked[n++] = s->net | ~prefix_mask(s->prefix);
		blocked[n++] = s->next_server;
		for (j = 0; j < s->nrouters && j < SEGMENT_ADDRS; j++)
			blocked[n++] = s->router[j];
		for (j = 0; j < s->nrelays && j < SEGMENT_ADDRS; j++)
			blocked[n++] = s->relay[j];
	}
	leases_configure(view.leases, conf, blocked, n);
	free(blocked);
}

static void
dhcpd_configured(const struct conf *old)
{
	(void)old;
	view.conf = child.conf;
	trails_clear(view.trails);
	configure_pool(child.conf);
	intake_configure();
}

static void
dhcpd_iface(const struct msg_iface *iface)
{
	configure_pool(child.conf);
	intake_iface(iface);
}

static void
dhcpd_setup(void)
{
	view.leases = leases_new();
	view.facts = facts_new();
	view.trails = trails_new();
	view.claims = claims_new();
	staged_init(view.leases);
	push_init(&view);
	ticker = proc_timer(dhcpd_tick, NULL);
	proc_timer_set(ticker, TICK_MS);
}

static const struct handler handlers[] = {
	{ MSG_LEASE,		PROC_STORE,	got_lease },
	{ MSG_LEASE_SYNC,	PROC_STORE,	got_lease_sync },
	{ MSG_COMMITTED,	PROC_STORE,	got_committed },
	{ MSG_TICKET,		PROC_STORE,	got_ticket },
	{ MSG_TICKET_SYNC,	PROC_STORE,	got_ticket_sync },
	{ MSG_EXPLAIN,		PROC_STORE,	got_explain },
	{ MSG_PROVEN,		PROC_ARPD,	got_proven },
	{ MSG_CONFLICT,		PROC_ARPD,	got_conflict },
	{ MSG_ZERO,		PROC_MAX,	NULL }
};

static const struct daemon dhcpd = {
	.id = PROC_DHCPD,
	.handlers = handlers,
	.setup = dhcpd_setup,
	.configured = dhcpd_configured,
	.iface = dhcpd_iface,
	.sock_up = intake_sock_up,
	.sock_down = intake_sock_down,
	.link_up = dhcpd_link_up,
	.link_down = dhcpd_link_down,
	.counters = figures,
	.ncounters = FIG_MAX,
};

int
main(void)
{
	proc_main(&dhcpd);
}
