/* SPDX-License-Identifier: ISC */
/*
 * reply.c: heads of responses (RFC 9110, 9112).  Every response says how long
 * it is, and none has an empty field: firmware stumbles over both.
 */
#include <string.h>

#include "ksd.h"

static const struct {
	int		 status;
	const char	*reason;
} reasons[] = {
	{ 200, "OK" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

#define TYPE_OTHER	"application/octet-stream"

/* By the end of the name; firmware boots what has its types. */
static const struct {
	const char	*end;
	const char	*type;
	int		 uefi;		/* for firmware only */
} types[] = {
	{ ".efi",	"application/efi",		0 },
	{ ".iso",	"application/vnd.efi-iso",	1 },
	{ ".img",	"application/vnd.efi-img",	1 },
	{ ".html",	"text/html",			0 },
	{ ".json",	"application/json",		0 },
	{ ".xml",	"application/xml",		0 },
	{ ".txt",	"text/plain",			0 },
	{ ".ks",	"text/plain",			0 },
	{ ".cfg",	"text/plain",			0 },
	{ ".conf",	"text/plain",			0 },
	{ ".ipxe",	"text/plain",			0 },
	{ ".yaml",	"text/plain",			0 },
	{ ".ign",	"text/plain",			0 },
	{ ".sig",	"application/octet-stream",	0 },
	{ "user-data",	"text/plain",			0 },
	{ "meta-data",	"text/plain",			0 },
	{ "vendor-data", "text/plain",			0 },
	{ "network-config", "text/plain",		0 },
	{ "Release",	"text/plain",			0 },
	{ ".css",	"text/css",			0 },
	{ ".svg",	"image/svg+xml",		0 },
	{ ".png",	"image/png",			0 },
};

const char *
reply_reason(int status)
{
	size_t	i;

	for (i = 0; i < nitems(reasons); i++)
		if (reasons[i].status == status)
			return (reasons[i].reason);
	return ("Unknown");
}

const char *
reply_type(const char *path, int uefi)
{
	size_t	i, n, len = strlen(path);

	for (i = 0; i < nitems(types); i++) {
		n = strlen(types[i].end);
		if (len >= n && strcmp(path + len - n, types[i].end) == 0 &&
		    (uefi || !types[i].uefi))
			return (types[i].type);
	}
	return (TYPE_OTHER);
}

/* One line for people; machines have the status. */
static void
reply_text(const struct reply_head *r, struct wbuf *out)
{
	const char	*reason = reply_reason(r->status);

	wbuf_printf(out, "Content-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n\r\n", strlen(reason) + 5);
	if (!r->head_only)
		wbuf_printf(out, "%d %s\n", r->status, reason);
}

static void
reply_allow(unsigned int allow, struct wbuf *out)
{
	static const char *const names[] = { "GET", "HEAD", "POST" };
	const char		*comma = "";
	size_t			 i;

	wbuf_str(out, "Allow: ");
	for (i = 0; i < nitems(names); i++) {
		if ((allow & 1U << i) == 0)
			continue;
		wbuf_printf(out, "%s%s", comma, names[i]);
		comma = ", ";
	}
	wbuf_str(out, "\r\n");
}

/* RFC 9110 15.4.5: a 304 has the validators, too. */
static void
reply_file(const struct reply_head *r, struct wbuf *out)
{
	char	date[HTTP_DATE_LEN], etag[HTTP_ETAG_LEN];

	http_date(r->file->mtime, date);
	http_etag(r->file, etag);
	wbuf_printf(out, "Last-Modified: %s\r\nETag: %s\r\n", date, etag);
	if (r->status == 416)
		wbuf_printf(out, "Content-Range: bytes */%llu\r\n",
		    (unsigned long long)r->file->size);
	else if (r->status != 304)
		wbuf_str(out, "Accept-Ranges: bytes\r\n");
	if (r->status == 206)
		wbuf_printf(out, "Content-Range: bytes %llu-%llu/%llu\r\n",
		    (unsigned long long)r->first,
		    (unsigned long long)(r->first + r->len - 1),
		    (unsigned long long)r->file->size);
}

void
reply_head(const struct reply_head *r, const char *date, struct wbuf *out)
{
	wbuf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status,
	    reply_reason(r->status), date);
	if (r->close)
		wbuf_str(out, "Connection: close\r\n");
	if (r->no_store)
		wbuf_str(out, "Cache-Control: no-store\r\n");
	if (r->status == 405)
		reply_allow(r->allow, out);
	if (r->status == 503)
		wbuf_str(out, "Retry-After: 2\r\n");
	if (r->file != NULL)
		reply_file(r, out);
	if (r->status == 204 || r->status == 304)
		wbuf_str(out, "\r\n");
	else if (r->type == NULL)
		reply_text(r, out);
	else
		wbuf_printf(out, "Content-Type: %s\r\n"
		    "Content-Length: %llu\r\n\r\n", r->type,
		    (unsigned long long)r->len);
}
