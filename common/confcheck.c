/* SPDX-License-Identifier: ISC */
/*
 * confcheck.c: the sense of the whole configuration, once all of it is read:
 * what overlaps, what is there twice, what refers to nothing, and whether the
 * files below ROOT and the answer scripts are what they should be.  It walks
 * the statements in their order, so that each error has its line.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

	(void)snprintf(text, 64, "another line");
	for (n = p->notes; n < p->notes + p->nnotes; n++) {
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

	for (i = 0; i < row; i++) {
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

/* What an address of a subnet is taken for, or NULL. */
static const char *
taken_for(const struct conf_segment *seg, uint32_t addr)
{
	uint32_t	i;

	for (i = 0; i < seg->nrouters; i++)
		if (seg->router[i] == addr)
			return ("router");
	for (i = 0; i < seg->ndns; i++)
		if (seg->dns[i] == addr)
			return ("dns");
	for (i = 0; i < seg->nrelays; i++)
		if (seg->relay[i] == addr)
			return ("relay");
	return (seg->next_server == addr ? "next-server" : NULL);
}

/* The lowest of a subnet's own addresses inside a range, or 0. */
static uint32_t
taken_in(const struct conf_segment *seg, const struct conf_range *r)
{
	const uint32_t	*lists[] = { seg->router, seg->dns, seg->relay,
			    &seg->next_server };
	const uint32_t	 n[] = { seg->nrouters, seg->ndns, seg->nrelays, 1 };
	uint32_t	 best = 0, addr, j;
	size_t		 i;

	for (i = 0; i < nitems(lists); i++)
		for (j = 0; j < n[i]; j++) {
			addr = lists[i][j];
			if (addr >= r->first && addr <= r->last &&
			    (best == 0 || addr < best))
				best = addr;
		}
	return (best);
}

static const char *
check_range(struct parse *p, uint32_t row)
{
	const struct conf_range		*r = &p->conf->range[row], *other;
	const struct conf_segment	*seg = &p->conf->segment[r->segment];
	char				 place[64], text[ADDR_STRLEN];
	uint32_t			 i, addr;

	for (i = row; i > 0 && p->conf->range[i - 1].segment == r->segment;
	    i--) {
		other = &p->conf->range[i - 1];
		if (r->first <= other->last && other->first <= r->last)
			return (conf_say(p, "overlaps with the range of %s",
			    place_of(p, FIELD_RANGE, i - 1, place)));
	}
	if ((addr = taken_in(seg, r)) != 0)
		return (conf_say(p, "the range has the address of the %s, %s",
		    taken_for(seg, addr), addr_str(addr, text)));
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
	if ((what = taken_for(seg, addr)) != NULL)
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

static const char *
check_hostid(struct parse *p, uint32_t row)
{
	const struct conf_hostid	*id = &p->conf->hostid[row];
	uint32_t	 other = conf_hostid_row(p->conf, id->kind, id->data,
			    id->len);
	static const char *const kinds[] = { "Ethernet address", "UUID",
	    "client-id", "circuit-id" };
	char		 place[64], mac[MAC_STRLEN] = "";
	struct mac	 m;

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
	const struct conf_image		*image = conf_image(p->conf, name);
	char				 place[64];

	if (image == &p->conf->image[row])
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

	for (i = 0; i < row; i++)
		if (strcmp(p->conf->group[i].name, name) == 0)
			return (conf_say(p, "there is already a group \"%s\" "
			    "in %s", name, place_of(p, FIELD_GROUP, i,
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

/* Files ------------------------------------------------------ */

/* An open file below ROOT/boot, and its start. */
struct head {
	int		fd;
	size_t		len;
	uint8_t		data[1024];
};

/* NULL, or why there is none; close it in either case. */
static const char *
head_open(struct parse *p, const char *name, struct head *h)
{
	struct file_info	 info;
	const char		*root = p->conf->global->root;
	ssize_t			 n;

	memset(h, 0, sizeof(*h));
	errno = ENOENT;
	h->fd = p->boot == -1 ? -1 : file_open(p->boot, name, &info);
	if (h->fd == -1 && errno == EACCES)
		return (conf_say(p, "%.160s/boot/%.200s is no readable file "
		    "below %.80s/boot", root, name, root));
	if (h->fd == -1)
		return (conf_say(p, "there is no file %.200s/boot/%.200s",
		    root, name));
	if ((n = pread(h->fd, h->data, sizeof(h->data), 0)) <= 0)
		return (conf_say(p, "the file %.200s/boot/%.200s is empty",
		    root, name));
	h->len = (size_t)n;
	return (NULL);
}

static void
head_close(const struct head *h)
{
	if (h->fd != -1)
		close(h->fd);
}

static uint32_t
little_endian(const uint8_t *b, size_t n)
{
	uint32_t	v = 0;

	while (n-- > 0)
		v = v << 8 | b[n];
	return (v);
}

/* The machine type of a PE file (PE/COFF 3.3.1), or 0 if it is none. */
static uint32_t
pe_machine(const struct head *h)
{
	uint8_t	pe[6];

	if (h->len < 64 || memcmp(h->data, "MZ", 2) != 0)
		return (0);
	if (pread(h->fd, pe, sizeof(pe), little_endian(h->data + 60, 4)) !=
	    (ssize_t)sizeof(pe) || memcmp(pe, "PE\0\0", 4) != 0)
		return (0);
	return (little_endian(pe + 4, 2));
}

static const char *
loader_wrong(struct parse *p, const struct conf_loader *loader,
    const struct head *h)
{
	static const uint32_t	 machine[LOADER_MAX] = {
		[LOADER_EFI32] = 0x14c,
		[LOADER_EFI64] = 0x8664,
		[LOADER_ARM64] = 0xaa64,
		[LOADER_EFI64_HTTP] = 0x8664,
		[LOADER_ARM64_HTTP] = 0xaa64,
	};
	uint32_t		 want = machine[loader->arch], found;
	const char		*root = p->conf->global->root;

	if (want == 0 || (found = pe_machine(h)) == want)
		return (NULL);
	if (found == 0)
		return (conf_say(p, "expected an EFI program for %s, found "
		    "another kind of file in %.160s/boot/%.200s",
		    loader_names[loader->arch], root, loader->path));
	return (conf_say(p, "expected an EFI program for %s (machine 0x%x), "
	    "found one for machine 0x%x in %.160s/boot/%.160s",
	    loader_names[loader->arch], want, found, root, loader->path));
}

static const char *
check_loader_file(struct parse *p, const struct conf_loader *loader)
{
	struct head	 h;
	const char	*why;

	if ((why = head_open(p, loader->path, &h)) == NULL)
		why = loader_wrong(p, loader, &h);
	head_close(&h);
	return (why);
}

static const char *
check_loader(struct parse *p, uint32_t row)
{
	const struct conf_loader	*loader = &p->conf->loader[row];

	return (strstr(loader->path, "://") != NULL ? NULL :
	    check_loader_file(p, loader));
}

/* Kernels are of many kinds; these are none. */
static const char *
kernel_wrong(const struct head *h)
{
	char	iso[5];
	size_t	i;

	/* ISO 9660 (ECMA-119 8.1): the first descriptor is in sector 16. */
	if (pread(h->fd, iso, sizeof(iso), 16 * 2048 + 1) ==
	    (ssize_t)sizeof(iso) && memcmp(iso, "CD001", sizeof(iso)) == 0)
		return ("an ISO image");
	for (i = 0; i < h->len; i++)
		if (!isprint(h->data[i]) && !isspace(h->data[i]))
			return (NULL);
	return ("a text file");
}

static const char *
check_kernel(struct parse *p, uint32_t row)
{
	const char	*name = p->conf->image[row].kernel, *why;
	struct head	 h;

	if ((why = head_open(p, name, &h)) == NULL &&
	    (why = kernel_wrong(&h)) != NULL)
		why = conf_say(p, "expected a kernel, found %s in "
		    "%.200s/boot/%.200s", why, p->conf->global->root, name);
	head_close(&h);
	return (why);
}

static const char *
check_initrd(struct parse *p, uint32_t row)
{
	struct head	 h;
	const char	*why = head_open(p, p->conf->initrd[row].path, &h);

	head_close(&h);
	return (why);
}

static const char *
check_packages(struct parse *p, uint32_t row)
{
	const char	*name = p->conf->image[row].packages;
	struct stat	 st;

	if (p->www != -1 && fstatat(p->www, name, &st, 0) == 0 &&
	    S_ISDIR(st.st_mode))
		return (NULL);
	return (conf_say(p, "there is no directory %.200s/www/%.200s",
	    p->conf->global->root, name));
}

static const char *
check_answer(struct parse *p, uint32_t row)
{
	const char	*name = p->conf->image[row].answer, *why = NULL;
	char		 path[PATH_LEN * 2];
	struct stat	 st;
	int		 fd;

	(void)snprintf(path, sizeof(path), "%.250s/%s", conf_answer_dir, name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		why = conf_say(p, "the answer script %.300s cannot be read: "
		    "%s", path, strerror(errno));
	else if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		why = conf_say(p, "the answer script %.300s is not a file",
		    path);
	else if ((st.st_mode & 0111) == 0)
		why = conf_say(p, "the answer script %.300s is not "
		    "executable", path);
	if (fd != -1)
		close(fd);
	return (why);
}

/* The walk ------------------------------------------------------ */

static const char *(*const checks[FIELD_MAX])(struct parse *, uint32_t) = {
	[FIELD_UNKNOWN] = check_unknown,
	[FIELD_LOADER] = check_loader,
	[FIELD_SEGMENT] = check_segment,
	[FIELD_RANGE] = check_range,
	[FIELD_PROXY] = check_proxy,
	[FIELD_IMAGE] = check_image,
	[FIELD_KERNEL] = check_kernel,
	[FIELD_INITRD] = check_initrd,
	[FIELD_ANSWER] = check_answer,
	[FIELD_PACKAGES] = check_packages,
	[FIELD_GROUP] = check_group,
	[FIELD_GROUP_IMAGE] = check_group_image,
	[FIELD_HOST] = check_host,
	[FIELD_HOSTID] = check_hostid,
	[FIELD_ADDRESS] = check_address,
	[FIELD_HOST_IMAGE] = check_host_image,
};

/* Loaders that need not be named: used where their file is there. */
static void
check_defaults(struct parse *p)
{
	struct conf_loader	 row;
	struct file_info	 info;
	const char		*why;
	uint32_t		 arch;
	size_t			 i;
	int			 fd;

	for (arch = 0; arch < LOADER_MAX; arch++) {
		for (i = 0; i < p->conf->nloader; i++)
			if (p->conf->loader[i].arch == arch)
				break;
		if (i < p->conf->nloader || p->boot == -1 ||
		    conf_loader_default[arch] == NULL)
			continue;
		fd = file_open(p->boot, conf_loader_default[arch], &info);
		if (fd == -1)
			continue;
		close(fd);
		memset(&row, 0, sizeof(row));
		row.arch = arch;
		(void)conf_copy(p, row.path, sizeof(row.path),
		    conf_loader_default[arch], "the loader");
		if ((why = check_loader_file(p, &row)) != NULL)
			parse_error(p, (struct where){ 0, 0 }, why);
		else
			*conf_add_loader(p->conf) = row;
	}
}

/* Is it about a file below a root that is not known? */
static int
is_rootless(const struct parse *p, enum field field)
{
	const struct note	*n;

	if (field != FIELD_LOADER && field != FIELD_KERNEL &&
	    field != FIELD_INITRD && field != FIELD_PACKAGES)
		return (0);
	for (n = p->notes; n < p->notes + p->nnotes; n++)
		if (n->field == FIELD_ROOT)
			return (n->bad);
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

	if (p->nerrors == 0 && !is_reachable(p->conf))
		parse_error(p, (struct where){ 0, 0 }, "expected at least one "
		    "\"interface\", or a subnet with a \"relay\"");
	p->boot = root_open(p, "boot");
	p->www = root_open(p, "www");
	for (n = p->notes; n < p->notes + p->nnotes; n++) {
		if (n->bad || checks[n->field] == NULL ||
		    is_rootless(p, n->field))
			continue;
		p->at = n->at;
		if ((why = checks[n->field](p, n->row)) != NULL)
			parse_error(p, n->at, why);
	}
	check_defaults(p);
	if (p->boot != -1)
		close(p->boot);
	if (p->www != -1)
		close(p->www);
}

/* The finish ------------------------------------------------------ */

static int
loader_cmp(const void *va, const void *vb)
{
	const struct conf_loader	*a = va, *b = vb;

	return ((int)a->arch - (int)b->arch);
}

/* Where a setting is printed: those of a group before its first host. */
struct var_place {
	uint32_t	host, of_host, group;
	size_t		row;
};

static int
var_cmp(const void *va, const void *vb)
{
	const struct var_place	*a = va, *b = vb;

	if (a->host != b->host)
		return (a->host < b->host ? -1 : 1);
	if (a->of_host != b->of_host)
		return (a->of_host < b->of_host ? -1 : 1);
	if (a->group != b->group)
		return (a->group < b->group ? -1 : 1);
	return (a->row < b->row ? -1 : a->row > b->row);
}

/* The first host that is printed with this group or after it. */
static uint32_t
group_place(const struct conf *conf, uint32_t group)
{
	uint32_t	i;

	for (i = 0; i < conf->nhost; i++)
		if (conf->host[i].group != NONE &&
		    conf->host[i].group >= group)
			break;
	return (i);
}

static void
vars_order(struct conf *conf)
{
	struct var_place	*place;
	struct conf_var		*rows;
	uint32_t		 group = NONE, first = 0;
	size_t			 i;

	place = xcalloc(conf->nvar, sizeof(*place));
	rows = xcalloc(conf->nvar, sizeof(*rows));
	for (i = 0; i < conf->nvar; i++) {
		rows[i] = conf->var[i];
		if (rows[i].host == NONE && rows[i].group != group) {
			group = rows[i].group;
			first = group_place(conf, group);
		}
		place[i] = (struct var_place){ rows[i].host, 1, 0, i };
		if (rows[i].host == NONE)
			place[i] = (struct var_place){ first, 0, group, i };
	}
	qsort(place, conf->nvar, sizeof(*place), var_cmp);
	for (i = 0; i < conf->nvar; i++)
		conf->var[i] = rows[place[i].row];
	free(place);
	free(rows);
}

void
conf_finish(struct parse *p)
{
	struct conf	*conf = p->conf;
	const char	*image;
	size_t		 i;

	for (i = 0; i < conf->nhost; i++) {
		if (conf->host[i].group == NONE ||
		    conf->host[i].image[0] != '\0')
			continue;
		image = conf->group[conf->host[i].group].image;
		(void)conf_copy(p, conf->host[i].image, NAME_LEN, image,
		    "the image");
	}
	if (conf->nloader > 0)
		qsort(conf->loader, conf->nloader, sizeof(*conf->loader),
		    loader_cmp);
	if (conf->nvar > 0)
		vars_order(conf);
}
