/* SPDX-License-Identifier: ISC */
/*
 * store_salvage.c: what to do with a damaged SQLite database.  A copy of it
 * is read row by row into a new one, around whatever cannot be read.  Only
 * when that is complete do the two change places, and the damaged one stays
 * beside it, with its log, for whoever wants to look.
 *
 *	NAME.salvage	the copy that is read
 *	NAME.partial	the new database while it is filled
 *	NAME.new	the new database once it is complete
 *	NAME.damaged-*	the old ones
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store.h"

#define PAGE		4096
#define STEPS		65536	/* keys tried one by one after a bad one */
#define TRIES		1000000	/* in one table, in all */
#define LEAF		0x0d	/* first octet of a page with rows */

/* Offsets in the first page of a database: sqlite.org/fileformat2.html 1.3. */
#define HDR_WRITE	18
#define HDR_READ	19
#define HDR_VALID_FOR	92

static const struct {
	const char	*what, *table;
} tables[] = {
	{ "settings", "meta" },
	{ "leases", "leases" },
	{ "tickets", "tickets" },
	{ "answers", "answers" },
	{ "events", "events" },
};

static const char *
name_of(const char *path, const char *end, char name[PATH_LEN])
{
	if (snprintf(name, PATH_LEN, "%s%s", path, end) >= PATH_LEN)
		fatalx("%s%s is too long a name", path, end);
	return (name);
}

static void
name_remove(const char *path, const char *end)
{
	char	name[PATH_LEN];

	(void)unlink(name_of(path, end, name));
}

static int
name_move(const char *from, const char *from_end, const char *to,
    const char *to_end)
{
	char	old[PATH_LEN], new[PATH_LEN];

	return (rename(name_of(from, from_end, old),
	    name_of(to, to_end, new)));
}

static int
name_exists(const char *path, const char *end)
{
	char	name[PATH_LEN];

	return (access(name_of(path, end, name), F_OK) == 0);
}

/* Renames are on disk when their directory is. */
static int
directory_sync(const char *path)
{
	const char	*slash = strrchr(path, '/');
	char		 dir[PATH_LEN] = ".";
	int		 fd, error;

	if (slash != NULL)
		(void)snprintf(dir, sizeof(dir), "%.*s",
		    (int)(slash - path) + 1, path);
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	error = fsync(fd);
	(void)close(fd);
	return (error);
}

/* A name that is not in use: what was kept before stays. */
static void
aside_name(const char *path, char aside[PATH_LEN])
{
	char		when[32] = "";
	time_t		now = (time_t)clock_wall();
	struct tm	tm;
	int		i;

	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	(void)snprintf(aside, PATH_LEN, "%s.damaged-%s", path, when);
	for (i = 1; name_exists(aside, "") || name_exists(aside, "-wal"); i++)
		(void)snprintf(aside, PATH_LEN, "%s.damaged-%s.%d", path, when,
		    i);
}

/*
 * The log goes first: next to the new database it would be taken for that
 * one's.  NAME.new says at the next start that all this was to be done.
 */
int
salvage_finish(const char *path)
{
	char	aside[PATH_LEN];

	name_remove(path, ".salvage");
	name_remove(path, ".salvage-wal");
	name_remove(path, ".partial");
	name_remove(path, ".partial-journal");
	if (!name_exists(path, ".new"))
		return (0);
	aside_name(path, aside);
	if (name_move(path, "-wal", aside, "-wal") == -1 && errno != ENOENT)
		return (-1);
	if (name_move(path, "", aside, "") == -1 && errno != ENOENT)
		return (-1);
	if (name_move(path, ".new", path, "") == -1)
		return (-1);
	log_warnx("the damaged database is kept as %s", aside);
	return (directory_sync(path));
}

static off_t
file_size(int fd)
{
	struct stat	st;

	return (fstat(fd, &st) == -1 ? 0 : st.st_size);
}

static int
file_copy(const char *path, const char *from_end, const char *to_end)
{
	char		name[PATH_LEN];
	uint8_t		block[PAGE];
	ssize_t		n = 0;
	off_t		at = 0, size = 0;
	int		from, to;

	if ((from = open(name_of(path, from_end, name),
	    O_RDONLY | O_CLOEXEC)) == -1)
		return (-1);
	if ((to = open(name_of(path, to_end, name),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) != -1) {
		/* A block that cannot be read is a hole, not the end. */
		size = file_size(from);
		for (; at < size; at += (off_t)sizeof(block)) {
			n = pread(from, block, sizeof(block), at);
			if ((n == -1 && errno != EIO) || (n > 0 &&
			    pwrite(to, block, (size_t)n, at) != n))
				break;
		}
		(void)close(to);
	}
	(void)close(from);
	return (to != -1 && at >= size ? 0 : -1);
}

/* How many blocks of a file the disk does not give. */
static unsigned int
file_unreadable(const char *path, const char *end)
{
	char		name[PATH_LEN];
	uint8_t		block[PAGE];
	unsigned int	bad = 0;
	off_t		at, size;
	int		fd;

	if ((fd = open(name_of(path, end, name), O_RDONLY | O_CLOEXEC)) == -1)
		return (errno == EIO);
	size = file_size(fd);
	for (at = 0; at < size; at += (off_t)sizeof(block))
		if (pread(fd, block, sizeof(block), at) == -1)
			bad++;
	(void)close(fd);
	return (bad);
}

unsigned int
salvage_unreadable(const char *path)
{
	return (file_unreadable(path, "") + file_unreadable(path, "-wal"));
}

/*
 * Without its first page a database has lost its header and its schema.  Both
 * are those of any database that was made the same way, the new one for
 * instance; only the number of pages has to be counted.
 */
static int
page_replace(const char *path)
{
	char	name[PATH_LEN];
	uint8_t	page[PAGE];
	int	fd, ok;

	if ((fd = open(name_of(path, ".partial", name),
	    O_RDONLY | O_CLOEXEC)) == -1)
		return (-1);
	ok = pread(fd, page, sizeof(page), 0) == sizeof(page);
	(void)close(fd);
	if (!ok)
		return (-1);
	page[HDR_WRITE] = page[HDR_READ] = 2;	/* it has a log */
	page[HDR_VALID_FOR] ^= 0x80;		/* of the number of pages */
	if ((fd = open(name_of(path, ".salvage", name),
	    O_WRONLY | O_CLOEXEC)) == -1)
		return (-1);
	ok = pwrite(fd, page, sizeof(page), 0) == sizeof(page);
	(void)close(fd);
	return (ok ? 0 : -1);
}

/* The next row after a key, or after what is unreadable behind it. */
static int
row_next(sqlite3_stmt *rows, int64_t *key, unsigned int *tries)
{
	int64_t	after = *key, step = 1;
	int	code;

	for (; *tries < TRIES; (*tries)++) {
		(void)sqlite3_reset(rows);
		(void)sqlite3_bind_int64(rows, 1, after);
		if ((code = sqlite3_step(rows)) == SQLITE_ROW) {
			*key = sqlite3_column_int64(rows, 0);
			return (1);
		}
		if (after - *key >= STEPS)
			step *= 2;
		if (code == SQLITE_DONE || after > INT64_MAX / 2 - step)
			return (0);
		after += step;
	}
	return (0);
}

/* Every readable row of a table; how many there were. */
static unsigned int
table_copy(sqlite3 *old, sqlite3 *new, const char *table)
{
	sqlite3_stmt	*rows = NULL, *put = NULL;
	char		 sql[256];
	int64_t		 key = -1;
	unsigned int	 n = 0, tries = 0;
	int		 i, columns;

	(void)snprintf(sql, sizeof(sql), "SELECT rowid, * FROM %s NOT INDEXED"
	    " WHERE rowid > ?1 ORDER BY rowid LIMIT 1", table);
	(void)sqlite3_prepare_v2(old, sql, -1, &rows, NULL);
	columns = rows == NULL ? 0 : sqlite3_column_count(rows) - 1;
	(void)snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO %s"
	    " VALUES(?1%.*s)", table, columns > 0 ? 3 * (columns - 1) : 0,
	    ",?2,?3,?4,?5,?6,?7,?8,?9");
	(void)sqlite3_prepare_v2(new, sql, -1, &put, NULL);
	while (put != NULL && columns > 0 && row_next(rows, &key, &tries)) {
		for (i = 0; i < columns; i++)
			(void)sqlite3_bind_value(put, i + 1,
			    sqlite3_column_value(rows, i + 1));
		if (sqlite3_step(put) == SQLITE_DONE)
			n += (unsigned int)sqlite3_changes(new);
		(void)sqlite3_reset(put);
	}
	(void)sqlite3_finalize(rows);
	(void)sqlite3_finalize(put);
	return (n);
}

static int
leases_readable(sqlite3 *old)
{
	return (sqlite3_exec(old, "SELECT addr, relay FROM leases LIMIT 0",
	    NULL, NULL, NULL) == SQLITE_OK);
}

/* The copy, if SQLite finds tables in it, with the columns of today. */
static sqlite3 *
old_open(const char *path)
{
	char	 name[PATH_LEN];
	sqlite3	*old = NULL;

	if (sqlite3_open_v2(name_of(path, ".salvage", name), &old,
	    SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_exec(old, "PRAGMA locking_mode=EXCLUSIVE;"
	    "PRAGMA temp_store=MEMORY", NULL, NULL, NULL) == SQLITE_OK &&
	    (leases_readable(old) || (sqlite3_exec(old,
	    "ALTER TABLE leases ADD COLUMN relay BLOB DEFAULT x''",
	    NULL, NULL, NULL) == SQLITE_OK && leases_readable(old))))
		return (old);
	(void)sqlite3_close(old);
	return (NULL);
}

/* Leases of what is now the root page of their table. */
static unsigned int
leaf_copy(sqlite3 *old, sqlite3_stmt *put)
{
	struct msg_lease	 lease;
	sqlite3_stmt		*rows = NULL;
	unsigned int		 n = 0;
	int			 i;

	(void)sqlite3_prepare_v2(old, "SELECT * FROM leases NOT INDEXED", -1,
	    &rows, NULL);
	while (rows != NULL && sqlite3_step(rows) == SQLITE_ROW) {
		/* The page may be one of another table. */
		if (row_lease(rows, &lease) == -1)
			continue;
		for (i = 0; i < sqlite3_column_count(rows); i++)
			(void)sqlite3_bind_value(put, i + 1,
			    sqlite3_column_value(rows, i));
		if (sqlite3_step(put) == SQLITE_DONE)
			n += (unsigned int)sqlite3_changes(sqlite3_db_handle(
			    put));
		(void)sqlite3_reset(put);
	}
	(void)sqlite3_finalize(rows);
	return (n);
}

/* The root page of leases, once all is in the copy and nothing in its log. */
static off_t
leases_root(sqlite3 *old)
{
	sqlite3_stmt	*s = NULL;
	off_t		 root = 0;

	(void)sqlite3_wal_checkpoint_v2(old, NULL, SQLITE_CHECKPOINT_TRUNCATE,
	    NULL, NULL);
	(void)sqlite3_prepare_v2(old, "SELECT rootpage FROM sqlite_schema"
	    " WHERE name = 'leases'", -1, &s, NULL);
	if (s != NULL && sqlite3_step(s) == SQLITE_ROW)
		root = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return (root);
}

/*
 * Pages of rows to which no way leads any more, because a page above them is
 * damaged: each in turn is made the root.  Leases are never deleted, so that
 * at worst one of a page that is out of use is older than it could be; for
 * tickets this would be wrong, an old one could install a machine again.
 */
static unsigned int
leases_search(sqlite3 *new, const char *path, off_t root)
{
	sqlite3_stmt	*put = NULL;
	sqlite3		*old;
	char		 name[PATH_LEN];
	uint8_t		 page[PAGE];
	unsigned int	 n = 0;
	off_t		 p;
	int		 fd;

	fd = open(name_of(path, ".salvage", name), O_RDWR | O_CLOEXEC);
	(void)sqlite3_prepare_v2(new, "INSERT OR IGNORE INTO leases"
	    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)", -1, &put, NULL);
	for (p = 1; fd != -1 && put != NULL && root > 1 &&
	    pread(fd, page, PAGE, p * PAGE) == PAGE; p++) {
		if (page[0] != LEAF ||
		    pwrite(fd, page, PAGE, (root - 1) * PAGE) != PAGE ||
		    (old = old_open(path)) == NULL)
			continue;
		n += leaf_copy(old, put);
		(void)sqlite3_close(old);
	}
	(void)sqlite3_finalize(put);
	if (fd != -1)
		(void)close(fd);
	return (n);
}

/* Fill the new database, which has its schema, from the copy. */
static int
rows_copy(sqlite3 *new, const char *path)
{
	char		 line[LOG_LINE_MAX] = "";
	struct wbuf	 out;
	sqlite3		*old;
	off_t		 root;
	size_t		 i;

	if ((old = old_open(path)) == NULL && page_replace(path) == 0)
		old = old_open(path);
	if (old == NULL) {
		log_warnx("%s: nothing in it can be read", path);
		return (0);
	}
	(void)sqlite3_exec(new, "BEGIN", NULL, NULL, NULL);
	wbuf_init(&out, line, sizeof(line) - 1);
	for (i = 0; i < nitems(tables); i++)
		wbuf_printf(&out, "%s%u %s", i == 0 ? "" : ", ",
		    table_copy(old, new, tables[i].table), tables[i].what);
	root = leases_root(old);
	(void)sqlite3_close(old);
	wbuf_printf(&out, ", %u leases more page by page",
	    leases_search(new, path, root));
	if (sqlite3_exec(new, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return (-1);
	log_warnx("%s: saved from the damaged database: %s", path, line);
	return (0);
}

int
salvage_run(const char *path, const char *schema, char *why, size_t size)
{
	char	 name[PATH_LEN];
	sqlite3	*new = NULL;
	int	 ok;

	name_remove(path, ".reserve");
	if (file_copy(path, "", ".salvage") == -1 ||
	    (file_copy(path, "-wal", ".salvage-wal") == -1 &&
	    errno != ENOENT)) {
		(void)snprintf(why, size, "no copy of the damaged %s: %s",
		    path, strerror(errno));
		return (-1);
	}
	ok = sqlite3_open_v2(name_of(path, ".partial", name), &new,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK &&
	    sqlite3_exec(new, "PRAGMA locking_mode=EXCLUSIVE;"
	    "PRAGMA temp_store=MEMORY; PRAGMA synchronous=FULL;",
	    NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(new, schema, NULL, NULL, NULL) == SQLITE_OK &&
	    rows_copy(new, path) == 0;
	if (!ok)
		(void)snprintf(why, size, "%s could not be repaired: %s",
		    path, sqlite3_errmsg(new));
	(void)sqlite3_close(new);
	if (!ok)
		return (-1);
	if (name_move(path, ".partial", path, ".new") == -1 ||
	    directory_sync(path) == -1 || salvage_finish(path) == -1) {
		(void)snprintf(why, size, "%s could not be replaced: %s",
		    path, strerror(errno));
		return (-1);
	}
	return (0);
}
