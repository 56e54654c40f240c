/* SPDX-License-Identifier: ISC */

/*
 *	PROGRAM -l		print the names of the checks
 *	PROGRAM [name...]	do all of them, or these; a line for each,
 *				status 1 if one failed
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define PATIENCE 60 /* seconds for all checks */

int rdonly, rdwr;
char *bad, *room, *value;

/* What is wrong in the check that is running; empty: nothing. */
static char problem[400];

void
complain(const char *format, ...)
{
	va_list ap;

	if (problem[0] != '\0')
		return; /* the first one says most */
	va_start(ap, format);
	vsnprintf(problem, sizeof problem, format, ap);
	va_end(ap);
}

const char *
errno_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ 0, "success" },
		{ EPERM, "EPERM" },
		{ ENXIO, "ENXIO" },
		{ ENOTTY, "ENOTTY" },
		{ ENOMEM, "ENOMEM" },
		{ EINVAL, "EINVAL" },
		{ ENAMETOOLONG, "ENAMETOOLONG" },
		{ EFAULT, "EFAULT" },
		{ ERANGE, "ERANGE" },
		{ EIO, "EIO" },
		{ EMSGSIZE, "EMSGSIZE" },
		{ ENOENT, "ENOENT" },
		{ EROFS, "EROFS" },
		{ EACCES, "EACCES" },
		{ ENOSYS, "ENOSYS" },
		{ ENODEV, "ENODEV" },
		{ EBADF, "EBADF" },
		{ EOPNOTSUPP, "EOPNOTSUPP" },
		{ EPROTO, "EPROTO" },
		{ EBUSY, "EBUSY" },
		{ ETIMEDOUT, "ETIMEDOUT" },
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (names[i].error == error)
			return names[i].name;
	}
	return strerror(error);
}

void
expect(int wanted, int got, const char *what)
{
	if (wanted != got)
		complain("expected %s for %s, got %s", errno_name(wanted), what,
		    errno_name(got));
}

char *
edge(char *area, size_t n)
{
	memset(area, FILLER, MAXSIZE + 1);
	return area + MAXSIZE + 1 - n;
}

char *
edge_text(char *area, const char *text)
{
	size_t n = strlen(text);

	return memcpy(edge(area, n), text, n);
}

int
filled(const char *buffer, size_t n)
{
	while (n > 0) {
		if ((unsigned char)buffer[--n] != FILLER)
			return 0;
	}
	return 1;
}

/* MAXSIZE + 1 bytes, and a page without any access right behind them. */
static char *
map_area(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE),
	       size = (MAXSIZE / page + 1) * page;
	char *area = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON, -1, 0);

	if (area == MAP_FAILED ||
	    mprotect(area + size, page, PROT_NONE) == -1) {
		perror("mmap");
		exit(2);
	}
	bad = area + size;
	return bad - (MAXSIZE + 1);
}

static int
run(const struct check *check)
{
	problem[0] = '\0';
	check->run();
	if (problem[0] == '\0')
		printf("ok %s\n", check->name);
	else
		printf("FAIL %s: %s, try labs/vm/guest\n", check->name,
		    problem);
	fflush(stdout);
	return problem[0] != '\0';
}

int
main(int argc, char *argv[])
{
	const struct check *check;
	int arg, wanted, failed = 0;

	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		for (check = checks; check->name != NULL; check++)
			puts(check->name);
		return 0;
	}
	/* A request that never returns must not stop the tests that follow. */
	alarm(PATIENCE);
	rdonly = open(DEVICE, O_RDONLY);
	rdwr = open(DEVICE, O_RDWR);
	if (rdonly == -1 || rdwr == -1) {
		perror(DEVICE);
		return 2;
	}
	room = map_area();
	value = map_area();
	for (check = checks; check->name != NULL; check++) {
		wanted = argc == 1;
		for (arg = 1; arg < argc; arg++)
			wanted |= strcmp(argv[arg], check->name) == 0;
		if (wanted)
			failed |= run(check);
	}
	return failed;
}
