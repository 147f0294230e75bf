/* SPDX-License-Identifier: ISC */
/*
 * import_isc.c: dhcpd.leases(5) of ISC dhcpd: statements that end in ";" or
 * in a block.  Of those only "lease" is of use here, and of what stands in
 * its block only what says whose it is, from when to when.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "import.h"

#define WORDS_MAX	6		/* of a statement that we read */
#define DEPTH_MAX	1000

enum token { T_END, T_WORD, T_TEXT, T_OPEN, T_CLOSE, T_SEMI, T_ERROR };

/* A word, or a text between quotes, whose octets may be any. */
struct word {
	size_t		len;
	int		quoted;
	int		cut;		/* it had more */
	char		octets[IMPORT_WORD + 1];
};

struct isc {
	struct import	*im;
	FILE		*f;
	struct word	 word;		/* of the last token */
	struct ctl_import lease;	/* that is being read */
	enum import_state state;
};

/* Words. */

static void
word_put(struct word *w, int c)
{
	if (w->len == IMPORT_WORD)
		w->cut = 1;
	else
		w->octets[w->len++] = (char)c;
	w->octets[w->len] = '\0';
}

static int
isc_getc(struct isc *p)
{
	int	c = getc(p->f);

	if (c == '\n')
		p->im->line++;
	return (c);
}

static void
isc_ungetc(struct isc *p, int c)
{
	if (c == EOF)
		return;
	if (c == '\n')
		p->im->line--;
	(void)ungetc(c, p->f);
}

/* Up to three octal digits, of which the first has been read. */
static int
octal(struct isc *p, int c)
{
	int	n, v = 0;

	for (n = 0; n < 3 && c >= '0' && c <= '7'; n++) {
		v = v * 8 + (c - '0');
		c = isc_getc(p);
	}
	isc_ungetc(p, c);
	return (v & 0xff);
}

static int
escaped(struct isc *p)
{
	static const char	plain[] = "nrtb", means[] = "\n\r\t\b";
	const char		*at;
	int			 c = isc_getc(p);

	if (c >= '0' && c <= '7')
		return (octal(p, c));
	if (c != EOF && (at = strchr(plain, c)) != NULL && c != '\0')
		return (means[at - plain]);
	return (c);
}

static enum token
isc_text(struct isc *p)
{
	uint32_t	line = p->im->line;
	int		c;

	p->word.quoted = 1;
	while ((c = isc_getc(p)) != '"') {
		if (c == '\\')
			c = escaped(p);
		if (c == EOF) {
			p->im->line = line;
			(void)import_error(p->im, "a text without an end");
			return (T_ERROR);
		}
		word_put(&p->word, c);
	}
	return (T_TEXT);
}

static int
is_space(int c)
{
	return (c == ' ' || c == '\t' || c == '\n' || c == '\r');
}

static enum token
isc_token(struct isc *p)
{
	int	c = isc_getc(p);

	p->word.len = 0;
	p->word.quoted = p->word.cut = 0;
	p->word.octets[0] = '\0';
	while (is_space(c) || c == '#') {
		if (c == '#')
			while (c != '\n' && c != EOF)
				c = isc_getc(p);
		else
			c = isc_getc(p);
	}
	switch (c) {
	case EOF:	return (T_END);
	case '{':	return (T_OPEN);
	case '}':	return (T_CLOSE);
	case ';':	return (T_SEMI);
	case '"':	return (isc_text(p));
	}
	while (c != EOF && !is_space(c) && strchr("{};\"#", c) == NULL) {
		word_put(&p->word, c);
		c = isc_getc(p);
	}
	isc_ungetc(p, c);
	if (c != '\0')
		return (T_WORD);
	(void)import_error(p->im, "a NUL octet");
	return (T_ERROR);
}

/* The rest of a statement: up to its ";", or to the end of its block. */
static int
isc_skip(struct isc *p)
{
	enum token	t;
	int		open = 0;

	while ((t = isc_token(p)) != T_END) {
		if (t == T_ERROR)
			return (-1);
		if (t == T_SEMI && open == 0)
			return (0);
		if (t == T_OPEN && ++open > DEPTH_MAX)
			return (import_error(p->im, "more than %d blocks in "
			    "each other", DEPTH_MAX));
		if (t == T_CLOSE && --open == 0)
			return (0);
		if (open < 0)
			return (import_error(p->im, "a \"}\" without a \"{\""));
	}
	return (import_error(p->im, "the file ends within a statement"));
}

/* The words of a statement up to its ";": how many, or -1. */
static int
isc_words(struct isc *p, struct word *words, int max)
{
	enum token	t;
	int		n = 0;

	while ((t = isc_token(p)) == T_WORD || t == T_TEXT) {
		if (n == max)
			return (import_error(p->im, "\";\" was expected, not "
			    "\"%.40s\"", p->word.octets));
		if (p->word.cut)
			return (import_error(p->im, "a word longer than %d "
			    "octets", IMPORT_WORD));
		words[n++] = p->word;
	}
	if (t == T_SEMI)
		return (n);
	return (t == T_ERROR ? -1 : import_error(p->im, "\";\" was expected"));
}

/* Times: "never", "epoch 1763546400", "4 2026/11/19 10:00:00", all UTC. */

/* Three numbers with a separator between them. */
static int
three(const char *text, char separator, const int max[3], int value[3])
{
	char	part[8];
	int64_t	v;
	size_t	len;
	int	i;

	for (i = 0; i < 3; i++) {
		len = strcspn(text, i < 2 ? (char[]){ separator, '\0' } : "");
		if (len >= sizeof(part) || (i < 2 && text[len] != separator))
			return (-1);
		memcpy(part, text, len);
		part[len] = '\0';
		if (import_number(part, max[i], &v) == -1)
			return (-1);
		value[i] = (int)v;
		text += len + (i < 2);
	}
	return (0);
}

static int
isc_date(const char *date, const char *clock, int64_t *wall)
{
	static const int	date_max[3] = { 9999, 12, 31 };
	static const int	clock_max[3] = { 23, 59, 60 };
	int			d[3], c[3];
	struct tm		tm;

	if (three(date, '/', date_max, d) == -1 || d[0] < 1970 || d[1] == 0 ||
	    d[2] == 0 || three(clock, ':', clock_max, c) == -1)
		return (-1);
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = d[0] - 1900;
	tm.tm_mon = d[1] - 1;
	tm.tm_mday = d[2];
	tm.tm_hour = c[0];
	tm.tm_min = c[1];
	tm.tm_sec = c[2];
	*wall = timegm(&tm);
	return (0);
}

static int
isc_time(struct isc *p, const struct word *w, int n, int64_t *wall)
{
	if (n == 1 && strcmp(w[0].octets, "never") == 0) {
		*wall = INT64_MAX;
		return (0);
	}
	if (n == 2 && strcmp(w[0].octets, "epoch") == 0 &&
	    import_number(w[1].octets, INT64_MAX / 2, wall) == 0)
		return (0);
	if (n == 3 && isc_date(w[1].octets, w[2].octets, wall) == 0)
		return (0);
	return (import_error(p->im, "a time was expected: never, epoch SECONDS "
	    "or WEEKDAY YYYY/MM/DD HH:MM:SS"));
}

/* What stands in a lease. */

static int
set_starts(struct isc *p, const struct word *w, int n)
{
	if (isc_time(p, w, n, &p->lease.start_wall) == -1)
		return (-1);
	if (p->lease.start_wall == INT64_MAX)
		p->lease.start_wall = 0;
	return (0);
}

static int
set_ends(struct isc *p, const struct word *w, int n)
{
	return (isc_time(p, w, n, &p->lease.expire_wall));
}

/* Those that nobody has are kept for who had them. */
static int
set_binding(struct isc *p, const struct word *w, int n)
{
	static const struct {
		const char		*name;
		enum import_state	 state;
	} states[] = {
		{ "active", IMPORT_LEASED }, { "free", IMPORT_OVER },
		{ "backup", IMPORT_OVER }, { "expired", IMPORT_OVER },
		{ "released", IMPORT_OVER }, { "reset", IMPORT_OVER },
		{ "bootp", IMPORT_LEASED }, { "abandoned", IMPORT_DECLINED },
	};
	size_t	i;

	for (i = 0; n == 2 && i < nitems(states); i++)
		if (strcmp(w[0].octets, "state") == 0 &&
		    strcmp(w[1].octets, states[i].name) == 0) {
			p->state = states[i].state;
			return (0);
		}
	return (import_error(p->im, "\"binding state\" and a state were "
	    "expected"));
}

static int
set_abandoned(struct isc *p, const struct word *w, int n)
{
	(void)w;
	(void)n;
	p->state = IMPORT_DECLINED;
	return (0);
}

/* Only Ethernet has a MAC; others are known by their client id. */
static int
set_hardware(struct isc *p, const struct word *w, int n)
{
	struct mac	*mac = &p->lease.mac;
	uint8_t		 octets[sizeof(mac->b)];
	int		 len;

	if (n != 2)
		return (import_error(p->im, "a hardware type and address were "
		    "expected"));
	if (strcmp(w[0].octets, "ethernet") != 0)
		return (0);
	len = import_hex(w[1].octets, octets, sizeof(octets));
	if (len != sizeof(octets))
		return (import_error(p->im, "an Ethernet address was expected, "
		    "not \"%.40s\"", w[1].octets));
	memcpy(mac->b, octets, sizeof(octets));
	return (0);
}

/* As a text with octal escapes, or in hex. */
static int
set_uid(struct isc *p, const struct word *w, int n)
{
	if (n != 1)
		return (import_error(p->im, "a client id was expected"));
	if (!w->quoted)
		return (import_client_hex(p->im, &p->lease, w->octets));
	import_client_id(&p->lease, (const uint8_t *)w->octets, w->len);
	return (0);
}

static int
set_hostname(struct isc *p, const struct word *w, int n)
{
	if (n != 1)
		return (import_error(p->im, "a name was expected"));
	if (strlen(w[0].octets) == w[0].len)
		import_hostname(&p->lease, w[0].octets);
	return (0);
}

static const struct {
	const char	*name;
	int		(*set)(struct isc *, const struct word *, int);
} statements[] = {
	{ "starts",		set_starts },
	{ "ends",		set_ends },
	{ "binding",		set_binding },
	{ "abandoned",		set_abandoned },
	{ "hardware",		set_hardware },
	{ "uid",		set_uid },
	{ "client-hostname",	set_hostname },
};

static int
isc_statement(struct isc *p)
{
	static struct word	words[WORDS_MAX];
	size_t			i;
	int			n;

	for (i = 0; i < nitems(statements); i++)
		if (strcmp(p->word.octets, statements[i].name) == 0)
			break;
	if (i == nitems(statements))
		return (isc_skip(p));
	if ((n = isc_words(p, words, WORDS_MAX)) == -1)
		return (-1);
	return (statements[i].set(p, words, n));
}

/* "lease ADDRESS {", of which the first word has been read. */
static int
isc_lease(struct isc *p)
{
	struct import	*im = p->im;
	enum token	 t;

	memset(&p->lease, 0, sizeof(p->lease));
	p->lease.line = im->line;
	p->lease.expire_wall = -1;
	p->state = IMPORT_LEASED;
	if (isc_token(p) != T_WORD ||
	    addr_parse(p->word.octets, &p->lease.addr) == -1)
		return (import_error(im, "an address was expected, not "
		    "\"%.40s\"", p->word.octets));
	if (isc_token(p) != T_OPEN)
		return (import_error(im, "\"{\" was expected"));
	while ((t = isc_token(p)) != T_CLOSE) {
		if (t == T_END)
			return (import_error(im, "the file ends within the "
			    "lease of line %u", p->lease.line));
		if (t == T_SEMI)
			continue;
		if (t == T_ERROR)
			return (-1);
		if (t != T_WORD)
			return (import_error(im, "a word was expected"));
		if (isc_statement(p) == -1)
			return (-1);
	}
	/* An entry that says nothing of its end is one that never began. */
	if (p->lease.expire_wall == -1) {
		p->lease.expire_wall = p->lease.start_wall;
		if (p->state == IMPORT_LEASED)
			p->state = IMPORT_NOBODY;
	}
	if (p->state == IMPORT_LEASED && p->lease.expire_wall <= im->now)
		p->state = IMPORT_OVER;
	if (p->state == IMPORT_OVER && p->lease.expire_wall == INT64_MAX)
		p->lease.expire_wall = im->now - 1;
	return (import_add(im, &p->lease, p->state));
}

static int
isc_other(struct isc *p)
{
	struct ctl_import	none = { .line = p->im->line };

	if (strncmp(p->word.octets, "ia-", 3) == 0)
		(void)import_add(p->im, &none, IMPORT_IPV6);
	return (isc_skip(p));
}

int
import_isc(struct import *im, FILE *f)
{
	static struct isc	p;
	enum token		t;
	int			error = 0;

	p.im = im;
	p.f = f;
	im->line = 1;
	while (error == 0 && (t = isc_token(&p)) != T_END) {
		if (t == T_WORD)
			error = strcmp(p.word.octets, "lease") == 0 ?
			    isc_lease(&p) : isc_other(&p);
		else if (t != T_SEMI)
			error = t == T_ERROR ? -1 : import_error(im,
			    "a statement was expected");
	}
	return (error);
}
