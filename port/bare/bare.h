/* SPDX-License-Identifier: ISC */
/*
 * The ground under an image that runs on a virtual machine with nothing else:
 * what programs/pvguest builds on.  One machine, so its state is one set of
 * variables, not a structure that is handed around.
 *
 * entry.S and start.c bring the machine up, then call bare_main().
 */
#ifndef PORT_BARE_BARE_H
#define PORT_BARE_BARE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/bare/libc.h"
#include "pvbus/port.h"

#define BARE_CPUS 64u

/* The program on top.  Its result is the exit status. */
int bare_main(const char *command_line);

/* How it was started: "PVH", and the like. */
const char *bare_start_name(void);

const struct pv_port *bare_port(void);
/* A request of the host that has not been taken yet, or PV_REQUEST_COUNT. */
enum pv_request bare_request_take(void);

/* To be called after the host has saved this machine and brought it back. */
void bare_resume(void);

/* ---- Text ---- */

/*
 * A snprintf: %s %c %u %d %x %p %%, with l, ll and z, width, -, 0 and, for %s,
 * precision.  Returns the length of what is there.  %s turns what is not
 * printable ASCII into '?', as hosts write strings too.
 */
size_t bare_format(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t bare_vformat(char *to, size_t size, const char *format, va_list)
    __attribute__((format(printf, 3, 0)));

/* To all consoles.  From any CPU; a call is not mixed with others. */
void bare_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bare_write(const char *text, size_t len);
/* A line of the attach report: to the consoles, and kept for bare_log(). */
void bare_log_line(const char *line);
/* What was kept, lines ended by a newline. */
const char *bare_log(size_t *len);
/* The next character typed on any console, or -1. */
int bare_getchar(void);
/* "serial 0x3f8", and the like; NULL past the last one. */
const char *bare_console_name(unsigned index);

/* ---- The command line: words "name=value" ---- */

/* The value of an option, or NULL; `to` receives it, cut to size. */
const char *bare_option(const char *name, char *to, size_t size);
uint64_t bare_option_number(const char *name, uint64_t otherwise);

/* ---- Time ---- */

uint64_t bare_now(void); /* nanoseconds since the first instruction */
uint64_t bare_tsc_khz(void);
const char *bare_clock_name(void);
/* Clocks that have nothing to do with the TSC, in nanoseconds; to be read every
 * 20 ms.  NULL past the last one. */
#define BARE_REFERENCES 2u
const char *bare_reference_name(unsigned index);
uint64_t bare_reference(unsigned index);
/* Sleep until an event of this CPU or the deadline; may end early. */
void bare_wait(uint64_t deadline);

/* ---- Memory ---- */

struct bare_memory {
	uint64_t pages, free; /* usable RAM, and what of it is not given out */
	uint64_t small;       /* bytes in small allocations */
	uint64_t space, space_free; /* pages of address space without RAM */
};
void bare_memory(struct bare_memory *out);
void *bare_alloc(size_t size); /* zeroed, or NULL */
void bare_free(void *memory, size_t size);

/* ---- CPUs ---- */

unsigned bare_cpus(void); /* that run; CPU 0 is the first */
unsigned bare_cpu(void);  /* that calls */
uint32_t bare_cpu_apic(unsigned cpu);
uint64_t bare_cpu_interrupts(unsigned cpu);
uint64_t bare_cpu_timers(unsigned cpu); /* of those, from its own timer */
/* Let another CPU call a function.  PV_EBUSY while it runs an earlier one,
 * PV_ENODEV when there is no such CPU or it is CPU 0. */
int bare_cpu_run(unsigned cpu, void (*call)(void *), void *argument);
bool bare_cpu_idle(unsigned cpu);
/* Until it has done that: 0, or PV_ETIMEDOUT. */
int bare_cpu_join(unsigned cpu, uint64_t deadline);

/* ---- The end ---- */

enum bare_end {
	BARE_POWER_OFF,
	BARE_REBOOT,
	BARE_EXIT
};

/* End the machine; with BARE_EXIT a debug-exit device first, which tells QEMU
 * the status.  The line that says so has been printed by then. */
void bare_end(enum bare_end, unsigned status) __attribute__((noreturn));
/* Print the line for a script, "pvguest: exit N", and the marker that the
 * command line wants. */
void bare_say_status(unsigned status);
/* Print why, registers and a backtrace, and end with status 1. */
void bare_panic(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
