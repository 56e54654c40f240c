#!/bin/sh
# SPDX-License-Identifier: ISC
#
# hostctl.sh HOSTCTL FAKE_DAEMON: every form, message and exit status of
# hostctl, against a daemon that makes any error on request.  TAP.

hostctl=$(realpath "$1")
daemon=$(realpath "$2")
dir=$(mktemp -d)
daemons=
n=0
bad=0
umask 022
trap 'kill $daemons 2>/dev/null; rm -rf "$dir"' EXIT
# shellcheck source=tests/support/hostctl.sh
. "$(dirname "$0")/../support/hostctl.sh"
cd "$dir" || exit 1

start() { # NAME [option ...]
	name=$1
	shift
	mkfifo ready
	"$daemon" "$@" "$dir/bus/$name" >ready &
	daemons="$daemons $!"
	read -r _ <ready
	rm ready
}

lines() { # NUMBER FILE: wait until there are so many
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -f "$2" ] && [ "$(wc -l <"$2")" -ge "$1" ] && return
		sleep 0.1
	done
}

mkdir bus
export PVBUS_DIR="$dir/bus"
unset XDG_RUNTIME_DIR

# No device
h 69 key && says 'no pvbus device found (is pvbusd running?)'
ok 'no device'
h 69 -f /nonexistent/pvbus0 key && says 'is pvbusd running'
ok 'no such device'
h 69 -f /dev/null key && says 'not a pvbus device'
ok 'another device'
h 69 -f /etc/passwd key && says 'not a pvbus device'
ok 'a regular file'
h 69 -a && says 'no pvbus device found'
ok 'a tree of nothing'
h 69 -aj && is '{"schema":1,"devices":[]}\n'
ok 'a tree of nothing in JSON'

# Usage, without a device
for line in '' '-x' '-l -w k' '-n 1 k' '-w' '-w a b' '-a k' '-d' '-T x k' \
    '-T 0 k' '-w -n 0 k' '-f' '-i f a b' '-j -R k' '-l -R' '-g' '-g -l' \
    '-ji f k' '-i f -l' '--nothing' '-T 1e3 k' '-rw k'; do
	# shellcheck disable=SC2086
	h 64 $line && says usage:
	ok "usage: $line"
done
h 0 -h && grep -q '^usage:' out && [ ! -s err ]
ok 'help'
h 0 -V && grep -q '^hostctl ' out
ok 'version'
h 0 --help && h 0 --version
ok 'the long names'

# Devices
start pvbus0 -n -i Hyper-V
start pvbus1 -m that
h 0 greeting && is 'hello\n'
ok 'the first device that has a store'
h 69 -f bus/pvbus0 greeting && says 'hostctl -a'
ok 'a device without a store'
h 0 -t && grep -q "^$dir/bus/pvbus1: KVM\$" out
ok 'type'
h 0 -t -f bus/pvbus0 more operands ignored && is 'bus/pvbus0: Hyper-V\n'
ok 'type of a device without a store'
h 0 -tj -f bus/pvbus0 &&
    is '{"schema":1,"device":"bus/pvbus0","type":"Hyper-V"}\n'
ok 'type in JSON'
h 0 -a && grep -q "pvbus0: Hyper-V\$" out && grep -q "pvbus1: KVM\$" out &&
    [ "$(grep -c 'mainbus0' out)" -eq 2 ] && [ "$(grep -c fwcfg0 out)" -eq 2 ]
ok 'a tree of two machines'
h 0 -aj && grep -q '"operations":\["read","write"' out
ok 'a tree in JSON'
mkdir bus2
start ../bus2/pvbus0 -m one
start ../bus2/pvbus1 -m one -i Hyper-V
PVBUS_DIR=$dir/bus2 h 0 -a && [ "$(grep -c 'mainbus0' out)" -eq 1 ] &&
    [ "$(grep -c fwcfg0 out)" -eq 1 ]
ok 'two interfaces of one machine share its bus'
export PVBUS_DIR="$dir/bus2"
h 0 -t && grep -q pvbus0 out
ok 'the order of devices'

# Reading
h 0 empty && is '\n'
ok 'an empty value is an empty line'
h 0 -R empty && is ''
ok 'an empty value, raw'
h 1 missing && says 'missing: no such key' && is ''
ok 'no such key'
h 1 -q missing && [ ! -s err ]
ok 'no such key, quiet'
h 0 -q greeting && is ''
ok 'quiet'
h 0 binary && is 'a\0b\377\n\n'
ok 'a binary value to a pipe'
h 0 -R binary && is 'a\0b\377\n'
ok 'a binary value, raw'
for size in medium:10000 full:65536 big:200000; do
	h 0 -R ${size%:*} && [ "$(wc -c <out)" -eq ${size#*:} ]
	ok "a value of ${size#*:} bytes"
done
cp out big
h 0 -g greeting empty && is 'greeting: hello\nempty: \n'
ok 'two keys'
h 1 greeting missing dir/one && is 'greeting: hello\ndir/one: 1\n'
ok 'three keys, one is missing'
h 0 -R greeting dir/one && is 'hello1'
ok 'two keys, raw'
h 1 -j greeting binary missing && printf '%s\n' "{\"schema\":1,\"device\":\
\"$dir/bus2/pvbus0\",\"keys\":[{\"key\":\"greeting\",\"value\":\"hello\"},\
{\"key\":\"binary\",\"base64\":\"YQBi/wo=\"},{\"key\":\"missing\",\
\"error\":\"ENOENT\",\"message\":\"no such key\"}]}" | cmp -s - out
ok 'JSON'
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	script -qec "$hostctl terminal" /dev/null >out 2>err </dev/null
	grep -qF '\033[2Jx\\y\302\233ä' out
	ok 'a terminal is not harmed'
	script -qec "$hostctl -g lines empty" /dev/null >out 2>err </dev/null
	grep -qF 'lines: one\ntwo: x' out && [ "$(wc -l <out)" -eq 2 ]
	ok 'no value looks like another key'
else
	for name in 'a terminal is not harmed' \
	    'no value looks like another key'; do
		skip "$name" 'no script(1), or no pseudo-terminals'
	done
fi

# Keys that no device sees
long=$(head -c 65537 /dev/zero | tr '\0' k)
h 65 '' && says 'an empty key'
ok 'an empty key'
h 65 'a
b' && says 'newline'
ok 'a newline in a key'
h 65 "$long" && says 'longer than 65536' && [ "$(wc -c <err)" -lt 400 ]
ok 'a key of 65537 bytes'
h 65 -d '' && h 65 -w '' && h 65 '' value
ok 'an empty key, deleted, watched, written'

# Writing
h 0 new value && is '' && h 0 new && is 'value\n'
ok 'write'
h 0 new '' && h 0 -R new && is ''
ok 'write an empty value'
h 0 new 'back\slash ä' && h 0 new && printf '%s\n' 'back\slash ä' | cmp -s - out
ok 'a value arrives byte for byte'
h 0 new -5 && h 0 new && is '-5\n'
ok 'a value that begins with a dash'
printf 'a\0b\nc' >in
h 0 -i in new && h 0 -R new && cmp -s in out
ok 'write a file'
: >in
h 0 -i in new && h 0 -R new && is ''
ok 'write an empty file'
printf stdin | "$hostctl" -i - new && h 0 new && is 'stdin\n'
ok 'write standard input'
head -c 65536 big >in
h 0 -i in new && h 0 -R new && cmp -s in out
ok 'write 65536 bytes'
head -c 65537 big >in
h 65 -i in new && says 65536
ok 'write 65537 bytes'
h 65 new "$long" && says 65536
ok 'write an argument of 65537 bytes'
h 66 -i nothing new && says 'No such file'
ok 'no input file'
h 66 -i / new && says directory
ok 'a directory as input file'
h 0 -d new && h 1 new
ok 'delete'
h 1 -d greeting2 && says 'no such key'
ok 'delete nothing'
h 0 x 1 && h 1 -dj x y && grep -qF '"removed":[{"key":"x"},{"key":"y","err' out
ok 'delete in JSON'

# Lists
h 0 -l && grep -qx dir/ out && grep -qx greeting out
ok 'the top'
h 0 -l dir && is 'one\nsub/\ntwo\n'
ok 'a list'
h 0 -r dir/ && is 'one\nsub/three\ntwo\n'
ok 'a recursive list'
h 0 -l dir dir/sub && is 'dir/one\ndir/sub/\ndir/two\ndir/sub/three\n'
ok 'two lists'
h 1 -l nothing && says 'no such key'
ok 'a list of nothing'
h 0 -lj dir && grep -qF '"lists":[{"key":"dir","names":["one","sub/","two"]}]' \
    out
ok 'a list in JSON'

# Watching
h 0 -w -n 1 greeting && is 'hello\n'
ok 'the first event is at once'
h 75 -w -T 0.1 greeting && is 'hello\n' && says 'no change'
ok 'a watch that ends in time'
h 1 -w -n 1 never && says 'no such key'
ok 'a watch of nothing'
"$hostctl" -wj -n 3 -T 10 watched >out 2>err &
pid=$!
lines 1 out
"$hostctl" watched one
lines 2 out
"$hostctl" -d watched
wait $pid
[ $? -eq 1 ] && [ "$(wc -l <out)" -eq 3 ] && grep -q '"value":"one"' out &&
    [ "$(grep -c ENOENT out)" -eq 2 ]
ok 'a key comes and goes'
"$hostctl" -w -n 2 -T 10 -o file greeting >out 2>err &
pid=$!
lines 1 file
grep -qx hello file && "$hostctl" greeting again && wait $pid &&
    grep -qx again file
ok 'a file holds the latest value'

# Files
rm -f file
h 0 -o file dir/one && [ "$(cat file)" = 1 ] &&
    [ "$(stat -c %a file)" = 644 ] && is ''
ok 'to a file'
chmod 600 file
h 0 -o file dir/two && [ "$(stat -c %a:%h file)" = 600:1 ] &&
    [ "$(cat file)" = 2 ]
ok 'a file keeps its mode'
h 1 -o file missing && [ "$(cat file)" = 2 ]
ok 'a file is kept when there is no value'
h 1 -g -o file dir/one missing && [ "$(cat file)" = 2 ]
ok 'a file is kept when one of the values is missing'
ln -s file link
h 0 -o link dir/one && [ -L link ] && [ "$(cat file)" = 1 ]
ok 'a link stays one'
h 0 -q -o file dir/two && [ "$(cat file)" = 1 ] &&
    h 0 -o file put 1 && [ "$(cat file)" = 1 ]
ok 'a file is kept when nothing is to be printed'
h 0 -R -o file empty && [ -f file ] && [ ! -s file ]
ok 'an empty file'
h 0 -o - dir/two && is '2\n'
ok 'to standard output by name'
h 73 -o /dev/full dir/one && says 'No space'
ok 'a full device'
h 73 -o nowhere/file dir/one && h 73 -o / dir/one
ok 'no such directory, a directory'
"$hostctl" dir/one >/dev/full 2>err
[ $? -eq 74 ] && says 'No space'
ok 'a full standard output'
"$hostctl" dir/one >&- 2>err
[ $? -eq 74 ]
ok 'a closed standard output'
mkfifo pipe
cat pipe >piped &
"$hostctl" -o pipe dir/one && wait $! && [ "$(cat piped)" = 1 ] && [ -p pipe ]
ok 'to a FIFO'
(ulimit -f 1 && trap '' XFSZ && "$hostctl" -o file big 2>err)
[ $? -eq 73 ] && [ ! -s file ] && [ "$(echo file*)" = file ]
ok 'a file that does not fit leaves nothing behind'

# Errors of a store: its errno, the status
for pair in 2:1 22:65 90:65 36:65 6:69 19:69 25:69 95:69 5:74 12:74 28:74 \
    110:75 11:75 16:75 4:75 71:76 13:77 1:77 30:77; do
	h ${pair#*:} -j -T 1 error/${pair%:*} && grep -q '"message":"' out &&
	    says "error/${pair%:*}: "
	ok "errno ${pair%:*} is status ${pair#*:}"
done
h 69 close && says gone
ok 'a daemon that goes away'
h 76 nonsense
ok 'a daemon that talks nonsense'
h 75 -T 0.05 stall && says 'no answer in time'
ok 'a daemon that stalls'
"$hostctl" -l 2>err | :
ok 'a reader that goes away'

# More than its queue takes: the last ones are not even connected, where only
# the limit of hostctl itself helps.
start ../bus2/pvbus9
kill -STOP "${daemons##* }"
stuck=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	"$hostctl" -T 0.1 -f bus2/pvbus9 greeting 2>err.$i &
	stuck="$stuck $!"
done
result=0
for pid in $stuck; do
	wait "$pid"
	[ $? -eq 75 ] || result=1
done
kill -CONT "${daemons##* }"
cat err.* >err
[ $result -eq 0 ] && says 'is pvbusd stuck or stopped?'
ok 'a daemon that is stopped'

echo "1..$n"
exit $((bad > 0))
