/* SPDX-License-Identifier: ISC */
/*
 * Events: which kind the host has, how they arrive, and their collection.
 *
 * Events are collected by a handler with interrupts off or by a poll on the
 * same CPU, whichever comes first.  If the handler interrupts the poll, it only
 * leaves word.
 */
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "guest/xen/events_private.h"

/* What arrives while a scan goes on is scanned too, but not for ever. */
#define PASSES 4

/* Without interrupts: how often somebody looks. */
#define POLL_INTERVAL PV_MILLISECOND

uint32_t *
events_state(const struct xen_events *events, uint32_t port)
{
	uint32_t *page = NULL;

	if (port < events->abi->ports)
		page = __atomic_load_n(&events->states[port / STATES_PER_PAGE],
		    __ATOMIC_ACQUIRE);
	return page != NULL ? &page[port % STATES_PER_PAGE] : NULL;
}

uint32_t *
events_state_make(struct xen *xen, uint32_t port)
{
	struct xen_events *events = xen->events;
	uint32_t **page = &events->states[port / STATES_PER_PAGE];

	if (*page == NULL)
		__atomic_store_n(page,
		    pv_alloc(xen->bus, STATES_PER_PAGE * sizeof(uint32_t)),
		    __ATOMIC_RELEASE);
	return events_state(events, port);
}

void
events_mark(struct xen *xen, uint32_t port)
{
	uint32_t *state = events_state(xen->events, port);

	/* a port of nobody's stays masked */
	if (state == NULL ||
	    !(__atomic_load_n(state, __ATOMIC_RELAXED) & PORT_OWNED))
		__atomic_fetch_add(&xen->events->bad_index, 1,
		    __ATOMIC_RELAXED);
	else
		__atomic_fetch_or(state, PORT_MARKED, __ATOMIC_SEQ_CST);
}

/* Xen injects the interrupt again and again until upcall_pending is cleared;
 * and that comes before the scan, for it announces what comes after. */
static void
scan(struct xen *xen, unsigned number)
{
	struct events_cpu *cpu = &xen->events->cpu[number];
	struct xen_shared_info *shared = xen_shared(xen);
	unsigned passes = 0;

	if (shared == NULL || !__atomic_load_n(&cpu->started, __ATOMIC_ACQUIRE))
		return;
	do {
		uint8_t *pending =
		    &shared->vcpu[xen->vcpu[number]].upcall_pending;

		if (__atomic_exchange_n(&cpu->active, 1, __ATOMIC_SEQ_CST)) {
			__atomic_store_n(&cpu->again, 1, __ATOMIC_SEQ_CST);
			/* else it comes again before who scans has moved on */
			__atomic_exchange_n(pending, 0, __ATOMIC_SEQ_CST);
			return;
		}
		__atomic_store_n(&cpu->again, 0, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(pending, __ATOMIC_RELAXED) != 0)
			__atomic_exchange_n(pending, 0, __ATOMIC_SEQ_CST);
		if (xen->events->abi->scan(xen, number))
			__atomic_store_n(&cpu->again, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&cpu->active, 0, __ATOMIC_SEQ_CST);
	} while (__atomic_load_n(&cpu->again, __ATOMIC_SEQ_CST) &&
	    ++passes < PASSES);
}

static void
interrupt(void *argument, unsigned cpu)
{
	struct xen *xen = argument;

	if (cpu < xen->cpus)
		scan(xen, cpu);
	if (xen->events->delivery == EVENTS_CPU_VECTORS)
		xen->port->vector_eoi(xen->port->ctx);
}

void
xen_events_scan(struct xen *xen, unsigned cpu)
{
	struct xen_events *events = xen->events;

	if (events == NULL || cpu >= xen->cpus)
		return;
	scan(xen, cpu);
	if (cpu != 0)
		return;
	events->found = false;
	events_wake_quiet(xen);
	xen->stats->bad_index += __atomic_exchange_n(&events->bad_index, 0,
	    __ATOMIC_RELAXED);
	xen->stats->bad_state += __atomic_exchange_n(&events->bad_state, 0,
	    __ATOMIC_RELAXED);
}

uint64_t
xen_events_deadline(const struct xen *xen)
{
	const struct xen_events *events = xen->events;
	uint64_t first = PV_NEVER;

	if (events == NULL)
		return PV_NEVER;
	if (events->found || events->cpu[0].again)
		return 0;
	for (const struct xen_channel *channel = events->channels;
	     channel != NULL; channel = channel->next)
		if (channel->cpu == 0 && channel->quiet_until != 0 &&
		    channel->quiet_until < first)
			first = channel->quiet_until;
	if (events->delivery == EVENTS_POLLED && events->channels != NULL) {
		uint64_t next = pv_bus_now(xen->bus) + POLL_INTERVAL;

		if (next < first)
			first = next;
	}
	return first;
}

/* ---- How they arrive --------------------------------------------------- */

static int
cpu_vector(struct xen *xen, unsigned cpu)
{
	struct xen_hvm_upcall_vector upcall = { .vcpu = xen->vcpu[cpu],
		.vector = (uint8_t)xen->events->vector };

	return xen_error(xen_hypercall(xen, xen->stats, XEN_HC_HVM_OP,
	    XEN_HVM_OP_SET_UPCALL_VECTOR, (uintptr_t)&upcall, 0));
}

/* What the handler goes by is set before the host hears of the vector, for an
 * event may wait for that: without its EOI the local APIC would be stuck. */
static void
choose_delivery(struct xen *xen)
{
	enum events_delivery *delivery = &xen->events->delivery;
	int vector = xen->events->vector;

	if (vector >= 0 && xen->port->vector_eoi != NULL) {
		__atomic_store_n(delivery, EVENTS_CPU_VECTORS,
		    __ATOMIC_SEQ_CST);
		if (cpu_vector(xen, 0) == PV_OK)
			return;
	}
	__atomic_store_n(delivery, EVENTS_ONE_VECTOR, __ATOMIC_SEQ_CST);
	if (vector < 0 ||
	    !(xen->features & 1u << XEN_FEAT_HVM_CALLBACK_VECTOR) ||
	    xen_param_set(xen, XEN_HVM_PARAM_CALLBACK_IRQ,
		XEN_HVM_CALLBACK_VECTOR(vector)) != PV_OK)
		__atomic_store_n(delivery, EVENTS_POLLED, __ATOMIC_SEQ_CST);
}

/* The CPU may be interrupted as soon as this returns. */
static int
start_cpu(struct xen *xen, unsigned cpu)
{
	struct xen_events *events = xen->events;
	int error = events->abi->start(xen, cpu);

	if (error == PV_OK && cpu != 0 &&
	    events->delivery == EVENTS_CPU_VECTORS)
		error = cpu_vector(xen, cpu);
	if (error == PV_OK)
		__atomic_store_n(&events->cpu[cpu].started, 1,
		    __ATOMIC_RELEASE);
	return error;
}

/* Any error of the FIFO is one more reason to do without. */
static int
begin(struct xen *xen)
{
	struct xen_events *events = xen->events;
	int error;

	events->abi = &events_fifo;
	error = start_cpu(xen, 0);
	if (error != PV_OK && error != PV_ENOMEM) {
		events->abi = &events_2level;
		error = start_cpu(xen, 0);
	}
	if (error == PV_OK)
		choose_delivery(xen);
	return error;
}

static void
vector_open(struct xen *xen)
{
	struct xen_events *events = xen->events;
	const struct pv_port *port = xen->port;

	events->vector = PV_ENOTSUP;
	if (port->vector_alloc == NULL || port->vector_free == NULL)
		return;
	events->vector = port->vector_alloc(port->ctx, interrupt, xen);
	if (events->vector > (int)UINT8_MAX) {
		port->vector_free(port->ctx, events->vector);
		events->vector = PV_ENOTSUP;
	}
}

int
xen_events_open(struct xen *xen)
{
	struct xen_events *events = pv_alloc(xen->bus, sizeof(*events));
	int error = PV_ENOMEM;

	if (events == NULL)
		return PV_ENOMEM;
	xen->events = events;
	events->abi = &events_2level;
	events->vector = PV_ENOTSUP;
	events->cpu = pv_alloc(xen->bus, xen->cpus * sizeof(*events->cpu));
	if (events->cpu != NULL) {
		vector_open(xen);
		error = begin(xen);
	}
	if (error != PV_OK)
		xen_events_close(xen);
	return error;
}

void
xen_events_close(struct xen *xen)
{
	struct xen_events *events = xen->events;
	const struct pv_port *port = xen->port;

	if (events == NULL)
		return;
	events_close_channels(xen);
	if (events->delivery == EVENTS_ONE_VECTOR)
		xen_param_set(xen, XEN_HVM_PARAM_CALLBACK_IRQ, 0);
	events->abi->stop(xen);
	if (events->vector >= 0)
		port->vector_free(port->ctx, events->vector);
	for (unsigned i = 0; i < STATE_PAGES; i++)
		pv_free(xen->bus, events->states[i],
		    STATES_PER_PAGE * sizeof(uint32_t));
	pv_free(xen->bus, events->cpu, xen->cpus * sizeof(*events->cpu));
	pv_free(xen->bus, events, sizeof(*events));
	xen->events = NULL;
}

void
xen_events_cpu_start(struct xen *xen, unsigned cpu)
{
	int error;

	if (cpu == 0 || cpu >= xen->cpus || xen->vcpu[cpu] == XEN_NO_VCPU)
		return;
	error = start_cpu(xen, cpu);
	if (error != PV_OK)
		xen_log(xen, PV_LOG_ERROR, "CPU %u gets no events: %s", cpu,
		    pv_error_text(error));
}

int
xen_events_resume(struct xen *xen)
{
	struct xen_events *events = xen->events;
	int error;

	for (unsigned i = 0; i < STATE_PAGES; i++)
		if (events->states[i] != NULL)
			memset(events->states[i], 0,
			    STATES_PER_PAGE * sizeof(uint32_t));
	events->channels = NULL;
	events->found = false;
	error = begin(xen);
	for (unsigned cpu = 1; cpu < xen->cpus && error == PV_OK; cpu++)
		if (events->cpu[cpu].started) {
			events->cpu[cpu].started = 0;
			xen_events_cpu_start(xen, cpu);
		}
	return error;
}

const char *
xen_events_text(const struct xen *xen)
{
	static const char *const texts[2][3] = {
		{ "2-level events polled", "2-level events on one vector",
		    "2-level events on each CPU" },
		{ "FIFO events polled", "FIFO events on one vector",
		    "FIFO events on each CPU" },
	};
	const struct xen_events *events = xen->events;

	return texts[events->abi == &events_fifo][events->delivery];
}
