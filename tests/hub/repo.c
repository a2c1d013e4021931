/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/{models,datasets,spaces}/{id}[/revision/{rev}], and …/likers. */
#include <stdlib.h>
#include <string.h>

#include "hub.h"

/* Nobody anonymous is told whether a repository is private or does not exist. */
static void missing(const struct request *q, struct reply *r)
{
	if (!q->token) {
		reply_error(r, 401, "Invalid username or password.");
		return;
	}
	reply_error(r, 404, "Repository not found");
	reply_header(r, "x-error-code", "RepoNotFound");
	reply_header(r, "x-error-message", "Repository not found");
}

/* Relative, with the caller's parameters. */
static void redirect(const struct request *q, enum kind kind, const char *id, const char *rest, struct reply *r)
{
	struct buf to;
	buf_init(&to);
	buf_fmt(&to, "/api/%s/", kind_name[kind]);
	buf_percent(&to, id, "/");
	buf_str(&to, rest);
	for (int i = 0; i < q->nparam; i++) {
		buf_char(&to, i ? '&' : '?');
		buf_percent(&to, q->params[i].key, "[]");
		buf_char(&to, '=');
		buf_percent(&to, q->params[i].value, "");
	}
	reply_text(r, 307, TYPE_TEXT, "Temporary Redirect. Redirecting to ");
	buf_str(&r->body, buf_cstr(&to));
	reply_header(r, "location", buf_cstr(&to));
	buf_release(&to);
}

/* Where "/revision/…" or "/likers" begins, or the end. */
static const char *rest_of(const char *path)
{
	const char *p = strstr(path, "/revision/"), *end = path + strlen(path);
	if (!p && end - path > 7 && !strcmp(end - 7, "/likers"))
		p = end - 7;
	return p ? p : end;
}

void repo_answer(const struct hub *h, const struct request *q, enum kind kind, const char *path, struct reply *r)
{
	const char *rest = rest_of(path);
	struct fields f;
	struct buf why, id;
	uint64_t i;
	bool likers = !strcmp(rest, "/likers");
	buf_init(&why);
	buf_init(&id);
	buf_add(&id, path, (size_t)(rest - path));
	int found = population_find(&h->pop, kind, buf_cstr(&id), &i);
	if (query_fields(&f, kind, true, q->params, q->nparam, &why)) {
		reply_error(r, 400, buf_cstr(&why));
	} else if (!found || fault_row(&h->faults, FAULT_WITHDRAW, kind, i)) {
		missing(q, r);
	} else if (*rest && !likers && strcmp(rest, "/revision/main") != 0 && strcmp(rest, "/revision/HEAD") != 0) {
		reply_error(r, 404, "Invalid rev id: the repository has no such revision");
		reply_header(r, "x-error-code", "RevisionNotFound");
	} else {
		struct row row;
		struct row_space *space = mem_new(sizeof *space);
		population_row(&h->pop, kind, i, &row, space);
		if (found == 2 || strcmp(row.id, id.p) != 0)
			redirect(q, kind, row.id, rest, r);
		else if (likers)
			likers_answer(h, q, kind, i, r);
		else
			render_row(&r->body, &row, &f, false);
		free(space);
	}
	buf_release(&id);
	buf_release(&why);
}
