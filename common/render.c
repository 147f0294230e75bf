/* SPDX-License-Identifier: ISC */
/*
 * render.c: answer scripts.  The store asks for one; the parent computes its
 * environment from the configuration alone, starts ksgen, and passes what the
 * script printed on as a sealed descriptor without looking at it.
 */
#include <sys/mman.h>
#include <sys/queue.h>
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

#define JOBS_AT_ONCE	4
#define JOBS_MAX	8192	/* that run or wait */
#define JOB_SECONDS	25	/* ksgen itself gives a script 20 */

struct job {
	TAILQ_ENTRY(job) entry;
	struct msg_render render;
	uint32_t	 id;		/* the store's */
	unsigned int	 store;		/* which life of the store asked */
	pid_t		 pid;		/* 0: still waiting */
	struct imsgbuf	*ib;
	struct event	*timer;
	int		 out, err;
};

static TAILQ_HEAD(, job) jobs = TAILQ_HEAD_INITIALIZER(jobs);
static unsigned int	 njobs;

/* The environment, DESIGN 9. */

static void
env_send(struct imsgbuf *ib, const char *name, const char *value)
{
	char	pair[NAME_LEN + TEXT_LEN + 1];

	(void)snprintf(pair, sizeof(pair), "%s=%s", name, value);
	(void)imsg_send(ib, MSG_ENV, 0, -1, pair, strlen(pair));
}

static void
env_addrs(struct imsgbuf *ib, const char *name, const uint32_t *addrs,
    uint32_t n)
{
	char		list[SEGMENT_ADDRS * ADDR_STRLEN] = "";
	char		text[ADDR_STRLEN];
	uint32_t	i;

	for (i = 0; i < n && i < SEGMENT_ADDRS; i++) {
		if (i > 0)
			(void)strlcat(list, " ", sizeof(list));
		(void)strlcat(list, addr_str(addrs[i], text), sizeof(list));
	}
	env_send(ib, name, list);
}

/* Our address that machines of a segment can reach. */
static uint32_t
segment_server(const struct conf_segment *seg)
{
	uint32_t	mask = prefix_mask(seg->prefix);
	size_t		i, j;

	if (seg->next_server != 0)
		return (seg->next_server);
	for (i = 0; i < parent.nifaces; i++)
		for (j = 0; j < parent.ifaces[i].naddrs; j++)
			if ((parent.ifaces[i].addr[j] & mask) == seg->net)
				return (parent.ifaces[i].addr[j]);
	/* Behind a relay: any of ours will be routed. */
	if (parent.nifaces > 0 && parent.ifaces[0].naddrs > 0)
		return (parent.ifaces[0].addr[0]);
	return (0);
}

/* Every name is always there: a script may run with "set -u". */
static void
env_network(struct imsgbuf *ib, const struct conf_host *host, char *server)
{
	static const struct conf_segment	 nowhere;
	const struct conf_segment		*seg = &nowhere;
	uint32_t				 mask[1], index = 0;
	char					 prefix[8] = "";

	if (host->addr != 0)
		index = conf_segment_of(parent.conf, host->addr);
	if (index < parent.conf->nsegment) {
		seg = &parent.conf->segment[index];
		(void)snprintf(prefix, sizeof(prefix), "%u", seg->prefix);
		(void)addr_str(segment_server(seg), server);
	}
	mask[0] = prefix_mask(seg->prefix);
	env_addrs(ib, "address", &host->addr, host->addr != 0);
	env_addrs(ib, "netmask", mask, mask[0] != 0);
	env_send(ib, "prefix", prefix);
	env_addrs(ib, "router", seg->router, seg->nrouters);
	env_addrs(ib, "dns", seg->dns, seg->ndns);
	env_send(ib, "domain", seg->domain);
}

static void
env_ethernet(struct imsgbuf *ib, uint32_t host)
{
	const struct mac	mac = conf_host_mac(parent.conf, host);
	char			text[MAC_STRLEN];

	env_send(ib, "ethernet", mac_is_unicast(mac) ? mac_str(mac, text) : "");
}

/* Later words win: the group's, the host's, then those that are ours. */
static void
env_all(struct imsgbuf *ib, const struct job *job, uint32_t index,
    const struct conf_image *image)
{
	const struct conf	*conf = parent.conf;
	const struct conf_host	*host = &conf->host[index];
	char			 url[PATH_LEN * 2], server[ADDR_STRLEN] = "";
	size_t			 i;

	for (i = 0; i < conf->nvar; i++)
		if (host->group != NONE && conf->var[i].group == host->group)
			env_send(ib, conf->var[i].name, conf->var[i].value);
	for (i = 0; i < conf->nvar; i++)
		if (conf->var[i].host == index)
			env_send(ib, conf->var[i].name, conf->var[i].value);
	env_send(ib, "host", host->name);
	env_send(ib, "image", image->name);
	env_send(ib, "token", job->render.token);
	env_ethernet(ib, index);
	env_network(ib, host, server);
	env_send(ib, "server", server);
	(void)snprintf(url, sizeof(url), "http://%s/a/%s", server,
	    job->render.token);
	env_send(ib, "answer", url);
	(void)snprintf(url, sizeof(url), "http://%s/e/%s", server,
	    job->render.token);
	env_send(ib, "event", url);
	(void)snprintf(url, sizeof(url), "http://%s/%s", server,
	    image->packages);
	env_send(ib, "packages", image->packages[0] == '\0' ? "" : url);
}

/* Jobs. */

static void
job_end(struct job *job)
{
	TAILQ_REMOVE(&jobs, job, entry);
	njobs--;
	if (job->ib != NULL) {
		imsg_clear(job->ib);
		free(job->ib);
	}
	if (job->timer != NULL)
		event_free(job->timer);
	if (job->out != -1)
		(void)close(job->out);
	if (job->err != -1)
		(void)close(job->err);
	free(job);
}

/* What the script said last on its standard error, for whoever asked. */
static void
job_last_words(const struct job *job, struct msg_rendered *done)
{
	const size_t	room = sizeof(done->text) - 1;
	off_t		end;
	ssize_t		n;

	if (job->err == -1 || (end = lseek(job->err, 0, SEEK_END)) <= 0)
		return;
	n = pread(job->err, done->text, room,
	    end > (off_t)room ? end - (off_t)room : 0);
	while (n > 0 && done->text[n - 1] == '\n')
		n--;
	done->text[n > 0 ? n : 0] = '\0';
}

static void
job_done(struct job *job, int status, const char *why)
{
	struct kid		*store = &parent.kids[PROC_STORE];
	struct msg_rendered	 done;

	memset(&done, 0, sizeof(done));
	done.status = status;
	(void)strlcpy(done.text, why, sizeof(done.text));
	if (why[0] == '\0')
		job_last_words(job, &done);
	if (status == 0 && fcntl(job->out, F_ADD_SEALS, F_SEAL_WRITE |
	    F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == -1) {
		done.status = 1;
		(void)strlcpy(done.text, "its output could not be sealed",
		    sizeof(done.text));
	}
	if (store->ib != NULL && store->restarts == job->store)
		(void)imsg_send(store->ib, MSG_RENDERED, job->id,
		    done.status == 0 ? job->out : -1, &done, sizeof(done));
	job_end(job);
}

static void
job_late(int fd, short what, void *arg)
{
	struct job	*job = arg;

	(void)fd;
	(void)what;
	(void)kill(job->pid, SIGKILL);	/* its end is reaped as any other */
}

/* ksgen says nothing; it is watched so that all its variables reach it. */
static void
job_readable(int fd, short what, void *arg)
{
	struct imsgbuf	*ib = arg;

	(void)fd;
	(void)what;
	(void)event_del(ib->ev_read);
}

/* The script of an image, if it may be run: -1 and why not. */
static int
job_script(const struct conf_image *image, char *why, size_t size)
{
	char	path[PATH_LEN];
	int	fd;

	(void)snprintf(path, sizeof(path), "%s/%s", ANSWER_DIR, image->answer);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1)
		(void)snprintf(why, size, "%s: %s", path, strerror(errno));
	return (fd);
}

static int
job_start(struct job *job, char *why, size_t size)
{
	const struct conf_image	*image;
	struct msg_start	 start;
	struct timeval		 limit = { JOB_SECONDS, 0 };
	uint32_t		 host;
	int			 script;

	host = conf_host_by_name(parent.conf, job->render.host);
	image = conf_image(parent.conf, job->render.image);
	if (host == NONE || image == NULL) {
		(void)snprintf(why, size, "no such host or image");
		return (-1);
	}
	if ((script = job_script(image, why, size)) == -1)
		return (-1);
	job->out = memfd_create("answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	job->err = memfd_create("stderr", MFD_CLOEXEC);
	job->timer = evtimer_new(parent.base, job_late, job);
	if (job->out == -1 || job->err == -1 || job->timer == NULL ||
	    (job->pid = spawn_exec(PROC_KSGEN, &job->ib,
	    spawn_log_fd(&parent.kids[PROC_KSGEN]), job->out, job->err)) <= 0) {
		job->pid = 0;
		(void)close(script);
		(void)snprintf(why, size, "ksgen does not start: %s",
		    strerror(errno));
		return (-1);
	}
	imsg_watch(job->ib, parent.base, job_readable);
	(void)event_add(job->timer, &limit);
	spawn_msg_start(PROC_KSGEN, 0, &start);
	(void)imsg_send(job->ib, MSG_START, 0, -1, &start, sizeof(start));
	(void)imsg_send(job->ib, MSG_SCRIPT, 0, script, &job->render,
	    sizeof(job->render));
	env_all(job->ib, job, host, image);
	(void)imsg_send(job->ib, MSG_RUN, 0, -1, NULL, 0);
	(void)close(script);
	return (0);
}

static void
jobs_start(void)
{
	struct job	*job, *next;
	char		 why[PATH_LEN * 2];
	int		 running = 0;

	TAILQ_FOREACH(job, &jobs, entry)
		running += job->pid != 0;
	for (job = TAILQ_FIRST(&jobs); job != NULL && running < JOBS_AT_ONCE;
	    job = next) {
		next = TAILQ_NEXT(job, entry);
		if (job->pid != 0)
			continue;
		if (job_start(job, why, sizeof(why)) == -1)
			job_done(job, 1, why);
		else
			running++;
	}
}

void
render_request(struct kid *store, const struct imsg *msg)
{
	struct job	*job = xcalloc(1, sizeof(*job));

	job->render = *(const struct msg_render *)msg->data;
	job->render.host[NAME_LEN - 1] = '\0';
	job->render.image[NAME_LEN - 1] = '\0';
	job->render.token[TOKEN_LEN - 1] = '\0';
	job->id = msg->id;
	job->store = store->restarts;
	job->out = job->err = -1;
	TAILQ_INSERT_TAIL(&jobs, job, entry);
	if (++njobs > JOBS_MAX)
		job_done(job, 1, "too many answers are made at once");
	jobs_start();
}

int
render_reaped(pid_t pid, int status)
{
	struct job	*job;
	char		 why[64] = "";

	TAILQ_FOREACH(job, &jobs, entry)
		if (job->pid == pid)
			break;
	if (job == NULL)
		return (0);
	if (WIFSIGNALED(status))
		(void)snprintf(why, sizeof(why), "ended by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	job_done(job, WIFEXITED(status) ? WEXITSTATUS(status) : 1, why);
	jobs_start();
	return (1);
}
