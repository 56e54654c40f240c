/* SPDX-License-Identifier: ISC */
/* What of the model of Hyper-V can be made to misbehave, by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/manners.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CORE(field, how) MANNER(struct host_hyperv_manners, field, how)
static const struct manner core[] = {
	CORE(fail_nth, MANNER_U32),
	CORE(fail_code, MANNER_U32),
	CORE(fail_status, MANNER_U16),
	CORE(fail_count, MANNER_U32),
	CORE(lose_events, MANNER_BOOL),
	CORE(drop_events, MANNER_BOOL),
	CORE(tsc_invalid, MANNER_BOOL),
	CORE(tsc_wild, MANNER_BOOL),
	CORE(message_nth, MANNER_U32),
	CORE(message_type, MANNER_U32),
	CORE(message_how, MANNER_INT),
	CORE(message_word, MANNER_U32),
	CORE(message_value, MANNER_U32),
	CORE(silent, MANNER_BOOL),
	CORE(no_delivered, MANNER_BOOL),
	CORE(gpadl_hold, MANNER_BOOL),
};

#define RING(field, how) MANNER(struct host_ring_manners, field, how)
static const struct manner ring[] = {
	RING(bad_nth, MANNER_U32),
	RING(bad_how, MANNER_INT),
	RING(bad_value, MANNER_U64),
	RING(set_write_index, MANNER_BOOL),
	RING(set_read_index, MANNER_BOOL),
	RING(write_index, MANNER_U32),
	RING(read_index, MANNER_U32),
	RING(rewrite_guest, MANNER_BOOL),
	RING(full_is_size1, MANNER_BOOL),
	RING(no_features, MANNER_BOOL),
	RING(always_masked, MANNER_BOOL),
	RING(storm, MANNER_U32),
	RING(never_signal, MANNER_BOOL),
};

#define STOR(field, how) MANNER(struct host_storvsp_manners, field, how)
static const struct manner stor[] = {
	STOR(delay, MANNER_U64),
	STOR(reorder, MANNER_BOOL),
	STOR(stop, MANNER_BOOL),
	STOR(fail_nth, MANNER_U32),
	STOR(fail_count, MANNER_U32),
	STOR(scsi_status, MANNER_U8),
	STOR(srb_status, MANNER_U8),
	STOR(sense_key, MANNER_U8),
	STOR(asc, MANNER_U8),
	STOR(ascq, MANNER_U8),
	STOR(bad_nth, MANNER_U32),
	STOR(bad_how, MANNER_INT),
	STOR(bad_value, MANNER_U64),
	STOR(refuse_versions, MANNER_BOOL),
	STOR(has_max_channels, MANNER_BOOL),
	STOR(has_max_transfer, MANNER_BOOL),
	STOR(max_channels, MANNER_U16),
	STOR(max_transfer, MANNER_U32),
	STOR(capacity_last, MANNER_U64),
	STOR(capacity_sector, MANNER_U32),
	STOR(has_capacity_sector, MANNER_BOOL),
};

#define NET(field, how) MANNER(struct host_netvsp_manners, field, how)
static const struct manner net[] = {
	NET(delay, MANNER_U64),
	NET(stop, MANNER_BOOL),
	NET(refuse_versions, MANNER_BOOL),
	NET(silent_rndis, MANNER_BOOL),
	NET(stop_completions, MANNER_BOOL),
	NET(bad_nth, MANNER_U32),
	NET(bad_what, MANNER_INT),
	NET(patch_at, MANNER_U32),
	NET(patch_len, MANNER_U32),
	NET(patch, MANNER_BYTES),
	NET(has_len, MANNER_BOOL),
	NET(len, MANNER_U32),
	NET(twice, MANNER_BOOL),
	NET(lost, MANNER_BOOL),
	NET(send_table_offset, MANNER_U32),
	NET(has_subs, MANNER_BOOL),
	NET(subs, MANNER_U32),
};

#define IC(field, how) MANNER(struct host_ic_manners, field, how)
static const struct manner ic[] = {
	IC(old_framework, MANNER_BOOL),
	IC(frameworks, MANNER_U32),
	IC(messages, MANNER_U32),
	IC(no_negotiate, MANNER_BOOL),
};

/* The device of that name, and its manners. */
static struct host_vmbus_device *
device_of(struct face_hyperv *self, const char *name, struct manners *manners)
{
	char nic[32];

	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		if (strcmp(name, hyperv_services[i]) == 0) {
			*manners = (struct manners){
				host_ic_manners(self->ic, i), ic, COUNT(ic)
			};
			return host_ic_device(self->ic, i);
		}
	if (strcmp(name, "storvsp0") == 0) {
		*manners = (struct manners){
			host_storvsp_manners(self->storvsp), stor, COUNT(stor)
		};
		return host_storvsp_device(self->storvsp);
	}
	for (struct hyperv_nic *at = self->nics; at != NULL; at = at->next) {
		snprintf(nic, sizeof(nic), "netvsp%u", at->number);
		if (strcmp(name, nic) != 0)
			continue;
		*manners = (struct manners){ host_netvsp_manners(at->net), net,
			COUNT(net) };
		return host_netvsp_device(at->net);
	}
	return NULL;
}

/* "hyperv", a device, or with ".ring" or ".ringN" behind it the ring of its
 * first or N-th channel. */
bool
hyperv_manners(void *ctx, const char *part, struct manners *manners)
{
	struct face_hyperv *self = ctx;
	const char *dot = strstr(part, ".ring");
	struct host_vmbus_device *device;
	char name[32], *end = NULL;
	unsigned long sub;

	if (strcmp(part, "hyperv") == 0) {
		*manners = (struct manners){ host_hyperv_manners(self->host),
			core, COUNT(core) };
		return true;
	}
	snprintf(name, sizeof(name), "%.*s",
	    dot != NULL ? (int)(dot - part) : (int)sizeof(name) - 1, part);
	device = device_of(self, name, manners);
	if (device == NULL || dot == NULL)
		return device != NULL;
	sub = strtoul(dot + 5, &end, 10);
	if (*end != '\0' || sub > 64)
		return false;
	*manners = (struct manners){ host_vmbus_manners(device, (unsigned)sub),
		ring, COUNT(ring) };
	return manners->at != NULL;
}
