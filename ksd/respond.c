/* SPDX-License-Identifier: ISC */
/*
 * respond.c: from a request to its response.  Opens the files and looks up
 * the answers that route.c decided on; what leaves is put into the connection
 * for serve.c to send.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ksd.h"

#define MENU_SIZE	8192
#define NOTE_LEN	200
#define INDEX		"index.html"

static int		 dir_www = -1, dir_boot = -1;
static struct log_limit	 limit_store, limit_memory, limit_file;

#define LOOK_MS		500		/* between two for one connection */
#define REFUSED_RATE	10		/* entries of the timeline a second */

/*
 * The roots of what can be asked for; each below our own root, which is ROOT.
 * openat2(2) is the one way that the sandbox leaves to open anything.
 */
static void
dir_open(int *fd, const char *name)
{
	struct open_how	how;

	if (*fd != -1)
		(void)close(*fd);
	memset(&how, 0, sizeof(how));
	how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	*fd = (int)syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));
	if (*fd == -1)
		log_warn("directory \"%s\" below the root; nothing there is "
		    "served", name);
}

void
respond_dirs(void)
{
	dir_open(&dir_www, "www");
	dir_open(&dir_boot, "boot");
}

/* The Date field changes once a second. */
static const char *
respond_date(void)
{
	static char	date[HTTP_DATE_LEN];
	static int64_t	made = -1;
	int64_t		wall = clock_wall();

	if (wall != made)
		http_date(made = wall, date);
	return (date);
}

/* Everything about the response is known: write its head, begin to send. */
static void
respond_head(struct conn *c, struct reply_head *head, mono_t now)
{
	c->close = head->close = c->req.close;
	head->head_only = c->req.method == HTTP_HEAD;
	wbuf_init(&c->out, c->outbuf, sizeof(c->outbuf));
	reply_head(head, respond_date(), &c->out);
	serve_send(c, now);
}

static void
respond_plain(struct conn *c, int status, unsigned int allow, mono_t now)
{
	struct reply_head	head = { .status = status, .allow = allow };

	COUNT(NOT_FOUND) += status == 404;
	c->step = STEP_MAX;
	respond_head(c, &head, now);
}

void
respond_status(struct conn *c, int status, mono_t now)
{
	respond_plain(c, status, 0, now);
}

/* Something in memory; takes the caller's reference over. */
static void
respond_blob(struct conn *c, struct blob *blob, const char *type,
    int no_store, mono_t now)
{
	struct reply_head	head = { .status = 200, .type = type,
				    .no_store = no_store };

	if (blob == NULL) {
		log_limit(&limit_memory, "no memory for a response");
		respond_status(c, 503, now);
		return;
	}
	head.len = c->size = blob->len;
	if (c->req.method == HTTP_HEAD)
		blob_unref(blob);
	else
		c->blob = blob;
	respond_head(c, &head, now);
}

static struct blob *
menu_blob(const struct asker *who)
{
	uint8_t		 text[MENU_SIZE];
	struct wbuf	 w;
	struct blob	*blob;

	wbuf_init(&w, text, sizeof(text));
	menu_render(MENU_IPXE, who->conf, who->machine, &w);
	if (w.err || (blob = blob_new((uint32_t)w.len)) == NULL)
		return (NULL);
	memcpy(blob->data, text, w.len);
	return (blob);
}

/*
 * Opens name, or the index of the directory that it is.  0, or the status
 * that says why not.
 */
static int
respond_open(struct conn *c, int dir, const char *name,
    struct file_info *file)
{
	char	path[HTTP_PATH_MAX + sizeof(INDEX) + 1];
	size_t	len = strlen(name);

	if (len > 0 && name[len - 1] != '/') {
		if ((c->file = file_open(dir, name, file)) != -1)
			return (0);
		if (errno != EACCES)
			goto out;
	}
	(void)snprintf(path, sizeof(path), "%s%s" INDEX, name,
	    len > 0 && name[len - 1] != '/' ? "/" : "");
	if ((c->file = file_open(dir, path, file)) != -1)
		return (0);
 out:
	if (errno == ENOENT || errno == EACCES || errno == EBADF)
		return (404);
	log_limit(&limit_file, "open of a file: %s", strerror(errno));
	return (errno == EMFILE || errno == ENFILE ? 503 : 500);
}

/* One file, or the part of it that the conditions leave. */
static void
respond_file(struct conn *c, int dir, const char *name, mono_t now)
{
	struct reply_head	head = { .status = 200 };
	struct file_info	file;
	struct http_part	part;
	int			status;

	if ((status = respond_open(c, dir, name, &file)) != 0) {
		respond_status(c, status, now);
		return;
	}
	http_conditions(&c->req, &file, &part);
	head.status = part.status;
	head.file = &file;
	head.first = c->first = c->off = part.first;
	head.len = part.len;
	c->end = part.first + part.len;
	c->size = file.size;
	if (part.status == 200 || part.status == 206)
		head.type = reply_type(name, c->req.uefi);
	if (head.type == NULL || c->req.method == HTTP_HEAD ||
	    part.len == 0) {
		(void)close(c->file);
		c->file = -1;
		c->end = c->off;
	}
	if (head.type == NULL)
		c->step = STEP_MAX;
	respond_head(c, &head, now);
}

static const char *
who_host(const struct asker *who)
{
	if (who->ticket != NULL)
		return (who->ticket->host);
	return (who->machine->host == NULL ? "" : who->machine->host->name);
}

/* What a step is about; in "/a/TOKEN/preseed.cfg" the token is a secret. */
static const char *
respond_name(const struct conn *c)
{
	static const char	boot[] = "/boot/";

	if (strncmp(c->req.path, boot, sizeof(boot) - 1) == 0)
		return (c->req.path + sizeof(boot) - 1);
	return (strrchr(c->req.path, '/') + 1);
}

/*
 * A transfer goes on, or is complete.  Part of a file counts as the whole
 * when it is the end of it: the client had the beginning.
 */
void
respond_progress(struct conn *c, int complete)
{
	static const struct mac	nobody;
	uint64_t		done = c->blob != NULL ? c->size : c->off;
	unsigned int		percent;

	percent = c->size == 0 ? 100 : (unsigned int)(done * 100 / c->size);
	if (!complete && percent > 99)
		percent = 99;
	if (complete && done < c->size)
		return;
	proc_step(c->step, c->addr, nobody, c->host, percent, c->size, "%s",
	    respond_name(c));
}

/* What an installer says in its own words: a form's "text", or the content. */
static void
event_text(const struct conn *c, char *text, size_t size)
{
	struct buf	body;

	buf_init(&body, c->buf + c->head, c->req.body);
	if (http_form(c->req.query, "text", text, size) == 0 ||
	    http_form(body, "text", text, size) == 0)
		return;
	http_text(body, text, size);
}

static void
event_report(const struct conn *c, const char *name, const struct asker *who,
    enum step step)
{
	char	text[NOTE_LEN];
	int	named = strcmp(name, step_names[step]) != 0;

	event_text(c, text, sizeof(text));
	if (text[0] == '\0' && !named)
		(void)snprintf(text, sizeof(text), "says the installer");
	proc_step(step, c->addr, who->machine->mac, who_host(who), 100, 0,
	    "%s%s%s", named ? name : "", named && text[0] != '\0' ? ": " : "",
	    text);
}

static int
refused_is_told(mono_t now)
{
	static int64_t		second;
	static unsigned int	count;

	if (second != now.us / 1000000) {
		second = now.us / 1000000;
		count = 0;
	}
	return (count++ < REFUSED_RATE);
}

/* Two machines at one address, and one of them asks. */
static void
conflict_report(const struct conn *c, const struct asker *who)
{
	const struct machine	*m = who->machine;
	const struct mac	 mac = m->mac;
	char			 addr[ADDR_STRLEN], is[MAC_STRLEN],
				 other[MAC_STRLEN];
	const char		*host = m->whose != NULL ? m->whose->name : "";

	if (who->ticket != NULL)
		host = who->ticket->host;
	proc_step(STEP_REFUSED, m->whose != NULL ? 0 : c->addr, mac, host, 100,
	    0, "%s was asked for by %s, which is of %s and used by %s",
	    who->ticket != NULL ? "its answer" : "a menu",
	    addr_str(c->addr, addr), mac_str(mac, is),
	    mac_str(m->other, other));
}

/* A right token at the wrong machine: the administrator should hear of it. */
static void
refused_report(const struct conn *c, const struct asker *who, mono_t now)
{
	char	addr[ADDR_STRLEN], mac[MAC_STRLEN];

	COUNT(REFUSED)++;
	COUNT(CONFLICTS) += who->machine->doubt == DOUBT_CONFLICT;
	if (!refused_is_told(now))
		return;
	if (who->machine->doubt == DOUBT_CONFLICT) {
		conflict_report(c, who);
		return;
	}
	proc_step(STEP_REFUSED, 0, (struct mac){ { 0 } }, who_host(who), 100, 0,
	    "its token was used by %s (%s)", addr_str(c->addr, addr),
	    who->machine->lease == NULL ? "no lease" :
	    mac_str(who->machine->mac, mac));
}

/* The request moves the ticket: the store first, then the answer. */
static void
respond_commit(struct conn *c, const struct asker *who,
    const struct verdict *v, mono_t now)
{
	struct msg_input	input;

	if (!c->committed) {
		memset(&input, 0, sizeof(input));
		input.input = v->input;
		memcpy(input.host, who->ticket->host, sizeof(input.host));
		if (proc_send(PROC_STORE, MSG_INPUT, 0, -1, &input,
		    sizeof(input)) == -1) {
			log_limit(&limit_store, "%s: the store is not there",
			    who->ticket->host);
			respond_status(c, 503, now);
			return;
		}
		c->committed = 1;
	}
	serve_hold(c, who->ticket->host, now);
}

/* Nobody has heard it there: it may be another machine. */
static void
respond_look(struct conn *c, mono_t now)
{
	const struct msg_addr	look = { .addr = c->addr };

	serve_hold(c, NULL, now);
	if (c->looked.us != 0 && mono_diff_ms(now, c->looked) < LOOK_MS)
		return;
	c->looked = now;
	COUNT(LOOKS)++;
	(void)proc_send(PROC_ARPD, MSG_LOOK, 0, -1, &look, sizeof(look));
}

/* An installing machine fetches its first package. */
static void
respond_packages(const struct conn *c, const struct route *r,
    const struct asker *who)
{
	const struct machine	*m = who->machine;

	if (c->file != -1 && route_is_package(who->conf, m, r->name) &&
	    grant_packages(m->ticket))
		proc_step(STEP_PACKAGES, c->addr, m->mac, m->host->name, 100,
		    0, "%s", r->name);
}

static void
respond_serve(struct conn *c, const struct route *r, const struct asker *who,
    const struct verdict *v, mono_t now)
{
	struct blob	*answer;

	c->step = v->step;
	if (v->step != STEP_MAX)
		(void)snprintf(c->host, sizeof(c->host), "%s", who_host(who));
	switch (v->kind) {
	case V_ANSWER:
		COUNT(ANSWERS)++;
		answer = blob_ref(grant_find(who->ticket, r->name));
		respond_blob(c, answer, reply_type(r->name, 0), 1, now);
		break;
	case V_MENU:
		respond_blob(c, menu_blob(who), "text/plain", 1, now);
		break;
	case V_METRICS:
		respond_blob(c, ksd_metrics(), "application/openmetrics-text; "
		    "version=1.0.0; charset=utf-8", 1, now);
		break;
	case V_BOOT:
		respond_file(c, dir_boot, r->name, now);
		break;
	case V_WWW:
		respond_file(c, dir_www, r->name, now);
		respond_packages(c, r, who);
		break;
	case V_STATUS:
	case V_COMMIT:
	case V_LOOK:
		if (v->status == 403)
			refused_report(c, who, now);
		else if (v->step != STEP_MAX)
			event_report(c, r->name, who, v->step);
		respond_plain(c, v->status, r->allow, now);
		break;
	}
}

void
respond(struct conn *c, mono_t now)
{
	struct route	route;
	struct machine	machine;
	struct asker	who;
	struct verdict	v;

	route_find(c->req.path, c->status, &route);
	ksd_asker(c, &route, now, &machine, &who);
	route_decide(&route, c->req.method, &who, &v);
	if (v.kind == V_COMMIT)
		respond_commit(c, &who, &v, now);
	else if (v.kind == V_LOOK)
		respond_look(c, now);
	else
		respond_serve(c, &route, &who, &v, now);
}
