# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# What the two tests of hostctl share; they have set $hostctl, n=0 and bad=0, and
# are in a directory of their own.  TAP.

ok() { # NAME, after a test
	result=$?
	n=$((n + 1))
	if [ $result -eq 0 ]; then
		echo "ok $n - $1"
	else
		bad=$((bad + 1))
		echo "not ok $n - $1"
		head -c 600 out | sed 's/^/# out: /'
		echo
		head -c 600 err | sed 's/^/# err: /'
	fi
}

skip() { # NAME WHY
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

h() { # STATUS hostctl's arguments
	expected=$1
	shift
	"$hostctl" "$@" >out 2>err </dev/null
	status=$?
	[ $status -eq "$expected" ] || {
		echo "# status $status, not $expected"
		return 1
	}
}

is() { # TEXT: the output, exactly
	# shellcheck disable=SC2059
	printf -- "$1" | cmp -s - out
}
says() { # a part of the message
	grep -qF -e "$1" err
}
