/* SPDX-License-Identifier: ISC */
/*
 * storefile.h: what tests of the SQLite back end share: a database in a
 * directory of its own, and what it should have.
 */
#ifndef STOREFILE_H
#define STOREFILE_H

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"
#include "unit.h"

#define S		1000000LL
#define HOUR		(3600 * S)
#define FIRST		0x0a4d0100U

static const struct backend *const be = &backend_sqlite;
static char	dir[] = "/tmp/bwstore_test.XXXXXX";
static char	path[64];
static char	why[512];
static struct store_clock now = { "boot-1", 100 * S, 1700000000 * S };

static inline int
reopen(void)
{
	be->close();
	if (be->open(path, &now, why, sizeof(why)) == 0)
		return (0);
	printf("# %s\n", why);
	return (-1);
}

static inline void
files_remove(void)
{
	DIR		*d = opendir(dir);
	struct dirent	*e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
}

/* A fresh, empty database. */
static inline void
fresh(void)
{
	be->close();
	files_remove();
	now = (struct store_clock){ "boot-1", 100 * S, 1700000000 * S };
	CHECK(be->open(path, &now, why, sizeof(why)) == 0);
}

static inline struct msg_lease
lease_make(unsigned int i)
{
	struct msg_lease	lease;

	memset(&lease, 0, sizeof(lease));
	lease.addr = FIRST + i;
	lease.state = LEASE_BOUND;
	lease.mac = (struct mac){ { 0x52, 0x54, 0, 0, (uint8_t)(i >> 8),
	    (uint8_t)i } };
	lease.id_len = (uint8_t)(i % (CLIENT_ID_LEN + 1));
	memset(lease.id, (int)(i & 0xff), lease.id_len);
	lease.relay_len = (uint8_t)(i % (RELAY_LEN + 1));
	memset(lease.relay, (int)(i * 7 & 0xff), lease.relay_len);
	(void)snprintf(lease.host, sizeof(lease.host), "host%u", i);
	(void)snprintf(lease.hostname, sizeof(lease.hostname), "name%u", i);
	lease.start_us = now.boot_us;
	lease.expire_us = now.boot_us + HOUR;
	return (lease);
}

static inline int
leases_put(unsigned int from, unsigned int n)
{
	struct msg_lease	lease;
	unsigned int		i;
	int			error;

	if ((error = be->begin(&now)) != 0)
		return (error);
	for (i = from; i < from + n; i++) {
		lease = lease_make(i);
		if ((error = be->put_lease(&lease)) != 0)
			return (error);
	}
	return (be->commit());
}

/* How many leases there are, and how many of them are as they were made. */
static inline unsigned int
leases_count(unsigned int *good)
{
	struct msg_lease	got[7], want;
	int64_t			after = -1;
	unsigned int		n = 0;
	int			i, rows;

	*good = 0;
	do {
		if ((rows = be->leases(after, got, nitems(got))) == -1)
			return (0);
		for (i = 0; i < rows; i++, n++) {
			after = got[i].addr;
			want = lease_make(got[i].addr - FIRST);
			*good += memcmp(&want, &got[i], sizeof(want)) == 0;
		}
	} while (rows == (int)nitems(got));
	return (n);
}

static inline int
ticket_put(const char *host, enum ticket_state state)
{
	struct msg_ticket	t;
	int			error;

	memset(&t, 0, sizeof(t));
	(void)snprintf(t.host, sizeof(t.host), "%s", host);
	(void)snprintf(t.image, sizeof(t.image), "debian12");
	(void)snprintf(t.token, sizeof(t.token), "0123456789abcdef");
	t.state = state;
	t.since_us = now.boot_us;
	t.expire_us = now.boot_us + 4 * HOUR;
	if ((error = be->begin(&now)) != 0 || (error = be->put_ticket(&t)) != 0)
		return (error);
	return (be->commit());
}

static inline int
answers_put(const char *host, const char *text)
{
	struct answers	all;
	int		error;

	if (answers_split((const uint8_t *)text, strlen(text), &all) != NULL)
		return (-1);
	if ((error = be->begin(&now)) == 0 &&
	    (error = be->put_answers(host, &all)) == 0)
		error = be->commit();
	answers_free(&all);
	return (error);
}

/* How many files of this directory have a name that begins so. */
static inline int
files_count(const char *begin)
{
	DIR		*d = opendir(dir);
	struct dirent	*e;
	int		 n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		n += strncmp(e->d_name, begin, strlen(begin)) == 0;
	if (d != NULL)
		(void)closedir(d);
	return (n);
}

/* Change the database behind the back of the store. */
static inline int
sql(const char *text)
{
	sqlite3	*raw;
	int	 code;

	be->close();
	if (sqlite3_open(path, &raw) != SQLITE_OK)
		return (-1);
	code = sqlite3_exec(raw, text, NULL, NULL, NULL);
	(void)sqlite3_close(raw);
	return (code == SQLITE_OK ? 0 : -1);
}

static inline int
overwrite(off_t at, size_t len, int with)
{
	char	junk[8192];
	int	fd, ok;

	be->close();
	memset(junk, with, sizeof(junk));
	if ((fd = open(path, O_WRONLY)) == -1)
		return (-1);
	ok = pwrite(fd, junk, len, at) == (ssize_t)len;
	(void)close(fd);
	return (ok ? 0 : -1);
}

/* The offset of the page that has this text, or 0. */
static inline off_t
page_with(const char *text)
{
	char	page[4096];
	off_t	at;
	int	fd;

	be->close();
	if ((fd = open(path, O_RDONLY)) == -1)
		return (0);
	for (at = 0; pread(fd, page, sizeof(page), at) == sizeof(page);
	    at += (off_t)sizeof(page))
		if (memmem(page, sizeof(page), text, strlen(text)) != NULL)
			break;
	(void)close(fd);
	return (at);
}

static inline void
fill(void)
{
	fresh();
	CHECK(leases_put(0, 3000) == 0);
	CHECK(ticket_put("a", TICKET_ARMED) == 0);
	CHECK(answers_put("a", "hello\n") == 0);
	CHECK(reopen() == 0);
}

static inline int
store_begin(void)
{
	log_init("store_test", -1, 1);
	(void)umask(077);
	if (freopen("/dev/null", "w", stderr) == NULL ||
	    mkdtemp(dir) == NULL)
		return (-1);
	(void)snprintf(path, sizeof(path), "%s/bootward.db", dir);
	return (0);
}

static inline int
store_end(void)
{
	be->close();
	files_remove();
	(void)rmdir(dir);
	return (unit_done());
}

#endif
