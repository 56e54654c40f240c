/* SPDX-License-Identifier: ISC */
/* What is known of the guest, in lines. */
#include "programs/pvhost/face_hyperv.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/reply.h"
#include "wire/hyperv/kvp.h"

#define MAJOR(version) ((unsigned)(version) >> 16)
#define MINOR(version) ((unsigned)(version)&0xffffu)

const char *const hyperv_services[HOST_IC_COUNT] = {
	[HOST_IC_HEARTBEAT] = "heartbeat",
	[HOST_IC_SHUTDOWN] = "shutdown",
	[HOST_IC_TIMESYNC] = "timesync",
	[HOST_IC_KVP] = "kvp",
	[HOST_IC_VSS] = "vss",
	[HOST_IC_FCOPY] = "fcopy",
};

static void
say_vmbus(const struct face_hyperv *self, struct reply *reply)
{
	const struct host_hyperv_counts *counts = host_hyperv_counts(
	    self->host);

	if (counts->version == 0)
		reply_print(reply, "vmbus not connected\n");
	else
		reply_print(reply, "vmbus %u.%u\n", MAJOR(counts->version),
		    MINOR(counts->version));
	reply_print(reply, "guest-id %#llx\n",
	    (unsigned long long)counts->guest_id);
	reply_print(reply, "channels %u\noffered %u\n", counts->channels,
	    counts->offered);
	reply_print(reply, "hypercalls %llu\nevents %llu\nmessages %llu\n",
	    (unsigned long long)counts->hypercalls,
	    (unsigned long long)counts->events,
	    (unsigned long long)counts->messages);
	reply_print(reply, "violations %u\nrefused %u\n", counts->violations,
	    counts->refused);
}

static void
say_service(const struct face_hyperv *self, enum host_ic_service which,
    struct reply *reply)
{
	const struct host_ic_counts *counts = host_ic_counts(self->ic, which);
	const struct host_ic_answer *answer = host_ic_answer(self->ic, which);
	const char *name = hyperv_services[which];

	if (answer->version == 0) {
		reply_print(reply, "%s %s\n", name,
		    counts->open ? "open" : "none");
		return;
	}
	reply_print(reply, "%s up %u.%u answers %llu of %llu refused %llu",
	    name, MAJOR(answer->version), MINOR(answer->version),
	    (unsigned long long)counts->answers,
	    (unsigned long long)counts->questions,
	    (unsigned long long)counts->refused);
	if (answer->answered)
		reply_print(reply, " status %#x", answer->status);
	reply_print(reply, "\n");
}

static void
say_devices(const struct face_hyperv *self, struct reply *reply)
{
	const struct host_storvsp_counts *stor = host_storvsp_counts(
	    self->storvsp);
	const struct host_balloon_counts *balloon = host_balloon_counts(
	    self->balloon);

	reply_print(reply,
	    "storvsp0 version %#x channels %u reads %llu writes %llu "
	    "flushes %llu unmaps %llu bytes %llu refused %llu\n",
	    stor->version, stor->channels, (unsigned long long)stor->reads,
	    (unsigned long long)stor->writes, (unsigned long long)stor->flushes,
	    (unsigned long long)stor->unmaps, (unsigned long long)stor->bytes,
	    (unsigned long long)stor->refused);
	for (const struct hyperv_nic *nic = self->nics; nic != NULL;
	     nic = nic->next) {
		const struct host_netvsp_counts *net = host_netvsp_counts(
		    nic->net);

		reply_print(reply,
		    "netvsp%u version %#x channels %u tx %llu rx %llu "
		    "dropped %llu refused %llu\n",
		    nic->number, net->version, net->channels,
		    (unsigned long long)net->tx_frames,
		    (unsigned long long)net->rx_frames,
		    (unsigned long long)net->dropped,
		    (unsigned long long)net->refused);
	}
	reply_print(reply, "balloon version %#x reports %u ballooned %u\n",
	    balloon->version, balloon->reports, balloon->ballooned);
}

/* A value is the guest's, and not to be believed: what is no text is shown as
 * such. */
static void
say_text(const char *name, const struct hyperv_heard *heard,
    struct reply *reply)
{
	reply_print(reply, "%s ", name);
	for (size_t i = 0; i < heard->size; i++) {
		char c = heard->value[i];

		reply_print(reply, "%c", c >= ' ' && c <= '~' ? c : '?');
	}
	reply_print(reply, "\n");
}

static void
say_facts(const struct face_hyperv *self, struct reply *reply)
{
	static const struct {
		const char *name, *key;
	} facts[] = {
		{ "os", "OSName" },
		{ "os-version", "OSVersion" },
		{ "host-name", "FullyQualifiedDomainName" },
		{ "ipv4", "NetworkAddressIPv4" },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		const struct hyperv_heard *heard = hyperv_kvp_heard(self,
		    HV_KVP_POOL_AUTO, facts[i].key);

		if (heard != NULL)
			say_text(facts[i].name, heard, reply);
	}
}

static void
say_keys(const struct face_hyperv *self, struct reply *reply)
{
	unsigned all = 0, sent = 0;

	for (const struct hyperv_key *key = self->kvp.keys; key != NULL;
	     key = key->next) {
		all++;
		sent += key->sent && key->refused == 0;
		if (key->refused != 0)
			reply_print(reply, "refused-key %s %#x\n", key->name,
			    key->refused);
	}
	reply_print(reply, "keys %u\nkeys-sent %u\n", all, sent);
}

void
hyperv_status(void *ctx, struct reply *reply)
{
	const struct face_hyperv *self = ctx;

	say_vmbus(self, reply);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		say_service(self, i, reply);
	reply_print(reply, "heartbeat-sequence %llu\n",
	    (unsigned long long)host_ic_answer(self->ic, HOST_IC_HEARTBEAT)
		->sequence);
	say_devices(self, reply);
	say_keys(self, reply);
	say_facts(self, reply);
}
