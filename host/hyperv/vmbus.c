/* SPDX-License-Identifier: ISC */
/* The server of VMBus: the connection, and the messages of the guest. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"

/* Answers that wait: then no more is asked. */
#define OUTBOX_FULL 64

static void
put(struct root_letters *letters, const struct root_letter *letter)
{
	struct root_letter *copy = root_alloc(sizeof(*copy));

	*copy = *letter;
	copy->next = NULL;
	if (letters->last != NULL)
		letters->last->next = copy;
	else
		letters->first = copy;
	letters->last = copy;
	letters->count++;
}

static void
drop_first(struct root_letters *letters)
{
	struct root_letter *first = letters->first;

	letters->first = first->next;
	if (letters->first == NULL)
		letters->last = NULL;
	letters->count--;
	free(first);
}

void
root_letters_free(struct root_letters *letters)
{
	while (letters->first != NULL)
		drop_first(letters);
}

/* ---- To the guest ----------------------------------------------------- */

void
root_vmbus_feed(struct host_hyperv *host)
{
	while (host->outbox.first != NULL) {
		struct root_letter letter = *host->outbox.first;

		if (root_messages_waiting(host, letter.vcpu, letter.sint) >=
		    host->config.messages)
			return;
		drop_first(&host->outbox);
		root_message(host, letter.vcpu, letter.sint, letter.type,
		    letter.payload, letter.size);
	}
	if (host->inbox.first != NULL)
		root_kick(host);
}

void
root_vmbus_send(struct host_hyperv *host, const void *payload, size_t size)
{
	struct root_letter letter = { .vcpu = host->vcpu,
		.sint = host->sint,
		.type = HV_MESSAGE_VMBUS,
		.size = (unsigned)size };

	if (host->manners.silent)
		return;
	memcpy(letter.payload, payload, size);
	put(&host->outbox, &letter);
	root_vmbus_feed(host);
}

/* ---- Messages of the guest -------------------------------------------- */

struct root_relid *
root_relid(struct host_hyperv *host, uint32_t relid)
{
	if (relid < HV_VMBUS_RELIDS &&
	    host->relids[relid].state == RELID_RELEASED)
		host->counts.violations++;
	if (relid >= HV_VMBUS_RELIDS ||
	    host->relids[relid].state == RELID_FREE ||
	    host->relids[relid].state == RELID_RELEASED) {
		host->counts.refused++;
		return NULL;
	}
	return &host->relids[relid];
}

bool
root_is_rescinded(const struct host_hyperv *host, uint32_t relid)
{
	return host->relids[relid].state == RELID_RESCINDED;
}

static void
request_offers(struct host_hyperv *host, const void *message, size_t size)
{
	(void)message;
	(void)size;
	root_request_offers(host);
}

/* Messages are in the letter's memory, which is aligned. */
static void
open_channel(struct host_hyperv *host, const void *message, size_t size)
{
	(void)size;
	root_open(host, message);
}

static void
close_channel(struct host_hyperv *host, const void *message, size_t size)
{
	(void)size;
	root_close(host, message);
}

static void
teardown(struct host_hyperv *host, const void *message, size_t size)
{
	(void)size;
	root_gpadl_teardown(host, message);
}

static void
modify_channel(struct host_hyperv *host, const void *message, size_t size)
{
	(void)size;
	root_modify(host, message);
}

static void
released(struct host_hyperv *host, const void *message, size_t size)
{
	const struct hv_vmbus_relid_released *released = message;

	(void)size;
	root_released(host, released->relid);
}

static const struct handler {
	void (*call)(struct host_hyperv *, const void *message, size_t size);
	size_t size;
	bool longer; /* it may be */
	uint32_t version;
	uint32_t feature; /* of 6.0 */
} handlers[HV_VMBUS_TYPES] = {
	[HV_VMBUS_INITIATE_CONTACT] = { root_initiate_contact,
	    sizeof(struct hv_vmbus_initiate_contact), true, 0, 0 },
	[HV_VMBUS_REQUEST_OFFERS] = { request_offers,
	    sizeof(struct hv_vmbus_header), false, 0, 0 },
	[HV_VMBUS_OPEN] = { open_channel, sizeof(struct hv_vmbus_open), false,
	    0, 0 },
	[HV_VMBUS_CLOSE] = { close_channel, sizeof(struct hv_vmbus_close),
	    false, 0, 0 },
	[HV_VMBUS_GPADL_HEADER] = { root_gpadl_header,
	    offsetof(struct hv_vmbus_gpadl_header, frames), true, 0, 0 },
	[HV_VMBUS_GPADL_BODY] = { root_gpadl_body,
	    offsetof(struct hv_vmbus_gpadl_body, frames), true, 0, 0 },
	[HV_VMBUS_GPADL_TEARDOWN] = { teardown,
	    sizeof(struct hv_vmbus_gpadl_teardown), false, 0, 0 },
	[HV_VMBUS_RELID_RELEASED] = { released,
	    sizeof(struct hv_vmbus_relid_released), false, 0, 0 },
	[HV_VMBUS_UNLOAD] = { root_unload, sizeof(struct hv_vmbus_header),
	    false, 0, 0 },
	[HV_VMBUS_MODIFY_CHANNEL] = { modify_channel,
	    sizeof(struct hv_vmbus_modify_channel), false, HV_VMBUS_4_1, 0 },
	[HV_VMBUS_MODIFY_CONNECTION] = { root_modify_connection,
	    sizeof(struct hv_vmbus_modify_connection), false, HV_VMBUS_6_0,
	    HV_VMBUS_FEATURE_MODIFY_CONNECTION },
};

/* Whether it came by the connection that is meant for it. */
static bool
is_at_home(const struct host_hyperv *host, uint32_t connection, uint32_t type,
    uint32_t version)
{
	if (type == HV_VMBUS_INITIATE_CONTACT)
		return connection == HV_VMBUS_CONNECTION_MESSAGE_5
		    ? version >= HV_VMBUS_5_0
		    : connection == HV_VMBUS_CONNECTION_MESSAGE &&
			version < HV_VMBUS_5_0;
	/* who takes over does not know what was agreed on */
	if (type == HV_VMBUS_UNLOAD)
		return true;
	return connection ==
	    (host->version >= HV_VMBUS_5_0 ? host->connection
					   : HV_VMBUS_CONNECTION_MESSAGE);
}

static bool
is_right(struct host_hyperv *host, const struct handler *handler,
    const struct root_letter *letter)
{
	uint32_t words[3];

	memcpy(words, letter->payload, sizeof(words));
	if (letter->size < handler->size) {
		host->counts.violations++;
		return false;
	}
	if (letter->size > handler->size && !handler->longer)
		host->counts.violations++;
	if (!is_at_home(host, letter->connection, words[0], words[2])) {
		host->counts.violations++;
		return false;
	}
	return words[0] == HV_VMBUS_INITIATE_CONTACT ||
	    (host->connected && host->version >= handler->version &&
		(host->features & handler->feature) == handler->feature);
}

static void
take(struct host_hyperv *host, const struct root_letter *letter)
{
	const struct handler *handler;
	uint32_t type;

	memcpy(&type, letter->payload, sizeof(type));
	if (letter->type != HV_MESSAGE_VMBUS || letter->size < sizeof(type) ||
	    type >= HV_VMBUS_TYPES || handlers[type].call == NULL) {
		host->counts.refused++;
		return;
	}
	handler = &handlers[type];
	if (is_right(host, handler, letter))
		handler->call(host, letter->payload, letter->size);
	else
		host->counts.refused++;
}

static bool
is_contact(const struct root_letter *letter)
{
	uint32_t type;

	memcpy(&type, letter->payload, sizeof(type));
	return type == HV_VMBUS_INITIATE_CONTACT;
}

/* No more is asked while answers are not taken, unless it is by a guest that
 * begins anew. */
void
root_vmbus_work(struct host_hyperv *host)
{
	while (host->inbox.first != NULL &&
	    (host->outbox.count < OUTBOX_FULL || host->contacts > 0)) {
		struct root_letter letter = *host->inbox.first;

		if (is_contact(&letter))
			host->contacts--;
		drop_first(&host->inbox);
		take(host, &letter);
	}
}

static bool
is_connection(const struct host_hyperv *host, uint32_t connection)
{
	if (connection == HV_VMBUS_CONNECTION_MESSAGE)
		return true;
	if (host->config.version_max < HV_VMBUS_5_0)
		return false;
	return connection == HV_VMBUS_CONNECTION_MESSAGE_5 ||
	    (host->connection != 0 && connection == host->connection);
}

unsigned
root_post(struct host_hyperv *host, const struct hv_post_message *message)
{
	struct root_letter letter = { .type = message->type,
		.size = message->size,
		.connection = message->connection };

	if (!is_connection(host, message->connection))
		return HV_STATUS_INVALID_CONNECTION_ID;
	if (host->inbox.count >= ROOT_POSTS)
		return HV_STATUS_INSUFFICIENT_BUFFERS;
	host->counts.posts++;
	memcpy(letter.payload, message->payload, message->size);
	put(&host->inbox, &letter);
	if (is_contact(&letter))
		host->contacts++;
	root_kick(host);
	return HV_STATUS_SUCCESS;
}
