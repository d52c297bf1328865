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
say "2. Build (Release, into build/release)"
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
say "Done. The program is $program, the sample's index $index. Next:"
cat <<END

  $program build ~/Documents /tmp/documents-index     index your own files
  $program query -i /tmp/documents-index SOME WORDS   and search them
  $program --help                                     all commands
  scripts/test.sh                                         the whole test suite
END
