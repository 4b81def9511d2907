// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/memo.h"

#include <algorithm>

#include "crypto/digest.h"

namespace ct::attest {

std::shared_ptr<const void> Memo::find(const Sha256& key) {
    const auto at = by_key_.find(key);
    if (at == by_key_.end()) return nullptr;
    order_.splice(order_.begin(), order_, at->second);
    return at->second->what;
}

void Memo::keep(const Sha256& key, std::shared_ptr<const void> what, std::size_t bytes) {
    if (bytes > most_bytes_ || by_key_.contains(key)) return;
    order_.push_front({key, std::move(what), bytes});
    by_key_.emplace(key, order_.begin());
    bytes_ += bytes;
    while (order_.size() > most_ || bytes_ > most_bytes_) {
        bytes_ -= order_.back().bytes;
        by_key_.erase(order_.back().key);
        order_.pop_back();
    }
}

Sha256 memo_key(std::string_view what, std::initializer_list<ByteView> parts) {
    crypto::Hasher hasher(crypto::Hash::sha256);
    const auto add = [&hasher](ByteView bytes) {
        ByteArray<8> length;
        for (std::size_t i = 0; i < length.size(); ++i)
            length[i] = static_cast<std::uint8_t>(std::uint64_t{bytes.size()} >> (8 * i));
        hasher.update(length);
        hasher.update(bytes);
    };
    add(as_bytes(what));
    for (const auto part : parts)
        add(part);
    Sha256 out{};
    std::ranges::copy(hasher.finish(), out.begin());
    return out;
}

}  // namespace ct::attest
