/* SPDX-License-Identifier: ISC */
/*
 * xbf: what both ends tell each other in XenStore.
 * Source: Xen public header io/blkif.h.
 */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/xen/xbf.h"

/* ---- Reading ---------------------------------------------------------- */

static const struct {
	enum xenbus_end end;
	const char *key;
} keys[XBF_KEYS] = {
	[XBF_K_RING_ORDER] = { XENBUS_BACK, "max-ring-page-order" },
	[XBF_K_RING_PAGES] = { XENBUS_BACK, "max-ring-pages" },
	[XBF_K_MAX_QUEUES] = { XENBUS_BACK, "multi-queue-max-queues" },
	/* the toolstack writes it to our end; io/blkif.h has it there */
	[XBF_K_TRUSTED_FRONT] = { XENBUS_FRONT, "trusted" },
	[XBF_K_TRUSTED_BACK] = { XENBUS_BACK, "trusted" },
	[XBF_K_SECTORS] = { XENBUS_BACK, "sectors" },
	[XBF_K_SECTOR_SIZE] = { XENBUS_BACK, "sector-size" },
	[XBF_K_PHYSICAL_SECTOR_SIZE] = { XENBUS_BACK, "physical-sector-size" },
	[XBF_K_INFO] = { XENBUS_BACK, "info" },
	[XBF_K_MODE] = { XENBUS_BACK, "mode" },
	[XBF_K_FLUSH] = { XENBUS_BACK, "feature-flush-cache" },
	[XBF_K_BARRIER] = { XENBUS_BACK, "feature-barrier" },
	[XBF_K_DISCARD] = { XENBUS_BACK, "feature-discard" },
	[XBF_K_GRANULARITY] = { XENBUS_BACK, "discard-granularity" },
	[XBF_K_ALIGNMENT] = { XENBUS_BACK, "discard-alignment" },
	[XBF_K_SECURE] = { XENBUS_BACK, "discard-secure" },
	[XBF_K_PERSISTENT] = { XENBUS_BACK, "feature-persistent" },
	[XBF_K_INDIRECT] = { XENBUS_BACK, "feature-max-indirect-segments" },
	[XBF_K_ONLINE] = { XENBUS_BACK, "online" },
};

static void
read_done(struct xenbus_read *read)
{
	struct xbf *xbf = read->owner;

	xbf->reading = false;
	xbf_answered(xbf, read->error);
}

static void
read_keys(struct xbf *xbf, enum xbf_key from, enum xbf_key to)
{
	for (enum xbf_key key = from; key < to; key++) {
		struct xenbus_value *value = &xbf->values[key];

		*value = (struct xenbus_value){ .end = keys[key].end };
		pv_format(value->key, sizeof(value->key), "%s", keys[key].key);
	}
	xbf->read = (struct xenbus_read){ .values = &xbf->values[from],
		.count = to - from,
		.done = read_done,
		.owner = xbf };
	xbf->reading = true;
	xbf->asked_attempt = xbf->attempt;
	xenbus_read(xbf->xenbus, &xbf->read);
}

void
xbf_read_before(struct xbf *xbf)
{
	read_keys(xbf, 0, XBF_K_BEFORE);
}

void
xbf_read_after(struct xbf *xbf)
{
	read_keys(xbf, XBF_K_BEFORE, XBF_K_AFTER);
}

void
xbf_read_online(struct xbf *xbf)
{
	read_keys(xbf, XBF_K_ONLINE, XBF_KEYS);
}

/* `absent` when there is none, `bad` when it is no number up to the limit. */
static uint64_t
number(struct xbf *xbf, enum xbf_key key, uint64_t limit, uint64_t absent,
    uint64_t bad)
{
	const struct xenbus_value *value = &xbf->values[key];

	if (!value->there)
		return absent;
	return xenbus_number(xbf->xenbus, value, limit, bad);
}

static bool
feature(struct xbf *xbf, enum xbf_key key)
{
	return number(xbf, key, UINT32_MAX, 0, 0) != 0;
}

/* The toolstack takes it back before it removes a device. */
bool
xbf_may_begin(struct xbf *xbf)
{
	return feature(xbf, XBF_K_ONLINE);
}

/* Something that must be more than 0; counted when it is not. */
static uint64_t
positive(struct xbf *xbf, enum xbf_key key, uint64_t limit, uint64_t absent)
{
	uint64_t n = number(xbf, key, limit, absent, UINT64_MAX);

	if (n == 0)
		xbf->device->stats.bad_value++;
	return n == 0 || n == UINT64_MAX ? absent : n;
}

/* ---- Before we connect ------------------------------------------------ */

/* Numbers that no back end has a use for are nonsense, not generosity. */
#define RING_ORDER_LIMIT 16
#define RING_PAGES_LIMIT (1u << RING_ORDER_LIMIT)
#define QUEUES_LIMIT 4096

void
xbf_agree(struct xbf *xbf)
{
	uint64_t order = number(xbf, XBF_K_RING_ORDER, RING_ORDER_LIMIT, 0, 0);
	uint64_t pages = positive(xbf, XBF_K_RING_PAGES, RING_PAGES_LIMIT, 1);
	uint64_t queues = positive(xbf, XBF_K_MAX_QUEUES, QUEUES_LIMIT, 1);

	if (pages < 1u << order)
		pages = 1u << order;
	xbf->ring_pages = 1;
	while (xbf->ring_pages * 2 <= pages &&
	    xbf->ring_pages < XBF_RING_PAGES_MAX)
		xbf->ring_pages *= 2;
	xbf->queues_open = queues < xbf->queues_count ? (unsigned)queues
						      : xbf->queues_count;
	xbf->untrusted = number(xbf, XBF_K_TRUSTED_FRONT, 1, 1, 0) == 0 ||
	    number(xbf, XBF_K_TRUSTED_BACK, 1, 1, 0) == 0;
}

/* ---- Writing ---------------------------------------------------------- */

struct pairs {
	struct xenbus_pair *at;
	unsigned count, room;
};

static void
add(struct pairs *pairs, const char *directory, const char *key, uint64_t value)
{
	char name[48];

	if (pairs->count == pairs->room)
		return;
	pv_format(name, sizeof(name), "%s%s", directory, key);
	xenbus_pair_number(&pairs->at[pairs->count++], name, value);
}

/* A page alone is ring-ref.  Once there were several, the keys of those stand
 * there for the next back end to read, and must be right too. */
static void
add_queue(struct xbf *xbf, struct pairs *pairs, const struct xbf_queue *queue,
    const char *directory)
{
	char key[16];

	if (xbf->ring_pages == 1)
		add(pairs, directory, "ring-ref", queue->ring_references[0]);
	for (unsigned i = 0; xbf->multi && i < xbf->ring_pages; i++) {
		pv_format(key, sizeof(key), "ring-ref%u", i);
		add(pairs, directory, key, queue->ring_references[i]);
	}
	add(pairs, directory, "event-channel", queue->channel.port);
}

static void
write_done(struct xenbus_write *write)
{
	struct xbf *xbf = write->owner;

	xbf->writing = false;
	pv_free(xbf->device->bus, xbf->pairs,
	    xbf->pairs_room * sizeof(*xbf->pairs));
	xbf->pairs = NULL;
	xbf_answered(xbf, write->error);
}

static unsigned
ring_order(unsigned pages)
{
	unsigned order = 0;

	while (pages > 1u << order)
		order++;
	return order;
}

int
xbf_write_rings(struct xbf *xbf)
{
	unsigned queues = xbf->queues_open;
	struct pairs pairs = { .room = 5 + queues * (XBF_RING_PAGES_MAX + 2) };
	char directory[16];

	pairs.at = pv_alloc(xbf->device->bus, pairs.room * sizeof(*pairs.at));
	if (pairs.at == NULL)
		return PV_ENOMEM;
	xbf->pairs = pairs.at;
	xbf->pairs_room = pairs.room;
	xbf->multi |= xbf->ring_pages > 1;
	xbf->many |= queues > 1;
	xenbus_pair_text(&pairs.at[pairs.count++], "protocol",
	    XEN_BLK_PROTOCOL);
	add(&pairs, "", "feature-persistent", 1);
	/* the same in both naming schemes: note 3 of io/blkif.h */
	if (xbf->multi) {
		add(&pairs, "", "ring-page-order", ring_order(xbf->ring_pages));
		add(&pairs, "", "num-ring-pages", xbf->ring_pages);
	}
	if (xbf->many)
		add(&pairs, "", "multi-queue-num-queues", queues);
	for (unsigned i = 0; i < queues; i++) {
		pv_format(directory, sizeof(directory), "queue-%u/", i);
		add_queue(xbf, &pairs, &xbf->queues[i],
		    queues > 1 ? directory : "");
	}
	xbf->write = (struct xenbus_write){ .pairs = pairs.at,
		.count = pairs.count,
		.state = XEN_BUS_INITIALISED,
		.done = write_done,
		.owner = xbf };
	xbf->writing = true;
	xbf->asked_attempt = xbf->attempt;
	xenbus_write(xbf->xenbus, &xbf->write);
	return PV_OK;
}

/* ---- After it has connected ------------------------------------------- */

/* "sectors" counts 512 bytes whatever the sector size is: Linux's back end and
 * front end do so, and later versions of io/blkif.h say so too. */
#define SECTORS_LIMIT (UINT64_MAX / 2 / XEN_BLK_SECTOR_SIZE)

static bool
power_of_two(uint64_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static uint64_t
size_of(struct xbf *xbf, uint32_t sector_size)
{
	uint64_t size = positive(xbf, XBF_K_SECTORS, SECTORS_LIMIT, 0) *
	    XEN_BLK_SECTOR_SIZE;

	return size & ~(uint64_t)(sector_size - 1);
}

static bool
read_only(struct xbf *xbf)
{
	const struct xenbus_value *mode = &xbf->values[XBF_K_MODE];
	uint64_t info = number(xbf, XBF_K_INFO, UINT32_MAX, 0, 0);

	return (info & XEN_BLK_INFO_READONLY) != 0 ||
	    (mode->there && mode->text[0] == 'r');
}

static void
discard(struct xbf *xbf)
{
	struct pv_disk *disk = &xbf->disk;

	disk->can_discard = feature(xbf, XBF_K_DISCARD) && !disk->read_only;
	disk->can_secure = disk->can_discard && feature(xbf, XBF_K_SECURE);
	disk->discard_granularity = disk->discard_alignment = 0;
	if (!disk->can_discard)
		return;
	disk->discard_granularity = (uint32_t)positive(xbf, XBF_K_GRANULARITY,
	    UINT32_MAX, disk->sector_size);
	disk->discard_alignment = (uint32_t)number(xbf, XBF_K_ALIGNMENT,
	    UINT32_MAX, 0, 0);
}

static void
flush(struct xbf *xbf)
{
	xbf->barrier = feature(xbf, XBF_K_BARRIER);
	if (feature(xbf, XBF_K_FLUSH))
		xbf->flush = XEN_BLK_FLUSH;
	else
		xbf->flush = xbf->barrier ? XEN_BLK_BARRIER : XBF_NO_FLUSH;
	xbf->disk.can_flush = xbf->flush != XBF_NO_FLUSH;
}

int
xbf_geometry(struct xbf *xbf)
{
	struct pv_disk *disk = &xbf->disk;
	uint64_t sector = number(xbf, XBF_K_SECTOR_SIZE, UINT32_MAX,
	    XEN_BLK_SECTOR_SIZE, 0);
	uint64_t info, size, physical;

	if (!power_of_two(sector) || sector < XEN_BLK_SECTOR_SIZE ||
	    sector > PV_PAGE_SIZE) {
		xbf->device->stats.bad_value++;
		return PV_EPROTO;
	}
	size = size_of(xbf, (uint32_t)sector);
	if (size == 0)
		return PV_EPROTO;
	physical = positive(xbf, XBF_K_PHYSICAL_SECTOR_SIZE, 1u << 30, sector);
	if (!power_of_two(physical) || physical < sector) {
		xbf->device->stats.bad_value++;
		physical = sector;
	}
	info = number(xbf, XBF_K_INFO, UINT32_MAX, 0, 0);
	disk->sector_size = (uint32_t)sector;
	disk->physical_sector_size = (uint32_t)physical;
	disk->size = size;
	disk->read_only = read_only(xbf);
	disk->removable =
	    (info & (XEN_BLK_INFO_REMOVABLE | XEN_BLK_INFO_CDROM)) != 0;
	flush(xbf);
	discard(xbf);
	xbf->persistent = feature(xbf, XBF_K_PERSISTENT);
	xbf->copies = xbf->persistent || xbf->untrusted;
	__atomic_store_n(&xbf->refused, 0, __ATOMIC_RELAXED);
	return PV_OK;
}

/* A size that is none is left out; for the rest a new connection is needed. */
void
xbf_resized(struct xbf *xbf)
{
	uint64_t size = size_of(xbf, xbf->disk.sector_size);

	if (size != 0)
		xbf->disk.size = size;
	xbf->disk.read_only = read_only(xbf);
}

/* Up to 11 fit into a request itself, so fewer are no offer. */
unsigned
xbf_segments(struct xbf *xbf)
{
	uint64_t n = number(xbf, XBF_K_INDIRECT, 1u << 16, 0, 0);

	if (n <= XEN_BLK_SEGMENTS_MAX)
		return XEN_BLK_SEGMENTS_MAX;
	return n < XBF_SEGMENTS_MAX ? (unsigned)n : XBF_SEGMENTS_MAX;
}
