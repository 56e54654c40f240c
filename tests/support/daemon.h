/* SPDX-License-Identifier: ISC */
/*
 * The real pvbusd, started by a test in a directory of its own, and clients
 * that speak wire/socket.h to it byte by byte.
 *
 * Whatever goes wrong fails the test; nothing waits for ever.  The program is
 * that of the environment's PVBUSD.
 */
#ifndef TESTS_SUPPORT_DAEMON_H
#define TESTS_SUPPORT_DAEMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "wire/pvbus.h"
#include "wire/socket.h"

/* cmocka 1.1 has "not ok" for what skip() was said of.  Leaves the test. */
#define skip_test(why)                                           \
	do {                                                     \
		print_message("# SKIP %s: %s\n", __func__, why); \
		return;                                          \
	} while (0)
#define NOT_ROOT "only root can become another user"

/* Long enough for any machine, so that only what hangs is late. */
#define DEADLINE 30.0

/* "At once" for a client beside one that misbehaves: less than the time that
 * pvbusd gives a stalled one, on a machine that is busy with other things. */
#define AT_ONCE 5.0

/* A user that owns nothing. */
#define NOBODY 65534

#define GREETING_KEY "opt/greeting"
#define GREETING "hello from the test"
#define LARGE_KEY "opt/large"
#define LARGE_SIZE 61440

struct pvbusd {
	pid_t pid;            /* 0: not running */
	int exited;           /* readable when it has ended */
	int notify;           /* where NOTIFY_SOCKET leads */
	uid_t uid;            /* to run as; that of the test unless it is set */
	unsigned limit;       /* of its descriptors; 0: that of the test */
	int beside;           /* a client that behaves, from the start on */
	unsigned descriptors; /* when it was ready, with `beside` */
	char root[64];        /* all is in here */
	char sockets[96];     /* -s: in root, not there yet */
	char config[96];      /* -c */
	char *said;           /* standard error, of pvbusd_said() */
	char *printed;        /* standard output, of pvbusd_run() */
};

/* For cmocka: *state is a struct pvbusd, started with sim:kvm or not yet.  The
 * teardown ends it by SIGTERM and fails the test when it does not exit with 0,
 * holds descriptors, leaves sockets behind or has a sanitizer's report. */
int pvbusd_setup(void **state);
int pvbusd_setup_running(void **state);
int pvbusd_teardown(void **state);
#define pvbusd_test(f) \
	cmocka_unit_test_setup_teardown(f, pvbusd_setup, pvbusd_teardown)
#define pvbusd_running_test(f)                                   \
	cmocka_unit_test_setup_teardown(f, pvbusd_setup_running, \
	    pvbusd_teardown)

/* Write the configuration file, which at first has the keys above. */
void pvbusd_configure(struct pvbusd *, const char *text, size_t size);
/* More lines for it. */
void pvbusd_configure_also(struct pvbusd *, const char *lines);
/* The bytes of LARGE_KEY. */
void make_large(unsigned char bytes[LARGE_SIZE]);

/* Start with -c and -s and these words, ended by NULL; it is ready. */
void pvbusd_start(struct pvbusd *, ...) __attribute__((sentinel));
/* Run with these words alone until it ends; returns its exit status, 128 and
 * more for a signal.  `out` is where its output goes, NULL: d->printed. */
int pvbusd_run(struct pvbusd *, const char *out, ...) __attribute__((sentinel));
/* A signal, and the exit status that follows it. */
int pvbusd_end(struct pvbusd *, int signal);
/* What it wrote to standard error. */
const char *pvbusd_said(struct pvbusd *);
void pvbusd_has_said(struct pvbusd *, const char *part);

unsigned pvbusd_descriptors(const struct pvbusd *);
/* Wait until it holds no more descriptors than when it was ready. */
void pvbusd_lets_go(const struct pvbusd *);
/* Private_Dirty, in kB; 0 where the kernel does not tell. */
unsigned pvbusd_dirty(const struct pvbusd *);
/* The value of a line of /proc/PID/status, without blanks before it. */
void pvbusd_status(const struct pvbusd *, const char *name, char *value,
    size_t size);

/* A client that was there before and a new one are answered at once. */
void pvbusd_serves_others(const struct pvbusd *);
/* What was sent before has now been read by pvbusd. */
void pvbusd_settle(const struct pvbusd *);

/* ---- Clients ---------------------------------------------------------- */

struct answer {
	int error;
	uint32_t structure;
	struct pvbus_kv_wire kv; /* with a structure of its size */
	unsigned char data[70000];
	size_t data_len;
};

double now(void);

/* pvbus0, as the test's user or another (then root only). */
int client_open(const struct pvbusd *);
int client_open_as(const struct pvbusd *, uid_t);
/* pvbusN; -errno when that fails. */
int client_try(const struct pvbusd *, unsigned number, uid_t);

/* All bytes; pvbusd must take them in time. */
void client_send(int fd, const void *bytes, size_t size);
void client_receive(int fd, void *bytes, size_t size);

/* One message.  `kv` with addresses as they are to be sent. */
void client_request(int fd, uint32_t cmd, uint32_t flags, const void *body,
    size_t size);
/* A request of the second set as it should be; returns its size. */
size_t make_request(unsigned char *message, uint32_t cmd, uint32_t flags,
    const char *key, const void *value, size_t value_len);
void client_answer(int fd, struct answer *);
/* Ask for something, and the error of the answer. */
int client_ask(int fd, uint32_t cmd, uint32_t flags, const char *key,
    struct answer *);
/* Read a key; its value must be this. */
void client_reads(int fd, const char *key, const void *value, size_t size);
void client_reads_greeting(int fd);
/* Whether the other end is closed, within some seconds; unread bytes are no
 * matter. */
bool client_is_closed(int fd, double seconds);
/* Nothing comes and nothing is closed. */
void client_waits(int fd);

#endif
