/* SPDX-License-Identifier: ISC */
/* A hypercall as registers have it: Xen's docs, hypercall calling conventions of
 * 64-bit x86. */
#include <cpuid.h>
#include <string.h>
#include <sys/ioctl.h>

#include "programs/pvhost/face_xen.h"
#include "programs/pvhost/vcpu.h"
#include "wire/xen/hypercall.h"

#define EFER_LONG_ACTIVE (1u << 10)

bool
face_xen_is_amd(void)
{
	unsigned eax, words[3] = { 0 };
	char vendor[13] = "";

	if (!__get_cpuid(0, &eax, &words[0], &words[2], &words[1]))
		return false;
	memcpy(vendor, words, 12);
	return strcmp(vendor, "AuthenticAMD") == 0 ||
	    strcmp(vendor, "HygonGenuine") == 0;
}

struct mode {
	bool kernel, long_mode;
};

static struct mode
mode_of(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	struct kvm_sregs sregs;

	if (run->exit_reason == KVM_EXIT_XEN)
		return (struct mode){ run->xen.u.hcall.cpl == 0,
			run->xen.u.hcall.longmode != 0 };
	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return (struct mode){ false, false };
	return (struct mode){ sregs.ss.dpl == 0,
		(sregs.efer & EFER_LONG_ACTIVE) != 0 && sregs.cs.l };
}

/* Structures are those of 64-bit guests only. */
static long
call(struct face_xen *face, struct vcpu *vcpu, const struct kvm_regs *regs)
{
	const uint64_t arguments[5] = { regs->rdi, regs->rsi, regs->rdx,
		regs->r10, regs->r8 };
	struct mode mode = mode_of(vcpu);

	if (!mode.kernel)
		return -XEN_EPERM;
	if (!mode.long_mode)
		return -XEN_ENOSYS;
	return host_xen_hypercall(face->xen, vcpu->number, (unsigned)regs->rax,
	    arguments);
}

/* Once: else such a guest only hangs. */
static void
tell_refused(struct face_xen *face)
{
	if (face->told || host_xen_counts(face->xen)->callbacks_refused == 0)
		return;
	face->told = true;
	say("xen: the guest wants its events by one vector that is not of its "
	    "APIC; expected a vector for each vCPU (Linux 6.0 and later) or "
	    "the line of the platform device%s",
	    face->has_platform ? "" : "; try it as a bzImage, which has one");
}

bool
face_xen_hypercall(void *self, struct vcpu *vcpu)
{
	struct kvm_regs *regs = vcpu_regs(vcpu);

	regs->rax = (uint64_t)call(self, vcpu, regs);
	vcpu_regs_changed(vcpu);
	tell_refused(self);
	return true;
}
