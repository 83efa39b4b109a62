/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compile pass: dnsmasq lines. dnsmasq applies only the longest nftset= domain
 * that an answer's name ends with, so a line names the sets of every rule that
 * has this domain or a parent of it; the ruleset's order picks the first.
 */
#pragma once

struct plan_build;
struct plan_set;

/* sets[i][family]: the DNS set of policy rule i, NULL when it has none. */
void plan_dns_build(struct plan_build *b, const struct plan_set *(*sets)[2]);
