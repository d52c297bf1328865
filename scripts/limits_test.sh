#!/usr/bin/env bash
# What is too large for the suite: one token of a GiB, a million empty files, eight million distinct terms, a list of more than 4 GiB;
# then an index of more than 2^32 postings, checked and asked. limits_test.sh [--small]   --small: not the last.
# Takes some minutes; 1 GiB of $TMPDIR, and 9 GiB of build/limits for the last.
source "$(dirname "$0")/common.sh"

run_quietly cmake --preset release -DSPIMI_TESTS=ON
run_quietly cmake --build --preset release -j "$(nproc)" --target cli_test indexer_test
SPIMI_LARGE=1 build/release/tests/cli/cli_test --gtest_filter='HostileTest.*'
SPIMI_LARGE=1 build/release/tests/indexer/indexer_test --gtest_filter='ListWriterTest.ListOfMoreThanFourGiB'
[[ ${1:-} != --small ]] || exit 0

# Every word is in every document, so its list takes next to nothing: what is large is the number of postings. The documents
# are two files under many names.
words=65552
dir=build/limits
rm -rf $dir
mkdir -p $dir/corpus/000
trap 'rm -rf "$PWD/$dir"' EXIT
for file in 0 1; do seq -f 'w%.0f' $words >$dir/text$file; done
for ((i = 0; i < 256; ++i)); do ln $dir/text$((i % 2)) $dir/corpus/000/$i; done
for ((i = 1; i < 256; ++i)); do cp -rl $dir/corpus/000 "$dir/corpus/$i"; done
files=65536
spimi=build/release/src/cli/spimi
time $spimi build --no-positions --progress never $dir/corpus $dir/index
postings=$($spimi stats --json -i $dir/index | grep -oE '"num_postings":[0-9]+' | cut -d: -f2)
echo "$postings postings; 2^32 is $((1 << 32))"
((postings == words * files && postings > 1 << 32))
time $spimi check -i $dir/index
[[ $($spimi query --count -i $dir/index "w1 AND w$words") == "$files" ]]
echo "checked, and asked"
