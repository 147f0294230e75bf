/* SPDX-License-Identifier: ISC */
/*
 * addr.c: addresses and names as text, strictly.
 */
#include <arpa/inet.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib.h"

const char *
addr_str(uint32_t addr, char text[ADDR_STRLEN])
{
	(void)snprintf(text, ADDR_STRLEN, "%u.%u.%u.%u", addr >> 24,
	    addr >> 16 & 0xff, addr >> 8 & 0xff, addr & 0xff);
	return (text);
}

const char *
mac_str(struct mac mac, char text[MAC_STRLEN])
{
	(void)snprintf(text, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x",
	    mac.b[0], mac.b[1], mac.b[2], mac.b[3], mac.b[4], mac.b[5]);
	return (text);
}

int
addr_parse(const char *text, uint32_t *addr)
{
	struct in_addr	in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return (-1);
	*addr = ntohl(in.s_addr);
	return (0);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

int
mac_parse(const char *text, struct mac *mac)
{
	size_t	i;
	int	hi, lo;

	if (strlen(text) != MAC_STRLEN - 1)
		return (-1);
	for (i = 0; i < sizeof(mac->b); i++, text += 3) {
		hi = hex_digit(text[0]);
		lo = hex_digit(text[1]);
		if (hi == -1 || lo == -1)
			return (-1);
		if (i < 5 && text[2] != ':' && text[2] != '-')
			return (-1);
		mac->b[i] = (uint8_t)(hi << 4 | lo);
	}
	return (0);
}

int
mac_equal(struct mac a, struct mac b)
{
	return (memcmp(a.b, b.b, sizeof(a.b)) == 0);
}

int
mac_is_unicast(struct mac mac)
{
	static const struct mac	zero;

	return ((mac.b[0] & 1) == 0 && !mac_equal(mac, zero));
}

uint32_t
prefix_mask(unsigned int prefix)
{
	return (prefix == 0 ? 0 : UINT32_MAX << (32 - prefix));
}

int
name_is_ldh(const char *name)
{
	size_t	i;

	for (i = 0; name[i] != '\0'; i++)
		if (i >= 63 || (!isalnum((unsigned char)name[i]) &&
		    name[i] != '-' && name[i] != '.'))
			return (0);
	return (i > 0 && name[0] != '-' && name[0] != '.');
}

void
hex_encode(const uint8_t *bytes, size_t n, char *text)
{
	static const char	digits[] = "0123456789abcdef";
	size_t			i;

	for (i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	text[2 * n] = '\0';
}
