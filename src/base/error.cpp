#include "spimi/error.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "base/os_error.h"
#include "base/utf8.h"

namespace spimi {
namespace {

std::string compose(std::string_view path, std::optional<std::uint64_t> offset,
                    std::string_view what_happened, std::string_view cause) {
  std::string message;
  if (!path.empty()) message += escape_bytes(path) + ": ";
  if (offset) message += "offset " + std::to_string(*offset) + ": ";
  message += what_happened;
  if (!cause.empty()) {
    message += ": ";
    message += cause;
  }
  return message;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Error::Error(ErrorKind kind, std::string_view path, std::optional<std::uint64_t> offset,
             std::string_view what_happened, std::string_view cause)
    : std::runtime_error(compose(path, offset, what_happened, cause)),
      kind_(kind),
      path_(path),
      offset_(offset) {}

Error os_error(std::string_view path, std::string_view what_happened) {
  return Error(ErrorKind::kIo, path, what_happened, std::generic_category().message(errno));
}

Error os_error(std::string_view path, std::uint64_t offset, std::string_view what_happened) {
  return Error(ErrorKind::kIo, path, offset, what_happened, std::generic_category().message(errno));
}

std::string escape_bytes(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size());
  std::size_t i = 0;
  while (i < bytes.size()) {
    const Utf8Char c = decode_utf8(bytes, i);
    const bool printable = c.valid && c.code_point >= 0x20 && c.code_point != 0x7f &&
                           !(c.code_point >= 0x80 && c.code_point < 0xa0) && c.code_point != '\\';
    for (std::size_t end = i + c.num_bytes; i < end; ++i) {
      if (printable) {
        text += bytes[i];
      } else {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        text += "\\x";
        text += kHex[byte >> 4];
        text += kHex[byte & 15];
      }
    }
  }
  return text;
}

std::string unescape_bytes(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const int high = i + 3 < text.size() && text[i + 1] == 'x' ? hex_value(text[i + 2]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 3]) : -1;
    if (low < 0) {
      throw Error(ErrorKind::kUsage, {}, "malformed escape in '" + std::string(text) + "'",
                  "a backslash must begin \\xHH");
    }
    bytes += static_cast<char>(high * 16 + low);
    i += 3;
  }
  return bytes;
}

}  // namespace spimi
