/* SPDX-License-Identifier: ISC */
/*
 * proxy.c: machines that boot from us while another server gives them their
 * addresses (PXE 2.1 2.2.3, "proxyDHCP"), and the boot server on port 4011,
 * which answers everywhere.
 *
 * What tftpd and ksd give depends on whose an address is.  Here there is no
 * lease that says it, so the machine's own word counts: the request by which
 * it takes the address of the other server, which everybody on the link
 * hears, or the one that it sends to port 4011 from there.  Two that say it
 * of one address are both not believed.
 */
#include <string.h>

#include "dhcpd.h"

static struct log_limit	 full, disputes;

/* 1. The decision. */

static void
silent(struct asker *a, const char *why)
{
	a->v->kind = V_SILENT;
	a->v->why = why;
}

/* Ordinary silence of a proxy: nothing of this is for it. */
static void
stay_out(struct asker *a)
{
	silent(a, "another server gives the addresses here");
	a->v->not_ours = 1;
}

/* Who we are in the segment at that place of the link. */
static void
proxy_place(struct asker *a, int at)
{
	const struct conf_segment	*seg;
	struct verdict			*v = a->v;

	v->segment = a->link->seg[at].segment;
	seg = &a->view->conf->segment[v->segment];
	v->server = a->req->server_addr != 0 ? a->req->server_addr :
	    a->link->seg[at].own;
	v->next_server = seg->next_server != 0 ? seg->next_server :
	    a->link->seg[at].own;
}

/*
 * A boot file, or silence.  The proxy's answer is known by its option 60,
 * whoever gets it.  A PC takes the boot file of the offer; UEFI, without the
 * PXE options, asks port 4011 for it, which all makers' versions can do.
 */
static void
proxy_boot(struct asker *a)
{
	struct verdict	*v = a->v;
	struct pxe	*p = &v->pxe;

	boot_decide(a);
	if (v->loader != NULL) {
		v->kind = V_PROXY;
		if (!p->http && !p->rpi)
			p->profile = p->etherboot || p->arch == 0 ||
			    p->arch == ARCH_UNKNOWN ? PROFILE_PXE :
			    PROFILE_BINL;
	} else if (v->circles)
		silent(a, "it boots in circles");
	else if (v->no_loader)
		silent(a, "there is no loader for it");
	else
		stay_out(a);
}

static int
sent_by_itself(const struct asker *a)
{
	return (a->link->relayed || mac_equal(a->req->l2_src, a->req->mac));
}

/* Somebody else has said that this address is his. */
static int
is_contested(const struct asker *a, uint32_t addr)
{
	const struct claim	*c = claim_of_addr(a->view->claims, addr,
				    a->now);

	return (c != NULL && (c->disputed || !mac_equal(c->mac, a->req->mac)));
}

/* Can it be the asker's at all? */
static int
is_plausible(const struct asker *a, uint32_t addr)
{
	const struct conf	*conf = a->view->conf;
	uint32_t		 host = conf_host_by_addr(conf, addr);
	int			 at = link_find(a->link, addr);

	return (at != -1 && conf->segment[a->link->seg[at].segment].proxy &&
	    (host == NONE || host == a->v->host) &&
	    !pool_is_blocked(leases_pool(a->view->leases), addr) &&
	    mac_is_unicast(a->req->mac) && sent_by_itself(a));
}

/* Whose address matters: of machines that get something from us, and rivals. */
static void
proxy_claim(struct asker *a, uint32_t addr)
{
	if (!is_plausible(a, addr) || (a->v->loader == NULL &&
	    !ticket_answers(asker_ticket(a)) && !is_contested(a, addr)))
		return;
	a->v->claim = 1;
	a->v->addr = addr;
}

static void
decide_offer(struct asker *a)
{
	if (!pxe_boots(&a->v->pxe)) {
		stay_out(a);
		return;
	}
	a->v->firmware = (a->v->pxe.pxe || a->v->pxe.http) &&
	    asker_ticket(a) == TICKET_INSTALLING;
	proxy_boot(a);
}

/* It takes an address: of the other server, but the boot file is ours. */
static void
decide_choice(struct asker *a)
{
	uint32_t	addr = a->req->requested != 0 ? a->req->requested :
			    a->req->ciaddr;

	boot_decide(a);
	stay_out(a);
	proxy_claim(a, addr);
}

/* May this lease of ours, or this claim, be the asker's? */
static const char *
boot_server_refuses(const struct asker *a, uint32_t addr, int at)
{
	const struct dhcp_msg	*req = a->req;
	const struct lease	*l;

	if (at == -1 || req->src != addr)
		return ("an address of another network");
	if (!sent_by_itself(a))
		return ("sent by another machine than it says");
	if (a->view->conf->segment[a->link->seg[at].segment].proxy)
		return (is_contested(a, addr) ?
		    "two machines say that this address is theirs" : NULL);
	l = lease_by_addr(a->view->leases, addr);
	if (l == NULL || l->state != HOLD_BOUND ||
	    !mac_equal(l->mac, req->mac))
		return ("not this client's address");
	return (NULL);
}

/* A request to a boot server, PXE 2.1 2.2.5: who asks has an address. */
static void
decide_boot_server(struct asker *a)
{
	const struct dhcp_msg	*req = a->req;
	uint32_t		 addr = req->ciaddr != 0 ? req->ciaddr :
				    req->src;
	int			 at = link_find(a->link, addr);
	const char		*why;

	if ((req->type != DHCP_REQUEST && req->type != DHCP_INFORM) ||
	    !pxe_boots(&a->v->pxe)) {
		silent(a, "not what boot servers are asked");
		return;
	}
	if (at != -1)
		proxy_place(a, at);
	if ((why = boot_server_refuses(a, addr, at)) != NULL)
		silent(a, why);
	else
		proxy_boot(a);
	proxy_claim(a, addr);
	if (a->v->kind == V_PROXY)
		a->v->addr = addr;
}

void
proxy_decide(struct asker *a)
{
	const struct dhcp_msg	*req = a->req;

	proxy_place(a, 0);
	if (req->dport == DHCP_PORT_PXE)
		decide_boot_server(a);
	else if (req->type == DHCP_DISCOVER)
		decide_offer(a);
	else if (req->type != DHCP_REQUEST || req->server == 0)
		stay_out(a);
	else if (asker_names_us(a, req->server))
		decide_boot_server(a);
	else
		decide_choice(a);
}

/* 2. The answer. */

size_t
proxy_build(uint8_t *octets, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v, uint32_t mtu)
{
	struct reply		r;
	struct reply_head	head = { 0 };
	char			file[PATH_LEN];

	/* No address: that is how it is told from the other server's. */
	pxe_file(v->loader, &v->pxe, v->next_server, file);
	head.type = req->type == DHCP_DISCOVER ? DHCP_OFFER : DHCP_ACK;
	head.flags = req->flags & DHCP_FLAG_BROADCAST;
	head.ciaddr = req->type == DHCP_DISCOVER ? 0 : req->ciaddr;
	head.siaddr = v->next_server;
	head.file = file;
	dhcp_begin(&r, octets, req, &head, mtu);
	dhcp_put_u32(&r, OPT_SERVER, v->server);
	dhcp_put(&r, OPT_CLIENT_ID, req->id.data, req->id.len);
	reply_put_loader_options(&r, conf, req, v);
	pxe_put_boot(&r, req, &v->pxe, file, v->next_server);
	return (dhcp_finish(&r, req));
}

/* 3. Whose an address is. */

static void
tell(const struct claim *c)
{
	struct msg_grant	grant;

	claim_grant(c, &grant);
	push_grant(&grant, 1);
	push_flush();
}

/* It is nobody's for a while; those who would be answered are not. */
static void
dispute(struct claims *cs, const struct claim *old, struct mac rival,
    mono_t now)
{
	struct claim	c = *old;
	char		addr[ADDR_STRLEN], mac[MAC_STRLEN], other[MAC_STRLEN];

	if (old->disputed)
		return;
	c.disputed = 1;
	c.expire_us = mono_add_s(now, DISPUTE_S).us;
	(void)claim_put(cs, &c, now);
	tell(&c);
	(void)addr_str(c.addr, addr);
	(void)mac_str(rival, mac);
	log_limit(&disputes, "%s is said to be theirs by %s and %s: it is "
	    "nobody's for %d seconds", addr, mac_str(c.mac, other), mac,
	    DISPUTE_S);
	proc_step(STEP_CONFLICT, c.addr, c.mac, c.host, 100, 0,
	    "%s says that %s is its address", mac, addr);
}

/* As long as it may be installing; of the unknown, for what a boot takes. */
static mono_t
claim_end(const struct verdict *v, mono_t now)
{
	const struct msg_ticket	*t = v->ticket;

	if (t != NULL && ticket_answers((enum ticket_state)t->state) &&
	    t->expire_us != INT64_MAX)
		return ((mono_t){ t->expire_us });
	return (mono_add_s(now, CLAIM_S));
}

void
proxy_learn(struct claims *cs, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v, mono_t now)
{
	const struct claim	*old;
	struct claim		 c = { .addr = v->addr, .mac = req->mac };

	if (cs == NULL)
		return;
	old = claim_of_addr(cs, v->addr, now);
	if (old != NULL && (old->disputed || !mac_equal(old->mac, req->mac))) {
		dispute(cs, old, req->mac, now);
		return;
	}
	old = claim_of_mac(cs, req->mac, now);
	if (old != NULL && old->addr != v->addr) {
		c = *old;
		c.disputed = 1;			/* as its siblings are told */
		tell(&c);
		claim_drop(cs, c.addr);
		c = (struct claim){ .addr = v->addr, .mac = req->mac };
	}
	c.expire_us = claim_end(v, now).us;
	/* Room is kept for cards of hosts, not for all who say to be one. */
	c.known = conf_host_by_mac(conf, req->mac) != NONE;
	if (v->host != NONE)
		memcpy(c.host, conf->host[v->host].name, sizeof(c.host));
	if (claim_put(cs, &c, now) == -1)
		log_limit(&full, "too many machines boot here whose addresses "
		    "are another server's");
	else
		tell(&c);
}

void
proxy_tell(const struct claims *cs, enum proc to, mono_t now)
{
	static struct msg_grant	grants[128];
	uint32_t		cursor = 0;
	size_t			n;

	while (cs != NULL && (n = claim_grants(cs, now, &cursor, grants,
	    nitems(grants))) > 0)
		(void)proc_send(to, MSG_GRANT, 0, -1, grants,
		    n * sizeof(grants[0]));
}
