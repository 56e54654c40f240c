/* SPDX-License-Identifier: ISC */
/* As many buses in one process as there is room, on a port made by hand. */
#include "tests/support/memory_store.h"
#include "wire/cpuid.h"
#include "wire/endian.h"

#include <stdio.h>

static struct {
	size_t memory;
	unsigned lines;
} small;

static void *
small_alloc(void *ctx, size_t size)
{
	(void)ctx;
	small.memory += size;
	return calloc(1, size);
}

static void
small_free(void *ctx, void *memory, size_t size)
{
	(void)ctx;
	small.memory -= size;
	free(memory);
}

static void
small_log(void *ctx, enum pv_log level, const char *line)
{
	(void)ctx;
	(void)level;
	small.lines += line[0] != '\0';
}

static uint64_t
small_now(void *ctx)
{
	(void)ctx;
	return PV_SECOND;
}

static void
small_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	(void)ctx;
	(void)subleaf;
	*out = (struct pv_cpuid){ 0 };
	if (leaf == 1)
		out->ecx = CPUID_1_ECX_HYPERVISOR;
	if (leaf == CPUID_HV_FIRST)
		*out = (struct pv_cpuid){ CPUID_HV_FIRST + 4, get_le32("XenV"),
			get_le32("MMXe"), get_le32("nVMM") };
	if (leaf == CPUID_HV_FIRST + CPUID_XEN_VERSION)
		out->eax = 4u << 16 | 17;
}

/* All state hangs off the bus, so there may be as many as there is room. */
static void
test_ten_thousand_buses(void **state)
{
	enum {
		BUSES = 10000
	};
	static const struct pv_driver *const drivers[] = { &memory_xen_driver,
		NULL };
	static struct pv_bus *buses[BUSES];
	struct pv_port port = { .alloc = small_alloc,
		.free = small_free,
		.log = small_log,
		.now = small_now,
		.cpuid = small_cpuid };
	char name[16];

	(void)state;
	memset(&small, 0, sizeof(small));
	for (unsigned i = 0; i < BUSES; i++) {
		assert_int_equal(pv_bus_attach(&(struct
						   pv_bus_config){ .port =
								       &port,
						   .drivers = drivers,
						   .unit = i },
				     &buses[i]),
		    PV_OK);
	}
	assert_int_equal(small.lines, 2 * BUSES);
	for (unsigned i = 0; i < BUSES; i++) {
		struct memory_store *store = pv_bus_devices(buses[i])->softc;

		snprintf(name, sizeof(name), "xen%u", i);
		assert_string_equal(pv_bus_devices(buses[i])->name, name);
		memory_store_set(store, "unit", name, strlen(name));
	}
	for (unsigned i = BUSES; i-- > 0;) {
		struct memory_store *store = pv_bus_devices(buses[i])->softc;
		size_t len;

		snprintf(name, sizeof(name), "xen%u", i);
		assert_memory_equal(memory_store_get(store, "unit", &len), name,
		    strlen(name));
		assert_false(pv_bus_poll(buses[i], 1));
		pv_bus_detach(buses[i]);
	}
	assert_int_equal(small.memory, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_ten_thousand_buses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
