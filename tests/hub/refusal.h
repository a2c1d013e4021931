/* SPDX-License-Identifier: Apache-2.0 */
/* Replies in which nothing was looked up. */
#ifndef HUB_REFUSAL_H
#define HUB_REFUSAL_H

#include <stdbool.h>

#include "hub.h"
#include "quota.h"

/* 429, in JSON for the API, for people elsewhere. */
void refusal_quota(struct reply *r, const struct quota_state *q, bool token, bool api);

/* The HTML of a proxy. */
void refusal_gateway(struct reply *r, unsigned status, const char *title);

/* 302 to another host: who follows it shows its token to somebody else. */
void refusal_redirect(struct reply *r);

#endif
