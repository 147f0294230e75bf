/* SPDX-License-Identifier: ISC */
/*
 * ksd.h: what the files of ksd share.  http.c and cond.c read requests,
 * reply.c writes heads, route.c decides, respond.c makes what it decided,
 * grant.c keeps the answer files, conn.c the connections, and serve.c alone
 * reads and writes them.
 */
#ifndef KSD_H
#define KSD_H

#include <event2/event_struct.h>

#include "bootward.h"

#define HTTP_LINE_MAX	4096		/* request line; longer: 414 */
#define HTTP_HEAD_MAX	8192		/* line and fields; longer: 431 */
#define HTTP_FIELD_MAX	64		/* fields; more: 431 */
#define HTTP_PATH_MAX	1024		/* decoded; longer: 414 */
#define HTTP_BODY_MAX	8192		/* of a POST; longer: 413 */
#define HTTP_REPLY_MAX	1536		/* head of a response */

/* http.c: requests as RFC 9112 has them, and nothing else. */
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

#define HTTP_ALLOW(m)	(1U << HTTP_##m)

struct http_req {
	enum http_method method;	/* OTHER: known, never allowed */
	unsigned int	 minor;		/* HTTP/1.minor; above 1 is 1 */
	int		 close;		/* the client wants no more */
	int		 expect;	/* it waits for 100 (Continue) */
	int		 uefi;		/* firmware's HTTP boot */
	uint32_t	 body;		/* octets that follow the head */
	/* Views of the head, empty when absent; good as long as it is. */
	struct buf	 query;
	struct buf	 range;
	struct buf	 if_match;
	struct buf	 if_none_match;
	struct buf	 if_range;
	struct buf	 if_modified_since;
	struct buf	 if_unmodified_since;
	char		 path[HTTP_PATH_MAX];	/* decoded; begins with '/' */
};

/*
 * How far the head of a request has come.  Lines are looked at once, however
 * slowly they arrive.
 */
struct http_scan {
	size_t	 line;			/* where the line in work begins */
	size_t	 start;			/* where the request line begins */
	unsigned int lines;		/* complete ones */
};

/* The length of the head once it is complete, 0 if not yet, or -status. */
int	 http_scan(struct http_scan *, const uint8_t *, size_t);
/* Of a complete head: 0, or the status of the refusal, which is final. */
int	 http_parse(struct buf *, struct http_req *);
/*
 * Decode the path of a request target: percent codes once, "//" and "/./" to
 * "/".  0, or -1 for what no path of ours can be: a NUL or another control
 * character, an encoded '/', a ".." segment, a broken percent code.
 */
int	 http_path(struct buf *, char *, size_t);
/* One value of a form ("a=b&c=d"), decoded and made printable. */
int	 http_form(struct buf, const char *, char *, size_t);
/* Any text of a client as one printable line. */
void	 http_text(struct buf, char *, size_t);
int	 buf_is(const struct buf *, const char *);	/* case matters not */

/* cond.c: dates, ranges and conditions of RFC 9110. */
#define HTTP_DATE_LEN	32
#define HTTP_ETAG_LEN	64

void	 http_date(int64_t, char [HTTP_DATE_LEN]);
int	 http_date_parse(struct buf, int64_t *);
void	 http_etag(const struct file_info *, char [HTTP_ETAG_LEN]);

/* What of a file is sent, and with which status. */
struct http_part {
	int		 status;	/* 200, 206, 304, 412 or 416 */
	uint64_t	 first;
	uint64_t	 len;
};

void	 http_conditions(const struct http_req *, const struct file_info *,
	    struct http_part *);

/* reply.c: heads of responses. */
struct reply_head {
	int		 status;
	int		 close;
	int		 no_store;
	int		 head_only;	/* HEAD: as GET, without the content */
	unsigned int	 allow;		/* HTTP_ALLOW() bits, with 405 */
	const char	*type;		/* NULL: no content of ours */
	const struct file_info *file;	/* validators; NULL: none */
	uint64_t	 first;		/* of the content in the file */
	uint64_t	 len;		/* of the content */
};

/* Without a type, a status that may have content gets a line for people. */
void	 reply_head(const struct reply_head *, const char *date, struct wbuf *);
const char *reply_reason(int);
const char *reply_type(const char *path, int uefi);

/* route.c: what a request is for, and whether this machine may have it. */
enum route_kind {
	ROUTE_NONE, ROUTE_ANSWER, ROUTE_EVENT, ROUTE_IPXE, ROUTE_BOOT,
	ROUTE_WWW, ROUTE_METRICS
};

struct route {
	enum route_kind	 kind;
	unsigned int	 allow;		/* HTTP_ALLOW() bits */
	char		 token[TOKEN_LEN];
	const char	*name;		/* the rest of the path */
};

/* What the decision looks at, besides the request. */
struct asker {
	const struct conf	*conf;
	const struct machine	*machine;
	const struct msg_ticket	*ticket;	/* of the token, or NULL */
	int		 answer;	/* we have the file of that name */
	int		 tickets;	/* the store has told us all tickets */
	int		 leases;	/* dhcpd has told us all leases */
	int		 committed;	/* our input reached the store */
};

enum verdict_kind {
	V_STATUS,			/* only a status */
	V_COMMIT,			/* hold it until the store has input */
	V_LOOK,				/* hold it until arpd has seen who it is */
	V_ANSWER, V_MENU, V_BOOT, V_WWW, V_METRICS
};

struct verdict {
	enum verdict_kind kind;
	int		 status;
	enum ticket_input input;	/* V_COMMIT */
	enum step	 step;		/* to report; STEP_MAX: none */
};

/* Split a decoded path; status: on the status listener. */
void	 route_find(const char *path, int status, struct route *);
void	 route_decide(const struct route *, enum http_method,
	    const struct asker *, struct verdict *);
/* The step that reading a file below ROOT/boot is, or STEP_MAX. */
enum step route_boot_step(const struct conf *, const struct machine *,
	    const char *);
/* Is a path below ROOT/www one of the packages of the machine's image? */
int	 route_is_package(const struct conf *, const struct machine *,
	    const char *);

/* grant.c: the live tickets' answer files. */
struct blob {
	unsigned int	 refs;
	uint32_t	 len;
	uint8_t		 data[];
};

struct blob *blob_new(uint32_t);	/* one reference; NULL: no memory */
struct blob *blob_ref(struct blob *);
void	 blob_unref(struct blob *);		/* NULL is fine */

/* 0, or -1 with errno: ENOSPC when the answers of all hosts are too many. */
int	 grant_add(const struct msg_answer *, struct blob *);
void	 grant_ticket(const struct msg_ticket *);	/* drops what is over */
struct blob *grant_find(const struct msg_ticket *, const char *name);
/* True once per ticket: its machine began to fetch packages. */
int	 grant_packages(const struct msg_ticket *);
size_t	 grant_bytes(void);

size_t	 grant_count(void);

/* conn.c: the table of connections. */
enum conn_state {
	CONN_IDLE,			/* between requests */
	CONN_HEAD,			/* a request begins, or is to begin */
	CONN_BODY,			/* the content of a POST */
	CONN_HELD,			/* until a sibling has said something */
	CONN_SEND,
	CONN_LINGER			/* all is said; the client closes */
};

struct source;				/* all connections of one address */

struct conn {
	struct event	 ev;
	TAILQ_ENTRY(conn) lru;		/* of all; the longest silent first */
	TAILQ_ENTRY(conn) mine;		/* of its source; likewise */
	TAILQ_ENTRY(conn) held;
	struct source	*source;
	enum conn_state	 state;
	int		 fd;
	short		 watch;		/* EV_READ, EV_WRITE or neither */
	int		 status;	/* came to the status listener */
	uint32_t	 addr;		/* theirs */
	uint32_t	 server;	/* ours on that segment, or 0 */
	mono_t		 deadline;
	mono_t		 touched;	/* it did something */
	mono_t		 looked;	/* arpd was asked to look */
	mono_t		 since;		/* of the response */

	struct http_scan scan;
	size_t		 len;		/* octets in buf */
	size_t		 head;		/* of them the request's head */
	struct http_req	 req;
	int		 committed;	/* its input went to the store */
	int		 looking;	/* held until arpd says who it is */
	char		 host[NAME_LEN];	/* whose ticket it is about */

	/* The response: out, then blob or file. */
	int		 close;		/* it is the last one */
	int		 refused;	/* there may be input left unread */
	struct wbuf	 out;
	size_t		 sent;		/* of out and blob */
	struct blob	*blob;
	int		 file;		/* -1: none */
	uint64_t	 first;		/* of it */
	uint64_t	 off, end;
	uint64_t	 size;		/* of the whole file or blob */
	enum step	 step;		/* to report when it is sent */
	uint8_t		 outbuf[HTTP_REPLY_MAX];
	uint8_t		 buf[HTTP_HEAD_MAX + HTTP_BODY_MAX + 2];
};

TAILQ_HEAD(conn_list, conn);

extern struct conn_list conns;		/* the longest silent one first */
extern struct conn_list conns_held;

void	 conn_init(void);
struct conn *conn_new(int fd, uint32_t addr, mono_t);
/* One has to go, for want of descriptors; -1 when none can. */
int	 conn_make_room(mono_t);
/* It did something: it moves to the end of those that may have to go. */
void	 conn_touch(struct conn *, mono_t);
/* The response's parts, when it is sent or given up. */
void	 conn_release(struct conn *);
void	 conn_close(struct conn *);

/* serve.c: what happens on connections. */
void	 serve_init(void);
void	 serve_listen(struct sock *);
/*
 * What we have to know is known: connections are accepted.  Until then, but
 * not for long, clients wait in the kernel; those who come while we are
 * started again never hear of it.
 */
void	 serve_open(void);
void	 serve_unlisten(struct sock *);
/* The ticket of this host has changed; NULL: the store is gone. */
void	 serve_wake(const char *host);
/* Who has which address is known better now. */
void	 serve_seen(void);
/* Hold the request until serve_wake(), or with host NULL serve_seen(). */
void	 serve_hold(struct conn *, const char *host, mono_t);
/* The response stands in the connection. */
void	 serve_send(struct conn *, mono_t);

/* respond.c: from a request to its response. */
void	 respond_dirs(void);		/* (re)open the roots of the files */
void	 respond(struct conn *, mono_t);
/* A response without anything but a status. */
void	 respond_status(struct conn *, int status, mono_t);
void	 respond_progress(struct conn *, int complete);

/* ksd.c */
enum ksd_counter {
	COUNT_CONNECTIONS, COUNT_OPEN, COUNT_DROPPED, COUNT_REQUESTS,
	COUNT_BAD, COUNT_NOT_FOUND, COUNT_REFUSED, COUNT_SENT, COUNT_ANSWERS,
	COUNT_HELD, COUNT_LOOKS, COUNT_TIMEOUTS, COUNT_CONFLICTS, COUNT_MAX
};

extern struct ctl_counter ksd_counters[COUNT_MAX];

#define COUNT(which)	(ksd_counters[COUNT_##which].value)

/* What we know about who asks; who->ticket and answer are of the route. */
void	 ksd_asker(const struct conn *, const struct route *, mono_t,
	    struct machine *, struct asker *);
/* Is it known by now whether this is the machine that it should be? */
int	 ksd_is_seen(const struct conn *, mono_t);
/* The counters as OpenMetrics text; NULL: no memory. */
struct blob *ksd_metrics(void);

#endif
