/* SPDX-License-Identifier: ISC */
/* The rings of blkback: requests taken, and answered as a test wants it. */
#include "host/xen/blkback_private.h"

/* Looks at a ring in one go: no guest keeps us here. */
#define LOOKS_MAX 8
/* While it is told to stop: how long until it sees that it may go on. */
#define STOPPED_TIME 10000000u
#define STORM_TIME 1000u

static void
storm(struct backend *backend, unsigned index)
{
	struct host_blkback *blk = (struct host_blkback *)backend;
	struct blk_queue *queue = &blk->queues[index];

	if (blk->manners.storm == 0 || queue->port == NULL) {
		blk->storming = false;
		return;
	}
	blk->manners.storm--;
	host_port_send(queue->port);
	backend_later(backend, STORM_TIME, storm, index);
}

static void
shuffle(struct blk_queue *queue)
{
	const struct host_world *world = queue->blk->backend.world;

	for (unsigned i = queue->answer_count; i > 1; i--) {
		unsigned with = (unsigned)world->random(world->ctx, i);
		struct blk_answer other = queue->answers[with];

		queue->answers[with] = queue->answers[i - 1];
		queue->answers[i - 1] = other;
	}
}

static void
put(struct blk_queue *queue, const struct blk_answer *answer)
{
	struct xen_blk_response response = { .id = answer->id,
		.operation = answer->operation,
		.status = (int16_t)answer->status };

	backend_ring_put(&queue->ring, queue->ring.rsp_prod++, &response,
	    sizeof(response));
}

static void
put_all(struct blk_queue *queue)
{
	struct host_blkback_manners *manners = &queue->blk->manners;

	if (manners->reorder)
		shuffle(queue);
	for (unsigned i = 0; i < queue->answer_count; i++) {
		struct blk_answer answer = queue->answers[i];

		if (backend_nth(&manners->bad_id_nth))
			answer.id = manners->bad_id;
		if (backend_nth(&manners->bad_op_nth))
			answer.operation = answer.operation == XEN_BLK_READ
			    ? XEN_BLK_WRITE
			    : XEN_BLK_READ;
		if (backend_nth(&manners->lost_nth))
			continue;
		put(queue, &answer);
		if (backend_nth(&manners->twice_nth))
			put(queue, &answer);
	}
	queue->answer_count = 0;
}

static void
publish(struct blk_queue *queue)
{
	struct host_blkback *blk = queue->blk;
	struct host_blkback_manners *manners = &blk->manners;
	struct backend_ring *ring = &queue->ring;
	uint32_t jump = manners->producer_jump;

	if (manners->producer_back)
		jump = ring->published - 1 - ring->rsp_prod;
	manners->producer_jump = 0;
	manners->producer_back = false;
	if (ring->rsp_prod == ring->published && jump == 0)
		return;
	if (!backend_ring_publish(ring, jump)) {
		blk->counts.signals_elided++;
	} else if (!manners->never_signal) {
		blk->counts.signals_sent++;
		host_port_send(queue->port);
	}
}

/* All that waits is taken, then all is answered, with one signal at most.
 * False: the guest's counter is nonsense. */
static bool
take(struct blk_queue *queue)
{
	struct backend_ring *ring = &queue->ring;
	uint32_t waiting = backend_ring_waiting(ring);
	union xen_blk_entry entry;

	if (waiting > ring->size) {
		queue->blk->counts.refused++;
		return false;
	}
	while (waiting-- > 0) {
		backend_ring_copy(ring, ring->req_cons++, &entry);
		queue->answers[queue->answer_count++] = blk_request(queue,
		    &entry);
	}
	put_all(queue);
	publish(queue);
	return true;
}

static void
look(struct backend *backend, unsigned index)
{
	struct host_blkback *blk = (struct host_blkback *)backend;
	struct blk_queue *queue = &blk->queues[index];
	struct backend_ring *ring = &queue->ring;
	unsigned looks = 0;

	queue->due = false;
	if (queue->port == NULL || queue->halted || !backend_ring_begin(ring))
		return;
	if (blk->manners.stop) {
		if (backend_ring_waiting(ring) != 0)
			blk_look_later(queue, STOPPED_TIME);
		return;
	}
	if (blk->manners.storm > 0 && !blk->storming) {
		blk->storming = true;
		backend_later(backend, STORM_TIME, storm, index);
	}
	do {
		if (!take(queue)) {
			queue->halted = true; /* Linux's ends its thread */
			return;
		}
		if (!backend_ring_arm(ring, ring->req_cons + 1))
			break;
	} while (++looks < LOOKS_MAX);
	if (blk->manners.rewrite_indices)
		backend_ring_scribble(ring,
		    (uint32_t)backend->world->random(backend->world->ctx,
			UINT32_MAX));
	if (looks == LOOKS_MAX)
		blk_look_later(queue, 0);
}

void
blk_look_later(struct blk_queue *queue, uint64_t delay)
{
	if (queue->due)
		return;
	queue->due = true;
	backend_later(&queue->blk->backend, delay, look, queue->index);
}

void
blk_signalled(void *argument)
{
	struct blk_queue *queue = argument;

	if (queue->blk->manners.delay > 0)
		blk_look_later(queue, queue->blk->manners.delay);
	else if (!queue->due)
		look(&queue->blk->backend, queue->index);
}
