/* SPDX-License-Identifier: ISC */
/*
 * Accesses to ports.
 *
 * KVM emulates REP INS and REP OUTS: bytes that go out come one by one, each
 * with RCX and RSI already moved; those that come in are asked for in parts of
 * up to 1024, with RCX and RDI still before the part.  Who wants such an
 * instruction as a whole (VMware's second port) is called once, at the first of
 * these exits: for as much of it as its memory is there.  Behind that, KVM meets
 * the fault that a CPU would, the guest's kernel brings the page, and the
 * instruction goes on.
 */
#include <string.h>

#include "programs/pvhost/vcpu_private.h"

/* Nobody moves more at once. */
#define STRING_MAX (1u << 20)

static uint32_t
get(const uint8_t *from, unsigned width)
{
	uint32_t value = 0;

	memcpy(&value, from, width); /* x86 runs on x86 */
	return value;
}

static size_t
string_reach(struct vcpu *vcpu, uint64_t address, uint64_t count,
    unsigned width, bool write)
{
	size_t most = count < STRING_MAX / width ? (size_t)count * width
						 : STRING_MAX;

	return vcpu_reach(vcpu, address, most, write) / width;
}

/* All that is there has gone out with the first byte, for which KVM had to read
 * it; RCX 0 ends the instruction.  Where that was by a segment with a base, it
 * was elsewhere, and what RSI alone points at may be the kernel's: that byte
 * goes nowhere. */
static void
string_out(struct vcpu *vcpu, const struct port_range *range, unsigned width,
    unsigned count)
{
	struct kvm_regs *regs = vcpu_regs(vcpu);
	uint64_t left = regs->rcx + count, from;
	size_t ready;

	from = regs->rsi - (uint64_t)count * width;
	ready = string_reach(vcpu, from, left, width, false);
	if (ready < count)
		return;
	regs->rcx = ready;
	regs->rsi = from;
	range->string(range->ctx, vcpu, true);
	regs->rcx = left - ready;
	regs->rsi = from + ready * width;
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
	size_t ready;

	if (!vcpu->string_goes_on || to != vcpu->string_next) {
		ready = string_reach(vcpu, to, left, width, true);
		regs->rcx = ready;
		if (ready > 0)
			range->string(range->ctx, vcpu, false);
		vcpu->string_end = to + ready * width;
	}
	regs->rcx = left;
	regs->rdi = to;
	vcpu->string_next = to + (uint64_t)count * width;
	vcpu->string_goes_on = vcpu->string_next < vcpu->string_end;
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
