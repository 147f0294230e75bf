/* SPDX-License-Identifier: ISC */
/*
 * printconf.c: a configuration as bootward.conf(5) text.  Only what differs
 * from the defaults is printed; it parses back to an equal configuration.
 */
#include <string.h>

#include "bootward.h"

static const char *const access_words[] = { "lease", "token", "any" };
static const char *const unknown_words[] = { "local", "ignore", "install" };
static const char *const probe_words[] = { "background", "always", "off" };
static const char *const option_words[] = {
	"address", "text", "hex", "u8", "u16", "u32", "route", "domain"
};

/* How far rows were printed that stand in the order of their owners. */
struct printer {
	const struct conf	*conf;
	FILE			*f;
	size_t			 range, hostid, var;
	uint32_t		 shared, group;	/* the next to open */
};

/* A string in quotes; it holds no control characters. */
static void
print_bytes(FILE *f, const void *data, size_t len)
{
	const char	*text = data;
	size_t		 i;

	putc('"', f);
	for (i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			putc('\\', f);
		putc(text[i], f);
	}
	putc('"', f);
}

static void
print_text(FILE *f, const char *before, const char *text)
{
	fputs(before, f);
	print_bytes(f, text, strlen(text));
}

static void
print_line(FILE *f, const char *before, const char *text)
{
	if (text[0] == '\0')
		return;
	print_text(f, before, text);
	putc('\n', f);
}

static void
print_hex(FILE *f, const uint8_t *data, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		fprintf(f, "%s%02x", i == 0 ? "" : ":", data[i]);
}

static void
print_time(FILE *f, const char *before, uint32_t seconds)
{
	static const struct {
		uint32_t	seconds;
		char		unit;
	} units[] = {
		{ 604800, 'w' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' },
		{ 1, 's' }
	};
	size_t	i;

	for (i = 0; seconds % units[i].seconds != 0; i++)
		;
	fprintf(f, "%s%u%c\n", before, seconds / units[i].seconds,
	    units[i].unit);
}

static void
print_addrs(FILE *f, const char *before, const uint32_t *addrs, size_t n)
{
	char	text[ADDR_STRLEN];
	size_t	i;

	if (n == 0)
		return;
	fputs(before, f);
	for (i = 0; i < n; i++)
		fprintf(f, " %s", addr_str(addrs[i], text));
	putc('\n', f);
}

/* Options ----------------------------------------------------------------- */

/* Addresses or numbers of the width that the kind has. */
static void
print_numbers(enum option_kind kind, struct buf value, FILE *f)
{
	static const uint8_t	width[] = {
		[OPTION_ADDRESS] = 4, [OPTION_U8] = 1, [OPTION_U16] = 2,
		[OPTION_U32] = 4
	};
	char			addr[ADDR_STRLEN];
	uint32_t		n, i;

	while (buf_left(&value) > 0) {
		for (n = 0, i = 0; i < width[kind]; i++)
			n = n << 8 | buf_u8(&value);
		if (kind == OPTION_ADDRESS)
			fprintf(f, " %s", addr_str(n, addr));
		else
			fprintf(f, " %u", n);
	}
}

/* RFC 3442: a length, so much of the network as it says, a gateway. */
static void
print_routes(struct buf value, FILE *f)
{
	char		net[ADDR_STRLEN], gateway[ADDR_STRLEN];
	uint8_t		octets[4];
	uint32_t	prefix;
	struct buf	b;

	while (buf_left(&value) > 0) {
		prefix = buf_u8(&value);
		memset(octets, 0, sizeof(octets));
		if (prefix <= 32)
			buf_copy(&value, octets, (prefix + 7) / 8);
		buf_init(&b, octets, sizeof(octets));
		(void)addr_str(buf_u32(&b), net);
		(void)addr_str(buf_u32(&value), gateway);
		if (prefix == 0)
			fprintf(f, " default %s", gateway);
		else
			fprintf(f, " %s/%u %s", net, prefix, gateway);
	}
}

/* One name that begins at b; names that it points to lie before it. */
static void
print_name(struct buf b, FILE *f)
{
	size_t		at, hops = 0;
	uint32_t	len;

	fputs(" \"", f);
	while ((len = buf_u8(&b)) != 0 && hops < OPTION_VALUE_MAX) {
		hops++;
		if (len >= 0xc0) {
			at = (len & 0x3f) << 8 | buf_u8(&b);
			buf_init(&b, b.data, b.len);
			buf_skip(&b, at);
			continue;
		}
		while (len-- > 0)
			putc(buf_u8(&b), f);
		if (b.off < b.len && b.data[b.off] != 0)
			putc('.', f);
	}
	putc('"', f);
}

static void
print_names(struct buf value, FILE *f)
{
	uint32_t	len;

	while (buf_left(&value) > 0) {
		print_name(value, f);
		while ((len = buf_u8(&value)) != 0 && len < 0xc0)
			buf_skip(&value, len);
		if (len >= 0xc0)
			buf_skip(&value, 1);
	}
}

static void
print_value(enum option_kind kind, struct buf value, FILE *f)
{
	if (kind == OPTION_TEXT) {
		putc(' ', f);
		print_bytes(f, value.data, value.len);
	} else if (kind == OPTION_HEX) {
		putc(' ', f);
		print_hex(f, value.data, value.len);
	} else if (kind == OPTION_ROUTE)
		print_routes(value, f);
	else if (kind == OPTION_DOMAIN)
		print_names(value, f);
	else
		print_numbers(kind, value, f);
}

/* All options of one owner. */
static void
print_options(const struct conf *conf, enum option_level level, uint32_t index,
    const char *in, FILE *f)
{
	const struct conf_option	*o;
	uint8_t				 octets[OPTION_VALUE_MAX];
	struct buf			 value;
	size_t				 n, row, end;

	if ((o = conf_options(conf, level, index, &n)) == NULL)
		return;
	row = (size_t)(o - conf->option);
	for (end = row + n; row < end;) {
		o = &conf->option[row];
		buf_init(&value, octets, conf_option_value(conf, &row,
		    octets));
		fprintf(f, "%soption %u %s", in, o->code,
		    option_words[o->kind]);
		print_value(o->kind, value, f);
		putc('\n', f);
	}
}

/* The top of the file ------------------------------------------------------ */

static void
print_global(const struct conf *conf, FILE *f)
{
	const struct conf_global	*g = conf->global;
	char				 addr[ADDR_STRLEN];
	size_t				 i;

	for (i = 0; i < conf->niface; i++)
		print_line(f, "interface ", conf->iface[i].name);
	if (strcmp(g->root, ROOT_DIR) != 0)
		print_line(f, "root ", g->root);
	if (g->store == STORE_POSTGRESQL)
		print_line(f, "store postgresql ", g->store_dsn);
	if (g->access != ACCESS_LEASE)
		fprintf(f, "answer access %s\n", access_words[g->access]);
	if (g->identify == IDENTIFY_CLIENT_ID)
		fprintf(f, "identify by client-id\n");
	if (g->unknown == UNKNOWN_INSTALL)
		print_line(f, "unknown boot install ", g->unknown_image);
	else if (g->unknown != UNKNOWN_LOCAL)
		fprintf(f, "unknown boot %s\n", unknown_words[g->unknown]);
	if (g->callbacks != 0)
		fprintf(f, "callback%s%s\n",
		    (g->callbacks & CALLBACK_COBBLER) != 0 ? " cobbler" : "",
		    (g->callbacks & CALLBACK_FOREMAN) != 0 ? " foreman" : "");
	if (g->sandbox_optional)
		fprintf(f, "sandbox optional\n");
	if (g->ipv6_quiet)
		fprintf(f, "ipv6 quiet\n");
	if (g->install_timeout != CONF_INSTALL_TIMEOUT)
		print_time(f, "install timeout ", g->install_timeout);
	if (g->status_addr != 0)
		fprintf(f, "status on %s port %u\n",
		    addr_str(g->status_addr, addr), g->status_port);
	print_addrs(f, "other server", g->other, g->nothers);
	print_addrs(f, "leasequery", g->querier, g->nqueriers);
	print_options(conf, OPTION_ALL, 0, "", f);
}

/* Subnets ----------------------------------------------------------------- */

static void
print_line_of(FILE *f, const char *in, const char *before, const char *text)
{
	fputs(text[0] != '\0' ? in : "", f);
	print_line(f, before, text);
}

static void
print_list(FILE *f, const char *in, const char *before, const uint32_t *addrs,
    size_t n)
{
	fputs(n > 0 ? in : "", f);
	print_addrs(f, before, addrs, n);
}

/* What a subnet does beside giving addresses and options. */
static void
print_rules(const struct conf_segment *s, const char *in, FILE *f)
{
	if (s->proxy)
		fprintf(f, "%sproxy\n", in);
	if (s->rapid)
		fprintf(f, "%srapid commit\n", in);
	if (s->keep != NONE)
		fprintf(f, "%skeep %u\n", in, s->keep);
	if (s->limit_port != 0)
		fprintf(f, "%slimit port %u\n", in, s->limit_port);
	if (s->limit_mac != CONF_LIMIT_MAC)
		fprintf(f, "%slimit mac %u\n", in, s->limit_mac);
}

static void
print_segment(struct printer *p, uint32_t row, const char *outer)
{
	const struct conf_segment	*s = &p->conf->segment[row];
	const struct conf_range		*r;
	const char			*in = outer[0] == '\0' ? "\t" : "\t\t";
	char				 a[ADDR_STRLEN], b[ADDR_STRLEN];
	FILE				*f = p->f;

	fprintf(f, "%ssubnet %s/%u {\n", outer, addr_str(s->net, a),
	    s->prefix);
	for (; p->range < p->conf->nrange; p->range++) {
		r = &p->conf->range[p->range];
		if (r->segment != row)
			break;
		fprintf(f, "%srange %s - %s\n", in, addr_str(r->first, a),
		    addr_str(r->last, b));
	}
	print_list(f, in, "router", s->router, s->nrouters);
	print_list(f, in, "dns", s->dns, s->ndns);
	print_line_of(f, in, "domain ", s->domain);
	if (s->lease != CONF_LEASE) {
		fputs(in, f);
		print_time(f, "lease ", s->lease);
	}
	if (s->probe != PROBE_BACKGROUND)
		fprintf(f, "%sprobe %s\n", in, probe_words[s->probe]);
	print_options(p->conf, OPTION_SUBNET, row, in, f);
	print_list(f, in, "next-server", &s->next_server, s->next_server != 0);
	print_rules(s, in, f);
	print_list(f, in, "relay", s->relay, s->nrelays);
	fprintf(f, "%s}\n", outer);
}

/*
 * Shared networks up to the one given, with the subnets from row on that are
 * theirs; those without any have no other place than before the next.  The
 * first subnet that is not printed.
 */
static uint32_t
print_shared(struct printer *p, uint32_t to, uint32_t row)
{
	const struct conf	*conf = p->conf;

	for (; p->shared < to; p->shared++) {
		print_text(p->f, "shared network ",
		    conf->shared[p->shared].name);
		fprintf(p->f, " {\n");
		while (row < conf->nsegment &&
		    conf->segment[row].shared == p->shared)
			print_segment(p, row++, "\t");
		fprintf(p->f, "}\n");
	}
	return (row);
}

static void
print_segments(const struct conf *conf, FILE *f)
{
	struct printer	p = { .conf = conf, .f = f };
	uint32_t	i;

	for (i = 0; i < conf->nsegment;)
		if (conf->segment[i].shared == NONE)
			print_segment(&p, i++, "");
		else
			i = print_shared(&p, conf->segment[i].shared + 1, i);
	(void)print_shared(&p, (uint32_t)conf->nshared, i);
}

/* Loaders and images ------------------------------------------------------- */

static void
print_images(const struct conf *conf, FILE *f)
{
	const struct conf_loader	*l;
	const struct conf_image		*m;
	const char			*usual;
	size_t				 i, k;

	for (i = 0; i < conf->nloader; i++) {
		l = &conf->loader[i];
		usual = conf_loader_default[l->arch];
		if (usual != NULL && strcmp(usual, l->path) == 0)
			continue;
		fprintf(f, "loader %s ", loader_names[l->arch]);
		print_line(f, "", l->path);
	}
	for (k = 0; k < conf->nimage; k++) {
		m = &conf->image[k];
		print_text(f, "image ", m->name);
		fprintf(f, " {\n");
		print_line(f, "\tkernel ", m->kernel);
		for (i = 0; i < conf->ninitrd; i++)
			if (conf->initrd[i].image == k)
				print_line(f, "\tinitrd ",
				    conf->initrd[i].path);
		print_line(f, "\tappend ", m->append);
		print_line(f, "\tanswer ", m->answer);
		print_line(f, "\tpackages ", m->packages);
		fprintf(f, "}\n");
	}
}

/* Hosts -------------------------------------------------------------------- */

static void
print_vars(struct printer *p, uint32_t host, uint32_t group, const char *in)
{
	const struct conf_var	*v;

	for (; p->var < p->conf->nvar; p->var++) {
		v = &p->conf->var[p->var];
		if (v->host != host || v->group != group)
			break;
		fprintf(p->f, "%sset %s ", in, v->name);
		print_bytes(p->f, v->value, strlen(v->value));
		putc('\n', p->f);
	}
}

/* Text that would pass for octets, and a single octet, say what they are. */
static void
print_id(const struct conf_hostid *id, FILE *f)
{
	fputs(id->kind == HOSTID_CLIENT_ID ? "client-id " :
	    id->kind == HOSTID_CIRCUIT_ID ? "circuit-id " : "remote-id ", f);
	if (!id->text) {
		fputs(id->len == 1 ? "hex " : "", f);
		print_hex(f, id->data, id->len);
	} else {
		fputs(memchr(id->data, ':', id->len) != NULL ? "text " : "", f);
		print_bytes(f, id->data, id->len);
	}
}

static void
print_hostid(const struct conf_hostid *id, const char *in, FILE *f)
{
	char		hex[2 * HOSTID_LEN + 1], text[MAC_STRLEN];
	struct mac	mac;

	fputs(in, f);
	if (id->kind == HOSTID_ETHERNET) {
		memcpy(mac.b, id->data, sizeof(mac.b));
		fprintf(f, "ethernet %s", mac_str(mac, text));
	} else if (id->kind == HOSTID_UUID) {
		hex_encode(id->data, id->len, hex);
		fprintf(f, "uuid %.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
		    hex + 12, hex + 16, hex + 20);
	} else
		print_id(id, f);
	putc('\n', f);
}

static void
print_host(struct printer *p, uint32_t row, const char *outer)
{
	const char		*in = outer[0] == '\0' ? "\t" : "\t\t";
	const struct conf	*conf = p->conf;
	const struct conf_host	*h = &conf->host[row];
	const char		*image = "";

	if (h->group != NONE)
		image = conf->group[h->group].image;
	fputs(outer, p->f);
	print_text(p->f, "host ", h->name);
	fprintf(p->f, " {\n");
	for (; p->hostid < conf->nhostid &&
	    conf->hostid[p->hostid].host == row; p->hostid++)
		print_hostid(&conf->hostid[p->hostid], in, p->f);
	print_list(p->f, in, "address", &h->addr, h->addr != 0);
	if (strcmp(h->image, image) != 0)
		print_line_of(p->f, in, "image ", h->image);
	print_options(conf, OPTION_HOST, row, in, p->f);
	print_vars(p, row, NONE, in);
	fprintf(p->f, "%s}\n", outer);
}

static void
print_group_start(struct printer *p)
{
	const struct conf_group	*g = &p->conf->group[p->group];

	print_text(p->f, "group ", g->name);
	fprintf(p->f, " {\n");
	print_line(p->f, "\timage ", g->image);
	print_options(p->conf, OPTION_GROUP, p->group, "\t", p->f);
	print_vars(p, NONE, p->group, "\t");
	p->group++;
}

static void
print_hosts(const struct conf *conf, FILE *f)
{
	struct printer	p = { .conf = conf, .f = f };
	uint32_t	i, group, open = NONE;

	for (i = 0; i < conf->nhost; i++) {
		group = conf->host[i].group;
		if (open != NONE && group != open)
			fprintf(f, "}\n");
		while (group != NONE && p.group <= group) {
			print_group_start(&p);
			if (p.group <= group)
				fprintf(f, "}\n");
		}
		print_host(&p, i, group == NONE ? "" : "\t");
		open = group;
	}
	if (open != NONE)
		fprintf(f, "}\n");
	while (p.group < conf->ngroup) {
		print_group_start(&p);
		fprintf(f, "}\n");
	}
}

void
conf_print(const struct conf *conf, FILE *f)
{
	print_global(conf, f);
	print_segments(conf, f);
	print_images(conf, f);
	print_hosts(conf, f);
}
