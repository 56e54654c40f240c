/* SPDX-License-Identifier: ISC */
/* What blkback says of itself in XenStore, and what it reads of the guest. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/blkback_private.h"

/* ---- What it says ----------------------------------------------------- */

static void
say_features(struct host_blkback *blk, bool said)
{
	const struct host_disk_config *config = &blk->config;
	struct backend *backend = &blk->backend;
	bool discard = said && config->discard;

	backend_say(backend, "feature-flush-cache", 1, said && config->flush);
	backend_say(backend, "feature-barrier", 1, said && config->barrier);
	backend_say(backend, "feature-persistent", 1,
	    said && config->persistent);
	backend_say(backend, "feature-discard", 1, discard);
	backend_say(backend, "discard-granularity", config->discard_granularity,
	    discard && config->discard_granularity > 0);
	backend_say(backend, "discard-alignment", config->discard_alignment,
	    discard && config->discard_alignment > 0);
	backend_say(backend, "discard-secure", 1,
	    discard && config->secure_discard);
}

void
blk_announce(struct backend *backend)
{
	struct host_blkback *blk = (struct host_blkback *)backend;
	const struct host_disk_config *config = &blk->config;

	say_features(blk, backend->withdrawing || !config->late_features);
	backend_say(backend, "feature-max-indirect-segments", config->indirect,
	    config->indirect > 0);
	backend_say(backend, "max-ring-page-order", config->max_ring_order,
	    config->max_ring_order > 0);
	backend_say(backend, "max-ring-pages", config->max_ring_pages,
	    config->max_ring_pages > 0);
	backend_say(backend, "multi-queue-max-queues", config->max_queues,
	    config->max_queues > 0);
}

void
blk_write_size(struct host_blkback *blk)
{
	backend_write(&blk->backend, "sectors", "%llu",
	    (unsigned long long)(blk->size / XEN_BLK_SECTOR_SIZE));
}

static void
say_connected(struct host_blkback *blk)
{
	const struct host_disk_config *config = &blk->config;
	unsigned info = (config->cdrom ? XEN_BLK_INFO_CDROM : 0) |
	    (config->removable ? XEN_BLK_INFO_REMOVABLE : 0) |
	    (config->read_only ? XEN_BLK_INFO_READONLY : 0);

	say_features(blk, true);
	blk_write_size(blk);
	backend_write(&blk->backend, "info", "%u", info);
	backend_write(&blk->backend, "sector-size", "%u", config->sector_size);
	backend_write(&blk->backend, "physical-sector-size", "%u",
	    config->physical_sector_size);
}

/* ---- What it reads ---------------------------------------------------- */

/* Pages of each ring; 0: not acceptable. */
static unsigned
ring_pages(struct host_blkback *blk)
{
	const struct host_disk_config *config = &blk->config;
	unsigned most = 1u << config->max_ring_order;
	uint32_t value, pages;

	if (config->max_ring_pages > most)
		most = config->max_ring_pages;
	if (most > BACKEND_RING_PAGES_MAX)
		most = BACKEND_RING_PAGES_MAX;
	if (backend_read(&blk->backend, "ring-page-order", &value))
		pages = value < 16 ? 1u << value : 0;
	else if (!backend_read(&blk->backend, "num-ring-pages", &pages))
		pages = 1;
	if (pages > most || (pages & (pages - 1)) != 0)
		pages = 0;
	if (pages == 0)
		backend_refuse(&blk->backend, "size of the ring");
	return pages;
}

/* A ring of one page may be named either way. */
static bool
ring_references(struct blk_queue *queue, int name, unsigned pages,
    uint32_t references[BACKEND_RING_PAGES_MAX])
{
	struct backend *backend = &queue->blk->backend;
	char key[48], with_number[16] = "ring-ref";

	for (unsigned i = 0; i < pages; i++) {
		with_number[8] = (char)(i < 10 ? '0' + i : '1');
		with_number[9] = (char)(i < 10 ? '\0' : '0' + i - 10);
		with_number[10] = '\0';
		backend_queue_key(key, sizeof(key), name, with_number);
		if (backend_read(backend, key, &references[i]))
			continue;
		backend_queue_key(key, sizeof(key), name, "ring-ref");
		if (pages > 1 || !backend_read(backend, key, &references[0]))
			return false;
	}
	return true;
}

/* `name` is the queue's in XenStore, -1 when there is only one. */
static bool
connect_queue(struct blk_queue *queue, int name, unsigned pages)
{
	struct backend *backend = &queue->blk->backend;
	uint32_t references[BACKEND_RING_PAGES_MAX], port;
	char key[48];

	backend_queue_key(key, sizeof(key), name, "event-channel");
	if (!backend_read(backend, key, &port) ||
	    !ring_references(queue, name, pages, references)) {
		backend_refuse(backend, "no ring-ref or event-channel");
		return false;
	}
	if (!backend_ring_map(&queue->ring, backend->xen, references, pages,
		sizeof(union xen_blk_entry))) {
		backend_refuse(backend, "the ring is not granted");
		return false;
	}
	queue->answers = calloc(queue->ring.size, sizeof(*queue->answers));
	if (queue->answers == NULL ||
	    backend_ring_waiting(&queue->ring) > queue->ring.size) {
		backend_refuse(backend, "the ring is not one");
		return false;
	}
	queue->port = host_port_connect(backend->xen, port, blk_signalled,
	    queue);
	if (queue->port == NULL) {
		backend_refuse(backend, "no such event channel");
		return false;
	}
	return true;
}

/* Numbers of rings and requests are for the layout of 64-bit guests only. */
static bool
protocol_is_ours(struct backend *backend)
{
	char protocol[32];

	if (!backend_text(backend, "protocol", protocol, sizeof(protocol)) ||
	    strcmp(protocol, XEN_BLK_PROTOCOL) == 0)
		return true;
	backend_refuse(backend, "unknown protocol");
	return false;
}

bool
blk_connect(struct backend *backend)
{
	struct host_blkback *blk = (struct host_blkback *)backend;
	unsigned most = blk->config.max_queues, pages;
	uint32_t queues = 1;

	if (most == 0)
		most = 1;
	if (!protocol_is_ours(backend))
		return false;
	if (backend_read(backend, "multi-queue-num-queues", &queues) &&
	    (queues == 0 || queues > most || queues > XEN_BLK_QUEUES_MAX)) {
		backend_refuse(backend, "number of queues");
		return false;
	}
	pages = ring_pages(blk);
	if (pages == 0)
		return false;
	blk->persistent = blk->config.persistent &&
	    backend_flag(backend, "feature-persistent");
	for (unsigned i = 0; i < queues; i++)
		if (!connect_queue(&blk->queues[i], queues > 1 ? (int)i : -1,
			pages))
			return false;
	blk->counts.queues = queues;
	blk->counts.ring_pages = pages;
	say_connected(blk);
	return true;
}

void
blk_disconnect(struct backend *backend)
{
	struct host_blkback *blk = (struct host_blkback *)backend;

	blk->storming = false;
	for (unsigned i = 0; i < XEN_BLK_QUEUES_MAX; i++) {
		struct blk_queue *queue = &blk->queues[i];

		if (queue->port != NULL)
			host_port_close(queue->port);
		blk_persistent_drop(queue);
		backend_ring_unmap(&queue->ring, blk->manners.keep_grants);
		free(queue->answers);
		*queue = (struct blk_queue){ .blk = blk, .index = i };
	}
	blk->counts.queues = blk->counts.ring_pages = 0;
}
