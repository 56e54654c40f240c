/* SPDX-License-Identifier: ISC */
/* The connection: a version that both know, all offers, and its end. */
#include "guest/bus/libc.h"
#include "guest/hyperv/vmbus_private.h"

/* The host answers a proposal at once; but one that is paused does not. */
#define CONTACT_PATIENCE (2 * PV_SECOND)
#define UNLOAD_PATIENCE (2 * PV_SECOND)
/* Hyper-V tells all offers in some milliseconds. */
#define OFFERS_PATIENCE (5 * PV_SECOND)
/* At the end there is no hurry: memory is lost if it is not answered. */
#define UNLOAD_AT_END (5 * PV_SECOND)
/* And 0.13 has no answer to it. */
#define UNLOAD_UNANSWERED (PV_SECOND / 10)

static const uint32_t versions[] = { HV_VMBUS_5_3, HV_VMBUS_5_2, HV_VMBUS_5_1,
	HV_VMBUS_5_0, HV_VMBUS_4_1, HV_VMBUS_4_0, HV_VMBUS_3_0, HV_VMBUS_2_4,
	HV_VMBUS_1_1, HV_VMBUS_0_13 };

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

/* ---- The messages ------------------------------------------------------ */

static size_t
contact_message(struct vmbus_request *request, unsigned number, void *to)
{
	struct vmbus *vmbus = request->owner;
	uint32_t version = versions[vmbus->attempt];
	struct hv_vmbus_initiate_contact contact = {
		.header = { .type = HV_VMBUS_INITIATE_CONTACT },
		.version = version,
		.vp = vmbus->hyperv->vp[0],
		.monitor_to_guest = vmbus->monitor_to_guest_physical,
		.monitor_to_host = vmbus->monitor_to_host_physical,
	};

	if (version >= HV_VMBUS_5_0)
		contact.u.target.sint = HYPERV_SINT_VMBUS;
	else
		contact.u.interrupt_page = vmbus->interrupts_physical;
	memcpy(to, &contact, sizeof(contact));
	return number == 0 ? sizeof(contact) : 0;
}

static size_t
bare_message(uint32_t type, unsigned number, void *to)
{
	struct hv_vmbus_header header = { .type = type };

	memcpy(to, &header, sizeof(header));
	return number == 0 ? sizeof(header) : 0;
}

static size_t
offers_message(struct vmbus_request *request, unsigned number, void *to)
{
	(void)request;
	return bare_message(HV_VMBUS_REQUEST_OFFERS, number, to);
}

static size_t
unload_message(struct vmbus_request *request, unsigned number, void *to)
{
	(void)request;
	return bare_message(HV_VMBUS_UNLOAD, number, to);
}

/* ---- Contact ----------------------------------------------------------- */

static void
fail(struct vmbus *vmbus, const char *why)
{
	vmbus->phase = VMBUS_FAILED;
	vmbus->deadline = PV_NEVER;
	hyperv_log(vmbus->hyperv, PV_LOG_ERROR, "%s", why);
	/* after a sleep: what was there before is lost */
	vmbus_nodes_resume(vmbus);
}

static void contact_done(struct vmbus_request *, int error, uint32_t status);

/* From 5.0 on, those who take proposals listen elsewhere. */
static void
propose(struct vmbus *vmbus)
{
	vmbus->phase = VMBUS_CONTACT;
	vmbus->connection = versions[vmbus->attempt] >= HV_VMBUS_5_0
	    ? HV_VMBUS_CONNECTION_MESSAGE_5
	    : HV_VMBUS_CONNECTION_MESSAGE;
	vmbus->contact = (struct vmbus_request){
		.message = contact_message,
		.answer = VMBUS_VERSION_SEEN,
		.patience = CONTACT_PATIENCE,
		.done = contact_done,
		.owner = vmbus,
	};
	vmbus_request(vmbus, &vmbus->contact);
}

/* It is not answered before 1.1, and by hosts that know of no connection
 * perhaps neither. */
static void
unload_done(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus *vmbus = request->owner;

	(void)status;
	if (vmbus->phase != VMBUS_DRAINING)
		return;
	if (error == PV_OK)
		vmbus->lost = false;
	vmbus->attempt = 0;
	propose(vmbus);
}

/* Somebody before us, a loader or a kernel that crashed, may have left a
 * connection, and the host will have no second one. */
static void
drain(struct vmbus *vmbus, const char *why)
{
	if (vmbus->unloaded) {
		fail(vmbus, why);
		return;
	}
	vmbus->unloaded = true;
	vmbus->phase = VMBUS_DRAINING;
	vmbus->connection = HV_VMBUS_CONNECTION_MESSAGE;
	vmbus->unload = (struct vmbus_request){
		.message = unload_message,
		.answer = VMBUS_UNLOADED,
		.patience = UNLOAD_PATIENCE,
		.done = unload_done,
		.owner = vmbus,
	};
	vmbus_request(vmbus, &vmbus->unload);
}

/* From 5.0 on the host says where it listens; QEMU's answer is shorter. */
static void
connected(struct vmbus *vmbus)
{
	vmbus->version = versions[vmbus->attempt];
	if (vmbus->version >= HV_VMBUS_5_0 && vmbus->response.connection != 0)
		vmbus->connection = vmbus->response.connection;
	vmbus->phase = VMBUS_OFFERS;
	vmbus->asked = vmbus->delivered = false;
	vmbus->deadline = PV_NEVER;
}

/* An answer does not say which proposal it is about.  So after one that did not
 * come in time no other version is tried before the host was told to forget. */
static void
contact_done(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus *vmbus = request->owner;

	(void)status;
	if (vmbus->phase != VMBUS_CONTACT || error == PV_EINTR)
		return;
	if (error == PV_ETIMEDOUT) {
		/* perhaps it has us, and our pages, and was not heard */
		vmbus->lost = true;
		drain(vmbus, "the host does not answer");
	} else if (error == PV_OK && vmbus->response.accepted != 0 &&
	    vmbus->response.state == HV_VMBUS_STATE_SUCCESS)
		connected(vmbus);
	else if (++vmbus->attempt < VERSIONS)
		propose(vmbus);
	else
		drain(vmbus, "failed to negotiate protocol version");
}

void
vmbus_version_response(struct vmbus *vmbus, const void *payload, size_t size)
{
	struct hv_vmbus_version_response response = { 0 };

	if (vmbus->contact.state != REQUEST_POSTED) {
		vmbus->hyperv->stats->bad_state++;
		return;
	}
	memcpy(&response, payload,
	    size < sizeof(response) ? size : sizeof(response));
	vmbus->response = response;
	vmbus_answered(vmbus, VMBUS_VERSION_SEEN, 0, 0, 0);
}

void
vmbus_unload_response(struct vmbus *vmbus)
{
	if (!vmbus_answered(vmbus, VMBUS_UNLOADED, 0, 0, 0))
		vmbus->hyperv->stats->bad_state++;
}

void
vmbus_connect(struct vmbus *vmbus)
{
	vmbus->attempt = 0;
	vmbus->version = 0;
	vmbus->unloaded = vmbus->lost = false;
	vmbus->asked = vmbus->delivered = false;
	vmbus->deadline = PV_NEVER;
	propose(vmbus);
}

/* ---- Offers ------------------------------------------------------------ */

static void
offers_done(struct vmbus_request *request, int error, uint32_t status)
{
	struct vmbus *vmbus = request->owner;

	(void)status;
	if (vmbus->phase == VMBUS_OFFERS && error != PV_OK && error != PV_EINTR)
		fail(vmbus, "the host takes no messages");
}

static void
ask(struct vmbus *vmbus)
{
	vmbus->asked = true;
	vmbus->deadline = pv_bus_now(vmbus->hyperv->bus) + OFFERS_PATIENCE;
	vmbus->offers = (struct vmbus_request){
		.message = offers_message,
		.answer = VMBUS_NO_ANSWER,
		.done = offers_done,
		.owner = vmbus,
	};
	vmbus_request(vmbus, &vmbus->offers);
}

bool
vmbus_connect_poll(struct vmbus *vmbus)
{
	if (vmbus->phase != VMBUS_OFFERS)
		return false;
	if (!vmbus->asked) {
		ask(vmbus);
		return true;
	}
	if (!vmbus->delivered &&
	    pv_bus_now(vmbus->hyperv->bus) >= vmbus->deadline) {
		hyperv_log(vmbus->hyperv, PV_LOG_ERROR,
		    "the host does not end its offers");
		vmbus->delivered = true;
	}
	if (!vmbus->delivered)
		return false;
	vmbus->phase = VMBUS_UP;
	vmbus->deadline = PV_NEVER;
	vmbus_nodes_resume(vmbus);
	return true;
}

uint64_t
vmbus_connect_deadline(const struct vmbus *vmbus)
{
	if (vmbus->phase != VMBUS_OFFERS)
		return PV_NEVER;
	return vmbus->asked && !vmbus->delivered ? vmbus->deadline : 0;
}

bool
vmbus_connected(const struct hyperv *hyperv, int *error)
{
	const struct vmbus *vmbus = hyperv->vmbus;

	*error = vmbus->phase == VMBUS_FAILED ? PV_ETIMEDOUT : PV_OK;
	return vmbus->phase == VMBUS_FAILED || vmbus->version != 0;
}

/* ---- The end ----------------------------------------------------------- */

struct farewell {
	bool done;
	int error;
};

static void
farewell_done(struct vmbus_request *request, int error, uint32_t status)
{
	struct farewell *farewell = request->owner;

	(void)status;
	farewell->done = true;
	farewell->error = error;
}

/* Nothing else goes on, so this may wait: at detach and before a sleep. */
bool
vmbus_disconnect(struct vmbus *vmbus)
{
	struct hyperv *hyperv = vmbus->hyperv;
	const struct pv_port *port = hyperv->port;
	struct farewell farewell = { 0 };
	bool unanswered = vmbus->version != 0 &&
	    !vmbus_since(vmbus, HV_VMBUS_1_1);
	uint64_t end = pv_bus_now(hyperv->bus) + UNLOAD_AT_END;
	/* or was about to be, as far as the host can know */
	bool connected = vmbus->version != 0 ||
	    vmbus->contact.state == REQUEST_POSTED;

	if (!connected || vmbus->phase == VMBUS_DOWN) {
		vmbus->phase = VMBUS_DOWN;
		vmbus_requests_end(vmbus, PV_EINTR);
		return !vmbus->lost;
	}
	vmbus->phase = VMBUS_DOWN;
	vmbus_requests_end(vmbus, PV_EINTR);
	vmbus->phase = VMBUS_UNLOADING;
	vmbus->unload = (struct vmbus_request){
		.message = unload_message,
		.answer = VMBUS_UNLOADED,
		.patience = unanswered ? UNLOAD_UNANSWERED : UNLOAD_AT_END,
		.done = farewell_done,
		.owner = &farewell,
	};
	vmbus_request(vmbus, &vmbus->unload);
	while (!farewell.done && pv_bus_now(hyperv->bus) < end) {
		bool more = vmbus_messages_poll(vmbus, 16);
		uint64_t next;

		more = vmbus_requests_poll(vmbus, 16) || more;
		next = vmbus_requests_deadline(vmbus);
		if (farewell.done || more)
			continue;
		if (port->wait == NULL)
			break;
		port->wait(port->ctx, next < end ? next : end);
	}
	if (!farewell.done)
		vmbus_request_cancel(vmbus, &vmbus->unload);
	vmbus->lost = !farewell.done ||
	    (farewell.error != PV_OK &&
		!(unanswered && farewell.error == PV_ETIMEDOUT));
	vmbus->phase = VMBUS_DOWN;
	vmbus->version = 0;
	return !vmbus->lost;
}
