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

static void
test_options(void)
{
	const struct conf_option	*o;

	CHECK(conf_set_option(&p, "42", "address", "10.0.0.1") == NULL);
	CHECK(conf_set_option_more(&p, "10.0.0.2") == NULL);
	o = p.conf->option;
	CHECK(o->code == 42 && o->len == 8 &&
	    memcmp(o->data, "\12\0\0\1\12\0\0\2", 8) == 0);
	CHECK(conf_set_option(&p, "226", "u16", "0x102") == NULL);
	o = &p.conf->option[1];
	CHECK(o->len == 2 && memcmp(o->data, "\1\2", 2) == 0);
	CHECK(conf_set_option(&p, "42", "u8", "1") != NULL);
	CHECK(conf_set_option_more(&p, "2") == NULL);	/* was told already */
	CHECK(conf_set_option(&p, "0", "u8", "1") != NULL);
	CHECK(conf_set_option(&p, "82", "u8", "1") != NULL);
	CHECK(p.conf->noption == 2);
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

/* Whole files --------------------------------------------------------------- */

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
	parse_end();
	test_lookup();
	test_files();
	return (unit_done());
}
