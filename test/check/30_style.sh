#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What of docs/style.md a program can tell.
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# The licence line within the first three, in everything that is a program.
check_spdx() {
	local bad=0 file

	while IFS= read -r file; do
		if ! head -n 3 "$1/$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later'; then
			echo "$file:1: no SPDX line"
			bad=1
		fi
	done < <(cd "$1" && find . -type f \( -path './.git/*' -o -path './build*/*' \) -prune -o \
		-type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name CMakeLists.txt \
		-o -path ./check -o -path ./quickstart -o -path './.ci/run' \) -print |
		sed 's,^\./,,')
	return $bad
}

# The C files of $1 below the directories that follow, as "FILE:LINE:CODE" with comments and
# texts blanked. A "//" comment is kept as such. An unfinished statement is joined with the
# lines that follow, so that a call is on one line.
code_of() {
	local tree=$1
	shift
	# shellcheck disable=SC2016 # the dollars are perl's
	(cd "$tree" && find "$@" -type f -name '*.[ch]' -print0 2>/dev/null | LC_ALL=C sort -z |
		xargs -0 -r perl -e '
		for my $file (@ARGV) {
			open(my $in, "<", $file) or die "$file: $!";
			local $/;
			my $text = <$in>;
			$text =~ s{(/\*.*?\*/)|("(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n])*\x27)|(//[^\n]*)}
				{ my ($c, $s, $l) = ($1, $2, $3);
				  defined $c ? " " . "\n" x ($c =~ tr/\n//) :
				  defined $s ? substr($s, 0, 1) x 2 : "//" }gse;
			# flags may have a name
			my %flags = $text =~ /^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(.*CLOEXEC.*)$/mg;
			for my $name (keys %flags) {
				$text =~ s/\b$name\b/$flags{$name}/g;
			}
			my ($n, $start, $joined) = (0, 0, "");
			for my $line (split /\n/, $text) {
				$n++;
				$start = $n if $joined eq "";
				$joined .= $line;
				my $open = () = $joined =~ /\(/g;
				my $shut = () = $joined =~ /\)/g;
				next if $open > $shut && $joined !~ /^\s*#/ && $n - $start < 60;
				$joined =~ s/\s+/ /g;
				print "$file:$start:$joined\n" if $joined =~ /\S/;
				$joined = "";
			}
		}')
}

# offenders WHAT PATTERN [BUT_NOT]: of the code on stdin
offenders() {
	local found

	found=$(grep -E -- "^[^:]*:[0-9]+:.*$2" | grep -vE -- "${3:-^$}")
	[ -z "$found" ] && return 0
	sed -E "s/^([^:]*:[0-9]+):.*/\1: $1/" <<<"$found"
	return 1
}

word='(^|[^A-Za-z0-9_])'

check_text() {
	local code=$scratch/code bad=0

	code_of "$1" lib generator daemon test >"$code.all"
	grep -E '^(lib|generator|daemon)/' "$code.all" >"$code"
	offenders 'a comment with two slashes' '//' <"$code.all" || bad=1
	offenders 'a banned function' \
		"$word(sprintf|vsprintf|strcpy|stpcpy|strcat|strtok|atoi|atol|atoll|atof|sscanf|gets|system|popen|alloca|strncat) ?\\(" \
		<"$code" || bad=1
	offenders 'numbers are read by base\/parse.h only' \
		"${word}strto(u?l|u?ll|[iu]max) ?\\(" '^lib/base/parse\.c:' <"$code" || bad=1
	offenders 'a socket without SOCK_CLOEXEC' "$word(socket|socketpair|accept4) ?\\(" \
		'SOCK_CLOEXEC' <"$code" || bad=1
	offenders 'a file without O_CLOEXEC' "$word(open|openat|pipe2) ?\\([^)]" 'O_CLOEXEC' \
		<"$code" || bad=1
	offenders 'a descriptor that execve() would hand on' \
		"$word(accept|pipe|dup|dup2|creat|epoll_create|inotify_init) ?\\(" <"$code" || bad=1
	return $bad
}

# Files of at most 700 lines, functions of at most 80 (a body is between { and } in column 1).
check_lengths() {
	local files

	mapfile -t files < <(product_sources "$1")
	[ ${#files[@]} -eq 0 ] && return 0
	(cd "$1" && awk '
		FNR == 701 {
			printf "%s:%d: more than 700 lines\n", FILENAME, FNR
			bad = 1
		}
		/^\{/ { start = FNR }
		/^\}/ && start {
			if (FNR - start - 1 > 80) {
				printf "%s:%d: a function of %d lines\n", FILENAME, start, FNR - start - 1
				bad = 1
			}
			start = 0
		}
		END { exit bad }' "${files[@]}")
}

# check_names TREE BUILD: what X.c defines for others begins with X_ (or X64_, or is X, or main).
check_names() {
	local tree=$1 build=$2 bad=0 seen=0 object source stem name

	while IFS= read -r object; do
		# .../CMakeFiles/TARGET.dir/PATH.c.o, PATH from the directory of CMakeFiles
		source=${object#"$build"/}
		source=${source%%CMakeFiles/*}${source#*.dir/}
		source=${source%.o}
		[ -f "$tree/$source" ] || continue
		seen=1
		stem=$(basename "$source" .c)
		while read -r name; do
			case $name in
			"$stem" | "$stem"_* | "$stem"[0-9]*_* | main | __*) ;;
			*)
				echo "$source:1: defines $name, which does not begin with ${stem}_"
				bad=1
				;;
			esac
		done < <(nm --defined-only -g "$object" | awk '$2 ~ /^[TDBRC]$/ { print $3 }')
	done < <(find "$build" -path '*/CMakeFiles/*.dir/*' -name '*.c.o' ! -path '*/test/*')
	if [ $seen -eq 0 ]; then
		echo "$build: no object files"
		return 1
	fi
	return $bad
}

# Each header compiles by itself.
check_headers() {
	local tree=$1 bad=0 header

	while IFS= read -r header; do
		if ! echo "#include \"$header\"" | ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Wall -Wextra \
			-Wno-unused-parameter -Werror -I"$tree" -I"$tree/lib" -fsyntax-only -x c - \
			2>"$scratch/header.err"; then
			echo "$header:1: does not compile alone:"
			grep -m 1 error: "$scratch/header.err"
			bad=1
		fi
	done < <(product_sources "$tree" | grep '\.h$')
	return $bad
}

check_style() {
	local bad=0

	check_spdx "$1" || bad=1
	check_text "$1" || bad=1
	check_lengths "$1" || bad=1
	check_headers "$1" || bad=1
	check_names "$1" "$2" || bad=1
	return $bad
}

spdx='/* SPDX-License-Identifier: GPL-2.0-or-later */'

test_text() {
	local i=0 code pattern tree

	while IFS='|' read -r pattern code; do
		i=$((i + 1))
		tree=$scratch/text$i
		plant "$tree" lib/base/bad.c "$(printf '%s\n%b' "$spdx" "$code")"
		if [ "$pattern" = fine ]; then
			expect_clean "$code" check_text "$tree" || return 1
		else
			expect_offence "$code" "^lib/base/bad.c:[0-9]+: .*$pattern" \
				check_text "$tree" || return 1
		fi
	done <<-'EOF'
		two slashes|int a; // no
		fine|char *u = "http://x";
		fine|/* http://x */ int a;
		fine|int a; /* one\n// two\n*/
		two slashes|char c = '"'; // no
		banned|void f(void) { sprintf(b, "x"); }
		banned|void f(void) { strcpy(a,\n\tb); }
		banned|void f(void) { strcat (a, b); }
		banned|void f(void) { strtok(a, b); }
		banned|int f(void) { return atoi(a); }
		banned|int f(void) { return !sscanf(a, "x"); }
		banned|void f(void) { gets(a); }
		banned|void f(void) { system(a); }
		banned|void f(void) { popen(a, "r"); }
		fine|void f(void) { snprintf(b, 2, "sprintf("); my_system(a); }
		fine|/* never strcpy( */ int a;
		base/parse.h|long f(void) { return strtol(a, 0, 0); }
		base/parse.h|void f(void) { v = strtoull(a, 0, 0); }
		SOCK_CLOEXEC|int f(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
		SOCK_CLOEXEC|int f(void) { return socket(AF_UNIX,\n\tSOCK_STREAM,\n\t0); }
		fine|int f(void) { return socket(AF_UNIX,\n\tSOCK_STREAM \| SOCK_CLOEXEC, 0); }
		SOCK_CLOEXEC|int f(void) { return accept4(fd, 0, 0, 0); }
		execve|int f(void) { return accept(fd, 0, 0); }
		execve|int f(void) { return dup(fd); }
		O_CLOEXEC|int f(void) { return open(p, O_RDONLY); }
		fine|int f(void) { return open(p,\n\tO_RDONLY \| O_CLOEXEC); }
		fine|#define HOW (O_RDONLY \| O_CLOEXEC)\nint f(void) { return open(p, HOW); }
		O_CLOEXEC|#define HOW (O_RDONLY)\nint f(void) { return open(p, HOW); }
	EOF
	plant "$scratch/parse" lib/base/parse.c "long f(void) { return strtol(a, 0, 0); }"
	expect_clean "strtol in parse.c" check_text "$scratch/parse"
}

test_names() {
	local build=$scratch/names/CMakeFiles/omr_x.dir/lib/base

	mkdir -p "$build"
	plant "$scratch/tree" lib/base/inet.c \
		'int inet(void); int inet_x(void); static int local(void) { return 1; }
		 int inet(void) { return local(); } int inet_x(void) { return 2; }
		 int main(void) { return 0; }'
	${CC:-cc} -c "$scratch/tree/lib/base/inet.c" -o "$build/inet.c.o" || return 1
	expect_clean "names that begin with the file's" \
		check_names "$scratch/tree" "$scratch/names" || return 1
	plant "$scratch/tree" lib/base/inet.c \
		'int inetx(void); int inetx(void) { return 2; } int other_data = 3;'
	${CC:-cc} -c "$scratch/tree/lib/base/inet.c" -o "$build/inet.c.o" || return 1
	expect_offence "a function named otherwise" 'lib/base/inet.c:1: defines inetx' \
		check_names "$scratch/tree" "$scratch/names" || return 1
	expect_offence "data named otherwise" 'lib/base/inet.c:1: defines other_data' \
		check_names "$scratch/tree" "$scratch/names" || return 1
	expect_offence "a build without objects" 'no object' \
		check_names "$scratch/tree" "$scratch/tree"
}

self_test() {
	local tree=$scratch/tree file

	for file in lib/a.c daemon/a.h test/netns/a.sh test/a.py lib/CMakeLists.txt check; do
		plant "$scratch/spdx" "$file"
		expect_offence "$file without SPDX" "^$file:1: no SPDX" \
			check_spdx "$scratch/spdx" || return 1
		plant "$scratch/spdx" "$file" "# $spdx"
		expect_clean "$file with SPDX" check_spdx "$scratch/spdx" || return 1
	done
	test_text || return 1

	plant "$tree" lib/base/long.c "$(seq 700 | sed 's/.*/int a&;/')"
	plant "$tree" lib/base/body.c "$(printf 'void f(void)\n{\n'; seq 80; printf '}\n')"
	expect_clean "lengths within the limits" check_lengths "$tree" || return 1
	plant "$tree" lib/base/long.c "$(seq 701 | sed 's/.*/int a&;/')"
	expect_offence "a long file" '^lib/base/long.c:701: more' check_lengths "$tree" || return 1
	rm "$tree/lib/base/long.c"
	plant "$tree" lib/base/body.c "$(printf 'void f(void)\n{\n'; seq 81; printf '}\n')"
	expect_offence "a long function" '^lib/base/body.c:2: a function of 81' \
		check_lengths "$tree" || return 1

	plant "$tree" lib/base/fine.h 'struct x; int fine_f(struct x *x);'
	expect_clean "a header that stands alone" check_headers "$tree" || return 1
	plant "$tree" lib/base/needy.h 'int needy_f(uint8_t x);'
	expect_offence "a header that needs another" '^lib/base/needy.h:1: does not' \
		check_headers "$tree" || return 1
	test_names
}

run_check "${1-}" check_style "$root" "${OMR_BUILD:?the build directory}"
