/* SPDX-License-Identifier: ISC */

/*
 *	pattern write FILE SEED	fill all of a file or a block device
 *	pattern check FILE SEED	status 1, and the first sector that differs on
 *				standard output, if it holds anything else
 *
 * Word i (8 bytes, little endian) of sector s (512 bytes) is
 * splitmix64(SEED ^ (s * 64 + i)): no two sectors are alike, so one that went
 * to the wrong place shows, too.
 */
#include <sys/types.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512
#define WORDS (SECTOR / 8)
#define CHUNK 256 /* sectors */

static uint64_t wanted[CHUNK * WORDS], got[CHUNK * WORDS];

/* Sebastiano Vigna, splitmix64.c (prng.di.unimi.it), with its state as x */
static uint64_t
splitmix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void
fill(uint64_t seed, uint64_t sector, size_t count)
{
	for (size_t i = 0; i < count * WORDS; i++)
		wanted[i] = splitmix64(seed ^ (sector * WORDS + i));
}

static void
fail(const char *what)
{
	perror(what);
	exit(2);
}

static bool
transfer(bool writing, int fd, void *data, size_t len, uint64_t at)
{
	char *bytes = data;

	while (len > 0) {
		ssize_t n = writing ? pwrite(fd, bytes, len, (off_t)at)
				    : pread(fd, bytes, len, (off_t)at);

		if (n <= 0)
			return false;
		bytes += n, at += (size_t)n, len -= (size_t)n;
	}
	return true;
}

static void
report(uint64_t sector)
{
	size_t i = 0;

	while (got[i] == wanted[i])
		i++;
	printf("sector %" PRIu64 " word %zu: expected %016" PRIx64
	       ", got %016" PRIx64 "\n",
	    sector + i / WORDS, i % WORDS, wanted[i], got[i]);
}

int
main(int argc, char **argv)
{
	bool writing = argc > 1 && strcmp(argv[1], "write") == 0;
	uint64_t seed, sectors, sector;
	off_t size;
	int fd;

	if (argc != 4 || (!writing && strcmp(argv[1], "check") != 0)) {
		fprintf(stderr, "usage: pattern write|check FILE SEED\n");
		return 2;
	}
	seed = strtoull(argv[3], NULL, 0);
	fd = open(argv[2], writing ? O_WRONLY : O_RDONLY);
	if (fd < 0 || (size = lseek(fd, 0, SEEK_END)) < 0)
		fail(argv[2]);
	sectors = (uint64_t)size / SECTOR;
	for (sector = 0; sector < sectors; sector += CHUNK) {
		size_t count = sectors - sector < CHUNK ? sectors - sector
							: CHUNK;

		fill(seed, sector, count);
		if (!transfer(writing, fd, writing ? wanted : got,
			count * SECTOR, sector * SECTOR))
			fail(argv[2]);
		if (!writing && memcmp(got, wanted, count * SECTOR) != 0) {
			report(sector);
			return 1;
		}
	}
	if (writing && fsync(fd) != 0)
		fail(argv[2]);
	return 0;
}
