#!/bin/sh
# SPDX-License-Identifier: ISC
#
# hostctl_hyperv.sh HOSTCTL PVBUSD: hostctl on the key/value pairs of a simulated Hyper-V.  TAP.

# shellcheck source=tests/support/pvbusd.sh
. "$(dirname "$0")/../support/pvbusd.sh"

cat >config <<-EOT
	pair External/name web-1
	pair External/net/address 192.0.2.7
	pair External/greeting grüß dich 😀
	pair Guest/Parameters/HostName host.example
EOT
start bus -c config -H sim:hyperv
# shellcheck disable=SC2034 # read by hostctl
export PVBUS_DIR="$dir/bus"

h 0 -t && is "$dir/bus/pvbus0: Hyper-V\n"
ok 'the type'
h 0 -a && grep -q 'hyperv0 at pvbus0: protocol 5.3, features 0x[0-9a-f]*$' out &&
    grep -q 'hvs0 at hyperv0 channel [0-9]*: scsi, protocol 6.2$' out &&
    grep -q 'sd0 at hvs0 target 0 lun 0: ' out &&
    grep -q 'hvn0 at hyperv0 channel [0-9]*: NVS 6.1 NDIS 6.30, address 00:15:5d:00:00:01$' out
ok 'the tree'
# the administrator sends them once the guest takes them
until_true "$hostctl" -q Guest/Parameters/HostName
h 0 External/name && is 'web-1\n' && quiet
ok 'read'
h 0 external/name && is 'web-1\n'
ok 'the pool without case'
h 0 External/net/address && is '192.0.2.7\n'
ok 'a name with a slash'
h 0 External/greeting && is 'grüß dich 😀\n'
ok 'UTF-8 through UTF-16 and back'
h 0 Guest/Parameters/HostName && is 'host.example\n'
ok 'facts about the host'
h 1 External/missing && says 'no such key'
ok 'a missing key'
h 65 nowhere/name && h 65 name
ok 'pools that are none'
h 0 -l External/ && is 'name\nnet/address\ngreeting\n'
ok 'a list, in the order in which they came'
h 0 -l '' && is 'Auto/\nExternal/\nGuest/\n'
ok 'the pools'
h 77 External/name changed && h 0 External/name && is 'web-1\n'
ok 'what the guest may not write'
h 0 Guest/state ready && h 0 Guest/state && is 'ready\n'
ok 'write and read again'
h 0 Guest/state 'not ready' && h 0 Guest/state && is 'not ready\n'
ok 'write over it'
h 0 Auto/IntegrationServicesVersion && h 0 -l Auto/ && [ "$(wc -l <out)" -ge 4 ]
ok 'what the guest tells of itself'
h 0 Auto/OSName mine && h 0 Auto/OSName && is 'mine\n' && h 0 -d Auto/OSName
ok 'and what is written over that'
head -c 1022 /dev/zero | tr '\0' x >fits
head -c 1023 /dev/zero | tr '\0' x >long
h 0 -i fits Guest/value && h 0 -R Guest/value && cmp -s out fits
ok 'the longest value'
h 65 -i long Guest/value && h 0 -R Guest/value && cmp -s out fits
ok 'a longer one, and nothing is cut'
printf 'a\0b' >bytes
h 65 -i bytes Guest/bytes && printf 'a\377b' >bytes && h 65 -i bytes Guest/bytes && h 1 Guest/bytes
ok 'bytes that are no text'
h 0 -d Guest/state && h 1 Guest/state && h 1 -d Guest/state
ok 'delete'
"$hostctl" Guest/watched one
: >out
"$hostctl" -w -n 3 Guest/watched >out 2>err &
client=$!
until_true lines out 1
"$hostctl" Guest/watched two
until_true lines out 2
"$hostctl" Guest/watched three
ended 0 && is 'one\ntwo\nthree\n'
ok 'a watch follows what is written'

kill "$daemon"
wait "$daemon" && [ ! -e bus ]
ok 'pvbusd ends and cleans up'
! grep -q 'Sanitizer\|runtime error' daemon.log
ok 'no sanitizer complained'

echo "1..$n"
exit $((bad > 0))
