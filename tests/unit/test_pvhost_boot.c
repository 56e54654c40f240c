/* SPDX-License-Identifier: ISC */
/* pvhost's images: good ones end up where they belong, damaged ones in a line. */
#include <asm/bootparam.h>
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/pvhost/boot_private.h"
#include "programs/pvhost/parts.h"
#include "tests/support/pvhost_said.h"
#include "wire/xen/pvh.h"

#define MIB (1ull << 20)
#define RAM (32 * MIB)
#define RSDP 0xe0000u

/* ---- What stands in for the rest of pvhost ---------------------------- */

static uint64_t started_at, started_with;
static bool in_64_bits;

bool
boot_regs_32(struct machine *machine, uint32_t entry, uint32_t ebx)
{
	(void)machine;
	started_at = entry;
	started_with = ebx;
	in_64_bits = false;
	return true;
}

bool
boot_regs_64(struct machine *machine, uint64_t entry, uint64_t rsi)
{
	(void)machine;
	started_at = entry;
	started_with = rsi;
	in_64_bits = true;
	return true;
}

struct trial {
	struct machine machine;
	char image[64], initrd[64];
};

static void
put_file(char *path, const char *name, const void *bytes, size_t size)
{
	int fd;

	snprintf(path, 64, "/tmp/pvhost-%s-XXXXXX", name);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* True: it started; the line that was said is in `said`. */
static bool
try(struct trial *trial, const void *image, size_t size)
{
	bool good;

	said[0] = '\0';
	started_at = 0;
	put_file(trial->image, "image", image, size);
	trial->machine.options.image = trial->image;
	assert_true(memory_make(&trial->machine.memory, -1, RAM));
	good = boot_load(&trial->machine, RSDP);
	unlink(trial->image);
	assert_true(good == (said[0] == '\0'));
	assert_true(good == (started_at != 0));
	return good;
}

static void
end(struct trial *trial)
{
	memory_free(&trial->machine.memory);
}

static void
must_fail(const void *image, size_t size, const char *why)
{
	struct trial trial = { 0 };

	assert_false(try(&trial, image, size));
	if (strstr(said, why) == NULL)
		fail_msg("expected \"%s\", got \"%s\"", why, said);
	end(&trial);
}

/* ---- PVH -------------------------------------------------------------- */

struct elf {
	Elf64_Ehdr header;
	Elf64_Phdr load, notes;
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint32_t entry;
	} note;
	uint8_t code[64];
};

static struct elf
elf(void)
{
	struct elf elf = {
		.header = { .e_ident = ELFMAG,
		    .e_machine = EM_X86_64,
		    .e_phoff = offsetof(struct elf, load),
		    .e_phentsize = sizeof(Elf64_Phdr),
		    .e_phnum = 2 },
		.load = { .p_type = PT_LOAD,
		    .p_offset = offsetof(struct elf, code),
		    .p_paddr = MIB,
		    .p_filesz = 64,
		    .p_memsz = 128 },
		.notes = { .p_type = PT_NOTE,
		    .p_offset = offsetof(struct elf, note),
		    .p_filesz = 20,
		    .p_align = 4 },
		.note = { { 4, 4, XEN_PVH_NOTE_PHYS32_ENTRY }, "Xen", MIB + 4 },
	};

	elf.header.e_ident[EI_CLASS] = ELFCLASS64;
	memset(elf.code, 0x90, sizeof(elf.code));
	return elf;
}

static void
test_a_pvh_image_is_told_everything(void **state)
{
	struct elf image = elf();
	struct trial trial = { .machine.options.append = "a=b c" };
	const struct memory *memory = &trial.machine.memory;
	struct xen_pvh_start_info info;
	struct xen_pvh_module module;

	(void)state;
	put_file(trial.initrd, "initrd", "files", 5);
	trial.machine.options.initrd = trial.initrd;
	assert_true(try(&trial, &image, sizeof(image)));
	unlink(trial.initrd);
	assert_int_equal(started_at, MIB + 4);
	assert_false(in_64_bits);
	assert_memory_equal(memory_at(memory, MIB, 64), image.code, 64);
	assert_true(memory_read(memory, started_with, &info, sizeof(info)));
	assert_int_equal(info.magic, XEN_PVH_MAGIC);
	assert_int_equal(info.rsdp, RSDP);
	assert_int_equal(info.nr_modules, 1);
	assert_true(info.nr_memmap > 3);
	assert_string_equal(memory_at(memory, info.cmdline, 6), "a=b c");
	assert_true(memory_read(memory, info.modules, &module, sizeof(module)));
	assert_int_equal(module.size, 5);
	assert_memory_equal(memory_at(memory, module.address, 5), "files", 5);
	end(&trial);
}

static void
test_an_elf_cut_anywhere_is_refused(void **state)
{
	struct elf image = elf();

	(void)state;
	for (size_t size = 4;
	     size < offsetof(struct elf, code) + sizeof(image.code); size++)
		must_fail(&image, size, "");
}

static void
test_a_segment_outside_of_the_file(void **state)
{
	struct elf image = elf();

	(void)state;
	image.load.p_offset = UINT64_MAX - 8;
	must_fail(&image, sizeof(image), "outside of the file");
	image = elf();
	image.load.p_filesz = image.load.p_memsz = UINT64_MAX;
	must_fail(&image, sizeof(image), "outside of the file");
	image = elf();
	image.load.p_memsz = 1;
	must_fail(&image, sizeof(image), "outside of the file");
}

static void
test_a_segment_outside_of_memory(void **state)
{
	struct elf image = elf();

	(void)state;
	image.load.p_paddr = RAM - 64;
	must_fail(&image, sizeof(image), "try more of -m");
	image.load.p_paddr = UINT64_MAX - 64;
	must_fail(&image, sizeof(image), "try more of -m");
	image.load.p_paddr = 0x1000;
	must_fail(&image, sizeof(image), "first MiB");
}

static void
test_headers_that_are_too_many_or_elsewhere(void **state)
{
	struct elf image = elf();

	(void)state;
	image.header.e_phnum = 0xffff;
	must_fail(&image, sizeof(image), "damaged");
	image.header.e_phnum = 60;
	must_fail(&image, sizeof(image), "");
	image = elf();
	image.header.e_phoff = UINT64_MAX - 16;
	must_fail(&image, sizeof(image), "outside of the file");
	image = elf();
	image.header.e_phentsize = 1;
	must_fail(&image, sizeof(image), "damaged");
}

static void
test_an_elf_without_the_note_is_told_what_is_missing(void **state)
{
	struct elf image = elf();

	(void)state;
	image.note.head.n_type = 1;
	must_fail(&image, sizeof(image), "entry of PVH");
	image = elf();
	image.note.head.n_namesz = 0xfffffff0;
	must_fail(&image, sizeof(image), "entry of PVH");
	image = elf();
	image.note.head.n_descsz = 0xfffffff0;
	image.note.name[0] = 'x';
	must_fail(&image, sizeof(image), "entry of PVH");
	image = elf();
	image.notes.p_filesz = UINT64_MAX;
	image.note.head.n_type = 1;
	must_fail(&image, sizeof(image), "entry of PVH");
}

static void
test_an_image_for_another_machine(void **state)
{
	struct elf image = elf();

	(void)state;
	image.header.e_machine = EM_AARCH64;
	must_fail(&image, sizeof(image), "x86-64");
	must_fail("hello", 5, "expected an ELF image");
	must_fail("", 0, "empty");
}

/* ---- Linux ------------------------------------------------------------ */

#define KERNEL_SIZE 4096u
#define SETUP 1024u

static uint8_t *
bzimage(struct setup_header **header)
{
	uint8_t *image = calloc(1, SETUP + KERNEL_SIZE);

	assert_non_null(image);
	*header = (struct setup_header *)(image + 0x1f1);
	**header = (struct setup_header){
		.setup_sects = 1,
		.boot_flag = 0xaa55,
		.jump = 0x66eb,
		.header = 0x53726448,
		.version = 0x020f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64,
		.cmdline_size = 2047,
		.pref_address = 16 * MIB,
		.init_size = 8192,
	};
	memset(image + SETUP, 0x90, KERNEL_SIZE);
	return image;
}

static void
test_linux_is_told_everything(void **state)
{
	struct trial trial = { .machine.options.append = "quiet" };
	const struct memory *memory = &trial.machine.memory;
	struct setup_header *header;
	uint8_t *image = bzimage(&header);
	const struct boot_params *params;

	(void)state;
	put_file(trial.initrd, "initrd", "files", 5);
	trial.machine.options.initrd = trial.initrd;
	assert_true(try(&trial, image, SETUP + KERNEL_SIZE));
	unlink(trial.initrd);
	assert_true(in_64_bits);
	assert_int_equal(started_at, 16 * MIB + 0x200);
	params = memory_at(memory, started_with, sizeof(*params));
	assert_non_null(params);
	assert_int_equal(params->acpi_rsdp_addr, RSDP);
	assert_int_equal(params->hdr.ramdisk_size, 5);
	assert_memory_equal(memory_at(memory, params->hdr.ramdisk_image, 5),
	    "files", 5);
	assert_string_equal(memory_at(memory, params->hdr.cmd_line_ptr, 6),
	    "quiet");
	assert_true(params->e820_entries > 3);
	free(image);
	end(&trial);
}

static void
test_a_linux_cut_anywhere_is_refused(void **state)
{
	struct setup_header *header;
	uint8_t *image = bzimage(&header);

	(void)state;
	for (size_t size = 1; size <= SETUP; size += 7)
		must_fail(image, size, "");
	free(image);
}

static void
test_a_linux_that_does_not_fit(void **state)
{
	struct setup_header *header;
	uint8_t *image = bzimage(&header);

	(void)state;
	header->init_size = 0xffffffff;
	must_fail(image, SETUP + KERNEL_SIZE, "try more of -m");
	header->init_size = 1;
	must_fail(image, SETUP + KERNEL_SIZE, "try more of -m");
	header->init_size = 8192;
	header->pref_address = UINT64_MAX - 4096;
	must_fail(image, SETUP + KERNEL_SIZE, "try more of -m");
	header->relocatable_kernel = 0;
	header->pref_address = 0x1000;
	must_fail(image, SETUP + KERNEL_SIZE, "first MiB");
	free(image);
}

static void
test_an_old_or_32_bit_linux(void **state)
{
	struct setup_header *header;
	uint8_t *image = bzimage(&header);

	(void)state;
	header->version = 0x0206;
	must_fail(image, SETUP + KERNEL_SIZE, "protocol 2.6");
	header->version = 0x020f;
	header->xloadflags = 0;
	must_fail(image, SETUP + KERNEL_SIZE, "without 64 bits");
	free(image);
}

static void
test_a_command_line_that_is_too_long(void **state)
{
	struct trial trial = { 0 };
	struct setup_header *header;
	uint8_t *image = bzimage(&header);
	char line[3000];

	(void)state;
	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	trial.machine.options.append = line;
	assert_false(try(&trial, image, SETUP + KERNEL_SIZE));
	assert_non_null(strstr(said, "expected at most 2047"));
	end(&trial);
	free(image);
}

static void
test_an_initrd_that_does_not_fit(void **state)
{
	struct trial trial = { 0 };
	struct setup_header *header;
	uint8_t *image = bzimage(&header), *files = calloc(1, RAM);

	(void)state;
	assert_non_null(files);
	put_file(trial.initrd, "initrd", files, RAM);
	trial.machine.options.initrd = trial.initrd;
	assert_false(try(&trial, image, SETUP + KERNEL_SIZE));
	assert_non_null(strstr(said, "try more of -m"));
	end(&trial);
	/* it fits, but not beside the kernel */
	assert_int_equal(truncate(trial.initrd, RAM - 8 * MIB), 0);
	assert_false(try(&trial, image, SETUP + KERNEL_SIZE));
	assert_non_null(strstr(said, "beside the kernel"));
	end(&trial);
	unlink(trial.initrd);
	free(files);
	free(image);
}

static void
test_files_that_are_none(void **state)
{
	struct trial trial = { .machine.options.image = "/tmp" };

	(void)state;
	said[0] = '\0';
	assert_false(boot_load(&trial.machine, RSDP));
	assert_non_null(strstr(said, "no file"));
	trial.machine.options.image = "/nonexistent/image";
	assert_false(boot_load(&trial.machine, RSDP));
	assert_non_null(strstr(said, "No such file"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_pvh_image_is_told_everything),
		cmocka_unit_test(test_an_elf_cut_anywhere_is_refused),
		cmocka_unit_test(test_a_segment_outside_of_the_file),
		cmocka_unit_test(test_a_segment_outside_of_memory),
		cmocka_unit_test(test_headers_that_are_too_many_or_elsewhere),
		cmocka_unit_test(
		    test_an_elf_without_the_note_is_told_what_is_missing),
		cmocka_unit_test(test_an_image_for_another_machine),
		cmocka_unit_test(test_linux_is_told_everything),
		cmocka_unit_test(test_a_linux_cut_anywhere_is_refused),
		cmocka_unit_test(test_a_linux_that_does_not_fit),
		cmocka_unit_test(test_an_old_or_32_bit_linux),
		cmocka_unit_test(test_a_command_line_that_is_too_long),
		cmocka_unit_test(test_an_initrd_that_does_not_fit),
		cmocka_unit_test(test_files_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
