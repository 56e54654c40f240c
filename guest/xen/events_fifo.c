/* SPDX-License-Identifier: ISC */
/*
 * Event channels in queues: a word for each port, linked by the host into one
 * of sixteen queues of a VCPU.
 *
 * Nothing in a link is believed: it is a port below the end of the table or the
 * end of the queue, and a scan takes no more steps than the table has words,
 * whether the links run in a ring or not.
 */
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "guest/xen/events_private.h"

#define BIT(n) (1u << (n))
#define PENDING BIT(XEN_FIFO_PENDING)
#define MASKED BIT(XEN_FIFO_MASKED)
#define LINKED BIT(XEN_FIFO_LINKED)
#define BUSY BIT(XEN_FIFO_BUSY)

/* Blocks of two CPUs in no cache line of the other; 32 fill the page. */
#define CONTROL_SIZE 128u
_Static_assert(CONTROL_SIZE *XEN_LEGACY_VCPUS <= PV_PAGE_SIZE,
    "control blocks of all CPUs in one page");

/* BUSY lasts for a few instructions of the host. */
#define BUSY_SPINS 10000

static uint32_t
words(const struct fifo *fifo)
{
	return __atomic_load_n(&fifo->known, __ATOMIC_ACQUIRE) *
	    (uint32_t)XEN_FIFO_WORDS_PER_PAGE;
}

static uint32_t *
word_of(const struct fifo *fifo, uint32_t port)
{
	if (port >= words(fifo))
		return NULL;
	return &fifo->pages[port / XEN_FIFO_WORDS_PER_PAGE]
			   [port % XEN_FIFO_WORDS_PER_PAGE];
}

static struct xen_fifo_control *
control_of(const struct fifo *fifo, uint32_t vcpu)
{
	return (void *)(fifo->control + vcpu * CONTROL_SIZE);
}

static void
bad(uint32_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static int
make_fifo(struct xen *xen)
{
	struct fifo *fifo = pv_alloc(xen->bus, sizeof(*fifo));

	if (fifo == NULL)
		return PV_ENOMEM;
	fifo->control = xen->port->pages_alloc(xen->port->ctx, 1,
	    &fifo->control_physical);
	if (fifo->control == NULL) {
		pv_free(xen->bus, fifo, sizeof(*fifo));
		return PV_ENOMEM;
	}
	xen->events->fifo = fifo;
	return PV_OK;
}

/* A page whose memory is given back, for the host never heard of it. */
static void
free_fifo(struct xen *xen)
{
	struct fifo *fifo = xen->events->fifo;

	for (unsigned i = 0; i < fifo->allocated; i++)
		xen->port->pages_free(xen->port->ctx, fifo->pages[i], 1);
	xen->port->pages_free(xen->port->ctx, fifo->control, 1);
	pv_free(xen->bus, fifo, sizeof(*fifo));
	xen->events->fifo = NULL;
}

static int
start(struct xen *xen, unsigned cpu)
{
	struct xen_events *events = xen->events;
	uint32_t vcpu = xen->vcpu[cpu];
	struct xen_evtchn_init_control init = { .vcpu = vcpu,
		.offset = vcpu * CONTROL_SIZE };
	long result;
	int error;

	if (events->fifo == NULL) {
		error = make_fifo(xen);
		if (error != PV_OK)
			return error;
	}
	if (cpu == 0)
		__atomic_store_n(&events->fifo->known, 0, __ATOMIC_RELEASE);
	memset(events->fifo->control + init.offset, 0, CONTROL_SIZE);
	memset(events->cpu[cpu].head, 0, sizeof(events->cpu[cpu].head));
	events->cpu[cpu].ready = 0;
	init.frame = events->fifo->control_physical >> XEN_PAGE_SHIFT;
	result = event_op(xen, xen->stats, XEN_EVTCHN_INIT_CONTROL, &init);
	if (result < 0 && cpu == 0)
		free_fifo(xen);
	return xen_error(result);
}

/* All words of a page are masked before the host sees it, for an event may wait
 * for that moment. */
static int
expand(struct xen *xen, struct fifo *fifo)
{
	struct xen_evtchn_expand_array more;
	unsigned page = fifo->known;
	long result;

	if (page == fifo->allocated) {
		fifo->pages[page] = xen->port->pages_alloc(xen->port->ctx, 1,
		    &fifo->physical[page]);
		if (fifo->pages[page] == NULL)
			return PV_ENOMEM;
		fifo->allocated++;
	}
	for (unsigned i = 0; i < XEN_FIFO_WORDS_PER_PAGE; i++)
		fifo->pages[page][i] = MASKED;
	more.frame = fifo->physical[page] >> XEN_PAGE_SHIFT;
	result = event_op(xen, xen->stats, XEN_EVTCHN_EXPAND_ARRAY, &more);
	if (result < 0)
		return xen_error(result);
	__atomic_store_n(&fifo->known, page + 1, __ATOMIC_RELEASE);
	return PV_OK;
}

static int
add(struct xen *xen, uint32_t port)
{
	struct fifo *fifo = xen->events->fifo;
	int error = PV_OK;

	while (error == PV_OK && port >= words(fifo))
		error = expand(xen, fifo);
	return error;
}

static void
mask(struct xen *xen, uint32_t port)
{
	uint32_t *word = word_of(xen->events->fifo, port);

	if (word != NULL)
		__atomic_fetch_or(word, MASKED, __ATOMIC_SEQ_CST);
}

/* While it is BUSY the host links it, and wants it to stay masked. */
static bool
unmask(struct xen *xen, uint32_t port)
{
	uint32_t *word = word_of(xen->events->fifo, port);
	uint32_t seen;
	unsigned spins = 0;

	if (word == NULL)
		return false;
	seen = shared_load32(word);
	for (;;) {
		if ((seen & BUSY) && spins++ < BUSY_SPINS)
			seen = shared_load32(word);
		else if (__atomic_compare_exchange_n(word, &seen,
			     seen & ~MASKED, false, __ATOMIC_SEQ_CST,
			     __ATOMIC_SEQ_CST) ||
		    spins++ >= 2 * BUSY_SPINS)
			break;
	}
	if (spins >= BUSY_SPINS)
		bad(&xen->events->bad_state);
	return (shared_load32(word) & PENDING) != 0;
}

static bool
collect(struct xen *xen, uint32_t port)
{
	uint32_t *word = word_of(xen->events->fifo, port);
	uint32_t seen;

	if (word == NULL)
		return false;
	seen = shared_load32(word);
	/* a host that changes the word for ever is tried a few times */
	for (unsigned i = 0; i < 16; i++) {
		if (!(seen & PENDING) || (seen & MASKED))
			return false;
		if (__atomic_compare_exchange_n(word, &seen,
			(seen | MASKED) & ~PENDING, false, __ATOMIC_SEQ_CST,
			__ATOMIC_SEQ_CST))
			return true;
	}
	bad(&xen->events->bad_state);
	return false;
}

/* Out of its queue; returns the next of that, 0 at its end. */
static uint32_t
unlink_word(uint32_t *word)
{
	return __atomic_fetch_and(word, ~(LINKED | XEN_FIFO_LINK_MASK),
		   __ATOMIC_SEQ_CST) &
	    XEN_FIFO_LINK_MASK;
}

/* The first of a queue; true: there is another behind it. */
static bool
consume(struct xen *xen, struct events_cpu *cpu,
    struct xen_fifo_control *control, unsigned queue)
{
	struct xen_events *events = xen->events;
	uint32_t port = cpu->head[queue], *word;

	if (port == 0)
		port = shared_load32(&control->head[queue]);
	word = port != 0 ? word_of(events->fifo, port) : NULL;
	if (word == NULL) {
		bad(&events->bad_index);
		cpu->head[queue] = 0;
		return false;
	}
	cpu->head[queue] = unlink_word(word);
	if (collect(xen, port))
		events_mark(xen, port);
	return cpu->head[queue] != 0;
}

static bool
scan(struct xen *xen, unsigned number)
{
	struct xen_events *events = xen->events;
	struct events_cpu *cpu = &events->cpu[number];
	struct xen_fifo_control *control = control_of(events->fifo,
	    xen->vcpu[number]);
	uint32_t steps = words(events->fifo) + XEN_FIFO_QUEUES;

	for (; steps > 0; steps--) {
		unsigned queue;

		if (shared_load32(&control->ready) != 0)
			cpu->ready |= __atomic_exchange_n(&control->ready, 0,
			    __ATOMIC_SEQ_CST);
		cpu->ready &= BIT(XEN_FIFO_QUEUES) - 1;
		if (cpu->ready == 0)
			return false;
		/* 0 is the highest priority */
		queue = (unsigned)__builtin_ctz(cpu->ready);
		if (!consume(xen, cpu, control, queue))
			cpu->ready &= ~BIT(queue);
	}
	return true;
}

static void
stop(struct xen *xen)
{
	struct fifo *fifo = xen->events->fifo;

	if (fifo == NULL)
		return;
	if (events_reset(xen)) {
		free_fifo(xen);
		return;
	}
	/* the host may write to them for ever */
	xen->stats->held += fifo->allocated + 1;
	pv_free(xen->bus, fifo, sizeof(*fifo));
	xen->events->fifo = NULL;
}

const struct events_abi events_fifo = {
	.name = "FIFO",
	.ports = XEN_FIFO_PORTS,
	.start = start,
	.add = add,
	.mask = mask,
	.unmask = unmask,
	.collect = collect,
	.scan = scan,
	.stop = stop,
};
