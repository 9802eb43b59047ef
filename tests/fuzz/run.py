"""Fuzzes the control plane of a running host with what its own description says, and with what it does not allow.

Called by `cargo xtask fuzz` with the Python of the environment that requirements.txt describes. Starts the given binary on a
throw-away data directory with the demo's instances trading on the paper venue, and lets schemathesis ask: no 5xx, no status,
header, type or body outside the description, 405 with Allow for other methods, 401 without the token.
"""

import argparse
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TAPE = "btcusdt-20240808"
METHODS = ("get", "post", "put", "delete", "patch")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True, help="the host")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="what a failed run said")
    parser.add_argument("--max-examples", type=int, default=20, help="cases per operation and phase")
    parser.add_argument("--max-seconds", type=int, default=600, help="after that it has failed")
    parser.add_argument("--only", help="a regular expression of paths")
    parser.add_argument("--break", dest="broken", action="store_true", help="lie about one answer, to see that it is found")
    return parser.parse_args()


class Host:
    """A `sandpit serve --demo` in a process of its own."""

    def __init__(self, binary, directory):
        self.directory = directory
        # The host refuses variables it does not know.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SANDPIT_")}
        command = [binary, "serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir", directory]
        self.log = open(os.path.join(directory, "host.log"), "w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=environment)

    def wait(self, seconds=120):
        """Until it says where it listens, and is ready."""
        for _ in range(seconds * 10):
            found = re.search(r"http://[0-9.]+:\d+", self.text())
            if found and self.answers(found.group()):
                self.url = found.group()
                self.token = pathlib.Path(self.directory, "admin.token").read_text().strip()
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"the host does not start:\n{self.text()}")

    def text(self):
        return pathlib.Path(self.log.name).read_text()

    @staticmethod
    def answers(url):
        try:
            with urllib.request.urlopen(url + "/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def get(self, path):
        return self.ask(urllib.request.Request(self.url + path))

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        return self.ask(urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method="POST"))

    def ask(self, request):
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stop(self):
        """Asks it to stop; true when it did so cleanly, having panicked never."""
        alive = self.process.poll() is None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return False
        return alive and code == 0 and "panicked" not in self.text()


def sharpened(document, known):
    """The description as the fuzzer needs it: without `default` answers, so that only listed statuses pass; answers without
    fields that are not described; and names of what is really there beside whatever else fits."""
    for path, item in document["paths"].items():
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            operation["responses"].pop("default")
            for response in operation["responses"].values():
                for media, content in response.get("content", {}).items():
                    if media == "text/event-stream":
                        # The description is of the text, the fuzzer's check of each event in it.
                        content["schema"] = {}
                    else:
                        close(document, content["schema"])
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "mode":
                    parameter["schema"] = {"enum": ["merge"]}
                if parameter["in"] == "path":
                    parameter["schema"] = among(names(known, method, path, parameter["name"]), parameter["schema"])
    # The other mode removes everything that the rest of the run could ask about.
    document["components"]["schemas"]["ContextRestore"]["properties"]["mode"] = {"enum": ["merge"]}
    for schema, field, values in known["fields"]:
        holder = document["components"]["schemas"][schema]["properties"][field]
        place = {"array": "items", "object": "propertyNames"}.get(str(holder.get("type")))
        if place:
            holder[place] = among(values, holder.get(place, {}))
        else:
            document["components"]["schemas"][schema]["properties"][field] = among(values, holder)
    return document


def names(known, method, path, placeholder):
    """What is there. What would end the trading for all that follow is asked only of what the fuzzer itself has made."""
    noun = path.split("/")[1]
    if (method == "delete" and noun != "risk") or (method == "put" and noun == "providers"):
        made = {"selector": ["second", "first:v1.0.0", "first"], "tag": ["prod", "canary"]}
        return made.get(placeholder, ["signals"] if noun == "providers" else ["first"])
    if placeholder == "name":
        return known["providers"] if noun == "providers" else known["strategies"]
    return known[f"{noun} {placeholder}"]


def among(values, schema):
    return {"anyOf": [{"enum": values}, schema]}


def close(document, schema, inside=False, seen=None):
    """Forbids fields that are not described, wherever a whole value stands: a part of a composition may not say so."""
    if not isinstance(schema, dict):
        return
    seen = set() if seen is None else seen
    for key in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(key, []):
            close(document, part, inside=True, seen=seen)
    for place in (schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values()):
        close(document, place, seen=seen)
    if "$ref" in schema and schema["$ref"] not in seen:
        seen.add(schema["$ref"])
        close(document, resolved(document, schema), inside=True, seen=seen)
    if not inside and has_fields(document, schema):
        schema["unevaluatedProperties"] = False


def has_fields(document, schema):
    parts = [part for key in ("allOf", "oneOf", "anyOf") for part in schema.get(key, [])]
    if "$ref" in schema:
        parts.append(resolved(document, schema))
    return "properties" in schema or any(has_fields(document, part) for part in parts)


def resolved(document, schema):
    for step in schema["$ref"].removeprefix("#/").split("/"):
        document = document[step]
    return document


def known_names(host, document):
    instances = [row["id"] for row in host.get("/strategy/instances")["instances"]]
    providers = [row["name"] for row in host.get("/providers")["providers"]]
    adapters = [row["identifier"] for row in host.get("/adapters")["adapters"]]
    backtests = [row["id"] for row in host.get("/backtests")["backtests"]]
    modules = host.get("/strategies/modules")["modules"]
    strategies = [row["name"] for row in modules]
    hashes = [row["selectedRevisionHash"] for row in modules]
    selectors = strategies + [f"{name}@{digest}" for name, digest in zip(strategies, hashes)] + hashes[:2]
    source = document["components"]["schemas"]["Upload"]["examples"][0]["source"]
    sources = [source, source.replace('"first"', '"second"'), source.replace("create(", "creates("), source + "//"]
    return {
        "strategy id": instances + ["first"],
        "risk id": instances + ["first"],
        "backtests id": backtests + ["first"],
        "adapters id": adapters,
        "providers": providers,
        "strategies": strategies,
        "strategies selector": selectors,
        "strategies tag": ["latest", "prod"],
        "fields": [
            ("Upload", "source", sources),
            ("Upload", "aliases", ["prod", "canary"]),
            ("Assignment", "hash", hashes),
            ("RefreshTargets", "strategies", selectors),
            ("NewInstance", "scope", providers),
            ("ProviderAdapter", "identifier", adapters),
            ("NewInstanceStrategy", "identifier", selectors),
            ("NewBacktestStrategy", "identifier", selectors),
            ("NewBacktest", "data", [TAPE]),
            ("NewInstanceSymbols", "symbols", ["BTC-USDT", "eth-usdt"]),
        ],
    }


def fuzz(host, options, directory):
    host.post("/backtests", {"id": "played", "strategy": {"identifier": "momentum"}, "data": [TAPE]})
    document = host.get("/openapi.json")
    document = sharpened(document, known_names(host, document))
    if options.broken:
        # Something that no answer fits: a run that does not complain checks nothing.
        document["components"]["schemas"]["ProviderSummary"]["properties"]["paper"] = {"type": "string"}
    described = pathlib.Path(directory, "openapi.json")
    described.write_text(json.dumps(document))
    command = [
        str(pathlib.Path(sys.executable).parent / "schemathesis"),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
        str(described),
        "--url",
        host.url,
        "--header",
        f"Authorization: Bearer {host.token}",
        "--seed",
        str(options.seed),
        "--max-examples",
        str(options.max_examples),
        "--request-timeout",
        "20",
    ]
    # An instance's stream does not end while the fuzzer waits for its answer; a run's does, with the run.
    command += ["--exclude-operation-id", "instancesEvents"]
    if options.only:
        command += ["--include-path-regex", options.only]
    try:
        return subprocess.run(command, cwd=directory, env={**os.environ, "PYTHONPATH": str(HERE)}, timeout=options.max_seconds).returncode
    except subprocess.TimeoutExpired:
        print(f"not done after {options.max_seconds} s")
        return 1


def main():
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sandpit-fuzz-") as directory:
        host = Host(options.binary, directory)
        try:
            host.wait()
            failed = fuzz(host, options, directory)
        finally:
            clean = host.stop()
        if not clean:
            lines = host.text().splitlines()
            panics = [line for number, line in enumerate(lines) if any("panicked" in near for near in lines[max(0, number - 2) : number + 1])]
            print("the host panicked, died or did not stop:", *(panics or lines[-30:]), sep="\n")
        if failed or not clean:
            sys.exit(f"failed; the same again with: cargo xtask fuzz --seed {options.seed}")


if __name__ == "__main__":
    main()
