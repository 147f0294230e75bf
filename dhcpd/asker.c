/* SPDX-License-Identifier: ISC */
/*
 * asker.c: who sends a request (DESIGN's "who is who"): its host entry, its
 * ticket, its lease here, and what any address is to it.  Changes nothing.
 */
#include <string.h>

#include "dhcpd.h"

void
policy_owner(const struct dhcp_msg *req, struct owner *o)
{
	o->mac = req->mac;
	o->id = req->id.len > 0 ? req->id.data : NULL;
	o->id_len = req->id.len;
	o->hostname = req->hostname;
	o->relay = req->giaddr != 0 ? req->relay.data : NULL;
	o->relay_len = req->giaddr != 0 ? req->relay.len : 0;
	o->known = 0;
}

/* A ticket counts until its time is over, also when nobody has said so. */
enum ticket_state
asker_ticket(const struct asker *a)
{
	const struct msg_ticket	*t = a->v->ticket;

	if (t == NULL)
		return (TICKET_LOCAL);
	return (a->now.us < t->expire_us ? (enum ticket_state)t->state :
	    TICKET_EXPIRED);
}

/* Was this lease a machine's that is still booting? */
static int
in_boot_chain(const struct lease *l, mono_t now)
{
	return (l != NULL && l->boot_s != 0 &&
	    now.us / 1000000 - l->boot_s < BOOT_CHAIN_S);
}

/*
 * The asker's lease on this link.  A machine that boots, or that we know, is
 * its MAC, whatever client id it uses now; so is the one that comes after it
 * on the same address.  Everybody else is what RFC 2131 4.2 says: the client
 * identifier, and only without one the MAC.
 */
static struct lease *
asker_lease(const struct asker *a)
{
	const struct leases	*ls = a->view->leases;
	const int		 machines = a->view->conf->global->identify ==
				    IDENTIFY_MACHINE;
	struct lease		*l = NULL, *by_mac;

	by_mac = lease_by_mac(ls, a->link, a->req->mac, machines);
	if (machines && (a->v->host != NONE || a->v->booting))
		l = by_mac;
	/* Firmware of one make may well call all its machines the same. */
	if (machines && a->v->booting && mac_is_unicast(a->req->mac))
		return (l);
	if (l == NULL && a->owner.id != NULL)
		l = lease_by_id(ls, a->link, a->owner.id, a->owner.id_len);
	else if (l == NULL)
		l = lease_by_mac(ls, a->link, a->req->mac, 0);
	if (l == NULL && machines && in_boot_chain(by_mac, a->now))
		l = by_mac;
	return (l);
}

/* The host entry of a request: by its MAC, its UUID (option 97), its id. */
uint32_t
policy_host(const struct conf *conf, const struct dhcp_msg *req)
{
	const struct buf	*uuid = &req->uuid;
	uint32_t		 host = NONE;

	if (mac_is_unicast(req->mac))
		host = conf_host_by_mac(conf, req->mac);
	/* RFC 4578 2.3: the type 0, then the UUID. */
	if (host == NONE && uuid->len == 17 && uuid->data[0] == 0)
		host = conf_host_by_id(conf, HOSTID_UUID, uuid->data + 1, 16);
	if (host == NONE && req->id.len > 0)
		host = conf_host_by_id(conf, HOSTID_CLIENT_ID, req->id.data,
		    req->id.len);
	return (host);
}

/* The host entry of a relay agent's port, RFC 3046 3.1 and 3.2, or NONE. */
static uint32_t
host_of_port(const struct conf *conf, const struct buf *circuit,
    const struct buf *remote)
{
	uint32_t	host = NONE;

	if (circuit->len > 0)
		host = conf_host_by_id(conf, HOSTID_CIRCUIT_ID, circuit->data,
		    circuit->len);
	if (host == NONE && remote->len > 0)
		host = conf_host_by_id(conf, HOSTID_REMOTE_ID, remote->data,
		    remote->len);
	return (host);
}

/*
 * A renewal comes straight from the client, without what the relay agent
 * said of its port: what it said when the lease was granted still holds.
 */
static uint32_t
host_of_lease(const struct asker *a)
{
	static struct dhcp_msg	 said;		/* only its relay members */
	const struct lease	*l;
	struct buf		 option;
	const uint8_t		*relay;
	size_t			 len;

	if (a->req->giaddr != 0 || a->req->ciaddr == 0 ||
	    (l = lease_by_addr(a->view->leases, a->req->ciaddr)) == NULL ||
	    !mac_equal(l->mac, a->req->mac) ||
	    (relay = lease_relay(l, &len)) == NULL)
		return (NONE);
	buf_init(&option, relay, len);
	buf_init(&said.circuit, NULL, 0);
	buf_init(&said.remote, NULL, 0);
	relay_parse(&said, &option);
	return (host_of_port(a->view->conf, &said.circuit, &said.remote));
}

static void
asker_host(struct asker *a)
{
	const struct conf	*conf = a->view->conf;
	struct verdict		*v = a->v;

	if ((v->host = policy_host(conf, a->req)) != NONE)
		return;
	if (a->req->giaddr != 0)
		v->host = host_of_port(conf, &a->req->circuit,
		    &a->req->remote);
	else
		v->host = host_of_lease(a);
	a->by_port = v->host != NONE;
}

void
asker_identify(struct asker *a)
{
	const struct conf	*conf = a->view->conf;
	struct verdict		*v = a->v;
	uint32_t		 addr;

	policy_owner(a->req, &a->owner);
	pxe_classify(a->req, &v->pxe);
	asker_host(a);
	if (v->host != NONE) {
		v->ticket = facts_ticket_of(a->view->facts,
		    conf->host[v->host].name);
		addr = conf->host[v->host].addr;
		if (addr != 0 && link_find(a->link, addr) != -1)
			a->reserved = addr;
	}
	v->booting = pxe_boots(&v->pxe) ||
	    ticket_answers(asker_ticket(a));
	a->own = asker_lease(a);
	v->takeover = a->own != NULL && !lease_is_of(a->own, &a->owner);
}

enum standing
asker_standing(const struct asker *a, uint32_t addr)
{
	const struct pool	*pool = leases_pool(a->view->leases);
	const struct lease	*l = lease_by_addr(a->view->leases, addr);
	uint32_t		 host = conf_host_by_addr(a->view->conf, addr);
	int			 same_mac, reserved;

	if (link_find(a->link, addr) == -1)
		return (ELSEWHERE);
	if (host != NONE && host != a->v->host)
		return (TAKEN);
	reserved = host != NONE;
	if (!reserved && pool_is_blocked(pool, addr))
		return (TAKEN);
	same_mac = l != NULL && mac_is_unicast(l->mac) &&
	    mac_equal(l->mac, a->req->mac);
	if (l != NULL && l->state != HOLD_FREE) {
		if (l->state == HOLD_DECLINED)
			return (same_mac ? OPEN : TAKEN);
		/* What is plugged into a port now has the port's address. */
		return (l == a->own || (reserved && (same_mac || a->by_port)) ?
		    MINE : TAKEN);
	}
	if (!reserved && !pool_has(pool, addr))
		return (OUTSIDE);
	return (l != NULL && l == a->own ? MINE : OPEN);
}

int
asker_names_us(const struct asker *a, uint32_t server)
{
	size_t	i;

	/* RFC 5107: what the relay agent let it believe. */
	if (a->req->server_addr != 0 && server == a->req->server_addr)
		return (1);
	for (i = 0; i < a->link->n; i++)
		if (a->link->seg[i].own == server)
			return (1);
	return (server == a->link->own);
}
