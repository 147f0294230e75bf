/* SPDX-License-Identifier: ISC */
/*
 * control.c: sessions of bootwardctl inside the store.  The parent accepts
 * the connections, looks at who is there, and hands them over; a session has
 * one request under way at a time.  Listings are sent as fast as the reader
 * takes them, and nobody waits for a reader who does not read.
 */
#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"

#define SESSIONS_MAX	64
#define MONITOR_QUEUE	(1024 * 1024)	/* of one session that does not read */
#define STATUS_MS	1000
#define SWEEP_MS	500
#define CHUNKS		16		/* of a listing, before others */

static TAILQ_HEAD(, session)	 sessions = TAILQ_HEAD_INITIALIZER(sessions);
static size_t			 nsessions;
static uint32_t			 last_id;
static struct event		*sweep;

static void	status_end(struct session *);

/* Sending. */

void
session_send(struct session *s, enum msg_type type, const void *data,
    size_t len)
{
	if (!s->gone && imsg_send(&s->ib, type, 0, -1, data, len) == -1)
		s->gone = 1;
}

void
session_end(struct session *s, int code, const char *text)
{
	struct ctl_end	end;

	memset(&end, 0, sizeof(end));
	end.code = code;
	(void)snprintf(end.text, sizeof(end.text), "%s", text);
	session_send(s, MSG_CTL_END, &end, sizeof(end));
	s->busy = IDLE;
	s->more = NULL;
	s->deadline = mono_add_s(clock_now(), IDLE_S);
}

void
session_refuse(struct session *s, const char *fmt, ...)
{
	char	text[PATH_LEN];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	session_end(s, 1, text);
}

/*
 * Go on with a listing until its reader cannot take more, or others should
 * have a turn; the drained queue calls again either way.
 */
static void
session_pump(struct session *s)
{
	int	i, more = 1;

	s->deadline = mono_add_s(clock_now(), IDLE_S);
	for (i = 0; i < CHUNKS && more == 1 && s->more != NULL; i++) {
		if (s->gone || !TAILQ_EMPTY(&s->ib.queue))
			return;
		more = s->more(s);
	}
	if (s->more == NULL)
		return;
	if (more == 1)
		(void)event_add(s->ib.ev_write, NULL);
	else if (more == 0)
		session_end(s, 0, "");
	else
		session_refuse(s, "the database cannot be read");
}

void
session_go_on(struct session *s, int (*more)(struct session *))
{
	s->more = more;
	session_pump(s);
}

static void
session_list(struct session *s, int (*more)(struct session *), int64_t first)
{
	/* What happened until now is to be in it. */
	(void)store_flush();
	s->busy = LISTING;
	s->cursor = first;
	session_go_on(s, more);
}

/* Requests. */

static void
ctl_show_hosts(struct session *s)
{
	session_list(s, list_hosts, 0);
}

static void
ctl_show_leases(struct session *s)
{
	session_list(s, list_leases, -1);
}

static void
ctl_trace(struct session *s)
{
	struct store_event	last;

	(void)store_flush();
	if (conf_host_by_name(child.conf, s->req.name) == NONE &&
	    !db->last_event(s->req.name, &last))
		session_refuse(s, "no host \"%s\"", s->req.name);
	else
		session_list(s, list_events, 0);
}

static void
ctl_monitor(struct session *s)
{
	s->busy = MONITOR;
}

static void
ctl_show_status(struct session *s)
{
	enum proc	p;

	s->busy = STATUS;
	s->awaiting = 0;
	s->deadline = mono_add_ms(clock_now(), STATUS_MS);
	memset(s->status, 0, sizeof(s->status));
	for (p = 0; p < PROC_MAX; p++)
		s->status[p].proc = p;
	proc_status(&s->status[PROC_STORE]);
	for (p = 0; p < PROC_MAX; p++)
		if ((TO_NET & 1U << p) != 0 && proc_send(p, MSG_STATUS_ASK,
		    s->id, -1, NULL, 0) == 0)
			s->awaiting |= 1U << p;
	if (s->awaiting == 0)
		status_end(s);
}

/* All have answered, or will not: those are shown as not running. */
static void
status_end(struct session *s)
{
	enum proc	p;

	for (p = 0; p < PROC_MAX; p++)
		if ((TO_DAEMONS & 1U << p) != 0)
			session_send(s, MSG_CTL_STATUS, &s->status[p],
			    sizeof(s->status[p]));
	session_end(s, 0, "");
}

/* Draws a token nobody can guess: it is all that protects an answer. */
static void
token_draw(char token[TOKEN_LEN])
{
	uint8_t	random[16];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		fatal("getrandom");
	memset(token, 0, TOKEN_LEN);
	hex_encode(random, sizeof(random), token);
}

/* May this host be armed with this image?  The image, or NULL and refused. */
static const struct conf_image *
install_check(struct session *s)
{
	const struct conf	*conf = child.conf;
	const struct conf_image	*image;
	const char		*name = s->req.image;
	struct msg_ticket	 ticket;
	uint32_t		 host;

	if ((host = conf_host_by_name(conf, s->req.name)) == NONE) {
		session_refuse(s, "no host \"%s\" in the configuration",
		    s->req.name);
		return (NULL);
	}
	if (name[0] == '\0')
		name = conf->host[host].image;
	if (name[0] == '\0') {
		session_refuse(s, "it has no image in the configuration; "
		    "say \"install %s image NAME\"", s->req.name);
		return (NULL);
	}
	if ((image = conf_image(conf, name)) == NULL) {
		session_refuse(s, "no image \"%s\" in the configuration", name);
		return (NULL);
	}
	tickets_get(s->req.name, &ticket);
	if (!s->req.force && ticket.state == TICKET_INSTALLING)
		session_refuse(s, "it is installing %s now; "
		    "with -f it starts again", ticket.image);
	else if (!s->req.force && (ticket.seen_system ||
	    ticket.state == TICKET_INSTALLED))
		session_refuse(s, "it was seen running its system; "
		    "with -f its disk is installed again");
	else
		return (image);
	return (NULL);
}

/* Change a ticket on disk; what the operator asked for happens now or never. */
static void
ticket_change(struct session *s, enum ticket_input what,
    struct answers *answers)
{
	struct input	in;
	int		error;

	memset(&in, 0, sizeof(in));
	in.what = what;
	in.from = PROC_CTL;
	memcpy(in.host, s->req.name, sizeof(in.host));
	if (what == INPUT_INSTALL) {
		memcpy(in.image, s->image, sizeof(in.image));
		memcpy(in.token, s->token, sizeof(in.token));
		in.answers = *answers;
	}
	log_info("uid %u: %s %s", s->conn.uid,
	    what == INPUT_INSTALL ? "install" : "cancel", in.host);
	if ((error = tickets_input(&in)) == 0)
		error = store_flush();
	if (error != 0)
		session_refuse(s, "the store cannot write: %s",
		    strerror(error));
	else if (what == INPUT_INSTALL)
		session_end(s, 0, "armed");
	else
		session_end(s, 0, "back to local");
}

static void
ctl_install(struct session *s)
{
	const struct conf_image	*image;
	struct msg_render	 render;
	struct answers		 none;

	if ((image = install_check(s)) == NULL)
		return;
	memcpy(s->image, image->name, sizeof(s->image));
	token_draw(s->token);
	if (image->answer[0] == '\0') {
		memset(&none, 0, sizeof(none));
		ticket_change(s, INPUT_INSTALL, &none);
		return;
	}
	memset(&render, 0, sizeof(render));
	memcpy(render.host, s->req.name, sizeof(render.host));
	memcpy(render.image, s->image, sizeof(render.image));
	memcpy(render.token, s->token, sizeof(render.token));
	s->busy = RENDER;
	if (imsg_send(child.parent, MSG_RENDER, s->id, -1, &render,
	    sizeof(render)) == -1)
		session_refuse(s, "the parent does not listen");
}

static void
ctl_cancel(struct session *s)
{
	struct msg_ticket	ticket;

	tickets_get(s->req.name, &ticket);
	if (ticket.state != TICKET_LOCAL)
		ticket_change(s, INPUT_CANCEL, NULL);
	else if (conf_host_by_name(child.conf, s->req.name) == NONE)
		session_refuse(s, "no host \"%s\" in the configuration",
		    s->req.name);
	else
		session_end(s, 0, "is local already");
}

static void
ctl_reload(struct session *s)
{
	log_info("uid %u: reload", s->conn.uid);
	s->busy = RELOAD;
	if (imsg_send(child.parent, MSG_RELOAD, s->id, -1, NULL, 0) == -1)
		session_refuse(s, "the parent does not listen");
}

static void
ctl_verbose(struct session *s)
{
	struct msg_flag	flag = { .on = s->req.force != 0 };
	enum proc	p;

	log_verbose(flag.on != 0);
	(void)imsg_send(child.parent, MSG_VERBOSE, 0, -1, &flag, sizeof(flag));
	for (p = 0; p < PROC_MAX; p++)
		if ((TO_NET & 1U << p) != 0)
			(void)proc_send(p, MSG_VERBOSE, 0, -1, &flag,
			    sizeof(flag));
	session_end(s, 0, "");
}

static const struct {
	enum msg_type	  type;
	int		  admin;	/* it changes something */
	void		(*fn)(struct session *);
} requests[] = {
	{ MSG_CTL_SHOW_STATUS,	0, ctl_show_status },
	{ MSG_CTL_SHOW_HOSTS,	0, ctl_show_hosts },
	{ MSG_CTL_SHOW_LEASES,	0, ctl_show_leases },
	{ MSG_CTL_SHOW_ARP,	0, ctl_show_arp },
	{ MSG_CTL_TRACE,	0, ctl_trace },
	{ MSG_CTL_MONITOR,	0, ctl_monitor },
	{ MSG_CTL_INSTALL,	1, ctl_install },
	{ MSG_CTL_CANCEL,	1, ctl_cancel },
	{ MSG_CTL_RELOAD,	1, ctl_reload },
	{ MSG_CTL_VERBOSE,	1, ctl_verbose },
	{ MSG_CTL_EXPLAIN,	0, ctl_explain },
	{ MSG_CTL_RELEASE,	1, ctl_release },
};

static int
name_ok(const char *name, size_t size)
{
	if (msg_string_ok(name, size) == -1)
		return (0);
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < 0x20 || (unsigned char)*name > 0x7e)
			return (0);
	return (1);
}

/* Keep what is asked; -1 when it makes no sense. */
static int
request_take(struct session *s, const struct imsg *msg)
{
	if (msg->type == MSG_CTL_EXPLAIN) {
		s->explain = *(const struct ctl_explain *)msg->data;
		memset(&s->req, 0, sizeof(s->req));
		s->req.version = s->explain.version;
		return (0);
	}
	s->req = *(const struct ctl_request *)msg->data;
	return (name_ok(s->req.name, sizeof(s->req.name)) &&
	    name_ok(s->req.image, sizeof(s->req.image)) ? 0 : -1);
}

static void
session_request(struct session *s, const struct imsg *msg)
{
	size_t	i;

	if (msg->type == MSG_CTL_IMPORT) {
		import_chunk(s, msg->data, msg->count);
		return;
	}
	if (s->busy != IDLE || request_take(s, msg) == -1) {
		s->gone = 1;
		return;
	}
	if (s->req.version != MSG_VERSION) {
		session_refuse(s, "bootwardctl speaks version %u, the store %u",
		    s->req.version, MSG_VERSION);
		return;
	}
	for (i = 0; i < nitems(requests); i++) {
		if (requests[i].type != msg->type)
			continue;
		if (requests[i].admin && !s->conn.admin)
			session_refuse(s, "only root and the group _bootward "
			    "may do this");
		else
			requests[i].fn(s);
		return;
	}
	s->gone = 1;
}

/* Sessions come and go. */

static void
session_free(struct session *s)
{
	import_forget(s);
	TAILQ_REMOVE(&sessions, s, entry);
	nsessions--;
	imsg_clear(&s->ib);
	free(s);
}

static int
session_is_late(const struct session *s, mono_t now)
{
	if (s->busy == RENDER || s->busy == RELOAD ||
	    (s->busy == MONITOR && TAILQ_EMPTY(&s->ib.queue)))
		return (0);
	return (mono_before(s->deadline, now));
}

static void
sessions_sweep(int fd, short what, void *arg)
{
	struct session	*s, *next;
	mono_t		 now = clock_now();

	(void)fd;
	(void)what;
	(void)arg;
	for (s = TAILQ_FIRST(&sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (session_is_late(s, now) && s->busy == STATUS)
			status_end(s);
		else if (session_is_late(s, now) && s->busy == EXPLAIN)
			explain_lost(s);
		else if (session_is_late(s, now) && s->busy == ARP)
			arp_lost(s);
		else if (session_is_late(s, now))
			s->gone = 1;
		if (s->gone)
			session_free(s);
	}
	if (nsessions > 0)
		proc_timer_set(sweep, SWEEP_MS);
}

static void
session_drained(struct imsgbuf *ib)
{
	struct session	*s = ib->arg;

	s->deadline = mono_add_s(clock_now(), IDLE_S);
	if (s->more != NULL)
		session_pump(s);
}

static void
session_readable(int fd, short what, void *arg)
{
	struct imsgbuf	*ib = arg;
	struct session	*s = ib->arg;
	struct imsg	 msg;
	int		 got;

	(void)fd;
	(void)what;
	if ((got = imsg_get(ib, &msg)) == 1)
		session_request(s, &msg);
	else if (got == -1)
		s->gone = 1;
	if (s->gone)
		session_free(s);
}

void
control_accept(const struct msg_ctl_conn *conn, int fd)
{
	struct session	*s = xcalloc(1, sizeof(*s));

	s->conn = *conn;
	s->id = ++last_id;
	s->deadline = mono_add_s(clock_now(), IDLE_S);
	imsg_init(&s->ib, fd, PROC_STORE, PROC_CTL);
	s->ib.arg = s;
	s->ib.drained = session_drained;
	TAILQ_INSERT_TAIL(&sessions, s, entry);
	nsessions++;
	store_counters[COUNT_SESSIONS].value++;
	if (nsessions > SESSIONS_MAX) {
		session_refuse(s, "too many control sessions");
		session_free(s);
		return;
	}
	imsg_watch(&s->ib, child.base, session_readable);
	if (sweep == NULL)
		sweep = proc_timer(sessions_sweep, NULL);
	if (nsessions == 1)
		proc_timer_set(sweep, SWEEP_MS);
}

struct session *
session_find(uint32_t id, enum busy busy)
{
	struct session	*s;

	TAILQ_FOREACH(s, &sessions, entry)
		if (s->busy == busy && !s->gone && (id == 0 || s->id == id))
			return (s);
	return (NULL);
}

/* What sessions wait for. */

void
control_event(const struct ctl_event *event)
{
	struct session	*s;

	TAILQ_FOREACH(s, &sessions, entry) {
		if (s->busy != MONITOR)
			continue;
		if (TAILQ_EMPTY(&s->ib.queue))
			s->deadline = mono_add_s(clock_now(), IDLE_S);
		if (s->ib.queued > MONITOR_QUEUE)
			s->gone = 1;
		session_send(s, MSG_CTL_EVENT, event, sizeof(*event));
	}
}

void
control_status(uint32_t id, const struct ctl_status *status)
{
	struct session	*s = session_find(id, STATUS);

	if (s == NULL || (s->awaiting & 1U << status->proc) == 0)
		return;
	s->status[status->proc] = *status;
	s->awaiting &= ~(1U << status->proc);
	if (s->awaiting == 0)
		status_end(s);
}

void
control_link_down(enum proc peer)
{
	struct session	*s;

	TAILQ_FOREACH(s, &sessions, entry) {
		if (peer == PROC_DHCPD && s->busy == EXPLAIN && !s->gone)
			explain_lost(s);
		if (peer == PROC_ARPD && s->busy == ARP && !s->gone &&
		    s->more == NULL)
			arp_lost(s);
	}
}

/* The script's output, which nobody has looked at yet. */
static const char *
rendered_read(int fd, struct answers *answers)
{
	struct stat	 st;
	uint8_t		*data;
	const char	*why = "its output cannot be read";
	ssize_t		 n;

	memset(answers, 0, sizeof(*answers));
	if (fstat(fd, &st) == -1)
		return (why);
	if (st.st_size > ANSWER_BYTES)
		return ("more than 1 MiB");
	data = xcalloc(1, (size_t)st.st_size + 1);
	n = pread(fd, data, (size_t)st.st_size, 0);
	if (n == st.st_size)
		why = answers_split(data, (size_t)n, answers);
	free(data);
	if (why != NULL)
		answers_free(answers);
	return (why);
}

void
control_rendered(uint32_t id, const struct msg_rendered *msg, int fd)
{
	struct session		*s = session_find(id, RENDER);
	const struct conf_image	*image;
	struct answers		 answers;
	const char		*why;

	if (s == NULL)
		;
	else if (msg->status != 0 || fd == -1) {
		if (msg->text[0] != '\0')
			session_send(s, MSG_CTL_TEXT, msg->text,
			    strlen(msg->text));
		session_refuse(s, "its answer script failed; "
		    "nothing has changed");
	} else if ((why = rendered_read(fd, &answers)) != NULL) {
		session_refuse(s, "its answer script: %s; "
		    "nothing has changed", why);
	} else if ((image = install_check(s)) == NULL) {
		answers_free(&answers);
	} else if (strcmp(image->name, s->image) != 0) {
		answers_free(&answers);
		session_refuse(s, "the configuration has changed meanwhile");
	} else
		ticket_change(s, INPUT_INSTALL, &answers);
	if (fd != -1)
		(void)close(fd);
}

void
control_reloaded(int kept, const char *errors, size_t len)
{
	struct session	*s = session_find(0, RELOAD);
	enum proc	 p;

	/* The others may have parents of their own, with the same file. */
	for (p = 0; p < PROC_MAX && s != NULL && !kept; p++)
		if ((TO_NET & 1U << p) != 0)
			(void)proc_send(p, MSG_RELOAD, child.parent_pid, -1,
			    NULL, 0);
	if (s == NULL)
		return;
	if (len > 0)
		session_send(s, MSG_CTL_TEXT, errors, len);
	if (kept)
		session_refuse(s, "the configuration has errors; "
		    "the old one stays in force");
	else if (len > 0)
		session_refuse(s, "the configuration is in force, "
		    "but not all of it works");
	else
		session_end(s, 0, "");
}
