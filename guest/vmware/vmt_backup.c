/* SPDX-License-Identifier: ISC */
/*
 * Quiesced snapshots: the host has the file systems written and held still
 * while it takes one.  It follows by events, and wants one every few seconds.
 *
 * A guest that is never let go again is worse than a snapshot that failed, so
 * what is held is let go when the host has had its time, when it takes no event
 * any more, and when it, or the driver, begins anew.
 */
#include "guest/vmware/vmt.h"

/* vCenter gives a quiesced snapshot up after this, and so do VMware's tools
 * (GUEST_QUIESCE_DEFAULT_TIMEOUT_IN_SEC). */
#define TIME_MAX 900u /* seconds */
/* Half of what the host waits for an event, as VMware's tools have it. */
#define ALIVE (VMWARE_BACKUP_KEEP_ALIVE_MS / 2 * PV_MILLISECOND)
/* Ask again how far it is, though no event tells. */
#define STEP (10 * PV_MILLISECOND)
/* Letting go failed: again. */
#define AGAIN (1 * PV_SECOND)
/* What a freeze held that failed is let go, too; but perhaps it held nothing,
 * and then letting go fails each time. */
#define UNDO_MAX 3u
/* How long detaching waits for that. */
#define THAW_MAX (5 * PV_SECOND)

/* Events, in the order in which they can follow on each other. */
enum event {
	RESET,
	COMMIT,
	KEEP_ALIVE,
	FAILED,
	ABORTED,
	DONE,
	EVENTS
};

static const struct {
	const char *name, *text;
	unsigned code;
} events[EVENTS] = {
	[RESET] = { VMWARE_BACKUP_RESET, "", VMWARE_BACKUP_CODE_GOOD },
	[COMMIT] = { VMWARE_BACKUP_COMMIT, "", VMWARE_BACKUP_CODE_GOOD },
	[KEEP_ALIVE] = { VMWARE_BACKUP_KEEP_ALIVE, "",
	    VMWARE_BACKUP_CODE_GOOD },
	[FAILED] = { VMWARE_BACKUP_REQ_ERROR,
	    "The file systems could not be held or let go.",
	    VMWARE_BACKUP_CODE_SYNC },
	[ABORTED] = { VMWARE_BACKUP_REQ_ABORTED, "Quiescing was given up.",
	    VMWARE_BACKUP_CODE_ABORTED },
	[DONE] = { VMWARE_BACKUP_REQ_DONE, "", VMWARE_BACKUP_CODE_GOOD },
};

struct vmt_backup {
	enum {
		IDLE,
		STARTING, /* the host is to take the first event */
		FREEZING,
		FROZEN,
		THAWING,
		ENDING /* all is let go; the last events */
	} state;
	bool hold;        /* file systems, or only the events */
	bool moved;       /* a snapshot was taken: the guest stood still */
	unsigned waiting; /* events, a bit each */
	enum event saying;
	struct vmt_say say;
	uint64_t until; /* of the whole, until it thaws */
	uint64_t step, alive;
	const char *why; /* it was given up: said when logs can be written */
	bool failed;     /* to thaw, and the line was printed */
	int error;       /* of the freeze; that line, too, is for later */
	unsigned undone; /* attempts to let go after that */
};

static void
tell(struct vmt_backup *backup, enum event event)
{
	backup->waiting |= 1u << event;
}

static int
freeze(const struct vmware *vmware, bool frozen)
{
	const struct pv_port *port = vmware->port;

	return vmware->backup->hold ? port->freeze(port->ctx, frozen) : PV_OK;
}

/* ---- Its way through -------------------------------------------------- */

static void
end(struct vmt_backup *backup)
{
	backup->state = ENDING;
	tell(backup, DONE);
}

static void
thaw(struct vmt_backup *backup)
{
	backup->state = THAWING;
	backup->step = 0;
}

static void
give_up(struct vmt_backup *backup, const char *why)
{
	if (backup->state == IDLE || backup->state == ENDING)
		return;
	if (backup->why == NULL)
		tell(backup, ABORTED);
	backup->why = why;
	backup->waiting &= ~(1u << RESET | 1u << COMMIT | 1u << KEEP_ALIVE);
	if (backup->state == STARTING)
		end(backup);
	else if (backup->state != THAWING)
		thaw(backup);
}

static void
frozen(struct vmware *vmware, int error)
{
	struct vmt_backup *backup = vmware->backup;

	if (error == PV_OK) {
		backup->state = FROZEN;
		tell(backup, COMMIT);
		return;
	}
	/* one of several may be held, or one whose command was ended */
	backup->error = error;
	backup->failed = true;
	tell(backup, FAILED);
	thaw(backup);
}

static void
thawed(struct vmware *vmware, int error)
{
	struct vmt_backup *backup = vmware->backup;

	if (error != PV_OK &&
	    (backup->error == PV_OK || ++backup->undone < UNDO_MAX)) {
		if (!backup->failed) {
			vmware_log(vmware, PV_LOG_ERROR, "snapshot: thaw: %s",
			    pv_error_text(error));
			tell(backup, FAILED);
		}
		backup->failed = true;
		backup->step = pv_bus_now(vmware->bus) + AGAIN;
		return;
	}
	if (backup->error != PV_OK)
		vmware_log(vmware, PV_LOG_ERROR, "snapshot: freeze: %s",
		    pv_error_text(backup->error));
	if (backup->why != NULL)
		vmware_log(vmware, PV_LOG_ERROR, "snapshot: %s", backup->why);
	if (backup->moved)
		vmt_time_moved(vmware);
	end(backup);
}

static void
step(struct vmware *vmware)
{
	struct vmt_backup *backup = vmware->backup;
	uint64_t now = pv_bus_now(vmware->bus);
	bool freezing;
	int error;

	if (backup->state != IDLE && backup->state < THAWING &&
	    now >= backup->until)
		give_up(backup, "the host took too long");
	freezing = backup->state == FREEZING;
	if ((!freezing && backup->state != THAWING) || now < backup->step)
		return;
	error = freeze(vmware, freezing);
	backup->step = now + STEP;
	if (error == PV_EAGAIN)
		return;
	if (freezing)
		frozen(vmware, error);
	else
		thawed(vmware, error);
}

/* ---- Events ----------------------------------------------------------- */

static void
said(struct vmware *vmware, struct vmt_say *say)
{
	struct vmt_backup *backup = vmware->backup;

	backup->alive = pv_bus_now(vmware->bus) + ALIVE;
	if (backup->saying == DONE) {
		backup->state = IDLE;
		return;
	}
	if (say->request.error != PV_OK) {
		if (backup->saying < FAILED)
			give_up(backup, "the host does not take its events");
		return;
	}
	if (backup->saying == RESET && backup->state == STARTING) {
		backup->state = FREEZING;
		backup->step = 0;
	}
}

static void
say(struct vmware *vmware)
{
	struct vmt_backup *backup = vmware->backup;
	unsigned event = 0;

	if (backup->say.busy || backup->state == IDLE)
		return;
	if (backup->waiting == 0) {
		if (pv_bus_now(vmware->bus) < backup->alive)
			return;
		tell(backup, KEEP_ALIVE);
	}
	while (!(backup->waiting & 1u << event))
		event++;
	backup->waiting &= ~(1u << event);
	backup->saying = (enum event)event;
	vmt_say(vmware, &backup->say, true, "%s%s %u %s",
	    VMWARE_RPC_BACKUP_EVENT, events[event].name, events[event].code,
	    events[event].text);
}

/* ---- Commands --------------------------------------------------------- */

static size_t
start(struct vmware *vmware, const struct vmt_quiesce *wanted, char *to,
    size_t room)
{
	struct vmt_backup *backup = vmware->backup;
	uint32_t seconds = wanted->timeout;

	if (backup->state != IDLE) {
		vmware->stats->bad_state++;
		return vmt_answer(to, room, false,
		    "Quiesce operation already in progress.");
	}
	if (wanted->hold && vmware->port->freeze == NULL)
		return vmt_answer(to, room, false,
		    "The guest has no way to hold its file systems.");
	if (seconds == 0 || seconds > TIME_MAX)
		seconds = TIME_MAX;
	backup->state = STARTING;
	backup->hold = wanted->hold;
	backup->moved = backup->failed = false;
	backup->why = NULL;
	backup->error = PV_OK;
	backup->undone = 0;
	backup->waiting = 0;
	backup->until = pv_bus_now(vmware->bus) + seconds * PV_SECOND;
	backup->alive = 0;
	tell(backup, RESET);
	return vmt_answer(to, room, true, "");
}

static size_t
start_with(struct vmware *vmware, const struct vmt_words *words, char *to,
    size_t room)
{
	struct vmt_quiesce wanted;
	/* one byte is between the name and the numbers */
	size_t skip = words->args_len > 0 ? 1 : 0;
	int error = vmt_quiesce_read(words->args + skip, words->args_len - skip,
	    &wanted);

	if (error == PV_OK)
		return start(vmware, &wanted, to, room);
	if (error == PV_EMSGSIZE)
		vmware->stats->bad_length++;
	else
		vmware->stats->bad_value++;
	return vmt_answer(to, room, false,
	    error == PV_ENOTSUP ? "Incompatible quiesce parameter version"
				: "XDR deserialization failed.");
}

static size_t
snapshot_done(struct vmware *vmware, char *to, size_t room)
{
	struct vmt_backup *backup = vmware->backup;

	if (backup->state != FROZEN) {
		vmware->stats->bad_state++;
		return vmt_answer(to, room, false,
		    backup->state == IDLE
			? "Error: no quiesce operation in progress"
			: "Error: unexpected state for quiesce done message.");
	}
	backup->moved = true;
	thaw(backup);
	return vmt_answer(to, room, true, "");
}

static size_t
stop(struct vmware *vmware, char *to, size_t room)
{
	struct vmt_backup *backup = vmware->backup;

	if (backup->state == IDLE) {
		vmware->stats->bad_state++;
		return vmt_answer(to, room, false,
		    "Error: no quiesce operation in progress");
	}
	give_up(backup, "the host gave it up");
	return vmt_answer(to, room, true, "");
}

size_t
vmt_backup_command(struct vmware *vmware, const char *text, size_t len,
    char *to, size_t room)
{
	static const struct vmt_quiesce usual = { .hold = true };
	struct vmt_words words;

	vmt_split(&words, text, len);
	/* its arguments are a manifest, which only Windows has, and volumes:
	 * all are held */
	if (vmt_is(words.name, words.name_len, VMWARE_BACKUP_START))
		return start(vmware, &usual, to, room);
	if (vmt_is(words.name, words.name_len, VMWARE_BACKUP_START_OPTIONS))
		return start_with(vmware, &words, to, room);
	if (vmt_is(words.name, words.name_len, VMWARE_BACKUP_ABORT))
		return stop(vmware, to, room);
	if (vmt_is(words.name, words.name_len, VMWARE_BACKUP_DONE))
		return snapshot_done(vmware, to, room);
	if (vmt_is(words.name, words.name_len, VMWARE_BACKUP_COMPLETED))
		return vmt_answer(to, room, false,
		    "Error: no quiesce complete in progress");
	return 0;
}

void
vmt_backup_reset(struct vmware *vmware)
{
	give_up(vmware->backup, "the host has begun anew");
}

/* ---- The feature ------------------------------------------------------ */

int
vmt_backup_open(struct vmware *vmware)
{
	vmware->backup = pv_alloc(vmware->bus, sizeof(*vmware->backup));
	if (vmware->backup == NULL)
		return PV_ENOMEM;
	vmware->backup->say.said = said;
	return PV_OK;
}

/* The one place that waits: what is not thawed now never will be. */
static void
thaw_now(struct vmware *vmware)
{
	const struct pv_port *port = vmware->port;
	uint64_t until = pv_bus_now(vmware->bus) + THAW_MAX;
	int error = freeze(vmware, false);

	while (error == PV_EAGAIN && port->wait != NULL &&
	    pv_bus_now(vmware->bus) < until) {
		port->wait(port->ctx, pv_bus_now(vmware->bus) + STEP);
		error = freeze(vmware, false);
	}
	if (error != PV_OK)
		vmware_log(vmware, PV_LOG_ERROR, "snapshot: thaw: %s",
		    pv_error_text(error));
}

void
vmt_backup_close(struct vmware *vmware)
{
	struct vmt_backup *backup = vmware->backup;

	if (backup == NULL)
		return;
	vmt_unsay(vmware, &backup->say);
	if (backup->state >= FREEZING && backup->state <= THAWING)
		thaw_now(vmware);
	pv_free(vmware->bus, backup, sizeof(*backup));
	vmware->backup = NULL;
}

bool
vmt_backup_poll(struct vmware *vmware)
{
	step(vmware);
	say(vmware);
	return false;
}

uint64_t
vmt_backup_deadline(const struct vmware *vmware)
{
	const struct vmt_backup *backup = vmware->backup;
	uint64_t first = PV_NEVER;

	if (backup->state == IDLE)
		return first;
	if (!backup->say.busy)
		first = backup->waiting != 0 ? 0 : backup->alive;
	if (backup->state < THAWING && backup->until < first)
		first = backup->until;
	if ((backup->state == FREEZING || backup->state == THAWING) &&
	    backup->step < first)
		first = backup->step;
	return first;
}
