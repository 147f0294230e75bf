/* SPDX-License-Identifier: ISC */
/*
 * conf.h: the configuration (bootward.conf(5)) as flat tables of fixed-size
 * rows.  Included by bootward.h, which has the processes that may see them.
 */
#ifndef CONF_H
#define CONF_H

#include <stdio.h>

#define NAME_LEN	64		/* host, image, answer, network */
#define PATH_LEN	256		/* file below a root */
#define TEXT_LEN	2048		/* kernel arguments, set values */
#define IFNAME_LEN	16
#define NONE		UINT32_MAX	/* an index that points nowhere */

/* Seconds, unless the configuration says otherwise. */
#define CONF_LEASE		3600
#define CONF_INSTALL_TIMEOUT	(4 * 3600)
#define CONF_LIMIT_MAC		16	/* client ids of one card */

enum access { ACCESS_LEASE, ACCESS_TOKEN, ACCESS_ANY };
enum identify { IDENTIFY_MACHINE, IDENTIFY_CLIENT_ID };
enum unknown { UNKNOWN_LOCAL, UNKNOWN_IGNORE, UNKNOWN_INSTALL };
enum probe_mode { PROBE_BACKGROUND, PROBE_ALWAYS, PROBE_OFF };
enum store_kind { STORE_SQLITE, STORE_POSTGRESQL };

#define CALLBACK_COBBLER	0x01
#define CALLBACK_FOREMAN	0x02

#define SERVER_ADDRS	8

/* One row, always present. */
struct conf_global {
	char		root[PATH_LEN];		/* absolute, no trailing '/' */
	char		store_dsn[PATH_LEN];	/* PostgreSQL only */
	char		unknown_image[NAME_LEN];
	uint32_t	store;			/* enum store_kind */
	uint32_t	access;			/* enum access */
	uint32_t	identify;		/* enum identify */
	uint32_t	unknown;		/* enum unknown */
	uint32_t	callbacks;		/* CALLBACK_* */
	uint32_t	sandbox_optional;
	uint32_t	ipv6_quiet;		/* answer no router soliciting */
	uint32_t	install_timeout;	/* seconds */
	uint32_t	status_addr;		/* 0: no status listener */
	uint32_t	status_port;
	uint32_t	nothers, nqueriers;
	uint32_t	other[SERVER_ADDRS];	/* welcome DHCP servers */
	uint32_t	querier[SERVER_ADDRS];	/* who may ask for leases */
};

struct conf_iface {
	char		name[IFNAME_LEN];
};

struct conf_shared {
	char		name[NAME_LEN];
};

#define SEGMENT_ADDRS	8

/* A subnet: "segment" is the word for it in the whole tree. */
struct conf_segment {
	char		domain[PATH_LEN];	/* option 15; "" for none */
	uint32_t	net;			/* network address */
	uint32_t	prefix;			/* length, 1..30 */
	uint32_t	shared;			/* index, or NONE */
	uint32_t	lease;			/* seconds; T1 and T2 follow */
	uint32_t	probe;			/* enum probe_mode */
	uint32_t	proxy;			/* boolean */
	uint32_t	rapid;			/* boolean, RFC 4039 */
	uint32_t	keep;			/* for hosts alone; or NONE */
	uint32_t	limit_port;		/* leases; 0: no limit */
	uint32_t	limit_mac;		/* client ids a MAC */
	uint32_t	next_server;		/* 0: our own address there */
	uint32_t	nrouters, ndns, nrelays;
	uint32_t	router[SEGMENT_ADDRS];
	uint32_t	dns[SEGMENT_ADDRS];
	uint32_t	relay[SEGMENT_ADDRS];	/* any: not reached directly */
};

struct conf_range {
	uint32_t	segment;		/* index */
	uint32_t	first, last;		/* both included */
};

/* How the value of an option was written, so that it prints back. */
enum option_kind {
	OPTION_ADDRESS, OPTION_TEXT, OPTION_HEX, OPTION_U8, OPTION_U16,
	OPTION_U32, OPTION_ROUTE, OPTION_DOMAIN
};

/*
 * Whom an option is for: that of a host wins over its group's, then come its
 * subnet's, and last what the file says for all.
 */
enum option_level { OPTION_SUBNET, OPTION_ALL, OPTION_GROUP, OPTION_HOST };

#define OPTION_VALUE_MAX	1024U

/*
 * A value of more than one row goes on in the next ones.  The rows stand in
 * the order of their levels, then of their subnets, groups or hosts.
 */
struct conf_option {
	uint32_t	segment;		/* index; NONE: another level */
	uint32_t	owner;			/* index of a group or host */
	uint8_t		code;
	uint8_t		kind;			/* enum option_kind */
	uint8_t		len;
	uint8_t		more;			/* of the row before */
	uint8_t		level;			/* enum option_level */
	uint8_t		pad[3];
	uint8_t		data[252];		/* as on the wire */
};

enum loader_arch {
	LOADER_BIOS, LOADER_EFI32, LOADER_EFI64, LOADER_ARM32, LOADER_ARM64,
	LOADER_RISCV64, LOADER_LOONG64, LOADER_EFI32_HTTP, LOADER_EFI64_HTTP,
	LOADER_ARM32_HTTP, LOADER_ARM64_HTTP, LOADER_RISCV64_HTTP,
	LOADER_LOONG64_HTTP, LOADER_RPI, LOADER_IPXE, LOADER_MAX
};

extern const char *const loader_names[LOADER_MAX];

/* One row an architecture that has a loader, configured or by default. */
struct conf_loader {
	uint32_t	arch;			/* enum loader_arch */
	char		path[PATH_LEN];		/* below ROOT/boot, or a URL */
};

struct conf_image {
	char		name[NAME_LEN];
	char		kernel[PATH_LEN];	/* below ROOT/boot */
	char		append[TEXT_LEN];	/* with $answer and the like */
	char		answer[NAME_LEN];	/* script name; "" for none */
	char		packages[PATH_LEN];	/* below ROOT/www; or "" */
};

struct conf_initrd {
	uint32_t	image;			/* index; rows in file order */
	char		path[PATH_LEN];
};

struct conf_group {
	char		name[NAME_LEN];
	char		image[NAME_LEN];	/* "" for none */
};

struct conf_host {
	char		name[NAME_LEN];
	char		image[NAME_LEN];	/* its own or its group's */
	uint32_t	group;			/* index, or NONE */
	uint32_t	addr;			/* reserved; 0: from the pool */
};

enum hostid_kind {
	HOSTID_ETHERNET, HOSTID_UUID, HOSTID_CLIENT_ID, HOSTID_CIRCUIT_ID,
	HOSTID_REMOTE_ID
};

#define HOSTID_LEN	128

struct conf_hostid {
	uint32_t	host;			/* index */
	uint8_t		kind;			/* enum hostid_kind */
	uint8_t		len;
	uint8_t		text;			/* was written as text */
	uint8_t		data[HOSTID_LEN + 1];	/* 6 octets for Ethernet */
};

/* "set NAME VALUE" of a host or, with host NONE, of a group. */
struct conf_var {
	uint32_t	host, group;		/* index; one of them NONE */
	char		name[NAME_LEN];
	char		value[TEXT_LEN];
};

/* The files that it was read from, and where a row's statement stands. */
struct conf_file {
	char		path[PATH_LEN];
};

enum where_kind {
	WHERE_SEGMENT, WHERE_RANGE, WHERE_OPTION, WHERE_LOADER, WHERE_IMAGE,
	WHERE_HOST, WHERE_UNKNOWN
};

struct conf_where {
	uint32_t	kind;			/* enum where_kind */
	uint32_t	row;			/* of the kind's table */
	uint32_t	file;			/* index */
	uint32_t	line;
};

/*
 * The configuration is these tables.  Rows refer to rows of other tables by
 * index.  A table travels to the processes in the last column as it stands.
 *	tag	 member	   row			receivers		*/
#define CONF_LIST(T)							\
	T(GLOBAL,  global,  struct conf_global,  TO_DAEMONS)		\
	T(IFACE,   iface,   struct conf_iface,   TO_NET)		\
	T(SHARED,  shared,  struct conf_shared,  TO(DHCPD))		\
	T(SEGMENT, segment, struct conf_segment, TO_DAEMONS)		\
	T(RANGE,   range,   struct conf_range,   TO(DHCPD) | TO(ARPD))	\
	T(OPTION,  option,  struct conf_option,  TO(DHCPD))		\
	T(LOADER,  loader,  struct conf_loader,  TO_BOOT)		\
	T(IMAGE,   image,   struct conf_image,   TO(STORE) | TO_BOOT)	\
	T(INITRD,  initrd,  struct conf_initrd,  TO_BOOT)		\
	T(GROUP,   group,   struct conf_group,   0)			\
	T(HOST,	   host,    struct conf_host,    TO_DAEMONS)		\
	T(HOSTID,  hostid,  struct conf_hostid,  TO_DAEMONS)		\
	T(VAR,	   var,	    struct conf_var,     0)			\
	T(FILE,	   file,    struct conf_file,    TO(DHCPD))		\
	T(WHERE,   where,   struct conf_where,   TO(DHCPD))

struct conf {
#define T(tag, member, row, to)	row *member; size_t n##member;
	CONF_LIST(T)
#undef T
	struct conf_index *index;	/* conf.c: of hosts, made when needed */
};

/* conftab.c: making and filling. */
struct conf *conf_new(void);		/* one global row with the defaults */
void	 conf_free(struct conf *);
/* The same meaning: where it stood does not count. */
int	 conf_equal(const struct conf *, const struct conf *);
/* Append a zeroed row; the pointer is good until the next append. */
#define T(tag, member, row, to)	row *conf_add_##member(struct conf *);
CONF_LIST(T)
#undef T

/* conf.c: looking up.  NULL or NONE when there is none. */
struct conf_index *conf_index_new(void);
void	 conf_index_free(struct conf_index *);
uint32_t conf_segment_of(const struct conf *, uint32_t addr);
const struct conf_image *conf_image(const struct conf *, const char *name);
uint32_t conf_host_by_name(const struct conf *, const char *);
uint32_t conf_host_by_mac(const struct conf *, struct mac);
/*
 * By a client's bytes: a UUID in either byte order, a text client-id with or
 * without a type octet of 0 before it (RFC 2132 section 9.14).
 */
uint32_t conf_host_by_id(const struct conf *, enum hostid_kind,
	    const uint8_t *, size_t);
uint32_t conf_host_by_addr(const struct conf *, uint32_t);
/* The first Ethernet address of a host; all zero if it has none. */
struct mac conf_host_mac(const struct conf *, uint32_t host);

/* Is it an option of the protocol itself, which nobody may configure? */
int	 conf_option_is_own(uint8_t code);
/* The n rows of options of a level's segment, group or host, or of all. */
const struct conf_option *conf_options(const struct conf *, enum option_level,
	    uint32_t index, size_t *n);
/* The whole value that begins at *row, which becomes the next option's. */
size_t	 conf_option_value(const struct conf *, size_t *row,
	    uint8_t [OPTION_VALUE_MAX]);
/* The statement that a row is from, or NULL: it was not in a file. */
const struct conf_where *conf_where(const struct conf *, enum where_kind,
	    uint32_t row);

/* Where answer scripts are looked for: ANSWER_DIR; tests set it. */
extern const char *conf_answer_dir;
/* The file that an architecture boots unless the configuration says so. */
extern const char *const conf_loader_default[LOADER_MAX];

/* A "-D name=value" of the command line; it wins over the file. */
struct conf_macro {
	const char	*name;
	const char	*value;
};

/*
 * parse.y: the configuration of a file, or NULL when it has errors.  Every
 * error of the file and of the files that it includes is given to fn as one
 * line, "file:line: what was expected".  Opens files, checks loaders, kernels
 * and answer scripts; the parent's work only.
 */
struct conf *conf_parse(const char *file, const struct conf_macro *, size_t,
	    void (*fn)(const char *line, void *arg), void *arg);

/*
 * confwarn.c: what is allowed, but hardly meant, one line each, as above; how
 * many there were.
 */
size_t	 conf_warn(const struct conf *, void (*fn)(const char *line, void *arg),
	    void *arg);

/* printconf.c: as bootward.conf(5) text that parses back to an equal one. */
void	 conf_print(const struct conf *, FILE *);

#endif
