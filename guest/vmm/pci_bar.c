/* SPDX-License-Identifier: ISC */
#include "guest/vmm/pci_bar.h"
#include "guest/bus/format.h"
#include "wire/pci.h"

/* A place in configuration space, of function 0: vmd has no other functions,
 * and no other bus than 0. */
static int
select_word(struct pci_bar *bar, unsigned slot, unsigned offset)
{
	bar->stats->exits++;
	return bar->port->io_write(bar->port->ctx, PCI_PORT_ADDRESS, 4,
	    PCI_ADDRESS(0, slot, 0, offset));
}

static int
read_word(struct pci_bar *bar, unsigned slot, unsigned offset, uint32_t *value)
{
	int error = select_word(bar, slot, offset);

	if (error != PV_OK)
		return error;
	bar->stats->exits++;
	return bar->port->io_read(bar->port->ctx, PCI_PORT_DATA, 4, value);
}

/* Let it answer at its ports.  The upper half of the word is a status where
 * ones clear, so only the lower one is written. */
static int
enable(struct pci_bar *bar, unsigned slot)
{
	uint32_t command;
	int error = read_word(bar, slot, PCI_COMMAND, &command);

	if (error != PV_OK || (command & PCI_COMMAND_IO) != 0)
		return error;
	bar->stats->exits++;
	return bar->port->io_write(bar->port->ctx, PCI_PORT_DATA, 2,
	    (command | PCI_COMMAND_IO) & UINT16_MAX);
}

static int
find(struct pci_bar *bar, uint32_t id, unsigned *slot)
{
	uint32_t value;
	int error;

	for (*slot = 0; *slot < PCI_SLOTS; ++*slot) {
		error = read_word(bar, *slot, PCI_ID, &value);
		if (error != PV_OK)
			return error;
		if (value == id)
			return PV_OK;
	}
	return PV_ENODEV;
}

static int
open_ports(struct pci_bar *bar, uint32_t id, size_t size)
{
	unsigned slot;
	uint32_t base;
	int error = find(bar, id, &slot);

	if (error == PV_OK)
		error = read_word(bar, slot, PCI_BAR0, &bar->value);
	if (error != PV_OK)
		return error;
	base = bar->value & PCI_BAR_IO_MASK;
	if ((bar->value & PCI_BAR_IO) == 0 || base == 0 ||
	    base > UINT16_MAX + 1u - size)
		return PV_EPROTO;
	bar->base = (uint16_t)base;
	pv_format(bar->place, sizeof(bar->place), "00:%x%x.0", slot >> 4,
	    slot & 0xf);
	return enable(bar, slot);
}

int
pci_bar_open(struct pci_bar *bar, const struct pv_port *port,
    struct pv_stats *stats, uint16_t vendor, uint16_t device, size_t size)
{
	*bar = (struct pci_bar){ .port = port, .stats = stats };
	if (port->pci_open != NULL && port->pci_read != NULL &&
	    port->pci_write != NULL && port->pci_close != NULL) {
		bar->device = port->pci_open(port->ctx, vendor, device, size,
		    bar->place, sizeof(bar->place));
		bar->by_platform = bar->device >= 0;
		return bar->by_platform ? PV_OK : bar->device;
	}
	if (port->io_read == NULL || port->io_write == NULL)
		return PV_ENODEV;
	return open_ports(bar, (uint32_t)device << 16 | vendor, size);
}

void
pci_bar_close(struct pci_bar *bar)
{
	if (bar->by_platform)
		bar->port->pci_close(bar->port->ctx, bar->device);
	bar->by_platform = false;
}

int
pci_bar_read(struct pci_bar *bar, unsigned offset, unsigned width,
    uint32_t *value)
{
	const struct pv_port *port = bar->port;

	bar->stats->exits++;
	if (bar->by_platform)
		return port->pci_read(port->ctx, bar->device, offset, width,
		    value);
	return port->io_read(port->ctx, (uint16_t)(bar->base + offset), width,
	    value);
}

int
pci_bar_write(struct pci_bar *bar, unsigned offset, unsigned width,
    uint32_t value)
{
	const struct pv_port *port = bar->port;

	bar->stats->exits++;
	if (bar->by_platform)
		return port->pci_write(port->ctx, bar->device, offset, width,
		    value);
	return port->io_write(port->ctx, (uint16_t)(bar->base + offset), width,
	    value);
}
