/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reload: what the new plan's core takes over from the old one's, by the names
 * of links, groups and targets. See core_adopt().
 */
#pragma once

struct core;

void core_inherit(struct core *c, const struct core *old);
