/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite.c: durable state in one SQLite database, which only the store
 * opens.  Write-ahead log, exclusive lock and synchronous=FULL: one commit is
 * a few writes and one fdatasync(2), and nothing is opened after the start.
 *
 * All times in it are CLOCK_BOOTTIME of the boot that meta names.  meta also
 * has a pair of that clock and the wall clock; at the first start after a
 * reboot the pair tells how far all times move.  While one boot lasts the
 * wall clock decides nothing.
 */
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"

#define MARKER_US	(10 * 1000000LL)	/* age of the pair in meta */
#define DRIFT_US	(1000000LL)		/* or when the wall jumped */
#define FOREVER_US	(1LL << 60)		/* longer than any lease */
#define SUSPECT_US	(1000000LL)
#define BLOCK		4096
#define PATIENCE_S	5			/* with a disk that fails */
#define TRIM		1000			/* events between trimmings */

#define STMT_LIST(S)							\
	S(BEGIN, "BEGIN IMMEDIATE")					\
	S(COMMIT, "COMMIT")						\
	S(META_GET, "SELECT value FROM meta WHERE key = ?1")		\
	S(META_PUT, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)")	\
	S(LEASE_PUT, "INSERT INTO leases"				\
	    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"			\
	    " ON CONFLICT(addr) DO UPDATE SET state=?2, mac=?3,"	\
	    " client_id=?4, host=?5, hostname=?6, start_us=?7, expire_us=?8," \
	    " relay=?9")						\
	S(LEASES, "SELECT addr, state, mac, client_id, host, hostname,"	\
	    " start_us, expire_us, relay FROM leases WHERE addr > ?1"	\
	    " ORDER BY addr")						\
	S(LEASE, "SELECT addr, state, mac, client_id, host, hostname,"	\
	    " start_us, expire_us, relay FROM leases WHERE addr = ?1")	\
	S(TICKET_PUT, "INSERT OR REPLACE INTO tickets"			\
	    " VALUES(?1,?2,?3,?4,?5,?6,?7)")				\
	S(TICKETS, "SELECT host, state, image, token, since_us, expire_us," \
	    " seen FROM tickets WHERE host > ?1 ORDER BY host")		\
	S(ANSWERS_DROP, "DELETE FROM answers WHERE host = ?1")		\
	S(ANSWER_PUT, "INSERT INTO answers VALUES(?1,?2,?3)")		\
	S(ANSWERS, "SELECT name, data FROM answers WHERE host = ?1"	\
	    " ORDER BY name")						\
	S(EVENT_PUT, "INSERT INTO events(wall_us, step, bytes, addr, mac," \
	    " host, text) VALUES(?1,?2,?3,?4,?5,?6,?7)")		\
	S(EVENTS_TRIM, "DELETE FROM events WHERE seq <= ?1")		\
	S(EVENTS, "SELECT seq, wall_us, step, bytes, addr, mac, host, text" \
	    " FROM events WHERE host = ?1 AND seq > ?2 ORDER BY seq")	\
	S(EVENT_LAST, "SELECT seq, wall_us, step, bytes, addr, mac, host," \
	    " text FROM events WHERE host = ?1 ORDER BY seq DESC LIMIT 1") \
	S(MOVE_LEASES, "UPDATE leases SET"				\
	    " start_us = min(start_us + ?1, ?2), expire_us = CASE expire_us" \
	    " WHEN 9223372036854775807 THEN expire_us ELSE"		\
	    " min(expire_us + ?1, ?2 + expire_us - start_us) END")	\
	S(MOVE_TICKETS, "UPDATE tickets SET"				\
	    " since_us = min(since_us + ?1, ?2), expire_us = CASE expire_us" \
	    " WHEN 9223372036854775807 THEN expire_us ELSE"		\
	    " min(expire_us + ?1, ?2 + expire_us - since_us) END")

enum stmt {
#define S(tag, sql)	STMT_##tag,
	STMT_LIST(S)
#undef S
	STMT_MAX
};

static const char *const stmt_text[STMT_MAX] = {
#define S(tag, sql)	[STMT_##tag] = sql,
	STMT_LIST(S)
#undef S
};

enum opened { OPENED, DAMAGED, REFUSED };

static sqlite3		*sq;
static sqlite3_stmt	*stmts[STMT_MAX];
static int		 suspect;	/* after EIO, until it was checked */
static int64_t		 suspect_next_us;	/* not checked before that */
static uint64_t		 bad_rows;
static struct { int64_t boot_us, wall_us; } marker;

/* Statements. */

static int
stmt_prepare(enum stmt s)
{
	if (stmts[s] != NULL)
		return (0);
	return (sqlite3_prepare_v3(sq, stmt_text[s], -1,
	    SQLITE_PREPARE_PERSISTENT, &stmts[s], NULL) == SQLITE_OK ? 0 : -1);
}

static sqlite3_stmt *
stmt_of(enum stmt s)
{
	(void)sqlite3_reset(stmts[s]);
	(void)sqlite3_clear_bindings(stmts[s]);
	return (stmts[s]);
}

/* Run a statement that gives no rows. */
static int
stmt_run(enum stmt s)
{
	int	code = sqlite3_step(stmts[s]);

	(void)sqlite3_reset(stmts[s]);
	return (sql_errno(code));
}

static void
bind_text(sqlite3_stmt *s, int i, const char *text)
{
	(void)sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
}

static void
bind_blob(sqlite3_stmt *s, int i, const void *data, size_t len)
{
	if (len == 0)
		(void)sqlite3_bind_zeroblob(s, i, 0);
	else
		(void)sqlite3_bind_blob64(s, i, data, len, SQLITE_STATIC);
}

/* meta. */

static int
meta_get(const char *key, int64_t *value)
{
	sqlite3_stmt	*s = stmt_of(STMT_META_GET);
	int		 ok;

	bind_text(s, 1, key);
	ok = sqlite3_step(s) == SQLITE_ROW &&
	    col_int(s, 0, INT64_MIN, INT64_MAX, value) == 0;
	(void)sqlite3_reset(s);
	return (ok ? 0 : -1);
}

static int
meta_put(const char *key, int64_t value)
{
	sqlite3_stmt	*s = stmt_of(STMT_META_PUT);

	bind_text(s, 1, key);
	(void)sqlite3_bind_int64(s, 2, value);
	return (stmt_run(STMT_META_PUT));
}

static int
meta_boot_is(const char *boot_id)
{
	sqlite3_stmt	*s = stmt_of(STMT_META_GET);
	char		 text[BOOT_ID_LEN];
	int		 same;

	bind_text(s, 1, "boot_id");
	same = sqlite3_step(s) == SQLITE_ROW &&
	    col_text(s, 0, text, sizeof(text)) == 0 &&
	    text[0] != '\0' && strcmp(text, boot_id) == 0;
	(void)sqlite3_reset(s);
	return (same);
}

static int
marker_put(const struct store_clock *clock)
{
	int	error;

	if ((error = meta_put("clock_us", clock->boot_us)) != 0 ||
	    (error = meta_put("clock_wall_us", clock->wall_us)) != 0)
		return (error);
	marker.boot_us = clock->boot_us;
	marker.wall_us = clock->wall_us;
	return (0);
}

static int
marker_is_old(const struct store_clock *clock)
{
	int64_t	age = clock->boot_us - marker.boot_us;
	int64_t	drift = clock->wall_us - marker.wall_us - age;

	return (age > MARKER_US || drift > DRIFT_US || drift < -DRIFT_US);
}

/* Transactions. */

/* Does the disk give all of one of the open files? */
static int
file_is_readable(int pointer)
{
	sqlite3_file	*f = NULL;
	sqlite3_int64	 at, size = 0;
	uint8_t		 block[BLOCK];

	if (sqlite3_file_control(sq, "main", pointer, &f) != SQLITE_OK ||
	    f == NULL || f->pMethods == NULL)
		return (1);
	if (f->pMethods->xFileSize(f, &size) != SQLITE_OK)
		return (0);
	for (at = 0; at + BLOCK <= size; at += BLOCK)
		if (f->pMethods->xRead(f, block, BLOCK, at) != SQLITE_OK)
			return (0);
	return (1);
}

/* A disk that fails is no damage, but the check itself does not tell. */
static int
sqlite_check(void)
{
	sqlite3_stmt	*s = NULL;
	int		 code, error;

	if ((code = sqlite3_prepare_v2(sq, "PRAGMA quick_check(1)", -1, &s,
	    NULL)) != SQLITE_OK)
		return (sql_errno(code));
	error = sql_errno(code = sqlite3_step(s));
	if (code == SQLITE_ROW &&
	    strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
		error = EUCLEAN;
	(void)sqlite3_finalize(s);
	if (error == EUCLEAN && (!file_is_readable(SQLITE_FCNTL_FILE_POINTER) ||
	    !file_is_readable(SQLITE_FCNTL_JOURNAL_POINTER)))
		return (EIO);
	return (error);
}

/*
 * What the disk has after an error is not known until it is read; while it
 * goes on failing, not for every client that asks.
 */
static int
suspect_check(const struct store_clock *clock)
{
	int	error;

	if (clock->boot_us < suspect_next_us)
		return (EIO);
	(void)sqlite3_db_release_memory(sq);
	if ((error = sqlite_check()) != 0)
		suspect_next_us = clock->boot_us + SUSPECT_US;
	else
		suspect = 0;
	return (error);
}

static int
sqlite_begin(const struct store_clock *clock)
{
	int	error;

	if (suspect && (error = suspect_check(clock)) != 0)
		return (error);
	room_keep(clock->boot_us);
	(void)stmt_of(STMT_BEGIN);
	if ((error = stmt_run(STMT_BEGIN)) != 0)
		return (error);
	if (marker_is_old(clock))
		return (marker_put(clock));
	return (0);
}

/* When it is the log that cannot grow, emptying it makes room for a new try. */
static void
sqlite_rollback(void)
{
	int	full = sqlite3_errcode(sq) == SQLITE_FULL;

	if (!sqlite3_get_autocommit(sq))
		(void)sql_exec(sq, "ROLLBACK");
	if (full)
		room_full();
	marker.boot_us = marker.wall_us = INT64_MIN / 4;
}

static int
sqlite_commit(void)
{
	int	error;

	(void)stmt_of(STMT_COMMIT);
	if ((error = stmt_run(STMT_COMMIT)) == 0)
		room_committed();
	else if (error == EIO)
		suspect = 1;
	return (error);
}

/* Writing. */

static int
sqlite_put_lease(const struct msg_lease *lease)
{
	sqlite3_stmt	*s = stmt_of(STMT_LEASE_PUT);

	(void)sqlite3_bind_int64(s, 1, lease->addr);
	(void)sqlite3_bind_int(s, 2, lease->state);
	bind_blob(s, 3, lease->mac.b, sizeof(lease->mac.b));
	bind_blob(s, 4, lease->id, lease->id_len);
	bind_text(s, 5, lease->host);
	bind_text(s, 6, lease->hostname);
	(void)sqlite3_bind_int64(s, 7, lease->start_us);
	(void)sqlite3_bind_int64(s, 8, lease->expire_us);
	bind_blob(s, 9, lease->relay, lease->relay_len);
	return (stmt_run(STMT_LEASE_PUT));
}

static int
sqlite_put_ticket(const struct msg_ticket *ticket)
{
	sqlite3_stmt	*s = stmt_of(STMT_TICKET_PUT);

	bind_text(s, 1, ticket->host);
	(void)sqlite3_bind_int64(s, 2, ticket->state);
	bind_text(s, 3, ticket->image);
	bind_text(s, 4, ticket->token);
	(void)sqlite3_bind_int64(s, 5, ticket->since_us);
	(void)sqlite3_bind_int64(s, 6, ticket->expire_us);
	(void)sqlite3_bind_int64(s, 7, ticket->seen_system != 0);
	return (stmt_run(STMT_TICKET_PUT));
}

static int
sqlite_put_event(const struct ctl_event *ctl)
{
	const struct msg_event	*event = &ctl->event;
	sqlite3_stmt		*s = stmt_of(STMT_EVENT_PUT);
	int64_t			 seq;
	int			 error;

	(void)sqlite3_bind_int64(s, 1, ctl->wall_us);
	bind_text(s, 2, step_names[event->step]);
	(void)sqlite3_bind_int64(s, 3, (int64_t)event->bytes);
	(void)sqlite3_bind_int64(s, 4, event->addr);
	bind_blob(s, 5, event->mac.b, sizeof(event->mac.b));
	bind_text(s, 6, event->host);
	bind_text(s, 7, event->text);
	if ((error = stmt_run(STMT_EVENT_PUT)) != 0)
		return (error);
	if ((seq = sqlite3_last_insert_rowid(sq)) % TRIM != 0)
		return (0);
	s = stmt_of(STMT_EVENTS_TRIM);
	(void)sqlite3_bind_int64(s, 1, seq - STORE_EVENTS);
	return (stmt_run(STMT_EVENTS_TRIM));
}

static int
sqlite_put_answers(const char *host, const struct answers *all)
{
	sqlite3_stmt	*s = stmt_of(STMT_ANSWERS_DROP);
	size_t		 i;
	int		 error;

	bind_text(s, 1, host);
	error = stmt_run(STMT_ANSWERS_DROP);
	for (i = 0; i < all->n && error == 0; i++) {
		s = stmt_of(STMT_ANSWER_PUT);
		bind_text(s, 1, host);
		bind_text(s, 2, all->file[i].name);
		bind_blob(s, 3, all->file[i].data, all->file[i].len);
		error = stmt_run(STMT_ANSWER_PUT);
	}
	return (error);
}

/* Reading. */

/* At most max rows of a bound statement, as structs of this size. */
static int
rows_read(sqlite3_stmt *s, int (*row)(sqlite3_stmt *, void *), void *out,
    size_t size, size_t max)
{
	char	*next = out;
	size_t	 n = 0;
	int	 code = SQLITE_DONE;

	while (n < max && (code = sqlite3_step(s)) == SQLITE_ROW) {
		if (row(s, next + n * size) == -1)
			bad_rows++;
		else
			n++;
	}
	(void)sqlite3_reset(s);
	if (n < max && code != SQLITE_DONE) {
		log_warnx("database: %s", sqlite3_errmsg(sq));
		return (-1);
	}
	return ((int)n);
}

static int
sqlite_leases(int64_t after, struct msg_lease *out, size_t max)
{
	sqlite3_stmt	*s = stmt_of(STMT_LEASES);

	(void)sqlite3_bind_int64(s, 1, after);
	return (rows_read(s, row_lease, out, sizeof(*out), max));
}

static int
sqlite_lease(uint32_t addr, struct msg_lease *out)
{
	sqlite3_stmt	*s = stmt_of(STMT_LEASE);

	(void)sqlite3_bind_int64(s, 1, addr);
	return (rows_read(s, row_lease, out, sizeof(*out), 1) == 1);
}

static int
sqlite_tickets(const char *after, struct msg_ticket *out, size_t max)
{
	sqlite3_stmt	*s = stmt_of(STMT_TICKETS);

	bind_text(s, 1, after);
	return (rows_read(s, row_ticket, out, sizeof(*out), max));
}

static int
sqlite_events(const char *host, int64_t after, struct store_event *out,
    size_t max)
{
	sqlite3_stmt	*s = stmt_of(STMT_EVENTS);

	bind_text(s, 1, host);
	(void)sqlite3_bind_int64(s, 2, after);
	return (rows_read(s, row_event, out, sizeof(*out), max));
}

static int
sqlite_last_event(const char *host, struct store_event *out)
{
	sqlite3_stmt	*s = stmt_of(STMT_EVENT_LAST);

	bind_text(s, 1, host);
	return (rows_read(s, row_event, out, sizeof(*out), 1) == 1);
}

static int
sqlite_answers(const char *host, struct answers *all)
{
	sqlite3_stmt	*s = stmt_of(STMT_ANSWERS);
	char		 name[NAME_LEN];
	int		 code;

	memset(all, 0, sizeof(*all));
	bind_text(s, 1, host);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		if (col_text(s, 0, name, sizeof(name)) == -1 ||
		    sqlite3_column_type(s, 1) != SQLITE_BLOB ||
		    sqlite3_column_bytes(s, 1) > ANSWER_BYTES ||
		    answers_add(all, name, sqlite3_column_blob(s, 1),
		    (size_t)sqlite3_column_bytes(s, 1)) == -1)
			bad_rows++;
	}
	(void)sqlite3_reset(s);
	return (code == SQLITE_DONE ? 0 : -1);
}

/* Opening. */

static void
sqlite_close(void)
{
	size_t	i;

	for (i = 0; i < STMT_MAX; i++) {
		(void)sqlite3_finalize(stmts[i]);
		stmts[i] = NULL;
	}
	(void)sqlite3_close(sq);
	sq = NULL;
}

/*
 * Another boot: move all times to its clock.  What the wall clock says has
 * passed is taken off, but a lease never lasts longer than it did; without a
 * pair of clocks it lasts as long as it was given for.
 */
static int
times_move(const struct store_clock *clock)
{
	static const enum stmt	moves[] = {
		STMT_MOVE_LEASES, STMT_MOVE_TICKETS
	};
	sqlite3_stmt		*s;
	int64_t			 boot_us, wall_us, move = FOREVER_US;
	size_t			 i;
	int			 error;

	if (meta_get("clock_us", &boot_us) == 0 &&
	    meta_get("clock_wall_us", &wall_us) == 0)
		move = clock->boot_us - boot_us - (clock->wall_us > wall_us ?
		    clock->wall_us - wall_us : 0);
	for (i = 0; i < nitems(moves); i++) {
		s = stmt_of(moves[i]);
		(void)sqlite3_bind_int64(s, 1, move);
		(void)sqlite3_bind_int64(s, 2, clock->boot_us);
		if ((error = stmt_run(moves[i])) != 0)
			return (error);
	}
	s = stmt_of(STMT_META_PUT);
	bind_text(s, 1, "boot_id");
	bind_text(s, 2, clock->boot_id);
	return (stmt_run(STMT_META_PUT));
}

static int
times_begin(const struct store_clock *clock)
{
	int	error;

	(void)stmt_of(STMT_BEGIN);
	if ((error = stmt_run(STMT_BEGIN)) != 0)
		return (error);
	if (!meta_boot_is(clock->boot_id))
		error = times_move(clock);
	if (error == 0)
		error = marker_put(clock);
	if (error == 0)
		error = sqlite_commit();
	if (error != 0)
		sqlite_rollback();
	return (error);
}

/* The settings; the first of them finds out if it is a database at all. */
static int
sqlite_settings(void)
{
	return (sql_exec(sq, "PRAGMA locking_mode=EXCLUSIVE;"
	    "PRAGMA temp_store=MEMORY;"
	    "PRAGMA trusted_schema=OFF;"
	    "PRAGMA cell_size_check=ON;"
	    "PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=FULL;"
	    "PRAGMA wal_autocheckpoint=0;"	/* store_room.c does it */
	    "PRAGMA cache_size=-16384"));
}

static enum opened
sqlite_failed(int error, const char *path, char *why, size_t size)
{
	(void)snprintf(why, size, "%s: %s", path,
	    error == EBUSY ? "another store has it open" :
	    error == EUCLEAN ? "its structure is broken" :
	    sqlite3_errcode(sq) == SQLITE_OK ? strerror(error) :
	    sqlite3_errmsg(sq));
	return (error == EUCLEAN ? DAMAGED : REFUSED);
}

static enum opened
sqlite_try(const char *path, const struct store_clock *clock, char *why,
    size_t size)
{
	int64_t	version;
	size_t	i;
	int	error;

	if (sqlite3_open_v2(path, &sq, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return (sqlite_failed(EIO, path, why, size));
	if ((error = sqlite_settings()) != 0 || (error = schema_make(sq)) != 0)
		return (sqlite_failed(error, path, why, size));
	if (stmt_prepare(STMT_META_GET) != 0 ||
	    meta_get("version", &version) == -1 || version < 1) {
		(void)snprintf(why, size, "%s: no schema version", path);
		return (DAMAGED);
	}
	/* Also when it is damaged: what is new in it could not be saved. */
	if (version > STORE_VERSION) {
		(void)snprintf(why, size, "%s has schema version %lld, this "
		    "bootward knows %d: install the newer one again",
		    path, (long long)version, STORE_VERSION);
		return (REFUSED);
	}
	if ((error = sqlite_check()) != 0 ||
	    (error = schema_upgrade(sq, path, version)) != 0)
		return (sqlite_failed(error, path, why, size));
	for (i = 0; i < STMT_MAX; i++)
		if (stmt_prepare(i) != 0)
			return (sqlite_failed(EUCLEAN, path, why, size));
	if ((error = times_begin(clock)) == ENOSPC) {
		room_yield(path);
		error = times_begin(clock);
	}
	/* With a full disk there is still everything to be read. */
	if (error != 0 && (error != ENOSPC || !meta_boot_is(clock->boot_id)))
		return (sqlite_failed(error, path, why, size));
	room_open(sq, path, clock->boot_us);
	return (OPENED);
}

/*
 * Whether all of it can be read.  A disk may fail for a while; what it then
 * has not given must not be taken for lost.
 */
static int
sqlite_readable(const char *path)
{
	unsigned int	bad;
	int		i;

	for (i = 0; (bad = salvage_unreadable(path)) > 0; i++) {
		log_warnx("%s: %u blocks cannot be read", path, bad);
		if (i == PATIENCE_S)
			return (0);
		(void)sleep(1);
	}
	return (1);
}

static int
sqlite_open(const char *path, const struct store_clock *clock, char *why,
    size_t size)
{
	enum opened	opened;
	int		readable;

	suspect = 0;
	suspect_next_us = 0;
	if (salvage_finish(path) == -1) {
		(void)snprintf(why, size, "%s: %s", path, strerror(errno));
		return (-1);
	}
	readable = sqlite_readable(path);
	if ((opened = sqlite_try(path, clock, why, size)) == DAMAGED ||
	    (opened == REFUSED && !readable)) {
		log_warnx("%s; it is DAMAGED", why);
		sqlite_close();
		if (salvage_run(path, store_schema, why, size) == -1)
			return (-1);
		opened = sqlite_try(path, clock, why, size);
	}
	if (opened == OPENED)
		return (0);
	sqlite_close();
	return (-1);
}

const struct backend backend_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.put_lease = sqlite_put_lease,
	.put_ticket = sqlite_put_ticket,
	.put_event = sqlite_put_event,
	.put_answers = sqlite_put_answers,
	.leases = sqlite_leases,
	.lease = sqlite_lease,
	.tickets = sqlite_tickets,
	.events = sqlite_events,
	.last_event = sqlite_last_event,
	.answers = sqlite_answers,
	.is_tight = room_is_tight,
	.bad = &bad_rows,
};
