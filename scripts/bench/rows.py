"""What the bench compares: the floors, spimi, and the programs that a user would pick instead."""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil

from measure import CAT_ALL, Failed, run

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent


@dataclasses.dataclass
class Row:
    """A row of the table. Its commands run in the corpus's folder."""
    name: str
    label: str
    command: list
    peer: str = ""            # the folder here that holds its program
    environment: dict = dataclasses.field(default_factory=dict)
    stats: list = None        # prints what the index holds, as JSON
    makes_index: bool = True


def java_home():
    """The newest JDK: $JAVA_HOME, or one of those that Debian or a vendor put into /usr/lib/jvm."""
    homes = [pathlib.Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    homes += sorted(pathlib.Path("/usr/lib/jvm").glob("*"))

    def version(home):
        release = home / "release"
        found = re.search(r'JAVA_VERSION="(\d+)', release.read_text()) if release.is_file() else None
        return int(found[1]) if found and (home / "bin/javac").exists() else 0

    best = max(homes, key=version, default=None)
    if best is None or version(best) < 21:
        raise Failed("Lucene 10 needs a JDK of version 21 or later: set JAVA_HOME")
    return best


def install_command(peer):
    """How the program in the folder of that name is built, and with what environment."""
    peer = peer.rpartition("/")[2]
    if peer == "lucene":
        return ["mvn", "-q", "-B", "package"], {"JAVA_HOME": str(java_home())}
    if peer == "tantivy":
        return ["cargo", "build", "--release", "--quiet"], {}
    if peer == "xapian":
        return ["bash", "-c", "for source in *.cpp; do"
                " g++ -O2 -std=c++20 -o ${source%.cpp} $source $(xapian-config --cxxflags --libs); done"], {}
    if peer == "fts5":
        return ["g++", "-O2", "-std=c++20", "-o", "fts5_index", "fts5_index.cpp", "-lsqlite3"], {}
    if peer == "pisa":
        return ["bash", "-c", "python3 -m venv environment && environment/bin/pip install -q --no-deps -r requirements.txt"], {}
    return ["node", "--version"], {}


def install(peer, peers_dir):
    """Builds a peer in a copy of its folder, unless that was done before from the same files."""
    files = sorted(file for file in (HERE / peer).rglob("*") if file.is_file())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = peers_dir / f"{peer}.installed"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    argv, extra_environment = install_command(peer)
    shutil.copytree(HERE / peer, peers_dir / peer, dirs_exist_ok=True)
    run(argv, peers_dir / peer, extra_environment)
    stamp.write_text(digest)


def build_spimi():
    """Builds what is measured, in the place where scripts/quickstart.sh does."""
    run(["cmake", "--preset", "release", "-DSPIMI_TESTS=ON"], PROJECT)
    run(["cmake", "--build", "--preset", "release", "--target", "spimi_cli", "spimi_floors", "spimi_generate_corpus",
         "spimi_write_tokens"], PROJECT)
    return PROJECT / "build/release"


def threads_label(number):
    return "1 thread" if number == 1 else f"{number} threads"


def floors(build_dir):
    program = str(build_dir / "tests/bench/spimi_floors")
    rows = [
        Row("cat", "`cat` of all files", ["bash", "-c", CAT_ALL]),
        Row("wc", "`LC_ALL=C wc -w` of all files",
            ["bash", "-c", "find . -type f -print0 | LC_ALL=C wc -w --files0-from=-"]),
    ]
    for threads in (1, 2):
        rows.append(Row(f"read-{threads}", f"spimi's walk and reading only, {threads_label(threads)}",
                        [program, "read", str(threads), "."]))
    for threads in (1, 2):
        rows.append(Row(f"tokenize-{threads}", f"spimi's walk, reading and tokenizing, {threads_label(threads)}",
                        [program, "tokenize", str(threads), "."]))
    for row in rows:
        row.makes_index = False
    return rows


def spimi(build_dir, index):
    program = str(build_dir / "src/cli/spimi")
    return [Row(f"spimi-{memory}-{threads}", f"`spimi build -m {memory} -j {threads}`",
                [program, "build", "-q", "-m", memory, "-j", str(threads), ".", index],
                stats=[program, "stats", "--json", "-i", index])
            for memory in ("64M", "256M", "1G") for threads in (1, 2)]


def lucene(peers_dir, files, index):
    try:
        java = str(java_home() / "bin/java")
    except Failed:
        java = "java"  # installing it will say what is missing
    target = peers_dir / "lucene/target"
    program = [java, "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
               "-XX:+UseParallelGC", "-Xmx2g", "-cp", f"{target}/lucene-index.jar:{target}/dependency/*",
               "LuceneIndex"]
    return [Row(f"lucene-{end}-{threads}", f"Lucene, {label}, {threads_label(threads)}",
                [*program, "index", files, index, str(threads), end], peer="lucene",
                stats=[*program, "stats", index])
            for end, label in (("commit", "plain commit"), ("merge", "`forceMerge(1)`")) for threads in (1, 2)]


def others(peers_dir, files, index):
    tantivy = str(peers_dir / "tantivy/target/release/tantivy-index")
    xapian = str(peers_dir / "xapian/xapian_index")
    fts5 = str(peers_dir / "fts5/fts5_index")
    pisa = [str(peers_dir / "pisa/environment/bin/python"), str(peers_dir / "pisa/pisa_index.py")]
    node = ["node", str(peers_dir / "node/index.mjs")]
    pipeline = ("set -o pipefail; mkdir -p {1} && xargs -0 -a {0} cat -- | LC_ALL=C tr -cs A-Za-z '\\n' | LC_ALL=C tr A-Z a-z |"
                " LC_ALL=C sort -S 256M -T {1} | LC_ALL=C uniq -c > {1}/counts && sync {1}/counts").format(files, index)
    rows = [Row(f"tantivy-{threads}", f"tantivy, one segment, {threads_label(threads)}",
                [tantivy, "index", files, index, str(threads)], peer="tantivy", stats=[tantivy, "stats", index])
            for threads in (1, 2)]
    rows += [
        Row("fts5", "SQLite FTS5, `optimize`", [fts5, "index", files, index], peer="fts5", stats=[fts5, "stats", index]),
        Row("xapian", "Xapian, compacted", [xapian, "index", files, index], peer="xapian", stats=[xapian, "stats", index],
            environment={"XAPIAN_FLUSH_THRESHOLD": "100000"}),
        Row("node", "the straightforward Node program", [*node, "index", files, index], peer="node",
            stats=[*node, "stats", index]),
        Row("pipeline", "`tr \\| sort \\| uniq -c`: counts, no documents or positions", ["bash", "-c", pipeline],
            stats=["awk", '{n += $1} END {printf "{\\"terms\\": %d, \\"tokens\\": %d}", NR, n}', f"{index}/counts"]),
    ]
    rows += [Row(f"pisa-{threads}", f"PISA, no positions, {threads_label(threads)}", [*pisa, "index", files, index, str(threads)],
                 peer="pisa", stats=[*pisa, "stats", index])
             for threads in (1, 2)]
    return rows


def all_rows(build_dir, peers_dir, files, index):
    return [*floors(build_dir), *spimi(build_dir, index), *lucene(peers_dir, files, index),
            *others(peers_dir, files, index)]


def holdings(row, cwd):
    """Documents, terms and tokens of the index that the row just made, by the peer's own account."""
    stats = json.loads(run(row.stats, cwd, row.environment))
    names = {"num_docs": "documents", "num_terms": "terms", "num_tokens": "tokens"}
    stats = {names.get(name, name): value for name, value in stats.items()}
    return {name: stats[name] for name in ("documents", "terms", "tokens", "segments", "version") if name in stats}
