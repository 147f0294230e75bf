/* SPDX-License-Identifier: ISC */
/*
 * store_room.c: room for the SQLite database on a disk that others may fill.
 * What is in the write-ahead log must at some time fit into the database, or
 * the log is stuck, and with it those who only renew what they have.  So the
 * log keeps its length, and a file beside the database takes as much of the
 * disk as is needed to empty the log: when that fails, the file goes, and
 * from then on the database does not grow until there is room again.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store.h"

#define PAGE		4096
#define RESERVE_BIG	(2 * 1024 * 1024)	/* no transaction needs more */
#define RESERVE_SMALL	(256 * 1024)		/* small ones may go on */
#define LOG_PAGES	240	/* then the log is emptied */
#define FREE_PAGES	64	/* fewer: make more at the start */
#define RETRY_US	(1000000LL)
#define UNLIMITED	1073741823U

static sqlite3	*sq;
static char	 name[PATH_LEN];	/* of the file beside it */
static off_t	 reserve;		/* its size */
static int	 log_pages;
static int	 told_tight;
static int64_t	 retry_us;
static struct log_limit limit;

static int
room_pragma(const char *pragma)
{
	sqlite3_stmt	*s = NULL;
	int		 n = 0;

	if (sqlite3_prepare_v2(sq, pragma, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	return (n);
}

/* How far the database may grow before the log is emptied again. */
static void
room_limit(void)
{
	char		pragma[64];
	unsigned int	pages = UNLIMITED;

	if (reserve < RESERVE_BIG)
		pages = (unsigned int)(room_pragma("PRAGMA page_count") +
		    reserve / (2 * PAGE));
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA max_page_count=%u",
	    pages);
	(void)room_pragma(pragma);
}

/* Make the file as large as this, or leave it as it is. */
static void
reserve_grow(off_t size)
{
	static const uint8_t	zeros[PAGE];
	off_t			at;
	int			fd;

	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	for (at = reserve; at < size; at += PAGE)
		if (pwrite(fd, zeros, PAGE, at) != PAGE)
			break;
	if (at >= size)
		reserve = size;
	else if (ftruncate(fd, reserve) == -1)
		log_limit(&limit, "%s cannot be cut off", name);
	(void)close(fd);
	if (reserve == 0)
		(void)unlink(name);
}

static void
tight_tell(void)
{
	log_limit(&limit, "database: there is no room for more on the disk");
	told_tight = 1;
}

static void
reserve_drop(void)
{
	(void)unlink(name);
	reserve = 0;
	room_limit();
	tight_tell();
}

static int
log_empty(void)
{
	int	code;

	code = sqlite3_wal_checkpoint_v2(sq, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	if (code == SQLITE_OK)
		log_pages = 0;
	return (code);
}

static void
room_checkpoint(void)
{
	if (log_empty() != SQLITE_FULL)
		return;
	if (reserve > 0) {
		reserve_drop();
		(void)log_empty();
	}
	room_limit();
}

static int
room_hook(void *arg, sqlite3 *of, const char *which, int pages)
{
	(void)arg;
	(void)of;
	(void)which;
	log_pages = pages;
	return (SQLITE_OK);
}

void
room_yield(const char *path)
{
	(void)snprintf(name, sizeof(name), "%s.reserve", path);
	(void)unlink(name);
}

int
room_is_tight(void)
{
	return (reserve == 0);
}

void
room_keep(int64_t now_us)
{
	off_t	before = reserve;

	if (reserve >= RESERVE_BIG || now_us < retry_us)
		return;
	retry_us = now_us + RETRY_US;
	reserve_grow(RESERVE_BIG);
	if (reserve == 0)
		reserve_grow(RESERVE_SMALL);
	if (reserve == before)
		return;
	room_limit();
	if (told_tight) {
		log_info("database: there is room for more again");
		told_tight = 0;
	}
}

void
room_committed(void)
{
	if (log_pages < LOG_PAGES && reserve >= RESERVE_BIG)
		return;
	if (log_pages >= LOG_PAGES || log_pages > reserve / (4 * PAGE))
		room_checkpoint();
	if (reserve > 0 && reserve < RESERVE_BIG)
		room_limit();
}

void
room_full(void)
{
	room_checkpoint();
}

/*
 * The log gets its length, and the database some free pages, by a value that
 * is written and dropped again.
 */
static void
room_stretch(void)
{
	static const char	text[] =
	    "INSERT OR REPLACE INTO meta VALUES('reserve', zeroblob(1048576));"
	    "DELETE FROM meta WHERE key = 'reserve';";

	if (room_pragma("PRAGMA freelist_count") < FREE_PAGES &&
	    sql_exec(sq, text) != 0)
		log_warnx("database: no reserve for a full disk: %s",
		    sqlite3_errmsg(sq));
}

void
room_open(sqlite3 *opened, const char *path, int64_t now_us)
{
	struct stat	st;

	sq = opened;
	(void)snprintf(name, sizeof(name), "%s.reserve", path);
	reserve = stat(name, &st) == 0 ? st.st_size : 0;
	if (reserve < RESERVE_SMALL)
		reserve = 0;
	log_pages = 0;
	retry_us = now_us;
	(void)sqlite3_wal_hook(sq, room_hook, NULL);
	room_keep(now_us);
	room_limit();
	room_stretch();
	room_checkpoint();
	if (reserve == 0)
		tight_tell();
}
