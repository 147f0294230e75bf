/* SPDX-License-Identifier: ISC */
/*
 * parse.y: the sentences of bootward.conf(5).  Every action is one call of a
 * setter; what it returns is an error of the statement.  An error in the
 * grammar costs its statement (lex.c skips the rest), never the block.
 */
%{
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define YYLLOC_DEFAULT(cur, rhs, n)					\
	((cur) = (n) > 0 ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0))

/* One statement: its place, then what its setter has to say. */
#define SET(place, call)	(p->at = (place), parse_set(p, (call)))

static void	 parse_set(struct parse *, const char *);
%}

%define api.pure full
%define api.location.type {struct where}
%define parse.error custom
%define parse.lac full
%define lr.default-reduction consistent
%locations
%parse-param {struct parse *p}
%lex-param {struct parse *p}

%union {
	const char	*text;
	struct args	 args;
}

%code {
static int	 yylex(YYSTYPE *, YYLTYPE *, struct parse *);
static void	 yyerror(YYLTYPE *, struct parse *, const char *);
}

%token SEP 1001
%token <text> VALUE 1002
%token <text> MACRO 1003
%token INTERFACE "interface" ROOT "root" STORE "store" ANSWER "answer"
%token ACCESS "access" IDENTIFY "identify" BY "by" UNKNOWN "unknown"
%token BOOT "boot" CALLBACK "callback" SANDBOXED "sandbox" OPTIONAL "optional"
%token INSTALL "install" TIMEOUT "timeout" STATUS "status" ON "on" PORT "port"
%token SUBNET "subnet" SHARED "shared" NETWORK "network" LOADER "loader"
%token IMAGE "image" HOST "host" GROUP "group" INCLUDE "include"
%token RANGE "range" ROUTER "router" DNS "dns" DOMAIN "domain" LEASE "lease"
%token PROBE "probe" OPTION "option" NEXT "next-server" PROXY "proxy"
%token RELAY "relay" RAPID "rapid" COMMIT "commit" KEEP "keep" LIMIT "limit"
%token MAC "mac" OTHER "other" SERVER "server" LEASEQUERY "leasequery"
%token KERNEL "kernel" INITRD "initrd" APPEND "append" PACKAGES "packages"
%token ETHERNET "ethernet" UUID "uuid" CLIENT "client-id"
%token CIRCUIT "circuit-id" REMOTE "remote-id" ADDRESS "address"
%token SETVAR "set" IPV6 "ipv6" QUIET "quiet"

%type <args> args

%%

file	: top
	| file SEP top
	;

/*
 * In the place of any statement.  What led here is forgotten when the lexer
 * skips it; a separator or brace is kept, it ends the statement.
 */
wrong	: error				{
			if (p->drop)
				yyclearin;
			yyerrok;
		}
	;

top	: %empty
	| wrong
	| MACRO '=' VALUE		{ SET(@1, lex_macro(p, $1, $3)); }
	| INCLUDE VALUE			{ SET(@1, lex_include(p, $2)); }
	| interface
	| ROOT VALUE			{ SET(@1, conf_set_root(p, $2)); }
	| STORE VALUE
		{ SET(@1, conf_set_store(p, $2, NULL)); }
	| STORE VALUE VALUE		{ SET(@1, conf_set_store(p, $2, $3)); }
	| ANSWER ACCESS VALUE		{ SET(@1, conf_set_access(p, $3)); }
	| IDENTIFY BY VALUE		{ SET(@1, conf_set_identify(p, $3)); }
	| UNKNOWN BOOT VALUE
		{ SET(@1, conf_set_unknown(p, $3, NULL)); }
	| UNKNOWN BOOT VALUE VALUE
		{ SET(@1, conf_set_unknown(p, $3, $4)); }
	| callback
	| other
	| leasequery
	| option
		{ SET(@1, conf_close_option(p)); }
	| SANDBOXED OPTIONAL		{ SET(@1, conf_set_sandbox(p)); }
	| IPV6 QUIET			{ SET(@1, conf_set_ipv6(p)); }
	| INSTALL TIMEOUT VALUE		{ SET(@1, conf_set_timeout(p, $3)); }
	| STATUS ON VALUE PORT VALUE	{ SET(@1, conf_set_status(p, $3, $5)); }
	| LOADER VALUE VALUE		{ SET(@1, conf_set_loader(p, $2, $3)); }
	| segment
	| shared
	| image
	| group
	| host
	;

args	: %empty			{ $$ = (struct args){ NULL, 0 }; }
	| args VALUE			{
			$$ = $1;
			if ($$.n++ == 0)
				$$.text = $2;
		}
	;

interface : INTERFACE VALUE		{ SET(@1, conf_set_interface(p, $2)); }
	| interface VALUE		{ SET(@1, conf_set_interface(p, $2)); }
	;

callback : CALLBACK VALUE		{ SET(@1, conf_set_callback(p, $2)); }
	| callback VALUE		{ SET(@1, conf_set_callback(p, $2)); }
	;

other	: OTHER SERVER VALUE		{ SET(@1, conf_set_other(p, $3)); }
	| other VALUE			{ SET(@1, conf_set_other(p, $2)); }
	;

leasequery : LEASEQUERY VALUE		{ SET(@1, conf_set_querier(p, $2)); }
	| leasequery VALUE		{ SET(@1, conf_set_querier(p, $2)); }
	;

shared	: shared_open shared_body '}'	{ SET(@1, conf_close_shared(p)); }
	;

shared_open : SHARED NETWORK args '{'	{ SET(@1, conf_open_shared(p, $3)); }
	;

shared_body : shared_stmt
	| shared_body SEP shared_stmt
	;

shared_stmt : %empty
	| wrong
	| segment
	;

segment	: segment_open segment_body '}'	{ SET(@1, conf_close_segment(p)); }
	;

segment_open : SUBNET args '{'		{ SET(@1, conf_open_segment(p, $2)); }
	;

segment_body : segment_stmt
	| segment_body SEP segment_stmt
	;

segment_stmt : %empty
	| wrong
	| RANGE VALUE
		{ SET(@1, conf_set_range(p, $2, NULL)); }
	| RANGE VALUE '-' VALUE		{ SET(@1, conf_set_range(p, $2, $4)); }
	| router
	| dns
	| DOMAIN VALUE			{ SET(@1, conf_set_domain(p, $2)); }
	| LEASE VALUE			{ SET(@1, conf_set_lease(p, $2)); }
	| PROBE VALUE			{ SET(@1, conf_set_probe(p, $2)); }
	| option
		{ SET(@1, conf_close_option(p)); }
	| NEXT VALUE			{ SET(@1, conf_set_next(p, $2)); }
	| PROXY				{ SET(@1, conf_set_proxy(p)); }
	| RAPID COMMIT			{ SET(@1, conf_set_rapid(p)); }
	| KEEP VALUE			{ SET(@1, conf_set_keep(p, $2)); }
	| LIMIT PORT VALUE
		{ SET(@1, conf_set_limit_port(p, $3)); }
	| LIMIT MAC VALUE		{ SET(@1, conf_set_limit_mac(p, $3)); }
	| relay
	;

router	: ROUTER VALUE			{ SET(@1, conf_set_router(p, $2)); }
	| router VALUE			{ SET(@1, conf_set_router(p, $2)); }
	;

dns	: DNS VALUE			{ SET(@1, conf_set_dns(p, $2)); }
	| dns VALUE			{ SET(@1, conf_set_dns(p, $2)); }
	;

relay	: RELAY VALUE			{ SET(@1, conf_set_relay(p, $2)); }
	| relay VALUE			{ SET(@1, conf_set_relay(p, $2)); }
	;

option	: OPTION VALUE VALUE VALUE	{
			SET(@1, conf_set_option(p, $2, $3, $4));
		}
	| option VALUE
		{ SET(@1, conf_set_option_more(p, $2)); }
	;

image	: image_open image_body '}'	{ SET(@1, conf_close_image(p)); }
	;

image_open : IMAGE args '{'		{ SET(@1, conf_open_image(p, $2)); }
	;

image_body : image_stmt
	| image_body SEP image_stmt
	;

image_stmt : %empty
	| wrong
	| KERNEL VALUE			{ SET(@1, conf_set_kernel(p, $2)); }
	| INITRD VALUE			{ SET(@1, conf_set_initrd(p, $2)); }
	| APPEND VALUE			{ SET(@1, conf_set_append(p, $2)); }
	| ANSWER VALUE			{ SET(@1, conf_set_answer(p, $2)); }
	| PACKAGES VALUE		{ SET(@1, conf_set_packages(p, $2)); }
	;

group	: group_open group_body '}'	{ SET(@1, conf_close_group(p)); }
	;

group_open : GROUP args '{'		{ SET(@1, conf_open_group(p, $2)); }
	;

group_body : group_stmt
	| group_body SEP group_stmt
	;

group_stmt : %empty
	| wrong
	| IMAGE VALUE
		{ SET(@1, conf_set_group_image(p, $2)); }
	| SETVAR VALUE VALUE
		{ SET(@1, conf_set_group_var(p, $2, $3)); }
	| option
		{ SET(@1, conf_close_option(p)); }
	| host
	;

host	: host_open host_body '}'	{ SET(@1, conf_close_host(p)); }
	;

host_open : HOST args '{'		{ SET(@1, conf_open_host(p, $2)); }
	;

host_body : host_stmt
	| host_body SEP host_stmt
	;

host_stmt : %empty
	| wrong
	| ethernet
	| UUID VALUE			{ SET(@1, conf_set_uuid(p, $2)); }
	| CLIENT VALUE
		{ SET(@1, conf_set_client_id(p, NULL, $2)); }
	| CLIENT VALUE VALUE
		{ SET(@1, conf_set_client_id(p, $2, $3)); }
	| CIRCUIT VALUE
		{ SET(@1, conf_set_circuit_id(p, NULL, $2)); }
	| CIRCUIT VALUE VALUE
		{ SET(@1, conf_set_circuit_id(p, $2, $3)); }
	| REMOTE VALUE
		{ SET(@1, conf_set_remote_id(p, NULL, $2)); }
	| REMOTE VALUE VALUE
		{ SET(@1, conf_set_remote_id(p, $2, $3)); }
	| ADDRESS VALUE			{ SET(@1, conf_set_address(p, $2)); }
	| IMAGE VALUE			{ SET(@1, conf_set_host_image(p, $2)); }
	| SETVAR VALUE VALUE
		{ SET(@1, conf_set_host_var(p, $2, $3)); }
	| option
		{ SET(@1, conf_close_option(p)); }
	;

ethernet : ETHERNET VALUE		{ SET(@1, conf_set_ethernet(p, $2)); }
	| ethernet VALUE		{ SET(@1, conf_set_ethernet(p, $2)); }
	;

%%

static_assert((int)SEP == (int)LEX_SEP && (int)VALUE == (int)LEX_VALUE &&
    (int)MACRO == (int)LEX_MACRO, "lex.c counts like the grammar");

static const struct keyword	keywords[] = {
	{ "access",	ACCESS,	   "lease, token or any", 1, 0 },
	{ "address",	ADDRESS,   "an address", 1, 0 },
	{ "answer",	ANSWER,	   "the name of an answer script", 0, 0 },
	{ "append",	APPEND,	   "kernel arguments in quotes", 1, 0 },
	{ "boot",	BOOT,	   "local, ignore or install|an image", 1, 0 },
	{ "by",		BY,	   "machine or client-id", 1, 0 },
	{ "callback",	CALLBACK,  "cobbler or foreman", 1, 1 },
	{ "circuit-id",	CIRCUIT,   "an identifier", 1, 0 },
	{ "client-id",	CLIENT,	   "an identifier", 1, 0 },
	{ "commit",	COMMIT,	   NULL, 1, 0 },
	{ "dns",	DNS,	   "an address", 1, 0 },
	{ "domain",	DOMAIN,	   "a domain name", 1, 0 },
	{ "ethernet",	ETHERNET,  "an Ethernet address", 1, 0 },
	{ "group",	GROUP,	   "a name", 1, 1 },
	{ "host",	HOST,	   "a name", 1, 1 },
	{ "identify",	IDENTIFY,  NULL, 0, 1 },
	{ "image",	IMAGE,	   "the name of an image", 1, 1 },
	{ "include",	INCLUDE,   "a file name", 1, 1 },
	{ "initrd",	INITRD,	   "a file below ROOT/boot", 1, 0 },
	{ "install",	INSTALL,   NULL, 0, 1 },
	{ "interface",	INTERFACE, "the name of an interface", 1, 1 },
	{ "ipv6",	IPV6,	   NULL, 0, 1 },
	{ "keep",	KEEP,	   "a number of addresses", 1, 0 },
	{ "kernel",	KERNEL,	   "a file below ROOT/boot", 1, 0 },
	{ "lease",	LEASE,	   "a time", 1, 0 },
	{ "leasequery",	LEASEQUERY, "an address", 1, 1 },
	{ "limit",	LIMIT,	   NULL, 0, 0 },
	{ "loader",	LOADER,	   "an architecture|a file below ROOT/boot",
	    1, 1 },
	{ "mac",	MAC,	   "a number", 1, 0 },
	{ "network",	NETWORK,   "a name", 1, 0 },
	{ "next-server", NEXT,	   "an address", 1, 0 },
	{ "on",		ON,	   "an address", 0, 0 },
	{ "option",	OPTION,	   "the number of an option|address, text, "
	    "hex, u8, u16, u32, route or domain|a value", 1, 0 },
	{ "optional",	OPTIONAL,  NULL, 1, 0 },
	{ "other",	OTHER,	   NULL, 0, 1 },
	{ "packages",	PACKAGES,  "a directory below ROOT/www", 1, 0 },
	{ "port",	PORT,	   "a number", 1, 0 },
	{ "probe",	PROBE,	   "background, always or off", 1, 0 },
	{ "proxy",	PROXY,	   NULL, 1, 0 },
	{ "quiet",	QUIET,	   NULL, 1, 0 },
	{ "range",	RANGE,	   "an address", 1, 0 },
	{ "rapid",	RAPID,	   NULL, 0, 0 },
	{ "relay",	RELAY,	   "an address", 1, 0 },
	{ "remote-id",	REMOTE,	   "an identifier", 1, 0 },
	{ "root",	ROOT,	   "a directory", 1, 1 },
	{ "router",	ROUTER,	   "an address", 1, 0 },
	{ "sandbox",	SANDBOXED, NULL, 0, 1 },
	{ "server",	SERVER,	   "an address", 1, 0 },
	{ "set",	SETVAR,	   "the name of a variable|its value", 1, 0 },
	{ "shared",	SHARED,	   NULL, 0, 1 },
	{ "status",	STATUS,	   NULL, 0, 1 },
	{ "store",	STORE,	   "sqlite or postgresql|where it is", 1, 1 },
	{ "subnet",	SUBNET,	   "a network", 1, 1 },
	{ "timeout",	TIMEOUT,   "a time", 1, 0 },
	{ "unknown",	UNKNOWN,   NULL, 0, 1 },
	{ "uuid",	UUID,	   "a UUID", 1, 0 },
};

static int
keyword_cmp(const void *name, const void *kw)
{
	return (strcmp(name, ((const struct keyword *)kw)->name));
}

const struct keyword *
conf_keyword(const char *name)
{
	return (bsearch(name, keywords, nitems(keywords), sizeof(keywords[0]),
	    keyword_cmp));
}

static int
yylex(YYSTYPE *val, YYLTYPE *at, struct parse *p)
{
	int	token = lex_token(p);

	*at = p->tok.at;
	val->text = p->tok.text;
	if (token != -1)
		return (token);
	parse_error(p, p->tok.at, p->text);
	(void)lex_recover(p);
	return (YYerror);
}

void
parse_error(struct parse *p, struct where at, const char *text)
{
	struct error	*e;

	if (p->nerrors > ERRORS_MAX)
		return;
	if (p->nerrors == ERRORS_MAX)
		text = "too many errors, the others are not shown";
	p->errors = xreallocarray(p->errors, p->nerrors + 1,
	    sizeof(*p->errors));
	e = &p->errors[p->nerrors];
	*e = (struct error){ at, (uint32_t)p->nerrors, xstrdup(text) };
	p->nerrors++;
}

/* The parser itself gives up: its stack is full, or there is no memory. */
static void
yyerror(YYLTYPE *at, struct parse *p, const char *text)
{
	parse_error(p, *at, text);
}

/* A statement with an error is not checked any further. */
static void
parse_spoil(struct parse *p, struct where at)
{
	struct note	*n = p->nnotes > 0 ? &p->notes[p->nnotes - 1] : NULL;

	if (n != NULL && n->at.src == at.src && n->at.line == at.line)
		n->bad = 1;
}

static void
parse_set(struct parse *p, const char *why)
{
	if (why == NULL)
		return;
	parse_spoil(p, p->at);
	parse_error(p, p->at, why);
}

/* More words than a reader wants to see; the top of the file has them. */
#define STATEMENTS_MAX	14

/* What the grammar would have taken, in the user's words. */
struct wanted {
	const char	*word[YYNTOKENS];
	char		 name[YYNTOKENS];	/* it is a word to write */
	size_t		 n;
	int		 end;			/* of the line, too */
	char		 value[80];
	char		 mark[YYNTOKENS][4];	/* "{" */
};

/* The text for a value: the part of the keyword's text for the next one. */
static void
wanted_value(const struct parse *p, struct wanted *w)
{
	const char	*part = p->wants == NULL ? "a value" : p->wants, *bar;
	uint32_t	 i;

	for (i = 0; i < p->nvalues && (bar = strchr(part, '|')) != NULL; i++)
		part = bar + 1;
	(void)snprintf(w->value, sizeof(w->value), "%.*s",
	    (int)strcspn(part, "|"), part);
	w->word[w->n++] = w->value;
}

static void
wanted_list(const yypcontext_t *ctx, const struct parse *p, struct wanted *w)
{
	yysymbol_kind_t	 kind[YYNTOKENS];
	const char	*name;
	int		 i, n;

	n = yypcontext_expected_tokens(ctx, kind, YYNTOKENS);
	for (i = 0; i < n; i++) {
		name = yysymbol_name(kind[i]);
		if (kind[i] == YYSYMBOL_SEP)
			w->end = 1;
		else if (kind[i] == YYSYMBOL_VALUE)
			wanted_value(p, w);
		else if (name[0] == '\'') {
			(void)snprintf(w->mark[i], sizeof(w->mark[i]),
			    "\"%c\"", name[1]);
			w->word[w->n++] = w->mark[i];
		} else if (kind[i] != YYSYMBOL_YYEOF &&
		    kind[i] != YYSYMBOL_MACRO) {
			w->name[w->n] = 1;
			w->word[w->n++] = name;
		}
	}
}

/*
 * Where a statement may begin, only the words that begin one count; after one,
 * the end of the line says it all.
 */
static void
wanted_trim(struct wanted *w)
{
	size_t	i, n = 0;
	int	names = 0;

	for (i = 0; i < w->n; i++)
		names |= w->name[i];
	for (i = 0; w->end && i < w->n; i++)
		if (names ? w->name[i] : strcmp(w->word[i], "\"}\"") != 0) {
			w->name[n] = w->name[i];
			w->word[n++] = w->word[i];
		}
	if (w->end)
		w->n = n;
	if (w->end && !names)
		w->word[w->n++] = "the end of the line";
}

/* How many letters to change, to add, or to leave out, up to 9. */
static unsigned int
word_distance(const char *a, const char *b)
{
	unsigned int	row[32], diag, up;
	size_t		i, j, len = strlen(b);

	if (len >= nitems(row) || strlen(a) >= nitems(row))
		return (9);
	for (j = 0; j <= len; j++)
		row[j] = (unsigned int)j;
	for (i = 0; a[i] != '\0'; i++) {
		diag = row[0]++;
		for (j = 0; j < len; j++) {
			up = row[j + 1];
			diag += a[i] != b[j];
			if (up + 1 < diag)
				diag = up + 1;
			if (row[j] + 1 < diag)
				diag = row[j] + 1;
			row[j + 1] = diag;
			diag = up;
		}
	}
	return (row[len]);
}

static const char *
word_nearest(const struct wanted *w, const char *found)
{
	const char	*best = NULL;
	unsigned int	 d, least = 3;
	size_t		 i;

	for (i = 0; found != NULL && i < w->n; i++) {
		d = word_distance(found, w->word[i]);
		if (d < least && 2 * d <= strlen(w->word[i])) {
			least = d;
			best = w->word[i];
		}
	}
	return (best);
}

static int
yyreport_syntax_error(const yypcontext_t *ctx, struct parse *p)
{
	struct wanted	 w = { .n = 0 };
	char		 found[80], text[512];
	const char	*nearest;
	struct where	 at = p->tok.at;
	struct wbuf	 out;
	uint32_t	 line;
	size_t		 i;

	wbuf_init(&out, text, sizeof(text));
	(void)lex_found(p, found, sizeof(found));
	wanted_list(ctx, p, &w);
	wanted_trim(&w);
	nearest = p->tok.quoted ? NULL : word_nearest(&w, p->tok.text);
	if ((line = lex_recover(p)) != 0)
		wbuf_printf(&out, "expected \"}\" for the \"{\" of line %u",
		    line);
	else if (p->tok.underflow || w.n > STATEMENTS_MAX)
		wbuf_printf(&out, "expected a statement");
	else {
		wbuf_printf(&out, w.n > 3 ? "expected one of" : "expected");
		for (i = 0; i < w.n; i++)
			wbuf_printf(&out, w.name[i] && w.n <= 3 ?
			    "%s \"%s\"" : "%s %s", i == 0 ? "" :
			    i + 1 == w.n ? " or" : ",", w.word[i]);
	}
	wbuf_printf(&out, ", found %s", found);
	if (line == 0 && nearest != NULL && w.n > 3)
		wbuf_printf(&out, " (\"%s\"?)", nearest);
	wbuf_u8(&out, 0);
	parse_spoil(p, at);
	parse_error(p, at, out.err ? "expected something else" : text);
	return (0);
}

/* The file's answer ------------------------------------------------------- */

static int
error_cmp(const void *va, const void *vb)
{
	const struct error	*a = va, *b = vb;

	if (a->at.src != b->at.src)
		return (a->at.src < b->at.src ? -1 : 1);
	if (a->at.line != b->at.line)
		return (a->at.line < b->at.line ? -1 : 1);
	return (a->order < b->order ? -1 : 1);
}

static void
errors_tell(struct parse *p, void (*fn)(const char *, void *), void *arg)
{
	const struct error	*e;
	char			 text[1024];
	const char		*name;
	uint32_t		 i;

	if (p->nerrors > 0)
		qsort(p->errors, p->nerrors, sizeof(*p->errors), error_cmp);
	for (i = 0; i < p->nerrors; i++) {
		e = &p->errors[i];
		name = p->names[e->at.src];
		if (e->at.line == 0)
			(void)snprintf(text, sizeof(text), "%.400s: %s", name,
			    e->text);
		else
			(void)snprintf(text, sizeof(text), "%.400s:%u: %s",
			    name, e->at.line, e->text);
		fn(text, arg);
		free(e->text);
	}
	free(p->errors);
}

struct conf *
conf_parse(const char *file, const struct conf_macro *macros, size_t n,
    void (*fn)(const char *, void *), void *arg)
{
	struct parse	 p;
	struct conf	*conf;

	conf_set_init(&p);
	conf = p.conf;
	if (lex_start(&p, file, macros, n) == 0) {
		(void)yyparse(&p);
		conf_check(&p);
	}
	if (p.nerrors > 0) {
		conf_free(conf);
		conf = NULL;
	} else
		conf_finish(&p);
	errors_tell(&p, fn, arg);
	lex_end(&p);
	free(p.notes);
	return (conf);
}
