/* SPDX-License-Identifier: ISC */
/*
 * policy.h: a link, its leases and its hosts, for tests of the decision.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdlib.h>
#include <string.h>

#include "dhcpd/dhcpd.h"

#define A(x)		(0x0a4d0000U + (x))	/* 10.77.0.0/16 */
#define ME		A(1)
#define POOL		A(0x100)		/* 10.77.1.0 - 10.77.1.15 */
#define FAR		0xc0a80105U		/* 192.168.1.5 */
#define RESERVED	A(0x201)		/* web1, MAC 2 */
#define NOW		((mono_t){ 5000000000 })

static struct conf	*conf;
static struct view	 view;
static struct link	 link_here;
static struct verdict	 v;

static inline void
add_host(const char *name, uint8_t n, uint32_t addr)
{
	struct conf_host	*h = conf_add_host(conf);
	struct conf_hostid	*id = conf_add_hostid(conf);

	memcpy(h->name, name, strlen(name) + 1);
	h->addr = addr;
	h->group = NONE;
	id->host = (uint32_t)conf->nhost - 1;
	id->kind = HOSTID_ETHERNET;
	id->len = 6;
	memcpy(id->data, "\x52\x54\0\0\0", 5);
	id->data[5] = n;
}

/* Everything fresh: 16 addresses, web1 reserved, web3 from the pool. */
static inline void
setup(void)
{
	struct msg_iface	 iface = { .index = 1, .naddrs = 1 };
	const uint32_t		 blocked[] = { ME, RESERVED, A(0x10f) };
	struct conf_segment	*s;
	struct conf_range	*r;
	struct conf_loader	*l;

	conf = conf_new();
	s = conf_add_segment(conf);
	s->net = A(0);
	s->prefix = 16;
	s->shared = NONE;
	s->lease = 3600;
	s->probe = PROBE_BACKGROUND;
	r = conf_add_range(conf);
	r->first = POOL;
	r->last = A(0x10f);
	add_host("web1", 2, RESERVED);
	add_host("web3", 3, 0);
	add_host("web4", 4, A(0x10f));
	l = conf_add_loader(conf);
	l->arch = LOADER_BIOS;
	memcpy(l->path, "pxelinux.0", 11);

	iface.addr[0] = ME;
	iface.prefix[0] = 16;
	link_of_iface(&link_here, conf, &iface);
	view.conf = conf;
	view.leases = leases_new();
	view.facts = facts_new();
	view.arpd = 0;
	leases_configure(view.leases, conf, blocked, nitems(blocked));
}

static inline struct mac
mac_of(uint8_t n)
{
	return ((struct mac){ { 0x52, 0x54, 0, 0, 0, n } });
}

static inline void
req_init(struct dhcp_msg *m, uint8_t type, uint8_t n)
{
	memset(m, 0, sizeof(*m));
	m->type = type;
	m->htype = 1;
	m->hlen = 6;
	m->mac = m->l2_src = mac_of(n);
	memcpy(m->chaddr, m->mac.b, 6);
	m->dst = 0xffffffff;
}

static inline void
req_id(struct dhcp_msg *m, const char *id)
{
	if (id != NULL)
		buf_init(&m->id, id, strlen(id));
}

static inline void
req_pxe(struct dhcp_msg *m)
{
	buf_init(&m->class, "PXEClient:Arch:00000:UNDI:002001", 32);
	buf_init(&m->arch, "\0\0", 2);
}

static inline void
decide(const struct dhcp_msg *m)
{
	policy_decide(&v, &view, &link_here, m, NOW);
}

static inline struct lease *
have(uint32_t addr, uint8_t n, const char *id, enum hold_state state)
{
	struct owner	 o = { .mac = mac_of(n), .hostname = "" };
	struct lease	*l;

	if (id != NULL) {
		o.id = (const uint8_t *)id;
		o.id_len = strlen(id);
	}
	l = lease_hold(view.leases, addr, &o,
	    state == HOLD_FREE ? HOLD_BOUND : state, NOW,
	    mono_add_s(NOW, 1000));
	if (state == HOLD_FREE)
		lease_free(view.leases, l, NOW);
	return (l);
}

static inline void
ticket(const char *host, enum ticket_state state)
{
	struct msg_ticket	t;

	memset(&t, 0, sizeof(t));
	t.state = state;
	t.expire_us = mono_add_s(NOW, 3600).us;
	memcpy(t.host, host, strlen(host) + 1);
	facts_ticket(view.facts, &t);
}

#endif
