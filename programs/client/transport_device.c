/* SPDX-License-Identifier: ISC */
/* Requests by ioctl(2) on a character device: CUSE, or a kernel's own. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client_private.h"

/* A signal that the caller handles, or a stop and continue, wakes CUSE; a
 * daemon that answers EINTR for ever must not hold us. */
#define EINTR_MAX 100

int
pvbus_i_device_open(const char *path, bool writable)
{
	int fd, error;
	struct stat st;

	do {
		fd = open(path,
		    (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		switch (errno) {
		case ENOENT:
		case ENXIO: /* a node without a driver behind it */
		case ENOTCONN:
		case ECONNABORTED:
			return -ENODEV;
		default:
			return -errno;
		}
	}
	error = 0;
	if (fstat(fd, &st) != 0)
		error = -errno;
	else if (!S_ISCHR(st.st_mode))
		error = -ENOTTY;
	if (error != 0) {
		close(fd);
		return error;
	}
	return fd;
}

int
pvbus_i_device_call(struct pvbus *p, struct client_call *call)
{
	/* What changes the store is not done twice for a signal. */
	bool again = call->cmd != PVBUSIOC_PUT && call->cmd != PVBUSIOC_REMOVE;

	for (int tries = 0;; tries++) {
		if (ioctl(p->fd, call->cmd, call->structure) >= 0)
			return 0;
		switch (errno) {
		case EINTR:
			if (again && tries < EINTR_MAX)
				continue;
			return -EINTR;
		case ENOTCONN: /* the daemon behind CUSE is gone, before … */
		case ECONNABORTED: /* … and in the middle of this request */
			return -ENODEV;
		default:
			return -errno;
		}
	}
}
