/* SPDX-License-Identifier: ISC */
/*
 * confcheck.c: the sense of the whole configuration, once all of it is read:
 * what overlaps, what is there twice, what refers to nothing.  It walks the
 * statements in their order, so that each error has its line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"

/* Where the statement of that field and row is, for "... of line 12". */
static const char *
place_of(const struct parse *p, enum field field, uint32_t row,
    char text[64])
{
	const struct note	*n;
	const char		*name, *slash;
	size_t			 i;

	(void)snprintf(text, 64, "another line");
	for (i = 0; i < p->nnotes; i++) {
		n = &p->notes[i];
		if (n->field != field || n->row != row)
			continue;
		name = p->names[n->at.src];
		if ((slash = strrchr(name, '/')) != NULL)
			name = slash + 1;
		if (n->at.src == p->at.src)
			(void)snprintf(text, 64, "line %u", n->at.line);
		else
			(void)snprintf(text, 64, "%.40s:%u", name, n->at.line);
		break;
	}
	return (text);
}

/* Addresses ------------------------------------------------------ */

static const char *
check_segment(struct parse *p, uint32_t row)
{
	const struct conf_segment	*seg = &p->conf->segment[row], *other;
	char				 place[64], net[ADDR_STRLEN];
	uint32_t			 i, mask;

	for (i = 0; p->same[FIELD_SEGMENT][row] && i < row; i++) {
		other = &p->conf->segment[i];
		if (other->prefix == 0)
			continue;
		mask = prefix_mask(seg->prefix) & prefix_mask(other->prefix);
		if ((seg->net & mask) == (other->net & mask))
			return (conf_say(p, "overlaps with the subnet %s/%u "
			    "of %s", addr_str(other->net, net), other->prefix,
			    place_of(p, FIELD_SEGMENT, i, place)));
	}
	return (NULL);
}

/* Addresses that no machine may get, by what has them. */
struct taken {
	const char	*what;
	const uint32_t	*list;
	uint32_t	 n;
};

#define TAKEN	5

static void
taken_lists(const struct parse *p, const struct conf_segment *seg,
    struct taken t[TAKEN])
{
	const struct conf_global	*g = p->conf->global;

	t[0] = (struct taken){ "router", seg->router, seg->nrouters };
	t[1] = (struct taken){ "dns", seg->dns, seg->ndns };
	t[2] = (struct taken){ "relay", seg->relay, seg->nrelays };
	t[3] = (struct taken){ "next-server", &seg->next_server, 1 };
	t[4] = (struct taken){ "other server", g->other, g->nothers };
}

/* The lowest of the taken addresses from first to last, or 0. */
static uint32_t
taken_in(const struct parse *p, const struct conf_segment *seg, uint32_t first,
    uint32_t last, const char **what)
{
	struct taken	t[TAKEN];
	uint32_t	best = 0, addr, j;
	size_t		i;

	taken_lists(p, seg, t);
	for (i = 0; i < TAKEN; i++)
		for (j = 0; j < t[i].n; j++) {
			addr = t[i].list[j];
			if (addr < first || addr > last ||
			    (best != 0 && addr >= best))
				continue;
			best = addr;
			*what = t[i].what;
		}
	return (best);
}

static const char *
check_range(struct parse *p, uint32_t row)
{
	const struct conf_range		*r = &p->conf->range[row], *other;
	const struct conf_segment	*seg = &p->conf->segment[r->segment];
	char				 place[64], text[ADDR_STRLEN];
	const char			*what;
	uint32_t			 i, addr;

	for (i = p->same[FIELD_RANGE][row] ? row : 0;
	    i > 0 && p->conf->range[i - 1].segment == r->segment; i--) {
		other = &p->conf->range[i - 1];
		if (r->first <= other->last && other->first <= r->last)
			return (conf_say(p, "overlaps with the range of %s",
			    place_of(p, FIELD_RANGE, i - 1, place)));
	}
	if ((addr = taken_in(p, seg, r->first, r->last, &what)) != 0)
		return (conf_say(p, "the range has the address of the %s, %s",
		    what, addr_str(addr, text)));
	return (NULL);
}

static const char *
check_proxy(struct parse *p, uint32_t row)
{
	char		place[64];
	uint32_t	i;

	for (i = 0; i < p->conf->nrange; i++)
		if (p->conf->range[i].segment == row)
			return (conf_say(p, "a subnet with \"proxy\" gives no "
			    "addresses, but it has the range of %s",
			    place_of(p, FIELD_RANGE, i, place)));
	return (NULL);
}

static const char *
check_address(struct parse *p, uint32_t row)
{
	uint32_t			 addr = p->conf->host[row].addr, mask;
	uint32_t			 s = conf_segment_of(p->conf, addr);
	uint32_t			 other;
	const struct conf_segment	*seg;
	char				 text[ADDR_STRLEN], place[64];
	const char			*what;

	(void)addr_str(addr, text);
	if (s == NONE)
		return ((p->lost & LOST_SEGMENTS) != 0 ? NULL :
		    conf_say(p, "%s is in no subnet", text));
	seg = &p->conf->segment[s];
	mask = prefix_mask(seg->prefix);
	if (seg->proxy)
		return (conf_say(p, "%s is in a subnet with \"proxy\", which "
		    "gives no addresses", text));
	if (addr == seg->net || addr == (seg->net | ~mask))
		return (conf_say(p, "%s is the network or broadcast address "
		    "of its subnet", text));
	if (taken_in(p, seg, addr, addr, &what) != 0)
		return (conf_say(p, "%s is the %s of its subnet", text, what));
	if ((other = conf_host_by_addr(p->conf, addr)) != row)
		return (conf_say(p, "%s is already reserved for \"%s\" in %s",
		    text, p->conf->host[other].name, place_of(p, FIELD_ADDRESS,
		    other, place)));
	return (NULL);
}

/* Names ------------------------------------------------------ */

static const char *
check_host(struct parse *p, uint32_t row)
{
	const char	*name = p->conf->host[row].name;
	uint32_t	 other = conf_host_by_name(p->conf, name);
	char		 place[64];

	if (other == row)
		return (NULL);
	return (conf_say(p, "there is already a host \"%s\" in %s", name,
	    place_of(p, FIELD_HOST, other, place)));
}

/* The first row with this identifier, or with a UUID that is this one, too. */
static uint32_t
hostid_first(const struct conf *conf, const struct conf_hostid *id)
{
	uint32_t	row, other;
	uint8_t		turned[16];

	row = conf_hostid_row(conf, id->kind, id->data, id->len);
	if (id->kind != HOSTID_UUID)
		return (row);
	conf_uuid_turn(id->data, turned);
	other = conf_hostid_row(conf, HOSTID_UUID, turned, sizeof(turned));
	return (other < row ? other : row);
}

static const char *
check_hostid(struct parse *p, uint32_t row)
{
	const struct conf_hostid	*id = &p->conf->hostid[row];
	uint32_t			 other = hostid_first(p->conf, id);
	static const char *const	 kinds[] = { "Ethernet address", "UUID",
					    "client-id", "circuit-id",
					    "remote-id" };
	char				 place[64], mac[MAC_STRLEN] = "";
	struct mac			 m;

	if (other == row)
		return (NULL);
	if (id->kind == HOSTID_ETHERNET) {
		memcpy(m.b, id->data, sizeof(m.b));
		(void)mac_str(m, mac);
	}
	return (conf_say(p, "the %s%s%s is already that of \"%s\" in %s",
	    kinds[id->kind], mac[0] != '\0' ? " " : "", mac,
	    p->conf->host[p->conf->hostid[other].host].name,
	    place_of(p, FIELD_HOSTID, other, place)));
}

static const char *
check_image(struct parse *p, uint32_t row)
{
	const char			*name = p->conf->image[row].name;
	const struct conf_image		*image;
	char				 place[64];

	if (!p->same[FIELD_IMAGE][row] ||
	    (image = conf_image(p->conf, name)) == &p->conf->image[row])
		return (NULL);
	return (conf_say(p, "there is already an image \"%s\" in %s", name,
	    place_of(p, FIELD_IMAGE, (uint32_t)(image - p->conf->image),
	    place)));
}

static const char *
check_group(struct parse *p, uint32_t row)
{
	const char	*name = p->conf->group[row].name;
	char		 place[64];
	uint32_t	 i;

	for (i = 0; p->same[FIELD_GROUP][row] && i < row; i++)
		if (strcmp(p->conf->group[i].name, name) == 0)
			return (conf_say(p, "there is already a group \"%s\" "
			    "in %s", name, place_of(p, FIELD_GROUP, i,
			    place)));
	return (NULL);
}

static const char *
check_shared(struct parse *p, uint32_t row)
{
	const char	*name = p->conf->shared[row].name;
	char		 place[64];
	uint32_t	 i;

	for (i = 0; p->same[FIELD_SHARED][row] && i < row; i++)
		if (strcmp(p->conf->shared[i].name, name) == 0)
			return (conf_say(p, "there is already a shared network "
			    "\"%s\" in %s", name, place_of(p, FIELD_SHARED, i,
			    place)));
	return (NULL);
}

static const char *
image_known(struct parse *p, const char *name)
{
	if ((p->lost & LOST_IMAGES) != 0 || conf_image(p->conf, name) != NULL)
		return (NULL);
	return (conf_say(p, "there is no image \"%s\"", name));
}

static const char *
check_unknown(struct parse *p, uint32_t row)
{
	return (p->conf->global[row].unknown != UNKNOWN_INSTALL ? NULL :
	    image_known(p, p->conf->global[row].unknown_image));
}

static const char *
check_host_image(struct parse *p, uint32_t row)
{
	return (image_known(p, p->conf->host[row].image));
}

static const char *
check_group_image(struct parse *p, uint32_t row)
{
	return (image_known(p, p->conf->group[row].image));
}

/* The walk ------------------------------------------------------ */

static const char *(*const checks[FIELD_MAX])(struct parse *, uint32_t) = {
	[FIELD_UNKNOWN] = check_unknown,
	[FIELD_LOADER] = conf_check_loader,
	[FIELD_SHARED] = check_shared,
	[FIELD_SEGMENT] = check_segment,
	[FIELD_RANGE] = check_range,
	[FIELD_PROXY] = check_proxy,
	[FIELD_IMAGE] = check_image,
	[FIELD_KERNEL] = conf_check_kernel,
	[FIELD_INITRD] = conf_check_initrd,
	[FIELD_ANSWER] = conf_check_answer,
	[FIELD_PACKAGES] = conf_check_packages,
	[FIELD_GROUP] = check_group,
	[FIELD_GROUP_IMAGE] = check_group_image,
	[FIELD_HOST] = check_host,
	[FIELD_HOSTID] = check_hostid,
	[FIELD_ADDRESS] = check_address,
	[FIELD_HOST_IMAGE] = check_host_image,
};

/* Is it about a file below a root? */
static int
is_below_root(enum field field)
{
	return (field == FIELD_LOADER || field == FIELD_KERNEL ||
	    field == FIELD_INITRD || field == FIELD_PACKAGES);
}

/* The root is not known, its statement was bad. */
static int
root_is_bad(const struct parse *p)
{
	size_t	i;

	for (i = 0; i < p->nnotes; i++)
		if (p->notes[i].field == FIELD_ROOT)
			return (p->notes[i].bad);
	return (0);
}

/* Somebody must be able to reach us, by an interface or through a relay. */
static int
is_reachable(const struct conf *conf)
{
	size_t	i;

	for (i = 0; i < conf->nsegment; i++)
		if (conf->segment[i].nrelays > 0)
			return (1);
	return (conf->niface > 0);
}

static int
root_open(const struct parse *p, const char *below)
{
	char	path[PATH_LEN + 8];

	(void)snprintf(path, sizeof(path), "%s/%s", p->conf->global->root,
	    below);
	return (open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

void
conf_check(struct parse *p)
{
	const struct note	*n;
	const char		*why;
	size_t			 i;
	int			 rootless = root_is_bad(p);

	if (p->nerrors == 0 && !is_reachable(p->conf))
		parse_error(p, (struct where){ 0, 0 }, "expected at least one "
		    "\"interface\", or a subnet with a \"relay\"");
	conf_same_find(p);
	p->boot = root_open(p, "boot");
	p->www = root_open(p, "www");
	for (i = 0; i < p->nnotes && p->nerrors <= ERRORS_MAX; i++) {
		n = &p->notes[i];
		if (n->bad || checks[n->field] == NULL ||
		    (rootless && is_below_root(n->field)))
			continue;
		p->at = n->at;
		if ((why = checks[n->field](p, n->row)) != NULL)
			parse_error(p, n->at, why);
	}
	conf_usual_loaders(p);
	conf_same_free(p);
	if (p->boot != -1)
		close(p->boot);
	if (p->www != -1)
		close(p->www);
}
