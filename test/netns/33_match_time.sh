#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Time of day and day of week. The windows are computed from the clock, with two hours to spare on
# each side, so that the border cannot come while the test runs.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2

now=$(date -u +%s)
days=(sun mon tue wed thu fri sat)
clock() { date -u -d "@$((now + $1 * 3600 + ${2:-0}))" +%H:%M; } # now + HOURS
today=${days[$(date -u -d "@$now" +%w)]}
yesterday=${days[$(date -u -d "@$((now - 86400))" +%w)]}
tomorrow=${days[$(date -u -d "@$((now + 86400))" +%w)]}

# Windows of a day belong to the day they begin on.
begin_day=${days[$(date -u -d "@$((now - 7200))" +%w)]}
not_begin=""
for day in "${days[@]}"; do
	[ "$day" = "$begin_day" ] || not_begin+="${not_begin:+, }\"$day\""
done
# Seven hours east it is another time, and perhaps another day: what is two hours ago here is five hours ahead there.
lab_policy '"rules": [
	{ "name": "now", "to": ["203.0.113.1", "2001:db8:5::1"], "via": "isp1",
		"schedule": { "from": "'"$(clock -2)"'", "to": "'"$(clock 2)"'" } },
	{ "name": "later", "to": ["203.0.113.2", "2001:db8:5::2"], "via": "isp1",
		"schedule": { "from": "'"$(clock 2)"'", "to": "'"$(clock 4)"'" } },
	{ "name": "over", "to": ["203.0.113.3", "2001:db8:5::3"], "via": "isp1",
		"schedule": { "from": "'"$(clock -4)"'", "to": "'"$(clock -2)"'" } },
	{ "name": "not_later", "to": ["203.0.113.4", "2001:db8:5::4"], "via": "isp1",
		"schedule": { "from": "'"$(clock 4)"'", "to": "'"$(clock 2)"'" } },
	{ "name": "east", "to": ["203.0.113.5", "2001:db8:5::5"], "via": "isp1",
		"schedule": { "from": "'"$(clock 5)"'", "to": "'"$(clock 9)"'", "utc_offset": "+07:00" } },
	{ "name": "east_not", "to": ["203.0.113.6", "2001:db8:5::6"], "via": "isp1",
		"schedule": { "from": "'"$(clock -2)"'", "to": "'"$(clock 2)"'", "utc_offset": "+07:00" } },
	{ "name": "west", "to": ["203.0.113.7", "2001:db8:5::7"], "via": "isp1",
		"schedule": { "from": "'"$(clock -11)"'", "to": "'"$(clock -7)"'", "utc_offset": "-09:00" } },
	{ "name": "day", "to": ["203.0.113.8", "2001:db8:5::8"], "via": "isp1",
		"schedule": { "from": "'"$(clock -2)"'", "to": "'"$(clock 2)"'", "days": ["'"$begin_day"'"] } },
	{ "name": "no_day", "to": ["203.0.113.9", "2001:db8:5::9"], "via": "isp1",
		"schedule": { "from": "'"$(clock -2)"'", "to": "'"$(clock 2)"'", "days": ['"$not_begin"'] } },
	{ "name": "days", "to": ["203.0.113.10", "2001:db8:5::10"], "via": "isp1",
		"schedule": { "days": ["'"$yesterday"'", "'"$today"'", "'"$tomorrow"'"] } },
	{ "name": "second", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp2" }
]'
lab_apply
while read -r want n text; do
	for family in 4 6; do
		expect "$want" "$text, IPv$family" ask_from client udp "$(lab_dst $family $n)"
	done
done <<'END'
isp1 1 inside the window
isp2 2 the window is still to come: the next rule has it
isp2 3 the window is over
isp1 4 a window that lasts past midnight or is the day but two hours
isp1 5 an offset east of UTC
isp2 6 an offset east of UTC, outside
isp1 7 an offset west of UTC
isp1 8 on its day
isp2 9 on any other day
isp1 10 days alone
END

# The kernel's clock, not the zone of whoever loads the rules.
TZ=Asia/Tokyo lab_apply
expect isp1 "loaded by somebody in another time zone" ask_from client udp 203.0.113.1
expect isp2 "loaded by somebody in another time zone, outside" ask_from client udp 203.0.113.2
lab_done
