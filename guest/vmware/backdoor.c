/* SPDX-License-Identifier: ISC */
/*
 * VMware's backdoor: what stands in which register, and whether there is one.
 *
 * Off VMware the port is anybody's, and at best nobody's: so nothing is called
 * before CPUID has said whose machine this is.
 */
#include "guest/vmware/vmware.h"

/* 9 * 10^9 s are the year 2255: later is no time, and would not fit. */
#define SECONDS_MAX 9000000000ull
#define MICROSECONDS 1000000u

/* The low half of DX: a port, or flags in its place. */
static uint64_t
where(const struct vmware *vmware, bool string, bool out)
{
	if (vmware->way == PV_BACKDOOR_PORT)
		return string ? VMWARE_PORT_HIGH : VMWARE_PORT;
	return (string ? VMWARE_FLAG_HIGH : 0u) | (out ? VMWARE_FLAG_OUT : 0u);
}

static uint64_t
halves(uint64_t high, uint64_t low)
{
	return (high & 0xffff0000u) | low;
}

static int
call(struct vmware *vmware, struct pv_backdoor *registers)
{
	const struct pv_port *port = vmware->port;

	registers->ax = VMWARE_MAGIC;
	registers->dx = halves(registers->dx, where(vmware, false, false));
	vmware->stats->exits++;
	return port->backdoor(port->ctx, vmware->way, registers);
}

int
vmware_call(struct vmware *vmware, unsigned command, uint32_t bx,
    struct pv_backdoor *registers)
{
	*registers = (struct pv_backdoor){ .bx = bx, .cx = command };
	return call(vmware, registers);
}

int
vmware_message(struct vmware *vmware, struct pv_backdoor *registers)
{
	registers->cx = halves(registers->cx, VMWARE_MESSAGE);
	return call(vmware, registers);
}

int
vmware_string(struct vmware *vmware, bool out, struct pv_backdoor *registers)
{
	const struct pv_port *port = vmware->port;

	registers->ax = VMWARE_MAGIC;
	registers->dx = halves(registers->dx, where(vmware, true, out));
	vmware->stats->exits++;
	return port->backdoor_string(port->ctx, vmware->way, out, registers);
}

/* ---- Is it there? ----------------------------------------------------- */

static enum pv_backdoor_way
way_by_cpuid(const struct vmware *vmware)
{
	const struct pv_interface *interface = vmware->device->interface;
	uint32_t leaf = interface->base + VMWARE_LEAF_CALL;
	struct pv_cpuid id;

	if (vmware->port->cpuid == NULL || interface->max_leaf < leaf)
		return PV_BACKDOOR_PORT;
	vmware->port->cpuid(vmware->port->ctx, leaf, 0, &id);
	if (id.ecx & VMWARE_CALL_VMCALL)
		return PV_BACKDOOR_VMCALL;
	if (id.ecx & VMWARE_CALL_VMMCALL)
		return PV_BACKDOOR_VMMCALL;
	return PV_BACKDOOR_PORT;
}

/* A port that nobody answers reads as all ones, or changes no register. */
static int
greet(struct vmware *vmware)
{
	struct pv_backdoor registers;
	int error;

	error = vmware_call(vmware, VMWARE_VERSION, ~VMWARE_MAGIC, &registers);
	if (error != PV_OK)
		return error;
	if ((uint32_t)registers.ax == UINT32_MAX ||
	    (uint32_t)registers.bx != VMWARE_MAGIC)
		return PV_ENODEV;
	vmware->version = (uint32_t)registers.ax;
	vmware->product = (uint32_t)registers.cx;
	error = vmware_call(vmware, VMWARE_SPEED, 0, &registers);
	if (error == PV_OK && (uint32_t)registers.ax == VMWARE_MAGIC)
		error = PV_ENODEV;
	return error;
}

int
vmware_probe(struct vmware *vmware)
{
	int error;

	if (vmware->port->backdoor == NULL) {
		vmware_log(vmware, PV_LOG_INFO,
		    "this platform cannot call VMware's backdoor");
		return PV_ENODEV;
	}
	vmware->way = way_by_cpuid(vmware);
	error = greet(vmware);
	if (error != PV_OK && vmware->way != PV_BACKDOOR_PORT) {
		vmware->way = PV_BACKDOOR_PORT;
		error = greet(vmware);
	}
	if (error == PV_OK)
		return PV_OK;
	vmware_log(vmware, PV_LOG_INFO,
	    "CPUID says VMware, but its backdoor does not answer");
	return PV_ENODEV;
}

/* ---- Time ------------------------------------------------------------- */

/* Old hosts leave all ones, or another EAX than they got, for what they do not
 * know. */
static bool
ask_time(struct vmware *vmware, unsigned command, struct pv_backdoor *registers)
{
	uint32_t ax;

	if (vmware_call(vmware, command, 0, registers) != PV_OK)
		return false;
	ax = (uint32_t)registers->ax;
	if (command == VMWARE_TIME)
		return ax != UINT32_MAX && ax != VMWARE_MAGIC;
	return ax == VMWARE_MAGIC;
}

int
vmware_host_time(struct vmware *vmware, uint64_t *wall, uint64_t *lag)
{
	static const unsigned commands[] = { VMWARE_TIME_FULL_LAG,
		VMWARE_TIME_FULL, VMWARE_TIME };
	struct pv_backdoor registers = { 0 };
	uint64_t seconds;
	unsigned i = 0;

	while (i < 3 && !ask_time(vmware, commands[i], &registers))
		i++;
	if (i == 3)
		return PV_ENOTSUP;
	if (commands[i] == VMWARE_TIME)
		seconds = (uint32_t)registers.ax;
	else
		seconds = (uint64_t)(uint32_t)registers.si << 32 |
		    (uint32_t)registers.dx;
	if (seconds > SECONDS_MAX || (uint32_t)registers.bx >= MICROSECONDS) {
		vmware->stats->bad_value++;
		return PV_EPROTO;
	}
	*wall = seconds * PV_SECOND + (uint32_t)registers.bx * 1000ull;
	/* ECX is how much the host tolerates; only 55 tells how much it is */
	*lag = commands[i] == VMWARE_TIME_FULL_LAG
	    ? (uint32_t)registers.di * 1000ull
	    : 0;
	return PV_OK;
}
