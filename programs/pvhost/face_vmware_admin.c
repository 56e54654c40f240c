/* SPDX-License-Identifier: ISC */
/* What VMware's administrator has for the guest, and asks of it. */
#include <string.h>

#include "programs/pvhost/face_vmware.h"
#include "programs/pvhost/manners.h"
#include "programs/pvhost/reply.h"
#include "wire/vmware/backdoor.h"
#include "wire/vmware/guestrpc.h"

/* ---- Keys ---------------------------------------------------------------- */

/* A key is a word: the guest's info-set ends it at a blank. */
static bool
is_key(const char *key, struct reply *reply)
{
	if (key[0] != '\0' && strpbrk(key, " \t\n") == NULL)
		return true;
	return reply_no(reply,
	    "expected a key without blanks, as guestinfo.NAME, not \"%s\"",
	    key);
}

/* The guest's own limit on all of them does not bind who runs the machine, but
 * a value that no message has room for would never arrive. */
bool
vmware_key_set(void *ctx, const char *key, const void *value, size_t size,
    struct reply *reply)
{
	struct face_vmware *self = ctx;
	const size_t most = VMWARE_MESSAGE_LIMIT - 2;

	if (!is_key(key, reply))
		return false;
	if (value == NULL && host_vmware_info(self->host, key, NULL) == NULL)
		return reply_no(reply, "there is no key \"%s\"", key);
	if (value != NULL && size > most)
		return reply_no(reply,
		    "%s has %zu bytes; a guest on VMware can read %zu", key,
		    size, most);
	return host_vmware_set_info(self->host, key, value, size) ||
	    reply_no(reply, "out of memory");
}

bool
vmware_key_get(void *ctx, const char *key, struct reply *reply)
{
	struct face_vmware *self = ctx;
	size_t size = 0;
	const char *value = host_vmware_info(self->host, key, &size);

	if (value == NULL)
		return reply_no(reply, "there is no key \"%s\"", key);
	reply_add(reply, value, size);
	return true;
}

bool
vmware_key_list(void *ctx, const char *key, struct reply *reply)
{
	struct face_vmware *self = ctx;
	size_t length = key != NULL ? strlen(key) : 0;
	const char *name;

	for (size_t n = 0; (name = host_vmware_info_key(self->host, n)) != NULL;
	     n++)
		if (length == 0 || strncasecmp(name, key, length) == 0)
			reply_print(reply, "%s\n", name);
	return true;
}

/* ---- Requests ------------------------------------------------------------ */

static bool
power(struct face_vmware *self, const char *word, struct reply *reply)
{
	return host_vmware_power(self->host, word) ||
	    reply_no(reply, "too many requests wait for the guest");
}

static bool
heartbeat(struct face_vmware *self, const char *word, struct reply *reply)
{
	(void)self;
	(void)word;
	reply_print(reply, "the guest's tools are running\n");
	return true;
}

static bool
start_snapshot(struct face_vmware *self, bool hold, struct reply *reply)
{
	if (host_vmware_snapshot_busy(self->host))
		return reply_no(reply,
		    "a snapshot is under way; ask for thaw, or wait a minute");
	host_vmware_manners(self->host)->snapshot_hold = hold;
	return host_vmware_snapshot(self->host, true) ||
	    reply_no(reply, "too many requests wait for the guest");
}

/* With the guest's disks at rest until thaw. */
static bool
freeze(struct face_vmware *self, const char *word, struct reply *reply)
{
	(void)word;
	return start_snapshot(self, true, reply);
}

static bool
snapshot(struct face_vmware *self, const char *word, struct reply *reply)
{
	(void)word;
	return start_snapshot(self, false, reply);
}

/* Where the guest has not come to rest yet, it is to leave it. */
static bool
thaw(struct face_vmware *self, const char *word, struct reply *reply)
{
	(void)word;
	if (!host_vmware_snapshot_busy(self->host))
		return reply_no(reply, "nothing is frozen");
	return host_vmware_thaw(self->host) ||
	    reply_no(reply, "too many requests wait for the guest");
}

static const struct request {
	const char *what;
	bool (*ask)(struct face_vmware *, const char *word, struct reply *);
	const char *word;
} requests[] = {
	{ "shutdown", power, VMWARE_TCLO_HALT },
	{ "halt", power, VMWARE_TCLO_HALT },
	{ "reboot", power, VMWARE_TCLO_REBOOT },
	{ "suspend", power, VMWARE_TCLO_SUSPEND },
	{ "resume", power, VMWARE_TCLO_RESUME },
	{ "poweron", power, VMWARE_TCLO_POWERON },
	{ "freeze", freeze, NULL },
	{ "thaw", thaw, NULL },
	{ "snapshot", snapshot, NULL },
	{ "heartbeat", heartbeat, NULL },
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static bool
not_known(const char *what, struct reply *reply)
{
	reply_no(reply, "VMware has no request \"%s\"; expected one of", what);
	for (size_t i = 0; i < REQUESTS; i++)
		reply_print(reply, "%s %s", i == 0 ? "" : ",",
		    requests[i].what);
	return false;
}

bool
vmware_request(void *ctx, const char *what, struct reply *reply)
{
	struct face_vmware *self = ctx;

	for (size_t i = 0; i < REQUESTS; i++) {
		if (strcmp(requests[i].what, what) != 0)
			continue;
		if (!host_vmware_counts(self->host)->running)
			return reply_no(reply,
			    "no tools are running in the guest; try again when "
			    "the status says \"tools running\"");
		return requests[i].ask(self, requests[i].word, reply);
	}
	return not_known(what, reply);
}

bool
vmware_step(void *ctx, int64_t nanoseconds, struct reply *reply)
{
	struct face_vmware *self = ctx;

	(void)reply;
	host_vmware_step(self->host, nanoseconds);
	return true;
}

bool
vmware_manners(void *ctx, const char *part, struct manners *out)
{
	static const struct manner fields[] = {
#define FIELD(name, kind) MANNER(struct host_vmware_manners, name, kind)
		FIELD(silent, MANNER_BOOL),
		FIELD(ones, MANNER_BOOL),
		FIELD(bad_nth, MANNER_U32),
		FIELD(bad_how, MANNER_U32),
		FIELD(bad_value, MANNER_U32),
		FIELD(checkpoint_always, MANNER_BOOL),
		FIELD(high_fails, MANNER_U32),
		FIELD(snapshot_hold, MANNER_BOOL),
#undef FIELD
	};
	struct face_vmware *self = ctx;

	if (strcmp(part, "backdoor") != 0)
		return false;
	*out = (struct manners){ .at = host_vmware_manners(self->host),
		.fields = fields,
		.count = sizeof(fields) / sizeof(fields[0]) };
	return true;
}
