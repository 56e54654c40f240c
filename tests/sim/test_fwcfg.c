/* SPDX-License-Identifier: ISC */
/* fwcfg against the model: what works, and every way in which a host lies. */
#include "tests/support/world.h"
#include "wire/endian.h"
#include "wire/fwcfg.h"

#include <stdio.h>

/* The bounce buffer of the driver, and its descriptor. */
#define DMA_PAGES 17

static void
add(struct world *world, const char *name, const char *value)
{
	assert_true(host_fwcfg_add(world->fwcfg, name, value, strlen(value)));
}

static void
reads(struct world *world, const char *key, const char *expected)
{
	char value[256];
	size_t len;

	assert_int_equal(world_read(world, key, value, sizeof(value), &len),
	    PV_OK);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(value, expected, len);
}

static void
make_pattern(unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
}

static void
answered(struct pv_kv *kv)
{
	*(int *)kv->owner += 1;
}

/* A large file through one transport, whole and in pieces. */
static void
large(struct world *world, size_t size)
{
	unsigned char *bytes = calloc(1, size), *got = calloc(1, size);
	struct pv_kv kv;
	size_t len;

	make_pattern(bytes, size);
	assert_true(host_fwcfg_add(world->fwcfg, "opt/large", bytes, size));
	world_attach(world);
	assert_int_equal(world_read(world, "opt/large", got, size, &len),
	    PV_OK);
	assert_int_equal(len, size);
	assert_memory_equal(got, bytes, size);
	for (size_t at = 0; at < size; at += 10007) {
		kv = (struct pv_kv){ .op = PV_READ,
			.flags = PV_KV_PARTIAL,
			.key = "opt/large",
			.keylen = 9,
			.offset = at,
			.value = got,
			.room = 10007 };
		assert_int_equal(world_request(world, &kv), PV_OK);
		assert_int_equal(kv.actual, size);
		assert_int_equal(kv.len, size - at < 10007 ? size - at : 10007);
		assert_memory_equal(got, bytes + at, kv.len);
	}
	free(bytes);
	free(got);
}

/* ---- What works ------------------------------------------------------- */

static void
test_reads_by_dma(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	add(world, "opt/greeting", "hello");
	world_attach(world);
	world_has_line(world, "fwcfg0 at pvbus0: DMA, 1 item");
	reads(world, "opt/greeting", "hello");
}

static void
test_reads_by_ports_without_dma(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_fwcfg_manners(world->fwcfg)->no_dma = true;
	add(world, "opt/greeting", "hello");
	world_attach(world);
	world_has_line(world, "fwcfg0 at pvbus0: I/O, 1 item");
	reads(world, "opt/greeting", "hello");
}

static void
test_reads_by_ports_without_string_instructions(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_fwcfg_manners(world->fwcfg)->no_dma = true;
	sim_machine_own_port(world->machine)->io_read_string = NULL;
	add(world, "opt/greeting", "hello");
	world_attach(world);
	reads(world, "opt/greeting", "hello");
}

static void
test_reads_by_ports_without_pages(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	sim_machine_fail_pages(world->machine, true);
	add(world, "opt/greeting", "hello");
	world_attach(world);
	world_has_line(world, "fwcfg0 at pvbus0: I/O, 1 item");
	reads(world, "opt/greeting", "hello");
}

static void
test_large_file_by_dma(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	large(world, 300000);
}

static void
test_large_file_by_ports(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_fwcfg_manners(world->fwcfg)->no_dma = true;
	large(world, 30000);
}

static void
test_large_file_by_slow_dma(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_LATER;
	host_fwcfg_manners(world->fwcfg)->dma_delay = 3 * PV_MILLISECOND;
	large(world, 300000);
}

static void
test_empty_file(void **state)
{
	struct world *world = *state;
	char value[8];
	size_t len;

	world_machine(world, "kvm");
	add(world, "opt/empty", "");
	world_attach(world);
	assert_int_equal(world_read(world, "opt/empty", value, 0, &len), PV_OK);
	assert_int_equal(len, 0);
}

static void
test_missing_file(void **state)
{
	struct world *world = *state;
	char value[8];
	size_t len;

	world_machine(world, "kvm");
	add(world, "opt/there", "x");
	world_attach(world);
	assert_int_equal(world_read(world, "opt/not", value, 8, &len),
	    PV_ENOENT);
}

static void
test_small_buffer_is_erange_and_untouched(void **state)
{
	struct world *world = *state;
	char value[8] = "old";
	size_t len;

	world_machine(world, "kvm");
	add(world, "opt/long", "0123456789");
	world_attach(world);
	assert_int_equal(world_read(world, "opt/long", value, 8, &len),
	    PV_ERANGE);
	assert_int_equal(len, 10);
	assert_string_equal(value, "old");
}

static void
test_writes_and_removes_are_erofs(void **state)
{
	struct world *world = *state;
	char value[] = "new";
	struct pv_kv kv = { .op = PV_WRITE,
		.key = "opt/a",
		.keylen = 5,
		.value = value,
		.room = 3 };

	world_machine(world, "kvm");
	add(world, "opt/a", "old");
	world_attach(world);
	assert_int_equal(world_request(world, &kv), PV_EROFS);
	kv.op = PV_REMOVE;
	assert_int_equal(world_request(world, &kv), PV_EROFS);
	reads(world, "opt/a", "old");
}

/* What a read costs, counted: one exit below 4 GiB, two above, and one copy,
 * for each 64 KiB begun. */
static void
test_cost_of_a_read(void **state)
{
	struct world *world = *state;
	static unsigned char bytes[60 * 1024], got[60 * 1024];
	const struct pv_stats *stats;
	uint64_t exits, copies;
	size_t len;

	world_machine(world, "kvm");
	host_fwcfg_add(world->fwcfg, "opt/blob", bytes, sizeof(bytes));
	world_attach(world);
	stats = &world_device(world, "fwcfg0")->stats;
	exits = stats->exits;
	copies = stats->copies;
	world_read(world, "opt/blob", got, sizeof(got), &len);
	assert_in_range(stats->exits - exits, 1, 2);
	assert_int_equal(stats->copies - copies, 1);
	assert_int_equal(stats->requests, 1);
	assert_int_equal(stats->bytes, sizeof(bytes));
}

static void
test_many_requests_at_once(void **state)
{
	enum {
		COUNT = 200
	};
	struct world *world = *state;
	static struct pv_kv kvs[COUNT];
	static char values[COUNT][16], names[COUNT][16];
	int answers = 0;
	char name[32];

	world_machine(world, "kvm");
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_LATER;
	host_fwcfg_manners(world->fwcfg)->dma_delay = PV_MILLISECOND;
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "opt/%u", i);
		add(world, name, name);
	}
	world_attach(world);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "opt/%u", i);
		kvs[i] = (struct pv_kv){ .op = PV_READ,
			.key = names[i],
			.keylen = strlen(names[i]),
			.value = values[i],
			.room = sizeof(values[i]),
			.deadline = PV_NEVER,
			.done = answered,
			.owner = &answers };
		pv_store_submit(world->bus, pv_bus_interface(world->bus, 0),
		    &kvs[i]);
	}
	while (answers < COUNT) {
		pv_bus_poll(world->bus,
		    1 + (unsigned)sim_random(world->sim, 8));
		sim_advance(world->sim, sim_now(world->sim) + PV_MILLISECOND);
		assert_in_range(sim_now(world->sim), 0, 10 * PV_SECOND);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(kvs[i].error, PV_OK);
		assert_int_equal(kvs[i].len, kvs[i].keylen);
		assert_memory_equal(values[i], names[i], kvs[i].len);
	}
}

/* ---- Lists ------------------------------------------------------------ */

static void
lists(struct world *world, const char *key, bool recursive,
    const char *expected, size_t size)
{
	char names[512];
	size_t len;

	assert_int_equal(world_list(world, key, recursive, names, sizeof(names),
			     &len),
	    PV_OK);
	assert_int_equal(len, size);
	assert_memory_equal(names, expected, size);
}

static void
test_lists(void **state)
{
	struct world *world = *state;
	static const char top[] = "bootorder\0etc/\0opt\0opt-x\0opt/";
	static const char opt[] = "a\0a/\0b";
	static const char all[] = "a\0a/1\0a/2\0b";
	char names[64];
	size_t len;

	world_machine(world, "kvm");
	/* not in order; "opt/a" is both a file and a directory */
	add(world, "opt/b", "");
	add(world, "opt/a/2", "");
	add(world, "etc/x", "");
	add(world, "opt/a", "");
	add(world, "opt-x", "");
	add(world, "opt/a/1", "");
	add(world, "opt", "");
	add(world, "bootorder", "");
	world_attach(world);
	lists(world, "", false, top, sizeof(top));
	lists(world, "opt", false, opt, sizeof(opt));
	lists(world, "opt/", false, opt, sizeof(opt));
	lists(world, "opt", true, all, sizeof(all));
	assert_int_equal(world_list(world, "nothere", false, names, 64, &len),
	    PV_ENOENT);
	assert_int_equal(world_list(world, "bootorder", false, names, 64, &len),
	    PV_ENOENT);
	assert_int_equal(world_list(world, "opt", true, names, 3, &len),
	    PV_ERANGE);
	assert_int_equal(len, sizeof(all));
}

/* ---- A host that lies ------------------------------------------------- */

static void
put_entry(unsigned char *entry, uint32_t size, uint16_t key, const char *name,
    size_t len)
{
	memset(entry, 0, FWCFG_ENTRY_SIZE);
	put_be32(entry + FWCFG_ENTRY_LENGTH, size);
	put_be16(entry + FWCFG_ENTRY_KEY, key);
	memcpy(entry + FWCFG_ENTRY_NAME, name, len);
}

static void
test_directory_claims_four_billion(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_fwcfg_set_directory(world->fwcfg, "\xff\xff\xff\xff", 4);
	world_attach(world);
	world_has_line(world,
	    "\"fwcfg\" at pvbus0: the host answered nonsense,"
	    " not configured");
}

static void
test_directory_claims_more_than_it_has(void **state)
{
	struct world *world = *state;
	unsigned char directory[FWCFG_DIR_COUNT_SIZE + FWCFG_ENTRY_SIZE];

	world_machine(world, "kvm");
	put_be32(directory, 3);
	put_entry(directory + 4, 5, FWCFG_KEY_FILE_FIRST, "opt/a", 5);
	host_fwcfg_set_directory(world->fwcfg, directory, sizeof(directory));
	world_attach(world);
	/* what is not there reads as zeroes: no name */
	world_has_line(world, "fwcfg0 at pvbus0: DMA, 1 item, 2 bad left out");
	assert_int_equal(world_device(world, "fwcfg0")->stats.bad_text, 2);
}

static void
test_bad_entries_are_left_out(void **state)
{
	struct world *world = *state;
	unsigned char directory[FWCFG_DIR_COUNT_SIZE + 6 * FWCFG_ENTRY_SIZE];
	unsigned char *entry = directory + FWCFG_DIR_COUNT_SIZE;
	char unending[FWCFG_NAME_SIZE];

	world_machine(world, "kvm");
	add(world, "opt/good", "good");
	memset(unending, 'x', sizeof(unending));
	put_be32(directory, 6);
	put_entry(entry, 1, 0x20, unending, sizeof(unending));
	put_entry(entry + 64, 1, 0x20, "new\nline", 8);
	put_entry(entry + 128, 1, 0x20, "esc\033[2J", 7);
	put_entry(entry + 192, 4, 0x20, "opt/good", 8);
	put_entry(entry + 256, 1, 0x19, "opt/directory", 13);
	put_entry(entry + 320, 1, 0x4000, "opt/write", 9);
	host_fwcfg_set_directory(world->fwcfg, directory, sizeof(directory));
	world_attach(world);
	world_has_line(world, "fwcfg0 at pvbus0: DMA, 1 item, 5 bad left out");
	reads(world, "opt/good", "good");
}

static void
test_first_of_two_of_a_name_stays(void **state)
{
	struct world *world = *state;
	unsigned char directory[FWCFG_DIR_COUNT_SIZE + 2 * FWCFG_ENTRY_SIZE];

	world_machine(world, "kvm");
	add(world, "opt/a", "first");
	add(world, "opt/b", "second");
	put_be32(directory, 2);
	put_entry(directory + 4, 5, 0x20, "opt/same", 8);
	put_entry(directory + 68, 6, 0x21, "opt/same", 8);
	host_fwcfg_set_directory(world->fwcfg, directory, sizeof(directory));
	world_attach(world);
	reads(world, "opt/same", "first");
	assert_int_equal(world_device(world, "fwcfg0")->stats.bad_duplicate, 1);
}

/* A size that the host does not have: it answers zeroes, we stay in bounds. */
static void
test_file_claims_four_gigabytes(void **state)
{
	struct world *world = *state;
	unsigned char directory[FWCFG_DIR_COUNT_SIZE + FWCFG_ENTRY_SIZE];
	char value[4096];
	struct pv_kv kv = { .op = PV_READ,
		.flags = PV_KV_PARTIAL,
		.key = "opt/a",
		.keylen = 5,
		.value = value,
		.room = sizeof(value),
		.offset = 0xfffffff0u };
	size_t len;

	world_machine(world, "kvm");
	add(world, "opt/a", "abc");
	put_be32(directory, 1);
	put_entry(directory + 4, UINT32_MAX, 0x20, "opt/a", 5);
	host_fwcfg_set_directory(world->fwcfg, directory, sizeof(directory));
	world_attach(world);
	assert_int_equal(world_read(world, "opt/a", value, sizeof(value), &len),
	    PV_ERANGE);
	assert_int_equal(len, UINT32_MAX);
	assert_int_equal(world_request(world, &kv), PV_OK);
	assert_int_equal(kv.len, 15);
}

static void
test_not_fw_cfg_behind_the_ports(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_fwcfg_manners(world->fwcfg)->absent = true;
	world_attach(world);
	world_has_no_line(world, "fwcfg");
	assert_null(pv_bus_interface(world->bus, 0)->store);
}

static void
test_dma_error(void **state)
{
	struct world *world = *state;
	char value[8] = "old";
	size_t len;

	world_machine(world, "kvm");
	add(world, "opt/a", "abc");
	world_attach(world);
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_FAILS;
	assert_int_equal(world_read(world, "opt/a", value, 8, &len), PV_EIO);
	assert_string_equal(value, "old");
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_AT_ONCE;
	reads(world, "opt/a", "abc");
}

static void
test_dma_error_at_attach(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_FAILS;
	add(world, "opt/a", "abc");
	world_attach(world);
	world_has_line(world,
	    "\"fwcfg\" at pvbus0: input/output error, not configured");
}

/* The pages stay with the host for ever, and every reader hears of it. */
static void
test_dma_never_ends(void **state)
{
	struct world *world = *state;
	char value[8] = "old";
	uint64_t start;
	size_t len;

	world_machine(world, "kvm");
	add(world, "opt/a", "abc");
	world_attach(world);
	world_expect_leaked_pages(world, DMA_PAGES);
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_NEVER;
	start = sim_now(world->sim);
	assert_int_equal(world_read(world, "opt/a", value, 8, &len), PV_EIO);
	assert_in_range(sim_now(world->sim) - start, 5 * PV_SECOND,
	    6 * PV_SECOND);
	world_has_line(world,
	    "fwcfg0: the host does not end a DMA transfer; "
	    "out of use");
	assert_int_equal(world_device(world, "fwcfg0")->state,
	    PV_DEVICE_BROKEN);
	assert_int_equal(world_read(world, "opt/a", value, 8, &len), PV_EIO);
	assert_string_equal(value, "old");
}

/* The SMBIOS table is read by the same ports.  A host that ends that transfer
 * after we gave it up has nobody's buffer to write to. */
static void
test_dma_ends_late_after_attach(void **state)
{
	static const char *const strings[] = {
		"a string that makes the table longer than any value here"
	};
	struct world *world = *state;
	char value[2] = "x";
	size_t len;

	world_machine(world, "kvm");
	world_expect_leaked_pages(world, DMA_PAGES);
	add(world, "opt/a", "a");
	assert_true(sim_machine_set_oem(world->machine, strings, 1));
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_LATER;
	host_fwcfg_manners(world->fwcfg)->dma_delay = 6 * PV_SECOND;
	/* count (1), skip and entries (2) */
	host_fwcfg_manners(world->fwcfg)->dma_after = 3;
	world_attach(world);
	world_has_line(world,
	    "\"smbios\" at pvbus0: the host did not answer in "
	    "time, not configured");
	world_has_line(world,
	    "fwcfg0: the host does not end a DMA transfer; "
	    "out of use");
	sim_advance(world->sim, sim_now(world->sim) + 2 * PV_SECOND);
	assert_int_equal(world_read(world, "opt/a", value, 1, &len), PV_EIO);
	assert_string_equal(value, "x");
}

static void
test_dma_never_ends_at_attach(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	world_expect_leaked_pages(world, DMA_PAGES);
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_NEVER;
	add(world, "opt/a", "abc");
	world_attach(world);
	world_has_line(world,
	    "\"fwcfg\" at pvbus0: the host did not answer in "
	    "time, not configured");
}

/* A reader that leaves while the host is at work; the next one gets its own
 * bytes, and those of the first go nowhere. */
static void
test_cancel_during_dma(void **state)
{
	struct world *world = *state;
	char first[8] = "first", second[8];
	int answers = 0;
	struct pv_kv kv = { .op = PV_READ,
		.key = "opt/a",
		.keylen = 5,
		.value = first,
		.room = sizeof(first),
		.deadline = PV_NEVER,
		.done = answered,
		.owner = &answers };
	size_t len;

	world_machine(world, "kvm");
	add(world, "opt/a", "aaaa");
	add(world, "opt/b", "bbbb");
	world_attach(world);
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_LATER;
	host_fwcfg_manners(world->fwcfg)->dma_delay = PV_MILLISECOND;
	pv_store_submit(world->bus, pv_bus_interface(world->bus, 0), &kv);
	pv_bus_poll(world->bus, 1 + (unsigned)sim_random(world->sim, 4));
	pv_store_cancel(world->bus, &kv);
	assert_int_equal(answers, 1);
	assert_int_equal(kv.error, PV_EINTR);
	assert_int_equal(world_read(world, "opt/b", second, 8, &len), PV_OK);
	assert_memory_equal(second, "bbbb", 4);
	assert_string_equal(first, "first");
	assert_int_equal(answers, 1);
}

static void
test_deadline_during_dma(void **state)
{
	struct world *world = *state;
	char value[8] = "old";
	struct pv_kv kv = { .op = PV_READ,
		.key = "opt/a",
		.keylen = 5,
		.value = value,
		.room = sizeof(value) };

	world_machine(world, "kvm");
	add(world, "opt/a", "aaaa");
	world_attach(world);
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_LATER;
	host_fwcfg_manners(world->fwcfg)->dma_delay = PV_SECOND;
	kv.deadline = sim_now(world->sim) + PV_MILLISECOND;
	assert_int_equal(world_request(world, &kv), PV_ETIMEDOUT);
	assert_string_equal(value, "old");
	reads(world, "opt/a", "aaaa");
}

static void
test_detach_during_dma_leaks_the_pages(void **state)
{
	struct world *world = *state;
	char value[8];
	int answers = 0;
	struct pv_kv kv = { .op = PV_READ,
		.key = "opt/a",
		.keylen = 5,
		.value = value,
		.room = sizeof(value),
		.deadline = PV_NEVER,
		.done = answered,
		.owner = &answers };

	world_machine(world, "kvm");
	add(world, "opt/a", "aaaa");
	world_attach(world);
	host_fwcfg_manners(world->fwcfg)->dma = HOST_DMA_LATER;
	host_fwcfg_manners(world->fwcfg)->dma_delay = PV_SECOND;
	pv_store_submit(world->bus, pv_bus_interface(world->bus, 0), &kv);
	pv_bus_poll(world->bus, 8);
	pv_bus_detach(world->bus);
	world->bus = NULL;
	world_expect_leaked_pages(world, DMA_PAGES);
	sim_advance(world->sim, sim_now(world->sim) + 2 * PV_SECOND);
	assert_int_equal(answers, 1);
	assert_int_equal(kv.error, PV_EINTR);
}

/* Every allocation of attach fails once: no crash, nothing lost. */
static void
test_memory_runs_out_at_each_step(void **state)
{
	struct world *world = *state;
	static const char *const strings[] = { "a=b",
		"io.systemd.credential.binary:k=YWJj" };
	struct pv_bus *bus;
	unsigned nth, failures = 0;

	world_machine(world, "kvm");
	add(world, "opt/a", "abc");
	sim_machine_set_oem(world->machine, strings, 2);
	for (nth = 1; nth < 40; nth++) {
		struct pv_bus_config config = {
			.port = sim_machine_port(world->machine),
			.drivers =
			    (const struct pv_driver *const[]){ &pv_fwcfg_driver,
				&pv_smbios_driver, NULL },
		};

		sim_machine_fail_alloc(world->machine, nth);
		failures += pv_bus_attach(&config, &bus) != PV_OK;
		pv_bus_detach(bus);
		assert_int_equal(sim_machine_counts(world->machine)->memory, 0);
		assert_int_equal(sim_machine_counts(world->machine)->pages, 0);
	}
	sim_machine_fail_alloc(world->machine, 0);
	assert_int_equal(failures, 1); /* the bus itself */
	world_has_line(world, "\"fwcfg\" at pvbus0: no room, not configured");
	world_has_line(world, "\"smbios\" at pvbus0: no room, not configured");
	world_attach(world);
	reads(world, "opt/a", "abc");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_reads_by_dma),
		world_test(test_reads_by_ports_without_dma),
		world_test(test_reads_by_ports_without_string_instructions),
		world_test(test_reads_by_ports_without_pages),
		world_test(test_large_file_by_dma),
		world_test(test_large_file_by_ports),
		world_test(test_large_file_by_slow_dma),
		world_test(test_empty_file),
		world_test(test_missing_file),
		world_test(test_small_buffer_is_erange_and_untouched),
		world_test(test_writes_and_removes_are_erofs),
		world_test(test_cost_of_a_read),
		world_test(test_many_requests_at_once),
		world_test(test_lists),
		world_test(test_directory_claims_four_billion),
		world_test(test_directory_claims_more_than_it_has),
		world_test(test_bad_entries_are_left_out),
		world_test(test_first_of_two_of_a_name_stays),
		world_test(test_file_claims_four_gigabytes),
		world_test(test_not_fw_cfg_behind_the_ports),
		world_test(test_dma_error),
		world_test(test_dma_error_at_attach),
		world_test(test_dma_never_ends),
		world_test(test_dma_never_ends_at_attach),
		world_test(test_dma_ends_late_after_attach),
		world_test(test_cancel_during_dma),
		world_test(test_deadline_during_dma),
		world_test(test_detach_during_dma_leaks_the_pages),
		world_test(test_memory_runs_out_at_each_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
