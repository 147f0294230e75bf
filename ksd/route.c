/* SPDX-License-Identifier: ISC */
/*
 * route.c: what a request is for and whether this machine may have it.  Pure:
 * the path, the configuration, and the facts that were pushed to us decide.
 */
#include <string.h>

#include "ksd.h"

#define ALLOW_READ	(HTTP_ALLOW(GET) | HTTP_ALLOW(HEAD))
#define ALLOW_REPORT	(HTTP_ALLOW(GET) | HTTP_ALLOW(POST))

/* Longest prefix first; the rest of the path is the name. */
static const struct {
	const char	*prefix;
	enum route_kind	 kind;
	unsigned int	 allow;
	int		 token;		/* "TOKEN/" follows the prefix */
	int		 status;	/* of the status listener */
} routes[] = {
	{ "/a/",	ROUTE_ANSWER,	ALLOW_READ, 1, 0 },
	{ "/e/",	ROUTE_EVENT,	ALLOW_REPORT, 1, 0 },
	{ "/boot/",	ROUTE_BOOT,	ALLOW_READ, 0, 0 },
	{ "/ipxe",	ROUTE_IPXE,	ALLOW_READ, 0, 0 },
	{ "/metrics",	ROUTE_METRICS,	ALLOW_READ, 0, 1 },
	{ "/",		ROUTE_WWW,	ALLOW_READ, 0, 0 },
};

/* What an installer can report about itself. */
static const struct report {
	const char	*name;
	enum ticket_input input;	/* INPUT_MAX: moves nothing */
	enum ticket_state outcome;
	enum step	 step;
} reports[] = {
	{ "installing",	INPUT_ANSWER,	TICKET_INSTALLING, STEP_NOTE },
	{ "done",	INPUT_DONE,	TICKET_INSTALLED,  STEP_DONE },
	{ "failed",	INPUT_FAILED,	TICKET_FAILED,	   STEP_ERROR },
	{ "note",	INPUT_MAX,	TICKET_INSTALLING, STEP_NOTE },
};

/* "TOKEN/NAME"; -1 when it does not look like one. */
static int
route_token(struct route *r)
{
	const char	*slash = strchr(r->name, '/');
	size_t		 len;

	if (slash == NULL)
		return (-1);
	len = (size_t)(slash - r->name);
	if (len == 0 || len >= sizeof(r->token) ||
	    strspn(r->name, "0123456789abcdef") != len)
		return (-1);
	memcpy(r->token, r->name, len);
	r->token[len] = '\0';
	r->name = slash + 1;
	return (0);
}

void
route_find(const char *path, int status, struct route *r)
{
	size_t	i, len;

	memset(r, 0, sizeof(*r));
	r->allow = ALLOW_READ;
	for (i = 0; i < nitems(routes); i++) {
		len = strlen(routes[i].prefix);
		if (routes[i].status != status ||
		    strncmp(path, routes[i].prefix, len) != 0)
			continue;
		/* A prefix that is not a directory is the whole path. */
		if (routes[i].prefix[len - 1] != '/' && path[len] != '\0')
			continue;
		r->kind = routes[i].kind;
		r->allow = routes[i].allow;
		r->name = path + len;
		if (routes[i].token && route_token(r) == -1)
			r->kind = ROUTE_NONE;
		return;
	}
}

static void
verdict_status(struct verdict *v, int status)
{
	*v = (struct verdict){ .kind = V_STATUS, .status = status,
	    .step = STEP_MAX };
}

static void
verdict_serve(struct verdict *v, enum verdict_kind kind, enum step step)
{
	*v = (struct verdict){ .kind = kind, .status = 200, .step = step };
}

/*
 * Hold the request until the store has the input on disk; once it was sent
 * and the state still does not say so, the request is held on.
 */
static void
verdict_commit(struct verdict *v, enum ticket_input input)
{
	*v = (struct verdict){ .kind = V_COMMIT, .status = 200,
	    .input = input, .step = STEP_MAX };
}

/* Hold it until it is known who the machine is. */
static void
verdict_look(struct verdict *v)
{
	*v = (struct verdict){ .kind = V_LOOK, .status = 200,
	    .step = STEP_MAX };
}

/* Two machines at one address: neither gets what is meant for one. */
static void
verdict_conflict(struct verdict *v)
{
	*v = (struct verdict){ .kind = V_STATUS, .status = 403,
	    .step = STEP_REFUSED };
}

/*
 * 0, or the status of the refusal: 404 tells nothing to those who do not have
 * a token, 403 is for a right token at the wrong machine, and 503 for "we
 * cannot know yet", which clients try again.
 */
static int
token_access(const struct asker *who)
{
	const struct msg_ticket	*ticket = who->ticket;
	const struct machine	*m = who->machine;

	if (ticket == NULL)
		return (who->tickets ? 404 : 503);
	if (who->conf->global->access != ACCESS_LEASE)
		return (0);
	if (m->lease == NULL && m->doubt == DOUBT_NONE)
		return (who->leases ? 403 : 503);
	return (m->host != NULL && strcmp(m->host->name, ticket->host) == 0 ?
	    0 : 403);
}

static void
decide_answer(enum http_method method, const struct asker *who,
    struct verdict *v)
{
	enum ticket_state	state = (enum ticket_state)who->ticket->state;

	if (!ticket_answers(state) || !who->answer)
		verdict_status(v, 404);
	else if (state != TICKET_INSTALLING && method == HTTP_GET)
		verdict_commit(v, INPUT_ANSWER);
	else
		verdict_serve(v, V_ANSWER,
		    method == HTTP_GET ? STEP_ANSWER : STEP_MAX);
}

/*
 * A report that would move the ticket is answered when it has; one that finds
 * its outcome already there is a repetition and as good as the first.
 */
static void
decide_event(const char *name, const struct asker *who, struct verdict *v)
{
	enum ticket_state	 state = (enum ticket_state)who->ticket->state;
	const struct report	*report = NULL;
	size_t			 i;

	for (i = 0; i < nitems(reports); i++)
		if (strcmp(name, reports[i].name) == 0)
			report = &reports[i];
	if (report == NULL ||
	    (!ticket_answers(state) && state != report->outcome)) {
		verdict_status(v, 404);
		return;
	}
	if (report->input != INPUT_MAX && state != report->outcome) {
		if (ticket_next(state, report->input) == state)
			verdict_status(v, 404);
		else
			verdict_commit(v, report->input);
		return;
	}
	verdict_status(v, 204);
	if (report->step == STEP_NOTE || who->committed)
		v->step = report->step;
}

static void
decide_token(const struct route *r, enum http_method method,
    const struct asker *who, struct verdict *v)
{
	int	status;

	if ((status = token_access(who)) != 0) {
		verdict_status(v, status);
		if (status == 403)
			v->step = STEP_REFUSED;
	} else if (who->conf->global->access == ACCESS_LEASE &&
	    who->machine->doubt == DOUBT_UNSEEN)
		verdict_look(v);
	else if (r->kind == ROUTE_ANSWER)
		decide_answer(method, who, v);
	else
		decide_event(r->name, who, v);
}

/* Who it is decides between installer and disk: be sure. */
static void
decide_menu(enum http_method method, const struct asker *who,
    struct verdict *v)
{
	const struct machine	*m = who->machine;

	if (m->doubt == DOUBT_CONFLICT)
		verdict_conflict(v);
	else if (!who->tickets || (!who->leases && m->lease == NULL))
		verdict_status(v, 503);
	else if (m->doubt == DOUBT_UNSEEN && m->installs)
		verdict_look(v);
	else
		verdict_serve(v, V_MENU, m->lease == NULL ||
		    method != HTTP_GET ? STEP_MAX : STEP_MENU);
}

void
route_decide(const struct route *r, enum http_method method,
    const struct asker *who, struct verdict *v)
{
	if (method == HTTP_OTHER || (r->allow & 1U << method) == 0) {
		verdict_status(v, 405);
		return;
	}
	switch (r->kind) {
	case ROUTE_ANSWER:
	case ROUTE_EVENT:
		decide_token(r, method, who, v);
		break;
	case ROUTE_IPXE:
		decide_menu(method, who, v);
		break;
	case ROUTE_BOOT:
		verdict_serve(v, V_BOOT, method != HTTP_GET ? STEP_MAX :
		    route_boot_step(who->conf, who->machine, r->name));
		break;
	case ROUTE_WWW:
		verdict_serve(v, V_WWW, STEP_MAX);
		break;
	case ROUTE_METRICS:
		verdict_serve(v, V_METRICS, STEP_MAX);
		break;
	case ROUTE_NONE:
		verdict_status(v, 404);
		break;
	}
}

/* Paths in the configuration may begin with a slash, names here do not. */
static int
path_is(const char *conf_path, const char *name)
{
	return (strcmp(conf_path + (conf_path[0] == '/'), name) == 0);
}

/* A loader is a file below ROOT/boot, or a URL of one. */
static int
loader_is(const char *path, const char *name)
{
	const char	*boot;

	if (strncmp(path, "http://", 7) != 0)
		return (path_is(path, name));
	boot = strstr(path, "/boot/");
	return (boot != NULL && strcmp(boot + 6, name) == 0);
}

enum step
route_boot_step(const struct conf *conf, const struct machine *m,
    const char *name)
{
	uint32_t	image;
	size_t		i;

	if (m->lease == NULL)
		return (STEP_MAX);
	for (i = 0; i < conf->nloader; i++)
		if (loader_is(conf->loader[i].path, name))
			return (STEP_LOADER);
	if (m->image == NULL)
		return (STEP_MAX);
	if (path_is(m->image->kernel, name))
		return (STEP_KERNEL);
	image = (uint32_t)(m->image - conf->image);
	for (i = 0; i < conf->ninitrd; i++)
		if (conf->initrd[i].image == image &&
		    path_is(conf->initrd[i].path, name))
			return (STEP_INITRD);
	return (STEP_MAX);
}

int
route_is_package(const struct conf *conf, const struct machine *m,
    const char *name)
{
	const struct conf_image	*image;
	const char		*path;
	size_t			 len;

	if (m->ticket == NULL || m->host == NULL ||
	    m->ticket->state != TICKET_INSTALLING)
		return (0);
	image = conf_image(conf, m->ticket->image[0] != '\0' ?
	    m->ticket->image : m->host->image);
	if (image == NULL || image->packages[0] == '\0')
		return (0);
	path = image->packages + (image->packages[0] == '/');
	len = strlen(path);
	return (strncmp(name, path, len) == 0 &&
	    (name[len] == '/' || path[len - 1] == '/'));
}
