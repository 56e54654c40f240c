/* SPDX-License-Identifier: ISC */
/* The image, the initrd and the command line. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/pvhost/boot_private.h"
#include "programs/pvhost/parts.h"

static bool
open_file(struct boot_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *bytes;

	*file = (struct boot_file){ .path = path };
	if (fd < 0 || fstat(fd, &status) < 0) {
		say("%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (!S_ISREG(status.st_mode) || status.st_size == 0) {
		say("%s: expected an image, got %s", path,
		    S_ISREG(status.st_mode) ? "an empty file" : "no file");
		close(fd);
		return false;
	}
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd,
	    0);
	close(fd);
	if (bytes == MAP_FAILED) {
		say("%s: %s", path, strerror(errno));
		return false;
	}
	file->bytes = bytes;
	file->size = (size_t)status.st_size;
	return true;
}

static void
close_file(struct boot_file *file)
{
	if (file->bytes != NULL)
		munmap((void *)(uintptr_t)file->bytes, file->size);
	file->bytes = NULL;
}

static bool
place_initrd(struct boot *boot, uint64_t limit)
{
	const struct memory *memory = &boot->machine->memory;
	uint64_t low = memory->regions[0].size;

	if (boot->initrd.bytes == NULL)
		return true;
	if (limit > low)
		limit = low;
	if (limit < MEMORY_HIGH || boot->initrd.size > limit - MEMORY_HIGH) {
		say("%s: %zu bytes do not fit in the guest's memory; try more "
		    "of -m",
		    boot->initrd.path, boot->initrd.size);
		return false;
	}
	boot->initrd_at = (limit - boot->initrd.size) &
	    ~(uint64_t)(MEMORY_PAGE - 1);
	return memory_write(memory, boot->initrd_at, boot->initrd.bytes,
	    boot->initrd.size);
}

bool
boot_place(struct boot *boot, uint64_t limit, size_t command_max)
{
	const char *command = boot->machine->options.append;

	if (command == NULL)
		command = "";
	boot->command_size = strlen(command) + 1;
	if (boot->command_size > BOOT_COMMAND_MAX ||
	    boot->command_size > command_max) {
		say("--append: expected at most %zu characters, got %zu",
		    (command_max < BOOT_COMMAND_MAX ? command_max
						    : BOOT_COMMAND_MAX) -
			1,
		    boot->command_size - 1);
		return false;
	}
	return memory_write(&boot->machine->memory, BOOT_COMMAND, command,
		   boot->command_size) &&
	    place_initrd(boot, limit);
}

static bool
load(struct boot *boot)
{
	if (boot_is_elf(&boot->image))
		return boot_elf(boot);
	if (boot_is_linux(&boot->image))
		return boot_linux(boot);
	say("%s: expected an ELF image with a PVH entry or Linux's bzImage, "
	    "got something else",
	    boot->image.path);
	return false;
}

bool
boot_load(struct machine *machine, uint64_t rsdp)
{
	struct boot boot = { .machine = machine, .rsdp = rsdp };
	const struct options *options = &machine->options;
	bool good = open_file(&boot.image, options->image) &&
	    (options->initrd == NULL ||
		open_file(&boot.initrd, options->initrd)) &&
	    load(&boot);

	close_file(&boot.initrd);
	close_file(&boot.image);
	return good;
}
