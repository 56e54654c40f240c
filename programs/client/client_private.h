/* SPDX-License-Identifier: ISC */
/*
 * What the files of libpvbus share.
 *
 * A request goes down three steps: a public function (request.c, get.c, list.c)
 * fills in a client_kv; pvbus_i_kv() makes the ABI's structure out of it;
 * pvbus_i_call() carries that over the transport of the handle.
 *
 * Lengths are bytes, times milliseconds; 0 or a negative errno is returned.
 */
#ifndef CLIENT_PRIVATE_H
#define CLIENT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/client.h"
#include "pvbus/ioctl.h"

/* Not for programs: no symbols of the shared library, and with a prefix that
 * no program has in the static one. */
#pragma GCC visibility push(hidden)

/* Most values and lists fit; a longer one costs a second request. */
#define CLIENT_FIRST_ROOM 4096u
/* A value in pieces ends here: no store has one, and memory is the caller's. */
#define CLIENT_LARGEST (64u * 1024 * 1024)
/* How often a value that changes under our hands is started again. */
#define CLIENT_RESTARTS 3u

#define CLIENT_TIMEOUT 10000u /* the device's own limit */
#define CLIENT_SLACK 2000u    /* for its answer to arrive after that */
#define CLIENT_LOOK 1000u     /* for a device among others to tell of itself */
#define CLIENT_FOREVER (-1)

struct pvbus {
	int fd;
	bool is_socket;
	bool writable;
	bool broken;      /* a reply was lost: what comes next is not ours */
	unsigned timeout; /* 0: the device's own */
	unsigned slack;
	char *path;
};

/* One request on its way over a transport. */
struct client_call {
	unsigned long cmd;
	void *structure; /* changed by the answer */
	size_t structure_len;
	const void *sent[2]; /* what the structure points to */
	size_t sent_len[2];
	void *result;
	size_t room;
	int64_t limit; /* or CLIENT_FOREVER; the device keeps its own */
	/* the answer of a socket */
	bool answered; /* the structure came back */
	size_t result_len;
};

/* One request of the second set. */
struct client_kv {
	unsigned long cmd;
	uint32_t flags;
	const char *key;
	size_t keylen;
	const void *put; /* PUT: the value, else NULL */
	void *result;    /* else: room for the answer */
	size_t length;   /* of either */
	uint64_t offset;
	uint64_t seen;
	/* the answer */
	size_t got;
	uint64_t actual;
};

/* request.c */
int pvbus_i_call(struct pvbus *, struct client_call *);
int pvbus_i_kv(struct pvbus *, struct client_kv *);
/* Answers of up to 64 KiB into memory of their own, with a NUL after them.
 * -ERANGE: longer than that, kv->actual says how long. */
int pvbus_i_fetch(struct pvbus *, struct client_kv *, void **data);
/* -EINVAL or -ENAMETOOLONG, else 0 and the length. */
int pvbus_i_key(const char *key, size_t *length);

/* transport_device.c */
int pvbus_i_device_open(const char *path, bool writable);
int pvbus_i_device_call(struct pvbus *, struct client_call *);

/* transport_socket.c */
int pvbus_i_socket_open(const char *path, unsigned timeout);
int pvbus_i_socket_call(struct pvbus *, struct client_call *);

/* devices.c: pvbus_devices(), looking only there. */
int client_devices(const char *const *directories, size_t n, char ***paths,
    size_t *count);

/* names.c: NUL-ended names, one after another, as an array in one block. */
int pvbus_i_names(const char *data, size_t length, char ***names,
    size_t *count);

#pragma GCC visibility pop

#endif
