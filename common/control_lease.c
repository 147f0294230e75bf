/* SPDX-License-Identifier: ISC */
/*
 * control_lease.c: what bootwardctl asks about one address or one machine:
 * "release" and "explain".  How a machine is answered only dhcpd knows; the
 * store passes the question on, and waits for it no longer than a person
 * would.
 */
#include <string.h>

#include "control.h"

#define EXPLAIN_MS	3000
#define EXPLAIN_MAX	(1024 * 1024)	/* octets of an explanation */

/* A lease that is no more; its record stays, for its client to come back. */
static void
release_event(const struct msg_lease *l, mono_t now)
{
	static const char	text[] = "its lease was taken back";
	struct msg_event	event;

	memset(&event, 0, sizeof(event));
	event.when_us = now.us;
	event.addr = l->addr;
	event.mac = l->mac;
	event.step = STEP_NOTE;
	event.percent = 100;
	memcpy(event.host, l->host, sizeof(event.host));
	memcpy(event.text, text, sizeof(text));
	store_event(&event, now);
}

void
ctl_release(struct session *s)
{
	struct msg_lease	l;
	mono_t			now = clock_now();
	uint32_t		addr;
	int			error;

	if (addr_parse(s->req.name, &addr) == -1) {
		session_refuse(s, "this is not an address");
		return;
	}
	(void)store_flush();
	if (db->lease(addr, &l) != 1) {
		session_refuse(s, "nobody has a lease of it");
		return;
	}
	if (l.state == LEASE_FREE) {
		session_refuse(s, "nobody has a lease of it now");
		return;
	}
	log_info("uid %u: release %s", s->conn.uid, s->req.name);
	l.state = LEASE_FREE;
	if (l.expire_us > now.us)
		l.expire_us = now.us;
	if ((error = store_leases(&l, 1, now)) != 0) {
		session_refuse(s, "the store cannot write: %s",
		    strerror(error));
		return;
	}
	release_event(&l, now);
	session_end(s, 0, "is free");
}

void
ctl_explain(struct session *s)
{
	if (!mac_is_unicast(s->explain.mac)) {
		session_refuse(s, "this is not a machine's address");
		return;
	}
	s->busy = EXPLAIN;
	s->explained = 0;
	s->deadline = mono_add_ms(clock_now(), EXPLAIN_MS);
	if (proc_send(PROC_DHCPD, MSG_EXPLAIN, s->id, -1, &s->explain,
	    sizeof(s->explain)) == -1)
		session_refuse(s, "dhcpd does not run");
}

void
explain_lost(struct session *s)
{
	session_refuse(s, child.link[PROC_DHCPD] == NULL ?
	    "dhcpd does not run" : "dhcpd does not answer");
}

/* Its last piece has nothing in it. */
void
control_explained(uint32_t id, const char *text, size_t len)
{
	struct session	*s = session_find(id, EXPLAIN);

	if (id == 0 || s == NULL)
		return;
	s->explained += len;
	if (len == 0)
		session_end(s, 0, "");
	else if (s->explained > EXPLAIN_MAX)
		session_refuse(s, "dhcpd says too much");
	else
		session_send(s, MSG_CTL_TEXT, text, len);
}
