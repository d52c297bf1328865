#!/usr/bin/env python3
"""Measures spimi against the floors of the machine and against other indexers, all on the same files.

Just before every timed run all files of the corpus are read once, so that no run waits for the disk: the corpus must fit
in memory. Rows are run in turn, round by round, so that a slow minute of the machine hits all alike. Every run is in
OUT_DIR/bench.json, the medians are in OUT_DIR/bench.md. Rows that are not chosen keep the runs they have there.
"""

import argparse
import datetime
import fnmatch
import json
import os
import pathlib
import shlex
import sys

import rows as bench_rows
from measure import Failed, machine, remove, timed_run, tree_bytes
from report import markdown


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path, metavar="CORPUS_DIR")
    parser.add_argument("out", type=pathlib.Path, metavar="OUT_DIR", help="for the results, and the indexes while they are made")
    parser.add_argument("--only", default="*", metavar="ROWS", help="names of rows, with * and ?, commas between")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and their commands, and stop")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each row (5)")
    parser.add_argument("--rounds-of", action="append", default=[], metavar="ROWS=N", help="runs of these rows instead")
    parser.add_argument("--timeout", type=float, default=1800, metavar="SECONDS", help="of a run (1800)")
    parser.add_argument("--build-dir", type=pathlib.Path, help="a built tree of spimi; else build/release is built")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    parser.add_argument("--peers-dir", type=pathlib.Path, default=cache / "spimi-bench",
                        help="where the other indexers are built (%(default)s)")
    return parser.parse_args()


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split(","))


def rounds_of(name, arguments):
    rounds = arguments.rounds
    for choice in arguments.rounds_of:
        patterns, _, number = choice.rpartition("=")
        if matches(name, patterns):
            rounds = int(number)
    return rounds


def list_files(corpus):
    """The documents, as spimi chooses them: regular files, not hidden, not binary; in the byte order of their paths."""
    marks = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
    documents = []
    for folder, folders, names in os.walk(os.fsencode(corpus)):
        folders[:] = [name for name in folders if not name.startswith(b".")]
        for name in names:
            path = os.path.join(folder, name)
            if name.startswith(b".") or os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                start = file.read(8192)
            if b"\0" not in start or start.startswith(marks):
                documents.append(os.path.relpath(path, os.fsencode(corpus)))
    return sorted(documents)


def say(text):
    print(text, file=sys.stderr, flush=True)


def begin_results(corpus, documents, rows, chosen, out):
    """What is known before the first run, with the old runs of the rows that are not chosen."""
    num_bytes = sum(os.path.getsize(os.path.join(os.fsencode(corpus), path)) for path in documents)
    results = {"machine": machine(),
               "corpus": {"name": corpus.name, "documents": len(documents), "bytes": num_bytes}, "rows": []}
    old = {}
    if (out / "bench.json").is_file():
        old_results = json.loads((out / "bench.json").read_text())
        if any(old_results[part] != results[part] for part in ("machine", "corpus")):
            sys.exit(f"bench: {out}/bench.json is of another corpus or machine: remove it, or choose another OUT_DIR")
        old = {record["name"]: record for record in old_results["rows"]}
    for row in rows:
        if row in chosen:
            results["rows"].append({"name": row.name, "label": row.label, "runs": []})
        elif row.name in old:
            results["rows"].append(old[row.name])
    return results


def install_peers(chosen, records, peers_dir):
    peers_dir.mkdir(parents=True, exist_ok=True)
    for peer in sorted({row.peer for row in chosen if row.peer}):
        say(f"building {peer}")
        try:
            bench_rows.install(peer, peers_dir)
        except Failed as failure:
            say(f"  {failure}")
            for row in chosen:
                if row.peer == peer:
                    records[row.name]["error"] = str(failure)


def run_row(row, record, corpus, index, arguments):
    """One timed run; a row that failed is not run again."""
    remove(index)
    try:
        this_run = timed_run(row.command, corpus, index.parent, row.environment, arguments.timeout)
        this_run["ended"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        if row.makes_index:
            this_run["index_bytes"] = tree_bytes(index)
        if row.stats and not record["runs"]:
            record.update(bench_rows.holdings(row, corpus))
        record["runs"].append(this_run)
        return f"{this_run['seconds']:.2f} s"
    except Failed as failure:
        record["error"] = str(failure)
        return record["error"]


def write_results(results, out):
    (out / "bench.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "bench.md").write_text(markdown(results))


def main():
    arguments = parse_arguments()
    corpus, out = arguments.corpus.resolve(), arguments.out.resolve()
    if not corpus.is_dir():
        sys.exit(f"bench: {corpus} is not a directory")
    if out.is_relative_to(corpus):
        sys.exit(f"bench: OUT_DIR is inside of CORPUS_DIR, and would be read as part of it: {out}")
    build_dir = (arguments.build_dir or bench_rows.PROJECT / "build/release").resolve()
    peers_dir = arguments.peers_dir.resolve()
    scratch = out / "scratch"
    rows = bench_rows.all_rows(build_dir, peers_dir, str(scratch / "files"), str(scratch / "index"))
    chosen = [row for row in rows if matches(row.name, arguments.only)]
    if not chosen:
        sys.exit(f"bench: no row is called {arguments.only}; there are: {', '.join(row.name for row in rows)}")
    if arguments.list:
        for row in chosen:
            print(f"{row.name}\n    {shlex.join(row.command)}")
        return
    if not os.access("/usr/bin/time", os.X_OK):
        sys.exit("bench: needs GNU time; scripts/packages.sh bench installs it")
    if not arguments.build_dir:
        say("building spimi")
        bench_rows.build_spimi()

    scratch.mkdir(parents=True, exist_ok=True)
    documents = list_files(corpus)
    (scratch / "files").write_bytes(b"".join(path + b"\0" for path in documents))
    results = begin_results(corpus, documents, rows, chosen, out)
    records = {record["name"]: record for record in results["rows"]}
    install_peers(chosen, records, peers_dir)
    for this_round in range(1, max(rounds_of(row.name, arguments) for row in chosen) + 1):
        for row in chosen:
            record = records[row.name]
            if "error" not in record and this_round <= rounds_of(row.name, arguments):
                outcome = run_row(row, record, corpus, scratch / "index", arguments)
                say(f"round {this_round}: {row.name}: {outcome}")
                write_results(results, out)
    remove(scratch)
    write_results(results, out)
    print(markdown(results), end="")


if __name__ == "__main__":
    main()
