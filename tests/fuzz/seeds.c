/* SPDX-License-Identifier: ISC */
/*
 * seeds.c: makes the first inputs of dhcp_fuzz.c: for each way to talk to
 * dhcpd a few messages that get somewhere.
 *
 *	seeds DIRECTORY			writes them into it
 *	seeds DIRECTORY FILE...		one more for each file, a DHCP message
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dhcpd/dhcpd.h"

#define IP(a, b, c, d)	((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define OPTS(s)		s, sizeof(s) - 1
#define FROM_POOL	IP(10, 77, 1, 0)
#define ME		"\066\004\012\115\000\001"
#define WANTS(addr)	"\062\004" addr
#define POOL		"\012\115\001\000"
#define GIADDR		IP(10, 99, 0, 1)
#define FREE_GIADDR	IP(10, 97, 0, 1)
#define QUERIER		IP(192, 0, 2, 5)
#define X37		"a long name of a port that is too lon"
#define X32		"0123456789abcdef0123456789abcdef"
#define X64		X32 X32
#define X148		X64 X64 "0123456789abcdef0123"
#define BIOS		"\074\040PXEClient:Arch:00000:UNDI:002001" \
			"\135\002\000\000"
#define EFI		"\074\040PXEClient:Arch:00007:UNDI:003016" \
			"\135\002\000\007"
#define HTTP		"\074\041HTTPClient:Arch:00016:UNDI:003001" \
			"\135\002\000\020"
#define UUID		"\141\021\0000123456789abcdef\136\003\001\002\001"
#define ASKS		"\067\015\001\003\006\014\017\034\052\053\103" \
			"\167\171\322\226"
#define BIG		"\071\002\005\300"

/* As dhcp_fuzz.c has them. */
enum { NEIGHBOUR, RENEWING, RELAYED, FRAME, PXE, ASKING, PROXY, PROXY_PXE,
	BY_ANOTHER };
enum { BATCH = 1, REFUSE = 2, ARPD = 4, MINUTE = 8, HOURS = 16, SLOW = 32,
	PROVEN = 64, CONFLICT = 128 };

struct message {
	uint8_t		 way, flags, type, client;
	uint32_t	 ciaddr, giaddr;
	const char	*options;
	size_t		 len;
};

#define MESSAGES	6

static const struct session {
	const char	*name;
	struct message	 m[MESSAGES];
} sessions[] = {
	{ "four", {
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 9, 0, 0, OPTS(ASKS) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0, OPTS(WANTS(POOL) ME ASKS) },
	    { RENEWING, 0, DHCP_REQUEST, 9, FROM_POOL, 0, OPTS(ASKS) },
	    { NEIGHBOUR, MINUTE, DHCP_REQUEST, 9, FROM_POOL, 0, OPTS("") },
	    { RENEWING, 0, DHCP_RELEASE, 9, FROM_POOL, 0, OPTS(ME) },
	    { NEIGHBOUR, HOURS, DHCP_DISCOVER, 9, 0, 0, OPTS("") } } },
	{ "probed", {
	    { NEIGHBOUR, ARPD | PROVEN, DHCP_DISCOVER, 9, 0, 0, OPTS("") },
	    { NEIGHBOUR, ARPD, DHCP_DISCOVER, 9, 0, 0, OPTS("") },
	    { NEIGHBOUR, ARPD | CONFLICT, DHCP_DISCOVER, 8, 0, 0, OPTS("") },
	    { NEIGHBOUR, ARPD, DHCP_DISCOVER, 8, 0, 0, OPTS("") } } },
	{ "declined", {
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0, OPTS(WANTS(POOL) ME) },
	    { NEIGHBOUR, 0, DHCP_DECLINE, 9, 0, 0, OPTS(WANTS(POOL) ME) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0, OPTS(WANTS(POOL)) },
	    { NEIGHBOUR, HOURS, DHCP_DISCOVER, 8, 0, 0, OPTS(WANTS(POOL)) } } },
	{ "refused", {
	    { NEIGHBOUR, REFUSE, DHCP_REQUEST, 9, 0, 0,
		OPTS(WANTS(POOL) ME) },
	    { NEIGHBOUR, SLOW, DHCP_REQUEST, 9, 0, 0, OPTS(WANTS(POOL) ME) },
	    { NEIGHBOUR, BATCH, DHCP_REQUEST, 9, 0, 0, OPTS(WANTS(POOL) ME) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 8, 0, 0, OPTS(WANTS(POOL) ME) },
	    { RENEWING, 0, DHCP_RELEASE, 9, FROM_POOL, 0, OPTS("") } } },
	{ "nak", {
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0,
		OPTS(WANTS("\300\250\1\1")) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0,
		OPTS(WANTS("\012\115\002\001") "\075\003xyz") },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0,
		OPTS(WANTS(POOL) "\066\004\012\115\011\011") } } },
	{ "ids", {
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 9, 0, 0, OPTS("\075\002pc") },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0,
		OPTS(WANTS("\012\115\001\003") ME "\075\002pc\014\004host") },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 8, 0, 0,
		OPTS(WANTS("\012\115\001\003") "\075\002pc") },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 9, 0, 0,
		OPTS("\075\023\377\0\0\0\1\0\1\0\1abcdefgh") } } },
	{ "rapid", {
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 9, 0, 0, OPTS("\120\000" ASKS) },
	    { NEIGHBOUR, BATCH, DHCP_DISCOVER, 8, 0, 0, OPTS("\120\000") } } },
	{ "inform", {
	    { RENEWING, 0, DHCP_INFORM, 9, IP(10, 77, 9, 9), 0, OPTS(ASKS) },
	    { NEIGHBOUR, 0, DHCP_INFORM, 9, IP(10, 77, 9, 9), 0,
		OPTS(ASKS BIG) } } },
	{ "bios", {
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 1, 0, 0, OPTS(BIOS UUID ASKS BIG) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 1, 0, 0, OPTS(BIOS UUID ME ASKS
		WANTS("\012\115\002\001")) },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 1, 0, 0,
		OPTS(BIOS "\115\004iPXE\257\006\261\001\001\022\001\001") },
	    { PXE, 0, DHCP_REQUEST, 1, IP(10, 77, 2, 1), 0,
		OPTS(BIOS UUID "\053\006\107\004\000\000\000\000") } } },
	{ "efi", {
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 1, 0, 0, OPTS(EFI UUID ASKS BIG) },
	    { NEIGHBOUR, MINUTE, DHCP_DISCOVER, 1, 0, 0, OPTS(EFI UUID BIG) },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 2, 0, 0, OPTS(EFI UUID) },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 3, 0, 0, OPTS(HTTP ASKS) },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 3, 0, 0,
		OPTS("\074\011PXEClient\135\006\000\143\000\013\000\007") } } },
	{ "circles", {
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 3, 0, 0, OPTS(BIOS) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 3, 0, 0, OPTS(BIOS WANTS(POOL) ME) },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 3, 0, 0, OPTS(BIOS) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 3, 0, 0, OPTS(BIOS WANTS(POOL) ME) },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 3, 0, 0, OPTS(BIOS) },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 3, 0, 0,
		OPTS(BIOS WANTS(POOL) ME) } } },
	{ "proxy", {
	    { PROXY, 0, DHCP_DISCOVER, 1, 0, 0, OPTS(BIOS UUID) },
	    { PROXY, 0, DHCP_REQUEST, 1, 0, 0,
		OPTS(BIOS WANTS("\012\067\000\005")
		"\066\004\012\067\000\002") },
	    { PROXY_PXE, 0, DHCP_REQUEST, 1, IP(10, 55, 0, 5), 0,
		OPTS(BIOS UUID "\053\006\107\004\000\000\000\000") },
	    { PROXY_PXE, 0, DHCP_INFORM, 1, IP(10, 55, 0, 5), 0, OPTS(EFI) },
	    { PROXY, 0, DHCP_DISCOVER, 9, 0, 0, OPTS("") } } },
	{ "relayed", {
	    { RELAYED, 0, DHCP_DISCOVER, 9, 0, GIADDR,
		OPTS(ASKS "\122\015\001\005port9\002\004modm") },
	    { RELAYED, 0, DHCP_REQUEST, 9, 0, GIADDR, OPTS(ME
		WANTS("\012\143\000\012") "\122\007\001\005port9") },
	    { RENEWING, 0, DHCP_REQUEST, 9, IP(10, 99, 0, 10), 0, OPTS("") },
	    { RELAYED, 0, DHCP_DISCOVER, 8, 0, GIADDR,
		OPTS("\122\007\001\005port9") },
	    { RENEWING, 0, DHCP_RELEASE, 9, IP(10, 99, 0, 10), 0, OPTS("") },
	    { RELAYED, 0, DHCP_REQUEST, 9, 0, GIADDR,
		OPTS(WANTS("\300\250\1\1")) } } },
	{ "ports", {
	    { RELAYED, 0, DHCP_DISCOVER, 9, 0, GIADDR,
		OPTS("\122\007\001\005port1") },
	    { RELAYED, 0, DHCP_REQUEST, 9, 0, GIADDR, OPTS(ME
		WANTS("\012\143\000\062") "\122\007\001\005port1") },
	    { RELAYED, 0, DHCP_DISCOVER, 8, 0, GIADDR,
		OPTS("\122\007\002\005modem") },
	    { RELAYED, 0, DHCP_DISCOVER, 7, 0, IP(10, 0, 0, 9),
		OPTS("\122\010\005\004\012\143\000\000\023\000") },
	    { RELAYED, 0, DHCP_DISCOVER, 6, 0, GIADDR,
		OPTS("\122\006\013\004\012\143\000\001") },
	    { RELAYED, 0, DHCP_DISCOVER, 5, 0, GIADDR,
		OPTS("\166\004\012\142\000\000\122\003\012\001\200") } } },
	{ "long", {
	    { RELAYED, 0, DHCP_DISCOVER, 9, 0, FREE_GIADDR,
		OPTS("\122\226\001\224" X148) },
	    { RELAYED, 0, DHCP_REQUEST, 9, 0, FREE_GIADDR, OPTS(ME
		WANTS("\012\141\000\012") "\122\226\001\224" X148) },
	    { RELAYED, 0, DHCP_REQUEST, 8, 0, FREE_GIADDR, OPTS(ME
		WANTS("\012\141\000\013") "\122\147\001\145" X37 X64) },
	    { RELAYED, 0, DHCP_DISCOVER, 7, 0, IP(10, 0, 0, 9), OPTS(
		"\122\006\005\004\012\116\000\000") },
	    { NEIGHBOUR, 0, DHCP_REQUEST, 7, 0, 0, OPTS(ME
		WANTS("\012\116\000\025")) } } },
	{ "query", {
	    { RELAYED, 0, DHCP_REQUEST, 9, 0, GIADDR, OPTS(ME
		WANTS("\012\143\000\012") "\075\002id\122\005\001\003abc") },
	    { ASKING, 0, DHCP_LEASEQUERY, 0, IP(10, 99, 0, 10), QUERIER,
		OPTS("\067\003\063\122\133") },
	    { ASKING, 0, DHCP_LEASEQUERY, 9, 0, QUERIER, OPTS("") },
	    { ASKING, 0, DHCP_LEASEQUERY, 0, 0, QUERIER, OPTS("\075\002id") },
	    { ASKING, 0, DHCP_LEASEQUERY, 0, IP(10, 77, 1, 4), QUERIER,
		OPTS("") },
	    { ASKING, 0, DHCP_LEASEQUERY, 0, IP(1, 2, 3, 4), QUERIER,
		OPTS("") } } },
	{ "bootp", {
	    { NEIGHBOUR, 0, DHCP_BOOTP, 1, 0, 0, OPTS("") },
	    { NEIGHBOUR, 0, DHCP_BOOTP, 2, 0, 0, OPTS(ASKS BIG) },
	    { RELAYED, 0, DHCP_BOOTP, 9, 0, GIADDR,
		OPTS("\122\007\001\005port1") } } },
	{ "overload", {
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 9, 0, 0,
		OPTS("\064\001\003\071\002\002\100" ASKS) },
	    { NEIGHBOUR, 0, DHCP_DISCOVER, 9, 0, 0,
		OPTS("\075\002ab\075\003cde\067\002\001\003\067\001\006") },
	    { RELAYED, 0, DHCP_DISCOVER, 9, 0, GIADDR,
		OPTS(ASKS "\122\003\001\006p\122\005ort12") } } },
	{ "spoofed", {
	    { NEIGHBOUR, 0, DHCP_REQUEST, 9, 0, 0, OPTS(WANTS(POOL) ME) },
	    { BY_ANOTHER, 0, DHCP_RELEASE, 9, FROM_POOL, 0, OPTS(ME) },
	    { BY_ANOTHER, 0, DHCP_DECLINE, 9, 0, 0, OPTS(WANTS(POOL) ME) },
	    { RELAYED, 0, DHCP_DISCOVER, 9, 0, IP(10, 77, 0, 1), OPTS("") } } },
};

static void
put_message(struct wbuf *w, const struct message *m)
{
	wbuf_u8(w, m->way);
	wbuf_u8(w, m->flags);
	wbuf_u8(w, 1);
	wbuf_u8(w, m->client != 0 ? HTYPE_ETHERNET : 0);
	wbuf_u8(w, m->client != 0 ? 6 : 0);
	wbuf_u8(w, m->giaddr != 0);
	wbuf_u32(w, 0x1000U + m->type);
	wbuf_u32(w, 0x00040000);		/* secs, flags */
	wbuf_u32(w, m->ciaddr);
	wbuf_zero(w, 8);
	wbuf_u32(w, m->giaddr);
	if (m->client != 0)
		wbuf_copy(w, "\x52\x54\0\0\0", 5);
	else
		wbuf_zero(w, 5);
	wbuf_u8(w, m->client);
	wbuf_zero(w, 10 + DHCP_SNAME_LEN + DHCP_FILE_LEN);
	wbuf_u32(w, m->type == DHCP_BOOTP && m->len == 0 ? 0 : DHCP_MAGIC);
	if (m->type != DHCP_BOOTP) {
		wbuf_u8(w, OPT_TYPE);
		wbuf_u8(w, 1);
		wbuf_u8(w, m->type);
	}
	wbuf_copy(w, m->options, m->len);
	wbuf_u8(w, OPT_END);
}

static void
write_seed(const char *dir, const char *name, const struct wbuf *w)
{
	char	 path[PATH_LEN * 2];
	FILE	*f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (w->err || (f = fopen(path, "w")) == NULL ||
	    fwrite(w->data, 1, w->len, f) != w->len || fclose(f) != 0)
		err(1, "%s", path);
}

/* The same message as a whole frame. */
static void
write_frame(const char *dir, const struct message *m)
{
	const struct frame	f = {
		.dst_mac = { { 255, 255, 255, 255, 255, 255 } },
		.src_mac = { { 0x52, 0x54, 0, 0, 0, 9 } },
		.src = 0, .dst = UINT32_MAX, .sport = 68, .dport = 67
	};
	uint8_t			octets[1024], whole[1024];
	struct wbuf		in, out;

	wbuf_init(&in, octets, sizeof(octets));
	put_message(&in, m);
	wbuf_init(&out, whole, sizeof(whole));
	wbuf_u8(&out, FRAME);
	wbuf_u8(&out, 0);
	/* The headers are written at the beginning of a buffer. */
	wbuf_init(&out, whole + 2, sizeof(whole) - 2);
	frame_build(&out, &f, octets + 2, in.len - 2);
	wbuf_copy(&out, octets + 2, in.len - 2);
	out.data = whole;
	out.len += 2;
	write_seed(dir, "frame", &out);
}

static void
write_sessions(const char *dir)
{
	static uint8_t		octets[8192];
	const struct session	*s;
	struct wbuf		w;
	size_t			i;

	for (s = sessions; s < sessions + nitems(sessions); s++) {
		wbuf_init(&w, octets, sizeof(octets));
		for (i = 0; i < MESSAGES && s->m[i].options != NULL; i++) {
			if (i > 0)
				wbuf_str(&w, "NEXT");
			put_message(&w, &s->m[i]);
		}
		write_seed(dir, s->name, &w);
	}
	write_frame(dir, &sessions[0].m[0]);
}

static void
write_file(const char *dir, const char *path)
{
	static uint8_t	 octets[8192];
	const char	*name = strrchr(path, '/');
	char		 to[NAME_LEN];
	size_t		 n;
	FILE		*f;
	struct wbuf	 w;

	wbuf_init(&w, octets, sizeof(octets));
	wbuf_u8(&w, NEIGHBOUR);
	wbuf_u8(&w, 0);
	if ((f = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	n = fread(octets + 2, 1, sizeof(octets) - 2, f);
	(void)fclose(f);
	w.len += n;
	(void)snprintf(to, sizeof(to), "x-%s", name != NULL ? name + 1 : path);
	write_seed(dir, to, &w);
}

int
main(int argc, char *argv[])
{
	int	i;

	if (argc < 2)
		errx(2, "usage: seeds directory [file ...]");
	if (argc == 2)
		write_sessions(argv[1]);
	for (i = 2; i < argc; i++)
		write_file(argv[1], argv[i]);
	return (0);
}
