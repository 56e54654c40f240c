/* SPDX-License-Identifier: ISC */
/*
 * The PCI device by which HVM guests find Xen: its memory is where Linux and
 * Windows put the grant table, its interrupt is the one of guests that take
 * events by no vector.  Numbers are those of Xen's docs (pci-device-reservations)
 * and of hvm/params.h.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "programs/pvhost/face_xen.h"
#include "wire/xen/hypercall.h"

#define XENSOURCE 0x5853u
#define PLATFORM 0x0001u
#define CLASS_OTHER_SYSTEM 0xff8000u
#define PORTS 256u
#define PAGES (16u << 20)

#define CALLBACK_GSIS 24u

/* A guest that starts by PVH's entry has no PCI bus of Xen's; other images, as
 * Linux's bzImage, are for HVM guests. */
static bool
is_pvh(const struct machine *machine)
{
	char magic[4] = "";
	int fd = machine->options.image != NULL
	    ? open(machine->options.image, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
	    : -1;
	bool elf;

	if (fd < 0)
		return false;
	elf = read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	    memcmp(magic, "\177ELF", 4) == 0;
	close(fd);
	return elf;
}

bool
face_xen_platform(struct face_xen *face)
{
	if (is_pvh(face->machine))
		return true;
	face->platform = (struct pci_device){
		.vendor = XENSOURCE,
		.device = PLATFORM,
		.subsystem_vendor = XENSOURCE,
		.subsystem = PLATFORM,
		.class_code = CLASS_OTHER_SYSTEM << 8 | 1,
		.interrupt = true,
		/* nobody answers at its ports */
		.bars = { { .size = PORTS, .io = true }, { .size = PAGES } },
	};
	if (!pci_add(face->machine->pci, &face->platform)) {
		say("xen: no room for its PCI device");
		return false;
	}
	face->has_platform = true;
	return true;
}

/* Of devices there is one. */
void
face_xen_line(void *self, uint64_t callback, bool level)
{
	struct face_xen *face = self;
	uint32_t number = (uint32_t)callback;

	switch (callback >> XEN_HVM_CALLBACK_TYPE_SHIFT) {
	case XEN_HVM_CALLBACK_TYPE_GSI:
		if (number < CALLBACK_GSIS)
			machine_irq(face->machine, number, level);
		break;
	case XEN_HVM_CALLBACK_TYPE_INTX:
		if (face->has_platform)
			pci_interrupt(face->machine, &face->platform, level);
		break;
	default:
		break;
	}
}
