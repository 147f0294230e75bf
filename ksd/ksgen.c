/* SPDX-License-Identifier: ISC */
/*
 * ksgen: runs one answer script and ends.
 * Runs as _ksgen in empty network, IPC, UTS and process namespaces.  Holds fd
 * 1 (the answer) and fd 2 (what goes wrong), both memory of the parent's, fd
 * 3 (parent) and fd 4 (log), which the script does not get.  Runs programs
 * and reads files of the system, writes none, opens no network.
 *
 *	ksgen -- process 1 of its namespace -- sh, the script -- its programs
 *
 * Process 1 ends with the script, and the kernel ends with it whatever the
 * script has left running.  The script itself is a sealed copy in memory: it
 * cannot change while it runs, and _ksgen need not be able to read the file.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bootward.h"

#define SCRIPT_MAX	(1024 * 1024)
#define SCRIPT_FD	5		/* as the script's shell sees it */
#define ENV_MAX		256
#define CPU_SECONDS	10
#define WALL_SECONDS	20
#define MEMORY_MAX	(512UL * 1024 * 1024)
#define LATE		124		/* exit status, as of timeout(1) */

static struct imsgbuf	 parent_link;
static struct msg_start	 start;
static int		 script = -1;
static char		*env[ENV_MAX + 1];
static size_t		 nenv;
static int		 run;

/* Standard error is what "bootwardctl install" shows when this fails. */
static void
refuse(const char *why)
{
	(void)dprintf(STDERR_FILENO, "%s\n", why);
	_exit(1);
}

/* Environment: what a script must not get from a configuration. */

static int
env_name_ok(const char *pair, size_t len)
{
	static const char	letters[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char	digits[] = "0123456789";
	static const char *const reserved[] = {
		"ENV", "IFS", "LC_ALL", "LD_", "PATH", "PS4", "SHELLOPTS"
	};
	size_t			i, n;

	if (len == 0 || strchr(digits, pair[0]) != NULL)
		return (0);
	for (i = 0; i < len; i++)
		if (strchr(letters, pair[i]) == NULL &&
		    strchr(digits, pair[i]) == NULL)
			return (0);
	for (i = 0; i < nitems(reserved); i++) {
		n = strlen(reserved[i]);
		if (strncmp(pair, reserved[i], n) == 0 &&
		    (n == len || reserved[i][n - 1] == '_'))
			return (0);
	}
	return (1);
}

/* A later value of the same name takes the place of the former. */
static void
env_put(char *pair, size_t name_len)
{
	size_t	i;

	for (i = 0; i < nenv; i++)
		if (strncmp(env[i], pair, name_len + 1) == 0) {
			free(env[i]);
			env[i] = pair;
			return;
		}
	if (nenv == ENV_MAX)
		refuse("too many variables");
	env[nenv++] = pair;
}

static void
got_env(const struct imsg *msg)
{
	char	*pair;
	size_t	 name;

	pair = xcalloc(1, msg->len + 1);
	memcpy(pair, msg->data, msg->len);
	name = strcspn(pair, "=");
	if (strlen(pair) != msg->len || pair[name] != '=' ||
	    !env_name_ok(pair, name))
		refuse("a variable that no script may have");
	env_put(pair, name);
}

/* What the parent says. */

static void
got_script(const struct imsg *msg)
{
	if (script != -1)
		(void)close(script);
	script = msg->fd;
}

static void
got_start(const struct imsg *msg)
{
	start = *(const struct msg_start *)msg->data;
	if (!MSG_STRING_OK(start.root))
		fatalx("START without a root");
}

static void
handle(const struct imsg *msg)
{
	switch (msg->type) {
	case MSG_START:
		got_start(msg);
		break;
	case MSG_SCRIPT:
		got_script(msg);
		break;
	case MSG_ENV:
		got_env(msg);
		break;
	case MSG_RUN:
		run = 1;
		break;
	default:
		fatalx("%s is not for us", msg_name(msg->type));
	}
}

static void
wait_for(const int *flag)
{
	struct pollfd	pfd = { .fd = FD_PARENT, .events = POLLIN };
	struct imsg	msg;
	int		got;

	while (!*flag) {
		if ((got = imsg_get(&parent_link, &msg)) == -1)
			_exit(1);
		if (got == 1)
			handle(&msg);
		else if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
			fatal("poll");
	}
}

/*
 * A copy that belongs to us, so that the shell can open it by its number
 * whoever owns the file; sealed, so that nobody can change it.
 */
static int
script_copy(int from)
{
	char		chunk[4096];
	struct stat	st;
	ssize_t		n;
	off_t		off = 0;
	int		fd;

	if (fstat(from, &st) == -1 || !S_ISREG(st.st_mode))
		refuse("the answer script is not a file");
	if (st.st_size > SCRIPT_MAX)
		refuse("the answer script is longer than 1 MiB");
	if ((fd = memfd_create("script", MFD_CLOEXEC | MFD_ALLOW_SEALING)) ==
	    -1)
		fatal("memfd_create");
	while ((n = pread(from, chunk, sizeof(chunk), off)) > 0) {
		if (off + n > SCRIPT_MAX || write(fd, chunk, (size_t)n) != n)
			refuse("the answer script could not be copied");
		off += n;
	}
	if (n == -1 || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
	    F_SEAL_SHRINK | F_SEAL_SEAL) == -1)
		fatal("the script could not be copied");
	return (fd);
}

/* Running it. */

static void
limit(int resource, rlim_t soft, rlim_t hard)
{
	const struct rlimit	rl = { soft, hard };

	if (setrlimit((unsigned)resource, &rl) == -1)
		fatal("setrlimit");
}

/* The shell's $0 is what stands before its messages, with the line number. */
static void
script_exec(int fd)
{
	char		*argv[] = { (char[]){ "sh" }, (char[]){ "-eu" },
			    (char[]){ "-c" },
			    (char[]){ ". /proc/self/fd/5" },
			    (char[]){ "answer" }, NULL };
	sigset_t	 none;

	/* The soft limit's signal says what the hard one's would not. */
	limit(RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1);
	limit(RLIMIT_AS, MEMORY_MAX, MEMORY_MAX);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	static_assert(SCRIPT_FD == FD_LOG + 1, "fd of the script");
	if (fd != SCRIPT_FD && dup2(fd, SCRIPT_FD) == -1)
		fatal("dup2");
	if (fd == SCRIPT_FD && fcntl(fd, F_SETFD, 0) == -1)
		fatal("fcntl");
	(void)close_range(SCRIPT_FD + 1, ~0U, 0);
	(void)close_range(FD_PARENT, FD_LOG, 0);
	(void)execve("/bin/sh", argv, env);
	(void)dprintf(STDERR_FILENO, "/bin/sh: %s\n", strerror(errno));
	_exit(127);
}

/* Why it ended, in the shell's way of saying it, and in words. */
static int
script_status(int status)
{
	int	sig;

	if (WIFEXITED(status))
		return (WEXITSTATUS(status));
	sig = WTERMSIG(status);
	(void)dprintf(STDERR_FILENO, "answer: ended by signal %d (%s)%s\n", sig,
	    strsignal(sig), sig == SIGXFSZ ? ": it prints too much" :
	    sig == SIGXCPU ? ": it computes for too long" : "");
	return (128 + sig);
}

/* Process 1: whoever loses its parent becomes its child. */
static void
init_main(int fd)
{
	pid_t	pid, gone;
	int	status;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		fatal("prctl");
	(void)signal(SIGCHLD, SIG_DFL);
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0)
		script_exec(fd);
	(void)close_range(FD_PARENT, ~0U, 0);
	while ((gone = wait(&status)) != pid)
		if (gone == -1 && errno != EINTR)
			_exit(127);
	_exit(script_status(status));
}

/* Until process 1 has ended, or the time is over. */
static int
script_wait(pid_t pid, const sigset_t *child_ended)
{
	mono_t		now = clock_now(), end = mono_add_s(now, WALL_SECONDS);
	struct timespec	ts;
	int64_t		left;
	int		status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return (WIFEXITED(status) ? WEXITSTATUS(status) :
			    128 + WTERMSIG(status));
		left = mono_diff_us(end, clock_now());
		if (left <= 0)
			break;
		ts.tv_sec = left / 1000000;
		ts.tv_nsec = left % 1000000 * 1000;
		(void)sigtimedwait(child_ended, NULL, &ts);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	(void)dprintf(STDERR_FILENO, "answer: not ready after %d seconds\n",
	    WALL_SECONDS);
	return (LATE);
}

static int
script_run(int fd)
{
	sigset_t	child_ended;
	pid_t		pid;

	(void)sigemptyset(&child_ended);
	(void)sigaddset(&child_ended, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &child_ended, NULL) == -1)
		fatal("sigprocmask");
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0)
		init_main(fd);
	return (script_wait(pid, &child_ended));
}

static void
begin(void)
{
	static char	path[] = "PATH=/usr/bin:/bin";
	static char	locale[] = "LC_ALL=C";
	socklen_t	len = sizeof(int);
	int		type;

	if (getsockopt(FD_PARENT, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    type != SOCK_SEQPACKET) {
		(void)fprintf(stderr, "ksgen: is started by bootward(8)\n");
		exit(2);
	}
	(void)prctl(PR_SET_NAME, "ksgen");
	log_init("ksgen", FD_LOG, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	imsg_init(&parent_link, FD_PARENT, PROC_KSGEN, PROC_PARENT);
	env[nenv++] = path;
	env[nenv++] = locale;
}

int
main(void)
{
	begin();
	wait_for(&start.parent);
	(void)sandbox_jail(PROC_KSGEN, &start);
	wait_for(&run);
	if (script == -1)
		fatalx("RUN without a script");
	script = script_copy(script);
	(void)sandbox_lock(PROC_KSGEN, (int)start.sandbox_optional);
	return (script_run(script));
}
