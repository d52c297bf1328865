#!/usr/bin/env bash
# From a fresh clone to a first query: installs what is missing, builds, indexes data/sample, asks it a few things.
# Can be run again at any time.
source "$(dirname "$0")/common.sh"

program=build/release/src/cli/spimi
index=build/sample-index

show() {
  say ""
  say "\$ ${*/#$program/spimi}"
  "$@"
}

say "1. Packages"
scripts/packages.sh build

say ""
say "2. Build (Release, into build/release; a minute or two)"
run_quietly cmake --preset release -DSPIMI_TESTS=OFF
run_quietly cmake --build build/release
"$program" --version

say ""
say "3. Index the sample: a few dozen short texts in many languages, in data/sample"
show "$program" build --force data/sample "$index"

say ""
say "4. Ask it"
show "$program" query -i "$index" whale
show "$program" query -i "$index" --json -k 1 鯨
show "$program" query -i "$index" --count λέξη
show "$program" stats -i "$index"
show "$program" check -i "$index"

say ""
say "Done. The program is $program, the index of the sample is in $index. What next:"
cat <<END

  # index your own files, and search them
  $program build ~/Documents ~/documents.index
  $program query -i ~/documents.index SOME WORDS

  # all commands; the options of one
  $program --help
  $program build --help

  # the whole test suite
  scripts/test.sh
END
