/* SPDX-License-Identifier: ISC */
/*
 * Detection, point by point of openbsd.md 1.1 (P-1 to P-14) and line 63 of
 * hostile-host.md: against the sim's hosts, and against a CPU made by hand
 * where a host of the sim cannot lie enough.
 */
#include "tests/support/world.h"
#include "wire/cpuid.h"
#include "wire/endian.h"

#include <stdio.h>

#define BASES 256
/* leaf 1, each base, and what the interfaces read: 1 + 2 + 1 + 1 */
#define CPUIDS_MAX (1 + BASES + 5)

/* ---- A CPU made by hand ----------------------------------------------- */

struct cpu {
	struct pv_port port;
	bool hypervisor;
	const char *everywhere;      /* the signature at all bases, or NULL */
	uint32_t max_leaf;           /* at all of them */
	struct pv_cpuid base[BASES]; /* where there is one of its own */
	struct pv_cpuid leaf[16];    /* base + n, of every base */
	uint32_t asked[CPUIDS_MAX + 1];
	unsigned count;
};

static struct pv_cpuid
signed_with(const char *signature, uint32_t eax)
{
	return (struct pv_cpuid){ eax, get_le32(signature),
		get_le32(signature + 4), get_le32(signature + 8) };
}

static void
cpu_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	struct cpu *cpu = ctx;
	uint32_t n = leaf & (CPUID_HV_STEP - 1);

	assert_int_equal(subleaf, 0);
	assert_in_range(cpu->count, 0, CPUIDS_MAX);
	cpu->asked[cpu->count++] = leaf;
	*out = (struct pv_cpuid){ 0 };
	if (leaf == 1)
		out->ecx = cpu->hypervisor ? CPUID_1_ECX_HYPERVISOR : 0;
	else if (leaf < CPUID_HV_FIRST || leaf >= CPUID_HV_END)
		fail_msg("CPUID leaf %x is none of a hypervisor", leaf);
	else if (n != 0)
		*out = cpu->leaf[n & 15];
	else if (cpu->base[leaf >> 8 & 0xff].ebx != 0)
		*out = cpu->base[leaf >> 8 & 0xff];
	else if (cpu->everywhere != NULL)
		*out = signed_with(cpu->everywhere, cpu->max_leaf);
}

static struct cpu
cpu_new(void)
{
	struct cpu cpu = { .hypervisor = true };

	cpu.port.cpuid = cpu_cpuid;
	return cpu;
}

static int
detect(struct cpu *cpu, struct pv_detection *out)
{
	cpu->port.ctx = cpu;
	cpu->count = 0;
	return pv_detect(&cpu->port, out);
}

static void
put_base(struct cpu *cpu, unsigned n, const char *signature, uint32_t max_leaf)
{
	cpu->base[n] = signed_with(signature, max_leaf);
}

/* One interface is found, and it is this one. */
static struct pv_interface
finds(struct cpu *cpu, enum pv_hv id)
{
	struct pv_detection found;

	assert_int_equal(detect(cpu, &found), PV_OK);
	assert_int_equal(found.count, 1);
	assert_true(found.interface[id].present);
	return found.interface[id];
}

static void
finds_nothing(struct cpu *cpu)
{
	struct pv_detection found;

	assert_int_equal(detect(cpu, &found), PV_ENODEV);
	assert_int_equal(found.count, 0);
	assert_null(found.vendor);
	for (unsigned id = 0; id < PV_HV_COUNT; id++)
		assert_false(found.interface[id].present);
}

static const char *const signatures[PV_HV_COUNT] = {
	[PV_HV_KVM] = "KVMKVMKVM\0\0\0",
	[PV_HV_HYPERV] = "Microsoft Hv",
	[PV_HV_VMWARE] = "VMwareVMware",
	[PV_HV_XEN] = "XenVMMXenVMM",
	[PV_HV_BHYVE] = "bhyve bhyve ",
	[PV_HV_OPENBSD] = "OpenBSDVMM58",
	[PV_HV_QEMU] = "TCGTCGTCGTCG",
};

static const char *const names[PV_HV_COUNT] = { "KVM", "Hyper-V", "VMware",
	"Xen", "bhyve", "OpenBSD", "QEMU" };

/* ---- The gate and the scan: P-1 to P-6 -------------------------------- */

/* P-1: architectures without the instruction. */
static void
test_p01_port_without_cpuid_is_enotsup(void **state)
{
	struct world *world = *state;
	struct pv_port port = { 0 };
	struct pv_detection found;

	memset(&found, 0xff, sizeof(found));
	assert_int_equal(pv_detect(&port, &found), PV_ENOTSUP);
	assert_int_equal(found.count, 0);
	world_machine(world, "kvm");
	sim_machine_own_port(world->machine)->cpuid = NULL;
	world_attach_fails(world, PV_ENOTSUP);
	world_has_no_line(world, "pvbus");
}

static void
test_p02_without_hypervisor_bit_one_cpuid_and_no_line(void **state)
{
	struct world *world = *state;
	struct cpu cpu = cpu_new();

	cpu.hypervisor = false;
	cpu.everywhere = signatures[PV_HV_KVM];
	finds_nothing(&cpu);
	assert_int_equal(cpu.count, 1);
	assert_int_equal(cpu.asked[0], 1);

	world_machine(world, "kvm+xen");
	sim_machine_cpuid(world->machine)->hypervisor = false;
	world_attach_fails(world, PV_ENODEV);
	assert_int_equal(sim_machine_counts(world->machine)->cpuids, 1);
	assert_string_equal(sim_machine_log(world->machine), "");
}

static void
test_p02_bit_alone_is_no_hypervisor(void **state)
{
	struct world *world = *state;
	struct cpu cpu = cpu_new();

	finds_nothing(&cpu);
	assert_int_equal(cpu.count, 2);

	world_machine(world, "none");
	sim_machine_cpuid(world->machine)->hypervisor = true;
	world_attach_fails(world, PV_ENODEV);
	assert_int_equal(sim_machine_counts(world->machine)->cpuids, 2);
	assert_string_equal(sim_machine_log(world->machine), "");
}

static void
test_p03_scan_range(void **state)
{
	struct cpu cpu = cpu_new();

	(void)state;
	cpu.everywhere = "UnknownMaker";
	finds_nothing(&cpu);
	assert_int_equal(cpu.count, 1 + BASES);
	for (unsigned i = 0; i < BASES; i++)
		assert_int_equal(cpu.asked[1 + i], 0x40000000u + i * 0x100u);
}

static void
test_p03_first_and_last_base_are_seen(void **state)
{
	struct cpu cpu = cpu_new();

	(void)state;
	cpu.everywhere = "UnknownMaker";
	put_base(&cpu, 255, signatures[PV_HV_XEN], 0x4000ff04);
	assert_int_equal(finds(&cpu, PV_HV_XEN).base, 0x4000ff00);
	cpu = cpu_new();
	put_base(&cpu, 0, signatures[PV_HV_XEN], 0x40000004);
	assert_int_equal(finds(&cpu, PV_HV_XEN).base, 0x40000000);
}

static void
test_p04_signature_is_ebx_ecx_edx(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_cpuid regs = signed_with("VMwareVMware", 0x40000010);

	(void)state;
	cpu.base[0] = regs;
	finds(&cpu, PV_HV_VMWARE);
	/* the order of leaf 0, where the vendor of the CPU stands */
	cpu.base[0].ecx = regs.edx;
	cpu.base[0].edx = regs.ecx;
	finds_nothing(&cpu);
}

static void
test_p04_all_twelve_bytes_count(void **state)
{
	char signature[CPUID_SIGNATURE_SIZE];

	(void)state;
	for (unsigned id = 0; id < PV_HV_COUNT; id++)
		for (unsigned i = 0; i < CPUID_SIGNATURE_SIZE; i++) {
			struct cpu cpu = cpu_new();

			memcpy(signature, signatures[id], sizeof(signature));
			signature[i] ^= 1;
			put_base(&cpu, 0, signature, 0x40000001);
			finds_nothing(&cpu);
		}
}

/* What stands first is `first`; is the KVM behind it found? */
static bool
scan_goes_past(const char *first)
{
	struct cpu cpu = cpu_new();
	struct pv_detection found;

	put_base(&cpu, 0, first, 0);
	put_base(&cpu, 1, signatures[PV_HV_KVM], 0x40000101);
	if (detect(&cpu, &found) != PV_OK) {
		assert_int_equal(cpu.count, 2);
		return false;
	}
	assert_int_equal(found.unknown, 1);
	return true;
}

static void
test_p05_unknown_printable_signature_goes_on(void **state)
{
	struct world *world = *state;

	assert_true(scan_goes_past("VBoxVBoxVBox"));
	assert_true(scan_goes_past("    \x1b\x1b\x1b\x1b\xff\xff\xff\xff"));
	assert_true(scan_goes_past("~~~~\0\0\0\0\0\0\0\0"));

	world_machine(world, "none");
	sim_machine_cpuid(world->machine)->hypervisor = true;
	host_cpuid_set(sim_machine_cpuid(world->machine),
	    (struct host_cpuid_leaf){ 0x40000000, 0, get_le32("Unkn"),
		get_le32("ownM"), get_le32("aker") });
	host_cpuid_show(sim_machine_cpuid(world->machine), HOST_XEN,
	    0x40000100);
	world_attach(world);
	world_has_line(world, "pvbus0 at mainbus0: Xen 4.17");
	assert_int_equal(pv_bus_detection(world->bus)->unknown, 1);
}

static void
test_p05_unprintable_first_four_bytes_end_the_scan(void **state)
{
	static const char bad[] = { 0x00, 0x01, 0x1f, 0x7f, (char)0x80,
		(char)0xff };
	char signature[CPUID_SIGNATURE_SIZE];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < sizeof(bad); j++) {
			memcpy(signature, "UnknownMaker", sizeof(signature));
			signature[i] = bad[j];
			assert_false(scan_goes_past(signature));
		}
}

static void
test_p05_known_signature_behind_the_end_is_not_seen(void **state)
{
	struct world *world = *state;

	world_machine(world, "kvm");
	host_cpuid_show(sim_machine_cpuid(world->machine), HOST_XEN,
	    0x40000200);
	world_attach(world);
	world_has_line(world, "pvbus0 at mainbus0: KVM");
	/* leaf 1, two bases, the features */
	assert_int_equal(sim_machine_counts(world->machine)->cpuids, 4);
}

/* P-6, but a leaf that the host does not claim is not read. */
static void
test_p06_largest_leaf_zero(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_interface interface;

	(void)state;
	for (unsigned i = 1; i < 16; i++)
		cpu.leaf[i] = (struct pv_cpuid){ 0x40010, 0xa0007, 0, 0 };
	/* KVM before Linux 2.6.3x, and OpenBSD's vmm: means base + 1 */
	put_base(&cpu, 0, signatures[PV_HV_KVM], 0);
	interface = finds(&cpu, PV_HV_KVM);
	assert_int_equal(interface.features, 0x40010);
	assert_int_equal(interface.max_leaf, 0x40000001);
	put_base(&cpu, 0, signatures[PV_HV_OPENBSD], 0);
	assert_int_equal(finds(&cpu, PV_HV_OPENBSD).features, 0x40010);
	/* others: nothing is there to be read */
	put_base(&cpu, 0, signatures[PV_HV_HYPERV], 0);
	interface = finds(&cpu, PV_HV_HYPERV);
	assert_int_equal(interface.features, 0);
	assert_int_equal(interface.major, 0);
	assert_int_equal(cpu.count, 3);
	put_base(&cpu, 0, signatures[PV_HV_XEN], 0);
	interface = finds(&cpu, PV_HV_XEN);
	assert_int_equal(interface.major, 0);
	assert_int_equal(interface.quirks, 0);
	assert_int_equal(cpu.count, 3);
}

static void
test_p06_largest_leaf_too_small(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_interface interface;

	(void)state;
	for (unsigned i = 1; i < 16; i++)
		cpu.leaf[i] = (struct pv_cpuid){ 0x40010, 0xa0007, 0, 0 };
	/* the signature and nothing behind it */
	put_base(&cpu, 0, signatures[PV_HV_KVM], 0x40000000);
	assert_int_equal(finds(&cpu, PV_HV_KVM).features, 0);
	assert_int_equal(cpu.count, 3);
	put_base(&cpu, 0, signatures[PV_HV_HYPERV], 0x40000001);
	interface = finds(&cpu, PV_HV_HYPERV);
	assert_int_equal(interface.major, 0);
	assert_int_equal(interface.features, 0);
	/* the version, and not the features */
	put_base(&cpu, 0, signatures[PV_HV_HYPERV], 0x40000002);
	interface = finds(&cpu, PV_HV_HYPERV);
	assert_int_equal(interface.major, 10);
	assert_int_equal(interface.minor, 7);
	assert_int_equal(interface.features, 0);
	assert_int_equal(cpu.count, 4);
	put_base(&cpu, 0, signatures[PV_HV_XEN], 0x40000000);
	assert_int_equal(finds(&cpu, PV_HV_XEN).major, 0);
}

/* Largest leaves that belong to another base, or to nothing at all. */
static void
test_p06_largest_leaf_beyond(void **state)
{
	static const uint32_t beyond[] = { 1, 0x3fffffff, 0x40000100,
		0x40010000, 0x80000008, 0xffffffff };
	struct cpu cpu = cpu_new();
	struct pv_interface interface;

	(void)state;
	for (unsigned i = 1; i < 16; i++)
		cpu.leaf[i] = (struct pv_cpuid){ 0x40010, 0xa0007, 0, 0 };
	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		put_base(&cpu, 0, signatures[PV_HV_HYPERV], beyond[i]);
		interface = finds(&cpu, PV_HV_HYPERV);
		assert_int_equal(interface.base, 0x40000000);
		assert_int_equal(interface.max_leaf, 0);
		assert_int_equal(interface.features, 0);
	}
	put_base(&cpu, 0, signatures[PV_HV_HYPERV], 0x400000ff);
	assert_int_equal(finds(&cpu, PV_HV_HYPERV).features, 0x40010);
}

static void
test_p06_lying_hosts_of_the_sim_attach(void **state)
{
	struct world *world = *state;
	struct host_cpuid *cpuid;
	struct host_cpuid_leaf leaf;

	world_machine(world, "hyperv");
	cpuid = sim_machine_cpuid(world->machine);
	leaf = host_cpuid_get(cpuid, 0x40000000);
	leaf.eax = UINT32_MAX;
	host_cpuid_set(cpuid, leaf);
	world_attach(world);
	world_has_line(world, "pvbus0 at mainbus0: Hyper-V 0.0");
	assert_int_equal(sim_machine_counts(world->machine)->cpuids, 3);
}

/* ---- The table: P-7 to P-9 -------------------------------------------- */

static void
test_p07_known_table(void **state)
{
	(void)state;
	for (enum pv_hv id = 0; id < PV_HV_COUNT; id++) {
		struct cpu cpu = cpu_new();
		struct pv_interface interface;

		put_base(&cpu, 0, signatures[id], 0x40000010);
		interface = finds(&cpu, id);
		assert_int_equal(interface.id, id);
		assert_string_equal(interface.name, names[id]);
		assert_int_equal(interface.unit, 0);
		assert_int_equal(interface.base, 0x40000000);
		assert_true(interface.has_version ==
		    (id == PV_HV_HYPERV || id == PV_HV_XEN));
		assert_null(interface.store);
	}
}

static void
test_p07_every_face_of_the_sim(void **state)
{
	static const struct {
		const char *face, *line;
	} faces[] = {
		{ "kvm", "pvbus0 at mainbus0: KVM" },
		{ "hyperv", "pvbus0 at mainbus0: Hyper-V 10.0" },
		{ "vmware", "pvbus0 at mainbus0: VMware" },
		{ "xen", "pvbus0 at mainbus0: Xen 4.17" },
		{ "bhyve", "pvbus0 at mainbus0: bhyve" },
		{ "vmm", "pvbus0 at mainbus0: OpenBSD" },
		{ "qemu", "pvbus0 at mainbus0: QEMU" },
	};
	struct world *world = *state;

	for (unsigned i = 0; i < sizeof(faces) / sizeof(faces[0]); i++) {
		world_new(world, faces[i].face);
		assert_string_equal(pv_bus_line(world->bus), faces[i].line);
		world_has_line(world, faces[i].line);
		assert_int_equal(pv_bus_detection(world->bus)->count, 1);
		assert_ptr_equal(pv_bus_detection(world->bus)->vendor,
		    pv_bus_interface(world->bus, 0)->name);
		pv_bus_detach(world->bus);
		world->bus = NULL;
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

/* Numbers follow the table, whatever the order in CPUID. */
static void
test_p07_numbers_in_table_order(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_detection found;

	(void)state;
	for (unsigned id = 0; id < PV_HV_COUNT; id++)
		put_base(&cpu, PV_HV_COUNT - 1 - id, signatures[id], 0);
	assert_int_equal(detect(&cpu, &found), PV_OK);
	assert_int_equal(found.count, PV_HV_COUNT);
	for (unsigned id = 0; id < PV_HV_COUNT; id++) {
		assert_int_equal(found.interface[id].unit, id);
		assert_int_equal(found.interface[id].base,
		    0x40000000 + 0x100 * (PV_HV_COUNT - 1 - id));
	}
	assert_int_equal(found.unknown, 0);
	assert_int_equal(found.repeated, 0);
}

static void
test_p07_numbers_are_dense(void **state)
{
	(void)state;
	for (unsigned set = 1; set < 1u << PV_HV_COUNT; set++) {
		struct cpu cpu = cpu_new();
		struct pv_detection found;
		unsigned n = 0, unit = 0;

		for (unsigned id = 0; id < PV_HV_COUNT; id++)
			if (set & 1u << id)
				put_base(&cpu, n++, signatures[id], 0);
		assert_int_equal(detect(&cpu, &found), PV_OK);
		assert_int_equal(found.count, n);
		for (unsigned id = 0; id < PV_HV_COUNT; id++) {
			assert_true(found.interface[id].present ==
			    ((set & 1u << id) != 0));
			if (set & 1u << id)
				assert_int_equal(found.interface[id].unit,
				    unit++);
		}
	}
}

static void
test_p08_two_signatures(void **state)
{
	struct world *world = *state;
	const struct pv_detection *found;

	world_new(world, "xen+hyperv");
	found = pv_bus_detection(world->bus);
	assert_int_equal(found->count, 2);
	assert_int_equal(found->interface[PV_HV_HYPERV].base, 0x40000000);
	assert_int_equal(found->interface[PV_HV_XEN].base, 0x40000100);
	assert_int_equal(found->repeated, 0);
	world_has_line(world, "pvbus0 at mainbus0: Hyper-V 10.0, Xen 4.17");
}

static void
test_p08_later_base_wins(void **state)
{
	struct world *world = *state;
	const struct pv_detection *found;
	struct host_cpuid *cpuid;

	world_machine(world, "hyperv+xen");
	cpuid = sim_machine_cpuid(world->machine);
	host_cpuid_show(cpuid, HOST_XEN, 0x40000200);
	host_cpuid_set(cpuid,
	    (struct host_cpuid_leaf){ .leaf = 0x40000201,
		.eax = 4u << 16 | 19 });
	world_attach(world);
	found = pv_bus_detection(world->bus);
	assert_int_equal(found->count, 2);
	assert_int_equal(found->repeated, 1);
	assert_int_equal(found->implausible, 0);
	assert_int_equal(found->interface[PV_HV_XEN].base, 0x40000200);
	world_has_line(world, "pvbus0 at mainbus0: Hyper-V 10.0, Xen 4.19");
}

static void
test_p08_implausible_repeat_is_ignored(void **state)
{
	static const uint32_t bad[] = { 0, 1, 0x40000001, 0x400000ff,
		0x40000200, 0x80000000, 0xffffffff };
	struct cpu cpu = cpu_new();
	struct pv_detection found;

	(void)state;
	put_base(&cpu, 0, signatures[PV_HV_KVM], 0x40000001);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_base(&cpu, 1, signatures[PV_HV_KVM], bad[i]);
		assert_int_equal(detect(&cpu, &found), PV_OK);
		assert_int_equal(found.interface[PV_HV_KVM].base, 0x40000000);
		assert_int_equal(found.repeated, 1);
		assert_int_equal(found.implausible, 1);
	}
	put_base(&cpu, 1, signatures[PV_HV_KVM], 0x40000100);
	assert_int_equal(detect(&cpu, &found), PV_OK);
	assert_int_equal(found.interface[PV_HV_KVM].base, 0x40000100);
	assert_int_equal(found.implausible, 0);
}

/* A first one that is implausible gives way to any that is not. */
static void
test_p08_plausible_after_implausible(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_detection found;

	(void)state;
	cpu.leaf[1].eax = 4u << 16 | 17;
	put_base(&cpu, 0, signatures[PV_HV_XEN], 0x12345678);
	put_base(&cpu, 1, signatures[PV_HV_XEN], 0x40000104);
	put_base(&cpu, 2, signatures[PV_HV_XEN], 0x40000104);
	assert_int_equal(detect(&cpu, &found), PV_OK);
	assert_int_equal(found.interface[PV_HV_XEN].base, 0x40000100);
	assert_int_equal(found.interface[PV_HV_XEN].minor, 17);
	assert_int_equal(found.repeated, 2);
	assert_int_equal(found.implausible, 1);
}

/* Some CPUs answer every leaf that they do not have with one that they have. */
static void
test_p08_one_leaf_at_all_bases(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_detection found;

	(void)state;
	cpu.everywhere = signatures[PV_HV_KVM];
	cpu.max_leaf = 0x40000001;
	cpu.leaf[1].eax = 0x01000008;
	assert_int_equal(detect(&cpu, &found), PV_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.interface[PV_HV_KVM].base, 0x40000000);
	assert_int_equal(found.interface[PV_HV_KVM].features, 0x01000008);
	assert_int_equal(found.repeated, BASES - 1);
	assert_int_equal(found.implausible, BASES - 1);
	assert_int_equal(cpu.count, 1 + BASES + 1);
}

static void
test_p08_number_of_cpuids_is_bounded(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_detection found;

	(void)state;
	/* all seven, each as often as there is room, all plausible */
	for (unsigned i = 0; i < BASES; i++)
		put_base(&cpu, i, signatures[i % PV_HV_COUNT],
		    0x40000000 + i * 0x100 + 0xff);
	assert_int_equal(detect(&cpu, &found), PV_OK);
	assert_int_equal(found.count, PV_HV_COUNT);
	assert_int_equal(found.repeated, BASES - PV_HV_COUNT);
	assert_int_equal(cpu.count, CPUIDS_MAX);
}

static void
test_p09_vendor_is_the_first_signature_met(void **state)
{
	struct world *world = *state;
	struct cpu cpu = cpu_new();
	struct pv_detection found;

	put_base(&cpu, 0, "UnknownMaker", 0);
	put_base(&cpu, 1, signatures[PV_HV_XEN], 0);
	put_base(&cpu, 2, signatures[PV_HV_KVM], 0);
	assert_int_equal(detect(&cpu, &found), PV_OK);
	assert_string_equal(found.vendor, "Xen");

	/* first in CPUID, though second in the table */
	world_new(world, "kvm+hyperv");
	assert_string_equal(pv_bus_detection(world->bus)->vendor, "Hyper-V");
	assert_int_equal(pv_bus_detection(world->bus)
			     ->interface[PV_HV_KVM]
			     .unit,
	    0);
}

/* ---- What each interface tells: P-10 to P-14 -------------------------- */

static void
test_p10_kvm_and_openbsd_features_are_eax_of_base_1(void **state)
{
	static const enum pv_hv both[] = { PV_HV_KVM, PV_HV_OPENBSD };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct cpu cpu = cpu_new();

		cpu.leaf[1] = (struct pv_cpuid){ 0xdeadbeef, 1, 2, 3 };
		put_base(&cpu, 0, signatures[both[i]], 0x40000001);
		assert_int_equal(finds(&cpu, both[i]).features, 0xdeadbeef);
		assert_int_equal(cpu.count, 4);
		assert_int_equal(cpu.asked[3], 0x40000001);
	}
}

static void
test_p10_signature_without_features(void **state)
{
	static const enum pv_hv none[] = { PV_HV_VMWARE, PV_HV_BHYVE,
		PV_HV_QEMU };
	struct world *world = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct cpu cpu = cpu_new();

		cpu.leaf[1].eax = cpu.leaf[3].eax = 0xffffffff;
		put_base(&cpu, 0, signatures[none[i]], 0x40000010);
		assert_int_equal(finds(&cpu, none[i]).features, 0);
		assert_int_equal(cpu.count, 3);
	}
	world_machine(world, "kvm");
	host_cpuid_set(sim_machine_cpuid(world->machine),
	    (struct host_cpuid_leaf){ .leaf = 0x40000001 });
	world_attach(world);
	world_has_line(world, "pvbus0 at mainbus0: KVM");
	world_has_no_line(world, "pvclock");
}

static void
test_p11_hyperv_features_and_version(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_interface interface;

	(void)state;
	/* "Hv#1" of base + 1 is not asked for */
	cpu.leaf[2] = (struct pv_cpuid){ 1, 6u << 16 | 3, 2, 3 };
	cpu.leaf[3] = (struct pv_cpuid){ 0x2e7f, 1, 2, 3 };
	put_base(&cpu, 0, signatures[PV_HV_HYPERV], 0x40000006);
	interface = finds(&cpu, PV_HV_HYPERV);
	assert_true(interface.has_version);
	assert_int_equal(interface.major, 6);
	assert_int_equal(interface.minor, 3);
	assert_int_equal(interface.features, 0x2e7f);
	assert_int_equal(cpu.count, 5);
	assert_int_equal(cpu.asked[3], 0x40000002);
	assert_int_equal(cpu.asked[4], 0x40000003);
}

static void
test_p11_leaves_are_counted_from_the_own_base(void **state)
{
	struct cpu cpu = cpu_new();

	(void)state;
	put_base(&cpu, 0, "UnknownMaker", 0);
	put_base(&cpu, 1, signatures[PV_HV_HYPERV], 0x40000103);
	finds(&cpu, PV_HV_HYPERV);
	assert_int_equal(cpu.asked[4], 0x40000102);
	assert_int_equal(cpu.asked[5], 0x40000103);
}

static void
test_p12_xen_version(void **state)
{
	struct cpu cpu = cpu_new();
	struct pv_interface interface;

	(void)state;
	cpu.leaf[1] = (struct pv_cpuid){ 0xfffe0000u | 0xabcd, 1, 2, 3 };
	put_base(&cpu, 0, signatures[PV_HV_XEN], 0x40000004);
	interface = finds(&cpu, PV_HV_XEN);
	assert_true(interface.has_version);
	assert_int_equal(interface.major, 0xfffe);
	assert_int_equal(interface.minor, 0xabcd);
}

static void
test_p12_no_x2apic_before_xen_4_3(void **state)
{
	static const struct {
		unsigned major, minor, quirks;
	} versions[] = {
		{ 3, 0, PV_QUIRK_NO_X2APIC },
		{ 3, 4, PV_QUIRK_NO_X2APIC },
		{ 4, 0, PV_QUIRK_NO_X2APIC },
		{ 4, 2, PV_QUIRK_NO_X2APIC },
		{ 4, 3, 0 },
		{ 4, 17, 0 },
		{ 5, 0, 0 },
		{ 5, 2, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct cpu cpu = cpu_new();

		cpu.leaf[1].eax = versions[i].major << 16 | versions[i].minor;
		put_base(&cpu, 0, signatures[PV_HV_XEN], 0x40000004);
		assert_int_equal(finds(&cpu, PV_HV_XEN).quirks,
		    versions[i].quirks);
	}
}

/* P-13, the hook of each CPU, is in test_bus.c.  P-14: the bits in use. */
static void
test_p14_feature_bits_in_use(void **state)
{
	(void)state;
	assert_int_equal(CPUID_KVM_CLOCKSOURCE, 1u << 0);
	assert_int_equal(CPUID_KVM_CLOCKSOURCE2, 1u << 3);
	assert_int_equal(CPUID_KVM_CLOCKSOURCE_STABLE, 1u << 24);
}

/* The clock is there with a bit of its registers, of either set on KVM; that of
 * its stability alone is none. */
static void
test_p14_clock_by_its_registers(void **state)
{
	static const struct {
		const char *face, *line;
		uint32_t features;
	} cases[] = {
		{ "kvm", NULL, 0 },
		{ "kvm", NULL, 1u << 24 },
		{ "kvm", NULL, ~(1u << 3 | 1u << 0) },
		{ "kvm", "\"pvclock\" at pvbus0: KVM not configured", 1u << 0 },
		{ "kvm", "\"pvclock\" at pvbus0: KVM not configured", 1u << 3 },
		{ "kvm", "\"pvclock\" at pvbus0: KVM not configured",
		    1u << 3 | 1u << 24 },
		{ "vmm", NULL, 1u << 0 | 1u << 24 },
		{ "vmm", "\"pvclock\" at pvbus0: OpenBSD not configured",
		    1u << 3 | 1u << 24 },
	};
	struct world *world = *state;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_machine(world, cases[i].face);
		host_cpuid_set(sim_machine_cpuid(world->machine),
		    (struct host_cpuid_leaf){ .leaf = 0x40000001,
			.eax = cases[i].features });
		world_attach(world);
		if (cases[i].line == NULL)
			world_has_no_line(world, "pvclock");
		else
			world_has_line(world, cases[i].line);
		pv_bus_detach(world->bus);
		world->bus = NULL;
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_p01_port_without_cpuid_is_enotsup),
		world_test(
		    test_p02_without_hypervisor_bit_one_cpuid_and_no_line),
		world_test(test_p02_bit_alone_is_no_hypervisor),
		world_test(test_p03_scan_range),
		world_test(test_p03_first_and_last_base_are_seen),
		world_test(test_p04_signature_is_ebx_ecx_edx),
		world_test(test_p04_all_twelve_bytes_count),
		world_test(test_p05_unknown_printable_signature_goes_on),
		world_test(test_p05_unprintable_first_four_bytes_end_the_scan),
		world_test(test_p05_known_signature_behind_the_end_is_not_seen),
		world_test(test_p06_largest_leaf_zero),
		world_test(test_p06_largest_leaf_too_small),
		world_test(test_p06_largest_leaf_beyond),
		world_test(test_p06_lying_hosts_of_the_sim_attach),
		world_test(test_p07_known_table),
		world_test(test_p07_every_face_of_the_sim),
		world_test(test_p07_numbers_in_table_order),
		world_test(test_p07_numbers_are_dense),
		world_test(test_p08_two_signatures),
		world_test(test_p08_later_base_wins),
		world_test(test_p08_implausible_repeat_is_ignored),
		world_test(test_p08_plausible_after_implausible),
		world_test(test_p08_one_leaf_at_all_bases),
		world_test(test_p08_number_of_cpuids_is_bounded),
		world_test(test_p09_vendor_is_the_first_signature_met),
		world_test(test_p10_kvm_and_openbsd_features_are_eax_of_base_1),
		world_test(test_p10_signature_without_features),
		world_test(test_p11_hyperv_features_and_version),
		world_test(test_p11_leaves_are_counted_from_the_own_base),
		world_test(test_p12_xen_version),
		world_test(test_p12_no_x2apic_before_xen_4_3),
		world_test(test_p14_feature_bits_in_use),
		world_test(test_p14_clock_by_its_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
