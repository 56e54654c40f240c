# shellcheck shell=bash disable=SC2015,SC2016,SC2034,SC2086,SC2154,SC2231
# (suite, which reads this file, has the variables)
# SPDX-License-Identifier: ISC
#
# Machines of pvhost, that many cases share: started when the first one asks, ended after the last one of their file.
# $vm is the one that is spoken of; $lab/vm/$vm has all that is its: console, err, status (once it has ended), control.
vm=none
boot_limit=120

vm_dir() { echo "$lab/vm/$vm"; }
vm_told() { tail -n 8 "$(vm_dir)/err" "$(vm_dir)/console" 2>/dev/null | show; }

# vm_start NAME OPTION...: with pvhost's, in the background.
vm_start() {
	vm=$1
	local dir=$lab/vm/$1
	shift
	[ ! -e "$dir" ] || mv "$dir" "$dir.$RANDOM" # for the log
	mkdir -p "$dir"
	mkfifo "$dir/in"
	: >"$dir/console"
	echo 0 >"$dir/number"
	last="pvhost $*"
	{
		status=0
		# both ways, or the guest's serial port ends with the first who has typed
		bash -c 'echo $$ >"$0/pid" && exec "$@"' "$dir" pvhost --control "$dir/control" "$@" \
			<>"$dir/in" >"$dir/console" 2>"$dir/err" || status=$?
		echo $status >"$dir/status"
	} &
}

# vm_says SECONDS REGEX: on its console, sooner or later
vm_says() {
	until_true "$1" vm_said_or_over "$2"
	vm_said "$2" || fail "\"$2\" on the console within $1 s" "$(vm_ending)$(vm_told)" "$last"
}
vm_said() { grep -Eq -e "$1" "$(vm_dir)/console"; }
vm_over() { [ -s "$(vm_dir)/status" ]; }
vm_said_or_over() { vm_said "$1" || vm_over; }
vm_ending() { ! vm_over || echo "an end with status $(cat "$(vm_dir)/status"): "; }

# vm_ends SECONDS STATUS: by itself
vm_ends() {
	until_true "$1" vm_over || fail "an end within $1 s" "$(vm_told)" "$last"
	[ "$(cat "$(vm_dir)/status")" = "$2" ] ||
		fail "status $2 of pvhost" "$(cat "$(vm_dir)/status"): $(vm_told)" "$last"
	rm -f "$(vm_dir)/up"
}

vm_kill() { # [SIGNAL]
	kill -"${1:-TERM}" "$(cat "$(vm_dir)/pid")"
	until_true 20 vm_over || fail "an end of pvhost after a signal" "none within 20 s" "kill -${1:-TERM}"
	rm -f "$(vm_dir)/up"
}

# After the cases of a file: whatever still runs.
vms_end() {
	local dir
	for dir in "$lab"/vm/*/; do
		[ -e "$dir/pid" ] && [ ! -s "$dir/status" ] || continue
		kill -9 "$(cat "$dir/pid")" 2>/dev/null
		vm=$(basename "$dir")
		until_true 20 vm_over
	done
}

# vm_up: start it by its own function, unless it runs; a boot of which nothing is seen is tried once more.
vm_up() { # NAME
	vm=$1
	local dir=$lab/vm/$1
	[ ! -e "$dir/up" ] || ! vm_over || fail "machine $1 to run" "its end, status $(cat "$dir/status"): $(vm_told)"
	[ ! -e "$dir/up" ] || return 0
	[ ! -e "$lab/vm/$1.broken" ] || fail "machine $1" "no start of it in an earlier case"
	mkdir -p "$lab/vm"
	touch "$lab/vm/$1.broken"
	"start_${1//-/_}"
	if ! until_true $boot_limit vm_said_or_over '^AGENT up|^pvguest> ' && [ ! -s "$dir/console" ]; then
		vm_kill KILL
		"start_${1//-/_}"
	fi
	vm_says $boot_limit '^AGENT up|^pvguest> '
	touch "$dir/up"
	rm -f "$lab/vm/$1.broken"
}

# admin STATUS WORD...: the administrator's words at $vm's control socket
admin() {
	local wanted=$1
	shift
	run "$wanted" pvhost -C "$(vm_dir)/control" "$@"
}

# admin_says REGEX WORD...: whether a line of the answer matches
admin_says() {
	local regex=$1
	shift
	last="pvhost -C: $*"
	timeout 20 pvhost -C "$(vm_dir)/control" "$@" >"$T/out" 2>"$T/err" </dev/null
	grep -Eq -e "$regex" "$T/out"
}

# linux_start NAME FACE OPTION...: Debian's Linux with the agent, and what Debian has for file systems and for Hyper-V
linux_start() {
	local name=$1 face=$2 overlay=${overlay:-$lab/linux}
	shift 2
	linux_files
	[ -e "$lab/${overlay##*/}.cpio" ] || l2-linux-initrd "$overlay" "$lab/${overlay##*/}.cpio"
	vm_start "$name" --face "$face" -m "${memory:-512}" --initrd "$lab/${overlay##*/}.cpio" \
		--append "$L2_APPEND ${append-}" "$@" "${image:-$L2_BZIMAGE}"
}

linux_files() {
	[ ! -e $lab/linux ] || return 0
	cp -r /mnt/linux $lab/linux
	# after those of the machine where pvbusd was built: where both have a library, L1's is the newer, and for both
	l2-add $lab/linux /sbin/mkfs.ext4 /sbin/e2fsck /etc/mke2fs.conf /usr/sbin/hv_kvp_daemon \
		/usr/sbin/hv_vss_daemon ||
		fail 'the files of e2fsprogs and hyperv-daemons' 'not all of them' 'l2-add in labs/kvm/l1'
}

# guest_run STATUS PROGRAM [SECONDS]: for the shell of the Linux guest $vm
guest_run() {
	local number got
	guest_send "$2"
	vm_says "${3:-60}" "^AGENT end $number "
	tr -d '\r' <"$(vm_dir)/console" | sed -n "/^AGENT begin $number\$/,/^AGENT end $number /p" >"$T/answer"
	got=$(sed -n "s/^AGENT end $number //p" "$T/answer")
	sed -e 1d -e '$d' "$T/answer" | sed '${/^$/d}' >"$T/out"
	[ "$got" = "$1" ] || fail "status $1" "$got: $(show <"$T/out")" "$last"
}

# guest_send PROGRAM: without waiting for its end
guest_send() {
	last="$vm: $1"
	vm_up "$vm"
	number=$(($(cat "$(vm_dir)/number") + 1))
	echo $number >"$(vm_dir)/number"
	printf '\n%s %s\n' "$number" "$(printf '%s' "$1" | base64 -w 0)" >"$(vm_dir)/in"
}

# pvguest_start NAME COMMANDS OPTION...: in the background
pvguest_start() {
	local name=$1 commands=$2
	shift 2
	vm_start "$name" -m 64 --append "run=\"$commands\" console=serial exit-port=0xf4" "$@" /mnt/pvguest.elf
}

# pvguest STATUS FACE COMMANDS [OPTION...]: one run to its end; what it printed is in $T/out
pvguest() {
	local wanted=$1 face=$2 commands=$3 got=0
	shift 3
	last="pvhost --face $face: $commands"
	timeout -k 5 "${limit:-60}" pvhost --face "$face" -m 64 --append "run=\"$commands\" console=serial exit-port=0xf4 ${words-}" "$@" \
		/mnt/pvguest.elf </dev/null >"$T/console" 2>"$T/err" || got=$?
	tr -d '\r' <"$T/console" >"$T/out"
	[ "$got" = "$wanted" ] || fail "status $wanted" "$got: $(cat "$T/err" "$T/out" | show)" "$last"
}
