// SPDX-License-Identifier: Apache-2.0
#include "io/pseudonym.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The standard construction from the library that curl's TLS rests on anyway. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "io/snapshot.h"

#define NAME "users.key"

static void put_hex(const unsigned char *b, size_t n, char *hex)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = digit[b[i] >> 4];
		hex[2 * i + 1] = digit[b[i] & 15];
	}
}

static int get_hex(const char *hex, unsigned char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned x;

		if (strspn(hex + 2 * i, "0123456789abcdef") < 2 || sscanf(hex + 2 * i, "%2x", &x) != 1)
			return -1;
		b[i] = (unsigned char)x;
	}
	return 0;
}

static int make_key(struct pseudonym *p, const char *dir, struct err *e)
{
	char text[2 * sizeof p->key + 1];
	mode_t mask;
	int rc;

	if (getrandom(p->key, sizeof p->key, 0) != (ssize_t)sizeof p->key)
		return err_sys(e, errno, "no random numbers from the system");
	put_hex(p->key, sizeof p->key, text);
	text[sizeof text - 1] = '\n';
	mask = umask(077);
	rc = snapshot_write_file(dir, NAME, text, sizeof text, e);
	umask(mask);
	OPENSSL_cleanse(text, sizeof text);
	return rc;
}

static int read_key(struct pseudonym *p, const char *dir, int *found, struct err *e)
{
	char path[4200], text[2 * sizeof p->key + 1] = "";
	ssize_t n;
	int fd, bad;

	snprintf(path, sizeof path, "%s/" NAME, dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*found = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? E_OK : err_sys(e, errno, "cannot read '%s'", path);
	n = read(fd, text, 2 * sizeof p->key);
	bad = n < 0 ? errno : 0;
	close(fd);
	if (bad)
		return err_sys(e, bad, "cannot read '%s'", path);
	bad = n != (ssize_t)(2 * sizeof p->key) || get_hex(text, p->key, sizeof p->key);
	OPENSSL_cleanse(text, sizeof text);
	return bad ? err_set(e, E_FORMAT, "'%s' is damaged: it should hold 64 hexadecimal digits", path) : E_OK;
}

int pseudonym_open(struct pseudonym *p, const char *dir, int make, int *found, struct err *e)
{
	memset(p, 0, sizeof *p);
	if (read_key(p, dir, found, e) || (!*found && (!make || make_key(p, dir, e))))
		return e->code;
	if (pseudonym_of(p, "", 0, p->id))
		return err_set(e, E_NOMEM, "no memory for the hashes of names");
	return E_OK;
}

int pseudonym_of(const struct pseudonym *p, const char *name, size_t n, char hex[PSEUDONYM_HEX])
{
	unsigned char key[ACCOUNT_NAME_MAX], mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	n = n < sizeof key ? n : sizeof key;
	account_key((char *)key, name, n);
	if (!HMAC(EVP_sha256(), p->key, sizeof p->key, key, n, mac, &len))
		return -1;
	put_hex(mac, PSEUDONYM_HEX / 2, hex);
	return 0;
}

struct account pseudonym_coarsen(struct account a)
{
	time_t t = (time_t)oid_seconds(a.oid);
	struct tm tm;
	int64_t power = 1;

	if (oid_cmp(a.oid, OID_MIN) != 0 && gmtime_r(&t, &tm)) {
		struct tm year = { .tm_year = tm.tm_year, .tm_mday = 1 };

		a.oid = oid_at(timegm(&year));
	}
	while (power <= a.followers / 2)
		power *= 2;
	if (a.followers > 0)
		a.followers = power;
	return a;
}
