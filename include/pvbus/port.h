/* SPDX-License-Identifier: ISC */
/*
 * What a platform provides to the guest half: the whole contract.
 *
 * Every privileged act of the guest half goes through one of these functions,
 * so that the same drivers run in a kernel, in a Linux process and in a
 * simulation, and so that any of them can be made to fail.
 *
 * A platform may leave a function out (NULL).  What needs it does not attach
 * and says so in one line, unless without it nobody can know that it is there.
 * New members are added at the end, so a table made
 * with designated initialisers stays valid.
 *
 * Units: time in nanoseconds, sizes in bytes.  Threads: a bus calls its port
 * only from the context that owns the bus, but a queue of a disk or a NIC that
 * another CPU owns calls now, xen_hypercall and hyperv_hypercall from there.
 * Errors: 0 or a PV_E code.
 */
#ifndef PVBUS_PORT_H
#define PVBUS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"

/* The page that hosts count in, whatever the guest's own page size is. */
#define PV_PAGE_SIZE 4096u

/* A deadline that never comes. */
#define PV_NEVER UINT64_MAX

#define PV_SECOND 1000000000ull
#define PV_MILLISECOND 1000000ull

struct pv_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

enum pv_log {
	PV_LOG_INFO,  /* a line of the attach report, or the like */
	PV_LOG_ERROR, /* something is lost, and the line says what */
	PV_LOG_DEBUG
};

/* What the host asks the owner of the guest to do. */
enum pv_request {
	PV_REQUEST_SHUTDOWN,
	PV_REQUEST_REBOOT,
	/* call pv_bus_suspend() when the guest can be saved: soon, and not from
	 * in here */
	PV_REQUEST_SUSPEND,
	PV_REQUEST_CRASH, /* stop at once, leaving what helps to find out why */
	/* save all to disk and power off; where that goes through
	 * pv_bus_suspend(), its port has a `sleep` */
	PV_REQUEST_HIBERNATE,
	PV_REQUEST_COUNT
};

/* What the host says beside a request; each may be missing. */
struct pv_reason {
	bool forced;      /* do not wait for programs that refuse */
	const char *text; /* printable ASCII, or NULL */
};

/* ---- What a host may ask about the guest ------------------------------ */

/* Texts in UTF-8, as the owner would show them. */
enum pv_fact {
	PV_FACT_HOST_NAME,    /* with its domain, where there is one */
	PV_FACT_OS_NAME,      /* "Debian GNU/Linux" */
	PV_FACT_OS_VERSION,   /* of that: "12" */
	PV_FACT_OS_BUILD,     /* of the kernel: "6.1.0-18-amd64" */
	PV_FACT_ARCHITECTURE, /* "x86_64" */
	PV_FACT_OS_ID,        /* os-release(5): "debian" */
	PV_FACT_OS_PRETTY,    /* "Debian GNU/Linux 12 (bookworm)" */
	PV_FACT_OS_FAMILY,    /* of the kernel: "Linux" */
	PV_FACT_DNS_DOMAIN,   /* "example.org" */
	PV_FACT_DNS_SEARCH,   /* suffixes, separated by blanks */
	/* Interfaces that VMware is not told of: patterns with * and ?,
	 * separated by commas or blanks.  Not known: docker*, veth*, virbr*,
	 * antrea-*, cali* and lo; "": none is left out. */
	PV_FACT_NETIFS_LEFT_OUT,
	PV_FACT_COUNT
};

/* An address; IPv4 stands in the first four bytes. */
struct pv_address {
	uint8_t family; /* 4 or 6 */
	uint8_t prefix; /* length in bits; of gateways and servers unused */
	uint8_t bytes[16];
};

#define PV_NETIF_ADDRESSES 32u
#define PV_NETIF_SERVERS 8u

/* A network interface of the guest, whoever drives it. */
struct pv_netif {
	char name[32];
	uint8_t mac[6];
	/* where it sits on VMBus: the text of its instance, or "" */
	char instance[40];
	bool dhcp4, dhcp6; /* addresses come from a server */
	unsigned addresses, gateways, dns;
	struct pv_address address[PV_NETIF_ADDRESSES];
	struct pv_address gateway[PV_NETIF_SERVERS];
	struct pv_address dns_server[PV_NETIF_SERVERS];
};

/* Where packets go: to `prefix` bits of `to`, through `gateway` (family 0: none)
 * of the netif with this index. */
struct pv_route {
	struct pv_address to, gateway;
	unsigned netif;
	uint32_t metric;
};

/* A file system that is mounted, on a disk of the guest. */
struct pv_filesystem {
	char path[128], type[32];
	uint64_t size, free; /* bytes; free for who is not root */
	unsigned devices;
	char device[4][128]; /* "/dev/sda1" */
};

/* How VMware's backdoor is called: CPUID says what a machine has. */
enum pv_backdoor_way {
	PV_BACKDOOR_PORT, /* IN EAX, DX; or the string forms */
	PV_BACKDOOR_VMCALL,
	PV_BACKDOOR_VMMCALL
};

/* The registers that VMware's tools load and take back, whole. */
struct pv_backdoor {
	uint64_t ax, bx, cx, dx, si, di, bp;
};

/* What to do with the host's time. */
enum pv_time {
	PV_TIME_SAMPLE, /* it is told now and then: slew, if at all */
	PV_TIME_SYNC    /* the guest was paused, saved or moved: set it */
};

/*
 * One fw_cfg file as a platform's own driver shows it.  The name holds at most
 * 55 characters (FW_CFG_MAX_FILE_PATH is 56 in QEMU's specification of
 * fw_cfg) and is terminated.
 */
struct pv_fw_item {
	uint32_t id;
	uint64_t size;
	char name[56];
};

/*
 * A device on VMBus as a platform's own driver of that bus shows it: class and
 * instance are GUIDs as they stand on the wire.
 */
struct pv_vmbus_item {
	uint8_t class_id[16], instance[16];
	uint32_t channel;
};

struct pv_port {
	void *ctx; /* first argument of all that follows */

	/* Memory for the bus and its requests; zeroed; any alignment up to 16. */
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *memory, size_t size);

	/* One line without a newline; never called with text from the host
	 * that is not printable ASCII. */
	void (*log)(void *ctx, enum pv_log level, const char *line);

	/* Monotonic time. */
	uint64_t (*now)(void *ctx);

	/* Sleep until an event of the host or the deadline, whichever comes
	 * first; may return early.  Needed by pv_await() and by attach. */
	void (*wait)(void *ctx, uint64_t deadline);

	/* The CPUID instruction.  Absent where the CPU has none. */
	void (*cpuid)(void *ctx, uint32_t leaf, uint32_t subleaf,
	    struct pv_cpuid *out);

	/* Port input and output; width is 1, 2 or 4 bytes, in the byte order
	 * of the CPU. */
	int (*io_read)(void *ctx, uint16_t port, unsigned width,
	    uint32_t *value);
	int (*io_write)(void *ctx, uint16_t port, unsigned width,
	    uint32_t value);

	/* The string form of a one-byte input: `count` reads of one port in
	 * one instruction (REP INSB).  Absent: io_read is called instead. */
	int (*io_read_string)(void *ctx, uint16_t port, void *to, size_t count);

	/* Zeroed pages that the host can reach, in one physical run. */
	void *(*pages_alloc)(void *ctx, size_t pages, uint64_t *physical);
	void (*pages_free)(void *ctx, void *memory, size_t pages);

	/* What the host wants the guest's owner to do. */
	int (*request)(void *ctx, enum pv_request request,
	    const struct pv_reason *why);

	/*
	 * The driver of this platform that already holds a device: Linux's
	 * kvm-clock for "pvclock".  A device on another bus is asked for by its
	 * place there, "device/vbd/51712", and then by its name.  The driver's
	 * name goes to `holder`; PV_ENOENT when nobody does.
	 */
	int (*holder)(void *ctx, const char *device, char *holder, size_t size);

	/*
	 * fw_cfg by a driver of the platform, for where the ports belong to it
	 * (Linux: /sys/firmware/qemu_fw_cfg).  fw_item: the index-th file, or
	 * PV_ENOENT past the last one, PV_ENODEV when there is no fw_cfg,
	 * PV_EACCES when it may not be looked at.  fw_read: bytes read, or a
	 * PV_E code; fewer than `size` only at the end of the file.  PV_EAGAIN:
	 * it is being fetched; wait() ends when it is there, and the same call
	 * then gets it.  These files are taken not to change.
	 */
	int (*fw_item)(void *ctx, unsigned index, struct pv_fw_item *item);
	long (*fw_read)(void *ctx, uint32_t id, uint64_t offset, void *to,
	    size_t size);

	/*
	 * The SMBIOS structure table, without its anchor.  Returns its length,
	 * PV_ENODEV when there is none, PV_EACCES when it may not be read; with
	 * `to` NULL only the length.
	 */
	long (*smbios)(void *ctx, void *to, size_t size);

	/* Model-specific registers of the CPU that calls. */
	int (*msr_read)(void *ctx, uint32_t msr, uint64_t *value);
	int (*msr_write)(void *ctx, uint32_t msr, uint64_t value);

	/*
	 * A hypercall of Xen.  `page` is one of pages_alloc that the host has
	 * filled with code; the entry of `op` stands 32 * op bytes into it.
	 * Arguments that are addresses are those of the caller.  Returns what
	 * the host returned: negative numbers are Xen's errno.  May be called
	 * from any CPU.
	 */
	long (*xen_hypercall)(void *ctx, const void *page, unsigned op,
	    const uintptr_t arguments[5]);

	/*
	 * Guest physical address space with no memory behind it, in one run,
	 * mapped: the host will put pages of its own there (Xen: shared info,
	 * grant table).  Not to be touched before.
	 */
	void *(*space_alloc)(void *ctx, size_t pages, uint64_t *physical);
	void (*space_free)(void *ctx, void *space, size_t pages);

	/* Reach pages that the host has put somewhere itself (Xen: the ring of
	 * XenStore).  NULL: there can be none at that address. */
	void *(*map)(void *ctx, uint64_t physical, size_t pages);
	void (*unmap)(void *ctx, void *mapped, size_t pages);

	/* How many CPUs there are; CPU 0 owns the bus.  Absent: 1. */
	unsigned (*cpus)(void *ctx);

	/*
	 * Events of the host.  vector_alloc returns a vector of the CPU (0x20
	 * or more) that is the same on all CPUs, or a PV_E code.  When it
	 * arrives, `handler` is called on that CPU with interrupts off, and
	 * wait() ends on it.  A handler only marks.  vector_eoi ends an
	 * interrupt that came through the local APIC.  Absent: all is polled.
	 */
	int (*vector_alloc)(void *ctx,
	    void (*handler)(void *argument, unsigned cpu), void *argument);
	void (*vector_free)(void *ctx, int vector);
	void (*vector_eoi)(void *ctx);

	/*
	 * XenStore by a driver of the platform, a stream both ways, for where
	 * the rings belong to it (Linux: /dev/xen/xenbus).  Bytes moved, or
	 * PV_EAGAIN (wait() ends when there is something to read), PV_ENODEV
	 * when there is none, PV_EACCES.  A message goes out in one call, but
	 * perhaps not all of it goes.  xenstore_limit: the bytes that one
	 * message can have behind its header, or 0 when there is none.
	 */
	long (*xenstore_read)(void *ctx, void *to, size_t room);
	long (*xenstore_write)(void *ctx, const void *from, size_t size);
	size_t (*xenstore_limit)(void *ctx);
	/* End the connection; what is read or written next is on another. */
	void (*xenstore_close)(void *ctx);

	/* The time stamp counter of the CPU that calls. */
	uint64_t (*tsc)(void *ctx);

	/*
	 * A hypercall of Hyper-V, 64-bit form.  `page` is one of pages_alloc
	 * that the host has covered with code.  `input` and `output` are
	 * physical addresses, or the two arguments of a fast call.  Returns the
	 * result word as it came: status in the low 16 bits.  May be called
	 * from any CPU.
	 */
	uint64_t (*hyperv_hypercall)(void *ctx, const void *page,
	    uint64_t control, uint64_t input, uint64_t output);

	/*
	 * Hyper-V's key/value exchange by a driver of the platform (Linux:
	 * /dev/vmbus/hv_kvp), for where VMBus belongs to it.  Whole messages of
	 * wire/hyperv/linux_kvp.h.  kvp_read: bytes, or PV_EAGAIN (wait() ends
	 * when there is one).  Both: PV_ENODEV when there is none, PV_EBUSY
	 * while another program has it (then pools are that one's, and only
	 * read), PV_EACCES.  The first call opens it; after kvp_close, or an
	 * error, the next one does so again.
	 */
	long (*kvp_read)(void *ctx, void *to, size_t room);
	int (*kvp_write)(void *ctx, const void *message, size_t size);
	void (*kvp_close)(void *ctx);

	/* What is on VMBus, where that belongs to the platform: the index-th,
	 * or PV_ENOENT past the last one.  Its driver is holder's answer to
	 * "channel 14". */
	int (
	    *vmbus_item)(void *ctx, unsigned index, struct pv_vmbus_item *item);

	/*
	 * Where key/value pairs outlive the guest: pool `pool` of Hyper-V, in
	 * records of 2560 bytes (wire/hyperv/linux_kvp.h).  pool_read: the
	 * length of all, of which what fits is at `to`; PV_ENOENT when there is
	 * none yet.  pool_write replaces all of it, or nothing.  Absent: pairs
	 * live as long as the bus.
	 */
	long (*pool_read)(void *ctx, unsigned pool, void *to, size_t room);
	int (*pool_write)(void *ctx, unsigned pool, const void *from,
	    size_t size);

	/* About the guest, for hosts that ask; see above.  fact: the length,
	 * terminated at `to` when that is less than `room`.  netif: the
	 * index-th interface, PV_ENOENT past the last.  netif_set: give the
	 * interface of that MAC these addresses; dhcp4 set: from a server. */
	long (*fact)(void *ctx, enum pv_fact fact, char *to, size_t room);
	int (*netif)(void *ctx, unsigned index, struct pv_netif *out);
	int (*netif_set)(void *ctx, const struct pv_netif *wanted);

	/* The host's time in nanoseconds since 1970 was `wall` when now() was
	 * `at`. */
	int (*time)(void *ctx, enum pv_time kind, uint64_t wall, uint64_t at);

	/*
	 * The host is about to copy the disks: write all to them and let
	 * nothing be changed (true), or go on (false).  PV_EAGAIN: being done,
	 * and to be called again with the same value after wait().
	 */
	int (*freeze)(void *ctx, bool frozen);

	/* The machine sleeps in here, with its memory saved by the platform,
	 * and has been woken, perhaps on another host, when this returns 0. */
	int (*sleep)(void *ctx);

	/* The guest's memory, for hosts that share theirs: pages of 4 KiB that
	 * are free, and that are spoken for. */
	int (*memory)(void *ctx, uint64_t *available, uint64_t *committed);

	/*
	 * VMware's backdoor.  The string form moves CX bytes at SI to the host
	 * (`out`) or to DI from it, in one exit; addresses are those of the
	 * caller.  PV_ENODEV: there is none (the instruction faults, and that
	 * is survived).
	 */
	int (*backdoor)(void *ctx, enum pv_backdoor_way way,
	    struct pv_backdoor *registers);
	int (*backdoor_string)(void *ctx, enum pv_backdoor_way way, bool out,
	    struct pv_backdoor *registers);

	/*
	 * A stream to the host by vsock, where the platform has it (Linux:
	 * AF_VSOCK to CID 0).  vsock_open: a number for the others, or
	 * PV_ENODEV (no such transport), PV_EACCES (not from a privileged
	 * port), PV_EBUSY (refused for now).  read and write: bytes, or
	 * PV_EAGAIN (wait() ends when that is over), PV_ENODEV when it has
	 * ended.
	 */
	int (*vsock_open)(void *ctx, unsigned port, bool privileged);
	long (*vsock_read)(void *ctx, int stream, void *to, size_t room);
	long (
	    *vsock_write)(void *ctx, int stream, const void *from, size_t size);
	void (*vsock_close)(void *ctx, int stream);

	/* The index-th route or file system, PV_ENOENT past the last.  A number
	 * that is another after each change of interfaces, addresses or routes
	 * (wait() ends on one); absent: look now and then. */
	int (*route)(void *ctx, unsigned index, struct pv_route *out);
	int (*filesystem)(void *ctx, unsigned index, struct pv_filesystem *out);
	uint64_t (*netif_changes)(void *ctx);

	/*
	 * The first BAR, of I/O ports, of a PCI device that no driver of the
	 * platform has, for where PCI belongs to it (Linux:
	 * /sys/bus/pci/devices).  pci_open: the first device of that vendor and
	 * kind, a number for the others, with its place ("00:03.0") at `place`;
	 * or PV_ENODEV (no such device), PV_EBUSY (a driver has it), PV_EACCES,
	 * PV_EPROTO (its BAR is of another kind, or too small).  Width is 1, 2
	 * or 4, in the byte order of the CPU.  Absent: io_read and io_write,
	 * and configuration by ports.
	 */
	int (*pci_open)(void *ctx, uint16_t vendor, uint16_t device,
	    size_t bar_size, char *place, size_t room);
	int (*pci_read)(void *ctx, int device, unsigned offset, unsigned width,
	    uint32_t *value);
	int (*pci_write)(void *ctx, int device, unsigned offset, unsigned width,
	    uint32_t value);
	void (*pci_close)(void *ctx, int device);
};

#endif
