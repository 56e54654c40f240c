/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <sys/socket.h>

#include "programs/pvhost/control.h"

bool
control_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		say("%s: expected at most %zu bytes in a socket's name", path,
		    sizeof(address->sun_path) - 1);
		return false;
	}
	strcpy(address->sun_path, path);
	return true;
}
