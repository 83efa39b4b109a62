/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/options.h"

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"

#include <getopt.h>
#include <string.h>

static const char *const format_names[OPTIONS_FORMAT_COUNT] = {
	[OPTIONS_NFT] = "nft",	       [OPTIONS_JSON] = "json", [OPTIONS_IP] = "ip",
	[OPTIONS_DNSMASQ] = "dnsmasq", [OPTIONS_PLAN] = "plan",
};

static const char *const colour_names[OPTIONS_COLOUR_COUNT] = {
	[OPTIONS_COLOUR_AUTO] = "auto",
	[OPTIONS_COLOUR_ALWAYS] = "always",
	[OPTIONS_COLOUR_NEVER] = "never",
};

enum {
	LONG_EMIT = 256,
	LONG_CHECK,
	LONG_APPLY,
	LONG_DIFF,
	LONG_REMOVE,
	LONG_COLOUR,
};

static const struct option long_options[] = {
	{ "emit", required_argument, NULL, LONG_EMIT },
	{ "output", required_argument, NULL, 'o' },
	{ "check", no_argument, NULL, LONG_CHECK },
	{ "apply", no_argument, NULL, LONG_APPLY },
	{ "diff", no_argument, NULL, LONG_DIFF },
	{ "remove", no_argument, NULL, LONG_REMOVE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "color", required_argument, NULL, LONG_COLOUR },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

const char *options_help(void)
{
	return "Usage: omr-nftgen [OPTION]... POLICY\n"
	       "Compiles a bypass policy and prints the nft ruleset. Changes nothing unless told to.\n"
	       "POLICY is a file, or - for standard input.\n"
	       "\n"
	       "What to do (one of):\n"
	       "      --emit=FORMAT   print nft (default), json (libnftables), ip (ip -batch, IPv4 then\n"
	       "                      IPv6), dnsmasq (nftset= lines) or plan (what lies in between)\n"
	       "  -o, --output=DIR    write all of these into DIR: omr.nft, omr.nft.json, omr.ip4, omr.ip6,\n"
	       "                      omr.dnsmasq.conf, omr.plan\n"
	       "      --check         check the policy, and have the kernel try the ruleset without loading;\n"
	       "                      say how long a failure may last at worst\n"
	       "      --apply         bring the tables, ip rules and routes to the policy\n"
	       "      --diff          show what --apply would change\n"
	       "      --remove        take away all that --apply made (no POLICY)\n"
	       "\n"
	       "  -v, --verbose       with --apply and --remove: show each change\n"
	       "      --color=WHEN    colour faults: auto (default), always, never\n"
	       "  -V, --version\n"
	       "  -h, --help\n"
	       "\n"
	       "Exit status: 0 done, 1 the system refused, 2 wrong usage, 3 the policy has faults,\n"
	       "4 --diff found differences. See omr-nftgen(1) and omr-nft-policy(5).\n";
}

/* What the user wrote for an action, for messages. */
static const char *action_option(const struct options *o, bool emit_given)
{
	switch (o->action) {
	case OPTIONS_PRINT:
		return emit_given ? "--emit" : NULL;
	case OPTIONS_WRITE:
		return "--output";
	case OPTIONS_CHECK:
		return "--check";
	case OPTIONS_APPLY:
		return "--apply";
	case OPTIONS_DIFF:
		return "--diff";
	case OPTIONS_REMOVE:
		return "--remove";
	case OPTIONS_VERSION:
		return "--version";
	case OPTIONS_HELP:
		return "--help";
	}
	return NULL;
}

struct parser {
	struct options options;
	bool emit_given;
	struct strbuf *fault;
};

/* The first action stays; asking for help or the version always wins. */
static int set_action(struct parser *p, enum options_action action)
{
	const char *before = action_option(&p->options, p->emit_given);
	struct options now = { .action = action };
	const char *option = action_option(&now, true);

	if (p->options.action == OPTIONS_HELP || p->options.action == OPTIONS_VERSION)
		return 0;
	if (before && strcmp(before, option) && action != OPTIONS_HELP &&
	    action != OPTIONS_VERSION) {
		strbuf_addf(p->fault, "%s and %s exclude each other", before, option);
		return OPTIONS_USAGE;
	}
	p->options.action = action;
	return 0;
}

static int parse_word(struct parser *p, const char *option, const char *const *words, size_t n,
		      int *ret)
{
	const char *near;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(optarg, words[i])) {
			*ret = (int)i;
			return 0;
		}
	near = diag_nearest(optarg, words, n);
	strbuf_addf(p->fault, "%s knows ", option);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(p->fault, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", words[i]);
	strbuf_addf(p->fault, ", not \"%s\"", optarg);
	if (near)
		strbuf_addf(p->fault, "; did you mean \"%s\"?", near);
	return OPTIONS_USAGE;
}

static int unknown_option(struct parser *p, const char *written)
{
	const char *names[ARRAY_SIZE(long_options)];
	_cleanup_(strbuf_done) struct strbuf word = STRBUF_NULL;
	const char *near;
	size_t n = 0;

	/* getopt tells a short option by optopt; of a long one only where it stood */
	if (optopt > 0 && optopt < 256 && strncmp(written, "--", 2) != 0) {
		strbuf_addf(p->fault, "unknown option -%c", optopt);
		return OPTIONS_USAGE;
	}
	for (const struct option *o = long_options; o->name; o++)
		names[n++] = o->name;
	written += strspn(written, "-");
	strbuf_addn(&word, written, strcspn(written, "="));
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], strbuf_text(&word))) {
			strbuf_addf(p->fault, "--%s takes no value", names[i]);
			return OPTIONS_USAGE;
		}
	near = diag_nearest(strbuf_text(&word), names, n);
	strbuf_addf(p->fault, "unknown option --%s", strbuf_text(&word));
	if (near)
		strbuf_addf(p->fault, "; did you mean --%s?", near);
	return OPTIONS_USAGE;
}

static int missing_value(struct parser *p, int option)
{
	for (const struct option *o = long_options; o->name; o++)
		if (o->val == option)
			strbuf_addf(p->fault, "--%s needs a value", o->name);
	return OPTIONS_USAGE;
}

static int parse_option(struct parser *p, int c, const char *written)
{
	int r, word = 0;

	switch (c) {
	case LONG_EMIT:
		r = set_action(p, OPTIONS_PRINT);
		if (r)
			return r;
		p->emit_given = true;
		r = parse_word(p, "--emit", format_names, OPTIONS_FORMAT_COUNT, &word);
		p->options.format = (enum options_format)word;
		return r;
	case 'o':
		p->options.output = optarg;
		return set_action(p, OPTIONS_WRITE);
	case LONG_CHECK:
		return set_action(p, OPTIONS_CHECK);
	case LONG_APPLY:
		return set_action(p, OPTIONS_APPLY);
	case LONG_DIFF:
		return set_action(p, OPTIONS_DIFF);
	case LONG_REMOVE:
		return set_action(p, OPTIONS_REMOVE);
	case LONG_COLOUR:
		r = parse_word(p, "--color", colour_names, OPTIONS_COLOUR_COUNT, &word);
		p->options.colour = (enum options_colour)word;
		return r;
	case 'v':
		p->options.verbose = true;
		return 0;
	case 'V':
		return set_action(p, OPTIONS_VERSION);
	case 'h':
		return set_action(p, OPTIONS_HELP);
	case ':':
		return missing_value(p, optopt);
	default:
		return unknown_option(p, written);
	}
}

/* The one argument that is no option. */
static int parse_policy(struct parser *p, int argc, char **argv)
{
	struct options *o = &p->options;

	if (o->action == OPTIONS_HELP || o->action == OPTIONS_VERSION)
		return 0;
	if (o->action == OPTIONS_REMOVE) {
		if (optind == argc)
			return 0;
		strbuf_add(p->fault, "--remove takes no POLICY: it removes all that is ours");
		return OPTIONS_USAGE;
	}
	if (optind == argc) {
		strbuf_add(p->fault, "no POLICY given");
		return OPTIONS_USAGE;
	}
	if (optind + 1 < argc) {
		strbuf_addf(p->fault, "one POLICY only: what is \"%s\"?", argv[optind + 1]);
		return OPTIONS_USAGE;
	}
	o->policy = argv[optind];
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret, struct strbuf *fault)
{
	struct parser p = { .fault = fault };
	int r;

	opterr = 0;
	optind = 0; /* glibc: start afresh, also when called twice */
	for (;;) {
		const char *written = argv[optind ? optind : 1];
		int c = getopt_long(argc, argv, ":o:vVh", long_options, NULL);

		if (c < 0)
			break;
		if (optind > 0 && optind <= argc && argv[optind - 1][0] == '-')
			written = argv[optind - 1];
		r = parse_option(&p, c, written ? written : "");
		if (r)
			return r;
	}
	r = parse_policy(&p, argc, argv);
	if (r)
		return r;
	*ret = p.options;
	return 0;
}
