/* SPDX-License-Identifier: ISC */
/*
 * control_list.c: what "show hosts", "show leases" and "trace" send, a few
 * rows at a time, from the configuration, the tickets and the database.
 */
#include <stdio.h>
#include <string.h>

#include "control.h"

#define ROWS	16		/* in a chunk */

static void
host_send(struct session *s, uint32_t index, mono_t now)
{
	const struct conf_host	*host = &child.conf->host[index];
	struct store_event	 last;
	struct ctl_host		 out;

	memset(&out, 0, sizeof(out));
	tickets_get(host->name, &out.ticket);
	if (out.ticket.image[0] == '\0')
		memcpy(out.ticket.image, host->image, sizeof(host->image));
	/* The token opens the answer file: nobody has to see it. */
	memset(out.ticket.token, 0, sizeof(out.ticket.token));
	if (out.ticket.since_us != 0)
		out.age_s = (now.us - out.ticket.since_us) / 1000000;
	if ((out.addr = tickets_addr(host->name)) == 0)
		out.addr = host->addr;
	out.mac = conf_host_mac(child.conf, index);
	if (db->last_event(host->name, &last))
		(void)snprintf(out.last, sizeof(out.last), "%s: %.100s",
		    step_names[last.ctl.event.step], last.ctl.event.text);
	session_send(s, MSG_CTL_HOST, &out, sizeof(out));
}

int
list_hosts(struct session *s)
{
	mono_t	now = clock_now();
	int	i;

	for (i = 0; i < ROWS; i++, s->cursor++) {
		if ((size_t)s->cursor >= child.conf->nhost)
			return (0);
		host_send(s, (uint32_t)s->cursor, now);
	}
	return (1);
}

int
list_leases(struct session *s)
{
	struct msg_lease	rows[ROWS];
	struct ctl_lease	out;
	mono_t			now = clock_now();
	int			i, n;

	if ((n = db->leases(s->cursor, rows, nitems(rows))) == -1)
		return (-1);
	for (i = 0; i < n; i++) {
		s->cursor = rows[i].addr;
		if (rows[i].state == LEASE_FREE)
			continue;
		memset(&out, 0, sizeof(out));
		out.lease = rows[i];
		out.left_s = rows[i].expire_us == INT64_MAX ? INT64_MAX :
		    (rows[i].expire_us - now.us) / 1000000;
		out.start_wall = clock_wall_of((mono_t){ rows[i].start_us });
		session_send(s, MSG_CTL_LEASE, &out, sizeof(out));
	}
	return (n == (int)nitems(rows));
}

int
list_events(struct session *s)
{
	struct store_event	rows[ROWS];
	int			i, n;

	if ((n = db->events(s->req.name, s->cursor, rows, nitems(rows))) == -1)
		return (-1);
	for (i = 0; i < n; i++) {
		s->cursor = rows[i].seq;
		session_send(s, MSG_CTL_EVENT, &rows[i].ctl,
		    sizeof(rows[i].ctl));
	}
	return (n == (int)nitems(rows));
}
