# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A really booted systemd as the router of the lab (test/netns/lib.sh): PID 1 in namespaces of its
# own, over an overlay of this machine's root. Nothing is downloaded, nothing of the machine is
# written, and all of it is gone when the script ends.
#
#	. "$(dirname "$0")/../netns/lib.sh"
#	. "$(dirname "$0")/boot.sh"
#	lab_enter "$@"
#	lab_up 2
#	machine_boot
#	machine systemctl start omr-nftd

MACHINE=$LAB_TMP/machine # its root, seen from outside

# machine COMMAND...: inside
machine() {
	nsenter -t "$MACHINE_PID" -m -u -i -n -p -C --root --wd \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
		SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 LC_ALL=C.UTF-8 "$@"
}

# machine_root: the file system, with what `cmake --install` puts there
machine_root() {
	local unit

	[ -x /lib/systemd/systemd ] || lab_skip "needs systemd"
	mkdir -p $LAB_TMP/layers $MACHINE
	mount -t tmpfs -o size=512m tmpfs $LAB_TMP/layers && mkdir $LAB_TMP/layers/{upper,work} || lab_skip "cannot mount"
	mount -t overlay overlay -o lowerdir=/,upperdir=$LAB_TMP/layers/upper,workdir=$LAB_TMP/layers/work $MACHINE \
		2>/dev/null || lab_skip "overlayfs cannot be mounted over /"
	# of this machine's own life nothing: no services, no mounts, no configuration of its network
	rm -rf $MACHINE/etc/systemd/system $MACHINE/etc/systemd/network $MACHINE/etc/rc[0-6S].d $MACHINE/usr/sbin/policy-rc.d \
		$MACHINE/etc/omr-nft $MACHINE/etc/network/interfaces $MACHINE/var/log/journal
	: >$MACHINE/etc/fstab
	: >$MACHINE/etc/machine-id
	mkdir -p $MACHINE/etc/systemd/system $MACHINE/etc/systemd/network
	for unit in getty.target apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer man-db.timer \
		logrotate.timer dpkg-db-backup.timer systemd-timesyncd.service systemd-networkd-wait-online.service \
		systemd-resolved.service ssh.service networking.service systemd-udev-trigger.service e2scrub_reap.service \
		systemd-udev-settle.service ${MACHINE_MASK-systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket}; do
		ln -s /dev/null $MACHINE/etc/systemd/system/$unit
	done
	DESTDIR=$MACHINE cmake --install "$OMR_BUILD" >$LAB_TMP/install.log 2>&1 || {
		cat $LAB_TMP/install.log >&2
		exit 1
	}
}

# In the new namespaces: mounts, and then systemd in place of this shell.
machine_init() {
	local root=$1 udev=$2 d i

	set -e
	mount --make-rprivate /
	mount --bind "$root" "$root"
	mount -t proc proc "$root/proc"
	for d in "" /net; do
		mount --bind "$root/proc/sys$d" "$root/proc/sys$d"
	done
	mount -o remount,bind,ro "$root/proc/sys"
	mount -t sysfs sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	[ -n "$udev" ] || mount -o remount,bind,ro "$root/sys"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for d in null zero full random urandom tty; do
		: >"$root/dev/$d"
		mount --bind "/dev/$d" "$root/dev/$d"
	done
	mkdir -p "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	mount -t tmpfs tmpfs "$root/dev/shm"
	ln -s /proc/self/fd "$root/dev/fd"
	for i in 0:stdin 1:stdout 2:stderr; do
		ln -s "/proc/self/fd/${i%%:*}" "$root/dev/${i##*:}"
	done
	hostname router
	cd "$root"
	mkdir -p .old
	pivot_root . .old
	exec env -i container=omr-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/bin/sh -c 'umount -l /.old; exec /lib/systemd/systemd --show-status=false'
}

machine_is_up() {
	case $(machine systemctl is-system-running 2>/dev/null) in
	running | degraded) return 0 ;;
	esac
	return 1
}

machine_has_systemd() {
	MACHINE_PID=$(pgrep -P "$MACHINE_UNSHARE" 2>/dev/null | head -n 1)
	[ -n "$MACHINE_PID" ] && [ "$(cat "/proc/$MACHINE_PID/comm" 2>/dev/null)" = systemd ] &&
		[ -S "/proc/$MACHINE_PID/root/run/systemd/private" ]
}

# machine_boot: in the network namespace of the lab's router
machine_boot() {
	mkdir -p $LAB_TMP/cgroup
	mount -t cgroup2 cgroup2 $LAB_TMP/cgroup 2>/dev/null || lab_skip "cgroup2 cannot be mounted"
	MACHINE_CGROUP=$LAB_TMP/cgroup/omr-test-$$
	mkdir "$MACHINE_CGROUP" 2>/dev/null || lab_skip "no cgroup of our own"
	lab_at_exit machine_halt
	export -f machine_init
	(
		echo "$BASHPID" >"$MACHINE_CGROUP/cgroup.procs" || exit 1
		exec nsenter --net=/run/netns/router unshare -m -p -u -i -C --fork --kill-child=SIGKILL \
			bash -c 'machine_init "$@"' _ "$MACHINE" "${MACHINE_UDEV-}"
	) </dev/null >$LAB_TMP/boot.log 2>&1 &
	MACHINE_UNSHARE=$!
	lab_wait 30 "systemd starts" machine_has_systemd || {
		cat $LAB_TMP/boot.log >&2
		lab_skip "systemd does not boot here"
	}
	lab_wait 60 "the machine is up" machine_is_up || {
		machine systemctl list-jobs --no-pager
		exit 1
	}
}

machine_halt() {
	kill -9 "$MACHINE_UNSHARE" 2>/dev/null # its PID 1 goes with it, and takes all along
	wait "$MACHINE_UNSHARE" 2>/dev/null
	for _ in $(seq 100); do
		find "$MACHINE_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -d "$MACHINE_CGROUP" ] || break
		sleep 0.05
	done
}

# journal [ARGUMENT...]: what the daemon's unit said since the boot
journal() { machine journalctl -b -o cat --no-pager "$@"; }
