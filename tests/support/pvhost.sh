# SPDX-License-Identifier: ISC
# shellcheck shell=sh disable=SC2034
# A directory of its own, a pvhost, and its machines; sourced by tests that are
# given PVHOST, and most of them PVGUEST.

pvhost=$(realpath "$1")
pvguest=$(realpath "${2:-$1}")
dir=$(mktemp -d) || exit 1
machine='' # the process of one in the background
trap '[ -z "$machine" ] || kill -9 "$machine" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 1
n=0 bad=0

ok() { # NAME: what came before went well
	status=$?
	n=$((n + 1))
	if [ $status = 0 ]; then
		echo "ok $n - $1"
	else
		bad=1
		echo "not ok $n - $1"
		sed 's/^/# /' log out err said 2>/dev/null | tail -n 20
	fi
}

until_true() { # COMMAND...: a generous while
	tries=600
	until "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}
