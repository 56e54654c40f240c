/* SPDX-License-Identifier: ISC */
/* The layouts and numbers in wire/xen against Xen's own public headers (package
 * libxen-dev), which show a 64-bit x86 build the ABI of such a guest. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* without this the headers show the oldest names and layouts */
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#include <xen/xen.h>

#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/hvm/pvdrivers.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/protocols.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

/* in its usual form it would define the names that are ours */
#define XEN_ERRNO(name, value) PUBLIC_##name = value,
enum {
#include <xen/errno.h>
};

#include "wire/xen/block.h"
#include "wire/xen/console.h"
#include "wire/xen/event.h"
#include "wire/xen/grant.h"
#include "wire/xen/hypercall.h"
#include "wire/xen/net.h"
#include "wire/xen/pvh.h"
#include "wire/xen/ring.h"
#include "wire/xen/shared.h"
#include "wire/xen/store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SAME(ours, theirs) assert_int_equal(ours, theirs)
#define SAME_SIZE(ours, theirs) assert_int_equal(sizeof(ours), sizeof(theirs))
#define SIZE_OF(type, field) sizeof(((type *)0)->field)
/* A member has one place and one size in both; ours and theirs are the types
 * that the block compares. */
#define SAME_AT(field, name)                                                   \
	do {                                                                   \
		assert_int_equal(offsetof(ours, field),                        \
		    offsetof(theirs, name));                                   \
		assert_int_equal(SIZE_OF(ours, field), SIZE_OF(theirs, name)); \
	} while (0)

static void
test_cpuid(void **state)
{
	(void)state;
	SAME(XEN_LEAF_HVM_APIC, XEN_HVM_CPUID_APIC_ACCESS_VIRT);
	SAME(XEN_LEAF_HVM_X2APIC, XEN_HVM_CPUID_X2APIC_VIRT);
	SAME(XEN_LEAF_HVM_IOMMU, XEN_HVM_CPUID_IOMMU_MAPPINGS);
	SAME(XEN_LEAF_HVM_VCPU_ID, XEN_HVM_CPUID_VCPU_ID_PRESENT);
	SAME(XEN_LEAF_HVM_DOMID, XEN_HVM_CPUID_DOMID_PRESENT);
	SAME(XEN_LEAF_HVM_EXT_DEST_ID, XEN_HVM_CPUID_EXT_DEST_ID);
	SAME(XEN_LEAF_HVM_UPCALL_VECTOR, XEN_HVM_CPUID_UPCALL_VECTOR);
	assert_true(XEN_LEAF_HVM < XEN_CPUID_MAX_NUM_LEAVES);
}

static void
test_hypercalls(void **state)
{
	(void)state;
	SAME(XEN_HC_MEMORY_OP, __HYPERVISOR_memory_op);
	SAME(XEN_HC_MULTICALL, __HYPERVISOR_multicall);
	SAME(XEN_HC_XEN_VERSION, __HYPERVISOR_xen_version);
	SAME(XEN_HC_CONSOLE_IO, __HYPERVISOR_console_io);
	SAME(XEN_HC_GRANT_TABLE_OP, __HYPERVISOR_grant_table_op);
	SAME(XEN_HC_VCPU_OP, __HYPERVISOR_vcpu_op);
	SAME(XEN_HC_SCHED_OP, __HYPERVISOR_sched_op);
	SAME(XEN_HC_EVENT_CHANNEL_OP, __HYPERVISOR_event_channel_op);
	SAME(XEN_HC_PHYSDEV_OP, __HYPERVISOR_physdev_op);
	SAME(XEN_HC_HVM_OP, __HYPERVISOR_hvm_op);
	SAME(XEN_CONSOLE_IO_WRITE, CONSOLEIO_write);
	SAME(XEN_CONSOLE_IO_READ, CONSOLEIO_read);
	SAME(XEN_DOMID_FIRST_RESERVED, DOMID_FIRST_RESERVED);
	SAME(XEN_DOMID_SELF, DOMID_SELF);
	SAME(XEN_DOMID_INVALID, DOMID_INVALID);
	{
		typedef struct xen_multicall_entry ours;
		typedef multicall_entry_t theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(op, op);
		SAME_AT(result, result);
		SAME_AT(args, args);
	}
}

static void
test_errors(void **state)
{
	(void)state;
	SAME(XEN_EPERM, PUBLIC_EPERM);
	SAME(XEN_ENOENT, PUBLIC_ENOENT);
	SAME(XEN_ESRCH, PUBLIC_ESRCH);
	SAME(XEN_EIO, PUBLIC_EIO);
	SAME(XEN_ENXIO, PUBLIC_ENXIO);
	SAME(XEN_E2BIG, PUBLIC_E2BIG);
	SAME(XEN_EBADF, PUBLIC_EBADF);
	SAME(XEN_EAGAIN, PUBLIC_EAGAIN);
	SAME(XEN_ENOMEM, PUBLIC_ENOMEM);
	SAME(XEN_EACCES, PUBLIC_EACCES);
	SAME(XEN_EFAULT, PUBLIC_EFAULT);
	SAME(XEN_EBUSY, PUBLIC_EBUSY);
	SAME(XEN_EEXIST, PUBLIC_EEXIST);
	SAME(XEN_EXDEV, PUBLIC_EXDEV);
	SAME(XEN_ENODEV, PUBLIC_ENODEV);
	SAME(XEN_ENOTDIR, PUBLIC_ENOTDIR);
	SAME(XEN_EISDIR, PUBLIC_EISDIR);
	SAME(XEN_EINVAL, PUBLIC_EINVAL);
	SAME(XEN_ENOSPC, PUBLIC_ENOSPC);
	SAME(XEN_EROFS, PUBLIC_EROFS);
	SAME(XEN_ERANGE, PUBLIC_ERANGE);
	SAME(XEN_ENAMETOOLONG, PUBLIC_ENAMETOOLONG);
	SAME(XEN_ENOSYS, PUBLIC_ENOSYS);
	SAME(XEN_ENOTEMPTY, PUBLIC_ENOTEMPTY);
	SAME(XEN_ENODATA, PUBLIC_ENODATA);
	SAME(XEN_ETIME, PUBLIC_ETIME);
	SAME(XEN_EOVERFLOW, PUBLIC_EOVERFLOW);
	SAME(XEN_EOPNOTSUPP, PUBLIC_EOPNOTSUPP);
	SAME(XEN_EADDRINUSE, PUBLIC_EADDRINUSE);
	SAME(XEN_ENOBUFS, PUBLIC_ENOBUFS);
	SAME(XEN_EISCONN, PUBLIC_EISCONN);
	SAME(XEN_ENOTCONN, PUBLIC_ENOTCONN);
	SAME(XEN_ETIMEDOUT, PUBLIC_ETIMEDOUT);
	SAME(XEN_ECONNREFUSED, PUBLIC_ECONNREFUSED);
}

static void
test_version(void **state)
{
	(void)state;
	SAME(XEN_VERSION_NUMBER, XENVER_version);
	SAME(XEN_VERSION_EXTRA, XENVER_extraversion);
	SAME(XEN_VERSION_EXTRA_SIZE, XEN_EXTRAVERSION_LEN);
	SAME(XEN_VERSION_CAPABILITIES, XENVER_capabilities);
	SAME(XEN_VERSION_CAPABILITIES_SIZE, XEN_CAPABILITIES_INFO_LEN);
	SAME(XEN_VERSION_CHANGESET, XENVER_changeset);
	SAME(XEN_VERSION_CHANGESET_SIZE, XEN_CHANGESET_INFO_LEN);
	SAME(XEN_VERSION_FEATURES, XENVER_get_features);
	SAME(XEN_VERSION_PAGE_SIZE, XENVER_pagesize);
	SAME(XEN_VERSION_GUEST_HANDLE, XENVER_guest_handle);
	{
		typedef struct xen_feature_map ours;
		typedef xen_feature_info_t theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(index, submap_idx);
		SAME_AT(bits, submap);
	}
}

static void
test_features(void **state)
{
	(void)state;
	SAME(XEN_FEAT_WRITABLE_PAGE_TABLES, XENFEAT_writable_page_tables);
	SAME(XEN_FEAT_WRITABLE_DESCRIPTOR_TABLES,
	    XENFEAT_writable_descriptor_tables);
	SAME(XEN_FEAT_AUTO_TRANSLATED_PHYSMAP, XENFEAT_auto_translated_physmap);
	SAME(XEN_FEAT_SUPERVISOR_MODE_KERNEL, XENFEAT_supervisor_mode_kernel);
	SAME(XEN_FEAT_PAE_PGDIR_ABOVE_4GB, XENFEAT_pae_pgdir_above_4gb);
	SAME(XEN_FEAT_MMU_PRESERVE_AD, XENFEAT_mmu_pt_update_preserve_ad);
	SAME(XEN_FEAT_HIGHMEM_ASSIST, XENFEAT_highmem_assist);
	SAME(XEN_FEAT_GNTTAB_MAP_AVAIL_BITS, XENFEAT_gnttab_map_avail_bits);
	SAME(XEN_FEAT_HVM_CALLBACK_VECTOR, XENFEAT_hvm_callback_vector);
	SAME(XEN_FEAT_HVM_SAFE_PVCLOCK, XENFEAT_hvm_safe_pvclock);
	SAME(XEN_FEAT_HVM_PIRQS, XENFEAT_hvm_pirqs);
	SAME(XEN_FEAT_DOM0, XENFEAT_dom0);
	SAME(XEN_FEAT_MEMORY_OP_VNODE, XENFEAT_memory_op_vnode_supported);
	SAME(XEN_FEAT_NOT_DIRECT_MAPPED, XENFEAT_not_direct_mapped);
}

static void
test_memory(void **state)
{
	(void)state;
	SAME(XEN_MEM_ADD_TO_PHYSMAP, XENMEM_add_to_physmap);
	SAME(XEN_MEM_REMOVE_FROM_PHYSMAP, XENMEM_remove_from_physmap);
	SAME(XEN_MAPSPACE_SHARED_INFO, XENMAPSPACE_shared_info);
	SAME(XEN_MAPSPACE_GRANT_TABLE, XENMAPSPACE_grant_table);
	SAME(XEN_MAPIDX_GRANT_STATUS, XENMAPIDX_grant_table_status);
	{
		typedef struct xen_physmap_add ours;
		typedef struct xen_add_to_physmap theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, domid);
		SAME_AT(size, size);
		SAME_AT(space, space);
		SAME_AT(index, idx);
		SAME_AT(frame, gpfn);
	}
	{
		typedef struct xen_physmap_remove ours;
		typedef struct xen_remove_from_physmap theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, domid);
		SAME_AT(frame, gpfn);
	}
}

static void
test_vcpu(void **state)
{
	(void)state;
	SAME(XEN_VCPU_IS_UP, VCPUOP_is_up);
	SAME(XEN_VCPU_SET_SINGLESHOT_TIMER, VCPUOP_set_singleshot_timer);
	SAME(XEN_VCPU_STOP_SINGLESHOT_TIMER, VCPUOP_stop_singleshot_timer);
	SAME(XEN_VCPU_REGISTER_INFO, VCPUOP_register_vcpu_info);
	SAME(XEN_VCPU_REGISTER_TIME_AREA,
	    VCPUOP_register_vcpu_time_memory_area);
	SAME(XEN_VCPU_TIMER_FUTURE, VCPU_SSHOTTMR_future);
	{
		typedef struct xen_vcpu_timer ours;
		typedef struct vcpu_set_singleshot_timer theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(deadline, timeout_abs_ns);
		SAME_AT(flags, flags);
	}
	{
		typedef struct xen_vcpu_register_info ours;
		typedef struct vcpu_register_vcpu_info theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(frame, mfn);
		SAME_AT(offset, offset);
	}
	SAME_SIZE(struct xen_vcpu_register_time,
	    struct vcpu_register_time_memory_area);
}

static void
test_sched(void **state)
{
	(void)state;
	SAME(XEN_SCHED_YIELD, SCHEDOP_yield);
	SAME(XEN_SCHED_BLOCK, SCHEDOP_block);
	SAME(XEN_SCHED_SHUTDOWN, SCHEDOP_shutdown);
	SAME(XEN_SCHED_POLL, SCHEDOP_poll);
	SAME(XEN_SHUTDOWN_POWEROFF, SHUTDOWN_poweroff);
	SAME(XEN_SHUTDOWN_REBOOT, SHUTDOWN_reboot);
	SAME(XEN_SHUTDOWN_SUSPEND, SHUTDOWN_suspend);
	SAME(XEN_SHUTDOWN_CRASH, SHUTDOWN_crash);
	SAME(XEN_SHUTDOWN_WATCHDOG, SHUTDOWN_watchdog);
	SAME(XEN_SHUTDOWN_SOFT_RESET, SHUTDOWN_soft_reset);
	SAME_SIZE(struct xen_sched_shutdown, struct sched_shutdown);
	{
		typedef struct xen_sched_poll ours;
		typedef struct sched_poll theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(ports, ports);
		SAME_AT(count, nr_ports);
		SAME_AT(deadline, timeout);
	}
}

static void
test_hvm(void **state)
{
	(void)state;
	SAME(XEN_HVM_OP_SET_PARAM, HVMOP_set_param);
	SAME(XEN_HVM_OP_GET_PARAM, HVMOP_get_param);
	SAME(XEN_HVM_OP_FLUSH_TLBS, HVMOP_flush_tlbs);
	SAME(XEN_HVM_OP_PAGETABLE_DYING, HVMOP_pagetable_dying);
	SAME(XEN_HVM_OP_GET_TIME, HVMOP_get_time);
	SAME(XEN_HVM_OP_SET_UPCALL_VECTOR, HVMOP_set_evtchn_upcall_vector);
	{
		typedef struct xen_hvm_value ours;
		typedef struct xen_hvm_param theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, domid);
		SAME_AT(index, index);
		SAME_AT(value, value);
	}
	{
		typedef struct xen_hvm_dying ours;
		typedef struct xen_hvm_pagetable_dying theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, domid);
		SAME_AT(address, gpa);
	}
	SAME_SIZE(struct xen_hvm_now, struct xen_hvm_get_time);
	{
		typedef struct xen_hvm_upcall_vector ours;
		typedef struct xen_hvm_evtchn_upcall_vector theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(vcpu, vcpu);
		SAME_AT(vector, vector);
	}
}

static void
test_hvm_params(void **state)
{
	(void)state;
	SAME(XEN_HVM_PARAM_CALLBACK_IRQ, HVM_PARAM_CALLBACK_IRQ);
	SAME(XEN_HVM_PARAM_STORE_PFN, HVM_PARAM_STORE_PFN);
	SAME(XEN_HVM_PARAM_STORE_EVTCHN, HVM_PARAM_STORE_EVTCHN);
	SAME(XEN_HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_PFN);
	SAME(XEN_HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_EVTCHN);
	assert_true(XEN_HVM_PARAMS <= HVM_NR_PARAMS);
	SAME((uint64_t)0xff << XEN_HVM_CALLBACK_TYPE_SHIFT,
	    HVM_PARAM_CALLBACK_IRQ_TYPE_MASK);
	SAME(XEN_HVM_CALLBACK_TYPE_GSI, HVM_PARAM_CALLBACK_TYPE_GSI);
	SAME(XEN_HVM_CALLBACK_TYPE_INTX, HVM_PARAM_CALLBACK_TYPE_PCI_INTX);
	SAME(XEN_HVM_CALLBACK_TYPE_VECTOR, HVM_PARAM_CALLBACK_TYPE_VECTOR);
	/* these three only a comment of theirs describes */
	SAME(XEN_HVM_CALLBACK_GSI(9), 9);
	SAME(XEN_HVM_CALLBACK_INTX(0x1234, 0x56, 0x78, 3), 0x0100123400567803);
	SAME(XEN_HVM_CALLBACK_VECTOR(0xf3), 0x02000000000000f3);
}

static void
test_products(void **state)
{
	static const struct {
		const char *name;
		int number;
	} products[] = {
#define PRODUCT(name, number) { name, number },
		PVDRIVERS_PRODUCT_LIST(PRODUCT)
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(products); i++)
		if (strcmp(products[i].name, "experimental") == 0)
			break;
	assert_true(i < COUNT(products));
	SAME(XEN_UNPLUG_PRODUCT_EXPERIMENTAL, products[i].number);
}

static void
test_vcpu_info(void **state)
{
	(void)state;
	SAME(XEN_TIME_TSC_STABLE, XEN_PVCLOCK_TSC_STABLE_BIT);
	SAME(XEN_TIME_GUEST_STOPPED, XEN_PVCLOCK_GUEST_STOPPED);
	{
		typedef struct xen_vcpu_time ours;
		typedef struct vcpu_time_info theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(version, version);
		SAME_AT(tsc, tsc_timestamp);
		SAME_AT(system_time, system_time);
		SAME_AT(mul, tsc_to_system_mul);
		SAME_AT(shift, tsc_shift);
		SAME_AT(flags, flags);
	}
	{
		typedef struct xen_vcpu_info ours;
		typedef struct vcpu_info theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(upcall_pending, evtchn_upcall_pending);
		SAME_AT(upcall_mask, evtchn_upcall_mask);
		SAME_AT(pending_sel, evtchn_pending_sel);
		SAME_AT(cr2, arch.cr2);
		SAME_AT(arch_pad, arch.pad);
		SAME_AT(time, time);
	}
}

static void
test_shared_info(void **state)
{
	(void)state;
	SAME(XEN_LEGACY_VCPUS, XEN_LEGACY_MAX_VCPUS);
	SAME(XEN_EVENT_2L_PORTS, EVTCHN_2L_NR_CHANNELS);
	{
		typedef struct xen_shared_info ours;
		typedef struct shared_info theirs;

		SAME_AT(vcpu, vcpu_info);
		SAME_AT(pending, evtchn_pending);
		SAME_AT(mask, evtchn_mask);
		SAME_AT(wc_version, wc_version);
		SAME_AT(wc_sec, wc_sec);
		SAME_AT(wc_nsec, wc_nsec);
		SAME_AT(wc_sec_hi, wc_sec_hi);
		SAME_AT(max_pfn, arch.max_pfn);
		SAME_AT(p2m_list_list, arch.pfn_to_mfn_frame_list_list);
		SAME_AT(nmi_reason, arch.nmi_reason);
		SAME_AT(p2m_cr3, arch.p2m_cr3);
		SAME_AT(p2m_vaddr, arch.p2m_vaddr);
		SAME_AT(p2m_generation, arch.p2m_generation);
		SAME(offsetof(ours, unused), sizeof(theirs));
	}
}

static void
test_event_numbers(void **state)
{
	(void)state;
	SAME(XEN_EVTCHN_BIND_INTERDOMAIN, EVTCHNOP_bind_interdomain);
	SAME(XEN_EVTCHN_BIND_VIRQ, EVTCHNOP_bind_virq);
	SAME(XEN_EVTCHN_BIND_PIRQ, EVTCHNOP_bind_pirq);
	SAME(XEN_EVTCHN_CLOSE, EVTCHNOP_close);
	SAME(XEN_EVTCHN_SEND, EVTCHNOP_send);
	SAME(XEN_EVTCHN_STATUS, EVTCHNOP_status);
	SAME(XEN_EVTCHN_ALLOC_UNBOUND, EVTCHNOP_alloc_unbound);
	SAME(XEN_EVTCHN_BIND_IPI, EVTCHNOP_bind_ipi);
	SAME(XEN_EVTCHN_BIND_VCPU, EVTCHNOP_bind_vcpu);
	SAME(XEN_EVTCHN_UNMASK, EVTCHNOP_unmask);
	SAME(XEN_EVTCHN_RESET, EVTCHNOP_reset);
	SAME(XEN_EVTCHN_INIT_CONTROL, EVTCHNOP_init_control);
	SAME(XEN_EVTCHN_EXPAND_ARRAY, EVTCHNOP_expand_array);
	SAME(XEN_EVTCHN_SET_PRIORITY, EVTCHNOP_set_priority);
	SAME(XEN_VIRQ_TIMER, VIRQ_TIMER);
	SAME(XEN_VIRQ_DEBUG, VIRQ_DEBUG);
	SAME(XEN_VIRQS, NR_VIRQS);
	SAME(XEN_EVTCHN_IS_CLOSED, EVTCHNSTAT_closed);
	SAME(XEN_EVTCHN_IS_UNBOUND, EVTCHNSTAT_unbound);
	SAME(XEN_EVTCHN_IS_INTERDOMAIN, EVTCHNSTAT_interdomain);
	SAME(XEN_EVTCHN_IS_PIRQ, EVTCHNSTAT_pirq);
	SAME(XEN_EVTCHN_IS_VIRQ, EVTCHNSTAT_virq);
	SAME(XEN_EVTCHN_IS_IPI, EVTCHNSTAT_ipi);
}

static void
test_event_binding(void **state)
{
	(void)state;
	{
		typedef struct xen_evtchn_alloc_unbound ours;
		typedef struct evtchn_alloc_unbound theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, dom);
		SAME_AT(remote_domid, remote_dom);
		SAME_AT(port, port);
	}
	{
		typedef struct xen_evtchn_bind_interdomain ours;
		typedef struct evtchn_bind_interdomain theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(remote_domid, remote_dom);
		SAME_AT(remote_port, remote_port);
		SAME_AT(port, local_port);
	}
	{
		typedef struct xen_evtchn_bind_virq ours;
		typedef struct evtchn_bind_virq theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(virq, virq);
		SAME_AT(vcpu, vcpu);
		SAME_AT(port, port);
	}
	{
		typedef struct xen_evtchn_bind_ipi ours;
		typedef struct evtchn_bind_ipi theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(vcpu, vcpu);
		SAME_AT(port, port);
	}
	{
		typedef struct xen_evtchn_bind_vcpu ours;
		typedef struct evtchn_bind_vcpu theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(port, port);
		SAME_AT(vcpu, vcpu);
	}
}

static void
test_event_use(void **state)
{
	(void)state;
	SAME_SIZE(struct xen_evtchn_close, struct evtchn_close);
	SAME_SIZE(struct xen_evtchn_send, struct evtchn_send);
	SAME_SIZE(struct xen_evtchn_unmask, struct evtchn_unmask);
	SAME_SIZE(struct xen_evtchn_reset, struct evtchn_reset);
	{
		typedef struct xen_evtchn_status ours;
		typedef struct evtchn_status theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, dom);
		SAME_AT(port, port);
		SAME_AT(status, status);
		SAME_AT(vcpu, vcpu);
		SAME_AT(u.unbound.domid, u.unbound.dom);
		SAME_AT(u.interdomain.domid, u.interdomain.dom);
		SAME_AT(u.interdomain.port, u.interdomain.port);
		SAME_AT(u.pirq, u.pirq);
		SAME_AT(u.virq, u.virq);
	}
}

static void
test_event_fifo(void **state)
{
	(void)state;
	SAME(XEN_FIFO_PENDING, EVTCHN_FIFO_PENDING);
	SAME(XEN_FIFO_MASKED, EVTCHN_FIFO_MASKED);
	SAME(XEN_FIFO_LINKED, EVTCHN_FIFO_LINKED);
	SAME(XEN_FIFO_BUSY, EVTCHN_FIFO_BUSY);
	SAME(XEN_FIFO_LINK_BITS, EVTCHN_FIFO_LINK_BITS);
	SAME(XEN_FIFO_LINK_MASK, EVTCHN_FIFO_LINK_MASK);
	SAME(XEN_FIFO_PORTS, EVTCHN_FIFO_NR_CHANNELS);
	SAME(XEN_FIFO_WORDS_PER_PAGE, XEN_PAGE_SIZE / sizeof(event_word_t));
	SAME(XEN_FIFO_PRIORITY_HIGHEST, EVTCHN_FIFO_PRIORITY_MAX);
	SAME(XEN_FIFO_PRIORITY_DEFAULT, EVTCHN_FIFO_PRIORITY_DEFAULT);
	SAME(XEN_FIFO_PRIORITY_LOWEST, EVTCHN_FIFO_PRIORITY_MIN);
	SAME(XEN_FIFO_QUEUES, EVTCHN_FIFO_MAX_QUEUES);
	{
		typedef struct xen_fifo_control ours;
		typedef struct evtchn_fifo_control_block theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(ready, ready);
		SAME_AT(head, head);
	}
	{
		typedef struct xen_evtchn_init_control ours;
		typedef struct evtchn_init_control theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(frame, control_gfn);
		SAME_AT(offset, offset);
		SAME_AT(vcpu, vcpu);
		SAME_AT(link_bits, link_bits);
	}
	SAME_SIZE(struct xen_evtchn_expand_array, struct evtchn_expand_array);
	{
		typedef struct xen_evtchn_set_priority ours;
		typedef struct evtchn_set_priority theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(port, port);
		SAME_AT(priority, priority);
	}
}

static void
test_grant_entries(void **state)
{
	(void)state;
	SAME(XEN_GNT_RESERVED, GNTTAB_NR_RESERVED_ENTRIES);
	SAME(XEN_GNT_RESERVED_CONSOLE, GNTTAB_RESERVED_CONSOLE);
	SAME(XEN_GNT_RESERVED_STORE, GNTTAB_RESERVED_XENSTORE);
	SAME(XEN_GTF_INVALID, GTF_invalid);
	SAME(XEN_GTF_PERMIT_ACCESS, GTF_permit_access);
	SAME(XEN_GTF_ACCEPT_TRANSFER, GTF_accept_transfer);
	SAME(XEN_GTF_TRANSITIVE, GTF_transitive);
	SAME(XEN_GTF_TYPE_MASK, GTF_type_mask);
	SAME(XEN_GTF_READONLY, GTF_readonly);
	SAME(XEN_GTF_READING, GTF_reading);
	SAME(XEN_GTF_WRITING, GTF_writing);
	SAME(XEN_GTF_SUB_PAGE, GTF_sub_page);
	SAME(XEN_GTF_TRANSFER_COMMITTED, GTF_transfer_committed);
	SAME(XEN_GTF_TRANSFER_COMPLETED, GTF_transfer_completed);
	{
		typedef struct xen_grant_v1 ours;
		typedef struct grant_entry_v1 theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(flags, flags);
		SAME_AT(domid, domid);
		SAME_AT(frame, frame);
	}
	{
		typedef union xen_grant_v2 ours;
		typedef union grant_entry_v2 theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(header.flags, hdr.flags);
		SAME_AT(header.domid, hdr.domid);
		SAME_AT(full_page.flags, full_page.hdr.flags);
		SAME_AT(full_page.domid, full_page.hdr.domid);
		SAME_AT(full_page.frame, full_page.frame);
		SAME_AT(sub_page.flags, sub_page.hdr.flags);
		SAME_AT(sub_page.domid, sub_page.hdr.domid);
		SAME_AT(sub_page.offset, sub_page.page_off);
		SAME_AT(sub_page.length, sub_page.length);
		SAME_AT(sub_page.frame, sub_page.frame);
		SAME_AT(transitive.flags, transitive.hdr.flags);
		SAME_AT(transitive.domid, transitive.hdr.domid);
		SAME_AT(transitive.grantor, transitive.trans_domid);
		SAME_AT(transitive.ref, transitive.gref);
	}
	SAME_SIZE(xen_grant_status, grant_status_t);
}

static void
test_grant_numbers(void **state)
{
	(void)state;
	SAME(XEN_GNTOP_MAP, GNTTABOP_map_grant_ref);
	SAME(XEN_GNTOP_UNMAP, GNTTABOP_unmap_grant_ref);
	SAME(XEN_GNTOP_SETUP_TABLE, GNTTABOP_setup_table);
	SAME(XEN_GNTOP_TRANSFER, GNTTABOP_transfer);
	SAME(XEN_GNTOP_COPY, GNTTABOP_copy);
	SAME(XEN_GNTOP_QUERY_SIZE, GNTTABOP_query_size);
	SAME(XEN_GNTOP_SET_VERSION, GNTTABOP_set_version);
	SAME(XEN_GNTOP_GET_STATUS_FRAMES, GNTTABOP_get_status_frames);
	SAME(XEN_GNTOP_GET_VERSION, GNTTABOP_get_version);
	SAME(XEN_GNTST_OKAY, GNTST_okay);
	SAME(XEN_GNTST_GENERAL_ERROR, GNTST_general_error);
	SAME(XEN_GNTST_BAD_DOMAIN, GNTST_bad_domain);
	SAME(XEN_GNTST_BAD_REF, GNTST_bad_gntref);
	SAME(XEN_GNTST_BAD_HANDLE, GNTST_bad_handle);
	SAME(XEN_GNTST_BAD_VIRT_ADDR, GNTST_bad_virt_addr);
	SAME(XEN_GNTST_BAD_DEV_ADDR, GNTST_bad_dev_addr);
	SAME(XEN_GNTST_NO_DEVICE_SPACE, GNTST_no_device_space);
	SAME(XEN_GNTST_PERMISSION_DENIED, GNTST_permission_denied);
	SAME(XEN_GNTST_BAD_PAGE, GNTST_bad_page);
	SAME(XEN_GNTST_BAD_COPY_ARG, GNTST_bad_copy_arg);
	SAME(XEN_GNTST_ADDRESS_TOO_BIG, GNTST_address_too_big);
	SAME(XEN_GNTST_EAGAIN, GNTST_eagain);
	SAME(XEN_GNTST_NO_SPACE, GNTST_no_space);
	SAME(XEN_GNTMAP_DEVICE, GNTMAP_device_map);
	SAME(XEN_GNTMAP_HOST, GNTMAP_host_map);
	SAME(XEN_GNTMAP_READONLY, GNTMAP_readonly);
	SAME(XEN_GNTCOPY_SOURCE_REF, GNTCOPY_source_gref);
	SAME(XEN_GNTCOPY_DEST_REF, GNTCOPY_dest_gref);
}

static void
test_grant_table(void **state)
{
	(void)state;
	{
		typedef struct xen_gnt_setup_table ours;
		typedef struct gnttab_setup_table theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, dom);
		SAME_AT(nr_frames, nr_frames);
		SAME_AT(status, status);
		SAME_AT(frames, frame_list);
	}
	{
		typedef struct xen_gnt_query_size ours;
		typedef struct gnttab_query_size theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, dom);
		SAME_AT(nr_frames, nr_frames);
		SAME_AT(max_nr_frames, max_nr_frames);
		SAME_AT(status, status);
	}
	SAME_SIZE(struct xen_gnt_set_version, struct gnttab_set_version);
	{
		typedef struct xen_gnt_get_version ours;
		typedef struct gnttab_get_version theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(domid, dom);
		SAME_AT(version, version);
	}
	{
		typedef struct xen_gnt_get_status_frames ours;
		typedef struct gnttab_get_status_frames theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(nr_frames, nr_frames);
		SAME_AT(domid, dom);
		SAME_AT(status, status);
		SAME_AT(frames, frame_list);
	}
}

static void
test_grant_use(void **state)
{
	(void)state;
	{
		typedef struct xen_gnt_map ours;
		typedef struct gnttab_map_grant_ref theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(host_addr, host_addr);
		SAME_AT(flags, flags);
		SAME_AT(ref, ref);
		SAME_AT(domid, dom);
		SAME_AT(status, status);
		SAME_AT(handle, handle);
		SAME_AT(dev_addr, dev_bus_addr);
	}
	{
		typedef struct xen_gnt_unmap ours;
		typedef struct gnttab_unmap_grant_ref theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(host_addr, host_addr);
		SAME_AT(dev_addr, dev_bus_addr);
		SAME_AT(handle, handle);
		SAME_AT(status, status);
	}
	{
		typedef struct xen_gnt_copy ours;
		typedef struct gnttab_copy theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(source.u.ref, source.u.ref);
		SAME_AT(source.u.frame, source.u.gmfn);
		SAME_AT(source.domid, source.domid);
		SAME_AT(source.offset, source.offset);
		SAME_AT(dest, dest);
		SAME_AT(length, len);
		SAME_AT(flags, flags);
		SAME_AT(status, status);
	}
}

static void
test_ring(void **state)
{
	(void)state;
	{
		typedef struct xen_ring ours;
		typedef struct blkif_sring theirs;

		SAME_AT(req_prod, req_prod);
		SAME_AT(req_event, req_event);
		SAME_AT(rsp_prod, rsp_prod);
		SAME_AT(rsp_event, rsp_event);
		SAME(sizeof(ours), offsetof(theirs, ring));
	}
}

#define SAME_RING(pages, size, tag)                        \
	do {                                               \
		SAME(XEN_RING_ENTRIES(pages, size),        \
		    __CONST_RING_SIZE(tag, (pages)*4096)); \
		SAME(xen_ring_entries(pages, size),        \
		    __CONST_RING_SIZE(tag, (pages)*4096)); \
	} while (0)

static void
test_ring_entries(void **state)
{
	uint32_t pages, size;

	(void)state;
	SAME(XEN_BLK_ENTRIES_PER_PAGE, __CONST_RING_SIZE(blkif, 4096));
	SAME(XEN_NET_TX_ENTRIES, __CONST_RING_SIZE(netif_tx, 4096));
	SAME(XEN_NET_RX_ENTRIES, __CONST_RING_SIZE(netif_rx, 4096));
	for (pages = 1; pages <= 16; pages++) {
		SAME_RING(pages, sizeof(union xen_blk_entry), blkif);
		SAME_RING(pages, sizeof(union xen_net_tx_entry), netif_tx);
		SAME_RING(pages, sizeof(union xen_net_rx_entry), netif_rx);
		SAME_RING(pages, sizeof(struct xen_net_ctrl_request),
		    xen_netif_ctrl);
		for (size = 1; size <= 8192; size++)
			SAME(xen_ring_entries(pages, size),
			    XEN_RING_ENTRIES(pages, size));
	}
	SAME(xen_ring_entries(1, 4032), 1);
	SAME(xen_ring_entries(1, 4033), 0);
	SAME(xen_ring_entries(0, 8), 0);
	SAME(xen_ring_entries(1, 0), 0);
	SAME(xen_ring_entries(1u << 20, 8), 0); /* 2^32 bytes and more */
}

/* What each side does after it has moved its producer. */
static void
test_ring_passes(void **state)
{
	static const uint32_t starts[] = { 0, 100, 0x7ffffffe, 0xfffffffe };
	blkif_sring_t shared;
	blkif_front_ring_t front;
	uint32_t moved, event;
	size_t i;
	int notify;

	(void)state;
	for (i = 0; i < COUNT(starts); i++)
		for (moved = 0; moved < 6; moved++)
			for (event = 0; event < 9; event++) {
				memset(&shared, 0, sizeof(shared));
				memset(&front, 0, sizeof(front));
				front.sring = &shared;
				shared.req_prod = starts[i];
				shared.req_event = starts[i] - 2 + event;
				front.req_prod_pvt = starts[i] + moved;
#define xen_wmb() (void)0
#define xen_mb() (void)0
				RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front,
				    notify);
				SAME(xen_ring_passes(starts[i],
					 starts[i] + moved, shared.req_event),
				    notify);
			}
}

static void
test_store_types(void **state)
{
	(void)state;
	SAME(XEN_STORE_CONTROL, XS_CONTROL);
	SAME(XEN_STORE_DIRECTORY, XS_DIRECTORY);
	SAME(XEN_STORE_READ, XS_READ);
	SAME(XEN_STORE_GET_PERMS, XS_GET_PERMS);
	SAME(XEN_STORE_WATCH, XS_WATCH);
	SAME(XEN_STORE_UNWATCH, XS_UNWATCH);
	SAME(XEN_STORE_TRANSACTION_START, XS_TRANSACTION_START);
	SAME(XEN_STORE_TRANSACTION_END, XS_TRANSACTION_END);
	SAME(XEN_STORE_INTRODUCE, XS_INTRODUCE);
	SAME(XEN_STORE_RELEASE, XS_RELEASE);
	SAME(XEN_STORE_GET_DOMAIN_PATH, XS_GET_DOMAIN_PATH);
	SAME(XEN_STORE_WRITE, XS_WRITE);
	SAME(XEN_STORE_MKDIR, XS_MKDIR);
	SAME(XEN_STORE_RM, XS_RM);
	SAME(XEN_STORE_SET_PERMS, XS_SET_PERMS);
	SAME(XEN_STORE_WATCH_EVENT, XS_WATCH_EVENT);
	SAME(XEN_STORE_ERROR, XS_ERROR);
	SAME(XEN_STORE_IS_DOMAIN_INTRODUCED, XS_IS_DOMAIN_INTRODUCED);
	SAME(XEN_STORE_RESUME, XS_RESUME);
	SAME(XEN_STORE_SET_TARGET, XS_SET_TARGET);
	SAME(XEN_STORE_RESET_WATCHES, XS_RESET_WATCHES);
	SAME(XEN_STORE_DIRECTORY_PART, XS_DIRECTORY_PART);
	assert_true(XEN_STORE_TYPES <= XS_TYPE_COUNT);
	SAME(XEN_STORE_TYPE_INVALID, XS_INVALID);
}

static void
test_store_message(void **state)
{
	(void)state;
	{
		typedef struct xen_store_header ours;
		typedef struct xsd_sockmsg theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(type, type);
		SAME_AT(req_id, req_id);
		SAME_AT(tx_id, tx_id);
		SAME_AT(length, len);
	}
	SAME(XEN_STORE_PAYLOAD_MAX, XENSTORE_PAYLOAD_MAX);
	SAME(XEN_STORE_ABS_PATH_MAX, XENSTORE_ABS_PATH_MAX);
	SAME(XEN_STORE_REL_PATH_MAX, XENSTORE_REL_PATH_MAX);
}

static void
test_store_errors(void **state)
{
	static const struct {
		const char *name;
		int number;
	} ours[] = {
#define ERROR(name, number) { name, number },
		XEN_STORE_ERRORS(ERROR)
	};
	size_t i;

	(void)state;
	assert_true(COUNT(ours) <= COUNT(xsd_errors));
	for (i = 0; i < COUNT(ours); i++) {
		assert_string_equal(ours[i].name, xsd_errors[i].errstring);
		/* theirs is Linux's here, which has the same numbers */
		SAME(ours[i].number, xsd_errors[i].errnum);
	}
}

static void
test_store_page(void **state)
{
	(void)state;
	SAME(XEN_STORE_RING_SIZE, XENSTORE_RING_SIZE);
	SAME(2000 & XEN_STORE_RING_MASK, MASK_XENSTORE_IDX(2000));
	{
		typedef struct xen_store_page ours;
		typedef struct xenstore_domain_interface theirs;

		SAME_AT(req, req);
		SAME_AT(rsp, rsp);
		SAME_AT(req_cons, req_cons);
		SAME_AT(req_prod, req_prod);
		SAME_AT(rsp_cons, rsp_cons);
		SAME_AT(rsp_prod, rsp_prod);
		SAME_AT(features, server_features);
		SAME_AT(connection, connection);
		SAME_AT(error, error);
		assert_true(offsetof(ours, unused) <= sizeof(theirs));
	}
	SAME(XEN_STORE_FEATURE_RECONNECTION,
	    XENSTORE_SERVER_FEATURE_RECONNECTION);
	SAME(XEN_STORE_FEATURE_ERROR, XENSTORE_SERVER_FEATURE_ERROR);
	SAME(XEN_STORE_CONNECTION_UP, XENSTORE_CONNECTED);
	SAME(XEN_STORE_CONNECTION_RECONNECT, XENSTORE_RECONNECT);
	SAME(XEN_STORE_ERROR_NONE, XENSTORE_ERROR_NONE);
	SAME(XEN_STORE_ERROR_COMM, XENSTORE_ERROR_COMM);
	SAME(XEN_STORE_ERROR_RINGIDX, XENSTORE_ERROR_RINGIDX);
	SAME(XEN_STORE_ERROR_PROTO, XENSTORE_ERROR_PROTO);
}

static void
test_bus_states(void **state)
{
	(void)state;
	SAME(XEN_BUS_UNKNOWN, XenbusStateUnknown);
	SAME(XEN_BUS_INITIALISING, XenbusStateInitialising);
	SAME(XEN_BUS_INIT_WAIT, XenbusStateInitWait);
	SAME(XEN_BUS_INITIALISED, XenbusStateInitialised);
	SAME(XEN_BUS_CONNECTED, XenbusStateConnected);
	SAME(XEN_BUS_CLOSING, XenbusStateClosing);
	SAME(XEN_BUS_CLOSED, XenbusStateClosed);
	SAME(XEN_BUS_RECONFIGURING, XenbusStateReconfiguring);
	SAME(XEN_BUS_RECONFIGURED, XenbusStateReconfigured);
}

static void
test_block_numbers(void **state)
{
	(void)state;
	assert_string_equal(XEN_BLK_PROTOCOL, XEN_IO_PROTO_ABI_X86_64);
	SAME(XEN_BLK_READ, BLKIF_OP_READ);
	SAME(XEN_BLK_WRITE, BLKIF_OP_WRITE);
	SAME(XEN_BLK_BARRIER, BLKIF_OP_WRITE_BARRIER);
	SAME(XEN_BLK_FLUSH, BLKIF_OP_FLUSH_DISKCACHE);
	SAME(XEN_BLK_DISCARD, BLKIF_OP_DISCARD);
	SAME(XEN_BLK_INDIRECT, BLKIF_OP_INDIRECT);
	SAME(XEN_BLK_SEGMENTS_MAX, BLKIF_MAX_SEGMENTS_PER_REQUEST);
	SAME(XEN_BLK_INDIRECT_PAGES_MAX, BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST);
	SAME(XEN_BLK_SEGMENTS_PER_PAGE,
	    4096 / sizeof(struct blkif_request_segment));
	SAME(XEN_BLK_DISCARD_SECURE, BLKIF_DISCARD_SECURE);
	SAME(XEN_BLK_OKAY, BLKIF_RSP_OKAY);
	SAME(XEN_BLK_ERROR, BLKIF_RSP_ERROR);
	SAME(XEN_BLK_EOPNOTSUPP, BLKIF_RSP_EOPNOTSUPP);
	SAME(XEN_BLK_INFO_CDROM, VDISK_CDROM);
	SAME(XEN_BLK_INFO_REMOVABLE, VDISK_REMOVABLE);
	SAME(XEN_BLK_INFO_READONLY, VDISK_READONLY);
}

static void
test_block_requests(void **state)
{
	(void)state;
	{
		typedef struct xen_blk_segment ours;
		typedef struct blkif_request_segment theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(ref, gref);
		SAME_AT(first, first_sect);
		SAME_AT(last, last_sect);
	}
	{
		typedef struct xen_blk_request ours;
		typedef struct blkif_request theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(operation, operation);
		SAME_AT(segments, nr_segments);
		SAME_AT(handle, handle);
		SAME_AT(id, id);
		SAME_AT(sector, sector_number);
		SAME_AT(segment, seg);
	}
	{
		typedef struct xen_blk_discard ours;
		typedef struct blkif_request_discard theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(operation, operation);
		SAME_AT(flags, flag);
		SAME_AT(handle, handle);
		SAME_AT(id, id);
		SAME_AT(sector, sector_number);
		SAME_AT(sectors, nr_sectors);
	}
	{
		typedef struct xen_blk_indirect ours;
		typedef struct blkif_request_indirect theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(operation, operation);
		SAME_AT(indirect, indirect_op);
		SAME_AT(segments, nr_segments);
		SAME_AT(id, id);
		SAME_AT(sector, sector_number);
		SAME_AT(handle, handle);
		SAME_AT(ref, indirect_grefs);
	}
	{
		typedef struct xen_blk_response ours;
		typedef struct blkif_response theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(id, id);
		SAME_AT(operation, operation);
		SAME_AT(status, status);
	}
	SAME_SIZE(union xen_blk_entry, union blkif_sring_entry);
}

static void
test_net_numbers(void **state)
{
	(void)state;
	SAME(XEN_NET_SLOTS_MIN, XEN_NETIF_NR_SLOTS_MIN);
	SAME(XEN_NET_TX_SIZE_MAX, XEN_NETIF_MAX_TX_SIZE);
	SAME(XEN_NET_TX_CSUM_BLANK, NETTXF_csum_blank);
	SAME(XEN_NET_TX_DATA_VALIDATED, NETTXF_data_validated);
	SAME(XEN_NET_TX_MORE_DATA, NETTXF_more_data);
	SAME(XEN_NET_TX_EXTRA_INFO, NETTXF_extra_info);
	SAME(XEN_NET_RX_DATA_VALIDATED, NETRXF_data_validated);
	SAME(XEN_NET_RX_CSUM_BLANK, NETRXF_csum_blank);
	SAME(XEN_NET_RX_MORE_DATA, NETRXF_more_data);
	SAME(XEN_NET_RX_EXTRA_INFO, NETRXF_extra_info);
	SAME(XEN_NET_RX_GSO_PREFIX, NETRXF_gso_prefix);
	SAME(XEN_NET_NULL, NETIF_RSP_NULL);
	SAME(XEN_NET_OKAY, NETIF_RSP_OKAY);
	SAME(XEN_NET_ERROR, NETIF_RSP_ERROR);
	SAME(XEN_NET_DROPPED, NETIF_RSP_DROPPED);
	SAME(XEN_NET_EXTRA_NONE, XEN_NETIF_EXTRA_TYPE_NONE);
	SAME(XEN_NET_EXTRA_GSO, XEN_NETIF_EXTRA_TYPE_GSO);
	SAME(XEN_NET_EXTRA_MCAST_ADD, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
	SAME(XEN_NET_EXTRA_MCAST_DEL, XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
	SAME(XEN_NET_EXTRA_HASH, XEN_NETIF_EXTRA_TYPE_HASH);
#ifdef XEN_NETIF_EXTRA_TYPE_XDP
	SAME(XEN_NET_EXTRA_XDP, XEN_NETIF_EXTRA_TYPE_XDP);
#endif
	SAME(XEN_NET_EXTRA_FLAG_MORE, XEN_NETIF_EXTRA_FLAG_MORE);
	SAME(XEN_NET_GSO_NONE, XEN_NETIF_GSO_TYPE_NONE);
	SAME(XEN_NET_GSO_TCPV4, XEN_NETIF_GSO_TYPE_TCPV4);
	SAME(XEN_NET_GSO_TCPV6, XEN_NETIF_GSO_TYPE_TCPV6);
}

static void
test_net_entries(void **state)
{
	(void)state;
	{
		typedef struct xen_net_tx_request ours;
		typedef struct netif_tx_request theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(ref, gref);
		SAME_AT(offset, offset);
		SAME_AT(flags, flags);
		SAME_AT(id, id);
		SAME_AT(size, size);
	}
	{
		typedef struct xen_net_tx_response ours;
		typedef struct netif_tx_response theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(id, id);
		SAME_AT(status, status);
	}
	{
		typedef struct xen_net_rx_request ours;
		typedef struct netif_rx_request theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(id, id);
		SAME_AT(ref, gref);
	}
	{
		typedef struct xen_net_rx_response ours;
		typedef struct netif_rx_response theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(id, id);
		SAME_AT(offset, offset);
		SAME_AT(flags, flags);
		SAME_AT(status, status);
	}
	SAME_SIZE(union xen_net_tx_entry, union netif_tx_sring_entry);
	SAME_SIZE(union xen_net_rx_entry, union netif_rx_sring_entry);
	{
		typedef struct xen_net_extra ours;
		typedef struct netif_extra_info theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(type, type);
		SAME_AT(flags, flags);
		SAME_AT(u.gso.size, u.gso.size);
		SAME_AT(u.gso.type, u.gso.type);
		SAME_AT(u.gso.features, u.gso.features);
		SAME_AT(u.mcast.address, u.mcast.addr);
		SAME_AT(u.hash.type, u.hash.type);
		SAME_AT(u.hash.algorithm, u.hash.algorithm);
		SAME_AT(u.hash.value, u.hash.value);
	}
}

static void
test_net_control(void **state)
{
	(void)state;
	SAME(XEN_NET_HASH_IPV4, XEN_NETIF_CTRL_HASH_TYPE_IPV4);
	SAME(XEN_NET_HASH_IPV4_TCP, XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
	SAME(XEN_NET_HASH_IPV6, XEN_NETIF_CTRL_HASH_TYPE_IPV6);
	SAME(XEN_NET_HASH_IPV6_TCP, XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP);
	SAME(XEN_NET_HASH_ALGORITHM_NONE, XEN_NETIF_CTRL_HASH_ALGORITHM_NONE);
	SAME(XEN_NET_HASH_ALGORITHM_TOEPLITZ,
	    XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
	SAME(XEN_NET_CTRL_GET_HASH_FLAGS, XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS);
	SAME(XEN_NET_CTRL_SET_HASH_FLAGS, XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS);
	SAME(XEN_NET_CTRL_SET_HASH_KEY, XEN_NETIF_CTRL_TYPE_SET_HASH_KEY);
	SAME(XEN_NET_CTRL_GET_HASH_MAPPING_SIZE,
	    XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE);
	SAME(XEN_NET_CTRL_SET_HASH_MAPPING_SIZE,
	    XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE);
	SAME(XEN_NET_CTRL_SET_HASH_MAPPING,
	    XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING);
	SAME(XEN_NET_CTRL_SET_HASH_ALGORITHM,
	    XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM);
	SAME(XEN_NET_CTRL_SUCCESS, XEN_NETIF_CTRL_STATUS_SUCCESS);
	SAME(XEN_NET_CTRL_NOT_SUPPORTED, XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
	SAME(XEN_NET_CTRL_INVALID_PARAMETER,
	    XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
	SAME(XEN_NET_CTRL_BUFFER_OVERFLOW,
	    XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);
	{
		typedef struct xen_net_ctrl_request ours;
		typedef struct xen_netif_ctrl_request theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(id, id);
		SAME_AT(type, type);
		SAME_AT(data, data);
	}
	{
		typedef struct xen_net_ctrl_response ours;
		typedef struct xen_netif_ctrl_response theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(id, id);
		SAME_AT(type, type);
		SAME_AT(status, status);
		SAME_AT(data, data);
	}
}

static void
test_console(void **state)
{
	(void)state;
	{
		typedef struct xen_console_page ours;
		typedef struct xencons_interface theirs;

		SAME_AT(in, in);
		SAME_AT(out, out);
		SAME_AT(in_cons, in_cons);
		SAME_AT(in_prod, in_prod);
		SAME_AT(out_cons, out_cons);
		SAME_AT(out_prod, out_prod);
		assert_true(offsetof(ours, unused) <= sizeof(theirs));
	}
}

static void
test_pvh(void **state)
{
	(void)state;
	SAME(XEN_PVH_MAGIC, XEN_HVM_START_MAGIC_VALUE);
	SAME(XEN_PVH_FLAG_PRIVILEGED, SIF_PRIVILEGED);
	SAME(XEN_PVH_FLAG_INITDOMAIN, SIF_INITDOMAIN);
	SAME(XEN_PVH_NOTE_PHYS32_ENTRY, XEN_ELFNOTE_PHYS32_ENTRY);
	{
		typedef struct xen_pvh_start_info ours;
		typedef struct hvm_start_info theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(magic, magic);
		SAME_AT(version, version);
		SAME_AT(flags, flags);
		SAME_AT(nr_modules, nr_modules);
		SAME_AT(modules, modlist_paddr);
		SAME_AT(cmdline, cmdline_paddr);
		SAME_AT(rsdp, rsdp_paddr);
		SAME_AT(memmap, memmap_paddr);
		SAME_AT(nr_memmap, memmap_entries);
		SAME(XEN_PVH_SIZE_V0, offsetof(theirs, memmap_paddr));
		SAME(XEN_PVH_SIZE_V1, sizeof(theirs));
	}
	{
		typedef struct xen_pvh_module ours;
		typedef struct hvm_modlist_entry theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(address, paddr);
		SAME_AT(size, size);
		SAME_AT(cmdline, cmdline_paddr);
	}
	{
		typedef struct xen_pvh_memory ours;
		typedef struct hvm_memmap_table_entry theirs;

		SAME_SIZE(ours, theirs);
		SAME_AT(address, addr);
		SAME_AT(size, size);
		SAME_AT(type, type);
	}
	SAME(XEN_PVH_MEMORY_RAM, XEN_HVM_MEMMAP_TYPE_RAM);
	SAME(XEN_PVH_MEMORY_RESERVED, XEN_HVM_MEMMAP_TYPE_RESERVED);
	SAME(XEN_PVH_MEMORY_ACPI, XEN_HVM_MEMMAP_TYPE_ACPI);
	SAME(XEN_PVH_MEMORY_NVS, XEN_HVM_MEMMAP_TYPE_NVS);
	SAME(XEN_PVH_MEMORY_UNUSABLE, XEN_HVM_MEMMAP_TYPE_UNUSABLE);
	SAME(XEN_PVH_MEMORY_DISABLED, XEN_HVM_MEMMAP_TYPE_DISABLED);
	SAME(XEN_PVH_MEMORY_PMEM, XEN_HVM_MEMMAP_TYPE_PMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpuid),
		cmocka_unit_test(test_hypercalls),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_vcpu),
		cmocka_unit_test(test_sched),
		cmocka_unit_test(test_hvm),
		cmocka_unit_test(test_hvm_params),
		cmocka_unit_test(test_products),
		cmocka_unit_test(test_vcpu_info),
		cmocka_unit_test(test_shared_info),
		cmocka_unit_test(test_event_numbers),
		cmocka_unit_test(test_event_binding),
		cmocka_unit_test(test_event_use),
		cmocka_unit_test(test_event_fifo),
		cmocka_unit_test(test_grant_entries),
		cmocka_unit_test(test_grant_numbers),
		cmocka_unit_test(test_grant_table),
		cmocka_unit_test(test_grant_use),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_ring_entries),
		cmocka_unit_test(test_ring_passes),
		cmocka_unit_test(test_store_types),
		cmocka_unit_test(test_store_message),
		cmocka_unit_test(test_store_errors),
		cmocka_unit_test(test_store_page),
		cmocka_unit_test(test_bus_states),
		cmocka_unit_test(test_block_numbers),
		cmocka_unit_test(test_block_requests),
		cmocka_unit_test(test_net_numbers),
		cmocka_unit_test(test_net_entries),
		cmocka_unit_test(test_net_control),
		cmocka_unit_test(test_console),
		cmocka_unit_test(test_pvh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
