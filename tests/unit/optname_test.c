/* SPDX-License-Identifier: ISC */
/*
 * Options as text: what is in them, and octets that are not what the option
 * is for; never anything but printable ASCII on one line.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcpd/dhcpd.h"
#include "unit.h"

#define OCTETS(s)	(s), sizeof(s) - 1

static const struct {
	uint8_t		 code;
	const char	*data;
	size_t		 len;
	const char	*text;
} cases[] = {
	{ 1, OCTETS("\377\377\0\0"), "255.255.0.0" },
	{ 3, OCTETS("\12\115\0\1\12\115\0\2"), "10.77.0.1 10.77.0.2" },
	{ 3, OCTETS("\12\115\0"), "0a:4d:00" },
	{ 12, OCTETS("web1"), "\"web1\"" },
	{ 12, OCTETS("a\"\\\n\t\0\377"), "\"a\\x22\\x5c\\x0a\\x09\\x00\\xff\"" },
	{ 12, OCTETS(""), "\"\"" },
	{ 19, OCTETS("\1"), "yes" },
	{ 19, OCTETS("\0"), "no" },
	{ 80, OCTETS(""), "yes" },
	{ 26, OCTETS("\5\334"), "1500" },
	{ 26, OCTETS("\5"), "05" },
	{ 51, OCTETS("\0\0\16\20"), "3600 s" },
	{ 51, OCTETS("\377\377\377\377"), "forever" },
	{ 51, OCTETS("\0\0\16"), "00:00:0e" },
	{ 53, OCTETS("\2"), "offer" },
	{ 53, OCTETS("\377"), "ff" },
	{ 53, OCTETS("\2\2"), "02:02" },
	{ 61, OCTETS("\1RT\0\0\0\1"), "01:52:54:00:00:00:01" },
	{ 93, OCTETS("\0\7\0\11"), "7 9" },
	{ 93, OCTETS("\0\7\0"), "00:07:00" },
	{ 121, OCTETS("\20\12\11\12\115\0\2\0\12\115\0\1"),
	    "10.9.0.0/16 10.77.0.2, 0.0.0.0/0 10.77.0.1" },
	{ 121, OCTETS("\41\12\11\12\115\0\2"), "21:0a:09:0a:4d:00:02" },
	{ 121, OCTETS("\20\12\11\12"), "10:0a:09:0a" },
	{ 119, OCTETS("\1a\7example\0\1b\300\0"), "a.example b.a.example" },
	{ 119, OCTETS("\300\0"), "c0:00" },
	{ 119, OCTETS("\1a\300\2"), "01:61:c0:02" },
	{ 119, OCTETS("\1a"), "\x30\x31:61" },
	{ 119, OCTETS("\3a b\0"), "a\\032b" },
	{ 119, OCTETS("\100a\0"), "40:61:00" },
	{ 224, OCTETS("hello"), "\"hello\"" },
	{ 224, OCTETS("h"), "68" },
	{ 224, OCTETS("\0\1"), "00:01" },
};

static const char *
text_of(uint8_t code, const void *data, size_t len)
{
	static char	text[8192];
	struct wbuf	w;

	wbuf_init(&w, text, sizeof(text) - 1);
	option_text(&w, code, data, len);
	text[w.len] = '\0';
	return (text);
}

static int
is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			return (0);
	return (1);
}

int
main(void)
{
	uint8_t		octets[255];
	unsigned int	code, n, i, dirty = 0, seed = 7;
	size_t		c;

	for (c = 0; c < nitems(cases); c++) {
		CHECK_NAMED(strcmp(text_of(cases[c].code, cases[c].data,
		    cases[c].len), cases[c].text) == 0, cases[c].text);
	}
	CHECK(strcmp(option_name(OPT_BOOT_FILE), "boot-file") == 0);
	CHECK(strcmp(option_name(224), "private") == 0);
	CHECK(strcmp(option_name(5), "other") == 0);
	for (code = 0; code <= UINT8_MAX; code++)
		for (n = 0; n < 200; n++) {
			for (i = 0; i < n; i++) {
				seed = seed * 1103515245 + 12345;
				octets[i] = (uint8_t)(seed >> 16);
			}
			dirty += !is_clean(text_of((uint8_t)code, octets, n));
		}
	CHECK_NAMED(dirty == 0, "any octets");
	return (unit_done());
}
