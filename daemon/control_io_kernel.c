/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_io_kernel.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "io/nl_socket.h"
#include "model/plan_eval.h"
#include "netlink/nft_decode_rule.h"
#include "netlink/nl_attr.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define REQUEST_MAX 512

/* ---- nf_tables ----------------------------------------------------------- */

static struct nl_attr_writer nft_request(void *buf, uint16_t type)
{
	struct nl_attr_writer w = { .buf = buf, .size = REQUEST_MAX };
	struct nlmsghdr head = { .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type) };
	struct nfgenmsg nfg = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };

	memset(buf, 0, REQUEST_MAX);
	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &nfg, sizeof(nfg));
	return w;
}

static void put_text(struct nl_attr_writer *w, uint16_t type, const char *text)
{
	nl_attr_put(w, type, text, strlen(text) + 1);
}

static size_t nest_begin(struct nl_attr_writer *w, uint16_t type)
{
	return nl_attr_nest_begin(w, (uint16_t)(type | NLA_F_NESTED));
}

static struct nlmsghdr *finish(struct nl_attr_writer *w)
{
	struct nlmsghdr *nlh = (void *)w->buf;

	nlh->nlmsg_len = (uint32_t)w->len;
	return nlh;
}

struct counting {
	const struct plan *plan;
	struct arena *arena;
	struct control_counters *counters;
	size_t cursor; /* rules come in their order */
};

/* The chain of a reported rule; NULL: not a rule. */
static const char *chain_of(const struct nlmsghdr *nlh)
{
	static const enum nl_attr_type types[] = { [NFTA_RULE_CHAIN] = NL_ATTR_STRING };
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nl_attr a[NFTA_RULE_CHAIN + 1];

	if (nlh->nlmsg_len < head || nl_attr_read((const char *)nlh + head, nlh->nlmsg_len - head,
						  types, NFTA_RULE_CHAIN + 1, a, NULL) < 0)
		return NULL;
	return a[NFTA_RULE_CHAIN].data;
}

/* False: it has no counter. */
static bool counter_of(const struct nlmsghdr *nlh, struct counting *c, struct control_counter *ret,
		       const char **ret_comment)
{
	struct nft_rule rule = { 0 };
	const struct nft_expr *e;

	if (nft_decode_rule_body(nlh, c->arena, &rule) < 0)
		return false;
	e = nft_rule_counter(&rule);
	if (!e)
		return false;
	*ret_comment = rule.comment;
	*ret = (struct control_counter){ .packets = e->packets, .bytes = e->bytes };
	return true;
}

/* Where the counter of this chain goes; NULL: nowhere. */
static struct control_counter *place_of(struct counting *c, const char *chain)
{
	const struct policy *p = c->plan->policy;

	if (!strcmp(chain, "otherwise"))
		return &c->counters->otherwise;
	if (strncmp(chain, "rule_", 5) != 0)
		return NULL;
	for (size_t i = 0; i < p->n_rules; i++) {
		size_t at = (c->cursor + i) % p->n_rules;

		if (!strcmp(p->rules[at].name, chain + 5)) {
			c->cursor = at;
			return &c->counters->rules[at];
		}
	}
	return NULL;
}

static int on_bypass_rule(const struct nlmsghdr *nlh, void *data)
{
	struct counting *c = data;
	const char *chain = chain_of(nlh), *comment;
	struct control_counter *place = chain ? place_of(c, chain) : NULL;

	/* most rules are of other chains: not worth reading */
	if (place)
		counter_of(nlh, c, place, &comment);
	return 0;
}

static int on_sent_rule(const struct nlmsghdr *nlh, void *data)
{
	struct counting *c = data;
	struct control_counter n;
	const char *comment;

	if (!counter_of(nlh, c, &n, &comment) || !comment)
		return 0;
	for (size_t i = 0; i < c->plan->n_links; i++)
		if (!strcmp(c->plan->links[i].name, comment))
			c->counters->sent[i] = n;
	return 0;
}

static int dump_rules(struct nl_socket *nft, enum plan_table t, const char *chain, nl_socket_cb cb,
		      struct counting *c)
{
	char buf[REQUEST_MAX] __attribute__((aligned(8)));
	struct nl_attr_writer w = nft_request(buf, NFT_MSG_GETRULE);

	put_text(&w, NFTA_RULE_TABLE, plan_table_name(t));
	if (chain)
		put_text(&w, NFTA_RULE_CHAIN, chain);
	return nl_socket_dump(nft, finish(&w), cb, c);
}

void control_io_kernel_counters(const struct plan *p, bool rules, struct arena *a,
				struct control_counters *ret)
{
	_cleanup_(nl_socket_closep) struct nl_socket *nft = NULL;
	struct counting c = { .plan = p, .arena = a, .counters = ret };
	int r;

	*ret = (struct control_counters){
		.rules = arena_calloc(a, p->policy->n_rules + 1, sizeof(*ret->rules)),
		.sent = arena_calloc(a, p->n_links + 1, sizeof(*ret->sent)),
	};
	r = nl_socket_open(NETLINK_NETFILTER, &nft);
	if (r == 0 && rules)
		r = dump_rules(nft, PLAN_TABLE_BYPASS, NULL, on_bypass_rule, &c);
	if (r == 0)
		r = dump_rules(nft, PLAN_TABLE_EGRESS, "sent", on_sent_rule, &c);
	ret->known = r == 0;
}

int control_io_kernel_learnt(void *data, const struct plan_set *set, const struct inet_addr *addr)
{
	_cleanup_(nl_socket_closep) struct nl_socket *nft = NULL;
	char buf[REQUEST_MAX] __attribute__((aligned(8)));
	struct nl_attr_writer w = nft_request(buf, NFT_MSG_GETSETELEM);
	size_t list, element, key;
	int r;

	put_text(&w, NFTA_SET_ELEM_LIST_TABLE, plan_table_name(set->table));
	put_text(&w, NFTA_SET_ELEM_LIST_SET, set->name);
	list = nest_begin(&w, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = nest_begin(&w, NFTA_LIST_ELEM);
	key = nest_begin(&w, NFTA_SET_ELEM_KEY);
	nl_attr_put(&w, NFTA_DATA_VALUE, addr->bytes, set->type == PLAN_TYPE_IPV4_ADDR ? 4 : 16);
	nl_attr_nest_end(&w, key);
	nl_attr_nest_end(&w, element);
	nl_attr_nest_end(&w, list);
	r = nl_socket_open(NETLINK_NETFILTER, &nft);
	if (r == 0)
		r = nl_socket_talk(nft, finish(&w), NULL, NULL);
	return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

/* ---- routing ------------------------------------------------------------- */

struct route_answer {
	enum inet_family family;
	uint8_t type;
	struct control_route *route; /* NULL: the type only */
};

static int on_route(const struct nlmsghdr *nlh, void *data)
{
	static const enum nl_attr_type types[] = {
		[RTA_OIF] = NL_ATTR_U32,
		[RTA_GATEWAY] = NL_ATTR_ADDR,
		[RTA_TABLE] = NL_ATTR_U32,
	};
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct rtmsg));
	struct route_answer *answer = data;
	struct control_route *route = answer->route;
	struct nl_attr a[RTA_TABLE + 1];
	struct rtmsg rtm;

	if (nlh->nlmsg_type != RTM_NEWROUTE || nlh->nlmsg_len < head)
		return 0;
	memcpy(&rtm, (const char *)nlh + NLMSG_HDRLEN, sizeof(rtm));
	answer->type = rtm.rtm_type;
	if (!route || nl_attr_read((const char *)nlh + head, nlh->nlmsg_len - head, types,
				   RTA_TABLE + 1, a, NULL) < 0)
		return 0;
	route->known = true;
	route->table = nl_attr_u32(&a[RTA_TABLE], rtm.rtm_table);
	if (a[RTA_OIF].data)
		if_indextoname(nl_attr_u32(&a[RTA_OIF], 0), route->device);
	route->has_gateway = a[RTA_GATEWAY].data &&
			     nl_attr_addr(&a[RTA_GATEWAY], answer->family, &route->gateway) == 0;
	return 0;
}

/* As `ip route get`. */
static int get_route(const struct inet_addr *addr, uint32_t mark, struct route_answer *answer)
{
	_cleanup_(nl_socket_closep) struct nl_socket *s = NULL;
	char buf[REQUEST_MAX] __attribute__((aligned(8)));
	struct nl_attr_writer w = { .buf = (void *)buf, .size = sizeof(buf) };
	struct nlmsghdr head = { .nlmsg_type = RTM_GETROUTE };
	struct rtmsg rtm = { .rtm_family = (uint8_t)inet_af(answer->family),
			     .rtm_dst_len = (uint8_t)inet_bits(answer->family),
			     /* for IPv6 the kernel tells the table unasked, and refuses the flag */
			     .rtm_flags = answer->family == INET4 ? RTM_F_LOOKUP_TABLE : 0 };
	int r;

	memset(buf, 0, sizeof(buf));
	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &rtm, sizeof(rtm));
	nl_attr_put_addr(&w, RTA_DST, answer->family, addr);
	if (mark)
		nl_attr_put_u32(&w, RTA_MARK, mark);
	r = nl_socket_open(NETLINK_ROUTE, &s);
	return r < 0 ? r : nl_socket_talk(s, finish(&w), on_route, answer);
}

uint32_t control_io_kernel_type(enum inet_family f, const struct inet_addr *addr)
{
	struct route_answer answer = { .family = f };

	return get_route(addr, 0, &answer) == 0 && answer.type ? answer.type : RTN_UNICAST;
}

void control_io_kernel_route(enum inet_family f, const struct inet_addr *addr, uint32_t mark,
			     struct control_route *ret)
{
	struct route_answer answer = { .family = f, .route = ret };
	int r;

	*ret = (struct control_route){ 0 };
	r = get_route(addr, mark, &answer);
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL)
		*ret = (struct control_route){ .known = true, .unreachable = true };
	else if (r < 0)
		ret->known = false;
	else if (answer.type == RTN_UNREACHABLE || answer.type == RTN_BLACKHOLE ||
		 answer.type == RTN_PROHIBIT)
		ret->unreachable = true;
}

/* ---- ourselves ----------------------------------------------------------- */

static void read_memory(struct control_process *ret)
{
	_cleanup_(cleanup_fclosep) FILE *f = fopen("/proc/self/statm", "re");
	long page = sysconf(_SC_PAGESIZE);
	char line[128];
	const char *at = line;
	uint64_t size, resident;

	if (!f || !fgets(line, sizeof(line), f) || page < 0 ||
	    parse_leading_u64(&at, UINT64_MAX / 65536, &size) < 0 || *at++ != ' ' ||
	    parse_leading_u64(&at, UINT64_MAX / 65536, &resident) < 0)
		return;
	ret->virtual_bytes = size * (uint64_t)page;
	ret->resident_bytes = resident * (uint64_t)page;
}

static void read_descriptors(struct control_process *ret)
{
	struct rlimit limit;
	DIR *d = opendir("/proc/self/fd");

	while (d && readdir(d))
		ret->open_fds++;
	if (d)
		closedir(d);
	ret->open_fds -= ret->open_fds >= 3 ? 3 : 0; /* ".", "..", and the directory itself */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		ret->max_fds = (unsigned)limit.rlim_cur;
}

static double timeval_s(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

void control_io_kernel_process(uint64_t started_ns, uint64_t now_ns, struct control_process *ret)
{
	struct rusage usage;

	*ret = (struct control_process){ .started_ns = started_ns };
	ret->start_time_seconds = (double)time(NULL) - (double)(now_ns - started_ns) / 1e9;
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		ret->cpu_seconds = timeval_s(&usage.ru_utime) + timeval_s(&usage.ru_stime);
	read_memory(ret);
	read_descriptors(ret);
}
