/* SPDX-License-Identifier: ISC */
/*
 * fsdown: a power cut for one filesystem, for tests.  What it has not written
 * by now, it never will, and every write fails from now on.
 *
 *	fsdown DIRECTORY
 */
#include <sys/ioctl.h>

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

/* ext4, XFS and others; no header of Debian 12 has it. */
#define IOC_SHUTDOWN	_IOR('X', 125, uint32_t)
#define NO_LOG_FLUSH	2U

int
main(int argc, char **argv)
{
	uint32_t	how = NO_LOG_FLUSH;
	int		fd;

	if (argc != 2)
		errx(2, "usage: fsdown directory");
	if ((fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(1, "%s", argv[1]);
	if (ioctl(fd, IOC_SHUTDOWN, &how) == -1)
		err(1, "%s cannot be shut down", argv[1]);
	(void)close(fd);
	return (0);
}
