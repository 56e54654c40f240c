/* SPDX-License-Identifier: ISC */
/*
 * Event channels of two levels: a bit for each port in the shared page, and for
 * each VCPU a bit for each word of these.
 *
 * All words are taken as 32 bits: they are bit fields, and so the same code
 * serves each compiler that has 32-bit atomics only.
 */
#include "guest/bus/shared.h"
#include "guest/xen/events_private.h"

#define HALVES 2 /* of a 64-bit word */
#define HALF_BITS 32

static uint32_t
bit(uint32_t port)
{
	return 1u << port % HALF_BITS;
}

static uint32_t *
pending_half(struct xen_shared_info *shared, uint32_t port)
{
	return (uint32_t *)shared->pending + port / HALF_BITS;
}

static uint32_t *
mask_half(struct xen_shared_info *shared, uint32_t port)
{
	return (uint32_t *)shared->mask + port / HALF_BITS;
}

/* What nobody has opened stays masked. */
static int
start(struct xen *xen, unsigned cpu)
{
	struct xen_shared_info *shared = xen_shared(xen);

	if (cpu == 0)
		for (uint32_t port = 0; port < XEN_EVENT_2L_PORTS;
		     port += HALF_BITS)
			shared_store32(mask_half(shared, port), UINT32_MAX);
	return PV_OK;
}

static int
add(struct xen *xen, uint32_t port)
{
	(void)xen;
	(void)port;
	return PV_OK;
}

static void
mask(struct xen *xen, uint32_t port)
{
	struct xen_shared_info *shared = xen_shared(xen);

	if (shared != NULL)
		__atomic_fetch_or(mask_half(shared, port), bit(port),
		    __ATOMIC_SEQ_CST);
}

/* Xen announces nothing while the bit is pending, so who unmasks has to look:
 * then the hypercall for that is never needed. */
static bool
unmask(struct xen *xen, uint32_t port)
{
	struct xen_shared_info *shared = xen_shared(xen);

	if (shared == NULL)
		return false;
	__atomic_fetch_and(mask_half(shared, port), ~bit(port),
	    __ATOMIC_SEQ_CST);
	return (shared_load32(pending_half(shared, port)) & bit(port)) != 0;
}

static bool
collect(struct xen *xen, uint32_t port)
{
	struct xen_shared_info *shared = xen_shared(xen);

	if (shared == NULL ||
	    !(shared_load32(pending_half(shared, port)) & bit(port)))
		return false;
	/* whoever masks it owns the event */
	if (__atomic_fetch_or(mask_half(shared, port), bit(port),
		__ATOMIC_SEQ_CST) &
	    bit(port))
		return false;
	__atomic_fetch_and(pending_half(shared, port), ~bit(port),
	    __ATOMIC_SEQ_CST);
	return true;
}

static void
scan_half(struct xen *xen, struct xen_shared_info *shared, uint32_t first)
{
	uint32_t ports = shared_load32(pending_half(shared, first)) &
	    ~shared_load32(mask_half(shared, first));

	while (ports != 0) {
		uint32_t port = first + (uint32_t)__builtin_ctz(ports);

		ports &= ports - 1;
		if (collect(xen, port))
			events_mark(xen, port);
	}
}

/* Each port is looked at once at most, whatever the host writes meanwhile. */
static bool
scan(struct xen *xen, unsigned cpu)
{
	struct xen_shared_info *shared = xen_shared(xen);
	uint32_t *selector =
	    (uint32_t *)&shared->vcpu[xen->vcpu[cpu]].pending_sel;

	for (uint32_t i = 0; i < HALVES; i++) {
		uint32_t words = shared_load32(&selector[i]);

		if (words != 0)
			words = __atomic_exchange_n(&selector[i], 0,
			    __ATOMIC_SEQ_CST);
		while (words != 0) {
			uint32_t word = i * HALF_BITS +
			    (uint32_t)__builtin_ctz(words);

			words &= words - 1;
			for (uint32_t half = 0; half < HALVES; half++)
				scan_half(xen, shared,
				    (word * HALVES + half) * HALF_BITS);
		}
	}
	return false;
}

static void
stop(struct xen *xen)
{
	(void)xen;
}

const struct events_abi events_2level = {
	.name = "2-level",
	.ports = XEN_EVENT_2L_PORTS,
	.start = start,
	.add = add,
	.mask = mask,
	.unmask = unmask,
	.collect = collect,
	.scan = scan,
	.stop = stop,
};
