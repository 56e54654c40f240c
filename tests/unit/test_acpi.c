/* SPDX-License-Identifier: ISC */
/* ACPI tables as firmware writes them, and as it should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/bare/acpi.h"
#include "wire/endian.h"

#define START 0xe0000u
#define SIZE 0x20000u
#define RSDP 0x100u
#define RSDT 0x200u
#define XSDT 0x300u
#define MADT 0x400u
#define FADT 0x800u
#define DSDT 0xa00u

static uint8_t *bytes;
static struct boot_memory memory;
static struct boot_info info;
static struct acpi acpi;

static void
put64(uint32_t at, uint64_t value)
{
	put_le32(bytes + at, (uint32_t)value);
	put_le32(bytes + at + 4, (uint32_t)(value >> 32));
}

static void
table(uint32_t at, const char *signature, uint32_t size)
{
	memcpy(bytes + at, signature, 4);
	put_le32(bytes + at + 4, size);
}

static void
sum(uint32_t at, uint32_t size, uint32_t where)
{
	uint8_t total = 0;

	bytes[where] = 0;
	for (uint32_t i = 0; i < size; i++)
		total = (uint8_t)(total + bytes[at + i]);
	bytes[where] = (uint8_t)-total;
}

static const uint8_t aml[] = { 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5,
	0x0a, 6, 0, 0 };

static int
setup(void **state)
{
	(void)state;
	bytes = calloc(1, SIZE);
	if (bytes == NULL)
		return -1;
	memory = (struct boot_memory){ bytes, START, SIZE };
	memset(&info, 0, sizeof(info));
	memcpy(bytes + RSDP, "RSD PTR ", 8);
	bytes[RSDP + 15] = 2;
	put_le32(bytes + RSDP + 16, START + RSDT);
	put_le32(bytes + RSDP + 20, 36);
	put64(RSDP + 24, START + XSDT);
	sum(RSDP, 20, RSDP + 8);
	table(RSDT, "RSDT", 36 + 8);
	put_le32(bytes + RSDT + 36, START + MADT);
	put_le32(bytes + RSDT + 40, START + FADT);
	table(XSDT, "XSDT", 36 + 16);
	put64(XSDT + 36, START + FADT);
	put64(XSDT + 44, START + MADT);
	/* CPUs 0 and 4, a disabled one, an I/O APIC, and x2APIC 300 */
	table(MADT, "APIC", 44 + 8 + 8 + 8 + 12 + 16);
	memcpy(bytes + MADT + 44, "\0\10\0\0\1\0\0\0", 8);
	memcpy(bytes + MADT + 52, "\0\10\1\4\1\0\0\0", 8);
	memcpy(bytes + MADT + 60, "\0\10\2\5\0\0\0\0", 8);
	memcpy(bytes + MADT + 68, "\1\14", 2);
	memcpy(bytes + MADT + 80, "\11\20\0\0\54\1\0\0\1\0\0\0\3\0\0\0", 16);
	table(FADT, "FACP", 276);
	put_le32(bytes + FADT + 40, START + DSDT);
	put_le32(bytes + FADT + 48, 0xb2);
	bytes[FADT + 52] = 0xf1;
	put_le32(bytes + FADT + 64, 0x604);
	put_le32(bytes + FADT + 76, 0x608);
	put_le32(bytes + FADT + 112, 1u << 10);
	bytes[FADT + 116] = 1;
	put64(FADT + 120, 0xcf9);
	bytes[FADT + 128] = 15;
	table(DSDT, "DSDT", 36 + 10 + sizeof(aml));
	memcpy(bytes + DSDT + 46, aml, sizeof(aml));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

static void
test_all(void **state)
{
	(void)state;
	acpi_parse(&memory, &info, &acpi);
	assert_true(acpi.found);
	assert_int_equal(acpi.cpus, 3);
	assert_int_equal(acpi.cpu[0], 0);
	assert_int_equal(acpi.cpu[1], 4);
	assert_int_equal(acpi.cpu[2], 300);
	assert_int_equal(acpi.pm1a.address, 0x604);
	assert_int_equal(acpi.pm_timer, 0x608);
	assert_int_equal(acpi.smi_command, 0xb2);
	assert_int_equal(acpi.enable, 0xf1);
	assert_int_equal(acpi.reset.address, 0xcf9);
	assert_false(acpi.reset.memory);
	assert_int_equal(acpi.reset_value, 15);
	assert_true(acpi.has_s5);
	assert_int_equal(acpi.s5a, 5);
	assert_int_equal(acpi.s5b, 6);
}

static void
test_found_by_its_place(void **state)
{
	(void)state;
	info.rsdp = START + RSDP;
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, 3);
	/* a wrong address, and then the search */
	info.rsdp = UINT64_MAX - 4;
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, 3);
	/* a copy, of the old form */
	memcpy(info.rsdp_copy, bytes + RSDP, 20);
	info.rsdp_copy_size = 20;
	info.rsdp_copy[15] = 0;
	info.rsdp_copy[8] = (uint8_t)(info.rsdp_copy[8] + 2);
	memset(bytes + RSDP, 0, 36);
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, 3);
}

static void
test_found_in_the_map(void **state)
{
	(void)state;
	memmove(bytes + RSDP + 8, bytes + RSDP, 36); /* where no BIOS puts it */
	memset(bytes + RSDP, 0, 8);
	acpi_parse(&memory, &info, &acpi);
	assert_false(acpi.found);
	memory.start += 0x1000000;
	memmove(bytes + RSDP + 16, bytes + RSDP + 8, 36);
	put_le32(bytes + RSDP + 16 + 16, START + 0x1000000 + RSDT);
	bytes[RSDP + 16 + 15] = 0;
	sum(RSDP + 16, 20, RSDP + 16 + 8);
	boot_add_range(&info, START + 0x1000000, SIZE, BOOT_ACPI);
	acpi_parse(&memory, &info, &acpi);
	assert_true(acpi.found);
}

static void
test_nothing(void **state)
{
	(void)state;
	bytes[RSDP + 8]++;
	acpi_parse(&memory, &info, &acpi);
	assert_false(acpi.found);
	assert_int_equal(acpi.cpus, 0);
}

static void
test_tables_that_lie(void **state)
{
	(void)state;
	put_le32(bytes + XSDT + 4, UINT32_MAX); /* then the other one */
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, 3);
	put_le32(bytes + RSDT + 4, 35);
	acpi_parse(&memory, &info, &acpi);
	assert_false(acpi.found);
	put_le32(bytes + RSDT + 4, SIZE - RSDT); /* a list of nonsense */
	acpi_parse(&memory, &info, &acpi);
	put_le32(bytes + RSDT + 4, 44);
	put_le32(bytes + MADT + 4, 0);
	put_le32(bytes + FADT + 4, SIZE);
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, 0);
	assert_int_equal(acpi.pm_timer, 0);
}

static void
test_cpus_that_lie(void **state)
{
	(void)state;
	bytes[MADT + 53] = 0; /* an entry without a length */
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, 1);
	bytes[MADT + 53] = 255;
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, 1);
	/* more than there is room for, and one again and again */
	table(MADT + 0x10000, "APIC", 44 + 600 * 8);
	put64(XSDT + 44, START + MADT + 0x10000);
	for (uint32_t i = 0; i < 600; i++)
		memcpy(bytes + MADT + 0x10000 + 44 + i * 8,
		    (const uint8_t[]){ 0, 8, 0, (uint8_t)(i / 2), 1, 0, 0, 0 },
		    8);
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.cpus, ACPI_CPUS);
}

static void
test_hardware_reduced(void **state)
{
	(void)state;
	put_le32(bytes + FADT + 112, 1u << 20);
	bytes[FADT + 244] = 0;
	put64(FADT + 248, 0xfea00000);
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.pm1a.address, 0);
	assert_true(acpi.sleep.memory);
	assert_int_equal(acpi.sleep.address, 0xfea00000);
	assert_int_equal(acpi.reset.address, 0);
	/* I/O space has 16 bits; other spaces are not for us */
	bytes[FADT + 244] = 1;
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.sleep.address, 0);
	bytes[FADT + 244] = 2;
	acpi_parse(&memory, &info, &acpi);
	assert_int_equal(acpi.sleep.address, 0);
}

static void
test_s5_cut(void **state)
{
	(void)state;
	for (uint32_t size = 36; size < 36 + 10 + 11; size++) {
		put_le32(bytes + DSDT + 4, size);
		acpi_parse(&memory, &info, &acpi);
		assert_false(acpi.has_s5);
	}
	put_le32(bytes + DSDT + 4, 36 + 10 + sizeof(aml));
	bytes[DSDT + 46 + 8] = 0x0b; /* a word is no small integer */
	acpi_parse(&memory, &info, &acpi);
	assert_false(acpi.has_s5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_found_by_its_place, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_found_in_the_map, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tables_that_lie, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_cpus_that_lie, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_hardware_reduced, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_s5_cut, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
