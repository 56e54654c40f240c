/* SPDX-License-Identifier: ISC */
/* What pvhost's firmware leaves in memory: sums, lengths, what pvguest finds
 * there, and what does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "port/bare/acpi.h"
#include "programs/pvhost/aml.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/pci.h"
#include "programs/pvhost/power.h"
#include "tests/support/pvhost_parts.h"
#include "wire/endian.h"

#define ROM_SIZE 0x20000u
#define MEMORY (2u << 20)
#define HEADER 36u

static void *pci;
static const uint8_t *rom;
static struct face_kind kind;
static struct face face;

static void
show(enum host_face which)
{
	kind.face = which;
	face.kind = &kind;
	machine.faces[0] = &face;
	machine.face_count = 1;
}

static int
setup(void **state)
{
	(void)state;
	machine_forget();
	machine.vcpu_count = 3;
	pci = part_pci.make(&machine);
	if (pci == NULL || !memory_make(&machine.memory, -1, MEMORY))
		return -1;
	rom = memory_at(&machine.memory, MEMORY_TABLES, ROM_SIZE);
	return rom == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	part_pci.free(pci);
	memory_free(&machine.memory);
	return 0;
}

static const uint8_t *
at(uint64_t address, size_t size)
{
	const uint8_t *bytes = memory_at(&machine.memory, address, size);

	assert_non_null(bytes);
	assert_true(address >= MEMORY_TABLES);
	assert_true(address + size <= MEMORY_SMBIOS);
	return bytes;
}

static void
sums_up(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	assert_int_equal(sum, 0);
}

/* A table by its name, from the XSDT. */
static const uint8_t *
table(const char *signature)
{
	const uint8_t *root = at(get_le32(rom + 24), HEADER);
	uint32_t size = get_le32(root + 4);

	assert_memory_equal(root, "XSDT", 4);
	for (uint32_t i = HEADER; i < size; i += 8) {
		const uint8_t *it = at(get_le32(root + i), HEADER);

		assert_int_equal(get_le32(root + i + 4), 0);
		if (memcmp(it, signature, 4) == 0)
			return it;
	}
	fail_msg("no %s", signature);
	return NULL;
}

static const uint8_t *
dsdt(void)
{
	return at(get_le32(table("FACP") + 40), HEADER);
}

static bool
has(const uint8_t *it, const char *text, size_t size)
{
	return memmem(it, get_le32(it + 4), text, size) != NULL;
}

static void
test_rsdp(void **state)
{
	(void)state;
	assert_int_equal(firmware_write(&machine), MEMORY_TABLES);
	assert_memory_equal(rom, "RSD PTR ", 8);
	sums_up(rom, 20);
	sums_up(rom, HEADER);
	assert_int_equal(rom[15], 2);
	assert_int_equal(get_le32(rom + 20), HEADER);
}

static void
test_tables_sum_up(void **state)
{
	const uint8_t *roots[2], *it;

	(void)state;
	assert_int_equal(firmware_write(&machine), MEMORY_TABLES);
	roots[0] = at(get_le32(rom + 16), HEADER);
	roots[1] = at(get_le32(rom + 24), HEADER);
	assert_memory_equal(roots[0], "RSDT", 4);
	assert_int_equal(get_le32(roots[0] + 4), HEADER + 2 * 4);
	assert_int_equal(get_le32(roots[1] + 4), HEADER + 2 * 8);
	for (unsigned i = 0; i < 2; i++) {
		sums_up(roots[i], get_le32(roots[i] + 4));
		/* both name the same */
		assert_int_equal(get_le32(roots[0] + HEADER + 4 * i),
		    get_le32(roots[1] + HEADER + 8 * i));
		it = at(get_le32(roots[0] + HEADER + 4 * i), HEADER);
		sums_up(it, get_le32(it + 4));
	}
	it = dsdt();
	assert_memory_equal(it, "DSDT", 4);
	sums_up(it, get_le32(it + 4));
}

static void
test_facs_is_aligned(void **state)
{
	uint32_t where;

	(void)state;
	firmware_write(&machine);
	where = get_le32(table("FACP") + 36);
	assert_int_equal(where % 64, 0);
	assert_memory_equal(at(where, 64), "FACS", 4);
	assert_int_equal(get_le32(at(where, 64) + 4), 64);
}

static void
test_madt(void **state)
{
	const uint8_t *it;

	(void)state;
	firmware_write(&machine);
	it = table("APIC");
	assert_int_equal(get_le32(it + HEADER), 0xfee00000);
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *cpu = it + HEADER + 8 + 8 * (size_t)i;

		assert_int_equal(cpu[0], 0);
		assert_int_equal(cpu[3], i);
		assert_int_equal(get_le32(cpu + 4), 1);
	}
	it += HEADER + 8 + 3 * 8;
	assert_int_equal(it[0], 1);
	assert_int_equal(get_le32(it + 4), 0xfec00000);
	assert_int_equal(get_le32(it + 8), 0);
	/* the SCI: ISA's 9, active high, by level */
	assert_int_equal(it[12], 2);
	assert_int_equal(it[15], POWER_SCI);
	assert_int_equal(get_le32(it + 16), POWER_SCI);
	assert_int_equal(get_le16(it + 20), 0xd);
}

static void
test_pvguest_reads_them(void **state)
{
	struct boot_memory memory = { rom, MEMORY_TABLES, ROM_SIZE };
	struct boot_info info = { 0 };
	struct acpi acpi;

	(void)state;
	firmware_write(&machine);
	acpi_parse(&memory, &info, &acpi);
	assert_true(acpi.found);
	assert_int_equal(acpi.cpus, 3);
	assert_int_equal(acpi.cpu[2], 2);
	assert_int_equal(acpi.pm1a.address, POWER_CONTROL);
	assert_int_equal(acpi.pm1b.address, 0);
	assert_int_equal(acpi.pm_timer, POWER_TIMER);
	assert_int_equal(acpi.smi_command, 0);
	assert_int_equal(acpi.reset.address, POWER_RESET);
	assert_int_equal(acpi.reset_value, POWER_RESET_VALUE);
	assert_true(acpi.has_s5);
	assert_int_equal(acpi.s5a, POWER_S5);
}

static void
test_vmbus_with_hyperv_only(void **state)
{
	(void)state;
	show(HOST_XEN);
	firmware_write(&machine);
	assert_false(has(dsdt(), "VMBS", 4));
	show(HOST_HYPERV);
	firmware_write(&machine);
	assert_true(has(dsdt(), "VMBS\x08_HID\x0dVMBus", 16));
}

/* Where Linux's qemu_fw_cfg looks for it. */
static void
test_fw_cfg_where_it_is(void **state)
{
	struct port_range ports = { .first = 0x510, .last = 0x51b };

	(void)state;
	firmware_write(&machine);
	assert_false(has(dsdt(), "QEMU0002", 8));
	ports_add(&machine.ports, &ports);
	firmware_write(&machine);
	ports_remove(&machine.ports, &ports);
	assert_true(has(dsdt(), "FWCF\x08_HID\x0dQEMU0002", 18));
	assert_true(has(dsdt(), "\x47\x01\x10\x05\x10\x05\x01\x0c", 8));
}

static void
test_interrupts_of_pci_are_routed(void **state)
{
	static struct pci_device quiet, loud = { .interrupt = true };

	(void)state;
	assert_true(pci_add(machine.pci, &quiet));
	assert_true(pci_add(machine.pci, &loud));
	firmware_write(&machine);
	assert_int_equal(loud.slot, 2);
	assert_true(has(dsdt(), "\x04\x0c\xff\xff\x02\0\0\0\x0a\x11", 10));
	assert_false(has(dsdt(), "\xff\xff\x01\0\0\0", 6));
}

/* ---- Byte code -------------------------------------------------------- */

static void
test_aml_lengths(void **state)
{
	static const uint8_t wanted[] = { 0x10, 0x8e, 0, 0, '_', 'S', 'B', '_',
		0x08, 'X', 'Y', 'Z', '_', 0x0a, 2 };
	struct aml aml = { .size = 0 };

	(void)state;
	aml_scope(&aml, "_SB_");
	aml_name(&aml, "XYZ_");
	aml_integer(&aml, 2);
	aml_close(&aml);
	assert_false(aml.broken);
	assert_int_equal(aml.depth, 0);
	assert_int_equal(aml.size, sizeof(wanted));
	assert_memory_equal(aml.bytes, wanted, sizeof(wanted));
}

static void
test_aml_numbers(void **state)
{
	static const uint8_t wanted[] = { 0, 1, 0x0a, 2, 0x0a, 255, 0x0b, 0, 1,
		0x0c, 0, 0, 1, 0 };
	struct aml aml = { .size = 0 };

	(void)state;
	aml_integer(&aml, 0);
	aml_integer(&aml, 1);
	aml_integer(&aml, 2);
	aml_integer(&aml, 255);
	aml_integer(&aml, 256);
	aml_integer(&aml, 0x10000);
	assert_int_equal(aml.size, sizeof(wanted));
	assert_memory_equal(aml.bytes, wanted, sizeof(wanted));
}

/* As every DSDT has them. */
static void
test_aml_eisa_id(void **state)
{
	struct aml aml = { .size = 0 };

	(void)state;
	aml_eisa_id(&aml, "PNP0A03");
	assert_memory_equal(aml.bytes, "\x0c\x41\xd0\x0a\x03", 5);
}

static void
test_aml_resources(void **state)
{
	static const uint8_t wanted[] = { 0x11, 0x83, 1, 0, 0x0b, 13, 0, 0x47,
		1, 0xf8, 3, 0xf8, 3, 1, 8, 0x22, 0x10, 0, 0x79, 0 };
	struct aml aml = { .size = 0 };

	(void)state;
	aml_resources(&aml);
	aml_ports(&aml, 0x3f8, 8);
	aml_irq(&aml, 4);
	aml_resources_close(&aml);
	assert_int_equal(aml.size, sizeof(wanted));
	assert_memory_equal(aml.bytes, wanted, sizeof(wanted));
}

static void
test_aml_breaks_at_its_bounds(void **state)
{
	struct aml aml = { .size = 0 };

	(void)state;
	for (unsigned i = 0; i < AML_SIZE; i++)
		aml_integer(&aml, 1);
	assert_false(aml.broken);
	aml_integer(&aml, 1);
	assert_true(aml.broken);
	assert_int_equal(aml.size, AML_SIZE);
	aml = (struct aml){ .size = 0 };
	for (unsigned i = 0; i <= AML_DEPTH; i++)
		aml_package(&aml, 1);
	assert_true(aml.broken);
	aml = (struct aml){ .size = 0 };
	aml_close(&aml);
	assert_true(aml.broken);
	aml = (struct aml){ .size = 0 };
	aml_name(&aml, "LONGER");
	assert_true(aml.broken);
	aml = (struct aml){ .size = 0 };
	aml_eisa_id(&aml, "PNP");
	assert_true(aml.broken);
}

/* ---- SMBIOS ----------------------------------------------------------- */

/* A structure of a type, and its size with its texts. */
static const uint8_t *
structure(unsigned type)
{
	const uint8_t *anchor = rom + (MEMORY_SMBIOS - MEMORY_TABLES);
	uint32_t size = get_le32(anchor + 12), i = 0;
	const uint8_t *all = rom + (get_le32(anchor + 16) - MEMORY_TABLES);

	while (i + 4 <= size && all[i] != type) {
		i += all[i + 1];
		while (all[i] != 0 || all[i + 1] != 0)
			i++;
		i += 2;
	}
	return i + 4 <= size ? all + i : NULL;
}

static const char *
text(unsigned type, unsigned field)
{
	const uint8_t *it = structure(type);
	const char *here;

	assert_non_null(it);
	here = (const char *)it + it[1];
	if (it[field] == 0)
		return "";
	for (unsigned i = 1; i < it[field]; i++)
		here += strlen(here) + 1;
	return here;
}

static void
test_smbios_anchor(void **state)
{
	const uint8_t *anchor = rom + (MEMORY_SMBIOS - MEMORY_TABLES);

	(void)state;
	firmware_write(&machine);
	assert_memory_equal(anchor, "_SM3_", 5);
	assert_int_equal(anchor[6], 24);
	sums_up(anchor, 24);
	assert_non_null(structure(0));
	assert_non_null(structure(1));
	assert_null(structure(11));
	assert_non_null(structure(127));
	assert_string_equal(text(1, 4), "pvbus");
}

static void
test_smbios_strings(void **state)
{
	(void)state;
	machine.options.oem[0] = "one=1";
	machine.options.oem[1] = "two";
	machine.options.oem_count = 2;
	firmware_write(&machine);
	assert_int_equal(structure(11)[4], 2);
	assert_string_equal((const char *)structure(11) + 5, "one=1");
	assert_string_equal((const char *)structure(11) + 11, "two");
}

/* Linux takes a machine for VMware's by product and serial number where CPUID
 * says nothing, and open-vm-tools' scripts by the manufacturer. */
static void
test_smbios_of_vmware(void **state)
{
	(void)state;
	show(HOST_VMWARE);
	firmware_write(&machine);
	assert_string_equal(text(1, 4), "VMware, Inc.");
	assert_string_equal(text(1, 5), "VMware Virtual Platform");
	assert_memory_equal(text(1, 7), "VMware-56 4d ", 13);
	/* the serial number's first bytes, turned round */
	assert_memory_equal(structure(1) + 8, "\x76\x70\x4d\x56", 4);
}

static void
test_smbios_has_bounds(void **state)
{
	size_t size = 0x10000;
	char *big = malloc(size);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', size - 1);
	big[size - 1] = '\0';
	machine.options.oem[0] = big;
	machine.options.oem_count = 1;
	assert_int_equal(firmware_write(&machine), 0);
	assert_non_null(strstr(said, "OEM strings"));
	big[0x8000] = '\0';
	assert_int_equal(firmware_write(&machine), MEMORY_TABLES);
	machine.options.oem[0] = "";
	assert_int_equal(firmware_write(&machine), 0);
	assert_non_null(strstr(said, "empty"));
	free(big);
}

static void
test_needs_memory(void **state)
{
	(void)state;
	memory_free(&machine.memory);
	assert_true(memory_make(&machine.memory, -1, 0x80000));
	assert_int_equal(firmware_write(&machine), 0);
	assert_non_null(strstr(said, "expected memory"));
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rsdp),
		TEST(test_tables_sum_up),
		TEST(test_facs_is_aligned),
		TEST(test_madt),
		TEST(test_pvguest_reads_them),
		TEST(test_vmbus_with_hyperv_only),
		TEST(test_fw_cfg_where_it_is),
		TEST(test_interrupts_of_pci_are_routed),
		TEST(test_aml_lengths),
		TEST(test_aml_numbers),
		TEST(test_aml_eisa_id),
		TEST(test_aml_resources),
		TEST(test_aml_breaks_at_its_bounds),
		TEST(test_smbios_anchor),
		TEST(test_smbios_strings),
		TEST(test_smbios_of_vmware),
		TEST(test_smbios_has_bounds),
		TEST(test_needs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
