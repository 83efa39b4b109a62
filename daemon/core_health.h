/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of each link in each family, from what its device shows, what its
 * probe says, how often it was lost and what was asked by hand; and the lines
 * that tell of it.
 */
#pragma once

#include "daemon/core_event.h"

struct core;
struct core_health;

/* Brings states up to date. True: one of them changed. Lowers c->decide_at_ns. */
bool core_health_refresh(struct core *c, uint64_t now_ns);
/* A round of a probe. True: a refresh could change something. */
bool core_health_probe(struct core *c, const struct core_event *e);
/* By hand. */
void core_health_drain(struct core *c, size_t link, bool on);

const struct core_health *core_health_of(const struct core *c, size_t link, enum inet_family f);
enum link_use core_health_use(const struct core *c, size_t link, enum inet_family f);
/* "fiber: no carrier" */
void core_health_why(const struct core *c, size_t link, enum inet_family f, char *buf, size_t size);
