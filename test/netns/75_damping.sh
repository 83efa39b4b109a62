#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A link that flaps is left out and taken back when it has calmed down; status says so and until
# when. It is used all the same while it is the only one. hold_down: not earlier than that.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
LAB_DAMPING=
LAB_LINK_EXTRA_1=', "damping": { "half_life": "2s", "suppress": 2500, "reuse": 1000, "maximum": "6s" }'
LAB_LINK_EXTRA_2=', "damping": false, "hold_down": "2s"'
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
lab_daemon_start
soon "isp1 is used" lab_leaves_by isp1
json() { # EXPRESSION of link["NAME"]
	lab_ctl --json status | /usr/bin/python3 -c "import json, sys
link = {l['name']: l for l in json.load(sys.stdin)['links']}
print($1)"
}
has_carrier() { ! lab_states no-carrier "$1"; }
flap() { # ISP
	lab_pull "$1"
	lab_wait 10 "$1 is down" lab_states no-carrier "$1"
	lab_plug "$1"
	lab_wait 10 "$1 has carrier" has_carrier "$1"
}
flap isp1
soon "one flap does no harm" lab_states up isp1
soon "it is used" lab_leaves_by isp1
expect True "its penalty is told" json "0 < link['isp1']['penalty'] <= 1000"
flap isp1
flap isp1
flap isp1
soon "after more it is damped" lab_states damped isp1
started=$SECONDS
soon "new flows leave by the other" lab_leaves_by isp2
expect True "the penalty is told" json "1000 < link['isp1']['penalty'] <= 4000"
expect True "and until when" json "0 < link['isp1']['ipv4']['until_seconds'] <= 6"
case "$(lab_ctl status)" in
*isp1*damped*) ok "status says it" ;;
*) not_ok "status says it: $(lab_ctl status)" ;;
esac
# the only one
lab_pull isp2
soon "the other is gone: the damped one is used" lab_leaves_by isp1
lab_states damped isp1 && ok "damped as it is" || not_ok "damped as it is: $(lab_state isp1 4)"
lab_plug isp2
soon "the other is held down" lab_states held-down isp2
soon "held down: then it is taken back" lab_states up isp2
soon "damped: in time it is taken back" lab_states up isp1
[ $((SECONDS - started)) -le 9 ] && ok "damped for $((SECONDS - started)) s" || not_ok "damped for $((SECONDS - started)) s"
soon "and used" lab_leaves_by isp1
grep -q 'damped' $LAB_TMP/daemon.log && ok "the log tells it" || not_ok "the log tells it"

# held down, and the only one
flap isp2
soon "held down after a loss" lab_states held-down isp2
lab_pull isp1
soon "held down and the only one: used" lab_leaves_by isp2
lab_plug isp1
soon "isp1 is back" lab_leaves_by isp1
lab_daemon_clean
lab_done
