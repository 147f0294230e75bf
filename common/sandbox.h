/* SPDX-License-Identifier: ISC */
/*
 * sandbox.h: the tools that sandbox.c and the parent lock processes with.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stddef.h>
#include <stdint.h>

#define NOTHING		INT32_MAX	/* ends a list of system calls */

/* landlock.c: rights as the kernel numbers them, of all its versions. */
#define LL_EXECUTE	(1ULL << 0)
#define LL_WRITE_FILE	(1ULL << 1)
#define LL_READ_FILE	(1ULL << 2)
#define LL_READ_DIR	(1ULL << 3)
#define LL_REMOVE_FILE	(1ULL << 5)
#define LL_MAKE_REG	(1ULL << 8)
#define LL_TRUNCATE	(1ULL << 14)

/* A ruleset that forbids every right this kernel knows; -1 with errno. */
int	 landlock_new(void);
/* What is beneath path, or the file itself; a path that is absent is none. */
int	 landlock_allow(int ruleset, const char *path, uint64_t rights);
int	 landlock_enforce(int ruleset);

/* privs.c: a set of capabilities, as 1 << CAP_*, in all three sets. */
int	 sandbox_set_caps(uint64_t);
/* privs.c: seccomp by exclusion, for the parent and, with more, for scripts. */
int	 sandbox_deny(const int *more);
/* privs.c: setresuid and setresgid only to these ids, the others never. */
int	 sandbox_deny_ids(const uint32_t *uids, const uint32_t *gids, size_t);

#endif
