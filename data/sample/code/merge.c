/* Merges two sorted lists of page numbers, as a cataloguer merges two trays of cards. */
#include <stddef.h>

size_t merge_pages(const unsigned *left, size_t left_count, const unsigned *right, size_t right_count,
                   unsigned *out) {
  size_t i = 0, j = 0, n = 0;
  while (i < left_count || j < right_count) {
    unsigned page;
    if (j == right_count || (i < left_count && left[i] <= right[j])) {
      page = left[i++];
    } else {
      page = right[j++];
    }
    if (n == 0 || out[n - 1] != page) out[n++] = page; /* the same page twice is one entry */
  }
  return n;
}
