/* SPDX-License-Identifier: ISC */
/*
 * Hyper-V as a guest of its generation 2 meets it: registers, hypercalls and
 * what is on VMBus.  KVM's own Hyper-V stays off; only the local APIC is KVM's.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/kvm.h"
#include "programs/pvhost/vcpu.h"
#include "wire/hyperv/tlfs.h"

/* ---- CPUID ------------------------------------------------------------- */

static bool
show(struct face_hyperv *self, uint32_t base)
{
	struct host_cpuid *cpuid = &self->machine->cpuid;
	struct host_cpuid_leaf features = host_cpuid_get(cpuid,
	    base + HV_LEAF_FEATURES);
	struct host_cpuid_leaf hints = host_cpuid_get(cpuid,
	    base + HV_LEAF_HINTS);
	struct host_cpuid_leaf limits = host_cpuid_get(cpuid,
	    base + HV_LEAF_LIMITS);
	uint32_t access[2];

	host_hyperv_leaves(&self->config, access, &features.edx, &hints.eax);
	features.eax = access[0];
	features.ebx = access[1];
	limits.eax = limits.ebx = MACHINE_VCPUS;
	return host_cpuid_set(cpuid, features) &&
	    host_cpuid_set(cpuid, hints) && host_cpuid_set(cpuid, limits);
}

/* ---- Registers --------------------------------------------------------- */

static bool
read_msr(void *ctx, unsigned vcpu, uint32_t msr, uint64_t *value)
{
	struct face_hyperv *self = ctx;

	return host_hyperv_rdmsr(self->host, vcpu, msr, value);
}

/* What the guest says in parting, line by line, without what could harm a
 * terminal. */
static void
say_last_words(struct face_hyperv *self)
{
	const struct host_hyperv_counts *counts = host_hyperv_counts(
	    self->host);
	const struct host_world *world = self->config.world;
	char text[HV_CRASH_MESSAGE_MAX + 1], *line = text, *rest = NULL;
	uint64_t size = counts->crash[4];

	if ((counts->crash_control & HV_CRASH_MESSAGE) == 0)
		return;
	if (size > HV_CRASH_MESSAGE_MAX)
		size = HV_CRASH_MESSAGE_MAX;
	if (!world->read(world->ctx, counts->crash[3], text, (size_t)size))
		return;
	text[size] = '\0';
	for (uint64_t i = 0; i < size; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = text[i] == '\0' ? '\n' : '?';
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		say("guest: %s", line);
}

static void
end_crashed(struct face_hyperv *self)
{
	const uint64_t *crash = host_hyperv_counts(self->host)->crash;

	machine_end(self->machine, EXIT_CRASHED,
	    "the guest has crashed, and says %#llx %#llx %#llx %#llx %#llx",
	    (unsigned long long)crash[0], (unsigned long long)crash[1],
	    (unsigned long long)crash[2], (unsigned long long)crash[3],
	    (unsigned long long)crash[4]);
	say_last_words(self);
}

static bool
write_msr(void *ctx, unsigned vcpu, uint32_t msr, uint64_t value)
{
	struct face_hyperv *self = ctx;
	const struct host_hyperv_counts *counts;

	if (!host_hyperv_wrmsr(self->host, vcpu, msr, value))
		return false;
	counts = host_hyperv_counts(self->host);
	if (counts->crashed)
		end_crashed(self);
	else if (counts->resets > 0)
		machine_end(self->machine, EXIT_OFF,
		    "the guest has reset the machine");
	return true;
}

/* ---- Hypercalls -------------------------------------------------------- */

/* By registers; TLFS 3.7 and 3.8.  In protected mode of 32 bits they are in
 * pairs. */
static void
call_pairs(struct face_hyperv *self, unsigned vcpu, struct kvm_regs *regs)
{
	uint64_t result = host_hyperv_hypercall(self->host, vcpu,
	    regs->rdx << 32 | (uint32_t)regs->rax,
	    regs->rbx << 32 | (uint32_t)regs->rcx,
	    regs->rdi << 32 | (uint32_t)regs->rsi);

	regs->rdx = result >> 32;
	regs->rax = (uint32_t)result;
}

/* Only the kernel may. */
static bool
may_call(const struct kvm_sregs *sregs)
{
	return sregs->ss.dpl == 0 && (sregs->cr0 & 1) != 0;
}

static void
call(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct face_hyperv *self = ctx;
	struct kvm_regs *regs = vcpu_regs(vcpu);
	/* a kernel of 64 bits, where KVM is not there to tell (in a test) */
	struct kvm_sregs sregs = { .cs.l = 1, .cr0 = 1 };

	(void)port;
	(void)width;
	(void)value;
	(void)ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
	if (!may_call(&sregs))
		regs->rax = HV_STATUS_ACCESS_DENIED;
	else if (sregs.cs.l == 0)
		call_pairs(self, vcpu->number, regs);
	else
		regs->rax = host_hyperv_hypercall(self->host, vcpu->number,
		    regs->rcx, regs->rdx, regs->r8);
	vcpu_regs_changed(vcpu);
}

/* ---- The life of it ---------------------------------------------------- */

static void
release(void *ctx)
{
	struct face_hyperv *self = ctx;

	if (self->call.out != NULL)
		ports_remove(&self->machine->ports, &self->call);
	timers_forget(&self->machine->timers, self);
	timers_forget(&self->machine->timers, &self->kvp);
	hyperv_nics_free(self);
	host_hyperv_free(self->host);
	hyperv_kvp_free(&self->kvp);
	free(self);
}

static void
configure(struct face_hyperv *self)
{
	const struct machine *machine = self->machine;

	self->config = (struct host_hyperv_config){
		.world = &machine->world,
		.vcpus = machine->options.vcpus,
		/* an interrupt that ends by itself is none of the APIC's */
		.no_auto_eoi = true,
		/* an exit is sooner than the next look at a page */
		.no_monitor = true,
		.call_port = HYPERV_CALL_PORT,
		.tsc_hz = machine->tsc_hz,
		.apic_hz = KVM_APIC_HZ,
	};
}

static bool
fill(struct face_hyperv *self)
{
	struct host_storvsp_config controller = {
		.max_channels = self->config.vcpus > 1 ? 1 : 0,
	};

	self->ic = host_ic_new(self->host, 0);
	self->balloon = host_balloon_new(self->host);
	self->storvsp = host_storvsp_new(self->host, &controller);
	return self->ic != NULL && self->balloon != NULL &&
	    self->storvsp != NULL;
}

static void *
make(struct machine *machine, uint32_t base)
{
	struct face_hyperv *self = calloc(1, sizeof(*self));

	if (self == NULL) {
		say("out of memory");
		return NULL;
	}
	self->machine = machine;
	configure(self);
	self->host = host_hyperv_new(&self->config);
	if (self->host == NULL || !fill(self) || !show(self, base)) {
		say("the face hyperv: out of memory, or of CPUID leaves");
		release(self);
		return NULL;
	}
	self->call = (struct port_range){ .first = HYPERV_CALL_PORT,
		.last = HYPERV_CALL_PORT,
		.ctx = self,
		.out = call };
	ports_add(&machine->ports, &self->call);
	hyperv_kvp_start(self);
	hyperv_admin_start(self);
	return self;
}

static void
look(void *ctx)
{
	struct face_hyperv *self = ctx;

	host_storvsp_look(self->storvsp);
	for (struct hyperv_nic *nic = self->nics; nic != NULL; nic = nic->next)
		host_netvsp_look(nic->net);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		if (host_ic_device(self->ic, i) != NULL)
			host_vmbus_look(host_ic_device(self->ic, i), 0);
}

const struct face_kind face_hyperv = {
	.face = HOST_HYPERV,
	.make = make,
	.free = release,
	.rdmsr = read_msr,
	.wrmsr = write_msr,
	.disk_add = hyperv_disk_add,
	.disk_remove = hyperv_disk_remove,
	.nic_add = hyperv_nic_add,
	.nic_remove = hyperv_nic_remove,
	.key_set = hyperv_key_set,
	.key_get = hyperv_key_get,
	.key_list = hyperv_key_list,
	.request = hyperv_request,
	.step = hyperv_step,
	.status = hyperv_status,
	.manners = hyperv_manners,
	.look = look,
};
