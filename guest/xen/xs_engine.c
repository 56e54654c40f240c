/* SPDX-License-Identifier: ISC */
/*
 * Requests of XenStore to bytes, bytes to answers.  What comes in was written by
 * the host: an answer is believed only for a request that is under way, of that
 * generation and type.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xs_private.h"

#define HEADER sizeof(struct xen_store_header)
#define SLOT_BITS 5
#define EXPIRE_MAX 256u
_Static_assert(XS_SLOTS == 1u << SLOT_BITS, "slots");

void
xs_init(struct xs *xs, const struct pv_port *port, struct pv_stats *stats,
    size_t limit)
{
	memset(xs, 0, sizeof(*xs));
	xs->port = port;
	xs->stats = stats;
	xs->window = XS_OUTSTANDING;
	xs->limit = limit < XEN_STORE_PAYLOAD_MAX ? limit
						  : XEN_STORE_PAYLOAD_MAX;
	xs->last = &xs->first;
	xs->abort_body[0] = XEN_STORE_ABORT[0];
	for (unsigned i = 0; i < XS_SLOTS; i++)
		xs->slots[i].generation = 1; /* no id is 0 */
}

void
xs_fini(struct xs *xs)
{
	for (unsigned i = 0; i < XS_ABORTS; i++)
		xs_cancel(xs, &xs->aborts[i]);
	xs_watches_free(xs);
}

uint64_t
xs_now(const struct xs *xs)
{
	return xs->port->now(xs->port->ctx);
}

/* ---- Slots ------------------------------------------------------------ */

static void
slot_free(struct xs_slot *slot)
{
	slot->request = NULL;
	slot->lost = false;
	slot->generation = (slot->generation + 1) & (UINT32_MAX >> SLOT_BITS);
	if (slot->generation == 0)
		slot->generation = 1;
}

/* A free one, or that of the answer which is overdue the longest. */
static struct xs_slot *
slot_take(struct xs *xs)
{
	struct xs_slot *found = NULL;

	for (unsigned i = 0; i < XS_SLOTS; i++) {
		struct xs_slot *slot = &xs->slots[i];

		if (slot->request != NULL)
			continue;
		if (!slot->lost)
			return slot;
		if (found == NULL || slot->sequence < found->sequence)
			found = slot;
	}
	slot_free(found); /* there are more of them than outstanding ones */
	return found;
}

static struct xs_slot *
slot_of(struct xs *xs, const struct xs_request *request)
{
	for (unsigned i = 0; i < XS_SLOTS; i++)
		if (xs->slots[i].request == request)
			return &xs->slots[i];
	return NULL;
}

/* ---- The queue -------------------------------------------------------- */

static void
enqueue(struct xs *xs, struct xs_request *request)
{
	request->state = XS_QUEUED;
	request->next = NULL;
	*xs->last = request;
	xs->last = &request->next;
}

static void
dequeue(struct xs *xs, struct xs_request *request)
{
	struct xs_request **link = &xs->first;

	while (*link != request)
		link = &(*link)->next;
	*link = request->next;
	if (*link == NULL)
		xs->last = link;
	request->state = XS_IDLE;
}

/* Nothing knows of the request any more. */
static void
forget(struct xs *xs, struct xs_request *request, bool lost)
{
	struct xs_slot *slot;

	if (request->state == XS_QUEUED) {
		dequeue(xs, request);
		return;
	}
	slot = slot_of(xs, request);
	if (lost) {
		slot->request = NULL;
		slot->lost = true;
	} else
		slot_free(slot);
	xs->outstanding--;
	request->state = XS_IDLE;
}

static void
finish(struct xs *xs, struct xs_request *request, int error)
{
	(void)xs;
	request->again = false;
	request->error = error;
	request->done(request);
}

static void
finish_empty(struct xs *xs, struct xs_request *request, int error, bool lost)
{
	forget(xs, request, lost);
	request->reply = "";
	request->length = 0;
	finish(xs, request, error);
}

static size_t
payload(const struct xs_request *request)
{
	size_t size = 0;

	for (unsigned i = 0; i < 3; i++) {
		if (request->parts[i].size > XEN_STORE_PAYLOAD_MAX)
			return SIZE_MAX;
		size += request->parts[i].size;
	}
	return size;
}

int
xs_submit(struct xs *xs, struct xs_request *request)
{
	if (xs->dead != PV_OK)
		return xs->dead;
	if (payload(request) > xs->limit)
		return PV_EMSGSIZE;
	request->until = request->deadline != 0 ? request->deadline
						: xs_now(xs) + XS_TIMEOUT;
	request->again = false;
	enqueue(xs, request);
	return PV_OK;
}

void
xs_cancel(struct xs *xs, struct xs_request *request)
{
	if (request->state != XS_IDLE)
		forget(xs, request, true);
}

/* ---- Out -------------------------------------------------------------- */

bool
xs_pending(const struct xs *xs)
{
	if (xs->out_at < xs->out_size)
		return true;
	return xs->first != NULL && !xs->paused && xs->outstanding < xs->window;
}

static void
begin(struct xs *xs)
{
	struct xs_request *request = xs->first;
	struct xs_slot *slot = slot_take(xs);
	struct xen_store_header header = {
		.type = request->type,
		.req_id = slot->generation << SLOT_BITS |
		    (uint32_t)(slot - xs->slots),
		.tx_id = request->transaction,
		.length = (uint32_t)payload(request),
	};

	dequeue(xs, request);
	request->state = XS_SENT;
	slot->request = request;
	slot->type = request->type;
	slot->sequence = xs->sequence++;
	xs->outstanding++;
	memcpy(xs->out, &header, HEADER);
	xs->out_size = HEADER;
	for (unsigned i = 0; i < 3; i++) {
		const struct xs_part *part = &request->parts[i];

		if (part->size > 0)
			memcpy(xs->out + xs->out_size, part->bytes, part->size);
		xs->out_size += part->size;
	}
	xs->out_at = 0;
	xs->stats->requests++;
	xs->stats->bytes += header.length;
}

size_t
xs_output(struct xs *xs, const uint8_t **bytes)
{
	if (!xs_pending(xs))
		return 0;
	if (xs->out_at == xs->out_size)
		begin(xs);
	*bytes = xs->out + xs->out_at;
	return xs->out_size - xs->out_at;
}

void
xs_sent(struct xs *xs, size_t size)
{
	xs->out_at += size;
}

void
xs_refused(struct xs *xs, int error)
{
	struct xen_store_header header;
	struct xs_slot *slot;

	memcpy(&header, xs->out, HEADER);
	xs->out_at = xs->out_size;
	slot = &xs->slots[header.req_id & (XS_SLOTS - 1)];
	if (slot->generation != header.req_id >> SLOT_BITS)
		return;
	if (slot->request != NULL)
		finish_empty(xs, slot->request, error, false);
	else if (slot->lost)
		slot_free(slot);
}

/* ---- In --------------------------------------------------------------- */

/* Nobody waits for it any more, but a transaction that it began is open. */
static void
late_reply(struct xs *xs, struct xs_slot *slot,
    const struct xen_store_header *header, const char *body)
{
	uint64_t id;

	xs->late++;
	if (slot->type == XEN_STORE_TRANSACTION_START &&
	    header->type == slot->type &&
	    xs_number(body, strlen(body), UINT32_MAX, &id))
		xs_abort(xs, (uint32_t)id);
	slot_free(slot);
}

static void
reply(struct xs *xs, const struct xen_store_header *header, const char *body)
{
	struct xs_slot *slot = &xs->slots[header->req_id & (XS_SLOTS - 1)];
	struct xs_request *request = slot->request;
	int error = PV_OK;

	if (slot->generation != header->req_id >> SLOT_BITS ||
	    (request == NULL && !slot->lost)) {
		xs->stats->bad_id++;
		return;
	}
	if (slot->lost) {
		late_reply(xs, slot, header, body);
		return;
	}
	request->reply = body;
	request->length = header->length;
	if (header->type == XEN_STORE_ERROR) {
		error = xs_error(xs, body, header->length);
		/* the first one removed it */
		if (error == PV_ENOENT && request->again &&
		    request->type == XEN_STORE_RM)
			error = PV_OK;
	} else if (header->type != request->type) {
		xs->stats->bad_value++;
		error = PV_EPROTO;
	}
	forget(xs, request, false);
	finish(xs, request, error);
}

static void
message(struct xs *xs, const struct xen_store_header *header)
{
	char *body = (char *)xs->in + HEADER;

	body[header->length] = '\0';
	xs->stats->bytes += header->length;
	/* of an event Linux leaves all but type and length as they were in its
	 * memory */
	if (header->type == XEN_STORE_WATCH_EVENT)
		xs_watch_event(xs, body, header->length);
	else
		reply(xs, header, body);
}

int
xs_input(struct xs *xs, const void *from, size_t size)
{
	const uint8_t *bytes = from;
	struct xen_store_header header;
	size_t want, part;

	while (size > 0 && !xs->garbled) {
		want = HEADER;
		if (xs->in_have >= HEADER) {
			memcpy(&header, xs->in, HEADER);
			want += header.length;
		}
		part = want - xs->in_have < size ? want - xs->in_have : size;
		memcpy(xs->in + xs->in_have, bytes, part);
		xs->in_have += part;
		bytes += part;
		size -= part;
		if (xs->in_have < HEADER)
			break;
		memcpy(&header, xs->in, HEADER);
		if (header.length > XEN_STORE_PAYLOAD_MAX) {
			xs->stats->bad_length++;
			xs->garbled = true;
		} else if (xs->in_have == HEADER + header.length) {
			xs->in_have = 0;
			message(xs, &header);
		}
	}
	return xs->garbled ? PV_EPROTO : PV_OK;
}

/* ---- Time and trouble ------------------------------------------------- */

static struct xs_request *
overdue(const struct xs *xs, uint64_t now)
{
	for (unsigned i = 0; i < XS_SLOTS; i++) {
		struct xs_request *request = xs->slots[i].request;

		if (request != NULL && request->until <= now)
			return request;
	}
	for (struct xs_request *request = xs->first; request != NULL;
	     request = request->next)
		if (request->until <= now)
			return request;
	return NULL;
}

void
xs_expire(struct xs *xs)
{
	uint64_t now = xs_now(xs);
	struct xs_request *request;

	/* a completion may end others, or submit anew */
	for (unsigned i = 0; i < EXPIRE_MAX; i++) {
		request = overdue(xs, now);
		if (request == NULL)
			break;
		finish_empty(xs, request, PV_ETIMEDOUT, true);
	}
	xs_watches_run(xs, now);
	xs_transactions_run(xs, now);
}

uint64_t
xs_deadline(const struct xs *xs)
{
	uint64_t first = xs_transactions_deadline(xs);
	uint64_t greeting = xs_watches_deadline(xs);

	if (greeting < first)
		first = greeting;

	for (unsigned i = 0; i < XS_SLOTS; i++)
		if (xs->slots[i].request != NULL &&
		    xs->slots[i].request->until < first)
			first = xs->slots[i].request->until;
	for (const struct xs_request *request = xs->first; request != NULL;
	     request = request->next)
		if (request->until < first)
			first = request->until;
	return first;
}

void
xs_fail_all(struct xs *xs, int error)
{
	unsigned count = 0;

	xs->epoch++;
	xs_watches_stop(xs);
	for (unsigned i = 0; i < XS_SLOTS; i++)
		if (xs->slots[i].request != NULL)
			finish_empty(xs, xs->slots[i].request, error, true);
	for (struct xs_request *request = xs->first; request != NULL;
	     request = request->next)
		count++;
	/* not those that a completion adds */
	while (count-- > 0 && xs->first != NULL)
		finish_empty(xs, xs->first, error, false);
}

void
xs_die(struct xs *xs, int error)
{
	xs->dead = error;
	xs_fail_all(xs, error);
	xs_watches_fail(xs, error);
	xs_transactions_fail(xs, error);
}

/* Doing it twice is doing it once.  (What a transaction did is lost with it.) */
static bool
repeatable(const struct xs_request *request)
{
	return request->transaction == 0 &&
	    request->type != XEN_STORE_TRANSACTION_END;
}

static struct xs_slot *
last_sent(struct xs *xs)
{
	struct xs_slot *last = NULL;

	for (unsigned i = 0; i < XS_SLOTS; i++)
		if (xs->slots[i].request != NULL &&
		    (last == NULL || xs->slots[i].sequence > last->sequence))
			last = &xs->slots[i];
	return last;
}

static struct xs_request *
unrepeatable(struct xs *xs)
{
	struct xs_request *request = xs->first;

	while (request != NULL && repeatable(request))
		request = request->next;
	return request;
}

void
xs_restart(struct xs *xs)
{
	struct xs_request *request;
	struct xs_slot *slot;

	xs->out_at = xs->out_size = xs->in_have = 0;
	xs->garbled = false;
	xs->epoch++;
	xs_watches_stop(xs);
	/* in the old order, before those that were never sent */
	while ((slot = last_sent(xs)) != NULL) {
		request = slot->request;
		forget(xs, request, false);
		request->again = true;
		request->state = XS_QUEUED;
		request->next = xs->first;
		if (xs->first == NULL)
			xs->last = &request->next;
		xs->first = request;
	}
	for (unsigned i = 0; i < XS_SLOTS; i++)
		slot_free(&xs->slots[i]);
	xs_watches_start(xs);
	while ((request = unrepeatable(xs)) != NULL)
		finish_empty(xs, request, PV_EAGAIN, false);
}
