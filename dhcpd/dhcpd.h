/* SPDX-License-Identifier: ISC */
/*
 * dhcpd.h: the parts of dhcpd and what they give to each other.  A request
 * goes through them in this order: dhcp.c parses it, policy.c decides what it
 * gets, staged.c sees to it that a lease is durable before it is promised,
 * outbox.c alone speaks to the network.
 */
#ifndef DHCPD_H
#define DHCPD_H

#include "bootward.h"

/* 1. The protocol: dhcp.c -------------------------------------------------- */

#define DHCP_PORT_SERVER	67
#define DHCP_PORT_CLIENT	68
#define DHCP_PORT_PXE		4011
#define DHCP_MAGIC		0x63825363
#define DHCP_FLAG_BROADCAST	0x8000
#define DHCP_HDRLEN		236	/* before the magic cookie */
#define DHCP_SNAME_AT		44
#define DHCP_SNAME_LEN		64
#define DHCP_FILE_AT		108
#define DHCP_FILE_LEN		128
#define DHCP_OPTIONS_MIN	44	/* magic, and what every answer has */
#define DHCP_MIN_LEN		300	/* RFC 1542 2.1 */
#define DHCP_MIN_SIZE		576	/* of the IP datagram, RFC 2131 2 */
#define DHCP_MAX_SIZE		1500
#define DHCP_IP_UDP		28
#define DHCP_PAYLOAD_MAX	(DHCP_MAX_SIZE - DHCP_IP_UDP)
#define HTYPE_ETHERNET		1
#define HTYPE_IEEE1394		24	/* RFC 2855 */
#define HTYPE_INFINIBAND	32	/* RFC 4390 */

enum dhcp_type {
	DHCP_BOOTP,			/* no type at all: RFC 951 */
	DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE, DHCP_ACK,
	DHCP_NAK, DHCP_RELEASE, DHCP_INFORM, DHCP_FORCERENEW,
	DHCP_LEASEQUERY,		/* RFC 4388 */
	DHCP_LEASEUNASSIGNED, DHCP_LEASEUNKNOWN, DHCP_LEASEACTIVE, DHCP_MAX
};

/* The options that we know by name. */
enum dhcp_option {
	OPT_PAD = 0, OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6,
	OPT_HOST_NAME = 12, OPT_DOMAIN = 15, OPT_BROADCAST = 28,
	OPT_VENDOR = 43, OPT_REQUESTED = 50, OPT_LEASE_TIME = 51,
	OPT_OVERLOAD = 52, OPT_TYPE = 53, OPT_SERVER = 54, OPT_WANTED = 55,
	OPT_MESSAGE = 56, OPT_MAX_SIZE = 57, OPT_T1 = 58, OPT_T2 = 59,
	OPT_CLASS = 60, OPT_CLIENT_ID = 61, OPT_TFTP_NAME = 66,
	OPT_BOOT_FILE = 67, OPT_USER_CLASS = 77, OPT_RAPID = 80,
	OPT_RELAY = 82, OPT_LAST_SEEN = 91, OPT_ASSOCIATED = 92, OPT_ARCH = 93,
	OPT_NDI = 94, OPT_UUID = 97, OPT_SUBNET = 118, OPT_SEARCH = 119,
	OPT_ROUTES = 121, OPT_TFTP_LIST = 150, OPT_IPXE = 175,
	OPT_PXE_FIRST = 208, OPT_PXE_LAST = 211, OPT_END = 255
};

#define DHCP_SCRATCH	1024	/* for options that came in pieces */

/* A request.  Its views point into the packet, or into scratch. */
struct dhcp_msg {
	uint32_t	xid, ciaddr, giaddr;
	uint16_t	secs, flags;
	uint8_t		type;			/* enum dhcp_type */
	uint8_t		htype, hlen;
	uint8_t		hops;
	uint8_t		chaddr[16];
	struct mac	mac;			/* all zero unless Ethernet */

	uint32_t	requested;		/* 0: not there */
	uint32_t	server;			/* 0: not there */
	uint32_t	lease_time;		/* 0: not there */
	uint16_t	max_size;		/* 0: not there */
	uint8_t		rapid;			/* boolean, RFC 4039 */
	uint8_t		bootp_server;		/* it names a server */
	uint32_t	subnet;			/* RFC 3011; 0: not there */
	char		hostname[NAME_LEN];	/* "" unless it is LDH */
	struct buf	wanted, class, id, user_class, arch, uuid, relay, ipxe,
			vendor;

	/* What the relay agent says in option 82, RFC 3046. */
	struct buf	circuit, remote;
	uint32_t	link_addr;		/* RFC 3527; 0: not there */
	uint32_t	server_addr;		/* RFC 5107; 0: not there */
	uint8_t		relay_port;		/* boolean, RFC 8357 */

	/* Where it came from, and which of our ports it was for. */
	struct mac	l2_src;
	uint32_t	src, dst;
	uint16_t	sport, dport;

	uint8_t		scratch[DHCP_SCRATCH];
};

/* 0, or -1 when it is malformed. */
int	 dhcp_parse(struct buf *, struct dhcp_msg *);
int	 dhcp_wants(const struct dhcp_msg *, uint8_t code);

/* A reply that is being written; every option once, all within the limit. */
struct reply {
	struct wbuf	 out;
	struct wbuf	 field[2];	/* file and sname, for options */
	size_t		 limit;		/* without the relay's option and END */
	uint8_t		 have[32];	/* bit set of the options in it */
	int		 full;		/* an option had no room */
	int		 without_relay;	/* the relay's option has none */
};

struct reply_head {
	uint8_t		 type;		/* enum dhcp_type */
	uint16_t	 flags;
	uint32_t	 ciaddr, yiaddr, siaddr;
	const char	*file;		/* or NULL */
	int		 overload;	/* file and sname may hold options */
};

void	 dhcp_begin(struct reply *, uint8_t [DHCP_PAYLOAD_MAX],
	    const struct dhcp_msg *, const struct reply_head *, uint32_t mtu);
int	 dhcp_has(const struct reply *, uint8_t code);
void	 dhcp_put(struct reply *, uint8_t code, const void *, size_t);
void	 dhcp_put_flag(struct reply *, uint8_t code);
void	 dhcp_put_u8(struct reply *, uint8_t code, uint8_t);
void	 dhcp_put_u32(struct reply *, uint8_t code, uint32_t);
void	 dhcp_put_addrs(struct reply *, uint8_t code, const uint32_t *, size_t);
void	 dhcp_put_str(struct reply *, uint8_t code, const char *);
/* The relay's option, END and padding; the length of the whole, or 0. */
size_t	 dhcp_finish(struct reply *, const struct dhcp_msg *);

/* 2. Leases: lease.h ------------------------------------------------------- */

#include "lease.h"

/* 3. Where a request comes from: reach.c ----------------------------------- */

#define LINK_SEGMENTS	32

/* A broadcast domain: the segments whose addresses are of use there. */
struct link {
	uint32_t	 own;		/* our address there; 0: do not speak */
	int		 relayed;	/* its clients are not our neighbours */
	size_t		 n;
	struct {
		uint32_t	segment, net, mask;
		uint32_t	own;	/* in this segment, or the link's */
	} seg[LINK_SEGMENTS];
};

/* A new configuration; the others do with it what this has prepared. */
void	 reach_configure(const struct conf *);
/* The segment that holds addr, or NONE. */
uint32_t reach_segment(const struct conf *, uint32_t addr);
void	 link_of_iface(struct link *, const struct conf *,
	    const struct msg_iface *);
/* Of a relay agent, or of a client behind one; own is what it reached. */
void	 link_of_addr(struct link *, const struct conf *, uint32_t addr,
	    uint32_t own);
/*
 * Of a request: here, the interface's, or far, which is filled in; NULL when
 * it claims to come through what can be no relay agent.
 */
const struct link *link_of_request(struct link *far, const struct link *here,
	    const struct conf *, const struct dhcp_msg *);
/* The place of the segment that holds addr, or -1. */
int	 link_find(const struct link *, uint32_t addr);

/* 4. Booting: boot.h ------------------------------------------------------- */

#include "boot.h"

/* 5. The decision: policy.c ------------------------------------------------ */

enum verdict_kind {
	V_SILENT, V_PROBE, V_OFFER, V_ACK, V_NAK, V_INFORM, V_RELEASE,
	V_DECLINE, V_PROXY, V_QUERY, V_MAX
};

/* What is known when a request is decided; nothing of it is changed. */
struct view {
	const struct conf	*conf;
	struct leases		*leases;
	struct facts		*facts;
	struct trails		*trails;	/* or NULL */
	struct claims		*claims;	/* or NULL */
	int			 arpd;		/* is there to prove them */
};

#define PROBE_AHEAD	8

struct verdict {
	enum verdict_kind	 kind;
	const char		*why;		/* of a silence or a NAK */
	struct pxe		 pxe;
	uint32_t		 host;		/* index, or NONE */
	const struct msg_ticket	*ticket;	/* or NULL */
	uint32_t		 addr;		/* what it gets */
	uint32_t		 segment;	/* of addr */
	uint32_t		 server;	/* who we are there */
	uint32_t		 own;		/* where the answer comes from */
	uint32_t		 next_server;
	uint32_t		 seconds;	/* of the lease; what is left */
	uint32_t		 idle;		/* since its client spoke */
	struct lease		*lease;		/* the address's, or NULL */
	struct lease		*drop;		/* not wanted now, or NULL */
	const struct conf_loader *loader;	/* boots from us, or NULL */
	int			 no_loader;	/* should, but has none */
	int			 circles;	/* should, but has had it often */
	unsigned int		 late_s;	/* it was not heard that long */
	int			 claim;		/* addr is said to be its own */
	int			 not_ours;	/* nobody expects an answer */
	int			 booting;	/* a stage of a boot */
	int			 rapid;		/* ACK to a DISCOVER, RFC 4039 */
	int			 by_subnet;	/* option 118 chose, RFC 3011 */
	int			 takeover;	/* from its earlier client id */
	int			 unproven;	/* offered without a check */
	int			 skipped;	/* reserved address in use */
	int			 firmware;	/* tell the store it started */
	int			 refused;	/* by a quota, for why */
	int			 reclaimed;	/* from a stranger's offer */
	int			 doubted;	/* a decline that only counts */
	int			 other_server;	/* is whom the client chose */
	size_t			 nprobe;
	uint32_t		 probe[PROBE_AHEAD];
};

/* asker.c: who asks. */

/* A request, and all that follows from who sent it. */
struct asker {
	const struct view	*view;
	const struct link	*link;
	const struct dhcp_msg	*req;
	struct verdict		*v;
	mono_t			 now;
	struct owner		 owner;
	uint32_t		 reserved;	/* its address here, or 0 */
	int			 by_port;	/* the relay's port is the host */
	struct lease		*own;		/* its lease here, or NULL */
};

/* What an address is to the asker. */
enum standing {
	MINE,			/* it has it, is offered it, or had it last */
	OPEN,			/* nobody's, and the asker may have it */
	TAKEN,			/* somebody else's, or ours */
	OUTSIDE,		/* on the link, but not for us to give */
	ELSEWHERE		/* not on the link */
};

void	 asker_identify(struct asker *);
enum standing asker_standing(const struct asker *, uint32_t addr);
/* Is this one of the addresses that we are known by there? */
int	 asker_names_us(const struct asker *, uint32_t server);
/* Its ticket's state, or TICKET_EXPIRED when its time is over. */
enum ticket_state asker_ticket(const struct asker *);

void	 policy_decide(struct verdict *, const struct view *,
	    const struct link *, const struct dhcp_msg *, mono_t);
void	 policy_owner(const struct dhcp_msg *, struct owner *);
/* The host entry of a request by what the client says itself, or NONE. */
uint32_t policy_host(const struct conf *, const struct dhcp_msg *);

/* query.c: who has an address, RFC 4388.  V_QUERY or V_SILENT; its answer. */
void	 query_decide(struct verdict *, const struct view *,
	    const struct link *, const struct dhcp_msg *, mono_t);
size_t	 query_build(uint8_t [DHCP_PAYLOAD_MAX], const struct view *,
	    const struct dhcp_msg *, const struct verdict *, uint32_t mtu);

/* relay.c: what option 82 says, into the message. */
void	 relay_parse(struct dhcp_msg *, struct buf *);

/*
 * quota.c: may an asker without a lease here get a new address?  NULL, or why
 * not.  host is its entry, or NONE.
 */
const char *quota_refuses(const struct view *, const struct link *,
	    const struct dhcp_msg *, uint32_t host, mono_t);
/*
 * When there is none: the unconfirmed offer of a stranger that may be given to
 * this asker, or NULL.  A host may have any, a stranger one that is old.
 */
struct lease *quota_reclaim(const struct view *, const struct link *,
	    const struct dhcp_msg *, uint32_t host, mono_t);
/* How many addresses a MAC may have on a link. */
uint32_t quota_mac(const struct view *, const struct link *);
/* A client declined an address; does it decline too much to be believed? */
void	 quota_declined(struct mac, mono_t);
int	 quota_doubts(const struct view *, uint32_t addr, struct mac, mono_t);
/* Tell the administrator that somebody was refused; once a minute. */
void	 quota_alarm(const struct view *, const struct link *, const char *why,
	    mono_t);

/* dhcp_reply.c: the octets of an answer; 0 when they do not fit. */
size_t	 reply_build(uint8_t [DHCP_PAYLOAD_MAX], const struct conf *,
	    const struct dhcp_msg *, const struct verdict *, uint32_t mtu);

/*
 * explain.c: what a machine would be sent and why, in words, to the store; id
 * says who asks.  Changes nothing.
 */
void	 explain(uint32_t id, const struct ctl_explain *, const struct view *,
	    int synced, mono_t);
/* optname.c: an option's name; its value as printable text on one line. */
const char *option_name(uint8_t code);
void	 option_text(struct wbuf *, uint8_t code, const uint8_t *, size_t);

/* The options of loaders as they are configured, for what loads one. */
void	 reply_put_loader_options(struct reply *, const struct conf *,
	    const struct dhcp_msg *, const struct verdict *);

/* 6. Speaking and keeping: outbox.c, staged.c, story.c --------------------- */

#define FIGURE_LIST(F)							\
	F(DISCOVER,	"discover")					\
	F(OFFER,	"offer")					\
	F(REQUEST,	"request")					\
	F(ACK,		"ack")						\
	F(NAK,		"nak")						\
	F(RELEASE,	"release")					\
	F(DECLINE,	"decline")					\
	F(INFORM,	"inform")					\
	F(PROXY,	"proxy")					\
	F(CIRCLES,	"boot-circles")					\
	F(QUERY,	"leasequery")					\
	F(BAD_RELAY,	"bad-relay")					\
	F(BOOTP,	"bootp")					\
	F(MALFORMED,	"malformed")					\
	F(NOT_OURS,	"not-for-us")					\
	F(SILENT,	"silent")					\
	F(NO_STORE,	"no-store")					\
	F(PROBING,	"probing")					\
	F(UNPROVEN,	"unproven")					\
	F(CONFLICT,	"conflicts")					\
	F(TAKEOVER,	"takeovers")					\
	F(REFUSED,	"commit-refused")				\
	F(LOST,		"commit-lost")					\
	F(UNSENT,	"unsent")					\
	F(BATCHES,	"commit-batches")				\
	F(ON_PROOF,	"answered-on-proof")				\
	F(QUOTA,	"quota-refused")				\
	F(RECLAIMED,	"offers-reclaimed")				\
	F(DOUBTED,	"declines-doubted")				\
	F(ROGUES,	"rogue-servers")				\
	F(ROGUE_OFFERS,	"rogue-offers")					\
	F(LEASED,	"leases")					\
	F(OFFERED,	"offers")

enum figure {
#define F(tag, name)	FIG_##tag,
	FIGURE_LIST(F)
#undef F
	FIG_MAX
};

extern struct ctl_counter figures[FIG_MAX];

static inline void
figure_add(enum figure f)
{
	figures[f].value++;
}

/* An interface and its sockets. */
struct port {
	char		 ifname[IFNAME_LEN];
	struct sock	*packet, *udp, *pxe;
	uint32_t	 ifindex, mtu;
	struct mac	 mac;
	struct link	 link;
};

/* Where an answer goes, RFC 2131 4.1. */
struct letter {
	struct port	*port;
	uint32_t	 src, dst;
	uint16_t	 sport, dport;
	struct mac	 dst_mac;
	uint8_t		 raw;		/* by frame, else by UDP */
	uint16_t	 len;
};

/* intake.c: the interfaces, and what comes in by them. */
void	 intake_configure(void);
void	 intake_iface(const struct msg_iface *);
void	 intake_sock_up(struct sock *);
void	 intake_sock_down(struct sock *);
/* The link that a request comes from; far is room for one behind a relay. */
const struct link *intake_link(const struct port *, const struct dhcp_msg *,
	    struct link *far);

/* dhcpd.c: one packet, and the end of a turn. */
void	 turn_begin(mono_t);
void	 turn_request(struct port *, struct frame *, mono_t);
void	 turn_end(void);

/* rogue.c: what another server said, or a client that chose another one. */
void	 rogue_reply(const struct port *, struct frame *, mono_t);
void	 rogue_request(const struct port *, const struct dhcp_msg *, mono_t);
/* How many there are. */
size_t	 rogue_count(mono_t);

/* waiting.c: DISCOVERs that are answered when an address is proven. */
#define WAITING_OCTETS	640		/* longer ones are not kept */

struct waiting {
	struct port	*port;
	struct frame	 frame;
	uint8_t		 octets[WAITING_OCTETS];
};

void	 waiting_keep(struct port *, const struct frame *, uint32_t addr,
	    mono_t);
/* The one that waits for this address, if there is one. */
int	 waiting_take(uint32_t addr, mono_t, struct waiting *);
/* The next, from a cursor of 0 on, whose time is over; each only once. */
int	 waiting_late(mono_t, unsigned int *cursor, struct waiting *);

void	 letter_address(struct letter *, struct port *,
	    const struct dhcp_msg *, const struct verdict *);
void	 outbox_put(const struct letter *, const uint8_t *);
void	 outbox_flush(void);

/* One line of a machine's timeline; step is STEP_MAX when there is none. */
struct story {
	enum step	 step;
	uint32_t	 addr;
	struct mac	 mac;
	char		 host[NAME_LEN];
	char		 text[128];
};

/* Of machines that boot, and of those with a host entry. */
void	 story_request(struct story *, const struct conf *,
	    const struct dhcp_msg *, const struct verdict *);
void	 story_answer(struct story *, const struct conf *,
	    const struct dhcp_msg *, const struct verdict *);
/*
 * Retransmissions within a second, and a flood, are told once.  It is kept
 * until story_flush(): no answer waits for what is written about it.
 */
void	 story_tell(const struct story *, mono_t);
void	 story_flush(void);

/* push.c: leases to the siblings, which decide by them. */
void	 push_init(const struct view *);
void	 push_link_up(enum proc);
void	 push_link_down(enum proc);
/* The store has told all leases, or is gone. */
void	 push_synced(int);
/* One that is to be in force now: called before it is applied. */
void	 push_lease(const struct msg_lease *, int matters);
/* With now set the next push_flush() tells all, else arpd: a timer the rest. */
void	 push_grant(const struct msg_grant *, int now);
/* Before answers leave: what matters has been told. */
void	 push_flush(void);

void	 staged_init(struct leases *);
/* A verdict that must be durable, and is answered only then; -1: no room. */
int	 staged_put(const struct verdict *, const struct dhcp_msg *,
	    const struct conf *, struct port *, mono_t);
/* The turn is over: what it gathered goes to the store. */
void	 staged_flush(void);
/* The store's word on a batch; -1 when it makes no sense. */
int	 staged_done(uint32_t id, const struct msg_committed *, mono_t);
/* The store is gone: nothing that waits will be promised. */
void	 staged_drop(void);
/* A port is gone: what waits for the store is stored, but not answered. */
void	 staged_forget(const struct port *);

#endif
