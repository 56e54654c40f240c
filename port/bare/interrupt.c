/* SPDX-License-Identifier: ISC */
/* Vectors: exceptions, the ground's own, and those handed out. */
#include "port/bare/bare_private.h"

#define PIC1 0x20u
#define PIC2 0xa0u

static struct {
	void (*handler)(void *argument, unsigned cpu);
	void *argument;
} handlers[256];
static unsigned taken;

/*
 * The 8259s of a PC: all masked, and away from the exceptions, as one that is
 * masked can still deliver its spurious interrupt.  Where there are none the
 * writes go nowhere.
 */
static void
pic_off(void)
{
	cpu_out8(PIC1, 0x11);
	cpu_out8(PIC2, 0x11);
	cpu_out8(PIC1 + 1, VECTOR_PIC);
	cpu_out8(PIC2 + 1, VECTOR_PIC);
	cpu_out8(PIC1 + 1, 4);
	cpu_out8(PIC2 + 1, 2);
	cpu_out8(PIC1 + 1, 1);
	cpu_out8(PIC2 + 1, 1);
	cpu_out8(PIC1 + 1, 0xff);
	cpu_out8(PIC2 + 1, 0xff);
}

void
interrupt_init(void)
{
	pic_off();
}

int
vector_take(void (*handler)(void *argument, unsigned cpu), void *argument)
{
	for (int i = VECTOR_FIRST; i < VECTOR_END; i++) {
		if (handlers[i].handler != NULL)
			continue;
		handlers[i].argument = argument;
		__atomic_store_n(&handlers[i].handler, handler,
		    __ATOMIC_RELEASE);
		taken++;
		return i;
	}
	return PV_ENOMEM;
}

void
vector_drop(int vector)
{
	if (vector < VECTOR_FIRST || vector >= VECTOR_END ||
	    handlers[vector].handler == NULL)
		return;
	__atomic_store_n(&handlers[vector].handler, NULL, __ATOMIC_RELEASE);
	taken--;
}

unsigned
vectors_taken(void)
{
	return taken;
}

static void
interrupt(struct bare_cpu *cpu, unsigned vector)
{
	void (*handler)(void *, unsigned);

	cpu->interrupts++;
	if (vector == VECTOR_TIMER) {
		cpu->timers++;
		apic_eoi();
		return;
	}
	cpu->woken = true;
	if (vector == VECTOR_WAKE) {
		apic_eoi();
		return;
	}
	handler = __atomic_load_n(&handlers[vector].handler, __ATOMIC_ACQUIRE);
	cpu->ended = false;
	if (handler != NULL)
		handler(handlers[vector].argument, cpu->index);
	/* One that is not ended would keep all others away, the timer too: a
	 * handler may not know yet how its interrupt is delivered. */
	if (!cpu->ended && apic_in_service(vector))
		apic_eoi();
}

void
bare_trap(struct bare_frame *frame)
{
	if (frame->vector >= 32)
		interrupt(this_cpu(), (unsigned)frame->vector);
	else if (!fault_fixed(frame))
		fault(frame);
}
