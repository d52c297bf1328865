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
        try:
            os.write(self.to, line)
        except BrokenPipeError:
            pass  # There will be no answer, either.
        answer = os.read(self.out, 1 << 16)
        while not answer.endswith(b"\n"):  # A long one comes in parts.
            part = os.read(self.out, 1 << 16)
            if not part:
                raise Failed(f"ended at {line.decode().strip()}")
            answer += part
        return time.perf_counter() - start, answer.strip().decode()

    def close(self):
        with contextlib.suppress(OSError):
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


class Timed:
    """An engine that serves, its best seconds of each query and its answers, command by command."""

    def __init__(self, serve, queries, commands):
        self.process = Process(serve)
        self.lines = {command: [f"{command}\t{query}\n".encode() for _, query in queries] for command in commands}
        self.seconds = {command: [float("inf")] * len(queries) for command in commands}
        self.answers = {command: [""] * len(queries) for command in commands}

    def warm_up(self, commands):
        for command in commands:
            for line in self.lines[command]:
                self.process.ask(line)

    def ask_all(self):
        # What the engine before has driven out of the caches comes back without being timed.
        self.warm_up(list(self.lines)[:1])
        for command, lines in self.lines.items():
            seconds, answers = self.seconds[command], self.answers[command]
            for i, line in enumerate(lines):
                taken, answers[i] = self.process.ask(line)
                seconds[i] = min(seconds[i], taken)

    def best(self):
        return {command: ([None if answer == UNSUPPORTED else second for second, answer in zip(self.seconds[command], answers)],
                          answers) for command, answers in self.answers.items()}


def time_commands(serves, queries, commands, num_rounds):
    """Times engines, {name: how to serve}. Returns {name: {command: (best seconds of each query, its answer)}}, and {name:
    why} of those that failed. Rounds go from engine to engine, so that what disturbs the machine for a while meets all of
    them. A warm-up round comes first; a query's best round counts, as in the game. A query that is not supported has no
    seconds."""
    engines, failed = {}, {}
    try:
        for number in range(num_rounds + 1):
            for name, serve in serves.items():
                if name in failed:
                    continue
                try:
                    if number == 0:
                        engines[name] = Timed(serve, queries, commands)
                        engines[name].warm_up(commands)
                    else:
                        engines[name].ask_all()
                except (Failed, OSError) as failure:
                    failed[name] = str(failure)
            print(f"  round {number} of {num_rounds}" if number else "  warm-up", file=sys.stderr, flush=True)
    finally:
        for engine in engines.values():
            engine.process.close()
    return {name: engine.best() for name, engine in engines.items() if name not in failed}, failed


def matching_documents(serve, queries):
    """The docids of every query's matches, as text."""
    process = Process(serve)
    try:
        return [process.ask(f"DOCS\t{query}\n".encode())[1] for _, query in queries]
    finally:
        process.close()
