/* SPDX-License-Identifier: ISC */
/* The directory of fw_cfg: bytes in, items out. */
#include "guest/bus/libc.h"
#include "guest/kvm/fwcfg.h"
#include "wire/endian.h"

bool
fwcfg_name_ok(const char name[FWCFG_NAME_SIZE])
{
	size_t len = 0;

	while (len < FWCFG_NAME_SIZE && name[len] > 0x20 && name[len] < 0x7f)
		len++;
	return len > 0 && len < FWCFG_NAME_SIZE && name[len] == '\0';
}

int
fwcfg_entry(const uint8_t entry[FWCFG_ENTRY_SIZE], struct fwcfg_item *item)
{
	item->size = get_be32(entry + FWCFG_ENTRY_LENGTH);
	item->id = get_be16(entry + FWCFG_ENTRY_KEY);
	memcpy(item->name, entry + FWCFG_ENTRY_NAME, FWCFG_NAME_SIZE);
	if (!fwcfg_name_ok(item->name))
		return PV_EINVAL;
	if (item->id < FWCFG_KEY_FILE_FIRST || item->id > FWCFG_KEY_FILE_LAST)
		return PV_EPROTO;
	return PV_OK;
}
