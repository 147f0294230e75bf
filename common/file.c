/* SPDX-License-Identifier: ISC */
/*
 * file.c: regular files beneath a directory.  The kernel keeps every step of
 * the way inside (RESOLVE_BENEATH): a symbolic link that stays inside is
 * followed, as boot trees are full of them; one that leads out is refused.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

#define FILE_NAME_MAX	256
#define FILE_TRIES	8

/* Without leading and doubled slashes; -1 for a name that no file may have. */
static int
file_name_clean(const char *name, char clean[FILE_NAME_MAX])
{
	size_t	i, n = 0;

	for (i = 0; name[i] != '\0'; i++) {
		if (i >= FILE_NAME_MAX - 1 || (unsigned char)name[i] < 0x20 ||
		    name[i] == 0x7f)
			return (-1);
		if (name[i] == '/' && (n == 0 || clean[n - 1] == '/'))
			continue;
		clean[n++] = name[i];
	}
	clean[n] = '\0';
	return (n == 0 ? -1 : 0);
}

/* The few errors that callers tell apart; ours (EMFILE, EIO) stay. */
static int
file_errno(int error)
{
	switch (error) {
	case ENOTDIR:
	case ENAMETOOLONG:
		return (ENOENT);
	case EXDEV:			/* leads out */
	case ELOOP:
	case EISDIR:
	case ENXIO:			/* a socket */
	case ENODEV:
	case EPERM:
		return (EACCES);
	default:
		return (error);
	}
}

int
file_open(int dirfd, const char *name, struct file_info *info)
{
	struct open_how	 how;
	struct stat	 st;
	char		 clean[FILE_NAME_MAX];
	long		 fd;
	int		 tries;

	if (file_name_clean(name, clean) == -1) {
		errno = ENOENT;
		return (-1);
	}
	memset(&how, 0, sizeof(how));
	how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	/* EAGAIN: a rename raced with "..", openat2(2) says to try again. */
	for (tries = 0; tries < FILE_TRIES; tries++) {
		fd = syscall(SYS_openat2, dirfd, clean, &how, sizeof(how));
		if (fd != -1 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd == -1) {
		errno = file_errno(errno);
		return (-1);
	}
	if (fstat((int)fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		(void)close((int)fd);
		errno = EACCES;
		return (-1);
	}
	info->size = (uint64_t)st.st_size;
	info->mtime = st.st_mtim.tv_sec;
	info->ino = st.st_ino;
	return ((int)fd);
}
