/* SPDX-License-Identifier: ISC */
/*
 * ACPI's fixed registers (ACPI 6.5, 4.8.3), and the two ports by which PCs are
 * reset.  Numbers of bits are those of 4.8.3.1 to 4.8.3.3.
 */
#include "programs/pvhost/power.h"

#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/parts.h"
#include "wire/endian.h"

#define BUTTON 0x0100u          /* PWRBTN_STS and PWRBTN_EN */
#define ENABLE_WRITABLE 0x0521u /* timer, global, button, RTC */
#define CONTROL_SCI 0x0001u     /* SCI_EN: never in another mode */
#define CONTROL_WRITABLE 0x1c02u
#define CONTROL_SLEEP 0x2000u /* SLP_EN, reads as 0 */
#define CONTROL_TYPE(value) ((value) >> 10 & 7)

#define RESET_CPU 0x04u

#define KEYBOARD_DATA 0x60u
#define KEYBOARD_COMMAND 0x64u
#define KEYBOARD_RESET 0xfeu

#define SECOND 1000000000u

struct power {
	struct machine *machine;
	struct port_range acpi, reset, keyboard_data, keyboard_command;
	uint16_t status, enable, control;
	uint8_t reset_control;
};

static void
set_sci(struct power *power)
{
	machine_irq(power->machine, POWER_SCI,
	    (power->status & power->enable) != 0);
}

bool
power_button(struct machine *machine)
{
	struct power *power = machine->power;

	if (!(power->enable & BUTTON))
		return false;
	power->status |= BUTTON;
	set_sci(power);
	return true;
}

static uint32_t
timer(const struct power *power)
{
	uint64_t now = machine_now(power->machine);

	return (uint32_t)(now / SECOND * POWER_TIMER_HZ +
	    now % SECOND * POWER_TIMER_HZ / SECOND);
}

static uint32_t
acpi_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	const struct power *power = ctx;
	uint8_t bytes[POWER_END - POWER_EVENT] = { 0 };
	uint32_t value = UINT32_MAX;

	(void)vcpu;
	if (port + width > POWER_END)
		return UINT32_MAX;
	put_le16(bytes, power->status);
	put_le16(bytes + 2, power->enable);
	put_le16(bytes + (POWER_CONTROL - POWER_EVENT),
	    power->control | CONTROL_SCI);
	put_le32(bytes + (POWER_TIMER - POWER_EVENT), timer(power));
	memcpy(&value, bytes + (port - POWER_EVENT), width);
	return value;
}

static void
control_write(struct power *power, uint16_t value)
{
	power->control = value & CONTROL_WRITABLE;
	if ((value & CONTROL_SLEEP) && CONTROL_TYPE(value) == POWER_S5)
		machine_end(power->machine, EXIT_OFF, "the guest powered off");
}

static void
acpi_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct power *power = ctx;
	uint8_t bytes[POWER_END - POWER_EVENT] = { 0 };

	(void)vcpu;
	if (port + width > POWER_END)
		return;
	/* ones clear a status, and what is not written keeps its value */
	put_le16(bytes + 2, power->enable);
	put_le16(bytes + (POWER_CONTROL - POWER_EVENT), power->control);
	memcpy(bytes + (port - POWER_EVENT), &value, width);
	power->status &= (uint16_t)~get_le16(bytes);
	power->enable = get_le16(bytes + 2) & ENABLE_WRITABLE;
	set_sci(power);
	control_write(power, get_le16(bytes + (POWER_CONTROL - POWER_EVENT)));
}

static void
reset(struct power *power)
{
	machine_end(power->machine, EXIT_OFF, "the guest reset itself");
}

static uint32_t
reset_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	const struct power *power = ctx;

	(void)vcpu, (void)port, (void)width;
	return power->reset_control;
}

static void
reset_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct power *power = ctx;

	(void)vcpu, (void)port, (void)width;
	power->reset_control = (uint8_t)(value & ~RESET_CPU);
	if (value & RESET_CPU)
		reset(power);
}

/* There is no keyboard: the controller has nothing to say, and takes whatever it
 * is told at once.  Linux waits for that before it resets by it. */
static uint32_t
keyboard_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	(void)ctx, (void)vcpu, (void)port, (void)width;
	return 0;
}

static void
keyboard_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	(void)vcpu, (void)width;
	if (port == KEYBOARD_COMMAND && (uint8_t)value == KEYBOARD_RESET)
		reset(ctx);
}

static struct port_range
range(struct power *power, uint16_t first, uint16_t last,
    uint32_t (*in)(void *, struct vcpu *, uint16_t, unsigned),
    void (*out)(void *, struct vcpu *, uint16_t, unsigned, uint32_t))
{
	return (struct port_range){ .first = first,
		.last = last,
		.ctx = power,
		.in = in,
		.out = out };
}

static void *
power_make(struct machine *machine)
{
	struct power *power = calloc(1, sizeof(*power));

	if (power == NULL) {
		say("no memory for ACPI's registers");
		return NULL;
	}
	power->machine = machine;
	power->acpi = range(power, POWER_EVENT, POWER_END - 1, acpi_in,
	    acpi_out);
	power->reset = range(power, POWER_RESET, POWER_RESET, reset_in,
	    reset_out);
	power->keyboard_data = range(power, KEYBOARD_DATA, KEYBOARD_DATA,
	    keyboard_in, keyboard_out);
	power->keyboard_command = range(power, KEYBOARD_COMMAND,
	    KEYBOARD_COMMAND, keyboard_in, keyboard_out);
	ports_add(&machine->ports, &power->acpi);
	ports_add(&machine->ports, &power->reset);
	ports_add(&machine->ports, &power->keyboard_data);
	ports_add(&machine->ports, &power->keyboard_command);
	machine->power = power;
	return power;
}

static void
power_free(void *self)
{
	struct power *power = self;
	struct ports *ports = &power->machine->ports;

	ports_remove(ports, &power->acpi);
	ports_remove(ports, &power->reset);
	ports_remove(ports, &power->keyboard_data);
	ports_remove(ports, &power->keyboard_command);
	power->machine->power = NULL;
	free(power);
}

const struct part part_power = { "power", power_make, power_free };
