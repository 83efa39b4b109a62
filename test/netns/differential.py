#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies against real flows; run by 40_differential.sh in the lab's router.

The oracle (class Oracle) reads the policy's JSON by itself and knows nothing of
the compiler: keys ANDed, values ORed, first match wins, on_down in turn.
"""
import datetime
import ipaddress
import json
import os
import random
import subprocess
import sys
import time

LINKS = ["isp1", "isp2", "isp3"]
GATEWAYS = {link: (f"10.{n}.0.1", f"fd00:a:{n}::1") for n, link in enumerate(LINKS, 1)}
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "gre": 47, "esp": 50, "sctp": 132,
             "udplite": 136}
WITH_PORTS = (6, 17, 132, 136)
DSCP = {"ef": 46, "af41": 34, "cs1": 8, "cs0": 0}
ICMP_TYPES = {"echo-request": (8, 128)}
TMP = sys.argv[1] if len(sys.argv) > 1 else "."


class Oracle:
    """Where a flow leaves, by the letter of the policy."""

    def __init__(self, policy, down=()):
        self.policy = policy
        self.down = set(down)

    @staticmethod
    def address_in(text, address):
        if "-" in text:
            low, high = (ipaddress.ip_address(t) for t in text.split("-"))
            return low.version == address.version and low <= address <= high
        net = ipaddress.ip_network(text)
        return net.version == address.version and address in net

    @staticmethod
    def port_in(value, port):
        if isinstance(value, int):
            return value == port
        low, high = value.split("-")
        return int(low) <= port <= int(high)

    def matches(self, rule, flow):
        if not rule.get("enabled", True):
            return False
        version = flow["dst"].version
        if f"ipv{version}" not in rule.get("families", ["ipv4", "ipv6"]):
            return False
        if "to" in rule or "lists" in rule:
            texts = list(rule.get("to", []))
            for name in rule.get("lists", []):
                with open(os.path.join(TMP, name), encoding="ascii") as f:
                    texts += [t for t in (line.split("#")[0].strip() for line in f) if t]
            if not any(self.address_in(t, flow["dst"]) for t in texts):
                return False
        if "from" in rule and not any(self.address_in(t, flow["src"]) for t in rule["from"]):
            return False
        if "macs" in rule and flow["mac"] not in rule["macs"]:
            return False
        if "iifs" in rule and flow["iif"] not in rule["iifs"]:
            return False
        if "protocols" in rule and flow["proto"] not in [PROTOCOLS.get(p, p) for p in rule["protocols"]]:
            return False
        if "sports" in rule or "dports" in rule:
            if flow["proto"] not in (WITH_PORTS if "protocols" in rule else (6, 17)):
                return False
        for key, port in (("sports", flow["sport"]), ("dports", flow["dport"])):
            if key in rule and not any(self.port_in(v, port) for v in rule[key]):
                return False
        if "icmp_types" in rule:
            if flow["proto"] != (1 if version == 4 else 58):
                return False
            types = [ICMP_TYPES[t][0 if version == 4 else 1] if isinstance(t, str) else t
                     for t in rule["icmp_types"]]
            if flow["icmp_type"] not in types:
                return False
        if "dscp" in rule and flow["dscp"] not in [DSCP.get(d, d) for d in rule["dscp"]]:
            return False
        if "schedule" in rule:
            today = DAYS[datetime.datetime.now(datetime.timezone.utc).weekday()]
            if today not in rule["schedule"]["days"]:
                return False
        return True

    def leaves_by(self, via, on_down):
        """The set of places where a flow of this target may come out."""
        if via == "main":
            return {"tunnel"}
        if via == "block":
            return {"blocked"}
        group = self.policy["groups"].get(via)
        if group is None:
            links, own_on_down = [via], "main"
        else:
            links = [m["link"] if isinstance(m, dict) else m for m in group["links"]]
            own_on_down = group.get("on_down", "main")
        usable = [link for link in links if link not in self.down]
        if usable:
            return set(usable) if group and group.get("mode") == "balance" else {usable[0]}
        return self.leaves_by(on_down or own_on_down, None)

    def __call__(self, flow):
        for number, rule in enumerate(self.policy["rules"], 1):
            if self.matches(rule, flow):
                return self.leaves_by(rule["via"], rule.get("on_down")), number
        return self.leaves_by(self.policy.get("default", "main"), None), 0


# ---- random policies -------------------------------------------------------

def some(rng, values, most=3):
    values = list(values)
    return rng.sample(values, rng.randint(1, min(most, len(values))))


def random_prefix(rng, version):
    """From few distinct bits, so that prefixes overlap, nest and touch."""
    if version == 4:
        address = 0x64400000 | rng.getrandbits(2) << 20 | rng.getrandbits(2) << 8 | rng.getrandbits(3)
        length = rng.choice([10, 11, 12, 13, 16, 22, 23, 24, 24, 29, 30, 31, 32, 32])
    else:
        address = (0x20010db8 << 96 | rng.getrandbits(2) << 93 | rng.getrandbits(2) << 78 |
                   rng.getrandbits(2) << 62 | rng.getrandbits(2))
        length = rng.choice([32, 33, 35, 36, 48, 49, 50, 63, 64, 65, 66, 126, 127, 128])
    return ipaddress.ip_network((address, length), strict=False)


def random_destination(rng, version):
    net = random_prefix(rng, version)
    if rng.random() < 0.15:
        other = random_prefix(rng, version)
        low, high = sorted([net[rng.randrange(min(4, net.num_addresses))], other[0]])
        return f"{low}-{high}" if low != high else str(low)
    if net.num_addresses == 1 and rng.random() < 0.5:
        return str(net[0])
    return str(net)


def random_source(rng, version):
    if version == 4:
        return rng.choice(["192.168.1.0/24", "192.168.2.0/24", "192.168.1.32/27", "192.168.1.64/26",
                           "192.168.1.40-192.168.1.70", "192.168.0.0/16", "192.168.1.33", "10.77.0.0/16"])
    return rng.choice(["fd00:c:1::/64", "fd00:c:2::/64", "fd00:c:1::20/123", "fd00:c:1::40/122",
                       "fd00:c:1::28-fd00:c:1::46", "fd00:c::/32", "fd00:c:1::21", "fd00:77::/32"])


def random_ports(rng):
    out = []
    for _ in range(rng.randint(1, 3)):
        low = rng.choice([53, 80, 443, 1000, 2000, 5060]) + rng.randint(0, 3)
        value = low if rng.random() < 0.5 else f"{low}-{low + rng.randint(1, 900)}"
        if value not in out:
            out.append(value)
    return out


def random_rule(rng, number, policy):
    rule = {"name": f"r{number}"}
    versions = rng.choice([[4], [6], [4, 6], [4, 6], [4, 6]])
    shape = rng.random()
    if shape < 0.8:
        destinations = [random_destination(rng, rng.choice(versions)) for _ in range(rng.randint(1, 6))]
        rule["to"] = sorted(set(destinations))
        if rng.random() < 0.1:
            rule["lists"] = [f"list{number}.txt"]
            with open(os.path.join(TMP, rule["lists"][0]), "w", encoding="ascii") as f:
                f.write("# a list\n")
                for _ in range(5):
                    f.write(random_destination(rng, rng.choice(versions)) + "\n")
            if rng.random() < 0.5:
                del rule["to"]
    if shape > 0.55:  # conditions besides, or instead of, a destination
        kinds = rng.sample(["from", "macs", "iifs", "transport", "dscp", "families", "schedule", "icmp"],
                           rng.randint(1, 3))
        if "from" in kinds:
            rule["from"] = sorted({random_source(rng, rng.choice(versions)) for _ in range(rng.randint(1, 3))})
        if "macs" in kinds:
            rule["macs"] = some(rng, [f"02:00:00:00:aa:{n:02x}" for n in range(4)])
        if "iifs" in kinds:
            rule["iifs"] = some(rng, ["lan1", "lan2", "lan3"], 2)
        if "dscp" in kinds:
            rule["dscp"] = some(rng, [46, 34, 8, 10, 0])
            rule["dscp"] = [{46: "ef", 34: "af41"}.get(d, d) if rng.random() < 0.5 else d for d in rule["dscp"]]
        if "families" in kinds:
            rule["families"] = rng.choice([["ipv4"], ["ipv6"], ["ipv4", "ipv6"]])
        if "schedule" in kinds:
            today = datetime.datetime.now(datetime.timezone.utc).weekday()
            near = {DAYS[(today + d) % 7] for d in (-1, 0, 1)}
            rule["schedule"] = {"days": DAYS if rng.random() < 0.5 else [d for d in DAYS if d not in near]}
        if "transport" in kinds:
            if rng.random() < 0.7:
                rule["protocols"] = some(rng, ["tcp", "udp", "sctp", "udplite"], 2)
                for key in ("sports", "dports"):
                    if rng.random() < 0.6:
                        rule[key] = random_ports(rng)
            elif rng.random() < 0.5:
                rule[rng.choice(["sports", "dports"])] = random_ports(rng)
            else:
                rule["protocols"] = some(rng, ["tcp", "udp", "icmp", "icmpv6", "gre", 50], 3)
        elif "icmp" in kinds:
            rule["icmp_types"] = ["echo-request"]
            rule.pop("families", None)  # a contradiction would be refused
            if rng.random() < 0.5:
                rule["protocols"] = some(rng, ["icmp", "icmpv6"], 2)
    if len(rule) == 1:
        rule["families"] = ["ipv6"]
        rule["dscp"] = [8]
    targets = LINKS + list(policy["groups"])
    rule["via"] = rng.choice(targets * 3 + ["main", "main", "block"])
    if rule["via"] in targets and rng.random() < 0.4:
        # no circle: a group's on_down is a later one
        names = list(policy["groups"])
        after = names.index(rule["via"]) + 1 if rule["via"] in names else 0
        rule["on_down"] = rng.choice(["main", "block", "block"] + names[after:])
    if rng.random() < 0.12:
        rule["enabled"] = False
    return rule


def random_policy(rng):
    policy = {"version": 1, "links": {}, "groups": {}, "rules": []}
    ids = rng.sample(range(1, 200), len(LINKS)) if rng.random() < 0.5 else [1, 2, 3]
    for n, link in enumerate(LINKS):
        policy["links"][link] = {"device": f"w{n + 1}", "id": ids[n], "masquerade": rng.random() < 0.5}
        if os.environ.get("OMR_LAB_LOAD") == "text" or rng.random() < 0.5:
            policy["links"][link]["gateway4"], policy["links"][link]["gateway6"] = GATEWAYS[link]
    for name in ["default", "second", "third"][:rng.randint(1, 3)]:
        policy["groups"][name] = {"links": some(rng, LINKS)}
    names = list(policy["groups"])
    for n, name in enumerate(names):
        group = policy["groups"][name]
        if rng.random() < 0.2:
            group["mode"] = "balance"
            group["links"] = [{"link": link, "weight": rng.randint(1, 5)} for link in group["links"]]
        if rng.random() < 0.5:
            group["on_down"] = rng.choice(["main", "block"] + names[n + 1:])
    if rng.random() < 0.3:
        policy["default"] = rng.choice(names + LINKS)
    if rng.random() < 0.2:
        policy["mark_mask"] = rng.choice(["0x0000ffff", "0x00ffff00", "0xff000000", "0x0ffffff0"])
    for number in range(1, rng.randint(1, 20) + 1):
        policy["rules"].append(random_rule(rng, number, policy))
    return policy


# ---- random flows ----------------------------------------------------------

def borders(policy):
    """Addresses at, just before and just behind the ends of every prefix, by version."""
    out = {4: [], 6: []}
    world = {4: ipaddress.ip_network("100.64.0.0/10"), 6: ipaddress.ip_network("2001:db8::/32")}
    texts = []
    for rule in policy["rules"]:
        texts += rule.get("to", [])
        for name in rule.get("lists", []):
            with open(os.path.join(TMP, name), encoding="ascii") as f:
                texts += [line.strip() for line in f if not line.startswith("#")]
    for text in texts:
        if "-" in text:
            low, high = (ipaddress.ip_address(t) for t in text.split("-"))
        else:
            net = ipaddress.ip_network(text)
            low, high = net[0], net[-1]
        for address in (low, high, low - 1, low + 1, high - 1, high + 1):
            if address in world[address.version]:
                out[address.version].append(address)
    for version, net in world.items():
        out[version] += [net[1], net[-2]]
    return out


def port_borders(policy, key):
    out = [1, 53, 65535]
    for rule in policy["rules"]:
        for value in rule.get(key, []):
            ends = [value] if isinstance(value, int) else [int(p) for p in value.split("-")]
            out += [p + d for p in ends for d in (-1, 0, 1)]
    return out


def random_flows(rng, policy, count, seen):
    near, flows = borders(policy), []
    sports, dports = port_borders(policy, "sports"), port_borders(policy, "dports")
    while len(flows) < count:
        version = rng.choice([4, 6])
        lan = rng.choice([1, 1, 1, 2])
        if rng.random() < 0.85:
            dst = rng.choice(near[version])
        else:
            net = random_prefix(rng, version)
            dst = net[rng.randrange(net.num_addresses)]
        host = rng.choice([10, 11, 31, 32, 33, 39, 40, 41, 63, 64, 69, 70, 71, 127, 128])
        if version == 4:
            src = ipaddress.ip_address(rng.choice([f"192.168.{lan}.{host}"] * 4 + [f"10.77.1.{host}"]))
        else:
            src = ipaddress.ip_address(rng.choice([f"fd00:c:{lan}::{host:x}"] * 4 + [f"fd00:77::{host:x}"]))
        proto = rng.choice([6, 6, 6, 17, 17, 17, 1 if version == 4 else 58, 47, 50, 132, 136])
        flow = {
            "from": {1: "client", 2: "neighbour"}[lan], "iif": f"lan{lan}", "proto": proto,
            "src": src, "dst": dst,
            "sport": rng.choice(sports) if rng.random() < 0.4 else rng.randint(1024, 65535),
            "dport": rng.choice(dports) if rng.random() < 0.8 else rng.randint(1, 65535),
            "dscp": rng.choice([0, 0, 8, 10, 34, 46]),
            "icmp_type": 8 if version == 4 else 128,
            "mac": f"02:00:00:00:aa:{rng.randrange(5):02x}",
        }
        if proto in (1, 58):
            flow["dport"] = 0
            if version == 4 and rng.random() < 0.2:
                flow["icmp_type"] = 13
        elif proto not in WITH_PORTS:
            flow["sport"] = flow["dport"] = 0
        key = (src, dst, proto, flow["sport"], flow["dport"])
        if proto in (1, 58):  # one conversation, whatever its type
            key = (src, dst, proto, flow["sport"])
        elif proto not in WITH_PORTS:  # masquerading has one address and no ports to tell two by
            key = (dst, proto)
        if key in seen:
            if proto not in (6, 17):
                continue
            flow["sport"] = rng.randint(1024, 65535)
            key = (src, dst, proto, flow["sport"], flow["dport"])
            if key in seen:
                continue
        seen.add(key)
        flows.append(flow)
    return flows


# ---- the lab ---------------------------------------------------------------

def run(*args, **kwargs):
    return subprocess.run(args, check=True, text=True, stdout=subprocess.PIPE, **kwargs).stdout


def send(flows):
    args = [os.environ["OMR_TOOLS"] + "/flows"]
    for n, ns in enumerate(("client", "neighbour"), 1):
        args += ["-f", f"{ns}:/run/netns/{ns}:eth0:02:00:00:00:0{n}:01"]
    for ns in ["tunnel"] + LINKS:
        args += ["-c", f"{ns}:/run/netns/{ns}:cable"]
    lines = "".join("{from} {proto} {src} {sport} {dst} {dport} {dscp} {icmp_type} {mac}\n".format(**f)
                    for f in flows)
    return run(*args, input=lines).split()


def load(path):
    nftgen = os.environ["OMR_BIN"] + "/omr-nftgen"

    def run(*args):  # warnings (rules that never match) are expected here
        done = subprocess.run(args, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(args)}: exit {done.returncode}\n{done.stderr}")

    if os.environ.get("OMR_LAB_LOAD") != "text":
        run(nftgen, "--apply", path)
        return
    for family in ("-4", "-6"):
        run("ip", family, "rule", "flush", "protocol", "153")
        subprocess.run(["ip", family, "route", "flush", "table", "all", "proto", "153"], check=False)
    run(nftgen, "-o", TMP + "/emitted", path)
    run("nft", "-f", TMP + "/emitted/omr.nft")
    for family in "46":
        run("ip", "-" + family, "-batch", f"{TMP}/emitted/omr.ip{family}")
        for device in ("w1", "w2", "w3"):
            with open(f"/proc/sys/net/ipv{family}/conf/{device}/ignore_routes_with_linkdown", "w",
                      encoding="ascii") as f:
                f.write("1\n")


class Daemon:
    """omr-nftd with a policy: it loads it, and names the links."""

    def __init__(self, path):
        self.log = open(TMP + "/daemon.log", "w", encoding="ascii")
        self.process = subprocess.Popen(
            [os.environ["OMR_BIN"] + "/omr-nftd", "--policy", path, "--socket", TMP + "/daemon.sock"],
            stderr=self.log)
        deadline = time.monotonic() + 20
        while "elements" not in subprocess.run(
                ["nft", "list", "map", "inet", "omr_egress", "alive"], check=False, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout:
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.fail("omr-nftd does not come up")
            time.sleep(0.02)

    def fail(self, text):
        self.log.close()
        with open(TMP + "/daemon.log", encoding="ascii") as f:
            sys.exit(f"{text}:\n{f.read()}")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=20)
        if code != 0:
            self.fail(f"omr-nftd: exit {code} after SIGTERM")
        self.log.close()


def forget_flows():
    subprocess.run(["conntrack", "-F"], check=True, stderr=subprocess.DEVNULL)


def send_settled(flows, oracle):
    """What was on its way to another state is asked again, for some seconds."""
    answers, deadline = send(flows), time.monotonic() + 10
    while True:
        answers = ["blocked" if a in ("none", "unreachable") else a for a in answers]
        wrong = [i for i, flow in enumerate(flows) if answers[i] not in oracle(flow)[0]]
        if not wrong or time.monotonic() > deadline:
            return answers
        time.sleep(0.2)
        forget_flows()
        for i, answer in zip(wrong, send([flows[i] for i in wrong])):
            answers[i] = answer


def set_cables(down):
    """Pulls and plugs, and waits until the router's routes know it."""
    for n, link in enumerate(LINKS, 1):
        run("ip", "-n", link, "link", "set", "cable", "down" if link in down else "up")
    for n, link in enumerate(LINKS, 1):
        for family in ("-4", "-6"):
            deadline = time.monotonic() + 20
            while ("linkdown" in run("ip", family, "route", "show", "dev", f"w{n}")) != (link in down):
                if time.monotonic() > deadline:
                    sys.exit(f"the carrier of {link} does not follow its cable")
                time.sleep(0.02)


def compare(seed, policy, path, flows, down, places):
    oracle, wrong = Oracle(policy, down), 0
    for flow, got in zip(flows, send_settled(flows, oracle)):
        want, rule = oracle(flow)
        places[got] = places.get(got, 0) + 1
        if got in want:
            continue
        wrong += 1
        if wrong <= 5:
            print(f"MISMATCH seed {seed}, links down: {sorted(down) or 'none'}: expected "
                  f"{' or '.join(sorted(want))} (rule {rule or 'none'}), got {got}:\n  "
                  + ", ".join(f"{k} {v}" for k, v in flow.items()))
    if wrong:
        with open(path, encoding="ascii") as f:
            print(f"policy of seed {seed} ({wrong} of {len(flows)} flows wrong):\n{f.read()}")
    return wrong


def main():
    count = int(os.environ.get("OMR_DIFF_POLICIES", "8"))
    per_policy = int(os.environ.get("OMR_DIFF_FLOWS", "1000"))
    first = int(os.environ.get("OMR_DIFF_SEED", "1"))
    path, wrong, places, started = TMP + "/policy.json", 0, {}, time.monotonic()
    for seed in range(first, first + count):
        rng = random.Random(seed)
        policy = random_policy(rng)
        with open(path, "w", encoding="ascii") as f:
            json.dump(policy, f, indent=1)
        # by turns the kernel alone and a daemon; one never sees what the other left
        daemon = None
        if os.environ.get("OMR_LAB_LOAD") != "text":
            run(os.environ["OMR_BIN"] + "/omr-nftgen", "--remove")
        if seed % 2 == 0 and os.environ.get("OMR_LAB_LOAD") != "text":
            daemon = Daemon(path)
        else:
            load(path)
        seen = set()
        for down in [(), rng.sample(LINKS, rng.randint(1, 3))]:
            flows = random_flows(rng, policy, per_policy if not down else per_policy // 4, seen)
            set_cables(down)
            forget_flows()
            wrong += compare(seed, policy, path, flows, down, places)
        set_cables(())
        if daemon:
            daemon.stop()
    print(f"{count} policies from seed {first}, {sum(places.values())} flows, {wrong} left by the wrong "
          f"link, {time.monotonic() - started:.0f} s; they left by " +
          ", ".join(f"{place} ({n})" for place, n in sorted(places.items())))
    if count >= 8 and set(places) != {"isp1", "isp2", "isp3", "tunnel", "blocked"}:
        sys.exit("not every place was tried")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
