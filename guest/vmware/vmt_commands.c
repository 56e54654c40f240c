/* SPDX-License-Identifier: ISC */
/*
 * The host's commands: answered here, or by the feature that knows them.  And
 * what tools say when the host begins with them anew.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt.h"

/* Where pvbusd's configuration is. */
#define CONF_DIRECTORY "/etc"

/* What is to be said, in this order. */
enum {
	UNIFIED_LOOP,
	LOG,
	STATECHANGE,
	SOFTPOWEROP_RETRY,
	FEATURES,
	DIRECTORY,
	VERSIONTYPE,
	VERSION, /* where the host does not know that */
	TODO_COUNT
};

#define ON_RESET (1u << UNIFIED_LOOP | 1u << LOG)
#define ON_REGISTER                                                     \
	(1u << STATECHANGE | 1u << SOFTPOWEROP_RETRY | 1u << FEATURES | \
	    1u << DIRECTORY | 1u << VERSIONTYPE)

/* Of what the host said, in a line. */
#define COMPLAIN_TEXT 32u

struct vmt_commands {
	struct vmt_say say;
	unsigned todo, saying;
	uint64_t when;
	bool logged; /* vmware.log has our line */
	struct vmware_rate rate;
};

void
vmt_complain(struct vmware *vmware, const char *what, const char *bytes,
    size_t len)
{
	char text[COMPLAIN_TEXT + 1];
	size_t used = len < COMPLAIN_TEXT ? len : COMPLAIN_TEXT;

	memcpy(text, bytes, used);
	text[used] = '\0';
	vmware_complain(vmware, &vmware->commands->rate, "%s \"%s%s\"", what,
	    text, len > used ? "..." : "");
}

/* ---- What tools say of themselves ------------------------------------- */

static void
say(struct vmware *vmware, unsigned what)
{
	struct vmt_say *say = &vmware->commands->say;

	switch (what) {
	case UNIFIED_LOOP:
		vmt_say(vmware, say, true, "%s",
		    VMWARE_RPC_UNIFIED_LOOP VMWARE_APP);
		break;
	case LOG:
		vmware->commands->logged = true;
		vmt_say(vmware, say, true, "%s",
		    VMWARE_RPC_LOG VMWARE_APP ": pvbus");
		break;
	case STATECHANGE:
		/* a NUL would be taken for an argument: ESXi then complains */
		vmt_say(vmware, say, false, "%s", VMWARE_RPC_STATECHANGE);
		break;
	case SOFTPOWEROP_RETRY:
		vmt_say(vmware, say, false, "%s", VMWARE_RPC_SOFTPOWEROP_RETRY);
		break;
	case FEATURES:
		/* file systems are held whatever disks they are on */
		vmt_say(vmware, say, true, "%s %u=%u", VMWARE_RPC_FEATURES,
		    VMWARE_FEATURE_BACKUP_NVME,
		    vmware->port->freeze != NULL ? 1u : 0u);
		break;
	case DIRECTORY:
		vmt_say(vmware, say, true, "%s",
		    VMWARE_RPC_CONF_DIRECTORY CONF_DIRECTORY);
		break;
	case VERSIONTYPE:
		vmt_say(vmware, say, true, "%s%u %u", VMWARE_RPC_VERSIONTYPE,
		    VMWARE_VERSION_UNMANAGED, VMWARE_TYPE_UNMANAGED);
		break;
	default:
		vmt_say(vmware, say, true, "%s%u", VMWARE_RPC_VERSION,
		    VMWARE_VERSION_UNMANAGED);
	}
}

static void
said(struct vmware *vmware, struct vmt_say *say)
{
	struct vmt_commands *commands = vmware->commands;

	if (say->request.error == PV_OK)
		return;
	if (commands->saying == VERSIONTYPE && say->request.error == PV_EIO)
		commands->todo |= 1u << VERSION;
	else
		vmware_log(vmware, PV_LOG_DEBUG, "%s: %s", say->text,
		    vmt_why(say));
}

static void
next(struct vmware *vmware)
{
	struct vmt_commands *commands = vmware->commands;
	unsigned what = 0;

	while (!(commands->todo & 1u << what))
		what++;
	commands->todo &= ~(1u << what);
	commands->saying = what;
	say(vmware, what);
}

static void
begin(struct vmware *vmware, unsigned what)
{
	struct vmt_commands *commands = vmware->commands;

	commands->todo |= what;
	commands->when = pv_bus_now(vmware->bus) + VMT_ANSWER_FIRST;
}

void
vmt_capabilities(struct vmware *vmware)
{
	begin(vmware, ON_REGISTER);
}

/* ---- Commands --------------------------------------------------------- */

static size_t
reset(struct vmware *vmware, char *to, size_t room)
{
	/* one line in vmware.log, however often */
	begin(vmware,
	    vmware->commands->logged ? ON_RESET & ~(1u << LOG) : ON_RESET);
	vmt_backup_reset(vmware);
	vmt_info_force(vmware);
	return vmt_answer(to, room, true, VMWARE_TCLO_RESET_ANSWER VMWARE_APP);
}

static size_t
unknown(struct vmware *vmware, const struct vmt_words *words, char *to,
    size_t room)
{
	vmware->stats->bad_value++;
	vmt_complain(vmware, "unknown command", words->name, words->name_len);
	return vmt_answer(to, room, false, VMWARE_TCLO_UNKNOWN);
}

size_t
vmt_command(struct vmware *vmware, const char *text, size_t len, char *to,
    size_t room)
{
	static size_t (*const features[])(struct vmware *, const char *, size_t,
	    char *, size_t) = { vmt_options_command, vmt_power_command,
		vmt_backup_command, vmt_time_command };
	struct vmt_words words;
	size_t answer;

	vmt_split(&words, text, len);
	if (vmt_is(words.name, words.name_len, VMWARE_TCLO_PING))
		return vmt_answer(to, room, true, "");
	if (vmt_is(words.name, words.name_len, VMWARE_TCLO_RESET))
		return reset(vmware, to, room);
	if (vmt_is(words.name, words.name_len, VMWARE_TCLO_CAPABILITIES)) {
		vmt_capabilities(vmware);
		return vmt_answer(to, room, true, "");
	}
	for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		answer = features[i](vmware, text, len, to, room);
		if (answer > 0)
			return answer;
	}
	return unknown(vmware, &words, to, room);
}

/* ---- The whole -------------------------------------------------------- */

int
vmt_commands_open(struct vmware *vmware)
{
	static int (*const opens[])(struct vmware *) = { vmt_options_open,
		vmt_power_open, vmt_backup_open, vmt_time_open };
	int error = PV_OK;

	vmware->commands = pv_alloc(vmware->bus, sizeof(*vmware->commands));
	if (vmware->commands == NULL)
		return PV_ENOMEM;
	vmware->commands->say.said = said;
	for (unsigned i = 0;
	     i < sizeof(opens) / sizeof(opens[0]) && error == PV_OK; i++)
		error = opens[i](vmware);
	if (error != PV_OK)
		vmt_commands_close(vmware);
	return error;
}

void
vmt_commands_close(struct vmware *vmware)
{
	if (vmware->commands == NULL)
		return;
	vmt_time_close(vmware);
	vmt_backup_close(vmware);
	vmt_power_close(vmware);
	vmt_options_close(vmware);
	vmt_unsay(vmware, &vmware->commands->say);
	pv_free(vmware->bus, vmware->commands, sizeof(*vmware->commands));
	vmware->commands = NULL;
}

bool
vmt_commands_poll(struct vmware *vmware)
{
	struct vmt_commands *commands = vmware->commands;
	bool more;

	if (commands == NULL)
		return false;
	if (commands->todo != 0 && !commands->say.busy &&
	    pv_bus_now(vmware->bus) >= commands->when)
		next(vmware);
	more = vmt_options_poll(vmware);
	more = vmt_power_poll(vmware) || more;
	more = vmt_backup_poll(vmware) || more;
	return vmt_time_poll(vmware) || more;
}

uint64_t
vmt_commands_deadline(const struct vmware *vmware)
{
	static uint64_t (*const deadlines[])(
	    const struct vmware *) = { vmt_options_deadline, vmt_power_deadline,
		vmt_backup_deadline, vmt_time_deadline };
	const struct vmt_commands *commands = vmware->commands;
	uint64_t first = PV_NEVER;

	if (commands == NULL)
		return first;
	if (commands->todo != 0 && !commands->say.busy)
		first = commands->when;
	for (unsigned i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]);
	     i++) {
		uint64_t when = deadlines[i](vmware);

		first = when < first ? when : first;
	}
	return first;
}
