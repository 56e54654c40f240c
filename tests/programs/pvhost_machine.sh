#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pvhost_machine.sh PVHOST PVGUEST: serial ports, debug ports, fw_cfg, keys and the control socket of a machine that
# runs pvguest.  Skipped where there is no /dev/kvm to use.  TAP.
set -u
# shellcheck source=tests/support/pvhost.sh
. "$(dirname "$0")/../support/pvhost.sh"

p() { # STATUS ARGUMENT...: a machine until its end, its output in log and err
	expected=$1
	shift
	"$pvhost" -m 32 --timeout 60 "$@" "$pvguest" >log 2>err
	ended=$?
	[ $ended = "$expected" ] || {
		echo "# status $ended, not $expected"
		return 1
	}
}

start() { # ARGUMENT...: a machine with a prompt, in the background
	rm -f control
	: >log
	"$pvhost" -m 32 --timeout 60 --control control "$@" "$pvguest" >log 2>err </dev/null &
	machine=$!
	until_true said prompt
}

said() { grep -q -e "$1" log; }
complained() { grep -q -e "^pvhost: .*$1" err; }
admin() { "$pvhost" -C control "$@" >said 2>&1; }
ends() { # STATUS
	wait "$machine"
	ended=$?
	machine=''
	[ $ended = "$1" ] || {
		echo "# status $ended, not $1"
		return 1
	}
}

p 0 --append 'run="poweroff"' </dev/null
case $ended in
69)
	echo '1..0 # SKIP no usable /dev/kvm'
	exit 0
	;;
esac
[ "$ended" = 0 ]
ok 'power off'

# Ends
p 7 --append 'run="exit 7"' </dev/null && complained 'the guest exited with 7'
ok 'the exit port'
p 124 --timeout 1 </dev/null && complained 'longer than 1 seconds'
ok 'a machine that runs too long'
start && kill -TERM "$machine" && ends 143 && complained 'signal 15' && [ ! -e control ]
ok 'a signal ends it in order'

# Serial ports
p 5 --append 'console=serial' <<'EOT' && said '^hello there' && said '^again'
echo hello there
sleep 100; echo again
exit 5
EOT
ok 'lines of standard input'
{
	echo 'echo first'
	i=0
	while [ $i -lt 200 ]; do
		echo "echo line $i of a long input"
		i=$((i + 1))
	done
	echo 'exit 6'
} >long
p 6 --append 'console=serial' <long && [ "$(grep -c '^line [0-9]* of a long input' log)" = 200 ]
ok 'more input than the guest takes at once'
p 0 --append 'console=serial run="echo x; poweroff"' <&- && said '^x'
ok 'standard input is closed'
truncate -s 64k disk
"$pvhost" -m 32 --face xen --disk disk --append 'console=serial run="poweroff"' "$pvguest" <&- >&- 2>&- &&
    cmp -s -n 65536 disk /dev/zero
ok 'all three are closed: nothing is printed into a disk'
p 0 --serial file --append 'console=serial run="echo x; poweroff"' </dev/null && grep -q '^x' file && [ ! -s log ]
ok 'a file'
p 0 --serial none --append 'console=debug run="echo x; poweroff"' </dev/null && said '^x'
ok 'the debug port has standard output when no serial port has'
p 0 --debug file --append 'console=debug run="echo y; poweroff"' </dev/null && grep -q '^y' file && [ ! -s log ]
ok 'the debug port has a file'
"$pvhost" -m 32 --append 'console=serial run="repeat 2000 echo 0123456789abcdef; poweroff"' "$pvguest" 2>err </dev/null |
    { sleep 1; cat; } >log
[ "$(grep -c '^0123456789abcdef' log)" = 2000 ]
ok 'a reader that comes late loses nothing'
"$pvhost" -m 32 --append 'console=serial run="repeat 100 echo 0123456789abcdef; exit 3"' "$pvguest" 2>err </dev/null |
    head -n 1 >log
complained 'Broken pipe' && complained 'the guest exited with 3'
ok 'a reader that goes: the machine runs on'
p 66 --serial /nonexistent/file </dev/null && complained '/nonexistent/file: No such file'
ok 'a file that cannot be'

# fw_cfg and keys
printf 'from a file' >value
p 0 --fwcfg opt/a=text:one --fwcfg opt/b=value --append 'run="hostctl -c one opt/a; hostctl opt/b; poweroff"' </dev/null &&
    said '^from a file'
ok 'files of fw_cfg'
p 66 --fwcfg opt/a=/nonexistent/file </dev/null && complained 'opt/a: /nonexistent/file: No such file'
ok 'a file of fw_cfg that is not there'
p 66 --face hyperv --fwcfg opt/a=text:x </dev/null && complained 'expected the face kvm or vmm'
ok 'fw_cfg for a face that has none'
printf '# keys\nopt/name web-1\nopt/bytes <value\n' >keys
p 0 --store keys --append 'run="hostctl -c web-1 opt/name; hostctl opt/bytes; poweroff"' </dev/null && said '^from a file'
ok 'keys from a list'
printf 'opt/name web-1\nopt/none\n' >keys
p 66 --store keys </dev/null && complained 'keys:2: expected KEY VALUE'
ok 'a list with a key without a value'

# The control socket
start --append 'console=serial' && admin status && grep -q '^face kvm' said && grep -q '^memory 33554432' said
ok 'status'
admin type 'echo typed
' && until_true said '^typed'
ok 'what is typed arrives at COM1'
"$pvhost" --control control "$pvguest" >out 2>&1 </dev/null
[ $? = 66 ] && grep -q 'another pvhost answers there' out && admin status
ok 'two on one socket'
admin misbehave fwcfg && grep -q '^no_dma no' said && admin misbehave fwcfg no_dma yes
ok 'misbehave'
admin nonsense
[ $? = 1 ] && grep -q 'no command "nonsense"' said
ok 'an unknown command'
admin quit && ends 0 && [ ! -e control ]
ok 'quit'
start --append 'console=serial' && kill -9 "$machine" && { wait "$machine" || :; } 2>/dev/null && [ -S control ]
machine=''
p 0 --control control --append 'run="poweroff"' </dev/null && [ ! -e control ]
ok 'a socket left by another that is dead'
: >control
p 66 --control control </dev/null && complained 'this is there and no socket'
ok 'a file where the socket should be'
echo "1..$n"
exit $bad
