/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_metrics.h"

#include "base/strbuf.h"
#include "daemon/control_counters.h"
#include "daemon/control_json.h"
#include "daemon/core.h"

#include <inttypes.h>
#include <math.h>

enum kind {
	GAUGE,
	COUNTER, /* the name is written without _total */
};

struct writer {
	const struct core *core;
	const struct plan *plan;
	const struct control_counters *counters;
	struct strbuf *out;
	bool strict;
	uint64_t now_ns;
};

/* ---- families and samples ------------------------------------------------ */

/* Names, notes and versions are printable by then; a label's text is escaped all the same. */
static void label_text(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '\\':
			strbuf_add(out, "\\\\");
			break;
		case '"':
			strbuf_add(out, "\\\"");
			break;
		case '\n':
			strbuf_add(out, "\\n");
			break;
		default:
			strbuf_addc(out, *text);
		}
}

static void family(const struct writer *w, const char *name, enum kind kind, const char *unit,
		   const char *help)
{
	const char *suffix = kind == COUNTER && !w->strict ? "_total" : "";

	strbuf_addf(w->out, "# HELP %s%s %s.\n", name, suffix, help);
	strbuf_addf(w->out, "# TYPE %s%s %s\n", name, suffix,
		    kind == COUNTER ? "counter" : "gauge");
	/* a unit ends its family's name */
	if (unit && !*suffix)
		strbuf_addf(w->out, "# UNIT %s %s\n", name, unit);
}

static void sample(const struct writer *w, const char *name, const char *const *labels,
		   double value)
{
	strbuf_add(w->out, name);
	for (size_t i = 0; labels && labels[i]; i += 2) {
		strbuf_addf(w->out, "%s%s=\"", i ? "," : "{", labels[i]);
		label_text(w->out, labels[i + 1]);
		strbuf_addc(w->out, '"');
	}
	strbuf_add(w->out, labels && labels[0] ? "} " : " ");
	/* whole numbers to the last digit */
	if (value == floor(value) && fabs(value) < 9e15)
		strbuf_addf(w->out, "%.0f\n", value);
	else
		strbuf_addf(w->out, "%.13g\n", value);
}

#define LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void single(const struct writer *w, const char *name, const char *help, double value)
{
	family(w, name, GAUGE, NULL, help);
	sample(w, name, NULL, value);
}

/* ---- links --------------------------------------------------------------- */

/* One sample for every link and family; NAN: none. */
static void each_link(const struct writer *w, const char *name,
		      double (*value)(const struct writer *w, size_t link, enum inet_family f))
{
	for (size_t i = 0; i < w->plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			double v = value(w, i, f);

			if (!isnan(v))
				sample(w, name,
				       LABELS("link", w->plan->links[i].name, "family",
					      control_json_family(f)),
				       v);
		}
}

static struct core_link_info info_of(const struct writer *w, size_t link, enum inet_family f)
{
	struct core_link_info info;

	core_link_info(w->core, link, f, w->now_ns, &info);
	return info;
}

static double usable(const struct writer *w, size_t link, enum inet_family f)
{
	return link_state_use(info_of(w, link, f).state) == LINK_USE_YES;
}

static double losses(const struct writer *w, size_t link, enum inet_family f)
{
	return core_link_losses(w->core, link, f);
}

static double probe_passing(const struct writer *w, size_t link, enum inet_family f)
{
	struct core_link_info info = info_of(w, link, f);

	return info.probed ? info.verdict == PROBE_PASSING || info.verdict == PROBE_DEGRADED : NAN;
}

static double measured(const struct core_link_info *info, double value, double scale)
{
	return info->probed && info->stats.rounds && value >= 0 ? value / scale : NAN;
}

static double probe_loss(const struct writer *w, size_t link, enum inet_family f)
{
	struct core_link_info info = info_of(w, link, f);

	return measured(&info, info.stats.loss_percent, 100);
}

static double probe_rtt(const struct writer *w, size_t link, enum inet_family f)
{
	struct core_link_info info = info_of(w, link, f);

	return measured(&info, info.stats.rtt_ms, 1000);
}

static double probe_jitter(const struct writer *w, size_t link, enum inet_family f)
{
	struct core_link_info info = info_of(w, link, f);

	return measured(&info, info.stats.jitter_ms, 1000);
}

static void link_states(const struct writer *w)
{
	family(w, "omr_nft_link_state", GAUGE, NULL, "1 for the state that a link is in");
	for (size_t i = 0; i < w->plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			enum link_state now = info_of(w, i, f).state;

			for (int s = 0; s < LINK_STATE_COUNT; s++)
				sample(w, "omr_nft_link_state",
				       LABELS("link", w->plan->links[i].name, "family",
					      control_json_family(f), "state",
					      link_state_name((enum link_state)s)),
				       (int)now == s);
		}
}

static void link_numbers(const struct writer *w)
{
	family(w, "omr_nft_link_drained", GAUGE, NULL, "1 while a link is drained by hand");
	for (size_t i = 0; i < w->plan->n_links; i++)
		sample(w, "omr_nft_link_drained", LABELS("link", w->plan->links[i].name),
		       core_link_drained(w->core, i));
	family(w, "omr_nft_link_penalty", GAUGE, NULL,
	       "Damping penalty of a link, 1000 a loss, halved every half-life");
	for (size_t i = 0; i < w->plan->n_links; i++)
		sample(w, "omr_nft_link_penalty", LABELS("link", w->plan->links[i].name),
		       floor(info_of(w, i, INET4).penalty + 0.5));
	family(w, "omr_nft_link_carrier_downs", COUNTER, NULL,
	       "Carrier losses of a link's device, as the kernel counts them");
	for (size_t i = 0; i < w->plan->n_links; i++)
		sample(w, "omr_nft_link_carrier_downs_total",
		       LABELS("link", w->plan->links[i].name, "device", w->plan->links[i].device),
		       core_link_carrier_downs(w->core, i));
}

static void links(const struct writer *w)
{
	link_states(w);
	family(w, "omr_nft_link_usable", GAUGE, NULL, "1 while a link takes new flows");
	each_link(w, "omr_nft_link_usable", usable);
	family(w, "omr_nft_link_losses", COUNTER, NULL, "How often a link became unusable");
	each_link(w, "omr_nft_link_losses_total", losses);
	link_numbers(w);
	family(w, "omr_nft_probe_passing", GAUGE, NULL, "1 while a link's probe is answered");
	each_link(w, "omr_nft_probe_passing", probe_passing);
	family(w, "omr_nft_probe_loss_ratio", GAUGE, "ratio",
	       "Unanswered questions of the probe's window");
	each_link(w, "omr_nft_probe_loss_ratio", probe_loss);
	family(w, "omr_nft_probe_rtt_seconds", GAUGE, "seconds",
	       "Mean round trip time of the probe's window");
	each_link(w, "omr_nft_probe_rtt_seconds", probe_rtt);
	family(w, "omr_nft_probe_jitter_seconds", GAUGE, "seconds",
	       "Mean difference of successive round trip times of the probe's window");
	each_link(w, "omr_nft_probe_jitter_seconds", probe_jitter);
}

/* ---- groups -------------------------------------------------------------- */

static void group_leaves(const struct writer *w, size_t g, enum inet_family f)
{
	const struct plan_group_table *t = &w->plan->group_tables[g];
	struct core_choice choice;

	core_group_choice(w->core, g, f, &choice);
	for (int k = CORE_CHOICE_UNKNOWN; k <= CORE_CHOICE_BLOCK; k++)
		sample(w, "omr_nft_group_leaves_by",
		       LABELS("group", t->name, "family", control_json_family(f), "by",
			      control_json_choice_kind((enum core_choice_kind)k)),
		       (int)choice.kind == k);
}

/* Links of an on_down group may be chosen too: every link has its sample. */
static void group_links(const struct writer *w, size_t g, enum inet_family f)
{
	const struct plan_group_table *t = &w->plan->group_tables[g];
	struct core_choice choice;

	core_group_choice(w->core, g, f, &choice);
	for (size_t i = 0; i < w->plan->n_links; i++)
		sample(w, "omr_nft_group_link",
		       LABELS("group", t->name, "family", control_json_family(f), "link",
			      w->plan->links[i].name),
		       choice.kind == CORE_CHOICE_LINK && choice.link == i);
}

static void group_switches(const struct writer *w, size_t g, enum inet_family f)
{
	sample(w, "omr_nft_group_switches_total",
	       LABELS("group", w->plan->group_tables[g].name, "family", control_json_family(f)),
	       core_group_switches(w->core, g, f));
}

static void each_group(const struct writer *w,
		       void (*write)(const struct writer *w, size_t group, enum inet_family f))
{
	for (size_t i = 0; i < w->plan->n_group_tables; i++)
		for (enum inet_family f = INET4; f <= INET6; f++)
			write(w, i, f);
}

static void groups(const struct writer *w)
{
	family(w, "omr_nft_group_leaves_by", GAUGE, NULL,
	       "1 for what new flows of a group leave by");
	each_group(w, group_leaves);
	family(w, "omr_nft_group_link", GAUGE, NULL,
	       "1 for the link that new flows of a group leave by");
	each_group(w, group_links);
	family(w, "omr_nft_group_switches", COUNTER, NULL,
	       "How often a group's choice has changed");
	each_group(w, group_switches);
}

/* ---- traffic ------------------------------------------------------------- */

static void sent(const struct writer *w)
{
	family(w, "omr_nft_sent_packets", COUNTER, NULL,
	       "Packets of bypassed traffic that left by a link");
	for (size_t i = 0; i < w->plan->n_links; i++)
		sample(w, "omr_nft_sent_packets_total", LABELS("link", w->plan->links[i].name),
		       (double)w->counters->sent[i].packets);
	family(w, "omr_nft_sent_bytes", COUNTER, "bytes",
	       "Bytes of bypassed traffic that left by a link");
	for (size_t i = 0; i < w->plan->n_links; i++)
		sample(w, "omr_nft_sent_bytes_total", LABELS("link", w->plan->links[i].name),
		       (double)w->counters->sent[i].bytes);
}

static void rule_family(const struct writer *w, const char *name, const char *total, bool bytes,
			const char *help)
{
	const struct policy *p = w->plan->policy;

	family(w, name, COUNTER, bytes ? "bytes" : NULL, help);
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].enabled)
			sample(w, total, LABELS("rule", p->rules[i].name),
			       (double)(bytes ? w->counters->rules[i].bytes
					      : w->counters->rules[i].packets));
}

static void otherwise(const struct writer *w)
{
	if (!w->plan->policy->has_default)
		return;
	family(w, "omr_nft_otherwise_packets", COUNTER, NULL,
	       "First packets of flows that no rule has matched");
	sample(w, "omr_nft_otherwise_packets_total", NULL, (double)w->counters->otherwise.packets);
	family(w, "omr_nft_otherwise_bytes", COUNTER, "bytes",
	       "Bytes of first packets of flows that no rule has matched");
	sample(w, "omr_nft_otherwise_bytes_total", NULL, (double)w->counters->otherwise.bytes);
}

static void traffic(const struct writer *w)
{
	if (!w->counters->known)
		return;
	sent(w);
	rule_family(w, "omr_nft_rule_packets", "omr_nft_rule_packets_total", false,
		    "First packets of flows that a rule has matched");
	rule_family(w, "omr_nft_rule_bytes", "omr_nft_rule_bytes_total", true,
		    "Bytes of first packets of flows that a rule has matched");
	otherwise(w);
}

/* ---- the daemon ---------------------------------------------------------- */

/* The names that every Prometheus client library gives these. */
static void process(const struct writer *w, const struct control_process *p)
{
	family(w, "process_cpu_seconds", COUNTER, "seconds", "User and system CPU time");
	sample(w, "process_cpu_seconds_total", NULL, p->cpu_seconds);
	family(w, "process_resident_memory_bytes", GAUGE, "bytes", "Resident memory");
	sample(w, "process_resident_memory_bytes", NULL, (double)p->resident_bytes);
	family(w, "process_virtual_memory_bytes", GAUGE, "bytes", "Virtual memory");
	sample(w, "process_virtual_memory_bytes", NULL, (double)p->virtual_bytes);
	family(w, "process_start_time_seconds", GAUGE, "seconds", "Start, since 1970");
	sample(w, "process_start_time_seconds", NULL, p->start_time_seconds);
	single(w, "process_open_fds", "Open file descriptors", p->open_fds);
	single(w, "process_max_fds", "Limit of open file descriptors", p->max_fds);
}

void control_metrics(const struct core *c, const struct control_counters *counters,
		     const struct control_process *proc, bool strict, uint64_t now_ns,
		     struct strbuf *out)
{
	struct writer w = { .core = c,
			    .plan = core_plan(c),
			    .counters = counters,
			    .out = out,
			    .strict = strict,
			    .now_ns = now_ns };

	family(&w, "omr_nft_build_info", GAUGE, NULL, "1, with the version");
	sample(&w, "omr_nft_build_info", LABELS("version", OMR_VERSION), 1);
	single(&w, "omr_nft_in_sync", "1 while the kernel has what it should have",
	       core_in_sync(c));
	single(&w, "omr_nft_loading", "1 while tables are being loaded", core_loading(c));
	family(&w, "omr_nft_repairs", COUNTER, NULL,
	       "How often what somebody else had changed was put back");
	sample(&w, "omr_nft_repairs_total", NULL, core_repairs(c));
	links(&w);
	groups(&w);
	traffic(&w);
	process(&w, proc);
	strbuf_add(out, "# EOF\n");
}
