#!/usr/bin/env bash
# Formats the C++ sources. format.sh [--check]: changes nothing, fails if there is something to change.
source "$(dirname "$0")/common.sh"

options=(-i)
[[ ${1:-} != --check ]] || options=(--dry-run --Werror)
find include src tests -name '*.h' -print0 -o -name '*.cpp' -print0 | sort -z |
  xargs -0 clang-format-14 "${options[@]}"
