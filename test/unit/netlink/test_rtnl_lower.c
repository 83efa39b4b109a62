/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device stands on, as the kernel tells it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/nl_attr.h"
#include "netlink/rtnl_lower.h"

struct device {
	int ifindex;
	const char *name, *kind;
	uint32_t link, master;
	bool elsewhere;
};

/* In a heap block of exactly its size. */
static struct nlmsghdr *message(const struct device *d)
{
	uint32_t buf[512 / sizeof(uint32_t)] = { 0 };
	struct nl_attr_writer w = { .buf = (void *)buf, .size = sizeof(buf) };
	struct nlmsghdr head = { .nlmsg_type = RTM_NEWLINK }, *m;
	struct ifinfomsg link = { .ifi_index = d->ifindex };

	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &link, sizeof(link));
	if (d->name)
		nl_attr_put(&w, IFLA_IFNAME, d->name, strlen(d->name) + 1);
	if (d->link)
		nl_attr_put_u32(&w, IFLA_LINK, d->link);
	if (d->master)
		nl_attr_put_u32(&w, IFLA_MASTER, d->master);
	if (d->elsewhere)
		nl_attr_put_u32(&w, IFLA_LINK_NETNSID, 0);
	if (d->kind) {
		size_t at = nl_attr_nest_begin(&w, IFLA_LINKINFO);

		nl_attr_put(&w, IFLA_INFO_KIND, d->kind, strlen(d->kind) + 1);
		nl_attr_nest_end(&w, at);
	}
	m = malloc(w.len);
	memcpy(m, buf, w.len);
	m->nlmsg_len = (uint32_t)w.len;
	return m;
}

static int decode(const struct device *d, struct rtnl_lower *ret)
{
	struct nlmsghdr *m = message(d);
	int r = rtnl_lower_decode(m, ret);

	free(m);
	return r;
}

static void those_above_a_device_follow_it(void **state)
{
	static const struct {
		struct device d;
		int link, master;
		bool follows;
	} cases[] = {
		{ { 5, "m0", "macvlan", 2, 0, false }, 2, 0, true },
		{ { 5, "v0", "vlan", 2, 0, false }, 2, 0, true },
		{ { 5, "p0", "veth", 6, 9, false }, 6, 9, false },
		{ { 5, "p0", "veth", 6, 9, true }, 0, 9, false },
		{ { 5, "m0", "macvlan", 2, 0, true }, 0, 0, false },
		{ { 5, "g0", "gre", 2, 0, false }, 2, 0, false },
		{ { 5, "eth0", NULL, 0, 7, false }, 0, 7, false },
		{ { 5, "x", "a-kind-with-a-name-that-nobody-would-give-it", 2, 0, false },
		  2,
		  0,
		  false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rtnl_lower l;

		assert_int_equal(decode(&cases[i].d, &l), 0);
		assert_int_equal(l.ifindex, 5);
		assert_string_equal(l.name, cases[i].d.name);
		assert_int_equal(l.link, cases[i].link);
		assert_int_equal(l.master, cases[i].master);
		assert_int_equal(l.follows, cases[i].follows);
	}
}

static void what_names_no_device_is_refused(void **state)
{
	struct rtnl_lower l = { .ifindex = 77 };

	assert_int_equal(decode(&(struct device){ 5, NULL, NULL, 2, 0, false }, &l), -ENODEV);
	assert_int_equal(decode(&(struct device){ 0, "eth0", NULL, 2, 0, false }, &l), -ENODEV);
	assert_int_equal(l.ifindex, 77);
}

static void a_message_cut_short_is_never_read_beyond(void **state)
{
	struct nlmsghdr *m = message(&(struct device){ 5, "m0", "macvlan", 2, 3, false });

	for (uint32_t len = NLMSG_HDRLEN; len < m->nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len);
		struct rtnl_lower l;

		memcpy(cut, m, len);
		cut->nlmsg_len = len;
		(void)rtnl_lower_decode(cut, &l);
		free(cut);
	}
	m->nlmsg_type = RTM_DELLINK;
	assert_int_equal(rtnl_lower_decode(m, &(struct rtnl_lower){ 0 }), -EBADMSG);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_above_a_device_follow_it),
		cmocka_unit_test(what_names_no_device_is_refused),
		cmocka_unit_test(a_message_cut_short_is_never_read_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
