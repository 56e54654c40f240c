/* SPDX-License-Identifier: ISC */
/* Files as disks of pvhost: what is refused and how that is said, who may have
 * one with whom, and what happens when one goes bad in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "programs/pvhost/disk.h"
#include "programs/pvhost/reply.h"
#include "tests/support/pvhost_stage.h"

struct lab {
	struct reply reply;
	char directory[64], path[96], words[128];
	char file[96]; /* what the test made, where that is not `path` */
};

static int
lab_make(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	strcpy(lab->directory, "/tmp/pvhost-disk-XXXXXX");
	assert_non_null(mkdtemp(lab->directory));
	snprintf(lab->path, sizeof(lab->path), "%s/disk", lab->directory);
	*state = lab;
	return 0;
}

static int
lab_free(void **state)
{
	struct lab *lab = *state;

	chmod(lab->directory, 0700);
	unlink(lab->path);
	unlink(lab->file);
	assert_int_equal(rmdir(lab->directory), 0);
	reply_free(&lab->reply);
	free(lab);
	return 0;
}

static void
make_file(const struct lab *lab, off_t size)
{
	int fd = open(lab->path, O_CREAT | O_RDWR | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static struct disk *
open_with(struct lab *lab, const char *options)
{
	snprintf(lab->words, sizeof(lab->words), "%s%s", lab->path, options);
	return disk_open(lab->words, 3, &lab->reply);
}

static void
assert_refused(struct lab *lab, const char *options, const char *says)
{
	assert_null(open_with(lab, options));
	if (strstr(lab->reply.text, says) == NULL)
		fail_msg("expected \"%s\", got: %s", says, lab->reply.text);
}

static void
test_what_is_written_is_in_the_file(void **state)
{
	struct lab *lab = *state;
	struct disk *disk;
	char bytes[5] = "";
	int fd;

	make_file(lab, 1 << 20);
	disk = open_with(lab, "");
	assert_non_null(disk);
	assert_string_equal(disk->name, "disk3");
	assert_int_equal(disk->size, 1 << 20);
	assert_int_equal(disk->sector_size, 512);
	assert_false(disk->read_only);
	memcpy(disk->bytes + 700000, "here", 4);
	disk_close(disk);
	fd = open(lab->path, O_RDONLY);
	assert_int_equal(pread(fd, bytes, 4, 700000), 4);
	assert_string_equal(bytes, "here");
	close(fd);
}

/* By the file system, and where that cannot, by zeroes. */
static void
test_a_piece_that_is_erased_reads_as_zeroes(void **state)
{
	struct lab *lab = *state;
	struct disk *disk, no_file;

	make_file(lab, 1 << 20);
	disk = open_with(lab, "");
	assert_non_null(disk);
	no_file = *disk;
	no_file.fd = -1;
	memset(disk->bytes, 7, disk->size);
	disk_erase(disk, 8192, 4096);
	disk_erase(&no_file, 65536, 512);
	for (uint64_t i = 0; i < disk->size; i++)
		assert_int_equal(disk->bytes[i],
		    i / 4096 == 2 || i / 512 == 128 ? 0 : 7);
	disk_close(disk);
}

static void
test_what_does_not_last_is_said(void **state)
{
	struct lab *lab = *state;
	struct machine *machine = stage_new();
	struct disk *disk, no_file;

	make_file(lab, 1 << 20);
	disk = open_with(lab, "");
	assert_non_null(disk);
	disk_sync(disk);
	assert_string_equal(stage_said(), "");
	no_file = *disk;
	no_file.fd = -1;
	disk_sync(&no_file);
	assert_non_null(strstr(stage_said(), "is not all in it"));
	disk_close(disk);
	stage_free(machine);
}

/* A guest may ask for it as often as it likes. */
static void
test_what_does_not_last_is_said_once(void **state)
{
	struct lab *lab = *state;
	struct machine *machine = stage_new();
	struct disk *disk;
	int fd;

	make_file(lab, 1 << 20);
	disk = open_with(lab, "");
	assert_non_null(disk);
	fd = disk->fd;
	for (unsigned i = 0; i < 2; i++) {
		stage_free(machine);
		machine = stage_new(); /* nothing was said yet */
		disk->fd = -1;
		disk_sync(disk);
		assert_true((stage_said()[0] != '\0') == (i == 0));
	}
	disk->fd = fd;
	disk_sync(disk); /* good again, and once more not */
	disk->fd = -1;
	disk_sync(disk);
	assert_non_null(strstr(stage_said(), "is not all in it"));
	disk->fd = fd;
	disk_close(disk);
	stage_free(machine);
}

static void
test_options_stand_behind_the_name_in_any_order(void **state)
{
	static const struct {
		const char *options;
		bool read_only, cdrom;
		uint32_t sector;
	} all[] = { { "", false, false, 512 }, { ",ro", true, false, 512 },
		{ ",4k", false, false, 4096 }, { ",cdrom", true, true, 512 },
		{ ",4k,ro", true, false, 4096 },
		{ ",ro,4k", true, false, 4096 } };
	struct lab *lab = *state;

	make_file(lab, 8192);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct disk *disk = open_with(lab, all[i].options);

		assert_non_null(disk);
		assert_int_equal(disk->read_only, all[i].read_only);
		assert_int_equal(disk->cdrom, all[i].cdrom);
		assert_int_equal(disk->sector_size, all[i].sector);
		disk_close(disk);
	}
	assert_refused(lab, ",rw", "options are ro, cdrom and 4k");
	assert_refused(lab, ",8k", "options are ro, cdrom and 4k");
}

static void
test_a_name_may_have_a_comma(void **state)
{
	struct lab *lab = *state;
	struct disk *disk;

	strcat(lab->path, ",a");
	make_file(lab, 512);
	disk = open_with(lab, ",ro");
	assert_non_null(disk);
	assert_string_equal(disk->path, lab->path);
	disk_close(disk);
}

static void
test_a_disk_that_is_none_is_refused_with_a_reason(void **state)
{
	struct lab *lab = *state;

	assert_refused(lab, "", "truncate -s 1G");
	make_file(lab, 0);
	assert_refused(lab, "", "is empty");
	make_file(lab, 1000);
	assert_refused(lab, "",
	    "1000 bytes are not whole sectors of 512; "
	    "truncate -s 1024");
	make_file(lab, 512);
	assert_refused(lab, ",4k", "sectors of 4096");
	strcpy(lab->file, lab->path);
	strcpy(lab->path, lab->directory);
	assert_refused(lab, ",ro", "a directory");
	assert_refused(lab, "", "Is a directory");
	strcpy(lab->path, "/dev/null");
	assert_refused(lab, "", "expected a file or a block device");
	lab->path[0] = '\0';
	assert_refused(lab, "", "there is no FILE");
	assert_refused(lab, ",ro", "there is no FILE");
}

/* Nobody waits for the other end of a pipe. */
static void
test_a_pipe_is_no_disk(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(mkfifo(lab->path, 0600), 0);
	assert_refused(lab, "", "expected a file or a block device");
	assert_refused(lab, ",ro", "expected a file or a block device");
}

static void
test_a_file_that_may_not_be_written_is_offered_to_be_read(void **state)
{
	struct lab *lab = *state;
	int status;
	pid_t pid;

	make_file(lab, 512);
	chmod(lab->path, 0444);
	chmod(lab->directory, 0755);
	pid = fork();
	if (pid == 0) { /* for whom permissions count */
		struct disk *disk;

		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(9);
		if (open_with(lab, "") != NULL ||
		    strstr(lab->reply.text, "add \",ro\"") == NULL)
			_exit(1);
		disk = open_with(lab, ",ro");
		_exit(disk == NULL ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- With others -------------------------------------------------------- */

/* Another process does as it is told, and ends with 0 if it got its disk. */
static int
of_another(struct lab *lab, const char *options)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(open_with(lab, options) == NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_one_writes_or_many_read(void **state)
{
	struct lab *lab = *state;
	struct disk *disk;

	make_file(lab, 512);
	disk = open_with(lab, "");
	assert_int_equal(of_another(lab, ""), 1);
	assert_int_equal(of_another(lab, ",ro"), 1);
	/* nor the same one twice */
	assert_refused(lab, "", "used by another machine");
	assert_refused(lab, ",ro", "written to by another machine");
	disk_close(disk);
	disk = open_with(lab, ",ro");
	assert_int_equal(of_another(lab, ",ro"), 0);
	assert_int_equal(of_another(lab, ""), 1);
	disk_close(disk);
	assert_int_equal(of_another(lab, ""), 0);
}

static void
test_a_machine_that_was_killed_leaves_no_lock(void **state)
{
	struct lab *lab = *state;
	struct disk *disk;
	int status;
	pid_t pid;

	make_file(lab, 512);
	pid = fork();
	if (pid == 0) {
		if (open_with(lab, "") == NULL)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	disk = open_with(lab, "");
	assert_non_null(disk);
	disk_close(disk);
}

/* ---- In use ------------------------------------------------------------- */

/* What a child says that touches its disk after something has happened. */
static int
child_status(struct lab *lab, off_t size, bool write, char *said, size_t room)
{
	struct machine *machine = stage_new();
	int status, pipes[2];
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct disk *disk = open_with(lab, "");

		disks_guard(machine);
		if (disk == NULL || truncate(lab->path, size) != 0)
			_exit(9);
		if (write)
			memset(disk->bytes + 100000, 1, 8);
		else
			status = disk->bytes[100000];
		/* zeroes are there in its place, and the machine ends */
		if (disk->bytes[100000] > (write ? 1 : 0))
			_exit(8);
		if (!machine->ended)
			_exit(7);
		(void)!dprintf(pipes[1], "%s", stage_said());
		disk_close(disk);
		_exit(machine->status);
	}
	close(pipes[1]);
	memset(said, 0, room);
	(void)!read(pipes[0], said, room - 1);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	stage_free(machine);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_a_file_cut_short_in_use_ends_the_machine(void **state)
{
	struct lab *lab = *state;
	char said[300];

	for (unsigned write = 0; write < 2; write++) {
		make_file(lab, 1 << 20);
		assert_int_equal(child_status(lab, 4096, write != 0, said,
				     sizeof(said)),
		    EXIT_IMAGE);
		assert_non_null(strstr(said, lab->path));
		assert_non_null(strstr(said, "cut short while in use"));
	}
}

/* Its own bugs are not taken for a disk's. */
static void
test_another_bus_error_is_a_crash(void **state)
{
	struct lab *lab = *state;
	struct machine *machine = stage_new();
	int status;
	pid_t pid;

	make_file(lab, 512);
	pid = fork();
	if (pid == 0) {
		disks_guard(machine);
		if (open_with(lab, "") != NULL)
			raise(SIGBUS);
		raise(SIGBUS);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	stage_free(machine);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void
test_there_are_so_many_disks_and_no_more(void **state)
{
	struct disk *disks[65];
	struct lab *lab = *state;
	unsigned count = 0;

	make_file(lab, 512);
	while (count < 65 && (disks[count] = open_with(lab, ",ro")) != NULL)
		count++;
	assert_int_equal(count, 64);
	assert_non_null(strstr(lab->reply.text, "64 disks already"));
	disk_close(disks[--count]);
	disks[count] = open_with(lab, ",ro");
	assert_non_null(disks[count]);
	for (unsigned i = 0; i < 64; i++)
		disk_close(disks[i]);
}

int
main(void)
{
#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_make, lab_free)
	static const struct CMUnitTest tests[] = {
		LAB(test_what_is_written_is_in_the_file),
		LAB(test_a_piece_that_is_erased_reads_as_zeroes),
		LAB(test_what_does_not_last_is_said),
		LAB(test_what_does_not_last_is_said_once),
		LAB(test_options_stand_behind_the_name_in_any_order),
		LAB(test_a_name_may_have_a_comma),
		LAB(test_a_disk_that_is_none_is_refused_with_a_reason),
		LAB(test_a_pipe_is_no_disk),
		LAB(test_a_file_that_may_not_be_written_is_offered_to_be_read),
		LAB(test_one_writes_or_many_read),
		LAB(test_a_machine_that_was_killed_leaves_no_lock),
		LAB(test_a_file_cut_short_in_use_ends_the_machine),
		LAB(test_another_bus_error_is_a_crash),
		LAB(test_there_are_so_many_disks_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
