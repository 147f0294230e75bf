/* SPDX-License-Identifier: ISC */
/*
 * answer_test.c: the output of an answer script as files.
 */
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "unit.h"

#define LONG63	"a23456789012345678901234567890123456789012345678901234567890abc"

/* What a script printed, and its files as "name=text;" or the complaint. */
static const struct {
	const char	*name, *in, *out, *why;
} cases[] = {
	{ "no marker", "d-i x\nd-i y\n", "=d-i x\nd-i y\n;", NULL },
	{ "one file", "### file ks.cfg\ntext\n", "ks.cfg=text\n;", NULL },
	{ "two files", "### file a\n1\n### file b\n2", "a=1\n;b=2;", NULL },
	{ "empty file", "### file meta-data\n### file user-data\nx\n",
	    "meta-data=;user-data=x\n;", NULL },
	{ "blank lines before", "\n \n### file a\n1\n", "a=1\n;", NULL },
	{ "blanks around the name", "### file \t a \r\n1\n", "a=1\n;", NULL },
	{ "marker without newline", "### file a", "a=;", NULL },
	{ "not a marker", "### files a\n#### file b\n ### file c\n",
	    "=### files a\n#### file b\n ### file c\n;", NULL },
	{ "longest name", "### file " LONG63 "\n1", LONG63 "=1;", NULL },
	{ "nothing", "", NULL, "it printed nothing" },
	{ "only blanks", "\n\n", NULL, "it printed nothing" },
	{ "text before", "x\n### file a\n", NULL, "text before" },
	{ "no name", "### file\nx\n", NULL, "needs one name" },
	{ "two names", "### file a b\nx\n", NULL, "needs one name" },
	{ "slash", "### file ../a\nx\n", NULL, "needs one name" },
	{ "dots", "### file ..\nx\n", NULL, "needs one name" },
	{ "too long", "### file " LONG63 "d\nx\n", NULL, "needs one name" },
	{ "same name", "### file a\n1\n### file a\n2\n", NULL, "same name" },
};

static void
test_case(size_t i)
{
	struct answers	 all;
	const char	*why;
	char		 got[512] = "";
	struct wbuf	 out;
	size_t		 n;

	why = answers_split((const uint8_t *)cases[i].in,
	    strlen(cases[i].in), &all);
	if (cases[i].why != NULL) {
		CHECK_NAMED(why != NULL && strstr(why, cases[i].why) != NULL,
		    cases[i].name);
		answers_free(&all);
		return;
	}
	wbuf_init(&out, got, sizeof(got) - 1);
	for (n = 0; n < all.n; n++)
		wbuf_printf(&out, "%s=%.*s;", all.file[n].name,
		    (int)all.file[n].len, (const char *)all.file[n].data);
	CHECK_NAMED(why == NULL && strcmp(got, cases[i].out) == 0,
	    cases[i].name);
	answers_free(&all);
	CHECK_NAMED(all.n == 0, cases[i].name);
}

static void
test_limits(void)
{
	struct answers	 all;
	struct wbuf	 out;
	char		 text[1024], *big;
	int		 i;

	wbuf_init(&out, text, sizeof(text));
	for (i = 0; i < ANSWER_FILES; i++)
		wbuf_printf(&out, "### file f%d\nx\n", i);
	CHECK(answers_split(out.data, out.len, &all) == NULL);
	CHECK(all.n == ANSWER_FILES);
	answers_free(&all);
	wbuf_printf(&out, "### file one-more\nx\n");
	CHECK(answers_split(out.data, out.len, &all) != NULL);
	answers_free(&all);

	if ((big = calloc(1, ANSWER_BYTES + 1)) == NULL)
		return;
	memset(big, 'x', ANSWER_BYTES + 1);
	CHECK(answers_split((uint8_t *)big, ANSWER_BYTES, &all) == NULL &&
	    all.n == 1 && all.file[0].len == ANSWER_BYTES);
	answers_free(&all);
	CHECK(answers_split((uint8_t *)big, ANSWER_BYTES + 1, &all) != NULL);
	answers_free(&all);
	/* Any octet may stand in a file. */
	memset(big, 0, 64);
	CHECK(answers_split((uint8_t *)big, 64, &all) == NULL &&
	    all.file[0].len == 64);
	answers_free(&all);
	free(big);
}

int
main(void)
{
	size_t	i;

	for (i = 0; i < nitems(cases); i++)
		test_case(i);
	test_limits();
	return (unit_done());
}
