/* SPDX-License-Identifier: ISC */
/* What starters tell, told well and told badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "port/bare/boot_info.h"
#include "wire/endian.h"
#include "wire/xen/pvh.h"

/* All memory that there is. */
#define START 0x10000u
#define SIZE 0x4000u
static uint8_t *bytes;
static struct boot_memory memory;
static struct boot_info info;

static int
setup(void **state)
{
	(void)state;
	/* of its own, so that a sanitizer sees each byte too many */
	bytes = calloc(1, SIZE);
	memory = (struct boot_memory){ bytes, START, SIZE };
	memset(&info, 0, sizeof(info));
	return bytes == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

static void
put32(uint32_t at, uint32_t value)
{
	put_le32(bytes + at, value);
}

static void
put64(uint32_t at, uint64_t value)
{
	put_le32(bytes + at, (uint32_t)value);
	put_le32(bytes + at + 4, (uint32_t)(value >> 32));
}

static void
put_text(uint32_t at, const char *text)
{
	memcpy(bytes + at, text, strlen(text) + 1);
}

static void
check_range(unsigned index, uint64_t start, uint64_t size, uint32_t type)
{
	assert_true(index < info.ranges);
	assert_int_equal(info.range[index].start, start);
	assert_int_equal(info.range[index].size, size);
	assert_int_equal(info.range[index].type, type);
}

/* ---- Memory ---- */

static void
test_window(void **state)
{
	(void)state;
	assert_null(boot_at(&memory, 0, 1));
	assert_null(boot_at(&memory, START - 1, 1));
	assert_ptr_equal(boot_at(&memory, START, SIZE), bytes);
	assert_null(boot_at(&memory, START, SIZE + 1));
	assert_null(boot_at(&memory, START + SIZE, 1));
	assert_null(boot_at(&memory, START + 1, UINT64_MAX));
	assert_null(boot_at(&memory, UINT64_MAX, 2));
}

/* ---- PVH ---- */

#define MODULES 0x100u
#define MAP 0x200u
#define TEXT 0x400u

static void
make_pvh(void)
{
	struct xen_pvh_start_info start = { .magic = XEN_PVH_MAGIC,
		.version = 1,
		.nr_modules = 1,
		.modules = START + MODULES,
		.cmdline = START + TEXT,
		.rsdp = 0xfc000,
		.memmap = START + MAP,
		.nr_memmap = 2 };
	struct xen_pvh_module module = { .address = 0x800000, .size = 4097 };
	struct xen_pvh_memory map[] = {
		{ 0, 0xa0000, XEN_PVH_MEMORY_RAM, 0 },
		{ 0x100000, 0x7f00000, XEN_PVH_MEMORY_RAM, 0 },
	};

	memcpy(bytes, &start, sizeof(start));
	memcpy(bytes + MODULES, &module, sizeof(module));
	memcpy(bytes + MAP, map, sizeof(map));
	put_text(TEXT, "run=\"dmesg\"");
}

static const char *
parse(enum boot_protocol protocol)
{
	return boot_parse(&memory, protocol, START, &info);
}

static void
test_pvh(void **state)
{
	(void)state;
	make_pvh();
	assert_null(parse(BOOT_PVH));
	assert_string_equal(info.command_line, "run=\"dmesg\"");
	assert_int_equal(info.rsdp, 0xfc000);
	assert_int_equal(info.ranges, 2);
	check_range(1, 0x100000, 0x7f00000, BOOT_RAM);
	assert_int_equal(info.modules, 1);
	assert_int_equal(info.dropped, 0);
}

static void
test_pvh_wrong(void **state)
{
	(void)state;
	make_pvh();
	put32(0, XEN_PVH_MAGIC + 1);
	assert_non_null(parse(BOOT_PVH));
	make_pvh();
	assert_non_null(
	    boot_parse(&memory, BOOT_PVH, START + SIZE - 39, &info));
	make_pvh();
	put32(4, 0); /* version 0 has no map */
	assert_non_null(parse(BOOT_PVH));
	make_pvh();
	put64(40, START + SIZE - 30); /* the map's second entry is outside */
	put64(SIZE - 30 + 8, 4096);
	assert_non_null(parse(BOOT_PVH));
	assert_int_equal(info.ranges, 1);
	make_pvh();
	put64(40, UINT64_MAX - 10);
	assert_non_null(parse(BOOT_PVH));
	assert_int_equal(info.ranges, 0);
}

static void
test_pvh_counts(void **state)
{
	(void)state;
	make_pvh();
	put32(12, UINT32_MAX); /* modules */
	put32(48, UINT32_MAX); /* map */
	parse(BOOT_PVH);
	assert_true(info.ranges <= BOOT_RANGES);
	assert_true(info.keeps <= BOOT_MODULES);
	assert_true(info.dropped > 0);
}

static void
test_command_line(void **state)
{
	(void)state;
	make_pvh();
	put64(24, 0);
	assert_null(parse(BOOT_PVH));
	assert_string_equal(info.command_line, "");
	/* no end before the end of memory */
	make_pvh();
	put64(24, START + SIZE - 3);
	memcpy(bytes + SIZE - 3, "abc", 3);
	assert_null(parse(BOOT_PVH));
	assert_string_equal(info.command_line, "abc");
	/* longer than the room for it */
	make_pvh();
	memset(bytes + TEXT, 'x', 3000);
	assert_null(parse(BOOT_PVH));
	assert_int_equal(strlen(info.command_line), BOOT_COMMAND_LINE - 1);
	assert_true(info.command_line_cut);
}

/* ---- Multiboot 1 ---- */

static void
make_multiboot1(void)
{
	put32(0, 0x01 | 0x04 | 0x08 | 0x40);
	put32(8, 127 * 1024); /* mem_upper */
	put32(16, START + TEXT);
	put32(20, 1);
	put32(24, START + MODULES);
	put32(44, 24 + 28);
	put32(48, START + MAP);
	put_text(TEXT, "kernel run=x");
	put32(MODULES, 0x800000);
	put32(MODULES + 4, 0x801000);
	put32(MAP, 20);
	put64(MAP + 4, 0x100000);
	put64(MAP + 12, 0x7f00000);
	put32(MAP + 20, 1);
	put32(MAP + 24, 24); /* larger ones are to be understood */
	put64(MAP + 28, 0xfffc0000);
	put64(MAP + 36, 0x40000);
	put32(MAP + 44, 2);
}

static void
test_multiboot1(void **state)
{
	(void)state;
	make_multiboot1();
	assert_null(parse(BOOT_MULTIBOOT1));
	assert_string_equal(info.command_line, "kernel run=x");
	assert_int_equal(info.ranges, 2);
	check_range(0, 0x100000, 0x7f00000, BOOT_RAM);
	check_range(1, 0xfffc0000, 0x40000, BOOT_RESERVED);
	assert_int_equal(info.modules, 1);
	/* without a map */
	memset(&info, 0, sizeof(info));
	put32(0, 0x01);
	assert_null(parse(BOOT_MULTIBOOT1));
	assert_int_equal(info.ranges, 1);
	check_range(0, 0x100000, 127 << 20, BOOT_RAM);
}

static void
test_multiboot1_wrong(void **state)
{
	(void)state;
	make_multiboot1();
	put32(MAP, 0);
	assert_non_null(parse(BOOT_MULTIBOOT1));
	make_multiboot1();
	put32(MAP + 24, UINT32_MAX - 3); /* plus 4 would be 0 */
	assert_non_null(parse(BOOT_MULTIBOOT1));
	assert_int_equal(info.ranges, 1);
	make_multiboot1();
	put32(48, START + SIZE - 20);
	assert_non_null(parse(BOOT_MULTIBOOT1));
	make_multiboot1();
	put32(44, UINT32_MAX); /* all of memory as a map */
	parse(BOOT_MULTIBOOT1);
	assert_true(info.ranges <= BOOT_RANGES);
	make_multiboot1();
	put32(0, 0);
	assert_non_null(parse(BOOT_MULTIBOOT1));
	make_multiboot1();
	put32(MODULES + 4, 1); /* ends before it begins */
	put32(20, UINT32_MAX);
	assert_null(parse(BOOT_MULTIBOOT1));
	assert_true(info.keeps <= BOOT_MODULES);
	assert_non_null(
	    boot_parse(&memory, BOOT_MULTIBOOT1, START + SIZE - 10, &info));
}

/* ---- Multiboot 2 ---- */

static uint32_t end;

static uint32_t
tag(uint32_t type, uint32_t size)
{
	uint32_t at = end;

	put32(at, type);
	put32(at + 4, size);
	end = (end + size + 7) & ~7u;
	put32(0, end);
	return at;
}

static void
make_multiboot2(void)
{
	uint32_t at;

	memset(bytes, 0, SIZE);
	end = 8;
	at = tag(1, 8 + 6);
	memcpy(bytes + at + 8, "run=a", 6);
	at = tag(3, 16 + 2);
	put32(at + 8, 0x800000);
	put32(at + 12, 0x801000);
	at = tag(6, 16 + 2 * 24);
	put32(at + 8, 24);
	put64(at + 16, 0);
	put64(at + 24, 0x9f000);
	put32(at + 32, 1);
	put64(at + 40, 0x100000);
	put64(at + 48, 0x7f00000);
	put32(at + 56, 1);
	at = tag(14, 8 + 20);
	memcpy(bytes + at + 8, "RSD PTR old", 11);
	at = tag(15, 8 + 36);
	memcpy(bytes + at + 8, "RSD PTR new", 11);
	tag(0, 8);
}

static void
test_multiboot2(void **state)
{
	(void)state;
	make_multiboot2();
	assert_null(parse(BOOT_MULTIBOOT2));
	assert_string_equal(info.command_line, "run=a");
	assert_int_equal(info.ranges, 2);
	check_range(1, 0x100000, 0x7f00000, BOOT_RAM);
	assert_int_equal(info.rsdp_copy_size, 36);
	assert_memory_equal(info.rsdp_copy, "RSD PTR new", 11);
	assert_int_equal(info.modules, 1);
}

/* Text where every VGA has it, of a size that there can be. */
static void
test_multiboot2_screen(void **state)
{
	uint32_t at;

	(void)state;
	make_multiboot2();
	end -= 8;
	at = tag(8, 32);
	put64(at + 8, 0xb8000);
	put32(at + 16, 160);
	put32(at + 20, 80);
	put32(at + 24, 25);
	bytes[at + 28] = 16;
	bytes[at + 29] = 2;
	tag(0, 8);
	assert_null(parse(BOOT_MULTIBOOT2));
	assert_int_equal(info.columns, 80);
	assert_int_equal(info.rows, 25);
	put32(at + 24, 100000);
	assert_null(parse(BOOT_MULTIBOOT2));
	assert_int_equal(info.columns, 0);
	put32(at + 24, 25);
	put64(at + 8, 0xb8000 + (1ull << 32));
	assert_null(parse(BOOT_MULTIBOOT2));
	assert_int_equal(info.columns, 0);
}

static void
test_multiboot2_wrong(void **state)
{
	(void)state;
	make_multiboot2();
	put32(0, SIZE + 1);
	assert_non_null(parse(BOOT_MULTIBOOT2));
	make_multiboot2();
	put32(0, UINT32_MAX);
	assert_non_null(parse(BOOT_MULTIBOOT2));
	make_multiboot2();
	put32(12, 7); /* a tag smaller than a tag */
	assert_non_null(parse(BOOT_MULTIBOOT2));
	make_multiboot2();
	put32(12, SIZE);
	assert_non_null(parse(BOOT_MULTIBOOT2));
	make_multiboot2();
	memset(bytes + 16, 'x', 6); /* the command line has no end */
	assert_null(parse(BOOT_MULTIBOOT2));
	assert_string_equal(info.command_line, "xxxxxx");
	make_multiboot2();
	put32(48 + 8, 0); /* entries without a size */
	assert_non_null(parse(BOOT_MULTIBOOT2));
	for (uint32_t total = 0; total < 64; total++) {
		make_multiboot2();
		put32(0, total);
		parse(BOOT_MULTIBOOT2);
	}
}

/* ---- Linux ---- */

static void
make_linux(void)
{
	memcpy(bytes + 0x202, "HdrS", 4);
	put64(0x70, 0xfc000);
	put32(0x218, 0x800000);
	put32(0x21c, 0x1000);
	put32(0x228, START + 0x2000);
	put_text(0x2000, "run=b");
	bytes[0x1e8] = 2;
	put64(0x2d0, 0);
	put64(0x2d8, 0x9f000);
	put32(0x2e0, 1);
	put64(0x2e4, 0x100000);
	put64(0x2ec, 0x7f00000);
	put32(0x2f4, 1);
}

static void
test_linux(void **state)
{
	(void)state;
	make_linux();
	assert_null(parse(BOOT_LINUX));
	assert_string_equal(info.command_line, "run=b");
	assert_int_equal(info.rsdp, 0xfc000);
	assert_int_equal(info.ranges, 2);
	check_range(1, 0x100000, 0x7f00000, BOOT_RAM);
	assert_int_equal(info.modules, 1);
	put32(0xc8, 1); /* the command line is above 4 GiB: not there */
	assert_null(parse(BOOT_LINUX));
	assert_string_equal(info.command_line, "");
	bytes[0x1e8] = 255;
	assert_null(parse(BOOT_LINUX));
	assert_true(info.ranges <= BOOT_RANGES);
	bytes[0x1e8] = 0;
	put32(0x1e0, 64 * 1024);
	assert_null(parse(BOOT_LINUX));
	assert_int_equal(info.ranges, 1);
	check_range(0, 0x100000, 64 << 20, BOOT_RAM);
	put32(0x1e0, 0);
	assert_non_null(parse(BOOT_LINUX));
	bytes[0x202] = 'h';
	assert_non_null(parse(BOOT_LINUX));
	assert_non_null(
	    boot_parse(&memory, BOOT_LINUX, START + SIZE - 4095, &info));
	assert_non_null(parse((enum boot_protocol)9));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_window, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pvh, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pvh_wrong, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_pvh_counts, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_command_line, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multiboot1, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multiboot1_wrong, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multiboot2, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multiboot2_screen, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_multiboot2_wrong, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_linux, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
