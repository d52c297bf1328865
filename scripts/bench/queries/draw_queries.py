"""Draws queries from a corpus's own words, in the forms of the search-benchmark-game.

Of each kind as many: one term; two, three and five terms as an intersection, a union or a phrase; and mixed ones. The words of
a phrase are neighbours in a document; so are those of the others half the time, and else words of the same document: such as
people ask for together. Words are a-z, of at least two letters. The same seed and tokens give the same queries.
"""
import mmap
import random
import re

WORDS = re.compile(rb"(?<![^ ])(?:[a-z]{2,} )+")
DOCUMENT_BYTES = 1 << 20  # of a document, what is looked at


class Drawer:
    """Draws from what spimi_write_tokens wrote: a document a line."""

    def __init__(self, tokens, seed):
        self.random = random.Random(seed)
        with open(tokens, "rb") as file:
            self.text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.ends, end = [], self.text.find(b"\n")
        while end >= 0:
            self.ends.append(end)
            end = self.text.find(b"\n", end + 1)

    def draw(self, size):
        """(adjacent words, words of the same document), each `size` of them, all distinct."""
        while True:
            docid = self.random.randrange(len(self.ends))
            begin = self.ends[docid - 1] + 1 if docid else 0
            line = self.text[begin:min(self.ends[docid], begin + DOCUMENT_BYTES)]
            stretches = [match.group().decode().split() for match in WORDS.finditer(line)]
            stretches = [stretch for stretch in stretches if len(stretch) >= size]
            if not stretches:
                continue
            stretch = self.random.choice(stretches)
            start = self.random.randrange(len(stretch) - size + 1)
            adjacent = stretch[start:start + size]
            words = sorted({word for each in stretches for word in each})
            if len(set(adjacent)) == size and len(words) >= size:
                return adjacent, self.random.sample(words, size)

    def some(self, size):
        return self.draw(size)[self.random.randrange(2)]


def draw_queries(tokens, seed, each):
    """A list of (kind, query), `each` of every kind, all distinct."""
    drawer = Drawer(tokens, seed)
    kinds = {
        "term": lambda: drawer.some(1)[0],
        "intersection_2": lambda: "+{} +{}".format(*drawer.some(2)),
        "intersection_3": lambda: "+{} +{} +{}".format(*drawer.some(3)),
        "union_2": lambda: "{} {}".format(*drawer.some(2)),
        "union_3": lambda: "{} {} {}".format(*drawer.some(3)),
        "union_5": lambda: "{} {} {} {} {}".format(*drawer.some(5)),
        "phrase_2": lambda: '"{} {}"'.format(*drawer.draw(2)[0]),
        "phrase_3": lambda: '"{} {} {}"'.format(*drawer.draw(3)[0]),
        "must_should": lambda: "+{} {}".format(*drawer.some(2)),
        "must_not": lambda: "+{} -{}".format(*drawer.some(2)),
        "phrase_must": lambda: '+"{} {}" +{}'.format(*drawer.draw(2)[0], drawer.some(1)[0]),
    }
    queries = []
    for kind, make in kinds.items():
        of_kind = {}
        for _ in range(each * 100):
            of_kind[make()] = True
            if len(of_kind) == each:
                break
        else:
            raise SystemExit(f"the corpus is too small for {each} different queries of the kind {kind}")
        queries += [(kind, query) for query in of_kind]
    return queries
