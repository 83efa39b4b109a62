/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_io_answer.h"

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "daemon/control_io_kernel.h"
#include "daemon/control_json.h"
#include "daemon/control_metrics.h"
#include "daemon/control_rules.h"
#include "daemon/control_status.h"
#include "daemon/control_why.h"
#include "daemon/core.h"
#include "daemon/loop.h"

#include <string.h>
#include <time.h>

struct asked {
	struct loop *loop;
	const struct control_request *request;
	uint64_t started_ns, now_ns;
	struct arena *arena;
};

/* ---- names --------------------------------------------------------------- */

/* "there is no link "fibre"", with the nearest name or all of them. */
static json_t *no_such(struct arena *a, const char *what, const char *name,
		       const char *const *names, size_t n)
{
	struct strbuf all = STRBUF_NULL;
	const char *near = diag_nearest(name, names, n);
	struct control_fault f;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&all, "%s%s", i ? ", " : "", names[i]);
	f.error = arena_printf(a, "there is no %s \"%s\"", what, name);
	f.hint = near ? arena_printf(a, "did you mean \"%s\"?", near)
		 : n  ? arena_printf(a, "there are: %s", strbuf_text(&all))
		      : NULL;
	strbuf_done(&all);
	return control_json_fault(&f);
}

static json_t *find_link(struct asked *x, size_t *ret)
{
	const struct plan *p = core_plan(loop_core(x->loop));
	const char **names = arena_calloc(x->arena, p->n_links + 1, sizeof(*names));

	for (size_t i = 0; i < p->n_links; i++) {
		names[i] = p->links[i].name;
		if (!strcmp(names[i], x->request->link)) {
			*ret = i;
			return NULL;
		}
	}
	return no_such(x->arena, "link", x->request->link, names, p->n_links);
}

static json_t *find_group(struct asked *x, size_t *ret)
{
	const struct plan *p = core_plan(loop_core(x->loop));
	const char **names = arena_calloc(x->arena, p->n_group_tables + 1, sizeof(*names));

	for (size_t i = 0; i < p->n_group_tables; i++) {
		names[i] = p->group_tables[i].name;
		if (!strcmp(names[i], x->request->group)) {
			*ret = i;
			return NULL;
		}
	}
	return no_such(x->arena, "group", x->request->group, names, p->n_group_tables);
}

static json_t *find_member(struct asked *x, size_t group, int *ret)
{
	const struct plan *p = core_plan(loop_core(x->loop));
	const struct plan_group_table *g = &p->group_tables[group];
	const char **names = arena_calloc(x->arena, g->n_members + 1, sizeof(*names));

	for (size_t i = 0; i < g->n_members; i++) {
		names[i] = p->links[g->members[i].link].name;
		if (!strcmp(names[i], x->request->link)) {
			*ret = (int)g->members[i].link;
			return NULL;
		}
	}
	return no_such(x->arena, arena_printf(x->arena, "link of group \"%s\" named", g->name),
		       x->request->link, names, g->n_members);
}

/* ---- by hand ------------------------------------------------------------- */

static json_t *answer_drain(struct asked *x)
{
	bool on = x->request->command == CONTROL_DRAIN;
	size_t link = 0;
	json_t *j = find_link(x, &link);

	if (j)
		return j;
	loop_event(x->loop, &(struct core_event){ .type = CORE_EVENT_DRAIN,
						  .drain = { .link = link, .on = on } });
	j = json_object();
	control_json_set(j, "ok", json_true());
	control_json_set_text(j, "link", x->request->link);
	control_json_set(j, "drained", json_boolean(core_link_drained(loop_core(x->loop), link)));
	for (enum inet_family f = INET4; f <= INET6; f++)
		control_json_set(
			j, control_json_family(f),
			control_status_link_family(loop_core(x->loop), link, f, loop_now_ns()));
	return j;
}

/* A link that cannot carry anything in either family is not switched to. */
static json_t *refuse_useless(struct asked *x, size_t link)
{
	const char *name = core_plan(loop_core(x->loop))->links[link].name;
	struct core_link_info info[INET_FAMILY_COUNT];
	const char *text;

	for (enum inet_family f = INET4; f <= INET6; f++) {
		core_link_info(loop_core(x->loop), link, f, x->now_ns, &info[f]);
		if (link_state_use(info[f].state) != LINK_USE_NO)
			return NULL;
	}
	text = info[INET4].state == info[INET6].state
		       ? link_state_text(info[INET4].state)
		       : arena_printf(x->arena, "IPv4: %s, IPv6: %s",
				      link_state_text(info[INET4].state),
				      link_state_text(info[INET6].state));
	return control_json_fault(&(struct control_fault){
		.error = arena_printf(x->arena, "link \"%s\" cannot be used now: %s", name, text),
		.hint = core_link_drained(loop_core(x->loop), link) ? "undrain it first" : NULL });
}

static json_t *answer_switch(struct asked *x)
{
	size_t group = 0;
	int link = -1;
	json_t *j = find_group(x, &group);

	if (!j && x->request->link) {
		j = find_member(x, group, &link);
		if (!j)
			j = refuse_useless(x, (size_t)link);
	}
	if (j)
		return j;
	loop_event(x->loop, &(struct core_event){ .type = CORE_EVENT_SWITCH,
						  .choose = { .group = group, .link = link } });
	j = json_object();
	control_json_set(j, "ok", json_true());
	control_json_set_text(j, "group", x->request->group);
	for (enum inet_family f = INET4; f <= INET6; f++) {
		struct core_choice choice;

		core_group_choice(loop_core(x->loop), group, f, &choice);
		control_json_set(j, control_json_family(f),
				 control_json_choice(loop_core(x->loop), &choice, loop_now_ns()));
	}
	return j;
}

/* ---- looking ------------------------------------------------------------- */

static json_t *answer_list(struct asked *x, const char *key, json_t *list)
{
	json_t *j = json_object();

	control_json_set(j, key, list);
	return j;
}

static json_t *answer_links(struct asked *x)
{
	const struct core *c = loop_core(x->loop);
	struct control_counters counters;

	control_io_kernel_counters(core_plan(c), false, x->arena, &counters);
	return answer_list(x, "links", control_status_links(c, &counters, x->now_ns));
}

static json_t *answer_rules(struct asked *x)
{
	const struct plan *p = core_plan(loop_core(x->loop));
	struct control_counters counters;
	json_t *j;

	control_io_kernel_counters(p, true, x->arena, &counters);
	j = control_rules(p, &counters);
	loop_relax(x->loop);
	return j;
}

static json_t *answer_why(struct asked *x)
{
	const struct plan_eval_learnt learnt = { .find = control_io_kernel_learnt };
	const struct core *c = loop_core(x->loop);
	struct plan_eval_packet packet = x->request->packet;
	struct control_route route = { 0 };
	struct plan_eval_answer answer;
	time_t now = time(NULL);
	struct tm utc;
	uint32_t mark;
	json_t *j;

	gmtime_r(&now, &utc);
	packet.second_of_day = (uint32_t)(utc.tm_hour * 3600 + utc.tm_min * 60 + utc.tm_sec);
	packet.weekday = (uint32_t)utc.tm_wday;
	packet.daddr_type = control_io_kernel_type(packet.family, &packet.daddr);
	plan_eval_packet(core_plan(c), &packet, &learnt, x->arena, &answer);
	if (control_why_mark(c, &packet, &answer, &mark))
		control_io_kernel_route(packet.family, &packet.daddr, mark, &route);
	j = control_why(c, &packet, &answer, &route, x->now_ns);
	loop_relax(x->loop);
	return j;
}

static json_t *answer_metrics(struct asked *x)
{
	const struct core *c = loop_core(x->loop);
	struct strbuf text = STRBUF_NULL;
	struct control_counters counters;
	struct control_process process;
	json_t *j = json_object();

	control_io_kernel_counters(core_plan(c), true, x->arena, &counters);
	control_io_kernel_process(x->started_ns, x->now_ns, &process);
	control_metrics(c, &counters, &process, x->request->strict, x->now_ns, &text);
	control_json_set_text(j, "metrics", strbuf_text(&text));
	strbuf_done(&text);
	loop_relax(x->loop);
	return j;
}

static json_t *answer_status(struct asked *x)
{
	struct control_status_facts facts = { .policy_path = loop_config(x->loop)->policy_path,
					      .started_ns = x->started_ns,
					      .now_ns = x->now_ns };

	return control_status(loop_core(x->loop), &facts);
}

static json_t *answer_command(struct asked *x)
{
	const struct core *c = loop_core(x->loop);

	switch (x->request->command) {
	case CONTROL_STATUS:
		return answer_status(x);
	case CONTROL_LINKS:
		return answer_links(x);
	case CONTROL_GROUPS:
		return answer_list(x, "groups", control_status_groups(c, x->now_ns));
	case CONTROL_RULES:
		return answer_rules(x);
	case CONTROL_WHY:
		return answer_why(x);
	case CONTROL_DRAIN:
	case CONTROL_UNDRAIN:
		return answer_drain(x);
	case CONTROL_SWITCH:
		return answer_switch(x);
	case CONTROL_METRICS:
		return answer_metrics(x);
	case CONTROL_DOCTOR:
		return control_status_claims(c);
	case CONTROL_RELOAD:
	case CONTROL_WATCH:
		break;
	}
	return control_json_error("not a question that is answered at once");
}

void control_io_answer(struct loop *l, const struct control_request *request, uint64_t started_ns,
		       struct arena *a, struct strbuf *out)
{
	struct asked x = { .loop = l,
			   .request = request,
			   .started_ns = started_ns,
			   .now_ns = loop_now_ns(),
			   .arena = a };
	json_t *j = answer_command(&x);

	control_json_line(j, out);
	json_decref(j);
}
