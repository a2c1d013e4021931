// SPDX-License-Identifier: Apache-2.0
/* The user's token for the Hub. It is read on one rank, never printed, and goes to the Hub alone. */
#ifndef CRAWLER_TOKEN_H
#define CRAWLER_TOKEN_H

#include "io/err.h"

#define TOKEN_MAX 4096

struct token {
	char text[TOKEN_MAX]; /* "" if there is none */
	char origin[512];     /* where it came from, for messages: "$HF_TOKEN", a path */
};

/* Find the token, in the order of the Hub's official client: `file` (--token-file, may be NULL), $HF_TOKEN,
 * $HUGGING_FACE_HUB_TOKEN, the file $HF_TOKEN_PATH, by default $HF_HOME/token, by default
 * ${XDG_CACHE_HOME:-~/.cache}/huggingface/token. With $HF_HUB_DISABLE_IMPLICIT_TOKEN set to 1, ON, YES or TRUE only
 * --token-file counts. Blanks and line ends around it are dropped. No token is no error. Local; warns when others can
 * read the file. Errors: E_USAGE (a --token-file that cannot be read, a token with characters that no token has). */
int token_find(struct token *t, const char *file, struct err *e);

/* From now on this process holds a token: it leaves no core dump, and the environment that named the token is blanked.
 * Local, on every rank. */
void token_guard(void);

/* Overwrite it. */
void token_wipe(struct token *t);

#endif
