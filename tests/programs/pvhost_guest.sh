#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pvhost_guest.sh PVHOST PVGUEST: pvguest on every face: what attaches, keys, a disk whose file is looked at, frames from
# one machine to another.  Skipped where there is no /dev/kvm to use.  TAP.
set -u
# shellcheck source=tests/support/pvhost.sh
. "$(dirname "$0")/../support/pvhost.sh"

g() { # STATUS FACE COMMANDS ARGUMENT...: a machine until its end
	expected=$1 face=$2 commands=$3
	shift 3
	"$pvhost" --face "$face" -m 32 --timeout 180 --append "run=\"$commands\" console=serial exit-port=0xf4" "$@" \
		"$pvguest" >log 2>err </dev/null
	ended=$?
	[ $ended = "$expected" ] || {
		echo "# status $ended, not $expected: $commands"
		return 1
	}
}
said() { # LINE...: regular expressions, each for a line
	for line; do
		tr -d '\r' <log | grep -Eq -e "$line" || {
			echo "# expected a line like $line"
			return 1
		}
	done
}
first() { head -c 8 "$1" | od -An -tx1 | tr -d ' \n'; }

g 0 kvm 'exit 0'
[ $ended != 69 ] || {
	echo '1..0 # SKIP no usable /dev/kvm'
	exit 0
}
[ $ended = 0 ]
ok 'kvm: an end with status 0'
g 5 kvm 'hostctl -t; hostctl opt/org.example/text; exit 5' --fwcfg 'opt/org.example/text=text:from the host' &&
	said '^pvbus0 at mainbus0: KVM' '^KVM$' '^from the host$'
ok 'kvm: what is there, and a key'
g 5 vmm 'devices; exit 5' && said '^pvbus0 at mainbus0: OpenBSD'
ok 'vmm: what is there'

echo 'data/greeting hello' >keys
g 5 xen 'hostctl -t; hostctl data/greeting; hostctl data/answer yes; hostctl data/answer; exit 5' --store keys &&
	said '^xen0 at pvbus0' '^Xen$' '^hello$' '^yes$'
ok 'xen: what is there, and keys'
echo 'guestinfo.greeting hello' >keys
g 5 vmware 'hostctl -t; hostctl guestinfo.greeting; hostctl guestinfo.answer yes; hostctl guestinfo.answer; exit 5' \
	--store keys && said '^vmt0 at pvbus0' '^VMware$' '^hello$' '^yes$'
ok 'vmware: what is there, and keys'
echo 'External/greeting hello' >keys
g 5 hyperv 'hostctl -t; wait 10000 hostctl External/greeting; exit 5' --store keys &&
	said '^hyperv0 at pvbus0: protocol 5\.3' '^Hyper-V$' '^hello$'
ok 'hyperv: what is there, and a key'
g 5 hyperv 'exit 5' --hypercall-page && said '^hyperv0 at pvbus0: protocol 5\.3' &&
	g 5 xen 'exit 5' --hypercall-page && said '^xen0 at pvbus0: features'
ok 'hypercalls by a page of ours'
g 5 kvm,hyperv 'exit 5' && said '^hyperv0 at pvbus0'
ok 'two faces'

# The pattern of pvguest(8): how a disk with seed 1 begins.
for pair in xen:xbf0 hyperv:sd0; do
	face=${pair%:*} disk=${pair#*:}
	rm -f disk && truncate -s 64K disk
	g 0 "$face" "wait 10000 disk $disk info; disk $disk fill 1; disk $disk mix 1 10; exit 0" --disk disk &&
		[ "$(first disk)" = c15c0289ec2d0a91 ] && g 0 "$face" "wait 10000 disk $disk info; disk $disk check 1; exit 0" --disk disk,ro &&
		g 2 "$face" "wait 10000 disk $disk info; disk $disk check 2; exit 0" --disk disk,ro
	ok "$face: a disk is what its file is"
done
rm -f disk && truncate -s 64K disk
g 0 xen 'disk xbf0 fill 1; exit 0' --disk disk && g 0 hyperv 'wait 10000 disk sd0 info; disk sd0 check 1; exit 0' --disk disk
ok 'a disk that Xen wrote is read on Hyper-V'

# Two machines and a wire
"$pvhost" --face xen -m 32 --timeout 120 --append 'run="nic xnf0 up 10.1.0.1; echo waits" console=serial' --nic peer:wire \
	"$pvguest" >other 2>&1 </dev/null &
machine=$!
tries=600
until grep -q "^waits" other 2>/dev/null; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || break
	sleep 0.05
done
g 0 hyperv 'nic hvn0 up 10.1.0.2; wait 10000 nic hvn0 ping 10.1.0.1 3; exit 0' --nic peer:wire
ok "a ping from Hyper-V's NIC to Xen's"
kill "$machine"
wait "$machine"
machine=''
[ ! -e wire ]
ok 'no socket is left of the wire'

echo "1..$n"
exit $bad
