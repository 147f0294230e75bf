/* SPDX-License-Identifier: ISC */
/*
 * lease.h: who has which address, and which addresses there are: lease.c,
 * lookup.c, pool.c and what builds on them.  Included by dhcpd.h.
 */
#ifndef LEASE_H
#define LEASE_H

#include "bootward.h"

/* 1. Leases: lease.c ------------------------------------------------------- */

/* What an address is; the first three are enum lease_state, and durable. */
enum hold_state {
	HOLD_FREE = LEASE_FREE,		/* was somebody's once */
	HOLD_BOUND = LEASE_BOUND,
	HOLD_DECLINED = LEASE_DECLINED,	/* in use by a stranger */
	HOLD_OFFERED,			/* promised to one client, in memory */
	HOLD_WAIT,			/* being proven free for one client */
	HOLD_MAX
};

/*
 *	FREE, none --wait--> WAIT --offer--> OFFERED --ack--> BOUND
 *	    ^  \_____________offer____________^  |              |
 *	    '----- time is over, or dropped -----+--- release --'
 *	any --declined, conflict--> DECLINED --time is over--> FREE
 */

#define OFFER_HOLD_S	120	/* the client's whole retry schedule */
#define WAIT_HOLD_S	30
/* An address is proven in this, or offered: clients ask again after 4 s. */
#define WAIT_FIRST_MS	3000
#define DECLINED_S	3600
#define CONTEST_S	900	/* since another machine claimed it last */
#define BOOT_CHAIN_S	3600	/* firmware to installer: one machine */
#define LEASES_PER_MAC	64	/* different client ids of one card */

enum lease_queue { QUEUE_NONE, QUEUE_FREE, QUEUE_OFFERS };

/* What is at the store: one grant, one word that ends it, in this order. */
enum staged { STAGED_GRANT = 1, STAGED_END = 2 };

/* One address that has, or had, an owner: small, there may be millions. */
struct lease {
	int64_t		start_us, expire_us;
	uint8_t		*text;		/* client id, host name, option 82 */
	uint32_t	addr;
	uint32_t	self;		/* its own index */
	uint32_t	next_addr, next_id, next_mac;	/* hash chains */
	uint32_t	heap;		/* place among those with an end */
	uint32_t	prev, next;	/* in a queue of its stock */
	uint32_t	boot_s;		/* last seen in its boot stage */
	struct mac	mac;
	uint8_t		id_len, name_len, relay_len;
	uint8_t		state;		/* enum hold_state */
	uint8_t		in_heap;
	uint8_t		queue;		/* enum lease_queue */
	uint8_t		durable;	/* the store may have it */
	uint8_t		known;		/* a host of the configuration has it */
	uint8_t		listed;		/* set of enum lease_key */
	uint8_t		staged;		/* set of enum staged */
	uint8_t		contested;	/* was, since it is bound */
};

struct link;

/* Who asks, for as far as leases care. */
struct owner {
	struct mac	 mac;
	const uint8_t	*id;		/* NULL: known by its MAC */
	size_t		 id_len;
	const char	*hostname;	/* "" or its own idea of a name */
	const uint8_t	*relay;		/* option 82, or NULL */
	size_t		 relay_len;
	int		 known;		/* it is a host of the configuration */
};

struct leases;

struct leases *leases_new(void);
/* The ranges of a configuration; blocked addresses are never given out. */
void	 leases_configure(struct leases *, const struct conf *,
	    const uint32_t *blocked, size_t n);
/* What is over by now is free again; at most max of them. */
size_t	 lease_expire(struct leases *, mono_t, size_t max);
mono_t	 lease_next_end(const struct leases *);

struct lease *lease_at(const struct leases *, uint32_t index);
struct lease *lease_by_addr(const struct leases *, uint32_t);
/* The client's lease on this link: by client id; by MAC with or without id. */
struct lease *lease_by_id(const struct leases *, const struct link *,
	    const uint8_t *, size_t);
struct lease *lease_by_mac(const struct leases *, const struct link *,
	    struct mac, int any_id);
/* How many addresses a MAC has or had; the longest free one of them. */
size_t	 lease_count_mac(const struct leases *, struct mac,
	    struct lease **freed);
/* All that a client has or had, on any link; up to max of them. */
size_t	 lease_all_by_id(const struct leases *, const uint8_t *, size_t,
	    struct lease **, size_t max);
size_t	 lease_all_by_mac(const struct leases *, struct mac, struct lease **,
	    size_t max);
int	 lease_is_of(const struct lease *, const struct owner *);
struct lease *lease_first(const struct leases *, uint32_t *cursor);
size_t	 lease_count(const struct leases *, enum hold_state);
const char *lease_hostname(const struct lease *, char [NAME_LEN]);
/* Option 82 as it came with the last request that had one, or NULL. */
const uint8_t *lease_relay(const struct lease *, size_t *len);

/* Changes.  NULL when there is no memory. */
struct lease *lease_hold(struct leases *, uint32_t addr, const struct owner *,
	    enum hold_state, mono_t now, mono_t until);
void	 lease_free(struct leases *, struct lease *, mono_t now);
struct lease *lease_apply(struct leases *, const struct msg_lease *);
struct lease *lease_quarantine(struct leases *, uint32_t addr, struct mac,
	    mono_t now, mono_t until);
/*
 * contest.c: a bound one is claimed by another machine, too.  Returns 1 when
 * that is new.
 */
int	 lease_contest(struct leases *, struct lease *, struct mac foe, mono_t);
/* Is it the holder's own other card that claims it? */
int	 lease_is_same_machine(const struct leases *, const struct lease *,
	    struct mac);
const struct contest *lease_contested(struct leases *, uint32_t addr, mono_t);
/* If its lease ends now: has it to rest, because of whom? */
int	 lease_rests(struct leases *, uint32_t addr, mono_t, struct mac *foe);
/*
 * arpd proved that nobody uses it: one to give, or its client's now.  A time
 * of 0 takes the proof back.
 */
void	 lease_proven(struct leases *, uint32_t addr, mono_t until);
/* It never will be: whoever waits for that, if somebody does, waits no more. */
int	 lease_unprovable(struct leases *, uint32_t addr);
void	 lease_message(const struct lease *, struct msg_lease *);
/* What the other daemons need to know of it. */
void	 grant_of(const struct msg_lease *, struct msg_grant *);

/* 2. Which addresses may be given out at all: pool.c ----------------------- */

#define BITSET_LEVELS	6

/* bitset.c: a set of numbers below n; where the next missing one is. */
struct bitset {
	uint64_t	*level[BITSET_LEVELS];
	unsigned int	 levels;
	uint32_t	 n;
};

void	 bitset_init(struct bitset *, uint32_t n);
void	 bitset_free(struct bitset *);
int	 bitset_has(const struct bitset *, uint32_t);
void	 bitset_add(struct bitset *, uint32_t);
void	 bitset_remove(struct bitset *, uint32_t);
/* The first that is not in it, at or after a place; or NONE. */
uint32_t bitset_next(const struct bitset *, uint32_t from);

struct queue {
	uint32_t	 head, tail;	/* index, or NONE */
};

struct range {
	uint32_t	 first, last;
	uint32_t	 segment;
	uint32_t	 base;		/* of the first, in the stock's row */
};

/* All addresses of a segment that may be given out. */
struct stock {
	size_t		 range, nrange;	/* in pool.range, in one piece */
	struct bitset	 taken;		/* those that have a record, or never */
	uint32_t	 cursor;	/* where a fresh one is looked for */
	uint32_t	 size;		/* how many there are */
	uint32_t	 used;		/* how many are not free */
	uint32_t	 known;		/* of them, of configured hosts */
	uint32_t	 declined;	/* of them, resting */
	struct queue	 free;		/* records, the longest free first */
	struct queue	 offers;	/* to strangers, unconfirmed */
	struct queue	 proofs;
};

#define PROOFS_MAX	8192

struct proof {
	int64_t		until_us;
	uint32_t	addr;
	uint32_t	chain;		/* hash chain, or the spare list */
	uint32_t	prev, next;	/* its segment's queue */
	uint32_t	segment;
};

struct pool {
	struct range	*range;		/* sorted by first */
	size_t		 nrange;
	struct stock	*stock;		/* one a segment */
	size_t		 nstock;
	uint32_t	*blocked;	/* sorted */
	size_t		 nblocked;
	struct proof	*proof;
	uint32_t	*proof_bucket;	/* PROOFS_MAX of them */
	uint32_t	 proof_spare;
};

void	 pool_init(struct pool *);
void	 pool_configure(struct pool *, const struct conf *,
	    const uint32_t *blocked, size_t n);
struct range *pool_range(const struct pool *, uint32_t addr);
int	 pool_is_blocked(const struct pool *, uint32_t addr);
/* In a range and not blocked: it may be anybody's. */
int	 pool_has(const struct pool *, uint32_t addr);
/* The stock that an address is of, if it may be anybody's; a segment's. */
struct stock *pool_stock(const struct pool *, uint32_t addr);
struct stock *pool_stock_of(const struct pool *, uint32_t segment);
/* It has a record now; it has none any more. */
void	 pool_taken(struct pool *, uint32_t addr);
void	 pool_untaken(struct pool *, uint32_t addr);
/* Up to max addresses without a record; how many. */
size_t	 pool_fresh(struct pool *, struct stock *, uint32_t *, size_t max);
void	 pool_prove(struct pool *, uint32_t addr, mono_t until);
int	 pool_proven(const struct pool *, uint32_t addr, mono_t);
void	 pool_disprove(struct pool *, uint32_t addr);
/* Nobody watches what is proven now: it is good until then at most. */
void	 pool_doubt(struct pool *, mono_t until);
/* The longest proven address of a stock that is still proven, or 0. */
uint32_t pool_proven_first(struct pool *, struct stock *, mono_t);

/* 3. Finding them: lookup.c ------------------------------------------------ */

struct table {
	uint32_t	*bucket;
	uint32_t	 mask;
};

enum lease_key { BY_ADDR, BY_ID, BY_MAC, BY_MAX };

/* When a lease ends, in a heap. */
struct due {
	uint32_t	second, index;
};

/*
 * tally.c: how many leases each port of each relay agent has, RFC 3046: its
 * circuit id at its remote id, or all of option 82 without a circuit id.
 */
struct tally {
	uint64_t	*entry;		/* 40 bits of hash, 24 of count */
	uint32_t	 mask, used;
	int		 on;		/* somebody wants to know */
};

/* The key of a port, never 0. */
uint64_t tally_key(const uint64_t seed[2], const uint8_t *relay, size_t);
void	 tally_add(struct tally *, uint64_t key, int sign);
uint32_t tally_count(const struct tally *, uint64_t key);
/* Forget all; count from now on or not. */
void	 tally_reset(struct tally *, int on);

/* A leased address with two users. */
struct contest {
	int64_t		until_us;
	uint32_t	addr;
	struct mac	foe;
};

#define CONTESTS	1024

struct leases {
	struct pool	 pool;
	struct table	 table[BY_MAX];
	struct lease	**chunk;
	uint32_t	 nchunk;
	uint32_t	 used;		/* records that were ever in use */
	uint32_t	 spare;		/* list of those given back */
	uint32_t	 live;
	struct due	*heap;
	uint32_t	 nheap, heapsize;
	size_t		 count[HOLD_MAX];
	size_t		 strangers;	/* in queues of unconfirmed offers */
	uint32_t	 roaming;	/* hosts without an own address */
	struct tally	 ports;		/* leases of each relay port */
	struct contest	 contest[CONTESTS];
	uint64_t	 seed[2];
};

/* -1 when there is no memory: the tables stay as they were. */
int	 lookup_resize(struct leases *, uint32_t buckets);
void	 lookup_insert(struct leases *, struct lease *, enum lease_key);
void	 lookup_remove(struct leases *, struct lease *, enum lease_key);

struct pool *leases_pool(struct leases *);

/* candidate.c: addresses of the link that nobody has, up to max of them. */
size_t	 lease_candidates(struct leases *, const struct link *, mono_t,
	    int proven_only, uint32_t *, size_t max);

#endif
