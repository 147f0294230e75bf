/* SPDX-License-Identifier: ISC */
/*
 * menu_test.c: what each loader is given, and that nothing in a configuration
 * can add a line or a command to it.
 */
#include <string.h>

#include "bootward.h"
#include "unit.h"

static struct conf	*conf;
static struct lessee	 lease;
static struct msg_ticket ticket;
static struct machine	 machine;
static char		 text[16384];

static void
set_up(void)
{
	struct conf_image	*image;
	struct conf_initrd	*initrd;
	struct conf_host	*host;

	conf = conf_new();
	(void)conf_add_image(conf);	/* another image, with its own initrd */
	image = conf_add_image(conf);
	strcpy(image->name, "debian12");
	strcpy(image->kernel, "debian12/linux");
	strcpy(image->append, "auto=true url=$answer/preseed.cfg");
	strcpy(image->packages, "debian12");
	initrd = conf_add_initrd(conf);
	strcpy(initrd->path, "other.gz");
	initrd = conf_add_initrd(conf);
	initrd->image = 1;
	strcpy(initrd->path, "debian12/initrd.gz");
	host = conf_add_host(conf);
	strcpy(host->name, "web1");
	strcpy(ticket.token, "00112233445566778899aabbccddeeff");
	machine.lease = &lease;
	machine.host = host;
	machine.ticket = &ticket;
	machine.image = image;
	machine.addr = 0x0a4d0201;
	machine.server = 0x0a4d0001;
	machine.mac = (struct mac){ { 0x52, 0x54, 0, 0, 0, 0x0a } };
	machine.installs = 1;
}

static const char *
expand(const char *args)
{
	struct wbuf	w;

	wbuf_init(&w, text, sizeof(text) - 1);
	menu_expand(conf, &machine, args, &w);
	text[w.err ? 0 : w.len] = '\0';
	return (text);
}

static const char *
render(enum menu_kind kind)
{
	struct wbuf	w;

	wbuf_init(&w, text, sizeof(text) - 1);
	menu_render(kind, conf, &machine, &w);
	text[w.err ? 0 : w.len] = '\0';
	return (text);
}

static void
test_expand(void)
{
	static const char *const pairs[][2] = {
		{ "",			"" },
		{ "quiet",		"quiet" },
		{ "$answer/a.cfg",	"http://10.77.0.1/a/"
		    "00112233445566778899aabbccddeeff/a.cfg" },
		{ "$event/done",	"http://10.77.0.1/e/"
		    "00112233445566778899aabbccddeeff/done" },
		{ "repo=$packages/x",	"repo=http://10.77.0.1/debian12/x" },
		{ "$server:$address",	"10.77.0.1:10.77.2.1" },
		{ "$host.$image",	"web1.debian12" },
		{ "$ethernet",		"52:54:00:00:00:0a" },
		{ "$token$token",	"00112233445566778899aabbccddeeff"
		    "00112233445566778899aabbccddeeff" },
		{ "$",			"$" },
		{ "$$server",		"$10.77.0.1" },
		{ "$servers $Server",	"$servers $Server" },
		{ "${server} $x",	"${server} $x" },
		{ "a\nb\tc\rd\177e",	"a b c d e" },
	};
	size_t	i;

	for (i = 0; i < nitems(pairs); i++)
		CHECK_NAMED(strcmp(expand(pairs[i][0]), pairs[i][1]) == 0,
		    pairs[i][0]);
	machine.ticket = NULL;
	machine.host = NULL;
	CHECK(strcmp(expand("<$token$host>"), "<>") == 0);
	machine.ticket = &ticket;
	machine.host = conf->host;
}

static void
test_install(void)
{
	CHECK(strcmp(render(MENU_PXELINUX),
	    "DEFAULT bootward\nPROMPT 0\nTIMEOUT 0\n\nLABEL bootward\n"
	    "\tKERNEL ::debian12/linux\n"
	    "\tINITRD ::debian12/initrd.gz\n"
	    "\tAPPEND auto=true url=http://10.77.0.1/a/"
	    "00112233445566778899aabbccddeeff/preseed.cfg\n"
	    "\tIPAPPEND 2\n") == 0);
	CHECK(strcmp(render(MENU_GRUB),
	    "set timeout=0\n"
	    "if linux /debian12/linux BOOTIF=01-52-54-00-00-00-0a auto=true "
	    "url=http://10.77.0.1/a/00112233445566778899aabbccddeeff/"
	    "preseed.cfg\n"
	    "then\n\tif initrd /debian12/initrd.gz\n\tthen\n\t\tboot\n\tfi\n"
	    "fi\nsleep 10\nreboot\n") == 0);
	CHECK(strcmp(render(MENU_IPXE),
	    "#!ipxe\n"
	    "kernel http://10.77.0.1/boot/debian12/linux initrd=initrd0 "
	    "BOOTIF=01-52-54-00-00-00-0a auto=true "
	    "url=http://10.77.0.1/a/00112233445566778899aabbccddeeff/"
	    "preseed.cfg\n"
	    "initrd --name initrd0 "
	    "http://10.77.0.1/boot/debian12/initrd.gz\n"
	    "boot\n") == 0);
}

/* Two initrds, then none, and no arguments. */
static void
test_initrds(void)
{
	struct conf_image	*image = &conf->image[1];
	struct conf_initrd	*second = conf_add_initrd(conf);

	second->image = 1;
	strcpy(second->path, "/extra.gz");
	CHECK(strstr(render(MENU_PXELINUX),
	    "\tINITRD ::debian12/initrd.gz,::extra.gz\n") != NULL);
	CHECK(strstr(render(MENU_GRUB),
	    "\tif initrd /debian12/initrd.gz /extra.gz\n") != NULL);
	CHECK(strstr(render(MENU_IPXE), " initrd=initrd0 initrd=initrd1 ") !=
	    NULL);
	CHECK(strstr(text, "\ninitrd --name initrd1 "
	    "http://10.77.0.1/boot/extra.gz\n") != NULL);
	machine.image = &conf->image[0];
	strcpy(conf->image[0].kernel, "memtest");
	conf->ninitrd = 0;
	CHECK(strstr(render(MENU_PXELINUX), "INITRD") == NULL);
	CHECK(strstr(text, "APPEND \n") == NULL);
	CHECK(strcmp(render(MENU_GRUB), "set timeout=0\n"
	    "if linux /memtest BOOTIF=01-52-54-00-00-00-0a\nthen\n\tboot\nfi\n"
	    "sleep 10\nreboot\n") == 0);
	CHECK(strstr(render(MENU_IPXE), "initrd") == NULL);
	conf->ninitrd = 3;
	machine.image = image;
}

static void
test_local(void)
{
	machine.installs = 0;
	machine.image = NULL;
	CHECK(strstr(render(MENU_PXELINUX), "\tLOCALBOOT -1\n") != NULL);
	CHECK(strstr(text, "KERNEL") == NULL);
	CHECK(strstr(render(MENU_GRUB), "chainloader ($disk)/EFI/") != NULL);
	CHECK(strcmp(text + strlen(text) - 7, "exit 1\n") == 0);
	CHECK(strstr(text, "if linux") == NULL);
	CHECK(strncmp(render(MENU_IPXE), "#!ipxe\n", 7) == 0);
	CHECK(strstr(text, "exit 1\n") != NULL);
	CHECK(strstr(text, "kernel") == NULL);
	machine.lease = NULL;
	machine.host = NULL;
	CHECK(strstr(render(MENU_GRUB), "\nexit 1\n") != NULL);
	machine.lease = &lease;
	machine.host = conf->host;
	machine.image = &conf->image[1];
	machine.installs = 1;
}

static void
test_quoting(void)
{
	struct conf_image	*image = &conf->image[1];

	strcpy(image->append, "a;b 'c' \"d e\"=f $(g) {h} i\\j|k&l <m> n* ~o");
	CHECK(strstr(render(MENU_GRUB), "-0a a\\;b \\'c\\' d\\ e=f \\$\\(g\\) "
	    "\\{h\\} i\\\\j\\|k\\&l \\<m\\> n\\* ~o\nthen\n") != NULL);
	CHECK(strstr(render(MENU_PXELINUX), "\tAPPEND a;b 'c' \"d e\"=f $(g)"
	    " {h} i\\j|k&l <m> n* ~o\n") != NULL);
	strcpy(image->append, "x\nLABEL evil\n\tKERNEL evil");
	CHECK(strstr(render(MENU_PXELINUX),
	    "\tAPPEND x LABEL evil  KERNEL evil\n") != NULL);
	CHECK(strstr(render(MENU_GRUB), "\nLABEL") == NULL);
	CHECK(strstr(render(MENU_IPXE), "\nLABEL") == NULL);
	strcpy(image->kernel, "a\nboot");
	CHECK(strstr(render(MENU_PXELINUX), "\nboot") == NULL);
	CHECK(strstr(render(MENU_GRUB), "if linux /a\\ boot ") != NULL);
	strcpy(image->kernel, "debian12/linux");
}

/* What does not fit is an error, never a shorter menu. */
static void
test_bounds(void)
{
	struct conf_image	*image = &conf->image[1];
	struct wbuf		 w;
	char			 small[64];
	size_t			 i;

	wbuf_init(&w, small, sizeof(small));
	menu_render(MENU_GRUB, conf, &machine, &w);
	CHECK(w.err);
	image->append[0] = '\0';
	for (i = 0; i + sizeof("$answer") < TEXT_LEN; i += 7)
		strcat(image->append, "$answer");
	wbuf_init(&w, text, sizeof(text));
	menu_render(MENU_PXELINUX, conf, &machine, &w);
	CHECK(w.err);
	memset(image->append, ';', TEXT_LEN - 1);
	CHECK(strlen(render(MENU_GRUB)) > 2 * (TEXT_LEN - 1));
}

int
main(void)
{
	set_up();
	test_expand();
	test_install();
	test_initrds();
	test_local();
	test_quoting();
	test_bounds();
	conf_free(conf);
	return (unit_done());
}
