# shellcheck shell=bash disable=SC2015,SC2016,SC2034,SC2086,SC2154,SC2231
# (suite, which reads this file, has the variables)
# SPDX-License-Identifier: ISC
#
# What a disk and a network interface are to do in a Linux guest, whoever their drivers are.

random_mb=64
random() { # a file of $random_mb MiB that nothing can guess or compress, made once
	[ -e $lab/random ] || head -c ${random_mb}M /dev/urandom >$lab/random
	[ -e $lab/random.sum ] || sha256sum <$lab/random | cut -d' ' -f1 >$lab/random.sum
	echo $lab/random
}

# disk_work DEVICE FILE: a file system made and filled in the guest, read there anew, and read here; then the other way
# round.  Both sides check it.
disk_work() {
	guest_run 0 "set -e
		mkfs.ext4 -q -F $1
		mkdir -p /mnt
		mount -t ext4 $1 /mnt
		cd /mnt
		dd if=/dev/urandom of=random bs=1M count=24 2>/dev/null
		cp -r /lib/modules modules
		find modules -type f | sort | xargs sha256sum random >sums
		cd /
		umount /mnt
		e2fsck -fn $1" 240
	guest_run 0 "set -e
		echo 3 >/proc/sys/vm/drop_caches
		mount -t ext4 -o ro $1 /mnt
		cd /mnt
		sha256sum -c sums >/tmp/sums || { grep -v OK /tmp/sums; exit 1; }
		sha256sum random
		cd /
		umount /mnt" 240
	cp "$T/out" guest
	run 0 e2fsck -fn "$2"
	run 0 debugfs -R 'dump /random random' "$2"
	run 0 sha256sum random
	[ "$(cat "$T/out")" = "$(cat guest)" ] || fail "the guest's random file, $(show <guest)" "$(show <"$T/out")" "$last"
	head -c 4M /dev/urandom >from-host
	run 0 debugfs -w -R 'write from-host from-host' "$2"
	run 0 sha256sum from-host
	cp "$T/out" from-host.sum
	guest_run 0 "mount -t ext4 $1 /mnt && cd /mnt && sha256sum from-host && rm random && cd / && umount /mnt &&
		e2fsck -fn $1 >/tmp/fsck 2>&1 || { cat /tmp/fsck; exit 1; }" 120
	cmp -s "$T/out" from-host.sum || fail "$(show <from-host.sum)" "$(show <"$T/out")" "$last"
	run 0 e2fsck -fn "$2"
	! debugfs -R 'stat /random' "$2" 2>&1 | grep -q '^Inode' || fail "no file random" "one" "debugfs $2"
}

# disk_work_short DEVICE FILE: a file system made and written in the guest, checked here.
disk_work_short() {
	guest_run 0 "set -e
		mkfs.ext4 -q -F $1
		mkdir -p /mnt
		mount -t ext4 $1 /mnt
		dd if=/dev/urandom of=/mnt/random bs=64k count=128 2>/dev/null
		umount /mnt
		echo 3 >/proc/sys/vm/drop_caches
		mount -t ext4 -o ro $1 /mnt
		sha256sum </mnt/random
		umount /mnt" 240
	cp "$T/out" guest
	run 0 e2fsck -fn "$2"
	run 0 debugfs -R 'dump /random random' "$2"
	run 0 bash -c 'sha256sum <random'
	prints "$(cat guest)"
}

# appears PATH, disappears PATH: in the guest
appears() { guest_run 0 "n=600; until [ -e $1 ]; do sleep 0.1; [ \$((n -= 1)) -gt 0 ] || { echo no $1; exit 1; }; done" 90; }
disappears() { guest_run 0 "n=600; while [ -e $1 ]; do sleep 0.1; [ \$((n -= 1)) -gt 0 ] || { echo $1; exit 1; }; done" 90; }

# disk_comes_and_goes DEVICE: the guest's name of the disk that is added, used and taken away, and once more another one.
disk_comes_and_goes() {
	local size name
	for size in 64 32; do
		disk more.disk $size
		admin 0 disk add "$T/more.disk"
		name=$(cat "$T/out")
		appears "$1"
		guest_run 0 "cat /sys/block/${1#/dev/}/size"
		prints $((size * 2048))
		disk_work_short "$1" more.disk
		admin 0 disk remove "$name"
		admin 1 disk remove "$name"
		disappears "/sys/block/${1#/dev/}"
	done
}

# tap_up: L1's end of the machine's NIC, once pvhost has made it
tap_up() { # [MTU [TAP NET]]
	local tap=${2:-lab0}
	until_true 20 test -e "/sys/class/net/$tap" || fail "an interface $tap" "none within 20 s: $(vm_told)" "$last"
	ip addr replace "10.0.${3:-0}.1/24" dev "$tap"
	ip link set "$tap" up mtu "${1:-1500}"
}
tap_gone() { [ ! -e "/sys/class/net/${1:-lab0}" ]; }

# network_up DEVICE: the guest's
network_up() { # DEVICE [TAP NET]
	vm_up "$vm"
	tap_up 1500 "${@:2}"
	guest_run 0 "ip addr replace 10.0.${3:-0}.2/24 dev $1; ip link set $1 up"
}

ping_short() { # [NET]
	guest_run 0 "ping -c 3 -i 0.3 -W 10 10.0.${1:-0}.1"
	has '^3 packets transmitted, 3 packets received'
	run 0 busybox ping -c 3 -i 0.3 -W 10 "10.0.${1:-0}.2"
	has '^3 packets transmitted, 3 packets received'
}

# nic_comes_and_goes DEVICE: as with disks
nic_comes_and_goes() {
	local name
	for _ in 1 2; do
		admin 0 nic add tap:lab1
		name=$(cat "$T/out")
		appears "/sys/class/net/$1"
		network_up "$1" lab1 1
		ping_short 1
		admin 0 nic remove "$name"
		tap_gone lab1 || fail "no interface lab1" "one" "ip link"
		disappears "/sys/class/net/$1"
	done
}

# counted NAME FIELD: the number behind FIELD in the status line that begins with NAME
counted() {
	admin 0 status
	sed -n "s/^$1 .*\b$2 \([0-9]*\).*/\1/p; s/^$1\.$2 \([0-9]*\)\$/\1/p" "$T/out"
}

# rough PART FIELD VALUE...: bad manners of $vm's host; spent PART FIELD: they were shown, the number is 0 again
rough() {
	local part=$1
	shift
	while [ $# -gt 0 ]; do
		admin 0 misbehave "$part" "$1" "$2"
		shift 2
	done
}
spent() { until_true 60 admin_says "^$2 0\$" misbehave "$1" || fail "$2 of $1 used up" "$(grep "^$2 " "$T/out")" "$last"; }

# calm: nothing that a kernel says when something of it is wrong
calm() {
	guest_run 0 '! dmesg | grep -E "WARNING: CPU|BUG:|Oops|rcu.*stall|blocked for more than|Call Trace"'
}

ping_work() {
	guest_run 0 'ping -c 3 -W 10 10.0.0.1'
	has '^3 packets transmitted, 3 packets received'
	guest_run 0 'ping -c 2 -W 10 -s 1472 10.0.0.1'
	has '^2 packets transmitted, 2 packets received'
	guest_run 0 'ping -c 2 -W 10 -s 8000 10.0.0.1' # in fragments
	run 0 busybox ping -c 3 -W 10 10.0.0.2
	has '^3 packets transmitted, 3 packets received'
}

# tcp_work: $random_mb MiB to the guest and back.  busybox's nc ends when the other end closes its half, so the one that
# listens reads from a fifo where nothing comes.
tcp_work() {
	local sum
	random
	sum=$(cat $lab/random.sum)
	guest_run 0 'rm -f /tmp/in /tmp/quiet
		mkfifo /tmp/quiet
		nc -l -p 5001 <>/tmp/quiet >/tmp/in 2>/tmp/nc.err &
		until netstat -ltn | grep -q ":5001 "; do sleep 0.1; done'
	limit=200 run 0 bash -c "busybox nc 10.0.0.2 5001 <$lab/random"
	guest_run 0 'n=300
		while pidof nc >/dev/null; do sleep 0.1; [ $((n -= 1)) -gt 0 ] || exit 1; done
		sha256sum </tmp/in | cut -d" " -f1' 120
	prints "$sum"
	mkfifo quiet
	timeout 200 busybox nc -l -p 5002 <>quiet >back 2>nc.err &
	until_true 10 listening 5002 || fail "a server on port 5002" "none" "busybox nc -l -p 5002"
	guest_run 0 'nc 10.0.0.1 5002 </tmp/in' 200
	wait $!
	run 0 bash -c 'sha256sum <back | cut -d" " -f1'
	rm back
	prints "$sum"
}
listening() { busybox netstat -ltn | grep -q ":$1 "; }
