#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every example of docs/policy.md and README.md is a policy that compiles, and every key is explained.

A block fenced as ```json is a whole policy; one fenced as ```text TITLE is not looked at but for
list files: a block that begins with "# FILE.txt" becomes that file beside the policies.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
NFTGEN = os.path.join(os.environ.get("OMR_BIN", TOP + "/build/release/bin"), "omr-nftgen")
faults = []


def blocks(text):
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, found.start()) + 1, found.group(1), found.group(2)


def keys(schema, into):
    if isinstance(schema, dict):
        for name, prop in schema.get("properties", {}).items():
            if isinstance(prop, dict) and "$ref" in prop or "title" in (prop or {}):
                into.add(name)
        for value in schema.values():
            keys(value, into)
    elif isinstance(schema, list):
        for value in schema:
            keys(value, into)


def check_file(name, directory):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        text = f.read()
    for _, _, body in blocks(text):
        listed = re.match(r"# ([a-z]+\.txt)\n", body)
        if listed:
            with open(os.path.join(directory, listed.group(1)), "w", encoding="utf-8") as f:
                f.write(body)
    count = 0
    for line, kind, body in blocks(text):
        if kind != "json":
            continue
        path = os.path.join(directory, f"{line}.json")
        with open(path, "w", encoding="utf-8") as f:
            f.write(body)
        run = subprocess.run([NFTGEN, "--emit", "plan", path], capture_output=True, text=True,
                             check=False)
        if run.returncode or run.stderr:
            faults.append(f"{name}:{line}: exit {run.returncode}: {run.stderr}")
        count += 1
    return text, count


def main():
    with tempfile.TemporaryDirectory() as directory:
        text, count = check_file("docs/policy.md", directory)
        if os.path.exists(os.path.join(TOP, "README.md")):
            check_file("README.md", directory)
    wanted = set()
    with open(TOP + "/schemas/policy.schema.json", encoding="utf-8") as f:
        keys(json.load(f), wanted)
    for key in sorted(wanted):
        if f"`{key}`" not in text:
            faults.append(f"docs/policy.md does not explain `{key}`")
    if count < 5 or len(wanted) < 50:
        faults.append(f"only {count} examples, {len(wanted)} keys: too few")
    for fault in faults:
        print("FAIL:", fault)
    print(f"{count} examples, {len(wanted)} keys")
    return 1 if faults else 0


sys.exit(main())
