# SPDX-License-Identifier: ISC
# What scripts/run and scripts/test share; sourced by them, from the top.

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_missing "COMMAND-OR-FILE PACKAGE"...: packages whose command or file is not there.
install_missing() {
	local pair thing missing=''
	for pair; do
		thing=${pair% *}
		case $thing in
		*/*) compgen -G "$thing" >/dev/null || missing="$missing ${pair##* }" ;;
		*) command -v "$thing" >/dev/null || missing="$missing ${pair##* }" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null ||
		die "not there:$missing (these are Debian's names; this is no Debian, so install them by hand)"
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
		die "needs root to install packages, and there is no sudo: as root, apt-get install$missing"
	say "installing$missing"
	# shellcheck disable=SC2086 # a list
	install_packages $missing
}

# A new machine has no package lists, an old one outdated ones: try, then update and try again.
install_packages() {
	local log=$scratch/apt.log
	local apt=(as_root env DEBIAN_FRONTEND=noninteractive flock /var/lib/dpkg apt-get) # one at a time: labs run in pairs
	if ! "${apt[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1; then
		"${apt[@]}" update >>"$log" 2>&1 || true
		"${apt[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1 || {
			tail -n 20 "$log" >&2
			die "the packages could not be installed (above: what apt-get said)"
		}
	fi
}

build_tools=(
	'cc gcc'
	'/usr/include/stdlib.h libc6-dev'
	'/usr/include/linux/ioctl.h linux-libc-dev'
	'meson meson'
	'ninja ninja-build'
	'pkg-config pkg-config'
	'/usr/include/fuse3/cuse_lowlevel.h libfuse3-dev'
	'/usr/include/slirp/libslirp.h libslirp-dev'
)

# configure DIR OPTION...: a build directory with these options, new or not.
configure() {
	local dir=$1 log=$scratch/meson.log
	shift
	if [ -e "$dir/build.ninja" ]; then
		meson configure "$dir" "$@" >"$log" 2>&1
	else
		meson setup "$dir" "$@" >"$log" 2>&1
	fi || {
		tail -n 20 "$log" >&2
		die "meson could not configure $dir; if it is left over from another machine, remove it"
	}
}

# compile DIR: quiet when all is well.
compile() {
	local log=$scratch/ninja.log
	ninja -C "$1" >"$log" 2>&1 || {
		grep -v '^\[' "$log" | tail -n 40 >&2
		die "$1 did not compile"
	}
}
