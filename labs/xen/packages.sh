# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The first half of ./build, which sources it: Debian's packages -> $1 (see fetch_packages).  It has set $LC_ALL, say()
# and die().

dom0_modules=(virtio_pci virtio_blk loop brd bridge tun
	xenfs xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xen-blkback xen-netback)
domu_modules=(xenfs xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xen-blkfront xen-netfront fuse cuse)

# real_package META PATTERN: the package with a version in its name that an empty one stands for.
real_package() {
	apt-cache depends "$1" 2>/dev/null |
		awk -v pattern="$2" '$1 == "Depends:" && $2 ~ pattern && !n++ { print $2 } END { exit !n }'
}

# One name a line: Xen, its tools with the libraries that they can load, the kernel.
package_list() {
	local hypervisor tools kernel
	hypervisor=$(real_package xen-system-amd64 '^xen-hypervisor-[0-9]') || return
	tools=$(real_package xen-system-amd64 '^xen-utils-[0-9]') || return
	kernel=$(real_package linux-image-amd64 '^linux-image-[0-9]') || return
	printf '%s\n' "$hypervisor" "$tools" "$kernel" xen-utils-common xenstore-utils \
		qemu-system-xen qemu-system-data seabios busybox-static
	apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
		--no-enhances "$tools" xenstore-utils qemu-system-xen |
		grep -E '^z?lib' | grep -Ev '^lib(perl|python|debian-installer)|:'
}

# download DIR. A user who is not root can do this too, as long as there are lists.
download() {
	local list names
	list=$(package_list) || return 1
	mapfile -t names < <(sort -u <<<"$list")
	say "downloading ${#names[@]} packages"
	(cd "$1" && apt-get -qq -o Acquire::Retries=3 -o "APT::Sandbox::User=$(id -un)" download "${names[@]}")
}

get_packages() {
	mkdir "$1"
	if ! download "$1"; then
		[ "$(id -u)" = 0 ] || die "no download of Xen and a kernel; try (as root): apt-get update"
		flock /var/lib/dpkg apt-get -qq update
		download "$1" || die "no download of Xen and a kernel; this needs Debian's main for amd64"
	fi
}

# unpack_kernel BZIMAGE OUT: the ELF file in it.  Its place is in the setup header (Linux,
# Documentation/arch/x86/boot.rst: setup_sects at 0x1f1, payload_offset at 0x248, payload_length at 0x24c).
unpack_kernel() {
	local start length unpack
	field() { od -An -tu"$3" -j"$2" -N"$3" "$1" | tr -d ' '; }
	start=$((($(field "$1" 0x1f1 1) + 1) * 512 + $(field "$1" 0x248 4)))
	length=$(($(field "$1" 0x24c 4) - 4)) # the last 4 bytes are the unpacked size
	case $(od -An -tx1 -j$start -N2 "$1") in
	" fd 37") unpack=xz ;;
	" 28 b5") unpack=zstd ;;
	*) die "$1: packed neither by xz nor by zstd" ;;
	esac
	dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip=$start count=$length status=none | $unpack -dc >"$2"
}

# take_modules ROOT DIR NAME...: kernel modules, and what they depend on, to DIR, uncompressed for busybox.
take_modules() {
	local root=$1 dir=$2 name pattern file ko depends
	shift 2
	for name; do
		pattern=${name//[-_]/[-_]}
		if grep -q "/$pattern\.ko" "$dir/modules.builtin"; then continue; fi
		file=$(find "$root" -path '*/modules/*' -name "$pattern.ko*" -print -quit)
		case $file in
		*.ko) ko=$file unpack=cat ;;
		*.ko.xz) ko=${file%.xz} unpack='xz -dc' ;;
		*.ko.zst) ko=${file%.zst} unpack='zstd -qdc' ;;
		*) die "the kernel has no module $name" ;;
		esac
		ko=$dir/${ko##*/}
		[ ! -e "$ko" ] || continue
		$unpack "$file" >"$ko"
		IFS=, read -ra depends < <(tr '\0' '\n' <"$ko" | sed -n 's/^depends=//p')
		take_modules "$root" "$dir" "${depends[@]}"
	done
}

# module_tree PKG DEST NAME...: DEST/lib/modules/VERSION with modules.dep
module_tree() {
	local pkg=$1 dest=$2 builtin dir
	shift 2
	builtin=$(find "$pkg/root" -path '*/modules/*' -name modules.builtin)
	dir=$(dirname "$builtin")
	dir=$dest/lib/modules/${dir##*/}
	install -D -m 644 -t "$dir" "$builtin"
	take_modules "$pkg/root" "$dir" "$@"
	"$pkg/busybox" depmod -b "$dest" "${dir##*/}"
}

# fetch_packages DIR: fills it with
#   packages, root/                what was downloaded, and that unpacked
#   xen, vmlinux, vmlinuz          the hypervisor and the kernel; both Xen and xl take seconds for a packed one
#   busybox, dom0-modules/, domu-modules/
fetch_packages() {
	local pkg=$1 deb
	mkdir "$pkg" "$pkg/root"
	get_packages "$pkg/debs"
	say "unpacking"
	for deb in "$pkg"/debs/*.deb; do dpkg-deb -x "$deb" "$pkg/root"; done
	(cd "$pkg/debs" && printf '%s\n' *.deb) >"$pkg/packages"
	rm -rf "$pkg/debs"
	find "$pkg/root" -path "*bin/busybox" -exec cp -t "$pkg" {} +
	gunzip -c "$pkg/root"/boot/xen-[0-9]*.gz >"$pkg/xen"
	cp "$pkg/root"/boot/vmlinuz-* "$pkg/vmlinuz"
	unpack_kernel "$pkg/vmlinuz" "$pkg/vmlinux"
	module_tree "$pkg" "$pkg/dom0-modules" "${dom0_modules[@]}"
	module_tree "$pkg" "$pkg/domu-modules" "${domu_modules[@]}"
	rm -rf "$pkg/root"/{,usr/}lib/modules "$pkg/root/usr/share/doc"
}
