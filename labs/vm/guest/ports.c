/* SPDX-License-Identifier: ISC */

/*
 * The guest half itself, drivers and all, on QEMU's real fw_cfg: by its I/O
 * ports and by DMA, as in a kernel.  Linux lends us the ports (ioperm) and
 * memory whose physical address it tells (a huge page and pagemap); its own
 * qemu_fw_cfg is idle as long as nobody reads its files.
 */
#include <cpuid.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "pvbus/guest.h"
#include "wire/fwcfg.h"

#define HUGE (2u << 20)
#define BLOB_SIZE (60u * 1024)

static char log_text[4096];
static char *huge; /* one page of 2 MiB, handed out once */

static void *
port_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void
port_free(void *ctx, void *memory, size_t size)
{
	(void)ctx, (void)size;
	free(memory);
}

static void
port_log(void *ctx, enum pv_log level, const char *line)
{
	size_t len = strlen(log_text);

	(void)ctx, (void)level;
	snprintf(log_text + len, sizeof(log_text) - len, "%s\n", line);
}

static uint64_t
port_now(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * PV_SECOND + (uint64_t)now.tv_nsec;
}

static void
port_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	(void)ctx;
	__cpuid_count(leaf, subleaf, out->eax, out->ebx, out->ecx, out->edx);
}

static int
port_read(void *ctx, uint16_t port, unsigned width, uint32_t *value)
{
	(void)ctx;
	*value = width == 1 ? inb(port) : width == 2 ? inw(port) : inl(port);
	return PV_OK;
}

static int
port_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	(void)ctx;
	if (width == 1)
		outb((uint8_t)value, port);
	else if (width == 2)
		outw((uint16_t)value, port);
	else
		outl(value, port);
	return PV_OK;
}

static int
port_read_string(void *ctx, uint16_t port, void *to, size_t count)
{
	(void)ctx;
	insb(port, to, count);
	return PV_OK;
}

/* The physical address of a page that is there: Linux
 * Documentation/admin-guide/mm/pagemap.rst, bits 0 to 54 and 63. */
static uint64_t
physical_of(const void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (fd < 0 ||
	    pread(fd, &entry, sizeof(entry),
		(off_t)((uintptr_t)address / 4096 * sizeof(entry))) !=
		sizeof(entry))
		entry = 0;
	close(fd);
	if ((entry & 1ull << 63) == 0)
		return 0;
	return (entry & ((1ull << 55) - 1)) * 4096;
}

static void *
port_pages(void *ctx, size_t pages, uint64_t *physical)
{
	(void)ctx;
	if (huge == NULL || pages * PV_PAGE_SIZE > HUGE)
		return NULL;
	memset(huge, 0, HUGE);
	*physical = physical_of(huge);
	return *physical != 0 ? huge : NULL;
}

static void
port_pages_free(void *ctx, void *memory, size_t pages)
{
	(void)ctx, (void)memory, (void)pages;
}

static void
take_huge_page(void)
{
	FILE *file = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (file != NULL) {
		fputs("2\n", file);
		fclose(file);
	}
	huge = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (huge == MAP_FAILED) {
		complain("a huge page, got none");
		huge = NULL;
	}
}

static struct pv_port
port(void)
{
	if (ioperm(FWCFG_PORT_SELECTOR, 12, 1) != 0)
		complain("the I/O ports of fw_cfg from ioperm, got no");
	if (huge == NULL)
		take_huge_page();
	return (struct pv_port){
		.alloc = port_alloc,
		.free = port_free,
		.log = port_log,
		.now = port_now,
		.cpuid = port_cpuid,
		.io_read = port_read,
		.io_write = port_write,
		.io_read_string = port_read_string,
		.pages_alloc = port_pages,
		.pages_free = port_pages_free,
	};
}

static void
done(struct pv_kv *kv)
{
	*(bool *)kv->owner = true;
}

static size_t
get(struct pv_bus *bus, const char *key, void *to, size_t size)
{
	bool finished = false;
	struct pv_kv kv = { .op = PV_READ,
		.key = key,
		.keylen = strlen(key),
		.value = to,
		.room = size,
		.deadline = PV_NEVER,
		.done = done,
		.owner = &finished };

	pv_store_submit(bus, pv_bus_interface(bus, 0), &kv);
	if (pv_await(bus, &finished, port_now(NULL) + 30 * PV_SECOND) != PV_OK)
		complain("an answer for %s in 30 s, got none", key);
	if (kv.error != PV_OK)
		complain("%s, got: %s", key, pv_error_text(kv.error));
	return kv.error == PV_OK ? kv.len : 0;
}

static void
expect_text(struct pv_bus *bus, const char *key, const char *text)
{
	char got[256];
	size_t len = get(bus, key, got, sizeof(got));

	if (len != strlen(text) || memcmp(got, text, len) != 0)
		complain("%s in %s, got %.*s", text, key, (int)len, got);
}

static void
expect_blob(struct pv_bus *bus)
{
	static char wanted[BLOB_SIZE], got[BLOB_SIZE];
	FILE *file = fopen("/payload/expected/blob", "r");

	if (file == NULL || fread(wanted, 1, BLOB_SIZE, file) != BLOB_SIZE)
		complain("the blob to compare with, got no such file");
	else if (get(bus, "opt/org.example/blob", got, BLOB_SIZE) !=
		BLOB_SIZE ||
	    memcmp(got, wanted, BLOB_SIZE) != 0)
		complain("the bytes of the blob, got others");
	if (file != NULL)
		fclose(file);
}

static struct pv_bus *
attach(const struct pv_port *ours, const char *how)
{
	static const struct pv_driver *const drivers[] = { &pv_fwcfg_driver,
		&pv_smbios_driver, NULL };
	struct pv_bus *bus = NULL;
	char line[64];
	int error;

	log_text[0] = '\0';
	error = pv_bus_attach(&(struct pv_bus_config){ .port = ours,
				  .drivers = drivers },
	    &bus);
	if (error != PV_OK) {
		complain("a bus, got: %s", pv_error_text(error));
		return NULL;
	}
	for (char *c = log_text; *c != '\0'; c++)
		if (*c == '\n')
			*c = '|';
	snprintf(line, sizeof(line), "|fwcfg0 at pvbus0: %s, ", how);
	if (strncmp(log_text, "pvbus0 at mainbus0: QEMU|", 25) != 0 ||
	    strstr(log_text, line) == NULL ||
	    strstr(log_text, "|smbios0 at pvbus0: 4 OEM strings") == NULL)
		complain("a report with %s and 4 OEM strings, got %s", line + 1,
		    log_text);
	return bus;
}

static const struct pv_stats *
stats(const struct pv_bus *bus)
{
	return &pv_bus_devices(bus)->stats;
}

static void
check_dma(void)
{
	struct pv_port ours = port();
	struct pv_bus *bus = attach(&ours, "DMA");
	uint64_t exits;

	if (bus == NULL)
		return;
	expect_text(bus, KEY, VALUE);
	expect_text(bus, "oem/1", "a plain string");
	expect_text(bus, "oem/org.example.name", "Ada Lovelace, Countess");
	exits = stats(bus)->exits;
	expect_blob(bus);
	/* one below 4 GiB, where the guest's memory is */
	if (stats(bus)->exits - exits != 1)
		complain("1 exit for 60 KiB, got %u",
		    (unsigned)(stats(bus)->exits - exits));
	pv_bus_detach(bus);
}

static void
check_ports(void)
{
	struct pv_port ours = port();
	struct pv_bus *bus;

	ours.pages_alloc = NULL;
	bus = attach(&ours, "I/O");
	if (bus == NULL)
		return;
	expect_text(bus, KEY, VALUE);
	expect_blob(bus);
	pv_bus_detach(bus);
}

static void
check_ports_bytewise(void)
{
	struct pv_port ours = port();
	struct pv_bus *bus;

	ours.pages_alloc = NULL;
	ours.io_read_string = NULL;
	bus = attach(&ours, "I/O");
	if (bus == NULL)
		return;
	expect_text(bus, KEY, VALUE);
	pv_bus_detach(bus);
}

const struct check checks[] = {
	{ "dma", check_dma },
	{ "ports", check_ports },
	{ "ports-bytewise", check_ports_bytewise },
	{ NULL, NULL },
};
