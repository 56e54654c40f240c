/* SPDX-License-Identifier: ISC */
/* Pages of Xen's that the guest places in its address space. */
#include <string.h>

#include "host/xen/xen_private.h"

#define XEN_FRAMES_MAX (UINT64_C(1) << 36)

static void *
guest_page(struct host_xen *xen, uint64_t frame)
{
	return xen->world.map(xen->world.ctx, frame << XEN_PAGE_SHIFT,
	    XEN_PAGE_SIZE);
}

bool
xen_frame_ok(struct host_xen *xen, uint64_t frame)
{
	return frame != 0 && frame < XEN_FRAMES_MAX &&
	    guest_page(xen, frame) != NULL;
}

uint8_t *
xen_page_bytes(struct host_xen *xen, struct xen_page *page)
{
	uint8_t *bytes = page->frame != 0 ? guest_page(xen, page->frame) : NULL;

	return bytes != NULL ? bytes : page->home;
}

void
xen_page_reset(struct xen_page *page)
{
	page->frame = 0;
	if (page->home != NULL)
		memset(page->home, 0, XEN_PAGE_SIZE);
}

struct xen_shared_info *
xen_shared(struct host_xen *xen)
{
	return (void *)xen_page_bytes(xen, &xen->shared);
}

struct xen_vcpu_info *
xen_vcpu_info(struct host_xen *xen, unsigned index)
{
	struct xen_vcpu *vcpu = &xen->vcpus[index];
	void *info;

	if (vcpu->info == 0)
		return &xen_shared(xen)->vcpu[index];
	info = xen->world.map(xen->world.ctx, vcpu->info,
	    sizeof(struct xen_vcpu_info));
	return info != NULL ? info : &vcpu->lost;
}

/* Its contents move with it. */
static void
take_home(struct host_xen *xen, struct xen_page *page)
{
	uint8_t *bytes = xen_page_bytes(xen, page);

	if (bytes != page->home)
		memcpy(page->home, bytes, XEN_PAGE_SIZE);
	page->frame = 0;
}

static void
place(struct host_xen *xen, struct xen_page *page, uint64_t frame)
{
	take_home(xen, page);
	memcpy(guest_page(xen, frame), page->home, XEN_PAGE_SIZE);
	page->frame = frame;
}

/* The page that stands at a frame, or NULL. */
static struct xen_page *
placed_at(struct host_xen *xen, uint64_t frame)
{
	if (xen->shared.frame == frame)
		return &xen->shared;
	for (unsigned i = 0; i < xen->grant_frames; i++)
		if (xen->grant_pages[i].frame == frame)
			return &xen->grant_pages[i];
	for (unsigned i = 0; i < xen->status_frames; i++)
		if (xen->status_pages[i].frame == frame)
			return &xen->status_pages[i];
	return NULL;
}

static struct xen_page *
status_page(struct host_xen *xen, uint64_t index)
{
	/* eight pages of entries have one of statuses */
	if (index >= xen->status_frames && index < xen->grant_limit)
		xen_grants_grow(xen, (unsigned)index * 8 + 1);
	return index < xen->status_frames ? &xen->status_pages[index] : NULL;
}

/* Asking for a page of the grant table makes it, up to the limit. */
static struct xen_page *
find_page(struct host_xen *xen, const struct xen_physmap_add *add)
{
	uint64_t index = add->index;

	if (add->space == XEN_MAPSPACE_SHARED_INFO)
		return index == 0 ? &xen->shared : NULL;
	if (add->space != XEN_MAPSPACE_GRANT_TABLE)
		return NULL;
	if (xen->grant_version == 2 && (index & XEN_MAPIDX_GRANT_STATUS) != 0)
		return status_page(xen, index & ~XEN_MAPIDX_GRANT_STATUS);
	if (index < xen->grant_limit)
		xen_grants_grow(xen, (unsigned)index + 1);
	return index < xen->grant_frames ? &xen->grant_pages[index] : NULL;
}

/* Linux as a PVH guest has its grant table where there is no RAM. */
static bool
frame_made(struct host_xen *xen, uint64_t frame)
{
	const struct host_world *world = &xen->world;

	if (xen_frame_ok(xen, frame))
		return true;
	return frame != 0 && frame < XEN_FRAMES_MAX &&
	    world->populate != NULL &&
	    world->populate(world->ctx, frame << XEN_PAGE_SHIFT,
		XEN_PAGE_SIZE) &&
	    xen_frame_ok(xen, frame);
}

static long
add_to_physmap(struct host_xen *xen, uint64_t address)
{
	struct xen_physmap_add add;
	struct xen_page *page, *before;
	long result = xen_take(xen, address, &add, sizeof(add));

	if (result == 0)
		result = xen_domain_check(xen, add.domid);
	if (result != 0)
		return result;
	page = find_page(xen, &add);
	if (page == NULL || !frame_made(xen, add.frame))
		return -XEN_EINVAL;
	before = placed_at(xen, add.frame);
	if (before == page)
		return 0;
	if (before != NULL)
		take_home(xen, before);
	place(xen, page, add.frame);
	if (page == &xen->shared)
		for (unsigned i = 0; i < xen->config.vcpus; i++)
			xen_time_update(xen, i);
	return 0;
}

static long
remove_from_physmap(struct host_xen *xen, uint64_t address)
{
	struct xen_physmap_remove removed;
	struct xen_page *page;
	long result = xen_take(xen, address, &removed, sizeof(removed));

	if (result == 0)
		result = xen_domain_check(xen, removed.domid);
	if (result != 0)
		return result;
	page = removed.frame != 0 ? placed_at(xen, removed.frame) : NULL;
	if (page == NULL)
		return -XEN_ENOENT;
	take_home(xen, page);
	return 0;
}

static long
memory_map(struct host_xen *xen, uint64_t address)
{
	const struct host_xen_config *config = &xen->config;
	struct xen_map_request map;
	uint8_t entry[XEN_MEMORY_MAP_ENTRY_SIZE];
	long result = xen_take(xen, address, &map, sizeof(map));

	if (config->map == NULL)
		return -XEN_ENOSYS;
	if (map.count > config->map_count)
		map.count = config->map_count;
	for (unsigned i = 0; i < map.count && result == 0; i++) {
		memcpy(entry, &config->map[i].base, 8); /* on x86 */
		memcpy(entry + 8, &config->map[i].size, 8);
		memcpy(entry + 16, &config->map[i].type, 4);
		result = xen_give(xen, map.entries + i * sizeof(entry), entry,
		    sizeof(entry));
	}
	return result != 0 ? result : xen_give(xen, address, &map, sizeof(map));
}

long
xen_memory_op(struct host_xen *xen, const uint64_t arguments[5])
{
	switch (arguments[0]) {
	case XEN_MEM_ADD_TO_PHYSMAP:
		return add_to_physmap(xen, arguments[1]);
	case XEN_MEM_REMOVE_FROM_PHYSMAP:
		return remove_from_physmap(xen, arguments[1]);
	case XEN_MEM_MEMORY_MAP:
		return memory_map(xen, arguments[1]);
	default:
		return -XEN_ENOSYS;
	}
}
