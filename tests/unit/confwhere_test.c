/* SPDX-License-Identifier: ISC */
/*
 * confwhere_test: where the statement of a row stands, after rows have been
 * put in the order of printing; and the options of an owner.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"
#include "unit.h"

static char	dir[] = "/tmp/confwhere_test.XXXXXX";

static void
say(const char *line, void *arg)
{
	(void)arg;
	printf("# %s\n", line);
}

static void
put_file(const char *name, const char *text)
{
	char	 path[128];
	FILE	*f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "w")) == NULL || fputs(text, f) == EOF ||
	    fclose(f) == EOF)
		abort();
}

static struct conf *
parse_file(const char *name)
{
	char	path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return (conf_parse(path, NULL, 0, say, NULL));
}

/* Does the statement of that row stand in this file and line? */
static int
stands(const struct conf *conf, enum where_kind kind, uint32_t row,
    const char *name, uint32_t line)
{
	const struct conf_where	*w = conf_where(conf, kind, row);
	char			 path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return (w != NULL && w->line == line && w->kind == kind &&
	    w->row == row && strcmp(conf->file[w->file].path, path) == 0);
}

/* The row of the option that begins with this octet. */
static uint32_t
option_row(const struct conf *conf, uint8_t first)
{
	uint32_t	i;

	for (i = 0; i < conf->noption; i++)
		if (conf->option[i].data[0] == first &&
		    !conf->option[i].more)
			return (i);
	return (NONE);
}

static void
test_where(void)
{
	struct conf	*conf;

	put_file("hosts", "\n\nhost b { ethernet 02:00:00:00:00:02\n"
	    "option 224 hex 01 }\nhost c { ethernet 02:00:00:00:00:03 }\n");
	put_file("main", "interface eth1\n"			/* 1 */
	    "loader ipxe \"http://10.0.0.1/x\"\n"
	    "group g {\n"
	    "host a { ethernet 02:00:00:00:00:01\n"
	    "option 224 hex 02 }\n"				/* 5 */
	    "option 225 hex 03\n"
	    "}\n"
	    "include \"hosts\"\n"
	    "subnet 10.0.0.0/24 {\n"
	    "range 10.0.0.1 - 10.0.0.2\n"			/* 10 */
	    "option 224 hex 04 ; option 225 hex 05\n"
	    "range 10.0.0.4 - 10.0.0.9 }\n"
	    "option 224 hex 06\n"
	    "unknown boot \\\n"
	    "ignore\n"						/* 15 */
	    "loader efi64-http \"http://10.0.0.1/x\"\n"
	    "subnet 10.0.1.0/24\n"
	    "{ option 224 hex 07 }\n");
	conf = parse_file("main");
	CHECK(conf != NULL && conf->nfile == 2);
	CHECK(stands(conf, WHERE_HOST, 0, "main", 4));
	CHECK(stands(conf, WHERE_HOST, 1, "hosts", 3));
	CHECK(stands(conf, WHERE_HOST, 2, "hosts", 5));
	CHECK(conf_where(conf, WHERE_HOST, 3) == NULL);
	CHECK(stands(conf, WHERE_SEGMENT, 0, "main", 9));
	CHECK(stands(conf, WHERE_SEGMENT, 1, "main", 17));
	CHECK(stands(conf, WHERE_RANGE, 0, "main", 10));
	CHECK(stands(conf, WHERE_RANGE, 1, "main", 12));
	CHECK(stands(conf, WHERE_UNKNOWN, 0, "main", 14));
	CHECK(conf_where(conf, WHERE_IMAGE, 0) == NULL);
	/* The rows of loaders and options have been moved. */
	CHECK(conf->nloader == 2 && conf->loader[0].arch == LOADER_EFI64_HTTP);
	CHECK(stands(conf, WHERE_LOADER, 0, "main", 16));
	CHECK(stands(conf, WHERE_LOADER, 1, "main", 2));
	CHECK(option_row(conf, 4) == 0);
	CHECK(stands(conf, WHERE_OPTION, option_row(conf, 1), "hosts", 4));
	CHECK(stands(conf, WHERE_OPTION, option_row(conf, 2), "main", 5));
	CHECK(stands(conf, WHERE_OPTION, option_row(conf, 3), "main", 6));
	CHECK(stands(conf, WHERE_OPTION, option_row(conf, 4), "main", 11));
	CHECK(stands(conf, WHERE_OPTION, option_row(conf, 5), "main", 11));
	CHECK(stands(conf, WHERE_OPTION, option_row(conf, 6), "main", 13));
	CHECK(stands(conf, WHERE_OPTION, option_row(conf, 7), "main", 18));
	conf_free(conf);
}

/* What is asked for, as the first octets of the values. */
static int
options_are(const struct conf *conf, enum option_level level, uint32_t index,
    const char *octets)
{
	const struct conf_option	*o;
	size_t				 n, i;

	o = conf_options(conf, level, index, &n);
	if (n != strlen(octets) || (n == 0) != (o == NULL))
		return (0);
	for (i = 0; i < n; i++)
		if (o[i].data[0] != (uint8_t)octets[i])
			return (0);
	return (1);
}

static void
test_options(void)
{
	struct conf	*conf, *same;

	put_file("options", "interface eth1\n"
	    "group g { host a { ethernet 02:00:00:00:00:01\n"
	    "option 224 text d ; option 12 text e }\n"
	    "option 224 text c\n"
	    "host b { ethernet 02:00:00:00:00:02 } }\n"
	    "subnet 10.0.0.0/24 { }\n"
	    "group h { }\n"
	    "group i { option 230 text f }\n"
	    "subnet 10.0.1.0/24 { option 224 text b ; option 12 text z }\n"
	    "option 224 text a\n"
	    "host c { ethernet 02:00:00:00:00:03 ; option 12 text g }\n"
	    "option 12 text h\n");
	put_file("same", "\n\ninterface eth1\n"
	    "option 224 text a ; option 12 text h\n"
	    "subnet 10.0.0.0/24 { }\n"
	    "subnet 10.0.1.0/24 { option 224 text b ; option 12 text z }\n"
	    "group g { option 224 text c\n"
	    "host a { ethernet 02:00:00:00:00:01\n"
	    "option 224 text d ; option 12 text e }\n"
	    "host b { ethernet 02:00:00:00:00:02 } }\n"
	    "group h { }\n"
	    "group i { option 230 text f }\n"
	    "host c { ethernet 02:00:00:00:00:03 ; option 12 text g }\n");
	conf = parse_file("options");
	same = parse_file("same");
	CHECK(conf != NULL && same != NULL);
	CHECK_NAMED(conf_equal(conf, same), "where it stood does not count");
	CHECK(conf->where[0].line != same->where[0].line);
	CHECK(options_are(conf, OPTION_ALL, 0, "ah"));
	CHECK(options_are(conf, OPTION_SUBNET, 0, ""));
	CHECK(options_are(conf, OPTION_SUBNET, 1, "bz"));
	CHECK(options_are(conf, OPTION_SUBNET, 2, ""));
	CHECK(options_are(conf, OPTION_GROUP, 0, "c"));
	CHECK(options_are(conf, OPTION_GROUP, 1, ""));
	CHECK(options_are(conf, OPTION_GROUP, 2, "f"));
	CHECK(options_are(conf, OPTION_HOST, 0, "de"));
	CHECK(options_are(conf, OPTION_HOST, 1, ""));
	CHECK(options_are(conf, OPTION_HOST, 2, "g"));
	CHECK(options_are(conf, OPTION_HOST, 3, ""));
	CHECK(options_are(conf, OPTION_HOST, NONE, ""));
	conf_free(conf);
	conf_free(same);
	conf = conf_new();
	CHECK(options_are(conf, OPTION_ALL, 0, ""));
	CHECK(conf_where(conf, WHERE_HOST, 0) == NULL);
	conf_free(conf);
}

static void
remove_files(void)
{
	static const char *const	names[] = { "main", "hosts", "options",
					    "same" };
	char				path[128];
	size_t				i;

	for (i = 0; i < nitems(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		abort();
	test_where();
	test_options();
	remove_files();
	return (unit_done());
}
