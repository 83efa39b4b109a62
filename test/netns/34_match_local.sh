#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The router's own traffic: it follows the rules like everybody's, and can be told apart by user and
# by control group.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
cp "$OMR_TOOLS/ask" $LAB_TMP/ask # where every user may run it
chmod 755 $LAB_TMP

lab_policy '"rules": [
	{ "name": "lan_only", "from": ["192.168.0.0/16", "fd00:c::/32"], "to": ["203.0.113.0/24", "2001:db8:5::/48"],
		"via": "isp2" },
	{ "name": "own", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp1" },
	{ "name": "web", "protocols": ["tcp"], "dports": [80], "via": "isp2" }
]'
lab_apply
for proto in udp tcp icmp; do
	expect_both isp1 "the router's own, $proto" router $proto
	expect_both isp2 "a client's, $proto" client $proto
done
for away in 198.18.0.1 2001:db8:99::1; do
	expect isp2 "the router's own, by port" ask_from router tcp $away 80
	expect tunnel "the router's own, no rule" ask_from router tcp $away 81
done

as_user() { # UID ADDRESS
	at router setpriv --reuid "$1" --regid "$1" --clear-groups $LAB_TMP/ask udp "$2"
}
if at router setpriv --reuid 1234 --regid 1234 --clear-groups true 2>/dev/null; then
	lab_policy '"rules": [
		{ "name": "someone", "users": [1234, 1236], "via": "isp1" },
		{ "name": "nobody", "users": ["nobody"], "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp2" }
	]'
	lab_apply
	nobody=$(id -u nobody)
	for family in 4 6; do
		[ $family = 4 ] && away=198.18.0.1 || away=2001:db8:99::1
		expect isp1 "user 1234, IPv$family" as_user 1234 $away
		expect tunnel "user 1235, IPv$family" as_user 1235 $away
		expect isp1 "user 1236, IPv$family" as_user 1236 $away
		expect isp2 "user nobody by name, IPv$family" as_user "$nobody" "$(lab_dst $family)"
		expect tunnel "user nobody, another destination, IPv$family" as_user "$nobody" $away
		expect tunnel "root, IPv$family" as_user 0 $away
		expect tunnel "a client has no user here, IPv$family" ask_from client udp $away
	done
else
	echo "users: not tested, only one user in this namespace"
fi

# The machine's cgroup2 hierarchy at the usual place, seen in this mount namespace only; the groups are ours.
if mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; then
	group=omr-test-$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
	lab_at_exit "rmdir /sys/fs/cgroup/$group/sub.service /sys/fs/cgroup/$group/other /sys/fs/cgroup/$group 2>/dev/null"
	mkdir -p /sys/fs/cgroup/$group/sub.service /sys/fs/cgroup/$group/other
	in_cgroup() { # CGROUP ADDRESS
		at router sh -c 'echo 0 >/sys/fs/cgroup/$0/cgroup.procs && exec $2/ask udp $1' "$1" "$2" $LAB_TMP
	}
	lab_policy '"rules": [
		{ "name": "unit", "cgroups": ["'"$group"'/sub.service"], "via": "isp1" },
		{ "name": "slice", "cgroups": ["'"$group"'"], "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp2" }
	]'
	lab_apply
	for family in 4 6; do
		[ $family = 4 ] && away=198.18.0.1 || away=2001:db8:99::1
		expect isp1 "cgroup, IPv$family" in_cgroup "$group/sub.service" $away
		expect tunnel "another cgroup, IPv$family" in_cgroup "$group/other" $away
		expect isp2 "a cgroup below the named one, IPv$family" in_cgroup "$group/other" "$(lab_dst $family)"
		expect tunnel "no cgroup, IPv$family" ask_from router udp "$(lab_dst $family)"
	done
else
	echo "cgroups: not tested, no cgroup2 hierarchy can be mounted here"
fi
lab_done
