/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Against the real kernel, in a user and network namespace of our own (skipped
 * where the machine forbids them):
 *
 *     w0 10.0.0.2/24 fd00::2/64 ---- p0        w1 10.0.1.2/24 fd01::2/64 ---- p1
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "io/apply.h"
#include "io/apply_net.h"
#include "io/linkdown.h"
#include "io/nl_socket.h"
#include "io/sysctl.h"
#include "model/policy.h"

#define NO_NAMESPACES 77

extern char **environ;

struct world {
	struct arena *arena;
	struct nl_socket *route;
	struct netstate seen, wanted;
	struct apply_report report;
};

static struct world w;

/* ---- the namespace ----------------------------------------------------- */

static int write_file(const char *path, const char *text)
{
	_cleanup_(cleanup_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -errno;
	return 0;
}

static bool enter_namespaces(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (write_file("/proc/self/uid_map", map) < 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map) == 0;
}

/* Splits at spaces: "ip link add ..." */
static int run(const char *command)
{
	_cleanup_(cleanup_freep) char *copy = strdup(command);
	char *argv[64], *save = NULL;
	size_t n = 0;
	pid_t pid;
	int status;

	for (char *word = strtok_r(copy, " ", &save); word && n < ARRAY_SIZE(argv) - 1;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n] = NULL;
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		return -1;
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void must(const char *command)
{
	if (run(command) != 0)
		fail_msg("%s", command);
}

static void make_links(void)
{
	static const char *const commands[] = {
		"ip link set lo up",
		"ip link add w0 type veth peer name p0",
		"ip link add w1 type veth peer name p1",
		"ip link set p0 up",
		"ip link set p1 up",
		"ip link set w0 up",
		"ip link set w1 up",
		"ip addr add 10.0.0.2/24 dev w0",
		"ip addr add 10.0.1.2/24 dev w1",
		"ip addr add fd00::2/64 dev w0 nodad",
		"ip addr add fd01::2/64 dev w1 nodad",
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		must(commands[i]);
}

static int setup(void **state)
{
	memset(&w, 0, sizeof(w));
	w.arena = arena_new();
	w.report.arena = w.arena;
	assert_int_equal(unshare(CLONE_NEWNET), 0); /* a fresh one for every test */
	make_links();
	assert_int_equal(nl_socket_open(NETLINK_ROUTE, &w.route), 0);
	return 0;
}

static int teardown(void **state)
{
	w.route = nl_socket_close(w.route);
	w.arena = arena_free(w.arena);
	return 0;
}

/* ---- wishes ------------------------------------------------------------ */

static void look(void)
{
	assert_int_equal(apply_net_observe(w.route, w.arena, &w.seen), 0);
}

static int ifindex_of(const char *name)
{
	for (size_t i = 0; i < w.seen.n_links; i++)
		if (strcmp(w.seen.links[i].name, name) == 0)
			return w.seen.links[i].ifindex;
	fail_msg("no device %s", name);
	return 0;
}

static struct inet_addr addr(const char *text)
{
	enum inet_family f;
	struct inet_addr a;

	assert_int_equal(inet_parse_addr(text, strlen(text), &f, &a), 0);
	return a;
}

static struct netstate_route *want_route(enum inet_family f, uint32_t table, uint32_t metric)
{
	struct netstate_route *r =
		ARENA_PUSH(w.arena, w.wanted.routes, w.wanted.n_routes, w.wanted.cap_routes);

	r->family = f;
	r->table = table;
	r->metric = metric;
	r->protocol = POLICY_PROTOCOL;
	return r;
}

static void leg(struct netstate_route *r, const char *device, const char *gateway, unsigned weight)
{
	struct netstate_nexthop *nh = &r->nexthops[r->n_nexthops++];

	nh->ifindex = ifindex_of(device);
	nh->weight = weight;
	nh->has_gateway = gateway != NULL;
	if (gateway)
		nh->gateway = addr(gateway);
}

static struct netstate_rule *want_rule(enum inet_family f, uint32_t priority, uint32_t mark)
{
	struct netstate_rule *r =
		ARENA_PUSH(w.arena, w.wanted.rules, w.wanted.n_rules, w.wanted.cap_rules);

	*r = (struct netstate_rule){ .family = f,
				     .priority = priority,
				     .protocol = POLICY_PROTOCOL,
				     .fwmark = mark,
				     .fwmask = POLICY_MARK_MASK,
				     .action = FR_ACT_TO_TBL,
				     .table = 7,
				     .suppress_prefixlength = -1 };
	return r;
}

/* All kinds of rules and routes a plan can ask for. */
static void want_everything(void)
{
	for (int i = INET4; i <= INET6; i++) {
		enum inet_family f = (enum inet_family)i;
		struct netstate_route *r;
		struct netstate_rule *rule;

		rule = want_rule(f, 1000, 0);
		rule->invert = true;
		rule->table = RT_TABLE_MAIN;
		rule->suppress_prefixlength = 1;
		rule = want_rule(f, 1000, 0);
		rule->has_to = true;
		rule->to = (struct inet_prefix){ .family = f,
						 .len = f == INET4 ? 8 : 32,
						 .addr = addr(f == INET4 ? "10.0.0.0"
									 : "2001:db8::") };
		rule->table = RT_TABLE_MAIN;
		want_rule(f, 1010, 0x5397);
		want_rule(f, 1020, 0x539)->table = 991337;
		rule = want_rule(f, 1040, 0x5390);
		rule->action = FR_ACT_UNREACHABLE;
		rule->table = 0;

		leg(want_route(f, 7, 1), "w0", f == INET4 ? "10.0.0.1" : "fd00::1", 1);
		r = want_route(f, 8, 1);
		leg(r, "w1", f == INET4 ? "203.0.113.1" : "2001:db8::1", 1);
		r->nexthops[0].onlink = true;
		leg(want_route(f, 9, 1), "w1", NULL, 1);
		leg(want_route(f, 991337, 1), "w0", f == INET4 ? "10.0.0.1" : "fe80::1", 1);
		leg(want_route(f, 991337, 2), "w1", f == INET4 ? "10.0.1.1" : "fe80::2", 1);
		r = want_route(f, 991338, 1);
		leg(r, "w0", f == INET4 ? "10.0.0.1" : "fd00::1", 7);
		leg(r, "w1", f == INET4 ? "203.0.113.1" : "2001:db8::1", 3);
		r->nexthops[1].onlink = true;
	}
}

static void diff(struct netstate_diff *d)
{
	look();
	netstate_diff_build(&w.seen, &w.wanted, w.arena, d);
}

static int change(struct netstate_diff *d)
{
	int r = apply_net_change(w.route, d->pre, d->n_pre, &w.seen, &w.report);

	return r < 0 ? r : apply_net_change(w.route, d->post, d->n_post, &w.seen, &w.report);
}

static void expect_settled(void)
{
	struct netstate_diff d;
	char text[512];

	diff(&d);
	for (size_t i = 0; i < d.n_pre; i++)
		print_message("still %d %s\n", d.pre[i].op,
			      netstate_change_text(&d.pre[i], text, sizeof(text), &w.seen));
	for (size_t i = 0; i < d.n_post; i++)
		print_message("still - %s\n",
			      netstate_change_text(&d.post[i], text, sizeof(text), &w.seen));
	assert_int_equal(d.n_pre + d.n_post, 0);
}

static void converge(void)
{
	struct netstate_diff d;

	diff(&d);
	assert_int_equal(change(&d), 0);
	for (size_t i = 0; i < w.report.n_warnings; i++)
		print_message("%s\n", w.report.warnings[i]);
	assert_int_equal(w.report.n_warnings, 0);
	expect_settled();
}

/* Everything that is not ours, as text. */
static char *foreign_state(void)
{
	char text[512], *all = arena_strdup(w.arena, "");

	look();
	for (size_t i = 0; i < w.seen.n_rules; i++)
		if (w.seen.rules[i].protocol != POLICY_PROTOCOL)
			all = arena_printf(
				w.arena, "%s%d %s\n", all, w.seen.rules[i].family,
				netstate_rule_text(&w.seen.rules[i], text, sizeof(text)));
	for (size_t i = 0; i < w.seen.n_routes; i++)
		if (w.seen.routes[i].protocol != POLICY_PROTOCOL)
			all = arena_printf(w.arena, "%s%d %s\n", all, w.seen.routes[i].family,
					   netstate_route_text(&w.seen.routes[i], text,
							       sizeof(text), &w.seen));
	return all;
}

/* ---- looking ----------------------------------------------------------- */

static const struct netstate_link *link_named(const char *name)
{
	for (size_t i = 0; i < w.seen.n_links; i++)
		if (strcmp(w.seen.links[i].name, name) == 0)
			return &w.seen.links[i];
	return NULL;
}

static void devices_and_addresses_are_seen(void **state)
{
	size_t n = 0;

	look();
	assert_non_null(link_named("w0"));
	assert_true(link_named("w0")->flags & IFF_UP);
	assert_true(link_named("w0")->carrier);
	for (size_t i = 0; i < w.seen.n_addrs; i++)
		n += w.seen.addrs[i].ifindex == ifindex_of("w0");
	assert_int_equal(n, 2); /* the link-local one does not count */
	must("ip link set p0 down");
	look();
	assert_false(link_named("w0")->carrier);
	assert_true(link_named("w0")->carrier_down_count > 0);
}

static void routes_by_nexthop_objects_are_seen(void **state)
{
	must("ip nexthop add id 5 via 10.0.0.1 dev w0");
	must("ip nexthop add id 6 via 10.0.1.1 dev w1");
	must("ip nexthop add id 7 group 5,2/6,3");
	must("ip route add default nhid 5");
	must("ip route add default nhid 7 table 9");
	look();
	assert_int_equal(w.seen.n_routes, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct netstate_route *r = &w.seen.routes[i];

		assert_int_equal(r->n_nexthops, r->table == 9 ? 2 : 1);
		assert_int_equal(r->nexthops[0].ifindex, ifindex_of("w0"));
		assert_true(r->nexthops[0].has_gateway);
		assert_int_equal(r->nexthops[0].gateway.bytes[3], 1);
	}
}

/* ---- changing ---------------------------------------------------------- */

static void everything_can_be_added_and_taken_away(void **state)
{
	size_t lines;

	look();
	want_everything();
	converge();
	lines = w.report.n_lines;
	assert_int_equal(lines, w.wanted.n_rules + w.wanted.n_routes);
	converge(); /* nothing to do means nothing done */
	assert_int_equal(w.report.n_lines, lines);
	w.wanted = (struct netstate){ 0 };
	converge();
	assert_int_equal(w.report.n_lines, 2 * lines);
	assert_int_equal(w.report.lines[0].mark, '+');
	assert_int_equal(w.report.lines[lines].mark, '-');
	assert_null(strstr(foreign_state(), "proto 153"));
}

/* Single, multipath and device-only routes, each put in the place of each. */
static void a_route_of_any_shape_can_take_the_place_of_any_other(void **state)
{
	for (int f = INET4; f <= INET6; f++)
		for (int from = 0; from < 4; from++)
			for (int to = 0; to < 4; to++) {
				const char *gw0 = f == INET4 ? "10.0.0.1" : "fd00::1";
				const char *gw1 = f == INET4 ? "10.0.1.1" : "fd01::1";

				look();
				for (int step = 0; step < 2; step++) {
					int shape = step ? to : from;
					struct netstate_route *r;

					w.wanted.n_routes = 0;
					r = want_route((enum inet_family)f, 7, 1);
					memset(r->nexthops, 0, sizeof(r->nexthops));
					r->n_nexthops = 0;
					leg(r, "w0", shape == 1 ? NULL : gw0, 1);
					if (shape >= 2)
						leg(r, "w1", gw1, shape == 2 ? 1 : 9);
					converge();
				}
				w.wanted.n_routes = 0;
				converge();
			}
}

static void foreign_objects_stay_as_they_are(void **state)
{
	static const char *const foreign[] = {
		"ip route add default via 10.0.0.1 dev w0 metric 100",
		"ip -6 route add default via fd00::1 dev w0 metric 100",
		"ip route add default via 10.0.0.9 dev w0 table 7 metric 50",
		"ip rule add pref 1010 fwmark 0x5397/0xffffff lookup 7",
		"ip -6 rule add pref 1010 fwmark 0x5397/0xffffff lookup 7 protocol 3",
		"ip rule add pref 1010 iif w0 fwmark 0x9/0xffffff lookup 7 protocol 153",
	};
	char *before;

	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		must(foreign[i]);
	before = foreign_state();
	want_everything();
	converge();
	assert_string_equal(foreign_state(), before);
	w.wanted = (struct netstate){ 0 };
	converge();
	assert_string_equal(foreign_state(), before);
	/* our protocol on a rule with a condition that we never write */
	must("ip rule del pref 1010 iif w0 protocol 153");
}

static void somebody_elses_route_at_our_place_is_a_warning(void **state)
{
	struct netstate_diff d;

	must("ip route add default via 10.0.0.9 dev w0 table 7 metric 1");
	look();
	leg(want_route(INET4, 7, 1), "w0", "10.0.0.1", 1);
	leg(want_route(INET4, 8, 1), "w1", "10.0.1.1", 1);
	diff(&d);
	assert_int_equal(change(&d), 0);
	assert_int_equal(w.report.n_warnings, 1);
	assert_non_null(
		strstr(w.report.warnings[0], "ip route default via 10.0.0.1 dev w0 table 7"));
	assert_non_null(strstr(w.report.warnings[0], "File exists"));
	assert_int_equal(w.report.n_lines, 1); /* the other one was made */
	assert_null(w.report.error);
	assert_non_null(strstr(foreign_state(), "10.0.0.9"));
}

static void a_link_that_went_away_is_a_warning(void **state)
{
	struct netstate_diff d;

	look();
	leg(want_route(INET4, 7, 1), "w0", "10.0.0.1", 1);
	leg(want_route(INET6, 7, 1), "w0", "fd00::1", 1);
	leg(want_route(INET4, 8, 1), "w1", "10.0.1.1", 1);
	diff(&d);
	must("ip link set w0 down");
	assert_int_equal(change(&d), 0);
	assert_int_equal(w.report.n_warnings, 2);
	assert_non_null(strstr(w.report.warnings[0], "dev w0"));
	assert_int_equal(w.report.n_lines, 1);
	must("ip link del w1");
	w.report.n_warnings = 0;
	assert_int_equal(change(&d), 0);
	assert_int_equal(w.report.n_warnings, 3);
}

static void what_is_already_so_is_no_fault(void **state)
{
	struct netstate_diff d, back;
	size_t lines;

	look();
	want_rule(INET4, 1010, 0x5397);
	want_rule(INET6, 1010, 0x5397);
	leg(want_route(INET4, 7, 1), "w0", "10.0.0.1", 1);
	leg(want_route(INET6, 7, 1), "w0", "fd00::1", 1);
	diff(&d);
	assert_int_equal(change(&d), 0);
	w.wanted = (struct netstate){ 0 };
	diff(&back);
	assert_int_equal(change(&back), 0);
	lines = w.report.n_lines;
	assert_int_equal(change(&back), 0); /* gone already */
	assert_int_equal(w.report.n_lines, lines);
	assert_int_equal(change(&d), 0);
	lines = w.report.n_lines;
	d.n_pre = 0;
	for (size_t i = 0; i < d.cap_pre; i++) /* rules there already; routes come first */
		if (d.pre[i].is_rule)
			d.pre[d.n_pre++] = d.pre[i];
	assert_int_equal(d.n_pre, 2);
	assert_int_equal(change(&d), 0);
	assert_int_equal(w.report.n_lines, lines);
	assert_int_equal(w.report.n_warnings, 0);
}

static void a_rule_the_kernel_refuses_is_an_error(void **state)
{
	struct netstate_diff d;

	look();
	want_rule(INET4, 1010, 0x5397)->has_to = true;
	w.wanted.rules[0].to.len = 33;
	diff(&d);
	assert_true(change(&d) < 0);
	assert_non_null(w.report.error);
	assert_non_null(
		strstr(w.report.error, "ip rule 1010: from all to 0.0.0.0/33 fwmark 0x5397"));
}

static void a_dry_run_says_the_same_lines(void **state)
{
	struct apply_report dry = { .arena = w.arena };
	struct netstate_diff d;

	look();
	want_everything();
	diff(&d);
	apply_net_describe(d.pre, d.n_pre, &w.seen, &dry);
	look();
	assert_null(strstr(foreign_state(), "proto 153"));
	assert_int_equal(change(&d), 0);
	assert_int_equal(dry.n_lines, w.report.n_lines);
	for (size_t i = 0; i < dry.n_lines; i++) {
		assert_int_equal(dry.lines[i].mark, w.report.lines[i].mark);
		assert_string_equal(dry.lines[i].text, w.report.lines[i].text);
	}
}

/* ---- sysctls ----------------------------------------------------------- */

static void linkdown_is_set_once_for_both_families(void **state)
{
	bool changed[INET_FAMILY_COUNT];
	int value;

	assert_int_equal(linkdown_set("w0", INET6, 1), 0);
	assert_int_equal(linkdown_enable("w0", changed), 0);
	assert_true(changed[INET4]);
	assert_false(changed[INET6]);
	assert_int_equal(linkdown_get("w0", INET4, &value), 0);
	assert_int_equal(value, LINKDOWN_OURS);
	assert_int_equal(linkdown_enable("w0", changed), 0);
	assert_false(changed[INET4] || changed[INET6]);
	assert_int_equal(linkdown_get("w1", INET4, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(linkdown_set("w0", INET4, 0), 0);
	assert_int_equal(linkdown_get("w0", INET4, &value), 0);
	assert_int_equal(value, 0);
}

static void linkdown_that_was_on_before_stays_on(void **state)
{
	bool changed;
	int value;

	assert_int_equal(linkdown_set("w0", INET4, 0), 0);
	assert_int_equal(linkdown_set("w0", INET6, 1), 0);
	assert_int_equal(linkdown_enable("w0", NULL), 0);
	assert_int_equal(linkdown_disable("w0", INET4, true, &changed), 0);
	assert_true(changed);
	assert_int_equal(linkdown_get("w0", INET4, &value), 0);
	assert_int_equal(value, LINKDOWN_OURS);
	assert_int_equal(linkdown_disable("w0", INET4, false, &changed), 0);
	assert_true(changed);
	assert_int_equal(linkdown_get("w0", INET4, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(linkdown_disable("w0", INET6, false, &changed), 0);
	assert_false(changed);
	assert_int_equal(linkdown_get("w0", INET6, &value), 0);
	assert_int_equal(value, 1);
}

static void device_names_are_directories_not_paths(void **state)
{
	int value;

	must("ip link set w0 name w0.100");
	assert_int_equal(linkdown_set("w0.100", INET4, 1), 0);
	assert_int_equal(linkdown_get("w0.100", INET4, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(linkdown_get("nosuch", INET4, &value), -ENOENT);
	assert_int_equal(linkdown_get("../conf/w1", INET4, &value), -EINVAL);
	assert_int_equal(linkdown_get("..", INET4, &value), -EINVAL);
	assert_int_equal(linkdown_get("", INET4, &value), -EINVAL);
}

static void the_stricter_reverse_path_filter_counts(void **state)
{
	int value;

	assert_int_equal(sysctl_conf_set(INET4, "all", "rp_filter", 0), 0);
	assert_int_equal(sysctl_conf_set(INET4, "w0", "rp_filter", 1), 0);
	assert_int_equal(sysctl_rp_filter("w0", &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(sysctl_conf_set(INET4, "all", "rp_filter", 2), 0);
	assert_int_equal(sysctl_rp_filter("w0", &value), 0);
	assert_int_equal(value, 2); /* loose wins over strict */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(devices_and_addresses_are_seen),
		TEST(routes_by_nexthop_objects_are_seen),
		TEST(everything_can_be_added_and_taken_away),
		TEST(a_route_of_any_shape_can_take_the_place_of_any_other),
		TEST(foreign_objects_stay_as_they_are),
		TEST(somebody_elses_route_at_our_place_is_a_warning),
		TEST(a_link_that_went_away_is_a_warning),
		TEST(what_is_already_so_is_no_fault),
		TEST(a_rule_the_kernel_refuses_is_an_error),
		TEST(a_dry_run_says_the_same_lines),
		TEST(linkdown_is_set_once_for_both_families),
		TEST(linkdown_that_was_on_before_stays_on),
		TEST(device_names_are_directories_not_paths),
		TEST(the_stricter_reverse_path_filter_counts),
	};

	if (!enter_namespaces()) {
		fprintf(stderr, "skipped: no user and network namespaces here\n");
		return NO_NAMESPACES;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
