#!/bin/sh
# SPDX-License-Identifier: ISC
#
# pvhost_use.sh PVHOST: its command line, where no machine is needed.  TAP.
set -u
# shellcheck source=tests/support/pvhost.sh
. "$(dirname "$0")/../support/pvhost.sh"

p() { # STATUS ARGUMENT...
	expected=$1
	shift
	"$pvhost" "$@" >out 2>err </dev/null
	status=$?
	[ $status = "$expected" ] || {
		echo "# status $status, not $expected"
		return 1
	}
}
said() { # TEXT: on standard error, behind the name, and nothing elsewhere
	grep -q -e "^pvhost: .*$1" err && [ ! -s out ]
}

p 0 -h && grep -q '^usage: pvhost' out && [ ! -s err ]
ok 'help'
p 0 -V && grep -q '^pvhost [0-9]' out && [ ! -s err ]
ok 'version'
p 0 --help && p 0 --version
ok 'and their long names'
p 64 && said 'expected an image'
ok 'no image'
p 64 --face zen image && said 'expected one or two of kvm hyperv vmware xen vmm'
ok 'an unknown face: those there are'
p 64 --face kvm,xen,vmm image && said 'vmm is one too many'
ok 'three faces'
p 64 -m 8 image && said '16 to 4096'
ok 'too little memory'
p 64 -c 9 image && said '1 to 8'
ok 'too many CPUs'
p 64 image -v && said 'stands behind the image'
ok 'an option behind the image'
p 64 --face a -c 0 -m x --nothing && [ "$(grep -c '^pvhost: ' err)" = 5 ]
ok 'a line for each mistake'
p 64 -C socket && said 'expected words'
ok 'no words for another'
p 69 -C nobody status && said 'no pvhost answers there'
ok 'nobody there'
: >file
p 69 -C file status && said 'no pvhost answers there'
ok 'a file that is no socket'
p 64 -C "$(printf '%0120d' 0)" status && said 'at most 107 bytes'
ok 'the name of a socket that is too long'
echo "1..$n"
exit $bad
