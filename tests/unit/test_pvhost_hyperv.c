/* SPDX-License-Identifier: ISC */
/* Hyper-V's face without KVM: registers of a vCPU that does not run, and the
 * administrator's words while the guest has no driver yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/pvhost/disk.h"
#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/manners.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/vcpu.h"
#include "tests/support/pvhost_stage.h"
#include "wire/cpuid.h"
#include "wire/hyperv/tlfs.h"

#define TSC_HZ 2500000000ull
#define MEMORY 8192u
#define SECOND 1000000000ull

struct lab {
	struct machine *machine;
	struct face_hyperv *self;
	struct vcpu vcpu;
	struct reply reply;
	uint8_t memory[MEMORY];
};

static struct lab *the_lab;

/* In place of nic.c: what the guest sends is nobody's. */
void
nic_send(struct nic *nic, const struct nic_frame *frame)
{
	(void)frame;
	nic->sent++;
}

static uint64_t
world_now(void *ctx)
{
	return machine_now(ctx);
}

static void
world_later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	timers_later(&((struct machine *)ctx)->timers, delay, call, argument);
}

static void *
world_map(void *ctx, uint64_t address, size_t size)
{
	(void)ctx;
	if (address > MEMORY || size > MEMORY - address)
		return NULL;
	return the_lab->memory + address;
}

static bool
world_read(void *ctx, uint64_t address, void *to, size_t size)
{
	const void *from = world_map(ctx, address, size);

	if (from != NULL)
		memcpy(to, from, size);
	return from != NULL;
}

static bool
world_write(void *ctx, uint64_t address, const void *from, size_t size)
{
	void *to = world_map(ctx, address, size);

	if (to != NULL)
		memcpy(to, from, size);
	return to != NULL;
}

static uint64_t
world_random(void *ctx, uint64_t limit)
{
	(void)ctx;
	return limit / 2;
}

static void
world_interrupt(void *ctx, unsigned vcpu, uint8_t vector)
{
	(void)ctx;
	(void)vcpu;
	(void)vector;
}

static int
lab_make(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct machine *machine = stage_new();

	the_lab = lab;
	machine->tsc_hz = TSC_HZ;
	machine->options.vcpus = 2;
	machine->world = (struct host_world){ .ctx = machine,
		.now = world_now,
		.later = world_later,
		.read = world_read,
		.write = world_write,
		.map = world_map,
		.interrupt = world_interrupt,
		.random = world_random };
	host_cpuid_show(&machine->cpuid, HOST_HYPERV, CPUID_HV_FIRST);
	lab->machine = machine;
	lab->vcpu.machine = machine;
	lab->vcpu.fd = -1;
	lab->self = face_hyperv.make(machine, CPUID_HV_FIRST);
	*state = lab;
	return lab->self == NULL;
}

static int
lab_free(void **state)
{
	struct lab *lab = *state;

	face_hyperv.free(lab->self);
	stage_free(lab->machine);
	reply_free(&lab->reply);
	free(lab);
	return 0;
}

/* ---- Registers --------------------------------------------------------- */

static void
test_leaves_say_what_is_there(void **state)
{
	struct lab *lab = *state;
	struct host_cpuid_leaf leaf = host_cpuid_get(&lab->machine->cpuid,
	    CPUID_HV_FIRST + HV_LEAF_FEATURES);
	uint64_t value = 0;

	assert_int_equal(leaf.ebx & HV_MAY_CREATE_PARTITIONS, 0);
	assert_int_not_equal(leaf.edx & HV_HAS_FREQUENCY, 0);
	leaf = host_cpuid_get(&lab->machine->cpuid,
	    CPUID_HV_FIRST + HV_LEAF_HINTS);
	assert_int_not_equal(leaf.eax & HV_HINT_NO_AUTO_EOI, 0);
	leaf = host_cpuid_get(&lab->machine->cpuid,
	    CPUID_HV_FIRST + HV_LEAF_LIMITS);
	assert_int_equal(leaf.eax, MACHINE_VCPUS);
	assert_true(
	    face_hyperv.rdmsr(lab->self, 0, HV_MSR_TSC_FREQUENCY, &value));
	assert_int_equal(value, TSC_HZ);
	assert_true(
	    face_hyperv.rdmsr(lab->self, 0, HV_MSR_APIC_FREQUENCY, &value));
	assert_int_equal(value, 1000000000u);
}

static void
test_registers_that_are_not_announced_fault(void **state)
{
	static const uint32_t none[] = { HV_MSR_EOI, HV_MSR_ICR, HV_MSR_TPR,
		HV_MSR_GUEST_IDLE, HV_MSR_REENLIGHTENMENT, HV_MSR_TSC_EMULATION,
		HV_MSR_TSC_INVARIANT, 0x40000200, 0x4b564d00 };
	static const uint32_t read_only[] = { HV_MSR_VP_INDEX,
		HV_MSR_REFERENCE_COUNTER, HV_MSR_TSC_FREQUENCY,
		HV_MSR_SVERSION };
	struct lab *lab = *state;
	uint64_t value;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(face_hyperv.rdmsr(lab->self, 0, none[i], &value));
		assert_false(face_hyperv.wrmsr(lab->self, 0, none[i], 1));
	}
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		assert_true(
		    face_hyperv.rdmsr(lab->self, 1, read_only[i], &value));
		assert_false(face_hyperv.wrmsr(lab->self, 1, read_only[i], 1));
	}
	assert_false(face_hyperv.rdmsr(lab->self, 2, HV_MSR_VP_INDEX, &value));
}

static uint64_t
call(struct lab *lab, uint64_t control, uint64_t input)
{
	lab->vcpu.regs =
	    (struct kvm_regs){ .rax = 77, .rcx = control, .rdx = input };
	lab->vcpu.changed_regs = false;
	ports_out(&lab->machine->ports, &lab->vcpu, HYPERV_CALL_PORT, 1, 0);
	assert_true(lab->vcpu.changed_regs);
	return lab->vcpu.regs.rax;
}

static void
test_hypercalls_are_by_registers(void **state)
{
	struct lab *lab = *state;
	static const uint8_t code[] = { 0xe6, HYPERV_CALL_PORT, 0xc3 };

	/* nobody without an identity */
	assert_int_equal(call(lab, HV_HC_NOTIFY_LONG_SPIN | HV_INPUT_FAST, 0),
	    HV_STATUS_INVALID_HYPERCALL_CODE);
	assert_true(
	    face_hyperv.wrmsr(lab->self, 0, HV_MSR_GUEST_OS_ID, 1ull << 63));
	assert_true(face_hyperv.wrmsr(lab->self, 0, HV_MSR_HYPERCALL,
	    4096 | HV_PLACE_ENABLE));
	assert_memory_equal(lab->memory + 4096, code, sizeof(code));
	assert_int_equal(call(lab, HV_HC_NOTIFY_LONG_SPIN | HV_INPUT_FAST, 0),
	    HV_STATUS_SUCCESS);
	assert_int_equal(call(lab, HV_HC_FLUSH_ADDRESS_SPACE, 0),
	    HV_STATUS_INVALID_HYPERCALL_CODE);
	assert_int_equal(call(lab, HV_HC_SIGNAL_EVENT | HV_INPUT_FAST, 12345),
	    HV_STATUS_INVALID_CONNECTION_ID);
	/* an address that is not the guest's */
	assert_int_equal(call(lab, HV_HC_POST_MESSAGE, 1ull << 40),
	    HV_STATUS_INVALID_PARAMETER);
}

static void
test_crash_ends_the_machine_with_its_last_words(void **state)
{
	struct lab *lab = *state;
	static const char text[] = "first\nKernel panic\033[2J";

	memcpy(lab->memory + 100, text, sizeof(text) - 1);
	face_hyperv.wrmsr(lab->self, 0, HV_MSR_CRASH_P3, 100);
	face_hyperv.wrmsr(lab->self, 0, HV_MSR_CRASH_P4, sizeof(text) - 1);
	assert_false(lab->machine->ended);
	assert_true(face_hyperv.wrmsr(lab->self, 0, HV_MSR_CRASH_CTL,
	    HV_CRASH_NOTIFY | HV_CRASH_MESSAGE));
	assert_true(lab->machine->ended);
	assert_int_equal(lab->machine->status, EXIT_CRASHED);
	assert_string_equal(stage_said(), "guest: Kernel panic?[2J");
}

static void
test_crash_with_a_text_that_is_not_there(void **state)
{
	struct lab *lab = *state;

	face_hyperv.wrmsr(lab->self, 0, HV_MSR_CRASH_P0, 0xabc);
	face_hyperv.wrmsr(lab->self, 0, HV_MSR_CRASH_P3, MEMORY - 8);
	face_hyperv.wrmsr(lab->self, 0, HV_MSR_CRASH_P4, UINT64_MAX);
	face_hyperv.wrmsr(lab->self, 0, HV_MSR_CRASH_CTL,
	    HV_CRASH_NOTIFY | HV_CRASH_MESSAGE);
	assert_int_equal(lab->machine->status, EXIT_CRASHED);
	assert_non_null(strstr(stage_said(), "has crashed, and says 0xabc "));
}

static void
test_reset_ends_the_machine(void **state)
{
	struct lab *lab = *state;

	face_hyperv.wrmsr(lab->self, 0, HV_MSR_RESET, 0);
	assert_false(lab->machine->ended);
	face_hyperv.wrmsr(lab->self, 0, HV_MSR_RESET, HV_RESET_NOW);
	assert_true(lab->machine->ended);
	assert_int_equal(lab->machine->status, EXIT_OFF);
}

/* ---- Keys -------------------------------------------------------------- */

static void
is_refused(struct lab *lab, bool answer, const char *part)
{
	assert_false(answer);
	assert_non_null(lab->reply.text);
	if (strstr(lab->reply.text, part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", lab->reply.text, part);
	reply_free(&lab->reply);
	lab->reply = (struct reply){ 0 };
}

static void
says(struct lab *lab, bool answer, const char *text)
{
	assert_true(answer);
	assert_string_equal(lab->reply.text != NULL ? lab->reply.text : "",
	    text);
	reply_free(&lab->reply);
	lab->reply = (struct reply){ 0 };
}

static bool
set(struct lab *lab, const char *key, const char *value)
{
	return face_hyperv.key_set(lab->self, key, value,
	    value != NULL ? strlen(value) : 0, &lab->reply);
}

static bool
get(struct lab *lab, const char *key)
{
	return face_hyperv.key_get(lab->self, key, &lab->reply);
}

static bool
list(struct lab *lab, const char *key)
{
	return face_hyperv.key_list(lab->self, key, &lab->reply);
}

static void
test_keys_are_kept_for_the_guest(void **state)
{
	struct lab *lab = *state;

	says(lab, set(lab, "External/b", "first"), "");
	says(lab, set(lab, "Guest/Parameters/HostName", "host"), "");
	says(lab, set(lab, "External/b", "second"), "");
	says(lab, get(lab, "External/b"), "second");
	says(lab, list(lab, ""), "External/b\nGuest/Parameters/HostName\n");
	says(lab, list(lab, "External/"), "External/b\n");
	says(lab, list(lab, "Guest/Parameters"), "Guest/Parameters/HostName\n");
	says(lab, list(lab, "Guest"), "");
	says(lab, set(lab, "External/b", NULL), "");
	is_refused(lab, get(lab, "External/b"), "no key");
	is_refused(lab, set(lab, "External/b", NULL), "no key");
	/* and once more, before the guest has heard of the end */
	says(lab, set(lab, "External/b", "third"), "");
	says(lab, get(lab, "External/b"), "third");
	stage_pass(lab->machine, 10 * SECOND);
	face_hyperv.status(lab->self, &lab->reply);
	assert_non_null(strstr(lab->reply.text, "keys 2\nkeys-sent 0\n"));
	assert_non_null(strstr(lab->reply.text, "kvp none\n"));
}

static void
test_keys_that_cannot_be(void **state)
{
	struct lab *lab = *state;
	char name[600] = "External/", value[1100];

	is_refused(lab, set(lab, "greeting", "x"), "External/NAME");
	is_refused(lab, set(lab, "External/", "x"), "External/NAME");
	is_refused(lab, set(lab, "Guest/answer", "x"), "for the guest to set");
	is_refused(lab, set(lab, "Auto/OSName", "x"), "for the guest to set");
	is_refused(lab, get(lab, ""), "External/NAME");
	is_refused(lab, list(lab, "Elsewhere"), "Elsewhere");
	is_refused(lab, get(lab, "Guest/answer"), "not told");
	memset(name + 9, 'n', 256);
	is_refused(lab, set(lab, name, "x"), "256 characters");
	name[9 + 255] = '\0';
	says(lab, set(lab, name, "x"), "");
	memset(value, 'v', sizeof(value));
	is_refused(lab,
	    face_hyperv.key_set(lab->self, "External/x", value, 1024,
		&lab->reply),
	    "1024 characters");
	is_refused(lab,
	    face_hyperv.key_set(lab->self, "External/x", "a\0b", 3,
		&lab->reply),
	    "without a NUL");
}

static void
test_keys_have_an_end(void **state)
{
	struct lab *lab = *state;
	char name[32];
	unsigned i = 0;

	do
		snprintf(name, sizeof(name), "External/%u", i++);
	while (i < 10000 && set(lab, name, "x"));
	assert_int_equal(i, 4097);
}

/* ---- Requests ---------------------------------------------------------- */

static void
test_requests_wait_for_their_service(void **state)
{
	static const char *const known[] = { "shutdown", "shutdown force",
		"reboot", "suspend", "heartbeat", "freeze", "thaw" };
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		is_refused(lab,
		    face_hyperv.request(lab->self, known[i], &lab->reply),
		    "is not up");
	is_refused(lab, face_hyperv.request(lab->self, "dance", &lab->reply),
	    "expected one of shutdown");
	assert_true(face_hyperv.step(lab->self, -(int64_t)SECOND, &lab->reply));
	stage_pass(lab->machine, 20 * SECOND);
}

/* ---- Devices ----------------------------------------------------------- */

static void
test_disks_come_and_go(void **state)
{
	struct lab *lab = *state;
	static uint8_t bytes[4096];
	struct disk disks[HYPERV_LUNS + 1];

	memset(disks, 0, sizeof(disks));
	for (unsigned i = 0; i <= HYPERV_LUNS; i++) {
		disks[i].fd = -1;
		disks[i].bytes = bytes;
		disks[i].size = sizeof(bytes);
		disks[i].sector_size = 512;
		disks[i].read_only = true;
		disks[i].cdrom = i % 2 != 0;
		snprintf(disks[i].name, sizeof(disks[i].name), "disk%u", i);
	}
	for (unsigned i = 0; i < HYPERV_LUNS; i++) {
		assert_true(
		    face_hyperv.disk_add(lab->self, &disks[i], &lab->reply));
		assert_int_equal(disks[i].place, i);
	}
	is_refused(lab,
	    face_hyperv.disk_add(lab->self, &disks[HYPERV_LUNS], &lab->reply),
	    "64 disks");
	is_refused(lab,
	    face_hyperv.disk_remove(lab->self, &disks[HYPERV_LUNS],
		&lab->reply),
	    "not there");
	assert_true(face_hyperv.disk_remove(lab->self, &disks[7], &lab->reply));
	assert_true(
	    face_hyperv.disk_add(lab->self, &disks[HYPERV_LUNS], &lab->reply));
	assert_int_equal(disks[HYPERV_LUNS].place, 7);
}

static void
test_nics_come_and_go(void **state)
{
	struct lab *lab = *state;
	static const uint8_t frame[60] = { 0 };
	struct nic_frame to = { .bytes = frame, .length = sizeof(frame) };
	struct manners manners;
	struct nic nics[2] = { { .name = "nic0" }, { .name = "nic1" } };

	for (unsigned i = 0; i < 2; i++)
		assert_true(
		    face_hyperv.nic_add(lab->self, &nics[i], &lab->reply));
	assert_false(nics[0].receive(nics[0].ctx, &to)); /* nobody listens */
	assert_true(face_hyperv.manners(lab->self, "netvsp1", &manners));
	assert_true(face_hyperv.nic_remove(lab->self, &nics[0], &lab->reply));
	assert_null(nics[0].receive);
	assert_false(face_hyperv.manners(lab->self, "netvsp0", &manners));
	is_refused(lab,
	    face_hyperv.nic_remove(lab->self, &nics[0], &lab->reply),
	    "not there");
	assert_true(face_hyperv.nic_add(lab->self, &nics[0], &lab->reply));
	assert_true(face_hyperv.manners(lab->self, "netvsp0", &manners));
}

static void
test_manners_by_part(void **state)
{
	static const char *const parts[] = { "hyperv", "storvsp0",
		"storvsp0.ring", "storvsp0.ring1", "kvp", "heartbeat",
		"shutdown.ring", "vss", "timesync", "fcopy" };
	static const char *const none[] = { "", "storvsp", "storvsp1",
		"netvsp0", "storvsp0.ring65", "storvsp0.ringx", ".ring" };
	struct lab *lab = *state;
	struct manners manners;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_true(face_hyperv.manners(lab->self, parts[i], &manners));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(face_hyperv.manners(lab->self, none[i], &manners));
	assert_true(face_hyperv.manners(lab->self, "storvsp0", &manners));
	assert_true(manners_set(&manners, "delay", "1000", &lab->reply));
	assert_int_equal(host_storvsp_manners(lab->self->storvsp)->delay, 1000);
	face_hyperv.look(lab->self);
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_make, lab_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_leaves_say_what_is_there),
		lab_test(test_registers_that_are_not_announced_fault),
		lab_test(test_hypercalls_are_by_registers),
		lab_test(test_crash_ends_the_machine_with_its_last_words),
		lab_test(test_crash_with_a_text_that_is_not_there),
		lab_test(test_reset_ends_the_machine),
		lab_test(test_keys_are_kept_for_the_guest),
		lab_test(test_keys_that_cannot_be),
		lab_test(test_keys_have_an_end),
		lab_test(test_requests_wait_for_their_service),
		lab_test(test_disks_come_and_go),
		lab_test(test_nics_come_and_go),
		lab_test(test_manners_by_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
