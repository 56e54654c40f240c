/* SPDX-License-Identifier: ISC */
/*
 * Calls of the host: by vsock where the host takes that, else by asking at the
 * backdoor.
 *
 * To ask is what tells the host that tools are running.  By vsock nobody asks:
 * so a ping goes out each second, but only once a call was answered, for a host
 * that knows no pings takes none before (open-vm-tools does the same).
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vsock.h"

#define DELAY_MIN (10 * PV_MILLISECOND)
#define DELAY_MAX (100 * PV_MILLISECOND)
/* A channel that breaks is opened anew at once, and then not so often. */
#define REOPEN_MIN (1 * PV_SECOND)
#define REOPEN_MAX (15 * PV_SECOND)
#define CHECKPOINTS_QUICK 8u
/* A host that always has something waits after so many exits, each time longer,
 * for others to be served. */
#define STREAK_EXITS 1024u
#define STREAK_DELAY_MAX PV_SECOND
#define PING_TIME (DATAMAP_PING_SECONDS * PV_SECOND)
/* A host begins with "reset"; one that says nothing is not behind the stream,
 * and one that takes nothing is gone. */
#define SILENCE_MAX (10 * PV_SECOND)
#define ANSWER_MAX 4096u
/* Calls in one poll, whatever the budget: each may want other work done. */
#define CALLS_MAX 16u

struct vmware_tclo {
	struct vmware *vmware;
	struct vmware_channel channel;
	struct vmware_stream stream;
	char *text;
	char answer[ANSWER_MAX];
	size_t answer_len;

	/* the backdoor */
	bool sent;       /* the answer, perhaps an empty one */
	uint64_t rested; /* exits when there was a pause */
	uint64_t rest;   /* how long the last one was */
	unsigned checkpoints;
	uint64_t when, delay, reopen;

	/* vsock */
	bool answered;
	uint64_t ping;  /* when the next is due */
	uint64_t quiet; /* until when the host may be */
};

int
vmware_tclo_open(struct vmware *vmware)
{
	struct vmware_tclo *tclo = pv_alloc(vmware->bus, sizeof(*tclo));
	int error;

	if (tclo == NULL)
		return PV_ENOMEM;
	tclo->vmware = vmware;
	tclo->channel.vmware = vmware;
	tclo->text = pv_alloc(vmware->bus, VMWARE_MESSAGE_MAX + 1);
	error = tclo->text != NULL
	    ? stream_open(&tclo->stream, vmware, VMWARE_VSOCK_TCLO,
		  ANSWER_MAX + DATAMAP_OVERHEAD)
	    : PV_ENOMEM;
	if (error == PV_OK) {
		vmware->tclo = tclo;
		return PV_OK;
	}
	pv_free(vmware->bus, tclo->text, VMWARE_MESSAGE_MAX + 1);
	pv_free(vmware->bus, tclo, sizeof(*tclo));
	return error;
}

void
vmware_tclo_close(struct vmware *vmware)
{
	struct vmware_tclo *tclo = vmware->tclo;

	if (tclo == NULL)
		return;
	vmware_channel_close(&tclo->channel);
	stream_close(&tclo->stream);
	pv_free(vmware->bus, tclo->text, VMWARE_MESSAGE_MAX + 1);
	pv_free(vmware->bus, tclo, sizeof(*tclo));
	vmware->tclo = NULL;
}

/* What was said; a NUL at its end may be one that some hosts send with a text, or
 * belong to the numbers of a command that has such. */
static void
run(struct vmware_tclo *tclo, size_t len)
{
	tclo->text[len] = '\0';
	tclo->vmware->stats->events++;
	tclo->answer_len = vmt_command(tclo->vmware, tclo->text, len,
	    tclo->answer, sizeof(tclo->answer));
	if (tclo->answer_len > sizeof(tclo->answer))
		tclo->answer_len = sizeof(tclo->answer);
}

/* ---- By the backdoor -------------------------------------------------- */

static uint64_t
from_now(const struct vmware_tclo *tclo, uint64_t time)
{
	return pv_bus_now(tclo->vmware->bus) + time;
}

static bool
broken(struct vmware_tclo *tclo)
{
	vmware_channel_close(&tclo->channel);
	tclo->sent = false;
	tclo->answer_len = 0;
	tclo->checkpoints = 0;
	tclo->when = from_now(tclo, tclo->reopen);
	tclo->reopen = tclo->reopen == 0 ? REOPEN_MIN : tclo->reopen * 2;
	if (tclo->reopen > REOPEN_MAX)
		tclo->reopen = REOPEN_MAX;
	return pv_bus_now(tclo->vmware->bus) >= tclo->when;
}

static bool
again(struct vmware_tclo *tclo)
{
	if (++tclo->checkpoints % CHECKPOINTS_QUICK != 0)
		return true;
	tclo->when = from_now(tclo, DELAY_MAX);
	return false;
}

static bool
idle(struct vmware_tclo *tclo)
{
	tclo->rested = tclo->vmware->stats->exits;
	tclo->rest = 0;
	tclo->delay = tclo->delay == 0 ? DELAY_MIN : tclo->delay * 2;
	if (tclo->delay > DELAY_MAX)
		tclo->delay = DELAY_MAX;
	tclo->when = from_now(tclo, tclo->delay);
	return false;
}

static bool
backdoor_send(struct vmware_tclo *tclo)
{
	int error = vmware_channel_open(tclo->vmware, &tclo->channel,
	    VMWARE_TCLO);

	if (error == PV_OK)
		error = vmware_channel_send(&tclo->channel, tclo->answer,
		    tclo->answer_len);
	if (error == PV_EAGAIN && tclo->channel.open)
		return again(tclo);
	if (error != PV_OK)
		return broken(tclo);
	tclo->sent = true;
	tclo->answer_len = 0;
	return true;
}

static bool
backdoor_receive(struct vmware_tclo *tclo)
{
	bool waiting;
	long len = vmware_channel_receive(&tclo->channel, tclo->text,
	    VMWARE_MESSAGE_MAX, &waiting);

	if (len == PV_EAGAIN)
		return again(tclo);
	if (len < 0)
		return broken(tclo);
	tclo->sent = false;
	tclo->checkpoints = 0;
	tclo->reopen = 0;
	if (!waiting || len == 0)
		return idle(tclo);
	run(tclo, (size_t)len);
	tclo->delay = 0;
	tclo->when = 0;
	return true;
}

static bool
tired(struct vmware_tclo *tclo)
{
	uint64_t exits = tclo->vmware->stats->exits;

	if (exits - tclo->rested < STREAK_EXITS)
		return false;
	tclo->rested = exits;
	tclo->rest = tclo->rest == 0 ? DELAY_MIN : tclo->rest * 2;
	if (tclo->rest > STREAK_DELAY_MAX)
		tclo->rest = STREAK_DELAY_MAX;
	tclo->when = from_now(tclo, tclo->rest);
	return true;
}

static bool
backdoor_poll(struct vmware_tclo *tclo, unsigned budget)
{
	/* an answer and the next call: two steps each */
	for (budget *= 2; budget > 0; budget--) {
		bool more;

		if (pv_bus_now(tclo->vmware->bus) < tclo->when)
			return false;
		if (tired(tclo))
			return false;
		more = tclo->sent ? backdoor_receive(tclo)
				  : backdoor_send(tclo);
		if (!more)
			return false;
	}
	return true;
}

/* ---- By vsock --------------------------------------------------------- */

static bool
connected(struct vmware_tclo *tclo)
{
	if (tclo->stream.open)
		return true;
	if (stream_connect(&tclo->stream) != PV_OK)
		return false;
	/* one way only, or each call would come twice */
	vmware_channel_close(&tclo->channel);
	tclo->sent = false;
	tclo->answer_len = 0;
	tclo->answered = false;
	tclo->when = 0;
	tclo->delay = 0;
	tclo->quiet = from_now(tclo, SILENCE_MAX);
	return true;
}

static int
vsock_answer(struct vmware_tclo *tclo)
{
	struct datamap_packet packet = { .type = DATAMAP_PACKET_DATA,
		.has_payload = true,
		.payload = (const uint8_t *)tclo->answer,
		.payload_len = tclo->answer_len };
	int error = stream_send(&tclo->stream, &packet);

	if (error == PV_OK && !tclo->answered) {
		tclo->answered = true;
		tclo->ping = from_now(tclo, PING_TIME);
	}
	return error;
}

static int
vsock_call(struct vmware_tclo *tclo)
{
	struct datamap_packet packet;
	int error = stream_flush(&tclo->stream);

	if (error == PV_OK)
		error = stream_receive(&tclo->stream, &packet);
	if (error != PV_OK)
		return error;
	tclo->quiet = from_now(tclo, SILENCE_MAX);
	if (packet.type != DATAMAP_PACKET_DATA || !packet.has_payload ||
	    packet.payload_len > VMWARE_MESSAGE_MAX) {
		tclo->vmware->stats->bad_value++;
		return packet.type == DATAMAP_PACKET_PING ? PV_OK : PV_EPROTO;
	}
	memcpy(tclo->text, packet.payload, packet.payload_len);
	run(tclo, packet.payload_len);
	return vsock_answer(tclo);
}

static int
vsock_ping(struct vmware_tclo *tclo)
{
	struct datamap_packet packet = { .type = DATAMAP_PACKET_PING };
	int error;

	if (!tclo->answered || pv_bus_now(tclo->vmware->bus) < tclo->ping)
		return PV_OK;
	tclo->ping = from_now(tclo, PING_TIME);
	error = stream_send(&tclo->stream, &packet);
	if (error == PV_OK)
		tclo->quiet = from_now(tclo, SILENCE_MAX);
	return error == PV_EAGAIN ? PV_OK : error;
}

static bool
vsock_poll(struct vmware_tclo *tclo, unsigned budget)
{
	int error = PV_OK;

	while (budget-- > 0 && error == PV_OK)
		error = vsock_call(tclo);
	if (error == PV_OK)
		return true;
	if (error == PV_EAGAIN)
		error = vsock_ping(tclo);
	if (error == PV_OK && pv_bus_now(tclo->vmware->bus) < tclo->quiet)
		return false;
	stream_fail(&tclo->stream);
	tclo->answered = false;
	return true;
}

/* ---- Either ----------------------------------------------------------- */

/* The platform will soon know: not worth a channel. */
static bool
waits_for_stream(const struct vmware_tclo *tclo)
{
	return tclo->stream.busy > 0 && !tclo->channel.open;
}

bool
vmware_tclo_poll(struct vmware *vmware, unsigned budget)
{
	struct vmware_tclo *tclo = vmware->tclo;

	if (budget == 0)
		budget = 1;
	if (budget > CALLS_MAX)
		budget = CALLS_MAX;
	if (connected(tclo))
		return vsock_poll(tclo, budget);
	if (waits_for_stream(tclo))
		return false;
	return backdoor_poll(tclo, budget);
}

uint64_t
vmware_tclo_deadline(const struct vmware *vmware)
{
	const struct vmware_tclo *tclo = vmware->tclo;
	uint64_t first = tclo->when;

	if (tclo->stream.open) {
		first = tclo->quiet;
		if (tclo->answered && tclo->ping < first)
			first = tclo->ping;
		return first;
	}
	if (waits_for_stream(tclo) ||
	    (vmware->port->vsock_open != NULL && tclo->stream.when < first))
		first = tclo->stream.when;
	return first;
}
