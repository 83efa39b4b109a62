/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict readers of small texts: the whole string or -EINVAL, never a prefix of
 * it; -ERANGE when well-formed but out of range. Outputs are untouched on error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int parse_u64(const char *text, uint64_t max, uint64_t *ret); /* no sign, space, leading zero */
int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret); /* a '-' or none */
/* The number at *at, which moves behind its digits whatever the result; the rest may be anything. */
int parse_leading_u64(const char **at, uint64_t max, uint64_t *ret);
int parse_u32_hex(const char *text, uint32_t *ret); /* "0x..." only */
/* "80" or "5060-5061"; both ends 0..max, first <= last else -EDOM. */
int parse_number_range(const char *text, uint32_t max, uint32_t *ret_lo, uint32_t *ret_hi);
/*
 * "250ms", "1s", "5m", "2h", "1d": a number (decimals allowed, "1.5s") and a unit.
 * -ERANGE also when it is not a whole number of milliseconds.
 */
int parse_duration_ms(const char *text, uint64_t *ret_ms);
int parse_mac(const char *text, uint8_t ret[6]); /* "00:11:22:33:44:55" or with '-' */
int parse_time_of_day(const char *text, uint32_t *ret_s); /* "08:00", "08:00:30", "24:00" */
int parse_utc_offset(const char *text, int32_t *ret_s); /* "+01:00", "-09:30", "Z" */

/*
 * A network device name: what the kernel takes (1..15 bytes, not "." "..", "all" or "default"),
 * and of letters, digits and ". _ - + @ =" only, without a '-' in front: safe as it is in
 * nft, ip, dnsmasq and shell text.
 */
bool parse_valid_device(const char *name);
/* Names of links, groups, rules, probes: [A-Za-z0-9][A-Za-z0-9_-]{0,30}. */
bool parse_valid_name(const char *name);
/*
 * A domain in ASCII (RFC 1035 lengths, letters digits '-' '_'), without a trailing dot or
 * wildcard; the last label is not a number (else it is an address in the wrong place).
 */
bool parse_valid_domain(const char *name);
