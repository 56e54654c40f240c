/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/vmt.h"

int
tools_setup(void **state)
{
	struct tools *tools = calloc(1, sizeof(*tools));

	if (tools == NULL || world_setup(state) != 0)
		return -1;
	tools->world = *state;
	*state = tools;
	return 0;
}

void
tools_detach(struct tools *tools)
{
	pv_bus_detach(tools->world->bus);
	tools->world->bus = NULL;
	tools->device = NULL;
	tools->vmware = NULL;
}

static int
is(const char *what, uint64_t want, uint64_t got)
{
	if (want == got)
		return 0;
	fprintf(stderr, "# VMware: %s: expected %u, got %u\n", what,
	    (unsigned)want, (unsigned)got);
	return -1;
}

int
tools_teardown(void **state)
{
	struct tools *tools = *state;
	void *world = tools->world;
	int result = 0;

	tools_detach(tools);
	if (tools->host != NULL) {
		const struct host_vmware_counts *counts = host_vmware_counts(
		    tools->host);

		result |= is("channels", tools->channels,
		    counts->channels_open);
		result |= is("streams", 0, counts->streams_open);
		result |= is("refused", tools->refused, counts->refused);
		result |= is("frozen", 0, tools->owner->frozen);
	}
	result |= world_teardown(&world);
	free(tools);
	return result;
}

void
tools_machine(struct tools *tools, const struct host_vmware_config *given)
{
	struct host_vmware_config config = { .no_greeting = true };

	if (given != NULL)
		config = *given;
	if (config.wall == 0)
		config.wall = TOOLS_WALL;
	world_machine(tools->world, "vmware");
	assert_true(sim_machine_set_vmware(tools->world->machine, &config));
	tools->host = sim_machine_vmware(tools->world->machine);
	assert_non_null(tools->host);
	tools->owner = sim_machine_owner(tools->world->machine);
	tools->port = sim_machine_own_port(tools->world->machine);
}

void
tools_attach(struct tools *tools)
{
	static const struct pv_driver *const drivers[] = { &pv_vmt_driver,
		NULL };
	const struct pv_device *device;

	assert_int_equal(pv_bus_attach(&(struct pv_bus_config){ .port =
								    tools->port,
					   .drivers = drivers },
			     &tools->world->bus),
	    PV_OK);
	device = world_device(tools->world, "vmt0");
	tools->device = (struct pv_device *)(uintptr_t)device;
	tools->vmware = tools->device->softc;
}

void
tools_new(struct tools *tools)
{
	tools_machine(tools, NULL);
	tools_attach(tools);
}

void
tools_run(struct tools *tools, uint64_t time)
{
	struct pv_bus *bus = tools->world->bus;
	uint64_t end = sim_now(tools->world->sim) + time;

	while (sim_now(tools->world->sim) < end)
		world_turn(tools->world, end);
	pv_bus_poll(bus, 64);
}

void
tools_settle(struct tools *tools)
{
	tools_run(tools, PV_SECOND);
}

void
tools_ask_bytes(struct tools *tools, const void *bytes, size_t size,
    const char *answer)
{
	unsigned n = host_vmware_answers(tools->host);
	const char *got;
	size_t got_len;

	assert_true(host_vmware_call(tools->host, bytes, size));
	for (unsigned i = 0; host_vmware_answers(tools->host) == n; i++) {
		if (i == 100)
			fail_msg("no answer to \"%.60s\"", (const char *)bytes);
		tools_run(tools, 10 * PV_MILLISECOND);
	}
	got = host_vmware_answer(tools->host, n, &got_len);
	assert_non_null(got);
	if (got_len > 0 && got[got_len - 1] == '\0')
		got_len--;
	if (got_len != strlen(answer) || memcmp(got, answer, got_len) != 0)
		fail_msg("\"%.60s\" is answered by \"%.*s\", not \"%s\"",
		    (const char *)bytes, (int)got_len, got, answer);
}

void
tools_ask(struct tools *tools, const char *text, const char *answer)
{
	tools_ask_bytes(tools, text, strlen(text), answer);
}

unsigned
tools_rpcs(struct tools *tools)
{
	return (unsigned)host_vmware_counts(tools->host)->rpcs;
}

unsigned
tools_said(struct tools *tools, const char *prefix)
{
	unsigned count = 0;

	for (unsigned n = 0; n < tools_rpcs(tools); n++) {
		size_t size;
		const char *text = host_vmware_rpc(tools->host, n, &size);

		count += text != NULL && size >= strlen(prefix) &&
		    memcmp(text, prefix, strlen(prefix)) == 0;
	}
	return count;
}

void
tools_said_this(struct tools *tools, unsigned n, const void *bytes, size_t size)
{
	const char *want = bytes;
	size_t got_size = 0;
	const char *got = host_vmware_rpc(tools->host, n, &got_size);

	if (got == NULL || got_size != size || memcmp(got, want, size) != 0)
		fail_msg("RPC %u is \"%.*s\" (%zu), not \"%.*s\" (%zu)", n,
		    (int)got_size, got != NULL ? got : "", got_size, (int)size,
		    want, size);
}

unsigned
tools_lines(struct tools *tools, const char *part)
{
	const char *at = sim_machine_log(tools->world->machine);
	unsigned count = 0;

	while ((at = strstr(at, part)) != NULL) {
		count++;
		at += strlen(part);
	}
	return count;
}
