/* SPDX-License-Identifier: ISC */
/*
 * clockshift: a library that moves the clocks of every program of a test's
 * world, by /etc/ld.so.preload there.  The file CLOCKSHIFT has two numbers of
 * 64 bits, the microseconds that are added to the wall clock and to the time
 * since boot; a program that has it mapped sees every change at once, also
 * from within its sandbox.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#define US	1000000

static const volatile int64_t	*shift;

static void __attribute__((__constructor__))
clockshift_map(void)
{
	void	*map;
	int	 fd;

	if ((fd = open(CLOCKSHIFT, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	map = mmap(NULL, 2 * sizeof(*shift), PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		shift = map;
	(void)close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t	us;

	if (syscall(SYS_clock_gettime, id, ts) == -1)
		return (-1);
	if (shift == NULL || (id != CLOCK_REALTIME && id != CLOCK_BOOTTIME))
		return (0);
	us = (int64_t)ts->tv_sec * US + ts->tv_nsec / 1000 +
	    shift[id == CLOCK_BOOTTIME];
	ts->tv_sec = us / US;
	ts->tv_nsec = us % US * 1000;
	return (0);
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec	ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return (-1);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return (0);
}

time_t
time(time_t *out)
{
	struct timespec	ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return (-1);
	if (out != NULL)
		*out = ts.tv_sec;
	return (ts.tv_sec);
}
