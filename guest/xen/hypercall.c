/* SPDX-License-Identifier: ISC */
/* Hypercalls: the page that they go through, and the ones that all need. */
#include "guest/bus/libc.h"
#include "guest/xen/xen_private.h"

/* More than one page was never seen; a host that wants a hundred is none. */
#define PAGES_MAX 16

static struct pv_cpuid
leaf(struct xen *xen, uint32_t number)
{
	struct pv_cpuid answer = { 0 };

	if (xen->base + number <= xen->device->interface->max_leaf)
		xen->port->cpuid(xen->port->ctx, xen->base + number, 0,
		    &answer);
	return answer;
}

uint32_t
xen_vcpu_number(struct xen *xen, unsigned cpu)
{
	struct pv_cpuid hvm = leaf(xen, XEN_LEAF_HVM);
	uint32_t number = hvm.eax & XEN_LEAF_HVM_VCPU_ID ? hvm.ebx : cpu;

	if (number >= XEN_LEGACY_VCPUS) {
		xen_log(xen, PV_LOG_ERROR,
		    "CPU %u has no place in Xen's shared page; unused", cpu);
		return XEN_NO_VCPU;
	}
	for (unsigned i = 0; i < xen->cpus; i++)
		if (i != cpu && xen->vcpu[i] == number) {
			xen->stats->bad_duplicate++;
			xen_log(xen, PV_LOG_ERROR,
			    "CPU %u has the number of CPU %u; unused", cpu, i);
			return XEN_NO_VCPU;
		}
	return number;
}

void
xen_numbers(struct xen *xen)
{
	struct pv_cpuid hvm = leaf(xen, XEN_LEAF_HVM);

	xen->version = leaf(xen, XEN_LEAF_VERSION).eax;
	xen->domain = 0;
	if ((hvm.eax & XEN_LEAF_HVM_DOMID) &&
	    hvm.ecx < XEN_DOMID_FIRST_RESERVED)
		xen->domain = (uint16_t)hvm.ecx;
}

/* The MSR takes the address and, in its low bits, which page it is: 0. */
int
xen_hypercall_place(struct xen *xen)
{
	struct pv_cpuid answer = leaf(xen, XEN_LEAF_HYPERCALL);

	if (answer.eax == 0 || answer.eax > PAGES_MAX)
		return PV_EPROTO;
	xen->stats->exits++;
	return xen->port->msr_write(xen->port->ctx, answer.ebx,
	    xen->hypercall_physical);
}

int
xen_hypercall_open(struct xen *xen)
{
	struct xen_feature_map features = { 0 };
	int error;

	xen->hypercall_page = xen->port->pages_alloc(xen->port->ctx, 1,
	    &xen->hypercall_physical);
	if (xen->hypercall_page == NULL)
		return PV_ENOMEM;
	xen_numbers(xen);
	error = xen_hypercall_place(xen);
	if (error == PV_OK)
		error = xen_error(
		    xen_hypercall(xen, xen->stats, XEN_HC_XEN_VERSION,
			XEN_VERSION_FEATURES, (uintptr_t)&features, 0));
	if (error != PV_OK) {
		xen_hypercall_close(xen);
		return error;
	}
	xen->features = features.bits;
	return PV_OK;
}

/* The host keeps no hold of the page: it wrote it once. */
void
xen_hypercall_close(struct xen *xen)
{
	if (xen->hypercall_page != NULL)
		xen->port->pages_free(xen->port->ctx, xen->hypercall_page, 1);
	xen->hypercall_page = NULL;
}

long
xen_hypercall(struct xen *xen, struct pv_stats *stats, unsigned op, uintptr_t a,
    uintptr_t b, uintptr_t c)
{
	const uintptr_t arguments[5] = { a, b, c };

	if (xen->hypercall_page == NULL)
		return -XEN_ENOSYS;
	stats->hypercalls++;
	return xen->port->xen_hypercall(xen->port->ctx, xen->hypercall_page, op,
	    arguments);
}

static void
one_by_one(struct xen *xen, struct pv_stats *stats,
    struct xen_multicall_entry *entries, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		entries[i].result = (uint64_t)xen_hypercall(xen, stats,
		    (unsigned)entries[i].op, (uintptr_t)entries[i].args[0],
		    (uintptr_t)entries[i].args[1],
		    (uintptr_t)entries[i].args[2]);
}

/* QEMU's emulation of Xen has no multicalls. */
void
xen_multicall(struct xen *xen, struct pv_stats *stats,
    struct xen_multicall_entry *entries, unsigned count)
{
	long result = -XEN_ENOSYS;

	if (count > 1 && !__atomic_load_n(&xen->no_multicall, __ATOMIC_RELAXED))
		result = xen_hypercall(xen, stats, XEN_HC_MULTICALL,
		    (uintptr_t)entries, count, 0);
	if (result >= 0)
		return;
	if (count > 1 && result == -XEN_ENOSYS)
		__atomic_store_n(&xen->no_multicall, true, __ATOMIC_RELAXED);
	one_by_one(xen, stats, entries, count);
}

int
xen_error(long result)
{
	static const struct {
		int16_t xen, pv;
	} errors[] = {
		{ XEN_EPERM, PV_EACCES },
		{ XEN_ENOENT, PV_ENOENT },
		{ XEN_ESRCH, PV_ENODEV },
		{ XEN_EIO, PV_EIO },
		{ XEN_ENXIO, PV_ENODEV },
		{ XEN_E2BIG, PV_EMSGSIZE },
		{ XEN_EAGAIN, PV_EAGAIN },
		{ XEN_ENOMEM, PV_ENOMEM },
		{ XEN_EACCES, PV_EACCES },
		{ XEN_EFAULT, PV_EFAULT },
		{ XEN_EBUSY, PV_EBUSY },
		{ XEN_EEXIST, PV_EBUSY },
		{ XEN_ENODEV, PV_ENODEV },
		{ XEN_EINVAL, PV_EINVAL },
		{ XEN_ENOSPC, PV_ENOMEM },
		{ XEN_EROFS, PV_EROFS },
		{ XEN_ERANGE, PV_ERANGE },
		{ XEN_ENAMETOOLONG, PV_ENAMETOOLONG },
		{ XEN_ENOSYS, PV_ENOTSUP },
		{ XEN_EOPNOTSUPP, PV_ENOTSUP },
		{ XEN_EADDRINUSE, PV_EBUSY },
		{ XEN_ENOBUFS, PV_ENOMEM },
		{ XEN_ETIME, PV_ETIMEDOUT },
		{ XEN_ETIMEDOUT, PV_ETIMEDOUT },
	};

	if (result >= 0)
		return PV_OK;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (result == -(long)errors[i].xen)
			return errors[i].pv;
	return PV_EIO;
}

int
xen_param_get(struct xen *xen, uint32_t index, uint64_t *value)
{
	struct xen_hvm_value param = { .domid = XEN_DOMID_SELF,
		.index = index };
	int error = xen_error(xen_hypercall(xen, xen->stats, XEN_HC_HVM_OP,
	    XEN_HVM_OP_GET_PARAM, (uintptr_t)&param, 0));

	*value = error == PV_OK ? param.value : 0;
	return error;
}

int
xen_param_set(struct xen *xen, uint32_t index, uint64_t value)
{
	struct xen_hvm_value param = { .domid = XEN_DOMID_SELF,
		.index = index,
		.value = value };

	return xen_error(xen_hypercall(xen, xen->stats, XEN_HC_HVM_OP,
	    XEN_HVM_OP_SET_PARAM, (uintptr_t)&param, 0));
}

int
xen_place(struct xen *xen, unsigned space, uint64_t index, uint64_t physical)
{
	struct xen_physmap_add add = { .domid = XEN_DOMID_SELF,
		.space = space,
		.index = index,
		.frame = physical >> XEN_PAGE_SHIFT };

	return xen_error(xen_hypercall(xen, xen->stats, XEN_HC_MEMORY_OP,
	    XEN_MEM_ADD_TO_PHYSMAP, (uintptr_t)&add, 0));
}

int
xen_unplace(struct xen *xen, uint64_t physical)
{
	struct xen_physmap_remove remove = { .domid = XEN_DOMID_SELF,
		.frame = physical >> XEN_PAGE_SHIFT };

	return xen_error(xen_hypercall(xen, xen->stats, XEN_HC_MEMORY_OP,
	    XEN_MEM_REMOVE_FROM_PHYSMAP, (uintptr_t)&remove, 0));
}
