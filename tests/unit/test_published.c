/* SPDX-License-Identifier: ISC */
/* The layouts and numbers in wire/ against the headers that Linux publishes
 * (package linux-libc-dev). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/qemu_fw_cfg.h>

#include "wire/fwcfg.h"

#if defined(__x86_64__) || defined(__i386__)
#include <asm/kvm_para.h>

#include "wire/cpuid.h"
#include "wire/kvm/pvclock.h"

static void
test_kvm_cpuid(void **state)
{
	(void)state;
	assert_int_equal(CPUID_HV_FIRST, KVM_CPUID_SIGNATURE);
	assert_memory_equal(CPUID_SIGNATURE_KVM, KVM_SIGNATURE,
	    CPUID_SIGNATURE_SIZE);
	assert_int_equal(CPUID_HV_FIRST + CPUID_KVM_FEATURES,
	    KVM_CPUID_FEATURES);
	assert_int_equal(CPUID_KVM_CLOCKSOURCE, 1u << KVM_FEATURE_CLOCKSOURCE);
	assert_int_equal(CPUID_KVM_CLOCKSOURCE2,
	    1u << KVM_FEATURE_CLOCKSOURCE2);
	assert_int_equal(CPUID_KVM_CLOCKSOURCE_STABLE,
	    1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT);
}

static void
test_kvm_clock_registers(void **state)
{
	(void)state;
	assert_int_equal(PVCLOCK_MSR_WALL, MSR_KVM_WALL_CLOCK_NEW);
	assert_int_equal(PVCLOCK_MSR_TIME, MSR_KVM_SYSTEM_TIME_NEW);
	assert_int_equal(PVCLOCK_MSR_WALL_OLD, MSR_KVM_WALL_CLOCK);
	assert_int_equal(PVCLOCK_MSR_TIME_OLD, MSR_KVM_SYSTEM_TIME);
}
#endif

static void
test_fwcfg_keys(void **state)
{
	(void)state;
	assert_int_equal(FWCFG_KEY_SIGNATURE, FW_CFG_SIGNATURE);
	assert_int_equal(FWCFG_SIGNATURE_SIZE, FW_CFG_SIG_SIZE);
	assert_int_equal(FWCFG_KEY_FEATURES, FW_CFG_ID);
	assert_int_equal(FWCFG_KEY_DIRECTORY, FW_CFG_FILE_DIR);
	assert_int_equal(FWCFG_KEY_FILE_FIRST, FW_CFG_FILE_FIRST);
	/* above are the bits for writing and for the architecture */
	assert_int_equal(FWCFG_KEY_FILE_LAST, FW_CFG_ENTRY_MASK & 0xffff);
	assert_int_equal(FWCFG_FEATURE_TRADITIONAL, FW_CFG_VERSION);
	assert_int_equal(FWCFG_FEATURE_DMA, FW_CFG_VERSION_DMA);
}

static void
test_fwcfg_directory(void **state)
{
	(void)state;
	assert_int_equal(FWCFG_ENTRY_SIZE, sizeof(struct fw_cfg_file));
	assert_int_equal(FWCFG_ENTRY_LENGTH,
	    offsetof(struct fw_cfg_file, size));
	assert_int_equal(FWCFG_ENTRY_KEY, offsetof(struct fw_cfg_file, select));
	assert_int_equal(FWCFG_ENTRY_NAME, offsetof(struct fw_cfg_file, name));
	assert_int_equal(FWCFG_NAME_SIZE, FW_CFG_MAX_FILE_PATH);
}

static void
test_fwcfg_dma(void **state)
{
	(void)state;
	assert_int_equal(FWCFG_DMA_SIZE, sizeof(struct fw_cfg_dma_access));
	assert_int_equal(FWCFG_DMA_CONTROL,
	    offsetof(struct fw_cfg_dma_access, control));
	assert_int_equal(FWCFG_DMA_LENGTH,
	    offsetof(struct fw_cfg_dma_access, length));
	assert_int_equal(FWCFG_DMA_ADDRESS,
	    offsetof(struct fw_cfg_dma_access, address));
	assert_int_equal(FWCFG_DMA_ERROR, FW_CFG_DMA_CTL_ERROR);
	assert_int_equal(FWCFG_DMA_READ, FW_CFG_DMA_CTL_READ);
	assert_int_equal(FWCFG_DMA_SKIP, FW_CFG_DMA_CTL_SKIP);
	assert_int_equal(FWCFG_DMA_SELECT, FW_CFG_DMA_CTL_SELECT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__) || defined(__i386__)
		cmocka_unit_test(test_kvm_cpuid),
		cmocka_unit_test(test_kvm_clock_registers),
#endif
		cmocka_unit_test(test_fwcfg_keys),
		cmocka_unit_test(test_fwcfg_directory),
		cmocka_unit_test(test_fwcfg_dma),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
