/* SPDX-License-Identifier: ISC */
#ifndef PORT_LINUX_PRIVATE_H
#define PORT_LINUX_PRIVATE_H

#include <limits.h>
#include <stdatomic.h>

#include "port/linux/linux.h"

struct fw_list;
struct reader;

#define LINUX_VMBUS_ITEMS 256u

/* As sysfs had it when it was last asked from the beginning. */
struct linux_vmbus {
	bool read;
	unsigned count;
	struct pv_vmbus_item items[LINUX_VMBUS_ITEMS];
};

/* Calls of both sides, and one that ends while another begins. */
#define LINUX_VSOCKS 4u
#define LINUX_FILESYSTEMS 256u

/* PCI devices that we drive. */
#define LINUX_PCI 4u

struct linux_vsock {
	bool used, connecting;
	bool full; /* for what was to be written last */
	int fd;    /* -1: ended */
	unsigned port, source, attempts;
};

struct linux_port {
	struct pv_port port;
	struct linux_port_config config;
	struct fw_list *fw;
	struct reader *reader;
	int events;   /* epoll: of the reader and of XenStore */
	int xenstore; /* -1: not open */
	size_t xenstore_limit;
	int kvp; /* -1: not open */
	struct linux_vmbus vmbus;
	struct pv_netif *netifs; /* while they are asked for */
	unsigned netif_count;
	struct pv_route *routes; /* and so these */
	unsigned route_count;
	struct pv_filesystem *filesystems;
	unsigned filesystem_count;
	int changes_fd; /* netlink; -1: not allowed here */
	bool changes_watched;
	uint64_t changes;
	bool vmware;
	bool backdoor_broken[PV_BACKDOOR_VMMCALL + 1][2]; /* [way][string] */
	struct linux_vsock vsock[LINUX_VSOCKS];
	bool vmm;
	int pci[LINUX_PCI]; /* resource0; -1: none */
	void *smbios;       /* read, and waiting to be fetched */
	size_t smbios_size;
};

/* Path below the root of sysfs. */
void linux_path(const struct linux_port *, char to[PATH_MAX],
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Read a small file as text: its length without the newline, or a PV_E. */
long linux_read_text(const char *path, char *to, size_t size);
/* From the first byte until `size`, the end of the file, or *stop (NULL: never);
 * bytes, or a PV_E. */
long linux_read_file(const char *path, void *to, size_t size,
    const atomic_bool *stop);
void linux_log(const struct linux_port *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void linux_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf,
    struct pv_cpuid *out);
bool linux_has_cpuid(void);
/* A hypervisor of that signature, at any of the usual leaves. */
bool linux_cpuid_shows(const char *signature);
uint64_t linux_now(void *ctx);
void linux_wait(void *ctx, uint64_t deadline);
int linux_holder(void *ctx, const char *device, char *holder, size_t size);
int linux_fw_item(void *ctx, unsigned index, struct pv_fw_item *item);
long linux_fw_read(void *ctx, uint32_t id, uint64_t offset, void *to,
    size_t size);
/* Size of a listed file, or PV_ENOENT. */
int64_t linux_fw_size(struct linux_port *, uint32_t id);
void linux_fw_free(struct linux_port *);
/* events.c */
bool linux_events_open(struct linux_port *);
void linux_events_close(struct linux_port *);
bool linux_events_add(struct linux_port *, int fd);
/* To be told once, from now on, when there is something to read, or when it can
 * be written; `known`: not for the first time. */
bool linux_events_once(struct linux_port *, int fd, bool known, bool write);
/* socket.c: connected to a socket in the file system; -1 and errno. */
int linux_connect(const char *path, int type);
/* xenstore.c */
long linux_xenstore_read(void *ctx, void *to, size_t room);
long linux_xenstore_write(void *ctx, const void *from, size_t size);
size_t linux_xenstore_limit(void *ctx);
void linux_xenstore_close(struct linux_port *);
/* holder_xen.c */
int linux_holder_xen(const struct linux_port *, const char *place, char *holder,
    size_t size);
/* The first name in a directory that has one, as "xvda" or "eth0". */
bool linux_first_name(const char *path, char *to, size_t size);
/* kvp.c */
long linux_kvp_read(void *ctx, void *to, size_t room);
int linux_kvp_write(void *ctx, const void *message, size_t size);
void linux_kvp_close(struct linux_port *);
/* vmbus.c */
int linux_vmbus_item(void *ctx, unsigned index, struct pv_vmbus_item *item);
int linux_holder_vmbus(struct linux_port *, const char *channel, char *holder,
    size_t size);
/* pools.c */
long linux_pool_read(void *ctx, unsigned pool, void *to, size_t room);
int linux_pool_write(void *ctx, unsigned pool, const void *from, size_t size);
/* facts.c */
long linux_fact(void *ctx, enum pv_fact, char *to, size_t room);
/* netif.c */
int linux_netif(void *ctx, unsigned index, struct pv_netif *out);
/* netif_set.c */
int linux_netif_set(void *ctx, const struct pv_netif *wanted);
void linux_netif_free(struct linux_port *);
/* route.c */
int linux_route(void *ctx, unsigned index, struct pv_route *out);
void linux_route_free(struct linux_port *);
/* netlink.c */
bool linux_changes_open(struct linux_port *);
void linux_changes_seen(struct linux_port *);
uint64_t linux_netif_changes(void *ctx);
void linux_changes_close(struct linux_port *);
/* filesystem.c */
int linux_filesystem(void *ctx, unsigned index, struct pv_filesystem *out);
void linux_filesystem_free(struct linux_port *);
/* memory.c, time.c */
int linux_memory(void *ctx, uint64_t *available, uint64_t *committed);
int linux_time(void *ctx, enum pv_time kind, uint64_t wall, uint64_t at);
/* backdoor.c */
bool linux_is_vmware(const struct linux_port *);
int linux_backdoor(void *ctx, enum pv_backdoor_way way,
    struct pv_backdoor *registers);
int linux_backdoor_string(void *ctx, enum pv_backdoor_way way, bool out,
    struct pv_backdoor *registers);
/* pci.c */
int linux_pci_open(void *ctx, uint16_t vendor, uint16_t device, size_t bar_size,
    char *place, size_t room);
int linux_pci_read(void *ctx, int device, unsigned offset, unsigned width,
    uint32_t *value);
int linux_pci_write(void *ctx, int device, unsigned offset, unsigned width,
    uint32_t value);
void linux_pci_close(void *ctx, int device);
void linux_pci_close_all(struct linux_port *);
/* vsock.c */
int linux_vsock_open(void *ctx, unsigned port, bool privileged);
long linux_vsock_read(void *ctx, int stream, void *to, size_t room);
long linux_vsock_write(void *ctx, int stream, const void *from, size_t size);
void linux_vsock_close(void *ctx, int stream);
void linux_vsock_close_all(struct linux_port *);
/* reader.c */
void linux_reader_seen(struct linux_port *);
bool linux_reader_open(struct linux_port *);
void linux_reader_close(struct linux_port *);
long linux_smbios(void *ctx, void *to, size_t size);

#endif
