/* SPDX-License-Identifier: ISC */
#include "tests/support/administrator.h"

int
admin_setup(void **state)
{
	struct admin *admin = calloc(1, sizeof(*admin));

	if (admin == NULL || world_setup(state) != 0)
		return -1;
	admin->world = *state;
	partition_init(&admin->partition, admin->world);
	*state = admin;
	return 0;
}

int
admin_teardown(void **state)
{
	struct admin *admin = *state;
	void *world = admin->world;
	int result = partition_end(&admin->partition);

	result |= world_teardown(&world);
	free(admin);
	return result;
}

void
admin_machine(struct admin *admin, unsigned services)
{
	partition_machine(&admin->partition, NULL);
	admin->owner = sim_machine_owner(admin->world->machine);
	admin->ic = host_ic_new(admin->partition.host, services);
	assert_non_null(admin->ic);
}

void
admin_attach(struct admin *admin)
{
	partition_attach(&admin->partition, NULL);
	admin->kvp = admin->partition.hyperv->kvp;
	/* versions are agreed on */
	partition_run(&admin->partition, PV_SECOND / 10);
}

void
admin_new(struct admin *admin, unsigned services)
{
	admin_machine(admin, services);
	admin_attach(admin);
}

bool
admin_is_up(struct admin *admin, enum host_ic_service which)
{
	return host_ic_answer(admin->ic, which)->version != 0;
}

const struct host_ic_answer *
admin_answer(struct admin *admin, enum host_ic_service which)
{
	const struct host_ic_answer *answer = host_ic_answer(admin->ic, which);

	for (unsigned i = 0; i < 1000 && !answer->answered; i++)
		partition_run(&admin->partition, PV_MILLISECOND);
	if (!answer->answered)
		fail_msg("service %d does not answer\n%s", which,
		    sim_machine_log(admin->world->machine));
	return answer;
}

void
admin_no_answer(struct admin *admin, enum host_ic_service which)
{
	partition_run(&admin->partition, PV_SECOND);
	assert_false(host_ic_answer(admin->ic, which)->answered);
}

uint32_t
admin_ask(struct admin *admin, enum host_ic_service which, unsigned type,
    const void *body, size_t len)
{
	static struct {
		struct hv_ic header;
		uint8_t body[16384 - sizeof(struct hv_ic)];
	} message;

	memset(&message, 0, sizeof(message));
	message.header.type = (uint16_t)type;
	message.header.size = (uint16_t)len;
	message.header.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST;
	message.header.transaction = 77;
	if (len > 0)
		memcpy(message.body, body, len);
	assert_true(host_ic_raw(admin->ic, which, &message,
	    sizeof(message.header) + len));
	return admin_answer(admin, which)->status;
}

struct vmbus_channel *
admin_channel(struct admin *admin, const struct hv_guid *type)
{
	struct vmbus_channel *channel = admin->partition.vmbus->first;

	while (channel != NULL &&
	    memcmp(&channel->offer.type, type, sizeof(*type)) != 0)
		channel = channel->next;
	return channel;
}

void
admin_packet(struct admin *admin, struct host_vmbus_device *device,
    unsigned type, const void *bytes, size_t size)
{
	struct host_vmbus_channel *channel = host_vmbus_channel(device, 0);

	assert_non_null(channel);
	assert_true(host_vmbus_send(channel,
	    &(struct host_vmbus_packet){ .type = (uint16_t)type,
		.data = bytes,
		.len = size }));
	host_vmbus_sent(channel);
	partition_run(&admin->partition, PV_MILLISECOND);
}

/* ---- Key/value pairs -------------------------------------------------- */

uint32_t
host_set_status(struct admin *admin, unsigned pool, const char *key,
    uint32_t type, const void *value, size_t len)
{
	assert_true(host_ic_kvp_set(admin->ic, pool, key, type, value, len));
	return admin_answer(admin, HOST_IC_KVP)->status;
}

void
host_sets(struct admin *admin, unsigned pool, const char *key,
    const char *value)
{
	assert_int_equal(host_set_status(admin, pool, key, HV_KVP_TYPE_STRING,
			     value, strlen(value)),
	    HV_IC_STATUS_OK);
}

void
host_gets(struct admin *admin, unsigned pool, const char *key,
    const char *value)
{
	const struct host_ic_answer *answer;

	assert_true(host_ic_kvp_get(admin->ic, pool, key));
	answer = admin_answer(admin, HOST_IC_KVP);
	if (value == NULL) {
		assert_int_equal(answer->status, HV_IC_STATUS_NO_MORE);
		return;
	}
	assert_int_equal(answer->status, HV_IC_STATUS_OK);
	assert_int_equal(answer->value_type, HV_KVP_TYPE_STRING);
	assert_string_equal(answer->value, value);
}

static int
changes(struct admin *admin, enum pv_op op, const char *key, const char *value)
{
	char copy[8192];
	struct pv_kv kv = { .op = op,
		.key = key,
		.keylen = strlen(key),
		.value = copy,
		.room = strlen(value) };

	assert_true(kv.room < sizeof(copy));
	memcpy(copy, value, kv.room);
	return world_request(admin->world, &kv);
}

int
guest_writes(struct admin *admin, const char *key, const char *value)
{
	return changes(admin, PV_WRITE, key, value);
}

int
guest_removes(struct admin *admin, const char *key)
{
	return changes(admin, PV_REMOVE, key, "");
}

void
guest_reads(struct admin *admin, const char *key, const char *value)
{
	char buffer[4096];
	size_t len;

	assert_int_equal(world_read(admin->world, key, buffer, sizeof(buffer),
			     &len),
	    PV_OK);
	assert_int_equal(len, strlen(value));
	assert_memory_equal(buffer, value, len);
}

void
guest_fails_to_read(struct admin *admin, const char *key, int error)
{
	char buffer[4096];
	size_t len;

	assert_int_equal(world_read(admin->world, key, buffer, sizeof(buffer),
			     &len),
	    error);
}
