/* SPDX-License-Identifier: ISC */
/*
 * One call of the guest on its way: by vsock where the host takes it, else by
 * the backdoor.
 *
 * A channel that breaks under a call is replaced and the call made again, once:
 * the host forgets channels when a machine is resumed, and nobody knows before
 * the next call.  That one may then have been made twice, which calls bear.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/rpc.h"
#include "wire/vmware/guestrpc.h"

/* Failures of one call until it is given up. */
#define FAILURES_MAX 2u
/* Checkpoints in a row that are acted on without a pause. */
#define CHECKPOINTS_QUICK 8u
#define DELAY_MIN (10 * PV_MILLISECOND)
#define DELAY_MAX (100 * PV_MILLISECOND)
/* A host answers at once; what takes its stream and says nothing is none. */
#define VSOCK_PATIENCE (3 * PV_SECOND)

/* ---- Answers ---------------------------------------------------------- */

static int
keep(struct vmware_request *request, const uint8_t *bytes, size_t size)
{
	size_t fits;

	request->reply_len = size;
	if (request->reply == NULL || request->room == 0)
		return PV_OK;
	fits = size < request->room ? size : request->room - 1;
	if (fits > 0)
		memcpy(request->reply, bytes, fits);
	request->reply[fits] = '\0';
	return fits == size ? PV_OK : PV_EMSGSIZE;
}

static void
answered(struct vmware_rpc *rpc, const uint8_t *bytes, size_t size)
{
	struct vmware_request *request = rpc->first;
	int error;

	if (size < 2 || (bytes[0] != '0' && bytes[0] != '1') ||
	    bytes[1] != ' ') {
		rpc->vmware->stats->bad_text++;
		vmware_complain(rpc->vmware, &rpc->rate,
		    "the host's answer of %u bytes is neither yes nor no",
		    (unsigned)size);
		rpc_end(rpc, PV_EPROTO);
		return;
	}
	error = keep(request, bytes + 2, size - 2);
	if (bytes[0] == '0')
		error = PV_EIO;
	rpc->vmware->stats->requests++;
	rpc->vmware->stats->bytes += request->len + size;
	rpc_end(rpc, error);
}

/* ---- By vsock --------------------------------------------------------- */

static bool
use_backdoor(struct vmware_rpc *rpc)
{
	rpc->by = RPC_BACKDOOR;
	rpc->sent = false;
	rpc->anew = false;
	rpc->when = 0;
	rpc->delay = 0;
	return true;
}

/* The host ends streams that are not used, too. */
static bool
vsock_failed(struct vmware_rpc *rpc)
{
	if (rpc->kept) {
		rpc->kept = false;
		rpc->sent = false;
		stream_end(&rpc->stream);
		rpc->by = RPC_NEW;
		return true;
	}
	stream_fail(&rpc->stream);
	return use_backdoor(rpc);
}

static bool
vsock_start(struct vmware_rpc *rpc)
{
	bool open = rpc->stream.open;

	switch (stream_connect(&rpc->stream)) {
	case PV_OK:
		rpc->by = RPC_VSOCK;
		rpc->kept = open;
		rpc->patience = pv_bus_now(rpc->vmware->bus) + VSOCK_PATIENCE;
		return true;
	case PV_EAGAIN:
		return false;
	default:
		return use_backdoor(rpc);
	}
}

static bool
vsock_send(struct vmware_rpc *rpc)
{
	struct datamap_packet packet = { .type = DATAMAP_PACKET_DATA,
		.has_payload = true,
		.payload = rpc->first->bytes,
		.payload_len = rpc->first->len };
	int error = stream_send(&rpc->stream, &packet);

	if (error == PV_EAGAIN)
		return false;
	if (error != PV_OK)
		return vsock_failed(rpc);
	rpc->sent = true;
	return true;
}

static bool
vsock_step(struct vmware_rpc *rpc)
{
	struct datamap_packet packet;
	int error;

	if (pv_bus_now(rpc->vmware->bus) >= rpc->patience) {
		rpc->kept = false;
		return vsock_failed(rpc);
	}
	if (!rpc->sent)
		return vsock_send(rpc);
	error = stream_flush(&rpc->stream);
	if (error == PV_OK)
		error = stream_receive(&rpc->stream, &packet);
	if (error == PV_EAGAIN)
		return false;
	if (error != PV_OK)
		return vsock_failed(rpc);
	if (packet.type != DATAMAP_PACKET_DATA || !packet.has_payload) {
		rpc->vmware->stats->bad_value++;
		return true;
	}
	answered(rpc, packet.payload, packet.payload_len);
	return true;
}

/* ---- By the backdoor -------------------------------------------------- */

static bool
later(struct vmware_rpc *rpc)
{
	rpc->delay = rpc->delay == 0 ? DELAY_MIN : rpc->delay * 2;
	if (rpc->delay > DELAY_MAX)
		rpc->delay = DELAY_MAX;
	rpc->when = pv_bus_now(rpc->vmware->bus) + rpc->delay;
	return false;
}

static bool
again(struct vmware_rpc *rpc)
{
	rpc->anew = true;
	if (++rpc->checkpoints % CHECKPOINTS_QUICK != 0)
		return true;
	return later(rpc);
}

static bool
failed(struct vmware_rpc *rpc, int error)
{
	rpc->sent = false;
	rpc->anew = false;
	if (++rpc->failures < FAILURES_MAX)
		return true;
	vmware_complain(rpc->vmware, &rpc->rate, "a call of the host: %s",
	    pv_error_text(error));
	rpc_end(rpc,
	    error == PV_EPROTO || error == PV_ETIMEDOUT ? error : PV_ENODEV);
	return true;
}

static bool
backdoor_send(struct vmware_rpc *rpc)
{
	int error = vmware_channel_open(rpc->vmware, &rpc->channel,
	    VMWARE_RPCI);

	if (error == PV_EAGAIN)
		return later(rpc);
	if (error == PV_OK)
		error = vmware_channel_send(&rpc->channel, rpc->first->bytes,
		    rpc->first->len);
	if (error == PV_EAGAIN)
		return again(rpc);
	if (error != PV_OK)
		return failed(rpc, error);
	rpc->sent = true;
	rpc->anew = false;
	rpc->delay = 0;
	return true;
}

static bool
backdoor_receive(struct vmware_rpc *rpc)
{
	bool waiting;
	long size = vmware_channel_receive(&rpc->channel, rpc->reply,
	    RPC_REPLY_MAX, &waiting);

	if (size == PV_EAGAIN)
		return again(rpc);
	if (size == PV_EMSGSIZE) {
		rpc_end(rpc, PV_EMSGSIZE);
		return true;
	}
	if (size < 0)
		return failed(rpc, (int)size);
	if (waiting) {
		answered(rpc, rpc->reply, (size_t)size);
		return true;
	}
	if (!rpc->anew)
		return later(rpc);
	/* the call went the way of the answer */
	rpc->sent = false;
	return again(rpc);
}

static bool
backdoor_step(struct vmware_rpc *rpc)
{
	if (pv_bus_now(rpc->vmware->bus) < rpc->when)
		return false;
	return rpc->sent ? backdoor_receive(rpc) : backdoor_send(rpc);
}

/* ---- Either ----------------------------------------------------------- */

bool
rpc_step(struct vmware_rpc *rpc)
{
	switch (rpc->by) {
	case RPC_NEW:
		return vsock_start(rpc);
	case RPC_VSOCK:
		return vsock_step(rpc);
	default:
		return backdoor_step(rpc);
	}
}

uint64_t
rpc_wait(const struct vmware_rpc *rpc)
{
	switch (rpc->by) {
	case RPC_NEW:
		return rpc->stream.busy > 0 ? rpc->stream.when : 0;
	case RPC_VSOCK:
		return rpc->patience;
	default:
		return rpc->when;
	}
}

void
rpc_abandon(struct vmware_rpc *rpc)
{
	if (rpc->by == RPC_VSOCK)
		stream_end(&rpc->stream);
	else if (rpc->by == RPC_BACKDOOR && (rpc->sent || rpc->anew))
		vmware_channel_close(&rpc->channel);
}
