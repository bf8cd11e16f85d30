"""Runs the proofs of emitted blocks, and gathers their results: `make prove` calls it.

    prove.py [--write docs/proof.md] DIR ...    DIR is a directory that `gen` wrote, or one of such directories
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = ["block", "proof", "engine", "seconds", "twins that fail, as they must"]
# Of a figure that differs from run to run, the next of these is stated.
STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]


def blocks_in(directories):
    """The blocks in directories, in order."""
    for directory in directories:
        if (directory / "formal").is_dir():
            yield directory
        else:
            yield from sorted(found.parent for found in directory.glob("*/formal"))


def rounded(seconds):
    """A figure that is the same in most runs."""
    return next(step for step in STEPS if seconds <= step)


def rows_of(block):
    """The rows of a block."""
    stated = json.loads((block / "formal/proofs.json").read_text())
    result = json.loads((block / "formal/result.json").read_text())
    for proof in result["proofs"]:
        twins = "; ".join(twin["what"] for twin in proof["twins"])
        command = stated["command"].removeprefix("gen emit ").replace("gen", stated["module"])
        yield [f"`{command}`", proof["name"], proof["engine"], str(rounded(proof["seconds"])), twins]


def table(rows, head):
    """Rows in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def document(blocks):
    """The text of docs/proof.md."""
    stated = {block: json.loads((block / "formal/proofs.json").read_text()) for block in blocks}
    claims, unproved = {}, {}
    for of_block in stated.values():
        word = of_block["block"]
        for proof in of_block["proofs"]:
            claims.setdefault((word, proof["name"]), proof["claim"])
        for what in of_block["unproved"]:
            unproved[word, what["what"]] = [word, what["what"], what["why"], what["instead"]]
    tools = json.loads((blocks[0] / "formal/result.json").read_text())["tools"]
    versions = ", ".join(f"{name} {version}" for name, version in tools.items())
    rows = [row for block in blocks for row in rows_of(block)]
    return f"""# What is proved

`make prove ALL=1` writes this file. [verification.md](verification.md#proofs) says how the proofs work. Tools: {versions}.

## Claims

{table([[word, name, claim] for (word, name), claim in claims.items()], ["block", "proof", "claim"])}
## Runs

Each row was proved, for all inputs, for the block that `gen emit` with these words writes. Seconds are of one processor, rounded up to
the next of 1, 2, 5, 10 and so on.

{table(rows, HEAD)}
## Not proved

{table(unproved.values(), ["block", "what", "reason", "in its place"])}"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path)
    parser.add_argument("directories", nargs="+", type=Path)
    args = parser.parse_args()
    begin = time.monotonic()
    blocks = list(blocks_in(args.directories))
    prove = [sys.executable, ROOT / "gen/src/formal/prove.py", "--jobs", "2", *blocks]
    status = subprocess.run(prove).returncode
    if status:
        return status
    rows = [row for block in blocks for row in rows_of(block)]
    print("\n" + table(rows, HEAD) + f"\n{len(rows)} proofs of {len(blocks)} blocks in {time.monotonic() - begin:.0f} s")
    if args.write:
        args.write.write_text(document(blocks))
    return 0


if __name__ == "__main__":
    sys.exit(main())
