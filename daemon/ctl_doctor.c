/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_doctor.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/ctl_ask.h"
#include "daemon/ctl_text.h"
#include "daemon/doctor_look.h"

#include <string.h>

/* What every policy has when it does not say otherwise (docs/policy.md, "Numbers"). */
#define DEFAULT_MASK	    0x00ffffffu
#define DEFAULT_GROUP_MARK  0x539u
#define DEFAULT_GROUP_TABLE 991337u
#define DEFAULT_PRIORITY    1000u
#define DEFAULT_LAST	    1050u
#define DEFAULT_LINKS	    15u
#define DEFAULT_ANSWER_S    5

/* ---- what the daemon claims ---------------------------------------------- */

static void default_claims(struct arena *a, struct doctor_claims *c)
{
	*c = (struct doctor_claims){ .mark_mask = DEFAULT_MASK,
				     .first_priority = DEFAULT_PRIORITY,
				     .last_priority = DEFAULT_LAST };
	c->marks = arena_calloc(a, DEFAULT_LINKS + 1, sizeof(*c->marks));
	c->marks[c->n_marks++] = DEFAULT_GROUP_MARK;
	for (unsigned id = 1; id <= DEFAULT_LINKS; id++)
		c->marks[c->n_marks++] = DEFAULT_GROUP_MARK << 4 | id;
	c->tables = arena_calloc(a, 1, sizeof(*c->tables));
	c->tables[c->n_tables++] = DEFAULT_GROUP_TABLE;
}

static uint32_t *numbers(struct arena *a, const json_t *list, size_t *ret_n)
{
	uint32_t *ret = arena_calloc(a, json_array_size(list) + 1, sizeof(*ret));

	*ret_n = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		ret[(*ret_n)++] = (uint32_t)json_integer_value(json_array_get(list, i));
	return ret;
}

static void take_claims(struct arena *a, const json_t *answer, struct doctor_facts *f)
{
	const json_t *links = json_object_get(answer, "links");
	struct doctor_claims *c = &f->claims;
	uint32_t *priorities;
	size_t n;

	*c = (struct doctor_claims){ .known = true,
				     .mark_mask = (uint32_t)ctl_text_number(answer, "mark_mask"),
				     .domains = json_is_true(json_object_get(answer, "domains")) };
	c->marks = numbers(a, json_object_get(answer, "marks"), &c->n_marks);
	c->tables = numbers(a, json_object_get(answer, "tables"), &c->n_tables);
	priorities = numbers(a, json_object_get(answer, "priorities"), &n);
	if (n) {
		c->first_priority = priorities[0];
		c->last_priority = priorities[n - 1];
	}
	f->links = arena_calloc(a, json_array_size(links) + 1, sizeof(*f->links));
	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *l = json_array_get(links, i);

		f->links[f->n_links++] = (struct doctor_link){
			.name = arena_strdup(a, ctl_text_string(l, "name")),
			.device = arena_strdup(a, ctl_text_string(l, "device")),
			.probed = json_is_true(json_object_get(l, "probed")),
		};
	}
}

static void ask_daemon(const struct ctl_options *o, const char *request, struct arena *a,
		       struct doctor_facts *f)
{
	_cleanup_(ctl_ask_done) struct ctl_ask ask;
	const char *line;
	json_t *j = NULL;

	if (ctl_ask_send(&ask, o->socket_path, request, DEFAULT_ANSWER_S) == 0 &&
	    ctl_ask_line(&ask, &line) == 0)
		j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	if (ctl_text_has(j, "mark_mask"))
		take_claims(a, j, f);
	else
		default_claims(a, &f->claims);
	json_decref(j);
}

/* ---- findings ------------------------------------------------------------ */

void ctl_doctor_print(const struct doctor_findings *f, bool daemon, bool colors, struct strbuf *out)
{
	static const enum ctl_paint paints[] = {
		[DOCTOR_NOTE] = CTL_FAINT, [DOCTOR_WARNING] = CTL_FAIR, [DOCTOR_PROBLEM] = CTL_BAD
	};

	if (!daemon)
		strbuf_add(out,
			   "No daemon answers: the numbers of a policy without any are assumed, "
			   "and links are not known.\n\n");
	for (size_t i = 0; i < f->n; i++) {
		const struct doctor_finding *x = &f->list[i];
		enum ctl_paint p = paints[x->level];

		strbuf_addf(out, "%s%s%s ", ctl_text_paint(p, colors), doctor_judge_level(x->level),
			    ctl_text_unpaint(p, colors));
		strbuf_addf(out, "%s: ", x->topic);
		ctl_text_add(out, x->text);
		strbuf_addc(out, '\n');
		if (x->remedy) {
			strbuf_add(out, "    remedy: ");
			ctl_text_add(out, x->remedy);
			strbuf_addc(out, '\n');
		}
	}
	if (!f->n)
		strbuf_add(out, "Nothing on this machine stands against us.\n");
}

static json_t *findings_json(const struct doctor_findings *f, bool daemon)
{
	json_t *j = json_object(), *list = json_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct doctor_finding *x = &f->list[i];
		json_t *item = json_object();

		json_object_set_new(item, "level", json_string(doctor_judge_level(x->level)));
		json_object_set_new(item, "topic", json_string(x->topic));
		json_object_set_new(item, "text", json_string(x->text));
		if (x->remedy)
			json_object_set_new(item, "remedy", json_string(x->remedy));
		json_array_append_new(list, item);
	}
	json_object_set_new(j, "daemon", json_boolean(daemon));
	json_object_set_new(j, "findings", list);
	return j;
}

int ctl_doctor(const struct ctl_options *o, const char *request, bool colors)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	struct doctor_findings findings;
	struct doctor_facts facts = { 0 };
	int status = 0;

	ask_daemon(o, request, a, &facts);
	doctor_look(a, &facts);
	doctor_judge(&facts, a, &findings);
	if (o->json) {
		json_t *j = findings_json(&findings, facts.claims.known);
		char *text = json_dumps(j, JSON_COMPACT);

		strbuf_addf(&out, "%s\n", text ? text : "{}");
		free(text);
		json_decref(j);
	} else {
		ctl_doctor_print(&findings, facts.claims.known, colors, &out);
	}
	fputs(strbuf_text(&out), stdout);
	for (size_t i = 0; i < findings.n; i++)
		if (findings.list[i].level != DOCTOR_NOTE)
			status = CTL_DOCTOR_FOUND;
	return status;
}
