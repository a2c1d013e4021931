// SPDX-License-Identifier: Apache-2.0
/* The user's token for the Hub. It is read on one rank, passed on by token_share() (token_share.h), never
 * printed, and goes to the Hub alone. */
#ifndef CRAWLER_TOKEN_H
#define CRAWLER_TOKEN_H

#include "crawler/hub.h"
#include "io/err.h"

#define TOKEN_MAX 4096

struct token {
	char text[TOKEN_MAX]; /* "" if there is none */
	char origin[512];     /* where it came from, for messages: "$HF_TOKEN", a path */
};

/* Find the token, in the order of the Hub's official client: `file` (--token-file, may be NULL), $HF_TOKEN,
 * $HUGGING_FACE_HUB_TOKEN, the file $HF_TOKEN_PATH, by default $HF_HOME/token, by default
 * ${XDG_CACHE_HOME:-~/.cache}/huggingface/token. With $HF_HUB_DISABLE_IMPLICIT_TOKEN set to 1, ON, YES or TRUE only
 * --token-file counts. Blanks and line ends around it are dropped. No token is no error. The environment is blanked,
 * and a process that reads a file of a token leaves no core dump (io/secret.h). Local; warns when others can read the
 * file. Errors: E_USAGE (a --token-file that cannot be read, a token with characters that no token has). */
int token_find(struct token *t, const char *file, struct err *e);

/* Is the Hub at `url`, which a folder names, the one that the user means? A token is for `meant`: --hub, $HF_ENDPOINT,
 * or the Hub that both leave out; a folder may come from anybody. If not, the token is wiped and a warning says so; one
 * that was asked for by `file` (--token-file, may be NULL) is an error. Local. Errors: E_USAGE. */
int token_check_hub(struct token *t, const char *file, const struct hub *meant, const char *url, struct err *e);

/* Overwrite it. */
void token_wipe(struct token *t);

#endif
