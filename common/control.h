/* SPDX-License-Identifier: ISC */
/*
 * control.h: a session of bootwardctl, for the files of the store that make
 * its answers.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "store.h"

enum busy {
	IDLE, LISTING, STATUS, RENDER, RELOAD, MONITOR, IMPORT, EXPLAIN, ARP
};

struct session {
	TAILQ_ENTRY(session) entry;
	struct imsgbuf	 ib;
	uint32_t	 id;
	struct msg_ctl_conn conn;
	enum busy	 busy;
	int		 gone;		/* to be freed by sessions_sweep() */
	mono_t		 deadline;
	struct ctl_request req;		/* the one under way */
	struct ctl_explain explain;	/* or this */
	int		(*more)(struct session *);
	int64_t		 cursor;	/* of a listing */
	char		 image[NAME_LEN];	/* being rendered */
	char		 token[TOKEN_LEN];
	uint32_t	 awaiting;	/* TO() bits of statuses */
	struct ctl_status status[PROC_MAX];
	size_t		 explained;	/* octets that dhcpd has sent */
	size_t		 rows;		/* that arpd has sent */
	size_t		 part;		/* of these, in this part */
	int		 refused;	/* the rest of an import is thrown away */
};

#define IDLE_S	30

/* control.c: a session whose reader is gone is freed later, not here. */
void	 session_send(struct session *, enum msg_type, const void *, size_t);
void	 session_end(struct session *, int code, const char *);
void	 session_refuse(struct session *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
struct session *session_find(uint32_t id, enum busy);
/* Call more() as soon as the reader can take more, and as often as it says. */
void	 session_go_on(struct session *, int (*more)(struct session *));

/* control_lease.c: requests about leases. */
void	 ctl_release(struct session *);
void	 ctl_explain(struct session *);
/* dhcpd is gone, or has not answered in time. */
void	 explain_lost(struct session *);

/* control_arp.c: arpd's table. */
void	 ctl_show_arp(struct session *);
/* arpd is gone, or somebody is too late. */
void	 arp_lost(struct session *);

/* control_import.c: some more leases of another server's file. */
void	 import_chunk(struct session *, const struct ctl_import *, size_t);
/* The session is gone: what it has brought in part counts for nothing. */
void	 import_forget(const struct session *);

/*
 * control_list.c: listings.  Each call sends some rows and moves the cursor;
 * 1 when there are more, 0 at the end, -1 when the rest cannot be read.
 */
int	 list_hosts(struct session *);
int	 list_leases(struct session *);
int	 list_events(struct session *);

#endif
