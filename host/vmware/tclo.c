/* SPDX-License-Identifier: ISC */
/*
 * Calls to the guest.  One is out at a time on each channel or stream, and the
 * next one goes when it has been answered.
 *
 * The first call is "reset"; who answers it with the name of the tools' main
 * service gets all others.  What VMware then says by itself (open-vm-tools
 * services/vmtoolsd/toolsRpc.c answers it): Capabilities_Register, options, and
 * on a channel where nothing was said for a while, ping.
 */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"

#define PING_EVERY (15 * SECOND)

static const char *const greetings[] = {
	VMWARE_TCLO_RESET,
	VMWARE_TCLO_CAPABILITIES,
	VMWARE_TCLO_SET_OPTION " " VMWARE_OPTION_SYNCTIME " 0",
	VMWARE_TCLO_SET_OPTION " " VMWARE_OPTION_BROADCAST_IP " 1",
};
#define GREETINGS (sizeof(greetings) / sizeof(greetings[0]))
#define GREETING_SYNCTIME 2u

static const char *
greeting(const struct host_vmware *vmware, unsigned n)
{
	return n == GREETING_SYNCTIME && vmware->synctime
	    ? VMWARE_TCLO_SET_OPTION " " VMWARE_OPTION_SYNCTIME " 1"
	    : greetings[n];
}

bool
vmx_tclo_queue(struct host_vmware *vmware, enum call_kind kind,
    const void *text, size_t size)
{
	struct call *call;

	if (vmware->calls_waiting >= CALLS_WAITING)
		return false;
	call = calloc(1, sizeof(*call));
	if (call == NULL || !vmx_message_set(&call->text, text, size)) {
		free(call);
		return false;
	}
	call->kind = kind;
	if (kind == CALL_ADMINISTRATOR)
		call->number = vmware->calls_made++;
	*vmware->calls_end = call;
	vmware->calls_end = &call->next;
	vmware->calls_waiting++;
	vmx_vsock_pump(vmware);
	return true;
}

static bool
hand_out(struct host_vmware *vmware, struct tclo *tclo, enum call_kind kind,
    const char *text, struct message *message)
{
	if (!vmx_message_set(message, text, strlen(text)))
		return false;
	tclo->out = kind;
	tclo->spoke = vmx_now(vmware);
	vmware->counts.tclo_calls++;
	return true;
}

static void
be_main(struct host_vmware *vmware, struct tclo *tclo)
{
	for (unsigned i = 0; i < VMWARE_CHANNELS; i++)
		vmware->channels[i].tclo.main = false;
	for (unsigned i = 0; i < STREAMS; i++)
		vmware->streams[i].tclo.main = false;
	tclo->main = true;
}

void
vmx_tclo_open(struct host_vmware *vmware, struct tclo *tclo)
{
	tclo->spoke = vmx_now(vmware);
	if (vmware->config.no_greeting)
		be_main(vmware, tclo);
}

bool
vmx_tclo_next(struct host_vmware *vmware, struct tclo *tclo, bool stream,
    struct message *message)
{
	struct call *call = vmware->calls;
	bool greets = !vmware->config.no_greeting;

	if (tclo->out != CALL_NONE)
		return false;
	if (greets && tclo->greeting < (tclo->main ? GREETINGS : 1)) {
		if (!hand_out(vmware, tclo, CALL_GREETING,
			greeting(vmware, tclo->greeting), message))
			return false;
		tclo->greeting++;
		return true;
	}
	if (!tclo->main || call == NULL)
		return greets && !stream && tclo->main &&
		    vmx_now(vmware) - tclo->spoke >= PING_EVERY &&
		    hand_out(vmware, tclo, CALL_PING, VMWARE_TCLO_PING,
			message);
	vmware->calls = call->next;
	if (vmware->calls == NULL)
		vmware->calls_end = &vmware->calls;
	vmware->calls_waiting--;
	vmx_message_free(message);
	*message = call->text;
	tclo->out = call->kind;
	tclo->number = call->number;
	tclo->spoke = vmx_now(vmware);
	vmware->counts.tclo_calls++;
	free(call);
	return true;
}

static bool
begins(const uint8_t *bytes, size_t size, const char *text)
{
	size_t len = strlen(text);

	return size >= len && memcmp(bytes, text, len) == 0;
}

/* Calls may be out on two channels when a guest opens another one. */
static void
over(struct host_vmware *vmware, unsigned number)
{
	if (vmware->calls_over <= number)
		vmware->calls_over = number + 1;
}

/* "OK ATR toolbox", with or without a NUL. */
static bool
is_main(const uint8_t *bytes, size_t size)
{
	static const char answer[] =
	    VMWARE_TCLO_OK VMWARE_TCLO_RESET_ANSWER VMWARE_APP;

	return begins(bytes, size, answer) &&
	    (size == sizeof(answer) - 1 || bytes[sizeof(answer) - 1] == '\0');
}

void
vmx_tclo_answer(struct host_vmware *vmware, struct tclo *tclo,
    const uint8_t *bytes, size_t size)
{
	enum call_kind kind = tclo->out;

	if (kind == CALL_NONE) {
		if (size > 0)
			vmware->counts.refused++;
		return;
	}
	tclo->out = CALL_NONE;
	if (kind == CALL_GREETING && tclo->greeting == 1 &&
	    is_main(bytes, size))
		be_main(vmware, tclo);
	if (kind == CALL_ADMINISTRATOR) {
		vmx_message_free(&vmware->answers[tclo->number % ANSWERS]);
		vmx_message_set(&vmware->answers[tclo->number % ANSWERS], bytes,
		    size);
		over(vmware, tclo->number);
	}
	vmx_admin_answer(vmware, kind, begins(bytes, size, VMWARE_TCLO_OK));
}

void
vmx_tclo_lost(struct host_vmware *vmware, struct tclo *tclo)
{
	if (tclo->out == CALL_ADMINISTRATOR) {
		vmx_message_free(&vmware->answers[tclo->number % ANSWERS]);
		over(vmware, tclo->number);
	}
	if (tclo->out != CALL_NONE)
		vmx_admin_answer(vmware, tclo->out, false);
	tclo->out = CALL_NONE;
}

bool
host_vmware_call(struct host_vmware *vmware, const void *text, size_t size)
{
	return vmx_tclo_queue(vmware, CALL_ADMINISTRATOR, text, size);
}

const char *
host_vmware_answer(struct host_vmware *vmware, unsigned n, size_t *size)
{
	const struct message *answer = &vmware->answers[n % ANSWERS];

	if (n >= vmware->calls_over || vmware->calls_over - n > ANSWERS ||
	    answer->bytes == NULL)
		return NULL;
	if (size != NULL)
		*size = answer->size;
	return (const char *)answer->bytes;
}

unsigned
host_vmware_answers(struct host_vmware *vmware)
{
	return vmware->calls_over;
}
