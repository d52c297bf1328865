#!/usr/bin/env python3
"""Measures queries of spimi against other search libraries, on the same tokens.

Builds everything, indexes the corpus with spimi and its very tokens with the others, one segment each, and asks all of them
the same queries through the protocol of the search-benchmark-game: one process each, warm, one thread, the best of ten
rounds of each query. The sets of matching documents are compared with Lucene's, query by query, and the counts with
everyone's. The results are in OUT_DIR/queries.json and OUT_DIR/queries.md; indexes that are in OUT_DIR are used again.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import rows as bench_rows
from bench import say
from measure import Failed, environment, machine, remove, run, tree_bytes

sys.path.insert(0, str(bench_rows.HERE / "queries"))
from draw_queries import draw_queries  # noqa: E402
from engines import Engine, matching_documents, one_processor, peer_engines, time_commands  # noqa: E402

NOT_PEERS = ("spimi",)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path, metavar="CORPUS_DIR")
    parser.add_argument("out", type=pathlib.Path, metavar="OUT_DIR", help="for the results, the tokens and the indexes")
    parser.add_argument("--only", default="", metavar="ENGINES", help="lucene, tantivy, pisa, xapian; commas between (all)")
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="rounds of each query (10)")
    parser.add_argument("--each", type=int, default=100, metavar="N", help="queries of each of the eleven kinds (100)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", default="TOP_10,TOP_100,TOP_1000,TOP_100_COUNT,COUNT")
    parser.add_argument("--build-dir", type=pathlib.Path, help="a built tree of spimi; else build/release is built")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    parser.add_argument("--peers-dir", type=pathlib.Path, default=cache / "spimi-bench",
                        help="where the other libraries are built (%(default)s)")
    return parser.parse_args()


def make_index(engine, tokens, index):
    """Unless it is there: under another name until it is whole."""
    if index.exists():
        return
    say(f"indexing with {engine.name}")
    part = index.with_name(index.name + ".part")
    remove(part)
    run([*engine.program, "index", str(tokens), str(part)], index.parent)
    part.rename(index)


def whole_process(program, index, queries, num_rounds):
    """Seconds of `spimi query` for each query of one term, from start to end."""
    seconds = []
    for kind, query in queries:
        if kind != "term":
            continue
        best = float("inf")
        for _ in range(num_rounds):
            start = time.perf_counter()
            subprocess.run([program, "query", "-i", str(index), query], stdout=subprocess.DEVNULL, check=True, env=environment())
            best = min(best, time.perf_counter() - start)
        seconds.append(best)
    return seconds


def summary(seconds):
    """Mean and 99th percentile in microseconds; None if a query has none."""
    if not seconds or None in seconds:
        return None
    ordered = sorted(seconds)
    return {"mean": round(statistics.fmean(ordered) * 1e6, 2),
            "p99": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))] * 1e6, 2)}


def summarize(queries, timings, commands):
    """A row for each command and kind of query, and for all."""
    kinds = list(dict.fromkeys(kind for kind, _ in queries))
    table = []
    for command in commands:
        for kind in [*kinds, "all"]:
            places = [i for i, (each, _) in enumerate(queries) if kind in (each, "all")]
            row = {"command": command, "kind": kind}
            for name, best in timings.items():
                row[name] = summary([best[command][0][i] for i in places])
            peers = [row[name]["mean"] for name in timings if name not in NOT_PEERS and row[name]]
            row["of_best_peer"] = round(row["spimi"]["mean"] / min(peers), 3) if peers else None
            table.append(row)
    return table


def differences(queries, timings, commands, sets):
    """Queries for which engines count differently, and those whose documents are not Lucene's."""
    found = []
    for i, (_, query) in enumerate(queries):
        for command in commands:
            if not command.endswith("COUNT"):
                continue
            counts = {name: best[command][1][i] for name, best in timings.items() if best[command][0][i] is not None}
            if len(set(counts.values())) > 1:
                found.append({"query": query, "command": command, "counts": counts})
        if "lucene" in sets and sets["spimi"][i] != sets["lucene"][i]:
            ours, theirs = ({int(docid) for docid in sets[name][i].split()} for name in ("spimi", "lucene"))
            found.append({"query": query, "command": "DOCS", "only_spimi": sorted(ours - theirs)[:10],
                          "only_lucene": sorted(theirs - ours)[:10]})
    return found


def markdown(results):
    names = [engine["name"] for engine in results["engines"] if "error" not in engine]
    about, corpus = results["machine"], results["corpus"]
    lines = [
        f"Corpus `{corpus['name']}`: {corpus['documents']:,} documents, {corpus['tokens']:,} tokens. {len(results['queries']):,}"
        f" queries, seed {results['seed']}; one process, one thread, warm, best of {results['rounds']}."
        f" Machine: {about['cpu']}, Linux {about['kernel']}.",
        "",
        "| engine | version | index MB |",
        "| --- | --- | ---: |",
    ]
    for engine in results["engines"]:
        lines.append(f"| {engine['name']} | not had: {engine['error']} | |" if "error" in engine else
                     f"| {engine['name']} | {engine['version']} | {engine['index_bytes'] / 1e6:,.1f} |")
    process = results["whole_process"]
    lines += ["", f"`spimi query TERM`, the whole process: mean {process['mean'] / 1000:.2f} ms,"
                  f" 99th percentile {process['p99'] / 1000:.2f} ms.",
              "", "Mean and 99th percentile in microseconds; – : the engine cannot answer that. Of each,"
                  f" {results['pipe']['mean']:.1f} µs are the pipe: what `cat` takes to give a query back."]
    command = None
    for row in results["rows"]:
        if row["command"] != command:
            command = row["command"]
            lines += ["", f"| {command} |" + "".join(f" {name} | p99 |" for name in names) + " × best peer |",
                      "| --- |" + " ---: | ---: |" * len(names) + " ---: |"]
        cells = "".join(f" {row[name]['mean']:,.1f} | {row[name]['p99']:,.1f} |" if row[name] else " – | – |" for name in names)
        ratio = f"{row['of_best_peer']:.2f}" if row["of_best_peer"] is not None else ""
        lines.append(f"| {row['kind']} |{cells} {ratio} |")
    compared = "Lucene's documents" if "lucene" in names else "counts"
    lines += ["", f"{compared} are the same for every query." if not results["differences"] else
              f"{len(results['differences'])} differences:"]
    lines += [f"- {json.dumps(difference, ensure_ascii=False)}" for difference in results["differences"][:100]]
    return "\n".join(lines) + "\n"


def install(engines, peers_dir):
    """What each engine is called, or why it cannot be had."""
    peers_dir.mkdir(parents=True, exist_ok=True)
    records = []
    for engine in engines:
        record = {"name": engine.name}
        try:
            if engine.peer:
                say(f"building {engine.name}")
                bench_rows.install(engine.peer, peers_dir)
            version = ["--version"] if not engine.peer else ["version"]
            record["version"] = run([*engine.program, *version], peers_dir).strip()
        except Failed as failure:
            say(f"  {failure}")
            record["error"] = str(failure)
        records.append(record)
    return records


def main():
    arguments = parse_arguments()
    corpus, out, peers_dir = arguments.corpus.resolve(), arguments.out.resolve(), arguments.peers_dir.resolve()
    if not corpus.is_dir():
        sys.exit(f"bench_queries: {corpus} is not a directory")
    if out.is_relative_to(corpus):
        sys.exit(f"bench_queries: OUT_DIR is inside of CORPUS_DIR, and would be read as part of it: {out}")
    out.mkdir(parents=True, exist_ok=True)
    if not arguments.build_dir:
        say("building spimi")
        bench_rows.build_spimi()
    build_dir = (arguments.build_dir or bench_rows.PROJECT / "build/release").resolve()
    program = str(build_dir / "src/cli/spimi")

    index, tokens = out / "spimi.index", out / "tokens"
    if not index.exists():
        say("indexing with spimi")
        run([program, "build", "-q", str(corpus), str(index)], out)
        remove(tokens)
    if not tokens.exists():
        part = out / "tokens.part"
        run([str(build_dir / "tests/bench/spimi_write_tokens"), str(index), str(part)], out)
        part.rename(tokens)
    stats = json.loads(run([program, "stats", "--json", "-i", str(index)], out))

    only = [name for name in arguments.only.split(",") if name]
    engines = [Engine("spimi", [program]),
               *(engine for engine in peer_engines(peers_dir) if not only or engine.name in only)]
    records = install(engines, peers_dir)
    queries = draw_queries(tokens, arguments.seed, arguments.each)
    commands = arguments.commands.split(",")
    serves = {}
    for engine, record in zip(engines, records):
        if "error" in record:
            continue
        try:
            directory = out / f"{engine.name}.index"
            if engine.peer:
                make_index(engine, tokens, directory)
            record["index_bytes"] = tree_bytes(directory)
            serves[engine.name] = ([*engine.program, "serve", str(directory)] if engine.peer else
                                   [program, "serve-stdin", "-i", str(directory)])
        except Failed as failure:
            say(f"  {failure}")
            record["error"] = str(failure)
    say(f"asking {', '.join(serves)}")
    with one_processor():
        timings, failed = time_commands(serves, queries, commands, arguments.rounds)
        pipe, _ = time_commands({"cat": ["cat"]}, queries, ["COUNT"], arguments.rounds)
    for record in records:
        if record["name"] in failed:
            say(f"  {record['name']}: {failed[record['name']]}")
            record["error"] = failed[record["name"]]
    if "error" in records[0]:
        sys.exit(f"bench_queries: spimi: {records[0]['error']}")
    sets = {name: matching_documents(serves[name], queries) for name in ("spimi", "lucene") if name in timings}
    results = {
        "machine": machine(),
        "corpus": {"name": corpus.name, "documents": stats["num_docs"], "tokens": stats["num_tokens"]},
        "seed": arguments.seed, "rounds": arguments.rounds, "engines": records,
        "pipe": summary(pipe["cat"]["COUNT"][0]),
        "whole_process": summary(whole_process(program, index, queries, arguments.rounds)),
        "rows": summarize(queries, timings, commands),
        "differences": differences(queries, timings, commands, sets),
        "queries": [{"kind": kind, "query": query, "matches": len(sets["spimi"][i].split()),
                     "seconds": {command: {name: best[command][0][i] for name, best in timings.items()} for command in commands}}
                    for i, (kind, query) in enumerate(queries)],
    }
    (out / "queries.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (out / "queries.md").write_text(markdown(results))
    print(markdown(results), end="")


if __name__ == "__main__":
    main()
