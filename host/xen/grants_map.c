/* SPDX-License-Identifier: ISC */
/*
 * Domain 0 reaches pages that the guest has granted.  An entry is marked by
 * compare and swap, as Xen does it, so that the guest's own compare and swap
 * to end it fails meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "host/xen/xen_private.h"

/* Xen gives up on an entry that changes so often while it is marked. */
#define TRIES 5

/* The guest may write meanwhile. */
#define ONCE(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* What an entry says, read once. */
struct entry {
	uint16_t flags, domid;
	uint64_t frame;
	unsigned offset, length; /* of a part of the page */
};

/* Domain 0 never uses a page whose grant has ended. */
static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void *
find_entry(struct host_xen *xen, uint32_t reference)
{
	unsigned per_page = xen_grants_per_page(xen);
	size_t size = XEN_PAGE_SIZE / per_page;

	if (reference >= xen_grants_entries(xen))
		return NULL;
	return xen_page_bytes(xen, &xen->grant_pages[reference / per_page]) +
	    reference % per_page * size;
}

static uint16_t *
find_status(struct host_xen *xen, uint32_t reference)
{
	size_t page = reference / XEN_GNT_STATUS_PER_PAGE;
	uint16_t *statuses;

	statuses = (void *)xen_page_bytes(xen, &xen->status_pages[page]);
	return &statuses[reference % XEN_GNT_STATUS_PER_PAGE];
}

/* Flags and domain are one word, for one compare and swap. */
static bool
is_granted(uint32_t word, bool write)
{
	uint16_t flags = (uint16_t)word;

	return (flags & XEN_GTF_TYPE_MASK) == XEN_GTF_PERMIT_ACCESS &&
	    word >> 16 == 0 && !(write && (flags & XEN_GTF_READONLY) != 0);
}

static bool
mark_v1(uint32_t *word, bool write)
{
	uint32_t marks = XEN_GTF_READING | (write ? XEN_GTF_WRITING : 0);
	uint32_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	for (unsigned try = 0; try < TRIES; try++) {
		if (!is_granted(old, write))
			return false;
		if (__atomic_compare_exchange_n(word, &old, old | marks, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return true;
	}
	return false;
}

/* The marks stand elsewhere, so the guest may have been in between. */
static bool
mark_v2(const uint32_t *word, uint16_t *status, bool write)
{
	uint16_t marks = (uint16_t)(XEN_GTF_READING |
	    (write ? XEN_GTF_WRITING : 0));
	uint16_t before;

	if (!is_granted(__atomic_load_n(word, __ATOMIC_SEQ_CST), write))
		return false;
	before = __atomic_fetch_or(status, marks, __ATOMIC_SEQ_CST);
	if (is_granted(__atomic_load_n(word, __ATOMIC_SEQ_CST), write))
		return true;
	__atomic_fetch_and(status, (uint16_t) ~(marks & ~before),
	    __ATOMIC_SEQ_CST);
	return false;
}

static struct entry
read_entry(const struct host_xen *xen, const void *at)
{
	const struct xen_grant_v1 *v1 = at;
	const union xen_grant_v2 *v2 = at;
	struct entry entry = { .length = XEN_PAGE_SIZE };

	if (xen->grant_version == 1) {
		entry.flags = ONCE(v1->flags);
		entry.domid = ONCE(v1->domid);
		entry.frame = ONCE(v1->frame);
		return entry;
	}
	entry.flags = ONCE(v2->header.flags);
	entry.domid = ONCE(v2->header.domid);
	entry.frame = ONCE(v2->full_page.frame);
	if ((entry.flags & XEN_GTF_SUB_PAGE) != 0) {
		entry.offset = ONCE(v2->sub_page.offset);
		entry.length = ONCE(v2->sub_page.length);
	}
	return entry;
}

static bool
mark(struct host_xen *xen, uint32_t reference, void *at, bool write)
{
	if (xen->grant_version == 1)
		return mark_v1(at, write);
	return mark_v2(at, find_status(xen, reference), write);
}

static void
unmark(struct host_xen *xen, uint32_t reference, uint16_t marks)
{
	void *at = find_entry(xen, reference);
	uint16_t *word = at;

	if (at == NULL)
		return;
	if (xen->grant_version == 2)
		word = find_status(xen, reference);
	if ((__atomic_fetch_and(word, (uint16_t)~marks, __ATOMIC_SEQ_CST) &
		marks) != marks)
		xen->counts.violations++; /* changed while in use */
}

/* Mark it as in use; false: not granted, or no such page. */
static bool
acquire(struct host_xen *xen, uint32_t reference, bool write, bool part,
    struct entry *entry)
{
	void *at = find_entry(xen, reference);
	struct xen_active *active;

	if (at == NULL)
		return false;
	active = &xen->active[reference];
	/* in use already, and so: what the guest writes now is of no account */
	if (active->readers == 0 || (write && active->writers == 0))
		if (!mark(xen, reference, at, write))
			return false;
	*entry = read_entry(xen, at);
	if (active->readers == 0)
		active->frame = entry->frame;
	active->readers++;
	active->writers += write;
	xen->counts.mapped++;
	entry->frame = active->frame;
	return (part || entry->length == XEN_PAGE_SIZE) &&
	    xen_frame_ok(xen, entry->frame);
}

static void
let_go(struct host_xen *xen, uint32_t reference, bool write)
{
	struct xen_active *active = &xen->active[reference];
	uint16_t marks = 0;

	must(active->readers > 0 && active->writers >= write);
	active->readers--;
	active->writers -= write;
	if (write && active->writers == 0)
		marks |= XEN_GTF_WRITING;
	if (active->readers == 0)
		marks |= XEN_GTF_READING;
	if (marks != 0)
		unmark(xen, reference, marks);
	xen->counts.mapped--;
}

/* acquire() that leaves nothing behind when it fails. */
static bool
get(struct host_xen *xen, uint32_t reference, bool write, bool part,
    struct entry *entry)
{
	unsigned before = xen->counts.mapped;

	if (acquire(xen, reference, write, part, entry))
		return true;
	if (xen->counts.mapped != before)
		let_go(xen, reference, write);
	return false;
}

struct host_grant *
host_grant_map(struct host_xen *xen, uint32_t reference, bool write)
{
	struct host_grant *grant;
	struct entry entry;

	if (!get(xen, reference, write, false, &entry))
		return NULL;
	grant = xen_alloc(sizeof(*grant));
	*grant = (struct host_grant){ xen->grants, xen, reference, write,
		false };
	xen->grants = grant;
	return grant;
}

void *
host_grant_page(struct host_grant *grant)
{
	struct host_xen *xen = grant->xen;
	struct xen_active *active = &xen->active[grant->reference];

	if (grant->dead)
		return NULL;
	must(active->readers > 0 && active->writers >= grant->write);
	return xen->world.map(xen->world.ctx, active->frame << XEN_PAGE_SHIFT,
	    XEN_PAGE_SIZE);
}

void
host_grant_unmap(struct host_grant *grant)
{
	struct host_grant **link;
	struct host_xen *xen;

	if (grant == NULL)
		return;
	xen = grant->xen;
	link = &xen->grants;
	while (*link != grant)
		link = &(*link)->next;
	*link = grant->next;
	if (!grant->dead && xen->manners.hold_grants) {
		grant->next = xen->held;
		xen->held = grant;
		return;
	}
	if (!grant->dead)
		let_go(xen, grant->reference, grant->write);
	free(grant);
}

void
host_xen_release_grants(struct host_xen *xen)
{
	while (xen->held != NULL) {
		struct host_grant *grant = xen->held;

		xen->held = grant->next;
		let_go(xen, grant->reference, grant->write);
		free(grant);
	}
}

/* The bytes behind a part of a granted page, or NULL: let_go() is due then,
 * too, when *taken. */
static uint8_t *
part_of(struct host_xen *xen, uint32_t reference, unsigned offset, size_t size,
    bool write, bool *taken)
{
	struct entry entry;
	uint8_t *page;

	*taken = get(xen, reference, write, true, &entry);
	if (!*taken || size > XEN_PAGE_SIZE || offset > XEN_PAGE_SIZE - size ||
	    offset < entry.offset || offset - entry.offset > entry.length ||
	    size > entry.length - (offset - entry.offset))
		return NULL;
	page = xen->world.map(xen->world.ctx, entry.frame << XEN_PAGE_SHIFT,
	    XEN_PAGE_SIZE);
	return page != NULL ? page + offset : NULL;
}

bool
host_grant_read(struct host_xen *xen, uint32_t reference, unsigned offset,
    void *to, size_t size)
{
	bool taken;
	const uint8_t *from = part_of(xen, reference, offset, size, false,
	    &taken);

	if (from != NULL)
		memcpy(to, from, size);
	if (taken)
		let_go(xen, reference, false);
	return from != NULL;
}

bool
host_grant_write(struct host_xen *xen, uint32_t reference, unsigned offset,
    const void *from, size_t size)
{
	bool taken;
	uint8_t *to = part_of(xen, reference, offset, size, true, &taken);

	if (to != NULL)
		memcpy(to, from, size);
	if (taken)
		let_go(xen, reference, true);
	return to != NULL;
}
