/* SPDX-License-Identifier: ISC */
/* port/linux: vmd's control device through a sysfs that the test makes, where
 * the registers are a plain file and the test plays the host. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/linux/linux.h"
#include "pvbus/guest.h"
#include "tests/support/tree.h"
#include "wire/cpuid.h"
#include "wire/endian.h"
#include "wire/virtio/legacy.h"
#include "wire/vmm/vmmci.h"

#define PLACE "0000:00:03.0"
#define IO_RESOURCE "0x000000000000c000 0x000000000000c03f 0x0000000000040101\n"

struct place {
	char root[64], log[4096];
	struct linux_port *linux_port;
	struct pv_port port; /* with a CPUID and a clock of the test's */
	struct pv_bus *bus;
	unsigned requests[PV_REQUEST_COUNT], times[2];
	uint64_t wall;
};
static struct place *current; /* of the functions whose ctx is the port's */

static int
take_request(void *owner, enum pv_request request, const struct pv_reason *why)
{
	struct place *place = owner;

	(void)why;
	place->requests[request]++;
	return PV_OK;
}

static void
take_log(void *ctx, enum pv_log level, const char *line)
{
	struct place *place = ctx;
	size_t length = strlen(place->log);

	(void)level;
	snprintf(place->log + length, sizeof(place->log) - length, "%s\n",
	    line);
}

static int
take_time(void *ctx, enum pv_time kind, uint64_t wall, uint64_t at)
{
	(void)ctx;
	(void)at;
	current->times[kind]++;
	current->wall = wall;
	return PV_OK;
}

static void
show_vmm(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	(void)ctx;
	(void)subleaf;
	*out = (struct pv_cpuid){ 0 };
	if (leaf == 1)
		out->ecx = CPUID_1_ECX_HYPERVISOR;
	if (leaf == CPUID_HV_FIRST)
		*out = (struct pv_cpuid){ 0,
			get_le32(&CPUID_SIGNATURE_OPENBSD[0]),
			get_le32(&CPUID_SIGNATURE_OPENBSD[4]),
			get_le32(&CPUID_SIGNATURE_OPENBSD[8]) };
}

static void
port_new(struct place *place, bool vmmci)
{
	linux_port_free(place->linux_port);
	place->linux_port = linux_port_new(
	    &(struct linux_port_config){ .sys = place->root,
		.vmmci = vmmci,
		.as_vmm = true,
		.request = take_request,
		.owner = place,
		.log = take_log,
		.log_ctx = place });
	assert_non_null(place->linux_port);
	place->port = *linux_port_table(place->linux_port);
	place->port.cpuid = show_vmm;
}

static void
path_of(const struct place *place, char to[256], const char *device,
    const char *file)
{
	snprintf(to, 256, "%s/bus/pci/devices/%s/%s", place->root, device,
	    file);
}

static void
put(struct place *place, const char *device, const char *file,
    const void *bytes, size_t size)
{
	char path[256];
	int fd;

	path_of(place, path, device, file);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void
put_text(struct place *place, const char *device, const char *file,
    const char *text)
{
	put(place, device, file, text, strlen(text));
}

static void
get_text(struct place *place, const char *device, const char *file,
    char text[64])
{
	char path[256];
	ssize_t length;
	int fd;

	path_of(place, path, device, file);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	length = read(fd, text, 63);
	assert_true(length >= 0);
	text[length] = '\0';
	close(fd);
}

/* ---- Registers -------------------------------------------------------- */

static void
poke(struct place *place, unsigned offset, uint32_t value, unsigned width)
{
	uint8_t bytes[4];
	char path[256];
	int fd;

	put_le32(bytes, value);
	path_of(place, path, PLACE, "resource0");
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, width, offset), width);
	close(fd);
}

static uint32_t
peek(struct place *place, unsigned offset, unsigned width)
{
	uint8_t bytes[4] = { 0 };
	char path[256];
	int fd;

	path_of(place, path, PLACE, "resource0");
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, bytes, width, offset), width);
	close(fd);
	return get_le32(bytes);
}

static void
device_new(struct place *place, const char *name, const char *vendor,
    const char *device)
{
	static const uint8_t registers[64];
	char path[256];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", place->root,
	    name);
	assert_int_equal(mkdir(path, 0700), 0);
	put_text(place, name, "vendor", vendor);
	put_text(place, name, "device", device);
	put_text(place, name, "enable", "1\n");
	put_text(place, name, "resource", IO_RESOURCE);
	put(place, name, "resource0", registers, sizeof(registers));
}

static void
vmmci_new(struct place *place)
{
	device_new(place, PLACE, "0x0b5d\n", "0x0777\n");
	poke(place, VIRTIO_LEGACY_DEVICE_FEATURES, VMMCI_FEATURES, 4);
}

/* ---- Setting ---------------------------------------------------------- */

static int
setup(void **state)
{
	static const char *const below[] = { "/bus", "/bus/pci",
		"/bus/pci/devices" };
	struct place *place = calloc(1, sizeof(*place));
	char path[128];

	if (place == NULL)
		return -1;
	strcpy(place->root, "/tmp/pvbus-test.XXXXXX");
	if (mkdtemp(place->root) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", place->root, below[i]);
		if (mkdir(path, 0700) != 0)
			return -1;
	}
	port_new(place, true);
	*state = current = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	pv_bus_detach(place->bus);
	linux_port_free(place->linux_port);
	tree_remove(place->root);
	free(place);
	return 0;
}

static void
attach(struct place *place)
{
	static const struct pv_driver *const drivers[] = { &pv_vmmci_driver,
		NULL };

	assert_int_equal(pv_bus_attach(&(struct pv_bus_config){ .port =
								    &place
									 ->port,
					   .drivers = drivers },
			     &place->bus),
	    PV_OK);
}

static void
has_line(struct place *place, const char *line)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s\n", line);
	if (strstr(place->log, whole) == NULL)
		fail_msg("\"%s\" is not in:\n%s", line, place->log);
}

static void
has_no(struct place *place, const char *part)
{
	if (strstr(place->log, part) != NULL)
		fail_msg("\"%s\" is in:\n%s", part, place->log);
}

/* The next look at the registers, which is a second away. */
static uint64_t skipped;
static uint64_t
late(void *ctx)
{
	(void)ctx;
	return skipped;
}

static void
look(struct place *place)
{
	skipped += 2 * PV_SECOND;
	pv_bus_poll(place->bus, 16);
}

static void
attach_late(struct place *place)
{
	skipped = 100 * PV_SECOND;
	place->port.now = late;
	place->port.time = take_time;
	attach(place);
	pv_bus_poll(place->bus, 16);
}

/* ---- Tests ------------------------------------------------------------ */

static void
test_found_among_others(void **state)
{
	struct place *place = *state;

	device_new(place, "0000:00:00.0", "0x0b5d\n", "0x0666\n");
	device_new(place, "0000:00:01.0", "0x1af4\n", "0x0777\n");
	device_new(place, "0000:00:02.0", "junk\n", "\n");
	vmmci_new(place);
	device_new(place, "0000:00:04.0", "0x0b5d\n", "0x0777\n");
	place->port.time = take_time;
	attach(place);
	has_line(place,
	    "vmmci0 at pvbus0 pci 00:03.0: shutdown, reboot, host time, "
	    "clock sync");
	assert_int_equal(peek(place, VIRTIO_LEGACY_DRIVER_FEATURES, 4),
	    VMMCI_FEATURES);
	assert_int_equal(peek(place, VIRTIO_LEGACY_STATUS, 1), 7);
}

static void
test_requests(void **state)
{
	struct place *place = *state;

	vmmci_new(place);
	attach_late(place);
	poke(place, VMMCI_COMMAND, VMMCI_SHUTDOWN, 4);
	look(place);
	has_line(place,
	    "Shutting down in response to request from vmmci0 host");
	assert_int_equal(place->requests[PV_REQUEST_SHUTDOWN], 1);
	look(place);
	assert_int_equal(place->requests[PV_REQUEST_SHUTDOWN], 1);
	poke(place, VMMCI_COMMAND, VMMCI_REBOOT, 4);
	look(place);
	has_line(place, "Rebooting in response to request from vmmci0 host");
	assert_int_equal(place->requests[PV_REQUEST_REBOOT], 1);
	assert_int_equal(peek(place, VMMCI_COMMAND, 4), VMMCI_REBOOT);
}

static void
test_time(void **state)
{
	struct place *place = *state;

	vmmci_new(place);
	poke(place, VMMCI_SECONDS, 1700000000, 4);
	poke(place, VMMCI_MICROSECONDS, 250000, 4);
	attach_late(place);
	assert_int_equal(place->times[PV_TIME_SAMPLE], 1);
	assert_true(place->wall == 1700000000250000000);
	poke(place, VMMCI_SECONDS, 1800000000, 4);
	poke(place, VMMCI_COMMAND, VMMCI_SYNCRTC, 4);
	look(place);
	assert_int_equal(place->times[PV_TIME_SYNC], 1);
	assert_true(place->wall == 1800000000250000000);
}

static void
test_end_resets_it(void **state)
{
	struct place *place = *state;

	vmmci_new(place);
	attach(place);
	pv_bus_detach(place->bus);
	place->bus = NULL;
	assert_int_equal(peek(place, VIRTIO_LEGACY_STATUS, 1), 0);
	assert_int_equal(peek(place, VMMCI_COMMAND, 4), VMMCI_NONE);
}

/* The option of pvbusd(8). */
static void
test_not_touched_unless_wanted(void **state)
{
	struct place *place = *state;

	vmmci_new(place);
	port_new(place, false);
	assert_null(place->port.pci_open);
	assert_null(place->port.request);
	assert_false(linux_port_asks(place->linux_port));
	attach(place);
	has_no(place, "vmmci");
	assert_int_equal(peek(place, VIRTIO_LEGACY_STATUS, 1), 0);
}

static void
test_asks_with_the_option(void **state)
{
	struct place *place = *state;

	assert_true(linux_port_asks(place->linux_port));
	assert_false(linux_port_is_vmware(place->linux_port));
	assert_non_null(place->port.request);
	assert_null(place->port.time); /* it is off */
}

static void
test_no_such_device(void **state)
{
	struct place *place = *state;

	device_new(place, PLACE, "0x1af4\n", "0x1000\n");
	attach(place);
	has_no(place, "vmmci");
}

static void
test_no_pci(void **state)
{
	struct place *place = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/bus/pci/devices", place->root);
	assert_int_equal(rmdir(path), 0);
	attach(place);
	has_no(place, "vmmci");
}

static void
test_driver_of_the_kernel_has_it(void **state)
{
	struct place *place = *state;
	char path[256];

	vmmci_new(place);
	path_of(place, path, PLACE, "driver");
	assert_int_equal(symlink("/", path), 0);
	attach(place);
	has_line(place, "\"vmmci\" at pvbus0: busy, not configured");
	assert_int_equal(peek(place, VIRTIO_LEGACY_DRIVER_FEATURES, 4), 0);
}

static void
test_bars_that_are_none(void **state)
{
	static const char *const bars[] = {
		"0x00000000febf0000 0x00000000febf003f 0x0000000000040200\n",
		"0x000000000000c000 0x000000000000c026 0x0000000000040101\n",
		"0x000000000000c03f 0x000000000000c000 0x0000000000040101\n",
		"0x0000000000000000 0x0000000000000000 0x0000000000000000\n",
		"junk\n",
		"",
	};
	struct place *place = *state;

	vmmci_new(place);
	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		put_text(place, PLACE, "resource", bars[i]);
		place->log[0] = '\0';
		attach(place);
		has_line(place,
		    "\"vmmci\" at pvbus0: the host answered nonsense, not "
		    "configured");
		if (strstr(place->log, "BAR 0 is none of 40 I/O ports") == NULL)
			fail_msg("%s", place->log);
		pv_bus_detach(place->bus);
		place->bus = NULL;
	}
}

static void
test_device_is_enabled(void **state)
{
	struct place *place = *state;
	char text[64];

	vmmci_new(place);
	put_text(place, PLACE, "enable", "0\n");
	attach(place);
	get_text(place, PLACE, "enable", text);
	assert_int_equal(text[0], '1');
}

static void
test_registers_that_are_not_there(void **state)
{
	struct place *place = *state;
	char path[256];

	vmmci_new(place);
	path_of(place, path, PLACE, "resource0");
	assert_int_equal(unlink(path), 0);
	attach(place);
	has_line(place, "\"vmmci\" at pvbus0: no such key, not configured");
}

static void
test_file_that_gets_short(void **state)
{
	struct place *place = *state;
	char path[256];

	vmmci_new(place);
	attach_late(place);
	path_of(place, path, PLACE, "resource0");
	assert_int_equal(truncate(path, 4), 0);
	look(place);
	has_line(place, "vmmci0: its registers cannot be read; out of use");
}

static void
test_registers_of_all_ones(void **state)
{
	static const uint8_t ones[64] = { [0 ... 63] = 0xff };
	struct place *place = *state;

	vmmci_new(place);
	attach_late(place);
	put(place, PLACE, "resource0", ones, sizeof(ones));
	look(place);
	has_line(place, "vmmci0: all its registers read as ones; out of use");
	assert_int_equal(place->requests[PV_REQUEST_SHUTDOWN], 0);
}

static void
test_no_more_than_there_is_room_for(void **state)
{
	struct place *place = *state;
	char where[24];

	vmmci_new(place);
	for (int i = 0; i < 4; i++)
		assert_int_equal(place->port.pci_open(place->port.ctx, 0x0b5d,
				     0x0777, 40, where, sizeof(where)),
		    i);
	assert_int_equal(place->port.pci_open(place->port.ctx, 0x0b5d, 0x0777,
			     40, where, sizeof(where)),
	    PV_ENOMEM);
	place->port.pci_close(place->port.ctx, 2);
	assert_int_equal(place->port.pci_open(place->port.ctx, 0x0b5d, 0x0777,
			     40, where, sizeof(where)),
	    2);
}

#define on_place(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		on_place(test_found_among_others),
		on_place(test_requests),
		on_place(test_time),
		on_place(test_end_resets_it),
		on_place(test_not_touched_unless_wanted),
		on_place(test_asks_with_the_option),
		on_place(test_no_such_device),
		on_place(test_no_pci),
		on_place(test_driver_of_the_kernel_has_it),
		on_place(test_bars_that_are_none),
		on_place(test_device_is_enabled),
		on_place(test_registers_that_are_not_there),
		on_place(test_file_that_gets_short),
		on_place(test_registers_of_all_ones),
		on_place(test_no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
