/* SPDX-License-Identifier: ISC */
/* VMBus: open, poll, sleep, close; and the events of its channels. */
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "guest/hyperv/vmbus_private.h"

/* Before 2.4 no more channels than these had events (MAX_NUM_CHANNELS_SUPPORTED
 * of Linux), as bits of a page. */
#define OLD_RELIDS 256u

/* What is closed gets so long before the connection is ended. */
#define DRAIN_TIME PV_SECOND

/* ---- Events ------------------------------------------------------------ */

static bool
mark(struct vmbus *vmbus, unsigned relid)
{
	uint32_t *word = &vmbus->marks[relid];

	if (relid < HV_VMBUS_RELIDS &&
	    (__atomic_load_n(word, __ATOMIC_RELAXED) & MARK_OWNED))
		return !(__atomic_fetch_or(word, MARK_EVENT, __ATOMIC_SEQ_CST) &
		    MARK_EVENT);
	__atomic_fetch_add(&vmbus->bad_flags, 1, __ATOMIC_RELAXED);
	return false;
}

/* Flag 0 says: look into the page. */
static bool
old_events(struct vmbus *vmbus)
{
	uint32_t *words = vmbus->interrupts->to_guest;
	bool news = false;

	for (unsigned i = 0; i < OLD_RELIDS / 32; i++) {
		uint32_t word;

		if (shared_load32(&words[i]) == 0)
			continue;
		word = __atomic_exchange_n(&words[i], 0, __ATOMIC_SEQ_CST);
		for (; word != 0; word &= word - 1)
			if (mark(vmbus, i * 32 + (unsigned)__builtin_ctz(word)))
				news = true;
	}
	return news;
}

/* On any CPU, with interrupts off or not. */
static bool
flag(void *argument, unsigned number)
{
	struct vmbus *vmbus = argument;

	if (number == 0 && !vmbus_since(vmbus, HV_VMBUS_2_4))
		return old_events(vmbus);
	return mark(vmbus, number);
}

bool
vmbus_collect(struct vmbus_channel *channel)
{
	struct hyperv *hyperv = channel->hyperv;
	struct vmbus *vmbus = hyperv->vmbus;

	if (!channel->listed)
		return false;
	if (!vmbus_since(vmbus, HV_VMBUS_2_4)) {
		if (hyperv_synic_flag(hyperv, channel->cpu, 0))
			old_events(vmbus);
	} else if (hyperv_synic_flag(hyperv, channel->cpu,
		       channel->offer.relid)) {
		mark(vmbus, channel->offer.relid);
	} else if (hyperv_synic_deadline(hyperv, channel->cpu) != PV_NEVER) {
		hyperv_synic_look(hyperv, channel->cpu);
	}
	return __atomic_fetch_and(channel->mark, ~MARK_EVENT,
		   __ATOMIC_SEQ_CST) &
	    MARK_EVENT;
}

uint64_t
vmbus_collect_deadline(const struct vmbus_channel *channel)
{
	return hyperv_synic_deadline(channel->hyperv, channel->cpu);
}

/* ---- Open and close ---------------------------------------------------- */

static void *
page_open(struct hyperv *hyperv, uint64_t *physical)
{
	return hyperv->port->pages_alloc(hyperv->port->ctx, 1, physical);
}

static int
pages_open(struct vmbus *vmbus)
{
	struct hyperv *hyperv = vmbus->hyperv;

	vmbus->interrupts = page_open(hyperv, &vmbus->interrupts_physical);
	vmbus->monitor_to_guest = page_open(hyperv,
	    &vmbus->monitor_to_guest_physical);
	vmbus->monitor_to_host = page_open(hyperv,
	    &vmbus->monitor_to_host_physical);
	return vmbus->interrupts != NULL && vmbus->monitor_to_guest != NULL &&
		vmbus->monitor_to_host != NULL
	    ? PV_OK
	    : PV_ENOMEM;
}

/* The host has them as long as it has not let go of the connection. */
static void
page_close(struct vmbus *vmbus, void *page, bool sure)
{
	struct hyperv *hyperv = vmbus->hyperv;

	if (page == NULL)
		return;
	if (sure)
		hyperv->port->pages_free(hyperv->port->ctx, page, 1);
	else
		hyperv->stats->held++;
}

static void
free_all(struct vmbus *vmbus, bool sure)
{
	struct hyperv *hyperv = vmbus->hyperv;

	page_close(vmbus, vmbus->interrupts, sure);
	page_close(vmbus, vmbus->monitor_to_guest, sure);
	page_close(vmbus, vmbus->monitor_to_host, sure);
	hyperv->vmbus = NULL;
	pv_free(hyperv->bus, vmbus, sizeof(*vmbus));
}

int
vmbus_open(struct hyperv *hyperv)
{
	struct vmbus *vmbus = pv_alloc(hyperv->bus, sizeof(*vmbus));
	int error;

	if (vmbus == NULL)
		return PV_ENOMEM;
	vmbus->hyperv = hyperv;
	vmbus->last = &vmbus->first;
	vmbus->queue_end = &vmbus->queue;
	vmbus->held = true;
	hyperv->vmbus = vmbus;
	error = pages_open(vmbus);
	if (error != PV_OK) {
		free_all(vmbus, true);
		return error;
	}
	hyperv_synic_on_flag(hyperv, flag, vmbus);
	vmbus_connect(vmbus);
	return PV_OK;
}

/* What is closed already goes in its order, and by hosts that say nothing to an
 * UNLOAD it is known at least of that that they have let go. */
static void
drain(struct vmbus *vmbus)
{
	struct hyperv *hyperv = vmbus->hyperv;
	const struct pv_port *port = hyperv->port;
	uint64_t end = pv_bus_now(hyperv->bus) + DRAIN_TIME;

	while (vmbus->version != 0 &&
	    (vmbus->lent != NULL || vmbus->closing != NULL) &&
	    pv_bus_now(hyperv->bus) < end) {
		bool more = vmbus_messages_poll(vmbus, 16);
		uint64_t next, other;

		more = vmbus_requests_poll(vmbus, 16) || more;
		more = channels_poll(vmbus, 16) || more;
		next = vmbus_requests_deadline(vmbus);
		other = channels_deadline(vmbus);
		next = other < next ? other : next;
		if (!more && port->wait == NULL)
			return;
		if (!more)
			port->wait(port->ctx, next < end ? next : end);
	}
}

/* Devices and services are gone. */
void
vmbus_close(struct hyperv *hyperv)
{
	struct vmbus *vmbus = hyperv->vmbus;
	bool sure;

	if (vmbus == NULL)
		return;
	vmbus->working = true;
	vmbus_nodes_check(vmbus);
	drain(vmbus);
	sure = vmbus_disconnect(vmbus);
	hyperv_synic_on_flag(hyperv, NULL, NULL);
	channels_forget(vmbus, sure);
	vmbus_nodes_close(vmbus);
	vmbus_requests_end(vmbus, PV_EINTR);
	free_all(vmbus, sure);
}

/* ---- Poll -------------------------------------------------------------- */

bool
vmbus_poll(struct hyperv *hyperv, unsigned budget)
{
	struct vmbus *vmbus = hyperv->vmbus;
	bool more;

	if (vmbus == NULL || vmbus->phase == VMBUS_DOWN ||
	    vmbus->phase == VMBUS_UNLOADING)
		return false;
	vmbus_nodes_check(vmbus);
	hyperv_synic_look(hyperv, 0);
	hyperv->stats->bad_index += __atomic_exchange_n(&vmbus->bad_flags, 0,
	    __ATOMIC_RELAXED);
	more = vmbus_messages_poll(vmbus, budget);
	more = vmbus_connect_poll(vmbus) || more;
	more = vmbus_requests_poll(vmbus, budget) || more;
	more = channels_poll(vmbus, budget) || more;
	return vmbus_nodes_poll(vmbus, budget) || more;
}

uint64_t
vmbus_bus_deadline(const struct hyperv *hyperv)
{
	const struct vmbus *vmbus = hyperv->vmbus;
	uint64_t first = PV_NEVER;

	if (vmbus == NULL || vmbus->phase == VMBUS_DOWN ||
	    vmbus->phase == VMBUS_UNLOADING)
		return PV_NEVER;

	const uint64_t times[] = { hyperv_synic_deadline(hyperv, 0),
		vmbus_connect_deadline(vmbus), vmbus_requests_deadline(vmbus),
		channels_deadline(vmbus), vmbus_nodes_deadline(vmbus) };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] < first)
			first = times[i];
	return first;
}

bool
vmbus_settled(const struct hyperv *hyperv)
{
	const struct vmbus *vmbus = hyperv->vmbus;

	if (vmbus == NULL || vmbus->phase == VMBUS_FAILED)
		return true;
	return vmbus->phase == VMBUS_UP && vmbus_nodes_settled(vmbus);
}

uint32_t
vmbus_version(const struct hyperv *hyperv)
{
	return hyperv->vmbus != NULL ? hyperv->vmbus->version : 0;
}

/* ---- Sleep ------------------------------------------------------------- */

int
vmbus_suspend(struct hyperv *hyperv)
{
	struct vmbus *vmbus = hyperv->vmbus;

	vmbus->working = true;
	vmbus_nodes_suspend(vmbus);
	drain(vmbus);
	channels_forget(vmbus, vmbus_disconnect(vmbus));
	vmbus_nodes_forget(vmbus);
	vmbus->working = false;
	return PV_OK;
}

/* Goes on in vmbus_poll(): contact, offers, then the drivers. */
int
vmbus_resume(struct hyperv *hyperv)
{
	struct vmbus *vmbus = hyperv->vmbus;

	memset(vmbus->interrupts, 0, sizeof(*vmbus->interrupts));
	memset(vmbus->monitor_to_guest, 0, sizeof(*vmbus->monitor_to_guest));
	memset(vmbus->monitor_to_host, 0, sizeof(*vmbus->monitor_to_host));
	vmbus_connect(vmbus);
	return PV_OK;
}
