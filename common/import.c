/* SPDX-License-Identifier: ISC */
/*
 * import.c: what the lease files of other DHCP servers have in common: they
 * are logs in which the last word on an address counts, errors name file and
 * line, and nothing in them is trusted.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define BUCKETS		1024
#define WALL_MAX	253402300799LL	/* the end of year 9999 */

const char *const import_names[IMPORT_MAX] = {
	[IMPORT_ISC] = "isc",
	[IMPORT_KEA] = "kea",
	[IMPORT_DNSMASQ] = "dnsmasq",
};

static int (*const readers[IMPORT_MAX])(struct import *, FILE *) = {
	[IMPORT_ISC] = import_isc,
	[IMPORT_KEA] = import_kea,
	[IMPORT_DNSMASQ] = import_dnsmasq,
};

static const char *const skipped_why[IMPORT_STATES] = {
	[IMPORT_DECLINED] = "in use by a stranger",
	[IMPORT_NOBODY] = "without a client",
	[IMPORT_IPV6] = "of DHCPv6",
};

/* Words to the caller. */

static void
import_vsay(struct import *im, const char *kind, const char *fmt, va_list ap)
{
	char		line[PATH_LEN * 2] = "";
	struct wbuf	out;
	char		what[PATH_LEN];

	(void)vsnprintf(what, sizeof(what), fmt, ap);
	wbuf_init(&out, line, sizeof(line) - 1);
	if (im->line != 0)
		wbuf_printf(&out, "%.200s:%u: %s%s", im->file, im->line, kind,
		    what);
	else
		wbuf_printf(&out, "%.200s: %s%s", im->file, kind, what);
	im->say(line, im->arg);
}

int
import_error(struct import *im, const char *fmt, ...)
{
	va_list	ap;

	im->errors++;
	va_start(ap, fmt);
	import_vsay(im, "", fmt, ap);
	va_end(ap);
	return (-1);
}

void
import_note(struct import *im, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	import_vsay(im, "note: ", fmt, ap);
	va_end(ap);
}

/* Parts of lines. */

int
import_line(struct import *im, FILE *f, char line[IMPORT_LINE])
{
	size_t	n = 0;
	int	c;

	im->line++;
	while ((c = getc(f)) != EOF && c != '\n') {
		if (c == '\0')
			return (import_error(im, "a NUL octet"));
		if (n == IMPORT_LINE - 1)
			return (import_error(im, "a line longer than %d octets",
			    IMPORT_LINE - 1));
		line[n++] = (char)c;
	}
	if (ferror(f)) {
		im->line = 0;
		return (import_error(im, "%s", strerror(errno)));
	}
	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	return (c != EOF || n > 0);
}

int
import_number(const char *text, int64_t max, int64_t *value)
{
	int64_t	v = 0, digit;

	if (*text == '\0')
		return (-1);
	for (; *text != '\0'; text++) {
		digit = *text - '0';
		if (*text < '0' || *text > '9' || digit > max ||
		    v > (max - digit) / 10)
			return (-1);
		v = v * 10 + digit;
	}
	*value = v;
	return (0);
}

static int
hex_digit(char c)
{
	static const char	digits[] = "0123456789abcdef";
	const char		*at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c == '\0' ? NULL : strchr(digits, c);
	return (at == NULL ? -1 : (int)(at - digits));
}

/* Leading zeroes may be missing: ISC writes 1:52:54:0:0:1. */
int
import_hex(const char *text, uint8_t *octets, size_t size)
{
	int	n, v, digit;

	for (n = 0;; n++, text++) {
		if ((v = hex_digit(*text++)) == -1)
			return (-1);
		if ((digit = hex_digit(*text)) != -1) {
			v = v * 16 + digit;
			text++;
		}
		if ((size_t)n < size)
			octets[n] = (uint8_t)v;
		if (*text == '\0')
			return (n + 1);
		if (*text != ':')
			return (-1);
	}
}

/* RFC 2132 9.14: two octets at least; longer ones than ours are not taken. */
void
import_client_id(struct ctl_import *lease, const uint8_t *id, size_t len)
{
	if (len < 2 || len > sizeof(lease->id))
		return;
	memcpy(lease->id, id, len);
	lease->id_len = (uint8_t)len;
}

int
import_client_hex(struct import *im, struct ctl_import *lease,
    const char *text)
{
	uint8_t	id[CLIENT_ID_LEN];
	int	len;

	if ((len = import_hex(text, id, sizeof(id))) == -1)
		return (import_error(im, "a client id in hex was expected, "
		    "not \"%.40s\"", text));
	import_client_id(lease, id, (size_t)len);
	return (0);
}

/* A name that no client may have is left out; the root's dot, too. */
void
import_hostname(struct ctl_import *lease, const char *name)
{
	char	text[NAME_LEN] = "";
	size_t	len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len >= sizeof(text))
		return;
	memcpy(text, name, len);
	if (name_is_ldh(text))
		memcpy(lease->hostname, text, sizeof(text));
}

/* The table of addresses. */

static uint32_t *
import_bucket(const struct import *im, uint32_t addr)
{
	uint32_t	at = addr * UINT32_C(0x9e3779b1);

	for (at ^= at >> 15;; at++)
		if (im->bucket[at & im->mask] == NONE ||
		    im->lease[im->bucket[at & im->mask]].addr == addr)
			return (&im->bucket[at & im->mask]);
}

static void
import_grow(struct import *im)
{
	size_t	i;

	if (im->n == im->size) {
		im->size = im->size == 0 ? BUCKETS : im->size * 2;
		im->lease = xreallocarray(im->lease, im->size,
		    sizeof(*im->lease));
		im->state = xreallocarray(im->state, im->size, 1);
	}
	if (im->bucket != NULL && im->n < im->mask / 2)
		return;
	im->mask = (uint32_t)(im->size * 4 - 1);
	free(im->bucket);
	im->bucket = xcalloc(im->mask + 1UL, sizeof(*im->bucket));
	memset(im->bucket, 0xff, (im->mask + 1UL) * sizeof(*im->bucket));
	for (i = 0; i < im->n; i++)
		*import_bucket(im, im->lease[i].addr) = (uint32_t)i;
}

static void
import_skip(struct import *im, enum import_state state, uint32_t line)
{
	if (im->skipped[state]++ == 0)
		im->first[state] = line;
}

int
import_add(struct import *im, const struct ctl_import *lease,
    enum import_state state)
{
	uint32_t	*at;

	if (state == IMPORT_IPV6) {
		import_skip(im, state, im->line);
		return (0);
	}
	if (lease->addr == 0 || lease->addr == UINT32_MAX)
		return (import_error(im, "no address that a client may have"));
	if (lease->start_wall < 0 || lease->start_wall > WALL_MAX ||
	    lease->expire_wall < 0 || (lease->expire_wall > WALL_MAX &&
	    lease->expire_wall != INT64_MAX))
		return (import_error(im, "a time that cannot be"));
	import_grow(im);
	at = import_bucket(im, lease->addr);
	if (*at == NONE) {
		if (im->n == IMPORT_LEASES)
			return (import_error(im, "more than %u addresses",
			    IMPORT_LEASES));
		*at = (uint32_t)im->n++;
	}
	im->lease[*at] = *lease;
	im->state[*at] = (uint8_t)state;
	return (0);
}

static int
by_addr(const void *a, const void *b)
{
	const struct ctl_import	*x = a, *y = b;

	return (x->addr < y->addr ? -1 : x->addr > y->addr);
}

/* Only those that a client can have again are left. */
static void
import_finish(struct import *im)
{
	struct ctl_import	*l;
	size_t			 i, n = 0;
	enum import_state	 state;

	for (i = 0; i < im->n; i++) {
		l = &im->lease[i];
		state = (enum import_state)im->state[i];
		if (state <= IMPORT_LEASED && l->id_len == 0 &&
		    !mac_is_unicast(l->mac))
			state = IMPORT_NOBODY;
		if (state > IMPORT_LEASED) {
			import_skip(im, state, l->line);
			continue;
		}
		if (state == IMPORT_OVER && l->expire_wall >= im->now)
			l->expire_wall = im->now - 1;
		if (l->start_wall > l->expire_wall)
			l->start_wall = l->expire_wall;
		im->lease[n++] = *l;
	}
	im->n = n;
	if (n > 0)
		qsort(im->lease, n, sizeof(*im->lease), by_addr);
	im->line = 0;
	for (i = 0; i < IMPORT_STATES; i++)
		if (im->skipped[i] > 0)
			import_note(im, "%zu %s %s left out, the first in line "
			    "%u", im->skipped[i], skipped_why[i],
			    im->skipped[i] == 1 ? "is" : "are", im->first[i]);
}

/* Files. */

static int
import_one(struct import *im, enum import_format format, const char *path)
{
	struct stat	 st;
	FILE		*f;

	im->file = path;
	im->line = 0;
	if ((f = fopen(path, "re")) == NULL || fstat(fileno(f), &st) == -1)
		(void)import_error(im, "%s", strerror(errno));
	else if (S_ISDIR(st.st_mode))
		(void)import_error(im, "this is a directory");
	else
		(void)readers[format](im, f);
	if (f != NULL)
		(void)fclose(f);
	return (im->errors == 0 ? 0 : -1);
}

/*
 * Kea moves its file away when it cleans up: what it would read first when it
 * starts is the result of the last clean-up, or the input of the one under
 * way.
 */
static int
import_before(struct import *im, const char *path)
{
	static const char *const	ends[] = { ".completed", ".2", ".1" };
	char				file[4096];
	struct stat			st;
	size_t				i;
	int				n;

	for (i = 0; i < nitems(ends); i++) {
		n = snprintf(file, sizeof(file), "%s%s", path, ends[i]);
		if (n < 0 || (size_t)n >= sizeof(file) || stat(file, &st) == -1)
			continue;
		im->file = path;
		im->line = 0;
		import_note(im, "%s%s is read first", path, ends[i]);
		if (import_one(im, IMPORT_KEA, file) == -1)
			return (-1);
		if (i == 0)
			break;
	}
	return (0);
}

int
import_read(struct import *im, enum import_format format, const char *path)
{
	if (im->now == 0)
		im->now = clock_wall();
	if (format == IMPORT_KEA && import_before(im, path) == -1)
		return (-1);
	if (import_one(im, format, path) == -1)
		return (-1);
	import_finish(im);
	return (0);
}

void
import_free(struct import *im)
{
	free(im->lease);
	free(im->state);
	free(im->bucket);
}
