#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `why` says of flows against where they really went and what the oracle of
differential.py reads in the policy; run by 92_control_why.sh in the lab's router.

A whole question has one answer. Of a question with holes in it the truth must be among what
the answer names: the rule that matches, or one of those that need to know more.
"""
import json
import os
import random
import socket
import sys

import differential as lab

PATH = lab.TMP + "/daemon.sock"


class Daemon:
    def __init__(self):
        self.file = None

    def ask(self, **request):
        if not self.file:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(30)
            s.connect(PATH)
            self.file = s.makefile("rw")
        self.file.write(json.dumps(request) + "\n")
        self.file.flush()
        answer = json.loads(self.file.readline())
        if "error" in answer:
            sys.exit(f"{request}: {answer}")
        return answer


def question(flow):
    q = {"address": str(flow["dst"]), "from": str(flow["src"]), "proto": flow["proto"], "iif": flow["iif"],
         "mac": flow["mac"], "dscp": flow["dscp"]}
    if flow["proto"] in lab.WITH_PORTS:
        q.update(sport=flow["sport"], dport=flow["dport"])
    if flow["proto"] in (1, 58):
        q["icmp_type"] = flow["icmp_type"]
    return q


def place(answer, flow, policy):
    """Where it says that the flow comes out: a set."""
    kind = answer["leaves_by"]
    if kind == "link":
        return {answer["link"]}
    if kind == "balance":
        return {c["link"] for c in answer["candidates"] if c["use"] == "yes"}
    return {{"main": "tunnel", "block": "blocked"}[kind]}


def check(daemon, rng, policy, flow, got, oracle, faults):
    _, rule = oracle(flow)
    whole = question(flow)
    answer = daemon.ask(command="why", **whole)
    if answer["maybe"]:
        faults.append(f"{whole} is not enough: {answer['maybe']}")
    if answer.get("number", 0) != rule:
        faults.append(f"{whole}: rule {rule} by the policy, {answer.get('number', 'none')} by why")
    if got not in place(answer, flow, policy):
        faults.append(f"{whole}: went to {got}, why says {answer}")
    route = answer.get("route")
    if route and got.startswith("isp") and route.get("device") != "w" + got[3:]:
        faults.append(f"{whole}: went to {got}, the route is {route}")
    holes = {k: v for k, v in whole.items() if k == "address" or rng.random() < 0.5}
    if "icmp_type" in holes:
        holes["proto"] = whole["proto"]
    answer = daemon.ask(command="why", **holes)
    if rule not in [answer.get("number", 0)] + [m["number"] for m in answer["maybe"]]:
        faults.append(f"{holes}: rule {rule} matches {whole}, and is not named: {answer}")
    for m in answer["maybe"]:
        if not m["needs"] or set(m["needs"]) & set(holes):
            faults.append(f"{holes}: what does rule {m['number']} need? {m}")


def main():
    count = int(os.environ.get("OMR_WHY_POLICIES", "4"))
    per_policy = int(os.environ.get("OMR_WHY_FLOWS", "300"))
    first = int(os.environ.get("OMR_WHY_SEED", "1001"))
    path, faults, asked = lab.TMP + "/policy.json", [], 0
    for seed in range(first, first + count):
        rng = random.Random(seed)
        policy = lab.random_policy(rng)
        with open(path, "w", encoding="ascii") as f:
            json.dump(policy, f, indent=1)
        lab.run(os.environ["OMR_BIN"] + "/omr-nftgen", "--remove")
        process, daemon, seen = lab.Daemon(path), Daemon(), set()
        for down in [(), rng.sample(lab.LINKS, rng.randint(1, 3))]:
            flows = lab.random_flows(rng, policy, per_policy if not down else per_policy // 3, seen)
            lab.set_cables(down)
            lab.forget_flows()
            oracle = lab.Oracle(policy, down)
            for flow, got in zip(flows, lab.send_settled(flows, oracle)):
                check(daemon, rng, policy, flow, got, oracle, faults)
                asked += 1
        lab.set_cables(())
        process.stop()
        if faults:
            print(f"policy of seed {seed}:\n{json.dumps(policy)}\n" + "\n".join(faults[:5]))
            sys.exit(f"{len(faults)} of {asked} answers are wrong")
    print(f"{count} policies from seed {first}: why was right about {asked} flows")


if __name__ == "__main__":
    main()
