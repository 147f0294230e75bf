/* SPDX-License-Identifier: ISC */
/*
 * confset.c: what every setter uses, and the meaning of each statement of the
 * file's top.  A setter checks what can be told from the statement alone and
 * from those before it; confcheck.c does the rest.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define IFACES_MAX	4096

/* What every setter uses -------------------------------------------------- */

static const struct {
	const char	*words;
	int		 repeats;
} fields[FIELD_MAX] = {
#define F(tag, words, repeats)	[FIELD_##tag] = { words, repeats },
	FIELD_LIST(F)
#undef F
};

const char *
conf_say(struct parse *p, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	return (p->text);
}

void
conf_set_init(struct parse *p)
{
	memset(p, 0, sizeof(*p));
	p->conf = conf_new();
	p->shared = p->segment = p->group = p->host = NONE;
}

const char *
conf_note(struct parse *p, enum field field, uint32_t row)
{
	struct where	*once = &p->once[p->level][field];

	if (!fields[field].repeats && once->line != 0)
		return (conf_say(p, "\"%s\" is already in line %u",
		    fields[field].words, once->line));
	*once = p->at;
	if (p->nnotes == p->capnotes) {
		p->capnotes = p->capnotes * 2 + 64;
		p->notes = xreallocarray(p->notes, p->capnotes,
		    sizeof(*p->notes));
	}
	p->notes[p->nnotes++] = (struct note){ p->at, row, (uint8_t)field, 0 };
	return (NULL);
}

void
conf_enter(struct parse *p)
{
	p->level++;
	memset(p->once[p->level], 0, sizeof(p->once[p->level]));
	memset(p->options[p->level], 0, sizeof(p->options[p->level]));
	p->block_errors[p->level] = (uint32_t)p->nerrors;
}

int
conf_leave(struct parse *p)
{
	return (p->block_errors[p->level--] == p->nerrors);
}

const char *
conf_copy(struct parse *p, char *to, size_t size, const char *text,
    const char *what)
{
	size_t	len = strlen(text);

	if (len >= size)
		return (conf_say(p, "%s has %zu characters, the most is %zu",
		    what, len, size - 1));
	memcpy(to, text, len + 1);
	return (NULL);
}

const char *
conf_copy_name(struct parse *p, char to[NAME_LEN], const char *text,
    const char *what)
{
	size_t	i;

	for (i = 0; text[i] != '\0'; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (i == 0 || strchr("._+-", text[i]) == NULL))
			break;
	if (i == 0 || text[i] != '\0')
		return (conf_say(p, "expected a name of letters, digits and "
		    "\".\", \"_\", \"+\", \"-\", found \"%.80s\"", text));
	return (conf_copy(p, to, NAME_LEN, text, what));
}

const char *
conf_copy_path(struct parse *p, char to[PATH_LEN], const char *text,
    const char *what)
{
	const char	*part = text;
	size_t		 i, len;

	for (i = 0; text[i] != '\0'; i++)
		if (!isgraph((unsigned char)text[i]) || text[i] == '"' ||
		    text[i] == '\\')
			return (conf_say(p, "expected %s without blanks and "
			    "quotes, found \"%.80s\"", what, text));
	do {
		len = strcspn(part, "/");
		if (len == 0 || strncmp(part, "..", len) == 0)
			return (conf_say(p, "expected %s without leading, "
			    "double or trailing \"/\", \".\" and \"..\", found "
			    "\"%.80s\"", what, text));
		part += len + 1;
	} while (part[-1] == '/');
	return (conf_copy(p, to, PATH_LEN, text, what));
}

const char *
conf_addr(struct parse *p, const char *text, uint32_t *addr)
{
	if (addr_parse(text, addr) == -1)
		return (conf_say(p, "expected an address, found \"%.60s\"",
		    text));
	if (*addr >> 24 == 0 || *addr >> 28 >= 14)
		return (conf_say(p, "expected the address of a host, found "
		    "\"%s\"", text));
	return (NULL);
}

const char *
conf_add_addr(struct parse *p, uint32_t *list, uint32_t *n, uint32_t max,
    const char *what, const char *text)
{
	const char	*why;
	uint32_t	 addr, i;

	if ((why = conf_addr(p, text, &addr)) != NULL)
		return (why);
	for (i = 0; i < *n; i++)
		if (list[i] == addr)
			return (conf_say(p, "the %s %s is here twice", what,
			    text));
	if (*n == max)
		return (conf_say(p, "expected at most %u %s addresses, here "
		    "is one more", max, what));
	list[(*n)++] = addr;
	return (NULL);
}

int
conf_prefix(const char *text, uint32_t *net, uint32_t *prefix)
{
	char	 copy[32];
	char	*slash;
	int64_t	 n;

	if (strlen(text) >= sizeof(copy))
		return (-1);
	(void)snprintf(copy, sizeof(copy), "%s", text);
	if ((slash = strchr(copy, '/')) == NULL)
		return (-1);
	*slash = '\0';
	if (addr_parse(copy, net) == -1 ||
	    (n = conf_number(slash + 1, 32)) == -1)
		return (-1);
	*prefix = (uint32_t)n;
	return (0);
}

int
conf_domain_ok(const char *text)
{
	const char	*label = text;
	size_t		 len;

	if (strlen(text) > 253)
		return (0);
	do {
		len = strspn(label, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
		if (len == 0 || len > 63 ||
		    (label[len] != '.' && label[len] != '\0'))
			return (0);
		label += len + 1;
	} while (label[-1] == '.');
	return (1);
}

const char *
conf_block_name(struct parse *p, char to[NAME_LEN], struct args args,
    const char *what)
{
	if (args.n == 1)
		return (conf_copy_name(p, to, args.text, what));
	if (args.n == 0)
		return (conf_say(p, "expected %s before the \"{\"", what));
	return (conf_say(p, "expected \"{\" after \"%.80s\"", args.text));
}

const char *
conf_each(struct parse *p, const char *text,
    const char *(*fn)(struct parse *, const char *))
{
	char		 word[300];		/* no word may be that long */
	const char	*why;
	size_t		 len;

	do {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		(void)snprintf(word, sizeof(word), "%.*s",
		    len < sizeof(word) ? (int)len : (int)sizeof(word) - 1,
		    text);
		if ((why = fn(p, word)) != NULL)
			return (why);
		text += len;
		text += strspn(text, " ");
	} while (*text != '\0');
	return (NULL);
}

static int
hex_value(char c)
{
	const char	*digits = "0123456789abcdef", *at;

	if (c == '\0' || (at = strchr(digits, tolower((unsigned char)c))) ==
	    NULL)
		return (-1);
	return ((int)(at - digits));
}

int
conf_hex(const char *text, uint8_t *data, size_t size)
{
	size_t	n = 0, i = 0;
	int	hi, lo;

	if (text[0] == '0' && text[1] == 'x')
		i = 2;
	do {
		if ((hi = hex_value(text[i])) == -1 ||
		    (lo = hex_value(text[i + 1])) == -1 || n == size)
			return (-1);
		data[n++] = (uint8_t)(hi << 4 | lo);
		i += 2;
		if (text[i] == ':')
			i++;
		else if (text[i] != '\0' && strchr(text, ':') != NULL)
			return (-1);
	} while (text[i] != '\0' || text[i - 1] == ':');
	return ((int)n);
}

int64_t
conf_number(const char *text, uint32_t max)
{
	unsigned long	 value;
	char		*end;
	int		 base = text[0] == '0' && text[1] == 'x' ? 16 : 10;

	if (!isdigit((unsigned char)text[0]) || strlen(text) > 12)
		return (-1);
	value = strtoul(text, &end, base);
	return (*end != '\0' || value > max ? -1 : (int64_t)value);
}

const char *
conf_time(struct parse *p, const char *text, uint32_t *seconds)
{
	static const struct {
		const char	*unit;
		uint32_t	 seconds;
	} units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 }, { "w", 604800 },
	};
	char	*end;
	size_t	 i;
	unsigned long	n;

	n = strtoul(text, &end, 10);
	for (i = 0; i < nitems(units); i++)
		if (strcmp(end, units[i].unit) == 0)
			break;
	if (!isdigit((unsigned char)text[0]) || i == nitems(units))
		return (conf_say(p, "expected a time such as 30s, 90m, 12h, 1d "
		    "or 2w, found \"%.60s\"", text));
	if (n == 0 || n > INT32_MAX / units[i].seconds)
		return (conf_say(p, "expected a time from 1s to 3550w, found "
		    "\"%.60s\"", text));
	*seconds = (uint32_t)n * units[i].seconds;
	return (NULL);
}

const char *
conf_choice(struct parse *p, const char *const *words, const char *wants,
    const char *text, uint32_t *choice)
{
	uint32_t	i;

	*choice = 0;
	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], text) == 0) {
			*choice = i;
			return (NULL);
		}
	return (conf_say(p, "expected %s, found \"%.60s\"", wants, text));
}

/* The top of the file ------------------------------------------------------ */

const char *
conf_set_interface(struct parse *p, const char *name)
{
	struct conf	*conf = p->conf;
	size_t		 i;

	for (i = 0; name[i] != '\0'; i++)
		if (!isgraph((unsigned char)name[i]) ||
		    strchr("/\"\\", name[i]) != NULL)
			break;
	if (i == 0 || i >= IFNAME_LEN || name[i] != '\0' ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return (conf_say(p, "expected the name of an interface, found "
		    "\"%.60s\"", name));
	for (i = 0; i < conf->niface; i++)
		if (strcmp(conf->iface[i].name, name) == 0)
			return (conf_say(p, "the interface \"%s\" is here "
			    "twice", name));
	if (conf->niface == IFACES_MAX)
		return (conf_say(p, "there are more than %d interfaces",
		    IFACES_MAX));
	return (conf_copy(p, conf_add_iface(conf)->name, IFNAME_LEN, name,
	    "the interface"));
}

const char *
conf_set_root(struct parse *p, const char *dir)
{
	char		 path[PATH_LEN];
	const char	*why;
	size_t		 len = strlen(dir);

	if ((why = conf_note(p, FIELD_ROOT, 0)) != NULL)
		return (why);
	while (len > 1 && dir[len - 1] == '/')
		len--;
	/* With "/boot" after it, it must still be a path. */
	if (dir[0] != '/' || len == 1 || len + sizeof("/boot") > PATH_LEN)
		return (conf_say(p, "expected an absolute directory of at most "
		    "%zu characters, found \"%.80s\"",
		    PATH_LEN - sizeof("/boot"), dir));
	(void)snprintf(path, sizeof(path), "%.*s", (int)len, dir);
	if ((why = conf_copy_path(p, p->conf->global->root, path + 1,
	    "an absolute directory")) != NULL)
		return (why);
	memset(p->conf->global->root, 0, PATH_LEN);
	return (conf_copy(p, p->conf->global->root, PATH_LEN, path, "root"));
}

const char *
conf_set_store(struct parse *p, const char *kind, const char *dsn)
{
	static const char *const kinds[] = { "sqlite", "postgresql", NULL };
	struct conf_global	*g = p->conf->global;
	const char		*why;

	if ((why = conf_note(p, FIELD_STORE, 0)) != NULL ||
	    (why = conf_choice(p, kinds, "sqlite or postgresql", kind,
	    &g->store)) != NULL)
		return (why);
	if (g->store == STORE_SQLITE && dsn != NULL)
		return (conf_say(p, "expected the end of the line after "
		    "sqlite, found \"%.60s\"", dsn));
	if (g->store == STORE_SQLITE)
		return (NULL);
	if (dsn == NULL || dsn[0] == '\0')
		return (conf_say(p, "expected where the database is, such as "
		    "postgresql \"host=db dbname=bootward\""));
	return (conf_copy(p, g->store_dsn, PATH_LEN, dsn,
	    "the connection string"));
}

const char *
conf_set_access(struct parse *p, const char *text)
{
	static const char *const kinds[] = { "lease", "token", "any", NULL };
	const char		*why = conf_note(p, FIELD_ACCESS, 0);

	return (why != NULL ? why : conf_choice(p, kinds, "lease, token or any",
	    text, &p->conf->global->access));
}

const char *
conf_set_identify(struct parse *p, const char *text)
{
	static const char *const kinds[] = { "machine", "client-id", NULL };
	const char		*why = conf_note(p, FIELD_IDENTIFY, 0);

	return (why != NULL ? why : conf_choice(p, kinds, "machine or "
	    "client-id", text, &p->conf->global->identify));
}

const char *
conf_set_unknown(struct parse *p, const char *what, const char *image)
{
	static const char *const kinds[] = { "local", "ignore", "install",
	    NULL };
	struct conf_global	*g = p->conf->global;
	const char		*why;

	if ((why = conf_note(p, FIELD_UNKNOWN, 0)) != NULL ||
	    (why = conf_choice(p, kinds, "local, ignore or install", what,
	    &g->unknown)) != NULL)
		return (why);
	if (g->unknown != UNKNOWN_INSTALL && image != NULL)
		return (conf_say(p, "expected the end of the line after %s, "
		    "found \"%.60s\"", what, image));
	if (g->unknown == UNKNOWN_INSTALL && image == NULL)
		return (conf_say(p, "expected the name of an image after "
		    "install"));
	return (image == NULL ? NULL : conf_copy_name(p, g->unknown_image,
	    image, "the name of the image"));
}

const char *
conf_set_callback(struct parse *p, const char *text)
{
	static const char *const kinds[] = { "cobbler", "foreman", NULL };
	const char		*why;
	uint32_t		 bit = 0;

	if ((why = conf_choice(p, kinds, "cobbler or foreman", text, &bit)) !=
	    NULL)
		return (why);
	p->conf->global->callbacks |= bit == 0 ? CALLBACK_COBBLER :
	    CALLBACK_FOREMAN;
	return (NULL);
}

const char *
conf_set_sandbox(struct parse *p)
{
	p->conf->global->sandbox_optional = 1;
	return (conf_note(p, FIELD_SANDBOX, 0));
}

const char *
conf_set_ipv6(struct parse *p)
{
	p->conf->global->ipv6_quiet = 1;
	return (conf_note(p, FIELD_IPV6, 0));
}

const char *
conf_set_timeout(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_TIMEOUT, 0);

	return (why != NULL ? why : conf_time(p, text,
	    &p->conf->global->install_timeout));
}

const char *
conf_set_status(struct parse *p, const char *addr, const char *port)
{
	struct conf_global	*g = p->conf->global;
	const char		*why;
	int64_t			 n = conf_number(port, UINT16_MAX);

	if ((why = conf_note(p, FIELD_STATUS, 0)) != NULL ||
	    (why = conf_addr(p, addr, &g->status_addr)) != NULL)
		return (why);
	if (n <= 0)
		return (conf_say(p, "expected a port from 1 to 65535, found "
		    "\"%.60s\"", port));
	g->status_port = (uint32_t)n;
	return (NULL);
}

static const char *
add_other(struct parse *p, const char *text)
{
	struct conf_global	*g = p->conf->global;

	return (conf_add_addr(p, g->other, &g->nothers, SERVER_ADDRS,
	    "other server", text));
}

const char *
conf_set_other(struct parse *p, const char *text)
{
	return (conf_each(p, text, add_other));
}

static const char *
add_querier(struct parse *p, const char *text)
{
	struct conf_global	*g = p->conf->global;

	return (conf_add_addr(p, g->querier, &g->nqueriers, SERVER_ADDRS,
	    "leasequery", text));
}

const char *
conf_set_querier(struct parse *p, const char *text)
{
	return (conf_each(p, text, add_querier));
}

/* Loaders that are fetched by something that understands URLs. */
static int
loader_takes_url(uint32_t arch)
{
	return (arch == LOADER_IPXE ||
	    (arch >= LOADER_EFI32_HTTP && arch <= LOADER_LOONG64_HTTP));
}

static const char *
loader_arch(struct parse *p, const char *text, uint32_t *arch)
{
	char		known[256];
	struct wbuf	w;

	for (*arch = 0; *arch < LOADER_MAX; (*arch)++)
		if (strcmp(loader_names[*arch], text) == 0)
			return (NULL);
	wbuf_init(&w, known, sizeof(known));
	for (*arch = 0; *arch < LOADER_MAX; (*arch)++)
		wbuf_printf(&w, "%s%s", *arch == 0 ? "" :
		    *arch + 1 == LOADER_MAX ? " or " : ", ",
		    loader_names[*arch]);
	wbuf_u8(&w, 0);
	return (conf_say(p, "expected %s, found \"%.60s\"", known, text));
}

const char *
conf_set_loader(struct parse *p, const char *arch, const char *path)
{
	struct conf		*conf = p->conf;
	const char		*why;
	struct conf_loader	*row;
	uint32_t		 kind;
	size_t			 i;

	if ((why = loader_arch(p, arch, &kind)) != NULL)
		return (why);
	for (i = 0; i < conf->nloader; i++)
		if (conf->loader[i].arch == kind)
			return (conf_say(p, "there is already a loader for %s",
			    arch));
	row = conf_add_loader(conf);
	row->arch = kind;
	(void)conf_note(p, FIELD_LOADER, (uint32_t)conf->nloader - 1);
	if (strstr(path, "://") == NULL)
		return (conf_copy_path(p, row->path, path,
		    "a file below ROOT/boot"));
	if (!loader_takes_url(kind) || strpbrk(path, " \"\\") != NULL)
		return (conf_say(p, "expected a file below ROOT/boot, found "
		    "\"%.80s\"", path));
	return (conf_copy(p, row->path, PATH_LEN, path, "the URL"));
}
