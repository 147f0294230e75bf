/* SPDX-License-Identifier: ISC */
/*
 * ksgen_run: plays the parent of one ksgen: ksgen_run KSGEN UID SCRIPT
 * [NAME=VALUE...].  The answer goes to standard output, what goes wrong to
 * standard error, and the exit status is ksgen's.  Runs as root.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"

static void
run_ksgen(const char *program, int link, int logger, int out, int error)
{
	int	null = open("/dev/null", O_RDONLY);

	/* The capabilities stay when the uid changes, as with our parent's. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == -1)
		_exit(126);
	/* High numbers first, so that none is overwritten before its turn. */
	link = fcntl(link, F_DUPFD, 100);
	logger = fcntl(logger, F_DUPFD, 100);
	out = fcntl(out, F_DUPFD, 100);
	error = fcntl(error, F_DUPFD, 100);
	if (dup2(null, 0) == -1 || dup2(out, 1) == -1 ||
	    dup2(error, 2) == -1 || dup2(link, FD_PARENT) == -1 ||
	    dup2(logger, FD_LOG) == -1)
		_exit(126);
	(void)close_range(FD_LOG + 1, ~0U, 0);
	(void)execl(program, "ksgen", (char *)NULL);
	_exit(126);
}

static void
copy(int from, int to)
{
	char	data[4096];
	ssize_t	n;
	off_t	off;

	for (off = 0; (n = pread(from, data, sizeof(data), off)) > 0; off += n)
		if (write(to, data, (size_t)n) != n)
			err(1, "write");
}

static void
copy_log(int from)
{
	char	line[LOG_LINE_MAX];
	ssize_t	n;

	while ((n = recv(from, line, sizeof(line) - 1, MSG_DONTWAIT)) > 0)
		(void)dprintf(STDERR_FILENO, "log: %.*s\n", (int)n - 1,
		    line + 1);
}

static void
play(struct imsgbuf *ib, uint32_t uid, const char *file, char **vars)
{
	struct msg_render	render;
	struct msg_start	start;
	int			script;

	memset(&start, 0, sizeof(start));
	start.uid = start.gid = uid;
	start.parent = getpid();
	(void)snprintf(start.root, sizeof(start.root), "/");
	memset(&render, 0, sizeof(render));
	if ((script = open(file, O_RDONLY)) == -1)
		err(1, "%s", file);
	(void)imsg_send(ib, MSG_START, 0, -1, &start, sizeof(start));
	(void)imsg_send(ib, MSG_SCRIPT, 0, script, &render, sizeof(render));
	for (; *vars != NULL; vars++)
		(void)imsg_send(ib, MSG_ENV, 0, -1, *vars, strlen(*vars));
	(void)imsg_send(ib, MSG_RUN, 0, -1, NULL, 0);
	(void)close(script);
}

int
main(int argc, char **argv)
{
	struct imsgbuf	ib;
	int		link[2], logger[2], out, error, status;
	pid_t		pid;

	if (argc < 4)
		errx(2, "usage: ksgen_run KSGEN UID SCRIPT [NAME=VALUE...]");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, link) == -1 ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, logger) == -1 ||
	    (out = memfd_create("out", 0)) == -1 ||
	    (error = memfd_create("err", 0)) == -1)
		err(1, "set-up");
	(void)signal(SIGPIPE, SIG_IGN);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0)
		run_ksgen(argv[1], link[1], logger[1], out, error);
	(void)close(link[1]);
	imsg_init(&ib, link[0], PROC_PARENT, PROC_KSGEN);
	play(&ib, (uint32_t)strtoul(argv[2], NULL, 10), argv[3], argv + 4);
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	copy(out, STDOUT_FILENO);
	copy(error, STDERR_FILENO);
	copy_log(logger[0]);
	if (WIFSIGNALED(status))
		errx(1, "ksgen: signal %d", WTERMSIG(status));
	return (WEXITSTATUS(status));
}
