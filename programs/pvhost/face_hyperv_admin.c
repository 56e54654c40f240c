/* SPDX-License-Identifier: ISC */
/* Integration services other than keys: what Hyper-V asks its guest by itself,
 * and what its administrator asks. */
#include <string.h>
#include <time.h>

#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/reply.h"
#include "wire/hyperv/ic.h"
#include "wire/hyperv/vss.h"

#define SECOND 1000000000u
/* Ticks between questions: Hyper-V asks for a heartbeat every two seconds, and
 * gives the time every five. */
#define HEARTBEAT 2u
#define SAMPLE 5u
/* SHTDN_REASON_FLAG_PLANNED: of the administrator's will, no fault. */
#define REASON HV_SHUTDOWN_PLANNED
#define TEXT "asked for by the administrator of pvhost"

static bool
is_up(const struct face_hyperv *self, enum host_ic_service which)
{
	return host_ic_answer(self->ic, which)->version != 0;
}

/* ---- Time -------------------------------------------------------------- */

/* The host's clock as the guest is told of it: since 1601, in 100 ns. */
static uint64_t
host_time(const struct face_hyperv *self)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return HV_TIME_UNIX_EPOCH +
	    (uint64_t)((int64_t)now.tv_sec * SECOND + now.tv_nsec +
		self->stepped) /
	    100;
}

/* Once for all when the guest is there, and then for it to compare. */
static void
give_time(struct face_hyperv *self)
{
	if (!is_up(self, HOST_IC_TIMESYNC))
		self->timed = false;
	else if (!self->timed)
		self->timed = host_ic_time(self->ic, host_time(self),
		    HV_TIMESYNC_SYNC);
	else if (self->tick % SAMPLE == 0)
		host_ic_time(self->ic, host_time(self), HV_TIMESYNC_SAMPLE);
}

bool
hyperv_step(void *ctx, int64_t nanoseconds, struct reply *reply)
{
	struct face_hyperv *self = ctx;

	(void)reply;
	self->stepped += nanoseconds;
	/* of a guest that takes it later it is the first it hears */
	self->timed = false;
	give_time(self);
	return true;
}

static void
tick(void *ctx)
{
	struct face_hyperv *self = ctx;

	self->tick++;
	give_time(self);
	if (self->tick % HEARTBEAT == 0)
		host_ic_heartbeat(self->ic);
	timers_later(&self->machine->timers, SECOND, tick, self);
}

void
hyperv_admin_start(struct face_hyperv *self)
{
	timers_later(&self->machine->timers, SECOND, tick, self);
}

/* ---- Requests ---------------------------------------------------------- */

static bool
shutdown(struct face_hyperv *self, uint32_t flags)
{
	return host_ic_shutdown(self->ic, flags, REASON, TEXT);
}

static bool
freeze(struct face_hyperv *self, uint32_t operation)
{
	return host_ic_vss(self->ic, operation);
}

static bool
heartbeat(struct face_hyperv *self, uint32_t unused)
{
	(void)unused;
	return host_ic_heartbeat(self->ic);
}

static const struct request {
	const char *what;
	enum host_ic_service service;
	bool (*ask)(struct face_hyperv *, uint32_t argument);
	uint32_t argument;
} requests[] = {
	{ "shutdown", HOST_IC_SHUTDOWN, shutdown, 0 },
	{ "shutdown force", HOST_IC_SHUTDOWN, shutdown, HV_SHUTDOWN_FORCE },
	{ "reboot", HOST_IC_SHUTDOWN, shutdown, HV_SHUTDOWN_RESTART },
	{ "reboot force", HOST_IC_SHUTDOWN, shutdown,
	    HV_SHUTDOWN_RESTART | HV_SHUTDOWN_FORCE },
	{ "suspend", HOST_IC_SHUTDOWN, shutdown, HV_SHUTDOWN_HIBERNATE },
	{ "heartbeat", HOST_IC_HEARTBEAT, heartbeat, 0 },
	{ "freeze", HOST_IC_VSS, freeze, HV_VSS_FREEZE },
	{ "thaw", HOST_IC_VSS, freeze, HV_VSS_THAW },
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static bool
not_known(const char *what, struct reply *reply)
{
	reply_no(reply, "Hyper-V has no request \"%s\"; expected one of", what);
	for (size_t i = 0; i < REQUESTS; i++)
		reply_print(reply, "%s %s", i == 0 ? "" : ",",
		    requests[i].what);
	return false;
}

bool
hyperv_request(void *ctx, const char *what, struct reply *reply)
{
	struct face_hyperv *self = ctx;
	const struct request *request = requests;
	const char *name;

	while (
	    request < requests + REQUESTS && strcmp(request->what, what) != 0)
		request++;
	if (request == requests + REQUESTS)
		return not_known(what, reply);
	name = hyperv_services[request->service];
	if (!is_up(self, request->service))
		return reply_no(reply,
		    "the guest's %s service is not up; try again when the "
		    "status says so",
		    name);
	return request->ask(self, request->argument) ||
	    reply_no(reply,
		"the guest's %s service has not answered the last request, or "
		"is of a version that has no such",
		name);
}
