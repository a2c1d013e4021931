// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "io/err.h"
#include "tests/tap.h"

static void printable(void)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
	} t[] = {
		{ "plain", 5, "plain" },
		{ "a\033[31mred", 9, "a?[31mred" },
		{ "a\nb\tc\rd", 7, "a?b?c?d" },
		{ "a\0b", 3, "a?b" },
		{ "\xC3\xA9t\xC3\xA9", 5, "\xC3\xA9t\xC3\xA9" },
		{ "\xC3", 1, "?" },
		{ "\xC0\xAF", 2, "??" },
		{ "\xED\xA0\x80", 3, "???" },
		{ "\xC2\x9B"
		  "31m",
		  5, "?31m" },
		{ "x\xE2\x80\xAEgnp", 7, "x?gnp" },
		{ "\xD8\x9C\xD8\xA7", 4, "?\xD8\xA7" },
		{ "\xF0\x9F\xA4\x97", 4, "\xF0\x9F\xA4\x97" },
		{ "\xF4\x90\x80\x80", 4, "????" },
		{ "", 0, "" },
	};
	char out[64];

	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		ok(!strcmp(err_printable(out, sizeof out, t[i].in, t[i].n), t[i].out), "printable %zu: '%s'", i, out);
	ok(!strcmp(err_printable(out, 9, "0123456789", 10), "01234..."), "a cut is marked: '%s'", out);
	ok(!strcmp(err_printable(out, 6,
				 "ab\xC3\xA9"
				 "cd",
				 6),
		   "ab..."),
	   "a cut never halves a character: '%s'", out);
	ok(!strcmp(err_printable(out, 3, "abcdef", 6), "ab"), "no room for the mark");
	for (size_t n = 1; n < 20; n++) {
		memset(out, 'x', sizeof out);
		err_printable(out, n, "\xF0\x9F\xA4\x97\xF0\x9F\xA4\x97\xF0\x9F\xA4\x97", 12);
		if (strlen(out) >= n || out[n] != 'x')
			ok(0, "never beyond %zu bytes", n);
	}
}

static void word(void)
{
	static const char *const t[][2] = {
		{ "a/b-1.0", "a/b-1.0" },    { "a b", "'a b'" },   { "", "''" },
		{ "it's", "'it'\\''s'" },    { "$(x)", "'$(x)'" }, { "ctl\033[31mx\n", "'ctl?[31mx?'" },
		{ "\xC3\xA9", "'\xC3\xA9'" }
	};
	char out[64];

	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		ok(!strcmp(err_word(out, sizeof out, t[i][0]), t[i][1]), "a word of a shell: %s", out);
	for (size_t n = 16; n < 40; n++) {
		memset(out, 'x', sizeof out);
		err_word(out, n, "''");
		ok(strlen(out) < n && out[n] == 'x', "never beyond %zu bytes: %s", n, out);
	}
}

int main(void)
{
	word();
	struct err e = ERR_INIT;

	printable();
	ok(err_set(&e, E_IO, "cannot read '%s'", "a\nb") == E_IO && !strcmp(e.text, "cannot read 'a?b'"),
	   "text is cleaned: %s", e.text);
	ok(err_set(&e, E_NOMEM, "later") == E_IO && !strcmp(e.text, "cannot read 'a?b'"), "the first failure wins");
	ok(err_set(NULL, E_H5, "x") == E_H5, "no err: the code alone");
	err_clear(&e);
	ok(err_sys(&e, 2, "cannot open '%s'", "f") == E_IO &&
		   !strcmp(e.text, "cannot open 'f': No such file or directory"),
	   "%s", e.text);
	err_clear(&e);
	ok(err_sys(&e, EDQUOT, "cannot rename '%s'", "f;g") == E_IO &&
		   strstr(e.text, "'f;g'; free some space, then run") && strstr(e.text, strerror(EDQUOT)),
	   "%s", e.text);
	err_clear(&e);
	ok(err_sys(&e, ENOSPC, "cannot write '%s'; do this", "f") == E_IO && !strstr(e.text, "free some space"),
	   "what is said is not said twice: %s", e.text);
	ok(err_exit_code(E_OK) == 0 && err_exit_code(E_USAGE) == 2 && err_exit_code(E_STOPPED) == 3 &&
		   err_exit_code(E_H5) == 4 && err_exit_code(E_FORMAT) == 4 && err_exit_code(E_DENIED) == 4,
	   "exit codes");
	return plan_done();
}
