/* SPDX-License-Identifier: ISC */
/* NICs of the face of Hyper-V: each is a device of VMBus. */
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/reply.h"

#define TAG 4u
#define TPID 0x8100u /* IEEE 802.1Q */
#define MTU 1500u

static void
send(struct nic *nic, const struct host_nv_frame *from, const uint8_t *bytes,
    size_t length)
{
	struct nic_frame frame = { .bytes = bytes,
		.length = length,
		/* a whole one is complete, one to be cut is not */
		.blank = from->lso_version != 0,
		.valid = from->checksum_blank && from->lso_version == 0,
		.segment_size = (uint16_t)(from->lso_version != 0
			? from->segment_size
			: 0) };

	nic_send(nic, &frame);
}

/* A tag is beside the frame here, and in it outside. */
static void
send_tagged(struct nic *nic, const struct host_nv_frame *frame)
{
	uint8_t *bytes = malloc(frame->length + TAG);

	if (bytes == NULL)
		return;
	memcpy(bytes, frame->bytes, 12);
	bytes[12] = TPID >> 8;
	bytes[13] = TPID & 0xff;
	bytes[14] = (uint8_t)(frame->vlan >> 8);
	bytes[15] = (uint8_t)frame->vlan;
	memcpy(bytes + 16, frame->bytes + 12, frame->length - 12);
	send(nic, frame, bytes, frame->length + TAG);
	free(bytes);
}

static void
of_guest(void *ctx, const struct host_nv_frame *frame)
{
	struct hyperv_nic *nic = ctx;

	if (nic->nic == NULL)
		return; /* it is being taken away */
	if (frame->has_vlan)
		send_tagged(nic->nic, frame);
	else
		send(nic->nic, frame, frame->bytes, frame->length);
}

static bool
to_guest(void *ctx, const struct nic_frame *frame)
{
	struct hyperv_nic *nic = ctx;
	struct host_nv_frame to = { .bytes = frame->bytes,
		.length = frame->length,
		.channel = HOST_NV_BY_HASH,
		.checksum_valid = frame->valid };

	return host_netvsp_send(nic->net, &to);
}

bool
hyperv_nic_add(void *ctx, struct nic *outer, struct reply *reply)
{
	struct face_hyperv *self = ctx;
	struct host_netvsp_config config = {
		.mtu = outer->mtu != 0 ? outer->mtu : MTU,
		.max_channels = self->config.vcpus,
	};
	struct hyperv_nic *nic = calloc(1, sizeof(*nic)), **link = &self->nics;

	memcpy(config.mac, outer->mac, sizeof(config.mac));
	if (nic != NULL)
		nic->net = host_netvsp_new(self->host, &config);
	if (nic == NULL || nic->net == NULL) {
		free(nic);
		return reply_no(reply, "out of memory");
	}
	while (*link != NULL && (*link)->number == nic->number) {
		nic->number++;
		link = &(*link)->next;
	}
	nic->next = *link;
	*link = nic;
	nic->nic = outer;
	host_netvsp_on_frame(nic->net, of_guest, nic);
	outer->device = nic;
	outer->place = nic->number;
	outer->ctx = nic;
	outer->receive = to_guest;
	return true;
}

/* The model's goes when the guest has let go of it, and calls nobody then. */
static void
ignore(void *ctx, const struct host_nv_frame *frame)
{
	(void)ctx;
	(void)frame;
}

bool
hyperv_nic_remove(void *ctx, struct nic *outer, struct reply *reply)
{
	struct face_hyperv *self = ctx;
	struct hyperv_nic **link = &self->nics, *nic;

	while (*link != NULL && (*link)->nic != outer)
		link = &(*link)->next;
	nic = *link;
	if (nic == NULL)
		return reply_no(reply, "%s is not there", outer->name);
	*link = nic->next;
	outer->receive = NULL;
	outer->ctx = outer->device = NULL;
	host_netvsp_on_frame(nic->net, ignore, NULL);
	host_netvsp_rescind(nic->net);
	free(nic);
	return true;
}

void
hyperv_nics_free(struct face_hyperv *self)
{
	while (self->nics != NULL) {
		struct hyperv_nic *nic = self->nics;

		self->nics = nic->next;
		if (nic->nic != NULL) {
			nic->nic->receive = NULL;
			nic->nic->ctx = nic->nic->device = NULL;
		}
		host_netvsp_on_frame(nic->net, ignore, NULL);
		free(nic);
	}
}
