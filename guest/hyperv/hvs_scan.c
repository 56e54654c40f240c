/* SPDX-License-Identifier: ISC */
/*
 * hvs: what disks there are.  A scan asks each target for its LUNs, or looks at
 * each where the host does not know that question, and looks at each LUN that
 * is there; disks that it does not meet leave.  A refresh looks again at those
 * disks that the host said something of.
 */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

#define COMMAND (30 * PV_SECOND)
#define RETRIES 5u
#define BUSY_WAIT (100 * PV_MILLISECOND)
#define BUSY_RETRIES 50u
#define RESCANS_MAX 8u

static unsigned
targets(const struct hvs *hvs)
{
	return hvs->ide ? 1 : HVS_TARGETS;
}

static uint8_t
target_of(const struct hvs *hvs)
{
	return hvs->ide ? hvs->target : (uint8_t)hvs->scan.target;
}

struct sd *
hvs_find(struct hvs *hvs, unsigned target, unsigned lun)
{
	struct sd *sd = hvs->disks;

	while (sd != NULL &&
	    (sd->leaving || sd->target != target || sd->lun != lun))
		sd = sd->next;
	return sd;
}

/* ---- One command ------------------------------------------------------ */

/* A page that the host may write to at any time is none of ours any more. */
static bool
page_ready(struct hvs *hvs)
{
	const struct pv_port *port = hvs->hyperv->port;

	if (hvs->command.error == PV_EBUSY && hvs->page != NULL) {
		hvs->page = NULL;
		hvs->device->stats.held++;
	}
	if (hvs->page == NULL)
		hvs->page = port->pages_alloc(port->ctx, 1,
		    &hvs->page_physical);
	return hvs->page != NULL;
}

void
hvs_scsi(struct hvs *hvs, const struct scsi_cdb *cdb, uint32_t room)
{
	struct hvs_command *command = &hvs->command;

	if (!page_ready(hvs)) {
		hvs_command_done(command, PV_ENOMEM);
		return;
	}
	memset(hvs->page, 0, PV_PAGE_SIZE);
	command->operation = HV_STOR_EXECUTE_SRB;
	command->path = hvs->path;
	command->target = target_of(hvs);
	command->lun = (uint8_t)hvs->scan.lun;
	command->cdb = *cdb;
	command->physical = hvs->page_physical;
	command->room = room;
	command->patience = COMMAND;
	hvs_post(hvs, command);
}

/* Whether its answer is one; else it is to be sent again. */
bool
hvs_scan_answered(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;
	const struct hvs_command *command = &hvs->command;

	scan->sent = false;
	if (command->busy ||
	    (command->sense.key == SCSI_KEY_NOT_READY &&
		command->sense.asc == SCSI_ASC_BECOMING_READY)) {
		if (scan->busy++ >= BUSY_RETRIES)
			return true;
		scan->again = hvs_now(hvs) + BUSY_WAIT;
		return false;
	}
	if (command->error != PV_OK &&
	    (command->sense.key == SCSI_KEY_UNIT_ATTENTION ||
		command->sense.key == SCSI_KEY_ABORTED) &&
	    scan->tries++ < RETRIES)
		return false;
	scan->tries = scan->busy = 0;
	if (command->error == PV_OK && hvs->page != NULL)
		shared_copy(hvs->answer, hvs->page, command->length);
	return true;
}

/* ---- LUNs of a target ------------------------------------------------- */

static void
probe_all(struct hvs_scan *scan)
{
	scan->probing = true;
	scan->luns = (struct scsi_luns){ .count = HVS_LUNS };
	scan->luns.bits[0] = UINT64_MAX;
}

static void
luns_known(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;
	const struct hvs_command *command = &hvs->command;

	scan->asked = true;
	scan->luns = (struct scsi_luns){ 0 };
	if (command->error == PV_OK &&
	    scsi_parse_luns(hvs->answer, command->length, &scan->luns) ==
		PV_OK) {
		for (unsigned lun = HVS_LUNS; lun <= UINT8_MAX; lun++)
			scan->luns.ignored += scsi_has_lun(&scan->luns, lun);
		hvs->device->stats.bad_value += scan->luns.ignored;
		return;
	}
	if (command->absent)
		return;
	if (command->error == PV_OK || command->sense.valid) {
		/* it does not know the question, or has no answer */
		probe_all(scan);
		return;
	}
	scan->missed |= 1u << scan->target;
	scan->incomplete = true;
}

/* True: the LUNs of this target are known. */
static bool
ask_luns(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;
	struct scsi_cdb cdb;

	if (scan->asked)
		return true;
	if (hvs->ide) {
		scan->asked = true;
		scan->luns = (struct scsi_luns){ .bits = { 1 }, .count = 1 };
		return true;
	}
	if (!scan->sent) {
		scan->lun = 0;
		scan->sent = true;
		cdb = scsi_cdb_luns(PV_PAGE_SIZE);
		hvs_scsi(hvs, &cdb, PV_PAGE_SIZE);
		return false;
	}
	if (hvs_scan_answered(hvs))
		luns_known(hvs);
	return scan->asked;
}

/* ---- A scan ----------------------------------------------------------- */

static void
begin(struct hvs *hvs, bool refresh)
{
	struct hvs_scan *scan = &hvs->scan;

	*scan = (struct hvs_scan){ .running = true,
		.refresh = refresh,
		.next = PV_NEVER };
	for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
		sd->seen = false;
}

static void
schedule(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;

	if (!scan->incomplete) {
		hvs->rescans = 0;
		return;
	}
	if (hvs->rescans < RESCANS_MAX)
		scan->next = hvs_now(hvs) + (HVS_RETRY << hvs->rescans);
	hvs->rescans++;
}

static void
end(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;
	struct sd *next;

	scan->running = false;
	for (struct sd *sd = hvs->disks; sd != NULL; sd = next) {
		unsigned target = hvs->ide ? 0 : sd->target;

		next = sd->next;
		if (!scan->refresh && !sd->seen && !sd->leaving &&
		    (scan->missed >> target & 1) == 0)
			hvs_lun_leaves(hvs, sd);
	}
	schedule(hvs);
	hvs->channel->settled = true;
}

/* The next LUN from here on, or none. */
static bool
next_lun(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;

	for (; scan->lun < HVS_LUNS; scan->lun++)
		if (scsi_has_lun(&scan->luns, scan->lun))
			return true;
	return false;
}

static void
look_begins(struct hvs_scan *scan, enum hvs_look look)
{
	scan->look = look;
	scan->found = (struct hvs_found){ 0 };
	scan->sent = false;
	scan->tries = scan->busy = 0;
}

/* True: it goes on; false: it waits for the host, or is over. */
static bool
full_step(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;

	if (!scan->asked) {
		if (!ask_luns(hvs))
			return scan->again <= hvs_now(hvs) && !scan->sent;
		scan->lun = 0;
		if (next_lun(hvs))
			look_begins(scan, HVS_L_INQUIRY);
		return true;
	}
	if (scan->lun < HVS_LUNS && next_lun(hvs)) {
		if (!hvs_look_step(hvs))
			return scan->again <= hvs_now(hvs) && !scan->sent;
		scan->lun++;
		if (next_lun(hvs))
			look_begins(scan, HVS_L_INQUIRY);
		return true;
	}
	if (++scan->target < targets(hvs)) {
		scan->asked = scan->probing = false;
		scan->sent = false;
		return true;
	}
	end(hvs);
	return false;
}

static struct sd *
wants_a_look(struct hvs *hvs)
{
	struct sd *sd = hvs->disks;

	while (sd != NULL &&
	    (sd->leaving || !__atomic_load_n(&sd->attention, __ATOMIC_ACQUIRE)))
		sd = sd->next;
	return sd;
}

/* `asked` is that one is being looked at. */
static bool
refresh_step(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;

	if (!scan->asked) {
		struct sd *sd = wants_a_look(hvs);

		if (sd == NULL) {
			end(hvs);
			return false;
		}
		__atomic_store_n(&sd->attention, 0, __ATOMIC_RELEASE);
		scan->target = sd->target;
		scan->lun = sd->lun;
		look_begins(scan, HVS_L_INQUIRY);
		scan->asked = true;
		return true;
	}
	if (!hvs_look_step(hvs))
		return scan->again <= hvs_now(hvs) && !scan->sent;
	scan->asked = false;
	return true;
}

static bool
scan_is_due(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;

	if (__atomic_exchange_n(&hvs->rescan, 0, __ATOMIC_ACQUIRE) != 0) {
		hvs->rescans = 0;
		begin(hvs, false);
	} else if (__atomic_exchange_n(&hvs->refresh, 0, __ATOMIC_ACQUIRE) != 0)
		begin(hvs, true);
	else if (scan->next <= hvs_now(hvs))
		begin(hvs, false);
	return scan->running;
}

void
hvs_scan_step(struct hvs *hvs)
{
	struct hvs_scan *scan = &hvs->scan;
	bool more = true;

	if (!scan->running && !scan_is_due(hvs))
		return;
	while (more && scan->running && hvs->phase == HVS_RUNNING &&
	    hvs_dead(hvs) == PV_OK && !hvs_command_busy(&hvs->command) &&
	    scan->again <= hvs_now(hvs))
		more = scan->refresh ? refresh_step(hvs) : full_step(hvs);
}

void
hvs_scan_stop(struct hvs *hvs)
{
	hvs->scan = (struct hvs_scan){ .next = PV_NEVER };
}

uint64_t
hvs_scan_deadline(const struct hvs *hvs)
{
	const struct hvs_scan *scan = &hvs->scan;

	if (hvs->phase != HVS_RUNNING)
		return PV_NEVER;
	if (!scan->running)
		return __atomic_load_n(&hvs->rescan, __ATOMIC_RELAXED) ||
			__atomic_load_n(&hvs->refresh, __ATOMIC_RELAXED)
		    ? 0
		    : scan->next;
	if (hvs_command_busy(&hvs->command))
		/* another CPU has the channel, and does not wake us */
		return hvs->queues[0].taken ? hvs_now(hvs) + HVS_OTHER_CPU
					    : PV_NEVER;
	return scan->again;
}
