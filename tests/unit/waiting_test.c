/* SPDX-License-Identifier: ISC */
/*
 * waiting_test.c: requests that wait for a proof: the right one comes back,
 * as it was, once, and not for ever.
 */
#include <string.h>

#include "dhcpd/dhcpd.h"
#include "unit.h"

#define NOW	((mono_t){ 7000000000 })

static struct port	port;
static struct waiting	got;

static void
keep(uint32_t addr, const char *text, mono_t now)
{
	struct frame	f;

	memset(&f, 0, sizeof(f));
	f.src_mac.b[5] = (uint8_t)addr;
	f.dst = addr;
	buf_init(&f.payload, text, strlen(text));
	/* As parsing leaves it. */
	buf_skip(&f.payload, strlen(text));
	waiting_keep(&port, &f, addr, now);
}

static int
is(uint32_t addr, const char *text)
{
	return (got.port == &port && got.frame.dst == addr &&
	    got.frame.src_mac.b[5] == (uint8_t)addr &&
	    got.frame.payload.off == 0 &&
	    got.frame.payload.len == strlen(text) &&
	    memcmp(got.frame.payload.data, text, strlen(text)) == 0);
}

int
main(void)
{
	char		large[WAITING_OCTETS + 2];
	unsigned int	cursor = 0, n;

	CHECK(waiting_take(0, NOW, &got) == 0);
	CHECK(waiting_take(5, NOW, &got) == 0);
	CHECK(waiting_late(NOW, &cursor, &got) == 0);
	keep(5, "five", NOW);
	keep(6, "six", NOW);
	CHECK(waiting_take(7, NOW, &got) == 0);
	CHECK(waiting_take(5 + 1024, NOW, &got) == 0);
	CHECK(waiting_take(5, NOW, &got) == 1 && is(5, "five"));
	CHECK(waiting_take(5, NOW, &got) == 0);
	keep(6, "six again", NOW);
	CHECK(waiting_take(6, NOW, &got) == 1 && is(6, "six again"));

	/* Two at one place: the first keeps it, but not for ever. */
	keep(9, "nine", NOW);
	keep(9 + 1024, "other", NOW);
	CHECK(waiting_take(9 + 1024, NOW, &got) == 0);
	keep(9 + 1024, "other", mono_add_s(NOW, 11));
	CHECK(waiting_take(9, mono_add_s(NOW, 11), &got) == 0);
	CHECK(waiting_take(9 + 1024, mono_add_s(NOW, 11), &got) == 1 &&
	    is(9 + 1024, "other"));
	keep(9, "nine", NOW);
	CHECK(waiting_take(9, mono_add_s(NOW, 11), &got) == 0);

	/* Those whose time is over, each once; a proof may still come. */
	for (n = 1; n <= 3000; n++)
		keep(n, "many", NOW);
	cursor = 0;
	CHECK(waiting_late(NOW, &cursor, &got) == 0);
	for (n = 0, cursor = 0; waiting_late(mono_add_s(NOW, 2), &cursor,
	    &got); n++)
		;
	CHECK(n == 1024);
	cursor = 0;
	CHECK(waiting_late(mono_add_s(NOW, 2), &cursor, &got) == 0);
	CHECK(waiting_take(12, mono_add_s(NOW, 3), &got) == 1 &&
	    is(12, "many"));
	cursor = 0;
	CHECK(waiting_late(mono_add_s(NOW, 20), &cursor, &got) == 0);
	keep(12 + 1024, "room", NOW);
	CHECK(waiting_take(12 + 1024, NOW, &got) == 1);

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	keep(20, large, NOW);
	CHECK_NAMED(waiting_take(20, NOW, &got) == 0, "too long:");
	large[WAITING_OCTETS] = '\0';
	keep(20, large, NOW);
	CHECK(waiting_take(20, NOW, &got) == 1 && is(20, large));
	return (unit_done());
}
