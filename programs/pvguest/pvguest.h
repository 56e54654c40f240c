/* SPDX-License-Identifier: ISC */
/* What the files of this program share. */
#ifndef PVGUEST_H
#define PVGUEST_H

#include "port/bare/bare.h"
#include "pvbus/guest.h"

/* Statuses of a command, and of the machine's end. */
#define STATUS_OK 0
#define STATUS_CRASH 1   /* by port/bare */
#define STATUS_FAILED 2  /* a command did not do what was asked for */
#define STATUS_USAGE 3   /* wrong words */
#define STATUS_MISSING 4 /* no such device, store or hypervisor */

/* How long a request may take unless a command says otherwise. */
#define PATIENCE (10 * PV_SECOND)

extern const struct pv_driver *const guest_drivers[];

/* One line of failure: what was expected, and what came.  Returns `status`. */
int fail(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* From now on failures are not printed, until so many calls to fail_loud() have
 * come as to this; for what is tried again and again. */
void fail_quiet(void);
void fail_loud(void);

/* The bus, or NULL when there is no hypervisor. */
struct pv_bus *guest_bus(void);
/* A device of the report by its name, or NULL. */
struct pv_device *guest_device(const char *name);

/* Detach all, and attach anew. */
void guest_again(void);

/* Do what is ready, and what the host asks for. */
void guest_poll(void);
/* Poll and sleep, until an event or the deadline. */
void guest_wait(uint64_t deadline);
/* Poll until *flag is set; false: the deadline came first. */
bool guest_await(const bool *flag, uint64_t deadline);
void guest_sleep(uint64_t time);

/* A decimal or 0x number with an optional k, M or G; false: it is none. */
bool number(const char *text, uint64_t *value);
/* The same, for an argument that may be left out. */
bool number_at(int argc, char **argv, int index, uint64_t otherwise,
    uint64_t *value);
bool same(const char *a, const char *b);
/* Write bytes so that they do no harm to a terminal: \n, \t, \\, \xNN. */
void print_bytes(const void *bytes, size_t len);

/* ---- command.c ---- */

#define WORDS 32
#define LINE 2048

struct command {
	const char *name;
	const char *usage; /* of its arguments */
	const char *help;
	int (*run)(int argc, char **argv);
};
extern const struct command commands[]; /* ended by a NULL name */

/* Run commands with ";" between them.  Ends at the first that fails, unless
 * "-" stands before it; its status. */
int commands_run(const char *text);
/* Run one that is words already. */
int command_run(int argc, char **argv);

/* shell.c: read commands from the consoles, for ever. */
void shell(void) __attribute__((noreturn));

/* ---- The commands ---- */

int cmd_again(int argc, char **argv);
int cmd_clock(int argc, char **argv);
int cmd_cpus(int argc, char **argv);
int cmd_crash(int argc, char **argv);
int cmd_devices(int argc, char **argv);
int cmd_disk(int argc, char **argv);
int cmd_dmesg(int argc, char **argv);
int cmd_echo(int argc, char **argv);
int cmd_exit(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_hostctl(int argc, char **argv);
int cmd_junk(int argc, char **argv);
int cmd_mem(int argc, char **argv);
int cmd_nic(int argc, char **argv);
int cmd_poweroff(int argc, char **argv);
int cmd_reboot(int argc, char **argv);
int cmd_repeat(int argc, char **argv);
int cmd_sleep(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_suspend(int argc, char **argv);
int cmd_time(int argc, char **argv);
int cmd_wait(int argc, char **argv);

#endif
