/* SPDX-License-Identifier: ISC */
/*
 * store_test.c: the SQLite back end in a directory of its own: what is
 * committed is there after a restart, times mean the same after a reboot, and
 * a damaged database gives back what can be read.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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
static int	sync_fails, syncs;
static struct store_clock now = { "boot-1", 100 * S, 1700000000 * S };

/* In the place of libc's, also for SQLite. */
int
fdatasync(int fd)
{
	syncs++;
	if (sync_fails) {
		errno = EIO;
		return (-1);
	}
	return ((int)syscall(SYS_fdatasync, fd));
}

static int
reopen(void)
{
	be->close();
	if (be->open(path, &now, why, sizeof(why)) == 0)
		return (0);
	printf("# %s\n", why);
	return (-1);
}

static void
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
static void
fresh(void)
{
	be->close();
	files_remove();
	now = (struct store_clock){ "boot-1", 100 * S, 1700000000 * S };
	CHECK(be->open(path, &now, why, sizeof(why)) == 0);
}

static struct msg_lease
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
	(void)snprintf(lease.host, sizeof(lease.host), "host%u", i);
	(void)snprintf(lease.hostname, sizeof(lease.hostname), "name%u", i);
	lease.start_us = now.boot_us;
	lease.expire_us = now.boot_us + HOUR;
	return (lease);
}

static int
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
static unsigned int
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

static int
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

static int
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
static int
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
static int
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

static int
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
static off_t
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

static void
test_roundtrip(void)
{
	struct msg_lease	lease, got;
	struct stat		st;
	unsigned int		good;

	fresh();
	CHECK(leases_count(&good) == 0);
	CHECK(leases_put(0, 1000) == 0);
	CHECK(leases_count(&good) == 1000 && good == 1000);
	CHECK(be->lease(FIRST + 5, &got) == 1 && got.addr == FIRST + 5);
	CHECK(be->lease(FIRST + 5000, &got) == 0);

	/* A renewal changes its row and adds none. */
	lease = lease_make(7);
	lease.expire_us += HOUR;
	CHECK(be->begin(&now) == 0 && be->put_lease(&lease) == 0 &&
	    be->commit() == 0);
	CHECK(leases_count(&good) == 1000 && good == 999);
	CHECK(be->lease(lease.addr, &got) == 1 &&
	    got.expire_us == lease.expire_us);

	/* What was rolled back has not happened. */
	lease = lease_make(2000);
	CHECK(be->begin(&now) == 0 && be->put_lease(&lease) == 0);
	be->rollback();
	CHECK(be->lease(lease.addr, &got) == 0);

	now.boot_us += 30 * S;
	CHECK(reopen() == 0);
	now.boot_us -= 30 * S;
	CHECK(leases_count(&good) == 1000 && good == 999);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 077) == 0);
}

static void
test_tickets(void)
{
	struct msg_ticket	t[4];
	struct answers		all;

	fresh();
	CHECK(ticket_put("b", TICKET_ARMED) == 0);
	CHECK(ticket_put("a", TICKET_INSTALLED) == 0);
	CHECK(ticket_put("b", TICKET_INSTALLING) == 0);
	CHECK(answers_put("b", "### file x\none\n### file y\ntwo\n") == 0);
	CHECK(answers_put("b", "### file preseed.cfg\nthree\n") == 0);
	CHECK(reopen() == 0);
	CHECK(be->tickets("", t, nitems(t)) == 2);
	CHECK(strcmp(t[0].host, "a") == 0 && t[0].state == TICKET_INSTALLED);
	CHECK(strcmp(t[1].host, "b") == 0 && t[1].state == TICKET_INSTALLING &&
	    strcmp(t[1].token, "0123456789abcdef") == 0);
	CHECK(be->tickets("a", t, nitems(t)) == 1);
	CHECK(be->answers("b", &all) == 0 && all.n == 1 &&
	    strcmp(all.file[0].name, "preseed.cfg") == 0 &&
	    all.file[0].len == 6 &&
	    memcmp(all.file[0].data, "three\n", 6) == 0);
	answers_free(&all);
	CHECK(be->answers("a", &all) == 0 && all.n == 0);
	answers_free(&all);
}

static int
event_put(const char *host, const char *text)
{
	struct ctl_event	e;

	memset(&e, 0, sizeof(e));
	e.wall_us = now.wall_us;
	e.event.step = STEP_KERNEL;
	e.event.percent = 100;
	e.event.bytes = 4242;
	(void)snprintf(e.event.host, sizeof(e.event.host), "%s", host);
	(void)snprintf(e.event.text, sizeof(e.event.text), "%s", text);
	return (be->put_event(&e));
}

static void
test_events(void)
{
	struct store_event	e[8];
	char			text[32];
	int			i, error = 0;

	fresh();
	CHECK(be->begin(&now) == 0);
	for (i = 0; i < STORE_EVENTS + 5000 && error == 0; i++) {
		(void)snprintf(text, sizeof(text), "event %d", i);
		error = event_put(i == 3 || i > STORE_EVENTS ? "web1" : "",
		    text);
	}
	CHECK(error == 0 && be->commit() == 0);
	CHECK(reopen() == 0);
	/* The oldest are gone, the newest STORE_EVENTS are there, in order. */
	CHECK(be->events("web1", 0, e, nitems(e)) == (int)nitems(e));
	CHECK(strcmp(e[0].ctl.event.text, "event 100001") == 0);
	CHECK(e[1].seq == e[0].seq + 1);
	CHECK(be->events("web1", e[7].seq, e, 1) == 1 &&
	    strcmp(e[0].ctl.event.text, "event 100009") == 0);
	CHECK(e[0].ctl.event.step == STEP_KERNEL &&
	    e[0].ctl.event.bytes == 4242 && e[0].ctl.wall_us == now.wall_us);
	CHECK(be->last_event("web1", e) == 1 &&
	    strcmp(e[0].ctl.event.text, "event 104999") == 0);
	CHECK(be->last_event("web2", e) == 0);
	CHECK(be->events("", 0, e, 1) == 1 && e[0].seq == 5001);
}

/* What remains of a lease of one hour, and of one without end. */
static const struct {
	const char	*name, *boot_id;
	int64_t		 boot_us, wall_s;	/* since the lease */
	int64_t		 left_us;
} restarts[] = {
	{ "same boot", "boot-1", 130 * S, 30, HOUR - 30 * S },
	{ "wall a year ahead", "boot-1", 130 * S, 31536000, HOUR - 30 * S },
	{ "wall back to 1970", "boot-1", 130 * S, -1700000000, HOUR - 30 * S },
	{ "reboot, ten minutes", "boot-2", 5 * S, 600, HOUR - 600 * S },
	{ "reboot, two hours", "boot-2", 5 * S, 7200, 0 },
	{ "reboot, wall went back", "boot-2", 5 * S, -86400, HOUR },
	{ "reboot, wall at 1970", "boot-2", 5 * S, -1700000000, HOUR },
};

static void
test_times(void)
{
	struct msg_lease	lease;
	struct msg_ticket	t;
	int64_t			left;
	size_t			i;

	for (i = 0; i < nitems(restarts); i++) {
		fresh();
		lease = lease_make(1);
		CHECK(be->begin(&now) == 0 && be->put_lease(&lease) == 0);
		lease = lease_make(2);
		lease.expire_us = INT64_MAX;
		CHECK(be->put_lease(&lease) == 0 && be->commit() == 0);
		CHECK(ticket_put("a", TICKET_ARMED) == 0);
		now.boot_id = restarts[i].boot_id;
		now.boot_us = restarts[i].boot_us;
		now.wall_us += restarts[i].wall_s * S;
		CHECK(reopen() == 0);
		CHECK(be->lease(FIRST + 1, &lease) == 1);
		left = lease.expire_us - now.boot_us;
		CHECK_NAMED((left < 0 ? 0 : left) == restarts[i].left_us,
		    restarts[i].name);
		CHECK_NAMED(lease.start_us <= now.boot_us, restarts[i].name);
		CHECK_NAMED(be->lease(FIRST + 2, &lease) == 1 &&
		    lease.expire_us == INT64_MAX, restarts[i].name);
		CHECK_NAMED(be->tickets("", &t, 1) == 1 &&
		    t.expire_us - now.boot_us == 3 * HOUR +
		    (restarts[i].left_us > 0 ? restarts[i].left_us : -HOUR),
		    restarts[i].name);
		/* A second start moves nothing any more. */
		left = lease.start_us;
		CHECK(reopen() == 0 && be->lease(FIRST + 2, &lease) == 1);
		CHECK_NAMED(lease.start_us == left, restarts[i].name);
	}

	/* A wall clock that was set right after the lease is believed. */
	fresh();
	now.wall_us = 100 * S;
	CHECK(reopen() == 0 && leases_put(1, 1) == 0);
	now.boot_us += 60 * S;
	now.wall_us = 1700000060 * S;
	CHECK(leases_put(2, 1) == 0);
	now = (struct store_clock){ "boot-2", 20 * S, 1700000160 * S };
	CHECK(reopen() == 0 && be->lease(FIRST + 1, &lease) == 1);
	CHECK(lease.expire_us - now.boot_us == HOUR - 160 * S);
}

/* Ten transactions of 50 leases by a process that is killed after a while. */
static void
test_kill(void)
{
	unsigned int	good, acked = 0, i, n;
	int		pipes[2], status;
	pid_t		pid;

	fresh();
	be->close();
	if (pipe(pipes) == -1 || (pid = fork()) == -1) {
		CHECK(0);
		return;
	}
	if (pid == 0) {
		if (be->open(path, &now, why, sizeof(why)) == -1)
			_exit(1);
		for (i = 0; ; i += 50) {
			if (leases_put(i, 50) != 0 ||
			    write(pipes[1], &i, sizeof(i)) != sizeof(i))
				_exit(1);
		}
	}
	(void)close(pipes[1]);
	while (read(pipes[0], &i, sizeof(i)) == sizeof(i)) {
		acked = i + 50;
		if (acked >= 1000)
			(void)kill(pid, SIGKILL);
	}
	(void)close(pipes[0]);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHECK(be->open(path, &now, why, sizeof(why)) == 0);
	n = leases_count(&good);
	CHECK(acked >= 1000 && n >= acked && good == n && n % 50 == 0);
}

/* A file that may not grow: commits fail, nothing is half there. */
static void
test_full(void)
{
	struct rlimit	old, small;
	unsigned int	good, n, stored;
	int		error = 0;

	fresh();
	(void)signal(SIGXFSZ, SIG_IGN);
	CHECK(leases_put(0, 100) == 0);
	CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
	small = old;
	small.rlim_cur = (rlim_t)256 * 1024;
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	for (n = 100; n < 20000 && error == 0; n += 100)
		if ((error = leases_put(n, 100)) != 0)
			be->rollback();
	CHECK(error == EIO || error == ENOSPC);
	stored = leases_count(&good);
	CHECK(stored == n - 100 && good == stored);
	CHECK(leases_put(n, 100) != 0);
	be->rollback();
	CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
	/* There is room again: no restart is needed. */
	CHECK(leases_put(stored, 500) == 0);
	CHECK(reopen() == 0);
	CHECK(leases_count(&good) == stored + 500 && good == stored + 500);
}

/* A commit is one that the disk has taken, or none. */
static void
test_sync(void)
{
	unsigned int	good;

	fresh();
	CHECK(leases_put(0, 100) == 0);
	syncs = 0;
	CHECK(leases_put(100, 100) == 0 && syncs == 1);
	sync_fails = 1;
	CHECK(leases_put(200, 100) == EIO);
	be->rollback();
	CHECK(leases_count(&good) == 200 && good == 200);
	CHECK(leases_put(200, 100) == EIO);
	be->rollback();
	sync_fails = 0;
	CHECK(leases_put(300, 100) == 0);
	CHECK(leases_count(&good) == 300 && good == 300);
	CHECK(reopen() == 0);
	CHECK(leases_count(&good) == 300 && good == 300);
}

static void
fill(void)
{
	fresh();
	CHECK(leases_put(0, 3000) == 0);
	CHECK(ticket_put("a", TICKET_ARMED) == 0);
	CHECK(answers_put("a", "hello\n") == 0);
	CHECK(reopen() == 0);
}

static void
test_bad_rows(void)
{
	static const char *const bad[] = {
		"UPDATE leases SET mac = x'00' WHERE addr = 172818688",
		"UPDATE leases SET mac = 'text' WHERE addr = 172818689",
		"UPDATE leases SET state = 99 WHERE addr = 172818690",
		"UPDATE leases SET client_id = zeroblob(141)"
		    " WHERE addr = 172818691",
		"UPDATE leases SET host = 'a' || char(10) WHERE addr ="
		    " 172818692",
		"UPDATE leases SET hostname = NULL WHERE addr = 172818693",
		"UPDATE leases SET expire_us = 'soon' WHERE addr = 172818694",
		"UPDATE leases SET start_us = 5e300 WHERE addr = 172818695",
		"UPDATE leases SET host = printf('%064d', 0) WHERE addr ="
		    " 172818696",
		"INSERT INTO leases VALUES(-5, 1, zeroblob(6), x'', '', '',"
		    " 0, 0)",
		"INSERT INTO leases VALUES(1 << 33, 1, zeroblob(6), x'', '',"
		    " '', 0, 0)",
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
	CHECK(leases_count(&good) == 3000 - 9 && good == 3000 - 9);
	CHECK(*be->bad - before == 10);
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
	CHECK(sql("UPDATE meta SET value = 2 WHERE key = 'version'") == 0);
	CHECK(reopen() == -1 && strstr(why, "schema version 2") != NULL);
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
	log_init("store_test", -1, 1);
	if (freopen("/dev/null", "w", stderr) == NULL)
		return (1);
	(void)umask(077);
	if (mkdtemp(dir) == NULL)
		return (1);
	(void)snprintf(path, sizeof(path), "%s/bootward.db", dir);
	test_roundtrip();
	test_tickets();
	test_events();
	test_times();
	test_kill();
	test_full();
	test_sync();
	test_bad_rows();
	test_damage();
	test_refused();
	be->close();
	files_remove();
	(void)rmdir(dir);
	return (unit_done());
}
