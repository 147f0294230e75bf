/* SPDX-License-Identifier: ISC */
/*
 * control_import.c: "import leases".  bootwardctl has read the file; what it
 * sends is kept, packed, until all of it is there, so that half a file counts
 * for nothing.  Then some hundred leases at a time go to disk and to dhcpd,
 * and the daemons have their turn between them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

#define BLOCK		65536
#define BLOCKS_MAX	4096		/* 256 MiB: some four million leases */
#define SLICE		512		/* leases of a transaction */
#define BACKLOG		(4 * 1024 * 1024)	/* that dhcpd has not read */
#define BUSY_MS		10
#define NAMED_MAX	1000		/* skipped ones that are named */
#define WALL_MAX	(1LL << 40)
#define SAME_US		1000000		/* clocks are not read at once */

/* A lease as it waits; its client id and its name follow. */
struct packed {
	int64_t		start_wall, expire_wall;
	uint32_t	addr, line;
	struct mac	mac;
	uint8_t		id_len, name_len;
};

struct block {
	TAILQ_ENTRY(block) entry;
	size_t		 len, off;	/* written and read so far */
	uint8_t		 octets[BLOCK];
};

/* There is one at a time. */
static struct {
	int		 running;
	struct session	*session;	/* NULL: it has hung up */
	int		 complete;
	TAILQ_HEAD(blocks, block) blocks;
	size_t		 nblocks;
	size_t		 imported, expired, skipped;
	char		 named[PATH_LEN / 2];	/* the first skipped one */
} job;
static struct event	*job_timer;

static void
job_end(void)
{
	struct block	*b;

	while ((b = TAILQ_FIRST(&job.blocks)) != NULL) {
		TAILQ_REMOVE(&job.blocks, b, entry);
		free(b);
	}
	memset(&job, 0, sizeof(job));
}

/* Keeping. */

static int
job_put(const struct ctl_import *in)
{
	struct block	*b = TAILQ_LAST(&job.blocks, blocks);
	struct packed	 p;
	struct wbuf	 out;

	memset(&p, 0, sizeof(p));
	p.start_wall = in->start_wall;
	p.expire_wall = in->expire_wall;
	p.addr = in->addr;
	p.line = in->line;
	p.mac = in->mac;
	p.id_len = in->id_len;
	p.name_len = (uint8_t)strlen(in->hostname);
	if (b == NULL ||
	    b->len + sizeof(p) + p.id_len + p.name_len > sizeof(b->octets)) {
		if (job.nblocks == BLOCKS_MAX ||
		    (b = malloc(sizeof(*b))) == NULL)
			return (-1);
		b->len = b->off = 0;
		TAILQ_INSERT_TAIL(&job.blocks, b, entry);
		job.nblocks++;
	}
	wbuf_init(&out, b->octets + b->len, sizeof(b->octets) - b->len);
	wbuf_copy(&out, &p, sizeof(p));
	wbuf_copy(&out, in->id, p.id_len);
	wbuf_copy(&out, in->hostname, p.name_len);
	b->len += out.len;
	return (0);
}

/* The next one that waits, or -1 when it was the last. */
static int
job_get(struct packed *p, struct msg_lease *l)
{
	struct block	*b = TAILQ_FIRST(&job.blocks);
	struct buf	 in;

	if (b != NULL && b->off == b->len) {
		TAILQ_REMOVE(&job.blocks, b, entry);
		free(b);
		b = TAILQ_FIRST(&job.blocks);
	}
	if (b == NULL)
		return (-1);
	memset(l, 0, sizeof(*l));
	buf_init(&in, b->octets + b->off, b->len - b->off);
	buf_copy(&in, p, sizeof(*p));
	buf_copy(&in, l->id, p->id_len);
	buf_copy(&in, l->hostname, p->name_len);
	b->off += in.off;
	l->addr = p->addr;
	l->mac = p->mac;
	l->id_len = p->id_len;
	return (0);
}

static int
import_ok(const struct ctl_import *in)
{
	return (in->addr != 0 && in->addr != UINT32_MAX &&
	    MSG_STRING_OK(in->hostname) &&
	    (in->hostname[0] == '\0' || name_is_ldh(in->hostname)) &&
	    (mac_is_unicast(in->mac) || in->id_len > 0) &&
	    in->start_wall >= 0 && in->start_wall < WALL_MAX &&
	    in->expire_wall >= 0 &&
	    (in->expire_wall < WALL_MAX || in->expire_wall == INT64_MAX));
}

/* Judging. */

static uint32_t
lease_host(const struct msg_lease *l)
{
	uint32_t	host = NONE;

	if (mac_is_unicast(l->mac))
		host = conf_host_by_mac(child.conf, l->mac);
	if (host == NONE && l->id_len > 0)
		host = conf_host_by_id(child.conf, HOSTID_CLIENT_ID, l->id,
		    l->id_len);
	return (host);
}

/* What the wall clock of the file means here. */
static void
lease_times(struct msg_lease *l, const struct packed *p, mono_t now,
    int64_t wall_us)
{
	const int64_t	shift = now.us - wall_us;

	l->start_us = now.us;
	if (p->start_wall != 0 && p->start_wall * 1000000 + shift < now.us)
		l->start_us = p->start_wall * 1000000 + shift;
	l->expire_us = p->expire_wall == INT64_MAX ? INT64_MAX :
	    p->expire_wall * 1000000 + shift;
	l->state = l->expire_us > now.us ? LEASE_BOUND : LEASE_FREE;
	if (l->start_us > l->expire_us)
		l->start_us = l->expire_us;
}

/* Why this lease is not taken, or NULL. */
static const char *
lease_refused(const struct msg_lease *l, uint32_t host, mono_t now)
{
	const struct conf	*conf = child.conf;
	struct msg_lease	 have;
	uint32_t		 other;

	if (conf_segment_of(conf, l->addr) == NONE)
		return ("in no subnet of the configuration");
	other = conf_host_by_addr(conf, l->addr);
	if (other != NONE && other != host)
		return ("reserved for another host");
	if (db->lease(l->addr, &have) != 1)
		return (NULL);
	if (have.state == LEASE_BOUND && have.expire_us > now.us)
		return ("already leased");
	if (l->state == LEASE_FREE && have.expire_us > l->expire_us - SAME_US)
		return ("a later client of it is known");
	return (NULL);
}

static void
job_skip(const struct packed *p, const char *why)
{
	char	line[PATH_LEN], addr[ADDR_STRLEN];

	(void)addr_str(p->addr, addr);
	if (job.skipped++ == 0)
		(void)snprintf(job.named, sizeof(job.named), " (%s: %s)", addr,
		    why);
	if (job.session == NULL || job.skipped > NAMED_MAX)
		return;
	(void)snprintf(line, sizeof(line), "line %u: %s: %s", p->line, addr,
	    why);
	session_send(job.session, MSG_CTL_TEXT, line, strlen(line));
}

/* Taking. */

static void
job_done(int error)
{
	struct session	*s = job.session;
	char		 text[PATH_LEN];

	(void)snprintf(text, sizeof(text), "imported %zu, expired %zu, "
	    "skipped %zu%s%s%s", job.imported, job.expired, job.skipped,
	    job.named, error == 0 ? "" : ", then the store could not write: ",
	    error == 0 ? "" : strerror(error));
	log_info("import of leases: %s", text);
	job_end();
	if (s == NULL)
		return;
	session_end(s, error != 0, text);
}

/* Up to max leases that may be taken: how many, and if there are more. */
static size_t
job_rows(struct msg_lease *rows, size_t max, mono_t now, int *more)
{
	struct store_clock	clock;
	struct packed		p;
	const char		*why;
	uint32_t		host;
	size_t			i, n = 0;

	store_clock_now(&clock, now);
	for (i = 0; i < max; i++) {
		if ((*more = job_get(&p, &rows[n]) == 0) == 0)
			break;
		lease_times(&rows[n], &p, now, clock.wall_us);
		host = lease_host(&rows[n]);
		if ((why = lease_refused(&rows[n], host, now)) != NULL) {
			job_skip(&p, why);
			continue;
		}
		if (host != NONE)
			memcpy(rows[n].host, child.conf->host[host].name,
			    sizeof(rows[n].host));
		n++;
	}
	return (n);
}

static void
job_slice(int fd, short what, void *arg)
{
	static struct msg_lease	rows[SLICE];
	struct imsgbuf		*dhcpd = child.link[PROC_DHCPD];
	mono_t			 now = clock_now();
	size_t			 i, n, over = 0;
	int			 error, more;

	(void)fd;
	(void)what;
	(void)arg;
	if (job.session != NULL)
		job.session->deadline = mono_add_s(now, IDLE_S);
	if (dhcpd != NULL && dhcpd->queued > BACKLOG) {
		proc_timer_set(job_timer, BUSY_MS);
		return;
	}
	/* What dhcpd has granted until now comes first. */
	(void)store_flush();
	n = job_rows(rows, SLICE, now, &more);
	if (n > 0 && (error = store_leases(rows, n, now)) != 0) {
		job_done(error);
		return;
	}
	for (i = 0; i < n; i++)
		over += rows[i].state == LEASE_FREE;
	job.imported += n - over;
	job.expired += over;
	if (more)
		proc_timer_set(job_timer, 0);
	else
		job_done(0);
}

/* Sessions. */

/* The rest of what it sends is on its way already: it is passed over. */
static void
chunk_refuse(struct session *s, int last, const char *why)
{
	if (job.running && job.session == s)
		job_end();
	s->refused = !last;
	session_refuse(s, "%s; nothing has been imported", why);
}

static const char *
chunk_begin(struct session *s, const struct ctl_import *in)
{
	if (in->version != MSG_VERSION)
		return ("bootwardctl is of another version than the store");
	if (!s->conn.admin)
		return ("only root and the group _bootward may do this");
	if (job.running)
		return ("another import is under way");
	if (job_timer == NULL)
		job_timer = proc_timer(job_slice, NULL);
	TAILQ_INIT(&job.blocks);
	job.running = 1;
	job.session = s;
	s->busy = IMPORT;
	return (NULL);
}

void
import_chunk(struct session *s, const struct ctl_import *in, size_t n)
{
	const int	 last = in[n - 1].last != 0;
	const char	*why;
	size_t		 i;

	if (s->refused) {
		s->refused = !last;
		return;
	}
	if (s->busy == IDLE && (why = chunk_begin(s, in)) != NULL) {
		chunk_refuse(s, last, why);
		return;
	}
	if (s->busy != IMPORT || job.complete) {
		s->gone = 1;
		return;
	}
	for (i = 0; i < n; i++) {
		if (!import_ok(&in[i])) {
			s->gone = 1;
			return;
		}
		if (job_put(&in[i]) == -1) {
			chunk_refuse(s, last, "too many leases");
			return;
		}
	}
	s->deadline = mono_add_s(clock_now(), IDLE_S);
	if (!last)
		return;
	log_info("uid %u: import of leases", s->conn.uid);
	job.complete = 1;
	proc_timer_set(job_timer, 0);
}

void
import_forget(const struct session *s)
{
	if (!job.running || job.session != s)
		return;
	job.session = NULL;
	if (!job.complete)
		job_end();
}
