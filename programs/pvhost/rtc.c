/* SPDX-License-Identifier: ISC */
/*
 * A clock and 128 bytes of memory, as Motorola's MC146818 in a PC: the host's
 * time in UTC, which the guest cannot set, without alarms or interrupts.
 * Registers are those of its data sheet, page 3-15 on.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "programs/pvhost/parts.h"
#include "programs/pvhost/power.h"

#define PORT_INDEX 0x70u
#define PORT_DATA 0x71u
#define INDEX_MASK 0x7fu /* bit 7 masks the NMI */
#define SIZE 128u

enum {
	SECONDS = 0x00,
	SECONDS_ALARM,
	MINUTES,
	MINUTES_ALARM,
	HOURS,
	HOURS_ALARM,
	DAY_OF_WEEK,
	DAY,
	MONTH,
	YEAR,
	REGISTER_A,
	REGISTER_B,
	REGISTER_C,
	REGISTER_D
};

#define A_DIVIDER 0x26u /* 32768 Hz, 1024 Hz; bit 7, an update, is never seen */
#define B_24_HOURS 0x02u
#define B_BINARY 0x04u
#define B_WRITABLE 0x87u /* SET, binary, 24 hours, summer time */
#define D_VALID 0x80u
#define AFTERNOON 0x80u /* in the hours, when they go to 12 */

#define READING_NS 10000000u

struct rtc {
	struct machine *machine;
	struct port_range range;
	uint8_t index, memory[SIZE];
	/* what one reading sees */
	struct tm time;
	uint64_t taken;
};

static uint8_t
number(const struct rtc *rtc, int value)
{
	if (rtc->memory[REGISTER_B] & B_BINARY)
		return (uint8_t)value;
	return (uint8_t)(value / 10 % 10 << 4 | value % 10);
}

static uint8_t
hours(const struct rtc *rtc)
{
	int hour = rtc->time.tm_hour;

	if (rtc->memory[REGISTER_B] & B_24_HOURS)
		return number(rtc, hour);
	return number(rtc, (hour + 11) % 12 + 1) | (hour >= 12 ? AFTERNOON : 0);
}

/*
 * A guest looks whether an update is under way, and has at least 244 us for all
 * registers if not.  Here it has some more, as its reads are slow: what it finds
 * is of one moment.
 */
static void
look(struct rtc *rtc)
{
	uint64_t now = machine_now(rtc->machine);
	struct timespec host;
	struct tm time;

	if (rtc->taken != 0 && now - rtc->taken < READING_NS)
		return;
	if (clock_gettime(CLOCK_REALTIME, &host) == 0 &&
	    gmtime_r(&host.tv_sec, &time) != NULL) {
		rtc->time = time;
		rtc->taken = now | 1;
	}
}

static uint8_t
reading(struct rtc *rtc)
{
	int year;

	look(rtc);
	year = rtc->time.tm_year + 1900;
	switch (rtc->index) {
	case SECONDS:
		return number(rtc, rtc->time.tm_sec);
	case MINUTES:
		return number(rtc, rtc->time.tm_min);
	case HOURS:
		return hours(rtc);
	case DAY_OF_WEEK:
		return number(rtc, rtc->time.tm_wday + 1);
	case DAY:
		return number(rtc, rtc->time.tm_mday);
	case MONTH:
		return number(rtc, rtc->time.tm_mon + 1);
	case YEAR:
		return number(rtc, year % 100);
	case RTC_CENTURY:
		return number(rtc, year / 100);
	default:
		return rtc->memory[rtc->index];
	}
}

static uint32_t
rtc_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	struct rtc *rtc = ctx;

	(void)vcpu;
	if (port != PORT_DATA || width != 1)
		return UINT32_MAX;
	return reading(rtc);
}

/* What is written to the time is lost: the host's goes on. */
static void
rtc_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct rtc *rtc = ctx;
	uint8_t byte = (uint8_t)value;

	(void)vcpu;
	if (port == PORT_INDEX) {
		rtc->index = byte & INDEX_MASK;
		/* a word is for both ports */
		if (width == 1)
			return;
		byte = (uint8_t)(value >> 8);
	}
	if (rtc->index == REGISTER_B)
		byte &= B_WRITABLE;
	else if (rtc->index == REGISTER_A || rtc->index == REGISTER_C ||
	    rtc->index == REGISTER_D)
		return;
	rtc->memory[rtc->index] = byte;
}

static void *
rtc_make(struct machine *machine)
{
	struct rtc *rtc = calloc(1, sizeof(*rtc));

	if (rtc == NULL) {
		say("no memory for the clock");
		return NULL;
	}
	rtc->machine = machine;
	rtc->memory[REGISTER_A] = A_DIVIDER;
	rtc->memory[REGISTER_B] = B_24_HOURS;
	rtc->memory[REGISTER_D] = D_VALID;
	rtc->range = (struct port_range){ .first = PORT_INDEX,
		.last = PORT_DATA,
		.ctx = rtc,
		.in = rtc_in,
		.out = rtc_out };
	ports_add(&machine->ports, &rtc->range);
	return rtc;
}

static void
rtc_free(void *self)
{
	struct rtc *rtc = self;

	ports_remove(&rtc->machine->ports, &rtc->range);
	free(rtc);
}

const struct part part_rtc = { "rtc", rtc_make, rtc_free };
