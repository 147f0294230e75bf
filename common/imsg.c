/* SPDX-License-Identifier: ISC */
/*
 * imsg.c: messages between processes over SOCK_SEQPACKET sockets.  The kernel
 * keeps the boundaries and the descriptors with their messages; what is left
 * to do is to check every message against MSG_LIST before anyone sees it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"

#define MSG_PAYLOAD	(MSG_SIZE - sizeof(struct imsg_hdr))
#define FDS_SEEN	4	/* more than allowed, to notice them */

enum msg_fd { FD_NOFD, FD_FD, FD_MAYFD };

struct msg_rule {
	const char	*name;
	unsigned int	 from, to;
	enum msg_count	 count;
	size_t		 size;
	enum msg_fd	 fd;
};

static const struct msg_rule rules[MSG_MAX] = {
#define M(tag, from, to, count, payload, fd)				\
	[MSG_##tag] = { #tag, from, to, MSG_##count, sizeof(payload), FD_##fd },
	MSG_LIST(M)
#undef M
#define T(tag, member, row, to)						\
	[MSG_CONF_##tag] = { "CONF_" #tag, TO(PARENT), to, MSG_MANY,	\
	    sizeof(row), FD_NOFD },
	CONF_LIST(T)
#undef T
};

struct imsg_queued {
	TAILQ_ENTRY(imsg_queued) entry;
	struct imsg_hdr	 hdr;
	int		 fd;
	uint8_t		 data[];
};

const char *
msg_name(unsigned int type)
{
	if (type >= MSG_MAX || rules[type].name == NULL)
		return ("unknown");
	return (rules[type].name);
}

int
msg_allowed(unsigned int type, enum proc from, enum proc to)
{
	return (type < MSG_MAX && rules[type].name != NULL &&
	    (rules[type].from & 1U << from) != 0 &&
	    (rules[type].to & 1U << to) != 0);
}

/* Is this payload length right for the type?  Counts the structs in it. */
static int
msg_length_ok(unsigned int type, size_t len, size_t *count)
{
	const struct msg_rule	*rule = &rules[type];

	*count = 1;
	switch (rule->count) {
	case MSG_NONE:
		*count = 0;
		return (len == 0);
	case MSG_ONE:
		return (len == rule->size);
	case MSG_MANY:
		*count = len / rule->size;
		return (len > 0 && len % rule->size == 0);
	case MSG_BLOB:
		*count = len;
		return (1);
	}
	return (0);
}

static int
msg_fd_ok(unsigned int type, int fd)
{
	if (rules[type].fd == FD_MAYFD)
		return (1);
	return ((fd != -1) == (rules[type].fd == FD_FD));
}

void
imsg_init(struct imsgbuf *ib, int fd, enum proc self, enum proc peer)
{
	int	flags;

	memset(ib, 0, offsetof(struct imsgbuf, in));
	ib->fd = fd;
	ib->self = self;
	ib->peer = peer;
	ib->pid = getpid();
	TAILQ_INIT(&ib->queue);
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		fatal("fcntl of a link to %s", proc_names[peer]);
}

static void
imsg_unqueue(struct imsgbuf *ib, struct imsg_queued *q)
{
	TAILQ_REMOVE(&ib->queue, q, entry);
	ib->queued -= q->hdr.len;
	if (q->fd != -1)
		(void)close(q->fd);
	free(q);
}

void
imsg_clear(struct imsgbuf *ib)
{
	while (!TAILQ_EMPTY(&ib->queue))
		imsg_unqueue(ib, TAILQ_FIRST(&ib->queue));
	if (ib->ev_read != NULL)
		event_free(ib->ev_read);
	if (ib->ev_write != NULL)
		event_free(ib->ev_write);
	ib->ev_read = ib->ev_write = NULL;
	if (ib->fd != -1)
		(void)close(ib->fd);
	ib->fd = -1;
}

/* One message to the kernel: 1 sent, 0 not now, -1 the peer is gone. */
static int
imsg_write(struct imsgbuf *ib, const struct imsg_hdr *hdr, const void *data,
    int fd)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec	 iov[2] = {
		{ (void *)(uintptr_t)hdr, sizeof(*hdr) },
		{ (void *)(uintptr_t)data, hdr->len - sizeof(*hdr) }
	};
	struct msghdr	 msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct cmsghdr	*cmsg;

	if (fd != -1) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.space);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	if (sendmsg(ib->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
		return (1);
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS ||
	    errno == ENOMEM || errno == ETOOMANYREFS)
		return (0);
	errno = EPIPE;
	return (-1);
}

int
imsg_flush(struct imsgbuf *ib)
{
	struct imsg_queued	*q;
	int			 sent;

	while ((q = TAILQ_FIRST(&ib->queue)) != NULL) {
		if ((sent = imsg_write(ib, &q->hdr, q->data, q->fd)) != 1)
			return (sent);
		imsg_unqueue(ib, q);
	}
	return (1);
}

static void
imsg_writable(int fd, short what, void *arg)
{
	struct imsgbuf	*ib = arg;
	int		 sent;

	(void)fd;
	(void)what;
	if ((sent = imsg_flush(ib)) == 0)
		(void)event_add(ib->ev_write, NULL);
	else if (sent == 1 && ib->drained != NULL)
		ib->drained(ib);
	/* A peer that is gone is noticed by whoever reads the link. */
}

void
imsg_watch(struct imsgbuf *ib, struct event_base *base, event_callback_fn fn)
{
	ib->ev_read = event_new(base, ib->fd, EV_READ | EV_PERSIST, fn, ib);
	ib->ev_write = event_new(base, ib->fd, EV_WRITE, imsg_writable, ib);
	if (ib->ev_read == NULL || ib->ev_write == NULL ||
	    event_priority_set(ib->ev_read, PRIO_MESSAGE) == -1 ||
	    event_priority_set(ib->ev_write, PRIO_MESSAGE) == -1 ||
	    event_add(ib->ev_read, NULL) == -1)
		fatalx("no event for the link to %s", proc_names[ib->peer]);
	if (!TAILQ_EMPTY(&ib->queue))
		(void)event_add(ib->ev_write, NULL);
}

/* Keep what the kernel does not take now; the descriptor with it. */
static int
imsg_enqueue(struct imsgbuf *ib, const struct imsg_hdr *hdr, const void *data,
    int fd)
{
	struct imsg_queued	*q;
	size_t			 len = hdr->len - sizeof(*hdr);

	if (ib->queued + hdr->len > MSG_QUEUE_MAX ||
	    (q = malloc(sizeof(*q) + len)) == NULL) {
		errno = ENOBUFS;
		return (-1);
	}
	q->hdr = *hdr;
	q->fd = -1;
	if (fd != -1 && (q->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1) {
		free(q);
		return (-1);
	}
	if (len > 0)
		memcpy(q->data, data, len);
	TAILQ_INSERT_TAIL(&ib->queue, q, entry);
	ib->queued += hdr->len;
	if (ib->ev_write != NULL)
		(void)event_add(ib->ev_write, NULL);
	return (0);
}

int
imsg_send(struct imsgbuf *ib, enum msg_type type, uint32_t id, int fd,
    const void *data, size_t len)
{
	struct imsg_hdr	hdr = { .type = type, .id = id };
	size_t		count;
	int		sent;

	if (!msg_allowed(type, ib->self, ib->peer) || len > MSG_PAYLOAD ||
	    !msg_length_ok(type, len, &count) || !msg_fd_ok(type, fd))
		fatalx("%s of %zu octets to %s is not in the list",
		    msg_name(type), len, proc_names[ib->peer]);
	if (ib->fd == -1) {
		errno = EPIPE;
		return (-1);
	}
	hdr.len = (uint32_t)(sizeof(hdr) + len);
	hdr.pid = ib->pid;
	if (TAILQ_EMPTY(&ib->queue)) {
		if ((sent = imsg_write(ib, &hdr, data, fd)) != 0)
			return (sent == 1 ? 0 : -1);
	}
	return (imsg_enqueue(ib, &hdr, data, fd));
}

int
imsg_send_many(struct imsgbuf *ib, enum msg_type type, uint32_t id,
    const void *data, size_t size, size_t count)
{
	const uint8_t	*next = data;
	size_t		 most = MSG_PAYLOAD / size, n;

	for (; count > 0; count -= n, next += n * size) {
		n = count < most ? count : most;
		if (imsg_send(ib, type, id, -1, next, n * size) == -1)
			return (-1);
	}
	return (0);
}

/* The first descriptor of a received message; any other is closed. */
static int
imsg_fd(struct msghdr *msg, int *extra)
{
	struct cmsghdr	*cmsg;
	int		 fds[FDS_SEEN], fd = -1;
	size_t		 i, n;

	*extra = 0;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	    cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(cmsg), n * sizeof(int));
		for (i = 0; i < n; i++) {
			if (fd == -1) {
				fd = fds[i];
				continue;
			}
			(void)close(fds[i]);
			*extra = 1;
		}
	}
	return (fd);
}

int
imsg_get(struct imsgbuf *ib, struct imsg *out)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(FDS_SEEN * sizeof(int))];
	} control;
	struct iovec	iov = { ib->in, sizeof(ib->in) };
	struct msghdr	msg = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control.space) };
	struct imsg_hdr	hdr;
	ssize_t		n;
	int		extra;

	n = recvmsg(ib->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n == -1) {
		if (errno == EAGAIN || errno == EINTR)
			return (0);
		errno = EPIPE;
		return (-1);
	}
	/* Nothing at all is the end; but nothing can bring descriptors, too. */
	memset(&hdr, 0, sizeof(hdr));
	out->fd = imsg_fd(&msg, &extra);
	if (n == 0 && out->fd == -1 &&
	    (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) {
		errno = EPIPE;
		return (-1);
	}
	if (extra || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    (size_t)n < sizeof(hdr))
		goto hostile;
	memcpy(&hdr, ib->in, sizeof(hdr));
	out->type = hdr.type;
	out->id = hdr.id;
	out->data = ib->in + sizeof(hdr);
	out->len = (size_t)n - sizeof(hdr);
	if (hdr.len != (size_t)n ||
	    !msg_allowed(hdr.type, ib->peer, ib->self) ||
	    !msg_length_ok(hdr.type, out->len, &out->count) ||
	    !msg_fd_ok(hdr.type, out->fd))
		goto hostile;
	return (1);

hostile:
	log_warnx("%s sent %s (type %u) of %zd octets%s: not allowed",
	    proc_names[ib->peer], msg_name(hdr.type), hdr.type, n,
	    out->fd == -1 ? "" : " with a descriptor");
	if (out->fd != -1)
		(void)close(out->fd);
	errno = EBADMSG;
	return (-1);
}

int
msg_string_ok(const char *s, size_t size)
{
	return (memchr(s, '\0', size) == NULL ? -1 : 0);
}
