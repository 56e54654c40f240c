/* SPDX-License-Identifier: ISC */
/* Parameters of the guest, and the vectors of its upcalls. */
#include "host/xen/xen_private.h"

/* Vectors below belong to exceptions and the local APIC. */
#define VECTOR_MIN 0x10

/* What Xen 4.17 lets the guest itself set: the callback, and what firmware
 * tells of ACPI and virtual 8086 mode. */
static bool
may_set(uint32_t index)
{
	switch (index) {
	case XEN_HVM_PARAM_CALLBACK_IRQ:
	case XEN_HVM_PARAM_STORE_EVTCHN:
	case XEN_HVM_PARAM_CONSOLE_EVTCHN:
	case 15: /* VM86_TSS */
	case 19: /* ACPI_IOPORTS_LOCATION */
	case 34: /* VM_GENERATION_ID_ADDR */
	case 36: /* X87_FIP_WIDTH */
	case 37: /* VM86_TSS_SIZED */
		return true;
	default:
		return false;
	}
}

static bool
may_get(uint32_t index)
{
	switch (index) {
	case XEN_HVM_PARAM_STORE_PFN:
	case XEN_HVM_PARAM_CONSOLE_PFN:
	case 35: /* ALTP2M */
		return true;
	default:
		return may_set(index);
	}
}

static long
take_param(struct host_xen *xen, uint64_t address, struct xen_hvm_value *value)
{
	long result = xen_take(xen, address, value, sizeof(*value));

	if (result == 0 && value->index >= XEN_HVM_PARAMS)
		result = -XEN_EINVAL;
	return result != 0 ? result : xen_domain_check(xen, value->domid);
}

static long
set_param(struct host_xen *xen, uint64_t address)
{
	struct xen_hvm_value value;
	long result = take_param(xen, address, &value);

	if (result != 0)
		return result;
	if (!may_set(value.index))
		return -XEN_EPERM;
	if (value.index != XEN_HVM_PARAM_CALLBACK_IRQ) {
		xen->params[value.index] = value.value;
		return 0;
	}
	if (xen->config.no_callback_vector &&
	    value.value >> XEN_HVM_CALLBACK_TYPE_SHIFT ==
		XEN_HVM_CALLBACK_TYPE_VECTOR) {
		xen->counts.callbacks_refused++;
		return -XEN_EINVAL;
	}
	xen->params[value.index] = 0; /* a line of before goes down */
	xen_line_update(xen);
	xen->params[value.index] = value.value;
	/* what waited for a way to come */
	for (unsigned i = 0; i < xen->config.vcpus; i++)
		if (xen_vcpu_info(xen, i)->upcall_pending != 0 &&
		    xen->vcpus[i].upcall_vector == 0)
			xen_inject(xen, i);
	return 0;
}

static long
get_param(struct host_xen *xen, uint64_t address)
{
	struct xen_hvm_value value;
	long result = take_param(xen, address, &value);

	if (result != 0)
		return result;
	if (!may_get(value.index))
		return -XEN_EPERM;
	value.value = xen->params[value.index];
	return xen_give(xen, address, &value, sizeof(value));
}

static long
set_upcall_vector(struct host_xen *xen, uint64_t address)
{
	struct xen_hvm_upcall_vector set;
	long result = xen_take(xen, address, &set, sizeof(set));

	if (result != 0)
		return result;
	if (xen->config.no_upcall_vector)
		return -XEN_ENOSYS;
	if (set.vector < VECTOR_MIN)
		return -XEN_EINVAL;
	if (set.vcpu >= xen->config.vcpus)
		return -XEN_ENOENT;
	xen->vcpus[set.vcpu].upcall_vector = set.vector;
	xen_inject(xen, set.vcpu); /* Xen raises it once at once */
	return 0;
}

static long
get_time(struct host_xen *xen, uint64_t address)
{
	struct xen_hvm_now now = { xen->world.now(xen->world.ctx) };

	return xen_give(xen, address, &now, sizeof(now));
}

long
xen_hvm_op(struct host_xen *xen, const uint64_t arguments[5])
{
	switch (arguments[0]) {
	case XEN_HVM_OP_SET_PARAM:
		return set_param(xen, arguments[1]);
	case XEN_HVM_OP_GET_PARAM:
		return get_param(xen, arguments[1]);
	case XEN_HVM_OP_FLUSH_TLBS:
		return arguments[1] == 0 ? 0 : -XEN_EINVAL;
	case XEN_HVM_OP_GET_TIME:
		return get_time(xen, arguments[1]);
	case XEN_HVM_OP_SET_UPCALL_VECTOR:
		return set_upcall_vector(xen, arguments[1]);
	default:
		return -XEN_ENOSYS;
	}
}
