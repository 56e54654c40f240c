/* SPDX-License-Identifier: ISC */
/*
 * The host's administrator presses buttons.  The answer to each is OK; how it
 * went is told by a call of its own.  What the owner refuses is told too; asked
 * for the same again, it is done by force, as VMware's tools do when a script
 * refused (softpowerop_retry).
 */
#include "guest/vmware/vmt.h"

static const struct button {
	const char *command;
	unsigned id;
	bool asks;
	enum pv_request request;
} buttons[] = {
	{ VMWARE_TCLO_HALT, VMWARE_STATE_HALT, true, PV_REQUEST_SHUTDOWN },
	{ VMWARE_TCLO_REBOOT, VMWARE_STATE_REBOOT, true, PV_REQUEST_REBOOT },
	/* these the host does itself, before or after */
	{ VMWARE_TCLO_POWERON, VMWARE_STATE_POWERON, false, PV_REQUEST_COUNT },
	{ VMWARE_TCLO_RESUME, VMWARE_STATE_RESUME, false, PV_REQUEST_COUNT },
	{ VMWARE_TCLO_SUSPEND, VMWARE_STATE_SUSPEND, false, PV_REQUEST_COUNT },
};

#define BUTTONS (sizeof(buttons) / sizeof(buttons[0]))

struct vmt_power {
	const struct button *pressed; /* NULL: none under way */
	const struct button *refused; /* the last */
	struct vmt_say say;
	uint64_t when;
};

/* True: it is being done, or at least was asked for by force. */
static bool
ask(struct vmware *vmware)
{
	struct vmt_power *power = vmware->power;
	const struct button *button = power->pressed;
	struct pv_reason why = { .forced = power->refused == button };
	int error;

	error = pv_device_request(vmware->device, button->request, &why);
	if (error == PV_OK) {
		power->refused = NULL;
		return true;
	}
	power->refused = why.forced || error == PV_ENOTSUP ? NULL : button;
	return why.forced;
}

static void
said(struct vmware *vmware, struct vmt_say *say)
{
	if (say->request.error != PV_OK)
		vmware_log(vmware, PV_LOG_ERROR, "%s: %s", say->text,
		    vmt_why(say));
	vmware->power->pressed = NULL;
}

static void
step(struct vmware *vmware)
{
	struct vmt_power *power = vmware->power;
	unsigned id = power->pressed->id;
	bool good = true;

	if (power->pressed->asks)
		good = ask(vmware);
	if (id == VMWARE_STATE_SUSPEND)
		vmware_log(vmware, PV_LOG_INFO,
		    "VMware guest entering suspended state");
	if (id == VMWARE_STATE_RESUME) {
		vmware_log(vmware, PV_LOG_INFO,
		    "VMware guest resuming from suspended state");
		vmt_info_force(vmware);
		vmt_time_moved(vmware);
	}
	/* in this very poll, after which the owner may be gone */
	vmt_say(vmware, &power->say, true, "%s%u %u", VMWARE_RPC_STATUS,
	    good ? 1u : 0u, id);
}

/* ---- The feature ------------------------------------------------------ */

size_t
vmt_power_command(struct vmware *vmware, const char *text, size_t len, char *to,
    size_t room)
{
	struct vmt_power *power = vmware->power;
	struct vmt_words words;
	size_t i = 0;

	vmt_split(&words, text, len);
	while (i < BUTTONS &&
	    !vmt_is(words.name, words.name_len, buttons[i].command))
		i++;
	if (i == BUTTONS)
		return 0;
	if (power->pressed != NULL) {
		vmware->stats->bad_state++;
		return vmt_answer(to, room, false,
		    "Another change of state is under way");
	}
	power->pressed = &buttons[i];
	power->when = pv_bus_now(vmware->bus) + VMT_ANSWER_FIRST;
	return vmt_answer(to, room, true, "");
}

int
vmt_power_open(struct vmware *vmware)
{
	vmware->power = pv_alloc(vmware->bus, sizeof(*vmware->power));
	if (vmware->power == NULL)
		return PV_ENOMEM;
	vmware->power->say.said = said;
	return PV_OK;
}

void
vmt_power_close(struct vmware *vmware)
{
	if (vmware->power == NULL)
		return;
	vmt_unsay(vmware, &vmware->power->say);
	pv_free(vmware->bus, vmware->power, sizeof(*vmware->power));
	vmware->power = NULL;
}

static bool
waits(const struct vmt_power *power)
{
	return power->pressed != NULL && !power->say.busy;
}

bool
vmt_power_poll(struct vmware *vmware)
{
	if (waits(vmware->power) &&
	    pv_bus_now(vmware->bus) >= vmware->power->when)
		step(vmware);
	return false;
}

uint64_t
vmt_power_deadline(const struct vmware *vmware)
{
	return waits(vmware->power) ? vmware->power->when : PV_NEVER;
}
