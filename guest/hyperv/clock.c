/* SPDX-License-Identifier: ISC */
/*
 * Reference time: by the CPU's counter and a page of the host where it keeps
 * one, else by a register, which takes an exit.
 */
#include "guest/bus/clock.h"
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "guest/hyperv/hyperv_private.h"

/* The host writes for some nanoseconds, or not at all while we run. */
#define TRIES 100

struct hyperv_clock {
	struct hv_reference_tsc *page; /* NULL: only the register */
	uint64_t physical;
	bool placed;
	bool counter;
	struct clock_line line;
	struct pv_clock clock;
	struct hyperv *hyperv;
};

/* What a tick of Hyper-V is worth, in nanoseconds. */
#define TICK 100

static struct hyperv_clock *
clock_of(struct pv_clock *clock)
{
	return (struct hyperv_clock *)(void *)((char *)clock -
	    offsetof(struct hyperv_clock, clock));
}

static bool
page_place(struct hyperv *hyperv)
{
	struct hyperv_clock *clock = hyperv->clock;

	clock->placed = true;
	return hyperv_place(hyperv, HV_MSR_REFERENCE_TSC, clock->physical);
}

static void
page_close(struct hyperv *hyperv)
{
	struct hyperv_clock *clock = hyperv->clock;

	if (clock->page == NULL)
		return;
	if (clock->placed)
		clock->placed = !hyperv_place(hyperv, HV_MSR_REFERENCE_TSC, 0);
	if (clock->placed)
		hyperv->stats->held++;
	else
		hyperv->port->pages_free(hyperv->port->ctx, clock->page, 1);
	clock->page = NULL;
}

static int
op_read(struct pv_clock *clock, unsigned cpu, uint64_t *time)
{
	struct hyperv *hyperv = clock_of(clock)->hyperv;
	uint64_t ticks;
	int error;

	if (cpu >= hyperv->cpus)
		return PV_EINVAL;
	error = hyperv_clock_read(hyperv, &ticks);
	if (error != PV_OK)
		return error;
	if (ticks > UINT64_MAX / TICK) {
		hyperv->stats->bad_value++;
		return PV_EPROTO;
	}
	*time = ticks * TICK;
	return PV_OK;
}

/* Its wall clock comes by a service of VMBus, to whoever sets the owner's. */
static const struct pv_clock_ops ops = { op_read, NULL };

/* Hyper-V scales the counters itself, or withdraws the page. */
static void
offer(struct hyperv *hyperv)
{
	struct hyperv_clock *clock = hyperv->clock;
	bool page = clock->page != NULL;

	clock->hyperv = hyperv;
	clock->clock.ops = &ops;
	clock->clock.name = hyperv_clock_text(hyperv);
	clock->clock.quality = page ? PV_CLOCK_QUALITY_STABLE
				    : PV_CLOCK_QUALITY_EXIT;
	clock->clock.resolution = TICK;
	__atomic_store_n(&clock->clock.flags,
	    PV_CLOCK_STABLE | (page ? 0 : PV_CLOCK_EXIT), __ATOMIC_RELAXED);
	hyperv->device->clock = &clock->clock;
}

static int
place_page(struct hyperv *hyperv, bool counter)
{
	const struct pv_port *port = hyperv->port;
	struct hyperv_clock *clock = hyperv->clock;

	clock->page = port->pages_alloc(port->ctx, 1, &clock->physical);
	if (clock->page == NULL)
		return PV_ENOMEM;
	if (!page_place(hyperv))
		page_close(hyperv);
	return clock->page != NULL || counter ? PV_OK : PV_ENOTSUP;
}

int
hyperv_clock_open(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;
	bool page = (hyperv->access[0] & HV_ACCESS_REFERENCE_TSC) &&
	    port->tsc != NULL;
	bool counter = hyperv->access[0] & HV_ACCESS_REFERENCE_COUNTER;
	struct hyperv_clock *clock;
	int error = PV_OK;

	if (!page && !counter)
		return PV_ENOTSUP;
	clock = pv_alloc(hyperv->bus, sizeof(*clock));
	if (clock == NULL)
		return PV_ENOMEM;
	hyperv->clock = clock;
	clock->counter = counter;
	if (page)
		error = place_page(hyperv, counter);
	if (error == PV_OK)
		offer(hyperv);
	else
		hyperv_clock_close(hyperv);
	return error;
}

void
hyperv_clock_close(struct hyperv *hyperv)
{
	if (hyperv->clock == NULL)
		return;
	hyperv->device->clock = NULL;
	page_close(hyperv);
	pv_free(hyperv->bus, hyperv->clock, sizeof(*hyperv->clock));
	hyperv->clock = NULL;
}

/* The upper half of a product of 128 bits. */
static uint64_t
multiply_high(uint64_t a, uint64_t b)
{
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
	uint64_t left = (a >> 32) * (b & UINT32_MAX);
	uint64_t right = (a & UINT32_MAX) * (b >> 32);
	uint64_t middle = (low >> 32) + (left & UINT32_MAX) +
	    (right & UINT32_MAX);

	return (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32) +
	    (middle >> 32);
}

static bool
add_signed(uint64_t time, int64_t offset, uint64_t *sum)
{
	uint64_t by = offset < 0 ? 0 - (uint64_t)offset : (uint64_t)offset;

	*sum = offset < 0 ? time - by : time + by;
	return offset < 0 ? by <= time : *sum >= time;
}

enum page_answer {
	PAGE_TIME,
	PAGE_INVALID, /* as the host says, at times for good reason */
	PAGE_WILD     /* never the same in two looks, or impossible */
};

static enum page_answer
read_page(struct hyperv *hyperv, uint64_t *time)
{
	const struct hv_reference_tsc *page = hyperv->clock->page;
	struct {
		uint64_t scale;
		int64_t offset;
	} now;

	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t before = shared_load32(&page->sequence);
		uint64_t tsc;

		if (before == HV_TSC_INVALID || before == HV_TSC_INVALID_OLD)
			return PAGE_INVALID;
		shared_copy(&now, &page->scale, sizeof(now));
		tsc = hyperv->port->tsc(hyperv->port->ctx);
		/* the copy before the second look */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (shared_load32(&page->sequence) == before)
			return add_signed(multiply_high(tsc, now.scale),
				   now.offset, time)
			    ? PAGE_TIME
			    : PAGE_WILD;
	}
	return PAGE_WILD;
}

static int
read_raw(struct hyperv *hyperv, uint64_t *time)
{
	struct hyperv_clock *clock = hyperv->clock;
	enum page_answer answer = PAGE_INVALID;

	if (clock->page != NULL)
		answer = read_page(hyperv, time);
	if (answer == PAGE_TIME)
		return PV_OK;
	if (answer == PAGE_WILD)
		hyperv->stats->bad_state++;
	if (!clock->counter)
		return PV_EPROTO;
	hyperv->stats->exits++;
	return hyperv->port->msr_read(hyperv->port->ctx,
	    HV_MSR_REFERENCE_COUNTER, time);
}

int
hyperv_clock_read(struct hyperv *hyperv, uint64_t *time)
{
	struct hyperv_clock *clock = hyperv->clock;
	uint64_t now;
	int error;

	if (clock == NULL)
		return PV_ENOTSUP;
	error = read_raw(hyperv, &now);
	if (error == PV_OK)
		*time = clock_forward(&clock->line, &clock->clock, now);
	return error;
}

void
hyperv_clock_suspend(struct hyperv *hyperv)
{
	struct hyperv_clock *clock = hyperv->clock;

	if (clock != NULL && clock->page != NULL)
		clock->placed = !hyperv_place(hyperv, HV_MSR_REFERENCE_TSC, 0);
}

/* A partition that was made later has an earlier time. */
void
hyperv_clock_resume(struct hyperv *hyperv)
{
	struct hyperv_clock *clock = hyperv->clock;
	uint64_t now;

	if (clock == NULL)
		return;
	if (clock->page != NULL && !page_place(hyperv))
		page_close(hyperv);
	if (read_raw(hyperv, &now) != PV_OK)
		now = UINT64_MAX; /* on no line yet: as it comes */
	clock_resume(&clock->line, now);
	offer(hyperv);
}

const char *
hyperv_clock_text(const struct hyperv *hyperv)
{
	if (hyperv->clock == NULL)
		return "none";
	return hyperv->clock->page != NULL ? "TSC page" : "counter";
}
