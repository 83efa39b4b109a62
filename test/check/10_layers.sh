#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may include whom (docs/architecture.md):
#
#	base <- model <- netlink <- io		lib/*
#	probe: base				lib/probe
#	emit: base, model			generator/emit_*
#	core: base, model			daemon/core*, link_state, damping, probe_track
#	control: base, model, core		daemon/control_* but control_io_*, daemon/doctor_judge*
#	doctor: base, model, netlink, io	daemon/doctor_look*
#	generator, daemon: everything below, never each other
#	ctl: base, doctor			daemon/ctl_*
#
# and which files may see which library. A header hands its libraries on to whoever
# includes it, so that is followed too.
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# check_layers ROOT
check_layers() {
	local files
	mapfile -t files < <(product_sources "$1")
	if [ ${#files[@]} -eq 0 ]; then
		echo "$1: no sources found"
		return 1
	fi
	(cd "$1" && awk '
	function box(f,    part) {
		if (f ~ /^lib\/(base|probe|model|netlink|io)\/[^\/]*$/) {
			split(f, part, "/")
			return part[2]
		}
		if (f ~ /^generator\/emit_[^\/]*$/) return "emit"
		if (f ~ /^generator\/[^\/]*$/) return "generator"
		if (f ~ /^daemon\/(core[^\/]*|link_state\..|damping\..|probe_track\..)$/) return "core"
		if (f ~ /^daemon\/control_io_[^\/]*$/) return "daemon"
		if (f ~ /^daemon\/(control_|doctor_judge)[^\/]*$/) return "control"
		if (f ~ /^daemon\/doctor_look[^\/]*$/) return "doctor"
		if (f ~ /^daemon\/ctl_[^\/]*$/) return "ctl"
		if (f ~ /^daemon\/[^\/]*$/) return "daemon"
		return ""
	}
	function offence(what) {
		printf "%s:%d: %s\n", FILENAME, FNR, what
		bad = 1
	}
	function library(header) {
		if (header ~ /^jansson/) return "jansson"
		if (header ~ /^nftables\//) return "libnftables"
		if (header ~ /^libmnl\//) return "libmnl"
		if (header ~ /^libnftnl\//) return "libnftnl"
		if (header ~ /^(ev|ev\+\+|libev\/.*)\.?h?$/) return "libev"
		return ""
	}
	function may_see(f, lib) {
		if (lib == "jansson")
			return f ~ /^lib\/model\/(json_doc|policy_read[a-z_]*|policy_value)\.[ch]$/ ||
			       f ~ /^generator\/emit_nft_json\.c$/ ||
			       f ~ /^daemon\/(ctl_|control)[a-z_]*\.[ch]$/
		if (lib == "libnftables")
			return box(f) == "generator" && f ~ /\.c$/
		if (lib == "libmnl" || lib == "libnftnl")
			return box(f) == "netlink" || box(f) == "io"
		return box(f) == "daemon" # libev
	}
	BEGIN {
		allowed["base"] = "base"
		allowed["probe"] = "base probe"
		allowed["model"] = "base model"
		allowed["netlink"] = "base model netlink"
		allowed["io"] = "base model netlink io"
		allowed["emit"] = "base model emit"
		allowed["generator"] = "base model netlink io emit generator"
		allowed["core"] = "base model core"
		allowed["control"] = "base model core control"
		allowed["doctor"] = "base model netlink io control doctor"
		allowed["daemon"] = "base probe model netlink io core control daemon"
		allowed["ctl"] = "base control doctor ctl"
	}
	FNR == 1 {
		mine = box(FILENAME)
		if (mine == "")
			offence("belongs to no layer")
	}
	/^[ \t]*#[ \t]*include/ {
		if (!match($0, /[<"][^>"]*[>"]/)) {
			offence("an include that cannot be checked")
			next
		}
		quoted = substr($0, RSTART, 1) == "\""
		header = substr($0, RSTART + 1, RLENGTH - 2)
		lib = library(header)
		if (lib != "") {
			uses[FILENAME, lib] = FNR
			libraries[lib]
			if (lib == "libnftables" && nftables_user++)
				offence("libnftables in a second file")
			next
		}
		# ours by name, however it is quoted
		target = header ~ /^(base|probe|model|netlink|io)\// ? "lib/" header : header
		theirs = box(target)
		if (theirs == "") {
			if (quoted)
				offence("\"" header "\": not the path of a layer")
			next
		}
		includes[FILENAME] = includes[FILENAME] " " target
		line[FILENAME, target] = FNR
		if (mine != "" && index(" " allowed[mine] " ", " " theirs " ") == 0)
			offence(mine " may not include " theirs " (" header ")")
	}
	END {
		# a library is seen through every header that includes it
		do {
			changed = 0
			for (f in includes) {
				n = split(includes[f], targets, " ")
				for (i = 1; i <= n; i++)
					for (lib in libraries)
						if ((targets[i], lib) in uses && !((f, lib) in uses)) {
							uses[f, lib] = line[f, targets[i]]
							changed = 1
						}
			}
		} while (changed)
		for (key in uses) {
			split(key, part, SUBSEP)
			if (!may_see(part[1], part[2])) {
				printf "%s:%d: may not see %s\n", part[1], uses[key], part[2]
				bad = 1
			}
		}
		exit bad
	}' "${files[@]}")
}

self_test() {
	local good=$scratch/good case file include pattern tree

	plant "$good" lib/base/inet.c '#include "base/inet.h"'
	plant "$good" lib/probe/icmp.c '#include "base/inet.h"'
	plant "$good" lib/model/json_doc.h '#include <jansson.h>'
	plant "$good" lib/model/policy_read.c '#include "model/json_doc.h"'
	plant "$good" lib/netlink/nft_batch.c '#include <libmnl/libmnl.h>'
	plant "$good" lib/io/apply.c '#include "netlink/nft_batch.h"'
	plant "$good" generator/emit_nft.c '#include "generator/emit_text.h"'
	plant "$good" generator/main.c '#include "io/apply.h"'
	plant "$good" generator/check_nft.c '#include <nftables/libnftables.h>'
	plant "$good" daemon/core.c '#include "daemon/core_event.h"'
	plant "$good" daemon/loop.c '#include <ev.h>'
	plant "$good" daemon/prober_icmp.c '#include "probe/icmp.h"'
	plant "$good" daemon/ctl_main.c '#include <jansson.h>'
	plant "$good" daemon/control_json.h '#include <jansson.h>'
	plant "$good" daemon/control_io_kernel.c '#include "io/nl_socket.h"'
	plant "$good" daemon/doctor_look.c '#include "io/nl_socket.h"'
	plant "$good" daemon/ctl_doctor.c '#include "daemon/doctor_look.h"'
	expect_clean "a good tree" check_layers "$good" || return 1

	# file, what it includes, how the offence is named
	while IFS='|' read -r file include pattern; do
		case=$((${case:-0} + 1))
		tree=$scratch/bad$case
		cp -r "$good" "$tree"
		plant "$tree" "$file" "#include $include"
		expect_offence "$file: $include" "^$file:1: .*$pattern" check_layers "$tree" ||
			return 1
	done <<-'EOF'
		lib/base/bad.c|"model/plan.h"|base may not include model
		lib/base/bad.c|"probe/icmp.h"|base may not include probe
		lib/probe/bad.c|"model/policy.h"|probe may not include model
		lib/model/bad.c|"probe/icmp.h"|model may not include probe
		daemon/core_bad.c|"probe/icmp.h"|core may not include probe
		lib/base/bad.h|"io/apply.h"|base may not include io
		lib/model/bad.c|"netlink/nft_batch.h"|model may not include netlink
		lib/model/bad.c|<netlink/nft_batch.h>|model may not include netlink
		lib/model/bad.c|"generator/emit_nft.h"|model may not include emit
		lib/netlink/bad.c|"io/apply.h"|netlink may not include io
		lib/io/bad.c|"daemon/core.h"|io may not include core
		generator/emit_bad.c|"netlink/nft_batch.h"|emit may not include netlink
		generator/emit_bad.c|"io/apply.h"|emit may not include io
		generator/emit_bad.c|"generator/options.h"|emit may not include generator
		generator/bad.c|"daemon/core.h"|generator may not include core
		daemon/core_bad.c|"io/apply.h"|core may not include io
		daemon/core_bad.c|"netlink/rtnl_decode.h"|core may not include netlink
		daemon/core_bad.c|"daemon/loop.h"|core may not include daemon
		daemon/bad.c|"generator/emit_nft.h"|daemon may not include emit
		daemon/bad.c|"daemon/ctl_ask.h"|daemon may not include ctl
		daemon/ctl_bad.c|"io/apply.h"|ctl may not include io
		daemon/ctl_bad.c|"daemon/core.h"|ctl may not include core
		daemon/ctl_bad.c|"daemon/loop.h"|ctl may not include daemon
		daemon/damping.c|"io/apply.h"|core may not include io
		daemon/control_bad.c|"io/nl_socket.h"|control may not include io
		daemon/control_bad.c|"daemon/loop.h"|control may not include daemon
		daemon/control_bad.c|<ev.h>|may not see libev
		daemon/doctor_judge.c|"io/nl_socket.h"|control may not include io
		daemon/doctor_look.c|"daemon/loop.h"|doctor may not include daemon
		lib/model/bad.c|"plan.h"|not the path of a layer
		lib/model/bad.c|"../io/apply.h"|not the path of a layer
		lib/model/bad.c|HEADER|cannot be checked
		lib/extra/bad.c|<stdio.h>|no layer
		lib/model/plan.c|<jansson.h>|may not see jansson
		lib/model/plan.c|"model/json_doc.h"|may not see jansson
		generator/emit_ip.c|<jansson.h>|may not see jansson
		daemon/loop.c|<jansson.h>|may not see jansson
		daemon/core_bad.c|<ev.h>|may not see libev
		daemon/ctl_bad.c|<ev.h>|may not see libev
		lib/io/bad.c|<ev.h>|may not see libev
		daemon/bad.c|<nftables/libnftables.h>|may not see libnftables
		generator/emit_bad.c|<nftables/libnftables.h>|may not see libnftables
		generator/main.c|<nftables/libnftables.h>|libnftables in a second file
		lib/model/bad.c|<libmnl/libmnl.h>|may not see libmnl
		daemon/bad.c|<libnftnl/set.h>|may not see libnftnl
	EOF
	expect_offence "an empty tree" "no sources" check_layers "$scratch"
}

run_check "${1-}" check_layers "$root"
