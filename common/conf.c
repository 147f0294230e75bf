/* SPDX-License-Identifier: ISC */
/*
 * conf.c: looking things up in a configuration, in every process that has
 * one.  Hosts are found through hash tables that are made by the first
 * look-up, and anew when rows have been added: sites have tens of thousands.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parse.h"

const char	*conf_answer_dir = ANSWER_DIR;

const char *const conf_loader_default[LOADER_MAX] = {
	[LOADER_BIOS] = "pxelinux.0",
	[LOADER_EFI32] = "bootia32.efi",
	[LOADER_EFI64] = "bootx64.efi",
	[LOADER_ARM32] = "bootarm.efi",
	[LOADER_ARM64] = "bootaa64.efi",
	[LOADER_RISCV64] = "bootriscv64.efi",
	[LOADER_LOONG64] = "bootloongarch64.efi",
	[LOADER_EFI32_HTTP] = "bootia32.efi",
	[LOADER_EFI64_HTTP] = "bootx64.efi",
	[LOADER_ARM32_HTTP] = "bootarm.efi",
	[LOADER_ARM64_HTTP] = "bootaa64.efi",
	[LOADER_RISCV64_HTTP] = "bootriscv64.efi",
	[LOADER_LOONG64_HTTP] = "bootloongarch64.efi",
	[LOADER_RPI] = "bootcode.bin",
};

/* Open addressing; a slot holds a row + 1, and 0 ends every search. */
struct slots {
	uint32_t	*slot;
	uint32_t	 mask;
};

struct conf_index {
	struct slots	 name, addr, id;
	size_t		 nhost, nhostid;	/* rows when it was made */
};

/* What to look for; the parts that the table does not need are zero. */
struct key {
	const void	*data;
	size_t		 len;
	uint32_t	 number;		/* address, or hostid_kind */
};

struct conf_index *
conf_index_new(void)
{
	return (xcalloc(1, sizeof(struct conf_index)));
}

static void
index_clear(struct conf_index *ix)
{
	free(ix->name.slot);
	free(ix->addr.slot);
	free(ix->id.slot);
	memset(ix, 0, sizeof(*ix));
}

void
conf_index_free(struct conf_index *ix)
{
	if (ix == NULL)
		return;
	index_clear(ix);
	free(ix);
}

/* FNV-1a, deaf to the case of letters, as names of hosts are. */
static uint32_t
key_hash(const struct key *k)
{
	const uint8_t	*bytes = k->data;
	uint32_t	 h = 2166136261U ^ k->number;
	size_t		 i;

	h *= 16777619U;
	for (i = 0; i < k->len; i++)
		h = (h ^ (uint8_t)tolower(bytes[i])) * 16777619U;
	return (h ^ h >> 15);
}

static struct key
name_key(const char *name)
{
	return ((struct key){ name, strlen(name), 0 });
}

static struct key
id_key(const struct conf_hostid *id)
{
	return ((struct key){ id->data, id->len, id->kind });
}

static void
slots_init(struct slots *s, size_t rows)
{
	uint32_t	size = 16;

	while (size < 2 * rows)
		size *= 2;
	s->mask = size - 1;
	s->slot = xcalloc(size, sizeof(*s->slot));
}

/* Equal keys stay in the order of their rows: the first is found. */
static void
slots_add(struct slots *s, struct key key, size_t row)
{
	uint32_t	i = key_hash(&key) & s->mask;

	while (s->slot[i] != 0)
		i = (i + 1) & s->mask;
	s->slot[i] = (uint32_t)row + 1;
}

/* The index of the rows that there are now. */
static const struct conf_index *
index_of(const struct conf *conf)
{
	struct conf_index	*ix = conf->index;
	const struct conf_host	*host;
	size_t			 i;

	if (ix->id.slot != NULL && ix->nhost == conf->nhost &&
	    ix->nhostid == conf->nhostid)
		return (ix);
	index_clear(ix);
	slots_init(&ix->name, conf->nhost);
	slots_init(&ix->addr, conf->nhost);
	slots_init(&ix->id, conf->nhostid);
	for (i = 0; i < conf->nhost; i++) {
		host = &conf->host[i];
		slots_add(&ix->name, name_key(host->name), i);
		if (host->addr != 0)
			slots_add(&ix->addr, (struct key){ NULL, 0,
			    host->addr }, i);
	}
	for (i = 0; i < conf->nhostid; i++)
		slots_add(&ix->id, id_key(&conf->hostid[i]), i);
	ix->nhost = conf->nhost;
	ix->nhostid = conf->nhostid;
	return (ix);
}

static int
name_matches(const struct conf *conf, uint32_t row, const struct key *k)
{
	return (strcasecmp(conf->host[row].name, k->data) == 0);
}

static int
addr_matches(const struct conf *conf, uint32_t row, const struct key *k)
{
	return (conf->host[row].addr == k->number);
}

static int
id_matches(const struct conf *conf, uint32_t row, const struct key *k)
{
	const struct conf_hostid	*id = &conf->hostid[row];

	return (id->kind == k->number && id->len == k->len &&
	    memcmp(id->data, k->data, k->len) == 0);
}

static uint32_t
slots_find(const struct conf *conf, const struct slots *s, struct key key,
    int (*matches)(const struct conf *, uint32_t, const struct key *))
{
	uint32_t	i;

	for (i = key_hash(&key) & s->mask; s->slot[i] != 0;
	    i = (i + 1) & s->mask)
		if (matches(conf, s->slot[i] - 1, &key))
			return (s->slot[i] - 1);
	return (NONE);
}

uint32_t
conf_host_by_name(const struct conf *conf, const char *name)
{
	return (slots_find(conf, &index_of(conf)->name, name_key(name),
	    name_matches));
}

uint32_t
conf_host_by_addr(const struct conf *conf, uint32_t addr)
{
	if (addr == 0)
		return (NONE);
	return (slots_find(conf, &index_of(conf)->addr, (struct key){ NULL, 0,
	    addr }, addr_matches));
}

uint32_t
conf_hostid_row(const struct conf *conf, enum hostid_kind kind,
    const uint8_t *data, size_t len)
{
	return (slots_find(conf, &index_of(conf)->id, (struct key){ data, len,
	    kind }, id_matches));
}

uint32_t
conf_host_by_mac(const struct conf *conf, struct mac mac)
{
	return (conf_host_by_id(conf, HOSTID_ETHERNET, mac.b, sizeof(mac.b)));
}

/*
 * SMBIOS keeps the first three fields of a UUID in little-endian order, and
 * firmware differs in whether it turns them round for option 97.
 */
void
conf_uuid_turn(const uint8_t from[16], uint8_t to[16])
{
	static const uint8_t	order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9,
				    10, 11, 12, 13, 14, 15 };
	size_t			i;

	for (i = 0; i < sizeof(order); i++)
		to[i] = from[order[i]];
}

uint32_t
conf_host_by_id(const struct conf *conf, enum hostid_kind kind,
    const uint8_t *data, size_t len)
{
	uint8_t		turned[16];
	uint32_t	row = conf_hostid_row(conf, kind, data, len);

	if (row == NONE && kind == HOSTID_UUID && len == sizeof(turned)) {
		conf_uuid_turn(data, turned);
		row = conf_hostid_row(conf, kind, turned, sizeof(turned));
	}
	if (row == NONE && kind == HOSTID_CLIENT_ID && len > 1 &&
	    data[0] == 0) {
		row = conf_hostid_row(conf, kind, data + 1, len - 1);
		if (row != NONE && !conf->hostid[row].text)
			row = NONE;
	}
	return (row == NONE ? NONE : conf->hostid[row].host);
}

uint32_t
conf_segment_of(const struct conf *conf, uint32_t addr)
{
	const struct conf_segment	*seg;
	size_t				 i;

	for (i = 0; i < conf->nsegment; i++) {
		seg = &conf->segment[i];
		if (seg->prefix != 0 &&
		    (addr & prefix_mask(seg->prefix)) == seg->net)
			return ((uint32_t)i);
	}
	return (NONE);
}

/* Options ----------------------------------------------------------------- */

int
conf_option_is_own(uint8_t code)
{
	static const uint8_t	own[] = { 0, 1, 50, 51, 52, 53, 54, 55, 56, 57,
				    61, 80, 82, 255 };

	return (memchr(own, code, sizeof(own)) != NULL);
}

/* Before, among or after the rows of this owner. */
static int
option_side(const struct conf_option *o, enum option_level level,
    uint32_t index)
{
	uint32_t	of = o->level == OPTION_SUBNET ? o->segment : o->owner;

	if (o->level != level)
		return (o->level < level ? -1 : 1);
	if (level == OPTION_ALL || of == index)
		return (0);
	return (of < index ? -1 : 1);
}

const struct conf_option *
conf_options(const struct conf *conf, enum option_level level, uint32_t index,
    size_t *n)
{
	size_t	lo = 0, hi = conf->noption, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (option_side(&conf->option[mid], level, index) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < conf->noption; (*n)++)
		if (option_side(&conf->option[lo + *n], level, index) != 0)
			break;
	return (*n == 0 ? NULL : &conf->option[lo]);
}

size_t
conf_option_value(const struct conf *conf, size_t *row,
    uint8_t value[OPTION_VALUE_MAX])
{
	const struct conf_option	*o;
	struct wbuf			 w;

	wbuf_init(&w, value, OPTION_VALUE_MAX);
	do {
		o = &conf->option[(*row)++];
		wbuf_copy(&w, o->data, o->len);
	} while (*row < conf->noption && conf->option[*row].more);
	return (w.len);
}

/* Where a statement stands ------------------------------------------------- */

static int
where_side(const void *va, const void *vb)
{
	const struct conf_where	*a = va, *b = vb;

	if (a->kind != b->kind)
		return (a->kind < b->kind ? -1 : 1);
	return (a->row < b->row ? -1 : a->row > b->row);
}

const struct conf_where *
conf_where(const struct conf *conf, enum where_kind kind, uint32_t row)
{
	struct conf_where		 key = { .kind = kind, .row = row };
	const struct conf_where		*w;

	if (conf->nwhere == 0)
		return (NULL);
	w = bsearch(&key, conf->where, conf->nwhere, sizeof(key), where_side);
	return (w != NULL && w->file < conf->nfile ? w : NULL);
}

const struct conf_image *
conf_image(const struct conf *conf, const char *name)
{
	size_t	i;

	for (i = 0; i < conf->nimage; i++)
		if (strcmp(conf->image[i].name, name) == 0)
			return (&conf->image[i]);
	return (NULL);
}

struct mac
conf_host_mac(const struct conf *conf, uint32_t host)
{
	struct mac	mac = { { 0 } };
	size_t		i;

	for (i = 0; i < conf->nhostid; i++)
		if (conf->hostid[i].host == host &&
		    conf->hostid[i].kind == HOSTID_ETHERNET) {
			memcpy(mac.b, conf->hostid[i].data, sizeof(mac.b));
			break;
		}
	return (mac);
}
