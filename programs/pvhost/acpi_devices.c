/* SPDX-License-Identifier: ISC */
/*
 * The DSDT: devices that a guest cannot find by itself, how PCI's interrupts are
 * wired, how the machine is switched off.
 */
#include "programs/pvhost/acpi.h"
#include "programs/pvhost/aml.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/pci.h"
#include "programs/pvhost/power.h"
#include "wire/fwcfg.h"

#define FWCFG_PORTS (FWCFG_PORT_DMA_LOW + 4 - FWCFG_PORT_SELECTOR)

/* Addresses that VMBus may give to devices on it; none has memory. */
#define VMBUS_MEMORY 0xf0000000u
#define VMBUS_MEMORY_END 0xf8000000u

/* 7.4.2: what to write to PM1a's and PM1b's control, and two for nobody. */
static void
soft_off(struct aml *aml)
{
	aml_name(aml, "_S5_");
	aml_package(aml, 4);
	aml_integer(aml, POWER_S5);
	aml_integer(aml, POWER_S5);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_close(aml);
}

/* 6.2.13: any function of a slot, its INTA, no link device, a line. */
static void
routing(const struct machine *machine, struct aml *aml)
{
	const struct pci_device *device = NULL;
	unsigned count = 0;

	while ((device = pci_next(machine->pci, device)) != NULL)
		count += device->interrupt;
	aml_name(aml, "_PRT");
	aml_package(aml, count);
	while ((device = pci_next(machine->pci, device)) != NULL) {
		if (!device->interrupt)
			continue;
		aml_package(aml, 4);
		aml_integer(aml, device->slot << 16 | 0xffff);
		aml_integer(aml, 0);
		aml_integer(aml, 0);
		aml_integer(aml, device->line);
		aml_close(aml);
	}
	aml_close(aml);
}

static void
windows(struct aml *aml)
{
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_window_buses(aml, 0, 0);
	aml_ports(aml, 0xcf8, 8);
	aml_window_ports(aml, 0, 0xcf7);
	aml_window_ports(aml, 0xd00, 0xffff);
	aml_window_memory(aml, PCI_MEMORY, PCI_MEMORY_END - 1);
	aml_resources_close(aml);
}

static void
legacy(struct aml *aml, const char *name, const char *id, unsigned number,
    uint16_t port, uint8_t ports, unsigned irq)
{
	aml_device(aml, name);
	aml_name(aml, "_HID");
	aml_eisa_id(aml, id);
	aml_name(aml, "_UID");
	aml_integer(aml, number);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_ports(aml, port, ports);
	if (irq != 0)
		aml_irq(aml, irq);
	aml_resources_close(aml);
	aml_close(aml);
}

static void
pci_bus(const struct machine *machine, struct aml *aml)
{
	aml_device(aml, "PCI0");
	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0A03");
	aml_name(aml, "_UID");
	aml_integer(aml, 0);
	windows(aml);
	routing(machine, aml);
	legacy(aml, "RTC_", "PNP0B00", 0, 0x70, 2, 0);
	legacy(aml, "COM1", "PNP0501", 1, 0x3f8, 8, 4);
	legacy(aml, "COM2", "PNP0501", 2, 0x2f8, 8, 3);
	aml_close(aml);
}

/*
 * Linux's hv_vmbus does not start without this device, wants its _CRS, and looks
 * for memory for its devices in those of what is above it; Hyper-V has a module
 * device (ACPI0004) there.
 */
static void
vmbus(struct aml *aml)
{
	aml_device(aml, "VMOD");
	aml_name(aml, "_HID");
	aml_string(aml, "ACPI0004");
	aml_name(aml, "_UID");
	aml_integer(aml, 0);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_window_memory(aml, VMBUS_MEMORY, VMBUS_MEMORY_END - 1);
	aml_resources_close(aml);
	aml_device(aml, "VMBS");
	aml_name(aml, "_HID");
	aml_string(aml, "VMBus");
	aml_name(aml, "_UID");
	aml_integer(aml, 0);
	aml_name(aml, "_STA");
	aml_integer(aml, 0xf);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_resources_close(aml);
	aml_close(aml);
	aml_close(aml);
}

/* By which Linux's qemu_fw_cfg finds it; the name is QEMU's
 * (docs/specs/fw_cfg.rst). */
static void
fw_cfg(struct aml *aml)
{
	aml_device(aml, "FWCF");
	aml_name(aml, "_HID");
	aml_string(aml, "QEMU0002");
	aml_name(aml, "_STA");
	aml_integer(aml, 0xb);
	aml_name(aml, "_CRS");
	aml_resources(aml);
	aml_ports(aml, FWCFG_PORT_SELECTOR, FWCFG_PORTS);
	aml_resources_close(aml);
	aml_close(aml);
}

static bool
shows(const struct machine *machine, enum host_face face)
{
	for (unsigned i = 0; i < machine->face_count; i++)
		if (machine->faces[i]->kind->face == face)
			return true;
	return false;
}

void
acpi_devices(const struct machine *machine, struct aml *aml)
{
	soft_off(aml);
	aml_scope(aml, "_SB_");
	pci_bus(machine, aml);
	if (ports_find(&machine->ports, FWCFG_PORT_SELECTOR) != NULL)
		fw_cfg(aml);
	if (shows(machine, HOST_HYPERV))
		vmbus(aml);
	aml_close(aml);
}
