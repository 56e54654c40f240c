/* SPDX-License-Identifier: ISC */
/* The connection of VMBus: how it begins, by which version, and its end. */
#include <string.h>

#include "host/hyperv/hyperv_private.h"

/* Features of 6.0 that make sense without a paravisor. */
#define FEATURES \
	(HV_VMBUS_FEATURE_CLIENT_ID | HV_VMBUS_FEATURE_MODIFY_CONNECTION)

static bool
is_known(uint32_t version)
{
	static const uint32_t versions[] = { HV_VMBUS_0_13, HV_VMBUS_1_1,
		HV_VMBUS_2_4, HV_VMBUS_3_0, HV_VMBUS_4_0, HV_VMBUS_4_1,
		HV_VMBUS_5_0, HV_VMBUS_5_1, HV_VMBUS_5_2, HV_VMBUS_5_3,
		HV_VMBUS_6_0 };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i] == version)
			return true;
	return false;
}

void
root_disconnect(struct host_hyperv *host)
{
	root_relids_free(host);
	root_gpadls_free(host, 0);
	host->connected = host->offers_sent = false;
	host->version = host->counts.version = 0;
	host->interrupt_page = host->monitor_to_host = 0;
	host->connection = 0;
}

static void
answer_version(struct host_hyperv *host, uint32_t version, bool accepted)
{
	struct hv_vmbus_version_features answer = {
		.response = { .header = { .type = HV_VMBUS_VERSION_RESPONSE },
		    .accepted = accepted,
		    .connection = version < HV_VMBUS_5_0 ? version
							 : host->connection },
		.features = host->features,
	};

	root_vmbus_send(host, &answer,
	    accepted && version >= HV_VMBUS_6_0 ? sizeof(answer)
						: sizeof(answer.response));
}

/* Where answers go to, refusals as well. */
static bool
set_target(struct host_hyperv *host,
    const struct hv_vmbus_initiate_contact *contact)
{
	unsigned sint = HV_VMBUS_SINT;

	if (contact->version >= HV_VMBUS_5_0)
		sint = contact->u.target.sint;
	if (contact->vp >= host->config.vcpus || sint == 0 ||
	    sint >= HV_SINTS) {
		host->counts.refused++;
		return false;
	}
	host->vcpu = contact->vp;
	host->sint = sint;
	return true;
}

void
root_initiate_contact(struct host_hyperv *host, const void *message,
    size_t size)
{
	struct hv_vmbus_initiate_contact contact;
	bool accepted;

	(void)size;
	memcpy(&contact, message, sizeof(contact));
	/* a guest that was started over the last one's head */
	if (host->connected)
		root_disconnect(host);
	if (!set_target(host, &contact))
		return;
	/* to where nobody may be listening */
	root_letters_free(&host->outbox);
	accepted = is_known(contact.version) &&
	    contact.version >= host->config.version_min &&
	    contact.version <= host->config.version_max;
	host->features = 0;
	if (accepted) {
		host->connected = true;
		host->version = host->counts.version = contact.version;
		host->counts.connects++;
		if (contact.version < HV_VMBUS_2_4)
			host->interrupt_page = contact.u.interrupt_page &
			    HV_PLACE_ADDRESS;
		if (contact.version >= HV_VMBUS_6_0)
			host->features = contact.u.target.features & FEATURES;
		/* one that no guest can guess */
		if (contact.version >= HV_VMBUS_5_0)
			host->connection = 0x1000 + host->counts.connects % 256;
		host->monitor_to_host = contact.monitor_to_host &
		    HV_PLACE_ADDRESS;
	}
	answer_version(host, contact.version, accepted);
}

void
root_unload(struct host_hyperv *host, const void *message, size_t size)
{
	struct hv_vmbus_header answer = { .type = HV_VMBUS_UNLOAD_RESPONSE };
	uint32_t version = host->version;

	(void)message;
	(void)size;
	root_disconnect(host);
	host->counts.unloads++;
	if (version >= HV_VMBUS_1_1)
		root_vmbus_send(host, &answer, sizeof(answer));
}

void
root_modify_connection(struct host_hyperv *host, const void *message,
    size_t size)
{
	struct hv_vmbus_modify_connection modify;
	struct hv_vmbus_version_response answer = {
		.header = { .type = HV_VMBUS_MODIFY_CONNECTION_RESPONSE },
	};

	(void)size;
	memcpy(&modify, message, sizeof(modify));
	host->monitor_to_host = modify.monitor_to_host & HV_PLACE_ADDRESS;
	root_vmbus_send(host, &answer, HV_VMBUS_VERSION_RESPONSE_MIN);
}
