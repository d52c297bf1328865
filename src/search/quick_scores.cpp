// Only what SPIMI_CPU_TARGETS picks from.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "search/quick_scores.cpp"
#include <hwy/foreach_target.h>  // compiles this file once for each instruction set

#include <hwy/highway.h>

#include "base/chosen_lanes.h"
#include "base/cpu_targets.h"
#include "search/quick_scores.h"

#include <algorithm>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace spimi {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Words = hn::CappedTag<std::uint32_t, kQuickSlack>;
using Ints = hn::RebindToSigned<Words>;
using Floats = hn::RebindToFloat<Words>;
using WordVector = hn::Vec<Words>;
using FloatVector = hn::Vec<Floats>;

/// Calls `visit` with the index of each vector of `size` values and how many of it there are. From
/// one place, so that it is compiled into the loop.
template <typename Visit>
HWY_INLINE void for_each_vector(std::size_t size, Visit visit) {
  const std::size_t lanes = hn::Lanes(Words());
  for (std::size_t i = 0; i < size; i += lanes) visit(i, std::min(lanes, size - i));
}

/// The first `size` of a vector's values; of the others any.
HWY_INLINE WordVector load_some(const std::uint32_t* values, std::size_t size) {
  const Words d;
  if (size == hn::Lanes(d)) return hn::LoadU(d, values);
  HWY_ALIGN std::uint32_t some[kQuickSlack] = {};
  std::memcpy(some, values, size * sizeof(std::uint32_t));
  return hn::Load(d, some);
}

/// Of unsigned integers. All instruction sets convert signed ones, of which those from 2^31 on are
/// 2^32 too little.
HWY_INLINE FloatVector to_floats(WordVector values) {
  const Floats f;
  const auto ints = hn::BitCast(Ints(), values);
  const auto lacking =
      hn::And(hn::BitCast(f, hn::BroadcastSignBit(ints)), hn::Set(f, 4294967296.0f));
  return hn::Add(hn::ConvertTo(f, ints), lacking);
}

HWY_INLINE FloatVector score_of(const QuickScore& score, WordVector tfs, WordVector lengths) {
  const Floats f;
  const FloatVector tf = to_floats(tfs);
  const FloatVector norm =
      hn::MulAdd(to_floats(lengths), hn::Set(f, score.slope), hn::Set(f, score.base));
  return hn::Div(hn::Mul(tf, hn::Set(f, score.most)), hn::Add(tf, norm));
}

std::size_t KeepFrequent(const std::uint32_t* docids, const std::uint32_t* tfs, std::size_t size,
                         std::uint32_t least_tf, std::uint32_t* kept_docids,
                         std::uint32_t* kept_tfs) {
  const Words d;
  std::size_t num_kept = 0;
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const WordVector tf = load_some(tfs + i, n);
    const auto kept = hn::And(hn::Eq(hn::Max(tf, hn::Set(d, least_tf)), tf), hn::FirstN(d, n));
    const ChosenLanes<Words> chosen(kept);
    hn::StoreU(chosen.to_front(load_some(docids + i, n)), d, kept_docids + num_kept);
    hn::StoreU(chosen.to_front(tf), d, kept_tfs + num_kept);
    num_kept += chosen.size();
  });
  return num_kept;
}

std::size_t KeepScores(const QuickScore& score, float least, const std::uint32_t* docids,
                       const std::uint32_t* tfs, std::size_t size, std::uint32_t* kept_docids,
                       std::uint32_t* kept_tfs, std::uint32_t* lengths, float* scores) {
  const Words d;
  const Floats f;
  std::size_t num_kept = 0;
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    const WordVector tf = hn::LoadU(d, tfs + i), length = hn::LoadU(d, lengths + i);
    const FloatVector value = score_of(score, tf, length);
    auto reaches = hn::RebindMask(d, hn::Ge(value, hn::Set(f, least)));
    if (n < hn::Lanes(d)) reaches = hn::And(reaches, hn::FirstN(d, n));
    // Without a branch where there are none, which would be mispredicted.
    const ChosenLanes<Words> chosen(reaches);
    // No further than what was read.
    hn::StoreU(chosen.to_front(hn::LoadU(d, docids + i)), d, kept_docids + num_kept);
    hn::StoreU(chosen.to_front(tf), d, kept_tfs + num_kept);
    hn::StoreU(chosen.to_front(length), d, lengths + num_kept);
    hn::StoreU(chosen.to_front(value), f, scores + num_kept);
    num_kept += chosen.size();
  });
  return num_kept;
}

void AddScores(const QuickScore& score, const std::uint32_t* tfs, const std::uint32_t* lengths,
               float* sums, std::size_t size) {
  const Words d;
  const Floats f;
  for_each_vector(size, [&](std::size_t i, std::size_t) HWY_ATTR {
    const FloatVector value = score_of(score, hn::LoadU(d, tfs + i), hn::LoadU(d, lengths + i));
    hn::StoreU(hn::Add(hn::LoadU(f, sums + i), value), f, sums + i);
  });
}

void LackingImpacts(const float* sums, std::size_t size, float least, float most,
                    std::uint16_t* impacts) {
  const Floats f;
  const hn::Rebind<std::uint16_t, Floats> narrow;
  const auto scale = hn::Set(f, 255 / most);
  for_each_vector(size, [&](std::size_t i, std::size_t) HWY_ATTR {
    const auto lacking = hn::Mul(hn::Sub(hn::Set(f, least), hn::LoadU(f, sums + i)), scale);
    const auto impact = hn::Min(hn::Max(lacking, hn::Zero(f)), hn::Set(f, 255.0f));
    const auto above = hn::Add(hn::ConvertTo(Ints(), impact), hn::Set(Ints(), 1));
    hn::StoreU(hn::DemoteTo(narrow, above), narrow, impacts + i);
  });
}

// The bytes of a set that a vector's mask takes, from value `i` on.
inline std::size_t mask_place(std::size_t i) {
  return hn::Lanes(Words()) < 8 ? i / hn::Lanes(Words()) : i / 8;
}

std::size_t FindKept(const float* sums, const std::uint32_t* tfs, std::size_t size, float least,
                     KeptSet& kept) {
  const Words d;
  const Floats f;
  std::size_t num_kept = 0;
  for_each_vector(size, [&](std::size_t i, std::size_t n) HWY_ATTR {
    auto is_kept = hn::And(hn::RebindMask(d, hn::Ge(hn::LoadU(f, sums + i), hn::Set(f, least))),
                           hn::FirstN(d, n));
    if (tfs != nullptr) is_kept = hn::And(is_kept, hn::Ne(hn::LoadU(d, tfs + i), hn::Zero(d)));
    hn::StoreMaskBits(d, is_kept, kept.bytes + mask_place(i));
    num_kept += hn::CountTrue(d, is_kept);
  });
  return num_kept;
}

template <typename Value>
HWY_INLINE void keep(const KeptSet& kept, std::size_t size, Value* values) {
  const hn::CappedTag<Value, kQuickSlack> d;
  Value* out = values;
  for_each_vector(size, [&](std::size_t i, std::size_t) HWY_ATTR {
    const ChosenLanes<Words> chosen(kept.bytes + mask_place(i));
    hn::StoreU(chosen.to_front(hn::LoadU(d, values + i)), d, out);
    out += chosen.size();
  });
}

void KeepWords(const KeptSet& kept, std::size_t size, std::uint32_t* values) {
  keep(kept, size, values);
}
void KeepFloats(const KeptSet& kept, std::size_t size, float* values) { keep(kept, size, values); }

std::size_t FindLarge(const float* values, std::size_t size, float least, std::uint32_t* places) {
  const Words d;
  const Floats f;
  // Of a number that is no constant hwy::Iota is stored lane by lane and loaded whole, which waits.
  const WordVector from_zero = hn::Iota(d, 0);
  std::size_t num_found = 0;
  for_each_vector(size, [&](std::size_t i, std::size_t) HWY_ATTR {
    const auto found = hn::RebindMask(d, hn::Ge(hn::LoadU(f, values + i), hn::Set(f, least)));
    const ChosenLanes<Words> chosen(found);
    if (chosen.size() == 0) return;
    const WordVector indices = hn::Add(from_zero, hn::Set(d, static_cast<std::uint32_t>(i)));
    hn::StoreU(chosen.to_front(indices), d, places + num_found);
    num_found += chosen.size();
  });
  return num_found;
}

}  // namespace HWY_NAMESPACE
}  // namespace spimi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace spimi {
namespace {

struct Target {
  decltype(&keep_frequent) frequent;
  decltype(&keep_scores) scores;
  decltype(&add_quick_scores) add;
  decltype(&lacking_impacts) lacking;
  decltype(&find_kept) find;
  void (*keep_words)(const KeptSet&, std::size_t, std::uint32_t*);
  void (*keep_floats)(const KeptSet&, std::size_t, float*);
  decltype(&find_large) large;
  bool can_run;
};

#define SPIMI_TARGET(space, can_run)                                                    \
  Target {                                                                              \
    space::KeepFrequent, space::KeepScores, space::AddScores, space::LackingImpacts,    \
        space::FindKept, space::KeepWords, space::KeepFloats, space::FindLarge, can_run \
  }

TargetChoice<Target> target({SPIMI_CPU_TARGETS(SPIMI_TARGET)});

}  // namespace

std::size_t keep_frequent(const std::uint32_t* docids, const std::uint32_t* tfs, std::size_t size,
                          std::uint32_t least_tf, std::uint32_t* kept_docids,
                          std::uint32_t* kept_tfs) {
  return target->frequent(docids, tfs, size, least_tf, kept_docids, kept_tfs);
}

std::size_t keep_scores(const QuickScore& score, float least, const std::uint32_t* docids,
                        const std::uint32_t* tfs, std::size_t size, std::uint32_t* kept_docids,
                        std::uint32_t* kept_tfs, std::uint32_t* lengths, float* scores) {
  return target->scores(score, least, docids, tfs, size, kept_docids, kept_tfs, lengths, scores);
}

void add_quick_scores(const QuickScore& score, const std::uint32_t* tfs,
                      const std::uint32_t* lengths, float* sums, std::size_t size) {
  target->add(score, tfs, lengths, sums, size);
}

void lacking_impacts(const float* sums, std::size_t size, float least, float most,
                     std::uint16_t* impacts) {
  target->lacking(sums, size, least, most, impacts);
}

std::size_t find_kept(const float* sums, const std::uint32_t* tfs, std::size_t size, float least,
                      KeptSet& kept) {
  return target->find(sums, tfs, size, least, kept);
}

void keep_values(const KeptSet& kept, std::size_t size, std::uint32_t* values) {
  target->keep_words(kept, size, values);
}
void keep_values(const KeptSet& kept, std::size_t size, float* values) {
  target->keep_floats(kept, size, values);
}

std::size_t find_large(const float* values, std::size_t size, float least, std::uint32_t* places) {
  return target->large(values, size, least, places);
}

namespace quick_scores_testing {

std::size_t num_targets() { return target.all().size(); }

void use_target(std::size_t index) { target.choose(index); }

}  // namespace quick_scores_testing
}  // namespace spimi
#endif  // HWY_ONCE
