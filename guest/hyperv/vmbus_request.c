/* SPDX-License-Identifier: ISC */
/* What is asked of the host: posted in order, answered in any, and never waited
 * for without an end. */
#include "guest/bus/libc.h"
#include "guest/hyperv/vmbus_private.h"

/* How long one message may find no buffer at the host. */
#define POST_PATIENCE (10 * PV_SECOND)

/* While an answer is awaited, events are not relied on alone. */
#define LOOK_INTERVAL (10 * PV_MILLISECOND)

/* What is done in one poll, at least. */
#define POSTS_MIN 4

/* Waits of OpenBSD's hv_cmd() (vmbus.c), in microseconds; then the last. */
static const uint16_t waits[] = { 100, 100, 100, 500, 500, 5000, 5000, 5000 };

#define WAITS (sizeof(waits) / sizeof(waits[0]))

static void
unlink_first(struct vmbus *vmbus)
{
	vmbus->queue = vmbus->queue->next;
	if (vmbus->queue == NULL)
		vmbus->queue_end = &vmbus->queue;
	vmbus->message_len = 0;
	vmbus->refusals = 0;
	vmbus->retry = 0;
}

static void
finish(struct vmbus_request *request, int error, uint32_t status)
{
	request->state = REQUEST_IDLE;
	request->next = NULL;
	if (request->done != NULL)
		request->done(request, error, status);
}

/* Until a version is agreed on there is nothing but that to speak about. */
static bool
speaking(const struct vmbus *vmbus, const struct vmbus_request *request)
{
	if (vmbus->phase == VMBUS_DOWN || vmbus->phase == VMBUS_FAILED)
		return false;
	return vmbus->version != 0 || request->answer == VMBUS_VERSION_SEEN ||
	    request->answer == VMBUS_UNLOADED;
}

void
vmbus_request(struct vmbus *vmbus, struct vmbus_request *request)
{
	request->number = 0;
	request->next = NULL;
	if (!speaking(vmbus, request)) {
		request->state = REQUEST_ENDED;
		request->error = PV_EINTR;
		request->next = vmbus->ended;
		vmbus->ended = request;
		return;
	}
	request->state = REQUEST_QUEUED;
	*vmbus->queue_end = request;
	vmbus->queue_end = &request->next;
}

static bool
drop(struct vmbus_request **link, struct vmbus_request *request)
{
	for (; *link != NULL; link = &(*link)->next)
		if (*link == request) {
			*link = request->next;
			return true;
		}
	return false;
}

void
vmbus_request_cancel(struct vmbus *vmbus, struct vmbus_request *request)
{
	if (request->state == REQUEST_QUEUED) {
		if (vmbus->queue == request)
			unlink_first(vmbus);
		else
			drop(&vmbus->queue, request);
		vmbus->queue_end = &vmbus->queue;
		while (*vmbus->queue_end != NULL)
			vmbus->queue_end = &(*vmbus->queue_end)->next;
	} else if (request->state == REQUEST_POSTED) {
		drop(&vmbus->posted, request);
	} else if (request->state == REQUEST_ENDED) {
		drop(&vmbus->ended, request);
	}
	request->state = REQUEST_IDLE;
	request->next = NULL;
}

static bool
matches(const struct vmbus_request *request, enum vmbus_answer answer,
    uint32_t relid, uint32_t id)
{
	if (request->answer != answer)
		return false;
	switch (answer) {
	case VMBUS_CREATED:
	case VMBUS_OPENED:
		return request->relid == relid && request->id == id;
	case VMBUS_TORNDOWN:
		return request->id == id;
	case VMBUS_MODIFIED:
		return request->relid == relid;
	default:
		return true;
	}
}

bool
vmbus_answered(struct vmbus *vmbus, enum vmbus_answer answer, uint32_t relid,
    uint32_t id, uint32_t status)
{
	struct vmbus_request *request = vmbus->posted;

	while (request != NULL && !matches(request, answer, relid, id))
		request = request->next;
	if (request == NULL)
		return false;
	drop(&vmbus->posted, request);
	finish(request, PV_OK, status);
	return true;
}

/* Those that their owners make meanwhile end at the next poll. */
void
vmbus_requests_end(struct vmbus *vmbus, int error)
{
	struct vmbus_request *lists[] = { vmbus->ended, vmbus->posted,
		vmbus->queue };

	vmbus->ended = vmbus->posted = vmbus->queue = NULL;
	vmbus->queue_end = &vmbus->queue;
	vmbus->message_len = 0;
	vmbus->refusals = 0;
	vmbus->retry = 0;
	/* told in a second step: an owner may cancel another of his own */
	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		while (lists[i] != NULL) {
			struct vmbus_request *request = lists[i];

			lists[i] = request->next;
			request->state = REQUEST_ENDED;
			request->error = error;
			request->next = vmbus->ended;
			vmbus->ended = request;
		}
	for (unsigned i = 0; vmbus->ended != NULL && i < 65536; i++) {
		struct vmbus_request *request = vmbus->ended;

		vmbus->ended = request->next;
		finish(request, request->error, 0);
	}
}

/* The next message of the first request; false: it has no other. */
static bool
make(struct vmbus *vmbus)
{
	struct vmbus_request *request = vmbus->queue;

	memset(vmbus->message, 0, sizeof(vmbus->message));
	vmbus->message_len = request->message(request, request->number,
	    vmbus->message);
	return vmbus->message_len != 0;
}

static void
posted(struct vmbus *vmbus)
{
	struct vmbus_request *request = vmbus->queue;

	unlink_first(vmbus);
	if (request->answer == VMBUS_NO_ANSWER) {
		finish(request, PV_OK, 0);
		return;
	}
	request->state = REQUEST_POSTED;
	request->deadline = pv_bus_now(vmbus->hyperv->bus) +
	    (request->patience != 0 ? request->patience : VMBUS_PATIENCE);
	request->next = vmbus->posted;
	vmbus->posted = request;
}

static void
not_posted(struct vmbus *vmbus, int error)
{
	struct vmbus_request *request = vmbus->queue;
	const struct hv_vmbus_header *header = (const void *)vmbus->message;

	/* a version that is too new is sent to where nobody is */
	if (header->type != HV_VMBUS_INITIATE_CONTACT)
		hyperv_log(vmbus->hyperv, PV_LOG_ERROR,
		    "message of type %u not posted: %s", header->type,
		    pv_error_text(error));
	unlink_first(vmbus);
	finish(request, error, 0);
}

/* False: there is nothing to post now. */
static bool
post(struct vmbus *vmbus, uint64_t now)
{
	struct vmbus_request *request = vmbus->queue;
	uint64_t wait;
	int error;

	if (request == NULL || now < vmbus->retry)
		return false;
	if (vmbus->message_len == 0 && !make(vmbus)) {
		posted(vmbus);
		return true;
	}
	error = hyperv_post(vmbus->hyperv, vmbus->connection, HV_MESSAGE_VMBUS,
	    vmbus->message, vmbus->message_len);
	if (error == PV_OK) {
		vmbus->refusals = 0;
		vmbus->retry = 0;
		request->number++;
		/* an answer can only come after the last of them */
		if (!make(vmbus))
			posted(vmbus);
		return true;
	}
	if (vmbus->refusals == 0)
		vmbus->give_up = now + POST_PATIENCE;
	if (error != PV_EAGAIN || now >= vmbus->give_up) {
		not_posted(vmbus, error != PV_EAGAIN ? error : PV_ETIMEDOUT);
		return true;
	}
	wait = waits[vmbus->refusals < WAITS ? vmbus->refusals : WAITS - 1];
	vmbus->refusals++;
	vmbus->retry = now + wait * (PV_MILLISECOND / 1000);
	return false;
}

static struct vmbus_request *
overdue(const struct vmbus *vmbus, uint64_t now)
{
	struct vmbus_request *request = vmbus->posted;

	while (request != NULL && now < request->deadline)
		request = request->next;
	return request;
}

bool
vmbus_requests_poll(struct vmbus *vmbus, unsigned budget)
{
	uint64_t now = pv_bus_now(vmbus->hyperv->bus);
	struct vmbus_request *request;
	unsigned ends = budget < POSTS_MIN ? POSTS_MIN : budget;

	while (ends > 0 && (request = vmbus->ended) != NULL) {
		vmbus->ended = request->next;
		finish(request, request->error, request->status);
		ends--;
	}
	while (ends > 0 && (request = overdue(vmbus, now)) != NULL) {
		drop(&vmbus->posted, request);
		finish(request, PV_ETIMEDOUT, 0);
		ends--;
	}
	if (budget < POSTS_MIN)
		budget = POSTS_MIN;
	while (budget > 0 && post(vmbus, now))
		budget--;
	return vmbus->ended != NULL || overdue(vmbus, now) != NULL ||
	    (vmbus->queue != NULL && now >= vmbus->retry);
}

uint64_t
vmbus_requests_deadline(const struct vmbus *vmbus)
{
	uint64_t now = pv_bus_now(vmbus->hyperv->bus), first = PV_NEVER;

	if (vmbus->ended != NULL)
		return now;
	if (vmbus->queue != NULL)
		first = vmbus->retry;
	if (vmbus->posted != NULL && now + LOOK_INTERVAL < first)
		first = now + LOOK_INTERVAL;
	for (const struct vmbus_request *request = vmbus->posted;
	     request != NULL; request = request->next)
		if (request->deadline < first)
			first = request->deadline;
	return first;
}
