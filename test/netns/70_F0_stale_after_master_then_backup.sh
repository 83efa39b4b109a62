#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F0 of the original: the master dies, then the backup, and the bypass table kept the backup's dead
# route until somebody restarted the tracker.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 2
story_start
for kind in carrier blackhole gateway; do
	story $kind dies1 dies2 returns2 returns1
	story $kind dies1 dies2 returns1 returns2
done
story_storm carrier dies1 dies2
story_storm carrier returns1 returns2
lab_daemon_clean
lab_done
