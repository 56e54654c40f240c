/* SPDX-License-Identifier: ISC */
/*
 * VMware: its backdoor at two I/O ports, and by VMCALL where KVM lets that be
 * ours.  Linux's kernel and open-vm-tools find it by CPUID.
 */
#include <stdlib.h>

#include "programs/pvhost/face_vmware.h"
#include "programs/pvhost/kvm.h"
#include "programs/pvhost/vcpu.h"
#include "wire/vmware/backdoor.h"

#define SECOND 1000000000u
#define ONES UINT32_MAX

/* ---- The clock ---------------------------------------------------------- */

static void
follow_clock(struct face_vmware *self)
{
	uint64_t now = machine_wall(self->machine);

	host_vmware_step(self->host, (int64_t)(now - self->wall));
	self->wall = now;
}

/* ---- The backdoor ------------------------------------------------------- */

static struct host_backdoor
load(const struct kvm_regs *regs)
{
	return (struct host_backdoor){ .ax = regs->rax,
		.bx = regs->rbx,
		.cx = regs->rcx,
		.dx = regs->rdx,
		.si = regs->rsi,
		.di = regs->rdi,
		.bp = regs->rbp };
}

static void
store(struct vcpu *vcpu, const struct host_backdoor *r)
{
	struct kvm_regs *regs = vcpu_regs(vcpu);

	regs->rax = r->ax;
	regs->rbx = r->bx;
	regs->rcx = r->cx;
	regs->rdx = r->dx;
	regs->rsi = r->si;
	regs->rdi = r->di;
	regs->rbp = r->bp;
	vcpu_regs_changed(vcpu);
}

static uint32_t
call(struct face_vmware *self, struct vcpu *vcpu)
{
	struct host_backdoor r = load(vcpu_regs(vcpu));

	follow_clock(self);
	host_vmware_backdoor(self->host, &r);
	store(vcpu, &r);
	return (uint32_t)r.ax;
}

/* Who does not know of it, and looks for a device there, finds none. */
static bool
is_call(struct vcpu *vcpu, unsigned width)
{
	return width == 4 && (uint32_t)vcpu_regs(vcpu)->rax == VMWARE_MAGIC;
}

/* RAX is what it returns, and the other registers are as they are put. */
static uint32_t
low_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	(void)port;
	return is_call(vcpu, width) ? call(ctx, vcpu) : ONES;
}

static void
low_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	(void)port;
	(void)value;
	if (is_call(vcpu, width))
		call(ctx, vcpu);
}

/* RCX and addresses are moved by who calls this; the status is in RBX. */
static void
string(void *ctx, struct vcpu *vcpu, bool out)
{
	struct face_vmware *self = ctx;
	struct host_backdoor r = load(vcpu_regs(vcpu));

	host_vmware_string(self->host, out, &r);
	vcpu_regs(vcpu)->rbx = r.bx;
	vcpu_regs_changed(vcpu);
}

static uint32_t
high_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	(void)ctx;
	(void)vcpu;
	(void)port;
	(void)width;
	return ONES;
}

static void
high_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	(void)ctx;
	(void)vcpu;
	(void)port;
	(void)width;
	(void)value;
}

/* Not announced, for KVM lets it be ours only with KVM_XEN. */
static bool
hypercall(void *ctx, struct vcpu *vcpu)
{
	if (!is_call(vcpu, 4))
		return false;
	call(ctx, vcpu);
	return true;
}

/* ---- The life of it ----------------------------------------------------- */

/* Frequencies in kHz, and no instruction for the backdoor but IN and OUT. */
static bool
show(struct machine *machine, uint32_t base)
{
	struct host_cpuid_leaf leaf = { .leaf = base + VMWARE_LEAF_CALL,
		.eax = (uint32_t)(machine->tsc_hz / 1000),
		.ebx = KVM_APIC_HZ / 1000 };

	return host_cpuid_set(&machine->cpuid, leaf);
}

static void
release(void *ctx)
{
	struct face_vmware *self = ctx;

	if (self->low.in != NULL) {
		ports_remove(&self->machine->ports, &self->low);
		ports_remove(&self->machine->ports, &self->high);
	}
	host_vmware_free(self->host);
	free(self);
}

static void
listen(struct face_vmware *self)
{
	self->low = (struct port_range){ .first = VMWARE_PORT,
		.last = VMWARE_PORT,
		.ctx = self,
		.in = low_in,
		.out = low_out };
	self->high = (struct port_range){ .first = VMWARE_PORT_HIGH,
		.last = VMWARE_PORT_HIGH,
		.ctx = self,
		.in = high_in,
		.out = high_out,
		.string = string };
	ports_add(&self->machine->ports, &self->low);
	ports_add(&self->machine->ports, &self->high);
}

static void *
make(struct machine *machine, uint32_t base)
{
	struct face_vmware *self = calloc(1, sizeof(*self));
	struct host_vmware_config config = {
		.world = &machine->world,
		.wall = machine_wall(machine),
		.megahertz = (unsigned)(machine->tsc_hz / 1000000),
		.megabytes = (unsigned)(machine->options.memory >> 20),
		.tsc_hz = machine->tsc_hz,
		.apic_hz = KVM_APIC_HZ,
	};

	if (self != NULL)
		self->host = host_vmware_new(&config);
	if (self == NULL || self->host == NULL || !show(machine, base)) {
		say("the face vmware: out of memory, or of CPUID leaves");
		if (self != NULL)
			host_vmware_free(self->host);
		free(self);
		return NULL;
	}
	self->machine = machine;
	self->wall = config.wall;
	listen(self);
	return self;
}

const struct face_kind face_vmware = {
	.face = HOST_VMWARE,
	.make = make,
	.free = release,
	.hypercall = hypercall,
	.key_set = vmware_key_set,
	.key_get = vmware_key_get,
	.key_list = vmware_key_list,
	.request = vmware_request,
	.step = vmware_step,
	.status = vmware_status,
	.manners = vmware_manners,
};
