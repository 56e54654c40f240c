/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

static enum status
failed(const struct output *out, int error)
{
	if (out->path == NULL) {
		complain("standard output", strerror(error));
		return STATUS_IO;
	}
	complain(out->path, strerror(error));
	return STATUS_OUTPUT;
}

enum status
output_open(struct output *out, const char *path)
{
	struct stat st;

	*out = (struct output){ .fd = STDOUT_FILENO };
	if (path != NULL && strcmp(path, "-") != 0) {
		out->path = path;
		if (stat(path, &st) != 0) {
			/* What else is wrong with it shows at the end. */
			out->fd = -1;
			return errno == ENOENT ? STATUS_DONE
					       : failed(out, errno);
		}
		if (S_ISREG(st.st_mode)) {
			/* rename(2) would not ask */
			out->fd = -1;
			return access(path, W_OK) == 0 ? STATUS_DONE
						       : failed(out, errno);
		}
		out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (out->fd < 0)
			return failed(out, errno);
	}
	out->terminal = isatty(out->fd) == 1;
	return STATUS_DONE;
}

/* 0 or an errno. */
static int
write_all(int fd, const struct buffer *b)
{
	size_t done = 0;
	ssize_t n;

	if (b->failed)
		return ENOMEM;
	while (done < b->length) {
		n = write(fd, b->data + done, b->length - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			return EIO;
		else if (errno == EAGAIN)
			/* whoever gave us the descriptor does not block */
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1,
			    -1);
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

/*
 * The file keeps the mode and owner that it has; a fresh one gets what open(2)
 * would have given it.  Where its group cannot be kept, another group must not
 * read it in its place.
 */
static int
copy_mode(int fd, const struct stat *old)
{
	mode_t mode, mask;

	if (old == NULL) {
		mask = umask(0);
		umask(mask);
		mode = 0666 & ~mask;
	} else {
		mode = old->st_mode & 0777;
		if (fchown(fd, old->st_uid, old->st_gid) != 0 &&
		    fchown(fd, (uid_t)-1, old->st_gid) != 0)
			mode &= 0700;
	}
	return fchmod(fd, mode) == 0 ? 0 : errno;
}

/* A name beside `target`, however long that one is. */
static char *
temporary_name(const char *target)
{
	static const char name[] = ".hostctl.XXXXXX";
	const char *slash = strrchr(target, '/');
	size_t directory = slash != NULL ? (size_t)(slash - target) + 1 : 0;
	char *path = malloc(directory + sizeof(name));

	if (path == NULL)
		return NULL;
	memcpy(path, target, directory);
	memcpy(path + directory, name, sizeof(name));
	return path;
}

/* Beside `target`, then in its place. */
static int
replace(const char *target, const struct stat *old, const struct buffer *b)
{
	char *temporary = temporary_name(target);
	int fd, error;

	if (temporary == NULL)
		return ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		error = errno;
		free(temporary);
		return error;
	}
	error = write_all(fd, b);
	if (error == 0)
		error = copy_mode(fd, old);
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0 && rename(temporary, target) != 0)
		error = errno;
	if (error != 0)
		unlink(temporary);
	free(temporary);
	return error;
}

/* What has no name of its own to be replaced: what a link points to that is not
 * there yet, or a file that was removed and is open as /dev/stdout. */
static int
write_through(const char *path, const struct buffer *b)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int error;

	if (fd < 0)
		return errno;
	error = write_all(fd, b);
	if (close(fd) != 0 && error == 0)
		error = errno;
	return error;
}

/* A symbolic link stays one: what it points to is replaced. */
static int
commit_file(const struct output *out)
{
	struct stat st;
	char *target;
	int error;

	target = realpath(out->path, NULL);
	if (target == NULL && errno != ENOENT)
		return errno;
	if (target == NULL)
		return lstat(out->path, &st) == 0
		    ? write_through(out->path, &out->buffer)
		    : replace(out->path, NULL, &out->buffer);
	if (stat(target, &st) != 0)
		error = errno;
	else
		error = replace(target, &st, &out->buffer);
	free(target);
	return error;
}

enum status
output_flush(struct output *out)
{
	return out->fd < 0 ? STATUS_DONE : output_commit(out);
}

enum status
output_commit(struct output *out)
{
	int error;

	if (out->fd < 0)
		error = out->buffer.failed ? ENOMEM : commit_file(out);
	else
		error = write_all(out->fd, &out->buffer);
	out->buffer.length = 0;
	return error == 0 ? STATUS_DONE : failed(out, error);
}

/* close(2) is where some file systems say that a write did not happen. */
enum status
output_close(struct output *out)
{
	enum status status = STATUS_DONE;

	if (out->fd >= 0 && close(out->fd) != 0 && errno != EINTR &&
	    errno != EBADF)
		status = failed(out, errno);
	buffer_free(&out->buffer);
	return status;
}
