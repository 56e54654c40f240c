/* SPDX-License-Identifier: ISC */
/*
 * Nonsense for the host, from a seed: for who writes hosts.  What would end this
 * machine or silence its console is left out, and pages that a host is told of
 * by such nonsense are those of a piece of memory that nobody uses.
 */
#include "port/bare/cpu.h"
#include "programs/pvguest/pvguest.h"

#define PAGES 16u

struct junk {
	const struct pv_port *port;
	uint64_t state;
	uint64_t physical; /* of pages that may be written to */
	uint64_t reads, writes, registers, calls;
};

static uint64_t
next(struct junk *junk)
{
	uint64_t z = junk->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Interrupt controllers and timers are not what is tried; of the others each
 * ends the machine or speaks on the console. */
static bool
spared(uint16_t port)
{
	static const struct {
		uint16_t first, last;
	} spared[] = {
		{ 0x20, 0x21 },   /* interrupt controllers */
		{ 0x40, 0x43 },   /* timer */
		{ 0x60, 0x64 },   /* keyboard controller, with a reset line */
		{ 0x92, 0x92 },   /* another one */
		{ 0xa0, 0xa1 },   /* interrupt controllers */
		{ 0xb2, 0xb3 },   /* system management, ACPI */
		{ 0xe9, 0xe9 },   /* debug console */
		{ 0xf4, 0xf4 },   /* exit */
		{ 0x3f8, 0x3ff }, /* serial console */
		{ 0x4d0, 0x4d1 }, /* interrupt controllers */
		{ 0x600, 0x605 }, /* ACPI's power management */
		{ 0xcf9, 0xcf9 }, /* reset */
		{ 0xb000, 0xb005 },
	};

	for (size_t i = 0; i < sizeof(spared) / sizeof(spared[0]); i++)
		if (port >= spared[i].first && port <= spared[i].last)
			return true;
	return false;
}

/* Half of the time one of those where something is known to be. */
static uint16_t
some_port(struct junk *junk)
{
	static const uint16_t known[] = { 0x10, 0x12, 0x70, 0x71, 0xe2, 0xe3,
		0x2f8, 0x2f9, 0x2fa, 0x2fb, 0x2fc, 0x510, 0x511, 0x514, 0x518,
		0x608, 0x5658, 0x5659, 0xcf8, 0xcfc, 0xc000, 0xc012 };
	uint64_t random = next(junk);

	if (random & 1)
		return known[(random >> 1) %
		    (sizeof(known) / sizeof(known[0]))];
	return (uint16_t)(random >> 16);
}

static void
write_port(struct junk *junk)
{
	uint16_t port = some_port(junk);
	uint64_t random = next(junk);
	uint32_t value = (uint32_t)(random >> 32);

	/* a wide access reaches its neighbours */
	for (unsigned i = 0; i < 4; i++)
		if (spared((uint16_t)(port + i)))
			return;
	junk->writes++;
	switch (random % 3) {
	case 0:
		cpu_out8(port, (uint8_t)value);
		break;
	case 1:
		cpu_out16(port, (uint16_t)value);
		break;
	default:
		cpu_out32(port, value);
		break;
	}
}

static void
read_port(struct junk *junk)
{
	uint16_t port = some_port(junk);

	if (spared(port))
		return;
	junk->reads++;
	switch (next(junk) % 3) {
	case 0:
		cpu_in8(port);
		break;
	case 1:
		cpu_in16(port);
		break;
	default:
		cpu_in32(port);
		break;
	}
}

/* Hyper-V's reset and crash registers end the machine, its hypercall page is in
 * use, and its interrupts and timers would come as exceptions of this CPU. */
static void
use_register(struct junk *junk)
{
	static const uint32_t bases[] = { 0x40000000, 0x40000020, 0x40000060,
		0x40000110, 0x40000200 };
	uint64_t random = next(junk), value = next(junk);
	uint32_t msr = bases[random % 5] + (uint32_t)(random >> 8) % 32;

	if (msr <= 0x40000003 || (msr >= 0x40000080 && msr <= 0x40000105))
		return;
	junk->registers++;
	if (random & 1ull << 40) { /* an address of ours, and low bits */
		value = junk->physical + value % PAGES * PV_PAGE_SIZE;
		value |= random >> 52;
	}
	if (random & 1ull << 41)
		junk->port->msr_write(junk->port->ctx, msr, value);
	else
		junk->port->msr_read(junk->port->ctx, msr, &value);
}

static void
call_backdoor(struct junk *junk)
{
	struct pv_backdoor registers = { .ax = 0x564d5868,
		.bx = next(junk),
		.cx = next(junk),
		.dx = (next(junk) & ~0xffffull) | 0x5658,
		.si = next(junk),
		.di = next(junk) };

	if (junk->port->backdoor == NULL)
		return;
	junk->calls++;
	junk->port->backdoor(junk->port->ctx, PV_BACKDOOR_PORT, &registers);
}

int
cmd_junk(int argc, char **argv)
{
	struct junk junk = { .port = bare_port() };
	uint64_t count;
	void *pages;

	if (!number_at(argc, argv, 1, 1000, &count) ||
	    !number_at(argc, argv, 2, 1, &junk.state))
		return fail(STATUS_USAGE, "junk: expected [COUNT [SEED]]");
	pages = junk.port->pages_alloc(junk.port->ctx, PAGES, &junk.physical);
	if (pages == NULL)
		return fail(STATUS_FAILED, "junk: out of memory");
	for (uint64_t i = 0; i < count; i++)
		switch (next(&junk) % 4) {
		case 0:
			write_port(&junk);
			break;
		case 1:
			read_port(&junk);
			break;
		case 2:
			use_register(&junk);
			break;
		default:
			call_backdoor(&junk);
			break;
		}
	/* The pages are the host's now, for all that we know. */
	bare_printf("junk: %lu ports read, %lu written, %lu registers, %lu "
		    "calls\n",
	    junk.reads, junk.writes, junk.registers, junk.calls);
	return STATUS_OK;
}
