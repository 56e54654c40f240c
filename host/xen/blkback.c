/* SPDX-License-Identifier: ISC */
/* The block device back end, on memory. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/blkback_private.h"

#define XVD_MAJOR 202
#define CAPACITY_OF(size) ((size) > 0 ? (size_t)(size) : 1)

static void
toolstack(struct backend *backend)
{
	struct host_blkback *blk = (struct host_blkback *)backend;
	const struct host_disk_config *config = &blk->config;
	const char *type = config->cdrom ? "cdrom" : "disk";

	backend_write(backend, "bootable", "1");
	backend_write(backend, "removable", "%d", config->removable);
	if (backend->unit >> 8 == XVD_MAJOR)
		backend_write(backend, "dev", "xvd%c",
		    'a' + (int)(backend->unit >> 4 & 15));
	backend_write(backend, "type", "phy");
	backend_write(backend, "params", "memory");
	backend_write(backend, "mode", "%s", config->read_only ? "r" : "w");
	backend_write(backend, "device-type", "%s", type);
	backend_write(backend, "discard-enable", "%d", config->discard);
	backend_write(backend, "hotplug-status", "connected");
	backend_write_front(backend, "virtual-device", "%u", backend->unit);
	backend_write_front(backend, "device-type", "%s", type);
	if (config->untrusted)
		backend_write_front(backend, "trusted", "0");
}

static void
destroy(struct backend *backend)
{
	struct host_blkback *blk = (struct host_blkback *)backend;

	free(blk->own);
	free(blk);
}

static const struct backend_kind kind = {
	.class_name = "vbd",
	.connects_at = XEN_BUS_INITIALISED,
	.toolstack = toolstack,
	.announce = blk_announce,
	.connect = blk_connect,
	.disconnect = blk_disconnect,
	.destroy = destroy,
};

/* Make the disk's own memory so large. */
static bool
grow(struct host_blkback *blk, uint64_t size)
{
	uint8_t *grown;

	if (blk->own == NULL) {
		blk->own = calloc(1, CAPACITY_OF(size));
	} else {
		grown = realloc(blk->own, CAPACITY_OF(size));
		if (grown == NULL)
			return false;
		if (size > blk->size)
			memset(grown + blk->size, 0, size - blk->size);
		blk->own = grown;
	}
	blk->bytes = blk->own;
	return blk->own != NULL;
}

static bool
set_config(struct host_blkback *blk, const struct host_disk_config *config)
{
	blk->config = *config;
	if (blk->config.sector_size == 0)
		blk->config.sector_size = XEN_BLK_SECTOR_SIZE;
	if (blk->config.physical_sector_size == 0)
		blk->config.physical_sector_size = blk->config.sector_size;
	if (blk->config.max_persistent == 0)
		blk->config.max_persistent = BLK_PERSISTENT_MAX;
	if (config->bytes != NULL)
		blk->bytes = config->bytes;
	else if (blk->bytes == NULL || blk->bytes == blk->own)
		if (!grow(blk, config->size))
			return false;
	blk->size = config->size;
	return true;
}

struct host_blkback *
host_blkback_new(struct host_xen *xen, const struct host_disk_config *config)
{
	struct host_blkback *blk = calloc(1, sizeof(*blk));

	if (blk == NULL)
		return NULL;
	for (unsigned i = 0; i < XEN_BLK_QUEUES_MAX; i++) {
		blk->queues[i].blk = blk;
		blk->queues[i].index = i;
	}
	if (!set_config(blk, config)) {
		free(blk->own);
		free(blk);
		return NULL;
	}
	if (!backend_open(&blk->backend, &kind, xen, config->device)) {
		backend_free(&blk->backend);
		return NULL;
	}
	return blk;
}

void
host_blkback_free(struct host_blkback *blk)
{
	if (blk != NULL)
		backend_free(&blk->backend);
}

void
host_blkback_remove(struct host_blkback *blk, bool polite)
{
	backend_remove(&blk->backend, polite);
}

struct host_blkback_manners *
host_blkback_manners(struct host_blkback *blk)
{
	return &blk->manners;
}

uint8_t *
host_blkback_bytes(struct host_blkback *blk)
{
	return blk->bytes;
}

void
host_blkback_look(struct host_blkback *blk)
{
	for (unsigned i = 0; i < blk->counts.queues; i++)
		blk_look_later(&blk->queues[i], 0);
}

void
host_blkback_resize(struct host_blkback *blk, uint64_t size)
{
	if (blk->bytes == blk->own && !grow(blk, size))
		return;
	blk->config.size = blk->size = size;
	if (blk->backend.state != XEN_BUS_CONNECTED)
		return;
	blk_write_size(blk);
	backend_set_state(&blk->backend, XEN_BUS_CONNECTED);
}

void
host_blkback_restart(struct host_blkback *blk,
    const struct host_disk_config *config)
{
	backend_disconnect(&blk->backend);
	backend_withdraw(&blk->backend);
	if (!set_config(blk, config))
		return;
	blk->counts.restarts++;
	backend_restart(&blk->backend);
}

void
host_blkback_state(struct host_blkback *blk, unsigned state)
{
	backend_force_state(&blk->backend, state);
}

void
host_blkback_say(struct host_blkback *blk, const char *key, const char *value)
{
	backend_lie(&blk->backend, key, value);
}

const struct host_blkback_counts *
host_blkback_counts(struct host_blkback *blk)
{
	blk->counts.refused_connects = blk->backend.refusals;
	blk->counts.persistent = 0;
	for (unsigned i = 0; i < blk->counts.queues; i++)
		blk->counts.persistent += blk->queues[i].persistent_count;
	return &blk->counts;
}
