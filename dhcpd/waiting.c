/* SPDX-License-Identifier: ISC */
/*
 * waiting.c: DISCOVERs whose address is being proven, kept as they came, so
 * that they are answered when the proof is there and not with the client's
 * next try, seconds later.  As many as there is room for: the others' clients
 * try again anyway.
 */
#include <string.h>

#include "dhcpd.h"

#define SLOTS		2048
#define NEAR		8	/* slots that an address may be in */
#define SLOT_S		10

struct slot {
	int64_t		 since_us;
	struct port	*port;
	struct frame	 frame;
	uint32_t	 addr;		/* 0: empty */
	uint8_t		 told;		/* that time is over, once */
	uint8_t		 octets[WAITING_OCTETS];
};

static struct slot	slots[SLOTS];
static unsigned int	nslots;

/* Addresses of a pool follow each other, so that they seldom meet here. */
static struct slot *
slot_at(uint32_t addr, uint32_t n)
{
	return (&slots[((addr ^ addr >> 12) + n) % SLOTS]);
}

static struct slot *
slot_find(uint32_t addr)
{
	uint32_t	n;

	for (n = 0; n < NEAR; n++)
		if (slot_at(addr, n)->addr == addr)
			return (slot_at(addr, n));
	return (NULL);
}

static int
slot_is_over(const struct slot *s, mono_t now)
{
	return (now.us - s->since_us > SLOT_S * INT64_C(1000000));
}

/* One that is empty, or whose time is over. */
static struct slot *
slot_new(uint32_t addr, mono_t now)
{
	struct slot	*s;
	uint32_t	 n;

	for (n = 0; n < NEAR; n++) {
		s = slot_at(addr, n);
		if (s->addr != 0 && !slot_is_over(s, now))
			continue;
		nslots += s->addr == 0;
		s->addr = addr;
		s->since_us = now.us;
		s->told = 0;
		return (s);
	}
	return (NULL);
}

void
waiting_keep(struct port *port, const struct frame *f, uint32_t addr,
    mono_t now)
{
	struct slot	*s;

	if (f->payload.len > sizeof(s->octets))
		return;
	/* Who asks again has waited since the first time. */
	s = slot_find(addr);
	if ((s == NULL || slot_is_over(s, now)) &&
	    (s = slot_new(addr, now)) == NULL)
		return;
	s->port = port;
	s->frame = *f;
	memcpy(s->octets, f->payload.data, f->payload.len);
	buf_init(&s->frame.payload, s->octets, f->payload.len);
}

static void
slot_clear(struct slot *s)
{
	s->addr = 0;
	nslots--;
}

/* A copy, for the same slot may be filled again while it is looked at. */
static void
slot_copy(const struct slot *s, struct waiting *w)
{
	w->port = s->port;
	w->frame = s->frame;
	memcpy(w->octets, s->octets, s->frame.payload.len);
	buf_init(&w->frame.payload, w->octets, s->frame.payload.len);
}

int
waiting_take(uint32_t addr, mono_t now, struct waiting *w)
{
	struct slot	*s;

	if (addr == 0 || (s = slot_find(addr)) == NULL)
		return (0);
	slot_clear(s);
	if (slot_is_over(s, now))
		return (0);
	slot_copy(s, w);
	return (1);
}

int
waiting_late(mono_t now, unsigned int *cursor, struct waiting *w)
{
	struct slot	*s;

	for (; nslots > 0 && *cursor < SLOTS; (*cursor)++) {
		s = &slots[*cursor];
		if (s->addr == 0)
			continue;
		if (slot_is_over(s, now)) {
			slot_clear(s);
			continue;
		}
		if (s->told ||
		    now.us - s->since_us < WAIT_FIRST_MS * INT64_C(1000))
			continue;
		s->told = 1;
		slot_copy(s, w);
		(*cursor)++;
		return (1);
	}
	return (0);
}
