#!/usr/bin/env python3
"""Draws queries from an index's own corpus: draw_queries.py INDEX CORPUS_DIR [--seed N] [--each N]

Of each kind as many: one term; two and three terms as an intersection, as a union and as a phrase; and
mixed ones, in the forms of the search-benchmark-game ("+a +b", "a b", '"a b"', "+a b", "+a -b"). The words of a
phrase are neighbours in a document; so are those of the others half the time, and else words of the same document: such
as people ask for together. Words are runs of a-z of at least two letters, which every tokenizer leaves whole.
A line is KIND<TAB>QUERY. The same seed, corpus and index give the same lines.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys

WORD = re.compile(r"[A-Za-z]{2,}")
# A token of the default word boundaries is longer than its letters if one of these is beside them.
GLUE = set("_'.:·0123456789’‧")


def neighbours(text):
    """Stretches of words with nothing but blanks between them."""
    stretch, end = [], None
    for match in WORD.finditer(text):
        before = text[match.start() - 1] if match.start() else " "
        after = text[match.end()] if match.end() < len(text) else " "
        whole = before.isascii() and after.isascii() and before not in GLUE and after not in GLUE
        if not whole or (end is not None and text[end:match.start()].strip(" \n\t")):
            if len(stretch) > 1:
                yield stretch
            stretch = []
        if whole:
            stretch.append(match.group().lower())
            end = match.end()
        else:
            end = None
    if len(stretch) > 1:
        yield stretch


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("index")
    parser.add_argument("corpus")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=100, help="queries of each kind")
    parser.add_argument("--program", default="spimi")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    dump = subprocess.run([args.program, "dump", "--docs", "--json", "-i", args.index],
                          check=True, capture_output=True, text=True).stdout
    paths = [json.loads(line)["path"] for line in dump.splitlines()]
    paths = [path for path in paths if "\\x" not in path]

    def draw(size):
        """(adjacent words, words of the same document), each `size` of them, all distinct."""
        while True:
            path = os.path.join(args.corpus, rng.choice(paths))
            with open(path, encoding="utf-8", errors="replace") as file:
                stretches = [s for s in neighbours(file.read(1 << 20)) if len(s) >= size]
            if not stretches:
                continue
            stretch = rng.choice(stretches)
            start = rng.randrange(len(stretch) - size + 1)
            adjacent = stretch[start:start + size]
            words = sorted({word for s in stretches for word in s})
            if len(set(adjacent)) == size and len(words) >= size:
                return adjacent, rng.sample(words, size)

    def some(size):
        return draw(size)[rng.randrange(2)]

    kinds = {
        "term": lambda: some(1)[0],
        "intersection_2": lambda: "+{} +{}".format(*some(2)),
        "intersection_3": lambda: "+{} +{} +{}".format(*some(3)),
        "union_2": lambda: "{} {}".format(*some(2)),
        "union_3": lambda: "{} {} {}".format(*some(3)),
        "union_5": lambda: "{} {} {} {} {}".format(*some(5)),
        "phrase_2": lambda: '"{} {}"'.format(*draw(2)[0]),
        "phrase_3": lambda: '"{} {} {}"'.format(*draw(3)[0]),
        "must_should": lambda: "+{} {}".format(*some(2)),
        "must_not": lambda: "+{} -{}".format(*some(2)),
        "phrase_must": lambda: '+"{} {}" +{}'.format(*draw(2)[0], some(1)[0]),
    }
    for kind, make in kinds.items():
        queries = set()
        while len(queries) < args.each:
            query = make()
            if query not in queries:
                queries.add(query)
                print(kind, query, sep="\t")


if __name__ == "__main__":
    sys.exit(main())
