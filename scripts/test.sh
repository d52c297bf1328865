#!/usr/bin/env bash
# The whole suite: Release with warnings as errors, AddressSanitizer and UndefinedBehaviorSanitizer, ThreadSanitizer on
# what uses threads, the fuzzers, then format, clang-tidy and shell syntax. Stops at the first stage that fails.
#   test.sh [--quick]     --quick: only the first stage
source "$(dirname "$0")/common.sh"

quick=false
case ${1:-} in
  '') ;;
  --quick) quick=true ;;
  *)
    echo "usage: test.sh [--quick]" >&2
    exit 2
    ;;
esac

jobs=$(nproc)
stage=start
summaries=()
trap '(($? == 0)) || say "FAILED: stage \"$stage\"; its output is above."' EXIT

begin() {
  stage=$1
  say ""
  say "== $stage"
}

# ThreadSanitizer cannot map its memory where the kernel randomises addresses too widely; some containers forbid turning
# that off, and then it is tried as it is.
fixed_addresses=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
  fixed_addresses=(setarch "$(uname -m)" -R)
fi

# build_and_test PRESET
build_and_test() {
  local log=build/$1.ctest.log
  local start=$SECONDS
  run_quietly cmake --preset "$1" -DSPIMI_TESTS=ON
  run_quietly cmake --build --preset "$1" -j "$jobs"
  echo "built in $((SECONDS - start)) s"
  # Progress as it comes, without a line for each test that passed.
  "${fixed_addresses[@]}" ctest --preset "$1" -j "$jobs" 2>&1 | tee "$log" |
    grep --line-buffered -vE '^ +Start +[0-9]+:|  Passed +[0-9.]+ sec$|^$'
  summaries+=("$(grep 'tests passed' "$log")  ($1)")
}

begin "packages"
scripts/packages.sh test

begin "release: warnings are errors, all tests"
build_and_test strict

if ! $quick; then
  begin "address and undefined-behaviour sanitizers: all tests"
  build_and_test asan
  begin "thread sanitizer: the tests that use threads"
  build_and_test tsan
  # The suite has only replayed their inputs; Clang is also the other compiler that everything must build with.
  begin "fuzzers: built by Clang, two seconds each"
  scripts/fuzz.sh -s 2
  begin "format, clang-tidy, shell syntax"
  scripts/lint.sh build/strict
fi

stage=summary
say ""
say "All stages passed in $SECONDS s."
printf '%s\n' "${summaries[@]}"
