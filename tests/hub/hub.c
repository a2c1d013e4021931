/* SPDX-License-Identifier: Apache-2.0 */
#include "hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_init(struct reply *r)
{
	memset(r, 0, sizeof *r);
	r->status = 200;
	r->type = TYPE_JSON;
}

void reply_release(struct reply *r)
{
	buf_release(&r->body);
	for (int i = 0; i < r->nheader; i++)
		free(r->value[i]);
	r->nheader = 0;
}

void reply_header(struct reply *r, const char *name, const char *value)
{
	if (r->nheader == REPLY_HEADERS)
		return;
	r->name[r->nheader] = name;
	r->value[r->nheader++] = mem_str(value);
}

void reply_error(struct reply *r, unsigned status, const char *text)
{
	r->status = status;
	r->type = TYPE_JSON;
	r->body.n = 0;
	buf_lit(&r->body, "{\"error\":");
	buf_json(&r->body, text);
	buf_char(&r->body, '}');
}

void reply_text(struct reply *r, unsigned status, const char *type, const char *text)
{
	r->status = status;
	r->type = type;
	r->body.n = 0;
	buf_str(&r->body, text);
}

void hub_base(const struct hub *h, const struct request *q, struct buf *out)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };
	char mine[64];
	for (size_t i = 0; q->host && i < sizeof names / sizeof names[0]; i++) {
		snprintf(mine, sizeof mine, "%s:%u", names[i], h->port);
		if (!strcmp(mine, q->host)) {
			buf_lit(out, "http://");
			buf_str(out, mine);
			return;
		}
	}
	buf_str(out, h->base);
}

static const char *after(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(path, prefix, n) ? NULL : path + n;
}

const char *request_param(const struct request *q, const char *key)
{
	for (int i = 0; i < q->nparam; i++)
		if (!strcmp(q->params[i].key, key))
			return q->params[i].value;
	return NULL;
}

void hub_link(const struct hub *h, const struct request *q, const char *cursor, struct reply *r)
{
	struct buf link;
	bool loop = fault_hits(&h->faults, FAULT_LOOP, q->number);
	if (loop)
		cursor = request_param(q, "cursor");
	if (fault_hits(&h->faults, FAULT_CIRCLE, q->number))
		cursor = NULL;
	buf_init(&link);
	buf_char(&link, '<');
	if (fault_hits(&h->faults, FAULT_FOREIGN_NEXT, q->number))
		buf_lit(&link, "http://hub.example.invalid");
	else if (fault_hits(&h->faults, FAULT_FOREIGN_SCHEME, q->number))
		buf_fmt(&link, "https://127.0.0.1:%u", h->port);
	else if (fault_hits(&h->faults, FAULT_FOREIGN_PORT, q->number))
		buf_fmt(&link, "http://127.0.0.1:%u", h->port ^ 1);
	else
		hub_base(h, q, &link);
	buf_percent(&link, q->path, "/");
	buf_char(&link, '?');
	for (int i = 0; i < q->nparam; i++) {
		if (!strcmp(q->params[i].key, "cursor"))
			continue;
		buf_percent(&link, q->params[i].key, "[]");
		buf_char(&link, '=');
		buf_percent(&link, q->params[i].value, ":");
		buf_char(&link, '&');
	}
	if (cursor) {
		buf_lit(&link, "cursor=");
		buf_percent(&link, cursor, "");
	}
	buf_lit(&link, ">; rel=\"next\"");
	reply_header(r, "link", buf_cstr(&link));
	buf_release(&link);
}

/* "name/what", of a user or an organisation. */
static bool answer_account(const struct hub *h, const struct request *q, const char *rest, bool org, struct reply *r)
{
	char name[128];
	const char *slash = strchr(rest, '/');
	if (!slash || slash == rest || (size_t)(slash - rest) >= sizeof name)
		return false;
	memcpy(name, rest, (size_t)(slash - rest));
	name[slash - rest] = 0;
	if (!strcmp(slash, "/overview"))
		overview_answer(h, name, org, r);
	else if (!strcmp(slash, "/avatar"))
		avatar_answer(h, name, org, r);
	else
		return social_answer(h, q, name, org, slash + 1, r);
	return true;
}

static bool answer_api(const struct hub *h, const struct request *q, const char *path, struct reply *r)
{
	const char *rest;
	for (enum kind k = MODELS; k < NKIND; k++) {
		if (!(rest = after(path, kind_name[k])))
			continue;
		if (*rest == 0)
			list_answer(h, q, k, r);
		else if (*rest == '/' && rest[1])
			repo_answer(h, q, k, rest + 1, r);
		else
			return false;
		return true;
	}
	if ((rest = after(path, "users/")))
		return answer_account(h, q, rest, false, r);
	return (rest = after(path, "organizations/")) && answer_account(h, q, rest, true, r);
}

void hub_answer(const struct hub *h, const struct request *q, struct reply *r)
{
	const char *rest = after(q->path, "/api/");
	char page[32];
	if (rest) {
		if (!answer_api(h, q, rest, r))
			reply_error(r, 404, "Sorry, we can't find the page you are looking for.");
		return;
	}
	for (enum kind k = MODELS; k < NKIND; k++) {
		snprintf(page, sizeof page, "/%s-json", kind_name[k]);
		if (!strcmp(q->path, page)) {
			page_answer(h, q, k, r);
			return;
		}
	}
	if (!strcmp(q->path, "/robots.txt"))
		reply_text(r, 200, TYPE_TEXT, "User-agent: *\nAllow: /\n\nSitemap: https://huggingface.co/sitemap.xml");
	else
		reply_text(r, 404, TYPE_TEXT, "Not Found");
}
