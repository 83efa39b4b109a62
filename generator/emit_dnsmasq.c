/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/emit_dnsmasq.h"

#include "base/strbuf.h"
#include "generator/emit_text.h"

void emit_dnsmasq(const struct plan *p, const char *policy, struct strbuf *out)
{
	emit_text_header(out, "dnsmasq fragment", policy);
	strbuf_add(
		out,
		"#\n"
		"# Answers for these names and everything below them go into the sets named. Needs dnsmasq\n"
		"# 2.87 or later with nftset support, and the tables loaded before dnsmasq answers.\n");
	if (p->n_dns == 0)
		strbuf_add(out, "# (The policy names no domain.)\n");
	for (size_t i = 0; i < p->n_dns; i++) {
		const struct plan_dns *d = &p->dns[i];

		strbuf_addf(out, "nftset=/%s/", d->domain);
		for (size_t k = 0; k < d->n_sets; k++) {
			const struct plan_set *s = d->sets[k];

			strbuf_addf(out, "%s%c#inet#%s#%s", k > 0 ? "," : "",
				    emit_text_key_family(s->type) == INET6 ? '6' : '4',
				    plan_table_name(s->table), s->name);
		}
		strbuf_addc(out, '\n');
	}
}
