#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema and the compiler describe one language.

- every sample is judged by both (schemas/invalid/README.md says who must refuse what);
- every key has a title, a description and examples, and the examples are valid;
- of a policy with one value exchanged, the compiler takes nothing that the schema refuses.
"""
import copy
import glob
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

try:
    from jsonschema import Draft202012Validator as Validator
except ImportError:
    print("python3-jsonschema is missing")
    sys.exit(77)

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
NFTGEN = os.path.join(os.environ.get("OMR_BIN", TOP + "/build/release/bin"), "omr-nftgen")
SCHEMA = json.load(open(TOP + "/schemas/policy.schema.json", encoding="utf-8"))
VALIDATOR = Validator(SCHEMA)
faults = []


def compiler(path):
    """True: accepted. Anything but "accepted" and "refused with faults" is a failure."""
    run = subprocess.run([NFTGEN, "--emit", "plan", path], capture_output=True, text=True,
                         errors="replace", check=False)
    if run.returncode not in (0, 3) or (run.returncode == 3) != (": error: " in run.stderr):
        faults.append(f"{path}: exit {run.returncode}: {run.stderr[:2000]}")
    if run.returncode == 3 and run.stdout:
        faults.append(f"{path}: faults, and yet output")
    return run.returncode == 0


def check_samples():
    count = 0
    for kind, schema_takes, compiler_takes in (("valid", True, True),
                                               ("invalid/schema", False, False),
                                               ("invalid/semantic", True, False)):
        for path in sorted(glob.glob(f"{TOP}/schemas/{kind}/*.json")):
            with open(path, encoding="utf-8") as f:
                takes = VALIDATOR.is_valid(json.load(f))
            name = os.path.relpath(path, TOP)
            if takes != schema_takes:
                faults.append(f"{name}: the schema says {takes}")
            if compiler(path) != compiler_takes:
                faults.append(f"{name}: the compiler says {not compiler_takes}")
            count += 1
    return count


def resolve(schema):
    """The schema with its $ref written out; keys beside it win."""
    if isinstance(schema, dict) and "$ref" in schema:
        target = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        return {**resolve(target), **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def check_texts(schema, where, seen):
    if isinstance(schema, list):
        for item in schema:
            check_texts(item, where, seen)
    if not isinstance(schema, dict):
        return
    for name, prop in schema.get("properties", {}).items():
        if not isinstance(prop, dict) or set(prop) <= {"const", "enum", "not", "items", "contains"}:
            continue  # a condition on a key, not its description
        whole = resolve(prop)
        for text in ("title", "description", "examples"):
            if not whole.get(text):
                faults.append(f"schema: {where}/{name} has no {text}")
        validator = Validator({**whole, "$defs": SCHEMA["$defs"]})
        for value in whole.get("examples", []) + ([whole["default"]] if "default" in whole else []):
            if not validator.is_valid(value):
                faults.append(f"schema: {where}/{name}: {value!r} is no valid example or default")
        seen.append(name)
    for key, value in schema.items():
        check_texts(value, f"{where}/{key}", seen)


def words(path):
    """All words of an enum inside the items of a rule's array."""
    items = SCHEMA["$defs"]["rule"]["properties"][path]["items"]
    return [w for one in items["oneOf"] for w in one.get("enum", [])]


def check_words(directory):
    """The compiler knows every protocol, codepoint and ICMP type of the schema."""
    rules = [{key: words(key), "via": "fiber"} for key in ("protocols", "dscp", "icmp_types")]
    policy = {"version": 1, "links": {"fiber": {"device": "eth1"}}, "rules": rules}
    path = os.path.join(directory, "words.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(policy, f)
    if not VALIDATOR.is_valid(policy) or not compiler(path):
        faults.append("the words of the schema are not all known")


def places(value, way=()):
    yield way
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, way + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, way + (i,))


STRANGE = (None, True, -1, 0, 7.5, 4294967296, "", "x y", "main", "7", [], {}, [[]], ["eth1"])


def mutants(policy):
    for way in places(policy):
        for new in STRANGE + ("DELETE", "RENAME"):
            if not way:
                continue
            mutant = copy.deepcopy(policy)
            parent = mutant
            for step in way[:-1]:
                parent = parent[step]
            if new == "DELETE":
                del parent[way[-1]]
            elif new == "RENAME":
                if not isinstance(parent, dict):
                    continue
                parent[str(way[-1]) + "s"] = parent.pop(way[-1])
            else:
                parent[way[-1]] = new
            yield way, new, mutant


def check_mutants(directory):
    with open(TOP + "/schemas/valid/every-key.json", encoding="utf-8") as f:
        policy = json.load(f)
    refused = [(w, n, m) for w, n, m in mutants(policy) if not VALIDATOR.is_valid(m)]

    def judge(job):
        number, (way, new, mutant) = job
        path = os.path.join(directory, f"{number}.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(mutant, f)
        if compiler(path):
            faults.append(f"/{'/'.join(map(str, way))} = {new!r}: only the schema refuses it")
        os.unlink(path)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(judge, enumerate(refused)))
    return len(refused)


def main():
    Validator.check_schema(SCHEMA)
    samples, seen = check_samples(), []
    check_texts(SCHEMA, "", seen)
    with tempfile.TemporaryDirectory() as directory:
        check_words(directory)
        count = check_mutants(directory)
    if samples < 150 or len(seen) < 50 or count < 500:
        faults.append(f"only {samples} samples, {len(seen)} keys, {count} mutants: too few")
    for fault in faults:
        print("FAIL:", fault)
    print(f"{samples} samples, {len(seen)} keys, {count} mutants")
    return 1 if faults else 0


sys.exit(main())
