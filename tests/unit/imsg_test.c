/* SPDX-License-Identifier: ISC */
/*
 * imsg_test: messages between processes, and what hostile peers send instead.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bootward.h"
#include "unit.h"

static struct imsgbuf	a, b;

/* A link of which a is the store and b is dhcpd, or as told. */
static void
link_new(enum proc pa, enum proc pb)
{
	int	pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		fatal("socketpair");
	imsg_init(&a, pair[0], pa, pb);
	imsg_init(&b, pair[1], pb, pa);
}

static void
link_end(void)
{
	imsg_clear(&a);
	imsg_clear(&b);
}

static int
fds_open(void)
{
	int	fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			n++;
	return (n);
}

/* Octets as they are, with nfds descriptors; what does b make of them? */
static int
b_gets(const void *data, size_t len, int nfds)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec	 iov = { (void *)(uintptr_t)data, len };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr	*cmsg;
	struct imsg	 in;
	int		 fds[8] = { 0 }, got;

	if (nfds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, (size_t)nfds * sizeof(int));
	}
	if (sendmsg(a.fd, &msg, MSG_NOSIGNAL) == -1)
		return (-2);
	got = imsg_get(&b, &in);
	if (got == 1 && in.fd != -1)
		(void)close(in.fd);
	return (got);
}

static int
b_gets_imsg(uint32_t type, size_t len, uint32_t says, int nfds)
{
	uint8_t		bytes[MSG_SIZE + 64];
	struct imsg_hdr	hdr = { .type = type, .len = says };

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &hdr, sizeof(hdr));
	errno = 0;
	return (b_gets(bytes, len, nfds));
}

static void
friendly(void)
{
	struct msg_committed	out = { 7, 0, 0 };
	struct msg_lease	leases[200];
	struct imsg		in;
	size_t			seen = 0;

	link_new(PROC_STORE, PROC_DHCPD);
	CHECK(imsg_get(&b, &in) == 0);
	CHECK(imsg_send(&a, MSG_COMMITTED, 42, -1, &out, sizeof(out)) == 0);
	CHECK(imsg_get(&b, &in) == 1);
	CHECK(in.type == MSG_COMMITTED && in.id == 42 && in.fd == -1);
	CHECK(in.count == 1 && in.len == sizeof(out));
	CHECK(memcmp(in.data, &out, sizeof(out)) == 0);
	CHECK(imsg_send(&a, MSG_LEASE_SYNC, 0, -1, NULL, 0) == 0);
	CHECK(imsg_get(&b, &in) == 1 && in.count == 0 && in.len == 0);

	memset(leases, 0, sizeof(leases));
	leases[199].addr = 99;
	CHECK(imsg_send_many(&a, MSG_LEASE, 1, leases, sizeof(leases[0]),
	    nitems(leases)) == 0);
	while (imsg_get(&b, &in) == 1)
		seen += in.count;
	CHECK(seen == nitems(leases));
	(void)close(a.fd);
	a.fd = -1;
	CHECK(imsg_get(&b, &in) == -1 && errno == EPIPE);
	CHECK(imsg_send(&a, MSG_LEASE_SYNC, 0, -1, NULL, 0) == -1);
	link_end();
}

static void
descriptors(void)
{
	struct msg_answer	answer = { .size = 4, .name = "x" };
	struct imsg		in;
	char			text[4] = "";
	int			fd = memfd_create("x", MFD_CLOEXEC), n;

	link_new(PROC_STORE, PROC_KSD);
	n = fds_open();
	CHECK(write(fd, "abcd", 4) == 4);
	CHECK(imsg_send(&a, MSG_ANSWER, 0, fd, &answer, sizeof(answer)) == 0);
	CHECK(imsg_get(&b, &in) == 1 && in.fd != -1);
	CHECK(pread(in.fd, text, 4, 0) == 4 && memcmp(text, "abcd", 4) == 0);
	CHECK((fcntl(in.fd, F_GETFD) & FD_CLOEXEC) != 0);
	(void)close(in.fd);
	CHECK(fds_open() == n);

	CHECK(b_gets_imsg(MSG_ANSWER, sizeof(struct imsg_hdr) + sizeof(answer),
	    sizeof(struct imsg_hdr) + sizeof(answer), 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "a descriptor is missing");
	CHECK(b_gets_imsg(MSG_TICKET_SYNC, 16, 16, 1) == -1);
	CHECK(b_gets_imsg(MSG_ANSWER, sizeof(struct imsg_hdr) + sizeof(answer),
	    sizeof(struct imsg_hdr) + sizeof(answer), 2) == -1);
	CHECK_NAMED(errno == EBADMSG, "two descriptors");
	CHECK(b_gets_imsg(MSG_ANSWER, sizeof(struct imsg_hdr) + sizeof(answer),
	    sizeof(struct imsg_hdr) + sizeof(answer), 8) == -1);
	CHECK_NAMED(errno == EBADMSG, "eight descriptors");
	CHECK(b_gets("", 0, 3) == -1);
	CHECK_NAMED(errno == EBADMSG, "three descriptors and nothing else");
	CHECK_NAMED(fds_open() == n, "no descriptor of a bad message stays");
	(void)close(fd);
	link_end();
}

static void
hostile(void)
{
	const size_t	hdr = sizeof(struct imsg_hdr);
	const size_t	lease = sizeof(struct msg_lease);
	uint32_t	type;
	int		wrong = 0;

	link_new(PROC_DHCPD, PROC_STORE);
	CHECK(b_gets_imsg(MSG_COMMIT, hdr + lease, (uint32_t)(hdr + lease), 0)
	    == 1);
	CHECK(b_gets_imsg(MSG_COMMIT, hdr + 2 * lease,
	    (uint32_t)(hdr + 2 * lease), 0) == 1);
	CHECK(b_gets("", 1, 0) == -1 && errno == EBADMSG);
	CHECK(b_gets_imsg(MSG_COMMIT, hdr - 1, (uint32_t)(hdr - 1), 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "half a header");
	CHECK(b_gets_imsg(MSG_COMMIT, hdr, (uint32_t)hdr, 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "none of MANY");
	CHECK(b_gets_imsg(MSG_COMMIT, hdr + lease - 1,
	    (uint32_t)(hdr + lease - 1), 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "short");
	CHECK(b_gets_imsg(MSG_COMMIT, hdr + lease + 1,
	    (uint32_t)(hdr + lease + 1), 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "long");
	CHECK(b_gets_imsg(MSG_COMMIT, hdr + lease, (uint32_t)hdr, 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "its length is a lie");
	CHECK(b_gets_imsg(MSG_COMMIT, MSG_SIZE + 1, MSG_SIZE + 1, 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "larger than any message");
	CHECK(b_gets_imsg(0, hdr, (uint32_t)hdr, 0) == -1);
	CHECK(b_gets_imsg(MSG_MAX, hdr, (uint32_t)hdr, 0) == -1);
	CHECK(b_gets_imsg(UINT32_MAX, hdr, (uint32_t)hdr, 0) == -1);
	CHECK_NAMED(errno == EBADMSG, "an unknown type");
	/* Only what the list allows from dhcpd to the store gets in at all. */
	for (type = 0; type < MSG_MAX + 10; type++)
		if (!msg_allowed(type, PROC_DHCPD, PROC_STORE) &&
		    b_gets_imsg(type, hdr, (uint32_t)hdr, 0) != -1)
			wrong++;
	CHECK_NAMED(wrong == 0, "forbidden types");
	link_end();
}

/* What the peer does not read waits in order, up to a limit. */
static void
queueing(void)
{
	struct msg_committed	out = { 0, 0, 0 };
	struct imsg		in;
	uint32_t		n = 20000, i, ok = 0;

	link_new(PROC_STORE, PROC_DHCPD);
	for (i = 0; i < n; i++) {
		out.count = i;
		if (imsg_send(&a, MSG_COMMITTED, i, -1, &out, sizeof(out)) == 0)
			ok++;
	}
	CHECK(ok == n && a.queued > 0);
	for (i = 0; i < n; i++) {
		if (imsg_get(&b, &in) != 1) {
			(void)imsg_flush(&a);
			if (imsg_get(&b, &in) != 1)
				break;
		}
		if (in.id != i)
			break;
	}
	CHECK_NAMED(i == n, "all arrive, in order");
	CHECK(a.queued == 0);
	link_end();
}

static void
lists(void)
{
	CHECK(!msg_allowed(MSG_COMMIT, PROC_TFTPD, PROC_STORE));
	CHECK(!msg_allowed(MSG_INPUT, PROC_TFTPD, PROC_STORE));
	CHECK(!msg_allowed(MSG_TICKET, PROC_TFTPD, PROC_KSD));
	CHECK(!msg_allowed(MSG_START, PROC_STORE, PROC_DHCPD));
	CHECK(!msg_allowed(MSG_CONF_VAR, PROC_PARENT, PROC_TFTPD));
	CHECK(msg_allowed(MSG_CONF_HOST, PROC_PARENT, PROC_TFTPD));
	CHECK(strcmp(msg_name(MSG_COMMIT), "COMMIT") == 0);
	CHECK(strcmp(msg_name(MSG_MAX), "unknown") == 0);
	CHECK(proc_links(PROC_TFTPD) == (TO(STORE) | TO(DHCPD) | TO(ARPD)));
	CHECK(proc_by_name("ksd") == PROC_KSD && proc_by_name("x") == -1);
	CHECK(msg_string_ok("ab", 3) == 0);
	CHECK(msg_string_ok("abc", 3) == -1);
}

int
main(void)
{
	friendly();
	descriptors();
	hostile();
	queueing();
	lists();
	return (unit_done());
}
