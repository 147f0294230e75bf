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
	void	(*event)(const struct ctl_event *);
	/* What became of a change; name is the host, or "". */
	void	(*result)(const char *name, const struct ctl_end *);
	void	(*end)(void);
};

extern const struct output output_text, output_json;

#endif
