/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ruleset's part of the facts: everybody's chains, and who writes marks. */
#pragma once

#include "daemon/doctor_judge.h"

void doctor_look_nft(struct arena *a, struct doctor_facts *f);
