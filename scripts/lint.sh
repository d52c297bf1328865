#!/usr/bin/env bash
# Format, system calls, clang-tidy over src/, shell syntax. lint.sh [BUILD_DIR]: a configured and built tree, by default build/strict.
source "$(dirname "$0")/common.sh"

build_dir=${1:-build/strict}
if [[ ! -f $build_dir/compile_commands.json ]]; then
  echo "lint: $build_dir is not built; run: cmake --preset strict && cmake --build --preset strict" >&2
  exit 1
fi

scripts/format.sh --check
echo "format: clean"

# What the tests are to fail must go through base/system_calls.h.
calls='open|openat|close|fcntl|dup|dup2|dup3|read|pread|write|pwrite|fsync|fdatasync|rename|renameat2?|unlink|unlinkat|rmdir|mkdir|mkdirat'
calls+='|fstat|lstat|stat|fstatat|fstatvfs|statvfs|flock|ftruncate|fallocate|sync_file_range|getdents64|lseek|symlink|readlink'
if grep -rnE "(^|[^[:alnum:]_>])::($calls)\(" src --include='*.cpp' --include='*.h' |
  grep -vE '^src/(base/system_calls\.cpp|cli/(main|console|progress_line|signals)\.cpp)'; then
  echo "lint: these system calls do not go through base/system_calls.h" >&2
  exit 1
fi
echo "system calls: all in one place"

# The commands are GCC's, whose warning options clang need not know.
find src -name '*.cpp' -print0 | sort -z |
  xargs -0 -P "$(nproc)" -n 1 clang-tidy-14 --quiet -p "$build_dir" \
    --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings generated' >&2)
echo "clang-tidy: clean"

for script in scripts/*.sh .ci/run tests/*/*.sh; do
  bash -n "$script"
done
echo "shell syntax: clean"
