/* SPDX-License-Identifier: ISC */
/* What the files of guest/bus share. */
#ifndef GUEST_BUS_PRIVATE_H
#define GUEST_BUS_PRIVATE_H

#include "pvbus/guest.h"

struct watch;

struct pv_bus {
	const struct pv_port *port;
	const struct pv_driver *const *drivers;
	unsigned unit;
	const char *machine;
	struct pv_detection detection;
	struct pv_device *devices;
	struct pv_device *cursor; /* the next to be polled */
	char line[128];

	struct pv_kv *requests; /* under way, newest first */

	/* watches that are made out of reads: watch.c */
	struct pv_store watcher;
	struct watch *watches;
	uint64_t watch_interval;
	bool detaching;
};

void bus_log(const struct pv_bus *, enum pv_log, const char *line);

/* attach.c: what was found */
struct attach {
	struct pv_interface *interface;
	const char *name;  /* of the driver that takes such a thing */
	const char *where; /* for the report */
	void *aux;
	bool certain; /* it is there, driver or not */
};
struct pv_device *attach(struct pv_bus *, struct pv_device *parent,
    const struct attach *);

/* children.c: try each device that the detected interfaces can have. */
void children_attach(struct pv_bus *);

/* device.c */
struct pv_device *device_new(struct pv_bus *, struct pv_device *parent,
    const struct attach *, const struct pv_driver *);
void device_report(struct pv_device *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void device_free(struct pv_device *);

/* store.c */
void requests_expire(struct pv_bus *);
void requests_cancel_all(struct pv_bus *);
uint64_t requests_deadline(const struct pv_bus *);

/* watch.c */
void watch_init(struct pv_bus *, uint64_t interval);
/* At most `budget` looks; true: more are due. */
bool watch_poll(struct pv_bus *, unsigned budget);
uint64_t watch_deadline(const struct pv_bus *);

/* info.c: the text of PVBUSIOC_INFO; returns its whole length. */
size_t bus_info(const struct pv_bus *, const struct pv_interface *, char *to,
    size_t room);

#endif
