// SPDX-License-Identifier: Apache-2.0
#include "crawler/box.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define SECRET_BYTES 32 /* of P-256: one coordinate */
#define CIPHER_KEY   32

struct box {
	EVP_PKEY *pair;
	unsigned char mine[BOX_KEY];
};

static int failed(const char *what, struct err *e)
{
	unsigned long why = ERR_get_error();
	const char *text = why ? ERR_reason_error_string(why) : NULL;

	ERR_clear_error();
	return err_set(e, E_IO, "OpenSSL cannot %s: %s", what, text ? text : "it does not say why");
}

static EVP_PKEY *make_pair(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *pair = NULL;

	if (!c || EVP_PKEY_keygen_init(c) <= 0 ||
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1) <= 0 || EVP_PKEY_keygen(c, &pair) <= 0)
		pair = NULL;
	EVP_PKEY_CTX_free(c);
	return pair;
}

struct box *box_create(unsigned char mine[BOX_KEY], struct err *e)
{
	struct box *l = calloc(1, sizeof *l);
	unsigned char *at = mine;

	if (!l) {
		err_set(e, E_NOMEM, "no memory for a key");
		return NULL;
	}
	l->pair = make_pair();
	if (!l->pair || i2d_PUBKEY(l->pair, NULL) != BOX_KEY || i2d_PUBKEY(l->pair, &at) != BOX_KEY) {
		failed("make a key of P-256, with which a token is passed on to the other ranks", e);
		box_free(l);
		return NULL;
	}
	memcpy(l->mine, mine, BOX_KEY);
	return l;
}

void box_free(struct box *l)
{
	if (l)
		EVP_PKEY_free(l->pair); /* overwrites the private key */
	free(l);
}

/* What both pairs have in common, and nobody else. */
static int common_secret(const struct box *l, const unsigned char other[BOX_KEY], unsigned char z[SECRET_BYTES])
{
	const unsigned char *at = other;
	EVP_PKEY *peer = d2i_PUBKEY(NULL, &at, BOX_KEY); /* refuses what is no point of the curve */
	EVP_PKEY_CTX *c = peer ? EVP_PKEY_CTX_new(l->pair, NULL) : NULL;
	size_t n = SECRET_BYTES;
	int good = c && EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_derive_set_peer(c, peer) > 0 &&
		   EVP_PKEY_derive(c, z, &n) > 0 && n == SECRET_BYTES;

	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(peer);
	return good ? 0 : -1;
}

/* SHA-256 of the counter, the secret, and who writes to whom. */
static int derive(const struct box *l, const unsigned char other[BOX_KEY], int writes, unsigned char key[CIPHER_KEY])
{
	unsigned char x[4 + SECRET_BYTES + 2 * BOX_KEY] = { 0, 0, 0, 1 }, *to = x + 4 + SECRET_BYTES;
	int good = !common_secret(l, other, x + 4);

	memcpy(to, writes ? l->mine : other, BOX_KEY);
	memcpy(to + BOX_KEY, writes ? other : l->mine, BOX_KEY);
	good = good && EVP_Digest(x, sizeof x, key, NULL, EVP_sha256(), NULL) > 0;
	OPENSSL_cleanse(x, sizeof x);
	return good ? 0 : -1;
}

/* The key is used once, so the nonce may be anything (NIST SP 800-38D, section 8). */
static const unsigned char nonce[12] = "hubcensus 1";

int box_seal(const struct box *l, const unsigned char to[BOX_KEY], const void *text, size_t n, unsigned char *dst,
	     struct err *e)
{
	EVP_CIPHER_CTX *c = n <= INT_MAX ? EVP_CIPHER_CTX_new() : NULL;
	unsigned char key[CIPHER_KEY];
	int len = 0, rest = 0;
	int good = c && !derive(l, to, 1, key) && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) > 0 &&
		   EVP_EncryptUpdate(c, dst, &len, text, (int)n) > 0 && (size_t)len == n &&
		   EVP_EncryptFinal_ex(c, dst + n, &rest) > 0 &&
		   EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, BOX_EXTRA, dst + n) > 0;

	OPENSSL_cleanse(key, sizeof key);
	EVP_CIPHER_CTX_free(c);
	return good ? E_OK : failed("close the token for another rank", e);
}

int box_open(const struct box *l, const unsigned char from[BOX_KEY], const unsigned char *src, size_t n, void *text,
	     struct err *e)
{
	EVP_CIPHER_CTX *c = n <= INT_MAX ? EVP_CIPHER_CTX_new() : NULL;
	unsigned char key[CIPHER_KEY], tag[BOX_EXTRA], none[BOX_EXTRA];
	int len = 0, rest = 0, good;

	memcpy(tag, src + n, sizeof tag);
	good = c && !derive(l, from, 0, key) && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) > 0 &&
	       EVP_DecryptUpdate(c, text, &len, src, (int)n) > 0 && (size_t)len == n &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, BOX_EXTRA, tag) > 0 &&
	       EVP_DecryptFinal_ex(c, none, &rest) > 0;
	OPENSSL_cleanse(key, sizeof key);
	EVP_CIPHER_CTX_free(c);
	if (good)
		return E_OK;
	OPENSSL_cleanse(text, n);
	return failed("open the token from rank 0: it is not what that rank sent", e);
}
