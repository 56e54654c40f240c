/* SPDX-License-Identifier: ISC */
/* The texts of the host's commands, taken apart; they may be any bytes. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/vmware/vmt.h"

static bool
ends_word(char c)
{
	return c == ' ' || c == '\0';
}

bool
vmt_word(const char **args, size_t *args_len, const char **word, size_t *len)
{
	const char *at = *args;
	size_t left = *args_len;

	while (left > 0 && *at == ' ') {
		at++;
		left--;
	}
	*word = at;
	while (left > 0 && !ends_word(*at)) {
		at++;
		left--;
	}
	*len = (size_t)(at - *word);
	*args = at;
	*args_len = left;
	return *len > 0;
}

void
vmt_split(struct vmt_words *words, const char *text, size_t len)
{
	words->args = text;
	words->args_len = len;
	(void)vmt_word(&words->args, &words->args_len, &words->name,
	    &words->name_len);
}

bool
vmt_is(const char *bytes, size_t len, const char *text)
{
	return len == strlen(text) &&
	    (len == 0 || memcmp(bytes, text, len) == 0);
}

bool
vmt_number(const char *bytes, size_t len, uint32_t *value)
{
	uint32_t sum = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned char)bytes[i] - (unsigned)'0';

		if (digit > 9 || sum > (UINT32_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

size_t
vmt_answer(char *to, size_t room, bool good, const char *text)
{
	return pv_format(to, room, "%s%s",
	    good ? VMWARE_TCLO_OK : VMWARE_TCLO_ERROR, text);
}
