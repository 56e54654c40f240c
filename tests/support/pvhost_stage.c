/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "programs/pvhost/vcpu.h"
#include "tests/support/pvhost_said.h"
#include "tests/support/pvhost_stage.h"

#define SECOND 1000000000ull
#define PATIENCE (5 * SECOND)

struct timer {
	struct timer *next;
	uint64_t when;
	void (*call)(void *);
	void *argument;
};

static bool leave;
static uint64_t now;

const char *
stage_said(void)
{
	return said;
}

void
stage_leave_at_end(bool yes)
{
	leave = yes;
}

void
say_more(const struct machine *machine, const char *format, ...)
{
	(void)machine;
	(void)format;
}

void
machine_end(struct machine *machine, int status, const char *format, ...)
{
	va_list arguments;

	if (machine->ended)
		return;
	machine->ended = true;
	machine->status = status;
	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
	if (leave)
		_exit(status);
}

uint64_t
machine_now(const struct machine *machine)
{
	(void)machine;
	return now;
}

void
timers_later(struct timers *timers, uint64_t delay, void (*call)(void *),
    void *argument)
{
	struct timer **link = &timers->first, *timer = malloc(sizeof(*timer));

	if (timer == NULL)
		abort();
	*timer = (struct timer){ .when = delay < UINT64_MAX - now ? now + delay
								  : UINT64_MAX,
		.call = call,
		.argument = argument };
	while (*link != NULL && (*link)->when <= timer->when)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
}

void
timers_forget(struct timers *timers, const void *argument)
{
	struct timer **link = &timers->first;

	while (*link != NULL) {
		struct timer *timer = *link;

		if (timer->argument == argument) {
			*link = timer->next;
			free(timer);
		} else
			link = &timer->next;
	}
}

struct kvm_regs *
vcpu_regs(struct vcpu *vcpu)
{
	return &vcpu->regs;
}

void
vcpu_regs_changed(struct vcpu *vcpu)
{
	vcpu->changed_regs = true;
}

struct machine *
stage_new(void)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	if (machine == NULL)
		abort();
	said[0] = '\0';
	now = 0;
	machine->timers.machine = machine;
	return machine;
}

void
stage_free(struct machine *machine)
{
	while (machine->timers.first != NULL)
		timers_forget(&machine->timers,
		    machine->timers.first->argument);
	loop_free(&machine->loop);
	free(machine);
}

void
stage_pass(struct machine *machine, uint64_t nanoseconds)
{
	stage_pass_some(machine, nanoseconds, UINT_MAX);
}

void
stage_pass_some(struct machine *machine, uint64_t nanoseconds, unsigned calls)
{
	uint64_t until = now + nanoseconds;
	struct timer *timer;

	while (calls-- > 0 && (timer = machine->timers.first) != NULL &&
	    timer->when <= until) {
		machine->timers.first = timer->next;
		if (timer->when > now)
			now = timer->when;
		timer->call(timer->argument);
		free(timer);
	}
	if (until > now)
		now = until;
}

bool
stage_run(struct machine *machine, bool (*done)(void *), void *ctx)
{
	uint64_t begin = loop_now(), last = begin;

	while (!done(ctx)) {
		uint64_t time = loop_now();

		if (time - begin > PATIENCE)
			return false;
		stage_pass(machine, time - last);
		last = time;
		if (!loop_once(&machine->loop, time + SECOND / 1000))
			return false;
	}
	return true;
}
