/* SPDX-License-Identifier: ISC */
/*
 * reply_test.c: what stands in a reply, for each kind of client and verdict.
 */
#include "request.h"
#include "unit.h"

/* Replies: a small reader of options, which is not the one under test. */

static const uint8_t *
find(const uint8_t *reply, size_t len, uint8_t code, size_t *optlen)
{
	size_t	i = DHCP_HDRLEN + 4;

	while (i < len && reply[i] != OPT_END) {
		if (reply[i] == OPT_PAD) {
			i++;
			continue;
		}
		if (i + 1 >= len || i + 2 + reply[i + 1] > len)
			return (NULL);
		if (reply[i] == code) {
			*optlen = reply[i + 1];
			return (reply + i + 2);
		}
		i += 2U + reply[i + 1];
	}
	return (NULL);
}

static int
has(const uint8_t *reply, size_t len, uint8_t code, const void *value,
    size_t n)
{
	const uint8_t	*p;
	size_t		 got;

	p = find(reply, len, code, &got);
	return (p != NULL && got == n && memcmp(p, value, n) == 0);
}

static int
lacks(const uint8_t *reply, size_t len, uint8_t code)
{
	size_t	n;

	return (find(reply, len, code, &n) == NULL);
}

static struct conf *
test_conf(void)
{
	static struct conf	*conf;
	struct conf_segment	*s;
	struct conf_option	*o;
	struct conf_loader	*l;
	struct conf_host	*h;

	if (conf != NULL)
		return (conf);
	conf = conf_new();
	s = conf_add_segment(conf);
	s->net = 0x0a4d0000;
	s->prefix = 16;
	s->shared = NONE;
	s->lease = 3600;
	s->nrouters = 1;
	s->router[0] = 0x0a4d0001;
	s->ndns = 2;
	s->dns[0] = 0x0a4d0001;
	s->dns[1] = 0x0a4d0002;
	memcpy(s->domain, "lab.example", 12);
	o = conf_add_option(conf);
	o->code = 42;
	o->len = 4;
	memcpy(o->data, "\x0a\x4d\x00\x09", 4);
	o = conf_add_option(conf);
	o->code = OPT_BOOT_FILE;
	o->len = 9;
	memcpy(o->data, "other.bin", 9);
	o = conf_add_option(conf);
	o->code = OPT_SERVER;
	o->len = 4;
	l = conf_add_loader(conf);
	l->arch = LOADER_BIOS;
	memcpy(l->path, "pxelinux.0", 11);
	l = conf_add_loader(conf);
	l->arch = LOADER_EFI64;
	memcpy(l->path, "bootx64.efi", 12);
	l = conf_add_loader(conf);
	l->arch = LOADER_EFI64_HTTP;
	memcpy(l->path, "bootx64.efi", 12);
	h = conf_add_host(conf);
	memcpy(h->name, "web1", 5);
	return (conf);
}

static void
verdict(struct verdict *v, enum verdict_kind kind, const struct dhcp_msg *m)
{
	memset(v, 0, sizeof(*v));
	v->kind = kind;
	v->why = "a reason";
	v->host = NONE;
	v->addr = 0x0a4d0201;
	v->server = v->next_server = 0x0a4d0001;
	v->seconds = 3600;
	pxe_classify(m, &v->pxe);
}

static void
request(struct dhcp_msg *m, const char *class, const char *arch)
{
	begin();
	opt_type(DHCP_DISCOVER);
	opt(OPT_CLIENT_ID, "\x01\x52\x54\x00\x00\x00\x01", 7);
	if (class != NULL)
		opt(OPT_CLASS, class, strlen(class));
	if (arch != NULL)
		opt(OPT_ARCH, arch, 2);
	opt(OPT_UUID, "\0abcdefghijklmnop", 17);
	wbuf_u8(&w, OPT_END);
	(void)parse(m);
}

static void
test_reply_plain(void)
{
	uint8_t		reply[DHCP_PAYLOAD_MAX];
	struct dhcp_msg	m;
	struct verdict	v;
	size_t		len, mask, router;

	request(&m, "udhcp 1.35.0", NULL);
	verdict(&v, V_OFFER, &m);
	v.host = 0;
	len = reply_build(reply, test_conf(), &m, &v, 1500);
	CHECK(len >= 300 && len <= 548);
	CHECK(reply[0] == 2 && memcmp(reply + 4, "\x12\x34\x56\x78", 4) == 0);
	CHECK(memcmp(reply + 10, "\x80\x00", 2) == 0);
	CHECK(memcmp(reply + 16, "\x0a\x4d\x02\x01", 4) == 0);
	CHECK(memcmp(reply + 20, "\0\0\0\0", 4) == 0 && reply[108] == 0);
	CHECK(has(reply, len, OPT_TYPE, "\x02", 1));
	CHECK(has(reply, len, OPT_SERVER, "\x0a\x4d\x00\x01", 4));
	CHECK(has(reply, len, OPT_LEASE_TIME, "\x00\x00\x0e\x10", 4));
	CHECK(has(reply, len, OPT_T1, "\x00\x00\x07\x08", 4));
	CHECK(has(reply, len, OPT_T2, "\x00\x00\x0c\x4e", 4));
	CHECK(has(reply, len, OPT_MASK, "\xff\xff\x00\x00", 4));
	CHECK(has(reply, len, OPT_BROADCAST, "\x0a\x4d\xff\xff", 4));
	CHECK(has(reply, len, OPT_DNS, "\x0a\x4d\x00\x01\x0a\x4d\x00\x02", 8));
	CHECK(has(reply, len, OPT_DOMAIN, "lab.example", 11));
	CHECK(has(reply, len, OPT_HOST_NAME, "web1", 4));
	CHECK(has(reply, len, OPT_CLIENT_ID, "\x01\x52\x54\x00\x00\x00\x01",
	    7));
	CHECK(has(reply, len, 42, "\x0a\x4d\x00\x09", 4));
	CHECK(has(reply, len, OPT_BOOT_FILE, "other.bin", 9));
	mask = (size_t)(find(reply, len, OPT_MASK, &mask) - reply);
	router = (size_t)(find(reply, len, OPT_ROUTER, &router) - reply);
	CHECK_NAMED(mask < router, "RFC 2132 3.3");
}

static void
test_reply_bios(void)
{
	uint8_t		reply[DHCP_PAYLOAD_MAX];
	struct dhcp_msg	m;
	struct verdict	v;
	const uint8_t	*file;
	size_t		len, n = 0;

	request(&m, "PXEClient:Arch:00000:UNDI:002001", "\x00\x00");
	verdict(&v, V_ACK, &m);
	v.loader = pxe_loader(test_conf(), &v.pxe);
	len = reply_build(reply, test_conf(), &m, &v, 1500);
	CHECK(len >= 300);
	CHECK(strcmp((char *)reply + 108, "pxelinux.0") == 0);
	CHECK(memcmp(reply + 20, "\x0a\x4d\x00\x01", 4) == 0);
	CHECK(has(reply, len, OPT_BOOT_FILE, "pxelinux.0", 10));
	CHECK(has(reply, len, OPT_TFTP_NAME, "10.77.0.1", 9));
	CHECK(has(reply, len, OPT_CLASS, "PXEClient", 9));
	CHECK(has(reply, len, OPT_VENDOR, "\x06\x01\x08\xff", 4));
	CHECK(has(reply, len, OPT_UUID, "\0abcdefghijklmnop", 17));
	CHECK(lacks(reply, len, OPT_OVERLOAD));
	file = find(reply, len, OPT_BOOT_FILE, &n);
	CHECK_NAMED(file[n] == OPT_PAD && file[n + 1] == OPT_END,
	    "a pad behind the boot file:");
}

/* A PXE client that is to boot its own disk gets nothing that boots. */
static void
test_reply_local(void)
{
	uint8_t		reply[DHCP_PAYLOAD_MAX];
	struct dhcp_msg	m;
	struct verdict	v;
	size_t		len;

	request(&m, "PXEClient:Arch:00000:UNDI:002001", "\x00\x00");
	verdict(&v, V_ACK, &m);
	len = reply_build(reply, test_conf(), &m, &v, 1500);
	CHECK(reply[108] == 0 && memcmp(reply + 20, "\0\0\0\0", 4) == 0);
	CHECK(lacks(reply, len, OPT_BOOT_FILE));
	CHECK(lacks(reply, len, OPT_TFTP_NAME));
	CHECK(lacks(reply, len, OPT_VENDOR));
	CHECK(lacks(reply, len, OPT_CLASS));
	CHECK(has(reply, len, 42, "\x0a\x4d\x00\x09", 4));
}

static void
test_reply_http(void)
{
	uint8_t		reply[DHCP_PAYLOAD_MAX];
	struct dhcp_msg	m;
	struct verdict	v;
	size_t		len;
	static const char url[] = "http://10.77.0.1/boot/bootx64.efi";

	request(&m, "HTTPClient:Arch:00016:UNDI:003000", "\x00\x10");
	verdict(&v, V_OFFER, &m);
	v.loader = pxe_loader(test_conf(), &v.pxe);
	len = reply_build(reply, test_conf(), &m, &v, 1500);
	CHECK(has(reply, len, OPT_CLASS, "HTTPClient", 10));
	CHECK(has(reply, len, OPT_BOOT_FILE, url, sizeof(url) - 1));
	CHECK(strcmp((char *)reply + 108, url) == 0);
	CHECK(lacks(reply, len, OPT_VENDOR));
}

static void
test_reply_nak(void)
{
	uint8_t		reply[DHCP_PAYLOAD_MAX];
	struct dhcp_msg	m;
	struct verdict	v;
	size_t		len;

	request(&m, NULL, NULL);
	m.ciaddr = 0x0a4d0205;
	verdict(&v, V_NAK, &m);
	len = reply_build(reply, test_conf(), &m, &v, 1500);
	CHECK(has(reply, len, OPT_TYPE, "\x06", 1));
	CHECK(has(reply, len, OPT_MESSAGE, "a reason", 8));
	CHECK(has(reply, len, OPT_CLIENT_ID, "\x01\x52\x54\x00\x00\x00\x01",
	    7));
	CHECK(lacks(reply, len, OPT_LEASE_TIME) && lacks(reply, len, OPT_MASK));
	CHECK(memcmp(reply + 12, "\0\0\0\0\0\0\0\0\0\0\0\0", 12) == 0);
}

static void
test_reply_inform(void)
{
	uint8_t		reply[DHCP_PAYLOAD_MAX];
	struct dhcp_msg	m;
	struct verdict	v;
	size_t		len;

	request(&m, NULL, NULL);
	m.ciaddr = 0x0a4d0205;
	verdict(&v, V_INFORM, &m);
	len = reply_build(reply, test_conf(), &m, &v, 1500);
	CHECK(has(reply, len, OPT_TYPE, "\x05", 1));
	CHECK(memcmp(reply + 12, "\x0a\x4d\x02\x05\0\0\0\0", 8) == 0);
	CHECK(lacks(reply, len, OPT_LEASE_TIME) && lacks(reply, len, OPT_T1));
	CHECK(has(reply, len, OPT_MASK, "\xff\xff\x00\x00", 4));
}

/* Option 57 is honoured, with everything that boots in any size of reply. */
static void
test_reply_sizes(void)
{
	uint8_t			 reply[DHCP_PAYLOAD_MAX], big[255], code;
	struct conf		*conf = test_conf();
	struct conf_option	*o;
	struct dhcp_msg		 m;
	struct verdict		 v;
	size_t			 len, relay;
	uint32_t		 size, wrong = 0;

	memset(big, 'x', sizeof(big));
	for (code = 224; code < 230; code++) {
		o = conf_add_option(conf);
		o->code = code;
		o->len = 252;
		memcpy(o->data, big, 252);
	}
	request(&m, "PXEClient:Arch:00000:UNDI:002001", "\x00\x00");
	m.giaddr = 0x0a630001;
	buf_init(&m.relay, big, sizeof(big));
	verdict(&v, V_ACK, &m);
	v.loader = pxe_loader(conf, &v.pxe);
	for (size = 0; size <= 65535; size += 97) {
		m.max_size = (uint16_t)size;
		relay = size % 2 == 0 ? 255 : 40;
		m.relay.len = relay;
		len = reply_build(reply, conf, &m, &v, 1500);
		if (len == 0 || len > DHCP_PAYLOAD_MAX ||
		    len + DHCP_IP_UDP > (size < 576 ? 576 : size) ||
		    reply[len - 1] != OPT_END ||
		    memcmp(reply + len - 1 - relay, big, relay) != 0 ||
		    reply[len - 1 - relay - 2] != OPT_RELAY ||
		    strcmp((char *)reply + 108, "pxelinux.0") != 0 ||
		    (relay == 40 && !has(reply, len, OPT_BOOT_FILE,
		    "pxelinux.0", 10)))
			wrong++;
	}
	CHECK(wrong == 0);
	m.max_size = 1500;
	len = reply_build(reply, conf, &m, &v, 600);
	CHECK_NAMED(len != 0 && len + DHCP_IP_UDP <= 600, "the link's MTU:");
}

static void
test_put_long(void)
{
	uint8_t			buf[DHCP_PAYLOAD_MAX], data[600];
	const struct reply_head	head = { .type = DHCP_ACK };
	struct reply		r;
	struct dhcp_msg		m;
	const uint8_t		*p;
	size_t			n, at;

	memset(data, 7, sizeof(data));
	request(&m, NULL, NULL);
	m.max_size = 1500;
	dhcp_begin(&r, buf, &m, &head, 1500);
	at = r.out.len;
	dhcp_put(&r, 121, data, sizeof(data));
	dhcp_put(&r, 121, "x", 1);
	CHECK(r.out.len == at + 606);
	CHECK(buf[at] == 121 && buf[at + 1] == 255);
	CHECK(buf[at + 257] == 121 && buf[at + 258] == 255);
	CHECK(buf[at + 514] == 121 && buf[at + 515] == 90);
	p = find(buf, dhcp_finish(&r, &m), 121, &n);
	CHECK(p != NULL && n == 255 && !r.full);
}

/* RFC 2131 4.1: what has no room goes into file, then sname; RFC 2132 9.3. */
static void
test_overload(void)
{
	uint8_t			buf[DHCP_PAYLOAD_MAX], data[200];
	struct reply_head	head = { .type = DHCP_ACK, .overload = 1 };
	struct reply		r;
	struct dhcp_msg		m;
	size_t			len;

	memset(data, 7, sizeof(data));
	request(&m, NULL, NULL);
	m.max_size = 576;
	dhcp_begin(&r, buf, &m, &head, 1500);
	dhcp_put(&r, 200, data, 200);
	dhcp_put(&r, 201, data, 90);
	dhcp_put(&r, 202, data, 125);
	dhcp_put(&r, 203, data, 61);
	CHECK(!r.full);
	dhcp_put(&r, 204, data, 20);
	CHECK_NAMED(r.full, "and no further");
	len = dhcp_finish(&r, &m);
	CHECK(len > 0 && len <= 576 - DHCP_IP_UDP);
	CHECK(has(buf, len, OPT_OVERLOAD, "\x03", 1));
	CHECK(has(buf, len, 200, data, 200) && has(buf, len, 201, data, 90));
	CHECK(buf[108] == 202 && buf[109] == 125 && buf[235] == OPT_END);
	CHECK(buf[44] == 203 && buf[45] == 61 && buf[107] == OPT_END);

	/* What it says can be read back. */
	buf[0] = 1;
	memcpy(octets, buf, len);
	CHECK(parse_len(len, &m) == 0 && m.type == DHCP_ACK);

	head.overload = 0;
	dhcp_begin(&r, buf, &m, &head, 1500);
	dhcp_put(&r, 200, data, 200);
	dhcp_put(&r, 201, data, 120);
	CHECK_NAMED(r.full, "not without leave");
	len = dhcp_finish(&r, &m);
	CHECK(lacks(buf, len, OPT_OVERLOAD) && buf[108] == 0);
}

/* RFC 951: 300 octets and no type for a client that says no more. */
static void
test_bootp(void)
{
	uint8_t		reply[DHCP_PAYLOAD_MAX];
	struct dhcp_msg	m;
	struct verdict	v;
	size_t		len;

	begin();
	wbuf_zero(&w, 60);
	CHECK(parse(&m) == 0 && m.type == DHCP_BOOTP);
	verdict(&v, V_ACK, &m);
	v.seconds = UINT32_MAX;
	len = reply_build(reply, test_conf(), &m, &v, 1500);
	CHECK(len == 300 && reply[0] == 2);
	CHECK(memcmp(reply + 16, "\x0a\x4d\x02\x01", 4) == 0);
	CHECK(lacks(reply, len, OPT_TYPE) && lacks(reply, len, OPT_SERVER) &&
	    lacks(reply, len, OPT_LEASE_TIME) && lacks(reply, len, OPT_T1));
	CHECK(has(reply, len, OPT_MASK, "\xff\xff\0\0", 4));
}

struct stage {
	const char	*class, *arch, *user;
	size_t		 userlen;
	int		 boots, ipxe;
	uint16_t	 code;
	const char	*loader;	/* NULL: none */
};

static void
test_stages(void)
{
	static const struct stage	stages[] = {
		{ "PXEClient:Arch:00000:UNDI:002001", "\0\0", NULL, 0, 1, 0, 0,
		    "pxelinux.0" },
		{ "PXEClient:Arch:00007:UNDI:003000", "\0\7", NULL, 0, 1, 0, 7,
		    "bootx64.efi" },
		{ "PXEClient:Arch:00009:UNDI:003000", "\0\x9", NULL, 0, 1, 0, 9,
		    "bootx64.efi" },
		{ "HTTPClient:Arch:00016:UNDI:003000", "\0\x10", NULL, 0, 1, 0,
		    16, "bootx64.efi" },
		{ "PXEClient:Arch:00011:UNDI:003000", "\0\xb", NULL, 0, 1, 0,
		    11, NULL },
		{ "PXEClient:Arch:00099:UNDI:003000", "\0\x63", NULL, 0, 1, 0,
		    99, NULL },
		{ "PXEClient:Arch:00007:UNDI:003000", NULL, NULL, 0, 1, 0, 7,
		    "bootx64.efi" },
		{ "PXEClient", NULL, NULL, 0, 1, 0, ARCH_UNKNOWN, NULL },
		{ "PXEClient:Arch:0000x", NULL, NULL, 0, 1, 0, ARCH_UNKNOWN,
		    NULL },
		{ "PXEClient:Arch:00000", "\0\0", "iPXE", 4, 1, 1, 0,
		    "pxelinux.0" },
		{ "PXEClient:Arch:00000", "\0\0", "\4iPXE", 5, 1, 1, 0,
		    "pxelinux.0" },
		{ "PXEClient:Arch:00000", "\0\0", "\2ab\4iPXE", 8, 1, 1, 0,
		    "pxelinux.0" },
		{ "PXEClient:Arch:00000", "\0\0", "\5iPXE", 5, 1, 0, 0,
		    "pxelinux.0" },
		{ "udhcp 1.35.0", NULL, NULL, 0, 0, 0, ARCH_UNKNOWN, NULL },
		{ "pxeclient", NULL, NULL, 0, 0, 0, ARCH_UNKNOWN, NULL },
		{ "PXE", NULL, NULL, 0, 0, 0, ARCH_UNKNOWN, NULL },
	};
	const struct conf_loader	*l;
	struct dhcp_msg			 m;
	struct pxe			 p;
	size_t				 i;

	for (i = 0; i < nitems(stages); i++) {
		request(&m, stages[i].class, stages[i].arch);
		buf_init(&m.user_class, stages[i].user, stages[i].userlen);
		pxe_classify(&m, &p);
		l = pxe_loader(test_conf(), &p);
		CHECK_NAMED(pxe_boots(&p) == stages[i].boots &&
		    p.ipxe == stages[i].ipxe && p.arch == stages[i].code,
		    stages[i].class);
		CHECK_NAMED(stages[i].loader == NULL ? l == NULL : l != NULL &&
		    strcmp(l->path, stages[i].loader) == 0, stages[i].class);
	}
}

static void
test_ipxe(void)
{
	uint8_t			reply[DHCP_PAYLOAD_MAX];
	struct conf		*conf = test_conf();
	struct conf_loader	*l;
	struct dhcp_msg		 m;
	struct verdict		 v;
	size_t			 len;

	request(&m, "PXEClient:Arch:00000:UNDI:002001", "\0\0");
	buf_init(&m.user_class, "iPXE", 4);
	verdict(&v, V_ACK, &m);
	len = reply_build(reply, conf, &m, &v, 1500);
	CHECK(has(reply, len, OPT_IPXE, "\xb0\x01\x01", 3));
	l = conf_add_loader(conf);
	l->arch = LOADER_IPXE;
	memcpy(l->path, "http://boot.example/x", 22);
	v.loader = pxe_loader(conf, &v.pxe);
	CHECK(v.loader != NULL && v.loader->arch == LOADER_IPXE);
	len = reply_build(reply, conf, &m, &v, 1500);
	CHECK(strcmp((char *)reply + 108, "http://boot.example/x") == 0);
	CHECK(has(reply, len, OPT_IPXE, "\xb0\x01\x01", 3));
}

int
main(void)
{
	test_reply_plain();
	test_reply_bios();
	test_reply_local();
	test_reply_http();
	test_reply_nak();
	test_reply_inform();
	test_put_long();
	test_overload();
	test_bootp();
	test_stages();
	test_ipxe();
	test_reply_sizes();
	return (unit_done());
}
