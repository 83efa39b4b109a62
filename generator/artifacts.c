/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/artifacts.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "generator/emit_dnsmasq.h"
#include "generator/emit_ip.h"
#include "generator/emit_nft.h"
#include "generator/emit_nft_json.h"
#include "model/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int emit_json(const struct plan *p, const char *policy, struct strbuf *out,
		     struct strbuf *fault)
{
	const struct plan_rule *refused = NULL;
	int r = emit_nft_json(p, policy, out, &refused);

	if (r < 0)
		strbuf_addf(fault,
			    "libnftables JSON cannot express a cgroup match (%s): use the nft text",
			    refused->comment ? refused->comment : "\"cgroups\" in the policy");
	return r;
}

int artifacts_text(const struct plan *p, enum options_format format, const char *policy,
		   struct strbuf *out, struct strbuf *fault)
{
	switch (format) {
	case OPTIONS_NFT:
		emit_nft(p, policy, out);
		return 0;
	case OPTIONS_JSON:
		return emit_json(p, policy, out, fault);
	case OPTIONS_IP:
		strbuf_add(out, "# ---- ip -4 -batch ----\n");
		emit_ip(p, INET4, policy, out);
		strbuf_add(out, "\n# ---- ip -6 -batch ----\n");
		emit_ip(p, INET6, policy, out);
		return 0;
	case OPTIONS_DNSMASQ:
		emit_dnsmasq(p, policy, out);
		return 0;
	case OPTIONS_PLAN:
		plan_dump(p, out);
		return 0;
	}
	return 0;
}

enum artifact {
	ARTIFACT_NFT,
	ARTIFACT_JSON,
	ARTIFACT_IP4,
	ARTIFACT_IP6,
	ARTIFACT_DNSMASQ,
	ARTIFACT_PLAN,
};
#define ARTIFACT_COUNT (ARTIFACT_PLAN + 1)

static const struct {
	const char *name, *temporary;
} files[ARTIFACT_COUNT] = {
	[ARTIFACT_NFT] = { "omr.nft", ".omr.nft.new" },
	[ARTIFACT_JSON] = { "omr.nft.json", ".omr.nft.json.new" },
	[ARTIFACT_IP4] = { "omr.ip4", ".omr.ip4.new" },
	[ARTIFACT_IP6] = { "omr.ip6", ".omr.ip6.new" },
	[ARTIFACT_DNSMASQ] = { "omr.dnsmasq.conf", ".omr.dnsmasq.conf.new" },
	[ARTIFACT_PLAN] = { "omr.plan", ".omr.plan.new" },
};

static int emit_artifact(const struct plan *p, enum artifact a, const char *policy,
			 struct strbuf *out, struct strbuf *fault)
{
	switch (a) {
	case ARTIFACT_NFT:
		return artifacts_text(p, OPTIONS_NFT, policy, out, fault);
	case ARTIFACT_JSON:
		return artifacts_text(p, OPTIONS_JSON, policy, out, fault);
	case ARTIFACT_IP4:
		emit_ip(p, INET4, policy, out);
		return 0;
	case ARTIFACT_IP6:
		emit_ip(p, INET6, policy, out);
		return 0;
	case ARTIFACT_DNSMASQ:
		return artifacts_text(p, OPTIONS_DNSMASQ, policy, out, fault);
	case ARTIFACT_PLAN:
		return artifacts_text(p, OPTIONS_PLAN, policy, out, fault);
	}
	return 0;
}

static int write_all(int fd, const struct strbuf *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = write(fd, text->text + done, text->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static int write_temporary(int dir, const char *name, const struct strbuf *text)
{
	_cleanup_(cleanup_closep) int fd = -1;
	int r;

	/* what a killed run left behind */
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r < 0)
		return r;
	if (fsync(fd) < 0)
		return -errno;
	if (close(TAKE_FD(fd)) < 0)
		return -errno;
	return 0;
}

/* A directory in the place of a file is the one thing that rename would stumble over. */
static int check_place(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

struct run {
	const struct plan *plan;
	const char *path, *policy;
	int dir;
	bool written[ARTIFACT_COUNT];
	struct strbuf *warnings, *fault;
};

static int fail(struct run *run, const char *name, int r)
{
	strbuf_addf(run->fault, "%s%s%s: %s", run->path, name ? "/" : "", name ? name : "",
		    strerror(-r));
	return r;
}

static int write_temporaries(struct run *run)
{
	int r;

	for (int a = 0; a < ARTIFACT_COUNT; a++) {
		_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL, reason = STRBUF_NULL;

		r = check_place(run->dir, files[a].name);
		if (r < 0)
			return fail(run, files[a].name, r);
		r = emit_artifact(run->plan, (enum artifact)a, run->policy, &text, &reason);
		if (r < 0) {
			strbuf_addf(run->warnings, "%s/%s is not written: %s\n", run->path,
				    files[a].name, strbuf_text(&reason));
			continue;
		}
		run->written[a] = true;
		r = write_temporary(run->dir, files[a].temporary, &text);
		if (r < 0)
			return fail(run, files[a].temporary, r);
	}
	return 0;
}

static int put_in_place(struct run *run)
{
	for (int a = 0; a < ARTIFACT_COUNT; a++) {
		if (!run->written[a]) {
			if (unlinkat(run->dir, files[a].name, 0) < 0 && errno != ENOENT)
				return fail(run, files[a].name, -errno);
			continue;
		}
		if (renameat(run->dir, files[a].temporary, run->dir, files[a].name) < 0)
			return fail(run, files[a].name, -errno);
	}
	return 0;
}

int artifacts_write(const struct plan *p, const char *dir, const char *policy,
		    struct strbuf *warnings, struct strbuf *fault)
{
	struct run run = {
		.plan = p, .path = dir, .policy = policy, .warnings = warnings, .fault = fault
	};
	_cleanup_(cleanup_closep) int fd = -1;
	bool made;
	int r;

	made = mkdir(dir, 0777) == 0;
	if (!made && errno != EEXIST)
		return fail(&run, NULL, -errno);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(&run, NULL, -errno);
	run.dir = fd;
	r = write_temporaries(&run);
	if (r == 0)
		r = put_in_place(&run);
	if (r == 0)
		return 0;
	for (int a = 0; a < ARTIFACT_COUNT; a++)
		unlinkat(fd, files[a].temporary, 0);
	if (made)
		rmdir(dir);
	return r;
}
