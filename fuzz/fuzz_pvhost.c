/* SPDX-License-Identifier: ISC */
/*
 * A guest that does anything to pvhost: ports, registers, hypercalls, VMware's
 * strings, and its own memory, in which all rings are.
 * Input: which faces, then steps; see step().
 */
#include "fuzz/fuzz.h"
#include "host/bus/cpuid.h"
#include "programs/pvhost/disk.h"
#include "programs/pvhost/nic.h"
#include "tests/support/pvhost_machine.h"

#define RAM (16u << 20)
#define DISK_SIZE 65536u
#define STEPS 600u
#define VCPUS 2u
#define SMALL 0x20000u /* what junk is about most of the time */

/* Those that somebody is at, and their neighbours. */
static const uint16_t ports[] = { 0x10, 0x12, 0x20, 0x60, 0x61, 0x64, 0x70,
	0x71, 0xe2, 0xe3, 0xe9, 0x2f8, 0x3f8, 0x3fa, 0x3fb, 0x3fc, 0x510, 0x511,
	0x514, 0x518, 0x600, 0x602, 0x604, 0x608, 0x5658, 0x5659, 0xcf8, 0xcfc,
	0xcfe, 0xc000, 0xc010 };

static const enum host_face faces[] = { HOST_KVM, HOST_HYPERV, HOST_VMWARE,
	HOST_XEN, HOST_VMM };
#define FACES (sizeof(faces) / sizeof(faces[0]))

struct run {
	struct machine *machine;
	const uint8_t *data;
	size_t size;
};

static uint32_t
number(struct run *run, size_t bytes)
{
	uint32_t value = 0;

	take(&run->data, &run->size, &value, bytes);
	return value;
}

static uint64_t
wide(struct run *run)
{
	uint64_t value = 0;
	uint32_t how = number(run, 1);

	if (how < 128) /* a place in its memory */
		return number(run, 3) % SMALL;
	take(&run->data, &run->size, &value, 8);
	return value;
}

static struct vcpu *
vcpu(struct run *run)
{
	return run->machine->vcpus[number(run, 1) % VCPUS];
}

static void
access(struct run *run, bool out)
{
	static const unsigned widths[] = { 1, 2, 4, 4 };
	uint32_t which = number(run, 1);
	size_t count = sizeof(ports) / sizeof(ports[0]);
	uint16_t port = which < count ? ports[which] : (uint16_t)number(run, 2);
	unsigned width = widths[number(run, 1) % 4];
	struct vcpu *who = vcpu(run);

	run->machine->running = who;
	if (out)
		ports_out(&run->machine->ports, who, port, width,
		    number(run, 4));
	else
		ports_in(&run->machine->ports, who, port, width);
	run->machine->running = NULL;
}

static void
registers(struct run *run, struct vcpu *who)
{
	struct kvm_regs *regs = &who->regs;
	__u64 *const all[] = { &regs->rax, &regs->rbx, &regs->rcx, &regs->rdx,
		&regs->rsi, &regs->rdi, &regs->rbp, &regs->r8, &regs->r10 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		*all[i] = wide(run);
}

static void
call(struct run *run)
{
	struct vcpu *who = vcpu(run);
	struct port_range *range = ports_find(&run->machine->ports, 0x5659);

	registers(run, who);
	run->machine->running = who;
	switch (number(run, 1) % 5) {
	case 0:
		ports_out(&run->machine->ports, who, 0xe2, 1, 0);
		break;
	case 1:
		ports_out(&run->machine->ports, who, 0xe3, 1, 0);
		break;
	case 2: /* magic and port, as VMware wants them */
		who->regs.rax = 0x564d5868;
		who->regs.rdx = (who->regs.rdx & ~0xffffull) | 0x5658;
		ports_in(&run->machine->ports, who, 0x5658, 4);
		break;
	case 3:
		if (range != NULL && range->string != NULL) {
			who->regs.rax = 0x564d5868;
			who->regs.rcx %= SMALL;
			range->string(range->ctx, who, number(run, 1) & 1);
		}
		break;
	default:
		faces_hypercall(run->machine, who);
		break;
	}
	run->machine->running = NULL;
}

static void
memory(struct run *run)
{
	uint8_t bytes[64];
	uint64_t at = wide(run);
	size_t size = number(run, 1) % sizeof(bytes) + 1;

	take(&run->data, &run->size, bytes, size);
	memory_write(&run->machine->memory, at, bytes, size);
}

static void
msr(struct run *run, bool write)
{
	static const uint32_t bases[] = { 0x40000000, 0x40000080, 0x40000090,
		0x400000b0, 0x40000100, 0x40000200 };
	uint32_t index = bases[number(run, 1) % 6] + number(run, 1) % 32;
	unsigned who = number(run, 1) % VCPUS;
	uint64_t value = wide(run);

	run->machine->running = run->machine->vcpus[who];
	if (write)
		faces_wrmsr(run->machine, who, index, value);
	else
		faces_rdmsr(run->machine, who, index, &value);
	run->machine->running = NULL;
}

static void
step(struct run *run)
{
	switch (number(run, 1) % 8) {
	case 0:
	case 1:
		access(run, true);
		break;
	case 2:
		access(run, false);
		break;
	case 3:
		msr(run, true);
		break;
	case 4:
		msr(run, false);
		break;
	case 5:
		call(run);
		break;
	case 6:
		memory(run);
		break;
	default:
		stage_pass_some(run->machine, 1000ull << number(run, 1) % 24,
		    200);
		break;
	}
}

static void
nic_sent(void *self, const struct nic_frame *frame)
{
	(void)self;
	(void)frame;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct nic_kind silent = { .name = "none",
		.send = nic_sent };
	struct run run = { .data = data, .size = size };
	uint32_t which = number(&run, 1);
	struct options options = {
		.faces = { host_face_name(faces[which % FACES]),
		    host_face_name(faces[which / FACES % FACES]) },
		.face_count = which % FACES == which / FACES % FACES ? 1 : 2,
		.memory = RAM,
		.vcpus = VCPUS,
	};
	char path[] = "a disk without a file";
	struct disk disk = { .name = "disk0",
		.path = path,
		.fd = -1,
		.bytes = calloc(1, DISK_SIZE),
		.size = DISK_SIZE,
		.sector_size = 512 };
	struct nic nic = { .name = "nic0",
		.kind = &silent,
		.mac = { 2, 0, 0, 0, 0, 1 },
		.mtu = 1500 };
	struct reply reply = { 0 };
	bool has_disk, has_nic;

	MUST(disk.bytes != NULL);
	run.machine = fake_machine_new(&options);
	MUST(run.machine != NULL);
	has_disk = faces_disk_add(run.machine, &disk, &reply);
	has_nic = faces_nic_add(run.machine, &nic, &reply);
	for (unsigned i = 0; i < STEPS && run.size > 0 && !run.machine->ended;
	     i++)
		step(&run);
	stage_pass_some(run.machine, 1000000000, 1000);
	for (unsigned i = 0; i < run.machine->face_count; i++)
		if (run.machine->faces[i]->kind->status != NULL)
			run.machine->faces[i]
			    ->kind->status(run.machine->faces[i]->self, &reply);
	if (has_nic)
		faces_nic_remove(run.machine, &nic, &reply);
	if (has_disk)
		faces_disk_remove(run.machine, &disk, &reply);
	fake_machine_free(run.machine);
	free(disk.bytes);
	reply_free(&reply);
	return 0;
}
