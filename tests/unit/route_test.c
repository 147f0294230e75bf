/* SPDX-License-Identifier: ISC */
/*
 * route_test.c: what ksd's paths mean, who may have what in which state of a
 * ticket, and how long an answer file is kept.
 */
#include <errno.h>
#include <string.h>

#include "ksd/ksd.h"
#include "unit.h"

#define T	"0123456789abcdef0123456789abcdef"

static const struct {
	const char	*path;
	int		 status;
	enum route_kind	 kind;
	const char	*name;		/* NULL: whatever */
} finds[] = {
	{ "/a/" T "/ks.cfg", 0, ROUTE_ANSWER, "ks.cfg" },
	{ "/a/" T "/", 0, ROUTE_ANSWER, "" },
	{ "/a/" T "/x/y", 0, ROUTE_ANSWER, "x/y" },
	{ "/e/" T "/done", 0, ROUTE_EVENT, "done" },
	{ "/boot/x/linux", 0, ROUTE_BOOT, "x/linux" },
	{ "/ipxe", 0, ROUTE_IPXE, NULL },
	{ "/", 0, ROUTE_WWW, "" },
	{ "/debian/x", 0, ROUTE_WWW, "debian/x" },
	{ "/boot", 0, ROUTE_WWW, "boot" },
	{ "/ipxe/x", 0, ROUTE_WWW, "ipxe/x" },
	{ "/ipxe2", 0, ROUTE_WWW, "ipxe2" },
	{ "/ax/y", 0, ROUTE_WWW, "ax/y" },
	{ "/metrics", 0, ROUTE_WWW, "metrics" },
	{ "/a/" T, 0, ROUTE_NONE, NULL },
	{ "/a/", 0, ROUTE_NONE, NULL },
	{ "/a//x", 0, ROUTE_NONE, NULL },
	{ "/a/" T T "/x", 0, ROUTE_NONE, NULL },
	{ "/a/" "0123456789ABCDEF/x", 0, ROUTE_NONE, NULL },
	{ "/e/x y/done", 0, ROUTE_NONE, NULL },
	{ "/metrics", 1, ROUTE_METRICS, NULL },
	{ "/", 1, ROUTE_NONE, NULL },
	{ "/a/" T "/ks.cfg", 1, ROUTE_NONE, NULL },
	{ "/boot/x", 1, ROUTE_NONE, NULL },
	{ "/metricsx", 1, ROUTE_NONE, NULL },
};

static void
test_find(void)
{
	struct route	r;
	size_t		i;

	for (i = 0; i < nitems(finds); i++) {
		route_find(finds[i].path, finds[i].status, &r);
		CHECK_NAMED(r.kind == finds[i].kind, finds[i].path);
		CHECK_NAMED(finds[i].name == NULL ||
		    strcmp(r.name, finds[i].name) == 0, finds[i].path);
	}
	route_find("/a/" T "/x", 0, &r);
	CHECK(strcmp(r.token, T) == 0);
}

/* A small world: one image, two hosts, a lease each. */
static struct conf	*conf;
static struct lessee	 lease;
static struct msg_ticket ticket;
static struct machine	 owner, other, stranger;

static void
world(void)
{
	struct conf_host	*host;
	struct conf_image	*image;
	struct conf_initrd	*initrd;
	struct conf_loader	*loader;

	conf = conf_new();
	image = conf_add_image(conf);
	strcpy(image->name, "one");
	image = conf_add_image(conf);
	strcpy(image->name, "debian12");
	strcpy(image->kernel, "debian12/linux");
	strcpy(image->packages, "debian12");
	initrd = conf_add_initrd(conf);
	initrd->image = 1;
	strcpy(initrd->path, "/debian12/initrd.gz");
	initrd = conf_add_initrd(conf);
	initrd->image = 0;
	strcpy(initrd->path, "one/initrd.gz");
	loader = conf_add_loader(conf);
	strcpy(loader->path, "pxelinux.0");
	loader = conf_add_loader(conf);
	strcpy(loader->path, "http://10.0.0.1/boot/snponly.efi");
	host = conf_add_host(conf);
	strcpy(host->name, "web1");
	strcpy(host->image, "debian12");
	host = conf_add_host(conf);
	strcpy(host->name, "web2");

	strcpy(ticket.host, "web1");
	strcpy(ticket.token, T);
	owner.lease = other.lease = &lease;
	owner.host = &conf->host[0];
	owner.ticket = &ticket;
	owner.image = &conf->image[1];
	other.host = &conf->host[1];
}

#define GET	HTTP_GET
#define ARMED	TICKET_ARMED
#define BOOTING	TICKET_BOOTING
#define INST	TICKET_INSTALLING
#define DONE	TICKET_INSTALLED
#define FAILED	TICKET_FAILED

/* status 0: held, with the input that moves the ticket. */
static const struct {
	const char	*path;
	enum http_method method;
	enum access	 access;
	const struct machine *who;
	enum ticket_state state;
	int		 status;
	enum ticket_input input;
	enum step	 step;
} decisions[] = {
	/* The answer file, to its own machine. */
	{ "/a/" T "/x", GET, ACCESS_LEASE, &owner, ARMED, 0, INPUT_ANSWER,
	    STEP_MAX },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &owner, BOOTING, 0, INPUT_ANSWER,
	    STEP_MAX },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &owner, INST, 200, INPUT_MAX,
	    STEP_ANSWER },
	{ "/a/" T "/x", HTTP_HEAD, ACCESS_LEASE, &owner, BOOTING, 200,
	    INPUT_MAX, STEP_MAX },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &owner, DONE, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &owner, FAILED, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &owner, TICKET_EXPIRED, 404,
	    INPUT_MAX, STEP_MAX },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &owner, TICKET_LOCAL, 404,
	    INPUT_MAX, STEP_MAX },
	{ "/a/" T "/x", HTTP_POST, ACCESS_LEASE, &owner, INST, 405, INPUT_MAX,
	    STEP_MAX },
	{ "/a/" T "/x", HTTP_OTHER, ACCESS_LEASE, &owner, INST, 405,
	    INPUT_MAX, STEP_MAX },
	/* To others. */
	{ "/a/" T "/x", GET, ACCESS_LEASE, &other, INST, 403, INPUT_MAX,
	    STEP_REFUSED },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &other, ARMED, 403, INPUT_MAX,
	    STEP_REFUSED },
	{ "/a/" T "/x", HTTP_HEAD, ACCESS_LEASE, &other, INST, 403, INPUT_MAX,
	    STEP_REFUSED },
	{ "/a/" T "/x", GET, ACCESS_LEASE, &stranger, INST, 403, INPUT_MAX,
	    STEP_REFUSED },
	{ "/a/" T "/x", GET, ACCESS_TOKEN, &stranger, INST, 200, INPUT_MAX,
	    STEP_ANSWER },
	{ "/a/" T "/x", GET, ACCESS_ANY, &stranger, ARMED, 0, INPUT_ANSWER,
	    STEP_MAX },
	{ "/a/" T "/x", GET, ACCESS_TOKEN, &other, DONE, 404, INPUT_MAX,
	    STEP_MAX },
	/* Reports. */
	{ "/e/" T "/installing", GET, ACCESS_LEASE, &owner, BOOTING, 0,
	    INPUT_ANSWER, STEP_MAX },
	{ "/e/" T "/installing", GET, ACCESS_LEASE, &owner, INST, 204,
	    INPUT_MAX, STEP_NOTE },
	{ "/e/" T "/note", GET, ACCESS_LEASE, &owner, INST, 204, INPUT_MAX,
	    STEP_NOTE },
	{ "/e/" T "/note", HTTP_POST, ACCESS_LEASE, &owner, ARMED, 204,
	    INPUT_MAX, STEP_NOTE },
	{ "/e/" T "/note", GET, ACCESS_LEASE, &owner, DONE, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/e/" T "/done", HTTP_POST, ACCESS_LEASE, &owner, INST, 0,
	    INPUT_DONE, STEP_MAX },
	{ "/e/" T "/done", GET, ACCESS_LEASE, &owner, BOOTING, 0, INPUT_DONE,
	    STEP_MAX },
	{ "/e/" T "/done", GET, ACCESS_LEASE, &owner, ARMED, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/e/" T "/done", GET, ACCESS_LEASE, &owner, DONE, 204, INPUT_MAX,
	    STEP_MAX },
	{ "/e/" T "/done", GET, ACCESS_LEASE, &owner, FAILED, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/e/" T "/failed", GET, ACCESS_LEASE, &owner, INST, 0, INPUT_FAILED,
	    STEP_MAX },
	{ "/e/" T "/failed", GET, ACCESS_LEASE, &owner, FAILED, 204,
	    INPUT_MAX, STEP_MAX },
	{ "/e/" T "/failed", GET, ACCESS_LEASE, &owner, DONE, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/e/" T "/other", GET, ACCESS_LEASE, &owner, INST, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/e/" T "/done/x", GET, ACCESS_LEASE, &owner, INST, 404, INPUT_MAX,
	    STEP_MAX },
	{ "/e/" T "/done", HTTP_HEAD, ACCESS_LEASE, &owner, INST, 405,
	    INPUT_MAX, STEP_MAX },
	{ "/e/" T "/done", GET, ACCESS_LEASE, &other, INST, 403, INPUT_MAX,
	    STEP_REFUSED },
	{ "/e/" T "/done", GET, ACCESS_TOKEN, &stranger, INST, 0, INPUT_DONE,
	    STEP_MAX },
	/* What is everybody's. */
	{ "/ipxe", GET, ACCESS_LEASE, &owner, ARMED, 200, INPUT_MAX,
	    STEP_MENU },
	{ "/ipxe", HTTP_HEAD, ACCESS_LEASE, &owner, ARMED, 200, INPUT_MAX,
	    STEP_MAX },
	{ "/ipxe", GET, ACCESS_LEASE, &stranger, ARMED, 200, INPUT_MAX,
	    STEP_MAX },
	{ "/boot/debian12/linux", GET, ACCESS_LEASE, &owner, BOOTING, 200,
	    INPUT_MAX, STEP_KERNEL },
	{ "/boot/debian12/linux", HTTP_HEAD, ACCESS_LEASE, &owner, BOOTING,
	    200, INPUT_MAX, STEP_MAX },
	{ "/boot/debian12/initrd.gz", GET, ACCESS_LEASE, &owner, BOOTING, 200,
	    INPUT_MAX, STEP_INITRD },
	{ "/boot/one/initrd.gz", GET, ACCESS_LEASE, &owner, BOOTING, 200,
	    INPUT_MAX, STEP_MAX },
	{ "/boot/debian12/linux", GET, ACCESS_LEASE, &other, BOOTING, 200,
	    INPUT_MAX, STEP_MAX },
	{ "/boot/pxelinux.0", GET, ACCESS_LEASE, &other, BOOTING, 200,
	    INPUT_MAX, STEP_LOADER },
	{ "/boot/snponly.efi", GET, ACCESS_LEASE, &other, BOOTING, 200,
	    INPUT_MAX, STEP_LOADER },
	{ "/boot/pxelinux.0", GET, ACCESS_LEASE, &stranger, BOOTING, 200,
	    INPUT_MAX, STEP_MAX },
	{ "/x", GET, ACCESS_LEASE, &stranger, INST, 200, INPUT_MAX, STEP_MAX },
	{ "/x", HTTP_POST, ACCESS_LEASE, &stranger, INST, 405, INPUT_MAX,
	    STEP_MAX },
	{ "/a/x", GET, ACCESS_LEASE, &owner, INST, 404, INPUT_MAX, STEP_MAX },
};

static void
decide(const char *path, enum http_method method, struct asker *who,
    struct verdict *v)
{
	struct route	r;

	route_find(path, 0, &r);
	route_decide(&r, method, who, v);
}

static void
test_decide(void)
{
	struct asker	who;
	struct verdict	v;
	size_t		i;

	for (i = 0; i < nitems(decisions); i++) {
		memset(&who, 0, sizeof(who));
		who.conf = conf;
		who.machine = decisions[i].who;
		who.ticket = &ticket;
		who.tickets = who.leases = who.answer = 1;
		conf->global->access = decisions[i].access;
		ticket.state = decisions[i].state;
		decide(decisions[i].path, decisions[i].method, &who, &v);
		if (decisions[i].status == 0) {
			CHECK_NAMED(v.kind == V_COMMIT, decisions[i].path);
			CHECK_NAMED(v.input == decisions[i].input,
			    decisions[i].path);
		} else {
			CHECK_NAMED(v.kind != V_COMMIT, decisions[i].path);
			CHECK_NAMED(v.status == decisions[i].status,
			    decisions[i].path);
		}
		CHECK_NAMED(v.step == decisions[i].step, decisions[i].path);
	}
}

/* What is not known yet is 503, what is unknown is 404. */
static void
test_unknown(void)
{
	struct asker	who = { .conf = conf, .machine = &stranger };
	struct verdict	v;

	conf->global->access = ACCESS_LEASE;
	ticket.state = TICKET_INSTALLING;
	decide("/a/" T "/x", GET, &who, &v);
	CHECK(v.status == 503 && v.step == STEP_MAX);
	decide("/ipxe", GET, &who, &v);
	CHECK(v.status == 503);
	who.tickets = 1;
	decide("/a/" T "/x", GET, &who, &v);
	CHECK(v.status == 404 && v.step == STEP_MAX);
	decide("/ipxe", GET, &who, &v);
	CHECK(v.status == 503);
	who.ticket = &ticket;
	decide("/a/" T "/x", GET, &who, &v);
	CHECK(v.status == 503 && v.step == STEP_MAX);
	/* No file of that name: nothing moves. */
	who.machine = &owner;
	ticket.state = TICKET_ARMED;
	decide("/a/" T "/x", GET, &who, &v);
	CHECK(v.status == 404);
	decide("/ipxe", GET, &who, &v);
	CHECK(v.kind == V_MENU);
}

/*
 * Who has the lease, but was not heard at the address, or not alone.  What is
 * everybody's needs neither.
 */
static const struct {
	const char	*path;
	enum access	 access;
	enum doubt	 doubt;
	int		 other;		/* the lease is another host's */
	enum verdict_kind kind;
	int		 status;
	enum step	 step;
} doubts[] = {
#define LEASE	ACCESS_LEASE
#define ANSWER	"/a/" T "/x"
#define UNSEEN	DOUBT_UNSEEN
#define TWO	DOUBT_CONFLICT
	{ ANSWER, LEASE, UNSEEN, 0, V_LOOK, 200, STEP_MAX },
	{ ANSWER, LEASE, UNSEEN, 1, V_STATUS, 403, STEP_REFUSED },
	{ ANSWER, LEASE, TWO, 0, V_STATUS, 403, STEP_REFUSED },
	{ ANSWER, LEASE, TWO, 1, V_STATUS, 403, STEP_REFUSED },
	{ ANSWER, ACCESS_TOKEN, UNSEEN, 0, V_ANSWER, 200, STEP_ANSWER },
	{ ANSWER, ACCESS_TOKEN, TWO, 0, V_ANSWER, 200, STEP_ANSWER },
	{ "/e/" T "/done", LEASE, UNSEEN, 0, V_LOOK, 200, STEP_MAX },
	{ "/e/" T "/note", LEASE, TWO, 0, V_STATUS, 403, STEP_REFUSED },
	{ "/a/" T T, LEASE, UNSEEN, 0, V_STATUS, 404, STEP_MAX },
	{ "/ipxe", LEASE, UNSEEN, 0, V_LOOK, 200, STEP_MAX },
	{ "/ipxe", LEASE, UNSEEN, 1, V_MENU, 200, STEP_MENU },
	{ "/ipxe", LEASE, TWO, 0, V_STATUS, 403, STEP_REFUSED },
	{ "/ipxe", ACCESS_TOKEN, UNSEEN, 0, V_LOOK, 200, STEP_MAX },
	{ "/ipxe", ACCESS_TOKEN, TWO, 0, V_STATUS, 403, STEP_REFUSED },
	{ "/boot/debian12/linux", LEASE, UNSEEN, 0, V_BOOT, 200, STEP_KERNEL },
	{ "/boot/debian12/linux", LEASE, TWO, 0, V_BOOT, 200, STEP_MAX },
	{ "/x", LEASE, UNSEEN, 0, V_WWW, 200, STEP_MAX },
	{ "/x", LEASE, TWO, 0, V_WWW, 200, STEP_MAX },
};

/* As facts_machine() makes it: in a conflict it is nobody. */
static void
doubtful(struct machine *m, enum doubt doubt, int is_other)
{
	*m = is_other ? other : owner;
	m->installs = !is_other;
	m->whose = m->host;
	m->doubt = doubt;
	if (doubt == DOUBT_CONFLICT) {
		m->lease = NULL;
		m->host = NULL;
		m->ticket = NULL;
		m->image = NULL;
		m->installs = 0;
	}
}

static void
test_doubts(void)
{
	struct machine	m;
	struct asker	who = { .conf = conf, .machine = &m, .tickets = 1,
			    .ticket = &ticket, .leases = 1, .answer = 1 };
	struct verdict	v;
	size_t		i;

	ticket.state = TICKET_INSTALLING;
	for (i = 0; i < nitems(doubts); i++) {
		doubtful(&m, doubts[i].doubt, doubts[i].other);
		conf->global->access = doubts[i].access;
		decide(doubts[i].path, GET, &who, &v);
		CHECK_NAMED(v.kind == doubts[i].kind, doubts[i].path);
		CHECK_NAMED(v.status == doubts[i].status, doubts[i].path);
		CHECK_NAMED(v.step == doubts[i].step, doubts[i].path);
	}
	conf->global->access = ACCESS_LEASE;
	/* The leases may come later, the conflict is known now. */
	who.leases = 0;
	doubtful(&m, DOUBT_CONFLICT, 0);
	decide(ANSWER, GET, &who, &v);
	CHECK(v.status == 403);
	/* A state in which nobody gets it. */
	who.leases = 1;
	doubtful(&m, DOUBT_UNSEEN, 0);
	ticket.state = TICKET_INSTALLED;
	decide(ANSWER, GET, &who, &v);
	CHECK_NAMED(v.kind == V_LOOK, "who it is is asked first");
	ticket.state = TICKET_INSTALLING;
}

/* A report that was committed is shown; a repetition is not. */
static void
test_committed(void)
{
	struct asker	who = { .conf = conf, .machine = &owner,
			    .ticket = &ticket, .tickets = 1, .leases = 1 };
	struct verdict	v;

	ticket.state = TICKET_INSTALLED;
	who.committed = 1;
	decide("/e/" T "/done", GET, &who, &v);
	CHECK(v.status == 204 && v.step == STEP_DONE);
	ticket.state = TICKET_FAILED;
	decide("/e/" T "/failed", GET, &who, &v);
	CHECK(v.status == 204 && v.step == STEP_ERROR);
	ticket.state = TICKET_INSTALLING;
	decide("/e/" T "/done", GET, &who, &v);
	CHECK(v.kind == V_COMMIT);
}

static void
test_packages(void)
{
	ticket.state = TICKET_INSTALLING;
	CHECK(route_is_package(conf, &owner, "debian12/dists/x"));
	CHECK(!route_is_package(conf, &owner, "debian12"));
	CHECK(!route_is_package(conf, &owner, "debian123/x"));
	CHECK(!route_is_package(conf, &owner, "x"));
	CHECK(!route_is_package(conf, &other, "debian12/x"));
	CHECK(!route_is_package(conf, &stranger, "debian12/x"));
	ticket.state = TICKET_BOOTING;
	CHECK(!route_is_package(conf, &owner, "debian12/x"));
}

static int
add(const char *host, const char *token, const char *name, uint32_t len)
{
	struct msg_answer	a;
	struct blob		*blob = blob_new(len);
	int			 error;

	memset(&a, 0, sizeof(a));
	strcpy(a.host, host);
	strcpy(a.token, token);
	strcpy(a.name, name);
	memset(blob->data, 'x', len);
	error = grant_add(&a, blob);
	blob_unref(blob);
	return (error);
}

static void
test_grants(void)
{
	struct msg_ticket	t;
	struct blob		*held;
	int			 i;
	char			 name[2] = "a";

	memset(&t, 0, sizeof(t));
	strcpy(t.host, "web1");
	strcpy(t.token, "aa");
	t.state = TICKET_ARMED;
	CHECK(grant_find(&t, "x") == NULL);
	CHECK(add("web1", "aa", "user-data", 10) == 0);
	CHECK(add("web2", "bb", "", 20) == 0);
	CHECK(grant_bytes() == 30 && grant_count() == 2);
	grant_ticket(&t);
	CHECK(grant_find(&t, "user-data")->len == 10);
	CHECK(grant_find(&t, "meta-data") == NULL);
	CHECK(grant_find(&t, "") == NULL);
	/* A file without a name is any file, but a named one goes first. */
	CHECK(add("web1", "aa", "", 7) == 0);
	CHECK(grant_find(&t, "meta-data")->len == 7);
	CHECK(grant_find(&t, "user-data")->len == 10);
	CHECK(add("web1", "aa", "user-data", 11) == 0);
	CHECK(grant_find(&t, "user-data")->len == 11);
	CHECK(grant_bytes() == 38);
	/* Packages: once a ticket. */
	CHECK(grant_packages(&t) == 1 && grant_packages(&t) == 0);
	t.state = TICKET_INSTALLING;
	grant_ticket(&t);
	CHECK(grant_packages(&t) == 0);
	/* What is being sent outlives its ticket. */
	held = blob_ref(grant_find(&t, "user-data"));
	t.state = TICKET_INSTALLED;
	grant_ticket(&t);
	CHECK(grant_find(&t, "user-data") == NULL);
	CHECK(held->refs == 1 && held->data[10] == 'x');
	blob_unref(held);
	CHECK(grant_bytes() == 20 && grant_count() == 1);
	/* A newer token ends the older one. */
	strcpy(t.host, "web2");
	strcpy(t.token, "bb");
	t.state = TICKET_ARMED;
	CHECK(grant_find(&t, "x")->len == 20);
	CHECK(grant_packages(&t) == 1);
	CHECK(add("web2", "cc", "new", 5) == 0);
	CHECK(grant_find(&t, "x") == NULL);
	strcpy(t.token, "cc");
	CHECK(grant_find(&t, "x") == NULL);
	CHECK(grant_find(&t, "new")->len == 5);
	CHECK(grant_packages(&t) == 1);
	/* Sixteen files are enough for anybody. */
	for (i = 0; i < 15; i++, name[0]++)
		CHECK(add("web2", "cc", name, 1) == 0);
	errno = 0;
	CHECK(add("web2", "cc", "z", 1) == -1 && errno == ENOSPC);
	CHECK(add("web2", "cc", "new", 6) == 0);
	CHECK(grant_bytes() == 21);
}

int
main(void)
{
	world();
	test_find();
	test_decide();
	test_doubts();
	test_unknown();
	test_committed();
	test_packages();
	test_grants();
	conf_free(conf);
	return (unit_done());
}
