#include "cli/query_syntax.h"

namespace spimi::cli {

// A test runs what stands in the first column.
const std::string_view kQuerySyntax =
    "The query language. In a shell, put a query in single quotes.\n"
    "\n"
    "  cat dog            any of the words; more and rarer ones rank first\n"
    "  +cat dog -bird     cat must be there, bird must not, dog ranks higher\n"
    "  cat AND dog        both; AND binds closer than OR, NOT closer than AND\n"
    "  cat OR dog         any\n"
    "  cat NOT bird       the first without the second\n"
    "  (cat OR dog) AND bird\n"
    "                     parentheses\n"
    "  \"the cat\"          a phrase: these words side by side, in this order\n"
    "  \"cat dog\"~5        near: at most 5 other words between them, in any order\n"
    "  \"cat dog\"~>5       the same, in this order\n"
    "  cat*               words that begin with cat\n"
    "  c?t                ? is one character, * any number of them, anywhere\n"
    "  /c[ao]t(s|ty)?/    a regular expression for a whole word\n"
    "  lighthuose~        words one edit away; ~2: up to two. An edit adds, drops or\n"
    "                     changes a letter or swaps it with the next\n"
    "  cat^2.5 dog        cat counts two and a half times\n"
    "  cat path:docs/**   only documents below docs\n"
    "  cat path:*.md      only documents whose names end in .md\n"
    "  *                  every document\n"
    "  \\+cat \"a \\\"b\\\"\"    a backslash takes the meaning from what follows\n"
    "\n"
    "Case does not matter, but for AND, OR and NOT. A word that the index cuts into\n"
    "several, such as e-mail, is a phrase. A word given twice counts once.\n"
    "\n"
    "Patterns of words (cat*, c?t, /cat/, cat~) stand for at most --max-terms terms\n"
    "of the index: the nearest first, then those in the most documents. They count as\n"
    "one word. In a regular expression: . [a-z] [^a-z] \\d \\w ( ) | * + ? {2,5}.\n"
    "\n"
    "Patterns of paths: * and ? stop at a slash, ** does not; docs/ is docs/**. One\n"
    "without a slash is compared with the name of the document, any other with its\n"
    "path from the root of the corpus. path:\"with blanks\"; \\xHH is a byte. Of several\n"
    "in one list any may fit.\n";

}  // namespace spimi::cli
