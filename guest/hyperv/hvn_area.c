/* SPDX-License-Identifier: ISC */
/*
 * Memory that the host has as long as a connection lasts.  One run of pages each
 * way; VMBus frees it when the host has let go.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

unsigned
hvn_queues_max(const struct hvn *hvn)
{
	return hvn->hyperv->cpus < HVN_QUEUES ? hvn->hyperv->cpus : HVN_QUEUES;
}

static void
lent(void *owner, struct vmbus_gpadl *gpadl, int error)
{
	struct hvn_area *area = owner;

	(void)gpadl;
	area->lending = false;
	area->error = error;
}

/* As much as there is in one run, but for `tail` bytes not less than `least`. */
static int
open_area(struct hvn *hvn, struct hvn_area *area, size_t most, size_t least,
    size_t tail)
{
	const struct pv_port *port = hvn->hyperv->port;
	struct vmbus_gpadl *gpadl = &area->gpadl;

	*area = (struct hvn_area){ .gpadl = { .done = lent, .owner = area } };
	for (size_t size = most; size >= least; size /= 2) {
		size_t pages = (size / PV_PAGE_SIZE) + tail / PV_PAGE_SIZE;

		gpadl->memory = port->pages_alloc(port->ctx, pages,
		    &gpadl->physical);
		if (gpadl->memory == NULL)
			continue;
		gpadl->pages = pages;
		area->room = size / PV_PAGE_SIZE * PV_PAGE_SIZE;
		return PV_OK;
	}
	return PV_ENOMEM;
}

#define HEADS ((size_t)HVN_SLOTS * HVN_HEAD)

/* The host takes all of it for sections, and is told of none in the tail. */
int
hvn_area_open_send(struct hvn *hvn)
{
	unsigned queues = hvn_queues_max(hvn);
	struct hvn_area *area = &hvn->send;
	int error = open_area(hvn, area, (size_t)queues * HVN_SEND,
	    HVN_SEND_MIN, queues * HEADS + PV_PAGE_SIZE);
	size_t at = area->room + queues * HEADS;

	if (error != PV_OK)
		return error;
	hvn->control.page = (uint8_t *)area->gpadl.memory + at;
	hvn->control.physical = area->gpadl.physical + at;
	return PV_OK;
}

void
hvn_area_heads(struct hvn *hvn, struct hvn_queue *queue)
{
	const struct hvn_area *area = &hvn->send;
	size_t at = area->room + queue->index * HEADS;

	queue->tx.heads = (uint8_t *)area->gpadl.memory + at;
	queue->tx.heads_physical = area->gpadl.physical + at;
}

int
hvn_area_open_receive(struct hvn *hvn)
{
	size_t most = HVN_RECEIVE;

	if (hvn->version <= HV_NVSP_2 && most > HV_NVSP_RECV_BUFFER_MAX_LEGACY)
		most = HV_NVSP_RECV_BUFFER_MAX_LEGACY;
	return open_area(hvn, &hvn->receive, most, HVN_RECEIVE_MIN, 0);
}

int
hvn_area_lend(struct hvn *hvn, struct hvn_area *area)
{
	int error;

	if (area->gpadl.handle != 0)
		return PV_OK;
	if (area->lending)
		return PV_EAGAIN;
	if (area->error != PV_OK)
		return area->error;
	error = vmbus_gpadl_create(hvn->channel, &area->gpadl);
	if (error != PV_OK)
		return error;
	area->lending = true;
	return PV_EAGAIN;
}

void
hvn_area_cut(struct hvn *hvn)
{
	struct hvn_area *area = &hvn->send;

	area->lent = false;
	area->section_size = HVN_SECTION;
	area->sections = (uint32_t)(area->room / HVN_SECTION);
}

void
hvn_area_close(struct hvn *hvn, struct hvn_area *area)
{
	if (area->gpadl.memory != NULL)
		vmbus_gpadl_give(hvn->channel, &area->gpadl);
	*area = (struct hvn_area){ .lent = false };
}
