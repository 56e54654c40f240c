/* SPDX-License-Identifier: ISC */
/* hvs: commands of our own, from CPU 0 to whatever CPU has the channel. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

bool
hvs_command_busy(const struct hvs_command *command)
{
	uint32_t state = __atomic_load_n(&command->state, __ATOMIC_ACQUIRE);

	return state == HVS_POSTED || state == HVS_UNDER_WAY;
}

void
hvs_post(struct hvs *hvs, struct hvs_command *command)
{
	struct hvs_queue *queue = &hvs->queues[0];

	command->error = PV_OK;
	command->status = 0;
	command->absent = command->busy = false;
	command->sense = (struct scsi_sense){ 0 };
	command->length = 0;
	__atomic_store_n(&command->state, (uint32_t)HVS_POSTED,
	    __ATOMIC_RELEASE);
	__atomic_store_n(&queue->mail[command == &hvs->reset], command,
	    __ATOMIC_RELEASE);
}

void
hvs_command_done(struct hvs_command *command, int error)
{
	if (error != PV_OK)
		command->error = error;
	__atomic_store_n(&command->state, (uint32_t)HVS_DONE, __ATOMIC_RELEASE);
}

void
hvs_mail_return(struct hvs_queue *queue, int error)
{
	for (unsigned i = 0; i < 2; i++) {
		struct hvs_command *command =
		    __atomic_exchange_n(&queue->mail[i], NULL,
			__ATOMIC_ACQ_REL);

		if (command != NULL)
			hvs_command_done(command, error);
	}
}

/* PV_EAGAIN: no room, and it stays where it is. */
static int
send(struct hvs_queue *queue, struct hvs_command *command)
{
	struct hvs_slot *slot;
	uint64_t id;
	int error;

	slot = hvs_slot_new(queue, &id);
	if (slot == NULL)
		return PV_EAGAIN;
	slot->command = command;
	slot->length = command->room;
	error = hvs_send_command(queue, slot, id);
	if (error != PV_OK) {
		hvs_slot_free(queue, slot);
		return error;
	}
	slot->sequence = ++queue->sequence;
	hvs_slot_sent(queue, slot, command->patience);
	__atomic_store_n(&command->state, (uint32_t)HVS_UNDER_WAY,
	    __ATOMIC_RELEASE);
	return PV_OK;
}

void
hvs_take_mail(struct hvs_queue *queue)
{
	for (unsigned i = 0; i < 2; i++) {
		struct hvs_command *command = __atomic_load_n(&queue->mail[i],
		    __ATOMIC_ACQUIRE);
		int error;

		if (command == NULL)
			continue;
		error = send(queue, command);
		if (error == PV_EAGAIN)
			continue;
		__atomic_store_n(&queue->mail[i], NULL, __ATOMIC_RELEASE);
		if (error == PV_EPROTO)
			hvs_break(queue->hvs,
			    "the host's ring cannot be believed");
		if (error != PV_OK)
			hvs_command_done(command, error);
	}
}
