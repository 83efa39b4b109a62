#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pure libraries import no I/O, no clock, no environment, no chance, no logging. Only
# base's log.c writes, and only the programs' shells use it.
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# Whole names, after __NAME_chk, NAME64, __NAME_2 and NAME_unlocked became NAME.
banned=$(tr -s ' \n\t' '|' <<-'EOF'
	(f|d|v|vf|vd|w|fw|as|vas)?printf puts fputs putc putchar fputc getc getchar fgetc fgets
	getline getdelim gets scanf fscanf perror psignal fread fwrite fflush fclose fileno
	fopen fdopen freopen popen pclose tmpfile open_memstream fmemopen stdin stdout stderr
	std(in|out|err) setvbuf ungetc fseeko? ftello? rewind
	open openat openat2 creat close read write pread pwrite readv writev lseek dup dup2 dup3
	pipe pipe2 fcntl ioctl mmap munmap stat fstat lstat fstatat statx access faccessat unlink
	unlinkat rename renameat mkdir rmdir opendir readdir closedir chdir getcwd realpath
	readlink symlink link chmod fchmod chown truncate ftruncate fsync glob ftw nftw mkstemp
	socket socketpair bind connect listen accept accept4 send sendto sendmsg sendmmsg recv
	recvfrom recvmsg recvmmsg shutdown [gs]etsockopt getsockname getpeername getaddrinfo
	getnameinfo gethostby.* if_nametoindex if_indextoname getifaddrs res_.*
	poll ppoll select pselect epoll_.* eventfd timerfd_.* signalfd inotify_.*
	getenv secure_getenv setenv unsetenv putenv environ setlocale
	clock clock_.* time times gettimeofday localtime(_r)? mktime strftime ctime(_r)? tzset
	nanosleep usleep sleep alarm [gs]etitimer timer_.*
	rand rand_r srand random srandom [delmnj]rand48 s?rand48 arc4random.* getrandom getentropy
	fork vfork clone exec.* posix_spawn.* system wait waitpid kill raise signal sigaction
	exit _exit _Exit quick_exit atexit pthread_.* thrd_.* syscall prctl unshare setns
	get(p|e|pp)id get(e|res)?[ug]id getpw.* getgr.* gethostname uname getrusage sysconf
	syslog vsyslog openlog log_.*
	json_load_file json_loadf json_loadfd json_load_callback json_dump_file json_dumpf
	json_dumpfd ev_.* mnl_socket_.* nft_ctx_.* nft_run_.*
EOF
)
banned=${banned#|}
banned=${banned%|}

# check_archive ARCHIVE [EXEMPT_OBJECT]: "ARCHIVE:OBJECT: imports SYMBOL"
check_archive() {
	local archive=$1 exempt=${2-} offenders

	if [ ! -f "$archive" ]; then
		echo "$archive: not built"
		return 1
	fi
	if [ "$(nm "$archive" 2>/dev/null | grep -c ' T ')" -eq 0 ]; then
		echo "$archive: holds no function"
		return 1
	fi
	offenders=$(nm -A -u "$archive" | awk -v banned="^($banned)\$" -v exempt="$exempt" '
		{
			n = split($1, place, ":")
			object = place[n] == "" ? place[n - 1] : place[n]
			name = $NF
			plain = name
			sub(/^(__isoc99_|__isoc23_|__|_IO_)/, "", plain)
			sub(/@.*$/, "", plain)
			sub(/(_chk|64|_2|_unlocked|_time64)$/, "", plain)
			if (object != exempt && (plain ~ banned || name ~ banned))
				printf "%s:%s: imports %s\n", FILENAME_, object, name
		}' FILENAME_="$(basename "$archive")")
	[ -z "$offenders" ] && return 0
	echo "$offenders"
	return 1
}

# check_pure BUILD
check_pure() {
	local build=$1 bad=0 name

	check_archive "$build/libomr_base.a" log.c.o || bad=1
	for name in libomr_probe.a libomr_model.a generator/libomr_emit.a daemon/libomr_core.a \
		daemon/libomr_control.a; do
		check_archive "$build/$name" || bad=1
	done
	return $bad
}

# build_archive NAME OBJECT CODE: an archive with one object
build_archive() {
	printf '%s\n' "$3" >"$scratch/$2.c"
	${CC:-cc} -O2 -fno-builtin -D_GNU_SOURCE -c "$scratch/$2.c" -o "$scratch/$2.c.o" &&
		ar rcs "$scratch/$1" "$scratch/$2.c.o"
}

self_test() {
	local symbol i=0

	build_archive good.a good \
		'#include <stdio.h>
		 #include <stdlib.h>
		 int good_f(char *b, int n); int timer(int); int opened(void);
		 int good_f(char *b, int n) { return snprintf(b, 9, "%d", n) + timer(n) + opened(); }
		 void *good_g(void); void *good_g(void) { return malloc(3); }' || return 1
	expect_clean "a pure archive" check_archive "$scratch/good.a" || return 1
	for symbol in socket sendmsg recvmsg open openat open64 read write fopen fopen64 fprintf \
		printf puts putchar getenv secure_getenv clock_gettime time rand random localtime \
		localtime_r __printf_chk __fprintf_chk __read_chk __open_2 __isoc99_scanf \
		fputs_unlocked log_line log_set_sink exit getpid stderr mnl_socket_open \
		json_load_file ev_run getrandom strftime; do
		i=$((i + 1))
		build_archive "bad$i.a" "bad$i" \
			"extern int $symbol(); int bad$i(void); int bad$i(void) { return $symbol(); }" ||
			return 1
		expect_offence "an import of $symbol" "bad$i.c.o: imports $symbol\$" \
			check_archive "$scratch/bad$i.a" || return 1
		expect_clean "the exempt object" check_archive "$scratch/bad$i.a" "bad$i.c.o" ||
			return 1
	done
	expect_offence "an archive that is not there" "not built" \
		check_archive "$scratch/none.a" || return 1
	ar rcs "$scratch/empty.a"
	expect_offence "an empty archive" "holds no function" check_archive "$scratch/empty.a"
}

run_check "${1-}" check_pure "${OMR_BUILD:?the build directory}"
