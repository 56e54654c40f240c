/* SPDX-License-Identifier: ISC */
/* Pages that a guest lends for a request, or once for many. */
#include <stdlib.h>

#include "host/xen/blkback_private.h"

/* Found, it is the first of the list. */
static struct blk_persistent *
find(struct blk_queue *queue, uint32_t reference)
{
	struct blk_persistent **link = &queue->persistent, *found;

	while (*link != NULL && (*link)->reference != reference)
		link = &(*link)->next;
	found = *link;
	if (found == NULL)
		return NULL;
	*link = found->next;
	found->next = queue->persistent;
	queue->persistent = found;
	return found;
}

/* Make room by letting go of the one that was not used for the longest time,
 * but none of the request in hand. */
static bool
make_room(struct blk_queue *queue)
{
	struct blk_persistent **link = &queue->persistent, *last;

	if (queue->persistent_count < queue->blk->config.max_persistent)
		return true;
	while ((*link)->next != NULL)
		link = &(*link)->next;
	last = *link;
	if (last->used_by == queue->blk->request)
		return false;
	*link = NULL;
	if (!queue->blk->manners.keep_grants)
		host_grant_unmap(last->grant);
	free(last);
	queue->persistent_count--;
	return true;
}

static bool
get_persistent(struct blk_queue *queue, struct blk_page *page,
    uint32_t reference)
{
	struct blk_persistent *found = find(queue, reference);

	page->stays = true;
	if (found != NULL) {
		queue->blk->counts.persistent_hits++;
	} else {
		/* for writing whatever the request: the next may be a read */
		page->grant = host_grant_map(queue->blk->backend.xen, reference,
		    true);
		if (page->grant == NULL)
			return false;
		found = make_room(queue) ? malloc(sizeof(*found)) : NULL;
		if (found == NULL) {
			page->stays = false;
			return true;
		}
		*found = (struct blk_persistent){ queue->persistent,
			page->grant, reference, 0 };
		queue->persistent = found;
		queue->persistent_count++;
	}
	found->used_by = queue->blk->request;
	page->grant = found->grant;
	return true;
}

bool
blk_page_get(struct blk_queue *queue, struct blk_page *page, uint32_t reference,
    bool write)
{
	if (queue->blk->persistent)
		return get_persistent(queue, page, reference);
	page->stays = false;
	page->grant = host_grant_map(queue->blk->backend.xen, reference, write);
	return page->grant != NULL;
}

void
blk_page_put(struct blk_queue *queue, struct blk_page *page)
{
	if (!page->stays && !queue->blk->manners.keep_grants)
		host_grant_unmap(page->grant);
	page->grant = NULL;
}

void
blk_persistent_drop(struct blk_queue *queue)
{
	while (queue->persistent != NULL) {
		struct blk_persistent *first = queue->persistent;

		queue->persistent = first->next;
		if (!queue->blk->manners.keep_grants)
			host_grant_unmap(first->grant);
		free(first);
	}
	queue->persistent_count = 0;
}
