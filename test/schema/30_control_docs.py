#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The control protocol's schema, its manual, the manual page and the programs' help name the same things."""
import json
import os
import re
import subprocess
import sys

try:
    from jsonschema import Draft202012Validator as Validator
except ImportError:
    print("python3-jsonschema is missing")
    sys.exit(77)

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
CTL = os.path.join(os.environ.get("OMR_BIN", TOP + "/build/release/bin"), "omr-nftctl")


def text_of(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def described(schema, where, faults):
    for name, prop in schema.get("properties", {}).items():
        if "description" not in prop and "$ref" not in prop and "const" not in prop:
            faults.append(f"schema: {where}/{name} has no description")
        described(prop, f"{where}/{name}", faults)
        described(prop.get("items", {}), f"{where}/{name}", faults)


def main():
    faults = []
    schema = json.loads(text_of("schemas/control.schema.json"))
    Validator.check_schema(schema)
    requests, answers = schema["$defs"]["request"], schema["$defs"]["answer"]
    manual, page = text_of("docs/control.md"), text_of("docs/man/omr-nftctl.1")
    usage = subprocess.run([CTL, "--help"], capture_output=True, text=True, check=True).stdout
    metrics = set(re.findall(r'"omr_nft_([a-z_]+)"', text_of("daemon/control_metrics.c")))
    if list(requests) != list(answers) or len(requests) < 12:
        faults.append("schema: requests and answers differ")
    for command, request in requests.items():
        if f"`{command}`" not in manual:
            faults.append(f"docs/control.md does not name {command}")
        if not re.search(rf"^  {command}[ \n]", usage, re.M):
            faults.append(f"omr-nftctl --help does not name {command}")
        if not re.search(rf"^\.It Cm {command}\b|^\.Cm {command}$", page, re.M):
            faults.append(f"omr-nftctl.1 does not explain {command}")
        for key in request["properties"]:
            if f"`{key}`" not in manual and f'"{key}"' not in manual and key != "command":
                faults.append(f"docs/control.md does not name {key} of {command}")
            if command == "why" and key not in ("command", "address") and "--" + key.replace("_", "-") not in usage:
                faults.append(f"omr-nftctl --help does not name {key} of why")
        for example in request["examples"]:
            if not Validator({**request, "$defs": schema["$defs"]}).is_valid(example):
                faults.append(f"schema: {example} is no {command}")
        described(request, f"request/{command}", faults)
    for name, part in list(answers.items()) + [(k, v) for k, v in schema["$defs"].items()
                                               if k not in ("request", "answer")]:
        described(part, name, faults)
        if "$ref" not in part and part.get("additionalProperties") is not False:
            faults.append(f"schema: {name} takes anything")
    for event in answers["watch"]["properties"]["event"]["enum"]:
        if f"| `{event}` |" not in manual:
            faults.append(f"docs/control.md does not name the event {event}")
    for name in metrics:
        if not re.search(rf"`{name}(_total)?`", manual):
            faults.append(f"docs/control.md does not name the metric {name}")
    for option in set(re.findall(r"--[a-z-]+", usage)):
        if not re.search(rf"Fl -{option[2:]}( |$)", page, re.M):
            faults.append(f"omr-nftctl.1 does not name {option}")
    if len(metrics) < 20:
        faults.append(f"only {len(metrics)} metrics found")
    for fault in faults:
        print("FAIL:", fault)
    print(f"{len(requests)} commands, {len(metrics)} metrics")
    return 1 if faults else 0


sys.exit(main())
