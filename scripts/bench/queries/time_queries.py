#!/usr/bin/env python3
"""Times engines that speak the protocol of the search-benchmark-game on their standard input.

    time_queries.py QUERIES OUT.json [--rounds N] [--commands A,B] NAME=COMMAND...

QUERIES has lines KIND<TAB>QUERY. Each engine runs alone, as one process: after a warm-up round it gets every query in
turn, N rounds of each command; of a query the best round counts, as in the game. Prints, for each command and kind, the
mean and the 99th percentile in microseconds, and the counts on which engines disagree. What a line through the pipe takes,
some ten microseconds, is in all figures alike.
"""
import argparse
import collections
import json
import shlex
import statistics
import subprocess
import sys
import time


class Engine:
    def __init__(self, command):
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        self.out = open(self.process.stdout.fileno(), "rb", buffering=1 << 16, closefd=False)

    def ask(self, line):
        start = time.perf_counter()
        self.process.stdin.write(line)
        answer = self.out.readline()
        seconds = time.perf_counter() - start
        if not answer:
            sys.exit("an engine ended at: " + line.decode())
        return seconds, answer.strip().decode()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("queries")
    parser.add_argument("out")
    parser.add_argument("engines", nargs="+")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--commands", default="TOP_10,TOP_100,TOP_1000,TOP_100_COUNT,COUNT")
    args = parser.parse_args()
    with open(args.queries, encoding="utf-8") as file:
        queries = [line.rstrip("\n").split("\t", 1) for line in file]
    commands = args.commands.split(",")

    best, counts = {}, {}
    for engine in args.engines:
        name, command_line = engine.split("=", 1)
        process = Engine(command_line)
        lines = {c: [f"{c}\t{q}\n".encode() for _, q in queries] for c in commands}
        for command in commands:
            for line in lines[command]:
                process.ask(line)
        for command in commands:
            seconds = [float("inf")] * len(queries)
            answers = [""] * len(queries)
            for _ in range(args.rounds):
                for i, line in enumerate(lines[command]):
                    taken, answers[i] = process.ask(line)
                    seconds[i] = min(seconds[i], taken)
            best[name, command] = seconds
            counts[name, command] = answers
        process.close()

    names = [engine.split("=", 1)[0] for engine in args.engines]
    report = []
    kinds = list(dict.fromkeys(kind for kind, _ in queries))
    print(f"{'command':14} {'kind':16}" + "".join(f"{n + ' mean':>16}{'p99':>9}" for n in names))
    for command in commands:
        by_kind = collections.defaultdict(list)
        for i, (kind, _) in enumerate(queries):
            by_kind[kind].append(i)
        for kind in kinds + ["all"]:
            places = by_kind[kind] if kind != "all" else range(len(queries))
            row = {"command": command, "kind": kind}
            text = f"{command:14} {kind:16}"
            for name in names:
                micros = [best[name, command][i] * 1e6 for i in places]
                row[name] = {"mean": statistics.fmean(micros), "p99": percentile(micros, 0.99)}
                text += f"{row[name]['mean']:16.1f}{row[name]['p99']:9.1f}"
            report.append(row)
            print(text)
    for command in commands:
        if "COUNT" not in command:
            continue
        for i, (_, query) in enumerate(queries):
            given = {name: counts[name, command][i] for name in names}
            if len(set(given.values())) > 1:
                print(f"{command} of {query} differs: {given}", file=sys.stderr)
    with open(args.out, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
