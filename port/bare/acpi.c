/* SPDX-License-Identifier: ISC */
#include "port/bare/acpi.h"

#include "port/bare/libc.h"
#include "wire/endian.h"

#define HEADER 36u          /* of every table but the RSDP */
#define TABLE_MAX 0x800000u /* a DSDT of 8 MiB is none */
#define TABLES_MAX 128u
#define SEARCH 0x100000u /* of a range, at most */

static bool
sums_up(const uint8_t *bytes, uint32_t size)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

/* A table with its header, or NULL; *size is its length. */
static const uint8_t *
table_at(const struct boot_memory *memory, uint64_t physical, uint32_t *size)
{
	const uint8_t *table = boot_at(memory, physical, HEADER);

	if (table == NULL)
		return NULL;
	*size = get_le32(table + 4);
	if (*size < HEADER || *size > TABLE_MAX)
		return NULL;
	return boot_at(memory, physical, *size);
}

static void
add_cpu(struct acpi *out, uint32_t apic, uint32_t flags)
{
	/* 5.2.12.2: enabled; one that is only "online capable" is not there */
	if (!(flags & 1) || out->cpus == ACPI_CPUS)
		return;
	for (unsigned i = 0; i < out->cpus; i++)
		if (out->cpu[i] == apic)
			return;
	out->cpu[out->cpus++] = apic;
}

/* 5.2.12: MADT */
static void
madt(struct acpi *out, const uint8_t *table, uint32_t size)
{
	uint32_t at = HEADER + 8;

	while (at < size && size - at >= 2) {
		const uint8_t *entry = table + at;

		if (entry[1] < 2 || entry[1] > size - at)
			return;
		if (entry[0] == 0 && entry[1] >= 8)
			add_cpu(out, entry[3], get_le32(entry + 4));
		else if (entry[0] == 9 && entry[1] >= 16)
			add_cpu(out, get_le32(entry + 4), get_le32(entry + 8));
		at += entry[1];
	}
}

/*
 * A generic address structure (5.2.3.2) at `extended`, where the table has it,
 * else the port at `legacy`.
 */
static struct acpi_register
reg(const uint8_t *table, uint32_t size, uint32_t legacy, uint32_t extended,
    uint8_t width)
{
	struct acpi_register out = { 0, false, width };
	const uint8_t *gas;

	if (extended != 0 && size >= extended + 12) {
		gas = table + extended;
		out.address = boot_le64(gas + 4);
		out.memory = gas[0] == 0;
		if (gas[0] > 1)
			out.address = 0;
	}
	if (out.address == 0 && legacy != 0 && size >= legacy + 4) {
		out.address = get_le32(table + legacy);
		out.memory = false;
	}
	if (!out.memory && out.address > UINT16_MAX)
		out.address = 0;
	return out;
}

/*
 * \_S5_ is a package of small integers.  Without an interpreter: look for its
 * name in the byte code (ACPI 6.5, chapter 20) and read the first two.
 */
static void
dsdt(struct acpi *out, const uint8_t *table, uint32_t size)
{
	for (uint32_t i = HEADER; i + 7 < size; i++) {
		const uint8_t *at = table + i;
		uint8_t value[2] = { 0, 0 };
		uint32_t left, skip;

		if (memcmp(at, "_S5_", 4) != 0 || at[4] != 0x12)
			continue;
		/* package length of 1 to 4 bytes, then the number of elements */
		skip = 5u + (at[5] >> 6) + 1 + 1;
		for (unsigned n = 0; n < 2; n++) {
			left = size - i;
			if (skip + 2 > left)
				return;
			if (at[skip] == 0x0a) { /* a byte follows */
				value[n] = at[skip + 1];
				skip += 2;
			} else if (at[skip] <= 1) { /* Zero, One */
				value[n] = at[skip];
				skip += 1;
			} else
				return;
		}
		out->has_s5 = true;
		out->s5a = value[0] & 7;
		out->s5b = value[1] & 7;
		return;
	}
}

/* 5.2.9: FADT */
static void
fadt(struct acpi *out, const struct boot_memory *memory, const uint8_t *table,
    uint32_t size)
{
	uint64_t where = 0;
	const uint8_t *code;
	uint32_t flags, code_size;

	if (size < 116)
		return;
	flags = get_le32(table + 112);
	if (!(flags & 1u << 20)) { /* not hardware-reduced */
		out->pm1a = reg(table, size, 64, 172, 2);
		out->pm1b = reg(table, size, 68, 184, 2);
		out->smi_command = (uint16_t)reg(table, size, 48, 0, 1).address;
		out->enable = table[52];
		out->pm_timer = (uint16_t)reg(table, size, 76, 0, 4).address;
	} else
		out->sleep = reg(table, size, 0, 244, 1);
	if ((flags & 1u << 10) && size >= 129) {
		out->reset = reg(table, size, 0, 116, 1);
		out->reset_value = table[128];
	}
	if (size >= 148)
		where = boot_le64(table + 140);
	if (where == 0)
		where = get_le32(table + 40);
	code = table_at(memory, where, &code_size);
	if (code != NULL && memcmp(code, "DSDT", 4) == 0)
		dsdt(out, code, code_size);
}

/* RSDT or XSDT: a table of tables. */
static void
tables(struct acpi *out, const struct boot_memory *memory, uint64_t root,
    unsigned width)
{
	uint32_t size, table_size;
	const uint8_t *list = table_at(memory, root, &size), *table;
	uint64_t where;

	if (list == NULL)
		return;
	out->found = true;
	for (uint32_t i = 0; i < TABLES_MAX && size - HEADER >= (i + 1) * width;
	     i++) {
		where = width == 8 ? boot_le64(list + HEADER + i * 8)
				   : get_le32(list + HEADER + i * 4);
		table = table_at(memory, where, &table_size);
		if (table == NULL)
			continue;
		if (memcmp(table, "APIC", 4) == 0 && out->cpus == 0)
			madt(out, table, table_size);
		else if (memcmp(table, "FACP", 4) == 0)
			fadt(out, memory, table, table_size);
	}
}

static bool
rsdp_good(const uint8_t *rsdp)
{
	return rsdp != NULL && memcmp(rsdp, "RSD PTR ", 8) == 0 &&
	    sums_up(rsdp, 20);
}

static const uint8_t *
rsdp_in(const struct boot_memory *memory, uint64_t start, uint64_t size)
{
	const uint8_t *rsdp;

	for (uint64_t at = 0; at < size; at += 16)
		if (rsdp_good(rsdp = boot_at(memory, start + at, 36)))
			return rsdp;
	return NULL;
}

/*
 * 5.2.5.1: in the first KiB of the EBDA, which the word at 0x40e names, or in
 * 0xe0000 to 0xfffff.  The upper half comes first, as it is there on all hosts,
 * and on some each look at the lower one is an exit.
 */
static const uint8_t *
rsdp_search(const struct boot_memory *memory)
{
	const uint8_t *word = boot_at(memory, 0x40e, 2), *rsdp = NULL;
	uint64_t ebda;

	if (word != NULL) {
		ebda = (uint64_t)get_le16(word) << 4;
		rsdp = rsdp_in(memory, ebda, 1024);
	}
	if (rsdp == NULL)
		rsdp = rsdp_in(memory, 0xf0000, 0x10000);
	if (rsdp == NULL)
		rsdp = rsdp_in(memory, 0xe0000, 0x10000);
	return rsdp;
}

/* UEFI puts it anywhere, and multiboot 1 and GRUB's Linux loader do not say
 * where; but it lies in memory that the map gives to ACPI. */
static const uint8_t *
rsdp_search_map(const struct boot_memory *memory, const struct boot_info *info)
{
	for (unsigned i = 0; i < info->ranges; i++) {
		const struct boot_range *range = &info->range[i];
		uint64_t size = range->size < SEARCH ? range->size : SEARCH;
		const uint8_t *rsdp;

		if (range->type != BOOT_ACPI || range->start % 16 != 0)
			continue;
		rsdp = rsdp_in(memory, range->start, size);
		if (rsdp != NULL)
			return rsdp;
	}
	return NULL;
}

void
acpi_parse(const struct boot_memory *memory, const struct boot_info *info,
    struct acpi *out)
{
	const uint8_t *rsdp = NULL;

	memset(out, 0, sizeof(*out));
	if (info->rsdp_copy_size >= 20) /* padded with zeroes */
		rsdp = info->rsdp_copy;
	else if (info->rsdp != 0)
		rsdp = boot_at(memory, info->rsdp, BOOT_RSDP_SIZE);
	if (!rsdp_good(rsdp))
		rsdp = rsdp_search(memory);
	if (rsdp == NULL)
		rsdp = rsdp_search_map(memory, info);
	if (rsdp == NULL)
		return;
	if (rsdp[15] >= 2)
		tables(out, memory, boot_le64(rsdp + 24), 8);
	if (!out->found)
		tables(out, memory, get_le32(rsdp + 16), 4);
}
