/* SPDX-License-Identifier: ISC */
/* hyperv on a bus: the report, the versions, and hosts that fail meanwhile. */
#include <stdio.h>

#include "tests/support/hyperv.h"

static const struct host_hyperv_config usual = { .vcpus = 2 };

static void
test_the_report(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	partition_attach(partition, NULL);
	printf("%s", sim_machine_log(partition->world->machine));
}

static void
test_services(void **state)
{
	struct partition *partition = *state;

	partition_machine(partition, &usual);
	assert_non_null(host_ic_new(partition->host, 0));
	partition_attach(partition, NULL);
	printf("%s", sim_machine_log(partition->world->machine));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_the_report),
		partition_test(test_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
