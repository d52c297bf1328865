#!/usr/bin/env python3
"""Measures what a build costs per GB of text, against one thing at a time: the size of the corpus, the memory budget, the
size of the documents, the size of the vocabulary.

The corpora are made up, one after the other, and removed when the next is needed; with --real, parts of a real one of each
size are measured too. Points for which there is not enough room on the disk are left out, and said. A corpus that does not
fit in memory beside the rest is read from disk. OUT_DIR/scale.json has every run, OUT_DIR/*.svg the medians. Series that
are not chosen keep what they have there.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import sys

import rows as bench_rows
from measure import Failed, machine, median, remove, run, timed_run, tree_bytes
from plot import binary, line_plot, si

MB, GB = 10**6, 10**9
GENERATED = "made-up text"


@dataclasses.dataclass
class Point:
    series: str
    corpus: str                # GENERATED, or the name of a real one
    num_bytes: int
    memory: int = 256 << 20
    document_bytes: int = 4000
    vocabulary: int = 1_000_000
    exponent: float = 1        # of Zipf's law, for the common words
    tail_exponent: float = 2   # and for the rare ones


def points_of(series, arguments):
    """The points of a series; `--divide` makes them smaller, to try the program."""
    size, divide = arguments.bytes, arguments.divide
    sizes = [s * MB // divide for s in (10, 30, 100, 300, 1000, 3000, 10_000, 20_000)]
    if series == "size":
        points = [Point(series, GENERATED, s, document_bytes=16_000) for s in sizes]
        for real in arguments.real:
            total = tree_bytes(real)
            points += [Point(series, real.name, s) for s in [s for s in sizes if s < total / 1.2] + [total]]
        return points
    if series == "budget":
        return [Point(series, GENERATED, size, memory=m << 20) for m in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)]
    if series == "document":
        return [Point(series, GENERATED, min(size, d * arguments.max_files), document_bytes=d)
                for d in (max(16, d // divide) for d in (100, 1000, 10**4, 10**5, 10**6, 10**7, 10**8, 10**9))]
    # Less skew than elsewhere, or most of a large vocabulary would not occur.
    return [Point(series, GENERATED, size, vocabulary=max(10, v // divide), exponent=0.8, tail_exponent=0.8)
            for v in (10**4, 10**5, 10**6, 10**7, 10**8)]


SERIES = ("size", "budget", "document", "vocabulary")


def copy_part(corpus, num_bytes, out):
    """Copies files of that many bytes in all, spread evenly over the corpus."""
    paths = sorted(path for path in corpus.rglob("*") if path.is_file() and not path.is_symlink())
    sizes = [path.stat().st_size for path in paths]
    share = min(1, num_bytes / sum(sizes))
    seen = taken = 0
    for path, size in zip(paths, sizes):
        seen += size
        if taken < share * seen:
            taken += size
            copy = out / path.relative_to(corpus)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def make_corpus(point, out, build_dir, reals):
    # The text, half a block of the file system for each document, and runs and index.
    needed = 1.6 * point.num_bytes + point.num_bytes / point.document_bytes * 2048
    free = shutil.disk_usage(out.parent).free
    if needed > 0.95 * free:
        raise Failed(f"needs {si(needed, 'B')} of disk, {si(free, 'B')} are free")
    if point.corpus == GENERATED:
        run([str(build_dir / "tests/bench/spimi_generate_corpus"), "--bytes", str(point.num_bytes),
             "--document-bytes", str(point.document_bytes), "--vocabulary", str(point.vocabulary),
             "--exponent", str(point.exponent), "--tail-exponent", str(point.tail_exponent), str(out)], out.parent)
    else:
        copy_part(reals[point.corpus], point.num_bytes, out)


def same_corpus(a, b):
    return a is not None and dataclasses.replace(a, series="", memory=0) == dataclasses.replace(b, series="", memory=0)


def measure(point, scratch, build_dir, rounds, reals, point_before):
    """The point with its runs, or with the reason why it has none. The corpus of the point before is still there."""
    corpus, index = scratch / "corpus", scratch / "index"
    program = str(build_dir / "src/cli/spimi")
    record = {**dataclasses.asdict(point), "runs": []}
    if point.corpus != GENERATED:
        for name in ("document_bytes", "vocabulary", "exponent", "tail_exponent"):
            del record[name]
    try:
        if not corpus.is_dir() or not same_corpus(point_before, point):
            remove(corpus)
            make_corpus(point, corpus, build_dir, reals)
        record["num_bytes"] = tree_bytes(corpus)
        for _ in range(rounds):
            remove(index)
            record["runs"].append(timed_run([program, "build", "-q", "-m", str(point.memory), ".", str(index)], corpus, scratch))
        stats = json.loads(run([program, "stats", "--json", "-i", str(index)], corpus))
        record.update({name: stats[name] for name in ("num_docs", "num_terms", "num_tokens", "index_bytes")})
    except Failed as failure:
        record["error"] = str(failure)
        remove(corpus)
    remove(index)
    return record


def plots(records):
    """The file names and texts of the plots that there are points for."""
    records = [record for record in records if "error" not in record]

    def lines(series, x, y):
        chosen = [record for record in records if record["series"] == series]
        corpora = sorted({record["corpus"] for record in chosen}, key=lambda name: (name != GENERATED, name))
        return [(name, [(x(record), y(record)) for record in chosen if record["corpus"] == name]) for name in corpora]

    def cost(record):
        return median([run["seconds"] for run in record["runs"]]) / record["num_bytes"] * GB

    def peak(record):
        return median([run["peak_bytes"] for run in record["runs"]]) / 2**20

    budgets = sorted({record["memory"] for record in records if record["series"] == "budget"})
    seconds = "seconds per GB"
    size_label = "size of the corpus"
    drawings = (
        ("size", "What a build costs, against size", size_label, seconds, "size", lambda r: r["num_bytes"], cost, None,
         lambda v: si(v, "B")),
        ("memory", "Peak resident memory with a budget of 256 MiB", size_label, "MiB", "size", lambda r: r["num_bytes"], peak,
         None, lambda v: si(v, "B")),
        ("budget", "What a build costs, against its memory budget", "--memory", seconds, "budget", lambda r: r["memory"], cost,
         budgets, binary),
        ("document", "What a build costs, against the size of documents", "mean bytes of a document", seconds, "document",
         lambda r: r["num_bytes"] / r["num_docs"], cost, None, lambda v: si(v, "B")),
        ("vocabulary", "What a build costs, against vocabulary", "distinct terms", seconds, "vocabulary",
         lambda r: r["num_terms"], cost, None, si),
    )
    for file, title, x_label, y_label, series, x, y, x_ticks, x_format in drawings:
        drawn = lines(series, x, y)
        if drawn:
            yield f"{file}.svg", line_plot(title, x_label, y_label, drawn, x_ticks, x_format)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT_DIR", help="for the results, and for the corpora while they are measured")
    parser.add_argument("--only", default=",".join(SERIES), metavar="SERIES", help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each point (3)")
    parser.add_argument("--bytes", type=int, default=GB, metavar="N", help="size where it is not what varies (%(default)s)")
    parser.add_argument("--max-bytes", type=int, default=20 * GB, metavar="N", help="leave out larger corpora (%(default)s)")
    parser.add_argument("--max-files", type=int, default=1_000_000, metavar="N",
                        help="so small documents make a smaller corpus (%(default)s)")
    parser.add_argument("--real", type=lambda text: pathlib.Path(text).resolve(), action="append", default=[], metavar="DIR",
                        help="a real corpus; may be given again")
    parser.add_argument("--divide", type=int, default=1, metavar="N", help="all sizes by N, to try the program")
    parser.add_argument("--build-dir", type=pathlib.Path, help="a built tree of spimi; else build/release is built")
    parser.add_argument("--plot", action="store_true", help="only draw what OUT_DIR/scale.json has")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    chosen = arguments.only.split(",")
    if not set(chosen) <= set(SERIES):
        sys.exit(f"scale: --only takes some of {', '.join(SERIES)}")
    if not os.access("/usr/bin/time", os.X_OK):
        sys.exit("scale: needs GNU time; scripts/packages.sh bench installs it")
    out = arguments.out.resolve()
    scratch = out / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    results = {"machine": machine(), "points": []}
    if (out / "scale.json").is_file():
        old = json.loads((out / "scale.json").read_text())
        results["points"] = [p for p in old["points"] if arguments.plot or p["series"] not in chosen]

    if not arguments.plot:
        build_dir = arguments.build_dir.resolve() if arguments.build_dir else bench_rows.build_spimi()
        reals = {real.name: real for real in arguments.real}
        points = [point for series in SERIES if series in chosen for point in points_of(series, arguments)]
        point_before = None
        for point in points:
            if point.num_bytes > arguments.max_bytes:
                continue
            record = measure(point, scratch, build_dir, arguments.rounds, reals, point_before)
            point_before = point
            results["points"].append(record)
            (out / "scale.json").write_text(json.dumps(results, indent=1) + "\n")
            outcome = record.get("error") or f"{median([run['seconds'] for run in record['runs']]):.2f} s"
            words = ", ".join(f"{name} {value}" for name, value in record.items() if not isinstance(value, list))
            print(f"{outcome}: {words}", file=sys.stderr, flush=True)
    remove(scratch)
    for file, drawing in plots(results["points"]):
        (out / file).write_text(drawing)
        print(out / file)


if __name__ == "__main__":
    main()
