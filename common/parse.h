/* SPDX-License-Identifier: ISC */
/*
 * parse.h: what the parts of the configuration parser share: lex.c makes
 * tokens, parse.y sentences, confset.c rows, confcheck.c sense of the whole.
 * Runs in the parent only.
 */
#ifndef PARSE_H
#define PARSE_H

#include "bootward.h"

/* A place in the files that were read. */
struct where {
	uint32_t	src;			/* index of parse.names */
	uint32_t	line;			/* 0: the file as a whole */
};

/* A file that is being read, or is next.  They are a stack. */
struct source {
	struct source	*under;
	struct where	 from;			/* its include statement */
	uint32_t	 src;			/* index of parse.names */
	uint32_t	 line;
	uint32_t	 depth;			/* of includes */
	uint32_t	 braces;		/* open ones */
	uint32_t	 opened[4];		/* lines of the outer braces */
	int		 closing;		/* hand out what is missing */
	int		 separated;		/* the last token was a SEP */
	char		*data;			/* NULL: not opened yet */
	size_t		 len, pos;
	dev_t		 dev;
	ino_t		 ino;
};

/* "$name" is one text, however it was written. */
struct macro {
	char		*name, *value;
	int		 fixed;			/* by -D: it wins */
};

/* The last token, as the user wrote it. */
struct token {
	const char	*text;
	int		 token;			/* -1: it is no token */
	size_t		 start;			/* position in the source */
	struct where	 at;
	int		 quoted;
	int		 column0;		/* begins its line */
	int		 toplevel;		/* stands outside of blocks */
	int		 underflow;		/* a '}' too many */
};

/* Words after the statement's name: how many there were, and the first. */
struct args {
	const char	*text;
	uint32_t	 n;
};

/*
 * Statements whose place matters after they were read: because they may stand
 * only once in their block, or because they are checked when all is known.
 *	tag	     in words		     may repeat			*/
#define FIELD_LIST(F)							\
	F(ROOT,	     "root",			0)			\
	F(STORE,     "store",			0)			\
	F(ACCESS,    "answer access",		0)			\
	F(IDENTIFY,  "identify by",		0)			\
	F(UNKNOWN,   "unknown boot",		0)			\
	F(SANDBOX,   "sandbox",			0)			\
	F(IPV6,	     "ipv6",			0)			\
	F(TIMEOUT,   "install timeout",		0)			\
	F(STATUS,    "status",			0)			\
	F(LOADER,    "loader",			1)			\
	F(SHARED,    "shared network",		1)			\
	F(SEGMENT,   "subnet",			1)			\
	F(RANGE,     "range",			1)			\
	F(ROUTER,    "router",			1)			\
	F(DOMAIN,    "domain",			0)			\
	F(LEASE,     "lease",			0)			\
	F(PROBE,     "probe",			0)			\
	F(OPTION,    "option",			1)			\
	F(RAPID,     "rapid commit",		0)			\
	F(KEEP,	     "keep",			0)			\
	F(LIMIT_PORT, "limit port",		0)			\
	F(LIMIT_MAC, "limit mac",		0)			\
	F(PROXY,     "proxy",			0)			\
	F(NEXT,	     "next-server",		0)			\
	F(IMAGE,     "image",			1)			\
	F(KERNEL,    "kernel",			0)			\
	F(INITRD,    "initrd",			1)			\
	F(APPEND,    "append",			0)			\
	F(ANSWER,    "answer",			0)			\
	F(PACKAGES,  "packages",		0)			\
	F(GROUP,     "group",			1)			\
	F(GROUP_IMAGE, "image",			0)			\
	F(HOST,	     "host",			1)			\
	F(HOSTID,    "identifier",		1)			\
	F(ADDRESS,   "address",			0)			\
	F(HOST_IMAGE, "image",			0)

enum field {
#define F(tag, words, repeats)	FIELD_##tag,
	FIELD_LIST(F)
#undef F
	FIELD_MAX
};

/* One statement: the side table of line numbers. */
struct note {
	struct where	 at;
	uint32_t	 row;			/* of its table */
	uint8_t		 field;			/* enum field */
	uint8_t		 bad;			/* its words made no sense */
};

/* The option that is being written. */
struct option {
	uint8_t		 code;
	uint8_t		 kind;			/* enum option_kind */
	uint8_t		 open;			/* 0: none, or it was bad */
	uint8_t		 gateway;		/* that of a route is next */
	size_t		 len;
	uint8_t		 data[OPTION_VALUE_MAX];
};

struct error {
	struct where	 at;
	uint32_t	 order;
	char		*text;
};

#define ERRORS_MAX	200
#define LOST_SEGMENTS	0x01			/* a reference may be right */
#define LOST_IMAGES	0x02
#define LOST_BLOCK	(LOST_SEGMENTS | LOST_IMAGES)
#define LEVELS		3			/* file, block, inner block */

struct parse {
	struct conf	*conf;

	/* lex.c */
	struct source	*top;
	char		**names;		/* of all files */
	size_t		 nnames;
	size_t		 bytes;			/* read so far */
	struct macro	*macros;
	size_t		 nmacros;
	struct chunk	*chunks;		/* texts of tokens */
	struct token	 tok;
	const char	*wants;			/* by the last keyword */
	uint32_t	 nvalues;		/* since the last keyword */
	int		 first;			/* a statement begins here */
	int		 plain;			/* no more keywords in it */
	int		 skip;			/* after an error: to its end */
	int		 drop;			/* forget the error's token */
	uint32_t	 skip_braces;		/* ... at this depth */

	/* confset.c: where we are */
	struct where	 at;			/* statement being set */
	uint32_t	 level;
	struct where	 once[LEVELS][FIELD_MAX];
	uint32_t	 shared, segment, group, host;	/* open, or NONE */
	struct option	 option;
	uint8_t		 options[LEVELS][32];	/* bit sets of those set */
	uint32_t	 block_errors[LEVELS];	/* before the block began */

	struct note	*notes;
	size_t		 nnotes, capnotes;
	struct error	*errors;
	size_t		 nerrors;
	unsigned int	 lost;			/* LOST_*: not all are known */
	uint8_t		*same[FIELD_MAX];	/* rows like another; or NULL */
	int		 boot, www;		/* directories to check in */
	char		 text[512];		/* what a setter returns */
};

/* Tokens that are not a character; keywords have numbers from parse.y. */
enum { LEX_END = 0, LEX_SEP = 1001, LEX_VALUE, LEX_MACRO };

/* A word that begins or divides a statement; the table is in parse.y. */
struct keyword {
	const char	*name;
	int		 token;
	const char	*wants;		/* what follows; '|' between */
	int		 plain;			/* no keywords after it */
	int		 toplevel;		/* never inside a block */
};

const struct keyword *conf_keyword(const char *);

/* lex.c */
int	 lex_start(struct parse *, const char *file, const struct conf_macro *,
	    size_t);
void	 lex_end(struct parse *);
int	 lex_token(struct parse *);	/* -1: p->text says why not */
/*
 * After an error at the last token: skip the rest of its statement, with the
 * block that it opens.  Returns the line of a block that seems to lack its
 * end, which will be supplied, or 0.
 */
uint32_t lex_recover(struct parse *);
const char *lex_macro(struct parse *, const char *name, const char *value);
const char *lex_include(struct parse *, const char *pattern);
/* What the last token was, for "found ...". */
const char *lex_found(const struct parse *, char *, size_t);

/* parse.y */
void	 parse_error(struct parse *, struct where, const char *);

/*
 * confset.c: one function for each statement.  They return NULL, or what is
 * wrong with it in the user's words, valid until the next call.
 */
const char *conf_say(struct parse *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
void	 conf_set_init(struct parse *);
const char *conf_set_interface(struct parse *, const char *);
const char *conf_set_root(struct parse *, const char *);
const char *conf_set_store(struct parse *, const char *, const char *);
const char *conf_set_access(struct parse *, const char *);
const char *conf_set_identify(struct parse *, const char *);
const char *conf_set_unknown(struct parse *, const char *, const char *);
const char *conf_set_callback(struct parse *, const char *);
const char *conf_set_sandbox(struct parse *);
const char *conf_set_ipv6(struct parse *);
const char *conf_set_timeout(struct parse *, const char *);
const char *conf_set_status(struct parse *, const char *, const char *);
const char *conf_set_loader(struct parse *, const char *, const char *);
const char *conf_set_other(struct parse *, const char *);
const char *conf_set_querier(struct parse *, const char *);
/* confnet.c: subnets. */
const char *conf_open_shared(struct parse *, struct args);
const char *conf_close_shared(struct parse *);
const char *conf_open_segment(struct parse *, struct args);
const char *conf_close_segment(struct parse *);
const char *conf_set_range(struct parse *, const char *, const char *);
const char *conf_set_router(struct parse *, const char *);
const char *conf_set_dns(struct parse *, const char *);
const char *conf_set_relay(struct parse *, const char *);
const char *conf_set_next(struct parse *, const char *);
const char *conf_set_domain(struct parse *, const char *);
const char *conf_set_lease(struct parse *, const char *);
const char *conf_set_probe(struct parse *, const char *);
const char *conf_set_proxy(struct parse *);
const char *conf_set_rapid(struct parse *);
const char *conf_set_keep(struct parse *, const char *);
const char *conf_set_limit_port(struct parse *, const char *);
const char *conf_set_limit_mac(struct parse *, const char *);
/* confopt.c: options, wherever they stand. */
const char *conf_set_option(struct parse *, const char *code,
	    const char *kind, const char *value);
const char *conf_set_option_more(struct parse *, const char *);
const char *conf_close_option(struct parse *);
/* confblock.c: images, groups, hosts. */
const char *conf_open_image(struct parse *, struct args);
const char *conf_close_image(struct parse *);
const char *conf_set_kernel(struct parse *, const char *);
const char *conf_set_initrd(struct parse *, const char *);
const char *conf_set_append(struct parse *, const char *);
const char *conf_set_answer(struct parse *, const char *);
const char *conf_set_packages(struct parse *, const char *);
const char *conf_open_group(struct parse *, struct args);
const char *conf_close_group(struct parse *);
const char *conf_set_group_image(struct parse *, const char *);
const char *conf_set_group_var(struct parse *, const char *, const char *);
const char *conf_open_host(struct parse *, struct args);
const char *conf_close_host(struct parse *);
const char *conf_set_ethernet(struct parse *, const char *);
const char *conf_set_uuid(struct parse *, const char *);
/* form is "text", "hex" or NULL: by its looks. */
const char *conf_set_client_id(struct parse *, const char *form,
	    const char *);
const char *conf_set_circuit_id(struct parse *, const char *form,
	    const char *);
const char *conf_set_remote_id(struct parse *, const char *form,
	    const char *);
const char *conf_set_address(struct parse *, const char *);
const char *conf_set_host_image(struct parse *, const char *);
const char *conf_set_host_var(struct parse *, const char *, const char *);

/* confset.c: for confnet.c, confopt.c and confblock.c. */
const char *conf_note(struct parse *, enum field, uint32_t row);
void	 conf_enter(struct parse *);
int	 conf_leave(struct parse *);	/* 1: there was no error inside */
const char *conf_copy(struct parse *, char *, size_t, const char *,
	    const char *what);
const char *conf_copy_name(struct parse *, char [NAME_LEN], const char *,
	    const char *what);
const char *conf_copy_path(struct parse *, char [PATH_LEN], const char *,
	    const char *what);
/* A number from 0 to max, decimal or 0x..., or -1. */
int64_t	 conf_number(const char *, uint32_t max);
const char *conf_time(struct parse *, const char *, uint32_t *seconds);
/* One word of a list that ends with NULL: its index, or "expected WANTS". */
const char *conf_choice(struct parse *, const char *const *words,
	    const char *wants, const char *, uint32_t *);
const char *conf_addr(struct parse *, const char *, uint32_t *);
/* One more address of a list; what the list is of. */
const char *conf_add_addr(struct parse *, uint32_t *list, uint32_t *n,
	    uint32_t max, const char *what, const char *);
/* "10.77.0.0/16"; host bits are the caller's to judge.  0 or -1. */
int	 conf_prefix(const char *, uint32_t *net, uint32_t *prefix);
int	 conf_domain_ok(const char *);
/* The name of a block that begins here. */
const char *conf_block_name(struct parse *, char [NAME_LEN], struct args,
	    const char *what);
/* A value, or a macro that holds several with blanks between: fn for each. */
const char *conf_each(struct parse *, const char *,
	    const char *(*fn)(struct parse *, const char *));
/* Octets of "01:52:54" or "015254"; their number, or -1. */
int	 conf_hex(const char *, uint8_t *, size_t);

/* confcheck.c: everything that needs the whole configuration. */
void	 conf_check(struct parse *);
/* confsame.c: find rows that may be like another, for p->same. */
void	 conf_same_find(struct parse *);
void	 conf_same_free(struct parse *);
/* confroot.c: what files below ROOT and answer scripts should be. */
const char *conf_check_loader(struct parse *, uint32_t row);
const char *conf_check_kernel(struct parse *, uint32_t row);
const char *conf_check_initrd(struct parse *, uint32_t row);
const char *conf_check_packages(struct parse *, uint32_t row);
const char *conf_check_answer(struct parse *, uint32_t row);
/* Loaders that need not be named: used where their file is there. */
void	 conf_usual_loaders(struct parse *);
/*
 * conffinish.c: when there is no error: groups' images into hosts, the rows in
 * the order of printing, and the notes into tables.
 */
void	 conf_finish(struct parse *);
/* conf.c.  The row of conf->hostid, or NONE. */
uint32_t conf_hostid_row(const struct conf *, enum hostid_kind,
	    const uint8_t *, size_t);
/* A UUID in the other byte order. */
void	 conf_uuid_turn(const uint8_t [16], uint8_t [16]);

#endif
