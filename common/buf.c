/* SPDX-License-Identifier: ISC */
/*
 * buf.c: bounded reading and writing of bytes.  Errors stick: a parser reads
 * all it wants and looks at err once, at its end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib.h"

void
buf_init(struct buf *b, const void *data, size_t len)
{
	b->data = data;
	b->len = len;
	b->off = 0;
	b->err = 0;
}

size_t
buf_left(const struct buf *b)
{
	return (b->len - b->off);
}

const uint8_t *
buf_ptr(struct buf *b, size_t n)
{
	const uint8_t	*p;

	if (b->err || n > b->len - b->off) {
		b->err = 1;
		return (NULL);
	}
	p = b->data + b->off;
	b->off += n;
	return (p);
}

uint8_t
buf_u8(struct buf *b)
{
	const uint8_t	*p = buf_ptr(b, 1);

	return (p == NULL ? 0 : p[0]);
}

uint16_t
buf_u16(struct buf *b)
{
	const uint8_t	*p = buf_ptr(b, 2);

	return (p == NULL ? 0 : (uint16_t)(p[0] << 8 | p[1]));
}

uint32_t
buf_u32(struct buf *b)
{
	const uint8_t	*p = buf_ptr(b, 4);

	if (p == NULL)
		return (0);
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

void
buf_copy(struct buf *b, void *dst, size_t n)
{
	const uint8_t	*p = buf_ptr(b, n);

	if (p == NULL)
		memset(dst, 0, n);
	else
		memcpy(dst, p, n);
}

void
buf_skip(struct buf *b, size_t n)
{
	(void)buf_ptr(b, n);
}

int
buf_sub(struct buf *b, struct buf *sub, size_t n)
{
	const uint8_t	*p = buf_ptr(b, n);

	buf_init(sub, p, p == NULL ? 0 : n);
	return (p == NULL ? -1 : 0);
}

void
wbuf_init(struct wbuf *b, void *data, size_t size)
{
	b->data = data;
	b->size = size;
	b->len = 0;
	b->err = 0;
}

/* Room for n bytes at the end, which then count as written; or NULL. */
static uint8_t *
wbuf_room(struct wbuf *b, size_t n)
{
	uint8_t	*p;

	if (b->err || n > b->size - b->len) {
		b->err = 1;
		return (NULL);
	}
	p = b->data + b->len;
	b->len += n;
	return (p);
}

void
wbuf_u8(struct wbuf *b, uint8_t v)
{
	wbuf_copy(b, &v, 1);
}

void
wbuf_u16(struct wbuf *b, uint16_t v)
{
	const uint8_t	be[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	wbuf_copy(b, be, sizeof(be));
}

void
wbuf_u32(struct wbuf *b, uint32_t v)
{
	const uint8_t	be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			    (uint8_t)(v >> 8), (uint8_t)v };

	wbuf_copy(b, be, sizeof(be));
}

void
wbuf_copy(struct wbuf *b, const void *src, size_t n)
{
	uint8_t	*p = wbuf_room(b, n);

	if (p != NULL && n > 0)
		memcpy(p, src, n);
}

void
wbuf_zero(struct wbuf *b, size_t n)
{
	uint8_t	*p = wbuf_room(b, n);

	if (p != NULL)
		memset(p, 0, n);
}

void
wbuf_str(struct wbuf *b, const char *s)
{
	wbuf_copy(b, s, strlen(s));
}

void
wbuf_printf(struct wbuf *b, const char *fmt, ...)
{
	char	 text[4096];
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text)) {
		b->err = 1;
		return;
	}
	wbuf_copy(b, text, (size_t)n);
}

void
wbuf_set_u16(struct wbuf *b, size_t off, uint16_t v)
{
	if (b->len < 2 || off > b->len - 2) {
		b->err = 1;
		return;
	}
	b->data[off] = (uint8_t)(v >> 8);
	b->data[off + 1] = (uint8_t)v;
}
