/* SPDX-License-Identifier: ISC */
/* RNDIS messages that are no frames: the guest's, and what it is told.  Those
 * to it wait for a part of the receive buffer. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/netvsp_private.h"

/* ---- To the guest ----------------------------------------------------- */

void
nv_control_forget(struct host_netvsp *net)
{
	while (net->controls != NULL) {
		struct nv_control *control = net->controls;

		net->controls = control->next;
		free(control);
	}
	net->controls_end = &net->controls;
	net->control_count = 0;
}

void
nv_control_pump(struct host_netvsp *net)
{
	struct nv_channel *channel = &net->channels[0];

	while (net->controls != NULL && channel->vmbus != NULL &&
	    channel->waiting < NV_WAITING && nv_has_parts(net, 1, false)) {
		struct nv_control *control = net->controls;

		nv_close_batch(channel, HV_NVSP_DATA);
		if (nv_put(channel, control->bytes, control->size))
			nv_close_batch(channel, HV_NVSP_CONTROL);
		else
			net->counts.dropped++;
		net->controls = control->next;
		if (net->controls == NULL)
			net->controls_end = &net->controls;
		net->control_count--;
		free(control);
	}
}

void
nv_control_say(struct host_netvsp *net, uint32_t type, const void *body,
    size_t body_size, const void *rest, size_t rest_size)
{
	struct nv_control *control = nv_alloc(sizeof(*control));

	control->size = nv_rndis_make(control->bytes, type, body, body_size,
	    rest, rest_size);
	*net->controls_end = control;
	net->controls_end = &control->next;
	net->control_count++;
	nv_control_pump(net);
}

void
nv_indicate(struct host_netvsp *net, uint32_t status, const void *bytes,
    size_t size)
{
	struct hv_rndis_indicate body = { .status = status,
		.length = (uint32_t)size,
		.offset = size > 0 ? (uint32_t)sizeof(body) : 0 };

	if (net->operational && net->control_count < NV_CONTROLS)
		nv_control_say(net, HV_RNDIS_INDICATE, &body, sizeof(body),
		    bytes, size);
}

static void
say_done(struct host_netvsp *net, uint32_t type, uint32_t id, uint32_t status)
{
	struct hv_rndis_done body = { id, status };

	nv_control_say(net, type, &body, sizeof(body), NULL, 0);
}

/* ---- Of the guest ----------------------------------------------------- */

static uint32_t
log2_of(uint32_t align)
{
	uint32_t bits = 0;

	while (align > 1) {
		align >>= 1;
		bits++;
	}
	return bits;
}

static bool
take_initialize(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	struct hv_rndis_initialize request;
	struct hv_rndis_initialize_complete body = {
		.status = HV_RNDIS_STATUS_FAILURE,
		.major = HV_RNDIS_MAJOR,
		.minor = HV_RNDIS_MINOR,
		.device = HV_RNDIS_CONNECTIONLESS,
		.max_packets = net->config.aggregate,
		.max_transfer = net->config.aggregate_size,
		.alignment = log2_of(net->config.aggregate_align),
	};

	if (size < sizeof(request))
		return false;
	memcpy(&request, bytes, sizeof(request));
	body.id = request.id;
	if (!net->operational && request.major == HV_RNDIS_MAJOR) {
		body.status = HV_RNDIS_STATUS_SUCCESS;
		net->operational = true;
		nv_offload_supported(net, &net->offload);
		net->offload.rsc4 = net->offload.rsc6 = false;
	} else
		net->counts.refused++;
	nv_control_say(net, HV_RNDIS_INITIALIZE_COMPLETE, &body, sizeof(body),
	    NULL, 0);
	if (body.status == HV_RNDIS_STATUS_SUCCESS && net->vf)
		nv_send_vf(net);
	return true;
}

static bool
take_query(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	struct hv_rndis_request request;
	uint8_t object[NV_MESSAGE / 2];
	size_t object_size = 0;
	struct hv_rndis_answer body = { .offset = sizeof(body) };

	if (size < sizeof(request))
		return false;
	memcpy(&request, bytes, sizeof(request));
	body.id = request.id;
	body.status = nv_query(net, request.oid, object, &object_size);
	if (body.status != HV_RNDIS_STATUS_SUCCESS)
		object_size = 0;
	body.length = (uint32_t)object_size;
	nv_control_say(net, HV_RNDIS_QUERY_COMPLETE, &body, sizeof(body),
	    object, object_size);
	return true;
}

static bool
take_set(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	struct hv_rndis_request request;
	uint32_t status = HV_RNDIS_STATUS_INVALID_DATA;
	struct hv_ndis_offload now;
	size_t now_size;

	if (size < sizeof(request))
		return false;
	memcpy(&request, bytes, sizeof(request));
	if (request.offset >= sizeof(request) && request.offset <= size &&
	    request.length <= size - request.offset)
		status = nv_set(net, request.oid, bytes + request.offset,
		    request.length);
	if (status == HV_RNDIS_STATUS_INVALID_DATA ||
	    status == HV_RNDIS_STATUS_TOO_SHORT ||
	    status == HV_RNDIS_STATUS_INVALID_LENGTH)
		net->counts.refused++;
	say_done(net, HV_RNDIS_SET_COMPLETE, request.id, status);
	if (request.oid != HV_OID_OFFLOAD_PARAMETERS ||
	    status != HV_RNDIS_STATUS_SUCCESS)
		return true;
	now_size = nv_offload_object(net, &net->offload, &now);
	nv_indicate(net, HV_RNDIS_STATUS_OFFLOAD, &now, now_size);
	return true;
}

static bool
take_keepalive(struct host_netvsp *net, const uint8_t *bytes, size_t size)
{
	uint32_t id;

	if (size < sizeof(id))
		return false;
	memcpy(&id, bytes, sizeof(id));
	say_done(net, HV_RNDIS_KEEPALIVE_COMPLETE, id, HV_RNDIS_STATUS_SUCCESS);
	return true;
}

static void
take_reset(struct host_netvsp *net)
{
	struct hv_rndis_reset_complete body = { HV_RNDIS_STATUS_SUCCESS, 1 };

	net->counts.filter = 0;
	net->counts.groups = 0;
	nv_control_say(net, HV_RNDIS_RESET_COMPLETE, &body, sizeof(body), NULL,
	    0);
}

static bool
take(struct host_netvsp *net, uint32_t type, const uint8_t *bytes, size_t size)
{
	if (type == HV_RNDIS_INITIALIZE)
		return take_initialize(net, bytes, size);
	if (!net->operational)
		return false;
	switch (type) {
	case HV_RNDIS_HALT:
		nv_halt(net);
		return true;
	case HV_RNDIS_QUERY:
		return take_query(net, bytes, size);
	case HV_RNDIS_SET:
		return take_set(net, bytes, size);
	case HV_RNDIS_RESET:
		take_reset(net);
		return true;
	case HV_RNDIS_KEEPALIVE:
		return take_keepalive(net, bytes, size);
	default:
		return false;
	}
}

void
nv_control(struct host_netvsp *net, const uint8_t *message, size_t size)
{
	struct hv_rndis header;

	if (net->manners.silent_rndis)
		return;
	memcpy(&header, message, sizeof(header));
	/* Nobody has so many questions at once. */
	if (net->control_count >= NV_CONTROLS ||
	    !take(net, header.type, message + sizeof(header),
		size - sizeof(header)))
		net->counts.refused++;
}
