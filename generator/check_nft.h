/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the kernel try an nft script without loading it. The only place that
 * knows libnftables, and it runs it in a child: the library may call exit(),
 * and the child has a network namespace of its own, so that a big dry run holds
 * up no commit of this machine.
 */
#pragma once

struct strbuf;

enum {
	CHECK_NFT_REFUSED = 1, /* nft's own words are in `fault` */
};

/* 0, CHECK_NFT_REFUSED, or -errno with `fault` saying what could not be tried. */
int check_nft_run(const char *script, struct strbuf *fault);
