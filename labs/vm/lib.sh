# SPDX-License-Identifier: ISC
# What test and bench share; they have set $work, and die().

# add_program FILE: to the payload's root, with its ELF interpreter and its libraries, each at the path that it has
# here, so that whatever the program says about where to find them is still true.
add_program() {
	local file=$1 root=$work/payload/root path
	[ -x "$file" ] || die "no program $file; try scripts/run, or set PVBUS_BUILD"
	install -D -m 755 "$file" "$root$file"
	ln -s "$file" "$root/bin/${file##*/}"
	# Each line is "name => path (address)", or "path (address)" for the interpreter.
	# A static program has none, and ldd fails.
	{ ldd "$file" 2>/dev/null || true; } | sed -n 's/^.*[[:blank:]]\(\/[^ ]*\) (0x.*/\1/p' | while read -r path; do
		install -D -m 755 "$path" "$root$path"
	done
}
