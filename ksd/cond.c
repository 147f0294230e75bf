/* SPDX-License-Identifier: ISC */
/*
 * cond.c: conditional and range requests (RFC 9110 13 and 14), and the dates
 * they need.  Pure functions of the request and the file.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ksd.h"

static const char *const days[] = {
	"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
};

static const char *const months[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

void
http_date(int64_t wall, char out[HTTP_DATE_LEN])
{
	time_t		 when = (time_t)wall;
	struct tm	 tm;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year < 0 ||
	    tm.tm_year > 8099) {
		when = 0;
		(void)gmtime_r(&when, &tm);
	}
	(void)snprintf(out, HTTP_DATE_LEN,
	    "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
	    (unsigned int)tm.tm_mday % 100, months[tm.tm_mon % 12],
	    (unsigned int)(tm.tm_year + 1900) % 10000,
	    (unsigned int)tm.tm_hour % 100, (unsigned int)tm.tm_min % 100,
	    (unsigned int)tm.tm_sec % 100);
}

struct date {
	unsigned int	year, month, day, hour, minute, second;
	int		two_digits;	/* of the year */
};

/* Exactly n digits; a space may stand for the first if space is set. */
static unsigned int
date_digits(struct buf *in, size_t n, int space)
{
	unsigned int	v = 0;
	size_t		i;
	uint8_t		c;

	for (i = 0; i < n; i++) {
		c = buf_u8(in);
		if (space && i == 0 && c == ' ')
			continue;
		if (c < '0' || c > '9')
			in->err = 1;
		else
			v = v * 10 + (c - '0');
	}
	return (v);
}

static unsigned int
date_month(struct buf *in)
{
	const uint8_t	*p = buf_ptr(in, 3);
	unsigned int	 i;

	for (i = 0; p != NULL && i < nitems(months); i++)
		if (memcmp(p, months[i], 3) == 0)
			return (i + 1);
	in->err = 1;
	return (1);
}

/* Letters of a day's name; which day it is follows from the date. */
static void
date_day_name(struct buf *in)
{
	while (buf_left(in) > 0 && in->data[in->off] >= 'A')
		buf_skip(in, 1);
}

/*
 * The three formats of RFC 9110 5.6.7 as patterns: a letter takes a part, any
 * other character stands for itself.
 */
static int
date_match(struct buf in, const char *pattern, struct date *d)
{
	memset(d, 0, sizeof(*d));
	for (; *pattern != '\0'; pattern++) {
		switch (*pattern) {
		case 'w':
			date_day_name(&in);
			break;
		case 'd':
			d->day = date_digits(&in, 2, 0);
			break;
		case 'e':
			d->day = date_digits(&in, 2, 1);
			break;
		case 'b':
			d->month = date_month(&in);
			break;
		case 'Y':
			d->year = date_digits(&in, 4, 0);
			break;
		case 'y':
			d->year = date_digits(&in, 2, 0);
			d->two_digits = 1;
			break;
		case 't':
			d->hour = date_digits(&in, 2, 0);
			in.err |= buf_u8(&in) != ':';
			d->minute = date_digits(&in, 2, 0);
			in.err |= buf_u8(&in) != ':';
			d->second = date_digits(&in, 2, 0);
			break;
		default:
			in.err |= buf_u8(&in) != (uint8_t)*pattern;
			break;
		}
	}
	return (in.err || buf_left(&in) > 0 ? -1 : 0);
}

/* Days since 1970-01-01 of a day of the Gregorian calendar. */
static int64_t
date_days(const struct date *d)
{
	static const unsigned int before[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
	};
	int64_t	y = d->year, leaps;

	if (d->month <= 2)
		y--;			/* its own leap day is still to come */
	leaps = y / 4 - y / 100 + y / 400;
	return (365 * (int64_t)d->year + leaps + before[d->month - 1] +
	    d->day - 719528);
}

int
http_date_parse(struct buf in, int64_t *wall)
{
	static const char *const patterns[] = {
		"w, d b Y t GMT", "w, d-b-y t GMT", "w b e t Y"
	};
	struct date	d;
	size_t		i;

	for (i = 0; i < nitems(patterns); i++)
		if (date_match(in, patterns[i], &d) == 0)
			break;
	if (i == nitems(patterns) || d.day < 1 || d.day > 31 || d.hour > 23 ||
	    d.minute > 59 || d.second > 60)
		return (-1);
	if (d.two_digits)
		d.year += d.year < 70 ? 2000 : 1900;
	*wall = date_days(&d) * 86400 + d.hour * 3600 + d.minute * 60 +
	    d.second;
	return (0);
}

/* Two files of one name, size and second still differ by their inode. */
void
http_etag(const struct file_info *file, char out[HTTP_ETAG_LEN])
{
	(void)snprintf(out, HTTP_ETAG_LEN, "\"%llx-%llx-%llx\"",
	    (unsigned long long)file->size, (unsigned long long)file->mtime,
	    (unsigned long long)file->ino);
}

/*
 * Does a list of entity tags name this one?  A weak tag counts only where
 * weak comparison does (RFC 9110 8.8.3.2); ours are all strong.
 */
static int
etag_listed(struct buf list, const char *etag, int weak_ok)
{
	size_t		 n = strlen(etag);
	const uint8_t	*p;
	int		 weak;

	while (buf_left(&list) > 0) {
		weak = 0;
		p = buf_ptr(&list, 1);
		if (*p == '*' && list.len == 1)
			return (1);
		if (*p == ' ' || *p == '\t' || *p == ',')
			continue;
		if (*p == 'W') {
			if (buf_u8(&list) != '/' ||
			    (p = buf_ptr(&list, 1)) == NULL)
				return (0);
			weak = 1;
		}
		if (*p != '"')
			return (0);
		if (buf_left(&list) >= n - 1 && memcmp(p, etag, n) == 0)
			return (!weak || weak_ok);
		while (buf_u8(&list) != '"' && !list.err)
			;
	}
	return (0);
}

/* RFC 9110 13.1.5: the same file, or else all of it is sent. */
static int
if_range_holds(const struct buf *b, const char *etag, int64_t mtime)
{
	int64_t	date;

	if (b->len > 0 && (b->data[0] == '"' || b->data[0] == 'W'))
		return (etag_listed(*b, etag, 0));
	return (http_date_parse(*b, &date) == 0 && date == mtime);
}

/* Digits, saturating; -1 when there are none. */
static int
range_number(struct buf *in, uint64_t *v)
{
	size_t	n = 0;
	uint8_t	c;

	*v = 0;
	while (buf_left(in) > 0 && (c = in->data[in->off]) >= '0' && c <= '9') {
		*v = *v > (UINT64_MAX - 9) / 10 ? UINT64_MAX :
		    *v * 10 + (uint64_t)(c - '0');
		buf_skip(in, 1);
		n++;
	}
	return (n == 0 ? -1 : 0);
}

/*
 * One range of octets (RFC 9110 14.1.2).  Several, another unit or bad syntax
 * mean that all is sent, which the RFC allows.
 */
static void
range_apply(struct buf in, uint64_t size, struct http_part *part)
{
	struct buf	unit;
	uint64_t	first, last = UINT64_MAX;
	int		suffix;

	if (buf_sub(&in, &unit, 6) == -1 || !buf_is(&unit, "bytes="))
		return;
	suffix = range_number(&in, &first) == -1;
	if (buf_u8(&in) != '-')
		return;
	if (buf_left(&in) > 0 && range_number(&in, &last) == -1)
		return;
	if (in.err || buf_left(&in) > 0 || (suffix && last == UINT64_MAX) ||
	    (!suffix && last < first))
		return;
	if (suffix && (size == 0 && last > 0))
		return;			/* satisfied by nothing at all */
	if (suffix ? last == 0 : first >= size) {
		part->status = 416;
		return;
	}
	if (suffix)
		first = last < size ? size - last : 0;
	if (suffix || last >= size)
		last = size - 1;
	part->status = 206;
	part->first = first;
	part->len = last - first + 1;
}

/* RFC 9110 13.2.2: in this order, each only where the one before is absent. */
void
http_conditions(const struct http_req *req, const struct file_info *file,
    struct http_part *part)
{
	char	etag[HTTP_ETAG_LEN];
	int64_t	date;

	part->status = 200;
	part->first = 0;
	part->len = file->size;
	http_etag(file, etag);
	if (req->if_match.data != NULL) {
		if (!etag_listed(req->if_match, etag, 0))
			part->status = 412;
	} else if (http_date_parse(req->if_unmodified_since, &date) == 0 &&
	    file->mtime > date)
		part->status = 412;
	if (part->status == 412)
		return;
	if (req->if_none_match.data != NULL) {
		if (etag_listed(req->if_none_match, etag, 1))
			part->status = 304;
	} else if (http_date_parse(req->if_modified_since, &date) == 0 &&
	    file->mtime <= date)
		part->status = 304;
	if (part->status == 304 || req->method != HTTP_GET ||
	    req->range.data == NULL)
		return;
	if (req->if_range.data == NULL ||
	    if_range_holds(&req->if_range, etag, file->mtime))
		range_apply(req->range, file->size, part);
}
