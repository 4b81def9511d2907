// SPDX-License-Identifier: Apache-2.0
#include "clients/run/fingerprint.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/registers.h"

namespace ct::run {
namespace {

constexpr std::size_t kPage = 4096;

std::uint64_t little_endian(const std::uint8_t* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);  // x86_64 is little-endian, as the hash wants it
    return word;
}

}  // namespace

SipHash128::SipHash128(std::span<const std::uint8_t, 16> key)
    : v0_(0x736f6d6570736575U ^ little_endian(key.data())),
      v1_(0x646f72616e646f6dU ^ little_endian(key.data() + 8) ^ 0xee),
      v2_(0x6c7967656e657261U ^ little_endian(key.data())),
      v3_(0x7465646279746573U ^ little_endian(key.data() + 8)) {}

SipHash128::~SipHash128() { wipe(this, sizeof *this); }

void SipHash128::word(std::uint64_t m) {
    const auto round = [this] {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v2_ = std::rotl(v2_, 32);
    };
    v3_ ^= m;
    round();
    round();
    v0_ ^= m;
}

void SipHash128::update(ByteView bytes) {
    for (const std::uint8_t byte : bytes) {
        tail_ |= static_cast<std::uint64_t>(byte) << (8 * (length_ % 8));
        if (++length_ % 8 == 0) {
            word(tail_);
            tail_ = 0;
        }
    }
}

SipHash128::Digest SipHash128::finish() {
    word(tail_ | length_ << 56);
    Digest digest{};
    const auto finalize = [this, &digest](std::size_t at) {
        word(0);  // four plain rounds: a word of zero mixes in nothing
        word(0);
        const std::uint64_t half = v0_ ^ v1_ ^ v2_ ^ v3_;
        std::memcpy(digest.data() + at, &half, sizeof half);
    };
    v2_ ^= 0xee;
    finalize(0);
    v1_ ^= 0xdd;
    finalize(8);
    return digest;
}

Result<Fingerprints> Fingerprints::create(Protection protection) {
    static_assert(sizeof(Row) >= 16);
    Fingerprints fingerprints(protection);
    CT_TRY(auto page, SecretMapping::create(kPage, protection));
    if (::getrandom(page.bytes().data(), 16, 0) != 16) return fail_errno(Reason::io_failed, "getrandom");
    fingerprints.pages_.push_back(std::move(page));
    return fingerprints;
}

template <class F>
void Fingerprints::each(F visit) const {
    constexpr std::size_t kRows = kPage / sizeof(Row);
    for (std::size_t i = 1; i < rows_; ++i) {
        Row row{};
        std::memcpy(&row, pages_[i / kRows].bytes().data() + i % kRows * sizeof(Row), sizeof row);
        if (!visit(row)) return;
    }
}

std::optional<std::size_t> Fingerprints::find(std::size_t length, const SipHash128::Digest& digest,
                                              std::optional<std::size_t> prefers) const {
    std::optional<std::size_t> found;
    each([&](const Row& row) {
        if (row.length != length || row.digest != digest) return true;
        if (!found || row.id == prefers) found = row.id;
        return found != prefers;
    });
    return found;
}

bool Fingerprints::knows_length(std::size_t length) const {
    bool known = false;
    each([&](const Row& row) { return !(known = known || row.length == length); });
    return known;
}

Status Fingerprints::remember(std::size_t id, ByteView value) {
    const RegisterGuard registers;
    SipHash128 hash = hasher();
    hash.update(value);
    const Row row{hash.finish(), static_cast<std::uint32_t>(value.size()), static_cast<std::uint32_t>(id)};
    bool known = false;
    each([&](const Row& old) {
        return !(known = known || (old.id == row.id && old.length == row.length && old.digest == row.digest));
    });
    if (known) return {};
    constexpr std::size_t kRows = kPage / sizeof(Row);
    if (rows_ == pages_.size() * kRows) {
        CT_TRY(auto page, SecretMapping::create(kPage, protection_));
        pages_.push_back(std::move(page));
    }
    std::memcpy(pages_.back().bytes().data() + rows_ % kRows * sizeof(Row), &row, sizeof row);
    ++rows_;
    longest_ = std::max(longest_, value.size());
    return {};
}

}  // namespace ct::run
