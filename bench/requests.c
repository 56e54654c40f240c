/* SPDX-License-Identifier: ISC */
/*
 * requests PATH KEY: what a request costs through a device or a socket,
 * against an ioctl that does nothing (FIONREAD on a pipe).
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/clock.h"
#include "pvbus/client.h"

#define ROUNDS 5000

static uint64_t ioctls[ROUNDS], requests[ROUNDS], types[ROUNDS];

int
main(int argc, char **argv)
{
	struct pvbus *device;
	char value[4096], type[16];
	int fds[2], waiting, error;
	uint64_t start, nothing, request;
	size_t len;

	if (argc != 3 || pipe(fds) < 0)
		return 64;
	error = pvbus_open(argv[1], false, &device);
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", argv[1], pvbus_strerror(error));
		return 69;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		start = nanoseconds();
		ioctl(fds[0], FIONREAD, &waiting);
		ioctls[i] = nanoseconds() - start;
		start = nanoseconds();
		error |= pvbus_get_into(device, argv[2], value, sizeof(value),
		    &len);
		requests[i] = nanoseconds() - start;
		start = nanoseconds();
		error |= pvbus_type(device, type, sizeof(type));
		types[i] = nanoseconds() - start;
	}
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", argv[2], pvbus_strerror(error));
		return 1;
	}
	nothing = median(ioctls, ROUNDS);
	request = median(requests, ROUNDS);
	printf("%-24s %8.2f us\n", "an ioctl for nothing",
	    (double)nothing / 1000);
	printf("%-24s %8.2f us  %5.0f x that, %.0f a second\n", "a key",
	    (double)request / 1000, (double)request / (double)nothing,
	    1e9 / (double)request);
	request = median(types, ROUNDS);
	printf("%-24s %8.2f us  %5.0f x that\n", "the type",
	    (double)request / 1000, (double)request / (double)nothing);
	pvbus_close(device);
	return 0;
}
