// Input: a manifest without its checksum line. With a right one behind it, it is refused as damaged
// or survives being written again.

#include <optional>

#include "format/manifest.h"
#include "fuzz/fuzz.h"
#include "support/segment_builder.h"

namespace spimi::testing {
namespace {

std::optional<IndexInfo> parse(const std::string& text) {
  std::optional<IndexInfo> info;
  attempt([&] { info = parse_manifest("manifest", text); });
  return info;
}

void run(const std::string& body) {
  parse(body);  // The checks that come before the checksum's.
  const std::optional<IndexInfo> info = parse(seal_manifest(body));
  if (!info) return;
  const std::string text = manifest_text(*info);
  const std::optional<IndexInfo> again = parse(text);
  require(again.has_value(), "a manifest that was written is valid");
  // Equal texts mean equal facts: no two are written alike.
  require(manifest_text(*again) == text, "a manifest that was written is read back");
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) {
  run({reinterpret_cast<const char*>(data), size});
}

}  // namespace spimi::testing
