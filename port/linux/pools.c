/* SPDX-License-Identifier: ISC */
/*
 * The files of Hyper-V's pools, as Linux's own daemon keeps them.
 *
 * That daemon locks them with fcntl(2), cloud-init with flock(2), and on Linux
 * neither sees the other: both locks are taken.  The daemon makes them readable
 * for all, secrets and all (mode 0644); what is made here is for root alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* Of lock attempts: somebody who keeps a lock must not stop the daemon. */
#define ATTEMPTS 20
#define PAUSE_US 10000

static void
pool_path(const struct linux_port *linux_port, char to[PATH_MAX], unsigned pool)
{
	const char *directory = linux_port->config.pools;

	snprintf(to, PATH_MAX, "%s/.kvp_pool_%u",
	    directory != NULL ? directory : "/var/lib/hyperv", pool);
}

static bool
try_lock(int fd, bool write)
{
	struct flock record = {
		.l_type = write ? F_WRLCK : F_RDLCK,
		.l_whence = SEEK_SET,
	};

	if (flock(fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
		return false;
	if (fcntl(fd, F_SETLK, &record) == 0)
		return true;
	flock(fd, LOCK_UN);
	return false;
}

/* Both end with the descriptor. */
static int
lock(int fd, bool write)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		if (try_lock(fd, write))
			return PV_OK;
		if (errno != EWOULDBLOCK && errno != EAGAIN && errno != EACCES)
			return PV_EIO;
		usleep(PAUSE_US);
	}
	return PV_EBUSY;
}

static int
error_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return PV_ENOENT;
	case EACCES:
	case EPERM:
		return PV_EACCES;
	case EROFS:
		return PV_EROFS;
	default:
		return PV_EIO;
	}
}

long
linux_pool_read(void *ctx, unsigned pool, void *to, size_t room)
{
	const struct linux_port *linux_port = ctx;
	char path[PATH_MAX];
	struct stat status;
	long result;
	int fd;

	pool_path(linux_port, path, pool);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return error_of(errno);
	result = lock(fd, false);
	if (result == PV_OK &&
	    (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)))
		result = PV_EIO;
	if (result == PV_OK) {
		result = (long)status.st_size;
		for (size_t done = 0; done < room && done < (size_t)result;) {
			ssize_t moved = pread(fd, (char *)to + done,
			    room - done, (off_t)done);

			if (moved < 0 && errno == EINTR)
				continue;
			if (moved < 0)
				result = PV_EIO;
			if (moved == 0) /* it became shorter */
				result = (long)done;
			if (moved <= 0)
				break;
			done += (size_t)moved;
		}
	}
	close(fd);
	return result;
}

static int
replace(int fd, const char *from, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t moved = pwrite(fd, from + done, size - done,
		    (off_t)done);

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved <= 0)
			return PV_EIO;
		done += (size_t)moved;
	}
	return ftruncate(fd, (off_t)size) == 0 && fdatasync(fd) == 0 ? PV_OK
								     : PV_EIO;
}

/* What it has made longer before it found no room is no record. */
static int
make_room(int fd, size_t size)
{
	struct stat status;

	if (size == 0)
		return PV_OK;
	if (fstat(fd, &status) < 0)
		return PV_EIO;
	if (posix_fallocate(fd, 0, (off_t)size) == 0)
		return PV_OK;
	(void)!ftruncate(fd, status.st_size);
	return PV_EIO;
}

/* Whether there is room for it is found out before a byte of the old is
 * touched: others have the file open, so that it cannot be another one. */
int
linux_pool_write(void *ctx, unsigned pool, const void *from, size_t size)
{
	const struct linux_port *linux_port = ctx;
	const char *directory = linux_port->config.pools;
	char path[PATH_MAX];
	int fd, result;

	if (directory == NULL)
		directory = "/var/lib/hyperv";
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return error_of(errno);
	pool_path(linux_port, path, pool);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0600);
	if (fd < 0)
		return error_of(errno);
	result = lock(fd, true);
	if (result == PV_OK)
		result = make_room(fd, size);
	if (result == PV_OK && fchmod(fd, 0600) < 0)
		result = error_of(errno);
	if (result == PV_OK)
		result = replace(fd, from, size);
	close(fd);
	return result;
}
