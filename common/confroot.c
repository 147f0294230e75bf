/* SPDX-License-Identifier: ISC */
/*
 * confroot.c: whether the files below ROOT and the answer scripts that a
 * configuration names are there, and are what they should be.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"

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

/* Machine types of PE/COFF 3.3.1; 32-bit ARM has several. */
static const uint16_t	machines[LOADER_MAX][3] = {
	[LOADER_EFI32] = { 0x14c },
	[LOADER_EFI64] = { 0x8664 },
	[LOADER_ARM32] = { 0x1c2, 0x1c0, 0x1c4 },
	[LOADER_ARM64] = { 0xaa64 },
	[LOADER_RISCV64] = { 0x5064 },
	[LOADER_LOONG64] = { 0x6264 },
	[LOADER_EFI32_HTTP] = { 0x14c },
	[LOADER_EFI64_HTTP] = { 0x8664 },
	[LOADER_ARM32_HTTP] = { 0x1c2, 0x1c0, 0x1c4 },
	[LOADER_ARM64_HTTP] = { 0xaa64 },
	[LOADER_RISCV64_HTTP] = { 0x5064 },
	[LOADER_LOONG64_HTTP] = { 0x6264 },
};

static const char *
loader_wrong(struct parse *p, const struct conf_loader *loader,
    const struct head *h)
{
	const uint16_t	*want = machines[loader->arch];
	const char	*root = p->conf->global->root;
	uint32_t	 found;
	size_t		 i;

	if (want[0] == 0)
		return (NULL);
	found = pe_machine(h);
	for (i = 0; i < nitems(machines[0]); i++)
		if (found != 0 && found == want[i])
			return (NULL);
	if (found == 0)
		return (conf_say(p, "expected an EFI program for %s, found "
		    "another kind of file in %.160s/boot/%.200s",
		    loader_names[loader->arch], root, loader->path));
	return (conf_say(p, "expected an EFI program for %s (machine 0x%x), "
	    "found one for machine 0x%x in %.160s/boot/%.160s",
	    loader_names[loader->arch], want[0], found, root, loader->path));
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

const char *
conf_check_loader(struct parse *p, uint32_t row)
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

const char *
conf_check_kernel(struct parse *p, uint32_t row)
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

const char *
conf_check_initrd(struct parse *p, uint32_t row)
{
	struct head	 h;
	const char	*why = head_open(p, p->conf->initrd[row].path, &h);

	head_close(&h);
	return (why);
}

const char *
conf_check_packages(struct parse *p, uint32_t row)
{
	const char	*name = p->conf->image[row].packages;
	struct stat	 st;

	if (p->www != -1 && fstatat(p->www, name, &st, 0) == 0 &&
	    S_ISDIR(st.st_mode))
		return (NULL);
	return (conf_say(p, "there is no directory %.200s/www/%.200s",
	    p->conf->global->root, name));
}

const char *
conf_check_answer(struct parse *p, uint32_t row)
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

/* Loaders that need not be named: used where their file is there. */
void
conf_usual_loaders(struct parse *p)
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
