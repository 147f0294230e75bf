/* SPDX-License-Identifier: ISC */
/*
 * import.h: lease files of other DHCP servers, read by bootwardctl as whoever
 * calls it.
 */
#ifndef IMPORT_H
#define IMPORT_H

#include <stdio.h>

#include "bootward.h"

enum import_format { IMPORT_ISC, IMPORT_KEA, IMPORT_DNSMASQ, IMPORT_MAX };

extern const char *const import_names[IMPORT_MAX];

/* What the file says of an address; the last word counts. */
enum import_state {
	IMPORT_OVER,			/* was somebody's, who may come back */
	IMPORT_LEASED,
	IMPORT_DECLINED,		/* in use by a stranger, then */
	IMPORT_NOBODY,			/* no client that it could be given */
	IMPORT_IPV6,
	IMPORT_STATES
};

#define IMPORT_LEASES	(4U << 20)	/* addresses of one file */
#define IMPORT_ERRORS	20		/* then we stop */
#define IMPORT_WORD	1024		/* octets of a word or text */
#define IMPORT_LINE	65536

struct import {
	const char	*file;		/* that is being read */
	uint32_t	 line;
	int64_t		 now;		/* seconds since the epoch */
	unsigned int	 errors;
	size_t		 skipped[IMPORT_STATES];
	uint32_t	 first[IMPORT_STATES];	/* line of the first */
	/* The result: one for each address, by address. */
	struct ctl_import *lease;
	size_t		 n;
	/* While it is read: their states, and where an address is. */
	size_t		 size;
	uint8_t		*state;		/* enum import_state */
	uint32_t	*bucket;
	uint32_t	 mask;
	/* Errors and notes, as lines. */
	void		(*say)(const char *, void *);
	void		*arg;
};

/*
 * import.c: all of a file, and for Kea of what its clean-up has left beside
 * it.  0, or -1 when something is wrong with it and nothing is to be done.
 */
int	 import_read(struct import *, enum import_format, const char *path);
void	 import_free(struct import *);

/* For the readers of the formats.  Both return -1. */
int	 import_error(struct import *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
void	 import_note(struct import *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
/* One more entry; address, times, MAC, id, name are as the file has them. */
int	 import_add(struct import *, const struct ctl_import *,
	    enum import_state);
/* The next line without its end: 1, or 0 at the end, or -1. */
int	 import_line(struct import *, FILE *, char [IMPORT_LINE]);
/* A whole decimal number up to max: 0 or -1. */
int	 import_number(const char *, int64_t max, int64_t *);
/*
 * Octets in hex between colons into size octets: how many they are, or -1.
 * Those that have no room are counted only.
 */
int	 import_hex(const char *, uint8_t *, size_t);
/* The owner of a lease, in the words that all three formats have. */
void	 import_client_id(struct ctl_import *, const uint8_t *, size_t);
int	 import_client_hex(struct import *, struct ctl_import *, const char *);
void	 import_hostname(struct ctl_import *, const char *);

/* import_isc.c, import_lines.c: one file of a format; 0 or -1. */
int	 import_isc(struct import *, FILE *);
int	 import_kea(struct import *, FILE *);
int	 import_dnsmasq(struct import *, FILE *);

#endif
