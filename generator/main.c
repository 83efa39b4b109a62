/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * omr-nftgen: policy -> plan -> artifacts, or the kernel. Nothing goes to
 * standard output unless all went well.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "generator/artifacts.h"
#include "generator/check_nft.h"
#include "generator/emit_budget.h"
#include "generator/emit_nft.h"
#include "generator/options.h"
#include "io/apply.h"
#include "io/policy_load.h"
#include "model/plan.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

enum {
	EXIT_OK = 0,
	EXIT_SYSTEM = 1,
	EXIT_USAGE = 2,
	EXIT_POLICY = 3,
	EXIT_DIFFERENT = 4,
};

struct run {
	struct options options;
	struct arena *arena;
	const char *shown; /* the policy in messages: as given */
	const char *name; /* in artifacts: the same whatever the directory */
	struct plan *plan;
};

static int write_fd(int fd, const struct strbuf *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->text + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static void say(const struct strbuf *text)
{
	/* nobody is left to tell when standard error fails */
	(void)write_fd(STDERR_FILENO, text);
}

__attribute__((format(printf, 1, 2))) static void complain(const char *fmt, ...)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	va_list ap;

	strbuf_add(&text, "omr-nftgen: ");
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (text.text[text.len - 1] != '\n')
		strbuf_addc(&text, '\n');
	say(&text);
}

static int print(const struct strbuf *text)
{
	int r = write_fd(STDOUT_FILENO, text);

	if (r < 0) {
		complain("standard output: %s", strerror(-r));
		return EXIT_SYSTEM;
	}
	return EXIT_OK;
}

static int print_text(const char *text)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;

	strbuf_add(&out, text);
	return print(&out);
}

static bool use_colour(enum options_colour colour)
{
	const char *no_colour = getenv("NO_COLOR"); /* https://no-color.org */

	switch (colour) {
	case OPTIONS_COLOUR_ALWAYS:
		return true;
	case OPTIONS_COLOUR_NEVER:
		return false;
	case OPTIONS_COLOUR_AUTO:
		break;
	}
	return isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Policy file -> plan; faults and warnings to standard error. */
static int compile(struct run *run)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	struct policy *policy = NULL;
	struct diag_list faults;
	int r;

	diag_init(&faults, run->arena);
	r = policy_load(run->options.policy, run->arena, &policy, &faults);
	if (r == 0)
		r = plan_compile(policy, run->arena, &run->plan, &faults);
	diag_print(&faults, &text, use_colour(run->options.colour));
	say(&text);
	if (r < 0) {
		complain("%s: %s", run->shown, strerror(-r));
		return EXIT_SYSTEM;
	}
	return r > 0 ? EXIT_POLICY : EXIT_OK;
}

static int print_artifact(struct run *run)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL, fault = STRBUF_NULL;
	int r = artifacts_text(run->plan, run->options.format, run->name, &text, &fault);

	if (r < 0) {
		complain("%s: %s", run->shown, strbuf_text(&fault));
		return EXIT_SYSTEM;
	}
	return print(&text);
}

static int write_artifacts(struct run *run)
{
	_cleanup_(strbuf_done) struct strbuf warnings = STRBUF_NULL, fault = STRBUF_NULL;
	int r = artifacts_write(run->plan, run->options.output, run->name, &warnings, &fault);

	if (r < 0) {
		complain("%s", strbuf_text(&fault));
		return EXIT_SYSTEM;
	}
	if (warnings.len > 0)
		complain("%s", strbuf_text(&warnings));
	return EXIT_OK;
}

/* A missing device is no fault: a modem may come later. */
static void note_missing_devices(const struct run *run)
{
	for (size_t i = 0; i < run->plan->n_links; i++) {
		const struct plan_link *l = &run->plan->links[i];

		if (if_nametoindex(l->device) == 0)
			complain("%s: note: link %s: this machine has no device %s now", run->shown,
				 l->name, l->device);
	}
}

static size_t count_prefixes(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_sets; i++)
		if (p->sets[i]->interval)
			n += p->sets[i]->n_elements;
	return n;
}

static void add_count(struct strbuf *out, size_t n, const char *noun, const char *plural)
{
	strbuf_addf(out, ", %zu %s%s", n, noun, n == 1 ? "" : plural);
}

static int check(struct run *run)
{
	_cleanup_(strbuf_done) struct strbuf script = STRBUF_NULL, text = STRBUF_NULL;
	const struct plan *p = run->plan;
	size_t enabled = 0;
	int r;

	emit_nft(p, run->name, &script);
	r = check_nft_run(strbuf_text(&script), &text);
	if (r == CHECK_NFT_REFUSED) {
		complain("%s: the kernel refuses the ruleset:\n%s", run->shown, strbuf_text(&text));
		return EXIT_SYSTEM;
	}
	if (r < 0) {
		complain("%s: %s", run->shown, text.len > 0 ? strbuf_text(&text) : strerror(-r));
		return EXIT_SYSTEM;
	}
	note_missing_devices(run);
	for (size_t i = 0; i < p->policy->n_rules; i++)
		enabled += p->policy->rules[i].enabled;
	strbuf_addf(&text, "%s: ok: %zu rule%s", run->shown, enabled, enabled == 1 ? "" : "s");
	add_count(&text, p->n_links, "link", "s");
	add_count(&text, p->policy->n_groups, "group", "s");
	add_count(&text, count_prefixes(p), "address range", "s");
	add_count(&text, p->n_dns, "domain", "s");
	strbuf_add(&text, "; the kernel accepts the ruleset\n");
	emit_budget(p->policy, &text);
	return print(&text);
}

/* ---- the kernel -------------------------------------------------------- */

static void add_lines(struct strbuf *out, const struct apply_report *report)
{
	for (size_t i = 0; i < report->n_lines; i++)
		strbuf_addf(out, "%c %s\n", report->lines[i].mark, report->lines[i].text);
}

static int report_failure(const struct apply_report *report, int r)
{
	complain("%s", report->error ? report->error : strerror(-r));
	if (r == -EPERM || r == -EACCES)
		complain(
			"the kernel's tables and routes are root's (CAP_NET_ADMIN): run it as root");
	return EXIT_SYSTEM;
}

static int report_success(const struct run *run, const struct apply_report *report,
			  const char *done)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;

	for (size_t i = 0; i < report->n_warnings; i++)
		complain("warning: %s", report->warnings[i]);
	if (run->options.action == OPTIONS_DIFF || run->options.verbose)
		add_lines(&text, report);
	if (run->options.action != OPTIONS_DIFF) {
		if (report->n_lines == 0)
			strbuf_add(&text, "nothing to do\n");
		else
			strbuf_addf(&text, "%s: %zu change%s\n", done, report->n_lines,
				    report->n_lines == 1 ? "" : "s");
	}
	return print(&text);
}

static int use_kernel(struct run *run)
{
	_cleanup_(apply_closep) struct apply *ap = NULL;
	struct apply_report report;
	int r, result;

	apply_report_init(&report);
	r = apply_open(&ap);
	if (r == 0 && run->options.action == OPTIONS_REMOVE)
		r = apply_remove(ap, 0, &report);
	else if (r == 0)
		r = apply_plan(ap, run->plan,
			       APPLY_KEEP_STATE |
				       (run->options.action == OPTIONS_DIFF ? APPLY_DRY_RUN : 0u),
			       &report);
	if (r < 0)
		result = report_failure(&report, r);
	else
		result = report_success(run, &report,
					run->options.action == OPTIONS_REMOVE ? "removed"
									      : "applied");
	if (result == EXIT_OK && run->options.action == OPTIONS_DIFF && report.n_lines > 0)
		result = EXIT_DIFFERENT;
	apply_report_done(&report);
	return result;
}

static int run_action(struct run *run)
{
	int result;

	if (run->options.policy) {
		run->shown =
			strcmp(run->options.policy, "-") ? run->options.policy : "<standard input>";
		run->name = base_name(run->shown);
		result = compile(run);
		if (result != EXIT_OK)
			return result;
	}
	switch (run->options.action) {
	case OPTIONS_PRINT:
		return print_artifact(run);
	case OPTIONS_WRITE:
		return write_artifacts(run);
	case OPTIONS_CHECK:
		return check(run);
	case OPTIONS_APPLY:
	case OPTIONS_DIFF:
	case OPTIONS_REMOVE:
		return use_kernel(run);
	case OPTIONS_VERSION:
		return print_text("omr-nftgen " OMR_VERSION "\n");
	case OPTIONS_HELP:
		return print_text(options_help());
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	_cleanup_(strbuf_done) struct strbuf fault = STRBUF_NULL;
	_cleanup_(arena_freep) struct arena *arena = arena_new();
	struct run run = { .arena = arena };

	if (options_parse(argc, argv, &run.options, &fault)) {
		complain("%s", strbuf_text(&fault));
		complain("usage: omr-nftgen [OPTION]... POLICY   (--help says more)");
		return EXIT_USAGE;
	}
	return run_action(&run);
}
