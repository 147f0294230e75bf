/* SPDX-License-Identifier: ISC */
/*
 * bootward: the parent of all daemons.  Root only while it opens sockets;
 * then _bootward with the capabilities that starting a child again takes.
 * Parses the configuration, holds every socket, watches the interfaces, keeps
 * its children running.  Reads no byte that came from the network.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define NOFILE		65536
#define STOP_S		5	/* for the children to end by themselves */

struct parent	parent;

static int	ready_pipe = -1;	/* to who waits in the foreground */
static char	notify_path[108];	/* as long as a sun_path */

static void __attribute__((__noreturn__))
usage(void)
{
	(void)fprintf(stderr, "usage: bootward [-dnv] [-D macro=value] "
	    "[-f file] [-o daemon,...]\n");
	exit(2);
}

/* Errors of the configuration. */

static void
conf_error_print(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

struct error_text {
	char	*text;
	size_t	 size;
};

static void
conf_error_keep(const char *line, void *arg)
{
	struct error_text	*errors = arg;

	log_warnx("%s", line);
	(void)strlcat(errors->text, line, errors->size);
	(void)strlcat(errors->text, "\n", errors->size);
}

/* Parse and compare with what the machine is. */
static struct conf *
parent_parse(void (*fn)(const char *, void *), void *arg)
{
	struct conf	*conf;
	char		 why[256], line[512];

	conf = conf_parse(parent.conf_file, parent.macros, parent.nmacros, fn,
	    arg);
	if (conf == NULL || !link_check(conf, why, sizeof(why)))
		return (conf);
	(void)snprintf(line, sizeof(line), "%s: %s", parent.conf_file, why);
	fn(line, arg);
	conf_free(conf);
	return (NULL);
}

int
parent_reload(char *text, size_t size)
{
	struct error_text	 errors = { text, size };
	struct conf		*conf, *old = parent.conf;
	char			 why[256];
	int			 i, moved;

	text[0] = '\0';
	if ((conf = parent_parse(conf_error_keep, &errors)) == NULL) {
		log_warnx("%s: has errors; the old configuration stays",
		    parent.conf_file);
		return (-1);
	}
	parent.conf = conf;
	link_refresh();
	moved = strcmp(old->global->root, conf->global->root) != 0;
	if (sock_sync(why, sizeof(why)) == -1)
		conf_error_keep(why, &errors);
	for (i = 0; i < PROC_MAX; i++) {
		struct kid	*kid = &parent.kids[i];

		if (kid->ib == NULL)
			continue;
		spawn_conf(kid);
		/* A root directory is for life: these two start again. */
		if (moved && (i == PROC_TFTPD || i == PROC_KSD))
			(void)kill(kid->pid, SIGKILL);
	}
	conf_free(old);
	log_info("%s: in force", parent.conf_file);
	return (0);
}

/* Being ready, and stopping. */

static void
notify(const char *text)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	socklen_t		len;
	int			fd;

	if (notify_path[0] == '\0')
		return;
	(void)strlcpy(sun.sun_path, notify_path, sizeof(sun.sun_path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(notify_path));
	if (sun.sun_path[0] == '@')
		sun.sun_path[0] = '\0';
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (struct sockaddr *)&sun, len) == -1)
		log_warn("telling the service manager");
	(void)close(fd);
}

/* From here on nobody reads our stderr; whoever waited for us may go on. */
static void
background(void)
{
	int	null;

	if (write(ready_pipe, "", 1) != 1)
		log_warn("nobody waited for us");
	(void)close(ready_pipe);
	ready_pipe = -1;
	log_init("bootward", -1, 0);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDERR_FILENO) == -1)
		log_warn("/dev/null");
}

void
parent_ready(void)
{
	int	i;

	if (parent.ready)
		return;
	for (i = 0; i < PROC_MAX; i++)
		if ((parent.runs & 1U << i) != 0 && !parent.kids[i].ready)
			return;
	parent.ready = 1;
	log_info("serving");
	notify("READY=1\n");
	if (ready_pipe != -1)
		background();
}

static void
parent_late(int fd, short what, void *arg)
{
	int	i;

	(void)fd;
	(void)what;
	(void)arg;
	for (i = 0; i < PROC_MAX; i++)
		if (parent.kids[i].pid != 0)
			(void)kill(parent.kids[i].pid, SIGKILL);
	(void)event_base_loopbreak(parent.base);
}

void
parent_stop(int status)
{
	const struct timeval	 patience = { STOP_S, 0 };

	if (parent.stopping)
		return;
	parent.stopping = 1;
	parent.status = status;
	notify("STOPPING=1\n");
	spawn_stop_all();
	if (spawn_alive() == 0)
		(void)event_base_loopbreak(parent.base);
	(void)event_base_once(parent.base, -1, EV_TIMEOUT, parent_late, NULL,
	    &patience);
}

/* Signals. */

static void
sig_stop(int sig, short what, void *arg)
{
	(void)what;
	(void)arg;
	log_info("ending by signal %d", sig);
	parent_stop(0);
}

static void
sig_reload(int sig, short what, void *arg)
{
	char	errors[8192];

	(void)sig;
	(void)what;
	(void)arg;
	notify("RELOADING=1\n");
	(void)parent_reload(errors, sizeof(errors));
	notify("READY=1\n");
}

static void
sig_child(int sig, short what, void *arg)
{
	pid_t	pid;
	int	status;

	(void)sig;
	(void)what;
	(void)arg;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!render_reaped(pid, status))
			spawn_reaped(pid, status);
}

static void
parent_signals(void)
{
	static const struct {
		int			sig;
		event_callback_fn	fn;
	} signals[] = {
		{ SIGTERM, sig_stop }, { SIGINT, sig_stop },
		{ SIGHUP, sig_reload }, { SIGCHLD, sig_child },
	};
	struct event	*ev;
	size_t		 i;

	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < nitems(signals); i++) {
		ev = evsignal_new(parent.base, signals[i].sig, signals[i].fn,
		    NULL);
		if (ev == NULL || event_add(ev, NULL) == -1)
			fatalx("no event for signal %d", signals[i].sig);
	}
}

/* Starting. */

/* The set of daemons that -o names. */
static unsigned int
parse_daemons(const char *arg)
{
	unsigned int	 set = 0;
	char		*list = xstrdup(arg), *name;
	int		 id;

	while ((name = strsep(&list, ",")) != NULL) {
		if ((id = proc_by_name(name)) == -1 ||
		    (TO_DAEMONS & 1U << id) == 0) {
			(void)fprintf(stderr, "bootward: -o %s: not one of "
			    "store, dhcpd, arpd, tftpd, ksd\n", name);
			exit(2);
		}
		set |= 1U << id;
	}
	return (set);
}

static void
add_macro(char *arg)
{
	struct conf_macro	*m;
	char			*value;

	if ((value = strchr(arg, '=')) == NULL)
		usage();
	*value++ = '\0';
	parent.macros = xreallocarray(parent.macros, parent.nmacros + 1,
	    sizeof(*parent.macros));
	m = &parent.macros[parent.nmacros++];
	m->name = arg;
	m->value = value;
}

/* What the machine tells us while we may still look everywhere. */
static void
root_look(void)
{
	const char	*path;
	ssize_t		 n;
	int		 fd;

	if ((path = getenv("NOTIFY_SOCKET")) != NULL)
		(void)strlcpy(notify_path, path, sizeof(notify_path));
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		fatal("boot_id");
	n = read(fd, parent.boot_id, sizeof(parent.boot_id) - 1);
	if (n < 36)
		fatal("boot_id");
	parent.boot_id[36] = '\0';
	(void)close(fd);
}

/* Directories that must exist; the packages and make install make them too. */
static void
root_dirs(void)
{
	const struct {
		const char	*path;
		mode_t		 mode;
		enum proc	 owner;
	} dirs[] = {
		{ EMPTY_DIR, 0755, PROC_PARENT },
		{ STATE_DIR, 0700, PROC_STORE },
	};
	const struct user	*user;
	size_t			 i;

	for (i = 0; i < nitems(dirs); i++) {
		if (mkdir(dirs[i].path, dirs[i].mode) == -1) {
			if (errno != EEXIST)
				fatal("%s", dirs[i].path);
			continue;
		}
		user = &parent.users[dirs[i].owner];
		if (dirs[i].owner != PROC_PARENT &&
		    chown(dirs[i].path, user->uid, user->gid) == -1)
			fatal("%s", dirs[i].path);
	}
}

/*
 * Into the background, early: the process that the caller waits for goes on
 * only to learn whether the daemons serve.  Its exit status is theirs.
 */
static void
root_daemonise(void)
{
	char	c;
	int	pair[2], status, null;
	pid_t	pid;

	if (pipe2(pair, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		fatal("going into the background");
	if (pid != 0) {
		(void)close(pair[1]);
		if (read(pair[0], &c, 1) == 1)
			exit(0);
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		    WEXITSTATUS(status) != 0)
			exit(WEXITSTATUS(status));
		exit(1);
	}
	(void)close(pair[0]);
	ready_pipe = pair[1];
	if (setsid() == -1 || chdir("/") == -1 ||
	    (null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		fatal("going into the background");
}

static void
root_open(void)
{
	struct rlimit	rl;
	char		why[256];

	/* As many descriptors as we may have, up to what is of use. */
	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("getrlimit");
	rl.rlim_cur = rl.rlim_max < NOFILE ? rl.rlim_max : NOFILE;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		fatal("setrlimit");
	root_look();
	root_dirs();
	root_peer_open();
	link_refresh();
	if (sock_sync(why, sizeof(why)) == -1)
		fatalx("%s", why);
}

static void
parent_run(void)
{
	size_t	i;
	int	id;

	for (i = 0; i < parent.nifaces; i++)
		if (parent.ifaces[i].index == 0)
			log_warnx("%s: there is no such interface yet",
			    parent.ifaces[i].name);
	link_watch();
	peer_watch();
	parent_signals();
	for (id = 0; id < PROC_MAX; id++) {
		parent.kids[id].id = (enum proc)id;
		if ((parent.runs & 1U << id) != 0)
			spawn_start(&parent.kids[id]);
	}
	(void)event_base_dispatch(parent.base);
	peer_close();
	sock_close_all();
}

/* -n: the errors, or with -v the configuration as we understood it. */
static int
parent_check(void)
{
	if ((parent.conf = parent_parse(conf_error_print, NULL)) == NULL)
		return (1);
	(void)conf_warn(parent.conf, conf_error_print, NULL);
	if (parent.verbose)
		conf_print(parent.conf, stdout);
	else
		(void)fprintf(stderr, "configuration OK\n");
	return (fflush(stdout) == 0 ? 0 : 1);
}

int
main(int argc, char *argv[])
{
	int	ch, check = 0;

	log_init("bootward", -1, 1);
	(void)umask(022);
	parent.conf_file = CONF_FILE;
	parent.runs = TO_DAEMONS;
	while ((ch = getopt(argc, argv, "dD:f:no:v")) != -1) {
		switch (ch) {
		case 'd':
			parent.foreground = 1;
			break;
		case 'D':
			add_macro(optarg);
			break;
		case 'f':
			parent.conf_file = optarg;
			break;
		case 'n':
			check = 1;
			break;
		case 'o':
			parent.runs = parse_daemons(optarg);
			break;
		case 'v':
			parent.verbose = 1;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	link_open();
	if (check)
		return (parent_check());
	if (geteuid() != 0)
		fatalx("must be started by root");
	if ((parent.conf = parent_parse(conf_error_print, NULL)) == NULL)
		return (1);
	/* A relative name would change its meaning in the background. */
	if ((parent.conf_file = realpath(parent.conf_file, NULL)) == NULL)
		fatal("realpath");
	spawn_find();
	root_users();
	if (!parent.foreground)
		root_daemonise();
	(void)prctl(PR_SET_NAME, "bootward");
	log_verbose(parent.verbose);
	/* One priority for all: a child that talks keeps no signal waiting. */
	if ((parent.base = event_base_new()) == NULL ||
	    event_base_priority_init(parent.base, 1) == -1)
		fatalx("no event base");
	root_open();
	root_drop();
	if (access(parent.conf_file, R_OK) == -1)
		log_warn("%s: group %s should be able to read it, for a reload",
		    parent.conf_file, proc_users[PROC_PARENT]);
	parent_run();
	return (parent.status);
}
