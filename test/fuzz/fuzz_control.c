/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a line on the control socket: a request, or a fault whose answer
 * is one line of JSON that a client can read.
 */
#include "base/arena.h"
#include "base/strbuf.h"
#include "daemon/control_json.h"
#include "daemon/control_request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_fault(const struct control_fault *f)
{
	struct strbuf line = STRBUF_NULL;
	json_t *j = control_json_fault(f), *back;

	check(f->error && *f->error && strlen(f->error) < 400);
	control_json_line(j, &line);
	check(strchr(line.text, '\n') == line.text + line.len - 1);
	back = json_loads(line.text, JSON_REJECT_DUPLICATES, NULL);
	check(json_string_value(json_object_get(back, "error")));
	json_decref(back);
	json_decref(j);
	strbuf_done(&line);
}

static void check_request(const struct control_request *r)
{
	const struct plan_eval_packet *p = &r->packet;

	check((int)r->command >= 0 && r->command < CONTROL_COMMAND_COUNT);
	check((r->command != CONTROL_DRAIN && r->command != CONTROL_UNDRAIN) ||
	      (r->link && *r->link));
	check(r->command != CONTROL_SWITCH || (r->group && *r->group));
	check(!(p->given & PLAN_EVAL_IIF) || p->iif);
	check(!(p->given & PLAN_EVAL_CGROUP) || (p->cgroup && *p->cgroup != '/'));
	check(!(p->given & PLAN_EVAL_DSCP) || p->dscp < 64);
	check(!p->given || r->command == CONTROL_WHY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct control_request request;
	struct control_fault fault = { 0 };
	char *copy = malloc(size ? size : 1); /* a block of its own: its end is watched */
	int r;

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	r = control_request_read(copy, size, a, &request, &fault);
	free(copy);
	if (r == 0)
		check_request(&request);
	else
		check_fault(&fault);
	arena_free(a);
	return 0;
}
