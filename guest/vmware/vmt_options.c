/* SPDX-License-Identifier: ISC */
/*
 * Options that the host gives: Set_Option NAME VALUE.  It sends all of them
 * after each reset, in an order of its own.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt.h"

enum kind {
	SWITCH,  /* 0 or 1 */
	ANY,     /* 0, or whatever else */
	PERIOD,  /* seconds; 0: as it was at first */
	PERCENT, /* beyond 1 to 100: as it was at first */
	NUMBER
};

static const struct option {
	const char *name;
	enum kind kind;
	bool time; /* vmt_time.c wants to know */
	uint32_t first;
} options[] = {
	{ VMWARE_OPTION_SYNCTIME, SWITCH, true, 0 },
	{ VMWARE_OPTION_SYNCTIME_PERIOD, PERIOD, true, 60 },
	{ VMWARE_OPTION_TIME_ALLOW, SWITCH, true, 1 },
	{ VMWARE_OPTION_TIME_ENABLE, SWITCH, true, 0 },
	{ VMWARE_OPTION_TIME_STARTUP, SWITCH, true, 0 },
	{ VMWARE_OPTION_TIME_STARTUP_BACKWARD, SWITCH, true, 0 },
	/* how, and by whom, time is put right is the owner's matter */
	{ VMWARE_OPTION_TIME_SLEW, ANY, false, 0 },
	{ VMWARE_OPTION_TIME_PERCENT, PERCENT, false, 50 },
	{ VMWARE_OPTION_TIME_RESYNC, SWITCH, false, 0 },
	{ VMWARE_OPTION_TIME_RESYNC_TIMEOUT, NUMBER, false, 0 },
	{ VMWARE_OPTION_BROADCAST_IP, SWITCH, false, 0 },
	/* there are none here, so that they may be on or off */
	{ VMWARE_OPTION_SCRIPT_POWERON, SWITCH, false, 1 },
	{ VMWARE_OPTION_SCRIPT_POWEROFF, SWITCH, false, 1 },
	{ VMWARE_OPTION_SCRIPT_RESUME, SWITCH, false, 1 },
	{ VMWARE_OPTION_SCRIPT_SUSPEND, SWITCH, false, 1 },
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

struct vmt_options {
	uint32_t value[OPTIONS];
	struct vmt_say say; /* of an address */
	bool again;         /* and once more, as it was asked for meanwhile */
};

static size_t
find(const char *name, size_t len)
{
	size_t i = 0;

	while (i < OPTIONS && !vmt_is(name, len, options[i].name))
		i++;
	return i;
}

uint32_t
vmt_option_number(const struct vmware *vmware, const char *name)
{
	size_t i = find(name, strlen(name));

	return i < OPTIONS ? vmware->options->value[i] : 0;
}

bool
vmt_option_is(const struct vmware *vmware, const char *name, const char *value)
{
	uint32_t number;

	return find(name, strlen(name)) < OPTIONS &&
	    vmt_number(value, strlen(value), &number) &&
	    vmt_option_number(vmware, name) == number;
}

static bool
valid(const struct option *option, const char *text, size_t len,
    uint32_t *value)
{
	bool negative = option->kind == PERCENT && len > 1 && text[0] == '-';

	if (len == 0)
		return false;
	if (option->kind == ANY) {
		*value = !vmt_is(text, len, "0");
		return true;
	}
	if (!vmt_number(text + negative, len - negative, value))
		return false;
	switch (option->kind) {
	case SWITCH:
		return *value <= 1 && len == 1;
	case PERIOD:
		if (*value == 0)
			*value = option->first;
		return true;
	case PERCENT:
		if (negative || *value == 0 || *value > 100)
			*value = option->first;
		return true;
	default:
		return true;
	}
}

/* ---- The address ------------------------------------------------------ */

static bool
tell_address(struct vmware *vmware)
{
	struct vmt_options *state = vmware->options;
	char address[64];

	if (!vmt_info_address(vmware, address, sizeof(address)))
		return false;
	state->again = state->say.busy;
	if (!state->again)
		vmt_say(vmware, &state->say, true, "%s %s",
		    VMWARE_RPC_INFO_SET VMWARE_INFO_IP, address);
	return true;
}

static void
said(struct vmware *vmware, struct vmt_say *say)
{
	if (say->request.error != PV_OK)
		vmware_log(vmware, PV_LOG_DEBUG, "%s: %s", say->text,
		    vmt_why(say));
}

/* ---- The command ------------------------------------------------------ */

static size_t
set(struct vmware *vmware, const struct vmt_words *words, char *to, size_t room)
{
	const char *name, *value = words->args;
	size_t name_len, value_len = words->args_len, i, end = 0;
	uint32_t number;

	(void)vmt_word(&value, &value_len, &name, &name_len);
	if (value_len > 0) {
		value++;
		value_len--;
	}
	/* the value is the rest, blanks in it too, up to a NUL */
	while (end < value_len && value[end] != '\0')
		end++;
	i = find(name, name_len);
	if (i == OPTIONS || !valid(&options[i], value, end, &number)) {
		vmware->stats->bad_value++;
		vmt_complain(vmware, "unknown option", name, name_len);
		return vmt_answer(to, room, false, VMWARE_TCLO_OPTION_UNKNOWN);
	}
	vmware->options->value[i] = number;
	if (options[i].time)
		vmt_time_option(vmware, options[i].name);
	if (vmt_is(name, name_len, VMWARE_OPTION_BROADCAST_IP) && number == 1 &&
	    !tell_address(vmware))
		return vmt_answer(to, room, false, VMWARE_TCLO_NO_IP);
	return vmt_answer(to, room, true, "");
}

size_t
vmt_options_command(struct vmware *vmware, const char *text, size_t len,
    char *to, size_t room)
{
	struct vmt_words words;

	vmt_split(&words, text, len);
	if (!vmt_is(words.name, words.name_len, VMWARE_TCLO_SET_OPTION))
		return 0;
	return set(vmware, &words, to, room);
}

/* ---- The feature ------------------------------------------------------ */

int
vmt_options_open(struct vmware *vmware)
{
	vmware->options = pv_alloc(vmware->bus, sizeof(*vmware->options));
	if (vmware->options == NULL)
		return PV_ENOMEM;
	for (size_t i = 0; i < OPTIONS; i++)
		vmware->options->value[i] = options[i].first;
	vmware->options->say.said = said;
	return PV_OK;
}

void
vmt_options_close(struct vmware *vmware)
{
	if (vmware->options == NULL)
		return;
	vmt_unsay(vmware, &vmware->options->say);
	pv_free(vmware->bus, vmware->options, sizeof(*vmware->options));
	vmware->options = NULL;
}

bool
vmt_options_poll(struct vmware *vmware)
{
	struct vmt_options *state = vmware->options;

	if (state->again && !state->say.busy) {
		state->again = false; /* there may be no address any more */
		(void)tell_address(vmware);
	}
	return false;
}

uint64_t
vmt_options_deadline(const struct vmware *vmware)
{
	const struct vmt_options *state = vmware->options;

	return state->again && !state->say.busy ? 0 : PV_NEVER;
}
