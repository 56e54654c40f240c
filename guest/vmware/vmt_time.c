/* SPDX-License-Identifier: ISC */
/*
 * The host's time, to the owner of the guest's clock: a sample each period while
 * the host wants it so (synctime), and one to set the clock by when the guest
 * stood still.
 *
 * What is sampled is the time that the virtual machine's own devices show: when
 * it lags behind the host's (the guest had to wait for a CPU), VMware lets them
 * run faster until it does not, and who slews would do it twice.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt.h"

/* A reading between two of the host's that are so near is good; so many are
 * tried (open-vm-tools: TIMESYNC_GOOD_SAMPLE_THRESHOLD, TIMESYNC_MAX_SAMPLES). */
#define GOOD (2 * PV_MILLISECOND)
#define READINGS 4u

/* What a signed number of nanoseconds can say, as the clocks of Linux and
 * OpenBSD have it: until the year 2262. */
#define LAST ((uint64_t)INT64_MAX)

struct reading {
	uint64_t wall, at, lag;
	bool good;
};

struct vmt_time {
	bool running, stopped; /* synctime is on; it has been off */
	bool moved;            /* set the clock */
	bool begun;            /* the look when the tools begin is behind us */
	uint64_t next;         /* sample */
	uint32_t period;
	bool known; /* the next two */
	uint64_t last_wall, last_at;
	bool failed; /* and the line was printed */
};

/* ---- What time it is -------------------------------------------------- */

static int
host(struct vmware *vmware, uint64_t *wall, uint64_t *lag)
{
	int error = vmware_host_time(vmware, wall, lag);

	if (error == PV_OK && (*wall > LAST || *lag >= *wall)) {
		vmware->stats->bad_value++;
		return PV_EPROTO;
	}
	return error;
}

/* Ours between two of the host's, the nearest of a few. */
static int
look(struct vmware *vmware, struct reading *reading)
{
	uint64_t before, after, lag, best = UINT64_MAX;
	int error = host(vmware, &after, &lag);

	for (unsigned i = 0; i < READINGS && best > GOOD; i++) {
		uint64_t at;

		if (error != PV_OK)
			return error;
		before = after;
		at = pv_bus_now(vmware->bus);
		error = host(vmware, &after, &lag);
		/* set back, just then */
		if (error != PV_OK || after < before || after - before >= best)
			continue;
		best = after - before;
		reading->wall = before + (best >> 1);
		reading->at = at;
		reading->lag = lag;
	}
	reading->good = best <= GOOD;
	if (best != UINT64_MAX)
		return PV_OK;
	return error != PV_OK ? error : PV_EPROTO;
}

static int
tell(struct vmware *vmware, enum pv_time kind, const struct reading *reading)
{
	const struct pv_port *port = vmware->port;
	struct vmt_time *time = vmware->time;
	struct pv_backdoor registers;
	int error;

	time->last_wall = reading->wall;
	time->last_at = reading->at;
	time->known = true;
	if (kind == PV_TIME_SAMPLE)
		return port->time(port->ctx, kind, reading->wall - reading->lag,
		    reading->at);
	error = port->time(port->ctx, kind, reading->wall, reading->at);
	if (error == PV_OK && reading->lag > 0)
		/* the lag is made good: no need to run faster any more */
		(void)vmware_call(vmware, VMWARE_STOP_CATCHUP, 0, &registers);
	return error;
}

static bool
may(const struct vmware *vmware)
{
	return vmware->port->time != NULL &&
	    vmt_option_number(vmware, VMWARE_OPTION_TIME_ALLOW) != 0;
}

static void
report(struct vmware *vmware, int error)
{
	struct vmt_time *time = vmware->time;

	if (error != PV_OK && !time->failed)
		vmware_log(vmware, PV_LOG_ERROR, "time: %s",
		    pv_error_text(error));
	time->failed = error != PV_OK;
}

/* ---- Set, or sample --------------------------------------------------- */

/* The host's time has gone further than ours since the last look: to follow is
 * to go forward. */
static bool
forward(const struct vmt_time *time, const struct reading *reading)
{
	return time->known && reading->at >= time->last_at &&
	    reading->wall >= time->last_wall &&
	    reading->wall - time->last_wall >= reading->at - time->last_at;
}

/* Where the clock may not go back, and might, it is only told. */
static int
set(struct vmware *vmware, bool backward)
{
	struct reading reading;
	int error;

	error = look(vmware, &reading);
	if (error == PV_OK)
		error = tell(vmware,
		    backward || forward(vmware->time, &reading)
			? PV_TIME_SYNC
			: PV_TIME_SAMPLE,
		    &reading);
	report(vmware, error);
	return error;
}

static void
sample(struct vmware *vmware)
{
	struct reading reading;
	int error = look(vmware, &reading);

	/* one that is too far off helps nobody */
	if (error == PV_OK && reading.good)
		error = tell(vmware, PV_TIME_SAMPLE, &reading);
	report(vmware, error);
}

void
vmt_time_moved(struct vmware *vmware)
{
	vmware->time->moved = true;
}

/* The look when the tools begin, once. */
static void
startup(struct vmware *vmware)
{
	if (vmware->time->begun)
		return;
	vmware->time->begun = true;
	if (may(vmware) &&
	    vmt_option_is(vmware, VMWARE_OPTION_TIME_STARTUP, "1"))
		(void)set(vmware,
		    vmt_option_is(vmware, VMWARE_OPTION_TIME_STARTUP_BACKWARD,
			"1"));
}

static void
synctime(struct vmware *vmware)
{
	struct vmt_time *time = vmware->time;
	bool running = vmt_option_is(vmware, VMWARE_OPTION_SYNCTIME, "1");

	if (running == time->running) {
		time->stopped |= !running;
		return;
	}
	/* switched on again: once and for all first */
	if (running && time->stopped &&
	    vmt_option_is(vmware, VMWARE_OPTION_TIME_ENABLE, "1"))
		time->moved = true;
	time->stopped |= !running;
	time->running = running;
	time->next = 0;
}

void
vmt_time_option(struct vmware *vmware, const char *name)
{
	struct vmt_time *time = vmware->time;
	uint32_t period = vmt_option_number(vmware,
	    VMWARE_OPTION_SYNCTIME_PERIOD);

	if (vmt_is(name, strlen(name), VMWARE_OPTION_TIME_STARTUP))
		startup(vmware);
	if (vmt_is(name, strlen(name), VMWARE_OPTION_SYNCTIME))
		synctime(vmware);
	if (period != time->period)
		time->next = 0;
	time->period = period;
}

/* ---- The feature ------------------------------------------------------ */

size_t
vmt_time_command(struct vmware *vmware, const char *text, size_t len, char *to,
    size_t room)
{
	struct vmt_words words;
	const char *word;
	size_t word_len;
	uint32_t backward;

	vmt_split(&words, text, len);
	if (!vmt_is(words.name, words.name_len, VMWARE_TCLO_TIME))
		return 0;
	if (!vmt_word(&words.args, &words.args_len, &word, &word_len) ||
	    !vmt_number(word, word_len, &backward)) {
		vmware->stats->bad_value++;
		return vmt_answer(to, room, false,
		    "Unable to tokenize TimeSync RPC data");
	}
	if (!may(vmware) || set(vmware, backward == 1) != PV_OK)
		return vmt_answer(to, room, false, "Unable to sync time");
	vmware->time->moved = false;
	return vmt_answer(to, room, true, "");
}

int
vmt_time_open(struct vmware *vmware)
{
	struct reading reading;

	vmware->time = pv_alloc(vmware->bus, sizeof(*vmware->time));
	if (vmware->time == NULL)
		return PV_ENOMEM;
	vmware->time->period = vmt_option_number(vmware,
	    VMWARE_OPTION_SYNCTIME_PERIOD);
	/* what later ones are compared with */
	if (vmware->port->time != NULL && look(vmware, &reading) == PV_OK) {
		vmware->time->known = true;
		vmware->time->last_wall = reading.wall;
		vmware->time->last_at = reading.at;
	}
	return PV_OK;
}

void
vmt_time_close(struct vmware *vmware)
{
	if (vmware->time == NULL)
		return;
	pv_free(vmware->bus, vmware->time, sizeof(*vmware->time));
	vmware->time = NULL;
}

bool
vmt_time_poll(struct vmware *vmware)
{
	struct vmt_time *time = vmware->time;
	uint64_t now = pv_bus_now(vmware->bus);

	if (time->moved) {
		time->moved = false;
		if (may(vmware))
			(void)set(vmware, true);
	}
	if (time->running && now >= time->next) {
		time->next = now + time->period * PV_SECOND;
		if (may(vmware))
			sample(vmware);
	}
	return false;
}

uint64_t
vmt_time_deadline(const struct vmware *vmware)
{
	const struct vmt_time *time = vmware->time;

	if (time->moved)
		return 0;
	return time->running ? time->next : PV_NEVER;
}
