/* SPDX-License-Identifier: ISC */
/*
 * XenStore as drivers see it: a device with two directories, values read in
 * one go, values written in one transaction, and states.
 *
 * All of it is asynchronous; a completion is called from xen's poll, in the
 * context that owns the bus.  A request that is under way when its device is
 * unplugged is answered with PV_ENODEV before the driver is detached; one that
 * is under way when the guest was saved, with PV_EAGAIN before the driver's
 * resume.  After a detach none is answered.
 */
#ifndef GUEST_XEN_XENBUS_H
#define GUEST_XEN_XENBUS_H

#include "guest/xen/xen.h"
#include "wire/xen/store.h"

struct xenbus_device;

/* What a driver of such a device has beyond struct pv_driver. */
struct xenbus_driver {
	/* The back end wrote a state, perhaps the same again (a resize), or any
	 * number at all; 0: it has none, or its directory is gone. */
	void (*backend)(struct xenbus_device *, unsigned state);
	/* Before the guest is saved: put nothing more into the rings. */
	void (*suspend)(struct xenbus_device *);
	/* It was saved and restored: all ports, grants and rings are gone, and
	 * the other end is another one. */
	void (*resume)(struct xenbus_device *);
	/* The host thought better of it: go on. */
	void (*resume_cancelled)(struct xenbus_device *);
};

struct xenbus_device {
	struct xen *xen;
	struct pv_device *device;
	/* set by the driver in its attach */
	const struct xenbus_driver *driver;
	void *softc;

	/* known before attach */
	char class_name[32]; /* "vbd" */
	char unit[16];       /* "51712" */
	char node[80];       /* "device/vbd/51712" */
	char backend[128];   /* "/local/domain/0/backend/vbd/3/51712" */
	uint16_t backend_id;
	char type[16]; /* device-type of a vbd: "disk", "cdrom"; else "" */

	/* the last that was written and read */
	unsigned state, backend_state;
};

/* ---- Read ------------------------------------------------------------- */

enum xenbus_end {
	XENBUS_FRONT,
	XENBUS_BACK
};

struct xenbus_value {
	enum xenbus_end end;
	char key[48]; /* below the directory of that end */
	/* the answer */
	bool there;    /* else it is absent, unreadable or too long */
	char text[64]; /* terminated */
};

struct xenbus_read {
	struct xenbus_value *values;
	unsigned count;
	void (*done)(struct xenbus_read *);
	void *owner;
	int error; /* PV_OK although values are absent */

	/* private */
	struct xenbus_device *device;
	struct xenbus_read *next;
};

/* Ask for all values at once.  The structure and the values are the caller's,
 * and are left alone after `done`. */
void xenbus_read(struct xenbus_device *, struct xenbus_read *);

/* The number that a value spells in decimal, `otherwise` when it is absent,
 * spells none or is above `limit`; the last two are counted as bad_value. */
uint64_t xenbus_number(struct xenbus_device *, const struct xenbus_value *,
    uint64_t limit, uint64_t otherwise);

/* ---- Write ------------------------------------------------------------ */

struct xenbus_pair {
	char key[48]; /* below our own directory */
	char text[64];
};

struct xenbus_write {
	const struct xenbus_pair *pairs;
	unsigned count;
	/* Written last, in the same transaction. */
	unsigned state;
	void (*done)(struct xenbus_write *);
	void *owner;
	int error;

	/* private */
	struct xenbus_device *device;
	struct xenbus_write *next;
};

/* All or nothing, tried again as long as others disturb it (bounded). */
void xenbus_write(struct xenbus_device *, struct xenbus_write *);

/* Write our state, by itself, in order with other writes of this device; an
 * error is logged. */
void xenbus_state(struct xenbus_device *, unsigned state);

/* "key-with-%u" and numbers for the two structures above. */
void xenbus_pair_number(struct xenbus_pair *, const char *key, uint64_t);
void xenbus_pair_text(struct xenbus_pair *, const char *key, const char *text);

#endif
