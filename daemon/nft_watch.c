/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/nft_watch.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/core_event.h"
#include "daemon/loop.h"
#include "io/nl_socket.h"
#include "model/plan.h"
#include "netlink/nl_attr.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>

#define RECEIVE_BYTES (4u << 20)

/*
 * Of every object that has a table, attribute 1 is the table's name, and of
 * set elements attribute 2 the set's (include/uapi/linux/netfilter/nf_tables.h).
 */
#define TABLE_ATTR NFTA_SET_ELEM_LIST_TABLE
#define SET_ATTR   NFTA_SET_ELEM_LIST_SET
_Static_assert(TABLE_ATTR == 1 && NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 &&
		       NFTA_RULE_TABLE == 1 && NFTA_SET_TABLE == 1 && NFTA_OBJ_TABLE == 1 &&
		       NFTA_FLOWTABLE_TABLE == 1,
	       "the table's name is attribute 1 everywhere");

static bool is_learnt_set(const struct plan *p, const char *table, const char *name)
{
	for (size_t i = 0; i < p->n_sets; i++)
		if (p->sets[i]->content == PLAN_CONTENT_DNS && !strcmp(p->sets[i]->name, name) &&
		    !strcmp(plan_table_name(p->sets[i]->table), table))
			return true;
	return false;
}

static bool is_our_table(const char *name)
{
	return !strcmp(name, plan_table_name(PLAN_TABLE_BYPASS)) ||
	       !strcmp(name, plan_table_name(PLAN_TABLE_EGRESS));
}

/* A message about one object: does it concern what we keep? */
static bool concerns_us(const struct nft_watch *w, const struct nlmsghdr *nlh)
{
	static const enum nl_attr_type types[] = {
		[TABLE_ATTR] = NL_ATTR_STRING,
		[SET_ATTR] = NL_ATTR_BYTES,
	};
	const size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nl_attr attrs[ARRAY_SIZE(types)];
	unsigned kind = NFNL_MSG_TYPE(nlh->nlmsg_type);
	char table[NFT_TABLE_MAXNAMELEN], set[NFT_SET_MAXNAMELEN];

	if (nlh->nlmsg_len < head)
		return true;
	if (nl_attr_read((const char *)nlh + head, nlh->nlmsg_len - head, types, ARRAY_SIZE(types),
			 attrs, NULL) < 0)
		return true;
	if (!attrs[TABLE_ATTR].data ||
	    nl_attr_string(&attrs[TABLE_ATTR], table, sizeof(table)) < 0 || !is_our_table(table))
		return false;
	if (kind != NFT_MSG_NEWSETELEM && kind != NFT_MSG_DELSETELEM)
		return true;
	return nl_attr_string(&attrs[SET_ATTR], set, sizeof(set)) < 0 ||
	       !is_learnt_set(loop_plan(w->loop), table, set);
}

/* A transaction's objects come first, then one NEWGEN that names who made it. */
static int on_message(const struct nlmsghdr *nlh, void *data)
{
	struct nft_watch *w = data;
	bool touched = w->touched;

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return 0;
	if (nlh->nlmsg_pid == w->own_portid)
		return 0;
	if (NFNL_MSG_TYPE(nlh->nlmsg_type) != NFT_MSG_NEWGEN) {
		w->touched = touched || concerns_us(w, nlh);
		return 0;
	}
	w->touched = false;
	if (!touched)
		return 0;
	log_debug("nft", "port %u changed our tables", nlh->nlmsg_pid);
	w->changed = true;
	return 0;
}

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
	struct nft_watch *w = container_of(io, struct nft_watch, io);
	int r = nl_socket_read(w->socket, on_message, w);

	if (r < 0)
		log_debug("nft", "events: %s", strerror(-r));
	if (r == 0 && !w->changed)
		return;
	/* not from inside the reading: what follows may close the socket */
	w->changed = false;
	loop_event(w->loop, &(struct core_event){ .type = CORE_EVENT_RULESET });
}

static int open_socket(struct nft_watch *w)
{
	_cleanup_(nl_socket_closep) struct nl_socket *s = NULL;
	int r = nl_socket_open(NETLINK_NETFILTER, &s);

	if (r < 0)
		return r;
	nl_socket_grow_receive(s, RECEIVE_BYTES);
	r = nl_socket_join(s, NFNLGRP_NFTABLES);
	if (r < 0)
		return r;
	w->touched = false;
	w->socket = TAKE_PTR(s);
	ev_io_init(&w->io, on_readable, nl_socket_fd(w->socket), EV_READ);
	ev_io_start(loop_ev(w->loop), &w->io);
	return 0;
}

static void close_socket(struct nft_watch *w)
{
	if (!w->socket)
		return;
	ev_io_stop(loop_ev(w->loop), &w->io);
	w->socket = nl_socket_close(w->socket);
}

void nft_watch_init(struct nft_watch *w, struct loop *l, uint32_t own_portid)
{
	*w = (struct nft_watch){ .loop = l, .own_portid = own_portid, .paused = true };
}

void nft_watch_pause(struct nft_watch *w)
{
	w->paused = true;
	close_socket(w);
}

void nft_watch_resume(struct nft_watch *w)
{
	int r;

	if (!w->paused)
		return;
	w->paused = false;
	r = open_socket(w);
	if (r < 0)
		log_err("nft", "events: %s: changes of others are seen late", strerror(-r));
	loop_event(w->loop, &(struct core_event){ .type = CORE_EVENT_RULESET });
}

void nft_watch_stop(struct nft_watch *w)
{
	w->paused = false;
	close_socket(w);
}
