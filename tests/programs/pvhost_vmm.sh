#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pvhost_vmm.sh PVHOST PVGUEST: the control device of OpenBSD's vmm, on a vCPU: its administrator's words and its bad
# manners against vmmci in pvguest.  Skipped where there is no /dev/kvm to use.  TAP.
set -u
# shellcheck source=tests/support/pvhost.sh
. "$(dirname "$0")/../support/pvhost.sh"

start() { # COMMANDS of pvguest
	rm -f control
	: >log
	"$pvhost" --face vmm -m 64 --timeout 60 --control control --debug none \
		--append "run=\"$1\"" "$pvguest" >log 2>&1 </dev/null &
	machine=$!
	until_true said prompt
}

said() { grep -q -e "$1" log; }
admin() { "$pvhost" -C control "$@" >said 2>&1; }
counted() { admin status && grep -q "^vmmci\.$1 $2\$" said; }

ends() { # STATUS
	wait "$machine"
	status=$?
	machine=''
	[ $status = "$1" ]
}

"$pvhost" --face vmm -m 64 --timeout 60 --debug none --append 'run="poweroff"' "$pvguest" >log 2>&1 </dev/null
case $? in
69)
	echo '1..0 # SKIP no usable /dev/kvm'
	exit 0
	;;
esac

said '^pvbus0 at mainbus0: OpenBSD' && said '^vmmci0 at pvbus0 pci 00:0[1-9a-f]\.0: shutdown, reboot'
ok 'attached'

start 'sleep 50000' && admin request shutdown && ends 0 &&
    said '^Shutting down in response to request from vmmci0 host' && said '^pvguest: power off'
ok 'shutdown'

start 'sleep 50000' && admin request reboot && ends 0 &&
    said 'Rebooting in response to request from vmmci0 host' && said '^pvguest: reboot'
ok 'reboot'

start 'sleep 50000' && ! admin request suspend && grep -q 'the face vmm knows shutdown, reboot and syncrtc' said &&
    ! admin step 60 && grep -q "takes no syncrtc" said
ok 'what it does not know'
admin misbehave vmmci unknown yes && until_true said 'command 0x1002, which is none; ignored' &&
    admin misbehave vmmci unknown no && counted acks 0 && counted wrong_acks 0
ok 'unknown commands are not acknowledged'
admin misbehave vmmci absent yes && until_true said 'vmmci0: all its registers read as ones; out of use' &&
    admin misbehave vmmci absent no
ok 'registers of all ones'
# and so it is ended, as by vmd, after three seconds
admin request reboot && ends 0 && ! said '^Rebooting'
ok 'a guest that does not answer is ended'

echo "1..$n"
exit $bad
