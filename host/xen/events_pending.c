/* SPDX-License-Identifier: ISC */
/* Pending and masked bits: event channels of two levels, and the choice. */
#include "host/xen/xen_private.h"

#define WORD(port) ((port) / XEN_EVENT_WORD_BITS)
#define BIT(port) (UINT64_C(1) << (port) % XEN_EVENT_WORD_BITS)

/* An atomic OR; whether the bit was set before. */
static bool
test_and_set(uint64_t *word, uint64_t bit)
{
	return (__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

static bool
is_set(const uint64_t *word, uint64_t bit)
{
	return (__atomic_load_n(word, __ATOMIC_SEQ_CST) & bit) != 0;
}

static void
select_word(struct host_xen *xen, uint32_t port)
{
	unsigned vcpu = xen->ports[port].vcpu;
	struct xen_vcpu_info *info = xen_vcpu_info(xen, vcpu);

	if (!test_and_set(&info->pending_sel, UINT64_C(1) << WORD(port)))
		xen_upcall(xen, vcpu);
}

static void
set_pending_2l(struct host_xen *xen, uint32_t port)
{
	struct xen_shared_info *shared = xen_shared(xen);

	if (port >= XEN_EVENT_2L_PORTS ||
	    test_and_set(&shared->pending[WORD(port)], BIT(port)))
		return;
	if (!is_set(&shared->mask[WORD(port)], BIT(port)))
		select_word(xen, port);
}

void
xen_set_pending(struct host_xen *xen, uint32_t port)
{
	if (xen->manners.drop_events)
		return;
	xen->counts.events++;
	if (xen->fifo)
		xen_fifo_set_pending(xen, port);
	else
		set_pending_2l(xen, port);
}

void
xen_clear_pending(struct host_xen *xen, uint32_t port)
{
	uint32_t *word;

	if (!xen->fifo) {
		if (port < XEN_EVENT_2L_PORTS)
			__atomic_fetch_and(&xen_shared(xen)
						->pending[WORD(port)],
			    ~BIT(port), __ATOMIC_SEQ_CST);
		return;
	}
	xen->ports[port].pending = false;
	word = xen_fifo_word(xen, port);
	if (word != NULL)
		__atomic_fetch_and(word, ~(1u << XEN_FIFO_PENDING),
		    __ATOMIC_SEQ_CST);
}

bool
xen_is_pending(struct host_xen *xen, uint32_t port)
{
	const uint32_t *word;

	if (!xen->fifo)
		return port < XEN_EVENT_2L_PORTS &&
		    is_set(&xen_shared(xen)->pending[WORD(port)], BIT(port));
	word = xen_fifo_word(xen, port);
	if (word == NULL)
		return xen->ports[port].pending;
	return (__atomic_load_n(word, __ATOMIC_SEQ_CST) &
		   1u << XEN_FIFO_PENDING) != 0;
}

static void
unmask_fifo(struct host_xen *xen, uint32_t port)
{
	uint32_t *word = xen_fifo_word(xen, port);
	uint32_t before;

	if (word == NULL)
		return;
	before = __atomic_fetch_and(word, ~(1u << XEN_FIFO_MASKED),
	    __ATOMIC_SEQ_CST);
	if ((before & 1u << XEN_FIFO_PENDING) != 0)
		xen_fifo_set_pending(xen, port);
}

/* False: there is no such port. */
bool
xen_unmask(struct host_xen *xen, uint32_t port)
{
	struct xen_shared_info *shared;
	uint64_t before;

	if (port >= xen->ports_valid)
		return false;
	if (xen->fifo) {
		unmask_fifo(xen, port);
		return true;
	}
	if (port >= XEN_EVENT_2L_PORTS)
		return true;
	shared = xen_shared(xen);
	before = __atomic_fetch_and(&shared->mask[WORD(port)], ~BIT(port),
	    __ATOMIC_SEQ_CST);
	if ((before & BIT(port)) != 0 &&
	    is_set(&shared->pending[WORD(port)], BIT(port)))
		select_word(xen, port);
	return true;
}

void
host_xen_raise(struct host_xen *xen, uint32_t port)
{
	if (port <= xen->port_limit)
		xen_set_pending(xen, port);
}
