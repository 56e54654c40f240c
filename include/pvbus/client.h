/* SPDX-License-Identifier: ISC */
/*
 * libpvbus: a program's way to /dev/pvbusN, or to pvbusd's socket of the same
 * name where there is no such device.
 *
 * Errors: 0 or a negative errno value; pvbus_ioctl(4) says what each means.
 * Where pvbusd is gone in the middle of a request it is -ENODEV.
 * Memory: what a function hands out through a pointer is the caller's, and
 * goes back by free(3), pvbus_names_free() or pvbus_close().
 * Threads: one handle belongs to one thread at a time; handles are
 * independent.  No signals are used, no global state is kept.
 */
#ifndef PVBUS_CLIENT_H
#define PVBUS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pvbus;

/*
 * Open a device or socket.  `path` NULL: the first interface that has a store,
 * among those that pvbus_devices() finds.  `writable` false: pvbus_put() and
 * pvbus_remove() are -EPERM.
 * -ENODEV: nothing there, or (with NULL) no pvbus device at all; -ENXIO: with
 * NULL, devices but none with a store; -EACCES; -ENOTTY: not a pvbus device
 * (a character device of another kind shows that at its first request).
 */
int pvbus_open(const char *path, bool writable, struct pvbus **out);
void pvbus_close(struct pvbus *);

/* The path that was opened. */
const char *pvbus_path(const struct pvbus *);

/* How long requests may take, in milliseconds; 0: the device's own limit (10 s;
 * none for a watch).  Then they are -ETIMEDOUT. */
void pvbus_set_timeout(struct pvbus *, unsigned milliseconds);

/*
 * All devices and sockets on this machine, in order of their numbers; a device
 * hides the socket of its name.  Looks in the directory $PVBUS_DIR if that is
 * set, else in /dev, /run/pvbus and $XDG_RUNTIME_DIR/pvbus.
 */
int pvbus_devices(char ***paths, size_t *count);

/* "KVM", "Hyper-V", "VMware", "Xen", "bhyve", "OpenBSD" or "QEMU". */
int pvbus_type(struct pvbus *, char *buffer, size_t size);

/* Lines of "NAME VALUE", as pvbus_ioctl(4) lists them; NUL-terminated. */
int pvbus_info(struct pvbus *, char **text);

/* The whole value, up to 64 MiB (else -EMSGSIZE); a NUL that is not counted
 * follows it.  -EAGAIN: it changed under our hands, again and again. */
int pvbus_get(struct pvbus *, const char *key, void **value, size_t *length);

/* The same into a buffer: -ERANGE with nothing written when it is too small;
 * *length is then what is needed.  No NUL is added.  A value of more than
 * 65536 bytes is -EMSGSIZE, for pvbus_get(). */
int pvbus_get_into(struct pvbus *, const char *key, void *buffer, size_t size,
    size_t *length);

/* -EPERM: the handle is not writable, or the socket does not let this user
 * write. */
int pvbus_put(struct pvbus *, const char *key, const void *value,
    size_t length);
int pvbus_remove(struct pvbus *, const char *key);

/* Names below `key` ("" is the top), a name with names below it ends in '/'.
 * Recursive: all, as paths relative to `key`. */
int pvbus_list(struct pvbus *, const char *key, bool recursive, char ***names,
    size_t *count);
void pvbus_names_free(char **names, size_t count);

/*
 * Wait until the state of the key is another than *seen, then answer as
 * pvbus_get() does and set *seen.  *seen 0 answers at once; the end of a key
 * is -ENOENT, once.  -ETIMEDOUT: see pvbus_set_timeout().
 */
int pvbus_watch(struct pvbus *, const char *key, uint64_t *seen, void **value,
    size_t *length);

/* Text for what the functions above return, in the words of pvbus. */
const char *pvbus_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif
