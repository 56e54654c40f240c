/* SPDX-License-Identifier: ISC */
/*
 * /dev/pvbusN as a character device in user space, by libfuse3.
 *
 * An ioctl's addresses are those of the caller, and the kernel copies only
 * what we name.  We learn the names piece by piece (structure, key, value), so
 * each ioctl arrives several times: as long as a piece is missing we answer
 * "again, with these", and nothing has happened yet.
 */
#define FUSE_USE_VERSION 31
#include <cuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "port/linux/linux.h"
#include "programs/pvbusd/cuse_saved.h"
#include "programs/pvbusd/daemon.h"
#include "programs/pvbusd/log.h"
#include "programs/pvbusd/places.h"

#define CUSE_DEVICE "/dev/cuse"

/* ioctls under way at once, over all devices: 132 KiB each at most. */
#define CALLS_MAX 256

/* structure, key, value */
#define PIECES 3

struct cuse {
	struct node *node;
	struct fuse_session *session;
	struct fuse_buf buffer;
	struct loop_source source;
	struct call *calls; /* with the store */
	struct saved_table saved;
	bool made; /* the device is there */
};

/* One arrival of an ioctl; it lives on when the store takes its time. */
struct call {
	struct call *next;
	struct cuse *cuse;
	fuse_req_t request;
	uid_t uid;
	struct pv_ioctl io;
	bool inside; /* cuse_ioctl() still runs, and ends the call itself */
	bool ended;

	/* what came along, to be taken in the order in which it was asked */
	const char *in;
	size_t in_size, out_size;
	struct saved structure; /* the first piece, once it is here */
	struct iovec pieces[PIECES];
	unsigned piece_count;
	struct iovec results[2];
	unsigned result_count;
};

static void *
address(uint64_t value)
{
	return (void *)(uintptr_t)value;
}

/* ---- The caller's memory ---------------------------------------------- */

static int
copyin(struct pv_ioctl *io, uint64_t from, void *to, size_t size)
{
	struct call *call = io->owner;
	struct saved *structure = &call->structure;
	bool first = call->piece_count == 0;

	call->pieces[call->piece_count++] = (struct iovec){ address(from),
		size };
	if (first && structure->size == size) {
		memcpy(to, structure->bytes, size);
		return PV_OK;
	}
	if (call->in_size < size)
		return PV_EAGAIN;
	memcpy(to, call->in, size);
	call->in += size;
	call->in_size -= size;
	if (first && size <= sizeof(structure->bytes)) {
		structure->size = size;
		memcpy(structure->bytes, to, size);
	}
	return PV_OK;
}

static int
reserve(struct pv_ioctl *io, size_t structure, uint64_t to, size_t data)
{
	struct call *call = io->owner;

	if (structure > 0)
		call->results[call->result_count++] =
		    (struct iovec){ address(io->arg), structure };
	if (data > 0)
		call->results[call->result_count++] =
		    (struct iovec){ address(to), data };
	/* bytes too many: the caller changed the structure, and these are the
	 * pieces that it named before */
	if (call->in_size > 0)
		return PV_EAGAIN;
	return structure + data <= call->out_size ? PV_OK : PV_EAGAIN;
}

/* Ask the kernel to come again with all the pieces that are known by now. */
static void
again(struct call *call)
{
	struct iovec *pieces = call->pieces;
	unsigned count = call->piece_count;
	size_t total = 0;

	for (unsigned i = 0; i < count; i++)
		total += pieces[i].iov_len;
	if (total > CUSE_CARRIES) {
		if (!saved_put(&call->cuse->saved, &call->structure)) {
			fuse_reply_err(call->request, ENOMEM);
			return;
		}
		pieces++;
		count--;
	}
	fuse_reply_ioctl_retry(call->request, pieces, count, call->results,
	    call->result_count);
}

/* ---- Answers ---------------------------------------------------------- */

static void
answer(struct call *call)
{
	const struct pv_ioctl *io = &call->io;
	int result = -pv_errno(io->error);
	char *bytes;

	if (io->structure_len == 0) {
		if (result != 0)
			fuse_reply_err(call->request, -result);
		else
			fuse_reply_ioctl(call->request, 0, io->data,
			    io->data_len);
		return;
	}
	bytes = malloc(io->structure_len + io->data_len);
	if (bytes == NULL) {
		fuse_reply_err(call->request, ENOMEM);
		return;
	}
	memcpy(bytes, io->structure.bytes, io->structure_len);
	if (io->data_len > 0)
		memcpy(bytes + io->structure_len, io->data, io->data_len);
	fuse_reply_ioctl(call->request, result, bytes,
	    io->structure_len + io->data_len);
	free(bytes);
}

static void
call_free(struct call *call)
{
	struct call **link = &call->cuse->calls;

	while (*link != call)
		link = &(*link)->next;
	*link = call->next;
	call->cuse->node->daemon->call_count--;
	free(call);
}

static void
call_done(struct pv_ioctl *io)
{
	struct call *call = io->owner;

	answer(call);
	pv_ioctl_end(io);
	call->ended = true;
	if (!call->inside)
		call_free(call);
}

/* The caller was sent a signal. */
static void
interrupted(fuse_req_t request, void *data)
{
	struct call *call = data;

	(void)request;
	pv_ioctl_cancel(&call->io);
}

/* ---- Operations ------------------------------------------------------- */

static void
cuse_open_file(fuse_req_t request, struct fuse_file_info *info)
{
	/* the ioctl is not told how the file was opened */
	info->fh = (info->flags & O_ACCMODE) != O_RDONLY;
	fuse_reply_open(request, info);
}

static unsigned
calls_of(const struct daemon *daemon, uid_t uid)
{
	unsigned count = 0;

	for (const struct node *node = daemon->nodes; node != NULL;
	     node = node->next)
		for (const struct call *call =
			 node->cuse != NULL ? node->cuse->calls : NULL;
		     call != NULL; call = call->next)
			count += call->uid == uid;
	return count;
}

static void
cuse_ioctl(fuse_req_t request, int cmd, void *arg, struct fuse_file_info *info,
    unsigned flags, const void *in, size_t in_size, size_t out_size)
{
	struct cuse *cuse = fuse_req_userdata(request);
	struct daemon *daemon = cuse->node->daemon;
	uid_t uid = fuse_req_ctx(request)->uid;
	struct call *call;

	if (!places_left(uid, CALLS_MAX, daemon->call_count,
		calls_of(daemon, uid))) {
		fuse_reply_err(request, EBUSY);
		return;
	}
	call = calloc(1, sizeof(*call));
	if (call == NULL) {
		fuse_reply_err(request, ENOMEM);
		return;
	}
	*call = (struct call){
		.next = cuse->calls,
		.cuse = cuse,
		.request = request,
		.uid = uid,
		.inside = true,
		.structure = { .caller = fuse_req_ctx(request)->pid,
		    .arg = (uintptr_t)arg, .cmd = (unsigned)cmd },
		.in = in,
		.in_size = in_size,
		.out_size = out_size,
		.io = {
			.bus = cuse->node->machine->bus,
			.unit = cuse->node->unit,
			.cmd = (unsigned)cmd,
			.arg = (uintptr_t)arg,
			.writable = info->fh != 0,
			.ilp32 = sizeof(void *) == 4 ||
			    (flags & FUSE_IOCTL_COMPAT) != 0,
			.copyin = copyin,
			.reserve = reserve,
			.done = call_done,
			.owner = call,
		},
	};
	if (in_size == 0)
		saved_forget(&cuse->saved, call->structure.caller);
	else
		saved_take(&cuse->saved, &call->structure);
	cuse->calls = call;
	daemon->call_count++;
	if (pv_ioctl_start(&call->io) == PV_EAGAIN) {
		again(call);
		call->ended = true;
	}
	call->in = NULL;
	call->inside = false;
	if (call->ended)
		call_free(call);
	else
		fuse_req_interrupt_func(request, interrupted, call);
}

static void
cuse_init_done(void *userdata)
{
	struct cuse *cuse = userdata;

	cuse->made = true;
	log_line(PV_LOG_DEBUG, "/dev/pvbus%u made", cuse->node->number);
}

static const struct cuse_lowlevel_ops operations = {
	.init_done = cuse_init_done,
	.open = cuse_open_file,
	.ioctl = cuse_ioctl,
};

/* ---- The session ------------------------------------------------------ */

static ssize_t
device_read(int fd, void *to, size_t size, void *userdata)
{
	(void)userdata;
	return read(fd, to, size);
}

static ssize_t
device_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)userdata;
	return writev(fd, iov, count);
}

static const struct fuse_custom_io device_io = {
	.read = device_read,
	.writev = device_writev,
};

static void
session_end(struct cuse *cuse)
{
	while (cuse->calls != NULL)
		pv_ioctl_cancel(&cuse->calls->io);
	loop_remove(&cuse->source);
	fuse_session_destroy(cuse->session); /* closes the descriptor */
	free(cuse->buffer.mem);
	cuse->node->cuse = NULL;
	free(cuse);
}

static void
session_ready(void *ctx, short revents)
{
	struct cuse *cuse = ctx;
	unsigned number = cuse->node->number;
	int got = fuse_session_receive_buf(cuse->session, &cuse->buffer);

	(void)revents;
	if (got == -EAGAIN || got == -EINTR)
		return;
	if (got > 0)
		fuse_session_process_buf(cuse->session, &cuse->buffer);
	if (got > 0 && !fuse_session_exited(cuse->session))
		return;
	log_line(PV_LOG_ERROR, "/dev/pvbus%u: %s; the socket still works",
	    number,
	    cuse->made ? "the kernel took the device away"
		       : "the kernel did not make the device (is the "
			 "name in use?)");
	session_end(cuse);
}

static struct fuse_session *
session_new(struct cuse *cuse)
{
	char name[32], program[] = "pvbusd";
	struct fuse_session *session;
	char *argv[] = { program, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	const char *lines[] = { name };
	struct cuse_info info = {
		.dev_info_argc = 1,
		.dev_info_argv = lines,
		.flags = CUSE_UNRESTRICTED_IOCTL,
	};

	snprintf(name, sizeof(name), "DEVNAME=pvbus%u", cuse->node->number);
	session = cuse_lowlevel_new(&args, &info, &operations, cuse);
	fuse_opt_free_args(&args);
	return session;
}

static bool
fail(struct cuse *cuse, const char *what)
{
	log_line(PV_LOG_ERROR, "/dev/pvbus%u: %s; the socket works",
	    cuse->node->number, what);
	if (cuse->session != NULL)
		fuse_session_destroy(cuse->session);
	if (cuse->source.fd >= 0)
		close(cuse->source.fd);
	free(cuse);
	return false;
}

bool
cuse_open(struct node *node)
{
	int fd = open(CUSE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return cuse_open_fd(node, fd);
	log_line(PV_LOG_DEBUG, "no /dev/pvbus%u: %s: %s", node->number,
	    CUSE_DEVICE, strerror(errno));
	return false;
}

bool
cuse_open_fd(struct node *node, int fd)
{
	struct cuse *cuse = calloc(1, sizeof(*cuse));

	if (cuse == NULL) {
		close(fd);
		return false;
	}
	cuse->node = node;
	cuse->source = (struct loop_source){ .fd = fd,
		.events = POLLIN,
		.call = session_ready,
		.ctx = cuse };
	cuse->session = session_new(cuse);
	if (cuse->session == NULL)
		return fail(cuse, "libfuse3 refused");
	if (fuse_session_custom_io(cuse->session, &device_io, fd) != 0)
		return fail(cuse, "libfuse3 did not take the descriptor");
	node->cuse = cuse;
	loop_add(&node->daemon->loop, &cuse->source);
	return true;
}

bool
cuse_settled(const struct node *node)
{
	return node->cuse == NULL || node->cuse->made;
}

void
cuse_close(struct node *node)
{
	if (node->cuse != NULL)
		session_end(node->cuse);
}
