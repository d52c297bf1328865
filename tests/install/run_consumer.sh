#!/usr/bin/env bash
# Installs a build into a temporary prefix, moves it, builds consumer/ against it and runs that.
# run_consumer.sh cmake|pkgconfig BUILD_DIR LIBDIR COMPILER FLAGS SANITIZERS
set -euo pipefail

way=$1 build_dir=$2 libdir=$3 compiler=$4 flags=$5
[[ -z $6 ]] || flags+=" -fsanitize=$6"
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build_dir" --prefix "$scratch/first" >"$scratch/log" || {
  cat "$scratch/log"
  exit 1
}
mv "$scratch/first" "$scratch/prefix"  # an installed tree must not remember where it was made

case $way in
  cmake)
    cmake -S "$here/consumer" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$scratch/prefix" \
      -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="$flags"
    cmake --build "$scratch/build"
    consumer=$scratch/build/consumer
    ;;
  pkgconfig)
    export PKG_CONFIG_PATH="$scratch/prefix/$libdir/pkgconfig"
    consumer=$scratch/consumer
    read -ra options <<<"$flags $(pkg-config --cflags --libs --static spimi)"
    "$compiler" -std=c++20 "$here/consumer/main.cpp" -o "$consumer" "${options[@]}"
    ;;
esac

mkdir "$scratch/corpus"
echo "The whale sang." >"$scratch/corpus/a.txt"
echo "No song here." >"$scratch/corpus/b.txt"
found=$("$consumer" "$scratch/corpus" "$scratch/index" Whale)
[[ $found == a.txt ]] || {
  echo "the consumer printed '$found', not 'a.txt'"
  exit 1
}
version=$("$scratch/prefix/bin/spimi" --version)
echo "consumer by $way: $found; installed program: $version"
