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
privilege_drop(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_capset, &header, none) == 0)
		return true;
	log_line(PV_LOG_ERROR, "capabilities cannot be given up: %s",
	    strerror(errno));
	return false;
}
