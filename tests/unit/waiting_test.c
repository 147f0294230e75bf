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
	CHECK(waiting_take(5 + 2048, NOW, &got) == 0);
	CHECK(waiting_take(5, NOW, &got) == 1 && is(5, "five"));
	CHECK(waiting_take(5, NOW, &got) == 0);
	keep(6, "six again", NOW);
	CHECK(waiting_take(6, NOW, &got) == 1 && is(6, "six again"));

	/* Many at one place: the first keep it, but not for ever. */
	for (n = 0; n < 20; n++)
		keep(9 + n * (1U << 24), "nine", NOW);
	CHECK(waiting_take(9 + 8 * (1U << 24), NOW, &got) == 0);
	keep(9 + 8 * (1U << 24), "other", mono_add_s(NOW, 11));
	CHECK(waiting_take(9, mono_add_s(NOW, 11), &got) == 0);
	CHECK(waiting_take(9 + 8 * (1U << 24), mono_add_s(NOW, 11),
	    &got) == 1 && is(9 + 8 * (1U << 24), "other"));
	for (n = 1; n < 8; n++)
		CHECK(waiting_take(9 + n * (1U << 24), NOW, &got) == 1 &&
		    is(9 + n * (1U << 24), "nine"));
	keep(9, "nine", NOW);
	CHECK(waiting_take(9, mono_add_s(NOW, 11), &got) == 0);

	/* Asking again does not make the wait longer. */
	keep(10, "ten", NOW);
	keep(10, "ten again", mono_add_ms(NOW, WAIT_FIRST_MS - 1));
	CHECK(waiting_late(mono_add_ms(NOW, WAIT_FIRST_MS), &cursor,
	    &got) == 1 && is(10, "ten again"));
	CHECK(waiting_take(10, NOW, &got) == 1);

	/* Those whose time is over, each once; a proof may still come. */
	for (n = 1; n <= 6000; n++)
		keep(n, "many", NOW);
	cursor = 0;
	CHECK(waiting_late(NOW, &cursor, &got) == 0);
	for (n = 0, cursor = 0; waiting_late(mono_add_s(NOW, 4), &cursor,
	    &got); n++)
		;
	CHECK(n == 2048);
	cursor = 0;
	CHECK(waiting_late(mono_add_s(NOW, 4), &cursor, &got) == 0);
	CHECK(waiting_take(12, mono_add_s(NOW, 5), &got) == 1 &&
	    is(12, "many"));
	cursor = 0;
	CHECK(waiting_late(mono_add_s(NOW, 20), &cursor, &got) == 0);
	keep(12 + 2048, "room", NOW);
	CHECK(waiting_take(12 + 2048, NOW, &got) == 1);

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	keep(20, large, NOW);
	CHECK_NAMED(waiting_take(20, NOW, &got) == 0, "too long:");
	large[WAITING_OCTETS] = '\0';
	keep(20, large, NOW);
	CHECK(waiting_take(20, NOW, &got) == 1 && is(20, large));
	return (unit_done());
}
