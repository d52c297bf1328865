#!/usr/bin/env bash
# What is left to chance, a thousand times: kill -9 and signals at any moment of builds, merges and resumed builds, two builds at
# once, readers during builds. kill_test.sh [ROUNDS]   Takes some ten minutes. The other tests of that kind run in the suite.
source "$(dirname "$0")/common.sh"

rounds=${1:-1000}
run_quietly cmake --preset release -DSPIMI_TESTS=ON
run_quietly cmake --build --preset release -j "$(nproc)" --target cli_test
SPIMI_FAULT_ROUNDS=$rounds build/release/tests/cli/cli_test --gtest_filter='KillTest.*'
