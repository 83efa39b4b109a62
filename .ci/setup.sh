# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What ./quickstart and ./check share: packages of Debian 12, and the builds.

SETUP_BUILD="build-essential cmake pkg-config libnftables-dev libnftnl-dev libmnl-dev libjansson-dev libev-dev
	libcmocka-dev iproute2 util-linux"
SETUP_TEST="nftables dnsmasq-base bird2 bind9-dnsutils conntrack iputils-ping python3 python3-jsonschema"

# setup_packages NAME...: installs those that are missing, and says which
setup_packages() {
	local name missing=() root=()

	if ! command -v dpkg-query >/dev/null; then
		echo "Not Debian: the equivalents of these are needed: $*"
		return 0
	fi
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "These packages are missing; install them as root: apt-get install ${missing[*]}" >&2
			return 1
		fi
		root=(sudo)
	fi
	mkdir -p build
	setup_step "install ${missing[*]}" setup_install "${missing[@]}"
}

# Tests start what they need in namespaces of their own; nothing is to run on the machine itself.
setup_install() {
	local guard=/usr/sbin/policy-rc.d r=0

	if [ -e $guard ]; then
		guard=
	else
		printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee $guard >/dev/null && "${root[@]}" chmod 755 $guard || return 1
	fi
	# no list of packages yet, or an old one
	"${root[@]}" apt-get update &&
		"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends "$@" || r=$?
	[ -z "$guard" ] || "${root[@]}" rm -f $guard
	[[ " $* " != *" bird2 "* ]] || ! command -v systemctl >/dev/null || "${root[@]}" systemctl disable bird.service
	return $r
}

# setup_build PRESET [TARGET...]
setup_build() {
	local preset=$1

	shift
	cmake --preset "$preset" && cmake --build "build/$preset" -j "$(nproc)" ${1:+--target "$@"}
}

# setup_step TEXT COMMAND...: quiet, unless it fails
setup_step() {
	local text=$1 started=$SECONDS log

	shift
	log=$(mktemp)
	printf '%s ... ' "$text"
	if "$@" >"$log" 2>&1; then
		printf '%s s\n' $((SECONDS - started))
		rm -f "$log"
	else
		printf 'failed:\n'
		cat "$log"
		rm -f "$log"
		return 1
	fi
}
