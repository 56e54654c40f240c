/* SPDX-License-Identifier: ISC */
/*
 * pvbusd's helper, which does what a host wants of the machine: the commands of
 * a configuration, here those of a test that leave traces in files, and what
 * becomes of them when they fail, hang, or outlive pvbusd.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
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

#include "programs/pvbusd/helper.h"
#include "tests/support/tree.h"

#define SECOND 1000000000ull
#define DEADLINE (30 * SECOND)

/* cmocka 1.1 has "not ok" for what skip() was said of.  Leaves the test. */
#define skip_test(why)                                           \
	do {                                                     \
		print_message("# SKIP %s: %s\n", __func__, why); \
		return;                                          \
	} while (0)

struct place {
	char root[64];
	struct config config;
	struct loop loop;
	struct helper *helper;
};

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (place == NULL)
		return -1;
	strcpy(place->root, "/tmp/pvbus-test.XXXXXX");
	if (mkdtemp(place->root) == NULL)
		return -1;
	place->config.limit = 30;
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	helper_stop(place->helper);
	while (waitpid(-1, NULL, 0) > 0) /* helpers end by themselves */
		;
	loop_free(&place->loop);
	for (int i = 0; i < COMMAND_COUNT; i++)
		free(place->config.commands[i]);
	tree_remove(place->root);
	free(place);
	return 0;
}

/* A command, with the test's directory after it. */
static void
command(struct place *place, enum config_command which, const char *words)
{
	assert_true(asprintf(&place->config.commands[which], "%s/%s", words,
			place->root) > 0);
}

/* A script in the directory; its first argument is the directory. */
static void
script(struct place *place, enum config_command which, const char *name,
    const char *text)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->root, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ncd \"$1\" || exit 99\n%s\n", text);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_true(asprintf(&place->config.commands[which], " %s \t%s  two",
			path, place->root) > 0);
}

static void
start(struct place *place)
{
	place->helper = helper_start(&place->config);
	assert_non_null(place->helper);
	helper_listen(place->helper, &place->loop);
}

static bool
exists(const struct place *place, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", place->root, name);
	return access(path, F_OK) == 0;
}

static bool
appears(struct place *place, const char *name)
{
	uint64_t end = loop_now() + DEADLINE;

	while (!exists(place, name) && loop_now() < end)
		(void)loop_once(&place->loop, loop_now() + SECOND / 50);
	return exists(place, name);
}

/* To the end. */
static int
freeze(struct place *place, bool frozen)
{
	uint64_t end = loop_now() + DEADLINE;
	int error = helper_freeze(place->helper, frozen);

	while (error == PV_EAGAIN && loop_now() < end) {
		(void)loop_once(&place->loop, loop_now() + SECOND);
		error = helper_freeze(place->helper, frozen);
	}
	return error;
}

/* ---- Words ------------------------------------------------------------ */

static void
test_words(void **state)
{
	char **words = helper_words("  /bin/a \t-x  'b c' ");

	(void)state;
	assert_non_null(words);
	assert_string_equal(words[0], "/bin/a");
	assert_string_equal(words[1], "-x");
	assert_string_equal(words[2], "'b"); /* no shell */
	assert_string_equal(words[3], "c'");
	assert_null(words[4]);
	free(words);
	words = helper_words("");
	assert_null(words[0]);
	free(words);
	words = helper_words("a");
	assert_string_equal(words[0], "a");
	assert_null(words[1]);
	free(words);
}

/* ---- Power ------------------------------------------------------------ */

static void
test_commands_that_are_configured(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_POWEROFF, "off",
	    "[ $# -eq 2 ] && [ \"$2\" = two ] && : >is-off");
	script(place, COMMAND_REBOOT, "again", ": >is-again");
	script(place, COMMAND_SUSPEND, "sleep", ": >is-asleep");
	start(place);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SHUTDOWN),
	    PV_OK);
	assert_true(appears(place, "is-off"));
	assert_false(exists(place, "is-again"));
	assert_int_equal(helper_request(place->helper, PV_REQUEST_REBOOT),
	    PV_OK);
	assert_true(appears(place, "is-again"));
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SUSPEND),
	    PV_OK);
	assert_true(appears(place, "is-asleep"));
	assert_int_equal(helper_request(place->helper, PV_REQUEST_CRASH),
	    PV_ENOTSUP);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_HIBERNATE),
	    PV_ENOTSUP);
}

static void
test_default_without_systemd(void **state)
{
	struct place *place = *state;

	start(place);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SUSPEND),
	    PV_OK);
	assert_int_equal(helper_freeze(place->helper, true), PV_ENOTSUP);
	assert_int_equal(helper_freeze(place->helper, false), PV_ENOTSUP);
	if (access("/run/systemd/system", F_OK) == 0) {
		assert_string_equal(helper_command(&place->config,
					COMMAND_POWEROFF),
		    "systemctl poweroff");
		assert_string_equal(helper_command(&place->config,
					COMMAND_REBOOT),
		    "systemctl reboot");
		skip_test("systemd runs here, and is not to be asked");
	}
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SHUTDOWN),
	    PV_ENOTSUP);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_REBOOT),
	    PV_ENOTSUP);
}

/* A host that asks on and on gets one command, and then another one. */
static void
test_one_command_at_a_time(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_POWEROFF, "off",
	    "echo x >>count\nuntil [ -e go ] || [ ! -e count ]; do sleep 0.02; "
	    "done\n: >done-$$");
	start(place);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(helper_request(place->helper,
				     PV_REQUEST_SHUTDOWN),
		    PV_OK);
	assert_true(appears(place, "count"));
	(void)loop_once(&place->loop, loop_now() + SECOND / 5);
	{
		char path[160], text[16] = "";
		FILE *file;

		snprintf(path, sizeof(path), "%s/count", place->root);
		file = fopen(path, "re");
		assert_non_null(file);
		assert_int_equal(fread(text, 1, sizeof(text), file), 2);
		fclose(file);
		snprintf(path, sizeof(path), "%s/go", place->root);
		file = fopen(path, "we");
		assert_non_null(file);
		fclose(file);
	}
}

static void
test_commands_that_cannot_be_started(void **state)
{
	struct place *place = *state;

	command(place, COMMAND_POWEROFF, "/nowhere");
	command(place, COMMAND_FREEZE, "/nowhere");
	command(place, COMMAND_THAW, "/nowhere");
	start(place);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SHUTDOWN),
	    PV_OK);
	assert_int_equal(freeze(place, true), PV_EIO);
	assert_int_equal(freeze(place, false), PV_EIO);
}

/* ---- Disks ------------------------------------------------------------ */

static void
test_freeze_and_thaw(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_FREEZE, "freeze", "sleep 0.1; : >frozen");
	script(place, COMMAND_THAW, "thaw", "rm frozen");
	start(place);
	assert_int_equal(helper_freeze(place->helper, true), PV_EAGAIN);
	assert_false(exists(place, "frozen")); /* it takes a while */
	assert_int_equal(freeze(place, true), PV_OK);
	assert_true(exists(place, "frozen"));
	assert_int_equal(freeze(place, false), PV_OK);
	assert_false(exists(place, "frozen"));
	assert_int_equal(freeze(place, true), PV_OK);
	assert_true(exists(place, "frozen"));
}

/* As pvbusd does at its end. */
static void
test_thaw_without_a_loop(void **state)
{
	struct place *place = *state;
	uint64_t end = loop_now() + DEADLINE;
	int error;

	script(place, COMMAND_FREEZE, "freeze", ": >frozen");
	script(place, COMMAND_THAW, "thaw", "rm frozen");
	start(place);
	assert_int_equal(freeze(place, true), PV_OK);
	while ((error = helper_freeze(place->helper, false)) == PV_EAGAIN &&
	    loop_now() < end)
		usleep(1000);
	assert_int_equal(error, PV_OK);
	assert_false(exists(place, "frozen"));
}

/* A thaw that comes while the freeze is under way waits for that. */
static void
test_thaw_follows_freeze(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_FREEZE, "freeze", "sleep 0.3; : >frozen");
	script(place, COMMAND_THAW, "thaw", "rm frozen && : >thawed");
	start(place);
	assert_int_equal(helper_freeze(place->helper, true), PV_EAGAIN);
	assert_int_equal(freeze(place, false), PV_OK);
	assert_true(exists(place, "thawed"));
	/* and what the freeze said is not for the next one */
	assert_int_equal(helper_freeze(place->helper, true), PV_EAGAIN);
}

static void
test_freeze_that_fails(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_FREEZE, "freeze", "exit 3");
	script(place, COMMAND_THAW, "thaw", "kill -TERM $$");
	start(place);
	assert_int_equal(freeze(place, true), PV_EIO);
	assert_int_equal(freeze(place, false), PV_EIO);
}

/* It is ended, and all that it has started. */
static void
test_freeze_that_hangs(void **state)
{
	struct place *place = *state;
	uint64_t before = loop_now();

	place->config.limit = 1;
	script(place, COMMAND_FREEZE, "freeze",
	    "trap '' TERM\n(sleep 20; : >late) & echo $! >pid\nwait");
	script(place, COMMAND_THAW, "thaw",
	    /* nobody may have collected it */
	    "grep -q '^State:.*Z' /proc/$(cat pid)/status || "
	    "! kill -0 $(cat pid) || exit 1\n: >gone");
	start(place);
	assert_int_equal(freeze(place, true), PV_ETIMEDOUT);
	assert_true(loop_now() - before < 15 * SECOND);
	assert_int_equal(freeze(place, false), PV_OK);
	assert_true(exists(place, "gone"));
	assert_false(exists(place, "late"));
}

/* pvbusd ends in the middle: nothing stays frozen. */
static void
test_helper_thaws_when_pvbusd_has_gone(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_FREEZE, "freeze", "sleep 0.2; : >frozen");
	script(place, COMMAND_THAW, "thaw", "rm frozen && : >thawed");
	start(place);
	assert_int_equal(helper_freeze(place->helper, true), PV_EAGAIN);
	helper_stop(place->helper);
	place->helper = NULL;
	assert_true(appears(place, "thawed"));
	assert_false(exists(place, "frozen"));
}

/* pvbusd cannot ask any more: it may wait for one of these disks. */
static void
test_helper_thaws_when_nobody_asks(void **state)
{
	struct place *place = *state;

	place->config.hold = 1;
	script(place, COMMAND_FREEZE, "freeze", ": >frozen");
	script(place, COMMAND_THAW, "thaw", "rm frozen && : >thawed");
	start(place);
	assert_int_equal(freeze(place, true), PV_OK);
	assert_false(exists(place, "thawed"));
	assert_true(appears(place, "thawed"));
	assert_false(exists(place, "frozen"));
	/* and the next one is as the first was */
	assert_int_equal(freeze(place, true), PV_OK);
	assert_true(exists(place, "frozen"));
	assert_int_equal(freeze(place, false), PV_OK);
}

static void
test_helper_thaws_after_a_thaw_that_failed(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_FREEZE, "freeze", ": >frozen");
	script(place, COMMAND_THAW, "thaw",
	    "[ -e tried ] || { : >tried; exit 1; }\nrm frozen; : >thawed");
	start(place);
	assert_int_equal(freeze(place, true), PV_OK);
	assert_int_equal(freeze(place, false), PV_EIO);
	helper_stop(place->helper);
	place->helper = NULL;
	assert_true(appears(place, "thawed"));
}

/* The log may be on one of them. */
static void
test_no_line_while_disks_rest(void **state)
{
	struct place *place = *state;
	int fds[2], error = dup(2);
	char text[512];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	script(place, COMMAND_FREEZE, "freeze", ": >frozen");
	script(place, COMMAND_THAW, "thaw", "rm frozen");
	start(place);
	assert_int_equal(dup2(fds[1], 2), 2);
	(void)freeze(place, true);
	assert_int_equal(read(fds[0], text, sizeof(text)), -1);
	(void)freeze(place, false);
	assert_int_equal(dup2(error, 2), 2);
	assert_true(read(fds[0], text, sizeof(text)) > 0);
	close(fds[0]);
	close(fds[1]);
	close(error);
}

static void
test_helper_that_is_killed(void **state)
{
	struct place *place = *state;
	char path[160], text[32] = "";
	FILE *file;
	pid_t pid;

	script(place, COMMAND_FREEZE, "freeze",
	    "echo $PPID >parent.new; mv parent.new parent; sleep 5");
	script(place, COMMAND_THAW, "thaw", ":");
	start(place);
	assert_int_equal(helper_freeze(place->helper, true), PV_EAGAIN);
	assert_true(appears(place, "parent"));
	snprintf(path, sizeof(path), "%s/parent", place->root);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	pid = atoi(text);
	assert_true(pid > 1 && pid != getpid());
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(freeze(place, true), PV_EIO);
	assert_int_equal(freeze(place, false), PV_EIO);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SUSPEND),
	    PV_OK);
}

/* What ends pvbusd by way of its group is not for the helper. */
static void
test_helper_survives_signals(void **state)
{
	struct place *place = *state;
	script(place, COMMAND_POWEROFF, "off",
	    "kill -TERM $PPID; kill -INT $PPID; kill -HUP $PPID; : >is-off");
	script(place, COMMAND_REBOOT, "again", ": >is-again");
	start(place);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SHUTDOWN),
	    PV_OK);
	assert_true(appears(place, "is-off"));
	assert_int_equal(helper_request(place->helper, PV_REQUEST_REBOOT),
	    PV_OK);
	assert_true(appears(place, "is-again"));
}

/* Descriptors of pvbusd are not for commands. */
static void
test_commands_get_no_descriptors(void **state)
{
	struct place *place = *state;

	script(place, COMMAND_POWEROFF, "off",
	    "ls /proc/self/fd | grep -vx '[0123]' >open\n: >is-off");
	/* without the flag that closes it */
	assert_true(dup(1) >= 0);
	start(place);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SHUTDOWN),
	    PV_OK);
	assert_true(appears(place, "is-off"));
	{
		struct stat status;
		char path[160];

		snprintf(path, sizeof(path), "%s/open", place->root);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_size, 0);
	}
}

/* The effective capabilities of our only child. */
static void
rights_of_helper(char *value, size_t size)
{
	char path[64], line[256], number[32] = "";
	FILE *file = fopen("/proc/thread-self/children", "re");

	*value = '\0';
	if (file == NULL)
		return;
	(void)!fgets(number, sizeof(number), file);
	fclose(file);
	snprintf(path, sizeof(path), "/proc/%d/status", atoi(number));
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "CapEff:\t", 8) == 0)
			snprintf(value, size, "%.16s", line + 8);
	if (file != NULL)
		fclose(file);
}

/* systemctl needs none; a command gets what pvbusd was started with. */
static void
test_rights_of_the_helper(void **state)
{
	static const char none[] = "0000000000000000";
	struct place *place = *state;
	uint64_t end = loop_now() + DEADLINE;
	char value[32];

	if (geteuid() != 0)
		skip_test("only root has rights to give up");
	start(place);
	do
		rights_of_helper(value, sizeof(value));
	while (
	    value[0] != '\0' && strcmp(value, none) != 0 && loop_now() < end);
	if (value[0] == '\0')
		skip_test("no /proc/thread-self/children");
	assert_string_equal(value, none);
	helper_stop(place->helper);
	while (waitpid(-1, NULL, 0) > 0)
		;
	script(place, COMMAND_POWEROFF, "off",
	    "sed -n 's/^CapEff:\t//p' /proc/self/status >rights\n: >is-off");
	start(place);
	assert_int_equal(helper_request(place->helper, PV_REQUEST_SHUTDOWN),
	    PV_OK);
	assert_true(appears(place, "is-off"));
	rights_of_helper(value, sizeof(value));
	assert_string_not_equal(value, none);
}

#define case_of(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		case_of(test_commands_that_are_configured),
		case_of(test_default_without_systemd),
		case_of(test_one_command_at_a_time),
		case_of(test_commands_that_cannot_be_started),
		case_of(test_freeze_and_thaw),
		case_of(test_thaw_without_a_loop),
		case_of(test_thaw_follows_freeze),
		case_of(test_freeze_that_fails),
		case_of(test_freeze_that_hangs),
		case_of(test_helper_thaws_when_pvbusd_has_gone),
		case_of(test_helper_thaws_when_nobody_asks),
		case_of(test_helper_thaws_after_a_thaw_that_failed),
		case_of(test_no_line_while_disks_rest),
		case_of(test_helper_that_is_killed),
		case_of(test_helper_survives_signals),
		case_of(test_commands_get_no_descriptors),
		case_of(test_rights_of_the_helper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
