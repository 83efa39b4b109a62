/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omr-nftd: reads and compiles the policy, then runs the loop. Only wires. */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/loop.h"
#include "daemon/options.h"
#include "io/policy_load.h"
#include "model/plan.h"

#include <stdio.h>
#include <string.h>

enum {
	EXIT_OK = 0,
	EXIT_SYSTEM = 1,
	EXIT_USAGE = 2,
	EXIT_POLICY = 3,
};

static void print_faults(struct diag_list *faults)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;

	diag_print(faults, &text, isatty(STDERR_FILENO));
	fputs(strbuf_text(&text), stderr);
}

/* An exit status. Faults and warnings are told on stderr. */
static int compile(const char *path, struct arena *a, struct plan **ret_plan)
{
	struct policy *policy = NULL;
	struct diag_list faults;
	int r;

	diag_init(&faults, a);
	r = policy_load(path, a, &policy, &faults);
	if (r < 0) {
		fprintf(stderr, "omr-nftd: %s: %s\n", path, strerror(-r));
		return EXIT_SYSTEM;
	}
	if (r == 0)
		r = plan_compile(policy, a, ret_plan, &faults);
	print_faults(&faults);
	return r == 0 ? EXIT_OK : EXIT_POLICY;
}

static int run(const struct options *o)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct loop_config config = { .policy_path = o->policy_path,
				      .socket_path = o->socket_path,
				      .socket_required = o->socket_given };
	struct plan *plan;
	int status;

	status = compile(o->policy_path, a, &plan);
	if (status != EXIT_OK)
		return status;
	config.plan = plan;
	return loop_run(&config);
}

int main(int argc, char **argv)
{
	struct options o;

	if (options_parse(argc, argv, &o) < 0)
		return EXIT_USAGE;
	if (o.help || o.version) {
		fputs(o.help ? options_help() : "omr-nftd " OMR_VERSION "\n", stdout);
		return fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
	}
	if (o.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	return run(&o);
}
