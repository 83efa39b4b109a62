#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""measure.py COMMAND...: runs it, prints wall seconds, CPU seconds and peak MiB."""
import os
import sys
import time

started = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.monotonic() - started
print(f"{wall:.3f} {usage.ru_utime + usage.ru_stime:.3f} {usage.ru_maxrss / 1024:.1f}")
sys.exit(os.waitstatus_to_exitcode(status))
