/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a text that the JSON parser refused: the exact token, in
 * words for the one who wrote it. Runs only after a refusal.
 */
#pragma once

#include <stdbool.h>

struct arena;
struct diag_list;
struct diag_source;

/* How deep values may be nested: the parser's own limit (JSON_PARSER_MAX_DEPTH of jansson). */
#define JSON_SYNTAX_DEPTH_MAX 2048

enum json_syntax_result {
	JSON_SYNTAX_FINE, /* nothing found */
	JSON_SYNTAX_BAD, /* one fault added: the first place that is not JSON */
	JSON_SYNTAX_DUPLICATES, /* JSON, but one fault added for each member written twice */
};

enum json_syntax_result json_syntax_report(const struct diag_source *source,
					   struct diag_list *faults);
