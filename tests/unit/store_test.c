/* SPDX-License-Identifier: ISC */
/*
 * store_test.c: the SQLite back end: what is committed is there after a
 * restart, what the disk did not take is not, and times mean the same after a
 * reboot.
 */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

#include "storefile.h"

static int	sync_fails, syncs;

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

int
main(void)
{
	if (store_begin() == -1)
		return (1);
	test_roundtrip();
	test_tickets();
	test_events();
	test_times();
	test_kill();
	test_full();
	test_sync();
	return (store_end());
}
