# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads one thing out of `omr-nftctl --json status`: state LINK 4|6, reason LINK 4|6, chosen GROUP 4|6."""
import json
import sys

what, name, family = sys.argv[1], sys.argv[2], "ipv" + sys.argv[3]
status = json.load(sys.stdin)
if what in ("state", "reason"):
    entry = next(link for link in status["links"] if link["name"] == name)[family]
    print(entry.get(what, ""))
else:
    entry = next(group for group in status["groups"] if group["name"] == name)[family]
    print(entry.get("link") or entry["leaves_by"])
