/* SPDX-License-Identifier: ISC */
/* Linux Documentation/arch/x86/boot.rst and zero-page.rst: what Firecracker,
 * crosvm, cloud-hypervisor, bhyveload's and QEMU's direct boot pass. */
#include "port/bare/boot_info.h"
#include "wire/endian.h"

#define LINUX_SIZE 4096u
#define LINUX_MAGIC 0x53726448u /* "HdrS" */

/* offsets into struct boot_params */
#define LINUX_RSDP 0x070
#define LINUX_EXT_INITRD 0x0c0
#define LINUX_EXT_INITRD_SIZE 0x0c4
#define LINUX_EXT_COMMAND_LINE 0x0c8
#define LINUX_ALT_MEM_K 0x1e0
#define LINUX_MAP_ENTRIES 0x1e8
#define LINUX_HEADER 0x202
#define LINUX_INITRD 0x218
#define LINUX_INITRD_SIZE 0x21c
#define LINUX_COMMAND_LINE 0x228
#define LINUX_MAP 0x2d0
#define LINUX_MAP_MAX 128u

#define LINUX_ENTRY_SIZE 20u

static uint64_t
pair(const uint8_t *low, const uint8_t *high)
{
	return get_le32(low) | (uint64_t)get_le32(high) << 32;
}

const char *
boot_parse_linux(const struct boot_memory *memory, uint64_t physical,
    struct boot_info *out)
{
	const uint8_t *params = boot_at(memory, physical, LINUX_SIZE), *entry;
	unsigned count;

	if (params == NULL)
		return "the boot parameters lie outside of memory";
	if (get_le32(params + LINUX_HEADER) != LINUX_MAGIC)
		return "the boot parameters have another magic number";
	boot_keep(out, physical, LINUX_SIZE);
	out->rsdp = boot_le64(params + LINUX_RSDP);
	boot_copy_command_line(out, memory,
	    pair(params + LINUX_COMMAND_LINE, params + LINUX_EXT_COMMAND_LINE),
	    UINT64_MAX);
	if (get_le32(params + LINUX_INITRD_SIZE) != 0) {
		boot_keep(out,
		    pair(params + LINUX_INITRD, params + LINUX_EXT_INITRD),
		    pair(params + LINUX_INITRD_SIZE,
			params + LINUX_EXT_INITRD_SIZE));
		out->modules++;
	}
	count = params[LINUX_MAP_ENTRIES];
	if (count > LINUX_MAP_MAX) {
		out->dropped += count - LINUX_MAP_MAX;
		count = LINUX_MAP_MAX;
	}
	for (unsigned i = 0; i < count; i++) {
		entry = params + LINUX_MAP + i * LINUX_ENTRY_SIZE;
		boot_add_range(out, boot_le64(entry), boot_le64(entry + 8),
		    get_le32(entry + 16));
	}
	if (count == 0) /* a BIOS without a map */
		boot_add_range(out, 0x100000,
		    (uint64_t)get_le32(params + LINUX_ALT_MEM_K) * 1024,
		    BOOT_RAM);
	return out->ranges == 0 ? "no memory map" : NULL;
}
