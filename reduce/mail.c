// SPDX-License-Identifier: Apache-2.0
#include "reduce/mail.h"

#include <stdlib.h>
#include <string.h>

#include "reduce/analyzer.h" /* last */

static uint16_t length(const struct mail_out *o, uint64_t i)
{
	return (uint16_t)(o->text->off[o->first + i + 1] - o->text->off[o->first + i]);
}

/* Fill the parcels; at[r]: where what goes to rank r goes on, of records and of bytes. */
static void pack(const struct mail_out *o, struct mail *p, uint64_t *at, int nranks)
{
	uint64_t *byte = at + nranks;

	for (int r = 1; r < nranks; r++) {
		at[r] = at[r - 1] + p->record.n[r - 1];
		byte[r] = byte[r - 1] + p->text.n[r - 1];
	}
	for (uint64_t i = 0; i < o->n; i++) {
		int to = o->to[i];
		uint16_t len = length(o, i);

		memcpy((char *)p->record.data + at[to] * o->size, (const char *)o->record + i * o->size, o->size);
		((uint16_t *)p->len.data)[at[to]++] = len;
		memcpy((char *)p->text.data + byte[to], o->text->bytes + o->text->off[o->first + i], len);
		byte[to] += len;
	}
}

static int prepare(const struct mail_out *o, struct mail *p, MPI_Comm comm, struct err *e)
{
	int nranks, rc;
	uint64_t *at;

	MPI_Comm_size(comm, &nranks);
	if ((rc = parcel_init(&p->record, comm, o->size, e)) ||
	    (rc = parcel_init(&p->len, comm, sizeof(uint16_t), e)) || (rc = parcel_init(&p->text, comm, 1, e)))
		return rc;
	for (uint64_t i = 0; i < o->n; i++) {
		p->record.n[o->to[i]]++;
		p->len.n[o->to[i]]++;
		p->text.n[o->to[i]] += length(o, i);
	}
	at = calloc(2 * (size_t)nranks, sizeof *at);
	rc = at ? E_OK : err_set(e, E_NOMEM, "out of memory for an exchange");
	rc = rc ? rc : parcel_alloc(&p->record, comm, e);
	rc = rc ? rc : parcel_alloc(&p->len, comm, e);
	rc = rc ? rc : parcel_alloc(&p->text, comm, e);
	if (!rc)
		pack(o, p, at, nranks);
	free(at);
	return rc;
}

int mail_swap(MPI_Comm comm, int rc, const struct mail_out *out, struct mail *in, struct err *e)
{
	struct mail p = { .at = 0 };

	*in = p;
	rc = rc ? rc : prepare(out, &p, comm, e);
	rc = wire_exchange(comm, rc, &p.record, &in->record, e);
	parcel_release(&p.record);
	rc = wire_exchange(comm, rc, &p.len, &in->len, e);
	rc = wire_exchange(comm, rc, &p.text, &in->text, e);
	mail_release(&p);
	return rc;
}

void mail_release(struct mail *m)
{
	parcel_release(&m->record);
	parcel_release(&m->len);
	parcel_release(&m->text);
	m->at = m->byte = 0;
}

int mail_next(struct mail *m, const void **record, const char **s, size_t *len)
{
	if (m->at >= m->record.total)
		return 0;
	*record = (const char *)m->record.data + m->at * m->record.size;
	*len = ((const uint16_t *)m->len.data)[m->at++];
	*s = (const char *)m->text.data + m->byte;
	m->byte += *len;
	return 1;
}
