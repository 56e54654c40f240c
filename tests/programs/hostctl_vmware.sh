#!/bin/sh
# SPDX-License-Identifier: ISC
#
# hostctl_vmware.sh HOSTCTL PVBUSD: hostctl on the guestinfo of a simulated VMware.  TAP.

# shellcheck source=tests/support/pvbusd.sh
. "$(dirname "$0")/../support/pvbusd.sh"

{
	cat <<-EOT
		guestinfo guestinfo.name web-1
		guestinfo guestinfo.text two words
		guestinfo guestinfo.greeting grüß dich 😀
		guestinfo guestinfo.plain.encoding base64
		guestinfo guestinfo.plain aGVsbG8gYWxsCg==
		guestinfo guestinfo.packed.encoding gzip+base64
		guestinfo guestinfo.packed $(printf 'hello all\n' | gzip -cn | base64 -w 0)
		guestinfo guestinfo.odd.encoding rot13
		guestinfo guestinfo.odd uryyb
		guestinfo guestinfo.wrong.encoding base64
		guestinfo guestinfo.wrong a*b
	EOT
	seq 1000 | sed 's/.*/guestinfo guestinfo.many.& value &/'
} >config
start bus -c config -H sim:vmware
# shellcheck disable=SC2034 # read by hostctl
export PVBUS_DIR="$dir/bus"

h 0 -t && is "$dir/bus/pvbus0: VMware\n"
ok 'the type'
h 0 -a && grep -q 'store guestinfo$' out && grep -q 'operations read write remove watch$' out &&
    grep -q 'vmt0 at pvbus0: version 6, product 2, backdoor by [A-Za-z]*$' out
ok 'the tree'
h 0 guestinfo.name && is 'web-1\n' && quiet
ok 'read'
h 0 guestinfo.text && is 'two words\n' && h 0 guestinfo.greeting && is 'grüß dich 😀\n'
ok 'values with blanks, and in UTF-8'
h 1 guestinfo.missing && says 'no such key'
ok 'a missing key'
h 65 'guestinfo.a b' && h 65 'guestinfo.a b' value && h 65 ''
ok 'keys that are none'
h 69 -l && says 'not supported by this store' && h 69 -l guestinfo.
ok 'no list'
h 0 guestinfo.state ready && h 0 guestinfo.state && is 'ready\n'
ok 'write and read again'
h 0 guestinfo.state 'not  ready ' && h 0 guestinfo.state && is 'not  ready \n'
ok 'write over it, blank for blank'
h 77 machine.id 1 && says refused && grep -q 'writing machine.id: the host says "Permission denied"' daemon.log
ok 'what the host refuses, and its words in the log'
h 0 -d guestinfo.state && h 1 guestinfo.state && h 1 -d guestinfo.state && h 1 -d guestinfo.never
ok 'delete'
h 0 guestinfo.state again && h 0 guestinfo.state && is 'again\n'
ok 'and write anew'

# ---- Bytes

h 0 guestinfo.plain && is 'aGVsbG8gYWxsCg==\n' && h 0 -R decoded/guestinfo.plain && is 'hello all\n'
ok 'base64, as it stands and decoded'
h 0 -R decoded/guestinfo.packed && is 'hello all\n'
ok 'gzip+base64'
h 0 -R decoded/guestinfo.name && is web-1
ok 'decoded, where nothing is encoded'
h 76 decoded/guestinfo.wrong && h 69 decoded/guestinfo.odd && h 1 decoded/guestinfo.missing
ok 'decoded, where nothing can be'
printf 'a\0b\377\n' >bytes
h 65 -i bytes guestinfo.bytes && h 1 guestinfo.bytes
ok 'bytes that are no text are not cut'
h 0 -i bytes decoded/guestinfo.bytes && h 0 -R decoded/guestinfo.bytes && cmp -s out bytes &&
    h 0 guestinfo.bytes.encoding && is 'base64\n' && h 0 guestinfo.bytes && is "$(base64 -w 0 <bytes)\n"
ok 'and are carried encoded'
: >nothing
h 65 -i nothing guestinfo.nothing && h 1 guestinfo.nothing
ok 'no empty value, as VMware has none'
# "info-set guestinfo.long " and the value are 64 KiB
head -c $((65536 - 24)) /dev/zero | tr '\0' x >fits
head -c $((65536 - 23)) /dev/zero | tr '\0' x >long
h 0 -i fits guestinfo.long && h 0 -R guestinfo.long && cmp -s out fits
ok 'the longest value'
h 65 -i long guestinfo.long && h 0 -R guestinfo.long && cmp -s out fits
ok 'a longer one, and nothing is cut'

# ---- Many

# shellcheck disable=SC2046 # a thousand words
h 0 -g $(seq -f 'guestinfo.many.%g' 1000) && [ "$(wc -l <out)" -eq 1000 ] &&
    grep -qx 'guestinfo.many.1000: value 1000' out && quiet
ok 'a thousand keys by one hostctl'
h 0 -j guestinfo.name guestinfo.greeting && json
ok 'JSON'
"$hostctl" guestinfo.watched one
: >out
"$hostctl" -w -n 3 guestinfo.watched >out 2>err &
client=$!
until_true lines out 1
"$hostctl" guestinfo.watched two
until_true lines out 2
"$hostctl" guestinfo.watched three
ended 0 && is 'one\ntwo\nthree\n'
ok 'a watch follows what is written'

kill "$daemon"
wait "$daemon" && [ ! -e bus ]
ok 'pvbusd ends and cleans up'
! grep -q 'Sanitizer\|runtime error' daemon.log
ok 'no sanitizer complained'

echo "1..$n"
exit $((bad > 0))
