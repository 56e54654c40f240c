/* SPDX-License-Identifier: ISC */
/* Lists of names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client_private.h"

int
pvbus_i_names(const char *data, size_t length, char ***names, size_t *count)
{
	size_t n = 0;
	char **array, *text;

	if (length > 0 && data[length - 1] != '\0')
		return -EPROTO;
	for (size_t i = 0; i < length; i++) {
		/* a name without a letter is none */
		if (data[i] == '\0' && (i == 0 || data[i - 1] == '\0'))
			return -EPROTO;
		n += data[i] == '\0';
	}

	/* The text follows the array, so that one free(3) is enough. */
	array = malloc((n + 1) * sizeof(*array) + length);
	if (array == NULL)
		return -ENOMEM;
	text = (char *)(array + n + 1);
	if (length > 0)
		memcpy(text, data, length);
	for (size_t i = 0; i < n; i++) {
		array[i] = text;
		text += strlen(text) + 1;
	}
	array[n] = NULL;
	*names = array;
	*count = n;
	return 0;
}

void
pvbus_names_free(char **names, size_t count)
{
	(void)count;
	free(names);
}
