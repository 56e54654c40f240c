/* SPDX-License-Identifier: ISC */
/*
 * hvs: a host that does not answer.  First the LUN is reset, then the bus; a
 * reset that is answered should bring back all it has ended (Linux waits for
 * that too), but some hosts do nothing on one: then the channels are closed,
 * which ends all that the host has, and opened again.  A host that does not
 * even answer a reset is left.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

/* One of those that are late; 0: none is. */
static uint32_t
late(const struct hvs *hvs)
{
	for (unsigned i = 0; i < hvs->queues_open; i++) {
		uint32_t which = __atomic_load_n(&hvs->queues[i].late,
		    __ATOMIC_RELAXED);

		if (which != 0)
			return which;
	}
	return 0;
}

static void
enter(struct hvs *hvs, enum hvs_reset_state state, uint64_t time)
{
	hvs->resetting = state;
	hvs->reset_until = time == PV_NEVER ? PV_NEVER : hvs_now(hvs) + time;
}

static void
ask(struct hvs *hvs, uint32_t operation, uint32_t which)
{
	struct hvs_command *command = &hvs->reset;

	command->operation = operation;
	command->path = hvs->path;
	command->target = (uint8_t)(which >> 8);
	command->lun = (uint8_t)(which >> 16);
	command->room = 0;
	command->patience = PV_NEVER / 2;
	hvs_post(hvs, command);
}

static void
begin(struct hvs *hvs, uint32_t which)
{
	hvs_log(hvs, PV_LOG_ERROR,
	    "target %u lun %u: no answer for %u seconds; resetting it",
	    which >> 8 & 0xff, which >> 16, (unsigned)(HVS_ANSWER / PV_SECOND));
	ask(hvs, HV_STOR_RESET_LUN, which);
	enter(hvs, HVS_LUN_ASKED, HVS_HANDSHAKE);
}

/* All else has been tried. */
static void
anew(struct hvs *hvs)
{
	enter(hvs, HVS_NO_RESET, PV_NEVER);
	if (hvs_now(hvs) - hvs->reset_at > 10 * HVS_ANSWER)
		hvs->resets = 0;
	if (hvs->resets == HVS_RESETS_MAX) {
		hvs_break(hvs, "the host does not answer");
		return;
	}
	hvs->resets++;
	hvs->reset_at = hvs_now(hvs);
	hvs_log(hvs, PV_LOG_ERROR, "no answer after resets; connecting anew");
	hvs_reconnect(hvs);
}

/* True: the time of this state is over. */
static bool
over(const struct hvs *hvs)
{
	return hvs_now(hvs) >= hvs->reset_until;
}

static void
asked(struct hvs *hvs, enum hvs_reset_state next)
{
	if (!hvs_command_busy(&hvs->reset))
		enter(hvs, next, HVS_RESET_GRACE);
	else if (over(hvs))
		hvs_break(hvs, "the host does not answer");
}

void
hvs_reset_step(struct hvs *hvs)
{
	uint32_t which = late(hvs);

	switch (hvs->resetting) {
	case HVS_NO_RESET:
		if (which != 0 && !hvs_command_busy(&hvs->reset))
			begin(hvs, which);
		return;
	case HVS_LUN_ASKED:
		asked(hvs, HVS_LUN_GRACE);
		return;
	case HVS_LUN_GRACE:
		if (which == 0)
			enter(hvs, HVS_NO_RESET, PV_NEVER);
		else if (over(hvs)) {
			ask(hvs, HV_STOR_RESET_BUS, which);
			enter(hvs, HVS_BUS_ASKED, HVS_HANDSHAKE);
		}
		return;
	case HVS_BUS_ASKED:
		asked(hvs, HVS_BUS_GRACE);
		return;
	case HVS_BUS_GRACE:
		if (which == 0)
			enter(hvs, HVS_NO_RESET, PV_NEVER);
		else if (over(hvs))
			anew(hvs);
		return;
	}
}

uint64_t
hvs_reset_deadline(const struct hvs *hvs)
{
	return hvs->phase == HVS_RUNNING && hvs->resetting != HVS_NO_RESET
	    ? hvs->reset_until
	    : PV_NEVER;
}
