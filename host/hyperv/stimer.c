/* SPDX-License-Identifier: ISC */
/* Synthetic timers: four of each vCPU, which end in a message or, direct, in an
 * interrupt. */
#include <string.h>

#include "host/hyperv/hyperv_private.h"

/* Nanoseconds between looks at a periodic timer. */
#define SHORTEST 20000u

static void expire(void *argument);

/* The first call to come, or UINT64_MAX. */
static uint64_t
next_try(const struct root_timer *timer)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < timer->waits; i++)
		if (timer->tries[i] < first)
			first = timer->tries[i];
	return first;
}

static void
forget_try(struct root_timer *timer)
{
	uint64_t first = next_try(timer);

	for (unsigned i = 0; i < timer->waits; i++) {
		if (timer->tries[i] != first)
			continue;
		timer->tries[i] = timer->tries[--timer->waits];
		return;
	}
}

static void
wait_for(struct root_timer *timer)
{
	struct host_hyperv *host = timer->host;
	uint64_t now = host->world.now(host->world.ctx);
	uint64_t left = root_time(host), delay, late;

	left = timer->due > left ? timer->due - left : 0;
	/* not further than 292 years */
	delay = left < INT64_MAX / 100 ? left * 100 : INT64_MAX;
	/* a guest's mistake that would keep the host busy */
	if ((timer->config & HV_STIMER_PERIODIC) != 0 && delay < SHORTEST)
		delay = SHORTEST;
	/* with many on their way this one may be a little late, so that there
	 * cannot be more and more of them */
	late = timer->waits < ROOT_TRIES / 4 ? 0 : delay / 4 + SHORTEST;
	if (next_try(timer) <= now + delay + late || timer->waits == ROOT_TRIES)
		return;
	timer->tries[timer->waits++] = now + delay;
	host->world.later(host->world.ctx, delay, expire, timer);
}

static void
arm(struct root_timer *timer)
{
	uint64_t now = root_time(timer->host);

	timer->armed = false;
	if ((timer->config & HV_STIMER_ENABLE) == 0 || timer->count == 0)
		return;
	timer->due = timer->count;
	if ((timer->config & HV_STIMER_PERIODIC) != 0)
		timer->due = timer->count < UINT64_MAX - now
		    ? now + timer->count
		    : UINT64_MAX;
	timer->armed = true;
	wait_for(timer);
}

static unsigned
sint_of(const struct root_timer *timer)
{
	return (unsigned)(timer->config >> HV_STIMER_SINT_SHIFT) & 15;
}

static void
tell(struct root_timer *timer)
{
	struct host_hyperv *host = timer->host;
	struct hv_timer_message message = { .timer = timer->number,
		.expired = timer->due,
		.delivered = root_time(host) };

	if ((timer->config & HV_STIMER_DIRECT) != 0) {
		host->world.interrupt(host->world.ctx, timer->vcpu,
		    (uint8_t)(timer->config >> HV_STIMER_VECTOR_SHIFT));
		return;
	}
	if (timer->unsent)
		return; /* one is enough */
	timer->unsent = true;
	root_message(host, timer->vcpu, sint_of(timer),
	    HV_MESSAGE_TIMER_EXPIRED, &message, sizeof(message));
}

static void
fire(struct root_timer *timer)
{
	uint64_t now = root_time(timer->host);

	tell(timer);
	if ((timer->config & HV_STIMER_PERIODIC) == 0) {
		timer->armed = false;
		timer->config &= ~HV_STIMER_ENABLE;
		return;
	}
	/* those that were missed are left out */
	timer->due += (now - timer->due) / timer->count * timer->count;
	timer->due = timer->due < UINT64_MAX - timer->count
	    ? timer->due + timer->count
	    : UINT64_MAX;
	wait_for(timer);
}

static void
expire(void *argument)
{
	struct root_timer *timer = argument;

	forget_try(timer);
	if (!timer->armed)
		return;
	if (root_time(timer->host) >= timer->due)
		fire(timer);
	else
		wait_for(timer);
}

void
root_timer_sent(struct host_hyperv *host, unsigned vcpu,
    const struct hv_message *message)
{
	struct hv_timer_message body;

	if (message->type != HV_MESSAGE_TIMER_EXPIRED)
		return;
	memcpy(&body, message->payload, sizeof(body));
	if (body.timer < HV_STIMERS)
		host->vcpus[vcpu].timers[body.timer].unsent = false;
}

void
root_timers_init(struct host_hyperv *host)
{
	for (unsigned vcpu = 0; vcpu < ROOT_VCPUS; vcpu++)
		for (unsigned i = 0; i < HV_STIMERS; i++) {
			struct root_timer *timer = &host->vcpus[vcpu].timers[i];

			timer->host = host;
			timer->vcpu = vcpu;
			timer->number = i;
		}
}

void
root_timers_reset(struct host_hyperv *host)
{
	for (unsigned vcpu = 0; vcpu < ROOT_VCPUS; vcpu++)
		for (unsigned i = 0; i < HV_STIMERS; i++) {
			struct root_timer *timer = &host->vcpus[vcpu].timers[i];

			timer->armed = timer->unsent = false;
			timer->config = timer->count = 0;
		}
}

void
root_timers_jumped(struct host_hyperv *host)
{
	for (unsigned vcpu = 0; vcpu < ROOT_VCPUS; vcpu++)
		for (unsigned i = 0; i < HV_STIMERS; i++)
			if (host->vcpus[vcpu].timers[i].armed)
				wait_for(&host->vcpus[vcpu].timers[i]);
}

static struct root_timer *
timer_of(struct host_hyperv *host, unsigned vcpu, uint32_t msr)
{
	return &host->vcpus[vcpu].timers[(msr - HV_MSR_STIMER_CONFIG(0)) / 2];
}

static bool
is_config(uint32_t msr)
{
	return (msr - HV_MSR_STIMER_CONFIG(0)) % 2 == 0;
}

bool
root_timer_read(struct host_hyperv *host, unsigned vcpu, uint32_t msr,
    uint64_t *value)
{
	const struct root_timer *timer = timer_of(host, vcpu, msr);

	*value = is_config(msr) ? timer->config : timer->count;
	return !host->config.no_stimer;
}

/* SINT 0 is no place for messages: such a timer does not run. */
static bool
set_config(struct root_timer *timer, uint64_t value)
{
	bool direct = (value & HV_STIMER_DIRECT) != 0;

	if (direct && timer->host->config.no_direct_timer)
		return false;
	timer->config = value;
	if (!direct && sint_of(timer) == 0)
		timer->config &= ~HV_STIMER_ENABLE;
	arm(timer);
	return true;
}

static void
set_count(struct root_timer *timer, uint64_t value)
{
	timer->count = value;
	if (value == 0)
		timer->config &= ~HV_STIMER_ENABLE;
	else if ((timer->config & HV_STIMER_AUTO_ENABLE) != 0 &&
	    ((timer->config & HV_STIMER_DIRECT) != 0 || sint_of(timer) != 0))
		timer->config |= HV_STIMER_ENABLE;
	arm(timer);
}

bool
root_timer_write(struct host_hyperv *host, unsigned vcpu, uint32_t msr,
    uint64_t value)
{
	struct root_timer *timer = timer_of(host, vcpu, msr);

	if (host->config.no_stimer)
		return false;
	if (is_config(msr))
		return set_config(timer, value);
	set_count(timer, value);
	return true;
}
