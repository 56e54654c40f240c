/* SPDX-License-Identifier: ISC */
/*
 * Requests about the interface: NVS, answered by the completion of its packet,
 * and RNDIS, answered by another message.  The owner of the bus makes them and
 * waits; who has queue 0 sends them and takes the answer.  One at a time.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

static uint32_t
state_of(const struct hvn_control *control)
{
	return __atomic_load_n(&control->state, __ATOMIC_ACQUIRE);
}

static void
set_state(struct hvn_control *control, enum hvn_control_state state)
{
	__atomic_store_n(&control->state, (uint32_t)state, __ATOMIC_RELEASE);
}

/* The owner of the bus may give up meanwhile. */
static bool
change(struct hvn_control *control, enum hvn_control_state from,
    enum hvn_control_state to)
{
	uint32_t expected = (uint32_t)from;

	return __atomic_compare_exchange_n(&control->state, &expected,
	    (uint32_t)to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* ---- From the owner of the bus ---------------------------------------- */

void
hvn_control_ask(struct hvn *hvn, bool rndis, size_t length, bool silent)
{
	struct hvn_control *control = &hvn->control;

	control->rndis = rndis;
	control->silent = silent;
	control->length = length;
	control->reply_length = 0;
	control->error = PV_OK;
	control->deadline = pv_bus_now(hvn->device->bus) + HVN_ANSWER;
	set_state(control, HVN_CONTROL_WANTED);
}

int
hvn_control_answer(struct hvn *hvn)
{
	struct hvn_control *control = &hvn->control;
	uint32_t state = state_of(control);

	if (state == HVN_CONTROL_ANSWERED) {
		set_state(control, HVN_CONTROL_FREE);
		return control->error;
	}
	if (pv_bus_now(hvn->device->bus) < control->deadline)
		return PV_EAGAIN;
	/* who has queue 0 is at it right now, perhaps */
	if (change(control, HVN_CONTROL_WANTED, HVN_CONTROL_FREE) ||
	    change(control, HVN_CONTROL_SENT, HVN_CONTROL_FREE))
		return PV_ETIMEDOUT;
	return PV_EAGAIN;
}

void
hvn_control_reset(struct hvn *hvn)
{
	set_state(&hvn->control, HVN_CONTROL_FREE);
}

/* ---- From queue 0 ----------------------------------------------------- */

static void
answer(struct hvn_control *control, const void *reply, size_t length, int error)
{
	if (!change(control, HVN_CONTROL_SENT, HVN_CONTROL_ANSWERING))
		return;
	if (length > sizeof(control->reply))
		length = sizeof(control->reply);
	if (length > 0)
		memcpy(control->reply, reply, length);
	control->reply_length = length;
	control->error = error;
	set_state(control, HVN_CONTROL_ANSWERED);
}

/* RNDIS is read by the host from our page, NVS goes through the ring. */
static bool
put(struct hvn_queue *queue, uint64_t id)
{
	const struct hvn_control *control = &queue->hvn->control;
	const struct hv_nvsp message = { .type = HV_NVSP_RNDIS,
		.u.rndis = { .channel = HV_NVSP_CONTROL,
		    .section = HV_NVSP_NO_SECTION } };
	struct ring_piece piece = { &message, hvn_nvs_size(queue->hvn) };
	const struct {
		uint32_t reserved, count;
		struct hv_gpa_page page;
	} range = { .count = 1,
		.page = { .bytes = (uint32_t)control->length,
		    .frame = control->physical / PV_PAGE_SIZE } };
	struct ring_packet_out packet = { .type = HV_PACKET_INBAND,
		.flags = HV_PACKET_FLAG_COMPLETION,
		.id = id,
		.pieces = &piece,
		.count = 1 };

	if (control->rndis) {
		packet.type = HV_PACKET_GPA_DIRECT;
		packet.header = &range;
		packet.header_len = sizeof(range);
	} else {
		piece = (struct ring_piece){ control->page, control->length };
		if (control->silent)
			packet.flags = 0;
	}
	return hvn_queue_send(queue, &packet);
}

/* What is not answered needs no slot. */
static bool
send(struct hvn_queue *queue)
{
	struct hvn_control *control = &queue->hvn->control;
	struct hvn_tx *tx = &queue->tx;
	uint32_t slot = SLOT_NONE;
	uint64_t id = 0;

	if (!control->silent || control->rndis) {
		slot = slots_take(&tx->slots, &id);
		if (slot == SLOT_NONE)
			return false;
		tx->slot[slot] = (struct hvn_slot){ .kind = HVN_SLOT_CONTROL,
			.request = control->id };
	}
	if (put(queue, id))
		return true;
	if (slot != SLOT_NONE)
		hvn_tx_release(tx, slot);
	return false;
}

bool
hvn_control_send(struct hvn_queue *queue)
{
	struct hvn_control *control = &queue->hvn->control;

	if (!change(control, HVN_CONTROL_WANTED, HVN_CONTROL_SENDING))
		return true;
	if (!send(queue)) {
		set_state(control, HVN_CONTROL_WANTED);
		return false;
	}
	set_state(control, HVN_CONTROL_SENT);
	if (control->silent)
		answer(control, NULL, 0, PV_OK);
	return true;
}

/* Of RNDIS it only says that the host has it, or will not. */
void
hvn_control_completed(struct hvn_queue *queue, uint32_t request,
    const struct ring_packet *packet)
{
	struct hvn_control *control = &queue->hvn->control;
	uint32_t words[2];

	if (state_of(control) != HVN_CONTROL_SENT || request != control->id)
		return; /* nobody waits for it any more */
	if (!control->rndis) {
		answer(control, packet->data, packet->len, PV_OK);
		return;
	}
	if (packet->len < sizeof(words)) {
		queue->stats->bad_length++;
		answer(control, NULL, 0, PV_EPROTO);
		return;
	}
	memcpy(words, packet->data, sizeof(words));
	if (words[0] != HV_NVSP_RNDIS_COMPLETE) {
		queue->stats->bad_value++;
		answer(control, NULL, 0, PV_EPROTO);
	} else if (words[1] != HV_NVSP_STATUS_SUCCESS)
		answer(control, NULL, 0, PV_EIO);
}

static void
indicated(struct hvn_queue *queue, const uint8_t *message, size_t size)
{
	uint32_t status, news = 0;

	if (rndis_indicate_read(message, size, &status) != PV_OK) {
		queue->stats->bad_length++;
		return;
	}
	switch (status) {
	case HV_RNDIS_STATUS_MEDIA_CONNECT:
	case HV_RNDIS_STATUS_MEDIA_DISCONNECT:
		news = HVN_NEWS_LINK;
		break;
	case HV_RNDIS_STATUS_LINK_SPEED:
		news = HVN_NEWS_SPEED;
		break;
	case HV_RNDIS_STATUS_NETWORK_CHANGE:
		news = HVN_NEWS_NETWORK;
		break;
	case HV_RNDIS_STATUS_OFFLOAD:
		news = HVN_NEWS_OFFLOAD;
		break;
	default: /* there are many, and none of them matters */
		break;
	}
	__atomic_fetch_or(&queue->hvn->news, news, __ATOMIC_RELEASE);
}

void
hvn_control_received(struct hvn_queue *queue, const uint8_t *message,
    size_t size)
{
	struct hvn_control *control = &queue->hvn->control;
	struct hv_rndis header;
	uint32_t id;

	if (rndis_header(message, size, &header) != PV_OK)
		return;
	if (queue->index != 0) {
		queue->stats->bad_value++;
		return;
	}
	if (header.type == HV_RNDIS_INDICATE) {
		indicated(queue, message, size);
		return;
	}
	if ((header.type & HV_RNDIS_COMPLETE) == 0) {
		queue->stats->bad_value++;
		return;
	}
	if (rndis_answer_id(message, size, &id) != PV_OK) {
		queue->stats->bad_length++;
		return;
	}
	if (state_of(control) != HVN_CONTROL_SENT || !control->rndis ||
	    id != control->id) {
		queue->stats->bad_id++;
		return;
	}
	if (size > sizeof(control->reply)) {
		queue->stats->bad_length++;
		answer(control, NULL, 0, PV_EPROTO);
		return;
	}
	answer(control, message, size, PV_OK);
}
