/* SPDX-License-Identifier: ISC */

/*
 *	blocks DEVICE read|write SIZE DEPTH MILLISECONDS
 *
 * What pvguest's `disk NAME bench` does, in Linux: requests of SIZE bytes, one
 * behind the other and from the start again, DEPTH of them on their way, past
 * the page cache.  A line with the requests per second.
 *
 * By the system calls of Linux' AIO, as dom0 and the guest have no library.
 */
#define _GNU_SOURCE /* O_DIRECT */
#include <sys/syscall.h>

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST 256

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct work {
	int fd;
	aio_context_t context;
	uint64_t end, next, disk; /* bytes */
	size_t size;
	uint16_t opcode;
};

static void
prepare(struct work *work, struct iocb *iocb, void *data)
{
	if (work->next + work->size > work->disk)
		work->next = 0;
	*iocb = (struct iocb){ .aio_lio_opcode = work->opcode,
		.aio_fildes = (uint32_t)work->fd,
		.aio_buf = (uintptr_t)data,
		.aio_data = (uintptr_t)iocb,
		.aio_nbytes = work->size,
		.aio_offset = (int64_t)work->next };
	work->next += work->size;
}

static void
submit(struct work *work, struct iocb **list, long count)
{
	long n;

	while (count > 0) {
		n = syscall(SYS_io_submit, work->context, count, list);
		if (n < 0)
			fail("io_submit");
		list += n, count -= n;
	}
}

static uint64_t
do_work(struct work *work, unsigned depth)
{
	struct iocb iocbs[MOST], *list[MOST];
	struct io_event events[MOST];
	uint64_t requests = 0;
	unsigned out = depth;
	long n, again;

	for (unsigned i = 0; i < depth; i++) {
		void *data = aligned_alloc(4096, work->size);

		if (data == NULL)
			fail("memory");
		memset(data, (int)i, work->size);
		prepare(work, list[i] = &iocbs[i], data);
	}
	submit(work, list, depth);
	while (out > 0) {
		n = syscall(SYS_io_getevents, work->context, 1, MOST, events,
		    NULL);
		if (n < 0)
			fail("io_getevents");
		again = now_us() < work->end ? n : 0;
		out -= (unsigned)(n - again), requests += (uint64_t)n;
		for (long i = 0; i < n; i++) {
			struct iocb *iocb =
			    (struct iocb *)(uintptr_t)events[i].data;

			if (events[i].res != (int64_t)work->size) {
				fprintf(stderr, "a request ended with %lld\n",
				    (long long)events[i].res);
				exit(1);
			}
			prepare(work, iocb, (void *)(uintptr_t)iocb->aio_buf);
			list[i] = iocb;
		}
		submit(work, list, again);
	}
	return requests;
}

int
main(int argc, char **argv)
{
	struct work work = { 0 };
	uint64_t start, requests, us;
	unsigned depth;
	off_t size;

	if (argc != 6 || (depth = (unsigned)atoi(argv[4])) == 0 ||
	    depth > MOST) {
		fprintf(stderr,
		    "usage: blocks DEVICE read|write SIZE DEPTH MS\n");
		return 2;
	}
	work.opcode = strcmp(argv[2], "write") == 0 ? IOCB_CMD_PWRITE
						    : IOCB_CMD_PREAD;
	work.size = (size_t)atoi(argv[3]);
	work.fd = open(argv[1], O_RDWR | O_DIRECT);
	if (work.fd < 0 || (size = lseek(work.fd, 0, SEEK_END)) < 0)
		fail(argv[1]);
	work.disk = (uint64_t)size;
	if (syscall(SYS_io_setup, depth, &work.context) != 0)
		fail("io_setup");
	start = now_us();
	work.end = start + (uint64_t)atoi(argv[5]) * 1000;
	requests = do_work(&work, depth);
	us = now_us() - start;
	printf("%s %zu: %llu requests/s, %llu requests in %llu us\n", argv[2],
	    work.size, (unsigned long long)(requests * 1000000 / us),
	    (unsigned long long)requests, (unsigned long long)us);
	return 0;
}
