/* SPDX-License-Identifier: ISC */
#include "guest/kvm/fwcfg_ports.h"
#include "guest/bus/libc.h"
#include "wire/endian.h"
#include "wire/fwcfg.h"

/* The largest read of the device in one exit. */
#define BOUNCE_PAGES 16u
#define BOUNCE_SIZE (BOUNCE_PAGES * PV_PAGE_SIZE)
#define DMA_PAGES (1u + BOUNCE_PAGES)

/* Bytes by the data port in one step: each is an exit of some microseconds. */
#define PORT_PIECE 1024u

/* A host that has taken longer has lost the descriptor. */
#define DMA_TIMEOUT (5 * PV_SECOND)

static int
write_port(struct fwcfg_ports *ports, uint16_t port, unsigned width,
    uint32_t value)
{
	ports->stats->exits++;
	return ports->port->io_write(ports->port->ctx, port, width, value);
}

static int
read_data(struct fwcfg_ports *ports, uint8_t *to, size_t count)
{
	const struct pv_port *port = ports->port;
	uint32_t value;
	int error;

	if (port->io_read_string != NULL) {
		ports->stats->exits++;
		return port->io_read_string(port->ctx, FWCFG_PORT_DATA, to,
		    count);
	}
	for (size_t i = 0; i < count; i++) {
		ports->stats->exits++;
		error = port->io_read(port->ctx, FWCFG_PORT_DATA, 1, &value);
		if (error != PV_OK)
			return error;
		to[i] = (uint8_t)value;
	}
	return PV_OK;
}

/* By the data port alone: what every fw_cfg can, and enough to know it by. */
static int
read_by_port(struct fwcfg_ports *ports, uint16_t key, uint8_t *to, size_t size)
{
	int error = write_port(ports, FWCFG_PORT_SELECTOR, 2, key);

	return error != PV_OK ? error : read_data(ports, to, size);
}

static void
open_dma(struct fwcfg_ports *ports)
{
	const struct pv_port *port = ports->port;
	uint8_t features[4];

	if (port->pages_alloc == NULL || port->pages_free == NULL)
		return;
	if (read_by_port(ports, FWCFG_KEY_FEATURES, features,
		sizeof(features)) != PV_OK)
		return;
	if ((get_le32(features) & FWCFG_FEATURE_DMA) == 0)
		return;
	ports->pages = port->pages_alloc(port->ctx, DMA_PAGES,
	    &ports->physical);
	ports->dma = ports->pages != NULL;
}

int
fwcfg_ports_open(struct fwcfg_ports *ports, const struct pv_port *port,
    struct pv_stats *stats)
{
	uint8_t signature[FWCFG_SIGNATURE_SIZE];

	if (port->io_read == NULL || port->io_write == NULL)
		return PV_ENODEV;
	*ports = (struct fwcfg_ports){ .port = port, .stats = stats };
	if (read_by_port(ports, FWCFG_KEY_SIGNATURE, signature,
		sizeof(signature)) != PV_OK ||
	    memcmp(signature, FWCFG_SIGNATURE, sizeof(signature)) != 0)
		return PV_ENODEV;
	open_dma(ports);
	return PV_OK;
}

void
fwcfg_ports_close(struct fwcfg_ports *ports)
{
	/* Pages that the host may still write to are lost, not reused. */
	if (ports->pages != NULL && !ports->leaked && !ports->submitted)
		ports->port->pages_free(ports->port->ctx, ports->pages,
		    DMA_PAGES);
	ports->pages = NULL;
}

void
fwcfg_ports_begin(struct fwcfg_ports *ports, uint16_t key, uint64_t offset,
    void *to, size_t size)
{
	ports->active = true;
	ports->selected = false;
	ports->piece = 0;
	ports->wanted = true;
	ports->key = key;
	ports->skip = offset;
	ports->to = to;
	ports->left = size;
}

void
fwcfg_ports_abandon(struct fwcfg_ports *ports)
{
	ports->wanted = false;
	ports->to = NULL;
	ports->left = 0;
	ports->skip = 0;
	if (!ports->submitted)
		ports->active = false;
}

bool
fwcfg_ports_ready(const struct fwcfg_ports *ports)
{
	return ports->active && !ports->submitted;
}

/* One descriptor either skips or reads; the first also selects the key. */
static int
dma_submit(struct fwcfg_ports *ports)
{
	uint32_t control = FWCFG_DMA_READ;
	uint32_t high = (uint32_t)(ports->physical >> 32);
	int error = PV_OK;

	if (ports->skip > 0) {
		control = FWCFG_DMA_SKIP;
		ports->piece = (size_t)ports->skip;
		ports->skip = 0;
	} else
		ports->piece = ports->left < BOUNCE_SIZE ? ports->left
							 : BOUNCE_SIZE;
	if (!ports->selected)
		control |= FWCFG_DMA_SELECT | (uint32_t)ports->key << 16;
	put_be32(ports->pages + FWCFG_DMA_LENGTH, (uint32_t)ports->piece);
	put_be64(ports->pages + FWCFG_DMA_ADDRESS,
	    ports->physical + PV_PAGE_SIZE);
	put_be32(ports->pages + FWCFG_DMA_CONTROL, control);
	if (control & FWCFG_DMA_SKIP)
		ports->piece = 0;
	ports->selected = true;
	ports->submitted = true;
	ports->deadline = ports->port->now(ports->port->ctx) + DMA_TIMEOUT;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	/* The upper half is 0 until written, and again after each transfer;
	 * the lower one starts it, and is the only exit below 4 GiB. */
	if (high != 0) {
		uint8_t bytes[4];

		put_be32(bytes, high);
		error = write_port(ports, FWCFG_PORT_DMA_HIGH, 4,
		    get_le32(bytes));
	}
	if (error == PV_OK) {
		uint8_t bytes[4];

		put_be32(bytes, (uint32_t)ports->physical);
		error = write_port(ports, FWCFG_PORT_DMA_LOW, 4,
		    get_le32(bytes));
	}
	if (error != PV_OK)
		ports->submitted = false;
	return error;
}

/* The host clears the control word when it is done. */
static int
dma_check(struct fwcfg_ports *ports)
{
	uint32_t word = *(volatile uint32_t *)(void *)ports->pages;
	uint32_t control = get_be32(&word);

	if (control & FWCFG_DMA_ERROR) {
		ports->submitted = false;
		return PV_EIO;
	}
	if (control != 0) {
		if (ports->port->now(ports->port->ctx) < ports->deadline)
			return PV_EAGAIN;
		ports->leaked = true;
		return PV_ETIMEDOUT;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	ports->submitted = false;
	if (!ports->wanted || ports->piece == 0)
		return PV_OK;
	memcpy(ports->to, ports->pages + PV_PAGE_SIZE, ports->piece);
	ports->stats->copies++;
	ports->to += ports->piece;
	ports->left -= ports->piece;
	return PV_OK;
}

static int
dma_step(struct fwcfg_ports *ports)
{
	int error = PV_OK;

	if (!ports->submitted)
		error = dma_submit(ports);
	return error != PV_OK ? error : dma_check(ports);
}

static int
port_step(struct fwcfg_ports *ports)
{
	uint8_t skipped[256];
	size_t size;
	int error;

	if (!ports->selected) {
		ports->selected = true;
		error = write_port(ports, FWCFG_PORT_SELECTOR, 2, ports->key);
		if (error != PV_OK)
			return error;
	}
	if (ports->skip > 0) {
		size = ports->skip < sizeof(skipped) ? (size_t)ports->skip
						     : sizeof(skipped);
		ports->skip -= size;
		return read_data(ports, skipped, size);
	}
	size = ports->left < PORT_PIECE ? ports->left : PORT_PIECE;
	error = read_data(ports, ports->to, size);
	ports->to += size;
	ports->left -= size;
	return error;
}

int
fwcfg_ports_step(struct fwcfg_ports *ports)
{
	int error = PV_OK;

	if (ports->leaked) {
		/* the descriptor of another transfer is still out there */
		ports->active = false;
		return PV_ETIMEDOUT;
	}
	if (ports->left > 0 || ports->submitted)
		error = ports->dma ? dma_step(ports) : port_step(ports);
	if (error == PV_EAGAIN ||
	    (error == PV_OK && (ports->left > 0 || ports->submitted)))
		return PV_EAGAIN;
	ports->active = false;
	return error;
}

int
fwcfg_ports_read(struct fwcfg_ports *ports, uint16_t key, uint64_t offset,
    void *to, size_t size)
{
	const struct pv_port *port = ports->port;
	int error;

	fwcfg_ports_begin(ports, key, offset, to, size);
	while ((error = fwcfg_ports_step(ports)) == PV_EAGAIN)
		if (!fwcfg_ports_ready(ports) && port->wait != NULL)
			port->wait(port->ctx, ports->deadline);
	return error;
}
