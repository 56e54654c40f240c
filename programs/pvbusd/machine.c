/* SPDX-License-Identifier: ISC */
#include <linux/capability.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "port/linux/linux.h"
#include "port/sim/sim.h"
#include "programs/common/loop.h"
#include "programs/pvbusd/helper.h"
#include "programs/pvbusd/machine.h"
#include "programs/pvbusd/privilege.h"

/* Here the kernel has the disks and NICs; a simulated machine has no other
 * drivers than ours. */
static const struct pv_driver *const here[] = {
	&pv_xen_driver,
	&pv_hyperv_driver,
	&pv_vmt_driver,
	&pv_vmmci_driver,
	&pv_fwcfg_driver,
	&pv_smbios_driver,
	NULL,
}, *const simulated[] = {
	&pv_xen_driver,
	&pv_xbf_driver,
	&pv_xnf_driver,
	&pv_hyperv_driver,
	&pv_vmt_driver,
	&pv_vmmci_driver,
	&pv_hvs_driver,
	&pv_sd_driver,
	&pv_cd_driver,
	&pv_hvn_driver,
	&pv_fwcfg_driver,
	&pv_smbios_driver,
	NULL,
};

/* Steps that one device may take before others get their turn. */
#define BUDGET 64

static int
request(void *ctx, enum pv_request wanted, const struct pv_reason *why)
{
	struct machine *machine = ctx;

	(void)why;
	return machine->helper != NULL ? helper_request(machine->helper, wanted)
				       : PV_ENOTSUP;
}

static int
freeze(void *ctx, bool frozen)
{
	struct machine *machine = ctx;

	return machine->helper != NULL ? helper_freeze(machine->helper, frozen)
				       : PV_ENOTSUP;
}

/* Only what VMware's and OpenBSD's hosts want takes a helper: see linux.h. */
static const struct pv_port *
open_this(struct machine *machine, const struct config *config,
    void (*log)(void *, enum pv_log, const char *), const char **error)
{
	struct linux_port_config port_config = {
		.interfaces = config->interfaces,
		.left_out = config->left_out,
		.time = config->time,
		.vmmci = config->vmmci,
		.request = request,
		.freeze = config->commands[COMMAND_FREEZE] != NULL ? freeze
								   : NULL,
		.owner = machine,
		.log = log,
	};

	machine->linux_port = linux_port_new(&port_config);
	if (machine->linux_port == NULL) {
		*error = "out of memory";
		return NULL;
	}
	if (!config->once && linux_port_asks(machine->linux_port))
		machine->helper = helper_start(config);
	return linux_port_table(machine->linux_port);
}

static const struct pv_port *
open_simulated(struct machine *machine, const struct config *config,
    const char *faces, void (*log)(void *, enum pv_log, const char *),
    const char **error)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = loop_now();
	*error = "out of memory";
	machine->sim = sim_new(seed);
	if (machine->sim == NULL)
		return NULL;
	machine->sim_machine = sim_machine_new(machine->sim, faces, error);
	if (machine->sim_machine == NULL)
		return NULL;
	if (!sample_fill(machine->sim_machine, machine->sim, faces, config)) {
		*error = "an item of the configuration does not fit "
			 "(up to 1000 names of up to 55 characters, OEM "
			 "strings not empty)";
		return NULL;
	}
	if (sim_machine_hyperv(machine->sim_machine) != NULL) {
		machine->hyperv = sample_fill_hyperv(sim_machine_hyperv(
							 machine->sim_machine),
		    config);
		if (machine->hyperv == NULL) {
			*error = "out of memory";
			return NULL;
		}
	}
	machine->sim_start = loop_now();
	machine->sim_base = sim_now(machine->sim);
	sim_machine_on_log(machine->sim_machine, log, NULL);
	return sim_machine_port(machine->sim_machine);
}

static const struct pv_port *
open_port(struct machine *machine, const struct config *config,
    void (*log)(void *, enum pv_log, const char *), const char **error)
{
	if (strcmp(machine->name, "auto") == 0)
		return open_this(machine, config, log, error);
	return open_simulated(machine, config, machine->name + strlen("sim:"),
	    log, error);
}

const char *
machine_check(const char *name)
{
	if (strcmp(name, "auto") == 0)
		return NULL;
	if (strncmp(name, "sim:", strlen("sim:")) != 0)
		return "a machine is auto, or sim: and what it simulates, as "
		       "in sim:kvm";
	return sim_faces_problem(name + strlen("sim:"));
}

struct machine *
machine_new(const struct config *config, const char *name, unsigned unit,
    void (*log)(void *, enum pv_log, const char *), const char **error)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	const struct pv_port *port;
	int result;

	*error = "out of memory";
	if (machine == NULL)
		return NULL;
	machine->name = name;
	port = open_port(machine, config, log, error);
	if (port == NULL) {
		machine_free(machine);
		return NULL;
	}
	result = pv_bus_attach(&(struct pv_bus_config){ .port = port,
				   .drivers = machine->sim != NULL ? simulated
								   : here,
				   .unit = unit,
				   .machine = name },
	    &machine->bus);
	/* PV_ENOTSUP: a CPU without CPUID, which shows no hypervisor either */
	if (result != PV_OK && result != PV_ENODEV && result != PV_ENOTSUP) {
		*error = pv_error_text(result);
		machine_free(machine);
		return NULL;
	}
	if (machine->bus != NULL)
		machine->units = pv_bus_detection(machine->bus)->count;
	return machine;
}

static void
event(void *ctx, short revents)
{
	struct machine *machine = ctx;

	(void)revents;
	linux_port_event_seen(machine->linux_port);
}

void
machine_listen(struct machine *machine, struct loop *loop)
{
	if (machine->linux_port == NULL)
		return; /* a simulated one has its deadlines */
	machine->event = (struct loop_source){
		.fd = linux_port_event(machine->linux_port),
		.events = POLLIN,
		.call = event,
		.ctx = machine,
	};
	loop_add(loop, &machine->event);
	helper_listen(machine->helper, loop);
}

uint64_t
machine_privileges(const struct machine *machine, const struct config *config)
{
	uint64_t kept = 0;

	if (machine->linux_port == NULL ||
	    !linux_port_asks(machine->linux_port))
		return 0;
	/* for each connection by vsock, and each sample of time */
	if (linux_port_is_vmware(machine->linux_port))
		kept = PRIVILEGE(CAP_NET_BIND_SERVICE);
	if (config->time != LINUX_TIME_OFF)
		kept |= PRIVILEGE(CAP_SYS_TIME);
	return kept;
}

void
machine_free(struct machine *machine)
{
	loop_remove(&machine->event);
	pv_bus_detach(machine->bus);
	linux_port_free(machine->linux_port);
	helper_stop(machine->helper);
	sim_machine_free(machine->sim_machine);
	sim_free(machine->sim);
	free(machine->hyperv);
	free(machine);
}

/* A simulated machine lives in our time. */
static uint64_t
to_ours(const struct machine *machine, uint64_t when)
{
	if (when == PV_NEVER || machine->sim == NULL)
		return when;
	if (when <= machine->sim_base)
		return 0;
	return when - machine->sim_base + machine->sim_start;
}

uint64_t
machine_poll(struct machine *machine)
{
	uint64_t next, event;

	if (machine->bus == NULL)
		return PV_NEVER;
	if (machine->sim != NULL)
		sim_advance(machine->sim,
		    loop_now() - machine->sim_start + machine->sim_base);
	if (pv_bus_poll(machine->bus, BUDGET))
		return 0;
	next = to_ours(machine, pv_bus_deadline(machine->bus));
	if (machine->sim == NULL)
		return next;
	event = to_ours(machine, sim_next_event(machine->sim));
	return event < next ? event : next;
}
