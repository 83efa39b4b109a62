#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F4 of the original, the sequence that left it stale every time: the backup dies, the master dies,
# the backup returns. Only a returning master ever wrote the bypass table.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 2
story_start
for kind in carrier blackhole gateway; do
	story $kind dies2 dies1 returns2 returns1
	story_storm $kind dies2 dies1 returns2
	story_storm $kind returns1
done
# and again, since it must not take a restart
story carrier dies2 dies1 returns2 dies2 returns2 returns1
story blackhole dies2 dies1 returns2 dies2 returns2 returns1
lab_daemon_clean
lab_done
