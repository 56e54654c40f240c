/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <x86intrin.h>

#include "programs/pvhost/kvm.h"
#include "programs/pvhost/vcpu.h"

/* Where hypervisors have their registers: Hyper-V from the first on, Xen there
 * or behind it.  KVM's own, at 0x4b564d00, stay KVM's. */
#define OURS 0x40000000u
#define OURS_COUNT 0x2000u

/* Three pages that Intel's CPUs without unrestricted guests want. */
#define TSS_ADDRESS 0xfffbd000ul
#define IDENTITY_ADDRESS 0xfffbc000ull

#define MSR_TSC 0x10u /* Intel SDM volume 4, 2.1 */

static bool
fail(const char *what, const char *try)
{
	say("%s: %s%s%s", what, strerror(errno), *try == '\0' ? "" : "; ", try);
	return false;
}

static bool
has(const struct machine *machine, long capability)
{
	return ioctl(machine->vm, KVM_CHECK_EXTENSION, capability) > 0;
}

/* A bit that is clear keeps the register from KVM. */
static bool
filter(const struct machine *machine)
{
	static uint8_t none[OURS_COUNT / 8];
	struct kvm_enable_cap exits = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args = { KVM_MSR_EXIT_REASON_FILTER },
	};
	struct kvm_msr_filter ours = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges = { {
		    .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
		    .base = OURS,
		    .nmsrs = OURS_COUNT,
		    .bitmap = none,
		} },
	};

	return ioctl(machine->vm, KVM_ENABLE_CAP, &exits) >= 0 &&
	    ioctl(machine->vm, KVM_X86_SET_MSR_FILTER, &ours) >= 0;
}

/* Without it there is only the hypercall page, as for a guest that sees KVM,
 * too: its calls, by which Linux's CPUs interrupt and wake each other, are
 * KVM's to serve.  KVM (arch/x86/kvm/xen.c) hands nothing over before it is told
 * of an MSR that places the page; this one is nobody's, and the filter keeps KVM
 * from it. */
static void
intercept_xen(struct machine *machine)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		.msr = OURS + OURS_COUNT - 1,
	};

	if (machine->options.hypercall_page ||
	    options_show(&machine->options, "kvm") ||
	    !(ioctl(machine->vm, KVM_CHECK_EXTENSION, KVM_CAP_XEN_HVM) &
		KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL))
		return;
	machine->xen_exits = ioctl(machine->vm, KVM_XEN_HVM_CONFIG, &config) >=
	    0;
}

bool
kvm_open(struct machine *machine)
{
	uint64_t identity = IDENTITY_ADDRESS;
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (machine->kvm < 0)
		return fail("/dev/kvm",
		    errno == EACCES ? "try as a member of the group kvm"
				    : "try a machine with KVM");
	if (ioctl(machine->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
		say("/dev/kvm: expected version %d of its interface, got "
		    "another",
		    KVM_API_VERSION);
		return false;
	}
	machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0ul);
	if (machine->vm < 0)
		return fail("/dev/kvm makes no machine", "");
	if (!has(machine, KVM_CAP_X86_MSR_FILTER) ||
	    !has(machine, KVM_CAP_SIGNAL_MSI) ||
	    !has(machine, KVM_CAP_IMMEDIATE_EXIT)) {
		say("/dev/kvm is too old; try Linux 5.10 or later");
		return false;
	}
	/* Only Intel's need these two, and others may refuse them. */
	(void)ioctl(machine->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	(void)ioctl(machine->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);
	if (ioctl(machine->vm, KVM_CREATE_IRQCHIP, 0) < 0)
		return fail("KVM has no interrupt controllers", "");
	if (ioctl(machine->vm, KVM_CREATE_PIT2, &pit) < 0)
		return fail("KVM has no timer", "");
	if (!filter(machine))
		return fail("KVM keeps registers to itself", "");
	intercept_xen(machine);
	return true;
}

bool
kvm_clock(struct machine *machine)
{
	const struct vcpu *vcpu = machine->vcpus[0];
	union {
		struct kvm_msrs head;
		uint8_t room[sizeof(struct kvm_msrs) +
		    sizeof(struct kvm_msr_entry)];
	} msrs = { .room = { 0 } };
	int khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0);

	if (khz <= 0)
		return fail("KVM does not tell the TSC's frequency", "");
	machine->tsc_hz = (uint64_t)khz * 1000;
	msrs.head.nmsrs = 1;
	msrs.head.entries[0].index = MSR_TSC;
	if (ioctl(vcpu->fd, KVM_GET_MSRS, &msrs) != 1)
		return fail("KVM does not tell the TSC", "");
	machine->tsc_offset = msrs.head.entries[0].data - __rdtsc();
	return true;
}

void
kvm_close(struct machine *machine)
{
	if (machine->vm >= 0)
		close(machine->vm);
	if (machine->kvm >= 0)
		close(machine->kvm);
	machine->vm = machine->kvm = -1;
}
