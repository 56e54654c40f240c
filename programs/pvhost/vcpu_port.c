/* SPDX-License-Identifier: ISC */
/*
 * Accesses to ports.
 *
 * KVM emulates REP INS and REP OUTS: bytes that go out come one by one, each
 * with RCX and RSI already moved; those that come in are asked for in parts of
 * up to 1024, with RCX and RDI still before the part.  Who wants such an
 * instruction as a whole (VMware's second port) is called once, at the first of
 * these exits.
 */
#include <string.h>

#include "programs/pvhost/vcpu_private.h"

static uint32_t
get(const uint8_t *from, unsigned width)
{
	uint32_t value = 0;

	memcpy(&value, from, width); /* x86 runs on x86 */
	return value;
}

/* All has gone out with the first byte: RCX 0 ends the instruction. */
static void
string_out(struct vcpu *vcpu, const struct port_range *range, unsigned width,
    unsigned count)
{
	struct kvm_regs *regs = vcpu_regs(vcpu);
	uint64_t all;

	regs->rcx += count;
	regs->rsi -= (uint64_t)count * width;
	all = regs->rcx * width;
	range->string(range->ctx, vcpu, true);
	regs->rcx = 0;
	regs->rsi += all;
	vcpu_regs_changed(vcpu);
}

/* The whole is put into the guest's memory, from where KVM is given its parts to
 * write there once more. */
static void
string_in(struct vcpu *vcpu, const struct port_range *range, unsigned width,
    unsigned count, uint8_t *data)
{
	struct kvm_regs *regs = vcpu_regs(vcpu);
	uint64_t left = regs->rcx, to = regs->rdi;

	if (!vcpu->string_goes_on || to != vcpu->string_next)
		range->string(range->ctx, vcpu, false);
	regs->rcx = left;
	regs->rdi = to;
	vcpu->string_goes_on = left > count;
	vcpu->string_next = to + (uint64_t)count * width;
	if (!vcpu_read(vcpu, to, data, (size_t)width * count))
		memset(data, 0xff, (size_t)width * count);
}

void
vcpu_serve_port(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	const struct ports *ports = &vcpu->machine->ports;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	const struct port_range *range = ports_find(ports, run->io.port);
	bool out = run->io.direction == KVM_EXIT_IO_OUT;
	unsigned width = run->io.size;

	if (range != NULL && range->string != NULL) {
		if (out)
			string_out(vcpu, range, width, run->io.count);
		else
			string_in(vcpu, range, width, run->io.count, data);
		return;
	}
	for (uint32_t i = 0; i < run->io.count; i++, data += width) {
		uint32_t value;

		if (out) {
			ports_out(ports, vcpu, run->io.port, width,
			    get(data, width));
			continue;
		}
		value = ports_in(ports, vcpu, run->io.port, width);
		memcpy(data, &value, width);
	}
}
