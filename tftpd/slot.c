/* SPDX-License-Identifier: ISC */
/*
 * slot.c: transfers on the sockets of the pool.  A slot is a socket with at
 * most one transfer; what the machine of xfer.c wants sent is read from the
 * file (never mapped: it may shrink) and goes out as one sendmmsg(2).
 *
 * A free socket throws away what comes to it: late ACKs of earlier transfers.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tftpd.h"

#define SOURCE_MAX	16		/* transfers of one address */
#define SEND_MAX	(128 * 1024)	/* octets of DATA at once */

TAILQ_HEAD(slot_list, slot);

static struct slot_list	active = TAILQ_HEAD_INITIALIZER(active); /* by age */
static struct slot_list	idle = TAILQ_HEAD_INITIALIZER(idle);
static uint8_t		send_data[SEND_MAX];

/* An address to send to, and from which of ours. */
struct envelope {
	struct sockaddr_in	to;
	union {
		struct cmsghdr	hdr;
		char		buf[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control;
};

/* The answer leaves where the request came in, from the address asked. */
static void
envelope_init(struct envelope *env, const struct peer *peer)
{
	struct in_pktinfo	info;

	memset(env, 0, sizeof(*env));
	env->to.sin_family = AF_INET;
	env->to.sin_port = htons(peer->port);
	env->to.sin_addr.s_addr = htonl(peer->addr);
	memset(&info, 0, sizeof(info));
	info.ipi_ifindex = (int)peer->ifindex;
	info.ipi_spec_dst.s_addr = htonl(peer->local);
	env->control.hdr.cmsg_level = IPPROTO_IP;
	env->control.hdr.cmsg_type = IP_PKTINFO;
	env->control.hdr.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&env->control.hdr), &info, sizeof(info));
}

static void
envelope_msg(struct envelope *env, struct iovec *iov, size_t n,
    struct msghdr *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->msg_name = &env->to;
	msg->msg_namelen = sizeof(env->to);
	msg->msg_iov = iov;
	msg->msg_iovlen = n;
	msg->msg_control = env->control.buf;
	msg->msg_controllen = sizeof(env->control.buf);
}

/* One small packet; a lost one is the same as one that could not be sent. */
static void
packet_send(int fd, const struct peer *peer, const uint8_t *data, size_t len)
{
	struct envelope	env;
	struct msghdr	msg;
	struct iovec	iov;

	iov.iov_base = (void *)(uintptr_t)data;
	iov.iov_len = len;
	envelope_init(&env, peer);
	envelope_msg(&env, &iov, 1, &msg);
	(void)sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
error_send(int fd, const struct peer *peer, enum tftp_error code,
    const char *text)
{
	uint8_t		data[128];
	struct wbuf	out;

	wbuf_init(&out, data, sizeof(data));
	tftp_build_error(&out, code, text);
	if (!out.err)
		packet_send(fd, peer, data, out.len);
}

void
slot_refuse(const struct peer *peer, enum tftp_error code, const char *text)
{
	struct slot	*s = TAILQ_FIRST(&idle);

	/* RFC 1350 4: like any answer it comes from another port than 69. */
	if (s == NULL)
		s = TAILQ_FIRST(&active);
	if (s != NULL)
		error_send(s->sock->fd, peer, code, text);
}

/* To the discard port, RFC 863: whoever has the address, it is nothing. */
void
slot_nudge(const struct peer *peer)
{
	struct slot	*s = TAILQ_FIRST(&idle);
	struct peer	 discard = *peer;

	discard.port = 9;
	if (s == NULL)
		s = TAILQ_FIRST(&active);
	if (s != NULL)
		packet_send(s->sock->fd, &discard, (const uint8_t *)"", 0);
}

int
slot_file(struct slot *s, int fd)
{
	struct stat	st;

	if (fstat(fd, &st) == -1)
		return (-1);
	s->fd = fd;
	s->ino = st.st_ino;
	s->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
	    st.st_mtim.tv_nsec;
	return (0);
}

/* It is as it was; a file that was replaced by renaming is, to us. */
static int
file_is_same(const struct slot *s)
{
	struct stat	st;

	return (fstat(s->fd, &st) == 0 && st.st_ino == s->ino &&
	    (uint64_t)st.st_size == s->x.terms.size &&
	    (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec ==
	    s->mtime_ns);
}

/* Exactly len octets from off into send_data. */
static int
slot_read(const struct slot *s, uint64_t off, size_t len)
{
	size_t	got = 0;
	ssize_t	n;

	if (s->fd == -1) {
		memcpy(send_data, s->text + off, len);
		return (0);
	}
	while (got < len) {
		n = pread(s->fd, send_data + got, len - got,
		    (off_t)(off + got));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (-1);
		got += (size_t)n;
	}
	return (0);
}

/* Does it still go to the machine that it is for? */
static int
slot_is_guarded(const struct slot *s)
{
	struct mac	hop;
	int		known;

	if (!s->guarded)
		return (1);
	known = nexthop(s->sock->fd, s->peer.addr, &hop);
	return (known == -1 || (known == 1 && mac_equal(hop, s->hop)));
}

/*
 * Blocks first .. first + n - 1, which fit into send_data; returns how many
 * were sent, or -1 when the file is not what it was.
 */
static int
slot_send_batch(struct slot *s, uint64_t first, uint32_t n)
{
	static struct mmsghdr	msgs[TFTP_WINDOW_MAX];
	static struct iovec	iov[TFTP_WINDOW_MAX][2];
	static uint8_t		hdr[TFTP_WINDOW_MAX][TFTP_HDRLEN];
	const size_t		blksize = s->x.terms.blksize;
	const uint64_t		off = (first - 1) * blksize;
	struct envelope		env;
	struct wbuf		out;
	size_t			i, end, len = n * blksize;
	int			sent;

	if (len > s->x.terms.size - off)
		len = s->x.terms.size - off;
	if (slot_read(s, off, len) == -1)
		return (-1);
	if (s->fd != -1 && first + n - 1 == s->x.nblocks && !file_is_same(s))
		return (-1);
	if (!slot_is_guarded(s))	/* as good as lost */
		return ((int)n);
	envelope_init(&env, &s->peer);
	for (i = 0; i < n; i++) {
		wbuf_init(&out, hdr[i], sizeof(hdr[i]));
		tftp_build_data(&out, first + i);
		end = (i + 1) * blksize < len ? (i + 1) * blksize : len;
		iov[i][0] = (struct iovec){ hdr[i], sizeof(hdr[i]) };
		iov[i][1] = (struct iovec){ send_data + i * blksize,
		    end - i * blksize };
		envelope_msg(&env, iov[i], 2, &msgs[i].msg_hdr);
	}
	sent = sendmmsg(s->sock->fd, msgs, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent == -1)		/* not for want of room: as good as lost */
		return (errno == EAGAIN || errno == ENOBUFS ? 0 : (int)n);
	return (sent);
}

static void	slot_event(struct slot *, enum xfer_event, uint16_t, mono_t);

static void
slot_send(struct slot *s, const struct xfer_send *send, mono_t now)
{
	const uint32_t	batch = SEND_MAX / s->x.terms.blksize;
	uint32_t	n, done;
	int		sent;

	if (send->oack)
		packet_send(s->sock->fd, &s->peer, s->oack, s->oack_len);
	for (done = 0; done < send->count; done += (uint32_t)sent) {
		n = send->count - done;
		if (n > batch)
			n = batch;
		if (n > TFTP_WINDOW_MAX)
			n = TFTP_WINDOW_MAX;
		if ((sent = slot_send_batch(s, send->first + done, n)) == -1) {
			error_send(s->sock->fd, &s->peer, TFTP_E_UNDEF,
			    "the file changed while it was sent");
			slot_event(s, XFER_EV_BROKEN, 0, now);
			return;
		}
		if ((uint32_t)sent < n) {
			xfer_unsent(&s->x,
			    send->count - done - (uint32_t)sent);
			/* Without memory for it, the retransmission timer. */
			(void)event_add(s->writable, NULL);
			return;
		}
	}
}

static void
slot_close(struct slot *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
	s->x.state = XFER_IDLE;
	(void)event_del(s->timer);
	(void)event_del(s->writable);
}

void
slot_release(struct slot *s)
{
	slot_close(s);
	TAILQ_INSERT_TAIL(&idle, s, entry);
}

static void
slot_end(struct slot *s, mono_t now)
{
	timeline_end(s, now);
	counters[COUNT_ACTIVE].value--;
	TAILQ_REMOVE(&active, s, entry);
	slot_release(s);
}

/*
 * Most deadlines move on before they are reached: the timer is left as it is
 * while it is early enough, and looks again when it fires.
 */
static void
slot_timer_set(struct slot *s, mono_t now)
{
	if (evtimer_pending(s->timer, NULL) &&
	    !mono_before(s->x.deadline, s->armed))
		return;
	s->armed = s->x.deadline;
	proc_timer_set(s->timer, mono_diff_ms(s->armed, now) + 1);
}

static void
slot_event(struct slot *s, enum xfer_event ev, uint16_t number, mono_t now)
{
	const uint64_t		bytes = xfer_bytes(&s->x);
	const uint64_t		resent = s->x.resent;
	struct xfer_send	send;

	xfer_event(&s->x, ev, number, now, &send);
	counters[COUNT_BYTES].value += xfer_bytes(&s->x) - bytes;
	counters[COUNT_RETRANSMITS].value += s->x.resent - resent;
	if (!xfer_is_open(&s->x)) {
		slot_end(s, now);
		return;
	}
	if (xfer_bytes(&s->x) != bytes)
		timeline_progress(s, now);
	slot_timer_set(s, now);
	slot_send(s, &send, now);
}


static void
slot_timer(int fd, short what, void *arg)
{
	struct slot	*s = arg;
	const mono_t	 now = clock_now();

	(void)fd;
	(void)what;
	if (xfer_is_open(&s->x))
		slot_event(s, XFER_EV_TIMER, 0, now);
}

static void
slot_writable(int fd, short what, void *arg)
{
	struct slot	*s = arg;

	(void)fd;
	(void)what;
	if (xfer_is_open(&s->x))
		slot_event(s, XFER_EV_WRITABLE, 0, clock_now());
}

static int
slot_is_peer(const struct slot *s, uint32_t addr, uint16_t port)
{
	return (s->peer.addr == addr && s->peer.port == port);
}

/* One packet; when more wait, the loop comes back. */
static void
slot_readable(int fd, short what, void *arg)
{
	struct slot		*s = arg;
	struct sockaddr_in	 sin;
	struct tftp_reply	 rep;
	struct peer		 other;
	struct buf		 in;
	uint8_t			 data[64];
	struct iovec		 iov = { data, sizeof(data) };
	struct msghdr		 msg;
	const mono_t		 now = clock_now();
	ssize_t			 n;

	(void)what;
	memset(&sin, 0, sizeof(sin));
	memset(&msg, 0, sizeof(msg));
	msg.msg_name = &sin;
	msg.msg_namelen = sizeof(sin);
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if ((n = recvmsg(fd, &msg, MSG_DONTWAIT)) == -1 ||
	    !xfer_is_open(&s->x))
		return;
	buf_init(&in, data, (size_t)n);
	if (tftp_parse_reply(&in, &rep) == -1) {
		counters[COUNT_MALFORMED].value++;
		return;
	}
	if (slot_is_peer(s, ntohl(sin.sin_addr.s_addr), ntohs(sin.sin_port)))
		slot_event(s, rep.op == TFTP_ACK ? XFER_EV_ACK : XFER_EV_ERROR,
		    rep.number, now);
	else if (rep.op == TFTP_ACK) {		/* never to an ERROR */
		counters[COUNT_WRONG_TID].value++;
		other = s->peer;
		other.addr = ntohl(sin.sin_addr.s_addr);
		other.port = ntohs(sin.sin_port);
		error_send(fd, &other, TFTP_E_TID, "unknown transfer");
	}
}

void
slot_add(struct sock *sock)
{
	struct slot	*s = xcalloc(1, sizeof(*s));

	s->sock = sock;
	s->fd = -1;
	s->timer = proc_timer(slot_timer, s);
	s->writable = proc_event(sock->fd, EV_WRITE, slot_writable, s);
	(void)event_del(s->writable);
	sock->arg = s;
	sock->ev = proc_event(sock->fd, EV_READ | EV_PERSIST, slot_readable,
	    s);
	TAILQ_INSERT_TAIL(&idle, s, entry);
}

void
slot_remove(struct sock *sock)
{
	struct slot	*s = sock->arg;

	if (s == NULL)
		return;
	if (xfer_is_open(&s->x))
		slot_event(s, XFER_EV_DROP, 0, clock_now());
	TAILQ_REMOVE(&idle, s, entry);
	event_free(s->timer);
	event_free(s->writable);
	free(s);
	sock->arg = NULL;
}

/* The oldest transfer that nobody acknowledged; addr 0: of anybody. */
static struct slot *
slot_unproven(uint32_t addr)
{
	struct slot	*s;

	TAILQ_FOREACH(s, &active, entry)
		if (!xfer_is_proven(&s->x) &&
		    (addr == 0 || s->peer.addr == addr))
			return (s);
	return (NULL);
}

struct slot *
slot_take(const struct peer *peer)
{
	struct slot	*s, *victim = NULL;
	size_t		 have = 0;

	TAILQ_FOREACH(s, &active, entry)
		if (s->peer.addr == peer->addr)
			have++;
	if (have >= SOURCE_MAX) {
		if ((victim = slot_unproven(peer->addr)) == NULL)
			return (NULL);
	} else if (TAILQ_EMPTY(&idle)) {
		if ((victim = slot_unproven(0)) == NULL)
			return (NULL);
	}
	if (victim != NULL)
		slot_event(victim, XFER_EV_DROP, 0, clock_now());
	if ((s = TAILQ_FIRST(&idle)) != NULL)
		TAILQ_REMOVE(&idle, s, entry);
	return (s);
}

struct slot *
slot_of(const struct peer *peer, const char *name)
{
	struct slot	*s;

	TAILQ_FOREACH(s, &active, entry)
		if (slot_is_peer(s, peer->addr, peer->port) &&
		    !xfer_is_proven(&s->x) && strcmp(s->name, name) == 0)
			return (s);
	return (NULL);
}

void
slot_start(struct slot *s, const struct tftp_terms *terms, size_t req_len,
    mono_t now)
{
	struct xfer_send	send;
	struct wbuf		out;
	size_t			first;

	wbuf_init(&out, s->oack, sizeof(s->oack));
	tftp_build_oack(&out, terms);
	s->oack_len = out.len;
	first = TFTP_HDRLEN + (terms->size < terms->blksize ?
	    (size_t)terms->size : terms->blksize);
	if (terms->agreed != 0)
		first = s->oack_len;
	TAILQ_INSERT_TAIL(&active, s, entry);
	counters[COUNT_ACTIVE].value++;
	xfer_start(&s->x, terms, req_len, first, now, &send);
	slot_timer_set(s, now);
	slot_send(s, &send, now);
}

void
slot_again(struct slot *s, mono_t now)
{
	struct xfer_send	send;

	xfer_again(&s->x, now, &send);
	counters[COUNT_RETRANSMITS].value++;
	slot_send(s, &send, now);
}
