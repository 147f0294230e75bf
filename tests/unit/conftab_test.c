/* SPDX-License-Identifier: ISC */
/*
 * conftab_test: the configuration as tables: what is sent is what arrives,
 * and a process gets only the tables that it may see.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "bootward.h"
#include "unit.h"

static struct conf *
sample(int hosts)
{
	struct conf		*conf = conf_new();
	struct conf_host	*host;
	struct conf_var		*var;
	int			 i;

	(void)snprintf(conf_add_iface(conf)->name, IFNAME_LEN, "bw0");
	conf_add_segment(conf)->net = 0x0a4d0000;
	for (i = 0; i < hosts; i++) {
		host = conf_add_host(conf);
		(void)snprintf(host->name, sizeof(host->name), "h%d", i);
		host->addr = (uint32_t)i;
		var = conf_add_var(conf);
		var->host = (uint32_t)i;
		(void)snprintf(var->value, sizeof(var->value), "secret");
	}
	return (conf);
}

static struct conf *
travel(const struct conf *conf, enum proc to)
{
	static struct imsgbuf	a, b;
	struct conf		*got = NULL;
	struct imsg		 msg;
	int			 pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == -1)
		fatal("socketpair");
	imsg_init(&a, pair[0], PROC_PARENT, to);
	imsg_init(&b, pair[1], to, PROC_PARENT);
	if (conf_send(&a, conf) == -1)
		return (NULL);
	while (got == NULL && imsg_flush(&a) != -1)
		while (got == NULL && imsg_get(&b, &msg) == 1)
			got = conf_receive(&msg);
	imsg_clear(&a);
	imsg_clear(&b);
	return (got);
}

int
main(void)
{
	struct conf	*conf = sample(1000), *same = sample(1000), *got;

	CHECK(conf->nglobal == 1 && strcmp(conf->global->root, ROOT_DIR) == 0);
	CHECK(conf_equal(conf, same));
	same->host[999].addr = 1;
	CHECK(!conf_equal(conf, same));
	conf_free(same);
	same = sample(999);
	CHECK(!conf_equal(conf, same));
	conf_free(same);

	got = travel(conf, PROC_DHCPD);
	CHECK(got != NULL && got->nhost == 1000 && got->nsegment == 1);
	CHECK(memcmp(got->host, conf->host,
	    conf->nhost * sizeof(*conf->host)) == 0);
	CHECK_NAMED(got->nvar == 0, "settings are for answer scripts only");
	conf_free(got);
	got = travel(conf, PROC_STORE);
	CHECK(got != NULL && got->nhost == 1000 && got->niface == 0);
	conf_free(got);
	conf_free(conf);
	conf_free(NULL);
	return (unit_done());
}
