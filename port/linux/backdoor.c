/* SPDX-License-Identifier: ISC */
/*
 * VMware's backdoor from a process without any privilege.
 *
 * VMware lets every program use its ports, whatever the I/O permissions say, so
 * neither iopl(2) nor ioperm(2) is called: a kernel that is locked down, or was
 * built without them, refuses these.  On another machine, or where VMware was
 * told to restrict the backdoor, the instruction faults.  CPUID is asked first,
 * and a fault all the same is caught and answered by PV_ENODEV, for ever.
 *
 * The handlers are there for the time of one instruction, and hand on what is
 * not its fault.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "port/linux/linux_private.h"
#include "wire/cpuid.h"

#if defined(__x86_64__) || defined(__i386__)

typedef int instruction(struct pv_backdoor *, uint64_t);
extern instruction linux_backdoor_in, linux_backdoor_insb, linux_backdoor_outsb,
    linux_backdoor_vmcall, linux_backdoor_vmmcall;
extern const char linux_backdoor_in_at[], linux_backdoor_insb_at[],
    linux_backdoor_outsb_at[], linux_backdoor_vmcall_at[],
    linux_backdoor_vmmcall_at[], linux_backdoor_faulted[];

static const char *const places[] = { linux_backdoor_in_at,
	linux_backdoor_insb_at, linux_backdoor_outsb_at,
	linux_backdoor_vmcall_at, linux_backdoor_vmmcall_at };

#ifdef __x86_64__
#define COUNTER(context) ((context)->uc_mcontext.gregs[REG_RIP])
#else
#define COUNTER(context) ((context)->uc_mcontext.gregs[REG_EIP])
#endif

/* With a hypercall DX says which way, and whether it is the string form. */
static instruction *
choose(enum pv_backdoor_way way, bool string, bool out, uint64_t *argument)
{
	*argument = 0;
	switch (way) {
	case PV_BACKDOOR_PORT:
		if (!string)
			return linux_backdoor_in;
		return out ? linux_backdoor_outsb : linux_backdoor_insb;
	case PV_BACKDOOR_VMCALL:
		return linux_backdoor_vmcall;
	case PV_BACKDOOR_VMMCALL:
		return linux_backdoor_vmmcall;
	}
	return NULL;
}

bool
linux_is_vmware(const struct linux_port *linux_port)
{
	(void)linux_port;
	return linux_cpuid_shows(CPUID_SIGNATURE_VMWARE);
}

#elif defined(__aarch64__)

typedef int instruction(struct pv_backdoor *, uint64_t);
extern instruction linux_backdoor_mrs;
extern const char linux_backdoor_mrs_at[], linux_backdoor_faulted[];

static const char *const places[] = { linux_backdoor_mrs_at };

#define COUNTER(context) ((context)->uc_mcontext.pc)

/* What the trap stands for (open-vm-tools lib/backdoor,
 * backdoorGcc64_arm64.c). */
#define MEANS_X86 (UINT64_C(0x86) << 32)
#define MEANS_4_BYTES 2u
#define MEANS_READ 4u
#define MEANS_PORT_IN_DX 8u
#define MEANS_STRING 16u

static instruction *
choose(enum pv_backdoor_way way, bool string, bool out, uint64_t *argument)
{
	*argument = MEANS_X86 | MEANS_PORT_IN_DX | (out ? 0 : MEANS_READ) |
	    (string ? MEANS_STRING : MEANS_4_BYTES);
	return way == PV_BACKDOOR_PORT ? linux_backdoor_mrs : NULL;
}

/* No CPUID here; the firmware's tables say it. */
bool
linux_is_vmware(const struct linux_port *linux_port)
{
	static const char *const files[] = { "class/dmi/id/sys_vendor",
		"class/dmi/id/product_name" };
	char path[PATH_MAX], text[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		linux_path(linux_port, path, "%s", files[i]);
		if (linux_read_text(path, text, sizeof(text)) > 0 &&
		    (strncmp(text, "VMware", 6) == 0 ||
			strncmp(text, "VMW", 3) == 0))
			return true;
	}
	return false;
}

#endif

#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)

/* #GP is a SIGSEGV, an instruction that the CPU does not have a SIGILL. */
static const int caught[] = { SIGSEGV, SIGILL, SIGBUS };
#define CAUGHT (sizeof(caught) / sizeof(caught[0]))

/* Handlers belong to the process, so one thread at a time has them changed. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction others[CAUGHT];

/* As if ours had not been there. */
static void
hand_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction *other = others;
	bool sent = info->si_code <= 0; /* by kill(2) or the like */
	sigset_t self;

	for (size_t i = 0; i < CAUGHT; i++)
		if (caught[i] == number)
			other = &others[i];
	if (other->sa_handler == SIG_IGN && sent)
		return;
	if (other->sa_handler == SIG_DFL || other->sa_handler == SIG_IGN) {
		signal(number, SIG_DFL);
		if (sent)
			raise(number);
		return; /* a fault happens again, and ends the process */
	}
	pthread_sigmask(SIG_BLOCK, &other->sa_mask, NULL);
	if (other->sa_flags & SA_NODEFER) {
		sigemptyset(&self);
		sigaddset(&self, number);
		pthread_sigmask(SIG_UNBLOCK, &self, NULL);
	}
	if (other->sa_flags & SA_SIGINFO)
		other->sa_sigaction(number, info, context);
	else
		other->sa_handler(number);
}

static void
handler(int number, siginfo_t *info, void *data)
{
	ucontext_t *context = data;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (info->si_code > 0 &&
		    (uintptr_t)COUNTER(context) == (uintptr_t)places[i]) {
			COUNTER(context) = (__typeof__(COUNTER(
			    context)))(uintptr_t)linux_backdoor_faulted;
			return;
		}
	hand_on(number, info, data);
}

/* False: it faulted. */
static bool
guarded(instruction *call, struct pv_backdoor *registers, uint64_t argument)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigset_t set, before;
	bool good;

	action.sa_sigaction = handler;
	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaddset(&set, caught[i]);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], NULL,
		    &others[i]); /* before it may be used */
		sigaction(caught[i], &action, NULL);
	}
	/* a fault whose signal is blocked ends the process */
	pthread_sigmask(SIG_UNBLOCK, &set, &before);
	good = call(registers, argument) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &others[i], NULL);
	pthread_mutex_unlock(&lock);
	return good;
}

static int
execute(struct linux_port *linux_port, enum pv_backdoor_way way, bool string,
    bool out, struct pv_backdoor *registers)
{
	struct pv_backdoor copy = *registers;
	instruction *call;
	uint64_t argument;
	bool *broken;

	if (!linux_port->vmware || way > PV_BACKDOOR_VMMCALL)
		return PV_ENODEV;
	broken = &linux_port->backdoor_broken[way][string];
	call = choose(way, string, out, &argument);
	if (call == NULL || *broken)
		return PV_ENODEV;
	if (!guarded(call, &copy, argument)) {
		*broken = true;
		return PV_ENODEV;
	}
	*registers = copy;
	return PV_OK;
}

int
linux_backdoor(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	return execute(ctx, way, false, false, registers);
}

int
linux_backdoor_string(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers)
{
	return execute(ctx, way, true, out, registers);
}

#else

bool
linux_is_vmware(const struct linux_port *linux_port)
{
	(void)linux_port;
	return false;
}

int
linux_backdoor(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	(void)ctx;
	(void)way;
	(void)registers;
	return PV_ENODEV;
}

int
linux_backdoor_string(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers)
{
	(void)out;
	return linux_backdoor(ctx, way, registers);
}

#endif
