"""index TOKENS INDEX_DIR: indexes the lines of what spimi_write_tokens wrote with PISA, which has no positions.
serve INDEX_DIR: answers TOP_k of the search-benchmark-game for words of which any, or all, must be there.

PISA counts nothing, and has no phrases and no exclusion: those are UNSUPPORTED."""

import ctypes
import re
import sys

from pisa_index import ENCODING, SCORER, build, load_pisa, version

BM25 = {"bm25_k1": 1.2, "bm25_b": 0.75}
OTHER_BYTES = re.compile(rb"[^a-z0-9 ]")


def feed(tokens, fifo):
    """A document a line: its name, and its terms. PISA cuts text at whatever is no letter or digit: so of other bytes it
    gets the digits, and has as many tokens and terms as there are."""
    with open(tokens, "rb") as lines, open(fifo, "wb", buffering=1 << 20) as out:
        for docid, line in enumerate(lines):
            out.write(b"%d " % docid + OTHER_BYTES.sub(lambda other: b"%02x" % other[0][0], line.rstrip(b"\n")) + b"\n")


class Searcher:
    def __init__(self, directory):
        self.pisa = load_pisa()
        self.context = self.pisa.RetrievalContext()
        self.pisa.prepare_index(self.context, directory, ENCODING, SCORER, "", **BM25)
        self.buffers = {}

    def top(self, algorithm, words, k):
        if k not in self.buffers:
            self.buffers[k] = [kind * k for kind in (ctypes.c_int32, ctypes.c_void_p, ctypes.c_int32, ctypes.c_float)]
            self.buffers[k] = [array() for array in self.buffers[k]]
        queries = [(0, {word: 1.0 for word in words})]
        return self.pisa.retrieve(self.context, algorithm, queries, k, 1, 1, 0, *self.buffers[k])

    def forget(self, k, num_hits):
        """The names of the hits are references that only we hold."""
        for address in self.buffers[k][1][:num_hits]:
            ctypes.pythonapi.Py_DecRef(ctypes.c_void_p(address))


def serve(directory):
    searcher = Searcher(directory)
    for line in sys.stdin:
        command, query = line.rstrip("\n").split("\t", 1)
        words = query.split()
        every = all(word[0] == "+" for word in words)
        plain = all(word.lstrip("+").isalpha() for word in words)
        k = re.fullmatch(r"TOP_(\d+)", command)
        if not k or not plain or not (every or "+" not in query):
            print("UNSUPPORTED", flush=True)
            continue
        algorithm = "block_max_ranked_and" if every and len(words) > 1 else "block_max_maxscore"
        k = int(k[1])
        num_hits = searcher.top(algorithm, [word.lstrip("+") for word in words], k)
        print(1, flush=True)
        searcher.forget(k, num_hits)


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "index":
        build(lambda fifo: feed(sys.argv[2], fifo), sys.argv[3], 1, BM25)
    elif len(sys.argv) == 3 and sys.argv[1] == "serve":
        serve(sys.argv[2])
    elif sys.argv[1:] == ["version"]:
        print(version())
    else:
        sys.exit("usage: pisa_queries.py index TOKENS INDEX_DIR, or serve INDEX_DIR, or version")


if __name__ == "__main__":
    main()
