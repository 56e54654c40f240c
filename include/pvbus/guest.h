/* SPDX-License-Identifier: ISC */
/*
 * The guest half: find the hypervisors, attach what they offer, reach their
 * information stores.  Freestanding C11; all that it needs from a platform is
 * in <pvbus/port.h>.
 *
 * Threads: one context owns a bus, and all calls on it come from there.
 * Nothing here blocks but pv_bus_attach() and pv_await(), which wait through
 * the port and have a deadline.
 */
#ifndef PVBUS_GUEST_H
#define PVBUS_GUEST_H

#include "pvbus/clock.h"
#include "pvbus/disk.h"
#include "pvbus/nic.h"
#include "pvbus/port.h"
#include "pvbus/store.h"

/* ---- Detection -------------------------------------------------------- */

/* In the order of the device numbers: /dev/pvbus0 is the first that is there. */
enum pv_hv {
	PV_HV_KVM,
	PV_HV_HYPERV,
	PV_HV_VMWARE,
	PV_HV_XEN,
	PV_HV_BHYVE,
	PV_HV_OPENBSD,
	PV_HV_QEMU,
	PV_HV_COUNT
};

/* Xen before 4.3 offers an x2APIC that does not work. */
#define PV_QUIRK_NO_X2APIC 0x1u

/* One hypervisor interface, as its CPUID leaves describe it. */
struct pv_interface {
	bool present;
	enum pv_hv id;
	const char *name; /* what PVBUSIOC_TYPE answers */
	unsigned unit;    /* N of /dev/pvbusN, dense among those present */
	uint32_t base;    /* CPUID leaf of the signature */
	uint32_t max_leaf;
	bool has_version;
	uint16_t major, minor;
	uint32_t features; /* of KVM, Hyper-V (EAX of base + 3) and OpenBSD */
	uint32_t quirks;
	struct pv_store *store; /* NULL: this interface has none */
};

struct pv_detection {
	struct pv_interface interface[PV_HV_COUNT];
	unsigned count;       /* of interfaces present */
	const char *vendor;   /* name of the first signature met, or NULL */
	unsigned unknown;     /* printable signatures in no table */
	unsigned repeated;    /* signatures met again at a later base */
	unsigned implausible; /* of those, ignored: largest leaf out of range */
};

/* Needs only port->cpuid.  Returns 0, or PV_ENODEV when this is no guest of
 * any hypervisor of the table, PV_ENOTSUP when the port has no cpuid. */
int pv_detect(const struct pv_port *port, struct pv_detection *out);

/* ---- Devices and drivers ---------------------------------------------- */

struct pv_bus;
struct pv_driver;

/* What is counted for each device; tests and benchmarks assert on these. */
struct pv_stats {
	uint64_t requests;
	uint64_t bytes;      /* carried for them */
	uint64_t exits;      /* port accesses, each an exit to the host */
	uint64_t copies;     /* of payload, by the guest half itself */
	uint64_t hypercalls; /* all of them, signals too */
	uint64_t signals;    /* sent to the host */
	uint64_t elided;     /* not sent, as the host did not ask for one */
	uint64_t events;     /* from the host */
	uint64_t spurious;   /* of these, without any work */
	uint64_t grants;     /* entries of the grant table written */
	uint64_t slots;      /* of rings, used by requests */
	uint64_t published;  /* stores of a ring's index */
	uint64_t stalls;     /* requests that found a ring full */
	/* what the host did wrong, by kind */
	uint64_t bad_length;
	uint64_t bad_text;
	uint64_t bad_duplicate;
	uint64_t bad_state;
	uint64_t bad_index; /* of a ring, or of a table */
	uint64_t bad_id;    /* of no request that is under way */
	uint64_t bad_value; /* a number, flag or status out of range */
	uint64_t held;      /* pages that the host did not let go of */
};

enum pv_device_state {
	PV_DEVICE_ATTACHED,
	PV_DEVICE_HELD,         /* by a driver of the platform */
	PV_DEVICE_UNCONFIGURED, /* seen, and no driver takes it */
	PV_DEVICE_BROKEN        /* the host broke the protocol; out of use */
};

struct pv_device {
	struct pv_device *next; /* in the order of attachment */
	struct pv_bus *bus;
	struct pv_device *parent; /* NULL: pvbus itself */
	struct pv_interface *interface;
	const struct pv_driver *driver;
	void *aux; /* what its parent hands it */
	enum pv_device_state state;
	unsigned unit;
	char name[32];  /* "fwcfg0", or "\"vkbd\"" with no driver */
	char line[128]; /* the line of the attach report */
	bool announced; /* and it was reported */
	void *softc;    /* the driver's own */
	struct pv_stats stats;
	struct pv_disk *disk; /* what it offers, or NULL */
	struct pv_nic *nic;
	struct pv_clock *clock;
};

/*
 * A driver takes the device of its name.  attach: 0, or PV_ENODEV for "not for
 * me" (the report is as if there were no driver), or another PV_E code (the
 * report says why).
 * It describes the device with pv_device_describe().  poll does ready work and
 * returns true when more is ready.
 */
struct pv_driver {
	const char *name;
	int (*attach)(struct pv_device *);
	void (*detach)(struct pv_device *);
	bool (*poll)(struct pv_device *, unsigned budget);
	/* when poll wants to be called at the latest */
	uint64_t (*deadline)(struct pv_device *);
	/* a secondary CPU has started, and runs this */
	void (*cpu_start)(struct pv_device *, unsigned cpu);
	/* Be saved, and come back; see pv_bus_suspend(). */
	int (*suspend)(struct pv_device *);
	/* a secondary CPU is about to stop, and runs this */
	void (*cpu_stop)(struct pv_device *, unsigned cpu);
	/* The machine is about to sleep by the suspend of another device, or of
	 * the port alone; and it runs again, or still does. */
	void (*sleep)(struct pv_device *);
	void (*wake)(struct pv_device *);
};

/* fw_cfg of QEMU and OpenBSD's vmd, and SMBIOS OEM strings: guest/kvm. */
extern const struct pv_driver pv_fwcfg_driver;
extern const struct pv_driver pv_smbios_driver;
/* The clock of KVM and OpenBSD's vmm: guest/kvm. */
extern const struct pv_driver pv_pvclock_driver;
/* Xen: guest/xen.  xen is the bus of the others, with XenStore. */
extern const struct pv_driver pv_xen_driver;
extern const struct pv_driver pv_xbf_driver;
extern const struct pv_driver pv_xnf_driver;
/* Hyper-V: guest/hyperv.  hyperv is the bus of the others, with the services
 * and their key/value store; sd and cd are the disks at hvs. */
extern const struct pv_driver pv_hyperv_driver;
extern const struct pv_driver pv_hvs_driver;
extern const struct pv_driver pv_sd_driver;
extern const struct pv_driver pv_cd_driver;
extern const struct pv_driver pv_hvn_driver;
/* VMware: guest/vmware.  Tools, and guestinfo as a store. */
extern const struct pv_driver pv_vmt_driver;
/* OpenBSD's vmm: guest/vmm.  The control device of its vmd. */
extern const struct pv_driver pv_vmmci_driver;

/* ---- The bus ---------------------------------------------------------- */

struct pv_bus_config {
	const struct pv_port *port;
	const struct pv_driver *const *drivers; /* ended by NULL */
	unsigned unit;                          /* N of "pvbusN at mainbusN" */
	const char *machine;     /* its owner's name for it, or NULL */
	uint64_t watch_interval; /* how often a polled watch looks; 0: 1 s */
};

/*
 * Detect and attach; the report goes to port->log, a line for each device.
 * Returns 0 with *out set, or PV_ENODEV (no hypervisor, not a line was
 * printed), PV_ENOMEM, or PV_ENOTSUP (the port lacks cpuid, alloc, free, log
 * or now).  The port and the drivers must outlive the bus.
 */
int pv_bus_attach(const struct pv_bus_config *config, struct pv_bus **out);

/* Ends all requests with PV_EINTR and frees all. */
void pv_bus_detach(struct pv_bus *);

/* Do the work that is ready, at most `budget` steps a device.  True: more is
 * ready now. */
bool pv_bus_poll(struct pv_bus *, unsigned budget);

/* When pv_bus_poll() is to be called again at the latest, or PV_NEVER. */
uint64_t pv_bus_deadline(const struct pv_bus *);

/*
 * Let the host save this guest, on request (PV_REQUEST_SUSPEND) and from the
 * CPU that owns the bus, with all others standing still and no queue in use.
 * Returns when it runs again: 0 with all connections made anew (disks and NICs
 * come back online while polling goes on, and what was under way is done
 * again), PV_EINTR when the host thought better of it and nothing has changed,
 * PV_ENOTSUP.
 */
int pv_bus_suspend(struct pv_bus *);

/* To be called on each secondary CPU as it starts (P-13 of pvbus), also after
 * pv_bus_suspend(). */
void pv_bus_cpu_start(struct pv_bus *, unsigned cpu);
/* And on each before it stops, before pv_bus_detach() and pv_bus_suspend(): the
 * pages that a host has for a CPU (Hyper-V) are taken back on that CPU only, and
 * without this they are leaked. */
void pv_bus_cpu_stop(struct pv_bus *, unsigned cpu);

/* Poll and wait until *flag is set by a completion: 0, or PV_ETIMEDOUT. */
int pv_await(struct pv_bus *, const bool *flag, uint64_t deadline);

uint64_t pv_bus_now(const struct pv_bus *);
const struct pv_detection *pv_bus_detection(const struct pv_bus *);
const struct pv_device *pv_bus_devices(const struct pv_bus *);
/* "pvbus0 at mainbus0: KVM" */
const char *pv_bus_line(const struct pv_bus *);
/* The clock of the highest quality, or NULL: no device offers one. */
struct pv_clock *pv_bus_clock(const struct pv_bus *);
/* The n-th interface present, or NULL: the minor number of the device. */
struct pv_interface *pv_bus_interface(struct pv_bus *, unsigned unit);

/*
 * Hand a request to the store of an interface.  `done` is called exactly once,
 * perhaps before this returns.  Keys are checked here, once for all stores:
 * a control character in one is PV_EINVAL.  An operation that a store does not
 * have is PV_ENOTSUP, but a watch is made out of reads where a store has none
 * of its own.
 */
void pv_store_submit(struct pv_bus *, struct pv_interface *, struct pv_kv *);

/* End a request now, if it is not answered yet: `done` is called with PV_EINTR
 * before this returns. */
void pv_store_cancel(struct pv_bus *, struct pv_kv *);

/* ---- The device, /dev/pvbusN ------------------------------------------ */

/*
 * One ioctl on its way through the checks of <pvbus/ioctl.h>.
 *
 * The transport (CUSE, a socket, a kernel's own ioctl) fills in the first part
 * and calls pv_ioctl_start().  It owns the caller's memory: `copyin` reads it,
 * `reserve` makes sure that results can be put there.  Either may answer
 * PV_EAGAIN for "not at hand": then start returns PV_EAGAIN, nothing has
 * happened, and the transport starts again once it has the memory.  CUSE needs
 * that, because it learns the addresses one by one.
 */
struct pv_ioctl {
	struct pv_bus *bus; /* NULL: nothing attached */
	unsigned unit;
	unsigned long cmd;
	uint64_t arg; /* address of the request structure */
	bool writable;
	bool ilp32; /* the caller's size_t and pointers have 32 bits */
	int (*copyin)(struct pv_ioctl *, uint64_t from, void *to, size_t);
	/* up to `structure` bytes will go to arg, then `data` to `to` */
	int (*reserve)(struct pv_ioctl *, size_t structure, uint64_t to,
	    size_t data);
	void (*done)(struct pv_ioctl *);
	void *owner;

	/* The result, from `done` until pv_ioctl_end().  The structure comes
	 * back even with an error when `structure_len` says so. */
	int error;
	size_t structure_len;
	uint64_t data_to;
	const void *data;
	size_t data_len;

	/* private */
	struct pv_kv kv;
	union {
		unsigned char bytes[64];
		uint64_t align;
	} structure;
	char *key;
	void *value;
	size_t key_size, value_size;
	unsigned kind;
	bool active;
};

/* 0: `done` was or will be called, once.  PV_EAGAIN: see above. */
int pv_ioctl_start(struct pv_ioctl *);
/* `done` is called with PV_EINTR before this returns, if it was not yet. */
void pv_ioctl_cancel(struct pv_ioctl *);
/* Free what the result stood in.  After `done`, once, and before the bus is
 * detached. */
void pv_ioctl_end(struct pv_ioctl *);

/* ---- For drivers ------------------------------------------------------ */

const struct pv_port *pv_bus_port(const struct pv_bus *);
void *pv_alloc(const struct pv_bus *, size_t size);
void pv_free(const struct pv_bus *, void *memory, size_t size);
/*
 * A driver that is a bus itself has found something.  The driver of that name
 * takes it, or the report says that none does, with the bus's word for it:
 * "vkbd" at xen0: device/vkbd/0 not configured.  Returns the device, or NULL.
 */
struct pv_device *pv_device_attach(struct pv_device *parent, const char *name,
    const char *where, void *aux);
/* The same for what no driver is to take, whatever the host calls it. */
void pv_device_unconfigured(struct pv_device *parent, const char *name,
    const char *where, void *aux);
/* Take a device away, its children first; hot unplug. */
void pv_device_detach(struct pv_device *);
/* %s %u %x %c only; what comes from the host is to be printable already. */
void pv_device_describe(struct pv_device *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with a place on its parent: "xbf0 at xen0 backend 0 channel 8: disk"
 * has "backend 0 channel 8" as `where`. */
void pv_device_describe_at(struct pv_device *, const char *where,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/*
 * Report the line now, unless it was: a bus does so in its attach, ahead of what
 * it finds, and a device whose host takes its time does later.  When attach
 * returns, a line that is there is reported without this.
 */
void pv_device_announce(struct pv_device *);
/* Out of use from now on; one line says why. */
void pv_device_broken(struct pv_device *, const char *why);
/* What P-20 of pvbus offers its children, the one way for what any host asks of
 * the owner: a line says what is asked and by whom, and another one when the
 * owner does not take it (PV_ENOTSUP, or its own error).  `why` may be NULL, and
 * its text is printable already. */
int pv_device_request(struct pv_device *, enum pv_request,
    const struct pv_reason *why);
/* Answer a request of a store.  One that is not under way (any more) is left
 * alone and not looked into. */
void pv_kv_done(struct pv_bus *, struct pv_kv *, int error);
/* Put a whole value where the request wants it, or the part that a PARTIAL read
 * asks for: PV_OK, or PV_ERANGE with nothing written.  Answers nothing. */
int pv_kv_give(struct pv_kv *, const void *bytes, size_t size);

#endif
