/* SPDX-License-Identifier: ISC */
/*
 * dhcp_reply.c: what stands in an answer.  Touches only buffers.
 */
#include <string.h>

#include "dhcpd.h"

/* Options that are never taken from the configuration. */
static int
is_protocol_option(uint8_t code)
{
	return (code == OPT_PAD || code == OPT_MASK ||
	    (code >= OPT_REQUESTED && code <= OPT_MAX_SIZE) ||
	    code == OPT_CLIENT_ID || code == OPT_RELAY || code == OPT_END);
}

/*
 * A machine that is to boot its own disk gets nothing that boots, and one that
 * boots from us is told by us alone what and how.
 */
static int
is_withheld(const struct verdict *v, uint8_t code)
{
	if (!pxe_boots(&v->pxe) || !pxe_is_boot_option(code))
		return (0);
	return (v->loader == NULL || code == OPT_VENDOR || code == OPT_CLASS ||
	    code == OPT_TFTP_NAME || code == OPT_BOOT_FILE);
}

/* Those that the client asked for first: they are the ones to have room. */
static void
put_configured(struct reply *r, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v, int wanted)
{
	const struct conf_option	*o;
	size_t				 i;

	for (i = 0; i < conf->noption; i++) {
		o = &conf->option[i];
		if (o->segment == v->segment && !is_protocol_option(o->code) &&
		    !is_withheld(v, o->code) &&
		    dhcp_wants(req, o->code) == wanted)
			dhcp_put(r, o->code, o->data, o->len);
	}
}

static void
put_segment(struct reply *r, const struct conf *conf, const struct verdict *v)
{
	const struct conf_segment	*seg = &conf->segment[v->segment];
	const struct conf_host		*host;

	dhcp_put_addrs(r, OPT_ROUTER, seg->router, seg->nrouters);
	dhcp_put_addrs(r, OPT_DNS, seg->dns, seg->ndns);
	dhcp_put_u32(r, OPT_BROADCAST, seg->net | ~prefix_mask(seg->prefix));
	if (v->host != NONE) {
		host = &conf->host[v->host];
		if (name_is_ldh(host->name))
			dhcp_put_str(r, OPT_HOST_NAME, host->name);
	}
	dhcp_put_str(r, OPT_DOMAIN, seg->domain);
}

static void
put_lease_times(struct reply *r, const struct verdict *v)
{
	dhcp_put_u32(r, OPT_LEASE_TIME, v->seconds);
	dhcp_put_u32(r, OPT_T1, v->seconds / 2);
	dhcp_put_u32(r, OPT_T2, (uint32_t)((uint64_t)v->seconds * 7 / 8));
}

/* OFFER, ACK, and the ACK of an INFORM, RFC 2131 table 3. */
static void
put_all(struct reply *r, const struct conf *conf, const struct dhcp_msg *req,
    const struct verdict *v, const char *file)
{
	const struct conf_segment	*seg = &conf->segment[v->segment];

	if (v->kind != V_INFORM)
		put_lease_times(r, v);
	/* RFC 2132 3.3: the mask before the routers. */
	dhcp_put_u32(r, OPT_MASK, prefix_mask(seg->prefix));
	dhcp_put(r, OPT_CLIENT_ID, req->id.data, req->id.len);
	/* What boots the machine comes before anything that may not fit. */
	if (v->loader != NULL && r->limit > strlen(file) + 64)
		r->limit -= strlen(file) + 64;
	put_configured(r, conf, req, v, 1);
	put_segment(r, conf, v);
	pxe_put_ipxe(r, &v->pxe);
	put_configured(r, conf, req, v, 0);
	if (v->loader != NULL) {
		r->limit += strlen(file) + 64;
		pxe_put_boot(r, req, &v->pxe, file, v->next_server);
	}
}

size_t
reply_build(uint8_t octets[DHCP_PAYLOAD_MAX], const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v, uint32_t mtu)
{
	struct reply		r;
	struct reply_head	head = { 0 };
	char			file[PATH_LEN] = "";

	head.flags = req->flags & DHCP_FLAG_BROADCAST;
	if (v->kind == V_NAK) {
		head.type = DHCP_NAK;
		/* RFC 2131 4.3.2: so that the relay agent broadcasts it. */
		if (req->giaddr != 0)
			head.flags |= DHCP_FLAG_BROADCAST;
	} else {
		head.type = v->kind == V_OFFER ? DHCP_OFFER : DHCP_ACK;
		head.ciaddr = v->kind == V_OFFER ? 0 : req->ciaddr;
		head.yiaddr = v->kind == V_INFORM ? 0 : v->addr;
	}
	if (v->loader != NULL) {
		pxe_file(v->loader, &v->pxe, v->next_server, file);
		head.siaddr = v->next_server;
		head.file = file;
	}
	dhcp_begin(&r, octets, req, &head, mtu);
	dhcp_put_u32(&r, OPT_SERVER, v->server);
	if (v->kind == V_NAK) {
		dhcp_put_str(&r, OPT_MESSAGE, v->why);
		dhcp_put(&r, OPT_CLIENT_ID, req->id.data, req->id.len);
	} else
		put_all(&r, conf, req, v, file);
	return (dhcp_finish(&r, req));
}
