/* SPDX-License-Identifier: ISC */
/*
 * Lease files of other servers: what is understood, what is refused and with
 * which words; and whatever a file is cut off or changed to, nothing worse
 * than an error.
 */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"
#include "unit.h"

#define NOW	1800000000
#define A(x)	(0x0a4d0000U + (x))

static char		 dir[] = "/tmp/bwimport.XXXXXX";
static char		 said[8192];
static struct import	 im;

static void
say(const char *line, void *arg)
{
	size_t	len = strlen(said);

	(void)arg;
	(void)snprintf(said + len, sizeof(said) - len, "%s\n", line);
}

static const char *
file(const char *name)
{
	static char	path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return (path);
}

static void
put_octets(const char *name, const void *text, size_t len)
{
	FILE	*f = fopen(file(name), "w");

	if (f == NULL || fwrite(text, 1, len, f) != len || fclose(f) != 0)
		fatal("%s", file(name));
}

static void
put(const char *name, const char *text)
{
	put_octets(name, text, strlen(text));
}

static int
load(enum import_format format)
{
	import_free(&im);
	memset(&im, 0, sizeof(im));
	said[0] = '\0';
	im.now = NOW;
	im.say = say;
	return (import_read(&im, format, file("f")));
}

static int
load_text(enum import_format format, const char *text)
{
	put("f", text);
	return (load(format));
}

static const struct ctl_import *
at(uint32_t addr)
{
	size_t	i;

	for (i = 0; i < im.n; i++)
		if (im.lease[i].addr == addr)
			return (&im.lease[i]);
	return (NULL);
}

static int
id_is(const struct ctl_import *l, const void *id, size_t len)
{
	return (l != NULL && l->id_len == len &&
	    memcmp(l->id, id, len) == 0);
}

static int
mac_is(const struct ctl_import *l, uint8_t last)
{
	const uint8_t	mac[6] = { 0x52, 0x54, 0, 0, 0, last };

	return (l != NULL && memcmp(l->mac.b, mac, 6) == 0);
}

/* Was this said?  The directory of the files is left out. */
static int
says(const char *what)
{
	if (strstr(said, what) != NULL)
		return (1);
	printf("# wanted: %s\n# said: %s\n", what, said);
	return (0);
}

/* 2027/01/15 08:00:00 is NOW. */
static const char	isc[] =
    "# The format of this file is documented.\n"
    "authoring-byte-order little-endian;\n"
    "server-duid \"\\000\\001\\000\\001\\\"{;\";\n"
    "failover peer \"a\" state {\n"
    "  my state normal at 1 2027/01/15 07:00:00;\n"
    "  partner state normal at 1 2027/01/15 07:00:00;\n"
    "}\n"
    "lease 10.77.1.0 {\n"
    "  starts 5 2027/01/15 07:00:00;\n"
    "  ends 5 2027/01/15 09:00:00;\n"
    "  cltt 5 2027/01/15 07:00:00;\n"
    "  binding state active;\n"
    "  next binding state free;\n"
    "  rewind binding state free;\n"
    "  hardware ethernet 52:54:00:00:00:01;\n"
    "  uid \"\\001RT\\000\\000\\000\\001\";\n"
    "  set vendor-class-identifier = \"PXEClient:Arch:00000\";\n"
    "  option agent.circuit-id \"eth0; }\";\n"
    "  client-hostname \"first\";\n"
    "  on expiry or release { set x = \"}\"; if 1 { log(\"a\"); } }\n"
    "}\n"
    "lease 10.77.1.1 { starts epoch 1799990000; # Fri\n"
    "  ends never; binding state active; uid 1:52:54:0:0:0:2;\n"
    "  hardware ethernet 52:54:0:0:0:2; client-hostname \"a_b\"; }\n"
    "lease 10.77.1.2 { starts epoch 1799990000; ends epoch 1799993600;\n"
    "  binding state free; hardware ethernet 52:54:00:00:00:03; }\n"
    "lease 10.77.1.3 { starts epoch 1799990000; ends epoch 1800993600;\n"
    "  binding state active; hardware ethernet 52:54:00:00:00:04; }\n"
    "lease 10.77.1.3 { starts epoch 1799990000; ends epoch 1799999000;\n"
    "  binding state released; hardware ethernet 52:54:00:00:00:05; }\n"
    "lease 10.77.1.4 { ends epoch 1800993600; binding state abandoned; }\n"
    "lease 10.77.1.5 { ends epoch 1800993600; binding state active; }\n"
    "lease 10.77.1.6 { starts epoch 1799990000; ends epoch 1800993600;\n"
    "  binding state active; hardware infiniband 0:1:2; uid \"\\377ab\"; }\n"
    "lease 10.77.1.7 { starts epoch 1799990000; ends epoch 1800993600;\n"
    "  hardware ethernet 52:54:00:00:00:08; abandoned; }\n"
    "ia-na \"\\001\\002\" { cltt 5 2027/01/15 07:00:00;\n"
    "  iaaddr 2001:db8::1 { binding state active; ends never; } }\n";

static void
test_isc(void)
{
	const struct ctl_import	*l;

	CHECK(load_text(IMPORT_ISC, isc) == 0);
	CHECK(im.n == 5);
	l = at(A(0x100));
	CHECK(mac_is(l, 1) && id_is(l, "\1RT\0\0\0\1", 7));
	CHECK(l->start_wall == NOW - 3600 && l->expire_wall == NOW + 3600);
	CHECK(l->line == 8 && strcmp(l->hostname, "first") == 0);
	l = at(A(0x101));
	CHECK(id_is(l, "\1RT\0\0\0\2", 7) && mac_is(l, 2));
	CHECK(l->expire_wall == INT64_MAX && l->hostname[0] == '\0');
	l = at(A(0x102));
	CHECK(mac_is(l, 3) && l->expire_wall == 1799993600 && l->id_len == 0);
	CHECK_NAMED(mac_is(at(A(0x103)), 5), "the last entry counts");
	CHECK(at(A(0x103))->expire_wall == 1799999000);
	CHECK_NAMED(at(A(0x104)) == NULL, "abandoned");
	CHECK_NAMED(at(A(0x105)) == NULL, "nobody's");
	CHECK_NAMED(id_is(at(A(0x106)), "\377ab", 3), "no Ethernet");
	CHECK_NAMED(at(A(0x107)) == NULL, "abandoned, as it was once written");
	CHECK(says("2 in use by a stranger are left out, the first in line"));
	CHECK(says("1 without a client is left out, the first in line 32"));
	CHECK(says("1 of DHCPv6 is left out"));
	CHECK(load_text(IMPORT_ISC, "") == 0 && im.n == 0);
	CHECK(load_text(IMPORT_ISC, "# nothing") == 0 && im.n == 0);
	/* Over by its time, whatever its state says. */
	CHECK(load_text(IMPORT_ISC, "lease 10.0.0.1 { ends epoch 1799999999; "
	    "binding state active; hardware ethernet 2:0:0:0:0:1; }") == 0 &&
	    im.n == 1 && im.lease[0].expire_wall == NOW - 1);
	/* Given back, but its time was not said to be over. */
	CHECK(load_text(IMPORT_ISC, "lease 10.0.0.1 { ends never; "
	    "binding state free; hardware ethernet 2:0:0:0:0:1; }") == 0 &&
	    im.n == 1 && im.lease[0].expire_wall == NOW - 1);
}

static void
test_isc_errors(void)
{
	static const struct {
		const char	*text, *why;
	} wrong[] = {
		{ "\nlease 10.0.0 {", "f:2: an address was expected" },
		{ "lease 10.0.0.1 starts", "f:1: \"{\" was expected" },
		{ "lease 10.0.0.1 {\nstarts 4 2027/13/01 00:00:00;}",
		    "f:2: a time was expected" },
		{ "lease 10.0.0.1 {\nends 4 2027/1/01;}",
		    "f:2: a time was expected" },
		{ "lease 10.0.0.1 {\nends epoch 12x;}",
		    "f:2: a time was expected" },
		{ "lease 10.0.0.1 {\nends epoch 99999999999999999999;}",
		    "f:2: a time was expected" },
		{ "lease 10.0.0.1 {\nends epoch 999999999999999;}",
		    "a time that cannot be" },
		{ "lease 10.0.0.1 {\nbinding state happy;}",
		    "f:2: \"binding state\" and a state" },
		{ "lease 10.0.0.1 {\nhardware ethernet 1:2:3;}",
		    "f:2: an Ethernet address was expected" },
		{ "lease 10.0.0.1 {\nhardware ethernet 1:2:3:4:5:6:7;}",
		    "f:2: an Ethernet address was expected" },
		{ "lease 10.0.0.1 {\nuid 1:2:xx;}", "f:2: a client id in hex" },
		{ "lease 10.0.0.1 {\nuid \"abc", "f:2: a text without an end" },
		{ "lease 10.0.0.1 {\nstarts never",
		    "f:2: \";\" was expected" },
		{ "lease 10.0.0.1 {\nends never;\n",
		    "the file ends within the lease of line 1" },
		{ "lease 10.0.0.1 {\nset a = 1\n}",
		    "a \"}\" without a \"{\"" },
		{ "lease 10.0.0.1 {\n{", "f:2: a word was expected" },
		{ "}", "f:1: a statement was expected" },
		{ "a { b;\n", "the file ends within a statement" },
		{ "lease 255.255.255.255 { }", "no address that a client" },
		{ "1795383447 52:54:00:00:00:03 10.77.1.5 * *\n",
		    "the file ends within a statement" },
	};
	static char	deep[5000];
	size_t		i;

	for (i = 0; i < nitems(wrong); i++) {
		CHECK(load_text(IMPORT_ISC, wrong[i].text) == -1);
		CHECK_NAMED(says(wrong[i].why), wrong[i].why);
	}
	memset(deep, '{', sizeof(deep) - 1);
	deep[0] = 'a';
	CHECK(load_text(IMPORT_ISC, deep) == -1);
	CHECK(says("more than 1000 blocks"));
	put_octets("f", "lease 10.0.0.1 {\0}", 18);
	CHECK(load(IMPORT_ISC) == -1 && says("a NUL octet"));
	memset(deep, 'a', sizeof(deep) - 1);
	CHECK_NAMED(load_text(IMPORT_ISC, deep) == -1, "a word of 5,000");
	memcpy(deep, "set a = \"", 9);
	memcpy(deep + sizeof(deep) - 4, "\";", 3);
	CHECK_NAMED(load_text(IMPORT_ISC, deep) == 0, "not our text");
	memcpy(deep, "lease 10.0.0.1 {uid \"", 21);
	CHECK_NAMED(load_text(IMPORT_ISC, deep) == -1 &&
	    says("a word longer than 1024"), "our text");
}

#define KEA_HEADING							\
	"address,hwaddr,client_id,valid_lifetime,expire,subnet_id,"	\
	"fqdn_fwd,fqdn_rev,hostname,state,user_context\n"

static const char	kea[] = KEA_HEADING
    "10.77.1.0,52:54:00:00:00:01,01:52:54:00:00:00:01,3600,1800001800,1,0,0,"
    "first.lab.example.,0,\n"
    "10.77.1.1,52:54:00:00:00:02,,600,1799999000,1,0,0,,0,\r\n"
    "10.77.1.2,52:54:00:00:00:03,,600,1800000300,1,0,0,ab,0,"
    "{ \"a\": 1&#x2c \"b\": \"x&#x2Cy\" }\n"
    "\n"
    "10.77.1.3,52:54:00:00:00:04,,600,1800000300,1,0,0,,0,\n"
    "10.77.1.3,52:54:00:00:00:04,,0,1799999900,1,0,0,,0,\n"
    "10.77.1.4,,,600,1800000300,1,0,0,,1,\n"
    "10.77.1.5,52:54:00:00:00:06,,600,1799000000,1,0,0,,2,\n"
    "10.77.1.6,52:54:00:00:00:07,,4294967295,6094967295,1,0,0,,0,\n"
    "10.77.1.7,00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13,"
    "ff:00:00,600,1800000300,1,0,0,,0\n"
    "10.77.1.0,52:54:00:00:00:01,01:52:54:00:00:00:01,3600,1800003600,1,0,0,"
    "first.lab.example.,0,\n";

static void
test_kea(void)
{
	const struct ctl_import	*l;

	CHECK(load_text(IMPORT_KEA, kea) == 0);
	CHECK(im.n == 7);
	l = at(A(0x100));
	CHECK(mac_is(l, 1) && id_is(l, "\1RT\0\0\0\1", 7));
	CHECK(l->start_wall == NOW && l->expire_wall == NOW + 3600);
	CHECK(l->line == 12 && strcmp(l->hostname, "first.lab.example") == 0);
	CHECK(mac_is(at(A(0x101)), 2) && at(A(0x101))->expire_wall < NOW);
	CHECK(strcmp(at(A(0x102))->hostname, "ab") == 0);
	CHECK_NAMED(at(A(0x103))->expire_wall == 1799999900, "deleted");
	CHECK_NAMED(at(A(0x104)) == NULL, "declined");
	CHECK_NAMED(at(A(0x105))->expire_wall == 1799000000, "reclaimed");
	CHECK_NAMED(at(A(0x106))->expire_wall == INT64_MAX, "for ever");
	CHECK_NAMED(id_is(at(A(0x107)), "\377\0\0", 3), "InfiniBand");
	CHECK(says("1 in use by a stranger is left out, the first in line 8"));

	/* What the clean-up has left comes first. */
	put("f.2", KEA_HEADING "10.0.0.1,2:0:0:0:0:1,,60,1800000010,1,0,0,,0,\n"
	    "10.0.0.2,2:0:0:0:0:2,,60,1800000010,1,0,0,,0,\n");
	put("f.1", KEA_HEADING "10.0.0.2,2:0:0:0:0:2,,60,1800000020,1,0,0,,0,\n");
	CHECK(load_text(IMPORT_KEA, KEA_HEADING
	    "10.0.0.3,2:0:0:0:0:3,,60,1800000030,1,0,0,,0,\n") == 0);
	CHECK(im.n == 3 && at(0x0a000001)->expire_wall == 1800000010 &&
	    at(0x0a000002)->expire_wall == 1800000020);
	CHECK(says("f.2 is read first") && says("f.1 is read first"));
	put("f.completed", KEA_HEADING);
	CHECK(load(IMPORT_KEA) == 0 && im.n == 1);
	put("f.completed", "nonsense\n");
	CHECK(load(IMPORT_KEA) == -1 && says("f.completed:1: the heading"));
	(void)unlink(file("f.completed"));
	(void)unlink(file("f.1"));
	(void)unlink(file("f.2"));

	/* Only a heading; and not even that, from a server that never ran. */
	CHECK(load_text(IMPORT_KEA, KEA_HEADING) == 0 && im.n == 0);
	CHECK(load_text(IMPORT_KEA, "") == 0 && im.n == 0);
	/* Columns in another order, and old files without some. */
	CHECK(load_text(IMPORT_KEA, "expire,valid_lifetime,client_id,hwaddr,"
	    "address\n1800000010,60,,52:54:0:0:0:1,10.0.0.1\n") == 0 &&
	    mac_is(at(0x0a000001), 1));
}

static void
test_kea_errors(void)
{
	static const struct {
		const char	*text, *why;
	} wrong[] = {
		{ "10.0.0.1,2:0:0:0:0:1,,60,1800000010,1,0,0,,0,\n",
		    "f:1: the heading of a lease file was expected" },
		{ "address,duid,valid_lifetime\n", "f:1: this is a file of "
		    "DHCPv6" },
		{ KEA_HEADING "10.0.0,2:0:0:0:0:1,,60,1800000010,1,0,0,,0,\n",
		    "f:2: an address was expected" },
		{ KEA_HEADING "10.0.0.1,xx,,60,1800000010,1,0,0,,0,\n",
		    "f:2: a hardware address was expected" },
		{ KEA_HEADING "10.0.0.1,,1:,60,1800000010,1,0,0,,0,\n",
		    "f:2: a client id in hex was expected" },
		{ KEA_HEADING "10.0.0.1,,,-1,1800000010,1,0,0,,0,\n",
		    "f:2: valid_lifetime" },
		{ KEA_HEADING "10.0.0.1,,,60,,1,0,0,,0,\n", "f:2: expire" },
		{ KEA_HEADING "10.0.0.1,,,60,1800000010,1,0,0,,9,\n",
		    "f:2: a state was expected" },
		{ KEA_HEADING "10.0.0.1,,,60\n",
		    "f:2: 4 fields below a heading of 11" },
		{ KEA_HEADING "10.0.0.1,,,60,1800000010,1,0,0,,0,a,b\n",
		    "f:2: 12 fields below a heading of 11" },
	};
	static char	many[400];
	size_t		i;

	for (i = 0; i < nitems(wrong); i++) {
		CHECK(load_text(IMPORT_KEA, wrong[i].text) == -1);
		CHECK_NAMED(says(wrong[i].why), wrong[i].why);
	}
	memset(many, ',', sizeof(many) - 1);
	CHECK_NAMED(load_text(IMPORT_KEA, many) == -1, "400 columns");
}

static const char	dnsmasq[] =
    "1800001800 52:54:00:00:00:01 10.77.1.0 first 01:52:54:00:00:00:01\n"
    "1799999000 52:54:00:00:00:02 10.77.1.1 * *\n"
    "0 52:54:00:00:00:03 10.77.1.2 * *\n"
    "1800001800 06-00:01:02:03:04:05 10.77.1.3 * ff:00:01\n"
    "1800001800 20- 10.77.1.4 * ff:00:02\n"
    "1800001800 01-52:54:00:00:00:06 10.77.1.5 * *\n"
    "1800001800 06-00:01:02:03:04:05 10.77.1.6 * *\n"
    "duid 00:01:00:01:32:96:1a:a2:5a:07:7d:00:82:63\n"
    "1800001800 12345 2001:db8::1 first 00:01:00:01\n"
    "1800001800 T12345 2001:db8::2 * 00:01:00:01\n";

static void
test_dnsmasq(void)
{
	static const struct {
		const char	*text, *why;
	} wrong[] = {
		{ "\nx 52:54:00:00:00:01 10.77.1.0 * *\n",
		    "f:2: seconds since 1970 were expected" },
		{ "1 52:54:00:00:00:01 10.77.1.0 *\n", "f:1: expiry, hardware" },
		{ "1 52:54:00:00:00:01 10.77.1 * *\n",
		    "f:1: an address was expected" },
		{ "1 zz 10.77.1.0 * *\n", "f:1: a hardware address" },
		{ "1 zz-1:2:3:4:5:6 10.77.1.0 * *\n",
		    "f:1: a hardware address" },
		{ "1 52:54:00:00:00:01 10.77.1.0 * zz\n",
		    "f:1: a client id in hex" },
		{ "lease 10.77.1.0 {\n", "f:1: expiry, hardware" },
	};
	const struct ctl_import	*l;
	static char		 lines[4096];
	size_t			 i;

	CHECK(load_text(IMPORT_DNSMASQ, dnsmasq) == 0);
	CHECK(im.n == 6);
	l = at(A(0x100));
	CHECK(mac_is(l, 1) && id_is(l, "\1RT\0\0\0\1", 7));
	CHECK(l->start_wall == 0 && l->expire_wall == 1800001800);
	CHECK(strcmp(l->hostname, "first") == 0);
	CHECK(at(A(0x101))->expire_wall == 1799999000);
	CHECK_NAMED(at(A(0x102))->expire_wall == INT64_MAX, "for ever");
	CHECK(id_is(at(A(0x103)), "\377\0\1", 3) &&
	    !mac_is_unicast(at(A(0x103))->mac));
	CHECK(id_is(at(A(0x104)), "\377\0\2", 3));
	CHECK(mac_is(at(A(0x105)), 6));
	CHECK_NAMED(at(A(0x106)) == NULL, "no Ethernet, no client id");
	CHECK(says("2 of DHCPv6 are left out, the first in line 9"));
	for (i = 0; i < nitems(wrong); i++) {
		CHECK(load_text(IMPORT_DNSMASQ, wrong[i].text) == -1);
		CHECK_NAMED(says(wrong[i].why), wrong[i].why);
	}
	for (i = 0; i < 100; i++)
		(void)strcat(lines, "what is this\n");
	CHECK(load_text(IMPORT_DNSMASQ, lines) == -1);
	CHECK_NAMED(im.errors == IMPORT_ERRORS, "not a hundred errors");
}

/* Cut off anywhere, or with any octet changed: an error, or fewer leases. */
static void
test_damage(void)
{
	static const struct {
		enum import_format	 format;
		const char		*text;
	} good[] = {
		{ IMPORT_ISC, isc }, { IMPORT_KEA, kea },
		{ IMPORT_DNSMASQ, dnsmasq },
	};
	static char	text[8192];
	size_t		i, n, len;
	unsigned int	seed = 1, bad = 0, runs = 0;

	for (i = 0; i < nitems(good); i++) {
		len = strlen(good[i].text);
		for (n = 0; n < len; n++) {
			put_octets("f", good[i].text, n);
			(void)load(good[i].format);
			bad += im.n > 8;
			memcpy(text, good[i].text, len);
			seed = seed * 1103515245 + 12345;
			text[n] = (char)(seed >> 16);
			put_octets("f", text, len);
			(void)load(good[i].format);
			bad += im.n > 9;
			runs += 2;
		}
	}
	printf("# %u damaged files\n", runs);
	CHECK(runs > 4000 && bad == 0);
}

static void
test_files(void)
{
	char	many[64];
	FILE	*f;
	int	i;

	(void)unlink(file("f"));
	CHECK(load(IMPORT_ISC) == -1 && says("f: No such file"));
	if (mkdir(file("f"), 0700) == -1)
		fatal("mkdir");
	CHECK(load(IMPORT_ISC) == -1 && says("f: this is a directory"));
	(void)rmdir(file("f"));

	if ((f = fopen(file("f"), "w")) == NULL)
		fatal("%s", file("f"));
	for (i = 0; i < 200000; i++) {
		(void)snprintf(many, sizeof(many),
		    "1800001800 52:54:00:%02x:%02x:%02x 10.%d.%d.%d * *\n",
		    i >> 16, i >> 8 & 255, i & 255, 100 + (i / 2 >> 16),
		    i / 2 >> 8 & 255, i / 2 & 255);
		(void)fputs(many, f);
	}
	(void)fclose(f);
	CHECK_NAMED(load(IMPORT_DNSMASQ) == 0 && im.n == 100000,
	    "200,000 lines of 100,000 addresses");
	for (i = 1; i < (int)im.n; i++)
		if (im.lease[i - 1].addr >= im.lease[i].addr ||
		    im.lease[i].line % 2 != 0)
			break;
	CHECK_NAMED(i == (int)im.n, "in order, the last ones");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		fatal("mkdtemp");
	test_isc();
	test_isc_errors();
	test_kea();
	test_kea_errors();
	test_dnsmasq();
	test_damage();
	test_files();
	import_free(&im);
	(void)unlink(file("f"));
	(void)rmdir(dir);
	return (unit_done());
}
