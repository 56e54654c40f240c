/* SPDX-License-Identifier: ISC */
/* Who runs the machine: power, snapshots, the clock, save and resume. */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"

/* Keep-alives come every five seconds. */
#define SILENCE (60 * SECOND)

static const struct {
	const char *word;
	unsigned state;
} powers[] = {
	{ VMWARE_TCLO_HALT, VMWARE_STATE_HALT },
	{ VMWARE_TCLO_REBOOT, VMWARE_STATE_REBOOT },
	{ VMWARE_TCLO_POWERON, VMWARE_STATE_POWERON },
	{ VMWARE_TCLO_RESUME, VMWARE_STATE_RESUME },
	{ VMWARE_TCLO_SUSPEND, VMWARE_STATE_SUSPEND },
};

bool
host_vmware_power(struct host_vmware *vmware, const char *what)
{
	for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
		if (strcmp(what, powers[i].word) != 0)
			continue;
		vmware->power = powers[i].state;
		vmware->power_status = 0;
		return vmx_tclo_queue(vmware, CALL_POWER, what, strlen(what));
	}
	return false;
}

int
host_vmware_power_status(struct host_vmware *vmware)
{
	return vmware->power_status;
}

/* A number and the blank behind it. */
static bool
number(const char **text, unsigned *value)
{
	char *end;
	unsigned long parsed;

	if (**text < '0' || **text > '9')
		return false;
	parsed = strtoul(*text, &end, 10);
	if (parsed > UINT32_MAX || (*end != ' ' && *end != '\0'))
		return false;
	*value = (unsigned)parsed;
	*text = *end == ' ' ? end + 1 : end;
	return true;
}

/* "1 2": done, and which. */
void
vmx_admin_status(struct host_vmware *vmware, const char *text)
{
	unsigned good, state;

	if (!number(&text, &good) || !number(&text, &state) ||
	    state != vmware->power || state == 0) {
		vmware->counts.refused++;
		return;
	}
	vmware->power_status = good == 1 ? 1 : -1;
	vmware->power = 0;
}

void
vmx_admin_answer(struct host_vmware *vmware, enum call_kind kind, bool good)
{
	if (good)
		return;
	if (kind == CALL_POWER && vmware->power != 0) {
		vmware->power_status = -1;
		vmware->power = 0;
	}
	if (kind == CALL_SNAPSHOT)
		vmware->snapshot = SNAPSHOT_NONE;
}

bool
host_vmware_snapshot_busy(struct host_vmware *vmware)
{
	if (vmware->snapshot != SNAPSHOT_NONE &&
	    vmx_now(vmware) - vmware->snapshot_at >= SILENCE)
		vmware->snapshot = SNAPSHOT_NONE;
	return vmware->snapshot != SNAPSHOT_NONE;
}

bool
host_vmware_snapshot(struct host_vmware *vmware, bool quiesce)
{
	static const char start[] = VMWARE_BACKUP_START " 1";

	if (host_vmware_snapshot_busy(vmware))
		return false;
	if (!quiesce)
		return true;
	vmx_message_free(&vmware->backup_event);
	vmware->snapshot = SNAPSHOT_STARTED;
	vmware->snapshot_at = vmx_now(vmware);
	if (vmx_tclo_queue(vmware, CALL_SNAPSHOT, start, sizeof(start) - 1))
		return true;
	vmware->snapshot = SNAPSHOT_NONE;
	return false;
}

bool
host_vmware_thaw(struct host_vmware *vmware)
{
	const char *next = vmware->snapshot == SNAPSHOT_TAKEN
	    ? VMWARE_BACKUP_DONE
	    : VMWARE_BACKUP_ABORT;

	return host_vmware_snapshot_busy(vmware) &&
	    vmx_tclo_queue(vmware, CALL_SNAPSHOT, next, strlen(next));
}

/* "prov.snapshotCommit 0 ": an event, its code, a text. */
void
vmx_admin_event(struct host_vmware *vmware, const char *text)
{
	static const char done[] = VMWARE_BACKUP_DONE;
	const struct message *event = &vmware->backup_event;
	const char *code = text + strcspn(text, " ");
	unsigned value;

	code += strspn(code, " ");
	if (!number(&code, &value) || !host_vmware_snapshot_busy(vmware) ||
	    !vmx_message_set(&vmware->backup_event, text, strlen(text))) {
		vmware->counts.refused++;
		return;
	}
	vmware->snapshot_at = vmx_now(vmware);
	if (vmx_message_begins(event, VMWARE_BACKUP_REQ_DONE " "))
		vmware->snapshot = SNAPSHOT_NONE;
	else if (vmx_message_begins(event, VMWARE_BACKUP_COMMIT " ") &&
	    vmware->snapshot == SNAPSHOT_STARTED) {
		vmware->snapshot = SNAPSHOT_TAKEN;
		if (!vmware->manners.snapshot_hold)
			vmx_tclo_queue(vmware, CALL_SNAPSHOT, done,
			    sizeof(done) - 1);
	}
}

const char *
host_vmware_backup_event(struct host_vmware *vmware)
{
	return (const char *)vmware->backup_event.bytes;
}

void
host_vmware_step(struct host_vmware *vmware, int64_t nanoseconds)
{
	vmware->step += nanoseconds;
}

void
host_vmware_resume(struct host_vmware *vmware)
{
	for (unsigned i = 0; i < VMWARE_CHANNELS; i++)
		vmx_channel_reset(vmware, &vmware->channels[i]);
	vmx_vsock_end(vmware);
	vmware->alive = vmware->counts.running = false;
	vmware->snapshot = SNAPSHOT_NONE;
}
