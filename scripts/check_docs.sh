#!/usr/bin/env bash
# Checks the *.md files against the tree and the program. check_docs.sh PROGRAM
#   - every link, and every path in backticks that starts with a folder of this project, leads to something;
#   - every --option that README.md names is in some command's --help, and the other way round.
source "$(dirname "$0")/common.sh"

[[ $# == 1 && -x $1 ]] || { echo "usage: check_docs.sh PROGRAM" >&2; exit 2; }
program=$1
problems=0
problem() {
  echo "$*"
  problems=$((problems + 1))
}

shopt -s globstar nullglob
documents=(*.md {src,include,tests,data,scripts,cmake}/**/*.md)
for document in "${documents[@]}"; do
  folder=$(dirname "$document")
  while IFS= read -r link; do
    case $link in
      http://* | https://* | mailto:* | '#'*) continue ;;
    esac
    [[ -e $folder/${link%%#*} ]] || problem "$document: link to $link, which is not there"
  done < <(grep -oE '\]\([^) ]+\)' "$document" | sed -E 's/^\]\((.*)\)$/\1/')
  while IFS= read -r path; do
    [[ -e $path || -e $folder/$path ]] || problem "$document: names $path, which is not there"
  done < <(grep -oE '`(src|include|tests|data|scripts|cmake|\.ci)/[A-Za-z0-9_./-]*`' "$document" | tr -d '`')
done

help_options=$(
  for command in '' build merge query explain dump stats check serve-stdin; do
    "$program" $command --help
  done | grep -oE -e '(^|[ ,/[])--[a-z][a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u || true
)
# Lines of other programs have options of their own.
readme_options=$(grep -vE 'scripts/|cmake|ctest|pkg-config' README.md |
  grep -oE -e '(^|[^a-z-])--[a-z][a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u || true)
[[ -n $help_options && -n $readme_options ]] || problem "no options found in --help or README.md"
while IFS= read -r option; do
  problem "README.md: $option is in no command's --help"
done < <(comm -13 <(echo "$help_options") <(echo "$readme_options") | grep .)
while IFS= read -r option; do
  problem "README.md: does not name $option, which --help has"
done < <(comm -23 <(echo "$help_options") <(echo "$readme_options") | grep .)

((problems == 0)) || exit 1
echo "documents agree with the tree and the program: ${#documents[@]} documents, $(wc -l <<<"$help_options") options"
