/* SPDX-License-Identifier: ISC */
/*
 * A world in one process: machines with both halves in them, a virtual clock
 * that stands still until it is moved, and one seed that decides all that is
 * left to chance.  The same seed gives the same run.
 */
#ifndef PORT_SIM_H
#define PORT_SIM_H

#include "host/bus/cpuid.h"
#include "host/hyperv/devices.h"
#include "host/kvm/fwcfg.h"
#include "host/kvm/pvclock.h"
#include "host/vmm/vmmci.h"
#include "host/vmware/vmware.h"
#include "host/xen/backend.h"
#include "pvbus/port.h"

struct sim;
struct sim_machine;

/* NULL when out of memory, here and below. */
struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *); /* after its machines */

uint64_t sim_now(const struct sim *);
/* When the next event of a host is due, or PV_NEVER. */
uint64_t sim_next_event(const struct sim *);
/* Move the clock, and let happen what is due on the way. */
void sim_advance(struct sim *, uint64_t to);
/* The next number of the seed's sequence, below `limit`. */
uint64_t sim_random(struct sim *, uint64_t limit);

/*
 * A machine by the faces that its host shows: "kvm", "hyperv", "vmware",
 * "xen", "bhyve", "vmm", "qemu", or several as in "kvm+hyperv"; "none" is a
 * machine without a hypervisor.  *error is set to what is wrong with the words.
 */
struct sim_machine *sim_machine_new(struct sim *, const char *faces,
    const char **error);
/* NULL when the words are right, else what is wrong with them. */
const char *sim_faces_problem(const char *faces);
void sim_machine_free(struct sim_machine *);

const struct pv_port *sim_machine_port(struct sim_machine *);
/* The same port for a test to change: to leave functions out, say. */
struct pv_port *sim_machine_own_port(struct sim_machine *);

struct host_cpuid *sim_machine_cpuid(struct sim_machine *);
struct host_fwcfg *sim_machine_fwcfg(struct sim_machine *); /* or NULL */
/* The OEM strings of its SMBIOS table, which is a file of fw_cfg. */
bool sim_machine_set_oem(struct sim_machine *, const char *const *strings,
    size_t count);

/* The model of Xen, of a machine that shows its face, or NULL. */
struct host_xen *sim_machine_xen(struct sim_machine *);
/* Before the bus is attached: another Xen than the usual one; its world is
 * filled in.  False: out of memory, or no Xen here. */
bool sim_machine_set_xen(struct sim_machine *, const struct host_xen_config *);
/* The same of Hyper-V. */
struct host_hyperv *sim_machine_hyperv(struct sim_machine *);
bool sim_machine_set_hyperv(struct sim_machine *,
    const struct host_hyperv_config *);
/* The same of the clock of KVM and vmm. */
struct host_pvclock *sim_machine_pvclock(struct sim_machine *);
bool sim_machine_set_pvclock(struct sim_machine *,
    const struct host_pvclock_config *);
/* The same of VMware. */
struct host_vmware *sim_machine_vmware(struct sim_machine *);
bool sim_machine_set_vmware(struct sim_machine *,
    const struct host_vmware_config *);
/* The control device of OpenBSD's vmd, of a machine that shows vmm's face, or
 * NULL; and its place on PCI, for a test to change. */
struct host_vmmci *sim_machine_vmmci(struct sim_machine *);
#define SIM_PCI_WORDS 16
struct sim_pci {
	uint32_t config[SIM_PCI_WORDS]; /* its header */
	bool ones;                      /* nobody answers configuration */
	bool everywhere;                /* it answers in every slot */
	bool line;                      /* of its interrupt */
	/* vmd would have ended the guest, and for which command */
	bool ended;
	uint32_t ended_by;
};
struct sim_pci *sim_machine_pci(struct sim_machine *);
/* Before the bus is attached, too: how many CPUs there are, 1 to 32, usually 1.
 * The usual Xen, Hyper-V and clock are made anew, with as many vCPUs. */
bool sim_machine_set_cpus(struct sim_machine *, unsigned cpus);
/* The CPU that the guest half is taken to run on from now on. */
void sim_machine_set_cpu(struct sim_machine *, unsigned cpu);

/* Where report lines go; kept in sim_machine_log() in any case. */
void sim_machine_on_log(struct sim_machine *,
    void (*call)(void *ctx, enum pv_log, const char *line), void *ctx);
const char *sim_machine_log(const struct sim_machine *);

/* What a test fails when it is not as it should be. */
struct sim_counts {
	size_t memory;    /* bytes of alloc not freed */
	size_t pages;     /* not freed */
	size_t space;     /* pages of space_alloc not freed */
	size_t maps;      /* pages of map not unmapped */
	unsigned vectors; /* not freed */
	/* accesses of a host to memory not lent to it, hypercalls by a page that
	 * is none */
	unsigned violations;
	unsigned cpuids;     /* instructions executed */
	uint64_t interrupts; /* handlers called */
	uint64_t eois;       /* calls of vector_eoi */
	unsigned requests[PV_REQUEST_COUNT];
};
const struct sim_counts *sim_machine_counts(const struct sim_machine *);

/* ---- The owner of the guest ------------------------------------------- */

#define SIM_POOLS 8
#define SIM_NETIFS 8
#define SIM_ROUTES 16
#define SIM_FILESYSTEMS 8

/*
 * What the port's functions about the guest answer, and what they were told.
 * A test may change all of it at any time.
 */
struct sim_owner {
	/* NULL: not known */
	const char *facts[PV_FACT_COUNT];
	struct pv_netif netifs[SIM_NETIFS];
	unsigned netif_count;
	/* netif_set() changes the interface of that MAC */
	struct pv_netif netif_wanted;
	unsigned netif_sets;
	/* to be another after a change of what is above or of routes, by who
	 * makes it; ends a wait */
	uint64_t netif_changes;
	struct pv_route routes[SIM_ROUTES];
	unsigned route_count;
	struct pv_filesystem filesystems[SIM_FILESYSTEMS];
	unsigned filesystem_count;
	/* pages of 4 KiB; both 0: not known */
	uint64_t memory_available, memory_committed;

	enum pv_time time_kind; /* of the last time that was told */
	uint64_t time_wall, time_at;
	unsigned times[2]; /* of each kind */

	bool frozen;
	unsigned freezes, thaws;
	unsigned freeze_again; /* so many times PV_EAGAIN first */

	/* of the last request of each kind */
	struct {
		bool forced;
		bool has_text;
		char text[1024];
	} reasons[PV_REQUEST_COUNT];

	/* kept until the machine is freed: own memory of the machine */
	struct {
		bool exists;
		uint8_t *bytes;
		size_t size;
	} pools[SIM_POOLS];
	unsigned pool_reads, pool_writes;

	/* Sleep: time passes, Hyper-V forgets, and `asleep` may change what
	 * there is. */
	unsigned sleeps;
	uint64_t sleep_time; /* nanoseconds; 0: a minute */
	bool keep_vmbus;     /* VMBus still has the connection */
	void (*asleep)(void *ctx);
	void *asleep_ctx;

	/* the error that each ends in, while it is not 0 */
	struct {
		int request, fact, netif, netif_set, time, freeze, sleep,
		    pool_read, pool_write, route, filesystem;
	} fails;
};
struct sim_owner *sim_machine_owner(struct sim_machine *);
/* Put a pool there, or take it away (NULL). */
void sim_machine_set_pool(struct sim_machine *, unsigned pool,
    const void *bytes, size_t size);

/* Let the n-th allocation from now on fail (1 is the next); 0: none. */
void sim_machine_fail_alloc(struct sim_machine *, unsigned nth);
void sim_machine_fail_pages(struct sim_machine *, bool fail);

#endif
