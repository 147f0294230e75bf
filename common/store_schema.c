/* SPDX-License-Identifier: ISC */
/*
 * store_schema.c: what tables the SQLite database has, in this version, and
 * how one of an earlier version becomes one of this.  A column that is new
 * stands last and has a default: rows need not be written anew for it.
 */
#include <errno.h>
#include <sqlite3.h>

#include "store.h"

const char store_schema[] =
	"CREATE TABLE meta("
	" key TEXT PRIMARY KEY NOT NULL, value);"
	"CREATE TABLE leases("
	" addr INTEGER PRIMARY KEY, state INTEGER, mac BLOB, client_id BLOB,"
	" host TEXT, hostname TEXT, start_us INTEGER, expire_us INTEGER,"
	" relay BLOB DEFAULT x'');"
	"CREATE TABLE tickets("
	" host TEXT PRIMARY KEY NOT NULL, state INTEGER, image TEXT,"
	" token TEXT, since_us INTEGER, expire_us INTEGER, seen INTEGER);"
	"CREATE TABLE answers("
	" host TEXT NOT NULL, name TEXT NOT NULL, data BLOB,"
	" PRIMARY KEY(host, name));"
	"CREATE TABLE events("
	" seq INTEGER PRIMARY KEY, wall_us INTEGER, step TEXT, bytes INTEGER,"
	" addr INTEGER, mac BLOB, host TEXT, text TEXT);"
	"CREATE INDEX events_host ON events(host);"
	"INSERT INTO meta VALUES('version', 2);";

/* What makes a schema of this version one of the next. */
static const char *const upgrades[STORE_VERSION] = {
	[1] = "ALTER TABLE leases ADD COLUMN relay BLOB DEFAULT x'';"
	    "UPDATE meta SET value = 2 WHERE key = 'version';",
};

int
sql_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return (0);
	case SQLITE_FULL:
		return (ENOSPC);
	case SQLITE_NOMEM:
		return (ENOMEM);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return (EUCLEAN);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return (EBUSY);
	case SQLITE_READONLY:
		return (EROFS);
	}
	return (EIO);
}

int
sql_exec(sqlite3 *sq, const char *sql)
{
	return (sql_errno(sqlite3_exec(sq, sql, NULL, NULL, NULL)));
}

/* A file without any table is a new database. */
int
schema_make(sqlite3 *sq)
{
	sqlite3_stmt	*s = NULL;
	int		 code, empty;

	code = sqlite3_prepare_v2(sq, "SELECT count(*) FROM sqlite_schema",
	    -1, &s, NULL);
	if (code != SQLITE_OK)
		return (sql_errno(code));
	empty = (code = sqlite3_step(s)) == SQLITE_ROW &&
	    sqlite3_column_int(s, 0) == 0;
	(void)sqlite3_finalize(s);
	if (!empty)
		return (sql_errno(code));
	if ((code = sql_exec(sq, "BEGIN")) == 0 &&
	    (code = sql_exec(sq, store_schema)) == 0)
		code = sql_exec(sq, "COMMIT");
	return (code);
}

/* An older schema becomes this one, or stays as it was. */
int
schema_upgrade(sqlite3 *sq, const char *path, int64_t version)
{
	int	error;

	if (version == STORE_VERSION)
		return (0);
	error = sql_exec(sq, "BEGIN IMMEDIATE");
	for (; version < STORE_VERSION && error == 0; version++)
		error = sql_exec(sq, upgrades[version]);
	if (error == 0 && (error = sql_exec(sq, "COMMIT")) == 0)
		log_info("%s now has schema version %d", path, STORE_VERSION);
	return (error);
}
