/* SPDX-License-Identifier: ISC */
/*
 * staged_test.c: what waits for the store, with a store that answers when it
 * is told to: a lease that is given up while a grant of it is under way ends
 * all the same, whatever comes of the grant, and nothing is answered twice.
 */
#include <sys/socket.h>

#include <errno.h>
#include <event2/event.h>

#include "policy.h"
#include "unit.h"

#define MANY	64

static struct imsgbuf	store_end, dhcpd_end;
static struct port	port = { .mtu = 1500 };
static struct msg_lease	got[MANY];	/* what the store was sent last */
static uint32_t		got_id;

static void
links_make(void)
{
	int	pair[2];

	if ((child.base = event_base_new()) == NULL ||
	    event_base_priority_init(child.base, PRIO_COUNT) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		fatal("links");
	imsg_init(&dhcpd_end, pair[0], PROC_DHCPD, PROC_STORE);
	imsg_init(&store_end, pair[1], PROC_STORE, PROC_DHCPD);
	child.link[PROC_STORE] = &dhcpd_end;
}

/* How many leases the next batch has, or 0 without one. */
static size_t
store_reads(void)
{
	struct imsg	msg;

	if (imsg_get(&store_end, &msg) != 1)
		return (0);
	if (msg.type != MSG_COMMIT || msg.count > MANY)
		fatalx("no batch");
	memcpy(got, msg.data, msg.len);
	got_id = msg.id;
	return (msg.count);
}

static void
store_says(uint32_t id, uint32_t count, uint64_t kept)
{
	struct msg_committed	done = { .count = count, .kept = kept,
				    .error = EIO };

	CHECK(staged_done(id, &done, NOW) == 0);
}

/* A batch is read, and kept or not; how many leases it had. */
static size_t
store_does(uint64_t kept)
{
	size_t	n = store_reads();

	if (n > 0)
		store_says(got_id, (uint32_t)n, kept);
	return (n);
}

static void
start(void)
{
	setup();
	push_init(&view);
	staged_init(view.leases);
}

/* A message of MAC 9, of the address that it has; decided, and put. */
static void
says(uint8_t type, uint32_t addr)
{
	struct dhcp_msg	req;

	req_init(&req, type, 9);
	if (type == DHCP_REQUEST || type == DHCP_RELEASE)
		req.ciaddr = addr;
	else
		req.requested = addr;
	if (type != DHCP_REQUEST)
		req.server = ME;
	decide(&req);
	if (v.kind == V_ACK || v.kind == V_RELEASE || v.kind == V_DECLINE)
		CHECK(staged_put(&v, &req, conf, &port, NOW) == 0);
}

static uint64_t
acks(void)
{
	static uint64_t	before;
	uint64_t	n = figures[FIG_ACK].value - before;

	before = figures[FIG_ACK].value;
	return (n);
}

static enum hold_state
state_of(uint32_t addr)
{
	const struct lease	*l = lease_by_addr(view.leases, addr);

	return (l == NULL ? HOLD_MAX : (enum hold_state)l->state);
}

/* The renewal alone: nothing is true before the store says so. */
static void
test_renewal(void)
{
	struct lease	*l;

	start();
	l = have(POOL, 9, NULL, HOLD_BOUND);
	says(DHCP_REQUEST, POOL);
	says(DHCP_REQUEST, POOL);
	staged_flush();
	CHECK(l->expire_us == mono_add_s(NOW, 1000).us);
	CHECK(store_does(1) == 1);
	CHECK(acks() == 1);
	CHECK(l->expire_us == mono_add_s(NOW, 3600).us);
	CHECK(l->staged == 0);
	says(DHCP_REQUEST, POOL);
	staged_flush();
	CHECK(store_does(0) == 1);
	CHECK(acks() == 0);
	CHECK(l->state == HOLD_BOUND && l->staged == 0);
}

/*
 * A renewal is at the store, or in the same batch, and the client says that
 * it gives the address up, twice: of both parts the store keeps these bits.
 */
static void
given_up(uint8_t type, int together, uint64_t kept, enum hold_state after)
{
	uint32_t	id;

	start();
	(void)have(POOL, 9, NULL, HOLD_BOUND);
	says(DHCP_REQUEST, POOL);
	if (!together)
		staged_flush();
	says(type, POOL);
	says(type, POOL);
	/* This one is late: it comes again, or not. */
	says(DHCP_REQUEST, POOL);
	staged_flush();
	if (together) {
		CHECK(store_does(kept) == 2);
	} else {
		CHECK(store_reads() == 1);
		CHECK(got[0].state == LEASE_BOUND);
		id = got_id;
		CHECK(store_reads() == 1);
		CHECK(got[0].state != LEASE_BOUND && got[0].addr == POOL);
		store_says(id, 1, kept & 1);
		CHECK(state_of(POOL) == HOLD_BOUND);
		store_says(got_id, 1, kept >> 1);
	}
	CHECK(store_reads() == 0);
	CHECK(acks() == 0);
	CHECK(state_of(POOL) == after);
	CHECK(lease_by_addr(view.leases, POOL)->staged == 0);
}

static void
test_given_up(void)
{
	int	together;

	for (together = 0; together <= 1; together++) {
		given_up(DHCP_RELEASE, together, 3, HOLD_FREE);
		given_up(DHCP_DECLINE, together, 3, HOLD_DECLINED);
		/* The grant is not kept, but what follows it. */
		given_up(DHCP_RELEASE, together, 2, HOLD_FREE);
		given_up(DHCP_DECLINE, together, 2, HOLD_DECLINED);
		/* The other way: it is its client's until it ends. */
		given_up(DHCP_RELEASE, together, 1, HOLD_BOUND);
		given_up(DHCP_DECLINE, together, 0, HOLD_BOUND);
	}
}

/* An offer that was asked for and declined is not given to the next. */
static void
test_offer_declined(void)
{
	start();
	(void)have(POOL, 9, NULL, HOLD_OFFERED);
	says(DHCP_REQUEST, POOL);
	staged_flush();
	says(DHCP_DECLINE, POOL);
	staged_flush();
	CHECK(store_does(1) == 1);
	CHECK(store_does(1) == 1);
	CHECK(acks() == 0);
	CHECK(state_of(POOL) == HOLD_DECLINED);
}

/* After its end the address can be had again. */
static void
test_again(void)
{
	start();
	(void)have(POOL, 9, NULL, HOLD_BOUND);
	says(DHCP_REQUEST, POOL);
	says(DHCP_RELEASE, POOL);
	staged_flush();
	CHECK(store_does(3) == 2);
	says(DHCP_REQUEST, POOL);
	staged_flush();
	CHECK(store_does(1) == 1);
	CHECK(acks() == 1);
	CHECK(state_of(POOL) == HOLD_BOUND);
}

/* The client takes another address while its old one is being renewed. */
static void
test_moves(void)
{
	struct dhcp_msg	 req;

	start();
	(void)have(POOL, 9, NULL, HOLD_BOUND);
	says(DHCP_REQUEST, POOL);
	staged_flush();
	req_init(&req, DHCP_REQUEST, 9);
	req.server = ME;
	req.requested = POOL + 1;
	decide(&req);
	CHECK(v.kind == V_ACK && v.drop != NULL && v.drop->addr == POOL);
	CHECK(staged_put(&v, &req, conf, &port, NOW) == 0);
	staged_flush();
	CHECK(store_does(1) == 1);
	CHECK(store_does(3) == 2);
	CHECK(acks() == 1);
	CHECK(state_of(POOL) == HOLD_FREE);
	CHECK(state_of(POOL + 1) == HOLD_BOUND);
}

/* The store is gone: all is as it was, and can be asked for again. */
static void
test_store_gone(void)
{
	start();
	(void)have(POOL, 9, NULL, HOLD_BOUND);
	says(DHCP_REQUEST, POOL);
	staged_flush();
	says(DHCP_RELEASE, POOL);
	staged_drop();
	CHECK(store_reads() == 1);
	CHECK(state_of(POOL) == HOLD_BOUND);
	CHECK(lease_by_addr(view.leases, POOL)->staged == 0);
	says(DHCP_RELEASE, POOL);
	staged_flush();
	CHECK(store_does(1) == 1);
	CHECK(state_of(POOL) == HOLD_FREE);
}

int
main(void)
{
	log_init("staged_test", -1, 1);
	if (freopen("/dev/null", "w", stderr) == NULL)
		return (1);
	links_make();
	test_renewal();
	test_given_up();
	test_offer_declined();
	test_again();
	test_moves();
	test_store_gone();
	return (unit_done());
}
