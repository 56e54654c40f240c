/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/nic.h"

static int
info(const struct guest_nic *nic, const char *name)
{
	const struct pv_nic *pv = nic->nic;
	const uint8_t *mac = pv->mac;

	bare_printf("%s: address %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, "
		    "%u queue%s of %u%s%s%s%s%s\n",
	    name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], pv->mtu,
	    pv->queues, pv->queues == 1 ? "" : "s", pv->depth,
	    pv->features & PV_NIC_CHECKSUM4 ? ", checksum4" : "",
	    pv->features & PV_NIC_CHECKSUM6 ? ", checksum6" : "",
	    pv->features & PV_NIC_TSO4 ? ", tso4" : "",
	    pv->features & PV_NIC_TSO6 ? ", tso6" : "",
	    pv->features & PV_NIC_SCATTER ? ", scatter" : "");
	bare_printf("%s: %lu frames received, %lu broken, %lu not sent\n", name,
	    nic->received, nic->broken, nic->unsent);
	return STATUS_OK;
}

static int
up(struct guest_nic *nic, int argc, char **argv)
{
	if (argc != 4 || !net_address(argv[3], strlen(argv[3]), &nic->self.ip))
		return fail(STATUS_USAGE, "nic: expected up IP");
	nic->knows = 0;
	return STATUS_OK;
}

int
cmd_nic(int argc, char **argv)
{
	struct guest_nic *nic;
	const char *verb;

	if (argc < 3)
		return fail(STATUS_USAGE,
		    "nic: expected NAME info | up IP | "
		    "ping IP [COUNT [SIZE]] | echo COUNT MIN MAX | "
		    "frames COUNT MIN MAX IP[:PORT] [SEED] | "
		    "bench tx|rx SIZE MS");
	nic = nic_find(argv[1]);
	if (nic == NULL)
		return STATUS_MISSING;
	verb = argv[2];
	nic->unsent = 0;
	nic->error = PV_OK;
	if (same(verb, "info"))
		return info(nic, argv[1]);
	if (same(verb, "up"))
		return up(nic, argc, argv);
	if (same(verb, "ping"))
		return nic_ping(nic, argv[1], argc, argv);
	if (same(verb, "echo"))
		return nic_echo(nic, argv[1], argc, argv);
	if (same(verb, "frames"))
		return nic_datagrams(nic, argv[1], argc, argv);
	if (same(verb, "bench"))
		return nic_bench(nic, argv[1], argc, argv);
	return fail(STATUS_USAGE,
	    "nic: %s: expected info, up, ping, echo, "
	    "frames or bench",
	    verb);
}
