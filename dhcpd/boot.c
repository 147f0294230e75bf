/* SPDX-License-Identifier: ISC */
/*
 * boot.c: what a machine boots: a loader of ours, told as its firmware
 * understands it, or nothing and so its own disk.  The decision changes
 * nothing; what follows from it is done in boot_note().
 */
#include <string.h>

#include "dhcpd.h"

static struct log_limit	told;

/* The ticket of a known machine decides; of others, the configuration. */
static int
boot_installs(const struct asker *a)
{
	if (a->v->host == NONE)
		return (a->view->conf->global->unknown == UNKNOWN_INSTALL);
	return (ticket_installs(asker_ticket(a)));
}

/*
 * An iPXE that loads iPXE comes back and asks again.  The file is known by
 * its name, or by what became of this machine when it got it.  It gets its
 * script, if it can fetch it; one without HTTP may load a better one, but not
 * itself.
 */
static void
boot_unchain(struct asker *a)
{
	struct verdict	*v = a->v;
	int		 again, named;

	if (!v->pxe.ipxe)
		return;
	if (v->loader == NULL) {
		v->loader = v->pxe.no_http ? NULL : &pxe_script;
		return;
	}
	if (strstr(v->loader->path, "://") != NULL)
		return;
	again = trail_made_ipxe(a->view->trails, a->req, v, a->now);
	named = pxe_is_ipxe_file(v->loader->path);
	if (!v->pxe.no_http && (again || named))
		v->loader = &pxe_script;
	else if (again && named)
		v->loader = NULL;
}

/*
 * UEFI takes a plain DHCP answer; it is what most servers send.  Some of what
 * its makers made of it takes only one that says PXEClient: after two offers
 * that nothing came of the next two are of another kind, and what was taken
 * once is where the next boot begins.
 */
static enum pxe_profile
boot_profile(const struct asker *a, const struct trail_advice *advice)
{
	const struct verdict		*v = a->v;
	/* An ACK is of the kind of the last offer. */
	unsigned int			 n = advice->unheard -
					    (a->req->type != DHCP_DISCOVER &&
					    advice->unheard > 0);
	static const enum pxe_profile	turn[] = {
		PROFILE_PLAIN, PROFILE_PXE, PROFILE_BINL
	};
	size_t				first = 0, i;

	if (!v->pxe.pxe || v->pxe.etherboot ||
	    v->pxe.profile != PROFILE_PLAIN)
		return (v->pxe.profile);
	for (i = 0; i < nitems(turn); i++)
		if (advice->taken == turn[i] + 1U)
			first = i;
	return (turn[(first + n / 2) % nitems(turn)]);
}

void
boot_decide(struct asker *a)
{
	struct verdict		*v = a->v;
	struct trail_advice	 advice;

	if (!pxe_boots(&v->pxe) || !boot_installs(a))
		return;
	v->pxe.own = v->server;
	v->loader = pxe_loader(a->view->conf, &v->pxe);
	boot_unchain(a);
	v->no_loader = v->loader == NULL;
	v->late_s = trail_late(a->view->trails, a->req, a->now);
	trail_look(a->view->trails, a->req, v, a->now, &advice);
	if (v->loader != NULL && advice.circles) {
		v->circles = 1;
		v->loader = NULL;
	}
	v->pxe.profile = boot_profile(a, &advice);
}

/* The ticket goes on when the machine is given its loader. */
static void
boot_started(const struct view *view, const struct verdict *v)
{
	struct msg_input	input;

	if (v->loader == NULL || v->ticket == NULL ||
	    v->ticket->state != TICKET_ARMED || v->host == NONE)
		return;
	memset(&input, 0, sizeof(input));
	input.input = INPUT_BOOT;
	memcpy(input.host, view->conf->host[v->host].name, sizeof(input.host));
	(void)proc_send(PROC_STORE, MSG_INPUT, 0, -1, &input, sizeof(input));
}

void
boot_note(const struct view *view, const struct dhcp_msg *req,
    const struct verdict *v, mono_t now)
{
	char	mac[MAC_STRLEN], why[64];

	trail_note(view->trails, req, v, now);
	if (v->claim) {
		proxy_learn(view->claims, view->conf, req, v, now);
		/* An ACK of ours moves the ticket when it is on disk. */
		if (v->kind != V_ACK)
			boot_started(view, v);
	}
	if (req->type != DHCP_DISCOVER)
		return;
	if (v->circles)
		log_limit(&told, "%s boots in circles: it got the same loader "
		    "%d times and came back; it gets none for %d seconds",
		    mac_str(req->mac, mac), TRAIL_ROUNDS, TRAIL_REST_S);
	else if (v->no_loader)
		log_limit(&told, "%s gets no boot file: %s",
		    mac_str(req->mac, mac), pxe_no_loader(&v->pxe, why));
}
