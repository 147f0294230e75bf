/* SPDX-License-Identifier: ISC */
/*
 * log.c: one line a call.  A child formats its line and sends it, a level
 * octet first, to the parent; only the parent knows syslog and the time zone.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define LIMIT_LINES	10
#define LIMIT_US	(10 * 1000000)

static const char	*log_name = "bootward";
static int		 log_fd = -1;
static int		 log_foreground = 1;
static int		 log_debugging;

static const int log_syslog_level[] = {
	[LOG_LVL_ERR] = LOG_ERR,
	[LOG_LVL_WARN] = LOG_WARNING,
	[LOG_LVL_INFO] = LOG_INFO,
	[LOG_LVL_DEBUG] = LOG_DEBUG,
};

/* In the foreground nothing else tells what needs attention. */
static const char *const log_level_text[] = {
	[LOG_LVL_ERR] = "error: ",
	[LOG_LVL_WARN] = "warning: ",
	[LOG_LVL_INFO] = "",
	[LOG_LVL_DEBUG] = "debug: ",
};

void
log_init(const char *name, int fd, int foreground)
{
	log_name = name;
	log_fd = fd;
	log_foreground = foreground;
	if (fd == -1) {
		tzset();
		if (!foreground)
			openlog("bootward", LOG_NDELAY | LOG_PID, LOG_DAEMON);
	}
}

void
log_verbose(int on)
{
	log_debugging = on;
}

/* Control octets become '?': one call is one line, whatever it quotes. */
static void
log_clean(char *line)
{
	for (; *line != '\0'; line++)
		if ((unsigned char)*line < 0x20 || (unsigned char)*line > 0x7e)
			*line = '?';
}

/* Who reads our stderr may have stopped; a line that would wait is lost. */
static int
log_would_wait(void)
{
	struct pollfd	pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return (poll(&pfd, 1, 0) == 0);
}

/* Where the process itself may write: stderr with a time, or syslog. */
void
log_line(enum log_level level, const char *name, const char *text)
{
	static unsigned int lost;
	char		 line[LOG_LINE_MAX], when[32] = "";
	struct timespec	 ts;
	struct tm	 tm;

	(void)snprintf(line, sizeof(line), "%s", text);
	log_clean(line);
	if (!log_foreground) {
		syslog(log_syslog_level[level], "%s: %s", name, line);
		return;
	}
	if (clock_gettime(CLOCK_REALTIME, &ts) == 0 &&
	    localtime_r(&ts.tv_sec, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%b %e %H:%M:%S", &tm);
	if (log_would_wait()) {
		lost++;
		return;
	}
	if (lost > 0)
		(void)fprintf(stderr, "%s %s: %s%u lines are lost: nobody "
		    "read them\n", when, log_name,
		    log_level_text[LOG_LVL_WARN], lost);
	lost = 0;
	(void)fprintf(stderr, "%s %s: %s%s\n", when, name,
	    log_level_text[level], line);
}

static void
log_put(enum log_level level, const char *text)
{
	char	 packet[LOG_LINE_MAX];
	int	 n;

	if (log_fd == -1) {
		log_line(level, log_name, text);
		return;
	}
	/* A parent that does not read must not stop us: the line is lost. */
	n = snprintf(packet, sizeof(packet), "%c%s", '0' + (int)level, text);
	if (n > 0)
		(void)send(log_fd, packet, strlen(packet),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
log_format(enum log_level level, int error, const char *fmt, va_list ap)
{
	char	 text[LOG_LINE_MAX - 1];
	size_t	 len;

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	if (error != 0) {
		len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, ": %s",
		    strerror(error));
	}
	log_put(level, text);
}

void
log_warn(const char *fmt, ...)
{
	int	saved = errno;
	va_list	ap;

	va_start(ap, fmt);
	log_format(LOG_LVL_WARN, saved, fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_warnx(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_format(LOG_LVL_WARN, 0, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_format(LOG_LVL_INFO, 0, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list	ap;

	if (!log_debugging)
		return;
	va_start(ap, fmt);
	log_format(LOG_LVL_DEBUG, 0, fmt, ap);
	va_end(ap);
}

void
log_limit(struct log_limit *limit, const char *fmt, ...)
{
	int64_t	now = clock_now().us;
	va_list	ap;

	if (now - limit->since_us > LIMIT_US || limit->since_us == 0) {
		if (limit->dropped > 0)
			log_warnx("%u more lines like the next were left out",
			    limit->dropped);
		limit->since_us = now;
		limit->count = limit->dropped = 0;
	}
	if (limit->count >= LIMIT_LINES) {
		limit->dropped++;
		return;
	}
	limit->count++;
	va_start(ap, fmt);
	log_format(LOG_LVL_WARN, 0, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	int	saved = errno;
	va_list	ap;

	va_start(ap, fmt);
	log_format(LOG_LVL_ERR, saved, fmt, ap);
	va_end(ap);
	_exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_format(LOG_LVL_ERR, 0, fmt, ap);
	va_end(ap);
	_exit(1);
}
