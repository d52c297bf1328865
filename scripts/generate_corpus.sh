#!/usr/bin/env bash
# Makes a corpus of made-up text whose term frequencies follow Zipf's law; the same arguments give the same bytes everywhere.
#   generate_corpus.sh [--seed N] [--bytes SIZE] [--vocabulary N] [--document-bytes SIZE]
#     [--exponent X] [--tail-exponent X] OUT_DIR
# The generator is tests/bench/generate_corpus.cpp.
here=$PWD
source "$(dirname "$0")/common.sh"

if (($# == 0)); then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
run_quietly cmake --preset release -DSPIMI_TESTS=ON
run_quietly cmake --build --preset release --target spimi_generate_corpus
generator=$PWD/build/release/tests/bench/spimi_generate_corpus
cd "$here"
exec "$generator" "$@"
