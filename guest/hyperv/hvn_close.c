/* SPDX-License-Identifier: ISC */
/* The end of a connection: frames end, queues rest, channels close, and memory
 * comes back when the host has let go of it. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

void
hvn_stop(struct hvn *hvn, int error, uint64_t time)
{
	hvn->nic.link = false;
	hvn->running = false;
	for (unsigned i = 0; i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL)
			hvn_queue_stop(hvn->queues[i], error, time);
}

bool
hvn_rests(const struct hvn *hvn)
{
	for (unsigned i = 0; i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL && !hvn_queue_rests(hvn->queues[i]))
			return false;
	return true;
}

/* ---- Close ------------------------------------------------------------ */

static void
revoke(struct hvn *hvn, uint32_t type, uint16_t id)
{
	const struct hv_nvsp message = { .type = type, .u.revoke.id = id };

	(void)vmbus_send_data(hvn->channel, 0, 0, &message, hvn_nvs_size(hvn));
}

/* Neither is answered, and the close that follows says the same. */
static void
say_goodbye(struct hvn *hvn)
{
	if (hvn->channel->state != VMBUS_OPEN || hvn->version == 0)
		return;
	if (hvn->receive.lent)
		revoke(hvn, HV_NVSP_REVOKE_RECV_BUFFER, HV_NVSP_RECV_BUFFER_ID);
	if (hvn->send.lent)
		revoke(hvn, HV_NVSP_REVOKE_SEND_BUFFER, HV_NVSP_SEND_BUFFER_ID);
	vmbus_kick(hvn->channel);
}

void
hvn_close(struct hvn *hvn)
{
	say_goodbye(hvn);
	for (unsigned i = HVN_QUEUES; i-- > 0;) {
		struct hvn_queue *queue = hvn->queues[i];

		if (queue == NULL || queue->channel == NULL)
			continue;
		queue->channel_up = false;
		vmbus_channel_close(queue->channel);
	}
	/* what the host knew of is VMBus's by now */
	hvn_area_close(hvn, &hvn->receive);
	hvn_area_close(hvn, &hvn->send);
	hvn_control_reset(hvn);
	hvn->asked = false;
	hvn->opened = false;
}

/* About one queue; false: the host may let go yet.  After a sleep there are no
 * sub-channels, and the first one knows of them. */
static bool
judge(struct hvn_queue *queue, bool late)
{
	const struct vmbus_channel *channel = queue->channel != NULL
	    ? queue->channel
	    : queue->hvn->channel;
	int error = vmbus_channel_closed(channel);

	if (error == PV_EAGAIN && !late)
		return false;
	hvn_queue_judge(queue, error == PV_OK ? HVN_LET_GO : HVN_HELD);
	return true;
}

bool
hvn_closed(struct hvn *hvn, bool late)
{
	bool closed = true;

	for (unsigned i = 0; i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL &&
		    (!judge(hvn->queues[i], late) ||
			!hvn_queue_empty(hvn->queues[i])))
			closed = false;
	return closed;
}

/* No queue is in use by another CPU, says pv_bus_suspend().  Whether the host
 * has let go of the memory of frames is known when we wake. */
void
hvn_forget(struct hvn *hvn)
{
	for (unsigned i = 0; i < HVN_QUEUES; i++) {
		struct hvn_queue *queue = hvn->queues[i];

		if (queue == NULL)
			continue;
		hvn_queue_end(queue, PV_EIO);
		queue->channel_up = queue->departing = false;
		if (i > 0)
			queue->channel = NULL;
	}
	hvn_area_close(hvn, &hvn->receive);
	hvn_area_close(hvn, &hvn->send);
	hvn_control_reset(hvn);
	hvn->asked = hvn->opened = hvn->running = false;
}
