/* SPDX-License-Identifier: ISC */
/*
 * xfer_test.c: the transfer machine against scripted packets, and against a
 * whole client behind a network that loses, doubles and delays.
 */
#include <string.h>

#include "tftpd/tftpd.h"
#include "unit.h"

static struct xfer	 x;
static struct xfer_send	 out;
static mono_t		 now = { 1000000 };

static void
begin(uint64_t size, uint32_t blksize, uint32_t window, unsigned int agreed)
{
	const size_t		first = size < blksize ? size : blksize;
	struct tftp_terms	terms;

	memset(&terms, 0, sizeof(terms));
	terms.size = size;
	terms.blksize = blksize;
	terms.window = window;
	terms.agreed = agreed;
	xfer_start(&x, &terms, 40, agreed ? 30 : 4 + first, now, &out);
}

/* An event some milliseconds later. */
static void
later(int64_t ms, enum xfer_event ev, uint16_t number)
{
	now = mono_add_ms(now, ms);
	xfer_event(&x, ev, number, now, &out);
}

static void
expire(void)
{
	now = x.deadline;
	xfer_event(&x, XFER_EV_TIMER, 0, now, &out);
}

static int
sends(uint64_t first, uint32_t count)
{
	return (!out.oack && out.count == count &&
	    (count == 0 || out.first == first));
}

static int
silent(void)
{
	return (!out.oack && out.count == 0);
}

static void
test_plain(void)
{
	begin(1000, 512, 1, 0);
	CHECK(sends(1, 1) && x.nblocks == 2 && !xfer_is_proven(&x));
	later(1, XFER_EV_ACK, 0);
	CHECK(silent() && !xfer_is_proven(&x));
	later(1, XFER_EV_ACK, 1);
	CHECK(sends(2, 1) && xfer_is_proven(&x) && xfer_bytes(&x) == 512);
	later(1, XFER_EV_ACK, 2);
	CHECK(silent() && x.end == XFER_END_DONE && !xfer_is_open(&x));
	CHECK(xfer_bytes(&x) == 1000 && x.resent == 0);
	later(1, XFER_EV_ACK, 2);
	CHECK(silent() && x.end == XFER_END_DONE);
}

/* A file of whole blocks ends with an empty one (RFC 1350); so does none. */
static void
test_sizes(void)
{
	begin(0, 512, 1, 0);
	CHECK(x.nblocks == 1 && sends(1, 1));
	later(1, XFER_EV_ACK, 1);
	CHECK(x.end == XFER_END_DONE && xfer_bytes(&x) == 0);
	begin(1024, 512, 1, 1);
	CHECK(x.nblocks == 3);
	begin(1023, 512, 1, 1);
	CHECK(x.nblocks == 2);
}

static void
test_options(void)
{
	begin(5000, 1024, 1, 1);
	CHECK(out.oack && out.count == 0 && x.state == XFER_OACK);
	later(1, XFER_EV_ACK, 1);
	CHECK(silent() && x.state == XFER_OACK);
	later(1, XFER_EV_ACK, 0);
	CHECK(sends(1, 1) && x.state == XFER_DATA);
	later(1, XFER_EV_ACK, 0);
	CHECK(silent());
	later(1, XFER_EV_ACK, 1);
	CHECK(sends(2, 1));
}

/* Size probe of UEFI firmware: OACK, ERROR. */
static void
test_probe(void)
{
	begin(5000, 1024, 4, 1);
	later(1, XFER_EV_ERROR, TFTP_E_OPTION);
	CHECK(silent() && x.end == XFER_END_PROBE);
	begin(5000, 1024, 4, 1);
	later(1, XFER_EV_ACK, 0);
	later(1, XFER_EV_ERROR, TFTP_E_FULL);
	CHECK(silent() && x.end == XFER_END_ERROR);
	begin(5000, 512, 1, 0);
	later(1, XFER_EV_ERROR, TFTP_E_UNDEF);
	CHECK(x.end == XFER_END_ERROR);
}

/* RFC 1123 4.2.3.1: a duplicate ACK must not repeat DATA. */
static void
test_apprentice(void)
{
	int	i, sent = 0;

	begin(100000, 512, 1, 1);
	later(1, XFER_EV_ACK, 0);
	later(1, XFER_EV_ACK, 1);
	CHECK(sends(2, 1));
	for (i = 0; i < 100; i++) {
		later(0, XFER_EV_ACK, 1);
		sent += out.count;
		later(0, XFER_EV_ACK, 0);
		sent += out.count;
	}
	CHECK(sent == 0);
	/* ACKs of what was never sent. */
	later(0, XFER_EV_ACK, 3);
	CHECK(silent() && x.acked == 1);
	later(0, XFER_EV_ACK, 65535);
	CHECK(silent() && x.acked == 1);
	later(0, XFER_EV_ACK, 2);
	CHECK(sends(3, 1));
}

static void
test_window(void)
{
	begin(20 * 512, 512, 4, 1);	/* 21 blocks */
	later(1, XFER_EV_ACK, 0);
	CHECK(sends(1, 4));
	later(1, XFER_EV_ACK, 4);
	CHECK(sends(5, 4));
	/* That ACK again, doubled on its way. */
	later(0, XFER_EV_ACK, 4);
	CHECK(silent());
	/* 6 was lost: go on behind 5. */
	later(1, XFER_EV_ACK, 5);
	CHECK(sends(6, 4) && x.resent == 3);
	/* 6 was lost again: the timer is drawn in, once. */
	later(1, XFER_EV_ACK, 5);
	CHECK(silent() && mono_diff_ms(x.deadline, now) < 5);
	expire();
	CHECK(sends(6, 4));
	later(1, XFER_EV_ACK, 5);
	CHECK(silent() && mono_diff_ms(x.deadline, now) > 5);
	later(1, XFER_EV_ACK, 4);
	CHECK(silent());
	expire();
	CHECK(sends(6, 4));
	later(1, XFER_EV_ACK, 9);
	later(1, XFER_EV_ACK, 13);
	later(1, XFER_EV_ACK, 17);
	CHECK(sends(18, 4));
	later(1, XFER_EV_ACK, 21);
	CHECK(x.end == XFER_END_DONE);
	/* A window larger than the file. */
	begin(1000, 512, 16, 1);
	later(1, XFER_EV_ACK, 0);
	CHECK(sends(1, 2));
	later(1, XFER_EV_ACK, 2);
	CHECK(x.end == XFER_END_DONE);
}

/* 70000 blocks: 65535 is followed by 0, and old numbers stay old. */
static void
test_rollover(uint32_t window)
{
	uint64_t	block = 0, top;
	int		bad = 0;

	begin(70000ULL * 8, 8, window, 1);
	later(1, XFER_EV_ACK, 0);
	while (xfer_is_open(&x) && bad == 0) {
		top = block + window < x.nblocks ? block + window : x.nblocks;
		bad += !sends(block + 1, (uint32_t)(top - block));
		later(1, XFER_EV_ACK, (uint16_t)(block - 1));
		bad += !silent();
		later(1, XFER_EV_ACK, (uint16_t)(top + 1));
		bad += !silent();
		later(1, XFER_EV_ACK, (uint16_t)top);
		block = top;
	}
	CHECK(bad == 0);
	CHECK(block == 70001 && x.end == XFER_END_DONE);
	CHECK(xfer_bytes(&x) == 70000ULL * 8);
}

/* Nobody there: what leaves us is bounded, in packets and in octets. */
static void
test_unproven(void)
{
	int	packets = 1, i;

	begin(100000, 512, 1, 1);
	for (i = 0; i < 10 && xfer_is_open(&x); i++) {
		expire();
		packets += out.oack;
		CHECK(out.count == 0);
	}
	CHECK(packets == 3 && x.end == XFER_END_TIMEOUT);
	/* 558 octets for 82: no second time unless it is asked for. */
	begin(100000, 512, 1, 0);
	for (packets = 1, i = 0; i < 10 && xfer_is_open(&x); i++) {
		expire();
		packets += out.count != 0;
	}
	CHECK(packets == 1 && x.end == XFER_END_TIMEOUT);
	/* A small file fits the budget. */
	begin(100, 512, 1, 0);
	expire();
	CHECK(sends(1, 1));
	/* The request once more: the answer once more. */
	begin(100000, 512, 1, 0);
	xfer_again(&x, now, &out);
	CHECK(sends(1, 1));
	begin(100000, 512, 8, 1);
	xfer_again(&x, now, &out);
	CHECK(out.oack);
	later(1, XFER_EV_ACK, 0);
	xfer_again(&x, now, &out);
	CHECK(silent());
}

/* RFC 1123 4.2.3.2: adaptive, with back-off, and it ends. */
static void
test_timer(void)
{
	int64_t	wait[8];
	int	i, n;

	begin(1000000, 512, 1, 1);
	later(3, XFER_EV_ACK, 0);
	for (i = 1; i <= 20; i++)
		later(3, XFER_EV_ACK, (uint16_t)i);
	CHECK(mono_diff_ms(x.deadline, now) >= 50);	/* the least */
	CHECK(mono_diff_ms(x.deadline, now) < 60);
	later(40, XFER_EV_TIMER, 0);
	CHECK(silent());				/* not yet due */
	for (n = 0; xfer_is_open(&x) && n < 8; n++) {
		expire();
		wait[n] = mono_diff_ms(x.deadline, now);
		if (xfer_is_open(&x))
			CHECK(sends(21, 1));
	}
	CHECK(n == 6 && x.end == XFER_END_TIMEOUT && x.resent == 5);
	CHECK(wait[0] == 1000 && wait[1] == 2000 && wait[4] == 16000);
	/* A slow path: the timer follows. */
	begin(1000000, 512, 1, 1);
	later(400, XFER_EV_ACK, 0);
	for (i = 1; i <= 50; i++)
		later(400, XFER_EV_ACK, (uint16_t)i);
	CHECK(mono_diff_ms(x.deadline, now) > 400);
	CHECK(mono_diff_ms(x.deadline, now) < 800);
	CHECK(x.resent == 0);
	/* Karn: the late ACK of a repeated block says nothing of the path. */
	expire();
	later(1, XFER_EV_ACK, 51);
	CHECK(x.srtt > 350000);
	/* RFC 2349: as the client wants it. */
	begin(1000000, 512, 1, 1);
	x.terms.timeout = 7;
	later(1, XFER_EV_ACK, 0);
	CHECK(mono_diff_ms(x.deadline, now) == 7000);
	expire();
	CHECK(mono_diff_ms(x.deadline, now) == 7000);
}

static void
test_unsent(void)
{
	begin(100 * 512, 512, 16, 1);
	later(1, XFER_EV_ACK, 0);
	CHECK(sends(1, 16));
	xfer_unsent(&x, 6);
	later(1, XFER_EV_WRITABLE, 0);
	CHECK(sends(11, 6) && x.resent == 0);
	later(1, XFER_EV_WRITABLE, 0);
	CHECK(silent());
	later(1, XFER_EV_ACK, 16);
	CHECK(sends(17, 16));
	later(1, XFER_EV_BROKEN, 0);
	CHECK(silent() && x.end == XFER_END_BROKEN);
	begin(100, 512, 1, 0);
	later(1, XFER_EV_DROP, 0);
	CHECK(silent() && x.end == XFER_END_DROPPED);
	later(1000000, XFER_EV_TIMER, 0);
	CHECK(silent());
}

/*
 * A whole client: takes blocks in order and acknowledges each window, or what
 * it has when an unexpected block comes, but that only once in ten
 * milliseconds.  It never speaks first: the server alone has to get through.
 */
#define SIM_PACKETS	4096

static uint32_t	random_state;

static uint32_t
dice(uint32_t sides)
{
	random_state = random_state * 1664525 + 1013904223;
	return ((random_state >> 8) % sides);
}

struct sim_packet {
	mono_t		at;
	uint64_t	block;		/* to the client; OACK is 0 */
	int		ack;		/* to the server */
	int		used;
};

static struct sim {
	struct sim_packet packet[SIM_PACKETS];
	mono_t		last_at;	/* packets overtake rarely */
	uint64_t	got;		/* blocks in order */
	uint32_t	in_window;
	mono_t		complained;
	uint32_t	loss;		/* in 1000 */
	uint64_t	sent;
	int		overflow;
} sim;

static void
sim_put(uint64_t block, int ack)
{
	struct sim_packet	*p;
	uint32_t		 copies = 1 + (dice(200) == 0);
	size_t			 i;

	sim.sent += !ack;
	if (dice(1000) < sim.loss)
		return;
	for (i = 0; i < nitems(sim.packet) && copies > 0; i++) {
		p = &sim.packet[i];
		if (p->used)
			continue;
		p->at = mono_add_ms(now, 1 + dice(3));
		if (dice(100) != 0 && mono_before(p->at, sim.last_at))
			p->at = sim.last_at;
		sim.last_at = p->at;
		p->block = block;
		p->ack = ack;
		p->used = 1;
		copies--;
	}
	sim.overflow |= copies > 0;
}

static void
sim_out(void)
{
	uint32_t	i;

	if (out.oack)
		sim_put(0, 0);
	for (i = 0; i < out.count; i++)
		sim_put(out.first + i, 0);
}

/* Returns whether the client says something. */
static int
sim_client(uint64_t block)
{
	if (block != sim.got + 1) {
		sim.in_window = 0;
		if (block > 0 && mono_diff_ms(now, sim.complained) < 10)
			return (0);
		sim.complained = now;
		return (1);
	}
	sim.got++;
	if (++sim.in_window < x.terms.window && sim.got < x.nblocks)
		return (0);
	sim.in_window = 0;
	return (1);
}

/* The earliest, and of equals the one that was sent first. */
static struct sim_packet *
sim_next(void)
{
	struct sim_packet	*first = NULL;
	size_t			 i;

	for (i = 0; i < nitems(sim.packet); i++)
		if (sim.packet[i].used && (first == NULL ||
		    mono_before(sim.packet[i].at, first->at) ||
		    (sim.packet[i].at.us == first->at.us &&
		    sim.packet[i].block < first->block)))
			first = &sim.packet[i];
	return (first);
}

static void
sim_run(uint32_t seed, uint32_t loss, uint32_t window, uint64_t size)
{
	struct sim_packet	*p, copy;

	memset(&sim, 0, sizeof(sim));
	random_state = seed;
	sim.loss = loss;
	begin(size, 512, window, 1);
	sim_out();
	while (xfer_is_open(&x)) {
		p = sim_next();
		if (p == NULL || mono_before(x.deadline, p->at)) {
			expire();
			sim_out();
			continue;
		}
		copy = *p;
		p->used = 0;
		now = copy.at;
		if (copy.ack) {
			xfer_event(&x, XFER_EV_ACK, (uint16_t)copy.block, now,
			    &out);
			sim_out();
		} else if (sim_client(copy.block))
			sim_put(sim.got, 1);
	}
}

/*
 * Up to 5 % loss everything arrives.  What is sent stays near what is needed:
 * each loss may cost one window or two, never a flood.
 */
static void
test_network(void)
{
	static const uint32_t	windows[] = { 1, 2, 4, 16, 64 };
	static const uint32_t	losses[] = { 0, 1, 10, 50 };
	uint64_t		most;
	uint32_t		seed;
	size_t			i, j;
	int			incomplete, storms;

	for (i = 0; i < nitems(windows); i++)
		for (j = 0; j < nitems(losses); j++) {
			incomplete = storms = 0;
			for (seed = 1; seed <= 20; seed++) {
				sim_run(seed, losses[j], windows[i],
				    300 * 512 + 7);
				incomplete += x.end != XFER_END_DONE ||
				    sim.got != x.nblocks || sim.overflow;
				most = x.nblocks * 2 + 20 * windows[i] +
				    sim.sent * losses[j] * 4 * windows[i] /
				    1000;
				storms += sim.sent > most;
			}
			CHECK(incomplete == 0);
			CHECK(storms == 0);
		}
}

int
main(void)
{
	test_plain();
	test_sizes();
	test_options();
	test_probe();
	test_apprentice();
	test_window();
	test_rollover(1);
	test_rollover(3);
	test_rollover(64);
	test_unproven();
	test_timer();
	test_unsent();
	test_network();
	return (unit_done());
}
