/* SPDX-License-Identifier: ISC */
/* fwcfg: the files that the host gives, as keys of the store. */
#include "guest/kvm/fwcfg.h"
#include "guest/bus/libc.h"
#include "wire/endian.h"

/* kv->scratch[1] is the file's number; kv->len, until the answer, how much of it
 * is wanted. */
static void
answer(struct fwcfg *fwcfg, struct pv_kv *kv, int error)
{
	struct pv_kv **link = &fwcfg->queue;

	while (*link != kv)
		link = &(*link)->store_next;
	*link = kv->store_next;
	if (error == PV_OK)
		fwcfg->device->stats.bytes += kv->len;
	else
		kv->len = 0;
	pv_kv_done(fwcfg->device->bus, kv, error);
}

static void
begin(struct fwcfg *fwcfg)
{
	struct pv_kv *kv = fwcfg->queue;

	fwcfg_ports_begin(&fwcfg->ports, (uint16_t)kv->scratch[1], kv->offset,
	    kv->value, kv->len);
}

/* A host that lost a descriptor may write to the pages at any time. */
static void
broken(struct fwcfg *fwcfg)
{
	pv_device_broken(fwcfg->device, "the host does not end a DMA transfer");
	fwcfg->device->stats.bad_state++;
	while (fwcfg->queue != NULL)
		answer(fwcfg, fwcfg->queue, PV_EIO);
}

static bool
poll_ports(struct fwcfg *fwcfg, unsigned budget)
{
	struct fwcfg_ports *ports = &fwcfg->ports;
	int error;

	for (; budget > 0; budget--) {
		if (!ports->active) {
			if (fwcfg->queue == NULL)
				return false;
			begin(fwcfg);
		}
		error = fwcfg_ports_step(ports);
		if (error == PV_EAGAIN && !fwcfg_ports_ready(ports))
			return false;
		if (error == PV_EAGAIN)
			continue;
		if (error == PV_ETIMEDOUT) {
			broken(fwcfg);
			return false;
		}
		if (ports->wanted && fwcfg->queue != NULL)
			answer(fwcfg, fwcfg->queue, error);
	}
	return ports->active || fwcfg->queue != NULL;
}

/* What the platform has at hand goes out, also past a file that it is still
 * fetching.  A completion can change the queue, so begin anew after each. */
static bool
poll_platform(struct fwcfg *fwcfg, unsigned budget)
{
	const struct pv_port *port = pv_bus_port(fwcfg->device->bus);
	struct pv_kv *kv = fwcfg->queue;
	long got;

	while (kv != NULL && budget > 0) {
		got = port->fw_read(port->ctx, (uint32_t)kv->scratch[1],
		    kv->offset, kv->value, kv->len);
		if (got == PV_EAGAIN) {
			kv = kv->store_next;
			continue;
		}
		if (got >= 0) /* fewer than at attach: another device now */
			got = got == (long)kv->len ? PV_OK : PV_EIO;
		answer(fwcfg, kv, (int)got);
		kv = fwcfg->queue;
		budget--;
	}
	fwcfg->fresh = false;
	return kv != NULL;
}

static bool
fwcfg_poll(struct pv_device *device, unsigned budget)
{
	struct fwcfg *fwcfg = device->softc;

	return fwcfg->by_ports ? poll_ports(fwcfg, budget)
			       : poll_platform(fwcfg, budget);
}

static uint64_t
fwcfg_deadline(struct pv_device *device)
{
	struct fwcfg *fwcfg = device->softc;

	if (!fwcfg->by_ports) /* for the rest the platform wakes us */
		return fwcfg->fresh ? 0 : PV_NEVER;
	if (fwcfg->ports.active && !fwcfg_ports_ready(&fwcfg->ports))
		return fwcfg->ports.deadline;
	return fwcfg->queue != NULL ? 0 : PV_NEVER;
}

static void
fwcfg_submit(struct fw_source *source, uint32_t id, struct pv_kv *kv)
{
	struct fwcfg *fwcfg = (struct fwcfg *)source;
	const struct fwcfg_item *item = &fwcfg->items[id];
	struct pv_kv **link = &fwcfg->queue;
	size_t size = 0;
	int error = PV_EIO;

	fwcfg->device->stats.requests++;
	kv->constant = !fwcfg->by_ports;
	if (fwcfg->device->state != PV_DEVICE_BROKEN)
		error = fw_read_range(kv, item->size, &size);
	if (error != PV_OK || size == 0) {
		pv_kv_done(fwcfg->device->bus, kv, error);
		return;
	}
	kv->len = size;
	kv->scratch[1] = item->id;
	while (*link != NULL)
		link = &(*link)->store_next;
	kv->store_next = NULL;
	*link = kv;
	fwcfg->fresh = true;
}

static void
fwcfg_cancel(struct fw_source *source, struct pv_kv *kv)
{
	struct fwcfg *fwcfg = (struct fwcfg *)source;
	struct pv_kv **link = &fwcfg->queue;

	if (fwcfg->queue == kv && fwcfg->ports.active && fwcfg->ports.wanted)
		fwcfg_ports_abandon(&fwcfg->ports);
	while (*link != NULL && *link != kv)
		link = &(*link)->store_next;
	if (*link != NULL)
		*link = kv->store_next;
}

/* ---- Attach ----------------------------------------------------------- */

static int
items_alloc(struct fwcfg *fwcfg, size_t count)
{
	fwcfg->allocated = count;
	fwcfg->items = count == 0
	    ? NULL
	    : pv_alloc(fwcfg->device->bus, count * sizeof(struct fwcfg_item));
	return count > 0 && fwcfg->items == NULL ? PV_ENOMEM : PV_OK;
}

static void
items_free(struct fwcfg *fwcfg)
{
	pv_free(fwcfg->device->bus, fwcfg->items,
	    fwcfg->allocated * sizeof(struct fwcfg_item));
}

static int
items_of_platform(struct fwcfg *fwcfg)
{
	struct pv_stats *stats = &fwcfg->device->stats;
	const struct pv_port *port = pv_bus_port(fwcfg->device->bus);
	struct pv_fw_item item;
	unsigned count = 0;
	int error;

	while (count < FWCFG_MAX_FILES &&
	    (error = port->fw_item(port->ctx, count, &item)) == PV_OK)
		count++;
	if (count == 0 && error != PV_ENOENT)
		return error;
	error = items_alloc(fwcfg, count);
	if (error != PV_OK)
		return error;
	for (unsigned i = 0; i < count; i++) {
		struct fwcfg_item *to = &fwcfg->items[fwcfg->count];

		if (port->fw_item(port->ctx, i, &item) != PV_OK)
			break;
		memcpy(to->name, item.name, sizeof(to->name));
		to->size = item.size;
		to->id = item.id;
		if (fwcfg_name_ok(to->name))
			fwcfg->count++;
		else
			stats->bad_text++;
	}
	return PV_OK;
}

static int
entries_by_ports(struct fwcfg *fwcfg, uint8_t *entries, size_t count)
{
	struct pv_stats *stats = &fwcfg->device->stats;
	int error = fwcfg_ports_read(&fwcfg->ports, FWCFG_KEY_DIRECTORY,
	    FWCFG_DIR_COUNT_SIZE, entries, count * FWCFG_ENTRY_SIZE);

	if (error == PV_OK)
		error = items_alloc(fwcfg, count);
	if (error != PV_OK)
		return error;
	for (size_t i = 0; i < count; i++) {
		error = fwcfg_entry(entries + i * FWCFG_ENTRY_SIZE,
		    &fwcfg->items[fwcfg->count]);
		if (error == PV_OK)
			fwcfg->count++;
		else if (error == PV_EINVAL)
			stats->bad_text++;
		else
			stats->bad_length++;
	}
	return PV_OK;
}

static int
items_by_ports(struct fwcfg *fwcfg)
{
	struct pv_bus *bus = fwcfg->device->bus;
	uint8_t head[FWCFG_DIR_COUNT_SIZE], *entries;
	size_t count;
	int error;

	error = fwcfg_ports_read(&fwcfg->ports, FWCFG_KEY_DIRECTORY, 0, head,
	    sizeof(head));
	if (error != PV_OK)
		return error;
	count = get_be32(head);
	if (count > FWCFG_MAX_FILES)
		return PV_EPROTO;
	if (count == 0)
		return PV_OK;
	entries = pv_alloc(bus, count * FWCFG_ENTRY_SIZE);
	if (entries == NULL)
		return PV_ENOMEM;
	error = entries_by_ports(fwcfg, entries, count);
	pv_free(bus, entries, count * FWCFG_ENTRY_SIZE);
	return error;
}

static int
publish(struct fwcfg *fwcfg)
{
	struct pv_device *device = fwcfg->device;
	struct fw_key *keys;
	long repeated;

	if (fwcfg->count == 0) {
		repeated = fwstore_add(device->bus, device->interface, NULL, 0);
		return (int)repeated;
	}
	keys = pv_alloc(device->bus, fwcfg->count * sizeof(*keys));
	if (keys == NULL)
		return PV_ENOMEM;
	for (size_t i = 0; i < fwcfg->count; i++)
		keys[i] = (struct fw_key){
			.name = fwcfg->items[i].name,
			.len = strlen(fwcfg->items[i].name),
			.source = &fwcfg->source,
			.id = (uint32_t)i,
		};
	repeated = fwstore_add(device->bus, device->interface, keys,
	    fwcfg->count);
	pv_free(device->bus, keys, fwcfg->count * sizeof(*keys));
	if (repeated < 0)
		return (int)repeated;
	device->stats.bad_duplicate += (uint64_t)repeated;
	return PV_OK;
}

static void
describe(struct fwcfg *fwcfg)
{
	const struct pv_port *port = pv_bus_port(fwcfg->device->bus);
	const struct pv_stats *stats = &fwcfg->device->stats;
	char how[48] = "through the platform";
	unsigned count;
	unsigned bad = (unsigned)(stats->bad_text + stats->bad_length +
	    stats->bad_duplicate);

	if (fwcfg->by_ports)
		memcpy(how, fwcfg->ports.dma ? "DMA" : "I/O",
		    fwcfg->ports.dma ? sizeof("DMA") : sizeof("I/O"));
	else if (port->holder != NULL)
		port->holder(port->ctx, "fwcfg", how, sizeof(how));
	count = (unsigned)(fwcfg->count - stats->bad_duplicate);
	pv_device_describe(fwcfg->device, "%s, %u item%s", how, count,
	    count == 1 ? "" : "s");
	if (bad > 0)
		pv_device_describe(fwcfg->device,
		    "%s, %u item%s, %u bad left out", how, count,
		    count == 1 ? "" : "s", bad);
}

static int
open_items(struct fwcfg *fwcfg)
{
	const struct pv_port *port = pv_bus_port(fwcfg->device->bus);
	int error;

	if (port->fw_item != NULL && port->fw_read != NULL)
		return items_of_platform(fwcfg);
	error = fwcfg_ports_open(&fwcfg->ports, port, &fwcfg->device->stats);
	if (error != PV_OK)
		return error;
	fwcfg->by_ports = true;
	return items_by_ports(fwcfg);
}

static void
fwcfg_detach(struct pv_device *device)
{
	struct fwcfg *fwcfg = device->softc;

	fwcfg_ports_close(&fwcfg->ports);
	items_free(fwcfg);
	pv_free(device->bus, fwcfg, sizeof(*fwcfg));
}

static int
fwcfg_attach(struct pv_device *device)
{
	struct fwcfg *fwcfg = pv_alloc(device->bus, sizeof(*fwcfg));
	int error;

	if (fwcfg == NULL)
		return PV_ENOMEM;
	fwcfg->source.read = fwcfg_submit;
	fwcfg->source.cancel = fwcfg_cancel;
	fwcfg->device = device;
	device->softc = fwcfg;
	error = open_items(fwcfg);
	if (error == PV_OK)
		error = publish(fwcfg);
	if (error != PV_OK) {
		fwcfg_detach(device);
		return error;
	}
	describe(fwcfg);
	return PV_OK;
}

int
fwcfg_read_file(struct fwcfg *fwcfg, const char *name, size_t max,
    uint8_t **data, size_t *size)
{
	struct pv_bus *bus = fwcfg->device->bus;
	size_t len = strlen(name) + 1, i = 0;
	const struct fwcfg_item *item;
	int error;

	while (i < fwcfg->count && memcmp(fwcfg->items[i].name, name, len) != 0)
		i++;
	if (i == fwcfg->count || !fwcfg->by_ports)
		return PV_ENOENT;
	item = &fwcfg->items[i];
	if (item->size == 0 || item->size > max)
		return PV_EPROTO;
	*size = (size_t)item->size;
	*data = pv_alloc(bus, *size);
	if (*data == NULL)
		return PV_ENOMEM;
	error = fwcfg_ports_read(&fwcfg->ports, (uint16_t)item->id, 0, *data,
	    *size);
	if (error == PV_ETIMEDOUT)
		broken(fwcfg);
	if (error != PV_OK)
		pv_free(bus, *data, *size);
	return error;
}

const struct pv_driver pv_fwcfg_driver = {
	.name = "fwcfg",
	.attach = fwcfg_attach,
	.detach = fwcfg_detach,
	.poll = fwcfg_poll,
	.deadline = fwcfg_deadline,
};
