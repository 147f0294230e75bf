/* SPDX-License-Identifier: ISC */
/*
 * conftool: parse a bootward.conf(5) file without a running bootward.  Prints
 * the canonical text, having checked that it parses back to itself, or every
 * error; -n prints no text, -w warnings.  Exit status: 0 parsed, 1 errors, 2 usage, 3 it does not parse back.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"

static struct conf_macro	macros[32];
static size_t			nmacros;

static void __attribute__((__noreturn__))
usage(void)
{
	fprintf(stderr, "usage: conftool [-nw] [-a answers] [-D name=value] "
	    "file\n");
	exit(2);
}

static void
add_macro(char *text)
{
	char	*value = strchr(text, '=');

	if (value == NULL || nmacros == nitems(macros))
		usage();
	*value++ = '\0';
	macros[nmacros++] = (struct conf_macro){ text, value };
}

static void
print_error(const char *line, void *arg)
{
	fprintf(arg, "%s\n", line);
}

/* Without macros: the canonical text must stand for itself. */
static int
parses_back(const struct conf *conf)
{
	char		 path[] = "/tmp/conftool.XXXXXX";
	struct conf	*again;
	FILE		*f;
	int		 fd = mkstemp(path), same;

	if (fd == -1 || (f = fdopen(fd, "w")) == NULL)
		err(1, "%s", path);
	conf_print(conf, f);
	if (fclose(f) == EOF)
		err(1, "%s", path);
	again = conf_parse(path, NULL, 0, print_error, stderr);
	same = again != NULL && conf_equal(conf, again);
	conf_free(again);
	if (unlink(path) == -1)
		err(1, "%s", path);
	return (same);
}

int
main(int argc, char **argv)
{
	struct conf	*conf;
	int		 ch, quiet = 0, warn = 0, same;

	while ((ch = getopt(argc, argv, "a:D:nw")) != -1)
		switch (ch) {
		case 'a':
			conf_answer_dir = optarg;
			break;
		case 'D':
			add_macro(optarg);
			break;
		case 'n':
			quiet = 1;
			break;
		case 'w':
			warn = 1;
			break;
		default:
			usage();
		}
	if (argc - optind != 1)
		usage();
	conf = conf_parse(argv[optind], macros, nmacros, print_error, stdout);
	if (conf == NULL)
		return (1);
	if (warn)
		(void)conf_warn(conf, print_error, stdout);
	if (!quiet)
		conf_print(conf, stdout);
	same = parses_back(conf);
	conf_free(conf);
	return (same ? 0 : 3);
}
