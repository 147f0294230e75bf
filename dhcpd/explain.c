/* SPDX-License-Identifier: ISC */
/*
 * explain.c: "bootwardctl explain": plays a machine's DHCPDISCOVER through
 * the functions that decide and build every answer, and says what came of it
 * and why.  Sends nothing to the network and changes nothing.
 *
 * What it says goes to the store as lines of fields with tabs between them: a
 * name, a value, and the line of the configuration that the value is from.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dhcpd.h"

#define PIECE		4096	/* octets of a message */
#define REQUEST_MAX	576
#define SIADDR_AT	20

struct play {
	uint32_t		 id;		/* of who asks */
	const struct ctl_explain *ask;
	const struct view	*view;
	mono_t			 now;
	struct port		 port;
	struct link		 far;
	const struct link	*link;
	struct dhcp_msg		 req;
	struct asker		 asker;
	struct verdict		 who, v;	/* identified; decided */
	struct wbuf		 out;
	uint8_t			 text[2 * PIECE + 4096];
};

/* Saying. */

static void
play_flush(struct play *p)
{
	if (p->out.len > 0)
		(void)proc_send(PROC_STORE, MSG_EXPLAINED, p->id, -1, p->text,
		    p->out.len);
	wbuf_init(&p->out, p->text, sizeof(p->text));
}

static void
say_where(struct play *p, const struct conf_where *w)
{
	const struct conf	*conf = p->view->conf;

	wbuf_u8(&p->out, '\t');
	if (w != NULL && w->file < conf->nfile)
		wbuf_printf(&p->out, "%s:%u", conf->file[w->file].path,
		    w->line);
	wbuf_u8(&p->out, '\n');
	if (p->out.len > PIECE)
		play_flush(p);
}

static void	say(struct play *, const struct conf_where *, const char *,
		    const char *, ...)
		    __attribute__((__format__(__printf__, 4, 5)));

static void
say(struct play *p, const struct conf_where *w, const char *name,
    const char *fmt, ...)
{
	char	value[1024];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	wbuf_printf(&p->out, "%s\t%s", name, value);
	say_where(p, w);
}

static const struct conf_where *
where(const struct play *p, enum where_kind kind, uint32_t row)
{
	return (row == NONE ? NULL : conf_where(p->view->conf, kind, row));
}

static void
duration(int64_t us, char text[32])
{
	const int64_t	s = us / 1000000;

	if (us == INT64_MAX)
		(void)snprintf(text, 32, "forever");
	else if (s < 3600)
		(void)snprintf(text, 32, "%dm%02ds", (int)(s / 60),
		    (int)(s % 60));
	else
		(void)snprintf(text, 32, "%lldh%02dm", (long long)(s / 3600),
		    (int)(s / 60 % 60));
}

/* The request. */

static int
arch_is_http(uint32_t arch)
{
	static const uint8_t	http[] = {	/* IANA's architectures */
		15, 16, 17, 18, 19, 20, 23, 24, 26, 28, 30, 38, 40
	};

	return (arch < UINT8_MAX && memchr(http, (int)arch, sizeof(http)) !=
	    NULL);
}

static void
put_option(struct wbuf *w, uint8_t code, const void *data, size_t len)
{
	wbuf_u8(w, code);
	wbuf_u8(w, (uint8_t)len);
	wbuf_copy(w, data, len);
}

static void
put_boot(struct wbuf *w, const struct ctl_explain *ask, uint32_t arch)
{
	static const uint8_t	ndi[] = { 1, 3, 16 };
	static const uint8_t	has_http[] = { 0x13, 1, 1 };
	const uint8_t		octets[] = { (uint8_t)(arch >> 8),
				    (uint8_t)arch };
	char			class[40];

	(void)snprintf(class, sizeof(class), "%sClient:Arch:%05u:UNDI:003016",
	    arch_is_http(arch) ? "HTTP" : "PXE", arch);
	put_option(w, OPT_CLASS, class, strlen(class));
	put_option(w, OPT_ARCH, octets, sizeof(octets));
	put_option(w, OPT_NDI, ndi, sizeof(ndi));
	if (!ask->ipxe)
		return;
	put_option(w, OPT_USER_CLASS, "iPXE", 4);
	put_option(w, OPT_IPXE, has_http, sizeof(has_http));
}

/* What firmware and systems usually ask for. */
static void
request_build(struct wbuf *w, const struct ctl_explain *ask,
    const struct lease *known)
{
	static const uint8_t	discover[] = { DHCP_DISCOVER };
	static const uint8_t	size[] = { 1472 >> 8, 1472 & 0xff };
	static const uint8_t	wanted[] = {
		1, 3, 6, 12, 15, 17, 26, 28, 42, 43, 51, 54, 58, 59, 60, 66,
		67, 97, 119, 121, 150, 175, 208, 209, 210, 211
	};

	wbuf_u8(w, 1);
	wbuf_u8(w, HTYPE_ETHERNET);
	wbuf_u8(w, sizeof(ask->mac.b));
	wbuf_u8(w, ask->relay != 0);
	wbuf_zero(w, 4 + 4 + 4 + 4 + 4);
	wbuf_u32(w, ask->relay);
	wbuf_copy(w, ask->mac.b, sizeof(ask->mac.b));
	wbuf_zero(w, 16 - sizeof(ask->mac.b) + DHCP_SNAME_LEN + DHCP_FILE_LEN);
	wbuf_u32(w, DHCP_MAGIC);
	put_option(w, OPT_TYPE, discover, sizeof(discover));
	put_option(w, OPT_MAX_SIZE, size, sizeof(size));
	put_option(w, OPT_WANTED, wanted, sizeof(wanted));
	if (ask->arch != NONE || ask->ipxe)
		put_boot(w, ask, ask->arch == NONE ? 0 : ask->arch);
	else if (known != NULL && known->id_len > 0)
		put_option(w, OPT_CLIENT_ID, known->text, known->id_len);
	wbuf_u8(w, OPT_END);
}

/*
 * Where it would come from, and what it would say: an ordinary client says
 * the client id that it has a lease by.
 */
static int
play_begin(struct play *p, const struct msg_iface *iface)
{
	static uint8_t		octets[REQUEST_MAX];
	const struct lease	*known = NULL;
	struct wbuf		w;
	struct buf		in;

	memset(&p->port, 0, sizeof(p->port));
	memcpy(p->port.ifname, iface->name, sizeof(p->port.ifname));
	p->port.mtu = iface->mtu;
	p->port.mac = iface->mac;
	link_of_iface(&p->port.link, p->view->conf, iface);
	memset(&p->req, 0, sizeof(p->req));
	p->req.giaddr = p->ask->relay;
	p->link = link_of_request(&p->far, &p->port.link, p->view->conf,
	    &p->req);
	if (p->link != NULL)
		known = lease_by_mac(p->view->leases, p->link, p->ask->mac, 1);

	wbuf_init(&w, octets, sizeof(octets));
	request_build(&w, p->ask, known);
	buf_init(&in, octets, w.len);
	if (w.err || dhcp_parse(&in, &p->req) != 0)
		return (-1);
	p->req.l2_src = p->ask->mac;
	p->req.src = p->ask->relay;
	p->req.dst = p->ask->relay != 0 ? p->port.link.own : UINT32_MAX;
	p->req.sport = p->ask->relay != 0 ? DHCP_PORT_SERVER :
	    DHCP_PORT_CLIENT;
	p->req.dport = DHCP_PORT_SERVER;
	if (p->ask->relay != 0)
		p->link = link_of_request(&p->far, &p->port.link,
		    p->view->conf, &p->req);
	return (0);
}

/* Who it is. */

static void
say_request(struct play *p)
{
	const struct buf	*id = &p->req.id;
	char			 class[64] = "", hex[2 * CLIENT_ID_LEN + 1];

	if (p->req.class.len < sizeof(class))
		memcpy(class, p->req.class.data, p->req.class.len);
	say(p, NULL, "request", "discover%s%s%s", class[0] == '\0' ?
	    " of a client that does not boot" : " of ", class,
	    p->ask->ipxe ? ", as iPXE" : "");
	if (id->len > 0) {
		hex_encode(id->data, id->len, hex);
		say(p, NULL, "client id", "%s, as in its lease", hex);
	}
}

static void
say_host(struct play *p)
{
	static const char *const	unknown[] = {
		[UNKNOWN_LOCAL] = "local", [UNKNOWN_IGNORE] = "ignore",
		[UNKNOWN_INSTALL] = "install",
	};
	const struct conf		*conf = p->view->conf;
	const struct conf_host		*host;
	const uint32_t			 policy = conf->global->unknown;
	const struct msg_ticket		*ticket = p->who.ticket;
	enum ticket_state		 state = asker_ticket(&p->asker);

	if (p->who.host == NONE) {
		say(p, NULL, "host", "none: an unknown machine");
		if (policy < nitems(unknown))
			say(p, where(p, WHERE_UNKNOWN, 0), "unknown boot", "%s",
			    unknown[policy]);
		return;
	}
	host = &conf->host[p->who.host];
	say(p, where(p, WHERE_HOST, p->who.host), "host", "%s%s", host->name,
	    p->asker.by_port ? ", by its relay agent's port" : "");
	say(p, NULL, "ticket", "%s%s%s: %s", ticket_names[state],
	    ticket != NULL && ticket->image[0] != '\0' ? ", image " : "",
	    ticket != NULL ? ticket->image : "", ticket_installs(state) ?
	    "it is sent to the installer" : "it boots its own disk");
}

static void
say_lease(struct play *p)
{
	static const char *const	states[HOLD_MAX] = {
		[HOLD_FREE] = "was its own, free now",
		[HOLD_BOUND] = "its lease", [HOLD_DECLINED] = "declined",
		[HOLD_OFFERED] = "offered to it",
		[HOLD_WAIT] = "being proven free for it",
	};
	const struct lease		*l = p->asker.own;
	char				 addr[ADDR_STRLEN], left[32];

	if (l == NULL) {
		say(p, NULL, "lease", "none");
		return;
	}
	(void)addr_str(l->addr, addr);
	if (l->state == HOLD_FREE) {
		say(p, NULL, "lease", "%s, %s", addr, states[l->state]);
		return;
	}
	duration(l->expire_us == INT64_MAX ? INT64_MAX :
	    l->expire_us > p->now.us ? l->expire_us - p->now.us : 0, left);
	say(p, NULL, "lease", "%s, %s for %s%s%s", addr, states[l->state],
	    l->expire_us == INT64_MAX ? "" : "another ", left,
	    p->who.takeover ? ", under an earlier client id" : "");
}

/* What it gets. */

static const struct conf_where *
where_range(const struct play *p, uint32_t addr)
{
	const struct conf	*conf = p->view->conf;
	size_t			 i;

	for (i = 0; i < conf->nrange; i++)
		if (addr >= conf->range[i].first && addr <= conf->range[i].last)
			return (where(p, WHERE_RANGE, (uint32_t)i));
	return (NULL);
}

static void
say_address(struct play *p)
{
	const struct verdict	*v = &p->v;
	const struct lease	*own = p->asker.own;
	char			 addr[ADDR_STRLEN];

	(void)addr_str(v->addr, addr);
	if (v->skipped)
		say(p, where(p, WHERE_HOST, v->host), "reserved address",
		    "in use by another machine: not this time");
	if (p->asker.reserved != 0 && v->addr == p->asker.reserved)
		say(p, where(p, WHERE_HOST, v->host), "address",
		    "%s, reserved for it", addr);
	else if (own != NULL && own->addr == v->addr &&
	    own->state != HOLD_WAIT)
		say(p, where_range(p, v->addr), "address", "%s, %s", addr,
		    own->state == HOLD_FREE ? "that it had last" :
		    own->state == HOLD_BOUND ? "that it has" :
		    "that it was offered before");
	else
		say(p, where_range(p, v->addr), "address", "%s, %s", addr,
		    pool_proven(leases_pool(p->view->leases), v->addr,
		    p->now) ? "proven free" : v->unproven ?
		    "free as far as is known, but not proven" :
		    "free as far as is known");
}

static const struct conf_where *
where_loader(const struct play *p)
{
	return (p->v.loader == NULL ? NULL : where(p, WHERE_LOADER,
	    pxe_loader_row(p->view->conf, p->v.loader)));
}

/* Why it is told of no boot file, or NULL. */
static const char *
no_boot(const struct verdict *v, char text[64])
{
	if (v->circles)
		return ("it has had its loader again and again: it boots in "
		    "circles");
	if (v->no_loader)
		return (pxe_no_loader(&v->pxe, text));
	return (v->loader == NULL ? "it boots its own disk" : NULL);
}

static void
say_boot(struct play *p, const uint8_t *octets)
{
	const struct verdict	*v = &p->v;
	char			 addr[ADDR_STRLEN], file[PATH_LEN], text[64];
	const char		*why;
	struct buf		 in;

	if (!pxe_boots(&v->pxe))
		return;
	if ((why = no_boot(v, text)) != NULL) {
		say(p, NULL, "boot file", "none: %s", why);
		return;
	}
	buf_init(&in, octets, DHCP_HDRLEN);
	buf_skip(&in, SIADDR_AT);
	say(p, where(p, WHERE_SEGMENT, v->segment), "next server", "%s",
	    addr_str(buf_u32(&in), addr));
	pxe_file(v->loader, &v->pxe, v->next_server, file);
	say(p, where_loader(p), "boot file", "%s", file[0] == '\0' ?
	    "none: it knows its files itself" : file);
	say(p, where_loader(p), "loader", "%s", v->loader->arch < LOADER_MAX ?
	    loader_names[v->loader->arch] : "");
}

/* Options. */

/* The statement that gives this value, looked for as the reply does. */
static const struct conf_where *
where_option(const struct play *p, uint8_t code, const uint8_t *data,
    size_t len)
{
	const struct conf	*conf = p->view->conf;
	const struct verdict	*v = &p->v;
	uint32_t		 group = v->host == NONE ? NONE :
				    conf->host[v->host].group;
	const struct {
		enum option_level	level;
		uint32_t		index;
	} levels[] = {
		{ OPTION_HOST, v->host }, { OPTION_GROUP, group },
		{ OPTION_SUBNET, v->segment }, { OPTION_ALL, 0 },
	};
	uint8_t			 octets[OPTION_VALUE_MAX];
	const struct conf_option *rows;
	size_t			 i, row, at, end, n;

	for (i = 0; i < nitems(levels); i++) {
		if (levels[i].index == NONE || (rows = conf_options(conf,
		    levels[i].level, levels[i].index, &n)) == NULL)
			continue;
		row = (size_t)(rows - conf->option);
		for (end = row + n; row < end;) {
			at = row;
			if (conf_option_value(conf, &row, octets) == len &&
			    conf->option[at].code == code &&
			    memcmp(octets, data, len) == 0)
				return (where(p, WHERE_OPTION, (uint32_t)at));
		}
	}
	return (NULL);
}

/* What is made of other statements than "option". */
static const struct conf_where *
where_made(const struct play *p, uint8_t code)
{
	const struct verdict	*v = &p->v;

	switch (code) {
	case OPT_MASK:
	case OPT_ROUTER:
	case OPT_DNS:
	case OPT_DOMAIN:
	case OPT_BROADCAST:
	case OPT_LEASE_TIME:
	case OPT_T1:
	case OPT_T2:
		return (where(p, WHERE_SEGMENT, v->segment));
	case OPT_HOST_NAME:
		return (where(p, WHERE_HOST, v->host));
	case OPT_TFTP_NAME:
	case OPT_BOOT_FILE:
		return (where_loader(p));
	}
	return (NULL);
}

static void
say_option(struct play *p, uint8_t code, const uint8_t *data, size_t len)
{
	const struct conf_where	*w = where_option(p, code, data, len);

	wbuf_printf(&p->out, "option\t%u\t%s\t", code, option_name(code));
	option_text(&p->out, code, data, len);
	say_where(p, w != NULL ? w : where_made(p, code));
}

/*
 * The options of an answer of ours, in the order that they stand in it.  One
 * that was cut up (RFC 3396) is put together; file and sname hold some when
 * option 52 says so.
 */
struct found {
	uint8_t		seen[UINT8_MAX + 1];
	uint8_t		order[UINT8_MAX + 1];
	size_t		n;
	struct {
		const uint8_t	*data;
		size_t		 len;
		uint8_t		 code;
	} piece[512];
	size_t		npieces;
};

static void
options_find(struct found *f, const uint8_t *octets, size_t len)
{
	struct buf	in, value;
	uint8_t		code;

	buf_init(&in, octets, len);
	while (buf_left(&in) > 0 && (code = buf_u8(&in)) != OPT_END) {
		if (code == OPT_PAD)
			continue;
		if (buf_sub(&in, &value, buf_u8(&in)) == -1 ||
		    f->npieces == nitems(f->piece))
			return;
		if (!f->seen[code])
			f->order[f->n++] = code;
		f->seen[code] = 1;
		f->piece[f->npieces].code = code;
		f->piece[f->npieces].data = value.data;
		f->piece[f->npieces++].len = value.len;
	}
}

static size_t
option_join(const struct found *f, uint8_t code, uint8_t *octets, size_t size)
{
	struct wbuf	w;
	size_t		i;

	wbuf_init(&w, octets, size);
	for (i = 0; i < f->npieces; i++)
		if (f->piece[i].code == code)
			wbuf_copy(&w, f->piece[i].data, f->piece[i].len);
	return (w.len);
}

static void
say_options(struct play *p, const uint8_t *octets, size_t len)
{
	static struct found	f;
	static uint8_t		value[DHCP_PAYLOAD_MAX];
	size_t			i, n;
	uint8_t			overload = 0;

	memset(&f, 0, sizeof(f));
	options_find(&f, octets + DHCP_HDRLEN + 4, len - DHCP_HDRLEN - 4);
	if (f.seen[OPT_OVERLOAD] && option_join(&f, OPT_OVERLOAD, value,
	    sizeof(value)) == 1)
		overload = value[0];
	if ((overload & 1) != 0)
		options_find(&f, octets + DHCP_FILE_AT, DHCP_FILE_LEN);
	if ((overload & 2) != 0)
		options_find(&f, octets + DHCP_SNAME_AT, DHCP_SNAME_LEN);
	for (i = 0; i < f.n; i++) {
		n = option_join(&f, f.order[i], value, sizeof(value));
		say_option(p, f.order[i], value, n);
	}
}

/* The answer. */

static void
say_answer(struct play *p)
{
	static uint8_t		octets[DHCP_PAYLOAD_MAX];
	const struct verdict	*v = &p->v;
	struct letter		letter;
	char			addr[ADDR_STRLEN], mac[MAC_STRLEN];
	size_t			len;

	if ((len = reply_build(octets, p->view->conf, &p->req, v,
	    p->port.mtu)) < DHCP_HDRLEN + 4) {
		say(p, NULL, "answer", "none: it does not fit into a packet");
		return;
	}
	say_boot(p, octets);
	letter_address(&letter, &p->port, &p->req, v);
	(void)addr_str(letter.dst, addr);
	say(p, NULL, "sent to", "%s port %u%s%s", addr, letter.dport,
	    letter.raw ? ", " : "", letter.raw ?
	    mac_str(letter.dst_mac, mac) : "");
	say(p, NULL, "length", "%zu octets", len);
	say_options(p, octets, len);
}

/*
 * The address is proven free first; what is offered then is decided as if
 * nothing had to be proven.
 */
static void
decide_later(struct play *p)
{
	struct conf	 conf = *p->view->conf;
	struct view	 view = *p->view;
	const size_t	 n = conf.nsegment;
	size_t		 i;

	conf.segment = calloc(n, sizeof(*conf.segment));
	if (conf.segment == NULL)
		return;
	memcpy(conf.segment, p->view->conf->segment,
	    n * sizeof(*conf.segment));
	for (i = 0; i < n; i++)
		conf.segment[i].probe = PROBE_OFF;
	view.conf = &conf;
	policy_decide(&p->v, &view, p->link, &p->req, p->now);
	free(conf.segment);
}

static void
say_verdict(struct play *p)
{
	static const char *const	kinds[V_MAX] = {
		[V_OFFER] = "offer", [V_NAK] = "refused",
		[V_ACK] = "ack at once, by rapid commit",
		[V_PROXY] = "offer of a boot file; the address is another's",
	};
	struct verdict			*v = &p->v;
	char				 time[32];

	policy_decide(v, p->view, p->link, &p->req, p->now);
	if (v->kind == V_PROBE) {
		say(p, where(p, WHERE_SEGMENT, v->segment), "first",
		    "the address is proven free; the answer comes after that");
		decide_later(p);
	}
	if (v->kind == V_SILENT || kinds[v->kind] == NULL) {
		say(p, NULL, "answer", "none: %s", v->why != NULL ? v->why :
		    "another address is tried first");
		return;
	}
	say(p, NULL, "answer", "%s%s%s", kinds[v->kind], v->kind == V_NAK ?
	    ": " : "", v->kind == V_NAK && v->why != NULL ? v->why : "");
	if (v->kind == V_OFFER || v->kind == V_ACK) {
		say_address(p);
		duration(v->seconds == UINT32_MAX ? INT64_MAX :
		    v->seconds * INT64_C(1000000), time);
		say(p, where(p, WHERE_SEGMENT, v->segment), "lease time",
		    "%u s (%s)", v->seconds, time);
	}
	say_answer(p);
}

static void
say_link(struct play *p, const struct msg_iface *iface)
{
	const struct conf	*conf = p->view->conf;
	const struct link	*l = p->link;
	char			 addr[ADDR_STRLEN], name[32] = "subnet";
	size_t			 i;

	say(p, NULL, "interface", "%s", iface->name);
	if (iface->index == 0 || !iface->up)
		say(p, NULL, "state", "%s", iface->index == 0 ?
		    "it does not exist now" : "it is down now");
	if (p->ask->relay != 0)
		say(p, NULL, "relay agent", "%s",
		    addr_str(p->ask->relay, addr));
	for (i = 0; l != NULL && i < l->n; i++) {
		if (i > 0)
			(void)snprintf(name, sizeof(name), "subnet %zu", i + 1);
		say(p, where(p, WHERE_SEGMENT, l->seg[i].segment), name,
		    "%s/%u", addr_str(l->seg[i].net, addr),
		    conf->segment[l->seg[i].segment].prefix);
	}
}

static void
play_one(struct play *p, const struct msg_iface *iface, int synced)
{
	if (play_begin(p, iface) == -1)
		return;
	say_link(p, iface);
	say_request(p);
	if (p->link == NULL) {
		say(p, NULL, "answer", "none: this can be no relay agent");
		return;
	}
	memset(&p->who, 0, sizeof(p->who));
	p->who.host = NONE;
	p->asker = (struct asker){ .view = p->view, .link = p->link,
	    .req = &p->req, .v = &p->who, .now = p->now };
	asker_identify(&p->asker);
	say_host(p);
	say_lease(p);
	if (!synced)
		say(p, NULL, "answer", "none: without the store nothing is "
		    "promised");
	else
		say_verdict(p);
}

/*
 * On each interface; a relay agent's requests come by any, and are answered
 * alike.
 */
void
explain(uint32_t id, const struct ctl_explain *ask, const struct view *view,
    int synced, mono_t now)
{
	static struct play	p;
	size_t			i;

	p.id = id;
	p.ask = ask;
	p.view = view;
	p.now = now;
	wbuf_init(&p.out, p.text, sizeof(p.text));
	for (i = 0; i < child.nifaces; i++) {
		play_one(&p, &child.ifaces[i], synced);
		play_flush(&p);
		if (ask->relay != 0 && p.port.link.own != 0)
			break;
	}
	(void)proc_send(PROC_STORE, MSG_EXPLAINED, id, -1, NULL, 0);
}
