/* SPDX-License-Identifier: ISC */
/* Hypercalls: who we are, the page that they go through, messages and events. */
#include "guest/bus/libc.h"
#include "guest/hyperv/hyperv_private.h"

/* TLFS 2.6 has no number for us; OpenBSD, whose pvbus(4) this is, says that it
 * is of FreeBSD's kind, too (hypervvar.h). */
#define GUEST_ID HV_GUEST_ID(HV_GUEST_TYPE_FREEBSD, 0x01, 1, 0)

static int
guest_id(struct hyperv *hyperv, uint64_t id)
{
	hyperv->stats->exits++;
	return hyperv->port->msr_write(hyperv->port->ctx, HV_MSR_GUEST_OS_ID,
	    id);
}

/* Hyper-V answers no hypercall of a guest that has not said what it is. */
int
hyperv_hypercall_resume(struct hyperv *hyperv)
{
	uint64_t value = 0;
	int error = guest_id(hyperv, GUEST_ID);

	if (error != PV_OK)
		return error;
	error = hyperv->port->msr_read(hyperv->port->ctx, HV_MSR_HYPERCALL,
	    &value);
	if (error != PV_OK)
		return error;
	/* somebody before us wanted it to stay where it is */
	if (value & HV_HYPERCALL_LOCKED)
		return PV_EBUSY;
	return hyperv_place(hyperv, HV_MSR_HYPERCALL,
		   hyperv->hypercall_physical)
	    ? PV_OK
	    : PV_EPROTO;
}

int
hyperv_hypercall_open(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;
	int error = PV_ENOMEM;

	hyperv->hypercall_page = port->pages_alloc(port->ctx, 1,
	    &hyperv->hypercall_physical);
	hyperv->input_page = port->pages_alloc(port->ctx, 1,
	    &hyperv->input_physical);
	if (hyperv->hypercall_page != NULL && hyperv->input_page != NULL)
		error = hyperv_hypercall_resume(hyperv);
	if (error != PV_OK)
		hyperv_hypercall_close(hyperv);
	return error;
}

void
hyperv_hypercall_suspend(struct hyperv *hyperv)
{
	hyperv_place(hyperv, HV_MSR_HYPERCALL, 0);
	guest_id(hyperv, 0);
}

/* Where somebody else's page is, and stays, ours is not. */
static bool
take_away(struct hyperv *hyperv)
{
	uint64_t value = 0;

	if (hyperv->port->msr_read(hyperv->port->ctx, HV_MSR_HYPERCALL,
		&value) == PV_OK &&
	    (value & HV_PLACE_ADDRESS) != hyperv->hypercall_physical)
		return true;
	return hyperv_place(hyperv, HV_MSR_HYPERCALL, 0);
}

/* As long as it covers our page with its own, that page can serve nobody. */
void
hyperv_hypercall_close(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;

	if (hyperv->hypercall_page != NULL) {
		if (take_away(hyperv))
			port->pages_free(port->ctx, hyperv->hypercall_page, 1);
		else
			hyperv->stats->held++;
		guest_id(hyperv, 0);
	}
	if (hyperv->input_page != NULL)
		port->pages_free(port->ctx, hyperv->input_page, 1);
	hyperv->hypercall_page = hyperv->input_page = NULL;
}

unsigned
hyperv_hypercall(struct hyperv *hyperv, struct pv_stats *stats,
    uint64_t control, uint64_t input, uint64_t output)
{
	if (hyperv->hypercall_page == NULL)
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	stats->hypercalls++;
	return (unsigned)(hyperv->port->hyperv_hypercall(hyperv->port->ctx,
			      hyperv->hypercall_page, control, input, output) &
	    HV_RESULT_STATUS);
}

int
hyperv_error(unsigned status)
{
	static const struct {
		uint16_t status;
		int16_t error;
	} errors[] = {
		{ HV_STATUS_SUCCESS, PV_OK },
		{ HV_STATUS_INVALID_HYPERCALL_CODE, PV_ENOTSUP },
		{ HV_STATUS_INVALID_HYPERCALL_INPUT, PV_EINVAL },
		{ HV_STATUS_INVALID_ALIGNMENT, PV_EINVAL },
		{ HV_STATUS_INVALID_PARAMETER, PV_EINVAL },
		{ HV_STATUS_ACCESS_DENIED, PV_EACCES },
		{ HV_STATUS_INVALID_PARTITION_STATE, PV_EBUSY },
		{ HV_STATUS_OPERATION_DENIED, PV_EACCES },
		{ HV_STATUS_INSUFFICIENT_MEMORY, PV_EAGAIN },
		{ HV_STATUS_INVALID_PORT_ID, PV_ENODEV },
		{ HV_STATUS_INVALID_CONNECTION_ID, PV_ENODEV },
		{ HV_STATUS_INSUFFICIENT_BUFFERS, PV_EAGAIN },
		{ HV_STATUS_NO_RESOURCES, PV_ENOMEM },
		{ HV_STATUS_FEATURE_UNAVAILABLE, PV_ENOTSUP },
		{ HV_STATUS_FEATURE_NOT_SUPPORTED, PV_ENOTSUP },
		{ HV_STATUS_TIME_OUT, PV_ETIMEDOUT },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].status == status)
			return errors[i].error;
	return PV_EIO;
}

/* By memory, for a message does not fit into registers; only by the owner of
 * the bus, so that one page is enough. */
int
hyperv_post(struct hyperv *hyperv, uint32_t connection, uint32_t type,
    const void *payload, size_t size)
{
	struct hv_post_message post = { .connection = connection,
		.type = type,
		.size = (uint32_t)size };

	if (size > sizeof(post.payload))
		return PV_EMSGSIZE;
	if (hyperv->input_page == NULL)
		return PV_ENODEV;
	memcpy(post.payload, payload, size);
	memcpy(hyperv->input_page, &post, sizeof(post));
	return hyperv_error(hyperv_hypercall(hyperv, hyperv->stats,
	    HV_HC_POST_MESSAGE, hyperv->input_physical, 0));
}

int
hyperv_signal(struct hyperv *hyperv, struct pv_stats *stats,
    uint32_t connection, uint16_t flag)
{
	stats->signals++;
	return hyperv_error(
	    hyperv_hypercall(hyperv, stats, HV_HC_SIGNAL_EVENT | HV_INPUT_FAST,
		connection | (uint64_t)flag << 32, 0));
}
