/* SPDX-License-Identifier: ISC */
/*
 * facts.h: who asks, and what that decides: facts.c, nexthop.c and menu.c.
 * Included by bootward.h, whose records these take in.
 */
#ifndef FACTS_H
#define FACTS_H

/*
 * facts.c: leases, tickets and what ARP shows of addresses, as they were
 * pushed to us; used by tftpd, ksd and dhcpd to decide without asking.
 */
struct facts;

/* Whose an address is; small, there may be a great many. */
struct lessee {
	int64_t		 expire_us;
	char		*host;		/* its host entry, or NULL */
	uint32_t	 addr;
	struct mac	 mac;
};

struct facts *facts_new(void);
/* Can it be one at all?  Strings end, numbers are in range. */
int	 facts_lease_ok(const struct msg_lease *);
int	 facts_grant_ok(const struct msg_grant *);
int	 facts_ticket_ok(const struct msg_ticket *);
int	 facts_stand_ok(const struct msg_stand *);
/* Learn all of such a message; -1 at the first that cannot be one. */
int	 facts_take_grants(struct facts *, const struct imsg *);
int	 facts_take_tickets(struct facts *, const struct imsg *);
int	 facts_take_stands(struct facts *, const struct imsg *);
void	 facts_grant(struct facts *, const struct msg_grant *);
void	 facts_stand(struct facts *, const struct msg_stand *);
void	 facts_ticket(struct facts *, const struct msg_ticket *);
const struct lessee *facts_lessee_of(struct facts *, uint32_t addr, mono_t);
const struct msg_ticket *facts_ticket_of(struct facts *, const char *host);
const struct msg_ticket *facts_ticket_by_token(struct facts *, const char *);

/*
 * arpd is expected until then; when it has not come a lease alone is believed.
 * Once it was there it is always believed, and waited for.
 */
void	 facts_arpd_until(struct facts *, mono_t);
void	 facts_arpd_came(struct facts *);

/* Is it the machine that the address was given to? */
enum doubt {
	DOUBT_NONE,		/* yes, or nobody can know better */
	DOUBT_UNSEEN,		/* it was not heard there yet: MSG_LOOK */
	DOUBT_CONFLICT		/* another one is there, alone or besides */
};

/*
 * Who is asking: everything that decides what a machine gets.  While it is
 * unseen, only what everybody may have is for it; in a conflict it is nobody.
 */
struct machine {
	const struct lessee	*lease;		/* NULL: no lease with us */
	const struct conf_host	*host;		/* NULL: unknown machine */
	const struct msg_ticket	*ticket;	/* NULL: rest state */
	const struct conf_image	*image;		/* NULL unless it installs */
	const struct conf_host	*whose;		/* host also in a conflict */
	enum doubt		 doubt;
	int			 hops;		/* the kernel knows its MAC */
	uint32_t		 addr;		/* its address */
	uint32_t		 server;	/* ours on its segment */
	struct mac		 mac;		/* by lease, also in a conflict */
	struct mac		 other;		/* the other one in a conflict */
	struct mac		 hop;		/* who would be answered */
	int			 installs;	/* send it to the installer */
};

/* The machine at an address; server is our address that it can reach. */
void	 facts_machine(struct facts *, const struct conf *, uint32_t addr,
	    uint32_t server, mono_t, struct machine *);

/* Our answer would go to this Ethernet address; NULL: the kernel knows none. */
void	 facts_hop(const struct conf *, struct machine *, const struct mac *);

/*
 * nexthop.c: where the kernel sends what is for addr: 1 and the Ethernet
 * address; 0: it would have to ask; -1: it does not say.  fd is any socket.
 */
int	 nexthop(int fd, uint32_t addr, struct mac *);

/* menu.c: boot menus as pure functions of the machine. */
enum menu_kind { MENU_PXELINUX, MENU_GRUB, MENU_IPXE };

void	 menu_render(enum menu_kind, const struct conf *,
	    const struct machine *, struct wbuf *);
/* Kernel arguments with $answer, $event, $packages, ... put in. */
void	 menu_expand(const struct conf *, const struct machine *, const char *,
	    struct wbuf *);

#endif
