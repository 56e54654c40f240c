/* SPDX-License-Identifier: ISC */
/* Why a vCPU has left the guest, and what is done about it. */
#include <sys/ioctl.h>

#include "programs/pvhost/face.h"
#include "programs/pvhost/vcpu_private.h"

static void
serve_rdmsr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t value = 0;

	run->msr.error = !faces_rdmsr(vcpu->machine, vcpu->number,
	    run->msr.index, &value);
	run->msr.data = value;
}

static void
serve_wrmsr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	run->msr.error = !faces_wrmsr(vcpu->machine, vcpu->number,
	    run->msr.index, run->msr.data);
}

/* Nothing is behind addresses without memory: a bus answers with all ones. */
static void
serve_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (!run->mmio.is_write)
		for (unsigned i = 0; i < sizeof(run->mmio.data); i++)
			run->mmio.data[i] = 0xff;
}

/* KVM puts run->xen.u.hcall.result into RAX when the vCPU goes on; the face
 * works on registers. */
static void
serve_xen(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (run->xen.type != KVM_EXIT_XEN_HCALL)
		return;
	if (!faces_hypercall(vcpu->machine, vcpu))
		vcpu_regs(vcpu)->rax = (uint64_t)-38; /* ENOSYS of Xen's */
	run->xen.u.hcall.result = vcpu_regs(vcpu)->rax;
}

/* The bytes at RIP tell what KVM could not emulate. */
static void
serve_internal_error(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	const struct kvm_regs *regs = vcpu_regs(vcpu);
	uint8_t bytes[8] = { 0 };

	vcpu_read(vcpu, regs->rip, bytes, sizeof(bytes));
	machine_end(vcpu->machine, EXIT_BROKEN,
	    "vCPU %u: KVM gives up (suberror %u) at rip %#llx: "
	    "%02x %02x %02x %02x %02x %02x %02x %02x",
	    vcpu->number, run->internal.suberror, (unsigned long long)regs->rip,
	    bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5],
	    bytes[6], bytes[7]);
}

void
vcpu_serve(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		vcpu_serve_port(vcpu);
		break;
	case KVM_EXIT_MMIO:
		serve_mmio(vcpu);
		break;
	case KVM_EXIT_X86_RDMSR:
		serve_rdmsr(vcpu);
		break;
	case KVM_EXIT_X86_WRMSR:
		serve_wrmsr(vcpu);
		break;
	case KVM_EXIT_XEN:
		serve_xen(vcpu);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_HLT:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
	case KVM_EXIT_SET_TPR:
		break;
	case KVM_EXIT_SHUTDOWN:
		machine_end(vcpu->machine, EXIT_CRASHED,
		    "vCPU %u: triple fault near rip %#llx", vcpu->number,
		    (unsigned long long)vcpu_regs(vcpu)->rip);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		serve_internal_error(vcpu);
		break;
	default:
		machine_end(vcpu->machine, EXIT_BROKEN,
		    "vCPU %u: KVM's exit %u is not known here", vcpu->number,
		    run->exit_reason);
		break;
	}
}
