/* SPDX-License-Identifier: ISC */
/*
 * What becomes of each channel that is offered, until it goes again.  Drivers
 * come and go in here only.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/vmbus_private.h"

/* ---- Users ------------------------------------------------------------- */

static bool
is_service(const struct vmbus_channel *channel)
{
	return channel->device == channel->hyperv->device &&
	    channel->user != NULL;
}

/* With a driver or without. */
static struct pv_device *
device_of(const struct vmbus_channel *channel)
{
	const struct pv_device *parent = channel->hyperv->device;
	const struct pv_device *device = pv_bus_devices(channel->hyperv->bus);

	while (device != NULL &&
	    (device->parent != parent || device->aux != channel))
		device = device->next;
	return (struct pv_device *)(uintptr_t)device;
}

void
vmbus_node_unused(struct vmbus_channel *channel)
{
	channel->user = NULL;
	channel->owner = NULL;
	channel->device = channel->hyperv->device;
	channel->stats = channel->hyperv->stats;
}

/* The bus may have detached a driver without our knowing: then nobody uses its
 * channels, and nothing is counted on its account. */
void
vmbus_nodes_check(struct vmbus *vmbus)
{
	const struct pv_device *hyperv = vmbus->hyperv->device;

	vmbus->checks++;
	for (const struct pv_device *device =
		 pv_bus_devices(vmbus->hyperv->bus);
	     device != NULL; device = device->next)
		if (device->parent == hyperv && device->aux != NULL)
			channel_node(device->aux)->seen = vmbus->checks;
	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = channel->next) {
		const struct vmbus_channel *first = channel->primary != NULL
		    ? channel->primary
		    : channel;

		if (channel->user != NULL && channel->device != hyperv &&
		    channel_node(first)->seen != vmbus->checks)
			vmbus_node_unused(channel);
	}
}

/* ---- Go ---------------------------------------------------------------- */

static void
unhang(struct vmbus_channel *channel)
{
	struct vmbus_channel **link;

	if (channel->primary != NULL) {
		link = &channel->primary->next_sub;
		while (*link != NULL && *link != channel)
			link = &(*link)->next_sub;
		if (*link != NULL)
			*link = channel->next_sub;
		channel->primary = NULL;
	} else {
		struct vmbus_channel *sub = channel->next_sub;

		while (sub != NULL) {
			struct vmbus_channel *next = sub->next_sub;

			sub->primary = sub->next_sub = NULL;
			sub = next;
		}
	}
	channel->next_sub = NULL;
}

/* The relid is the host's again. */
static void
unlist(struct vmbus *vmbus, struct vmbus_channel *channel)
{
	if (!channel->listed)
		return;
	channel->listed = false;
	if (vmbus->channels[channel->offer.relid] == channel) {
		vmbus->channels[channel->offer.relid] = NULL;
		__atomic_store_n(channel->mark, 0, __ATOMIC_SEQ_CST);
	}
}

void
vmbus_node_free(struct vmbus *vmbus, struct vmbus_node *node)
{
	struct vmbus_channel *channel = &node->channel, **link = &vmbus->first;

	vmbus_request_cancel(vmbus, &node->release);
	unlist(vmbus, channel);
	unhang(channel);
	while (*link != channel)
		link = &(*link)->next;
	*link = channel->next;
	if (*link == NULL)
		vmbus->last = link;
	vmbus->count--;
	pv_free(vmbus->hyperv->bus, node, sizeof(*node));
}

/* A line that nobody wants it goes with it, too. */
static void
detach(struct vmbus *vmbus, struct vmbus_channel *channel)
{
	struct pv_device *device = device_of(channel);

	if (device == NULL)
		return;
	if (device->driver != NULL)
		hyperv_log(vmbus->hyperv, PV_LOG_INFO,
		    "%s detached from channel %u", device->name,
		    channel->offer.relid);
	pv_device_detach(device);
}

static size_t
release_message(struct vmbus_request *request, unsigned number, void *to)
{
	struct vmbus_node *node = request->owner;
	struct hv_vmbus_relid_released message = {
		.header = { .type = HV_VMBUS_RELID_RELEASED },
		.relid = node->channel.offer.relid,
	};

	memcpy(to, &message, sizeof(message));
	return number == 0 ? sizeof(message) : 0;
}

/* As soon as the host has it, it may offer the same again. */
static void
release_done(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus_node *node = request->owner;

	(void)error;
	(void)status;
	unlist(channel_vmbus(&node->channel), &node->channel);
	node->releasing = false;
	node->forgotten = true;
}

static void
release(struct vmbus *vmbus, struct vmbus_node *node)
{
	node->releasing = true;
	node->release = (struct vmbus_request){
		.message = release_message,
		.answer = VMBUS_NO_ANSWER,
		.done = release_done,
		.owner = node,
	};
	vmbus_request(vmbus, &node->release);
}

static void
tell(struct vmbus_node *node)
{
	struct vmbus_channel *channel = &node->channel;

	node->told = true;
	if (channel->user != NULL && channel->user->rescinded != NULL)
		channel->user->rescinded(channel->owner);
	else
		channel->departing = true;
}

static void
leave(struct vmbus *vmbus, struct vmbus_node *node)
{
	struct vmbus_channel *channel = &node->channel;

	node->left = true;
	channel->departing = false;
	/* of its own accord it stays offered, and unused */
	if (channel->offer.sub == 0)
		detach(vmbus, channel);
	vmbus_node_unused(channel);
	vmbus_channel_close(channel);
	if (!node->rescinded)
		node->left = false;
}

/* True: something was done. */
static bool
step(struct vmbus *vmbus, struct vmbus_node *node)
{
	struct vmbus_channel *channel = &node->channel;

	if (node->rescinded && !node->told) {
		tell(node);
		return true;
	}
	if (channel->departing) {
		leave(vmbus, node);
		return true;
	}
	if (node->left) {
		if (node->forgotten || !channel->listed) {
			if (!channel_gone(channel))
				return false;
			vmbus_node_free(vmbus, node);
			return true;
		}
		if (node->releasing || !channel_gone(channel))
			return false;
		release(vmbus, node);
		return true;
	}
	if (node->resuming) {
		if (vmbus->phase != VMBUS_UP)
			return false;
		node->resuming = false;
		node->patience = pv_bus_now(vmbus->hyperv->bus) +
		    VMBUS_DEVICE_PATIENCE;
		if (channel->user != NULL && channel->user->resumed != NULL)
			channel->user->resumed(channel->owner);
		return true;
	}
	if (node->tried || node->rescinded || vmbus->phase != VMBUS_UP)
		return false;
	return vmbus_node_try(vmbus, node);
}

/* ---- Poll -------------------------------------------------------------- */

/* Whatever a step does, the list is begun anew after it: any channel may be
 * gone. */
bool
vmbus_nodes_poll(struct vmbus *vmbus, unsigned budget)
{
	bool done = true;

	if (vmbus->working)
		return false;
	vmbus->working = true;
	if (budget == 0)
		budget = 1;
	while (done && budget-- > 0) {
		struct vmbus_channel *channel = vmbus->first;

		while (channel != NULL && !step(vmbus, channel_node(channel)))
			channel = channel->next;
		done = channel != NULL;
	}
	vmbus->working = false;
	return done;
}

uint64_t
vmbus_nodes_deadline(const struct vmbus *vmbus)
{
	if (vmbus->working)
		return PV_NEVER;
	for (const struct vmbus_channel *channel = vmbus->first;
	     channel != NULL; channel = channel->next) {
		const struct vmbus_node *node = channel_node(channel);

		if (channel->departing || (node->rescinded && !node->told) ||
		    (node->left && node->forgotten))
			return 0;
	}
	return PV_NEVER;
}

static bool
settled(const struct vmbus_channel *channel)
{
	const struct vmbus_node *node = channel_node(channel);

	if (channel->offer.sub != 0 || node->rescinded)
		return true;
	if (!node->tried)
		return false;
	return channel->user == NULL || channel->settled ||
	    channel->device->state != PV_DEVICE_ATTACHED ||
	    pv_bus_now(channel->hyperv->bus) >= node->patience;
}

bool
vmbus_nodes_settled(const struct vmbus *vmbus)
{
	for (const struct vmbus_channel *channel = vmbus->first;
	     channel != NULL; channel = channel->next)
		if (!settled(channel))
			return false;
	return true;
}

bool
vmbus_services_settled(const struct hyperv *hyperv)
{
	const struct vmbus *vmbus = hyperv->vmbus;

	if (vmbus->phase == VMBUS_FAILED)
		return true;
	if (vmbus->phase != VMBUS_UP)
		return false;
	for (const struct vmbus_channel *channel = vmbus->first;
	     channel != NULL; channel = channel->next) {
		const struct vmbus_node *node = channel_node(channel);

		if (channel->offer.sub == 0 && !node->rescinded &&
		    (!node->looked ||
			(is_service(channel) && !settled(channel))))
			return false;
	}
	return true;
}

void
vmbus_attach_devices(struct hyperv *hyperv)
{
	hyperv->vmbus->held = false;
}

/* ---- Sleep, and the end ------------------------------------------------ */

void
vmbus_nodes_suspend(struct vmbus *vmbus)
{
	vmbus_nodes_check(vmbus);
	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = channel->next) {
		/* one that has been taken away, too, as long as it has not
		 * left: its sub-channels are no more after this */
		if (!channel->departing && channel->user != NULL &&
		    channel->user->suspended != NULL)
			channel->user->suspended(channel->owner);
		vmbus_channel_close(channel);
	}
}

/* The host has forgotten all, and channels_forget() ours of it. */
void
vmbus_nodes_forget(struct vmbus *vmbus)
{
	struct vmbus_channel *next;

	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = next) {
		struct vmbus_node *node = channel_node(channel);

		next = channel->next;
		unlist(vmbus, channel);
		node->resuming = !node->rescinded;
		if (channel->offer.sub == 0)
			continue;
		/* nobody else is left to say so */
		if (channel->unsure && channel->primary != NULL)
			channel->primary->unsure = true;
		vmbus_node_free(vmbus, node);
	}
}

/* Offered again: it was met.  What was not is as if rescinded, and has no relid
 * to be given back. */
void
vmbus_nodes_resume(struct vmbus *vmbus)
{
	for (struct vmbus_channel *channel = vmbus->first; channel != NULL;
	     channel = channel->next) {
		struct vmbus_node *node = channel_node(channel);

		if (channel->listed || node->rescinded)
			continue;
		node->rescinded = true;
		node->resuming = false;
		channel_rescinded(channel);
	}
}

void
vmbus_nodes_close(struct vmbus *vmbus)
{
	while (vmbus->first != NULL)
		vmbus_node_free(vmbus, channel_node(vmbus->first));
}
