/* SPDX-License-Identifier: ISC */
/*
 * story.c: what goes into the timeline of a machine that boots or that we
 * know.  Ordinary clients have none; and a flood of made-up machines must not
 * bury the real ones.
 */
#include <stdio.h>
#include <string.h>

#include "dhcpd.h"

#define RECENT		256		/* machines whose last step we recall */
#define TOLD_MAX	16		/* kept until the answers have left */
#define UNKNOWN_MAX	50		/* lines a second of unknown machines */

struct recent {
	int64_t		second;
	struct mac	mac;
	uint8_t		step;
};

static struct story	told[TOLD_MAX];
static size_t		ntold;

static void
story_begin(struct story *s, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v)
{
	memset(s, 0, sizeof(*s));
	s->step = STEP_MAX;
	s->mac = req->mac;
	if (v->host != NONE)
		(void)snprintf(s->host, sizeof(s->host), "%s",
		    conf->host[v->host].name);
}

static int
has_story(const struct verdict *v)
{
	return (v->host != NONE || pxe_boots(&v->pxe));
}

/* Its own words about itself; step texts are cleaned when they are sent. */
static void
class_text(const struct dhcp_msg *req, char *text, size_t size)
{
	size_t	n = req->class.len < size - 1 ? req->class.len : size - 1;

	if (n > 0)
		memcpy(text, req->class.data, n);
	text[n] = '\0';
}

/* What a request tells before anything is known of its answer. */
static void
story_discover(struct story *s, const struct dhcp_msg *req,
    const struct verdict *v)
{
	char	class[40], late[48] = "";

	s->step = STEP_DISCOVER;
	class_text(req, class, sizeof(class));
	/* A port that learns its network first forwards nothing for a while. */
	if (v->late_s > 0)
		(void)snprintf(late, sizeof(late),
		    "; not heard for %u s: spanning tree?", v->late_s);
	(void)snprintf(s->text, sizeof(s->text), "%s %s%s%s",
	    class[0] != '\0' ? class : "a client",
	    pxe_boots(&v->pxe) ? "wants to boot" : "wants an address",
	    v->pxe.ipxe ? ", as iPXE" : "", late);
}

/* Why a machine that should boot gets no boot file, or "". */
static const char *
story_refusal(const struct verdict *v, char text[80])
{
	char	why[64];

	text[0] = '\0';
	if (v->circles)
		(void)snprintf(text, 80, "no boot file: it got the same one "
		    "%d times and came back", TRAIL_ROUNDS);
	else if (v->no_loader)
		(void)snprintf(text, 80, "no boot file: %s",
		    pxe_no_loader(&v->pxe, why));
	return (text);
}

static void
story_silence(struct story *s, const struct dhcp_msg *req,
    const struct verdict *v)
{
	char	why[80];

	if (v->not_ours) {
		if (req->type != DHCP_DISCOVER || !pxe_boots(&v->pxe))
			return;
		s->step = STEP_LOCAL;
		(void)snprintf(s->text, sizeof(s->text),
		    "no boot file of ours: it boots its own disk");
		return;
	}
	s->step = STEP_ERROR;
	if (story_refusal(v, why)[0] != '\0')
		(void)snprintf(s->text, sizeof(s->text), "%s", why);
	else
		(void)snprintf(s->text, sizeof(s->text), "no answer: %s",
		    v->why);
}

void
story_request(struct story *s, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v)
{
	char	addr[ADDR_STRLEN];

	story_begin(s, conf, req, v);
	if (!has_story(v))
		return;
	if (req->type == DHCP_DISCOVER && !v->not_ours)
		story_discover(s, req, v);
	if (v->kind == V_DECLINE) {
		s->step = STEP_CONFLICT;
		s->addr = v->addr;
		(void)snprintf(s->text, sizeof(s->text),
		    "declined %s: somebody else uses it",
		    addr_str(v->addr, addr));
	} else if (v->kind == V_SILENT)
		story_silence(s, req, v);
}

/* The boot file, where it is, and how the machine was told. */
static void
story_boot(const struct verdict *v, const char *addr, char *text, size_t size)
{
	static const char *const	how[PROFILE_MAX] = {
		[PROFILE_PXE] = ", as PXE", [PROFILE_BINL] = ", by port 4011",
	};
	const int			uefi = v->pxe.arch != 0 &&
					    v->pxe.arch != ARCH_UNKNOWN;
	char				next[ADDR_STRLEN], file[PATH_LEN];

	pxe_file(v->loader, &v->pxe, v->next_server, file);
	if (file[0] == '\0')
		(void)snprintf(text, size, "%s, boots from %s", addr,
		    addr_str(v->next_server, next));
	else if (strstr(file, "://") != NULL)
		(void)snprintf(text, size, "%s, boot file %.80s", addr, file);
	else
		(void)snprintf(text, size, "%s, boot file %.64s from %s%s",
		    addr, file, addr_str(v->next_server, next), uefi &&
		    how[v->pxe.profile] != NULL ? how[v->pxe.profile] : "");
}

static void
story_address(struct story *s, const struct verdict *v)
{
	char	addr[ADDR_STRLEN], why[80];

	(void)addr_str(v->addr, addr);
	if (v->loader != NULL)
		story_boot(v, addr, s->text, sizeof(s->text));
	else if (story_refusal(v, why)[0] != '\0') {
		s->step = STEP_ERROR;
		(void)snprintf(s->text, sizeof(s->text), "%s, but %s", addr,
		    why);
	} else if (pxe_boots(&v->pxe)) {
		/* UEFI takes no such offer, so this is its decision. */
		if (v->kind == V_OFFER)
			s->step = STEP_LOCAL;
		(void)snprintf(s->text, sizeof(s->text),
		    "%s and no boot file: it boots its own disk", addr);
	} else
		(void)snprintf(s->text, sizeof(s->text), "%s", addr);
}

void
story_answer(struct story *s, const struct conf *conf,
    const struct dhcp_msg *req, const struct verdict *v)
{
	char	addr[ADDR_STRLEN];

	story_begin(s, conf, req, v);
	if (!has_story(v))
		return;
	/* A system that runs and renews its lease is no news. */
	if (v->kind == V_ACK && req->ciaddr != 0 && !v->booting)
		return;
	s->addr = v->addr;
	if (v->kind == V_NAK) {
		s->step = STEP_ERROR;
		(void)snprintf(s->text, sizeof(s->text), "refused: %s", v->why);
	} else if (v->kind == V_OFFER || v->kind == V_ACK) {
		s->step = v->kind == V_OFFER ? STEP_OFFER : STEP_ACK;
		story_address(s, v);
	} else if (v->kind == V_PROXY) {
		s->step = req->type == DHCP_DISCOVER ? STEP_OFFER : STEP_ACK;
		story_boot(v, v->addr != 0 ? addr_str(v->addr, addr) :
		    "no address of ours", s->text, sizeof(s->text));
	}
}

void
story_tell(const struct story *s, mono_t now)
{
	static struct recent	recents[RECENT];
	static struct {
		int64_t		second;
		unsigned int	lines;
	} budget;
	const int64_t		second = now.us / 1000000;
	struct recent		*r;

	if (s->step == STEP_MAX)
		return;
	r = &recents[(s->mac.b[3] << 4 ^ s->mac.b[4] << 2 ^ s->mac.b[5]) %
	    RECENT];
	if (r->second == second && r->step == s->step &&
	    mac_equal(r->mac, s->mac))
		return;
	if (s->host[0] == '\0') {
		if (budget.second != second) {
			budget.second = second;
			budget.lines = 0;
		}
		if (budget.lines++ >= UNKNOWN_MAX)
			return;
	}
	r->second = second;
	r->step = (uint8_t)s->step;
	r->mac = s->mac;
	if (ntold == TOLD_MAX)
		story_flush();
	told[ntold++] = *s;
}

void
story_flush(void)
{
	const struct story	*s;

	for (s = told; s < told + ntold; s++)
		proc_step(s->step, s->addr, s->mac, s->host, 100, 0, "%s",
		    s->text);
	ntold = 0;
}
