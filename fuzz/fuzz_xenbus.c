/* SPDX-License-Identifier: ISC */
/*
 * A machine whose XenStore answers what the input says: which devices there are,
 * what the store lists, reads and watches.
 * Input: for each request that the guest makes, how it is answered (1 byte), a
 * size (2) and as many bytes; when it is used up, requests fail with ENOENT.
 */
#include "fuzz/fuzz.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"
#include "wire/xen/store.h"

enum how {
	WELL,  /* the bytes are the payload */
	BADLY, /* they are an error's name */
	RAW,   /* they are all that comes, header and all */
	NOT_AT_ALL,
	WITH_AN_EVENT, /* of the last watch, before the answer */
	HOWS
};

struct host {
	const uint8_t *data;
	size_t size;
	uint8_t *out; /* to the guest */
	size_t length, at;
	char token[16];
	unsigned requests;
};

static void
put(struct host *host, const void *bytes, size_t size)
{
	host->out = realloc(host->out, host->length + size + 1);
	MUST(host->out != NULL);
	memcpy(host->out + host->length, bytes, size);
	host->length += size;
}

static void
message(struct host *host, uint32_t type, uint32_t id, const void *payload,
    size_t size)
{
	struct xen_store_header header = { type, id, 0, (uint32_t)size };

	put(host, &header, sizeof(header));
	put(host, payload, size);
}

static void
answer(struct host *host, const struct xen_store_header *request)
{
	static uint8_t bytes[65536];
	uint8_t head[3];
	size_t size;

	host->requests++;
	if (host->size == 0) {
		message(host, XEN_STORE_ERROR, request->req_id, "ENOENT", 7);
		return;
	}
	take(&host->data, &host->size, head, sizeof(head));
	size = head[1] | (size_t)head[2] << 8;
	if (size > host->size)
		size = host->size;
	take(&host->data, &host->size, bytes, size);
	switch (head[0] % HOWS) {
	case WITH_AN_EVENT:
		memcpy(bytes + 60000, "device", 7);
		memcpy(bytes + 60007, host->token, 9);
		message(host, XEN_STORE_WATCH_EVENT, 0, bytes + 60000, 16);
		/* FALLTHROUGH */
	case WELL:
		message(host, request->type, request->req_id, bytes, size);
		break;
	case BADLY:
		message(host, XEN_STORE_ERROR, request->req_id, bytes, size);
		break;
	case RAW:
		put(host, bytes, size);
		break;
	default:
		break;
	}
}

static struct host *now_playing;

static long
stream_read(void *ctx, void *to, size_t room)
{
	struct host *host = now_playing;
	size_t left = host->length - host->at;

	(void)ctx;
	if (left == 0)
		return PV_EAGAIN;
	if (left > room)
		left = room;
	memcpy(to, host->out + host->at, left);
	host->at += left;
	return (long)left;
}

static long
stream_write(void *ctx, const void *from, size_t size)
{
	struct host *host = now_playing;
	struct xen_store_header header;

	(void)ctx;
	MUST(size >= sizeof(header));
	memcpy(&header, from, sizeof(header));
	MUST(size == sizeof(header) + header.length);
	MUST(header.length <= 4080);
	if (header.type == XEN_STORE_WATCH)
		memcpy(host->token, (const char *)from + size - 9, 9);
	answer(host, &header);
	MUST(host->requests < 100000);
	return (long)size;
}

static size_t
stream_limit(void *ctx)
{
	(void)ctx;
	return 4080;
}

static void
done(struct pv_kv *kv)
{
	++*(unsigned *)kv->owner;
}

static void
request(struct sim *sim, struct pv_bus *bus, enum pv_op op, uint32_t flags,
    const char *key)
{
	static char value[8192];
	unsigned answers = 0;
	struct pv_kv kv = { .op = op,
		.flags = flags,
		.key = key,
		.keylen = strlen(key),
		.value = value,
		.room = op == PV_WRITE ? 10 : sizeof(value),
		.deadline = sim_now(sim) + 20 * PV_SECOND,
		.done = done,
		.owner = &answers };

	pv_store_submit(bus, pv_bus_interface(bus, 0), &kv);
	for (unsigned i = 0; answers == 0 && i < 200; i++) {
		pv_bus_poll(bus, 64);
		sim_advance(sim, sim_now(sim) + PV_SECOND / 4);
	}
	MUST(answers == 1);
	MUST(kv.error <= 0);
	MUST(kv.len <= sizeof(value));
	MUST(kv.error == PV_OK || kv.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		NULL };
	struct host host = { .data = data, .size = size };
	struct sim *sim = sim_new(size);
	const char *error;
	struct sim_machine *machine = sim_machine_new(sim, "xen", &error);
	struct pv_port *port;
	struct pv_bus *bus;

	MUST(machine != NULL);
	port = sim_machine_own_port(machine);
	now_playing = &host;
	port->xenstore_read = stream_read;
	port->xenstore_write = stream_write;
	port->xenstore_limit = stream_limit;
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = port,
			       .drivers = drivers },
		 &bus) == PV_OK);
	if (pv_bus_interface(bus, 0)->store != NULL) {
		request(sim, bus, PV_READ, 0, "data");
		request(sim, bus, PV_LIST, PV_KV_RECURSIVE, "data");
		request(sim, bus, PV_LIST, 0, "");
		request(sim, bus, PV_WATCH, 0, "data/");
		request(sim, bus, PV_WATCH, 0, "data/key");
		request(sim, bus, PV_WRITE, 0, "data/key");
		request(sim, bus, PV_REMOVE, 0, "data/key");
	}
	pv_bus_detach(bus);
	MUST(sim_machine_counts(machine)->memory == 0);
	for (const char *c = sim_machine_log(machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	sim_machine_free(machine);
	sim_free(sim);
	free(host.out);
	return 0;
}
