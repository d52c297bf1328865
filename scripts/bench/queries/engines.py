"""Engines that answer the protocol of the search-benchmark-game on their standard input, and how each is run."""

import contextlib
import dataclasses
import os
import subprocess
import sys
import time

import rows
from measure import Failed, environment

UNSUPPORTED = "UNSUPPORTED"


@dataclasses.dataclass
class Engine:
    name: str
    program: list       # to be followed by index TOKENS INDEX_DIR, serve INDEX_DIR, or version
    peer: str = ""      # the folder of the bench that holds its program


def peer_engines(peers_dir):
    try:
        java = str(rows.java_home() / "bin/java")
    except Failed:
        java = "java"  # installing it will say what is missing
    folder = peers_dir / "queries"
    lucene = folder / "lucene/target"
    pisa = peers_dir / "pisa"
    return [
        Engine("lucene", [java, "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx2g", "-cp",
                          f"{lucene}/lucene-queries.jar:{lucene}/dependency/*", "LuceneQueries"], "queries/lucene"),
        Engine("tantivy", [str(folder / "tantivy/target/release/tantivy-queries")], "queries/tantivy"),
        Engine("pisa", [str(pisa / "environment/bin/python"), str(pisa / "pisa_queries.py")], "pisa"),
        Engine("xapian", [str(folder / "xapian/xapian_queries")], "queries/xapian"),
    ]


class Process:
    """One engine that serves; close it."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        bufsize=0, env=environment())
        self.to, self.out = self.process.stdin.fileno(), self.process.stdout.fileno()

    def ask(self, line):
        """(seconds, answer)"""
        start = time.perf_counter()
        os.write(self.to, line)
        answer = os.read(self.out, 1 << 16)
        seconds = time.perf_counter() - start
        if not answer.endswith(b"\n"):  # A long one: it comes in parts.
            parts = [answer]
            while parts[-1] and not parts[-1].endswith(b"\n"):
                parts.append(os.read(self.out, 1 << 16))
            seconds, answer = time.perf_counter() - start, b"".join(parts)
        if not answer.endswith(b"\n"):
            raise Failed(f"ended at {line.decode().strip()}")
        return seconds, answer.strip().decode()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def one_processor():
    """Keeps this process, and what it starts meanwhile, on one processor. Of two that hand lines to each other the one that
    waits falls asleep, and to wake it takes longer than many a query: 35 µs here."""
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)


def time_commands(serve, queries, commands, num_rounds):
    """{command: (best seconds of each query, its answer)}, of one process. A warm-up of every command comes first; a
    query's best round counts, as in the game. A query that is not supported has no seconds."""
    process = Process(serve)
    try:
        lines = {command: [f"{command}\t{query}\n".encode() for _, query in queries] for command in commands}
        for command in commands:
            for line in lines[command]:
                process.ask(line)
        best = {}
        for command in commands:
            seconds, answers = [float("inf")] * len(queries), [""] * len(queries)
            for _ in range(num_rounds):
                for i, line in enumerate(lines[command]):
                    taken, answers[i] = process.ask(line)
                    seconds[i] = min(seconds[i], taken)
            best[command] = ([None if answer == UNSUPPORTED else second for second, answer in zip(seconds, answers)], answers)
            print(f"  {command}", file=sys.stderr, flush=True)
        return best
    finally:
        process.close()


def matching_documents(serve, queries):
    """The docids of every query's matches, as text."""
    process = Process(serve)
    try:
        return [process.ask(f"DOCS\t{query}\n".encode())[1] for _, query in queries]
    finally:
        process.close()
