/* SPDX-License-Identifier: ISC */
/*
 * Addresses that a host wants an interface to have.
 *
 * How a machine keeps its addresses is its administrator's choice, so they are
 * left in a file, whole or not at all, in the words of the file that Linux's
 * hv_kvp_daemon hands to its script: what was written for that can be started
 * when the file changes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* The first of some words has no number: "GATEWAY", "GATEWAY1". */
static void
put(FILE *file, const char *word, const char *between, unsigned n, bool bare,
    const struct pv_address *address)
{
	char text[INET6_ADDRSTRLEN], number[16] = "";

	if (!bare || n > 0)
		snprintf(number, sizeof(number), "%s%u", between, n);
	if (inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes,
		text, sizeof(text)) != NULL)
		fprintf(file, "%s%s=%s\n", word, number, text);
}

static void
put_mask4(FILE *file, unsigned n, unsigned prefix)
{
	uint32_t bits = prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);

	fprintf(file, "NETMASK%u=%u.%u.%u.%u\n", n, bits >> 24,
	    bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff);
}

static void
put_addresses(FILE *file, const struct pv_netif *wanted)
{
	unsigned n4 = 0, n6 = 0;

	for (unsigned i = 0; i < wanted->addresses; i++) {
		const struct pv_address *address = &wanted->address[i];

		if (address->family == 4) {
			put(file, "IPADDR", "", n4, false, address);
			put_mask4(file, n4++, address->prefix);
			continue;
		}
		put(file, "IPV6ADDR", "_", n6, true, address);
		if (n6 == 0)
			fprintf(file, "IPV6NETMASK=%u\n", address->prefix);
		else
			fprintf(file, "IPV6NETMASK_%u=%u\n", n6,
			    address->prefix);
		n6++;
	}
}

static void
put_all(FILE *file, const struct pv_netif *wanted)
{
	unsigned n4 = 0, n6 = 0;

	fprintf(file, "HWADDR=%02X:%02X:%02X:%02X:%02X:%02X\n", wanted->mac[0],
	    wanted->mac[1], wanted->mac[2], wanted->mac[3], wanted->mac[4],
	    wanted->mac[5]);
	fprintf(file, "DEVICE=%s\n", wanted->name);
	fprintf(file, "BOOTPROTO=%s\n",
	    wanted->dhcp4 || wanted->dhcp6 ? "dhcp" : "none");
	put_addresses(file, wanted);
	for (unsigned i = 0; i < wanted->gateways; i++) {
		const struct pv_address *gateway = &wanted->gateway[i];

		if (gateway->family == 4)
			put(file, "GATEWAY", "", n4++, true, gateway);
		else
			put(file, "IPV6_DEFAULTGW", "_", n6++, true, gateway);
	}
	for (unsigned i = 0; i < wanted->dns; i++)
		put(file, "DNS", "", i + 1, false, &wanted->dns_server[i]);
}

/* The kernel gives interfaces names without a slash, but this comes by a
 * struct. */
static bool
is_file_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

int
linux_netif_set(void *ctx, const struct pv_netif *wanted)
{
	const struct linux_port *linux_port = ctx;
	const char *directory = linux_port->config.interfaces;
	char path[PATH_MAX], new_path[PATH_MAX];
	FILE *file = NULL;
	bool good;
	int fd;

	if (directory == NULL)
		return PV_ENOTSUP;
	if (!is_file_name(wanted->name))
		return PV_EINVAL;
	snprintf(path, sizeof(path), "%s/ifcfg-%s", directory, wanted->name);
	snprintf(new_path, sizeof(new_path), "%s/.new-%s", directory,
	    wanted->name);
	if (unlink(new_path) < 0 && errno != ENOENT)
		return PV_EACCES;
	fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (file == NULL) {
		if (fd >= 0)
			close(fd);
		linux_log(linux_port, PV_LOG_ERROR, "%s: %s", new_path,
		    strerror(errno));
		return PV_EACCES;
	}
	put_all(file, wanted);
	good = fflush(file) == 0 && fsync(fd) == 0;
	good = fclose(file) == 0 && good;
	if (good && rename(new_path, path) == 0)
		return PV_OK;
	linux_log(linux_port, PV_LOG_ERROR, "%s: %s", path, strerror(errno));
	unlink(new_path);
	return PV_EIO;
}
