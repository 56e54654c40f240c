/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "programs/pvbusd/log.h"
#include "programs/pvbusd/privilege.h"

bool
privilege_drop(uint64_t kept)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct left[_LINUX_CAPABILITY_U32S_3];

	memset(left, 0, sizeof(left));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_capget, &header, left) == 0) {
		for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
			/* what was never there cannot be kept */
			left[i].permitted &= (uint32_t)(kept >> 32 * i);
			left[i].effective = left[i].permitted;
			left[i].inheritable = 0;
		}
		if (syscall(SYS_capset, &header, left) == 0)
			return true;
	}
	log_line(PV_LOG_ERROR, "capabilities cannot be given up: %s",
	    strerror(errno));
	return false;
}
