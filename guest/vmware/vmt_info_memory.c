/* SPDX-License-Identifier: ISC */
/*
 * Memory, as statistics behind the old structure, in which nothing is said to
 * be valid: what the guest has in all, the host knows itself.
 */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt_info.h"

static void
put_number(struct writer *writer, uint64_t value)
{
	unsigned size = value == 0 ? 0
	    : value <= UINT8_MAX   ? 1
	    : value <= UINT16_MAX  ? 2
	    : value <= UINT32_MAX  ? 4
				   : 8;
	uint8_t bytes[8];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	write_le16(writer, (uint16_t)size);
	write_bytes(writer, bytes, size);
}

static void
put_statistic(struct writer *writer, bool first, unsigned id, uint64_t pages)
{
	write_le32(writer,
	    (first ? MEMINFO_STAT_NAMESPACE : 0) | MEMINFO_STAT_ID |
		MEMINFO_STAT_TYPE | MEMINFO_STAT_UNIT | MEMINFO_STAT_VALUE);
	if (first) {
		write_le16(writer, sizeof(MEMINFO_NAMESPACE));
		write_bytes(writer, MEMINFO_NAMESPACE,
		    sizeof(MEMINFO_NAMESPACE));
	}
	put_number(writer, id);
	put_number(writer, MEMINFO_TYPE_U64);
	put_number(writer, MEMINFO_UNIT_KIB);
	put_number(writer, pages * (PV_PAGE_SIZE / 1024));
}

bool
vmt_memory(const struct pv_port *port, struct writer *writer)
{
	uint64_t available = 0, committed = 0;

	if (port->memory == NULL ||
	    port->memory(port->ctx, &available, &committed) != PV_OK)
		return false;
	write_le32(writer, MEMINFO_VERSION);
	write_zeroes(writer, sizeof(struct meminfo) - 4);
	put_statistic(writer, true, MEMINFO_ID_FREE, available);
	put_statistic(writer, false, MEMINFO_ID_COMMITTED, committed);
	return true;
}
