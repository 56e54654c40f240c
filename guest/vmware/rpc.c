/* SPDX-License-Identifier: ISC */
/*
 * Calls of the guest, one after the other.
 *
 * The channel and the stream are kept from one to the next, so that a thousand
 * cost no more than their own exits, and let go of when nobody has used them
 * for a while: a machine has 128 channels, and others want some.
 */
#include "guest/vmware/rpc.h"

#define TIMEOUT (10 * PV_SECOND)
#define IDLE (5 * PV_SECOND)

int
vmware_rpc_open(struct vmware *vmware)
{
	struct vmware_rpc *rpc = pv_alloc(vmware->bus, sizeof(*rpc));
	int error;

	if (rpc == NULL)
		return PV_ENOMEM;
	rpc->vmware = vmware;
	rpc->channel.vmware = vmware;
	rpc->reply = pv_alloc(vmware->bus, RPC_REPLY_MAX);
	error = rpc->reply != NULL ? stream_open(&rpc->stream, vmware,
					 VMWARE_VSOCK_RPCI, VSOCK_PACKET_MAX)
				   : PV_ENOMEM;
	if (error == PV_OK) {
		vmware->rpc = rpc;
		return PV_OK;
	}
	pv_free(vmware->bus, rpc->reply, RPC_REPLY_MAX);
	pv_free(vmware->bus, rpc, sizeof(*rpc));
	return error;
}

static void
let_go(struct vmware_rpc *rpc)
{
	vmware_channel_close(&rpc->channel);
	rpc->channel.slow = false;
	if (rpc->stream.open)
		stream_end(&rpc->stream);
}

/* Who called is gone, or going: nobody is told any more. */
void
vmware_rpc_close(struct vmware *vmware)
{
	struct vmware_rpc *rpc = vmware->rpc;

	if (rpc == NULL)
		return;
	while (rpc->first != NULL) {
		rpc->first->under_way = false;
		rpc->first = rpc->first->next;
	}
	let_go(rpc);
	stream_close(&rpc->stream);
	pv_free(vmware->bus, rpc->reply, RPC_REPLY_MAX);
	pv_free(vmware->bus, rpc, sizeof(*rpc));
	vmware->rpc = NULL;
}

static void
begin(struct vmware_rpc *rpc)
{
	rpc->by = RPC_NEW;
	rpc->sent = rpc->anew = rpc->kept = false;
	rpc->failures = rpc->checkpoints = 0;
	rpc->when = rpc->delay = 0;
}

void
vmware_rpc_submit(struct vmware *vmware, struct vmware_request *request)
{
	struct vmware_rpc *rpc = vmware->rpc;
	struct vmware_request **link = &rpc->first;

	request->next = NULL;
	request->under_way = true;
	request->ended = false;
	request->error = PV_OK;
	request->reply_len = 0;
	if (request->deadline == 0)
		request->deadline = pv_bus_now(vmware->bus) + TIMEOUT;
	if (rpc->first == NULL)
		begin(rpc);
	while (*link != NULL)
		link = &(*link)->next;
	*link = request;
}

static bool
leave(struct vmware_rpc *rpc, struct vmware_request *request)
{
	struct vmware_request **link = &rpc->first;

	while (*link != NULL && *link != request)
		link = &(*link)->next;
	if (*link == NULL)
		return false;
	*link = request->next;
	request->under_way = false;
	if (link == &rpc->first) {
		rpc->idle = pv_bus_now(rpc->vmware->bus) + IDLE;
		begin(rpc);
	}
	return true;
}

void
vmware_rpc_cancel(struct vmware *vmware, struct vmware_request *request)
{
	struct vmware_rpc *rpc = vmware->rpc;

	if (rpc->first == request)
		rpc_abandon(rpc);
	(void)leave(rpc, request);
}

static void
end(struct vmware_rpc *rpc, struct vmware_request *request, int error)
{
	if (!leave(rpc, request))
		return;
	request->ended = true;
	request->error = error;
	request->done(request);
}

void
rpc_end(struct vmware_rpc *rpc, int error)
{
	end(rpc, rpc->first, error);
}

/* Who is told may submit and cancel others: from the front after each. */
static void
expire(struct vmware_rpc *rpc)
{
	uint64_t now = pv_bus_now(rpc->vmware->bus);
	struct vmware_request *request = rpc->first;

	while (request != NULL) {
		if (request->deadline > now) {
			request = request->next;
			continue;
		}
		if (request == rpc->first)
			rpc_abandon(rpc);
		end(rpc, request, PV_ETIMEDOUT);
		request = rpc->first;
	}
}

/* The host can end a stream that is not used, and has nothing to say on it. */
static void
look_at_idle(struct vmware_rpc *rpc)
{
	struct datamap_packet packet;
	int error;

	if (pv_bus_now(rpc->vmware->bus) >= rpc->idle) {
		let_go(rpc);
		return;
	}
	if (!rpc->stream.open)
		return;
	error = stream_receive(&rpc->stream, &packet);
	if (error == PV_EAGAIN)
		return;
	if (error == PV_OK)
		rpc->vmware->stats->bad_state++;
	stream_end(&rpc->stream);
}

bool
vmware_rpc_poll(struct vmware *vmware, unsigned budget)
{
	struct vmware_rpc *rpc = vmware->rpc;

	if (budget == 0)
		budget = 1;
	expire(rpc);
	while (rpc->first != NULL) {
		if (budget-- == 0)
			return true;
		if (rpc->first->len > VMWARE_MESSAGE_MAX)
			rpc_end(rpc, PV_EMSGSIZE);
		else if (!rpc_step(rpc))
			return false;
	}
	look_at_idle(rpc);
	return false;
}

uint64_t
vmware_rpc_deadline(const struct vmware *vmware)
{
	const struct vmware_rpc *rpc = vmware->rpc;
	uint64_t first;

	if (rpc->first == NULL)
		return rpc->channel.open || rpc->stream.open ? rpc->idle
							     : PV_NEVER;
	first = rpc_wait(rpc);
	for (const struct vmware_request *request = rpc->first; request != NULL;
	     request = request->next)
		first = request->deadline < first ? request->deadline : first;
	return first;
}

const char *
vmware_rpc_text(const struct vmware *vmware)
{
	return vmware->rpc->stream.open ? "vsock" : "backdoor";
}
