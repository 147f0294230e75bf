/* SPDX-License-Identifier: ISC */
/*
 * inject PID CALL...: what the kernel answers when a running process makes a
 * system call that it never makes by itself: as a takeover of the process
 * would.  Stops the process where it waits in a system call of its own, runs
 * the call there, puts everything back.  Prints one line a call:
 *
 *	NAME killed | refused ERRNO | allowed RESULT
 *
 * x86-64 only.  "inject -l" lists the calls.
 */
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))
#define SCRATCH		(-1UL)		/* address of "/etc/passwd" */
#define ZEROES		(-2UL)		/* address of some zero octets */
#define SELF		(-3UL)		/* the process's own pid */
#define SCRATCH_SIZE	1024
#define ZERO_OFFSET	128

static const struct call {
	const char	*name;
	long		 nr;
	unsigned long	 args[6];
} calls[] = {
	{ "socket-inet", SYS_socket, { AF_INET, SOCK_DGRAM, 0 } },
	{ "socket-unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socket-packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0, ZEROES } },
	{ "connect", SYS_connect, { 3, ZEROES, 16 } },
	{ "bind", SYS_bind, { 3, ZEROES, 16 } },
	{ "listen", SYS_listen, { 3, 1 } },
	{ "open", SYS_open, { SCRATCH, O_RDONLY } },
	{ "open-write", SYS_open, { SCRATCH, O_RDWR | O_CREAT, 0600 } },
	{ "creat", SYS_creat, { SCRATCH, 0600 } },
	{ "mkdir", SYS_mkdir, { SCRATCH, 0700 } },
	{ "rename", SYS_rename, { SCRATCH, SCRATCH } },
	{ "symlink", SYS_symlink, { SCRATCH, SCRATCH } },
	{ "mknod", SYS_mknod, { SCRATCH, 0600, 0 } },
	{ "chmod", SYS_chmod, { SCRATCH, 0777 } },
	{ "chroot", SYS_chroot, { SCRATCH } },
	{ "chdir", SYS_chdir, { SCRATCH } },
	{ "execve", SYS_execve, { SCRATCH, 0, 0 } },
	{ "fork", SYS_fork, { 0 } },
	{ "clone", SYS_clone, { SIGCHLD } },
	{ "ptrace", SYS_ptrace, { PTRACE_ATTACH, 1 } },
	{ "process-vm-readv", SYS_process_vm_readv, { 1, ZEROES, 1, ZEROES, 1 } },
	{ "kill", SYS_kill, { SELF, 0 } },
	{ "kill-all", SYS_kill, { -1UL, 0 } },
	{ "setuid", SYS_setuid, { 0 } },
	{ "setresuid", SYS_setresuid, { 0, 0, 0 } },
	{ "setgroups", SYS_setgroups, { 0, ZEROES } },
	{ "unshare-user", SYS_unshare, { CLONE_NEWUSER } },
	{ "setns", SYS_setns, { 3, 0 } },
	{ "mount", SYS_mount, { SCRATCH, SCRATCH, SCRATCH, 0, 0 } },
	{ "dup", SYS_dup, { 3 } },
	{ "dup2", SYS_dup2, { 3, 9 } },
	{ "fcntl-dupfd", SYS_fcntl, { 3, F_DUPFD, 0 } },
	{ "ioctl", SYS_ioctl, { 3, 0x8910, ZEROES } },
	{ "mmap-exec", SYS_mmap, { 0, 4096, 7, 0x22, -1UL, 0 } },
	{ "mprotect-exec", SYS_mprotect, { 0, 0, 4 } },
	{ "memfd-create", SYS_memfd_create, { SCRATCH, 0 } },
	{ "prctl", SYS_prctl, { 38, 1 } },
	{ "seccomp", SYS_seccomp, { 1, 0, ZEROES } },
	{ "bpf", SYS_bpf, { 0, ZEROES, 16 } },
	{ "keyctl", SYS_keyctl, { 0, 0 } },
	{ "io-uring-setup", SYS_io_uring_setup, { 1, ZEROES } },
	{ "userfaultfd", SYS_userfaultfd, { 0 } },
	{ "perf-event-open", SYS_perf_event_open, { ZEROES, 0, -1UL, -1UL, 0 } },
	{ "setrlimit", SYS_setrlimit, { 7, ZEROES } },
	{ "reboot", SYS_reboot, { 0 } },
};

/* Errors that only a filter or a dropped privilege gives for these calls. */
static int
is_refusal(long error)
{
	return (error == EPERM || error == EACCES || error == ENOSYS ||
	    error == ENOTTY);
}

static void
step(pid_t pid, int request, int *status)
{
	if (ptrace(request, pid, NULL, NULL) == -1)
		err(1, "ptrace");
	if (waitpid(pid, status, __WALL) != pid)
		err(1, "waitpid");
}

static void
scratch_write(pid_t pid, unsigned long at)
{
	char		 data[SCRATCH_SIZE] = "/etc/passwd";
	unsigned long	 word;
	size_t		 i;

	for (i = 0; i < sizeof(data); i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		if (ptrace(PTRACE_POKEDATA, pid, at + i, word) == -1)
			err(1, "PTRACE_POKEDATA");
	}
}

static unsigned long
argument(const struct call *call, int n, unsigned long scratch, pid_t pid)
{
	/* Only a call of its own name asks about all processes. */
	if (strcmp(call->name, "kill-all") == 0 ||
	    call->nr == SYS_mmap || call->nr == SYS_perf_event_open)
		return (call->args[n]);
	switch (call->args[n]) {
	case SCRATCH:
		return (scratch);
	case ZEROES:
		return (scratch + ZERO_OFFSET);
	case SELF:
		return ((unsigned long)pid);
	}
	return (call->args[n]);
}

/* The regs of a process that waits in a system call: run another one there. */
static void
inject(pid_t pid, const struct call *call, struct user_regs_struct regs)
{
	struct user_regs_struct	mine = regs;
	unsigned long		scratch = regs.rsp - 8192;
	int			status;

	scratch_write(pid, scratch);
	mine.rip = regs.rip - 2;		/* the syscall instruction */
	mine.rax = (unsigned long)call->nr;
	mine.orig_rax = -1UL;			/* nothing to restart */
	mine.rdi = argument(call, 0, scratch, pid);
	mine.rsi = argument(call, 1, scratch, pid);
	mine.rdx = argument(call, 2, scratch, pid);
	mine.r10 = argument(call, 3, scratch, pid);
	mine.r8 = argument(call, 4, scratch, pid);
	mine.r9 = argument(call, 5, scratch, pid);
	if (ptrace(PTRACE_SETREGS, pid, NULL, &mine) == -1)
		err(1, "PTRACE_SETREGS");
	step(pid, PTRACE_SINGLESTEP, &status);
	if (!WIFSTOPPED(status)) {
		printf("%s killed\n", call->name);
		exit(0);
	}
	if (ptrace(PTRACE_GETREGS, pid, NULL, &mine) == -1) {
		printf("%s killed\n", call->name);
		exit(0);
	}
	if ((long)mine.rax < 0 && is_refusal(-(long)mine.rax))
		printf("%s refused %s\n", call->name,
		    strerrorname_np((int)-(long)mine.rax));
	else
		printf("%s allowed %ld\n", call->name, (long)mine.rax);
}

static void
attach(pid_t pid, struct user_regs_struct *regs)
{
	unsigned long	code;
	int		status, tries;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == -1)
		err(1, "PTRACE_SEIZE %d", pid);
	for (tries = 0; tries < 100; tries++) {
		if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1 ||
		    waitpid(pid, &status, __WALL) != pid)
			err(1, "PTRACE_INTERRUPT");
		if (ptrace(PTRACE_GETREGS, pid, NULL, regs) == -1)
			err(1, "PTRACE_GETREGS");
		code = (unsigned long)ptrace(PTRACE_PEEKTEXT, pid,
		    regs->rip - 2, NULL);
		if ((code & 0xffff) == 0x050f)
			return;
		if (ptrace(PTRACE_CONT, pid, NULL, NULL) == -1)
			err(1, "PTRACE_CONT");
		(void)usleep(10000);
	}
	errx(1, "process %d is never found in a system call", pid);
}

static const struct call *
find(const char *name)
{
	size_t	i;

	for (i = 0; i < nitems(calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return (&calls[i]);
	errx(2, "no such call: %s", name);
}

int
main(int argc, char *argv[])
{
	struct user_regs_struct	regs;
	pid_t			pid;
	size_t			n;
	int			i;

	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		for (n = 0; n < nitems(calls); n++)
			puts(calls[n].name);
		return (0);
	}
	if (argc < 3 || (pid = atoi(argv[1])) <= 1)
		errx(2, "usage: inject -l | inject PID CALL...");
	setvbuf(stdout, NULL, _IOLBF, 0);
	attach(pid, &regs);
	for (i = 2; i < argc; i++)
		inject(pid, find(argv[i]), regs);
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) == -1 ||
	    ptrace(PTRACE_DETACH, pid, NULL, NULL) == -1)
		err(1, "detaching");
	return (0);
}
