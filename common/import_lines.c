/* SPDX-License-Identifier: ISC */
/*
 * import_lines.c: the lease files that have a line for each entry: Kea's
 * memfile (CSV with a heading) and dnsmasq's.
 */
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define FIELDS_MAX	32
#define SECONDS_MAX	(1LL << 40)
#define KEA_FOREVER	UINT32_MAX	/* valid_lifetime */

/* Cut a line up at each separator; how many fields, or -1 when too many. */
static int
fields_split(char *line, char separator, char *field[FIELDS_MAX])
{
	char	*next;
	int	 n = 0;

	for (; line != NULL; line = next) {
		if (n == FIELDS_MAX)
			return (-1);
		if ((next = strchr(line, separator)) != NULL)
			*next++ = '\0';
		field[n++] = line;
	}
	return (n);
}

/* A hardware address: Ethernet, or one of another kind, which has no MAC. */
static int
hardware_take(struct import *im, struct ctl_import *lease, const char *text)
{
	uint8_t	octets[sizeof(lease->mac.b)];
	int	len;

	if ((len = import_hex(text, octets, sizeof(octets))) == -1)
		return (import_error(im, "a hardware address was expected, "
		    "not \"%.40s\"", text));
	if (len == sizeof(octets))
		memcpy(lease->mac.b, octets, sizeof(octets));
	return (0);
}

/* Kea. */

enum column {
	KEA_ADDRESS, KEA_HWADDR, KEA_CLIENT_ID, KEA_LIFETIME, KEA_EXPIRE,
	KEA_NEEDED,			/* from here on they may be missing */
	KEA_HOSTNAME = KEA_NEEDED, KEA_STATE, KEA_COLUMNS
};

static const char *const kea_columns[KEA_COLUMNS] = {
	[KEA_ADDRESS] = "address",
	[KEA_HWADDR] = "hwaddr",
	[KEA_CLIENT_ID] = "client_id",
	[KEA_LIFETIME] = "valid_lifetime",
	[KEA_EXPIRE] = "expire",
	[KEA_HOSTNAME] = "hostname",
	[KEA_STATE] = "state",
};

/* Kea's states; those that newer ones add are not of IPv4 leases. */
static const enum import_state kea_states[] = {
	IMPORT_LEASED, IMPORT_DECLINED, IMPORT_OVER, IMPORT_OVER
};

struct kea {
	int	 ncolumns;		/* of the heading */
	int	 at[KEA_COLUMNS];	/* which field it is, or -1 */
	char	*field[FIELDS_MAX];
	int	 nfields;
};

/* A comma in a value is written as "&#x2c". */
static void
kea_unescape(char *text)
{
	static const char	comma[] = "&#x2c";
	char			*out = text;

	while (*text != '\0') {
		if (strncasecmp(text, comma, sizeof(comma) - 1) == 0) {
			*out++ = ',';
			text += sizeof(comma) - 1;
		} else
			*out++ = *text++;
	}
	*out = '\0';
}

static int
kea_heading(struct import *im, struct kea *k, char *line)
{
	int	i, f;

	k->ncolumns = fields_split(line, ',', k->field);
	for (f = 0; f < k->ncolumns; f++)
		if (strcmp(k->field[f], "duid") == 0)
			return (import_error(im, "this is a file of DHCPv6"));
	for (i = 0; i < KEA_COLUMNS; i++) {
		k->at[i] = -1;
		for (f = 0; f < k->ncolumns; f++)
			if (strcmp(k->field[f], kea_columns[i]) == 0)
				k->at[i] = f;
		if (i < KEA_NEEDED && k->at[i] == -1)
			return (import_error(im, "the heading of a lease file "
			    "was expected: there is no column \"%s\"",
			    kea_columns[i]));
	}
	return (0);
}

static const char *
kea_field(const struct kea *k, enum column c)
{
	return (k->at[c] == -1 || k->at[c] >= k->nfields ? "" :
	    k->field[k->at[c]]);
}

static int
kea_times(struct import *im, const struct kea *k, struct ctl_import *lease,
    enum import_state *state)
{
	int64_t	lifetime;

	if (import_number(kea_field(k, KEA_LIFETIME), UINT32_MAX,
	    &lifetime) == -1)
		return (import_error(im, "valid_lifetime: a number was "
		    "expected, not \"%.40s\"", kea_field(k, KEA_LIFETIME)));
	if (import_number(kea_field(k, KEA_EXPIRE), SECONDS_MAX,
	    &lease->expire_wall) == -1)
		return (import_error(im, "expire: seconds since 1970 were "
		    "expected, not \"%.40s\"", kea_field(k, KEA_EXPIRE)));
	lease->start_wall = lease->expire_wall > lifetime ?
	    lease->expire_wall - lifetime : 0;
	/* This is how Kea writes that a lease is deleted. */
	if (lifetime == 0)
		*state = IMPORT_OVER;
	else if (lifetime == KEA_FOREVER && *state == IMPORT_LEASED)
		lease->expire_wall = INT64_MAX;
	return (0);
}

static int
kea_row(struct import *im, struct kea *k, char *line)
{
	struct ctl_import	 lease = { .line = im->line };
	enum import_state	 state;
	int64_t			 number = 0;
	const char		*text;
	int			 f;

	k->nfields = fields_split(line, ',', k->field);
	if (k->nfields < KEA_NEEDED || k->nfields > k->ncolumns)
		return (import_error(im, "%d fields below a heading of %d",
		    k->nfields, k->ncolumns));
	for (f = 0; f < k->nfields; f++)
		kea_unescape(k->field[f]);
	text = kea_field(k, KEA_ADDRESS);
	if (addr_parse(text, &lease.addr) == -1)
		return (import_error(im, "an address was expected, not "
		    "\"%.40s\"", text));
	text = kea_field(k, KEA_STATE);
	if ((*text != '\0' && import_number(text, nitems(kea_states) - 1,
	    &number) == -1))
		return (import_error(im, "a state was expected, not \"%.40s\"",
		    text));
	state = kea_states[number];
	text = kea_field(k, KEA_HWADDR);
	if (*text != '\0' && hardware_take(im, &lease, text) == -1)
		return (-1);
	text = kea_field(k, KEA_CLIENT_ID);
	if (*text != '\0' && import_client_hex(im, &lease, text) == -1)
		return (-1);
	if (kea_times(im, k, &lease, &state) == -1)
		return (-1);
	import_hostname(&lease, kea_field(k, KEA_HOSTNAME));
	return (import_add(im, &lease, state));
}

int
import_kea(struct import *im, FILE *f)
{
	static char	line[IMPORT_LINE];
	struct kea	k = { .ncolumns = 0 };
	int		got;

	if ((got = import_line(im, f, line)) == -1)
		return (-1);
	if (got == 0)
		return (0);		/* it has just been made */
	if (kea_heading(im, &k, line) == -1)
		return (-1);
	while (im->errors < IMPORT_ERRORS &&
	    (got = import_line(im, f, line)) == 1)
		if (line[0] != '\0')
			(void)kea_row(im, &k, line);
	return (got == -1 || im->errors > 0 ? -1 : 0);
}

/* dnsmasq: "expiry hardware address name client-id". */

/* "52:54:00:..", or "06-52:54:00:.." when it is not Ethernet. */
static int
dnsmasq_hardware(struct import *im, struct ctl_import *lease, const char *text)
{
	struct ctl_import	 ignored = { .addr = 0 };
	const char		*dash = strchr(text, '-');
	uint8_t			 type[1];
	char			 prefix[4] = "";

	if (dash == NULL)
		return (hardware_take(im, lease, text));
	if (dash - text < (int)sizeof(prefix))
		memcpy(prefix, text, (size_t)(dash - text));
	if (import_hex(prefix, type, sizeof(type)) != 1)
		return (import_error(im, "a hardware address was expected, "
		    "not \"%.40s\"", text));
	if (dash[1] == '\0')
		return (0);
	return (hardware_take(im, type[0] == 1 ? lease : &ignored, dash + 1));
}

static int
dnsmasq_row(struct import *im, char *line)
{
	struct ctl_import	 lease = { .line = im->line };
	char			*field[FIELDS_MAX];
	int			 n = fields_split(line, ' ', field);
	int64_t			 expire;

	/* What follows the server's DUID is of DHCPv6. */
	if (n == 2 && strcmp(field[0], "duid") == 0)
		return (0);
	if (n != 5)
		return (import_error(im, "expiry, hardware address, address, "
		    "name and client id were expected"));
	if (import_number(field[0], SECONDS_MAX, &expire) == -1)
		return (import_error(im, "seconds since 1970 were expected, "
		    "not \"%.40s\"", field[0]));
	if (strchr(field[2], ':') != NULL)
		return (import_add(im, &lease, IMPORT_IPV6));
	if (addr_parse(field[2], &lease.addr) == -1)
		return (import_error(im, "an address was expected, not "
		    "\"%.40s\"", field[2]));
	if (dnsmasq_hardware(im, &lease, field[1]) == -1)
		return (-1);
	if (strcmp(field[4], "*") != 0 &&
	    import_client_hex(im, &lease, field[4]) == -1)
		return (-1);
	if (strcmp(field[3], "*") != 0)
		import_hostname(&lease, field[3]);
	lease.expire_wall = expire == 0 ? INT64_MAX : expire;
	return (import_add(im, &lease, expire != 0 && expire <= im->now ?
	    IMPORT_OVER : IMPORT_LEASED));
}

int
import_dnsmasq(struct import *im, FILE *f)
{
	static char	line[IMPORT_LINE];
	int		got = 0;

	while (im->errors < IMPORT_ERRORS &&
	    (got = import_line(im, f, line)) == 1)
		if (line[0] != '\0')
			(void)dnsmasq_row(im, line);
	return (got == -1 || im->errors > 0 ? -1 : 0);
}
