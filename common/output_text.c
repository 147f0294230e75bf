/* SPDX-License-Identifier: ISC */
/*
 * output_text.c: the answers of the store as tables for people.  What came
 * over the network once is shown with '?' for anything but printable ASCII.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "output.h"

#define TEXT_MAX	512
#define LINE_WIDTH	79

static int	is_live;
static size_t	rows;

/* The heading stands above the first row. */
static void
heading(const char *text)
{
	if (rows++ == 0)
		(void)printf("%s\n", text);
}

static const char *
clean(const char *in, size_t size, char out[TEXT_MAX])
{
	size_t	i;

	for (i = 0; i < size && i < TEXT_MAX - 1 && in[i] != '\0'; i++)
		out[i] = in[i] < 0x20 || in[i] > 0x7e ? '?' : in[i];
	out[i] = '\0';
	return (out[0] == '\0' ? "-" : out);
}
#define CLEAN(field, out)	clean((field), sizeof(field), (out))

/* A length of time in its two greatest units. */
static const char *
duration(int64_t s, char text[32])
{
	if (s < 0)
		s = 0;
	if (s == INT64_MAX)
		(void)snprintf(text, 32, "forever");
	else if (s < 60)
		(void)snprintf(text, 32, "%ds", (int)s);
	else if (s < 3600)
		(void)snprintf(text, 32, "%dm%02ds", (int)(s / 60),
		    (int)(s % 60));
	else if (s < 86400)
		(void)snprintf(text, 32, "%dh%02dm", (int)(s / 3600),
		    (int)(s / 60 % 60));
	else
		(void)snprintf(text, 32, "%lldd%02dh", (long long)(s / 86400),
		    (int)(s / 3600 % 24));
	return (text);
}

static void
text_begin(int live)
{
	is_live = live;
	rows = 0;
}

static void
text_end(void)
{
	(void)fflush(stdout);
}

static void
status_sandbox(uint32_t layers, struct wbuf *out)
{
	size_t	i;

	for (i = 0; i < SANDBOX_LAYERS; i++)
		if ((layers & 1U << i) == 0)
			wbuf_printf(out, "%s%s", out->len == 0 ? "without " :
			    ",", sandbox_names[i]);
	if (out->len == 0)
		wbuf_str(out, "full");
}

static void
status_links(uint32_t links, struct wbuf *out)
{
	size_t	i;

	for (i = 0; i < PROC_MAX; i++)
		if ((links & 1U << i) != 0)
			wbuf_printf(out, "%s%s", out->len == 0 ? "" : ",",
			    proc_names[i]);
	if (out->len == 0)
		wbuf_str(out, "-");
}

static void
status_counters(const struct ctl_status *st)
{
	char	text[TEXT_MAX], item[64];
	size_t	i, len, column = 0;

	for (i = 0; i < st->ncounters && i < CTL_COUNTERS; i++) {
		(void)snprintf(item, sizeof(item), "%.24s %llu",
		    CLEAN(st->counter[i].name, text),
		    (unsigned long long)st->counter[i].value);
		len = strlen(item);
		if (column > 0 && column + len + 3 > LINE_WIDTH) {
			(void)printf(",\n");
			column = 0;
		}
		(void)printf("%s%s", column == 0 ? "  " : ", ", item);
		column += len + 2;
	}
	if (i > 0)
		(void)printf("\n");
}

static void
text_status(const struct ctl_status *st)
{
	char		links[128] = "", sandbox[256] = "", up[32];
	struct wbuf	out;

	heading("PROCESS  STATE    PID      UP       RESTARTS  LINKS"
	    "                   SANDBOX");
	if (st->proc >= PROC_MAX)
		return;
	if (st->pid == 0) {
		(void)printf("%-8s down\n", proc_names[st->proc]);
		return;
	}
	wbuf_init(&out, links, sizeof(links) - 1);
	status_links(st->links, &out);
	wbuf_init(&out, sandbox, sizeof(sandbox) - 1);
	status_sandbox(st->sandbox, &out);
	(void)printf("%-8s running  %-8d %-8s %-9u %-23s %s\n",
	    proc_names[st->proc], st->pid, duration(st->uptime_s, up),
	    st->restarts, links, sandbox);
	status_counters(st);
}

static void
text_host(const struct ctl_host *h)
{
	static const struct mac	none;
	char	host[TEXT_MAX], image[TEXT_MAX], last[TEXT_MAX];
	char	addr[ADDR_STRLEN], mac[MAC_STRLEN], age[32];

	heading("HOST              STATE       SINCE    IMAGE         "
	    "ADDRESS          ETHERNET           LAST STEP");
	(void)printf("%-17s %-11s %-8s %-13s %-16s %-18s %s\n",
	    CLEAN(h->ticket.host, host),
	    h->ticket.state < TICKET_MAX ? ticket_names[h->ticket.state] : "?",
	    h->ticket.since_us == 0 ? "-" : duration(h->age_s, age),
	    CLEAN(h->ticket.image, image),
	    h->addr == 0 ? "-" : addr_str(h->addr, addr),
	    mac_equal(h->mac, none) ? "-" : mac_str(h->mac, mac),
	    CLEAN(h->last, last));
}

static void
text_lease(const struct ctl_lease *l)
{
	char	host[TEXT_MAX], name[TEXT_MAX], left[32];
	char	addr[ADDR_STRLEN], mac[MAC_STRLEN];

	heading("ADDRESS          ETHERNET           LEFT      HOST"
	    "              NAME");
	(void)printf("%-16s %-18s %-9s %-17s %s\n",
	    addr_str(l->lease.addr, addr), mac_str(l->lease.mac, mac),
	    l->lease.state == LEASE_DECLINED ? "declined" :
	    l->left_s <= 0 ? "expired" : duration(l->left_s, left),
	    CLEAN(l->lease.host, host), CLEAN(l->lease.hostname, name));
}

/* How long ago each was heard, as what; and who should be there. */
static void
text_arp(const struct ctl_arp *a)
{
	char		host[TEXT_MAX], ifname[TEXT_MAX], last[32];
	char		addr[ADDR_STRLEN], mac[MAC_STRLEN];
	char		owner[MAC_STRLEN], before[MAC_STRLEN];
	const int	owned = mac_is_unicast(a->owner);

	heading("ADDRESS          ETHERNET           LAST     FLIPS  SOURCE"
	    "    INTERFACE  STAND   OWNER              BEFORE");
	(void)printf("%-16s %-18s %-8s %-6u %-9s %-10s %-7s %-18s %s\n",
	    addr_str(a->addr, addr),
	    mac_is_unicast(a->mac) ? mac_str(a->mac, mac) : "-",
	    a->last_s == -1 ? "-" : duration(a->last_s, last), a->flips,
	    a->source < ARP_SOURCES ? arp_source_names[a->source] : "?",
	    CLEAN(a->ifname, ifname), !owned && a->host[0] == '\0' ? "-" :
	    a->stand < STAND_MAX ? stand_names[a->stand] : "?",
	    a->host[0] != '\0' ? CLEAN(a->host, host) :
	    owned ? mac_str(a->owner, owner) : "-",
	    mac_is_unicast(a->before) ? mac_str(a->before, before) : "-");
}

/* "14:03:27.381", with the date when it is not shown as it happens. */
static void
event_time(int64_t wall_us, char *text, size_t size)
{
	time_t		s = (time_t)(wall_us / 1000000);
	struct tm	tm;
	size_t		len = 0;

	text[0] = '\0';
	if (localtime_r(&s, &tm) != NULL)
		len = strftime(text, size, is_live ? "%H:%M:%S" :
		    "%Y-%m-%d %H:%M:%S", &tm);
	(void)snprintf(text + len, size - len, ".%03d",
	    (int)(wall_us / 1000 % 1000));
}

static void
text_event(const struct ctl_event *ctl)
{
	const struct msg_event	*e = &ctl->event;
	char	when[64], host[TEXT_MAX], text[TEXT_MAX], percent[16] = "";
	char	addr[ADDR_STRLEN], mac[MAC_STRLEN];

	event_time(ctl->wall_us, when, sizeof(when));
	if (e->host[0] != '\0')
		(void)CLEAN(e->host, host);
	else if (mac_is_unicast(e->mac))
		(void)snprintf(host, sizeof(host), "%s", mac_str(e->mac, mac));
	else
		(void)snprintf(host, sizeof(host), "%s",
		    e->addr == 0 ? "-" : addr_str(e->addr, addr));
	if (e->percent < 100)
		(void)snprintf(percent, sizeof(percent), "%d %% ", e->percent);
	(void)printf("%s  %-17s  %-9s %s%s\n", when, host,
	    e->step < STEP_MAX ? step_names[e->step] : "?", percent,
	    CLEAN(e->text, text));
	if (is_live)
		(void)fflush(stdout);
}

/* Each interface has a paragraph of its own. */
static void
text_explained(char *const *field, size_t n)
{
	char		name[TEXT_MAX], what[TEXT_MAX];
	const char	*c;
	size_t		i;

	if (n == 0)
		return;
	if (strcmp(field[0], "interface") == 0 && rows++ > 0)
		(void)printf("\n");
	if (n < 5) {
		i = 1;
		(void)printf("%-17s ", clean(field[0], TEXT_MAX, name));
	} else {
		i = 3;
		(void)snprintf(what, sizeof(what), "%.8s %.40s", field[1],
		    field[2]);
		(void)printf("  %-24s ", clean(what, sizeof(what), name));
	}
	for (c = field[i]; *c != '\0'; c++)
		(void)putchar(*c < 0x20 || *c > 0x7e ? '?' : *c);
	if (*field[i + 1] != '\0')
		(void)printf("  (%s)", clean(field[i + 1], TEXT_MAX, what));
	(void)printf("\n");
}

static void
text_result(const char *kind, const char *name, const struct ctl_end *end)
{
	char	text[TEXT_MAX];

	(void)kind;
	(void)clean(end->text, sizeof(end->text), text);
	(void)fflush(stdout);
	if (end->code != 0)
		(void)fprintf(stderr, "bootwardctl: %s%s%s\n", name,
		    name[0] == '\0' ? "" : ": ", text);
	else if (end->text[0] != '\0')
		(void)printf("%s%s%s\n", name, name[0] == '\0' ? "" : ": ",
		    text);
}

const struct output output_text = {
	.begin = text_begin,
	.status = text_status,
	.host = text_host,
	.lease = text_lease,
	.arp = text_arp,
	.event = text_event,
	.explained = text_explained,
	.result = text_result,
	.end = text_end,
};
