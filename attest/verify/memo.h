// SPDX-License-Identifier: Apache-2.0
// What cannot have changed is not looked at twice: certificates that were parsed, signatures of makers that have verified. Each
// entry is a function of the bytes under whose SHA-256 it lies, so it is true for ever, whatever certificate, list or bundle comes
// next; what depends on the time is never in it. A verdict is the same with a memo and without one.
//
// Some entries are of bytes that nobody vouches for, such as a certificate that a node made itself. What OpenSSL makes of one can
// be fifty times its size, so a memo is bounded by the bytes that its entries are of as well as by their number.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest {

// For one thread.
class Memo {
public:
    static constexpr std::size_t kEntries = 4096, kBytes = 8 << 20;
    // Those longest unused go first.
    explicit Memo(std::size_t most = kEntries, std::size_t most_bytes = kBytes)
        : most_(most), most_bytes_(most_bytes) {}

    // Of what lies under `key`, which its kind of thing is part of.
    std::shared_ptr<const void> find(const Sha256& key);
    // `bytes`: how many it is of.
    void keep(const Sha256& key, std::shared_ptr<const void> what, std::size_t bytes);
    [[nodiscard]] std::size_t size() const { return order_.size(); }

private:
    struct Entry {
        Sha256 key;
        std::shared_ptr<const void> what;
        std::size_t bytes;
    };
    std::size_t most_, most_bytes_, bytes_ = 0;
    std::list<Entry> order_;  // last used first
    std::map<Sha256, std::list<Entry>::iterator> by_key_;
};

// SHA-256 over `what` and the parts, each with its length.
Sha256 memo_key(std::string_view what, std::initializer_list<ByteView> parts);

// make()'s value, a Result<T>, from the memo where it is known; errors are not kept. `what` names T and what is done: no two uses
// may share it. Without a memo it is just made.
template <class T, class Make>
Result<std::shared_ptr<const T>> remember(Memo* memo, std::string_view what, std::initializer_list<ByteView> parts,
                                          const Make& make) {
    const Sha256 key = memo != nullptr ? memo_key(what, parts) : Sha256{};
    if (memo != nullptr)
        if (auto known = memo->find(key)) return std::static_pointer_cast<const T>(known);
    CT_TRY(T made, make());
    auto out = std::make_shared<const T>(std::move(made));
    std::size_t bytes = 0;
    for (const ByteView part : parts)
        bytes += part.size();
    if (memo != nullptr) memo->keep(key, out, bytes);
    return out;
}

}  // namespace ct::attest
