/* SPDX-License-Identifier: ISC */
/* The life of a vCPU: made, run until the machine ends, freed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "programs/pvhost/vcpu_private.h"

/* It only interrupts KVM_RUN. */
#define KICK SIGUSR1

/* Intel SDM volume 3A, 11.11.1: message address of a local APIC. */
#define MSI_ADDRESS 0xfee00000u
#define MSI_DESTINATION(apic) ((apic) << 12)

static struct vcpu *
fail(struct vcpu *vcpu, const char *what)
{
	say("vCPU %u: %s: %s", vcpu->number, what, strerror(errno));
	vcpu_free(vcpu);
	return NULL;
}

struct vcpu *
vcpu_make(struct machine *machine, unsigned number)
{
	struct vcpu *vcpu = calloc(1, sizeof(*vcpu));
	int size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (vcpu == NULL) {
		say("out of memory");
		return NULL;
	}
	vcpu->machine = machine;
	vcpu->number = number;
	vcpu->fd = ioctl(machine->vm, KVM_CREATE_VCPU, (unsigned long)number);
	if (vcpu->fd < 0)
		return fail(vcpu, "KVM makes none");
	vcpu->run_size = size < 0 ? 0 : (size_t)size;
	vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return fail(vcpu, "mmap");
	}
	return vcpu;
}

void
vcpu_free(struct vcpu *vcpu)
{
	if (vcpu == NULL)
		return;
	if (vcpu->started)
		pthread_join(vcpu->thread, NULL);
	if (vcpu->run != NULL)
		munmap(vcpu->run, vcpu->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	free(vcpu);
}

static void
end_run(struct vcpu *vcpu)
{
	struct machine *machine = vcpu->machine;

	if (vcpu->changed_regs &&
	    ioctl(vcpu->fd, KVM_SET_REGS, &vcpu->regs) < 0)
		machine_end(machine, EXIT_BROKEN,
		    "vCPU %u: KVM takes no registers: %s", vcpu->number,
		    strerror(errno));
	vcpu->have_regs = vcpu->changed_regs = false;
}

static void *
run(void *argument)
{
	struct vcpu *vcpu = argument;
	struct machine *machine = vcpu->machine;

	pthread_mutex_lock(&machine->lock);
	while (!machine->ended) {
		int error;

		pthread_mutex_unlock(&machine->lock);
		error = ioctl(vcpu->fd, KVM_RUN, 0) < 0 ? errno : 0;
		pthread_mutex_lock(&machine->lock);
		if (machine->ended)
			break;
		machine->running = vcpu;
		if (error == 0)
			vcpu_serve(vcpu);
		else if (error != EINTR && error != EAGAIN)
			machine_end(machine, EXIT_BROKEN,
			    "vCPU %u: KVM_RUN: %s", vcpu->number,
			    strerror(error));
		end_run(vcpu);
		machine->running = NULL;
	}
	pthread_mutex_unlock(&machine->lock);
	return NULL;
}

static void
kicked(int signal)
{
	(void)signal;
}

bool
vcpu_start(struct vcpu *vcpu)
{
	struct sigaction action = { .sa_handler = kicked };
	int error;

	sigaction(KICK, &action, NULL);
	error = pthread_create(&vcpu->thread, NULL, run, vcpu);
	vcpu->started = error == 0;
	if (error != 0)
		say("vCPU %u: no thread: %s", vcpu->number, strerror(error));
	return vcpu->started;
}

/* The flag is for a thread that has not entered KVM yet, the signal for one that
 * has. */
void
vcpu_kick(struct vcpu *vcpu)
{
	if (!vcpu->started)
		return;
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(vcpu->thread, KICK);
}

struct kvm_regs *
vcpu_regs(struct vcpu *vcpu)
{
	if (!vcpu->have_regs &&
	    ioctl(vcpu->fd, KVM_GET_REGS, &vcpu->regs) < 0) {
		vcpu->regs = (struct kvm_regs){ 0 };
		machine_end(vcpu->machine, EXIT_BROKEN,
		    "vCPU %u: KVM gives no registers: %s", vcpu->number,
		    strerror(errno));
	}
	vcpu->have_regs = true;
	return &vcpu->regs;
}

void
vcpu_regs_changed(struct vcpu *vcpu)
{
	vcpu->changed_regs = true;
}

/* What is there of a page, as far as asked for; NULL: not mapped. */
static void *
linear(struct vcpu *vcpu, uint64_t address, size_t *size)
{
	struct kvm_translation translation = { .linear_address = address };
	uint64_t physical;
	struct kvm_sregs sregs;
	size_t left = MEMORY_PAGE - address % MEMORY_PAGE;

	if (*size > left)
		*size = left;
	if (ioctl(vcpu->fd, KVM_TRANSLATE, &translation) == 0 &&
	    translation.valid)
		physical = translation.physical_address;
	else if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0 ||
	    !vcpu_physical(&vcpu->machine->memory, &sregs, address, false,
		&physical))
		return NULL;
	return memory_at(&vcpu->machine->memory, physical, *size);
}

bool
vcpu_read(struct vcpu *vcpu, uint64_t address, void *to, size_t size)
{
	for (size_t done = 0, part; done < size; done += part) {
		const void *from;

		part = size - done;
		from = linear(vcpu, address + done, &part);
		if (from == NULL)
			return false;
		memcpy((char *)to + done, from, part);
	}
	return true;
}

bool
vcpu_write(struct vcpu *vcpu, uint64_t address, const void *from, size_t size)
{
	for (size_t done = 0, part; done < size; done += part) {
		void *to;

		part = size - done;
		to = linear(vcpu, address + done, &part);
		if (to == NULL)
			return false;
		memcpy(to, (const char *)from + done, part);
	}
	return true;
}

void
vcpu_interrupt(struct vcpu *vcpu, uint8_t vector)
{
	struct kvm_msi msi = {
		.address_lo = MSI_ADDRESS | MSI_DESTINATION(vcpu->number),
		.data = vector,
	};

	/* 0: the guest has its APIC off, which is its own loss. */
	if (ioctl(vcpu->machine->vm, KVM_SIGNAL_MSI, &msi) < 0)
		say_more(vcpu->machine, "vCPU %u: vector %#x is lost: %s",
		    vcpu->number, vector, strerror(errno));
}
