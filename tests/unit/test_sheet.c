// SPDX-License-Identifier: Apache-2.0
/* Small tables in four formats. */
#include "reduce/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static void fill(struct sheet *s)
{
	static const char *const left[] = { "30 days", "all" }, *const right[] = { "ratio" };

	sheet_init(s, "A\ttitle");
	sheet_block(s, "Left", 0, left, 2);
	sheet_line(s, "a, \"quoted\"");
	sheet_count(s, 1234567);
	sheet_none(s);
	sheet_line(s, "b|c");
	sheet_real(s, SHEET_SHARE, 0.25);
	sheet_real(s, SHEET_REAL, 0.5);
	sheet_block(s, "Right", 1, right, 1);
	sheet_line(s, "h\xC3\xA9");
	sheet_real(s, SHEET_RATIO, 8.25);
	sheet_line(s, "new");
	sheet_real(s, SHEET_RATIO, INFINITY);
	sheet_line(s, "heading");
	sheet_note(s, "note %d", 1);
}

static void prints(const struct sheet *s, const char *format, const char *want)
{
	char *got = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&got, &n);
	int rc = f ? sheet_print(s, f, (enum sheet_format)sheet_format_find(format)) : -1;

	if (f)
		fclose(f);
	ok(rc == 0 && got && !strcmp(got, want), "%s", format);
	if (got && strcmp(got, want) != 0)
		diag("got\n%s\nwant\n%s", got, want);
	free(got);
}

static void check_formats(void)
{
	struct sheet s;

	fill(&s);
	prints(&s, "text",
	       "A?title\n\n"
	       "Left                                        30 days    all    Right      ratio\n"
	       "  a, \"quoted\"                             1,234,567      -      h\xC3\xA9        8.2x\n"
	       "  b|c                                        25.00%  0.500      new        new\n"
	       "                                                                heading\n"
	       "\nnote 1\n");
	prints(&s, "csv",
	       "section,row,column,value\r\nLeft,\"a, \"\"quoted\"\"\",30 days,1234567\r\n"
	       "Left,\"a, \"\"quoted\"\"\",all,\r\nLeft,b|c,30 days,0.250000000\r\nLeft,b|c,all,0.500000000\r\n"
	       "Right,h\xC3\xA9,ratio,8.250000000\r\nRight,new,ratio,from none\r\n");
	prints(&s, "markdown",
	       "## A?title\n\n| Left | 30 days | all |\n| :--- | ---: | ---: |\n| a, \"quoted\" | 1,234,567 | - |\n"
	       "| b\\|c | 25.00% | 0.500 |\n\n| Right | ratio |\n| :--- | ---: |\n| h\xC3\xA9 | 8.2x |\n| new | new |\n"
	       "| heading |  |\n\n- note 1\n");
	prints(&s, "json",
	       "{\n \"title\": \"A?title\",\n \"sections\": [\n  {\n   \"title\": \"Left\",\n   \"columns\": [\n"
	       "    \"30 days\",\n    \"all\"\n   ],\n   \"rows\": [\n    {\n     \"name\": \"a, \\\"quoted\\\"\",\n"
	       "     \"values\": [\n      1234567,\n      null\n     ]\n    },\n    {\n     \"name\": \"b|c\",\n"
	       "     \"values\": [\n      0.25,\n      0.5\n     ]\n    }\n   ]\n  },\n  {\n   \"title\": \"Right\",\n"
	       "   \"columns\": [\n    \"ratio\"\n   ],\n   \"rows\": [\n    {\n     \"name\": \"h\xC3\xA9\",\n"
	       "     \"values\": [\n      8.25\n     ]\n    },\n    {\n     \"name\": \"new\",\n     \"values\": [\n"
	       "      \"from none\"\n     ]\n    },\n    {\n     \"name\": \"heading\",\n     \"values\": []\n    }\n"
	       "   ]\n  }\n ],\n \"notes\": [\n  \"note 1\"\n ]\n}\n");
	sheet_release(&s);
}

static void check_single(void)
{
	static const char *const col[] = { "x", "y" };
	struct sheet s;

	sheet_init(&s, "one block");
	sheet_block(&s, "Name", 0, col, 2);
	sheet_line(&s, "a");
	sheet_count(&s, 1);
	sheet_count(&s, 2);
	sheet_count(&s, 3); /* one more than it says: not shown */
	sheet_line(&s, "=SUM(A1,\"x\")");
	sheet_line(&s, "@b");
	prints(&s, "csv", "Name,x,y\r\na,1,2\r\n\"'=SUM(A1,\"\"x\"\")\",,\r\n'@b,,\r\n");
	sheet_release(&s);
	sheet_init(&s, "formulas");
	sheet_block(&s, "Name", 0, col, 0);
	sheet_line(&s, " \u00a0=1+1");
	sheet_line(&s, "\uff1dhyperlink(1)");
	sheet_line(&s, "x;\u3000-1;a=b;@c");
	sheet_line(&s, "a=b-c@d;e");
	prints(&s, "csv",
	       "Name\r\n' \u00a0=1+1\r\n'\uff1dhyperlink(1)\r\n\"x;'\u3000-1;a=b;'@c\"\r\n\"a=b-c@d;e\"\r\n");
	sheet_release(&s);
	sheet_init(&s, "empty");
	prints(&s, "text", "empty\n");
	prints(&s, "csv", "section,row,column,value\r\n");
	sheet_release(&s);
}

static void check_numbers(void)
{
	char text[32];

	ok(!strcmp(sheet_thousands(0, text), "0"), "0");
	ok(!strcmp(sheet_thousands(999, text), "999"), "999");
	ok(!strcmp(sheet_thousands(1000, text), "1,000"), "1,000");
	ok(!strcmp(sheet_thousands(-123456, text), "-123,456"), "-123,456");
	ok(!strcmp(sheet_thousands(INT64_MAX, text), "9,223,372,036,854,775,807"), "2^63 - 1");
	ok(sheet_format_find("yaml") < 0 && sheet_format_find("") < 0, "an unknown format");
}

int main(void)
{
	check_formats();
	check_single();
	check_numbers();
	return plan_done();
}
