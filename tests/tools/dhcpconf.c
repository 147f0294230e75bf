/* SPDX-License-Identifier: ISC */
/*
 * dhcpconf: plays DHCP clients and relay agents from a script, and judges
 * what any server answers:
 *
 *	dhcpconf [-D NAME=VALUE]... IFACE[,IFACE...] FILE...
 *
 * A line of a script is a step.  Steps belong to the case above them, which
 * fails with its first step that does; $NAME and ${NAME} are replaced.
 *
 *	case NAME TEXT		begins a case, as a client of its own
 *	on IFACE; as N		from here on: the interface; client N
 *	with WORD...		what all messages have, until the next "with"
 *	one			a client behind a relay, in a pool of one,
 *				its address is $only; more of these:
 *	relayed; routed		messages by the relay agent, or from $only
 *	set NAME VALUE; let NAME FIELD	a variable, from the last answer
 *	send TYPE WORD...	a message, see dhcpconf.h for the words
 *	want TYPE TEST...	its answer: "any" or TYPE, and what is in it
 *	silent [TYPE]		no (more) answer, or one of that TYPE
 *	lease WORD...		DISCOVER, OFFER, REQUEST, ACK; sets $addr
 *	check A OP B		=, != of texts
 *	own ADDRESS; disown ADDRESS	answer ARP for it as this client
 *	repeat N ... end	sets $i to 1..N
 *	pause MILLISECONDS; wait MILLISECONDS, for every answer of this case
 *
 * A TEST is FIELD=VALUE, !=, >=, <=, ^= (begins with), ~ (contains),
 * @FIRST-LAST (addresses), N<M (option N before M), +N (there), -N (not),
 * only=N,M,... (no option but those).
 * Prints for each case "pass", "fail" or "silent" (an answer was due), its
 * name and text; then, of one that is no pass, why.
 */
#include <unistd.h>

#include "tests/tools/dhcpwire.h"

#define ARGS_MAX	64
#define LINE_MAX_LEN	4096
#define ANSWER_MS	1500		/* an answer that is due; see "wait" */
#define SILENT_MS	250

static struct var {
	char		 name[32];
	char		*value;
} vars[128];
static size_t		nvars;

static char		**lines;
static size_t		nlines;

static struct out	out;
static uint8_t		opts[1300], in_sname[64], in_file[128];
static char		with[LINE_MAX_LEN];
static struct port	*port;
static struct mac	client;
static char		why[LINE_MAX_LEN * 3];
static int		missing, answer_ms;
static unsigned int	ncase, none;

/* Variables ------------------------------------------------------------- */

static void
var_set(const char *name, const char *value)
{
	size_t	i;

	for (i = 0; i < nvars && strcmp(vars[i].name, name) != 0; i++)
		;
	if (i == nitems(vars) || strlen(name) >= sizeof(vars[i].name))
		errx(2, "too many variables");
	if (i == nvars)
		(void)snprintf(vars[nvars++].name, sizeof(vars[i].name), "%s",
		    name);
	else
		free(vars[i].value);
	vars[i].value = xstrdup(value);
}

static const char *
var_get(const char *name, size_t len)
{
	size_t	i;

	for (i = 0; i < nvars; i++)
		if (strlen(vars[i].name) == len &&
		    strncmp(vars[i].name, name, len) == 0)
			return (vars[i].value);
	errx(2, "$%.*s is not set", (int)len, name);
}

static void
expand(const char *from, char *to)
{
	struct wbuf	b;
	size_t		n;
	int		brace;

	wbuf_init(&b, to, LINE_MAX_LEN - 1);
	while (*from != '\0') {
		if (*from != '$') {
			wbuf_u8(&b, (uint8_t)*from++);
			continue;
		}
		brace = *++from == '{';
		from += brace;
		for (n = 0; isalnum((unsigned char)from[n]); n++)
			;
		wbuf_str(&b, var_get(from, n));
		from += n + (size_t)brace;
	}
	if (b.err)
		errx(2, "a line that is too long");
	to[b.len] = '\0';
}

static void
out_words_of(char *words)
{
	char	*word;

	while ((word = strsep(&words, " \t")) != NULL)
		if (*word != '\0')
			out_word(&out, word);
}

static int
type_of(const char *name)
{
	size_t	i;

	for (i = 0; i < nitems(type_names); i++)
		if (strcmp(type_names[i], name) == 0)
			return ((int)i);
	if (!isdigit((unsigned char)*name))
		errx(2, "%s: no such message", name);
	return (atoi(name));
}

static void
out_begin(void)
{
	memset(&out, 0, sizeof(out));
	wbuf_init(&out.opts, opts, sizeof(opts));
	wbuf_init(&out.in_sname, in_sname, sizeof(in_sname));
	wbuf_init(&out.in_file, in_file, sizeof(in_file));
	memset(&out.frame.dst_mac, 0xff, sizeof(out.frame.dst_mac));
	out.frame.src_mac = client;
	out.frame.dst = UINT32_MAX;
	out.frame.sport = 68;
	out.frame.dport = 67;
	out.op = out.htype = 1;
	out.hlen = 6;
	out.magic = MAGIC;
	out.xid = ++xid;
	out.fragment = 0x4000;
	out.cut = -1;
	out.pad = 300;
	memcpy(out.chaddr, client.b, sizeof(client.b));
}

static void
message_send(const char *type, char *words)
{
	struct wbuf	b;
	uint8_t		packet[2048];
	char		common[LINE_MAX_LEN];
	size_t		len;

	out_begin();
	expand(with, common);
	out_words_of(common);
	out_words_of(words);
	if (out.in_sname.len > 0)
		memcpy(out.sname, in_sname, out.in_sname.len);
	if (out.in_file.len > 0)
		memcpy(out.file, in_file, out.in_file.len);
	xid = out.xid;
	len = out_payload(&out, out.octets, sizeof(out.octets), type_of(type));
	wbuf_init(&b, packet, sizeof(packet));
	frame_build(&b, &out.frame, out.octets, len);
	wbuf_copy(&b, out.octets, len);
	out_spoil(&out, &b);
	drain();
	if (b.err || send(port->fd, packet, b.len, 0) == -1)
		err(2, "send");
}

/* Judging ------------------------------------------------------------------ */

static const char *
type_text(int type)
{
	return ((size_t)type < nitems(type_names) ? type_names[type] :
	    "an unknown type");
}

/* The value that a test names, in the form that in_field() has it. */
static void
norm(const char *name, const char *value, char text[VALUE_MAX])
{
	uint8_t	octets[1400];
	size_t	len;

	if (!isdigit((unsigned char)*name)) {
		(void)snprintf(text, VALUE_MAX, "%s", value);
		return;
	}
	len = word_octets(value, octets, sizeof(octets));
	hex_encode(octets, len, text);
}

static unsigned long long
number(const char *name, const char *text)
{
	return (strtoull(text, NULL, isdigit((unsigned char)*name) ? 16 : 10));
}

static int
in_span(const char *text, const char *span)
{
	char		first[32];
	uint32_t	addr;
	const char	*dash = strchr(span, '-');

	if (dash == NULL)
		errx(2, "%s: no span", span);
	(void)snprintf(first, sizeof(first), "%.*s", (int)(dash - span), span);
	addr = word_addr(text);
	return (addr >= word_addr(first) && addr <= word_addr(dash + 1));
}

static int
in_order(const char *test)
{
	const uint8_t	*a, *b;

	a = memchr(in.code, atoi(test), in.ncode);
	b = memchr(in.code, atoi(strchr(test, '<') + 1), in.ncode);
	return (a != NULL && b != NULL && a < b);
}

/* No option but those. */
static int
in_only(const char *codes)
{
	char	code[8], list[VALUE_MAX];
	size_t	i;

	(void)snprintf(list, sizeof(list), ",%s,", codes);
	for (i = 0; i < in.ncode; i++) {
		(void)snprintf(code, sizeof(code), ",%u,", in.code[i]);
		if (strstr(list, code) == NULL)
			return (0);
	}
	return (1);
}

static int
test_holds(const char *test, char *got)
{
	char	name[32], value[VALUE_MAX];
	size_t	n = strcspn(test, "=!<>^~@");
	char	op = test[n];

	got[0] = '\0';
	if (*test == '+' || *test == '-')
		return ((in_field(&in, test + 1, got) == 0) == (*test == '+'));
	if (op == '\0' || n >= sizeof(name))
		errx(2, "%s: no test", test);
	if (op == '<' && test[n + 1] != '=') {
		in_codes(&in, got);
		return (in_order(test));
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)n, test);
	test += n + (strchr("=~@", op) != NULL ? 1 : 2);
	if (strcmp(name, "only") == 0) {
		in_codes(&in, got);
		return (in_only(test));
	}
	(void)in_field(&in, name, got);
	if (op == '@')
		return (in_span(got, test));
	if (op == '<')
		return (number(name, got) <= strtoull(test, NULL, 0));
	if (op == '>')
		return (number(name, got) >= strtoull(test, NULL, 0));
	norm(name, test, value);
	if (op == '~')
		return (strstr(got, value) != NULL);
	if (op == '^')
		return (strncmp(got, value, strlen(value)) == 0);
	return ((strcmp(got, value) == 0) == (op == '='));
}

static int
judge(const char *type, char *tests)
{
	char	*test, got[VALUE_MAX];

	if (!await(answer_ms)) {
		missing = 1;
		(void)snprintf(why, sizeof(why), "no answer");
		return (-1);
	}
	if (strcmp(type, "any") != 0 && in.type != type_of(type)) {
		(void)snprintf(why, sizeof(why), "the answer is %s",
		    type_text(in.type));
		return (-1);
	}
	if (in.bad || strcmp(in.iface, port->name) != 0) {
		(void)snprintf(why, sizeof(why), "%s", in.bad ?
		    "its options have no end" : "it came by another interface");
		return (-1);
	}
	while ((test = strsep(&tests, " \t")) != NULL)
		if (*test != '\0' && !test_holds(test, got)) {
			(void)snprintf(why, sizeof(why), "not %.200s: %.200s",
			    test, got);
			return (-1);
		}
	return (0);
}

/* Steps ------------------------------------------------------------------ */

static int
step_as(char *args)
{
	char		text[32];
	unsigned int	n = (unsigned int)atoi(args);

	client = (struct mac){ { 0x02, 0xcf, (uint8_t)(ncase >> 8),
	    (uint8_t)ncase, (uint8_t)(n >> 8), (uint8_t)n } };
	var_set("mac", mac_str(client, text));
	hex_encode(client.b, sizeof(client.b), text);
	var_set("m", text);
	return (0);
}

static int
step_mac(char *args)
{
	char	text[32];

	if (mac_parse(args, &client) == -1)
		errx(2, "%s: not a MAC", args);
	var_set("mac", args);
	hex_encode(client.b, sizeof(client.b), text);
	var_set("m", text);
	return (0);
}

static int
step_on(char *args)
{
	size_t	i;

	for (i = 0; i < nports; i++)
		if (strcmp(ports[i].name, args) == 0) {
			port = &ports[i];
			return (0);
		}
	errx(2, "%s: no such interface", args);
}

static int
step_case(char *args)
{
	(void)args;
	ncase++;
	answer_ms = ANSWER_MS;
	with[0] = '\0';
	port = &ports[0];
	return (step_as((char []){ "1" }));
}

static int
step_with(char *args)
{
	(void)snprintf(with, sizeof(with), "%s", args);
	return (0);
}

static int
step_relayed(char *args)
{
	(void)args;
	(void)snprintf(with, sizeof(with), "giaddr=$relay src=$relay sport=67 "
	    "dst=$server l2dst=$servermac l2src=$relaymac hops=1");
	return (0);
}

/* As a client behind a router sends what it sends to one server alone. */
static int
step_routed(char *args)
{
	(void)args;
	(void)snprintf(with, sizeof(with), "src=$only dst=$server "
	    "l2dst=$servermac l2src=$relaymac");
	return (0);
}

/* Each has a subnet 10.8.N.0/24, its relay agent .1 and its one address .10. */
static int
step_one(char *args)
{
	char	text[64];

	(void)args;
	none++;
	(void)snprintf(text, sizeof(text), "10.8.%u.1", none);
	var_set("relay", text);
	(void)snprintf(text, sizeof(text), "10.8.%u.10", none);
	var_set("only", text);
	return (step_relayed(args));
}

static int
step_set(char *args)
{
	char	*name = strsep(&args, " \t");

	var_set(name, args == NULL ? "" : args);
	return (0);
}

static int
step_let(char *args)
{
	char	*name = strsep(&args, " \t"), text[VALUE_MAX];

	if (args == NULL)
		errx(2, "let what?");
	if (in_field(&in, args, text) == -1) {
		(void)snprintf(why, sizeof(why), "there is no %s", args);
		return (-1);
	}
	var_set(name, text);
	return (0);
}

static int
step_send(char *args)
{
	char	*type = strsep(&args, " \t");

	message_send(type, args);
	return (0);
}

static int
step_want(char *args)
{
	char	*type = strsep(&args, " \t");

	return (judge(type, args));
}

static int
step_silent(char *args)
{
	if (!await(SILENT_MS) || (*args != '\0' && in.type == type_of(args)))
		return (0);
	(void)snprintf(why, sizeof(why), "there is an answer: %s",
	    type_text(in.type));
	return (-1);
}

/* The whole of it; the address is the client's then. */
static int
step_lease(char *args)
{
	char	words[LINE_MAX_LEN], text[VALUE_MAX], server[VALUE_MAX];
	char	none_at_all[1] = "";

	(void)snprintf(words, sizeof(words), "%s", args);
	message_send("discover", words);
	if (judge("offer", none_at_all) == -1)
		return (-1);
	(void)in_field(&in, "yiaddr", text);
	(void)in_field(&in, "54", server);
	(void)snprintf(words, sizeof(words), "50=%.15s 54=%.8s %.3000s", text,
	    server, args);
	message_send("request", words);
	(void)snprintf(words, sizeof(words), "yiaddr=%.15s", text);
	if (judge("ack", words) == -1)
		return (-1);
	var_set("addr", text);
	if (out.giaddr == 0)
		own(word_addr(text), client);
	return (0);
}

static int
step_check(char *args)
{
	char	*a = strsep(&args, " \t"), *op = strsep(&args, " \t");

	if (args == NULL)
		errx(2, "check what?");
	if ((strcmp(a, args) == 0) == (strcmp(op, "=") == 0))
		return (0);
	(void)snprintf(why, sizeof(why), "not so: %s %s %s", a, op, args);
	return (-1);
}

static int
step_own(char *args)
{
	own(word_addr(args), client);
	return (0);
}

static int
step_disown(char *args)
{
	disown(word_addr(args));
	return (0);
}

static int
step_wait(char *args)
{
	answer_ms = atoi(args);
	return (0);
}

static int
step_pause(char *args)
{
	mono_t	end = mono_add_ms(clock_now(), atoi(args));
	int64_t	left;

	while ((left = mono_diff_ms(end, clock_now())) > 0)
		(void)await((int)left);
	return (0);
}

static const struct step {
	const char	*name;
	int		(*fn)(char *);
} steps[] = {
	{ "as", step_as }, { "case", step_case }, { "check", step_check },
	{ "disown", step_disown }, { "lease", step_lease },
	{ "let", step_let }, { "mac", step_mac }, { "on", step_on },
	{ "one", step_one }, { "own", step_own }, { "pause", step_pause },
	{ "relayed", step_relayed }, { "routed", step_routed },
	{ "send", step_send }, { "set", step_set }, { "silent", step_silent },
	{ "wait", step_wait }, { "want", step_want }, { "with", step_with },
};

static int
step_run(char *line)
{
	char	*args = line, *name, empty[1] = "", text[LINE_MAX_LEN];
	size_t	 i;

	name = strsep(&args, " \t");
	if (args == NULL)
		args = empty;
	args += strspn(args, " \t");
	/* What all messages have is filled in when they are sent. */
	if (strcmp(name, "with") == 0)
		(void)snprintf(text, sizeof(text), "%s", args);
	else
		expand(args, text);
	for (i = 0; i < nitems(steps); i++)
		if (strcmp(steps[i].name, name) == 0)
			return (steps[i].fn(text));
	errx(2, "%s: no such step", name);
}

/* Lines from first up to the end of the loop or of the case; -1: it fails. */
static int
run_lines(size_t first, size_t last)
{
	char	line[LINE_MAX_LEN], text[16];
	size_t	i, end;
	int	n, k;

	for (i = first; i < last; i++) {
		(void)snprintf(line, sizeof(line), "%s", lines[i]);
		if (strncmp(line, "repeat ", 7) != 0) {
			if (step_run(line) == -1) {
				(void)snprintf(why + strlen(why),
				    sizeof(why) - strlen(why), "\n#   at: %s",
				    lines[i]);
				return (-1);
			}
			continue;
		}
		for (end = i; end < last && strcmp(lines[end], "end") != 0;
		    end++)
			;
		n = atoi(line + 7);
		for (k = 1; k <= n; k++) {
			(void)snprintf(text, sizeof(text), "%d", k);
			var_set("i", text);
			if (run_lines(i + 1, end) == -1)
				return (-1);
		}
		i = end;
	}
	return (0);
}

static int
run_case(size_t first, size_t last)
{
	int	res;

	missing = 0;
	why[0] = '\0';
	res = run_lines(first, last);
	printf("%s %s\n", res == 0 ? "pass" : missing ? "silent" : "fail",
	    lines[first] + strlen("case "));
	if (res == -1)
		printf("# %s\n", why);
	(void)fflush(stdout);
	return (res);
}

static void
read_script(const char *path)
{
	char	 line[LINE_MAX_LEN], *p;
	FILE	*f = fopen(path, "r");

	if (f == NULL)
		err(2, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		p = line + strspn(line, " \t");
		p[strcspn(p, "\n")] = '\0';
		if (*p == '\0' || *p == '#')
			continue;
		lines = xreallocarray(lines, nlines + 1, sizeof(*lines));
		lines[nlines++] = xstrdup(p);
	}
	(void)fclose(f);
}

static void
define(char *text)
{
	char	*name = strsep(&text, "=");

	var_set(name, text == NULL ? "" : text);
}

int
main(int argc, char *argv[])
{
	struct mac	relay;
	size_t		i, first;
	int		ch, res = 0;

	while ((ch = getopt(argc, argv, "D:")) == 'D')
		define(optarg);
	if (ch != -1 || argc - optind < 2)
		errx(2, "usage: dhcpconf [-D NAME=VALUE]... IFACES FILE...");
	ports_open(argv[optind]);
	for (ch = optind + 1; ch < argc; ch++)
		read_script(argv[ch]);
	xid = (uint32_t)clock_now().us << 8;
	if (mac_parse(var_get("relaymac", strlen("relaymac")), &relay) == -1)
		errx(2, "relaymac: not a MAC");
	own(word_addr(var_get("gateway", strlen("gateway"))), relay);
	for (first = 0; first < nlines; first = i) {
		for (i = first + 1; i < nlines &&
		    strncmp(lines[i], "case ", 5) != 0; i++)
			;
		if (run_case(first, i) == -1)
			res = 1;
	}
	return (res);
}
