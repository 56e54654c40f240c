# SPDX-License-Identifier: ISC
# shellcheck shell=sh disable=SC2154
# A directory of its own, a hostctl in it, and the pvbusds that a test starts;
# sourced by tests that are given HOSTCTL and PVBUSD.

dir=$(mktemp -d) || exit 1
chmod 755 "$dir"
cp "$1" "$dir/hostctl" || exit 1 # where another user reaches it
hostctl=$dir/hostctl
pvbusd=$(realpath "$2")
daemons=
# shellcheck disable=SC2034 # of hostctl.sh
n=0 bad=0
umask 022
trap 'kill -9 $daemons 2>/dev/null; rm -rf "$dir"' EXIT
# shellcheck source=tests/support/hostctl.sh
. "$(dirname "$0")/../support/hostctl.sh"
cd "$dir" || exit 1
unset XDG_RUNTIME_DIR NOTIFY_SOCKET

until_true() { # COMMAND...: a generous while
	tries=600
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

ended() { # STATUS, of the hostctl in the background
	wait "$client"
	status=$?
	[ $status -eq "$1" ] || {
		echo "# status $status, not $1"
		return 1
	}
}

quiet() {
	[ ! -s err ]
}
# shellcheck disable=SC2317 # by until_true
lines() { # FILE COUNT
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# shellcheck disable=SC2317
answers() { # SOCKET
	"$hostctl" -t -f "$1" >/dev/null 2>&1
}

start() { # DIRECTORY pvbusd's arguments; the process is $daemon
	sockets=$1
	shift
	"$pvbusd" -s "$sockets" "$@" 2>>daemon.log &
	daemon=$!
	daemons="$daemons $daemon"
	until_true answers "$sockets/pvbus0" || {
		echo "Bail out! pvbusd does not start: $(tail -n 1 daemon.log)"
		exit 1
	}
}

if python3 -c 'import json' 2>/dev/null; then
	json() {
		python3 -m json.tool <out >/dev/null
	}
else
	json() { # the outermost brackets, in one line
		[ "$(wc -l <out)" -eq 1 ] && grep -q '^{"schema":1,.*}$' out
	}
fi
