/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/raw_guest.h"
#include "wire/xen/event.h"
#include "wire/xen/hypercall.h"

static long
hypercall(struct raw_guest *guest, unsigned op, unsigned command,
    void *argument, unsigned count)
{
	const uint64_t arguments[5] = { command, (uint64_t)(uintptr_t)argument,
		count };

	return host_xen_hypercall(guest->xen, 0, op, arguments);
}

struct raw_page *
raw_pages(struct raw_guest *guest, size_t pages)
{
	const struct pv_port *port = sim_machine_port(guest->world->machine);
	struct raw_page *page = &guest->pages[guest->page_count++];

	assert_true(guest->page_count <= RAW_PAGES);
	page->pages = pages;
	page->bytes = port->pages_alloc(port->ctx, pages, &page->physical);
	assert_non_null(page->bytes);
	return page;
}

/* Let Xen put a page of its own where one of ours is. */
static void *
place(struct raw_guest *guest, unsigned space)
{
	struct raw_page *page = raw_pages(guest, 1);
	struct xen_physmap_add add = { .domid = XEN_DOMID_SELF,
		.space = space,
		.frame = page->physical / PV_PAGE_SIZE };

	assert_int_equal(hypercall(guest, XEN_HC_MEMORY_OP,
			     XEN_MEM_ADD_TO_PHYSMAP, &add, 0),
	    0);
	return page->bytes;
}

static void
place_all(struct raw_guest *guest)
{
	guest->domain = host_xen_domain(guest->xen);
	guest->shared = place(guest, XEN_MAPSPACE_SHARED_INFO);
	/* all is looked at, nothing interrupts */
	memset(guest->shared->mask, 0xff, sizeof(guest->shared->mask));
	guest->grants = place(guest, XEN_MAPSPACE_GRANT_TABLE);
	guest->next_reference = XEN_GNT_RESERVED;
}

struct raw_guest *
raw_guest_new(struct world *world)
{
	struct raw_guest *guest = calloc(1, sizeof(*guest));

	assert_non_null(guest);
	guest->world = world;
	world_machine(world, "xen");
	guest->xen = sim_machine_xen(world->machine);
	assert_non_null(guest->xen);
	guest->store = host_xen_store(guest->xen);
	place_all(guest);
	return guest;
}

void
raw_guest_free(struct raw_guest *guest)
{
	const struct pv_port *port = sim_machine_port(guest->world->machine);
	struct xen_physmap_remove removed = { .domid = XEN_DOMID_SELF };

	assert_int_equal(host_xen_counts(guest->xen)->violations, 0);
	for (unsigned i = 0; i < guest->page_count; i++) {
		struct raw_page *page = &guest->pages[i];

		removed.frame = page->physical / PV_PAGE_SIZE;
		hypercall(guest, XEN_HC_MEMORY_OP, XEN_MEM_REMOVE_FROM_PHYSMAP,
		    &removed, 0);
		port->pages_free(port->ctx, page->bytes, page->pages);
	}
	free(guest);
}

/* ---- Grants and ports ------------------------------------------------- */

uint32_t
raw_grant(struct raw_guest *guest, uint64_t physical, bool read_only)
{
	uint32_t reference = guest->next_reference++;
	struct xen_grant_v1 *entry = &guest->grants[reference];

	assert_true(reference < XEN_GNT_V1_PER_PAGE);
	entry->domid = 0;
	entry->frame = (uint32_t)(physical / PV_PAGE_SIZE);
	__atomic_store_n(&entry->flags,
	    (uint16_t)(XEN_GTF_PERMIT_ACCESS |
		(read_only ? XEN_GTF_READONLY : 0)),
	    __ATOMIC_RELEASE);
	return reference;
}

bool
raw_grant_in_use(const struct raw_guest *guest, uint32_t reference)
{
	return (guest->grants[reference].flags &
		   (XEN_GTF_READING | XEN_GTF_WRITING)) != 0;
}

bool
raw_grant_end(struct raw_guest *guest, uint32_t reference)
{
	if (raw_grant_in_use(guest, reference))
		return false;
	guest->grants[reference].flags = 0;
	return true;
}

uint32_t
raw_port(struct raw_guest *guest)
{
	struct xen_evtchn_alloc_unbound alloc = { .domid = XEN_DOMID_SELF,
		.remote_domid = 0 };

	assert_int_equal(hypercall(guest, XEN_HC_EVENT_CHANNEL_OP,
			     XEN_EVTCHN_ALLOC_UNBOUND, &alloc, 0),
	    0);
	return alloc.port;
}

void
raw_send(struct raw_guest *guest, uint32_t port)
{
	struct xen_evtchn_send send = { port };

	assert_int_equal(hypercall(guest, XEN_HC_EVENT_CHANNEL_OP,
			     XEN_EVTCHN_SEND, &send, 0),
	    0);
}

bool
raw_event(struct raw_guest *guest, uint32_t port)
{
	uint64_t bit = UINT64_C(1) << port % 64;

	return (__atomic_fetch_and(&guest->shared->pending[port / 64], ~bit,
		    __ATOMIC_SEQ_CST) &
		   bit) != 0;
}

void
raw_suspend(struct raw_guest *guest, uint16_t domain)
{
	struct xen_sched_shutdown shutdown = { XEN_SHUTDOWN_SUSPEND };

	host_xen_resume_as(guest->xen, domain);
	assert_int_equal(hypercall(guest, XEN_HC_SCHED_OP, XEN_SCHED_SHUTDOWN,
			     &shutdown, 0),
	    0);
	place_all(guest);
}

/* ---- XenStore --------------------------------------------------------- */

void
raw_device(struct raw_guest *guest, const char *class_name, unsigned unit)
{
	snprintf(guest->front, sizeof(guest->front),
	    "/local/domain/%u/device/%s/%u", guest->domain, class_name, unit);
	snprintf(guest->back, sizeof(guest->back),
	    "/local/domain/0/backend/%s/%u/%u", class_name, guest->domain,
	    unit);
}

void
raw_write(struct raw_guest *guest, const char *key, unsigned value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", guest->front, key);
	assert_true(host_xenstore_print(guest->store, path, "%u", value));
}

void
raw_write_text(struct raw_guest *guest, const char *key, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", guest->front, key);
	assert_true(host_xenstore_print(guest->store, path, "%s", value));
}

static const char *
text_of(struct raw_guest *guest, const char *directory, const char *key)
{
	char path[128];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, key);
	return host_xenstore_read(guest->store, path, &size);
}

const char *
raw_back_text(struct raw_guest *guest, const char *key)
{
	return text_of(guest, guest->back, key);
}

const char *
raw_front_text(struct raw_guest *guest, const char *key)
{
	return text_of(guest, guest->front, key);
}

unsigned
raw_back_number(struct raw_guest *guest, const char *key)
{
	const char *text = raw_back_text(guest, key);

	if (text == NULL)
		fail_msg("the back end has no %s", key);
	return (unsigned)strtoul(text, NULL, 10);
}

void
raw_wait(struct raw_guest *guest, uint64_t nanoseconds)
{
	struct sim *sim = guest->world->sim;

	sim_advance(sim, sim_now(sim) + nanoseconds);
}

void
raw_back_is(struct raw_guest *guest, unsigned state)
{
	raw_wait(guest, 5 * PV_MILLISECOND);
	assert_int_equal(raw_back_number(guest, "state"), state);
}

void
raw_state(struct raw_guest *guest, unsigned state)
{
	raw_write(guest, "state", state);
	raw_wait(guest, 5 * PV_MILLISECOND);
}

/* ---- Rings ------------------------------------------------------------ */

void
raw_ring_new(struct raw_guest *guest, struct raw_ring *ring, unsigned pages,
    uint32_t entry_size)
{
	struct raw_page *memory = raw_pages(guest, pages);

	*ring = (struct raw_ring){ .guest = guest,
		.shared = memory->bytes,
		.pages = pages,
		.entry_size = entry_size,
		.size = xen_ring_entries(pages, entry_size) };
	raw_ring_reset(ring);
	for (unsigned i = 0; i < pages; i++)
		ring->references[i] = raw_grant(guest,
		    memory->physical + i * PV_PAGE_SIZE, false);
	ring->port = raw_port(guest);
}

void
raw_ring_reset(struct raw_ring *ring)
{
	memset(ring->shared, 0, ring->pages * PV_PAGE_SIZE);
	ring->shared->req_event = ring->shared->rsp_event = 1;
	ring->prod = ring->cons = 0;
}

void *
raw_ring_entry(struct raw_ring *ring, uint32_t counter)
{
	return (unsigned char *)ring->shared + sizeof(*ring->shared) +
	    (size_t)(counter & (ring->size - 1)) * ring->entry_size;
}

void
raw_put(struct raw_ring *ring, const void *entry)
{
	memcpy(raw_ring_entry(ring, ring->prod++), entry, ring->entry_size);
}

bool
raw_publish(struct raw_ring *ring)
{
	uint32_t from = ring->shared->req_prod;
	bool signal;

	__atomic_store_n(&ring->shared->req_prod, ring->prod, __ATOMIC_SEQ_CST);
	signal = xen_ring_passes(from, ring->prod, ring->shared->req_event);
	if (signal)
		raw_send(ring->guest, ring->port);
	return signal;
}

void
raw_go(struct raw_ring *ring)
{
	raw_publish(ring);
	raw_wait(ring->guest, PV_MILLISECOND);
}

uint32_t
raw_responses(const struct raw_ring *ring)
{
	return ring->shared->rsp_prod - ring->cons;
}

void
raw_take(struct raw_ring *ring, void *entry, size_t size)
{
	assert_int_not_equal(raw_responses(ring), 0);
	memcpy(entry, raw_ring_entry(ring, ring->cons++), size);
}

void
raw_arm(struct raw_ring *ring, uint32_t n)
{
	ring->shared->rsp_event = ring->cons + n;
}
