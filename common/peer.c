/* SPDX-License-Identifier: ISC */
/*
 * peer.c: how the daemons meet, whether one parent runs them or five.  Each
 * parent listens on RUN_DIR/NAME.sock for the daemons that it runs.  Of two
 * linked daemons the later one's parent connects, says HELLO for its child
 * and hands it the connection; the earlier one's parent checks who connects,
 * reads the HELLO and hands its child the other end.  Children never see a
 * socket address.
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define RETRY_MS	200	/* for a daemon that is not there yet */
#define HELLO_S		2	/* for a connection to say who it is */
#define BACKLOG		32

/* A connection that has not said HELLO yet. */
struct guest {
	struct imsgbuf	 ib;
	enum proc	 host;
	struct event	*timer;
};

static struct {
	int		 fd;
	int		 pid_fd;
	struct event	*ev;
} rooms[PROC_MAX];

static int		 ctl_fd = -1;
static struct event	*ctl_ev;
static struct event	*retry_timer;

/* Opening, as root. */

static void
peer_path(enum proc id, const char *suffix, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	(void)snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s%s",
	    RUN_DIR, proc_names[id], suffix);
}

/* The pid file is the lock: who has it locked runs this daemon. */
static void
root_lock(enum proc id)
{
	struct sockaddr_un	sun;
	char			pid[16];
	int			fd, n;

	peer_path(id, ".pid", &sun);
	fd = open(sun.sun_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd == -1)
		fatal("%s", sun.sun_path);
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		fatalx("%s is already running (%s is locked)", proc_names[id],
		    sun.sun_path);
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(fd, 0) == -1 || write(fd, pid, (size_t)n) != n)
		fatal("%s", sun.sun_path);
	rooms[id].pid_fd = fd;
}

static int
root_listen(struct sockaddr_un *sun, mode_t mode, uid_t uid, gid_t gid)
{
	int	fd;

	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		fatal("socket");
	if (unlink(sun->sun_path) == -1 && errno != ENOENT)
		fatal("%s", sun->sun_path);
	if (bind(fd, (struct sockaddr *)sun, sizeof(*sun)) == -1 ||
	    chmod(sun->sun_path, mode) == -1 ||
	    chown(sun->sun_path, uid, gid) == -1 || listen(fd, BACKLOG) == -1)
		fatal("%s", sun->sun_path);
	return (fd);
}

void
root_peer_open(void)
{
	const struct user	*me = &parent.users[PROC_PARENT];
	struct sockaddr_un	 sun;
	int			 id;

	if ((mkdir(RUN_DIR, 0750) == -1 && errno != EEXIST) ||
	    chown(RUN_DIR, me->uid, me->gid) == -1)
		fatal("%s", RUN_DIR);
	for (id = 0; id < PROC_MAX; id++) {
		rooms[id].fd = -1;
		if ((parent.runs & 1U << id) == 0)
			continue;
		root_lock((enum proc)id);
		peer_path((enum proc)id, ".sock", &sun);
		rooms[id].fd = root_listen(&sun, 0600, me->uid, me->gid);
	}
	if ((parent.runs & TO(STORE)) == 0)
		return;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	memcpy(sun.sun_path, CTL_SOCKET, sizeof(CTL_SOCKET));
	ctl_fd = root_listen(&sun, 0660, 0, me->gid);
}

/* Who is at the other end: root or another parent, nobody else. */
static int
peer_trusted(int fd)
{
	struct ucred	cred;
	socklen_t	len = sizeof(cred);

	return (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	    (cred.uid == 0 || cred.uid == parent.users[PROC_PARENT].uid));
}

static void
peer_hand(struct kid *kid, enum proc other, int fd)
{
	struct msg_peer	peer = { .proc = other };

	(void)imsg_send(kid->ib, MSG_PEER, 0, fd, &peer, sizeof(peer));
	kid->linked |= 1U << other;
}

/* What waits for a child that does not read would be descriptors of ours. */
static int
peer_reads(const struct kid *kid)
{
	return (TAILQ_EMPTY(&kid->ib->queue));
}

/* The connecting side. */

/* 0 when linked or when there is no need; -1: try again. */
static int
peer_connect(struct kid *kid, enum proc other)
{
	struct msg_hello	hello = { MSG_VERSION, kid->id, other };
	struct sockaddr_un	sun;
	struct imsgbuf		ib;
	int			fd, error;

	peer_path(other, ".sock", &sun);
	if ((fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		return (-1);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    !peer_trusted(fd)) {
		(void)close(fd);
		return (-1);
	}
	imsg_init(&ib, fd, PROC_PARENT, PROC_PARENT);
	error = imsg_send(&ib, MSG_HELLO, 0, -1, &hello, sizeof(hello));
	if (error == 0)
		peer_hand(kid, other, fd);
	imsg_clear(&ib);
	return (error);
}

static void
peer_retry(int fd, short what, void *arg)
{
	const struct timeval	later = { 0, RETRY_MS * 1000 };
	unsigned int		wanted;
	int			id, other, missing = 0;

	(void)fd;
	(void)what;
	(void)arg;
	for (id = 0; id < PROC_MAX; id++) {
		struct kid	*kid = &parent.kids[id];

		wanted = proc_links((enum proc)id) & ~kid->linked;
		for (other = 0; kid->ib != NULL && other < id; other++)
			if ((wanted & 1U << other) != 0 &&
			    (!peer_reads(kid) ||
			    peer_connect(kid, (enum proc)other) == -1))
				missing = 1;
	}
	if (missing)
		(void)event_add(retry_timer, &later);
}

void
peer_link(struct kid *kid)
{
	(void)kid;
	peer_retry(-1, 0, NULL);
}

void
peer_lost(struct kid *kid, enum proc other)
{
	const struct timeval	soon = { 0, RETRY_MS * 100 };

	if (other >= PROC_MAX)
		return;
	kid->linked &= ~(1U << other);
	if (other < kid->id)
		(void)event_add(retry_timer, &soon);
}

/* The listening side. */

static void
guest_leave(struct guest *guest)
{
	if (guest->timer != NULL)
		event_free(guest->timer);
	imsg_clear(&guest->ib);
	free(guest);
}

static void
guest_late(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	guest_leave(arg);
}

/* One message is read, no more: what follows is for the child. */
static void
guest_readable(int fd, short what, void *arg)
{
	struct imsgbuf		*ib = arg;
	struct guest		*guest = ib->arg;
	const struct msg_hello	*hello;
	struct kid		*kid = &parent.kids[guest->host];
	struct imsg		 msg;
	int			 got;

	(void)what;
	if ((got = imsg_get(ib, &msg)) == 0)
		return;
	hello = msg.data;
	if (got == 1 && msg.type == MSG_HELLO &&
	    hello->version == MSG_VERSION && hello->to == guest->host &&
	    hello->from < PROC_MAX && hello->from > guest->host &&
	    (proc_links(guest->host) & 1U << hello->from) != 0 &&
	    kid->ib != NULL && peer_reads(kid))
		peer_hand(kid, hello->from, fd);
	guest_leave(guest);
}

static void
peer_accept(int listen_fd, short what, void *arg)
{
	const struct timeval	 patience = { HELLO_S, 0 };
	struct guest		*guest;
	int			 fd;

	(void)what;
	if ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) == -1)
		return;
	if (!peer_trusted(fd)) {
		(void)close(fd);
		return;
	}
	guest = xcalloc(1, sizeof(*guest));
	imsg_init(&guest->ib, fd, PROC_PARENT, PROC_PARENT);
	guest->ib.arg = guest;
	guest->host = (enum proc)(uintptr_t)arg;
	guest->timer = evtimer_new(parent.base, guest_late, guest);
	if (guest->timer != NULL)
		(void)event_add(guest->timer, &patience);
	imsg_watch(&guest->ib, parent.base, guest_readable);
}

/* Control connections go to the store, with what their owner may do. */

static int
ctl_is_admin(int fd, uint32_t *uid)
{
	gid_t		groups[256];
	struct ucred	cred;
	socklen_t	len = sizeof(cred);
	size_t		i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return (0);
	*uid = cred.uid;
	if (cred.uid == 0 || cred.gid == parent.users[PROC_PARENT].gid)
		return (1);
	len = sizeof(groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		return (0);
	for (i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == parent.users[PROC_PARENT].gid)
			return (1);
	return (0);
}

static void
ctl_accept(int listen_fd, short what, void *arg)
{
	struct kid		*store = &parent.kids[PROC_STORE];
	struct msg_ctl_conn	 conn = { 0, 0 };
	int			 fd;

	(void)what;
	(void)arg;
	if ((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC |
	    SOCK_NONBLOCK)) == -1)
		return;
	if (store->ib != NULL) {
		conn.admin = (uint32_t)ctl_is_admin(fd, &conn.uid);
		(void)imsg_send(store->ib, MSG_CTL_CONN, 0, fd, &conn,
		    sizeof(conn));
	}
	(void)close(fd);
}

static struct event *
peer_listen_event(int fd, event_callback_fn fn, void *arg)
{
	struct event	*ev;

	ev = event_new(parent.base, fd, EV_READ | EV_PERSIST, fn, arg);
	if (ev == NULL || event_add(ev, NULL) == -1)
		fatalx("no event for a listening socket");
	return (ev);
}

void
peer_watch(void)
{
	int	id;

	for (id = 0; id < PROC_MAX; id++)
		if (rooms[id].fd != -1)
			rooms[id].ev = peer_listen_event(rooms[id].fd,
			    peer_accept, (void *)(uintptr_t)id);
	if (ctl_fd != -1)
		ctl_ev = peer_listen_event(ctl_fd, ctl_accept, NULL);
	if ((retry_timer = evtimer_new(parent.base, peer_retry, NULL)) == NULL)
		fatalx("no timer");
}

/* Names that we may still remove; the control socket stays in root's /run. */
void
peer_close(void)
{
	struct sockaddr_un	sun;
	int			id;

	for (id = 0; id < PROC_MAX; id++) {
		if (rooms[id].fd == -1)
			continue;
		event_free(rooms[id].ev);
		(void)close(rooms[id].fd);
		peer_path((enum proc)id, ".sock", &sun);
		(void)unlink(sun.sun_path);
		peer_path((enum proc)id, ".pid", &sun);
		(void)unlink(sun.sun_path);
		(void)close(rooms[id].pid_fd);
	}
	if (ctl_fd != -1) {
		event_free(ctl_ev);
		(void)close(ctl_fd);
	}
}
