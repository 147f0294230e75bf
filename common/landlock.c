/* SPDX-License-Identifier: ISC */
/*
 * landlock.c: Landlock without the headers of a newer kernel: our own
 * constants, and of the attribute just the part that the kernel knows.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "sandbox.h"

#define LANDLOCK_VERSION	(1U << 0)
#define LANDLOCK_PATH_BENEATH	1

struct ruleset_attr {
	uint64_t	fs;		/* ABI 1 */
	uint64_t	net;		/* ABI 4 */
	uint64_t	scoped;		/* ABI 6 */
};

struct path_attr {
	uint64_t	rights;
	int32_t		fd;
} __attribute__((__packed__));

/* What each ABI added: the number of file system rights, net, scopes. */
static const struct abi {
	uint64_t	fs, net, scoped;
	size_t		size;
} abis[] = {
	{ (1ULL << 13) - 1, 0, 0, 8 },		/* 1: Linux 5.13 */
	{ (1ULL << 14) - 1, 0, 0, 8 },		/* 2: 5.19, refer */
	{ (1ULL << 15) - 1, 0, 0, 8 },		/* 3: 6.2, truncate */
	{ (1ULL << 15) - 1, 3, 0, 16 },		/* 4: 6.7, TCP */
	{ (1ULL << 16) - 1, 3, 0, 16 },		/* 5: 6.10, ioctl */
	{ (1ULL << 16) - 1, 3, 3, 24 },		/* 6: 6.12, scopes */
};

static const struct abi *
landlock_abi(void)
{
	long	version;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_VERSION);
	if (version < 1)
		return (NULL);
	if ((size_t)version > sizeof(abis) / sizeof(abis[0]))
		version = sizeof(abis) / sizeof(abis[0]);
	return (&abis[version - 1]);
}

int
landlock_new(void)
{
	const struct abi	*abi = landlock_abi();
	struct ruleset_attr	 attr;

	if (abi == NULL)
		return (-1);
	attr = (struct ruleset_attr){ abi->fs, abi->net, abi->scoped };
	return ((int)syscall(SYS_landlock_create_ruleset, &attr, abi->size, 0));
}

int
landlock_allow(int ruleset, const char *path, uint64_t rights)
{
	const struct abi	*abi = landlock_abi();
	struct path_attr	 attr;
	struct stat		 st;
	int			 error;

	attr.fd = open(path, O_PATH | O_CLOEXEC);
	if (attr.fd == -1)
		return (errno == ENOENT ? 0 : -1);
	if (fstat(attr.fd, &st) == -1) {
		(void)close(attr.fd);
		return (-1);
	}
	attr.rights = rights & abi->fs;
	if (!S_ISDIR(st.st_mode))
		attr.rights &= LL_READ_FILE | LL_WRITE_FILE | LL_EXECUTE |
		    LL_TRUNCATE;
	error = (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_PATH_BENEATH, &attr, 0);
	(void)close(attr.fd);
	return (error);
}

int
landlock_enforce(int ruleset)
{
	return ((int)syscall(SYS_landlock_restrict_self, ruleset, 0));
}
