/* SPDX-License-Identifier: ISC */
/*
 * pvbusd comes and goes: command line, configuration, sockets and their
 * directory, rights, signals, service managers; each exit status and message.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/support/daemon.h"

static struct answer answer;

static bool
exists(const char *directory, const char *name)
{
	char path[256];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return lstat(path, &status) == 0;
}

static void
is_printed(const struct pvbusd *d, const char *line)
{
	size_t len = strlen(line);
	const char *at = d->printed;

	while ((at = strstr(at, line)) != NULL) {
		if ((at == d->printed || at[-1] == '\n') && at[len] == '\n')
			return;
		at++;
	}
	fail_msg("\"%s\" is not a line of: %s", line, d->printed);
}

/* ---- The command line ------------------------------------------------- */

static void
test_help_and_version(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-h", NULL), 0);
	assert_memory_equal(d->printed, "usage: pvbusd ", 14);
	assert_int_equal(pvbusd_run(d, NULL, "-V", NULL), 0);
	assert_memory_equal(d->printed, "pvbusd ", 7);
	assert_string_equal(pvbusd_said(d), "");
}

static void
test_unknown_option(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-x", NULL), EX_USAGE);
	pvbusd_has_said(d, "usage: pvbusd ");
	assert_int_equal(pvbusd_run(d, NULL, "--nothing", NULL), EX_USAGE);
	pvbusd_has_said(d, "usage: pvbusd ");
	assert_string_equal(d->printed, "");
}

static void
test_option_without_its_argument(void **state)
{
	static const char *const options[] = { "-c", "-H", "-s" };
	struct pvbusd *d = *state;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		assert_int_equal(pvbusd_run(d, NULL, "-1", options[i], NULL),
		    EX_USAGE);
		pvbusd_has_said(d, "usage: pvbusd ");
	}
}

static void
test_words_that_are_no_options(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:kvm", "more",
			     NULL),
	    EX_USAGE);
	pvbusd_has_said(d, "usage: pvbusd ");
	assert_string_equal(d->printed, "");
}

static void
test_unknown_machine(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-H", "kvm", NULL), EX_USAGE);
	pvbusd_has_said(d, "-H kvm: a machine is auto, or sim:");
	assert_int_equal(pvbusd_run(d, NULL, "-H", "", NULL), EX_USAGE);
}

static void
test_unknown_simulation(void **state)
{
	static const char *const names[] = { "sim:", "sim:nothing",
		"sim:kvm+nothing", "sim:+kvm", "sim:kvm+", "sim:kvmx" };
	struct pvbusd *d = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", names[i],
				     NULL),
		    EX_USAGE);
		pvbusd_has_said(d, names[i]);
		pvbusd_has_said(d, "a simulated machine is one or more of kvm");
		assert_string_equal(d->printed, "");
	}
}

static void
test_more_machines_than_there_is_room_for(void **state)
{
	struct pvbusd *d = *state;
	const char *h = "-H", *m = "sim:kvm";

	assert_int_equal(pvbusd_run(d, NULL, "-1", h, m, h, m, h, m, h, m, h, m,
			     h, m, h, m, h, m, NULL),
	    0);
	assert_int_equal(pvbusd_run(d, NULL, "-1", h, m, h, m, h, m, h, m, h, m,
			     h, m, h, m, h, m, h, m, NULL),
	    EX_USAGE);
	pvbusd_has_said(d, "more than 8 machines");
}

/* ---- Once ------------------------------------------------------------- */

static void
test_once_prints_the_tree(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:kvm", "-s",
			     d->sockets, NULL),
	    0);
	is_printed(d, "pvbus0 at mainbus0: KVM");
	is_printed(d, "fwcfg0 at pvbus0: DMA, 8 items");
	assert_string_equal(pvbusd_said(d), "");
	assert_false(exists(d->root, "run"));
}

static void
test_once_with_several_machines(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:kvm", "-H",
			     "sim:kvm+hyperv", "-H", "sim:bhyve", NULL),
	    0);
	is_printed(d, "pvbus0 at mainbus0: KVM");
	is_printed(d, "pvbus1 at mainbus1: KVM, Hyper-V 10.0");
	is_printed(d, "pvbus2 at mainbus2: bhyve");
}

static void
test_no_hypervisor(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:none", NULL),
	    EX_UNAVAILABLE);
	pvbusd_has_said(d, "sim:none: no hypervisor here");
	assert_string_equal(d->printed, "");
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:none", "-s", d->sockets,
			     NULL),
	    EX_UNAVAILABLE);
	pvbusd_has_said(d, "sim:none: no hypervisor here");
	assert_false(exists(d->root, "run"));
}

static void
test_no_hypervisor_on_one_of_two(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:none", "-H",
			     "sim:kvm", NULL),
	    0);
	pvbusd_has_said(d, "sim:none: no hypervisor here");
	is_printed(d, "pvbus1 at mainbus1: KVM");
}

static void
test_once_to_a_full_device(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, "/dev/full", "-1", "-H", "sim:kvm",
			     NULL),
	    EX_IOERR);
	pvbusd_has_said(d, "No space left on device");
}

/* ---- The configuration ------------------------------------------------ */

/* The last line is bad. */
static void
bad_config(struct pvbusd *d, const char *text, size_t size, const char *why)
{
	unsigned line = 1;
	char message[256];

	for (size_t i = 0; i + 1 < size; i++)
		line += text[i] == '\n';
	snprintf(message, sizeof(message), "%s:%u: %s", d->config, line, why);
	pvbusd_configure(d, text, size);
	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:kvm", "-c",
			     d->config, NULL),
	    EX_CONFIG);
	pvbusd_has_said(d, message);
	assert_string_equal(d->printed, "");
}

static void
test_lines_that_say_nothing_known(void **state)
{
	static const char *const lines[] = { "nothing at all",
		"# first\n\n\t \nMachine sim:kvm\n", "item a b\n=\tx\n" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad_config(*state, lines[i], strlen(lines[i]), "unknown word");
}

static void
test_words_without_a_value(void **state)
{
	static const char *const lines[] = { "machine", "directory \t\n",
		"group\n", "clients", "oem \n", "item\n", "\n\nfile",
		"poweroff ", "reboot", "suspend", "freeze", "thaw\n", "limit",
		"time", "leave-out" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad_config(*state, lines[i], strlen(lines[i]),
		    "a value is missing");
}

static void
test_bad_numbers_of_clients(void **state)
{
	static const char *const lines[] = { "clients 0", "clients x",
		"clients -1", "clients 4097", "clients 10 11",
		"clients 99999999999999999999999" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad_config(*state, lines[i], strlen(lines[i]),
		    "a number from 1 to 4096 is wanted");
}

static void
test_bad_limits_of_commands(void **state)
{
	static const char *const lines[] = { "limit 0", "limit x", "limit -1",
		"limit 3601", "limit 10 s" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad_config(*state, lines[i], strlen(lines[i]),
		    "a number from 1 to 3600 is wanted");
}

static void
test_bad_words_of_time(void **state)
{
	static const char *const lines[] = { "time on", "time SET",
		"time set slew" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad_config(*state, lines[i], strlen(lines[i]),
		    "set, slew or off is wanted");
}

static void
test_bad_words_of_vmmci(void **state)
{
	static const char *const lines[] = { "vmmci yes", "vmmci ON",
		"vmmci on off" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad_config(*state, lines[i], strlen(lines[i]),
		    "on or off is wanted");
}

/* A machine that is none of vmm's has nothing to drive, and keeps no right. */
static void
test_vmmci_of_another_machine(void **state)
{
	struct pvbusd *d = *state;
	char value[64];

	pvbusd_configure_also(d, "vmmci off\nvmmci on\n");
	pvbusd_start(d, "-H", "sim:kvm", "-H", "auto", NULL);
	assert_null(strstr(pvbusd_said(d), "vmmci"));
	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	pvbusd_status(d, "CapEff", value, sizeof(value));
	assert_string_equal(value, "0000000000000000");
}

/* By ports as a kernel would, so without the word. */
static void
test_simulated_vmm_has_vmmci(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_configure_also(d, "");
	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:vmm", NULL), 0);
	is_printed(d,
	    "vmmci0 at pvbus0 pci 00:03.0: shutdown, reboot, host time, "
	    "clock sync");
}

static void
test_freeze_without_thaw(void **state)
{
	bad_config(*state, "freeze /bin/true\n", 17,
	    "freeze and thaw need each other");
	bad_config(*state, "thaw /bin/true\ngroup 0\n", 23,
	    "freeze and thaw need each other");
}

/* None of them runs for a host that is simulated, and none costs a right. */
static void
test_words_for_a_host_of_vmware(void **state)
{
	static const char lines[] =
	    "poweroff /bin/false x\nreboot /bin/false\nsuspend /bin/false\n"
	    "freeze /bin/false\nthaw /bin/false\nlimit 3600\ntime slew\n"
	    "leave-out docker* veth*\nleave-out none\n"
	    "guestinfo guestinfo.a b\n";
	struct pvbusd *d = *state;
	char value[64];

	pvbusd_configure_also(d, lines);
	pvbusd_start(d, "-H", "sim:kvm", "-H", "sim:vmware", NULL);
	close(client_try(d, 1, getuid()));
	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	pvbusd_status(d, "CapEff", value, sizeof(value));
	assert_string_equal(value, "0000000000000000");
}

static void
test_bad_machines_of_the_file(void **state)
{
	static const char many[] =
	    "machine auto\nmachine auto\nmachine auto\n"
	    "machine auto\nmachine auto\nmachine auto\nmachine auto\n"
	    "machine auto\nmachine auto\n";
	struct pvbusd *d = *state;

	bad_config(d, "machine kvm\n", 12, "a machine is auto, or sim:");
	bad_config(d, "machine auto\nmachine sim:x\n", 27,
	    "a simulated machine is one or more of kvm");
	bad_config(d, many, strlen(many), "too many machines");
}

static void
test_nul_in_the_file(void **state)
{
	bad_config(*state, "oem a\noem b\0c\n", 14, "a NUL in the line");
}

static void
test_file_item_that_cannot_be_read(void **state)
{
	struct pvbusd *d = *state;

	bad_config(d, "file opt/a /nonexistent", 23,
	    "No such file or directory");
	bad_config(d, "item a b\nfile opt/a\n", 20,
	    "No such file or directory");
	bad_config(d, "file opt/a /tmp", 15, "cannot be read");
	bad_config(d, "file opt/a /dev/zero", 20, "16 MiB or more");
}

static void
test_config_that_cannot_be_read(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(pvbusd_run(d, NULL, "-1", "-c", "/nonexistent/a",
			     NULL),
	    EX_CONFIG);
	pvbusd_has_said(d, "/nonexistent/a: No such file or directory");
	assert_int_equal(pvbusd_run(d, NULL, "-1", "-c", d->root, NULL),
	    EX_CONFIG);
	pvbusd_has_said(d, "cannot be read");
}

static void
test_item_that_does_not_fit(void **state)
{
	static const char long_name[] =
	    "item 12345678901234567890123456789012345678901234567890123456 x\n";
	struct pvbusd *d = *state;

	pvbusd_configure(d, long_name, strlen(long_name));
	assert_int_equal(pvbusd_run(d, NULL, "-1", "-H", "sim:kvm", "-c",
			     d->config, NULL),
	    EX_CONFIG);
	pvbusd_has_said(d,
	    "sim:kvm: an item of the configuration does not "
	    "fit");
}

static void
test_items_files_and_oem_strings(void **state)
{
	static unsigned char large[LARGE_SIZE];
	struct pvbusd *d = *state;
	int fd;

	pvbusd_configure_also(d,
	    "item \t opt/blanks   a  b \n"
	    "oem io.systemd.credential:colour=blue\n"
	    "# no more\n");
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	fd = client_open(d);
	make_large(large);
	client_reads(fd, LARGE_KEY, large, LARGE_SIZE);
	client_reads(fd, "opt/blanks", "a  b ", 5);
	assert_int_equal(client_ask(fd, PVBUS_CMD_LIST, 0, "oem/", &answer), 0);
	assert_non_null(memmem(answer.data, answer.data_len, "colour", 6));
	assert_non_null(
	    memmem(answer.data, answer.data_len, "org.example.role", 16));
	close(fd);
}

static void
test_options_go_before_the_file(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_configure_also(d,
	    "machine sim:vmm\nmachine sim:xen\n"
	    "directory /nonexistent/directory\n");
	assert_int_equal(pvbusd_run(d, NULL, "-1", "-c", d->config, NULL), 0);
	is_printed(d, "pvbus0 at mainbus0: OpenBSD");
	is_printed(d, "pvbus1 at mainbus1: Xen 4.17");
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:bhyve", "-1", "-c",
			     d->config, NULL),
	    0);
	assert_string_equal(d->printed, "pvbus0 at mainbus0: bhyve\n");
	/* -s as well */
	pvbusd_start(d, "-H", "sim:kvm", NULL);
}

static void
test_unknown_group(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_configure_also(d, "group no-such-group\n");
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-c", d->config,
			     "-s", d->sockets, NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "group no-such-group: no such group");
	assert_false(exists(d->root, "run"));
}

/* ---- Sockets and their directory --------------------------------------- */

static void
test_several_machines_number_on(void **state)
{
	struct pvbusd *d = *state;
	static const char *const names[] = { "KVM", "KVM", "VMware", "bhyve" };
	static const int errors[] = { 0, 0, ENOENT, ENXIO };
	int fd;

	pvbusd_start(d, "-H", "sim:kvm", "-H", "sim:kvm+vmware", "-H",
	    "sim:bhyve", NULL);
	for (unsigned i = 0; i < 4; i++) {
		char line[64];

		fd = client_try(d, i, geteuid());
		assert_true(fd >= 0);
		assert_int_equal(client_ask(fd, PVBUS_CMD_INFO, 0, "", &answer),
		    0);
		snprintf(line, sizeof(line), "interface %s\n", names[i]);
		assert_non_null(
		    memmem(answer.data, answer.data_len, line, strlen(line)));
		assert_int_equal(client_ask(fd, PVBUS_CMD_GET, 0, GREETING_KEY,
				     &answer),
		    errors[i]);
		close(fd);
	}
	assert_int_equal(client_try(d, 4, geteuid()), -ENOENT);
}

static void
test_sigterm_removes_all(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_start(d, "-H", "sim:kvm", "-H", "sim:vmm", NULL);
	assert_true(exists(d->sockets, "pvbus0"));
	assert_true(exists(d->sockets, "pvbus1"));
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
	assert_false(exists(d->root, "run"));
	assert_true(client_is_closed(d->beside, DEADLINE));
}

static void
test_sigint_removes_all(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	assert_int_equal(pvbusd_end(d, SIGINT), 0);
	assert_false(exists(d->root, "run"));
}

static void
test_directory_that_was_there_stays(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(mkdir(d->sockets, 0755), 0);
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
	assert_true(exists(d->root, "run"));
	assert_int_equal(rmdir(d->sockets), 0); /* it is empty */
}

static void
test_only_the_owner_may_connect(void **state)
{
	struct pvbusd *d = *state;
	struct stat status;
	char path[256];

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	snprintf(path, sizeof(path), "%s/pvbus0", d->sockets);
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 0777, 0600);
	if (geteuid() == 0)
		assert_int_equal(client_try(d, 0, NOBODY), -EACCES);
}

/* A second one for the directory of the first; its root is its own. */
static struct pvbusd *
second_of(const struct pvbusd *first, void **state)
{
	struct pvbusd *second;

	assert_int_equal(pvbusd_setup(state), 0);
	second = *state;
	memcpy(second->sockets, first->sockets, sizeof(second->sockets));
	return second;
}

static void
test_second_daemon_leaves_the_first_alone(void **state)
{
	struct pvbusd *d = *state, *second;
	void *other;

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	second = second_of(d, &other);
	assert_int_equal(pvbusd_run(second, NULL, "-H", "sim:vmm", "-s",
			     second->sockets, NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(second, ": another pvbusd serves it");
	pvbusd_has_said(second, "-s");
	assert_int_equal(pvbusd_teardown(&other), 0);
	assert_true(exists(d->sockets, "pvbus0"));
	pvbusd_serves_others(d);
}

/* Somebody else's socket, in a directory that no other pvbusd has locked: what
 * was made before it was met goes away again, and that one stays. */
static void
test_start_undoes_what_it_did(void **state)
{
	struct pvbusd *d = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(mkdir(d->sockets, 0755) == 0 || errno == EEXIST);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/pvbus1",
	    d->sockets);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-H", "sim:kvm",
			     "-s", d->sockets, NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "/pvbus1: another pvbusd serves it");
	assert_false(exists(d->sockets, "pvbus0"));
	assert_true(exists(d->sockets, "pvbus1"));
	close(fd);
	assert_int_equal(unlink(address.sun_path), 0);
}

/* Who may remove our sockets may put links in their place. */
static void
test_directory_that_others_may_write(void **state)
{
	struct pvbusd *d = *state;

	assert_true(mkdir(d->sockets, 0755) == 0 || errno == EEXIST);
	assert_int_equal(chmod(d->sockets, 0777), 0);
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s", d->sockets,
			     NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "others may remove what is made there");
	assert_int_equal(chmod(d->sockets, 01777), 0);
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	pvbusd_serves_others(d);
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
	assert_int_equal(rmdir(d->sockets), 0);
}

static void
test_directory_of_another_user(void **state)
{
	struct pvbusd *d = *state;

	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	assert_true(mkdir(d->sockets, 0755) == 0 || errno == EEXIST);
	assert_int_equal(chown(d->sockets, 65534, (gid_t)-1), 0);
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s", d->sockets,
			     NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "belongs to another user");
}

static void
test_numbers_that_are_no_group(void **state)
{
	static const char *const numbers[] = { "4294967295", "4294967296", "-1",
		"18446744073709551616", "0x10" };
	struct pvbusd *d = *state;
	char line[64];

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(line, sizeof(line), "group %s\n", numbers[i]);
		pvbusd_configure(d, line, strlen(line));
		assert_int_equal(pvbusd_run(d, NULL, "-c", d->config, "-H",
				     "sim:kvm", "-s", d->sockets, NULL),
		    EX_CANTCREAT);
		pvbusd_has_said(d, "no such group");
	}
}

static void
test_directory_is_open_whatever_the_umask(void **state)
{
	struct pvbusd *d = *state;
	mode_t mask = umask(077);
	struct stat status;

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	umask(mask);
	assert_int_equal(stat(d->sockets, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0755);
}

static void
test_socket_of_another_is_not_removed_at_the_end(void **state)
{
	struct pvbusd *d = *state;
	char path[256];
	int fd;

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	snprintf(path, sizeof(path), "%s/pvbus0", d->sockets);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
	assert_true(exists(d->sockets, "pvbus0"));
	assert_int_equal(unlink(path), 0);
	rmdir(d->sockets);
}

static void
test_socket_of_a_dead_daemon_is_taken_over(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	assert_int_equal(pvbusd_end(d, SIGKILL), 128 + SIGKILL);
	assert_true(exists(d->sockets, "pvbus0"));
	close(d->beside);
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	pvbusd_serves_others(d);
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
	assert_false(exists(d->sockets, "pvbus0"));
}

/* What is not a socket was not left by a pvbusd. */
static void
test_file_of_that_name_is_not_removed(void **state)
{
	struct pvbusd *d = *state;
	char path[256];
	int fd;

	assert_int_equal(mkdir(d->sockets, 0755), 0);
	snprintf(path, sizeof(path), "%s/pvbus0", d->sockets);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s", d->sockets,
			     NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "/pvbus0: is there, and not a socket");
	assert_true(exists(d->sockets, "pvbus0"));
}

static void
test_directory_that_cannot_be_made(void **state)
{
	struct pvbusd *d = *state;
	char path[256];

	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s",
			     "/nonexistent/a", NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "/nonexistent/a: No such file or directory");
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s", d->config,
			     NULL),
	    EX_CANTCREAT);
	snprintf(path, sizeof(path), "%s: is not a directory", d->config);
	pvbusd_has_said(d, path);
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s", "", NULL),
	    EX_CANTCREAT);
}

static void
test_directory_that_is_not_writable(void **state)
{
	struct pvbusd *d = *state;

	if (geteuid() == 0)
		d->uid = NOBODY; /* root may write anywhere */
	assert_int_equal(mkdir(d->sockets, 0555), 0);
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s", d->sockets,
			     NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "/pvbus0: Permission denied");
	assert_true(exists(d->root, "run"));
	assert_int_equal(rmdir(d->sockets), 0);
}

static void
test_path_too_long_for_a_socket(void **state)
{
	struct pvbusd *d = *state;
	char path[256], name[128];

	memset(name, 'a', sizeof(name));
	name[100] = '\0';
	snprintf(path, sizeof(path), "%s/%s", d->root, name);
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", "-s", path, NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "/pvbus0: too long for the path of a socket");
	assert_false(exists(d->root, name));
}

static void
test_no_directory_for_a_user_without_one(void **state)
{
	struct pvbusd *d = *state;

	if (geteuid() == 0)
		d->uid = NOBODY;
	assert_int_equal(pvbusd_run(d, NULL, "-H", "sim:kvm", NULL),
	    EX_CANTCREAT);
	pvbusd_has_said(d, "XDG_RUNTIME_DIR is not set");
	pvbusd_has_said(d, "-s");
}

/* ---- Rights ----------------------------------------------------------- */

static void
refused(int fd, uint32_t flags, int error)
{
	assert_int_equal(client_ask(fd, PVBUS_CMD_PUT, flags, GREETING_KEY,
			     &answer),
	    error);
	assert_int_equal(client_ask(fd, PVBUS_CMD_REMOVE, flags, GREETING_KEY,
			     &answer),
	    error);
	client_reads_greeting(fd);
	close(fd);
}

/* fw_cfg is for reading; but first it is asked who wants to write. */
static void
test_who_may_write(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_configure_also(d, "group 65534\n");
	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	refused(client_open(d), SOCKET_WRITABLE, EROFS);
	refused(client_open(d), 0, EPERM);
	refused(client_open_as(d, NOBODY), SOCKET_WRITABLE, EPERM);
	refused(client_open_as(d, NOBODY), 0, EPERM);
	pvbusd_serves_others(d);
}

static void
test_group_may_connect(void **state)
{
	struct pvbusd *d = *state;
	struct stat status;
	char path[256];

	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	pvbusd_configure_also(d, "group 65534\n");
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	snprintf(path, sizeof(path), "%s/pvbus0", d->sockets);
	assert_int_equal(lstat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	assert_int_equal(status.st_uid, 0);
	assert_int_equal(status.st_gid, 65534);
	assert_int_equal(client_try(d, 0, NOBODY - 1), -EACCES);
	close(client_open_as(d, NOBODY));
}

static void
has_no_rights(const struct pvbusd *d)
{
	static const char *const names[] = { "CapEff", "CapPrm", "CapInh",
		"CapAmb" };
	char value[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pvbusd_status(d, names[i], value, sizeof(value));
		assert_string_equal(value, "0000000000000000");
	}
}

static void
test_root_gives_up_its_rights(void **state)
{
	struct pvbusd *d = *state;
	char value[64];

	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	has_no_rights(d);
	pvbusd_status(d, "NoNewPrivs", value, sizeof(value));
	assert_string_equal(value, "1");
}

static void
test_runs_unprivileged(void **state)
{
	struct pvbusd *d = *state;
	char value[64];

	if (geteuid() == 0) {
		d->uid = NOBODY;
		assert_int_equal(chown(d->root, NOBODY, NOBODY), 0);
	}
	pvbusd_start(d, "-H", "sim:kvm", "-H", "sim:vmm", NULL);
	has_no_rights(d);
	pvbusd_status(d, "Uid", value, sizeof(value));
	assert_int_equal(strtoul(value, NULL, 10), d->uid);
	pvbusd_serves_others(d);
	/* its own user may write, root as well, nobody else */
	refused(client_open_as(d, d->uid), SOCKET_WRITABLE, EROFS);
	if (geteuid() == 0)
		refused(client_open(d), SOCKET_WRITABLE, EROFS);
}

/* ---- Service managers and signals -------------------------------------- */

static void
hears(const struct pvbusd *d, const char *expected)
{
	struct pollfd one = { .fd = d->notify, .events = POLLIN };
	char note[64] = "";

	assert_int_equal(poll(&one, 1, (int)(DEADLINE * 1000)), 1);
	assert_true(recv(d->notify, note, sizeof(note) - 1, 0) > 0);
	assert_string_equal(note, expected);
}

/* READY=1 is what every test here waits for. */
static void
test_a_service_manager_is_told(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	assert_true(exists(d->sockets, "pvbus0"));
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
	hears(d, "STOPPING=1");
}

static void
test_lines_go_to_standard_error(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_start(d, "-v", "-H", "sim:kvm", NULL);
	pvbusd_has_said(d, "pvbus0 at mainbus0: KVM\n");
	pvbusd_has_said(d, "/pvbus0: KVM of machine sim:kvm");
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
}

static void
test_signals_that_are_nothing(void **state)
{
	struct pvbusd *d = *state;

	pvbusd_start(d, "-H", "sim:kvm", NULL);
	kill(d->pid, SIGPIPE);
	kill(d->pid, SIGCONT);
	kill(d->pid, SIGSTOP);
	kill(d->pid, SIGCONT);
	pvbusd_serves_others(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		pvbusd_test(test_help_and_version),
		pvbusd_test(test_unknown_option),
		pvbusd_test(test_option_without_its_argument),
		pvbusd_test(test_words_that_are_no_options),
		pvbusd_test(test_unknown_machine),
		pvbusd_test(test_unknown_simulation),
		pvbusd_test(test_more_machines_than_there_is_room_for),
		pvbusd_test(test_once_prints_the_tree),
		pvbusd_test(test_once_with_several_machines),
		pvbusd_test(test_no_hypervisor),
		pvbusd_test(test_no_hypervisor_on_one_of_two),
		pvbusd_test(test_once_to_a_full_device),
		pvbusd_test(test_lines_that_say_nothing_known),
		pvbusd_test(test_words_without_a_value),
		pvbusd_test(test_bad_numbers_of_clients),
		pvbusd_test(test_bad_machines_of_the_file),
		pvbusd_test(test_nul_in_the_file),
		pvbusd_test(test_file_item_that_cannot_be_read),
		pvbusd_test(test_bad_limits_of_commands),
		pvbusd_test(test_bad_words_of_time),
		pvbusd_test(test_bad_words_of_vmmci),
		pvbusd_test(test_vmmci_of_another_machine),
		pvbusd_test(test_simulated_vmm_has_vmmci),
		pvbusd_test(test_freeze_without_thaw),
		pvbusd_test(test_words_for_a_host_of_vmware),
		pvbusd_test(test_config_that_cannot_be_read),
		pvbusd_test(test_item_that_does_not_fit),
		pvbusd_test(test_items_files_and_oem_strings),
		pvbusd_test(test_options_go_before_the_file),
		pvbusd_test(test_unknown_group),
		pvbusd_test(test_several_machines_number_on),
		pvbusd_test(test_sigterm_removes_all),
		pvbusd_test(test_sigint_removes_all),
		pvbusd_test(test_directory_that_was_there_stays),
		pvbusd_test(test_only_the_owner_may_connect),
		pvbusd_test(test_second_daemon_leaves_the_first_alone),
		pvbusd_test(test_start_undoes_what_it_did),
		pvbusd_test(test_directory_that_others_may_write),
		pvbusd_test(test_directory_of_another_user),
		pvbusd_test(test_numbers_that_are_no_group),
		pvbusd_test(test_directory_is_open_whatever_the_umask),
		pvbusd_test(test_socket_of_another_is_not_removed_at_the_end),
		pvbusd_test(test_socket_of_a_dead_daemon_is_taken_over),
		pvbusd_test(test_file_of_that_name_is_not_removed),
		pvbusd_test(test_directory_that_cannot_be_made),
		pvbusd_test(test_directory_that_is_not_writable),
		pvbusd_test(test_path_too_long_for_a_socket),
		pvbusd_test(test_no_directory_for_a_user_without_one),
		pvbusd_test(test_who_may_write),
		pvbusd_test(test_group_may_connect),
		pvbusd_test(test_root_gives_up_its_rights),
		pvbusd_test(test_runs_unprivileged),
		pvbusd_test(test_a_service_manager_is_told),
		pvbusd_test(test_lines_go_to_standard_error),
		pvbusd_test(test_signals_that_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
