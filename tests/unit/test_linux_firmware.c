/* SPDX-License-Identifier: ISC */
/* port/linux against a sysfs that the test makes: fw_cfg, DMI, and which
 * devices the kernel holds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/linux/linux.h"
#include "pvbus/guest.h"
#include "tests/support/tree.h"
#include "wire/cpuid.h"
#include "wire/endian.h"

#define BY_KEY "firmware/qemu_fw_cfg/by_key"
#define DMI "firmware/dmi/tables/DMI"
#define NOBODY 65534

/* ---- The tree --------------------------------------------------------- */

struct tree {
	char root[64];
	char log[2048];
	struct linux_port *linux_port;
	struct pv_port port; /* its own, but for CPUID */
	struct pv_bus *bus;
};

static void
keep_log(void *ctx, enum pv_log level, const char *line)
{
	struct tree *tree = ctx;
	size_t len = strlen(tree->log);

	(void)level;
	snprintf(tree->log + len, sizeof(tree->log) - len, "%s\n", line);
}

static void
kvm_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	(void)ctx;
	(void)subleaf;
	*out = (struct pv_cpuid){ 0 };
	if (leaf == 1)
		out->ecx = CPUID_1_ECX_HYPERVISOR;
	if (leaf == CPUID_HV_FIRST)
		*out = (struct pv_cpuid){ CPUID_HV_FIRST + 1, get_le32("KVMK"),
			get_le32("VMKV"), get_le32("M\0\0\0") };
	if (leaf == CPUID_HV_FIRST + CPUID_KVM_FEATURES)
		out->eax = CPUID_KVM_CLOCKSOURCE2 |
		    CPUID_KVM_CLOCKSOURCE_STABLE;
}

static int
tree_setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (tree == NULL)
		return -1;
	strcpy(tree->root, "/tmp/pvbus-test.XXXXXX");
	if (mkdtemp(tree->root) == NULL || chmod(tree->root, 0755) != 0)
		return -1;
	tree->linux_port = linux_port_new(
	    &(struct linux_port_config){ .sys = tree->root,
		.log = keep_log,
		.log_ctx = tree });
	if (tree->linux_port == NULL)
		return -1;
	tree->port = *linux_port_table(tree->linux_port);
	tree->port.cpuid = kvm_cpuid;
	*state = tree;
	return 0;
}

static int
tree_teardown(void **state)
{
	struct tree *tree = *state;

	pv_bus_detach(tree->bus);
	linux_port_free(tree->linux_port);
	tree_remove(tree->root);
	free(tree);
	return 0;
}

static void
make_path(const struct tree *tree, char *to, size_t size, const char *file)
{
	assert_in_range(snprintf(to, size, "%s/%s", tree->root, file), 1,
	    size - 1);
}

/* A file, and the directories above it. */
static void
put(const struct tree *tree, const char *file, const void *bytes, size_t size)
{
	char path[512];
	FILE *to;

	make_path(tree, path, sizeof(path), file);
	for (char *slash = path + strlen(tree->root) + 1;
	     (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		if (mkdir(path, 0755) != 0)
			assert_int_equal(errno, EEXIST);
	}
	if (bytes == NULL)
		return; /* the directories alone */
	to = fopen(path, "w");
	assert_non_null(to);
	assert_int_equal(fwrite(bytes, 1, size, to), size);
	fclose(to);
}

static void
put_text(const struct tree *tree, const char *file, const char *text)
{
	put(tree, file, text, strlen(text));
}

/* As the driver shows one: text ends with a newline. */
static void
put_item(const struct tree *tree, const char *key, const char *name,
    size_t size, const void *raw, size_t rawsize)
{
	char file[128], text[128];

	snprintf(file, sizeof(file), BY_KEY "/%s/name", key);
	snprintf(text, sizeof(text), "%s\n", name);
	put_text(tree, file, text);
	snprintf(file, sizeof(file), BY_KEY "/%s/size", key);
	snprintf(text, sizeof(text), "%zu\n", size);
	put_text(tree, file, text);
	snprintf(file, sizeof(file), BY_KEY "/%s/raw", key);
	put(tree, file, raw, rawsize);
}

static void
drop(const struct tree *tree, const char *file)
{
	char path[512];

	make_path(tree, path, sizeof(path), file);
	assert_int_equal(remove(path), 0);
}

static void
set_mode(const struct tree *tree, const char *file, mode_t mode)
{
	char path[512];

	make_path(tree, path, sizeof(path), file);
	assert_int_equal(chmod(path, mode), 0);
}

static void
attach(struct tree *tree)
{
	static const struct pv_driver *const drivers[] = { &pv_fwcfg_driver,
		&pv_smbios_driver, NULL };

	assert_int_equal(pv_bus_attach(&(struct pv_bus_config){ .port =
								    &tree->port,
					   .drivers = drivers },
			     &tree->bus),
	    PV_OK);
}

static void
done(struct pv_kv *kv)
{
	*(bool *)kv->owner = true;
}

static int
read_key(struct tree *tree, const char *key, void *to, size_t room, size_t *len)
{
	bool finished = false;
	struct pv_kv kv = { .op = PV_READ,
		.key = key,
		.keylen = strlen(key),
		.value = to,
		.room = room,
		.deadline = PV_NEVER,
		.done = done,
		.owner = &finished };

	pv_store_submit(tree->bus, pv_bus_interface(tree->bus, 0), &kv);
	assert_int_equal(pv_await(tree->bus, &finished,
			     pv_bus_now(tree->bus) + 60 * PV_SECOND),
	    PV_OK);
	*len = kv.len;
	return kv.error;
}

static void
reads(struct tree *tree, const char *key, const char *expected)
{
	char value[64];
	size_t len;

	assert_int_equal(read_key(tree, key, value, sizeof(value), &len),
	    PV_OK);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(value, expected, len);
}

static int
item(struct tree *tree, unsigned index, struct pv_fw_item *out)
{
	return tree->port.fw_item(tree->port.ctx, index, out);
}

/* Waits where the port says so. */
static long
fw_read(const struct pv_port *port, uint32_t id, uint64_t offset, void *to,
    size_t size)
{
	uint64_t deadline = port->now(port->ctx) + 60 * PV_SECOND;
	long got;

	while ((got = port->fw_read(port->ctx, id, offset, to, size)) ==
		PV_EAGAIN &&
	    port->now(port->ctx) < deadline)
		port->wait(port->ctx, deadline);
	return got;
}

static void
log_has(const struct tree *tree, const char *text)
{
	if (strstr(tree->log, text) == NULL)
		fail_msg("expected \"%s\" in\n%s", text, tree->log);
}

/* ---- fw_cfg ----------------------------------------------------------- */

static void
test_items(void **state)
{
	struct tree *tree = *state;
	struct pv_fw_item got;
	unsigned seen = 0;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	put_item(tree, "16383", "etc/system-states", 6, "\0\1\2\3\4\5", 6);
	put_item(tree, "40", "opt/empty", 0, "", 0);
	/* in the order of the directory, whichever that is */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(item(tree, i, &got), PV_OK);
		if (got.id == 32) {
			assert_string_equal(got.name, "opt/a");
			assert_int_equal(got.size, 3);
		} else if (got.id == 16383) {
			assert_string_equal(got.name, "etc/system-states");
			assert_int_equal(got.size, 6);
		} else {
			assert_int_equal(got.id, 40);
			assert_string_equal(got.name, "opt/empty");
			assert_int_equal(got.size, 0);
		}
		seen |= got.id == 32 ? 1 : got.id == 40 ? 2 : 4;
	}
	assert_int_equal(seen, 7);
	assert_int_equal(item(tree, 3, &got), PV_ENOENT);
	assert_int_equal(item(tree, UINT32_MAX, &got), PV_ENOENT);
}

static void
test_fw_read(void **state)
{
	struct tree *tree = *state;
	const struct pv_port *port = &tree->port;
	char value[16];

	put_item(tree, "32", "opt/a", 10, "0123456789", 10);
	assert_int_equal(fw_read(port, 32, 0, value, 16), 10);
	assert_memory_equal(value, "0123456789", 10);
	assert_int_equal(fw_read(port, 32, 4, value, 3), 3);
	assert_memory_equal(value, "456", 3);
	assert_int_equal(fw_read(port, 32, 8, value, 16), 2);
	assert_int_equal(fw_read(port, 32, 10, value, 16), 0);
	assert_int_equal(fw_read(port, 32, 99, value, 16), 0);
	assert_int_equal(fw_read(port, 33, 0, value, 16), PV_EIO);
}

static void
test_attach_and_read(void **state)
{
	struct tree *tree = *state;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	put_item(tree, "33", "opt/empty", 0, "", 0);
	attach(tree);
	log_has(tree, "fwcfg0 at pvbus0: Linux qemu_fw_cfg, 2 items\n");
	reads(tree, "opt/a", "abc");
	reads(tree, "opt/empty", "");
}

static void
test_large_item(void **state)
{
	struct tree *tree = *state;
	enum {
		SIZE = 300000
	};
	unsigned char *bytes = malloc(SIZE), *got = malloc(SIZE);
	size_t len;

	for (unsigned i = 0; i < SIZE; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	put_item(tree, "32", "opt/large", SIZE, bytes, SIZE);
	attach(tree);
	assert_int_equal(read_key(tree, "opt/large", got, SIZE, &len), PV_OK);
	assert_int_equal(len, SIZE);
	assert_memory_equal(got, bytes, SIZE);
	assert_int_equal(read_key(tree, "opt/large", got, SIZE - 1, &len),
	    PV_ERANGE);
	free(bytes);
	free(got);
}

static void
test_other_entries_are_ignored(void **state)
{
	struct tree *tree = *state;
	struct pv_fw_item got;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	put_item(tree, "x33", "opt/b", 3, "abc", 3);
	put_item(tree, "34x", "opt/c", 3, "abc", 3);
	put_item(tree, ".35", "opt/d", 3, "abc", 3);
	put_item(tree, "0x24", "opt/e", 3, "abc", 3);
	put_text(tree, BY_KEY "/36", "not a directory of an item");
	put(tree, BY_KEY "/37/nothing", NULL, 0);
	/* half made, or half gone */
	put_item(tree, "38", "opt/f", 3, "abc", 3);
	drop(tree, BY_KEY "/38/size");
	drop(tree, BY_KEY "/36");
	assert_int_equal(item(tree, 0, &got), PV_OK);
	assert_int_equal(got.id, 32);
	assert_int_equal(item(tree, 1, &got), PV_ENOENT);
}

static void
test_names_that_can_be_no_key(void **state)
{
	static const char longest[] =
	    "opt/5678901234567890123456789012345678901234567890abcde";
	struct tree *tree = *state;

	_Static_assert(sizeof(longest) == 56, "as long as a name can be");
	put_item(tree, "32", longest, 3, "abc", 3);
	put_item(tree, "33", "", 3, "abc", 3);
	put_item(tree, "34", "opt/\x1b[2J", 3, "abc", 3);
	put_item(tree, "35", "opt/b b", 3, "abc", 3);
	put_item(tree, "36", "opt/gr\xc3\xbc", 3, "abc", 3);
	attach(tree);
	log_has(tree, "Linux qemu_fw_cfg, 1 item, 4 bad left out\n");
	reads(tree, longest, "abc");
}

static void
test_raw_shorter_than_size_is_eio(void **state)
{
	struct tree *tree = *state;
	char value[16] = "untouched";
	size_t len;

	put_item(tree, "32", "opt/short", 10, "12345", 5);
	put_item(tree, "33", "opt/none", 10, "", 0);
	attach(tree);
	assert_int_equal(read_key(tree, "opt/short", value, 16, &len), PV_EIO);
	assert_int_equal(len, 0);
	assert_int_equal(read_key(tree, "opt/none", value, 16, &len), PV_EIO);
}

/* One that is longer than it was gives what it was said to have. */
static void
test_raw_longer_than_size(void **state)
{
	struct tree *tree = *state;

	put_item(tree, "32", "opt/long", 3, "12345", 5);
	attach(tree);
	reads(tree, "opt/long", "123");
}

static void
test_raw_that_vanishes_is_eio(void **state)
{
	struct tree *tree = *state;
	char value[16];
	size_t len;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	attach(tree);
	drop(tree, BY_KEY "/32/raw");
	assert_int_equal(read_key(tree, "opt/a", value, 16, &len), PV_EIO);
	drop(tree, BY_KEY "/32/name");
	drop(tree, BY_KEY "/32/size");
	drop(tree, BY_KEY "/32");
	assert_int_equal(read_key(tree, "opt/a", value, 16, &len), PV_EIO);
}

/* A file is fetched once: the kernel takes seconds for a long one. */
static void
test_raw_is_fetched_once(void **state)
{
	struct tree *tree = *state;
	char value[16];
	size_t len;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	put_item(tree, "33", "opt/b", 3, "def", 3);
	attach(tree);
	reads(tree, "opt/a", "abc");
	drop(tree, BY_KEY "/32/raw");
	drop(tree, BY_KEY "/33/raw");
	reads(tree, "opt/a", "abc");
	assert_int_equal(read_key(tree, "opt/b", value, 16, &len), PV_EIO);
}

/* Of many large files only as many stay as there is room for; all can be
 * read, again and again. */
static void
test_more_files_than_are_kept(void **state)
{
	enum {
		SIZE = 5 * 1024 * 1024,
		COUNT = 5
	};
	struct tree *tree = *state;
	char *bytes = malloc(SIZE), *value = malloc(SIZE), key[2][16];
	size_t len;

	assert_non_null(bytes);
	assert_non_null(value);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(key[0], sizeof(key[0]), "%u", 40 + i);
		snprintf(key[1], sizeof(key[1]), "opt/%u", i);
		memset(bytes, 'a' + (int)i, SIZE);
		put_item(tree, key[0], key[1], SIZE, bytes, SIZE);
	}
	attach(tree);
	for (unsigned i = 0; i < 2 * COUNT; i++) {
		snprintf(key[1], sizeof(key[1]), "opt/%u", i % COUNT);
		assert_int_equal(read_key(tree, key[1], value, SIZE, &len),
		    PV_OK);
		assert_int_equal(len, SIZE);
		assert_int_equal(value[0], 'a' + i % COUNT);
		assert_int_equal(value[SIZE - 1], 'a' + i % COUNT);
	}
	free(bytes);
	free(value);
}

static void
test_file_too_large_to_keep_is_emsgsize(void **state)
{
	struct tree *tree = *state;
	char value[16];
	struct pv_kv kv = { .op = PV_READ,
		.flags = PV_KV_PARTIAL,
		.key = "opt/a",
		.keylen = 5,
		.value = value,
		.room = sizeof(value),
		.deadline = PV_NEVER,
		.done = done };
	bool finished = false;

	kv.owner = &finished;
	put_item(tree, "32", "opt/a", 16u * 1024 * 1024 + 1, "abc", 3);
	attach(tree);
	pv_store_submit(tree->bus, pv_bus_interface(tree->bus, 0), &kv);
	assert_int_equal(pv_await(tree->bus, &finished,
			     pv_bus_now(tree->bus) + 60 * PV_SECOND),
	    PV_OK);
	assert_int_equal(kv.error, PV_EMSGSIZE);
}

static void
test_size_that_is_no_number(void **state)
{
	struct tree *tree = *state;
	struct pv_fw_item got;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	put_text(tree, BY_KEY "/32/size", "many\n");
	assert_int_equal(item(tree, 0, &got), PV_OK);
	assert_int_equal(got.size, 0);
}

static void
test_no_fw_cfg(void **state)
{
	struct tree *tree = *state;
	struct pv_fw_item got;

	assert_int_equal(item(tree, 0, &got), PV_ENODEV);
	assert_string_equal(tree->log, "");
	attach(tree);
	assert_null(strstr(tree->log, "fwcfg"));
	assert_null(pv_bus_interface(tree->bus, 0)->store);
}

static void
test_hint_when_the_module_is_not_loaded(void **state)
{
	struct tree *tree = *state;
	const char *hint = "this machine has fw_cfg, but the kernel module "
			   "qemu_fw_cfg is not loaded: try modprobe "
			   "qemu_fw_cfg\n";

	put_text(tree, "bus/acpi/devices/QEMU0002:00/hid", "QEMU0002\n");
	attach(tree);
	log_has(tree, hint);
	/* said once */
	assert_null(strstr(strstr(tree->log, hint) + 1, hint));
	assert_null(strstr(tree->log, "fwcfg0"));
	/* and not where the driver is there */
	tree->log[0] = '\0';
	put_item(tree, "32", "opt/a", 3, "abc", 3);
	pv_bus_detach(tree->bus);
	attach(tree);
	assert_null(strstr(tree->log, "modprobe"));
	log_has(tree, "fwcfg0 at pvbus0: Linux qemu_fw_cfg, 1 item\n");
}

static void
test_no_items(void **state)
{
	struct tree *tree = *state;
	char value[4];
	size_t len;

	put(tree, BY_KEY "/x", NULL, 0);
	attach(tree);
	log_has(tree, "fwcfg0 at pvbus0: Linux qemu_fw_cfg, 0 items\n");
	assert_int_equal(read_key(tree, "opt/a", value, 4, &len), PV_ENOENT);
}

/* ---- What may not be read --------------------------------------------- */

/* Root may read all, so look as somebody else; and in a child in any case, as
 * what has been read is kept. */
static int
as_nobody(struct tree *tree, int (*look)(struct tree *))
{
	int status;
	pid_t pid;

	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(100);
		_exit(look(tree) & 0xff);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 100) {
		print_message("# cannot become somebody else here\n");
		skip();
	}
	return WEXITSTATUS(status);
}

/* The number of a PV_E, as an exit status. */
static int
look_at_items(struct tree *tree)
{
	struct pv_fw_item got;

	return -item(tree, 0, &got);
}

static int
look_at_raw(struct tree *tree)
{
	char value[16];
	long got = fw_read(&tree->port, 32, 0, value, 16);

	return got < 0 ? (int)-got : 0;
}

static int
look_at_dmi(struct tree *tree)
{
	long got = tree->port.smbios(tree->port.ctx, NULL, 0);

	return got < 0 ? (int)-got : 0;
}

static int
look_at_report(struct tree *tree)
{
	static const struct pv_driver *const drivers[] = { &pv_fwcfg_driver,
		&pv_smbios_driver, NULL };

	if (pv_bus_attach(&(struct pv_bus_config){ .port = &tree->port,
			      .drivers = drivers },
		&tree->bus) != PV_OK)
		return 1;
	if (strstr(tree->log,
		"\"fwcfg\" at pvbus0: refused, not configured"
		"\n") == NULL)
		return 2;
	if (strstr(tree->log,
		"\"smbios\" at pvbus0: refused, not configured"
		"\n") == NULL)
		return 3;
	return pv_bus_interface(tree->bus, 0)->store != NULL ? 4 : 0;
}

static void
test_unreadable_name_is_eacces(void **state)
{
	struct tree *tree = *state;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	assert_int_equal(as_nobody(tree, look_at_items), 0);
	set_mode(tree, BY_KEY "/32/name", 0);
	assert_int_equal(as_nobody(tree, look_at_items), -PV_EACCES);
	set_mode(tree, BY_KEY "/32/name", 0444);
	set_mode(tree, BY_KEY "/32/size", 0);
	assert_int_equal(as_nobody(tree, look_at_items), -PV_EACCES);
	set_mode(tree, BY_KEY, 0);
	assert_int_equal(as_nobody(tree, look_at_items), -PV_EACCES);
	set_mode(tree, BY_KEY, 0755);
}

static void
test_unreadable_raw_is_eacces(void **state)
{
	struct tree *tree = *state;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	assert_int_equal(as_nobody(tree, look_at_raw), 0);
	set_mode(tree, BY_KEY "/32/raw", 0);
	assert_int_equal(as_nobody(tree, look_at_raw), -PV_EACCES);
}

static void
test_unreadable_dmi_is_eacces(void **state)
{
	struct tree *tree = *state;

	put(tree, DMI, "\177\4\0\0\0\0", 6);
	assert_int_equal(as_nobody(tree, look_at_dmi), 0);
	set_mode(tree, DMI, 0400);
	assert_int_equal(as_nobody(tree, look_at_dmi),
	    geteuid() == 0 ? -PV_EACCES : 0);
}

static void
test_report_says_refused(void **state)
{
	struct tree *tree = *state;

	put_item(tree, "32", "opt/a", 3, "abc", 3);
	put(tree, DMI, "\177\4\0\0\0\0", 6);
	set_mode(tree, BY_KEY "/32/name", 0);
	set_mode(tree, DMI, 0);
	assert_int_equal(as_nobody(tree, look_at_report), 0);
}

/* ---- DMI -------------------------------------------------------------- */

static const unsigned char dmi[] = "\x0b\5\0\0\2one\0two=2\0\0"
				   "\x7f\4\0\0\0";

static void
test_dmi_table(void **state)
{
	struct tree *tree = *state;
	const struct pv_port *port = &tree->port;
	unsigned char got[64];

	put(tree, DMI, dmi, sizeof(dmi));
	/* as often as it is asked for */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(port->smbios(port->ctx, NULL, 0), sizeof(dmi));
		memset(got, '#', sizeof(got));
		assert_int_equal(port->smbios(port->ctx, got, sizeof(dmi)),
		    sizeof(dmi));
		assert_memory_equal(got, dmi, sizeof(dmi));
		assert_int_equal(got[sizeof(dmi)], '#');
	}
	/* without having asked for the length; and with too little room */
	assert_int_equal(port->smbios(port->ctx, got, sizeof(got)),
	    sizeof(dmi));
	memset(got, '#', sizeof(got));
	assert_int_equal(port->smbios(port->ctx, got, sizeof(dmi) - 1),
	    sizeof(dmi));
	assert_int_equal(got[0], '#');
}

static void
test_dmi_attaches(void **state)
{
	struct tree *tree = *state;

	put(tree, DMI, dmi, sizeof(dmi));
	attach(tree);
	log_has(tree, "smbios0 at pvbus0: 2 OEM strings\n");
	reads(tree, "oem/1", "one");
	reads(tree, "oem/2", "two=2");
	reads(tree, "oem/two", "2");
}

static void
test_dmi_of_another_length_the_second_time(void **state)
{
	struct tree *tree = *state;
	const struct pv_port *port = &tree->port;
	unsigned char got[64];

	put(tree, DMI, dmi, sizeof(dmi));
	assert_int_equal(port->smbios(port->ctx, NULL, 0), sizeof(dmi));
	drop(tree, DMI);
	/* it was read already, in one piece */
	assert_int_equal(port->smbios(port->ctx, got, sizeof(got)),
	    sizeof(dmi));
	assert_memory_equal(got, dmi, sizeof(dmi));
	assert_int_equal(port->smbios(port->ctx, NULL, 0), PV_ENODEV);
	/* who asks for the length anew is told the length of now */
	put(tree, DMI, dmi, sizeof(dmi));
	assert_int_equal(port->smbios(port->ctx, NULL, 0), sizeof(dmi));
	put(tree, DMI, dmi + 15, sizeof(dmi) - 15);
	assert_int_equal(port->smbios(port->ctx, NULL, 0), sizeof(dmi) - 15);
	assert_int_equal(port->smbios(port->ctx, got, sizeof(got)),
	    sizeof(dmi) - 15);
	assert_memory_equal(got, dmi + 15, sizeof(dmi) - 15);
}

static void
test_no_dmi(void **state)
{
	struct tree *tree = *state;
	const struct pv_port *port = &tree->port;

	assert_int_equal(port->smbios(port->ctx, NULL, 0), PV_ENODEV);
	attach(tree);
	assert_null(strstr(tree->log, "smbios"));
	pv_bus_detach(tree->bus);
	put(tree, DMI, "", 0);
	assert_int_equal(port->smbios(port->ctx, NULL, 0), 0);
	attach(tree);
	assert_null(strstr(tree->log, "smbios"));
}

static void
test_huge_dmi_is_refused(void **state)
{
	struct tree *tree = *state;
	enum {
		SIZE = 1024 * 1024 + 1
	};
	unsigned char *bytes = calloc(1, SIZE);

	memcpy(bytes, dmi, sizeof(dmi));
	put(tree, DMI, bytes, SIZE);
	attach(tree);
	log_has(tree,
	    "\"smbios\" at pvbus0: the host answered nonsense, "
	    "not configured\n");
	pv_bus_detach(tree->bus);
	/* and the largest that is not */
	put(tree, DMI, bytes, SIZE - 1);
	attach(tree);
	log_has(tree, "smbios0 at pvbus0: 2 OEM strings\n");
	free(bytes);
}

/* ---- What the kernel holds -------------------------------------------- */

static void
held(struct tree *tree, const char *device, const char *expected)
{
	char holder[48] = "nobody";
	int error = tree->port.holder(tree->port.ctx, device, holder,
	    sizeof(holder));

	assert_int_equal(error, expected != NULL ? PV_OK : PV_ENOENT);
	assert_string_equal(holder, expected != NULL ? expected : "nobody");
}

static void
test_holders(void **state)
{
	static const char clocks[] = "devices/system/clocksource/clocksource0/"
				     "available_clocksource";
	static const char *const devices[] = { "pvclock", "hyperv", "xen",
		"fwcfg", "vmt", "smbios", "" };
	struct tree *tree = *state;

	for (unsigned i = 0; i < 7; i++)
		held(tree, devices[i], NULL);
	put_text(tree, clocks, "tsc hpet acpi_pm \n");
	held(tree, "pvclock", NULL);
	put_text(tree, clocks, "tsc kvm-clock acpi_pm \n");
	held(tree, "pvclock", "Linux kvm-clock");
	put(tree, "bus/vmbus/devices/x", NULL, 0);
	put(tree, "bus/xen/devices/x", NULL, 0);
	put(tree, "firmware/qemu_fw_cfg/x", NULL, 0);
	held(tree, "hyperv", "Linux hv_vmbus");
	held(tree, "xen", "Linux xenbus");
	held(tree, "fwcfg", "Linux qemu_fw_cfg");
	held(tree, "vmt", NULL);
	held(tree, "smbios", NULL);
	attach(tree);
	log_has(tree, "\"pvclock\" at pvbus0: Linux kvm-clock\n");
}

static void
test_holder_name_is_cut(void **state)
{
	struct tree *tree = *state;
	char holder[6] = "#####";

	put(tree, "bus/xen/devices/x", NULL, 0);
	assert_int_equal(tree->port.holder(tree->port.ctx, "xen", holder, 5),
	    PV_OK);
	assert_string_equal(holder, "Linu");
	assert_int_equal(holder[5], '\0');
}

/* A root that fits into no path: nothing is there, nothing is overrun. */
static void
test_root_that_is_too_long(void **state)
{
	struct tree *tree = *state;
	char *root = malloc(10000);
	struct linux_port *linux_port;
	const struct pv_port *port;
	struct pv_fw_item got;
	char holder[8];

	(void)tree;
	memset(root, 'x', 9999);
	root[0] = '/';
	root[9999] = '\0';
	linux_port = linux_port_new(&(struct linux_port_config){ .sys = root });
	assert_non_null(linux_port);
	port = linux_port_table(linux_port);
	assert_int_equal(port->fw_item(port->ctx, 0, &got), PV_ENODEV);
	assert_int_equal(port->smbios(port->ctx, NULL, 0), PV_ENODEV);
	assert_int_equal(port->holder(port->ctx, "xen", holder, 8), PV_ENOENT);
	linux_port_free(linux_port);
	free(root);
}

#define tree_test(f) \
	cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tree_test(test_items),
		tree_test(test_fw_read),
		tree_test(test_attach_and_read),
		tree_test(test_large_item),
		tree_test(test_other_entries_are_ignored),
		tree_test(test_names_that_can_be_no_key),
		tree_test(test_raw_shorter_than_size_is_eio),
		tree_test(test_raw_longer_than_size),
		tree_test(test_raw_that_vanishes_is_eio),
		tree_test(test_raw_is_fetched_once),
		tree_test(test_more_files_than_are_kept),
		tree_test(test_file_too_large_to_keep_is_emsgsize),
		tree_test(test_size_that_is_no_number),
		tree_test(test_no_fw_cfg),
		tree_test(test_hint_when_the_module_is_not_loaded),
		tree_test(test_no_items),
		tree_test(test_unreadable_name_is_eacces),
		tree_test(test_unreadable_raw_is_eacces),
		tree_test(test_unreadable_dmi_is_eacces),
		tree_test(test_report_says_refused),
		tree_test(test_dmi_table),
		tree_test(test_dmi_attaches),
		tree_test(test_dmi_of_another_length_the_second_time),
		tree_test(test_no_dmi),
		tree_test(test_huge_dmi_is_refused),
		tree_test(test_holders),
		tree_test(test_holder_name_is_cut),
		tree_test(test_root_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
