/* SPDX-License-Identifier: ISC */
/* What pvbusd serves: machines, their devices, and who is connected. */
#ifndef PVBUSD_DAEMON_H
#define PVBUSD_DAEMON_H

#include <sys/types.h>

#include "programs/common/loop.h"
#include "programs/pvbusd/machine.h"

struct cuse;
struct client;

/* One /dev/pvbusN: a Unix socket, and a character device where CUSE exists. */
struct node {
	struct node *next;
	struct daemon *daemon;
	struct machine *machine;
	unsigned unit;   /* interface of the machine's bus */
	unsigned number; /* N */
	struct loop_source listener;
	char *path;   /* of the socket; NULL: not made */
	dev_t device; /* of the socket's file, to know it again */
	ino_t inode;
	struct cuse *cuse; /* NULL: none */
};

struct daemon {
	struct loop loop;
	struct config config;
	struct machine *machines;
	struct node *nodes;
	struct client *clients;
	unsigned client_count, client_peak;
	unsigned call_count; /* ioctls under way by CUSE */
	gid_t group;
	bool has_group;
	bool made_directory;
	int directory; /* locked: no other pvbusd uses it */
	int spare;     /* a descriptor to give up when there is no other */
	bool ready;    /* and the service manager knows */
	bool stop;
};

/* node.c: make and remove all of them.  False, with a message, when the
 * sockets cannot be made. */
bool nodes_make(struct daemon *);
void nodes_remove(struct daemon *);

/* socket.c: false with a message. */
bool socket_open(struct node *);
void socket_close(struct node *);

/* client.c */
void client_new(struct node *, int fd);
void clients_close(struct daemon *);
/* Close those that stall; returns when to look again. */
uint64_t clients_expire(struct daemon *, uint64_t now);

/* cuse.c, or cuse_none.c where there is no libfuse3 */
bool cuse_open(struct node *);
/* The same with a descriptor that stands for /dev/cuse; it is taken over. */
bool cuse_open_fd(struct node *, int fd);
/* The device is there, or never will be. */
bool cuse_settled(const struct node *);
void cuse_close(struct node *);

#endif
