/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_options.h"

#include "base/cleanup.h"
#include "base/diag.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
	OPT_SOCKET = 256,
	OPT_JSON,
	OPT_COLOR,
	OPT_STRICT,
	OPT_LOCAL,
	OPT_VERSION,
	OPT_WHY, /* and the numbers after it: index into why_keys */
};

static const struct {
	const char *option, *key;
} why_keys[] = {
	{ "from", "from" },   { "proto", "proto" },
	{ "sport", "sport" }, { "dport", "dport" },
	{ "iif", "iif" },     { "mac", "mac" },
	{ "dscp", "dscp" },   { "icmp-type", "icmp_type" },
	{ "uid", "uid" },     { "cgroup", "cgroup" },
	{ "mark", "mark" },
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "local", no_argument, NULL, OPT_LOCAL },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ "from", required_argument, NULL, OPT_WHY },
	{ "proto", required_argument, NULL, OPT_WHY + 1 },
	{ "sport", required_argument, NULL, OPT_WHY + 2 },
	{ "dport", required_argument, NULL, OPT_WHY + 3 },
	{ "iif", required_argument, NULL, OPT_WHY + 4 },
	{ "mac", required_argument, NULL, OPT_WHY + 5 },
	{ "dscp", required_argument, NULL, OPT_WHY + 6 },
	{ "icmp-type", required_argument, NULL, OPT_WHY + 7 },
	{ "uid", required_argument, NULL, OPT_WHY + 8 },
	{ "cgroup", required_argument, NULL, OPT_WHY + 9 },
	{ "mark", required_argument, NULL, OPT_WHY + 10 },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *name;
	const char *args[CTL_OPTIONS_ARGS_MAX]; /* what is needed, as messages name it */
	const char *keys[CTL_OPTIONS_ARGS_MAX]; /* of the request */
} commands[CTL_COMMAND_COUNT] = {
	[CTL_STATUS] = { "status", { NULL }, { NULL } },
	[CTL_LINKS] = { "links", { NULL }, { NULL } },
	[CTL_GROUPS] = { "groups", { NULL }, { NULL } },
	[CTL_RULES] = { "rules", { NULL }, { NULL } },
	[CTL_WHY] = { "why", { "ADDRESS" }, { "address" } },
	[CTL_DRAIN] = { "drain", { "LINK" }, { "link" } },
	[CTL_UNDRAIN] = { "undrain", { "LINK" }, { "link" } },
	[CTL_SWITCH] = { "switch", { "GROUP", "LINK (or auto)" }, { "group", "link" } },
	[CTL_RELOAD] = { "reload", { NULL }, { NULL } },
	[CTL_WATCH] = { "watch", { NULL }, { NULL } },
	[CTL_METRICS] = { "metrics", { NULL }, { NULL } },
	[CTL_DOCTOR] = { "doctor", { NULL }, { NULL } },
};

const char *ctl_options_command(enum ctl_command c)
{
	return commands[c].name;
}

const char *ctl_options_help(void)
{
	return "Usage: omr-nftctl [OPTION...] COMMAND [ARGUMENT...]\n"
	       "\n"
	       "Asks a running omr-nftd.\n"
	       "\n"
	       "  status              links and groups: state, reason, since when\n"
	       "  links               more of the links: gateways, probes, traffic, losses\n"
	       "  groups              more of the groups: members, worst case of a failover\n"
	       "  rules               the policy's rules and how often each has matched\n"
	       "  why ADDRESS         where a packet to ADDRESS leaves, and why\n"
	       "  drain LINK          no new flows by LINK; live ones finish\n"
	       "  undrain LINK        take it back\n"
	       "  switch GROUP LINK   use LINK for GROUP until it fails or told otherwise\n"
	       "  switch GROUP auto   let the policy choose again\n"
	       "  reload              read the policy anew; a bad one changes nothing\n"
	       "  watch               events as they come, until interrupted\n"
	       "  metrics             metrics as text\n"
	       "  doctor              what on this machine will fight us (no daemon needed)\n"
	       "\n"
	       "What `why` may be told of the packet:\n"
	       "  --from ADDRESS  --proto NAME  --sport N  --dport N  --icmp-type NAME  --dscp NAME\n"
	       "  --iif DEVICE  --mac MAC  --mark N\n"
	       "  --local [--uid N] [--cgroup PATH]   it is this machine's own\n"
	       "\n"
	       "  --socket PATH   the daemon's socket (default " CTL_OPTIONS_SOCKET ")\n"
	       "  --json          the daemon's answer as it came\n"
	       "  --color WHEN    auto (on a terminal, unless NO_COLOR is set), always or never\n"
	       "  --strict        metrics: to the letter of OpenMetrics\n"
	       "  --version       print the version\n"
	       "  --help          print this\n"
	       "\n"
	       "Exit status: 0 done; 1 no answer, or refused; 2 usage; 3 reload: faults in the\n"
	       "policy; 4 doctor: something needs attention.\n";
}

__attribute__((format(printf, 1, 2))) static int usage(const char *fmt, ...)
{
	va_list ap;

	fputs("omr-nftctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -EINVAL;
}

static int find_command(const char *name, enum ctl_command *ret)
{
	const char *names[CTL_COMMAND_COUNT], *near;

	for (int i = 0; i < CTL_COMMAND_COUNT; i++) {
		names[i] = commands[i].name;
		if (!strcmp(name, names[i])) {
			*ret = (enum ctl_command)i;
			return 0;
		}
	}
	near = diag_nearest(name, names, CTL_COMMAND_COUNT);
	if (near)
		return usage("there is no command '%s': did you mean '%s'?", name, near);
	return usage("there is no command '%s' (try --help)", name);
}

static int take_arguments(int argc, char **argv, struct ctl_options *o)
{
	int n = 0, r;

	if (o->version || o->help)
		return 0;
	if (optind == argc)
		return usage("no command (try --help)");
	r = find_command(argv[optind++], &o->command);
	if (r < 0)
		return r;
	for (; n < CTL_OPTIONS_ARGS_MAX && commands[o->command].args[n]; n++) {
		if (optind == argc)
			return usage("%s needs %s", commands[o->command].name,
				     commands[o->command].args[n]);
		o->args[n] = argv[optind++];
	}
	if (optind < argc)
		return usage("unexpected argument '%s'", argv[optind]);
	if (o->command != CTL_WHY && (o->n_why || o->local))
		return usage("--%s goes with why only", o->n_why ? o->why[0].key : "local");
	if (o->command != CTL_METRICS && o->strict)
		return usage("--strict goes with metrics only");
	return 0;
}

static int take_color(const char *text, enum ctl_color *ret)
{
	static const char *const words[] = { [CTL_COLOR_AUTO] = "auto",
					     [CTL_COLOR_ALWAYS] = "always",
					     [CTL_COLOR_NEVER] = "never" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(text, words[i])) {
			*ret = (enum ctl_color)i;
			return 0;
		}
	return usage("--color is auto, always or never");
}

static int take_why(struct ctl_options *o, size_t key, const char *value)
{
	for (size_t i = 0; i < o->n_why; i++)
		if (!strcmp(o->why[i].key, why_keys[key].key))
			return usage("--%s is given twice", why_keys[key].option);
	if (o->n_why == CTL_OPTIONS_WHY_MAX)
		return usage("too many options");
	o->why[o->n_why].key = why_keys[key].key;
	o->why[o->n_why++].value = value;
	return 0;
}

static int take_option(int c, struct ctl_options *o)
{
	switch (c) {
	case OPT_SOCKET:
		o->socket_path = optarg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_COLOR:
		return take_color(optarg, &o->color);
	case OPT_STRICT:
		o->strict = true;
		return 0;
	case OPT_LOCAL:
		o->local = true;
		return 0;
	case OPT_VERSION:
		o->version = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	default:
		if (c >= OPT_WHY && c < OPT_WHY + (int)ARRAY_SIZE(why_keys))
			return take_why(o, (size_t)(c - OPT_WHY), optarg);
		return -EINVAL;
	}
}

int ctl_options_parse(int argc, char **argv, struct ctl_options *ret)
{
	struct ctl_options o = { .socket_path = CTL_OPTIONS_SOCKET };
	int r, c;

	optind = 0; /* also for a second time */
	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		r = take_option(c, &o);
		if (r < 0)
			return r;
	}
	r = take_arguments(argc, argv, &o);
	if (r < 0)
		return r;
	*ret = o;
	return 0;
}

/* False: not UTF-8. */
static bool set_text(json_t *j, const char *key, const char *text)
{
	return json_object_set_new(j, key, json_string(text)) == 0;
}

char *ctl_options_request(const struct ctl_options *o)
{
	json_t *j = json_object();
	bool ok = set_text(j, "command", commands[o->command].name);
	char *text = NULL;

	for (int i = 0; i < CTL_OPTIONS_ARGS_MAX; i++) {
		if (!o->args[i])
			continue;
		if (o->command == CTL_SWITCH && i == 1 && !strcmp(o->args[i], "auto"))
			ok &= json_object_set_new(j, "auto", json_true()) == 0;
		else
			ok &= set_text(j, commands[o->command].keys[i], o->args[i]);
	}
	for (size_t i = 0; i < o->n_why; i++)
		ok &= set_text(j, o->why[i].key, o->why[i].value);
	if (o->local)
		json_object_set_new(j, "local", json_true());
	if (o->strict)
		json_object_set_new(j, "strict", json_true());
	if (ok)
		text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return text;
}
