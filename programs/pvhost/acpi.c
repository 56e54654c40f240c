/* SPDX-License-Identifier: ISC */
#include "programs/pvhost/acpi.h"

#include <string.h>

#include "programs/pvhost/aml.h"
#include "programs/pvhost/power.h"
#include "wire/endian.h"

#define HEADER 36u
#define RSDP_SIZE 36u
#define FACS_SIZE 64u
#define FADT_SIZE 276u /* of ACPI 6.3 and later */
#define IO_APIC 0xfec00000u
#define LOCAL_APIC 0xfee00000u

/* Room for one, all zeroes but for its header, if `signature` is not NULL; NULL:
 * there is none.  done() when it is written. */
static uint8_t *
new_table(struct acpi_tables *tables, const char *signature, unsigned revision,
    size_t size, size_t alignment)
{
	size_t at = (tables->size + alignment - 1) & ~(alignment - 1);
	uint8_t *table = tables->bytes + at;

	if (at > sizeof(tables->bytes) || size > sizeof(tables->bytes) - at)
		return NULL;
	tables->size = at + size;
	if (signature == NULL)
		return table;
	memcpy(table, signature, 4);
	put_le32(table + 4, (uint32_t)size);
	table[8] = (uint8_t)revision;
	memcpy(table + 10, "PVBUS PVHOST  ", 14); /* OEM, its name for it */
	put_le32(table + 24, 1);
	memcpy(table + 28, "PVBS", 4); /* who made it */
	put_le32(table + 32, 1);
	return table;
}

static void
sum_up(const uint8_t *bytes, size_t size, uint8_t *to)
{
	uint8_t sum = 0;

	*to = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	*to = (uint8_t)-sum;
}

static void
done(uint8_t *table)
{
	sum_up(table, get_le32(table + 4), table + 9);
}

static uint32_t
address(const struct acpi_tables *tables, const uint8_t *table)
{
	return (uint32_t)(tables->base + (uint64_t)(table - tables->bytes));
}

static void
put_le64(uint8_t *to, uint64_t value)
{
	put_le32(to, (uint32_t)value);
	put_le32(to + 4, (uint32_t)(value >> 32));
}

/* 5.2.10; has a signature, but no header. */
static uint8_t *
facs(struct acpi_tables *tables)
{
	uint8_t *table = new_table(tables, NULL, 0, FACS_SIZE, 64);

	if (table == NULL)
		return NULL;
	memcpy(table, "FACS", 4);
	put_le32(table + 4, FACS_SIZE);
	table[32] = 2; /* version */
	return table;
}

static uint8_t *
dsdt(const struct machine *machine, struct acpi_tables *tables)
{
	struct aml aml = { .size = 0 };
	uint8_t *table;

	acpi_devices(machine, &aml);
	if (aml.broken || aml.depth != 0)
		return NULL;
	table = new_table(tables, "DSDT", 2, HEADER + aml.size, 16);
	if (table == NULL)
		return NULL;
	memcpy(table + HEADER, aml.bytes, aml.size);
	done(table);
	return table;
}

/* 5.2.3.2: a generic address, of ports. */
static void
ports(uint8_t *to, unsigned width, uint16_t port)
{
	to[0] = 1;
	to[1] = (uint8_t)(8 * width);
	to[3] = (uint8_t)(width == 4 ? 3 : width); /* access size */
	put_le64(to + 4, port);
}

/* 5.2.9.  Offsets are those of its table 5.9. */
static void
fadt_registers(uint8_t *table)
{
	put_le16(table + 46, POWER_SCI);
	put_le32(table + 56, POWER_EVENT);
	put_le32(table + 64, POWER_CONTROL);
	put_le32(table + 76, POWER_TIMER);
	table[88] = POWER_CONTROL - POWER_EVENT;
	table[89] = 2;
	table[91] = 4;
	ports(table + 116, 1, POWER_RESET);
	table[128] = POWER_RESET_VALUE;
	ports(table + 148, 4, POWER_EVENT);
	table[151] = 2; /* by words */
	ports(table + 172, 2, POWER_CONTROL);
	ports(table + 208, 4, POWER_TIMER);
}

#define BOOT_LEGACY 0x01u
#define BOOT_NO_VGA 0x04u
#define FADT_WBINVD 0x001u
#define FADT_C1 0x004u
#define FADT_NO_SLEEP_BUTTON 0x020u
#define FADT_NO_RTC_WAKE 0x040u
#define FADT_TIMER_32 0x100u
#define FADT_RESET 0x400u

/*
 * The power button is a fixed one, as no flag says otherwise.  That no flag
 * tells of an 8042 keeps Linux from looking for a keyboard.
 */
static uint8_t *
fadt(struct acpi_tables *tables, const uint8_t *system, const uint8_t *code)
{
	uint8_t *table = new_table(tables, "FACP", 6, FADT_SIZE, 16);

	if (table == NULL)
		return NULL;
	put_le32(table + 36, address(tables, system));
	put_le32(table + 40, address(tables, code));
	put_le64(table + 140, address(tables, code));
	fadt_registers(table);
	put_le16(table + 96, 0xfff); /* no C2, and no C3 */
	put_le16(table + 98, 0xfff);
	table[108] = RTC_CENTURY;
	put_le16(table + 109, BOOT_LEGACY | BOOT_NO_VGA);
	put_le32(table + 112,
	    FADT_WBINVD | FADT_C1 | FADT_NO_SLEEP_BUTTON | FADT_NO_RTC_WAKE |
		FADT_TIMER_32 | FADT_RESET);
	table[131] = 5; /* ACPI 6.5 */
	memcpy(table + 268, "pvbus", 5);
	done(table);
	return table;
}

/* 5.2.12.  ISA's line 0 is the I/O APIC's 0 in KVM, not 2, so that only the SCI
 * needs words: it stays until it is answered. */
static uint8_t *
madt(const struct machine *machine, struct acpi_tables *tables)
{
	static const uint8_t sci[10] = { 2, 10, 0, POWER_SCI, POWER_SCI, 0, 0,
		0, 0x0d, 0 };
	static const uint8_t nmi[6] = { 4, 6, 0xff, 0, 0, 1 };
	size_t size = HEADER + 8 + 8 * (size_t)machine->vcpu_count + 12 +
	    sizeof(sci) + sizeof(nmi);
	uint8_t *table = new_table(tables, "APIC", 5, size, 16), *to;

	if (table == NULL)
		return NULL;
	to = table + HEADER;
	put_le32(to, LOCAL_APIC);
	put_le32(to + 4, 1); /* there are 8259s, too */
	to += 8;
	for (unsigned i = 0; i < machine->vcpu_count; i++, to += 8) {
		to[0] = 0;
		to[1] = 8;
		to[2] = (uint8_t)i;
		to[3] = (uint8_t)i;
		put_le32(to + 4, 1); /* enabled */
	}
	to[0] = 1;
	to[1] = 12;
	to[2] = 0; /* KVM's has this number */
	put_le32(to + 4, IO_APIC);
	to += 12;
	memcpy(to, sci, sizeof(sci));
	memcpy(to + sizeof(sci), nmi, sizeof(nmi));
	done(table);
	return table;
}

/* 5.2.7, 5.2.8 */
static uint8_t *
root(struct acpi_tables *tables, const char *signature, unsigned width,
    uint8_t *const *list, unsigned count)
{
	uint8_t *table = new_table(tables, signature, 1,
	    HEADER + (size_t)count * width, 16);

	if (table == NULL)
		return NULL;
	for (unsigned i = 0; i < count; i++)
		put_le32(table + HEADER + (size_t)i * width,
		    address(tables, list[i]));
	done(table);
	return table;
}

/* 5.2.5.3 */
static void
rsdp_write(uint8_t *rsdp, uint32_t rsdt, uint32_t xsdt)
{
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "PVBUS ", 6);
	rsdp[15] = 2;
	put_le32(rsdp + 16, rsdt);
	put_le32(rsdp + 20, RSDP_SIZE);
	put_le64(rsdp + 24, xsdt);
	sum_up(rsdp, 20, rsdp + 8);
	sum_up(rsdp, RSDP_SIZE, rsdp + 32);
}

bool
acpi_build(const struct machine *machine, struct acpi_tables *tables)
{
	uint8_t *rsdp = new_table(tables, NULL, 0, RSDP_SIZE, 16);
	uint8_t *system = facs(tables), *code = dsdt(machine, tables);
	uint8_t *list[2], *rsdt, *xsdt;

	if (rsdp == NULL || system == NULL || code == NULL)
		return false;
	list[0] = fadt(tables, system, code);
	list[1] = madt(machine, tables);
	if (list[0] == NULL || list[1] == NULL)
		return false;
	rsdt = root(tables, "RSDT", 4, list, 2);
	xsdt = root(tables, "XSDT", 8, list, 2);
	if (rsdt == NULL || xsdt == NULL)
		return false;
	rsdp_write(rsdp, address(tables, rsdt), address(tables, xsdt));
	return true;
}
