// SPDX-License-Identifier: Apache-2.0
/* Tables of organisations and topics: every error, hostile input, periods, files on top of each other. */
#include "reduce/orgs.h"
#include "reduce/topics.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "reduce/country.h"
#include "reduce/record.h"
#include "tests/tap.h"

#define H5      "namespace,parent,country,sector,source\n"
#define H7      "namespace,parent,country,sector,source,from,to\n"
#define HT      "group,topic,tag,source\n"
#define X16     "xxxxxxxxxxxxxxxx"
#define X64     X16 X16 X16 X16
#define X256    X64 X64 X64 X64
#define X1024   X256 X256 X256 X256
#define TEXT(s) s, sizeof(s) - 1

struct bad {
	const char *name, *text;
	size_t n;
	const char *want; /* in the message, behind the file's name */
};

static const struct bad bad_orgs[] = {
	{ "empty", TEXT(""), " has no header line" },
	{ "comments alone", TEXT("# a\n\n  \n#b"), " has no header line" },
	{ "no header", TEXT("baidu,Baidu,CN,industry,x\n"),
	  " line 1: the header says 'baidu' where 'namespace' belongs" },
	{ "header too short", TEXT("namespace,parent,country\n"), " line 1: the header has 3 columns" },
	{ "header without to", TEXT("namespace,parent,country,sector,source,from\n"),
	  " line 1: the header has 6 columns" },
	{ "header too long", TEXT("namespace,parent,country,sector,source,from,to,x\n"),
	  " line 1: the header has 8 columns" },
	{ "other table's header", TEXT(HT), " line 1: the header says 'group'" },
	{ "too few fields", TEXT(H5 "a,A,US,industry\n"), " line 2: 4 fields where 5 belong" },
	{ "too many fields", TEXT(H5 "a,A,US,industry,x,2020-01-01,\n"), " line 2: 7 fields where 5 belong" },
	{ "far too many fields", TEXT(H7 "a,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"), " line 2: 30 fields where 7 belong" },
	{ "unquoted comma", TEXT(H5 "a,A, Inc.,US,industry,x\n"),
	  " line 2: 6 fields where 5 belong; put fields that hold a comma in quotes" },
	{ "three-letter country", TEXT("# c\n\n" H5 "a,A,USA,industry,x\n"),
	  " line 4: country 'USA' is not a two-letter ISO 3166-1 code; correct or remove the line" },
	{ "country UK", TEXT(H5 "a,A,UK,industry,x\n"), " line 2: country 'UK'" },
	{ "country in lower case", TEXT(H5 "a,A,us,industry,x\n"), " line 2: country 'us'" },
	{ "country ZZ", TEXT(H5 "a,A,ZZ,industry,x\n"), " line 2: country 'ZZ'" },
	{ "unknown sector", TEXT(H5 "a,A,US,company,x\n"), " line 2: sector 'company' is none of industry," },
	{ "sector unclassified", TEXT(H5 "a,A,US,unclassified,x\n"), " line 2: sector 'unclassified'" },
	{ "empty sector", TEXT(H5 "a,A,US,,x\n"), " line 2: sector ''" },
	{ "empty namespace", TEXT(H5 ",A,US,industry,x\n"), " line 2: namespace '' has 0 bytes" },
	{ "empty parent", TEXT(H5 "a,,US,industry,x\n"), " line 2: the parent of 'a' is empty" },
	{ "repository for namespace", TEXT(H5 "google/bert,Google,US,industry,x\n"),
	  " line 2: namespace 'google/bert' holds more than letters" },
	{ "namespace of 97", TEXT(H5 X64 X16 X16 "x,A,US,industry,x\n"), " has 97 bytes; the Hub has 1 to 96" },
	{ "namespace beyond ASCII", TEXT(H5 "b\xC3\xA4r,A,US,industry,x\n"),
	  " line 2: namespace 'b\xC3\xA4r' holds more" },
	{ "not a date", TEXT(H7 "a,A,US,industry,x,2020,\n"), " line 2: from '2020' is not a date" },
	{ "29 February", TEXT(H7 "a,A,US,industry,x,,2023-02-29\n"), " line 2: to '2023-02-29' is not a date" },
	{ "month 13", TEXT(H7 "a,A,US,industry,x,2023-13-01,\n"), " line 2: from '2023-13-01' is not a date" },
	{ "day 0", TEXT(H7 "a,A,US,industry,x,2023-01-00,\n"), " line 2: from '2023-01-00' is not a date" },
	{ "year 1969", TEXT(H7 "a,A,US,industry,x,1969-12-31,\n"), " line 2: from '1969-12-31' is not a date" },
	{ "date with slashes", TEXT(H7 "a,A,US,industry,x,2023/01/01,\n"), " line 2: from '2023/01/01' is not a date" },
	{ "date with letters", TEXT(H7 "a,A,US,industry,x,2023-0a-01,\n"), " line 2: from '2023-0a-01' is not a date" },
	{ "from after to", TEXT(H7 "a,A,US,industry,x,2023-01-02,2023-01-01\n"),
	  " line 2: from '2023-01-02' is not before to '2023-01-01'" },
	{ "from equals to", TEXT(H7 "a,A,US,industry,x,2023-01-01,2023-01-01\n"),
	  " line 2: from '2023-01-01' is not before" },
	{ "twice", TEXT(H5 "a,A,US,industry,x\nb,B,,community,x\nA,B,CN,industry,y\n"),
	  " line 4: namespace 'A' stands on line 2 too" },
	{ "overlap", TEXT(H7 "a,A,US,industry,x,2020-01-01,2021-01-01\na,A,US,industry,x,2020-12-31,\n"),
	  " line 3: namespace 'a' stands on line 2 too" },
	{ "overlap in other order", TEXT(H7 "a,A,US,industry,x,2020-12-31,\na,A,US,industry,x,,2021-01-01\n"),
	  " line 3: namespace 'a' stands on line 2 too" },
	{ "period within always", TEXT(H7 "a,A,US,industry,x,,\na,A,US,industry,x,2020-12-31,2021-01-01\n"),
	  " line 3: namespace 'a' stands on line 2 too" },
	{ "open quote", TEXT(H5 "a,\"A,US,industry,x\nb,B,US,industry,y\n"),
	  " line 2: a quoted field does not end on this line" },
	{ "open quote at the end", TEXT(H5 "a,A,US,industry,\"x"),
	  " line 2: a quoted field does not end on this line" },
	{ "line break in quotes", TEXT(H5 "a,A,US,industry,\"x\ny\"\n"),
	  " line 2: a quoted field does not end on this line" },
	{ "quote within a field", TEXT(H5 "a,A\"B,US,industry,x\n"), " line 2: a quote is out of place" },
	{ "text behind a quote", TEXT(H5 "a,\"A\"B,US,industry,x\n"), " line 2: a quote is out of place" },
	{ "NUL", TEXT(H5 "a,A\0B,US,industry,x\n"), " line 2: byte 4 (0x00) is a control" },
	{ "NUL in the header", TEXT("namespace\0,parent\n"), " line 1: byte 10 (0x00) is a control" },
	{ "tabs for commas", TEXT("namespace\tparent\tcountry\tsector\tsource\n"),
	  " line 1: byte 10 (0x09) is a control" },
	{ "escape sequence", TEXT(H5 "a,\x1b[31mA,US,industry,x\n"), " line 2: byte 3 (0x1b)" },
	{ "CR within a line", TEXT(H5 "a,A,US,industry,x\rb,B,US,industry,x\n"), " line 2: byte 18 (0x0d)" },
	{ "Latin-1", TEXT(H5 "a,Universit\xE9,FR,academia,x\n"), " line 2: byte 12 (0xe9)" },
	{ "UTF-8 cut short", TEXT(H5 "a,A,FR,academia,\xC3"), " line 2: byte 17 (0xc3)" },
	{ "overlong UTF-8", TEXT(H5 "a,A\xC0\xAF,FR,academia,x\n"), " line 2: byte 4 (0xc0)" },
	{ "surrogate", TEXT(H5 "a,A\xED\xA0\x80,FR,academia,x\n"), " line 2: byte 4 (0xed)" },
	{ "right-to-left override", TEXT(H5 "a,A\xE2\x80\xAE,FR,academia,x\n"), " line 2: byte 4 (0xe2)" },
	{ "UTF-16", TEXT("\xFF\xFEn\0a\0"), " line 1: byte 1 (0xff)" },
	{ "second BOM", TEXT("\xEF\xBB\xBF\xEF\xBB\xBF" H5), " line 1: byte 1 (0xef)" },
	{ "field of 257", TEXT(H5 "a," X256 "x,US,industry,x\n"), " line 2: field 2 is longer than 256 bytes" },
	{ "field of 257 in the header", TEXT(X256 "x," H5), " line 1: field 1 is longer than 256 bytes" },
	{ "line of 4097", TEXT(H5 "a,A,US,industry," X1024 X1024 X1024 X1024 "\n"), " line 2: longer than 4096 bytes" },
	{ "comment behind a blank", TEXT(H5 " # c\n"), " line 2: 1 fields where 5 belong" },
};

static const struct bad bad_topics[] = {
	{ "topics: empty", TEXT(""), " has no header line; its first line must be 'group,topic,tag,source'" },
	{ "topics: other table's header", TEXT(H5), " line 1: the header says 'namespace' where 'group' belongs" },
	{ "topics: unknown group", TEXT(HT "colour,red,red,x\n"), " line 2: group 'colour' is none of language," },
	{ "topics: group in capitals", TEXT(HT "Science,physics,physics,x\n"), " line 2: group 'Science'" },
	{ "topics: empty topic", TEXT(HT "science,,physics,x\n"), " line 2: the topic is empty" },
	{ "topics: empty tag", TEXT(HT "science,physics,,x\n"), " line 2: the tag of topic 'physics' is empty" },
	{ "topics: three fields", TEXT(HT "science,physics,physics\n"), " line 2: 3 fields where 4 belong" },
	{ "topics: five fields", TEXT(HT "science,physics,physics,a,b\n"), " line 2: 5 fields where 4 belong" },
	{ "topics: twice", TEXT(HT "science,physics,qm,x\n#\nscience,physics,QM,y\n"),
	  " line 4: tag 'QM' stands on line 2 too" },
	{ "topics: open quote", TEXT(HT "science,physics,\"qm,x\n"), " line 2: a quoted field does not end" },
	{ "topics: field of 257", TEXT(HT "science,physics," X256 "x,x\n"), " line 2: field 3 is longer" },
};

/* The table is asked before and after: a refused file changes nothing. */
static void test_bad(const struct bad *c, int is_orgs)
{
	const char orgs[] = H5 "a,Before,FR,academia,x\n", topics[] = HT "science,before,qm,x\n";
	struct orgs *o = orgs_create();
	struct topics *t = topics_create();
	const struct topic *x = NULL;
	struct err e = ERR_INIT;
	char want[256];
	int rc, same;

	rc = orgs_parse(o, "before.csv", orgs, sizeof orgs - 1, NULL) +
	     topics_parse(t, "before.csv", topics, sizeof topics - 1, NULL);
	if (!rc)
		rc = is_orgs ? orgs_parse(o, "f.csv", c->text, c->n, &e) : topics_parse(t, "f.csv", c->text, c->n, &e);
	snprintf(want, sizeof want, "'f.csv'%s", c->want);
	if (!ok(rc == E_FORMAT && e.code == E_FORMAT && strstr(e.text, c->want) && !strchr(e.text, '\n'), "refused: %s",
		c->name))
		diag("%d %s", rc, e.text);
	ok(!strncmp(e.text, want, strlen("'f.csv' ")), "refused: %s: the message begins with the file", c->name);
	same = orgs_nrow(o) == 1 && orgs_find(o, "A", 1, 0) && orgs_nparent(o) == 1 &&
	       !strcmp(orgs_parent(o, 0), "Before");
	same = same && topics_nrow(t) == 1 && topics_find(t, "qm", 2, &x) == 1 && !strcmp(x->name, "before");
	ok(same, "refused: %s: the table is as before", c->name);
	orgs_free(o);
	topics_free(t);
}

struct good {
	const char *name, *text;
	size_t n;
	size_t nrow;
	const char *parent; /* of namespace "a" in 2022, NULL: unclassified */
};

static const struct good good_orgs[] = {
	{ "header alone", TEXT(H5), 0, NULL },
	{ "plain", TEXT(H5 "a,A,US,industry,x\n"), 1, "A" },
	{ "no newline at the end", TEXT(H5 "a,A,US,industry,x"), 1, "A" },
	{ "CRLF", TEXT("namespace,parent,country,sector,source\r\na,A,US,industry,x\r\n\r\n"), 1, "A" },
	{ "BOM", TEXT("\xEF\xBB\xBF" H5 "a,A,US,industry,x\n"), 1, "A" },
	{ "comments, blank lines", TEXT("#\xff\0\n\n" H5 " \t \n# \"\na,A,US,industry,x\n#"), 1, "A" },
	{ "blanks around fields", TEXT(H5 " a , A B ,US , industry,x\n"), 1, "A B" },
	{ "quotes", TEXT(H5 "\"a\",\"A, \"\"B\"\" Inc.\",\"\",\"community\",\"\"\n"), 1, "A, \"B\" Inc." },
	{ "seven columns, five fields", TEXT(H7 "a,A,US,industry,x\n"), 1, "A" },
	{ "namespace in capitals", TEXT(H5 "A,A,US,industry,x\n"), 1, "A" },
	{ "no country, no source", TEXT(H5 "a,A,,individual,\n"), 1, "A" },
	{ "UTF-8", TEXT(H5 "a,\xE6\x99\xBA\xE8\xB0\xB1 \xF0\x9F\xA4\x97,CN,industry,x\n"), 1,
	  "\xE6\x99\xBA\xE8\xB0\xB1 \xF0\x9F\xA4\x97" },
	{ "field of 256, namespace of 96",
	  TEXT(H5 "a," X256 ",US,industry," X256 "\n" X64 X16 X16 ",A,US,industry,x\n"), 2, X256 },
	{ "before the period", TEXT(H7 "a,A,US,industry,x,2022-01-02,\n"), 1, NULL },
	{ "after the period", TEXT(H7 "a,A,US,industry,x,,2022-01-01\n"), 1, NULL },
	{ "first day of the period", TEXT(H7 "a,A,US,industry,x,2022-01-01,2022-01-02\n"), 1, "A" },
	{ "between two periods", TEXT(H7 "a,A,US,industry,x,,2021-12-31\na,B,US,industry,x,2022-02-01,\n"), 2, NULL },
	{ "first of two", TEXT(H7 "a,B,US,industry,x,2022-01-02,\na,A,US,industry,x,,2022-01-02\n"), 2, "A" },
	{ "second of two", TEXT(H7 "a,B,US,industry,x,2022-01-01,\na,A,US,industry,x,,2022-01-01\n"), 2, "B" },
	{ "second of three",
	  TEXT(H7 "a,C,US,industry,x,2023-01-01,\na,B,US,industry,x,2021-01-01,2023-01-01\na,A,US,industry,x,,2021-01-"
		  "01\n"),
	  3, "B" },
};

static void test_good(const struct good *c)
{
	const int64_t new_year_2022 = 1640995200; /* 2022-01-01T00:00:00Z */
	struct orgs *o = orgs_create();
	struct err e = ERR_INIT;
	const struct org *x = NULL;
	int rc = orgs_parse(o, "f.csv", c->text, c->n, &e);

	if (!rc)
		x = orgs_find(o, "a", 1, new_year_2022);
	if (!ok(!rc && orgs_nrow(o) == c->nrow && !x == !c->parent, "accepted: %s", c->name))
		diag("%d %s", rc, e.text);
	if (x && c->parent)
		ok(!strcmp(x->parent_name, c->parent) && !strcmp(orgs_parent(o, x->parent), c->parent),
		   "accepted: %s: its parent", c->name);
	orgs_free(o);
}

static void test_dates(void)
{
	static const struct {
		const char *date;
		int64_t s; /* date -u -d DATE +%s */
	} cases[] = {
		{ "1970-01-01", 0 },          { "1999-12-31", 946598400 },    { "2000-02-29", 951782400 },
		{ "2000-03-01", 951868800 },  { "2022-03-02", 1646179200 },   { "2024-02-29", 1709164800 },
		{ "2024-12-31", 1735603200 }, { "2025-10-22", 1761091200 },   { "2100-02-28", 4107456000 },
		{ "2100-03-01", 4107542400 }, { "9999-12-31", 253402214400 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct orgs *o = orgs_create();
		char text[128];
		int n = snprintf(text, sizeof text, H7 "a,A,US,industry,x,%s,\n", cases[i].date);

		ok(!orgs_parse(o, "f.csv", text, (size_t)n, NULL) && orgs_row(o, 0)->from_s == cases[i].s &&
			   orgs_row(o, 0)->to_s == INT64_MAX,
		   "date %s", cases[i].date);
		orgs_free(o);
	}
}

static void test_find(void)
{
	static const char text[] =
		H5 "Qwen,Alibaba,CN,industry,x\nqwe,q,,individual,x\nqwen-2,q2,,community,x\nQWEN_3,Q3,US,academia,x\n";
	struct orgs *o = orgs_create();
	const struct org *x;
	int sorted = 1;

	ok(!orgs_find(o, "qwen", 4, 0) && orgs_nrow(o) == 0 && orgs_nparent(o) == 0 && orgs_parent_index(o, "x") == -1,
	   "an empty table");
	ok(!orgs_parse(o, "f.csv", text, sizeof text - 1, NULL), "a table of four");
	x = orgs_find(o, "QwEn", 4, 0);
	ok(x && !strcmp(x->namespace, "Qwen") && !strcmp(x->key, "qwen") && x->line == 2 && x->file == 0 &&
		   !strcmp(x->source, "x"),
	   "any letter case");
	ok(x && x->country == country_index("CN", 2) && x->sector == SECTOR_INDUSTRY && x->from_s == INT64_MIN,
	   "country, sector, period");
	ok(orgs_find(o, "qwenx", 4, 0) == x, "n bytes, not up to a NUL");
	ok(!orgs_find(o, "qwen\0", 5, 0) && !orgs_find(o, "qw", 2, 0) && !orgs_find(o, "qwenx", 5, 0) &&
		   !orgs_find(o, "", 0, 0),
	   "no near miss");
	ok(!orgs_find(o, X1024, 1024, 0) && !orgs_find(o, "\xff", 1, 0), "hostile names are not found");
	for (size_t i = 0; i < orgs_nrow(o); i++)
		sorted &=
			orgs_find(o, orgs_row(o, i)->namespace, strlen(orgs_row(o, i)->namespace), 0) == orgs_row(o, i);
	for (size_t i = 1; i < orgs_nrow(o); i++)
		sorted &= strcmp(orgs_row(o, i - 1)->key, orgs_row(o, i)->key) < 0;
	ok(sorted, "rows are sorted by key, and each is found");
	ok(orgs_nparent(o) == 4 && !strcmp(orgs_parent(o, 0), "Alibaba") && !strcmp(orgs_parent(o, 1), "Q3") &&
		   !strcmp(orgs_parent(o, 3), "q2"),
	   "parents are sorted bytewise");
	ok(orgs_parent_index(o, "q") == 2 && orgs_parent_index(o, "Q") == -1, "a parent's index by its exact name");
	orgs_free(o);
	orgs_free(NULL);
	topics_free(NULL);
}

static void test_merge(void)
{
	static const char first[] =
		H7 "a,A,US,industry,x,,2020-01-01\na,B,CN,industry,x,2020-01-01,\nc,C,FR,academia,x\n";
	static const char second[] = H5 "\nA,Z,DE,government,y\nd,C,,community,y\n";
	struct orgs *o = orgs_create();
	const struct org *x;

	ok(!orgs_parse(o, "1", first, sizeof first - 1, NULL) && !orgs_parse(o, "2", second, sizeof second - 1, NULL),
	   "two files");
	x = orgs_find(o, "a", 1, 0);
	ok(orgs_nrow(o) == 3 && x && !strcmp(x->parent_name, "Z") && x->file == 1 && x->line == 3,
	   "the second replaces all periods of a namespace");
	ok(x && orgs_find(o, "a", 1, 1700000000) == x && x->sector == SECTOR_GOVERNMENT &&
		   !strcmp(country_code(x->country), "DE"),
	   "and all it says");
	ok(orgs_find(o, "c", 1, 0) && orgs_find(o, "c", 1, 0)->file == 0 && orgs_find(o, "d", 1, 0),
	   "the rest stays, the new is added");
	ok(orgs_nparent(o) == 2 && !strcmp(orgs_parent(o, 0), "C") && !strcmp(orgs_parent(o, 1), "Z"),
	   "parents without a row are gone");
	ok(!orgs_parse(o, "3", first, sizeof first - 1, NULL) && orgs_nrow(o) == 4 &&
		   orgs_find(o, "a", 1, 1700000000)->file == 2,
	   "a third file");
	ok(!orgs_parse(o, "4", H5, sizeof H5 - 1, NULL) && orgs_nrow(o) == 4, "a file without rows changes nothing");
	orgs_free(o);
}

static void test_topics(void)
{
	static const char first[] = HT
		"science,biology,biochem,x\nscience,chemistry,BioChem,x\nformat,gguf,GGUF,x\nquantization,gguf,gguf,x\n"
		"science,medical,drug discovery,x\nlanguage,en,en,x\n";
	static const char second[] = HT "science,physics,biochem,y\nrobotics,robotics,biochem,y\n";
	struct topics *t = topics_create();
	const struct topic *x = NULL;

	ok(!topics_find(t, "en", 2, &x) && !x && topics_count(t, TOPIC_SCIENCE) == 0, "topics: an empty table");
	ok(!topics_parse(t, "1", first, sizeof first - 1, NULL) && topics_nrow(t) == 6, "topics: a table of six");
	ok(topics_find(t, "GGuf", 4, &x) == 2 && x[0].group == TOPIC_FORMAT && x[1].group == TOPIC_QUANTIZATION,
	   "topics: one tag, two groups");
	ok(topics_find(t, "biochem", 7, &x) == 2 && x[0].topic == 0 && x[1].topic == 1 &&
		   !strcmp(x[1].name, "chemistry"),
	   "topics: one tag, two topics");
	ok(!topics_find(t, "biochemistry", 12, &x) && !topics_find(t, "bio", 3, &x) && !topics_find(t, "", 0, &x) && !x,
	   "topics: the whole tag");
	ok(!topics_find(t, X1024, 1024, &x) && !topics_find(t, "en\0", 3, &x), "topics: hostile tags are not found");
	ok(topics_find(t, "Drug Discovery", 14, &x) == 1 && !strcmp(topics_name(t, x->group, x->topic), "medical"),
	   "topics: a tag with a blank");
	ok(topics_count(t, TOPIC_SCIENCE) == 3 && topics_count(t, TOPIC_ROBOTICS) == 0 &&
		   !strcmp(topics_name(t, TOPIC_SCIENCE, 2), "medical"),
	   "topics: names of a group");
	ok(!topics_parse(t, "2", second, sizeof second - 1, NULL) && topics_nrow(t) == 6, "topics: a second file");
	ok(topics_find(t, "biochem", 7, &x) == 2 && !strcmp(x[0].name, "physics") && x[1].group == TOPIC_ROBOTICS &&
		   x[0].file == 1,
	   "topics: replaces the tag within its group");
	ok(topics_count(t, TOPIC_SCIENCE) == 2 && topics_find(t, "en", 2, &x) == 1 && x->file == 0,
	   "topics: the rest stays");
	topics_free(t);
}

static void test_codes(void)
{
	int sorted = 1, found = 1;

	for (int i = 0; i < NCOUNTRY; i++) {
		found &= strlen(country_code(i)) == 2 && country_index(country_code(i), 2) == i;
		sorted &= !i || strcmp(country_code(i - 1), country_code(i)) < 0;
	}
	ok(sorted && found, "249 countries, in order, each found");
	ok(country_index("", 0) == -1 && country_index("U", 1) == -1 && country_index("USA", 3) == -1 &&
		   country_index("EU", 2) == -1,
	   "what is no country");
	ok(!strcmp(sector_name(SECTOR_NON_PROFIT), "non-profit") &&
		   !strcmp(sector_name(SECTOR_UNCLASSIFIED), "unclassified"),
	   "sector names");
	ok(!strcmp(topic_group_name(TOPIC_LANGUAGE), "language") &&
		   !strcmp(topic_group_name(TOPIC_ROBOTICS), "robotics"),
	   "group names");
}

/* Cut at every byte: either the rows so far, or one error; every cut in memory of its own, so that a sanitizer sees a
 * step too far. */
static void test_cut(const char *name, const char *text, size_t n, size_t step, int is_orgs)
{
	int bad = 0, good = 0, refused = 0;

	for (size_t i = 0; i <= n; i += step) {
		struct orgs *o = orgs_create();
		struct topics *t = topics_create();
		struct err e = ERR_INIT;
		char *cut = malloc(i ? i : 1);
		int rc;

		memcpy(cut, text, i);
		rc = is_orgs ? orgs_parse(o, name, cut, i, &e) : topics_parse(t, name, cut, i, &e);
		good += !rc;
		refused += rc == E_FORMAT && e.text[0];
		bad += rc && rc != E_FORMAT;
		free(cut);
		orgs_free(o);
		topics_free(t);
	}
	ok(!bad && good && refused, "'%s' cut at every %zu bytes: %d accepted, %d refused, nothing else", name, step,
	   good, refused);
}

/* A table as shipped, cut at every `step` bytes and, its beginning, at each. */
static void test_cut_file(const char *path, size_t step, int is_orgs)
{
	char *text = NULL;
	size_t n = 0;

	if (!ok(!record_file(path, &text, &n, NULL), "'%s' is there", path))
		return;
	test_cut(path, text, n, step, is_orgs);
	test_cut(path, text, n < 3000 ? n : 3000, 1, is_orgs);
	free(text);
}

/* Every byte of a small file replaced by every byte value. */
static void test_mutate(void)
{
	static const char text[] =
		"\xEF\xBB\xBF#c\n" H7
		"a,\"A, \"\"B\"\"\",US,industry,x,2020-01-01,2021-01-01\r\nb,B,CN,academia,\xC3\xA9,,\n";
	int bad = 0, good = 0;

	for (size_t i = 0; i < sizeof text - 1; i++)
		for (int b = 0; b < 256; b++) {
			struct orgs *o = orgs_create();
			char *copy = malloc(sizeof text - 1);
			int rc;

			memcpy(copy, text, sizeof text - 1);
			copy[i] = (char)b;
			rc = orgs_parse(o, "f.csv", copy, sizeof text - 1, NULL);
			good += !rc;
			bad += rc && rc != E_FORMAT;
			free(copy);
			orgs_free(o);
		}
	ok(!bad && good > 256, "every byte replaced by every value: %d accepted, the rest refused", good);
}

static void test_rows(void)
{
	struct orgs *o = orgs_create();
	struct err e = ERR_INIT;
	char *text = malloc((size_t)40 * (RECORD_COUNT + 2)), *end;
	const struct org *x;

	end = text + sprintf(text, H5);
	for (int i = 0; i < RECORD_COUNT; i++)
		end += sprintf(end, "n%d,p%d,US,industry,x\n", i, i % 1000);
	ok(!orgs_parse(o, "f.csv", text, (size_t)(end - text), &e) && orgs_nrow(o) == RECORD_COUNT &&
		   orgs_nparent(o) == 1000,
	   "%d rows", RECORD_COUNT);
	x = orgs_find(o, "N765432", 7, 0);
	ok(x && x->line == 765434 && !strcmp(x->parent_name, "p432"), "one of them is found");
	end += sprintf(end, "one,more,US,industry,x\n");
	ok(orgs_parse(o, "f.csv", text, (size_t)(end - text), &e) == E_FORMAT &&
		   strstr(e.text, "more than 1000000 rows"),
	   "and not one more");
	free(text);
	orgs_free(o);
}

/* What record_file() says of a file; whatever it read is n bytes that begin with `want`. */
static int read_code(const char *path, size_t n, const char *want, size_t nwant, struct err *e)
{
	char *text = NULL;
	size_t got = 99;
	int rc = record_file(path, &text, &got, e);
	int fits = rc ? !text && !got : text && got == n && !memcmp(text, want, nwant) && !text[n];

	free(text);
	return fits ? rc : -1;
}

static void test_read(void)
{
	char path[] = "/tmp/test_tables.XXXXXX";
	struct err e = ERR_INIT;
	int fd = mkstemp(path);

	ok(fd >= 0 && write(fd, "a\0b", 3) == 3 && !read_code(path, 3, "a\0b", 3, &e), "a file is read whole");
	ok(fd >= 0 && !ftruncate(fd, 0) && !read_code(path, 0, "", 0, &e), "an empty file");
	ok(fd >= 0 && !ftruncate(fd, 65535) && !read_code(path, 65535, "", 1, &e), "a file as long as the buffer");
	ok(fd >= 0 && !ftruncate(fd, RECORD_BYTES + 1L) && read_code(path, 0, "", 0, &e) == E_FORMAT,
	   "a file that is too long");
	err_clear(&e);
	if (fd >= 0)
		close(fd);
	unlink(path);
	ok(read_code(path, 0, "", 0, &e) == E_IO && strstr(e.text, "cannot be opened: No such file"), "no file");
	err_clear(&e);
	ok(read_code("/", 0, "", 0, &e) == E_IO && strstr(e.text, "'/' cannot be read: "), "a folder");
}

int main(void)
{
	static const char small[] =
		H7 "a,\"A, \"\"B\"\"\",US,industry,x,2020-01-01,\r\n# c\nb,\xC3\xA9,,individual,x,,2020-01-01\n";

	for (size_t i = 0; i < sizeof bad_orgs / sizeof bad_orgs[0]; i++)
		test_bad(&bad_orgs[i], 1);
	for (size_t i = 0; i < sizeof bad_topics / sizeof bad_topics[0]; i++)
		test_bad(&bad_topics[i], 0);
	for (size_t i = 0; i < sizeof good_orgs / sizeof good_orgs[0]; i++)
		test_good(&good_orgs[i]);
	test_dates();
	test_codes();
	test_find();
	test_merge();
	test_topics();
	test_cut("small.csv", small, sizeof small - 1, 1, 1);
	test_cut_file("jobs/orgs.csv", 311, 1);
	test_cut_file("jobs/topics.csv", 53, 0);
	test_mutate();
	test_rows();
	test_read();
	return plan_done();
}
