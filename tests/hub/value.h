/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a row's members as JSON, as the Hub writes them (hub-api 4). */
#ifndef HUB_VALUE_H
#define HUB_VALUE_H

#include <stdbool.h>

#include "buf.h"
#include "row.h"

enum value {
	VALUE_AUTHOR,
	VALUE_DISABLED,
	VALUE_PRIVATE,
	VALUE_LIKES,
	VALUE_DOWNLOADS,
	VALUE_ALL_TIME,
	VALUE_PIPELINE,
	VALUE_LIBRARY,
	VALUE_SDK,
	VALUE_ID,
	VALUE_OID,
	VALUE_YES,
	VALUE_CREATED,
	VALUE_MODIFIED,
	VALUE_GATED,
	VALUE_TRENDING,
	VALUE_SHA,
	VALUE_TAGS,
	VALUE_SAFETENSORS,
	VALUE_GGUF,
	VALUE_BASES,
	VALUE_CONFIG,
	VALUE_CARD,
	VALUE_SIBLINGS,
	VALUE_NONE,
	VALUE_ABSENT,
	VALUE_DESCRIPTION,
	VALUE_SIZE,
	VALUE_REGION,
	VALUE_SUBDOMAIN,
	VALUE_RUNTIME,
	VALUE_CHILDREN,
	NVALUE
};

/* Append a value. false: the row has none, and nothing counts of what was appended. */
bool value_write(struct buf *b, enum value v, const struct row *r);

#endif
