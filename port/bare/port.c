/* SPDX-License-Identifier: ISC */
/* The table that the guest half is handed; see <pvbus/port.h>. */
#include "port/bare/bare_private.h"
#include "port/bare/xen_early.h"

static enum pv_request requested = PV_REQUEST_COUNT;

static void *
port_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return bare_alloc(size);
}

static void
port_free(void *ctx, void *memory, size_t size)
{
	(void)ctx;
	bare_free(memory, size);
}

static void
port_log(void *ctx, enum pv_log level, const char *line)
{
	(void)ctx;
	(void)level;
	bare_log_line(line);
}

static uint64_t
port_now(void *ctx)
{
	(void)ctx;
	return bare_now();
}

static void
port_wait(void *ctx, uint64_t deadline)
{
	(void)ctx;
	bare_wait(deadline);
}

static void
port_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	uint32_t answer[4];

	(void)ctx;
	cpu_cpuid(leaf, subleaf, answer);
	*out = (struct pv_cpuid){ answer[0], answer[1], answer[2], answer[3] };
}

static int
port_io_read(void *ctx, uint16_t port, unsigned width, uint32_t *value)
{
	(void)ctx;
	if (width == 1)
		*value = cpu_in8(port);
	else if (width == 2)
		*value = cpu_in16(port);
	else if (width == 4)
		*value = cpu_in32(port);
	else
		return PV_EINVAL;
	return PV_OK;
}

static int
port_io_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	(void)ctx;
	if (width == 1)
		cpu_out8(port, (uint8_t)value);
	else if (width == 2)
		cpu_out16(port, (uint16_t)value);
	else if (width == 4)
		cpu_out32(port, value);
	else
		return PV_EINVAL;
	return PV_OK;
}

static int
port_io_read_string(void *ctx, uint16_t port, void *to, size_t count)
{
	(void)ctx;
	cpu_in8_string(port, to, count);
	return PV_OK;
}

static void *
port_pages_alloc(void *ctx, size_t pages, uint64_t *physical)
{
	void *memory = pages_take(pages);

	(void)ctx;
	*physical = (uintptr_t)memory;
	return memory;
}

static void
port_pages_free(void *ctx, void *memory, size_t pages)
{
	(void)ctx;
	pages_give(memory, pages);
}

/* Only marks: the loop of the program does it. */
static int
port_request(void *ctx, enum pv_request request, const struct pv_reason *why)
{
	(void)ctx;
	(void)why;
	__atomic_store_n(&requested, request, __ATOMIC_RELAXED);
	return PV_OK;
}

enum pv_request
bare_request_take(void)
{
	return __atomic_exchange_n(&requested, PV_REQUEST_COUNT,
	    __ATOMIC_RELAXED);
}

static int
port_msr_read(void *ctx, uint32_t msr, uint64_t *value)
{
	(void)ctx;
	return cpu_rdmsr(msr, value) ? PV_OK : PV_EIO;
}

static int
port_msr_write(void *ctx, uint32_t msr, uint64_t value)
{
	(void)ctx;
	return cpu_wrmsr(msr, value) ? PV_OK : PV_EIO;
}

static long
port_xen_hypercall(void *ctx, const void *page, unsigned op,
    const uintptr_t arguments[5])
{
	(void)ctx;
	return bare_hypercall((const char *)page + 32 * (size_t)op, arguments);
}

/* The three arguments go where Hyper-V's convention wants them: RCX, RDX, R8;
 * what the host may change is said (TLFS 3.7). */
static uint64_t
port_hyperv_hypercall(void *ctx, const void *page, uint64_t control,
    uint64_t input, uint64_t output)
{
	register uint64_t r8 __asm__("r8") = output;
	uint64_t result;

	(void)ctx;
	__asm__ volatile("call *%[page]"
			 : "=a"(result), "+c"(control), "+d"(input), "+r"(r8)
			 : [page] "r"(page)
			 : "cc", "memory", "r9", "r10", "r11");
	return result;
}

/* backdoor.S */
void backdoor_call(struct pv_backdoor *registers, unsigned kind);

static unsigned
backdoor_kind(enum pv_backdoor_way way, unsigned port)
{
	switch (way) {
	case PV_BACKDOOR_VMCALL:
		return 3;
	case PV_BACKDOOR_VMMCALL:
		return 4;
	case PV_BACKDOOR_PORT:
		break;
	}
	return port;
}

static int
port_backdoor(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers)
{
	(void)ctx;
	backdoor_call(registers, backdoor_kind(way, 0));
	return PV_OK;
}

static int
port_backdoor_string(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers)
{
	(void)ctx;
	backdoor_call(registers, backdoor_kind(way, out ? 2 : 1));
	return PV_OK;
}

static long
port_fact(void *ctx, enum pv_fact fact, char *to, size_t room)
{
	static const char *const facts[PV_FACT_COUNT] = {
		[PV_FACT_HOST_NAME] = "pvguest",
		[PV_FACT_OS_NAME] = "pvguest",
		[PV_FACT_OS_VERSION] = PVBUS_VERSION,
		[PV_FACT_OS_BUILD] = PVBUS_VERSION,
		[PV_FACT_ARCHITECTURE] = "x86_64",
	};
	size_t len;

	(void)ctx;
	if (fact >= PV_FACT_COUNT || facts[fact] == NULL)
		return PV_ENOENT;
	len = strlen(facts[fact]);
	if (len < room)
		memcpy(to, facts[fact], len + 1);
	return (long)len;
}

/* All that was promised is there: memory that is given out is committed. */
static int
port_memory(void *ctx, uint64_t *available, uint64_t *committed)
{
	struct bare_memory memory;

	(void)ctx;
	bare_memory(&memory);
	*available = memory.free;
	*committed = memory.pages - memory.free;
	return PV_OK;
}

/* After the host has saved this machine and started it again. */
void
bare_resume(void)
{
	xen_console_resume();
	apic_init_cpu();
}

static void *
port_space_alloc(void *ctx, size_t pages, uint64_t *physical)
{
	void *space = space_take(pages);

	(void)ctx;
	*physical = (uintptr_t)space;
	return space;
}

static void
port_space_free(void *ctx, void *space, size_t pages)
{
	(void)ctx;
	space_give(space, pages);
}

static void *
port_map(void *ctx, uint64_t physical, size_t pages)
{
	uint64_t end = paging_end();

	(void)ctx;
	if (physical == 0 || physical > end ||
	    pages > (end - physical) / PAGE_SIZE)
		return NULL;
	return (void *)(uintptr_t)physical;
}

static void
port_unmap(void *ctx, void *mapped, size_t pages)
{
	(void)ctx;
	(void)mapped;
	(void)pages;
}

static unsigned
port_cpus(void *ctx)
{
	(void)ctx;
	return bare_cpus();
}

static int
port_vector_alloc(void *ctx, void (*handler)(void *argument, unsigned cpu),
    void *argument)
{
	(void)ctx;
	return vector_take(handler, argument);
}

static void
port_vector_free(void *ctx, int vector)
{
	(void)ctx;
	vector_drop(vector);
}

static void
port_vector_eoi(void *ctx)
{
	(void)ctx;
	this_cpu()->ended = true;
	apic_eoi();
}

static uint64_t
port_tsc(void *ctx)
{
	(void)ctx;
	return cpu_rdtsc();
}

/* irq=off: everything is polled, to see that this works too. */
const struct pv_port *
bare_port(void)
{
	static struct pv_port port = {
		.alloc = port_alloc,
		.free = port_free,
		.log = port_log,
		.now = port_now,
		.wait = port_wait,
		.cpuid = port_cpuid,
		.io_read = port_io_read,
		.io_write = port_io_write,
		.io_read_string = port_io_read_string,
		.pages_alloc = port_pages_alloc,
		.pages_free = port_pages_free,
		.request = port_request,
		.msr_read = port_msr_read,
		.msr_write = port_msr_write,
		.xen_hypercall = port_xen_hypercall,
		.hyperv_hypercall = port_hyperv_hypercall,
		.backdoor = port_backdoor,
		.backdoor_string = port_backdoor_string,
		.fact = port_fact,
		.memory = port_memory,
		.space_alloc = port_space_alloc,
		.space_free = port_space_free,
		.map = port_map,
		.unmap = port_unmap,
		.cpus = port_cpus,
		.tsc = port_tsc,
	};
	char irq[8];

	if (apic_present() &&
	    (bare_option("irq", irq, sizeof(irq)) == NULL ||
		memcmp(irq, "off", 4) != 0)) {
		port.vector_alloc = port_vector_alloc;
		port.vector_free = port_vector_free;
		port.vector_eoi = port_vector_eoi;
	}
	return &port;
}
