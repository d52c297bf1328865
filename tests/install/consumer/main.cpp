// The smallest program that uses the installed library: index a directory, print the best hit.
#include <spimi/build.h>
#include <spimi/error.h>
#include <spimi/index.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    spimi::build(argv[1], argv[2]);
    const spimi::Index index = spimi::Index::open(argv[2]);
    for (const spimi::Hit& hit : index.search(index.query_terms(argv[3]), 1)) {
      std::puts(index.path(hit.docid).c_str());
    }
  } catch (const spimi::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
