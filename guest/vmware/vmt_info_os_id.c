/* SPDX-License-Identifier: ISC */
/*
 * VMware's own names of operating systems.  A host ignores a name that it does
 * not know, and then shows nothing: so distributions that no host knows
 * (Gentoo, Arch, Alpine, NixOS, …) are told by their kernel.
 * Source: open-vm-tools lib/include/guest_os_tables.h (what hosts know),
 * guest_os.h (as tools write it), lib/misc/hostinfoPosix.c (version and word
 * size behind it); ids: os-release(5) of each distribution.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt_info.h"

/* What stands behind a name. */
enum rule {
	PLAIN,
	/* the version from `first` on, up to `last` where that is not 0; below
	 * `first` what `old` says, NULL: the kernel tells */
	VERSION
};

static const struct system {
	const char *id, *name;
	enum rule rule;
	unsigned first, last;
	const char *old;
} systems[] = {
	{ "almalinux", "almaLinux", PLAIN, 0, 0, NULL },
	/* 2023 came after 2, and VMware's list has a 3 after it; no host was
	 * seen to say that these are the same */
	{ "amzn", "amazonlinux", VERSION, 2, 3, "amazonlinux2" },
	{ "asianux", "asianux", VERSION, 3, 0, "asianux3" },
	{ "centos", "centos", VERSION, 6, 0, "centos" },
	{ "debian", "debian", VERSION, 4, 0, NULL },
	{ "fedora", "fedora", PLAIN, 0, 0, NULL },
	{ "flatcar", "flatcar", PLAIN, 0, 0, NULL },
	{ "freebsd", "freeBSD", VERSION, 11, 0, "freeBSD" },
	{ "fusionos", "fusionos", PLAIN, 0, 0, NULL },
	{ "kylin", "kylinlinux", PLAIN, 0, 0, NULL },
	{ "mandriva", "mandriva", PLAIN, 0, 0, NULL },
	{ "miraclelinux", "miraclelinux", PLAIN, 0, 0, NULL },
	{ "ol", "oraclelinux", VERSION, 6, 0, "oraclelinux" },
	{ "opensuse", "opensuse", PLAIN, 0, 0, NULL },
	{ "opensuse-leap", "opensuse", PLAIN, 0, 0, NULL },
	{ "opensuse-microos", "opensuse", PLAIN, 0, 0, NULL },
	{ "opensuse-tumbleweed", "opensuse", PLAIN, 0, 0, NULL },
	{ "pardus", "pardus", PLAIN, 0, 0, NULL },
	{ "photon", "vmware-photon", PLAIN, 0, 0, NULL },
	{ "prolinux", "prolinux", PLAIN, 0, 0, NULL },
	{ "rhel", "rhel", VERSION, 2, 0, NULL },
	{ "rocky", "rockyLinux", PLAIN, 0, 0, NULL },
	{ "sled", "sles", VERSION, 10, 0, "sles" },
	{ "sles", "sles", VERSION, 10, 0, "sles" },
	{ "sles_sap", "sles", VERSION, 10, 0, "sles" },
	{ "suse", "suse", PLAIN, 0, 0, NULL },
	{ "ubuntu", "ubuntu", PLAIN, 0, 0, NULL },
};

/* No system has had so many. */
#define VERSION_MAX 9999u

/* The number that a text begins with; 0: none, or no version. */
static unsigned
number(const char *text, const char **end)
{
	unsigned value = 0;

	while (*text >= '0' && *text <= '9' && value <= VERSION_MAX)
		value = value * 10 + (unsigned)(*text++ - '0');
	if (end != NULL)
		*end = text;
	return value <= VERSION_MAX ? value : 0;
}

static bool
same(const char *a, const char *b)
{
	size_t len = strlen(a);

	return strlen(b) == len && memcmp(a, b, len) == 0;
}

static bool
starts(const char *text, const char *with)
{
	size_t len = strlen(with);

	return strlen(text) >= len && memcmp(text, with, len) == 0;
}

static bool
contains(const char *text, const char *part)
{
	for (; *text != '\0'; text++)
		if (starts(text, part))
			return true;
	return false;
}

/* False: told by the kernel. */
static bool
put_system(struct writer *writer, const struct system *system,
    const char *version)
{
	unsigned value = number(version, NULL);

	if (system->rule == VERSION && value < system->first) {
		if (system->old == NULL)
			return false;
		write_text(writer, system->old);
		return true;
	}
	write_text(writer, system->name);
	if (system->rule == VERSION)
		write_decimal(writer,
		    system->last != 0 && value > system->last ? system->last
							      : value);
	return true;
}

static void
put_kernel(struct writer *writer, const struct vmt_os *os)
{
	const char *rest;
	unsigned major = number(os->build, &rest);
	unsigned minor = *rest == '.' ? number(rest + 1, NULL) : 0;

	if (!same(os->family, "Linux"))
		write_text(writer, "other");
	else if (major == 2 && (minor == 4 || minor == 5))
		write_text(writer, "other24xlinux");
	else if (major == 2 && minor >= 6)
		write_text(writer, "other26xlinux");
	else if (major < 3)
		write_text(writer, "otherlinux");
	else if (major >= 7)
		write_text(writer, "other7xlinux"); /* "and later" */
	else {
		write_text(writer, "other");
		write_decimal(writer, major);
		write_text(writer, "xlinux");
	}
}

void
vmt_os_id(const struct vmt_os *os, char *to, size_t room)
{
	const struct system *found = NULL;
	const char *id = os->id;
	struct writer writer;

	writer_init(&writer, to, room - 1);
	if (starts(os->architecture, "aarch64") ||
	    starts(os->architecture, "arm"))
		write_text(&writer, "arm-");
	if (id[0] == '\0' && same(os->family, "FreeBSD"))
		id = "freebsd";
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (same(systems[i].id, id))
			found = &systems[i];
	if (found == NULL || !put_system(&writer, found, os->version))
		put_kernel(&writer, os);
	if (contains(os->architecture, "64"))
		write_text(&writer, "-64");
	to[writer.full ? 0 : writer.len] = '\0';
}
