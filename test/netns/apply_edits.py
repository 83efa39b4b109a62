# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies applied one over the other: see 22_apply_edits.sh."""
import json
import random
import re
import signal
import subprocess
import sys
import time

NFTGEN, TMP, SEED, STEPS = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
rng = random.Random(SEED)
LINKS = ["one", "two", "three", "four"]


def run(*argv, namespace="router", check=True):
    p = subprocess.run(["ip", "netns", "exec", namespace, *argv], capture_output=True, text=True)
    if check and p.returncode:
        sys.exit(f"seed {SEED}: {' '.join(argv)}: {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout


def prefixes(n):
    """Some of a small world, so that rules overlap and neighbours merge."""
    four = [f"{rng.choice([20, 21, 255])}.{rng.randrange(4)}.{rng.randrange(256)}.0/24" for _ in range(n)]
    six = [f"2001:db8:{rng.randrange(64):x}::/48" for _ in range(n // 2)]
    return sorted(set(four + six))


def rule(name, vias):
    r = {"name": name, "via": rng.choice(vias + ["main", "block"])}
    kinds = rng.sample(["to", "domains", "from", "proto", "dports", "iif", "mac", "list"], rng.randint(1, 3))
    if "to" in kinds:
        r["to"] = prefixes(rng.randint(1, 30))
    if "domains" in kinds:
        r["domains"] = [f"{name}.example"]
    if "list" in kinds:
        with open(f"{TMP}/{name}.txt", "w", encoding="ascii") as f:
            f.write("\n".join(prefixes(rng.choice([5, 100, 400]))) + "\n")
        r["lists"] = [f"{name}.txt"]
    if "from" in kinds:
        r["from"] = rng.choice([["192.168.1.0/24"], ["192.168.1.1-192.168.1.9", "fd00::/8"], prefixes(30)])
    if "dports" in kinds:
        r["protocols"] = rng.choice([["tcp"], ["udp"], ["tcp", "udp"]])
        r["dports"] = rng.choice([[25], [80, 443], ["5060-5061", 8000]])
    elif "proto" in kinds:
        r["protocols"] = rng.choice([["tcp"], ["udp", "sctp"], ["icmp"]])
    if "iif" in kinds:
        r["iifs"] = rng.sample(["lan0", "lan1"], rng.randint(1, 2))
    if "mac" in kinds:
        r["macs"] = [f"00:11:22:33:44:{rng.randrange(3):02x}"]
    if rng.random() < 0.2 and r["via"] not in ("main", "block"):
        r["on_down"] = rng.choice(["block", "main"])
    return r


class Walk:
    def __init__(self):
        self.links = {n: {"device": f"w{i + 1}", "id": i + 1} for i, n in enumerate(LINKS)}
        self.groups = {"default": ["one", "two"], "more": ["three", "four", "one"]}
        self.rules = [rule(f"r{i}", self.vias()) for i in range(4)]
        self.timeout = "1d"
        self.serial = len(self.rules)

    def vias(self):
        return list(self.links) + list(self.groups)

    def step(self):
        for _ in range(rng.choice([0, 1, 1, 1, 2, 5])):
            getattr(self, rng.choice([n for n in dir(self) if n.startswith("do_")]))()
        with open(f"{TMP}/policy.json", "w", encoding="ascii") as f:
            json.dump({"version": 1, "links": self.links, "rules": self.rules,
                       "groups": {n: {"links": m} for n, m in self.groups.items()},
                       "dns": {"timeout": self.timeout}}, f)

    def do_add(self):
        self.serial += 1
        self.rules.insert(rng.randint(0, len(self.rules)), rule(f"r{self.serial}", self.vias()))

    def do_remove(self):
        if len(self.rules) > 1:
            self.rules.pop(rng.randrange(len(self.rules)))

    def do_change(self):
        i = rng.randrange(len(self.rules))
        self.rules[i] = rule(self.rules[i]["name"], self.vias())

    def do_move(self):
        self.rules.insert(rng.randint(0, len(self.rules)), self.rules.pop(rng.randrange(len(self.rules))))

    def do_members(self):
        self.groups[rng.choice(list(self.groups))] = rng.sample(LINKS, rng.randint(1, 4))

    def do_via(self):
        r = rng.choice(self.rules)
        r["via"] = rng.choice(self.vias())

    def do_device(self):
        names = rng.sample(LINKS, 2)
        a, b = (self.links[n] for n in names)
        a["device"], b["device"] = b["device"], a["device"]

    def do_masquerade(self):
        link = self.links[rng.choice(LINKS)]
        link["masquerade"] = not link.get("masquerade", False)

    def do_timeout(self):
        self.timeout = rng.choice(["1d", "2h"])


def listing(namespace):
    """The ruleset; slots and the order in which sets and chains were made aside."""
    text = run("nft", "-s", "list", "ruleset", namespace=namespace)
    text = re.sub(r"\.b\b", "", text)
    # a chain that maps lead to keeps the comment it was made with
    text = re.sub(r"(\tchain rule_\S+ \{\n)\t\tcomment .*\n", r"\1", text)
    out = []
    for table in re.split(r"^(?=table )", text, flags=re.M):
        out += sorted(re.split(r"^(?=\t(?:chain|set|map) )", table.rstrip("}\n") + "\n\n", flags=re.M))
    return "".join(line.rstrip() + "\n" for line in "".join(out).splitlines() if line.strip(" \t}"))


def routing(namespace):
    """Our rules and routes; what the kernel numbers by itself aside."""
    out = []
    for family in ("-4", "-6"):
        rules = run("ip", family, "rule", namespace=namespace)
        out += [family + r for r in rules.splitlines() if "proto 153" in r or re.match(r"1\d\d\d:", r)]
    return "\n".join(sorted(out))


def interrupted():
    p = subprocess.Popen(["ip", "netns", "exec", "router", NFTGEN, "--apply", f"{TMP}/policy.json"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.random() * 0.03)
    p.send_signal(signal.SIGKILL)
    p.wait()


def fail(step, what, a, b):
    for name, text in (("want", a), ("got", b)):
        with open(f"{TMP}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
    print(f"seed {SEED}, step {step}: {what}")
    print(subprocess.run(["diff", f"{TMP}/want", f"{TMP}/got"], capture_output=True, text=True).stdout[:4000])
    print(subprocess.run(["cat", f"{TMP}/policy.json"], capture_output=True, text=True).stdout[:6000])
    sys.exit(1)


def main():
    walk = Walk()
    killed = 0
    for step in range(STEPS):
        walk.step()
        if rng.random() < 0.3:
            interrupted()
            killed += 1
            walk.step()
        run(NFTGEN, "--apply", f"{TMP}/policy.json")
        again = run(NFTGEN, "--apply", f"{TMP}/policy.json")
        if again.strip() != "nothing to do":
            fail(step, "a second apply changed something", "nothing to do\n", again)
        got, got_net = listing("router"), routing("router")
        subprocess.run(["ip", "netns", "add", "fresh"], check=True)
        run(NFTGEN, "--apply", f"{TMP}/policy.json", namespace="fresh")
        want, want_net = listing("fresh"), routing("fresh")
        subprocess.run(["ip", "netns", "del", "fresh"], check=True)
        if got != want:
            fail(step, "the ruleset is not that of a fresh load", want, got)
        if got_net != want_net:
            fail(step, "the rules are not those of a fresh load", want_net, got_net)
    print(f"{STEPS} policies, {killed} applies killed")


main()
