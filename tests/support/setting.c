/* SPDX-License-Identifier: ISC */
#include "tests/support/setting.h"

struct setting
setting_up(void **state)
{
	struct setting set = { .world = *state };

	world_machine(set.world, "kvm+xen+bhyve");
	assert_true(
	    host_fwcfg_add(set.world->fwcfg, "opt/greeting", "hello", 5));
	assert_true(host_fwcfg_add(set.world->fwcfg, "opt/a/b", "x", 1));
	set.store = memory_store_attach(set.world);
	set.caller = caller_new(set.world);
	set.caller->unit = XEN;
	return set;
}

void
setting_down(struct setting *set)
{
	caller_free(set->caller);
}

struct setting
kv_setting(void **state)
{
	struct setting set = setting_up(state);

	memory_store_set(set.store, "name", "va\0lue", 6);
	return set;
}

void
results_are(const struct caller *caller, size_t valuelen, uint64_t actual)
{
	struct pvbus_kv_wire kv = caller_kv_back(caller);

	assert_true(caller->structure_back);
	assert_int_equal(kv.valuelen, valuelen);
	assert_int_equal(kv.actual, actual);
}
