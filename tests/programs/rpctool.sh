#!/bin/sh
# SPDX-License-Identifier: ISC
#
# rpctool.sh HOSTCTL PVBUSD: hostctl under the name vmware-rpctool, and as itself
# on the guestinfo of a simulated VMware.  TAP.

# shellcheck source=tests/support/pvbusd.sh
. "$(dirname "$0")/../support/pvbusd.sh"

ln -s hostctl "$dir/vmware-rpctool"
rpctool="$dir/vmware-rpctool"
r() { # STATUS ARGUMENT...
	expected=$1
	shift
	"$rpctool" "$@" >out 2>err
	status=$?
	[ $status -eq "$expected" ] || {
		echo "# status $status, not $expected: $(cat err)"
		return 1
	}
}
said() { # TEXT: on standard error, and nothing else anywhere
	printf '%b' "$1" | cmp -s - err && [ ! -s out ]
}

cat >config <<-EOT
	guestinfo guestinfo.name web-1
	guestinfo guestinfo.text  two  words
EOT

r 1 && grep -q '^usage: ' err && [ ! -s out ]
ok 'no command'
r 0 -h && grep -q '^usage: ' err && r 0 --help
ok 'help'
# shellcheck disable=SC2034 # read by hostctl
export PVBUS_DIR="$dir/bus"
r 255 'info-get guestinfo.name' && [ ! -s out ] && [ -s err ]
ok 'no device at all'
start bus -H sim:kvm
r 255 'info-get guestinfo.name' && [ ! -s out ] && grep -q VMware err
ok 'a device of another host'
kill "$daemon"
wait "$daemon"

# VMware is not the first of them
start bus -c config -H sim:kvm -H sim:vmware
r 0 'info-get guestinfo.name' && is 'web-1\n' && quiet
ok 'info-get in one argument'
r 0 info-get guestinfo.name && is 'web-1\n'
ok 'info-get in two'
r 0 'info-get guestinfo.text' && is 'two  words\n'
ok 'a value with blanks'
r 1 'info-get guestinfo.missing' && said 'No value found\n'
ok 'a missing key, in the words of VMware'
r 0 'info-set guestinfo.state  not  ready' && is '\n' && quiet &&
    r 0 'info-get guestinfo.state' && is ' not  ready\n'
ok 'info-set in one argument: the value is all the rest'
r 0 info-set guestinfo.state ready && r 0 info-get guestinfo.state && is 'ready\n'
ok 'info-set in three'
r 0 info-set guestinfo.state 'very ready' && r 0 info-get guestinfo.state && is 'very ready\n'
ok 'info-set with a value of two words'
r 1 'log hello' && said 'Unknown command\n' && r 1 info && said 'Unknown command\n'
ok 'other commands'
r 1 info-get && [ -s err ] && r 1 'info-get ' && r 1 info-set guestinfo.empty
ok 'what is missing'
r 0 'info-get guestinfo.state' >/dev/null && "$rpctool" 'info-get guestinfo.state' 2>err >/dev/full
[ $? -eq 1 ] && [ -s err ]
ok 'standard output that is full'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 666 bus/pvbus1
	setpriv --reuid 65534 --clear-groups "$rpctool" 'info-set guestinfo.state mine' >out 2>err
	[ $? -eq 1 ] && said 'Permission denied\n' &&
	    setpriv --reuid 65534 --clear-groups "$rpctool" 'info-get guestinfo.state' >out 2>err && is 'very ready\n'
	ok 'who may read and not write'
else
	echo "# SKIP who may read and not write: only root can become another user"
fi

h 0 -f "$dir/bus/pvbus1" -t && is "$dir/bus/pvbus1: VMware\n"
ok 'the type'
h 0 -f "$dir/bus/pvbus1" -a && grep -q 'store guestinfo' out && grep -q 'vmt1 at pvbus1: ' out
ok 'the tree'
h 0 -f "$dir/bus/pvbus1" guestinfo.name && is 'web-1\n'
ok 'hostctl reads'
h 1 -f "$dir/bus/pvbus1" guestinfo.missing && says 'no such key'
ok 'hostctl misses'
h 0 -f "$dir/bus/pvbus1" guestinfo.new value && r 0 'info-get guestinfo.new' && is 'value\n'
ok 'what hostctl writes, rpctool reads'
h 69 -f "$dir/bus/pvbus1" -l guestinfo.
ok 'no list'
: >out
"$hostctl" -f "$dir/bus/pvbus1" -w -n 2 guestinfo.new >out 2>err &
client=$!
until_true lines out 1
"$hostctl" -f "$dir/bus/pvbus1" guestinfo.new other
ended 0 && is 'value\nother\n'
ok 'a watch'

kill "$daemon"
wait "$daemon" && [ ! -e bus ]
ok 'pvbusd ends and cleans up'
! grep -q 'Sanitizer\|runtime error' daemon.log
ok 'no sanitizer complained'

echo "1..$n"
exit $((bad > 0))
