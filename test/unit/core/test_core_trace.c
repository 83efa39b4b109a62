/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replays the traces in test/trace (see its README.md): events with their times,
 * each followed by what the daemon does, word for word. OMR_UPDATE=1 writes
 * what it does now into the files, to be read as a diff.
 */
#include "base/parse.h"
#include "test/unit/core/sim_truth.h"

#include <glob.h>

#define WORDS_MAX 5

struct replay {
	const char *path;
	unsigned line;
	struct sim sim;
	bool begun;
	uint64_t start_ns;
	struct strbuf policy, result;
	bool in_policy;
};

static void fault(const struct replay *r, const char *text)
{
	fail_msg("%s:%u: %s", r->path, r->line, text);
}

static bool is_yes(const struct replay *r, const char *word, const char *yes, const char *no)
{
	if (strcmp(word, yes) && strcmp(word, no))
		fault(r, "a word that is not known");
	return !strcmp(word, yes);
}

static enum inet_family family_of(const struct replay *r, const char *word)
{
	return is_yes(r, word, "ipv6", "ipv4") ? INET6 : INET4;
}

static enum probe_verdict verdict_of(const struct replay *r, const char *word)
{
	static const char *const words[] = {
		[PROBE_UNKNOWN] = "unknown",
		[PROBE_PASSING] = "passing",
		[PROBE_DEGRADED] = "degraded",
		[PROBE_FAILING] = "failing",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], word))
			return (enum probe_verdict)i;
	fault(r, "not a verdict");
	return PROBE_UNKNOWN;
}

static void do_device(struct replay *r, size_t link, const char *what)
{
	struct sim *s = &r->sim;

	if (!is_yes(r, what, "back", "gone")) {
		sim_unplug(s, link);
		return;
	}
	sim_replug(s, link);
}

/* Commands about one link: NAME LINK ... */
static bool link_command(struct replay *r, char **w, size_t n)
{
	struct sim *s = &r->sim;
	size_t link;

	if (n < 3)
		return false;
	if (!strcmp(w[0], "carrier")) {
		link = sim_find(s, w[1]);
		sim_set_carrier(s, link, is_yes(r, w[2], "yes", "no"));
		if (n < 4 || strcmp(w[3], "untold"))
			sim_tell_link(s, link);
	} else if (!strcmp(w[0], "admin")) {
		link = sim_find(s, w[1]);
		sim_set_up(s, link, is_yes(r, w[2], "up", "down"));
		sim_tell_link(s, link);
	} else if (!strcmp(w[0], "device")) {
		do_device(r, sim_find(s, w[1]), w[2]);
	} else if (!strcmp(w[0], "address") && n == 4) {
		sim_set_addr(s, sim_find(s, w[1]), family_of(r, w[2]),
			     is_yes(r, w[3], "yes", "no"));
		sim_send(s, CORE_EVENT_LOOK);
	} else if (!strcmp(w[0], "gateway") && n == 4) {
		sim_device(s, sim_find(s, w[1]))->gateway[family_of(r, w[2])] =
			is_yes(r, w[3], "yes", "no");
		sim_send(s, CORE_EVENT_LOOK);
	} else if (!strcmp(w[0], "probe") && n == 4) {
		sim_probe(s, sim_find(s, w[1]), family_of(r, w[2]), verdict_of(r, w[3]));
	} else {
		return false;
	}
	return true;
}

/* By hand. */
static bool hand_command(struct replay *r, char **w, size_t n)
{
	struct sim *s = &r->sim;

	if (n == 2 && (!strcmp(w[0], "drain") || !strcmp(w[0], "undrain")))
		sim_drain(s, sim_find(s, w[1]), !strcmp(w[0], "drain"));
	else if (n == 3 && !strcmp(w[0], "switch"))
		sim_choose(s, sim_find_group(s, w[1]),
			   strcmp(w[2], "auto") ? (int)sim_find(s, w[2]) : -1);
	else
		return false;
	return true;
}

static void set_failures(struct replay *r, const char *what, const char *count)
{
	uint64_t n;

	if (parse_u64(count, 1000, &n) < 0)
		fault(r, "not a number");
	if (is_yes(r, what, "applies", "observes"))
		r->sim.fail_applies = (unsigned)n;
	else
		r->sim.fail_observes = (unsigned)n;
}

static void set_load_time(struct replay *r, const char *duration)
{
	if (parse_duration_ms(duration, &r->sim.load_ms) < 0)
		fault(r, "not a duration");
}

static void command(struct replay *r, char **w, size_t n)
{
	struct sim *s = &r->sim;

	if (n == 1 && !strcmp(w[0], "start")) {
		sim_send(s, CORE_EVENT_START);
	} else if (n == 1 && !strcmp(w[0], "stop")) {
		sim_send(s, CORE_EVENT_STOP);
	} else if (n == 1 && !strcmp(w[0], "poll")) {
		sim_poll(s);
	} else if (n == 1 && !strcmp(w[0], "look")) {
		sim_send(s, CORE_EVENT_LOOK);
	} else if (n == 1 && !strcmp(w[0], "overrun")) {
		sim_send(s, CORE_EVENT_OVERRUN);
	} else if (n == 1 && !strcmp(w[0], "flush")) {
		sim_flush(s);
		sim_send(s, CORE_EVENT_RULESET);
	} else if (n == 3 && !strcmp(w[0], "fail")) {
		set_failures(r, w[1], w[2]);
	} else if (n == 1 && !strcmp(w[0], "end")) {
		strbuf_addf(&s->log, "  kernel is %s\n", sim_is_right(s) ? "right" : "not right");
	} else if (n == 2 && !strcmp(w[0], "loads")) {
		set_load_time(r, w[1]);
	} else if (!hand_command(r, w, n) && !link_command(r, w, n)) {
		fault(r, "a command that is not known");
	}
}

static size_t split(char *line, char **words)
{
	size_t n = 0;

	for (char *save = NULL, *w = strtok_r(line, " ", &save); w && n < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	return n;
}

/* "100ms carrier fiber no" */
static void timed_line(struct replay *r, const char *text)
{
	char *copy = strdup(text), *words[WORDS_MAX];
	size_t n = split(copy, words);
	uint64_t ms = 0, at_ns;

	if (!r->begun) {
		sim_init(&r->sim, strbuf_text(&r->policy));
		r->begun = true;
		r->start_ns = r->sim.now_ns;
	}
	if (n < 2 || parse_duration_ms(words[0], &ms) < 0)
		fault(r, "neither a time and a command, nor what the daemon does");
	at_ns = r->start_ns + ms * SIM_MS;
	if (at_ns < r->sim.now_ns)
		fault(r, "the time goes back");
	sim_pass(&r->sim, (at_ns - r->sim.now_ns) / SIM_MS);
	strbuf_add(&r->result, strbuf_text(&r->sim.log));
	strbuf_reset(&r->sim.log);
	strbuf_addf(&r->result, "%s\n", text);
	command(r, words + 1, n - 1);
	free(copy);
}

static void line(struct replay *r, const char *text)
{
	r->line++;
	if (r->in_policy || !strcmp(text, "{")) {
		r->in_policy = strcmp(text, "}") != 0;
		strbuf_addf(&r->policy, "%s\n", text);
		strbuf_addf(&r->result, "%s\n", text);
	} else if (!*text || *text == '#') {
		if (r->begun) {
			strbuf_add(&r->result, strbuf_text(&r->sim.log));
			strbuf_reset(&r->sim.log);
		}
		strbuf_addf(&r->result, "%s\n", text);
	} else if (*text != ' ') {
		timed_line(r, text);
	}
}

static void read_file(const char *path, struct strbuf *out)
{
	FILE *f = fopen(path, "re");
	char buf[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_addn(out, buf, n);
	fclose(f);
}

static void write_file(const char *path, const struct strbuf *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(strbuf_text(text), 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
}

static bool replay_file(const char *path)
{
	struct replay r = { .path = path };
	struct strbuf text = STRBUF_NULL;
	char *copy, *next;
	bool same;

	read_file(path, &text);
	copy = next = strdup(strbuf_text(&text));
	while (*next) {
		char *end = strchr(next, '\n');

		if (!end)
			fail_msg("%s: no newline at its end", path);
		*end = '\0';
		line(&r, next);
		next = end + 1;
	}
	if (!r.begun)
		fail_msg("%s: no event", path);
	strbuf_add(&r.result, strbuf_text(&r.sim.log));
	same = !strcmp(strbuf_text(&text), strbuf_text(&r.result));
	if (!same && getenv("OMR_UPDATE"))
		write_file(path, &r.result);
	else if (!same)
		print_error("%s: now it is\n%s", path, strbuf_text(&r.result));
	sim_done(&r.sim);
	strbuf_done(&text);
	strbuf_done(&r.policy);
	strbuf_done(&r.result);
	free(copy);
	return same;
}

static void every_trace_is_replayed_word_for_word(void **state)
{
	size_t wrong = 0;
	glob_t found;

	assert_int_equal(glob("test/trace/*.trace", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		wrong += !replay_file(found.gl_pathv[i]);
	globfree(&found);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_trace_is_replayed_word_for_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
