/* SPDX-License-Identifier: ISC */
/*
 * SMBIOS (DMTF DSP0134), where guests without EFI look for its anchor (5.2):
 * what the machine says that it is, as its hypervisor does, and the strings of
 * the administrator.
 */
#include <string.h>

#include "host/kvm/smbios.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/firmware.h"
#include "wire/endian.h"

#define ANCHOR_SIZE 24u
#define ANCHOR_ROOM 32u /* structures begin behind it */

/* Since BIOSes of 2023 Linux takes PCI's windows as they are, whatever the
 * memory map says. */
#define DATE "01/01/2026"

/* As each of them has it: its guests look at these where CPUID tells nothing. */
static const struct host_smbios_system systems[HOST_FACES] = {
	[HOST_KVM] = { .bios_vendor = "pvbus",
	    .manufacturer = "pvbus",
	    .product = "pvhost" },
	[HOST_HYPERV] = { .bios_vendor = "Microsoft Corporation",
	    .bios_version = "Hyper-V UEFI Release v4.1",
	    .manufacturer = "Microsoft Corporation",
	    .product = "Virtual Machine",
	    .version = "Hyper-V UEFI Release v4.1" },
	/* The serial number is the UUID's bytes; the table has those of its
	 * first three fields turned round (7.2.1). */
	[HOST_VMWARE] = { .bios_vendor = "VMware, Inc.",
	    .bios_version = "VMW71.00V",
	    .manufacturer = "VMware, Inc.",
	    .product = "VMware Virtual Platform",
	    .version = "None",
	    .serial = "VMware-56 4d 70 76 62 75 73 00-"
		      "80 00 00 00 00 00 00 01",
	    .uuid = { 0x76, 0x70, 0x4d, 0x56, 0x75, 0x62, 0x00, 0x73, 0x80, 0,
		0, 0, 0, 0, 0, 1 } },
	[HOST_XEN] = { .bios_vendor = "Xen",
	    .bios_version = "4.17",
	    .manufacturer = "Xen",
	    .product = "HVM domU",
	    .version = "4.17" },
	[HOST_VMM] = { .bios_vendor = "OpenBSD",
	    .manufacturer = "OpenBSD",
	    .product = "VMM" },
};

static void
anchor_write(uint8_t anchor[ANCHOR_SIZE], size_t size)
{
	uint8_t sum = 0;

	memset(anchor, 0, ANCHOR_SIZE);
	memcpy(anchor, "_SM3_", 5);
	anchor[6] = ANCHOR_SIZE;
	anchor[7] = 3; /* 3.0 */
	anchor[10] = 1;
	put_le32(anchor + 12, (uint32_t)size);
	put_le32(anchor + 16, (uint32_t)(MEMORY_SMBIOS + ANCHOR_ROOM));
	for (unsigned i = 0; i < ANCHOR_SIZE; i++)
		sum = (uint8_t)(sum + anchor[i]);
	anchor[5] = (uint8_t)-sum;
}

static bool
place(struct machine *machine, const struct host_smbios *smbios)
{
	const size_t room = MEMORY_HIGH - MEMORY_SMBIOS - ANCHOR_ROOM;
	uint8_t anchor[ANCHOR_SIZE];

	if (smbios->size > room) {
		say("SMBIOS: expected at most %zu bytes with all OEM strings, "
		    "got %zu; try fewer or shorter ones, or fw_cfg",
		    room, smbios->size);
		return false;
	}
	anchor_write(anchor, smbios->size);
	if (memory_write(&machine->memory, MEMORY_SMBIOS, anchor,
		sizeof(anchor)) &&
	    memory_write(&machine->memory, MEMORY_SMBIOS + ANCHOR_ROOM,
		smbios->bytes, smbios->size))
		return true;
	say("SMBIOS: expected memory at %#llx, got none; try more of it",
	    MEMORY_SMBIOS);
	return false;
}

static const struct host_smbios_system *
the_system(const struct machine *machine, struct host_smbios_system *room)
{
	enum host_face face = machine->face_count == 0
	    ? HOST_KVM
	    : machine->faces[0]->kind->face;

	*room = systems[face];
	room->bios_date = DATE;
	return room;
}

bool
smbios_write(struct machine *machine)
{
	const struct options *options = &machine->options;
	struct host_smbios_system room;
	struct host_smbios smbios;
	bool done;

	for (unsigned i = 0; i < options->oem_count; i++)
		if (*options->oem[i] == '\0') {
			say("SMBIOS: expected a text as OEM string %u, got an "
			    "empty one; try to leave it out",
			    i + 1);
			return false;
		}
	if (!host_smbios_build_of(&smbios, the_system(machine, &room),
		options->oem, options->oem_count)) {
		say("SMBIOS: no memory for the table");
		return false;
	}
	done = place(machine, &smbios);
	host_smbios_free(&smbios);
	return done;
}
