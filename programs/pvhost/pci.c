/* SPDX-License-Identifier: ISC */
/*
 * Configuration mechanism #1 and what is configured by it: a host bridge and
 * the devices that faces add.  Numbers are from PCI Local Bus 3.0, 3.2.2.3.2
 * (mechanism) and 6.1, 6.2 (configuration space).
 */
#include "programs/pvhost/pci.h"

#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/parts.h"
#include "wire/endian.h"
#include "wire/pci.h"

#define ADDRESS_KEPT 0x80fffffcu

#define STATUS 0x06u
#define CACHE_LINE 0x0cu /* and the latency, above it */
#define BARS_END (PCI_BAR0 + 4 * PCI_BARS)

#define COMMAND_NO_INTERRUPT 0x0400u
#define COMMAND_WRITABLE 0x0407u
#define COMMAND_START 0x0007u /* ports, memory, bus master */
#define STATUS_INTERRUPT 0x0008u

/* Lines of the I/O APIC that no ISA device has, and those of the two 8259s that
 * PCs give to PCI. */
#define LINES 8u
#define LINE_FIRST 16u
#define LINE_PIC(line) (10u + ((line)&1u))
/* Linux leaves the ports below 0x1000 to ISA. */
#define IO_FIRST 0xc000u
#define IO_END 0x10000u

struct pci {
	struct machine *machine;
	struct port_range address, data;
	uint32_t selected;
	struct pci_device bridge, *devices;
	unsigned slots;
	uint32_t next_io, next_memory;
};

static uint16_t
command(const struct pci_device *device)
{
	return get_le16(device->config + PCI_COMMAND);
}

/* ---- Interrupts ---- */

static bool
interrupts(const struct pci_device *device)
{
	return (device->config[STATUS] & STATUS_INTERRUPT) != 0 &&
	    !(command(device) & COMMAND_NO_INTERRUPT);
}

/* Several devices pull at one line, and two of those at one of the 8259's. */
static void
set_line(struct pci *pci, unsigned line)
{
	bool level = false, level_pic = false;

	for (const struct pci_device *device = pci->devices; device != NULL;
	     device = device->next) {
		if (!device->interrupt || !interrupts(device))
			continue;
		level |= device->line == line;
		level_pic |= LINE_PIC(device->line) == LINE_PIC(line);
	}
	machine_irq(pci->machine, line, level);
	machine_irq(pci->machine, LINE_PIC(line), level_pic);
}

void
pci_interrupt(struct machine *machine, struct pci_device *device, bool level)
{
	uint8_t *status = device->config + STATUS;
	uint8_t before = *status;

	if (!device->interrupt)
		return;
	*status = (uint8_t)(level ? before | STATUS_INTERRUPT
				  : before & ~STATUS_INTERRUPT);
	if (*status != before)
		set_line(machine->pci, device->line);
}

/* ---- Where a device's registers are ---- */

static uint8_t *
bar_at(struct pci_device *device, unsigned bar)
{
	return device->config + PCI_BAR0 + 4 * (size_t)bar;
}

uint32_t
pci_bar_address(const struct pci_device *device, unsigned bar)
{
	const struct pci_bar *it = &device->bars[bar];

	return it->io ? it->range.first : it->address;
}

static void
io_hide(struct pci *pci, struct pci_bar *bar)
{
	if (bar->decoded)
		ports_remove(&pci->machine->ports, &bar->range);
	bar->decoded = false;
}

/* While a guest finds the size, the base is one where no port is. */
static void
io_place(struct pci *pci, struct pci_device *device, unsigned number)
{
	struct pci_bar *bar = &device->bars[number];
	uint32_t base = get_le32(bar_at(device, number)) & ~(bar->size - 1);

	io_hide(pci, bar);
	if (!(command(device) & PCI_COMMAND_IO) || base == 0 || base >= IO_END)
		return;
	bar->range.first = (uint16_t)base;
	bar->range.last = (uint16_t)(base + bar->size - 1);
	ports_add(&pci->machine->ports, &bar->range);
	bar->decoded = true;
}

static void
bar_write(struct pci *pci, struct pci_device *device, unsigned number,
    uint32_t value)
{
	struct pci_bar *bar = &device->bars[number];

	if (bar->size == 0)
		return;
	if (bar->io) {
		put_le32(bar_at(device, number),
		    (value & ~(bar->size - 1)) | PCI_BAR_IO);
		io_place(pci, device, number);
		return;
	}
	/* Memory stays where KVM was told that it is; all that a write does is
	 * to ask for the size. */
	value &= ~(bar->size - 1);
	put_le32(bar_at(device, number),
	    value == ~(bar->size - 1) ? value : bar->address);
}

static bool
bar_make(struct pci *pci, struct pci_device *device, unsigned number)
{
	struct pci_bar *bar = &device->bars[number];
	uint32_t *next = bar->io ? &pci->next_io : &pci->next_memory;
	uint32_t end = bar->io ? IO_END : PCI_MEMORY_END;
	uint32_t least = bar->io ? 4 : MEMORY_PAGE, base;

	if (bar->size == 0)
		return true;
	if (bar->size < least || (bar->size & (bar->size - 1)) != 0)
		return false;
	if (bar->size > end - *next)
		return false;
	base = (*next + bar->size - 1) & ~(bar->size - 1);
	if (base > end - bar->size)
		return false;
	if (!bar->io && !memory_add(&pci->machine->memory, base, bar->size))
		return false;
	*next = base + bar->size;
	bar->address = base;
	put_le32(bar_at(device, number), base | (bar->io ? PCI_BAR_IO : 0));
	if (bar->io)
		io_place(pci, device, number);
	return true;
}

/* ---- Configuration space ---- */

static void
command_write(struct pci *pci, struct pci_device *device, uint32_t value)
{
	uint16_t before = command(device);
	uint16_t now = (uint16_t)(value & COMMAND_WRITABLE);

	put_le16(device->config + PCI_COMMAND, now);
	if ((before ^ now) & PCI_COMMAND_IO)
		for (unsigned i = 0; i < PCI_BARS; i++)
			if (device->bars[i].size != 0 && device->bars[i].io)
				io_place(pci, device, i);
	if (((before ^ now) & COMMAND_NO_INTERRUPT) && device->interrupt)
		set_line(pci, device->line);
}

static void
config_write(struct pci *pci, struct pci_device *device, unsigned at,
    uint32_t value)
{
	if (at == PCI_COMMAND)
		command_write(pci, device, value);
	else if (at >= PCI_BAR0 && at < BARS_END)
		bar_write(pci, device, (at - PCI_BAR0) / 4, value);
	else if (at == CACHE_LINE)
		put_le16(device->config + at, (uint16_t)value);
	else if (at == PCI_INTERRUPT)
		device->config[at] = (uint8_t)value;
}

static struct pci_device *
selected(struct pci *pci)
{
	unsigned slot = pci->selected >> 11 & 0x1f;
	struct pci_device *device = pci->devices;

	/* bus 0, function 0 */
	if (!(pci->selected & PCI_ADDRESS_ENABLE) ||
	    (pci->selected & 0xff0700) != 0)
		return NULL;
	if (slot == 0)
		return &pci->bridge;
	while (device != NULL && device->slot != slot)
		device = device->next;
	return device;
}

static uint32_t
data_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	struct pci *pci = ctx;
	const struct pci_device *device = selected(pci);
	unsigned offset = port - PCI_PORT_DATA;
	uint32_t value = UINT32_MAX;

	(void)vcpu;
	if (device == NULL || offset + width > 4)
		return UINT32_MAX;
	memcpy(&value, device->config + (pci->selected & 0xfc) + offset, width);
	return value;
}

static void
data_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct pci *pci = ctx;
	struct pci_device *device = selected(pci);
	unsigned at = pci->selected & 0xfc, offset = port - PCI_PORT_DATA;
	uint8_t bytes[4];

	(void)vcpu;
	if (device == NULL || offset + width > 4)
		return;
	memcpy(bytes, device->config + at, sizeof(bytes));
	memcpy(bytes + offset, &value, width);
	config_write(pci, device, at, get_le32(bytes));
}

/* Only accesses of 32 bits are the register's. */
static uint32_t
address_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	const struct pci *pci = ctx;

	(void)vcpu;
	return port == PCI_PORT_ADDRESS && width == 4 ? pci->selected
						      : UINT32_MAX;
}

static void
address_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct pci *pci = ctx;

	(void)vcpu;
	if (port == PCI_PORT_ADDRESS && width == 4)
		pci->selected = value & ADDRESS_KEPT;
}

/* ---- Devices ---- */

static void
config_make(struct pci_device *device)
{
	uint8_t *config = device->config;

	memset(config, 0, sizeof(device->config));
	put_le16(config + PCI_ID, device->vendor);
	put_le16(config + PCI_ID + 2, device->device);
	put_le16(config + PCI_COMMAND, COMMAND_START);
	put_le32(config + PCI_CLASS, device->class_code);
	put_le16(config + PCI_SUBSYSTEM, device->subsystem_vendor);
	put_le16(config + PCI_SUBSYSTEM + 2, device->subsystem);
	if (device->interrupt) {
		config[PCI_INTERRUPT] = (uint8_t)LINE_PIC(device->line);
		config[PCI_INTERRUPT + 1] = 1; /* INTA */
	}
}

bool
pci_add(struct pci *pci, struct pci_device *device)
{
	if (pci->slots == PCI_SLOTS)
		return false;
	device->slot = pci->slots;
	device->line = LINE_FIRST + (device->slot - 1) % LINES;
	config_make(device);
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (!bar_make(pci, device, i)) {
			while (i-- > 0)
				io_hide(pci, &device->bars[i]);
			return false;
		}
	pci->slots++;
	device->next = pci->devices;
	pci->devices = device;
	return true;
}

void
pci_remove(struct pci *pci, struct pci_device *device)
{
	struct pci_device **link = &pci->devices;

	while (*link != NULL && *link != device)
		link = &(*link)->next;
	if (*link == NULL)
		return;
	pci_interrupt(pci->machine, device, false);
	for (unsigned i = 0; i < PCI_BARS; i++)
		io_hide(pci, &device->bars[i]);
	*link = device->next;
}

const struct pci_device *
pci_next(const struct pci *pci, const struct pci_device *device)
{
	return device == NULL ? pci->devices : device->next;
}

/* Intel's 82441FX, known to every guest, in its second revision; it has no
 * registers of its own here. */
static const struct pci_device bridge = {
	.vendor = 0x8086,
	.device = 0x1237,
	.class_code = PCI_CLASS_BRIDGE_HOST << 8 | 2,
};

static void *
pci_make(struct machine *machine)
{
	struct pci *pci = calloc(1, sizeof(*pci));

	if (pci == NULL) {
		say("no memory for the PCI bus");
		return NULL;
	}
	pci->machine = machine;
	pci->bridge = bridge;
	config_make(&pci->bridge);
	pci->slots = 1;
	pci->next_io = IO_FIRST;
	pci->next_memory = PCI_MEMORY;
	pci->address = (struct port_range){ .first = PCI_PORT_ADDRESS,
		.last = PCI_PORT_ADDRESS + 3,
		.ctx = pci,
		.in = address_in,
		.out = address_out };
	pci->data = (struct port_range){ .first = PCI_PORT_DATA,
		.last = PCI_PORT_DATA + 3,
		.ctx = pci,
		.in = data_in,
		.out = data_out };
	ports_add(&machine->ports, &pci->address);
	ports_add(&machine->ports, &pci->data);
	machine->pci = pci;
	return pci;
}

/* Its devices are their owners', and have gone before. */
static void
pci_free(void *self)
{
	struct pci *pci = self;

	ports_remove(&pci->machine->ports, &pci->address);
	ports_remove(&pci->machine->ports, &pci->data);
	pci->machine->pci = NULL;
	free(pci);
}

const struct part part_pci = { "pci", pci_make, pci_free };
