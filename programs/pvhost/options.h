/* SPDX-License-Identifier: ISC */
/* pvhost's command line. */
#ifndef PVHOST_OPTIONS_H
#define PVHOST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define OPTIONS_MANY 16u

struct options {
	const char *image, *initrd, *append;
	const char *faces[2];
	unsigned face_count; /* without any on the line: kvm */
	uint64_t memory;     /* bytes; without: 256 MiB */
	unsigned vcpus;
	const char *disks[OPTIONS_MANY], *nics[OPTIONS_MANY];
	unsigned disk_count, nic_count;
	const char *serial[2]; /* "stdio", "none", a file; COM1 and COM2 */
	/* of port 0xe9; without: "stdio" where no serial port has that */
	const char *debug;
	const char *stores[OPTIONS_MANY]; /* files with initial keys */
	unsigned store_count;
	const char *fwcfg[OPTIONS_MANY]; /* "NAME=FILE", "NAME=text:TEXT" */
	unsigned fwcfg_count;
	const char *oem[OPTIONS_MANY]; /* SMBIOS strings */
	unsigned oem_count;
	const char *control; /* socket */
	unsigned timeout;    /* seconds; 0: none */
	bool verbose;
	bool hypercall_page; /* as without KVM_XEN, for tests */
	/* pvhost -C: words for another one's socket */
	const char *ask;
	char **words;
	unsigned word_count;
};

/* Whether the guest is to see this face. */
static inline bool
options_show(const struct options *options, const char *face)
{
	for (unsigned i = 0; i < options->face_count; i++)
		if (strcmp(options->faces[i], face) == 0)
			return true;
	return false;
}

/* -1: go on; else the status to exit with, all has been said. */
int options_parse(struct options *, int argc, char **argv);

#endif
