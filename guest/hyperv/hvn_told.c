/* SPDX-License-Identifier: ISC */
/* What the host tells without being asked, in band on the first channel. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

/* Where the table stands: hosts up to HV_NVSP_6 may say so wrongly. */
static bool
table_at(const struct hvn *hvn, const struct ring_packet *packet,
    const struct hv_nvsp_indirection_table *table, size_t *at)
{
	const size_t size = HV_NVSP_INDIRECTION_ENTRIES * sizeof(uint32_t);

	if (table->count != HV_NVSP_INDIRECTION_ENTRIES)
		return false;
	*at = table->offset;
	if (hvn->version <= HV_NVSP_6 &&
	    packet->len >= HV_NVSP_INDIRECTION_OFFSET + size)
		*at = HV_NVSP_INDIRECTION_OFFSET;
	return *at <= packet->len && size <= packet->len - *at;
}

static void
take_table(struct hvn_queue *queue, const struct ring_packet *packet)
{
	struct hvn *hvn = queue->hvn;
	struct hv_nvsp_indirection_table table;
	size_t at;
	uint32_t entry;

	if (packet->len < sizeof(uint32_t) + sizeof(table)) {
		queue->stats->bad_length++;
		return;
	}
	memcpy(&table, packet->data + sizeof(uint32_t), sizeof(table));
	if (!table_at(hvn, packet, &table, &at)) {
		queue->stats->bad_length++;
		return;
	}
	for (unsigned i = 0; i < HV_NVSP_INDIRECTION_ENTRIES; i++) {
		memcpy(&entry, packet->data + at + i * sizeof(entry),
		    sizeof(entry));
		if (entry >= HVN_QUEUES) { /* we have not asked for so many */
			queue->stats->bad_index++;
			entry = 0;
		}
		__atomic_store_n(&hvn->table[i], entry, __ATOMIC_RELAXED);
	}
}

/* A VF beside this interface is not used: all goes on through this one, for the
 * host switches over only when it is told to. */
static void
take_vf(struct hvn_queue *queue, const struct ring_packet *packet)
{
	struct hv_nvsp_vf_association vf;

	if (packet->len < sizeof(uint32_t) + sizeof(vf)) {
		queue->stats->bad_length++;
		return;
	}
	memcpy(&vf, packet->data + sizeof(uint32_t), sizeof(vf));
	if (vf.allocated == 0)
		return;
	__atomic_fetch_add(&queue->hvn->vf_offers, 1, __ATOMIC_RELAXED);
	__atomic_fetch_or(&queue->hvn->news, HVN_NEWS_VF, __ATOMIC_RELEASE);
}

void
hvn_control_told(struct hvn_queue *queue, const struct ring_packet *packet)
{
	uint32_t type;

	if ((packet->flags & HV_PACKET_FLAG_COMPLETION) != 0 &&
	    !hvn_acks_put(&queue->rx.told, packet->id))
		queue->stats->bad_state++;
	if (packet->len < sizeof(type)) {
		queue->stats->bad_length++;
		return;
	}
	memcpy(&type, packet->data, sizeof(type));
	if (queue->index == 0 && type == HV_NVSP_INDIRECTION_TABLE)
		take_table(queue, packet);
	else if (queue->index == 0 && type == HV_NVSP_VF_ASSOCIATION)
		take_vf(queue, packet);
	else
		queue->stats->bad_value++;
}
