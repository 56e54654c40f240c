/* SPDX-License-Identifier: ISC */

/*
 * What openbsd.c and extended.c have in common: checks with names, buffers
 * behind which nothing can be touched, and a word about what went wrong.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>

#define DEVICE "/dev/pvbus0"
#define KEY "opt/org.example/greeting"
#define VALUE "hello from the host"
#define EMPTY_KEY "opt/org.example/empty"
#define MISSING_KEY "opt/org.example/missing"
#define TYPE "QEMU"
#define MAXSIZE 65536
#define FILLER 0xa5 /* what buffers hold before the call */

struct check {
	const char *name;
	void (*run)(void);
};

/* Each program's own, ended by a name of NULL. */
extern const struct check checks[];

extern int rdonly, rdwr; /* the device, opened in both ways */
extern char *bad;        /* an address that can be neither read nor written */
/* Two buffers of MAXSIZE + 1 bytes; nothing can be read behind their ends. */
extern char *room, *value;

/* Says what is wrong in the check that is running; the first word counts. */
void complain(const char *format, ...)
    __attribute__((__format__(__printf__, 1, 2)));

const char *errno_name(int error);

/* Complains when an errno is not the wanted one. */
void expect(int wanted, int got, const char *what);

/* The last n bytes of a buffer, filled. */
char *edge(char *area, size_t n);

/* The same with a text in it, without its NUL. */
char *edge_text(char *area, const char *text);

/* Whether all n bytes are still what edge() has put there. */
int filled(const char *buffer, size_t n);

#endif
