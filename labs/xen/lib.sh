# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: ISC
#
# What test and bench share; they have set $here, $work, and die().
build=$(realpath -m -- "${PVBUS_BUILD:-$here/../../build}")

# compile PROGRAM...: from tools/, linked statically, as dom0 and the guests have other libraries or none.
compile() {
	local program
	mkdir -p "$work/tools"
	for program; do
		"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -static -o "$work/tools/$program" "$here/tools/$program.c" \
			2>"$work/errors" || die "cannot compile tools/$program.c: $(head -n 3 "$work/errors")"
	done
}

# add_program FILE: to the Linux guest, with its ELF interpreter and its libraries, each at the path that it has here.
# Those of the lab's own programs lie elsewhere or, where the machine has the same Debian, are the same.
add_program() {
	local file=$1 root=$work/domu path
	[ -x "$file" ] || die "no program $file; try scripts/run, or set PVBUS_BUILD"
	install -D -m 755 "$file" "$root$file"
	ln -s "$file" "$root/overlay/bin/${file##*/}"
	# Each line is "name => path (address)", or "path (address)" for the interpreter.
	{ ldd "$file" 2>/dev/null || true; } | sed -n 's/^.*[[:blank:]]\(\/[^ ]*\) (0x.*/\1/p' | while read -r path; do
		install -D -m 755 "$path" "$root$path"
	done
}

# make_payload SCRIPT: $work/payload with cases/SCRIPT as run.sh, the tools, pvguest and the Linux guest's files
make_payload() {
	local payload=$work/payload domu=$work/domu
	compile pattern peer frames blocks
	mkdir -p "$payload/bin" "$domu/overlay/bin"
	cp "$work"/tools/{pattern,peer} "$payload/bin/"
	cp "$work"/tools/{pattern,frames,blocks} "$domu/overlay/bin/"
	[ -f "$build/pvguest.elf" ] || die "no $build/pvguest.elf; try scripts/run, or set PVBUS_BUILD"
	cp "$build/pvguest.elf" "$payload/"
	install -m 755 "$here/cases/$1" "$payload/run.sh"
	install -m 755 "$here/cases/agent" "$domu/overlay/run.sh"
	add_program "$build/pvbusd"
	add_program "$build/hostctl"
	(cd "$domu" && find . | sort | cpio --quiet -o -H newc -R 0:0) >"$payload/domu.img"
}
