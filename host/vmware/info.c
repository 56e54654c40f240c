/* SPDX-License-Identifier: ISC */
/*
 * guestinfo: what the host's administrator has put there, and the guest.  Keys
 * are those of a .vmx file, where upper and lower case are the same.
 */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool
key_begins(const char *key, const char *prefix)
{
	for (; *prefix != '\0'; key++, prefix++)
		if (lower(*key) != lower(*prefix))
			return false;
	return true;
}

static struct info *
find(struct host_vmware *vmware, const char *key)
{
	for (size_t i = 0; i < vmware->info_count; i++)
		if (strlen(vmware->infos[i].key) == strlen(key) &&
		    key_begins(key, vmware->infos[i].key))
			return &vmware->infos[i];
	return NULL;
}

static bool
denied(const struct host_vmware *vmware, const char *key)
{
	for (unsigned i = 0; i < DENIED; i++)
		if (vmware->denied[i] != NULL &&
		    key_begins(key, vmware->denied[i]))
			return true;
	return false;
}

static struct info *
add(struct host_vmware *vmware, const char *key)
{
	size_t room = vmware->info_room > 0 ? 2 * vmware->info_room : 16;
	struct info *info;

	if (vmware->info_count == vmware->info_room) {
		info = realloc(vmware->infos, room * sizeof(*info));
		if (info == NULL)
			return NULL;
		vmware->infos = info;
		vmware->info_room = room;
	}
	info = &vmware->infos[vmware->info_count];
	memset(info, 0, sizeof(*info));
	info->key = strdup(key);
	if (info->key == NULL)
		return NULL;
	vmware->info_count++;
	vmware->info_bytes += strlen(key);
	return info;
}

static void
take_away(struct host_vmware *vmware, struct info *info)
{
	vmware->info_bytes -= strlen(info->key) + info->value.size;
	free(info->key);
	vmx_message_free(&info->value);
	*info = vmware->infos[--vmware->info_count];
}

bool
host_vmware_set_info(struct host_vmware *vmware, const char *key,
    const void *value, size_t size)
{
	struct info *info = find(vmware, key);
	size_t before;

	if (value == NULL) {
		if (info != NULL)
			take_away(vmware, info);
		return true;
	}
	if (info == NULL && (info = add(vmware, key)) == NULL)
		return false;
	before = info->value.size;
	if (!vmx_message_set(&info->value, value, size)) {
		if (info->value.bytes == NULL)
			take_away(vmware, info);
		return false;
	}
	vmware->info_bytes = vmware->info_bytes - before + size;
	return true;
}

const char *
host_vmware_info(struct host_vmware *vmware, const char *key, size_t *size)
{
	const struct info *info = find(vmware, key);

	if (info == NULL)
		return NULL;
	if (size != NULL)
		*size = info->value.size;
	return (const char *)info->value.bytes;
}

const char *
host_vmware_info_key(struct host_vmware *vmware, size_t n)
{
	return n < vmware->info_count ? vmware->infos[n].key : NULL;
}

void
host_vmware_deny(struct host_vmware *vmware, const char *prefix)
{
	for (unsigned i = 0; i < DENIED; i++)
		if (vmware->denied[i] == NULL) {
			vmware->denied[i] = strdup(prefix);
			return;
		}
	abort();
}

const char *
vmx_info_get(struct host_vmware *vmware, const char *key,
    const struct message **value)
{
	const struct info *info = find(vmware, key);

	if (denied(vmware, key))
		return VMWARE_DENIED;
	if (info == NULL)
		return VMWARE_NO_VALUE;
	*value = &info->value;
	return NULL;
}

/* The limit is of all, keys and values. */
const char *
vmx_info_set(struct host_vmware *vmware, const char *key, const char *value)
{
	const struct info *info = find(vmware, key);
	size_t size = strlen(value), others = vmware->info_bytes;

	if (!key_begins(key, VMWARE_INFO_PREFIX) || denied(vmware, key))
		return VMWARE_DENIED;
	if (info != NULL)
		others -= strlen(key) + info->value.size;
	if (strlen(key) + size > vmware->config.info_limit ||
	    others > vmware->config.info_limit - strlen(key) - size)
		return VMWARE_VALUE_TOO_LONG;
	return host_vmware_set_info(vmware, key, value, size) ? NULL
							      : "Out of memory";
}
