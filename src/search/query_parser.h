#pragma once

#include <string_view>

#include "search/query_node.h"

namespace spimi {

/// Reads a query. The grammar, in which a clause list is the loosest and a sign the tightest:
///
///   list    := clause+
///   clause  := or                      [+|-] before a lone operand: it must, must not be there
///   or      := and ("OR" and)*
///   and     := unary ("AND" unary)*
///   unary   := "NOT" unary | [+|-] operand
///   operand := atom ["^" number]
///   atom    := "(" list ")" | '"' text '"' ["~" [">"] number] | "/" regexp "/" | "path:" glob
///            | word ["~" [0-2]]        a word with an unescaped * or ? is a wildcard
///
/// Paths without a sign in a list are filters: what else is in the list must match, and one of
/// them. A backslash takes the meaning from the character after it. A sign or slash that does not
/// fit the grammar is part of a word, so that plain text is a query for its words. An empty query
/// is a boolean node without clauses. Throws QueryError.
QueryNode parse_query(std::string_view text);

}  // namespace spimi
