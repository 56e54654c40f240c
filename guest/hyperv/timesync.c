/* SPDX-License-Identifier: ISC */
/*
 * The host's time: samples every few seconds, and a sync when the guest was
 * paused, saved or moved.  What to do with them is the port's matter; when they
 * were true is found out here.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/services.h"

#define AS_NUMBER(major, minor) IC_VERSION(major, minor),
static const uint32_t versions[] = { HV_TIMESYNC_VERSIONS(AS_NUMBER) };
#undef AS_NUMBER

#define TICK 100ull /* nanoseconds */
#define TICKS_PER_SECOND 10000000ull
/* The reference page and the counter need not agree to the tick. */
#define AHEAD (10 * PV_MILLISECOND / TICK)

/* What a signed number of nanoseconds can say, as the clocks of Linux and
 * OpenBSD have it: until the year 2262. */
#define LAST ((uint64_t)INT64_MAX)

bool
timesync_unix(uint64_t time, uint64_t *wall)
{
	if (time < HV_TIME_UNIX_EPOCH ||
	    time - HV_TIME_UNIX_EPOCH > LAST / TICK)
		return false;
	*wall = (time - HV_TIME_UNIX_EPOCH) * TICK;
	return true;
}

/* When of now() it was so; false: the two clocks have nothing in common. */
static bool
moment(struct service *service, uint64_t reference, uint64_t *at)
{
	uint64_t now, age;

	*at = pv_bus_now(service->hyperv->bus);
	if (reference == 0 || hyperv_clock_read(service->hyperv, &now) != PV_OK)
		return true;
	if (reference > now)
		return reference - now <= AHEAD;
	age = now - reference;
	if (age > UINT64_MAX / TICK || age * TICK > *at)
		return false;
	*at -= age * TICK;
	return true;
}

static void
tell(struct service *service, unsigned flags, uint64_t wall, uint64_t at)
{
	const struct pv_port *port = service->hyperv->port;

	if (port->time == NULL)
		return;
	if (flags & HV_TIMESYNC_SYNC)
		(void)port->time(port->ctx, PV_TIME_SYNC, wall, at);
	else if (flags & HV_TIMESYNC_SAMPLE)
		(void)port->time(port->ctx, PV_TIME_SAMPLE, wall, at);
}

/* It is the time of when it was sent: half a round trip ago, if the host knows
 * how long one takes. */
static void
old(struct service *service, const struct ic_message *message)
{
	struct hv_timesync body;
	uint64_t wall;

	memcpy(&body, message->body, HV_TIMESYNC_MIN);
	if (!timesync_unix(body.host_time, &wall)) {
		service->hyperv->stats->bad_value++;
		return;
	}
	if (body.round_trip < TICKS_PER_SECOND)
		wall += body.round_trip / 2 * TICK;
	else
		service->hyperv->stats->bad_value++;
	tell(service, body.flags, wall, pv_bus_now(service->hyperv->bus));
}

static void new (struct service *service, const struct ic_message *message)
{
	struct hv_timesync_reference body;
	uint64_t wall, at;

	memcpy(&body, message->body, HV_TIMESYNC_REFERENCE_MIN);
	if (!timesync_unix(body.host_time, &wall) ||
	    !moment(service, body.reference, &at)) {
		service->hyperv->stats->bad_value++;
		return;
	}
	tell(service, body.flags, wall, at);
}

static void
request(struct service *service, struct ic_message *message)
{
	if (service->version >= IC_VERSION(4, 0))
		new (service, message);
	else if (message->len >= HV_TIMESYNC_MIN)
		old(service, message);
	else {
		service->hyperv->stats->bad_length++;
		message->status = HV_IC_STATUS_INVALID;
	}
}

const struct service_kind service_timesync = {
	.name = "timesync",
	.type = HV_GUID_TIMESYNC,
	.message_type = HV_IC_TIMESYNC,
	.versions = versions,
	.version_count = sizeof(versions) / sizeof(versions[0]),
	.body_min = HV_TIMESYNC_REFERENCE_MIN,
	.body_max = sizeof(struct hv_timesync),
	.request = request,
};
