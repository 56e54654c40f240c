#!/bin/sh
# SPDX-License-Identifier: ISC
#
# hostctl.sh HOSTCTL PVBUSD: the real hostctl and the real pvbusd with simulated
# machines; every exit status of hostctl(8) that can come about with them, and
# every kind of bad input.  TAP.  (tests/client/hostctl.sh has those answers
# that no pvbusd gives.)

# shellcheck source=tests/support/pvbusd.sh
. "$(dirname "$0")/../support/pvbusd.sh"

# ---- No pvbusd

export PVBUS_DIR="$dir/bus"
h 69 key && says 'hostctl: no pvbus device found (is pvbusd running?)'
ok 'no pvbusd'
h 69 -f "$dir/bus/pvbus0" key && says 'nothing there (is pvbusd running?)'
ok 'no such socket'
h 69 -l && h 69 -d key && h 69 key value && h 69 -w key && h 69 -t && h 69 -a
ok 'no pvbusd, in all forms'
"$pvbusd" -s bus -H sim:none 2>err
[ $? -eq 69 ] && says 'sim:none: no hypervisor here' && h 69 key
ok 'no hypervisor'
h 64 && says usage: && h 64 -x key && says 'unknown option' && says usage: &&
    h 64 --nothing && says usage: && h 64 -f && h 64 -n 1 key && h 64 -l -w k &&
    h 64 -T x key && h 64 -T 0 key && h 64 -w -n 0 key && h 64 -i f a b
ok 'wrong options'

# ---- Machines: a store, none, and none yet

head -c 61440 /dev/urandom >blob
printf 'a\0b\377\n' >nul
printf 'red \033[31m\r\001 \\ \302\233 \303\244 end' >escapes
printf 'one\ntwo: 2' >two
cat >config <<-EOT
	item opt/greeting hello
	item opt/empty
	item opt/net/address 192.0.2.7
	item opt/net/gateway 192.0.2.1
	file opt/blob $dir/blob
	file opt/nul $dir/nul
	file opt/escapes $dir/escapes
	file opt/two $dir/two
	oem org.example.role=database
	oem io.systemd.credential:colour=blue
	oem io.systemd.credential.binary:key=AGJpbmFyeQD/
EOT
start bus -c config -H sim:kvm -H sim:bhyve -H sim:bhyve
kvm=$daemon

h 0 opt/greeting && is 'hello\n' && quiet
ok 'read'
h 0 -f bus/pvbus0 opt/greeting && is 'hello\n'
ok 'read from a socket by name'
h 0 opt/empty && is '\n' && h 0 -R opt/empty && is ''
ok 'an empty value'
h 0 -q opt/greeting && is '' && quiet
ok 'read quietly'
h 1 opt/missing && says 'hostctl: opt/missing: no such key' && is ''
ok 'missing key'
h 1 -q opt/missing && quiet
ok 'missing key, quietly'
h 1 opt && h 1 opt/ && h 1 opt/greeting/more
ok 'a name that only leads to keys, and one below a key'
h 65 'opt/a
b' && says 'a newline in a key'
ok 'key with a newline'
h 65 "$(printf 'opt/\001')" && says 'key or value not acceptable'
ok 'key with a control character'
h 65 '' && says 'an empty key'
ok 'empty key'
long=$(head -c 65537 /dev/zero | tr '\0' k)
h 65 "$long" && says 'a key longer than 65536 bytes' &&
    [ "$(wc -c <err)" -lt 400 ]
ok 'key of 64 KiB + 1'
h 1 "${long%k}" && says 'no such key'
ok 'key of 64 KiB'
h 1 -g 'opt/ä' && says 'opt/ä: no such key'
ok 'key that is not ASCII'

# ---- Bytes

h 0 -R opt/nul && cmp -s nul out
ok 'a binary value byte for byte by -R'
h 0 -R opt/blob && cmp -s blob out
ok '60 KiB of binary byte for byte by -R'
h 0 -R -o copy opt/blob && cmp -s blob copy && is ''
ok '60 KiB of binary byte for byte by -o'
h 0 opt/nul && { cat nul && echo; } | cmp -s - out
ok 'to a pipe go the bytes and a newline'
h 0 -R opt/escapes && cmp -s escapes out
ok 'to a pipe nothing is escaped'
h 0 -R oem/io.systemd.credential:colour && is blue &&
    h 0 -R oem/io.systemd.credential.binary:key && is '\0binary\0\377'
ok 'credentials of systemd'
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	script -qec "$hostctl opt/escapes" /dev/null >out 2>err </dev/null
	grep -qF 'red \033[31m\r\001 \\ \302\233 ä end' out
	ok 'to a terminal what harms it is escaped'
	script -qec "$hostctl -R opt/escapes" /dev/null >out 2>err </dev/null
	grep -qF "$(printf '\033[31m')" out
	ok 'to a terminal by -R nothing is escaped'
	script -qec "$hostctl -g opt/two opt/greeting" /dev/null >out 2>err \
	    </dev/null
	grep -qF 'opt/two: one\ntwo: 2' out && [ "$(wc -l <out)" -eq 2 ]
	ok 'to a terminal no value looks like another key'
else
	for name in 'to a terminal what harms it is escaped' \
	    'to a terminal by -R nothing is escaped' \
	    'to a terminal no value looks like another key'; do
		skip "$name" 'no script(1), or no pseudo-terminals'
	done
fi

# ---- Several keys, lists, trees, JSON

h 0 -g opt/greeting opt/net/address &&
    is 'opt/greeting: hello\nopt/net/address: 192.0.2.7\n'
ok 'several keys by -g'
h 1 opt/greeting opt/missing opt/net/gateway &&
    is 'opt/greeting: hello\nopt/net/gateway: 192.0.2.1\n' &&
    says 'opt/missing: no such key'
ok 'several keys, one of them missing'
h 0 -l opt/ && is 'blob\nempty\nescapes\ngreeting\nnet/\nnul\ntwo\n'
ok 'a list'
h 0 -l opt/net && is 'address\ngateway\n'
ok 'a list without the slash'
h 0 -r opt && grep -qx net/address out && ! grep -qx net/ out
ok 'a recursive list'
h 0 -l && grep -qx opt/ out && grep -qx oem/ out
ok 'a list of the top'
h 1 -l opt/missing && says 'no such key'
ok 'a list of what is not there'
h 0 -t && is "$dir/bus/pvbus0: KVM\n"
ok 'the type'
h 0 -a && [ "$(grep -c '^/.*/bus/pvbus[0-2]: ' out)" -eq 3 ] &&
    grep -q 'pvbus0: KVM$' out && grep -q 'pvbus1: bhyve$' out &&
    grep -q 'pvbus2: bhyve$' out && grep -q 'fwcfg0 at pvbus0' out
ok 'the tree'
h 0 -aj && json && grep -q '"interface":"bhyve"' out
ok 'the tree in JSON'
h 0 -tj && json &&
    is '{"schema":1,"device":"'"$dir"'/bus/pvbus0","type":"KVM"}\n'
ok 'the type in JSON'
h 0 -j opt/greeting opt/nul opt/escapes && json &&
    grep -qF '"value":"hello"' out && grep -qF '"base64":"YQBi/wo="' out
ok 'values in JSON'
h 1 -j opt/missing opt/greeting && json && grep -qF '"error":"ENOENT"' out &&
    grep -qF '"value":"hello"' out
ok 'a missing key in JSON'
h 0 -lj opt/net && json &&
    grep -qF '"lists":[{"key":"opt/net","names":["address","gateway"]}]' out
ok 'a list in JSON'
h 77 -dj opt/greeting && json && grep -qF '"error":"EROFS"' out
ok 'a refused delete in JSON'
h 0 -wj -n 1 opt/greeting && json && grep -qF '"value":"hello"' out
ok 'a watch in JSON'

# ---- No store

h 69 -f bus/pvbus1 key && says 'no store here (hostctl -a shows what there is)'
ok 'no store'
h 69 -f bus/pvbus2 key && h 69 -f bus/pvbus1 -l && h 69 -f bus/pvbus1 -w key &&
    h 69 -f bus/pvbus1 key value && h 69 -f bus/pvbus1 -d key &&
    h 69 -f bus/pvbus1 -j key && json
ok 'no store, in all forms'
h 0 -t -f bus/pvbus1 && is 'bus/pvbus1: bhyve\n'
ok 'the type where there is no store'
h 69 -f /dev/null key && says 'not a pvbus device' && h 69 -f config key &&
    says 'not a pvbus device' && h 69 -f "$dir/bus" key
ok 'what is no device'

# ---- Writing where that is not possible

h 77 opt/greeting changed && says 'read-only for the guest' &&
    h 0 opt/greeting && is 'hello\n'
ok 'a read-only store'
h 77 -i nul opt/new && says 'read-only' && h 1 opt/new
ok 'a read-only store, from a file'
h 77 -d opt/greeting opt/empty && [ "$(grep -c 'read-only' err)" -eq 2 ] &&
    h 0 opt/greeting
ok 'delete in a read-only store'
h 66 -i nowhere opt/new && says 'nowhere: No such file'
ok 'no input file'
h 66 -i "$dir" opt/new && says 'directory'
ok 'a directory as input file'
head -c 65537 /dev/zero >toolarge
h 65 -i toolarge opt/new && says 'larger than 65536 bytes'
ok 'an input file too large'
"$hostctl" -i - opt/new <toolarge >out 2>err
[ $? -eq 65 ] && says 'larger than 65536 bytes'
ok 'standard input too large'
h 65 opt/new "$long" && says 'a value longer than 65536 bytes'
ok 'a value larger than any store takes'
h 65 'a
b' value && h 65 '' value && h 65 -d 'a
b' && h 65 -w ''
ok 'bad keys in the other forms'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	: >unreadable
	chmod 0 unreadable
	nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
	$nobody "$hostctl" -f bus/pvbus0 opt/greeting >out 2>err
	[ $? -eq 77 ] && says 'no permission for the device'
	ok 'a socket of another user'
	$nobody "$hostctl" -i unreadable -f bus/pvbus0 opt/new >out 2>err
	[ $? -eq 66 ] && says 'unreadable: Permission denied'
	ok 'an unreadable input file'
	chmod 666 bus/pvbus0
	$nobody "$hostctl" -f bus/pvbus0 opt/greeting >out 2>err && is 'hello\n'
	ok 'another user may read'
	$nobody "$hostctl" -f bus/pvbus0 opt/greeting changed >out 2>err
	[ $? -eq 77 ] && says 'not opened for writing'
	ok 'another user may not write'
	chmod 600 bus/pvbus0
else
	for name in 'a socket of another user' 'an unreadable input file' \
	    'another user may read' 'another user may not write'; do
		skip "$name" 'only root can become another user'
	done
fi

# ---- Output

h 73 -o /dev/full opt/greeting && says '/dev/full: No space left'
ok 'a full device by -o'
"$hostctl" opt/greeting >/dev/full 2>err
[ $? -eq 74 ] && says 'standard output: No space left'
ok 'a full standard output'
h 73 -o nowhere/file opt/greeting && h 73 -o "$dir" opt/greeting
ok 'a file that cannot be made'
echo old >target
h 0 -o target opt/greeting && [ "$(cat target)" = hello ]
ok 'a file is replaced'
echo old >target
h 1 -o target opt/missing && h 1 -g -o target opt/greeting opt/missing &&
    h 69 -o target -f bus/pvbus1 key && h 69 -o target -f nowhere key &&
    h 65 -o target '' && h 1 -l -o target opt/missing &&
    [ "$(cat target)" = old ] && [ "$(echo target*)" = target ]
ok 'a file is not touched when there is no value'
if [ "$(id -u)" -eq 0 ] && mkdir small &&
    unshare -m mount -t tmpfs none small 2>/dev/null; then
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -t tmpfs -o size=64k none small || exit 1
		echo old >small/target
		head -c 32768 /dev/zero >small/filler
		"$0" -R -o small/target opt/blob
		echo "status $?"
		cat small/target; ls small' "$hostctl" >out 2>err
	is 'status 73\nold\nfiller\ntarget\n' && says 'No space left'
	ok 'a full file system: the file stays, and nothing beside it'
else
	skip 'a full file system: the file stays, and nothing beside it' \
	    'no right to mount'
fi
"$hostctl" -R opt/blob 2>err | head -c 1 >out
ok 'a reader that goes away'

# ---- Watches and time

h 75 -w -T 0.3 opt/greeting && is 'hello\n' && says 'no change in this time'
ok 'a watch that ends in time'
h 1 -w -n 1 opt/missing && says 'no such key'
ok 'a watch of what is not there'
start live -H sim:kvm
live=$daemon
export PVBUS_DIR="$dir/live"
h 0 -w -n 3 -T 30 opt/org.example/clock && [ "$(wc -l <out)" -eq 3 ] &&
    [ "$(sort -u out | wc -l)" -eq 3 ]
ok 'a watch of what changes'
h 0 -wj -n 2 -T 30 opt/org.example/clock && [ "$(wc -l <out)" -eq 2 ] &&
    tail -n 1 out >out2 && mv out2 out && json
ok 'a watch of what changes, in JSON'

# ---- pvbusd stops, or dies

kill -STOP "$live"
h 75 -T 0.1 opt/org.example/greeting && says 'no answer in time'
ok 'a pvbusd that does not answer'
kill -CONT "$live"
h 0 opt/org.example/greeting
ok 'and then does again'

echo old >target
: >out
"$hostctl" -w opt/org.example/greeting >out 2>err &
client=$!
until_true lines out 1
kill -9 "$live"
ended 69 && says 'the device is gone (is pvbusd still running?)' &&
    is 'hello from the host\n'
ok 'pvbusd is killed in the middle of a watch'
h 69 opt/org.example/greeting && says 'no pvbus device found'
ok 'a socket that a dead pvbusd left behind'
h 69 -f live/pvbus0 opt/org.example/greeting && says 'nothing there'
ok 'a socket that a dead pvbusd left behind, by name'

start live -H sim:kvm
live=$daemon
# shellcheck disable=SC2317
asked() { # the listening socket and what was not accepted yet
	[ "$(grep -c "live/pvbus0\$" /proc/net/unix)" -ge 2 ]
}
kill -STOP "$live"
"$hostctl" -o target -f live/pvbus0 opt/org.example/greeting >out 2>err &
client=$!
until_true asked
kill -9 "$live"
ended 69 && says 'is pvbusd' && [ "$(cat target)" = old ] &&
    [ "$(echo target*)" = target ]
ok 'pvbusd is killed in the middle of a request; the file stays'

start live -H sim:kvm
live=$daemon
: >out
"$hostctl" -w opt/org.example/greeting >out 2>err &
client=$!
until_true lines out 1
kill "$live"
ended 69 && says 'the device is gone' && wait "$live"
ok 'pvbusd ends in the middle of a watch'

# ---- A store with more names than a list carries

i=0
long=$(head -c 400 /dev/zero | tr '\0' k)
while [ $i -lt 200 ]; do
	echo "oem $long$i=x"
	i=$((i + 1))
done >many
start large -c many -H sim:kvm
export PVBUS_DIR="$dir/large"
h 65 -l oem && says 'oem: a list longer than 65536 bytes; list a part of it' &&
    is '' && h 65 -lj oem && json
ok 'a list longer than a device carries'
h 0 -l && grep -qx oem/ out && h 0 "oem/${long}199" && is 'x\n'
ok 'the rest of that store'

kill "$daemon" "$kvm"
wait "$daemon" && wait "$kvm" && [ ! -e bus ] && [ ! -e large ]
ok 'both daemons end and clean up'
! grep -q 'Sanitizer\|runtime error' daemon.log
ok 'no sanitizer complained'

echo "1..$n"
exit $((bad > 0))
