/* SPDX-License-Identifier: ISC */
/*
 * control.h: a session of bootwardctl, for the files of the store that make
 * its answers.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "store.h"

enum busy { IDLE, LISTING, STATUS, RENDER, RELOAD, MONITOR };

struct session {
	TAILQ_ENTRY(session) entry;
	struct imsgbuf	 ib;
	uint32_t	 id;
	struct msg_ctl_conn conn;
	enum busy	 busy;
	int		 gone;		/* to be freed by sessions_sweep() */
	mono_t		 deadline;
	struct ctl_request req;		/* the one under way */
	int		(*more)(struct session *);
	int64_t		 cursor;	/* of a listing */
	char		 image[NAME_LEN];	/* being rendered */
	char		 token[TOKEN_LEN];
	uint32_t	 awaiting;	/* TO() bits of statuses */
	struct ctl_status status[PROC_MAX];
};

/* control.c: a session whose reader is gone is freed later, not here. */
void	 session_send(struct session *, enum msg_type, const void *, size_t);

/*
 * control_list.c: listings.  Each call sends some rows and moves the cursor;
 * 1 when there are more, 0 at the end, -1 when the rest cannot be read.
 */
int	 list_hosts(struct session *);
int	 list_leases(struct session *);
int	 list_events(struct session *);

#endif
