/* SPDX-License-Identifier: ISC */
/* What is known of VMware's guest, in lines. */
#include <string.h>

#include "programs/pvhost/face_vmware.h"
#include "programs/pvhost/reply.h"
#include "wire/vmware/guestrpc.h"

#define RPCS_SHOWN 16u
#define RPC_SHOWN 160u
#define TEXT_SHOWN 4096u

void
vmware_print_text(struct reply *reply, const char *bytes, size_t size,
    size_t most)
{
	bool strange = false;

	for (size_t i = 0; i < size && i < most; i++) {
		char c = bytes[i];

		if (c == '\0' && i + 1 == size)
			break;
		if (c >= ' ' && c <= '~')
			reply_add(reply, &c, 1);
		else if (!strange)
			reply_add(reply, "?", 1);
		strange = c < ' ' || c > '~';
	}
	if (size > most)
		reply_print(reply, "...");
}

static void
say_counts(const struct face_vmware *self, struct reply *reply)
{
	const struct host_vmware_counts *counts = host_vmware_counts(
	    self->host);

	reply_print(reply, "tools %s\n", counts->running ? "running" : "none");
	reply_print(reply,
	    "backdoor exits %llu strings %llu rpcs %llu polls %llu calls %llu "
	    "channels %u refused %llu\n",
	    (unsigned long long)counts->exits,
	    (unsigned long long)counts->strings,
	    (unsigned long long)counts->rpcs,
	    (unsigned long long)counts->tclo_polls,
	    (unsigned long long)counts->tclo_calls, counts->channels_open,
	    (unsigned long long)counts->refused);
}

/* "tools-version 2147483647 4", of the newer command or the older one. */
static void
say_version(const struct face_vmware *self, struct reply *reply)
{
	static const char *const commands[] = { VMWARE_RPC_VERSIONTYPE,
		VMWARE_RPC_VERSION };

	for (size_t i = 0; i < 2; i++) {
		size_t size = 0, before = strlen(commands[i]);
		const char *rpc = host_vmware_rpc_last(self->host, commands[i],
		    &size);

		if (rpc == NULL)
			continue;
		reply_print(reply, "tools-version ");
		vmware_print_text(reply, rpc + before, size - before,
		    RPC_SHOWN);
		reply_print(reply, "\n");
		return;
	}
}

static void
say_reported(const struct face_vmware *self, struct reply *reply)
{
	static const struct {
		const char *name;
		unsigned type;
	} texts[] = {
		{ "host-name", VMWARE_INFO_DNS_NAME },
		{ "os", VMWARE_INFO_OS_NAME_FULL },
		{ "os-short", VMWARE_INFO_OS_NAME },
		{ "tools-build", VMWARE_INFO_BUILD },
		{ "uptime", VMWARE_INFO_UPTIME },
		{ "disks", 0 },
	};
	static const unsigned lists[] = { VMWARE_INFO_NIC_V3,
		VMWARE_INFO_NIC_V2 };
	const char *report = NULL;
	size_t size = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		report = host_vmware_reported(self->host, texts[i].type, &size);
		if (report == NULL)
			continue;
		reply_print(reply, "%s ", texts[i].name);
		vmware_print_text(reply, report, size, TEXT_SHOWN);
		reply_print(reply, "\n");
	}
	report = NULL;
	for (size_t i = 0; i < 2 && report == NULL; i++)
		report = host_vmware_reported(self->host, lists[i], &size);
	if (report != NULL)
		vmware_print_nics(reply, report, size);
}

static void
say_requests(const struct face_vmware *self, struct reply *reply)
{
	static const char *const answers[] = { "refused", "none", "done" };
	const char *event = host_vmware_backup_event(self->host);

	reply_print(reply, "power-answer %s\n",
	    answers[1 + host_vmware_power_status(self->host)]);
	reply_print(reply, "snapshot %s",
	    host_vmware_snapshot_busy(self->host) ? "busy" : "none");
	if (event != NULL) {
		reply_print(reply, " ");
		vmware_print_text(reply, event, strlen(event), RPC_SHOWN);
	}
	reply_print(reply, "\n");
}

static void
say_rpcs(const struct face_vmware *self, struct reply *reply)
{
	uint64_t count = host_vmware_counts(self->host)->rpcs;

	for (uint64_t n = count > RPCS_SHOWN ? count - RPCS_SHOWN : 0;
	     n < count; n++) {
		size_t size = 0;
		const char *rpc = host_vmware_rpc(self->host, (unsigned)n,
		    &size);

		if (rpc == NULL)
			continue;
		reply_print(reply, "rpc ");
		vmware_print_text(reply, rpc, size, RPC_SHOWN);
		reply_print(reply, "\n");
	}
}

void
vmware_status(void *ctx, struct reply *reply)
{
	const struct face_vmware *self = ctx;

	say_counts(self, reply);
	say_version(self, reply);
	say_reported(self, reply);
	say_requests(self, reply);
	say_rpcs(self, reply);
}
