/* SPDX-License-Identifier: ISC */
/*
 * store.h: what the parts of the store share, and the little that a back end
 * has to be able to do.
 */
#ifndef STORE_H
#define STORE_H

#include "bootward.h"

#define STORE_FILE	"/bootward.db"	/* below the chroot */
#define STORE_VERSION	2		/* of the schema, bootward-store(5) */
#define LEASE_ROWS	((int)MSG_FITS(struct msg_lease))
#define STORE_EVENTS	100000		/* the newest ones are kept */

#define ANSWER_FILES	16		/* of one host */
#define ANSWER_BYTES	(1024 * 1024)	/* all of them together */

/* answer.c: what an answer script printed, as files. */
struct answer {
	char		 name[NAME_LEN];	/* "": answers to any name */
	size_t		 len;
	uint8_t		*data;
};

struct answers {
	size_t		 n;
	struct answer	 file[ANSWER_FILES];
};

/* NULL, or what is wrong with the text; frees nothing, needs answers_free(). */
const char *answers_split(const uint8_t *, size_t, struct answers *);
/* A copy as one more file; -1 when there are too many or no memory. */
int	 answers_add(struct answers *, const char *name, const uint8_t *,
	    size_t);
void	 answers_free(struct answers *);
/* 1 for a name that a file may have. */
int	 answers_name_ok(const char *, size_t);

/* Now, in the three ways that decide what times on disk mean. */
struct store_clock {
	const char	*boot_id;		/* of the running kernel */
	int64_t		 boot_us;		/* CLOCK_BOOTTIME */
	int64_t		 wall_us;		/* since the epoch */
};

struct store_event {
	int64_t		 seq;			/* later ones are greater */
	struct ctl_event ctl;
};

/*
 * A back end.  Its writers are called between begin and commit and return 0
 * or an errno, after which only rollback is allowed.  What commit returned 0
 * for is on disk.  EUCLEAN means that the database is damaged: the store
 * starts again, and open repairs.  Its readers return how many they gave, at
 * most max; fewer mean that there are no more; -1 when the rest cannot be
 * read.  Rows that make no sense are skipped and counted in bad.
 */
struct backend {
	const char	*name;
	/* 0, or -1 and why; after that all times are of the running boot. */
	int		(*open)(const char *where, const struct store_clock *,
			    char *why, size_t);
	void		(*close)(void);
	int		(*begin)(const struct store_clock *);
	int		(*commit)(void);
	void		(*rollback)(void);

	int		(*put_lease)(const struct msg_lease *);
	int		(*put_ticket)(const struct msg_ticket *);
	int		(*put_event)(const struct ctl_event *);
	/* All files of a host, instead of those it had. */
	int		(*put_answers)(const char *host,
			    const struct answers *);

	int		(*leases)(int64_t after, struct msg_lease *,
			    size_t max);
	/* 1 when this address has a row, else 0. */
	int		(*lease)(uint32_t addr, struct msg_lease *);
	int		(*tickets)(const char *after, struct msg_ticket *,
			    size_t max);
	int		(*events)(const char *host, int64_t after,
			    struct store_event *, size_t max);
	/* 1 when this host has an event, else 0. */
	int		(*last_event)(const char *host, struct store_event *);
	/* 0 or -1. */
	int		(*answers)(const char *host, struct answers *);
	/* The disk is full: what can be left out should be. */
	int		(*is_tight)(void);
	uint64_t	*bad;
};

extern const struct backend backend_sqlite;

/* store_rows.c: a row as a struct; 0, or -1 when it makes no sense. */
struct sqlite3_stmt;

int	 row_lease(struct sqlite3_stmt *, void *);	/* struct msg_lease */
int	 row_ticket(struct sqlite3_stmt *, void *);	/* struct msg_ticket */
int	 row_event(struct sqlite3_stmt *, void *);	/* struct store_event */
int	 col_int(struct sqlite3_stmt *, int, int64_t min, int64_t max,
	    int64_t *);
int	 col_text(struct sqlite3_stmt *, int, char *, size_t);

/* store_schema.c: the tables; errors are errno, EUCLEAN for damage. */
struct sqlite3;

extern const char store_schema[];
int	 sql_errno(int code);
int	 sql_exec(struct sqlite3 *, const char *sql);
int	 schema_make(struct sqlite3 *);
int	 schema_upgrade(struct sqlite3 *, const char *path, int64_t version);

/* store_room.c: the log is emptied, and the disk has room for that. */
void	 room_open(struct sqlite3 *, const char *path, int64_t now_us);
/* Before a transaction, after a commit, after an SQLITE_FULL. */
void	 room_keep(int64_t now_us);
void	 room_committed(void);
void	 room_full(void);
/* Before room_open: what was kept is needed now. */
void	 room_yield(const char *path);
int	 room_is_tight(void);

/*
 * store_salvage.c: replace a damaged SQLite database by a new one with every
 * row that can still be read; the old one is kept beside it.  0, or -1 and
 * why.
 */
int	 salvage_run(const char *path, const char *schema, char *why, size_t);
/* How many blocks of a database, which is not open, cannot be read. */
unsigned int salvage_unreadable(const char *path);
/* Finish a replacement that was interrupted; 0, or -1 with errno. */
int	 salvage_finish(const char *path);

/* store_flush.c: what waits for the disk, and how it gets there. */
void	 flush_init(void);
/* A batch of dhcpd, which is answered when it is on disk, or cannot be. */
void	 flush_batch(uint32_t id, const struct msg_lease *, size_t, mono_t);
/* An entry of the timeline; lost when too many wait. */
void	 flush_keep(const struct ctl_event *);

/* store.c, store_flush.c: what the other parts need of them. */
extern const struct backend *db;

/*
 * Everything that waits goes to disk in one transaction and is answered.
 * Returns 0 or an errno; the daemons' inputs are tried again by themselves.
 */
int	 store_flush(void);
/* Soon, when the messages that wait now have been read. */
void	 store_flush_soon(void);
/*
 * Leases that the administrator changes: to disk, after all that waits, and
 * to dhcpd.  Returns 0 or an errno: nothing has changed.
 */
int	 store_leases(const struct msg_lease *, size_t, mono_t);
/* A timeline entry: shown to the monitors, and kept. */
void	 store_event(struct msg_event *, mono_t);
void	 store_clock_now(struct store_clock *, mono_t);

enum store_counter {
	COUNT_COMMITS, COUNT_COMMIT_ERRORS, COUNT_BATCHES, COUNT_LEASES,
	COUNT_INPUTS, COUNT_EVENTS, COUNT_EVENTS_LOST, COUNT_SESSIONS,
	COUNT_BAD_ROWS, COUNT_MAX
};
extern struct ctl_counter store_counters[COUNT_MAX];

/* store_ticket.c: hosts and their tickets in memory. */
struct host;

/* What moves a ticket; install brings the last three. */
struct input {
	TAILQ_ENTRY(input) entry;
	enum ticket_input what;
	enum proc	 from;		/* a daemon's are tried again */
	char		 host[NAME_LEN];
	char		 image[NAME_LEN];
	char		 token[TOKEN_LEN];
	struct answers	 answers;	/* the queue's to free */
};

void	 tickets_load(void);
/* Moves the input's contents into the queue; ENOBUFS when that is full. */
int	 tickets_input(struct input *);
/* Is there any? */
int	 tickets_waiting(void);
/* In an open transaction: what the queued inputs do.  0 or an errno. */
int	 tickets_stage(mono_t);
/* The transaction is on disk: tell the daemons. */
void	 tickets_publish(mono_t);
/* It is not: nothing has happened.  1 when inputs wait for a new try. */
int	 tickets_revert(void);
/* The timer of the next ticket that expires. */
void	 tickets_timer(mono_t);
/* All tickets to a daemon that has just been linked, and TICKET_SYNC. */
void	 tickets_link_up(enum proc);
/* The ticket of a host, in the rest state when it never had one. */
void	 tickets_get(const char *host, struct msg_ticket *);
/* Which address a host was leased, by committed leases. */
void	 tickets_lease(const struct msg_lease *);
/* Before that: a host that comes with another card than ever is an event. */
void	 tickets_card(const struct msg_lease *, mono_t);
uint32_t tickets_addr(const char *host);

/* control.c: sessions of bootwardctl. */
void	 control_accept(const struct msg_ctl_conn *, int fd);
void	 control_event(const struct ctl_event *);
void	 control_status(uint32_t id, const struct ctl_status *);
void	 control_rendered(uint32_t id, const struct msg_rendered *, int fd);
void	 control_reloaded(int kept, const char *errors, size_t);
void	 control_explained(uint32_t id, const char *text, size_t);
void	 control_arp(uint32_t id, const struct ctl_arp *, size_t);
void	 control_arp_end(uint32_t id, uint32_t next);
void	 control_link_down(enum proc);

#endif
