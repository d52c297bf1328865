#!/usr/bin/env bash
# Line coverage of src/ by the whole suite, a line for each file and the total, which must be at least 90 %.
source "$(dirname "$0")/common.sh"

scripts/packages.sh coverage
dir=build/coverage
jobs=$(nproc)
run_quietly cmake -S . -B $dir -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER=clang++-14 -DSPIMI_TESTS=ON \
  -DCMAKE_CXX_FLAGS="-O1 -g1 -fprofile-instr-generate -fcoverage-mapping"
run_quietly cmake --build $dir -j "$jobs"
rm -rf $dir/profiles
# Runs of one program add up in one file; a process that is killed leaves nothing.
LLVM_PROFILE_FILE=$PWD/$dir/profiles/%4m.profraw ctest --test-dir $dir -j "$jobs" -E '^(install|docs)\.' \
  --output-on-failure >$dir/ctest.log || { tail -50 $dir/ctest.log >&2; exit 1; }
llvm-profdata-14 merge -sparse -o $dir/profile $dir/profiles/*.profraw

objects=()
for program in $dir/src/cli/spimi $dir/tests/*/*_test $dir/tests/fuzz/*_fuzz; do
  [[ -x $program ]] && objects+=(-object "$program")
done
llvm-cov-14 report -instr-profile=$dir/profile "${objects[@]}" \
  -ignore-filename-regex='/(tests|build|usr)/|generate_unicode_tables' >$dir/report
# Of its columns: the file, lines, lines missed, and the part that is covered.
awk 'NR > 2 && NF >= 10 {printf "%-40s %6s lines %6s not %8s\n", $1, $8, $9, $10}' $dir/report
awk '$1 == "TOTAL" {sub("%", "", $10); exit !($10 < 90)}' $dir/report &&
  { echo "coverage: less than 90 % of the lines of src/" >&2; exit 1; }
exit 0
