/* SPDX-License-Identifier: ISC */
/*
 * ctl.h: what bootwardctl(8) and the store say to each other.  Included by
 * bootward.h, whose records these wrap.
 */
#ifndef CTL_H
#define CTL_H

/* A control connection that the parent accepted, handed to the store. */
struct msg_ctl_conn {
	uint32_t	admin;			/* may change things */
	uint32_t	uid;
};

/* What every request of bootwardctl carries. */
struct ctl_request {
	uint32_t	version;		/* MSG_VERSION */
	uint32_t	force;			/* install -f */
	char		name[NAME_LEN];		/* host, or "" */
	char		image[NAME_LEN];	/* install HOST image NAME */
};

#define CTL_COUNTERS	48

struct ctl_counter {
	char		name[24];
	uint64_t	value;
};

struct ctl_status {
	uint32_t	proc;			/* enum proc */
	int32_t		pid;			/* 0: not running */
	uint32_t	restarts;
	uint32_t	links;			/* TO() of its live links */
	uint32_t	ncounters;
	uint32_t	sandbox;		/* SANDBOX_* layers in force */
	int64_t		uptime_s;
	struct ctl_counter counter[CTL_COUNTERS];
};

struct ctl_host {
	struct msg_ticket ticket;		/* host, image, state, since */
	int64_t		age_s;			/* in this state */
	uint32_t	addr;			/* leased or reserved, or 0 */
	struct mac	mac;			/* its first */
	uint16_t	pad;
	char		last[NAME_LEN * 2];	/* its last step, for people */
};

struct ctl_lease {
	struct msg_lease lease;
	int64_t		left_s;			/* until it expires */
	int64_t		start_wall;		/* seconds since the epoch */
};

struct ctl_event {
	struct msg_event event;
	int64_t		wall_us;		/* since the epoch */
};

/* How arpd knows of an address. */
#define ARP_SOURCE_LIST(A)						\
	A(REQUEST,	"request")	/* it asked for another one */	\
	A(REPLY,	"reply")					\
	A(ANNOUNCE,	"announce")	/* sender and target alike */	\
	A(PROBE,	"probe")	/* from 0.0.0.0 */		\
	A(LEASE,	"lease")	/* dhcpd said so; never heard */ \
	A(HOST,		"host")		/* reserved; never heard */	\
	A(OWN,		"own")		/* ours */

enum arp_source {
#define A(tag, name)	ARP_SOURCE_##tag,
	ARP_SOURCE_LIST(A)
#undef A
	ARP_SOURCES
};

/* One address of arpd's watch table. */
struct ctl_arp {
	int64_t		first_s;		/* first heard, seconds ago */
	int64_t		last_s;			/* last; -1: never */
	uint32_t	addr;
	uint32_t	flips;			/* changes of the MAC */
	struct mac	mac;			/* who was heard last */
	struct mac	before;			/* and before; or zero */
	struct mac	owner;			/* by lease or host, or zero */
	uint8_t		source;			/* enum arp_source */
	uint8_t		stand;			/* enum stand */
	uint8_t		pad[4];
	char		ifname[IFNAME_LEN];	/* "": not on an interface */
	char		host[NAME_LEN];		/* host entry, or "" */
};
static_assert(sizeof(struct ctl_arp) == 128, "ctl_arp");

/* A machine as "explain" plays it. */
struct ctl_explain {
	uint32_t	version;		/* MSG_VERSION */
	uint32_t	arch;			/* option 93; NONE: not a boot */
	uint32_t	ipxe;			/* in its iPXE stage */
	uint32_t	relay;			/* giaddr, or 0 */
	struct mac	mac;
	uint16_t	pad;
};

/*
 * A lease of another server's file, in its words about time: seconds since the
 * epoch.  What is over is imported, too: who had an address may have it again.
 */
struct ctl_import {
	int64_t		start_wall;
	int64_t		expire_wall;		/* INT64_MAX: never */
	uint32_t	version;		/* MSG_VERSION */
	uint32_t	last;			/* boolean: of the file */
	uint32_t	addr;
	uint32_t	line;			/* of the file */
	struct mac	mac;			/* all zero: not Ethernet */
	uint8_t		id_len;
	uint8_t		pad[10];
	uint8_t		id[CLIENT_ID_LEN];	/* option 61 */
	char		hostname[NAME_LEN];	/* LDH, or "" */
};
static_assert(sizeof(struct ctl_import) == 368, "ctl_import");

struct ctl_end {
	int32_t		code;			/* 0 done, 1 refused */
	char		text[PATH_LEN];		/* why, or "" */
};

#endif
