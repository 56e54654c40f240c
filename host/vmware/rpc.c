/* SPDX-License-Identifier: ISC */
/*
 * What the guest calls.  Commands are known by their first word; the rest is
 * text up to a NUL, which is sent or not, or the bytes of a report.
 */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"

struct rpc {
	struct host_vmware *vmware;
	const uint8_t *bytes; /* behind the command */
	size_t size;
	const char *text; /* the same as text */
	bool privileged;
	const struct message *value; /* that answers it */
};

/* Each returns what it is refused with, or NULL. */

static bool
secured(const struct rpc *rpc)
{
	return rpc->vmware->config.secure_info && !rpc->privileged;
}

static const char *
run_info_get(struct rpc *rpc)
{
	return secured(rpc) ? VMWARE_DENIED
			    : vmx_info_get(rpc->vmware, rpc->text, &rpc->value);
}

static const char *
run_info_set(struct rpc *rpc)
{
	const char *blank = strchr(rpc->text, ' ');
	const char *refused;
	char *key;

	if (secured(rpc) || rpc->vmware->config.info_read_only)
		return VMWARE_DENIED;
	if (blank == NULL || blank == rpc->text || blank[1] == '\0')
		return VMWARE_TWO_ARGUMENTS;
	key = strdup(rpc->text);
	if (key == NULL)
		return "Out of memory";
	key[blank - rpc->text] = '\0';
	refused = vmx_info_set(rpc->vmware, key, blank + 1);
	free(key);
	return refused;
}

static const char *
run_good(struct rpc *rpc)
{
	(void)rpc;
	return NULL;
}

static const char *
run_versiontype(struct rpc *rpc)
{
	return rpc->vmware->config.refuse & HOST_VMWARE_NO_VERSIONTYPE
	    ? VMWARE_UNKNOWN
	    : NULL;
}

static const char *
run_status(struct rpc *rpc)
{
	vmx_admin_status(rpc->vmware, rpc->text);
	return NULL;
}

static const char *
run_event(struct rpc *rpc)
{
	vmx_admin_event(rpc->vmware, rpc->text);
	return NULL;
}

static const char *
run_guest_info(struct rpc *rpc)
{
	return vmx_report_info(rpc->vmware, rpc->bytes, rpc->size);
}

static const char *
run_disks(struct rpc *rpc)
{
	return rpc->vmware->config.refuse & HOST_VMWARE_NO_DISK_JSON
	    ? VMWARE_UNKNOWN
	    : vmx_report_disks(rpc->vmware, rpc->bytes, rpc->size);
}

/* "vmx.set_option synctime 0 1": the host tells all who follow it. */
static const char *
run_option(struct rpc *rpc)
{
	char option[64], value[64];
	char text[160];
	const char *first = strchr(rpc->text, ' ');
	const char *second = first != NULL ? strchr(first + 1, ' ') : NULL;
	size_t len;

	if (second == NULL || (size_t)(first - rpc->text) >= sizeof(option) ||
	    strlen(second + 1) >= sizeof(value))
		return "Invalid option";
	memcpy(option, rpc->text, (size_t)(first - rpc->text));
	option[first - rpc->text] = '\0';
	if (strcmp(option, VMWARE_OPTION_SYNCTIME) != 0)
		return "Invalid option";
	strcpy(value, second + 1);
	rpc->vmware->synctime = strcmp(value, "1") == 0;
	strcpy(text, VMWARE_TCLO_SET_OPTION " ");
	strcat(text, option);
	strcat(text, " ");
	strcat(text, value);
	len = strlen(text);
	return vmx_tclo_queue(rpc->vmware, CALL_GREETING, text, len)
	    ? NULL
	    : "Out of memory";
}

static const struct command {
	const char *name;
	const char *(*run)(struct rpc *);
} commands[] = {
	{ VMWARE_RPC_INFO_GET, run_info_get },
	{ VMWARE_RPC_INFO_SET, run_info_set },
	{ VMWARE_RPC_LOG, run_good },
	{ VMWARE_RPC_UNIFIED_LOOP, run_good },
	{ VMWARE_RPC_VERSION, run_good },
	{ VMWARE_RPC_VERSIONTYPE, run_versiontype },
	{ VMWARE_RPC_STATUS, run_status },
	{ VMWARE_RPC_OPTION, run_option },
	{ VMWARE_RPC_BACKUP_EVENT, run_event },
	{ VMWARE_RPC_GUEST_INFO " ", run_guest_info },
	{ VMWARE_RPC_DISK_INFO " ", run_disks },
	{ "tools.capability.", run_good },
};

static const char *
run(struct rpc *rpc, const struct message *call)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		size_t len = strlen(commands[i].name);

		if (!vmx_message_begins(call, commands[i].name))
			continue;
		rpc->bytes = call->bytes + len;
		rpc->size = call->size - len;
		rpc->text = (const char *)rpc->bytes;
		return commands[i].run(rpc);
	}
	return VMWARE_UNKNOWN;
}

/* The last ones are kept; a copy of the call, or NULL. */
static const struct message *
keep(struct host_vmware *vmware, const uint8_t *bytes, size_t size)
{
	struct message *kept = &vmware->rpcs[vmware->rpc_next % RPCS];

	while (vmware->rpc_first != vmware->rpc_next &&
	    (vmware->rpc_next - vmware->rpc_first == RPCS ||
		vmware->rpc_bytes + size > RPC_BYTES)) {
		struct message *old = &vmware->rpcs[vmware->rpc_first % RPCS];

		vmware->rpc_bytes -= old->size;
		vmx_message_free(old);
		vmware->rpc_first++;
	}
	if (!vmx_message_set(kept, bytes, size))
		return NULL;
	vmware->rpc_bytes += size;
	vmware->rpc_next++;
	return kept;
}

static bool
answer(struct message *reply, bool good, const void *bytes, size_t size)
{
	reply->bytes = malloc(2 + size + 1);
	if (reply->bytes == NULL)
		return false;
	memcpy(reply->bytes, good ? VMWARE_RPC_GOOD : VMWARE_RPC_BAD, 2);
	if (size > 0)
		memcpy(reply->bytes + 2, bytes, size);
	reply->bytes[2 + size] = '\0';
	reply->size = 2 + size;
	return true;
}

bool
vmx_rpc_run(struct host_vmware *vmware, const uint8_t *bytes, size_t size,
    bool privileged, struct message *reply)
{
	const struct host_vmware_manners *manners = &vmware->manners;
	const struct message *call = keep(vmware, bytes, size);
	struct rpc rpc = { .vmware = vmware, .privileged = privileged };
	const char *refused;

	vmware->counts.rpcs++;
	if (call == NULL)
		return false;
	if (manners->rpc_reply != NULL)
		return vmx_message_set(reply, manners->rpc_reply,
		    manners->rpc_reply_len != 0 ? manners->rpc_reply_len
						: strlen(manners->rpc_reply));
	refused = run(&rpc, call);
	if (refused != NULL)
		return answer(reply, false, refused, strlen(refused));
	return answer(reply, true, rpc.value != NULL ? rpc.value->bytes : NULL,
	    rpc.value != NULL ? rpc.value->size : 0);
}

const char *
host_vmware_rpc(struct host_vmware *vmware, unsigned n, size_t *size)
{
	const struct message *kept = &vmware->rpcs[n % RPCS];

	if (n - vmware->rpc_first >= vmware->rpc_next - vmware->rpc_first)
		return NULL;
	if (size != NULL)
		*size = kept->size;
	return (const char *)kept->bytes;
}

const char *
host_vmware_rpc_last(struct host_vmware *vmware, const char *prefix,
    size_t *size)
{
	for (unsigned n = vmware->rpc_next; n != vmware->rpc_first; n--)
		if (vmx_message_begins(&vmware->rpcs[(n - 1) % RPCS], prefix))
			return host_vmware_rpc(vmware, n - 1, size);
	return NULL;
}
