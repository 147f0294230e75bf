/* SPDX-License-Identifier: ISC */
/*
 * bootward.h: the design of bootward in one file: its processes, the links
 * between them, the configuration as flat tables, every message, and what
 * proc.c gives to each process.  Everything else follows from the lists here.
 */
#ifndef BOOTWARD_H
#define BOOTWARD_H

#include <sys/queue.h>
#include <sys/types.h>

#include <assert.h>
#include <event2/event.h>
#include <stdint.h>

#include "lib.h"

#define BOOTWARD_VERSION	"0.1"

/* 1. Processes ----------------------------------------------------------- */

/*
 * Of two linked processes the later one's parent connects to the earlier
 * one's socket in RUN_DIR.
 *	tag	name		user		what it does		*/
#define PROC_LIST(P)							\
	P(PARENT, "bootward",	"_bootward",	"parent")		\
	P(STORE,  "store",	"_bwstore",	"durable state")	\
	P(DHCPD,  "dhcpd",	"_dhcpd",	"DHCP server")		\
	P(ARPD,	  "arpd",	"_arpd",	"ARP announcer")	\
	P(TFTPD,  "tftpd",	"_tftpd",	"TFTP server")		\
	P(KSD,	  "ksd",	"_ksd",		"HTTP server")		\
	P(KSGEN,  "ksgen",	"_ksgen",	"answer script runner")	\
	P(CTL,	  "bootwardctl", NULL,		"control tool")

enum proc {
#define P(tag, name, user, what)	PROC_##tag,
	PROC_LIST(P)
#undef P
	PROC_MAX
};

/* Sets of processes, for the directions of messages. */
#define TO(tag)		(1U << PROC_##tag)
#define TO_DAEMONS	(TO(STORE) | TO(DHCPD) | TO(ARPD) | TO(TFTPD) | TO(KSD))
#define TO_NET		(TO(DHCPD) | TO(ARPD) | TO(TFTPD) | TO(KSD))
#define TO_BOOT		(TO(DHCPD) | TO(TFTPD) | TO(KSD))

/* Which daemons talk to each other; symmetric pairs. */
#define LINK_LIST(L)							\
	L(STORE, DHCPD)							\
	L(STORE, ARPD)							\
	L(STORE, TFTPD)							\
	L(STORE, KSD)							\
	L(DHCPD, ARPD)							\
	L(DHCPD, TFTPD)							\
	L(DHCPD, KSD)							\
	L(ARPD,  TFTPD)							\
	L(ARPD,  KSD)

extern const char *const proc_names[PROC_MAX];
extern const char *const proc_users[PROC_MAX];

int	 proc_by_name(const char *);		/* enum proc or -1 */
unsigned int proc_links(enum proc);		/* set of TO() bits */

/* Descriptors that a child starts with; everything else comes by message. */
#define FD_PARENT	3
#define FD_LOG		4

#define CONF_FILE	"/etc/bootward.conf"
#define ANSWER_DIR	"/etc/bootward/answers"
#define ROOT_DIR	"/srv/bootward"
#define STATE_DIR	"/var/lib/bootward"
#define EMPTY_DIR	"/var/empty"
#define RUN_DIR		"/run/bootward"
#define CTL_SOCKET	"/run/bootward.sock"
#define LIBEXEC_DIR	"/usr/libexec/bootward"

/* 2. Configuration: conf.h -------------------------------------------- */

#include "conf.h"

/* 3. Facts: what the processes tell each other ---------------------------- */

enum lease_state { LEASE_FREE, LEASE_BOUND, LEASE_DECLINED };

#define CLIENT_ID_LEN	255		/* all that option 61 can be */
#define RELAY_LEN	108

/* One address and who has it; the unit of durable state. */
struct msg_lease {
	int64_t		start_us;		/* mono_t */
	int64_t		expire_us;		/* mono_t */
	uint32_t	addr;
	uint8_t		state;			/* enum lease_state */
	uint8_t		id_len;			/* 0: known by its MAC */
	struct mac	mac;
	uint8_t		id[CLIENT_ID_LEN];	/* option 61 */
	char		host[NAME_LEN];		/* host entry, or "" */
	char		hostname[NAME_LEN];	/* option 12 if LDH, or "" */
	uint8_t		relay_len;		/* 0: no relay agent said */
	uint8_t		relay[RELAY_LEN];	/* its option 82 */
};
static_assert(sizeof(struct msg_lease) == 520, "msg_lease");
static_assert(CLIENT_ID_LEN == UINT8_MAX, "any id_len is within id");

/* What the others need to know of a lease: who an address is. */
struct msg_grant {
	int64_t		expire_us;		/* mono_t */
	uint32_t	addr;
	uint8_t		state;			/* enum lease_state */
	uint8_t		pad;
	struct mac	mac;
	char		host[NAME_LEN];		/* host entry, or "" */
	uint32_t	pad2;
};
static_assert(sizeof(struct msg_grant) == 88, "msg_grant");

struct msg_committed {
	uint32_t	count;			/* leases of the batch */
	int32_t		error;			/* errno of those not kept */
	uint64_t	kept;			/* bit n: the batch's lease n */
};

/* The install ticket of a host, DESIGN "Ticket". */
enum ticket_state {
	TICKET_LOCAL, TICKET_ARMED, TICKET_BOOTING, TICKET_INSTALLING,
	TICKET_INSTALLED, TICKET_FAILED, TICKET_EXPIRED, TICKET_MAX
};

extern const char *const ticket_names[TICKET_MAX];

#define TOKEN_LEN	40			/* 32 hex digits and NUL */

struct msg_ticket {
	int64_t		since_us;		/* mono_t of this state */
	int64_t		expire_us;		/* mono_t; INT64_MAX: never */
	uint32_t	state;			/* enum ticket_state */
	uint32_t	seen_system;		/* ran its system */
	char		host[NAME_LEN];
	char		image[NAME_LEN];
	char		token[TOKEN_LEN];	/* "" in the rest state */
};
static_assert(sizeof(struct msg_ticket) == 192, "msg_ticket");

/* What happened to a machine, and may move its ticket. */
enum ticket_input {
	INPUT_FIRMWARE,		/* dhcpd: its firmware DISCOVERs */
	INPUT_BOOT,		/* dhcpd: it was sent a loader */
	INPUT_ANSWER,		/* ksd: it asks for its answer file */
	INPUT_DONE,		/* ksd: it said done */
	INPUT_FAILED,		/* ksd: it said failed */
	INPUT_INSTALL,		/* control: arm it */
	INPUT_CANCEL,		/* control: back to the rest state */
	INPUT_TIMEOUT,		/* the ticket's time is over */
	INPUT_MAX
};

struct msg_input {
	uint32_t	input;			/* enum ticket_input */
	char		host[NAME_LEN];
};

/* A file that ksgen's script made; the descriptor is a sealed memfd. */
struct msg_answer {
	uint32_t	size;
	char		host[NAME_LEN];
	char		token[TOKEN_LEN];
	char		name[NAME_LEN];		/* preseed.cfg, ks.cfg, ... */
};

/* Steps of DESIGN 1, in order; then what else a timeline shows. */
#define STEP_LIST(S)							\
	S(DISCOVER,	"discover")					\
	S(OFFER,	"offer")					\
	S(ACK,		"ack")						\
	S(ARP,		"arp")						\
	S(LOADER,	"loader")					\
	S(MENU,		"menu")						\
	S(KERNEL,	"kernel")					\
	S(INITRD,	"initrd")					\
	S(ANSWER,	"answer")					\
	S(PACKAGES,	"packages")					\
	S(DONE,		"done")						\
	S(LOCAL,	"local")	/* sent to its own disk */	\
	S(TICKET,	"ticket")	/* its ticket changed state */	\
	S(NOTE,		"note")		/* the installer said so */	\
	S(REFUSED,	"refused")	/* asked for what it may not have */ \
	S(CONFLICT,	"conflict")	/* two machines, one address */	\
	S(ERROR,	"error")

enum step {
#define S(tag, name)	STEP_##tag,
	STEP_LIST(S)
#undef S
	STEP_MAX
};

extern const char *const step_names[STEP_MAX];

/*
 * One entry of a machine's timeline.  The store fills in the host when only
 * the MAC or the address is known.  While percent is below 100 the event is
 * progress: shown live, not kept.
 */
struct msg_event {
	int64_t		when_us;		/* mono_t */
	uint64_t	bytes;			/* of a transfer, or 0 */
	uint32_t	addr;			/* 0 if unknown */
	uint8_t		step;			/* enum step */
	uint8_t		percent;		/* 0..100; 100 when complete */
	struct mac	mac;			/* all zero if unknown */
	char		host[NAME_LEN];
	char		text[PATH_LEN];		/* printable ASCII, one line */
};

/* arpd's knowledge of one address. */
struct msg_proof {
	int64_t		until_us;		/* mono_t; offer before then */
	uint32_t	addr;
	uint32_t	unable;			/* it cannot be proven */
};

struct msg_addr {
	uint32_t	addr;
};

/*
 * The id of MSG_PROBE: a client waits for it, or it is looked at in passing,
 * or this is no question: a proven one was offered to somebody.
 */
enum { PROBE_WAITS, PROBE_PASSING, PROBE_USED };

/* How far a table that is told in parts has been told; 0: nothing, or all. */
struct msg_cursor {
	uint32_t	next;
};

struct msg_conflict {
	uint32_t	addr;
	struct mac	mac;			/* who uses it */
	struct mac	owner;			/* who should, or all zero */
};

/* What ARP shows of an address that somebody has by lease or reservation. */
enum stand {
	STAND_UNSEEN,		/* nobody was heard there yet */
	STAND_OWNER,		/* its owner, and nobody else */
	STAND_OTHER,		/* another machine, alone or besides */
	STAND_MAX
};

struct msg_stand {
	uint32_t	addr;
	uint8_t		stand;			/* enum stand */
	uint8_t		pad;
	struct mac	owner;			/* as arpd was told */
	struct mac	other;			/* STAND_OTHER: who; or zero */
};
static_assert(sizeof(struct msg_stand) == 20, "msg_stand");

#define IFACE_ADDRS	8

/* An interface that we serve, by the parent's rtnetlink. */
struct msg_iface {
	char		name[IFNAME_LEN];
	uint32_t	index;			/* 0: it does not exist now */
	uint32_t	mtu;
	uint32_t	up;			/* IFF_UP and carrier */
	uint32_t	naddrs;
	struct mac	mac;
	uint8_t		prefix[IFACE_ADDRS];
	uint16_t	pad;
	uint32_t	addr[IFACE_ADDRS];
};

/*
 * Sockets that the parent opens and holds.
 *	tag	     owner   one for	what it is			*/
#define SOCK_LIST(S)							\
	S(DHCP_PACKET, DHCPD, IFACE)	/* IPv4 to UDP 67 and 4011 */	\
	S(DHCP_UDP,    DHCPD, IFACE)	/* UDP 67: sends, never reads */ \
	S(PXE_UDP,     DHCPD, IFACE)	/* UDP 4011: sends, never reads */ \
	S(ARP_PACKET,  ARPD,  IFACE)	/* ARP */			\
	S(ND_PACKET,   ARPD,  IFACE)	/* ICMPv6 of and to routers */	\
	S(ICMP,	       ARPD,  HOST)	/* echo, for relayed segments */ \
	S(TFTP,	       TFTPD, IFACE)	/* UDP 69 */			\
	S(TFTP_XFER,   TFTPD, POOL)	/* UDP, a port of its own */	\
	S(HTTP,	       KSD,   IFACE)	/* TCP 80, listening */		\
	S(STATUS,      KSD,   HOST)	/* TCP, listening */

enum sock_kind {
#define S(tag, owner, scope)	SOCK_##tag,
	SOCK_LIST(S)
#undef S
	SOCK_MAX
};

#define TFTP_POOL	256		/* transfer sockets */

struct msg_sock {
	uint32_t	id;			/* names it in MSG_SOCK_CLOSE */
	uint32_t	kind;			/* enum sock_kind */
	char		ifname[IFNAME_LEN];	/* "" if not per interface */
};

#define BOOT_ID_LEN	40		/* a UUID in text and NUL */

/* First words of parent to child: who to become and where to live. */
struct msg_start {
	uint32_t	uid, gid;
	uint32_t	verbose;
	uint32_t	sandbox_optional;
	uint32_t	restarts;		/* of this child so far */
	int32_t		parent;			/* pid, to die with it */
	char		boot_id[BOOT_ID_LEN];	/* of the running kernel */
	char		root[PATH_LEN];		/* chroot */
};

struct msg_peer {
	uint32_t	proc;			/* who is at the other end */
};

/* What a connecting parent says to another on a RUN_DIR socket. */
struct msg_hello {
	uint32_t	version;		/* MSG_VERSION */
	uint32_t	from, to;		/* enum proc */
};

/* ksgen's job; the script is the descriptor. */
struct msg_render {
	char		host[NAME_LEN];
	char		image[NAME_LEN];
	char		token[TOKEN_LEN];
};

/* The outcome; the descriptor is a sealed memfd with the script's output. */
struct msg_rendered {
	int32_t		status;			/* 0 made; else why is text */
	char		text[PATH_LEN * 3];	/* the script's last words */
};

struct msg_flag {
	uint32_t	on;
};

/* 4. Control: ctl.h -------------------------------------------------- */

#include "ctl.h"

/* 5. Messages ------------------------------------------------------- */

#define MSG_VERSION	1
#define MSG_SIZE	16384			/* one datagram, all of it */
/* How many structs of a type fit into one. */
#define MSG_FITS(type)	((MSG_SIZE - sizeof(struct imsg_hdr)) / sizeof(type))

/* How often the payload's struct may stand in a message. */
enum msg_count { MSG_NONE, MSG_ONE, MSG_MANY, MSG_BLOB };

struct msg_blob {
	char		data[1];		/* any length; text, no NUL */
};
struct msg_empty {
	char		none;
};

/*
 * The one list: names, sizes, counts, who may send, who may receive, and
 * whether a descriptor comes with it (FD) or must not (NOFD).
 *	tag	  from		to	   count payload	fd	*/
#define MSG_LIST(M)							\
	M(START,   TO(PARENT), TO_DAEMONS | TO(KSGEN), ONE,		\
	    struct msg_start, NOFD)					\
	M(CONF_BEGIN, TO(PARENT), TO_DAEMONS, NONE, struct msg_empty, NOFD) \
	M(CONF_END, TO(PARENT), TO_DAEMONS, NONE, struct msg_empty, NOFD) \
	M(IFACE,   TO(PARENT), TO_DAEMONS, ONE, struct msg_iface, NOFD)	\
	M(SOCK,	   TO(PARENT), TO_NET,	   ONE, struct msg_sock, FD)	\
	M(SOCK_CLOSE, TO(PARENT), TO_NET,  ONE, struct msg_sock, NOFD)	\
	M(PEER,	   TO(PARENT), TO_DAEMONS, ONE, struct msg_peer, FD)	\
	M(RUN,	   TO(PARENT), TO_DAEMONS | TO(KSGEN), NONE,		\
	    struct msg_empty, NOFD)					\
	M(READY,   TO_DAEMONS, TO(PARENT), NONE, struct msg_empty, NOFD) \
	M(PEER_LOST, TO_DAEMONS, TO(PARENT), ONE, struct msg_peer, NOFD) \
	M(VERBOSE, TO(PARENT) | TO_DAEMONS, TO_DAEMONS | TO(PARENT),	\
	    ONE, struct msg_flag, NOFD)					\
	M(RELOAD,  TO_DAEMONS, TO(PARENT) | TO_NET, NONE,		\
	    struct msg_empty, NOFD)					\
	M(RELOADED, TO(PARENT), TO_DAEMONS, BLOB, struct msg_blob, NOFD) \
	M(HELLO,   TO(PARENT), TO(PARENT), ONE, struct msg_hello, NOFD)	\
	M(RENDER,  TO(STORE), TO(PARENT),  ONE, struct msg_render, NOFD) \
	M(RENDERED, TO(PARENT), TO(STORE), ONE, struct msg_rendered, MAYFD) \
	M(SCRIPT,  TO(PARENT), TO(KSGEN),  ONE, struct msg_render, FD)	\
	M(ENV,	   TO(PARENT), TO(KSGEN),  BLOB, struct msg_blob, NOFD)	\
	M(CTL_CONN, TO(PARENT), TO(STORE), ONE, struct msg_ctl_conn, FD) \
	M(COMMIT,  TO(DHCPD), TO(STORE),   MANY, struct msg_lease, NOFD) \
	M(COMMITTED, TO(STORE), TO(DHCPD), ONE, struct msg_committed, NOFD) \
	M(LEASE,   TO(STORE), TO(DHCPD), MANY, struct msg_lease, NOFD)	\
	M(LEASE_SYNC, TO(STORE), TO(DHCPD), NONE, struct msg_empty, NOFD) \
	M(GRANT,   TO(DHCPD), TO_NET,	   MANY, struct msg_grant, NOFD) \
	M(GRANT_SYNC, TO(DHCPD), TO_NET,   NONE, struct msg_empty, NOFD) \
	M(EXPLAIN, TO(STORE), TO(DHCPD),   ONE, struct ctl_explain, NOFD) \
	M(EXPLAINED, TO(DHCPD), TO(STORE), BLOB, struct msg_blob, NOFD)	\
	M(TICKET,  TO(STORE), TO_BOOT,	   MANY, struct msg_ticket, NOFD) \
	M(TICKET_SYNC, TO(STORE), TO_BOOT, NONE, struct msg_empty, NOFD) \
	M(INPUT,   TO(DHCPD) | TO(KSD), TO(STORE), ONE,			\
	    struct msg_input, NOFD)					\
	M(ANSWER,  TO(STORE), TO(KSD),	   ONE, struct msg_answer, FD)	\
	M(EVENT,   TO_NET, TO(STORE),	   MANY, struct msg_event, NOFD) \
	M(PROBE,   TO(DHCPD), TO(ARPD),	   MANY, struct msg_addr, NOFD)	\
	M(PROVEN,  TO(ARPD), TO(DHCPD),	   MANY, struct msg_proof, NOFD) \
	M(CONFLICT, TO(ARPD), TO(DHCPD),   MANY,			\
	    struct msg_conflict, NOFD)					\
	M(STAND,   TO(ARPD), TO(TFTPD) | TO(KSD), MANY,			\
	    struct msg_stand, NOFD)					\
	M(LOOK,	   TO(TFTPD) | TO(KSD), TO(ARPD), MANY,			\
	    struct msg_addr, NOFD)					\
	M(ARP_ASK, TO(STORE), TO(ARPD),	   ONE, struct msg_cursor, NOFD) \
	M(ARP,	   TO(ARPD), TO(STORE),	   MANY, struct ctl_arp, NOFD)	\
	M(ARP_END, TO(ARPD), TO(STORE),	   ONE, struct msg_cursor, NOFD) \
	M(STATUS_ASK, TO(STORE), TO_NET, NONE, struct msg_empty, NOFD) \
	M(STATUS,  TO_NET, TO(STORE), ONE, struct ctl_status, NOFD) \
	MSG_CTL_LIST(M)

#define MSG_CTL_LIST(M)							\
	M(CTL_SHOW_STATUS, TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_SHOW_HOSTS,  TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_SHOW_LEASES, TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_SHOW_ARP,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_TRACE,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_MONITOR,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_INSTALL,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_CANCEL,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_RELOAD,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_VERBOSE,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_EXPLAIN,	TO(CTL), TO(STORE), ONE, struct ctl_explain, NOFD) \
	M(CTL_RELEASE,	TO(CTL), TO(STORE), ONE, struct ctl_request, NOFD) \
	M(CTL_IMPORT,	TO(CTL), TO(STORE), MANY, struct ctl_import, NOFD) \
	M(CTL_STATUS,	TO(STORE), TO(CTL), ONE, struct ctl_status, NOFD) \
	M(CTL_HOST,	TO(STORE), TO(CTL), ONE, struct ctl_host, NOFD)	\
	M(CTL_LEASE,	TO(STORE), TO(CTL), ONE, struct ctl_lease, NOFD) \
	M(CTL_ARP,	TO(STORE), TO(CTL), MANY, struct ctl_arp, NOFD)	\
	M(CTL_EVENT,	TO(STORE), TO(CTL), ONE, struct ctl_event, NOFD) \
	M(CTL_TEXT,	TO(STORE), TO(CTL), BLOB, struct msg_blob, NOFD) \
	M(CTL_END,	TO(STORE), TO(CTL), ONE, struct ctl_end, NOFD)

enum msg_type {
	MSG_ZERO,			/* no message has type 0 */
#define M(tag, from, to, count, payload, fd)	MSG_##tag,
	MSG_LIST(M)
#undef M
/* Parent to daemons: MANY rows of each table of the configuration. */
#define T(tag, member, row, to)	MSG_CONF_##tag,
	CONF_LIST(T)
#undef T
	MSG_MAX
};

const char *msg_name(unsigned int);		/* never NULL */

/* imsg.c: messages over a SOCK_SEQPACKET Unix socket. */
struct imsg_hdr {
	uint32_t	type;			/* enum msg_type */
	uint32_t	len;			/* with the header */
	uint32_t	id;			/* peer id: what it is about */
	int32_t		pid;			/* the sender says it is */
};

struct imsg {
	enum msg_type	 type;
	uint32_t	 id;
	const void	*data;		/* good until the next imsg_get() */
	size_t		 len;
	size_t		 count;		/* structs in data */
	int		 fd;		/* -1, or the receiver's to close */
};

struct imsg_queued;

struct imsgbuf {
	int		 fd;
	enum proc	 self;
	enum proc	 peer;
	int32_t		 pid;		/* ours; asked for only once */
	size_t		 queued;	/* bytes that wait for the peer */
	int		 failed;	/* its owner is to drop it */
	TAILQ_HEAD(, imsg_queued) queue;
	struct event	*ev_read;
	struct event	*ev_write;
	/* The queue has emptied again, the peer reads; may be NULL. */
	void		(*drained)(struct imsgbuf *);
	void		*arg;		/* the owner's */
	uint8_t		 in[MSG_SIZE] __attribute__((aligned(8)));
};

/* Takes the descriptor over and makes it non-blocking. */
void	 imsg_init(struct imsgbuf *, int, enum proc self, enum proc peer);
/* Closes and forgets what was queued. */
void	 imsg_clear(struct imsgbuf *);
/*
 * Queue one message and send as much as the peer takes.  len is that of all
 * structs; the descriptor is duplicated, so that the caller may keep or close
 * its own.  Returns 0, or -1: EPIPE (peer is gone), ENOBUFS (the peer does not
 * read: more than MSG_QUEUE_MAX is queued).  A message that MSG_LIST forbids
 * is a bug of ours: fatalx().
 */
#define MSG_QUEUE_MAX	(64 * 1024 * 1024)
int	 imsg_send(struct imsgbuf *, enum msg_type, uint32_t id, int fd,
	    const void *, size_t len);
/* Any number of structs of this size, split over as many messages as needed. */
int	 imsg_send_many(struct imsgbuf *, enum msg_type, uint32_t id,
	    const void *, size_t size, size_t count);
/*
 * One message, checked against MSG_LIST: type, direction, size, descriptor.
 * 1: here it is; 0: nothing now; -1: EPIPE (peer is gone), EBADMSG (what came
 * is not allowed; the link must be dropped).
 */
int	 imsg_get(struct imsgbuf *, struct imsg *);
/* Send what is queued: 1 when all is sent, 0 when not, -1 with errno. */
int	 imsg_flush(struct imsgbuf *);
/*
 * Watch the link in a loop: fn (with the imsgbuf as its argument) when there
 * is something to get; what is queued goes out by itself.
 */
void	 imsg_watch(struct imsgbuf *, struct event_base *,
	    event_callback_fn fn);
/* May a message of this type go from one process to the other at all? */
int	 msg_allowed(unsigned int, enum proc from, enum proc to);
/* A fixed-size string of a message: -1 unless it ends within its field. */
int	 msg_string_ok(const char *, size_t);
#define MSG_STRING_OK(field)	(msg_string_ok((field), sizeof(field)) == 0)

/* conftab.c: the configuration as messages. */
/* Parent: send the tables that the peer may have, between BEGIN and END. */
int	 conf_send(struct imsgbuf *, const struct conf *);
/* Child: take a MSG_CONF_* message in; the new tree once MSG_CONF_END came. */
struct conf *conf_receive(const struct imsg *);

/* 6. A daemon ------------------------------------------------------- */

/* A socket that was given to us. */
struct sock {
	TAILQ_ENTRY(sock) entry;
	uint32_t	 id;
	enum sock_kind	 kind;
	char		 ifname[IFNAME_LEN];
	int		 fd;
	struct event	*ev;		/* the daemon's, freed with the sock */
	void		*arg;		/* the daemon's */
};

struct handler {
	enum msg_type	 type;
	enum proc	 from;
	void		(*fn)(struct imsgbuf *, const struct imsg *);
};

/* What a daemon is to proc.c.  Every callback may be NULL. */
struct daemon {
	enum proc	 id;
	const struct handler *handlers;		/* ends with a zero type */
	/* Before the sandbox closes: open what must be open, size tables. */
	void		(*setup)(void);
	/* A configuration is in force: child.conf; old is NULL at the start. */
	void		(*configured)(const struct conf *old);
	/* child.ifaces has changed. */
	void		(*iface)(const struct msg_iface *);
	/* A socket came, or is about to be closed and freed. */
	void		(*sock_up)(struct sock *);
	void		(*sock_down)(struct sock *);
	/* A link to another daemon is there, or is lost. */
	void		(*link_up)(enum proc);
	void		(*link_down)(enum proc);
	/* The parent wants it to end; whatever waits has its last chance. */
	void		(*stop)(void);
	/* Its own figures for "show status": a table that it keeps. */
	const struct ctl_counter *counters;
	size_t		 ncounters;
};

/* The running child; set before any callback. */
struct child {
	enum proc	 id;
	struct event_base *base;
	struct conf	*conf;
	struct imsgbuf	*parent;
	struct imsgbuf	*link[PROC_MAX];	/* NULL: not connected */
	struct msg_iface *ifaces;		/* the served ones */
	size_t		 nifaces;
	mono_t		 started;
	uint32_t	 restarts;
	uint32_t	 sandbox;		/* SANDBOX_* layers in force */
	char		 boot_id[BOOT_ID_LEN];	/* as in msg_start */
	uint32_t	 parent_pid;		/* tells parents apart */
};

extern struct child child;

/* Priorities of events: messages are read before the network. */
#define PRIO_MESSAGE	0
#define PRIO_NETWORK	1
#define PRIO_COUNT	2

/*
 * proc.c: the whole life of a child: takes MSG_START from the parent, enters
 * the jail, takes configuration, sockets and links, locks the sandbox, runs
 * the loop.  Does not return.
 */
void	 proc_main(const struct daemon *) __attribute__((__noreturn__));
/*
 * Send to a linked daemon; -1 when it is not there (the caller may go on).  A
 * link whose queue is full is dropped: the new one begins with everything.
 */
int	 proc_send(enum proc, enum msg_type, uint32_t id, int fd,
	    const void *, size_t);
int	 proc_send_many(enum proc, enum msg_type, uint32_t id,
	    const void *, size_t size, size_t count);
/* A message from a daemon that makes no sense: log it and drop the link. */
void	 proc_hostile(struct imsgbuf *, const char *);
/* A new event at PRIO_NETWORK; fatal when there is no memory. */
struct event *proc_event(int fd, short what, event_callback_fn, void *);
struct event *proc_timer(event_callback_fn, void *);
void	 proc_timer_set(struct event *, int64_t ms);
/* One timeline entry to the store; dropped when the store is not there. */
void	 proc_step(enum step, uint32_t addr, struct mac, const char *host,
	    unsigned int percent, uint64_t bytes, const char *fmt, ...)
	    __attribute__((__format__(__printf__, 7, 8)));
/* This process's own line of "show status". */
void	 proc_status(struct ctl_status *);
const struct msg_iface *proc_iface(const char *name);
/* Our address on the segment that addr is in, or 0; and its interface. */
uint32_t proc_own_addr(uint32_t addr, const struct msg_iface **);

/* sandbox.c: the layers, as bits. */
#define SANDBOX_LIST(S)							\
	S(NAMESPACES,	"namespaces")					\
	S(CHROOT,	"chroot")					\
	S(UID,		"uid")						\
	S(CAPS,		"capabilities")					\
	S(LIMITS,	"limits")					\
	S(DUMPABLE,	"not-dumpable")					\
	S(NONEWPRIVS,	"no-new-privs")					\
	S(LANDLOCK,	"landlock")					\
	S(SECCOMP,	"seccomp")

enum sandbox_layer {
#define S(tag, name)	SANDBOX_BIT_##tag,
	SANDBOX_LIST(S)
#undef S
	SANDBOX_LAYERS
};
#define SANDBOX(tag)	(1U << SANDBOX_BIT_##tag)

extern const char *const sandbox_names[SANDBOX_LAYERS];

/* Namespaces, chroot, uid, capabilities, limits: before anything is read. */
uint32_t sandbox_jail(enum proc, const struct msg_start *);
/* Landlock and seccomp: after set-up, before the first network byte. */
uint32_t sandbox_lock(enum proc, int optional);

/* 7. Shared knowledge ----------------------------------------------- */

/*
 * ticket.c: the install ticket's life (DESIGN 5) as a pure state machine.
 *
 *	local -install-> armed -boot-> booting -answer-> installing
 *	  ^                                   done /        | firmware, failed
 *	  '--cancel-- any      installed <--------'         '--> failed
 *	armed, booting, installing -timeout-> expired
 */
/* The state after input; the same state when the input changes nothing. */
enum ticket_state ticket_next(enum ticket_state, enum ticket_input);
/* Is this machine sent to the installer now (else: to its own disk)? */
int	 ticket_installs(enum ticket_state);
/* May its answer file be read now? */
int	 ticket_answers(enum ticket_state);

#include "facts.h"

#endif
