/* SPDX-License-Identifier: ISC */
/*
 * known.c: the host entries of the configuration, sorted for look-up by what
 * a request says about its machine.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define UUID_LEN	16

struct known_id {
	const uint8_t	*data;
	uint32_t	 host;
	uint8_t		 kind;		/* enum hostid_kind */
	uint8_t		 len;
};

struct known_addr {
	uint32_t	addr, host;
};

struct known {
	struct known_id		*id;
	size_t			 nid;
	struct known_addr	*addr;
	size_t			 naddr;
};

static int
id_order(const void *a, const void *b)
{
	const struct known_id	*x = a, *y = b;

	if (x->kind != y->kind)
		return (x->kind < y->kind ? -1 : 1);
	if (x->len != y->len)
		return (x->len < y->len ? -1 : 1);
	return (memcmp(x->data, y->data, x->len));
}

static int
reserved_order(const void *a, const void *b)
{
	const struct known_addr	*x = a, *y = b;

	return (x->addr < y->addr ? -1 : x->addr > y->addr);
}

/* The tables point into the configuration, which must stay. */
struct known *
known_new(const struct conf *conf)
{
	struct known	*k = xcalloc(1, sizeof(*k));
	size_t		 i;

	k->id = xcalloc(conf->nhostid, sizeof(*k->id));
	for (i = 0; i < conf->nhostid; i++) {
		k->id[i].data = conf->hostid[i].data;
		k->id[i].len = conf->hostid[i].len;
		k->id[i].kind = conf->hostid[i].kind;
		k->id[i].host = conf->hostid[i].host;
	}
	k->nid = conf->nhostid;
	qsort(k->id, k->nid, sizeof(*k->id), id_order);
	k->addr = xcalloc(conf->nhost, sizeof(*k->addr));
	for (i = 0; i < conf->nhost; i++) {
		if (conf->host[i].addr == 0)
			continue;
		k->addr[k->naddr].addr = conf->host[i].addr;
		k->addr[k->naddr++].host = (uint32_t)i;
	}
	qsort(k->addr, k->naddr, sizeof(*k->addr), reserved_order);
	return (k);
}

void
known_free(struct known *k)
{
	if (k == NULL)
		return;
	free(k->id);
	free(k->addr);
	free(k);
}

static uint32_t
known_by_id(const struct known *k, enum hostid_kind kind, const uint8_t *data,
    size_t len)
{
	const struct known_id	 key = { .data = data, .kind = (uint8_t)kind,
				    .len = (uint8_t)len };
	const struct known_id	*found;

	if (k->nid == 0 || len == 0 || len > HOSTID_LEN)
		return (NONE);
	found = bsearch(&key, k->id, k->nid, sizeof(key), id_order);
	return (found == NULL ? NONE : found->host);
}

/*
 * Option 97 (RFC 4578).  Firmware sends the first three fields in SMBIOS's
 * little-endian order, other clients as the UUID is written: both are it.
 */
static uint32_t
known_by_uuid(const struct known *k, const struct buf *option)
{
	static const uint8_t	order[UUID_LEN] = { 3, 2, 1, 0, 5, 4, 7, 6, 8,
				    9, 10, 11, 12, 13, 14, 15 };
	uint8_t			uuid[UUID_LEN];
	uint32_t		host;
	size_t			i;

	if (option->len != UUID_LEN + 1 || option->data[0] != 0)
		return (NONE);
	host = known_by_id(k, HOSTID_UUID, option->data + 1, UUID_LEN);
	if (host != NONE)
		return (host);
	for (i = 0; i < UUID_LEN; i++)
		uuid[i] = option->data[1 + order[i]];
	return (known_by_id(k, HOSTID_UUID, uuid, UUID_LEN));
}

uint32_t
known_by_mac(const struct known *k, struct mac mac)
{
	if (!mac_is_unicast(mac))
		return (NONE);
	return (known_by_id(k, HOSTID_ETHERNET, mac.b, sizeof(mac.b)));
}

uint32_t
known_host(const struct known *k, const struct dhcp_msg *m)
{
	uint32_t	host = known_by_mac(k, m->mac);

	if (host == NONE)
		host = known_by_uuid(k, &m->uuid);
	if (host == NONE)
		host = known_by_id(k, HOSTID_CLIENT_ID, m->id.data, m->id.len);
	/* An identifier that is text comes with a type of 0, RFC 2132 9.14. */
	if (host == NONE && m->id.len > 1 && m->id.data[0] == 0)
		host = known_by_id(k, HOSTID_CLIENT_ID, m->id.data + 1,
		    m->id.len - 1);
	return (host);
}

uint32_t
known_by_addr(const struct known *k, uint32_t addr)
{
	const struct known_addr	 key = { .addr = addr };
	const struct known_addr	*found;

	if (k->naddr == 0)
		return (NONE);
	found = bsearch(&key, k->addr, k->naddr, sizeof(key), reserved_order);
	return (found == NULL ? NONE : found->host);
}
