/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of a change: routes and rules that are new, then nf_tables, then
 * routes and rules nothing uses any more. Each half looks before it leaps, so a
 * second call changes nothing.
 */
#include "io/apply.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "io/apply_flows.h"
#include "io/apply_lock.h"
#include "io/apply_net.h"
#include "io/apply_nft.h"
#include "io/apply_state.h"
#include "io/linkdown.h"
#include "io/nl_socket.h"
#include "io/sysctl.h"
#include "netlink/nl_reply.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

/* Acks of a batch are few, but each error of a failed one is a message too. */
#define APPLY_RECEIVE_BYTES (1u << 20)

struct apply {
	struct nl_socket *route, *nft;
};

void apply_report_init(struct apply_report *r)
{
	*r = (struct apply_report){ .arena = arena_new() };
}

void apply_report_done(struct apply_report *r)
{
	arena_free(r->arena);
	*r = (struct apply_report){ 0 };
}

static void apply_line(struct apply_report *r, char mark, const char *fmt, ...) _printf_(3, 4);
static void apply_warn(struct apply_report *r, const char *fmt, ...) _printf_(2, 3);

static const char *apply_text(struct apply_report *r, const char *fmt, va_list ap) _printf_(2, 0);

static const char *apply_text(struct apply_report *r, const char *fmt, va_list ap)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	strbuf_vaddf(&b, fmt, ap);
	return arena_strdup(r->arena, strbuf_text(&b));
}

static void apply_line(struct apply_report *r, char mark, const char *fmt, ...)
{
	va_list ap;

	(void)ARENA_PUSH(r->arena, r->lines, r->n_lines, r->cap_lines);
	va_start(ap, fmt);
	r->lines[r->n_lines - 1].text = apply_text(r, fmt, ap);
	va_end(ap);
	r->lines[r->n_lines - 1].mark = mark;
}

static void apply_warn(struct apply_report *r, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = apply_text(r, fmt, ap);
	va_end(ap);
	*ARENA_PUSH(r->arena, r->warnings, r->n_warnings, r->cap_warnings) = text;
}

/* ---- opening ------------------------------------------------------------ */

int apply_open(struct apply **ret)
{
	_cleanup_(apply_closep) struct apply *ap = calloc(1, sizeof(*ap));
	int r;

	if (!ap)
		return -ENOMEM;
	r = nl_socket_open(NETLINK_ROUTE, &ap->route);
	if (r == 0)
		r = nl_socket_open(NETLINK_NETFILTER, &ap->nft);
	if (r < 0)
		return r;
	nl_socket_grow_receive(ap->route, APPLY_RECEIVE_BYTES);
	nl_socket_grow_receive(ap->nft, APPLY_RECEIVE_BYTES);
	*ret = TAKE_PTR(ap);
	return 0;
}

struct apply *apply_close(struct apply *ap)
{
	if (!ap)
		return NULL;
	nl_socket_close(ap->route);
	nl_socket_close(ap->nft);
	free(ap);
	return NULL;
}

void apply_closep(struct apply **ap)
{
	*ap = apply_close(*ap);
}

uint32_t apply_nft_portid(const struct apply *ap)
{
	return nl_socket_port(ap->nft);
}

int apply_observe(struct apply *ap, struct arena *a, struct netstate *ret)
{
	return apply_net_observe(ap->route, a, ret);
}

static int apply_take_lock(unsigned flags, bool wait, int *ret_fd, struct apply_report *r)
{
	int k = flags & APPLY_DRY_RUN ? 0 : apply_lock_take(wait, ret_fd);

	if (k < 0) {
		r->error = "another program is applying a policy";
		r->busy = true;
	}
	return k;
}

/* ---- a plan ------------------------------------------------------------- */

static int apply_look(struct apply *ap, struct arena *a, struct netstate *ret,
		      struct apply_report *r)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;
	int k = apply_net_observe(ap->route, a, ret);

	if (k == 0)
		return 0;
	strbuf_add(&b, "reading links, addresses, routes and rules: ");
	nl_reply_print(&(struct nl_reply){ .error = k }, &b);
	r->error = arena_strdup(r->arena, strbuf_text(&b));
	return k;
}

static void apply_warn_links(const struct plan *p, const struct link_view *views,
			     struct apply_report *r)
{
	static const char *const names[INET_FAMILY_COUNT] = { "IPv4", "IPv6" };

	for (size_t i = 0; i < p->n_links; i++) {
		const struct plan_link *l = &p->links[i];
		const struct link_view *v = &views[i];

		if (!v->ifindex) {
			apply_warn(r, "link %s: there is no device %s: no routes", l->name,
				   l->device);
			continue;
		}
		if (!v->admin_up) {
			apply_warn(r, "link %s: %s is down: no routes", l->name, l->device);
			continue;
		}
		for (int f = INET4; f <= INET6; f++)
			if (v->family[f].has_addr && !v->family[f].has_gateway)
				apply_warn(r, "link %s: %s has no %s gateway: no route", l->name,
					   l->device, names[f]);
	}
}

/* Without it the kernel never passes over a dead link; the daemon's routes still work. */
static void apply_sysctl(const struct plan_link *l, bool dry_run, struct apply_report *r)
{
	bool changed[INET_FAMILY_COUNT] = { false };
	int k = 0;

	for (int f = INET4; dry_run && f <= INET6; f++) {
		int value;

		changed[f] = linkdown_get(l->device, (enum inet_family)f, &value) == 0 && !value;
	}
	if (!dry_run)
		k = linkdown_enable(l->device, changed);
	if (k < 0)
		apply_warn(r, "link %s: ignore_routes_with_linkdown of %s cannot be set: %s",
			   l->name, l->device, strerror(-k));
	for (int f = INET4; f <= INET6; f++)
		if (changed[f])
			apply_line(r, '~', "sysctl net.%s.conf.%s.ignore_routes_with_linkdown = %d",
				   f == INET4 ? "ipv4" : "ipv6", l->device, LINKDOWN_OURS);
}

/* Devices that no link of the plan names (any more). */
static void apply_restore_sysctls(const struct netstate *observed, const struct plan *p,
				  bool dry_run, struct apply_report *r)
{
	for (size_t i = 0; i < observed->n_links; i++) {
		const char *device = observed->links[i].name;
		bool wanted = false;

		for (size_t k = 0; p && k < p->n_links && !wanted; k++)
			wanted = strcmp(p->links[k].device, device) == 0;
		for (int f = INET4; !wanted && f <= INET6; f++) {
			bool changed;

			if (linkdown_disable(device, (enum inet_family)f, dry_run, &changed) < 0)
				apply_warn(r, "ignore_routes_with_linkdown of %s cannot be set",
					   device);
			else if (changed)
				apply_line(r, '~',
					   "sysctl net.%s.conf.%s.ignore_routes_with_linkdown = 0",
					   f == INET4 ? "ipv4" : "ipv6", device);
		}
	}
}

/* Strict filtering drops the answers that come in by a link main routing does not point to. */
static void apply_warn_rp_filter(const struct plan_link *l, struct apply_report *r)
{
	int value;

	if (sysctl_rp_filter(l->device, &value) == 0 && value == 1)
		apply_warn(
			r,
			"link %s: strict rp_filter drops what comes in by %s: set net.ipv4.conf.all.rp_filter and net.ipv4.conf.%s.rp_filter to 2 (or 0)",
			l->name, l->device, l->device);
}

static int apply_change(struct apply *ap, const struct netstate_change *c, size_t n,
			const struct netstate *names, bool dry_run, struct apply_report *r)
{
	if (!dry_run)
		return apply_net_change(ap->route, c, n, names, r);
	apply_net_describe(c, n, names, r);
	return 0;
}

/* The state made true, for a later apply_desired(): it must outlive this call's scratch. */
static void apply_remember(const struct desired *d, struct apply_report *r)
{
	struct desired *m = &r->made;

	*m = *d;
	m->egress = arena_memdup(r->arena, d->egress, d->n_egress * sizeof(*d->egress));
	m->alive = arena_memdup(r->arena, d->alive, d->n_alive * sizeof(*d->alive));
	m->spread = arena_memdup(r->arena, d->spread, d->n_spread * sizeof(*d->spread));
	m->net.routes =
		arena_memdup(r->arena, d->net.routes, d->net.n_routes * sizeof(*d->net.routes));
	m->net.cap_routes = d->net.n_routes;
	m->net.rules = arena_memdup(r->arena, d->net.rules, d->net.n_rules * sizeof(*d->net.rules));
	m->net.cap_rules = d->net.n_rules;
}

struct apply_around {
	struct netstate observed;
	struct link_view *views;
};

/* The machine around the tables: what there is, what is worth a warning, sysctls. */
static int apply_around(struct apply *ap, const struct plan *p, bool dry_run, struct arena *a,
			struct apply_around *ret, struct apply_report *r)
{
	int k = apply_look(ap, a, &ret->observed, r);

	if (k < 0)
		return k;
	ret->views = arena_calloc(a, p->n_links + 1, sizeof(*ret->views));
	link_view_build(p, &ret->observed, ret->views);
	apply_warn_links(p, ret->views, r);
	for (size_t i = 0; i < p->n_links; i++)
		if (ret->views[i].ifindex) {
			apply_sysctl(&p->links[i], dry_run, r);
			apply_warn_rp_filter(&p->links[i], r);
		}
	apply_restore_sysctls(&ret->observed, p, dry_run, r);
	return 0;
}

static void apply_kernel_state(const struct plan *p, const struct link_view *views, struct arena *a,
			       struct desired *ret)
{
	desired_build(p, &(struct desired_inputs){ .views = views }, DESIRED_KERNEL, a, ret);
}

static int apply_all(struct apply *ap, const struct plan *p, unsigned flags, struct arena *a,
		     struct apply_report *r)
{
	const struct apply_nft_how how = {
		.keep_state = flags & APPLY_KEEP_STATE,
		.dry_run = flags & APPLY_DRY_RUN,
	};
	struct apply_around around;
	struct netstate_diff net;
	struct desired desired;
	int k = apply_around(ap, p, how.dry_run, a, &around, r);

	if (k < 0)
		return k;
	apply_kernel_state(p, around.views, a, &desired);
	netstate_diff_build(&around.observed, &desired.net, a, &net);
	k = apply_change(ap, net.pre, net.n_pre, &around.observed, how.dry_run, r);
	if (k == 0)
		k = apply_nft_plan(ap->nft, p, &desired, &how, a, r);
	if (k == 0)
		k = apply_change(ap, net.post, net.n_post, &around.observed, how.dry_run, r);
	return k;
}

int apply_plan(struct apply *ap, const struct plan *p, unsigned flags, struct apply_report *r)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	_cleanup_(cleanup_closep) int lock = -1;
	int k = apply_take_lock(flags, true, &lock, r);

	return k < 0 ? k : apply_all(ap, p, flags, a, r);
}

/* ---- its parts, for a daemon --------------------------------------------- */

int apply_tables(struct apply *ap, const struct plan *p, unsigned flags, int (*barrier)(void *data),
		 void *data, struct apply_report *r)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	_cleanup_(cleanup_closep) int lock = -1;
	const struct apply_nft_how how = {
		.keep_state = true,
		.dry_run = flags & APPLY_DRY_RUN,
		.barrier = barrier,
		.data = data,
	};
	struct link_view *views = arena_calloc(a, p->n_links + 1, sizeof(*views));
	struct desired desired;
	int k = apply_take_lock(flags, false, &lock, r);

	if (k < 0)
		return k;
	/* the elements of this state need no links: they leave the choice to the routes */
	apply_kernel_state(p, views, a, &desired);
	return apply_nft_plan(ap->nft, p, &desired, &how, a, r);
}

int apply_net_missing(struct apply *ap, const struct netstate *net, struct apply_report *r)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct netstate observed;
	struct netstate_diff diff;
	size_t n = 0;
	int k = apply_look(ap, a, &observed, r);

	if (k < 0)
		return k;
	netstate_diff_build(&observed, net, a, &diff);
	for (size_t i = 0; i < diff.n_pre; i++)
		if (diff.pre[i].op == NETSTATE_ADD)
			diff.pre[n++] = diff.pre[i];
	return apply_change(ap, diff.pre, n, &observed, false, r);
}

int apply_state(struct apply *ap, const struct plan *p, const struct desired *to,
		struct apply_report *r)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct apply_around around;
	struct netstate_diff net;
	int k = apply_around(ap, p, false, a, &around, r);

	if (k < 0)
		return k;
	netstate_diff_build(&around.observed, &to->net, a, &net);
	k = apply_change(ap, net.pre, net.n_pre, &around.observed, false, r);
	if (k == 0)
		k = apply_state_maps(ap->nft, p, to, r);
	if (k == 0)
		k = apply_change(ap, net.post, net.n_post, &around.observed, false, r);
	if (k == 0)
		apply_remember(to, r);
	return k;
}

int apply_delete_flows(struct apply *ap, const struct netstate_flows *flows, size_t n,
		       struct apply_report *r)
{
	return apply_flows_delete(ap->nft, flows, n, r);
}

/* ---- a failover --------------------------------------------------------- */

static unsigned long apply_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000000ul + (unsigned long)t.tv_nsec;
}

int apply_desired(struct apply *ap, const struct plan *p, const struct desired *from,
		  const struct desired *to, struct apply_report *r, unsigned long *ret_commit_ns)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	unsigned long start = apply_now_ns(), commit;
	struct netstate_diff net;
	int k;

	netstate_diff_build(&from->net, &to->net, a, &net);
	k = apply_net_change(ap->route, net.pre, net.n_pre, NULL, r);
	if (k == 0)
		k = apply_nft_state(ap->nft, p, from, to, r);
	commit = apply_now_ns() - start;
	if (k == 0)
		k = apply_net_change(ap->route, net.post, net.n_post, NULL, r);
	if (k == 0)
		*ret_commit_ns = commit;
	return k;
}

/* ---- taking all away ---------------------------------------------------- */

/* Rules before the routes they lead to, so that no packet is sent astray. */
static int apply_remove_net(struct apply *ap, const struct netstate *observed,
			    const struct netstate_diff *net, bool dry_run, struct apply_report *r)
{
	int k = apply_change(ap, net->pre, net->n_pre, observed, dry_run, r);

	return k < 0 ? k : apply_change(ap, net->post, net->n_post, observed, dry_run, r);
}

int apply_remove(struct apply *ap, unsigned flags, struct apply_report *r)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	_cleanup_(cleanup_closep) int lock = -1;
	const struct netstate nothing = { 0 };
	bool dry_run = flags & APPLY_DRY_RUN;
	struct netstate observed;
	struct netstate_diff net;
	int k = apply_take_lock(flags, true, &lock, r);

	if (k == 0)
		k = apply_look(ap, a, &observed, r);
	if (k < 0)
		return k;
	/* marks go first: with them the rules lose their meaning at once */
	k = apply_nft_remove(ap->nft, dry_run, a, r);
	if (k < 0)
		return k;
	netstate_diff_build(&observed, &nothing, a, &net);
	k = apply_remove_net(ap, &observed, &net, dry_run, r);
	if (k == 0)
		apply_restore_sysctls(&observed, NULL, dry_run, r);
	return k;
}
