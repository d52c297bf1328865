"""index FILE_LIST INDEX_DIR THREADS: indexes the files of the list with PISA, without positions, which it does not have.
stats INDEX_DIR: what the index holds, as JSON.

PISA is in the extension module of the Python package pyterrier-pisa; nothing else of that package is used."""

import ctypes
import importlib.machinery
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import sys
import threading

BATCH_DOCUMENTS = 100_000
ENCODING, SCORER = "block_simdbp", "bm25"
LINE_ENDS_TO_SPACES = bytes.maketrans(b"\n\r", b"  ")


def load_pisa():
    """The extension module alone; it wants the library of another package, which is where the system does not look."""
    ctypes.CDLL(str(pathlib.Path(sys.prefix) / "lib/libtbb.so.2"), mode=ctypes.RTLD_GLOBAL)
    package = pathlib.Path(importlib.util.find_spec("pyterrier_pisa").origin).parent
    loader = importlib.machinery.ExtensionFileLoader("_pisathon", str(next(package.glob("_pisathon.*.so"))))
    pisa = importlib.util.module_from_spec(importlib.util.spec_from_loader("_pisathon", loader))
    loader.exec_module(pisa)
    return pisa


def feed(files, fifo):
    with open(fifo, "wb", buffering=1 << 20) as out:
        for name in files:
            with open(name, "rb") as file:
                out.write(name.replace(b" ", b"%20") + b" " + file.read().translate(LINE_ENDS_TO_SPACES) + b"\n")


def build(feed_to, out, num_threads, bm25):
    """Makes the index in `out` of what feed_to(fifo) writes: a document a line, its name and its text."""
    pisa = load_pisa()
    out = pathlib.Path(out)
    out.mkdir(parents=True)
    fifo = out / "fifo"
    os.mkfifo(fifo)
    threading.Thread(target=feed_to, args=(fifo,), daemon=True).start()
    pisa.index(str(fifo), str(out), "", BATCH_DOCUMENTS, num_threads)
    # Compresses the lists, and computes the bounds that ranking needs.
    pisa.prepare_index(pisa.RetrievalContext(), str(out), ENCODING, SCORER, "", **bm25)
    fifo.unlink()
    for part in ("fwd", "inv.docs", "inv.freqs", "fwd.terms", "fwd.documents"):  # what the compressed index replaces
        (out / part).unlink()


def index(file_list, out, num_threads):
    files = pathlib.Path(file_list).read_bytes().split(b"\0")[:-1]
    build(lambda fifo: feed(files, fifo), out, num_threads, {})
    for file in pathlib.Path(out).iterdir():
        with open(file, "rb") as opened:
            os.fsync(opened.fileno())


def version():
    return f"PISA of pyterrier-pisa {importlib.metadata.version('pyterrier-pisa')}"


def stats(out):
    def count(lexicon):  # its first number
        with open(pathlib.Path(out) / lexicon, "rb") as file:
            return int.from_bytes(file.read(8), "little")

    print(json.dumps({"documents": count("fwd.doclex"), "terms": count("fwd.termlex"), "version": version()}))


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "index":
        index(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif len(sys.argv) == 3 and sys.argv[1] == "stats":
        stats(sys.argv[2])
    else:
        sys.exit("usage: pisa_index.py index FILE_LIST INDEX_DIR THREADS, or stats INDEX_DIR")


if __name__ == "__main__":
    main()
