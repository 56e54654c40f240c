/* SPDX-License-Identifier: ISC */
/* A model of VMware: beginning and end, and what its files share. */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"

#define ALIVE (30 * SECOND)

uint64_t
vmx_now(const struct host_vmware *vmware)
{
	const struct host_world *world = vmware->config.world;

	return world->now(world->ctx);
}

uint32_t
vmx_random(struct host_vmware *vmware)
{
	const struct host_world *world = vmware->config.world;

	if (world->random != NULL)
		return (uint32_t)world->random(world->ctx, UINT32_MAX);
	vmware->numbers = vmware->numbers * 6364136223846793005ull + 1;
	return (uint32_t)(vmware->numbers >> 32);
}

void
vmx_alive(struct host_vmware *vmware)
{
	vmware->alive = vmware->counts.running = true;
	vmware->alive_at = vmx_now(vmware);
}

bool
vmx_message_set(struct message *message, const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	if (copy == NULL)
		return false;
	if (size > 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	free(message->bytes);
	message->bytes = copy;
	message->size = size;
	return true;
}

void
vmx_message_free(struct message *message)
{
	free(message->bytes);
	memset(message, 0, sizeof(*message));
}

bool
vmx_message_begins(const struct message *message, const char *text)
{
	size_t len = strlen(text);

	return message->bytes != NULL && message->size >= len &&
	    memcmp(message->bytes, text, len) == 0;
}

struct host_vmware *
host_vmware_new(const struct host_vmware_config *config)
{
	struct host_vmware *vmware = calloc(1, sizeof(*vmware));

	if (vmware == NULL)
		return NULL;
	vmware->config = *config;
	if (config->channels == 0 || config->channels > VMWARE_CHANNELS)
		vmware->config.channels = VMWARE_CHANNELS;
	if (config->message_limit == 0)
		vmware->config.message_limit = VMWARE_MESSAGE_LIMIT;
	if (config->info_limit == 0)
		vmware->config.info_limit = VMWARE_INFO_LIMIT;
	if (config->time_commands == 0)
		vmware->config.time_commands = 3;
	if (config->megahertz == 0)
		vmware->config.megahertz = 2000;
	if (config->megabytes == 0)
		vmware->config.megabytes = 512;
	vmware->calls_end = &vmware->calls;
	return vmware;
}

void
host_vmware_free(struct host_vmware *vmware)
{
	struct call *call;

	if (vmware == NULL)
		return;
	for (unsigned i = 0; i < VMWARE_CHANNELS; i++)
		vmx_channel_reset(vmware, &vmware->channels[i]);
	for (unsigned i = 0; i < STREAMS; i++)
		vmx_stream_reset(vmware, &vmware->streams[i]);
	for (size_t i = 0; i < vmware->info_count; i++) {
		free(vmware->infos[i].key);
		vmx_message_free(&vmware->infos[i].value);
	}
	free(vmware->infos);
	for (unsigned i = 0; i < DENIED; i++)
		free(vmware->denied[i]);
	for (unsigned i = 0; i < RPCS; i++)
		vmx_message_free(&vmware->rpcs[i]);
	for (unsigned i = 0; i < ANSWERS; i++)
		vmx_message_free(&vmware->answers[i]);
	while ((call = vmware->calls) != NULL) {
		vmware->calls = call->next;
		vmx_message_free(&call->text);
		free(call);
	}
	vmx_message_free(&vmware->backup_event);
	for (unsigned i = 0; i < VMWARE_INFO_TYPES; i++)
		vmx_message_free(&vmware->reported[i]);
	free(vmware);
}

struct host_vmware_manners *
host_vmware_manners(struct host_vmware *vmware)
{
	return &vmware->manners;
}

const struct host_vmware_counts *
host_vmware_counts(struct host_vmware *vmware)
{
	vmware->counts.running = vmware->alive &&
	    vmx_now(vmware) - vmware->alive_at < ALIVE;
	return &vmware->counts;
}
