/* SPDX-License-Identifier: ISC */
/*
 * damage_test.c: the SQLite back end with databases that it did not write
 * so: bad rows are left out, a damaged database gives back what can be read,
 * an older one becomes one of today, a newer one is refused.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>

#include "storefile.h"

/* Reads of a part of one file fail, so many times. */
static ino_t	fail_file;
static off_t	fail_from, fail_to;
static int	fail_times, sync_fails;

/* In the place of libc's, also for SQLite. */
int
fdatasync(int fd)
{
	if (sync_fails) {
		errno = EIO;
		return (-1);
	}
	return ((int)syscall(SYS_fdatasync, fd));
}

ssize_t
pread64(int fd, void *data, size_t len, off64_t at)
{
	struct stat	st;

	if (fail_times > 0 && at < fail_to && at + (off_t)len > fail_from &&
	    fstat(fd, &st) == 0 && st.st_ino == fail_file) {
		fail_times--;
		errno = EIO;
		return (-1);
	}
	return (syscall(SYS_pread64, fd, data, len, at));
}

ssize_t
pread(int fd, void *data, size_t len, off_t at)
{
	return (pread64(fd, data, len, at));
}

static void
test_bad_rows(void)
{
	static const char *const bad[] = {
		"UPDATE leases SET mac = x'00' WHERE addr = 172818688",
		"UPDATE leases SET mac = 'text' WHERE addr = 172818689",
		"UPDATE leases SET state = 99 WHERE addr = 172818690",
		"UPDATE leases SET client_id = zeroblob(300)"
		    " WHERE addr = 172818691",
		"UPDATE leases SET host = 'a' || char(10) WHERE addr ="
		    " 172818692",
		"UPDATE leases SET hostname = NULL WHERE addr = 172818693",
		"UPDATE leases SET expire_us = 'soon' WHERE addr = 172818694",
		"UPDATE leases SET start_us = 5e300 WHERE addr = 172818695",
		"UPDATE leases SET host = printf('%064d', 0) WHERE addr ="
		    " 172818696",
		"INSERT INTO leases VALUES(-5, 1, zeroblob(6), x'', '', '',"
		    " 0, 0, x'')",
		"INSERT INTO leases VALUES(1 << 33, 1, zeroblob(6), x'', '',"
		    " '', 0, 0, x'')",
		"UPDATE leases SET relay = zeroblob(109)"
		    " WHERE addr = 172818697",
		"UPDATE leases SET relay = 82 WHERE addr = 172818698",
	};
	unsigned int	good;
	size_t		i;
	uint64_t	before;

	fill();
	CHECK(FIRST == 172818688);
	for (i = 0; i < nitems(bad); i++)
		CHECK(sql(bad[i]) == 0);
	CHECK(sql("UPDATE tickets SET state = 'armed'") == 0);
	CHECK(reopen() == 0);
	before = *be->bad;
	CHECK(leases_count(&good) == 3000 - 11 && good == 3000 - 11);
	CHECK(*be->bad - before == 12);
	CHECK(files_count("bootward.db.damaged-") == 0);
}

static void
test_damage(void)
{
	struct msg_ticket	t;
	struct answers		all;
	struct stat		st;
	unsigned int		good, n;

	/* A page in the middle: everything but its rows is saved. */
	fill();
	CHECK(stat(path, &st) == 0 && st.st_size > 80 * 4096);
	CHECK(overwrite(page_with("name1500"), 4096, 0xff) == 0);
	CHECK(reopen() == 0);
	n = leases_count(&good);
	CHECK(n > 2900 && n < 3000 && good == n);
	CHECK(be->tickets("", &t, 1) == 1 && t.state == TICKET_ARMED);
	CHECK(be->answers("a", &all) == 0 && all.n == 1);
	answers_free(&all);
	CHECK(files_count("bootward.db.damaged-") == 1);
	CHECK(files_count("bootward.db.salvage") == 0);
	CHECK(files_count("bootward.db.partial") == 0);
	CHECK(files_count("bootward.db.new") == 0);

	/* The page above all others: page by page they are found. */
	fill();
	CHECK(overwrite(3 * 4096, 4096, 0) == 0 && reopen() == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	CHECK(be->tickets("", &t, 1) == 1);

	/* Twice in one second: both are kept. */
	CHECK(overwrite(page_with("name2500"), 4096, 0xff) == 0);
	CHECK(reopen() == 0);
	CHECK(files_count("bootward.db.damaged-") == 2);
	CHECK(reopen() == 0);
	CHECK(files_count("bootward.db.damaged-") == 2);

	/* The header, then the whole first page with the schema. */
	fill();
	CHECK(overwrite(0, 100, 'x') == 0 && reopen() == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	fill();
	CHECK(overwrite(0, 4096, 0) == 0 && reopen() == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	CHECK(be->tickets("", &t, 1) == 1);
	CHECK(files_count("bootward.db.damaged-") == 1);

	/* The second half is missing. */
	fill();
	be->close();
	CHECK(truncate(path, st.st_size / 2) == 0 && reopen() == 0);
	n = leases_count(&good);
	CHECK(n > 0 && n < 3000 && good == n);

	/* Something else altogether: an empty store, and the file is kept. */
	fill();
	be->close();
	CHECK(truncate(path, 0) == 0 && overwrite(0, 5000, 'z') == 0);
	CHECK(reopen() == 0 && leases_count(&good) == 0);
	CHECK(leases_put(0, 10) == 0 && leases_count(&good) == 10);
	CHECK(files_count("bootward.db.damaged-") == 1);

	/* A table is missing. */
	fill();
	CHECK(sql("DROP TABLE tickets") == 0 && reopen() == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	CHECK(ticket_put("b", TICKET_ARMED) == 0);
}

#define SMALL	600

/* A small database, closed; how many pages it has. */
static off_t
small(void)
{
	struct stat	st;

	fresh();
	CHECK(leases_put(0, SMALL) == 0 && reopen() == 0);
	be->close();
	return (stat(path, &st) == -1 ? 0 : st.st_size / 4096);
}

static void
flip(off_t at)
{
	uint8_t	octet;
	int	fd;

	if ((fd = open(path, O_RDWR)) == -1 || pread(fd, &octet, 1, at) != 1)
		octet = 0;
	octet ^= 0x40;
	CHECK(fd != -1 && pwrite(fd, &octet, 1, at) == 1);
	(void)close(fd);
}

/*
 * Cut off, zero from somewhere on, or one bit wrong: the store starts, no row
 * is made up, and of one page no more is lost than what was in it.
 */
static void
test_pages(void)
{
	static const int	offsets[] = { 0, 100, 2000 };
	unsigned int		good, n, least = SMALL;
	off_t			page, pages = small();
	size_t			i;

	/* Tables are in the first ones and in the last; between is room. */
	for (page = 0; page < pages; page += page < 6 || page >= pages - 8 ?
	    1 : page < pages - 72 ? 64 : pages - 8 - page) {
		(void)small();
		CHECK(truncate(path, page * 4096) == 0 && reopen() == 0);
		n = leases_count(&good);
		CHECK(good == n && leases_put(SMALL, 1) == 0);
		(void)small();
		CHECK(truncate(path, page * 4096) == 0 &&
		    truncate(path, pages * 4096) == 0 && reopen() == 0);
		n = leases_count(&good);
		CHECK(good == n && leases_put(SMALL, 1) == 0);
		for (i = 0; i < nitems(offsets); i++) {
			(void)small();
			flip(page * 4096 + offsets[i]);
			CHECK(reopen() == 0);
			n = leases_count(&good);
			least = good < least ? good : least;
			CHECK(n - good <= 1 && leases_put(SMALL, 1) == 0);
		}
	}
	printf("# %u of %u leases are left at worst\n", least, SMALL);
	CHECK(least > SMALL - 120);

	(void)small();
	CHECK(sql("UPDATE leases SET mac = x'00' WHERE addr < 172818788") == 0);
	CHECK(reopen() == 0);
	n = leases_count(&good);
	CHECK(n == SMALL - 100 && good == n);
}

static void
fails_set(off_t from, off_t to, int times)
{
	struct stat	st;

	CHECK(stat(path, &st) == 0);
	fail_file = st.st_ino;
	fail_from = from;
	fail_to = to;
	fail_times = times;
}

/* A disk that does not give all of it: for a while, or for good. */
static void
test_unreadable(void)
{
	unsigned int	good, n;
	off_t		page;

	fill();
	page = page_with("name1500");
	fails_set(page, page + 4096, 2);
	CHECK(reopen() == 0 && fail_times == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	CHECK(files_count("bootward.db.damaged-") == 0);

	/* While it runs: the store waits for the disk, and knows no damage. */
	fail_from = 0;
	fail_to = 1 << 30;
	sync_fails = 1;
	CHECK(leases_put(3000, 10) == EIO);
	be->rollback();
	sync_fails = 0;
	fails_set(0, 1 << 30, 1000000);
	CHECK(leases_put(3000, 10) == EIO);
	be->rollback();
	fail_times = 0;
	now.boot_us += 2 * S;
	CHECK(leases_put(3000, 10) == 0);
	now.boot_us -= 2 * S;
	CHECK(leases_count(&good) == 3010 && good == 3000);

	fill();
	fails_set(page_with("name1500"), 0, 1000000);
	fail_to = fail_from + 4096;
	CHECK(reopen() == 0);
	n = leases_count(&good);
	CHECK(n > 2900 && n < 3000 && good == n);
	CHECK(files_count("bootward.db.damaged-") == 1);
	fail_times = 0;
}

/* A database as version 1 made it; the leases of it as they were made. */
static void
old_version(void)
{
	static const char	down[] =
		"ALTER TABLE leases DROP COLUMN relay;"
		"UPDATE meta SET value = 1 WHERE key = 'version'";

	fill();
	CHECK(sql(down) == 0);
}

static unsigned int
leases_old(void)
{
	struct msg_lease	got[7], want;
	int64_t			after = -1;
	unsigned int		n = 0;
	int			i, rows;

	do {
		rows = be->leases(after, got, nitems(got));
		for (i = 0; i < rows; i++) {
			after = got[i].addr;
			want = lease_make(got[i].addr - FIRST);
			want.relay_len = 0;
			memset(want.relay, 0, sizeof(want.relay));
			n += memcmp(&want, &got[i], sizeof(want)) == 0;
		}
	} while (rows == (int)nitems(got));
	return (n);
}

static void
test_upgrade(void)
{
	struct msg_ticket	t;
	unsigned int		good;

	old_version();
	CHECK(reopen() == 0);
	CHECK(leases_old() == 3000);
	CHECK(be->tickets("", &t, 1) == 1 && t.state == TICKET_ARMED);
	/* From now on it is one of today's. */
	CHECK(leases_put(0, 3000) == 0 && reopen() == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	CHECK(files_count("bootward.db.damaged-") == 0);

	/* Damaged, and old: above its rows, then without its schema. */
	old_version();
	CHECK(overwrite(3 * 4096, 4096, 0) == 0 && reopen() == 0);
	CHECK(leases_old() == 3000);
	CHECK(be->tickets("", &t, 1) == 1 && t.state == TICKET_ARMED);
	CHECK(leases_put(0, 3000) == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	old_version();
	CHECK(overwrite(0, 4096, 0) == 0 && reopen() == 0);
	CHECK(leases_old() == 3000);
	CHECK(files_count("bootward.db.damaged-") == 1);
}

static void
test_refused(void)
{
	static char	new[80], saved[80];
	pid_t		pid;
	int		status;
	unsigned int	good;

	/* A newer schema is for a newer bootward. */
	fill();
	CHECK(sql("ALTER TABLE leases RENAME TO bindings") == 0);
	CHECK(sql("UPDATE meta SET value = 3 WHERE key = 'version'") == 0);
	CHECK(reopen() == -1 && strstr(why, "schema version 3") != NULL);
	CHECK(files_count("bootward.db.damaged-") == 0);
	/* Also a damaged one, of which we would save too little. */
	CHECK(overwrite(page_with("name1500"), 4096, 0xff) == 0);
	CHECK(reopen() == -1 && strstr(why, "schema version 3") != NULL);
	CHECK(files_count("bootward.db.damaged-") == 0);

	/* Only one store at a time. */
	fill();
	if ((pid = fork()) == 0)
		_exit(be->open(path, &now, why, sizeof(why)) == -1 &&
		    strstr(why, "another store") != NULL ? 0 : 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);

	/* A replacement that was interrupted is finished. */
	fill();
	be->close();
	(void)snprintf(new, sizeof(new), "%s.new", path);
	(void)snprintf(saved, sizeof(saved), "%s.partial", path);
	CHECK(rename(path, new) == 0);
	CHECK(creat(saved, 0600) != -1);
	CHECK(be->open(path, &now, why, sizeof(why)) == 0);
	CHECK(leases_count(&good) == 3000 && good == 3000);
	CHECK(files_count("bootward.db.new") == 0 &&
	    files_count("bootward.db.partial") == 0);
}

int
main(void)
{
	if (store_begin() == -1)
		return (1);
	test_bad_rows();
	test_damage();
	test_pages();
	test_unreadable();
	test_upgrade();
	test_refused();
	return (store_end());
}
