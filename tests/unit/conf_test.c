/* SPDX-License-Identifier: ISC */
/*
 * conf_test: setters and look-ups without a grammar, then whole files.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/parse.h"
#include "unit.h"

static struct parse	p;

static void
parse_begin(void)
{
	conf_set_init(&p);
	p.at.line = 1;
	(void)conf_open_segment(&p, (struct args){ "10.77.0.0/16", 1 });
}

static void
parse_end(void)
{
	conf_free(p.conf);
	free(p.notes);
}

/* Texts that setters take, and the error, or what comes of it. */
static void
test_times(void)
{
	static const struct {
		const char	*text;
		uint32_t	 seconds;	/* 0: refused */
	} cases[] = {
		{ "1", 1 }, { "30s", 30 }, { "90m", 5400 }, { "1h", 3600 },
		{ "1d", 86400 }, { "2w", 1209600 }, { "3550w", 2147040000 },
		{ "3551w", 0 }, { "2147483647", 2147483647 },
		{ "2147483648", 0 }, { "99999999999999999999999s", 0 },
		{ "", 0 }, { "0", 0 }, { "h", 0 }, { "1 h", 0 }, { "1H", 0 },
		{ "-1s", 0 }, { "+1s", 0 }, { " 1s", 0 }, { "1hh", 0 },
		{ "1.5h", 0 },
	};
	uint32_t	n;
	size_t		i;

	for (i = 0; i < nitems(cases); i++) {
		n = 0;
		if (conf_time(&p, cases[i].text, &n) != NULL)
			n = 0;
		CHECK_NAMED(n == cases[i].seconds, cases[i].text);
	}
}

static void
test_hex(void)
{
	static const struct {
		const char	*text, *hex;	/* NULL: refused */
	} cases[] = {
		{ "01:52:54", "015254" }, { "015254", "015254" },
		{ "0x0152", "0152" }, { "0a", "0a" }, { "0A:fF", "0aff" },
		{ "01:5254", NULL }, { "0152:54", NULL }, { "", NULL },
		{ "0x", NULL }, { "1", NULL }, { "01:", NULL },
		{ ":01", NULL }, { "01::02", NULL }, { "0g", NULL },
		{ "01 02", NULL }, { "0102030405", NULL },
	};
	uint8_t	data[4];
	char	hex[16];
	size_t	i;
	int	n;

	for (i = 0; i < nitems(cases); i++) {
		n = conf_hex(cases[i].text, data, sizeof(data));
		if (n > 0)
			hex_encode(data, (size_t)n, hex);
		CHECK_NAMED(cases[i].hex == NULL ? n == -1 : n > 0 &&
		    strcmp(hex, cases[i].hex) == 0, cases[i].text);
	}
}

static void
test_numbers(void)
{
	CHECK(conf_number("0", 10) == 0);
	CHECK(conf_number("10", 10) == 10);
	CHECK(conf_number("0x0a", 10) == 10);
	CHECK(conf_number("010", 10) == 10);
	CHECK(conf_number("4294967295", UINT32_MAX) == UINT32_MAX);
	CHECK(conf_number("11", 10) == -1);
	CHECK(conf_number("4294967296", UINT32_MAX) == -1);
	CHECK(conf_number("", 10) == -1);
	CHECK(conf_number("-1", 10) == -1);
	CHECK(conf_number("1a", 10) == -1);
	CHECK(conf_number("99999999999999999999", UINT32_MAX) == -1);
}

static void
test_names(void)
{
	static const char *const paths[] = { "a", "a/b.c", "a..b", "..a/b..",
	    ".hidden" };
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".",
	    "..", "a/..", "../a", "a/./b", "a b", "a\"b", "a\tb" };
	char	path[PATH_LEN], name[NAME_LEN], longest[PATH_LEN + 1];
	size_t	i;

	for (i = 0; i < nitems(paths); i++)
		CHECK_NAMED(conf_copy_path(&p, path, paths[i], "a file") ==
		    NULL && strcmp(path, paths[i]) == 0, paths[i]);
	for (i = 0; i < nitems(bad); i++)
		CHECK_NAMED(conf_copy_path(&p, path, bad[i], "a file") !=
		    NULL, bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[PATH_LEN] = '\0';
	CHECK(conf_copy_path(&p, path, longest, "a file") != NULL);
	CHECK(conf_copy_path(&p, path, longest + 1, "a file") == NULL);
	CHECK(conf_copy_name(&p, name, longest + PATH_LEN - NAME_LEN, "a") !=
	    NULL);
	CHECK(conf_copy_name(&p, name, longest + PATH_LEN - NAME_LEN + 1,
	    "a") == NULL);
	CHECK(conf_copy_name(&p, name, "../etc", "a") != NULL);
	CHECK(conf_copy_name(&p, name, "-x", "a") != NULL);
	CHECK(conf_copy_name(&p, name, "a_b.c+1-x", "a") == NULL);
}

static void
test_segment(void)
{
	const struct conf_segment	*seg = p.conf->segment;

	CHECK(seg->net == 0x0a4d0000 && seg->prefix == 16);
	CHECK(seg->lease == CONF_LEASE && seg->shared == NONE);
	CHECK(conf_set_range(&p, "10.77.1.0", "10.77.1.9") == NULL);
	CHECK(conf_set_range(&p, "10.77.2.0-10.77.2.9", NULL) == NULL);
	CHECK(conf_set_range(&p, "10.77.3.0 - 10.77.3.9", NULL) == NULL);
	CHECK(conf_set_range(&p, "10.77.3.0", NULL) != NULL);
	CHECK(conf_set_range(&p, "10.76.255.255", "10.77.1.9") != NULL);
	CHECK(conf_set_range(&p, "10.77.1.9", "10.77.1.8") != NULL);
	CHECK(p.conf->nrange == 3 && p.conf->range[2].first == 0x0a4d0300 &&
	    p.conf->range[2].last == 0x0a4d0309);
	CHECK(conf_set_dns(&p, "1.1.1.1 2.2.2.2") == NULL && seg->ndns == 2);
	CHECK(conf_set_dns(&p, "") != NULL);
	CHECK(conf_set_router(&p, "10.77.0.1") == NULL &&
	    seg->router[0] == 0x0a4d0001);
	CHECK(conf_set_lease(&p, "1d") == NULL && seg->lease == 86400);
	CHECK(conf_set_lease(&p, "1d") != NULL);	/* once */
}

/* An option of one, two or three words; what its setters have to say. */
static const char *
set_option(const char *code, const char *kind, const char *a, const char *b)
{
	const char	*why = conf_set_option(&p, code, kind, a);

	if (why == NULL && b != NULL)
		why = conf_set_option_more(&p, b);
	return (why != NULL ? why : conf_close_option(&p));
}

/* The last option of these octets. */
static int
option_is(uint8_t code, const void *data, size_t len)
{
	size_t	row = p.conf->noption - 1;
	uint8_t	value[OPTION_VALUE_MAX];

	while (row > 0 && p.conf->option[row].more)
		row--;
	return (p.conf->option[row].code == code &&
	    conf_option_value(p.conf, &row, value) == len &&
	    memcmp(value, data, len) == 0 && row == p.conf->noption);
}

static void
test_options(void)
{
	CHECK(set_option("42", "address", "10.0.0.1", "10.0.0.2") == NULL);
	CHECK(option_is(42, "\12\0\0\1\12\0\0\2", 8));
	CHECK(set_option("226", "u16", "0x102", NULL) == NULL);
	CHECK(option_is(226, "\1\2", 2));
	CHECK(set_option("42", "u8", "1", NULL) != NULL);	/* twice */
	CHECK(conf_set_option_more(&p, "2") == NULL);	/* was told already */
	CHECK(conf_close_option(&p) == NULL);
	CHECK(p.conf->noption == 2);
	CHECK(set_option("26", "u8", "1", NULL) != NULL);
	CHECK(set_option("44", "u16", "1", NULL) != NULL);
	CHECK(set_option("45", "text", "text", NULL) != NULL);
	CHECK(p.conf->noption == 2);
}

/* What the protocol owns, nobody may set; all else, somebody may. */
static void
test_own_options(void)
{
	static const uint8_t	never[] = { 0, 1, 50, 51, 52, 53, 54, 55, 56,
				    57, 61, 80, 82, 255 };
	static const uint8_t	once[] = { 3, 6, 15 };	/* not in a subnet */
	char			code[4];
	unsigned int		i;
	int			refused, own;

	for (i = 0; i <= 255; i++) {
		(void)snprintf(code, sizeof(code), "%u", i);
		memset(p.options, 0, sizeof(p.options));
		own = memchr(never, (int)i, sizeof(never)) != NULL;
		refused = conf_set_option(&p, code, "hex", "00:00:00:00") !=
		    NULL;
		CHECK_NAMED(refused == (own || memchr(once, (int)i,
		    sizeof(once)) != NULL), code);
		CHECK_NAMED(conf_option_is_own((uint8_t)i) == own, code);
	}
	p.option.open = 0;
}

static void
test_routes(void)
{
	static const struct {
		const char	*net, *gateway, *wire;	/* NULL: refused */
		size_t		 len;
	} cases[] = {
		/* The examples of RFC 3442. */
		{ "0.0.0.0/0", "10.0.0.1", "\0\12\0\0\1", 5 },
		{ "10.0.0.0/8", "10.0.0.1", "\10\12\12\0\0\1", 6 },
		{ "10.0.0.0/24", "10.0.0.1", "\30\12\0\0\12\0\0\1", 8 },
		{ "10.17.0.0/16", "10.0.0.1", "\20\12\21\12\0\0\1", 7 },
		{ "10.27.129.0/24", "10.0.0.1",
		    "\30\12\33\201\12\0\0\1", 8 },
		{ "10.229.0.128/25", "10.0.0.1",
		    "\31\12\345\0\200\12\0\0\1", 9 },
		{ "10.198.122.47/32", "10.0.0.1",
		    "\40\12\306\172\57\12\0\0\1", 9 },
		{ "default", "10.0.0.1", "\0\12\0\0\1", 5 },
		{ "10.0.0.0/15", "0.0.0.0", "\17\12\0\0\0\0\0", 7 },
		{ "10.0.0.0/8", NULL, NULL, 0 },
		{ "10.1.0.0/8", "10.0.0.1", NULL, 0 },
		{ "10.0.0.0/33", "10.0.0.1", NULL, 0 },
		{ "10.0.0.0", "10.0.0.1", NULL, 0 },
		{ "0.0.0.1/0", "10.0.0.1", NULL, 0 },
		{ "10.0.0.0/8", "255.255.255.255", NULL, 0 },
		{ "10.0.0.0/8", "default", NULL, 0 },
		{ "10.0.0.1", "10.0.0.0/8", NULL, 0 },
	};
	const char	*why;
	size_t		 i;

	for (i = 0; i < nitems(cases); i++) {
		memset(p.options, 0, sizeof(p.options));
		why = set_option("121", "route", cases[i].net,
		    cases[i].gateway);
		CHECK_NAMED(cases[i].wire == NULL ? why != NULL :
		    why == NULL && option_is(121, cases[i].wire,
		    cases[i].len), cases[i].net);
	}
	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("249", "route", "10.0.0.0/8 10.0.0.1 default",
	    "10.0.0.2") == NULL);
	CHECK(option_is(249, "\10\12\12\0\0\1\0\12\0\0\2", 11));
}

static void
test_domains(void)
{
	/* The example of RFC 3397, section 2. */
	static const char	wire[] = "\3eng\5apple\3com\0"
	    "\11marketing\300\4";

	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("119", "domain", "eng.apple.com",
	    "marketing.apple.com") == NULL);
	CHECK(option_is(119, wire, sizeof(wire) - 1));
	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("119", "domain", "eng.apple.com ng.apple.com",
	    "apple.com eng.apple.com com") == NULL);
	CHECK(option_is(119, "\3eng\5apple\3com\0\2ng\300\4\300\4\300\0"
	    "\300\12", 15 + 5 + 2 + 2 + 2));
	/* Others have it plain. */
	CHECK(set_option("213", "domain", "a.b", "c.b") == NULL);
	CHECK(option_is(213, "\1a\1b\0\1c\1b\0", 10));
	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("119", "domain", "a..b", NULL) != NULL);
	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("119", "domain", "", NULL) != NULL);
	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("119", "text", "a.b", NULL) != NULL);
}

/* A value of several rows, and one that is too long. */
static void
test_long(void)
{
	char	text[OPTION_VALUE_MAX + 2];
	size_t	n;

	memset(text, 'x', sizeof(text));
	for (n = 250; n <= OPTION_VALUE_MAX; n += 129) {
		memset(p.options, 0, sizeof(p.options));
		text[n] = '\0';
		CHECK(set_option("230", "text", text, NULL) == NULL);
		CHECK(option_is(230, text, n));
		text[n] = 'x';
	}
	text[OPTION_VALUE_MAX] = '\0';
	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("230", "text", text, NULL) == NULL);
	CHECK(option_is(230, text, OPTION_VALUE_MAX));
	text[OPTION_VALUE_MAX] = 'x';
	text[OPTION_VALUE_MAX + 1] = '\0';
	memset(p.options, 0, sizeof(p.options));
	CHECK(set_option("230", "text", text, NULL) != NULL);
}

static void
test_limits(void)
{
	const struct conf_segment	*seg = p.conf->segment;

	CHECK(seg->limit_mac == CONF_LIMIT_MAC && seg->limit_port == 0);
	CHECK(seg->keep == NONE && !seg->rapid);
	CHECK(conf_set_keep(&p, "65535") != NULL);
	memset(p.once, 0, sizeof(p.once));
	CHECK(conf_set_keep(&p, "65534") == NULL && seg->keep == 65534);
	CHECK(conf_set_keep(&p, "1") != NULL);		/* once */
	CHECK(conf_set_limit_mac(&p, "0") != NULL);
	memset(p.once, 0, sizeof(p.once));
	CHECK(conf_set_limit_mac(&p, "65") != NULL);
	memset(p.once, 0, sizeof(p.once));
	CHECK(conf_set_limit_mac(&p, "64") == NULL && seg->limit_mac == 64);
	CHECK(conf_set_limit_port(&p, "2") == NULL && seg->limit_port == 2);
	CHECK(conf_set_rapid(&p) == NULL && seg->rapid);
}

/* Look-ups ---------------------------------------------------------------- */

static void
add_id(struct conf *conf, uint32_t host, enum hostid_kind kind, int text,
    const void *data, size_t len)
{
	struct conf_hostid	*id = conf_add_hostid(conf);

	id->host = host;
	id->kind = (uint8_t)kind;
	id->text = (uint8_t)text;
	id->len = (uint8_t)len;
	memcpy(id->data, data, len);
}

static struct mac
mac_of(uint32_t i)
{
	return ((struct mac){ { 2, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
	    (uint8_t)i } });
}

static void
test_lookup(void)
{
	static const uint8_t	uuid[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
				    11, 12, 13, 14, 15 };
	static const uint8_t	turned[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9,
				    10, 11, 12, 13, 14, 15 };
	struct conf		*conf = conf_new();
	struct conf_host	*host;
	struct conf_segment	*seg;
	struct mac		 mac;
	uint32_t		 i, bad = 0;

	CHECK(conf_host_by_name(conf, "h1") == NONE);
	CHECK(conf_host_by_mac(conf, mac_of(1)) == NONE);
	for (i = 0; i < 5000; i++) {
		host = conf_add_host(conf);
		(void)snprintf(host->name, sizeof(host->name), "h%u", i);
		host->addr = i % 2 == 0 ? 0 : 0x0a000000 + i;
		mac = mac_of(i);
		add_id(conf, i, HOSTID_ETHERNET, 0, mac.b, 6);
		if (conf_host_by_mac(conf, mac) != i && i < 50)
			bad++;			/* found as soon as added */
	}
	for (i = 0; i < 5000; i++)
		bad += conf_host_by_mac(conf, mac_of(i)) != i ||
		    conf_host_by_name(conf, conf->host[i].name) != i ||
		    conf_host_by_addr(conf, 0x0a000000 + i) != (i % 2 == 0 ?
		    NONE : i);
	CHECK(bad == 0);
	CHECK(conf_host_by_mac(conf, mac_of(5000)) == NONE);
	CHECK(conf_host_by_name(conf, "H77") == 77);
	CHECK(conf_host_by_addr(conf, 0) == NONE);

	add_id(conf, 7, HOSTID_UUID, 0, uuid, 16);
	add_id(conf, 8, HOSTID_CLIENT_ID, 1, "text", 4);
	add_id(conf, 9, HOSTID_CLIENT_ID, 0, "\1\2", 2);
	add_id(conf, 10, HOSTID_CIRCUIT_ID, 0, "\1\2", 2);
	CHECK(conf_host_by_id(conf, HOSTID_UUID, uuid, 16) == 7);
	CHECK(conf_host_by_id(conf, HOSTID_UUID, turned, 16) == 7);
	CHECK(conf_host_by_id(conf, HOSTID_UUID, uuid, 15) == NONE);
	CHECK(conf_host_by_id(conf, HOSTID_CLIENT_ID,
	    (const uint8_t *)"text", 4) == 8);
	CHECK(conf_host_by_id(conf, HOSTID_CLIENT_ID,
	    (const uint8_t *)"\0text", 5) == 8);
	CHECK(conf_host_by_id(conf, HOSTID_CLIENT_ID,
	    (const uint8_t *)"\1text", 5) == NONE);
	CHECK(conf_host_by_id(conf, HOSTID_CLIENT_ID,
	    (const uint8_t *)"\1\2", 2) == 9);
	CHECK(conf_host_by_id(conf, HOSTID_CLIENT_ID,
	    (const uint8_t *)"\0\1\2", 3) == NONE);
	CHECK(conf_host_by_id(conf, HOSTID_CIRCUIT_ID,
	    (const uint8_t *)"\1\2", 2) == 10);
	CHECK(conf_host_by_id(conf, HOSTID_ETHERNET, NULL, 0) == NONE);

	seg = conf_add_segment(conf);
	seg->net = 0x0a010000;
	seg->prefix = 24;
	seg = conf_add_segment(conf);
	seg->net = 0x0a020000;
	seg->prefix = 30;
	CHECK(conf_segment_of(conf, 0x0a010000) == 0);
	CHECK(conf_segment_of(conf, 0x0a0100ff) == 0);
	CHECK(conf_segment_of(conf, 0x0a010100) == NONE);
	CHECK(conf_segment_of(conf, 0x0a020003) == 1);
	CHECK(conf_segment_of(conf, 0x0a020004) == NONE);
	CHECK(conf_image(conf, "a") == NULL);
	(void)conf_add_image(conf);
	memcpy(conf_add_image(conf)->name, "a", 2);
	CHECK(conf_image(conf, "a") == &conf->image[1]);
	conf_free(conf);
}

/* Whole files ------------------------------------------------------------ */

static char	said[4096];

static void
say(const char *line, void *arg)
{
	unsigned int	*n = arg;

	(*n)++;
	(void)snprintf(said, sizeof(said), "%s", line);
}

static struct conf *
parse_text(const char *text, unsigned int *errors)
{
	char		 path[] = "/tmp/conf_test.XXXXXX";
	int		 fd = mkstemp(path);
	struct conf	*conf;
	size_t		 len = strlen(text);

	if (fd == -1 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
	*errors = 0;
	conf = conf_parse(path, (const struct conf_macro[]){
	    { "lan", "eth9" } }, 1, say, errors);
	(void)unlink(path);
	return (conf);
}

static void
test_files(void)
{
	struct conf	*conf, *same;
	unsigned int	 errors;

	conf = parse_text("lan = eth1\ninterface $lan\n", &errors);
	CHECK(conf != NULL && errors == 0);
	CHECK(strcmp(conf->iface[0].name, "eth9") == 0);	/* -D wins */
	same = parse_text("interface eth9", &errors);
	CHECK(same != NULL && conf_equal(conf, same));
	conf_free(same);
	same = parse_text("interface eth8", &errors);
	CHECK(same != NULL && !conf_equal(conf, same));
	conf_free(same);
	conf_free(conf);

	conf = parse_text("interface eth1\nsubnet 10.0.0.0/33 {\n range\n"
	    " lease x\n}\nhost h { address x\n}\nfoo\n", &errors);
	CHECK(conf == NULL && errors == 5);
	CHECK(strstr(said, ":8: expected a statement, found \"foo\"") != NULL);

	/* An error inside of blocks has its own line, and is one error. */
	conf = parse_text("interface eth1\ngroup g {\n"
	    "host a { ethernet 2:0:0:0:0:1 }\n}\n", &errors);
	CHECK(conf == NULL && errors == 1);
	CHECK(strstr(said, ":3: expected an Ethernet address") != NULL);
	conf = conf_parse("/nonexistent", NULL, 0, say, &errors);
	CHECK(conf == NULL && strcmp(said, "/nonexistent: No such file or "
	    "directory") == 0);
}

int
main(void)
{
	parse_begin();
	test_times();
	test_hex();
	test_numbers();
	test_names();
	test_segment();
	test_options();
	test_own_options();
	test_routes();
	test_domains();
	test_long();
	test_limits();
	parse_end();
	test_lookup();
	test_files();
	return (unit_done());
}
