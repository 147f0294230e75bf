/* SPDX-License-Identifier: ISC */
/*
 * tftpd.h: the parts of tftpd: packets (tftp.c), what a name means (plan.c),
 * the transfer machine (xfer.c), transfers on their sockets (slot.c), and the
 * daemon itself (tftpd.c).  All but the last two are pure.
 */
#ifndef TFTPD_H
#define TFTPD_H

#include "bootward.h"

/* tftp.c: packets (RFC 1350, 2347, 2348, 2349, 7440). */

#define TFTP_PORT	69
#define TFTP_REQ_MAX	512		/* RFC 2347: longest request */
#define TFTP_HDRLEN	4		/* of DATA */
#define TFTP_BLKSIZE	512		/* unless another was agreed */
#define TFTP_BLKSIZE_MAX 65464
#define TFTP_WINDOW_MAX	64		/* blocks that we have in flight */
#define TFTP_TIMEOUT_MAX 30		/* seconds that we agree to wait */
#define TFTP_OACK_MAX	128

enum tftp_op {
	TFTP_RRQ = 1, TFTP_WRQ, TFTP_DATA, TFTP_ACK, TFTP_ERROR, TFTP_OACK
};

enum tftp_error {
	TFTP_E_UNDEF, TFTP_E_NOTFOUND, TFTP_E_ACCESS, TFTP_E_FULL,
	TFTP_E_ILLEGAL, TFTP_E_TID, TFTP_E_EXISTS, TFTP_E_USER, TFTP_E_OPTION
};

enum tftp_mode { TFTP_OCTET, TFTP_NETASCII, TFTP_MAIL };

enum tftp_option {
	TFTP_O_BLKSIZE, TFTP_O_TSIZE, TFTP_O_TIMEOUT, TFTP_O_WINDOWSIZE,
	TFTP_O_MAX
};

struct tftp_request {
	enum tftp_op	 op;			/* RRQ or WRQ */
	enum tftp_mode	 mode;
	unsigned int	 asked;			/* 1 << enum tftp_option */
	uint64_t	 value[TFTP_O_MAX];
	char		 name[PATH_LEN];	/* clean; "" if it cannot be */
};

/* What a client sends to a transfer's port. */
struct tftp_reply {
	enum tftp_op	 op;			/* ACK or ERROR */
	uint16_t	 number;		/* block, or error code */
};

/* How a transfer will be, and what of that the client is told. */
struct tftp_terms {
	unsigned int	 agreed;		/* 1 << enum tftp_option */
	uint32_t	 blksize;
	uint32_t	 window;
	uint32_t	 timeout;		/* seconds; 0: ours */
	uint64_t	 size;
};

/* -1: not a request, or one that is not answered. */
int	 tftp_parse_request(struct buf *, struct tftp_request *);
int	 tftp_parse_reply(struct buf *, struct tftp_reply *);
void	 tftp_agree(const struct tftp_request *, uint64_t size, uint32_t mtu,
	    struct tftp_terms *);
void	 tftp_build_oack(struct wbuf *, const struct tftp_terms *);
void	 tftp_build_error(struct wbuf *, enum tftp_error, const char *);
void	 tftp_build_data(struct wbuf *, uint64_t block);

/* plan.c: what a name means for the machine that asks for it. */

enum plan_kind {
	PLAN_OTHER, PLAN_LOADER, PLAN_KERNEL, PLAN_INITRD, PLAN_MENU
};

struct plan {
	enum plan_kind	 kind;
	enum menu_kind	 menu;			/* of a PLAN_MENU */
	int		 needed;	/* its absence stops the boot */
	int		 foreign;	/* a menu of another machine */
	int		 contested;	/* a menu, for whom is not known */
	int		 rendered;	/* there is no such file */
};

void	 plan_name(const struct conf *, const struct machine *, const char *,
	    struct plan *);

/* xfer.c: one transfer as a state machine that only says what to send. */

enum xfer_state {
	XFER_IDLE, XFER_OACK, XFER_FIRST, XFER_DATA, XFER_ENDED,
	XFER_STATE_MAX
};

enum xfer_end {
	XFER_END_NONE,
	XFER_END_DONE,			/* the last block was acknowledged */
	XFER_END_PROBE,			/* it only wanted to know the size */
	XFER_END_ERROR,			/* the client said ERROR */
	XFER_END_TIMEOUT,		/* it says nothing any more */
	XFER_END_BROKEN,		/* the file cannot be read or changed */
	XFER_END_DROPPED		/* to make room, or its socket went */
};

enum xfer_event {
	XFER_EV_ACK, XFER_EV_ERROR, XFER_EV_TIMER, XFER_EV_WRITABLE,
	XFER_EV_BROKEN, XFER_EV_DROP
};

struct xfer {
	enum xfer_state	 state;
	enum xfer_end	 end;
	struct tftp_terms terms;
	uint64_t	 nblocks;	/* the last one is never full */
	uint64_t	 acked;		/* blocks that have arrived */
	uint64_t	 next;		/* next block to send, from 1 */
	uint64_t	 high;		/* highest block ever sent */
	uint64_t	 resent;	/* packets sent again */
	unsigned int	 tries;		/* since the last progress */
	int		 timed;		/* the flight may be measured */
	int		 backed;	/* a duplicate ACK was believed */
	int64_t		 srtt, rttvar;	/* microseconds; srtt 0: unknown */
	size_t		 first_cost;	/* of the first packet on the wire */
	size_t		 budget;	/* left for it before the first ACK */
	mono_t		 sent_at;
	mono_t		 deadline;	/* XFER_EV_TIMER is due */
};

/* What is to be sent now. */
struct xfer_send {
	int		 oack;
	uint64_t	 first;		/* DATA blocks, if count is not 0 */
	uint32_t	 count;
};

/* req_len and first_len: octets of the request, of OACK or DATA 1. */
void	 xfer_start(struct xfer *, const struct tftp_terms *, size_t req_len,
	    size_t first_len, mono_t, struct xfer_send *);
void	 xfer_event(struct xfer *, enum xfer_event, uint16_t, mono_t,
	    struct xfer_send *);
/* The request came again before anything was acknowledged. */
void	 xfer_again(struct xfer *, mono_t, struct xfer_send *);
/* The last n blocks that were to be sent could not be. */
void	 xfer_unsent(struct xfer *, uint32_t);
int	 xfer_is_open(const struct xfer *);	/* begun and not ended */
int	 xfer_is_proven(const struct xfer *);	/* was acknowledged once */
uint64_t xfer_bytes(const struct xfer *);	/* acknowledged */

/* slot.c: transfers, each on a socket of its own. */

/* Who asks, and where. */
struct peer {
	uint32_t	 addr;
	uint32_t	 local;		/* our address that was asked */
	uint32_t	 ifindex;
	uint16_t	 port;
};

#define MENU_SIZE	8192		/* a rendered menu */

struct slot {
	TAILQ_ENTRY(slot) entry;
	struct sock	*sock;
	struct event	*timer;
	struct event	*writable;
	struct xfer	 x;
	struct peer	 peer;
	int		 fd;		/* of the file; -1: text */
	uint64_t	 ino;
	int64_t		 mtime_ns;	/* it must stay what it was */
	size_t		 oack_len;
	mono_t		 armed;		/* when the timer fires */
	mono_t		 told_at;	/* last progress event */
	struct plan	 plan;
	struct mac	 mac;
	char		 host[NAME_LEN];
	char		 image[NAME_LEN];	/* that a menu leads to */
	char		 name[PATH_LEN];
	int		 guarded;	/* for the machine at hop only */
	struct mac	 hop;
	uint8_t		 oack[TFTP_OACK_MAX];
	uint8_t		 text[MENU_SIZE];
};

void	 slot_add(struct sock *);
void	 slot_remove(struct sock *);
/* A slot for this peer, made free if need be; NULL when all are busy. */
struct slot *slot_take(const struct peer *);
/* The unproven transfer of this very request, if it is there. */
struct slot *slot_of(const struct peer *, const char *name);
void	 slot_start(struct slot *, const struct tftp_terms *, size_t req_len,
	    mono_t);
void	 slot_again(struct slot *, mono_t);
void	 slot_release(struct slot *);
int	 slot_file(struct slot *, int fd);
/* Make the kernel find out who would get an answer. */
void	 slot_nudge(const struct peer *);
/* An ERROR that belongs to no transfer. */
void	 slot_refuse(const struct peer *, enum tftp_error, const char *);

/* tftpd.c */

#define COUNTER_LIST(C)							\
	C(REQUESTS,	"requests")					\
	C(COMPLETED,	"completed")					\
	C(BYTES,	"bytes")					\
	C(RETRANSMITS,	"retransmits")					\
	C(NOTFOUND,	"notfound")					\
	C(REFUSED,	"refused")					\
	C(CONFLICTS,	"conflicts")					\
	C(LOOKS,	"looks")					\
	C(MALFORMED,	"malformed")					\
	C(DROPPED,	"dropped")					\
	C(PROBES,	"probes")					\
	C(ABORTED,	"aborted")					\
	C(TIMEOUTS,	"timeouts")					\
	C(WRONG_TID,	"wrong-tid")					\
	C(ACTIVE,	"active")

enum counter {
#define C(tag, name)	COUNT_##tag,
	COUNTER_LIST(C)
#undef C
	COUNT_MAX
};

extern struct ctl_counter counters[COUNT_MAX];

/* A transfer moved on, or ended: the timeline. */
void	 timeline_progress(struct slot *, mono_t);
void	 timeline_end(struct slot *, mono_t);

#endif
