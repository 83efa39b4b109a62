/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the facts about the core share: a policy that runs, and questions to it. */
#pragma once

#include "test/unit/core/sim_truth.h"

/* After a second: all is applied, nothing is logged yet. */
static inline void facts_begin(struct sim *s, const char *policy)
{
	sim_init(s, policy);
	sim_send(s, CORE_EVENT_START);
	sim_pass(s, 1000);
	strbuf_reset(&s->log);
	s->applies = s->states = s->observes = s->checks = s->loads = s->deletes = s->lines = 0;
}

static inline int facts_setup(void **state, const char *policy)
{
	struct sim *s = calloc(1, sizeof(*s));

	facts_begin(s, policy);
	*state = s;
	return 0;
}

static inline int facts_teardown(void **state)
{
	sim_done(*state);
	free(*state);
	return 0;
}

static inline size_t facts_target(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->plan->n_targets; i++)
		if (!strcmp(s->plan->targets[i].name, name))
			return i;
	fail_msg("no target %s", name);
	return 0;
}

/* "fiber", "main", "block", "balance", "?" */
static inline const char *facts_choice(const struct sim *s, const char *target, enum inet_family f)
{
	struct core_choice c;

	core_target_choice(s->core, facts_target(s, target), f, &c);
	switch (c.kind) {
	case CORE_CHOICE_UNKNOWN:
		return "?";
	case CORE_CHOICE_LINK:
		return s->plan->links[c.link].name;
	case CORE_CHOICE_BALANCE:
		return "balance";
	case CORE_CHOICE_MAIN:
		return "main";
	case CORE_CHOICE_BLOCK:
		return "block";
	}
	return "?";
}

#define assert_leaves(s, target, f, by) assert_string_equal(facts_choice(s, target, f), by)
#define assert_both_leave(s, target, by)                                                           \
	do {                                                                                       \
		assert_leaves(s, target, INET4, by);                                               \
		assert_leaves(s, target, INET6, by);                                               \
	} while (0)

static inline enum link_state facts_state(const struct sim *s, size_t link, enum inet_family f)
{
	struct core_link_info info;

	core_link_info(s->core, link, f, s->now_ns, &info);
	return info.state;
}

#define assert_link_is(s, link, f, s_) assert_int_equal(facts_state(s, link, f), s_)

static inline size_t facts_count(const struct sim *s, const char *text)
{
	size_t n = 0;

	for (const char *p = strbuf_text(&s->log); (p = strstr(p, text)); p++)
		n++;
	return n;
}

static inline void facts_logged(const struct sim *s, const char *text, const char *file, int line)
{
	if (!strstr(strbuf_text(&s->log), text)) {
		print_error("not logged: %s\nbut: %s", text, strbuf_text(&s->log));
		_fail(file, line);
	}
}

#define assert_logged(s, text) facts_logged(s, text, __FILE__, __LINE__)

static inline void facts_not_logged(const struct sim *s, const char *text, const char *file,
				    int line)
{
	if (strstr(strbuf_text(&s->log), text)) {
		print_error("logged: %s\nin: %s", text, strbuf_text(&s->log));
		_fail(file, line);
	}
}

#define assert_not_logged(s, text) facts_not_logged(s, text, __FILE__, __LINE__)

#define assert_kernel_is_right(s)                                                                  \
	do {                                                                                       \
		const char *_fault = sim_fault(s);                                                 \
		if (_fault)                                                                        \
			fail_msg("%s:\n%s", _fault, strbuf_text(&(s)->log));                       \
		if (!core_in_sync((s)->core))                                                      \
			fail_msg("not in sync:\n%s", strbuf_text(&(s)->log));                      \
	} while (0)

static inline void facts_lose_carrier(struct sim *s, size_t link)
{
	sim_set_carrier(s, link, false);
	sim_tell_link(s, link);
}

static inline void facts_get_carrier(struct sim *s, size_t link)
{
	sim_set_carrier(s, link, true);
	sim_tell_link(s, link);
}

#define FACTS_OF(setup, f) cmocka_unit_test_setup_teardown(f, setup, facts_teardown)
