/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/doctor_look.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "daemon/doctor_look_nft.h"
#include "io/apply.h"
#include "io/sysctl.h"
#include "model/plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define FILE_LIMIT	 (1u << 20)
#define PROGRAM_LIMIT_MS 3000

/* ---- files --------------------------------------------------------------- */

/* At most FILE_LIMIT bytes; false: it cannot be read. */
static bool read_file(const char *path, struct strbuf *out)
{
	_cleanup_(cleanup_fclosep) FILE *f = fopen(path, "re");
	char buf[4096];
	size_t n;

	if (!f)
		return false;
	while (out->len < FILE_LIMIT && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		strbuf_addn(out, buf, n);
	return !ferror(f);
}

static bool read_number(const char *path, uint64_t *ret)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	const char *at;

	if (!read_file(path, &text))
		return false;
	at = strbuf_text(&text);
	return parse_leading_u64(&at, UINT64_MAX / 16, ret) == 0;
}

static int read_flag(const char *path)
{
	uint64_t n;

	return read_number(path, &n) ? (int)n : -1;
}

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* Calls f for every regular file of a directory with this end; a missing one is an empty one. */
static void each_file(const char *directory, const char *suffix,
		      void (*f)(const char *path, void *data), void *data)
{
	DIR *d = opendir(directory);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		_cleanup_(strbuf_done) struct strbuf path = STRBUF_NULL;
		size_t len = strlen(e->d_name), end = strlen(suffix);

		if (e->d_name[0] == '.' || len < end || strcmp(e->d_name + len - end, suffix) != 0)
			continue;
		strbuf_addf(&path, "%s/%s", directory, e->d_name);
		f(strbuf_text(&path), data);
	}
	if (d)
		closedir(d);
}

/* A program by its name in /proc/PID/comm. */
static enum doctor_answer runs(const char *name)
{
	DIR *d = opendir("/proc");
	enum doctor_answer answer = d ? DOCTOR_NO : DOCTOR_UNKNOWN;
	const struct dirent *e;

	while (d && answer == DOCTOR_NO && (e = readdir(d))) {
		_cleanup_(strbuf_done) struct strbuf path = STRBUF_NULL, comm = STRBUF_NULL;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		strbuf_addf(&path, "/proc/%s/comm", e->d_name);
		if (!read_file(strbuf_text(&path), &comm))
			continue;
		/* the kernel cuts names to 15 bytes */
		if (!strncmp(strbuf_text(&comm), name, strnlen(name, 15)) &&
		    comm.text[strnlen(name, 15)] == '\n')
			answer = DOCTOR_YES;
	}
	if (d)
		closedir(d);
	return answer;
}

/* ---- sysctls and devices ------------------------------------------------- */

static void look_at_links(struct doctor_facts *f)
{
	for (size_t i = 0; i < f->n_links; i++) {
		struct doctor_link *l = &f->links[i];

		l->present = if_nametoindex(l->device) != 0;
		if (sysctl_rp_filter(l->device, &l->rp_filter) < 0)
			l->rp_filter = -1;
		for (enum inet_family k = INET4; k <= INET6; k++)
			if (sysctl_conf_get(k, l->device, "ignore_routes_with_linkdown",
					    &l->ignore_linkdown[k]) < 0)
				l->ignore_linkdown[k] = -1;
	}
}

static void look_at_sysctls(struct doctor_facts *f)
{
	f->forward[INET4] = read_flag("/proc/sys/net/ipv4/ip_forward");
	f->forward[INET6] = read_flag("/proc/sys/net/ipv6/conf/all/forwarding");
	f->src_valid_mark = read_flag("/proc/sys/net/ipv4/conf/all/src_valid_mark");
	f->conntrack = exists("/proc/sys/net/netfilter/nf_conntrack_max") ? DOCTOR_YES : DOCTOR_NO;
	if (!read_number("/proc/sys/net/netfilter/nf_conntrack_count", &f->conntrack_count) ||
	    !read_number("/proc/sys/net/netfilter/nf_conntrack_max", &f->conntrack_max))
		f->conntrack_max = 0;
}

static void look_at_devices(struct arena *a, struct doctor_facts *f)
{
	struct if_nameindex *list = if_nameindex();
	size_t cap = 0;

	for (size_t i = 0; list && list[i].if_index; i++)
		*ARENA_PUSH(a, f->devices, f->n_devices, cap) = arena_strdup(a, list[i].if_name);
	if (list)
		if_freenameindex(list);
}

static void look_at_routing(struct arena *a, struct doctor_facts *f)
{
	struct netstate *net = arena_alloc(a, sizeof(*net));
	struct apply *ap = NULL;

	if (apply_open(&ap) == 0 && apply_observe(ap, a, net) == 0)
		f->net = net;
	apply_close(ap);
}

/* ---- systemd-networkd ---------------------------------------------------- */

/* The last word counts, as in systemd; good enough to ask whether somebody has said no. */
static void look_at_networkd_file(const char *path, void *data)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	static const char key[] = "\nManageForeignRoutingPolicyRules=";
	enum doctor_answer *keeps = data;
	const char *at;

	strbuf_addc(&text, '\n');
	if (!read_file(path, &text))
		return;
	for (at = strbuf_text(&text); (at = strstr(at, key));) {
		at += sizeof(key) - 1;
		*keeps = !strncasecmp(at, "no", 2) || !strncasecmp(at, "false", 5) ||
					 !strncasecmp(at, "off", 3) || *at == '0'
				 ? DOCTOR_YES
				 : DOCTOR_NO;
	}
}

static void look_at_networkd(struct doctor_facts *f)
{
	static const char *const directories[] = { "/usr/lib/systemd/networkd.conf.d",
						   "/run/systemd/networkd.conf.d",
						   "/etc/systemd/networkd.conf.d" };

	f->networkd = runs("systemd-networkd");
	f->networkd_keeps_rules = DOCTOR_NO;
	look_at_networkd_file("/etc/systemd/networkd.conf", &f->networkd_keeps_rules);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		each_file(directories[i], ".conf", look_at_networkd_file, &f->networkd_keeps_rules);
}

/* ---- dnsmasq ------------------------------------------------------------- */

/* What a program says, or false: it is not there, or does not end. */
static bool ask_program(const char *const *argv, struct strbuf *out)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *environment[] = { path, NULL };
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], status, r;
	char buf[1024];
	ssize_t n = 1;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	/* exec*() wants what it will not change without const */
	r = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv,
			 environment);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	while (r == 0 && n > 0 && out->len < FILE_LIMIT) {
		struct pollfd wait = { .fd = pipe_fds[0], .events = POLLIN };

		n = poll(&wait, 1, PROGRAM_LIMIT_MS) == 1 ? read(pipe_fds[0], buf, sizeof(buf))
							  : -1;
		if (n > 0)
			strbuf_addn(out, buf, (size_t)n);
	}
	close(pipe_fds[0]);
	if (r != 0)
		return false;
	if (n != 0)
		kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static void look_for_our_sets(const char *path, void *data)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	enum doctor_answer *loaded = data;

	if (!read_file(path, &text))
		return;
	if (strstr(strbuf_text(&text), "nftset=") &&
	    strstr(strbuf_text(&text), plan_table_name(PLAN_TABLE_BYPASS)))
		*loaded = DOCTOR_YES;
}

static void look_at_dnsmasq(struct doctor_facts *f)
{
	static const char *const argv[] = { "dnsmasq", "--version", NULL };
	static const char *const directories[] = { "/etc/dnsmasq.d", "/tmp/dnsmasq.d",
						   "/run/dnsmasq.d",
						   "/etc/NetworkManager/dnsmasq.d" };
	_cleanup_(strbuf_done) struct strbuf version = STRBUF_NULL;

	if (!f->claims.domains)
		return;
	f->dnsmasq = runs("dnsmasq");
	if (ask_program(argv, &version))
		f->dnsmasq_nftset =
			strstr(strbuf_text(&version), " nftset") ? DOCTOR_YES : DOCTOR_NO;
	f->dnsmasq_loaded = DOCTOR_NO;
	look_for_our_sets("/etc/dnsmasq.conf", &f->dnsmasq_loaded);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		each_file(directories[i], "", look_for_our_sets, &f->dnsmasq_loaded);
}

void doctor_look(struct arena *a, struct doctor_facts *f)
{
	look_at_devices(a, f);
	look_at_links(f);
	look_at_sysctls(f);
	look_at_routing(a, f);
	doctor_look_nft(a, f);
	look_at_networkd(f);
	f->network_manager = runs("NetworkManager");
	look_at_dnsmasq(f);
}
