/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What answers need of the kernel: read when somebody asks, never otherwise. Non-logging. */
#pragma once

#include "daemon/control_counters.h"
#include "daemon/control_why.h"

struct arena;
struct plan;

/*
 * What left by each link, and, if asked for, the counters of the rules' chains: 4,000 rules take
 * 15 ms. `known` says whether it could.
 */
void control_io_kernel_counters(const struct plan *p, bool rules, struct arena *a,
				struct control_counters *ret);
/* Is the address in a set that fills at run time? For struct plan_eval_learnt. */
int control_io_kernel_learnt(void *data, const struct plan_set *set, const struct inet_addr *addr);
/* RTN_* of an address; RTN_UNICAST when nobody knows a route. */
uint32_t control_io_kernel_type(enum inet_family f, const struct inet_addr *addr);
void control_io_kernel_route(enum inet_family f, const struct inet_addr *addr, uint32_t mark,
			     struct control_route *ret);
void control_io_kernel_process(uint64_t started_ns, uint64_t now_ns, struct control_process *ret);
