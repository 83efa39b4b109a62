/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target over files, without a fuzzer: what was found once stays
 * tested by every compiler. replay FILE-OR-DIRECTORY...
 */
#include "base/cleanup.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)1 << 20)

static unsigned count;

static int replay_file(const char *path)
{
	_cleanup_(cleanup_fclosep) FILE *f = fopen(path, "rbe");
	_cleanup_(cleanup_freep) uint8_t *all = malloc(INPUT_MAX);
	_cleanup_(cleanup_freep) uint8_t *exact = NULL;
	size_t size;

	if (!f || !all) {
		perror(path);
		return -1;
	}
	size = fread(all, 1, INPUT_MAX, f);
	/* a block of just its size, so that reading over its end is noticed */
	exact = malloc(size ? size : 1);
	if (!exact || ferror(f)) {
		perror(path);
		return -1;
	}
	memcpy(exact, all, size);
	fprintf(stderr, "%s\n", path); /* the last one named is the one that broke */
	LLVMFuzzerTestOneInput(exact, size);
	count++;
	return 0;
}

static int replay(const char *path)
{
	struct dirent **entries;
	int n, r = 0;

	n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return replay_file(path);
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && replay(file) < 0)
			r = -1;
		free(entries[i]);
	}
	free(entries);
	return r;
}

int main(int argc, char **argv)
{
	int r = 0;

	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) < 0)
			r = 1;
	printf("%u inputs\n", count);
	return count ? r : 1;
}
