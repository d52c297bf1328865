// For files that Highway compiles once for each instruction set, behind <hwy/highway.h>: what is
// here is compiled with them.

#if defined(SPIMI_BASE_CHOSEN_LANES_H) == defined(HWY_TARGET_TOGGLE)
#ifdef SPIMI_BASE_CHOSEN_LANES_H
#undef SPIMI_BASE_CHOSEN_LANES_H
#else
#define SPIMI_BASE_CHOSEN_LANES_H
#endif

#include <cstddef>
#include <cstdint>

#include "base/places_of_bits.h"

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

/// The lanes of vectors of 32-bit numbers that a mask chooses; `Tag` is that of uint32_t.
///
/// hwy::Compress alone would do, but without AVX-512 it takes its shuffles from a table of a
/// kilobyte, which GCC copies to the stack each time (Highway 1.0.3, GCC 12): two thirds of the
/// time of a ranked query with AVX2. Besides, this looks a mask up once for all its vectors.
template <class Tag>
class ChosenLanes {
  using Mask = hwy::HWY_NAMESPACE::Mask<Tag>;

 public:
#if HWY_TARGET == HWY_AVX2
  HWY_INLINE explicit ChosenLanes(Mask mask) {
    std::uint8_t bits[8];
    hwy::HWY_NAMESPACE::StoreMaskBits(Tag(), mask, bits);
    bits_ = bits[0];
  }
  /// Of what StoreMaskBits wrote.
  HWY_INLINE explicit ChosenLanes(const std::uint8_t* bits) : bits_(*bits) {}

  HWY_INLINE std::size_t size() const { return hwy::PopCount(bits_); }

  /// Moves those of `values` to its front, in their order; anything is behind them then.
  template <class Vector>
  HWY_INLINE Vector to_front(Vector values) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const Tag d;
    static_assert(hn::MaxLanes(Tag()) == 8);
    const hn::Rebind<std::uint8_t, Tag> bytes;
    const auto places = hn::PromoteTo(d, hn::LoadU(bytes, kPlacesOfBits.places[bits_].data()));
    return hn::BitCast(hn::DFromV<Vector>(),
                       hn::TableLookupLanes(hn::BitCast(d, values), hn::IndicesFromVec(d, places)));
  }

 private:
  std::uint8_t bits_;
#else
  HWY_INLINE explicit ChosenLanes(Mask mask) : mask_(mask) {}
  HWY_INLINE explicit ChosenLanes(const std::uint8_t* bits)
      : mask_(hwy::HWY_NAMESPACE::LoadMaskBits(Tag(), bits)) {}

  HWY_INLINE std::size_t size() const { return hwy::HWY_NAMESPACE::CountTrue(Tag(), mask_); }

  template <class Vector>
  HWY_INLINE Vector to_front(Vector values) const {
    namespace hn = hwy::HWY_NAMESPACE;
    return hn::Compress(values, hn::RebindMask(hn::DFromV<Vector>(), mask_));
  }

 private:
  Mask mask_;
#endif
};

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#endif
