/* SPDX-License-Identifier: ISC */
/*
 * What a host keeps of a guest's interfaces, in lines for people to compare:
 *
 * 00:50:56:00:00:01 192.0.2.17/24 o4 s1, fe80::1/64 s5; dns guest example.org
 *     [192.0.2.1] []; dhcp 1 0
 * route 0.0.0.0/0 via 192.0.2.1 nic 0 type 4 metric 100
 * dns guest example.org [192.0.2.1] [example.org]
 *
 * A third reading of the description, beside the guest's writer and the model's
 * checks.  Fails the test when it is not all of a list.
 */
#ifndef TESTS_SUPPORT_NIC_LIST_H
#define TESTS_SUPPORT_NIC_LIST_H

#include <stddef.h>

/* Both versions in XDR; "192.0.2.17/24 dhcp" in version 2. */
void nic_list_xdr(const void *bytes, size_t size, char *to, size_t room);
/* Version 1: addresses only. */
void nic_list_v1(const void *bytes, size_t size, char *to, size_t room);

#endif
