/* SPDX-License-Identifier: ISC */
/*
 * store_rows.c: rows of the SQLite database as structs.  A row comes from a
 * disk that may have changed it, so every column is checked for its type, its
 * size and its range; a row with one bad column is no row.
 */
#include <sqlite3.h>
#include <string.h>

#include "store.h"

#define TIME_MAX	(1LL << 60)		/* beyond it is no time */

/* Columns: each returns -1 when the value is not what may stand there. */

int
col_int(sqlite3_stmt *s, int i, int64_t min, int64_t max, int64_t *value)
{
	*value = sqlite3_column_int64(s, i);
	if (sqlite3_column_type(s, i) != SQLITE_INTEGER ||
	    *value < min || *value > max)
		return (-1);
	return (0);
}

static int
col_time(sqlite3_stmt *s, int i, int64_t *value)
{
	if (col_int(s, i, INT64_MIN, INT64_MAX, value) == -1)
		return (-1);
	if (*value == INT64_MAX || (*value > -TIME_MAX && *value < TIME_MAX))
		return (0);
	return (-1);
}

int
col_text(sqlite3_stmt *s, int i, char *text, size_t size)
{
	const unsigned char	*p = sqlite3_column_text(s, i);
	size_t			 len = (size_t)sqlite3_column_bytes(s, i), n;

	if (sqlite3_column_type(s, i) != SQLITE_TEXT || p == NULL ||
	    len >= size)
		return (-1);
	memset(text, 0, size);
	for (n = 0; n < len; n++) {
		if (p[n] < 0x20 || p[n] > 0x7e)
			return (-1);
		text[n] = (char)p[n];
	}
	return (0);
}

static int
col_blob(sqlite3_stmt *s, int i, size_t min, size_t max, uint8_t *data,
    size_t *len)
{
	const void	*p = sqlite3_column_blob(s, i);

	*len = (size_t)sqlite3_column_bytes(s, i);
	if (sqlite3_column_type(s, i) != SQLITE_BLOB || *len < min ||
	    *len > max)
		return (-1);
	if (*len > 0)
		memcpy(data, p, *len);
	return (0);
}

static int
col_mac(sqlite3_stmt *s, int i, struct mac *mac)
{
	size_t	len;

	return (col_blob(s, i, sizeof(mac->b), sizeof(mac->b), mac->b, &len));
}

int
row_lease(sqlite3_stmt *s, void *out)
{
	struct msg_lease	*lease = out;
	int64_t			 addr, state;
	size_t			 id_len, relay_len;

	memset(lease, 0, sizeof(*lease));
	if (col_int(s, 0, 1, UINT32_MAX, &addr) == -1 ||
	    col_int(s, 1, LEASE_FREE, LEASE_DECLINED, &state) == -1 ||
	    col_mac(s, 2, &lease->mac) == -1 ||
	    col_blob(s, 3, 0, sizeof(lease->id), lease->id, &id_len) == -1 ||
	    col_text(s, 4, lease->host, sizeof(lease->host)) == -1 ||
	    col_text(s, 5, lease->hostname, sizeof(lease->hostname)) == -1 ||
	    col_time(s, 6, &lease->start_us) == -1 ||
	    col_time(s, 7, &lease->expire_us) == -1 ||
	    col_blob(s, 8, 0, sizeof(lease->relay), lease->relay,
	    &relay_len) == -1)
		return (-1);
	lease->addr = (uint32_t)addr;
	lease->state = (uint8_t)state;
	lease->id_len = (uint8_t)id_len;
	lease->relay_len = (uint8_t)relay_len;
	return (0);
}

int
row_ticket(sqlite3_stmt *s, void *out)
{
	struct msg_ticket	*ticket = out;
	int64_t			 state, seen;

	memset(ticket, 0, sizeof(*ticket));
	if (col_text(s, 0, ticket->host, sizeof(ticket->host)) == -1 ||
	    col_int(s, 1, 0, TICKET_MAX - 1, &state) == -1 ||
	    col_text(s, 2, ticket->image, sizeof(ticket->image)) == -1 ||
	    col_text(s, 3, ticket->token, sizeof(ticket->token)) == -1 ||
	    col_time(s, 4, &ticket->since_us) == -1 ||
	    col_time(s, 5, &ticket->expire_us) == -1 ||
	    col_int(s, 6, 0, 1, &seen) == -1 || ticket->host[0] == '\0')
		return (-1);
	ticket->state = (uint32_t)state;
	ticket->seen_system = (uint32_t)seen;
	return (0);
}

int
row_event(sqlite3_stmt *s, void *out)
{
	struct store_event	*row = out;
	struct msg_event	*event = &row->ctl.event;
	char			 step[NAME_LEN];
	int64_t			 bytes, addr;

	memset(row, 0, sizeof(*row));
	if (col_int(s, 0, 0, INT64_MAX, &row->seq) == -1 ||
	    col_time(s, 1, &row->ctl.wall_us) == -1 ||
	    col_text(s, 2, step, sizeof(step)) == -1 ||
	    col_int(s, 3, INT64_MIN, INT64_MAX, &bytes) == -1 ||
	    col_int(s, 4, 0, UINT32_MAX, &addr) == -1 ||
	    col_mac(s, 5, &event->mac) == -1 ||
	    col_text(s, 6, event->host, sizeof(event->host)) == -1 ||
	    col_text(s, 7, event->text, sizeof(event->text)) == -1)
		return (-1);
	while (event->step < STEP_MAX &&
	    strcmp(step_names[event->step], step) != 0)
		event->step++;
	event->percent = 100;
	event->bytes = (uint64_t)bytes;
	event->addr = (uint32_t)addr;
	return (event->step == STEP_MAX ? -1 : 0);
}
