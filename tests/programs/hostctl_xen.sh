#!/bin/sh
# SPDX-License-Identifier: ISC
#
# hostctl_xen.sh HOSTCTL PVBUSD: hostctl on the XenStore of a simulated Xen: a
# store that can be written, and tells of changes by itself.  TAP.

# shellcheck source=tests/support/pvbusd.sh
. "$(dirname "$0")/../support/pvbusd.sh"

cat >config <<-EOT
	key vm-data/name web-1
	key vm-data/net/address 192.0.2.7
	key /tool/elsewhere far
EOT
start bus -c config -H sim:xen
# shellcheck disable=SC2034 # read by hostctl
export PVBUS_DIR="$dir/bus"

h 0 -t && is "$dir/bus/pvbus0: Xen\n"
ok 'the type'
h 0 -a && grep -q 'xen0 at pvbus0: ' out &&
    grep -q 'xbf0 at xen0 backend 0 channel [0-9]*: disk$' out &&
    grep -q 'xnf0 at xen0 backend 0 channel [0-9]*: address 00:16:3e:00:00:01$' out
ok 'the tree'
h 0 vm-data/name && is 'web-1\n' && quiet
ok 'read a relative key'
h 0 domid && domain=$(cat out) && h 0 "/local/domain/$domain/vm-data/name" &&
    is 'web-1\n'
ok 'read an absolute key'
h 77 /tool/elsewhere
ok 'a key that the guest may not see'
h 1 vm-data/missing && says 'no such key'
ok 'a missing key'
h 65 'a//b' && h 65 'a b' && h 65 vm-data/name/ x
ok 'keys that XenStore has no room for'
h 0 -l vm-data && is 'name\nnet/\n'
ok 'a list'
h 0 -lr vm-data && is 'name\nnet/address\n'
ok 'a recursive list'
h 0 data/new first && h 0 data/new && is 'first\n'
ok 'write and read again'
h 0 data/new second && h 0 data/new && is 'second\n'
ok 'write over it'
printf 'a\001b\377' >bytes
h 0 -i bytes data/bytes && "$hostctl" -R data/bytes | cmp - bytes
ok 'bytes there and back'
head -c 5000 /dev/zero | tr '\0' x >long
h 65 -i long data/long && h 1 data/long && h 0 data/new
ok 'a value longer than XenStore takes, and the connection lives'
h 77 vm-data/name changed && h 0 vm-data/name && is 'web-1\n'
ok 'what the guest may not write'
h 0 -d data/new && h 1 data/new
ok 'delete'
h 1 -d data/never && says 'no such key'
ok 'delete what is not there'
"$hostctl" data/watched one
: >out
"$hostctl" -w -n 3 data/watched >out 2>err &
client=$!
until_true lines out 1
"$hostctl" data/watched two
until_true lines out 2
"$hostctl" data/watched three
ended 0 && is 'one\ntwo\nthree\n'
ok 'a watch follows what is written'
h 0 -wj -n 1 vm-data/name && json && grep -qF '"value":"web-1"' out
ok 'a watch in JSON'

kill "$daemon"
wait "$daemon" && [ ! -e bus ]
ok 'pvbusd ends and cleans up'
! grep -q 'Sanitizer\|runtime error' daemon.log
ok 'no sanitizer complained'

echo "1..$n"
exit $((bad > 0))
