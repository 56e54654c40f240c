/* SPDX-License-Identifier: ISC */
/* What the command line and the configuration file say. */
#ifndef PVBUSD_CONFIG_H
#define PVBUSD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "port/linux/linux.h"

/* A thing of the simulated hosts' stores: pvbusd(8), FILES. */
struct config_item {
	struct config_item *next;
	enum {
		CONFIG_FWCFG,
		CONFIG_OEM,
		CONFIG_XENSTORE,
		CONFIG_KVP,
		CONFIG_GUESTINFO
	} where;
	char *name;  /* NULL: it has none */
	void *bytes; /* followed by a NUL */
	size_t size;
};

/* What a host may want of the machine. */
enum config_command {
	COMMAND_POWEROFF,
	COMMAND_REBOOT,
	COMMAND_SUSPEND,
	COMMAND_FREEZE,
	COMMAND_THAW,
	COMMAND_COUNT
};

struct config {
	bool once;    /* -1 */
	bool verbose; /* -v */
	char *machines[8];
	unsigned machine_count;
	char *directory; /* of sockets; NULL: by who we are */
	char *group;     /* who may use the sockets beside us; or NULL */
	unsigned clients;
	char *interfaces; /* where a host's addresses are left; or NULL */
	char *left_out;   /* interfaces that a host is not told of; or NULL */
	char *commands[COMMAND_COUNT]; /* NULL: the default */
	unsigned limit;                /* of each, in seconds */
	unsigned hold; /* disks rest no longer, in seconds; 0: 1000 */
	enum linux_time time;
	bool vmmci;                /* drive OpenBSD vmm's control device */
	struct config_item *items; /* in the order of the file */
};

/* Ends the process with a message and an exit code of sysexits(3) when the
 * words are wrong. */
void config_parse(struct config *, int argc, char **argv);
void config_free(struct config *);

/* config_file.c: false, with a message, on the first bad line. */
bool config_read(struct config *, const char *path);

#endif
