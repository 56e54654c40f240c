/* SPDX-License-Identifier: ISC */
/* VMware's face without KVM: registers of a vCPU that does not run, the
 * administrator's words, and what is shown of what a guest says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "programs/pvhost/face_vmware.h"
#include "programs/pvhost/manners.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/vcpu.h"
#include "tests/support/pvhost_stage.h"
#include "wire/cpuid.h"
#include "wire/endian.h"
#include "wire/vmware/backdoor.h"
#include "wire/vmware/guestrpc.h"
#include "wire/vmware/nicinfo.h"

#define TSC_HZ 2500000000ull
#define MEMORY 4096u

struct lab {
	struct machine *machine;
	void *self;
	struct vcpu vcpu;
	struct reply reply;
	uint8_t memory[MEMORY];
	/* of the last open */
	uint64_t channel, high, low;
};

static uint64_t
world_now(void *ctx)
{
	return machine_now(ctx);
}

static struct lab *the_lab;

static bool
world_read(void *ctx, uint64_t address, void *to, size_t size)
{
	(void)ctx;
	if (address > MEMORY || size > MEMORY - address)
		return false;
	memcpy(to, the_lab->memory + address, size);
	return true;
}

static bool
world_write(void *ctx, uint64_t address, const void *from, size_t size)
{
	(void)ctx;
	if (address > MEMORY || size > MEMORY - address)
		return false;
	memcpy(the_lab->memory + address, from, size);
	return true;
}

static int
lab_make(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	struct machine *machine = stage_new();

	machine->tsc_hz = TSC_HZ;
	machine->options.memory = 256u << 20;
	machine->world = (struct host_world){ .ctx = machine,
		.now = world_now,
		.read_linear = world_read,
		.write_linear = world_write };
	the_lab = lab;
	lab->machine = machine;
	lab->vcpu.machine = machine;
	lab->self = face_vmware.make(machine, CPUID_HV_FIRST);
	assert_non_null(lab->self);
	*state = lab;
	return 0;
}

static int
lab_free(void **state)
{
	struct lab *lab = *state;

	face_vmware.free(lab->self);
	assert_null(lab->machine->ports.ranges);
	stage_free(lab->machine);
	reply_free(&lab->reply);
	free(lab);
	return 0;
}

static struct host_vmware *
model(const struct lab *lab)
{
	return ((const struct face_vmware *)lab->self)->host;
}

/* IN EAX, DX as KVM does it: RAX is what comes back. */
static struct kvm_regs *
in(struct lab *lab, uint32_t cx, uint64_t bx)
{
	struct kvm_regs *regs = &lab->vcpu.regs;

	regs->rax = VMWARE_MAGIC;
	regs->rbx = bx;
	regs->rcx = cx;
	regs->rdx = (regs->rdx & 0xffff0000) | VMWARE_PORT;
	lab->vcpu.changed_regs = false;
	regs->rax = ports_in(&lab->machine->ports, &lab->vcpu, VMWARE_PORT, 4);
	return regs;
}

static unsigned
message(struct lab *lab, unsigned type, uint64_t bx)
{
	struct kvm_regs *regs = &lab->vcpu.regs;

	regs->rdx = lab->channel << 16;
	regs->rsi = lab->high;
	regs->rdi = lab->low;
	return (unsigned)(in(lab, VMWARE_MESSAGE | type << 16, bx)->rcx >> 16);
}

static void
open_channel(struct lab *lab, uint32_t protocol)
{
	struct kvm_regs *regs = &lab->vcpu.regs;

	assert_int_equal(message(lab, VMWARE_MESSAGE_OPEN,
			     protocol | VMWARE_COOKIE),
	    VMWARE_STATUS_SUCCESS);
	lab->channel = regs->rdx >> 16 & 0xffff;
	lab->high = regs->rsi;
	lab->low = regs->rdi;
}

/* A whole REP as vcpu_port.c has it. */
static unsigned
string(struct lab *lab, bool out, uint64_t address, uint64_t size)
{
	struct port_range *range = ports_find(&lab->machine->ports,
	    VMWARE_PORT_HIGH);
	struct kvm_regs *regs = &lab->vcpu.regs;

	*regs = (struct kvm_regs){ .rax = VMWARE_MAGIC,
		.rbx = VMWARE_HIGH_SUCCESS << 16,
		.rcx = size,
		.rdx = lab->channel << 16 | VMWARE_PORT_HIGH,
		.rsi = out ? address : lab->high,
		.rdi = out ? lab->low : address,
		.rbp = out ? lab->high : lab->low };
	range->string(range->ctx, &lab->vcpu, out);
	return regs->rbx >> 16 & 0xffff;
}

/* ---- What a vCPU does --------------------------------------------------- */

static void
test_cpuid_has_frequencies_and_no_other_instruction(void **state)
{
	struct lab *lab = *state;
	struct host_cpuid_leaf leaf = host_cpuid_get(&lab->machine->cpuid,
	    CPUID_HV_FIRST + VMWARE_LEAF_CALL);

	assert_int_equal(leaf.eax, TSC_HZ / 1000);
	assert_int_equal(leaf.ebx, 1000000);
	assert_int_equal(leaf.ecx, 0);
}

static void
test_in_answers_in_all_registers(void **state)
{
	struct lab *lab = *state;
	struct kvm_regs *regs = in(lab, VMWARE_VERSION, 0);

	assert_int_equal(regs->rax, 6);
	assert_int_equal(regs->rbx, VMWARE_MAGIC);
	assert_int_equal(regs->rcx, 2);
	assert_true(lab->vcpu.changed_regs);
	regs = in(lab, VMWARE_HZ, UINT32_MAX);
	assert_int_equal(regs->rbx << 32 | regs->rax, TSC_HZ);
	assert_int_equal(regs->rcx, 1000000000);
	assert_int_equal(in(lab, VMWARE_RAM, 0)->rax, 256);
	assert_int_equal(in(lab, VMWARE_SPEED, 0)->rax, 2500);
}

static void
test_out_does_as_in(void **state)
{
	struct lab *lab = *state;
	struct kvm_regs *regs = &lab->vcpu.regs;

	*regs = (struct kvm_regs){ .rax = VMWARE_MAGIC,
		.rcx = VMWARE_VERSION,
		.rdx = VMWARE_PORT };
	ports_out(&lab->machine->ports, &lab->vcpu, VMWARE_PORT, 4,
	    VMWARE_MAGIC);
	assert_int_equal(regs->rax, 6);
	assert_int_equal(regs->rbx, VMWARE_MAGIC);
}

static void
test_who_does_not_say_the_word_finds_nothing(void **state)
{
	struct lab *lab = *state;
	struct kvm_regs *regs = &lab->vcpu.regs, before;

	for (unsigned width = 1; width <= 4; width *= 2) {
		*regs = (struct kvm_regs){ .rax = width == 4 ? 1 : VMWARE_MAGIC,
			.rcx = VMWARE_VERSION,
			.rdx = VMWARE_PORT };
		before = *regs;
		assert_int_equal(ports_in(&lab->machine->ports, &lab->vcpu,
				     VMWARE_PORT, width),
		    UINT32_MAX);
		ports_out(&lab->machine->ports, &lab->vcpu, VMWARE_PORT, width,
		    1);
		assert_memory_equal(regs, &before, sizeof(before));
	}
	assert_false(lab->vcpu.changed_regs);
	assert_int_equal(host_vmware_counts(model(lab))->exits, 0);
}

static void
test_a_hypercall_is_ours_with_the_word(void **state)
{
	struct lab *lab = *state;
	struct kvm_regs *regs = &lab->vcpu.regs;

	regs->rax = 17;
	assert_false(face_vmware.hypercall(lab->self, &lab->vcpu));
	assert_int_equal(regs->rax, 17);
	*regs = (struct kvm_regs){ .rax = VMWARE_MAGIC, .rcx = VMWARE_VERSION };
	assert_true(face_vmware.hypercall(lab->self, &lab->vcpu));
	assert_int_equal(regs->rax, 6);
	assert_int_equal(regs->rbx, VMWARE_MAGIC);
}

static void
test_a_call_word_by_word(void **state)
{
	static const char call[] = "info-get guestinfo.a"; /* 20 bytes */
	struct lab *lab = *state;
	char reply[9] = "";

	assert_true(face_vmware.key_set(lab->self, "guestinfo.a", "value", 5,
	    &lab->reply));
	open_channel(lab, VMWARE_RPCI);
	assert_true(
	    message(lab, VMWARE_MESSAGE_SEND_SIZE, 20) & VMWARE_STATUS_SUCCESS);
	for (unsigned i = 0; i < 20; i += 4)
		assert_true(
		    message(lab, VMWARE_MESSAGE_SEND, get_le32(call + i)) &
		    VMWARE_STATUS_SUCCESS);
	assert_true(message(lab, VMWARE_MESSAGE_RECEIVE_SIZE, 0) &
	    VMWARE_STATUS_WAITING);
	assert_int_equal(lab->vcpu.regs.rbx, 7);
	for (unsigned i = 0; i < 8; i += 4) {
		message(lab, VMWARE_MESSAGE_RECEIVE, VMWARE_STATUS_SUCCESS);
		put_le32(reply + i, (uint32_t)lab->vcpu.regs.rbx);
	}
	assert_string_equal(reply, "1 value");
}

static void
test_a_call_by_strings(void **state)
{
	static const char call[] = "info-set guestinfo.b by strings";
	struct lab *lab = *state;
	unsigned status;

	memcpy(lab->memory + 100, call, sizeof(call) - 1);
	open_channel(lab, VMWARE_RPCI);
	status = message(lab, VMWARE_MESSAGE_SEND_SIZE, sizeof(call) - 1);
	assert_true(status & VMWARE_STATUS_HIGH);
	assert_int_equal(string(lab, true, 100, sizeof(call) - 1),
	    VMWARE_STATUS_SUCCESS);
	assert_true(lab->vcpu.changed_regs);
	status = message(lab, VMWARE_MESSAGE_RECEIVE_SIZE, 0);
	assert_true(status & VMWARE_STATUS_WAITING);
	assert_int_equal(lab->vcpu.regs.rbx, 2);
	assert_int_equal(string(lab, false, 2000, 2), VMWARE_STATUS_SUCCESS);
	assert_memory_equal(lab->memory + 2000, "1 ", 2);
	assert_true(face_vmware.key_get(lab->self, "guestinfo.b", &lab->reply));
	assert_string_equal(lab->reply.text, "by strings");
}

static void
test_a_string_beyond_memory_is_refused(void **state)
{
	struct lab *lab = *state;

	open_channel(lab, VMWARE_RPCI);
	message(lab, VMWARE_MESSAGE_SEND_SIZE, 10);
	assert_int_equal(string(lab, true, MEMORY - 5, 10), 0);
	assert_int_equal(string(lab, true, UINT64_MAX - 2, 10), 0);
	assert_int_equal(string(lab, true, 0, UINT64_MAX), 0);
	assert_true(host_vmware_counts(model(lab))->refused >= 3);
}

static uint64_t
guest_time(struct lab *lab)
{
	struct kvm_regs *regs = in(lab, VMWARE_TIME_FULL, 0);

	assert_int_equal(regs->rax, VMWARE_MAGIC);
	return (uint64_t)regs->rsi << 32 | (uint32_t)regs->rdx;
}

static void
test_the_time_is_the_hosts_and_the_administrators_step(void **state)
{
	struct lab *lab = *state;
	uint64_t now = (uint64_t)time(NULL);

	assert_in_range(guest_time(lab), now, now + 2);
	/* the machine's own clock runs another way */
	stage_pass(lab->machine, 5000ull * 1000000000);
	assert_in_range(guest_time(lab), now, now + 2);
	assert_true(
	    face_vmware.step(lab->self, -3600ll * 1000000000, &lab->reply));
	assert_in_range(guest_time(lab), now - 3600, now - 3598);
}

/* ---- The administrator -------------------------------------------------- */

static void
test_keys_are_set_read_listed_and_deleted(void **state)
{
	struct lab *lab = *state;
	static char big[70000];

	memset(big, 'x', sizeof(big));
	assert_true(
	    face_vmware.key_set(lab->self, "guestinfo.a", "1", 1, &lab->reply));
	assert_true(
	    face_vmware.key_set(lab->self, "other", "", 0, &lab->reply));
	assert_true(face_vmware.key_list(lab->self, "", &lab->reply));
	assert_non_null(strstr(lab->reply.text, "guestinfo.a\n"));
	assert_non_null(strstr(lab->reply.text, "other\n"));
	reply_free(&lab->reply);
	assert_true(face_vmware.key_list(lab->self, "guestinfo.", &lab->reply));
	assert_string_equal(lab->reply.text, "guestinfo.a\n");
	assert_true(face_vmware.key_set(lab->self, "guestinfo.a", NULL, 0,
	    &lab->reply));
	assert_false(
	    face_vmware.key_get(lab->self, "guestinfo.a", &lab->reply));
	assert_false(face_vmware.key_set(lab->self, "guestinfo.a", NULL, 0,
	    &lab->reply));
	assert_non_null(strstr(lab->reply.text, "no key"));
	assert_false(
	    face_vmware.key_set(lab->self, "a b", "1", 1, &lab->reply));
	assert_non_null(strstr(lab->reply.text, "without blanks"));
	assert_false(face_vmware.key_set(lab->self, "", "1", 1, &lab->reply));
	assert_false(face_vmware.key_set(lab->self, "guestinfo.c", big,
	    sizeof(big), &lab->reply));
	assert_non_null(strstr(lab->reply.text, "70000 bytes"));
}

static void
test_requests_need_tools_and_a_word_that_there_is(void **state)
{
	struct lab *lab = *state;

	assert_false(face_vmware.request(lab->self, "dance", &lab->reply));
	assert_non_null(strstr(lab->reply.text, "shutdown, halt, reboot"));
	assert_false(face_vmware.request(lab->self, "shutdown", &lab->reply));
	assert_non_null(strstr(lab->reply.text, "no tools are running"));
}

static void
rpc(struct lab *lab, const void *bytes, size_t size)
{
	memcpy(lab->memory, bytes, size);
	open_channel(lab, VMWARE_RPCI);
	message(lab, VMWARE_MESSAGE_SEND_SIZE, size);
	assert_int_equal(string(lab, true, 0, size), VMWARE_STATUS_SUCCESS);
	message(lab, VMWARE_MESSAGE_CLOSE, 0);
}

/* A poll of the guest's for calls; the text of one, or "". */
static const char *
poll(struct lab *lab, const char *answer)
{
	size_t size = strlen(answer);

	memcpy(lab->memory, answer, size);
	message(lab, VMWARE_MESSAGE_SEND_SIZE, size);
	if (size > 0)
		assert_int_equal(string(lab, true, 0, size),
		    VMWARE_STATUS_SUCCESS);
	if ((message(lab, VMWARE_MESSAGE_RECEIVE_SIZE, 0) &
		VMWARE_STATUS_WAITING) == 0)
		return "";
	size = lab->vcpu.regs.rbx;
	assert_int_equal(string(lab, false, 1000, size), VMWARE_STATUS_SUCCESS);
	lab->memory[1000 + size] = '\0';
	message(lab, VMWARE_MESSAGE_RECEIVE_STATUS, VMWARE_STATUS_SUCCESS);
	return (const char *)lab->memory + 1000;
}

static void
test_a_request_reaches_the_tools(void **state)
{
	static const struct {
		const char *request, *call;
	} all[] = { { "shutdown", "OS_Halt" }, { "reboot", "OS_Reboot" },
		{ "suspend", "OS_Suspend" }, { "resume", "OS_Resume" },
		{ "freeze", "vmbackup.start 1" },
		{ "thaw", "vmbackup.abort" } };
	struct lab *lab = *state;

	open_channel(lab, VMWARE_TCLO);
	assert_string_equal(poll(lab, ""), "reset");
	assert_string_equal(poll(lab, "OK ATR toolbox"),
	    "Capabilities_Register");
	while (*poll(lab, "OK ") != '\0')
		;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_true(face_vmware.request(lab->self, all[i].request,
		    &lab->reply));
		assert_string_equal(poll(lab, ""), all[i].call);
		assert_string_equal(poll(lab, "OK "), "");
	}
	assert_false(face_vmware.request(lab->self, "snapshot", &lab->reply));
	assert_non_null(strstr(lab->reply.text, "under way"));
	assert_true(face_vmware.request(lab->self, "heartbeat", &lab->reply));
}

/* ---- What a guest says of itself ---------------------------------------- */

struct xdr {
	uint8_t bytes[1024];
	size_t size;
};

static void
word(struct xdr *xdr, uint32_t value)
{
	put_be32(xdr->bytes + xdr->size, value);
	xdr->size += 4;
}

static void
opaque(struct xdr *xdr, const void *bytes, uint32_t size)
{
	word(xdr, size);
	memcpy(xdr->bytes + xdr->size, bytes, size);
	xdr->size += (size + 3) / 4 * 4;
}

static struct xdr
nic_list(void)
{
	struct xdr xdr = { .size = 0 };

	memcpy(xdr.bytes, "SetGuestInfo  10 ", 17);
	xdr.size = 17;
	word(&xdr, NICINFO_V3);
	word(&xdr, 1);
	word(&xdr, 1); /* a NIC */
	opaque(&xdr, "00:50:56:00:00:01", 17);
	word(&xdr, 2); /* addresses */
	word(&xdr, NICINFO_IPV4);
	opaque(&xdr, "\xc0\x00\x02\x07", 4);
	word(&xdr, 24);
	word(&xdr, 0);
	word(&xdr, 1);
	word(&xdr, NICINFO_STATUS_PREFERRED);
	word(&xdr, NICINFO_IPV6);
	opaque(&xdr, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	word(&xdr, 64);
	word(&xdr, 0);
	word(&xdr, 0);
	for (unsigned i = 0; i < 4; i++)
		word(&xdr, 0);
	word(&xdr, 0); /* routes */
	for (unsigned i = 0; i < 4; i++)
		word(&xdr, 0);
	return xdr;
}

static bool
status_says(struct lab *lab, const char *text)
{
	reply_free(&lab->reply);
	face_vmware.status(lab->self, &lab->reply);
	return strstr(lab->reply.text, text) != NULL;
}

static void
test_the_status_has_what_the_guest_reported(void **state)
{
	static const char name[] = "SetGuestInfo  1 guest.example";
	static const char version[] = "tools.set.versiontype 12345 4";
	struct lab *lab = *state;
	struct xdr list = nic_list();

	assert_true(status_says(lab, "tools none\n"));
	rpc(lab, name, sizeof(name));
	rpc(lab, version, sizeof(version));
	rpc(lab, list.bytes, list.size);
	assert_true(status_says(lab, "host-name guest.example\n"));
	assert_true(status_says(lab, "tools-version 12345 4\n"));
	assert_true(status_says(lab,
	    "nic 00:50:56:00:00:01 192.0.2.7/24 fe80::1/64\n"));
	assert_true(status_says(lab, "rpc SetGuestInfo  1 guest.example\n"));
}

static void
test_what_could_harm_a_terminal_is_not_shown(void **state)
{
	static const char name[] = "SetGuestInfo  1 a\033[2Jb\nhost-name c";
	struct lab *lab = *state;

	rpc(lab, name, sizeof(name));
	assert_true(status_says(lab, "host-name a?[2Jb?host-name c\n"));
	assert_null(strchr(lab->reply.text, '\033'));
}

/* Of a list that is cut anywhere or changed nothing is read beyond. */
static void
test_a_list_of_nics_that_is_none_is_not_read_beyond(void **state)
{
	struct lab *lab = *state;
	struct xdr list = nic_list();

	for (size_t cut = 0; cut <= list.size - 17; cut++)
		for (unsigned value = 0; value < 256; value += 51) {
			uint8_t *copy = malloc(cut + 1);

			memcpy(copy, list.bytes + 17, cut);
			if (cut > 0)
				copy[cut * 7 / 11] = (uint8_t)value;
			vmware_print_nics(&lab->reply, (char *)copy, cut);
			free(copy);
		}
	assert_false(lab->reply.cut);
}

static void
test_it_can_be_made_to_misbehave(void **state)
{
	struct lab *lab = *state;
	struct manners manners;

	assert_false(face_vmware.manners(lab->self, "nothing", &manners));
	assert_true(face_vmware.manners(lab->self, "backdoor", &manners));
	assert_true(manners_set(&manners, "ones", "yes", &lab->reply));
	assert_int_equal(in(lab, VMWARE_VERSION, 0)->rax, UINT32_MAX);
	assert_true(manners_set(&manners, "ones", "no", &lab->reply));
	assert_int_equal(in(lab, VMWARE_VERSION, 0)->rax, 6);
}

int
main(void)
{
#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_make, lab_free)
	static const struct CMUnitTest tests[] = {
		LAB(test_cpuid_has_frequencies_and_no_other_instruction),
		LAB(test_in_answers_in_all_registers),
		LAB(test_out_does_as_in),
		LAB(test_who_does_not_say_the_word_finds_nothing),
		LAB(test_a_hypercall_is_ours_with_the_word),
		LAB(test_a_call_word_by_word),
		LAB(test_a_call_by_strings),
		LAB(test_a_string_beyond_memory_is_refused),
		LAB(test_the_time_is_the_hosts_and_the_administrators_step),
		LAB(test_keys_are_set_read_listed_and_deleted),
		LAB(test_requests_need_tools_and_a_word_that_there_is),
		LAB(test_a_request_reaches_the_tools),
		LAB(test_the_status_has_what_the_guest_reported),
		LAB(test_what_could_harm_a_terminal_is_not_shown),
		LAB(test_a_list_of_nics_that_is_none_is_not_read_beyond),
		LAB(test_it_can_be_made_to_misbehave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
