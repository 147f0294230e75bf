/* SPDX-License-Identifier: ISC */
/*
 * spawn.c: the parent's children: started, given what they need, listened to,
 * and started again when they die.  The descriptors that matter (sockets, the
 * log) are the parent's, so that a death loses nothing that was queued.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define DELAY_FIRST_MS	20	/* a first death costs next to nothing */
#define DELAY_MOST_MS	20000
#define LIVED_WELL_S	10	/* after this long the next death is a first */
#define TURN_MESSAGES	64	/* of one child, then the others */

static int	spawn_dir = -1;

void
spawn_find(void)
{
	char		 path[4096];
	ssize_t		 n;
	char		*slash;

	if ((n = readlink("/proc/self/exe", path, sizeof(path) - 1)) == -1)
		fatal("/proc/self/exe");
	path[n] = '\0';
	slash = strrchr(path, '/');
	*slash = '\0';
	spawn_dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (spawn_dir != -1 && faccessat(spawn_dir, "ksgen", X_OK, 0) == 0)
		return;
	if (spawn_dir != -1)
		(void)close(spawn_dir);
	spawn_dir = open(LIBEXEC_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (spawn_dir == -1 || faccessat(spawn_dir, "ksgen", X_OK, 0) == -1)
		fatal("the daemons are neither in %s nor in %s", path,
		    LIBEXEC_DIR);
}

/* In the forked child: descriptors and capabilities, then the program. */
static void __attribute__((__noreturn__))
spawn_become(enum proc id, int link, int log_fd, int out, int err)
{
	static const int	lent[] = { CAP_SETUID, CAP_SETGID, CAP_SETPCAP,
				    CAP_SYS_CHROOT, CAP_SYS_ADMIN };
	char			title[32];
	char *const		argv[] = { title, NULL };
	char *const		env[] = { NULL };
	sigset_t		none;
	int			fds[5] = { -1, out, err, link, log_fd };
	int			i;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* Lift all above where they go, so that none lands on another. */
	if ((fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		_exit(126);
	for (i = 0; i < 5; i++) {
		if (fds[i] == -1)
			fds[i] = i < 3 ? fds[0] : -1;
		if ((fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10)) == -1)
			_exit(126);
	}
	/* A foreground parent's stderr shows even what a crash prints. */
	for (i = 0; i < 5; i++)
		if (!(i == 2 && err == -1 && parent.foreground) &&
		    dup2(fds[i], i) == -1)
			_exit(126);
	if (close_range(5, ~0U, CLOSE_RANGE_CLOEXEC) == -1)
		_exit(126);
	for (i = 0; i < (int)nitems(lent); i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, lent[i], 0,
		    0) == -1)
			_exit(126);
	(void)snprintf(title, sizeof(title), "bootward: %s", proc_names[id]);
	(void)umask(077);
	if (fchdir(spawn_dir) == -1)
		_exit(126);
	(void)execve(proc_names[id], argv, env);
	_exit(127);
}

pid_t
spawn_exec(enum proc id, struct imsgbuf **ib, int log_fd, int out, int err)
{
	int	pair[2];
	pid_t	pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
		log_warn("socketpair");
		return (-1);
	}
	if ((pid = fork()) == 0)
		spawn_become(id, pair[1], log_fd, out, err);
	(void)close(pair[1]);
	if (pid == -1) {
		log_warn("fork for %s", proc_names[id]);
		(void)close(pair[0]);
		return (-1);
	}
	*ib = xcalloc(1, sizeof(**ib));
	imsg_init(*ib, pair[0], PROC_PARENT, id);
	return (pid);
}

/* A line of a child's log, with a level that it chose and our name for it. */
static void
spawn_log(int fd, short what, void *arg)
{
	const struct kid	*kid = arg;
	char			 line[LOG_LINE_MAX + 1];
	ssize_t			 n;
	int			 i;

	(void)what;
	for (i = 0; i < 64; i++) {
		n = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT);
		if (n < 2 || line[0] < '0' || line[0] > '0' + LOG_LVL_DEBUG)
			return;
		line[n] = '\0';
		log_line((enum log_level)(line[0] - '0'), proc_names[kid->id],
		    line + 1);
	}
}

/* The child's end of its log, made once and kept over its restarts. */
int
spawn_log_fd(struct kid *kid)
{
	int	pair[2];

	if (kid->log_ev != NULL)
		return (kid->child_log_fd);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == -1)
		fatal("socketpair");
	kid->log_fd = pair[0];
	kid->child_log_fd = pair[1];
	kid->log_ev = event_new(parent.base, kid->log_fd, EV_READ | EV_PERSIST,
	    spawn_log, kid);
	if (kid->log_ev == NULL || event_add(kid->log_ev, NULL) == -1)
		fatalx("no event for a log");
	return (kid->child_log_fd);
}

/* Messages of a child. */

static void
kid_ready(struct kid *kid)
{
	kid->ready = 1;
	log_debug("%s is ready (pid %d)", proc_names[kid->id], kid->pid);
	parent_ready();
}

/* The store speaks for the operator; others pass its word to other parents. */
static int
kid_commands(const struct kid *kid)
{
	return (kid->id == PROC_STORE || (parent.runs & TO(STORE)) == 0);
}

static void
kid_reload(struct kid *kid)
{
	char		errors[8192];
	uint32_t	kept;		/* the old one is still in force */

	if (!kid_commands(kid))
		return;
	kept = parent_reload(errors, sizeof(errors)) == -1;
	(void)imsg_send(kid->ib, MSG_RELOADED, kept, -1, errors,
	    strlen(errors));
}

static void
kid_verbose(const struct msg_flag *flag)
{
	struct msg_flag	on = { .on = flag->on != 0 };
	int		i;

	if (parent.verbose == (int)on.on)
		return;
	parent.verbose = (int)on.on;
	log_verbose(parent.verbose);
	for (i = 0; i < PROC_MAX; i++)
		if (parent.kids[i].ib != NULL)
			(void)imsg_send(parent.kids[i].ib, MSG_VERBOSE, 0, -1,
			    &on, sizeof(on));
}

static void
kid_message(struct kid *kid, const struct imsg *msg)
{
	switch (msg->type) {
	case MSG_READY:
		kid_ready(kid);
		break;
	case MSG_PEER_LOST:
		peer_lost(kid, ((const struct msg_peer *)msg->data)->proc);
		break;
	case MSG_RELOAD:
		kid_reload(kid);
		break;
	case MSG_VERBOSE:
		if (kid_commands(kid))
			kid_verbose(msg->data);
		break;
	case MSG_RENDER:
		render_request(kid, msg);
		break;
	default:
		if (msg->fd != -1)
			(void)close(msg->fd);
	}
}

static void
kid_readable(int fd, short what, void *arg)
{
	struct imsgbuf	*ib = arg;
	struct kid	*kid = ib->arg;
	struct imsg	 msg;
	int		 i, got = 0;

	(void)fd;
	(void)what;
	for (i = 0; i < TURN_MESSAGES && (got = imsg_get(ib, &msg)) == 1; i++)
		kid_message(kid, &msg);
	if (got != -1)
		return;
	/* Gone, deaf or not to be trusted: in any case its end is reaped. */
	(void)kill(kid->pid, SIGKILL);
	(void)event_del(ib->ev_read);
}

void
spawn_conf(struct kid *kid)
{
	size_t	i;

	(void)conf_send(kid->ib, parent.conf);
	if ((TO_DAEMONS & 1U << kid->id) == 0)
		return;
	for (i = 0; i < parent.nifaces; i++)
		(void)imsg_send(kid->ib, MSG_IFACE, 0, -1, &parent.ifaces[i],
		    sizeof(parent.ifaces[i]));
}

/* Where a process lives: a fixed directory, or one below the root. */
static void
spawn_root(enum proc id, char *root, size_t size)
{
	static const char *const	fixed[PROC_MAX] = {
		[PROC_STORE] = STATE_DIR,
		[PROC_DHCPD] = EMPTY_DIR,
		[PROC_ARPD] = EMPTY_DIR,
		[PROC_KSGEN] = "/",
	};

	if (fixed[id] != NULL)
		(void)strlcpy(root, fixed[id], size);
	else
		(void)strlcpy(root, parent.conf->global->root, size);
	if (id == PROC_TFTPD && strlcat(root, "/boot", size) >= size)
		fatalx("root %s is too long", parent.conf->global->root);
}

void
spawn_msg_start(enum proc id, unsigned int restarts, struct msg_start *start)
{
	memset(start, 0, sizeof(*start));
	start->uid = parent.users[id].uid;
	start->gid = parent.users[id].gid;
	start->verbose = (uint32_t)parent.verbose;
	start->sandbox_optional = parent.conf->global->sandbox_optional;
	start->restarts = restarts;
	start->parent = getpid();
	memcpy(start->boot_id, parent.boot_id, sizeof(start->boot_id));
	spawn_root(id, start->root, sizeof(start->root));
}

/* After a death: at once the first time, then more and more slowly. */
static void
spawn_later(struct kid *kid)
{
	struct timeval	tv;

	if (mono_diff_ms(clock_now(), kid->started) > LIVED_WELL_S * 1000)
		kid->delay_ms = 0;
	kid->delay_ms = kid->delay_ms == 0 ? DELAY_FIRST_MS :
	    kid->delay_ms * 2;
	if (kid->delay_ms > DELAY_MOST_MS)
		kid->delay_ms = DELAY_MOST_MS;
	kid->restarts++;
	tv.tv_sec = kid->delay_ms / 1000;
	tv.tv_usec = kid->delay_ms % 1000 * 1000;
	(void)event_add(kid->timer, &tv);
}

static void
spawn_again(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	if (!parent.stopping)
		spawn_start(arg);
}

void
spawn_start(struct kid *kid)
{
	struct msg_start	start;

	if (kid->timer == NULL) {
		kid->timer = evtimer_new(parent.base, spawn_again, kid);
		if (kid->timer == NULL)
			fatalx("no timer");
	}
	kid->started = clock_now();
	kid->ready = 0;
	kid->pid = spawn_exec(kid->id, &kid->ib, spawn_log_fd(kid), -1, -1);
	if (kid->pid == -1) {
		kid->pid = 0;
		spawn_later(kid);
		return;
	}
	kid->ib->arg = kid;
	imsg_watch(kid->ib, parent.base, kid_readable);
	spawn_msg_start(kid->id, kid->restarts, &start);
	(void)imsg_send(kid->ib, MSG_START, 0, -1, &start, sizeof(start));
	spawn_conf(kid);
	sock_give(kid);
	peer_link(kid);
	(void)imsg_send(kid->ib, MSG_RUN, 0, -1, NULL, 0);
}

static void
spawn_died(struct kid *kid, int status)
{
	spawn_log(kid->log_fd, 0, kid);		/* its last words first */
	if (kid->ib != NULL) {
		imsg_clear(kid->ib);
		free(kid->ib);
		kid->ib = NULL;
	}
	kid->pid = 0;
	kid->linked = 0;
	if (parent.stopping) {
		if (spawn_alive() == 0)
			(void)event_base_loopbreak(parent.base);
		return;
	}
	if (WIFSIGNALED(status))
		log_warnx("%s was ended by signal %d (%s)", proc_names[kid->id],
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_warnx("%s exited with status %d", proc_names[kid->id],
		    WEXITSTATUS(status));
	if (!parent.ready) {
		log_warnx("%s does not start; giving up", proc_names[kid->id]);
		parent_stop(1);
		return;
	}
	spawn_later(kid);
}

void
spawn_reaped(pid_t pid, int status)
{
	int	i;

	for (i = 0; i < PROC_MAX; i++)
		if (parent.kids[i].pid == pid) {
			spawn_died(&parent.kids[i], status);
			return;
		}
}

unsigned int
spawn_alive(void)
{
	unsigned int	n = 0;
	int		i;

	for (i = 0; i < PROC_MAX; i++)
		if (parent.kids[i].pid != 0)
			n++;
	return (n);
}

/* Closing the link is the order to end; the deaf are reaped by PDEATHSIG. */
void
spawn_stop_all(void)
{
	int	i;

	for (i = 0; i < PROC_MAX; i++) {
		struct kid	*kid = &parent.kids[i];

		if (kid->ib != NULL) {
			imsg_clear(kid->ib);
			free(kid->ib);
			kid->ib = NULL;
		}
		if (kid->timer != NULL)
			(void)event_del(kid->timer);
	}
}
