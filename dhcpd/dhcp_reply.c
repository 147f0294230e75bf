/* SPDX-License-Identifier: ISC */
/*
 * dhcp_reply.c: what stands in an answer.  Touches only buffers.
 */
#include <string.h>

#include "dhcpd.h"

#define BOOT_ROOM	96	/* what boots a machine, but for its file */

static struct log_limit	crowded;

static int
has_times(const struct dhcp_msg *req, const struct verdict *v)
{
	return (v->kind != V_INFORM && req->type != DHCP_BOOTP);
}

/*
 * A machine that is to boot its own disk gets nothing that boots, and one that
 * boots from us is told by us alone what and how.  What is no lease has no
 * times, RFC 2131 4.3.5.
 */
static int
is_withheld(const struct dhcp_msg *req, const struct verdict *v, uint8_t code)
{
	if (code == OPT_T1 || code == OPT_T2)
		return (!has_times(req, v));
	/* Another server says all but what a loader wants to know. */
	if (v->kind == V_PROXY)
		return (code < OPT_PXE_FIRST || code > OPT_PXE_LAST);
	if (!pxe_boots(&v->pxe) || !pxe_is_boot_option(code))
		return (0);
	return (v->loader == NULL || code == OPT_VENDOR || code == OPT_CLASS ||
	    code == OPT_TFTP_NAME || code == OPT_BOOT_FILE);
}

/* In which round an option of the configuration is put into an answer. */
enum round { ASKED_FOR, IN_OUR_STEAD, THE_REST };

/* What we would say anyway, unless the configuration says otherwise. */
static enum round
option_round(const struct dhcp_msg *req, uint8_t code)
{
	if (dhcp_wants(req, code))
		return (ASKED_FOR);
	if (code == OPT_ROUTER || code == OPT_DNS || code == OPT_BROADCAST ||
	    code == OPT_HOST_NAME || code == OPT_DOMAIN ||
	    code == OPT_T1 || code == OPT_T2)
		return (IN_OUR_STEAD);
	return (THE_REST);
}

/* The subnet's own statements win over what the file says for all. */
static int
subnet_says(const struct conf_segment *seg, uint8_t code)
{
	return ((code == OPT_ROUTER && seg->nrouters > 0) ||
	    (code == OPT_DNS && seg->ndns > 0) ||
	    (code == OPT_DOMAIN && seg->domain[0] != '\0'));
}

static void
put_level(struct reply *r, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v,
    enum option_level level, uint32_t index, enum round round)
{
	const struct conf_option	*first, *o;
	uint8_t				 value[OPTION_VALUE_MAX];
	size_t				 row, end, len, n;

	if (index == NONE ||
	    (first = conf_options(conf, level, index, &n)) == NULL)
		return;
	row = (size_t)(first - conf->option);
	for (end = row + n; row < end;) {
		o = &conf->option[row];
		len = conf_option_value(conf, &row, value);
		if (level == OPTION_ALL && v->segment != NONE &&
		    subnet_says(&conf->segment[v->segment], o->code))
			continue;
		if (!conf_option_is_own(o->code) &&
		    !is_withheld(req, v, o->code) &&
		    option_round(req, o->code) == round)
			dhcp_put(r, o->code, value, len);
	}
}

/* The first to say something wins: the host, its group, its subnet, all. */
static void
put_configured(struct reply *r, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v, enum round round)
{
	const uint32_t	group = v->host == NONE ? NONE :
			    conf->host[v->host].group;

	put_level(r, conf, req, v, OPTION_HOST, v->host, round);
	put_level(r, conf, req, v, OPTION_GROUP, group, round);
	put_level(r, conf, req, v, OPTION_SUBNET, v->segment, round);
	put_level(r, conf, req, v, OPTION_ALL, 0, round);
}

/* Does any level say this option? */
static int
is_configured(const struct conf *conf, const struct verdict *v, uint8_t code)
{
	const uint32_t	index[] = {
		[OPTION_SUBNET] = v->segment, [OPTION_ALL] = 0,
		[OPTION_GROUP] = v->host == NONE ? NONE :
		    conf->host[v->host].group,
		[OPTION_HOST] = v->host
	};
	const struct conf_option	*o;
	size_t				 level, i, n;

	for (level = 0; level < nitems(index); level++) {
		if (index[level] == NONE || (o = conf_options(conf,
		    (enum option_level)level, index[level], &n)) == NULL)
			continue;
		for (i = 0; i < n; i++)
			if (o[i].code == code && !o[i].more)
				return (1);
	}
	return (0);
}

/* RFC 5071: PXELINUX's options, and what tells old ones to heed them. */
void
reply_put_loader_options(struct reply *r, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v)
{
	static const uint8_t	magic[] = { 0xf1, 0x00, 0x74, 0x7e };
	unsigned int		code;

	for (code = OPT_PXE_FIRST + 1; code <= OPT_PXE_LAST; code++)
		if (is_configured(conf, v, (uint8_t)code) &&
		    !is_configured(conf, v, OPT_PXE_FIRST)) {
			dhcp_put(r, OPT_PXE_FIRST, magic, sizeof(magic));
			break;
		}
	if (v->kind != V_PROXY)
		return;
	put_configured(r, conf, req, v, ASKED_FOR);
	put_configured(r, conf, req, v, THE_REST);
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
	dhcp_put_u32(r, OPT_T1, v->seconds / 2);
	dhcp_put_u32(r, OPT_T2, (uint32_t)((uint64_t)v->seconds * 7 / 8));
}

/* OFFER, ACK, and the ACK of an INFORM, RFC 2131 table 3. */
static void
put_all(struct reply *r, const struct conf *conf, const struct dhcp_msg *req,
    const struct verdict *v, const char *file)
{
	const struct conf_segment	*seg = &conf->segment[v->segment];

	if (has_times(req, v))
		dhcp_put_u32(r, OPT_LEASE_TIME, v->seconds);
	/* RFC 2132 3.3: the mask before the routers. */
	dhcp_put_u32(r, OPT_MASK, prefix_mask(seg->prefix));
	dhcp_put(r, OPT_CLIENT_ID, req->id.data, req->id.len);
	if (v->rapid)
		dhcp_put_flag(r, OPT_RAPID);
	if (v->by_subnet)
		dhcp_put_u32(r, OPT_SUBNET, req->subnet);
	/* What boots the machine comes before anything that may not fit. */
	if (v->loader != NULL && r->limit > strlen(file) + BOOT_ROOM)
		r->limit -= strlen(file) + BOOT_ROOM;
	if (v->loader != NULL)
		reply_put_loader_options(r, conf, req, v);
	put_configured(r, conf, req, v, ASKED_FOR);
	put_configured(r, conf, req, v, IN_OUR_STEAD);
	if (has_times(req, v))
		put_lease_times(r, v);
	put_segment(r, conf, v);
	pxe_put_ipxe(r, &v->pxe);
	put_configured(r, conf, req, v, THE_REST);
	if (v->loader != NULL) {
		r->limit += strlen(file) + BOOT_ROOM;
		pxe_put_boot(r, req, &v->pxe, file, v->next_server);
	}
}

/* The type of an answer; a client of old BOOTP knows of none. */
static uint8_t
reply_type(const struct dhcp_msg *req, const struct verdict *v)
{
	if (req->type == DHCP_BOOTP)
		return (DHCP_BOOTP);
	return (v->kind == V_OFFER ? DHCP_OFFER : DHCP_ACK);
}

static size_t
build_nak(uint8_t octets[DHCP_PAYLOAD_MAX], const struct dhcp_msg *req,
    const struct verdict *v, uint32_t mtu)
{
	struct reply		r;
	struct reply_head	head = { .type = DHCP_NAK };

	head.flags = req->flags & DHCP_FLAG_BROADCAST;
	/* RFC 2131 4.3.2: so that the relay agent broadcasts it. */
	if (req->giaddr != 0)
		head.flags |= DHCP_FLAG_BROADCAST;
	dhcp_begin(&r, octets, req, &head, mtu);
	dhcp_put_u32(&r, OPT_SERVER, v->server);
	dhcp_put_str(&r, OPT_MESSAGE, v->why);
	dhcp_put(&r, OPT_CLIENT_ID, req->id.data, req->id.len);
	return (dhcp_finish(&r, req));
}

size_t
reply_build(uint8_t octets[DHCP_PAYLOAD_MAX], const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v, uint32_t mtu)
{
	struct reply		r;
	struct reply_head	head = { 0 };
	char			file[PATH_LEN] = "";

	if (v->kind == V_NAK)
		return (build_nak(octets, req, v, mtu));
	if (v->kind == V_PROXY)
		return (proxy_build(octets, conf, req, v, mtu));
	head.type = reply_type(req, v);
	head.flags = req->flags & DHCP_FLAG_BROADCAST;
	head.ciaddr = v->kind == V_OFFER ? 0 : req->ciaddr;
	head.yiaddr = v->kind == V_INFORM ? 0 : v->addr;
	if (v->loader != NULL) {
		pxe_file(v->loader, &v->pxe, v->next_server, file);
		head.siaddr = v->next_server;
		head.file = file;
	} else if (!pxe_boots(&v->pxe))
		head.siaddr = conf->segment[v->segment].next_server;
	/* Firmware is not to be asked to read options in other fields. */
	head.overload = !pxe_boots(&v->pxe) && req->type != DHCP_BOOTP;
	dhcp_begin(&r, octets, req, &head, mtu);
	if (req->type != DHCP_BOOTP)
		dhcp_put_u32(&r, OPT_SERVER, v->server);
	put_all(&r, conf, req, v, file);
	if (r.without_relay)
		log_limit(&crowded, "the option 82 of a relay agent has no "
		    "room in an answer");
	return (dhcp_finish(&r, req));
}
