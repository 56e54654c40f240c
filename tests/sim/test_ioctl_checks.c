/* SPDX-License-Identifier: ISC */
/*
 * The first ioctl set: the ten checks of openbsd.md 1.4 in their order, then
 * transports that know little, and time.
 */
#include "tests/support/setting.h"

#include <stdio.h>

/* Most of what follows is the same for callers of both sizes. */
#define EACH_LAYOUT(caller)       \
	for (unsigned layout = 0; \
	     layout < 2 && ((caller)->ilp32 = layout == 1, true); layout++)

/* ---- The ten checks --------------------------------------------------- */

/* In each of these everything that is checked later is wrong as well. */
static void
all_is_wrong(struct caller *caller)
{
	caller->read_only = true;
	caller->fault_from = CALLER_KEY;
	caller->fault_to = CALLER_BASE + CALLER_SIZE;
	caller_request(caller, 0, CALLER_KEY, 0, CALLER_VALUE);
}

static void
test_check_1_bus_never_attached_is_enodev(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	caller->no_bus = true;
	caller->unit = 99;
	EACH_LAYOUT(caller)
	{
		all_is_wrong(caller);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_ENODEV);
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_ENODEV);
		assert_int_equal(caller_call(caller, caller_type(caller)),
		    PV_ENODEV);
		assert_int_equal(caller_call(caller, 0), PV_ENODEV);
	}
	setting_down(&set);
}

static void
test_check_2_minor_not_in_use_is_enxio(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		all_is_wrong(caller);
		for (unsigned unit = 3; unit < 9; unit++) {
			caller->unit = unit;
			assert_int_equal(caller_call(caller,
					     caller_kvread(caller)),
			    PV_ENXIO);
			assert_int_equal(caller_call(caller,
					     caller_kvwrite(caller)),
			    PV_ENXIO);
			assert_int_equal(caller_call(caller,
					     caller_type(caller)),
			    PV_ENXIO);
			assert_int_equal(caller_call(caller, 0), PV_ENXIO);
		}
	}
	setting_down(&set);
}

static void
test_check_3_write_without_the_right_is_eperm(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		all_is_wrong(caller);
		caller->unit = BHYVE;
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_EPERM);
		caller->unit = XEN;
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_EPERM);
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

static void
test_check_4_no_store_is_enxio(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		all_is_wrong(caller);
		caller->read_only = false;
		caller->unit = BHYVE;
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_ENXIO);
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_ENXIO);
	}
	setting_down(&set);
}

static void
test_check_5_unknown_command_is_enotty(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		all_is_wrong(caller);
		caller->fault_from = CALLER_ARG;
		for (unsigned unit = KVM; unit <= BHYVE; unit++) {
			caller->unit = unit;
			assert_int_equal(caller_call(caller, 0), PV_ENOTTY);
			assert_int_equal(caller_call(caller, 0x5401),
			    PV_ENOTTY);
			/* right but for the direction, or the group */
			assert_int_equal(caller_call(caller,
					     caller_kvread(caller) &
						 ~0x80000000ul),
			    PV_ENOTTY);
			assert_int_equal(caller_call(caller,
					     caller_kvread(caller) ^ 0x100),
			    PV_ENOTTY);
		}
	}
	setting_down(&set);
}

static void
test_check_6_type(void **state)
{
	static const char *const names[] = { "KVM", "Xen", "bhyve" };
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		for (unsigned unit = KVM; unit <= BHYVE; unit++) {
			size_t size = strlen(names[unit]) + 1;

			caller->unit = unit;
			/* the value is of no account */
			all_is_wrong(caller);
			for (size_t len = 0; len < size; len++) {
				caller_request(caller, len, CALLER_KEY, 99999,
				    0);
				assert_int_equal(caller_call(caller,
						     caller_type(caller)),
				    PV_ENOMEM);
			}
			caller_request(caller, size, CALLER_KEY, 99999, 0);
			assert_int_equal(caller_call(caller,
					     caller_type(caller)),
			    PV_EFAULT);
			/* only what is written has to be there */
			caller->fault_from = CALLER_KEY + size;
			caller_request(caller, UINT32_MAX, CALLER_KEY, 0, 0);
			assert_int_equal(caller_call(caller,
					     caller_type(caller)),
			    PV_OK);
			caller_result(caller, CALLER_KEY, names[unit], size);
		}
	}
	setting_down(&set);
}

static void
test_check_7_key(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		for (unsigned i = 0; i < 2; i++) {
			unsigned long cmd = i == 0 ? caller_kvread(caller)
						   : caller_kvwrite(caller);

			all_is_wrong(caller);
			caller->read_only = false;
			assert_int_equal(caller_call(caller, cmd), PV_EINVAL);
			caller_request(caller, 65537, CALLER_KEY, 0,
			    CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd),
			    PV_ENAMETOOLONG);
			caller_request(caller, 1, CALLER_KEY, 0, CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EFAULT);
			caller_request(caller, 1, 0, 0, CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EFAULT);
		}
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

static void
test_check_8_value(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		for (unsigned i = 0; i < 2; i++) {
			unsigned long cmd = i == 0 ? caller_kvread(caller)
						   : caller_kvwrite(caller);

			all_is_wrong(caller);
			caller->read_only = false;
			caller->fault_from = CALLER_VALUE;
			/* a key that no store has, and would not take */
			caller_set_key(caller, "\n", 1);
			caller_request(caller, 1, CALLER_KEY, 0, CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EINVAL);
			caller_request(caller, 1, CALLER_KEY, 65537,
			    CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd),
			    PV_ENAMETOOLONG);
			caller_request(caller, 1, CALLER_KEY, 1, CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EFAULT);
		}
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

#define PV_ERROR_VALUE(name, number, text) PV_##name,
static const int errors[] = { PV_ERRORS(PV_ERROR_VALUE) };

/* Each as it is, and nothing is copied out (caller_finish() has looked). */
static void
test_check_9_error_of_the_store(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller)
	{
		for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]);
		     i++) {
			set.store->error = errors[i];
			assert_int_equal(caller_read(caller, "name", 6),
			    errors[i]);
			assert_int_equal(caller_read(caller, "dir/", 6),
			    errors[i]);
			assert_int_equal(caller_write(caller, "name", "new"),
			    errors[i]);
			assert_int_equal(caller->delivered, 0);
		}
	}
	setting_down(&set);
}

static void
test_check_9_read_only_store_is_erofs(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	caller->unit = KVM;
	EACH_LAYOUT(caller)
	{
		assert_int_equal(caller_write(caller, "opt/greeting", "new"),
		    PV_EROFS);
		assert_int_equal(caller_write(caller, "opt/new", "new"),
		    PV_EROFS);
		/* a bad key is told first */
		assert_int_equal(caller_write(caller, "opt/\n", "new"),
		    PV_EINVAL);
		assert_int_equal(caller_read(caller, "opt/greeting", 6), PV_OK);
		caller_result(caller, CALLER_VALUE, "hello", 6);
	}
	setting_down(&set);
}

static void
test_check_10_text_and_its_nul_are_copied_out(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	const void *value;
	size_t len;

	EACH_LAYOUT(caller)
	{
		/* of a write too: ours answers with the empty text */
		assert_int_equal(caller_write(caller, "name", "new value"),
		    PV_OK);
		caller_result(caller, CALLER_VALUE, "", 1);
		value = memory_store_get(set.store, "name", &len);
		assert_int_equal(len, 9);
		assert_memory_equal(value, "new value", 9);
		assert_int_equal(caller_read(caller, "name", 4096), PV_OK);
		caller_result(caller, CALLER_VALUE, "new value", 10);
	}
	setting_down(&set);
}

/* Where a platform can tell, a result that has no place changes nothing. */
static void
test_check_10_bad_address_for_the_result_is_efault(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	caller->fault_from = CALLER_VALUE + 3;
	caller->fault_to = caller->fault_from + 1;
	EACH_LAYOUT(caller)
	{
		assert_int_equal(caller_read(caller, "name", 6), PV_EFAULT);
		caller_request(caller, 4, CALLER_KEY, 6,
		    caller->ilp32 ? UINT32_MAX : UINT64_MAX);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_EFAULT);
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

/* ---- Transports and time ---------------------------------------------- */

/* One that learns the addresses one by one: each is asked for once, nothing
 * happens before all are there, and nothing happens twice. */
static void
test_lazy_transport(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller)
	{
		caller->lazy = true;
		set.store->started = 0;
		assert_int_equal(caller_read(caller, "name", 6), PV_OK);
		caller_result(caller, CALLER_VALUE, "value", 6);
		assert_int_equal(caller->starts, 4);
		assert_int_equal(set.store->started, 1);
		assert_int_equal(caller_write(caller, "new", "abc"), PV_OK);
		caller_result(caller, CALLER_VALUE, "", 1);
		assert_int_equal(caller->starts, 5);
		assert_int_equal(set.store->started, 2);
		caller_request(caller, 99, CALLER_KEY, 0, 0);
		assert_int_equal(caller_call(caller, caller_type(caller)),
		    PV_OK);
		caller_result(caller, CALLER_KEY, "Xen", 4);
		assert_int_equal(caller->starts, 3);
		/* and no restart where a check fails before */
		caller_request(caller, 0, CALLER_KEY, 6, CALLER_VALUE);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_EINVAL);
		assert_int_equal(caller->starts, 2);
	}
	setting_down(&set);
}

static void
test_lazy_transport_without_memory(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	unsigned nth = 0, failures = 0;
	int error;

	memory_store_set(set.store, "name", "value", 5);
	caller->lazy = true;
	do {
		sim_machine_fail_alloc(set.world->machine, ++nth);
		error = caller_read(caller, "name", 6);
		sim_machine_fail_alloc(set.world->machine, 0);
		failures += error == PV_ENOMEM;
	} while (error == PV_ENOMEM);
	assert_int_equal(error, PV_OK);
	/* key; key, value; key, value */
	assert_int_equal(failures, 5);
	setting_down(&set);
}

static void
test_store_that_does_not_answer_is_etimedout(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	uint64_t start;

	set.store->silent = true;
	EACH_LAYOUT(caller)
	{
		start = sim_now(set.world->sim);
		assert_int_equal(caller_read(caller, "name", 6), PV_ETIMEDOUT);
		assert_true(sim_now(set.world->sim) - start == 10 * PV_SECOND);
		assert_int_equal(caller_write(caller, "name", "value"),
		    PV_ETIMEDOUT);
		assert_int_equal(memory_store_pending(set.store), 0);
	}
	setting_down(&set);
}

static void
test_cancel_is_eintr_and_once(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	set.store->silent = true;
	EACH_LAYOUT(caller)
	{
		caller_set_key(caller, "name", 4);
		caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
		caller_start(caller, caller_kvread(caller));
		assert_false(caller->finished);
		assert_int_equal(memory_store_pending(set.store), 1);
		pv_ioctl_cancel(&caller->io);
		assert_int_equal(caller_finish(caller), PV_EINTR);
		pv_ioctl_cancel(&caller->io);
		assert_int_equal(caller->dones, 1);
		assert_int_equal(memory_store_pending(set.store), 0);
	}
	setting_down(&set);
}

static void
test_cancel_of_what_is_done(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	assert_int_equal(caller_read(caller, "name", 6), PV_OK);
	pv_ioctl_cancel(&caller->io);
	caller_result(caller, CALLER_VALUE, "value", 6);
	assert_int_equal(caller_read(caller, "name", 2), PV_ERANGE);
	pv_ioctl_cancel(&caller->io);
	assert_int_equal(caller->dones, 1);
	/* nor does it matter that it never came to a store */
	caller->no_bus = true;
	assert_int_equal(caller_read(caller, "name", 6), PV_ENODEV);
	pv_ioctl_cancel(&caller->io);
	assert_int_equal(caller->dones, 1);
	setting_down(&set);
}

static void
test_detach_ends_what_is_under_way(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	set.store->silent = true;
	caller_set_key(caller, "name", 4);
	caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
	caller_start(caller, caller_kvread(caller));
	pv_bus_detach(set.world->bus);
	set.world->bus = NULL;
	assert_int_equal(caller_finish(caller), PV_EINTR);
	setting_down(&set);
}

/* Answers that come later, in any order, through a lazy transport. */
static void
test_slow_store(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	char key[16], value[16];

	set.store->delay = PV_SECOND;
	EACH_LAYOUT(caller)
	{
		caller->lazy = sim_random(set.world->sim, 2) == 0;
		for (unsigned i = 0; i < 50; i++) {
			snprintf(key, sizeof(key), "key%u", i % 7);
			snprintf(value, sizeof(value), "value%u", i);
			assert_int_equal(caller_write(caller, key, value),
			    PV_OK);
			assert_int_equal(caller_read(caller, key,
					     strlen(value) + 1),
			    PV_OK);
			caller_result(caller, CALLER_VALUE, value,
			    strlen(value) + 1);
		}
	}
	setting_down(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_check_1_bus_never_attached_is_enodev),
		world_test(test_check_2_minor_not_in_use_is_enxio),
		world_test(test_check_3_write_without_the_right_is_eperm),
		world_test(test_check_4_no_store_is_enxio),
		world_test(test_check_5_unknown_command_is_enotty),
		world_test(test_check_6_type),
		world_test(test_check_7_key),
		world_test(test_check_8_value),
		world_test(test_check_9_error_of_the_store),
		world_test(test_check_9_read_only_store_is_erofs),
		world_test(test_check_10_text_and_its_nul_are_copied_out),
		world_test(test_check_10_bad_address_for_the_result_is_efault),
		world_test(test_lazy_transport),
		world_test(test_lazy_transport_without_memory),
		world_test(test_store_that_does_not_answer_is_etimedout),
		world_test(test_cancel_is_eintr_and_once),
		world_test(test_cancel_of_what_is_done),
		world_test(test_detach_ends_what_is_under_way),
		world_test(test_slow_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
