/* SPDX-License-Identifier: ISC */
/*
 * output_json.c: the answers of the store as JSON (RFC 8259), pure ASCII: an
 * array with one object on each line, or without the array where there is no
 * end.  Times are microseconds or seconds since the epoch, lengths of time
 * seconds; what is not known is null.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

static int	is_live;
static size_t	objects, members;
static enum { NOTHING, FIELDS, OPTIONS } explained;

static void
json_quoted(const char *text, size_t size)
{
	size_t		i;
	unsigned char	c;

	(void)putchar('"');
	for (i = 0; i < size && text[i] != '\0'; i++) {
		c = (unsigned char)text[i];
		if (c == '"' || c == '\\')
			(void)printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			(void)printf("\\u%04x", c);
		else
			(void)putchar(c);
	}
	(void)putchar('"');
}

static void
json_name(const char *name)
{
	(void)printf("%s\"%s\":", members++ == 0 ? "" : ",", name);
}

static void
json_string(const char *name, const char *text, size_t size)
{
	json_name(name);
	json_quoted(text, size);
}
#define JSON_STRING(name, field)					\
	json_string((name), (field), sizeof(field))

static void
json_text(const char *name, const char *text)
{
	json_string(name, text, strlen(text));
}

static void
json_number(const char *name, int64_t value)
{
	json_name(name);
	(void)printf("%lld", (long long)value);
}

static void
json_null(const char *name)
{
	json_name(name);
	(void)printf("null");
}

static void
json_addr(const char *name, uint32_t addr)
{
	char	text[ADDR_STRLEN];

	if (addr == 0)
		json_null(name);
	else
		json_text(name, addr_str(addr, text));
}

static void
json_mac(const char *name, struct mac mac)
{
	static const struct mac	none;
	char			text[MAC_STRLEN];

	if (mac_equal(mac, none))
		json_null(name);
	else
		json_text(name, mac_str(mac, text));
}

static void
object_begin(void)
{
	if (!is_live && objects > 0)
		(void)printf(",\n");
	objects++;
	members = 0;
	(void)putchar('{');
}

static void
object_end(void)
{
	(void)putchar('}');
	if (is_live) {
		(void)putchar('\n');
		(void)fflush(stdout);
	}
}

static void
json_begin(int live)
{
	is_live = live;
	objects = 0;
	if (!is_live)
		(void)printf("[\n");
}

static void
json_end(void)
{
	if (!is_live)
		(void)printf("%s]\n", objects == 0 ? "" : "\n");
	(void)fflush(stdout);
}

static void
json_list(const char *name, uint32_t bits, const char *const *names, size_t n)
{
	size_t	i, shown = 0;

	json_name(name);
	(void)putchar('[');
	for (i = 0; i < n; i++)
		if ((bits & 1U << i) != 0)
			(void)printf("%s\"%s\"", shown++ == 0 ? "" : ",",
			    names[i]);
	(void)putchar(']');
}

static void
json_counters(const struct ctl_status *st)
{
	size_t	i;

	json_name("counters");
	(void)putchar('{');
	for (i = 0; i < st->ncounters && i < CTL_COUNTERS; i++) {
		if (i > 0)
			(void)putchar(',');
		json_quoted(st->counter[i].name, sizeof(st->counter[i].name));
		(void)printf(":%llu", (unsigned long long)st->counter[i].value);
	}
	(void)putchar('}');
}

static void
json_status(const struct ctl_status *st)
{
	object_begin();
	json_text("process", st->proc < PROC_MAX ? proc_names[st->proc] : "");
	json_name("running");
	(void)fputs(st->pid == 0 ? "false" : "true", stdout);
	if (st->pid != 0) {
		json_number("pid", st->pid);
		json_number("uptime", st->uptime_s);
		json_number("restarts", st->restarts);
		json_list("links", st->links, proc_names, PROC_MAX);
		json_list("sandbox", st->sandbox, sandbox_names,
		    SANDBOX_LAYERS);
		json_counters(st);
	}
	object_end();
}

static void
json_host(const struct ctl_host *h)
{
	object_begin();
	JSON_STRING("host", h->ticket.host);
	json_text("state", h->ticket.state < TICKET_MAX ?
	    ticket_names[h->ticket.state] : "");
	if (h->ticket.since_us == 0)
		json_null("age");
	else
		json_number("age", h->age_s);
	JSON_STRING("image", h->ticket.image);
	json_addr("address", h->addr);
	json_mac("mac", h->mac);
	JSON_STRING("last", h->last);
	object_end();
}

static void
json_lease(const struct ctl_lease *l)
{
	char	id[2 * CLIENT_ID_LEN + 1], relay[2 * RELAY_LEN + 1];
	size_t	len = l->lease.id_len, relay_len = l->lease.relay_len;

	hex_encode(l->lease.id, len > CLIENT_ID_LEN ? 0 : len, id);
	hex_encode(l->lease.relay, relay_len > RELAY_LEN ? 0 : relay_len,
	    relay);
	object_begin();
	json_addr("address", l->lease.addr);
	json_mac("mac", l->lease.mac);
	json_text("state", l->lease.state == LEASE_DECLINED ? "declined" :
	    l->left_s <= 0 ? "expired" : "bound");
	JSON_STRING("host", l->lease.host);
	JSON_STRING("name", l->lease.hostname);
	json_text("client-id", id);
	json_text("relay", relay);
	json_number("start", l->start_wall);
	if (l->left_s == INT64_MAX)
		json_null("left");
	else
		json_number("left", l->left_s);
	object_end();
}

static void
json_arp(const struct ctl_arp *a)
{
	object_begin();
	json_addr("address", a->addr);
	json_mac("mac", a->mac);
	json_mac("before", a->before);
	if (a->last_s == -1) {
		json_null("first");
		json_null("last");
	} else {
		json_number("first", a->first_s);
		json_number("last", a->last_s);
	}
	json_number("flips", a->flips);
	json_text("source", a->source < ARP_SOURCES ?
	    arp_source_names[a->source] : "");
	if (!mac_is_unicast(a->owner) && a->host[0] == '\0')
		json_null("stand");
	else
		json_text("stand", a->stand < STAND_MAX ?
		    stand_names[a->stand] : "");
	json_mac("owner", a->owner);
	JSON_STRING("host", a->host);
	JSON_STRING("interface", a->ifname);
	object_end();
}

static void
json_event(const struct ctl_event *ctl)
{
	const struct msg_event	*e = &ctl->event;

	object_begin();
	json_number("time", ctl->wall_us);
	JSON_STRING("host", e->host);
	json_mac("mac", e->mac);
	json_addr("address", e->addr);
	json_text("step", e->step < STEP_MAX ? step_names[e->step] : "");
	json_number("percent", e->percent);
	json_number("bytes", (int64_t)e->bytes);
	JSON_STRING("text", e->text);
	object_end();
}

/* The line of the configuration that something is from. */
static void
json_where(const char *where)
{
	if (where[0] == '\0')
		json_null("where");
	else
		json_text("where", where);
}

static void
explained_close(void)
{
	if (explained == OPTIONS)
		(void)putchar(']');
	if (explained != NOTHING)
		object_end();
	explained = NOTHING;
}

static void
explained_option(char *const *field)
{
	if (explained != OPTIONS) {
		json_name("options");
		(void)putchar('[');
	} else
		(void)putchar(',');
	explained = OPTIONS;
	members = 0;
	(void)putchar('{');
	json_number("code", (int64_t)strtoul(field[1], NULL, 10));
	json_text("name", field[2]);
	json_text("value", field[3]);
	json_where(field[4]);
	(void)putchar('}');
}

static void
explained_field(char *const *field)
{
	if (explained == NOTHING)
		object_begin();
	explained = FIELDS;
	if (members++ > 0)
		(void)putchar(',');
	json_quoted(field[0], strlen(field[0]));
	(void)printf(":{");
	members = 0;
	json_text("value", field[1]);
	json_where(field[2]);
	(void)putchar('}');
}

/* An object for each interface; its options are an array at its end. */
static void
json_explained(char *const *field, size_t n)
{
	if (n == 0 || strcmp(field[0], "interface") == 0)
		explained_close();
	if (n == 0)
		return;
	if (n < 5 && explained != OPTIONS)
		explained_field(field);
	else if (n == 5 && explained != NOTHING)
		explained_option(field);
}

static void
json_result(const char *kind, const char *name, const struct ctl_end *end)
{
	object_begin();
	if (name[0] != '\0')
		json_text(kind, name);
	json_name("done");
	(void)fputs(end->code == 0 ? "true" : "false", stdout);
	JSON_STRING("text", end->text);
	object_end();
	if (end->code != 0) {
		(void)fflush(stdout);
		(void)fprintf(stderr, "bootwardctl: %s%s%.*s\n", name,
		    name[0] == '\0' ? "" : ": ", (int)sizeof(end->text) - 1,
		    end->text);
	}
}

const struct output output_json = {
	.begin = json_begin,
	.status = json_status,
	.host = json_host,
	.lease = json_lease,
	.arp = json_arp,
	.event = json_event,
	.explained = json_explained,
	.result = json_result,
	.end = json_end,
};
