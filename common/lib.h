/* SPDX-License-Identifier: ISC */
/*
 * lib.h: the library that every process links: bounded buffers, log, clock,
 * Ethernet/IPv4 headers, files beneath a root.  Nothing here knows what a
 * lease or a ticket is.
 *
 * IPv4 addresses are uint32_t in host byte order everywhere inside bootward;
 * they are converted where they enter or leave a packet or a socket address.
 */
#ifndef LIB_H
#define LIB_H

#include <sys/types.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

/* An Ethernet address, a struct so that it can be assigned and passed. */
struct mac {
	uint8_t	b[6];
};

#define MAC_STRLEN	18		/* "52:54:00:00:00:01" and NUL */
#define ADDR_STRLEN	16		/* "255.255.255.255" and NUL */

/* buf.c: a bounded reader; every read past the end sets err and gives 0. */
struct buf {
	const uint8_t	*data;
	size_t		 len;
	size_t		 off;
	int		 err;
};

void	 buf_init(struct buf *, const void *, size_t);
size_t	 buf_left(const struct buf *);
uint8_t	 buf_u8(struct buf *);
uint16_t buf_u16(struct buf *);			/* network byte order */
uint32_t buf_u32(struct buf *);			/* network byte order */
void	 buf_copy(struct buf *, void *, size_t);	/* zeroes on error */
void	 buf_skip(struct buf *, size_t);
/* A view of the next n bytes, which are skipped; -1 and err if too short. */
int	 buf_sub(struct buf *, struct buf *, size_t);
/* The next n bytes as a pointer into the buffer, or NULL and err. */
const uint8_t *buf_ptr(struct buf *, size_t);

/* buf.c: a bounded writer; what does not fit sets err and is not written. */
struct wbuf {
	uint8_t	*data;
	size_t	 size;			/* room in data */
	size_t	 len;			/* bytes written */
	int	 err;
};

void	 wbuf_init(struct wbuf *, void *, size_t);
void	 wbuf_u8(struct wbuf *, uint8_t);
void	 wbuf_u16(struct wbuf *, uint16_t);	/* network byte order */
void	 wbuf_u32(struct wbuf *, uint32_t);	/* network byte order */
void	 wbuf_copy(struct wbuf *, const void *, size_t);
void	 wbuf_zero(struct wbuf *, size_t);
void	 wbuf_str(struct wbuf *, const char *);	/* without the NUL */
void	 wbuf_printf(struct wbuf *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
/* Overwrite two bytes written before at offset; err if they were not. */
void	 wbuf_set_u16(struct wbuf *, size_t, uint16_t);

/*
 * clock.c: CLOCK_BOOTTIME in microseconds, the only clock that decides
 * anything.  It runs on over suspend and never jumps with the wall clock; all
 * processes of one machine share it, so a mono_t may travel in a message.
 */
typedef struct { int64_t us; } mono_t;

#define MONO_NEVER	((mono_t){ INT64_MAX })

mono_t	 clock_now(void);
mono_t	 mono_add_ms(mono_t, int64_t);
mono_t	 mono_add_s(mono_t, int64_t);
int64_t	 mono_diff_us(mono_t, mono_t);		/* a - b */
int64_t	 mono_diff_ms(mono_t, mono_t);		/* a - b, rounded down */
int	 mono_before(mono_t, mono_t);		/* a earlier than b */
/* Seconds since the epoch: for people and restarts, never for decisions. */
int64_t	 clock_wall(void);
/* The wall-clock second at which a mono_t was or will be. */
int64_t	 clock_wall_of(mono_t);

/* log.c: one line a call; the parent writes it out. */
enum log_level { LOG_LVL_ERR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG };

#define LOG_LINE_MAX	1024

/* At most burst lines in ten seconds; the next line says how many were not. */
struct log_limit {
	int64_t		since_us;
	unsigned int	count;
	unsigned int	dropped;
};

/*
 * Lines go to fd, a datagram socket whose reader is the parent.  With fd -1
 * they go to stderr (foreground != 0) or to syslog(3).
 */
void	 log_init(const char *, int, int);
void	 log_verbose(int);			/* != 0: debug lines too */
void	 log_line(enum log_level, const char *, const char *);
void	 log_warn(const char *, ...)		/* with strerror(errno) */
	    __attribute__((__format__(__printf__, 1, 2)));
void	 log_warnx(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
void	 log_info(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
void	 log_debug(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
/* For what the network can cause: a warning, at most ten in ten seconds. */
void	 log_limit(struct log_limit *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
void	 fatal(const char *, ...)
	    __attribute__((__noreturn__, __format__(__printf__, 1, 2)));
void	 fatalx(const char *, ...)
	    __attribute__((__noreturn__, __format__(__printf__, 1, 2)));

/* alloc.c: these never return NULL; they are for start-up and tables. */
void	*xcalloc(size_t, size_t);
void	*xreallocarray(void *, size_t, size_t);
char	*xstrdup(const char *);

/* addr.c: texts of addresses.  Parsers are strict: the whole string or -1. */
const char *addr_str(uint32_t, char [ADDR_STRLEN]);
const char *mac_str(struct mac, char [MAC_STRLEN]);	/* aa:bb:cc:dd:ee:ff */
int	 addr_parse(const char *, uint32_t *);
int	 mac_parse(const char *, struct mac *);		/* ':' or '-' between */
int	 mac_equal(struct mac, struct mac);
int	 mac_is_unicast(struct mac);	/* not a group address, not all zero */
uint32_t prefix_mask(unsigned int);			/* 0..32 -> netmask */
/* Letters, digits, '-', '.'; 1..63 octets; what a host name may hold. */
int	 name_is_ldh(const char *);
/* Lower-case hex of n bytes; the string must have room for 2n + 1. */
void	 hex_encode(const uint8_t *, size_t, char *);

/* siphash.c: a hash that nobody can predict who does not know the key. */
uint64_t siphash(const uint64_t key[2], const void *, size_t);

/*
 * net.c: Ethernet, IPv4 and UDP headers (RFC 894, 791, 768).
 */
struct frame {
	struct mac	dst_mac, src_mac;
	uint32_t	src, dst;
	uint16_t	sport, dport;
	struct buf	payload;		/* view into what was parsed */
};

/*
 * Parse one IPv4/UDP Ethernet frame.  Returns 0, or -1 if it is not one, is
 * truncated, a fragment, or fails a checksum.  The UDP checksum is not looked
 * at when csum_valid is 0 (TP_STATUS_CSUMNOTREADY: still to be filled in by a
 * network card) or when the sender left it 0.  Trailing padding is cut off.
 */
int	 frame_parse(struct buf *, struct frame *, int csum_valid);
/*
 * What recvmsg() said of a frame's UDP checksum on a packet socket with
 * PACKET_AUXDATA: 0 when a network card was to fill it in, else 1.
 */
struct msghdr;
int	 frame_has_csum(struct msghdr *);
/*
 * Write the headers for a payload of len bytes that follows at
 * wbuf->data + FRAME_HDRLEN, with full checksums; TTL 64.
 */
#define FRAME_HDRLEN	42
void	 frame_build(struct wbuf *, const struct frame *, const uint8_t *,
	    size_t);
/* RFC 1071 sum over n bytes, added to a partial sum; fold with csum_fold(). */
uint32_t csum_add(uint32_t, const uint8_t *, size_t);
uint16_t csum_fold(uint32_t);

/*
 * file.c: regular files beneath a directory, opened with openat2(2) so that
 * neither "..", an absolute name nor a symbolic link can lead out of it.
 * Never blocks on a FIFO.  Returns a read-only descriptor and fills in size
 * and mtime (seconds), or -1 with errno (ENOENT for what is not there, EACCES
 * for what is not a readable regular file).
 */
struct file_info {
	uint64_t	size;
	int64_t		mtime;
	uint64_t	ino;
};

int	 file_open(int dirfd, const char *name, struct file_info *);

#endif
