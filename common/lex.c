/* SPDX-License-Identifier: ISC */
/*
 * lex.c: bootward.conf(5) as tokens: files and the files they include, words,
 * strings, macros; and the way back to sense after an error.  A file is read
 * whole; nothing here recurses.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"

#define BYTES_MAX	(16 * 1024 * 1024)	/* of all files together */
#define FILES_MAX	10000
#define DEPTH_MAX	16			/* of includes */
#define MACROS_MAX	10000

static const char	word_ends[] = " \t\r\n\"{};#=$\\";

/* Texts of tokens live until the end of the parse, in big chunks. */
struct chunk {
	struct chunk	*next;
	size_t		 used, size;
	char		 data[];
};

static char *
text_new(struct parse *p, size_t len)
{
	struct chunk	*c = p->chunks;
	size_t		 size = len < 65536 ? 65536 : len + 1;

	if (c == NULL || c->size - c->used <= len) {
		c = xcalloc(1, sizeof(*c) + size);
		c->size = size;
		c->next = p->chunks;
		p->chunks = c;
	}
	c->used += len + 1;
	return (c->data + c->used - len - 1);
}

static const char *
text_copy(struct parse *p, const char *from, size_t len)
{
	char	*text = text_new(p, len);

	memcpy(text, from, len);
	text[len] = '\0';
	return (text);
}

/* Files ------------------------------------------------------------------ */

/* Give a file its number; errors are told in this order. */
static uint32_t
source_name(struct parse *p, const char *name)
{
	if ((p->nnames & (p->nnames + 1)) == 0)
		p->names = xreallocarray(p->names, 2 * (p->nnames + 1),
		    sizeof(*p->names));
	p->names[p->nnames] = xstrdup(name);
	return ((uint32_t)p->nnames++);
}

static void
source_push(struct parse *p, uint32_t src, struct where from, uint32_t depth)
{
	struct source	*s = xcalloc(1, sizeof(*s));

	s->src = src;
	s->from = from;
	s->depth = depth;
	s->line = 1;
	s->under = p->top;
	p->top = s;
}

static void
source_pop(struct parse *p)
{
	struct source	*s = p->top;

	p->top = s->under;
	p->bytes -= s->len;
	free(s->data);
	free(s);
}

static const char *
source_read(struct parse *p, struct source *s, int fd)
{
	size_t	size = 0;
	ssize_t	n;

	do {
		if (size - s->len < 4096) {
			size = size * 2 + 65536;
			s->data = xreallocarray(s->data, size, 1);
		}
		n = read(fd, s->data + s->len, size - s->len - 1);
		if (n == -1)
			return (strerror(errno));
		s->len += (size_t)n;
		p->bytes += (size_t)n;
		if (p->bytes > BYTES_MAX)
			return ("the configuration has more than 16 megabytes");
	} while (n > 0);
	s->data[s->len] = '\0';
	return (NULL);
}

/* Why this open file is not read, or NULL. */
static const char *
source_refuse(struct source *s, int fd)
{
	struct source	*up;
	struct stat	 st;

	if (fstat(fd, &st) == -1)
		return (strerror(errno));
	if (S_ISDIR(st.st_mode))
		return ("expected a file, found a directory");
	if (!S_ISREG(st.st_mode))
		return ("expected a regular file");
	for (up = s->under; up != NULL; up = up->under)
		if (up->data != NULL && up->dev == st.st_dev &&
		    up->ino == st.st_ino)
			return ("the file includes itself");
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return (NULL);
}

/* Open and read the file on top of the stack; on error it is popped. */
static int
source_open(struct parse *p)
{
	struct source	*s = p->top;
	struct where	 at = s->from;
	const char	*name = p->names[s->src], *why;
	char		 line[512];
	const char	*nul;
	size_t		 i;
	int		 fd;

	fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	why = fd == -1 ? strerror(errno) : source_refuse(s, fd);
	if (why == NULL)
		why = source_read(p, s, fd);
	if (fd != -1)
		close(fd);
	if (why == NULL && (nul = memchr(s->data, '\0', s->len)) != NULL) {
		for (i = 0; s->data + i < nul; i++)
			s->line += s->data[i] == '\n';
		at = (struct where){ s->src, s->line };
		why = "expected text, found a NUL byte";
	}
	if (why == NULL)
		return (0);
	if (at.line == 0 || at.src == s->src)
		(void)snprintf(line, sizeof(line), "%s", why);
	else
		(void)snprintf(line, sizeof(line), "%.255s: %s", name, why);
	parse_error(p, at, line);
	p->lost |= LOST_BLOCK;
	source_pop(p);
	return (-1);
}

const char *
lex_include(struct parse *p, const char *pattern)
{
	const char	*including = p->names[p->at.src], *slash;
	char		 path[1024];
	struct source	*s;
	glob_t		 g;
	size_t		 i;
	uint32_t	 depth = 0, first;
	int		 n = 0;

	for (s = p->top; s != NULL; s = s->under)
		if (s->src == p->at.src)
			depth = s->depth + 1;
	if (depth > DEPTH_MAX)
		return ("includes are nested more than 16 deep");
	if (p->nnames > FILES_MAX)
		return ("too many files are included");
	slash = pattern[0] == '/' ? NULL : strrchr(including, '/');
	if (slash != NULL)
		n = (int)(slash - including) + 1;
	if (snprintf(path, sizeof(path), "%.*s%s", n, including, pattern) >=
	    (int)sizeof(path) || pattern[0] == '\0')
		return (conf_say(p, "expected a file name, found \"%.60s\"",
		    pattern));
	if (strpbrk(pattern, "*?[") == NULL) {
		source_push(p, source_name(p, path), p->at, depth);
		return (NULL);
	}
	if (glob(path, 0, NULL, &g) != 0)
		return (NULL);		/* no match, nothing to include */
	first = (uint32_t)p->nnames;
	for (i = 0; i < g.gl_pathc; i++)
		(void)source_name(p, g.gl_pathv[i]);
	while (i-- > 0)			/* the first on top */
		source_push(p, first + (uint32_t)i, p->at, depth);
	globfree(&g);
	return (NULL);
}

/* Macros ------------------------------------------------------------------ */

static struct macro *
macro_find(const struct parse *p, const char *name, size_t len)
{
	size_t	i;

	for (i = 0; i < p->nmacros; i++)
		if (strncmp(p->macros[i].name, name, len) == 0 &&
		    p->macros[i].name[len] == '\0')
			return (&p->macros[i]);
	return (NULL);
}

static size_t
macro_len(const char *text)
{
	size_t	i;

	for (i = 0; isalnum((unsigned char)text[i]) || text[i] == '_'; i++)
		;
	return (i);
}

static const char *
macro_set(struct parse *p, const char *name, const char *value, int fixed)
{
	struct macro	*m;
	size_t		 len = strlen(name);

	if (len == 0 || macro_len(name) != len)
		return (conf_say(p, "expected letters, digits and \"_\" as the "
		    "name of a macro, found \"%.60s\"", name));
	if ((m = macro_find(p, name, len)) == NULL &&
	    p->nmacros == MACROS_MAX)
		return (conf_say(p, "there are more than %d macros",
		    MACROS_MAX));
	if (m == NULL) {
		p->macros = xreallocarray(p->macros, p->nmacros + 1,
		    sizeof(*p->macros));
		m = &p->macros[p->nmacros++];
		*m = (struct macro){ .name = xstrdup(name) };
	} else if (m->fixed)
		return (NULL);
	free(m->value);
	m->value = xstrdup(value);
	m->fixed = fixed;
	return (NULL);
}

const char *
lex_macro(struct parse *p, const char *name, const char *value)
{
	return (macro_set(p, name, value, 0));
}

/* Tokens ------------------------------------------------------------------- */

static void
skip_blanks(struct source *s)
{
	const char	*at;

	for (;;) {
		s->pos += strspn(s->data + s->pos, " \t");
		at = s->data + s->pos;
		if (*at == '#')
			s->pos += strcspn(at, "\n");
		else if (strncmp(at, "\\\n", 2) == 0) {
			s->pos += 2;
			s->line++;
		} else if (strncmp(at, "\\\r\n", 3) == 0) {
			s->pos += 3;
			s->line++;
		} else if (strncmp(at, "\r\n", 2) == 0)
			s->pos++;
		else
			return;
	}
}

/*
 * The ends of lines, as one separator; or none at all, when what follows is
 * the '{' of the statement that the line began.
 */
static int
take_lines(struct source *s)
{
	while (s->data[s->pos] == '\n') {
		s->pos++;
		s->line++;
		skip_blanks(s);
	}
	return (s->data[s->pos] != '{');
}

/* What a source without more text still owes: separators and braces. */
static int
take_owed(struct parse *p)
{
	struct source	*s = p->top;
	char		 line[80];

	if (s->separated && s->braces > 0 && !s->closing) {
		(void)snprintf(line, sizeof(line), "expected \"}\" for the "
		    "\"{\" of line %u, found the end of the file",
		    s->opened[0]);
		parse_error(p, (struct where){ s->src, s->line }, line);
		s->closing = 1;
	}
	if (!s->separated) {
		s->separated = 1;
		return (LEX_SEP);
	}
	if (s->braces > 0) {
		s->braces--;
		s->separated = 0;
		return ('}');
	}
	s->closing = 0;
	return (LEX_END);
}

/* How far a string may reach: to its quote, or to the end of its line. */
static size_t
string_span(const char *from)
{
	size_t	i;

	for (i = 0; from[i] != '\0' && from[i] != '"' && from[i] != '\n'; i++)
		if (strncmp(from + i, "\\\r\n", 3) == 0)
			i += 2;
		else if (from[i] == '\\' && from[i + 1] != '\0')
			i++;
	return (i);
}

/* One character of a string at pos: 1, 0 for none, -1 if it is wrong. */
static int
take_char(struct parse *p, char *to)
{
	struct source	*s = p->top;
	const char	*at = s->data + s->pos;

	*to = *at;
	s->pos++;
	if (*at == '\\' && (at[1] == '"' || at[1] == '\\')) {
		*to = at[1];
		s->pos++;
	} else if (strncmp(at, "\\\n", 2) == 0 ||
	    strncmp(at, "\\\r\n", 3) == 0) {
		/* The string goes on, after what the next line begins with. */
		s->pos += at[1] == '\r' ? 2 : 1;
		s->pos += strspn(s->data + s->pos, " \t");
		s->line++;
		return (0);
	} else if (*at == '\\') {
		(void)conf_say(p, "expected '\\\"' or '\\\\' after a backslash "
		    "in a string");
		return (-1);
	} else if (iscntrl((unsigned char)*at)) {
		(void)conf_say(p, "expected text in a string, found the "
		    "control character 0x%02x", (unsigned char)*at);
		return (-1);
	}
	return (1);
}

static int
take_string(struct parse *p)
{
	struct source	*s = p->top;
	size_t		 n = 0, end;
	char		*to;
	int		 took;

	s->pos++;
	end = s->pos + string_span(s->data + s->pos);
	if (s->data[end] != '"') {
		(void)conf_say(p, "expected a closing '\"', found the end of "
		    "the line");
		return (-1);
	}
	to = text_new(p, end - s->pos);
	while (s->pos < end) {
		if ((took = take_char(p, to + n)) == -1)
			return (-1);
		n += (size_t)took;
	}
	s->pos++;
	to[n] = '\0';
	p->tok.text = to;
	p->tok.quoted = 1;
	return (LEX_VALUE);
}

static int
take_macro(struct parse *p)
{
	struct source	*s = p->top;
	const char	*name = s->data + s->pos + 1;
	struct macro	*m;
	size_t		 len = macro_len(name);

	s->pos += 1 + len;
	if (len == 0) {
		(void)conf_say(p, "expected the name of a macro after \"$\"");
		return (-1);
	}
	if ((m = macro_find(p, name, len)) == NULL) {
		(void)conf_say(p, "the macro \"%.*s\" is not defined",
		    len > 60 ? 60 : (int)len, name);
		return (-1);
	}
	p->tok.text = text_copy(p, m->value, strlen(m->value));
	p->tok.quoted = 1;
	return (LEX_VALUE);
}

/* At the start of a statement, a name before "=" is a macro to define. */
static int
is_definition(struct source *s)
{
	size_t	after = s->pos + strspn(s->data + s->pos, " \t");

	return (s->data[after] == '=');
}

static int
take_word(struct parse *p)
{
	struct source		*s = p->top;
	const struct keyword	*kw;
	const char		*from = s->data + s->pos;
	size_t			 i, len = strcspn(from, word_ends);
	unsigned char		 c;

	for (i = 0; i < len; i++)
		if (!isgraph((unsigned char)from[i]))
			break;
	if (i < len || len == 0) {
		s->pos += i + 1;
		c = (unsigned char)from[i];
		if (c >= 0x80)
			(void)conf_say(p, "expected double quotes around text "
			    "with the character 0x%02x", c);
		else
			(void)conf_say(p, isprint(c) ? "unexpected character "
			    "'%c'" : "unexpected control character 0x%02x", c);
		return (-1);
	}
	s->pos += len;
	p->tok.text = text_copy(p, from, len);
	if (p->first)
		p->wants = NULL;
	if (p->first && is_definition(s)) {
		p->plain = 1;
		return (LEX_MACRO);
	}
	if (len == 1 && from[0] == '-')
		return ('-');
	if (p->plain || (kw = conf_keyword(p->tok.text)) == NULL)
		return (LEX_VALUE);
	p->wants = kw->wants;
	p->nvalues = 0;
	p->plain = kw->plain;
	p->tok.toplevel = p->first && kw->toplevel;
	return (kw->token);
}

static int
take_brace(struct parse *p, char c)
{
	struct source	*s = p->top;

	s->pos++;
	p->tok.text = c == '{' ? "{" : "}";
	if (c == '{') {
		if (s->braces < nitems(s->opened))
			s->opened[s->braces] = s->line;
		s->braces++;
	} else if (s->braces > 0)
		s->braces--;
	else
		p->tok.underflow = 1;
	return (c);
}

/* The next token of the file on top, LEX_END when there is none. */
static int
take_token(struct parse *p)
{
	struct source	*s = p->top;
	char		 c;

	skip_blanks(s);
	p->tok = (struct token){ .start = s->pos };
	p->tok.column0 = s->pos == 0 || s->data[s->pos - 1] == '\n';
	p->tok.at = (struct where){ s->src, s->line };
	c = s->data[s->pos];
	if (s->closing || s->pos == s->len)
		return (take_owed(p));
	switch (c) {
	case '\n':
		if (take_lines(s))
			return (LEX_SEP);
		p->tok.at.line = s->line;
		return (take_brace(p, '{'));
	case ';':
		s->pos++;
		p->tok.text = ";";
		return (LEX_SEP);
	case '{':
	case '}':
		return (take_brace(p, c));
	case '=':
		s->pos++;
		p->tok.text = "=";
		return ('=');
	case '"':
		return (take_string(p));
	case '$':
		return (take_macro(p));
	default:
		return (take_word(p));
	}
}

/* The next token of all files. */
static int
next_token(struct parse *p)
{
	int	token;

	/* After so many errors, nobody waits for the end of the file. */
	if (p->nerrors > ERRORS_MAX && p->top != NULL)
		p->top->pos = p->top->len;
	for (;;) {
		if (p->top == NULL)
			return (p->tok.token = LEX_END);
		if (p->top->data == NULL) {
			if (source_open(p) == -1)
				continue;
			/* Ends the statement that included the file. */
			token = LEX_SEP;
			p->tok = (struct token){ .at = p->top->from };
			break;
		}
		if ((token = take_token(p)) != LEX_END)
			break;
		if (p->top->pos == p->top->len)
			source_pop(p);
	}
	p->top->separated = token == LEX_SEP;
	p->tok.token = token;
	p->nvalues += token == LEX_VALUE;
	p->first = 0;
	if (token == LEX_SEP || token == '{' || token == '}') {
		p->first = 1;
		p->plain = 0;
	}
	return (token);
}

/* The end of the statement in which an error was found. */
static int
skip_statement(struct parse *p)
{
	int	token;

	p->skip = 0;
	for (;;) {
		token = next_token(p);
		if (token == LEX_END || (token == LEX_SEP &&
		    p->top->braces <= p->skip_braces) ||
		    (token == '}' && p->top->braces < p->skip_braces))
			return (token);
		if (token == '{')
			p->lost |= LOST_BLOCK;
	}
}

int
lex_token(struct parse *p)
{
	return (p->skip ? skip_statement(p) : next_token(p));
}

uint32_t
lex_recover(struct parse *p)
{
	struct source	*s = p->top;
	int		 token = p->tok.token;

	p->drop = 0;
	if (s == NULL || token == LEX_SEP || token == LEX_END ||
	    (token == '}' && !p->tok.underflow))
		return (0);
	p->drop = 1;
	if (p->tok.toplevel && p->tok.column0 && s->braces > 0) {
		s->closing = 1;
		s->pos = p->tok.start;
		s->separated = 0;
		return (s->opened[0]);
	}
	p->skip = 1;
	p->skip_braces = s->braces - (token == '{');
	if (token == '{')
		p->lost |= LOST_BLOCK;
	return (0);
}

const char *
lex_found(const struct parse *p, char *text, size_t size)
{
	if (p->top == NULL)
		(void)snprintf(text, size, "the end of the file");
	else if (p->tok.text == NULL)
		(void)snprintf(text, size, "the end of the line");
	else
		(void)snprintf(text, size, "\"%.60s\"", p->tok.text);
	return (text);
}

/* The whole --------------------------------------------------------------- */

int
lex_start(struct parse *p, const char *file, const struct conf_macro *macros,
    size_t n)
{
	const char	*why;
	size_t		 i, k;

	source_push(p, source_name(p, file), (struct where){ 0, 0 }, 0);
	for (i = 0; i < n; i++) {
		why = macro_set(p, macros[i].name, macros[i].value, 1);
		for (k = 0; macros[i].value[k] != '\0'; k++)
			if (iscntrl((unsigned char)macros[i].value[k]))
				why = "a control character in the value of a "
				    "macro of -D";
		if (why != NULL)
			parse_error(p, (struct where){ 0, 0 }, why);
	}
	p->first = 1;
	return (source_open(p));
}

void
lex_end(struct parse *p)
{
	struct chunk	*c;
	size_t		 i;

	while (p->top != NULL)
		source_pop(p);
	for (i = 0; i < p->nnames; i++)
		free(p->names[i]);
	for (i = 0; i < p->nmacros; i++) {
		free(p->macros[i].name);
		free(p->macros[i].value);
	}
	while ((c = p->chunks) != NULL) {
		p->chunks = c->next;
		free(c);
	}
	free(p->names);
	free(p->macros);
}
