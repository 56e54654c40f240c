/* SPDX-License-Identifier: ISC */
/* OpenBSD's vmm in a simulated machine: a PCI bus, by configuration mechanism
 * #1, with the control device of vmd on it. */
#include "port/sim/sim_private.h"
#include "wire/pci.h"
#include "wire/vmm/vmmci.h"

/* Where vmd puts them. */
#define VMMCI_SLOT 3u
#define VMMCI_BASE 0x1000u
#define BRIDGE_ID 0x06660b5du

static uint32_t
config_word(const struct sim_machine *machine, uint32_t address)
{
	const struct sim_pci *pci = &machine->pci;
	unsigned slot = address >> 11 & 0x1f, offset = address & 0xfc;

	if ((address & PCI_ADDRESS_ENABLE) == 0 || (address >> 16 & 0xff) != 0)
		return UINT32_MAX;
	if (pci->everywhere)
		slot = VMMCI_SLOT;
	if ((address >> 8 & 7) != 0 || pci->ones)
		return UINT32_MAX;
	if (slot == 0)
		return offset == PCI_ID   ? BRIDGE_ID
		    : offset == PCI_CLASS ? PCI_CLASS_BRIDGE_HOST << 8
					  : 0;
	if (slot != VMMCI_SLOT)
		return UINT32_MAX;
	return offset / 4 < SIM_PCI_WORDS ? pci->config[offset / 4] : 0;
}

/* Nothing but the command register can be changed. */
static void
set_config_word(struct sim_machine *machine, unsigned width, uint32_t value)
{
	uint32_t address = machine->pci_address;

	if ((address & PCI_ADDRESS_ENABLE) != 0 && width == 2 &&
	    (address >> 11 & 0x1f) == VMMCI_SLOT &&
	    (address & 0xfc) == PCI_COMMAND)
		machine->pci.config[PCI_COMMAND / 4] = value;
	else
		machine->counts.violations++;
}

/* The offset in the BAR, or false. */
static bool
decodes(const struct sim_machine *machine, uint16_t port, unsigned *offset)
{
	const struct sim_pci *pci = &machine->pci;
	uint32_t base = pci->config[PCI_BAR0 / 4] & PCI_BAR_IO_MASK;

	*offset = port - base;
	return machine->vmmci != NULL &&
	    (pci->config[PCI_COMMAND / 4] & PCI_COMMAND_IO) != 0 &&
	    port >= base && *offset < VMMCI_SIZE;
}

bool
vmm_in(struct sim_machine *machine, uint16_t port, unsigned width,
    uint32_t *value)
{
	unsigned offset;

	if (machine->vmmci == NULL)
		return false;
	if (port == PCI_PORT_ADDRESS && width == 4)
		*value = machine->pci_address;
	else if (port == PCI_PORT_DATA && width == 4)
		*value = config_word(machine, machine->pci_address);
	else if (decodes(machine, port, &offset))
		*value = host_vmmci_in(machine->vmmci, offset, width);
	else
		return false;
	return true;
}

void
vmm_out(struct sim_machine *machine, uint16_t port, unsigned width,
    uint32_t value)
{
	unsigned offset;

	if (machine->vmmci == NULL)
		return;
	if (port == PCI_PORT_ADDRESS && width == 4)
		machine->pci_address = value;
	else if (port == PCI_PORT_DATA)
		set_config_word(machine, width, value);
	else if (decodes(machine, port, &offset))
		host_vmmci_out(machine->vmmci, offset, width, value);
}

static void
interrupt(void *ctx, bool level)
{
	((struct sim_machine *)ctx)->pci.line = level;
}

static void
impatient(void *ctx, uint32_t command)
{
	struct sim_machine *machine = ctx;

	machine->pci.ended = true;
	machine->pci.ended_by = command;
}

/* 2026 began when the world did. */
bool
vmm_init(struct sim_machine *machine)
{
	uint32_t *config = machine->pci.config;

	config[PCI_ID / 4] = (uint32_t)VMMCI_PCI_DEVICE << 16 |
	    VMMCI_PCI_VENDOR;
	config[PCI_COMMAND / 4] = PCI_COMMAND_IO;
	config[PCI_CLASS / 4] = PCI_CLASS_COMMUNICATION_OTHER << 8;
	config[PCI_BAR0 / 4] = VMMCI_BASE | PCI_BAR_IO;
	config[PCI_SUBSYSTEM / 4] = (uint32_t)VMMCI_PCI_SUBSYSTEM << 16 |
	    VMMCI_PCI_VENDOR;
	config[PCI_INTERRUPT / 4] = 0x0105;
	machine->vmmci = host_vmmci_new(
	    &(struct host_vmmci_config){ .world = &machine->world,
		.wall = 1767225600 * PV_SECOND,
		.interrupt = interrupt,
		.impatient = impatient,
		.ctx = machine });
	return machine->vmmci != NULL;
}

struct host_vmmci *
sim_machine_vmmci(struct sim_machine *machine)
{
	return machine->vmmci;
}

struct sim_pci *
sim_machine_pci(struct sim_machine *machine)
{
	return &machine->pci;
}
