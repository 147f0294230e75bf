/* SPDX-License-Identifier: ISC */
/*
 * sandbox.c: what every process may still do, on one screen: first the
 * tables, then the layers that enforce them.  sandbox_jail() runs with the
 * capabilities that the parent lent; sandbox_lock() with none.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"
#include "sandbox.h"

/* 1. System calls.  Whatever is in no list kills the process. */

static const int calls_common[] = {
	SCMP_SYS(sysinfo),	/* qsort(3) asks how much memory there is */
	SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(close),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex),
	SCMP_SYS(getpid), SCMP_SYS(getrandom), SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday), SCMP_SYS(madvise), SCMP_SYS(mremap),
	SCMP_SYS(munmap), SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sendmsg),
	SCMP_SYS(sendto), SCMP_SYS(tgkill), SCMP_SYS(write), SCMP_SYS(writev),
	NOTHING
};
static const int calls_store[] = {
	SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(fdatasync),
	SCMP_SYS(fstat), SCMP_SYS(fsync), SCMP_SYS(ftruncate),
	SCMP_SYS(getcwd), SCMP_SYS(geteuid), SCMP_SYS(lseek),
	SCMP_SYS(memfd_create), SCMP_SYS(newfstatat), SCMP_SYS(openat),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(read),
	SCMP_SYS(readlink), SCMP_SYS(unlink), NOTHING
};
static const int calls_packet[] = {
	SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg), NOTHING
};
static const int calls_tftpd[] = {
	SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(newfstatat),
	SCMP_SYS(openat2), SCMP_SYS(pread64), SCMP_SYS(recvmmsg),
	SCMP_SYS(sendmmsg), NOTHING
};
static const int calls_ksd[] = {
	SCMP_SYS(accept4), SCMP_SYS(fstat), SCMP_SYS(lseek),
	SCMP_SYS(newfstatat), SCMP_SYS(openat2), SCMP_SYS(pread64),
	SCMP_SYS(read), SCMP_SYS(recvfrom), SCMP_SYS(sendfile),
	SCMP_SYS(setsockopt), SCMP_SYS(shutdown), NOTHING
};

/*
 * Answer scripts run what the administrator wrote, so their list is the other
 * way round: what is refused, besides what nothing below bootward may do.
 */
static const int calls_script[] = {
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
	SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(chroot), SCMP_SYS(unshare), NOTHING
};

/* Tried by libraries; they live with a "no" (errno), so it does not kill. */
static const struct {
	int	call;
	int	error;
} calls_refused[] = {
	{ SCMP_SYS(clone3),	ENOSYS },
	{ SCMP_SYS(statx),	ENOSYS },
	{ SCMP_SYS(faccessat2),	ENOSYS },
	{ SCMP_SYS(open),	EACCES },
	{ SCMP_SYS(openat),	EACCES },
	{ SCMP_SYS(access),	EACCES },
	{ SCMP_SYS(stat),	EACCES },
	{ SCMP_SYS(ioctl),	ENOTTY },
};

/* 2. Files, beneath the process's own root directory. */

#define FS_READ		(LL_READ_FILE | LL_READ_DIR)
#define FS_RUN		(FS_READ | LL_EXECUTE)
#define FS_STORE	(FS_READ | LL_WRITE_FILE | LL_MAKE_REG | \
			LL_REMOVE_FILE | LL_TRUNCATE)

struct fs_rule {
	const char	*path;
	uint64_t	 access;
};

static const struct fs_rule fs_none[] = { { NULL, 0 } };
static const struct fs_rule fs_store[] = { { "/", FS_STORE }, { NULL, 0 } };
static const struct fs_rule fs_read[] = { { "/", FS_READ }, { NULL, 0 } };
static const struct fs_rule fs_script[] = {
	{ "/usr", FS_RUN }, { "/bin", FS_RUN }, { "/sbin", FS_RUN },
	{ "/lib", FS_RUN }, { "/lib64", FS_RUN },
	{ "/etc/ld.so.cache", LL_READ_FILE },
	{ ANSWER_DIR, FS_READ }, { "/dev/null", LL_READ_FILE | LL_WRITE_FILE },
	{ NULL, 0 }
};

/* 3. Everything together. */

struct policy {
	const int		*calls;		/* besides common; or refused */
	const struct fs_rule	*files;
	rlim_t			 nofile;
	rlim_t			 nproc;
	rlim_t			 fsize;
	int			 namespaces;
};

#define NS_ALL	(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

static const struct policy policies[PROC_MAX] = {
	[PROC_STORE] = { calls_store, fs_store, 256, 0, RLIM_INFINITY, NS_ALL },
	[PROC_DHCPD] = { calls_packet, fs_none, 256, 0, 0, NS_ALL },
	[PROC_ARPD]  = { calls_packet, fs_none, 256, 0, 0, NS_ALL },
	[PROC_TFTPD] = { calls_tftpd, fs_read, 2048, 0, 0, NS_ALL },
	[PROC_KSD]   = { calls_ksd, fs_read, 16384, 0, 0, NS_ALL },
	[PROC_KSGEN] = { calls_script, fs_script, 64, 64, 1024 * 1024,
	    NS_ALL | CLONE_NEWPID },
};

/* 4. The jail: who and where the process is. */

static const char remedy[] = "; in a container allow it or say "
    "\"sandbox optional\" in bootward.conf";

/* A layer failed: fatal unless the administrator allowed less. */
static uint32_t
layer(int ok, uint32_t bit, int optional, const char *what)
{
	if (ok)
		return (bit);
	if (!optional)
		fatal("sandbox: %s is refused%s", what, remedy);
	log_warn("sandbox: going on without %s", what);
	return (0);
}

/* Nobody else may be able to change what the process lives in. */
static void
jail_check_dir(const char *path, uid_t uid)
{
	struct stat	st;

	if (stat(path, &st) == -1)
		fatal("sandbox: chroot directory %s", path);
	if (!S_ISDIR(st.st_mode) || (st.st_uid != 0 && st.st_uid != uid) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		fatalx("sandbox: %s must be a directory of root (or the "
		    "daemon's own) that nobody else may write", path);
}

static void
jail_become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		fatal("sandbox: becoming uid %u gid %u", uid, gid);
}

/* After the capabilities are gone, so must be every way back. */
static void
jail_check_uid(uid_t uid, gid_t gid)
{
	if (setuid(0) != -1 || geteuid() != uid || getegid() != gid)
		fatalx("sandbox: uid %u can become root again", uid);
}

/* Upper bounds first: afterwards nothing can raise them. */
static int
jail_drop_bounding(void)
{
	int	cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			return (-1);
	return (0);
}

static int
jail_limits(const struct policy *policy)
{
	const struct {
		int	resource;
		rlim_t	limit;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_FSIZE, policy->fsize },
		{ RLIMIT_NPROC, policy->nproc },
		{ RLIMIT_NOFILE, policy->nofile },
	};
	struct rlimit	rl;
	size_t		i;

	for (i = 0; i < nitems(limits); i++) {
		if (getrlimit((unsigned)limits[i].resource, &rl) == -1)
			return (-1);
		if (limits[i].limit < rl.rlim_max)
			rl.rlim_max = limits[i].limit;
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit((unsigned)limits[i].resource, &rl) == -1)
			return (-1);
	}
	return (0);
}

uint32_t
sandbox_jail(enum proc id, const struct msg_start *start)
{
	const struct policy	*policy = &policies[id];
	const int		 optional = start->sandbox_optional != 0;
	uint32_t		 done = 0;

	jail_check_dir(start->root, start->uid);
	done |= layer(unshare(policy->namespaces) == 0, SANDBOX(NAMESPACES),
	    optional, "unshare of namespaces");
	done |= layer(jail_drop_bounding() == 0, SANDBOX(CAPS), optional,
	    "dropping the capability bounding set");
	/* The store's directory is open to the store's user alone. */
	jail_become(start->uid, start->gid);
	done |= layer(chroot(start->root) == 0 && chdir("/") == 0,
	    SANDBOX(CHROOT), 0, "chroot");
	if (sandbox_set_caps(0) == -1)
		fatal("sandbox: dropping capabilities");
	jail_check_uid(start->uid, start->gid);
	done |= SANDBOX(UID);
	done |= layer(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
	    SANDBOX(NONEWPRIVS), 0, "no_new_privs");
	done |= layer(jail_limits(policy) == 0, SANDBOX(LIMITS), 0,
	    "resource limits");
	done |= layer(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0,
	    SANDBOX(DUMPABLE), 0, "not being dumpable");
	/* The uid change cleared it, and the parent may be gone by now. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 ||
	    getppid() != start->parent)
		fatalx("sandbox: the parent is gone");
	return (done);
}

/* 5. The lock: what the process may ask the kernel. */

static int
lock_files(const struct fs_rule *rules)
{
	int	fd, error = 0;

	if ((fd = landlock_new()) == -1)
		return (-1);
	for (; rules->path != NULL && error == 0; rules++)
		error = landlock_allow(fd, rules->path, rules->access);
	if (error == 0)
		error = landlock_enforce(fd);
	(void)close(fd);
	return (error);
}

static int
lock_allow(scmp_filter_ctx ctx, const int *calls)
{
	for (; calls != NULL && *calls != NOTHING; calls++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *calls, 0) != 0)
			return (-1);
	return (0);
}

/* Who decides by where an answer would go may ask that; see nexthop.c. */
static int
asks_nexthop(enum proc id)
{
	return (id == PROC_TFTPD || id == PROC_KSD);
}

/* Every other ioctl(2) is tried by libraries only, as in calls_refused. */
static int
lock_ioctl(scmp_filter_ctx ctx, enum proc id)
{
	if (!asks_nexthop(id))
		return (0);
	if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
	    SCMP_A1(SCMP_CMP_EQ, SIOCGARP)) != 0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1,
	    SCMP_A1(SCMP_CMP_NE, SIOCGARP)) != 0)
		return (-1);
	return (0);
}

/* Calls that are fine with some arguments only. */
static int
lock_arguments(scmp_filter_ctx ctx, enum proc id)
{
	static const int	dup_calls[] = { F_DUPFD_CLOEXEC, F_ADD_SEALS,
				    F_SETLK, F_GETLK };
	static const int	fcntl_calls[] = { F_GETFL, F_SETFL, F_GETFD };
	size_t			i;

	if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) != 0 ||
	    seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) != 0)
		return (-1);
	for (i = 0; i < nitems(fcntl_calls); i++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, (unsigned)fcntl_calls[i])) != 0)
			return (-1);
	for (i = 0; id == PROC_STORE && i < nitems(dup_calls); i++)
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, (unsigned)dup_calls[i])) != 0)
			return (-1);
	return (0);
}

static int
in_calls(const int *calls, int call)
{
	for (; *calls != NOTHING; calls++)
		if (*calls == call)
			return (1);
	return (0);
}

static int
lock_calls(enum proc id, const int *calls)
{
	scmp_filter_ctx	ctx;
	size_t		i;
	int		error;

	if ((ctx = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL)
		return (-1);
	error = lock_allow(ctx, calls_common) == -1 ||
	    lock_allow(ctx, calls) == -1 || lock_arguments(ctx, id) == -1 ||
	    lock_ioctl(ctx, id) == -1;
	for (i = 0; i < nitems(calls_refused) && !error; i++) {
		if (in_calls(calls, calls_refused[i].call) ||
		    (calls_refused[i].call == SCMP_SYS(ioctl) &&
		    asks_nexthop(id)))
			continue;
		error = seccomp_rule_add(ctx,
		    SCMP_ACT_ERRNO((uint32_t)calls_refused[i].error),
		    calls_refused[i].call, 0) != 0;
	}
	if (!error)
		error = seccomp_load(ctx) != 0;
	seccomp_release(ctx);
	return (error ? -1 : 0);
}

uint32_t
sandbox_lock(enum proc id, int optional)
{
	const struct policy	*policy = &policies[id];
	uint32_t		 done = 0;

	done |= layer(lock_files(policy->files) == 0, SANDBOX(LANDLOCK),
	    optional, "Landlock (Linux 5.13, in the kernel's lsm= list)");
	return (done | layer((id == PROC_KSGEN ? sandbox_deny(policy->calls) :
	    lock_calls(id, policy->calls)) == 0, SANDBOX(SECCOMP), optional,
	    "seccomp"));
}
