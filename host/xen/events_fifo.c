/* SPDX-License-Identifier: ISC */
/* Event channels by queues: the control blocks, the array of event words, and
 * how a port is linked to a queue.  After "Event Channel: FIFO-based ABI". */
#include "host/xen/xen_private.h"

#define PENDING (1u << XEN_FIFO_PENDING)
#define MASKED (1u << XEN_FIFO_MASKED)
#define LINKED (1u << XEN_FIFO_LINKED)
#define BUSY (1u << XEN_FIFO_BUSY)

/* A guest that changes a word all the time is not waited for longer. */
#define TRIES 4

uint32_t *
xen_fifo_word(struct host_xen *xen, uint32_t port)
{
	uint32_t page = port / (uint32_t)XEN_FIFO_WORDS_PER_PAGE;
	uint64_t offset = port % XEN_FIFO_WORDS_PER_PAGE * sizeof(uint32_t);

	if (page >= xen->array_pages)
		return NULL;
	return xen->world.map(xen->world.ctx,
	    (xen->array[page] << XEN_PAGE_SHIFT) + offset, sizeof(uint32_t));
}

static struct xen_fifo_control *
control_block(struct host_xen *xen, unsigned vcpu)
{
	uint64_t physical = xen->vcpus[vcpu].control;

	if (physical == 0)
		return NULL;
	return xen->world.map(xen->world.ctx, physical,
	    sizeof(struct xen_fifo_control));
}

/* Let the queue's last word point to the port.  False: that word is not linked
 * any more, so the guest has taken it and the queue is empty. */
static bool
link_tail(struct host_xen *xen, uint32_t tail, uint32_t port)
{
	uint32_t *word = xen_fifo_word(xen, tail);
	uint32_t old, new;

	if (word == NULL)
		return false;
	old = __atomic_load_n(word, __ATOMIC_SEQ_CST);
	for (unsigned try = 0; try <= TRIES; try++) {
		if ((old & LINKED) == 0) {
			if (try > 0)
				__atomic_fetch_and(word, ~BUSY,
				    __ATOMIC_SEQ_CST);
			return false;
		}
		new = (old & ~(BUSY | XEN_FIFO_LINK_MASK)) | port;
		if (__atomic_compare_exchange_n(word, &old, new, false,
			__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return true;
		/* keep the guest from clearing LINKED meanwhile */
		if (try == 0)
			old = __atomic_or_fetch(word, BUSY, __ATOMIC_SEQ_CST);
	}
	__atomic_fetch_and(word, ~BUSY, __ATOMIC_SEQ_CST);
	return true; /* the guest's own loss */
}

static void
append(struct host_xen *xen, uint32_t port, struct xen_fifo_control *control)
{
	struct xen_port *entry = &xen->ports[port];
	struct xen_queue *queue =
	    &xen->vcpus[entry->vcpu].queues[entry->priority];
	struct xen_queue *last =
	    &xen->vcpus[entry->last_vcpu].queues[entry->last_priority];
	bool linked = false;

	/* if it was the tail of another queue, that one is empty now */
	if (last->tail == port)
		last->tail = 0;
	entry->last_vcpu = entry->vcpu;
	entry->last_priority = entry->priority;
	if (queue->tail != 0)
		linked = link_tail(xen, queue->tail, port);
	if (!linked)
		__atomic_store_n(&control->head[entry->priority], port,
		    __ATOMIC_SEQ_CST);
	queue->tail = port;
	if (linked)
		return;
	if ((__atomic_fetch_or(&control->ready, 1u << entry->priority,
		 __ATOMIC_SEQ_CST) &
		1u << entry->priority) == 0)
		xen_upcall(xen, entry->vcpu);
}

void
xen_fifo_set_pending(struct host_xen *xen, uint32_t port)
{
	struct xen_port *entry = &xen->ports[port];
	uint32_t *word = xen_fifo_word(xen, port);
	struct xen_fifo_control *control;
	uint32_t value;

	if (word == NULL) {
		entry->pending = true; /* until the array reaches so far */
		return;
	}
	value = __atomic_or_fetch(word, PENDING, __ATOMIC_SEQ_CST);
	if ((value & (MASKED | LINKED)) != 0)
		return;
	control = control_block(xen, entry->vcpu);
	if (control == NULL)
		return; /* no guest may unmask before it has one */
	if ((__atomic_fetch_or(word, LINKED, __ATOMIC_SEQ_CST) & LINKED) == 0)
		append(xen, port, control);
}

/* ---- Hypercalls ------------------------------------------------------- */

/* What was pending in two levels goes on so. */
static void
take_over(struct host_xen *xen)
{
	for (uint32_t port = 1; port < xen->ports_valid; port++) {
		struct xen_port *entry = &xen->ports[port];

		entry->pending = xen_is_pending(xen, port);
		entry->priority = XEN_FIFO_PRIORITY_DEFAULT;
		entry->last_priority = entry->priority;
		entry->last_vcpu = entry->vcpu;
	}
	xen->fifo = true;
}

long
xen_fifo_init_control(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_init_control init;
	struct xen_fifo_control *control;
	struct xen_vcpu *vcpu;
	long result = xen_take(xen, address, &init, sizeof(init));

	if (result != 0)
		return result;
	if (xen->config.no_fifo)
		return -XEN_ENOSYS;
	if (init.vcpu >= xen->config.vcpus)
		return -XEN_ENOENT;
	if (init.offset > XEN_PAGE_SIZE - sizeof(struct xen_fifo_control) ||
	    init.offset % 8 != 0)
		return -XEN_EINVAL;
	vcpu = &xen->vcpus[init.vcpu];
	if (vcpu->control != 0 || !xen_frame_ok(xen, init.frame))
		return -XEN_EINVAL;
	if (!xen->fifo)
		take_over(xen);
	vcpu->control = (init.frame << XEN_PAGE_SHIFT) + init.offset;
	control = control_block(xen, init.vcpu);
	for (unsigned i = 0; i < XEN_FIFO_QUEUES; i++)
		control->head[i] = 0;
	init.link_bits = XEN_FIFO_LINK_BITS;
	return xen_give(xen, address, &init, sizeof(init));
}

/* Events that came before there was a word for them. */
static void
catch_up(struct host_xen *xen, uint32_t first)
{
	for (uint32_t port = first;
	     port < first + XEN_FIFO_WORDS_PER_PAGE && port < xen->ports_valid;
	     port++)
		if (xen->ports[port].pending) {
			xen->ports[port].pending = false;
			xen_fifo_set_pending(xen, port);
		}
}

long
xen_fifo_expand(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_expand_array expand;
	long result = xen_take(xen, address, &expand, sizeof(expand));

	if (result != 0)
		return result;
	if (!xen->fifo)
		return -XEN_EOPNOTSUPP;
	if (xen->array_pages == XEN_FIFO_PAGES)
		return -XEN_ENOSPC;
	if (!xen_frame_ok(xen, expand.frame))
		return -XEN_EINVAL;
	xen->array[xen->array_pages++] = expand.frame;
	catch_up(xen,
	    (xen->array_pages - 1) * (uint32_t)XEN_FIFO_WORDS_PER_PAGE);
	return 0;
}

void
xen_fifo_forget(struct host_xen *xen)
{
	for (unsigned i = 0; i < XEN_LEGACY_VCPUS; i++) {
		struct xen_vcpu *vcpu = &xen->vcpus[i];

		vcpu->control = 0;
		for (unsigned q = 0; q < XEN_FIFO_QUEUES; q++)
			vcpu->queues[q].tail = 0;
	}
	xen->array_pages = 0;
	xen->fifo = false;
}
