/* SPDX-License-Identifier: ISC */
/*
 * optname.c: options of DHCP as text for people: their names and what is in
 * them.  Whatever the octets are, the text is printable ASCII on one line.
 */
#include <string.h>

#include "dhcpd.h"

enum how {
	HOW_ANY, HOW_ADDRS, HOW_TEXT, HOW_U8, HOW_U16, HOW_U32, HOW_SECONDS,
	HOW_FLAG, HOW_TYPE, HOW_HEX, HOW_ROUTES, HOW_DOMAINS, HOW_U16S
};

/* RFC 2132 and those after it; the names are IANA's, in one word. */
static const struct {
	uint8_t		 code;
	uint8_t		 how;		/* enum how */
	const char	*name;
} options[] = {
	{ 1, HOW_ADDRS, "subnet-mask" },
	{ 2, HOW_U32, "time-offset" },
	{ 3, HOW_ADDRS, "router" },
	{ 4, HOW_ADDRS, "time-server" },
	{ 6, HOW_ADDRS, "dns" },
	{ 7, HOW_ADDRS, "log-server" },
	{ 9, HOW_ADDRS, "lpr-server" },
	{ 12, HOW_TEXT, "host-name" },
	{ 13, HOW_U16, "boot-file-size" },
	{ 15, HOW_TEXT, "domain" },
	{ 17, HOW_TEXT, "root-path" },
	{ 18, HOW_TEXT, "extensions-path" },
	{ 19, HOW_FLAG, "ip-forwarding" },
	{ 23, HOW_U8, "default-ttl" },
	{ 26, HOW_U16, "interface-mtu" },
	{ 28, HOW_ADDRS, "broadcast" },
	{ 33, HOW_ADDRS, "static-routes" },
	{ 40, HOW_TEXT, "nis-domain" },
	{ 41, HOW_ADDRS, "nis-server" },
	{ 42, HOW_ADDRS, "ntp-server" },
	{ 43, HOW_HEX, "vendor" },
	{ 44, HOW_ADDRS, "netbios-name-server" },
	{ 46, HOW_U8, "netbios-node-type" },
	{ 50, HOW_ADDRS, "requested-address" },
	{ 51, HOW_SECONDS, "lease-time" },
	{ 52, HOW_U8, "overload" },
	{ 53, HOW_TYPE, "message-type" },
	{ 54, HOW_ADDRS, "server-id" },
	{ 56, HOW_TEXT, "message" },
	{ 57, HOW_U16, "max-size" },
	{ 58, HOW_SECONDS, "renewal-time" },
	{ 59, HOW_SECONDS, "rebinding-time" },
	{ 60, HOW_TEXT, "class" },
	{ 61, HOW_HEX, "client-id" },
	{ 66, HOW_TEXT, "tftp-server" },
	{ 67, HOW_TEXT, "boot-file" },
	{ 69, HOW_ADDRS, "smtp-server" },
	{ 72, HOW_ADDRS, "www-server" },
	{ 80, HOW_FLAG, "rapid-commit" },
	{ 82, HOW_HEX, "relay-agent" },
	{ 91, HOW_SECONDS, "last-transaction" },
	{ 92, HOW_ADDRS, "associated-address" },
	{ 93, HOW_U16S, "architecture" },
	{ 94, HOW_HEX, "network-interface" },
	{ 97, HOW_HEX, "machine-uuid" },
	{ 100, HOW_TEXT, "posix-timezone" },
	{ 101, HOW_TEXT, "tzdb-timezone" },
	{ 108, HOW_SECONDS, "ipv6-only" },
	{ 114, HOW_TEXT, "captive-portal" },
	{ 116, HOW_FLAG, "auto-configure" },
	{ 118, HOW_ADDRS, "subnet-selection" },
	{ 119, HOW_DOMAINS, "domain-search" },
	{ 120, HOW_HEX, "sip-servers" },
	{ 121, HOW_ROUTES, "classless-routes" },
	{ 138, HOW_ADDRS, "capwap-controller" },
	{ 150, HOW_ADDRS, "tftp-addresses" },
	{ 175, HOW_HEX, "ipxe" },
	{ 208, HOW_HEX, "pxelinux-magic" },
	{ 209, HOW_TEXT, "pxelinux-config" },
	{ 210, HOW_TEXT, "pxelinux-prefix" },
	{ 211, HOW_SECONDS, "pxelinux-reboot" },
	{ 249, HOW_ROUTES, "ms-classless-routes" },
	{ 252, HOW_TEXT, "wpad" },
};

static const char *const types[DHCP_MAX] = {
	[DHCP_DISCOVER] = "discover", [DHCP_OFFER] = "offer",
	[DHCP_REQUEST] = "request", [DHCP_DECLINE] = "decline",
	[DHCP_ACK] = "ack", [DHCP_NAK] = "nak", [DHCP_RELEASE] = "release",
	[DHCP_INFORM] = "inform", [DHCP_FORCERENEW] = "forcerenew",
	[DHCP_LEASEQUERY] = "leasequery",
	[DHCP_LEASEUNASSIGNED] = "leaseunassigned",
	[DHCP_LEASEUNKNOWN] = "leaseunknown",
	[DHCP_LEASEACTIVE] = "leaseactive",
};

const char *
option_name(uint8_t code)
{
	size_t	i;

	for (i = 0; i < nitems(options); i++)
		if (options[i].code == code)
			return (options[i].name);
	return (code >= 224 ? "private" : "other");
}

static void
hex(struct wbuf *out, const uint8_t *data, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		wbuf_printf(out, "%s%02x", i == 0 ? "" : ":", data[i]);
}

static void
text(struct wbuf *out, const uint8_t *data, size_t len)
{
	size_t	i;

	wbuf_u8(out, '"');
	for (i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e || data[i] == '"' ||
		    data[i] == '\\')
			wbuf_printf(out, "\\x%02x", data[i]);
		else
			wbuf_u8(out, data[i]);
	wbuf_u8(out, '"');
}

static void
any(struct wbuf *out, const uint8_t *data, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e)
			break;
	if (i == len && len > 1)
		text(out, data, len);
	else
		hex(out, data, len);
}

static void
addrs(struct wbuf *out, struct buf *in)
{
	char	addr[ADDR_STRLEN];
	int	first = 1;

	while (buf_left(in) > 0) {
		wbuf_printf(out, "%s%s", first ? "" : " ",
		    addr_str(buf_u32(in), addr));
		first = 0;
	}
}

/* RFC 3442: the length of a network, its octets as far as needed, a router. */
static int
routes(struct wbuf *out, struct buf *in)
{
	uint8_t		octets[4];
	struct buf	net;
	char		addr[ADDR_STRLEN], router[ADDR_STRLEN];
	unsigned int	len;
	int		first = 1;

	while (buf_left(in) > 0 && !in->err) {
		len = buf_u8(in);
		if (len > 32)
			return (-1);
		memset(octets, 0, sizeof(octets));
		buf_copy(in, octets, (len + 7) / 8);
		buf_init(&net, octets, sizeof(octets));
		(void)addr_str(buf_u32(&net), addr);
		(void)addr_str(buf_u32(in), router);
		wbuf_printf(out, "%s%s/%u %s", first ? "" : ", ", addr, len,
		    router);
		first = 0;
	}
	return (in->err ? -1 : 0);
}

static void
label(struct wbuf *out, const struct buf *octets)
{
	size_t	i;

	if (out->len > 0)
		wbuf_u8(out, '.');
	for (i = 0; i < octets->len; i++)
		if (octets->data[i] <= 0x20 || octets->data[i] > 0x7e)
			wbuf_printf(out, "\\%03u", octets->data[i]);
		else
			wbuf_u8(out, octets->data[i]);
}

/* One name, RFC 1035 4.1.4: pointers lead back only, so they end. */
static int
domain(struct wbuf *out, struct buf *in)
{
	size_t		end = 0, limit = in->off;
	unsigned int	len;
	struct buf	octets;

	while ((len = buf_u8(in)) != 0) {
		if ((len & 0xc0) == 0xc0) {
			len = (len & 0x3f) << 8 | buf_u8(in);
			if (in->err || len >= limit)
				return (-1);
			end = end == 0 ? in->off : end;
			in->off = limit = len;
			continue;
		}
		if (len > 63 || buf_sub(in, &octets, len) == -1)
			return (-1);
		label(out, &octets);
	}
	if (end != 0)
		in->off = end;
	return (in->err || out->err ? -1 : 0);
}

static int
domains(struct wbuf *out, struct buf *in)
{
	uint8_t		name[512];
	struct wbuf	one;
	int		first = 1;

	while (buf_left(in) > 0) {
		wbuf_init(&one, name, sizeof(name));
		if (domain(&one, in) == -1)
			return (-1);
		if (!first)
			wbuf_u8(out, ' ');
		wbuf_copy(out, name, one.len);
		first = 0;
	}
	return (0);
}

static int
numbers(struct wbuf *out, struct buf *in)
{
	const char	*between = "";

	if (in->len % 2 != 0)
		return (-1);
	while (buf_left(in) > 0) {
		wbuf_printf(out, "%s%u", between, buf_u16(in));
		between = " ";
	}
	return (0);
}

static int
number(struct wbuf *out, struct buf *in, enum how how)
{
	size_t		need = how == HOW_U8 ? 1 : how == HOW_U16 ? 2 : 4;
	uint32_t	v;

	if (in->len != need)
		return (-1);
	v = need == 1 ? buf_u8(in) : need == 2 ? buf_u16(in) : buf_u32(in);
	if (how == HOW_SECONDS && v == UINT32_MAX)
		wbuf_str(out, "forever");
	else
		wbuf_printf(out, "%u%s", v, how == HOW_SECONDS ? " s" : "");
	return (0);
}

/* As its kind has it; -1 when the octets are not of that kind. */
static int
value(struct wbuf *out, enum how how, struct buf *in)
{
	unsigned int	type;

	switch (how) {
	case HOW_ADDRS:
		if (in->len % 4 != 0)
			return (-1);
		addrs(out, in);
		return (0);
	case HOW_TEXT:
		text(out, in->data, in->len);
		return (0);
	case HOW_U8:
	case HOW_U16:
	case HOW_U32:
	case HOW_SECONDS:
		return (number(out, in, how));
	case HOW_FLAG:
		wbuf_str(out, in->len == 0 || in->data[0] != 0 ? "yes" : "no");
		return (0);
	case HOW_TYPE:
		type = buf_u8(in);
		if (in->len != 1 || type >= DHCP_MAX || types[type] == NULL)
			return (-1);
		wbuf_str(out, types[type]);
		return (0);
	case HOW_HEX:
		hex(out, in->data, in->len);
		return (0);
	case HOW_ROUTES:
		return (routes(out, in));
	case HOW_DOMAINS:
		return (domains(out, in));
	case HOW_U16S:
		return (numbers(out, in));
	case HOW_ANY:
		break;
	}
	return (-1);
}

void
option_text(struct wbuf *out, uint8_t code, const uint8_t *data, size_t len)
{
	const size_t	start = out->len;
	struct buf	in;
	size_t		i;

	buf_init(&in, data, len);
	for (i = 0; i < nitems(options); i++)
		if (options[i].code == code &&
		    value(out, (enum how)options[i].how, &in) == 0)
			return;
	out->len = start;
	any(out, data, len);
}
