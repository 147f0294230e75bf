/* SPDX-License-Identifier: ISC */
/*
 * arpd.h: the parts of arpd.  arp.c, probe.c, watch.c and router.c are pure:
 * they see buffers, facts and the time, and say what is to be done; port.c,
 * prove.c and quiet.c do it.
 */
#ifndef ARPD_H
#define ARPD_H

#include "bootward.h"

struct port;
struct segment;

/* arp.c: ARP for IPv4 on Ethernet (RFC 826). */
#define ARP_REQUEST	1
#define ARP_REPLY	2
#define ARP_FRAME_LEN	60		/* with Ethernet's padding */

struct arp_msg {
	struct mac	from;		/* Ethernet source of the frame */
	struct mac	sha, tha;	/* sender's and target's Ethernet */
	uint32_t	spa, tpa;	/* and protocol addresses */
	uint16_t	op;
};

/* 0, or -1 unless it is an ARP frame that a host with one address may send. */
int	 arp_parse(struct buf *, struct arp_msg *);
/* Is this address free?  From 0.0.0.0, so that no cache learns it. */
void	 arp_build_probe(struct wbuf *, struct mac, uint32_t addr);
/* This address is mine. */
void	 arp_build_announce(struct wbuf *, struct mac, uint32_t addr);

/* Who has addr?  An ordinary question of ours, as the kernel asks it. */
void	 arp_build_request(struct wbuf *, struct mac, uint32_t own,
	    uint32_t addr);

/* probe.c: what arpd does about one address (RFC 5227). */
enum probe_state {
	PROBE_IDLE,		/* nothing */
	PROBE_QUEUED,		/* to be proven free: waits for its turn */
	PROBE_SENDING,		/* some of the probes are sent */
	PROBE_WAITING,		/* all are sent, somebody may still answer */
	PROBE_PROVEN,		/* nobody did */
	PROBE_RENEWING,		/* still proven; probed again */
	PROBE_TAKEN,		/* somebody uses it */
	PROBE_ANNOUNCING,	/* it is ours, told once */
	PROBE_OWNED,		/* it is ours, told twice */
	PROBE_DEFENDED,		/* it is ours, and was just defended */
	PROBE_STATES
};

enum probe_input {
	PROBE_IN_PROVE,		/* prove it free, there is time */
	PROBE_IN_HURRY,		/* prove it free, it is needed now */
	PROBE_IN_OWN,		/* it is ours now */
	PROBE_IN_TIMER,		/* the state's time is over */
	PROBE_IN_HEARD,		/* another machine claims it */
	PROBE_IN_DOUBT,		/* we may have missed a claim */
	PROBE_IN_USED,		/* dhcpd has offered it to somebody */
	PROBE_IN_STOP,		/* it is no longer our business */
	PROBE_INPUTS
};

/* What the caller has to do after a transition. */
#define PROBE_DO_PROBE		0x01	/* send a probe */
#define PROBE_DO_ANNOUNCE	0x02	/* send an announcement */
#define PROBE_DO_PROVEN		0x04	/* say that it is free, until then */
#define PROBE_DO_WITHDRAW	0x08	/* say that this is no longer known */
#define PROBE_DO_CONFLICT	0x10	/* say who claims it */

/* How one asks: by ARP or behind a relay by echo, calmly or hurried. */
enum pace_kind {
	PACE_CALM,
	PACE_HURRIED = 1,		/* a bit: it is needed now */
	PACE_ECHO = 2,			/* a bit: by ICMP echo */
	PACE_ECHO_HURRIED,
	PACES
};

struct pace {
	uint32_t	first_ms;	/* before the first, at random */
	uint32_t	num;		/* questions */
	uint32_t	gap_ms, gap_max_ms;	/* between two, at random */
	uint32_t	wait_ms;	/* after the last */
	uint32_t	rate, burst;	/* of all at this pace, a second */
};

extern const struct pace probe_pace[PACES];

struct probe {
	TAILQ_ENTRY(probe) ready;	/* prove.c: it waits to be sent */
	struct port	*port;
	struct segment	*seg;		/* NULL: an address of our own */
	mono_t		 due;		/* when the state's time is over */
	mono_t		 until;		/* the proof holds */
	uint32_t	 addr;
	uint32_t	 place;		/* in the agenda; 0: not there */
	uint8_t		 state;		/* enum probe_state */
	uint8_t		 sent;		/* packets in this state */
	uint8_t		 pace;		/* enum pace_kind */
	uint8_t		 queue;		/* prove.c: the ready one, or 0 */
	uint8_t		 asked;		/* dhcpd waits for it */
	uint8_t		 reserved;	/* for a host: not of the stock */
	uint8_t		 offered;	/* so is this, for a while */
	uint8_t		 takes;		/* times it was found taken, on end */
	struct mac	 foe;		/* who claims it */
};

#define PROVE_VALID_MS		(3600 * 1000)
#define PROVE_RENEW_MS		(25 * 60 * 1000)	/* one question, */
#define PROVE_RENEW_MAX_MS	(35 * 60 * 1000)	/* at random */
#define PROVE_CONFIRM_MS	(10 * 1000)	/* after a proof in a hurry, */
#define PROVE_CONFIRM_MAX_MS	(30 * 1000)	/* at random */
#define PROVE_SILENCE_MS	2000	/* ANNOUNCE_WAIT, after these */
#define PROVE_USED_MS		(150 * 1000)	/* longer than an offer */
#define PROVE_TAKEN_MS		(15 * 1000)	/* then it is tried again, */
#define PROVE_TAKEN_MAX_MS	(600 * 1000)	/* but ever more rarely, */
#define PROVE_FRESH_MS		(10 * 1000)	/* or when dhcpd asks */
#define ANNOUNCE_NUM		2
#define ANNOUNCE_INTERVAL_MS	2000
#define DEFEND_INTERVAL_MS	10000

extern const char *const probe_statename[PROBE_STATES];

/* The one transition function; a set of PROBE_DO_*. */
unsigned int probe_event(struct probe *, enum probe_input, mono_t now);
/* Where random times start; the same seed gives the same ones. */
void	 probe_seed(uint64_t);
/* Does the end of the state's time send a question? */
int	 probe_state_sends(enum probe_state);
/* Is it on the way to a proof, or proven? */
int	 probe_is_wanted(const struct probe *);
int	 probe_is_proven(const struct probe *);
int	 probe_is_hurried(const struct probe *);

/* A bound on packets in a time: rate a second, burst at once. */
struct bucket {
	mono_t		 filled;
	uint32_t	 tokens;
};

int	 bucket_take(struct bucket *, uint32_t rate, uint32_t burst, mono_t);

/* watch.c: whose the addresses are, as dhcpd and the configuration say. */

/* A segment of the configuration, and how we reach it. */
struct segment {
	uint32_t	 index;		/* in conf->segment */
	struct port	*wire;		/* where it is; NULL: not directly */
	struct port	*port;		/* the same; NULL: nothing is proven */
	int		 echo;		/* or by ICMP, behind a relay */
	size_t		 wanted;	/* proofs that should exist */
	size_t		 active;	/* probes under way and proofs */
	size_t		 proven;	/* proofs */
	size_t		 hurried;	/* those to be soon */
	uint32_t	 range;		/* where the search for the next free */
	uint32_t	 next;		/* address goes on: index and offset */
	mono_t		 changed;	/* when wanted last grew or shrank */
	mono_t		 dry;		/* when dhcpd had to ask for one */
	mono_t		 barren;	/* no search for free ones before */
};

/* Where an address stands: stand.c. */
struct stance {
	uint32_t	 other_s;	/* second of another's last frame */
	uint32_t	 asked_s;	/* when we asked for it; 0: never */
	uint8_t		 stand;		/* enum stand */
	struct mac	 owner;		/* whose stand it is */
	struct mac	 other;		/* STAND_OTHER: who */
};

/* What is known of one address of a range, or of a reserved one. */
struct entry {
	LIST_ENTRY(entry) bucket;
	TAILQ_ENTRY(entry) others;	/* while it stands at STAND_OTHER */
	struct stance	 stance;
	struct probe	 probe;
	mono_t		 expire;	/* of the lease */
	mono_t		 quiet;		/* no conflict is told before then */
	uint32_t	 addr;
	uint32_t	 host;		/* reserved for; index or NONE */
	struct mac	 owner;		/* of the lease or the host */
	uint8_t		 lease;		/* enum lease_state */
	uint8_t		 unseen;	/* no ARP since its last ACK */
	uint8_t		 named;		/* the host has an Ethernet address */
};

LIST_HEAD(entry_list, entry);

#define WATCH_MAX	(1U << 20)	/* entries */
#define WATCH_QUIET_S	10

struct watch {
	const struct conf *conf;
	struct segment	*segs;		/* as conf->segment */
	size_t		 nsegs;
	struct entry_list *buckets;
	size_t		 nbuckets;	/* a power of two */
	size_t		 nentries;
};

/* What a frame means to us. */
enum verdict_kind {
	VERDICT_NOTHING,
	VERDICT_OURS,		/* we said it ourselves */
	VERDICT_OWN_CLAIMED,	/* somebody claims an address of ours */
	VERDICT_TAKEN,		/* an address that was to be free is not */
	VERDICT_CONFLICT,	/* a leased or reserved one has another user */
	VERDICT_SEEN,		/* the owner speaks first after its ACK */
	VERDICTS
};

struct verdict {
	enum verdict_kind kind;
	struct entry	*entry;		/* unless NOTHING or OWN_CLAIMED */
	uint32_t	 addr;		/* the address in question */
	int		 owner;		/* 1: it is; 0: not; -1: who knows */
};

void	 watch_init(struct watch *);
/*
 * A new configuration: entries whose address it does not know go away;
 * dropped() is called for each first.
 */
void	 watch_configure(struct watch *, const struct conf *,
	    void (*dropped)(struct entry *));
struct entry *watch_find(const struct watch *, uint32_t addr);
/* The entry of an address that the configuration knows, made if need be. */
struct entry *watch_enter(struct watch *, uint32_t addr);
/* Forget it unless a lease, a host or a probe still needs it. */
void	 watch_release(struct watch *, struct entry *, mono_t now);
/* Is the address in a range or reserved?  Its segment, or NULL. */
struct segment *watch_segment(const struct watch *, uint32_t addr);
/* Take in what dhcpd or the store says; fresh: it has just been ACKed. */
struct entry *watch_lease(struct watch *, const struct msg_grant *, int fresh);
int	 watch_is_leased(const struct entry *, mono_t now);
/* The segment's next address that nobody has and nobody looks at; 0: none. */
uint32_t watch_next_free(struct watch *, struct segment *, mono_t now);
/* What does this frame, which came in on that interface, mean? */
void	 watch_decide(struct verdict *, const struct watch *,
	    const struct arp_msg *, const struct msg_iface *in,
	    const struct msg_iface *ifaces, size_t nifaces, mono_t now);

/* Is the address in a network that we are in, on this interface? */
int	 watch_is_local(const struct watch *, const struct msg_iface *,
	    uint32_t addr);

/* role.c: addresses that the configuration names, and as what. */
enum role_kind {
	ROLE_ROUTER, ROLE_DNS, ROLE_NEXT_SERVER, ROLE_RELAY, ROLE_SERVER,
	ROLES
};

struct role {
	uint32_t	 addr;
	uint32_t	 segment;	/* index, or NONE */
	uint8_t		 kind;		/* enum role_kind */
};

void	 role_configure(const struct conf *);
/* What the address is first of all, or NULL. */
const struct role *role_find(uint32_t addr);
/* "the router 10.0.0.1 of 10.0.0.0/24" */
#define ROLE_STRLEN	64
const char *role_str(const struct role *, const struct conf *,
	    char [ROLE_STRLEN]);

/*
 * neigh.c: who was heard at each address of our networks.  There is one row an
 * address, whoever claims it, and never more than NEIGH_MAX.
 */
#define NEIGH_MAX	65536
#define NEIGH_TURNS	4		/* changes of the MAC */
#define NEIGH_TURN_S	300		/* within these: by turns */
#define NEIGH_QUIET_S	600		/* then nothing is said */

struct neigh {
	SLIST_ENTRY(neigh) bucket;
	TAILQ_ENTRY(neigh) age;		/* of its kind, the oldest first */
	uint32_t	 addr;		/* 0: nothing is in this row */
	uint32_t	 first, last;	/* heard: seconds of the clock */
	uint32_t	 since;		/* from then on changes count */
	uint32_t	 flips;		/* changes of the MAC, all of them */
	uint32_t	 ifindex;	/* 0: that interface is gone */
	struct mac	 mac, before;
	uint8_t		 source;	/* enum arp_source */
	uint8_t		 held;		/* goes last when there is no room */
	uint8_t		 changes;	/* since then */
};
static_assert(sizeof(struct neigh) == 64, "neigh");

SLIST_HEAD(neigh_list, neigh);
TAILQ_HEAD(neigh_queue, neigh);

struct neighs {
	struct neigh	*row;		/* all of them */
	struct neigh_list *bucket;
	struct neigh_list free;		/* below used */
	struct neigh_queue age[2];	/* not held, held */
	size_t		 used;		/* rows that were ever in use */
	size_t		 n;		/* rows in use */
	size_t		 flips;		/* changes of MACs so far */
	size_t		 evicted;	/* rows so far, for want of room */
};

/* What a frame tells of an address. */
enum neigh_news {
	NEIGH_SAME,		/* nothing new, or nothing to speak of */
	NEIGH_MOVED,		/* another machine is there */
	NEIGH_VIRTUAL,		/* so it is, by a protocol for this */
	NEIGH_BY_TURNS		/* machines are there in turns */
};

void	 neigh_init(struct neighs *);
struct neigh *neigh_find(const struct neighs *, uint32_t addr);
/* The address was heard there; held: it is one that we know. */
enum neigh_news neigh_heard(struct neighs *, const struct arp_msg *,
	    uint32_t ifindex, int held, mono_t now);
/*
 * Interfaces or networks have changed: what becomes of each row?  Of an
 * interface that is gone it is still known what was heard there.
 */
enum neigh_fate { NEIGH_KEEP, NEIGH_GONE, NEIGH_FORGET };
void	 neigh_review(struct neighs *,
	    enum neigh_fate (*fn)(uint32_t addr, uint32_t ifindex));
/* "VRRP" or the like if the MAC is one that routers share, or NULL. */
const char *neigh_virtual(struct mac);

/* conflict.c: what is told, and to whom, when addresses are claimed. */
void	 conflict_taken(const struct verdict *, const struct arp_msg *,
	    mono_t);
void	 conflict_lease(const struct port *, const struct verdict *,
	    const struct arp_msg *, mono_t);
void	 conflict_moved(const struct port *, const struct arp_msg *,
	    const struct neigh *, enum neigh_news, const struct conf *,
	    mono_t);

/* Of an address of ours. */
#define CLAIM_QUIET_S		10	/* after the first; then twice that */
#define CLAIM_QUIET_MAX_S	600

struct claim {
	mono_t		 last;		/* when there was one */
	mono_t		 next;		/* nothing is told before then */
	uint32_t	 pause_s;	/* 0: nothing was told yet */
	uint32_t	 n;		/* since something was told */
};

void	 conflict_own(const struct port *, struct claim *,
	    const struct arp_msg *, mono_t);

/* table.c: all that is known of addresses, a part at a time. */
struct msg_cursor table_send(const struct watch *, const struct neighs *,
	    uint32_t id, struct msg_cursor, mono_t);

/* port.c: interfaces, and what we say on them. */
struct port {
	TAILQ_ENTRY(port) entry;
	struct sock	*sock;
	struct msg_iface iface;		/* index 0: not there, or down */
	struct probe	 own[IFACE_ADDRS];	/* addr 0: none */
	struct claim	 claim[IFACE_ADDRS];	/* of these by others */
	uint32_t	 missed;	/* frames there was no room for */
};

void	 port_open(struct sock *, event_callback_fn);
void	 port_close(struct sock *, mono_t);
void	 port_update(const struct msg_iface *, mono_t);
struct port *port_of_segment(const struct conf *, uint32_t segment);
/* Claimed by msg->sha: defend it, if that is due. */
void	 port_claimed(struct port *, const struct arp_msg *, mono_t);
/* Both: 0, or -1 when the packet did not leave. */
int	 port_probe(struct port *, uint32_t addr);
int	 port_announce(struct port *, uint32_t addr);

/* A question about addr from our own address there. */
int	 port_ask(struct port *, uint32_t addr);

/* agenda.c: probes by the time that they are due at. */
struct agenda {
	struct appointment	*at;	/* a heap, the next one on top */
	uint32_t		 n, size;
};

/* By its due time, which stays as it is until it is removed. */
void	 agenda_put(struct agenda *, struct probe *);
void	 agenda_remove(struct agenda *, struct probe *);
struct probe *agenda_first(const struct agenda *);
/* The nth, in no order; NULL after the last. */
struct probe *agenda_at(const struct agenda *, uint32_t);

/* prove.c: timers of all probes, what they ask, and what dhcpd is told. */
#define PROVE_ACTIVE_MAX	8192	/* proofs and those to be */

void	 prove_init(struct watch *);
/* Feed one probe, do what follows. */
void	 prove_feed(struct probe *, enum probe_input, mono_t);
/* Begin to prove an address; its entry may be gone after this. */
void	 prove_begin(struct entry *, enum probe_input, mono_t);
/* How many probes are under way or proven, of all segments. */
size_t	 prove_active(void);
/* The ways to the segments have changed. */
void	 prove_segments(mono_t);
/* The leases are known: begin. */
void	 prove_start(mono_t);
/* dhcpd asks for this address; its client waits for that, or does not. */
void	 prove_wanted(uint32_t addr, int waits, mono_t);
/* dhcpd has offered it: watched, but not there for others. */
void	 prove_used(uint32_t addr, mono_t);
/* dhcpd has leased this address; it needs no proof any more. */
void	 prove_leased(struct entry *, mono_t);
/* dhcpd is there anew: tell it all that holds. */
void	 prove_tell_all(mono_t);
/* Frames were lost: any of the proofs there may be wrong. */
void	 prove_doubt(const struct port *, uint32_t frames, mono_t);
/* The address answers an echo. */
void	 prove_echoed(uint32_t addr, mono_t);
/* After a round of inputs: send what was gathered, set the timer. */
void	 prove_settle(mono_t);

/* stock.c: how many addresses are proven before anybody asks, and which. */
void	 stock_init(struct watch *);
/* A new configuration, or other ways to the segments. */
void	 stock_segments(void);
/* One was used up; asked: dhcpd had none left. */
void	 stock_demand(struct segment *, int asked, mono_t);
/* Once a second, and when one was used up. */
void	 stock_tick(mono_t);
void	 stock_wake(void);

/* icmp.c: ICMP echo (RFC 792). */
#define ICMP_ECHO_LEN	24		/* from the ICMP header on */

struct echo_key {
	uint64_t	 key[2];	/* nobody else's */
	uint16_t	 id;
};

/* Is anybody there?  Who answers has to have seen this very question. */
void	 icmp_build_echo(struct wbuf *, const struct echo_key *,
	    uint32_t addr, uint16_t seq);
/* 0 and who answers a question of ours, or -1; of an IPv4 datagram. */
int	 icmp_parse_reply(struct buf *, const struct echo_key *,
	    uint32_t *addr);

/* echo.c: the socket for that. */
void	 echo_init(void);
void	 echo_open(struct sock *);
void	 echo_close(struct sock *);
int	 echo_is_open(void);
/* 0, or -1 when the packet did not leave. */
int	 echo_send(uint32_t addr);

/* router.c: who looks for an IPv6 router, and is there one (RFC 4861)? */
#define ROUTER_FRAME_LEN	70
#define ROUTER_ADDR_LEN		16

enum router_type { ROUTER_SOLICIT = 133, ROUTER_ADVERT = 134 };

struct router_msg {
	enum router_type type;
	struct mac	 mac;			/* Ethernet source */
	uint8_t		 src[ROUTER_ADDR_LEN];	/* IPv6 source */
	uint16_t	 lifetime;		/* ADVERT: seconds */
	int		 serves;		/* ADVERT: not just "no" */
};

/* 0, or -1 unless it is what RFC 4861 6.1 has a receiver accept. */
int	 router_parse(struct buf *, struct router_msg *);
/* Is there a router?  From nobody, so that all hear the answer. */
void	 router_build_ask(struct wbuf *, struct mac ours);
/* There is none: the answer to that solicitation. */
void	 router_build_none(struct wbuf *, struct mac ours,
	    const struct router_msg *);

enum router_state {
	ROUTER_DOWN,		/* nothing is known of a link that is down */
	ROUTER_ASKED,		/* we asked, one may still answer */
	ROUTER_NONE,		/* none did: we say so to those who ask */
	ROUTER_HEARD,		/* one is there, it answers by itself */
	ROUTER_STATES
};

/* What is known of the routers on a link. */
struct router {
	mono_t		 due;		/* when the state's time is over */
	uint8_t		 state;		/* enum router_state */
	uint8_t		 asked;		/* times */
};

#define ROUTER_ASK_NUM		3	/* MAX_RTR_SOLICITATIONS */
#define ROUTER_ASK_MS		4000	/* RTR_SOLICITATION_INTERVAL */
#define ROUTER_WAIT_MS		1000	/* twice MAX_RA_DELAY_TIME */
#define ROUTER_HEARD_S		600	/* at least */

/* Both: 1 when the caller has to ask for routers now. */
int	 router_link(struct router *, int up, mono_t);
int	 router_timer(struct router *, mono_t);
/* An advertisement of another machine. */
void	 router_heard(struct router *, const struct router_msg *, mono_t);

#define ROUTER_RATE		100	/* answers a second */
#define ROUTER_MAC_RATE		1	/* to one machine */
#define ROUTER_MAC_BURST	3	/* its loader, kernel and installer */
#define ROUTER_MACS		256	/* that are remembered for this */

struct router_rate {
	struct bucket	 all;
	struct {
		struct bucket	 answers;
		struct mac	 mac;
	} machine[ROUTER_MACS];
};

/* May this machine be answered now?  If so, it was. */
int	 router_rate_take(struct router_rate *, struct mac, mono_t);

/* quiet.c: the sockets for that, and what is said on them. */
void	 quiet_open(struct sock *, mono_t);
void	 quiet_close(struct sock *);
void	 quiet_update(const struct msg_iface *, mono_t);

/* stand.c: where owners stand, told to tftpd and ksd. */
#define STAND_OTHER_S	60	/* after the last frame of another */
#define STAND_PPS	500	/* questions a second for who waits */
#define STAND_SWEEP_PPS	200	/* and after a start */
#define STAND_BURST	50

void	 stand_init(struct watch *);
/* A frame was sent as this address: by its owner (1), another (0), or -1. */
void	 stand_heard(struct entry *, int owner, struct mac, mono_t);
/* Its lease has changed, or its owner. */
void	 stand_leased(struct entry *, mono_t);
/* The entry is about to go. */
void	 stand_forget(struct entry *);
/* A sibling has to know where this address stands. */
void	 stand_look(uint32_t addr, mono_t);
/* Ask for all owners that were never heard, by and by. */
void	 stand_look_around(mono_t);
void	 stand_link_up(enum proc, mono_t);
void	 stand_configured(mono_t);
/* After a round of inputs: send what was gathered. */
void	 stand_settle(void);
/* What is due by now; ten times a second while there is any. */
void	 stand_run(mono_t);

/* count.c: figures for "show status". */
#define ARPD_COUNTERS(C)						\
	C(FRAMES,	"frames")					\
	C(MALFORMED,	"malformed")					\
	C(PROBES,	"probes-sent")					\
	C(ECHOES,	"echoes-sent")					\
	C(ECHOED,	"echoes-answered")				\
	C(ANNOUNCES,	"announcements-sent")				\
	C(SEND_FAILED,	"send-failed")					\
	C(PROVEN,	"proven")		/* times */		\
	C(IN_STOCK,	"proven-now")					\
	C(LATE,		"asked-by-dhcpd")	/* a client waits */	\
	C(PASSING,	"asked-in-passing")	/* none waits */	\
	C(REFUSED,	"asked-in-vain")				\
	C(TAKEN,	"taken")					\
	C(MISSED,	"frames-missed")				\
	C(CONFLICTS,	"conflicts")					\
	C(CLAIMS,	"own-claimed")					\
	C(FLIPS,	"mac-changes")					\
	C(BY_TURNS,	"claimed-by-turns")				\
	C(PROXIED,	"sent-by-another")	/* than the sender */	\
	C(HEARD,	"addresses-heard")				\
	C(EVICTED,	"addresses-forgotten")				\
	C(UNTOLD,	"conflicts-untold")	/* over the bound */	\
	C(DEFENDED,	"defended")					\
	C(SEEN,		"clients-seen")					\
	C(LOOKS,	"looked-for")		/* by tftpd and ksd */	\
	C(QUESTIONS,	"questions-sent")				\
	C(ENTRIES,	"addresses-watched")				\
	C(SOLICITS,	"solicitations")	/* for IPv6 routers */	\
	C(ADVERTS,	"advertisements-sent")

enum arpd_counter {
#define C(tag, name)	COUNT_##tag,
	ARPD_COUNTERS(C)
#undef C
	COUNT_MAX
};
static_assert(COUNT_MAX <= CTL_COUNTERS, "arpd's counters");

extern struct ctl_counter arpd_counter[COUNT_MAX];
void	 count_up(enum arpd_counter);
void	 count_set(enum arpd_counter, uint64_t);

#endif
