/* SPDX-License-Identifier: ISC */
/*
 * The list of NICs that a guest on VMware reports, to be read by people.  The
 * model has checked it; what does not fit ends the reading all the same.
 */
#include <arpa/inet.h>
#include <string.h>

#include "programs/pvhost/face_vmware.h"
#include "programs/pvhost/reply.h"
#include "wire/endian.h"
#include "wire/vmware/nicinfo.h"

struct list {
	const uint8_t *at;
	size_t left;
};

static bool
take(struct list *list, size_t size, const uint8_t **bytes)
{
	if (list->left < size)
		return false;
	*bytes = list->at;
	list->at += size;
	list->left -= size;
	return true;
}

static bool
take_word(struct list *list, uint32_t *value)
{
	const uint8_t *bytes;

	if (!take(list, 4, &bytes))
		return false;
	*value = get_be32(bytes);
	return true;
}

/* Opaque bytes or a string, in units of four. */
static bool
take_bytes(struct list *list, const uint8_t **bytes, uint32_t *size)
{
	return take_word(list, size) && *size <= list->left &&
	    take(list, ((size_t)*size + 3) / 4 * 4, bytes);
}

/* An array of char takes four bytes for each. */
static bool
take_wide(struct list *list, char *to, size_t count)
{
	uint32_t value = 0;

	for (size_t i = 0; i < count; i++) {
		if (!take_word(list, &value))
			return false;
		to[i] = (char)value;
	}
	to[count] = '\0';
	return true;
}

/* ---- Version 3 ----------------------------------------------------------- */

static bool
print_address(struct list *list, struct reply *reply)
{
	char text[INET6_ADDRSTRLEN] = "?";
	uint32_t type, size, prefix;
	const uint8_t *bytes;

	if (!take_word(list, &type) || !take_bytes(list, &bytes, &size) ||
	    !take_word(list, &prefix))
		return false;
	if (size == 4 || size == 8)
		inet_ntop(AF_INET, bytes, text, sizeof(text));
	else if (size == 16 || size == 20)
		inet_ntop(AF_INET6, bytes, text, sizeof(text));
	reply_print(reply, " %s/%u", text, prefix);
	for (unsigned i = 0; i < 2; i++) { /* origin, status */
		uint32_t there, value;

		if (!take_word(list, &there) ||
		    (there != 0 && !take_word(list, &value)))
			return false;
	}
	return true;
}

static bool
skip_address(struct list *list)
{
	uint32_t type, size;
	const uint8_t *bytes;

	return take_word(list, &type) && take_bytes(list, &bytes, &size);
}

static bool
skip_names(struct list *list)
{
	uint32_t there, count = 0, size;
	const uint8_t *bytes;

	for (unsigned i = 0; i < 2; i++) /* host name, domain */
		if (!take_word(list, &there) ||
		    (there != 0 && !take_bytes(list, &bytes, &size)))
			return false;
	if (!take_word(list, &count))
		return false;
	for (; count > 0; count--)
		if (!skip_address(list))
			return false;
	if (!take_word(list, &count))
		return false;
	for (; count > 0; count--)
		if (!take_bytes(list, &bytes, &size))
			return false;
	return true;
}

/* Names, WINS, DHCP of both families. */
static bool
skip_configuration(struct list *list)
{
	uint32_t there, size;
	const uint8_t *bytes;

	if (!take_word(list, &there) || (there != 0 && !skip_names(list)) ||
	    !take_word(list, &there) ||
	    (there != 0 && (!skip_address(list) || !skip_address(list))))
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (!take_word(list, &there) ||
		    (there != 0 &&
			(!take_word(list, &there) ||
			    !take_bytes(list, &bytes, &size))))
			return false;
	return true;
}

static bool
print_nic(struct list *list, struct reply *reply)
{
	uint32_t size, count;
	const uint8_t *mac;
	bool good = true;

	if (!take_bytes(list, &mac, &size) || !take_word(list, &count))
		return false;
	reply_print(reply, "nic ");
	vmware_print_text(reply, (const char *)mac, size, NICINFO_MAC_LEN);
	for (; good && count > 0; count--)
		good = print_address(list, reply);
	reply_print(reply, "\n");
	return good && skip_configuration(list);
}

/* ---- Version 2 ----------------------------------------------------------- */

static bool
print_address_v2(struct list *list, struct reply *reply)
{
	char address[NICINFO_IP_LEN + 1], mask[NICINFO_IP_LEN + 1];
	uint32_t family, dhcp;

	if (!take_word(list, &family) || !take_word(list, &dhcp) ||
	    !take_wide(list, address, NICINFO_IP_LEN) ||
	    !take_wide(list, mask, NICINFO_IP_LEN))
		return false;
	reply_print(reply, " ");
	vmware_print_text(reply, address, strlen(address), NICINFO_IP_LEN);
	reply_print(reply, "/");
	vmware_print_text(reply, mask, strlen(mask), NICINFO_IP_LEN);
	return true;
}

static bool
print_nic_v2(struct list *list, struct reply *reply)
{
	char mac[NICINFO_MAC_LEN + 1];
	uint32_t count;
	bool good = true;

	if (!take_wide(list, mac, NICINFO_MAC_LEN) || !take_word(list, &count))
		return false;
	reply_print(reply, "nic ");
	vmware_print_text(reply, mac, strlen(mac), NICINFO_MAC_LEN);
	for (; good && count > 0; count--)
		good = print_address_v2(list, reply);
	reply_print(reply, "\n");
	return good;
}

void
vmware_print_nics(struct reply *reply, const char *bytes, size_t size)
{
	struct list list = { (const uint8_t *)bytes, size };
	uint32_t version, there, count;

	if (!take_word(&list, &version) || !take_word(&list, &there) ||
	    there == 0 || !take_word(&list, &count))
		return;
	for (; count > 0; count--)
		if (!(version == NICINFO_V3 ? print_nic(&list, reply)
					    : print_nic_v2(&list, reply)))
			return;
}
