/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of hooks: which of its files may be run. They run with our
 * rights, so nobody but root and us may have put or changed them.
 */
#pragma once

#include <stddef.h>

#define HOOKS_DIR_FILES_MAX 32

struct hooks_dir;

struct hooks_dir *hooks_dir_new(const char *path);
struct hooks_dir *hooks_dir_free(struct hooks_dir *d);
/*
 * Full paths in the order of their names; *ret_paths is the caller's, with
 * hooks_dir_done(). What is refused is told, once as long as it stays so.
 */
size_t hooks_dir_read(struct hooks_dir *d, char ***ret_paths);
void hooks_dir_done(char **paths, size_t n);
