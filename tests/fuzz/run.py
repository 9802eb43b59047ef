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
METHODS = ("get", "post", "put", "delete", "patch")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", required=True, help="the host")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="what a failed run said")
    parser.add_argument("--max-examples", type=int, default=20, help="cases per operation and phase")
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
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
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


def strict(document, known):
    """The description without `default` answers, so that only listed statuses pass, with closed objects, and with names of
    what is really there beside whatever else fits."""
    for item in document["paths"].values():
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            operation["responses"].pop("default")
            for parameter in operation.get("parameters", []):
                names = known.get(parameter["name"])
                if parameter["in"] == "path" and names:
                    parameter["schema"] = {"anyOf": [{"enum": names}, parameter["schema"]]}
    return document


def known_names(host):
    instances = [row["id"] for row in host.get("/strategy/instances")["instances"]]
    providers = [row["name"] for row in host.get("/providers")["providers"]]
    modules = host.get("/strategies/modules")["modules"]
    strategies = [row["name"] for row in modules]
    hashes = [row["selectedRevisionHash"] for row in modules]
    return {
        "id": instances,
        "name": strategies + providers,
        "selector": strategies + [f"{name}@{digest}" for name, digest in zip(strategies, hashes)] + hashes[:2],
        "tag": ["latest", "prod"],
    }


def fuzz(host, options, directory):
    document = strict(host.get("/openapi.json"), known_names(host))
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
    ]
    if options.only:
        command += ["--include-path-regex", options.only]
    return subprocess.run(command, cwd=directory).returncode


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
            print(f"the host panicked, died or did not stop:\n{host.text()[-4000:]}")
        if failed or not clean:
            sys.exit(f"failed; the same again with: cargo xtask fuzz --seed {options.seed}")


if __name__ == "__main__":
    main()
