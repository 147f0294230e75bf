/* SPDX-License-Identifier: ISC */
/*
 * boot.h: machines that boot from the network: what their stages say about
 * themselves, what they get, what is remembered of them, and whose an address
 * is where another server gives the addresses.  Included by dhcpd.h.
 */
#ifndef BOOT_H
#define BOOT_H

#include "bootward.h"

struct asker;
struct dhcp_msg;
struct link;
struct reply;
struct verdict;
struct view;

/* 1. What a request says of the boot that it is a stage of: pxe.c ---------- */

#define ARCH_UNKNOWN	0xffff
#define PXE_ARCHS	8

/*
 * How firmware wants to be told what it boots, PXE 2.1 and what became of it:
 * a plain DHCP answer with a boot file; one with the PXE options (60, 43); one
 * that says PXEClient without options, after which it asks port 4011; UEFI
 * HTTP boot; and the one menu that a Raspberry Pi looks for.
 */
enum pxe_profile {
	PROFILE_PLAIN, PROFILE_PXE, PROFILE_BINL, PROFILE_HTTP, PROFILE_RPI,
	PROFILE_MAX
};

struct pxe {
	int		 pxe;		/* option 60 is PXEClient */
	int		 http;		/* option 60 is HTTPClient */
	int		 ipxe;		/* iPXE, or a descendant */
	int		 etherboot;	/* knows option 175: iPXE, or gPXE */
	int		 no_http;	/* an iPXE that has no HTTP */
	int		 rpi;		/* a Raspberry Pi's own boot loader */
	enum pxe_profile profile;	/* how it is answered */
	uint32_t	 own;		/* our address there */
	uint16_t	 arch;		/* its first in option 93 that we know,
					   else its first, or ARCH_UNKNOWN */
	uint16_t	 archs[PXE_ARCHS];
	uint8_t		 narch;
};

void	 pxe_classify(const struct dhcp_msg *, struct pxe *);
/* A firmware or loader that would take a boot file. */
int	 pxe_boots(const struct pxe *);
/* The first of its architectures that has a loader, or NULL. */
const struct conf_loader *pxe_loader(const struct conf *, const struct pxe *);
/* Its row, or NONE: some loaders stand in no configuration. */
uint32_t pxe_loader_row(const struct conf *, const struct conf_loader *);
/* Why it has none, in words. */
const char *pxe_no_loader(const struct pxe *, char [64]);
/* The script of ksd, for an iPXE that would load itself again. */
extern const struct conf_loader pxe_script;
/* Does a file have the name of an iPXE program? */
int	 pxe_is_ipxe_file(const char *);
/* The boot file as the client is to ask for it; "" if it needs no name. */
void	 pxe_file(const struct conf_loader *, const struct pxe *,
	    uint32_t server, char [PATH_LEN]);
/* The options that make a client boot; then those that any iPXE gets. */
void	 pxe_put_boot(struct reply *, const struct dhcp_msg *,
	    const struct pxe *, const char *file, uint32_t next_server);
void	 pxe_put_ipxe(struct reply *, const struct pxe *);
/* Is this an option that makes firmware boot? */
int	 pxe_is_boot_option(uint8_t code);

/* 2. What it gets: boot.c -------------------------------------------------- */

/* The loader of a machine that is to have one, and how it is told. */
void	 boot_decide(struct asker *);
/* What follows from a verdict: for the memory, the siblings, the ticket. */
void	 boot_note(const struct view *, const struct dhcp_msg *,
	    const struct verdict *, mono_t);

/* 3. What was given before: trail.c ---------------------------------------- */

/*
 * A machine that boots in circles is stopped: a stage that was given the same
 * loader so many times in a row, and asks for it within a minute every time,
 * boots its own disk for a while.  Whoever switches a machine off and on three
 * times in three minutes does not get there.
 */
#define TRAIL_ROUNDS	4
#define TRAIL_GAP_S	60
#define TRAIL_REST_S	300

struct trails;

/* What the past of a machine means for this request. */
struct trail_advice {
	int		 circles;	/* it is to get no loader */
	unsigned int	 unheard;	/* offers that it did not take */
	unsigned int	 taken;		/* enum pxe_profile + 1, or 0 */
};

struct trails *trails_new(void);
void	 trails_clear(struct trails *);
/* trails may be NULL: nothing is remembered. */
void	 trail_look(const struct trails *, const struct dhcp_msg *,
	    const struct verdict *, mono_t, struct trail_advice *);
/* Is the loader of the verdict an iPXE, by what became of the machine? */
int	 trail_made_ipxe(const struct trails *, const struct dhcp_msg *,
	    const struct verdict *, mono_t);
/* Its first request says that it has asked for so many seconds; or 0. */
unsigned int trail_late(const struct trails *, const struct dhcp_msg *,
	    mono_t);
void	 trail_note(struct trails *, const struct dhcp_msg *,
	    const struct verdict *, mono_t);

/* 4. Where another server gives the addresses: proxy.c, claim.c ------------ */

/*
 * Only what a machine boots, PXE 2.1, by the proxy's broadcast or by port
 * 4011.  V_PROXY or V_SILENT; then the octets of the answer.
 */
void	 proxy_decide(struct asker *);
size_t	 proxy_build(uint8_t *, const struct conf *, const struct dhcp_msg *,
	    const struct verdict *, uint32_t mtu);

#define CLAIMS_MAX	8192
#define CLAIM_S		900	/* of a machine without a ticket */
#define DISPUTE_S	600	/* nobody has an address that two want */

/* Who says that an address is its own. */
struct claim {
	int64_t		 expire_us;
	uint32_t	 addr;			/* 0: not in use */
	struct mac	 mac;
	uint8_t		 disputed;	/* by two, so that it is nobody's */
	uint8_t		 known;		/* it has a host entry */
	char		 host[NAME_LEN];
};

struct claims;

struct claims *claims_new(void);
/* claims may be NULL: nobody says anything. */
const struct claim *claim_of_addr(const struct claims *, uint32_t, mono_t);
const struct claim *claim_of_mac(const struct claims *, struct mac, mono_t);
/* Of this address and this MAC; -1 when there is no room for more. */
int	 claim_put(struct claims *, const struct claim *, mono_t);
void	 claim_drop(struct claims *, uint32_t addr);
/* From a cursor on, what is in force as the siblings are told it. */
size_t	 claim_grants(const struct claims *, mono_t, uint32_t *cursor,
	    struct msg_grant *, size_t max);
void	 claim_grant(const struct claim *, struct msg_grant *);

/* proxy.c: what a verdict tells of whose an address is. */
void	 proxy_learn(struct claims *, const struct conf *,
	    const struct dhcp_msg *, const struct verdict *, mono_t);
/* A sibling that is new is told all. */
void	 proxy_tell(const struct claims *, enum proc, mono_t);

#endif
