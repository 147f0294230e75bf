/* SPDX-License-Identifier: ISC */
/*
 * tftp.c: TFTP packets in and out (RFC 1350), and which options are agreed to
 * (RFC 2347, 2348, 2349, 7440).  Touches buffers only.
 */
#include <string.h>
#include <strings.h>

#include "tftpd.h"

#define IP_UDP_HDRLEN	28

static const struct tftp_option_rule {
	const char	*name;
	uint64_t	 min, max;
} options[TFTP_O_MAX] = {
	[TFTP_O_BLKSIZE]    = { "blksize",	8, TFTP_BLKSIZE_MAX },
	[TFTP_O_TSIZE]	    = { "tsize",	0, INT64_MAX },
	[TFTP_O_TIMEOUT]    = { "timeout",	1, TFTP_TIMEOUT_MAX },
	[TFTP_O_WINDOWSIZE] = { "windowsize",	1, 65535 },
};

/* A string up to its NUL, inside the packet; NULL if there is no NUL. */
static const char *
buf_string(struct buf *in)
{
	const uint8_t	*start, *end;

	if (in->err || buf_left(in) == 0)
		return (NULL);
	start = in->data + in->off;
	if ((end = memchr(start, '\0', buf_left(in))) == NULL)
		return (NULL);
	return ((const char *)buf_ptr(in, (size_t)(end - start) + 1));
}

/* Decimal digits and nothing else; -1 also when out of range. */
static int
number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t	n = 0, digit;

	if (text[0] == '\0')
		return (-1);
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return (-1);
		digit = (uint64_t)(*text - '0');
		if (n > (max - digit) / 10)
			return (-1);
		n = n * 10 + digit;
	}
	*value = n;
	return (n < min ? -1 : 0);
}

/* RFC 2347: an option that is not known or makes no sense is as if not sent. */
static void
option_parse(struct tftp_request *req, const char *name, const char *text)
{
	size_t	i;

	for (i = 0; i < TFTP_O_MAX; i++) {
		if (strcasecmp(name, options[i].name) != 0)
			continue;
		if ((req->asked & 1U << i) == 0 && number_parse(text,
		    options[i].min, options[i].max, &req->value[i]) == 0)
			req->asked |= 1U << i;
		return;
	}
}

/*
 * Windows loaders write '\', GRUB a leading '/': all mean the same file.  No
 * file has control bytes in its name; such a name becomes empty.
 */
static void
name_clean(const char *raw, char *name, size_t size)
{
	size_t	n = 0;
	char	c;

	for (; *raw != '\0'; raw++) {
		c = *raw == '\\' ? '/' : *raw;
		if (c == '/' && (n == 0 || name[n - 1] == '/'))
			continue;
		if ((unsigned char)c < 0x20 || c == 0x7f || n + 1 >= size) {
			n = 0;
			break;
		}
		name[n++] = c;
	}
	name[n] = '\0';
}

static int
mode_parse(const char *text, enum tftp_mode *mode)
{
	static const char *const modes[] = {
		[TFTP_OCTET] = "octet",
		[TFTP_NETASCII] = "netascii",
		[TFTP_MAIL] = "mail",
	};
	size_t	i;

	for (i = 0; i < nitems(modes); i++)
		if (strcasecmp(text, modes[i]) == 0) {
			*mode = (enum tftp_mode)i;
			return (0);
		}
	return (-1);
}

/*
 * Only requests come to port 69.  Anything else is not answered, or two
 * servers could be made to answer each other for ever (CVE-2024-2169).
 */
int
tftp_parse_request(struct buf *in, struct tftp_request *req)
{
	const char	*name, *mode, *value;
	uint16_t	 op;

	memset(req, 0, sizeof(*req));
	op = buf_u16(in);
	if (in->err || in->len > TFTP_REQ_MAX ||
	    (op != TFTP_RRQ && op != TFTP_WRQ))
		return (-1);
	req->op = (enum tftp_op)op;
	name = buf_string(in);
	mode = buf_string(in);
	if (name == NULL || mode == NULL || mode_parse(mode, &req->mode) == -1)
		return (-1);
	name_clean(name, req->name, sizeof(req->name));
	/* Some clients pad with NULs: an option without a name is the end. */
	while (buf_left(in) > 0) {
		if ((name = buf_string(in)) == NULL)
			return (-1);
		if (name[0] == '\0')
			break;
		if ((value = buf_string(in)) == NULL)
			return (-1);
		option_parse(req, name, value);
	}
	return (0);
}

int
tftp_parse_reply(struct buf *in, struct tftp_reply *rep)
{
	uint16_t	op = buf_u16(in);

	rep->number = buf_u16(in);
	if (in->err || (op != TFTP_ACK && op != TFTP_ERROR))
		return (-1);
	rep->op = (enum tftp_op)op;
	return (0);
}

static uint32_t
least(uint64_t a, uint32_t b)
{
	return (a < b ? (uint32_t)a : b);
}

/*
 * A block that needs IP fragments costs a whole one for every lost fragment,
 * and many boot ROMs cannot put them together: it has to fit the interface.
 */
void
tftp_agree(const struct tftp_request *req, uint64_t size, uint32_t mtu,
    struct tftp_terms *terms)
{
	uint32_t	fits = TFTP_BLKSIZE;

	if (mtu > IP_UDP_HDRLEN + TFTP_HDRLEN + TFTP_BLKSIZE)
		fits = least(mtu - IP_UDP_HDRLEN - TFTP_HDRLEN,
		    TFTP_BLKSIZE_MAX);
	memset(terms, 0, sizeof(*terms));
	terms->agreed = req->asked;
	terms->size = size;
	terms->blksize = TFTP_BLKSIZE;
	terms->window = 1;
	if (req->asked & 1U << TFTP_O_BLKSIZE)
		terms->blksize = least(req->value[TFTP_O_BLKSIZE], fits);
	if (req->asked & 1U << TFTP_O_WINDOWSIZE)
		terms->window = least(req->value[TFTP_O_WINDOWSIZE],
		    TFTP_WINDOW_MAX);
	if (req->asked & 1U << TFTP_O_TIMEOUT)
		terms->timeout = (uint32_t)req->value[TFTP_O_TIMEOUT];
}

/* Only what was asked for (RFC 2347). */
void
tftp_build_oack(struct wbuf *out, const struct tftp_terms *terms)
{
	const uint64_t	value[TFTP_O_MAX] = {
		[TFTP_O_BLKSIZE] = terms->blksize,
		[TFTP_O_TSIZE] = terms->size,
		[TFTP_O_TIMEOUT] = terms->timeout,
		[TFTP_O_WINDOWSIZE] = terms->window,
	};
	size_t		i;

	wbuf_u16(out, TFTP_OACK);
	for (i = 0; i < TFTP_O_MAX; i++)
		if (terms->agreed & 1U << i)
			wbuf_printf(out, "%s%c%llu%c", options[i].name, 0,
			    (unsigned long long)value[i], 0);
}

void
tftp_build_error(struct wbuf *out, enum tftp_error code, const char *text)
{
	wbuf_u16(out, TFTP_ERROR);
	wbuf_u16(out, (uint16_t)code);
	wbuf_str(out, text);
	wbuf_u8(out, '\0');
}

/* Block numbers roll over from 65535 to 0, as every client expects. */
void
tftp_build_data(struct wbuf *out, uint64_t block)
{
	wbuf_u16(out, TFTP_DATA);
	wbuf_u16(out, (uint16_t)block);
}
