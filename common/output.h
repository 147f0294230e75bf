/* SPDX-License-Identifier: ISC */
/*
 * output.h: how bootwardctl shows what the store sends, for people or for
 * scripts.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "bootward.h"

/* One way to show things; begin and end stand around every answer. */
struct output {
	void	(*begin)(int live);	/* live: has no end, shown at once */
	void	(*status)(const struct ctl_status *);
	void	(*host)(const struct ctl_host *);
	void	(*lease)(const struct ctl_lease *);
	void	(*arp)(const struct ctl_arp *);
	void	(*event)(const struct ctl_event *);
	/*
	 * A line of dhcpd's explanation: name, value, line of the
	 * configuration; or "option", code, name, value, line.
	 */
	void	(*explained)(char *const *fields, size_t n);
	/* What became of a change; name is what of this kind, or "". */
	void	(*result)(const char *kind, const char *name,
		    const struct ctl_end *);
	void	(*end)(void);
};

extern const struct output output_text, output_json;

/* output_arp.c: rows as they come, and their end. */
extern const char *const arp_source_names[ARP_SOURCES];
extern const char *const stand_names[STAND_MAX];

void	 arp_take(const struct ctl_arp *, size_t);
void	 arp_end(const struct output *);

#define EXPLAINED_FIELDS	5

/* output_explain.c: pieces of an explanation as they come, and their end. */
void	 explained_take(const struct output *, const char *, size_t);
void	 explained_end(const struct output *);

#endif
