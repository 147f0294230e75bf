/* SPDX-License-Identifier: ISC */
/*
 * conf_fuzz.c: the parser of bootward.conf(5) under libFuzzer.  What it takes
 * must print as text that parses back to the same; what it refuses must have
 * an error, and each error a place.  Nothing is included: an input must not
 * read other files.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"

#define MUST(e)	do {							\
	if (!(e)) {							\
		(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,	\
		    __LINE__, #e);					\
		abort();						\
	}								\
} while (0)

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);
void	 __wrap_fatal(const char *, ...) __attribute__((__noreturn__));
void	 __wrap_fatalx(const char *, ...) __attribute__((__noreturn__));

static char	path[64];

void
__wrap_fatal(const char *fmt, ...)
{
	(void)fprintf(stderr, "fatal: %s\n", fmt);
	abort();
}

void
__wrap_fatalx(const char *fmt, ...)
{
	(void)fprintf(stderr, "fatalx: %s\n", fmt);
	abort();
}

static void
take_error(const char *line, void *arg)
{
	size_t	*n = arg, i;

	(*n)++;
	MUST(strncmp(line, path, strlen(path)) == 0);
	MUST(line[strlen(path)] == ':');
	for (i = 0; line[i] != '\0'; i++)
		MUST(line[i] != '\n');
}

static struct conf *
parse_octets(const void *data, size_t len, size_t *errors)
{
	struct conf	*conf;
	int		 fd = memfd_create("conf", MFD_CLOEXEC);

	MUST(fd != -1 && write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*errors = 0;
	conf = conf_parse(path, NULL, 0, take_error, errors);
	(void)close(fd);
	return (conf);
}

/* Rows stand in the order that look-ups rely on, each with its line. */
static void
check_tables(const struct conf *conf)
{
	uint8_t				 value[OPTION_VALUE_MAX];
	const struct conf_option	*o;
	size_t				 i, row, n, seen = 0;

	for (row = 0; row < conf->noption;) {
		o = &conf->option[row];
		MUST(!o->more && !conf_option_is_own(o->code));
		MUST(conf_where(conf, WHERE_OPTION, (uint32_t)row) != NULL);
		MUST(conf_option_value(conf, &row, value) > 0);
	}
	for (i = 0; i < conf->nsegment; i++)
		if (conf_options(conf, OPTION_SUBNET, (uint32_t)i, &n) != NULL)
			seen += n;
	for (i = 0; i < conf->ngroup; i++)
		if (conf_options(conf, OPTION_GROUP, (uint32_t)i, &n) != NULL)
			seen += n;
	for (i = 0; i < conf->nhost; i++) {
		MUST(conf_where(conf, WHERE_HOST, (uint32_t)i) != NULL);
		MUST(conf_host_by_name(conf, conf->host[i].name) == i);
		if (conf_options(conf, OPTION_HOST, (uint32_t)i, &n) != NULL)
			seen += n;
	}
	(void)conf_options(conf, OPTION_ALL, 0, &n);
	MUST(seen + n == conf->noption);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct conf	*conf, *again;
	size_t		 errors, size;
	char		*text;
	FILE		*f;

	if (memmem(data, len, "include", 7) != NULL ||
	    (conf = parse_octets(data, len, &errors)) == NULL) {
		MUST(memmem(data, len, "include", 7) != NULL || errors > 0);
		return (0);
	}
	MUST(errors == 0);
	check_tables(conf);
	(void)conf_warn(conf, take_error, &errors);
	MUST((f = open_memstream(&text, &size)) != NULL);
	conf_print(conf, f);
	MUST(fclose(f) == 0);
	again = parse_octets(text, size, &errors);
	MUST(again != NULL && conf_equal(conf, again));
	free(text);
	conf_free(again);
	conf_free(conf);
	return (0);
}
