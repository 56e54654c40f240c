/* SPDX-License-Identifier: ISC */
/*
 * SetGuestInfo and SetGuestDiskInfo: what a guest says of itself is checked, and
 * the last of each type kept.
 */
#include <stdlib.h>
#include <string.h>

#include "host/vmware/vmware_private.h"
#include "wire/endian.h"
#include "wire/vmware/nicinfo.h"

#define INVALID "Invalid data"
#define TEXT_MAX 512u /* the longest name of a system */
/* open-vm-tools sends its buffer whole, which is a little larger */
#define DISK_SLACK 4u

static size_t
text_length(const uint8_t *bytes, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(bytes, '\0', size) : NULL;

	return end != NULL ? (size_t)(end - bytes) : size;
}

static bool
all_digits(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] < '0' || bytes[i] > '9')
			return false;
	return size > 0;
}

static bool
valid_v1(const uint8_t *bytes, size_t size)
{
	struct nicinfo_v1 list;

	if (size != sizeof(list))
		return false;
	memcpy(&list, bytes, sizeof(list));
	if (get_le32(&list.nics) > NICINFO_NICS)
		return false;
	for (unsigned i = 0; i < get_le32(&list.nics); i++) {
		const struct nicinfo_v1_nic *nic = &list.nic[i];

		if (get_le32(&nic->ips) > NICINFO_V1_IPS ||
		    memchr(nic->mac, '\0', sizeof(nic->mac)) == NULL)
			return false;
		for (unsigned n = 0; n < get_le32(&nic->ips); n++)
			if (memchr(nic->ip[n], '\0', sizeof(nic->ip[n])) ==
			    NULL)
				return false;
	}
	return true;
}

static bool
valid_disks(const uint8_t *bytes, size_t size)
{
	size_t wanted;

	if (size == 0)
		return false;
	wanted = 1 + bytes[0] * sizeof(struct diskinfo_v0);
	if (size < wanted || size > wanted + DISK_SLACK)
		return false;
	for (unsigned i = 0; i < bytes[0]; i++) {
		struct diskinfo_v0 disk;

		memcpy(&disk, bytes + 1 + i * sizeof(disk), sizeof(disk));
		if (memchr(disk.name, '\0', sizeof(disk.name)) == NULL ||
		    disk.free > disk.total)
			return false;
	}
	return true;
}

static bool
valid_nics(const struct host_vmware *vmware, unsigned type,
    const uint8_t *bytes, size_t size)
{
	unsigned refuse = vmware->config.refuse, version;
	bool over_64;

	version = vmx_report_nics(bytes, size, &over_64);
	if (type == VMWARE_INFO_NIC_V3 &&
	    (version != NICINFO_V3 || refuse & HOST_VMWARE_NO_NIC_TYPE_10))
		return false;
	if (type == VMWARE_INFO_NIC_V2 && over_64)
		return false;
	return (version == NICINFO_V3 && !(refuse & HOST_VMWARE_NO_NIC_V3)) ||
	    (version == NICINFO_V2 && !(refuse & HOST_VMWARE_NO_NIC_V2));
}

static bool
valid_details(const struct host_vmware *vmware, const uint8_t *bytes,
    size_t size)
{
	struct osdetail head;

	if (vmware->config.refuse & HOST_VMWARE_NO_DETAILED ||
	    size <= sizeof(head) || bytes[size - 1] != '\0')
		return false;
	memcpy(&head, bytes, sizeof(head));
	return get_le32(&head.version) == OSDETAIL_VERSION &&
	    memchr(head.short_name, '\0', sizeof(head.short_name)) != NULL &&
	    memchr(head.full_name, '\0', sizeof(head.full_name)) != NULL;
}

static bool
valid_memory(const uint8_t *bytes, size_t size)
{
	return size >= sizeof(struct meminfo) &&
	    get_le32(bytes) <= MEMINFO_VERSION;
}

/* *size becomes that of a text. */
static bool
valid(const struct host_vmware *vmware, unsigned type, const uint8_t *bytes,
    size_t *size)
{
	switch (type) {
	case VMWARE_INFO_DNS_NAME:
	case VMWARE_INFO_BUILD:
	case VMWARE_INFO_OS_NAME_FULL:
	case VMWARE_INFO_OS_NAME:
		*size = text_length(bytes, *size);
		return *size <= TEXT_MAX;
	case VMWARE_INFO_UPTIME:
		*size = text_length(bytes, *size);
		return *size <= 20 && all_digits(bytes, *size);
	case VMWARE_INFO_NIC_V1:
		return valid_v1(bytes, *size);
	case VMWARE_INFO_DISK_V0:
		return valid_disks(bytes, *size);
	case VMWARE_INFO_MEMORY:
		return valid_memory(bytes, *size);
	case VMWARE_INFO_NIC_V2:
	case VMWARE_INFO_NIC_V3:
		return valid_nics(vmware, type, bytes, *size);
	case VMWARE_INFO_OS_DETAILED:
		return valid_details(vmware, bytes, *size);
	}
	return false;
}

/* " 7 4200": the second of two blanks, the type, the data. */
const char *
vmx_report_info(struct host_vmware *vmware, const uint8_t *bytes, size_t size)
{
	unsigned type = 0;
	size_t at = 1;

	if (size < 3 || bytes[0] != ' ')
		return INVALID;
	while (at < size && at < 4 && bytes[at] >= '0' && bytes[at] <= '9')
		type = type * 10 + bytes[at++] - '0';
	if (at == 1 || at == size || bytes[at++] != ' ')
		return INVALID;
	bytes += at;
	size -= at;
	if (!valid(vmware, type, bytes, &size)) {
		vmware->counts.refused++;
		return INVALID;
	}
	return vmx_message_set(&vmware->reported[type], bytes, size)
	    ? NULL
	    : "Out of memory";
}

/* No parser of JSON: what stands first and last. */
const char *
vmx_report_disks(struct host_vmware *vmware, const uint8_t *bytes, size_t size)
{
	size = text_length(bytes, size);
	if (size < 2 || bytes[0] != '{' || bytes[size - 1] != '}') {
		vmware->counts.refused++;
		return INVALID;
	}
	return vmx_message_set(&vmware->reported[0], bytes, size)
	    ? NULL
	    : "Out of memory";
}

const char *
host_vmware_reported(struct host_vmware *vmware, unsigned type, size_t *size)
{
	const struct message *report;

	if (type >= VMWARE_INFO_TYPES || vmware->reported[type].bytes == NULL)
		return NULL;
	report = &vmware->reported[type];
	if (size != NULL)
		*size = report->size;
	return (const char *)report->bytes;
}
