/* SPDX-License-Identifier: ISC */
/* When something is wrong: say what, with registers and the way there, and end
 * with status 1.  Never a silent triple fault. */
#include "port/bare/bare_private.h"

#define TRAP_PAGE_FAULT 14
#define STATUS_CRASH 1
#define DEPTH 16u

struct fixup {
	uint64_t from, to;
};
extern const struct fixup fixups_start[], fixups_end[];

static const char *const names[32] = {
	"divide error",
	"debug",
	"NMI",
	"breakpoint",
	"overflow",
	"bound",
	"invalid opcode",
	"no FPU",
	"double fault",
	"coprocessor overrun",
	"invalid TSS",
	"segment not present",
	"stack fault",
	"general protection",
	"page fault",
	"exception 15",
	"FPU error",
	"alignment",
	"machine check",
	"SIMD error",
	"virtualisation",
	"control protection",
};

bool
fault_fixed(struct bare_frame *frame)
{
	for (const struct fixup *fixup = fixups_start; fixup < fixups_end;
	     fixup++)
		if (fixup->from == frame->rip) {
			frame->rip = fixup->to;
			return true;
		}
	return false;
}

/* Through the frame pointers, as long as they stay on the stack and go up. */
static void
backtrace(const struct bare_cpu *cpu, uint64_t frame, uint64_t rip)
{
	char line[DEPTH * 20];
	size_t len = 0;

	for (unsigned i = 0; i < DEPTH; i++) {
		const uint64_t *words;

		len += bare_format(line + len, sizeof(line) - len, " %lx", rip);
		if (frame < cpu->stack_low || frame > cpu->stack_high - 16 ||
		    frame % 8 != 0)
			break;
		words = (const uint64_t *)(uintptr_t)frame;
		rip = words[1];
		if (rip == 0)
			break;
		frame = words[0] > frame ? words[0] : 0;
	}
	bare_printf("pvguest: called from%s\n", line);
}

/* A fault while one is being reported: no more is said than that. */
static void
once(void)
{
	static bool begun;

	if (!__atomic_test_and_set(&begun, __ATOMIC_SEQ_CST))
		return;
	console_lock_break();
	bare_write("pvguest: fault in a fault\n", 26);
	bare_say_status(STATUS_CRASH);
	bare_end(BARE_EXIT, STATUS_CRASH);
}

static void
registers(const struct bare_frame *f)
{
	bare_printf("pvguest: rip %016lx rsp %016lx flags %08lx error %lx "
		    "cr2 %016lx\n",
	    f->rip, f->rsp, f->rflags, f->error, cpu_cr2());
	bare_printf("pvguest: rax %016lx rbx %016lx rcx %016lx rdx %016lx\n",
	    f->rax, f->rbx, f->rcx, f->rdx);
	bare_printf("pvguest: rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n",
	    f->rsi, f->rdi, f->rbp, f->r8);
	bare_printf("pvguest: r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n",
	    f->r9, f->r10, f->r11, f->r12);
	bare_printf("pvguest: r13 %016lx r14 %016lx r15 %016lx\n", f->r13,
	    f->r14, f->r15);
}

void
fault(struct bare_frame *frame)
{
	const struct bare_cpu *cpu = this_cpu();
	uint64_t cr2 = cpu_cr2();

	cpu_cli();
	once();
	console_lock_break();
	bare_printf("\npvguest: crash: %s on CPU %u\n",
	    names[frame->vector] != NULL ? names[frame->vector] : "exception",
	    cpu->index);
	if (cr2 >= cpu->stack_low - PAGE_SIZE && cr2 < cpu->stack_low &&
	    (frame->vector == 8 || frame->vector == TRAP_PAGE_FAULT))
		bare_printf("pvguest: the stack is full\n");
	registers(frame);
	backtrace(cpu, frame->rbp, frame->rip);
	bare_say_status(STATUS_CRASH);
	bare_end(BARE_EXIT, STATUS_CRASH);
}

void
bare_panic(const char *format, ...)
{
	char line[256];
	va_list args;

	cpu_cli();
	once();
	console_lock_break();
	va_start(args, format);
	bare_vformat(line, sizeof(line), format, args);
	va_end(args);
	bare_printf("\npvguest: crash: %s\n", line);
	backtrace(this_cpu(), (uint64_t)(uintptr_t)__builtin_frame_address(0),
	    (uint64_t)(uintptr_t)__builtin_return_address(0));
	bare_say_status(STATUS_CRASH);
	bare_end(BARE_EXIT, STATUS_CRASH);
}
