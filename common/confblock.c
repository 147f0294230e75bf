/* SPDX-License-Identifier: ISC */
/*
 * confblock.c: the meaning of each statement of images, groups and hosts.
 * The open block is the last row of its table.
 */
#include <ctype.h>
#include <string.h>

#include "parse.h"

#define VARS_MAX	100000			/* of all hosts together */
#define OWN_VARS_MAX	1000			/* of one host or group */

/* Images ------------------------------------------------------------------ */

static uint32_t
image_row(const struct parse *p)
{
	return ((uint32_t)p->conf->nimage - 1);
}

static struct conf_image *
open_image(const struct parse *p)
{
	return (&p->conf->image[image_row(p)]);
}

const char *
conf_open_image(struct parse *p, struct args args)
{
	char		*name = conf_add_image(p->conf)->name;
	const char	*why;

	(void)conf_note(p, FIELD_IMAGE, image_row(p));
	conf_enter(p);
	why = conf_block_name(p, name, args, "the name of an image");
	if (why != NULL)
		p->lost |= LOST_IMAGES;
	return (why);
}

const char *
conf_close_image(struct parse *p)
{
	int	given = p->once[p->level][FIELD_KERNEL].line != 0;

	if (!conf_leave(p) || given)
		return (NULL);
	return (conf_say(p, "the image \"%s\" has no kernel",
	    open_image(p)->name));
}

const char *
conf_set_kernel(struct parse *p, const char *path)
{
	const char	*why = conf_note(p, FIELD_KERNEL, image_row(p));

	return (why != NULL ? why : conf_copy_path(p, open_image(p)->kernel,
	    path, "a file below ROOT/boot"));
}

const char *
conf_set_initrd(struct parse *p, const char *path)
{
	struct conf_initrd	*row = conf_add_initrd(p->conf);

	row->image = image_row(p);
	(void)conf_note(p, FIELD_INITRD, (uint32_t)p->conf->ninitrd - 1);
	return (conf_copy_path(p, row->path, path, "a file below ROOT/boot"));
}

const char *
conf_set_append(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_APPEND, image_row(p));

	return (why != NULL ? why : conf_copy(p, open_image(p)->append,
	    TEXT_LEN, text, "append"));
}

const char *
conf_set_answer(struct parse *p, const char *name)
{
	const char	*why = conf_note(p, FIELD_ANSWER, image_row(p));

	return (why != NULL ? why : conf_copy_name(p, open_image(p)->answer,
	    name, "the name of the script"));
}

const char *
conf_set_packages(struct parse *p, const char *path)
{
	const char	*why = conf_note(p, FIELD_PACKAGES, image_row(p));

	return (why != NULL ? why : conf_copy_path(p, open_image(p)->packages,
	    path, "a directory below ROOT/www"));
}

/* Settings for answer scripts ---------------------------------------------- */

/* What answer scripts get from us (DESIGN 9), and what the shell lives by. */
static const char *const own_vars[] = {
	"host", "image", "ethernet", "address", "netmask", "prefix", "router",
	"dns", "domain", "server", "answer", "event", "packages", "token",
	"PATH", "IFS", "ENV", "PWD", "OLDPWD", "PS1", "PS2", "PS4", "OPTIND",
	"PPID", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"
};

static const char *
var_name(struct parse *p, const char *name)
{
	size_t	i;

	for (i = 0; isalnum((unsigned char)name[i]) || name[i] == '_'; i++)
		;
	if (i == 0 || name[i] != '\0' || isdigit((unsigned char)name[0]))
		return (conf_say(p, "expected a name of letters, digits and "
		    "\"_\", found \"%.80s\"", name));
	for (i = 0; i < nitems(own_vars); i++)
		if (strcmp(own_vars[i], name) == 0)
			return (conf_say(p, "expected a name of your own, "
			    "found \"%s\", which scripts always have", name));
	return (NULL);
}

static const char *
add_var(struct parse *p, uint32_t host, uint32_t group, const char *name,
    const char *value)
{
	struct conf	*conf = p->conf;
	struct conf_var	*row;
	const char	*why;
	size_t		 i, own = 0;

	if ((why = var_name(p, name)) != NULL)
		return (why);
	if (conf->nvar == VARS_MAX)
		return (conf_say(p, "there are more than %d settings",
		    VARS_MAX));
	/* A group's rows may stand before and after those of its hosts. */
	for (i = conf->nvar; i > 0; i--) {
		row = &conf->var[i - 1];
		if (host != NONE ? row->host != host :
		    row->host == NONE && row->group != group)
			break;
		if (row->host == host && row->group == group &&
		    strcmp(row->name, name) == 0)
			return (conf_say(p, "\"%s\" is set twice", name));
		if (row->host == host && ++own == OWN_VARS_MAX)
			return (conf_say(p, "there are more than %d settings "
			    "here", OWN_VARS_MAX));
	}
	row = conf_add_var(conf);
	row->host = host;
	row->group = group;
	if ((why = conf_copy(p, row->name, NAME_LEN, name, "the name")) != NULL)
		return (why);
	return (conf_copy(p, row->value, TEXT_LEN, value, "the value"));
}

/* Groups ------------------------------------------------------------------ */

const char *
conf_open_group(struct parse *p, struct args args)
{
	char	*name = conf_add_group(p->conf)->name;

	p->group = (uint32_t)p->conf->ngroup - 1;
	(void)conf_note(p, FIELD_GROUP, p->group);
	conf_enter(p);
	return (conf_block_name(p, name, args, "a name"));
}

const char *
conf_close_group(struct parse *p)
{
	p->group = NONE;
	(void)conf_leave(p);
	return (NULL);
}

const char *
conf_set_group_image(struct parse *p, const char *name)
{
	const char	*why = conf_note(p, FIELD_GROUP_IMAGE, p->group);

	return (why != NULL ? why : conf_copy_name(p,
	    p->conf->group[p->group].image, name, "the name of the image"));
}

const char *
conf_set_group_var(struct parse *p, const char *name, const char *value)
{
	return (add_var(p, NONE, p->group, name, value));
}

/* Hosts ------------------------------------------------------------------- */

static uint32_t
host_row(const struct parse *p)
{
	return ((uint32_t)p->conf->nhost - 1);
}

static struct conf_host *
open_host(const struct parse *p)
{
	return (&p->conf->host[host_row(p)]);
}

const char *
conf_open_host(struct parse *p, struct args args)
{
	struct conf_host	*host = conf_add_host(p->conf);
	const char		*why;

	host->group = p->group;
	p->host = host_row(p);
	(void)conf_note(p, FIELD_HOST, p->host);
	conf_enter(p);
	why = conf_block_name(p, host->name, args, "a name");
	if (why == NULL && !name_is_ldh(host->name))
		why = conf_say(p, "expected a host name of letters, digits, "
		    "\"-\" and \".\", found \"%.80s\"", host->name);
	return (why);
}

const char *
conf_close_host(struct parse *p)
{
	int	given = p->once[p->level][FIELD_HOSTID].line != 0;

	p->host = NONE;
	if (!conf_leave(p) || given)
		return (NULL);
	return (conf_say(p, "the host \"%s\" has no ethernet, uuid, "
	    "client-id, circuit-id or remote-id", open_host(p)->name));
}

static const char *
add_hostid(struct parse *p, enum hostid_kind kind, int text, const void *data,
    size_t len)
{
	struct conf_hostid	*row = conf_add_hostid(p->conf);

	row->host = host_row(p);
	row->kind = (uint8_t)kind;
	row->len = (uint8_t)len;
	row->text = (uint8_t)text;
	memcpy(row->data, data, len);
	return (conf_note(p, FIELD_HOSTID, (uint32_t)p->conf->nhostid - 1));
}

static const char *
add_ethernet(struct parse *p, const char *text)
{
	struct mac	mac;

	if (mac_parse(text, &mac) == -1)
		return (conf_say(p, "expected an Ethernet address such as "
		    "52:54:00:00:00:01, found \"%.60s\"", text));
	if (!mac_is_unicast(mac))
		return (conf_say(p, "expected the Ethernet address of one "
		    "machine, found \"%s\"", text));
	return (add_hostid(p, HOSTID_ETHERNET, 0, mac.b, sizeof(mac.b)));
}

const char *
conf_set_ethernet(struct parse *p, const char *text)
{
	return (conf_each(p, text, add_ethernet));
}

const char *
conf_set_uuid(struct parse *p, const char *text)
{
	static const char	 shape[] =
	    "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	char			 digits[2 * 16 + 1];
	uint8_t			 data[16];
	size_t			 i, n = 0;

	for (i = 0; shape[i] != '\0'; i++) {
		if (shape[i] == 'x' ? !isxdigit((unsigned char)text[i]) :
		    text[i] != '-')
			break;
		if (shape[i] == 'x')
			digits[n++] = text[i];
	}
	digits[n] = '\0';
	if (shape[i] != '\0' || text[i] != '\0' ||
	    conf_hex(digits, data, sizeof(data)) != (int)sizeof(data))
		return (conf_say(p, "expected a UUID such as "
		    "4c4c4544-0032-4b10-8052-b4c04f585932, found \"%.80s\"",
		    text));
	return (add_hostid(p, HOSTID_UUID, 0, data, sizeof(data)));
}

/*
 * An identifier is octets when it is two or more of them with ':' between, as
 * everybody writes them, and else text; a form before it says which it is.
 */
static const char *
set_id(struct parse *p, enum hostid_kind kind, const char *form,
    const char *value)
{
	uint8_t	data[HOSTID_LEN];
	int	n = -1, hex;

	hex = form != NULL && strcmp(form, "hex") == 0;
	if (form != NULL && !hex && strcmp(form, "text") != 0)
		return (conf_say(p, "expected text or hex, found \"%.60s\"",
		    form));
	if (hex || (form == NULL && strchr(value, ':') != NULL))
		n = conf_hex(value, data, sizeof(data));
	if (hex && n == -1)
		return (conf_say(p, "expected 1 to %d octets such as "
		    "01:52:54:00, found \"%.60s\"", HOSTID_LEN, value));
	if (n != -1)
		return (add_hostid(p, kind, 0, data, (size_t)n));
	if (value[0] == '\0' || strlen(value) > HOSTID_LEN)
		return (conf_say(p, "expected a text of 1 to %d characters, "
		    "found %zu", HOSTID_LEN, strlen(value)));
	return (add_hostid(p, kind, 1, value, strlen(value)));
}

const char *
conf_set_client_id(struct parse *p, const char *form, const char *value)
{
	return (set_id(p, HOSTID_CLIENT_ID, form, value));
}

const char *
conf_set_circuit_id(struct parse *p, const char *form, const char *value)
{
	return (set_id(p, HOSTID_CIRCUIT_ID, form, value));
}

const char *
conf_set_remote_id(struct parse *p, const char *form, const char *value)
{
	return (set_id(p, HOSTID_REMOTE_ID, form, value));
}

const char *
conf_set_address(struct parse *p, const char *text)
{
	const char	*why = conf_note(p, FIELD_ADDRESS, host_row(p));

	return (why != NULL ? why : conf_addr(p, text, &open_host(p)->addr));
}

const char *
conf_set_host_image(struct parse *p, const char *name)
{
	const char	*why = conf_note(p, FIELD_HOST_IMAGE, host_row(p));

	return (why != NULL ? why : conf_copy_name(p, open_host(p)->image,
	    name, "the name of the image"));
}

const char *
conf_set_host_var(struct parse *p, const char *name, const char *value)
{
	return (add_var(p, host_row(p), NONE, name, value));
}
