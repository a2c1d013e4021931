/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal.h"

#include <stdio.h>

void refusal_quota(struct reply *r, const struct quota_state *q, bool token, bool api)
{
	char text[512];
	if (token)
		snprintf(text, sizeof text,
			 "We had to rate limit you, you hit the quota of %llu %s requests per %g minutes period. "
			 "Upgrade to a PRO user or Team/Enterprise "
			 "organization account (https://hf.co/pricing) to get higher limits. See "
			 "https://huggingface.co/docs/hub/rate-limits",
			 (unsigned long long)q->q, api ? "api" : "pages", q->w / 60.0);
	else
		snprintf(text, sizeof text,
			 "We had to rate limit your IP (127.0.0.1). To continue using our service, create a HF account "
			 "or login to your existing account, and make "
			 "sure you pass a HF_TOKEN if you're using the API.");
	if (api) {
		reply_error(r, 429, text);
		return;
	}
	reply_text(r, 429, TYPE_HTML, "<h1>429</h1> <p>");
	buf_str(&r->body, text);
	buf_lit(&r->body, "</p>");
}

static const char gateway[] =
	"<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n";

void refusal_gateway(struct reply *r, unsigned status, const char *title)
{
	reply_text(r, status, TYPE_HTML, "");
	buf_fmt(&r->body, gateway, title, title);
}

void refusal_redirect(struct reply *r)
{
	reply_text(r, 302, TYPE_HTML, "Found. Redirecting to http://hub.example.invalid/");
	reply_header(r, "location", "http://hub.example.invalid/api/models");
}
