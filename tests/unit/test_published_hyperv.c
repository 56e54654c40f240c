/* SPDX-License-Identifier: ISC */
/* The layouts and numbers in wire/hyperv against the header that Linux publishes
 * for its daemons (package linux-libc-dev). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/hyperv.h>

#include "wire/hyperv/fcopy.h"
#include "wire/hyperv/ic.h"
#include "wire/hyperv/kvp.h"
#include "wire/hyperv/linux_kvp.h"
#include "wire/hyperv/vmbus.h"
#include "wire/hyperv/vss.h"

#define SAME_SIZE(ours, theirs) \
	assert_int_equal(sizeof(struct ours), sizeof(struct theirs))
#define SAME_PLACE(ours, our_field, theirs, their_field)   \
	assert_int_equal(offsetof(struct ours, our_field), \
	    offsetof(struct theirs, their_field))

static void
test_statuses(void **state)
{
	(void)state;
	assert_int_equal(HV_IC_STATUS_OK, HV_S_OK);
	assert_int_equal(HV_IC_STATUS_FAIL, HV_E_FAIL);
	assert_int_equal(HV_IC_STATUS_NO_MORE, HV_S_CONT);
	assert_int_equal(HV_IC_STATUS_NOT_SUPPORTED, HV_ERROR_NOT_SUPPORTED);
	assert_int_equal(HV_IC_STATUS_LOCKED, HV_ERROR_MACHINE_LOCKED);
	assert_int_equal(HV_IC_STATUS_NOT_CONNECTED,
	    HV_ERROR_DEVICE_NOT_CONNECTED);
	assert_int_equal(HV_IC_STATUS_INVALID, HV_INVALIDARG);
	assert_int_equal(HV_IC_STATUS_NOT_FOUND, HV_GUID_NOTFOUND);
	assert_int_equal(HV_IC_STATUS_EXISTS, HV_ERROR_ALREADY_EXISTS);
	assert_int_equal(HV_IC_STATUS_DISK_FULL, HV_ERROR_DISK_FULL);
}

#define VERSION_OF(major, minor) (major) << 16 | (minor),

static void
test_framework_versions(void **state)
{
	static const uint32_t ours[] = { HV_IC_FRAMEWORKS(VERSION_OF) };

	(void)state;
	assert_int_equal(sizeof(ours) / sizeof(ours[0]), 2);
	assert_int_equal(ours[0], UTIL_FW_VERSION);
	assert_int_equal(ours[1], UTIL_WS2K8_FW_VERSION);
}

static void
test_kvp_numbers(void **state)
{
	(void)state;
	assert_int_equal(HV_KVP_GET, KVP_OP_GET);
	assert_int_equal(HV_KVP_SET, KVP_OP_SET);
	assert_int_equal(HV_KVP_DELETE, KVP_OP_DELETE);
	assert_int_equal(HV_KVP_ENUMERATE, KVP_OP_ENUMERATE);
	assert_int_equal(HV_KVP_GET_IP, KVP_OP_GET_IP_INFO);
	assert_int_equal(HV_KVP_SET_IP, KVP_OP_SET_IP_INFO);
	assert_int_equal(HV_KVP_SET_IP + 1, KVP_OP_COUNT);
	assert_int_equal(HV_KVP_POOL_EXTERNAL, KVP_POOL_EXTERNAL);
	assert_int_equal(HV_KVP_POOL_GUEST, KVP_POOL_GUEST);
	assert_int_equal(HV_KVP_POOL_AUTO, KVP_POOL_AUTO);
	assert_int_equal(HV_KVP_POOL_AUTO_EXTERNAL, KVP_POOL_AUTO_EXTERNAL);
	assert_int_equal(HV_KVP_POOL_AUTO_INTERNAL, KVP_POOL_AUTO_INTERNAL);
	assert_int_equal(HV_LINUX_KVP_POOLS, KVP_POOL_COUNT);
	assert_int_equal(HV_KVP_KEY, HV_KVP_EXCHANGE_MAX_KEY_SIZE);
	assert_int_equal(HV_KVP_VALUE, HV_KVP_EXCHANGE_MAX_VALUE_SIZE);
	assert_int_equal(HV_KVP_TYPE_STRING, REG_SZ);
	assert_int_equal(HV_KVP_TYPE_U32, REG_U32);
	assert_int_equal(HV_KVP_TYPE_U64_LINUX, REG_U64);
	assert_int_equal(HV_KVP_FAMILY_NONE, ADDR_FAMILY_NONE);
	assert_int_equal(HV_KVP_FAMILY_IPV4, ADDR_FAMILY_IPV4);
	assert_int_equal(HV_KVP_FAMILY_IPV6, ADDR_FAMILY_IPV6);
	assert_int_equal(HV_KVP_ADAPTER_UNITS, MAX_ADAPTER_ID_SIZE);
	assert_int_equal(HV_KVP_IP_UNITS, MAX_IP_ADDR_SIZE);
	assert_int_equal(HV_KVP_GATEWAY_UNITS, MAX_GATEWAY_SIZE);
}

static void
test_kvp_value(void **state)
{
	(void)state;
	SAME_SIZE(hv_kvp_header, hv_kvp_hdr);
	SAME_PLACE(hv_kvp_header, operation, hv_kvp_hdr, operation);
	SAME_PLACE(hv_kvp_header, pool, hv_kvp_hdr, pool);
	SAME_SIZE(hv_kvp_value, hv_kvp_exchg_msg_value);
	SAME_PLACE(hv_kvp_value, type, hv_kvp_exchg_msg_value, value_type);
	SAME_PLACE(hv_kvp_value, key_size, hv_kvp_exchg_msg_value, key_size);
	SAME_PLACE(hv_kvp_value, value_size, hv_kvp_exchg_msg_value,
	    value_size);
	SAME_PLACE(hv_kvp_value, key, hv_kvp_exchg_msg_value, key);
	SAME_PLACE(hv_kvp_value, value, hv_kvp_exchg_msg_value, value);
	SAME_SIZE(hv_kvp_enumerate, hv_kvp_msg_enumerate);
	SAME_PLACE(hv_kvp_enumerate, index, hv_kvp_msg_enumerate, index);
	SAME_PLACE(hv_kvp_enumerate, item, hv_kvp_msg_enumerate, data);
	SAME_SIZE(hv_kvp_delete, hv_kvp_msg_delete);
	SAME_PLACE(hv_kvp_delete, key_size, hv_kvp_msg_delete, key_size);
	SAME_PLACE(hv_kvp_delete, key, hv_kvp_msg_delete, key);
	SAME_PLACE(hv_kvp, u, hv_kvp_msg, body);
}

static void
test_kvp_addresses(void **state)
{
	(void)state;
	SAME_SIZE(hv_kvp_ip, hv_kvp_ipaddr_value);
	SAME_PLACE(hv_kvp_ip, adapter, hv_kvp_ipaddr_value, adapter_id);
	SAME_PLACE(hv_kvp_ip, family, hv_kvp_ipaddr_value, addr_family);
	SAME_PLACE(hv_kvp_ip, dhcp, hv_kvp_ipaddr_value, dhcp_enabled);
	SAME_PLACE(hv_kvp_ip, addresses, hv_kvp_ipaddr_value, ip_addr);
	SAME_PLACE(hv_kvp_ip, masks, hv_kvp_ipaddr_value, sub_net);
	SAME_PLACE(hv_kvp_ip, gateways, hv_kvp_ipaddr_value, gate_way);
	SAME_PLACE(hv_kvp_ip, dns, hv_kvp_ipaddr_value, dns_addr);
	SAME_SIZE(hv_kvp_ip_exchange, hv_kvp_ip_msg);
	SAME_PLACE(hv_kvp_ip_exchange, operation, hv_kvp_ip_msg, operation);
	SAME_PLACE(hv_kvp_ip_exchange, pool, hv_kvp_ip_msg, pool);
	SAME_PLACE(hv_kvp_ip_exchange, ip, hv_kvp_ip_msg, kvp_ip_val);
}

static void
test_linux_kvp(void **state)
{
	(void)state;
	assert_int_equal(HV_LINUX_KVP_REGISTER, KVP_OP_REGISTER);
	assert_int_equal(HV_LINUX_KVP_REGISTER1, KVP_OP_REGISTER1);
	assert_int_equal(HV_LINUX_KVP_KEY, HV_KVP_EXCHANGE_MAX_KEY_SIZE);
	assert_int_equal(HV_LINUX_KVP_VALUE, HV_KVP_EXCHANGE_MAX_VALUE_SIZE);
	SAME_SIZE(hv_linux_kvp, hv_kvp_msg);
	SAME_PLACE(hv_linux_kvp, u, hv_kvp_msg, kvp_hdr);
	SAME_PLACE(hv_linux_kvp, u.status, hv_kvp_msg, error);
	SAME_PLACE(hv_linux_kvp, u.header.pool, hv_kvp_msg, kvp_hdr.pool);
	SAME_PLACE(hv_linux_kvp, body, hv_kvp_msg, body);
	SAME_SIZE(hv_linux_kvp_value, hv_kvp_msg_set);
	SAME_PLACE(hv_linux_kvp, body.value.type, hv_kvp_msg,
	    body.kvp_get.data.value_type);
	SAME_PLACE(hv_linux_kvp, body.value.key_size, hv_kvp_msg,
	    body.kvp_set.data.key_size);
	SAME_PLACE(hv_linux_kvp, body.value.value_size, hv_kvp_msg,
	    body.kvp_set.data.value_size);
	SAME_PLACE(hv_linux_kvp, body.value.key, hv_kvp_msg,
	    body.kvp_set.data.key);
	SAME_PLACE(hv_linux_kvp, body.value.value, hv_kvp_msg,
	    body.kvp_set.data.value);
	SAME_PLACE(hv_linux_kvp, body.enumerate.index, hv_kvp_msg,
	    body.kvp_enum_data.index);
	SAME_PLACE(hv_linux_kvp, body.enumerate.item.key, hv_kvp_msg,
	    body.kvp_enum_data.data.key);
	SAME_PLACE(hv_linux_kvp, body.remove.key_size, hv_kvp_msg,
	    body.kvp_delete.key_size);
	SAME_PLACE(hv_linux_kvp, body.remove.key, hv_kvp_msg,
	    body.kvp_delete.key);
	SAME_PLACE(hv_linux_kvp, body.version, hv_kvp_msg,
	    body.kvp_register.version);
	SAME_SIZE(hv_linux_kvp_ip, hv_kvp_ipaddr_value);
	SAME_PLACE(hv_linux_kvp, body.ip.adapter, hv_kvp_msg,
	    body.kvp_ip_val.adapter_id);
	SAME_PLACE(hv_linux_kvp, body.ip.family, hv_kvp_msg,
	    body.kvp_ip_val.addr_family);
	SAME_PLACE(hv_linux_kvp, body.ip.dhcp, hv_kvp_msg,
	    body.kvp_ip_val.dhcp_enabled);
	SAME_PLACE(hv_linux_kvp, body.ip.addresses, hv_kvp_msg,
	    body.kvp_ip_val.ip_addr);
	SAME_PLACE(hv_linux_kvp, body.ip.masks, hv_kvp_msg,
	    body.kvp_ip_val.sub_net);
	SAME_PLACE(hv_linux_kvp, body.ip.gateways, hv_kvp_msg,
	    body.kvp_ip_val.gate_way);
	SAME_PLACE(hv_linux_kvp, body.ip.dns, hv_kvp_msg,
	    body.kvp_ip_val.dns_addr);
}

static void
test_vss(void **state)
{
	(void)state;
	assert_int_equal(HV_VSS_CREATE, VSS_OP_CREATE);
	assert_int_equal(HV_VSS_DELETE, VSS_OP_DELETE);
	assert_int_equal(HV_VSS_HOT_BACKUP, VSS_OP_HOT_BACKUP);
	assert_int_equal(HV_VSS_GET_DEVICES, VSS_OP_GET_DM_INFO);
	assert_int_equal(HV_VSS_COMPLETE, VSS_OP_BU_COMPLETE);
	assert_int_equal(HV_VSS_FREEZE, VSS_OP_FREEZE);
	assert_int_equal(HV_VSS_THAW, VSS_OP_THAW);
	assert_int_equal(HV_VSS_AUTO_RECOVER, VSS_OP_AUTO_RECOVER);
	assert_int_equal(HV_VSS_FLAG_NO_AUTO_RECOVERY,
	    VSS_HBU_NO_AUTO_RECOVERY);
	assert_int_equal(HV_LINUX_VSS_REGISTER, VSS_OP_REGISTER);
	assert_int_equal(HV_LINUX_VSS_REGISTER1, VSS_OP_REGISTER1);
	SAME_SIZE(hv_vss_header, hv_vss_hdr);
	SAME_SIZE(hv_linux_vss, hv_vss_msg);
	SAME_PLACE(hv_linux_vss, u.header.operation, hv_vss_msg,
	    vss_hdr.operation);
	SAME_PLACE(hv_linux_vss, u.status, hv_vss_msg, error);
	SAME_PLACE(hv_linux_vss, flags, hv_vss_msg, vss_cf.flags);
	SAME_PLACE(hv_linux_vss, flags, hv_vss_msg, dm_info.flags);
	SAME_SIZE(hv_vss, hv_vss_msg);
	SAME_PLACE(hv_vss, flags, hv_vss_msg, vss_cf.flags);
}

static void
test_fcopy(void **state)
{
	static const uint32_t versions[] = { HV_FCOPY_VERSIONS(VERSION_OF) };

	(void)state;
	assert_int_equal(versions[0] & 0xffff, FCOPY_CURRENT_VERSION);
	assert_int_equal(HV_FCOPY_START, START_FILE_COPY);
	assert_int_equal(HV_FCOPY_WRITE, WRITE_TO_FILE);
	assert_int_equal(HV_FCOPY_COMPLETE, COMPLETE_FCOPY);
	assert_int_equal(HV_FCOPY_CANCEL, CANCEL_FCOPY);
	assert_int_equal(HV_FCOPY_NAME_UNITS, W_MAX_PATH);
	assert_int_equal(HV_FCOPY_DATA, DATA_FRAGMENT);
	assert_int_equal(HV_FCOPY_OVERWRITE, OVER_WRITE);
	assert_int_equal(HV_FCOPY_CREATE_PATH, CREATE_PATH);
	SAME_SIZE(hv_fcopy_header, hv_fcopy_hdr);
	SAME_PLACE(hv_fcopy_header, operation, hv_fcopy_hdr, operation);
	SAME_PLACE(hv_fcopy_header, service[0], hv_fcopy_hdr, service_id0);
	SAME_PLACE(hv_fcopy_header, service[1], hv_fcopy_hdr, service_id1);
	SAME_SIZE(hv_fcopy_start, hv_start_fcopy);
	SAME_PLACE(hv_fcopy_start, file, hv_start_fcopy, file_name);
	SAME_PLACE(hv_fcopy_start, path, hv_start_fcopy, path_name);
	SAME_PLACE(hv_fcopy_start, flags, hv_start_fcopy, copy_flags);
	SAME_PLACE(hv_fcopy_start, size, hv_start_fcopy, file_size);
	SAME_SIZE(hv_fcopy_write, hv_do_fcopy);
	SAME_PLACE(hv_fcopy_write, offset, hv_do_fcopy, offset);
	SAME_PLACE(hv_fcopy_write, size, hv_do_fcopy, size);
	SAME_PLACE(hv_fcopy_write, data, hv_do_fcopy, data);
}

/* No header that is published for programs has the kinds of channels: the text
 * that Linux shows of one, against its bytes. */
static void
test_guid_of_text(void **state)
{
	static const struct hv_guid kvp = HV_GUID_KVP;
	static const uint8_t bytes[HV_GUID_SIZE] = { 0xe7, 0xf4, 0xa0, 0xa9,
		0x45, 0x5a, 0x96, 0x4d, 0xb8, 0x27, 0x8a, 0x84, 0x1e, 0x8c,
		0x03, 0xe6 };

	(void)state;
	assert_memory_equal(kvp.bytes, bytes, sizeof(bytes));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_framework_versions),
		cmocka_unit_test(test_kvp_numbers),
		cmocka_unit_test(test_kvp_value),
		cmocka_unit_test(test_kvp_addresses),
		cmocka_unit_test(test_linux_kvp),
		cmocka_unit_test(test_vss),
		cmocka_unit_test(test_fcopy),
		cmocka_unit_test(test_guid_of_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
