/* SPDX-License-Identifier: ISC */
/*
 * The backdoor's instructions really executed, by a child without privileges:
 * they fault, and the test, which traces it, does as VMware would and lets it go
 * on behind the instruction.  First the registers, one by one; then the whole
 * way from the bus to the model of VMware.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/vmware/vmware.h"
#include "port/linux/linux.h"
#include "pvbus/guest.h"
#include "wire/cpuid.h"
#include "wire/vmware/backdoor.h"

#ifdef __x86_64__

#define SECONDS 60

/* ---- The tracer ------------------------------------------------------- */

enum form {
	IN,
	INSB,
	OUTSB
};

struct trace {
	pid_t pid;
	unsigned exits, strings;
	/* registers in and out; with IN the low form */
	void (*act)(struct trace *, enum form, struct host_backdoor *);
	struct host_vmware *host;
	bool pressed;
	const struct host_backdoor *expected, *answer;
};

static bool
child_memory(const struct trace *trace, uint64_t address, void *bytes,
    size_t size, bool write)
{
	struct iovec ours = { .iov_base = bytes, .iov_len = size },
		     theirs = { .iov_base = (void *)(uintptr_t)address,
			     .iov_len = size };
	ssize_t moved = write
	    ? process_vm_writev(trace->pid, &ours, 1, &theirs, 1, 0)
	    : process_vm_readv(trace->pid, &ours, 1, &theirs, 1, 0);

	return moved == (ssize_t)size;
}

/* True: the fault was one of the backdoor, and is dealt with. */
static bool
emulate(struct trace *trace)
{
	struct user_regs_struct regs;
	struct host_backdoor r;
	uint8_t code[2];
	enum form form;

	if (ptrace(PTRACE_GETREGS, trace->pid, NULL, &regs) < 0 ||
	    !child_memory(trace, regs.rip, code, sizeof(code), false))
		return false;
	if (code[0] == 0xed)
		form = IN;
	else if (code[0] == 0xf3 && code[1] == 0x6c)
		form = INSB;
	else if (code[0] == 0xf3 && code[1] == 0x6e)
		form = OUTSB;
	else
		return false;
	r = (struct host_backdoor){ regs.rax, regs.rbx, regs.rcx, regs.rdx,
		regs.rsi, regs.rdi, regs.rbp };
	trace->exits++;
	trace->strings += form != IN;
	trace->act(trace, form, &r);
	regs.rax = r.ax;
	regs.rbx = r.bx;
	regs.rcx = r.cx;
	regs.rdx = r.dx;
	regs.rsi = r.si;
	regs.rdi = r.di;
	regs.rbp = r.bp;
	regs.rip += form == IN ? 1 : 2;
	return ptrace(PTRACE_SETREGS, trace->pid, NULL, &regs) == 0;
}

static void timers_run(void);

/* To the exit status of the child; 128 and more: a signal. */
static int
run(struct trace *trace)
{
	time_t end = time(NULL) + SECONDS;
	int status, number;

	for (;;) {
		assert_int_equal(waitpid(trace->pid, &status, 0), trace->pid);
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		number = WSTOPSIG(status);
		if (number == SIGSTOP || (number == SIGSEGV && emulate(trace)))
			number = 0;
		timers_run();
		if (time(NULL) > end)
			number = SIGKILL;
		assert_int_equal(ptrace(PTRACE_CONT, trace->pid, NULL,
				     (void *)(uintptr_t)number),
		    0);
	}
}

/* False: not allowed here. */
static bool
start(struct trace *trace, int (*life)(void))
{
	trace->pid = fork();
	assert_true(trace->pid >= 0);
	if (trace->pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		raise(SIGSTOP);
		_exit(life());
	}
	return true;
}

/* ---- Registers -------------------------------------------------------- */

static const struct host_backdoor sent = { 0x1111111156484d58, 0x22222222aaaa,
	0x3333333300000001, 0x4444444400005658, 0x5555555555555555,
	0x6666666666666666, 0x7777777777777777 };
static const struct host_backdoor got = { 0x8888888888888888,
	0x9999999999999999, 0xaaaaaaaaaaaaaaaa, 0xbbbbbbbbbbbbbbbb,
	0xcccccccccccccccc, 0xdddddddddddddddd, 0xeeeeeeeeeeeeeeee };

static bool pressed;

static int
child_request(void *owner, enum pv_request request, const struct pv_reason *why)
{
	(void)owner;
	(void)why;
	pressed = request == PV_REQUEST_SHUTDOWN;
	return PV_OK;
}

static const struct pv_port *
child_port(void)
{
	struct linux_port *linux_port = linux_port_new(
	    &(struct linux_port_config){ .as_vmware = true,
		.request = child_request,
		.vsock = "/nonexistent" });

	return linux_port_table(linux_port);
}

static int
child_registers(void)
{
	const struct pv_port *port = child_port();
	struct pv_backdoor r = { sent.ax, sent.bx, sent.cx, sent.dx, sent.si,
		sent.di, sent.bp };

	/* twice: all is as before after the first one */
	for (unsigned i = 0; i < 2; i++) {
		memcpy(&r, &sent, sizeof(r));
		if (port->backdoor(port->ctx, PV_BACKDOOR_PORT, &r) != PV_OK)
			return 1;
		if (memcmp(&r, &got, sizeof(r)) != 0)
			return 2;
		for (unsigned out = 0; out < 2; out++) {
			memcpy(&r, &sent, sizeof(r));
			if (port->backdoor_string(port->ctx, PV_BACKDOOR_PORT,
				out, &r) != PV_OK)
				return 3;
			if (memcmp(&r, &got, sizeof(r)) != 0)
				return 4;
		}
	}
	return 0;
}

static void
act_registers(struct trace *trace, enum form form, struct host_backdoor *r)
{
	(void)form;
	if (trace->expected != NULL && memcmp(r, &sent, sizeof(*r)) != 0)
		trace->expected = NULL; /* one was another */
	*r = got;
}

static void
test_registers_there_and_back(void **state)
{
	struct trace trace = { .act = act_registers, .expected = &sent };
	int status;

	(void)state;
	start(&trace, child_registers);
	status = run(&trace);
	if (status == 77) {
		print_message("# SKIP no process may be traced here\n");
		return;
	}
	assert_int_equal(status, 0);
	assert_non_null(trace.expected);
	assert_int_equal(trace.exits, 6);
	assert_int_equal(trace.strings, 4);
}

/* ---- The model -------------------------------------------------------- */

static struct timer {
	uint64_t when;
	void (*call)(void *);
	void *argument;
} timers[32];
static unsigned timer_count;
static struct trace *current;

static uint64_t
world_now(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * PV_SECOND + (uint64_t)now.tv_nsec;
}

static void
world_later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	(void)ctx;
	if (timer_count == sizeof(timers) / sizeof(timers[0]))
		abort();
	timers[timer_count++] = (struct timer){ world_now(NULL) + delay, call,
		argument };
}

static void
timers_run(void)
{
	for (unsigned i = 0; i < timer_count; i++)
		if (timers[i].when <= world_now(NULL)) {
			struct timer timer = timers[i];

			timers[i--] = timers[--timer_count];
			timer.call(timer.argument);
		}
}

static bool
world_read(void *ctx, uint64_t address, void *to, size_t size)
{
	(void)ctx;
	return child_memory(current, address, to, size, false);
}

static bool
world_write(void *ctx, uint64_t address, const void *from, size_t size)
{
	char copy[4096];

	(void)ctx;
	while (size > 0) {
		size_t part = size < sizeof(copy) ? size : sizeof(copy);

		memcpy(copy, from, part);
		if (!child_memory(current, address, copy, part, true))
			return false;
		from = (const char *)from + part;
		address += part;
		size -= part;
	}
	return true;
}

static void
act_host(struct trace *trace, enum form form, struct host_backdoor *r)
{
	size_t size;

	if (!trace->pressed &&
	    host_vmware_info(trace->host, "guestinfo.large", &size) != NULL)
		trace->pressed = host_vmware_power(trace->host, "OS_Halt");
	if (form == IN)
		host_vmware_backdoor(trace->host, r);
	else
		host_vmware_string(trace->host, form == OUTSB, r);
}

static void
child_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	(void)ctx;
	(void)subleaf;
	*out = (struct pv_cpuid){ 0 };
	if (leaf == 1)
		out->ecx = CPUID_1_ECX_HYPERVISOR;
	if (leaf == CPUID_HV_FIRST) {
		out->eax = CPUID_HV_FIRST + VMWARE_LEAF_CALL;
		memcpy(&out->ebx, CPUID_SIGNATURE_VMWARE, 4);
		memcpy(&out->ecx, &CPUID_SIGNATURE_VMWARE[4], 4);
		memcpy(&out->edx, &CPUID_SIGNATURE_VMWARE[8], 4);
	}
}

static bool answered;

static void
kv_done(struct pv_kv *kv)
{
	(void)kv;
	answered = true;
}

static int
ask(struct pv_bus *bus, const struct pv_port *port, enum pv_op op,
    const char *key, char *value, size_t size, size_t *len)
{
	struct pv_kv kv = { .op = op,
		.key = key,
		.keylen = strlen(key),
		.value = value,
		.room = size,
		.deadline = port->now(port->ctx) + 20 * PV_SECOND,
		.done = kv_done };

	answered = false;
	pv_store_submit(bus, pv_bus_interface(bus, 0), &kv);
	if (pv_await(bus, &answered, kv.deadline + PV_SECOND) != PV_OK)
		return PV_EIO;
	*len = kv.len;
	return kv.error;
}

static int
child_bus(void)
{
	static const struct pv_driver *const drivers[] = { &pv_vmt_driver,
		NULL };
	struct pv_port port = *child_port();
	static char large[40000], back[65536];
	struct pv_bus *bus;
	bool never = false;
	size_t len;

	port.cpuid = child_cpuid;
	if (pv_bus_attach(&(struct pv_bus_config){ .port = &port,
			      .drivers = drivers,
			      .machine = "traced" },
		&bus) != PV_OK)
		return 1;
	memset(large, 'x', sizeof(large));
	if (ask(bus, &port, PV_READ, "guestinfo.name", back, sizeof(back),
		&len) != PV_OK ||
	    len != 5 || memcmp(back, "web-1", 5) != 0)
		return 2;
	if (ask(bus, &port, PV_WRITE, "guestinfo.large", large, sizeof(large),
		&len) != PV_OK)
		return 3;
	if (ask(bus, &port, PV_READ, "guestinfo.large", back, sizeof(back),
		&len) != PV_OK ||
	    len != sizeof(large) || memcmp(back, large, len) != 0)
		return 4;
	if (ask(bus, &port, PV_READ, "guestinfo.missing", back, sizeof(back),
		&len) != PV_ENOENT)
		return 5;
	/* the administrator turns it off */
	if (pv_await(bus, &pressed, port.now(port.ctx) + 20 * PV_SECOND) !=
	    PV_OK)
		return 6;
	/* what it reports of this machine */
	(void)pv_await(bus, &never, port.now(port.ctx) + 3 * PV_SECOND);
	pv_bus_detach(bus);
	return 0;
}

static void
test_bus_to_the_model(void **state)
{
	struct host_world world = { .now = world_now,
		.later = world_later,
		.read_linear = world_read,
		.write_linear = world_write };
	struct trace trace = { .act = act_host };
	size_t size = 0;
	int status;

	(void)state;
	current = &trace;
	timer_count = 0;
	trace.host = host_vmware_new(
	    &(struct host_vmware_config){ .world = &world });
	assert_non_null(trace.host);
	assert_true(
	    host_vmware_set_info(trace.host, "guestinfo.name", "web-1", 5));
	start(&trace, child_bus);
	status = run(&trace);
	if (status != 77) {
		assert_int_equal(status, 0);
		host_vmware_info(trace.host, "guestinfo.large", &size);
		assert_int_equal(size, 40000);
		assert_true(trace.strings > 2);
		assert_int_equal(host_vmware_counts(trace.host)->channels_open,
		    0);
		assert_int_equal(host_vmware_counts(trace.host)->refused, 0);
		assert_true(host_vmware_counts(trace.host)->running);
		assert_int_equal(host_vmware_power_status(trace.host), 1);
		/* names and interfaces of this machine, as the model read
		 * them */
		assert_non_null(host_vmware_reported(trace.host, 1, &size));
		assert_true(
		    host_vmware_reported(trace.host, 10, &size) != NULL ||
		    host_vmware_reported(trace.host, 9, &size) != NULL);
		print_message("# %u exits, %u strings\n", trace.exits,
		    trace.strings);
	} else
		print_message("# SKIP no process may be traced here\n");
	host_vmware_free(trace.host);
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef __x86_64__
		cmocka_unit_test(test_registers_there_and_back),
		cmocka_unit_test(test_bus_to_the_model),
#endif
		{ 0 },
	};

	return _cmocka_run_group_tests("backdoor", tests,
	    sizeof(tests) / sizeof(tests[0]) - 1, NULL, NULL);
}
