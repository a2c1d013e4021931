// SPDX-License-Identifier: Apache-2.0
#include "io/users_end.h"

#include <string.h>

#include "io/users_json.h"

const char *const ending_name[NENDINGS] = { "", "every list was asked", "request limit",
					    "lists that the Hub did not give" };

static int end_of(struct users_end *x, const json_t *j)
{
	const char *name = json_string_value(json_object_get(j, "ended"));
	struct {
		const char *name;
		int64_t *to;
	} member[] = { { "requests", &x->requests },
		       { "accounts", &x->accounts },
		       { "pages", &x->pages },
		       { "lists_given_up", &x->given_up },
		       { "repositories", &x->rows } };
	const json_t *limit = json_object_get(j, "request_limit");
	int good = 0;

	for (int i = END_NONE; name && i < NENDINGS; i++)
		if (!strcmp(name, ending_name[i])) {
			x->ending = (enum ending)i;
			good = 1;
		}
	for (size_t i = 0; i < sizeof member / sizeof *member; i++) {
		*member[i].to = users_json_count(json_object_get(j, member[i].name));
		good = good && *member[i].to >= 0;
	}
	/* Earlier versions did not write it. */
	x->limit = limit ? users_json_count(limit) : x->ending == END_REQUESTS ? x->requests : 0;
	return good && x->limit >= 0;
}

int users_end_read(struct users_end *x, const char *folder, struct err *e)
{
	const struct users_end none = { .ending = END_NONE };
	char path[USERS_JSON_PATH];
	json_t *j;
	int rc = users_json_read(&j, path, folder, e);

	*x = none;
	if (j && !end_of(x, j)) {
		*x = none;
		rc = users_json_refuse(path, "what was counted", e);
	}
	json_decref(j);
	return rc;
}

json_t *users_end_json(const struct users_end *x)
{
	return json_pack("{s:s s:I s:I s:I s:I s:I s:I}", "ended", ending_name[x->ending], "requests",
			 (json_int_t)x->requests, "accounts", (json_int_t)x->accounts, "pages", (json_int_t)x->pages,
			 "lists_given_up", (json_int_t)x->given_up, "repositories", (json_int_t)x->rows,
			 "request_limit", (json_int_t)x->limit);
}

int users_end_write(const struct users_end *x, const char *dir, struct err *e)
{
	return users_json_write(users_end_json(x), dir, e);
}

int users_end_reopen(const char *dir, struct err *e)
{
	struct users_end x;

	if (users_end_read(&x, dir, e) || x.ending == END_NONE)
		return e->code;
	x = (struct users_end){ .ending = END_NONE, .requests = x.requests, .limit = x.limit };
	return users_end_write(&x, dir, e);
}

int users_end_limit(const char *dir, int64_t limit, struct err *e)
{
	struct users_end x;

	if (users_end_read(&x, dir, e) || x.limit == limit)
		return e->code;
	x.limit = limit;
	return users_end_write(&x, dir, e);
}
