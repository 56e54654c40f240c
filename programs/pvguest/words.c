/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/words.h"

#include <stdbool.h>

struct state {
	const char *at;
	char *to;
	size_t left;
	const char *problem;
};

static bool
ends_command(char c)
{
	return c == '\0' || c == ';' || c == '\n';
}

static void
put(struct state *state, char c)
{
	if (state->left == 0) {
		state->problem = "the command is too long";
		return;
	}
	*state->to++ = c;
	state->left--;
}

/* From behind the opening quote to behind the closing one. */
static void
quoted(struct state *state, char quote)
{
	while (*state->at != quote) {
		if (*state->at == '\0') {
			state->problem = "a quote is not closed";
			return;
		}
		if (quote == '"' && *state->at == '\\' &&
		    (state->at[1] == '"' || state->at[1] == '\\'))
			state->at++;
		put(state, *state->at++);
	}
	state->at++;
}

static void
word(struct state *state)
{
	while (state->problem == NULL && !ends_command(*state->at) &&
	    *state->at != ' ' && *state->at != '\t') {
		char c = *state->at++;

		if (c == '\'' || c == '"')
			quoted(state, c);
		else if (c == '\\' && *state->at != '\0')
			put(state, *state->at++);
		else
			put(state, c);
	}
	put(state, '\0');
}

int
words_take(const char **text, char *buffer, size_t size, char **words, int most,
    const char **problem)
{
	struct state state = { .at = *text, .to = buffer, .left = size };
	int count = 0;

	for (;;) {
		while (*state.at == ' ' || *state.at == '\t')
			state.at++;
		if (ends_command(*state.at))
			break;
		if (count == most) {
			state.problem = "too many words";
			break;
		}
		words[count++] = state.to;
		word(&state);
		if (state.problem != NULL)
			break;
	}
	*problem = state.problem;
	if (state.problem != NULL)
		return -1;
	*text = *state.at == '\0' ? state.at : state.at + 1;
	return count;
}
