/* SPDX-License-Identifier: ISC */
#ifndef PVBUSD_NOTIFY_H
#define PVBUSD_NOTIFY_H

/* Tell a service manager that asked for it: sd_notify(3)'s protocol. */
void notify(const char *state);

#endif
