/* SPDX-License-Identifier: ISC */
/* KVM's face without KVM: its leaves are what the KVM below has, keys are files
 * of fw_cfg, a request is the power button. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include "host/kvm/fwcfg.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/fwcfg.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"
#include "tests/support/pvhost_stage.h"
#include "wire/cpuid.h"

#define FEATURES (CPUID_HV_FIRST + CPUID_KVM_FEATURES)

static struct machine *machine;
static struct host_fwcfg *model;
static void *self;
static struct reply reply;
static bool pressed, listens;
static uint32_t below; /* what this KVM has */
static bool refuses;

/* ---- In place of fwcfg.c, power.c and /dev/kvm ------------------------- */

struct host_fwcfg *
fwcfg_model(const struct machine *of)
{
	(void)of;
	return model;
}

bool
fwcfg_set(struct machine *of, const char *name, const void *bytes, size_t size)
{
	(void)of;
	return model != NULL && host_fwcfg_add(model, name, bytes, size);
}

bool
power_button(struct machine *of)
{
	(void)of;
	pressed = true;
	return listens;
}

int __wrap_ioctl(int fd, unsigned long request, struct kvm_cpuid2 *all);

int
__wrap_ioctl(int fd, unsigned long request, struct kvm_cpuid2 *all)
{
	(void)fd;
	if (request != KVM_GET_SUPPORTED_CPUID || refuses)
		return -1;
	assert_in_range(all->nent, 2, 1024);
	all->nent = 2;
	all->entries[0].function = 1;
	all->entries[0].eax = 0xffffffff;
	all->entries[1].function = FEATURES;
	all->entries[1].eax = below;
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	machine = stage_new();
	model = host_fwcfg_new(&machine->world);
	pressed = listens = refuses = false;
	below = 0xffffffff;
	host_cpuid_show(&machine->cpuid, HOST_KVM, CPUID_HV_FIRST);
	self = face_kvm.make(machine, CPUID_HV_FIRST);
	return self != NULL && model != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	face_kvm.free(self);
	host_fwcfg_free(model);
	stage_free(machine);
	reply_free(&reply);
	memset(&reply, 0, sizeof(reply));
	return 0;
}

static const char *
said(void)
{
	return reply.text != NULL ? reply.text : "";
}

static bool
set(const char *key, const char *value)
{
	reply_free(&reply);
	memset(&reply, 0, sizeof(reply));
	return face_kvm.key_set(self, key, value,
	    value != NULL ? strlen(value) : 0, &reply);
}

static bool
call(bool (*what)(void *, const char *, struct reply *), const char *word)
{
	reply_free(&reply);
	memset(&reply, 0, sizeof(reply));
	return what(self, word, &reply);
}

static uint32_t
features(void)
{
	return host_cpuid_get(&machine->cpuid, FEATURES).eax;
}

/* ---- Leaves ------------------------------------------------------------ */

static void
test_no_more_than_this_kvm_has(void **state)
{
	static const uint32_t have[] = { 0, 1u << 3, 1u << 3 | 1u << 24,
		0xffffffff };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		face_kvm.free(self);
		host_cpuid_show(&machine->cpuid, HOST_KVM, CPUID_HV_FIRST);
		below = have[i];
		self = face_kvm.make(machine, CPUID_HV_FIRST);
		assert_non_null(self);
		assert_int_equal(features() & ~have[i], 0);
		assert_int_equal(features() & (1u << 3 | 1u << 24),
		    have[i] & (1u << 3 | 1u << 24));
	}
	/* what user space would have to do is not promised */
	assert_int_equal(features() & (1u << 15 | 1u << 17), 0);
}

static void
test_a_kvm_that_does_not_say(void **state)
{
	(void)state;
	face_kvm.free(self);
	refuses = true;
	host_cpuid_show(&machine->cpuid, HOST_KVM, CPUID_HV_FIRST);
	self = face_kvm.make(machine, CPUID_HV_FIRST);
	assert_non_null(self);
	assert_int_equal(features(), 0);
}

/* ---- Keys -------------------------------------------------------------- */

static void
test_keys_are_files(void **state)
{
	size_t size;

	(void)state;
	assert_true(set("opt/org.example/a", "one"));
	assert_memory_equal(host_fwcfg_find(model, "opt/org.example/a", &size),
	    "one", 3);
	assert_int_equal(size, 3);
	assert_true(set("opt/org.example/a", "another"));
	assert_true(call(face_kvm.key_get, "opt/org.example/a"));
	assert_string_equal(said(), "another");
	assert_true(set("opt/org.example/empty", ""));
	assert_true(call(face_kvm.key_get, "opt/org.example/empty"));
	assert_string_equal(said(), "");
}

static void
test_lists_are_of_whole_names(void **state)
{
	(void)state;
	assert_true(set("opt/a/x", "1"));
	assert_true(set("opt/a/y", "2"));
	assert_true(set("opt/ab", "3"));
	assert_true(call(face_kvm.key_list, ""));
	assert_string_equal(said(), "opt/a/x\nopt/a/y\nopt/ab\n");
	assert_true(call(face_kvm.key_list, "opt/a"));
	assert_string_equal(said(), "opt/a/x\nopt/a/y\n");
	assert_true(call(face_kvm.key_list, "opt/a/"));
	assert_string_equal(said(), "opt/a/x\nopt/a/y\n");
	assert_true(call(face_kvm.key_list, "opt/ab"));
	assert_string_equal(said(), "opt/ab\n");
	assert_true(call(face_kvm.key_list, "etc"));
	assert_string_equal(said(), "");
}

static void
test_names_that_cannot_be(void **state)
{
	static const char *const names[] = { "", "opt/with space", "opt/new\n",
		"opt/\x80", "opt/\x7f",
		"opt/a.name.of.fifty.six.characters.is.one.more.than.fits" };

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_false(set(names[i], "x"));
		assert_non_null(strstr(said(),
		    "expected a name of "
		    "fw_cfg"));
	}
	assert_null(host_fwcfg_name(model, 0));
	assert_true(
	    set("opt/a.name.of.fifty.five.characters.is.what.just.fits", "x"));
}

static void
test_no_such_file(void **state)
{
	(void)state;
	assert_false(call(face_kvm.key_get, "opt/none"));
	assert_string_equal(said(), "no such file in fw_cfg: opt/none");
}

static void
test_files_stay(void **state)
{
	(void)state;
	assert_true(set("opt/a", "1"));
	assert_false(set("opt/a", NULL));
	assert_non_null(strstr(said(), "cannot take a file away"));
	assert_true(call(face_kvm.key_get, "opt/a"));
}

static void
test_files_beyond_all_measure(void **state)
{
	char name[32], *large;

	(void)state;
	large = malloc((16u << 20) + 1);
	assert_non_null(large);
	memset(large, 'x', (16u << 20) + 1);
	assert_false(
	    face_kvm.key_set(self, "opt/a", large, (16u << 20) + 1, &reply));
	assert_non_null(strstr(said(), "expected at most 16777216 bytes"));
	free(large);
	for (unsigned i = 0; i < 2000; i++) {
		name[0] = '\0';
		strcat(name, "opt/");
		name[4] = (char)('a' + i % 26);
		name[5] = (char)('a' + i / 26 % 26);
		name[6] = (char)('a' + i / 676);
		name[7] = '\0';
		if (!set(name, "x")) {
			assert_non_null(strstr(said(), "too many files"));
			return;
		}
	}
	fail_msg("2000 files were taken");
}

static void
test_a_machine_without_fw_cfg(void **state)
{
	struct host_fwcfg *kept = model;

	(void)state;
	model = NULL;
	assert_false(set("opt/a", "1"));
	assert_false(call(face_kvm.key_get, "opt/a"));
	assert_true(call(face_kvm.key_list, ""));
	model = kept;
}

/* ---- The administrator ------------------------------------------------- */

static void
test_shutdown_is_the_power_button(void **state)
{
	(void)state;
	assert_false(call(face_kvm.request, "shutdown"));
	assert_true(pressed);
	assert_non_null(strstr(said(), "does not listen"));
	listens = true;
	assert_true(call(face_kvm.request, "shutdown"));
}

static void
test_requests_that_kvm_has_not(void **state)
{
	static const char *const words[] = { "reboot", "suspend", "freeze", "",
		"shutdown " };

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_false(call(face_kvm.request, words[i]));
		assert_non_null(strstr(said(), "knows shutdown"));
	}
	assert_false(pressed);
}

static void
test_status(void **state)
{
	(void)state;
	assert_true(set("opt/a", "1"));
	reply_free(&reply);
	memset(&reply, 0, sizeof(reply));
	face_kvm.status(self, &reply);
	assert_string_equal(said(), "kvm.features 0x1007efb\nkvm.files 1\n");
}

#define face_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		face_test(test_no_more_than_this_kvm_has),
		face_test(test_a_kvm_that_does_not_say),
		face_test(test_keys_are_files),
		face_test(test_lists_are_of_whole_names),
		face_test(test_names_that_cannot_be),
		face_test(test_no_such_file),
		face_test(test_files_stay),
		face_test(test_files_beyond_all_measure),
		face_test(test_a_machine_without_fw_cfg),
		face_test(test_shutdown_is_the_power_button),
		face_test(test_requests_that_kvm_has_not),
		face_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
