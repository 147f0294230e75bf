/* SPDX-License-Identifier: ISC */
/*
 * parent.h: the parent process, bootward(8): what it holds, and its parts.
 * It reads no byte from the network and no byte of an answer.
 */
#ifndef PARENT_H
#define PARENT_H

#include "bootward.h"

/* A user that a process becomes. */
struct user {
	uint32_t	uid, gid;
};

/* A child that should run. */
struct kid {
	enum proc	 id;
	pid_t		 pid;			/* 0: not running */
	struct imsgbuf	*ib;			/* NULL: not running */
	int		 log_fd;		/* our end, for life */
	int		 child_log_fd;		/* the child's end */
	struct event	*log_ev;
	struct event	*timer;			/* starts it again */
	mono_t		 started;
	unsigned int	 restarts;
	unsigned int	 delay_ms;		/* before the next start */
	int		 ready;
	unsigned int	 linked;		/* TO() of the links it has */
};

/* A socket that we hold; rows live until the configuration drops them. */
struct held {
	TAILQ_ENTRY(held) entry;
	uint32_t	 id;
	enum sock_kind	 kind;
	char		 ifname[IFNAME_LEN];
	uint32_t	 ifindex;		/* it is bound to; 0: to none */
	uint32_t	 slot;			/* in a pool */
	uint32_t	 addr;			/* SOCK_STATUS */
	uint16_t	 port;
	int		 fd;
};

struct parent {
	struct event_base *base;
	struct conf	*conf;
	const char	*conf_file;
	struct conf_macro *macros;
	size_t		 nmacros;
	unsigned int	 runs;			/* TO() of our children */
	int		 foreground;
	int		 verbose;
	int		 ready;			/* all children said READY */
	int		 stopping;
	int		 status;		/* exit code */
	struct user	 users[PROC_MAX];
	struct kid	 kids[PROC_MAX];
	struct msg_iface *ifaces;		/* the configured ones */
	size_t		 nifaces;
	char		 boot_id[BOOT_ID_LEN];
};

extern struct parent parent;

/* bootward.c */
void	 parent_ready(void);		/* perhaps the last child is there */
void	 parent_stop(int status);
/* Read the configuration again: 0 when it is in force; and what is wrong. */
int	 parent_reload(char *errors, size_t size);

/* privdrop.c: root no more, with what restarting a child takes. */
void	 root_users(void);		/* fatal: a user does not exist */
void	 root_drop(void);

/* spawn.c: children. */
/* Socket pairs, fork, exec; returns the pid and our end in *ib. */
pid_t	 spawn_exec(enum proc, struct imsgbuf **, int log_fd, int out, int err);
void	 spawn_find(void);		/* where our programs are */
void	 spawn_msg_start(enum proc, unsigned int restarts, struct msg_start *);
void	 spawn_start(struct kid *);
int	 spawn_log_fd(struct kid *);	/* what a child logs to */
void	 spawn_reaped(pid_t, int status);
void	 spawn_conf(struct kid *);	/* configuration and interfaces */
void	 spawn_stop_all(void);
unsigned int spawn_alive(void);

/* sock.c: sockets. */
/*
 * Open what the configuration wants, close what it does not, bind again what
 * has lost its interface; tell the children.  -1 and a text when one of the
 * sockets cannot be had.
 */
int	 sock_sync(char *why, size_t size);
void	 sock_give(struct kid *);	/* all of a child that just started */
void	 sock_close_all(void);

/* link.c: interfaces through rtnetlink. */
void	 link_open(void);
void	 link_watch(void);
void	 link_refresh(void);		/* parent.ifaces as they are now */
/* A configured range that holds one of our addresses: 1 and a text. */
int	 link_check(const struct conf *, char *why, size_t size);

/* peer.c: named sockets where the children of all parents meet. */
void	 root_peer_open(void);		/* sockets and pid files in RUN_DIR */
void	 peer_watch(void);
void	 peer_link(struct kid *);	/* connect it to those before it */
void	 peer_lost(struct kid *, enum proc);
void	 peer_close(void);

/* render.c: answer scripts. */
void	 render_request(struct kid *, const struct imsg *);
int	 render_reaped(pid_t, int status);	/* 1: it was one of ours */

#endif
