#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A connection that came in by a link survives a moment without that link: its answers do not move
# to another link for good, where their source address is a stranger's. To a forwarded port, and to
# the router itself, with a daemon and without.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"default": "default", "rules": [
	{ "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" }
]'
# Providers pass on only what has an address of theirs (BCP 38).
for provider in isp1=1 isp2=2 tunnel=9; do
	n=${provider#*=}
	at "${provider%=*}" nft -f - <<-END
	table inet bcp38 {
		chain prerouting {
			type filter hook prerouting priority -310
			iifname "lan0" ip saddr != 10.$n.0.0/24 drop
			iifname "lan0" ip6 saddr != { fd00:a:$n::/64, fe80::/10, :: } drop
		}
	}
	END
done
at router nft -f - <<-'END'
table inet forward {
	chain prerouting {
		type nat hook prerouting priority dstnat
		iifname "w1" fib daddr type local meta nfproto ipv4 tcp dport 8080 dnat ip to 192.168.1.10
		iifname "w1" fib daddr type local meta nfproto ipv6 tcp dport 8080 dnat ip6 to fd00:c:1::10
	}
}
END
ip -n isp1 addr add 198.18.7.7/32 dev lo
ip -n isp1 addr add 2001:db8:aa::7/128 dev lo nodad

# The server says "one", waits for the signal, says "two"; the peer sends back what it hears.
cat >$LAB_TMP/server.py <<-'END'
import os, socket, sys, time
address, port, name = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
server = socket.create_server((address, int(port)), family=family)
open(name + ".listens", "w").close()
peer, _ = server.accept()
peer.settimeout(30)
for word in b"one", b"two":
    peer.sendall(word)
    heard = b""
    while len(heard) < 3:
        part = peer.recv(3)
        assert part
        heard += part
    open(name + "." + word.decode(), "w").close()
    while word == b"one" and not os.path.exists(name + ".go"):
        time.sleep(0.02)
END
cat >$LAB_TMP/peer.py <<-'END'
import socket, sys
source, address, port = sys.argv[1:]
peer = socket.create_connection((address, int(port)), 30, source_address=(source, 0))
peer.settimeout(60)
while True:
    word = peer.recv(3)
    if not word:
        break
    peer.sendall(word)
END

flap() { # TEXT NAMESPACE LISTEN-ADDRESS SOURCE ROUTER-ADDRESS PORT: an answer is due while isp1 is down
	local name=$LAB_TMP/flap server

	rm -f $name.*
	lab_start "$2" /usr/bin/python3 $LAB_TMP/server.py "$3" "$6" $name
	server=$LAB_PID
	lab_wait 10 "$1: listens" test -e $name.listens
	lab_start isp1 /usr/bin/python3 $LAB_TMP/peer.py "$4" "$5" "$6"
	lab_wait 10 "$1: connected" test -e $name.one || not_ok "$1: connects"
	lab_pull isp1
	lab_wait 10 "isp2" leaves_by isp2
	touch $name.go
	sleep 0.5 # the answer is sent, and again, into nowhere
	lab_plug isp1
	lab_wait 30 "$1: goes on" test -e $name.two && ok "$1" || not_ok "$1"
	kill $server 2>/dev/null
	wait $server 2>/dev/null
	lab_wait 10 "isp1" leaves_by isp1
}
leaves_by() { [ "$(ask_from client -t 200 udp "$(lab_dst 4)")" = "$1" ] && [ "$(ask_from client -t 200 udp "$(lab_dst 6)")" = "$1" ]; }
round() { # WHO PORT
	flap "$1: forwarded port, IPv4" client 192.168.1.10 198.18.7.7 10.1.0.2 8080
	flap "$1: forwarded port, IPv6" client fd00:c:1::10 2001:db8:aa::7 fd00:a:1::2 8080
	flap "$1: the router, IPv4" router 10.1.0.2 198.18.7.7 10.1.0.2 "$2"
	flap "$1: the router, IPv6" router fd00:a:1::2 2001:db8:aa::7 fd00:a:1::2 "$2"
}
lab_apply
round "no daemon" 8081
lab_daemon
lab_daemon_ready
round daemon 8082
lab_done
