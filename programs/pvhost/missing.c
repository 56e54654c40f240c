/* SPDX-License-Identifier: ISC */
/* While pvhost is being written: what others have not put in place yet. */
#include <string.h>

#include "programs/pvhost/disk.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"

#define WEAK __attribute__((weak))

static int nothing;

static void *
part_make(struct machine *machine)
{
	(void)machine;
	return &nothing;
}

static void *
face_make(struct machine *machine, uint32_t base)
{
	(void)machine;
	(void)base;
	return &nothing;
}

static void
nothing_free(void *self)
{
	(void)self;
}

#define PART(name)                                                    \
	WEAK const struct part part_##name = { #name, part_make,      \
		nothing_free }
PART(pci);
PART(power);
PART(rtc);
PART(serial);
PART(debug);
PART(fwcfg);
PART(control);

#define FACE(name, which)                                             \
	WEAK const struct face_kind face_##name = { .face = which,    \
		.make = face_make,                                    \
		.free = nothing_free }
FACE(kvm, HOST_KVM);
FACE(hyperv, HOST_HYPERV);
FACE(vmware, HOST_VMWARE);
FACE(xen, HOST_XEN);
FACE(vmm, HOST_VMM);

WEAK const struct nic_kind nic_tap = { 0 };
WEAK const struct nic_kind nic_user = { 0 };
WEAK const struct nic_kind nic_peer = { 0 };

WEAK uint64_t
firmware_write(struct machine *machine)
{
	(void)machine;
	return MEMORY_TABLES;
}

WEAK bool
store_load(struct machine *machine)
{
	(void)machine;
	return true;
}

WEAK int
control_ask(const struct options *options)
{
	(void)options;
	return EXIT_USAGE;
}

WEAK struct disk *
disk_open(const char *words, unsigned number, struct reply *reply)
{
	(void)words;
	(void)number;
	(void)reply;
	return NULL;
}

WEAK void
disk_close(struct disk *disk)
{
	(void)disk;
}

WEAK struct nic *
nic_open(struct machine *machine, const char *words, unsigned number,
    struct reply *reply)
{
	(void)machine;
	(void)words;
	(void)number;
	(void)reply;
	return NULL;
}

WEAK void
nic_close(struct nic *nic)
{
	(void)nic;
}

WEAK bool
reply_no(struct reply *reply, const char *format, ...)
{
	(void)reply;
	(void)format;
	return false;
}

WEAK void
reply_free(struct reply *reply)
{
	(void)reply;
}

/* IMAGE FACE COMMAND-LINE */
WEAK int
options_parse(struct options *options, int argc, char **argv)
{
	memset(options, 0, sizeof(*options));
	options->memory = 256u << 20;
	options->vcpus = 1;
	options->face_count = 1;
	options->faces[0] = argc > 2 ? argv[2] : "kvm";
	options->image = argv[1];
	options->append = argc > 3 ? argv[3] : "";
	options->serial[0] = options->debug = "stdio";
	options->serial[1] = "none";
	options->timeout = 20;
	options->verbose = true;
	return -1;
}
